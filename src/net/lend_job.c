/* net/lend_job.c - a job of a network: what it is, its proof, giving it up.
 * Includes lend.h, crypto/, state/rows.h. Its inputs are in lend_fetch.c. */
#include "crypto/crypto.h"
#include "net/lend.h"
#include "state/rows.h"
#include <stdio.h>
#include <stdlib.h>

enum { PROOF_MAX = 1 << 30 };

void pvn_program_key(uint8_t key32[32], const pvn_lend *l,
                     const pvn_heard_request *r)
{
    const char *uri = *r->program_uri ? r->program_uri : r->program_url;
    pvn_keccak k;

    pvn_keccak_init(&k);
    pvn_keccak_add(&k, l->w->server, strlen(l->w->server) + 1);
    pvn_keccak_add(&k, r->vk_hash32, sizeof r->vk_hash32);
    pvn_keccak_add(&k, uri, strlen(uri));
    pvn_keccak_end(&k, key32);
}

/* ---- making ---- */

static char *params_of(const pvn_heard_request *r, char *buf, size_t cap)
{
    pvn_buf b = { 0 };

    pvn_buf_format(&b,
                   "{\"mode\":%d,\"cycle_limit\":\"%llu\","
                   "\"gas_limit\":\"%llu\",\"version\":",
                   r->mode, (unsigned long long)r->cycle_limit,
                   (unsigned long long)r->gas_limit);
    pvn_buf_json(&b, r->version, strlen(r->version));
    pvn_buf_add(&b, "}", 2);
    if (!b.failed && b.len <= cap)
        memcpy(buf, b.data, b.len);
    else
        memcpy(buf, "{}", 3);
    pvn_buf_free(&b);
    return buf;
}

/* The same sheet that a lease of our own wire is, so that all that works on
 * jobs works on these. name: the gas units. */
provernet_job *pvn_lend_job(pvn_lend *l, const pvn_heard_request *r,
                            const char *kind, int64_t estimate_ms)
{
    pvn_wire_lease lease = PROVERNET__WORKER__V1__LEASE__INIT;
    pvn_wire_input program, input, *inputs[] = { &program, &input };
    uint64_t units = r->gas_limit ? r->gas_limit : r->cycle_limit;
    uint8_t key32[32];
    char params[512], name[24];
    pvn_program_size known;
    provernet_job *j;

    provernet__worker__v1__input__init(&program);
    provernet__worker__v1__input__init(&input);
    pvn_program_key(key32, l, r);
    if (pvn_lend_size(l, key32, &known))
        program.raw_bytes = known.bytes;
    program.id = pvn_wire_data(r->vk_hash32, 32);
    program.digest = pvn_wire_data(key32, 32); /* what the cache calls it */
    program.path = (char *)(uintptr_t)r->program_url;
    input.path = (char *)(uintptr_t)r->stdin_url;
    input.type = r->stdin_private ? PVN_TYPE_PRIVATE_STDIN : PVN_TYPE_STDIN;
    snprintf(name, sizeof name, "%llu", (unsigned long long)units);
    lease.task = pvn_wire_data(r->id32, 16);
    lease.request = pvn_wire_data(r->id32, 32);
    lease.kind = (char *)(uintptr_t)kind;
    lease.name = name;
    lease.attempt = 1;
    lease.deadline_ms = r->deadline_s > (uint64_t)INT64_MAX / 2000
                            ? INT64_MAX / 2
                            : (int64_t)r->deadline_s * 1000;
    lease.params = pvn_wire_data(params_of(r, params, sizeof params), 0);
    lease.params.len = strlen(params);
    lease.input = inputs;
    lease.n_input = 2;
    j = pvn_job_new(l->w, &lease);
    if (j)
        j->estimate_ms = estimate_ms;
    return j;
}

/* ---- handing in ---- */

typedef struct fulfilment {
    const uint8_t *id32, *domain32;
    pvn_bytes proof;
} fulfilment;

static void fulfilment_body(pvn_buf *b, uint64_t nonce, const void *what)
{
    const fulfilment *f = what;

    pvn_ask_fulfill(b, nonce, f->id32, f->proof, f->domain32);
}

/* The one output, in memory; *owned is freed by the caller. */
static provernet_status proof_of(provernet_job *j, pvn_bytes *proof,
                                 uint8_t **owned, provernet_error *err)
{
    uint64_t len;
    int fd;

    *owned = NULL;
    if (!j->outputs || j->outputs->next || j->children)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "a job of a network has one output, the proof");
    if (pvn_blob_output_bytes(j->outputs->blob, proof, &fd, &len))
        return PROVERNET_OK;
    if (len > PROOF_MAX)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "a proof of %llu bytes cannot be sent",
                        (unsigned long long)len);
    *owned = malloc((size_t)len + 1);
    if (!*owned)
        return pvn_nomem(err);
    *proof = pvn_bytes_of(*owned, (size_t)len);
    return pvn_lend_read_fd(&fd, *owned, (size_t)len, 0, err);
}

/* The answer to an earlier try may have been lost. */
static bool fulfilled_already(provernet_job *j)
{
    pvn_arena a = { 0 };
    pvn_heard_request r;
    bool yes;

    yes = pvn_lend_details(j->w->lend, PVN_LEND_SEND, pvn_lend_request_of(j),
                           &a, &r, NULL) == PROVERNET_OK &&
          r.fulfillment == PVN_NET_FULFILLED &&
          memcmp(r.fulfiller20, j->w->lend->prover20, 20) == 0;
    pvn_arena_free(&a);
    return yes;
}

/* What a refusal means: the proof is bad, the request is not ours, or else. */
static provernet_status refused(const provernet_error *why,
                                provernet_error *err)
{
    switch (why->cause) {
    case 3: /* INVALID_ARGUMENT */
        return pvn_fail(err, PROVERNET_ERR_PROOF, why->cause,
                        "the network refuses the proof: %s", why->message);
    case 5: /* NOT_FOUND */
    case 7: /* PERMISSION_DENIED */
    case 9: /* FAILED_PRECONDITION */
        return pvn_fail(err, PROVERNET_ERR_LEASE, why->cause,
                        "the request is no longer ours: %s", why->message);
    default:
        return pvn_error_copy(err, why);
    }
}

provernet_status pvn_lend_hand_in(provernet_job *j, provernet_error *err)
{
    pvn_lend *l = j->w->lend;
    int64_t now = pvn_now_ms(&j->w->env);
    fulfilment f = { .id32 = pvn_lend_request_of(j), .domain32 = l->domain32 };
    provernet_error why = { 0 };
    pvn_buf answer = { 0 };
    provernet_status rc;
    uint8_t *owned;

    pvn_lend_learn(l, j, now - (j->fetched_ms ? j->fetched_ms : j->started_ms));
    rc = proof_of(j, &f.proof, &owned, err);
    if (rc) {
        free(owned);
        return rc;
    }
    rc = pvn_lend_signed(l, PVN_LEND_SEND, PVN_ASK_PATH("FulfillProof"),
                         fulfilment_body, &f, now + pvn_job_left(j), &answer,
                         NULL, &why);
    pvn_buf_free(&answer);
    free(owned);
    if (rc && why.cause > 0 && fulfilled_already(j))
        rc = PROVERNET_OK;
    if (rc)
        rc = refused(&why, err);
    /* Not proved a second time, whatever a list shows until it is verified. */
    pvn_lend_skip(l, f.id32, j->lease->deadline_ms);
    if (rc == PROVERNET_OK)
        pvn_lend_tell(l, PVN_INFO, "network.fulfilled", f.id32,
                      "proved in %lld.%03lld s",
                      (long long)((now - j->started_ms) / 1000),
                      (long long)((now - j->started_ms) % 1000));
    else if (rc == PROVERNET_ERR_PROOF)
        (void)pvn_lend_refuse(l, PVN_LEND_SEND, f.id32,
                              PVN_NET_VERIFICATION_FAILURE,
                              now + pvn_job_left(j), NULL);
    return rc;
}

/* ---- giving up ---- */

provernet_status pvn_lend_give_up(provernet_job *j, int blame, const char *why,
                                  provernet_error *err)
{
    const uint8_t *id32 = pvn_lend_request_of(j);
    pvn_lend *l = j->w->lend;
    int error = j->refusal                         ? j->refusal
                : blame == PROVERNET_BLAME_INPUT   ? PVN_NET_EXECUTION_FAILURE
                : blame == PROVERNET_BLAME_ATTEMPT ? PVN_NET_PROVING_FAILURE
                                                   : PVN_NET_NO_ERROR;

    pvn_lend_skip(l, id32, j->lease->deadline_ms);
    if (atomic_load(&j->gone)) {
        pvn_lend_tell(l, PVN_INFO, "network.gone", id32,
                      "it was cancelled or settled meanwhile");
        return PROVERNET_OK;
    }
    pvn_lend_tell(l, PVN_WARN, "network.given_up", id32, "%s",
                  why ? why : "no reason given");
    return pvn_lend_refuse(l, PVN_LEND_SEND, id32, error,
                           pvn_now_ms(&j->w->env) + pvn_job_left(j), err);
}
