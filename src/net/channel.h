/* net/channel.h - how a worker's messages reach its server: one blocking
 * exchange at a time in each lane, lanes at once. Two implementations: in the
 * node's process, and over nng. */
#ifndef PVN_NET_CHANNEL_H
#define PVN_NET_CHANNEL_H
#include "base/buf.h"
#include "base/env.h"
#include "base/error.h"
#include <provernet/node.h>

typedef struct pvn_channel pvn_channel;
typedef struct pvn_channel_ops {
    /* A message in, its answer out (appended to *answer). ERR_CONNECT,
     * ERR_TIMEOUT, ERR_CANCELLED (interrupted), ERR_NOMEM. */
    provernet_status (*exchange)(pvn_channel *c, unsigned lane,
                                 pvn_bytes message, int64_t timeout_ms,
                                 pvn_buf *answer, provernet_error *err);
    /* The exchange in this lane, now and later, ends with ERR_CANCELLED. */
    void (*interrupt)(pvn_channel *c, unsigned lane);
    /* The connection seems dead: make a new one. */
    void (*renew)(pvn_channel *c);
    void (*close)(pvn_channel *c); /* no exchange runs */
} pvn_channel_ops;
struct pvn_channel {
    const pvn_channel_ops *ops;
};

provernet_status pvn_channel_local(pvn_channel **out, provernet *pn,
                                   provernet_error *err);
/* server: "HOST:PORT". Connects in the background. */
provernet_status pvn_channel_nng(pvn_channel **out, const char *server,
                                 provernet_error *err);
#endif
