/* protocol/succinct/about.c - a request with all that it is about: names,
 * program, what execution showed, the collateral. Includes succinct.h. */
#include "protocol/succinct/succinct.h"

pvn_op *pvn_about_op(pvn_call *c, const pvn_request *const *rows, size_t n)
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_ABOUT);
    struct pvn_about *a;
    bool ok = true;

    if (!op)
        return NULL;
    a = pvn_arena_alloc(&op->arena, (n + 1) * sizeof *a);
    for (size_t i = 0; a && i < n; i++) {
        const pvn_request *r = rows[i];

        a[i].request = r->id;
        a[i].protocol = r->protocol;
        a[i].program_name =
            pvn_op_bytes(op, r->program_name.data, r->program_name.len, &ok);
        memcpy(a[i].requester20, r->requester, PVN_ADDRESS);
        memcpy(a[i].fulfiller20, r->fulfiller, PVN_ADDRESS);
        a[i].auctioned = r->settle != PVN_SETTLE_NONE;
    }
    op->u.read_about.about = a;
    op->u.read_about.about_len = n;
    if (a && ok)
        return op;
    pvn_op_free(op);
    pvn_rpc_ok(c, false);
    return NULL;
}

static char *text_of(pvn_call *c, const char *text)
{
    return text && *text ? pvn_arena_text(pvn_call_arena(c), text) : NULL;
}

static void show_names(pvn_call *c, Types__ProofRequest *m,
                       const struct pvn_about *a)
{
    m->program_name = text_of(c, a->program ? a->program->label : NULL);
    m->requester_name = text_of(c, a->requester ? a->requester->name : NULL);
    m->fulfiller_name = text_of(c, a->fulfiller ? a->fulfiller->name : NULL);
    m->_program_name_case = m->program_name ? 15 : 0;
    m->_requester_name_case = m->requester_name ? 16 : 0;
    m->_fulfiller_name_case = m->fulfiller_name ? 17 : 0;
}

/* The digest that who executes signed; else the requester's stays. */
static void show_public_values(pvn_call *c, Types__ProofRequest *m,
                               const pvn_auction *a)
{
    const Types__ExecuteProofRequestBody *said;
    pvn_bytes signature, body;
    provernet_error none = { 0 };
    uint64_t format;

    if (pvn_envelope_split(a->execute_signed, &format, &signature, &body,
                           &none))
        return;
    body = pvn_bytes_of(pvn_arena_copy(pvn_call_arena(c), body.data, body.len),
                        body.len);
    said = body.data
               ? pvn_pb_unpack(
                     c, &types__execute_proof_request_body__descriptor, body)
               : NULL;
    if (!said || !said->_public_values_hash_case ||
        said->public_values_hash.len != 32)
        return;
    m->_public_values_hash_case = 23;
    m->public_values_hash = said->public_values_hash;
}

static void show_execution(pvn_call *c, Types__ProofRequest *m,
                           const pvn_auction *a)
{
    if (a->executed_ms <= 0 ||
        m->execution_status != TYPES__EXECUTION_STATUS__EXECUTED)
        return;
    m->_cycles_case = 22;
    m->cycles = (uint64_t)a->cycles;
    m->_gas_used_case = 27;
    m->gas_used = (uint64_t)a->units;
    show_public_values(c, m, a);
}

/* Taken when it was assigned; given back unless it is lost. */
static void show_collateral(pvn_call *c, Types__ProofRequest *m,
                            const pvn_auction *a)
{
    char *bond = text_of(c, a->bond);

    if (!bond)
        return;
    m->_deduction_amount_case = 24;
    m->deduction_amount = bond;
    if (a->state == PVN_AUCTION_ASSIGNED || pvn_bond_lost(a))
        return;
    m->_refund_amount_case = 25;
    m->refund_amount = bond;
}

Types__ProofRequest *pvn_proof_request_about(pvn_call *c, const pvn_request *r,
                                             const struct pvn_about *a,
                                             bool prices)
{
    pvn_known_program known = { 0 };
    Types__ProofRequest *m;

    if (a->program) {
        known.artifact = a->program->artifact;
        snprintf(known.uri, sizeof known.uri, "%s",
                 a->program->uri ? a->program->uri : "");
    }
    m = pvn_proof_request(c, r, a->program ? &known : NULL, prices);
    if (!m)
        return NULL;
    show_names(c, m, a);
    if (a->auction) {
        show_execution(c, m, a->auction);
        show_collateral(c, m, a->auction);
    }
    return m;
}
