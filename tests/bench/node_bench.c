/* tests/bench/node_bench.c - the node alone: operations through an inbox, with
 * no wire. One JSON line each: ops per second, CPU per op of the whole
 * process (caller, core, database). */
#include "base/bytes.h"
#include "node/open.h"
#include <ftw.h>
#include <provernet/artifact.h>
#include <provernet/request.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { KNOWN = 1000 };
static provernet_id program, input, known[KNOWN];
static unsigned known_len, asked;

static pvn_next submit(pvn_call *c)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
    pvn_op_request_submit *r;

    if (op) {
        r = &op->u.request_submit;
        pvn_id_new(pvn_node_env(pvn_call_node(c)), &r->id);
        r->kind = "bench/wait@1";
        r->program = program;
        r->inputs = pvn_arena_copy(&op->arena, &input, sizeof input);
        r->inputs_len = 1;
        memcpy(r->requester20, pvn_call_body(c).data, sizeof r->requester20);
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next status(pvn_call *c)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);

    if (op)
        op->u.read_request.id = known[asked++ % known_len];
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next resume(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);

    if (op->type == PVN_OP_REQUEST_SUBMIT && known_len < KNOWN)
        known[known_len++] = op->u.request_submit.id_out;
    pvn_answer_status(c, op->err.status == PROVERNET_OK ? 200 : 500);
    pvn_answer_body(c, "0123456789abcdef0123456789abcdef", 32);
    return PVN_ANSWER;
}

static const pvn_handler submit_handler = { .begin = submit, .resume = resume };
static const pvn_handler status_handler = { .begin = status, .resume = resume };

static const pvn_handler *route(pvn_call *c)
{
    return pvn_call_request(c)->path[1] == 's' ? &submit_handler
                                               : &status_handler;
}

static void refuse(pvn_call *c, const provernet_error *err)
{
    (void)err;
    pvn_answer_status(c, 500);
}

static const pvn_entry entry = { route, refuse };

static void die(const char *what, const provernet_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    exit(EXIT_FAILURE);
}

static provernet_id artifact(provernet *n, const char *type)
{
    provernet_error err = { 0 };
    provernet_blob *b;
    provernet_id id = { { 0 } };

    if (provernet_blob_create(n, &b, type, &err) ||
        provernet_blob_write(b, type, strlen(type), &err) ||
        provernet_blob_commit(b, &id, &err))
        die("artifact", &err);
    provernet_blob_close(b);
    return id;
}

static double wall_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static provernet_call *start(provernet_inbox *in, const char *path,
                             uint64_t tag)
{
    static const provernet_field f[] = {
        { "content-type", "application/grpc" },
        { "te", "trailers" },
        { "user-agent", "bench/1" },
    };
    provernet_head h = { .struct_size = sizeof h,
                         .method = "POST",
                         .path = path,
                         .authority = "localhost:1",
                         .scheme = "http",
                         .peer = "127.0.0.1:1",
                         .fields = f,
                         .fields_len = 3 };
    provernet_error err = { 0 };
    provernet_call *c;
    uint8_t body[100] = { 1 };
    size_t taken;

    body[1] = (uint8_t)tag;
    if (provernet_call_open(in, &c, &h, tag, &err))
        die("call", &err);
    if (provernet_call_write(c, body, sizeof body, &taken) ||
        provernet_call_end(c))
        die("call", &err);
    return c;
}

static bool finish(provernet_call *c)
{
    const provernet_field *f;
    char buf[256];
    size_t n;
    int code;

    if (provernet_call_head(c, &code, &f, &n))
        return false;
    if (code != 200) {
        fprintf(stderr, "answer %d\n", code);
        exit(EXIT_FAILURE);
    }
    while (provernet_call_read(c, buf, sizeof buf, &n) == PROVERNET_OK)
        ;
    return true;
}

static void measure(provernet *n, const char *name, const char *path,
                    unsigned flight, unsigned total)
{
    provernet_call **c = calloc(flight, sizeof *c);
    provernet_ready ready[64];
    provernet_error err = { 0 };
    provernet_inbox *in;
    pvn_counters before, after;
    unsigned started = 0, done = 0;
    double wall, cpu;

    if (provernet_inbox_open(n, &in, &err))
        die("inbox", &err);
    pvn_node_counters(n, &before);
    wall = wall_s();
    cpu = cpu_s();
    for (; started < flight; started++)
        c[started] = start(in, path, started);
    while (done < total) {
        size_t k = provernet_inbox_next(in, ready, 64, -1);
        for (size_t i = 0; i < k; i++) {
            uint64_t tag = ready[i].tag;
            if (!finish(c[tag]))
                continue;
            provernet_call_close(c[tag]);
            c[tag] = NULL;
            done++;
            if (started < total)
                c[tag] = start(in, path, (started++, tag));
        }
    }
    wall = wall_s() - wall;
    cpu = cpu_s() - cpu;
    pvn_node_counters(n, &after);
    printf("{\"bench\":\"node/%s/%u\",\"ops\":%u,\"per_s\":%.0f,"
           "\"cpu_us\":%.2f,\"per_cpu_s\":%.0f,\"ops_per_batch\":%.1f}\n",
           name, flight, total, total / wall, cpu / total * 1e6, total / cpu,
           (double)(after.ops - before.ops) /
               (double)(after.batches - before.batches));
    fflush(stdout);
    provernet_inbox_close(in);
    free(c);
}

static int remove_one(const char *path, const struct stat *s, int type,
                      struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/pvn-bench-XXXXXX";
    unsigned scale = argc > 1 ? (unsigned)atoi(argv[1]) : 10;
    provernet_options *o = provernet_options_new();
    provernet_error err = { 0 };
    pvn_node_config cfg = { .options = o, .entry = &entry };
    provernet *n;

    if (!mkdtemp(dir) || !o || provernet_options_set(o, "data.dir", dir, &err))
        die("directory", &err);
    if (pvn_node_open(&n, &cfg, &err))
        die("open", &err);
    program = artifact(n, "program");
    input = artifact(n, "stdin");
    measure(n, "request_submit", "/submit", 1, 100 * scale);
    measure(n, "request_submit", "/submit", 8, 500 * scale);
    measure(n, "request_submit", "/submit", 64, 2000 * scale);
    measure(n, "read_request", "/read", 1, 1000 * scale);
    measure(n, "read_request", "/read", 8, 5000 * scale);
    measure(n, "read_request", "/read", 64, 10000 * scale);
    provernet_close(n);
    provernet_options_free(o);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return EXIT_SUCCESS;
}
