/* provernet/node.h - one durable home: database, artifacts, scheduler.
 *
 * A node may be used from any thread. Not fork-safe: after a fork the child
 * gets ERR_FORKED from open, step and inbox_next. Times are wall-clock
 * milliseconds since 1970 (UTC) unless a name says otherwise. */
#ifndef PROVERNET_NODE_H
#define PROVERNET_NODE_H
#include <provernet/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct provernet provernet;

/* ---- settings: name -> text, checked against one table when set ---- */

typedef struct provernet_options provernet_options;

/* NULL: no memory. Freed by the caller; a node keeps a copy. */
PROVERNET_API provernet_options *provernet_options_new(void);
PROVERNET_API void provernet_options_free(provernet_options *o);
/* Set one setting. Durations and sizes need units ("90s", "21.5GiB").
 * ERR_CONFIG names the nearest known setting or the allowed range. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_options_set(provernet_options *o, const char *name, const char *value,
                      provernet_error *err);
/* The text in force (default included); NULL for an unknown name. Valid until
 * the next set of that name. */
PROVERNET_API const char *provernet_options_get(const provernet_options *o,
                                                const char *name);
/* One line of JSON per setting, i = 0, 1, ...: name, type, min, max, default,
 * live, sentence. Static; NULL after the last. */
PROVERNET_API const char *provernet_options_describe(size_t i);

/* ---- the world ---- */

/* The only way the library reaches clock, randomness and log. NULL members,
 * or a NULL env, mean this machine's (and no log). The functions may be
 * called from any thread of the library, at the same time. */
typedef struct provernet_env {
    size_t struct_size; /* sizeof this struct */
    void *user;
    int64_t (*now_ms)(void *user); /* wall clock, milliseconds since 1970 */
    void (*random)(void *user, void *out, size_t len);
    /* level: 0 error, 1 warn, 2 info, 3 debug, 4 trace. One JSON object,
     * no newline: "event" and its keys (docs/log-events.md). */
    void (*log)(void *user, int level, const char *json_line);
} provernet_env;

/* Open the node in the directory of option data.dir (made if absent). One
 * process at a time may have it open.
 * OK: *out is closed by the caller; everything that was accepted before is
 * there again. ERR_IO, ERR_CORRUPT, ERR_SCHEMA (made by a newer version),
 * ERR_STATE (open in another process: its pid is named), ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_open(provernet **out, const provernet_options *o,
               const provernet_env *env, provernet_error *err);
/* Only with node.threads = 0: do all work that is due at now_ms and return
 * the time at which there is more (INT64_MAX: only when something arrives).
 * Negative: a provernet_status. One thread at a time. */
PROVERNET_API int64_t provernet_step(provernet *pn, int64_t now_ms);
/* Take nothing new (ERR_UNAVAILABLE), hand out no lease, wait until running
 * leases ended or timeout_ms passed (ERR_TIMEOUT). */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_drain(provernet *pn, int64_t timeout_ms);
/* Joins the library's threads. Close inboxes, blobs and workers first.
 * NULL is allowed. */
PROVERNET_API void provernet_close(provernet *pn);

#ifdef __cplusplus
}
#endif
#endif
