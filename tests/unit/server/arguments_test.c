/* arguments_test.c - the table of commands and how it is read. */
#include "../../../examples/provernet/cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The commands themselves are tested elsewhere. */
#define STUB(name)                                                             \
    int name(struct invocation *v)                                             \
    {                                                                          \
        (void)v;                                                               \
        return 77;                                                             \
    }
STUB(cmd_serve)
STUB(cmd_worker)
STUB(cmd_prove)
STUB(cmd_verify)
STUB(cmd_groth16)
STUB(cmd_submit)
STUB(cmd_requests)
STUB(cmd_artifacts)
STUB(cmd_demo)
STUB(cmd_key)
STUB(cmd_sign)
STUB(cmd_recover)
STUB(cmd_config)
STUB(cmd_explain)
STUB(cmd_completion)
STUB(cmd_manpage)
STUB(cmd_version)
STUB(cmd_doctor)
STUB(cmd_bench)
STUB(cmd_help)

static struct invocation v;

static int parse(const char *name, int argc, const char *const *argv)
{
    char *copy[16];

    for (int i = 0; i < argc; i++)
        copy[i] = (char *)(uintptr_t)argv[i];
    return parse_arguments(&v, find_command(name), argc, copy);
}

#define PARSE(name, ...)                                                       \
    parse(name, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *),      \
          (const char *[]){ __VA_ARGS__ })

static void flags_in_every_form(void **state)
{
    (void)state;
    assert_int_equal(PARSE("prove", "a", "--threads", "2", "b", "c",
                           "--repeat=3", "--json", "d"),
                     0);
    assert_int_equal(v.positional_len, 4);
    assert_string_equal(v.positional[3], "d");
    assert_string_equal(flag_value(&v, "threads"), "2");
    assert_string_equal(flag_value(&v, "repeat"), "3");
    assert_string_equal(flag_value(&v, "json"), "");
    assert_null(flag_value(&v, "quiet"));
    assert_int_equal(PARSE("prove", "a", "b", "-", "--", "--d"), 0);
    assert_string_equal(v.positional[2], "-");
    assert_string_equal(v.positional[3], "--d");
}

static void wrong_usage_exits_2(void **state)
{
    (void)state;
    assert_int_equal(PARSE("prove", "a", "b"), 2);
    assert_int_equal(PARSE("prove", "a", "b", "c", "d", "e"), 2);
    assert_int_equal(PARSE("serve", "--lisen", "x"), 2);
    assert_int_equal(PARSE("serve", "--listen"), 2);
    assert_int_equal(PARSE("serve", "--mock=yes"), 2);
}

static void flags_become_settings(void **state)
{
    (void)state;
    assert_int_equal(PARSE("serve", "--listen", "h:1", "--mock", "--quota",
                           "2GiB", "--no-worker", "--set", "lease.ttl=9s"),
                     0);
    assert_int_equal(load_config(&v), 0);
    assert_string_equal(config_get(v.config, "server.listen"), "h:1");
    assert_int_equal(config_number(v.config, "node.mock"), 1);
    assert_int_equal(config_number(v.config, "artifact.quota"), 2147483648);
    assert_int_equal(config_number(v.config, "server.worker"), 0);
    assert_int_equal(config_number(v.config, "lease.ttl"), 9000);
    config_free(v.config);
    assert_int_equal(PARSE("serve", "--listen", "h:1", "--listen", "h:2"), 0);
    assert_int_equal(load_config(&v), 0);
    assert_string_equal(config_get(v.config, "server.listen"), "h:1,h:2");
    config_free(v.config);
    assert_int_equal(PARSE("serve", "--quota", "2"), 0);
    assert_int_equal(load_config(&v), 4);
    config_free(v.config);
    assert_int_equal(PARSE("serve", "--config", "/nonexistent"), 0);
    assert_int_equal(load_config(&v), 4);
    config_free(v.config);
}

static void every_flag_names_a_real_setting(void **state)
{
    struct config *c = config_new();

    (void)state;
    for (size_t i = 0; i < commands_len; i++)
        for (const struct flag *f = commands[i].flags; f->name; f++)
            if (f->setting && config_find(c, f->setting) < 0)
                fail_msg("%s --%s: no setting %s", commands[i].name, f->name,
                         f->setting);
    config_free(c);
}

static void near_words_are_found(void **state)
{
    static const char *const words[] = { "serve", "prove", "verify" };

    (void)state;
    assert_string_equal(nearest("sevre", words, 3), "serve");
    assert_string_equal(nearest("verfy", words, 3), "verify");
    assert_null(nearest("xyz", words, 3));
}

static void files_appear_together_or_not_at_all(void **state)
{
    char dir[] = "/tmp/provernet-test.XXXXXX", a[80], b[80];
    provernet_error err = { 0 };
    uint8_t *data;
    size_t len;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(a, sizeof a, "%s/a", dir);
    snprintf(b, sizeof b, "%s/missing/b", dir);
    struct output o[2] = { { a, "one", 3 }, { b, "two", 3 } };
    assert_int_equal(write_together(o, 2, &err), PROVERNET_ERR_IO);
    assert_int_not_equal(access(a, F_OK), 0);
    snprintf(b, sizeof b, "%s/b", dir);
    assert_int_equal(write_together(o, 2, &err), 0);
    assert_int_equal(read_whole(b, &data, &len, 100, &err), 0);
    assert_int_equal(len, 3);
    assert_memory_equal(data, "two", 3);
    free(data);
    assert_int_equal(read_whole(b, &data, &len, 2, &err), PROVERNET_ERR_FORMAT);
    assert_int_equal(read_whole("/nonexistent", &data, &len, 2, &err),
                     PROVERNET_ERR_NOT_FOUND);
    assert_true(remove_tree(dir));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_in_every_form),
        cmocka_unit_test(wrong_usage_exits_2),
        cmocka_unit_test(flags_become_settings),
        cmocka_unit_test(every_flag_names_a_real_setting),
        cmocka_unit_test(near_words_are_found),
        cmocka_unit_test(files_appear_together_or_not_at_all),
    };

    setenv("PROVERNET_CONFIG", "/dev/null", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
