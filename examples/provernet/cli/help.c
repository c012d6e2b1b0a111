/* cli/help.c - help, completion and manual pages, all from the one table. */
#include "cli.h"

#include <errno.h>
#include <string.h>

void help_overview(FILE *f, bool all)
{
    fputs("provernet: zero-knowledge proofs, from a signed request to a "
          "verified result\n\n"
          "  provernet demo                          see it work, 5 seconds\n"
          "  provernet serve                         start a server\n"
          "  provernet prove K.zkey W.wtns PROOF.json PUBLIC.json\n\n",
          f);
    for (size_t i = 0; i < commands_len; i++) {
        const struct command *c = &commands[i];
        if (!all &&
            (!strcmp(c->name, "manpage") || !strcmp(c->name, "groth16")))
            continue;
        fprintf(f, "  %-11s %s\n", c->name, c->summary);
    }
    fputs("\nprovernet COMMAND --help says more. Settings: provernet config "
          "explain.\n",
          f);
}

static void flag_lines(FILE *f, const struct flag *flags)
{
    for (; flags->name; flags++) {
        char left[60];
        snprintf(left, sizeof left, "--%s%s%s", flags->name,
                 flags->arg ? " " : "", flags->arg ? flags->arg : "");
        fprintf(f, "  %-24s %s", left, flags->text);
        if (flags->setting)
            fprintf(f, "  [%s]", flags->setting);
        fputc('\n', f);
    }
}

void help_command(FILE *f, const struct command *c)
{
    fprintf(f, "provernet %s %s\n  %s\n", c->name, c->usage, c->summary);
    if (*c->examples)
        fprintf(f, "\nExamples:\n%s", c->examples);
    fputs("\nFlags (in brackets: the setting it stands for):\n", f);
    flag_lines(f, c->flags);
    flag_lines(f, common_flags);
}

/* ---- completion ---- */

static void names_of(FILE *f, const struct flag *flags)
{
    for (; flags->name; flags++)
        fprintf(f, " --%s", flags->name);
}

static void complete_bash(FILE *f)
{
    fputs("_provernet() {\n"
          "  local cur=${COMP_WORDS[COMP_CWORD]} cmd=${COMP_WORDS[1]} words=\n"
          "  if [ \"$COMP_CWORD\" = 1 ]; then words=\"",
          f);
    for (size_t i = 0; i < commands_len; i++)
        fprintf(f, "%s%s", i ? " " : "", commands[i].name);
    fputs("\"\n  else case $cmd in\n", f);
    for (size_t i = 0; i < commands_len; i++) {
        fprintf(f, "    %s) words=\"%s", commands[i].name, commands[i].words);
        names_of(f, commands[i].flags);
        names_of(f, common_flags);
        fputs("\" ;;\n", f);
    }
    fputs(
        "  esac; fi\n"
        "  case $cmd:${COMP_WORDS[2]} in\n"
        "    requests:show|requests:wait|requests:cancel)\n"
        "      words=\"$words $(provernet requests list --json 2>/dev/null |\n"
        "        sed -n 's/.*\"id\": *\"\\([0-9a-fx]*\\)\".*/\\1/p')\" ;;\n"
        "  esac\n"
        "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\") $(compgen -f -- "
        "\"$cur\"))\n"
        "}\n"
        "complete -o filenames -F _provernet provernet\n",
        f);
}

static void complete_zsh(FILE *f)
{
    fputs("#compdef provernet\n_provernet() {\n"
          "  if (( CURRENT == 2 )); then\n    local -a c=(\n",
          f);
    for (size_t i = 0; i < commands_len; i++)
        fprintf(f, "      '%s'\n", commands[i].name);
    fputs("    )\n    _describe command c\n    return\n  fi\n"
          "  case $words[2] in\n",
          f);
    for (size_t i = 0; i < commands_len; i++) {
        fprintf(f, "    %s) compadd -- %s", commands[i].name,
                commands[i].words);
        names_of(f, commands[i].flags);
        names_of(f, common_flags);
        fputs(" ;;\n", f);
    }
    fputs("  esac\n  _files\n}\n_provernet \"$@\"\n", f);
}

static void complete_fish(FILE *f)
{
    for (size_t i = 0; i < commands_len; i++) {
        const struct command *c = &commands[i];
        fprintf(f,
                "complete -c provernet -n __fish_use_subcommand -a %s -d "
                "\"%s\"\n",
                c->name, c->summary);
        if (*c->words)
            fprintf(f,
                    "complete -c provernet -n '__fish_seen_subcommand_from "
                    "%s' -a '%s'\n",
                    c->name, c->words);
        for (const struct flag *g = c->flags; g->name; g++)
            fprintf(f,
                    "complete -c provernet -n '__fish_seen_subcommand_from "
                    "%s' -l %s%s -d \"%s\"\n",
                    c->name, g->name, g->arg ? " -r" : "", g->text);
    }
}

void print_completion(FILE *f, const char *shell)
{
    if (!strcmp(shell, "bash"))
        complete_bash(f);
    else if (!strcmp(shell, "zsh"))
        complete_zsh(f);
    else
        complete_fish(f);
}

/* ---- manual ---- */

static void roff(FILE *f, const char *s)
{
    for (const char *p = s; *p; p++) {
        if (*p == '-' || *p == '\\')
            fputc('\\', f);
        if ((*p == '.' || *p == '\'') && (p == s || p[-1] == '\n'))
            fputs("\\&", f);
        fputc(*p, f);
    }
}

static void roff_flags(FILE *f, const struct flag *flags)
{
    for (; flags->name; flags++) {
        fputs(".TP\n.B \\-\\-", f);
        roff(f, flags->name);
        if (flags->arg)
            fprintf(f, " \\fI%s\\fR", flags->arg);
        fputc('\n', f);
        roff(f, flags->text);
        if (flags->setting)
            fprintf(f, " [%s]", flags->setting);
        fputc('\n', f);
    }
}

static int page(const char *dir, const char *name, const struct command *c)
{
    char path[600];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s.%d", dir, name, c ? 1 : 5);
    f = fopen(path, "we");
    if (!f)
        return complain(PROVERNET_ERR_IO, "cannot write %.150s: %s", path,
                        strerror(errno));
    fprintf(f, ".TH %s %d \"\" \"provernet %s\"\n.SH NAME\n%s \\- ", name,
            c ? 1 : 5, provernet_version(), name);
    if (c) {
        roff(f, c->summary);
        fprintf(f, "\n.SH SYNOPSIS\n.B provernet %s\n", c->name);
        roff(f, c->usage);
        fputs("\n.SH OPTIONS\n", f);
        roff_flags(f, c->flags);
        roff_flags(f, common_flags);
        if (*c->examples) {
            fputs(".SH EXAMPLES\n.nf\n", f);
            roff(f, c->examples);
            fputs(".fi\n", f);
        }
    } else {
        struct config *all = config_new();
        fputs("settings of provernet\n.SH DESCRIPTION\nFlags win over the "
              "environment, the environment over the file.\n.SH KEYS\n",
              f);
        for (size_t i = 0; all && i < config_len(all); i++) {
            const struct setting *s = config_setting(all, i);
            char form[160], variable[120];
            setting_form(s, form, sizeof form);
            setting_environment(s, variable, sizeof variable);
            fprintf(f, ".TP\n.B %s\n", s->name);
            roff(f, s->text);
            fputs(". ", f);
            roff(f, form);
            fprintf(f, ". %s%s\n", variable,
                    s->live ? "" : ". Needs a restart");
        }
        config_free(all);
    }
    return fclose(f) == 0
               ? 0
               : complain(PROVERNET_ERR_IO, "cannot write %.150s", path);
}

int print_manual(const char *dir)
{
    char name[60];
    int code = 0;

    if (!make_dirs(dir))
        return complain(PROVERNET_ERR_IO, "cannot make %.150s: %s", dir,
                        strerror(errno));
    for (size_t i = 0; i < commands_len && code == 0; i++) {
        snprintf(name, sizeof name, "provernet-%s", commands[i].name);
        code = page(dir, name, &commands[i]);
    }
    return code ? code : page(dir, "provernet.toml", NULL);
}
