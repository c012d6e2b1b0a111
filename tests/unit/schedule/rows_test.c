/* tests/unit/schedule/rows_test.c - the rows of one batch in memory. */
#include "test.h"
#include "state/rows.h"

typedef struct batch {
    pvn_arena arena;
    pvn_rows rows;
} batch;

static int setup(void **state)
{
    static batch b;
    memset(&b, 0, sizeof b);
    pvn_rows_init(&b.rows, &b.arena);
    *state = &b;
    return 0;
}
static int teardown(void **state)
{
    batch *b = *state;
    bool failed = b->rows.failed;
    pvn_rows_free(&b->rows);
    pvn_arena_free(&b->arena);
    return failed ? -1 : 0;
}

static pvn_record record(const char *kind, const char *key)
{
    pvn_record r = { .row.table = PVN_RECORD,
                     .kind = kind,
                     .key = pvn_bytes_of(key, strlen(key)) };
    return r;
}

static void a_row_is_unknown_then_absent_then_made(void **state)
{
    batch *b = *state;
    pvn_record key = record("k", "a"), missing = key;
    assert_null(pvn_rows_known(&b->rows, &key.row));
    missing.row.absent = true;
    pvn_rows_loaded(&b->rows, &missing.row);
    assert_non_null(pvn_rows_known(&b->rows, &key.row));
    assert_null(pvn_rows_record(&b->rows, &key));
    pvn_record *made = (pvn_record *)pvn_rows_make(&b->rows, &key.row);
    assert_true(made->row.fresh);
    assert_ptr_equal(pvn_rows_record(&b->rows, &key), made);
    pvn_rows_delete(&b->rows, &made->row);
    assert_true(made->row.absent);
    assert_false(made->row.fresh);
}

static void keys_do_not_run_into_each_other(void **state)
{
    batch *b = *state;
    pvn_record x = record("ab", "c"), y = record("a", "bc");
    assert_non_null(pvn_rows_make(&b->rows, &x.row));
    assert_null(pvn_rows_known(&b->rows, &y.row));
    char big[1000];
    memset(big, 'k', sizeof big - 1);
    big[sizeof big - 1] = 0;
    pvn_record z = record("k", big);
    assert_non_null(pvn_rows_make(&b->rows, &z.row));
    assert_non_null(pvn_rows_known(&b->rows, &z.row));
}

static void a_loaded_row_never_replaces_one_that_is_here(void **state)
{
    batch *b = *state;
    pvn_record first = record("k", "a"), second = first;
    pvn_row *here = pvn_rows_loaded(&b->rows, &first.row);
    first.expires_ms = 5;
    pvn_rows_touch(&b->rows, here);
    assert_ptr_equal(pvn_rows_loaded(&b->rows, &second.row), here);
    assert_int_equal(((const pvn_record *)here->was)->expires_ms, 0);
    assert_true(here->dirty);
}

static void a_deleted_row_made_again_is_changed_not_inserted(void **state)
{
    batch *b = *state;
    pvn_record r = record("k", "a");
    r.value = pvn_bytes_of("v", 1);
    pvn_rows_loaded(&b->rows, &r.row);
    pvn_rows_delete(&b->rows, &r.row);
    pvn_record key = record("k", "a");
    assert_null(pvn_rows_record(&b->rows, &key));
    pvn_row *again = pvn_rows_make(&b->rows, &key.row);
    assert_ptr_equal(again, &r.row);
    assert_false(again->fresh);
    assert_false(again->deleted);
    assert_true(again->dirty);
    assert_null(r.value.data);
}

static void other_names_follow_the_row(void **state)
{
    batch *b = *state;
    pvn_request key = { .row.table = PVN_REQUEST, .id = { { 1 } } };
    pvn_request *q = (pvn_request *)pvn_rows_make(&b->rows, &key.row);
    pvn_bytes wish = pvn_bytes_of("wish", 4), name = pvn_bytes_of("n", 1);
    q->dedup = wish;
    q->protocol = 3;
    q->name = name;
    pvn_rows_rename(&b->rows, &q->row);
    assert_ptr_equal(pvn_rows_request_by_dedup(&b->rows, wish), q);
    assert_ptr_equal(pvn_rows_request_by_name(&b->rows, 3, name), q);
    assert_null(pvn_rows_request_by_name(&b->rows, 4, name));
    q->dedup = pvn_bytes_of(NULL, 0);
    assert_null(pvn_rows_request_by_dedup(&b->rows, wish));
    key.id.bytes[0] = 2;
    pvn_request *next = (pvn_request *)pvn_rows_make(&b->rows, &key.row);
    next->dedup = wish;
    pvn_rows_rename(&b->rows, &next->row);
    assert_ptr_equal(pvn_rows_request_by_dedup(&b->rows, wish), next);
}

static void children_are_found_by_their_parent(void **state)
{
    batch *b = *state;
    provernet_id parent = { { 9 } };
    for (uint8_t i = 1; i <= 3; i++) {
        pvn_task key = { .row.table = PVN_TASK, .id = { { i } } };
        pvn_task *t = (pvn_task *)pvn_rows_make(&b->rows, &key.row);
        t->request = parent;
        t->name = i == 1 ? "main" : i == 2 ? "left" : "right";
        pvn_rows_rename(&b->rows, &t->row);
        pvn_rows_rename(&b->rows, &t->row); /* once only */
    }
    size_t n = 0;
    for (pvn_row *r = pvn_rows_group(&b->rows, PVN_TASK, &parent); r;
         r = r->sibling)
        n++;
    assert_int_equal(n, 3);
    assert_int_equal(
        pvn_rows_task_by_name(&b->rows, &parent, "left")->id.bytes[0], 2);
    assert_null(pvn_rows_task_by_name(&b->rows, &parent, "none"));
}

static void the_same_want_is_asked_once(void **state)
{
    batch *b = *state;
    pvn_want ask = { .scan = PVN_TASKS_READY, .text1 = "k", .limit = 8 };
    pvn_want *w = pvn_rows_want(&b->rows, &ask);
    assert_ptr_equal(pvn_rows_want(&b->rows, &ask), w);
    ask.limit = 9;
    assert_ptr_not_equal(pvn_rows_want(&b->rows, &ask), w);
    pvn_record key = record("k", "a");
    pvn_want get = { .scan = PVN_GET, .key_row = &key.row };
    pvn_want *g = pvn_rows_want(&b->rows, &get);
    assert_ptr_equal(pvn_rows_want(&b->rows, &get), g);
    assert_ptr_not_equal(g->key_row, &key.row);
    assert_ptr_equal(b->rows.wants, w);
    pvn_rows_wants_loaded(&b->rows);
    assert_null(b->rows.wants);
}

static void a_copy_owns_its_texts(void **state)
{
    batch *b = *state;
    char name[] = "anna";
    pvn_account a = { .row.table = PVN_ACCOUNT, .name = name };
    pvn_arena own = { 0 };
    const pvn_account *copy = (const pvn_account *)pvn_row_copy(&own, &a.row);
    name[0] = 'b';
    assert_string_equal(copy->name, "anna");
    assert_null(copy->balance);
    pvn_arena_free(&own);
    (void)b;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_row_is_unknown_then_absent_then_made),
        TEST(keys_do_not_run_into_each_other),
        TEST(a_loaded_row_never_replaces_one_that_is_here),
        TEST(a_deleted_row_made_again_is_changed_not_inserted),
        TEST(other_names_follow_the_row),
        TEST(children_are_found_by_their_parent),
        TEST(the_same_want_is_asked_once),
        TEST(a_copy_owns_its_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
