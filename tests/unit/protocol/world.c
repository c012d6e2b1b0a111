/* tests/unit/protocol/world.c - see world.h. */
#include "world.h"
#include "protocol/contemplant/skin.h"
#include "protocol/http/skin.h"
#include "protocol/ops/skin.h"
#include "protocol/succinct/skin.h"
#include <time.h>
#include <unistd.h>

static const pvn_skin *const skins[] = { &pvn_skin_health, &pvn_skin_reflection,
                                         &pvn_skin_succinct,
                                         &pvn_skin_contemplant, &pvn_skin_ops };
static const pvn_router router = { skins, sizeof skins / sizeof *skins };
const pvn_router *const pvn_router_skins = &router;

static int64_t clock_ms(void *user)
{
    const world *w = user;
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + w->skip_ms;
}

int64_t world_now(const world *w)
{
    return clock_ms((void *)(uintptr_t)w);
}

static void set(world *w, const char *setting)
{
    char name[64];
    const char *value = strchr(setting, '=');
    provernet_error err = { 0 };

    snprintf(name, sizeof name, "%.*s", (int)(value - setting), setting);
    if (provernet_options_set(w->options, name, value + 1, &err))
        fail_msg("%s: %s", setting, err.message);
}

world *world_make(const char *setting, ...)
{
    world *w = calloc(1, sizeof *w);
    provernet_env env = { .struct_size = sizeof env };
    pvn_node_config cfg = { .entry = &pvn_http_entry };
    provernet_error err = { 0 };
    uint8_t secret[32];
    char text[128];
    va_list ap;

    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/pvn-protocol-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->options = provernet_options_new();
    w->authority = "127.0.0.1:9000";
    w->peer = "127.0.0.1:50000";
    snprintf(text, sizeof text, "data.dir=%s", w->dir);
    set(w, text);
    va_start(ap, setting);
    for (; setting; setting = va_arg(ap, const char *))
        set(w, setting);
    va_end(ap);
    env.user = w;
    env.now_ms = clock_ms;
    cfg.options = w->options;
    cfg.env = &env;
    if (pvn_node_open(&w->node, &cfg, &err))
        fail_msg("open: %s", err.message);
    assert_int_equal(provernet_inbox_open(w->node, &w->inbox, &err), 0);
    memset(secret, 0x11, sizeof secret);
    assert_int_equal(provernet_key_new(&w->key, secret, &err), 0);
    provernet_key_address(w->key, w->address);
    return w;
}

void world_free(world *w)
{
    char command[128];

    provernet_inbox_close(w->inbox);
    provernet_close(w->node);
    provernet_key_free(w->key);
    provernet_options_free(w->options);
    snprintf(command, sizeof command, "rm -rf %s", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
}

/* ---- exchanges ---- */

static void add_lines(char *to, size_t cap, const provernet_field *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(to);

        snprintf(to + at, cap - at, "%s: %s\n", f[i].name, f[i].value);
    }
}

static const char *line_value(const char *lines, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = lines; *p; p = strchr(p, '\n') + 1)
        if (strncmp(p, name, len) == 0 && p[len] == ':')
            return p + len + 2;
    return NULL;
}

static void decode_message(answer *a, const char *value)
{
    size_t n = 0;

    for (; *value && *value != '\n' && n + 1 < sizeof a->message; value++) {
        unsigned byte = (unsigned char)*value;

        if (*value == '%') {
            assert_int_equal(sscanf(value + 1, "%2x", &byte), 1);
            value += 2;
        }
        a->message[n++] = (char)byte;
    }
    a->message[n] = '\0';
}

static void take_grpc(answer *a)
{
    const char *where = a->trailers;
    const char *value = line_value(where, "grpc-status");

    if (!value) {
        where = a->fields;
        value = line_value(where, "grpc-status");
    }
    a->grpc = value ? atoi(value) : -1;
    value = line_value(where, "grpc-message");
    if (value)
        decode_message(a, value);
}

static void wait_ready(world *w)
{
    provernet_ready ready[8];

    if (provernet_inbox_next(w->inbox, ready, 8, PATIENCE_MS) == 0)
        fail_msg("nothing became ready");
}

static void write_all(world *w, provernet_call *c, const uint8_t *data,
                      size_t len)
{
    while (len > 0) {
        size_t taken = 0;
        provernet_status s = provernet_call_write(c, data, len, &taken);

        data += taken;
        len -= taken;
        if (s == PROVERNET_END)
            return;
        if (s == PROVERNET_AGAIN)
            wait_ready(w);
        else
            assert_int_equal(s, PROVERNET_OK);
    }
}

static void read_all(world *w, provernet_call *c, answer *a)
{
    const provernet_field *f;
    size_t n, cap = 0;
    provernet_status s;

    while ((s = provernet_call_head(c, &a->status, &f, &n)) == PROVERNET_AGAIN)
        wait_ready(w);
    assert_int_equal(s, PROVERNET_OK);
    add_lines(a->fields, sizeof a->fields, f, n);
    for (;;) {
        size_t got;

        if (cap - a->len < 65536) {
            cap = 2 * cap + 65536;
            a->body = realloc(a->body, cap);
            assert_non_null(a->body);
        }
        s = provernet_call_read(c, a->body + a->len, cap - a->len, &got);
        a->len += got;
        if (s == PROVERNET_AGAIN)
            wait_ready(w);
        else if (s == PROVERNET_END)
            break;
        else
            assert_int_equal(s, PROVERNET_OK);
    }
    assert_int_equal(provernet_call_trailers(c, &f, &n), PROVERNET_OK);
    add_lines(a->trailers, sizeof a->trailers, f, n);
    take_grpc(a);
}

answer http(world *w, const char *method, const char *path, const field *fields,
            const void *body, size_t len)
{
    provernet_field f[16];
    provernet_head head = { .struct_size = sizeof head,
                            .method = method,
                            .authority = w->authority,
                            .path = path,
                            .scheme = "http",
                            .peer = w->peer,
                            .fields = f };
    provernet_error err = { 0 };
    answer a = { .grpc = -1 };
    provernet_call *c;

    for (; fields && fields->name; fields++)
        f[head.fields_len++] = (provernet_field){ fields->name, fields->value };
    if (provernet_call_open(w->inbox, &c, &head, ++w->tag, &err))
        fail_msg("call_open: %s", err.message);
    write_all(w, c, body, len);
    (void)!provernet_call_end(c);
    read_all(w, c, &a);
    provernet_call_close(c);
    return a;
}

answer http_text(world *w, const char *method, const char *path,
                 const char *body)
{
    return http(w, method, path, NULL, body, strlen(body));
}

void answer_free(answer *a)
{
    free(a->body);
    a->body = NULL;
}

bool answer_has(const answer *a, const char *line)
{
    size_t len = strlen(line);

    for (const char *p = a->fields; *p; p = strchr(p, '\n') + 1)
        if (strncmp(p, line, len) == 0 && p[len] == '\n')
            return true;
    return false;
}

answer grpc_raw(world *w, const char *path, const field *fields,
                const void *body, size_t len)
{
    static const field plain[] = { { "content-type", "application/grpc" },
                                   { NULL, NULL } };

    return http(w, "POST", path, fields ? fields : plain, body, len);
}

answer grpc(world *w, const char *path, const void *msg, size_t len)
{
    uint8_t *frame = calloc(1, len + 5);
    answer a;

    assert_non_null(frame);
    pvn_put_u32be(frame + 1, (uint32_t)len);
    if (len)
        memcpy(frame + 5, msg, len);
    a = grpc_raw(w, path, NULL, frame, len + 5);
    free(frame);
    assert_int_equal(a.status, 200);
    if (a.grpc == 0) {
        assert_true(a.len >= 5);
        assert_int_equal(a.body[0], 0);
        assert_int_equal(pvn_get_u32be(a.body + 1), a.len - 5);
        a.len -= 5;
        memmove(a.body, a.body + 5, a.len);
    }
    return a;
}

answer grpc_buf(world *w, const char *path, pvn_buf *msg)
{
    answer a = grpc(w, path, msg->data, msg->len);

    pvn_buf_free(msg);
    return a;
}

/* ---- the wire of Succinct ---- */

pvn_pb_field get(const uint8_t *msg, size_t len, uint32_t number)
{
    pvn_pb_reader r = pvn_pb_read(pvn_bytes_of(msg, len));
    pvn_pb_field f;

    while (pvn_pb_next(&r, &f))
        if (f.number == number)
            return f;
    assert_false(r.bad);
    f = (pvn_pb_field){ .number = number, .wire = -1 };
    return f;
}

void envelope(world *w, pvn_buf *out, const pvn_buf *body)
{
    uint8_t sig[65];

    assert_int_equal(provernet_sign(w->key, sig,
                                    body->data ? body->data : (const void *)"",
                                    body->len, NULL),
                     0);
    pvn_pb_put_uint(out, 1, 1);
    pvn_pb_put_bytes(out, 2, sig, sizeof sig);
    pvn_pb_put_bytes(out, 3, body->data, body->len);
}

static void rpc_path(char path[128], const char *name)
{
    snprintf(path, 128, "/network.ProverNetwork/%s", name);
}

answer rpc(world *w, const char *name, pvn_buf *body)
{
    pvn_buf msg = { 0 };
    char path[128];

    rpc_path(path, name);
    envelope(w, &msg, body);
    pvn_buf_free(body);
    return grpc_buf(w, path, &msg);
}

answer rpc_query(world *w, const char *name, pvn_buf *msg)
{
    char path[128];

    rpc_path(path, name);
    return grpc_buf(w, path, msg);
}

uint64_t next_nonce(world *w)
{
    pvn_buf msg = { 0 };
    answer a;
    uint64_t nonce;

    pvn_pb_put_bytes(&msg, 1, w->address, 20);
    a = rpc_query(w, "GetNonce", &msg);
    assert_int_equal(a.grpc, 0);
    nonce = get(a.body, a.len, 1).value;
    answer_free(&a);
    return nonce;
}

static void copy_text(char *to, size_t cap, pvn_pb_field f)
{
    assert_int_equal(f.wire, PVN_PB_LEN);
    assert_true(f.bytes.len < cap);
    memcpy(to, f.bytes.data, f.bytes.len);
    to[f.bytes.len] = '\0';
}

void create_artifact(world *w, int type, char uri[256], char url[512])
{
    pvn_buf msg = { 0 };
    uint8_t sig[65];
    answer a;

    assert_int_equal(provernet_sign(w->key, sig, "create_artifact", 15, NULL),
                     0);
    sig[64] = (uint8_t)(sig[64] + 27); /* 54 or 55, as SDKs from 5.1.1 do */
    pvn_pb_put_bytes(&msg, 1, sig, sizeof sig);
    pvn_pb_put_uint(&msg, 2, (uint64_t)type);
    a = grpc_buf(w, "/artifact.ArtifactStore/CreateArtifact", &msg);
    if (a.grpc != 0)
        fail_msg("CreateArtifact: %s", a.message);
    copy_text(uri, 256, get(a.body, a.len, 1));
    copy_text(url, 512, get(a.body, a.len, 2));
    answer_free(&a);
}

const char *path_of(const char *url)
{
    const char *p = strstr(url, "://");

    assert_non_null(p);
    p = strchr(p + 3, '/');
    assert_non_null(p);
    return p;
}

void upload(world *w, int type, const void *data, size_t len, char uri[256])
{
    char url[512];
    answer a;

    create_artifact(w, type, uri, url);
    a = http(w, "PUT", path_of(url), NULL, data, len);
    if (a.status != 200)
        fail_msg("PUT: %d %.*s", a.status, (int)a.len, (char *)a.body);
    answer_free(&a);
}

void register_sp1(world *w, uint8_t tag)
{
    uint8_t program[80] = { 72, 0, 0, 0, 0, 0, 0, 0, 0x7f, 'E', 'L', 'F' };
    uint8_t hash[32];
    pvn_buf b = { 0 };
    char uri[256];
    answer a;

    program[79] = tag;
    upload(w, 1, program, sizeof program, uri);
    memset(hash, tag, sizeof hash);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, hash, sizeof hash);
    pvn_pb_put_bytes(&b, 3, "vk", 2);
    pvn_pb_put_bytes(&b, 4, uri, strlen(uri));
    a = rpc(w, "CreateProgram", &b);
    if (a.grpc != 0)
        fail_msg("CreateProgram: %s", a.message);
    answer_free(&a);
}

void request_body(world *w, pvn_buf *b, uint8_t tag, const char *stdin_uri,
                  int mode, uint64_t deadline_s)
{
    uint8_t hash[32];

    memset(hash, tag, sizeof hash);
    pvn_pb_put_uint(b, 1, next_nonce(w));
    pvn_pb_put_bytes(b, 2, hash, sizeof hash);
    pvn_pb_put_bytes(b, 3, "sp1-v6.1.0", 10);
    pvn_pb_put_uint(b, 4, (uint64_t)mode);
    pvn_pb_put_uint(b, 5, 2);
    pvn_pb_put_bytes(b, 6, stdin_uri, strlen(stdin_uri));
    pvn_pb_put_uint(b, 7, deadline_s);
    pvn_pb_put_uint(b, 8, 1000000);
    pvn_pb_put_uint(b, 9, 2000000);
}

void send_request(world *w, pvn_buf *body, uint8_t id[32])
{
    answer a = rpc(w, "RequestProof", body);
    pvn_pb_field f;

    if (a.grpc != 0)
        fail_msg("RequestProof: %s", a.message);
    f = get(a.body, a.len, 2);
    f = get(f.bytes.data, f.bytes.len, 1);
    assert_int_equal(f.bytes.len, 32);
    memcpy(id, f.bytes.data, 32);
    answer_free(&a);
}

void accepted_request(world *w, uint8_t tag, uint8_t id[32])
{
    char uri[256];
    pvn_buf b = { 0 };

    upload(w, 2, "input", 5, uri);
    request_body(w, &b, tag, uri, 2, (uint64_t)world_now(w) / 1000 + 3600);
    send_request(w, &b, id);
}

/* ---- a worker by hand ---- */

static void run(world *w, pvn_op *op)
{
    provernet_error err = { 0 };

    if (pvn_node_run(w->node, &op, 1, &err))
        fail_msg("%s: %s", pvn_op_name(op->type), err.message);
}

provernet_id worker_hello(world *w, const char *name, const char *kinds)
{
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_HELLO);
    provernet_id id;

    pvn_id_new(pvn_node_env(w->node), &op->u.worker_hello.id);
    op->u.worker_hello.origin = pvn_arena_text(&op->arena, "test");
    op->u.worker_hello.name = pvn_arena_text(&op->arena, name);
    op->u.worker_hello.kinds = pvn_arena_text(&op->arena, kinds);
    op->u.worker_hello.devices = pvn_arena_text(&op->arena, "[]");
    op->u.worker_hello.version = pvn_arena_text(&op->arena, "1");
    op->u.worker_hello.slots = 1;
    run(w, op);
    id = op->u.worker_hello.worker;
    pvn_op_free(op);
    return id;
}

static pvn_op *lease(world *w, provernet_id worker, const char *kinds)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_LEASE);

    op->u.task_lease.worker = worker;
    op->u.task_lease.kinds = pvn_arena_text(&op->arena, kinds);
    op->u.task_lease.want = 1;
    run(w, op);
    assert_int_equal(op->u.task_lease.leased_len, 1);
    return op;
}

static provernet_id store_proof(world *w, const void *proof, size_t len)
{
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_STORE);
    pvn_op_artifact_store *s = &op->u.artifact_store;
    provernet_id id;

    pvn_id_new(pvn_node_env(w->node), &s->id);
    s->make = true;
    s->type = PVN_TYPE_PROOF;
    s->bytes = s->raw_bytes = (int64_t)len;
    s->content = pvn_bytes_of(pvn_arena_copy(&op->arena, proof, len), len);
    run(w, op);
    id = s->id;
    pvn_op_free(op);
    return id;
}

void fulfil_in(world *w, const void *proof, size_t len, int64_t took_ms)
{
    provernet_id worker = worker_hello(w, "ruth", "sp1/compressed@6");
    pvn_op *leased = lease(w, worker, "sp1/compressed@6");
    provernet_id out = store_proof(w, proof, len);
    pvn_op *op = pvn_op_new(PVN_OP_TASK_COMPLETE);

    op->u.task_complete.took_ms = took_ms;
    op->u.task_complete.task = leased->u.task_lease.leased[0].task;
    op->u.task_complete.worker = worker;
    op->u.task_complete.attempt = leased->u.task_lease.leased[0].attempt;
    op->u.task_complete.outputs = pvn_arena_copy(&op->arena, &out, sizeof out);
    op->u.task_complete.outputs_len = 1;
    run(w, op);
    pvn_op_free(op);
    op = pvn_op_new(PVN_OP_REQUEST_VERDICT);
    op->u.request_verdict.request = leased->u.task_lease.leased[0].request;
    op->u.request_verdict.proof = out;
    op->u.request_verdict.valid = true;
    op->u.request_verdict.how = pvn_arena_text(&op->arena, "trusted");
    run(w, op);
    pvn_op_free(op);
    pvn_op_free(leased);
}

void fulfil(world *w, const uint8_t id[32], const void *proof, size_t len)
{
    (void)id;
    fulfil_in(w, proof, len, 0);
}
