/* cli/commands.c - the one table of commands and flags: parsing, help,
 * completion, manual and "did you mean" all read it. */
#include "cli.h"

#define END                                                                    \
    {                                                                          \
        NULL, NULL, NULL, NULL                                                 \
    }

const struct flag common_flags[] = {
    { "help", NULL, NULL, "this text" },
    { "config", "FILE", NULL, "read settings from this file" },
    { "set", "KEY=VALUE", NULL, "any setting, as in the file" },
    { "quiet", NULL, NULL, "errors only" },
    END,
};

static const struct flag none[] = { END };

#define SERVE_FLAGS                                                            \
    { "listen", "HOST:PORT", "server.listen",                                  \
      "address to serve on; port 0: "                                          \
      "a free one; may be repeated" },                                         \
        { "data-dir", "DIR", "data.dir", "database and artifacts" },           \
        { "no-worker", NULL, NULL, "do not prove in this process" },           \
        { "quota", "SIZE", "artifact.quota", "bytes of all artifacts" },       \
        { "mock", NULL, NULL,                                                  \
          "believe mock workers; proofs are NOT verified" },                   \
        { "public-url", "URL", "http.public_url",                              \
          "base of artifact URLs, behind a proxy" },                           \
        { "tls-cert", "FILE", "server.tls_cert", "certificate chain (PEM)" },  \
        { "tls-key", "FILE", "server.tls_key", "private key (PEM)" },          \
        { "drain", "TIME", "server.drain",                                     \
          "after SIGTERM, time for running proofs" },                          \
        { "threads", "N", "engine.threads", "threads that prove" },            \
        { "device", "NAME", "worker.device", "cpu, cuda:0, auto" },            \
        { "log-level", "LEVEL", "log.level",                                   \
          "error, warn, info, debug, trace; \"info,wire=debug\"" },            \
    {                                                                          \
        "log-format", "FORMAT", "log.format", "text, json, auto"               \
    }

static const struct flag serve_flags[] = { SERVE_FLAGS, END };

static const struct flag worker_flags[] = {
    { "kinds", "LIST", "worker.kinds", "kinds to take, comma separated" },
    { "slots", "N", "worker.slots", "jobs at the same time" },
    { "threads", "N", "engine.threads", "threads that prove" },
    { "device", "NAME", "worker.device", "cpu, cuda:0, auto" },
    { "key-file", "FILE", NULL, "who this worker is; made if absent" },
    { "network", "URL", "network.url", "bid at a prover network, no server" },
    { "prover", "ADDRESS", "network.prover",
      "bid for this prover (the one the network names)" },
    { "bid", "WEI", "network.bid", "price of one prover gas unit" },
    { "usd-per-hour", "USD", "network.usd_per_hour",
      "or what an hour must earn" },
    { "throughput", "N", "network.throughput",
      "prover gas units in a second (SP1 programs)" },
    { "ca-file", "FILE", "network.ca_file", "more certificate authorities" },
    { "name", "NAME", "worker.name", "name shown to people" },
    { "mock", NULL, NULL, "answer any kind with a placeholder" },
    { "mock-delay", "TIME", NULL, "how long a mock job takes (50ms)" },
    { "log-level", "LEVEL", "log.level", "error, warn, info, debug, trace" },
    { "log-format", "FORMAT", "log.format", "text, json, auto" },
    END,
};

static const struct flag prove_flags[] = {
    { "threads", "N", "engine.threads", "threads that prove" },
    { "device", "NAME", "worker.device", "cpu, cuda:0, auto" },
    { "memory", "MODE", "engine.memory", "normal, or low" },
    { "repeat", "N", NULL, "prove N times, for measuring" },
    { "json", NULL, NULL, "one JSON line about what it took" },
    { "profile", NULL, NULL, "seconds of every stage in that line" },
    { "progress", "FORM", NULL, "auto, none or json" },
    END,
};

static const struct flag verify_flags[] = {
    { "json", NULL, NULL, "one JSON line" },
    END,
};

#define CLIENT_FLAGS                                                           \
    { "server", "URL", "client.url", "the server" },                           \
        { "key-file", "FILE", NULL, "who asks" },                              \
    {                                                                          \
        "json", NULL, NULL, "one JSON object per line"                         \
    }

static const struct flag submit_flags[] = {
    CLIENT_FLAGS,
    { "wait", NULL, NULL, "until it is proved; then download and verify" },
    { "out", "DIR", NULL, "where proof.json and public.json go (.)" },
    { "timeout", "TIME", NULL, "the request's deadline from now (4h)" },
    END,
};

static const struct flag requests_flags[] = {
    CLIENT_FLAGS,
    { "state", "STATE", NULL, "queued, running, verifying, fulfilled, failed" },
    { "limit", "N", NULL, "at most so many (100)" },
    { "timeout", "TIME", NULL, "how long wait waits (4h)" },
    END,
};

static const struct flag artifacts_flags[] = {
    CLIENT_FLAGS,
    { "type", "TYPE", NULL, "program, stdin, private-stdin, proof, data" },
    { "out", "FILE", NULL, "where get writes (the id)" },
    END,
};

static const struct flag key_flags[] = {
    { "key-file", "FILE", NULL, "the key file" },
    { "json", NULL, NULL, "one JSON line" },
    END,
};

static const struct flag sign_flags[] = {
    { "key-file", "FILE", NULL, "who signs" },
    { "hex", NULL, NULL, "the message is given as hex digits" },
    END,
};

static const struct flag config_flags[] = { SERVE_FLAGS, END };

static const struct flag json_flags[] = {
    { "json", NULL, NULL, "one JSON line" },
    END,
};

static const struct flag doctor_flags[] = {
    { "listen", "HOST:PORT", "server.listen", "address to check" },
    { "data-dir", "DIR", "data.dir", "directory to check" },
    { "json", NULL, NULL, "one JSON object per line" },
    END,
};

static const struct flag bench_flags[] = {
    { "sizes", "RANGE", NULL, "powers of two: 16, or 12..18 (the default)" },
    { "only", "NAME", NULL, "one of ntt, g1_msm, g2_msm, groth16" },
    { "show", NULL, NULL, "what was measured last, without measuring" },
    { "threads", "N", "engine.threads", "threads that prove" },
    { "device", "NAME", "worker.device", "cpu, cuda:0, auto" },
    { "data-dir", "DIR", "data.dir", "where calibration.json is kept" },
    { "json", NULL, NULL, "one JSON object per line" },
    END,
};

static const struct flag help_flags[] = {
    { "all", NULL, NULL, "everything" },
    END,
};

const struct command commands[] = {
    { "serve", NULL, "[flags]",
      "run the server (and, unless --no-worker, a worker on this machine)",
      "  provernet serve\n"
      "  provernet serve --listen 0.0.0.0:9000 --data-dir /srv/provernet\n"
      "  provernet serve --no-worker --quota 200GiB\n",
      "", serve_flags, 0, 0, cmd_serve },
    { "worker", NULL, "HOST[:PORT] | --network URL [flags]",
      "lend this machine to a server, or to a prover network",
      "  provernet worker 10.0.0.5\n"
      "  provernet worker 10.0.0.5:9000 --slots 2 --threads 8\n"
      "  provernet worker --network https://rpc.example.org --prover 0x1f... "
      "--bid 300000000\n"
      "  provernet worker 127.0.0.1 --mock --mock-delay 50ms\n",
      "", worker_flags, 0, 1, cmd_worker },
    { "prove", NULL, "K.zkey W.wtns PROOF.json PUBLIC.json", "prove here",
      "  provernet prove circuit.zkey witness.wtns proof.json public.json\n"
      "  provernet prove k.zkey w.wtns - /dev/null\n"
      "  provernet prove k.zkey w.wtns p.json s.json --repeat 10 --json\n",
      "", prove_flags, 4, 4, cmd_prove },
    { "verify", NULL, "VK.json PUBLIC.json PROOF.json",
      "exit 0 valid, 1 not valid",
      "  provernet verify verification_key.json public.json proof.json\n", "",
      verify_flags, 3, 3, cmd_verify },
    { "submit", NULL, "K.zkey W.wtns [--wait] [--out DIR]",
      "the same job, on a server",
      "  provernet submit circuit.zkey witness.wtns --wait --out .\n"
      "  provernet submit k.zkey w.wtns --server http://10.0.0.5:9000\n",
      "", submit_flags, 2, 2, cmd_submit },
    { "requests", "jobs", "[list|show ID|wait ID|cancel ID]",
      "what a server has been asked",
      "  provernet requests\n"
      "  provernet requests list --state queued --json\n"
      "  provernet requests wait 7e5f\n",
      "list show wait cancel", requests_flags, 0, 2, cmd_requests },
    { "artifacts", NULL, "[ls|put FILE|get ID]", "bytes on a server",
      "  provernet artifacts ls\n"
      "  provernet artifacts put witness.wtns --type stdin\n"
      "  provernet artifacts get URL --out proof.bin\n",
      "ls put get", artifacts_flags, 0, 2, cmd_artifacts },
    { "demo", NULL, "", "the whole path in one process, 5 seconds",
      "  provernet demo\n", "", none, 0, 0, cmd_demo },
    { "doctor", NULL, "[flags]",
      "check processor, GPU, disk, port, clock; say how to fix",
      "  provernet doctor\n", "", doctor_flags, 0, 0, cmd_doctor },
    { "bench", NULL, "[--sizes RANGE] [--show]",
      "measure this machine, sums, transforms, proofs; keep the result",
      "  provernet bench\n"
      "  provernet bench --sizes 16..20 --json\n"
      "  provernet bench --show\n",
      "", bench_flags, 0, 0, cmd_bench },
    { "key", NULL, "new|show|import|address [FILE]", "signing keys",
      "  provernet key new\n"
      "  provernet key address\n"
      "  provernet key import < secret.txt\n",
      "new show import address", key_flags, 1, 2, cmd_key },
    { "sign", NULL, "MESSAGE|-", "EIP-191 signature, for debugging clients",
      "  provernet sign create_artifact\n", "", sign_flags, 1, 1, cmd_sign },
    { "recover", NULL, "SIGNATURE MESSAGE|-", "who made an EIP-191 signature",
      "  provernet recover 0x7d60... create_artifact\n", "", sign_flags, 2, 2,
      cmd_recover },
    { "config", NULL, "show|check FILE|explain [KEY]", "settings",
      "  provernet config show\n"
      "  provernet config check provernet.toml\n"
      "  provernet config explain lease.ttl\n",
      "show check explain", config_flags, 1, 2, cmd_config },
    { "explain", NULL, "[CODE]", "long text for an error code",
      "  provernet explain ERR_NONCE\n", "", none, 0, 1, cmd_explain },
    { "completion", NULL, "bash|zsh|fish", "shell completion",
      "  provernet completion bash > /etc/bash_completion.d/provernet\n",
      "bash zsh fish", none, 1, 1, cmd_completion },
    { "manpage", NULL, "DIR", "write the manual pages", "", "", none, 1, 1,
      cmd_manpage },
    { "version", NULL, "[--json]", "version and build", "", "", json_flags, 0,
      0, cmd_version },
    { "groth16", NULL, "prove|verify FILES...", "snarkjs's spelling",
      "  provernet groth16 prove circuit.zkey witness.wtns p.json s.json\n",
      "prove verify", prove_flags, 1, 5, cmd_groth16 },
    { "help", NULL, "[COMMAND]", "this text, or a command's", "", "",
      help_flags, 0, 1, cmd_help },
};
const size_t commands_len = sizeof commands / sizeof *commands;
