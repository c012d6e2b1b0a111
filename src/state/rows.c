/* state/rows.c - the rows of one batch in memory: known, made, changed.
 *
 * Pure: no database, no clock. Includes base/ only. */
#include "state/rows.h"

/* Room for every key but long texts; longer ones go to the arena. */
enum { KEY_ON_STACK = 256 };

/* ---- canonical bytes ---- */

typedef struct writer {
    uint8_t *out;
    size_t cap, len;
} writer;

static void put(writer *w, const void *data, size_t len)
{
    if (len > 0 && w->len < w->cap && len <= w->cap - w->len)
        memcpy(w->out + w->len, data, len);
    w->len += len;
}
static void put_byte(writer *w, unsigned v)
{
    uint8_t b = (uint8_t)v;
    put(w, &b, 1);
}
static void put_i64(writer *w, int64_t v)
{
    uint8_t b[8];
    pvn_put_u64be(b, (uint64_t)v);
    put(w, b, sizeof b);
}
/* Length first, so that no two lists of texts look alike; absent differs from
 * empty. */
static void put_bytes(writer *w, pvn_bytes b)
{
    uint8_t n[4];
    pvn_put_u32be(n, b.data ? (uint32_t)b.len : UINT32_MAX);
    put(w, n, sizeof n);
    if (b.data)
        put(w, b.data, b.len);
}
static void put_text(writer *w, const char *t)
{
    put_bytes(w, pvn_bytes_of(t, t ? strlen(t) : 0));
}

static const void *column_at(const void *row, const pvn_column *c)
{
    return (const char *)row + c->offset;
}

size_t pvn_row_key(const pvn_row *row, uint8_t *out, size_t cap)
{
    const pvn_table_info *t = &pvn_table_infos[row->table];
    writer w = { out, cap, 0 };
    put_byte(&w, row->table);
    for (size_t i = 0; i < t->keys; i++) {
        const pvn_column *c = &t->column[i];
        const void *p = column_at(row, c);
        switch (c->type) {
        case PVN_COL_I64:
            put_i64(&w, *(const int64_t *)p);
            break;
        case PVN_COL_ID:
            put(&w, p, sizeof(provernet_id));
            break;
        case PVN_COL_B20:
            put(&w, p, 20);
            break;
        case PVN_COL_BYTES:
            put_bytes(&w, *(const pvn_bytes *)p);
            break;
        case PVN_COL_TEXT:
            put_text(&w, *(const char *const *)p);
            break;
        }
    }
    return w.len;
}

/* ---- maps whose keys live in the arena ---- */

static void *oom(pvn_rows *r)
{
    r->failed = true;
    return NULL;
}

static bool map_put(pvn_rows *r, pvn_map *m, const uint8_t *key, size_t len,
                    void *value)
{
    uint8_t *own = pvn_arena_copy(r->arena, key, len);
    if (!own || !pvn_map_put(m, own, len, value)) {
        r->failed = true;
        return false;
    }
    return true;
}

/* The canonical key of a row: in `stack` if it fits, else in the arena. */
static const uint8_t *row_key(pvn_rows *r, const pvn_row *row,
                              uint8_t stack[KEY_ON_STACK], size_t *len)
{
    *len = pvn_row_key(row, stack, KEY_ON_STACK);
    if (*len <= KEY_ON_STACK)
        return stack;
    uint8_t *big = pvn_arena_alloc(r->arena, *len);
    if (!big)
        return oom(r);
    pvn_row_key(row, big, *len);
    return big;
}

void pvn_rows_init(pvn_rows *r, pvn_arena *arena)
{
    memset(r, 0, sizeof *r);
    r->arena = arena;
    r->last = &r->first;
    r->events_last = &r->events;
    r->wants_last = &r->wants;
}

void pvn_rows_free(pvn_rows *r)
{
    pvn_map_free(&r->by_key);
    pvn_map_free(&r->by_other);
    pvn_map_free(&r->groups);
    pvn_map_free(&r->wanted);
    r->first = NULL;
    r->last = &r->first;
    r->events = NULL;
    r->events_last = &r->events;
    r->wants = NULL;
    r->wants_last = &r->wants;
}

/* ---- other keys and groups ---- */

enum {
    OTHER_NAME = 'N',
    OTHER_DEDUP = 'D',
    OTHER_ACCOUNT = 'A',
    OTHER_WORKER = 'W',
    OTHER_TASK = 'T'
};

/* A look-up by another key; long texts make it too long for the stack. */
typedef struct other {
    uint8_t stack[KEY_ON_STACK];
    const uint8_t *key; /* NULL: no memory */
    size_t len;
} other;

static void other_write(writer *w, int tag, int64_t n, const provernet_id *id,
                        pvn_bytes a, pvn_bytes b)
{
    put_byte(w, (unsigned)tag);
    put_i64(w, n);
    if (id)
        put(w, id->bytes, sizeof id->bytes);
    put_bytes(w, a);
    put_bytes(w, b);
}
static void other_key(pvn_rows *r, other *o, int tag, int64_t n,
                      const provernet_id *id, pvn_bytes a, pvn_bytes b)
{
    writer w = { o->stack, sizeof o->stack, 0 };
    other_write(&w, tag, n, id, a, b);
    o->len = w.len;
    o->key = o->stack;
    if (w.len <= sizeof o->stack)
        return;
    uint8_t *big = pvn_arena_alloc(r->arena, w.len);
    o->key = big;
    if (!big) {
        r->failed = true;
        return;
    }
    writer again = { big, w.len, 0 };
    other_write(&again, tag, n, id, a, b);
}
static pvn_bytes text_bytes(const char *t)
{
    return pvn_bytes_of(t, t ? strlen(t) : 0);
}

static void other_put(pvn_rows *r, const other *o, pvn_row *row)
{
    if (o->key && pvn_map_get(&r->by_other, o->key, o->len) != row)
        map_put(r, &r->by_other, o->key, o->len, row);
}

/* Entries of old names stay behind: the look-ups compare with the row. */
static void index_names(pvn_rows *r, pvn_row *row)
{
    const pvn_bytes none = { NULL, 0 };
    other o;
    switch (row->table) {
    case PVN_REQUEST: {
        pvn_request *q = (pvn_request *)row;
        if (q->name.data) {
            other_key(r, &o, OTHER_NAME, q->protocol, NULL, q->name, none);
            other_put(r, &o, row);
        }
        if (q->dedup.data) {
            other_key(r, &o, OTHER_DEDUP, 0, NULL, q->dedup, none);
            other_put(r, &o, row);
        }
        break;
    }
    case PVN_ACCOUNT: {
        pvn_account *a = (pvn_account *)row;
        if (a->name) {
            other_key(r, &o, OTHER_ACCOUNT, 0, NULL, text_bytes(a->name), none);
            other_put(r, &o, row);
        }
        break;
    }
    case PVN_WORKER: {
        pvn_worker *w = (pvn_worker *)row;
        if (w->origin && w->name) {
            other_key(r, &o, OTHER_WORKER, 0, NULL, text_bytes(w->origin),
                      text_bytes(w->name));
            other_put(r, &o, row);
        }
        break;
    }
    case PVN_TASK: {
        pvn_task *t = (pvn_task *)row;
        if (t->name) {
            other_key(r, &o, OTHER_TASK, 0, &t->request, text_bytes(t->name),
                      none);
            other_put(r, &o, row);
        }
        break;
    }
    default:
        break;
    }
}

static const provernet_id *parent_of(const pvn_row *row)
{
    switch (row->table) {
    case PVN_TASK:
        return &((const pvn_task *)row)->request;
    case PVN_TASK_FILE:
        return &((const pvn_task_file *)row)->task;
    case PVN_EDGE:
        return &((const pvn_edge *)row)->before;
    case PVN_ATTEMPT:
        return &((const pvn_attempt *)row)->task;
    default:
        return NULL;
    }
}

static void group_key(uint8_t key[17], unsigned table, const provernet_id *id)
{
    key[0] = (uint8_t)table;
    memcpy(key + 1, id->bytes, sizeof id->bytes);
}

static void index_group(pvn_rows *r, pvn_row *row)
{
    const provernet_id *parent = parent_of(row);
    if (!parent || row->grouped || pvn_id_none(parent))
        return;
    uint8_t key[17];
    group_key(key, row->table, parent);
    row->sibling = pvn_map_get(&r->groups, key, sizeof key);
    row->grouped = map_put(r, &r->groups, key, sizeof key, row);
}

pvn_row *pvn_rows_group(pvn_rows *r, pvn_table table,
                        const provernet_id *parent)
{
    uint8_t key[17];
    group_key(key, table, parent);
    return pvn_map_get(&r->groups, key, sizeof key);
}

void pvn_rows_rename(pvn_rows *r, pvn_row *row)
{
    if (row->absent || row->deleted)
        return;
    index_names(r, row);
    index_group(r, row);
}

/* ---- rows ---- */

pvn_row *pvn_rows_known(pvn_rows *r, const pvn_row *key_row)
{
    uint8_t stack[KEY_ON_STACK];
    size_t len;
    const uint8_t *key = row_key(r, key_row, stack, &len);
    return key ? pvn_map_get(&r->by_key, key, len) : NULL;
}

static void append(pvn_rows *r, pvn_row *row)
{
    row->next = NULL;
    *r->last = row;
    r->last = &row->next;
}

static bool copy_column(pvn_arena *a, void *row, const pvn_column *c)
{
    void *p = (char *)row + c->offset;
    if (c->type == PVN_COL_BYTES) {
        pvn_bytes *b = p;
        if (b->data && !(b->data = pvn_arena_copy(a, b->data, b->len)))
            return false;
    } else if (c->type == PVN_COL_TEXT) {
        const char **t = p;
        if (*t && !(*t = pvn_arena_text(a, *t)))
            return false;
    }
    return true;
}

/* All columns but the key become zero. */
static void blank(pvn_row *row)
{
    const pvn_table_info *t = &pvn_table_infos[row->table];
    static const size_t width[] = { [PVN_COL_I64] = sizeof(int64_t),
                                    [PVN_COL_ID] = sizeof(provernet_id),
                                    [PVN_COL_B20] = 20,
                                    [PVN_COL_BYTES] = sizeof(pvn_bytes),
                                    [PVN_COL_TEXT] = sizeof(const char *) };
    for (size_t i = t->keys; i < t->columns; i++)
        memset((char *)row + t->column[i].offset, 0, width[t->column[i].type]);
}

pvn_row *pvn_rows_make(pvn_rows *r, const pvn_row *key_row)
{
    pvn_row *row = pvn_rows_known(r, key_row);
    if (r->failed)
        return NULL;
    if (row) {
        if (!row->absent && !row->deleted) {
            r->bug = "a row was made twice";
            r->failed = true;
            return NULL;
        }
        blank(row);
        row->fresh = row->absent;
        row->absent = row->deleted = false;
        row->dirty = true;
        index_group(r, row);
        return row;
    }
    const pvn_table_info *t = &pvn_table_infos[key_row->table];
    row = pvn_arena_alloc(r->arena, t->row_bytes);
    if (!row)
        return oom(r);
    memcpy(row, key_row, t->row_bytes);
    memset(row, 0, sizeof *row);
    row->table = key_row->table;
    blank(row);
    for (size_t i = 0; i < t->keys; i++)
        if (!copy_column(r->arena, row, &t->column[i]))
            return oom(r);
    uint8_t stack[KEY_ON_STACK];
    size_t len;
    const uint8_t *key = row_key(r, row, stack, &len);
    if (!key || !map_put(r, &r->by_key, key, len, row))
        return NULL;
    row->fresh = row->dirty = true;
    append(r, row);
    index_group(r, row);
    return row;
}

void pvn_rows_touch(pvn_rows *r, pvn_row *row)
{
    (void)r;
    row->dirty = true;
}

void pvn_rows_delete(pvn_rows *r, pvn_row *row)
{
    (void)r;
    if (row->fresh) { /* the database never heard of it */
        row->fresh = row->dirty = false;
        row->absent = true;
        return;
    }
    row->dirty = false;
    row->deleted = true;
}

pvn_row *pvn_rows_loaded(pvn_rows *r, pvn_row *row)
{
    uint8_t stack[KEY_ON_STACK];
    size_t len;
    const uint8_t *key = row_key(r, row, stack, &len);
    if (!key)
        return NULL;
    pvn_row *here = pvn_map_get(&r->by_key, key, len);
    if (here && (row->absent || !here->absent))
        return here;
    size_t bytes = pvn_table_infos[row->table].row_bytes;
    if (here) { /* looked for in vain before, there now */
        pvn_row keep = *here;
        memcpy(here, row, bytes);
        here->next = keep.next;
        here->sibling = keep.sibling;
        here->grouped = keep.grouped;
        here->claim = keep.claim;
        row = here;
    } else {
        if (!map_put(r, &r->by_key, key, len, row))
            return NULL;
        append(r, row);
    }
    if (row->absent)
        return row;
    row->was = pvn_arena_copy(r->arena, row, bytes);
    if (!row->was)
        return oom(r);
    pvn_rows_rename(r, row);
    return row;
}

/* ---- wants ---- */

static void want_write(writer *w, const pvn_want *a)
{
    put_byte(w, (unsigned)a->scan);
    put_i64(w, (int64_t)a->limit);
    put(w, a->id1.bytes, sizeof a->id1.bytes);
    put_i64(w, a->int1);
    put_i64(w, a->int2);
    put_bytes(w, a->bytes1);
    put_text(w, a->text1);
    put_text(w, a->text2);
    put_i64(w, (int64_t)(uintptr_t)a->filter);
}

static const uint8_t *want_key(pvn_rows *r, const pvn_want *ask,
                               uint8_t stack[KEY_ON_STACK], size_t *len)
{
    if (ask->scan == PVN_GET)
        return row_key(r, ask->key_row, stack, len);
    /* Behind the tables' bytes, so that a scan never looks like a key. */
    writer w = { stack, KEY_ON_STACK, 0 };
    put_byte(&w, 0xff);
    want_write(&w, ask);
    *len = w.len;
    if (w.len <= KEY_ON_STACK)
        return stack;
    uint8_t *big = pvn_arena_alloc(r->arena, w.len);
    if (!big)
        return oom(r);
    writer again = { big, w.len, 0 };
    put_byte(&again, 0xff);
    want_write(&again, ask);
    return big;
}

pvn_want *pvn_rows_want(pvn_rows *r, const pvn_want *ask)
{
    uint8_t stack[KEY_ON_STACK];
    size_t len;
    const uint8_t *key = want_key(r, ask, stack, &len);
    if (!key)
        return NULL;
    pvn_want *w = pvn_map_get(&r->wanted, key, len);
    if (w)
        return w;
    w = pvn_arena_copy(r->arena, ask, sizeof *ask);
    if (!w)
        return oom(r);
    w->loaded = false;
    w->found = NULL;
    w->found_len = 0;
    w->events = NULL;
    w->next = NULL;
    if (ask->scan == PVN_GET) {
        const pvn_table_info *t = &pvn_table_infos[ask->key_row->table];
        w->table = (pvn_table)ask->key_row->table;
        w->key_row = pvn_arena_copy(r->arena, ask->key_row, t->row_bytes);
        if (!w->key_row)
            return oom(r);
        for (size_t i = 0; i < t->keys; i++)
            if (!copy_column(r->arena, w->key_row, &t->column[i]))
                return oom(r);
    }
    if (!map_put(r, &r->wanted, key, len, w))
        return NULL;
    *r->wants_last = w;
    r->wants_last = &w->next;
    return w;
}

void pvn_rows_wants_loaded(pvn_rows *r)
{
    r->wants = NULL;
    r->wants_last = &r->wants;
}

/* ---- look-ups by another key ---- */

static pvn_row *other_get(pvn_rows *r, const other *o)
{
    pvn_row *row = o->key ? pvn_map_get(&r->by_other, o->key, o->len) : NULL;
    return row && !row->absent && !row->deleted ? row : NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

pvn_request *pvn_rows_request_by_name(pvn_rows *r, int64_t protocol,
                                      pvn_bytes name)
{
    other o;
    other_key(r, &o, OTHER_NAME, protocol, NULL, name, pvn_bytes_of(NULL, 0));
    pvn_request *q = (pvn_request *)other_get(r, &o);
    return q && q->protocol == protocol && pvn_bytes_equal(q->name, name)
               ? q
               : NULL;
}

pvn_request *pvn_rows_request_by_dedup(pvn_rows *r, pvn_bytes dedup)
{
    other o;
    other_key(r, &o, OTHER_DEDUP, 0, NULL, dedup, pvn_bytes_of(NULL, 0));
    pvn_request *q = (pvn_request *)other_get(r, &o);
    return q && q->dedup.data && pvn_bytes_equal(q->dedup, dedup) ? q : NULL;
}

pvn_account *pvn_rows_account_by_name(pvn_rows *r, const char *name)
{
    other o;
    other_key(r, &o, OTHER_ACCOUNT, 0, NULL, text_bytes(name),
              pvn_bytes_of(NULL, 0));
    pvn_account *a = (pvn_account *)other_get(r, &o);
    return a && same_text(a->name, name) ? a : NULL;
}

pvn_worker *pvn_rows_worker_by_name(pvn_rows *r, const char *origin,
                                    const char *name)
{
    other o;
    other_key(r, &o, OTHER_WORKER, 0, NULL, text_bytes(origin),
              text_bytes(name));
    pvn_worker *w = (pvn_worker *)other_get(r, &o);
    return w && same_text(w->origin, origin) && same_text(w->name, name) ? w
                                                                         : NULL;
}

pvn_task *pvn_rows_task_by_name(pvn_rows *r, const provernet_id *request,
                                const char *name)
{
    other o;
    other_key(r, &o, OTHER_TASK, 0, request, text_bytes(name),
              pvn_bytes_of(NULL, 0));
    pvn_task *t = (pvn_task *)other_get(r, &o);
    return t && pvn_id_equal(&t->request, request) && same_text(t->name, name)
               ? t
               : NULL;
}

/* ---- events and copies ---- */

void pvn_rows_event(pvn_rows *r, int64_t at_ms, const char *type,
                    const provernet_id *request, const provernet_id *task,
                    const provernet_id *worker, const char *detail)
{
    pvn_event *e = pvn_arena_alloc(r->arena, sizeof *e);
    if (!e) {
        r->failed = true;
        return;
    }
    e->at_ms = at_ms;
    e->type = type;
    e->detail = detail;
    if (request)
        e->request = *request;
    if (task)
        e->task = *task;
    if (worker)
        e->worker = *worker;
    *r->events_last = e;
    r->events_last = &e->next;
}

pvn_row *pvn_row_copy(pvn_arena *to, const pvn_row *row)
{
    const pvn_table_info *t = &pvn_table_infos[row->table];
    pvn_row *copy = pvn_arena_alloc(to, t->row_bytes);
    if (!copy)
        return NULL;
    memcpy(copy, row, t->row_bytes);
    copy->was = NULL;
    copy->next = copy->sibling = NULL;
    copy->grouped = false;
    copy->claim = NULL;
    for (size_t i = 0; i < t->columns; i++)
        if (!copy_column(to, copy, &t->column[i]))
            return NULL;
    return copy;
}
