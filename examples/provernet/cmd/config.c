/* cmd/config.c - `provernet config`: what is set, where, and what may be. */
#include "../cli/cli.h"

#include <string.h>

static int show(struct invocation *v)
{
    int code = load_config(v);

    for (size_t i = 0; code == 0 && i < config_len(v->config); i++) {
        const struct setting *s = config_setting(v->config, i);
        const char *value = config_get(v->config, s->name);
        char text[300];
        if (s->type == TEXT)
            snprintf(text, sizeof text, "\"%.290s\"", value);
        else
            snprintf(text, sizeof text, "%.290s", value);
        printf("%-26s %-28s %s\n", s->name, text, config_where(v->config, i));
    }
    return code;
}

static int check(struct invocation *v)
{
    struct config *c = config_new();
    provernet_error err = { 0 };
    provernet_status st;

    if (v->positional_len < 2) {
        config_free(c);
        return usage_error("config check FILE: which file?");
    }
    st = c ? config_file(c, v->positional[1], &err) : PROVERNET_ERR_NOMEM;
    config_free(c);
    if (st != PROVERNET_OK)
        return report_status(st, &err);
    printf("%s: OK\n", v->positional[1]);
    return 0;
}

static void explain(const struct setting *s)
{
    char form[200], variable[120];

    setting_form(s, form, sizeof form);
    setting_environment(s, variable, sizeof variable);
    printf("%s\n  %s\n  %s\n  environment %s; %s\n", s->name, s->text, form,
           variable,
           s->live ? "may change while running" : "a change needs a restart");
}

static int explain_all(struct invocation *v)
{
    struct config *c = config_new();
    const char *wanted = v->positional_len > 1 ? v->positional[1] : "";
    size_t found = 0;

    for (size_t i = 0; c && i < config_len(c); i++) {
        const struct setting *s = config_setting(c, i);
        if (strncmp(s->name, wanted, strlen(wanted)) == 0) {
            explain(s);
            found++;
        }
    }
    config_free(c);
    if (!found)
        return usage_error("unknown key \"%s\"\nhelp: provernet config explain",
                           wanted);
    return 0;
}

int cmd_config(struct invocation *v)
{
    const char *what = v->positional[0];

    if (!strcmp(what, "show"))
        return show(v);
    if (!strcmp(what, "check"))
        return check(v);
    if (!strcmp(what, "explain"))
        return explain_all(v);
    return usage_error("config %s: unknown\nhelp: show, check FILE or explain "
                       "[KEY]",
                       what);
}
