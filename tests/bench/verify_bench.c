/* verify_bench ZKEY WTNS [REPEAT]: one proof with a prepared key, and batches
 * of 64 different ones, over the public interface. Two JSON lines. */
#include <provernet/groth16.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH = 64, KEY_TEXT = 1 << 22 };

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint8_t *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size;

    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    if (size > 0)
        bytes = malloc((size_t)size);
    if (bytes)
        *len = fread(bytes, 1, (size_t)size, f);
    fclose(f);
    return bytes;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void print(const char *name, double *times, size_t repeat, size_t each)
{
    qsort(times, repeat, sizeof *times, by_value);
    printf("{\"bench\":\"%s\",\"proofs\":%zu,\"min_ms_each\":%.4f,"
           "\"median_ms_each\":%.4f}\n",
           name, each, times[0] * 1e3 / (double)each,
           times[repeat / 2] * 1e3 / (double)each);
}

/* The key, prepared; its proofs and their signals one after another. */
struct proofs {
    provernet_groth16_vk *vk;
    provernet_groth16_proof proof[BATCH];
    uint8_t *publics;
    size_t n;
};

static int make(struct proofs *p, const char *zkey, const char *wtns,
                provernet_error *err)
{
    provernet_groth16_info info = { .struct_size = sizeof info };
    provernet_groth16_key *key = NULL;
    provernet_engine *e = NULL;
    char *json = malloc(KEY_TEXT);
    provernet_span w = { 0 };
    size_t len = 0, got = 0;
    uint8_t *bytes = slurp(wtns, &len);
    provernet_status st;

    if (!bytes || !json)
        return 1;
    w = (provernet_span){ bytes, len };
    st = provernet_engine_open(&e, "cpu", NULL, err);
    if (!st)
        st = provernet_groth16_key_open(&key, e, zkey, NULL, err);
    if (!st) {
        provernet_groth16_key_info(key, &info);
        p->n = (size_t)info.publics;
        p->publics = calloc(BATCH * (p->n + 1), 32);
        st = p->publics
                 ? provernet_groth16_key_vk_json(key, json, KEY_TEXT, &len)
                 : PROVERNET_ERR_NOMEM;
    }
    if (!st)
        st = provernet_groth16_vk_parse(
            &p->vk, (provernet_span){ (const uint8_t *)json, len }, err);
    for (size_t i = 0; i < BATCH && !st; i++)
        st = provernet_groth16_prove(key, &p->proof[i],
                                     p->publics + i * p->n * 32, p->n, &got, w,
                                     NULL, err);
    provernet_groth16_key_free(key);
    provernet_engine_close(e);
    free(bytes);
    free(json);
    return st ? 1 : 0;
}

int main(int argc, char **argv)
{
    size_t repeat = argc > 3 ? strtoul(argv[3], NULL, 10) : 51;
    double *times = calloc(repeat + 1, sizeof *times);
    struct proofs p = { 0 };
    provernet_error err = { 0 };
    provernet_status st = PROVERNET_OK;

    if (argc < 3 || !repeat || !times) {
        fputs("usage: verify_bench ZKEY WTNS [REPEAT]\n", stderr);
        return 2;
    }
    if (make(&p, argv[1], argv[2], &err)) {
        fprintf(stderr, "verify_bench: %s\n", err.message);
        return 1;
    }
    for (size_t i = 0; i < repeat && !st; i++) {
        double start = seconds();
        st = provernet_groth16_verify(p.vk, &p.proof[i % BATCH],
                                      p.publics + (i % BATCH) * p.n * 32, p.n,
                                      &err);
        times[i] = seconds() - start;
    }
    if (!st)
        print("verify", times, repeat, 1);
    for (size_t i = 0; i < repeat && !st; i++) {
        double start = seconds();
        st = provernet_groth16_verify_many(p.vk, p.proof, p.publics, BATCH,
                                           NULL, &err);
        times[i] = seconds() - start;
    }
    if (!st)
        print("verify_batch", times, repeat, BATCH);
    else
        fprintf(stderr, "verify_bench: %s\n", err.message);
    provernet_groth16_vk_free(p.vk);
    free(p.publics);
    free(times);
    return st ? 1 : 0;
}
