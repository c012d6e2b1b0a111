/* tests/unit/node/messages_test.c - an exchange of messages, as a WebSocket
 * carries it: both ways, in pieces, beside parks and operations. */
#include "entry.h"
#include "base/buf.h"
#include <unistd.h>

static home h;
static provernet_inbox *in;
static atomic_int closed;

/* ---- a wire that speaks in messages ---- */

enum { LONG = 300000, LIMIT = 1000000 };

typedef struct talk {
    pvn_buf got;
    size_t left; /* of a long message */
    bool asked, ticks;
    int resumed;
} talk;

static pvn_next wait_for_more(pvn_call *c, talk *t)
{
    pvn_park p = { .on = PVN_PARK_TIME };

    p.until_ms =
        pvn_now_ms(pvn_node_env(pvn_call_node(c))) + (t->ticks ? 30 : 3600000);
    pvn_call_park(c, &p);
    return PVN_PARK;
}

static pvn_next begin(pvn_call *c)
{
    talk *t = pvn_arena_alloc(pvn_call_arena(c), sizeof *t);

    pvn_call_keep(c, 1, t);
    if (strcmp(pvn_call_request(c)->path, "/no") == 0) {
        pvn_answer_status(c, 403);
        pvn_answer_body(c, "no", 2);
        return PVN_ANSWER;
    }
    pvn_message_accept(c, "binary");
    return wait_for_more(c, t);
}

static pvn_next body(pvn_call *c, const void *data, size_t len)
{
    talk *t = pvn_call_kept(c, 1);

    assert_true(pvn_buf_add(&t->got, data, len));
    if (!pvn_call_charge(c, t->got.len))
        return PVN_ANSWER;
    return wait_for_more(c, t);
}

static provernet_status fill(pvn_call *c, void *user, provernet_error *err)
{
    talk *t = user;
    char piece[7000];
    size_t n = t->left < sizeof piece ? t->left : sizeof piece;

    (void)err;
    memset(piece, 'x', n);
    pvn_answer_body(c, piece, n);
    t->left -= n;
    return t->left ? PROVERNET_OK : PROVERNET_END;
}

static pvn_next end(pvn_call *c)
{
    talk *t = pvn_call_kept(c, 1);
    pvn_op *op;

#define SAYS(text)                                                             \
    (t->got.len == sizeof text - 1 &&                                          \
     memcmp(t->got.data, text, t->got.len) == 0)
    if (SAYS("bye")) {
        pvn_answer_body(c, "so long", 7);
        pvn_message_end(c);
        return pvn_message_hang_up(c, 1000, "as you wish");
    }
    if (SAYS("long")) {
        t->left = LONG;
        pvn_answer_body(c, "head", 4);
        pvn_message_fill(c, fill, t);
    } else if (SAYS("op")) {
        op = pvn_op_new(PVN_OP_READ_ACCOUNT);
        pvn_call_op(c, op);
        t->asked = true;
        t->got.len = 0;
        return PVN_OP;
    } else if (SAYS("tick")) {
        t->ticks = true;
    } else if (SAYS("two")) {
        pvn_answer_body(c, "one", 3);
        pvn_message_end(c);
        pvn_message_end(c); /* an empty one */
        pvn_answer_body(c, "two", 3);
        pvn_message_end(c);
    } else if (t->left == 0) { /* no long message is under way */
        pvn_answer_body(c, t->got.data, t->got.len);
        pvn_message_end(c);
    }
    t->got.len = 0;
    pvn_call_charge(c, 0);
    return wait_for_more(c, t);
}

static pvn_next resume(pvn_call *c)
{
    talk *t = pvn_call_kept(c, 1);

    t->resumed++;
    if (t->asked || t->ticks) {
        pvn_answer_body(c, t->asked ? "account" : "tick", t->asked ? 7 : 4);
        pvn_message_end(c);
    }
    t->asked = t->ticks = false;
    return wait_for_more(c, t);
}

static void close_it(pvn_call *c)
{
    talk *t = pvn_call_kept(c, 1);
    pvn_op *op = pvn_op_new(PVN_OP_RECORD_PUT);

    pvn_buf_free(&t->got);
    op->u.record_put.protocol = PVN_PROTOCOL_CORE;
    op->u.record_put.kind = "left";
    op->u.record_put.key = pvn_bytes_of("k", 1);
    op->u.record_put.value = pvn_bytes_of("v", 1);
    pvn_node_post(pvn_call_node(c), &op, 1);
    atomic_fetch_add(&closed, 1);
}

static const pvn_handler handler = { .begin = begin,
                                     .body = body,
                                     .end = end,
                                     .resume = resume,
                                     .close = close_it,
                                     .body_max = LIMIT,
                                     .streaming = true,
                                     .messages = true };

static const pvn_handler *route(pvn_call *c)
{
    (void)c;
    return &handler;
}

static void refuse(pvn_call *c, const provernet_error *err)
{
    pvn_answer_status(c, 500);
    pvn_answer_body(c, err->message, strlen(err->message));
}

static const pvn_entry entry = { route, refuse };

/* ---- the other side ---- */

static provernet_call *dial(const char *path)
{
    provernet_head head = { .struct_size = sizeof head,
                            .method = "GET",
                            .authority = "here",
                            .path = path,
                            .scheme = "http",
                            .peer = "127.0.0.1:1",
                            .messages = 1 };
    provernet_call *c = NULL;

    assert_int_equal(provernet_call_open(in, &c, &head, 7, NULL), 0);
    return c;
}

static provernet_call *accepted(void)
{
    provernet_call *c = dial("/talk");
    const provernet_field *f;
    size_t n;
    int status;

    assert_int_equal(provernet_call_head(c, &status, &f, &n), PROVERNET_OK);
    assert_int_equal(status, 101);
    assert_int_equal(n, 1);
    assert_string_equal(f[0].value, "binary");
    return c;
}

static void nap(void)
{
    provernet_ready r;

    provernet_inbox_next(in, &r, 1, 20);
}

static int say(provernet_call *c, const void *text, size_t len)
{
    provernet_status s = PROVERNET_OK;
    size_t taken;

    while (len > 0 && s >= 0 && s != PROVERNET_END) {
        s = provernet_call_write(c, text, len, &taken);
        text = (const char *)text + taken;
        len -= taken;
        if (s == PROVERNET_AGAIN)
            nap();
    }
    while (s != PROVERNET_END && (s = provernet_call_end(c)) == PROVERNET_AGAIN)
        nap();
    return s;
}

/* One message; -1: the exchange is over, and how. */
static long hear(provernet_call *c, char *buf, size_t cap, char close[64])
{
    const provernet_field *f;
    size_t len = 0, got, n;

    for (int turns = 0; turns < 100000; turns++) {
        provernet_status s = provernet_call_read(c, buf + len, cap - len, &got);

        if (s == PROVERNET_OK) {
            len += got;
        } else if (s == PROVERNET_AGAIN) {
            nap();
        } else {
            assert_int_equal(s, PROVERNET_END);
            if (provernet_call_trailers(c, &f, &n) == PROVERNET_AGAIN)
                return (long)len;
            assert_int_equal(len, 0);
            snprintf(close, 64, "%s %s", f[0].value, f[1].value);
            return -1;
        }
    }
    fail_msg("nothing came");
    return 0;
}

static void expect(provernet_call *c, const char *text)
{
    char buf[100], how[64] = "";
    long n = hear(c, buf, sizeof buf, how);

    if (n != (long)strlen(text) || memcmp(buf, text, strlen(text)) != 0)
        fail_msg("heard %ld bytes \"%.*s\" %s, expected \"%s\"", n,
                 n > 0 ? (int)n : 0, buf, how, text);
}

static int setup(void **state)
{
    (void)state;
    atomic_store(&closed, 0);
    home_make(&h);
    home_set(&h, "node.bytes_in_flight_max", "2MiB");
    h.cfg.entry = &entry;
    home_open(&h);
    assert_int_equal(provernet_inbox_open(h.node, &in, NULL), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    provernet_inbox_close(in);
    home_remove(&h);
    return 0;
}

/* ---- tests ---- */

static void messages_go_both_ways(void **state)
{
    provernet_call *c = accepted();
    size_t taken;
    char buf[64];

    (void)state;
    assert_int_equal(provernet_call_read(c, buf, sizeof buf, &taken),
                     PROVERNET_AGAIN);
    say(c, "hello", 5);
    expect(c, "hello");
    /* in pieces */
    assert_int_equal(provernet_call_write(c, "he", 2, &taken), 0);
    assert_int_equal(provernet_call_write(c, "llo again", 9, &taken), 0);
    assert_int_equal(provernet_call_end(c), 0);
    expect(c, "hello again");
    /* an empty one; several at once */
    say(c, "", 0);
    expect(c, "");
    say(c, "two", 3);
    say(c, "three", 5);
    expect(c, "one");
    expect(c, "");
    expect(c, "two");
    expect(c, "three");
    provernet_call_close(c);
}

static void parks_and_ops_stand_between(void **state)
{
    provernet_call *c = accepted();

    (void)state;
    say(c, "tick", 4);
    expect(c, "tick"); /* by itself, after a while */
    for (int i = 0; i < 50; i++) {
        say(c, "op", 2);
        say(c, "next", 4); /* waits for the op, or comes after it */
        expect(c, "account");
        expect(c, "next");
    }
    provernet_call_close(c);
}

static void a_long_message_is_filled_as_it_is_read(void **state)
{
    provernet_call *c = accepted();
    char *buf = malloc(LONG + 100), how[64];
    size_t got;

    (void)state;
    say(c, "long", 4);
    assert_int_equal(provernet_call_read(c, buf, 2, &got), 0);
    say(c, "more?", 5); /* messages come in meanwhile */
    assert_int_equal(hear(c, buf + 2, LONG + 50, how), LONG + 2);
    assert_memory_equal(buf + 2, "adxx", 4);
    free(buf);
    provernet_call_close(c);
}

static void either_side_hangs_up(void **state)
{
    provernet_call *c = accepted();
    char buf[100], how[64] = "";

    (void)state;
    say(c, "bye", 3);
    expect(c, "so long");
    assert_int_equal(hear(c, buf, sizeof buf, how), -1);
    assert_string_equal(how, "1000 as you wish");
    assert_int_equal(say(c, "hello?", 6), PROVERNET_END);
    provernet_call_close(c);
    assert_int_equal(atomic_load(&closed), 1);
    c = accepted();
    provernet_call_close(c); /* parked: it went away */
    AWAIT(atomic_load(&closed) >= 2);
    assert_int_equal(atomic_load(&closed), 2);
}

static bool is_there(pvn_op *op)
{
    op->u.read_record.protocol = PVN_PROTOCOL_CORE;
    op->u.read_record.kind = "left";
    op->u.read_record.key = pvn_bytes_of("k", 1);
    assert_int_equal(pvn_node_run(h.node, &op, 1, NULL), 0);
    return op->u.read_record.value.len == 1;
}

static void what_is_posted_is_done(void **state)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_RECORD);

    (void)state;
    provernet_call_close(accepted());
    AWAIT(is_there(op));
    pvn_op_free(op);
}

static void a_message_has_a_limit(void **state)
{
    provernet_call *c = accepted();
    char *big = calloc(1, LIMIT + 1), buf[300], how[64] = "";

    (void)state;
    assert_int_equal(say(c, big, LIMIT + 1), PROVERNET_END);
    assert_int_equal(hear(c, buf, sizeof buf, how), -1);
    assert_memory_equal(how, "1009 the request body has", 25);
    provernet_call_close(c);
    free(big);
}

static void what_is_held_counts(void **state)
{
    char *part = calloc(1, 900000), buf[300], how[64] = "";
    provernet_call *c[3] = { accepted(), accepted(), accepted() };
    size_t taken;

    (void)state;
    assert_int_equal(provernet_call_write(c[0], part, 900000, &taken), 0);
    assert_int_equal(provernet_call_write(c[1], part, 900000, &taken), 0);
    assert_int_equal(provernet_call_write(c[2], part, 900000, &taken),
                     PROVERNET_END);
    assert_int_equal(hear(c[2], buf, sizeof buf, how), -1);
    assert_memory_equal(how, "1013 ", 5);
    provernet_call_close(c[2]);
    /* what is done with holds nothing */
    assert_int_equal(provernet_call_end(c[0]), 0);
    c[2] = accepted();
    assert_int_equal(provernet_call_write(c[2], part, 900000, &taken), 0);
    for (int i = 0; i < 3; i++)
        provernet_call_close(c[i]);
    free(part);
}

static void a_refusal_is_an_ordinary_answer(void **state)
{
    provernet_call *c = dial("/no");
    const provernet_field *f;
    char buf[10];
    size_t n, got;
    int status;

    (void)state;
    assert_int_equal(provernet_call_head(c, &status, &f, &n), PROVERNET_OK);
    assert_int_equal(status, 403);
    assert_int_equal(provernet_call_length(c), 2);
    assert_int_equal(provernet_call_read(c, buf, sizeof buf, &got), 0);
    assert_int_equal(got, 2);
    assert_int_equal(provernet_call_read(c, buf, sizeof buf, &got),
                     PROVERNET_END);
    provernet_call_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_go_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(parks_and_ops_stand_between, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_long_message_is_filled_as_it_is_read,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(either_side_hangs_up, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_posted_is_done, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_message_has_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_held_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_is_an_ordinary_answer, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
