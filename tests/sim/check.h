/* tests/sim/check.h - what must hold in the database after every commit. */
#ifndef PVN_TESTS_CHECK_H
#define PVN_TESTS_CHECK_H
#include "sim/mem_state.h"

/* NULL: all is well; else a sentence in `buf`. */
const char *check_rows(const mem_state *m, char *buf, size_t cap);
#endif
