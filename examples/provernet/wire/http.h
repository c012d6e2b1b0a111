/* wire/http.h - plain HTTP for client commands, by libcurl: artifacts to and
 * from files, and the server's JSON. Blocking. */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H
#include "../net/buffer.h"

#include <provernet/base.h>

/* Any HTTP status above 299 is an error that carries the server's words. */
PROVERNET_MUST_USE provernet_status http_put_file(const char *url,
                                                  const char *path,
                                                  provernet_error *err);
PROVERNET_MUST_USE provernet_status http_put(const char *url, const void *data,
                                             size_t len, provernet_error *err);
PROVERNET_MUST_USE provernet_status http_get(const char *url,
                                             struct buffer *out, size_t max,
                                             provernet_error *err);
/* Into path, complete or not at all; "-": stdout. */
PROVERNET_MUST_USE provernet_status http_get_file(const char *url,
                                                  const char *path,
                                                  provernet_error *err);
PROVERNET_MUST_USE provernet_status http_post(const char *url,
                                              struct buffer *out,
                                              provernet_error *err);
#endif
