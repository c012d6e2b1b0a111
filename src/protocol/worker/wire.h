/* protocol/worker/wire.h - envelopes: packing, sealing, opening. Pure; any
 * thread. Both sides use it. */
#ifndef PVN_PROTOCOL_WORKER_WIRE_H
#define PVN_PROTOCOL_WORKER_WIRE_H
#include "base/arena.h"
#include "protocol/worker/secure.h"
#include "proto/worker.pb-c.h"

typedef Provernet__Worker__V1__Envelope pvn_wire_envelope;
typedef Provernet__Worker__V1__Ask pvn_wire_ask;
typedef Provernet__Worker__V1__Answer pvn_wire_answer;
typedef Provernet__Worker__V1__Held pvn_wire_held;
typedef Provernet__Worker__V1__Lease pvn_wire_lease;
typedef Provernet__Worker__V1__Input pvn_wire_input;
typedef Provernet__Worker__V1__HelloAsk pvn_wire_hello;
typedef Provernet__Worker__V1__CompleteAsk pvn_wire_complete;

#define PVN_WORKER_PATH "/provernet.worker/v1"

enum {
    PVN_WIRE_VERSION = 1,
    PVN_WIRE_LANES = 8,
    PVN_LANE_LEASE = 0,
    PVN_LANE_RENEW = 1,
    PVN_LANE_HAND_IN = 2,          /* this and above */
    PVN_WIRE_INLINE_MAX = 1 << 20, /* outputs of one complete */
    PVN_WIRE_INPUT_MAX = 64 << 10, /* an input that comes along */
    PVN_WIRE_MESSAGE_MAX = 2 << 20
};

/* Who an envelope is from and what seals it; keys NULL: no session yet. */
typedef struct pvn_wire_seal {
    const uint8_t *session; /* PVN_SESSION_BYTES */
    const uint8_t *key;     /* 32 */
    uint32_t lane;
    uint64_t counter;
} pvn_wire_seal;

/* A sealed envelope around a packed body, in the arena. data NULL: no
 * memory. */
pvn_bytes pvn_wire_pack(pvn_arena *a, const ProtobufCMessage *body,
                        const pvn_wire_seal *seal);
/* Checked and unpacked into the arena; NULL: ERR_FORMAT or ERR_NOMEM. */
pvn_wire_envelope *pvn_wire_open(pvn_arena *a, pvn_bytes bytes,
                                 provernet_error *err);
pvn_wire_ask *pvn_wire_open_ask(pvn_arena *a, const pvn_wire_envelope *e,
                                provernet_error *err);
pvn_wire_answer *pvn_wire_open_answer(pvn_arena *a, const pvn_wire_envelope *e,
                                      provernet_error *err);
/* Is it sealed by this key for this session, lane and counter? */
bool pvn_wire_sealed(const pvn_wire_envelope *e, const pvn_wire_seal *seal);

static inline pvn_bytes pvn_wire_bytes(ProtobufCBinaryData d)
{
    return pvn_bytes_of(d.data, d.len);
}
/* Borrows; the const is given up because the runtime has none. */
static inline ProtobufCBinaryData pvn_wire_data(const void *data, size_t len)
{
    ProtobufCBinaryData d = { len, (uint8_t *)(uintptr_t)data };
    return d;
}
static inline bool pvn_wire_id(ProtobufCBinaryData d, provernet_id *out)
{
    if (d.len != sizeof out->bytes)
        return false;
    memcpy(out->bytes, d.data, sizeof out->bytes);
    return true;
}
#endif
