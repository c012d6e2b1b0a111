/* node/message.c - an exchange of messages: pieces in, messages out, for as
 * long as both sides like. On the thread that uses the call. Includes
 * node/inside.h only. */
#include "node/inside.h"
#include <stdio.h>

/* ---- for handlers ---- */

void pvn_message_accept(pvn_call *c, const char *type)
{
    pvn_answer_status(c, 101);
    pvn_answer_field(c, "provernet-messages", type);
    c->flushed = true;
}

void pvn_message_end(pvn_call *c)
{
    pvn_outgoing *m = c->messages;

    if (m->ends == PVN_MESSAGES_OUT)
        c->answer_failed = true;
    else
        m->end[m->ends++] = c->out.len;
}

void pvn_message_fill(pvn_call *c,
                      provernet_status (*fill)(pvn_call *c, void *user,
                                               provernet_error *err),
                      void *user)
{
    c->messages->fill = fill;
    c->messages->user = user;
}

bool pvn_message_waits(const pvn_call *c)
{
    return c->messages->fill || c->messages->ends || c->out_at < c->out.len;
}

static void set_close(pvn_call *c, int code, const char *reason)
{
    char text[12];

    snprintf(text, sizeof text, "%d", code);
    pvn_answer_trailer(c, "close-code", text);
    pvn_answer_trailer(c, "close-reason", reason);
}

pvn_next pvn_message_hang_up(pvn_call *c, int code, const char *reason)
{
    set_close(c, code, reason);
    return PVN_ANSWER;
}

/* What was being sent is cut: nobody takes a piece for a whole message. */
void pvn_message_refuse(provernet_call *c)
{
    pvn_outgoing *m = c->messages;
    int code = c->err.status == PROVERNET_ERR_LIMIT         ? 1009
               : c->err.status == PROVERNET_ERR_UNAVAILABLE ? 1013
                                                            : 1011;

    if (m->fill || c->out_at > 0) {
        c->broken = true;
        return;
    }
    c->out.len = 0;
    m->ends = 0;
    c->answer_failed = false;
    set_close(c, code, c->err.message);
}

/* ---- for the owner ---- */

static provernet_status offered(provernet_call *c, int before, bool taken)
{
    int after = pvn_call_phase(c);

    if (after != before)
        pvn_call_tell_answer(c);
    if (c->flushed && after != PVN_IN_ANSWER && pvn_message_waits(c))
        pvn_call_tell(c, PROVERNET_READY_READ);
    if (after == PVN_IN_ANSWER)
        return PROVERNET_END;
    return taken ? PROVERNET_OK : PROVERNET_AGAIN;
}

/* May a message come in? */
static bool open_to_messages(provernet_call *c)
{
    pvn_call_go_on(c);
    pvn_call_interrupt(c);
    return c->flushed && pvn_call_phase(c) == PVN_IN_BODY;
}

provernet_status pvn_message_write(provernet_call *c, const void *data,
                                   size_t len, size_t *taken)
{
    int before = pvn_call_phase(c);

    if (len == 0)
        return before == PVN_IN_ANSWER ? PROVERNET_END : PROVERNET_OK;
    if (open_to_messages(c)) {
        *taken = len;
        if (len > UINT64_MAX - c->body_len)
            len = (size_t)(UINT64_MAX - c->body_len);
        if (!pvn_call_too_long(c, c->body_len + len)) {
            c->body_len += len;
            pvn_call_settle(c, c->handler->body(c, data, len));
        }
    }
    return offered(c, before, *taken > 0);
}

provernet_status pvn_message_end_in(provernet_call *c)
{
    int before = pvn_call_phase(c);
    bool taken = open_to_messages(c);

    if (taken) {
        c->body_len = 0;
        pvn_call_settle(c, c->handler->end(c));
    }
    return offered(c, before, taken);
}

/* Bytes of the message that is being read. */
static size_t take(provernet_call *c, void *buf, size_t cap)
{
    size_t end = c->messages->ends ? c->messages->end[0] : c->out.len;
    size_t n = end - c->out_at;

    if (n > cap)
        n = cap;
    if (n)
        memcpy(buf, c->out.data + c->out_at, n);
    c->out_at += n;
    if (c->out_at == c->out.len && c->messages->ends == 0)
        c->out_at = c->out.len = 0;
    return n;
}

static void end_taken(provernet_call *c)
{
    pvn_outgoing *m = c->messages;

    m->ends--;
    memmove(m->end, m->end + 1, m->ends * sizeof *m->end);
    if (c->out_at == c->out.len && m->ends == 0)
        c->out_at = c->out.len = 0;
}

static provernet_status more(provernet_call *c)
{
    pvn_outgoing *m = c->messages;
    size_t had = c->out.len;
    provernet_status s = m->fill(c, m->user, &c->err);

    if (s == PROVERNET_OK && c->out.len == had && !c->answer_failed)
        s = pvn_fail(&c->err, PROVERNET_ERR_INTERNAL, 0,
                     "a message was not filled");
    if (c->answer_failed)
        s = pvn_nomem(&c->err);
    if (s == PROVERNET_OK)
        return PROVERNET_OK;
    m->fill = NULL;
    if (s == PROVERNET_END)
        pvn_message_end(c);
    else
        c->broken = true;
    return s == PROVERNET_END ? PROVERNET_OK : s;
}

provernet_status pvn_message_read(provernet_call *c, void *buf, size_t cap,
                                  size_t *got)
{
    pvn_outgoing *m = c->messages;

    if (cap == 0)
        return PROVERNET_ERR_INVALID;
    for (;;) {
        pvn_call_go_on(c);
        if (!c->flushed)
            return PROVERNET_AGAIN;
        if (c->broken)
            return c->err.status ? c->err.status : PROVERNET_ERR_INTERNAL;
        *got = take(c, buf, cap);
        if (*got)
            return PROVERNET_OK;
        if (m->ends) {
            end_taken(c);
            return PROVERNET_END;
        }
        if (m->fill) {
            more(c);
            continue;
        }
        if (pvn_call_phase(c) != PVN_IN_ANSWER)
            return PROVERNET_AGAIN;
        m->over = true;
        return PROVERNET_END;
    }
}
