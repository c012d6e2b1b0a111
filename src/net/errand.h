/* net/errand.h - a short notice to another server. */
#ifndef PVN_NET_ERRAND_H
#define PVN_NET_ERRAND_H
#include "base/error.h"

/* DELETE an http or https address, without a body, following nothing, within
 * seconds. 2xx is OK. ERR_CONNECT, ERR_NOT_FOUND (404), ERR_UNAVAILABLE
 * (another status), ERR_NOMEM. */
provernet_status pvn_net_delete(const char *url, provernet_error *err);
#endif
