/* protocol/succinct/program.c - GetProgram, CreateProgram, SetProgramName. A
 * program is an
 * SP1 ELF or a circuit; its first bytes say which. Includes succinct.h,
 * http/artifacts.h, prove/kinds.h. */
#include "protocol/succinct/succinct.h"
#include "prove/kinds.h"
#include "protocol/http/artifacts.h"

/* ---- GetProgram ---- */

pvn_next pvn_succinct_get_program_begin(pvn_call *c)
{
    const Types__GetProgramRequest *m = pvn_pb_unpack(
        c, &types__get_program_request__descriptor, pvn_call_message(c));
    pvn_op *op;

    if (!m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_field_len(c, "vk_hash", m->vk_hash, PVN_VK_HASH))
        return PVN_ANSWER;
    op = pvn_succinct_op(c, PVN_OP_READ_PROGRAM);
    if (!op)
        return PVN_ANSWER;
    op->u.read_program.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_program.name = pvn_bytes_of(
        pvn_arena_copy(&op->arena, m->vk_hash.data, PVN_VK_HASH), PVN_VK_HASH);
    if (!op->u.read_program.name.data) {
        pvn_op_free(op);
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

static ProtobufCBinaryData binary(pvn_bytes b)
{
    ProtobufCBinaryData out = { b.len, (uint8_t *)b.data };

    return out;
}

pvn_next pvn_succinct_get_program_resume(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_program *p = op->u.read_program.program;
    Types__GetProgramResponse m = TYPES__GET_PROGRAM_RESPONSE__INIT;
    Types__Program program = TYPES__PROGRAM__INIT;
    char hex[2 * PVN_VK_HASH + 1];

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (!p) /* any other code, and the SDK would not register it */
        return pvn_call_fail(
            c, PROVERNET_ERR_NOT_FOUND,
            "there is no program with vk_hash 0x%s\nhelp: "
            "register it with CreateProgram",
            pvn_hex(hex, op->u.read_program.name.data, PVN_VK_HASH));
    program.vk_hash = binary(p->name);
    program.vk = binary(p->vk);
    program.program_uri = (char *)(p->uri ? p->uri : "");
    if (p->label && *p->label) {
        program._name_case = TYPES__PROGRAM___NAME_NAME;
        program.name = (char *)p->label;
    }
    program.owner.data = (uint8_t *)p->owner;
    program.owner.len = sizeof p->owner;
    program.created_at = (uint64_t)(p->created_ms / 1000);
    m.program = &program;
    return pvn_pb_reply(c, &m.base);
}

/* ---- CreateProgram: artifact -> its first bytes on the crew -> register ----
 */

typedef struct create {
    enum { READ, LOOK, REGISTER } step;
    pvn_envelope envelope;
    const Types__CreateProgramRequestBody *body;
    provernet_id artifact_id;
    const pvn_artifact *artifact; /* in the call's arena */
    const char *kind;
    pvn_bytes vk;        /* as sent; a circuit's own if none was */
    provernet_error err; /* of the crew */
} create;

static bool check_body(pvn_call *c, create *k)
{
    const Types__CreateProgramRequestBody *m = k->body;

    if (!pvn_field_len(c, "vk_hash", m->vk_hash, PVN_VK_HASH))
        return false;
    if (m->vk.len > PVN_VK_MAX) {
        pvn_call_fail(c, PROVERNET_ERR_LIMIT,
                      "vk has %zu bytes, the limit is %d", m->vk.len,
                      PVN_VK_MAX);
        return false;
    }
    if (strlen(m->program_uri) > PVN_URI_MAX) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "program_uri has %zu bytes, the limit is %d",
                      strlen(m->program_uri), PVN_URI_MAX);
        return false;
    }
    if (!pvn_artifact_uri_id(m->program_uri, &k->artifact_id)) {
        pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                      "program_uri names no artifact of this server\nhelp: "
                      "send the artifact_uri that CreateArtifact gave");
        return false;
    }
    return true;
}

pvn_next pvn_succinct_create_program_begin(pvn_call *c)
{
    create *k = pvn_arena_alloc(pvn_call_arena(c), sizeof *k);
    pvn_op *op;

    if (!k)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    pvn_call_keep(c, 1, k);
    if (!pvn_envelope_open(c, &k->envelope,
                           &types__create_program_request_body__descriptor))
        return PVN_ANSWER;
    k->body = pvn_pb_unpack(c, &types__create_program_request_body__descriptor,
                            k->envelope.body);
    if (!k->body)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!check_body(c, k))
        return PVN_ANSWER;
    op = pvn_succinct_op(c, PVN_OP_READ_ARTIFACT);
    if (!op)
        return PVN_ANSWER;
    op->u.read_artifact.id = k->artifact_id;
    k->step = READ;
    pvn_call_op(c, op);
    return PVN_OP;
}

/* A circuit must be what its vk and hash say. Its vk may be left out: it is in
 * the circuit. */
static provernet_status look_at_circuit(pvn_call *c, create *k, pvn_raw *raw)
{
    uint64_t bytes = (uint64_t)k->artifact->raw_bytes;
    pvn_buf own = { 0 };
    provernet_status s = pvn_circuit_check(pvn_raw_read, raw, bytes, k->vk,
                                           k->body->vk_hash.data, &k->err);

    if (s != PROVERNET_OK || k->vk.len > 0)
        return s;
    s = pvn_circuit_vk(pvn_raw_read, raw, bytes, &own, &k->err);
    if (s == PROVERNET_OK) {
        k->vk = pvn_bytes_of(
            pvn_arena_copy(pvn_call_arena(c), own.data, own.len), own.len);
        if (!k->vk.data)
            s = pvn_nomem(&k->err);
    }
    pvn_buf_free(&own);
    return s;
}

static provernet_status look_at(pvn_call *c, create *k, pvn_raw *raw)
{
    const pvn_artifact *a = k->artifact;
    uint8_t head[64];
    size_t len =
        a->raw_bytes < (int64_t)sizeof head ? (size_t)a->raw_bytes : 64;
    provernet_status s = pvn_raw_read(raw, head, len, 0, &k->err);

    if (s != PROVERNET_OK)
        return s;
    k->kind = pvn_program_family(pvn_bytes_of(head, len));
    if (!k->kind)
        return pvn_fail(&k->err, PROVERNET_ERR_FORMAT, 0,
                        "the program artifact is neither an ELF in bincode "
                        "nor a .zkey");
    return strcmp(k->kind, "sp1") == 0 ? PROVERNET_OK
                                       : look_at_circuit(c, k, raw);
}

/* On the crew: files are read here. */
static void look(pvn_call *c)
{
    create *k = pvn_call_kept(c, 1);
    pvn_raw *raw = NULL;
    provernet_status s =
        pvn_raw_open(&raw, pvn_call_node(c), k->artifact, &k->err);

    k->vk = pvn_bin(k->body->vk);
    if (s == PROVERNET_OK)
        s = look_at(c, k, raw);
    k->err.status = s;
    pvn_raw_close(raw);
}

static pvn_next artifact_read(pvn_call *c, create *k)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_artifact *a = op->u.read_artifact.artifact;

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (!a && !pvn_artifact_id_ours(c, &k->artifact_id))
        return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                             "program_uri: there is no such artifact");
    if (!a)
        return pvn_call_fail(c, PROVERNET_ERR_STATE,
                             "program_uri: the artifact has not been uploaded"
                             "\nhelp: PUT its bytes first");
    if (a->type != PVN_TYPE_PROGRAM || a->state != PVN_ARTIFACT_STORED)
        return pvn_call_fail(
            c, PROVERNET_ERR_STATE, "program_uri: the artifact %s",
            a->type != PVN_TYPE_PROGRAM ? "is not of type PROGRAM"
            : a->state == PVN_ARTIFACT_ISSUED
                ? "has not been uploaded\nhelp: PUT its bytes first"
                : "has expired\nhelp: upload it again");
    k->artifact = (const void *)pvn_row_copy(pvn_call_arena(c), &a->row);
    if (!k->artifact)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    k->step = LOOK;
    pvn_call_crew(c, look);
    return PVN_CREW;
}

static bool fill_register(pvn_op *op, const create *k)
{
    pvn_op_program_register *p = &op->u.program_register;
    const Types__CreateProgramRequestBody *m = k->body;

    p->protocol = PVN_PROTOCOL_SUCCINCT;
    p->name = pvn_bytes_of(
        pvn_arena_copy(&op->arena, m->vk_hash.data, PVN_VK_HASH), PVN_VK_HASH);
    p->vk = pvn_bytes_of(
        pvn_arena_copy(&op->arena, k->vk.len ? k->vk.data : (const void *)"",
                       k->vk.len),
        k->vk.len);
    p->kind = pvn_arena_text(&op->arena, k->kind);
    p->uri = pvn_arena_text(&op->arena, m->program_uri);
    p->artifact = k->artifact_id;
    memcpy(p->owner20, k->envelope.signer20, sizeof p->owner20);
    return p->name.data && p->vk.data && p->kind && p->uri;
}

static pvn_next looked(pvn_call *c, create *k)
{
    pvn_op *op;

    if (k->err.status == PROVERNET_ERR_UNSUPPORTED) /* a circuit of a kind we
                                                       cannot prove */
        return pvn_call_fail(c, PROVERNET_ERR_INVALID, "%s", k->err.message);
    if (k->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &k->err);
    op = pvn_succinct_signed_op(c, PVN_OP_PROGRAM_REGISTER, &k->envelope,
                                k->body->nonce);
    if (!op)
        return PVN_ANSWER;
    if (!fill_register(op, k)) {
        pvn_op_free(op);
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    }
    k->step = REGISTER;
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next registered(pvn_call *c, create *k)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    pvn_known_program known = { .artifact = k->artifact_id };

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (!op->u.program_register.existed) {
        snprintf(known.kind, sizeof known.kind, "%s", k->kind);
        snprintf(known.uri, sizeof known.uri, "%s", k->body->program_uri);
        pvn_program_learn(pvn_call_node(c), pvn_bin(k->body->vk_hash), &known);
    }
    return pvn_succinct_accepted(c, &k->envelope);
}

pvn_next pvn_succinct_create_program_resume(pvn_call *c)
{
    create *k = pvn_call_kept(c, 1);

    switch (k->step) {
    case READ:
        return artifact_read(c, k);
    case LOOK:
        return looked(c, k);
    default:
        return registered(c, k);
    }
}

/* ---- SetProgramName ---- */

static bool fill_name(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__SetProgramNameRequestBody *m = r->in;
    pvn_op_program_name *u = &op->u.program_name;
    bool ok = true;

    if (!pvn_field_len(c, "vk_hash", m->vk_hash, PVN_VK_HASH))
        return false;
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->name = pvn_op_bytes(op, m->vk_hash.data, PVN_VK_HASH, &ok);
    u->label = pvn_op_text(op, m->name, &ok);
    memcpy(u->by20, r->e.signer20, sizeof u->by20);
    return pvn_rpc_ok(c, ok);
}

const pvn_rpc pvn_rpc_set_program_name = {
    .in = &types__set_program_name_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_PROGRAM_NAME,
    .fill = fill_name,
};
