/* settings_test.c - units, precedence of the four places, and what people are
 * told about a wrong setting. */
#include "../../../examples/provernet/cfg/settings.h"
#include "../../../examples/provernet/cfg/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void durations_and_sizes_need_units(void **state)
{
    int64_t n;

    (void)state;
    assert_true(units_duration("90s", &n) && n == 90000);
    assert_true(units_duration("1h30m", &n) && n == 5400000);
    assert_true(units_duration("250ms", &n) && n == 250);
    assert_true(units_duration("1.5s", &n) && n == 1500);
    assert_true(units_duration("0", &n) && n == 0);
    assert_true(units_size("21.5GiB", &n) && n == 23085449216);
    assert_true(units_size("10MB", &n) && n == 10000000);
    assert_true(units_size("4kib", &n) && n == 4096);
    assert_false(units_duration("90", &n));
    assert_false(units_duration("", &n));
    assert_false(units_duration("s", &n));
    assert_false(units_duration("-1s", &n));
    assert_false(units_duration("9 s", &n));
    assert_false(units_size("99999999999999999999GiB", &n));
    assert_false(units_size("9999999999TiB", &n));
    assert_false(units_size("5GiBx", &n));
}

static void the_higher_place_wins(void **state)
{
    static const char text[] = "[server]\nlisten = \"file:1\"\nloops = 3\n";
    struct config *c = config_new();
    provernet_error err = { 0 };

    (void)state;
    assert_non_null(c);
    assert_string_equal(config_get(c, "server.listen"), "127.0.0.1:9000");
    assert_string_equal(
        config_where(c, (size_t)config_find(c, "server.listen")), "default");
    assert_int_equal(
        config_set(c, "server.listen", "env:1", BY_ENVIRONMENT, "E", &err), 0);
    assert_int_equal(config_text(c, "f.toml", text, strlen(text), &err), 0);
    assert_string_equal(config_get(c, "server.listen"), "env:1");
    assert_int_equal(config_number(c, "server.loops"), 3);
    assert_string_equal(config_where(c, (size_t)config_find(c, "server.loops")),
                        "f.toml:3");
    assert_int_equal(
        config_set(c, "server.listen", "flag:1", BY_FLAG, "--listen", &err), 0);
    assert_string_equal(config_get(c, "server.listen"), "flag:1");
    assert_int_equal(
        config_set(c, "server.listen", "env:2", BY_ENVIRONMENT, "E", &err), 0);
    assert_string_equal(config_get(c, "server.listen"), "flag:1");
    config_free(c);
}

static void wrong(const char *text, const char *const *words)
{
    struct config *c = config_new();
    provernet_error err = { 0 };

    assert_int_equal(config_text(c, "p.toml", text, strlen(text), &err),
                     PROVERNET_ERR_CONFIG);
    assert_int_equal(err.status, PROVERNET_ERR_CONFIG);
    for (; *words; words++)
        if (!strstr(err.message, *words))
            fail_msg("\"%s\" lacks \"%s\"", err.message, *words);
    config_free(c);
}

static void errors_name_the_place_and_the_way_out(void **state)
{
    (void)state;
    wrong("[task]\nattempts_mxa = 3",
          (const char *[]){ "p.toml:2", "unknown key \"task.attempts_mxa\"",
                            "did you mean \"task.attempts_max\"", "1 to 100",
                            NULL });
    wrong("\nserver.loops = 65",
          (const char *[]){ "p.toml:2", "server.loops", "0 to 64", NULL });
    wrong("lease.ttl = \"90\"",
          (const char *[]){ "lease.ttl", "duration", "90s", NULL });
    wrong("node.mock = \"maybe\"",
          (const char *[]){ "node.mock", "true or false", NULL });
    wrong("server.header_bytes = \"1TiB\"",
          (const char *[]){ "64 KiB", "1.0 KiB", NULL });
    wrong("a = [", (const char *[]){ "p.toml:1", "array", NULL });
    wrong("listen = \"x\"", (const char *[]){ "server.listen", NULL });
}

static void compatible_names_are_the_lowest_of_the_environment(void **state)
{
    struct config *c = config_new();
    provernet_error err = { 0 };

    (void)state;
    setenv("GRPC_PORT", "9100", 1);
    setenv("HTTP_PORT", "9110", 1);
    setenv("MOCK_MODE", "true", 1);
    setenv("NETWORK_RPC_URL", "http://h:1", 1);
    setenv("PROVERNET_CLIENT_URL", "http://h:2", 1);
    setenv("PROVERNET_CPU", "portable", 1);
    assert_int_equal(config_environment(c, &err), 0);
    assert_string_equal(config_get(c, "server.listen"),
                        "127.0.0.1:9100,127.0.0.1:9110");
    assert_int_equal(config_number(c, "node.mock"), 1);
    assert_string_equal(config_get(c, "client.url"), "http://h:2");
    assert_string_equal(config_get(c, "engine.cpu"), "portable");
    config_free(c);
    c = config_new();
    setenv("PROVERNET_ENGINE_CPU", "adx", 1);
    assert_int_equal(config_environment(c, &err), 0);
    assert_string_equal(config_get(c, "engine.cpu"), "adx");
    config_free(c);
    c = config_new();
    setenv("PROVERNET_LEASE_TTL", "soon", 1);
    assert_int_equal(config_environment(c, &err), PROVERNET_ERR_CONFIG);
    assert_non_null(strstr(err.message, "PROVERNET_LEASE_TTL"));
    config_free(c);
    unsetenv("GRPC_PORT");
    unsetenv("HTTP_PORT");
    unsetenv("MOCK_MODE");
    unsetenv("PROVERNET_CPU");
    unsetenv("PROVERNET_ENGINE_CPU");
    unsetenv("NETWORK_RPC_URL");
    unsetenv("PROVERNET_CLIENT_URL");
    unsetenv("PROVERNET_LEASE_TTL");
}

static void expect_set(const struct config *c, const char *name,
                       const char *value)
{
    if (strcmp(config_get(c, name), value) != 0)
        fail_msg("%s is \"%s\", expected \"%s\"", name, config_get(c, name),
                 value);
}

static void hierophants_environment_is_understood(void **state)
{
    static const char *const names[][2] = {
        { "THIS_HIEROPHANT_IP", "10.1.2.3" },
        { "MOCK_MODE", "true" },
        { "ARTIFACT_STORE_DIRECTORY", "/srv/artifacts" },
        { "MAX_WORKER_STRIKES", "4" },
        { "MAX_WORKER_HEARTBEAT_INTERVAL_SECS", "170" },
        { "WORKER_RESPONSE_TIMEOUT_SECS", "20" },
        { "PROOF_TIMEOUT_MINS", "301" },
        { "WORKER_REQUIRED_PROGRESS_INTERVAL_MINS", "0" },
        { "RUST_LOG", "debug" },
        /* known, and without effect */
        { "PUB_KEY", "0x0000000000000000000000000000000000000000" },
        { "MAX_STDIN_ARTIFACTS_STORED", "50" },
        { "MAX_PROOF_ARTIFACTS_STORED", "10" },
        { "WORKER_MAX_EXECUTION_REPORT_MINS", "45" },
    };
    struct config *c = config_new();
    provernet_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        setenv(names[i][0], names[i][1], 1);
    setenv("PROVERNET_CONTEMPLANT_ANSWER", "5s", 1);
    assert_int_equal(config_environment(c, &err), 0);
    expect_set(c, "server.listen", "0.0.0.0:9000,0.0.0.0:9010");
    expect_set(c, "http.public_url", "http://10.1.2.3:9010");
    expect_set(c, "node.mock", "true");
    expect_set(c, "data.dir", "/srv/artifacts");
    expect_set(c, "log.level", "debug");
    assert_int_equal(config_number(c, "contemplant.strikes_max"), 4);
    assert_int_equal(config_number(c, "contemplant.silence"), 170000);
    assert_int_equal(config_number(c, "contemplant.answer"), 5000);
    assert_int_equal(config_number(c, "contemplant.proof_timeout"), 18060000);
    assert_int_equal(config_number(c, "contemplant.progress_timeout"), 0);
    config_free(c);
    c = config_new();
    setenv("GRPC_PORT", "9001", 1);
    setenv("HTTP_PORT", "9001", 1);
    setenv("RUST_LOG", "hierophant=debug", 1);
    assert_int_equal(config_environment(c, &err), 0);
    expect_set(c, "server.listen", "0.0.0.0:9001");
    expect_set(c, "log.level", "info");
    config_free(c);
    c = config_new();
    setenv("HTTP_PORT", "99x", 1);
    assert_int_equal(config_environment(c, &err), PROVERNET_ERR_CONFIG);
    assert_non_null(strstr(err.message, "HTTP_PORT"));
    config_free(c);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i][0]);
    unsetenv("PROVERNET_CONTEMPLANT_ANSWER");
    unsetenv("GRPC_PORT");
    unsetenv("HTTP_PORT");
}

static void every_default_is_valid(void **state)
{
    struct config *c = config_new();
    provernet_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < config_len(c); i++) {
        const struct setting *s = config_setting(c, i);
        if (config_set(c, s->name, s->def, BY_FLAG, "test", &err) != 0)
            fail_msg("%s", err.message);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(config_setting(c, k)->name, s->name);
    }
    provernet_options *o = config_options(c, &err);
    assert_non_null(o);
    provernet_options_free(o);
    config_free(c);
}

static void files_that_are_not_there(void **state)
{
    struct config *c = config_new();
    provernet_error err = { 0 };

    (void)state;
    assert_int_equal(config_file(c, "/nonexistent/x.toml", &err),
                     PROVERNET_ERR_NOT_FOUND);
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_and_sizes_need_units),
        cmocka_unit_test(the_higher_place_wins),
        cmocka_unit_test(errors_name_the_place_and_the_way_out),
        cmocka_unit_test(compatible_names_are_the_lowest_of_the_environment),
        cmocka_unit_test(hierophants_environment_is_understood),
        cmocka_unit_test(every_default_is_valid),
        cmocka_unit_test(files_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
