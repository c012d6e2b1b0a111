/* tests/tools/keygen.c - provernet-keygen: Groth16 keys for tests and
 * benchmarks, of any size, in seconds.
 *
 * TEST ONLY: the secrets of the set-up follow from --seed, so anybody can
 * forge proofs for these keys. */
#include "keygen.h"
#include "base/bytes.h"
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("provernet-keygen: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

void *need(size_t bytes)
{
    void *p = malloc(bytes);

    if (!p)
        die("out of memory (%zu bytes)", bytes);
    return p;
}

void dice_start(dice *d, const char *text)
{
    crypto_generichash(d->key, sizeof d->key, (const uint8_t *)text,
                       strlen(text), NULL, 0);
    d->at = 0;
}

static void roll(dice *d, uint8_t *out, size_t len)
{
    uint8_t at[8];

    pvn_put_u64le(at, d->at++);
    crypto_generichash(out, len, at, sizeof at, d->key, sizeof d->key);
}

void dice_fr(dice *d, pvn_fr *out)
{
    uint8_t wide[64];

    roll(d, wide, sizeof wide);
    pvn_fr_from_wide_le(out, wide);
}

uint64_t dice_u64(dice *d)
{
    uint8_t out[16];

    roll(d, out, sizeof out);
    return pvn_get_u64le(out);
}

static const char usage[] =
    "usage: provernet-keygen KIND [options] PREFIX\n"
    "  --chain N         squaring chain of N constraints\n"
    "  --random N        N random sparse constraints\n"
    "  --bits N          N constraints over wires that are 0 or 1\n"
    "  --from-r1cs FILE  the circuit of a .r1cs file (no witness is made)\n"
    "  --publics P       public signals of --random (default 3)\n"
    "  --seed TEXT       everything random follows from it (default: test)\n"
    "  --threads T       default: all cores\n"
    "  --no-r1cs         do not write PREFIX.r1cs\n"
    "Writes PREFIX.r1cs, PREFIX.wtns, PREFIX.zkey, PREFIX.vk.json.\n"
    "TEST ONLY: whoever knows the seed can forge proofs.\n";

typedef struct options {
    const char *kind, *size, *seed, *prefix;
    uint32_t publics;
    unsigned threads;
    bool r1cs;
} options;

static uint32_t number(const char *text)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    if (*end || v == 0 || v > (1u << 27))
        die("%s is not a number from 1 to 2^27", text);
    return (uint32_t)v;
}

static void parse(options *o, int argc, char **argv)
{
    *o = (options){ .seed = "test", .publics = 3, .r1cs = true };
    o->threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        bool more = i + 1 < argc;

        if (strcmp(a, "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        } else if (strcmp(a, "--no-r1cs") == 0) {
            o->r1cs = false;
        } else if (a[0] != '-') {
            o->prefix = a;
        } else if (!more) {
            die("%s needs a value", a);
        } else if (strcmp(a, "--seed") == 0) {
            o->seed = argv[++i];
        } else if (strcmp(a, "--publics") == 0) {
            o->publics = number(argv[++i]);
        } else if (strcmp(a, "--threads") == 0) {
            o->threads = number(argv[++i]);
        } else if (strcmp(a, "--chain") == 0 || strcmp(a, "--random") == 0 ||
                   strcmp(a, "--bits") == 0 || strcmp(a, "--from-r1cs") == 0) {
            o->kind = a;
            o->size = argv[++i];
        } else {
            die("unknown option %s (see --help)", a);
        }
    }
    if (!o->kind || !o->prefix) {
        fputs(usage, stderr);
        exit(2);
    }
}

static void make(circuit *c, const options *o, dice *d)
{
    if (strcmp(o->kind, "--chain") == 0)
        circuit_chain(c, number(o->size));
    else if (strcmp(o->kind, "--random") == 0)
        circuit_random(c, number(o->size), o->publics, d);
    else if (strcmp(o->kind, "--bits") == 0)
        circuit_bits(c, number(o->size), d);
    else
        circuit_read(c, o->size);
}

int main(int argc, char **argv)
{
    char path[4][1024];
    options o;
    circuit c;
    dice d;

    parse(&o, argc, argv);
    if (sodium_init() < 0)
        die("libsodium does not start");
    static const char *const suffix[] = { "r1cs", "wtns", "zkey", "vk.json" };
    for (int i = 0; i < 4; i++)
        if (snprintf(path[i], sizeof path[i], "%s.%s", o.prefix, suffix[i]) >=
            (int)sizeof path[i])
            die("the path is too long");
    dice_start(&d, o.seed);
    make(&c, &o, &d);
    if (c.w && o.r1cs)
        write_r1cs(&c, path[0]);
    if (c.w)
        write_wtns(&c, path[1]);
    write_zkey(&c, &d, o.threads, path[2], path[3]);
    printf("{\"constraints\":%u,\"wires\":%u,\"publics\":%u,\"zkey\":\"%s\"}\n",
           c.constraints, c.wires, c.outputs + c.inputs, path[2]);
    circuit_free(&c);
    return 0;
}
