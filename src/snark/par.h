/* snark/par.h - how the arithmetic asks for threads it does not own.
 *
 * snark/ starts no thread (blst's rule). Whoever calls passes a team; NULL
 * means: in the calling thread. */
#ifndef PVN_SNARK_PAR_H
#define PVN_SNARK_PAR_H
#include <stddef.h>

typedef struct pvn_par {
    /* Call fn(arg, i) for every i < n, in any order, on up to `threads`
     * threads, and return when all have returned. Not nested. */
    void (*run)(void *team, void (*fn)(void *arg, size_t i), void *arg,
                size_t n);
    void *team;
    unsigned threads; /* >= 1 */
    /* Where large scratch memory comes from and goes back to (bn254/work.h);
     * NULL: from the system and back every time. */
    struct pvn_pool *pool;
    /* The same for what is kept after the call; it must outlive that. */
    struct pvn_pool *keep;
} pvn_par;

static inline void pvn_par_for(const pvn_par *par,
                               void (*fn)(void *arg, size_t i), void *arg,
                               size_t n)
{
    if (par && par->threads > 1 && n > 1) {
        par->run(par->team, fn, arg, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        fn(arg, i);
}
#endif
