/* net/lend.h - what the files of the network manner share: a worker that
 * lends its machine to a prover network by bids (lend.c), as a node of that
 * network does.
 *
 * Everything that changes is under the worker's lock, except the lines, which
 * have turns of their own. l->signing is taken before the worker's lock: one
 * signed request at a time, because each consumes a nonce. */
#ifndef PVN_NET_LEND_H
#define PVN_NET_LEND_H
#include "net/grpc.h"
#include "net/inside.h"
#include "protocol/succinct/ask.h"

enum {
    PVN_LEND_ASK,  /* the asking thread */
    PVN_LEND_BEAT, /* the renewing thread */
    PVN_LEND_SEND, /* jobs that are handed in; the farewell */
    PVN_LEND_LINES
};
enum {
    PVN_BIDS_MAX = 100,
    PVN_SKIPS_MAX = 1024,
    PVN_SIZES_MAX = 64,
    PVN_NEWS_MAX = 64,
    PVN_CALL_MS = 15000
};

/* A bid whose fate is not known yet. */
typedef struct pvn_open_bid {
    uint8_t id32[32];
    uint64_t deadline_s;
    int64_t estimate_ms;
} pvn_open_bid;

/* A request that is none of our business until a time. */
typedef struct pvn_skip {
    uint8_t id32[32];
    int64_t until_ms;
} pvn_skip;

/* What is known of a program that was looked at or fetched. */
typedef struct pvn_program_size {
    uint8_t key32[32]; /* pvn_program_key */
    uint64_t bytes;    /* 0: could not be found out */
    int64_t until_ms;  /* then it is looked at again */
    bool fetched;      /* digest32 is the file's */
    uint8_t digest32[32];
} pvn_program_size;

/* Whether a program is a circuit of ours. */
typedef struct pvn_family {
    bool known, circuit;
    uint8_t vk_hash32[32];
} pvn_family;

typedef struct pvn_lend {
    provernet_worker *w;
    pvn_grpc *line[PVN_LEND_LINES];
    pthread_mutex_t signing;
    const char *ca_file; /* of the worker's options */
    /* What was asked for, and what the network said. */
    uint8_t signer20[20], prover20[20], domain32[32];
    bool named; /* prover20 was given by the caller */
    bool fixed_price;
    uint64_t price;      /* wei per PGU, when fixed */
    double usd_per_hour; /* when not fixed */
    int64_t poll_ms, margin;
    uint32_t bids_max;
    pvn_heard_params params;
    double prove_usd;
    int64_t met_ms;   /* when the network was last asked who we are; 0: never */
    int64_t calm_ms;  /* no bids before */
    bool no_status;   /* it does not know GetProverStatus */
    bool no_report;   /* nor ReportProverInfo */
    int64_t delay_ms; /* of the next wait after a failure */
    /* What this machine can do, learnt from its jobs. */
    double throughput, key_speed,
        load_speed; /* units in a second; 0: no idea */
    /* under the lock */
    pvn_open_bid bid[PVN_BIDS_MAX];
    size_t bids;
    pvn_skip skip[PVN_SKIPS_MAX];
    size_t next_skip;
    pvn_program_size size[PVN_SIZES_MAX];
    size_t next_size;
    pvn_family family[PVN_SIZES_MAX]; /* of the asking thread alone */
    size_t next_family;
    uint64_t placed, won, lost;
    provernet_worker_news news[PVN_NEWS_MAX];
    size_t news_first, news_len;
} pvn_lend;

/* ---- lend_call.c ---- */
/* One open question. */
provernet_status pvn_lend_call(pvn_lend *l, unsigned line, const char *path,
                               const pvn_buf *message, pvn_buf *answer,
                               provernet_error *err);
/* A signed one: reads the nonce, asks for the body, signs, sends; again with
 * a new nonce where that was the fault, and for passing reasons, until
 * give_up_ms (0: only for a nonce). `sent` (may be NULL): the
 * request may have reached the network, whatever came back. */
typedef void pvn_body_fn(pvn_buf *b, uint64_t nonce, const void *what);
provernet_status pvn_lend_signed(pvn_lend *l, unsigned line, const char *path,
                                 pvn_body_fn *body, const void *what,
                                 int64_t give_up_ms, pvn_buf *answer,
                                 bool *sent, provernet_error *err);
/* GetProofRequestDetails. */
provernet_status pvn_lend_details(pvn_lend *l, unsigned line,
                                  const uint8_t id32[32], pvn_arena *a,
                                  pvn_heard_request *r, provernet_error *err);
/* Give a request up; what the network says to it is no matter. */
provernet_status pvn_lend_refuse(pvn_lend *l, unsigned line,
                                 const uint8_t id32[32], int error,
                                 int64_t give_up_ms, provernet_error *err);
/* Would the same call, made later, have a chance? */
bool pvn_lend_passing(const provernet_error *err);

/* ---- lend_judge.c ---- */
typedef struct pvn_offer {
    char kind[64];
    int64_t estimate_ms;
    uint64_t price;
    uint64_t program_bytes;
} pvn_offer;
/* Can and should we? OK: bid offer->price. ERR_...: why not, for people;
 * AGAIN as status: ask again soon (its size could not be found out now). */
provernet_status pvn_lend_judge(pvn_lend *l, const pvn_heard_request *r,
                                pvn_offer *offer, provernet_error *err);
/* The kind of work a request is. A circuit is one whatever version its
 * requester wrote, so the network is asked once for each program.
 * ERR_UNSUPPORTED: none known here; other errors: it could not be found out
 * now. The asking thread. */
provernet_status pvn_lend_kind(pvn_lend *l, const pvn_heard_request *r,
                               char kind[64], provernet_error *err);
/* Is this kind among worker.kinds? */
bool pvn_lend_takes(const pvn_lend *l, const char *kind);
/* How long it takes here; 0: no idea. program_bytes may be 0: as known. */
int64_t pvn_lend_estimate(pvn_lend *l, const pvn_heard_request *r,
                          const char *kind, uint64_t program_bytes);
/* The job took this long after its inputs were there. */
void pvn_lend_learn(pvn_lend *l, const provernet_job *j, int64_t took_ms);

/* ---- lend_memory.c ---- */
/* Is this value of network.kind_memory well formed? ERR_CONFIG. */
provernet_status pvn_lend_memory_check(const char *list, provernet_error *err);
/* OK, or ERR_MEMORY_NEED with both numbers. program_bytes: of a circuit. */
provernet_status pvn_lend_fits(pvn_lend *l, const char *kind,
                               uint64_t program_bytes, provernet_error *err);
/* Say which of our kinds will never be bid for. */
void pvn_lend_tell_memory(pvn_lend *l);

/* ---- lend_job.c ---- */
/* NULL: no memory. */
provernet_job *pvn_lend_job(pvn_lend *l, const pvn_heard_request *r,
                            const char *kind, int64_t estimate_ms);
provernet_status pvn_lend_hand_in(provernet_job *j, provernet_error *err);
provernet_status pvn_lend_give_up(provernet_job *j, int blame, const char *why,
                                  provernet_error *err);
static inline const uint8_t *pvn_lend_request_of(const provernet_job *j)
{
    return j->lease->request.data; /* 32 bytes */
}
/* What the cache calls a program of this network. */
void pvn_program_key(uint8_t key32[32], const pvn_lend *l,
                     const pvn_heard_request *r);

/* ---- lend_fetch.c ---- */
/* All of it; user: the descriptor. A pvn_read_fn. */
provernet_status pvn_lend_read_fd(void *user, void *buf, size_t len,
                                  uint64_t offset, provernet_error *err);
provernet_status pvn_lend_fetch(provernet_job *j, size_t i, pvn_net_input *in,
                                provernet_error *err);

/* ---- lend_known.c ---- */
/* Leave this request alone until a time. */
void pvn_lend_skip(pvn_lend *l, const uint8_t id32[32], int64_t until_ms);
bool pvn_lend_skipped(pvn_lend *l, const uint8_t id32[32]);
/* What is known of a program; false: nothing. */
bool pvn_lend_size(pvn_lend *l, const uint8_t key32[32], pvn_program_size *out);
void pvn_lend_size_keep(pvn_lend *l, const pvn_program_size *s);
/* Is there a job of this request? */
bool pvn_lend_held(pvn_lend *l, const uint8_t id32[32]);
void pvn_lend_bid_add(pvn_lend *l, const pvn_heard_request *r,
                      const pvn_offer *offer);
/* false: there was none. */
bool pvn_lend_bid_drop(pvn_lend *l, const uint8_t id32[32], bool won);
bool pvn_lend_bid_open(pvn_lend *l, const uint8_t id32[32]);
bool pvn_lend_bid_room(pvn_lend *l);
/* All that are open; how many. */
size_t pvn_lend_bids(pvn_lend *l, pvn_open_bid out[PVN_BIDS_MAX]);

/* ---- lend_meet.c ---- */
/* Who are we, what holds here? Asked when it is due. */
provernet_status pvn_lend_meet(pvn_lend *l, provernet_error *err);
/* A suspension, into l->calm_ms; best effort. */
void pvn_lend_status(pvn_lend *l);

/* ---- lend_bid.c ---- */
/* Bid on what is offered and fits. */
provernet_status pvn_lend_offers(pvn_lend *l, provernet_error *err);
/* What became of bids that the list of assigned requests does not show. */
provernet_status pvn_lend_settle(pvn_lend *l, unsigned line,
                                 provernet_error *err);

/* ---- lend.c ---- */
bool pvn_lend_stopping(pvn_lend *l);
/* Nothing helps: the worker ends. Returns err->status. */
provernet_status pvn_lend_end(pvn_lend *l, const provernet_error *err);
/* A page of requests: ours if ASSIGNED, else what we may bid on. */
provernet_status pvn_lend_list(pvn_lend *l, unsigned line, int fulfillment,
                               pvn_arena *a, pvn_heard_request **list,
                               size_t *n, provernet_error *err);

/* ---- lend_open.c ---- */
/* Tell the application; id32 may be NULL. level: PVN_ERROR to PVN_DEBUG. */
void pvn_lend_tell(pvn_lend *l, int level, const char *event,
                   const uint8_t *id32, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
#endif
