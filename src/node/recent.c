/* node/recent.c - see recent.h: copies of rows, found by key and by name, the
 * longest unused goes first. */
#include "node/recent.h"
#include <stdlib.h>

enum { BYTES_MAX = 4 << 20, ROW_MAX = 16384, KEY_MAX = 64, NAME_MAX_LEN = 64 };

/* One piece of memory: this, its two keys, the row, what the row points to. */
struct pvn_kept {
    pvn_kept *newer, *older;
    size_t bytes;
    const pvn_row *row;
    size_t key_len, name_len; /* 0: has no name */
    uint8_t key[KEY_MAX], name[8 + NAME_MAX_LEN];
};

/* ---- keys ---- */

static size_t name_key(uint8_t out[8 + NAME_MAX_LEN], int64_t protocol,
                       pvn_bytes name)
{
    if (!name.data || name.len == 0 || name.len > NAME_MAX_LEN)
        return 0;
    pvn_put_u64be(out, (uint64_t)protocol);
    memcpy(out + 8, name.data, name.len);
    return 8 + name.len;
}

static bool of_interest(const pvn_row *row)
{
    return row->table == PVN_ACCOUNT || row->table == PVN_REQUEST;
}

/* ---- copies ---- */

static size_t round_up(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

static size_t column_bytes(const void *row, const pvn_column *c)
{
    const void *p = (const char *)row + c->offset;
    const char *text;

    if (c->type == PVN_COL_BYTES)
        return ((const pvn_bytes *)p)->data ? ((const pvn_bytes *)p)->len : 0;
    if (c->type != PVN_COL_TEXT)
        return 0;
    text = *(const char *const *)p;
    return text ? strlen(text) + 1 : 0;
}

/* Move what the column points to behind the row. */
static uint8_t *pack_column(uint8_t *at, void *row, const pvn_column *c)
{
    void *p = (char *)row + c->offset;
    size_t n = column_bytes(row, c);

    if (c->type == PVN_COL_BYTES && ((pvn_bytes *)p)->data) {
        if (n)
            memcpy(at, ((pvn_bytes *)p)->data, n);
        ((pvn_bytes *)p)->data = at;
    } else if (c->type == PVN_COL_TEXT && *(const char **)p) {
        memcpy(at, *(const char **)p, n);
        *(const char **)p = (const char *)at;
    }
    return at + n;
}

static pvn_kept *copy_of(const pvn_row *row)
{
    const pvn_table_info *t = &pvn_table_infos[row->table];
    size_t fixed = round_up(sizeof(pvn_kept)) + round_up(t->row_bytes);
    size_t bytes = fixed;
    pvn_row *copy;
    pvn_kept *k;
    uint8_t *at;

    for (size_t i = 0; i < t->columns; i++)
        bytes += column_bytes(row, &t->column[i]);
    if (bytes > ROW_MAX)
        return NULL;
    k = malloc(bytes + 1); /* an empty value has an address, too */
    if (!k)
        return NULL;
    memset(k, 0, sizeof *k);
    k->bytes = bytes;
    copy = (pvn_row *)(void *)((uint8_t *)k + round_up(sizeof *k));
    memcpy(copy, row, t->row_bytes);
    memset(copy, 0, sizeof *copy);
    copy->table = row->table;
    at = (uint8_t *)k + fixed;
    for (size_t i = 0; i < t->columns; i++)
        at = pack_column(at, copy, &t->column[i]);
    k->row = copy;
    return k;
}

/* ---- the list ---- */

static void unlink_kept(pvn_recent *r, pvn_kept *k)
{
    *(k->newer ? &k->newer->older : &r->newest) = k->older;
    *(k->older ? &k->older->newer : &r->oldest) = k->newer;
}

static void link_newest(pvn_recent *r, pvn_kept *k)
{
    k->newer = NULL;
    k->older = r->newest;
    *(r->newest ? &r->newest->newer : &r->oldest) = k;
    r->newest = k;
}

static void drop(pvn_recent *r, pvn_kept *k)
{
    pvn_map_take(&r->by_key, k->key, k->key_len);
    if (k->name_len && pvn_map_get(&r->by_name, k->name, k->name_len) == k)
        pvn_map_take(&r->by_name, k->name, k->name_len);
    unlink_kept(r, k);
    r->bytes -= k->bytes;
    free(k);
}

static void add(pvn_recent *r, const pvn_row *row, const uint8_t *key,
                size_t key_len)
{
    pvn_kept *k = copy_of(row);
    const pvn_request *q = (const pvn_request *)(const void *)row;

    if (!k)
        return; /* only a hint */
    memcpy(k->key, key, key_len);
    k->key_len = key_len;
    if (row->table == PVN_REQUEST)
        k->name_len = name_key(k->name, q->protocol, q->name);
    while (r->oldest && r->bytes + k->bytes > BYTES_MAX)
        drop(r, r->oldest);
    if (!pvn_map_put(&r->by_key, k->key, k->key_len, k)) {
        free(k);
        return;
    }
    link_newest(r, k);
    r->bytes += k->bytes;
    if (k->name_len && !pvn_map_put(&r->by_name, k->name, k->name_len, k))
        drop(r, k);
}

/* ---- from outside ---- */

void pvn_recent_init(pvn_recent *r, uint64_t seed)
{
    pthread_mutex_init(&r->lock, NULL);
    r->by_key.seed = r->by_name.seed = seed;
}

void pvn_recent_forget(pvn_recent *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->oldest)
        drop(r, r->oldest);
    pthread_mutex_unlock(&r->lock);
}

void pvn_recent_free(pvn_recent *r)
{
    pvn_recent_forget(r);
    pvn_map_free(&r->by_key);
    pvn_map_free(&r->by_name);
    pthread_mutex_destroy(&r->lock);
}

static void learn(pvn_recent *r, const pvn_row *row)
{
    uint8_t key[KEY_MAX];
    size_t len = pvn_row_key(row, key, sizeof key);
    bool gone = row->absent || row->deleted;
    pvn_kept *had;

    if (len > sizeof key)
        return;
    had = pvn_map_get(&r->by_key, key, len);
    if (had && !gone && !row->dirty && !row->fresh)
        return;
    if (had)
        drop(r, had);
    if (!gone)
        add(r, row, key, len);
}

void pvn_recent_learn(pvn_recent *r, const pvn_row *first)
{
    pthread_mutex_lock(&r->lock);
    for (const pvn_row *row = first; row; row = row->next)
        if (of_interest(row))
            learn(r, row);
    pthread_mutex_unlock(&r->lock);
}

static pvn_kept *find(const pvn_recent *r, const pvn_op *op)
{
    const pvn_op_read_request *u = &op->u.read_request;
    pvn_account account = { .row.table = PVN_ACCOUNT };
    pvn_request request = { .row.table = PVN_REQUEST };
    uint8_t key[KEY_MAX + 16];
    size_t len;

    if (op->type == PVN_OP_READ_ACCOUNT) {
        memcpy(account.address, op->u.read_account.address20,
               sizeof account.address);
        len = pvn_row_key(&account.row, key, sizeof key);
    } else if (op->type != PVN_OP_READ_REQUEST || u->details) {
        return NULL;
    } else if (pvn_id_none(&u->id)) {
        len = name_key(key, u->protocol, u->name);
        return len ? pvn_map_get(&r->by_name, key, len) : NULL;
    } else {
        request.id = u->id;
        len = pvn_row_key(&request.row, key, sizeof key);
    }
    return pvn_map_get(&r->by_key, key, len);
}

bool pvn_recent_look(pvn_recent *r, pvn_op *op)
{
    pvn_kept *k;

    if (op->signer.check_nonce || op->needs)
        return false;
    pthread_mutex_lock(&r->lock);
    k = find(r, op);
    if (k) {
        if (k != r->newest) {
            unlink_kept(r, k);
            link_newest(r, k);
        }
        op->done = pvn_op_look(op, k->row);
    }
    pthread_mutex_unlock(&r->lock);
    return k && op->done;
}
