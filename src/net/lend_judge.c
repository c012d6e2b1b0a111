/* net/lend_judge.c - which requests of a network this machine should bid for,
 * and at what price: kind, time, money; memory is lend_memory.c's. Includes
 * lend.h, net/fetch.h, prove/kinds.h.
 *
 * Winning what cannot be proved in time costs the prover its name and perhaps
 * its stake, so every doubt is a no. */
#include "net/fetch.h"
#include "net/lend.h"
#include "prove/kinds.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    CAUTIOUS_SPEED = 4 << 20, /* bytes in a second, until measured */
    START_MS = 300,           /* of any job */
    LEARN_BYTES = 1 << 20,    /* smaller ones tell more about the start */
    LEARN_UNITS = 1000000,
    LOOK_AGAIN_MS = 30000,
    SIZE_KEPT_MS = 3600000
};

bool pvn_lend_takes(const pvn_lend *l, const char *kind)
{
    const char *at = l->w->kinds;
    size_t len = strlen(kind);

    while (*at) {
        size_t n;

        at += strspn(at, ", ");
        n = strcspn(at, ", ");
        if ((n == 1 && *at == '*') || (n == len && memcmp(at, kind, len) == 0))
            return true;
        at += n;
    }
    return false;
}

/* ---- kind ---- */

static provernet_status ask_family(pvn_lend *l, const uint8_t vk_hash32[32],
                                   bool *circuit, provernet_error *err)
{
    enum { NOT_FOUND = 5, UNIMPLEMENTED = 12 };
    pvn_buf ask = { 0 }, answer = { 0 };
    provernet_error why = { 0 };
    provernet_status rc;
    pvn_family *f;

    for (size_t i = 0; i < PVN_SIZES_MAX; i++) {
        f = &l->family[i];
        *circuit = f->circuit;
        if (f->known && memcmp(f->vk_hash32, vk_hash32, 32) == 0)
            return PROVERNET_OK;
    }
    *circuit = false;
    pvn_ask_program(&ask, vk_hash32);
    rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("GetProgram"), &ask,
                       &answer, &why);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_circuit(pvn_bytes_of(answer.data, answer.len), vk_hash32,
                              circuit, &why);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    if (rc && why.cause != NOT_FOUND && why.cause != UNIMPLEMENTED)
        return pvn_error_copy(err, &why);
    f = &l->family[l->next_family];
    l->next_family = (l->next_family + 1) % PVN_SIZES_MAX;
    f->known = true;
    f->circuit = *circuit;
    memcpy(f->vk_hash32, vk_hash32, 32);
    return PROVERNET_OK;
}

provernet_status pvn_lend_kind(pvn_lend *l, const pvn_heard_request *r,
                               char kind[64], provernet_error *err)
{
    enum { GROTH16 = 4 };
    provernet_status rc = PROVERNET_OK;
    bool circuit = false;

    if (!pvn_ask_kind(kind, r->version, r->mode))
        kind[0] = '\0';
    if (r->mode == GROTH16 && strcmp(kind, "groth16/bn254@1") != 0)
        rc = ask_family(l, r->vk_hash32, &circuit, err);
    if (circuit)
        snprintf(kind, 64, "groth16/bn254@1");
    if (rc == PROVERNET_OK && !kind[0])
        rc = pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                      "version \"%.40s\" in mode %d is unknown here",
                      r->version, r->mode);
    return rc;
}

/* Prover gas units that a request may cost; 0: it names no usable number. */
static uint64_t units_of(const pvn_heard_request *r)
{
    uint64_t units = r->gas_limit ? r->gas_limit : r->cycle_limit;

    return units == UINT64_MAX ? 0 : units;
}

static bool is_circuit(const char *kind)
{
    const pvn_kind *k = pvn_kind_find(kind);

    return k && k->memory;
}

/* Whole milliseconds of work / speed, without overflow. */
static int64_t ms_of(double work, double speed)
{
    double ms = speed > 0 ? work / speed * 1000 : 0;

    return ms < 1 ? 1 : ms > 1e15 ? (int64_t)1e15 : (int64_t)ms;
}

int64_t pvn_lend_estimate(pvn_lend *l, const pvn_heard_request *r,
                          const char *kind, uint64_t program_bytes)
{
    double speed, load;
    pvn_program_size known;
    uint8_t key32[32];
    bool here;

    if (!is_circuit(kind)) {
        pthread_mutex_lock(&l->w->lock);
        speed = l->throughput;
        pthread_mutex_unlock(&l->w->lock);
        return speed > 0 && units_of(r)
                   ? START_MS + ms_of((double)units_of(r), speed)
                   : 0;
    }
    pvn_program_key(key32, l, r);
    known = (pvn_program_size){ .bytes = 0 };
    here = pvn_lend_size(l, key32, &known) && known.fetched;
    if (!program_bytes)
        program_bytes = known.bytes;
    pthread_mutex_lock(&l->w->lock);
    speed = l->key_speed > 0 ? l->key_speed : CAUTIOUS_SPEED;
    load = l->load_speed > 0 ? l->load_speed : CAUTIOUS_SPEED;
    pthread_mutex_unlock(&l->w->lock);
    return START_MS + ms_of((double)program_bytes, speed) +
           (here ? 0 : ms_of((double)program_bytes, load));
}

/* A quarter of what is new: one odd job changes little. */
static void blend(double *speed, double work, int64_t ms)
{
    double now = work * 1000 / (double)(ms > 0 ? ms : 1);

    *speed = *speed > 0 ? *speed * 0.75 + now * 0.25 : now;
}

void pvn_lend_learn(pvn_lend *l, const provernet_job *j, int64_t took_ms)
{
    uint64_t bytes = j->lease->n_input ? j->input[0].bytes : 0;
    uint64_t units = strtoull(j->lease->name, NULL, 10);

    pthread_mutex_lock(&l->w->lock);
    if (is_circuit(j->lease->kind) && bytes >= LEARN_BYTES)
        blend(&l->key_speed, (double)bytes, took_ms);
    else if (!is_circuit(j->lease->kind) && units >= LEARN_UNITS)
        blend(&l->throughput, (double)units, took_ms);
    pthread_mutex_unlock(&l->w->lock);
}

/* ---- size ---- */

/* The program's length, asked for once. */
static provernet_status find_size(pvn_lend *l, const pvn_heard_request *r,
                                  uint64_t *bytes, provernet_error *err)
{
    int64_t now = pvn_now_ms(&l->w->env);
    provernet_error mine = { 0 };
    pvn_program_size s = { .bytes = 0 };

    pvn_program_key(s.key32, l, r);
    if (!pvn_lend_size(l, s.key32, &s)) {
        if (pvn_fetch_length(l->w, r->program_url, l->ca_file, &s.bytes, &mine))
            s.bytes = 0;
        s.until_ms = now + (s.bytes ? SIZE_KEPT_MS : LOOK_AGAIN_MS);
        pvn_lend_size_keep(l, &s);
    }
    *bytes = s.bytes;
    return s.bytes ? PROVERNET_OK
                   : pvn_fail(err, PROVERNET_AGAIN, 0,
                              "the size of its program cannot be found out%s%s",
                              mine.status ? ": " : "", mine.message);
}

/* ---- time ---- */

/* What is in hand and what may still be won. */
static int64_t queue_ms(pvn_lend *l)
{
    int64_t now = pvn_now_ms(&l->w->env), sum = 0;

    pthread_mutex_lock(&l->w->lock);
    for (const provernet_job *j = l->w->jobs; j; j = j->next) {
        int64_t left = j->estimate_ms - (now - j->started_ms);

        sum += j->in_slot && left > 0 ? left : 0;
    }
    for (size_t i = 0; i < l->bids; i++)
        sum += l->bid[i].estimate_ms;
    pthread_mutex_unlock(&l->w->lock);
    return sum / (l->w->slots ? l->w->slots : 1);
}

static provernet_status check_time(pvn_lend *l, const pvn_heard_request *r,
                                   const pvn_offer *offer, provernet_error *err)
{
    int64_t now_s = pvn_now_ms(&l->w->env) / 1000, need, left;

    left =
        r->deadline_s > (uint64_t)now_s ? (int64_t)(r->deadline_s) - now_s : 0;
    if (r->deadline_s > (uint64_t)INT64_MAX / 2000)
        left = INT64_MAX / 2000; /* as good as never */
    need = queue_ms(l) + offer->estimate_ms;
    need = need > INT64_MAX / 20000 ? INT64_MAX / 2 : need * l->margin / 100;
    if (need <= left * 1000)
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_EXPIRED, 0,
                    "it would take %lld s here with what is in hand (and a "
                    "margin), its deadline is in %lld s",
                    (long long)(need / 1000), (long long)left);
}

/* ---- price ---- */

/* What the time costs, in wei for each unit. 0: it cannot be said. */
static uint64_t price_of_time(const pvn_lend *l, int64_t estimate_ms,
                              uint64_t units)
{
    double usd = l->usd_per_hour * (double)estimate_ms / 3600000.0;
    double wei;

    if (!(l->prove_usd > 0) || units == 0)
        return 0;
    wei = usd / l->prove_usd * 1e18 / (double)units;
    return wei >= 1e18 ? UINT64_MAX : (uint64_t)wei + 1;
}

/* Never below what we ask: up to the network's step and floor. */
static uint64_t round_up(const pvn_lend *l, const pvn_heard_request *r,
                         uint64_t price)
{
    uint64_t tick = l->params.tick, over;

    if (price < l->params.floor_price)
        price = l->params.floor_price;
    if (price < r->floor_price)
        price = r->floor_price;
    over = tick > 1 ? price % tick : 0;
    if (over == 0)
        return price;
    return price > UINT64_MAX - tick ? UINT64_MAX : price + (tick - over);
}

static provernet_status set_price(pvn_lend *l, const pvn_heard_request *r,
                                  pvn_offer *offer, provernet_error *err)
{
    uint64_t price = l->fixed_price
                         ? l->price
                         : price_of_time(l, offer->estimate_ms, units_of(r));

    if (price == 0 && !l->fixed_price)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        units_of(r) ? "the price of PROVE is not known"
                                    : "it names no gas limit: no price per "
                                      "unit can pay for the time");
    offer->price = round_up(l, r, price);
    if (offer->price == UINT64_MAX ||
        (r->priced && offer->price > r->max_price))
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "it pays at most %llu wei per unit, we ask %llu",
                        (unsigned long long)r->max_price,
                        (unsigned long long)offer->price);
    return PROVERNET_OK;
}

/* ---- all of it ---- */

static provernet_status check_form(pvn_lend *l, const pvn_heard_request *r,
                                   pvn_offer *offer, provernet_error *err)
{
    provernet_status rc;

    if (r->fulfillment != PVN_NET_REQUESTED || r->cancelled ||
        r->execution == PVN_NET_UNEXECUTABLE)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0, "it is no longer open");
    rc = pvn_lend_kind(l, r, offer->kind, err);
    if (rc)
        return rc;
    if (!pvn_lend_takes(l, offer->kind))
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "%s is not among worker.kinds", offer->kind);
    if (!*r->program_url || (!*r->stdin_url && !r->stdin_private))
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the network gives no address of its program or input");
    return PROVERNET_OK;
}

static provernet_status estimate(pvn_lend *l, const pvn_heard_request *r,
                                 pvn_offer *offer, provernet_error *err)
{
    bool idea;

    offer->estimate_ms =
        pvn_lend_estimate(l, r, offer->kind, offer->program_bytes);
    if (offer->estimate_ms)
        return PROVERNET_OK;
    pthread_mutex_lock(&l->w->lock);
    idea = l->throughput > 0;
    pthread_mutex_unlock(&l->w->lock);
    return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                    idea ? "it names no gas limit: its time cannot be estimated"
                         : "how fast programs are proved here is not known\n"
                           "help: set network.throughput");
}

provernet_status pvn_lend_judge(pvn_lend *l, const pvn_heard_request *r,
                                pvn_offer *offer, provernet_error *err)
{
    provernet_status rc;

    memset(offer, 0, sizeof *offer);
    rc = check_form(l, r, offer, err);
    if (rc == PROVERNET_OK && is_circuit(offer->kind))
        rc = find_size(l, r, &offer->program_bytes, err);
    if (rc == PROVERNET_OK)
        rc = pvn_lend_fits(l, offer->kind, offer->program_bytes, err);
    if (rc == PROVERNET_OK)
        rc = estimate(l, r, offer, err);
    if (rc == PROVERNET_OK)
        rc = set_price(l, r, offer, err);
    return rc ? rc : check_time(l, r, offer, err);
}
