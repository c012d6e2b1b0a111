/* net/prove_job.c - a job of a kind that the library proves itself, from its
 * inputs to the answer. */
#include "net/inside.h"
#include "prove/engine.h"
#include "prove/keys.h"
#include "snark/groth16.h"
#include <stdlib.h>

/* Whose fault a failure to prove is. */
static int blame_of(provernet_status s)
{
    switch (s) {
    case PROVERNET_ERR_FORMAT:
    case PROVERNET_ERR_MISMATCH:
    case PROVERNET_ERR_UNSUPPORTED: /* a key of another protocol or curve */
    case PROVERNET_ERR_PROOF: /* the witness does not satisfy the circuit */
        return PROVERNET_BLAME_INPUT;
    default:
        return PROVERNET_BLAME_SURROUNDINGS;
    }
}

static provernet_status read_blob(provernet_blob *b, uint8_t **out, size_t *len,
                                  provernet_error *err)
{
    uint64_t bytes = provernet_blob_len(b), at = 0;
    provernet_status rc = PROVERNET_OK;
    size_t got;

    *out = malloc((size_t)bytes + 1);
    if (!*out)
        return pvn_nomem(err);
    while (at < bytes && rc == PROVERNET_OK) {
        rc = provernet_blob_read(b, *out + at, (size_t)(bytes - at), &got, at,
                                 err);
        at += got;
    }
    *len = (size_t)at;
    if (at == bytes)
        return PROVERNET_OK;
    free(*out);
    *out = NULL;
    return rc == PROVERNET_END
               ? pvn_fail(err, PROVERNET_ERR_CORRUPT, 0, "an input is short")
               : rc;
}

static provernet_status write_proof(provernet_job *j,
                                    const provernet_groth16_proof *proof,
                                    const uint8_t *publics, size_t n,
                                    provernet_error *err)
{
    provernet_blob *out;
    provernet_status rc;
    pvn_buf b = { 0 };

    rc = provernet_job_output(j, &out, err);
    if (rc)
        return rc;
    if (pvn_groth16_artifact_write(&b, proof, publics, n))
        rc = provernet_blob_write(out, b.data, b.len, err);
    else
        rc = pvn_nomem(err);
    pvn_buf_free(&b);
    return rc;
}

static provernet_status prove_witness(provernet_job *j,
                                      const provernet_groth16_key *key,
                                      provernet_watch *w, provernet_error *err)
{
    provernet_groth16_info info = { .struct_size = sizeof info };
    provernet_groth16_proof proof;
    provernet_blob *input;
    uint8_t *publics, *witness = NULL;
    provernet_status rc;
    size_t n, len = 0;

    provernet_groth16_key_info(key, &info);
    publics = malloc((size_t)info.publics * 32 + 1);
    if (!publics)
        return pvn_nomem(err);
    rc = provernet_job_input(j, 1, &input, err);
    if (rc == PROVERNET_END)
        rc = pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                      "the request has no witness");
    if (rc == PROVERNET_OK)
        rc = read_blob(input, &witness, &len, err);
    if (rc == PROVERNET_OK) {
        provernet_span wtns = { witness, len };

        rc = provernet_groth16_prove(key, &proof, publics, (size_t)info.publics,
                                     &n, wtns, w, err);
    }
    if (rc == PROVERNET_OK)
        rc = write_proof(j, &proof, publics, n, err);
    free(witness);
    free(publics);
    return rc;
}

static provernet_status prove(provernet_job *j, provernet_engine *e,
                              provernet_watch *w, provernet_error *err)
{
    provernet_groth16_key *key = NULL;
    uint8_t digest[32];
    provernet_status rc;
    const char *path;

    rc = provernet_job_input_file(j, 0, &path, digest, err);
    if (rc == PROVERNET_END)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the request has no program");
    if (rc)
        return rc;
    rc = pvn_key_by_digest(&key, e, path, digest, w, err);
    if (rc)
        return rc;
    rc = prove_witness(j, key, w, err);
    provernet_groth16_key_free(key);
    return rc;
}

static void set_watch(provernet_job *j, provernet_watch *w)
{
    pthread_mutex_lock(&j->w->lock);
    j->watch = w;
    if (w && atomic_load(&j->cancelled))
        provernet_watch_cancel(w);
    pthread_mutex_unlock(&j->w->lock);
}

provernet_status provernet_job_prove(provernet_job *j, provernet_engine *e,
                                     provernet_error *err)
{
    provernet_error mine = { 0 };
    provernet_status rc, again;
    provernet_watch *w;

    if (strcmp(provernet_job_kind(j), "groth16/bn254@1") != 0)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "the library does not prove %.60s itself",
                        provernet_job_kind(j));
    w = provernet_watch_new();
    if (w) {
        set_watch(j, w);
        j->device = e->device->name;
        rc = prove(j, e, w, &mine);
        set_watch(j, NULL);
        provernet_watch_free(w);
    } else {
        rc = pvn_nomem(&mine);
    }
    if (rc == PROVERNET_OK)
        return provernet_job_done(j, err);
    if (rc == PROVERNET_ERR_MEMORY_NEED || rc == PROVERNET_ERR_NOMEM)
        pvn_job_too_large(j);
    /* Why it failed is what the caller wants to know, not how the report
     * went: the lease ends by itself if that is lost. */
    if (atomic_load(&j->cancelled))
        again = provernet_job_fail(j, PROVERNET_BLAME_SURROUNDINGS,
                                   "no longer wanted", NULL);
    else
        again = provernet_job_fail(j, blame_of(rc), mine.message, NULL);
    (void)again;
    return pvn_error_copy(err, &mine);
}
