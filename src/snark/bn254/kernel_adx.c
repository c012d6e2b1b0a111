/* snark/bn254/kernel_adx.c - the form with MULX and ADX; includes the lanes
 * and kernel headers. */
#define PVN_BN254_ADX 1
#include "lanes_scalar.h"
#include "curve_adx.h"
#define CURVE(n)  pvn_adx_##n
#define FORM      pvn_bn254_adx
#define FORM_NAME "adx"
#include "kernel.h"
