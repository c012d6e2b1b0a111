/* snark/binfile.h - the section container shared by .r1cs, .wtns and .zkey.
 *
 * Reads the section heads only, allocates nothing. Every offset is checked
 * without wrap-around. Any thread. Includes base/ and snark/source.h only. */
#ifndef PVN_SNARK_BINFILE_H
#define PVN_SNARK_BINFILE_H
#include "snark/source.h"

enum { PVN_BINFILE_TYPES = 18 }; /* section types 1..17 are known somewhere */

typedef struct pvn_section {
    uint64_t at; /* of the content; no alignment */
    uint64_t size;
    uint64_t copies; /* how often the type was seen */
} pvn_section;

typedef struct pvn_binfile {
    const pvn_source *file; /* borrowed */
    const char *magic;
    uint32_t version;
    pvn_section section[PVN_BINFILE_TYPES];
} pvn_binfile;

/* Walk the sections, in whatever order they come; unknown types are skipped.
 * `magic` is four ASCII letters, static. ERR_FORMAT (wrong magic, cut off),
 * ERR_UNSUPPORTED (newer version). */
provernet_status pvn_binfile_open(pvn_binfile *out, const pvn_source *file,
                                  const char *magic, uint32_t max_version,
                                  provernet_error *err);
/* A section that must be there exactly once. */
provernet_status pvn_binfile_need(const pvn_binfile *f, uint32_t type,
                                  const char *what, pvn_section *out,
                                  provernet_error *err);
/* The same, and of exactly `size` bytes. */
provernet_status pvn_binfile_sized(const pvn_binfile *f, uint32_t type,
                                   const char *what, uint64_t size,
                                   pvn_section *out, provernet_error *err);

enum { PVN_COUNT_CAP = 27 };
/* "1,048,577". Returns buf. */
const char *pvn_count_text(char buf[PVN_COUNT_CAP], uint64_t v);
#endif
