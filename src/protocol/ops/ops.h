/* protocol/ops/ops.h - what the files of this skin share. */
#ifndef PVN_PROTOCOL_OPS_OPS_H
#define PVN_PROTOCOL_OPS_OPS_H
#include "protocol/http/http.h"
#include "protocol/http/artifacts.h"

/* "<type>/<id>" with an optional "raw/" or "stored/" in front. */
typedef struct pvn_artifact_path {
    bool stored; /* as uploaded; else raw */
    bool spaced; /* a space was named */
    int64_t type;
    provernet_id id;
} pvn_artifact_path;
bool pvn_artifact_path_parse(pvn_artifact_path *p, const char *rest);

/* Byte range of a Range header over `len` bytes. 206: *from, *count are set;
 * 200: ignore it; 416: not satisfiable. */
int pvn_range_parse(const char *header, uint64_t len, uint64_t *from,
                    uint64_t *count);

/* ---- json.c: how requests and workers look to people ---- */
/* "0x<the protocol's name>" or the id in hex. */
void pvn_json_request_id(pvn_buf *b, const pvn_request *r);
const char *pvn_request_state_name(int64_t state);
const char *pvn_request_cause_name(int64_t cause);
/* One object with the fields of docs/http-api.md, without its end "}". */
/* When it should be done; 0: nobody knows. */
int64_t pvn_request_eta(const pvn_request *r, const pvn_task *task,
                        int permille, int64_t now_ms);
void pvn_json_request(pvn_buf *b, pvn_call *c, const pvn_request *r,
                      const pvn_task *task, const pvn_op_read_workers *w);
void pvn_json_prover(pvn_buf *b, const pvn_prover *p, int64_t now_ms);
/* "<before><hex>" in quotes. */
void pvn_json_hex(pvn_buf *b, const char *before, const void *data, size_t len);
void pvn_json_worker(pvn_buf *b, const pvn_worker *w, int64_t now_ms);
/* Answer with the buffer and free it. */
pvn_next pvn_json_answer(pvn_call *c, pvn_buf *b);

/* Filters of a query string (state, kind, requester). */
bool pvn_requests_filter(pvn_call *c, pvn_filter *f);
/* A whole number of the query, or what *n is; false: the call has failed. */
bool pvn_ops_number(pvn_call *c, const char *name, int64_t min, int64_t max,
                    int64_t *n);
/* Does this machine ask, and not a page of another site in its browser? */
bool pvn_ops_from_here(pvn_call *c);
/* An op that lists workers; NULL: the call has failed. */
pvn_op *pvn_ops_new(pvn_call *c, pvn_op_type type);

#define PVN_OPS_HANDLERS(X)                                                    \
    X(put)                                                                     \
    X(get)                                                                     \
    X(livez)                                                                   \
    X(readyz)                                                                  \
    X(metrics)                                                                 \
    X(list)                                                                    \
    X(show)                                                                    \
    X(cancel)                                                                  \
    X(workers)                                                                 \
    X(overview)                                                                \
    X(provers)                                                                 \
    X(prover_set)                                                              \
    X(account_post)                                                            \
    X(settlement)                                                              \
    X(ledger)                                                                  \
    X(page)
#define X(name)                                                                \
    pvn_next pvn_ops_##name##_begin(pvn_call *c);                              \
    pvn_next pvn_ops_##name##_resume(pvn_call *c);
PVN_OPS_HANDLERS(X)
#undef X
pvn_next pvn_ops_put_body(pvn_call *c, const void *data, size_t len);
pvn_next pvn_ops_put_end(pvn_call *c);
void pvn_ops_put_close(pvn_call *c);
void pvn_ops_get_close(pvn_call *c);
#endif
