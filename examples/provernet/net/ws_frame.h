/* net/ws_frame.h - the strict reading and writing of WebSocket frames (RFC
 * 6455, the server's side, no extensions).
 *
 * Pure: bytes in, events out; no socket, no allocation. */
#ifndef NET_WS_FRAME_H
#define NET_WS_FRAME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WS_CONTROL_MAX = 125, /* bytes of a ping, pong or close */
    WS_HEAD_MAX = 10,     /* of a frame that we send */
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_PING = 9,
    WS_PONG = 10,
    WS_CLOSE = 8
};

struct ws_reader {
    uint64_t left; /* payload bytes of the present frame still to come */
    uint8_t head[14];
    uint8_t head_len, mask[4], mask_at;
    uint8_t opcode;  /* of the present frame */
    uint8_t message; /* WS_TEXT or WS_BINARY: a message is under way; else 0 */
    uint8_t ended;   /* of WS_EVENT_END: what kind it was */
    bool fin, in_frame, bad;
    uint8_t control[WS_CONTROL_MAX], control_len;
    uint32_t utf8; /* state of a text message */
    uint16_t code; /* of WS_EVENT_BAD and WS_EVENT_CLOSE */
};

enum ws_event {
    WS_EVENT_NONE,    /* all bytes were taken: bring more */
    WS_EVENT_DATA,    /* data: a piece of the message r->message */
    WS_EVENT_END,     /* the message, of kind r->ended, is complete */
    WS_EVENT_PING,    /* data: to be sent back in a pong */
    WS_EVENT_PONG,    /* somebody is there */
    WS_EVENT_CLOSING, /* r->code: 1005 if none was given; no frame follows */
    WS_EVENT_BAD      /* r->code says why: send it in a close and leave */
};

/* Take bytes from in[0..len), which are changed in place. *used of them were
 * eaten; data lies in them or in *r. Call again with the rest until NONE. */
enum ws_event ws_feed(struct ws_reader *r, uint8_t *in, size_t len,
                      size_t *used, const uint8_t **data, size_t *data_len);
/* Is anything of a frame or message here whose rest must come? */
bool ws_unfinished(const struct ws_reader *r);

/* The head of an unmasked frame; returns its length. opcode 0 continues. */
size_t ws_head(uint8_t out[WS_HEAD_MAX], unsigned opcode, bool fin,
               uint64_t len);
/* A whole close frame (head, code, reason cut to fit); returns its length. */
size_t ws_close(uint8_t out[WS_HEAD_MAX + WS_CONTROL_MAX], unsigned code,
                const char *reason);
/* Continue checking UTF-8 from state *s (0 at the start and after whole
 * characters). false: it is none. */
bool ws_utf8(uint32_t *s, const uint8_t *p, size_t len);
#endif
