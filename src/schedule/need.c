/* schedule/need.c - how operations ask for rows. Pure; includes decide.h. */
#include "schedule/decide.h"

pvn_row *pvn_need(pvn_cx *cx, const pvn_row *key_row)
{
    pvn_row *row = pvn_rows_known(cx->rows, key_row);
    if (row)
        return row->absent || row->deleted ? NULL : row;
    pvn_want ask = { .scan = PVN_GET,
                     .key_row = (pvn_row *)(uintptr_t)key_row };
    const pvn_want *w = pvn_rows_want(cx->rows, &ask);
    if (!w || !w->loaded)
        cx->missing = true;
    return NULL;
}

pvn_want *pvn_need_scan(pvn_cx *cx, const pvn_want *ask)
{
    pvn_want *w = pvn_rows_want(cx->rows, ask);
    if (w && w->loaded)
        return w;
    cx->missing = true;
    return NULL;
}

/* Was the parent of these rows made in this batch? Then the database has none
 * of them, and asking would put the operation off in vain. */
static bool fresh_parent(pvn_cx *cx, pvn_scan scan, const provernet_id *id)
{
    const pvn_row *row = NULL;
    pvn_request request = { .row.table = PVN_REQUEST, .id = *id };
    pvn_task task = { .row.table = PVN_TASK, .id = *id };
    pvn_worker worker = { .row.table = PVN_WORKER, .id = *id };
    switch (scan) {
    case PVN_TASKS_OF_REQUEST:
    case PVN_TASK_BY_NAME:
        row = pvn_rows_known(cx->rows, &request.row);
        break;
    case PVN_FILES_OF_TASK:
    case PVN_EDGES_FROM:
    case PVN_ATTEMPTS_OF_TASK:
        row = pvn_rows_known(cx->rows, &task.row);
        break;
    case PVN_TASKS_OF_WORKER:
        row = pvn_rows_known(cx->rows, &worker.row);
        break;
    default:
        break;
    }
    return row && row->fresh;
}

pvn_want *pvn_need_scan_id(pvn_cx *cx, pvn_scan scan, const provernet_id *id,
                           uint32_t limit)
{
    static const pvn_want nothing = { .loaded = true };
    pvn_want ask = { .scan = scan, .id1 = *id, .limit = limit };
    if (fresh_parent(cx, scan, id))
        return (pvn_want *)(uintptr_t)&nothing;
    return pvn_need_scan(cx, &ask);
}

pvn_account *pvn_need_account(pvn_cx *cx, const uint8_t address20[20])
{
    pvn_account key = { .row.table = PVN_ACCOUNT };
    memcpy(key.address, address20, sizeof key.address);
    return (pvn_account *)pvn_need(cx, &key.row);
}

pvn_prover *pvn_need_prover(pvn_cx *cx, const uint8_t prover20[20])
{
    pvn_prover key = { .row.table = PVN_PROVER };
    memcpy(key.address, prover20, sizeof key.address);
    return (pvn_prover *)pvn_need(cx, &key.row);
}

pvn_artifact *pvn_need_artifact(pvn_cx *cx, const provernet_id *id)
{
    pvn_artifact key = { .row.table = PVN_ARTIFACT, .id = *id };
    return pvn_id_none(id) ? NULL : (pvn_artifact *)pvn_need(cx, &key.row);
}

pvn_request *pvn_need_request(pvn_cx *cx, const provernet_id *id)
{
    pvn_request key = { .row.table = PVN_REQUEST, .id = *id };
    return pvn_id_none(id) ? NULL : (pvn_request *)pvn_need(cx, &key.row);
}

pvn_request *pvn_need_request_by(pvn_cx *cx, const provernet_id *id,
                                 int64_t protocol, pvn_bytes name)
{
    if (!pvn_id_none(id))
        return pvn_need_request(cx, id);
    if (!name.data)
        return NULL;
    pvn_want ask = { .scan = PVN_REQUEST_BY_NAME,
                     .table = PVN_REQUEST,
                     .int1 = protocol,
                     .bytes1 = name,
                     .limit = 1 };
    pvn_request *q = pvn_rows_request_by_name(cx->rows, protocol, name);
    if (!q && pvn_need_scan(cx, &ask))
        q = pvn_rows_request_by_name(cx->rows, protocol, name);
    return q;
}

pvn_task *pvn_need_task(pvn_cx *cx, const provernet_id *id)
{
    pvn_task key = { .row.table = PVN_TASK, .id = *id };
    return pvn_id_none(id) ? NULL : (pvn_task *)pvn_need(cx, &key.row);
}

pvn_task *pvn_need_task_named(pvn_cx *cx, const provernet_id *request,
                              const char *name)
{
    pvn_want ask = { .scan = PVN_TASK_BY_NAME,
                     .table = PVN_TASK,
                     .id1 = *request,
                     .text1 = name,
                     .limit = 1 };
    pvn_task *t = pvn_rows_task_by_name(cx->rows, request, name);
    if (!t && !fresh_parent(cx, PVN_TASK_BY_NAME, request) &&
        pvn_need_scan(cx, &ask))
        t = pvn_rows_task_by_name(cx->rows, request, name);
    return t;
}

pvn_attempt *pvn_need_attempt(pvn_cx *cx, const provernet_id *task,
                              int64_t attempt)
{
    pvn_attempt key = { .row.table = PVN_ATTEMPT,
                        .task = *task,
                        .attempt = attempt };
    return (pvn_attempt *)pvn_need(cx, &key.row);
}

pvn_worker *pvn_need_worker(pvn_cx *cx, const provernet_id *id)
{
    pvn_worker key = { .row.table = PVN_WORKER, .id = *id };
    return pvn_id_none(id) ? NULL : (pvn_worker *)pvn_need(cx, &key.row);
}

pvn_program *pvn_need_program(pvn_cx *cx, int64_t protocol, pvn_bytes name)
{
    pvn_program key = { .row.table = PVN_PROGRAM,
                        .protocol = protocol,
                        .name = name };
    return name.data ? (pvn_program *)pvn_need(cx, &key.row) : NULL;
}

pvn_record *pvn_need_record(pvn_cx *cx, int64_t protocol, const char *kind,
                            pvn_bytes key)
{
    pvn_record row = {
        .row.table = PVN_RECORD, .protocol = protocol, .kind = kind, .key = key
    };
    return (pvn_record *)pvn_need(cx, &row.row);
}

pvn_saved *pvn_need_saved(pvn_cx *cx, const char *name)
{
    pvn_saved key = { .row.table = PVN_SETTING, .name = name };
    return (pvn_saved *)pvn_need(cx, &key.row);
}

pvn_session *pvn_need_session(pvn_cx *cx, const provernet_id *id)
{
    pvn_session key = { .row.table = PVN_SESSION, .id = *id };
    return (pvn_session *)pvn_need(cx, &key.row);
}

/* Two 64-bit FNV-1a hashes from different starts. No artifact has such an id:
 * theirs begin with a time, this one with ones. */
provernet_id pvn_kind_id(const char *kind)
{
    uint64_t h[2] = { 0xcbf29ce484222325u, 0x84222325cbf29ce4u };
    provernet_id id;
    for (const char *p = kind; *p; p++)
        for (int i = 0; i < 2; i++)
            h[i] = (h[i] ^ (uint8_t)*p) * 0x100000001b3u;
    pvn_put_u64be(id.bytes, h[0]);
    pvn_put_u64be(id.bytes + 8, h[1]);
    memset(id.bytes, 0xff, 2);
    return id;
}

pvn_speed *pvn_need_speed(pvn_cx *cx, const provernet_id *program,
                          const char *device)
{
    pvn_speed key = { .row.table = PVN_SPEED,
                      .program = *program,
                      .device = device };
    return (pvn_speed *)pvn_need(cx, &key.row);
}

bool pvn_need_kind_seen(pvn_cx *cx, const char *kind)
{
    pvn_record *one = pvn_need_record(cx, PVN_PROTOCOL_CORE, PVN_KIND_SEEN,
                                      pvn_bytes_of(kind, strlen(kind)));
    pvn_record *any = cx->rules->mock
                          ? pvn_need_record(cx, PVN_PROTOCOL_CORE,
                                            PVN_KIND_SEEN, pvn_bytes_of("*", 1))
                          : NULL;
    return one || any;
}

bool pvn_word_at(const char *list, size_t i, char out[128])
{
    for (const char *p = list ? list : ""; *p;) {
        size_t n = strcspn(p, ",");
        const char *from = p;
        p += n + (p[n] == ',');
        while (n > 0 && *from == ' ') {
            from++;
            n--;
        }
        while (n > 0 && from[n - 1] == ' ')
            n--;
        if (n == 0)
            continue;
        if (i-- > 0)
            continue;
        if (n >= 128)
            n = 127;
        memcpy(out, from, n);
        out[n] = 0;
        return true;
    }
    return false;
}
