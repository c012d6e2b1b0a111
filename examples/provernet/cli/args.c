/* cli/args.c - the command line against the table. */
#include "cli.h"

#include <string.h>

const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < commands_len; i++)
        if (!strcmp(commands[i].name, name) ||
            (commands[i].alias && !strcmp(commands[i].alias, name)))
            return &commands[i];
    return NULL;
}

static const struct flag *in_list(const struct flag *f, const char *name,
                                  size_t len)
{
    for (; f->name; f++)
        if (strlen(f->name) == len && !memcmp(f->name, name, len))
            return f;
    return NULL;
}

static int unknown_flag(const struct command *c, const char *arg)
{
    const char *names[80], *near;
    size_t n = 0;

    for (const struct flag *f = c->flags; f->name && n < 60; f++)
        names[n++] = f->name;
    for (const struct flag *f = common_flags; f->name; f++)
        names[n++] = f->name;
    near = nearest(arg + strspn(arg, "-"), names, n);
    if (near)
        return usage_error("%s: unknown flag \"%s\"\nhelp: did you mean "
                           "\"--%s\"?",
                           c->name, arg, near);
    return usage_error("%s: unknown flag \"%s\"\nhelp: provernet %s --help",
                       c->name, arg, c->name);
}

/* One "--flag", "--flag=value", "--flag value", "-h". How many arguments were
 * used, or 0 after a message. */
static int one_flag(struct invocation *v, const struct command *c, int argc,
                    char **argv, int *code)
{
    const char *name = argv[0] + (argv[0][1] == '-' ? 2 : 1);
    const char *eq = strchr(name, '=');
    size_t len = eq ? (size_t)(eq - name) : strlen(name);
    const struct flag *f = in_list(c->flags, name, len);
    const char *value = "";
    int used = 1;

    if (!f)
        f = in_list(common_flags, name, len);
    if (!strcmp(argv[0], "-h"))
        f = &common_flags[0];
    if (!strcmp(argv[0], "-q"))
        f = in_list(common_flags, "quiet", 5);
    if (!f) {
        *code = unknown_flag(c, argv[0]);
        return 0;
    }
    if (f->arg && eq) {
        value = eq + 1;
    } else if (f->arg) {
        if (argc < 2) {
            *code = usage_error("--%s needs a value: --%s %s", f->name, f->name,
                                f->arg);
            return 0;
        }
        value = argv[1];
        used = 2;
    } else if (eq) {
        *code = usage_error("--%s takes no value", f->name);
        return 0;
    }
    if (v->given_len == GIVEN_MAX) {
        *code = usage_error("more than %d flags", GIVEN_MAX);
        return 0;
    }
    v->given[v->given_len].flag = f;
    v->given[v->given_len++].value = value;
    return used;
}

int parse_arguments(struct invocation *v, const struct command *c, int argc,
                    char **argv)
{
    bool flags = true;

    *v = (struct invocation){ .command = c };
    for (int i = 0; i < argc;) {
        if (flags && !strcmp(argv[i], "--")) {
            flags = false;
            i++;
        } else if (flags && argv[i][0] == '-' && argv[i][1]) {
            int code = EXIT_USAGE;
            int used = one_flag(v, c, argc - i, argv + i, &code);
            if (!used)
                return code;
            i += used;
        } else {
            if (v->positional_len == POSITIONAL_MAX)
                return usage_error("%s: too many arguments", c->name);
            v->positional[v->positional_len++] = argv[i++];
        }
    }
    if (flag_value(v, "help")) {
        help_command(stdout, c);
        return -1;
    }
    if (v->positional_len < c->least || v->positional_len > c->most) {
        char range[24];
        snprintf(range, sizeof range, c->least == c->most ? "%d" : "%d to %d",
                 c->least, c->most);
        return usage_error("%s takes %s argument%s, %d given\n"
                           "help: provernet %s %s",
                           c->name, range, c->most == 1 ? "" : "s",
                           v->positional_len, c->name, c->usage);
    }
    return 0;
}

const char *flag_value(const struct invocation *v, const char *name)
{
    for (int i = v->given_len; i-- > 0;) /* the last one counts */
        if (!strcmp(v->given[i].flag->name, name))
            return v->given[i].value;
    return NULL;
}

/* "--set key=value" */
static provernet_status set_any(struct config *c, const char *text,
                                provernet_error *err)
{
    const char *eq = strchr(text, '=');
    char name[100];

    if (!eq || (size_t)(eq - text) >= sizeof name)
        return set_error(err, PROVERNET_ERR_CONFIG,
                         "--set %.100s: write KEY=VALUE", text);
    snprintf(name, sizeof name, "%.*s", (int)(eq - text), text);
    return config_set(c, name, eq + 1, BY_FLAG, "--set", err);
}

/* --listen may be given more than once: all count. */
static const char *all_given(const struct invocation *v, const char *name,
                             char *buf, size_t cap)
{
    size_t len = 0;

    buf[0] = 0;
    for (int i = 0; i < v->given_len && len < cap; i++)
        if (!strcmp(v->given[i].flag->name, name))
            len += (size_t)snprintf(buf + len, cap - len, "%s%s",
                                    len ? "," : "", v->given[i].value);
    return len < cap ? buf : NULL;
}

int load_config(struct invocation *v)
{
    provernet_error err = { 0 };
    char path[512], where[40], listen[512];
    const char *file, *value;
    provernet_status st = PROVERNET_OK;
    bool must;

    v->config = config_new();
    if (!v->config)
        return complain(PROVERNET_ERR_NOMEM, "out of memory");
    file = config_path(flag_value(v, "config"), path, sizeof path, &must);
    if (file)
        st = config_file(v->config, file, &err);
    if (st == PROVERNET_ERR_NOT_FOUND && must)
        st = err.status = PROVERNET_ERR_CONFIG;
    if (st == PROVERNET_OK)
        st = config_environment(v->config, &err);
    for (int i = 0; i < v->given_len && st == PROVERNET_OK; i++) {
        const struct flag *f = v->given[i].flag;
        snprintf(where, sizeof where, "--%s", f->name);
        value = v->given[i].value;
        if (!strcmp(f->name, "listen"))
            value = all_given(v, f->name, listen, sizeof listen);
        if (f->setting)
            st = config_set(v->config, f->setting, value ? value : "", BY_FLAG,
                            where, &err);
        else if (!strcmp(f->name, "set"))
            st = set_any(v->config, v->given[i].value, &err);
        else if (!strcmp(f->name, "no-worker"))
            st = config_set(v->config, "server.worker", "false", BY_FLAG, where,
                            &err);
        else if (!strcmp(f->name, "mock") && !strcmp(v->command->name, "serve"))
            st = config_set(v->config, "node.mock", "true", BY_FLAG, where,
                            &err);
    }
    return st == PROVERNET_OK ? 0 : report_error(&err);
}
