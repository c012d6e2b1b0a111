/* cli/cli.h - what every command shares: the table of commands, arguments,
 * messages, exit codes. Includes the public headers and cfg/. */
#ifndef CLI_CLI_H
#define CLI_CLI_H
#include "../cfg/settings.h"

#include <provernet/provernet.h>

#include <stdio.h>

enum { POSITIONAL_MAX = 16, GIVEN_MAX = 64, EXIT_USAGE = 2 };

struct flag {
    const char *name;    /* without the dashes */
    const char *arg;     /* "FILE"; NULL: a switch */
    const char *setting; /* the setting it stands for, or NULL */
    const char *text;
};

struct invocation;

struct command {
    const char *name, *alias; /* alias may be NULL */
    const char *usage;        /* after the name */
    const char *summary;
    const char *examples;             /* lines; "" */
    const char *words;                /* sub-commands, for completion; "" */
    const struct flag *flags;         /* ends with a NULL name */
    int least, most;                  /* positional arguments */
    int (*run)(struct invocation *v); /* returns the exit code */
};

struct invocation {
    const struct command *command;
    char **argv; /* as the program was started */
    const char *positional[POSITIONAL_MAX];
    int positional_len;
    struct {
        const struct flag *flag;
        const char *value; /* "" for a switch */
    } given[GIVEN_MAX];
    int given_len;
    struct config *config; /* loaded by load() */
};

extern const struct command commands[];
extern const size_t commands_len;
extern const struct flag common_flags[]; /* of every command */

/* By name or alias; NULL: none. */
const struct command *find_command(const char *name);
/* 0, or the exit code after the message (EXIT_USAGE). -1: help was printed. */
int parse_arguments(struct invocation *v, const struct command *c, int argc,
                    char **argv);
/* A flag's value; "" for a switch; NULL: not given. */
const char *flag_value(const struct invocation *v, const char *name);
/* File, environment and flags into v->config. 0, or the exit code after the
 * message. */
int load_config(struct invocation *v);

/* ---- messages: tables go to stdout, everything else to stderr ---- */
/* "error: ..." with its help lines and code; returns the exit code. */
int report_error(const provernet_error *err);
int report_status(provernet_status st, const provernet_error *err);
__attribute__((format(printf, 3, 4))) provernet_status
set_error(provernet_error *err, provernet_status st, const char *format, ...);
__attribute__((format(printf, 2, 3))) int complain(provernet_status st,
                                                   const char *format, ...);
__attribute__((format(printf, 1, 2))) int usage_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void warning(const char *format, ...);
bool use_color(FILE *f);
/* A JSON string with its quotes. */
void json_text(FILE *f, const char *s);

void help_overview(FILE *f, bool all);
void help_command(FILE *f, const struct command *c);
void print_completion(FILE *f, const char *shell);
int print_manual(const char *dir);

/* ---- small tools ---- */
void to_hex(char *out, const void *bytes, size_t len);
bool from_hex(void *out, size_t len, const char *hex); /* "0x" allowed */
int64_t wall_ms(void);
int64_t steady_ms(void);
/* A whole file ("-": stdin); freed by the caller. */
PROVERNET_MUST_USE provernet_status read_whole(const char *path, uint8_t **out,
                                               size_t *len, size_t max,
                                               provernet_error *err);
/* Files that appear together or not at all ("-": stdout, at the end). */
struct output {
    const char *path;
    const void *data;
    size_t len;
};
PROVERNET_MUST_USE provernet_status write_together(const struct output *o,
                                                   size_t n,
                                                   provernet_error *err);
/* The client's key: --key-file, PROVERNET_KEY_FILE, client.key_file,
 * NETWORK_PRIVATE_KEY, the file in the configuration directory. */
PROVERNET_MUST_USE provernet_status client_key(const struct invocation *v,
                                               provernet_key **out,
                                               provernet_error *err);
/* The key in `path`, made there (0600) if there is none yet. */
PROVERNET_MUST_USE provernet_status key_kept(const char *path,
                                             provernet_key **out,
                                             provernet_error *err);
/* mkdir -p, 0700. */
bool make_dirs(const char *path);
bool remove_tree(const char *path);

/* ---- commands ---- */
int cmd_serve(struct invocation *v);
int cmd_worker(struct invocation *v);
int cmd_prove(struct invocation *v);
int cmd_verify(struct invocation *v);
int cmd_groth16(struct invocation *v);
int cmd_submit(struct invocation *v);
int cmd_requests(struct invocation *v);
int cmd_artifacts(struct invocation *v);
int cmd_demo(struct invocation *v);
int cmd_key(struct invocation *v);
int cmd_sign(struct invocation *v);
int cmd_recover(struct invocation *v);
int cmd_config(struct invocation *v);
int cmd_explain(struct invocation *v);
int cmd_completion(struct invocation *v);
int cmd_manpage(struct invocation *v);
int cmd_version(struct invocation *v);
int cmd_doctor(struct invocation *v);
int cmd_bench(struct invocation *v);
int cmd_help(struct invocation *v);
#endif
