/* tests/client/worker.c - see worker.h. */
#include "worker.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NO_ANSWER = 1000, ANSWER_MAX = 4 << 20 };

static void put_be(uint8_t *out, size_t n, uint64_t v)
{
    while (n) {
        out[--n] = (uint8_t)v;
        v >>= 8;
    }
}

/* ---- nng's messages ---- */

bool tc_sp_send(int fd, const void *data, size_t len)
{
    tc_buf m = { 0 };
    uint8_t head[8];
    bool ok;

    put_be(head, 8, len);
    tc_add(&m, head, 8);
    tc_add(&m, data, len);
    ok = tc_send(fd, m.data, m.len);
    tc_free(&m);
    return ok;
}

bool tc_sp_recv(int fd, tc_buf *out)
{
    uint8_t head[8], chunk[4096];
    uint64_t len = 0;

    if (!tc_recv(fd, head, 8))
        return false;
    for (size_t i = 0; i < 8; i++)
        len = len << 8 | head[i];
    if (len > ANSWER_MAX)
        return false;
    while (len) {
        size_t n = len < sizeof chunk ? (size_t)len : sizeof chunk;
        if (!tc_recv(fd, chunk, n))
            return false;
        tc_add(out, chunk, n);
        len -= n;
    }
    return true;
}

/* ---- envelopes ---- */

static void mac_of(uint8_t out[32], const uint8_t key[32],
                   const uint8_t session[16], unsigned lane, uint64_t counter,
                   const void *body, size_t len)
{
    crypto_generichash_state st;
    uint8_t head[28];

    memcpy(head, session, 16);
    put_be(head + 16, 4, lane);
    put_be(head + 20, 8, counter);
    crypto_generichash_init(&st, key, 32, 32);
    crypto_generichash_update(&st, head, sizeof head);
    crypto_generichash_update(&st, body, len);
    crypto_generichash_final(&st, out, 32);
}

static uint32_t send_envelope(tc_worker *w, bool sealed, unsigned lane,
                              uint64_t counter, const tc_buf *ask)
{
    tc_buf m = { 0 };
    uint8_t mac[32], word[4];
    bool ok;

    put_be(word, 4, ++w->question | UINT32_C(0x80000000));
    tc_add(&m, word, 4);
    if (sealed)
        tc_bytes(&m, 1, w->session, 16);
    if (lane)
        tc_u64(&m, 2, lane);
    if (counter)
        tc_u64(&m, 3, counter);
    tc_bytes(&m, 4, ask->data, ask->len);
    if (sealed) {
        mac_of(mac, w->up, w->session, lane, counter, ask->data, ask->len);
        tc_bytes(&m, 5, mac, 32);
    }
    ok = tc_sp_send(w->fd, m.data, m.len);
    tc_free(&m);
    return ok ? w->question : 0;
}

uint32_t tc_worker_ask(tc_worker *w, unsigned lane, const tc_buf *ask)
{
    return send_envelope(w, true, lane, ++w->counter[lane], ask);
}

/* The envelope's body, if the envelope is sealed as it must be. */
static bool open_envelope(const tc_worker *w, bool sealed, const uint8_t *msg,
                          size_t len, tc_buf *out)
{
    const uint8_t *body = (const uint8_t *)"", *mac;
    size_t body_len = 0, mac_len;
    uint64_t lane = 0, counter = 0;
    uint8_t want[32];

    tc_get_u64(msg, len, 2, &lane);
    tc_get_u64(msg, len, 3, &counter);
    tc_get_bytes(msg, len, 4, 0, &body, &body_len);
    if (sealed) {
        mac_of(want, w->down, w->session, (unsigned)lane, counter, body,
               body_len);
        if (!tc_get_bytes(msg, len, 5, 0, &mac, &mac_len) || mac_len != 32 ||
            memcmp(mac, want, 32) != 0)
            return false;
    }
    tc_add(out, body, body_len);
    return true;
}

static uint32_t answer(tc_worker *w, bool sealed, tc_buf *out)
{
    tc_buf m = { 0 };
    uint32_t n = 0;

    memset(out, 0, sizeof *out);
    if (tc_sp_recv(w->fd, &m) && m.len >= 4 &&
        open_envelope(w, sealed, m.data + 4, m.len - 4, out))
        n = ((uint32_t)m.data[0] << 24 | (uint32_t)m.data[1] << 16 |
             (uint32_t)m.data[2] << 8 | m.data[3]) &
            INT32_MAX;
    tc_free(&m);
    return n;
}

uint32_t tc_worker_answer(tc_worker *w, tc_buf *out)
{
    return answer(w, true, out);
}

/* Ask { verb } */
static uint32_t verb(tc_worker *w, unsigned lane, uint32_t field,
                     const tc_buf *body)
{
    tc_buf ask = { 0 };
    uint32_t n;

    tc_bytes(&ask, field, body->data, body->len);
    n = tc_worker_ask(w, lane, &ask);
    tc_free(&ask);
    return n;
}

uint32_t tc_worker_lease(tc_worker *w)
{
    tc_buf body = { 0 };
    uint32_t n;

    tc_u64(&body, 1, 1);
    tc_u64(&body, 3, 65536);
    n = verb(w, 0, 3, &body);
    tc_free(&body);
    return n;
}

uint32_t tc_worker_renew(tc_worker *w)
{
    tc_buf body = { 0 };

    return verb(w, 1, 4, &body);
}

/* ---- the beginning ---- */

bool tc_worker_dial(tc_worker *w, const char *host, uint16_t port)
{
    static const uint8_t mine[8] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 },
                         theirs[8] = { 0, 'S', 'P', 0, 0, 0x31, 0, 0 };
    uint8_t got[8];

    memset(w, 0, sizeof *w);
    w->fd = tc_dial(host, port);
    return w->fd >= 0 && tc_send(w->fd, mine, 8) && tc_recv(w->fd, got, 8) &&
           memcmp(got, theirs, 8) == 0;
}

void tc_worker_close(tc_worker *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

static void derive(uint8_t *out, size_t out_len, const uint8_t shared[32],
                   const char *label, const uint8_t script[112])
{
    crypto_generichash_state st;

    crypto_generichash_init(&st, shared, 32, out_len);
    crypto_generichash_update(&st, (const uint8_t *)label, strlen(label) + 1);
    crypto_generichash_update(&st, script, 112);
    crypto_generichash_final(&st, out, out_len);
}

/* challenge 48, server's key 32, ours 32 */
static bool challenge(tc_worker *w, uint8_t script[112])
{
    tc_buf ask = { 0 }, versions = { 0 }, got = { 0 };
    const uint8_t *p, *c, *k;
    size_t len, c_len, k_len;
    bool ok;

    tc_u64(&versions, 1, 1);
    tc_u64(&versions, 2, 1);
    tc_bytes(&ask, 1, versions.data, versions.len);
    ok = send_envelope(w, false, 0, 0, &ask) && answer(w, false, &got) &&
         tc_get_bytes(got.data, got.len, 4, 0, &p, &len) &&
         tc_get_bytes(p, len, 2, 0, &c, &c_len) && c_len == 48 &&
         tc_get_bytes(p, len, 3, 0, &k, &k_len) && k_len == 32;
    if (ok) {
        memcpy(script, c, 48);
        memcpy(script + 48, k, 32);
    }
    tc_free(&versions);
    tc_free(&ask);
    tc_free(&got);
    return ok;
}

static bool keys(tc_worker *w, uint8_t script[112])
{
    uint8_t secret[32], shared[32];

    randombytes_buf(secret, 32);
    crypto_scalarmult_base(script + 80, secret);
    if (crypto_scalarmult(shared, secret, script + 48) != 0)
        return false;
    derive(w->session, 16, shared, "provernet worker id v1", script);
    derive(w->up, 32, shared, "provernet worker up v1", script);
    derive(w->down, 32, shared, "provernet worker down v1", script);
    return true;
}

static bool hello(tc_buf *ask, const uint8_t script[112],
                  const provernet_key *key, const char *name, const char *kinds)
{
    char text[400], a[97], b[65], c[65];
    uint8_t sig[65], instance[16];
    tc_buf m = { 0 };

    sodium_bin2hex(a, sizeof a, script, 48);
    sodium_bin2hex(b, sizeof b, script + 48, 32);
    sodium_bin2hex(c, sizeof c, script + 80, 32);
    snprintf(text, sizeof text,
             "provernet worker hello v1\nchallenge: %s\nserver: %s\n"
             "worker: %s\n",
             a, b, c);
    if (provernet_sign(key, sig, text, strlen(text), NULL))
        return false;
    randombytes_buf(instance, sizeof instance);
    tc_u64(&m, 1, 1);
    tc_bytes(&m, 2, script, 48);
    tc_bytes(&m, 3, script + 48, 32);
    tc_bytes(&m, 4, script + 80, 32);
    tc_bytes(&m, 5, sig, 65);
    tc_bytes(&m, 6, instance, 16);
    tc_text(&m, 7, name);
    tc_text(&m, 8, kinds);
    tc_u64(&m, 11, 1);
    tc_u64(&m, 12, UINT64_C(8) << 30);
    tc_bytes(ask, 2, m.data, m.len);
    tc_free(&m);
    return true;
}

int tc_worker_hello(tc_worker *w, const provernet_key *key, const char *name,
                    const char *kinds)
{
    tc_buf ask = { 0 }, got = { 0 };
    uint64_t zigzag = 0;
    int status = NO_ANSWER;
    uint8_t script[112];
    const uint8_t *p;
    size_t len;

    if (sodium_init() < 0 || !challenge(w, script) || !keys(w, script))
        return NO_ANSWER;
    if (hello(&ask, script, key, name, kinds) &&
        send_envelope(w, true, 0, 0, &ask) && answer(w, true, &got)) {
        tc_get_u64(got.data, got.len, 1, &zigzag);
        status = (int)(zigzag >> 1) ^ -(int)(zigzag & 1);
        if (status == 0 && tc_get_bytes(got.data, got.len, 5, 0, &p, &len))
            tc_get_u64(p, len, 2, &w->beat_ms);
    }
    tc_free(&ask);
    tc_free(&got);
    return status;
}
