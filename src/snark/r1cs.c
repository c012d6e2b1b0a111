/* snark/r1cs.c - see r1cs.h. Includes base/ and snark/ only. */
#include "snark/r1cs.h"
#include "base/error.h"
#include "snark/binfile.h"
#include "snark/wtns.h"

enum {
    HEADER = 1,
    CONSTRAINTS = 2,
    GATE_USES = 5,
    HEADER_BYTES = 64,
    MAX_VERSION = 1
};

static provernet_status read_header(pvn_r1cs *r, const pvn_binfile *f,
                                    provernet_error *err)
{
    uint8_t p[HEADER_BYTES];
    pvn_section s;
    provernet_status st =
        pvn_binfile_sized(f, HEADER, "header", HEADER_BYTES, &s, err);
    uint64_t named;

    if (!st)
        st = pvn_source_read(f->file, s.at, p, sizeof p, err);
    if (!st)
        st = pvn_check_prime(p, pvn_bn254_r_le32, f->file->name, err);
    if (st)
        return st;
    r->wires = pvn_get_u32le(p + 36);
    r->outputs = pvn_get_u32le(p + 40);
    r->inputs = pvn_get_u32le(p + 44);
    r->privates = pvn_get_u32le(p + 48);
    r->labels = pvn_get_u64le(p + 52);
    r->constraints = pvn_get_u32le(p + 60);
    named = 1 + (uint64_t)r->outputs + r->inputs + r->privates;
    if (named > r->wires)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: %llu wires are named as constant, inputs and "
                        "outputs, but there are only %u",
                        f->file->name, (unsigned long long)named, r->wires);
    return PROVERNET_OK;
}

static provernet_status no_gates(const pvn_binfile *f, provernet_error *err)
{
    const pvn_section *s = &f->section[GATE_USES];
    provernet_status st;
    uint8_t n[4];

    if (s->copies == 0 || s->size < 4)
        return PROVERNET_OK;
    st = pvn_source_read(f->file, s->at, n, sizeof n, err);
    if (st || pvn_get_u32le(n) == 0)
        return st;
    return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                    "%s uses %u custom gates; Groth16 has none", f->file->name,
                    pvn_get_u32le(n));
}

/* One linear combination from *at; false: cut off or out of range. */
static bool check_sum(const pvn_r1cs *r, const uint8_t **at)
{
    const uint8_t *p = *at;
    uint64_t left = (uint64_t)(r->end - p);
    uint32_t n;

    if (left < 4)
        return false;
    n = pvn_get_u32le(p);
    p += 4;
    if (n > (left - 4) / PVN_R1CS_TERM_BYTES)
        return false;
    for (uint32_t i = 0; i < n; i++, p += PVN_R1CS_TERM_BYTES)
        if (pvn_get_u32le(p) >= r->wires ||
            !pvn_le32_below(p + 4, pvn_bn254_r_le32))
            return false;
    *at = p;
    return true;
}

provernet_status pvn_r1cs_open(pvn_r1cs *out, provernet_span file,
                               const char *name, provernet_error *err)
{
    pvn_source source = pvn_source_of(&file, name);
    const uint8_t *at;
    pvn_section body;
    pvn_binfile f;
    provernet_status s;

    memset(out, 0, sizeof *out);
    s = pvn_binfile_open(&f, &source, "r1cs", MAX_VERSION, err);
    if (!s)
        s = read_header(out, &f, err);
    if (!s)
        s = no_gates(&f, err);
    if (!s)
        s = pvn_binfile_need(&f, CONSTRAINTS, "constraints", &body, err);
    if (s)
        return s;
    out->data = at = (const uint8_t *)file.data + body.at;
    out->end = at + body.size;
    for (uint32_t j = 0; j < out->constraints; j++)
        for (int k = 0; k < 3; k++)
            if (!check_sum(out, &at))
                return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                                "%s: constraint %u of %u is cut off, or has a "
                                "wire or a value out of range",
                                name, j, out->constraints);
    if (at != out->end)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: %llu bytes are left after %u constraints", name,
                        (unsigned long long)(out->end - at), out->constraints);
    return PROVERNET_OK;
}

const uint8_t *pvn_r1cs_next(const uint8_t *at, pvn_r1cs_sum abc[3])
{
    for (int k = 0; k < 3; k++) {
        abc[k].terms = pvn_get_u32le(at);
        abc[k].term = at + 4;
        at += 4 + (size_t)abc[k].terms * PVN_R1CS_TERM_BYTES;
    }
    return at;
}
