/* tests/kill/kill_test.c - the real server is killed with SIGKILL at random
 * moments while clients ask; afterwards the clients' ledger is held against
 * the server: nothing that was answered is lost, nothing is there twice, and
 * everything is proved.
 *
 *   kill_test PROVERNETD VECTORS KILLS [SEED] */
#include "client.h"
#include "server.h"
#include <provernet/groth16.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLIENTS = 4, LEDGER_MAX = 20000 };

typedef struct entry {
    uint8_t id[32];
    uint64_t deadline;
    char uri[512];
    bool answered;
} entry;

typedef struct client {
    pthread_t thread;
    tc_user user;
    uint8_t secret[32];
    entry *ledger;
    size_t len;
    uint64_t errors;
} client;

static tc_server server;
static volatile bool stop;
static const uint8_t *wtns, *vk;
static size_t wtns_len, vk_len;
static uint8_t vk_hash[32];
static uint32_t lcg;

static uint32_t chance(uint32_t below)
{
    lcg = lcg * 1664525 + 1013904223;
    return (lcg >> 8) % below;
}

static bool connected(client *c)
{
    if (c->user.conn.fd >= 0)
        return true;
    if (tc_open(&c->user.conn, "127.0.0.1", server.port))
        return true;
    tc_sleep_ms(5);
    return false;
}

/* One wish, carried through any number of crashes like an SDK does: the same
 * input, a fresh nonce each time, until it is answered. */
static void one_wish(client *c)
{
    entry *e = &c->ledger[c->len];

    memset(e, 0, sizeof *e);
    while (!stop) {
        if (!connected(c))
            continue;
        if (tc_artifact(&c->user, 2, wtns, wtns_len, e->uri) == 0)
            break;
        tc_close(&c->user.conn);
        c->errors++;
    }
    e->deadline = (uint64_t)time(NULL) + 3600;
    while (!stop) {
        int status;

        if (!connected(c))
            continue;
        status = tc_request(&c->user, vk_hash, 4, e->uri, e->deadline, e->id);
        if (status == 0) {
            e->answered = true;
            c->len++;
            return;
        }
        if (status > 0 && status != 14 && status != 10 && status != 13)
            fprintf(stderr, "unexpected code %d\n", status);
        tc_close(&c->user.conn);
        c->errors++;
    }
}

static void *client_main(void *arg)
{
    client *c = arg;

    while (!stop && c->len + 1 < LEDGER_MAX)
        one_wish(c);
    return NULL;
}

static bool register_circuit(const char *vectors)
{
    char path[512], uri[512];
    uint8_t secret[32] = { [31] = 1 };
    static uint8_t bytes[8192];
    size_t zkey_len, json_len;
    void *zkey, *json;
    provernet_groth16_vk *parsed;
    tc_user u;
    bool ok;

    snprintf(path, sizeof path, "%s/groth16/poseidon/circuit.zkey", vectors);
    zkey = tc_file(path, &zkey_len);
    snprintf(path, sizeof path, "%s/groth16/poseidon/witness.wtns", vectors);
    wtns = tc_file(path, &wtns_len);
    snprintf(path, sizeof path, "%s/groth16/poseidon/verification_key.json",
             vectors);
    json = tc_file(path, &json_len);
    if (provernet_groth16_vk_parse(&parsed, (provernet_span){ json, json_len },
                                   NULL))
        return false;
    provernet_groth16_vk_hash(parsed, vk_hash);
    if (provernet_groth16_vk_bytes(parsed, bytes, sizeof bytes, &vk_len))
        return false;
    vk = bytes;
    provernet_groth16_vk_free(parsed);
    ok = tc_user_open(&u, "127.0.0.1", server.port, secret) &&
         tc_artifact(&u, 1, zkey, zkey_len, uri) == 0 &&
         tc_create_program(&u, vk_hash, vk, vk_len, uri) == 0;
    tc_user_close(&u);
    free(zkey);
    free(json);
    return ok;
}

/* How many requests the server knows of this client. */
static size_t count_of(client *c)
{
    size_t total = 0;

    for (uint64_t page = 1;; page++) {
        tc_buf m = { 0 };
        tc_reply r;
        const uint8_t *p;
        size_t len, n = 0;

        tc_bytes(&m, 6, c->user.address, 20);
        tc_u64(&m, 10, 100);
        tc_u64(&m, 11, page);
        tc_call(&c->user.conn,
                "/network.ProverNetwork/GetFilteredProofRequests", m.data,
                m.len, &r);
        while (r.msg && tc_get_bytes(r.msg, r.msg_len, 1, n, &p, &len))
            n++;
        tc_free(&m);
        tc_reply_free(&r);
        total += n;
        if (n < 100)
            return total;
    }
}

static int check_entry(client *c, entry *e)
{
    for (int tries = 0; tries < 12000; tries++) {
        tc_status s;

        if (!connected(c))
            continue;
        if (tc_get_status(&c->user, e->id, &s) != 0) {
            fprintf(stderr, "an answered request is not known\n");
            return 1;
        }
        if (s.fulfillment == 3) {
            tc_http h;
            int bad = s.deadline < e->deadline ||
                      !tc_http_url("GET", s.proof_uri, "", 0, &h) ||
                      h.status != 200 || h.body.len < 100;

            if (bad)
                fprintf(stderr, "deadline or proof of a request is wrong\n");
            tc_http_free(&h);
            return bad;
        }
        if (s.fulfillment == 4) {
            fprintf(stderr, "a request failed\n");
            return 1;
        }
        tc_sleep_ms(10);
    }
    fprintf(stderr, "a request is not proved after 120 s\n");
    return 1;
}

int main(int argc, char **argv)
{
    static client clients[CLIENTS];
    int kills = argc > 3 ? atoi(argv[3]) : 50, bad = 0;
    size_t accepted = 0, known = 0;
    const char *const args[] = { "--log-level", "warn", NULL };

    if (argc < 4)
        return 2;
    lcg = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 20261121;
    printf("seed %u, %d kills\n", lcg, kills);
    if (!tc_server_start(&server, argv[1], args) ||
        !register_circuit(argv[2])) {
        fprintf(stderr, "the server does not serve; see %s\n", server.log);
        return 1;
    }
    for (int i = 0; i < CLIENTS; i++) {
        client *c = &clients[i];

        c->secret[31] = (uint8_t)(10 + i);
        c->ledger = calloc(LEDGER_MAX, sizeof *c->ledger);
        if (!tc_user_open(&c->user, "127.0.0.1", server.port, c->secret))
            return 1;
        pthread_create(&c->thread, NULL, client_main, c);
    }
    for (int k = 0; k < kills; k++) {
        tc_sleep_ms((int)chance(60) + 1);
        tc_server_end(&server, SIGKILL);
        if (!tc_server_start(&server, argv[1], args)) {
            fprintf(stderr, "no start after kill %d; see %s\n", k, server.log);
            return 1;
        }
    }
    tc_sleep_ms(200);
    stop = true;
    for (int i = 0; i < CLIENTS; i++) {
        client *c = &clients[i];
        size_t there;

        pthread_join(c->thread, NULL);
        tc_close(&c->user.conn);
        if (!connected(c))
            return 1;
        for (size_t n = 0; n < c->len; n++)
            bad += check_entry(c, &c->ledger[n]);
        there = count_of(c);
        /* The wish in hand when we stopped may or may not be there. */
        if (there < c->len || there > c->len + 1) {
            fprintf(stderr, "client %d: %zu wishes, %zu requests\n", i, c->len,
                    there);
            bad++;
        }
        accepted += c->len;
        known += there;
        tc_user_close(&c->user);
    }
    printf("%d kills, %zu accepted, %zu known, %d wrong\n", kills, accepted,
           known, bad);
    if (tc_server_end(&server, SIGTERM) != 0) {
        fprintf(stderr, "the server did not end in good order\n");
        bad++;
    }
    if (bad == 0 && accepted > 0)
        tc_server_remove(&server);
    return bad || accepted == 0;
}
