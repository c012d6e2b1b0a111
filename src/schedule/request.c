/* schedule/request.c - requests: submitted, cancelled, given up, judged. Pure;
 * includes decide.h. */
#include "base/settings.h"
#include "schedule/auction.h"

/* ---- submit ---- */

static pvn_request *same_wish(pvn_cx *cx, const pvn_op_request_submit *u)
{
    if (!u->dedup.data)
        return NULL;
    pvn_request *q = pvn_rows_request_by_dedup(cx->rows, u->dedup);
    pvn_want ask = { .scan = PVN_REQUEST_BY_DEDUP,
                     .table = PVN_REQUEST,
                     .bytes1 = u->dedup,
                     .limit = 1 };
    if (!q && pvn_need_scan(cx, &ask))
        q = pvn_rows_request_by_dedup(cx->rows, u->dedup);
    return q;
}

/* The kind and program artifact in force; kind NULL: not known (yet). */
static const char *wish_kind(pvn_cx *cx, const pvn_op_request_submit *u,
                             provernet_id *program)
{
    *program = u->program;
    if (!u->program_name.data)
        return u->kind;
    const pvn_program *p = pvn_need_program(cx, u->protocol, u->program_name);
    if (!p)
        return u->kind;
    *program = p->artifact;
    return u->kind ? u->kind : p->kind;
}

void pvn_keys_request_submit(pvn_cx *cx)
{
    const pvn_op_request_submit *u = &cx->op->u.request_submit;
    provernet_id program;
    pvn_need_account(cx, u->requester20);
    same_wish(cx, u);
    pvn_need_request_by(cx, &(provernet_id){ { 0 } }, u->protocol, u->name);
    const char *kind = wish_kind(cx, u, &program);
    if (kind)
        pvn_need_kind_seen(cx, kind);
    pvn_need_artifact(cx, &program);
    for (size_t i = 0; i < u->inputs_len; i++)
        pvn_need_artifact(cx, &u->inputs[i]);
}

static const char *type_name(int64_t type)
{
    switch (type) {
    case PVN_TYPE_PROGRAM:
        return "program";
    case PVN_TYPE_STDIN:
        return "stdin";
    case PVN_TYPE_PROOF:
        return "proof";
    case PVN_TYPE_PRIVATE_STDIN:
        return "private stdin";
    case PVN_TYPE_KEY:
        return "key";
    case PVN_TYPE_DATA:
        return "data";
    default:
        return "other";
    }
}

static bool type_allowed(const pvn_op_request_submit *u, int64_t want,
                         int64_t type)
{
    (void)u;
    /* A private input is an input: only its tickets differ. */
    return want == 0 || want == type ||
           (want == PVN_TYPE_STDIN && type == PVN_TYPE_PRIVATE_STDIN);
}

static provernet_status check_stored(pvn_cx *cx, const provernet_id *id,
                                     int64_t want, bool issued,
                                     const char *what)
{
    const pvn_artifact *a = pvn_need_artifact(cx, id);
    char hex[33];
    pvn_hex(hex, id->bytes, sizeof id->bytes);
    if (!a && !issued)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                        "%s: there is no artifact %s", what, hex);
    if (a && a->state == PVN_ARTIFACT_GONE)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "%s: artifact %s has expired and was removed\n"
                        "help: upload it again",
                        what, hex);
    if (!a || a->state != PVN_ARTIFACT_STORED)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "%s: artifact %s was never uploaded\n"
                        "help: PUT its bytes to the address it was given",
                        what, hex);
    if (!type_allowed(&cx->op->u.request_submit, want, a->type))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "%s: artifact %s is a %s, expected a %s", what, hex,
                        type_name(a->type), type_name(want));
    return PROVERNET_OK;
}

static provernet_status check_artifacts(pvn_cx *cx, const provernet_id *program)
{
    const pvn_op_request_submit *u = &cx->op->u.request_submit;
    provernet_status s = PROVERNET_OK;
    if (!pvn_id_none(program))
        s = check_stored(cx, program, 0, false, "program");
    for (size_t i = 0; s >= 0 && i < u->inputs_len; i++)
        s = check_stored(cx, &u->inputs[i],
                         u->input_types ? u->input_types[i] : 0,
                         u->inputs_issued, "input");
    return s;
}

static provernet_status check_submit(pvn_cx *cx, const char *kind,
                                     const provernet_id *program)
{
    const pvn_op_request_submit *u = &cx->op->u.request_submit;
    const pvn_rules *rules = cx->rules;
    provernet_error *err = &cx->op->err;
    if (rules->draining)
        return pvn_fail(err, PROVERNET_ERR_UNAVAILABLE, 0,
                        "the server is shutting down and takes no requests");
    if (!pvn_address_listed(rules->allow, u->requester20, true)) {
        char hex[41];
        return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                        "0x%s may not request proofs here: it is not in "
                        "account.allow",
                        pvn_hex(hex, u->requester20, 20));
    }
    if (u->program_name.data &&
        !pvn_need_program(cx, u->protocol, u->program_name))
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "program not registered\nhelp: register it with "
                        "CreateProgram first");
    if (!kind || !*kind)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "kind: a request must say what is to be proven");
    if (u->deadline_ms != 0 && u->deadline_ms <= cx->now_ms)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "deadline: %lld ms is in the past (it is %lld ms now)",
                        (long long)u->deadline_ms, (long long)cx->now_ms);
    provernet_status s = check_artifacts(cx, program);
    if (s < 0)
        return s;
    const pvn_account *a = pvn_need_account(cx, u->requester20);
    if (a && a->open_requests >= rules->request_open_max)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "request.open_max: this account has %lld open "
                        "requests, %lld are allowed",
                        (long long)a->open_requests,
                        (long long)rules->request_open_max);
    return u->terms ? pvn_auction_check(cx, u->terms, u->requester20)
                    : PROVERNET_OK;
}

static provernet_status answer(pvn_cx *cx, const pvn_request *q, bool again)
{
    pvn_op_request_submit *u = &cx->op->u.request_submit;
    u->id_out = q->id;
    u->name_out = q->name;
    u->again = again;
    if (q->name.data) {
        u->name_out.data =
            pvn_arena_copy(&cx->op->arena, q->name.data, q->name.len);
        if (!u->name_out.data)
            cx->rows->failed = true;
    }
    return PROVERNET_OK;
}

/* What a worker needs for it. */
static int64_t memory_of(pvn_cx *cx, const char *kind,
                         const provernet_id *program)
{
    const pvn_op_request_submit *u = &cx->op->u.request_submit;
    const pvn_artifact *a = pvn_need_artifact(cx, program);
    uint64_t inputs = 0, bytes;
    if (u->memory_bytes || !cx->rules->memory || !a)
        return u->memory_bytes;
    for (size_t i = 0; i < u->inputs_len; i++) {
        const pvn_artifact *in = pvn_need_artifact(cx, &u->inputs[i]);
        inputs += in ? (uint64_t)in->raw_bytes : 0;
    }
    bytes = cx->rules->memory(kind, (uint64_t)a->raw_bytes, inputs);
    return bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
}

static pvn_request *make_request(pvn_cx *cx, const char *kind,
                                 const provernet_id *program)
{
    const pvn_op_request_submit *u = &cx->op->u.request_submit;
    pvn_request key = { .row.table = PVN_REQUEST, .id = u->id };
    pvn_request *q = (pvn_request *)pvn_rows_make(cx->rows, &key.row);
    if (!q)
        return NULL;
    pvn_touch(cx, &q->row);
    q->protocol = u->protocol;
    q->name = u->name;
    q->dedup = u->dedup;
    q->kind = kind;
    q->program = *program;
    q->program_name = u->program_name;
    memcpy(q->requester, u->requester20, sizeof q->requester);
    q->state = PROVERNET_QUEUED;
    q->exec = PVN_EXEC_UNKNOWN;
    q->deadline_ms = u->deadline_ms;
    if (q->deadline_ms == 0)
        q->deadline_ms = cx->now_ms + cx->rules->request_deadline_ms;
    q->created_ms = q->updated_ms = cx->now_ms;
    q->due_ms = pvn_due_ms(cx->rules, q->deadline_ms, cx->now_ms, u->path_ms);
    if (pvn_need_kind_seen(cx, kind))
        q->assignable_ms = cx->now_ms;
    q->signed_bytes = u->signed_bytes;
    q->extra = u->extra;
    if (u->tied)
        q->tied_to = cx->rules->session;
    pvn_rows_rename(cx->rows, &q->row);
    return q;
}

provernet_status pvn_decide_request_submit(pvn_cx *cx)
{
    pvn_op_request_submit *u = &cx->op->u.request_submit;
    provernet_id program;
    const pvn_request *first = same_wish(cx, u);
    if (first)
        return answer(cx, first, true);
    first =
        pvn_need_request_by(cx, &(provernet_id){ { 0 } }, u->protocol, u->name);
    if (first && memcmp(first->requester, u->requester20, 20) != 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_EXISTS, 0,
                        "a request of this name belongs to another account");
    if (first)
        return answer(cx, first, true);
    const char *kind = wish_kind(cx, u, &program);
    provernet_status s = check_submit(cx, kind, &program);
    if (s < 0)
        return s;
    pvn_request *q = make_request(cx, kind, &program);
    pvn_account *a = pvn_account_use(cx, u->requester20);
    pvn_task *t = q ? pvn_task_make(cx, q, PVN_MAIN_TASK, kind,
                                    memory_of(cx, kind, &program), u->path_ms)
                    : NULL;
    if (!t || !a)
        return pvn_nomem(&cx->op->err);
    pvn_touch(cx, &a->row);
    a->open_requests++;
    t->cost = u->cost;
    t->params = u->params;
    if (!pvn_id_none(&program))
        pvn_task_file_make(cx, t, PVN_IN, 0, pvn_need_artifact(cx, &program));
    for (size_t i = 0; i < u->inputs_len; i++)
        pvn_task_file_make(cx, t, PVN_IN, (int64_t)i + 1,
                           pvn_need_artifact(cx, &u->inputs[i]));
    pvn_note(cx, "request.queued", &q->id, NULL, NULL,
             "\"kind\":%s,\"estimate_ms\":%lld", pvn_quote(cx, kind),
             (long long)u->path_ms);
    if (u->terms)
        pvn_auction_make(cx, q, t, u->terms);
    return answer(cx, q, false);
}

/* ---- cancel and refuse ---- */

static provernet_status not_found(pvn_cx *cx)
{
    return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                    "there is no such request");
}

static const char *state_name(int64_t state)
{
    static const char *const name[] = { "unknown",   "queued",    "running",
                                        "verifying", "fulfilled", "failed" };
    return state >= 1 && state <= 5 ? name[state] : name[0];
}

static provernet_status not_open(pvn_cx *cx, const pvn_request *q)
{
    return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                    "the request is %s already", state_name(q->state));
}

void pvn_keys_request_cancel(pvn_cx *cx)
{
    const pvn_op_request_cancel *u = &cx->op->u.request_cancel;
    const pvn_request *q =
        pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    if (q && u->owner20)
        pvn_acts_for(cx, q->requester, u->owner20);
    if (q)
        pvn_need_end(cx, q);
}

static bool may_cancel(pvn_cx *cx, const pvn_request *q, const uint8_t *who)
{
    return !who || pvn_acts_for(cx, q->requester, who);
}

provernet_status pvn_decide_request_cancel(pvn_cx *cx)
{
    const pvn_op_request_cancel *u = &cx->op->u.request_cancel;
    pvn_request *q = pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    if (!q)
        return not_found(cx);
    if (!may_cancel(cx, q, u->owner20))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_PERMISSION, 0,
                        "only the requester or its delegate may cancel this "
                        "request");
    if (!pvn_request_open(q))
        return not_open(cx, q);
    pvn_request_fail(cx, q, PROVERNET_CAUSE_CANCELLED, PVN_EXEC_UNKNOWN,
                     "cancelled by the requester");
    return PROVERNET_OK;
}

/* The fulfiller, or the key that signs for it. */
static bool fulfils(pvn_cx *cx, const pvn_request *q, const uint8_t by20[20])
{
    uint8_t signer[20];
    pvn_signer_of(cx, q->fulfiller, signer);
    return !pvn_is_zero(q->fulfiller, 20) &&
           (memcmp(by20, q->fulfiller, 20) == 0 ||
            memcmp(by20, signer, 20) == 0);
}

void pvn_keys_request_refuse(pvn_cx *cx)
{
    const pvn_op_request_refuse *u = &cx->op->u.request_refuse;
    const pvn_request *q =
        pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    if (!q)
        return;
    pvn_need_end(cx, q);
    fulfils(cx, q, u->fulfiller20);
}

provernet_status pvn_decide_request_refuse(pvn_cx *cx)
{
    const pvn_op_request_refuse *u = &cx->op->u.request_refuse;
    pvn_request *q = pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    if (!q)
        return not_found(cx);
    if (!fulfils(cx, q, u->fulfiller20))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_PERMISSION, 0,
                        "only the fulfiller of this request may give it up");
    if (!pvn_request_open(q))
        return not_open(cx, q);
    /* A stranger who won an auction cannot say so: who executes can. */
    bool input =
        u->blame == PROVERNET_BLAME_INPUT && q->settle == PVN_SETTLE_NONE;
    q->code = u->code;
    pvn_request_fail(cx, q,
                     input ? PROVERNET_CAUSE_INPUT : PROVERNET_CAUSE_REFUSED,
                     input ? PVN_EXEC_IMPOSSIBLE : PVN_EXEC_UNKNOWN,
                     u->why && *u->why ? u->why : "the fulfiller gave it up");
    return PROVERNET_OK;
}

/* ---- its input, for those who may see it ---- */

static const pvn_artifact *first_input(pvn_cx *cx, const pvn_request *q)
{
    const pvn_task *t = pvn_need_task_named(cx, &q->id, PVN_MAIN_TASK);
    const pvn_artifact *found = NULL;
    if (!t || !pvn_need_scan_id(cx, PVN_FILES_OF_TASK, &t->id, PVN_WHOLE_MAX))
        return NULL;
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK_FILE, &t->id); r;
         r = r->sibling) {
        const pvn_task_file *f = (const pvn_task_file *)r;
        if (!r->deleted && !r->absent && f->way == PVN_IN && f->ordinal == 1)
            found = pvn_need_artifact(cx, &f->artifact);
    }
    return found;
}

void pvn_keys_request_input(pvn_cx *cx)
{
    const pvn_op_request_input *u = &cx->op->u.request_input;
    const pvn_request *q =
        pvn_need_request_by(cx, &(provernet_id){ { 0 } }, u->protocol, u->name);
    if (!q)
        return;
    pvn_acts_for(cx, q->requester, u->by20);
    fulfils(cx, q, u->by20);
    first_input(cx, q);
}

static bool may_see(pvn_cx *cx, const pvn_request *q)
{
    const pvn_op_request_input *u = &cx->op->u.request_input;
    for (size_t i = 0; i < u->also_len; i++)
        if (memcmp(u->also + 20 * i, u->by20, 20) == 0)
            return true;
    return fulfils(cx, q, u->by20) || pvn_acts_for(cx, q->requester, u->by20);
}

provernet_status pvn_decide_request_input(pvn_cx *cx)
{
    pvn_op_request_input *u = &cx->op->u.request_input;
    const pvn_request *q =
        pvn_need_request_by(cx, &(provernet_id){ { 0 } }, u->protocol, u->name);
    const pvn_artifact *a;
    if (!q)
        return not_found(cx);
    if (!may_see(cx, q))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_PERMISSION, 0,
                        "only the requester, the executor and the fulfiller "
                        "may see the input");
    a = first_input(cx, q);
    if (!a || a->state != PVN_ARTIFACT_STORED)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                        "the input of this request is gone");
    u->input = a->id;
    u->type = a->type;
    return PROVERNET_OK;
}

/* ---- verdict: the only door to FULFILLED ---- */

void pvn_keys_request_verdict(pvn_cx *cx)
{
    const pvn_op_request_verdict *u = &cx->op->u.request_verdict;
    const pvn_request *q = pvn_need_request(cx, &u->request);
    if (!q)
        return;
    pvn_need_end(cx, q);
    /* The completion may stand before this verdict in the same batch: then
     * the request is not VERIFYING yet while rows are asked for. */
    pvn_need_artifact(cx, &u->proof);
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK, &q->id); r;
         r = r->sibling)
        pvn_need_worker(cx, &((pvn_task *)r)->worker);
}

/* Somebody must stand up for the proof, and may do so for this kind. */
static provernet_status check_voucher(pvn_cx *cx, const pvn_request *q)
{
    const char *how = cx->op->u.request_verdict.how;
    provernet_error *err = &cx->op->err;
    if (how && strcmp(how, "verified") == 0)
        return PROVERNET_OK;
    if (how && strcmp(how, "mock") == 0)
        return cx->rules->mock
                   ? PROVERNET_OK
                   : pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                              "node.mock is off: a mock proof fulfils "
                              "nothing");
    if (how && strcmp(how, "trusted") == 0)
        return cx->rules->trust && pvn_list_has(cx->rules->trust, q->kind)
                   ? PROVERNET_OK
                   : pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                              "node.trust does not name %s: its proofs must "
                              "be verified",
                              q->kind);
    return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                    "how: a verdict is verified, trusted or mock, not %s",
                    how ? how : "empty");
}

static bool judge_at_work(pvn_cx *cx, const pvn_request *q)
{
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK, &q->id); r;
         r = r->sibling) {
        const pvn_task *t = (const pvn_task *)r;
        if (!pvn_id_none(&t->judges) && t->state < PVN_TASK_DONE)
            return true;
    }
    return false;
}

static void fulfil(pvn_cx *cx, pvn_request *q, pvn_worker *w)
{
    const pvn_op_request_verdict *u = &cx->op->u.request_verdict;
    pvn_artifact *proof = pvn_need_artifact(cx, &u->proof);
    pvn_request_release(cx, q, NULL);
    pvn_auction_fulfilled(cx, q);
    if (proof) {
        int64_t until = cx->now_ms + cx->rules->request_retention_ms;
        pvn_touch(cx, &proof->row);
        if (proof->expires_ms < until)
            proof->expires_ms = until;
    }
    q->state = PROVERNET_FULFILLED;
    q->exec = PVN_EXEC_DONE;
    q->proof = u->proof;
    q->why = NULL;
    q->fulfilled_ms = cx->now_ms;
    if (w && w->strikes > 0 && w->state != PVN_WORKER_ASIDE) {
        pvn_touch(cx, &w->row); /* a good proof wipes the slate */
        w->strikes = 0;
    }
    pvn_note(cx, "request.fulfilled", &q->id, NULL, w ? &w->id : NULL,
             "\"how\":\"%s\"", u->how);
}

provernet_status pvn_decide_request_verdict(pvn_cx *cx)
{
    const pvn_op_request_verdict *u = &cx->op->u.request_verdict;
    pvn_request *q = pvn_need_request(cx, &u->request);
    if (!q)
        return not_found(cx);
    if (q->state == PROVERNET_FULFILLED && u->valid &&
        pvn_id_equal(&q->proof, &u->proof))
        return PROVERNET_OK; /* the same verdict again */
    if (q->state != PROVERNET_VERIFYING)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "the request is %s: there is no proof of it to judge",
                        state_name(q->state));
    const pvn_task *t = pvn_candidate_task(cx, q);
    if (!t || !pvn_id_equal(&q->proof, &u->proof))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "the proof that was judged is not the one that was "
                        "completed last");
    if (!u->valid) {
        pvn_proof_refused(cx, q, u->why ? u->why : "the proof is not valid");
        return PROVERNET_OK;
    }
    provernet_status s = check_voucher(cx, q);
    if (s < 0)
        return s;
    if (judge_at_work(cx, q))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "its verify task is not done");
    fulfil(cx, q, pvn_need_worker(cx, &t->worker));
    return PROVERNET_OK;
}
