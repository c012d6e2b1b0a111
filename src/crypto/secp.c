/* crypto/secp.c - see secp.h. */
#include "crypto/secp.h"
#include "base/bytes.h"
#include <dlfcn.h>
#include <pthread.h>
#include <sodium.h>

static pvn_secp table;
static provernet_error why;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef PVN_LINK_SECP256K1
static bool fill(void)
{
#define X(name) table.name = secp256k1_##name;
    PVN_SECP_FUNCTIONS(X)
#undef X
    return true;
}
#else
static void *open_library(void)
{
    /* Newest first: what we call did not change from 0.1 to 0.7. */
    static const char *const names[] = {
        "libsecp256k1.so.6", "libsecp256k1.so.5", "libsecp256k1.so.2",
        "libsecp256k1.so.1", "libsecp256k1.so.0"
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);

        if (lib)
            return lib;
    }
    return NULL;
}

static bool fill(void)
{
    void *lib = open_library(), *symbol;

    if (!lib) {
        pvn_fail(&why, PROVERNET_ERR_UNAVAILABLE, 0,
                 "libsecp256k1 cannot be opened (looked for .so.6, .5, .2, "
                 ".1, .0)\nhelp: install libsecp256k1");
        return false;
    }
#define X(name)                                                                \
    symbol = dlsym(lib, "secp256k1_" #name);                                   \
    if (!symbol) {                                                             \
        pvn_fail(&why, PROVERNET_ERR_UNAVAILABLE, 0,                           \
                 "libsecp256k1 lacks secp256k1_" #name                         \
                 "\nhelp: install one with the recovery module");              \
        return false;                                                          \
    }                                                                          \
    memcpy(&table.name, &symbol, sizeof symbol);
    PVN_SECP_FUNCTIONS(X)
#undef X
    return true;
}
#endif

static void make(void)
{
    uint8_t seed[32];
    secp256k1_context *ctx;

    if (sodium_init() < 0) {
        pvn_fail(&why, PROVERNET_ERR_INTERNAL, 0, "libsodium does not start");
        return;
    }
    if (!fill())
        return;
    /* Both flags: needed by 0.1, harmless since. */
    ctx =
        table.context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    if (!ctx) {
        pvn_nomem(&why);
        return;
    }
    /* Blinds signing against side channels; not an output of ours, so it does
     * not come from the environment. */
    randombytes_buf(seed, sizeof seed);
    (void)!table.context_randomize(ctx, seed);
    sodium_memzero(seed, sizeof seed);
    table.ctx = ctx;
}

const pvn_secp *pvn_secp_get(provernet_error *err)
{
    pthread_once(&once, make);
    if (table.ctx)
        return &table;
    pvn_error_copy(err, &why);
    return NULL;
}
