/* protocol/contemplant/skin.h - the skin of Hierophant's workers and of its
 * pages, for src/provernet.c. */
#ifndef PVN_PROTOCOL_CONTEMPLANT_SKIN_H
#define PVN_PROTOCOL_CONTEMPLANT_SKIN_H
#include "protocol/route.h"

extern const pvn_skin pvn_skin_contemplant;
#endif
