/* net/http1_head.h - the strict reading of HTTP/1.1 heads and chunks.
 *
 * Pure: bytes in, values out; no socket, no allocation. What two servers could
 * read in two ways is refused, never guessed (RFC 9112 with every "may accept"
 * read as "does not"). */
#ifndef NET_HTTP1_HEAD_H
#define NET_HTTP1_HEAD_H
#include <provernet/endpoint.h>

#include <stdbool.h>

enum { H1_FIELDS_MAX = 100, H1_TARGET_MAX = 8192, H1_TRAILERS_MAX = 8192 };

struct h1_head {
    const char *method, *path, *host; /* host: "" in HTTP/1.0 without one */
    int minor;                        /* 0 or 1 */
    bool chunked, keep_alive, expect_continue;
    int64_t content_length; /* -1: none given */
    provernet_field fields[H1_FIELDS_MAX];
    size_t fields_len;
};

/* Read a head from bytes[0..len), which is changed in place (names become
 * lower case, ends become NUL) and must stay as long as *out is used.
 * > 0: its length. 0: not complete yet. < 0: refuse with HTTP status -result
 * and close. */
long h1_head_parse(struct h1_head *out, char *bytes, size_t len);

/* Is this a request target that names one thing only: absolute path, no dot
 * segments (plain or escaped), no control bytes, valid escapes? */
bool http_target_ok(const char *target);
/* Host or :authority of the permitted form? */
bool http_authority_ok(const char *authority);

/* ---- chunked bodies ---- */
struct h1_chunks {
    uint64_t left; /* bytes of the present chunk that are still to come */
    uint32_t line; /* bytes of the present line */
    uint8_t state, digits;
};
/* Take bytes from in[0..len): *used of them were eaten, of which
 * data[0..*data_len) is body. 0: go on. 1: the body is complete. -1: bad. */
int h1_chunks_feed(struct h1_chunks *c, const uint8_t *in, size_t len,
                   size_t *used, const uint8_t **data, size_t *data_len);
#endif
