/* fake_node.c - see fake_node.h. */
#include "fake_node.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct provernet {
    char file[200], last[600];
    pthread_mutex_t lock; /* of last: several loops write it */
    atomic_uint calls;
};

struct provernet_inbox {
    provernet *pn;
    int fd;
    pthread_mutex_t lock;
    provernet_ready *queue;
    size_t len, cap;
    bool awake;
};

struct provernet_call {
    provernet_inbox *in;
    uint64_t tag;
    char path[300];
    char *body;
    size_t len, at;
    uint64_t count, left; /* /len, /zeros */
    bool ended, blocked, timer;
    atomic_bool ready;
    pthread_t thread;
    int fd;
    provernet_field fields[2], trailers[1];
};

provernet *fake_node_new(const char *file)
{
    provernet *pn = calloc(1, sizeof *pn);

    pthread_mutex_init(&pn->lock, NULL);
    snprintf(pn->file, sizeof pn->file, "%s", file);
    return pn;
}

void fake_node_free(provernet *pn)
{
    free(pn);
}

unsigned fake_node_calls(const provernet *pn)
{
    return atomic_load(&pn->calls);
}

const char *fake_node_last(const provernet *pn)
{
    return pn->last;
}

provernet_status provernet_inbox_open(provernet *pn, provernet_inbox **out,
                                      provernet_error *err)
{
    provernet_inbox *in = calloc(1, sizeof *in);

    (void)err;
    in->pn = pn;
    in->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&in->lock, NULL);
    *out = in;
    return PROVERNET_OK;
}

int provernet_inbox_fd(const provernet_inbox *in)
{
    return in->fd;
}

static void post(provernet_inbox *in, uint64_t tag, uint32_t what)
{
    uint64_t one = 1;
    bool awake;

    pthread_mutex_lock(&in->lock);
    awake = in->awake;
    if (in->len == in->cap) {
        in->cap = in->cap ? in->cap * 2 : 64;
        in->queue = realloc(in->queue, in->cap * sizeof *in->queue);
    }
    in->queue[in->len++] = (provernet_ready){ tag, what };
    pthread_mutex_unlock(&in->lock);
    if (!awake && write(in->fd, &one, sizeof one) < 0)
        return;
}

size_t provernet_inbox_next(provernet_inbox *in, provernet_ready *out,
                            size_t cap, int64_t timeout_ms)
{
    uint64_t n;
    size_t k;

    (void)timeout_ms;
    pthread_mutex_lock(&in->lock);
    if (in->len <= cap && read(in->fd, &n, sizeof n) < 0)
        n = 0;
    k = in->len < cap ? in->len : cap;
    if (k) {
        memcpy(out, in->queue, k * sizeof *out);
        memmove(in->queue, in->queue + k, (in->len - k) * sizeof *out);
        in->len -= k;
    }
    pthread_mutex_unlock(&in->lock);
    return k;
}

int provernet_inbox_awake(provernet_inbox *in, int awake)
{
    bool sleeps;

    pthread_mutex_lock(&in->lock);
    sleeps = !awake && in->len == 0;
    in->awake = !sleeps;
    pthread_mutex_unlock(&in->lock);
    return awake || sleeps;
}

void provernet_inbox_close(provernet_inbox *in)
{
    if (!in)
        return;
    close(in->fd);
    free(in->queue);
    free(in);
}

static bool is(const provernet_call *c, const char *path)
{
    return strncmp(c->path, path, strlen(path)) == 0;
}

provernet_status provernet_call_open(provernet_inbox *in, provernet_call **out,
                                     const provernet_head *h, uint64_t tag,
                                     provernet_error *err)
{
    provernet_call *c = calloc(1, sizeof *c);

    (void)err;
    c->in = in;
    c->tag = tag;
    c->fd = -1;
    snprintf(c->path, sizeof c->path, "%s", h->path);
    pthread_mutex_lock(&in->pn->lock);
    snprintf(in->pn->last, sizeof in->pn->last, "%s %s %s", h->method, h->path,
             h->authority);
    pthread_mutex_unlock(&in->pn->lock);
    if (is(c, "/zeros?"))
        c->left = strtoull(c->path + 7, NULL, 10);
    if (is(c, "/early"))
        post(in, tag, PROVERNET_READY_HEAD);
    atomic_fetch_add(&in->pn->calls, 1);
    *out = c;
    return PROVERNET_OK;
}

static void *later(void *arg)
{
    provernet_call *c = arg;
    struct timespec t = { 0, is(c, "/block") ? 1000000 : 30 * 1000000 };

    nanosleep(&t, NULL);
    atomic_store(&c->ready, true);
    post(c->in, c->tag,
         is(c, "/block") ? PROVERNET_READY_WRITE
                         : PROVERNET_READY_HEAD | PROVERNET_READY_READ);
    return NULL;
}

static void after(provernet_call *c)
{
    if (c->timer)
        pthread_join(c->thread, NULL);
    atomic_store(&c->ready, false);
    c->timer = pthread_create(&c->thread, NULL, later, c) == 0;
}

provernet_status provernet_call_write(provernet_call *c, const void *data,
                                      size_t len, size_t *taken)
{
    *taken = 0;
    if (is(c, "/early"))
        return PROVERNET_END;
    if (is(c, "/block")) {
        if (c->blocked && !atomic_load(&c->ready))
            return PROVERNET_AGAIN;
        c->blocked = false;
        *taken = len < 10000 ? len : 10000;
        c->count += *taken;
        if (*taken == len)
            return PROVERNET_OK;
        c->blocked = true;
        after(c);
        return PROVERNET_AGAIN;
    }
    *taken = len;
    c->count += len;
    if (is(c, "/len"))
        return PROVERNET_OK;
    c->body = realloc(c->body, c->len + len + 1);
    memcpy(c->body + c->len, data, len);
    c->len += len;
    return PROVERNET_OK;
}

provernet_status provernet_call_end(provernet_call *c)
{
    c->ended = true;
    if (is(c, "/len") || is(c, "/block")) {
        c->body = realloc(c->body, 32);
        c->len =
            (size_t)snprintf(c->body, 32, "%llu", (unsigned long long)c->count);
    }
    if (is(c, "/slow"))
        after(c);
    return PROVERNET_OK;
}

static bool known(const provernet_call *c)
{
    static const char *const paths[] = {
        "/echo", "/slow", "/zeros", "/file", "/len", "/block", "/grpc", "/early"
    };

    for (size_t i = 0; i < 8; i++)
        if (is(c, paths[i]))
            return true;
    return false;
}

provernet_status provernet_call_head(provernet_call *c, int *http_status,
                                     const provernet_field **fields,
                                     size_t *len)
{
    bool early = is(c, "/early");

    if (!early && !c->ended)
        return PROVERNET_AGAIN;
    if (is(c, "/slow") && !atomic_load(&c->ready))
        return PROVERNET_AGAIN;
    if (is(c, "/never"))
        return PROVERNET_AGAIN;
    *http_status = early ? 413 : known(c) ? 200 : 404;
    c->fields[0] = (provernet_field){ "content-type", "text/plain" };
    *fields = c->fields;
    *len = 1;
    return PROVERNET_OK;
}

uint64_t provernet_call_length(const provernet_call *c)
{
    if (is(c, "/zeros") || is(c, "/grpc"))
        return UINT64_MAX;
    return c->len;
}

provernet_status provernet_call_read(provernet_call *c, void *buf, size_t cap,
                                     size_t *got)
{
    if (is(c, "/zeros")) {
        *got = c->left < cap ? (size_t)c->left : cap;
        memset(buf, 0, *got);
        c->left -= *got;
        return *got ? PROVERNET_OK : PROVERNET_END;
    }
    *got = c->len - c->at < cap ? c->len - c->at : cap;
    if (*got == 0)
        return PROVERNET_END;
    memcpy(buf, c->body + c->at, *got);
    c->at += *got;
    return PROVERNET_OK;
}

provernet_status provernet_call_file(provernet_call *c, int *fd,
                                     uint64_t *offset, uint64_t *len)
{
    struct stat s;

    if (!is(c, "/file"))
        return PROVERNET_END;
    if (c->fd < 0)
        c->fd = open(c->in->pn->file, O_RDONLY | O_CLOEXEC);
    if (fstat(c->fd, &s) != 0)
        return PROVERNET_ERR_IO;
    *fd = c->fd;
    *offset = 0;
    *len = (uint64_t)s.st_size;
    return PROVERNET_OK;
}

provernet_status provernet_call_trailers(provernet_call *c,
                                         const provernet_field **fields,
                                         size_t *len)
{
    c->trailers[0] = (provernet_field){ "grpc-status", "0" };
    *fields = c->trailers;
    *len = is(c, "/grpc") ? 1 : 0;
    return PROVERNET_OK;
}

void provernet_call_close(provernet_call *c)
{
    if (!c)
        return;
    if (c->timer)
        pthread_join(c->thread, NULL);
    if (c->fd >= 0)
        close(c->fd);
    atomic_fetch_sub(&c->in->pn->calls, 1);
    free(c->body);
    free(c);
}
