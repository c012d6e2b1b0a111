/* tests/client/wire.c - bytes, protobuf, sockets. */
#include "client.h"
#include "patience.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void tc_add(tc_buf *b, const void *data, size_t len)
{
    if (b->cap - b->len < len) {
        b->cap = (b->cap + len) * 2;
        b->data = realloc(b->data, b->cap);
        if (!b->data)
            _exit(99);
    }
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

void tc_free(tc_buf *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

void tc_varint(tc_buf *b, uint64_t v)
{
    uint8_t out[10];
    size_t n = 0;

    do {
        out[n++] = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        v >>= 7;
    } while (v);
    tc_add(b, out, n);
}

void tc_u64(tc_buf *b, uint32_t field, uint64_t v)
{
    tc_varint(b, (uint64_t)field << 3);
    tc_varint(b, v);
}

void tc_bytes(tc_buf *b, uint32_t field, const void *data, size_t len)
{
    tc_varint(b, (uint64_t)field << 3 | 2);
    tc_varint(b, len);
    tc_add(b, data, len);
}

void tc_text(tc_buf *b, uint32_t field, const char *text)
{
    tc_bytes(b, field, text, strlen(text));
}

static bool read_varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
    *v = 0;
    for (int shift = 0; *p < end && shift < 64; shift += 7) {
        uint8_t byte = *(*p)++;

        *v |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128))
            return true;
    }
    return false;
}

/* The next field: number, wire type, and its value or bytes. */
static bool next_field(const uint8_t **p, const uint8_t *end, uint32_t *field,
                       int *type, uint64_t *v, const uint8_t **data)
{
    uint64_t tag;

    if (*p >= end || !read_varint(p, end, &tag))
        return false;
    *field = (uint32_t)(tag >> 3);
    *type = (int)(tag & 7);
    *data = NULL;
    if (*type == 0)
        return read_varint(p, end, v);
    if (*type == 2) {
        if (!read_varint(p, end, v) || *v > (uint64_t)(end - *p))
            return false;
        *data = *p;
        *p += *v;
        return true;
    }
    if (*type != 1 && *type != 5)
        return false;
    *v = *type == 1 ? 8 : 4;
    if (*v > (uint64_t)(end - *p))
        return false;
    *p += *v;
    return true;
}

bool tc_get_u64(const void *msg, size_t len, uint32_t want, uint64_t *out)
{
    const uint8_t *p = msg, *end = p + len, *data;
    uint32_t field;
    uint64_t v;
    int type;

    while (next_field(&p, end, &field, &type, &v, &data))
        if (field == want && type == 0) {
            *out = v;
            return true;
        }
    return false;
}

bool tc_get_bytes(const void *msg, size_t len, uint32_t want, size_t nth,
                  const uint8_t **out, size_t *out_len)
{
    const uint8_t *p = msg, *end = p + len, *data;
    uint32_t field;
    uint64_t v;
    int type;

    while (next_field(&p, end, &field, &type, &v, &data))
        if (field == want && type == 2 && nth-- == 0) {
            *out = data;
            *out_len = v;
            return true;
        }
    return false;
}

int tc_dial(const char *host, uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct timeval t = { PATIENCE_MS / 1000, 0 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || inet_pton(AF_INET, host, &a.sin_addr) != 1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool tc_send(int fd, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool tc_recv(int fd, void *data, size_t len)
{
    uint8_t *p = data;

    while (len) {
        ssize_t n = recv(fd, p, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}
