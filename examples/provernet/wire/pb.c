/* wire/pb.c - see pb.h. */
#include "pb.h"

static void varint(struct pb *p, uint64_t v)
{
    uint8_t b[10];
    size_t n = 0;

    do {
        b[n] = (uint8_t)(v & 0x7f);
        v >>= 7;
        if (v)
            b[n] |= 0x80;
        n++;
    } while (v);
    if (buffer_append(&p->b, b, n) != 0)
        p->failed = true;
}

void pb_uint(struct pb *p, unsigned field, uint64_t value)
{
    if (value == 0)
        return;
    varint(p, (uint64_t)field << 3);
    varint(p, value);
}

void pb_bytes(struct pb *p, unsigned field, const void *data, size_t len)
{
    if (len == 0)
        return;
    varint(p, (uint64_t)field << 3 | 2);
    varint(p, len);
    if (buffer_append(&p->b, data, len) != 0)
        p->failed = true;
}

void pb_text(struct pb *p, unsigned field, const char *text)
{
    pb_bytes(p, field, text, strlen(text));
}

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t b;
        if (*at == end)
            return false;
        b = *(*at)++;
        if (shift == 63 && b > 1)
            return false;
        if (shift < 64)
            v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            *out = v;
            return true;
        }
    }
    return false;
}

bool pb_next(const uint8_t **at, const uint8_t *end, struct pb_field *out,
             bool *bad)
{
    uint64_t key, len;

    *bad = false;
    if (*at == end)
        return false;
    *bad = true;
    if (!read_varint(at, end, &key) || key >> 3 == 0 || key >> 32 != 0)
        return false;
    *out = (struct pb_field){ .number = (unsigned)(key >> 3),
                              .wire = (unsigned)(key & 7) };
    switch (out->wire) {
    case 0:
        if (!read_varint(at, end, &out->value))
            return false;
        break;
    case 1:
    case 5:
        len = out->wire == 1 ? 8 : 4;
        if ((uint64_t)(end - *at) < len)
            return false;
        for (unsigned i = 0; i < len; i++)
            out->value |= (uint64_t)(*at)[i] << (8 * i);
        *at += len;
        break;
    case 2:
        if (!read_varint(at, end, &len) || (uint64_t)(end - *at) < len)
            return false;
        out->data = *at;
        out->len = (size_t)len;
        *at += len;
        break;
    default:
        return false;
    }
    *bad = false;
    return true;
}

bool pb_find(const void *msg, size_t len, unsigned number, struct pb_field *out)
{
    const uint8_t *at = msg, *end = at + len;
    struct pb_field f;
    bool found = false, bad;

    while (len && pb_next(&at, end, &f, &bad))
        if (f.number == number) {
            *out = f;
            found = true;
        }
    return found;
}

uint64_t pb_find_uint(const void *msg, size_t len, unsigned number)
{
    struct pb_field f;

    return pb_find(msg, len, number, &f) && f.wire == 0 ? f.value : 0;
}

void pb_find_text(const void *msg, size_t len, unsigned number, char *buf,
                  size_t cap)
{
    struct pb_field f;
    size_t n = 0;

    if (pb_find(msg, len, number, &f) && f.wire == 2) {
        n = f.len < cap - 1 ? f.len : cap - 1;
        memcpy(buf, f.data, n);
    }
    buf[n] = 0;
}
