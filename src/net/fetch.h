/* net/fetch.h - inputs and large outputs over HTTP. Blocking: the thread that
 * works on the job. */
#ifndef PVN_NET_FETCH_H
#define PVN_NET_FETCH_H
#include "net/inside.h"

/* libcurl is ready afterwards; any thread, any number of times. */
void pvn_fetch_start(void);
/* GET http://server/path into the file `part`, going on where an earlier try
 * stopped, until it has `bytes` bytes with this SHA-256. ERR_CANCELLED (the
 * job), ERR_CONNECT, ERR_CORRUPT, ERR_IO, ERR_NOT_FOUND. */
provernet_status pvn_fetch(provernet_job *j, const char *path, const char *part,
                           uint64_t bytes, const uint8_t digest32[32],
                           provernet_error *err);
/* PUT an output where `path` says. */
provernet_status pvn_put_output(provernet_job *j, const char *path,
                                provernet_blob *blob, provernet_error *err);
/* GET any http(s) address into a new file at `path`, at most `max` bytes; goes
 * on where it broke off. etag: what the server called it, or "".
 * ERR_CANCELLED, ERR_CONNECT (tried again before), ERR_NOT_FOUND and
 * ERR_PERMISSION (a 4xx is not tried again), ERR_LIMIT, ERR_IO, ERR_SPACE. */
enum { PVN_ETAG_MAX = 80 };
provernet_status pvn_fetch_url(provernet_job *j, const char *url,
                               const char *ca_file, const char *path,
                               uint64_t max, char etag[PVN_ETAG_MAX],
                               provernet_error *err);
/* Its length, without fetching it. ERR_UNSUPPORTED: the server tells none. */
provernet_status pvn_fetch_length(provernet_worker *w, const char *url,
                                  const char *ca_file, uint64_t *bytes,
                                  provernet_error *err);
/* SHA-256 of a file. */
provernet_status pvn_file_digest(const char *path, uint8_t digest32[32],
                                 uint64_t *bytes, provernet_error *err);
#endif
