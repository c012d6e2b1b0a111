/* snark/groth16_json.c - proofs and public signals as JSON, in the dialects
 * of snarkjs and rapidsnark. Includes base/ and snark/ only. */
#include "base/error.h"
#include "snark/groth16_vk.h"
#include "snark/json.h"

static void put_proof(pvn_json_out *o, const char *key,
                      const provernet_groth16_proof *p)
{
    pvn_json_open(o, key, '{');
    pvn_json_put_g1(o, "pi_a", p->a64);
    pvn_json_put_g2(o, "pi_b", p->b128);
    pvn_json_put_g1(o, "pi_c", p->c64);
    pvn_json_text(o, "protocol", "groth16");
    pvn_json_text(o, "curve", "bn128");
    pvn_json_close(o, '}');
}

static void put_publics(pvn_json_out *o, const char *key,
                        const uint8_t *publics32, size_t n)
{
    pvn_json_open(o, key, '[');
    for (size_t i = 0; i < n; i++)
        pvn_json_number(o, NULL, publics32 + 32 * i);
    pvn_json_close(o, ']');
}

provernet_status pvn_json_give(pvn_buf *b, char *buf, size_t cap, size_t *len)
{
    provernet_status s = PROVERNET_OK;

    *len = b->len;
    if (b->failed)
        s = PROVERNET_ERR_NOMEM;
    else if (b->len > cap)
        s = PROVERNET_ERR_LIMIT;
    else
        memcpy(buf, b->data, b->len);
    if (!s && cap > b->len)
        buf[b->len] = 0;
    pvn_buf_free(b);
    return s;
}

provernet_status
provernet_groth16_proof_to_json(const provernet_groth16_proof *p, char *buf,
                                size_t cap, size_t *len)
{
    pvn_buf b = { 0 };
    pvn_json_out o = { .b = &b };

    put_proof(&o, NULL, p);
    return pvn_json_give(&b, buf, cap, len);
}

provernet_status provernet_groth16_publics_to_json(const uint8_t *publics32,
                                                   size_t n, char *buf,
                                                   size_t cap, size_t *len)
{
    pvn_buf b = { 0 };
    pvn_json_out o = { .b = &b };

    put_publics(&o, NULL, publics32, n);
    return pvn_json_give(&b, buf, cap, len);
}

static provernet_status read_proof(provernet_groth16_proof *p, const json_t *v,
                                   provernet_error *err)
{
    const char *what = "the proof";
    const json_t *a, *b, *c;
    provernet_status s;

    if (!json_is_object(v))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the proof is not a JSON object\nhelp: give the "
                        "proof.json that snarkjs or rapidsnark wrote; check "
                        "the order of the files");
    s = pvn_json_expect(v, "protocol", "groth16", what, err);
    if (!s)
        s = pvn_json_expect(v, "curve", "bn128", what, err);
    if (s)
        return s;
    if (!(a = pvn_json_get(v, "pi_a", what, err)) ||
        !(b = pvn_json_get(v, "pi_b", what, err)) ||
        !(c = pvn_json_get(v, "pi_c", what, err)))
        return PROVERNET_ERR_FORMAT;
    s = pvn_json_g1(p->a64, a, "pi_a", err);
    if (!s)
        s = pvn_json_g2(p->b128, b, "pi_b", err);
    if (!s)
        s = pvn_json_g1(p->c64, c, "pi_c", err);
    return s ? s : pvn_groth16_take_apart(NULL, p, err);
}

static provernet_status read_publics(uint8_t *publics32, size_t cap, size_t *n,
                                     const json_t *v, provernet_error *err)
{
    provernet_status s = PROVERNET_OK;

    if (!json_is_array(v))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the public signals are not a JSON array\nhelp: give "
                        "the public.json that snarkjs or rapidsnark wrote; "
                        "check the order of the files");
    *n = json_array_size(v);
    if (*n > cap)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "there are %zu public signals and room for %zu", *n,
                        cap);
    for (size_t i = 0; !s && i < *n; i++)
        s = pvn_json_signal(publics32 + 32 * i, json_array_get(v, i), i, err);
    return s;
}

provernet_status provernet_groth16_proof_from_json(provernet_groth16_proof *p,
                                                   provernet_span json,
                                                   provernet_error *err)
{
    provernet_groth16_proof got;
    provernet_status s;
    json_t *v;

    s = pvn_json_load(&v, json, PVN_JSON_MAX_PROOF, "the proof", err);
    if (s)
        return s;
    s = read_proof(&got, v, err);
    if (!s)
        *p = got;
    json_decref(v);
    return s;
}

provernet_status provernet_groth16_publics_from_json(uint8_t *publics32,
                                                     size_t cap, size_t *n,
                                                     provernet_span json,
                                                     provernet_error *err)
{
    provernet_status s;
    json_t *v;

    s = pvn_json_load(&v, json, PVN_JSON_MAX_BYTES,
                      "the list of public signals", err);
    if (s)
        return s;
    s = read_publics(publics32, cap, n, v, err);
    json_decref(v);
    return s;
}

bool pvn_groth16_artifact_write(pvn_buf *b, const provernet_groth16_proof *p,
                                const uint8_t *publics32, size_t n)
{
    pvn_json_out o = { .b = b };

    pvn_json_open(&o, NULL, '{');
    put_proof(&o, "proof", p);
    put_publics(&o, "publicSignals", publics32, n);
    pvn_json_close(&o, '}');
    return !b->failed;
}

provernet_status pvn_groth16_artifact_read(provernet_groth16_proof *p,
                                           uint8_t *publics32, size_t cap,
                                           size_t *n, provernet_span json,
                                           provernet_error *err)
{
    const char *what = "the proof artifact";
    const json_t *proof, *publics;
    provernet_groth16_proof got;
    provernet_status s;
    json_t *v;

    s = pvn_json_load(&v, json, PVN_JSON_MAX_BYTES, what, err);
    if (s)
        return s;
    s = PROVERNET_ERR_FORMAT;
    if ((proof = pvn_json_get(v, "proof", what, err)) &&
        (publics = pvn_json_get(v, "publicSignals", what, err))) {
        s = read_proof(&got, proof, err);
        if (!s)
            s = read_publics(publics32, cap, n, publics, err);
        if (!s)
            *p = got;
    }
    json_decref(v);
    return s;
}
