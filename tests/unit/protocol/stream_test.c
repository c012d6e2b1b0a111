/* tests/unit/protocol/stream_test.c - SubscribeProofRequests: a snapshot, then
 * every change that fits, at the reader's pace, until it leaves. */
#include "people.h"

#define PATH "/network.ProverNetwork/SubscribeProofRequests"

static int open_world(void **state)
{
    *state = world_make("node.trust=sp1/compressed@6", NULL);
    register_sp1(*state, 0x61);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

typedef struct watcher {
    provernet_call *c;
    uint8_t data[1 << 16];
    size_t len;
    bool ended;
} watcher;

static watcher *watch(world *w, const pvn_buf *filter, const char *timeout)
{
    provernet_field f[2] = { { "content-type", "application/grpc" },
                             { "grpc-timeout", timeout } };
    provernet_head head = { .struct_size = sizeof head,
                            .method = "POST",
                            .authority = w->authority,
                            .path = PATH,
                            .scheme = "http",
                            .peer = w->peer,
                            .fields = f,
                            .fields_len = timeout ? 2 : 1 };
    uint8_t frame[5] = { 0 };
    watcher *r = calloc(1, sizeof *r);
    size_t taken;

    assert_non_null(r);
    pvn_put_u32be(frame + 1, (uint32_t)filter->len);
    assert_int_equal(
        provernet_call_open(w->inbox, &r->c, &head, ++w->tag, NULL), 0);
    assert_int_equal(provernet_call_write(r->c, frame, 5, &taken), 0);
    if (filter->len)
        assert_int_equal(
            provernet_call_write(r->c, filter->data, filter->len, &taken), 0);
    assert_int_equal(provernet_call_end(r->c), 0);
    return r;
}

static void leave(watcher *r)
{
    provernet_call_close(r->c);
    free(r);
}

/* Read what is there; wait at most `ms` for something. */
static void read_on(world *w, watcher *r, int64_t ms)
{
    const provernet_field *fields;
    provernet_ready ready[8];
    int http;
    size_t got, n;

    for (;;) {
        provernet_status s = provernet_call_head(r->c, &http, &fields, &n);

        if (s == PROVERNET_OK) {
            assert_int_equal(http, 200);
            if (r->len == sizeof r->data)
                return; /* the rest waits until this was looked at */
            s = provernet_call_read(r->c, r->data + r->len,
                                    sizeof r->data - r->len, &got);
            r->len += got;
            if (s == PROVERNET_OK)
                continue;
            r->ended = s == PROVERNET_END;
        }
        if (r->ended || provernet_inbox_next(w->inbox, ready, 8, ms) == 0)
            return;
    }
}

/* The first message of what is here; its request id goes to id. 0: it is not
 * whole. */
static uint64_t take(watcher *r, uint8_t id[32])
{
    size_t len = r->len < 5 ? 0 : pvn_get_u32be(r->data + 1);
    uint64_t status;

    if (r->len < 5 || r->len - 5 < len)
        return 0;
    status = get(r->data + 5, len, 11).value;
    assert_int_equal(r->data[0], 0);
    assert_int_equal(get(r->data + 5, len, 1).bytes.len, 32);
    memcpy(id, get(r->data + 5, len, 1).bytes.data, 32);
    r->len -= 5 + len;
    memmove(r->data, r->data + 5 + len, r->len);
    return status;
}

/* The next one, waited for. 0: the stream ended. */
static uint64_t next_status(world *w, watcher *r, uint8_t id[32])
{
    uint64_t status;
    int64_t until = 0;

    while ((status = take(r, id)) == 0 && !r->ended) {
        read_on(w, r, 50);
        assert_true(patient(&until));
    }
    return status;
}

/* Nothing is said for a while. */
static bool is_silent(world *w, watcher *r)
{
    read_on(w, r, 300);
    return r->len == 0 && !r->ended;
}

/* Until this status of this request: what is told twice is no mistake. */
static void told(world *w, watcher *r, const uint8_t id[32], uint64_t status)
{
    uint8_t got[32];
    uint64_t s;

    while ((s = next_status(w, r, got)) != 0)
        if (memcmp(got, id, 32) == 0 && s == status)
            return;
    fail_msg("status %u was never told", (unsigned)status);
}

static int grpc_end(world *w, watcher *r)
{
    const provernet_field *f;
    size_t n;
    int http;

    for (int64_t until = 0; !r->ended && patient(&until);) {
        read_on(w, r, 200);
        r->len = 0;
    }
    assert_true(r->ended);
    assert_int_equal(provernet_call_trailers(r->c, &f, &n), 0);
    for (size_t i = 0; i < n; i++)
        if (strcmp(f[i].name, "grpc-status") == 0)
            return atoi(f[i].value);
    assert_int_equal(provernet_call_head(r->c, &http, &f, &n), 0);
    for (size_t i = 0; i < n; i++)
        if (strcmp(f[i].name, "grpc-status") == 0)
            return atoi(f[i].value);
    return -1;
}

static void the_snapshot_comes_first_then_changes(void **state)
{
    world *w = *state;
    pvn_buf all = { 0 };
    uint8_t first[32], second[32], got[32];
    pvn_buf b;
    watcher *r;

    accepted_request(w, 0x61, first);
    r = watch(w, &all, NULL);
    told(w, r, first, 1);
    accepted_request(w, 0x61, second); /* REQUESTED, or ASSIGNED later on */
    told(w, r, second, 1);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, first, 32);
    signed_expects(w, "CancelRequest", &b, 0, NULL);
    told(w, r, first, 4);
    fulfil(w, second, "proof", 5);
    told(w, r, second, 3);
    do
        while (take(r, got))
            continue;
    while (!is_silent(w, r) && !r->ended);
    assert_false(r->ended); /* it waits for more */
    leave(r);
}

static void only_what_fits_is_told(void **state)
{
    world *w = *state;
    pvn_buf filter = { 0 }, wrong = { 0 };
    uint8_t id[32], hash[32];
    watcher *r;

    memset(hash, 0x62, 32);
    register_sp1(w, 0x62);
    pvn_pb_put_bytes(&filter, 5, hash, 32);
    r = watch(w, &filter, NULL);
    assert_true(is_silent(w, r));  /* none yet; it is open */
    accepted_request(w, 0x61, id); /* another program */
    assert_true(is_silent(w, r));
    accepted_request(w, 0x62, id);
    told(w, r, id, 2); /* a worker of its kind was here: ASSIGNED */
    leave(r);
    pvn_buf_free(&filter);
    pvn_pb_put_bytes(&wrong, 6, "short", 5);
    r = watch(w, &wrong, NULL);
    assert_int_equal(grpc_end(w, r), 3);
    leave(r);
    pvn_buf_free(&wrong);
}

/* Many requests come in rounds; nothing is lost between them. */
static void a_long_snapshot_is_whole(void **state)
{
    enum { MANY = 230 };
    static uint8_t made[MANY][32];
    world *w = *state;
    pvn_buf filter = { 0 };
    uint8_t hash[32], id[32];
    watcher *r;

    memset(hash, 0x63, 32);
    register_sp1(w, 0x63);
    for (int i = 0; i < MANY; i++) {
        if (i == 60) /* from here on all at one time: ours does not go back */
            w->skip_ms -= 60000;
        if (i == 190)
            w->skip_ms += 60000;
        accepted_request(w, 0x63, made[i]);
    }
    pvn_pb_put_bytes(&filter, 5, hash, 32);
    r = watch(w, &filter, NULL);
    for (int i = 0; i < MANY; i++) {
        size_t k = 0;

        assert_int_not_equal(next_status(w, r, id), 0);
        while (k < MANY && memcmp(made[k], id, 32) != 0)
            k++;
        assert_true(k < MANY); /* one of them, and each once */
        memset(made[k], 0, 32);
    }
    assert_true(is_silent(w, r));
    leave(r);
    pvn_buf_free(&filter);
}

static void a_deadline_ends_it(void **state)
{
    world *w = *state;
    pvn_buf none = { 0 };
    watcher *r = watch(w, &none, "300m");

    assert_int_equal(grpc_end(w, r), 4);
    leave(r);
}

static void a_reader_that_left_costs_nothing(void **state)
{
    world *w = *state;
    pvn_buf none = { 0 };
    uint8_t id[32];

    for (int i = 0; i < 20; i++) {
        watcher *r = watch(w, &none, NULL);

        if (i % 2)
            read_on(w, r, 5);
        leave(r); /* in whatever step it is */
    }
    accepted_request(w, 0x61, id);
}

static void a_drain_ends_it(void **state)
{
    world *w = world_make(NULL, NULL);
    pvn_buf none = { 0 };
    watcher *r = watch(w, &none, NULL);

    (void)state;
    assert_true(is_silent(w, r));
    (void)!provernet_drain(w->node, 0);
    assert_int_equal(grpc_end(w, r), 14);
    leave(r);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_snapshot_comes_first_then_changes),
        cmocka_unit_test(only_what_fits_is_told),
        cmocka_unit_test(a_long_snapshot_is_whole),
        cmocka_unit_test(a_deadline_ends_it),
        cmocka_unit_test(a_reader_that_left_costs_nothing),
        cmocka_unit_test(a_drain_ends_it),
    };

    return cmocka_run_group_tests_name("stream", tests, open_world,
                                       close_world);
}
