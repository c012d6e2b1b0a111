/* protocol/ops/path.c - paths of artifacts and byte ranges. Pure. */
#include "protocol/ops/ops.h"

static bool skip(const char **p, const char *word)
{
    size_t len = strlen(word);

    if (strncmp(*p, word, len) != 0)
        return false;
    *p += len;
    return true;
}

bool pvn_artifact_path_parse(pvn_artifact_path *p, const char *rest)
{
    const char *slash;

    p->stored = rest && skip(&rest, "stored/");
    p->spaced = p->stored || (rest && skip(&rest, "raw/"));
    slash = rest ? strchr(rest, '/') : NULL;
    if (!slash || strlen(slash + 1) != 2 * sizeof p->id.bytes ||
        !pvn_artifact_type_find(rest, (size_t)(slash - rest), &p->type))
        return false;
    return pvn_unhex(p->id.bytes, sizeof p->id.bytes, slash + 1,
                     2 * sizeof p->id.bytes);
}

static bool number(const char **p, uint64_t *n)
{
    const char *start = *p;

    *n = 0;
    while (**p >= '0' && **p <= '9') {
        if (*n > UINT64_MAX / 10 - 10)
            return false;
        *n = *n * 10 + (uint64_t)(*(*p)++ - '0');
    }
    return *p > start;
}

/* One range only; several, or another unit, may be ignored (RFC 9110). */
int pvn_range_parse(const char *header, uint64_t len, uint64_t *from,
                    uint64_t *count)
{
    uint64_t last;

    if (!header || !skip(&header, "bytes="))
        return 200;
    if (skip(&header, "-")) {
        if (!number(&header, &last) || *header)
            return 200;
        if (last == 0 || len == 0)
            return 416;
        *count = last < len ? last : len;
        *from = len - *count;
        return 206;
    }
    if (!number(&header, from) || !skip(&header, "-"))
        return 200;
    if (*header == '\0')
        last = UINT64_MAX;
    else if (!number(&header, &last) || *header || last < *from)
        return 200;
    if (*from >= len)
        return 416;
    *count = (last >= len ? len : last + 1) - *from;
    return 206;
}
