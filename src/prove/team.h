/* prove/team.h - the threads of one engine, as a pvn_par.
 *
 * The caller of run works along; the others sleep between runs. One run at a
 * time: the engine's turn sees to that. Includes base/ and snark/par.h only. */
#ifndef PVN_PROVE_TEAM_H
#define PVN_PROVE_TEAM_H
#include "base/error.h"
#include "snark/par.h"

typedef struct pvn_team pvn_team;

/* threads: the caller included; 0: one per core this process may use. pin:
 * each helper stays on a core of its own. ERR_NOMEM. */
provernet_status pvn_team_open(pvn_team **out, unsigned threads, bool pin,
                               provernet_error *err);
/* Lives as long as the team. */
const pvn_par *pvn_team_par(const pvn_team *t);
void pvn_team_close(pvn_team *t); /* NULL: nothing */
/* Cores this process may run on. */
unsigned pvn_cores(void);
#endif
