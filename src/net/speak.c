/* net/speak.c - a worker's session: hello, sealed messages, repeating what
 * was not answered. */
#include "net/inside.h"
#include "crypto/crypto.h"
#include <time.h>

enum { BACK_OFF_MS = 250, BACK_OFF_MAX_MS = 30000, HELLO_MS = 15000 };
enum { BUSY_MS = 100 };

bool pvn_worker_pause(provernet_worker *w, int64_t ms)
{
    int64_t until = pvn_now_ms(&w->env) + ms;
    struct timespec at = { .tv_sec = (time_t)(until / 1000),
                           .tv_nsec = (long)(until % 1000) * 1000000L };
    bool go_on;

    pthread_mutex_lock(&w->lock);
    while (!w->closing && pvn_now_ms(&w->env) < until)
        pthread_cond_timedwait(&w->changed, &w->lock, &at);
    go_on = !w->closing;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

void pvn_worker_note_error(provernet_worker *w, const provernet_error *e)
{
    pthread_mutex_lock(&w->lock);
    w->last = *e;
    if (e->status == PROVERNET_ERR_CONNECT ||
        e->status == PROVERNET_ERR_TIMEOUT)
        w->connected = false;
    pthread_mutex_unlock(&w->lock);
}

provernet_status pvn_worker_end(provernet_worker *w, const provernet_error *e)
{
    pthread_mutex_lock(&w->lock);
    if (!w->ended)
        w->final = *e;
    w->ended = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return e->status;
}

static bool final_refusal(provernet_status s)
{
    return s == PROVERNET_ERR_PERMISSION || s == PROVERNET_ERR_UNSUPPORTED ||
           s == PROVERNET_ERR_STATE || s == PROVERNET_ERR_INVALID;
}

/* ---- hello ---- */

/* Send, receive, open. `keys` seals the message and must seal the answer when
 * that says OK. */
static provernet_status hello_step(provernet_worker *w, unsigned lane,
                                   pvn_wire_ask *ask,
                                   const pvn_session_keys *keys, pvn_arena *a,
                                   pvn_wire_answer **out, provernet_error *err)
{
    pvn_wire_seal up = { .lane = 0 }, down = { .lane = 0 };
    pvn_wire_envelope *e;
    pvn_buf bytes = { 0 };
    provernet_status rc;
    pvn_bytes message;

    if (keys) {
        up.session = down.session = keys->id;
        up.key = keys->up;
        down.key = keys->down;
    }
    message = pvn_wire_pack(a, &ask->base, &up);
    if (!message.data)
        return pvn_nomem(err);
    rc = w->channel->ops->exchange(w->channel, lane, message, HELLO_MS, &bytes,
                                   err);
    e = rc ? NULL : pvn_wire_open(a, pvn_bytes_of(bytes.data, bytes.len), err);
    if (rc == PROVERNET_OK && !e)
        rc = PROVERNET_ERR_CONNECT; /* not our wire: try again later */
    *out = e ? pvn_wire_open_answer(a, e, err) : NULL;
    if (rc == PROVERNET_OK && !*out)
        rc = PROVERNET_ERR_CONNECT;
    pvn_buf_free(&bytes);
    if (rc)
        return rc;
    if ((*out)->status)
        return pvn_fail(err, (*out)->status, 0, "%s", (*out)->message);
    if (keys && !pvn_wire_sealed(e, &down))
        return pvn_fail(err, PROVERNET_ERR_CONNECT, 0,
                        "the server's welcome is not sealed by its key");
    return PROVERNET_OK;
}

static provernet_status
get_challenge(provernet_worker *w, unsigned lane, pvn_arena *a,
              Provernet__Worker__V1__ChallengeAnswer **ch, provernet_error *err)
{
    Provernet__Worker__V1__ChallengeAsk challenge =
        PROVERNET__WORKER__V1__CHALLENGE_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    pvn_wire_answer *answer;
    provernet_status rc;

    challenge.version_min = challenge.version_max = PVN_WIRE_VERSION;
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_CHALLENGE;
    ask.challenge = &challenge;
    rc = hello_step(w, lane, &ask, NULL, a, &answer, err);
    if (rc)
        return rc;
    *ch = answer->challenge;
    if (!*ch || (*ch)->challenge.len != PVN_CHALLENGE_BYTES ||
        (*ch)->server_key.len != 32)
        return pvn_fail(err, PROVERNET_ERR_CONNECT, 0,
                        "the server's challenge is malformed");
    return PROVERNET_OK;
}

/* The leases in hand, so that a new session knows them. */
static bool fill_held(provernet_worker *w, pvn_arena *a, size_t *n,
                      pvn_wire_held ***out)
{
    size_t len = 0;
    bool ok = true;

    *n = 0;
    pthread_mutex_lock(&w->lock);
    for (provernet_job *j = w->jobs; j; j = j->next)
        len++;
    *out = pvn_arena_alloc(a, len * sizeof **out);
    for (provernet_job *j = w->jobs; j && *out && ok; j = j->next) {
        pvn_wire_held *h = pvn_arena_alloc(a, sizeof *h);
        uint8_t *id = pvn_arena_copy(a, j->task.bytes, 16);
        char *stage = pvn_arena_text(a, j->stage);

        ok = h && id && stage;
        if (!ok)
            break;
        provernet__worker__v1__held__init(h);
        h->task = pvn_wire_data(id, 16);
        h->attempt = j->lease->attempt;
        h->permille = (uint32_t)j->permille;
        h->stage = stage;
        (*out)[(*n)++] = h;
    }
    pthread_mutex_unlock(&w->lock);
    return *out && ok;
}

static provernet_status
sign_hello(provernet_worker *w,
           const Provernet__Worker__V1__ChallengeAnswer *ch,
           pvn_session_keys *keys, uint8_t open32[32], uint8_t sig65[65],
           provernet_error *err)
{
    char text[PVN_HELLO_TEXT_MAX];
    pvn_exchange_key mine;
    provernet_status rc;
    size_t len;

    pvn_exchange_key_new(&mine, &w->env);
    memcpy(open32, mine.open, 32);
    rc =
        pvn_session_derive(keys, &mine, ch->server_key.data, ch->challenge.data,
                           ch->server_key.data, mine.open, err);
    pvn_wipe(&mine, sizeof mine);
    if (rc)
        return rc;
    len = pvn_hello_text(text, ch->challenge.data, ch->server_key.data, open32);
    return provernet_sign(w->key, sig65, text, len, err);
}

static provernet_status say_hello(provernet_worker *w, unsigned lane,
                                  pvn_arena *a, pvn_session_keys *keys,
                                  pvn_wire_answer **answer,
                                  provernet_error *err)
{
    Provernet__Worker__V1__ChallengeAnswer *ch;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    pvn_wire_hello hello = PROVERNET__WORKER__V1__HELLO_ASK__INIT;
    uint8_t open32[32], sig65[65];
    provernet_status rc;

    rc = get_challenge(w, lane, a, &ch, err);
    if (rc == PROVERNET_OK)
        rc = sign_hello(w, ch, keys, open32, sig65, err);
    if (rc)
        return rc;
    hello.version = ch->version;
    hello.challenge = ch->challenge;
    hello.server_key = ch->server_key;
    hello.worker_key = pvn_wire_data(open32, 32);
    hello.signature = pvn_wire_data(sig65, 65);
    hello.instance = pvn_wire_data(w->instance, sizeof w->instance);
    hello.name = w->name;
    hello.kinds = w->kinds;
    hello.devices = "[]";
    hello.software = w->software;
    hello.slots = w->slots;
    hello.memory_bytes = w->memory;
    if (!fill_held(w, a, &hello.n_held, &hello.held))
        return pvn_nomem(err);
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_HELLO;
    ask.hello = &hello;
    return hello_step(w, lane, &ask, keys, a, answer, err);
}

/* A session, unless another thread made one meanwhile. */
static provernet_status make_session(provernet_worker *w, unsigned lane,
                                     uint64_t epoch, provernet_error *err)
{
    pvn_session_keys keys;
    pvn_wire_answer *answer = NULL;
    pvn_arena a = { 0 };
    provernet_status rc;
    bool there;

    pthread_mutex_lock(&w->hello);
    pthread_mutex_lock(&w->lock);
    there = w->known && w->epoch != epoch;
    pthread_mutex_unlock(&w->lock);
    if (there) {
        pthread_mutex_unlock(&w->hello);
        return PROVERNET_OK;
    }
    rc = say_hello(w, lane, &a, &keys, &answer, err);
    if (rc == PROVERNET_OK) {
        pthread_mutex_lock(&w->lock);
        w->keys = keys;
        memset(w->counter, 0, sizeof w->counter);
        w->epoch++;
        w->known = w->connected = true;
        if (answer->welcome && answer->welcome->beat_ms)
            w->beat_ms = (int64_t)answer->welcome->beat_ms;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
    }
    pthread_mutex_unlock(&w->hello);
    pvn_wipe(&keys, sizeof keys);
    pvn_arena_free(&a);
    return rc;
}

/* ---- messages of a session ---- */

typedef struct message {
    uint64_t epoch, counter;
    pvn_session_keys keys;
    pvn_bytes bytes;
} message;

/* Number and seal `ask` for the session in force. false: there is none. */
static bool seal(provernet_worker *w, unsigned lane, pvn_wire_ask *ask,
                 pvn_arena *a, message *m)
{
    pvn_wire_seal up = { .lane = lane };

    pthread_mutex_lock(&w->lock);
    m->epoch = w->epoch;
    if (!w->known) {
        pthread_mutex_unlock(&w->lock);
        return false;
    }
    m->keys = w->keys;
    m->counter = ++w->counter[lane];
    pthread_mutex_unlock(&w->lock);
    up.session = m->keys.id;
    up.key = m->keys.up;
    up.counter = m->counter;
    m->bytes = pvn_wire_pack(a, &ask->base, &up);
    return true;
}

static void forget_session(provernet_worker *w, uint64_t epoch)
{
    pthread_mutex_lock(&w->lock);
    if (w->epoch == epoch)
        w->known = false;
    pthread_mutex_unlock(&w->lock);
}

typedef enum heard {
    HEARD,       /* an answer of the session */
    HEARD_HELLO, /* the server does not know us */
    HEARD_BUSY,  /* it is being worked on */
    HEARD_NOISE  /* not for us, or damaged */
} heard;

static heard listen(const message *m, unsigned lane, pvn_arena *a,
                    pvn_bytes bytes, pvn_wire_answer **out,
                    provernet_error *err)
{
    pvn_wire_seal down = { m->keys.id, m->keys.down, lane, m->counter };
    pvn_wire_envelope *e = pvn_wire_open(a, bytes, err);

    *out = e ? pvn_wire_open_answer(a, e, err) : NULL;
    if (!*out)
        return HEARD_NOISE;
    if (pvn_wire_sealed(e, &down))
        return (*out)->status == PROVERNET_AGAIN ? HEARD_BUSY : HEARD;
    /* Without a seal only one thing is believed, and it is checked by the
     * new hello. */
    if ((*out)->hello || (*out)->status == PROVERNET_ERR_SIGNATURE)
        return HEARD_HELLO;
    pvn_fail(err, PROVERNET_ERR_CONNECT, 0,
             "an answer of the server is not sealed: %.100s", (*out)->message);
    return HEARD_NOISE;
}

/* One try. AGAIN: try again (a short while later for BUSY). */
static provernet_status try_once(provernet_worker *w, unsigned lane, message *m,
                                 int64_t wait_ms, pvn_arena *a,
                                 pvn_wire_answer **out, provernet_error *err)
{
    pvn_buf bytes = { 0 };
    provernet_status rc;

    if (!m->bytes.data)
        return pvn_nomem(err);
    rc = w->channel->ops->exchange(w->channel, lane, m->bytes, wait_ms, &bytes,
                                   err);
    if (rc) {
        pvn_buf_free(&bytes);
        return rc;
    }
    switch (listen(m, lane, a, pvn_bytes_of(bytes.data, bytes.len), out, err)) {
    case HEARD:
        pthread_mutex_lock(&w->lock);
        w->connected = true;
        pthread_mutex_unlock(&w->lock);
        rc = PROVERNET_OK;
        break;
    case HEARD_HELLO:
        forget_session(w, m->epoch);
        m->counter = 0;
        rc = PROVERNET_AGAIN;
        break;
    case HEARD_BUSY:
        rc = pvn_worker_pause(w, BUSY_MS) ? PROVERNET_AGAIN
                                          : PROVERNET_ERR_CANCELLED;
        break;
    case HEARD_NOISE:
    default:
        rc = PROVERNET_ERR_CONNECT;
        break;
    }
    pvn_buf_free(&bytes);
    return rc;
}

static provernet_status judge_answer(provernet_worker *w,
                                     const pvn_wire_answer *answer,
                                     provernet_error *err)
{
    provernet_status rc = answer->status;

    if (rc == PROVERNET_OK)
        return rc;
    pvn_fail(err, rc, 0, "%s", answer->message);
    /* Replaced by another process: that is for all lanes. */
    if (answer->over) {
        provernet_error e = { .status = rc };

        pvn_fail(&e, rc, 0, "%s", answer->message);
        pvn_worker_end(w, &e);
    }
    return rc;
}

static bool transient(provernet_status s)
{
    return s == PROVERNET_ERR_CONNECT || s == PROVERNET_ERR_TIMEOUT ||
           s == PROVERNET_ERR_UNAVAILABLE || s == PROVERNET_ERR_NOMEM ||
           s == PROVERNET_ERR_SIGNATURE || s == PROVERNET_ERR_LIMIT ||
           s == PROVERNET_ERR_NOT_FOUND || s == PROVERNET_ERR_IO ||
           s == PROVERNET_ERR_INTERNAL || s == PROVERNET_ERR_FORMAT;
}

/* After a failure of the connection: wait a little longer each time. */
static bool back_off(provernet_worker *w, int64_t *delay)
{
    uint8_t dice;
    int64_t ms;

    pvn_random(&w->env, &dice, 1);
    ms = *delay / 2 + *delay * dice / 512;
    *delay = *delay * 2 > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : *delay * 2;
    return pvn_worker_pause(w, ms);
}

static bool closing(provernet_worker *w)
{
    bool yes;

    pthread_mutex_lock(&w->lock);
    yes = w->closing;
    pthread_mutex_unlock(&w->lock);
    return yes;
}

/* With the lane's turn held. */
static provernet_status speak(provernet_worker *w, unsigned lane,
                              pvn_wire_ask *ask, int64_t wait_ms,
                              int64_t give_up_ms, pvn_arena *a,
                              pvn_wire_answer **out, provernet_error *err)
{
    provernet_error e = { 0 };
    int64_t delay = BACK_OFF_MS;
    message m = { 0 };
    provernet_status rc;

    for (;;) {
        if (m.counter == 0 && !seal(w, lane, ask, a, &m)) {
            /* A farewell to a server that does not know us is needless. */
            if (closing(w))
                return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                                "the worker is closing");
            rc = make_session(w, lane, m.epoch, &e);
            if (rc == PROVERNET_OK)
                continue;
            if (final_refusal(rc)) {
                pvn_error_copy(err, &e);
                return pvn_worker_end(w, &e);
            }
        } else {
            rc = try_once(w, lane, &m, wait_ms, a, out, &e);
            if (rc == PROVERNET_OK)
                return judge_answer(w, *out, err);
            if (rc == PROVERNET_AGAIN)
                continue;
            /* A silent connection may be a dead one. */
            if (rc == PROVERNET_ERR_TIMEOUT)
                w->channel->ops->renew(w->channel);
        }
        e.status = rc;
        pvn_worker_note_error(w, &e);
        if (rc == PROVERNET_ERR_CANCELLED || !transient(rc) ||
            (give_up_ms && pvn_now_ms(&w->env) >= give_up_ms) ||
            !back_off(w, &delay))
            return pvn_error_copy(err, &e);
        /* The session may have been lost while we were away. */
        pthread_mutex_lock(&w->lock);
        if (m.counter && w->epoch != m.epoch)
            m.counter = 0;
        pthread_mutex_unlock(&w->lock);
    }
}

provernet_status pvn_speak(provernet_worker *w, unsigned lane,
                           pvn_wire_ask *ask, int64_t wait_ms,
                           int64_t give_up_ms, pvn_arena *a,
                           pvn_wire_answer **out, provernet_error *err)
{
    provernet_status rc;

    pthread_mutex_lock(&w->turn[lane]);
    rc = speak(w, lane, ask, wait_ms, give_up_ms, a, out, err);
    pthread_mutex_unlock(&w->turn[lane]);
    return rc;
}
