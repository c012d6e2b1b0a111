/* base/bytes.h - byte spans, hex, fixed-width integers. Pure. */
#ifndef PVN_BASE_BYTES_H
#define PVN_BASE_BYTES_H
#include <provernet/base.h>
#include <stdbool.h>
#include <string.h>

typedef struct pvn_bytes {
    const uint8_t *data; /* NULL: absent (SQL NULL) */
    size_t len;
} pvn_bytes;

static inline pvn_bytes pvn_bytes_of(const void *data, size_t len)
{
    pvn_bytes b = { (const uint8_t *)data, len };
    return b;
}
bool pvn_bytes_equal(pvn_bytes a, pvn_bytes b);
bool pvn_is_zero(const void *data, size_t len);
static inline bool pvn_id_none(const provernet_id *id)
{
    return pvn_is_zero(id->bytes, sizeof id->bytes);
}
static inline bool pvn_id_equal(const provernet_id *a, const provernet_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Lower-case hex with NUL: out has 2 * len + 1 bytes. Returns out. */
char *pvn_hex(char *out, const void *data, size_t len);
/* Exactly 2 * len hex digits of any case ("0x" allowed in front), nothing
 * after. false: out is untouched. */
bool pvn_unhex(uint8_t *out, size_t len, const char *text, size_t text_len);

static inline void pvn_put_u32be(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}
static inline uint32_t pvn_get_u32be(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           (uint32_t)p[3];
}
static inline void pvn_put_u64be(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (56 - 8 * i));
}
static inline uint64_t pvn_get_u64be(const uint8_t *p)
{
    return (uint64_t)pvn_get_u32be(p) << 32 | pvn_get_u32be(p + 4);
}
static inline uint32_t pvn_get_u32le(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
           (uint32_t)p[0];
}
static inline uint64_t pvn_get_u64le(const uint8_t *p)
{
    return (uint64_t)pvn_get_u32le(p + 4) << 32 | pvn_get_u32le(p);
}
static inline void pvn_put_u32le(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}
static inline void pvn_put_u64le(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}
#endif
