/* net/buffer.h - bytes that wait: grows when needed, holds nothing when empty.
 *
 * Includes the C library only. One thread. */
#ifndef NET_BUFFER_H
#define NET_BUFFER_H
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The number's digits at the end of out; where they begin. */
static inline char *decimal(char out[24], uint64_t v)
{
    char *p = out + 23;

    *p = '\0';
    do
        *--p = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    return p;
}

/* As calloc, which in glibc passes the thread's cache by. */
static inline void *zeroed(size_t size)
{
    void *p = malloc(size);

    return p ? memset(p, 0, size) : NULL;
}

struct buffer {
    uint8_t *data;
    size_t start, len, cap;
};

static inline uint8_t *buffer_at(const struct buffer *b)
{
    return b->data + b->start;
}

static inline void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){ 0 };
}

/* 0, or -1 without memory (then nothing changed). */
static inline int buffer_append(struct buffer *b, const void *bytes, size_t n)
{
    size_t cap = b->cap ? b->cap : 512;
    uint8_t *p;

    if (n == 0)
        return 0;
    if (b->start && b->start + b->len + n > b->cap) {
        memmove(b->data, b->data + b->start, b->len);
        b->start = 0;
    }
    while (cap < b->start + b->len + n)
        cap *= 2;
    if (cap != b->cap) {
        p = realloc(b->data, cap);
        if (!p)
            return -1;
        b->data = p;
        b->cap = cap;
    }
    memcpy(b->data + b->start + b->len, bytes, n);
    b->len += n;
    return 0;
}

/* Forget the first n bytes; an empty buffer gives its memory back. */
static inline void buffer_drop(struct buffer *b, size_t n)
{
    b->start += n;
    b->len -= n;
    if (b->len == 0)
        buffer_free(b);
}
#endif
