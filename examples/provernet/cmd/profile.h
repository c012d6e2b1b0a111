/* cmd/profile.h - how long each stage of a call took, seen from outside: a
 * thread looks at the watch every half millisecond. Stages that are shorter
 * may be missed; their time counts for the stage before. */
#ifndef CMD_PROFILE_H
#define CMD_PROFILE_H
#include <provernet/prove.h>

#include <jansson.h>

struct profile;

/* NULL: no memory or no thread. */
struct profile *profile_start(const provernet_watch *w);
/* {"MSM A":0.012,...}: seconds divided by `calls`, in order of appearance.
 * Ends the thread; p may be NULL. */
json_t *profile_end(struct profile *p, long calls);
#endif
