/* protocol/ops/json.c - requests and workers as JSON for people and scripts.
 * Includes ops.h, schedule/why.h, crypto/. */
#include "protocol/ops/ops.h"
#include "crypto/crypto.h"
#include "base/settings.h"
#include "schedule/why.h"

const char *pvn_request_state_name(int64_t state)
{
    static const char *const names[] = { "unknown",   "queued",    "running",
                                         "verifying", "fulfilled", "failed" };

    return state >= 1 && state <= 5 ? names[state] : names[0];
}

const char *pvn_request_cause_name(int64_t cause)
{
    static const char *const names[] = { "",        "input",     "attempts",
                                         "expired", "cancelled", "refused" };

    return cause >= 1 && cause <= 5 ? names[cause] : names[0];
}

void pvn_json_hex(pvn_buf *b, const char *before, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;

    pvn_buf_text(b, "\"");
    pvn_buf_text(b, before);
    for (size_t i = 0; i < len; i++) {
        char two[2] = { digits[p[i] >> 4], digits[p[i] & 15] };

        pvn_buf_add(b, two, 2);
    }
    pvn_buf_text(b, "\"");
}

static void put_text(pvn_buf *b, const char *text)
{
    pvn_buf_json(b, text ? text : "", text ? strlen(text) : 0);
}

void pvn_json_request_id(pvn_buf *b, const pvn_request *r)
{
    if (r->name.len)
        pvn_json_hex(b, "0x", r->name.data, r->name.len);
    else
        pvn_json_hex(b, "", r->id.bytes, sizeof r->id.bytes);
}

static const pvn_worker *worker_of(const pvn_op_read_workers *w,
                                   const provernet_id *id)
{
    for (size_t i = 0; w && i < w->workers_len; i++)
        if (pvn_id_equal(&w->workers[i]->id, id))
            return w->workers[i];
    return NULL;
}

static pvn_served served_by(const pvn_op_read_workers *w, const char *kind)
{
    return pvn_kind_served(w ? w->workers : NULL, w ? w->workers_len : 0, kind);
}

/* What is left at this pace; else what proofs of this program took, from its
 * start or, while it waits, from now. 0: nobody knows. */
int64_t pvn_request_eta(const pvn_request *r, const pvn_task *task,
                        int permille, int64_t now_ms)
{
    bool runs = r->state == PROVERNET_RUNNING;
    int64_t spent = task ? now_ms - task->granted_ms : 0;
    int64_t end;

    if (runs && permille > 0 && permille < 1000 && spent > 0)
        return now_ms + spent * (1000 - permille) / permille;
    if (!task || task->path_ms <= 0 || (!runs && r->state != PROVERNET_QUEUED))
        return 0;
    end = (runs ? task->granted_ms : now_ms) + task->path_ms;
    return end > now_ms ? end : now_ms;
}

/* Where its auction is; NULL: it has none. */
static const char *auction_of(const pvn_request *r)
{
    switch (r->settle) {
    case PVN_SETTLE_OPEN:
        return r->assignable_ms == PVN_UNDER_AUCTION ? "bidding" : "won";
    case PVN_SETTLE_PAID:
        return "paid";
    case PVN_SETTLE_RETURNED:
        return "returned";
    default:
        return NULL;
    }
}

void pvn_json_request(pvn_buf *b, pvn_call *c, const pvn_request *r,
                      const pvn_task *task, const pvn_op_read_workers *w)
{
    int64_t now_ms = pvn_now_ms(pvn_node_env(pvn_call_node(c)));
    const pvn_worker *worker = task ? worker_of(w, &task->worker) : NULL;
    char why[200], stage[32] = "";
    int permille = 0;

    pvn_request_waits_for(r, task, served_by(w, r->kind), now_ms, why,
                          sizeof why);
    if (r->state == PROVERNET_FULFILLED)
        permille = 1000;
    else
        pvn_node_progress(pvn_call_node(c), &r->id, &permille, stage);
    pvn_buf_text(b, "{\"id\":");
    pvn_json_request_id(b, r);
    pvn_buf_text(b, ",\"key\":");
    pvn_json_hex(b, "", r->id.bytes, sizeof r->id.bytes);
    pvn_buf_format(b, ",\"state\":\"%s\",\"cause\":\"%s\",\"kind\":",
                   pvn_request_state_name(r->state),
                   pvn_request_cause_name(r->cause));
    put_text(b, r->kind);
    pvn_buf_text(b, ",\"requester\":");
    pvn_json_hex(b, "0x", r->requester, sizeof r->requester);
    pvn_buf_format(b,
                   ",\"created_ms\":%lld,\"updated_ms\":%lld,"
                   "\"deadline_ms\":%lld,\"fulfilled_ms\":%lld,"
                   "\"attempts\":%lld,\"worker\":",
                   (long long)r->created_ms, (long long)r->updated_ms,
                   (long long)r->deadline_ms, (long long)r->fulfilled_ms,
                   (long long)r->attempts);
    put_text(b, worker ? worker->name : "");
    pvn_buf_text(b, ",\"waiting_for\":");
    put_text(b, why);
    pvn_buf_format(b, ",\"permille\":%d,\"stage\":", permille);
    put_text(b, stage);
    pvn_buf_format(b, ",\"eta_ms\":%lld",
                   (long long)pvn_request_eta(r, task, permille, now_ms));
    if (auction_of(r))
        pvn_buf_format(b, ",\"auction\":\"%s\"", auction_of(r));
    if (!pvn_id_none(&r->proof)) {
        pvn_buf_text(b, ",\"proof\":");
        pvn_json_hex(b, "", r->proof.bytes, sizeof r->proof.bytes);
    }
}

static void put_amount(pvn_buf *b, const char *name, const char *amount)
{
    pvn_buf_format(b, ",\"%s\":\"%s\"", name, amount && *amount ? amount : "0");
}

void pvn_json_prover(pvn_buf *b, const pvn_prover *p, int64_t now_ms)
{
    bool own = pvn_is_zero(p->owner, sizeof p->owner);
    bool off = p->suspended_ms > now_ms;

    pvn_buf_text(b, "{\"address\":");
    pvn_json_hex(b, "0x", p->address, sizeof p->address);
    pvn_buf_text(b, ",\"owner\":");
    pvn_json_hex(b, "0x", own ? p->address : p->owner, sizeof p->owner);
    pvn_buf_format(b,
                   ",\"staker_fee_bips\":%lld,\"bids\":%lld,\"won\":%lld,"
                   "\"proved\":%lld,\"failed\":%lld,\"capacity\":%lld",
                   (long long)p->share, (long long)p->bids, (long long)p->won,
                   (long long)p->proved, (long long)p->failed,
                   (long long)p->capacity);
    put_amount(b, "earned", p->earned);
    put_amount(b, "units", p->units);
    put_amount(b, "cycles", p->cycles);
    pvn_buf_format(b,
                   ",\"seen_ms\":%lld,\"created_ms\":%lld,"
                   "\"suspended_until_ms\":%lld,\"why\":",
                   (long long)p->seen_ms, (long long)p->created_ms,
                   off ? (long long)p->suspended_ms : 0);
    put_text(b, off ? p->why : "");
    pvn_buf_text(b, "}");
}

void pvn_json_worker(pvn_buf *b, const pvn_worker *w, int64_t now_ms)
{
    static const char *const states[] = { "unknown", "here", "gone", "aside" };

    pvn_buf_text(b, "{\"id\":");
    pvn_json_hex(b, "", w->id.bytes, sizeof w->id.bytes);
    pvn_buf_text(b, ",\"name\":");
    put_text(b, w->name);
    pvn_buf_text(b, ",\"origin\":");
    put_text(b, w->origin);
    pvn_buf_text(b, ",\"address\":");
    pvn_json_hex(b, "0x", w->address, sizeof w->address);
    pvn_buf_format(b, ",\"state\":\"%s\",\"why\":",
                   w->state >= 1 && w->state <= 3 ? states[w->state]
                                                  : states[0]);
    put_text(b, w->why);
    pvn_buf_text(b, ",\"kinds\":");
    put_text(b, w->kinds);
    pvn_buf_text(b, ",\"devices\":");
    put_text(b, w->devices);
    pvn_buf_text(b, ",\"version\":");
    put_text(b, w->version);
    pvn_buf_format(b,
                   ",\"slots\":%lld,\"memory_bytes\":%lld,\"strikes\":%lld,"
                   "\"jobs_done\":%lld,\"seen_ms\":%lld,\"silent_ms\":%lld}",
                   (long long)w->slots, (long long)w->memory_bytes,
                   (long long)w->strikes, (long long)w->jobs_done,
                   (long long)w->seen_ms, (long long)(now_ms - w->seen_ms));
}

pvn_next pvn_json_answer(pvn_call *c, pvn_buf *b)
{
    pvn_next next;

    if (b->failed)
        next = pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for an answer");
    else
        next = pvn_call_json(c, 200, (const char *)b->data, b->len);
    pvn_buf_free(b);
    return next;
}
