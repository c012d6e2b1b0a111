/* net/lend_meet.c - what a network says of us and of itself: for which prover
 * our key acts, its domain, step and floor, a suspension, the price of PROVE;
 * and what we say of ourselves.
 * Includes lend.h, crypto/. */
#include "net/lend.h"
#include "crypto/crypto.h"

enum {
    MEET_MS = 600000, /* asked again */
    STATUS_MS = 60000
};

static provernet_status ask_owner(pvn_lend *l, provernet_error *err)
{
    pvn_buf ask = { 0 }, answer = { 0 };
    char want[43], have[43], key[43];
    uint8_t owner[20];
    provernet_status rc;

    pvn_ask_address(&ask, l->signer20);
    rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("GetOwner"), &ask, &answer,
                       err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_owner(pvn_bytes_of(answer.data, answer.len), owner, err);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    if (rc)
        return rc;
    if (l->named && memcmp(owner, l->prover20, 20) != 0) {
        pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                 "for the network, key %s acts for %s and not for %s\n"
                 "help: let the prover's owner delegate to the key",
                 pvn_address_text(key, l->signer20),
                 pvn_address_text(have, owner),
                 pvn_address_text(want, l->prover20));
        return pvn_lend_end(l, err);
    }
    if (!l->named) { /* from now on it stays so */
        pthread_mutex_lock(&l->w->lock);
        memcpy(l->prover20, owner, 20);
        pthread_mutex_unlock(&l->w->lock);
    }
    l->named = true;
    return PROVERNET_OK;
}

static provernet_status ask_params(pvn_lend *l, provernet_error *err)
{
    enum { GROTH16 = 4, UNIMPLEMENTED = 12 };
    pvn_buf ask = { 0 }, answer = { 0 };
    char want[65], have[65];
    provernet_error why = { 0 };
    pvn_heard_params p;
    provernet_status rc;

    pvn_ask_params(&ask, GROTH16);
    rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("GetProofRequestParams"),
                       &ask, &answer, &why);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_params(pvn_bytes_of(answer.data, answer.len), &p, &why);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    if (rc && why.cause == UNIMPLEMENTED)
        return PROVERNET_OK; /* no steps, no floor */
    if (rc)
        return pvn_error_copy(err, &why);
    if (p.has_domain && memcmp(p.domain32, l->domain32, 32) != 0) {
        pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                 "the network's domain is 0x%.16s..., we sign for 0x%.16s...\n"
                 "help: set network.domain if it is the network you mean",
                 pvn_hex(have, p.domain32, 32), pvn_hex(want, l->domain32, 32));
        return pvn_lend_end(l, err);
    }
    l->params = p;
    return PROVERNET_OK;
}

/* Best effort: not every network tells. */
void pvn_lend_status(pvn_lend *l)
{
    enum { UNIMPLEMENTED = 12 };
    pvn_buf ask = { 0 }, answer = { 0 };
    int64_t now = pvn_now_ms(&l->w->env), until;
    provernet_error err = { 0 };
    provernet_status rc;
    uint64_t until_s = 0;

    if (l->no_status)
        return;
    pvn_ask_address(&ask, l->prover20);
    rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("GetProverStatus"), &ask,
                       &answer, &err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_suspension(pvn_bytes_of(answer.data, answer.len),
                                 &until_s, &err);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    l->no_status = rc && err.cause == UNIMPLEMENTED;
    if (rc || until_s <= (uint64_t)now / 1000)
        return;
    /* It may be lifted: asked again in a minute. */
    until = until_s * 1000 > (uint64_t)now + STATUS_MS
                ? now + STATUS_MS
                : (int64_t)until_s * 1000;
    if (l->calm_ms < now)
        pvn_lend_tell(l, PVN_WARN, "network.suspended", NULL,
                      "the network suspended the prover for %llu s more: no "
                      "bids until then",
                      (unsigned long long)(until_s - (uint64_t)now / 1000));
    l->calm_ms = until;
}

static void ask_prove_price(pvn_lend *l)
{
    pvn_buf ask = { 0 }, answer = { 0 };
    provernet_error err = { 0 };
    provernet_status rc;
    double usd = 0;

    if (l->fixed_price)
        return;
    rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("GetProvePrice"), &ask,
                       &answer, &err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_prove_price(pvn_bytes_of(answer.data, answer.len), &usd,
                                  &err);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    if (rc)
        pvn_lend_tell(l, PVN_WARN, "network.price", NULL,
                      "the network does not tell the price of PROVE: %.120s\n"
                      "help: set network.bid instead of network.usd_per_hour",
                      err.message);
    else
        l->prove_usd = usd;
}

static provernet_status send_report(pvn_lend *l, provernet_error *err)
{
    pvn_buf body = { 0 }, message = { 0 }, answer = { 0 };
    provernet_status rc;
    uint64_t units;

    pthread_mutex_lock(&l->w->lock);
    units = (uint64_t)l->throughput;
    pthread_mutex_unlock(&l->w->lock);
    pvn_ask_report(&body, l->domain32, l->prover20, provernet_version(),
                   l->w->kinds, units);
    rc = body.failed ? pvn_nomem(err)
                     : pvn_ask_sign(&message, l->w->key,
                                    pvn_bytes_of(body.data, body.len), err);
    if (rc == PROVERNET_OK)
        rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("ReportProverInfo"),
                           &message, &answer, err);
    pvn_buf_free(&body);
    pvn_buf_free(&message);
    pvn_buf_free(&answer);
    return rc;
}

/* What we are, as provers in production say it; nothing depends on it. */
static void report(pvn_lend *l)
{
    enum { UNIMPLEMENTED = 12 };
    provernet_error err = { 0 };

    if (l->no_report || send_report(l, &err) == PROVERNET_OK)
        return;
    l->no_report = err.cause == UNIMPLEMENTED;
    if (!l->no_report)
        pvn_lend_tell(l, PVN_WARN, "network.report", NULL,
                      "the network does not take our ReportProverInfo: %.160s",
                      err.message);
}

provernet_status pvn_lend_meet(pvn_lend *l, provernet_error *err)
{
    int64_t now = pvn_now_ms(&l->w->env);
    bool first = l->met_ms == 0;
    provernet_status rc;
    char text[43];

    if (!first && now < l->met_ms + MEET_MS)
        return PROVERNET_OK;
    rc = ask_owner(l, err);
    if (rc == PROVERNET_OK)
        rc = ask_params(l, err);
    if (rc)
        return rc;
    pvn_lend_status(l);
    ask_prove_price(l);
    report(l);
    l->met_ms = now;
    if (!first)
        return PROVERNET_OK;
    pvn_lend_tell(l, PVN_INFO, "network.joined", NULL,
                  "bidding at %.150s for prover %s", l->w->server,
                  pvn_address_text(text, l->prover20));
    pvn_lend_tell_memory(l);
    return PROVERNET_OK;
}
