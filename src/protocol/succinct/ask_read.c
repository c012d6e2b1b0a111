/* protocol/succinct/ask_read.c - see ask.h: what a prover hears. Includes
 * ask.h, http/pb.h.
 *
 * The bytes are a stranger's: every length is checked, every text is UTF-8
 * without control characters and short. */
#include "protocol/http/pb.h"
#include "protocol/succinct/ask.h"
#include <sodium.h>
#include <stdio.h>

enum { REQUESTS_MAX = 1000, URL_MAX = 8192, VERSION_MAX = 64 };

static provernet_status malformed(const char *what, provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "the network's answer is malformed: %s", what);
}

/* A text field; an unusable one is an error, one of another type is not. */
static bool take_text(pvn_arena *a, const pvn_pb_field *f, size_t max,
                      const char **out)
{
    if (f->wire != PVN_PB_LEN)
        return true;
    if (f->bytes.len > max || !pvn_utf8_valid(f->bytes.data, f->bytes.len))
        return false;
    for (size_t i = 0; i < f->bytes.len; i++)
        if (f->bytes.data[i] < 0x20 || f->bytes.data[i] == 0x7f)
            return false;
    *out = pvn_arena_copy(a, f->bytes.data, f->bytes.len);
    return *out != NULL;
}

static bool take_bytes(const pvn_pb_field *f, uint8_t *out, size_t len)
{
    if (f->wire != PVN_PB_LEN)
        return true;
    if (f->bytes.len != len)
        return f->bytes.len == 0; /* absent in proto3's eyes */
    memcpy(out, f->bytes.data, len);
    return true;
}

static void take_number(const pvn_pb_field *f, uint64_t *out)
{
    if (f->wire == PVN_PB_VARINT)
        *out = f->value;
}

static void take_int(const pvn_pb_field *f, int *out)
{
    if (f->wire == PVN_PB_VARINT)
        *out = f->value <= 255 ? (int)f->value : 255;
}

static bool take_amount(const pvn_pb_field *f, uint64_t *out)
{
    if (f->wire != PVN_PB_LEN || f->bytes.len == 0)
        return true; /* the base flavour's number, or not given */
    return pvn_ask_amount((const char *)f->bytes.data, f->bytes.len, out);
}

/* One field of ProofRequest; false: it cannot be used. */
static bool take_field(pvn_arena *a, const pvn_pb_field *f,
                       pvn_heard_request *r)
{
    switch (f->number) {
    case 1:
        return take_bytes(f, r->id32, 32);
    case 2:
        return take_bytes(f, r->vk_hash32, 32);
    case 3:
        return take_text(a, f, VERSION_MAX, &r->version);
    case 4:
        take_int(f, &r->mode);
        return true;
    case 6:
        return take_text(a, f, URL_MAX, &r->program_uri);
    case 8:
        take_number(f, &r->deadline_s);
        return true;
    case 9:
        take_number(f, &r->cycle_limit);
        return true;
    case 11:
        take_int(f, &r->fulfillment);
        return true;
    case 12:
        take_int(f, &r->execution);
        return true;
    case 14:
        return take_bytes(f, r->fulfiller20, 20);
    case 26:
        take_number(f, &r->gas_limit);
        return true;
    case 30:
        return take_text(a, f, URL_MAX, &r->program_url);
    case 31:
        return take_text(a, f, URL_MAX, &r->stdin_url);
    case 34:
        return take_amount(f, &r->base_fee);
    case 35:
        r->priced = r->priced || (f->wire == PVN_PB_LEN && f->bytes.len);
        return take_amount(f, &r->max_price);
    case 37:
        r->cancelled = f->wire == PVN_PB_VARINT && f->value != 0;
        return true;
    case 38:
        r->stdin_private = f->wire == PVN_PB_VARINT && f->value != 0;
        return true;
    case 40:
        return take_amount(f, &r->floor_price);
    default:
        return true;
    }
}

static provernet_status read_request(pvn_arena *a, pvn_bytes bytes,
                                     pvn_heard_request *r, provernet_error *err)
{
    pvn_pb_reader in = pvn_pb_read(bytes);
    char what[60];
    pvn_pb_field f;

    memset(r, 0, sizeof *r);
    r->version = r->program_uri = r->program_url = r->stdin_url = "";
    while (pvn_pb_next(&in, &f))
        if (!take_field(a, &f, r)) {
            snprintf(what, sizeof what, "field %u of a request", f.number);
            return malformed(what, err);
        }
    if (in.bad)
        return malformed("a request", err);
    if (pvn_is_zero(r->id32, sizeof r->id32))
        return malformed("a request without an id of 32 bytes", err);
    return PROVERNET_OK;
}

provernet_status pvn_hear_request(pvn_arena *a, pvn_bytes answer,
                                  pvn_heard_request *out, provernet_error *err)
{
    pvn_pb_reader in = pvn_pb_read(answer);
    pvn_bytes body = { NULL, 0 };
    pvn_pb_field f;

    while (pvn_pb_next(&in, &f))
        if (f.number == 1 && f.wire == PVN_PB_LEN)
            body = f.bytes;
    if (in.bad || !body.data)
        return malformed("no request in it", err);
    return read_request(a, body, out, err);
}

provernet_status pvn_hear_requests(pvn_arena *a, pvn_bytes answer,
                                   pvn_heard_request **out, size_t *len,
                                   provernet_error *err)
{
    pvn_pb_reader in = pvn_pb_read(answer);
    provernet_status rc;
    pvn_pb_field f;
    size_t n = 0;

    *len = 0;
    while (pvn_pb_next(&in, &f))
        n += f.number == 1 && f.wire == PVN_PB_LEN;
    if (in.bad)
        return malformed("a list of requests", err);
    if (n > REQUESTS_MAX)
        n = REQUESTS_MAX;
    *out = pvn_arena_alloc(a, n * sizeof **out);
    if (!*out)
        return pvn_nomem(err);
    in = pvn_pb_read(answer);
    while (*len < n && pvn_pb_next(&in, &f)) {
        if (f.number != 1 || f.wire != PVN_PB_LEN)
            continue;
        rc = read_request(a, f.bytes, &(*out)[*len], err);
        if (rc)
            return rc;
        ++*len;
    }
    return PROVERNET_OK;
}

provernet_status pvn_hear_params(pvn_bytes answer, pvn_heard_params *out,
                                 provernet_error *err)
{
    pvn_pb_reader in = pvn_pb_read(answer);
    pvn_pb_field f;
    bool ok = true;

    memset(out, 0, sizeof *out);
    while (ok && pvn_pb_next(&in, &f)) {
        if (f.number == 1) {
            ok = take_bytes(&f, out->domain32, 32);
            out->has_domain = f.wire == PVN_PB_LEN && f.bytes.len == 32;
        } else if (f.number == 5) {
            ok = take_amount(&f, &out->max_price);
        } else if (f.number == 8) {
            take_number(&f, &out->tick);
        } else if (f.number == 9) {
            ok = take_amount(&f, &out->floor_price);
        }
    }
    return ok && !in.bad ? PROVERNET_OK : malformed("its parameters", err);
}

/* The last value of a number's field; 0 if there is none. */
static provernet_status one_number(pvn_bytes answer, uint32_t field,
                                   uint64_t *out, const char *what,
                                   provernet_error *err)
{
    pvn_pb_reader in = pvn_pb_read(answer);
    pvn_pb_field f;

    *out = 0;
    while (pvn_pb_next(&in, &f)) {
        if (f.number != field)
            continue;
        if (f.wire != PVN_PB_VARINT)
            return malformed(what, err);
        *out = f.value;
    }
    return in.bad ? malformed(what, err) : PROVERNET_OK;
}

provernet_status pvn_hear_nonce(pvn_bytes answer, uint64_t *nonce,
                                provernet_error *err)
{
    return one_number(answer, 1, nonce, "a nonce", err);
}

provernet_status pvn_hear_suspension(pvn_bytes answer, uint64_t *until_s,
                                     provernet_error *err)
{
    return one_number(answer, 3, until_s, "a prover's status", err);
}

/* The bytes of field 1; absent: data NULL. false: malformed. */
static bool first_bytes(pvn_bytes answer, pvn_bytes *out)
{
    pvn_pb_reader in = pvn_pb_read(answer);
    pvn_pb_field f;

    *out = pvn_bytes_of(NULL, 0);
    while (pvn_pb_next(&in, &f)) {
        if (f.number == 1 && f.wire != PVN_PB_LEN)
            return false;
        if (f.number == 1)
            *out = f.bytes;
    }
    return !in.bad;
}

provernet_status pvn_hear_owner(pvn_bytes answer, uint8_t owner20[20],
                                provernet_error *err)
{
    pvn_bytes b;

    if (!first_bytes(answer, &b) || b.len != 20)
        return malformed("an owner has 20 bytes", err);
    memcpy(owner20, b.data, 20);
    return PROVERNET_OK;
}

/* Digits and at most one point: no sign, no exponent, no locale. */
static bool read_decimal(pvn_bytes text, double *out)
{
    double v = 0, scale = 1;
    bool point = false, digits = false;

    if (text.len == 0 || text.len > 40)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        digits = true;
        v = v * 10 + (c - '0');
        scale *= point ? 10 : 1;
    }
    *out = v / scale;
    return digits;
}

provernet_status pvn_hear_prove_price(pvn_bytes answer, double *usd,
                                      provernet_error *err)
{
    pvn_bytes b;

    if (!first_bytes(answer, &b) || !read_decimal(b, usd) || !(*usd > 0))
        return malformed("the price of PROVE", err);
    return PROVERNET_OK;
}

provernet_status pvn_hear_circuit(pvn_bytes answer, const uint8_t vk_hash32[32],
                                  bool *circuit, provernet_error *err)
{
    static const char name[] = "groth16/bn254@1";
    pvn_bytes program, vk = { NULL, 0 };
    uint8_t digest[32];
    pvn_pb_reader in;
    pvn_pb_field f;

    *circuit = false;
    if (!first_bytes(answer, &program))
        return malformed("a program", err);
    in = pvn_pb_read(program);
    while (pvn_pb_next(&in, &f))
        if (f.number == 2 && f.wire == PVN_PB_LEN)
            vk = f.bytes;
    if (in.bad)
        return malformed("a program", err);
    if (vk.len < sizeof name || memcmp(vk.data, name, sizeof name - 1) != 0)
        return PROVERNET_OK;
    crypto_hash_sha256(digest, vk.data, vk.len);
    *circuit = memcmp(digest, vk_hash32, 32) == 0;
    return PROVERNET_OK;
}

provernet_status pvn_hear_stdin_uri(pvn_arena *a, pvn_bytes answer,
                                    const char **uri, provernet_error *err)
{
    pvn_pb_field f = { .number = 1, .wire = PVN_PB_LEN };

    *uri = "";
    if (!first_bytes(answer, &f.bytes) || f.bytes.len == 0 ||
        !take_text(a, &f, URL_MAX, uri))
        return malformed("the address of the private input", err);
    return PROVERNET_OK;
}
