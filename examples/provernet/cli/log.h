/* cli/log.h - the server's log: one line per event on stderr. */
#ifndef CLI_LOG_H
#define CLI_LOG_H
#include <provernet/node.h>

#include <stdbool.h>

/* level: "info" or "info,wire=debug"; format: "text", "json", "auto".
 * false: not of that form. May be called again at any time. */
bool log_setup(const char *level, const char *format);
/* The function of provernet_env. */
void log_line(void *user, int level, const char *json_line);
/* An event of the server itself: name, then key and value pairs, NULL. */
void log_event(int level, const char *event, ...) __attribute__((sentinel));
#endif
