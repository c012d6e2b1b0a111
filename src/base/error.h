/* base/error.h - how every function of the library says no. */
#ifndef PVN_BASE_ERROR_H
#define PVN_BASE_ERROR_H
#include <provernet/base.h>
#include <stdarg.h>
#include <stdbool.h>

/* Fill *err (may be NULL) and return s, so that callers write
 *     return pvn_fail(err, PROVERNET_ERR_FORMAT, 0, "%s: ...", name);
 * The message says what could not be done, found against expected with
 * numbers, then optionally "\nhelp: " and a next step. Cut to fit at a UTF-8
 * boundary. */
provernet_status pvn_fail(provernet_error *err, provernet_status s, int cause,
                          const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
provernet_status pvn_vfail(provernet_error *err, provernet_status s, int cause,
                           const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));
/* ERR_NOMEM with a plain sentence. */
provernet_status pvn_nomem(provernet_error *err);
/* Copies *from to *to when to is not NULL; returns from->status. */
provernet_status pvn_error_copy(provernet_error *to,
                                const provernet_error *from);

int pvn_status_grpc(provernet_status s); /* default gRPC code */
int pvn_status_http(provernet_status s); /* default HTTP status */
bool pvn_status_retry(provernet_status s);
#endif
