/* base/status.c - names and codes of statuses, all from the one list. */
#include "base/error.h"
#include <string.h>
#include <strings.h>

typedef struct entry {
    provernet_status value;
    const char *name, *text;
    int grpc, http, exit_code, retry;
} entry;

static const entry entries[] = {
#define X(name, value, grpc, http, exit_code, retry, text)                     \
    { value, #name, text, grpc, http, exit_code, retry },
    PROVERNET_STATUS_LIST(X)
#undef X
};
static const entry unknown = {
    0, "ERR_UNKNOWN", "a status this version does not know", 2, 500, 70, 0
};

static const entry *find(provernet_status s)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (entries[i].value == s)
            return &entries[i];
    return &unknown;
}

const char *provernet_status_name(provernet_status s)
{
    return find(s)->name;
}

const char *provernet_status_text(provernet_status s)
{
    return find(s)->text;
}

int provernet_status_exit(provernet_status s)
{
    return find(s)->exit_code;
}

int provernet_status_find(const char *name, provernet_status *out)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        const char *known = entries[i].name;

        if (strcasecmp(name, known) == 0 ||
            (strncmp(known, "ERR_", 4) == 0 &&
             strcasecmp(name, known + 4) == 0)) {
            *out = entries[i].value;
            return 0;
        }
    }
    return -1;
}

int pvn_status_grpc(provernet_status s)
{
    return find(s)->grpc;
}

int pvn_status_http(provernet_status s)
{
    return find(s)->http;
}

bool pvn_status_retry(provernet_status s)
{
    return find(s)->retry != 0;
}

const char *provernet_version(void)
{
    return PVN_VERSION;
}
