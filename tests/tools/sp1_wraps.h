/* tests/tools/sp1_wraps.h - wrapped SP1 proofs that were made and published by
 * others, as the files an SDK would download. For tests and benches;
 * PVN_VECTORS is defined by who builds it. */
#ifndef TESTS_SP1_WRAPS_H
#define TESTS_SP1_WRAPS_H
#include "base/buf.h"
#include "prove/sp1_wrap.h"

typedef struct wrap {
    unsigned major;
    pvn_sp1_mode mode;
    uint8_t vkey[32], values[512], proof[1024];
    size_t values_len, proof_len;
} wrap;

/* All of them; how many. */
size_t read_wraps(wrap *out, size_t cap);
/* The key that its proof names. */
const pvn_sp1_keys *keys_of(const wrap *w);
/* The file; pvn_buf_free. */
pvn_buf file_of(const wrap *w);
#endif
