/* node/call.c - an exchange: head and body in, handler, hand-overs. The answer
 * is answer.c's. All of it runs on the thread that uses the call. */
#include "node/inside.h"
#include <stdlib.h>

int pvn_call_phase(const provernet_call *c)
{
    return atomic_load_explicit(&c->phase, memory_order_acquire);
}

static void set_phase(provernet_call *c, pvn_phase p)
{
    atomic_store_explicit(&c->phase, (int)p, memory_order_relaxed);
    if (p == PVN_IN_MORE || p == PVN_IN_ANSWER)
        c->flushed = true;
    if (p == PVN_IN_MORE)
        c->streamed = true;
}

/* ---- refusals ---- */

static void refuse(provernet_call *c)
{
    if (c->messages && c->flushed) {
        pvn_message_refuse(c);
    } else if (c->flushed) {
        c->broken = true;
    } else {
        pvn_answer_clear(c);
        c->node->entry->refuse(c, &c->err);
        if (c->answer_failed) {
            pvn_answer_clear(c);
            c->http_status = 500;
        }
    }
    set_phase(c, PVN_IN_ANSWER);
}

void pvn_call_refuse(provernet_call *c, provernet_status s, const char *fmt,
                     ...)
{
    va_list ap;

    va_start(ap, fmt);
    pvn_vfail(&c->err, s, 0, fmt, ap);
    va_end(ap);
    refuse(c);
}

static void refuse_nomem(provernet_call *c)
{
    pvn_nomem(&c->err);
    refuse(c);
}

/* ---- hand-overs: each returns false when there is nothing to wait for ---- */

static void ops_done(pvn_hand *h)
{
    pvn_call_woken_of(
        (provernet_call *)((char *)h - offsetof(provernet_call, hand)),
        h->more);
}

static bool hand_ops(provernet_call *c)
{
    c->handed = true;
    if (c->ops_failed || c->ops == c->ops_from)
        return false;
    c->hand.ops = c->op + c->ops_from;
    c->hand.len = c->ops - c->ops_from;
    c->hand.done = ops_done;
    c->hand.group = c->in;
    set_phase(c, PVN_IN_WAIT);
    return pvn_core_push(c->node, &c->hand);
}

static void crew_work(pvn_chore *chore)
{
    provernet_call *c =
        (provernet_call *)((char *)chore - offsetof(provernet_call, chore));

    c->work(c);
    pvn_call_woken(c);
}

static bool hand_work(provernet_call *c)
{
    if (!c->work)
        return false;
    c->chore.work = crew_work;
    set_phase(c, PVN_IN_WAIT);
    pvn_crew_push(&c->node->crew, &c->chore);
    return true;
}

static void parked_wake(pvn_waiter *w)
{
    pvn_call_woken(
        (provernet_call *)((char *)w - offsetof(provernet_call, waiter)));
}

/* A parked call may lie for hours: what it asked before its last hand-over
 * goes now. */
static void drop_older_ops(provernet_call *c)
{
    size_t kept = c->ops - c->ops_from;

    for (size_t i = 0; i < c->ops_from; i++)
        pvn_op_free(c->op[i]);
    memmove(c->op, c->op + c->ops_from, kept * sizeof(*c->op));
    c->ops = kept;
    c->ops_from = 0;
}

static bool hand_park(provernet_call *c)
{
    pvn_waiter *w = &c->waiter;

    drop_older_ops(c);
    if (w->park.until_ms <= 0)
        w->park.until_ms = INT64_MAX;
    if (c->deadline_ms && c->deadline_ms < w->park.until_ms)
        w->park.until_ms = c->deadline_ms;
    w->wake = parked_wake;
    if (c->hand.batch > w->seen)
        w->seen = c->hand.batch;
    set_phase(c, PVN_IN_WAIT);
    if (pvn_parks_add(&c->node->parks, w, pvn_now_ms(&c->node->env)))
        return true;
    /* so that the next wait is not cut short by the same change */
    w->seen = atomic_load(&c->node->batch) + 1;
    return false;
}

/* Do what the handler wants next until it waits for something. */
static void settle(provernet_call *c, pvn_next next)
{
    const pvn_handler *h = c->handler;
    bool waits = false;

    for (;;) {
        switch (next) {
        case PVN_OP:
            waits = hand_ops(c);
            break;
        case PVN_CREW:
            waits = hand_work(c);
            break;
        case PVN_PARK:
            waits = hand_park(c);
            break;
        case PVN_BODY:
            set_phase(c, PVN_IN_BODY);
            if (!c->body_ended)
                return;
            next = h->end(c);
            continue;
        case PVN_MORE:
            set_phase(c, c->messages ? PVN_IN_BODY : PVN_IN_MORE);
            return;
        case PVN_ANSWER:
        default:
            if (c->answer_failed)
                refuse_nomem(c);
            set_phase(c, PVN_IN_ANSWER);
            return;
        }
        if (waits)
            return; /* from here on the call is somebody else's */
        if (c->ops_failed) {
            refuse_nomem(c);
            return;
        }
        next = h->resume(c);
    }
}

void pvn_call_settle(provernet_call *c, pvn_next next)
{
    settle(c, next);
}

void pvn_call_interrupt(provernet_call *c)
{
    if (pvn_call_phase(c) == PVN_IN_WAIT &&
        pvn_parks_remove(&c->node->parks, &c->waiter))
        set_phase(c, PVN_IN_BODY);
}

void pvn_call_go_on(provernet_call *c)
{
    if (pvn_call_phase(c) == PVN_IN_WOKEN)
        settle(c, c->handler->resume(c));
}

void pvn_call_more(provernet_call *c)
{
    settle(c, c->handler->resume(c));
    if (pvn_call_phase(c) == PVN_IN_BODY) /* what was refused may come now */
        pvn_call_tell(c, PROVERNET_READY_WRITE);
}

/* The owner is not asking for the answer at the moment: tell him. */
static void tell(provernet_call *c)
{
    switch (pvn_call_phase(c)) {
    case PVN_IN_ANSWER:
        pvn_call_tell(c, PROVERNET_READY_HEAD | PROVERNET_READY_READ |
                             PROVERNET_READY_DONE);
        break;
    case PVN_IN_MORE:
        pvn_call_tell(c, PROVERNET_READY_HEAD | PROVERNET_READY_READ);
        break;
    default:
        break;
    }
}

void pvn_call_tell_answer(provernet_call *c)
{
    tell(c);
}

/* ---- opening ---- */

static const char *keep(char **at, const char *text)
{
    char *start = *at;
    size_t len;

    if (!text)
        text = "";
    len = strlen(text) + 1;
    memcpy(start, text, len);
    *at += len;
    return start;
}

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 1;
}

/* One piece of memory for the fields and all texts. */
static bool copy_head(provernet_call *c, const provernet_head *h)
{
    size_t size = text_size(h->method) + text_size(h->authority) +
                  text_size(h->path) + text_size(h->scheme) +
                  text_size(h->peer) + text_size(h->mount);
    provernet_field *f;
    char *at;

    for (size_t i = 0; i < h->fields_len; i++)
        size += text_size(h->fields[i].name) + text_size(h->fields[i].value);
    f = pvn_arena_alloc(&c->arena, h->fields_len * sizeof *f + size);
    if (!f)
        return false;
    at = (char *)(f + h->fields_len);
    c->head = *h;
    c->head.method = keep(&at, h->method);
    c->head.authority = keep(&at, h->authority);
    c->head.path = keep(&at, h->path);
    c->head.scheme = keep(&at, h->scheme);
    c->head.peer = keep(&at, h->peer);
    c->head.mount = h->mount ? keep(&at, h->mount) : NULL;
    for (size_t i = 0; i < h->fields_len; i++) {
        f[i].name = keep(&at, h->fields[i].name);
        f[i].value = keep(&at, h->fields[i].value);
    }
    c->head.fields = f;
    return true;
}

static provernet_status check_open(provernet *n, const provernet_head *h,
                                   provernet_error *err)
{
    if (pvn_node_forked(n))
        return pvn_fail(err, PROVERNET_ERR_FORKED, 0,
                        "the node belongs to process %d, this is its child",
                        (int)n->pid);
    if (!h || h->struct_size < sizeof *h || !h->method || !h->path ||
        (h->fields_len && !h->fields))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "a call needs a head with struct_size, method and "
                        "path");
    if (atomic_load(&n->drained))
        return pvn_fail(err, PROVERNET_ERR_UNAVAILABLE, 0,
                        "the node has been drained and takes no more calls");
    return PROVERNET_OK;
}

static uint64_t body_max(const provernet_call *c)
{
    if (c->handler->body_max)
        return c->handler->body_max;
    return c->handler->streaming ? UINT64_MAX : c->node->message_max;
}

static void refuse_length(provernet_call *c, uint64_t len, const char *more)
{
    uint64_t max = body_max(c);

    if (max == c->node->message_max)
        pvn_call_refuse(c, PROVERNET_ERR_LIMIT,
                        "the request message has %s%llu bytes, setting "
                        "http.message_max allows %llu",
                        more, (unsigned long long)len, (unsigned long long)max);
    else
        pvn_call_refuse(c, PROVERNET_ERR_LIMIT,
                        "the request body has %s%llu bytes, this path takes "
                        "at most %llu",
                        more, (unsigned long long)len, (unsigned long long)max);
}

static bool announced(const provernet_call *c, uint64_t *len)
{
    const char *text = pvn_call_field(c, "content-length");

    *len = 0;
    if (!text || !*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || *len > UINT64_MAX / 10 - 10)
            return false;
        *len = *len * 10 + (uint64_t)(*text - '0');
    }
    return true;
}

static bool charge(provernet_call *c, uint64_t total)
{
    provernet *n = c->node;
    uint64_t more = total - c->charged;

    if (total <= c->charged)
        return true;
    if (atomic_fetch_add(&n->tally.bytes_in_flight, more) + more >
        n->bytes_max) {
        pvn_tally_sub(&n->tally.bytes_in_flight, more);
        pvn_call_refuse(c, PROVERNET_ERR_UNAVAILABLE,
                        "request bodies in memory would exceed setting "
                        "node.bytes_in_flight_max of %llu bytes\nhelp: try "
                        "again later",
                        (unsigned long long)n->bytes_max);
        return false;
    }
    c->charged = total;
    return true;
}

bool pvn_call_charge(pvn_call *c, uint64_t bytes)
{
    if (bytes < c->charged) {
        pvn_tally_sub(&c->node->tally.bytes_in_flight, c->charged - bytes);
        c->charged = bytes;
    }
    return charge(c, bytes);
}

bool pvn_call_too_long(provernet_call *c, uint64_t len)
{
    if (len <= body_max(c))
        return false;
    refuse_length(c, len, "at least ");
    return true;
}

static bool body_room(provernet_call *c, uint64_t total)
{
    if (!charge(c, total))
        return false;
    if (pvn_buf_reserve(&c->body, (size_t)total - c->body.len))
        return true;
    refuse_nomem(c);
    return false;
}

/* Buffered bodies up to this size are reserved when announced; a larger one
 * has to arrive before it gets memory. */
enum { BODY_AHEAD = 256 * 1024 };

static void start(provernet_call *c)
{
    uint64_t len;

    c->handler = c->node->entry->route(c);
    if (c->head.messages && c->handler->messages) {
        c->messages = pvn_arena_alloc(&c->arena, sizeof *c->messages);
        c->answer_failed = c->answer_failed || !c->messages;
    }
    if (c->answer_failed) {
        refuse_nomem(c);
        return;
    }
    if (announced(c, &len)) {
        if (len > body_max(c)) {
            refuse_length(c, len, "");
            return;
        }
        if (!c->handler->streaming && len <= BODY_AHEAD && len &&
            !body_room(c, len))
            return;
    }
    if (c->handler->streaming)
        settle(c, c->handler->begin(c));
}

provernet_status provernet_call_open(provernet_inbox *in, provernet_call **out,
                                     const provernet_head *h, uint64_t tag,
                                     provernet_error *err)
{
    provernet *n = in->node;
    provernet_call *c;
    provernet_status s;

    *out = NULL;
    s = check_open(n, h, err);
    if (s != PROVERNET_OK)
        return s;
    c = malloc(sizeof *c); /* calloc passes the thread's cache by */
    if (!c)
        return pvn_nomem(err);
    memset(c, 0, sizeof *c);
    c->in = in;
    c->node = n;
    c->tag = tag;
    c->file = -1;
    c->op = c->op_first;
    c->ops_cap = PVN_CALL_OPS;
    pvn_answer_clear(c);
    if (!copy_head(c, h)) {
        free(c);
        return pvn_nomem(err);
    }
    pthread_mutex_lock(&in->lock);
    in->calls++;
    pthread_mutex_unlock(&in->lock);
    pvn_tally_add(&n->tally.calls, 1);
    pvn_tally_add(&n->tally.calls_open, 1);
    *out = c;
    start(c);
    tell(c);
    return PROVERNET_OK;
}

/* ---- the body ---- */

static provernet_status write_buffered(provernet_call *c, const void *data,
                                       size_t len)
{
    uint64_t total = c->body_len + len;

    if (total > body_max(c))
        refuse_length(c, total, "at least ");
    else if (body_room(c, total) && pvn_buf_add(&c->body, data, len))
        c->body_len = total;
    else if (pvn_call_phase(c) == PVN_IN_BODY)
        refuse_nomem(c);
    return PROVERNET_OK;
}

static provernet_status write_streamed(provernet_call *c, const void *data,
                                       size_t len)
{
    if (len > body_max(c) - c->body_len) {
        refuse_length(c, c->body_len + len, "at least ");
        return PROVERNET_OK;
    }
    c->body_len += len;
    settle(c, c->handler->body(c, data, len));
    return PROVERNET_OK;
}

provernet_status provernet_call_write(provernet_call *c, const void *data,
                                      size_t len, size_t *taken)
{
    int before = pvn_call_phase(c), after;

    *taken = 0;
    if (c->messages)
        return pvn_message_write(c, data, len, taken);
    if (c->body_ended)
        return PROVERNET_ERR_INVALID;
    pvn_call_go_on(c);
    if (pvn_call_phase(c) == PVN_IN_BODY && len) {
        *taken = len;
        if (c->handler->streaming)
            write_streamed(c, data, len);
        else
            write_buffered(c, data, len);
    } else if (len == 0 && pvn_call_phase(c) == PVN_IN_BODY) {
        return PROVERNET_OK;
    }
    after = pvn_call_phase(c);
    if (after != before)
        tell(c);
    if (after == PVN_IN_ANSWER)
        return PROVERNET_END;
    return *taken ? PROVERNET_OK : PROVERNET_AGAIN;
}

provernet_status provernet_call_end(provernet_call *c)
{
    int before = pvn_call_phase(c);

    if (c->messages)
        return pvn_message_end_in(c);
    if (c->body_ended)
        return PROVERNET_ERR_INVALID;
    c->body_ended = true;
    pvn_call_go_on(c); /* a streaming handler that wants body is told the end */
    if (before == PVN_IN_BODY)
        settle(c, c->handler->streaming ? c->handler->end(c)
                                        : c->handler->begin(c));
    if (pvn_call_phase(c) != before)
        tell(c);
    return PROVERNET_OK;
}

/* ---- leaving ---- */

void provernet_call_close(provernet_call *c)
{
    if (!c)
        return;
    if (pvn_call_phase(c) == PVN_IN_WAIT &&
        pvn_parks_remove(&c->node->parks, &c->waiter))
        set_phase(c, PVN_IN_WOKEN);
    if (pvn_call_leave(c))
        pvn_call_free(c);
}

void pvn_call_free(provernet_call *c)
{
    provernet *n = c->node;
    provernet_inbox *in = c->in;

    if (c->handler && c->handler->close)
        c->handler->close(c);
    for (size_t i = 0; i < c->ops; i++)
        pvn_op_free(c->op[i]);
    if (c->op != c->op_first)
        free(c->op);
    pvn_answer_free(c);
    pvn_buf_free(&c->body);
    pvn_arena_free(&c->arena);
    if (c->charged)
        pvn_tally_sub(&n->tally.bytes_in_flight, c->charged);
    pvn_tally_sub(&n->tally.calls_open, 1);
    free(c);
    pvn_inbox_left(in);
}
