/* tests/patience.h - how long a test waits for what must happen: as long as a
 * machine takes that has ten other things to do. No test measures time; one
 * that waits looks at what it waits for. Includes nothing of this project. */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { PATIENCE_MS = 120000 };

/* Sleep a little; false: PATIENCE_MS have passed since *until was 0. */
static inline bool patient(int64_t *until)
{
    struct timespec t, little = { 0, 3000000 };
    int64_t now;

    clock_gettime(CLOCK_MONOTONIC, &t);
    now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    if (*until == 0)
        *until = now + PATIENCE_MS;
    nanosleep(&little, NULL);
    return now < *until;
}

/* Wait until `what` holds; MUST_ is what the program's other claims are made
 * with, and fails when it never does. */
#define AWAIT_BY(MUST_, what)                                                  \
    for (int64_t await_until_ = 0; !(what);)                                   \
    MUST_(patient(&await_until_) && "never: " #what)
#endif
