/* contemplant_test.c - Hierophant's workers: the bytes of their protocol, and
 * a scripted worker from Register to its end. */
#include "wrapped.h"
#include "protocol/contemplant/session.h"
#include "protocol/contemplant/wire.h"
#include <jansson.h>
#include <time.h>
#include <unistd.h>

/* ---- bytes ---- */

#define AB4  "abababab"
#define AB32 AB4 AB4 AB4 AB4 AB4 AB4 AB4 AB4
#define ID   "2000000000000000" AB32

static pvn_bytes unhex(const char *hex)
{
    static uint8_t bytes[4][4096];
    static int turn;
    uint8_t *out = bytes[turn++ & 3];
    size_t len = strlen(hex) / 2;

    assert_true(pvn_unhex(out, len, hex, 2 * len));
    return pvn_bytes_of(out, len);
}

/* Read in two parts, cut anywhere; the proof is gathered. */
static provernet_status read_cut(pvn_bytes b, size_t cut, pvn_ct_message *m,
                                 pvn_buf *proof)
{
    pvn_ct_reader r = { 0 };
    provernet_error err;

    proof->len = 0;
    for (size_t at = 0; at < b.len;) {
        size_t end = at < cut ? cut : b.len, piece_len;
        const uint8_t *piece;

        at += pvn_ct_feed(&r, b.data + at, end - at, &piece, &piece_len);
        if (piece_len)
            assert_true(pvn_buf_add(proof, piece, piece_len));
    }
    return pvn_ct_read(&r, m, &err);
}

static pvn_ct_message read_all_cuts(const char *hex)
{
    pvn_bytes b = unhex(hex);
    pvn_ct_message m, first = { 0 };
    pvn_buf proof = { 0 };

    for (size_t cut = 0; cut <= b.len; cut++) {
        assert_int_equal(read_cut(b, cut, &m, &proof), PROVERNET_OK);
        if (cut == 0)
            first = m;
        assert_memory_equal(&m, &first, sizeof m);
        if (m.has_proof)
            assert_memory_equal(proof.data, "\1\2\3", 3);
        assert_int_equal(proof.len, m.has_proof ? 3 : 0);
    }
    pvn_buf_free(&proof);
    return first;
}

static void messages_of_workers_are_read(void **state)
{
    pvn_ct_message m;

    (void)state;
    m = read_all_cuts("0000000004000000000000006162656c0500000000000000372e312e"
                      "3002000000000000000000000001000000"
                      "0100");
    assert_int_equal(m.type, PVN_CT_REGISTER);
    assert_string_equal(m.name, "abel");
    assert_string_equal(m.version, "7.1.0");
    assert_int_equal(m.vms, 3);
    assert_true(m.groth16 && !m.old && m.drop[0] == 0);
    m = read_all_cuts("000000000100000000000000610500000000000000372e312e300100"
                      "0000000000000000000000011400000000000000687474703a2f2f6d"
                      "3a383535352f64726f702f31");
    assert_int_equal(m.vms, 1);
    assert_false(m.groth16);
    assert_string_equal(m.drop, "http://m:8555/drop/1");
    m = read_all_cuts("02000000");
    assert_int_equal(m.type, PVN_CT_HEARTBEAT);
    m = read_all_cuts("01000000" ID "00");
    assert_int_equal(m.type, PVN_CT_STATUS);
    assert_false(m.known);
    assert_int_equal(m.id[31], 0xab);
    m = read_all_cuts("01000000" ID "01010000000001000000002a00000000000000");
    assert_true(m.known && !m.has_proof && m.execution == 1);
    assert_true(m.stage == PVN_CT_EXECUTION && m.percent == 42);
    m = read_all_cuts("01000000" ID "010200000001030000000000000001020301020000"
                      "00");
    assert_true(m.known && m.has_proof && m.execution == 2);
    assert_true(m.stage == PVN_CT_DONE);
    /* protocol 6, which is told apart; trailing bytes do not matter */
    m = read_all_cuts("0000000004000000000000006162656c0500000000000000362e302e"
                      "3000");
    assert_true(m.old);
    assert_string_equal(m.version, "6.0.0");
    m = read_all_cuts("0200000001020304");
    assert_int_equal(m.type, PVN_CT_HEARTBEAT);
}

static void nonsense_is_no_message(void **state)
{
    static const char *const bad[] = {
        "",
        "030000",
        "03000000",
        "00000000ffffffffffffffff61",
        "01000000" ID "02",
        "01000000" ID "0101000000",
        "01000000" ID "010200000001ffffffffffffff7f010203",
        "010000002100000000000000" AB32 "00",
        /* a name with a control byte, a VM that nobody knows */
        "0000000001000000000000000a0500000000000000372e312e30000000000000000000"
        "00",
        "000000000100000000000000610500000000000000372e312e30010000000000000007"
        "0000000000",
    };
    pvn_ct_message m;
    pvn_buf proof = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_cut(unhex(bad[i]), 7, &m, &proof),
                         PROVERNET_ERR_FORMAT);
    pvn_buf_free(&proof);
}

static void messages_to_workers_are_written(void **state)
{
    uint8_t id[32], out[PVN_CT_QUESTION], all[256];
    pvn_ct_job j;
    pvn_bytes want;
    size_t n;

    (void)state;
    memset(id, 0xab, sizeof id);
    want = unhex("01000000" ID);
    assert_int_equal(pvn_ct_question(out, id), want.len);
    assert_memory_equal(out, want.data, want.len);
#define ADD(p, len) (memcpy(all + n, p, len), n += (len))
    /* SP1: both artifacts are in bincode and go as they are */
    pvn_ct_job_make(&j, PVN_CT_SP1, id, 2, false, 10, 36);
    n = 0;
    ADD(j.head, j.head_len);
    ADD("\2\0\0\0\0\0\0\0\x7f\x45", 10);
    ADD(j.middle, j.middle_len);
    ADD("\1\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\x09\0\0\0", 20);
    memset(all + n, 0, 16);
    n += 16;
    ADD(j.tail, j.tail_len);
    want = unhex("0000000000000000" ID "02000000000000007f450002000000"
                 "0100000000000000040000000000000009000000000000000000000000"
                 "00000000000000");
    assert_int_equal(n, 99);
    assert_int_equal(want.len, 99);
    assert_memory_equal(all, want.data, n);
    pvn_ct_job_make(&j, PVN_CT_RISC0, id, 2, false, 1, 1);
    n = 0;
    ADD(j.head, j.head_len);
    ADD("\x7f", 1);
    ADD(j.middle, j.middle_len);
    ADD("\x05", 1);
    ADD(j.tail, j.tail_len);
    want = unhex("0000000001000000" ID "01000000000000007f01000000000000000502"
                 "0000000000");
    assert_int_equal(n, 72);
    assert_int_equal(want.len, 72);
    assert_memory_equal(all, want.data, n);
#undef ADD
}

static void kinds_follow_what_it_registered(void **state)
{
    pvn_ct_message m = { .vms = 3 };
    pvn_buf b = { 0 };
    pvn_ct_vm vm;
    uint32_t mode;

    (void)state;
    pvn_ct_kinds(&b, &m, "5, 6", "3");
    pvn_buf_add(&b, "", 1);
    assert_string_equal(
        (char *)b.data,
        "sp1/core@5,sp1/compressed@5,sp1/plonk@5,sp1/groth16@5,sp1/core@6,"
        "sp1/compressed@6,sp1/plonk@6,sp1/groth16@6,risc0/composite@3,"
        "risc0/succinct@3");
    pvn_buf_free(&b);
    assert_true(pvn_ct_kind("risc0/groth16@3", &vm, &mode));
    assert_true(vm == PVN_CT_RISC0 && mode == 2);
    assert_string_equal(pvn_ct_mode_name(vm, mode), "GROTH16");
    assert_false(pvn_ct_kind("groth16/bn254@1", &vm, &mode));
}

static void only_allowed_magisters_are_called(void **state)
{
    static const struct {
        const char *hosts, *url;
        bool allowed;
    } cases[] = {
        { "m.example", "http://m.example/drop/1", true },
        { "m.example", "http://M.Example:8555/drop/1", true },
        { "m.example:8555", "https://m.example:8555/drop/1", true },
        { "a, 10.0.0.5", "http://10.0.0.5:8555/drop/1", true },
        { "[::1]:8555", "http://[::1]:8555/drop/1", true },
        { "", "http://m.example/drop/1", false },
        { "m.example:8555", "http://m.example/drop/1", false },
        { "m.example:8555", "http://m.example:8556/drop/1", false },
        { "m.example", "http://m.example", false },
        { "m.example", "m.example/drop/1", false },
        { "m.example", "ftp://m.example/drop/1", false },
        { "m.example", "file:///m.example", false },
        { "m.example", "http://m.example.evil/drop/1", false },
        { "m.example", "http://evil/m.example", false },
        { "m.example", "http://m.example@evil/drop/1", false },
        { "m.example", "http://evil\\@m.example/drop/1", false },
        { "m.example", "http://m.example:80:evil/drop/1", false },
        { "m.example", "http://m.example /drop/1", false },
        { "m.example", "http://m.example/drop\r\nHost: evil", false },
        { "m.example", "http://m.example?x=/drop/1", false },
        { "m.example", "http:///m.example/drop/1", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (pvn_ct_magister_allowed(cases[i].hosts, cases[i].url) !=
            cases[i].allowed)
            fail_msg("%s by \"%s\"", cases[i].url, cases[i].hosts);
}

/* ---- a scripted worker ---- */

typedef struct worker {
    world *w;
    provernet_call *c;
    uint8_t heard[65536];
    size_t len;
    char close[400]; /* "code reason" once it is over */
} worker;

static void nap(world *w)
{
    provernet_ready r;

    provernet_inbox_next(w->inbox, &r, 1, 5);
}

static worker *dial(world *w, const char *peer)
{
    worker *k = calloc(1, sizeof *k);
    provernet_head head = { .struct_size = sizeof head,
                            .method = "GET",
                            .authority = "here:9010",
                            .path = "/ws",
                            .scheme = "http",
                            .peer = peer,
                            .messages = 1 };
    const provernet_field *f;
    size_t n;
    int status;

    k->w = w;
    assert_int_equal(
        provernet_call_open(w->inbox, &k->c, &head, ++w->tag, NULL), 0);
    assert_int_equal(provernet_call_head(k->c, &status, &f, &n), 0);
    assert_int_equal(status, 101);
    return k;
}

static void hang_up(worker *k)
{
    provernet_call_close(k->c);
    free(k);
}

static void say(worker *k, const void *data, size_t len)
{
    provernet_status s = PROVERNET_OK;
    const uint8_t *p = data;
    size_t taken;

    while (len > 0) {
        s = provernet_call_write(k->c, p, len, &taken);
        if (s == PROVERNET_END)
            return;
        p += taken;
        len -= taken;
        if (s == PROVERNET_AGAIN)
            nap(k->w);
    }
    while ((s = provernet_call_end(k->c)) == PROVERNET_AGAIN)
        nap(k->w);
}

static void say_hex(worker *k, const char *hex)
{
    pvn_bytes b = unhex(hex);

    say(k, b.data, b.len);
}

/* The next message; false: none within ms, or it is over. */
static bool hear(worker *k, int ms)
{
    const provernet_field *f;
    size_t got, n;

    k->len = 0;
    while (ms > 0) {
        provernet_status s = provernet_call_read(
            k->c, k->heard + k->len, sizeof k->heard - k->len, &got);

        if (s == PROVERNET_OK) {
            k->len += got;
        } else if (s == PROVERNET_AGAIN) {
            nap(k->w);
            ms -= 5;
        } else {
            assert_int_equal(s, PROVERNET_END);
            if (provernet_call_trailers(k->c, &f, &n) == PROVERNET_AGAIN)
                return true;
            snprintf(k->close, sizeof k->close, "%s %s", f[0].value,
                     f[1].value);
            return false;
        }
    }
    return false;
}

static void over(worker *k, const char *how)
{
    for (int64_t until = 0; !k->close[0] && patient(&until);)
        hear(k, 200);
    if (!strstr(k->close, how))
        fail_msg("closed with \"%s\", expected \"%s\"", k->close, how);
}

static void add_text(pvn_buf *b, const char *text)
{
    uint8_t len[8];

    pvn_put_u64le(len, strlen(text));
    pvn_buf_add(b, len, 8);
    pvn_buf_add(b, text, strlen(text));
}

static void enlist(worker *k, const char *name, const char *version)
{
    pvn_buf b = { 0 };

    pvn_buf_add(&b, "\0\0\0\0", 4);
    add_text(&b, name);
    add_text(&b, version);
    pvn_buf_add(&b, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0", 14);
    say(k, b.data, b.len);
    pvn_buf_free(&b);
}

static void beat(worker *k)
{
    say_hex(k, "02000000");
}

static void answer_with(worker *k, const uint8_t id[32], const char *hex,
                        const void *proof, size_t len)
{
    pvn_bytes tail = unhex(hex);
    uint8_t size[8];
    pvn_buf b = { 0 };

    pvn_buf_add(&b, "\1\0\0\0\x20\0\0\0\0\0\0\0", 12);
    pvn_buf_add(&b, id, 32);
    pvn_buf_add(&b, tail.data, tail.len);
    if (proof) {
        pvn_put_u64le(size, len);
        pvn_buf_add(&b, size, 8);
        pvn_buf_add(&b, proof, len);
        pvn_buf_add(&b, "\1\2\0\0\0", 5); /* Done */
    }
    say(k, b.data, b.len);
    pvn_buf_free(&b);
}

/* Wait for a job and take it. */
static void job(worker *k, const uint8_t id[32])
{
    static const uint8_t question[4] = { 1 };

    do
        assert_true(hear(k, PATIENCE_MS));
    while (memcmp(k->heard, question, 4) == 0);
    assert_memory_equal(k->heard + 16, id, 32);
}

static void asked(worker *k)
{
    assert_true(hear(k, PATIENCE_MS));
    assert_int_equal(k->len, PVN_CT_QUESTION);
    assert_int_equal(k->heard[0], 1);
}

static const uint8_t good_proof[] = { 1, 0, 0, 0, 'g', 'o', 'o', 'd' };

/* ---- the world ---- */

static json_t *page(world *w, const char *path)
{
    answer a = http_text(w, "GET", path, "");
    json_t *o = json_loadb((char *)a.body, a.len, JSON_DECODE_ANY, NULL);

    if (a.status != 200 || !o)
        fail_msg("%s: %d %.*s", path, a.status, (int)a.len, (char *)a.body);
    answer_free(&a);
    return o;
}

static const char *text(json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s ? s : "";
}

/* The entry of this name, or NULL. */
static json_t *entry(json_t *list, const char *name)
{
    json_t *e;
    size_t i;

    json_array_foreach(list, i, e)
    {
        if (strcmp(text(json_array_get(e, 1), "name"), name) == 0)
            return json_array_get(e, 1);
    }
    return NULL;
}

/* The reason of its last death, once it is on the page. */
static void died(world *w, const char *name, const char *why)
{
    char last[400] = "nothing";

    for (int64_t until = 0; patient(&until);) {
        json_t *list = page(w, "/dead-contemplants"), *e = entry(list, name);
        bool yes = e && strstr(text(e, "reason"), why);

        snprintf(last, sizeof last, "%s", e ? text(e, "reason") : "nothing");
        json_decref(list);
        if (yes)
            return;
    }
    fail_msg("%s died of \"%s\", expected \"%s\"", name, last, why);
}

static int64_t fulfilment(world *w, const uint8_t id[32], char uri[256])
{
    pvn_buf b = { 0 };
    pvn_pb_field f;
    int64_t status;
    answer a;

    pvn_pb_put_bytes(&b, 1, id, 32);
    a = rpc_query(w, "GetProofRequestStatus", &b);
    assert_int_equal(a.grpc, 0);
    status = (int64_t)get(a.body, a.len, 1).value;
    f = get(a.body, a.len, 6);
    if (uri && f.wire == PVN_PB_LEN)
        snprintf(uri, 256, "%.*s", (int)f.bytes.len, (char *)f.bytes.data);
    answer_free(&a);
    return status;
}

/* The worker's own call goes on only while somebody reads from it. */
static void fulfilled(worker *k, const uint8_t id[32], char uri[256])
{
    for (int64_t until = 0; patient(&until);) {
        hear(k, 5);
        if (fulfilment(k->w, id, uri) == 3)
            return;
    }
    fail_msg("it was not fulfilled");
}

/* Its attempt ended so; it waits again. */
static void again(world *w, const uint8_t id[32], const char *why)
{
    char path[120] = "/api/v1/requests/", hex[65], all[20000] = "";

    strcat(path, pvn_hex(hex, id, 32));
    for (int64_t until = 0; patient(&until);) {
        answer a = http_text(w, "GET", path, "");

        snprintf(all, sizeof all, "%.*s", (int)a.len, (char *)a.body);
        answer_free(&a);
        if (strstr(all, "\"state\":\"queued\"") && strstr(all, why))
            return;
    }
    fail_msg("no \"%s\" in %s", why, all);
}

static int open_world(void **state)
{
    *state = world_make("contemplant.sp1=6", "contemplant.poll=20ms",
                        "node.trust=sp1/compressed@6", "task.backoff=0",
                        "contemplant.answer=30s", NULL);
    register_sp1(*state, 9);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- stories ---- */

static void it_registers_works_and_is_on_the_pages(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    json_t *list, *e, *busy;
    uint8_t id[32];
    char uri[256];
    answer a;

    enlist(k, "abel", "7.1.0");
    beat(k);
    accepted_request(w, 9, id);
    job(k, id);
    /* head, program (80 bytes), mock, mode, stdin */
    assert_int_equal(k->len, 48 + 80 + 5 + 5);
    assert_memory_equal(k->heard, "\0\0\0\0\0\0\0\0\x20\0\0\0\0\0\0\0", 16);
    assert_memory_equal(k->heard + 48,
                        "\x48\0\0\0\0\0\0\0\x7f"
                        "ELF",
                        12);
    assert_memory_equal(k->heard + 128, "\0\2\0\0\0input", 10);
    asked(k);
    answer_with(k, id, "01010000000001000000002a00000000000000", NULL, 0);
    asked(k); /* the last answer was read */
    list = page(w, "/contemplants");
    e = entry(list, "abel");
    assert_non_null(e);
    assert_string_equal(
        json_string_value(json_array_get(json_array_get(list, 0), 0)),
        "10.0.0.1:4000");
    busy = json_object_get(json_object_get(e, "status"), "Busy");
    assert_string_equal(text(busy, "vm"), "Sp1");
    assert_string_equal(text(busy, "mode_name"), "COMPRESSED");
    assert_int_equal(strlen(text(busy, "request_id")), 66);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(busy, "progress"), "Execution")),
                     42);
    json_decref(list);
    answer_with(k, id, "010200000001", good_proof, sizeof good_proof);
    fulfilled(k, id, uri);
    a = http_text(w, "GET", path_of(uri), "");
    assert_int_equal(a.len, sizeof good_proof);
    assert_memory_equal(a.body, good_proof, a.len);
    answer_free(&a);
    list = page(w, "/proof-history");
    e = json_array_get(list, 0);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text(e, "vm"), "Sp1");
    assert_string_equal(text(e, "proof_mode"), "COMPRESSED");
    assert_string_equal(text(e, "worker_addr"), "10.0.0.1:4000");
    assert_string_equal(text(e, "worker_name"), "abel");
    json_decref(list);
    list = page(w, "/contemplants");
    e = entry(list, "abel");
    assert_string_equal(text(e, "status"), "Idle");
    assert_int_equal(
        json_integer_value(json_object_get(e, "num_completed_span_proofs")), 1);
    json_decref(list);
    list = page(w, "/health");
    assert_true(json_is_true(list));
    json_decref(list);
    hang_up(k);
    died(w, "abel", "the connection ended");
}

/* More workers were known than one look shows. */
static void the_pages_know_all_workers(void **state)
{
    enum { OLD = 1003 };
    world *w = *state;
    worker *k;
    json_t *list;
    char name[32];
    bool there = false;
    int64_t until = 0;

    for (int i = 0; i < OLD; i++) {
        snprintf(name, sizeof name, "old-%d", i);
        worker_hello(w, name, "other/kind@1");
    }
    k = dial(w, "10.0.0.1:4000");
    enlist(k, "abel", "7.1.0");
    while (!there && patient(&until)) {
        hear(k, 5);
        list = page(w, "/contemplants");
        there = entry(list, "abel") && entry(list, "old-0");
        if (there)
            assert_int_equal(json_array_size(list), OLD + 1);
        json_decref(list);
    }
    assert_true(there);
    hang_up(k);
}

/* Members in the order that scripts may have come to expect. */
static void the_pages_have_hierophants_shape(void **state)
{
    static const char shape[] =
        "[[\"10.0.0.1:4000\",{\"name\":\"abel\",\"status\":\"Idle\","
        "\"supported_vms\":[\"Sp1\"],\"groth16_enabled\":false,\"strikes\":0,"
        "\"num_completed_span_proofs\":0,\"average_span_proof_time\":0.000,"
        "\"magister_drop_endpoint\":null}]]";
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    int64_t until = 0;
    answer a;

    a = http_text(w, "GET", "/contemplants", "");
    assert_memory_equal(a.body, "[]", 2);
    answer_free(&a);
    enlist(k, "abel", "7.0.0");
    while ((a = http_text(w, "GET", "/contemplants", "")).len <= 2) {
        answer_free(&a);
        (void)!hear(k, 5);
        assert_true(patient(&until));
    }
    assert_int_equal(a.len, sizeof shape - 1);
    assert_memory_equal(a.body, shape, a.len);
    answer_free(&a);
    hang_up(k);
}

static void silence_ends_it(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    uint8_t id[32];

    enlist(k, "abel", "7.1.0");
    accepted_request(w, 9, id);
    job(k, id);
    w->skip_ms += 60000;
    beat(k);
    w->skip_ms += 60000;
    beat(k); /* two minutes on the job, and heard of */
    for (int i = 0; i < 20; i++)
        hear(k, 20);
    assert_string_equal(k->close, "");
    w->skip_ms += 91000;
    over(k, "1008 no heartbeat for ");
    died(w, "abel", "no heartbeat for ");
    again(w, id, "no heartbeat for ");
    hang_up(k);
}

static void unanswered_questions_are_strikes(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    uint8_t id[32];

    enlist(k, "eve", "7.1.0");
    accepted_request(w, 9, id);
    job(k, id);
    for (int i = 0; i < 3; i++) {
        asked(k);
        w->skip_ms += 31000;
        beat(k);
    }
    over(k, "3 status questions were not answered");
    died(w, "eve", "3 status questions were not answered");
    again(w, id, "status questions");
    hang_up(k);
}

static void a_crash_in_mid_proof_is_noticed_at_once(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000"), *next;
    uint8_t id[32];

    enlist(k, "abel", "7.1.0");
    accepted_request(w, 9, id);
    job(k, id);
    hang_up(k);
    again(w, id, "the connection ended in mid-proof");
    died(w, "abel", "the connection ended in mid-proof");
    next = dial(w, "10.0.0.2:4000");
    enlist(next, "seth", "7.1.0");
    job(next, id);
    asked(next);
    answer_with(next, id, "010200000001", good_proof, sizeof good_proof);
    fulfilled(next, id, NULL);
    hang_up(next);
}

static int open_slow_world(void **state)
{
    *state =
        world_make("contemplant.sp1=6", "contemplant.poll=20ms",
                   "node.trust=sp1/compressed@6", "task.backoff=60s", NULL);
    register_sp1(*state, 9);
    return 0;
}

/* Each message begins its wait anew: it must look by itself nevertheless. */
static void who_speaks_often_hears_of_work(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    uint8_t id[32];
    bool heard = false;

    enlist(k, "abel", "7.1.0");
    accepted_request(w, 9, id);
    job(k, id);
    hang_up(k);
    again(w, id, "in mid-proof"); /* and not before a minute has passed */
    k = dial(w, "10.0.0.2:4000");
    enlist(k, "seth", "7.1.0");
    for (int i = 0; i < 200 && !heard; i++) {
        w->skip_ms += 900;
        beat(k);
        heard = hear(k, 5);
    }
    assert_true(heard);
    assert_memory_equal(k->heard + 16, id, 32);
    hang_up(k);
}

static void a_wrong_proof_drops_it(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    uint8_t id[32];

    enlist(k, "cain", "7.1.0");
    accepted_request(w, 9, id);
    job(k, id);
    asked(k);
    answer_with(k, id, "010200000001", "\0\0\0\0core?", 9);
    over(k, "the proof is wrong");
    died(w, "cain", "the proof is wrong");
    again(w, id, "the proof is wrong");
    hang_up(k);
    /* its row remembers: two more, and it is set aside */
    for (int i = 0; i < 2; i++) {
        k = dial(w, "10.0.0.1:4001");
        enlist(k, "cain", "7.1.0");
        job(k, id);
        asked(k);
        answer_with(k, id, "010200000001", "\0\0\0\0core?", 9);
        over(k, "the proof is wrong");
        hang_up(k);
    }
    k = dial(w, "10.0.0.1:4002");
    enlist(k, "cain", "7.1.0");
    over(k, "this worker is set aside");
    hang_up(k);
}

/* The requester has run it and named what it gives. Nobody's strike: it may
 * have been the requester that was wrong. */
static void a_wrap_of_other_values_is_refused(void **state)
{
    static const uint8_t nobody[20];
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    uint8_t file[4096], right[32], wrong[32], id[32];
    size_t len = read_wrapped(file, sizeof file, right);

    memcpy(wrong, right, 32);
    wrong[31] ^= 1;
    register_wrapped(w);
    enlist(k, "abel", "7.1.0");
    request_wrapped(w, nobody, right, id);
    job(k, id);
    asked(k);
    answer_with(k, id, "010200000001", file, len);
    fulfilled(k, id, NULL);
    request_wrapped(w, nobody, wrong, id);
    job(k, id);
    asked(k);
    answer_with(k, id, "010200000001", file, len);
    job(k, id); /* it stays, and may bring another */
    assert_int_not_equal(fulfilment(w, id, NULL), 3);
    hang_up(k);
}

static void trouble_is_the_attempts_fault(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    uint8_t id[32];

    enlist(k, "abel", "7.1.0");
    accepted_request(w, 9, id);
    job(k, id);
    asked(k);
    answer_with(k, id, "00", NULL, 0); /* unknown */
    job(k, id);
    asked(k);
    answer_with(k, id,
                "0103000000"
                "00"
                "00",
                NULL, 0); /* prover error */
    job(k, id);
    /* what nobody asked about changes nothing */
    answer_with(k, (const uint8_t[32]){ 1 }, "00", NULL, 0);
    say_hex(k, "0909");
    asked(k);
    answer_with(k, id, "010200000001", good_proof, sizeof good_proof);
    fulfilled(k, id, NULL);
    hang_up(k);
}

static void versions_and_manners(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");

    say_hex(k, "00000000040000000000000061"
               "62656c0500000000000000362e302e3000");
    over(k, "1008 protocol version 6.0.0, this server speaks 7.x");
    died(w, "abel", "protocol version 6.0.0");
    hang_up(k);
    k = dial(w, "10.0.0.1:4000");
    enlist(k, "abel", "8.0.0");
    over(k, "protocol version 8.0.0");
    hang_up(k);
    k = dial(w, "10.0.0.1:4000");
    beat(k);
    over(k, "a heartbeat without a Register");
    hang_up(k);
    k = dial(w, "10.0.0.1:4000");
    enlist(k, "abel", "7.1.0");
    enlist(k, "abel", "7.1.0");
    over(k, "it registered twice");
    hang_up(k);
    k = dial(w, "10.0.0.1:4000");
    w->skip_ms += 16000;
    over(k, "no Register came within 15 s");
    hang_up(k);
}

static void two_of_one_name_are_two(void **state)
{
    world *w = *state;
    worker *a = dial(w, "10.0.0.1:4000"), *b = dial(w, "10.0.0.1:4001");
    json_t *list;
    uint8_t id[2][32];
    bool both = false;
    int64_t until = 0;

    enlist(a, "judas", "7.1.0");
    enlist(b, "judas", "7.1.0");
    while (!both && patient(&until)) {
        hear(a, 5);
        hear(b, 5);
        list = page(w, "/contemplants");
        both = entry(list, "judas") && entry(list, "judas-2");
        json_decref(list);
    }
    assert_true(both);
    accepted_request(w, 9, id[0]);
    accepted_request(w, 9, id[1]);
    assert_true(hear(a, PATIENCE_MS) && hear(b, PATIENCE_MS)); /* a job each */
    hang_up(a);
    died(w, "judas", "mid-proof");
    list = page(w, "/contemplants");
    assert_non_null(entry(list, "judas-2"));
    assert_null(entry(list, "judas"));
    json_decref(list);
    hang_up(b);
}

static void a_cancelled_job_is_thrown_away(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    uint8_t id[32], next[32];
    char path[140] = "/api/v1/requests/", hex[65];
    answer a;

    enlist(k, "abel", "7.1.0");
    accepted_request(w, 9, id);
    job(k, id);
    strcat(path, pvn_hex(hex, id, 32));
    strcat(path, "/cancel");
    a = http_text(w, "POST", path, "");
    assert_int_equal(a.status, 200);
    answer_free(&a);
    accepted_request(w, 9, next);
    w->skip_ms += 21000; /* a renewal is due: the lease is gone */
    asked(k);
    answer_with(k, id,
                "010100000000"
                "00",
                NULL, 0);
    asked(k);
    answer_with(k, id, "010200000001", good_proof, sizeof good_proof);
    job(k, next);
    asked(k);
    answer_with(k, next, "010200000001", good_proof, sizeof good_proof);
    fulfilled(k, next, NULL);
    assert_int_equal(fulfilment(w, id, NULL), 4);
    hang_up(k);
}

static int open_full_world(void **state)
{
    *state = world_make("contemplant.sp1=6", "contemplant.poll=20ms",
                        "node.trust=sp1/compressed@6", "task.backoff=0",
                        "artifact.quota=4KiB", NULL);
    register_sp1(*state, 9);
    return 0;
}

/* Nobody's fault: no strike, the worker stays, the task runs again. */
static void no_room_for_a_proof(void **state)
{
    world *w = *state;
    worker *k = dial(w, "10.0.0.1:4000");
    uint8_t id[32], proof[5000] = { 1 };
    json_t *list;

    enlist(k, "abel", "7.1.0");
    accepted_request(w, 9, id);
    job(k, id);
    asked(k);
    answer_with(k, id, "010200000001", proof, sizeof proof);
    job(k, id); /* again */
    list = page(w, "/contemplants");
    assert_int_equal(
        json_integer_value(json_object_get(entry(list, "abel"), "strikes")), 0);
    json_decref(list);
    asked(k);
    answer_with(k, id, "010200000001", good_proof, sizeof good_proof);
    fulfilled(k, id, NULL);
    hang_up(k);
}

static void who_may_work(void **state)
{
    world *w = *state;
    worker *k;

    (void)state;
    assert_int_equal(
        provernet_options_set(
            (provernet_options *)(uintptr_t)pvn_node_options(w->node),
            "contemplant.allow", "10.0.0.7", NULL),
        0);
    k = dial(w, "10.0.0.1:4000");
    enlist(k, "abel", "7.1.0");
    over(k, "may not work here");
    hang_up(k);
    k = dial(w, "[10.0.0.7]:4000");
    enlist(k, "abel", "7.1.0");
    beat(k);
    hear(k, 100);
    assert_string_equal(k->close, "");
    hang_up(k);
}

static void other_carriage_is_refused(void **state)
{
    answer a = http_text(*state, "GET", "/ws", "");

    assert_int_equal(a.status, 426);
    assert_true(answer_has(&a, "upgrade: websocket"));
    answer_free(&a);
}

int main(void)
{
#define STORY(name)                                                            \
    cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_workers_are_read),
        cmocka_unit_test(nonsense_is_no_message),
        cmocka_unit_test(messages_to_workers_are_written),
        cmocka_unit_test(kinds_follow_what_it_registered),
        cmocka_unit_test(only_allowed_magisters_are_called),
        STORY(it_registers_works_and_is_on_the_pages),
        STORY(the_pages_have_hierophants_shape),
        STORY(the_pages_know_all_workers),
        STORY(silence_ends_it),
        STORY(unanswered_questions_are_strikes),
        STORY(a_crash_in_mid_proof_is_noticed_at_once),
        cmocka_unit_test_setup_teardown(who_speaks_often_hears_of_work,
                                        open_slow_world, close_world),
        STORY(a_wrong_proof_drops_it),
        STORY(a_wrap_of_other_values_is_refused),
        STORY(trouble_is_the_attempts_fault),
        STORY(versions_and_manners),
        STORY(two_of_one_name_are_two),
        STORY(a_cancelled_job_is_thrown_away),
        cmocka_unit_test_setup_teardown(no_room_for_a_proof, open_full_world,
                                        close_world),
        STORY(who_may_work),
        STORY(other_carriage_is_refused),
    };

    return cmocka_run_group_tests_name("contemplant", tests, NULL, NULL);
}
