/* prove/memory.h - is there room before anything starts. Includes base/. */
#ifndef PVN_PROVE_MEMORY_H
#define PVN_PROVE_MEMORY_H
#include "base/env.h"
#include "base/error.h"

/* Bytes that can be had without swapping: what the machine says, and no more
 * than the control groups of this process allow. UINT64_MAX: unknown. */
uint64_t pvn_memory_free(const pvn_files *files);
/* OK, or ERR_MEMORY_NEED with both numbers. `what` is "this proof". */
provernet_status pvn_memory_admit(const pvn_files *files, uint64_t need,
                                  const char *what, provernet_error *err);
/* "21.5 GiB". Returns out. */
char *pvn_size_text(char out[24], uint64_t bytes);
/* The value after `name` in a text such as /proc/meminfo, in its own unit.
 * false: not there. */
bool pvn_meminfo_value(const char *text, const char *name, uint64_t *out);
#endif
