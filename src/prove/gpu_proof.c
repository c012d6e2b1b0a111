/* prove/gpu_proof.c - proofs on the device, verified here, see gpu.h. */
#include "base/buf.h"
#include "prove/gpu_state.h"
#include "snark/wtns.h"
#include <sodium.h>

static void turn(uint8_t *out32, const uint8_t *le32)
{
    for (int i = 0; i < 32; i++)
        out32[i] = le32[31 - i];
}

/* Plain little-endian, c0 before c1, to the order of EIP-197. */
static void to_eip(provernet_groth16_proof *out, const uint8_t proof256[256])
{
    turn(out->a64, proof256);
    turn(out->a64 + 32, proof256 + 32);
    for (size_t i = 0; i < 4; i++)
        turn(out->b128 + 32 * (i ^ 1), proof256 + 64 + 32 * i);
    turn(out->c64, proof256 + 192);
    turn(out->c64 + 32, proof256 + 224);
}

/* r and s uniform below r: 512 random bits each, reduced. */
static void draw(provernet_engine *e, uint8_t rs64[64])
{
    pvn_randomness rnd = pvn_engine_randomness(e);
    uint8_t wide[64];

    for (int i = 0; i < 2; i++) {
        pvn_fr f;
        uint64_t plain[4];

        rnd.fill(rnd.user, wide, sizeof wide);
        pvn_fr_from_wide_le(&f, wide);
        pvn_fr_to_plain(plain, &f);
        for (int k = 0; k < 4; k++)
            pvn_put_u64le(rs64 + 32 * i + 8 * k, plain[k]);
        sodium_memzero(&f, sizeof f);
        sodium_memzero(plain, sizeof plain);
    }
    sodium_memzero(wide, sizeof wide);
}

/* The slot that holds the witness: the one it waited in, or a free one. */
static int place(struct pvn_gpu *g, const pvn_wtns *wtns, pvn_gpu_proof *p,
                 pvn_gpu_slot **out, provernet_gpu_error *ge)
{
    pvn_gpu_slot *s = pvn_gpu_slot_called(g, p->ticket);
    bool filled = s != NULL;
    int status;

    if (!filled) {
        p->ticket = 0;
        s = pvn_gpu_slot_take(g); /* one is free: at most one waits */
    }
    *out = s;
    status = pvn_gpu_slot_ready(g, s, wtns->count, ge);
    if (!status && !filled)
        memcpy(s->bulk.data, wtns->values, (size_t)wtns->count * 32);
    p->slot = (unsigned)(s - g->slots);
    return status;
}

static int run(provernet_engine *e, const pvn_gpu_key *k, const pvn_wtns *wtns,
               const pvn_gpu_work *work, uint8_t proof256[256],
               provernet_gpu_error *ge)
{
    struct pvn_gpu *g = e->gpu;
    pvn_gpu_proof p = { .key = k->key,
                        .n = wtns->count,
                        .ticket = work->ticket };
    pvn_gpu_slot *s = NULL;
    int status = place(g, wtns, &p, &s, ge);

    if (work->rs64)
        memcpy(p.rs64, work->rs64, sizeof p.rs64);
    else
        draw(e, p.rs64);
    if (!status)
        status = g->link->way->prove(g->link, &p, work->watch, ge);
    sodium_memzero(p.rs64, sizeof p.rs64);
    pvn_gpu_slot_give(g, s, wtns->count);
    memcpy(proof256, p.proof256, sizeof p.proof256);
    return status;
}

static provernet_status verify(const pvn_groth16_key *core,
                               const provernet_groth16_proof *proof,
                               const uint8_t *publics32, uint64_t n,
                               provernet_watch *w, provernet_error *err)
{
    provernet_status rc;

    if (!pvn_watch_at(w, "verify", 990))
        return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                        "the proof was cancelled");
    rc = provernet_groth16_verify(pvn_groth16_key_vk(core), proof, publics32, n,
                                  NULL);
    if (rc == PROVERNET_OK || rc == PROVERNET_ERR_NOMEM)
        return rc ? pvn_nomem(err) : rc;
    return pvn_fail(err, PROVERNET_ERR_PROOF, 0,
                    "the proof the GPU made does not verify");
}

static provernet_status read_witness(pvn_wtns *out,
                                     const pvn_groth16_sizes *sizes,
                                     provernet_span wtns, bool checked,
                                     provernet_error *err)
{
    provernet_status rc = pvn_wtns_open(out, wtns, "the witness", err);

    if (!rc && out->count != sizes->wires)
        rc = pvn_fail(err, PROVERNET_ERR_MISMATCH, 0,
                      "the circuit has %llu wires, the witness %u\n"
                      "help: make the witness with the program of the same "
                      "circuit build",
                      (unsigned long long)sizes->wires, out->count);
    return rc || checked ? rc : pvn_wtns_check(out, "the witness", err);
}

static provernet_status finish(const pvn_groth16_key *core,
                               const uint8_t proof256[256],
                               const pvn_wtns *values,
                               provernet_groth16_proof *out, uint8_t *publics32,
                               provernet_watch *w, provernet_error *err)
{
    uint64_t publics = pvn_groth16_key_sizes(core)->publics;
    provernet_groth16_proof made;
    provernet_status rc;

    to_eip(&made, proof256);
    for (uint64_t i = 0; i < publics; i++)
        turn(publics32 + 32 * i, values->values + 32 * (i + 1));
    rc = verify(core, &made, publics32, publics, w, err);
    if (rc)
        return rc;
    *out = made;
    (void)pvn_watch_at(w, NULL, 1000);
    return PROVERNET_OK;
}

provernet_status pvn_gpu_prove(provernet_engine *e, const pvn_groth16_key *core,
                               provernet_groth16_proof *out, uint8_t *publics32,
                               provernet_span wtns, const pvn_gpu_work *work,
                               provernet_error *err)
{
    provernet_gpu_error ge = { 0 };
    uint8_t proof256[256];
    provernet_status rc;
    pvn_gpu_key k;
    pvn_wtns values;
    int status;

    pvn_gpu_sweep(e, false);
    if (!pvn_gpu_find(e->gpu, core, &k))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the key belongs to another engine");
    if (!k.key)
        return pvn_fail(err, PROVERNET_ERR_GPU_LOST, 0, "%s was lost",
                        e->gpu->name);
    /* What has a ticket was checked when it got it. */
    rc = read_witness(&values, pvn_groth16_key_sizes(core), wtns,
                      work->ticket != 0, err);
    if (rc)
        return rc;
    status = run(e, &k, &values, work, proof256, &ge);
    if (status == PROVERNET_GPU_OK)
        return finish(core, proof256, &values, out, publics32, work->watch,
                      err);
    if (status == PROVERNET_GPU_LOST)
        pvn_gpu_lose(e, ge.message);
    else if (status == PROVERNET_GPU_ERROR || status == PROVERNET_GPU_MEMORY)
        pvn_engine_tell(e, "%s: %s; this proof is made on the processor",
                        e->gpu->name, ge.message);
    return pvn_gpu_said(e->gpu, &ge, err);
}
