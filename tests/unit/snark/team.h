/* tests/unit/snark/team.h - threads for pvn_par: the plainest that works. */
#ifndef TESTS_SNARK_TEAM_H
#define TESTS_SNARK_TEAM_H
#include "snark/par.h"

typedef struct test_team test_team;
/* Aborts for want of memory or threads. */
test_team *test_team_new(unsigned threads);
void test_team_free(test_team *t);
pvn_par test_team_par(test_team *t);
#endif
