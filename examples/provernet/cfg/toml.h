/* cfg/toml.h - the part of TOML that a configuration needs.
 *
 * Comments, bare, quoted and dotted keys, tables, arrays of tables, basic and
 * literal strings, integers, floats, booleans, arrays, inline tables. Dates
 * and multi-line strings are refused with their line. Pure: text in, values
 * out through a visitor; no limits but its own. */
#ifndef CFG_TOML_H
#define CFG_TOML_H
#include <stdbool.h>
#include <stddef.h>

enum toml_type {
    TOML_STRING,
    TOML_INTEGER,
    TOML_FLOAT,
    TOML_BOOLEAN,
    TOML_ARRAY
};

struct toml_value {
    const char *key;  /* "queue.max_attempts"; in arrays of tables
                         "workers[0].name" */
    const char *text; /* as text; an array: its values joined by commas */
    size_t text_len;
    enum toml_type type;
    int line;
};

struct toml_error {
    int line;
    char message[160];
};

/* Called for each value in order. false stops (the visitor has its reason). */
typedef bool toml_visit(void *user, const struct toml_value *v);

/* true: read to the end. false: *e says where and why, or, with line 0, the
 * visitor stopped. */
bool toml_read(const char *text, size_t len, toml_visit *visit, void *user,
               struct toml_error *e);
#endif
