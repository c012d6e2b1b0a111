/* toml_test.c - the TOML subset: what is read, and where errors are seen. */
#include "../../../examples/provernet/cfg/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

struct seen {
    char text[4000];
    size_t len;
};

static bool visit(void *user, const struct toml_value *v)
{
    static const char types[] = "sifba";
    struct seen *s = user;

    s->len += (size_t)snprintf(s->text + s->len, sizeof s->text - s->len,
                               "%d:%s:%c=%.*s;", v->line, v->key,
                               types[v->type], (int)v->text_len, v->text);
    return strcmp(v->key, "stop") != 0;
}

static void reads(const char *text, const char *want)
{
    struct seen s = { .len = 0 };
    struct toml_error e;

    s.text[0] = 0;
    if (!toml_read(text, strlen(text), visit, &s, &e))
        fail_msg("%s\n%d: %s", text, e.line, e.message);
    assert_string_equal(s.text, want);
}

static void refuses(const char *text, int line, const char *why)
{
    struct seen s = { .len = 0 };
    struct toml_error e;

    if (toml_read(text, strlen(text), visit, &s, &e))
        fail_msg("read: %s", text);
    assert_int_equal(e.line, line);
    if (!strstr(e.message, why))
        fail_msg("%s\n\"%s\" lacks \"%s\"", text, e.message, why);
}

static void keys_tables_and_comments(void **state)
{
    (void)state;
    reads("", "");
    reads("# only\n\n   \t\n", "");
    reads("a = 1 # one\nb.c = 2\n\"x y\".z = 3\r\n",
          "1:a:i=1;2:b.c:i=2;3:x y.z:i=3;");
    reads("[server]\nlisten = \"h:1\"\n[a.b]\nc='d'\n[[w]]\nn=1\n[[w]]\nn=2",
          "2:server.listen:s=h:1;4:a.b.c:s=d;6:w[0].n:i=1;8:w[1].n:i=2;");
    reads("\xEF\xBB\xBFk=true", "1:k:b=true;");
    reads("t = { a = 1, b.c = 'x' }\nu={}", "1:t.a:i=1;1:t.b.c:s=x;");
}

static void values(void **state)
{
    (void)state;
    reads("a=\"\\t\\\"\\\\\\u00e9\\U0001F600\"", "1:a:s=\t\"\\é😀;");
    reads("a='no \\escape'", "1:a:s=no \\escape;");
    reads("a=1_000\nb=-5\nc=+7\nd=0xff\ne=0b101\nf=0o17",
          "1:a:i=1000;2:b:i=-5;3:c:i=+7;4:d:i=0xff;5:e:i=0b101;6:f:i=0o17;");
    reads("a=1.5\nb=-2e10\nc=inf\nd=6.6e-3",
          "1:a:f=1.5;2:b:f=-2e10;3:c:f=inf;4:d:f=6.6e-3;");
    reads("a=[ 'x', \"y\", # c\n  3,\n]\nb=[]\nc=[[1],[2,3]]",
          "1:a:a=x,y,3;4:b:a=;5:c:a=1,2,3;");
}

static void errors_have_their_line(void **state)
{
    (void)state;
    refuses("a = 1\na = 2\n", 2, "twice");
    refuses("a.b = 1\na.b.c = 2\n", 2, "twice");
    refuses("[a]\nb=1\n[a]\n", 3, "twice");
    refuses("a = 1\n[a]\n", 2, "twice");
    refuses("\n\nb = \n", 3, "missing");
    refuses("b\n", 1, "expected \"=\"");
    refuses("b = hello\n", 1, "quotes");
    refuses("b = \"x\n", 1, "closing");
    refuses("b = \"\\q\"\n", 1, "escape");
    refuses("b = \"\\ud800\"\n", 1, "escape");
    refuses("b = 'x' y\n", 1, "after the value");
    refuses("b = 012\n", 1, "neither");
    refuses("b = 1__0\n", 1, "misplaced");
    refuses("b = 1.\n", 1, "neither");
    refuses("b = 1979-05-27\n", 1, "dates");
    refuses("b = 07:32:00\n", 1, "dates");
    refuses("b = '''x'''\n", 1, "multi-line");
    refuses("b = [1, 2\n", 2, "closing ]");
    refuses("b = {a=1\n", 1, "closing }");
    refuses("b = [{a=1}]\n", 1, "arrays");
    refuses("[a\n", 1, "closing ]");
    refuses("[[a]\n", 1, "closing ]]");
    refuses("= 1\n", 1, "key is missing");
    refuses("# \x01\n", 1, "control");
}

static void nesting_and_lengths_are_bounded(void **state)
{
    static char deep[200000], key[1000];

    (void)state;
    strcpy(deep, "a=");
    memset(deep + 2, '[', sizeof deep - 3);
    refuses(deep, 1, "deeper");
    memset(key, 'k', sizeof key - 3);
    strcpy(key + sizeof key - 3, "=1");
    refuses(key, 1, "longer");
    memset(deep, 'x', sizeof deep - 1);
    memcpy(deep, "a='", 3);
    refuses(deep, 1, "longer");
}

static void the_visitor_may_stop(void **state)
{
    struct seen s = { .len = 0 };
    struct toml_error e;

    (void)state;
    assert_false(toml_read("a=1\nstop=2\nb=3", 14, visit, &s, &e));
    assert_int_equal(e.line, 0);
    assert_string_equal(s.text, "1:a:i=1;2:stop:i=2;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_tables_and_comments),
        cmocka_unit_test(values),
        cmocka_unit_test(errors_have_their_line),
        cmocka_unit_test(nesting_and_lengths_are_bounded),
        cmocka_unit_test(the_visitor_may_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
