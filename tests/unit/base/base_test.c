/* tests/unit/base/base_test.c - statuses, errors, memory, settings, log. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/error.h"
#include "base/map.h"
#include "base/settings.h"
#include "base/watch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "test.h"

static void every_status_has_a_name_that_finds_it(void **state)
{
    static const provernet_status all[] = {
#define X(name, value, grpc, http, exit_code, retry, text) value,
        PROVERNET_STATUS_LIST(X)
#undef X
    };
    provernet_status found;
    (void)state;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(
            provernet_status_find(provernet_status_name(all[i]), &found), 0);
        assert_int_equal(found, all[i]);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(all[i], all[j]);
    }
    assert_int_equal(provernet_status_find("nonce", &found), 0);
    assert_int_equal(found, PROVERNET_ERR_NONCE);
    assert_int_equal(pvn_status_grpc(PROVERNET_ERR_NONCE), 10);
    assert_string_equal(provernet_status_name(12345), "ERR_UNKNOWN");
}

static void a_long_error_is_cut_between_characters(void **state)
{
    provernet_error err = { 0 };
    char text[400];
    size_t len;
    (void)state;

    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'a', shift);
        for (len = shift; len < 390; len += 3)
            memcpy(text + len, "\xe2\x82\xac", 3);
        text[len] = '\0';
        assert_int_equal(pvn_fail(&err, PROVERNET_ERR_IO, 5, "%s", text),
                         PROVERNET_ERR_IO);
        assert_int_equal((strlen(err.message) - shift) % 3, 0);
        assert_true(strlen(err.message) > 240);
    }
    assert_int_equal(pvn_fail(NULL, PROVERNET_ERR_IO, 0, "x"),
                     PROVERNET_ERR_IO);
}

static void hex_reads_what_it_writes_and_nothing_else(void **state)
{
    uint8_t in[3] = { 0x00, 0xab, 0xff }, out[3] = { 0 };
    char text[7];
    (void)state;

    assert_string_equal(pvn_hex(text, in, 3), "00abff");
    assert_true(pvn_unhex(out, 3, "0x00ABff", 8));
    assert_memory_equal(in, out, 3);
    assert_false(pvn_unhex(out, 3, "00abf", 5));
    assert_false(pvn_unhex(out, 3, "00abfg", 6));
    assert_false(pvn_unhex(out, 3, "00abff00", 8));
}

static void an_arena_gives_zeroed_aligned_memory(void **state)
{
    pvn_arena a = { 0 };
    (void)state;

    for (size_t i = 0; i < 2000; i++) {
        uint8_t *p = pvn_arena_alloc(&a, i);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_true(pvn_is_zero(p, i));
        memset(p, 0xff, i);
    }
    assert_null(pvn_arena_alloc(&a, SIZE_MAX - 3));
    assert_string_equal(pvn_arena_format(&a, "%d-%s", 7, "x"), "7-x");
    pvn_arena_reset(&a);
    assert_true(pvn_is_zero(pvn_arena_alloc(&a, 64), 64));
    pvn_arena_free(&a);
}

static void json_text_is_escaped_and_bad_utf8_replaced(void **state)
{
    pvn_buf b = { 0 };
    (void)state;

    assert_true(pvn_buf_json(&b, "a\"\\\n\xff\xc3\xa9", 7));
    pvn_buf_add(&b, "", 1);
    assert_string_equal((char *)b.data, "\"a\\\"\\\\\\u000a\\ufffd\xc3\xa9\"");
    pvn_buf_free(&b);
}

/* Against a plain array, with deletions, in a fixed order of chance. */
static void a_map_agrees_with_an_array(void **state)
{
    enum { KEYS = 500 };
    pvn_map m = { .seed = 42 };
    uint32_t key[KEYS], lcg = 1;
    bool in[KEYS] = { false };
    size_t at = 0, seen = 0, want = 0;
    (void)state;

    for (uint32_t i = 0; i < KEYS; i++)
        key[i] = i * 7;
    for (int step = 0; step < 200000; step++) {
        lcg = lcg * 1664525 + 1013904223;
        uint32_t i = (lcg >> 8) % KEYS;

        if (lcg >> 31) {
            assert_true(pvn_map_put(&m, &key[i], 4, &key[i]));
            in[i] = true;
        } else {
            assert_ptr_equal(pvn_map_take(&m, &key[i], 4),
                             in[i] ? &key[i] : NULL);
            in[i] = false;
        }
        i = (lcg >> 4) % KEYS;
        assert_ptr_equal(pvn_map_get(&m, &key[i], 4), in[i] ? &key[i] : NULL);
    }
    while (pvn_map_next(&m, &at))
        seen++;
    for (size_t i = 0; i < KEYS; i++)
        want += in[i];
    assert_int_equal(seen, want);
    assert_int_equal(m.len, want);
    pvn_map_free(&m);
}

static void durations_and_sizes_need_units(void **state)
{
    int64_t v;
    (void)state;

    assert_true(pvn_parse_duration("1h30m", &v));
    assert_int_equal(v, 5400000);
    assert_true(pvn_parse_duration("250ms", &v));
    assert_int_equal(v, 250);
    assert_true(pvn_parse_duration("1.5s", &v));
    assert_int_equal(v, 1500);
    assert_true(pvn_parse_size("21.5GiB", &v));
    assert_int_equal(v, INT64_C(23085449216));
    assert_true(pvn_parse_size("0", &v));
    assert_int_equal(v, 0);
    assert_false(pvn_parse_duration("90", &v));
    assert_false(pvn_parse_duration("", &v));
    assert_false(pvn_parse_duration("s", &v));
    assert_false(pvn_parse_duration("-1s", &v));
    assert_false(pvn_parse_size("99999999999TiB", &v));
    assert_false(pvn_parse_size("1GiBx", &v));
}

static void every_default_is_allowed_by_its_own_range(void **state)
{
    provernet_options *o = provernet_options_new();
    provernet_error err;
    char name[80], def[200];
    (void)state;

    for (size_t i = 0; provernet_options_describe(i); i++) {
        const char *json = provernet_options_describe(i);
        const char *d = strstr(json, "\"default\":\"");

        assert_int_equal(sscanf(json, "{\"name\":\"%79[^\"]", name), 1);
        assert_non_null(d);
        def[0] = '\0';
        sscanf(d, "\"default\":\"%199[^\"]", def);
        assert_null(strstr(json, "INT64"));
        assert_string_equal(provernet_options_get(o, name), def);
        err.message[0] = '\0';
        if (provernet_options_set(o, name, def, &err))
            fail_msg("%s: %s", name, err.message);
    }
    provernet_options_free(o);
}

static void a_misspelt_setting_names_the_nearest(void **state)
{
    provernet_options *o = provernet_options_new(), *copy;
    provernet_error err;
    (void)state;

    assert_int_equal(provernet_options_set(o, "lease.tll", "1s", &err),
                     PROVERNET_ERR_CONFIG);
    assert_non_null(strstr(err.message, "did you mean \"lease.ttl\""));
    assert_int_equal(provernet_options_set(o, "lease.ttl", "1ms", &err),
                     PROVERNET_ERR_CONFIG);
    assert_non_null(strstr(err.message, "allowed is 1000"));
    assert_int_equal(provernet_options_set(o, "lease.ttl", "90", &err),
                     PROVERNET_ERR_CONFIG);
    assert_ok(provernet_options_set(o, "lease.ttl", "90s", &err));
    copy = pvn_options_copy(o);
    provernet_options_free(o);
    assert_int_equal(pvn_setting_int(copy, PVN_SET_LEASE_TTL), 90000);
    assert_int_equal(pvn_setting_int(NULL, PVN_SET_LEASE_TTL), 60000);
    provernet_options_free(copy);
}

static char logged[512];

static void keep_log(void *user, int level, const char *json)
{
    (void)user;
    (void)level;
    snprintf(logged, sizeof logged, "%s", json);
}

static void a_log_line_is_json_with_numbers_and_texts(void **state)
{
    provernet_env in = { .struct_size = sizeof in, .log = keep_log };
    pvn_env env;
    (void)state;

    pvn_env_init(&env, &in);
    pvn_log(&env, PVN_INFO, "task.failed", "task=%s attempt=%d why=%s", "0017",
            3, "no \"memory\" left");
    assert_string_equal(logged, "{\"event\":\"task.failed\",\"task\":\"0017\","
                                "\"attempt\":3,\"why\":\"no \\\"memory\\\" "
                                "left\"}");
    logged[0] = '\0';
    pvn_log(&env, PVN_DEBUG, "x", "y=%d", 1);
    assert_string_equal(logged, "");
}

static void ids_sort_by_time(void **state)
{
    pvn_env env;
    provernet_id a, b;
    (void)state;

    pvn_env_init(&env, NULL);
    pvn_id_new(&env, &a);
    for (int64_t t = pvn_now_ms(&env); pvn_now_ms(&env) == t;)
        ;
    pvn_id_new(&env, &b);
    assert_true(memcmp(&a, &b, 16) < 0);
    assert_false(pvn_id_none(&a));
}

static void a_watch_never_runs_backwards(void **state)
{
    provernet_watch *w = provernet_watch_new();
    const char *stage;
    (void)state;

    assert_true(pvn_watch_at(w, "one", 500));
    assert_true(pvn_watch_at(w, "two", 100));
    assert_int_equal(provernet_watch_read(w, &stage), 500);
    assert_string_equal(stage, "two");
    provernet_watch_cancel(w);
    assert_false(pvn_watch_at(w, NULL, 600));
    assert_true(pvn_watch_at(NULL, NULL, 0));
    provernet_watch_free(w);
}

static void lists_have_whole_words(void **state)
{
    (void)state;
    assert_true(pvn_list_has("a, bc,d", "bc"));
    assert_false(pvn_list_has("a,bcd", "bc"));
    assert_false(pvn_list_has("", "a"));
    assert_false(pvn_list_has(NULL, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_that_finds_it),
        cmocka_unit_test(a_long_error_is_cut_between_characters),
        cmocka_unit_test(hex_reads_what_it_writes_and_nothing_else),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(json_text_is_escaped_and_bad_utf8_replaced),
        cmocka_unit_test(a_map_agrees_with_an_array),
        cmocka_unit_test(durations_and_sizes_need_units),
        cmocka_unit_test(every_default_is_allowed_by_its_own_range),
        cmocka_unit_test(a_misspelt_setting_names_the_nearest),
        cmocka_unit_test(a_log_line_is_json_with_numbers_and_texts),
        cmocka_unit_test(ids_sort_by_time),
        cmocka_unit_test(a_watch_never_runs_backwards),
        cmocka_unit_test(lists_have_whole_words),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
