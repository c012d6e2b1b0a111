/* protocol/ops/skin.h - artifacts, probes, the JSON interface, the page. */
#ifndef PVN_PROTOCOL_OPS_SKIN_H
#define PVN_PROTOCOL_OPS_SKIN_H
#include "protocol/route.h"

extern const pvn_skin pvn_skin_ops;
#endif
