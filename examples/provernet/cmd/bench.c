/* cmd/bench.c - `provernet bench`: how fast this machine is, sum by sum and
 * proof by proof; keeps what it found as calibration.json beside the data. */
#include "../cfg/units.h"
#include "../cli/cli.h"
#include "host.h"

#include <jansson.h>
#include <provernet/experimental.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    LOG_LEAST = 4,
    LOG_MOST = 24,
    REPEATS = 5,
    REPEATS_LARGE = 3, /* from 2^LARGE on */
    LARGE = 18,
    CALIBRATION_MAX = 1 << 20
};

static const struct part {
    provernet_bench_kind kind;
    const char *name, *text;
} parts[] = {
    { PROVERNET_BENCH_NTT, "ntt", "transforms of a proof" },
    { PROVERNET_BENCH_G1_MSM, "g1_msm", "sum over G1" },
    { PROVERNET_BENCH_G2_MSM, "g2_msm", "sum over G2" },
    { PROVERNET_BENCH_GROTH16, "groth16", "dense Groth16 proof" },
};

struct range {
    unsigned from, to;
};

/* "16" or "12..18". */
static bool parse_sizes(const char *text, struct range *r)
{
    char *end;
    unsigned long from = strtoul(text, &end, 10), to = from;

    if (end == text)
        return false;
    if (!strncmp(end, "..", 2)) {
        text = end + 2;
        to = strtoul(text, &end, 10);
        if (end == text)
            return false;
    }
    if (*end || from < LOG_LEAST || to > LOG_MOST || from > to)
        return false;
    *r = (struct range){ (unsigned)from, (unsigned)to };
    return true;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* One row as JSON, or NULL with *err. */
static json_t *measure(provernet_engine *e, const struct part *part,
                       unsigned size, provernet_error *err)
{
    provernet_bench_info info = { .struct_size = sizeof info };
    int repeats = size < LARGE ? REPEATS : REPEATS_LARGE;
    double times[REPEATS], start, median;
    provernet_bench *b = NULL;
    provernet_status st;

    st = provernet_bench_open(&b, e, part->kind, size, err);
    for (int i = 0; i < repeats && st == PROVERNET_OK; i++) {
        start = seconds();
        st = provernet_bench_run(b, NULL, NULL, err);
        times[i] = seconds() - start;
    }
    if (st == PROVERNET_OK)
        provernet_bench_get_info(b, &info);
    provernet_bench_free(b);
    if (st != PROVERNET_OK)
        return NULL;
    qsort(times, (size_t)repeats, sizeof *times, by_value);
    median = times[repeats / 2];
    return json_pack("{s:s,s:i,s:I,s:f,s:f,s:f,s:I,s:I}", "bench", part->name,
                     "log_size", (int)size, "size", (json_int_t)info.size,
                     "seconds", median, "min_s", times[0], "ns_per_element",
                     median * 1e9 / (double)info.size, "operations",
                     (json_int_t)info.operations, "bytes",
                     (json_int_t)info.bytes);
}

/* ---- showing ---- */

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "?";
}

static void print_head(const json_t *all)
{
    printf("provernet %s, %s, %s, %lld threads\nmeasured %s\n\n",
           text_of(all, "version"), text_of(all, "processor"),
           text_of(all, "cpu"),
           (long long)json_integer_value(json_object_get(all, "threads")),
           text_of(all, "when"));
    printf("%-22s %6s %12s %14s %10s\n", "", "size", "seconds", "ns/element",
           "memory");
}

static void print_row(const json_t *row)
{
    json_int_t bytes = json_integer_value(json_object_get(row, "bytes"));
    json_int_t size = json_integer_value(json_object_get(row, "log_size"));
    const char *name = text_of(row, "bench");
    char memory[40];

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(parts[i].name, name))
            name = parts[i].text;
    units_show_size(bytes > 0 ? (uint64_t)bytes : 0, memory, sizeof memory);
    printf("%-22s   2^%-2d %12.6f %14.1f %10s\n", name, (int)size,
           json_number_value(json_object_get(row, "seconds")),
           json_number_value(json_object_get(row, "ns_per_element")), memory);
    fflush(stdout);
}

/* One line of JSON: a row with the machine it was measured on. */
static void print_line(const json_t *all, const json_t *row)
{
    static const char *const keys[] = { "device",    "cpu",     "threads",
                                        "processor", "version", "when" };
    json_t *o = json_copy((json_t *)row);
    char *line;

    for (size_t i = 0; o && i < sizeof keys / sizeof *keys; i++)
        json_object_set(o, keys[i], json_object_get(all, keys[i]));
    line = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (line)
        puts(line);
    fflush(stdout);
    free(line);
    json_decref(o);
}

/* ---- keeping ---- */

static bool calibration_path(const struct config *c, char *buf, size_t cap)
{
    return snprintf(buf, cap, "%s/calibration.json",
                    config_get(c, "data.dir")) < (int)cap;
}

static provernet_status keep(const struct config *c, const json_t *all,
                             char *path, size_t cap, provernet_error *err)
{
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    provernet_status st;

    if (!text)
        return set_error(err, PROVERNET_ERR_NOMEM, "out of memory");
    if (!calibration_path(c, path, cap) ||
        !make_dirs(config_get(c, "data.dir"))) {
        st = set_error(err, PROVERNET_ERR_IO,
                       "cannot make the data directory %.120s\nhelp: name "
                       "another one with --data-dir DIR",
                       config_get(c, "data.dir"));
    } else {
        struct output o = { path, text, strlen(text) };
        st = write_together(&o, 1, err);
    }
    free(text);
    return st;
}

static int show(struct invocation *v)
{
    provernet_error err = { 0 };
    uint8_t *text = NULL;
    json_t *all, *row;
    char path[4200];
    size_t len, i;
    provernet_status st = PROVERNET_ERR_INVALID;

    if (calibration_path(v->config, path, sizeof path))
        st = read_whole(path, &text, &len, CALIBRATION_MAX, &err);
    if (st == PROVERNET_ERR_NOT_FOUND)
        st = set_error(&err, st,
                       "nothing has been measured yet: there is no %.150s\n"
                       "help: provernet bench",
                       path);
    if (st != PROVERNET_OK)
        return report_status(st, &err);
    all = json_loadb((const char *)text, len, 0, NULL);
    free(text);
    if (!json_is_array(json_object_get(all, "rows"))) {
        json_decref(all);
        return complain(PROVERNET_ERR_FORMAT,
                        "%.150s is not a calibration\nhelp: provernet bench",
                        path);
    }
    if (!flag_value(v, "json"))
        print_head(all);
    json_array_foreach(json_object_get(all, "rows"), i, row)
    {
        if (flag_value(v, "json"))
            print_line(all, row);
        else
            print_row(row);
    }
    json_decref(all);
    return 0;
}

/* ---- measuring ---- */

/* The processor's name for people; "?" where the system does not say. */
static void processor(char *buf, size_t cap)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[300], *colon;

    snprintf(buf, cap, "?");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "model name", 10) != 0)
            continue;
        colon = strchr(line, ':');
        if (colon)
            snprintf(buf, cap, "%s", colon + 2);
        buf[strcspn(buf, "\n")] = 0;
        break;
    }
    if (f)
        fclose(f);
}

/* Everything but the rows. */
static json_t *machine(const provernet_engine *e)
{
    json_t *d = json_loads(provernet_engine_describe(e), 0, NULL), *all;
    char name[200], when[40];
    time_t now = (time_t)(wall_ms() / 1000);
    struct tm tm;

    processor(name, sizeof name);
    gmtime_r(&now, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    all = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:[]}", "version",
                    provernet_version(), "when", when, "processor", name,
                    "device", text_of(d, "device"), "cpu", text_of(d, "cpu"),
                    "threads",
                    json_integer_value(json_object_get(d, "threads")), "rows");
    json_decref(d);
    return all;
}

static bool is_part(const char *name)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(parts[i].name, name))
            return true;
    return false;
}

static provernet_status measure_all(struct invocation *v, provernet_engine *e,
                                    struct range sizes, json_t *all,
                                    provernet_error *err)
{
    bool json = flag_value(v, "json") != NULL;
    bool quiet = flag_value(v, "quiet") != NULL;
    const char *only = flag_value(v, "only");

    if (!json && !quiet)
        print_head(all);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (only && strcmp(only, parts[i].name) != 0)
            continue;
        for (unsigned size = sizes.from; size <= sizes.to; size++) {
            json_t *row = measure(e, &parts[i], size, err);
            if (!row)
                return err->status ? err->status : PROVERNET_ERR_NOMEM;
            if (json)
                print_line(all, row);
            else if (!quiet)
                print_row(row);
            json_array_append_new(json_object_get(all, "rows"), row);
        }
    }
    return PROVERNET_OK;
}

int cmd_bench(struct invocation *v)
{
    const char *sizes_text = flag_value(v, "sizes");
    const char *only = flag_value(v, "only");
    struct range sizes = { 12, 18 };
    provernet_engine *e = NULL;
    provernet_options *o = NULL;
    provernet_error err = { 0 };
    char path[4200];
    json_t *all = NULL;
    provernet_status st;
    int code = load_config(v);

    if (code != 0)
        return code;
    if (sizes_text && !parse_sizes(sizes_text, &sizes))
        return usage_error("--sizes %s: a power of two or a range of them, "
                           "from %d to %d: --sizes 16, --sizes 12..18",
                           sizes_text, LOG_LEAST, LOG_MOST);
    if (only && !is_part(only))
        return usage_error("--only %s: one of ntt, g1_msm, g2_msm, groth16",
                           only);
    if (flag_value(v, "show"))
        return show(v);
    o = config_options(v->config, &err);
    st = o ? provernet_engine_open(&e, config_get(v->config, "worker.device"),
                                   o, &err)
           : PROVERNET_ERR_CONFIG;
    provernet_options_free(o);
    if (st == PROVERNET_OK) {
        all = machine(e);
        st = all ? measure_all(v, e, sizes, all, &err) : PROVERNET_ERR_NOMEM;
    }
    provernet_engine_close(e);
    if (st == PROVERNET_OK)
        st = keep(v->config, all, path, sizeof path, &err);
    json_decref(all);
    if (st != PROVERNET_OK)
        return report_status(st, &err);
    if (!flag_value(v, "quiet"))
        fprintf(stderr, "kept in %s\n", path);
    return 0;
}
