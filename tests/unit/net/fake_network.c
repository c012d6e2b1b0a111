/* fake_network.c - see fake_network.h. */
#include "fake_network.h"
#include "client/port.h"
#include "protocol/http/pb.h"
#include "protocol/succinct/ask.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t fake_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- answers ---- */

typedef struct reply {
    int code;
    const char *text;
    pvn_buf body;
} reply;

static void put_text(pvn_buf *b, uint32_t field, const char *text)
{
    if (text && *text)
        pvn_pb_put_bytes(b, field, text, strlen(text));
}

static void put_number(pvn_buf *b, uint32_t field, uint64_t v)
{
    if (v)
        pvn_pb_put_uint(b, field, v);
}

static void put_request(const fake *f, pvn_buf *b, uint32_t field,
                        const fake_request *r)
{
    pvn_buf m = { 0 };
    char url[128];

    pvn_pb_put_bytes(&m, 1, r->id, 32);
    pvn_pb_put_bytes(&m, 2, r->vk_hash, 32);
    put_text(&m, 3, r->version);
    put_number(&m, 4, (uint64_t)r->mode);
    put_number(&m, 8, r->deadline_s);
    put_number(&m, 11, (uint64_t)r->fulfillment);
    put_number(&m, 12, (uint64_t)r->execution);
    if (!pvn_is_zero(r->fulfiller, 20))
        pvn_pb_put_bytes(&m, 14, r->fulfiller, 20);
    put_number(&m, 26, r->gas_limit);
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", f->port, r->program);
    put_text(&m, 30, url);
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", f->port, r->input);
    if (!r->stdin_private)
        put_text(&m, 31, url);
    put_text(&m, 34, r->base_fee);
    put_text(&m, 35, r->max_price);
    put_number(&m, 37, r->cancelled);
    put_number(&m, 38, r->stdin_private);
    pvn_pb_put_bytes(b, field, m.data, m.len);
    pvn_buf_free(&m);
}

static pvn_pb_field field_of(pvn_bytes m, uint32_t number)
{
    pvn_pb_reader r = pvn_pb_read(m);
    pvn_pb_field f, found = { .wire = -1 };

    while (pvn_pb_next(&r, &f))
        if (f.number == number)
            found = f;
    return found;
}

static fake_request *request_of(fake *f, pvn_bytes id)
{
    for (size_t i = 0; i < f->requests; i++)
        if (id.len == 32 && memcmp(f->request[i].id, id.data, 32) == 0)
            return &f->request[i];
    return NULL;
}

static void list(fake *f, pvn_bytes m, reply *out)
{
    uint64_t status = field_of(m, 2).value, after = field_of(m, 4).value;
    pvn_pb_field fulfiller = field_of(m, 7), not_by = field_of(m, 13);

    for (size_t i = 0; i < f->requests; i++) {
        const fake_request *r = &f->request[i];

        if ((int)status != r->fulfillment || r->deadline_s <= after ||
            (not_by.wire == PVN_PB_LEN && r->bids) ||
            (fulfiller.wire == PVN_PB_LEN &&
             memcmp(fulfiller.bytes.data, r->fulfiller, 20) != 0))
            continue;
        put_request(f, &out->body, 1, r);
    }
}

static reply refuse(int code, const char *text)
{
    return (reply){ .code = code, .text = text };
}

static reply accepted(void)
{
    static const uint8_t hash[32] = { 9 };
    reply out = { 0 };

    pvn_pb_put_bytes(&out.body, 1, hash, 32);
    pvn_pb_put_bytes(&out.body, 2, "", 0);
    return out;
}

/* A signed request: whose is it? */
static bool open_signed(fake *f, pvn_bytes m, pvn_bytes *body, reply *out)
{
    pvn_pb_field sig = field_of(m, 2), b = field_of(m, 3);
    uint8_t signer[20];

    *body = b.bytes;
    if (field_of(m, 1).value != 1 || sig.bytes.len != 65 ||
        b.wire != PVN_PB_LEN ||
        provernet_recover(signer, sig.bytes.data, b.bytes.data, b.bytes.len,
                          NULL) ||
        memcmp(signer, f->signer, 20) != 0) {
        f->wrong++;
        *out = refuse(16, "not your signature");
        return false;
    }
    return true;
}

/* ... and is its nonce the next? */
static bool open_envelope(fake *f, pvn_bytes m, pvn_bytes *body, reply *out)
{
    if (!open_signed(f, m, body, out))
        return false;
    if (field_of(*body, 1).value != f->nonce) {
        f->wrong++;
        *out = refuse(10, "failed nonce verification: invalid nonce");
        return false;
    }
    f->nonce++;
    return true;
}

static reply take_bid(fake *f, fake_request *r, pvn_bytes body)
{
    pvn_pb_field amount = field_of(body, 3), domain = field_of(body, 4),
                 prover = field_of(body, 5);

    if (!r)
        return refuse(5, "no such request");
    if (domain.bytes.len != 32 || prover.bytes.len != 20 ||
        memcmp(domain.bytes.data, f->domain, 32) != 0 ||
        memcmp(prover.bytes.data, f->prover, 20) != 0 ||
        field_of(body, 6).value != 1)
        return refuse(3, "domain, prover or variant");
    if (r->fulfillment != 1)
        return refuse(3, "the request is not in REQUESTED state");
    r->bids++;
    snprintf(r->amount, sizeof r->amount, "%.*s", (int)amount.bytes.len,
             (const char *)amount.bytes.data);
    if (!r->hold) {
        r->fulfillment = 2;
        memcpy(r->fulfiller, f->prover, 20);
    }
    return accepted();
}

static reply take_proof(fake *f, fake_request *r, pvn_bytes body)
{
    pvn_pb_field proof = field_of(body, 3), domain = field_of(body, 5);

    if (!r || memcmp(r->fulfiller, f->prover, 20) != 0)
        return refuse(7, "only the fulfiller");
    if (domain.bytes.len != 32 ||
        memcmp(domain.bytes.data, f->domain, 32) != 0 ||
        field_of(body, 6).value != 4 || proof.bytes.len == 0)
        return refuse(3, "domain, variant or proof");
    r->fulfilments++;
    r->fulfillment = 3;
    free(r->proof);
    r->proof = malloc(proof.bytes.len);
    assert_non_null(r->proof);
    memcpy(r->proof, proof.bytes.data, proof.bytes.len);
    r->proof_len = proof.bytes.len;
    return accepted();
}

static reply take_failure(fake *f, fake_request *r, pvn_bytes body)
{
    pvn_pb_field error = field_of(body, 3);

    if (!r || memcmp(r->fulfiller, f->prover, 20) != 0)
        return refuse(7, "only the fulfiller");
    r->failures++;
    r->error = error.wire == PVN_PB_VARINT ? (int)error.value : -1;
    r->fulfillment = 4;
    return accepted();
}

/* Without a nonce: its first field is the domain. */
static reply take_report(fake *f, pvn_bytes m)
{
    pvn_pb_field domain, prover, part;
    reply out = { 0 };
    pvn_bytes body;

    if (!open_signed(f, m, &body, &out))
        return out;
    domain = field_of(body, 1);
    prover = field_of(body, 2);
    part = field_of(body, 3);
    if (domain.bytes.len != 32 || prover.bytes.len != 20 ||
        memcmp(domain.bytes.data, f->domain, 32) != 0 ||
        memcmp(prover.bytes.data, f->prover, 20) != 0 ||
        part.wire != PVN_PB_LEN ||
        field_of(part.bytes, 1).bytes.len != strlen("provernet"))
        return refuse(3, "domain, prover or component");
    f->capacity = field_of(body, 4).value;
    pvn_pb_put_bytes(&out.body, 1, "", 0);
    return out;
}

static reply answer_signed(fake *f, const char *rpc, pvn_bytes m)
{
    fake_request *r;
    char url[128];
    pvn_bytes body;
    reply out = { 0 };

    if (!open_envelope(f, m, &body, &out))
        return out;
    r = request_of(f, field_of(body, 2).bytes);
    if (strcmp(rpc, "Bid") == 0)
        return take_bid(f, r, body);
    if (strcmp(rpc, "FulfillProof") == 0)
        return take_proof(f, r, body);
    if (strcmp(rpc, "FailFulfillment") == 0)
        return take_failure(f, r, body);
    if (strcmp(rpc, "GetStdinUri") != 0)
        return refuse(12, "unknown");
    if (!r || r->fulfillment != 2)
        return refuse(7, "not assigned to you");
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", f->port, r->input);
    put_text(&out.body, 1, url);
    put_number(&out.body, 2, (uint64_t)fake_now_ms() / 1000 + 300);
    return out;
}

static reply answer(fake *f, const char *rpc, pvn_bytes m)
{
    reply out = { 0 };

    if (strcmp(rpc, "GetNonce") == 0) {
        put_number(&out.body, 1, f->nonce);
    } else if (strcmp(rpc, "GetOwner") == 0) {
        pvn_pb_put_bytes(&out.body, 1, f->prover, 20);
    } else if (strcmp(rpc, "GetProofRequestParams") == 0) {
        if (f->no_params)
            return refuse(12, "");
        pvn_pb_put_bytes(&out.body, 1, f->domain, 32);
        put_text(&out.body, 5, "1000000");
        put_number(&out.body, 8, f->tick);
        put_text(&out.body, 9, f->floor_price);
    } else if (strcmp(rpc, "GetProverStatus") == 0) {
        if (f->no_status)
            return refuse(12, "");
        put_number(&out.body, 3, f->suspended_until);
    } else if (strcmp(rpc, "GetProvePrice") == 0) {
        if (!f->prove_price)
            return refuse(12, "");
        put_text(&out.body, 1, f->prove_price);
    } else if (strcmp(rpc, "GetProgram") == 0) {
        pvn_buf program = { 0 };

        if (!f->vk)
            return refuse(5, "no such program");
        pvn_pb_put_bytes(&program, 1, field_of(m, 1).bytes.data, 32);
        pvn_pb_put_bytes(&program, 2, f->vk, f->vk_len);
        pvn_pb_put_bytes(&out.body, 1, program.data, program.len);
        pvn_buf_free(&program);
    } else if (strcmp(rpc, "GetFilteredProofRequests") == 0) {
        list(f, m, &out);
    } else if (strcmp(rpc, "GetProofRequestDetails") == 0) {
        const fake_request *r = request_of(f, field_of(m, 1).bytes);

        if (!r)
            return refuse(5, "no such request");
        put_request(f, &out.body, 1, r);
    } else if (strcmp(rpc, "ReportProverInfo") == 0) {
        return take_report(f, m);
    } else {
        return answer_signed(f, rpc, m);
    }
    return out;
}

/* With the lock: a fault that is due, or the answer. code FAKE_DROP and
 * FAKE_HANG come back as they are. An answer is lost after the fact where the
 * text is "lost". */
static reply serve(fake *f, const char *rpc, pvn_bytes m)
{
    reply out;

    if (f->calls < FAKE_CALLS) {
        uint8_t *copy = malloc(m.len + 1);

        assert_non_null(copy);
        if (m.len)
            memcpy(copy, m.data, m.len);
        snprintf(f->call[f->calls].rpc, 40, "%s", rpc);
        f->call[f->calls].message = copy;
        f->call[f->calls++].len = m.len;
    }
    for (size_t i = 0; i < f->faults; i++) {
        if (f->fault[i].times <= 0 || strcmp(f->fault[i].rpc, rpc) != 0)
            continue;
        f->fault[i].times--;
        if (strcmp(f->fault[i].text, "lost") == 0) {
            out = answer(f, rpc, m);
            pvn_buf_free(&out.body);
        }
        return refuse(f->fault[i].code, f->fault[i].text);
    }
    out = answer(f, rpc, m);
    pthread_cond_broadcast(&f->changed);
    return out;
}

/* ---- HTTP/2 ---- */

typedef struct stream {
    struct stream *next;
    int32_t id;
    char rpc[40];
    pvn_buf in;
    reply out;
    uint8_t head[5];
    size_t sent;
} stream;

typedef struct conn {
    fake *f;
    int fd;
    SSL *ssl;
    nghttp2_session *session;
    stream *streams;
    bool drop;
} conn;

static stream *stream_of(conn *c, int32_t id)
{
    for (stream *s = c->streams; s; s = s->next)
        if (s->id == id)
            return s;
    return NULL;
}

static int on_begin(nghttp2_session *s, const nghttp2_frame *frame, void *user)
{
    conn *c = user;
    stream *n = calloc(1, sizeof *n);

    (void)s;
    assert_non_null(n);
    n->id = frame->hd.stream_id;
    n->next = c->streams;
    c->streams = n;
    return 0;
}

static int on_header(nghttp2_session *s, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    stream *st = stream_of(user, frame->hd.stream_id);
    static const char prefix[] = "/network.ProverNetwork/";

    (void)s;
    (void)flags;
    if (st && name_len == 5 && !memcmp(name, ":path", 5) &&
        value_len > sizeof prefix - 1 &&
        !memcmp(value, prefix, sizeof prefix - 1))
        snprintf(st->rpc, sizeof st->rpc, "%.*s",
                 (int)(value_len - sizeof prefix + 1),
                 (const char *)value + sizeof prefix - 1);
    return 0;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id,
                   const uint8_t *data, size_t len, void *user)
{
    stream *st = stream_of(user, id);

    (void)s;
    (void)flags;
    if (st)
        pvn_buf_add(&st->in, data, len);
    return 0;
}

#define NV(name, value)                                                        \
    {                                                                          \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value),           \
            strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE                  \
    }

static ssize_t give(nghttp2_session *session, int32_t id, uint8_t *buf,
                    size_t cap, uint32_t *flags, nghttp2_data_source *source,
                    void *user)
{
    stream *s = source->ptr;
    size_t all = 5 + s->out.body.len, n = 0;
    char code[8] = "";
    nghttp2_nv trailer[] = { NV("grpc-status", code) };

    (void)user;
    for (; n < cap && s->sent < all; s->sent++)
        buf[n++] =
            s->sent < 5 ? s->head[s->sent] : s->out.body.data[s->sent - 5];
    if (s->sent < all)
        return (ssize_t)n;
    snprintf(code, sizeof code, "%d", s->out.code);
    trailer[0].valuelen = strlen(code);
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_submit_trailer(session, id, trailer, 1);
    return (ssize_t)n;
}

static void send_reply(conn *c, stream *s)
{
    char code[8] = "";
    nghttp2_nv head[] = { NV(":status", "200"),
                          NV("content-type", "application/grpc"),
                          NV("grpc-status", code),
                          NV("grpc-message", s->out.text ? s->out.text : "") };
    nghttp2_data_provider data = { .source = { .ptr = s },
                                   .read_callback = give };

    snprintf(code, sizeof code, "%d", s->out.code);
    head[2].valuelen = strlen(code);
    pvn_put_u32be(s->head + 1, (uint32_t)s->out.body.len);
    if (s->out.code)
        nghttp2_submit_response(c->session, s->id, head, 4, NULL);
    else
        nghttp2_submit_response(c->session, s->id, head, 2, &data);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame,
                    void *user)
{
    conn *c = user;
    stream *s;

    (void)session;
    if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    s = stream_of(c, frame->hd.stream_id);
    if (!s || s->in.len < 5)
        return 0;
    pthread_mutex_lock(&c->f->lock);
    s->out = serve(c->f, s->rpc, pvn_bytes_of(s->in.data + 5, s->in.len - 5));
    pthread_mutex_unlock(&c->f->lock);
    if (s->out.code == FAKE_DROP)
        c->drop = true;
    else if (s->out.code != FAKE_HANG)
        send_reply(c, s);
    return 0;
}

static bool closing(fake *f)
{
    bool yes;

    pthread_mutex_lock(&f->lock);
    yes = f->closing;
    pthread_mutex_unlock(&f->lock);
    return yes;
}

static bool write_all(conn *c, const uint8_t *p, size_t len)
{
    while (len) {
        ssize_t n = c->ssl ? SSL_write(c->ssl, p, (int)len)
                           : send(c->fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Bytes, or 0: closed. */
static size_t read_some(conn *c, uint8_t *buf, size_t cap)
{
    for (;;) {
        struct pollfd p = { .fd = c->fd, .events = POLLIN };
        ssize_t n;

        if (closing(c->f))
            return 0;
        if (!(c->ssl && SSL_pending(c->ssl)) && poll(&p, 1, 50) <= 0)
            continue;
        n = c->ssl ? SSL_read(c->ssl, buf, (int)cap) : recv(c->fd, buf, cap, 0);
        return n > 0 ? (size_t)n : 0;
    }
}

static void talk_h2(conn *c)
{
    nghttp2_session_callbacks *cb;
    uint8_t buf[16384];
    const uint8_t *p;
    ssize_t n;
    size_t got;

    nghttp2_session_callbacks_new(&cb);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_server_new(&c->session, cb, c);
    nghttp2_session_callbacks_del(cb);
    nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0);
    while (!c->drop) {
        while ((n = nghttp2_session_mem_send(c->session, &p)) > 0)
            if (!write_all(c, p, (size_t)n))
                break;
        got = read_some(c, buf, sizeof buf);
        if (got == 0 || nghttp2_session_mem_recv(c->session, buf, got) < 0)
            break;
    }
    nghttp2_session_del(c->session);
    while (c->streams) {
        stream *s = c->streams;

        c->streams = s->next;
        pvn_buf_free(&s->in);
        pvn_buf_free(&s->out.body);
        free(s);
    }
}

/* ---- HTTP/1.1: artifacts ---- */

static fake_file *file_of(fake *f, const char *path)
{
    for (size_t i = 0; i < f->files; i++)
        if (strcmp(f->file[i].path, path) == 0)
            return &f->file[i];
    return NULL;
}

static void talk_http1(conn *c)
{
    char head[4096], method[8], path[128], out[512];
    size_t n = 0, from = 0, send_len;
    fake_file *file;
    fake_file now = { .status = 404 };
    const char *range;
    bool part, is_head;

    while (n + 1 < sizeof head) {
        size_t got = read_some(c, (uint8_t *)head + n, sizeof head - 1 - n);

        if (!got)
            return;
        n += got;
        head[n] = 0;
        if (strstr(head, "\r\n\r\n"))
            break;
    }
    if (sscanf(head, "%7s %127s", method, path) != 2)
        return;
    is_head = strcmp(method, "HEAD") == 0;
    pthread_mutex_lock(&c->f->lock);
    file = file_of(c->f, path);
    if (file) {
        file->gets += !is_head;
        file->heads += is_head;
        now = *file;
        now.status = is_head && file->no_head ? 403 : 200;
        if (!is_head && file->times > 0) {
            file->times--;
            now.status = file->status ? file->status : 200;
        } else {
            now.cut = 0;
        }
    }
    pthread_cond_broadcast(&c->f->changed);
    pthread_mutex_unlock(&c->f->lock);
    if (now.status != 200) {
        n = (size_t)snprintf(out, sizeof out,
                             "HTTP/1.1 %d No\r\ncontent-length: 0\r\n"
                             "connection: close\r\n\r\n",
                             now.status);
        write_all(c, (uint8_t *)out, n);
        return;
    }
    range = strcasestr(head, "\r\nrange: bytes=");
    part = range != NULL;
    send_len = now.len;
    if (part) {
        from = strtoul(range + 15, NULL, 10);
        send_len = strstr(range, "0-0") == range + 15 ? 1 : now.len - from;
    }
    n = (size_t)snprintf(out, sizeof out,
                         "HTTP/1.1 %s\r\ncontent-length: %zu\r\n"
                         "connection: close\r\n%s%s%s",
                         part ? "206 Partial" : "200 OK", send_len,
                         now.etag ? "ETag: " : "", now.etag ? now.etag : "",
                         now.etag ? "\r\n" : "");
    if (part)
        n += (size_t)snprintf(out + n, sizeof out - n,
                              "Content-Range: bytes %zu-%zu/%zu\r\n", from,
                              from + send_len - 1, now.len);
    n += (size_t)snprintf(out + n, sizeof out - n, "\r\n");
    if (!write_all(c, (uint8_t *)out, n) || is_head)
        return;
    if (now.cut && now.cut < send_len)
        send_len = now.cut;
    write_all(c, now.data + from, send_len);
}

/* ---- connections ---- */

static void *talk(void *arg)
{
    conn *c = arg;
    char first[3] = { 0 };
    sigset_t pipe;

    /* Only here: the library must live with the signal at its default. */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);

    if (c->f->tls) {
        c->ssl = SSL_new(c->f->ssl_ctx);
        SSL_set_fd(c->ssl, c->fd);
        if (SSL_accept(c->ssl) == 1)
            talk_h2(c);
        SSL_free(c->ssl);
    } else {
        struct pollfd p = { .fd = c->fd, .events = POLLIN };

        while (!closing(c->f) && poll(&p, 1, 50) <= 0)
            ;
        if (c->f->garbage) {
            write_all(c, (const uint8_t *)c->f->garbage, strlen(c->f->garbage));
        } else if (recv(c->fd, first, 3, MSG_PEEK) == 3) {
            if (memcmp(first, "PRI", 3) == 0)
                talk_h2(c);
            else
                talk_http1(c);
        }
    }
    close(c->fd);
    pthread_mutex_lock(&c->f->lock);
    c->f->open--;
    pthread_cond_broadcast(&c->f->changed);
    pthread_mutex_unlock(&c->f->lock);
    free(c);
    return NULL;
}

static void *accept_all(void *arg)
{
    fake *f = arg;

    for (;;) {
        struct pollfd p = { .fd = f->fd, .events = POLLIN };
        pthread_t t;
        conn *c;
        int fd;

        if (closing(f))
            return NULL;
        if (poll(&p, 1, 50) <= 0)
            continue;
        fd = accept4(f->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        c = calloc(1, sizeof *c);
        assert_non_null(c);
        c->f = f;
        c->fd = fd;
        pthread_mutex_lock(&f->lock);
        f->open++;
        pthread_mutex_unlock(&f->lock);
        assert_int_equal(pthread_create(&t, NULL, talk, c), 0);
        pthread_detach(t);
    }
}

/* ---- a certificate of its own ---- */

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *len,
                     const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl;
    (void)arg;
    return SSL_select_next_proto((unsigned char **)(uintptr_t)out, len,
                                 (const unsigned char *)"\x02h2", 3, in,
                                 in_len) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void make_tls(fake *f, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_EXTENSION *e;
    FILE *out;
    int fd;

    assert_non_null(key);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"fake network", -1, -1,
                               0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
    assert_non_null(e);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    f->ssl_ctx = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(f->ssl_ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(f->ssl_ctx, key), 1);
    SSL_CTX_set_alpn_select_cb(f->ssl_ctx, choose_h2, NULL);
    strcpy(f->ca_file, "/tmp/pvn-fake-ca-XXXXXX");
    fd = mkstemp(f->ca_file);
    out = fdopen(fd, "w");
    assert_non_null(out);
    PEM_write_X509(out, cert);
    fclose(out);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* ---- opening ---- */

void fake_up(fake *f)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(f->port) };
    int one = 1;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->closing = false;
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(f->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(f->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(f->fd, 64), 0);
    snprintf(f->url, sizeof f->url, "%s://127.0.0.1:%u",
             f->tls ? "https" : "http", f->port);
    assert_int_equal(pthread_create(&f->acceptor, NULL, accept_all, f), 0);
}

fake *fake_open(const uint8_t secret32[32], const char *tls_name)
{
    fake *f = calloc(1, sizeof *f);
    provernet_key *k;

    assert_non_null(f);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    assert_int_equal(provernet_key_new(&k, secret32, NULL), 0);
    provernet_key_address(k, f->signer);
    provernet_key_free(k);
    memcpy(f->prover, f->signer, 20);
    pvn_unhex(
        f->domain, 32,
        "55ea66757c5b1aecda6619905f594b320092db1cf4c8b6f89025c092f0bb7b5b", 64);
    f->port = tc_port(); /* its own, also while it is down */
    f->tls = tls_name != NULL;
    if (f->tls)
        make_tls(f, tls_name);
    fake_up(f);
    return f;
}

void fake_down(fake *f)
{
    pthread_mutex_lock(&f->lock);
    f->closing = true;
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->acceptor, NULL);
    close(f->fd);
    pthread_mutex_lock(&f->lock);
    while (f->open)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

void fake_close(fake *f)
{
    if (!f->closing)
        fake_down(f);
    SSL_CTX_free(f->ssl_ctx);
    if (f->tls)
        unlink(f->ca_file);
    for (size_t i = 0; i < f->calls; i++)
        free(f->call[i].message);
    for (size_t i = 0; i < f->requests; i++)
        free(f->request[i].proof);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* ---- telling it things ---- */

void fake_fault(fake *f, const char *rpc, int times, int code, const char *text)
{
    pthread_mutex_lock(&f->lock);
    assert_true(f->faults < FAKE_FAULTS);
    snprintf(f->fault[f->faults].rpc, 40, "%s", rpc);
    f->fault[f->faults].times = times;
    f->fault[f->faults].code = code;
    f->fault[f->faults++].text = text;
    pthread_mutex_unlock(&f->lock);
}

fake_file *fake_serve(fake *f, const char *path, const void *data, size_t len)
{
    fake_file *file;

    pthread_mutex_lock(&f->lock);
    assert_true(f->files < FAKE_FILES);
    file = &f->file[f->files++];
    snprintf(file->path, sizeof file->path, "%s", path);
    file->data = data;
    file->len = len;
    pthread_mutex_unlock(&f->lock);
    return file;
}

fake_request *fake_add(fake *f, uint8_t tag, const char *version, int mode,
                       const char *program, const char *input)
{
    fake_request *r;

    pthread_mutex_lock(&f->lock);
    assert_true(f->requests < FAKE_REQUESTS);
    r = &f->request[f->requests++];
    memset(r->id, tag, 32);
    memset(r->vk_hash, 0x22, 32);
    r->version = version;
    r->mode = mode;
    r->program = program;
    r->input = input;
    r->fulfillment = 1;
    r->execution = 1;
    r->deadline_s = (uint64_t)fake_now_ms() / 1000 + 300;
    r->gas_limit = 1000000;
    r->error = -2;
    pthread_mutex_unlock(&f->lock);
    return r;
}

bool fake_until(fake *f, bool (*test)(const fake *f, const void *arg),
                const void *arg)
{
    int64_t until = fake_now_ms() + PATIENCE_MS;
    struct timespec at;
    bool ok;

    pthread_mutex_lock(&f->lock);
    while (!(ok = test(f, arg)) && fake_now_ms() < until) {
        int64_t next = fake_now_ms() + 20;

        at = (struct timespec){ .tv_sec = (time_t)(next / 1000),
                                .tv_nsec = (long)(next % 1000) * 1000000L };
        pthread_cond_timedwait(&f->changed, &f->lock, &at);
    }
    pthread_mutex_unlock(&f->lock);
    return ok;
}

unsigned fake_count(fake *f, const char *rpc)
{
    unsigned n = 0;

    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->calls; i++)
        n += strcmp(f->call[i].rpc, rpc) == 0;
    pthread_mutex_unlock(&f->lock);
    return n;
}
