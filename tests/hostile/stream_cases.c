/* tests/hostile/stream_cases.c - subscriptions over the real wire: windows,
 * pings, cancels, lost connections, crowds. After signature_cases. */
#include "hostile.h"
#include <stdlib.h>
#include <time.h>

#define SUBSCRIBE NETWORK "SubscribeProofRequests"

enum { RST_STREAM = 3, SETTINGS = 4, PING = 6, WINDOW_UPDATE = 8 };

/* A subscription to what this user asks for. */
static uint32_t begin(tc_conn *c, tc_reply *r)
{
    tc_buf m = { 0 };
    uint32_t stream = 0;

    tc_bytes(&m, 6, user.address, 20);
    tc_begin(c, SUBSCRIBE, m.data, m.len, r, &stream);
    tc_free(&m);
    return stream;
}

static bool dial(tc_conn *c)
{
    return tc_open(c, "127.0.0.1", server.port);
}

/* The next message: its fulfillment status; 0: none comes. */
static int next(tc_conn *c, uint32_t stream, tc_reply *r, uint8_t id[32])
{
    const uint8_t *p;
    size_t len;
    uint64_t status = 0;
    tc_buf m = { 0 };
    bool open = true;

    while (!tc_next(r, &m))
        if (!open || !(open = tc_step(c, stream, r))) {
            tc_free(&m);
            return 0;
        }
    tc_get_u64(m.data, m.len, 11, &status);
    if (tc_get_bytes(m.data, m.len, 1, 0, &p, &len) && len == 32)
        memcpy(id, p, 32);
    tc_free(&m);
    return (int)status;
}

static void make_request(uint8_t id[32])
{
    uint8_t hash[32] = { 0xab, 0xcd };
    char uri[512];

    tc_artifact(&user, 2, "streamed", 8, uri);
    EXPECT("a request to watch",
           tc_request(&user, hash, 2, uri, (uint64_t)time(NULL) + 3600, id), 0);
}

static void cancel(const uint8_t id[32])
{
    tc_buf b = { 0 };
    uint64_t nonce;

    tc_nonce(&user, &nonce);
    tc_u64(&b, 1, nonce);
    tc_bytes(&b, 2, id, 32);
    EXPECT("cancelled", signed_code(NETWORK "CancelRequest", &b), 0);
    tc_free(&b);
}

static bool told(tc_conn *c, uint32_t stream, tc_reply *r, const uint8_t id[32],
                 int status)
{
    uint8_t got[32];
    int s;

    while ((s = next(c, stream, r, got)) != 0)
        if (memcmp(got, id, 32) == 0 && s == status)
            return true;
    return false;
}

static void changes_are_told(void)
{
    static const uint8_t ping[8] = "keepaliv";
    uint8_t id[32];
    uint32_t stream;
    tc_conn c;
    tc_reply r;

    dial(&c);
    stream = begin(&c, &r);
    make_request(id);
    EXPECT("a new request is told", told(&c, stream, &r, id, 1), 1);
    for (int i = 0; i < 20; i++) /* as clients do between two messages */
        tc_frame(&c, PING, 0, 0, ping, 8);
    cancel(id);
    EXPECT("its end is told, pings and all", told(&c, stream, &r, id, 4), 1);
    tc_reply_free(&r);
    tc_close(&c); /* without a word */
}

/* The server sends what the window allows and no more, then goes on. */
static void windows_are_kept(void)
{
    static const uint8_t small[6] = { 0, 4, 0, 0, 0, 100 };
    static const uint8_t more[4] = { 0, 0x10, 0, 0 };
    uint8_t id[32], got[32];
    uint32_t stream, asked;
    bool open = true;
    tc_conn c;
    tc_reply r;

    make_request(id);
    dial(&c);
    tc_frame(&c, SETTINGS, 0, 0, small, sizeof small);
    stream = begin(&c, &r);
    while (open && r.body.len < 100)
        open = tc_step(&c, stream, &r);
    /* What it would send beyond comes before the answer to a ping. */
    asked = c.pongs;
    tc_frame(&c, PING, 0, 0, "are you?", 8);
    while (open && c.pongs == asked)
        open = tc_step(&c, stream, &r);
    EXPECT("a window of 100 bytes is filled", (int)r.body.len, 100);
    tc_frame(&c, WINDOW_UPDATE, 0, stream, more, 4);
    EXPECT("and the rest comes", next(&c, stream, &r, got) > 0, 1);
    EXPECT("all of it", told(&c, stream, &r, id, 1), 1);
    tc_reply_free(&r);
    tc_close(&c);
}

static void leaving_is_heard(void)
{
    uint8_t id[32];
    uint32_t stream;
    uint64_t nonce;
    tc_user one = { .conn.fd = -1 };
    uint8_t secret[32] = { [31] = 77 };
    tc_reply r;

    tc_user_open(&one, "127.0.0.1", server.port, secret);
    for (int i = 0; i < 50; i++) {
        stream = begin(&one.conn, &r);
        if (i % 2)
            next(&one.conn, stream, &r, id);
        tc_frame(&one.conn, RST_STREAM, 0, stream, "\0\0\0\10", 4);
        tc_reply_free(&r);
    }
    EXPECT("fifty streams cancelled, the connection serves",
           tc_nonce(&one, &nonce), 0);
    tc_user_close(&one);
}

static void crowds(void)
{
    enum { CROWD = 60 };
    tc_conn c[CROWD];
    tc_reply r[CROWD];
    uint32_t stream[CROWD];
    uint8_t id[32];
    int seen = 0;

    for (int i = 0; i < CROWD; i++) {
        dial(&c[i]);
        stream[i] = begin(&c[i], &r[i]);
    }
    make_request(id);
    for (int i = 0; i < CROWD; i++) {
        seen += told(&c[i], stream[i], &r[i], id, 1);
        tc_reply_free(&r[i]);
        tc_close(&c[i]);
    }
    EXPECT("sixty subscribers hear of one request", seen, CROWD);
}

static void refusals(void)
{
    tc_buf m = { 0 };

    tc_bytes(&m, 6, "short", 5);
    EXPECT("a subscription to an address of 5 bytes",
           grpc_code(SUBSCRIBE, m.data, m.len), 3);
    tc_free(&m);
    EXPECT("a subscription to rubbish", grpc_code(SUBSCRIBE, "\xff", 1), 3);
}

void stream_cases(void)
{
    changes_are_told();
    windows_are_kept();
    leaving_is_heard();
    crowds();
    refusals();
}
