/* net/lend_call.c - calls to a network: which failures pass, how long to wait,
 * nonces. Includes lend.h.
 *
 * The codes that pass are those which the network's own clients repeat:
 * UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, ABORTED, and a connection that
 * broke. A nonce that another process used meanwhile comes as ABORTED, or as
 * UNAVAILABLE with words to that effect. */
#include "net/lend.h"
#include "crypto/crypto.h"
#include <stdlib.h>

enum { WAIT_MS = 1000, WAIT_MAX_MS = 30000, NONCE_TRIES = 8 };
enum { SLOWEST = 64 }; /* bytes in a millisecond, of a large proof */
enum { CANCELLED = 1, DEADLINE = 4, ABORTED = 10, INTERNAL = 13, AWAY = 14 };

/* cause: the gRPC code when the network answered. */
static bool answered(const provernet_error *err)
{
    return err->cause > 0;
}

bool pvn_lend_passing(const provernet_error *err)
{
    if (!answered(err))
        return err->status == PROVERNET_ERR_CONNECT ||
               err->status == PROVERNET_ERR_TIMEOUT ||
               err->status == PROVERNET_ERR_NOMEM;
    return err->cause == AWAY || err->cause == DEADLINE ||
           err->cause == INTERNAL || err->cause == ABORTED ||
           err->cause == CANCELLED;
}

static bool nonce_fault(const provernet_error *err)
{
    return err->cause == ABORTED ||
           (err->cause == AWAY && strstr(err->message, "nonce"));
}

provernet_status pvn_lend_call(pvn_lend *l, unsigned line, const char *path,
                               const pvn_buf *message, pvn_buf *answer,
                               provernet_error *err)
{
    int64_t ms = PVN_CALL_MS + (int64_t)(message->len / SLOWEST);

    if (message->failed)
        return pvn_nomem(err);
    answer->len = 0;
    return pvn_grpc_call(l->line[line], path,
                         pvn_bytes_of(message->data, message->len), ms, answer,
                         err);
}

/* Longer each time, never the same. false: the worker closes, or the time is
 * over. */
static bool wait_again(pvn_lend *l, int64_t *delay, int64_t give_up_ms)
{
    int64_t left = give_up_ms - pvn_now_ms(&l->w->env), ms;
    uint8_t dice;

    pvn_random(&l->w->env, &dice, 1);
    ms = *delay / 2 + *delay * dice / 256;
    *delay = *delay * 3 / 2 > WAIT_MAX_MS ? WAIT_MAX_MS : *delay * 3 / 2;
    return ms < left && pvn_worker_pause(l->w, ms);
}

static provernet_status read_nonce(pvn_lend *l, unsigned line, uint64_t *nonce,
                                   provernet_error *err)
{
    pvn_buf ask = { 0 }, answer = { 0 };
    provernet_status rc;

    pvn_ask_address(&ask, l->signer20);
    rc = pvn_lend_call(l, line, PVN_ASK_PATH("GetNonce"), &ask, &answer, err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_nonce(pvn_bytes_of(answer.data, answer.len), nonce, err);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    return rc;
}

/* One try. *sent only when it was on its way. */
static provernet_status sign_and_send(pvn_lend *l, unsigned line,
                                      const char *path, pvn_body_fn *body,
                                      const void *what, pvn_buf *answer,
                                      bool *sent, provernet_error *err)
{
    pvn_buf text = { 0 }, message = { 0 };
    provernet_status rc;
    uint64_t nonce;

    rc = read_nonce(l, line, &nonce, err);
    if (rc == PROVERNET_OK) {
        body(&text, nonce, what);
        rc = text.failed ? pvn_nomem(err)
                         : pvn_ask_sign(&message, l->w->key,
                                        pvn_bytes_of(text.data, text.len), err);
    }
    pvn_buf_free(&text);
    if (rc == PROVERNET_OK) {
        *sent = true;
        rc = pvn_lend_call(l, line, path, &message, answer, err);
    }
    pvn_buf_free(&message);
    return rc;
}

provernet_status pvn_lend_signed(pvn_lend *l, unsigned line, const char *path,
                                 pvn_body_fn *body, const void *what,
                                 int64_t give_up_ms, pvn_buf *answer,
                                 bool *sent, provernet_error *err)
{
    provernet_error mine = { 0 };
    int64_t delay = WAIT_MS;
    bool unused = false;
    provernet_status rc;
    int nonces = 0;

    pthread_mutex_lock(&l->signing);
    for (;;) {
        mine = (provernet_error){ 0 };
        rc = sign_and_send(l, line, path, body, what, answer,
                           sent ? sent : &unused, &mine);
        if (rc == PROVERNET_OK)
            break;
        mine.status = rc;
        /* Another process with our key was faster: read it again, at once. */
        if (nonce_fault(&mine) && ++nonces < NONCE_TRIES)
            continue;
        if (!pvn_lend_passing(&mine) || !wait_again(l, &delay, give_up_ms))
            break;
    }
    pthread_mutex_unlock(&l->signing);
    return rc ? pvn_error_copy(err, &mine) : PROVERNET_OK;
}

provernet_status pvn_lend_details(pvn_lend *l, unsigned line,
                                  const uint8_t id32[32], pvn_arena *a,
                                  pvn_heard_request *r, provernet_error *err)
{
    pvn_buf ask = { 0 }, answer = { 0 };
    provernet_status rc;

    pvn_ask_request(&ask, id32);
    rc = pvn_lend_call(l, line, PVN_ASK_PATH("GetProofRequestDetails"), &ask,
                       &answer, err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_request(a, pvn_bytes_of(answer.data, answer.len), r, err);
    if (rc == PROVERNET_OK && memcmp(r->id32, id32, 32) != 0)
        rc = pvn_fail(err, PROVERNET_ERR_FORMAT, 13,
                      "the network answered about another request");
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    return rc;
}

typedef struct refusal {
    const uint8_t *id32;
    int error;
} refusal;

static void refusal_body(pvn_buf *b, uint64_t nonce, const void *what)
{
    const refusal *r = what;

    pvn_ask_fail(b, nonce, r->id32, r->error);
}

provernet_status pvn_lend_refuse(pvn_lend *l, unsigned line,
                                 const uint8_t id32[32], int error,
                                 int64_t give_up_ms, provernet_error *err)
{
    refusal r = { id32, error };
    provernet_error mine = { 0 };
    pvn_buf answer = { 0 };
    provernet_status rc;

    rc = pvn_lend_signed(l, line, PVN_ASK_PATH("FailFulfillment"), refusal_body,
                         &r, give_up_ms, &answer, NULL, &mine);
    pvn_buf_free(&answer);
    /* Settled already, or no longer ours: there is nothing to give up. */
    if (rc && answered(&mine) && !pvn_lend_passing(&mine))
        rc = PROVERNET_OK;
    return rc ? pvn_error_copy(err, &mine) : PROVERNET_OK;
}
