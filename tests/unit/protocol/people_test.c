/* tests/unit/protocol/people_test.c - accounts of the Succinct wire: names,
 * terms, who acts for whom, money. */
#include "people.h"
#include "protocol/succinct/succinct.h"

enum { ANNA = 0x11, BERT = 0x22, CARL = 0x33 };

static int open_world(void **state)
{
    *state = world_make("succinct.balance=1000", NULL);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- names and terms ---- */

static pvn_buf name_body(world *w, const char *name, const uint8_t *address20)
{
    pvn_buf b = begun(w);

    if (address20)
        pvn_pb_put_bytes(&b, 2, address20, 20);
    pvn_pb_put_bytes(&b, 3, name, strlen(name));
    return b;
}

static void accounts_have_unique_names(void **state)
{
    world *w = *state;
    char longest[66];
    uint8_t anna[20];
    pvn_buf b;
    answer a;

    address_of(ANNA, anna);
    a = asks(w, "GetAccountName", only(anna, 20), 0);
    assert_int_equal(a.len, 0); /* none */
    answer_free(&a);
    b = name_body(w, "anna", anna);
    signed_expects(w, "SetAccountName", &b, 0, NULL);
    a = asks(w, "GetAccountName", only(anna, 20), 0);
    assert_true(says(&a, 1, "anna"));
    answer_free(&a);
    become(w, BERT);
    b = name_body(w, "anna", NULL);
    signed_expects(w, "SetAccountName", &b, 6, "name");
    b = name_body(w, "bert", anna); /* another's account */
    signed_expects(w, "SetAccountName", &b, 7, "address");
    b = name_body(w, "", NULL);
    signed_expects(w, "SetAccountName", &b, 3, "name");
    memset(longest, 'x', 65);
    longest[65] = '\0';
    b = name_body(w, longest, NULL);
    signed_expects(w, "SetAccountName", &b, 3, "name");
    b = name_body(w, "bert", NULL);
    pvn_pb_put_bytes(&b, 2, anna, 19);
    signed_expects(w, "SetAccountName", &b, 3, "address");
    become(w, ANNA);
    a = asks(w, "GetAccount", only(anna, 20), 0);
    pvn_pb_field f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 1).bytes.data, anna, 20);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 2).bytes.data, "anna",
                        4);
    answer_free(&a);
}

static void terms_are_accepted_once(void **state)
{
    world *w = *state;
    pvn_buf b;
    answer a;

    become(w, CARL);
    a = asks(w, "GetTermsSignature", only(w->address, 20), 0);
    assert_int_equal(get(a.body, a.len, 1).wire, -1);
    answer_free(&a);
    b = begun(w);
    pvn_pb_put_bytes(&b, 3, "I accept.", 9);
    signed_expects(w, "SetTermsSignature", &b, 0, NULL);
    a = asks(w, "GetTermsSignature", only(w->address, 20), 0);
    assert_int_equal(get(a.body, a.len, 1).value, 1);
    answer_free(&a);
    b = begun(w); /* as SDKs before 4.1.4: an address, no message */
    pvn_pb_put_bytes(&b, 2, w->address, 20);
    signed_expects(w, "SetTermsSignature", &b, 0, NULL);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, "another address here", 20);
    signed_expects(w, "SetTermsSignature", &b, 7, "address");
    become(w, ANNA);
}

static void programs_are_named_by_their_owner(void **state)
{
    world *w = *state;
    uint8_t hash[32];
    pvn_buf b;
    answer a;

    register_sp1(w, 0x51);
    register_sp1(w, 0x52);
    memset(hash, 0x51, 32);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 3, "fibonacci", 9);
    signed_expects(w, "SetProgramName", &b, 0, NULL);
    a = asks(w, "GetProgram", only(hash, 32), 0);
    pvn_pb_field f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 4).bytes.data,
                        "fibonacci", 9);
    answer_free(&a);
    b = begun(w);
    memset(hash, 0x52, 32);
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 3, "fibonacci", 9);
    signed_expects(w, "SetProgramName", &b, 6, "name");
    become(w, BERT);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 3, "mine", 4);
    signed_expects(w, "SetProgramName", &b, 7, "owner");
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, "nobody's vk hash, 32 bytes long.", 32);
    pvn_pb_put_bytes(&b, 3, "mine", 4);
    signed_expects(w, "SetProgramName", &b, 5, "vk_hash");
    become(w, ANNA);
    memset(hash, 0x51, 32); /* the old name is free again */
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 3, "fib", 3);
    signed_expects(w, "SetProgramName", &b, 0, NULL);
    memset(hash, 0x52, 32);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 3, "fibonacci", 9);
    signed_expects(w, "SetProgramName", &b, 0, NULL);
}

/* ---- delegates ---- */

static void pair(world *w, const char *name, uint8_t who, int code,
                 const char *text)
{
    uint8_t address[20];
    pvn_buf b = begun(w);

    address_of(who, address);
    pvn_pb_put_bytes(&b, 2, address, 20);
    signed_expects(w, name, &b, code, text);
}

static size_t delegations(world *w, uint8_t owner, uint32_t limit,
                          uint32_t page, bool *accepted)
{
    uint8_t address[20];
    pvn_buf b = { 0 };
    pvn_pb_field f;
    size_t n;
    answer a;

    address_of(owner, address);
    pvn_pb_put_bytes(&b, 1, address, 20);
    if (limit)
        pvn_pb_put_uint(&b, 2, limit);
    if (page)
        pvn_pb_put_uint(&b, 3, page);
    a = asks(w, "GetFilteredDelegations", b, 0);
    n = count_of(&a, 1);
    if (n && accepted) {
        f = get(a.body, a.len, 1);
        assert_memory_equal(get(f.bytes.data, f.bytes.len, 1).bytes.data,
                            address, 20);
        assert_int_equal(get(f.bytes.data, f.bytes.len, 2).bytes.len, 20);
        assert_true(get(f.bytes.data, f.bytes.len, 4).value > 1700000000);
        *accepted = get(f.bytes.data, f.bytes.len, 3).value == 1;
    }
    answer_free(&a);
    return n;
}

static void cancel(world *w, const uint8_t id[32], int code)
{
    pvn_buf b = begun(w);

    pvn_pb_put_bytes(&b, 2, id, 32);
    signed_expects(w, "CancelRequest", &b, code, NULL);
}

static void a_delegate_acts_once_it_has_accepted(void **state)
{
    world *w = *state;
    bool accepted;
    uint8_t id[32];

    register_sp1(w, 0x53);
    accepted_request(w, 0x53, id);
    assert_int_equal(delegations(w, ANNA, 0, 0, NULL), 0);
    pair(w, "AddDelegation", ANNA, 3, "delegate"); /* itself */
    pair(w, "AddDelegation", BERT, 0, NULL);
    pair(w, "AddDelegation", BERT, 0, NULL);
    pair(w, "AddDelegation", CARL, 0, NULL);
    assert_int_equal(delegations(w, ANNA, 0, 0, &accepted), 2);
    assert_int_equal(delegations(w, ANNA, 1, 1, NULL), 1);
    assert_int_equal(delegations(w, ANNA, 1, 2, NULL), 1);
    assert_int_equal(delegations(w, ANNA, 1, 3, NULL), 0);
    assert_false(accepted);
    become(w, BERT);
    cancel(w, id, 7); /* not accepted yet */
    pair(w, "AcceptDelegation", ANNA, 0, NULL);
    pair(w, "AcceptDelegation", CARL, 5, NULL);
    cancel(w, id, 0);
    become(w, ANNA);
    pair(w, "RemoveDelegation", CARL, 0, NULL);
    pair(w, "RemoveDelegation", CARL, 5, NULL);
    assert_int_equal(delegations(w, ANNA, 0, 0, &accepted), 1);
    assert_true(accepted);
    become(w, BERT);
    pair(w, "TerminateDelegation", ANNA, 0, NULL);
    assert_int_equal(delegations(w, ANNA, 0, 0, NULL), 0);
    become(w, ANNA);
    accepted_request(w, 0x53, id);
    become(w, BERT);
    cancel(w, id, 7);
    become(w, ANNA);
}

/* SetDelegation by the one who speaks; field 0: nothing is spoiled. */
static void set_signer(world *w, uint8_t delegate, uint8_t prover,
                       uint32_t spoil, int code, const char *text)
{
    uint8_t a[20], b[20];
    pvn_buf m = begun(w);

    address_of(delegate, a);
    address_of(prover, b);
    pvn_pb_put_bytes(&m, 2, a, 20);
    pvn_pb_put_bytes(&m, 3, b, 20);
    pvn_pb_put_bytes(&m, 4, mainnet_domain, 32);
    pvn_pb_put_uint(&m, 5, 5);
    if (spoil == 5)
        pvn_pb_put_uint(&m, 5, 1);
    else if (spoil)
        pvn_pb_put_bytes(&m, spoil, "01234567890123456789012345678901",
                         spoil == 4 ? 32 : 20);
    signed_expects(w, "SetDelegation", &m, code, text);
}

static void owner_is(world *w, uint8_t key, uint8_t prover)
{
    uint8_t a[20], b[20];
    answer got;

    address_of(key, a);
    address_of(prover, b);
    got = asks(w, "GetOwner", only(a, 20), 0);
    assert_memory_equal(get(got.body, got.len, 1).bytes.data, b, 20);
    answer_free(&got);
}

static void signer_is(world *w, uint8_t prover, uint8_t key)
{
    uint8_t a[20], b[20];
    pvn_pb_field f;
    answer got;

    address_of(prover, a);
    address_of(key, b);
    got = asks(w, "GetDelegation", only(a, 20), 0);
    f = get(got.body, got.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 1).bytes.data, a, 20);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 2).bytes.data, b, 20);
    answer_free(&got);
}

static void a_prover_has_one_signing_key(void **state)
{
    world *w = *state;

    owner_is(w, BERT, BERT);
    signer_is(w, ANNA, ANNA);
    set_signer(w, BERT, ANNA, 4, 3, "domain");
    set_signer(w, BERT, ANNA, 5, 3, "variant");
    set_signer(w, BERT, ANNA, 6, 3, "auctioneer");
    set_signer(w, BERT, ANNA, 7, 9, "fee"); /* not that much money */
    set_signer(w, BERT, CARL, 0, 7, "owner");
    set_signer(w, BERT, ANNA, 0, 0, NULL);
    owner_is(w, BERT, ANNA);
    signer_is(w, ANNA, BERT);
    become(w, CARL);
    set_signer(w, BERT, CARL, 0, 6, "delegate"); /* it signs for Anna */
    become(w, ANNA);
    set_signer(w, 0x44, ANNA, 0, 0, NULL); /* another takes its place */
    owner_is(w, BERT, BERT);
    owner_is(w, 0x44, ANNA);
    set_signer(w, ANNA, ANNA, 0, 0, NULL);
    owner_is(w, 0x44, 0x44);
    signer_is(w, ANNA, ANNA);
}

/* ---- money ---- */

static void move(world *w, const char *name, uint8_t other, const char *amount,
                 const char *fee, int code, const char *text)
{
    uint64_t variant = strcmp(name, "Transfer") == 0 ? 6 : 7;
    uint8_t address[20];
    pvn_buf b = begun(w);

    address_of(other, address);
    pvn_pb_put_bytes(&b, 2, address, 20);
    pvn_pb_put_bytes(&b, 3, amount, strlen(amount));
    pvn_pb_put_bytes(&b, 4, mainnet_domain, 32);
    pvn_pb_put_uint(&b, 5, variant);
    if (fee)
        pvn_pb_put_bytes(&b, 7, fee, strlen(fee));
    signed_expects(w, name, &b, code, text);
}

static void has(world *w, uint8_t who, const char *amount)
{
    uint8_t address[20];
    answer a;

    address_of(who, address);
    a = asks(w, "GetBalance", only(address, 20), 0);
    if (!says(&a, 1, amount))
        fail_msg("%02x has %.*s, expected %s", who,
                 (int)get(a.body, a.len, 1).bytes.len,
                 (const char *)get(a.body, a.len, 1).bytes.data, amount);
    answer_free(&a);
}

static size_t logs(world *w, uint8_t who, uint64_t operation, uint32_t limit,
                   uint32_t page, char first[32])
{
    uint8_t address[20];
    pvn_buf b = { 0 };
    pvn_pb_field f;
    size_t n;
    answer a;

    address_of(who, address);
    pvn_pb_put_bytes(&b, 1, address, 20);
    if (operation)
        pvn_pb_put_uint(&b, 2, operation);
    if (limit)
        pvn_pb_put_uint(&b, 5, limit);
    if (page)
        pvn_pb_put_uint(&b, 6, page);
    a = asks(w, "GetFilteredBalanceLogs", b, 0);
    n = count_of(&a, 1);
    if (n && first) {
        f = get(a.body, a.len, 1);
        pvn_pb_field amount = get(f.bytes.data, f.bytes.len, 3);
        snprintf(first, 32, "%.*s", (int)amount.bytes.len,
                 (const char *)amount.bytes.data);
        assert_memory_equal(get(f.bytes.data, f.bytes.len, 1).bytes.data,
                            address, 20);
        assert_int_equal(get(f.bytes.data, f.bytes.len, 4).bytes.len, 32);
        assert_true(get(f.bytes.data, f.bytes.len, 5).value > 1700000000);
    }
    answer_free(&a);
    return n;
}

static void money_moves_and_is_logged(void **state)
{
    enum { DORA = 0x66, EMIL = 0x77, FRED = 0x88 };
    char auctioneer[64] = "succinct.auctioneer=0x", first[32];
    uint8_t address[20];
    world *w;

    (void)state;
    address_of(FRED, address);
    pvn_hex(auctioneer + 22, address, 20);
    w = world_make("succinct.balance=1000", auctioneer, "succinct.fee=3", NULL);
    become(w, DORA);
    has(w, DORA, "1000");
    move(w, "Transfer", EMIL, "100", "2", 3, "fee");
    move(w, "Transfer", EMIL, "-1", "3", 3, "amount");
    move(w, "Transfer", EMIL, "0", "3", 3, "amount");
    move(w, "Transfer", EMIL, "998", "3", 9, "balance");
    move(w, "Transfer", EMIL, "100", "3", 0, NULL);
    has(w, DORA, "897");
    has(w, EMIL, "1100");
    has(w, FRED, "1003");
    move(w, "Withdraw", EMIL, "1", "3", 7, NULL); /* not hers */
    move(w, "Withdraw", DORA, "890", "5", 0, NULL);
    has(w, DORA, "2");
    has(w, FRED, "1008");
    assert_int_equal(logs(w, DORA, 0, 0, 0, NULL), 4);
    assert_int_equal(logs(w, DORA, 4, 0, 0, first), 1); /* TRANSFER_OUT */
    assert_string_equal(first, "-100");
    assert_int_equal(logs(w, EMIL, 5, 0, 0, first), 1); /* TRANSFER_IN */
    assert_string_equal(first, "100");
    assert_int_equal(logs(w, FRED, 0, 1, 1, NULL), 1);
    assert_int_equal(logs(w, FRED, 0, 1, 2, NULL), 1);
    assert_int_equal(logs(w, FRED, 0, 1, 3, NULL), 0);
    assert_int_equal(logs(w, DORA, 6, 0, 0, first), 1); /* WITHDRAW_REQUEST */
    assert_string_equal(first, "-890");
    world_free(w);
}

static void parameters_name_fee_and_auctioneer(void **state)
{
    static const char *const names[] = { "GetTransferParams",
                                         "GetWithdrawParams",
                                         "GetDelegationParams" };
    world *w = *state;

    for (size_t i = 0; i < 3; i++) {
        pvn_buf none = { 0 };
        answer a = asks(w, names[i], none, 0);

        assert_int_equal(get(a.body, a.len, 1).bytes.len, 20);
        assert_true(says(&a, 2, "0"));
        answer_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_have_unique_names),
        cmocka_unit_test(terms_are_accepted_once),
        cmocka_unit_test(programs_are_named_by_their_owner),
        cmocka_unit_test(a_delegate_acts_once_it_has_accepted),
        cmocka_unit_test(a_prover_has_one_signing_key),
        cmocka_unit_test(money_moves_and_is_logged),
        cmocka_unit_test(parameters_name_fee_and_auctioneer),
    };

    return cmocka_run_group_tests_name("people", tests, open_world,
                                       close_world);
}
