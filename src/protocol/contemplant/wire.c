/* protocol/contemplant/wire.c - see wire.h. Includes base/ only. */
#include "protocol/contemplant/wire.h"
#include <stdio.h>

enum { /* offsets in an answer with a proof */
       AT_ID = 12,
       AT_KNOWN = AT_ID + PVN_CT_ID,
       AT_HAS_PROOF = AT_KNOWN + 1 + 4,
       AT_PROOF = AT_HAS_PROOF + 1 + 8
};

/* ---- reading ---- */

/* The proof begins here. */
static bool at_proof(const pvn_ct_reader *r)
{
    const uint8_t *p = r->small;

    return r->len == AT_PROOF && !r->proof_seen &&
           pvn_get_u32le(p) == PVN_CT_STATUS &&
           pvn_get_u64le(p + 4) == PVN_CT_ID && p[AT_KNOWN] == 1 &&
           p[AT_HAS_PROOF] == 1;
}

static size_t take_small(pvn_ct_reader *r, const uint8_t *data, size_t len)
{
    size_t room = r->len < AT_PROOF ? AT_PROOF - r->len : PVN_CT_SMALL - r->len;
    size_t n = len < room ? len : room;

    memcpy(r->small + r->len, data, n);
    r->len += n;
    if (at_proof(r)) {
        r->proof_left = pvn_get_u64le(r->small + AT_PROOF - 8);
        r->in_proof = r->proof_left > 0;
        r->proof_seen = true;
    }
    /* What is above the limit is trailing, or makes the message unreadable. */
    return n ? n : len;
}

size_t pvn_ct_feed(pvn_ct_reader *r, const uint8_t *data, size_t len,
                   const uint8_t **piece, size_t *piece_len)
{
    *piece_len = 0;
    if (!r->in_proof)
        return take_small(r, data, len);
    *piece = data;
    *piece_len = len < r->proof_left ? len : (size_t)r->proof_left;
    r->proof_left -= *piece_len;
    r->in_proof = r->proof_left > 0;
    return *piece_len;
}

const uint8_t *pvn_ct_proof_id(const pvn_ct_reader *r)
{
    return r->small + AT_ID;
}

typedef struct cursor {
    const uint8_t *p, *end;
    bool bad;
} cursor;

static const uint8_t *take(cursor *c, uint64_t n)
{
    const uint8_t *p = c->p;

    if (c->bad || n > (uint64_t)(c->end - c->p)) {
        c->bad = true;
        return NULL;
    }
    c->p += n;
    return p;
}

static uint64_t u64(cursor *c)
{
    const uint8_t *p = take(c, 8);

    return p ? pvn_get_u64le(p) : 0;
}

static uint32_t u32(cursor *c)
{
    const uint8_t *p = take(c, 4);

    return p ? pvn_get_u32le(p) : 0;
}

static bool flag(cursor *c)
{
    const uint8_t *p = take(c, 1);

    if (p && *p > 1)
        c->bad = true;
    return p && *p == 1;
}

/* Text for people and keys: control bytes and too much of it are refused. */
static void text(cursor *c, char *out, size_t max)
{
    uint64_t len = u64(c);
    const uint8_t *p = len <= max ? take(c, len) : NULL;

    out[0] = '\0';
    if (!p) {
        c->bad = true;
        return;
    }
    for (size_t i = 0; i < len; i++)
        if (p[i] < 0x20 || p[i] == 0x7f)
            c->bad = true;
    memcpy(out, p, len);
    out[len] = '\0';
}

static void read_drop(cursor *c, pvn_ct_message *m)
{
    if (flag(c))
        text(c, m->drop, PVN_CT_DROP);
}

static bool read_register(cursor c, pvn_ct_message *m)
{
    uint64_t n;

    text(&c, m->name, PVN_CT_NAME);
    text(&c, m->version, PVN_CT_VERSION);
    n = u64(&c);
    if (n > 16)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t vm = u32(&c);

        if (vm > PVN_CT_RISC0)
            return false;
        m->vms |= 1u << vm;
    }
    m->groth16 = flag(&c);
    read_drop(&c, m);
    return !c.bad;
}

/* Protocol 6 and before: it is to be told why it is not wanted. */
static bool read_old_register(cursor c, pvn_ct_message *m)
{
    text(&c, m->name, PVN_CT_NAME);
    text(&c, m->version, PVN_CT_VERSION);
    read_drop(&c, m);
    m->old = true;
    return !c.bad && m->version[0] >= '0' && m->version[0] <= '6' &&
           m->version[1] == '.';
}

static void read_progress(cursor *c, pvn_ct_message *m)
{
    uint32_t stage;

    m->stage = PVN_CT_NO_STAGE;
    if (!flag(c))
        return;
    stage = u32(c);
    if (stage > PVN_CT_DONE)
        c->bad = true;
    else
        m->stage = (pvn_ct_stage)stage;
    m->percent = stage == PVN_CT_DONE ? 100 : u64(c);
}

static bool read_status(cursor c, pvn_ct_message *m, bool proof)
{
    const uint8_t *id;

    if (u64(&c) != PVN_CT_ID)
        return false;
    id = take(&c, PVN_CT_ID);
    if (id)
        memcpy(m->id, id, PVN_CT_ID);
    m->stage = PVN_CT_NO_STAGE;
    m->known = flag(&c);
    if (c.bad || !m->known)
        return !c.bad;
    m->execution = (int32_t)u32(&c);
    m->has_proof = flag(&c);
    if (m->has_proof)
        u64(&c); /* its bytes went by */
    read_progress(&c, m);
    return !c.bad && m->has_proof == proof;
}

static bool read_any(const pvn_ct_reader *r, pvn_ct_message *m)
{
    cursor c = { r->small, r->small + r->len, false };
    uint32_t tag = u32(&c);
    pvn_ct_message old = { 0 };

    if (c.bad || tag > PVN_CT_HEARTBEAT || r->in_proof)
        return false;
    m->type = old.type = (pvn_ct_type)tag;
    if (tag == PVN_CT_HEARTBEAT)
        return true;
    if (tag == PVN_CT_STATUS)
        return read_status(c, m, r->proof_seen);
    if (read_register(c, m))
        return true;
    if (!read_old_register(c, &old))
        return false;
    *m = old;
    return true;
}

provernet_status pvn_ct_read(pvn_ct_reader *r, pvn_ct_message *m,
                             provernet_error *err)
{
    size_t len = r->len;
    bool ok;

    memset(m, 0, sizeof *m);
    ok = read_any(r, m);
    r->len = 0;
    r->proof_left = 0;
    r->in_proof = r->proof_seen = false;
    if (ok)
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "a message of a worker is not one of protocol 7 (%zu "
                    "bytes beside a proof)",
                    len);
}

/* ---- writing ---- */

size_t pvn_ct_question(uint8_t out[PVN_CT_QUESTION],
                       const uint8_t id[PVN_CT_ID])
{
    pvn_put_u32le(out, 1);
    pvn_put_u64le(out + 4, PVN_CT_ID);
    memcpy(out + 12, id, PVN_CT_ID);
    return PVN_CT_QUESTION;
}

void pvn_ct_job_make(pvn_ct_job *j, pvn_ct_vm vm, const uint8_t id[PVN_CT_ID],
                     uint32_t mode, bool mock, uint64_t program_bytes,
                     uint64_t input_bytes)
{
    memset(j, 0, sizeof *j);
    pvn_put_u32le(j->head, 0);
    pvn_put_u32le(j->head + 4, (uint32_t)vm);
    pvn_put_u64le(j->head + 8, PVN_CT_ID);
    memcpy(j->head + 16, id, PVN_CT_ID);
    j->head_len = 16 + PVN_CT_ID;
    if (vm == PVN_CT_SP1) {
        j->middle[0] = mock;
        pvn_put_u32le(j->middle + 1, mode);
        j->middle_len = 5;
        return;
    }
    pvn_put_u64le(j->head + j->head_len, program_bytes);
    j->head_len += 8;
    pvn_put_u64le(j->middle, input_bytes);
    j->middle_len = 8;
    pvn_put_u32le(j->tail, mode);
    j->tail[4] = mock;
    j->tail[5] = 0; /* nothing to wrap */
    j->tail_len = 6;
}

/* ---- kinds ---- */

static const struct {
    const char *prefix, *name;
    pvn_ct_vm vm;
    uint32_t mode;
} modes[] = {
    { "sp1/core@", "CORE", PVN_CT_SP1, 1 },
    { "sp1/compressed@", "COMPRESSED", PVN_CT_SP1, 2 },
    { "sp1/plonk@", "PLONK", PVN_CT_SP1, 3 },
    { "sp1/groth16@", "GROTH16", PVN_CT_SP1, 4 },
    { "risc0/composite@", "COMPOSITE", PVN_CT_RISC0, 0 },
    { "risc0/succinct@", "SUCCINCT", PVN_CT_RISC0, 1 },
    { "risc0/groth16@", "GROTH16", PVN_CT_RISC0, 2 },
};
enum { MODES = sizeof modes / sizeof *modes };

bool pvn_ct_kind(const char *kind, pvn_ct_vm *vm, uint32_t *mode)
{
    for (size_t i = 0; kind && i < MODES; i++) {
        if (strncmp(kind, modes[i].prefix, strlen(modes[i].prefix)) != 0)
            continue;
        *vm = modes[i].vm;
        *mode = modes[i].mode;
        return true;
    }
    return false;
}

const char *pvn_ct_mode_name(pvn_ct_vm vm, uint32_t mode)
{
    for (size_t i = 0; i < MODES; i++)
        if (modes[i].vm == vm && modes[i].mode == mode)
            return modes[i].name;
    return "UNSPECIFIED_PROOF_MODE";
}

static void add_version(pvn_buf *out, const pvn_ct_message *m, pvn_ct_vm vm,
                        const char *version, size_t len)
{
    for (size_t i = 0; i < MODES; i++) {
        if (modes[i].vm != vm ||
            (vm == PVN_CT_RISC0 && modes[i].mode == 2 && !m->groth16))
            continue;
        pvn_buf_format(out, "%s%s%.*s", out->len ? "," : "", modes[i].prefix,
                       (int)len, version);
    }
}

static void add_vm(pvn_buf *out, const pvn_ct_message *m, pvn_ct_vm vm,
                   const char *versions)
{
    if (!(m->vms & 1u << vm))
        return;
    while (*versions) {
        size_t len;

        versions += strspn(versions, ", ");
        len = strcspn(versions, ", ");
        if (len)
            add_version(out, m, vm, versions, len);
        versions += len;
    }
}

void pvn_ct_kinds(pvn_buf *out, const pvn_ct_message *m, const char *sp1,
                  const char *risc0)
{
    add_vm(out, m, PVN_CT_SP1, sp1);
    add_vm(out, m, PVN_CT_RISC0, risc0);
}

bool pvn_ct_proof_fits(pvn_ct_vm vm, uint32_t mode, const uint8_t first[4])
{
    /* both number the variants of a proof in the order of their modes */
    return pvn_get_u32le(first) == (vm == PVN_CT_SP1 ? mode - 1 : mode);
}
