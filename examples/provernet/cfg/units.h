/* cfg/units.h - "90s", "21.5GiB": durations and sizes as people write them.
 * Pure. */
#ifndef CFG_UNITS_H
#define CFG_UNITS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number needs its unit (0 does not); several may follow ("1h30m").
 * false: not of that form, or too large. */
bool units_duration(const char *text, int64_t *ms);
bool units_size(const char *text, int64_t *bytes);
/* The other way, short: "4h", "1.5 GiB", "340 ms". */
void units_show_size(uint64_t bytes, char *buf, size_t cap);
void units_show_ms(int64_t ms, char *buf, size_t cap);
#endif
