/* network_answer_fuzz.c - what a prover network answers to a lending worker:
 * read within bounds or refused with a reason; what was read can be judged.
 * parts: protocol */
#include "protocol/route.h"
#include "protocol/succinct/ask.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const pvn_router nothing;
const pvn_router *const pvn_router_skins = &nothing;

static void must(bool yes)
{
    if (!yes)
        abort();
}

static void plain(const char *text, size_t max)
{
    must(text && strlen(text) <= max);
    for (; *text; text++)
        must((uint8_t)*text >= 0x20 && *text != 0x7f);
}

static void look_at(const pvn_heard_request *r)
{
    char kind[64];

    must(!pvn_is_zero(r->id32, sizeof r->id32));
    plain(r->version, 64);
    plain(r->program_uri, 8192);
    plain(r->program_url, 8192);
    plain(r->stdin_url, 8192);
    must(r->mode >= 0 && r->mode <= 255 && r->fulfillment >= 0);
    if (pvn_ask_kind(kind, r->version, r->mode))
        plain(kind, sizeof kind - 1);
}

static void said_why(provernet_status rc, const provernet_error *err)
{
    must(rc == PROVERNET_OK || (err->status == rc && err->message[0]));
}

static void requests(pvn_bytes in)
{
    provernet_error err = { 0 };
    pvn_heard_request *list, one;
    pvn_arena a = { 0 };
    provernet_status rc;
    size_t n = 0;

    rc = pvn_hear_requests(&a, in, &list, &n, &err);
    said_why(rc, &err);
    for (size_t i = 0; rc == PROVERNET_OK && i < n; i++)
        look_at(&list[i]);
    must(n <= 1000 && n <= in.len);
    rc = pvn_hear_request(&a, in, &one, &err);
    said_why(rc, &err);
    if (rc == PROVERNET_OK)
        look_at(&one);
    must(a.used <= 1024 * sizeof one + 64 * in.len + 4096);
    pvn_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pvn_bytes in = pvn_bytes_of(data, size);
    provernet_error err = { 0 };
    uint8_t owner[20], hash[32] = { 0 };
    pvn_heard_params params;
    pvn_arena a = { 0 };
    const char *uri;
    uint64_t number;
    bool circuit;
    double usd;

    requests(in);
    said_why(pvn_hear_params(in, &params, &err), &err);
    said_why(pvn_hear_nonce(in, &number, &err), &err);
    said_why(pvn_hear_suspension(in, &number, &err), &err);
    said_why(pvn_hear_owner(in, owner, &err), &err);
    said_why(pvn_hear_circuit(in, hash, &circuit, &err), &err);
    if (pvn_hear_prove_price(in, &usd, &err) == PROVERNET_OK)
        must(usd > 0 && usd < 1e41);
    if (pvn_hear_stdin_uri(&a, in, &uri, &err) == PROVERNET_OK)
        plain(uri, 8192);
    if (size <= 80)
        (void)pvn_ask_amount((const char *)data, size, &number);
    pvn_arena_free(&a);
    return 0;
}
