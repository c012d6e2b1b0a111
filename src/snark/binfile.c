/* snark/binfile.c - see binfile.h. Includes base/ and snark/source.h only. */
#include "snark/binfile.h"
#include "base/error.h"
#include <stdio.h>

enum { HEAD_BYTES = 12, SECTION_HEAD_BYTES = 12 };

const char *pvn_count_text(char buf[PVN_COUNT_CAP], uint64_t v)
{
    char digits[21];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
    char *p = buf;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *p++ = ',';
        *p++ = digits[i];
    }
    *p = 0;
    return buf;
}

static provernet_status cut_off(const pvn_binfile *f, uint64_t at,
                                uint64_t want, uint64_t left,
                                provernet_error *err)
{
    char a[PVN_COUNT_CAP], b[PVN_COUNT_CAP], c[PVN_COUNT_CAP];

    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "%s is cut off or damaged\n  at byte %s: %s bytes are "
                    "announced, %s are there\nhelp: copy the file again and "
                    "compare its size with the original",
                    f->file->name, pvn_count_text(a, at),
                    pvn_count_text(b, want), pvn_count_text(c, left));
}

static provernet_status check_head(pvn_binfile *f, uint32_t max_version,
                                   uint32_t *sections, provernet_error *err)
{
    char n[PVN_COUNT_CAP];
    uint8_t p[HEAD_BYTES];
    provernet_status s;

    if (f->file->size < HEAD_BYTES)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s is not a .%s file: it has %s bytes, the head "
                        "alone has %d",
                        f->file->name, f->magic,
                        pvn_count_text(n, f->file->size), HEAD_BYTES);
    s = pvn_source_read(f->file, 0, p, sizeof p, err);
    if (s)
        return s;
    if (memcmp(p, f->magic, 4) != 0)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s is not a .%s file: it starts with %02x %02x %02x "
                        "%02x, expected \"%s\"\nhelp: check the order of the "
                        "files",
                        f->file->name, f->magic, p[0], p[1], p[2], p[3],
                        f->magic);
    f->version = pvn_get_u32le(p + 4);
    if (f->version == 0 || f->version > max_version)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "%s has format version %u, versions 1 to %u can be "
                        "read",
                        f->file->name, f->version, max_version);
    *sections = pvn_get_u32le(p + 8);
    return PROVERNET_OK;
}

provernet_status pvn_binfile_open(pvn_binfile *out, const pvn_source *file,
                                  const char *magic, uint32_t max_version,
                                  provernet_error *err)
{
    uint64_t at = HEAD_BYTES, len = file->size;
    provernet_status s;
    uint32_t n = 0;

    memset(out, 0, sizeof *out);
    out->file = file;
    out->magic = magic;
    s = check_head(out, max_version, &n, err);
    for (uint32_t i = 0; !s && i < n; i++) {
        uint8_t p[SECTION_HEAD_BYTES];
        uint32_t type;
        uint64_t size;

        if (len - at < SECTION_HEAD_BYTES)
            return cut_off(out, at, SECTION_HEAD_BYTES, len - at, err);
        s = pvn_source_read(file, at, p, sizeof p, err);
        if (s)
            return s;
        type = pvn_get_u32le(p);
        size = pvn_get_u64le(p + 4);
        at += SECTION_HEAD_BYTES;
        if (size > len - at)
            return cut_off(out, at, size, len - at, err);
        if (type < PVN_BINFILE_TYPES) {
            out->section[type].at = at;
            out->section[type].size = size;
            out->section[type].copies++;
        }
        at += size;
    }
    return s;
}

provernet_status pvn_binfile_need(const pvn_binfile *f, uint32_t type,
                                  const char *what, pvn_section *out,
                                  provernet_error *err)
{
    const pvn_section *s = &f->section[type];
    char n[PVN_COUNT_CAP];

    if (s->copies != 1)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: section %u (%s) is there %s times, expected once",
                        f->file->name, type, what,
                        pvn_count_text(n, s->copies));
    *out = *s;
    return PROVERNET_OK;
}

provernet_status pvn_binfile_sized(const pvn_binfile *f, uint32_t type,
                                   const char *what, uint64_t size,
                                   pvn_section *out, provernet_error *err)
{
    provernet_status s = pvn_binfile_need(f, type, what, out, err);
    char a[PVN_COUNT_CAP], b[PVN_COUNT_CAP];

    if (s || out->size == size)
        return s;
    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "%s: section %u (%s) has %s bytes, the head of the file "
                    "asks for %s\nhelp: the file is damaged; copy or make it "
                    "again",
                    f->file->name, type, what, pvn_count_text(a, out->size),
                    pvn_count_text(b, size));
}
