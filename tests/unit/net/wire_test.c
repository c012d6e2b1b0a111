/* wire_test.c - what a server says to strangers, liars and parrots: messages
 * made by hand and handed to the endpoint. */
#include "net_help.h"
#include "base/env.h"
#include "net/channel.h"
#include "node/call.h"
#include "protocol/worker/wire.h"
#include <time.h>

typedef struct peer {
    net_node *node;
    pvn_channel *channel;
    pvn_arena arena;
    pvn_env env;
    provernet_key *key;
    pvn_session_keys keys;
    uint8_t instance[PVN_INSTANCE_BYTES];
    pvn_wire_envelope *envelope; /* of the last answer */
} peer;

static peer *peer_open(const char *const *pairs)
{
    peer *p = calloc(1, sizeof *p);
    provernet_error err = { 0 };

    assert_non_null(p);
    p->node = net_open(pairs);
    pvn_env_init(&p->env, NULL);
    pvn_random(&p->env, p->instance, sizeof p->instance);
    assert_int_equal(provernet_key_new(&p->key, NULL, &err), 0);
    assert_int_equal(pvn_channel_local(&p->channel, p->node->pn, &err), 0);
    return p;
}

static void peer_close(peer *p)
{
    p->channel->ops->close(p->channel);
    provernet_key_free(p->key);
    pvn_arena_free(&p->arena);
    net_remove(p->node);
    free(p);
}

static pvn_wire_answer *send_bytes(peer *p, pvn_bytes message)
{
    provernet_error err = { 0 };
    pvn_wire_answer *a;
    pvn_buf out = { 0 };
    pvn_bytes copy;

    if (p->channel->ops->exchange(p->channel, 0, message, PATIENCE_MS, &out,
                                  &err))
        fail_msg("exchange: %s", err.message);
    copy = pvn_bytes_of(pvn_arena_copy(&p->arena, out.data, out.len), out.len);
    pvn_buf_free(&out);
    p->envelope = pvn_wire_open(&p->arena, copy, &err);
    assert_non_null(p->envelope);
    a = pvn_wire_open_answer(&p->arena, p->envelope, &err);
    assert_non_null(a);
    return a;
}

static pvn_bytes pack(peer *p, pvn_wire_ask *ask, uint32_t lane,
                      uint64_t counter)
{
    pvn_wire_seal up = { p->keys.id, p->keys.up, lane, counter };

    return pvn_wire_pack(&p->arena, &ask->base, &up);
}

static bool sealed(const peer *p, uint32_t lane, uint64_t counter)
{
    pvn_wire_seal down = { p->keys.id, p->keys.down, lane, counter };

    return pvn_wire_sealed(p->envelope, &down);
}

static Provernet__Worker__V1__ChallengeAnswer *challenge(peer *p, uint32_t min,
                                                         uint32_t max)
{
    Provernet__Worker__V1__ChallengeAsk c =
        PROVERNET__WORKER__V1__CHALLENGE_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    pvn_wire_seal none = { 0 };
    pvn_wire_answer *a;

    c.version_min = min;
    c.version_max = max;
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_CHALLENGE;
    ask.challenge = &c;
    a = send_bytes(p, pvn_wire_pack(&p->arena, &ask.base, &none));
    return a->status ? NULL : a->challenge;
}

typedef struct hello {
    pvn_wire_hello wire;
    pvn_wire_ask ask;
    uint8_t open[32], signature[65];
} hello;

/* A hello that is right; tests bend it and pack it themselves. */
static hello *make_hello(peer *p)
{
    Provernet__Worker__V1__ChallengeAnswer *c = challenge(p, 1, 1);
    hello *h = pvn_arena_alloc(&p->arena, sizeof *h);
    char text[PVN_HELLO_TEXT_MAX];
    provernet_error err = { 0 };
    pvn_exchange_key mine;
    size_t len;

    assert_non_null(c);
    pvn_exchange_key_new(&mine, &p->env);
    memcpy(h->open, mine.open, 32);
    assert_int_equal(pvn_session_derive(&p->keys, &mine, c->server_key.data,
                                        c->challenge.data, c->server_key.data,
                                        mine.open, &err),
                     0);
    len = pvn_hello_text(text, c->challenge.data, c->server_key.data, h->open);
    assert_int_equal(provernet_sign(p->key, h->signature, text, len, &err), 0);
    provernet__worker__v1__hello_ask__init(&h->wire);
    h->wire.version = 1;
    h->wire.challenge = c->challenge;
    h->wire.server_key = c->server_key;
    h->wire.worker_key = pvn_wire_data(h->open, 32);
    h->wire.signature = pvn_wire_data(h->signature, 65);
    h->wire.instance = pvn_wire_data(p->instance, sizeof p->instance);
    h->wire.name = "by hand";
    h->wire.kinds = "groth16/bn254@1";
    h->wire.slots = 2;
    provernet__worker__v1__ask__init(&h->ask);
    h->ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_HELLO;
    h->ask.hello = &h->wire;
    return h;
}

static pvn_bytes say_hello(peer *p)
{
    pvn_bytes m = pack(p, &make_hello(p)->ask, 0, 0);
    pvn_wire_answer *a = send_bytes(p, m);

    if (a->status)
        fail_msg("hello: %s", a->message);
    assert_non_null(a->welcome);
    assert_int_equal(a->welcome->worker.len, 16);
    assert_true(a->welcome->beat_ms > 0 &&
                a->welcome->beat_ms < a->welcome->silence_ms);
    assert_true(sealed(p, 0, 0));
    return m;
}

static pvn_wire_ask renew_ask(Provernet__Worker__V1__RenewAsk *r)
{
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;

    provernet__worker__v1__renew_ask__init(r);
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_RENEW;
    ask.renew = r;
    return ask;
}

static void welcomes_and_repeats(void **state)
{
    Provernet__Worker__V1__RenewAsk r;
    pvn_wire_ask ask = renew_ask(&r);
    peer *p = peer_open(NULL);
    pvn_bytes h = say_hello(p);

    (void)state;
    assert_int_equal(send_bytes(p, pack(p, &ask, 1, 5))->status, 0);
    assert_true(sealed(p, 1, 5));
    /* the same hello again is answered, and changes no counter */
    assert_int_equal(send_bytes(p, h)->status, 0);
    assert_int_equal(send_bytes(p, pack(p, &ask, 1, 4))->status,
                     PROVERNET_ERR_NONCE);
    peer_close(p);
}

static void refuses_replays(void **state)
{
    Provernet__Worker__V1__RenewAsk r;
    pvn_wire_ask ask = renew_ask(&r);
    peer *p = peer_open(NULL);
    pvn_bytes third;

    (void)state;
    say_hello(p);
    assert_int_equal(send_bytes(p, pack(p, &ask, 1, 3))->status, 0);
    third = pvn_wire_bytes(p->envelope->mac);
    /* the last one again: the very same answer */
    assert_int_equal(send_bytes(p, pack(p, &ask, 1, 3))->status, 0);
    assert_memory_equal(p->envelope->mac.data, third.data, 32);
    assert_int_equal(send_bytes(p, pack(p, &ask, 1, 2))->status,
                     PROVERNET_ERR_NONCE);
    assert_true(sealed(p, 1, 2));
    assert_int_equal(send_bytes(p, pack(p, &ask, 1, 0))->status,
                     PROVERNET_ERR_NONCE);
    /* lanes count for themselves */
    assert_int_equal(send_bytes(p, pack(p, &ask, 2, 1))->status, 0);
    assert_int_equal(send_bytes(p, pack(p, &ask, 1, 4))->status, 0);
    peer_close(p);
}

static void refuses_forgeries(void **state)
{
    Provernet__Worker__V1__RenewAsk r;
    pvn_wire_ask ask = renew_ask(&r);
    peer *p = peer_open(NULL);
    uint8_t was;
    pvn_wire_answer *a;

    (void)state;
    say_hello(p);
    was = p->keys.up[0];
    p->keys.up[0] ^= 1;
    a = send_bytes(p, pack(p, &ask, 1, 1));
    assert_int_equal(a->status, PROVERNET_ERR_SIGNATURE);
    assert_int_equal(p->envelope->mac.len, 0); /* a stranger gets no seal */
    p->keys.up[0] = was;
    /* a lane that does not exist, sealed properly */
    assert_int_equal(send_bytes(p, pack(p, &ask, 8, 1))->status,
                     PROVERNET_ERR_SIGNATURE);
    /* a sealed message under another counter */
    {
        pvn_bytes m = pack(p, &ask, 1, 7);
        pvn_wire_envelope *e = pvn_wire_open(&p->arena, m, NULL);
        uint8_t *bytes;

        e->counter = 8;
        bytes = pvn_arena_alloc(&p->arena,
                                protobuf_c_message_get_packed_size(&e->base));
        m = pvn_bytes_of(bytes, protobuf_c_message_pack(&e->base, bytes));
        assert_int_equal(send_bytes(p, m)->status, PROVERNET_ERR_SIGNATURE);
    }
    /* none of it touched the session */
    assert_int_equal(send_bytes(p, pack(p, &ask, 1, 1))->status, 0);
    peer_close(p);
}

static void asks_strangers_for_hello(void **state)
{
    Provernet__Worker__V1__RenewAsk r;
    pvn_wire_ask ask = renew_ask(&r);
    peer *p = peer_open(NULL);
    pvn_wire_answer *a;

    (void)state;
    pvn_random(&p->env, &p->keys, sizeof p->keys);
    a = send_bytes(p, pack(p, &ask, 1, 1));
    assert_int_equal(a->status, PROVERNET_ERR_NOT_FOUND);
    assert_true(a->hello);
    assert_int_equal(p->envelope->mac.len, 0);
    peer_close(p);
}

static void a_farewell_ends_the_session(void **state)
{
    Provernet__Worker__V1__ByeAsk bye = PROVERNET__WORKER__V1__BYE_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    peer *p = peer_open(NULL);
    pvn_bytes h = say_hello(p);
    pvn_wire_answer *a;

    (void)state;
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_BYE;
    ask.bye = &bye;
    assert_int_equal(send_bytes(p, pack(p, &ask, 2, 1))->status, 0);
    a = send_bytes(p, pack(p, &ask, 2, 2));
    assert_int_equal(a->status, PROVERNET_ERR_NOT_FOUND);
    assert_true(a->hello);
    /* and its hello cannot be played again */
    a = send_bytes(p, h);
    assert_true(a->status != 0 && a->hello);
    peer_close(p);
}

static void refuses_bent_hellos(void **state)
{
    peer *p = peer_open(NULL);
    hello *h = make_hello(p);
    pvn_wire_answer *a;

    (void)state;
    /* what the seal covers was changed after sealing */
    {
        pvn_wire_envelope *e =
            pvn_wire_open(&p->arena, pack(p, &h->ask, 0, 0), NULL);
        uint8_t *bytes;

        h->wire.name = "somebody else";
        e->body.len = protobuf_c_message_get_packed_size(&h->ask.base);
        e->body.data = pvn_arena_alloc(&p->arena, e->body.len);
        protobuf_c_message_pack(&h->ask.base, e->body.data);
        bytes = pvn_arena_alloc(&p->arena,
                                protobuf_c_message_get_packed_size(&e->base));
        a = send_bytes(
            p, pvn_bytes_of(bytes, protobuf_c_message_pack(&e->base, bytes)));
        assert_int_equal(a->status, PROVERNET_ERR_SIGNATURE);
    }
    h = make_hello(p);
    ((uint8_t *)h->wire.challenge.data)[40] ^= 1; /* not ours */
    assert_int_equal(send_bytes(p, pack(p, &h->ask, 0, 0))->status,
                     PROVERNET_ERR_SIGNATURE);
    h = make_hello(p);
    ((uint8_t *)h->wire.server_key.data)[3] ^= 1; /* somebody in the middle */
    assert_int_equal(send_bytes(p, pack(p, &h->ask, 0, 0))->status,
                     PROVERNET_ERR_SIGNATURE);
    h = make_hello(p);
    h->wire.instance.len = 3;
    assert_int_equal(send_bytes(p, pack(p, &h->ask, 0, 0))->status,
                     PROVERNET_ERR_FORMAT);
    h = make_hello(p);
    h->wire.slots = 0;
    assert_int_equal(send_bytes(p, pack(p, &h->ask, 0, 0))->status,
                     PROVERNET_ERR_INVALID);
    h = make_hello(p);
    h->wire.name = "";
    assert_int_equal(send_bytes(p, pack(p, &h->ask, 0, 0))->status,
                     PROVERNET_ERR_INVALID);
    assert_null(challenge(p, 2, 9)); /* versions that we do not speak */
    assert_non_null(challenge(p, 0, 9));
    peer_close(p);
}

/* Whoever signs is who it is: a list of addresses is enforced. */
static void only_allowed_keys_work(void **state)
{
    static const char *const pairs[] = {
        "worker.allow", "0x00000000000000000000000000000000000000aa", NULL
    };
    peer *p = peer_open(pairs);
    pvn_wire_answer *a = send_bytes(p, pack(p, &make_hello(p)->ask, 0, 0));

    (void)state;
    assert_int_equal(a->status, PROVERNET_ERR_PERMISSION);
    assert_non_null(strstr(a->message, "worker.allow"));
    peer_close(p);
}

static void limits_sessions(void **state)
{
    static const char *const pairs[] = { "worker.sessions_max", "2", NULL };
    peer *p = peer_open(pairs);
    pvn_wire_answer *a;

    (void)state;
    say_hello(p);
    say_hello(p); /* the same process: the old session is replaced */
    a = send_bytes(p, pack(p, &make_hello(p)->ask, 0, 0));
    assert_int_equal(a->status, PROVERNET_ERR_LIMIT);
    assert_non_null(strstr(a->message, "worker.sessions_max"));
    peer_close(p);
}

static void refuses_what_is_no_message(void **state)
{
    static const uint8_t noise[] = { 0xff, 0xff, 0xff, 0x01 };
    peer *p = peer_open(NULL);
    size_t large = PVN_WIRE_MESSAGE_MAX + 100;
    uint8_t *bytes = calloc(1, large);
    provernet_error err = { 0 };
    pvn_buf out = { 0 };

    (void)state;
    assert_int_equal(send_bytes(p, pvn_bytes_of(noise, sizeof noise))->status,
                     PROVERNET_ERR_FORMAT);
    /* an empty envelope has no verb */
    assert_true(send_bytes(p, pvn_bytes_of("", 0))->hello);
    /* too long: refused before it is looked at */
    assert_int_equal(p->channel->ops->exchange(p->channel, 0,
                                               pvn_bytes_of(bytes, large), 5000,
                                               &out, &err),
                     PROVERNET_ERR_CONNECT);
    assert_int_equal(err.cause, 413);
    pvn_buf_free(&out);
    free(bytes);
    peer_close(p);
}

static void refuses_others_tasks(void **state)
{
    Provernet__Worker__V1__RenewAsk r;
    pvn_wire_ask ask = renew_ask(&r);
    pvn_wire_complete done = PROVERNET__WORKER__V1__COMPLETE_ASK__INIT;
    Provernet__Worker__V1__IssueAsk issue =
        PROVERNET__WORKER__V1__ISSUE_ASK__INIT;
    pvn_wire_held held = PROVERNET__WORKER__V1__HELD__INIT, *list = &held;
    uint8_t id[16] = { 1, 2, 3 };
    peer *p = peer_open(NULL);
    pvn_wire_answer *a;

    (void)state;
    say_hello(p);
    held.task = pvn_wire_data(id, 16);
    held.attempt = 1;
    r.held = &list;
    r.n_held = 1;
    a = send_bytes(p, pack(p, &ask, 1, 1));
    assert_int_equal(a->status, 0);
    assert_non_null(a->renew);
    assert_int_equal(a->renew->n_stop, 1);
    assert_memory_equal(a->renew->stop[0].data, id, 16);
    held.task.len = 15;
    assert_int_equal(send_bytes(p, pack(p, &ask, 1, 2))->status,
                     PROVERNET_ERR_FORMAT);
    provernet__worker__v1__ask__init(&ask);
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_COMPLETE;
    ask.complete = &done;
    done.task = pvn_wire_data(id, 16);
    assert_int_equal(send_bytes(p, pack(p, &ask, 2, 1))->status,
                     PROVERNET_ERR_NOT_FOUND);
    provernet__worker__v1__ask__init(&ask);
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_ISSUE;
    ask.issue = &issue;
    issue.task = pvn_wire_data(id, 16);
    assert_int_equal(send_bytes(p, pack(p, &ask, 2, 2))->status,
                     PROVERNET_ERR_LEASE);
    peer_close(p);
}

static pvn_wire_ask lease_ask(Provernet__Worker__V1__LeaseAsk *l)
{
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;

    provernet__worker__v1__lease_ask__init(l);
    l->want = 1;
    l->poll_ms = 5000;
    l->inline_max = 65536;
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_LEASE;
    ask.lease = l;
    return ask;
}

/* The answer to a lease got lost: the same question gives the same task. */
static void a_lost_lease_is_given_again(void **state)
{
    Provernet__Worker__V1__LeaseAsk l;
    pvn_wire_ask ask = lease_ask(&l);
    peer *p = peer_open(NULL);
    pvn_wire_answer *a, *b;
    uint8_t task[16];

    (void)state;
    net_request(p->node->pn, "multiplier");
    say_hello(p);
    a = send_bytes(p, pack(p, &ask, 0, 1));
    assert_int_equal(a->status, 0);
    assert_int_equal(a->lease->n_lease, 1);
    assert_int_equal(a->lease->lease[0]->n_input, 2);
    assert_memory_equal(a->lease->lease[0]->input[0]->content.data, "zkey", 4);
    assert_memory_equal(a->lease->lease[0]->input[1]->content.data, "wtns", 4);
    assert_non_null(strstr(a->lease->lease[0]->input[0]->path, "?t="));
    memcpy(task, a->lease->lease[0]->task.data, 16);
    b = send_bytes(p, pack(p, &ask, 0, 1));
    assert_int_equal(b->lease->n_lease, 1);
    assert_memory_equal(b->lease->lease[0]->task.data, task, 16);
    assert_int_equal(b->lease->lease[0]->attempt, 1);
    /* a new question is a new one: there is nothing more */
    l.poll_ms = 1;
    b = send_bytes(p, pack(p, &ask, 0, 2));
    assert_int_equal(b->status, 0);
    assert_int_equal(b->lease->n_lease, 0);
    peer_close(p);
}

/* Killed between lease and completion: nothing is heard of it any more, and
 * whoever asks next gets its task. */
static void silence_ends_leases(void **state)
{
    static const char *const pairs[] = { "lease.silence", "5s", "task.backoff",
                                         "1ms", NULL };
    Provernet__Worker__V1__LeaseAsk l;
    pvn_wire_ask ask = lease_ask(&l);
    peer *p = peer_open(pairs);
    pvn_wire_answer *a;
    pvn_session_keys dead;

    (void)state;
    net_request(p->node->pn, "multiplier");
    say_hello(p);
    a = send_bytes(p, pack(p, &ask, 0, 1));
    assert_int_equal(a->lease->n_lease, 1);
    dead = p->keys;
    provernet_key_free(p->key); /* another worker */
    assert_int_equal(provernet_key_new(&p->key, NULL, NULL), 0);
    say_hello(p);
    for (uint64_t i = 1; i < 200; i++) {
        l.poll_ms = 300;
        a = send_bytes(p, pack(p, &ask, 0, i));
        assert_int_equal(a->status, 0);
        if (a->lease->n_lease)
            break;
    }
    assert_int_equal(a->lease->n_lease, 1);
    assert_int_equal(a->lease->lease[0]->attempt, 2);
    /* the dead one comes back: it must say hello, and its task is gone */
    p->keys = dead;
    a = send_bytes(p, pack(p, &ask, 0, 2));
    assert_true(a->hello);
    peer_close(p);
}

/* The same without anybody who asks: the host brings the messages itself, and
 * the node looks by itself. */
static void silence_is_noticed_when_nobody_asks(void **state)
{
    static const char *const pairs[] = { "lease.silence", "600ms", NULL };
    struct timespec long_enough = { 2, 0 };
    Provernet__Worker__V1__LeaseAsk l;
    pvn_wire_ask ask = lease_ask(&l);
    peer *p = peer_open(pairs);
    pvn_wire_answer *a = NULL;

    (void)state;
    assert_int_equal(provernet_worker_listen(p->node->pn, NULL, NULL, NULL),
                     PROVERNET_OK);
    assert_int_equal(provernet_worker_listen(p->node->pn, NULL, NULL, NULL),
                     PROVERNET_ERR_STATE);
    say_hello(p);
    l.poll_ms = 1;
    for (uint64_t i = 1; i < 60; i++) {
        a = send_bytes(p, pack(p, &ask, 0, i));
        if (a->hello)
            break; /* the session had ended before this message */
        nanosleep(&long_enough, NULL);
    }
    assert_true(a && a->hello);
    peer_close(p);
}

static void secrets_agree(void **state)
{
    uint8_t challenge48[PVN_CHALLENGE_BYTES] = { 1 }, zero[32] = { 0 };
    pvn_session_keys x, y;
    pvn_exchange_key a, b;
    provernet_error err = { 0 };
    uint8_t secret[32] = { 9 };
    int64_t made;
    pvn_env env;

    (void)state;
    pvn_env_init(&env, NULL);
    pvn_exchange_key_new(&a, &env);
    pvn_exchange_key_new(&b, &env);
    assert_int_equal(
        pvn_session_derive(&x, &a, b.open, challenge48, a.open, b.open, &err),
        0);
    assert_int_equal(
        pvn_session_derive(&y, &b, a.open, challenge48, a.open, b.open, &err),
        0);
    assert_memory_equal(&x, &y, sizeof x);
    assert_memory_not_equal(x.up, x.down, 32);
    challenge48[47] ^= 1;
    assert_int_equal(
        pvn_session_derive(&y, &b, a.open, challenge48, a.open, b.open, &err),
        0);
    assert_memory_not_equal(x.up, y.up, 32);
    /* a point of small order would make the secret known to everybody */
    assert_int_equal(
        pvn_session_derive(&x, &a, zero, challenge48, a.open, b.open, &err),
        PROVERNET_ERR_SIGNATURE);
    pvn_challenge_make(challenge48, secret, &env);
    assert_int_equal(
        pvn_challenge_check(challenge48, secret, pvn_now_ms(&env), &made, &err),
        0);
    assert_int_equal(pvn_challenge_check(challenge48, secret,
                                         made + PVN_CHALLENGE_MS + 1, &made,
                                         &err),
                     PROVERNET_ERR_TIMEOUT);
    secret[0]++;
    assert_int_equal(
        pvn_challenge_check(challenge48, secret, pvn_now_ms(&env), &made, &err),
        PROVERNET_ERR_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_agree),
        cmocka_unit_test(welcomes_and_repeats),
        cmocka_unit_test(refuses_replays),
        cmocka_unit_test(refuses_forgeries),
        cmocka_unit_test(asks_strangers_for_hello),
        cmocka_unit_test(a_farewell_ends_the_session),
        cmocka_unit_test(refuses_bent_hellos),
        cmocka_unit_test(only_allowed_keys_work),
        cmocka_unit_test(limits_sessions),
        cmocka_unit_test(refuses_what_is_no_message),
        cmocka_unit_test(refuses_others_tasks),
        cmocka_unit_test(a_lost_lease_is_given_again),
        cmocka_unit_test(silence_ends_leases),
        cmocka_unit_test(silence_is_noticed_when_nobody_asks),
    };

    return cmocka_run_group_tests_name("net_wire", tests, NULL, NULL);
}
