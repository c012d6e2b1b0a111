/* protocol/worker/skin.h - the skin of our own workers, for src/provernet.c. */
#ifndef PVN_PROTOCOL_WORKER_SKIN_H
#define PVN_PROTOCOL_WORKER_SKIN_H
#include "protocol/route.h"

extern const pvn_skin pvn_skin_worker;
#endif
