/* snark/bn254/dispatch.c - which form of the arithmetic runs here; includes
 * dispatch.h only. */
#include "dispatch.h"

#if defined(__x86_64__) && !defined(PVN_PORTABLE_ONLY)
#include <cpuid.h>
/* clang 14 does not know "adx" by name: leaf 7, EBX bits 8 (BMI2), 19 (ADX). */
static bool has_adx(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 8 & 1) &&
           (b >> 19 & 1);
}

static bool has_ifma(void)
{
    return has_adx() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512ifma");
}
#endif

const pvn_bn254_forms *pvn_bn254_forms_pick(const char *force)
{
#if defined(__x86_64__) && !defined(PVN_PORTABLE_ONLY)
    /* Asked last: a virtual machine takes microseconds to answer. */
    if ((!force || !strcmp(force, pvn_bn254_ifma.name)) && has_ifma())
        return &pvn_bn254_ifma;
    if ((!force || !strcmp(force, pvn_bn254_adx.name)) && has_adx())
        return &pvn_bn254_adx;
#endif
    if (!force || !strcmp(force, pvn_bn254_portable.name))
        return &pvn_bn254_portable;
    return NULL;
}
