// parts: snark
/* tests/fuzz/wtns_fuzz.c - any bytes as a witness, and as constraints. */
#include "snark/r1cs.h"
#include "snark/wtns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    provernet_span span = { data, len };
    pvn_r1cs_sum abc[3];
    provernet_error err;
    const uint8_t *at;
    pvn_wtns w;
    pvn_r1cs r;

    if (!pvn_wtns_open(&w, span, "fuzz.wtns", &err))
        (void)!pvn_wtns_check(&w, "fuzz.wtns", &err);
    if (pvn_r1cs_open(&r, span, "fuzz.r1cs", &err))
        return 0;
    at = r.data;
    for (uint32_t i = 0; i < r.constraints; i++)
        at = pvn_r1cs_next(at, abc);
    if (at != r.end)
        __builtin_trap();
    return 0;
}
