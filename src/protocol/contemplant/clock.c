/* protocol/contemplant/clock.c - what time does to a session: questions,
 * strikes, silence, renewals, and how long it may wait. Includes session.h,
 * base/settings.h. */
#include "protocol/contemplant/session.h"
#include "base/settings.h"

enum { REGISTER_MS = 15000, LOOK_MS = 1000 };

static int64_t setting(const pvn_call *c, pvn_setting s)
{
    return pvn_setting_int(pvn_node_options(pvn_call_node(c)), s);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t minutes(int64_t ms)
{
    return ms / 60000;
}

/* In the order of Hierophant's rules. false: it may stay. */
static bool dropped(pvn_call *c, pvn_ct *x, int64_t now, pvn_next *next)
{
    int64_t strikes = setting(c, PVN_SET_CONTEMPLANT_STRIKES_MAX);
    int64_t silence = setting(c, PVN_SET_CONTEMPLANT_SILENCE);
    int64_t limit = setting(c, PVN_SET_CONTEMPLANT_PROOF_TIMEOUT);
    int64_t progress = setting(c, PVN_SET_CONTEMPLANT_PROGRESS_TIMEOUT);
    bool busy = x->state == PVN_CT_BUSY;

    if (x->live.strikes >= strikes)
        *next = pvn_ct_end(
            c, x, 1008, true,
            "%u status questions were not answered within %lld ms each "
            "(contemplant.strikes_max)",
            x->live.strikes, (long long)setting(c, PVN_SET_CONTEMPLANT_ANSWER));
    else if (now - x->heard_ms >= silence)
        *next = pvn_ct_end(c, x, 1008, true,
                           "no heartbeat for %lld s (contemplant.silence)",
                           (long long)(now - x->heard_ms) / 1000);
    else if (busy && now - x->began_ms >= limit)
        *next = pvn_ct_end(c, x, 1008, true,
                           "one proof took more than %lld minutes "
                           "(contemplant.proof_timeout)",
                           (long long)minutes(limit));
    else if (busy && progress > 0 && now - x->progress_ms >= progress)
        *next = pvn_ct_end(c, x, 1008, true,
                           "no progress for %lld s "
                           "(contemplant.progress_timeout)",
                           (long long)(now - x->progress_ms) / 1000);
    else
        return false;
    return true;
}

static void ask(pvn_call *c, pvn_ct *x, int64_t now)
{
    uint8_t question[PVN_CT_QUESTION];

    pvn_answer_body(c, question, pvn_ct_question(question, x->work.id));
    pvn_message_end(c);
    x->asked_ms = now;
}

static void strike(pvn_ct *x)
{
    pvn_lock_take(&x->table->lock);
    x->live.strikes++;
    pvn_lock_give(&x->table->lock);
}

/* Ask how far it is, but only one question at a time and none while the job
 * itself is still on its way. */
static void question(pvn_call *c, pvn_ct *x, int64_t now)
{
    int64_t patience = setting(c, PVN_SET_CONTEMPLANT_ANSWER);

    if (x->asked_ms && now - x->asked_ms >= patience) {
        x->asked_ms = 0;
        x->ask_ms = now;
        strike(x);
    }
    if (pvn_message_waits(c)) {
        x->ask_ms = now + setting(c, PVN_SET_CONTEMPLANT_POLL);
        if (x->asked_ms)
            return;
    } else if (!x->asked_ms && now >= x->ask_ms) {
        ask(c, x, now);
    }
}

static int64_t next_look(pvn_call *c, const pvn_ct *x, int64_t now)
{
    int64_t next = x->heard_ms + setting(c, PVN_SET_CONTEMPLANT_SILENCE);
    int64_t progress = setting(c, PVN_SET_CONTEMPLANT_PROGRESS_TIMEOUT);
    int64_t third = pvn_node_rules(pvn_call_node(c))->lease_ttl_ms / 3;

    if (x->state == PVN_CT_NEW)
        return x->opened_ms + REGISTER_MS;
    if (x->state == PVN_CT_HANDING)
        return earlier(next, x->ask_ms);
    if (x->state != PVN_CT_BUSY)
        return next;
    next = earlier(
        next, x->asked_ms ? x->asked_ms + setting(c, PVN_SET_CONTEMPLANT_ANSWER)
                          : x->ask_ms);
    next = earlier(next,
                   x->began_ms + setting(c, PVN_SET_CONTEMPLANT_PROOF_TIMEOUT));
    if (progress > 0)
        next = earlier(next, x->progress_ms + progress);
    if (!x->work.unwanted)
        next = earlier(next, x->renewed_ms + third);
    return next > now ? next : now + 1;
}

static pvn_next wait(pvn_call *c, pvn_ct *x)
{
    pvn_park park = { .on = PVN_PARK_TIME };

    park.until_ms = next_look(c, x, pvn_ct_now(c));
    if (x->state == PVN_CT_IDLE) {
        park.on = PVN_PARK_WORK;
        park.kinds = x->kinds;
    }
    x->then = NULL;
    pvn_call_park(c, &park);
    return PVN_PARK;
}

/* A park looks again by itself, but each message begins a new one: who speaks
 * often would never hear of a task that became ready by the clock. */
static bool looks(const pvn_ct *x, int64_t now)
{
    return x->state == PVN_CT_IDLE &&
           (x->look || now - x->looked_ms >= LOOK_MS);
}

pvn_next pvn_ct_go(pvn_call *c, pvn_ct *x)
{
    int64_t now = pvn_ct_now(c);
    int64_t third = pvn_node_rules(pvn_call_node(c))->lease_ttl_ms / 3;
    pvn_next next;

    if (x->state == PVN_CT_NEW && now - x->opened_ms >= REGISTER_MS)
        return pvn_ct_end(c, x, 1008, false, "no Register came within %d s",
                          REGISTER_MS / 1000);
    if (x->state == PVN_CT_NEW)
        return wait(c, x);
    if (x->state == PVN_CT_BUSY)
        question(c, x, now);
    if (dropped(c, x, now, &next))
        return next;
    if (x->state == PVN_CT_BUSY && !x->work.unwanted &&
        now - x->renewed_ms >= third)
        return pvn_ct_renew(c, x);
    if (looks(x, now))
        return pvn_ct_lease(c, x);
    if (x->state == PVN_CT_HANDING && now >= x->ask_ms)
        return pvn_ct_hand_in(c, x);
    return wait(c, x);
}
