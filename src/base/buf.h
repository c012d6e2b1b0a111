/* base/buf.h - a byte buffer that grows, with a cap. One thread at a time. */
#ifndef PVN_BASE_BUF_H
#define PVN_BASE_BUF_H
#include "base/bytes.h"

typedef struct pvn_buf {
    uint8_t *data;
    size_t len, cap;
    bool failed; /* an append did not fit into memory: contents unusable */
} pvn_buf;

/* A pvn_buf of all zero bytes is empty and valid. Appends return false and
 * set failed for want of memory. */
bool pvn_buf_reserve(pvn_buf *b, size_t more);
bool pvn_buf_add(pvn_buf *b, const void *data, size_t len);
bool pvn_buf_text(pvn_buf *b, const char *text);
bool pvn_buf_format(pvn_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string literal, quotes included; invalid UTF-8 becomes U+FFFD. */
bool pvn_buf_json(pvn_buf *b, const char *text, size_t len);
/* Drop the first n bytes. */
void pvn_buf_eat(pvn_buf *b, size_t n);
void pvn_buf_free(pvn_buf *b);
#endif
