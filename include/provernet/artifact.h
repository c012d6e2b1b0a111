/* provernet/artifact.h - bytes that survive a power cut, named by random ids.
 *
 * A blob is one artifact being written or read; it belongs to one thread at a
 * time. Blocking: for application threads, not for event loops (there, use
 * the endpoint's PUT and GET). */
#ifndef PROVERNET_ARTIFACT_H
#define PROVERNET_ARTIFACT_H
#include <provernet/node.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct provernet_blob provernet_blob;

/* Start a new artifact. type: "program", "stdin", "private-stdin", "proof",
 * "key" or "data". Nothing is kept before the commit.
 * ERR_INVALID, ERR_SPACE (quota), ERR_IO, ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_blob_create(provernet *pn, provernet_blob **out, const char *type,
                      provernet_error *err);
/* Open a stored one for reading. ERR_NOT_FOUND, ERR_IO. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_blob_open(
    provernet *pn, provernet_blob **out, provernet_id id, provernet_error *err);
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_blob_write(
    provernet_blob *b, const void *data, size_t len, provernet_error *err);
/* Read up to cap bytes at offset; END at or after the end. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_blob_read(provernet_blob *b, void *buf, size_t cap, size_t *got,
                    uint64_t offset, provernet_error *err);
/* Keep it. Blocks; on OK the bytes and their name survive a power cut.
 * The blob can then be read until it is closed. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_blob_commit(
    provernet_blob *b, provernet_id *id, provernet_error *err);
PROVERNET_API uint64_t provernet_blob_len(const provernet_blob *b);
/* Uncommitted bytes vanish. NULL is allowed. */
PROVERNET_API void provernet_blob_close(provernet_blob *b);

#ifdef __cplusplus
}
#endif
#endif
