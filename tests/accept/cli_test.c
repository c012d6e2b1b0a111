/* tests/accept/cli_test.c - the command line as people and scripts use it:
 * what it prints, which files it leaves, how it ends.
 *
 *   accept_cli_test PROGRAMS KEYGEN VECTORS */
#include "accept.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGS_MAX = 24, DAMAGES = 30 };

static char provernet[400], provernetd[400], vectors[400];
static char dir[] = "/tmp/provernet-accept-XXXXXX";
static tc_buf out; /* what the last program printed */
static uint32_t lcg = 20261121;

static uint32_t chance(uint32_t below)
{
    lcg = lcg * 1664525 + 1013904223;
    return (lcg >> 8) % below;
}

/* `provernet` with the words of `line`; @ stands for the test's directory,
 * $ for the vectors. Returns how it ended. */
static int run(const char *line)
{
    static char text[4096];
    const char *argv[ARGS_MAX] = { provernet };
    size_t n = 1, at = 0;
    char *save = NULL;

    for (const char *p = line; *p && at < sizeof text - 500; p++) {
        if (*p == '@' || *p == '$')
            at += (size_t)snprintf(text + at, 450, "%s",
                                   *p == '@' ? dir : vectors);
        else
            text[at++] = *p;
    }
    text[at] = '\0';
    for (char *w = strtok_r(text, " ", &save); w && n < ARGS_MAX - 1;
         w = strtok_r(NULL, " ", &save))
        argv[n++] = w;
    argv[n] = NULL;
    tc_free(&out);
    out = (tc_buf){ 0 };
    return run_program(argv, &out);
}

static bool said(const char *what)
{
    return out.data && strstr((char *)out.data, what) != NULL;
}

#define ENDS(line, code)                                                       \
    do {                                                                       \
        int got_ = run(line);                                                  \
        if (got_ != (code)) {                                                  \
            fprintf(stderr, "%s\n-> %d, expected %d:\n%s\n", line, got_, code, \
                    (char *)out.data);                                         \
            must_failed(__FILE__, __LINE__, "exit status");                    \
        }                                                                      \
    } while (0)

static bool there(const char *name)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static void write_file(const char *name, const void *data, size_t len)
{
    char path[600];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "wb");
    MUST(f && fwrite(data, 1, len, f) == len);
    MUST(fclose(f) == 0);
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

static char *read_file(const char *name, size_t *len)
{
    char path[600], *text;

    if (name[0] == '/')
        snprintf(path, sizeof path, "%s", name);
    else
        snprintf(path, sizeof path, "%s/%s", dir, name);
    text = tc_file(path, len);
    text = realloc(text, *len + 1);
    MUST(text != NULL);
    text[*len] = '\0';
    return text;
}

/* A vector's file. */
static char *vector(const char *name, size_t *len)
{
    char path[600];

    snprintf(path, sizeof path, "%s/groth16/%s", vectors, name);
    return read_file(path, len);
}

/* A digit of the first number after `where` is another one. */
static void change_digit(const char *from, const char *where, const char *to)
{
    size_t len;
    char *text = read_file(from, &len), *at = strstr(text, where);

    MUST(at != NULL);
    at += strlen(where);
    at += strcspn(at, "0123456789");
    at += 5; /* not the leading one: still a number of the field */
    *at = *at == '1' ? '2' : '1';
    write_file(to, text, len);
    free(text);
}

/* ---- prove and verify ---- */

static const char *const circuits[] = { "poseidon", "multiplier", "square" };

static void proves_and_verifies(void)
{
    char line[400];

    for (size_t i = 0; i < 3; i++) {
        const char *c = circuits[i];

        snprintf(line, sizeof line,
                 "prove $/groth16/%s/circuit.zkey $/groth16/%s/witness.wtns "
                 "@/p.json @/s.json",
                 c, c);
        ENDS(line, 0);
        snprintf(line, sizeof line,
                 "verify $/groth16/%s/verification_key.json @/s.json @/p.json",
                 c);
        ENDS(line, 0);
        MUST(said("OK"));
        snprintf(line, sizeof line,
                 "verify $/groth16/%s/verification_key.json "
                 "$/groth16/%s/public_snarkjs.json "
                 "$/groth16/%s/proof_snarkjs.json",
                 c, c, c);
        ENDS(line, 0);
    }
    ENDS("groth16 verify $/groth16/square/verification_key.json @/s.json "
         "@/p.json",
         0);
    ENDS("verify $/groth16/poseidon/verification_key.json "
         "$/groth16/poseidon/public_rapidsnark.json "
         "$/groth16/poseidon/proof_rapidsnark.json --json",
         0);
    MUST(said("{\"valid\":true}"));
}

static void refuses_changes(void)
{
    ENDS("prove $/groth16/poseidon/circuit.zkey "
         "$/groth16/poseidon/witness.wtns @/p.json @/s.json",
         0);
    change_digit("s.json", "[", "s2.json");
    change_digit("p.json", "pi_c", "p2.json");
    change_digit("p.json", "pi_b", "p3.json");
#define VK "verify $/groth16/poseidon/verification_key.json "
    ENDS(VK "@/s.json @/p.json", 0);
    ENDS(VK "@/s2.json @/p.json", 1);
    MUST(said("INVALID"));
    ENDS(VK "@/s.json @/p2.json", 1);
    ENDS(VK "@/s.json @/p3.json", 1);
    ENDS(VK "@/s.json @/p3.json --json", 1);
    MUST(said("{\"valid\":false}"));
    ENDS(VK "@/s.json @/s.json", 3);
    ENDS(VK "@/s.json @/absent.json", 3);
    /* Another circuit's key has another number of signals. */
    ENDS("verify $/groth16/square/verification_key.json @/s.json @/p.json", 3);
}

/* ---- what cannot be proved leaves nothing ---- */

static void leaves_nothing(const char *line, int code)
{
    ENDS(line, code);
    MUST(said("error") || said("ERR_"));
    MUST(!there("np.json") && !there("ns.json"));
}

static void bad_files_write_nothing(void)
{
    size_t len;
    char *zkey = vector("poseidon/circuit.zkey", &len);

    write_file("short.zkey", zkey, len / 2);
    write_file("empty.zkey", zkey, 0);
    free(zkey);
    leaves_nothing("prove @/short.zkey $/groth16/poseidon/witness.wtns "
                   "@/np.json @/ns.json",
                   3);
    leaves_nothing("prove @/empty.zkey $/groth16/poseidon/witness.wtns "
                   "@/np.json @/ns.json",
                   3);
    leaves_nothing("prove @/absent.zkey $/groth16/poseidon/witness.wtns "
                   "@/np.json @/ns.json",
                   3);
    leaves_nothing("prove $/groth16/poseidon/circuit.zkey "
                   "$/groth16/multiplier/witness.wtns @/np.json @/ns.json",
                   3);
    leaves_nothing("prove $/groth16/poseidon/witness.wtns "
                   "$/groth16/poseidon/circuit.zkey @/np.json @/ns.json",
                   3);
    /* The second file cannot be written: the first is not left either. */
    leaves_nothing("prove $/groth16/poseidon/circuit.zkey "
                   "$/groth16/poseidon/witness.wtns @/np.json "
                   "@/absent/ns.json",
                   3);
}

static bool fair_end(int rc)
{
    return rc == 0 || rc == 1 || rc == 3 || rc == 8;
}

/* One to four bytes changed, or cut short, or lengthened. */
static void damage(const char *bytes, size_t len, const char *name)
{
    char *copy = calloc(1, len + 64);

    MUST(copy != NULL);
    memcpy(copy, bytes, len);
    switch (chance(6)) {
    case 0:
        len = chance((uint32_t)len);
        break;
    case 1:
        len += chance(63) + 1;
        break;
    case 2: /* in the head, where sizes are */
        copy[chance(len < 400 ? (uint32_t)len : 400)] ^= (char)(1 << chance(8));
        break;
    default:
        for (uint32_t n = chance(4) + 1; n; n--)
            copy[chance((uint32_t)len)] ^= (char)(1 + chance(255));
        break;
    }
    write_file(name, copy, len);
    free(copy);
}

static void survives_damage(void)
{
    size_t zkey_len, wtns_len;
    char *zkey = vector("multiplier/circuit.zkey", &zkey_len);
    char *wtns = vector("multiplier/witness.wtns", &wtns_len);
    int ends[9] = { 0 };

    for (int i = 0; i < 2 * DAMAGES; i++) {
        bool key = i % 2 == 0;
        int rc;

        damage(key ? zkey : wtns, key ? zkey_len : wtns_len, "damaged");
        rc = run(key ? "prove @/damaged $/groth16/multiplier/witness.wtns "
                       "@/dp.json @/ds.json"
                     : "prove $/groth16/multiplier/circuit.zkey @/damaged "
                       "@/dp.json @/ds.json");
        if (!fair_end(rc) || out.len < 10) {
            fprintf(stderr, "damage %d ended with %d: %s\n", i, rc,
                    (char *)out.data);
            must_failed(__FILE__, __LINE__, "a fair end");
        }
        ends[rc]++;
        MUST(there("dp.json") == (rc == 0) && there("ds.json") == (rc == 0));
        if (rc == 0) {
            char path[600];

            snprintf(path, sizeof path, "%s/dp.json", dir);
            unlink(path);
            snprintf(path, sizeof path, "%s/ds.json", dir);
            unlink(path);
        }
    }
    printf("%d damaged files: %d proved all the same, %d refused as wrong, %d "
           "malformed, %d limits\n",
           2 * DAMAGES, ends[0], ends[1], ends[3], ends[8]);
    MUST(ends[3] > DAMAGES / 2);
    free(zkey);
    free(wtns);
}

/* ---- measuring, standard streams ---- */

static void measures(void)
{
    json_t *o;
    char *line;

    ENDS("prove $/groth16/poseidon/circuit.zkey "
         "$/groth16/poseidon/witness.wtns @/p.json @/s.json --repeat 3 --json "
         "--quiet",
         0);
    line = (char *)out.data;
    MUST(strchr(line, '\n') && strchr(line, '\n')[1] == '\0');
    o = json_loads(line, 0, NULL);
    MUST(json_real_value(json_object_get(o, "min_s")) > 0);
    MUST(json_real_value(json_object_get(o, "median_s")) >=
         json_real_value(json_object_get(o, "min_s")));
    MUST(json_real_value(json_object_get(o, "load_s")) > 0);
    MUST(api_number(o, "peak_rss_bytes") > 1 << 20);
    MUST(api_number(o, "repeat") == 3);
    json_decref(o);
    ENDS("verify $/groth16/poseidon/verification_key.json @/s.json @/p.json",
         0);
    ENDS("prove $/groth16/poseidon/circuit.zkey "
         "$/groth16/poseidon/witness.wtns - @/s4.json --quiet",
         0);
    o = json_loads((char *)out.data, 0, NULL);
    MUST(json_object_get(o, "pi_a") && there("s4.json"));
    json_decref(o);
    /* Progress is that of the first round: to the end, once. */
    ENDS("prove $/groth16/poseidon/circuit.zkey "
         "$/groth16/poseidon/witness.wtns @/p.json @/s.json --repeat 4 "
         "--progress json",
         0);
    line = strstr((char *)out.data, "\"permille\":1000");
    MUST(!line || !strstr(line + 1, "\"permille\":1000"));
    ENDS("prove a b c d --repeat 0", 2);
    ENDS("prove a b c d --repeat many", 2);
}

/* ---- usage, settings, keys ---- */

static void usage(void)
{
    ENDS("", 2);
    ENDS("prvoe", 2);
    MUST(said("prove"));
    ENDS("serve --lisen 127.0.0.1:0", 2);
    MUST(said("--listen"));
    ENDS("prove only.zkey", 2);
    ENDS("requests shw 1234", 2);
    ENDS("--help", 0);
    MUST(said("prove") && said("serve"));
    ENDS("prove --help", 0);
    MUST(said("circuit.zkey"));
    ENDS("version", 0);
    ENDS("version --json", 0);
    {
        json_t *o = json_loads((char *)out.data, 0, NULL);

        MUST(*api_text(o, "version"));
        json_decref(o);
    }
    ENDS("explain", 0);
    ENDS("explain ERR_NONCE", 0);
    MUST(said("nonce"));
    ENDS("explain ERR_NONSE", 2);
    ENDS("completion bash", 0);
    MUST(said("provernet"));
    ENDS("completion zsh", 0);
    MUST(said("provernet"));
    ENDS("completion fish", 0);
    MUST(said("provernet"));
    ENDS("completion csh", 2);
}

static void settings(void)
{
    write_text("good.toml", "[lease]\nttl = \"30s\"\n");
    write_text("bad.toml", "[lease]\nttl = \"soon\"\n");
    write_text("odd.toml", "[lease]\nttll = \"30s\"\n");
    ENDS("config check @/good.toml", 0);
    ENDS("config check @/bad.toml", 4);
    MUST(said("lease.ttl"));
    ENDS("config check @/odd.toml", 4);
    MUST(said("lease.ttl"));
    ENDS("serve --config @/bad.toml --data-dir @/none", 4);
    MUST(!there("none"));
    ENDS("serve --set lease.ttl=never --data-dir @/none", 4);
    ENDS("config explain lease.ttl", 0);
    MUST(said("60s"));
    setenv("PROVERNET_LEASE_TTL", "whenever", 1);
    ENDS("config show", 4);
    MUST(said("PROVERNET_LEASE_TTL"));
    unsetenv("PROVERNET_LEASE_TTL");
}

static void keys(void)
{
    char path[600], address[64], line[600];
    struct stat st;

    ENDS("key new @/client.key", 0);
    snprintf(path, sizeof path, "%s/client.key", dir);
    MUST(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    ENDS("key new @/client.key", 1); /* never over an old one */
    ENDS("key address @/client.key", 0);
    MUST(strncmp((char *)out.data, "0x", 2) == 0);
    snprintf(address, sizeof address, "%.42s", (char *)out.data);
    ENDS("sign create_artifact --key-file @/client.key", 0);
    MUST(strncmp((char *)out.data, "0x", 2) == 0);
    snprintf(line, sizeof line, "recover %.132s create_artifact",
             (char *)out.data);
    ENDS(line, 0);
    MUST(said(address));
    line[strlen(line) - 1] = 'u'; /* another message */
    run(line);
    MUST(!said(address));
    ENDS("recover 0x1234 create_artifact", 3);
    snprintf(line, sizeof line, "recover 0x%0130d create_artifact", 0);
    ENDS(line, 6); /* nobody's signature */
    MUST(chmod(path, 0644) == 0);
    ENDS("key address @/client.key", 6);
    MUST(said("600"));
    ENDS("sign hello --key-file @/client.key", 6);
    MUST(chmod(path, 0600) == 0);
}

/* ---- with a server ---- */

static void unreachable(void)
{
    ENDS("requests list --server http://127.0.0.1:1", 5);
    ENDS("submit $/groth16/poseidon/circuit.zkey "
         "$/groth16/poseidon/witness.wtns --server http://127.0.0.1:1 "
         "--key-file @/client.key",
         5);
}

/* `line` with " --server URL" of the server behind it. */
static const char *at(const tc_server *s, const char *line)
{
    static char text[1024];

    snprintf(text, sizeof text, "%s --server http://127.0.0.1:%u", line,
             s->port);
    return text;
}

static void submit_and_fetch(const tc_server *s)
{
    char id[80], line[300];
    char *at_id;

    MUST(mkdir(strcat(strcpy(line, dir), "/got"), 0755) == 0);
    ENDS(at(s, "submit $/groth16/poseidon/circuit.zkey "
               "$/groth16/poseidon/witness.wtns --wait --out @/got "
               "--key-file @/client.key"),
         0);
    at_id = strstr((char *)out.data, "0x");
    MUST(at_id != NULL);
    snprintf(id, sizeof id, "%.66s", at_id);
    ENDS("verify $/groth16/poseidon/verification_key.json @/got/public.json "
         "@/got/proof.json",
         0);
    ENDS(at(s, "requests list"), 0);
    MUST(said("fulfilled"));
    ENDS(at(s, "requests list --json"), 0);
    MUST(said(id));
    snprintf(line, sizeof line, "requests show %.12s", id);
    ENDS(at(s, line), 0);
    MUST(said("fulfilled") && said(id + 2));
    snprintf(line, sizeof line, "requests wait %s", id);
    ENDS(at(s, line), 0);
    snprintf(line, sizeof line, "requests cancel %s", id);
    MUST(run(at(s, line)) != 0); /* it is done */
    ENDS(at(s, "requests show 0xfefefefefe"), 3);
}

static void artifacts(const tc_server *s)
{
    size_t len, again;
    char uri[200], line[600], *a, *b;

    ENDS(at(s, "artifacts put $/groth16/poseidon/witness.wtns --key-file "
               "@/client.key"),
         0);
    snprintf(uri, sizeof uri, "%.*s", (int)strcspn((char *)out.data, "\r\n"),
             (char *)out.data);
    snprintf(line, sizeof line, "artifacts get %s --out @/back.wtns", uri);
    ENDS(at(s, line), 0);
    a = vector("poseidon/witness.wtns", &len);
    b = read_file("back.wtns", &again);
    MUST(len == again && memcmp(a, b, len) == 0);
    free(a);
    free(b);
    ENDS(at(s, "artifacts get 00000000000000000000000000000000 --out "
               "@/nothing"),
         3);
    MUST(!there("nothing"));
    ENDS(at(s, "artifacts ls"), 0);
}

static void cancels(const tc_server *s)
{
    char id[80], line[300];

    ENDS(at(s, "submit $/groth16/square/circuit.zkey "
               "$/groth16/square/witness.wtns --key-file @/client.key"),
         0);
    MUST(strstr((char *)out.data, "0x") != NULL);
    snprintf(id, sizeof id, "%.66s", strstr((char *)out.data, "0x"));
    ENDS(at(s, "requests list --state queued"), 0);
    MUST(said("no worker"));
    snprintf(line, sizeof line, "requests wait %s --timeout 1s", id);
    ENDS(at(s, line), 7);
    snprintf(line, sizeof line, "requests cancel %s", id);
    ENDS(at(s, line), 0);
    snprintf(line, sizeof line, "requests wait %s", id);
    ENDS(at(s, line), 1);
    snprintf(line, sizeof line, "requests show %s", id);
    ENDS(at(s, line), 0);
    MUST(said("cancelled"));
}

static void with_server(void)
{
    static const char *const alone[] = { "--no-worker", NULL };
    tc_server s = { 0 };
    char line[200];

    MUST(tc_server_start(&s, provernetd, NULL));
    submit_and_fetch(&s);
    artifacts(&s);
    snprintf(line, sizeof line, "serve --listen 127.0.0.1:%u --data-dir @/x",
             s.port);
    ENDS(line, 5); /* the address is in use */
    MUST(tc_server_end(&s, SIGTERM) == 0);
    MUST(tc_server_start(&s, provernetd, alone));
    cancels(&s);
    MUST(tc_server_end(&s, SIGTERM) == 0);
    tc_server_remove(&s);
}

/* provernet without provernetd beside it: proves, and says what is missing. */
static void alone(void)
{
    const char *copy[] = { "/bin/cp", provernet, dir, NULL };
    char built[sizeof provernet];

    MUST(run_program(copy, &out) == 0);
    snprintf(built, sizeof built, "%s", provernet);
    snprintf(provernet, sizeof provernet, "%s/provernet", dir);
    ENDS("prove $/groth16/square/circuit.zkey $/groth16/square/witness.wtns "
         "@/lone.json /dev/null --quiet",
         0);
    ENDS("doctor", 3);
    MUST(said("both programs belong in one directory"));
    ENDS("submit --help", 0);
    MUST(said("the same job, on a server"));
    snprintf(provernet, sizeof provernet, "%s", built);
}

int main(int argc, char **argv)
{
    const char *const clean[] = { "/bin/rm", "-rf", dir, NULL };

    if (argc < 4 || !mkdtemp(dir))
        return 2;
    snprintf(provernet, sizeof provernet, "%s/provernet", argv[1]);
    snprintf(provernetd, sizeof provernetd, "%s/provernetd", argv[1]);
    snprintf(vectors, sizeof vectors, "%s", argv[3]);
    setenv("HOME", dir, 1); /* nobody's own settings and keys */
    setenv("XDG_CONFIG_HOME", dir, 1);
    proves_and_verifies();
    refuses_changes();
    bad_files_write_nothing();
    survives_damage();
    measures();
    usage();
    settings();
    keys();
    unreachable();
    alone();
    with_server();
    tc_free(&out);
    tc_wait(tc_spawn(clean, "/dev/null"));
    return 0;
}
