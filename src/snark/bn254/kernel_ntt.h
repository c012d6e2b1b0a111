/* snark/bn254/kernel_ntt.h - transforms of eight columns at once over the
 * lanes of a form; only kernel.h includes it.
 *
 * "Out" turns natural order into bit-reversed order with one twiddle per
 * block (table[b] = w^(reversed(b)/2), so a prefix of the table serves every
 * length); "in" turns bit-reversed into natural order with twiddle
 * table[m + j] at place j of the half-length m. Both only add products to
 * values, so in the vector form a value below 2 r grows by at most 2 r per
 * layer (the first two, which skip products, take it to 8 r): with at most 14
 * layers of each kind it stays below 8 + 2*26 = 60 r, within the 84 r of
 * lanes_ifma.h. Sums are kept unnormalised; lv_norm comes before each
 * product. */

#define FR (&lane_fr)

enum { NTT_NEAR = 64 }; /* vectors that fit in the first-level cache */

/* (a, b) = (a + w b, a - w b), or without the product. */
PVN_INLINE void butterfly(lv *a, lv *b, const lane_twiddle *w)
{
    lv t;
    lv_norm(&t, b);
    lv_mul_twiddle(&t, &t, w, FR);
    lv_sub_raw(b, a, &t, 2, FR);
    lv_add_raw(a, a, &t, FR);
}

PVN_INLINE void butterfly_one(lv *a, lv *b, int k)
{
    lv t = *b;
    lv_sub_raw(b, a, &t, k, FR);
    lv_add_raw(a, a, &t, FR);
}

/* Two layers of "out" over one block of 4m vectors. */
PVN_INLINE void out_four(lv *buf, size_t m, const lane_twiddle *table,
                         size_t block)
{
    const lane_twiddle *w1 = &table[block], *w2 = &table[2 * block],
                       *w3 = &table[2 * block + 1];
    for (size_t j = 0; j < m; j++) {
        lv a = buf[j], b = buf[j + m], c = buf[j + 2 * m], d = buf[j + 3 * m];
        butterfly(&a, &c, w1);
        butterfly(&b, &d, w1);
        butterfly(&a, &b, w2);
        butterfly(&c, &d, w3);
        buf[j] = a;
        buf[j + m] = b;
        buf[j + 2 * m] = c;
        buf[j + 3 * m] = d;
    }
}

/* Transform vectors buf[0..n), which are block number `block` of its layer. */
static void ntt_out(lv *buf, size_t n, const lane_twiddle *table, size_t block)
{
    if (n > NTT_NEAR) {
        size_t m = n / 4;
        out_four(buf, m, table, block);
        for (size_t i = 0; i < 4; i++)
            ntt_out(buf + i * m, m, table, 4 * block + i);
        return;
    }
    size_t blocks = 1;
    for (; n >= 4; n /= 4, blocks *= 4)
        for (size_t i = 0; i < blocks; i++)
            out_four(buf + i * n, n / 4, table, block * blocks + i);
    if (n == 2)
        for (size_t i = 0; i < blocks; i++)
            butterfly(&buf[2 * i], &buf[2 * i + 1], &table[block * blocks + i]);
}

/* The same from the whole, block 0: its first twiddles are 1, 1 and w3, so
 * one product in four remains. Values below 2 grow to below 8 here. */
static void ntt_out_whole(lv *buf, size_t n, const lane_twiddle *table)
{
    size_t m = n / 4;
    for (size_t j = 0; j < m; j++) {
        lv a = buf[j], b = buf[j + m], c = buf[j + 2 * m], d = buf[j + 3 * m];
        butterfly_one(&a, &c, 2);
        butterfly_one(&b, &d, 2);
        butterfly_one(&a, &b, 4);
        butterfly(&c, &d, &table[1]);
        buf[j] = a;
        buf[j + m] = b;
        buf[j + 2 * m] = c;
        buf[j + 3 * m] = d;
    }
    for (size_t i = 0; i < 4; i++)
        ntt_out(buf + i * m, m, table, i);
}

/* Two layers of "in", half-lengths m and 2m, over one block of 4m vectors. */
PVN_INLINE void in_four(lv *buf, size_t m, const lane_twiddle *table)
{
    for (size_t j = 0; j < m; j++) {
        lv a = buf[j], b = buf[j + m], c = buf[j + 2 * m], d = buf[j + 3 * m];
        butterfly(&a, &b, &table[m + j]);
        butterfly(&c, &d, &table[m + j]);
        butterfly(&a, &c, &table[2 * m + j]);
        butterfly(&b, &d, &table[3 * m + j]);
        buf[j] = a;
        buf[j + m] = b;
        buf[j + 2 * m] = c;
        buf[j + 3 * m] = d;
    }
}

/* The first two layers where the twiddles are those of plain transforms: 1, 1
 * and table[3]. Values below 2 grow to below 8. */
PVN_INLINE void in_first(lv *buf, const lane_twiddle *table)
{
    lv a = buf[0], b = buf[1], c = buf[2], d = buf[3];
    butterfly_one(&a, &b, 2);
    butterfly_one(&c, &d, 2);
    butterfly_one(&a, &c, 4);
    butterfly(&b, &d, &table[3]);
    buf[0] = a;
    buf[1] = b;
    buf[2] = c;
    buf[3] = d;
}

/* `plain`: not to the coset, and the input is below 2. */
static void ntt_in(lv *buf, size_t n, const lane_twiddle *table, bool plain)
{
    if (n > NTT_NEAR) {
        size_t m = n / 4;
        for (size_t i = 0; i < 4; i++)
            ntt_in(buf + i * m, m, table, plain);
        in_four(buf, m, table);
        return;
    }
    size_t m = 1;
    int layers = __builtin_ctzll(n);
    if (layers & 1) {
        for (size_t i = 0; i < n; i += 2)
            butterfly(&buf[i], &buf[i + 1], &table[1]);
        m = 2;
    } else if (plain) {
        for (size_t i = 0; i < n; i += 4)
            in_first(buf + i, table);
        m = 4;
    }
    for (; m < n; m *= 4)
        for (size_t i = 0; i < n; i += 4 * m)
            in_four(buf + i, m, table);
}

PVN_INLINE size_t reversed(size_t i, unsigned bits)
{
    size_t r = 0;
    for (unsigned b = 0; b < bits; b++)
        r |= (i >> b & 1) << (bits - 1 - b);
    return r;
}

static void ntt_twist(void *twist, const pvn_fr base[8], const pvn_fr *scale,
                      unsigned log_len)
{
    lv *out = twist, step, run;
    lv_load(&step, (const uint64_t(*)[4])base);
    lv_enter(&step, FR);
    lv_set_all(&run, scale->l, FR);
    out[0] = run;
    for (size_t i = 1; i < (size_t)1 << log_len; i++) {
        lv_mul(&run, &run, &step, FR);
        out[reversed(i, log_len)] = run;
    }
}

/* The store and load of one vector of a stage. */
PVN_INLINE void stage_load(lv *v, const pvn_ntt_stage *s, size_t i)
{
    if (s->kind == PVN_NTT_COLUMNS_OUT || s->kind == PVN_NTT_COLUMNS_IN) {
        lv_load(v, (const uint64_t(*)[4])(s->data + i * s->step));
        return;
    }
    pvn_point_ref ref[8];
    for (size_t t = 0; t < 8; t++)
        ref[t] = (pvn_point_ref)(s->data + i + t * s->step);
    lv_gather(v, ref, 0);
}

/* Rows go in pairs of neighbours, so that a whole cache line is written. */
PVN_INLINE void stage_store_rows(const lv *v, const lv *w,
                                 const pvn_ntt_stage *s, size_t i)
{
    void *out[8];
    for (size_t t = 0; t < 8; t++)
        out[t] = s->data + i + t * s->step;
    lv_scatter2(out, 0, v, w);
}

static void ntt_stage(const pvn_ntt_stage *s)
{
    lv *buf = s->work;
    const lv *twist = s->twist;
    size_t n = (size_t)1 << s->log_len;
    lv v;
    if (s->kind == PVN_NTT_COLUMNS_IN) {
        for (size_t i = 0; i < n; i++) {
            stage_load(&v, s, i);
            lv_mul(&buf[i], &v, &twist[i], FR);
        }
        ntt_in(buf, n, s->in_table, true);
        for (size_t i = 0; i < n; i++) {
            lv_norm(&v, &buf[i]);
            lv_store_canonical((uint64_t(*)[4])(s->data + i * s->step), &v, FR);
        }
        return;
    }
    for (size_t i = 0; i < n; i++)
        stage_load(&buf[i], s, i);
    ntt_out_whole(buf, n, s->out_table);
    if (s->kind == PVN_NTT_COLUMNS_OUT) {
        for (size_t i = 0; i < n; i++) {
            lv_norm(&v, &buf[i]);
            lv_mul(&v, &v, &twist[i], FR);
            lv_store((uint64_t(*)[4])(s->data + i * s->step), &v);
        }
        return;
    }
    if (s->kind == PVN_NTT_ROWS_COSET)
        ntt_in(buf, n, s->in_table, false);
    for (size_t i = 0; i < n; i += 2) {
        lv w;
        lv_norm(&v, &buf[i]);
        lv_norm(&w, &buf[i + 1]);
        lv_canon(&v, &v, FR);
        lv_canon(&w, &w, FR);
        stage_store_rows(&v, &w, s, i);
    }
}

static void twiddle_pack(void *packed, const pvn_fr *w, size_t n)
{
    lane_twiddle *out = packed;
    for (size_t i = 0; i < n; i++)
        lv_twiddle_pack(&out[i], &w[i]);
}

static void mul_sub_plain(pvn_fr *a, const pvn_fr *b, const pvn_fr *c, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        pvn_fr t[3][8];
        size_t len = n - i < 8 ? n - i : 8;
        memset(t, 0, sizeof t);
        memcpy(t[0], a + i, len * sizeof *a);
        memcpy(t[1], b + i, len * sizeof *a);
        memcpy(t[2], c + i, len * sizeof *a);
        lv x, y, z;
        lv_load(&x, (const uint64_t(*)[4])t[0]);
        lv_load(&y, (const uint64_t(*)[4])t[1]);
        lv_load(&z, (const uint64_t(*)[4])t[2]);
        lv_mul_sub_plain(&x, &x, &y, &z, FR);
        lv_store_canonical((uint64_t(*)[4])t[0], &x, FR);
        memcpy(a + i, t[0], len * sizeof *a);
    }
}

/* r = a*b for radix-2^256 elements of either field. */
PVN_INLINE void mul_many(uint64_t (*r)[4], const uint64_t (*a)[4],
                         const uint64_t (*b)[4], size_t n,
                         const lane_modulus *m)
{
    for (size_t i = 0; i < n; i += 8) {
        uint64_t s[8][4] = { { 0 } }, t[8][4] = { { 0 } };
        size_t len = n - i < 8 ? n - i : 8;
        lv x, y;
        if (len < 8) {
            memcpy(s, a + i, len * sizeof *a);
            memcpy(t, b + i, len * sizeof *a);
        }
        lv_load(&x, len < 8 ? (const uint64_t(*)[4])s : a + i);
        lv_load(&y, len < 8 ? (const uint64_t(*)[4])t : b + i);
        lv_mul(&x, &x, &y, m);
        lv_radix_fix(&x, m);
        lv_store_canonical(len < 8 ? s : r + i, &x, m);
        if (len < 8)
            memcpy(r + i, s, len * sizeof *a);
    }
}

static void fr_mul_many(pvn_fr *r, const pvn_fr *a, const pvn_fr *b, size_t n)
{
    mul_many((uint64_t(*)[4])r, (const uint64_t(*)[4])a,
             (const uint64_t(*)[4])b, n, FR);
}

static void fq_mul_many(pvn_fq *r, const pvn_fq *a, const pvn_fq *b, size_t n)
{
    mul_many((uint64_t(*)[4])r, (const uint64_t(*)[4])a,
             (const uint64_t(*)[4])b, n, FQ);
}
