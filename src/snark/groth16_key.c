/* snark/groth16_key.c - loading a proving key: read section by section, check
 * every point, pack for the arithmetic. Includes base/ and snark/ only. */
#include "snark/groth16_key.h"
#include "base/error.h"
#include "snark/binfile.h"
#include "snark/bn254/work.h"
#include "snark/points_check.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { G1 = 64, G2 = 128, POINTS_PER_UNIT = 1024 };

/* Memory of a key and of a proof, from the counts alone; upper bounds but for
 * allocator overhead. Packed points are as large as stored ones and carry an
 * index of 4 bytes; a term is 8 bytes and its coefficient at most 32, in a
 * table that may be half empty. */
static void estimate(pvn_groth16_sizes *out, const pvn_zkey *z)
{
    uint64_t m = z->wires, n = z->domain, t = z->coefs;

    out->wires = m;
    out->publics = z->publics;
    out->domain = n;
    out->coefs = t;
    out->key_bytes = m * (3 * (G1 + 4) + G2 + 4) + n * (G1 + 4) + t * 8 +
                     2 * 4 * (n + 1) + (t < 65536 ? t : 65536) * 64 +
                     (z->publics + 1) * 1024 + (1 << 20);
    out->proof_bytes = pvn_groth16_proof_need(m, n);
}

provernet_status pvn_groth16_measure(pvn_groth16_sizes *out,
                                     const pvn_source *zkey,
                                     provernet_error *err)
{
    pvn_zkey z;
    provernet_status s = pvn_zkey_open(&z, zkey, err);

    if (!s)
        estimate(out, &z);
    return s;
}

void pvn_groth16_key_drop(pvn_groth16_key *k)
{
    if (!k)
        return;
    pvn_bases_free(k->a);
    pvn_bases_free(k->b1);
    pvn_bases_free(k->b2);
    pvn_bases_free(k->c);
    pvn_bases_free(k->h);
    pvn_domain_free(k->domain);
    pvn_coeff_rows_free(&k->rows);
    provernet_groth16_vk_free(k->vk);
    pvn_pool_empty(&k->pool);
    free(k);
}

const pvn_groth16_sizes *pvn_groth16_key_sizes(const pvn_groth16_key *k)
{
    return &k->sizes;
}

const provernet_groth16_vk *pvn_groth16_key_vk(const pvn_groth16_key *k)
{
    return k->vk;
}

/* ---- points ---- */

typedef struct check {
    const pvn_bn254_forms *forms;
    const uint8_t *bytes;
    size_t n;
    bool g2;
    atomic_size_t bad; /* the lowest index that is wrong, or n */
    provernet_watch *w;
    atomic_bool stopped;
} check;

static void check_unit(void *arg, size_t unit)
{
    check *c = arg;
    size_t at = unit * POINTS_PER_UNIT, n = c->n - at, bad, was;
    const uint8_t *bytes = c->bytes + at * (c->g2 ? G2 : G1);

    if (!pvn_watch_at(c->w, NULL, 0))
        atomic_store(&c->stopped, true);
    if (atomic_load(&c->stopped))
        return;
    if (n > POINTS_PER_UNIT)
        n = POINTS_PER_UNIT;
    bad = c->g2 ? pvn_g2_first_bad(c->forms, bytes, n)
                : pvn_g1_first_bad(c->forms, bytes, n);
    if (bad == n)
        return;
    bad += at;
    was = atomic_load(&c->bad);
    while (bad < was && !atomic_compare_exchange_weak(&c->bad, &was, bad))
        ;
}

/* What is known while a key is being loaded. */
typedef struct loading {
    pvn_groth16_key *k;
    pvn_zkey z;
    const pvn_source *file;
    unsigned flags;
    pvn_randomness rnd;
    const pvn_par *par;
    pvn_par with_pool; /* what par points to */
    pvn_pool pool;
    provernet_watch *w;
    uint64_t done, total; /* bytes, for the progress */
    provernet_error *err;
} loading;

static provernet_status cancelled(provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                    "reading the key was cancelled");
}

static provernet_status check_points(const loading *l, const uint8_t *bytes,
                                     size_t n, bool g2, const char *what)
{
    check c = {
        .forms = l->k->forms, .bytes = bytes, .n = n, .g2 = g2, .w = l->w
    };
    char text[PVN_COUNT_CAP];
    size_t bad;

    atomic_init(&c.bad, n);
    atomic_init(&c.stopped, false);
    pvn_par_for(l->par, check_unit, &c,
                (n + POINTS_PER_UNIT - 1) / POINTS_PER_UNIT);
    if (atomic_load(&c.stopped))
        return cancelled(l->err);
    bad = atomic_load(&c.bad);
    if (bad == n)
        return PROVERNET_OK;
    return pvn_fail(l->err, PROVERNET_ERR_FORMAT, 0,
                    "%s: point %s of %s is not on the curve\nhelp: the file is "
                    "damaged; copy it again and compare its checksum",
                    l->file->name, pvn_count_text(text, bad), what);
}

/* One section of points: read, check, pack, forget the bytes. */
static provernet_status load_points(loading *l, pvn_bases **out, uint64_t at,
                                    size_t n, size_t first, bool g2,
                                    const char *what)
{
    size_t bytes = n * (g2 ? G2 : G1);
    uint8_t *in = pvn_scratch_new(&l->pool, bytes);
    provernet_status s;

    if (!in)
        return pvn_nomem(l->err);
    s = pvn_source_read(l->file, at, in, bytes, l->err);
    if (!s)
        s = check_points(l, in, n, g2, what);
    if (!s)
        s = (g2 ? pvn_g2_bases_new : pvn_g1_bases_new)(out, l->k->forms, in, n,
                                                       first, l->par, l->err);
    pvn_scratch_free(&l->pool, in, bytes);
    l->done += bytes;
    if (!s &&
        !pvn_watch_at(l->w, "read key", (int)(l->done * 990 / (l->total + 1))))
        s = cancelled(l->err);
    return s;
}

/* Many small draws from one seed: a system call for each would cost more than
 * the sums. */
typedef struct stream {
    uint8_t key[crypto_stream_chacha20_KEYBYTES];
    uint64_t block;
    uint8_t bytes[1024];
    size_t left;
} stream;

static void draw(void *user, uint8_t *out, size_t len)
{
    stream *t = user;

    while (len > 0) {
        size_t some = len < t->left ? len : t->left;

        if (some == 0) {
            uint8_t nonce[crypto_stream_chacha20_NONCEBYTES] = { 0 };

            pvn_put_u64le(nonce, t->block++);
            crypto_stream_chacha20(t->bytes, sizeof t->bytes, nonce, t->key);
            t->left = sizeof t->bytes;
            continue;
        }
        memcpy(out, t->bytes + sizeof t->bytes - t->left, some);
        t->left -= some;
        out += some;
        len -= some;
    }
}

static provernet_status check_subgroup(loading *l)
{
    stream random = { .left = 0 };
    provernet_status s;
    bool fine = false;

    if (l->flags & PVN_GROTH16_TRUST_SUBGROUP)
        return PROVERNET_OK;
    l->rnd.fill(l->rnd.user, random.key, sizeof random.key);
    s = pvn_g2_bases_in_subgroup(&fine, l->k->b2, draw, &random, l->par, l->w);
    if (s == PROVERNET_ERR_CANCELLED)
        return cancelled(l->err);
    if (s)
        return pvn_nomem(l->err);
    if (fine)
        return PROVERNET_OK;
    return pvn_fail(l->err, PROVERNET_ERR_FORMAT, 0,
                    "%s: a point of section 7 (B2) is not in the subgroup of "
                    "order r\nhelp: the file is damaged or forged; get it "
                    "from whoever made it",
                    l->file->name);
}

/* The points of the head that a proof adds; those that also stand in the
 * verification key are checked with it, at the end. */
static provernet_status load_head(loading *l)
{
    pvn_groth16_key *k = l->k;
    const uint8_t *h = l->z.head;

    if (!pvn_g1_from_mont_le(&k->alpha1, h + PVN_ZKEY_ALPHA1) ||
        !pvn_g1_from_mont_le(&k->beta1, h + PVN_ZKEY_BETA1) ||
        !pvn_g1_from_mont_le(&k->delta1, h + PVN_ZKEY_DELTA1) ||
        !pvn_g2_from_mont_le(&k->beta2, h + PVN_ZKEY_BETA2) ||
        !pvn_g2_from_mont_le(&k->delta2, h + PVN_ZKEY_DELTA2) ||
        !pvn_g1_on_curve(&k->beta1) || !pvn_g1_on_curve(&k->delta1))
        return pvn_fail(l->err, PROVERNET_ERR_FORMAT, 0,
                        "%s: beta or delta in the header is not on the curve\n"
                        "help: the file is damaged; copy it again and compare "
                        "its checksum",
                        l->file->name);
    return PROVERNET_OK;
}

/* What one thread does alone, done side by side. */
enum { PART_ROWS, PART_VK, PART_DOMAIN, PARTS };
typedef struct parts {
    loading *l;
    uint64_t hash_key[PVN_ROWS_HASH_WORDS];
    void *room; /* for the rows */
    provernet_status status[PARTS];
    provernet_error err[PARTS];
} parts;

static void load_part(void *arg, size_t part)
{
    parts *p = arg;
    loading *l = p->l;
    pvn_groth16_key *k = l->k;
    provernet_error *err = &p->err[part];
    provernet_status s;

    if (part == PART_ROWS)
        s = pvn_rows_read(&k->rows, &l->z, l->file, p->hash_key, p->room, l->w,
                          err);
    else if (part == PART_VK)
        s = pvn_groth16_vk_from_zkey(&k->vk, l->file, err);
    else
        s = pvn_domain_new(&k->domain, k->forms, l->z.log_domain)
                ? pvn_nomem(err)
                : PROVERNET_OK;
    p->status[part] = s;
}

static provernet_status load_parts(loading *l)
{
    parts p = { .l = l };

    p.room = pvn_scratch_new(&l->pool, pvn_rows_room(&l->z));
    if (!p.room)
        return pvn_nomem(l->err);
    l->rnd.fill(l->rnd.user, p.hash_key, sizeof p.hash_key);
    pvn_par_for(l->par, load_part, &p, PARTS);
    pvn_scratch_free(&l->pool, p.room, pvn_rows_room(&l->z));
    l->done += (uint64_t)l->z.coefs * PVN_ZKEY_COEF_BYTES;
    for (int i = 0; i < PARTS; i++) {
        if (!p.status[i])
            continue;
        if (l->err)
            *l->err = p.err[i];
        return p.status[i];
    }
    return PROVERNET_OK;
}

static provernet_status load_all(loading *l)
{
    pvn_groth16_key *k = l->k;
    const pvn_zkey *z = &l->z;
    size_t m = z->wires, first = (size_t)z->publics + 1;
    provernet_status s;

    s = load_head(l);
    /* The largest section first, while little else is in memory. */
    if (!s)
        s = load_points(l, &k->b2, z->b2, m, 0, true, "section 7 (B2)");
    if (!s)
        s = check_subgroup(l);
    if (!s)
        s = load_points(l, &k->a, z->a, m, 0, false, "section 5 (A)");
    if (!s)
        s = load_points(l, &k->b1, z->b1, m, 0, false, "section 6 (B1)");
    if (!s)
        s = load_points(l, &k->c, z->c, m - first, first, false,
                        "section 8 (C)");
    if (!s)
        s = load_points(l, &k->h, z->h, z->domain, 0, false, "section 9 (H)");
    return s ? s : load_parts(l);
}

provernet_status pvn_groth16_key_load(pvn_groth16_key **out,
                                      const pvn_source *zkey, unsigned flags,
                                      pvn_randomness rnd,
                                      const pvn_bn254_forms *forms,
                                      const pvn_par *par, provernet_watch *w,
                                      provernet_error *err)
{
    pvn_groth16_key *k = calloc(1, sizeof *k);
    loading l = {
        .k = k, .file = zkey, .flags = flags, .rnd = rnd, .w = w, .err = err
    };
    provernet_status s;

    if (!k)
        return pvn_nomem(err);
    l.with_pool = par ? *par : (pvn_par){ .threads = 1 };
    l.with_pool.pool = &l.pool;
    l.with_pool.keep = &k->pool;
    l.par = &l.with_pool;
    k->forms = forms;
    snprintf(k->name, sizeof k->name, "%s", zkey->name);
    s = pvn_watch_at(w, "read key", 0) ? pvn_zkey_open(&l.z, zkey, err)
                                       : cancelled(err);
    if (!s) {
        estimate(&k->sizes, &l.z);
        l.total = zkey->size;
        s = load_all(&l);
    }
    pvn_pool_empty(&l.pool);
    if (s) {
        pvn_groth16_key_drop(k);
        return s;
    }
    k->sizes.key_bytes = pvn_bases_bytes(k->a) + pvn_bases_bytes(k->b1) +
                         pvn_bases_bytes(k->b2) + pvn_bases_bytes(k->c) +
                         pvn_bases_bytes(k->h) + k->rows.bytes + sizeof *k +
                         (k->sizes.publics + 36) * 1024;
    (void)pvn_watch_at(w, NULL, 1000);
    *out = k;
    return PROVERNET_OK;
}
