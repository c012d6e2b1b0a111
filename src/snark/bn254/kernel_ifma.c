/* snark/bn254/kernel_ifma.c - the form for AVX-512 with IFMA; includes the
 * lanes and kernel headers. */
#define PVN_BN254_ADX 1 /* for the few scalar products */
#include "lanes_ifma.h"
#include "curve_adx.h"
#define CURVE(n)  pvn_adx_##n
#define FORM      pvn_bn254_ifma
#define FORM_NAME "ifma"
#include "kernel.h"
