/* net/local.h - inputs and outputs of a worker in the node's own process:
 * straight from and to the store. Blocking. */
#ifndef PVN_NET_LOCAL_H
#define PVN_NET_LOCAL_H
#include "base/error.h"
#include "node/call.h"

/* A descriptor of the file when the raw bytes lie in one (*fd >= 0), else the
 * bytes are copied to `path`, which is made. */
provernet_status pvn_local_file(provernet *pn, const provernet_id *id, int *fd,
                                const char *path, provernet_error *err);
/* Store an issued artifact (its id is the last segment of `path`). */
provernet_status pvn_local_put(provernet *pn, const char *path, int fd,
                               pvn_bytes memory, uint64_t len,
                               provernet_error *err);
#endif
