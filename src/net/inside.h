/* net/inside.h - what a worker and a job are inside, for the files of net/.
 *
 * Locks, never held together: w->lock (everything but the session), w->hello
 * (who says hello), w->turn[lane] (one exchange at a time in a lane; taken
 * first, the others inside it). */
#ifndef PVN_NET_INSIDE_H
#define PVN_NET_INSIDE_H
#include "base/settings.h"
#include "net/cache.h"
#include "net/channel.h"
#include "node/blob.h"
#include "node/call.h"
#include "protocol/worker/wire.h"
#include <provernet/worker.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct pvn_net_input {
    provernet_blob *blob; /* opened, or NULL */
    char *path;           /* as a local file, or NULL */
    int fd;               /* of the store's file, or -1 */
    pvn_cached *cached;   /* kept while the job lives */
    bool temporary;       /* path goes with the job */
    /* When the manner fetches: */
    uint8_t digest32[32]; /* SHA-256 of the file at path */
    uint64_t bytes;
} pvn_net_input;

/* How a worker comes by its work and hands it in: over our own wire to one of
 * our servers (manner_server.c), or by bids on a network (lend.c). Each
 * function runs without the worker's lock. */
typedef struct pvn_manner {
    /* The asking thread: up to `want` jobs, by pvn_worker_take; waits a while
     * when there are none. */
    void (*ask)(provernet_worker *w, uint32_t want);
    /* The renewing thread, every w->beat_ms. */
    void (*beat)(provernet_worker *w);
    /* The thread of the job, which the caller frees. */
    provernet_status (*hand_in)(provernet_job *j, provernet_error *err);
    provernet_status (*give_up)(provernet_job *j, int blame, const char *why,
                                provernet_error *err);
    /* Make input i a file at in->path and say its digest and length; NULL: the
     * lease tells where it is. */
    provernet_status (*fetch)(provernet_job *j, size_t i, pvn_net_input *in,
                              provernet_error *err);
    void (*stop)(provernet_worker *w); /* ends a wait in ask */
    void (*hush)(provernet_worker *w); /* ends a wait in beat */
    void (*bye)(provernet_worker *w);  /* after both threads ended */
    void (*close)(provernet_worker *w);
    /* More members of the status' JSON, each with a comma in front; NULL: no
     * more. Under the lock. */
    void (*describe)(provernet_worker *w, pvn_buf *b);
} pvn_manner;
extern const pvn_manner pvn_manner_server, pvn_manner_network;

typedef struct pvn_net_child {
    struct pvn_net_child *next;
    Provernet__Worker__V1__Child wire;
} pvn_net_child;

typedef struct pvn_net_output {
    struct pvn_net_output *next;
    provernet_blob *blob;
} pvn_net_output;

struct provernet_job {
    provernet_worker *w;
    provernet_job *next; /* of the worker's jobs */
    bool taken;          /* by provernet_worker_next */
    bool in_slot;        /* counts in w->held */
    pvn_arena arena;
    const pvn_wire_lease *lease;
    provernet_id task;
    char *params;
    pvn_net_input *input;
    pvn_net_output *outputs, **outputs_last;
    pvn_net_child *children, **children_last;
    size_t children_len;
    int64_t started_ms;
    unsigned lane;
    atomic_bool cancelled; /* nobody wants it any more */
    int permille;          /* under the worker's lock */
    char stage[32];
    const char *device;     /* what proved it, or NULL */
    provernet_watch *watch; /* job_prove: cancelled with the job */
    /* of a network: */
    int64_t estimate_ms, fetched_ms; /* when its inputs were there */
    int refusal;      /* what FailFulfillment says; 0: as blame */
    atomic_bool gone; /* it is no longer ours: nothing to say */
};

struct provernet_worker {
    pvn_env env; /* this machine's: waiting is in real time */
    provernet_options *options;
    provernet *node; /* in the same process, or NULL */
    const pvn_manner *manner;
    pvn_channel *channel;  /* of manner_server, or NULL */
    struct pvn_lend *lend; /* of a network, or NULL */
    provernet_key *key;
    char *server, *name, *kinds;
    char software[32];
    uint32_t slots;
    uint64_t memory; /* 0: unknown */
    uint64_t fits;   /* until fits_ms, only jobs up to this; 0: any */
    int64_t fits_ms;
    uint8_t instance[PVN_INSTANCE_BYTES];
    pvn_cache *cache;

    pthread_mutex_t hello, turn[PVN_WIRE_LANES];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* the session */
    bool known;
    uint64_t epoch; /* raised with each new session */
    pvn_session_keys keys;
    uint64_t counter[PVN_WIRE_LANES];
    int64_t beat_ms;
    /* the jobs */
    provernet_job *jobs;
    uint32_t held, next_lane;
    bool stopping, stop_told, closing, ended;
    provernet_error final, last;
    uint64_t done, failed;
    bool connected;
    pthread_t asker, beater;
    bool asker_runs, beater_runs;
};

/* ---- worker.c ---- */
/* A worker without name, key and manner; NULL: no memory. */
provernet_worker *pvn_worker_new(const provernet_options *o);
/* Name, slots, cache, threads; on failure w is closed. */
provernet_status pvn_worker_open(provernet_worker *w, provernet_worker **out,
                                 provernet_error *err);
/* A new job is in the worker's hands. */
void pvn_worker_take(provernet_job *j);
/* Memory to ask for: less than what did not fit a short while ago. */
uint64_t pvn_worker_memory(provernet_worker *w);
/* With the lock held: the jobs of this task stop soon. */
void pvn_worker_drop(provernet_worker *w, const provernet_id *task);

/* ---- speak.c ---- */
/* An exchange of the session: says hello when needed, repeats over broken
 * connections until give_up_ms (wall clock; 0: until the worker closes). The
 * answer lies in the arena. The status is the answer's, or ERR_CANCELLED
 * (closing), ERR_TIMEOUT, or a final refusal (w->ended is set). */
provernet_status pvn_speak(provernet_worker *w, unsigned lane,
                           pvn_wire_ask *ask, int64_t wait_ms,
                           int64_t give_up_ms, pvn_arena *a,
                           pvn_wire_answer **out, provernet_error *err);
/* Wait, unless closing; false: it is closing. */
bool pvn_worker_pause(provernet_worker *w, int64_t ms);
/* The last thing that went wrong, for the status. */
void pvn_worker_note_error(provernet_worker *w, const provernet_error *e);
/* No use to try again: provernet_worker_next says so. Returns e->status. */
provernet_status pvn_worker_end(provernet_worker *w, const provernet_error *e);

/* ---- job.c ---- */
provernet_job *pvn_job_new(provernet_worker *w, const pvn_wire_lease *lease);
void pvn_job_free(provernet_job *j); /* takes it off the worker's list */
/* It did not fit in memory: ask for smaller ones for a while. */
void pvn_job_too_large(provernet_job *j);
/* The request's deadline has passed, or ms until then. */
int64_t pvn_job_left(const provernet_job *j);

/* ---- input.c ---- */
void pvn_input_free(provernet_job *j, pvn_net_input *in);

/* ---- blob.c: bytes in memory, or in a file ---- */
provernet_blob *pvn_blob_memory(const void *data, size_t len); /* borrowed */
/* The file stays the caller's; fd is closed with the blob. */
provernet_blob *pvn_blob_file(const pvn_env *env, int fd, uint64_t len);
/* Grows in memory up to `max`, then in a file made by the cache. */
provernet_blob *pvn_blob_output(pvn_cache *c, size_t max);
/* The bytes of an output: in memory, or (false) in *fd. */
bool pvn_blob_output_bytes(provernet_blob *b, pvn_bytes *bytes, int *fd,
                           uint64_t *len);
#endif
