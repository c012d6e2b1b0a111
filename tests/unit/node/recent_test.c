/* tests/unit/node/recent_test.c - rows kept for those who only look: what they
 * see is what the last commit left, and memory is bounded. */
#include "node/recent.h"
#include "test.h"
#include <provernet/request.h>

typedef struct fixture {
    pvn_recent recent;
    pvn_arena arena;
    pvn_rows rows;
} fixture;

static void make(fixture *f)
{
    memset(f, 0, sizeof *f);
    pvn_recent_init(&f->recent, 7);
    pvn_rows_init(&f->rows, &f->arena);
}

static void end(fixture *f)
{
    pvn_recent_free(&f->recent);
    pvn_rows_free(&f->rows);
    pvn_arena_free(&f->arena);
}

/* As the core does it: after a commit, then the rows are gone. */
static void commit(fixture *f)
{
    pvn_recent_learn(&f->recent, f->rows.first);
    pvn_rows_free(&f->rows);
    pvn_arena_reset(&f->arena);
    pvn_rows_init(&f->rows, &f->arena);
}

static pvn_account *account(fixture *f, uint8_t who)
{
    pvn_account key = { .row.table = PVN_ACCOUNT, .address = { who } };

    return (pvn_account *)(void *)pvn_rows_make(&f->rows, &key.row);
}

static pvn_request *request(fixture *f, uint64_t n)
{
    pvn_request key = { .row.table = PVN_REQUEST }, *q;
    uint8_t name[32] = { 0 };

    pvn_put_u64be(key.id.bytes, n);
    key.id.bytes[15] = 1;
    pvn_put_u64be(name, n);
    q = (pvn_request *)(void *)pvn_rows_make(&f->rows, &key.row);
    q->protocol = PVN_PROTOCOL_SUCCINCT;
    q->name =
        pvn_bytes_of(pvn_arena_copy(&f->arena, name, sizeof name), sizeof name);
    q->state = PROVERNET_QUEUED;
    return q;
}

/* The op answered, or NULL. */
static pvn_op *look_account(fixture *f, uint8_t who)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_ACCOUNT);

    op->u.read_account.address20[0] = who;
    if (pvn_recent_look(&f->recent, op))
        return op;
    pvn_op_free(op);
    return NULL;
}

static pvn_op *look_request(fixture *f, uint64_t n, bool by_name)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);
    uint8_t name[32] = { 0 };

    pvn_put_u64be(name, n);
    if (by_name) {
        op->u.read_request.protocol = PVN_PROTOCOL_SUCCINCT;
        op->u.read_request.name = pvn_bytes_of(
            pvn_arena_copy(&op->arena, name, sizeof name), sizeof name);
    } else {
        pvn_put_u64be(op->u.read_request.id.bytes, n);
        op->u.read_request.id.bytes[15] = 1;
    }
    if (pvn_recent_look(&f->recent, op))
        return op;
    pvn_op_free(op);
    return NULL;
}

static void a_look_sees_the_last_commit(void **state)
{
    fixture f;
    pvn_account *a;
    pvn_op *op;
    (void)state;

    make(&f);
    assert_null(look_account(&f, 1));
    a = account(&f, 1);
    a->nonce = 5;
    a->name = "one";
    commit(&f);
    op = look_account(&f, 1);
    assert_non_null(op);
    assert_true(op->done);
    assert_int_equal(op->u.read_account.account->nonce, 5);
    assert_string_equal(op->u.read_account.account->name, "one");
    assert_null(op->u.read_account.account->balance);
    pvn_op_free(op);
    assert_null(look_account(&f, 2));

    /* changed: the new one; loaded and left alone: no older copy comes back */
    a = account(&f, 1);
    a->row.fresh = false;
    a->nonce = 6;
    commit(&f);
    a = account(&f, 1);
    a->row.fresh = a->row.dirty = false;
    a->nonce = 4;
    commit(&f);
    op = look_account(&f, 1);
    assert_int_equal(op->u.read_account.account->nonce, 6);
    pvn_op_free(op);

    /* deleted */
    a = account(&f, 1);
    a->row.fresh = false;
    pvn_rows_delete(&f.rows, &a->row);
    commit(&f);
    assert_null(look_account(&f, 1));
    end(&f);
}

static void a_request_is_found_by_id_and_by_name(void **state)
{
    fixture f;
    pvn_request *q;
    pvn_op *op;
    (void)state;

    make(&f);
    q = request(&f, 9);
    q->state = PROVERNET_VERIFYING;
    q->proof.bytes[3] = 1; /* a candidate: not shown */
    q->signed_bytes = pvn_bytes_of("signed", 6);
    q->extra = pvn_bytes_of("", 0);
    commit(&f);
    for (int by_name = 0; by_name < 2; by_name++) {
        op = look_request(&f, 9, by_name);
        assert_non_null(op);
        assert_int_equal(op->u.read_request.request->state,
                         PROVERNET_VERIFYING);
        assert_true(pvn_id_none(&op->u.read_request.request->proof));
        assert_memory_equal(op->u.read_request.request->signed_bytes.data,
                            "signed", 6);
        assert_non_null(op->u.read_request.request->extra.data);
        assert_null(op->u.read_request.request->dedup.data);
        pvn_op_free(op);
    }
    q = request(&f, 9);
    q->row.fresh = false;
    q->state = PROVERNET_FULFILLED;
    q->proof.bytes[3] = 1;
    commit(&f);
    op = look_request(&f, 9, true);
    assert_int_equal(op->u.read_request.request->proof.bytes[3], 1);
    pvn_op_free(op);

    /* more than the row is not answered from here, nor what is signed */
    op = pvn_op_new(PVN_OP_READ_REQUEST);
    op->u.read_request.id.bytes[7] = 9;
    op->u.read_request.id.bytes[15] = 1;
    op->u.read_request.details = true;
    assert_false(pvn_recent_look(&f.recent, op));
    op->u.read_request.details = false;
    op->signer.check_nonce = true;
    assert_false(pvn_recent_look(&f.recent, op));
    op->signer.check_nonce = false;
    assert_true(pvn_recent_look(&f.recent, op));
    pvn_op_free(op);
    pvn_recent_forget(&f.recent);
    assert_null(look_request(&f, 9, true));
    assert_null(look_request(&f, 9, false));
    end(&f);
}

static void memory_is_bounded_and_the_unused_goes_first(void **state)
{
    static uint8_t big[1000], huge[20000];
    fixture f;
    pvn_op *op;
    (void)state;

    make(&f);
    for (uint64_t n = 0; n < 20000; n++) {
        request(&f, n)->signed_bytes = pvn_bytes_of(big, sizeof big);
        commit(&f);
        op = look_request(&f, 0, true); /* in use all the time */
        assert_non_null(op);
        pvn_op_free(op);
    }
    assert_true(f.recent.bytes <= 4 << 20);
    assert_true(f.recent.by_key.len > 1000);
    assert_int_equal(f.recent.by_key.len, f.recent.by_name.len);
    assert_null(look_request(&f, 1, false));
    op = look_request(&f, 19999, false);
    assert_non_null(op);
    pvn_op_free(op);
    /* what is too long is not kept, nor its older copy */
    request(&f, 0)->signed_bytes = pvn_bytes_of(huge, sizeof huge);
    commit(&f);
    assert_null(look_request(&f, 0, true));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_sees_the_last_commit),
        cmocka_unit_test(a_request_is_found_by_id_and_by_name),
        cmocka_unit_test(memory_is_bounded_and_the_unused_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
