/* snark/json.c - see json.h. Includes base/ and snark/ only. */
#include "snark/json.h"
#include "base/error.h"
#include "snark/decimal.h"

/* jansson parses by recursion: bound it before it starts. */
static bool shallow(const char *s, size_t len)
{
    int depth = 0;
    bool text = false;

    for (size_t i = 0; i < len; i++) {
        if (text) {
            if (s[i] == '\\')
                i++;
            else if (s[i] == '"')
                text = false;
        } else if (s[i] == '"') {
            text = true;
        } else if (s[i] == '[' || s[i] == '{') {
            if (++depth > PVN_JSON_MAX_DEPTH)
                return false;
        } else if (s[i] == ']' || s[i] == '}') {
            depth--;
        }
    }
    return true;
}

provernet_status pvn_json_load(json_t **out, provernet_span text,
                               size_t max_bytes, const char *what,
                               provernet_error *err)
{
    json_error_t e;

    if (text.len > max_bytes)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "%s has %zu bytes of JSON, at most %zu are read", what,
                        text.len, max_bytes);
    if (text.len == 0 || !shallow(text.data, text.len))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s is not JSON of the expected form: it is empty or "
                        "nested deeper than %d levels",
                        what, PVN_JSON_MAX_DEPTH);
    *out = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &e);
    if (*out)
        return PROVERNET_OK;
    if (json_error_code(&e) == json_error_out_of_memory)
        return pvn_nomem(err);
    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "%s is not valid JSON: line %d, column %d: %.90s", what,
                    e.line, e.column, e.text);
}

json_t *pvn_json_get(const json_t *object, const char *key, const char *what,
                     provernet_error *err)
{
    json_t *v = json_object_get(object, key);

    if (!v)
        (void)pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                       "%s has no \"%s\"\nhelp: give the JSON that snarkjs or "
                       "rapidsnark wrote; check the order of the files",
                       what, key);
    return v;
}

provernet_status pvn_json_expect(const json_t *object, const char *key,
                                 const char *text, const char *what,
                                 provernet_error *err)
{
    const json_t *v = json_object_get(object, key);
    const char *s = json_string_value(v);

    if (!v || (s && strcmp(s, text) == 0))
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                    "%s: \"%s\" is \"%.40s\", expected \"%s\"", what, key,
                    s ? s : "not a text", text);
}

static bool number(uint8_t out[32], const json_t *v, const uint8_t *modulus)
{
    return json_is_string(v) &&
           pvn_decimal_read(out, json_string_value(v), json_string_length(v),
                            modulus);
}

static bool is_digit(const json_t *v, const char *digit)
{
    return json_is_string(v) && strcmp(json_string_value(v), digit) == 0;
}

static bool pair(uint8_t c1_c0[64], const json_t *v)
{
    return json_is_array(v) && json_array_size(v) == 2 &&
           number(c1_c0 + 32, json_array_get(v, 0), pvn_bn254_q_be32) &&
           number(c1_c0, json_array_get(v, 1), pvn_bn254_q_be32);
}

static provernet_status bad_point(const char *what, provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "%s is not a point: expected three coordinates as decimal "
                    "strings below the field's prime, the last \"1\" (or "
                    "\"0\" for infinity)",
                    what);
}

provernet_status pvn_json_g1(uint8_t out[64], const json_t *v, const char *what,
                             provernet_error *err)
{
    static const uint8_t one[32] = { [31] = 1 };
    const json_t *z = json_array_get(v, 2);

    if (json_array_size(v) != 3 ||
        !number(out, json_array_get(v, 0), pvn_bn254_q_be32) ||
        !number(out + 32, json_array_get(v, 1), pvn_bn254_q_be32))
        return bad_point(what, err);
    if (is_digit(z, "1")) /* zeros would read as infinity further on */
        return pvn_is_zero(out, 64) ? bad_point(what, err) : PROVERNET_OK;
    if (!is_digit(z, "0") || !pvn_is_zero(out, 32) ||
        memcmp(out + 32, one, 32) != 0)
        return bad_point(what, err);
    memset(out, 0, 64);
    return PROVERNET_OK;
}

provernet_status pvn_json_g2(uint8_t out[128], const json_t *v,
                             const char *what, provernet_error *err)
{
    static const uint8_t one[64] = { [63] = 1 };
    const json_t *z = json_array_get(v, 2);

    if (json_array_size(v) != 3 || !pair(out, json_array_get(v, 0)) ||
        !pair(out + 64, json_array_get(v, 1)) || json_array_size(z) != 2 ||
        !is_digit(json_array_get(z, 1), "0"))
        return bad_point(what, err);
    if (is_digit(json_array_get(z, 0), "1"))
        return pvn_is_zero(out, 128) ? bad_point(what, err) : PROVERNET_OK;
    if (!is_digit(json_array_get(z, 0), "0") || !pvn_is_zero(out, 64) ||
        memcmp(out + 64, one, 64) != 0)
        return bad_point(what, err);
    memset(out, 0, 128);
    return PROVERNET_OK;
}

provernet_status pvn_json_signal(uint8_t out[32], const json_t *v, size_t index,
                                 provernet_error *err)
{
    if (number(out, v, pvn_bn254_r_be32))
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "public signal %zu is not a decimal string below the "
                    "group order",
                    index);
}

static void element(pvn_json_out *o, const char *key)
{
    if (o->some)
        pvn_buf_text(o->b, ",");
    if (o->depth > 0) {
        pvn_buf_text(o->b, "\n");
        for (int i = 0; i < o->depth; i++)
            pvn_buf_text(o->b, " ");
    }
    if (key)
        pvn_buf_format(o->b, "\"%s\": ", key);
    o->some = true;
}

void pvn_json_open(pvn_json_out *o, const char *key, char bracket)
{
    element(o, key);
    pvn_buf_add(o->b, &bracket, 1);
    o->depth++;
    o->some = false;
}

void pvn_json_close(pvn_json_out *o, char bracket)
{
    o->depth--;
    pvn_buf_text(o->b, "\n");
    for (int i = 0; i < o->depth; i++)
        pvn_buf_text(o->b, " ");
    pvn_buf_add(o->b, &bracket, 1);
    o->some = true;
}

void pvn_json_text(pvn_json_out *o, const char *key, const char *text)
{
    element(o, key);
    pvn_buf_format(o->b, "\"%s\"", text);
}

void pvn_json_number(pvn_json_out *o, const char *key, const uint8_t be32[32])
{
    char text[PVN_DECIMAL_CAP];

    pvn_decimal_write(text, be32);
    pvn_json_text(o, key, text);
}

void pvn_json_count(pvn_json_out *o, const char *key, uint64_t n)
{
    element(o, key);
    pvn_buf_format(o->b, "%llu", (unsigned long long)n);
}

void pvn_json_put_g1(pvn_json_out *o, const char *key, const uint8_t p[64])
{
    bool infinity = pvn_is_zero(p, 64);

    pvn_json_open(o, key, '[');
    pvn_json_number(o, NULL, p);
    if (infinity)
        pvn_json_text(o, NULL, "1");
    else
        pvn_json_number(o, NULL, p + 32);
    pvn_json_text(o, NULL, infinity ? "0" : "1");
    pvn_json_close(o, ']');
}

static void put_pair(pvn_json_out *o, const uint8_t c1_c0[64])
{
    pvn_json_open(o, NULL, '[');
    pvn_json_number(o, NULL, c1_c0 + 32);
    pvn_json_number(o, NULL, c1_c0);
    pvn_json_close(o, ']');
}

void pvn_json_put_g2(pvn_json_out *o, const char *key, const uint8_t p[128])
{
    static const uint8_t zero[64], one[64] = { [63] = 1 };
    bool infinity = pvn_is_zero(p, 128);

    pvn_json_open(o, key, '[');
    put_pair(o, p);
    put_pair(o, infinity ? one : p + 64);
    put_pair(o, infinity ? zero : one);
    pvn_json_close(o, ']');
}
