/* tests/bench/wrap_bench.c - judging one wrapped SP1 proof, with its key
 * prepared each time and with keys that are kept: a JSON line for each of the
 * published proofs. */
#include "sp1_wraps.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPEAT = 200 };

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* The median, in milliseconds. */
static double judge(pvn_sp1_prepared *keys, const wrap *w, const pvn_buf *file)
{
    pvn_bytes bytes = pvn_bytes_of(file->data, file->len);
    double took[REPEAT];

    for (int i = 0; i < REPEAT; i++) {
        double from = seconds();

        if (pvn_sp1_wrap_verify(keys, w->mode, w->major, w->vkey, bytes, NULL))
            abort();
        took[i] = seconds() - from;
    }
    qsort(took, REPEAT, sizeof *took, by_value);
    return took[REPEAT / 2] * 1e3;
}

int main(void)
{
    pvn_sp1_prepared *keys = pvn_sp1_prepared_new();
    wrap all[16];
    size_t n = read_wraps(all, 16);

    if (!keys)
        return EXIT_FAILURE;
    for (size_t i = 0; i < n; i++) {
        pvn_buf file = file_of(&all[i]);

        printf("{\"bench\":\"wrap/%s\",\"version\":\"%s\","
               "\"fresh_key_ms\":%.3f,\"kept_key_ms\":%.3f}\n",
               all[i].mode == PVN_SP1_PLONK ? "plonk" : "groth16",
               keys_of(&all[i])->version, judge(NULL, &all[i], &file),
               judge(keys, &all[i], &file));
        pvn_buf_free(&file);
    }
    pvn_sp1_prepared_free(keys);
    return EXIT_SUCCESS;
}
