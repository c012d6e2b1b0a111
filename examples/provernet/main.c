/* main.c - provernet and provernetd. provernetd is the whole program and,
 * started by that name, behaves as `provernet serve`; provernet has what needs
 * no server and no network, and hands the rest over (cmd/elsewhere.c). */
#include "cli/cli.h"

#include <signal.h>
#include <string.h>

static int unknown(const char *name)
{
    const char *names[64], *near;
    size_t n = 0;

    for (size_t i = 0; i < commands_len; i++) {
        names[n++] = commands[i].name;
        if (commands[i].alias)
            names[n++] = commands[i].alias;
    }
    near = nearest(name, names, n);
    if (near)
        return usage_error("unknown command \"%s\"\nhelp: did you mean "
                           "\"provernet %s\"?",
                           name, near);
    return usage_error("unknown command \"%s\"\nhelp: provernet --help", name);
}

int main(int argc, char **argv)
{
    const char *self = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const struct command *c;
    struct invocation v;
    int code;

    signal(SIGPIPE, SIG_IGN); /* a lost peer or pipe is an error, not an end */
    self = self ? self + 1 : argc > 0 ? argv[0] : "";
    if (!strcmp(self, "provernetd") &&
        !(argc > 1 && !strcmp(argv[1], "serve"))) {
        if (argc > 1 && !strcmp(argv[1], "--version"))
            c = find_command("version");
        else
            c = find_command("serve");
        code = parse_arguments(&v, c, c->run == cmd_version ? 0 : argc - 1,
                               argv + 1);
    } else if (argc < 2) {
        help_overview(stdout, false);
        return EXIT_USAGE;
    } else if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
        help_overview(stdout, !strcmp(argv[1], "--help"));
        return 0;
    } else {
        c = find_command(!strcmp(argv[1], "--version") ? "version" : argv[1]);
        if (!c)
            return unknown(argv[1]);
        code = parse_arguments(&v, c, argc - 2, argv + 2);
    }
    v.argv = argv;
    if (code == 0)
        code = c->run(&v);
    else if (code < 0)
        return 0;
    config_free(v.config);
    if (fflush(stdout) != 0 && code == 0)
        return complain(PROVERNET_ERR_IO, "cannot write to the output");
    return code;
}
