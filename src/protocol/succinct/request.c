/* protocol/succinct/request.c - RequestProof.
 * Includes succinct.h, http/artifacts.h, crypto/.
 *
 * Everything about the client's bytes is judged before the operation; what
 * depends on other rows is judged in it. */
#include "protocol/succinct/succinct.h"
#include "crypto/crypto.h"
#include "base/settings.h"
#include "protocol/http/artifacts.h"
#include <stdlib.h>

typedef struct wish {
    enum { READ_PROGRAM, ESTIMATE, SUBMIT } step;
    pvn_envelope envelope;
    pvn_wanted wanted;
    provernet_id stdin_id;
    pvn_known_program program;
    char kind[64];
} wish;

static pvn_next no_memory(pvn_call *c)
{
    return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a request");
}

/* ---- the kind ---- */

/* "sp1-v6.1.0" -> 6; 0: it is not of that form. */
unsigned pvn_circuit_major(const char *version)
{
    static const char want[] = "sp1-v";
    const char *digits = version + sizeof want - 1;
    size_t n;

    if (strncmp(version, want, sizeof want - 1) != 0)
        return 0;
    n = strspn(digits, "0123456789");
    if (n == 0 || n > 4 || (digits[n] != '.' && digits[n] != '\0'))
        return 0;
    return (unsigned)atoi(digits);
}

const char *pvn_mode_name(int mode)
{
    static const char *const modes[] = { "core", "compressed", "plonk",
                                         "groth16" };

    return mode >= PVN_MODE_CORE && mode <= PVN_MODE_GROTH16
               ? modes[mode - PVN_MODE_CORE]
               : NULL;
}

/* An SP1 program has a kind per mode and circuit version; a circuit is one. */
static provernet_status choose_kind(wish *w, provernet_error *err)
{
    unsigned major;

    if (strcmp(w->program.kind, "sp1") != 0) {
        snprintf(w->kind, sizeof w->kind, "%s", w->program.kind);
        if (w->wanted.mode == PVN_MODE_GROTH16)
            return PROVERNET_OK;
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "mode is %d, expected 4 (GROTH16) for a circuit of "
                        "kind %s",
                        w->wanted.mode, w->program.kind);
    }
    major = pvn_circuit_major(w->wanted.version);
    if (major == 0)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "version is \"%.40s\", expected \"sp1-v\" and a "
                        "number for an SP1 program",
                        w->wanted.version);
    snprintf(w->kind, sizeof w->kind, "sp1/%s@%u",
             pvn_mode_name(w->wanted.mode), major);
    return PROVERNET_OK;
}

/* ---- the operation ---- */

/* The same wish signed again with a fresh nonce is the same wish. */
static void dedup_of(uint8_t out32[32], const wish *w)
{
    uint8_t numbers[12];
    pvn_keccak k;

    pvn_put_u32be(numbers, (uint32_t)w->wanted.mode);
    pvn_put_u64be(numbers + 4, w->wanted.deadline_s);
    pvn_keccak_init(&k);
    pvn_keccak_add(&k, w->envelope.signer20, sizeof w->envelope.signer20);
    pvn_keccak_add(&k, w->wanted.vk_hash.data, w->wanted.vk_hash.len);
    pvn_keccak_add(&k, numbers, sizeof numbers);
    pvn_keccak_add(&k, w->wanted.stdin_uri, strlen(w->wanted.stdin_uri));
    pvn_keccak_end(&k, out32);
    /* It begins with the input's id, which sorts by time: the index of a
     * commit's wishes then grows in one place. */
    memcpy(out32, w->stdin_id.bytes, sizeof w->stdin_id.bytes);
}

static pvn_bytes copy_in(pvn_op *op, const void *data, size_t len, bool *ok)
{
    void *p = pvn_arena_copy(&op->arena, data, len);

    *ok = *ok && p;
    return pvn_bytes_of(p, len);
}

/* What an SP1 worker is told beside the inputs. */
static bool fill_params(pvn_op *op, const wish *w)
{
    const pvn_wanted *v = &w->wanted;
    char hex[2 * PVN_VK_HASH + 1];
    pvn_buf b = { 0 };
    bool ok = true;

    if (strcmp(w->program.kind, "sp1") != 0)
        return true;
    pvn_buf_format(&b,
                   "{\"mode\":%d,\"cycle_limit\":\"%llu\","
                   "\"gas_limit\":\"%llu\",\"version\":",
                   v->mode, (unsigned long long)v->cycle_limit,
                   (unsigned long long)v->gas_limit);
    pvn_buf_json(&b, v->version, strlen(v->version));
    pvn_buf_format(&b, ",\"vk_hash\":\"%s\"",
                   pvn_hex(hex, v->vk_hash.data, PVN_VK_HASH));
    if (v->public_values_hash.len == 32) /* the client has run it */
        pvn_buf_format(&b, ",\"public_values_hash\":\"%s\"",
                       pvn_hex(hex, v->public_values_hash.data, 32));
    pvn_buf_add(&b, "}", 1);
    if (!b.failed)
        op->u.request_submit.params = copy_in(op, b.data, b.len, &ok);
    ok = ok && !b.failed;
    pvn_buf_free(&b);
    return ok;
}

/* Gas units if the client said how many, else cycles; 0: it did not mean to
 * say ("as much as there is"). */
static int64_t cost_of(const wish *w)
{
    uint64_t n =
        w->wanted.gas_limit ? w->wanted.gas_limit : w->wanted.cycle_limit;

    return n <= INT64_MAX / 1024 ? (int64_t)n : 0;
}

/* The average of the program, more for a larger request of it: up to 16 times,
 * since limits are often far above what is used. Of a program without a history
 * that of its kind, by the limit alone: nothing without one. */
static int64_t path_of(const wish *w)
{
    const pvn_known_program *p = &w->program;
    int64_t cost = cost_of(w);
    double times = 1;

    if (*p->by_kind && (cost <= 0 || p->mean_cost <= 0))
        return 0;
    if (cost > 0 && p->mean_cost > 0)
        times = (double)cost / (double)p->mean_cost;
    if (times > 16)
        times = 16;
    return (int64_t)((double)p->mean_ms * times);
}

static bool fill_submit(pvn_call *c, pvn_op *op, const wish *w)
{
    pvn_op_request_submit *r = &op->u.request_submit;
    const pvn_wanted *v = &w->wanted;
    pvn_bytes message = pvn_call_message(c);
    pvn_extra extra = { v->auction, v->stdin_private, v->deadline_s };
    uint8_t hash[32], packed[PVN_EXTRA_BYTES];
    int64_t type = v->stdin_private ? PVN_TYPE_PRIVATE_STDIN : PVN_TYPE_STDIN;
    bool ok = true;

    pvn_id_new(pvn_node_env(pvn_call_node(c)), &r->id);
    r->protocol = PVN_PROTOCOL_SUCCINCT;
    pvn_succinct_name(hash, &w->envelope);
    r->name = copy_in(op, hash, sizeof hash, &ok);
    dedup_of(hash, w);
    r->dedup = copy_in(op, hash, sizeof hash, &ok);
    r->kind = pvn_arena_text(&op->arena, w->kind);
    r->program_name = copy_in(op, v->vk_hash.data, v->vk_hash.len, &ok);
    r->inputs =
        (const void *)copy_in(op, &w->stdin_id, sizeof w->stdin_id, &ok).data;
    r->inputs_len = 1;
    r->inputs_issued = pvn_artifact_id_ours(c, &w->stdin_id);
    r->input_types = (const void *)copy_in(op, &type, sizeof type, &ok).data;
    memcpy(r->requester20, w->envelope.signer20, sizeof r->requester20);
    r->deadline_ms = pvn_deadline_ms(v->deadline_s);
    r->cost = cost_of(w);
    r->path_ms = path_of(w);
    r->signed_bytes = copy_in(op, message.data, message.len, &ok);
    pvn_extra_write(packed, &extra);
    r->extra = copy_in(op, packed, sizeof packed, &ok);
    return ok && r->kind && fill_params(op, w);
}

static pvn_next submit(pvn_call *c, wish *w)
{
    pvn_op *op;

    op = pvn_succinct_signed_op(c, PVN_OP_REQUEST_SUBMIT, &w->envelope,
                                w->wanted.nonce);
    if (!op)
        return PVN_ANSWER;
    if (!fill_submit(c, op, w)) {
        pvn_op_free(op);
        return no_memory(c);
    }
    if (!pvn_auction_terms(c, op, &w->wanted, &op->u.request_submit.terms)) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    w->step = SUBMIT;
    pvn_call_op(c, op);
    return PVN_OP;
}

/* ---- what its proofs took: asked for once a minute ---- */

static pvn_next estimate(pvn_call *c, wish *w)
{
    enum { FRESH_MS = 60000 };
    int64_t now = pvn_now_ms(pvn_node_env(pvn_call_node(c)));
    bool ok = true;
    pvn_op *op;

    if (choose_kind(w, pvn_call_error(c)) != PROVERNET_OK)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (now - w->program.asked_ms < FRESH_MS &&
        (!*w->program.by_kind || strcmp(w->program.by_kind, w->kind) == 0))
        return submit(c, w);
    w->program.asked_ms = now;
    op = pvn_succinct_op(c, PVN_OP_READ_ESTIMATE);
    if (!op)
        return PVN_ANSWER;
    op->u.read_estimate.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_estimate.name =
        copy_in(op, w->wanted.vk_hash.data, w->wanted.vk_hash.len, &ok);
    op->u.read_estimate.kind = pvn_arena_text(&op->arena, w->kind);
    if (!ok || !op->u.read_estimate.kind) {
        pvn_op_free(op);
        return no_memory(c);
    }
    w->step = ESTIMATE;
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next estimated(pvn_call *c, wish *w)
{
    const pvn_op *done = pvn_call_op_at(c, 0);

    if (done->err.status == PROVERNET_OK) {
        w->program.mean_ms = done->u.read_estimate.mean_ms;
        w->program.mean_cost = done->u.read_estimate.mean_cost;
        snprintf(w->program.by_kind, sizeof w->program.by_kind, "%s",
                 done->u.read_estimate.by_kind ? w->kind : "");
        pvn_program_learn(pvn_call_node(c), w->wanted.vk_hash, &w->program);
    }
    return submit(c, w);
}

/* ---- the program, if it is not known yet ---- */

static pvn_next read_program(pvn_call *c, wish *w)
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_PROGRAM);
    bool ok = true;

    if (!op)
        return PVN_ANSWER;
    op->u.read_program.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_program.name =
        copy_in(op, w->wanted.vk_hash.data, w->wanted.vk_hash.len, &ok);
    if (!ok) {
        pvn_op_free(op);
        return no_memory(c);
    }
    w->step = READ_PROGRAM;
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next program_read(pvn_call *c, wish *w)
{
    const pvn_op *done = pvn_call_op_at(c, 0);
    const pvn_program *p = done->u.read_program.program;

    if (done->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &done->err);
    if (!p)
        return pvn_call_fail(c, PROVERNET_ERR_STATE,
                             "vk_hash names no registered program\nhelp: "
                             "register it with CreateProgram first");
    snprintf(w->program.kind, sizeof w->program.kind, "%s", p->kind);
    snprintf(w->program.uri, sizeof w->program.uri, "%s", p->uri ? p->uri : "");
    w->program.artifact = p->artifact;
    pvn_program_learn(pvn_call_node(c), w->wanted.vk_hash, &w->program);
    return estimate(c, w);
}

/* ---- RequestProof ---- */

pvn_next pvn_succinct_request_proof_begin(pvn_call *c)
{
    wish *w = pvn_arena_alloc(pvn_call_arena(c), sizeof *w);
    provernet_error *err = pvn_call_error(c);
    pvn_node *n = pvn_call_node(c);
    uint8_t domain[32];

    if (!w)
        return no_memory(c);
    pvn_call_keep(c, 1, w);
    if (!pvn_succinct_domain(c, domain))
        return PVN_ANSWER;
    if (!pvn_envelope_open(c, &w->envelope,
                           &types__request_proof_request_body__descriptor))
        return PVN_ANSWER;
    if (pvn_wanted_read(pvn_call_arena(c), w->envelope.body, &w->wanted, err))
        return pvn_call_fail_with(c, err);
    if (pvn_wanted_check(&w->wanted, domain, pvn_now_ms(pvn_node_env(n)), err))
        return pvn_call_fail_with(c, err);
    if (!pvn_artifact_uri_id(w->wanted.stdin_uri, &w->stdin_id))
        return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                             "stdin_uri names no artifact of this server\n"
                             "help: send the artifact_uri that CreateArtifact "
                             "gave");
    if (pvn_program_known(n, w->wanted.vk_hash, &w->program))
        return estimate(c, w);
    return read_program(c, w);
}

/* {1 tx_hash, 2 {1 request_id}} */
static pvn_next submitted(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    pvn_bytes name = op->u.request_submit.name_out;
    uint8_t msg[2 + PVN_NAME + 2 + 2 + PVN_NAME];

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (name.len != PVN_NAME)
        return pvn_call_fail(c, PROVERNET_ERR_INTERNAL,
                             "the request has a name of %zu bytes", name.len);
    msg[0] = 1 << 3 | PVN_PB_LEN;
    msg[1] = PVN_NAME;
    memcpy(msg + 2, name.data, PVN_NAME);
    msg[34] = 2 << 3 | PVN_PB_LEN;
    msg[35] = 2 + PVN_NAME;
    msg[36] = 1 << 3 | PVN_PB_LEN;
    msg[37] = PVN_NAME;
    memcpy(msg + 38, name.data, PVN_NAME);
    pvn_call_reply(c, msg, sizeof msg);
    return PVN_ANSWER;
}

pvn_next pvn_succinct_request_proof_resume(pvn_call *c)
{
    wish *w = pvn_call_kept(c, 1);

    switch (w->step) {
    case READ_PROGRAM:
        return program_read(c, w);
    case ESTIMATE:
        return estimated(c, w);
    default:
        return submitted(c);
    }
}
