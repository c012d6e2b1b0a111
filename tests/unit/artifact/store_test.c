/* tests/unit/artifact/store_test.c - uploads become files whole or not at all;
 * zstd is measured, bombs are refused, damage is stored as it is. */
#include "artifact/store.h"
#include "fault/files_fault.h"
#include "test.h"
#include <dirent.h>
#include <errno.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <zstd.h>

enum { INLINE = 64, LIMIT = 32 << 20, RAW = 0, ZSTD = 1 };

typedef struct place {
    char dir[64], store[80];
    pvn_env env;
    files_fault fault;
    pvn_store *s;
    provernet_error err;
} place;

static void open_store(place *p)
{
    assert_ok(pvn_store_open(&p->s, p->store, INLINE, LIMIT, &p->env, &p->err));
}

static void make(place *p)
{
    memset(p, 0, sizeof *p);
    strcpy(p->dir, "/tmp/pvn_store_XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->store, sizeof p->store, "%s/artifacts", p->dir);
    pvn_env_init(&p->env, NULL);
    files_fault_install(&p->fault, &p->env);
    open_store(p);
}

static void destroy(place *p)
{
    char command[100];

    pvn_store_close(p->s);
    snprintf(command, sizeof command, "rm -rf %s", p->dir);
    assert_int_equal(system(command), 0);
}

/* Regular files under the store. */
static size_t count_files(const place *p)
{
    char command[160], line[32] = "";
    FILE *f;

    snprintf(command, sizeof command, "find %s -type f | wc -l", p->store);
    f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    pclose(f);
    return (size_t)atol(line);
}

static provernet_id id_of(uint8_t n)
{
    provernet_id id = { { 1 } };

    id.bytes[14] = n;
    id.bytes[15] = (uint8_t)(n * 7);
    return id;
}

static uint8_t *noise(size_t len, uint32_t seed)
{
    uint8_t *data = malloc(len ? len : 1);

    assert_non_null(data);
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (uint8_t)(seed >> 24);
    }
    return data;
}

/* Text-like bytes that compress well but not wildly. */
static uint8_t *prose(size_t len)
{
    uint8_t *data = noise(len, 3);

    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)("abcdefgh"[data[i] % 8]);
    return data;
}

static uint8_t *squeeze(const void *data, size_t len, size_t *out_len)
{
    size_t cap = ZSTD_compressBound(len);
    uint8_t *out = malloc(cap);

    assert_non_null(out);
    *out_len = ZSTD_compress(out, cap, data, len, 3);
    assert_false(ZSTD_isError(*out_len));
    return out;
}

/* Upload in pieces of `piece` bytes. */
static provernet_status upload(place *p, pvn_put **put, pvn_facts *facts,
                               const uint8_t *data, size_t len, size_t piece)
{
    provernet_status s = pvn_put_open(p->s, put, &p->err);

    for (size_t at = 0; at < len && !s; at += piece)
        s = pvn_put_write(*put, data + at, len - at < piece ? len - at : piece,
                          &p->err);
    return s ? s : pvn_put_end(*put, facts, &p->err);
}

static void expect_file(place *p, const provernet_id *id, const uint8_t *data,
                        size_t len)
{
    int fd;
    uint64_t bytes;
    uint8_t *got = malloc(len + 1);

    assert_non_null(got);
    assert_ok(pvn_store_open_file(p->s, id, &fd, &bytes, &p->err));
    assert_int_equal(bytes, len);
    assert_int_equal(pread(fd, got, len + 1, 0), len);
    assert_memory_equal(got, data, len);
    close(fd);
    free(got);
}

static void expect_digest(const pvn_facts *facts, const uint8_t *data,
                          size_t len)
{
    uint8_t digest[32];

    SHA256(data, len, digest);
    assert_memory_equal(facts->digest32, digest, 32);
}

static void small_uploads_stay_in_memory(void **state)
{
    static const size_t sizes[] = { 0, 1, INLINE };
    place p;
    (void)state;

    make(&p);
    for (size_t i = 0; i < 3; i++) {
        uint8_t *data = noise(sizes[i], 1);
        pvn_put *put;
        pvn_facts f;
        provernet_id id = id_of(1);

        assert_ok(upload(&p, &put, &f, data, sizes[i], 7));
        assert_int_equal(f.bytes, sizes[i]);
        assert_int_equal(f.raw_bytes, sizes[i]);
        assert_int_equal(f.encoding, RAW);
        assert_non_null(f.content);
        assert_memory_equal(f.content, data, sizes[i]);
        expect_digest(&f, data, sizes[i]);
        assert_ok(pvn_put_keep(put, &id, &p.err));
        pvn_put_close(put);
        free(data);
    }
    assert_int_equal(count_files(&p), 0);
    destroy(&p);
}

static void larger_ones_become_files_in_pieces_of_any_size(void **state)
{
    static const size_t pieces[] = { 1, 100, 4096, 32767, 65536, 300000 };
    place p;
    uint8_t *data = noise(300000, 2);
    (void)state;

    make(&p);
    for (size_t i = 0; i < 6; i++) {
        size_t len = i == 0 ? INLINE + 1 : 300000;
        pvn_put *put;
        pvn_facts f;
        provernet_id id = id_of((uint8_t)i);

        assert_ok(upload(&p, &put, &f, data, len, pieces[i]));
        assert_null(f.content);
        assert_int_equal(f.bytes, len);
        expect_digest(&f, data, len);
        assert_ok(pvn_put_keep(put, &id, &p.err));
        pvn_put_close(put);
        expect_file(&p, &id, data, len);
    }
    assert_int_equal(count_files(&p), 6);
    pvn_store_close(p.s); /* and after reopening */
    open_store(&p);
    provernet_id id = id_of(5);
    expect_file(&p, &id, data, 300000);
    assert_ok(pvn_store_remove(p.s, &id, &p.err));
    assert_ok(pvn_store_remove(p.s, &id, &p.err));
    int fd;
    uint64_t bytes;
    assert_int_equal(pvn_store_open_file(p.s, &id, &fd, &bytes, &p.err),
                     PROVERNET_ERR_NOT_FOUND);
    assert_int_equal(fd, -1);
    assert_true(pvn_store_free(p.s) > 0);
    free(data);
    destroy(&p);
}

static void an_upload_given_up_leaves_nothing(void **state)
{
    place p;
    pvn_put *put;
    uint8_t *data = noise(100000, 4);
    (void)state;

    make(&p);
    assert_ok(pvn_put_open(p.s, &put, &p.err));
    assert_ok(pvn_put_write(put, data, 100000, &p.err));
    assert_int_equal(count_files(&p), 1);
    pvn_put_close(put);
    assert_int_equal(count_files(&p), 0);
    pvn_put_close(NULL);
    free(data);
    destroy(&p);
}

static void the_size_limit_is_named_and_final(void **state)
{
    place p;
    pvn_put *put;
    uint8_t *data = noise(1 << 20, 5);
    provernet_status s = PROVERNET_OK;
    size_t sent = 0;
    (void)state;

    make(&p);
    assert_ok(pvn_put_open(p.s, &put, &p.err));
    while (!s && sent <= LIMIT)
        if ((s = pvn_put_write(put, data, 1 << 20, &p.err)) == 0)
            sent += 1 << 20;
    assert_int_equal(s, PROVERNET_ERR_LIMIT);
    assert_int_equal(sent, LIMIT);
    assert_non_null(strstr(p.err.message, "artifact.size_max"));
    pvn_facts f;
    assert_int_equal(pvn_put_write(put, data, 1, &p.err), PROVERNET_ERR_LIMIT);
    assert_int_equal(pvn_put_end(put, &f, &p.err), PROVERNET_ERR_LIMIT);
    pvn_put_close(put);
    assert_int_equal(count_files(&p), 0);
    free(data);
    destroy(&p);
}

/* ---- zstd ---- */

static void one_zstd_frame_is_measured_decoded(void **state)
{
    static const size_t pieces[] = { 1, 3, 1000, 1 << 20 };
    place p;
    size_t raw_len = 200000, len;
    uint8_t *raw = prose(raw_len), *data = squeeze(raw, raw_len, &len);
    (void)state;

    make(&p);
    for (size_t i = 0; i < 4; i++) {
        pvn_put *put;
        pvn_facts f;
        provernet_id id = id_of((uint8_t)i);

        assert_ok(upload(&p, &put, &f, data, len, pieces[i]));
        assert_int_equal(f.encoding, ZSTD);
        assert_int_equal(f.bytes, len);
        assert_int_equal(f.raw_bytes, raw_len);
        expect_digest(&f, raw, raw_len);
        assert_ok(pvn_put_keep(put, &id, &p.err));
        pvn_put_close(put);
        expect_file(&p, &id, data, len);
    }
    free(raw);
    free(data);
    destroy(&p);
}

static void expect_raw(place *p, const uint8_t *data, size_t len, size_t piece)
{
    pvn_put *put;
    pvn_facts f;

    assert_ok(upload(p, &put, &f, data, len, piece));
    assert_int_equal(f.encoding, RAW);
    assert_int_equal(f.bytes, len);
    assert_int_equal(f.raw_bytes, len);
    expect_digest(&f, data, len);
    pvn_put_close(put);
}

static void what_is_not_one_whole_frame_is_raw(void **state)
{
    place p;
    size_t raw_len = 50000, len;
    uint8_t *raw = prose(raw_len), *data = squeeze(raw, raw_len, &len);
    uint8_t *more = malloc(2 * len);
    (void)state;

    make(&p);
    assert_non_null(more);
    expect_raw(&p, data, 2, 1); /* part of the magic */
    expect_raw(&p, data, 4, 1); /* the magic alone */
    expect_raw(&p, data, 5, 5);
    expect_raw(&p, data, len - 1, 99); /* cut off */
    memcpy(more, data, len);
    memcpy(more + len, data, len);
    expect_raw(&p, more, len + 1, len); /* something behind it */
    expect_raw(&p, more, len + 1, 17);
    expect_raw(&p, more, 2 * len, 1000);      /* two frames */
    for (size_t at = 4; at < len; at += 61) { /* damaged */
        pvn_put *put;
        pvn_facts f;

        memcpy(more, data, len);
        more[at] ^= 0x55;
        provernet_status s = upload(&p, &put, &f, more, len, 777);
        assert_true(s == PROVERNET_OK || s == PROVERNET_ERR_LIMIT);
        if (!s && f.encoding == RAW)
            expect_digest(&f, more, len);
        pvn_put_close(put);
    }
    free(raw);
    free(data);
    free(more);
    destroy(&p);
}

static void a_frame_with_a_huge_window_is_raw(void **state)
{
    place p;
    size_t raw_len = 40 << 20, cap = ZSTD_compressBound(raw_len), len;
    uint8_t *raw = calloc(1, raw_len), *data = malloc(cap);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    (void)state;

    make(&p);
    assert_true(raw && data && c);
    for (size_t i = 0; i < raw_len; i += 4096)
        raw[i] = (uint8_t)(i >> 12);
    ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 26);
    ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    ZSTD_inBuffer in = { raw, raw_len, 0 };
    ZSTD_outBuffer out = { data, cap, 0 };
    /* in two steps, so that the size is not known in front */
    in.size = raw_len / 2;
    assert_false(
        ZSTD_isError(ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue)));
    in.size = raw_len;
    while (ZSTD_compressStream2(c, &out, &in, ZSTD_e_end) != 0)
        ;
    len = out.pos;
    expect_raw(&p, data, len, 65536);
    ZSTD_freeCCtx(c);
    free(raw);
    free(data);
    destroy(&p);
}

static void bombs_are_refused_with_the_limit_named(void **state)
{
    place p;
    pvn_store *wide;
    pvn_put *put;
    pvn_facts f;
    size_t raw_len = 200 << 20, len;
    uint8_t *raw = calloc(1, raw_len), *data;
    (void)state;

    make(&p);
    assert_non_null(raw);
    data = squeeze(raw, raw_len, &len);
    assert_int_equal(upload(&p, &put, &f, data, len, 4096),
                     PROVERNET_ERR_LIMIT);
    assert_non_null(strstr(p.err.message, "artifact.size_max"));
    pvn_put_close(put);
    assert_int_equal(count_files(&p), 0);
    /* allowed by size, still refused: nobody may be kept busy for so little */
    assert_ok(pvn_store_open(&wide, p.store, INLINE, UINT64_C(1) << 40, &p.env,
                             &p.err));
    pvn_store_close(p.s);
    p.s = wide;
    assert_int_equal(upload(&p, &put, &f, data, len, 4096),
                     PROVERNET_ERR_LIMIT);
    assert_non_null(strstr(p.err.message, "256"));
    pvn_put_close(put);
    assert_int_equal(count_files(&p), 0);
    free(raw);
    free(data);
    destroy(&p);
}

static void the_decoder_gives_back_what_went_in(void **state)
{
    size_t raw_len = 200000, len;
    uint8_t *raw = prose(raw_len), *data = squeeze(raw, raw_len, &len);
    uint8_t *out = malloc(raw_len + 1);
    (void)state;

    assert_non_null(out);
    for (size_t piece = 1; piece < 100000; piece = piece * 7 + 1) {
        pvn_decoder *d;
        size_t in = 0, at = 0;
        bool done = false;

        assert_ok(pvn_decoder_open(&d, NULL));
        while (!done) {
            size_t n = len - in < piece ? len - in : piece, used, got;

            assert_ok(pvn_decoder_step(
                d, data + in, n, &used, out + at,
                raw_len + 1 - at < 1000 ? raw_len + 1 - at : 1000, &got, &done,
                NULL));
            in += used;
            at += got;
            assert_true(used || got || done || n < len - in);
        }
        assert_int_equal(at, raw_len);
        assert_int_equal(in, len);
        assert_memory_equal(out, raw, raw_len);
        pvn_decoder_close(d);
    }
    pvn_decoder *d;
    provernet_error err = { 0 };
    size_t used, got;
    bool done;
    assert_ok(pvn_decoder_open(&d, NULL));
    assert_int_equal(pvn_decoder_step(d, (const uint8_t *)"not zstd at all", 15,
                                      &used, out, raw_len, &got, &done, &err),
                     PROVERNET_ERR_FORMAT);
    assert_true(err.message[0] != 0);
    pvn_decoder_close(d);
    pvn_decoder_close(NULL);
    free(raw);
    free(data);
    free(out);
}

/* ---- names ---- */

static provernet_status keep(place *p, const provernet_id *id,
                             const uint8_t *data, size_t len)
{
    pvn_put *put;
    pvn_facts f;
    provernet_status s = upload(p, &put, &f, data, len, 1000);

    if (!s)
        s = pvn_put_keep(put, id, &p->err);
    pvn_put_close(put);
    return s;
}

static void two_uploads_to_one_id_cannot_mix(void **state)
{
    place p;
    uint8_t *one = noise(1000, 1), *two = noise(1000, 2);
    provernet_id id = id_of(9);
    struct timeval old[2] = { { 1000, 0 }, { 1000, 0 } };
    char path[160], hex[33], fan[3];
    (void)state;

    make(&p);
    assert_ok(keep(&p, &id, one, 1000));
    assert_ok(keep(&p, &id, one, 1000)); /* the same again is fine */
    assert_int_equal(keep(&p, &id, two, 1000), PROVERNET_ERR_EXISTS);
    assert_int_equal(keep(&p, &id, one, 999), PROVERNET_ERR_EXISTS);
    expect_file(&p, &id, one, 1000);
    assert_int_equal(count_files(&p), 1);
    /* a leftover of an earlier run, which no row knows, gives way */
    snprintf(path, sizeof path, "%s/%s/%s", p.store,
             pvn_hex(fan, &id.bytes[15], 1), pvn_hex(hex, id.bytes, 16));
    assert_int_equal(utimes(path, old), 0);
    assert_ok(keep(&p, &id, two, 1000));
    expect_file(&p, &id, two, 1000);
    assert_int_equal(count_files(&p), 1);
    free(one);
    free(two);
    destroy(&p);
}

enum { RACERS = 4, RACES = 20 };

typedef struct racer {
    place *p;
    uint8_t *data;
    int won[RACES];
} racer;

/* No cmocka here: it is not for several threads. */
static void *race(void *arg)
{
    racer *r = arg;

    for (int i = 0; i < RACES; i++) {
        provernet_id id = id_of((uint8_t)i);
        pvn_put *put;
        pvn_facts f;
        provernet_status s = pvn_put_open(r->p->s, &put, NULL);

        if (!s && (s = pvn_put_write(put, r->data, 1000, NULL)) == 0 &&
            (s = pvn_put_end(put, &f, NULL)) == 0)
            s = pvn_put_keep(put, &id, NULL);
        pvn_put_close(put);
        r->won[i] = s == PROVERNET_OK ? 1 : s == PROVERNET_ERR_EXISTS ? 0 : 99;
    }
    return NULL;
}

static void of_many_threads_one_gets_the_id(void **state)
{
    place p;
    racer r[RACERS] = { 0 };
    pthread_t thread[RACERS];
    (void)state;

    make(&p);
    for (int t = 0; t < RACERS; t++) {
        r[t].p = &p;
        r[t].data = noise(1000, (uint32_t)t + 50);
        assert_int_equal(pthread_create(&thread[t], NULL, race, &r[t]), 0);
    }
    for (int t = 0; t < RACERS; t++)
        pthread_join(thread[t], NULL);
    for (int i = 0; i < RACES; i++) {
        provernet_id id = id_of((uint8_t)i);
        int winners = 0;

        for (int t = 0; t < RACERS; t++) {
            winners += r[t].won[i];
            if (r[t].won[i])
                expect_file(&p, &id, r[t].data, 1000);
        }
        assert_int_equal(winners, 1);
    }
    assert_int_equal(count_files(&p), RACES);
    for (int t = 0; t < RACERS; t++)
        free(r[t].data);
    destroy(&p);
}

static bool known_even(void *user, const provernet_id *id)
{
    (*(size_t *)user)++;
    return id->bytes[14] % 2 == 0;
}

static void sweeping_takes_old_files_without_a_row(void **state)
{
    place p;
    uint8_t *data = noise(100, 1);
    provernet_id cursor = { { 0 } };
    size_t asked = 0, rounds = 0;
    provernet_status s;
    (void)state;

    make(&p);
    for (uint8_t n = 0; n < 20; n++) {
        provernet_id id = id_of(n);
        if (n >= 10) /* several in one directory */
            id.bytes[15] = 0xff;
        assert_ok(keep(&p, &id, data, 100));
    }
    assert_int_equal(
        pvn_store_sweep(p.s, 3600000, 100, &cursor, known_even, &asked, &p.err),
        PROVERNET_END);
    assert_int_equal(asked, 0); /* all too young */
    assert_int_equal(count_files(&p), 20);
    memset(&cursor, 0, sizeof cursor);
    while ((s = pvn_store_sweep(p.s, -1000, 3, &cursor, known_even, &asked,
                                &p.err)) == PROVERNET_OK)
        assert_true(++rounds < 100);
    assert_int_equal(s, PROVERNET_END);
    assert_int_equal(asked, 20);
    assert_int_equal(rounds, 6);
    assert_int_equal(count_files(&p), 10);
    free(data);
    destroy(&p);
}

static void cleaning_takes_unfinished_uploads_of_earlier_runs(void **state)
{
    place p;
    char path[128];
    FILE *f;
    uint8_t *data = noise(100, 1);
    provernet_id id = id_of(1);
    (void)state;

    make(&p);
    assert_ok(keep(&p, &id, data, 100));
    snprintf(path, sizeof path, "%s/tmp/leftover", p.store);
    f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_ok(pvn_store_clean(p.s, &p.err));
    assert_int_equal(count_files(&p), 1);
    expect_file(&p, &id, data, 100);
    free(data);
    destroy(&p);
}

/* ---- failing disks ---- */

static void every_failing_call_leaves_no_file_behind(void **state)
{
    static const int kinds[] = { FILES_OPEN, FILES_WRITE, FILES_FSYNC,
                                 FILES_RENAME };
    static const int errors[] = { EIO, ENOSPC };
    uint8_t *data = noise(300000, 1);
    (void)state;

    for (size_t e = 0; e < 2; e++)
        for (size_t k = 0; k < 4; k++)
            for (long n = 1;; n++) {
                place p;
                provernet_id id = id_of(1);
                provernet_status s;
                int fd;
                uint64_t bytes;

                make(&p);
                files_fault_arm(&p.fault, kinds[k], n, errors[e]);
                s = keep(&p, &id, data, 300000);
                bool hit = p.fault.hit;
                files_fault_arm(&p.fault, 0, 0, 0);
                if (hit) {
                    assert_int_equal(s, errors[e] == EIO ? PROVERNET_ERR_IO
                                                         : PROVERNET_ERR_SPACE);
                    assert_true(p.err.message[0] != 0);
                    assert_int_equal(count_files(&p), 0);
                    assert_int_equal(
                        pvn_store_open_file(p.s, &id, &fd, &bytes, NULL),
                        PROVERNET_ERR_NOT_FOUND);
                    assert_ok(keep(&p, &id, data, 300000));
                } else {
                    assert_ok(s);
                }
                expect_file(&p, &id, data, 300000);
                destroy(&p);
                if (!hit)
                    break;
                assert_true(n < 100);
            }
    free(data);
}

static void opening_on_a_failing_disk_says_so(void **state)
{
    place p;
    pvn_store *s;
    (void)state;

    make(&p);
    pvn_store_close(p.s);
    p.s = NULL;
    for (long n = 1; n < 300; n += n < 10 ? 1 : 50) {
        files_fault_arm(&p.fault, FILES_MKDIR | FILES_OPEN | FILES_FSYNC, n,
                        EIO);
        provernet_status st =
            pvn_store_open(&s, p.store, INLINE, LIMIT, &p.env, &p.err);
        if (p.fault.hit) {
            assert_int_equal(st, PROVERNET_ERR_IO);
            assert_null(s);
        } else {
            pvn_store_close(s);
        }
    }
    files_fault_arm(&p.fault, 0, 0, 0);
    assert_int_equal(
        pvn_store_open(&s, "/nonexistent/a/b", INLINE, LIMIT, &p.env, &p.err),
        PROVERNET_ERR_IO);
    destroy(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_uploads_stay_in_memory),
        cmocka_unit_test(larger_ones_become_files_in_pieces_of_any_size),
        cmocka_unit_test(an_upload_given_up_leaves_nothing),
        cmocka_unit_test(the_size_limit_is_named_and_final),
        cmocka_unit_test(one_zstd_frame_is_measured_decoded),
        cmocka_unit_test(what_is_not_one_whole_frame_is_raw),
        cmocka_unit_test(a_frame_with_a_huge_window_is_raw),
        cmocka_unit_test(bombs_are_refused_with_the_limit_named),
        cmocka_unit_test(the_decoder_gives_back_what_went_in),
        cmocka_unit_test(two_uploads_to_one_id_cannot_mix),
        cmocka_unit_test(of_many_threads_one_gets_the_id),
        cmocka_unit_test(sweeping_takes_old_files_without_a_row),
        cmocka_unit_test(cleaning_takes_unfinished_uploads_of_earlier_runs),
        cmocka_unit_test(every_failing_call_leaves_no_file_behind),
        cmocka_unit_test(opening_on_a_failing_disk_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
