/* protocol/http/skin.h - the skins of the router itself: health and reflection.
 */
#ifndef PVN_PROTOCOL_HTTP_SKIN_H
#define PVN_PROTOCOL_HTTP_SKIN_H
#include "protocol/route.h"

extern const pvn_skin pvn_skin_health;
extern const pvn_skin pvn_skin_reflection;
#endif
