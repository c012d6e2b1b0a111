/* path_fuzz.c - request targets, queries, authorities, artifact names, byte
 * ranges and tickets, each line of the input one of them.
 * parts: protocol */
#include "crypto/crypto.h"
#include "protocol/ops/ops.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const pvn_router nothing;
const pvn_router *const pvn_router_skins = &nothing;

/* A path that is taken has no byte or segment that two readers could take in
 * two ways. */
static void target(const char *text)
{
    pvn_arena a = { 0 };
    const char *path, *query, *value;
    pvn_artifact_path p;

    if (pvn_path_split(&a, text, &path, &query, NULL) == PROVERNET_OK) {
        if (path[0] != '/' || strstr(path, "/../") || strstr(path, "/./") ||
            strlen(path) > strlen(text))
            abort();
        for (const char *c = path; *c; c++)
            if ((unsigned char)*c <= 0x20 || *c == 0x7f)
                abort();
        value = pvn_query_value(&a, query, "t");
        if (value && strlen(value) > strlen(query))
            abort();
        if (strncmp(path, "/artifacts/", 11) == 0 &&
            pvn_artifact_path_parse(&p, path + 11) &&
            !pvn_artifact_type_name(p.type))
            abort();
    }
    pvn_arena_free(&a);
}

static void names(const char *text)
{
    static const uint8_t key[32] = { 1 };
    provernet_id id = { { 0 } };
    uint64_t from = 0, count = 0;

    if (pvn_authority_valid(text) && strpbrk(text, "/@?#\\ \t"))
        abort();
    if (pvn_range_parse(text, 1000, &from, &count) == 206 &&
        (count == 0 || from + count > 1000))
        abort();
    if (pvn_artifact_uri_id(text, &id) && strlen(text) < 32)
        abort();
    if (pvn_ticket_check(key, "put", &id, text, 0, NULL) == PROVERNET_OK)
        abort(); /* nobody guesses 128 bits */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *line, *rest;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (line = text; line; line = rest) {
        rest = strchr(line, '\n');
        if (rest)
            *rest++ = '\0';
        target(line);
        names(line);
    }
    free(text);
    return 0;
}
