/* net/line.h - one outgoing connection, TCP or TLS on it, with deadlines and
 * an end that another thread can put to it. Blocking; one thread at a time,
 * pvn_line_interrupt excepted. Raises no signal. */
#ifndef PVN_NET_LINE_H
#define PVN_NET_LINE_H
#include "base/env.h"
#include "base/error.h"

typedef struct pvn_line pvn_line;

/* url: "http://HOST:PORT", "https://HOST"; ports 80 and 443 when not given.
 * Nothing is dialled yet. ca_file: more certificate authorities (PEM), or "":
 * the system's alone. env outlives the line. ERR_INVALID, ERR_CONFIG,
 * ERR_NOMEM. */
provernet_status pvn_line_new(pvn_line **out, const char *url,
                              const char *ca_file, const pvn_env *env,
                              provernet_error *err);
void pvn_line_free(pvn_line *l); /* NULL: nothing */
bool pvn_line_tls(const pvn_line *l);
const char *pvn_line_authority(const pvn_line *l); /* "HOST:PORT" as given */

bool pvn_line_open(const pvn_line *l);
/* Connect; with TLS the certificate and its name are checked and "h2" is
 * agreed on. ERR_CONNECT says why, ERR_TIMEOUT, ERR_CANCELLED. */
provernet_status pvn_line_dial(pvn_line *l, int64_t until_ms,
                               provernet_error *err);
void pvn_line_hang_up(pvn_line *l);
/* All of it. ERR_CONNECT: broken; ERR_TIMEOUT; ERR_CANCELLED. */
provernet_status pvn_line_send(pvn_line *l, const void *data, size_t len,
                               int64_t until_ms, provernet_error *err);
/* Some bytes. END: the other side closed. */
provernet_status pvn_line_receive(pvn_line *l, void *buf, size_t cap,
                                  size_t *got, int64_t until_ms,
                                  provernet_error *err);
/* Whether bytes wait to be read, without waiting for them. */
bool pvn_line_readable(pvn_line *l);
/* Any thread: what runs now, and what comes later, ends with ERR_CANCELLED. */
void pvn_line_interrupt(pvn_line *l);
#endif
