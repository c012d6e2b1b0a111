/* tests/unit/protocol/ops_test.c - uploads, downloads, probes, /api/v1. */
#include "world.h"
#include "protocol/ops/ops.h"
#include <jansson.h>
#include <zstd.h>

enum { BIG = 300000 };

static int open_world(void **state)
{
    *state = world_make("artifact.size_max=1MiB", NULL);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

static uint8_t *noise(size_t len)
{
    uint8_t *p = malloc(len);
    uint32_t x = 1;

    assert_non_null(p);
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (uint8_t)(x >> 24) & 15;
    }
    return p;
}

static void expect_status(world *w, const char *method, const char *path,
                          const void *body, size_t len, int status)
{
    answer a = http(w, method, path, NULL, body, len);

    if (a.status != status)
        fail_msg("%s %s: %d, expected %d: %.*s", method, path, a.status, status,
                 (int)a.len, (const char *)a.body);
    answer_free(&a);
}

/* ---- pure ---- */

static void ranges_are_parsed(void **state)
{
    uint64_t from, count;

    (void)state;
#define RANGE(text, len) pvn_range_parse(text, len, &from, &count)
    assert_int_equal(RANGE(NULL, 10), 200);
    assert_int_equal(RANGE("bytes=0-3", 10), 206);
    assert_true(from == 0 && count == 4);
    assert_int_equal(RANGE("bytes=8-", 10), 206);
    assert_true(from == 8 && count == 2);
    assert_int_equal(RANGE("bytes=-3", 10), 206);
    assert_true(from == 7 && count == 3);
    assert_int_equal(RANGE("bytes=-30", 10), 206);
    assert_true(from == 0 && count == 10);
    assert_int_equal(RANGE("bytes=5-100", 10), 206);
    assert_true(from == 5 && count == 5);
    assert_int_equal(RANGE("bytes=10-", 10), 416);
    assert_int_equal(RANGE("bytes=-0", 10), 416);
    assert_int_equal(RANGE("bytes=0-", 0), 416);
    assert_int_equal(RANGE("bytes=5-4", 10), 200);
    assert_int_equal(RANGE("bytes=0-1,3-4", 10), 200);
    assert_int_equal(RANGE("bytes=a-b", 10), 200);
    assert_int_equal(RANGE("lines=0-1", 10), 200);
    assert_int_equal(RANGE("bytes=99999999999999999999999-", 10), 200);
#undef RANGE
}

static void artifact_paths_are_parsed(void **state)
{
    static const char id[] = "00112233445566778899aabbccddeeff";
    pvn_artifact_path p;
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "stdin/%s", id);
    assert_true(pvn_artifact_path_parse(&p, path));
    assert_true(p.type == 2 && !p.stored && !p.spaced && p.id.bytes[1] == 0x11);
    snprintf(path, sizeof path, "stored/private-stdin/%s", id);
    assert_true(pvn_artifact_path_parse(&p, path));
    assert_true(p.type == 7 && p.stored);
    snprintf(path, sizeof path, "raw/proof/%s", id);
    assert_true(pvn_artifact_path_parse(&p, path));
    assert_true(p.type == 3 && !p.stored && p.spaced);
    assert_false(pvn_artifact_path_parse(&p, "stdin/0x112233445566778899aabb"));
    assert_false(pvn_artifact_path_parse(&p, "stdin/"));
    assert_false(pvn_artifact_path_parse(&p, ""));
    assert_false(pvn_artifact_path_parse(&p, NULL));
    snprintf(path, sizeof path, "nothing/%s", id);
    assert_false(pvn_artifact_path_parse(&p, path));
    snprintf(path, sizeof path, "stdin/%sx", id);
    assert_false(pvn_artifact_path_parse(&p, path));
}

static void uris_end_in_an_id(void **state)
{
    provernet_id id;

    (void)state;
    assert_true(pvn_artifact_uri_id(
        "http://h/artifacts/stdin/00112233445566778899aabbccddeeff", &id));
    assert_true(
        pvn_artifact_uri_id("00112233445566778899AABBCCDDEEFF?t=x", &id));
    assert_int_equal(id.bytes[15], 0xff);
    assert_false(pvn_artifact_uri_id("", &id));
    assert_false(pvn_artifact_uri_id("s3://bucket/artifact_01jqcgtjr7", &id));
    assert_false(pvn_artifact_uri_id("00112233445566778899aabbccddeeff/", &id));
}

/* ---- uploads ---- */

static void bytes_come_back(world *w, const char *uri, const uint8_t *data,
                            size_t len)
{
    answer a = http_text(w, "GET", path_of(uri), "");

    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, len);
    assert_memory_equal(a.body, data, len);
    assert_true(answer_has(&a, "accept-ranges: bytes"));
    answer_free(&a);
}

static void small_and_big_uploads_come_back(void **state)
{
    world *w = *state;
    uint8_t *data = noise(BIG);
    static const size_t sizes[] = { 0, 1, 4096, 4097, BIG };
    char uri[256];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        upload(w, 2, data, sizes[i], uri);
        bytes_come_back(w, uri, data, sizes[i]);
    }
    free(data);
}

static void the_same_bytes_again_are_fine(void **state)
{
    world *w = *state;
    uint8_t *data = noise(BIG);
    static const size_t sizes[] = { 10, BIG };
    char uri[256], url[512];

    for (size_t i = 0; i < 2; i++) {
        create_artifact(w, 2, uri, url);
        expect_status(w, "PUT", path_of(url), data, sizes[i], 200);
        expect_status(w, "PUT", path_of(url), data, sizes[i], 200);
        data[5] ^= 1;
        expect_status(w, "PUT", path_of(url), data, sizes[i], 409);
        expect_status(w, "PUT", path_of(url), data, sizes[1 - i], 409);
        data[5] ^= 1;
        bytes_come_back(w, uri, data, sizes[i]);
    }
    free(data);
}

/* Whose the upload would be: from the address; "" if it was refused. */
static void owner_with(world *w, const uint8_t sig[65], char owner[41])
{
    pvn_buf msg = { 0 };
    answer a;
    pvn_pb_field f;

    pvn_pb_put_bytes(&msg, 1, sig, 65);
    pvn_pb_put_uint(&msg, 2, 2);
    a = grpc_buf(w, "/artifact.ArtifactStore/CreateArtifact", &msg);
    owner[0] = '\0';
    if (a.grpc == 0) {
        f = get(a.body, a.len, 2);
        memcpy(owner,
               (const char *)memmem(f.bytes.data, f.bytes.len, "?o=", 3) + 3,
               40);
        owner[40] = '\0';
    }
    answer_free(&a);
}

/* What was verified once is known by all its bytes and by nothing less. */
static void a_known_signature_is_that_signature(void **state)
{
    world *w = *state;
    char mine[41], owner[41];
    uint8_t sig[65], other[65];

    pvn_hex(mine, w->address, sizeof w->address);
    assert_int_equal(provernet_sign(w->key, sig, "create_artifact", 15, NULL),
                     0);
    for (int i = 0; i < 3; i++) {
        owner_with(w, sig, owner);
        assert_string_equal(owner, mine);
    }
    for (size_t i = 0; i < sizeof sig; i++) {
        memcpy(other, sig, sizeof sig);
        other[i] ^= 1;
        owner_with(w, other, owner);
        assert_string_not_equal(owner, mine);
    }
    owner_with(w, sig, owner);
    assert_string_equal(owner, mine);
}

static void uploads_need_their_ticket(void **state)
{
    world *w = *state;
    char uri[256], url[512], other_uri[256], other[512], forged[512];

    create_artifact(w, 2, uri, url);
    create_artifact(w, 2, other_uri, other);
    expect_status(w, "PUT", path_of(uri), "x", 1, 403);
    snprintf(forged, sizeof forged, "%s%s", path_of(uri), strchr(other, '?'));
    expect_status(w, "PUT", forged, "x", 1, 403);
    snprintf(forged, sizeof forged, "%s", path_of(url));
    forged[strlen(forged) - 1] ^= 1;
    expect_status(w, "PUT", forged, "x", 1, 403);
    snprintf(forged, sizeof forged, "%s", path_of(url));
    strstr(forged, "?o=")[3] ^= 1; /* for another owner */
    expect_status(w, "PUT", forged, "x", 1, 403);
    strstr(forged, "?o=")[3] = 'g';
    expect_status(w, "PUT", forged, "x", 1, 403);
    snprintf(forged, sizeof forged, "/artifacts/data%s",
             strrchr(path_of(url), '/')); /* as another type */
    expect_status(w, "PUT", forged, "x", 1, 403);
    snprintf(forged, sizeof forged, "%s?t=%s", path_of(uri),
             strstr(url, "&t=") + 3); /* as if a row were there */
    expect_status(w, "PUT", forged, "x", 1, 403);
    expect_status(w, "PUT", "/artifacts/stdin/zz?t=1-2", "x", 1, 404);
    expect_status(w, "GET", path_of(uri), "", 0, 404);
    w->skip_ms += 48 * 3600 * 1000;
    expect_status(w, "PUT", path_of(url), "x", 1, 403);
    w->skip_ms = 0;
    expect_status(w, "PUT", path_of(url), "x", 1, 200);
}

static void too_long_uploads_are_refused(void **state)
{
    static const field claims[] = { { "content-length", "2000000" },
                                    { NULL, NULL } };
    static const field lies[] = { { "content-length", "5" }, { NULL, NULL } };
    world *w = *state;
    uint8_t *data = noise(2000000);
    char uri[256], url[512];
    answer a;

    create_artifact(w, 2, uri, url);
    a = http(w, "PUT", path_of(url), claims, "", 0); /* before any byte */
    assert_int_equal(a.status, 413);
    answer_free(&a);
    expect_status(w, "PUT", path_of(url), data, 2000000, 413);
    a = http(w, "PUT", path_of(url), lies, "1234", 4);
    assert_int_equal(a.status, 400);
    answer_free(&a);
    expect_status(w, "GET", path_of(uri), "", 0, 404);
    expect_status(w, "PUT", path_of(url), data, BIG, 200);
    free(data);
}

static void the_quota_is_kept(void **state)
{
    world *w = world_make("artifact.quota=100KiB", NULL);
    static const field claims[] = { { "content-length", "300000" },
                                    { NULL, NULL } };
    uint8_t *data = noise(BIG);
    char uri[256], url[512];
    answer a;

    (void)state;
    create_artifact(w, 2, uri, url);
    a = http(w, "PUT", path_of(url), claims, "", 0);
    assert_int_equal(a.status, 507);
    answer_free(&a);
    upload(w, 2, data, 90000, uri);
    expect_status(w, "PUT", path_of(url), data, 90000, 507);
    free(data);
    world_free(w);
}

/* A client that goes away in the middle leaves no file behind. */
static void cut_uploads_leave_nothing(void **state)
{
    world *w = world_make(NULL, NULL);
    uint8_t *data = noise(BIG);
    char uri[256], url[512], command[128];
    provernet_head head = { .struct_size = sizeof head,
                            .method = "PUT",
                            .authority = "x",
                            .scheme = "http",
                            .peer = "" };
    provernet_call *c;
    size_t taken;

    (void)state;
    create_artifact(w, 2, uri, url);
    head.path = path_of(url);
    assert_int_equal(provernet_call_open(w->inbox, &c, &head, 1, NULL), 0);
    assert_int_equal(provernet_call_write(c, data, BIG, &taken), 0);
    provernet_call_close(c);
    expect_status(w, "GET", path_of(uri), "", 0, 404);
    snprintf(command, sizeof command,
             "test -z \"$(find %s/artifacts -type f -size +1k)\"", w->dir);
    assert_int_equal(system(command), 0);
    expect_status(w, "PUT", path_of(url), data, BIG, 200);
    assert_int_not_equal(system(command), 0); /* now it is there */
    free(data);
    world_free(w);
}

/* ---- downloads ---- */

static void ranges_and_heads_are_answered(void **state)
{
    static const field range[] = { { "range", "bytes=5-9" }, { NULL, NULL } };
    static const field beyond[] = { { "range", "bytes=400000-" },
                                    { NULL, NULL } };
    world *w = *state;
    uint8_t *data = noise(BIG);
    char uri[256];
    answer a;

    upload(w, 2, data, BIG, uri);
    a = http(w, "GET", path_of(uri), range, "", 0);
    assert_int_equal(a.status, 206);
    assert_int_equal(a.len, 5);
    assert_memory_equal(a.body, data + 5, 5);
    assert_true(answer_has(&a, "content-range: bytes 5-9/300000"));
    answer_free(&a);
    a = http(w, "GET", path_of(uri), beyond, "", 0);
    assert_int_equal(a.status, 416);
    assert_true(answer_has(&a, "content-range: bytes */300000"));
    answer_free(&a);
    a = http(w, "HEAD", path_of(uri), NULL, "", 0);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 0);
    assert_true(answer_has(&a, "content-length: 300000"));
    answer_free(&a);
    free(data);
}

static void etags_spare_a_transfer(void **state)
{
    world *w = *state;
    field known[] = { { "if-none-match", NULL }, { NULL, NULL } };
    char uri[256], etag[128];
    const char *at;
    answer a;

    upload(w, 2, "hello", 5, uri);
    a = http_text(w, "GET", path_of(uri), "");
    at = strstr(a.fields, "etag: ");
    assert_non_null(at);
    snprintf(etag, sizeof etag, "%.*s", (int)strcspn(at + 6, "\n"), at + 6);
    assert_string_equal(etag, "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa742"
                              "5e73043362938b9824\"");
    answer_free(&a);
    known[0].value = etag;
    a = http(w, "GET", path_of(uri), known, "", 0);
    assert_int_equal(a.status, 304);
    assert_int_equal(a.len, 0);
    answer_free(&a);
}

/* Two spaces: decoded for one kind of prover, as uploaded for the other. */
static void compressed_uploads_have_two_forms(void **state)
{
    static const field range[] = { { "range", "bytes=290000-" },
                                   { NULL, NULL } };
    static const size_t sizes[] = { 2000, BIG };
    world *w = *state;
    uint8_t *data = noise(BIG), *packed = malloc(ZSTD_compressBound(BIG));
    char uri[256], path[300];
    const char *tail;
    answer a;

    for (size_t i = 0; i < 2; i++) {
        size_t len =
            ZSTD_compress(packed, ZSTD_compressBound(BIG), data, sizes[i], 3);

        upload(w, 2, packed, len, uri);
        bytes_come_back(w, uri, data, sizes[i]);
        tail = path_of(uri) + strlen("/artifacts/");
        snprintf(path, sizeof path, "/artifacts/stored/%s", tail);
        a = http_text(w, "GET", path, "");
        assert_int_equal(a.len, len);
        assert_memory_equal(a.body, packed, len);
        assert_non_null(strstr(a.fields, "-zstd\"\n"));
        answer_free(&a);
        snprintf(path, sizeof path, "/artifacts/raw/%s", tail);
        a = http_text(w, "HEAD", path, "");
        snprintf(path, sizeof path, "content-length: %zu", sizes[i]);
        assert_true(answer_has(&a, path));
        answer_free(&a);
    }
    a = http(w, "GET", path_of(uri), range, "", 0);
    assert_int_equal(a.status, 206);
    assert_int_equal(a.len, 10000);
    assert_memory_equal(a.body, data + 290000, 10000);
    answer_free(&a);
    free(data);
    free(packed);
}

static void private_inputs_need_a_ticket(void **state)
{
    world *w = *state;
    char uri[256], url[512], forged[512], ticket[PVN_TICKET_CHARS];
    provernet_id id;

    create_artifact(w, 7, uri, url);
    expect_status(w, "PUT", path_of(url), "secret", 6, 200);
    expect_status(w, "GET", path_of(uri), "", 0, 403);
    expect_status(w, "GET", path_of(url), "", 0, 403); /* a put ticket */
    assert_true(pvn_artifact_uri_id(uri, &id));
    /* another type in the path is another name */
    snprintf(forged, sizeof forged, "/artifacts/stdin/%s",
             strrchr(uri, '/') + 1);
    expect_status(w, "GET", forged, "", 0, 404);
    pvn_ticket_make(ticket, pvn_node_ticket_key(w->node), "get", &id,
                    world_now(w) + 1000);
    snprintf(forged, sizeof forged, "%s?t=%s", path_of(uri), ticket);
    expect_status(w, "GET", forged, "", 0, 200);
    w->skip_ms += 2000;
    expect_status(w, "GET", forged, "", 0, 403);
    w->skip_ms = 0;
}

/* ---- probes and people ---- */

static json_t *api(world *w, const char *path)
{
    answer a = http_text(w, "GET", path, "");
    json_error_t e;
    json_t *o;

    if (a.status != 200)
        fail_msg("%s: %d %.*s", path, a.status, (int)a.len, (char *)a.body);
    o = json_loadb((const char *)a.body, a.len, 0, &e);
    if (!o)
        fail_msg("%s is not JSON: %s: %.*s", path, e.text, (int)a.len,
                 (char *)a.body);
    answer_free(&a);
    return o;
}

static void probes_answer(void **state)
{
    world *w = *state;
    answer a;

    expect_status(w, "GET", "/livez", "", 0, 200);
    expect_status(w, "GET", "/readyz", "", 0, 200);
    a = http_text(w, "GET", "/metrics", "");
    assert_int_equal(a.status, 200);
    assert_non_null(memmem(a.body, a.len, "\nprovernet_calls_total ", 23));
    assert_non_null(
        memmem(a.body, a.len, "provernet_workers{state=\"here\"}", 31));
    answer_free(&a);
}

static const char *text_of(json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    if (!s)
        fail_msg("no %s", name);
    return s;
}

static void requests_can_be_listed_and_shown(void **state)
{
    world *w = *state;
    uint8_t id[32], second[32];
    char hex[65], path[128];
    json_t *o, *r;

    register_sp1(w, 0x21);
    accepted_request(w, 0x21, id);
    w->skip_ms += 10;
    accepted_request(w, 0x21, second);
    pvn_hex(hex, second, 32);
    o = api(w, "/api/v1/requests?state=queued&limit=1");
    assert_int_equal(json_array_size(json_object_get(o, "requests")), 1);
    assert_string_equal(text_of(o, "next"), "2");
    r = json_array_get(json_object_get(o, "requests"), 0);
    assert_string_equal(text_of(r, "id") + 2, hex); /* newest first */
    assert_string_equal(text_of(r, "state"), "queued");
    assert_string_equal(text_of(r, "kind"), "sp1/compressed@6");
    assert_true(strlen(text_of(r, "waiting_for")) > 0);
    assert_true(json_integer_value(json_object_get(r, "deadline_ms")) >
                world_now(w));
    json_decref(o);
    o = api(w, "/api/v1/requests?state=fulfilled");
    assert_int_equal(json_array_size(json_object_get(o, "requests")), 0);
    assert_true(json_is_null(json_object_get(o, "next")));
    json_decref(o);
    for (int digits = 64; digits >= 7; digits -= 3) { /* odd ones too */
        snprintf(path, sizeof path, "/api/v1/requests/0x%.*s", digits, hex);
        o = api(w, path);
        assert_string_equal(text_of(o, "id") + 2, hex);
        assert_true(json_array_size(json_object_get(o, "events")) >= 1);
        json_decref(o);
    }
    expect_status(w, "GET", "/api/v1/requests/0xabc", "", 0, 400);
    expect_status(w, "GET", "/api/v1/requests/zzzz", "", 0, 400);
    expect_status(w, "GET", "/api/v1/requests/ffffffffffff", "", 0, 404);
    expect_status(w, "GET", "/api/v1/requests?state=odd", "", 0, 400);
    expect_status(w, "GET", "/api/v1/requests?limit=0", "", 0, 400);
    expect_status(w, "GET", "/api/v1/requests?requester=0x12", "", 0, 400);
}

static void only_this_machine_may_cancel(void **state)
{
    static const field foreign[] = { { "origin", "http://evil.example" },
                                     { NULL, NULL } };
    world *w = *state;
    uint8_t id[32];
    char hex[65], path[128];
    json_t *o;
    answer a;

    register_sp1(w, 0x22);
    accepted_request(w, 0x22, id);
    snprintf(path, sizeof path, "/api/v1/requests/%s/cancel",
             pvn_hex(hex, id, 32));
    w->peer = "10.0.0.1:5000";
    expect_status(w, "POST", path, "", 0, 403);
    w->peer = "127.0.0.1:5000";
    a = http(w, "POST", path, foreign, "", 0);
    assert_int_equal(a.status, 403);
    answer_free(&a);
    expect_status(w, "POST", path, "", 0, 200);
    expect_status(w, "POST", path, "", 0, 409);
    *strrchr(path, '/') = '\0';
    o = api(w, path);
    assert_string_equal(text_of(o, "state"), "failed");
    assert_string_equal(text_of(o, "cause"), "cancelled");
    json_decref(o);
}

static void workers_and_overview_are_shown(void **state)
{
    world *w = *state;
    json_t *o, *r;

    worker_hello(w, "a \"name\" <b>", "nothing/here@1");
    o = api(w, "/api/v1/workers");
    r = json_array_get(json_object_get(o, "workers"), 0);
    assert_string_equal(text_of(r, "name"), "a \"name\" <b>");
    assert_string_equal(text_of(r, "state"), "here");
    json_decref(o);
    o = api(w, "/api/v1/overview");
    assert_string_equal(text_of(o, "health"), "serving");
    assert_true(json_is_false(json_object_get(o, "mock")));
    json_decref(o);
}

static void the_page_escapes_and_says_mock(void **state)
{
    world *w = world_make("node.mock=true", NULL);
    answer a;

    (void)state;
    worker_hello(w, "<script>", "x/y@1");
    register_sp1(w, 0x23);
    accepted_request(w, 0x23, (uint8_t[32]){ 0 });
    a = http_text(w, "GET", "/", "");
    assert_int_equal(a.status, 200);
    assert_non_null(memmem(a.body, a.len, "MOCK", 4));
    assert_non_null(memmem(a.body, a.len, "&lt;script&gt;", 14));
    assert_null(memmem(a.body, a.len, "<script", 7));
    assert_non_null(strstr(a.fields, "default-src 'none'"));
    answer_free(&a);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_parsed),
        cmocka_unit_test(artifact_paths_are_parsed),
        cmocka_unit_test(uris_end_in_an_id),
        cmocka_unit_test(small_and_big_uploads_come_back),
        cmocka_unit_test(the_same_bytes_again_are_fine),
        cmocka_unit_test(a_known_signature_is_that_signature),
        cmocka_unit_test(uploads_need_their_ticket),
        cmocka_unit_test(too_long_uploads_are_refused),
        cmocka_unit_test(the_quota_is_kept),
        cmocka_unit_test(cut_uploads_leave_nothing),
        cmocka_unit_test(ranges_and_heads_are_answered),
        cmocka_unit_test(etags_spare_a_transfer),
        cmocka_unit_test(compressed_uploads_have_two_forms),
        cmocka_unit_test(private_inputs_need_a_ticket),
        cmocka_unit_test(probes_answer),
        cmocka_unit_test(requests_can_be_listed_and_shown),
        cmocka_unit_test(only_this_machine_may_cancel),
        cmocka_unit_test(workers_and_overview_are_shown),
        cmocka_unit_test(the_page_escapes_and_says_mock),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
