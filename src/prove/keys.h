/* prove/keys.h - proving keys by the digest of their file, kept between jobs.
 * For net/ (jobs); the public calls are in groth16.h. */
#ifndef PVN_PROVE_KEYS_H
#define PVN_PROVE_KEYS_H
#include <provernet/groth16.h>

/* The key in file `path`, whose SHA-256 is digest32: from the engine's cache
 * (engine.key_cache bytes, least recently used goes first), or loaded and put
 * there. Give it back with provernet_groth16_key_free. As key_open else. */
provernet_status pvn_key_by_digest(provernet_groth16_key **out,
                                   provernet_engine *e, const char *path,
                                   const uint8_t digest32[32],
                                   provernet_watch *w, provernet_error *err);
/* Keys in the cache and their bytes, for status lines and tests. */
size_t pvn_key_cache_count(provernet_engine *e, uint64_t *bytes);
#endif
