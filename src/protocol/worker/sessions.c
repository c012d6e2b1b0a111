/* protocol/worker/sessions.c - see sessions.h. */
#include "protocol/worker/sessions.h"
#include "base/settings.h"
#include <stdlib.h>

enum { SLOT = PVN_PROTOCOL_WORKER, SWEEP_MS = 500 };

static void free_session(pvn_peer *s)
{
    for (int i = 0; i < PVN_WIRE_LANES; i++)
        free(s->lane[i].answer);
    pvn_wipe(&s->keys, sizeof s->keys);
    free(s->held);
    free(s->name);
    free(s->kinds);
    free(s);
}

static void free_table(void *thing)
{
    pvn_sessions *t = thing;

    while (t->first) {
        pvn_peer *s = t->first;

        t->first = s->next;
        free_session(s);
    }
    pvn_map_free(&t->by_id);
    pvn_wipe(&t->key, sizeof t->key);
    pvn_lock_end(&t->lock);
    free(t);
}

static void *make_table(pvn_node *n)
{
    pvn_sessions *t = calloc(1, sizeof *t);
    const pvn_env *env = pvn_node_env(n);

    if (!t)
        return NULL;
    pvn_lock_init(&t->lock);
    t->node = n;
    pvn_exchange_key_new(&t->key, env);
    pvn_random(env, t->challenge_key, sizeof t->challenge_key);
    pvn_random(env, &t->by_id.seed, sizeof t->by_id.seed);
    return t;
}

pvn_sessions *pvn_sessions_of(pvn_node *n)
{
    return pvn_node_slot(n, SLOT, make_table, free_table);
}

pvn_peer *pvn_session_find(pvn_sessions *t, pvn_bytes id)
{
    pvn_peer *s;

    pvn_lock_take(&t->lock);
    s = pvn_map_get(&t->by_id, id.data, id.len);
    if (s)
        s->refs++;
    pvn_lock_give(&t->lock);
    return s;
}

void pvn_session_give(pvn_sessions *t, pvn_peer *s)
{
    bool last;

    if (!s)
        return;
    pvn_lock_take(&t->lock);
    last = --s->refs == 0;
    pvn_lock_give(&t->lock);
    if (last)
        free_session(s);
}

/* With the lock held: out of the table; the table's reference goes. */
static void take_out(pvn_sessions *t, pvn_peer *s)
{
    pvn_map_take(&t->by_id, s->keys.id, sizeof s->keys.id);
    *s->at = s->next;
    if (s->next)
        s->next->at = s->at;
    s->at = NULL;
    if (--s->refs == 0)
        free_session(s);
}

static bool fill(pvn_peer *s, const pvn_session_keys *keys,
                 const pvn_wire_hello *h, const uint8_t addr20[20],
                 int64_t now_ms)
{
    s->keys = *keys;
    memcpy(s->address20, addr20, 20);
    memcpy(s->instance, h->instance.data, PVN_INSTANCE_BYTES);
    s->slots = h->slots;
    s->heard_ms = now_ms;
    s->forget_ms = now_ms + PVN_CHALLENGE_MS;
    s->name = strdup(h->name);
    s->kinds = strdup(h->kinds);
    return s->name && s->kinds;
}

/* With the lock held. */
static bool put_in(pvn_sessions *t, pvn_peer *s)
{
    if (!pvn_map_put(&t->by_id, s->keys.id, sizeof s->keys.id, s))
        return false;
    s->refs = 2;
    s->next = t->first;
    s->at = &t->first;
    if (s->next)
        s->next->at = &s->next;
    t->first = s;
    return true;
}

pvn_peer *pvn_session_new(pvn_sessions *t, const pvn_session_keys *keys,
                          const pvn_wire_hello *h, const uint8_t addr20[20],
                          int64_t now_ms, bool *existed, provernet_error *err)
{
    size_t max = (size_t)pvn_setting_int(pvn_node_options(t->node),
                                         PVN_SET_WORKER_SESSIONS_MAX);
    pvn_peer *s, *made;
    bool full, ok;

    *existed = false;
    made = calloc(1, sizeof *made);
    if (!made || !fill(made, keys, h, addr20, now_ms)) {
        if (made)
            free_session(made);
        pvn_nomem(err);
        return NULL;
    }
    pvn_lock_take(&t->lock);
    s = pvn_map_get(&t->by_id, keys->id, sizeof keys->id);
    full = !s && t->by_id.len >= max;
    ok = s || (!full && put_in(t, made));
    if (s) {
        s->refs++;
        *existed = true;
    }
    pvn_lock_give(&t->lock);
    if (s || !ok)
        free_session(made);
    if (full)
        pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                 "%zu workers are connected, worker.sessions_max is %zu", max,
                 max);
    else if (!ok)
        pvn_nomem(err);
    return s ? s : ok ? made : NULL;
}

/* With the lock held. */
static void end(pvn_sessions *t, pvn_peer *s, provernet_status why,
                int64_t now_ms)
{
    if (s->live)
        t->live--;
    s->live = false;
    s->ended = true;
    s->end_status = why;
    /* A replaced process must hear of it: it may take a while to ask. */
    if (why && s->forget_ms < now_ms + 10 * PVN_CHALLENGE_MS)
        s->forget_ms = now_ms + 10 * PVN_CHALLENGE_MS;
    if (s->forget_ms <= now_ms)
        take_out(t, s);
}

static bool same_worker(const pvn_peer *a, const pvn_peer *b)
{
    return memcmp(a->address20, b->address20, 20) == 0 &&
           strcmp(a->name, b->name) == 0;
}

static bool same_process(const pvn_peer *a, const pvn_peer *b)
{
    return memcmp(a->instance, b->instance, PVN_INSTANCE_BYTES) == 0;
}

/* The new session of a process goes on where its old one was. */
static void inherit(pvn_peer *to, pvn_peer *from)
{
    if (to->held)
        return;
    to->held = from->held;
    to->held_len = from->held_len;
    to->held_cap = from->held_cap;
    from->held = NULL;
    from->held_len = from->held_cap = 0;
}

void pvn_session_welcome(pvn_sessions *t, pvn_peer *s,
                         const provernet_id *worker, int64_t now_ms)
{
    pvn_peer *next;

    pvn_lock_take(&t->lock);
    for (pvn_peer *o = t->first; o; o = next) {
        next = o->next;
        if (o == s || !o->live || !same_worker(o, s))
            continue;
        if (same_process(o, s))
            inherit(s, o);
        end(t, o, same_process(o, s) ? PROVERNET_OK : PROVERNET_ERR_STATE,
            now_ms);
    }
    s->worker = *worker;
    s->heard_ms = now_ms;
    if (!s->live && !s->ended && s->at) {
        s->live = true;
        t->live++;
    }
    pvn_lock_give(&t->lock);
}

bool pvn_session_rival(pvn_sessions *t, const pvn_peer *s, provernet_id *worker)
{
    bool found = false;

    pvn_lock_take(&t->lock);
    for (pvn_peer *o = t->first; o && !found; o = o->next) {
        found = o != s && o->live && same_worker(o, s) && !same_process(o, s);
        if (found)
            *worker = o->worker;
    }
    pvn_lock_give(&t->lock);
    return found;
}

bool pvn_session_known(pvn_sessions *t, const pvn_peer *s)
{
    bool found = false;

    pvn_lock_take(&t->lock);
    for (pvn_peer *o = t->first; o && !found; o = o->next)
        found = o != s && o->live && same_worker(o, s) && same_process(o, s);
    pvn_lock_give(&t->lock);
    return found;
}

void pvn_worker_session_end(pvn_sessions *t, pvn_peer *s, provernet_status why,
                            int64_t now_ms)
{
    pvn_lock_take(&t->lock);
    if (!s->ended)
        end(t, s, why, now_ms);
    pvn_lock_give(&t->lock);
}

bool pvn_session_heard(pvn_sessions *t, pvn_peer *s, int64_t now_ms)
{
    bool live;

    pvn_lock_take(&t->lock);
    live = s->live;
    s->heard_ms = now_ms;
    pvn_lock_give(&t->lock);
    return live;
}

bool pvn_session_ended(pvn_sessions *t, pvn_peer *s)
{
    bool ended;

    pvn_lock_take(&t->lock);
    ended = s->ended;
    pvn_lock_give(&t->lock);
    return ended;
}

void pvn_session_no_more(pvn_sessions *t, pvn_peer *s)
{
    pvn_lock_take(&t->lock);
    s->no_more = true;
    pvn_lock_give(&t->lock);
}

bool pvn_session_fresh(pvn_sessions *t, pvn_peer *s, int64_t now_ms,
                       int64_t within_ms)
{
    bool fresh;

    pvn_lock_take(&t->lock);
    fresh = s->live && !s->no_more && now_ms - s->heard_ms <= within_ms;
    pvn_lock_give(&t->lock);
    return fresh;
}

size_t pvn_sessions_sweep(pvn_sessions *t, int64_t now_ms, int64_t silence_ms,
                          provernet_id *lost, size_t cap)
{
    pvn_peer *next;
    size_t n = 0;

    pvn_lock_take(&t->lock);
    if (now_ms >= t->swept_ms && now_ms - t->swept_ms < SWEEP_MS) {
        pvn_lock_give(&t->lock);
        return 0;
    }
    t->swept_ms = now_ms;
    for (pvn_peer *s = t->first; s && n < cap; s = next) {
        next = s->next;
        if (s->live && now_ms - s->heard_ms > silence_ms) {
            lost[n++] = s->worker;
            end(t, s, PROVERNET_OK, now_ms);
        } else if (!s->live && s->forget_ms <= now_ms) {
            /* ended, or never welcomed */
            take_out(t, s);
        }
    }
    pvn_lock_give(&t->lock);
    return n;
}

pvn_lane_take pvn_lane_enter(pvn_sessions *t, pvn_peer *s, uint32_t lane,
                             uint64_t counter, pvn_arena *a, pvn_bytes *answer)
{
    pvn_lane_take take = PVN_LANE_NEW;
    pvn_lane *l = &s->lane[lane];
    void *copy = NULL;

    pvn_lock_take(&t->lock);
    if (counter < l->counter || counter == 0) {
        take = PVN_LANE_REPLAY;
    } else if (counter == l->counter && l->busy) {
        take = PVN_LANE_BUSY;
    } else if (counter == l->counter && l->answer) {
        copy = pvn_arena_copy(a, l->answer, l->answer_len);
        *answer = pvn_bytes_of(copy, l->answer_len);
        take = copy ? PVN_LANE_AGAIN : PVN_LANE_NOMEM;
    } else {
        free(l->answer);
        l->answer = NULL;
        l->counter = counter;
        l->busy = true;
    }
    pvn_lock_give(&t->lock);
    return take;
}

void pvn_lane_done(pvn_sessions *t, pvn_peer *s, uint32_t lane,
                   uint64_t counter, pvn_bytes answer)
{
    pvn_lane *l = &s->lane[lane];
    uint8_t *copy = malloc(answer.len + 1);

    /* Without memory the message will be done again: all verbs allow it. */
    if (copy && answer.len)
        memcpy(copy, answer.data, answer.len);
    pvn_lock_take(&t->lock);
    if (l->counter == counter && l->busy) {
        l->busy = false;
        l->answer = copy;
        l->answer_len = (uint32_t)answer.len;
        copy = NULL;
    }
    pvn_lock_give(&t->lock);
    free(copy);
}

void pvn_lane_drop(pvn_sessions *t, pvn_peer *s, uint32_t lane,
                   uint64_t counter)
{
    pvn_lane *l = &s->lane[lane];

    pvn_lock_take(&t->lock);
    if (l->counter == counter)
        l->busy = false;
    pvn_lock_give(&t->lock);
}

/* With the lock held. */
static pvn_held *held_of(pvn_peer *s, const provernet_id *task)
{
    for (uint32_t i = 0; i < s->held_len; i++)
        if (pvn_id_equal(&s->held[i].task, task))
            return &s->held[i];
    return NULL;
}

static pvn_held *held_new(pvn_peer *s)
{
    uint32_t cap = s->held_cap ? 2 * s->held_cap : 4;
    pvn_held *grown;

    if (s->held_len < s->held_cap)
        return &s->held[s->held_len++];
    grown = realloc(s->held, cap * sizeof *grown);
    if (!grown)
        return NULL;
    s->held = grown;
    s->held_cap = cap;
    return &s->held[s->held_len++];
}

void pvn_session_hold(pvn_sessions *t, pvn_peer *s, const provernet_id *task,
                      const provernet_id *request, uint64_t attempt)
{
    pvn_held *h;

    pvn_lock_take(&t->lock);
    h = held_of(s, task);
    if (!h)
        h = held_new(s);
    /* Without memory: only the progress of this task stays unknown. */
    if (h)
        *h = (pvn_held){ *task, *request, attempt };
    pvn_lock_give(&t->lock);
}

void pvn_session_unhold(pvn_sessions *t, pvn_peer *s, const provernet_id *task)
{
    pvn_held *h;

    pvn_lock_take(&t->lock);
    h = held_of(s, task);
    if (h)
        *h = s->held[--s->held_len];
    pvn_lock_give(&t->lock);
}

bool pvn_session_request(pvn_sessions *t, pvn_peer *s, const provernet_id *task,
                         provernet_id *request)
{
    pvn_held *h;

    pvn_lock_take(&t->lock);
    h = held_of(s, task);
    if (h)
        *request = h->request;
    pvn_lock_give(&t->lock);
    return h && !pvn_id_none(request);
}

size_t pvn_session_held(pvn_sessions *t, pvn_peer *s)
{
    size_t n;

    pvn_lock_take(&t->lock);
    n = s->held_len;
    pvn_lock_give(&t->lock);
    return n;
}
