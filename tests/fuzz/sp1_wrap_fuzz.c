// parts: prove
/* tests/fuzz/sp1_wrap_fuzz.c - any bytes as a wrapped SP1 proof; the first
 * byte chooses mode and version. */
#include "prove/sp1_wrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t name[32] = { 0 };
    provernet_error err;
    pvn_sp1_mode mode;
    unsigned major;

    if (len == 0)
        return 0;
    mode = data[0] & 1 ? PVN_SP1_PLONK : PVN_SP1_GROTH16;
    major = 4 + (data[0] >> 1) % 3;
    if (pvn_sp1_wrap_verify(NULL, mode, major, name, pvn_bytes_of(data + 1, len - 1),
                            &err) == PROVERNET_OK)
        __builtin_trap(); /* nobody proves the program zero */
    return 0;
}
