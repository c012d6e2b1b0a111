/* contemplant_fuzz.c - messages of Hierophant's workers: read or refused, the
 * same whether the bytes come at once or one by one.
 * parts: protocol */
#include "protocol/contemplant/wire.h"
#include "protocol/route.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The router's list, which this target does not need. */
static const pvn_router none;
const pvn_router *const pvn_router_skins = &none;

typedef struct seen {
    pvn_ct_message message;
    provernet_status status;
    uint64_t hash, proof;
} seen;

static seen take(const uint8_t *data, size_t size, size_t step)
{
    pvn_ct_reader r = { 0 };
    provernet_error err;
    seen s = { .hash = 1 };

    for (size_t at = 0; at < size;) {
        size_t len = size - at < step ? size - at : step, used, n;
        const uint8_t *piece;

        used = pvn_ct_feed(&r, data + at, len, &piece, &n);
        if (used == 0 || used > len || n > used)
            abort();
        for (size_t i = 0; i < n; i++)
            s.hash = (s.hash ^ piece[i]) * 0x100000001b3u;
        s.proof += n;
        at += used;
    }
    s.status = pvn_ct_read(&r, &s.message, &err);
    if (r.len || r.in_proof || r.proof_seen)
        abort(); /* not ready for the next one */
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    seen all = take(data, size, size + 1), single = take(data, size, 1);
    const pvn_ct_message *m = &all.message;
    pvn_buf kinds = { 0 };

    if (memcmp(&all, &single, sizeof all) != 0)
        abort();
    if (all.status != PROVERNET_OK)
        return 0;
    if (m->type == PVN_CT_REGISTER) {
        if (strlen(m->name) > PVN_CT_NAME || m->vms > 3)
            abort();
        pvn_ct_kinds(&kinds, m, "5", "3");
        pvn_buf_free(&kinds);
    }
    if (m->type == PVN_CT_STATUS && m->has_proof != (all.proof > 0) &&
        !m->has_proof)
        abort();
    return 0;
}
