/* snark/source.h - where the bytes of a file come from: memory, or reads at
 * offsets. A mapping of a file that others may truncate is never needed.
 * Includes base/ only. */
#ifndef PVN_SNARK_SOURCE_H
#define PVN_SNARK_SOURCE_H
#include "base/bytes.h"

typedef struct pvn_source {
    uint64_t size;
    /* Exactly len bytes from offset at, which lie below size. 0, or an errno
     * value. Any thread. */
    int (*read)(void *user, uint64_t at, void *dst, size_t len);
    void *user;
    const char *name; /* for messages: "circuit.zkey" */
} pvn_source;

/* The span must outlive the source. */
pvn_source pvn_source_of(const provernet_span *span, const char *name);

struct pvn_files;
typedef struct pvn_source_file {
    const struct pvn_files *files;
    int fd;
} pvn_source_file;
/* Open a file for reading through `files`; *f must outlive the source.
 * Closed with pvn_source_close. ERR_IO, ERR_NOT_FOUND. */
provernet_status pvn_source_open(pvn_source *out, pvn_source_file *f,
                                 const struct pvn_files *files,
                                 const char *path, provernet_error *err);
void pvn_source_close(pvn_source_file *f);
/* Read with the fitting error. ERR_IO; ERR_FORMAT when out of range. */
provernet_status pvn_source_read(const pvn_source *s, uint64_t at, void *dst,
                                 size_t len, provernet_error *err);
/* The whole file in malloc'ed memory (*out, *len), at most `cap` bytes.
 * ERR_IO, ERR_LIMIT, ERR_NOMEM. */
provernet_status pvn_source_all(const pvn_source *s, uint8_t **out, size_t *len,
                                uint64_t cap, provernet_error *err);
#endif
