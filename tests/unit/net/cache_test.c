/* cache_test.c - fetched files: kept, evicted, resumed, checked; against a
 * small HTTP server that breaks off, lies, or knows no ranges. */
#include "net_help.h"
#include "net/cache.h"
#include "net/fetch.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static char *make_dir(void)
{
    char *dir = strdup("/tmp/pvn-cache-test-XXXXXX");

    assert_non_null(mkdtemp(dir));
    return dir;
}

static void remove_dir(char *dir)
{
    char command[200];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    free(dir);
}

static void put_file(const char *path, size_t len, int byte)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    for (size_t i = 0; i < len; i++)
        fputc(byte, f);
    fclose(f);
}

static pvn_cached *keep(pvn_cache *c, uint8_t id, size_t len)
{
    uint8_t digest[32] = { id };
    provernet_error err = { 0 };
    char *part = pvn_cache_part(c, digest, &err);
    pvn_cached *f;

    assert_non_null(part);
    put_file(part, len, id);
    assert_int_equal(pvn_cache_keep(c, &f, part, digest, &err), 0);
    free(part);
    return f;
}

static void keeps_and_evicts(void **state)
{
    uint8_t one[32] = { 1 }, two[32] = { 2 }, three[32] = { 3 };
    char *dir = make_dir();
    provernet_error err = { 0 };
    pvn_cached *a, *b;
    pvn_cache *c;
    uint64_t bytes;

    (void)state;
    assert_int_equal(pvn_cache_open(&c, dir, 250, &err), 0);
    a = keep(c, 1, 100);
    pvn_cached_give(c, keep(c, 2, 100));
    /* 1 is in use, so 2 goes although it is younger */
    pvn_cached_give(c, keep(c, 3, 100));
    assert_null(pvn_cache_find(c, two));
    b = pvn_cache_find(c, three);
    assert_non_null(b);
    assert_int_equal(access(pvn_cached_path(b), R_OK), 0);
    pvn_cached_give(c, b);
    assert_int_equal(pvn_cache_count(c, &bytes), 2);
    assert_int_equal(bytes, 200);
    pvn_cached_give(c, a);
    pvn_cache_close(c);
    /* a later run finds what was kept, and no parts */
    assert_int_equal(pvn_cache_open(&c, dir, 250, &err), 0);
    assert_int_equal(pvn_cache_count(c, &bytes), 2);
    a = pvn_cache_find(c, one);
    assert_non_null(a);
    pvn_cached_give(c, a);
    pvn_cache_close(c);
    remove_dir(dir);
}

static void a_temporary_one_leaves_nothing(void **state)
{
    provernet_error err = { 0 };
    char path[300];
    pvn_cached *a;
    pvn_cache *c;

    (void)state;
    assert_int_equal(pvn_cache_open(&c, "", 1000, &err), 0);
    a = keep(c, 1, 10);
    snprintf(path, sizeof path, "%s", pvn_cached_path(a));
    assert_int_equal(access(path, R_OK), 0);
    pvn_cached_give(c, a);
    pvn_cache_close(c);
    assert_int_not_equal(access(path, F_OK), 0);
    *strrchr(path, '/') = '\0';
    assert_int_not_equal(access(path, F_OK), 0);
}

/* ---- fetching ---- */

enum { BODY = 100000 };

typedef struct http {
    int fd;
    uint16_t port;
    pthread_t thread;
    unsigned hits, ranged;
    size_t break_at; /* bytes of the first answer, then it hangs up */
    bool no_ranges, lie, refuse;
    char put[64];
    size_t put_len;
} http;

static uint8_t body_byte(size_t i)
{
    return (uint8_t)(i * 31 + i / 256);
}

static void write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        p += n;
        len -= (size_t)n;
    }
}

static void take_put(http *h, int fd, const char *request)
{
    const char *body = strstr(request, "\r\n\r\n") + 4;
    const char *length = strcasestr(request, "content-length:");
    size_t want = length ? (size_t)atol(length + 15) : 0;
    size_t got = strlen(body);
    char chunk[4096];

    snprintf(h->put, sizeof h->put, "%.*s", (int)strcspn(request + 4, " "),
             request + 4);
    while (got < want) {
        ssize_t n = recv(fd, chunk, sizeof chunk, 0);

        if (n <= 0)
            return;
        got += (size_t)n;
    }
    h->put_len = got;
    write_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
}

static void answer(http *h, int fd)
{
    static uint8_t body[BODY];
    char request[4096], head[200];
    const char *range;
    size_t got = 0, from = 0, len;

    while (got < sizeof request - 1) {
        ssize_t n = recv(fd, request + got, sizeof request - 1 - got, 0);

        if (n <= 0)
            return;
        got += (size_t)n;
        request[got] = '\0';
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    h->hits++;
    if (strncmp(request, "PUT ", 4) == 0) {
        take_put(h, fd, request);
        return;
    }
    if (h->refuse) {
        write_all(fd, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 38);
        return;
    }
    for (size_t i = 0; i < BODY; i++)
        body[i] = (uint8_t)(body_byte(i) ^ h->lie);
    range = strcasestr(request, "range: bytes=");
    if (range && !h->no_ranges) {
        from = (size_t)atol(range + 13);
        h->ranged++;
    }
    len = BODY - from;
    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\nContent-Length: %zu\r\nContent-Range: bytes "
             "%zu-%d/%d\r\nConnection: close\r\n\r\n",
             from ? "206 Partial Content" : "200 OK", len, from, BODY - 1,
             BODY);
    write_all(fd, head, strlen(head));
    if (h->hits == 1 && h->break_at && h->break_at < len)
        len = h->break_at;
    write_all(fd, body + from, len);
}

static void *serve(void *arg)
{
    http *h = arg;
    int fd;

    while ((fd = accept(h->fd, NULL, NULL)) >= 0) {
        answer(h, fd);
        close(fd);
    }
    return NULL;
}

static void http_open(http *h)
{
    struct sockaddr_in sa = { .sin_family = AF_INET };
    socklen_t len = sizeof sa;

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(h->fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(listen(h->fd, 8), 0);
    getsockname(h->fd, (struct sockaddr *)&sa, &len);
    h->port = ntohs(sa.sin_port);
    assert_int_equal(pthread_create(&h->thread, NULL, serve, h), 0);
}

static void http_close(http *h)
{
    shutdown(h->fd, SHUT_RDWR);
    pthread_join(h->thread, NULL);
    close(h->fd);
}

/* As much of a worker and a job as fetching looks at. */
typedef struct fetcher {
    provernet_worker w;
    provernet_job j;
    char server[40], *dir, part[100];
    uint8_t digest[32];
} fetcher;

static void fetcher_open(fetcher *f, const http *h)
{
    uint64_t bytes;
    char path[120];
    FILE *whole;

    memset(f, 0, sizeof *f);
    snprintf(f->server, sizeof f->server, "127.0.0.1:%u", h->port);
    f->w.server = f->server;
    pvn_env_init(&f->w.env, NULL);
    pthread_mutex_init(&f->w.lock, NULL);
    pthread_cond_init(&f->w.changed, NULL);
    f->j.w = &f->w;
    f->dir = make_dir();
    snprintf(f->part, sizeof f->part, "%s/part", f->dir);
    snprintf(path, sizeof path, "%s/whole", f->dir);
    whole = fopen(path, "wb");
    for (size_t i = 0; i < BODY; i++)
        fputc(body_byte(i), whole);
    fclose(whole);
    assert_int_equal(pvn_file_digest(path, f->digest, &bytes, NULL), 0);
    assert_int_equal(bytes, BODY);
}

static void fetcher_close(fetcher *f)
{
    pthread_mutex_destroy(&f->w.lock);
    pthread_cond_destroy(&f->w.changed);
    remove_dir(f->dir);
}

static provernet_status fetch(fetcher *f, provernet_error *err)
{
    return pvn_fetch(&f->j, "/artifacts/raw/program/1?t=2", f->part, BODY,
                     f->digest, err);
}

static void fetches_and_resumes(void **state)
{
    provernet_error err = { 0 };
    http h = { .break_at = 30000 };
    fetcher f;

    (void)state;
    http_open(&h);
    fetcher_open(&f, &h);
    if (fetch(&f, &err))
        fail_msg("%s", err.message);
    assert_int_equal(h.hits, 2);
    assert_int_equal(h.ranged, 1);
    fetcher_close(&f);
    http_close(&h);
}

static void starts_again_without_ranges(void **state)
{
    provernet_error err = { 0 };
    http h = { .break_at = 30000, .no_ranges = true };
    fetcher f;

    (void)state;
    http_open(&h);
    fetcher_open(&f, &h);
    if (fetch(&f, &err))
        fail_msg("%s", err.message);
    assert_true(h.hits >= 3);
    fetcher_close(&f);
    http_close(&h);
}

static void refuses_other_bytes(void **state)
{
    provernet_error err = { 0 };
    http h = { .lie = true };
    fetcher f;

    (void)state;
    http_open(&h);
    fetcher_open(&f, &h);
    assert_int_equal(fetch(&f, &err), PROVERNET_ERR_CORRUPT);
    assert_int_not_equal(access(f.part, F_OK), 0);
    h.lie = false;
    assert_int_equal(fetch(&f, &err), 0);
    /* fewer bytes announced than come */
    unlink(f.part);
    assert_int_equal(pvn_fetch(&f.j, "/x", f.part, BODY - 1, f.digest, &err),
                     PROVERNET_ERR_CORRUPT);
    fetcher_close(&f);
    http_close(&h);
}

static void hears_no_and_stops(void **state)
{
    provernet_error err = { 0 };
    http h = { .refuse = true };
    fetcher f;

    (void)state;
    http_open(&h);
    fetcher_open(&f, &h);
    assert_int_equal(fetch(&f, &err), PROVERNET_ERR_PERMISSION);
    assert_int_equal(h.hits, 1);
    atomic_store(&f.j.cancelled, true);
    h.refuse = false;
    assert_int_equal(fetch(&f, &err), PROVERNET_ERR_CANCELLED);
    fetcher_close(&f);
    http_close(&h);
}

static void sends_outputs(void **state)
{
    provernet_error err = { 0 };
    http h = { 0 };
    provernet_blob *out;
    uint8_t chunk[1000];
    pvn_cache *c;
    fetcher f;

    (void)state;
    http_open(&h);
    fetcher_open(&f, &h);
    assert_int_equal(pvn_cache_open(&c, "", 0, &err), 0);
    memset(chunk, 5, sizeof chunk);
    out = pvn_blob_output(c, 4000); /* in a file after four chunks */
    for (int i = 0; i < 10; i++)
        assert_int_equal(provernet_blob_write(out, chunk, 1000, &err), 0);
    assert_int_equal(provernet_blob_len(out), 10000);
    if (pvn_put_output(&f.j, "/artifacts/proof/12?t=3", out, &err))
        fail_msg("%s", err.message);
    assert_string_equal(h.put, "/artifacts/proof/12?t=3");
    assert_int_equal(h.put_len, 10000);
    provernet_blob_close(out);
    pvn_cache_close(c);
    fetcher_close(&f);
    http_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_and_evicts),
        cmocka_unit_test(a_temporary_one_leaves_nothing),
        cmocka_unit_test(fetches_and_resumes),
        cmocka_unit_test(starts_again_without_ranges),
        cmocka_unit_test(refuses_other_bytes),
        cmocka_unit_test(hears_no_and_stops),
        cmocka_unit_test(sends_outputs),
    };

    return cmocka_run_group_tests_name("net_cache", tests, NULL, NULL);
}
