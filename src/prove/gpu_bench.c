/* prove/gpu_bench.c - see gpu_bench.h. */
#include "prove/gpu_bench.h"
#include "base/bytes.h"
#include "prove/gpu_state.h"
#include <stdlib.h>

enum { ENTRY = 44, PAIRS = 3 }; /* of transforms, as a proof has them */

/* One coefficient in each row of A and B; the points over and over. */
static void made_up_key(pvn_gpu_sections *s, const pvn_gpu_bench *b,
                        const uint8_t *scalars)
{
    uint64_t at[PVN_WIRE_SECTIONS + 1], n = b->n;
    uint8_t *data = s->bulk.data;

    pvn_wire_layout(&s->sizes, at);
    for (uint64_t i = 0; i < 2 * n; i++) {
        uint8_t *entry = data + i * ENTRY;

        pvn_put_u32le(entry, (uint32_t)(i & 1));
        pvn_put_u32le(entry + 4, (uint32_t)(i / 2));
        pvn_put_u32le(entry + 8, (uint32_t)((i * 7 + 1) % n));
        memcpy(entry + 12, scalars + i / 2 * 32, 32);
    }
    memcpy(data + at[1], b->g1, (size_t)(n * 64));
    memcpy(data + at[2], b->g1, (size_t)(n * 64));
    memcpy(data + at[3], b->g2, (size_t)(n * 128));
    memcpy(data + at[4], b->g1, (size_t)((n - 2) * 64));
    memcpy(data + at[5], b->g1, (size_t)(n * 64));
    memcpy(s->fixed, b->g1, 192);
    memcpy(s->fixed + 192, b->g2, 256);
}

static int load_key(pvn_gpu_bench *b, const uint8_t *scalars,
                    provernet_gpu_error *e)
{
    struct pvn_gpu *g = b->engine->gpu;
    uint64_t at[PVN_WIRE_SECTIONS + 1];
    pvn_gpu_sections s = { .sizes = { .n_vars = (uint32_t)b->n,
                                      .n_public = 1,
                                      .domain_size = (uint32_t)b->n,
                                      .coefficients = 2 * b->n } };
    pvn_gpu_loaded loaded = { 0 };
    int status;

    pvn_wire_layout(&s.sizes, at);
    if (!pvn_bulk_new(&s.bulk, at[PVN_WIRE_SECTIONS]))
        return PROVERNET_GPU_NOMEM;
    made_up_key(&s, b, scalars);
    status = g->link->way->load(g->link, &s, &loaded, NULL, e);
    pvn_bulk_free(&s.bulk);
    b->key = loaded.key;
    b->bytes = loaded.form.resident + loaded.form.scratch;
    return status;
}

static bool fill(pvn_gpu_bench *b, const uint8_t *scalars)
{
    uint64_t point = 0;
    const uint8_t *points = NULL;

    if (b->kind == PROVERNET_BENCH_G1_MSM) {
        point = 64;
        points = b->g1;
    } else if (b->kind == PROVERNET_BENCH_G2_MSM) {
        point = 128;
        points = b->g2;
    }
    b->bytes = b->n * (point + 32);
    if (!pvn_bulk_new(&b->bulk, b->bytes))
        return false;
    if (points)
        memcpy(b->bulk.data, points, (size_t)(b->n * point));
    memcpy(b->bulk.data + b->n * point, scalars, (size_t)(b->n * 32));
    return true;
}

static provernet_status result(provernet_engine *e, int status,
                               const provernet_gpu_error *ge,
                               provernet_error *err)
{
    if (status == PROVERNET_GPU_LOST && e->gpu->link)
        pvn_gpu_lose(e, ge->message);
    if (status == PROVERNET_GPU_NOMEM && !ge->message[0])
        return pvn_nomem(err);
    return status ? pvn_gpu_said(e->gpu, ge, err) : PROVERNET_OK;
}

provernet_status pvn_gpu_bench_open(pvn_gpu_bench *b, provernet_engine *e,
                                    provernet_bench_kind kind, uint64_t n,
                                    const uint8_t *scalars,
                                    provernet_error *err)
{
    provernet_gpu_error ge = { 0 };

    b->engine = e;
    b->kind = kind;
    b->n = n;
    if (!e->gpu->link)
        return pvn_fail(err, PROVERNET_ERR_GPU_LOST, 0, "%s was lost",
                        e->gpu->name);
    if (!fill(b, scalars))
        return pvn_nomem(err);
    if (kind != PROVERNET_BENCH_GROTH16)
        return PROVERNET_OK;
    return result(e, load_key(b, scalars, &ge), &ge, err);
}

static int prove(pvn_gpu_bench *b, uint64_t *check, provernet_watch *w,
                 provernet_gpu_error *e)
{
    struct pvn_gpu *g = b->engine->gpu;
    pvn_gpu_proof p = { .key = b->key, .n = b->n, .rs64 = { 1 } };
    pvn_gpu_slot *s = pvn_gpu_slot_take(g);
    int status;

    if (!s)
        return PROVERNET_GPU_ERROR;
    p.slot = (unsigned)(s - g->slots);
    status = pvn_gpu_slot_ready(g, s, b->n, e);
    if (!status) {
        memcpy(s->bulk.data, b->bulk.data, (size_t)(b->n * 32));
        status = g->link->way->prove(g->link, &p, w, e);
    }
    pvn_gpu_slot_give(g, s, 0); /* nothing secret */
    *check = pvn_get_u64le(p.proof256);
    return status;
}

static int transforms(pvn_gpu_bench *b, uint64_t *check, provernet_gpu_error *e)
{
    const pvn_gpu_way *way = b->engine->gpu->link->way;
    pvn_gpu_link *l = b->engine->gpu->link;
    uint8_t none[128];
    int status = 0;

    for (int i = 0; i < PAIRS && !status; i++) {
        status = way->work(l, PVN_WORK_NTT_INVERSE, &b->bulk, b->n, none, e);
        if (!status)
            status = way->work(l, PVN_WORK_NTT, &b->bulk, b->n, none, e);
    }
    *check = pvn_get_u64le(b->bulk.data) ^
             pvn_get_u64le(b->bulk.data + (b->n - 1) * 32);
    return status;
}

provernet_status pvn_gpu_bench_run(pvn_gpu_bench *b, uint64_t *check,
                                   provernet_watch *w, provernet_error *err)
{
    struct pvn_gpu *g = b->engine->gpu;
    provernet_gpu_error ge = { 0 };
    uint8_t sum[128] = { 0 };
    int status;

    if (!pvn_watch_at(w, NULL, 0))
        return PROVERNET_ERR_CANCELLED;
    if (!g->link)
        return pvn_fail(err, PROVERNET_ERR_GPU_LOST, 0, "%s was lost", g->name);
    if (b->kind == PROVERNET_BENCH_GROTH16) {
        status = prove(b, check, w, &ge);
    } else if (b->kind == PROVERNET_BENCH_NTT) {
        status = transforms(b, check, &ge);
    } else {
        status = g->link->way->work(
            g->link,
            b->kind == PROVERNET_BENCH_G1_MSM ? PVN_WORK_G1 : PVN_WORK_G2,
            &b->bulk, b->n, sum, &ge);
        *check = pvn_get_u64le(sum);
    }
    return result(b->engine, status, &ge, err);
}

void pvn_gpu_bench_free(pvn_gpu_bench *b)
{
    provernet_gpu_error ge = { 0 };
    struct pvn_gpu *g;

    free(b->g1);
    free(b->g2);
    if (b->engine && b->key && !pvn_engine_take(b->engine, NULL, NULL)) {
        g = b->engine->gpu;
        if (g->link &&
            g->link->way->drop(g->link, b->key, &ge) == PROVERNET_GPU_LOST)
            pvn_gpu_lose(b->engine, ge.message);
        pvn_engine_give(b->engine);
    }
    pvn_bulk_free(&b->bulk);
}
