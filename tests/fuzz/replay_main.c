/* tests/fuzz/replay_main.c - run a fuzz target over a folder of inputs, and
 * over cheap mutations of each (fixed seed), without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint64_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void run(const uint8_t *data, size_t len)
{
    uint8_t *copy =
        calloc(1, len ? len : 1); /* exact size: overreads are seen */

    if (!copy)
        exit(EXIT_FAILURE);
    memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void mutate_and_run(const uint8_t *data, size_t len, int times)
{
    uint8_t *copy = malloc(len + 1);

    for (int i = 0; copy && i < times; i++) {
        size_t keep = draw() % 4 == 0 ? draw() % (len + 1) : len;

        memcpy(copy, data, len);
        for (uint64_t flips = draw() % 4; keep && flips-- > 0;)
            copy[draw() % keep] = (uint8_t)draw();
        run(copy, keep);
    }
    free(copy);
}

static size_t replay(const char *path)
{
    static uint8_t data[1 << 22];
    FILE *f = fopen(path, "rb");
    size_t len;

    if (!f)
        return 0;
    len = fread(data, 1, sizeof data, f);
    fclose(f);
    run(data, len);
    mutate_and_run(data, len, len > 65536 ? 20 : 200);
    return 1;
}

int main(int argc, char **argv)
{
    size_t n = 0;

    run((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        struct dirent *e;
        char path[4096];

        if (!d) {
            n += replay(argv[i]);
            continue;
        }
        while ((e = readdir(d))) {
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            n += replay(path);
        }
        closedir(d);
    }
    printf("%zu inputs replayed, seed fixed\n", n);
    return n ? EXIT_SUCCESS : EXIT_FAILURE;
}
