/* tests/fault/alloc_fault.c - the n-th allocation fails, for every n: state
 * and artifact code says "out of memory", loses nothing, leaks nothing (the
 * leaks are counted here; with AddressSanitizer it looks too).
 *
 * malloc, calloc, realloc and free of the whole program, SQLite, zstd and
 * OpenSSL included, are counted through the linker's --wrap for our objects,
 * and through the libraries' own hooks for theirs. */
#include "artifact/store.h"
#include "base/error.h"
#include "state/state.h"
#include <provernet/request.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);
char *__wrap_strdup(const char *text);

static struct {
    long n, calls, live;
    bool armed, once;
} plan;

static bool fails(void)
{
    if (!plan.armed)
        return false;
    plan.calls++;
    return plan.once ? plan.calls == plan.n : plan.calls >= plan.n;
}

void *__wrap_malloc(size_t size)
{
    void *p = fails() ? NULL : __real_malloc(size);

    plan.live += p != NULL;
    return p;
}
void *__wrap_calloc(size_t n, size_t size)
{
    void *p = fails() ? NULL : __real_calloc(n, size);

    plan.live += p != NULL;
    return p;
}
void *__wrap_realloc(void *old, size_t size)
{
    void *p = fails() ? NULL : __real_realloc(old, size);

    plan.live += !old && p;
    return p;
}
void __wrap_free(void *p)
{
    plan.live -= p != NULL;
    __real_free(p);
}
char *__wrap_strdup(const char *text)
{
    char *p = fails() ? NULL : __real_strdup(text);

    plan.live += p != NULL;
    return p;
}

/* ---- SQLite's memory goes through the same count ---- */

static sqlite3_mem_methods real_mem;

static void *mem_malloc(int size)
{
    return fails() ? NULL : real_mem.xMalloc(size);
}
static void *mem_realloc(void *p, int size)
{
    return fails() ? NULL : real_mem.xRealloc(p, size);
}

static bool hook_sqlite(void)
{
    sqlite3_mem_methods m;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_mem) != SQLITE_OK)
        return false;
    m = real_mem;
    m.xMalloc = mem_malloc;
    m.xRealloc = mem_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &m) == SQLITE_OK &&
           /* no lookaside: every allocation counts */
           sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK;
}

/* ---- scenarios ---- */

static pvn_env env;
static char dir[64];
static char db_path[96];
static provernet_error err;

static provernet_status load(pvn_state *st, pvn_rows *rows, pvn_want want,
                             pvn_row **row)
{
    pvn_want w = want;
    provernet_status s = st->ops->load(st, rows, &w, &err);

    *row = !s && w.found && w.found_len ? w.found[0] : NULL;
    return s;
}

static provernet_status change(pvn_state *st, pvn_rows *rows, int64_t now)
{
    pvn_account akey = { .row.table = PVN_ACCOUNT, .address = { 1 } }, *a;
    pvn_request rkey = { .row.table = PVN_REQUEST, .id = { { 1 } } }, *r;
    const pvn_filter filter = { .set = PVN_F_STATE, .state_mask = 2 };
    pvn_row *row;
    provernet_status s;

    if ((s = load(st, rows,
                  (pvn_want){ .scan = PVN_GET,
                              .table = PVN_ACCOUNT,
                              .key_row = &akey.row },
                  &row)) != 0)
        return s;
    a = (pvn_account *)(void *)(row ? row : pvn_rows_make(rows, &akey.row));
    if (!a)
        return pvn_nomem(&err);
    a->nonce++;
    a->name = "alice";
    pvn_rows_touch(rows, &a->row);
    if ((s = load(st, rows,
                  (pvn_want){ .scan = PVN_GET,
                              .table = PVN_REQUEST,
                              .key_row = &rkey.row },
                  &row)) != 0)
        return s;
    r = (pvn_request *)(void *)(row ? row : pvn_rows_make(rows, &rkey.row));
    if (!r)
        return pvn_nomem(&err);
    r->kind = "kind";
    r->state = PROVERNET_QUEUED;
    r->attempts = a->nonce;
    pvn_rows_touch(rows, &r->row);
    if ((s = load(st, rows,
                  (pvn_want){ .scan = PVN_REQUESTS_LIST, .filter = &filter },
                  &row)) != 0 ||
        (s = load(st, rows, (pvn_want){ .scan = PVN_TASKS_READY, .text1 = "*" },
                  &row)) != 0 ||
        (s = load(st, rows, (pvn_want){ .scan = PVN_REQUESTS_DUE, .int1 = now },
                  &row)) != 0 ||
        (s = load(st, rows, (pvn_want){ .scan = PVN_EVENTS_SINCE }, &row)) != 0)
        return s;
    pvn_rows_event(rows, now, "changed", &rkey.id, NULL, NULL, "{}");
    return rows->failed ? pvn_nomem(&err) : st->ops->store(st, rows, &err);
}

static provernet_status one_batch(pvn_state *st)
{
    pvn_arena arena = { 0 };
    pvn_rows rows;
    const char *json;
    int64_t now;
    provernet_status s = st->ops->begin(st, &now, &err);

    if (s)
        return s;
    pvn_rows_init(&rows, &arena);
    s = change(st, &rows, now);
    if (!s)
        s = st->ops->count(st, &arena, &json, &err);
    if (!s)
        s = st->ops->commit(st, &err);
    if (s)
        st->ops->rollback(st);
    pvn_rows_free(&rows);
    pvn_arena_free(&arena);
    return s;
}

static provernet_status use_state(void)
{
    pvn_state *st;
    provernet_status s = pvn_state_sqlite_open(&st, db_path, &env, &err);

    if (s)
        return s;
    if ((s = one_batch(st)) == 0)
        s = one_batch(st);
    st->ops->close(st);
    return s;
}

static provernet_status use_store(void)
{
    static uint8_t noise[100000];
    /* a zstd frame: raw block of four bytes */
    static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x04, 0x21,
                                     0x00, 0x00, 'a',  'b',  'c',  'd' };
    pvn_store *store;
    pvn_put *put = NULL, *zput = NULL;
    pvn_facts facts;
    provernet_id id = { { 1, 2, 3 } };
    char path[96];
    provernet_status s;

    snprintf(path, sizeof path, "%s/artifacts", dir);
    if ((s = pvn_store_open(&store, path, 16, 1 << 20, &env, &err)) != 0)
        return s;
    if ((s = pvn_put_open(store, &put, &err)) == 0 &&
        (s = pvn_put_write(put, noise, 10, &err)) == 0 &&
        (s = pvn_put_write(put, noise, sizeof noise, &err)) == 0 &&
        (s = pvn_put_end(put, &facts, &err)) == 0)
        s = pvn_put_keep(put, &id, &err);
    if (!s && (s = pvn_put_open(store, &zput, &err)) == 0 &&
        (s = pvn_put_write(zput, frame, sizeof frame, &err)) == 0 &&
        (s = pvn_put_end(zput, &facts, &err)) == 0 &&
        (facts.encoding != 1 || facts.raw_bytes != 4))
        s = PROVERNET_ERR_INTERNAL; /* a failed allocation is no damage */
    pvn_put_close(put);
    pvn_put_close(zput);
    if (!s)
        s = pvn_store_clean(store, &err);
    pvn_store_close(store);
    return s;
}

/* ---- the loop ---- */

static int fail_each(const char *name, provernet_status (*use)(void), bool once)
{
    provernet_status s = use(); /* warm: libraries' one-time memory */
    long before, n;

    if (s) {
        fprintf(stderr, "%s without faults: %s\n", name, err.message);
        return 1;
    }
    for (n = 1; n < 100000; n++) {
        before = plan.live;
        memset(&err, 0, sizeof err);
        plan.n = n;
        plan.calls = 0;
        plan.once = once;
        plan.armed = true;
        s = use();
        plan.armed = false;
        bool hit = plan.calls >= n;
        if (plan.live != before || (hit && s && s != PROVERNET_ERR_NOMEM) ||
            (s && !err.message[0]) || (!hit && s)) {
            fprintf(stderr,
                    "%s, allocation %ld%s fails: status %d (%s), %ld blocks "
                    "lost\n",
                    name, n, once ? "" : " and later", (int)s, err.message,
                    plan.live - before);
            return 1;
        }
        if (!hit)
            break;
        /* and it works again afterwards */
        if (n % 16 == 0 && use() != 0) {
            fprintf(stderr, "%s does not recover from %ld: %s\n", name, n,
                    err.message);
            return 1;
        }
    }
    printf("%s: %ld allocations failed %s, each cleanly\n", name, n - 1,
           once ? "once" : "and ever after");
    return 0;
}

int main(void)
{
    char command[100];
    int bad = 0;

    /* in memory where there is such a folder: thousands of databases */
    strcpy(dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/pvn_alloc_XXXXXX"
                                              : "/tmp/pvn_alloc_XXXXXX");
    if (!hook_sqlite() || !mkdtemp(dir))
        return EXIT_FAILURE;
    snprintf(db_path, sizeof db_path, "%s/state.db", dir);
    pvn_env_init(&env, NULL);
    bad |= fail_each("state", use_state, true);
    bad |= fail_each("state", use_state, false);
    bad |= fail_each("artifact", use_store, true);
    bad |= fail_each("artifact", use_store, false);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (system(command) != 0)
        bad = 1;
    return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
