/* snark/zkey.c - see zkey.h. Includes base/ and snark/ only. */
#include "snark/zkey.h"
#include "base/error.h"
#include "snark/binfile.h"
#include "snark/wtns.h"

enum {
    PROTOCOL = 1,
    HEADER = 2,
    IC = 3,
    COEFS = 4,
    A = 5,
    B1 = 6,
    B2 = 7,
    C = 8,
    H = 9,
    MAX_VERSION = 2,
    GROTH16 = 1,
    PLONK = 2,
    FFLONK = 10
};

static provernet_status check_protocol(const pvn_binfile *f,
                                       provernet_error *err)
{
    pvn_section s;
    provernet_status st;
    uint8_t n[4];
    uint32_t p;

    st = pvn_binfile_sized(f, PROTOCOL, "protocol", 4, &s, err);
    if (!st)
        st = pvn_source_read(f->file, s.at, n, sizeof n, err);
    if (st)
        return st;
    p = pvn_get_u32le(n);
    if (p == GROTH16)
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                    "%s is a key for %s (protocol %u), expected Groth16 "
                    "(protocol 1)\nhelp: make it with \"snarkjs groth16 "
                    "setup\"",
                    f->file->name,
                    p == PLONK    ? "PLONK"
                    : p == FFLONK ? "FFLONK"
                                  : "an unknown proof system",
                    p);
}

static provernet_status check_counts(pvn_zkey *z, const char *name,
                                     provernet_error *err)
{
    char a[PVN_COUNT_CAP], b[PVN_COUNT_CAP];

    if (z->publics >= z->wires)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: %s public signals and %s wires; there must be "
                        "more wires than public signals",
                        name, pvn_count_text(a, z->publics),
                        pvn_count_text(b, z->wires));
    if (z->domain == 0 || (z->domain & (z->domain - 1)) != 0)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: domain size %s is not a power of two", name,
                        pvn_count_text(a, z->domain));
    while ((1u << z->log_domain) < z->domain)
        z->log_domain++;
    if (z->log_domain > PVN_ZKEY_MAX_LOG_DOMAIN)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "%s: domain 2^%u, at most 2^%d is supported", name,
                        z->log_domain, PVN_ZKEY_MAX_LOG_DOMAIN);
    if (z->domain <= z->publics)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: domain size %s for %s public signals, at least "
                        "one more is needed",
                        name, pvn_count_text(a, z->domain),
                        pvn_count_text(b, z->publics));
    return PROVERNET_OK;
}

static provernet_status read_header(pvn_zkey *z, const pvn_binfile *f,
                                    provernet_error *err)
{
    pvn_section s;
    provernet_status st =
        pvn_binfile_sized(f, HEADER, "header", PVN_ZKEY_HEAD_BYTES, &s, err);
    const uint8_t *p = z->head;

    if (!st)
        st = pvn_source_read(f->file, s.at, z->head, sizeof z->head, err);
    if (st)
        return st;
    st = pvn_check_prime(p, pvn_bn254_q_le32, f->file->name, err);
    if (!st)
        st = pvn_check_prime(p + 36, pvn_bn254_r_le32, f->file->name, err);
    if (st)
        return st;
    z->wires = pvn_get_u32le(p + 72);
    z->publics = pvn_get_u32le(p + 76);
    z->domain = pvn_get_u32le(p + 80);
    return check_counts(z, f->file->name, err);
}

static provernet_status find_coefs(pvn_zkey *z, const pvn_binfile *f,
                                   provernet_error *err)
{
    pvn_section s;
    provernet_status st = pvn_binfile_need(f, COEFS, "coefficients", &s, err);
    uint8_t n[4];

    if (st)
        return st;
    if (s.size < 4)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: section %d (coefficients) has %u bytes, its "
                        "count alone has 4",
                        f->file->name, COEFS, (unsigned)s.size);
    st = pvn_source_read(f->file, s.at, n, sizeof n, err);
    if (st)
        return st;
    z->coefs = pvn_get_u32le(n);
    z->coef = s.at + 4;
    return pvn_binfile_sized(f, COEFS, "coefficients",
                             4 + (uint64_t)z->coefs * PVN_ZKEY_COEF_BYTES, &s,
                             err);
}

static provernet_status find_points(uint64_t *out, const pvn_binfile *f,
                                    uint32_t type, const char *what,
                                    uint64_t size, provernet_error *err)
{
    pvn_section s;
    provernet_status st = pvn_binfile_sized(f, type, what, size, &s, err);

    *out = st ? 0 : s.at;
    return st;
}

provernet_status pvn_zkey_open(pvn_zkey *out, const pvn_source *file,
                               provernet_error *err)
{
    pvn_binfile f;
    provernet_status s;
    uint64_t m, l;

    memset(out, 0, sizeof *out);
    s = pvn_binfile_open(&f, file, "zkey", MAX_VERSION, err);
    if (!s)
        s = check_protocol(&f, err);
    if (!s)
        s = read_header(out, &f, err);
    if (!s)
        s = find_coefs(out, &f, err);
    if (s)
        return s;
    m = out->wires;
    l = out->publics;
    s = find_points(&out->ic, &f, IC, "IC", 64 * (l + 1), err);
    if (!s)
        s = find_points(&out->a, &f, A, "A", 64 * m, err);
    if (!s)
        s = find_points(&out->b1, &f, B1, "B1", 64 * m, err);
    if (!s)
        s = find_points(&out->b2, &f, B2, "B2", 128 * m, err);
    if (!s)
        s = find_points(&out->c, &f, C, "C", 64 * (m - l - 1), err);
    if (!s)
        s = find_points(&out->h, &f, H, "H", 64 * (uint64_t)out->domain, err);
    return s;
}
