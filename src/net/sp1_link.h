/* net/sp1_link.h - the connection to SP1's GPU server and its messages.
 *
 * A message is a u32 length (little endian) and as many bytes of bincode: a
 * u32 tag, then the fields. One question, one answer. The holder of g->lock
 * speaks; waiting looks every second whether the job is still wanted. Includes
 * the public headers. */
#ifndef PVN_NET_SP1_LINK_H
#define PVN_NET_SP1_LINK_H
#include <provernet/sp1.h>

#include <pthread.h>
#include <sys/un.h>

enum { /* questions */
       PVN_SP1_ASK_SETUP = 0,
       PVN_SP1_ASK_PROVE = 1,
       PVN_SP1_ASK_FORGET = 2
};
enum { /* answers */
       PVN_SP1_SAY_OK = 0,
       PVN_SP1_SAY_SETUP = 1,
       PVN_SP1_SAY_PROOF = 2,
       PVN_SP1_SAY_PROVER_ERROR = 3,
       PVN_SP1_SAY_INTERNAL_ERROR = 4,
       PVN_SP1_SAY_CLOSED = 5
};
enum { PVN_SP1_KEY = 32, PVN_SP1_PROGRAMS = 4, PVN_SP1_PIECE = 1 << 16 };

typedef struct pvn_sp1_program {
    uint8_t digest[32];       /* of the artifact */
    uint8_t key[PVN_SP1_KEY]; /* the server's name for it: SHA-256 of the ELF */
} pvn_sp1_program;

struct provernet_sp1_gpu {
    pthread_mutex_t lock;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    int fd; /* -1: not connected */
    /* set up on this connection */
    pvn_sp1_program programs[PVN_SP1_PROGRAMS];
    size_t programs_len;
};

/* One exchange of one job. */
typedef struct pvn_sp1_talk {
    provernet_sp1_gpu *g;
    provernet_job *j;
    const char *stage;
    provernet_error *err;
} pvn_sp1_talk;

typedef struct pvn_sp1_answer {
    uint32_t tag;
    uint32_t left; /* bytes after the tag */
} pvn_sp1_answer;

/* ERR_CONNECT: nobody answers at g->path, after a second of trying. */
provernet_status pvn_sp1_dial(provernet_sp1_gpu *g, provernet_error *err);
void pvn_sp1_hang_up(provernet_sp1_gpu *g);

/* All of these: ERR_CONNECT (the connection broke), ERR_CANCELLED (the job is
 * no longer wanted). */
provernet_status pvn_sp1_send(pvn_sp1_talk *t, const void *data, size_t len);
provernet_status pvn_sp1_send_file(pvn_sp1_talk *t, int fd, uint64_t len);
/* The head of a question with a body of so many bytes. ERR_LIMIT. */
provernet_status pvn_sp1_say(pvn_sp1_talk *t, uint64_t body, uint32_t tag);
provernet_status pvn_sp1_receive(pvn_sp1_talk *t, void *data, size_t len);
provernet_status pvn_sp1_swallow(pvn_sp1_talk *t, uint32_t len);
/* The head of an answer that must be `want`. ERR_PROOF, ERR_UNAVAILABLE: the
 * server's complaint, read whole, or nonsense. */
provernet_status pvn_sp1_hear(pvn_sp1_talk *t, uint32_t want,
                              pvn_sp1_answer *a);
/* ERR_UNAVAILABLE: this is not its protocol. */
provernet_status pvn_sp1_nonsense(pvn_sp1_talk *t, const pvn_sp1_answer *a);
#endif
