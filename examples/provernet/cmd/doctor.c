/* cmd/doctor.c - `provernet doctor`: what this machine can do, what it lacks,
 * and how to mend it. Changes nothing. */
#include "../cfg/units.h"
#include "../cli/cli.h"
#include "host.h"

#include <dlfcn.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

struct doctor {
    bool json;
    int faults;
};

enum { FINE, NOTE, FAULT };

__attribute__((format(printf, 4, 5))) static void
say(struct doctor *d, int how, const char *what, const char *format, ...)
{
    static const char *const words[] = { "ok", "note", "FAULT" };
    char text[400];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (how == FAULT)
        d->faults++;
    if (d->json) {
        printf("{\"check\":\"%s\",\"result\":\"%s\",\"text\":", what,
               how == FAULT ? "fault" : words[how]);
        json_text(stdout, text);
        printf("}\n");
    } else {
        printf("%-6s %-10s ", words[how], what);
        for (const char *p = text; *p; p++) /* further lines stand below */
            *p == '\n' ? printf("\n%-18s", "") : putchar(*p);
        putchar('\n');
    }
}

static void check_engine(struct doctor *d)
{
    provernet_error err = { 0 };
    provernet_engine *e = NULL;
    char words[200];

    if (provernet_engine_open(&e, "cpu", NULL, &err) != PROVERNET_OK) {
        say(d, FAULT, "processor", "%s", err.message);
        return;
    }
    engine_words(e, words, sizeof words);
    say(d, FINE, "processor", "%s", words);
    provernet_engine_close(e);
}

/* What is free, and what a key costs that does not fit into it. */
static void say_memory(struct doctor *d, const provernet_engine *e)
{
    json_t *o = json_loads(provernet_engine_describe(e), 0, NULL);
    char size[32];

    units_show_size((uint64_t)json_integer_value(json_object_get(o, "free")),
                    size, sizeof size);
    json_decref(o);
    say(d, FINE, "gpu memory",
        "%s free; a key that needs more passes its points through at every "
        "proof: at least 40 ms for each GB of them (at 25 GB/s, assumed; "
        "measured when a key is loaded)",
        size);
}

static void check_gpu(struct doctor *d, const struct config *c)
{
    provernet_options *o = config_options(c, NULL);
    provernet_error err = { 0 };
    provernet_engine *e = NULL;
    char words[200];
    void *driver;

    if (provernet_engine_open(&e, "cuda:0", o, &err) == PROVERNET_OK) {
        engine_words(e, words, sizeof words);
        say(d, FINE, "gpu", "%s", words);
        say_memory(d, e);
        provernet_engine_close(e);
        provernet_options_free(o);
        return;
    }
    provernet_options_free(o);
    driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (driver)
        dlclose(driver);
    if (access("/dev/nvidiactl", F_OK) != 0 && !driver)
        say(d, NOTE, "gpu",
            "no NVIDIA GPU or driver here; proofs are made on "
            "the processor");
    else if (!driver)
        say(d, FAULT, "gpu",
            "a GPU is here but its driver is not "
            "(libcuda.so.1): install the NVIDIA driver");
    else
        say(d, NOTE, "gpu", "the driver is here, but no engine opened");
    /* which file was looked for, why it did not open */
    say(d, NOTE, "gpu engine", "%s", err.message);
}

static void check_disk(struct doctor *d, const char *dir)
{
    char part[4096], size[32];
    struct statvfs s;
    uint64_t bytes;

    snprintf(part, sizeof part, "%s", dir);
    while (statvfs(part, &s) != 0) { /* the nearest directory that exists */
        char *slash = strrchr(part, '/');
        if (!slash || errno != ENOENT) {
            say(d, FAULT, "disk", "%s: %s", part, strerror(errno));
            return;
        }
        if (slash == part)
            slash++;
        *slash = 0;
    }
    bytes = (uint64_t)s.f_bavail * s.f_frsize;
    units_show_size(bytes, size, sizeof size);
    if (access(part, W_OK) != 0)
        say(d, FAULT, "disk",
            "%s cannot be written: choose another with "
            "--data-dir",
            part);
    else if (bytes < (1u << 30))
        say(d, FAULT, "disk", "%s free for %s: less than 1 GiB", size, dir);
    else
        say(d, FINE, "disk", "%s free for %s", size, dir);
}

static void check_port(struct doctor *d, const struct config *c)
{
    struct server_config sc = { .listen = config_get(c, "server.listen"),
                                .header_bytes = 65536,
                                .max_streams = 1 };
    provernet_error err = { 0 };
    struct server *s = NULL;
    provernet_status st = server_bind(&s, &sc, &err);

    if (st == PROVERNET_OK)
        say(d, FINE, "port", "%s is free", sc.listen);
    else if (st == PROVERNET_ERR_ADDRESS_IN_USE)
        say(d, NOTE, "port", "%.*s", (int)strcspn(err.message, "\n"),
            err.message);
    else
        say(d, FAULT, "port", "%s", err.message);
    server_free(s);
}

static void check_clock(struct doctor *d)
{
    struct timex t = { 0 };
    int state = adjtimex(&t);

    if (state == TIME_ERROR || (state >= 0 && t.status & STA_UNSYNC))
        say(d, NOTE, "clock",
            "not synchronised, as far as the kernel knows: "
            "deadlines need a clock right to 30 s (install "
            "chrony or systemd-timesyncd)");
    else if (state >= 0)
        say(d, FINE, "clock", "synchronised, error below %ld ms",
            t.maxerror / 1000 + 1);
    else
        say(d, NOTE, "clock", "unknown: %s", strerror(errno));
}

static void check_limits(struct doctor *d)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    if (r.rlim_max < 4096)
        say(d, NOTE, "files",
            "at most %llu open files: connections are "
            "limited (ulimit -n, LimitNOFILE=)",
            (unsigned long long)r.rlim_max);
    else
        say(d, FINE, "files", "up to %llu open files",
            (unsigned long long)r.rlim_max);
}

int cmd_doctor(struct invocation *v)
{
    struct doctor d = { .json = flag_value(v, "json") != NULL };
    int code = load_config(v);

    if (code != 0)
        return code;
    check_engine(&d);
    check_gpu(&d, v->config);
    check_disk(&d, config_get(v->config, "data.dir"));
    check_port(&d, v->config);
    check_clock(&d);
    check_limits(&d);
    return d.faults ? 1 : 0;
}
