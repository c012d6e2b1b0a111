/* net/lend_memory.c - does a request fit in this machine's memory, before it
 * is bid for: circuits by their length, other kinds by what any proof of them
 * takes (the kinds table, or network.kind_memory). Includes lend.h, base/,
 * prove/kinds.h, prove/memory.h. */
#include "base/settings.h"
#include "net/lend.h"
#include "prove/kinds.h"
#include "prove/memory.h"
#include <stdio.h>

enum { KIND_MAX = 64 };

/* The next KIND=SIZE of the list from *at on; a kind may end in "*". false: it
 * ends, or (*bad) what stands there is none. */
static bool next_entry(const char **at, char kind[KIND_MAX], uint64_t *bytes,
                       bool *bad)
{
    size_t len, name;
    char word[2 * KIND_MAX];
    int64_t size;

    *at += strspn(*at, ", ");
    len = strcspn(*at, ", ");
    *bad = false;
    if (len == 0)
        return false;
    snprintf(word, sizeof word, "%.*s",
             len < sizeof word ? (int)len : (int)sizeof word - 1, *at);
    name = strcspn(word, "=");
    *bad = len >= sizeof word || name == 0 || name >= KIND_MAX ||
           word[name] != '=' || !pvn_parse_size(word + name + 1, &size) ||
           size < 0;
    if (*bad)
        return false;
    memcpy(kind, word, name);
    kind[name] = '\0';
    *bytes = (uint64_t)size;
    *at += len;
    return true;
}

provernet_status pvn_lend_memory_check(const char *list, provernet_error *err)
{
    char kind[KIND_MAX];
    uint64_t bytes;
    bool bad;

    while (next_entry(&list, kind, &bytes, &bad))
        ;
    if (!bad)
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                    "network.kind_memory: \"%.60s\" is not KIND=SIZE, such as "
                    "sp1/core@6=10GiB",
                    list);
}

static bool matches(const char *pattern, const char *kind)
{
    size_t len = strlen(pattern);

    return pattern[len - 1] == '*' ? strncmp(pattern, kind, len - 1) == 0
                                   : strcmp(pattern, kind) == 0;
}

/* What any proof of the kind takes here; 0: nobody knows. */
static uint64_t least_of(const pvn_lend *l, const char *kind)
{
    const char *list =
        pvn_setting_text(l->w->options, PVN_SET_NETWORK_KIND_MEMORY);
    char pattern[KIND_MAX];
    uint64_t bytes;
    bool bad;

    while (next_entry(&list, pattern, &bytes, &bad))
        if (matches(pattern, kind))
            return bytes;
    return pvn_kind_least(kind);
}

static provernet_status too_little(const char *kind, uint64_t need,
                                   uint64_t have, provernet_error *err)
{
    char a[24], b[24];

    return pvn_fail(err, PROVERNET_ERR_MEMORY_NEED, 0,
                    "%s needs %s of memory, there are %s", kind,
                    pvn_size_text(a, need), pvn_size_text(b, have));
}

provernet_status pvn_lend_fits(pvn_lend *l, const char *kind,
                               uint64_t program_bytes, provernet_error *err)
{
    uint64_t have = pvn_worker_memory(l->w), need = least_of(l, kind);
    const pvn_kind *k = pvn_kind_find(kind);

    if (k && k->memory && program_bytes)
        need = k->memory(program_bytes, program_bytes / 8);
    return !have || need <= have ? PROVERNET_OK
                                 : too_little(kind, need, have, err);
}

void pvn_lend_tell_memory(pvn_lend *l)
{
    const char *at = l->w->kinds;
    char kind[KIND_MAX];
    provernet_error err;
    size_t n;

    for (;; at += n) {
        at += strspn(at, ", ");
        n = strcspn(at, ", ");
        if (n == 0)
            return;
        if (n >= sizeof kind)
            continue;
        memcpy(kind, at, n);
        kind[n] = '\0';
        if (pvn_lend_fits(l, kind, 0, &err))
            pvn_lend_tell(l, PVN_WARN, "network.memory", NULL,
                          "no bids: %s\nhelp: worker.memory says how much may "
                          "be used, network.kind_memory what a kind takes",
                          err.message);
    }
}
