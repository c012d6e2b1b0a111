/* tests/unit/protocol/http_test.c - router, gRPC, health, reflection. */
#include "world.h"
#include "protocol/http/http.h"

/* ---- pure functions ---- */

static provernet_status split(const char *target)
{
    pvn_arena a = { 0 };
    const char *path, *query;
    provernet_error err = { 0 };
    provernet_status s = pvn_path_split(&a, target, &path, &query, &err);

    pvn_arena_free(&a);
    return s;
}

static void odd_paths_are_refused(void **state)
{
    static const char *const bad[] = {
        "",       "*",         "http://x/livez", "livez",  "/..",    "/a/../b",
        "/a/./b", "/%2e%2e/x", "/%2E",           "/a%2fb", "/a%5cb", "/a%00b",
        "/a%",    "/a%2",      "/a%zz",          "/a b",   "/a\tb",  "/a#b",
        "/a%0ab", "/a?b c",    "/a%2525",        "/.",     "/a/..",  "/%7f",
    };
    char *longer = malloc(PVN_PATH_MAX + 2);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (split(bad[i]) != PROVERNET_ERR_INVALID)
            fail_msg("taken: \"%s\"", bad[i]);
    memset(longer, 'a', PVN_PATH_MAX + 1);
    longer[0] = '/';
    longer[PVN_PATH_MAX + 1] = '\0';
    assert_int_equal(split(longer), PROVERNET_ERR_INVALID);
    longer[PVN_PATH_MAX] = '\0';
    assert_int_equal(split(longer), PROVERNET_OK);
    free(longer);
    assert_int_equal(split("/a/b..c/...?x=../%2e"), PROVERNET_OK);
}

static void queries_are_decoded(void **state)
{
    pvn_arena a = { 0 };
    const char *q = "tt=1&t=a%2Fb+c&empty=&bare&bad=%0&nul=%00";

    (void)state;
    assert_string_equal(pvn_query_value(&a, q, "t"), "a/b c");
    assert_string_equal(pvn_query_value(&a, q, "tt"), "1");
    assert_string_equal(pvn_query_value(&a, q, "empty"), "");
    assert_string_equal(pvn_query_value(&a, q, "bare"), "");
    assert_null(pvn_query_value(&a, q, "bad"));
    assert_null(pvn_query_value(&a, q, "nul"));
    assert_null(pvn_query_value(&a, q, "none"));
    pvn_arena_free(&a);
}

static void only_plain_authorities_are_used(void **state)
{
    (void)state;
    assert_true(pvn_authority_valid("127.0.0.1:9000"));
    assert_true(pvn_authority_valid("host-1.example"));
    assert_true(pvn_authority_valid("[::1]:80"));
    assert_false(pvn_authority_valid(""));
    assert_false(pvn_authority_valid(NULL));
    assert_false(pvn_authority_valid("a/b"));
    assert_false(pvn_authority_valid("user@host"));
    assert_false(pvn_authority_valid("host:"));
    assert_false(pvn_authority_valid("host:123456"));
    assert_false(pvn_authority_valid("host:80?x"));
    assert_false(pvn_authority_valid("[::1"));
    assert_false(pvn_authority_valid("a b"));
}

static void timeouts_have_digits_and_a_unit(void **state)
{
    int64_t ms;

    (void)state;
    assert_true(pvn_grpc_timeout("1S", &ms) && ms == 1000);
    assert_true(pvn_grpc_timeout("2H", &ms) && ms == 7200000);
    assert_true(pvn_grpc_timeout("3M", &ms) && ms == 180000);
    assert_true(pvn_grpc_timeout("7m", &ms) && ms == 7);
    assert_true(pvn_grpc_timeout("1u", &ms) && ms == 1);
    assert_true(pvn_grpc_timeout("99999999n", &ms) && ms == 100);
    assert_false(pvn_grpc_timeout("", &ms));
    assert_false(pvn_grpc_timeout("S", &ms));
    assert_false(pvn_grpc_timeout("123456789S", &ms));
    assert_false(pvn_grpc_timeout("1X", &ms));
    assert_false(pvn_grpc_timeout("1Sx", &ms));
    assert_false(pvn_grpc_timeout("-1S", &ms));
}

static void messages_are_escaped(void **state)
{
    pvn_buf b = { 0 };

    (void)state;
    assert_true(pvn_grpc_escape(&b, "50% of\n\xc3\xa9"));
    assert_int_equal(b.len, 17);
    assert_memory_equal(b.data, "50%25 of%0A%C3%A9", 17);
    pvn_buf_free(&b);
}

/* ---- the router ---- */

static int open_world(void **state)
{
    *state = world_make(NULL, NULL);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

static void expect(world *w, const char *method, const char *path, int status)
{
    answer a = http_text(w, method, path, "");

    if (a.status != status)
        fail_msg("%s %s: %d, expected %d", method, path, a.status, status);
    answer_free(&a);
}

static void unknown_things_are_told_apart(void **state)
{
    world *w = *state;
    answer a;

    expect(w, "GET", "/nothing", 404);
    expect(w, "GET", "/livez/", 404);
    expect(w, "GET", "http://x/livez", 400);
    expect(w, "GET", "/a/../livez", 400);
    a = http_text(w, "DELETE", "/livez", "");
    assert_int_equal(a.status, 405);
    assert_true(answer_has(&a, "allow: GET, HEAD"));
    answer_free(&a);
    a = http_text(w, "GET", "/network.ProverNetwork/GetNonce", "");
    assert_int_equal(a.status, 405);
    assert_true(answer_has(&a, "allow: POST"));
    answer_free(&a);
    a = http_text(w, "POST", "/network.ProverNetwork/GetNonce", "");
    assert_int_equal(a.status, 415);
    answer_free(&a);
    a = http_text(w, "PATCH", "/artifacts/x", "");
    assert_int_equal(a.status, 405);
    assert_true(answer_has(&a, "allow: PUT, GET, HEAD"));
    answer_free(&a);
}

static void errors_are_json(void **state)
{
    world *w = *state;
    answer a = http_text(w, "GET", "/livez?x=1", "");

    assert_int_equal(a.status, 200);
    answer_free(&a);
    a = http_text(w, "POST", "/livez", "x");
    assert_int_equal(a.status, 405);
    assert_true(answer_has(&a, "content-type: application/json"));
    a.body = realloc(a.body, a.len + 1);
    a.body[a.len] = '\0';
    assert_non_null(strstr((char *)a.body, "\"code\":\"ERR_UNSUPPORTED\""));
    assert_non_null(strstr((char *)a.body, "\"message\":\"POST"));
    assert_non_null(strstr((char *)a.body, "\"help\":\"use GET, HEAD\""));
    answer_free(&a);
}

static void head_has_the_length_and_no_body(void **state)
{
    world *w = *state;
    answer a = http_text(w, "HEAD", "/livez", "");

    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 0);
    assert_true(answer_has(&a, "content-length: 3"));
    answer_free(&a);
}

static void grpc_is(world *w, const char *path, const field *fields,
                    const void *body, size_t len, int code, const char *text)
{
    answer a = grpc_raw(w, path, fields, body, len);

    if (a.status != 200 || a.grpc != code || !strstr(a.message, text))
        fail_msg("%s: HTTP %d, gRPC %d \"%s\", expected %d with \"%s\"", path,
                 a.status, a.grpc, a.message, code, text);
    answer_free(&a);
}

static const char health[] = "/grpc.health.v1.Health/Check";

static void frames_are_checked(void **state)
{
    static const field zip[] = { { "content-type", "application/grpc+proto" },
                                 { "grpc-encoding", "gzip" },
                                 { NULL, NULL } };
    world *w = *state;
    answer a;

    grpc_is(w, health, NULL, "", 0, 3, "0 bytes");
    grpc_is(w, health, NULL, "\0\0\0\0", 4, 3, "4 bytes");
    grpc_is(w, health, NULL, "\0\0\0\0\2x", 6, 3, "cut");
    grpc_is(w, health, NULL, "\0\0\0\0\0x", 6, 3, "follow");
    grpc_is(w, health, NULL, "\0\0\0\0\0\0\0\0\0\0", 10, 3, "follow");
    grpc_is(w, health, NULL, "\2\0\0\0\0", 5, 3, "flag");
    grpc_is(w, health, NULL, "\0\xff\xff\xff\xff", 5, 8, "http.message_max");
    grpc_is(w, health, zip, "\1\0\0\0\0", 5, 12, "compressed");
    a = grpc_raw(w, health, zip, "\1\0\0\0\0", 5);
    assert_true(answer_has(&a, "grpc-accept-encoding: identity"));
    answer_free(&a);
    grpc_is(w, health, NULL, "\0\0\0\0\0", 5, 0, "");
    grpc_is(w, "/grpc.health.v1.Health/Nothing", NULL, "\0\0\0\0\0", 5, 12,
            "no method");
}

static void long_bodies_are_refused_by_name(void **state)
{
    world *w = world_make("http.message_max=1KiB", NULL);
    uint8_t body[2000] = { 0 };
    answer a;

    (void)state;
    pvn_put_u32be(body + 1, sizeof body - 5);
    a = grpc_raw(w, health, NULL, body, sizeof body);
    assert_int_equal(a.grpc, 8);
    assert_non_null(strstr(a.message, "http.message_max"));
    assert_non_null(strstr(a.message, "1024"));
    answer_free(&a);
    world_free(w);
}

static void deadlines_are_kept(void **state)
{
    static const field over[] = { { "content-type", "application/grpc" },
                                  { "grpc-timeout", "0S" },
                                  { NULL, NULL } };
    static const field bad[] = { { "content-type", "application/grpc" },
                                 { "grpc-timeout", "soon" },
                                 { NULL, NULL } };
    static const field brief[] = { { "content-type", "application/grpc" },
                                   { "grpc-timeout", "50m" },
                                   { NULL, NULL } };
    world *w = *state;
    answer a;

    grpc_is(w, health, over, "\0\0\0\0\0", 5, 4, "deadline");
    grpc_is(w, health, bad, "\0\0\0\0\0", 5, 3, "grpc-timeout");
    /* Watch goes on until its deadline: one message, then status 4. */
    a = grpc_raw(w, "/grpc.health.v1.Health/Watch", brief, "\0\0\0\0\0", 5);
    assert_int_equal(a.len, 7);
    assert_memory_equal(a.body, "\0\0\0\0\2\x08\x01", 7);
    assert_int_equal(a.grpc, 4);
    answer_free(&a);
}

/* ---- health ---- */

static void services_are_serving(void **state)
{
    world *w = *state;
    pvn_buf msg = { 0 };
    answer a;

    pvn_pb_put_bytes(&msg, 1, "network.ProverNetwork", 21);
    a = grpc_buf(w, health, &msg);
    assert_int_equal(a.grpc, 0);
    assert_int_equal(get(a.body, a.len, 1).value, 1);
    answer_free(&a);
    pvn_pb_put_bytes(&msg, 1, "network.Nobody", 14);
    a = grpc_buf(w, health, &msg);
    assert_int_equal(a.grpc, 5);
    answer_free(&a);
    a = grpc(w, health, "\x0a\x05xx", 4);
    assert_int_equal(a.grpc, 3);
    answer_free(&a);
    a = grpc(w, "/grpc.health.v1.Health/List", NULL, 0);
    assert_int_equal(a.grpc, 0);
    /* the first entry is the node as a whole */
    assert_memory_equal(a.body, "\x0a\x06\x0a\x00\x12\x02\x08\x01", 8);
    answer_free(&a);
}

/* ---- reflection ---- */

static void add_frame(pvn_buf *b, uint32_t number, const char *text)
{
    pvn_buf msg = { 0 };
    uint8_t head[5] = { 0 };

    pvn_pb_put_bytes(&msg, number, text, strlen(text));
    pvn_put_u32be(head + 1, (uint32_t)msg.len);
    pvn_buf_add(b, head, 5);
    pvn_buf_add(b, msg.data, msg.len);
    pvn_buf_free(&msg);
}

/* The i-th message of a stream's body. */
static pvn_bytes frame_at(const answer *a, size_t i)
{
    size_t at = 0;

    for (;; i--) {
        size_t len;

        assert_true(a->len - at >= 5);
        len = pvn_get_u32be(a->body + at + 1);
        assert_true(a->len - at - 5 >= len);
        if (i == 0)
            return pvn_bytes_of(a->body + at + 5, len);
        at += 5 + len;
    }
}

static bool contains(pvn_bytes b, const char *text)
{
    return memmem(b.data, b.len, text, strlen(text)) != NULL;
}

static const char reflect[] =
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

static void everything_can_be_reflected(void **state)
{
    world *w = *state;
    pvn_buf b = { 0 };
    pvn_bytes m;
    answer a;

    add_frame(&b, 7, "");
    add_frame(&b, 4, "network.ProverNetwork");
    add_frame(&b, 4, "types.ProofRequest.whitelist");
    add_frame(&b, 4, "types.ProofMode.GROTH16");
    add_frame(&b, 4, "network.ProverNetwork.Bid");
    add_frame(&b, 3, "artifact.proto");
    add_frame(&b, 4, "no.such.Thing");
    add_frame(&b, 6, "types.Bid");
    a = grpc_raw(w, reflect, NULL, b.data, b.len);
    pvn_buf_free(&b);
    assert_int_equal(a.grpc, 0);
    m = frame_at(&a, 0);
    assert_true(contains(m, "network.ProverNetwork"));
    assert_true(contains(m, "grpc.reflection.v1alpha.ServerReflection"));
    m = frame_at(&a, 1);
    assert_int_equal(get(m.data, m.len, 4).wire, PVN_PB_LEN);
    assert_true(contains(m, "network.proto"));
    assert_true(contains(m, "types.proto")); /* what it imports comes along */
    for (size_t i = 2; i < 4; i++) {
        m = frame_at(&a, i);
        assert_int_equal(get(m.data, m.len, 4).wire, PVN_PB_LEN);
        assert_true(contains(m, "types.proto"));
    }
    m = frame_at(&a, 4);
    assert_int_equal(get(m.data, m.len, 4).wire, PVN_PB_LEN);
    m = frame_at(&a, 5);
    assert_true(contains(m, "CreateArtifactRequest"));
    m = frame_at(&a, 6);
    assert_int_equal(get(m.data, m.len, 7).wire, PVN_PB_LEN);
    m = frame_at(&a, 7);
    assert_int_equal(get(m.data, m.len, 5).wire, PVN_PB_LEN);
    answer_free(&a);
}

/* A client that waits for each answer before it asks again. */
static void answers_come_between_messages(void **state)
{
    static const provernet_field f[] = { { "content-type",
                                           "application/grpc" } };
    world *w = *state;
    provernet_head head = { .struct_size = sizeof head,
                            .method = "POST",
                            .authority = "x",
                            .path = reflect,
                            .scheme = "http",
                            .peer = "",
                            .fields = f,
                            .fields_len = 1 };
    uint8_t buf[65536];
    provernet_call *c;
    pvn_buf b = { 0 };
    size_t taken, got;

    add_frame(&b, 7, "");
    assert_int_equal(provernet_call_open(w->inbox, &c, &head, 1, NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(provernet_call_write(c, b.data, b.len, &taken), 0);
        assert_int_equal(taken, b.len);
        assert_int_equal(provernet_call_read(c, buf, sizeof buf, &got), 0);
        assert_true(got > 5 && pvn_get_u32be(buf + 1) == got - 5);
        assert_int_equal(provernet_call_read(c, buf, sizeof buf, &got),
                         PROVERNET_AGAIN);
    }
    assert_int_equal(provernet_call_end(c), 0);
    assert_int_equal(provernet_call_read(c, buf, sizeof buf, &got),
                     PROVERNET_END);
    provernet_call_close(c);
    pvn_buf_free(&b);
}

static void cut_streams_fail(void **state)
{
    grpc_is(*state, reflect, NULL, "\0\0\0\0\5ab", 7, 3, "cut");
    grpc_is(*state, reflect, NULL, "\0\0\0\0\2\x0a\x09", 7, 3,
            "ServerReflectionRequest");
    grpc_is(*state, reflect, NULL, "", 0, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_paths_are_refused),
        cmocka_unit_test(queries_are_decoded),
        cmocka_unit_test(only_plain_authorities_are_used),
        cmocka_unit_test(timeouts_have_digits_and_a_unit),
        cmocka_unit_test(messages_are_escaped),
        cmocka_unit_test(unknown_things_are_told_apart),
        cmocka_unit_test(errors_are_json),
        cmocka_unit_test(head_has_the_length_and_no_body),
        cmocka_unit_test(frames_are_checked),
        cmocka_unit_test(long_bodies_are_refused_by_name),
        cmocka_unit_test(deadlines_are_kept),
        cmocka_unit_test(services_are_serving),
        cmocka_unit_test(everything_can_be_reflected),
        cmocka_unit_test(answers_come_between_messages),
        cmocka_unit_test(cut_streams_fail),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
