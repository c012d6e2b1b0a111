/* crypto/ticket.c - capabilities in URLs: who holds one may do one thing. */
#include "crypto/crypto.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

enum { TAG = 16 };

/* BLAKE2b with the key as its own parameter: a quarter of the cost of an HMAC
 * over SHA-256, and four of these are paid for each artifact. */
static void keyed(uint8_t out[TAG], const uint8_t key32[32], const char *verb,
                  const uint8_t *id, size_t id_len, const uint8_t *more,
                  size_t more_len)
{
    crypto_generichash_state h;

    crypto_generichash_init(&h, key32, 32, TAG);
    crypto_generichash_update(&h, (const uint8_t *)verb,
                              strlen(verb) + 1); /* with its NUL */
    crypto_generichash_update(&h, id, id_len);
    crypto_generichash_update(&h, more, more_len);
    crypto_generichash_final(&h, out, TAG);
}

static void tag(uint8_t out[TAG], const uint8_t key32[32], const char *verb,
                const provernet_id *id, int64_t expires_ms)
{
    uint8_t expiry[8];

    pvn_put_u64be(expiry, (uint64_t)expires_ms);
    keyed(out, key32, verb, id->bytes, sizeof id->bytes, expiry, sizeof expiry);
}

enum { SEAL = 5 };

static void seal_of(uint8_t out[SEAL], const uint8_t key32[32],
                    const provernet_id *id)
{
    uint8_t full[TAG];

    keyed(full, key32, "id", id->bytes, sizeof id->bytes - SEAL, NULL, 0);
    memcpy(out, full, SEAL);
}

void pvn_id_seal(const uint8_t key32[32], provernet_id *id)
{
    seal_of(id->bytes + sizeof id->bytes - SEAL, key32, id);
}

bool pvn_id_sealed(const uint8_t key32[32], const provernet_id *id)
{
    uint8_t want[SEAL];

    seal_of(want, key32, id);
    return sodium_memcmp(want, id->bytes + sizeof id->bytes - SEAL, SEAL) == 0;
}

char *pvn_ticket_make(char out[PVN_TICKET_CHARS], const uint8_t key32[32],
                      const char *verb, const provernet_id *id,
                      int64_t expires_ms)
{
    uint8_t t[TAG];
    int n =
        snprintf(out, PVN_TICKET_CHARS, "%" PRIx64 "-", (uint64_t)expires_ms);

    tag(t, key32, verb, id, expires_ms);
    pvn_hex(out + n, t, TAG);
    return out;
}

static provernet_status refuse(provernet_error *err, const char *why)
{
    return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0, "the ticket %s", why);
}

/* One spelling per ticket: lower-case digits, no leading zero. */
static const char *expiry_of(const char *s, int64_t *expires_ms)
{
    uint64_t v = 0;
    int digits = 0;

    for (; (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'f'); s++) {
        if (++digits > 15 || (digits > 1 && v == 0))
            return NULL;
        v = v << 4 | (uint64_t)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
    }
    *expires_ms = (int64_t)v;
    return digits && *s == '-' ? s + 1 : NULL;
}

provernet_status pvn_ticket_check(const uint8_t key32[32], const char *verb,
                                  const provernet_id *id, const char *ticket,
                                  int64_t now_ms, provernet_error *err)
{
    uint8_t want[TAG], got[TAG];
    int64_t expires_ms;
    const char *hex;

    if (!ticket || !*ticket)
        return refuse(err, "is missing (it comes with the address handed out)");
    hex = expiry_of(ticket, &expires_ms);
    if (!hex || (hex[0] == '0' && hex[1] == 'x') ||
        !pvn_unhex(got, TAG, hex, strlen(hex)))
        return refuse(err, "is malformed");
    tag(want, key32, verb, id, expires_ms);
    if (sodium_memcmp(want, got, TAG) != 0)
        return refuse(err, "is not valid for this artifact and action");
    if (expires_ms && now_ms >= expires_ms)
        return refuse(err, "has expired\nhelp: ask for a new address");
    return PROVERNET_OK;
}
