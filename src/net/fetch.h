/* net/fetch.h - inputs and large outputs over HTTP. Blocking: the thread that
 * works on the job. */
#ifndef PVN_NET_FETCH_H
#define PVN_NET_FETCH_H
#include "net/inside.h"

/* GET http://server/path into the file `part`, going on where an earlier try
 * stopped, until it has `bytes` bytes with this SHA-256. ERR_CANCELLED (the
 * job), ERR_CONNECT, ERR_CORRUPT, ERR_IO, ERR_NOT_FOUND. */
provernet_status pvn_fetch(provernet_job *j, const char *path, const char *part,
                           uint64_t bytes, const uint8_t digest32[32],
                           provernet_error *err);
/* PUT an output where `path` says. */
provernet_status pvn_put_output(provernet_job *j, const char *path,
                                provernet_blob *blob, provernet_error *err);
/* SHA-256 of a file. */
provernet_status pvn_file_digest(const char *path, uint8_t digest32[32],
                                 uint64_t *bytes, provernet_error *err);
#endif
