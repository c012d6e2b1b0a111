/* artifact/store.h - files of artifacts: directory now, S3 later.
 *
 * File before row, always: a file without a row is swept, a row without its
 * file cannot exist. Any thread; a pvn_put belongs to one thread at a time.
 * Knows nothing of rows, tickets or quotas. */
#ifndef PVN_ARTIFACT_STORE_H
#define PVN_ARTIFACT_STORE_H
#include "base/env.h"
#include "base/error.h"

/* Limits of compressed uploads, so that one may neither take much memory nor
 * keep a thread busy for long. A frame whose window is larger is stored as it
 * is (RAW); one that decodes to more than RATIO_MAX times its size, beyond the
 * first RATIO_FROM bytes, is refused with ERR_LIMIT. */
enum {
    PVN_ZSTD_WINDOW_LOG_MAX = 24, /* 16 MiB: zstd's levels up to 19 */
    PVN_ZSTD_RATIO_MAX = 256,
    PVN_ZSTD_RATIO_FROM = 64 << 20
};

typedef struct pvn_store pvn_store;
typedef struct pvn_put pvn_put;

/* What a finished upload turned out to be. */
typedef struct pvn_facts {
    uint8_t digest32[32];   /* SHA-256 of the raw (decoded) bytes */
    uint64_t bytes;         /* as stored */
    uint64_t raw_bytes;     /* decoded */
    int encoding;           /* PVN_RAW or PVN_ZSTD, of what is stored */
    const uint8_t *content; /* all stored bytes, when there is no file */
} pvn_facts;

/* dir is made if absent. inline_max: uploads up to this many bytes stay in
 * memory (facts.content) and make no file. raw_max caps decoded bytes. */
provernet_status pvn_store_open(pvn_store **out, const char *dir,
                                uint64_t inline_max, uint64_t bytes_max,
                                const pvn_env *env, provernet_error *err);
void pvn_store_close(pvn_store *s);

/* Start an upload. Bytes are hashed and, when they are exactly one zstd frame,
 * measured decoded, while they stream in; anything else is RAW. A temporary
 * file is made when inline_max is passed. After an error only close is left. */
provernet_status pvn_put_open(pvn_store *s, pvn_put **out,
                              provernet_error *err);
/* ERR_LIMIT (artifact.size_max, or a zstd bomb), ERR_SPACE, ERR_IO. */
provernet_status pvn_put_write(pvn_put *p, const void *data, size_t len,
                               provernet_error *err);
/* No more bytes: facts become known. Cheap, no disk. */
provernet_status pvn_put_end(pvn_put *p, pvn_facts *facts,
                             provernet_error *err);
/* fsync, rename to the artifact's name, fsync the directory. Blocking: crew.
 * Nothing to do when facts.content is set. On OK it survives a power cut.
 * The caller has seen that no STORED row has this id. ERR_EXISTS: meanwhile
 * another upload of this process gave the id to other bytes (the same bytes
 * again are OK). If the row then cannot be written: pvn_store_remove. */
provernet_status pvn_put_keep(pvn_put *p, const provernet_id *id,
                              provernet_error *err);
/* Unfinished bytes vanish. NULL is allowed. Frees facts.content. */
void pvn_put_close(pvn_put *p);

/* A descriptor of the stored file, O_CLOEXEC; the caller closes it. */
provernet_status pvn_store_open_file(pvn_store *s, const provernet_id *id,
                                     int *fd, uint64_t *bytes,
                                     provernet_error *err);
/* It need not be there. */
provernet_status pvn_store_remove(pvn_store *s, const provernet_id *id,
                                  provernet_error *err);
/* Bytes free for artifacts on the disk; 0 if unknown. */
uint64_t pvn_store_free(const pvn_store *s);
/* At boot: temporary files of earlier runs go. */
provernet_status pvn_store_clean(pvn_store *s, provernet_error *err);
/* Walk stored files that are older_ms old (age, by pvn_now_ms): known(user, id)
 * false -> removed. At most `limit` files from *cursor (zero to start); END
 * when through. */
provernet_status pvn_store_sweep(pvn_store *s, int64_t older_ms, size_t limit,
                                 provernet_id *cursor,
                                 bool (*known)(void *user,
                                               const provernet_id *id),
                                 void *user, provernet_error *err);

/* A reader that decodes zstd on the fly (window limited): raw bytes out. */
typedef struct pvn_decoder pvn_decoder;
provernet_status pvn_decoder_open(pvn_decoder **out, provernet_error *err);
/* Consumes from in, produces to out; *done when the frame ended. ERR_FORMAT. */
provernet_status pvn_decoder_step(pvn_decoder *d, const uint8_t *in,
                                  size_t in_len, size_t *used, uint8_t *out,
                                  size_t cap, size_t *got, bool *done,
                                  provernet_error *err);
void pvn_decoder_close(pvn_decoder *d);
#endif
