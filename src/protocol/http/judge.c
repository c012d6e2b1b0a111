/* protocol/http/judge.c - see judge.h. Includes jansson (params). */
#include "protocol/http/judge.h"
#include "protocol/http/artifacts.h"
#include "prove/sp1_prepared.h"
#include <jansson.h>
#include <stdlib.h>

provernet_status pvn_judge_read(pvn_node *n, const pvn_artifact *a,
                                uint64_t max, uint8_t **out, size_t *len,
                                provernet_error *err)
{
    size_t bytes = (size_t)a->raw_bytes;
    provernet_status rc;
    pvn_raw *raw;

    if ((uint64_t)a->raw_bytes > max)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "the output has %lld bytes, a proof of this kind has "
                        "at most %llu",
                        (long long)a->raw_bytes, (unsigned long long)max);
    *out = malloc(bytes + 1);
    if (!*out)
        return pvn_nomem(err);
    rc = pvn_raw_open(&raw, n, a, err);
    if (rc == PROVERNET_OK) {
        rc = pvn_raw_read(raw, *out, bytes, 0, err);
        pvn_raw_close(raw);
    }
    if (rc) {
        free(*out);
        *out = NULL;
        return rc;
    }
    *len = bytes;
    return PROVERNET_OK;
}

/* A damaged program is nobody's proof gone wrong: keep the two apart. */
static provernet_status vk_of(pvn_node *n, const pvn_artifact *a, pvn_buf *vk,
                              provernet_error *err)
{
    provernet_status rc;
    pvn_raw *raw;

    rc = pvn_raw_open(&raw, n, a, err);
    if (rc)
        return rc;
    rc = pvn_circuit_vk(pvn_raw_read, raw, (uint64_t)a->raw_bytes, vk, err);
    pvn_raw_close(raw);
    return rc == PROVERNET_ERR_FORMAT || rc == PROVERNET_ERR_UNSUPPORTED
               ? PROVERNET_ERR_MISMATCH
               : rc;
}

static void *make_keys(pvn_node *n)
{
    (void)n;
    return pvn_sp1_prepared_new();
}

static void free_keys(void *keys)
{
    pvn_sp1_prepared_free(keys);
}

pvn_sp1_prepared *pvn_judge_keys(pvn_node *n)
{
    return pvn_node_slot(n, PVN_PROTOCOL_CORE, make_keys, free_keys);
}

/* Params are JSON of our own making. false: they name no digest. */
static bool wanted_values(uint8_t digest32[32], pvn_bytes params)
{
    json_t *o = params.len
                    ? json_loadb((const char *)params.data, params.len, 0, NULL)
                    : NULL;
    const char *hex =
        json_string_value(json_object_get(o, "public_values_hash"));
    bool named = hex && pvn_unhex(digest32, 32, hex, strlen(hex));

    json_decref(o);
    return named;
}

provernet_status pvn_judge(pvn_node *n, const pvn_case *what, pvn_bytes output,
                           provernet_error *err)
{
    pvn_claim claim = { .kind = what->name, .sp1 = pvn_judge_keys(n) };
    provernet_status rc = PROVERNET_OK;
    uint8_t values32[32];
    pvn_buf own = { 0 };

    if (what->program) {
        claim.program_vk = what->program->vk;
        claim.program_name = what->program->name;
    }
    if (wanted_values(values32, what->params))
        claim.values_digest = pvn_bytes_of(values32, sizeof values32);
    if (what->kind->circuit && !claim.program_vk.len) {
        if (!what->artifact)
            return pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0,
                            "the program of this request is gone");
        rc = vk_of(n, what->artifact, &own, err);
        claim.program_vk = pvn_bytes_of(own.data, own.len);
    }
    if (rc == PROVERNET_OK)
        rc = what->kind->verify(&claim, output, err);
    pvn_buf_free(&own);
    return rc;
}
