/* snark/wtns.c - see wtns.h. Includes base/ and snark/ only. */
#include "snark/wtns.h"
#include "base/error.h"
#include "snark/binfile.h"

enum { HEADER = 1, VALUES = 2, HEADER_BYTES = 40, MAX_VERSION = 2 };

const uint8_t pvn_bn254_q_le32[32] = { 0x47, 0xfd, 0x7c, 0xd8, 0x16, 0x8c, 0x20,
                                       0x3c, 0x8d, 0xca, 0x71, 0x68, 0x91, 0x6a,
                                       0x81, 0x97, 0x5d, 0x58, 0x81, 0x81, 0xb6,
                                       0x45, 0x50, 0xb8, 0x29, 0xa0, 0x31, 0xe1,
                                       0x72, 0x4e, 0x64, 0x30 };
const uint8_t pvn_bn254_r_le32[32] = { 0x01, 0x00, 0x00, 0xf0, 0x93, 0xf5, 0xe1,
                                       0x43, 0x91, 0x70, 0xb9, 0x79, 0x48, 0xe8,
                                       0x33, 0x28, 0x5d, 0x58, 0x81, 0x81, 0xb6,
                                       0x45, 0x50, 0xb8, 0x29, 0xa0, 0x31, 0xe1,
                                       0x72, 0x4e, 0x64, 0x30 };

bool pvn_le32_below(const uint8_t a[32], const uint8_t m[32])
{
    for (int i = 24; i >= 0; i -= 8) {
        uint64_t x = pvn_get_u64le(a + i), y = pvn_get_u64le(m + i);

        if (x != y)
            return x < y;
    }
    return false;
}

provernet_status pvn_check_prime(const uint8_t *head36, const uint8_t *prime,
                                 const char *name, provernet_error *err)
{
    uint32_t n8 = pvn_get_u32le(head36);

    if (n8 != 32)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "%s uses a field of %u bytes; BN254 (bn128) has 32",
                        name, n8);
    if (memcmp(head36 + 4, prime, 32) != 0)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "%s is made for another curve than BN254 (bn128)\n"
                        "help: compile the circuit with --prime bn128",
                        name);
    return PROVERNET_OK;
}

provernet_status pvn_wtns_open(pvn_wtns *out, provernet_span file,
                               const char *name, provernet_error *err)
{
    pvn_source source = pvn_source_of(&file, name);
    const uint8_t *bytes = file.data, *head;
    pvn_section section;
    pvn_binfile f;
    provernet_status s;

    memset(out, 0, sizeof *out);
    s = pvn_binfile_open(&f, &source, "wtns", MAX_VERSION, err);
    if (!s)
        s = pvn_binfile_sized(&f, HEADER, "header", HEADER_BYTES, &section,
                              err);
    if (s)
        return s;
    head = bytes + section.at;
    s = pvn_check_prime(head, pvn_bn254_r_le32, name, err);
    if (s)
        return s;
    out->count = pvn_get_u32le(head + 36);
    if (out->count == 0)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s has no value at all, not even the constant 1",
                        name);
    s = pvn_binfile_sized(&f, VALUES, "values", (uint64_t)out->count * 32,
                          &section, err);
    out->values = s ? NULL : bytes + section.at;
    return s;
}

provernet_status pvn_wtns_check(const pvn_wtns *w, const char *name,
                                provernet_error *err)
{
    const uint8_t *v = w->values;
    char n[PVN_COUNT_CAP];

    if (v[0] != 1 || !pvn_is_zero(v + 1, 31))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: value 0 is not the constant 1\nhelp: make the "
                        "witness again",
                        name);
    for (uint32_t i = 0; i < w->count; i++)
        if (!pvn_le32_below(v + (size_t)i * 32, pvn_bn254_r_le32))
            return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                            "%s: value %s is not below the group order\n"
                            "help: make the witness again",
                            name, pvn_count_text(n, i));
    return PROVERNET_OK;
}
