/* tests/unit/protocol/web_test.c - browsers: gRPC-Web and CORS. */
#include "people.h"
#include "protocol/http/http.h"

#define NONCE "/network.ProverNetwork/GetNonce"
#define HOME  "https://wallet.example"

static int open_world(void **state)
{
    *state = world_make("http.cors=https://other.example, " HOME, NULL);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

static answer web(world *w, const char *path, const char *type,
                  const void *body, size_t len)
{
    const field f[] = { { "content-type", type },
                        { "x-grpc-web", "1" },
                        { "origin", HOME },
                        { NULL, NULL } };

    return grpc_raw(w, path, f, body, len);
}

/* {1 address} of this length in a frame. */
static size_t frame_of(uint8_t out[64], size_t address_len)
{
    memset(out, 0, 64);
    out[4] = (uint8_t)(2 + address_len);
    out[5] = 10;
    out[6] = (uint8_t)address_len;
    memset(out + 7, 0x42, address_len);
    return 7 + address_len;
}

static void binary_answers_end_with_their_trailers(void **state)
{
    static const char end[] = "grpc-status: 0\r\n";
    world *w = *state;
    uint8_t frame[64];
    size_t len = frame_of(frame, 20);
    answer a = web(w, "/network.ProverNetwork/GetBalance",
                   "application/grpc-web+proto", frame, len);
    size_t message;

    assert_int_equal(a.status, 200);
    assert_true(answer_has(&a, "content-type: application/grpc-web+proto"));
    assert_string_equal(a.trailers, ""); /* browsers could not read them */
    message = pvn_get_u32be(a.body + 1);
    assert_int_equal(a.body[0], 0);
    assert_int_equal(a.len, 5 + message + 5 + strlen(end));
    assert_int_equal(a.body[5 + message], 0x80);
    assert_int_equal(pvn_get_u32be(a.body + 6 + message), strlen(end));
    assert_memory_equal(a.body + 10 + message, end, strlen(end));
    answer_free(&a);
}

static void failures_are_in_the_head(void **state)
{
    world *w = *state;
    uint8_t frame[64];
    size_t len = frame_of(frame, 19);
    answer a = web(w, NONCE, "application/grpc-web", frame, len);

    assert_int_equal(a.grpc, 3);
    assert_non_null(strstr(a.message, "address"));
    assert_true(answer_has(&a, "access-control-allow-origin: " HOME));
    assert_non_null(strstr(a.fields, "access-control-expose-headers: "
                                     "grpc-status, grpc-message"));
    answer_free(&a);
    a = web(w, "/network.ProverNetwork/NoSuch", "application/grpc-web", frame,
            len);
    assert_int_equal(a.grpc, 12);
    answer_free(&a);
    /* reflection takes a stream of messages */
    a = web(w, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "application/grpc-web", frame, len);
    assert_int_equal(a.grpc, 12);
    answer_free(&a);
}

static void text_is_base64_both_ways(void **state)
{
    /* {1: 20 x 0x42} in a frame */
    static const char ask[] = "AAAAABYKFEJCQkJCQkJCQkJCQkJCQkJCQkJC";
    static const char *const wrong[] = { "AAA", "A===", "AA=A", "AA A",
                                         "\xff\xff\xff\xff" };
    world *w = *state;
    pvn_arena arena = { 0 };
    pvn_bytes got;
    answer a = web(w, NONCE, "application/grpc-web-text", ask, strlen(ask));

    assert_int_equal(a.status, 200);
    assert_true(
        answer_has(&a, "content-type: application/grpc-web-text+proto"));
    assert_true(pvn_web_decode(&arena, pvn_bytes_of(a.body, a.len), &got));
    /* an empty message (nonce 0), then the trailers */
    assert_int_equal(got.len, 5 + 5 + 16);
    assert_int_equal(got.data[5], 0x80);
    assert_memory_equal(got.data + 10, "grpc-status: 0\r\n", 16);
    answer_free(&a);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        a = web(w, NONCE, "application/grpc-web-text", wrong[i],
                strlen(wrong[i]));
        assert_int_equal(a.grpc, 3);
        answer_free(&a);
    }
    assert_true(pvn_web_decode(&arena, pvn_bytes_of("YQ==YmM=", 8), &got));
    assert_int_equal(got.len, 3);
    assert_memory_equal(got.data, "abc", 3);
    pvn_arena_free(&arena);
}

/* A stream ends with its trailers as its last frame. */
static void streams_end_in_their_body(void **state)
{
    static const uint8_t empty[5];
    const field f[] = { { "content-type", "application/grpc-web+proto" },
                        { "grpc-timeout", "50m" },
                        { NULL, NULL } };
    world *w = *state;
    answer a = grpc_raw(w, "/network.ProverNetwork/SubscribeProofRequests", f,
                        empty, sizeof empty);

    assert_int_equal(a.status, 200);
    assert_true(a.len > 5);
    assert_int_equal(a.body[0], 0x80);
    assert_int_equal(pvn_get_u32be(a.body + 1), a.len - 5);
    assert_memory_equal(a.body + 5, "grpc-status: 4\r\n", 16);
    answer_free(&a);
}

static void pages_must_be_allowed(void **state)
{
    const field ask[] = { { "origin", HOME },
                          { "access-control-request-method", "POST" },
                          { NULL, NULL } };
    const field stranger[] = { { "origin", "https://evil.example" },
                               { "access-control-request-method", "POST" },
                               { NULL, NULL } };
    const field reads[] = { { "origin", HOME }, { NULL, NULL } };
    world *w = *state, *closed;
    answer a = http(w, "OPTIONS", NONCE, ask, NULL, 0);

    assert_int_equal(a.status, 204);
    assert_true(answer_has(&a, "access-control-allow-origin: " HOME));
    assert_true(answer_has(&a, "vary: origin"));
    assert_non_null(strstr(a.fields, "access-control-allow-methods: GET, "
                                     "HEAD, POST, PUT"));
    assert_non_null(strstr(a.fields, "x-grpc-web"));
    answer_free(&a);
    a = http(w, "OPTIONS", NONCE, stranger, NULL, 0);
    assert_int_equal(a.status, 405);
    assert_null(strstr(a.fields, "access-control"));
    answer_free(&a);
    a = http(w, "GET", "/livez", reads, NULL, 0);
    assert_int_equal(a.status, 200);
    assert_true(answer_has(&a, "access-control-allow-origin: " HOME));
    answer_free(&a);
    a = http(w, "GET", "/nowhere", reads, NULL, 0);
    assert_int_equal(a.status, 404);
    assert_true(answer_has(&a, "access-control-allow-origin: " HOME));
    answer_free(&a);
    closed = world_make(NULL, NULL); /* the default: no page at all */
    a = http(closed, "OPTIONS", NONCE, ask, NULL, 0);
    assert_int_equal(a.status, 405);
    answer_free(&a);
    a = http(closed, "GET", "/livez", reads, NULL, 0);
    assert_null(strstr(a.fields, "access-control"));
    answer_free(&a);
    world_free(closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binary_answers_end_with_their_trailers),
        cmocka_unit_test(failures_are_in_the_head),
        cmocka_unit_test(text_is_base64_both_ways),
        cmocka_unit_test(streams_end_in_their_body),
        cmocka_unit_test(pages_must_be_allowed),
    };

    return cmocka_run_group_tests_name("web", tests, open_world, close_world);
}
