/* cmd/key.c - `provernet key`, `sign`, `recover`: who signs, and who did. */
#include "../cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *key_path(struct invocation *v, char *buf, size_t cap)
{
    const char *given = flag_value(v, "key-file");
    char dir[480];

    if (!given && v->positional_len > 1)
        given = v->positional[1];
    if (!given)
        given = getenv("PROVERNET_KEY_FILE");
    if (given && *given)
        return given;
    default_config_dir(dir, sizeof dir);
    snprintf(buf, cap, "%s/client.key", dir);
    return buf;
}

static void print_key(struct invocation *v, const provernet_key *k,
                      const char *path, bool only_address)
{
    uint8_t addr20[20];
    char hex[41];

    provernet_key_address(k, addr20);
    to_hex(hex, addr20, 20);
    if (flag_value(v, "json")) {
        printf("{\"address\":\"0x%s\",\"file\":", hex);
        json_text(stdout, path);
        printf("}\n");
    } else if (only_address) {
        printf("0x%s\n", hex);
    } else {
        printf("address  0x%s\nfile     %s\n", hex, path);
    }
}

/* The secret on stdin: 64 digits; or typed without echo. */
static provernet_status read_secret(uint8_t secret32[32], provernet_error *err)
{
    char line[200];
    bool ok;

    if (isatty(0)) {
        char *typed = getpass("private key (64 hex digits): ");
        ok = typed && from_hex(secret32, 32, typed);
        if (typed)
            explicit_bzero(typed, strlen(typed));
    } else {
        ok = fgets(line, sizeof line, stdin) != NULL;
        line[strcspn(line, "\r\n")] = 0;
        ok = ok && from_hex(secret32, 32, line);
        explicit_bzero(line, sizeof line);
    }
    return ok ? PROVERNET_OK
              : set_error(err, PROVERNET_ERR_KEY_FILE,
                          "the input is not 64 hex digits");
}

static provernet_status create(const char *path, const uint8_t *secret32,
                               provernet_key **k, provernet_error *err)
{
    char dir[4096];
    char *slash;
    provernet_status st = provernet_key_new(k, secret32, err);

    snprintf(dir, sizeof dir, "%s", path);
    slash = strrchr(dir, '/');
    if (slash && slash != dir) {
        *slash = 0;
        make_dirs(dir);
    }
    if (st == PROVERNET_OK)
        st = provernet_key_write(*k, path, err);
    return st;
}

int cmd_key(struct invocation *v)
{
    const char *what = v->positional[0], *path;
    provernet_error err = { 0 };
    provernet_key *k = NULL;
    uint8_t secret32[32];
    provernet_status st;
    char buf[512];

    path = key_path(v, buf, sizeof buf);
    if (!strcmp(what, "new")) {
        st = create(path, NULL, &k, &err);
    } else if (!strcmp(what, "import")) {
        st = read_secret(secret32, &err);
        if (st == PROVERNET_OK)
            st = create(path, secret32, &k, &err);
        explicit_bzero(secret32, sizeof secret32);
    } else if (!strcmp(what, "show") || !strcmp(what, "address")) {
        if (flag_value(v, "key-file") || v->positional_len > 1)
            st = provernet_key_read(&k, path, &err);
        else
            st = client_key(v, &k, &err);
    } else {
        return usage_error(
            "key %s: unknown\nhelp: new, show, import or address", what);
    }
    if (st == PROVERNET_OK)
        print_key(v, k, path, !strcmp(what, "address"));
    provernet_key_free(k);
    return st == PROVERNET_OK ? 0 : report_status(st, &err);
}

/* The message: the argument, its hex digits, or stdin ("-"). */
static provernet_status message(struct invocation *v, const char *text,
                                uint8_t **out, size_t *len,
                                provernet_error *err)
{
    if (!strcmp(text, "-"))
        return read_whole("-", out, len, 64u << 20, err);
    *len = strlen(text);
    if (flag_value(v, "hex")) {
        if (text[0] == '0' && text[1] == 'x')
            text += 2;
        *len = strlen(text) / 2;
    }
    *out = malloc(*len + 1);
    if (!*out)
        return PROVERNET_ERR_NOMEM;
    if (!flag_value(v, "hex"))
        memcpy(*out, text, *len);
    else if (!from_hex(*out, *len, text))
        return set_error(err, PROVERNET_ERR_FORMAT,
                         "the message is not hex digits");
    return PROVERNET_OK;
}

int cmd_sign(struct invocation *v)
{
    provernet_error err = { 0 };
    provernet_key *k = NULL;
    uint8_t *msg = NULL, sig65[65];
    size_t len = 0;
    char hex[131];
    provernet_status st = message(v, v->positional[0], &msg, &len, &err);
    int code = load_config(v);

    if (code != 0) {
        free(msg);
        return code;
    }
    if (st == PROVERNET_OK)
        st = client_key(v, &k, &err);
    if (st == PROVERNET_OK)
        st = provernet_sign(k, sig65, msg, len, &err);
    if (st == PROVERNET_OK) {
        to_hex(hex, sig65, 65);
        printf("0x%s\n", hex);
    }
    provernet_key_free(k);
    free(msg);
    return st == PROVERNET_OK ? 0 : report_status(st, &err);
}

int cmd_recover(struct invocation *v)
{
    provernet_error err = { 0 };
    uint8_t *msg = NULL, sig65[65], addr20[20];
    size_t len = 0;
    char hex[41];
    provernet_status st = message(v, v->positional[1], &msg, &len, &err);

    if (st == PROVERNET_OK && !from_hex(sig65, 65, v->positional[0]))
        st = set_error(&err, PROVERNET_ERR_FORMAT,
                       "the signature has %zu characters, 130 hex digits are "
                       "expected",
                       strlen(v->positional[0]));
    if (st == PROVERNET_OK)
        st = provernet_recover(addr20, sig65, msg, len, &err);
    if (st == PROVERNET_OK) {
        to_hex(hex, addr20, 20);
        printf("0x%s\n", hex);
    }
    free(msg);
    return st == PROVERNET_OK ? 0 : report_status(st, &err);
}
