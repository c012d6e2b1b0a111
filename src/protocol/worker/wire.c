/* protocol/worker/wire.c - see wire.h. */
#include "protocol/worker/wire.h"
#include "protocol/http/pb.h"

pvn_bytes pvn_wire_pack(pvn_arena *a, const ProtobufCMessage *body,
                        const pvn_wire_seal *seal)
{
    pvn_wire_envelope e = PROVERNET__WORKER__V1__ENVELOPE__INIT;
    size_t len = protobuf_c_message_get_packed_size(body);
    uint8_t mac[PVN_MAC_BYTES], *inner = pvn_arena_alloc(a, len), *outer;

    if (!inner)
        return pvn_bytes_of(NULL, 0);
    protobuf_c_message_pack(body, inner);
    e.body = pvn_wire_data(inner, len);
    e.lane = seal->lane;
    e.counter = seal->counter;
    if (seal->session)
        e.session = pvn_wire_data(seal->session, PVN_SESSION_BYTES);
    if (seal->key) {
        pvn_message_mac(mac, seal->key, seal->session, seal->lane,
                        seal->counter, pvn_bytes_of(inner, len));
        e.mac = pvn_wire_data(mac, sizeof mac);
    }
    len = protobuf_c_message_get_packed_size(&e.base);
    outer = pvn_arena_alloc(a, len);
    if (!outer)
        return pvn_bytes_of(NULL, 0);
    protobuf_c_message_pack(&e.base, outer);
    return pvn_bytes_of(outer, len);
}

pvn_wire_envelope *pvn_wire_open(pvn_arena *a, pvn_bytes bytes,
                                 provernet_error *err)
{
    if (bytes.len > PVN_WIRE_MESSAGE_MAX) {
        pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                 "the message has %zu bytes, allowed are %d", bytes.len,
                 PVN_WIRE_MESSAGE_MAX);
        return NULL;
    }
    return (pvn_wire_envelope *)pvn_pb_unpack_into(
        a, &provernet__worker__v1__envelope__descriptor, bytes, err);
}

pvn_wire_ask *pvn_wire_open_ask(pvn_arena *a, const pvn_wire_envelope *e,
                                provernet_error *err)
{
    return (pvn_wire_ask *)pvn_pb_unpack_into(
        a, &provernet__worker__v1__ask__descriptor, pvn_wire_bytes(e->body),
        err);
}

pvn_wire_answer *pvn_wire_open_answer(pvn_arena *a, const pvn_wire_envelope *e,
                                      provernet_error *err)
{
    return (pvn_wire_answer *)pvn_pb_unpack_into(
        a, &provernet__worker__v1__answer__descriptor, pvn_wire_bytes(e->body),
        err);
}

bool pvn_wire_sealed(const pvn_wire_envelope *e, const pvn_wire_seal *seal)
{
    uint8_t mac[PVN_MAC_BYTES];

    if (e->session.len != PVN_SESSION_BYTES ||
        memcmp(e->session.data, seal->session, PVN_SESSION_BYTES) != 0 ||
        e->lane != seal->lane || e->counter != seal->counter)
        return false;
    pvn_message_mac(mac, seal->key, seal->session, seal->lane, seal->counter,
                    pvn_wire_bytes(e->body));
    return pvn_mac_equal(mac, pvn_wire_bytes(e->mac));
}
