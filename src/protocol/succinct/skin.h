/* protocol/succinct/skin.h - the Succinct prover network. */
#ifndef PVN_PROTOCOL_SUCCINCT_SKIN_H
#define PVN_PROTOCOL_SUCCINCT_SKIN_H
#include "protocol/route.h"

extern const pvn_skin pvn_skin_succinct;
#endif
