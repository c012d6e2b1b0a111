/* node/answer.c - the answer of a call: set by handlers, read by the owner. */
#include "node/inside.h"
#include <stdlib.h>

void pvn_answer_free(provernet_call *c)
{
    const pvn_files *f = &c->node->env.files;

    pvn_buf_free(&c->out);
    if (c->file >= 0)
        f->close(f->user, c->file);
    c->file = -1;
}

void pvn_answer_clear(provernet_call *c)
{
    pvn_answer_free(c);
    c->http_status = 200;
    c->answer_failed = false;
    c->out_at = 0;
    c->file_at = c->file_left = 0;
    c->fields = (pvn_list){ c->field_first, 0, PVN_CALL_FIELDS };
    c->trailers = (pvn_list){ c->trailer_first, 0, PVN_CALL_TRAILERS };
}

/* ---- for handlers ---- */

void pvn_answer_status(pvn_call *c, int http_status)
{
    c->http_status = http_status;
}

static void add(pvn_call *c, pvn_list *l, const char *name, const char *value)
{
    provernet_field *f;

    if (l->len == l->cap) {
        f = pvn_arena_alloc(&c->arena, l->cap * 2 * sizeof *f);
        if (!f) {
            c->answer_failed = true;
            return;
        }
        memcpy(f, l->item, l->len * sizeof *f);
        l->item = f;
        l->cap *= 2;
    }
    f = &l->item[l->len];
    f->name = pvn_arena_text(&c->arena, name);
    f->value = pvn_arena_text(&c->arena, value ? value : "");
    if (f->name && f->value)
        l->len++;
    else
        c->answer_failed = true;
}

void pvn_answer_field(pvn_call *c, const char *name, const char *value)
{
    add(c, &c->fields, name, value);
}

void pvn_answer_trailer(pvn_call *c, const char *name, const char *value)
{
    add(c, &c->trailers, name, value);
}

void pvn_answer_body(pvn_call *c, const void *data, size_t len)
{
    if (len && !pvn_buf_add(&c->out, data, len))
        c->answer_failed = true;
}

void pvn_answer_file(pvn_call *c, int fd, uint64_t offset, uint64_t len)
{
    const pvn_files *f = &c->node->env.files;

    if (c->file >= 0)
        f->close(f->user, c->file);
    c->file = fd;
    c->file_at = offset;
    c->file_left = len;
}

bool pvn_answer_started(const pvn_call *c)
{
    return c->flushed;
}

/* ---- for the owner ---- */

provernet_status provernet_call_head(provernet_call *c, int *http_status,
                                     const provernet_field **fields,
                                     size_t *len)
{
    pvn_call_go_on(c);
    if (!c->flushed)
        return PROVERNET_AGAIN;
    atomic_store_explicit(&c->head_given, true, memory_order_relaxed);
    *http_status = c->http_status;
    *fields = c->fields.item;
    *len = c->fields.len;
    return PROVERNET_OK;
}

static size_t read_out(provernet_call *c, void *buf, size_t cap)
{
    size_t n = c->out.len - c->out_at;

    if (n > cap)
        n = cap;
    memcpy(buf, c->out.data + c->out_at, n);
    c->out_at += n;
    if (c->out_at == c->out.len && c->streamed)
        c->out.len = c->out_at = 0;
    return n;
}

static provernet_status read_file(provernet_call *c, void *buf, size_t cap,
                                  size_t *got)
{
    const pvn_files *f = &c->node->env.files;
    ssize_t n;

    if (cap > c->file_left)
        cap = (size_t)c->file_left;
    n = f->pread(f->user, c->file, buf, cap, c->file_at);
    if (n <= 0) {
        c->broken = true;
        return pvn_fail(&c->err, PROVERNET_ERR_IO, (int)-n,
                        "cannot read the file of the answer: %llu bytes are "
                        "missing",
                        (unsigned long long)c->file_left);
    }
    c->file_at += (uint64_t)n;
    c->file_left -= (uint64_t)n;
    *got = (size_t)n;
    return PROVERNET_OK;
}

provernet_status provernet_call_read(provernet_call *c, void *buf, size_t cap,
                                     size_t *got)
{
    *got = 0;
    if (c->messages)
        return pvn_message_read(c, buf, cap, got);
    for (;;) {
        pvn_call_go_on(c);
        if (!c->flushed)
            return PROVERNET_AGAIN;
        if (cap == 0)
            return PROVERNET_ERR_INVALID;
        if (c->out_at < c->out.len) {
            *got = read_out(c, buf, cap);
            return PROVERNET_OK;
        }
        if (c->broken)
            return c->err.status ? c->err.status : PROVERNET_ERR_INTERNAL;
        if (c->file_left)
            return read_file(c, buf, cap, got);
        if (pvn_call_phase(c) == PVN_IN_ANSWER)
            return PROVERNET_END;
        if (pvn_call_phase(c) != PVN_IN_MORE)
            return PROVERNET_AGAIN;
        pvn_call_more(c);
    }
}

provernet_status provernet_call_file(provernet_call *c, int *fd,
                                     uint64_t *offset, uint64_t *len)
{
    pvn_call_go_on(c);
    if (!c->flushed)
        return PROVERNET_AGAIN;
    if (c->file_left == 0 || c->out_at < c->out.len || c->broken ||
        pvn_call_phase(c) != PVN_IN_ANSWER)
        return PROVERNET_END;
    *fd = c->file;
    *offset = c->file_at;
    *len = c->file_left;
    return PROVERNET_OK;
}

uint64_t provernet_call_length(const provernet_call *c)
{
    if (pvn_call_phase(c) != PVN_IN_ANSWER || c->streamed ||
        (c->messages && c->http_status == 101))
        return UINT64_MAX;
    return c->out.len - c->out_at + c->file_left;
}

provernet_status provernet_call_trailers(provernet_call *c,
                                         const provernet_field **fields,
                                         size_t *len)
{
    pvn_call_go_on(c);
    if (pvn_call_phase(c) != PVN_IN_ANSWER ||
        (c->messages && !c->messages->over))
        return PROVERNET_AGAIN;
    if (c->broken)
        return c->err.status ? c->err.status : PROVERNET_ERR_INTERNAL;
    *fields = c->trailers.item;
    *len = c->trailers.len;
    return PROVERNET_OK;
}
