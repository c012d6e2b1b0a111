// parts: prove
/* tests/fuzz/gpu_answer_fuzz.c - any bytes as what a helper process says. The
 * first byte picks the question that was asked. */
#include "prove/gpu_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pvn_wire_say say;
    unsigned type;

    if (len < 1)
        return 0;
    type = data[0] % PVN_WIRE_TYPES;
    if (!pvn_gpu_answer_read(&say, data + 1, len - 1, type, 7))
        return 0;
    /* What is believed is safe to use. */
    if (len - 1 != sizeof say || say.head.type != type ||
        say.head.serial != 7 || say.status > 0 || say.devices >= 4096 ||
        !memchr(say.message, 0, sizeof say.message) ||
        !memchr(say.info.name, 0, sizeof say.info.name))
        __builtin_trap();
    for (const char *p = say.message; *p; p++)
        if (*p < ' ' || *p > '~')
            __builtin_trap();
    for (int i = 0; i < PROVERNET_GPU_FORMS; i++)
        if (say.needs.form[i].resident + say.needs.form[i].scratch +
                say.needs.spare <
            say.needs.form[i].resident)
            __builtin_trap();
    if (type == PVN_WIRE_HELLO && !say.status && !say.devices)
        __builtin_trap();
    if (type == PVN_WIRE_LOAD && !say.status && !say.key)
        __builtin_trap();
    return 0;
}
