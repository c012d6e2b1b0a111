/* tests/client/contemplant.h - a WebSocket client and a scripted Contemplant,
 * written from RFC 6455 and from the description of protocol 7 alone: they
 * share no code with the server. One connection belongs to one thread. */
#ifndef TESTS_CONTEMPLANT_H
#define TESTS_CONTEMPLANT_H
#include "client.h"

typedef struct tc_ws {
    int fd;
    tc_buf in; /* bytes not understood yet */
} tc_ws;
/* The status of the answer: 101, or why not; -1: none. fields: more lines of
 * the head, each ended by CRLF, or NULL. */
int tc_ws_open(tc_ws *w, const char *host, uint16_t port, const char *path,
               const char *fields);
void tc_ws_close(tc_ws *w); /* the socket, without a close frame */
/* One masked frame with this first byte (FIN, RSV, opcode). */
bool tc_ws_frame(tc_ws *w, uint8_t first, const void *data, size_t len);
/* The next message or control frame: its opcode (1, 2, 8, 9, 10), fragments
 * put together; 0: none within ms; -1: the connection ended. */
int tc_ws_next(tc_ws *w, tc_buf *out, int ms);
/* The code of the close frame that ends it, other messages skipped; 0: it
 * ended without one; -1: it does not end. reason may be NULL. */
int tc_ws_closed(tc_ws *w, char reason[124]);

typedef struct tc_job {
    uint32_t vm, mode;
    bool mock;
    uint8_t id[32];
    uint8_t *program, *input; /* what is inside the lengths; in `bytes` */
    size_t program_len, input_len;
    tc_buf bytes;
} tc_job;

typedef struct tc_contemplant {
    tc_ws ws;
    tc_job job;
    bool busy;
    char reason[124]; /* of the close */
    int code;
} tc_contemplant;

/* Connect, Register (SP1 only), first heartbeat. */
bool tc_contemplant_open(tc_contemplant *c, const char *host, uint16_t port,
                         const char *name, const char *version);
/* The same with the address of its Magister; NULL: none. */
bool tc_contemplant_open_with(tc_contemplant *c, const char *host,
                              uint16_t port, const char *name,
                              const char *version, const char *drop);
void tc_contemplant_close(tc_contemplant *c);
bool tc_contemplant_beat(tc_contemplant *c);
typedef enum tc_heard {
    TC_NOTHING,
    TC_JOB,      /* in c->job */
    TC_QUESTION, /* about c->job */
    TC_STRANGE,  /* a question about another, or no message of protocol 7 */
    TC_OVER      /* code and reason say why */
} tc_heard;
tc_heard tc_contemplant_next(tc_contemplant *c, int ms);
/* Answers to a question about the job. percent < 0: no progress is told. */
bool tc_contemplant_working(tc_contemplant *c, int percent);
bool tc_contemplant_unknown(tc_contemplant *c);
bool tc_contemplant_error(tc_contemplant *c);
bool tc_contemplant_proof(tc_contemplant *c, const void *proof, size_t len);
#endif
