/* snark/bn254/kernel_portable.c - the form in plain C; includes the lanes and
 * kernel headers. */
#include "lanes_scalar.h"
#define CURVE(n)  pvn_##n
#define FORM      pvn_bn254_portable
#define FORM_NAME "portable"
#include "kernel.h"
