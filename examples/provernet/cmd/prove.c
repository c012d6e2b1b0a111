/* cmd/prove.c - `provernet prove`: four files as snarkjs and rapidsnark take
 * them, progress, Ctrl-C, never a partial file. */
#include "../cfg/units.h"
#include "../cli/cli.h"
#include "host.h"
#include "profile.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WITNESS_MAX_BYTES_LOG2 = 40, REPEAT_MAX = 100000, EXIT_INPUT = 3 };

/* ---- progress: a thread that looks at the watch ---- */

struct progress {
    provernet_watch *watch;
    pthread_t thread, signals;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop, running, json, none, bar;
    int64_t start_ms;
    sigset_t set;
};

static void show_bar(const struct progress *p, int permille, const char *stage)
{
    int64_t took = steady_ms() - p->start_ms;
    char left[40] = "estimating", bar[64] = "";

    for (int i = 0; i < 12; i++)
        strcat(bar, i * 1000 < permille * 12 ? "\xe2\x96\x88" : "\xe2\x96\x91");
    if (permille > 50 && took > 500)
        snprintf(left, sizeof left, "%.1f s left",
                 (double)took / permille * (1000 - permille) / 1000);
    fprintf(stderr, "\r\033[Kproving  %s  %2d %%  %s  %s", bar, permille / 10,
            stage, left);
}

static void show_line(const struct progress *p, int permille, const char *stage)
{
    double s = (double)(steady_ms() - p->start_ms) / 1000;

    if (p->json)
        fprintf(stderr, "{\"stage\":\"%s\",\"permille\":%d,\"seconds\":%.3f}\n",
                stage, permille, s);
    else
        fprintf(stderr, "%7.1f s  %2d %%  %s\n", s, permille / 10, stage);
}

static void *watch_thread(void *arg)
{
    struct progress *p = arg;
    const char *stage = "", *last = NULL;
    int64_t shown = 0;
    struct timespec t;

    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        int permille = provernet_watch_read(p->watch, &stage);
        int64_t now = steady_ms();
        if (!stage)
            stage = "";
        if (p->bar) {
            show_bar(p, permille, stage);
        } else if (*stage && (stage != last || now - shown >= 9000)) {
            /* Short proofs say nothing; long ones never fall silent. */
            if (p->json || now - p->start_ms > 2000) {
                show_line(p, permille, stage);
                shown = now;
                last = stage;
            }
        }
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 100 * 1000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&p->changed, &p->lock, &t);
    }
    if (p->bar)
        fputs("\r\033[K", stderr);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* First Ctrl-C: cancel at the next stage. Second: now (no file is open). */
static void *signal_thread(void *arg)
{
    static const char text[] =
        "\ncancelling at the end of this stage; again to stop now\n";
    struct progress *p = arg;
    int sig;

    if (sigwait(&p->set, &sig) != 0 || sig == SIGUSR1)
        return NULL;
    if (write(2, text, sizeof text - 1) > 0)
        provernet_watch_cancel(p->watch);
    else
        provernet_watch_cancel(p->watch);
    if (sigwait(&p->set, &sig) == 0 && sig != SIGUSR1)
        _exit(sig == SIGTERM ? 143 : 130);
    return NULL;
}

static bool progress_start(struct progress *p, struct invocation *v)
{
    const char *form = flag_value(v, "progress");

    *p = (struct progress){ .watch = provernet_watch_new(),
                            .start_ms = steady_ms() };
    if (!p->watch)
        return false;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->json = form && !strcmp(form, "json");
    p->none = flag_value(v, "quiet") || (form && !strcmp(form, "none"));
    p->bar = !p->none && !p->json && use_color(stderr);
    sigemptyset(&p->set);
    sigaddset(&p->set, SIGINT);
    sigaddset(&p->set, SIGTERM);
    sigaddset(&p->set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &p->set, NULL);
    if (pthread_create(&p->signals, NULL, signal_thread, p) != 0)
        return false;
    p->running =
        !p->none && pthread_create(&p->thread, NULL, watch_thread, p) == 0;
    return true;
}

/* Show no more; a signal still cancels. */
static void progress_hide(struct progress *p)
{
    if (!p->running)
        return;
    p->running = false;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
}

static void progress_end(struct progress *p)
{
    progress_hide(p);
    pthread_kill(p->signals, SIGUSR1);
    pthread_join(p->signals, NULL);
    provernet_watch_free(p->watch);
}

/* ---- proving ---- */

struct proving {
    provernet_engine *engine;
    provernet_groth16_key *key;
    provernet_groth16_info info;
    provernet_groth16_proof proof;
    uint8_t *witness, *publics;
    size_t witness_len, publics_len;
    double load_s, *times;
    long repeat;
    json_t *stages; /* of --profile, or NULL */
};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What happened to the device: to people, or to nobody. */
static void news(struct proving *p, bool show)
{
    char text[400];

    while (p->engine && provernet_engine_news(p->engine, text, sizeof text))
        if (show)
            fprintf(stderr, "note: %s\n", text);
}

static provernet_status load(struct proving *p, struct invocation *v,
                             provernet_watch *w, provernet_error *err)
{
    provernet_options *o = config_options(v->config, err);
    double start = seconds();
    provernet_status st;

    st = o ? provernet_engine_open(
                 &p->engine, config_get(v->config, "worker.device"), o, err)
           : PROVERNET_ERR_CONFIG;
    provernet_options_free(o);
    news(p, false); /* why "auto" took the processor: doctor says it */
    if (st == PROVERNET_OK)
        st = provernet_groth16_key_open(&p->key, p->engine, v->positional[0], w,
                                        err);
    if (st == PROVERNET_OK)
        st = read_whole(v->positional[1], &p->witness, &p->witness_len,
                        (size_t)1 << WITNESS_MAX_BYTES_LOG2, err);
    if (st != PROVERNET_OK)
        return st;
    p->info.struct_size = sizeof p->info;
    provernet_groth16_key_info(p->key, &p->info);
    p->publics = calloc((size_t)p->info.publics + 1, 32);
    if (!p->publics)
        return set_error(err, PROVERNET_ERR_NOMEM, "out of memory");
    p->load_s = seconds() - start;
    return PROVERNET_OK;
}

static provernet_status run(struct proving *p, struct progress *show,
                            provernet_error *err)
{
    provernet_span wtns = { p->witness, p->witness_len };
    provernet_status st = PROVERNET_OK;

    p->times = calloc((size_t)p->repeat, sizeof *p->times);
    if (!p->times)
        return set_error(err, PROVERNET_ERR_NOMEM, "out of memory");
    for (long i = 0; i < p->repeat && st == PROVERNET_OK; i++) {
        double start = seconds();
        st = provernet_groth16_prove(p->key, &p->proof, p->publics,
                                     (size_t)p->info.publics, &p->publics_len,
                                     wtns, show->watch, err);
        p->times[i] = seconds() - start;
        progress_hide(show); /* a watch never goes back: once is shown */
    }
    return st;
}

/* Text of a two-call function, freed by the caller. */
static provernet_status texts(const struct proving *p, char **proof,
                              size_t *proof_len, char **publics,
                              size_t *publics_len)
{
    provernet_status st;

    st = provernet_groth16_proof_to_json(&p->proof, NULL, 0, proof_len);
    if (st != PROVERNET_OK && st != PROVERNET_ERR_LIMIT)
        return st;
    st = provernet_groth16_publics_to_json(p->publics, p->publics_len, NULL, 0,
                                           publics_len);
    if (st != PROVERNET_OK && st != PROVERNET_ERR_LIMIT)
        return st;
    *proof = malloc(*proof_len + 1);
    *publics = malloc(*publics_len + 1);
    if (!*proof || !*publics)
        return PROVERNET_ERR_NOMEM;
    st = provernet_groth16_proof_to_json(&p->proof, *proof, *proof_len + 1,
                                         proof_len);
    if (st == PROVERNET_OK)
        st = provernet_groth16_publics_to_json(p->publics, p->publics_len,
                                               *publics, *publics_len + 1,
                                               publics_len);
    return st;
}

static provernet_status write_result(const struct proving *p,
                                     struct invocation *v, provernet_error *err)
{
    char *proof = NULL, *publics = NULL;
    size_t proof_len = 0, publics_len = 0;
    provernet_status st = texts(p, &proof, &proof_len, &publics, &publics_len);

    if (st == PROVERNET_OK) {
        struct output o[2] = { { v->positional[2], proof, proof_len },
                               { v->positional[3], publics, publics_len } };
        st = write_together(o, 2, err);
    }
    free(proof);
    free(publics);
    return st;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void print_json(struct proving *p)
{
    json_t *d = json_loads(provernet_engine_describe(p->engine), 0, NULL);
    const char *cpu = json_string_value(json_object_get(d, "cpu"));
    const char *device = json_string_value(json_object_get(d, "device"));
    size_t n = (size_t)p->repeat;
    struct rusage u;
    double median;
    char *stages;

    getrusage(RUSAGE_SELF, &u);
    qsort(p->times, n, sizeof *p->times, by_value);
    median =
        n % 2 ? p->times[n / 2] : (p->times[n / 2 - 1] + p->times[n / 2]) / 2;
    printf("{\"min_s\":%.6f,\"median_s\":%.6f,\"max_s\":%.6f,\"load_s\":%.6f,"
           "\"repeat\":%zu,\"peak_rss_bytes\":%llu,\"wires\":%llu,"
           "\"publics\":%llu,\"domain\":%llu,\"key_bytes\":%llu,"
           "\"threads\":%lld,\"cpu\":\"%s\",\"device\":\"%s\","
           "\"version\":\"%s\"",
           p->times[0], median, p->times[n - 1], p->load_s, n,
           (unsigned long long)u.ru_maxrss * 1024,
           (unsigned long long)p->info.wires,
           (unsigned long long)p->info.publics,
           (unsigned long long)p->info.domain,
           (unsigned long long)p->info.key_bytes,
           (long long)json_integer_value(json_object_get(d, "threads")),
           cpu ? cpu : "", device ? device : "", provernet_version());
    stages = p->stages
                 ? json_dumps(p->stages, JSON_COMPACT | JSON_PRESERVE_ORDER |
                                             JSON_REAL_PRECISION(4))
                 : NULL;
    printf("%s%s}\n", stages ? ",\"stages\":" : "", stages ? stages : "");
    free(stages);
    json_decref(d);
}

static void proving_free(struct proving *p)
{
    provernet_groth16_key_free(p->key);
    provernet_engine_close(p->engine);
    if (p->witness) {
        explicit_bzero(p->witness, p->witness_len);
        free(p->witness);
    }
    free(p->publics);
    free(p->times);
    json_decref(p->stages);
}

/* With an engine, a file of another curve or version is a file that is not
 * what it must be; "nothing available can do it" is for devices. */
static int prove_failed(provernet_status st, bool engine,
                        const provernet_error *err)
{
    int code = report_status(st, err);

    return engine && st == PROVERNET_ERR_UNSUPPORTED ? EXIT_INPUT : code;
}

static int prove(struct invocation *v)
{
    const char *repeat = flag_value(v, "repeat");
    struct proving p = { .repeat = repeat ? strtol(repeat, NULL, 10) : 1 };
    provernet_error err = { 0 };
    struct profile *profile = NULL;
    struct progress show;
    provernet_status st;
    bool engine;
    int code = load_config(v);

    if (code != 0)
        return code;
    if (p.repeat < 1 || p.repeat > REPEAT_MAX)
        return usage_error("--repeat %s: a whole number from 1 to %d", repeat,
                           REPEAT_MAX);
    if (!progress_start(&show, v))
        return complain(PROVERNET_ERR_NOMEM, "out of memory");
    st = load(&p, v, show.watch, &err);
    if (st == PROVERNET_OK) {
        if (flag_value(v, "profile"))
            profile = profile_start(show.watch);
        st = run(&p, &show, &err);
        if (profile)
            p.stages = profile_end(profile, p.repeat);
    }
    progress_end(&show);
    if (st == PROVERNET_OK)
        st = write_result(&p, v, &err);
    if (st == PROVERNET_OK && flag_value(v, "json"))
        print_json(&p);
    else if (st == PROVERNET_OK && !flag_value(v, "quiet"))
        fprintf(stderr,
                "proved and verified in %.3f s (key %.3f s, %llu wires)\n",
                p.times[0], p.load_s, (unsigned long long)p.info.wires);
    news(&p, true);
    engine = p.engine != NULL;
    proving_free(&p);
    return st == PROVERNET_OK ? 0 : prove_failed(st, engine, &err);
}

int cmd_prove(struct invocation *v)
{
    return prove(v);
}

/* ---- verifying ---- */

/* A decimal number as text, as snarkjs writes all of them. */
static bool is_number(const json_t *o)
{
    const char *s = json_string_value(o);

    return s && *s && strspn(s, "0123456789") == strlen(s);
}

static bool all_numbers(json_t *o, size_t depth)
{
    json_t *item;
    size_t i;

    if (depth == 0)
        return is_number(o);
    if (!json_is_array(o) || (depth > 1 && json_array_size(o) == 0))
        return false;
    json_array_foreach(o, i, item)
    {
        if (!all_numbers(item, depth - 1) && !is_number(item))
            return false;
    }
    return true;
}

/* A file of the right form whose numbers are no points or no signals is the
 * answer "not valid"; a file of another form is malformed. */
static provernet_status judge(provernet_status st, const uint8_t *text,
                              size_t len, bool proof)
{
    json_t *o;
    bool formed;

    if (st != PROVERNET_ERR_FORMAT)
        return st;
    o = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL);
    formed = proof ? all_numbers(json_object_get(o, "pi_a"), 1) &&
                         all_numbers(json_object_get(o, "pi_b"), 2) &&
                         all_numbers(json_object_get(o, "pi_c"), 1)
                   : all_numbers(o, 1);
    json_decref(o);
    return formed ? PROVERNET_ERR_PROOF_INVALID : st;
}

static provernet_status verify(struct invocation *v, provernet_error *err)
{
    uint8_t *text[3] = { NULL, NULL, NULL }, *publics = NULL;
    size_t len[3] = { 0, 0, 0 }, n = 0;
    provernet_groth16_vk *vk = NULL;
    provernet_groth16_proof proof;
    provernet_status st = PROVERNET_OK;

    for (int i = 0; i < 3 && st == PROVERNET_OK; i++)
        st = read_whole(v->positional[i], &text[i], &len[i], 256u << 20, err);
    if (st == PROVERNET_OK)
        st = provernet_groth16_vk_parse(
            &vk, (provernet_span){ text[0], len[0] }, err);
    if (st == PROVERNET_OK) {
        n = len[1] / 2 + 1; /* a signal has at least a digit and a comma */
        publics = calloc(n, 32);
        st = PROVERNET_ERR_NOMEM;
    }
    if (publics) {
        provernet_span json = { text[1], len[1] };
        st = provernet_groth16_publics_from_json(publics, n, &n, json, err);
        st = judge(st, text[1], len[1], false);
    }
    if (st == PROVERNET_OK) {
        provernet_span json = { text[2], len[2] };
        st = provernet_groth16_proof_from_json(&proof, json, err);
        st = judge(st, text[2], len[2], true);
    }
    if (st == PROVERNET_OK)
        st = provernet_groth16_verify(vk, &proof, publics, n, err);
    provernet_groth16_vk_free(vk);
    free(publics);
    for (int i = 0; i < 3; i++)
        free(text[i]);
    return st;
}

int cmd_verify(struct invocation *v)
{
    provernet_error err = { 0 };
    provernet_status st = verify(v, &err);
    bool json = flag_value(v, "json") != NULL;

    if (st != PROVERNET_OK && st != PROVERNET_ERR_PROOF_INVALID)
        return report_status(st, &err);
    if (st != PROVERNET_OK && err.status == PROVERNET_ERR_FORMAT &&
        !flag_value(v, "quiet"))
        fprintf(stderr, "%s\n", err.message); /* why it is not valid */
    if (json)
        printf("{\"valid\":%s}\n", st == PROVERNET_OK ? "true" : "false");
    else if (!flag_value(v, "quiet"))
        puts(st == PROVERNET_OK ? "OK: the proof is valid"
                                : "INVALID: the proof is not valid");
    return st == PROVERNET_OK ? 0 : 1;
}

int cmd_groth16(struct invocation *v)
{
    bool p = !strcmp(v->positional[0], "prove");
    int want = p ? 5 : 4;

    if (!p && strcmp(v->positional[0], "verify") != 0)
        return usage_error("groth16 %s: unknown\nhelp: prove or verify",
                           v->positional[0]);
    if (v->positional_len != want)
        return usage_error("groth16 %s takes %d files, %d given",
                           v->positional[0], want - 1, v->positional_len - 1);
    memmove(v->positional, v->positional + 1,
            (size_t)(want - 1) * sizeof *v->positional);
    v->positional_len--;
    return p ? cmd_prove(v) : cmd_verify(v);
}
