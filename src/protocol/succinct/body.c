/* protocol/succinct/body.c - the body of RequestProof in its two flavours, and
 * the rules it must keep. Pure. Includes succinct.h and base/. */
#include "protocol/succinct/succinct.h"
#include "proto/base.pb-c.h"

enum { STDIN_PRIVATE_OR_DOMAIN = 12, FIRST_AUCTION = 13, LAST_AUCTION = 21 };

/* Field 12 is a bool in the base flavour and bytes in the auction flavour, so
 * its raw wire type decides, before any descriptor is chosen. */
provernet_status pvn_body_is_auction(pvn_bytes body, bool *auction,
                                     provernet_error *err)
{
    pvn_pb_reader r = pvn_pb_read(body);
    pvn_pb_field f;
    bool as_bool = false, as_bytes = false, later = false;

    while (pvn_pb_next(&r, &f)) {
        if (f.number >= FIRST_AUCTION && f.number <= LAST_AUCTION)
            later = true;
        if (f.number != STDIN_PRIVATE_OR_DOMAIN)
            continue;
        if (f.wire == PVN_PB_VARINT)
            as_bool = true;
        else if (f.wire == PVN_PB_LEN)
            as_bytes = true;
        else
            return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                            "field 12 (stdin_private or domain) has wire type "
                            "%d, expected 0 or 2",
                            f.wire);
    }
    if (r.bad)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "body is not a RequestProofRequestBody: malformed "
                        "protobuf");
    if (as_bool && (as_bytes || later))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "field 12 is stdin_private (base flavour) beside %s "
                        "of the auction flavour",
                        as_bytes ? "domain" : "fields 13 to 21");
    *auction = as_bytes || later;
    return PROVERNET_OK;
}

#define COMMON(w, m)                                                           \
    do {                                                                       \
        (w)->nonce = (m)->nonce;                                               \
        (w)->vk_hash = pvn_bin((m)->vk_hash);                                  \
        (w)->version = (m)->version;                                           \
        (w)->mode = (int)(m)->mode;                                            \
        (w)->strategy = (int)(m)->strategy;                                    \
        (w)->stdin_uri = (m)->stdin_uri;                                       \
        (w)->deadline_s = (m)->deadline;                                       \
        (w)->cycle_limit = (m)->cycle_limit;                                   \
        (w)->gas_limit = (m)->gas_limit;                                       \
        (w)->min_auction_period = (m)->min_auction_period;                     \
        (w)->whitelist = (m)->whitelist;                                       \
        (w)->whitelist_len = (m)->n_whitelist;                                 \
        (w)->stdin_private = (m)->stdin_private;                               \
    } while (0)

static provernet_status read_base(pvn_arena *a, pvn_bytes body, pvn_wanted *w,
                                  provernet_error *err)
{
    const Base__RequestProofRequestBody *m = (const void *)pvn_pb_unpack_into(
        a, &base__request_proof_request_body__descriptor, body, err);

    if (!m)
        return PROVERNET_ERR_FORMAT;
    COMMON(w, m);
    return PROVERNET_OK;
}

static provernet_status read_auction(pvn_arena *a, pvn_bytes body,
                                     pvn_wanted *w, provernet_error *err)
{
    const Types__RequestProofRequestBody *m = (const void *)pvn_pb_unpack_into(
        a, &types__request_proof_request_body__descriptor, body, err);

    if (!m)
        return PROVERNET_ERR_FORMAT;
    COMMON(w, m);
    w->auction = true;
    w->domain = pvn_bin(m->domain);
    w->auctioneer = pvn_bin(m->auctioneer);
    w->executor = pvn_bin(m->executor);
    w->verifier = pvn_bin(m->verifier);
    w->treasury = pvn_bin(m->treasury);
    if (m->_public_values_hash_case)
        w->public_values_hash = m->public_values_hash.data
                                    ? pvn_bin(m->public_values_hash)
                                    : pvn_bytes_of("", 0);
    w->base_fee = m->base_fee;
    w->max_price_per_pgu = m->max_price_per_pgu;
    w->variant = (int64_t)m->variant;
    return PROVERNET_OK;
}

provernet_status pvn_wanted_read(pvn_arena *a, pvn_bytes body, pvn_wanted *w,
                                 provernet_error *err)
{
    bool auction = false;
    provernet_status s = pvn_body_is_auction(body, &auction, err);

    memset(w, 0, sizeof *w);
    if (s != PROVERNET_OK)
        return s;
    return auction ? read_auction(a, body, w, err) : read_base(a, body, w, err);
}

/* ---- the rules ---- */

static provernet_status bad_len(provernet_error *err, const char *field,
                                size_t got, size_t want)
{
    return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                    "%s has %zu bytes, expected %zu", field, got, want);
}

static provernet_status bad_max(provernet_error *err, const char *field,
                                size_t got, size_t max)
{
    return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                    "%s has length %zu, the limit is %zu", field, got, max);
}

static provernet_status check_amount(const char *field, const char *text,
                                     provernet_error *err)
{
    size_t len = text ? strlen(text) : 0;

    if (len > PVN_AMOUNT_MAX)
        return bad_max(err, field, len, PVN_AMOUNT_MAX);
    if (len && strspn(text, "0123456789") != len)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "%s is \"%.40s\", expected a whole decimal number",
                        field, text);
    return PROVERNET_OK;
}

static provernet_status check_auction(const pvn_wanted *w,
                                      const uint8_t domain32[32],
                                      provernet_error *err)
{
    const struct {
        const char *name;
        pvn_bytes value;
    } address[] = { { "auctioneer", w->auctioneer },
                    { "executor", w->executor },
                    { "verifier", w->verifier },
                    { "treasury", w->treasury } };
    provernet_status s;

    if (w->domain.len != 32)
        return bad_len(err, "domain", w->domain.len, 32);
    if (memcmp(w->domain.data, domain32, 32) != 0)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "domain is that of another network\nhelp: take it "
                        "from GetProofRequestParams");
    for (size_t i = 0; i < sizeof address / sizeof *address; i++)
        if (address[i].value.len && address[i].value.len != PVN_ADDRESS)
            return bad_len(err, address[i].name, address[i].value.len,
                           PVN_ADDRESS);
    if (w->public_values_hash.data && w->public_values_hash.len != 32)
        return bad_len(err, "public_values_hash", w->public_values_hash.len,
                       32);
    if (w->variant != 0)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "variant is %lld, expected 0 (REQUEST_VARIANT)",
                        (long long)w->variant);
    s = check_amount("base_fee", w->base_fee, err);
    return s ? s : check_amount("max_price_per_pgu", w->max_price_per_pgu, err);
}

provernet_status pvn_wanted_check(const pvn_wanted *w,
                                  const uint8_t domain32[32], int64_t now_ms,
                                  provernet_error *err)
{
    if (w->vk_hash.len != PVN_VK_HASH)
        return bad_len(err, "vk_hash", w->vk_hash.len, PVN_VK_HASH);
    if (w->mode < PVN_MODE_CORE || w->mode > PVN_MODE_GROTH16)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "mode is %d, expected 1 (CORE) to 4 (GROTH16)",
                        w->mode);
    if (strlen(w->version) > PVN_VERSION_MAX)
        return bad_max(err, "version", strlen(w->version), PVN_VERSION_MAX);
    if (strlen(w->stdin_uri) > PVN_URI_MAX)
        return bad_max(err, "stdin_uri", strlen(w->stdin_uri), PVN_URI_MAX);
    if (w->whitelist_len > PVN_WHITELIST_MAX)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "whitelist has %zu addresses, the limit is %d",
                        w->whitelist_len, PVN_WHITELIST_MAX);
    for (size_t i = 0; i < w->whitelist_len; i++)
        if (w->whitelist[i].len != PVN_ADDRESS)
            return bad_len(err, "whitelist", w->whitelist[i].len, PVN_ADDRESS);
    if (pvn_deadline_ms(w->deadline_s) <= now_ms)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "deadline %llu is in the past, it is %lld now",
                        (unsigned long long)w->deadline_s,
                        (long long)(now_ms / 1000));
    return w->auction ? check_auction(w, domain32, err) : PROVERNET_OK;
}

/* ---- requests.extra ---- */

void pvn_extra_write(uint8_t out[PVN_EXTRA_BYTES], const pvn_extra *x)
{
    out[0] = 1; /* layout */
    out[1] = (uint8_t)((x->auction ? 1 : 0) | (x->stdin_private ? 2 : 0));
    pvn_put_u64be(out + 2, x->deadline_s);
}

bool pvn_extra_read(pvn_extra *x, pvn_bytes extra)
{
    if (extra.len != PVN_EXTRA_BYTES || extra.data[0] != 1)
        return false;
    x->auction = extra.data[1] & 1;
    x->stdin_private = extra.data[1] & 2;
    x->deadline_s = pvn_get_u64be(extra.data + 2);
    return true;
}

int64_t pvn_deadline_ms(uint64_t deadline_s)
{
    static const uint64_t last_s = 253402300799u; /* year 9999 */

    return (int64_t)((deadline_s < last_s ? deadline_s : last_s) * 1000);
}
