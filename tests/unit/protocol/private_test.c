/* tests/unit/protocol/private_test.c - private inputs and who may see them,
 * messages signed as JSON, executions that failed, what proofs cost, and
 * VerifyProof. */
#include "people.h"
#include "prove/kinds.h"
#include "protocol/succinct/succinct.h"
#include <unistd.h>

enum { ANNA = 0x11, BERT = 0x22, CARL = 0x33 };

static int open_world(void **state)
{
    char executor[64] = "succinct.executor=0x";
    uint8_t address[20];

    address_of(CARL, address);
    pvn_hex(executor + 20, address, 20);
    *state = world_make(executor, "node.trust=sp1/compressed@6",
                        "http.public_url=http://clients.test",
                        "http.prover_url=https://provers.test",
                        "artifact.private_ttl=60s", NULL);
    register_sp1(*state, 0x71);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- private inputs ---- */

static void private_request(world *w, uint8_t id[32])
{
    char uri[256];
    pvn_buf b = { 0 };

    upload(w, 7, "a secret", 8, uri);
    request_body(w, &b, 0x71, uri, 2, (uint64_t)world_now(w) / 1000 + 3600);
    pvn_pb_put_uint(&b, 12, 1); /* stdin_private, base flavour */
    send_request(w, &b, id);
}

/* GetStdinUri by the one who speaks; the URL, or "" and the code. */
static int stdin_uri(world *w, const uint8_t id[32], char url[512])
{
    pvn_buf b = begun(w);
    uint64_t before = next_nonce(w);
    answer a;
    int code;

    pvn_pb_put_bytes(&b, 2, id, 32);
    a = rpc(w, "GetStdinUri", &b);
    code = a.grpc;
    url[0] = '\0';
    if (code == 0) {
        pvn_pb_field f = get(a.body, a.len, 1);
        snprintf(url, 512, "%.*s", (int)f.bytes.len,
                 (const char *)f.bytes.data);
        assert_in_range(get(a.body, a.len, 2).value,
                        (uint64_t)world_now(w) / 1000 + 50,
                        (uint64_t)world_now(w) / 1000 + 70);
    }
    answer_free(&a);
    assert_int_equal(next_nonce(w), before + (code == 0 ? 1 : 0));
    return code;
}

static int fetch(world *w, const char *path)
{
    answer a = http(w, "GET", path, NULL, NULL, 0);
    int status = a.status;

    if (status == 200) {
        assert_int_equal(a.len, 8);
        assert_memory_equal(a.body, "a secret", 8);
    }
    answer_free(&a);
    return status;
}

static void a_private_input_is_for_few(void **state)
{
    world *w = *state;
    char url[512], bare[512];
    uint8_t id[32];
    pvn_pb_field f;
    answer a;

    private_request(w, id);
    a = asks(w, "GetProofRequestDetails", only(id, 32), 0);
    f = get(a.body, a.len, 1);
    assert_int_equal(get(f.bytes.data, f.bytes.len, 31).wire, -1); /* no URL */
    assert_int_equal(get(f.bytes.data, f.bytes.len, 38).value, 1);
    answer_free(&a);
    assert_int_equal(stdin_uri(w, id, url), 0); /* the requester */
    assert_int_equal(strncmp(url,
                             "https://provers.test/artifacts/raw/"
                             "private-stdin/",
                             49),
                     0);
    assert_int_equal(fetch(w, path_of(url)), 200);
    snprintf(bare, sizeof bare, "%s", url);
    *strchr(bare, '?') = '\0';
    assert_int_equal(fetch(w, path_of(bare)), 403);
    become(w, BERT);
    assert_int_equal(stdin_uri(w, id, bare), 7); /* anybody */
    become(w, CARL);
    assert_int_equal(stdin_uri(w, id, bare), 0); /* the executor */
    assert_int_equal(fetch(w, path_of(bare)), 200);
    become(w, ANNA);
    w->skip_ms += 61000; /* the ticket is short-lived */
    assert_int_equal(fetch(w, path_of(url)), 403);
    assert_int_equal(stdin_uri(w,
                               (const uint8_t *)"0123456789abcdef"
                                                "0123456789abcdef",
                               bare),
                     5);
}

static void captured_messages_are_of_no_use(void **state)
{
    world *w = *state;
    pvn_buf body = { 0 }, msg = { 0 }, copy = { 0 }, again = { 0 };
    uint8_t id[32];
    answer a;

    private_request(w, id);
    body = begun(w);
    pvn_pb_put_bytes(&body, 2, id, 32);
    envelope(w, &msg, &body);
    pvn_buf_add(&copy, msg.data, msg.len);
    pvn_buf_add(&again, msg.data, msg.len);
    a = grpc_buf(w, "/network.ProverNetwork/GetStdinUri", &msg);
    assert_int_equal(a.grpc, 0);
    answer_free(&a);
    a = grpc_buf(w, "/network.ProverNetwork/GetStdinUri", &copy);
    assert_int_equal(a.grpc, 10);
    answer_free(&a);
    /* the same bytes are a cancel too: its nonce was used */
    a = grpc_buf(w, "/network.ProverNetwork/CancelRequest", &again);
    assert_int_equal(a.grpc, 10);
    answer_free(&a);
    pvn_buf_free(&body);
}

/* ---- transfers ---- */

/* SDKs ask again after 408 and 504 only; asking again is enough, whole or from
 * where it broke. */
static void faults_that_pass_are_timeouts(void **state)
{
    const field range[] = { { "range", "bytes=8000-" }, { NULL, NULL } };
    world *w = *state;
    char uri[256], path[400], aside[420];
    uint8_t data[9000];
    const char *id;
    answer a;

    memset(data, 7, sizeof data);
    upload(w, 2, data, sizeof data, uri);
    id = strrchr(uri, '/') + 1;
    snprintf(path, sizeof path, "%s/artifacts/%s/%s", w->dir, id + 30, id);
    snprintf(aside, sizeof aside, "%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(symlink(path, path), 0); /* it cannot be opened */
    a = http(w, "GET", path_of(uri), NULL, NULL, 0);
    assert_int_equal(a.status, 504);
    answer_free(&a);
    assert_int_equal(rename(aside, path), 0);
    a = http(w, "GET", path_of(uri), range, NULL, 0);
    assert_int_equal(a.status, 206);
    assert_int_equal(a.len, 1000);
    answer_free(&a);
}

/* The reference node reads raw bytes, the production cluster what came. */
static void provers_get_the_form_they_want(void **state)
{
    world *w = world_make("http.prover_form=stored", NULL);
    uint8_t id[32];
    pvn_pb_field f, url;
    answer a;

    (void)state;
    register_sp1(w, 0x73);
    accepted_request(w, 0x73, id);
    a = asks(w, "GetProofRequestDetails", only(id, 32), 0);
    f = get(a.body, a.len, 1);
    for (uint32_t i = 30; i <= 31; i++) {
        url = get(f.bytes.data, f.bytes.len, i);
        assert_int_equal(url.wire, PVN_PB_LEN);
        assert_non_null(
            memmem(url.bytes.data, url.bytes.len, "/artifacts/stored/", 18));
    }
    answer_free(&a);
    world_free(w);
}

/* ---- FailExecution ---- */

static size_t listed_with(world *w, uint32_t number, uint64_t value)
{
    pvn_buf b = { 0 };
    answer a;
    size_t n;

    pvn_pb_put_uint(&b, number, value);
    a = asks(w, "GetFilteredProofRequests", b, 0);
    n = count_of(&a, 1);
    answer_free(&a);
    return n;
}

static void only_the_executor_fails_an_execution(void **state)
{
    world *w = *state;
    uint8_t id[32];
    pvn_pb_field f;
    pvn_buf b;
    answer a;

    accepted_request(w, 0x71, id);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_uint(&b, 3, 5);
    signed_expects(w, "FailExecution", &b, 7, "executor");
    become(w, CARL);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_uint(&b, 3, 5);
    signed_expects(w, "FailExecution", &b, 0, NULL);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    signed_expects(w, "FailExecution", &b, 9, NULL); /* it has ended */
    become(w, ANNA);
    a = asks(w, "GetProofRequestStatus", only(id, 32), 0);
    assert_int_equal(get(a.body, a.len, 1).value, 4);
    assert_int_equal(get(a.body, a.len, 2).value, 3); /* UNEXECUTABLE */
    answer_free(&a);
    a = asks(w, "GetProofRequestDetails", only(id, 32), 0);
    f = get(a.body, a.len, 1);
    assert_int_equal(get(f.bytes.data, f.bytes.len, 28).value, 5);
    assert_int_equal(get(f.bytes.data, f.bytes.len, 36).value, 1);
    answer_free(&a);
    assert_int_equal(listed_with(w, 14, 5), 1);
    assert_int_equal(listed_with(w, 14, 6), 0);
    assert_int_equal(listed_with(w, 16, 1), 1);
}

/* Names are shown beside addresses. */
static void details_have_names(void **state)
{
    world *w = *state;
    uint8_t id[32], hash[32];
    pvn_buf b = begun(w);
    pvn_pb_field f;
    answer a;

    pvn_pb_put_bytes(&b, 3, "anna", 4);
    signed_expects(w, "SetAccountName", &b, 0, NULL);
    memset(hash, 0x71, 32);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 3, "range", 5);
    signed_expects(w, "SetProgramName", &b, 0, NULL);
    accepted_request(w, 0x71, id);
    a = asks(w, "GetProofRequestDetails", only(id, 32), 0);
    f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 15).bytes.data, "range",
                        5);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 16).bytes.data, "anna",
                        4);
    assert_int_equal(get(f.bytes.data, f.bytes.len, 17).wire, -1);
    answer_free(&a);
}

/* What the client simulated, once it is proven. */
static void public_values_are_shown_when_executed(void **state)
{
    static const char values[] = "0123456789abcdef0123456789abcdef";
    world *w = *state;
    pvn_buf b = { 0 };
    uint8_t id[32];
    char uri[256];
    pvn_pb_field f;
    answer a;

    register_sp1(w, 0x74);
    upload(w, 2, "in", 2, uri);
    request_body(w, &b, 0x74, uri, 2, (uint64_t)world_now(w) / 1000 + 3600);
    pvn_pb_put_bytes(&b, 12, mainnet_domain, 32);
    pvn_pb_put_bytes(&b, 16, values, 32);
    a = rpc(w, "RequestProof", &b);
    assert_int_equal(a.grpc, 0);
    f = get(a.body, a.len, 2);
    memcpy(id, get(f.bytes.data, f.bytes.len, 1).bytes.data, 32);
    answer_free(&a);
    for (int i = 0; i < 8; i++) { /* those of earlier tests come first */
        a = asks(w, "GetProofRequestDetails", only(id, 32), 0);
        f = get(a.body, a.len, 1);
        if (get(f.bytes.data, f.bytes.len, 11).value == 3)
            break;
        assert_int_equal(get(f.bytes.data, f.bytes.len, 23).wire, -1);
        answer_free(&a);
        fulfil_in(w, "proof", 5, 0);
    }
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 23).bytes.data, values,
                        32);
    answer_free(&a);
}

/* ---- format JSON ---- */

static void sign_as_json(world *w, pvn_buf *out, const char *text,
                         const pvn_buf *body)
{
    uint8_t sig[65];

    assert_int_equal(provernet_sign(w->key, sig, text, strlen(text), NULL), 0);
    pvn_pb_put_uint(out, 1, 2);
    pvn_pb_put_bytes(out, 2, sig, sizeof sig);
    pvn_pb_put_bytes(out, 3, body->data, body->len);
}

static void bodies_may_be_signed_as_json(void **state)
{
    world *w = *state;
    pvn_buf body = begun(w), msg = { 0 };
    char text[256];
    answer a;

    pvn_pb_put_bytes(&body, 3, "J\"s\xc3\xb6n\t", 7);
    snprintf(text, sizeof text,
             "{\"nonce\":%llu,\"address\":[],\"name\":\"J\\\"s\xc3\xb6n\\t\"}",
             (unsigned long long)next_nonce(w));
    sign_as_json(w, &msg, text, &body);
    a = grpc_buf(w, "/network.ProverNetwork/SetAccountName", &msg);
    if (a.grpc != 0)
        fail_msg("%s", a.message);
    answer_free(&a);
    /* the nonce belongs to whoever recovers: another text is another key */
    sign_as_json(w, &msg, "{}", &body);
    a = grpc_buf(w, "/network.ProverNetwork/SetAccountName", &msg);
    assert_int_equal(a.grpc, 10);
    answer_free(&a);
    pvn_buf_free(&body);
    a = asks(w, "GetAccountName", only(w->address, 20), 0);
    assert_true(says(&a, 1, "J\"s\xc3\xb6n\t"));
    answer_free(&a);
}

/* The text of a large body would be several times as large. */
static void large_bodies_are_not_signed_as_json(void **state)
{
    world *w = *state;
    uint8_t *vk = calloc(1, 1 << 20);
    pvn_buf body = { 0 }, msg = { 0 };
    answer a;

    pvn_pb_put_uint(&body, 1, next_nonce(w));
    pvn_pb_put_bytes(&body, 3, vk, 1 << 20);
    sign_as_json(w, &msg, "{}", &body);
    a = grpc_buf(w, "/network.ProverNetwork/CreateProgram", &msg);
    assert_int_equal(a.grpc, 8);
    assert_non_null(strstr(a.message, "JSON"));
    answer_free(&a);
    pvn_buf_free(&body);
    free(vk);
}

/* Published: SetDelegation of the network's own tests. */
static void the_published_json_vector_recovers(void **state)
{
    static const char domain[] = "41f65a024f35f8e36641c29fb6cf141a751109a02c19"
                                 "a8f951c3019fa0960e9b";
    static const char signature[] =
        "0d4b962e356dd54b2e2b0712ed3299fbb497ded75b7668d60c97e03cbd8a6a5b53671c"
        "66e63b7d1f7aad17080b9f1d2f0a16ff569f6a29f5f0c9daab4edb68121c";
    uint8_t d[20], p[20], sep[32], sig[65], digest[32], signer[20], want[20];
    Types__SetDelegationRequestBody m =
        TYPES__SET_DELEGATION_REQUEST_BODY__INIT;
    pvn_buf text = { 0 };

    (void)state;
    pvn_unhex(d, 20, "cb3c66b00a027279628b15a27b3e0a899f63ee82", 40);
    pvn_unhex(p, 20, "c7f4d6363f036a1e50994934c0c0d799fc656eaa", 40);
    pvn_unhex(want, 20, "2edfdc3c360452eccba1d0b94079ec83f56c1e3c", 40);
    pvn_unhex(sep, 32, domain, 64);
    pvn_unhex(sig, 65, signature, 130);
    m.nonce = 524;
    m.delegate = m.auctioneer = (ProtobufCBinaryData){ 20, d };
    m.prover = (ProtobufCBinaryData){ 20, p };
    m.domain = (ProtobufCBinaryData){ 32, sep };
    m.variant = TYPES__TRANSACTION_VARIANT__DELEGATE_VARIANT;
    m.fee = (char *)(uintptr_t) "1000000000000000000";
    assert_int_equal(pvn_json_signed(&text, &m.base, NULL), 0);
    pvn_eip191(digest, text.data, text.len);
    assert_int_equal(
        pvn_signature_open(pvn_bytes_of(sig, 65), digest, signer, NULL), 0);
    assert_memory_equal(signer, want, 20);
    pvn_buf_free(&text);
}

/* Absent optionals are null, later additions are left out, lists of bytes are
 * lists of lists. */
static void json_has_the_published_shape(void **state)
{
    uint8_t two[2] = { 1, 255 };
    ProtobufCBinaryData list[2] = { { 2, two }, { 0, NULL } };
    Types__FailFulfillmentRequestBody f;
    Types__RequestProofRequestBody r;
    pvn_buf text = { 0 };

    (void)state;
    types__fail_fulfillment_request_body__init(&f);
    types__request_proof_request_body__init(&r);
    assert_int_equal(pvn_json_signed(&text, &f.base, NULL), 0);
    pvn_buf_add(&text, "", 1);
    assert_string_equal((char *)text.data,
                        "{\"nonce\":0,\"request_id\":[],\"error\":null}");
    pvn_buf_free(&text);
    r.nonce = UINT64_MAX;
    r.n_whitelist = 2;
    r.whitelist = list;
    r.stdin_private = 1;
    assert_int_equal(pvn_json_signed(&text, &r.base, NULL), 0);
    pvn_buf_add(&text, "", 1);
    assert_non_null(strstr((char *)text.data, "{\"nonce\":18446744073709551615,"
                                              "\"vk_hash\":[],"));
    assert_non_null(strstr((char *)text.data, "\"whitelist\":[[1,255],[]],"));
    assert_non_null(strstr((char *)text.data, "\"public_values_hash\":null,"));
    assert_non_null(strstr((char *)text.data, "\"stdin_private\":true}"));
    pvn_buf_free(&text);
}

/* ---- what proofs cost ---- */

static void estimates_come_from_history(void **state)
{
    world *w = *state;
    uint8_t id[32], hash[32];
    pvn_buf b;
    pvn_pb_field f;
    answer a;

    memset(hash, 0x72, 32);
    register_sp1(w, 0x72);
    a = asks(w, "GetProgramGasEstimates", only(hash, 32), 0);
    assert_int_equal(a.len, 0);
    answer_free(&a);
    accepted_request(w, 0x72, id);
    /* the requests of earlier tests of this kind come first */
    for (int i = 0; i < 8; i++) {
        a = asks(w, "GetProofRequestStatus", only(id, 32), 0);
        uint64_t status = get(a.body, a.len, 1).value;
        answer_free(&a);
        if (status == 3)
            break;
        fulfil_in(w, "proof", 5, 4000);
    }
    a = asks(w, "GetProgramGasEstimates", only(hash, 32), 0);
    f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 1).bytes.data, hash, 32);
    assert_int_equal(get(f.bytes.data, f.bytes.len, 2).value, 2000000);
    answer_free(&a);
    w->skip_ms += 61000; /* the average is read once a minute */
    accepted_request(w, 0x72, id);
    a = http(w, "GET", "/api/v1/requests?limit=1", NULL, NULL, 0);
    assert_int_equal(a.status, 200);
    assert_null(strstr((char *)a.body, "\"eta_ms\":0"));
    answer_free(&a);
    a = http(w, "GET", "/", NULL, NULL, 0);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr((char *)a.body, "<th>ready in"));
    assert_non_null(strstr((char *)a.body, "<td>4 s</td>"));
    answer_free(&a);
    b = only(hash, 31);
    a = asks(w, "GetProgramGasEstimates", b, 3);
    answer_free(&a);
    memset(&b, 0, sizeof b);
    for (int i = 0; i < 101; i++)
        pvn_pb_put_bytes(&b, 1, hash, 32);
    a = asks(w, "GetProgramGasEstimates", b, 8);
    answer_free(&a);
}

static void the_newest(world *w, const char *says, const char * not )
{
    answer a = http(w, "GET", "/api/v1/requests?limit=1", NULL, NULL, 0);

    assert_int_equal(a.status, 200);
    if ((says && !memmem(a.body, a.len, says, strlen(says))) ||
        (not &&memmem(a.body, a.len, not, strlen(not ))))
        fail_msg("%.*s", (int)a.len, (const char *)a.body);
    answer_free(&a);
}

/* A program of which nothing was proven yet: by the limit, at the speed that
 * its kind had so far. */
static void without_a_history_the_kind_tells(void **state)
{
    world *w = *state;
    uint8_t id[32];
    char uri[256], path[128], hex[65];
    pvn_buf b = { 0 };
    answer a;

    register_sp1(w, 0x73);
    w->skip_ms += 10;
    accepted_request(w, 0x73, id); /* 2,000,000 gas: 4 s, as the others */
    a = http(w, "GET", "/", NULL, NULL, 0);
    assert_non_null(memmem(a.body, a.len, "<td>4 s</td>", 12));
    answer_free(&a);
    the_newest(w, NULL, "\"eta_ms\":0");
    snprintf(path, sizeof path, "/api/v1/requests/%s", pvn_hex(hex, id, 32));
    a = http(w, "GET", path, NULL, NULL, 0); /* said when it was accepted */
    assert_non_null(memmem(a.body, a.len, "\"estimate_ms\":4", 15));
    answer_free(&a);
    /* another kind, of which nothing was proven */
    w->skip_ms += 10;
    upload(w, 2, "core", 4, uri);
    request_body(w, &b, 0x73, uri, 1, (uint64_t)world_now(w) / 1000 + 3600);
    a = rpc(w, "RequestProof", &b);
    assert_int_equal(a.grpc, 0);
    answer_free(&a);
    the_newest(w, "sp1/core@6", NULL);
    the_newest(w, "\"eta_ms\":0", NULL);
}

/* ---- VerifyProof ---- */

static void read_file(pvn_buf *out, const char *name)
{
    char path[512];
    uint8_t piece[4096];
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "%s/groth16/multiplier/%s", PVN_VECTORS, name);
    f = fopen(path, "rb");
    if (!f)
        fail_msg("cannot read %s", path);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        pvn_buf_add(out, piece, n);
    fclose(f);
}

static provernet_status read_buf(void *user, void *buf, size_t len,
                                 uint64_t offset, provernet_error *err)
{
    const pvn_buf *m = user;

    if (offset > m->len || len > m->len - offset)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0, "the end");
    memcpy(buf, m->data + offset, len);
    return PROVERNET_OK;
}

static int verify(world *w, const void *proof, size_t len, const pvn_buf *vk,
                  uint64_t mode, const char *version, bool *valid)
{
    pvn_buf b = { 0 };
    answer a;
    int code;

    pvn_pb_put_bytes(&b, 1, proof, len);
    pvn_pb_put_bytes(&b, 2, vk->data, vk->len);
    pvn_pb_put_uint(&b, 3, mode);
    pvn_pb_put_bytes(&b, 4, version, strlen(version));
    a = grpc_buf(w, "/verifier.Verifier/VerifyProof", &b);
    code = a.grpc;
    *valid = code == 0 && get(a.body, a.len, 1).value == 1;
    answer_free(&a);
    return code;
}

static void proofs_are_judged(void **state)
{
    static const char kind[] = "groth16/bn254@1";
    world *w = *state;
    pvn_buf zkey = { 0 }, vk = { 0 }, proof = { 0 }, hash = { 0 };
    bool valid;

    read_file(&zkey, "circuit.zkey");
    assert_int_equal(pvn_circuit_vk(read_buf, &zkey, zkey.len, &vk, NULL), 0);
    pvn_buf_text(&proof, "{\"proof\":");
    read_file(&proof, "proof_snarkjs.json");
    pvn_buf_text(&proof, ",\"publicSignals\":");
    read_file(&proof, "public_snarkjs.json");
    pvn_buf_text(&proof, "}");
    assert_int_equal(verify(w, proof.data, proof.len, &vk, 4, kind, &valid), 0);
    assert_true(valid);
    assert_int_equal(verify(w, "nonsense", 8, &vk, 4, kind, &valid), 0);
    assert_false(valid);
    assert_int_equal(
        verify(w, proof.data, proof.len, &vk, 4, "sp1-v6.1.0", &valid), 3);
    pvn_buf_add(&hash, "0123456789abcdef0123456789abcdef", 32);
    assert_int_equal(
        verify(w, proof.data, proof.len, &hash, 4, "sp1-v6.1.0", &valid), 0);
    assert_false(valid); /* not even a wrapped proof */
    assert_int_equal(
        verify(w, proof.data, proof.len, &hash, 1, "sp1-v6.1.0", &valid), 9);
    assert_int_equal(verify(w, "", 0, &hash, 9, "sp1-v6.1.0", &valid), 3);
    assert_int_equal(verify(w, "", 0, &hash, 4, "risc0", &valid), 3);
    pvn_buf_free(&zkey);
    pvn_buf_free(&vk);
    pvn_buf_free(&proof);
    pvn_buf_free(&hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_private_input_is_for_few),
        cmocka_unit_test(captured_messages_are_of_no_use),
        cmocka_unit_test(faults_that_pass_are_timeouts),
        cmocka_unit_test(provers_get_the_form_they_want),
        cmocka_unit_test(only_the_executor_fails_an_execution),
        cmocka_unit_test(details_have_names),
        cmocka_unit_test(public_values_are_shown_when_executed),
        cmocka_unit_test(bodies_may_be_signed_as_json),
        cmocka_unit_test(large_bodies_are_not_signed_as_json),
        cmocka_unit_test(the_published_json_vector_recovers),
        cmocka_unit_test(json_has_the_published_shape),
        cmocka_unit_test(estimates_come_from_history),
        cmocka_unit_test(without_a_history_the_kind_tells),
        cmocka_unit_test(proofs_are_judged),
    };

    return cmocka_run_group_tests_name("private", tests, open_world,
                                       close_world);
}
