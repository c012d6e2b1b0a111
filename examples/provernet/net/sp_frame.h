/* net/sp_frame.h - the strict reading and writing of what nng's REQ sockets
 * say over TCP (the SP mapping for TCP, REQ/REP version 0): a greeting, then
 * messages with a length, each begun by the words that name its question.
 *
 * Pure: bytes in, events out; no socket, no allocation. */
#ifndef NET_SP_FRAME_H
#define NET_SP_FRAME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SP_GREETING = 8,
    SP_WORDS_MAX = 4 * 8, /* bytes: nng passes a question on 8 times at most */
    SP_MESSAGE_MAX = (2 << 20) + SP_WORDS_MAX, /* bytes of a message in */
    SP_HEAD_MAX = 8 + SP_WORDS_MAX
};

struct sp_reader {
    uint64_t left; /* bytes of the present message still to come */
    uint8_t head[8], words[SP_WORDS_MAX];
    uint8_t head_len, words_len;
    uint8_t stage; /* private */
};

enum sp_event {
    SP_EVENT_NONE,  /* all bytes were taken: bring more */
    SP_EVENT_BEGIN, /* a question: words[0..words_len) name it */
    SP_EVENT_DATA,  /* data: a piece of it, not empty */
    SP_EVENT_END,   /* it is complete */
    SP_EVENT_BAD    /* nothing after this means anything */
};

/* Take bytes from in[0..len). *used of them were eaten; data lies in them.
 * Call again with the rest until NONE: an END may come without more bytes. */
enum sp_event sp_feed(struct sp_reader *r, const uint8_t *in, size_t len,
                      size_t *used, const uint8_t **data, size_t *data_len);
/* Is anything here whose rest must come? Also before the greeting. */
bool sp_unfinished(const struct sp_reader *r);

/* What the answering side says first. */
extern const uint8_t sp_greeting[SP_GREETING];
/* The head of the answer of `len` bytes to this question; its length. */
size_t sp_head(uint8_t out[SP_HEAD_MAX], const uint8_t *words, size_t words_len,
               uint64_t len);
#endif
