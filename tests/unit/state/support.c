/* tests/unit/state/support.c - see support.h. */
#include "support.h"
#include "test.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

provernet_status home_try_open(home *h)
{
    memset(&h->err, 0, sizeof h->err);
    return pvn_state_sqlite_open(&h->st, h->path, &h->env, &h->err);
}

void home_open(home *h)
{
    assert_ok(home_try_open(h));
}

void home_make(home *h)
{
    memset(h, 0, sizeof *h);
    strcpy(h->dir, "/tmp/pvn_state_XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    snprintf(h->path, sizeof h->path, "%s/state.db", h->dir);
    pvn_env_init(&h->env, NULL);
    home_open(h);
}

void home_close(home *h)
{
    if (h->st)
        h->st->ops->close(h->st);
    h->st = NULL;
    pvn_arena_free(&h->arena);
}

void home_remove(home *h)
{
    DIR *d;
    struct dirent *e;
    char path[400];

    home_close(h);
    d = opendir(h->dir);
    while (d && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", h->dir, e->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(h->dir);
}

void batch_begin(home *h)
{
    pvn_arena_reset(&h->arena);
    pvn_rows_init(&h->rows, &h->arena);
    assert_ok(h->st->ops->begin(h->st, &h->now_ms, &h->err));
}

provernet_status batch_store(home *h)
{
    return h->st->ops->store(h->st, &h->rows, &h->err);
}

void batch_drop(home *h)
{
    h->st->ops->rollback(h->st);
    pvn_rows_free(&h->rows);
}

provernet_status batch_commit(home *h)
{
    provernet_status s = batch_store(h);

    if (!s)
        s = h->st->ops->commit(h->st, &h->err);
    if (s)
        h->st->ops->rollback(h->st);
    pvn_rows_free(&h->rows);
    return s;
}

static void *key_row(home *h, pvn_table table, const void *key)
{
    pvn_row *row =
        pvn_arena_copy(&h->arena, key, pvn_table_infos[table].row_bytes);

    assert_non_null(row);
    memset(row, 0, sizeof *row);
    row->table = (uint8_t)table;
    return row;
}

void *row_get(home *h, pvn_table table, const void *key)
{
    pvn_want want = { .scan = PVN_GET,
                      .table = table,
                      .key_row = key_row(h, table, key) };

    assert_ok(h->st->ops->load(h->st, &h->rows, &want, &h->err));
    assert_true(want.loaded);
    return want.found_len ? want.found[0] : NULL;
}

void *row_make(home *h, pvn_table table, const void *key)
{
    pvn_row *row = pvn_rows_make(&h->rows, key_row(h, table, key));

    assert_non_null(row);
    return row;
}

pvn_want *row_scan(home *h, pvn_want want)
{
    pvn_want *w = pvn_arena_copy(&h->arena, &want, sizeof want);

    assert_non_null(w);
    assert_int_equal(h->st->ops->load(h->st, &h->rows, w, &h->err), 0);
    return w;
}

provernet_id id_of(uint64_t n)
{
    provernet_id id = { { 0 } };

    id.bytes[0] = 1;
    pvn_put_u64be(id.bytes + 8, n);
    return id;
}

static uint64_t mix(uint64_t *seed)
{
    *seed += 0x9e3779b97f4a7c15u;
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void fill(pvn_arena *a, void *row, const pvn_column *c, uint64_t *seed)
{
    void *p = (char *)row + c->offset;
    uint8_t block[300];
    size_t len = 1 + mix(seed) % 299;

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)mix(seed);
    switch (c->type) {
    case PVN_COL_I64:
        *(int64_t *)p = (int64_t)mix(seed);
        break;
    case PVN_COL_ID:
        memcpy(p, block, 16);
        break;
    case PVN_COL_B20:
        memcpy(p, block, 20);
        break;
    case PVN_COL_BYTES: {
        pvn_bytes b = { pvn_arena_copy(a, block, len), len };
        memcpy(p, &b, sizeof b);
        break;
    }
    case PVN_COL_TEXT: {
        const char *text = pvn_arena_format(a, "text %016llx \xc3\xa9'",
                                            (unsigned long long)mix(seed));
        memcpy(p, &text, sizeof text);
        break;
    }
    }
}

void row_fill(pvn_arena *a, pvn_table table, void *row, uint64_t seed,
              bool keys, bool others)
{
    const pvn_table_info *t = &pvn_table_infos[table];

    for (size_t i = 0; i < t->columns; i++) {
        uint64_t s = seed * 1000 + i;
        if (t->column[i].key ? keys : others)
            fill(a, row, &t->column[i], &s);
    }
}

const char *row_differs(pvn_table table, const void *a, const void *b)
{
    const pvn_table_info *t = &pvn_table_infos[table];

    for (size_t i = 0; i < t->columns; i++) {
        const void *p = (const char *)a + t->column[i].offset;
        const void *q = (const char *)b + t->column[i].offset;
        bool same = false;

        switch (t->column[i].type) {
        case PVN_COL_I64:
            same = memcmp(p, q, 8) == 0;
            break;
        case PVN_COL_ID:
            same = memcmp(p, q, 16) == 0;
            break;
        case PVN_COL_B20:
            same = memcmp(p, q, 20) == 0;
            break;
        case PVN_COL_BYTES: {
            const pvn_bytes *x = p, *y = q;
            same = x->len == y->len && !x->data == !y->data &&
                   (!x->len || memcmp(x->data, y->data, x->len) == 0);
            break;
        }
        case PVN_COL_TEXT: {
            const char *x = *(const char *const *)p;
            const char *y = *(const char *const *)q;
            same = x == y || (x && y && strcmp(x, y) == 0);
            break;
        }
        }
        if (!same)
            return t->column[i].name;
    }
    return NULL;
}
