/* schedule/why.c - why a request waits, in words. Pure; includes rows.h. */
#include "schedule/why.h"
#include "base/settings.h"
#include <provernet/request.h>
#include <stdio.h>

static size_t cut(char *buf, size_t cap, int n)
{
    if (n < 0) {
        buf[0] = 0;
        return 0;
    }
    if ((size_t)n < cap)
        return (size_t)n;
    /* Not in the middle of a UTF-8 character. */
    size_t len = cap - 1, start = len;
    while (start > 0 && ((unsigned char)buf[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)buf[start - 1] >= 0xc0) {
        unsigned char lead = (unsigned char)buf[start - 1];
        size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        if (len - (start - 1) < need)
            len = start - 1;
    }
    buf[len] = 0;
    return len;
}

pvn_served pvn_kind_served(const pvn_worker *const *workers, size_t len,
                           const char *kind)
{
    pvn_served out = { 0 };
    bool unknown = false;

    for (size_t i = 0; i < len; i++) {
        const pvn_worker *w = workers[i];

        if (w->state != PVN_WORKER_HERE || !w->kinds ||
            (strcmp(w->kinds, "*") != 0 && !pvn_list_has(w->kinds, kind)))
            continue;
        out.here = true;
        unknown = unknown || w->memory_bytes <= 0;
        if (w->memory_bytes > out.memory_bytes)
            out.memory_bytes = w->memory_bytes;
    }
    if (unknown)
        out.memory_bytes = 0;
    return out;
}

/* Workers of the kind are here, but none is large enough. */
static int too_large(const pvn_request *q, const pvn_task *t, int64_t largest,
                     char *buf, size_t cap)
{
    return snprintf(buf, cap,
                    "it needs %lld MiB of memory; the largest worker of kind "
                    "%s here has %lld MiB%s%s",
                    (long long)((t->memory_bytes + (1 << 20) - 1) >> 20),
                    q->kind, (long long)(largest >> 20),
                    t->why ? "; before: " : "", t->why ? t->why : "");
}

static int queued(const pvn_request *q, const pvn_task *t, pvn_served served,
                  int64_t now_ms, char *buf, size_t cap)
{
    if (q->assignable_ms == PVN_UNDER_AUCTION)
        return snprintf(buf, cap, "no prover has won its auction yet");
    if (t && t->state == PVN_TASK_READY && t->not_before_ms > now_ms)
        return snprintf(buf, cap, "backing off for %lld s more after: %s",
                        (long long)(t->not_before_ms - now_ms + 999) / 1000,
                        t->why ? t->why : "a failed attempt");
    if (!served.here && q->assignable_ms == 0)
        return snprintf(buf, cap, "no worker of kind %s has connected yet",
                        q->kind);
    if (!served.here)
        return snprintf(buf, cap, "no worker of kind %s is connected now",
                        q->kind);
    if (t && served.memory_bytes > 0 && t->memory_bytes > served.memory_bytes)
        return too_large(q, t, served.memory_bytes, buf, cap);
    if (t && t->memory_bytes > 0)
        return snprintf(buf, cap,
                        "all workers of kind %s that have %lld MiB of memory "
                        "are busy",
                        q->kind, (long long)(t->memory_bytes >> 20));
    return snprintf(buf, cap, "all workers of kind %s are busy", q->kind);
}

size_t pvn_request_waits_for(const pvn_request *q, const pvn_task *main_task,
                             pvn_served served, int64_t now_ms, char *buf,
                             size_t cap)
{
    if (cap == 0)
        return 0;
    buf[0] = 0;
    switch (q->state) {
    case PROVERNET_QUEUED:
        return cut(buf, cap, queued(q, main_task, served, now_ms, buf, cap));
    case PROVERNET_RUNNING:
        if (main_task && main_task->state == PVN_TASK_READY)
            return cut(buf, cap,
                       queued(q, main_task, served, now_ms, buf, cap));
        return 0;
    case PROVERNET_VERIFYING:
        return cut(buf, cap, snprintf(buf, cap, "the proof is being verified"));
    case PROVERNET_FAILED:
        return cut(buf, cap, snprintf(buf, cap, "%s", q->why ? q->why : ""));
    default:
        return 0;
    }
}
