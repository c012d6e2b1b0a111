/* protocol/http/judge.c - see judge.h. */
#include "protocol/http/judge.h"
#include "protocol/http/artifacts.h"
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

provernet_status pvn_judge(pvn_node *n, const pvn_kind *kind, const char *name,
                           const pvn_program *program,
                           const pvn_artifact *artifact, pvn_bytes output,
                           provernet_error *err)
{
    provernet_status rc = PROVERNET_OK;
    pvn_claim claim = { .kind = name };
    pvn_buf own = { 0 };

    if (program) {
        claim.program_vk = program->vk;
        claim.program_name = program->name;
    }
    if (kind->circuit && !claim.program_vk.len) {
        if (!artifact)
            return pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0,
                            "the program of this request is gone");
        rc = vk_of(n, artifact, &own, err);
        claim.program_vk = pvn_bytes_of(own.data, own.len);
    }
    if (rc == PROVERNET_OK)
        rc = kind->verify(&claim, output, err);
    pvn_buf_free(&own);
    return rc;
}
