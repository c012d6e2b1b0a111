/* worker_message_fuzz.c - envelopes, asks and answers of our worker wire: read
 * within their budget or refused, and what was read can be packed again.
 * parts: protocol */
#include "protocol/route.h"
#include "protocol/worker/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const pvn_router nothing;
const pvn_router *const pvn_router_skins = &nothing;

/* What was understood means the same after a round trip. */
static void again(pvn_arena *a, const ProtobufCMessage *body)
{
    static const uint8_t session[PVN_SESSION_BYTES], key[32];
    pvn_wire_seal seal = { session, key, 3, 9 };
    pvn_bytes bytes = pvn_wire_pack(a, body, &seal);
    pvn_wire_envelope *e;

    if (!bytes.data || bytes.len > PVN_WIRE_MESSAGE_MAX)
        return;
    e = pvn_wire_open(a, bytes, NULL);
    if (e && !pvn_wire_sealed(e, &seal))
        abort();
    seal.counter++;
    if (e && pvn_wire_sealed(e, &seal))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    provernet_error err = { 0 };
    pvn_arena a = { 0 };
    pvn_wire_envelope *e = pvn_wire_open(&a, pvn_bytes_of(data, size), &err);
    pvn_wire_envelope direct = PROVERNET__WORKER__V1__ENVELOPE__INIT;
    pvn_wire_answer *answer;
    pvn_wire_ask *ask;

    if (!e && err.status == PROVERNET_OK)
        abort();
    /* as the body, and the bytes themselves as a body */
    direct.body = pvn_wire_data(data, size);
    for (int i = 0; i < 2; i++) {
        pvn_wire_envelope *body = i ? &direct : e;

        if (!body)
            continue;
        ask = pvn_wire_open_ask(&a, body, &err);
        if (ask)
            again(&a, &ask->base);
        answer = pvn_wire_open_answer(&a, body, &err);
        if (answer)
            again(&a, &answer->base);
    }
    if (a.used > 64 * size + (1 << 20))
        abort(); /* more memory than the message may cost */
    pvn_arena_free(&a);
    return 0;
}
