/* base/settings.h - every setting of the library, once.
 *
 * The table feeds options_set, defaults, ranges, help, the manual and the
 * server's TOML, environment and flags. */
#ifndef PVN_BASE_SETTINGS_H
#define PVN_BASE_SETTINGS_H
#include "base/bytes.h"
#include <provernet/node.h>

/* Types: TEXT; INT (a whole number); MS (a duration, kept in milliseconds);
 * SIZE (bytes); BOOL. Ranges are in the kept unit.
 * X(id, name, type, min, max, default text, live, sentence) */
#define PVN_SETTINGS(X)                                                        \
    X(DATA_DIR, "data.dir", TEXT, 0, 0, "", 0,                                 \
      "directory of database and artifacts")                                   \
    X(NODE_THREADS, "node.threads", INT, 0, 64, "2", 0,                        \
      "threads beside the core for fsync and verification; 0: no thread at "   \
      "all, the host calls provernet_step")                                    \
    X(NODE_BATCH_MAX, "node.batch_max", INT, 1, 4096, "256", 1,                \
      "operations in one commit")                                              \
    X(NODE_QUEUE_MAX, "node.queue_max", INT, 16, 1048576, "16384", 1,          \
      "operations waiting for the core before calls are answered UNAVAILABLE") \
    X(NODE_BYTES_IN_FLIGHT_MAX, "node.bytes_in_flight_max", SIZE, 1048576,     \
      9223372036854775807, "512MiB", 1,                                        \
      "request bodies held in memory, all calls")                              \
    X(NODE_MOCK, "node.mock", BOOL, 0, 1, "false", 0,                          \
      "believe mock workers: proofs are NOT verified")                         \
    X(NODE_TRUST, "node.trust", TEXT, 0, 0, "", 1,                             \
      "kinds whose workers are believed without verification, comma "          \
      "separated")                                                             \
    X(REQUEST_DEADLINE, "request.deadline", MS, 1000, 9223372036854775807,     \
      "4h", 1, "deadline of a request that names none")                        \
    X(REQUEST_ORDER_CAP, "request.order_cap", MS, 0, 9223372036854775807,      \
      "1h", 1,                                                                 \
      "a request is served as if its deadline were at most this far from its " \
      "creation")                                                              \
    X(REQUEST_OPEN_MAX, "request.open_max", INT, 1, 9223372036854775807,       \
      "100000", 1, "open requests of one account")                             \
    X(REQUEST_TASKS_MAX, "request.tasks_max", INT, 1, 1048576, "4096", 1,      \
      "tasks of one request")                                                  \
    X(REQUEST_RETENTION, "request.retention", MS, 0, 9223372036854775807,      \
      "168h", 1, "how long a fulfilled request's proof is kept")               \
    X(TASK_ATTEMPTS_MAX, "task.attempts_max", INT, 1, 100, "3", 1,             \
      "attempts by workers' fault before a task fails")                        \
    X(TASK_CHILDREN_MAX, "task.children_max", INT, 0, 65536, "256", 1,         \
      "tasks that one completion may add")                                     \
    X(TASK_BACKOFF, "task.backoff", MS, 0, 9223372036854775807, "1s", 1,       \
      "wait before a failed task is tried again; doubled each time")           \
    X(TASK_BACKOFF_MAX, "task.backoff_max", MS, 0, 9223372036854775807, "60s", \
      1, "longest such wait")                                                  \
    X(LEASE_TTL, "lease.ttl", MS, 1000, 9223372036854775807, "60s", 1,         \
      "how long a lease holds without a renewal")                              \
    X(LEASE_SILENCE, "lease.silence", MS, 500, 9223372036854775807, "15s", 1,  \
      "silence of a connected worker after which its leases end")              \
    X(LEASE_POLL, "lease.poll", MS, 0, 60000, "20s", 1,                        \
      "how long a worker's question for work is held open")                    \
    X(WORKER_STRIKES_MAX, "worker.strikes_max", INT, 1, 1000, "3", 1,          \
      "bad proofs after which a worker is set aside")                          \
    X(WORKER_ASIDE, "worker.aside", MS, 1000, 9223372036854775807, "1h", 1,    \
      "how long a worker that was set aside gets no work")                     \
    X(ARTIFACT_QUOTA, "artifact.quota", SIZE, 0, 9223372036854775807, "0", 1,  \
      "bytes of all artifacts; 0: as much as the disk has")                    \
    X(ARTIFACT_SIZE_MAX, "artifact.size_max", SIZE, 1, 9223372036854775807,    \
      "64GiB", 1, "bytes of one artifact")                                     \
    X(ARTIFACT_INLINE_MAX, "artifact.inline_max", SIZE, 0, 65536, "4KiB", 0,   \
      "artifacts up to this size live in their row instead of a file")         \
    X(ARTIFACT_ISSUED_TTL, "artifact.issued_ttl", MS, 1000,                    \
      9223372036854775807, "24h", 1,                                           \
      "how long an upload address waits for its bytes")                        \
    X(ARTIFACT_RETENTION, "artifact.retention", MS, 0, 9223372036854775807,    \
      "168h", 1, "how long an artifact that no open request needs is kept")    \
    X(ARTIFACT_PRIVATE_TTL, "artifact.private_ttl", MS, 1000,                  \
      9223372036854775807, "5m", 1,                                            \
      "how long a ticket for a private input holds")                           \
    X(EVENT_RETENTION, "event.retention", MS, 0, 9223372036854775807, "720h",  \
      1, "how long events are kept")                                           \
    X(HTTP_MESSAGE_MAX, "http.message_max", SIZE, 1024, 4294967295, "64MiB",   \
      1, "bytes of one request message (artifact bodies excepted)")            \
    X(HTTP_PUBLIC_URL, "http.public_url", TEXT, 0, 0, "", 1,                   \
      "base of artifact URLs given to clients; empty: the host they dialled")  \
    X(HTTP_PROVER_URL, "http.prover_url", TEXT, 0, 0, "", 1,                   \
      "base of artifact URLs given to provers; empty: as for clients")         \
    X(HTTP_PROVER_FORM, "http.prover_form", TEXT, 0, 0, "raw", 1,              \
      "what provers of the Succinct wire download: raw bytes, or stored: as "  \
      "they were uploaded")                                                    \
    X(HTTP_CORS, "http.cors", TEXT, 0, 0, "", 1,                               \
      "origins of web pages that may call, comma separated; *: all; empty: "   \
      "none")                                                                  \
    X(ACCOUNT_ALLOW, "account.allow", TEXT, 0, 0, "", 1,                       \
      "addresses that may request, comma separated; empty: everyone")          \
    X(SUCCINCT_DOMAIN, "succinct.domain", TEXT, 0, 0,                          \
      "55ea66757c5b1aecda6619905f594b320092db1cf4c8b6f89025c092f0bb7b5b", 0,   \
      "EIP-712 domain separator of the Succinct network served")               \
    X(SUCCINCT_BALANCE, "succinct.balance", TEXT, 0, 0,                        \
      "1000000000000000000000000", 0, "balance of an account never seen")      \
    X(SUCCINCT_AUCTIONEER, "succinct.auctioneer", TEXT, 0, 0, "", 0,           \
      "address that signs Settle and gets the fees; empty: nobody's")          \
    X(SUCCINCT_EXECUTOR, "succinct.executor", TEXT, 0, 0, "", 0,               \
      "address that says what was executed; empty: nobody's")                  \
    X(SUCCINCT_VERIFIER, "succinct.verifier", TEXT, 0, 0, "", 0,               \
      "address named as verifier of proofs; empty: nobody's")                  \
    X(SUCCINCT_TREASURY, "succinct.treasury", TEXT, 0, 0, "", 0,               \
      "address named as treasury; empty: nobody's")                            \
    X(SUCCINCT_FEE, "succinct.fee", TEXT, 0, 0, "0", 0,                        \
      "fee of a transfer, a withdrawal or a change of a prover's signer")      \
    X(SUCCINCT_AUCTION, "succinct.auction", BOOL, 0, 1, "false", 0,            \
      "give requests of the auction flavour to the lowest bidder "             \
      "instead of our own workers")                                            \
    X(SUCCINCT_AUCTION_WINDOW, "succinct.auction_window", MS, 0, 86400000,     \
      "2s", 1,                                                                 \
      "bids are taken at least this long, or longer where the "                \
      "request asks so")                                                       \
    X(SUCCINCT_AUCTION_FALLBACK, "succinct.auction_fallback", MS, 0, 86400000, \
      "0", 1,                                                                  \
      "a request that nobody won for this long goes to our own "               \
      "workers, for nothing; 0: never")                                        \
    X(SUCCINCT_MAX_PRICE, "succinct.max_price", TEXT, 0, 0, "500000000", 1,    \
      "price per gas unit that requesters are told to offer at most")          \
    X(SUCCINCT_MIN_PRICE, "succinct.min_price", TEXT, 0, 0, "0", 1,            \
      "lowest price per gas unit that may be bid")                             \
    X(SUCCINCT_TICK_SIZE, "succinct.tick_size", INT, 1, 9223372036854775807,   \
      "1", 1,                                                                  \
      "prices are multiples of this; above 1 the bids of spn-node "            \
      "are not legal")                                                         \
    X(SUCCINCT_BASE_FEE, "succinct.base_fee", TEXT, 0, 0, "0", 1,              \
      "flat part of the price of an auctioned request, at least")              \
    X(SUCCINCT_PROVE_PRICE, "succinct.prove_price", TEXT, 0, 0, "1", 1,        \
      "price of PROVE in USD that GetProvePrice answers")                      \
    X(SUCCINCT_PROTOCOL_FEE, "succinct.protocol_fee", INT, 0, 10000, "0", 1,   \
      "hundredths of a percent of each payment that go to "                    \
      "succinct.treasury")                                                     \
    X(SUCCINCT_OPERATORS, "succinct.operators", TEXT, 0, 0, "", 1,             \
      "addresses that may suspend provers, comma separated")                   \
    X(PROVER_ALLOW, "prover.allow", TEXT, 0, 0, "", 0,                         \
      "provers that may bid, comma separated; empty: everyone")                \
    X(PROVER_STAKE, "prover.stake", TEXT, 0, 0, "0", 0,                        \
      "balance that a prover needs in order to bid")                           \
    X(PROVER_COLLATERAL, "prover.collateral", TEXT, 0, 0, "0", 0,              \
      "taken from a prover's balance for each request it wins, and given "     \
      "back with the proof; lost to succinct.treasury when it fails")          \
    X(PROVER_FAILURES_MAX, "prover.failures_max", INT, 0, 1000000, "3", 1,     \
      "requests that a prover won and failed within "                          \
      "prover.failures_window, after which it is suspended; 0: never")         \
    X(PROVER_FAILURES_WINDOW, "prover.failures_window", MS, 1000,              \
      9223372036854775807, "24h", 1,                                           \
      "how long a prover's first failure is counted with those after it")      \
    X(PROVER_SUSPENSION, "prover.suspension", MS, 1000, 9223372036854775807,   \
      "1h", 1, "how long a prover that failed too often may not bid")          \
    X(PROVER_BIDS_MAX, "prover.bids_max", INT, 1, 1000000, "1000", 1,          \
      "bids of one request; then only one below all others is taken")          \
    X(PROVER_SEEN, "prover.seen", MS, 1000, 9223372036854775807, "10m", 1,     \
      "a prover that bid or proved within this time counts as up")             \
    X(WORKER_ALLOW, "worker.allow", TEXT, 0, 0, "", 1,                         \
      "addresses that may work for this node, comma separated; empty: "        \
      "everyone")                                                              \
    X(WORKER_SESSIONS_MAX, "worker.sessions_max", INT, 1, 1048576, "16384", 1, \
      "workers connected at the same time")                                    \
    X(CONTEMPLANT_ALLOW, "contemplant.allow", TEXT, 0, 0, "", 1,               \
      "hosts (IP addresses) whose Contemplants may work here, comma "          \
      "separated; empty: all, unless worker.allow is set")                     \
    X(CONTEMPLANT_MAGISTER, "contemplant.magister", TEXT, 0, 0, "", 1,         \
      "hosts (HOST or HOST:PORT) of Magisters that are told when a "           \
      "Contemplant of theirs is gone, comma separated; empty: none")           \
    X(CONTEMPLANT_SP1, "contemplant.sp1", TEXT, 0, 0, "5", 1,                  \
      "SP1 circuit versions that Contemplants prove, comma separated")         \
    X(CONTEMPLANT_RISC0, "contemplant.risc0", TEXT, 0, 0, "3", 1,              \
      "RISC Zero versions that Contemplants prove, comma separated")           \
    X(CONTEMPLANT_SILENCE, "contemplant.silence", MS, 500,                     \
      9223372036854775807, "90s", 1,                                           \
      "a Contemplant without a heartbeat for so long is dropped, its lease "   \
      "ends")                                                                  \
    X(CONTEMPLANT_POLL, "contemplant.poll", MS, 10, 3600000, "250ms", 1,       \
      "wait between two status questions to a busy Contemplant")               \
    X(CONTEMPLANT_ANSWER, "contemplant.answer", MS, 100, 86400000, "30s", 1,   \
      "a status question not answered for so long is a strike")                \
    X(CONTEMPLANT_STRIKES_MAX, "contemplant.strikes_max", INT, 1, 1000, "3",   \
      1, "such strikes within one proof that drop a Contemplant")              \
    X(CONTEMPLANT_PROOF_TIMEOUT, "contemplant.proof_timeout", MS, 1000,        \
      9223372036854775807, "5h", 1,                                            \
      "a Contemplant that takes longer for one proof is dropped")              \
    X(CONTEMPLANT_PROGRESS_TIMEOUT, "contemplant.progress_timeout", MS, 0,     \
      9223372036854775807, "0", 1,                                             \
      "one whose progress stands still for so long is dropped; 0: never, "     \
      "most report none")                                                      \
    X(WORKER_SERVER, "worker.server", TEXT, 0, 0, "", 0,                       \
      "server to work for, HOST:PORT")                                         \
    X(WORKER_NAME, "worker.name", TEXT, 0, 0, "", 0,                           \
      "name shown to people; empty: drawn from the key")                       \
    X(WORKER_KINDS, "worker.kinds", TEXT, 0, 0, "groth16/bn254@1", 0,          \
      "kinds to take, comma separated; * takes all (mock servers only)")       \
    X(WORKER_SLOTS, "worker.slots", INT, 1, 1024, "1", 0,                      \
      "jobs at the same time")                                                 \
    X(WORKER_MEMORY, "worker.memory", SIZE, 0, 9223372036854775807, "0", 0,    \
      "memory for proofs; 0: what the machine has")                            \
    X(WORKER_CACHE_DIR, "worker.cache_dir", TEXT, 0, 0, "", 0,                 \
      "directory of fetched inputs; empty: a temporary one")                   \
    X(WORKER_CACHE_BYTES, "worker.cache_bytes", SIZE, 0, 9223372036854775807,  \
      "20GiB", 0, "bytes of fetched programs kept")                            \
    X(NETWORK_URL, "network.url", TEXT, 0, 0, "", 0,                           \
      "prover network to lend this machine to, http://HOST:PORT or "           \
      "https://HOST")                                                          \
    X(NETWORK_PROVER, "network.prover", TEXT, 0, 0, "", 0,                     \
      "address of the prover to bid for; empty: the one the network names "    \
      "for our key")                                                           \
    X(NETWORK_BID, "network.bid", TEXT, 0, 0, "", 0,                           \
      "price asked, in wei of PROVE for one prover gas unit; empty: from "     \
      "network.usd_per_hour")                                                  \
    X(NETWORK_USD_PER_HOUR, "network.usd_per_hour", TEXT, 0, 0, "", 0,         \
      "what an hour of this machine must earn, in USD, at the network's "      \
      "price of PROVE")                                                        \
    X(NETWORK_THROUGHPUT, "network.throughput", INT, 0, 9223372036854775807,   \
      "0", 0,                                                                  \
      "prover gas units that this machine proves in a second; 0: measured by " \
      "its own jobs, until then no bids on programs")                          \
    X(NETWORK_KEY_SPEED, "network.key_speed", SIZE, 0, 9223372036854775807,    \
      "0", 0,                                                                  \
      "bytes of a circuit's proving key worked off in a second; 0: measured "  \
      "by its own jobs, cautious until then")                                  \
    X(NETWORK_KIND_MEMORY, "network.kind_memory", TEXT, 0, 0, "", 0,           \
      "memory that one proof of a kind takes, as sp1/core@6=10GiB, comma "     \
      "separated, a * at the end for all that begin so; kinds not named: as "  \
      "measured on processors")                                                \
    X(NETWORK_MARGIN, "network.margin", INT, 100, 10000, "150", 0,             \
      "percent of the estimated time that must fit before a deadline")         \
    X(NETWORK_BIDS, "network.bids", INT, 1, 100, "4", 0,                       \
      "bids open at the same time; what is won waits its turn")                \
    X(NETWORK_POLL, "network.poll", MS, 50, 3600000, "3s", 0,                  \
      "wait between two looks at a network's requests")                        \
    X(NETWORK_DOMAIN, "network.domain", TEXT, 0, 0,                            \
      "55ea66757c5b1aecda6619905f594b320092db1cf4c8b6f89025c092f0bb7b5b", 0,   \
      "EIP-712 domain separator of the network bid on")                        \
    X(NETWORK_CA_FILE, "network.ca_file", TEXT, 0, 0, "", 0,                   \
      "certificate authorities (PEM) believed beside the system's")            \
    X(ENGINE_THREADS, "engine.threads", INT, 0, 1024, "0", 0,                  \
      "threads that prove; 0: one per core")                                   \
    X(ENGINE_PIN, "engine.pin", BOOL, 0, 1, "false", 0,                        \
      "pin each proving thread to a core")                                     \
    X(ENGINE_CPU, "engine.cpu", TEXT, 0, 0, "auto", 0,                         \
      "arithmetic: auto, portable, adx or ifma")                               \
    X(ENGINE_MEMORY, "engine.memory", TEXT, 0, 0, "normal", 0,                 \
      "normal, or low: less memory, slower")                                   \
    X(ENGINE_KEY_CACHE, "engine.key_cache", SIZE, 0, 9223372036854775807,      \
      "8GiB", 0, "bytes of loaded proving keys kept between jobs")             \
    X(ENGINE_PLUGIN, "engine.plugin", TEXT, 0, 0, "", 0,                       \
      "file of the GPU engine; empty: the installed one")                      \
    X(ENGINE_MULTIPLES, "engine.multiples", TEXT, 0, 0, "auto", 0,             \
      "bytes of the GPU for multiples of a key's points, computed when it is " \
      "loaded: a size, 0 for none, or auto: what is free beside a proof")      \
    X(ENGINE_IN_PROCESS, "engine.in_process", BOOL, 0, 1, "false", 0,          \
      "the GPU engine in this process, not in a helper of its own")            \
    X(LOG_LEVEL, "log.level", TEXT, 0, 0, "info", 1,                           \
      "error, warn, info, debug or trace")

typedef enum pvn_setting {
#define X(id, name, type, min, max, def, live, text) PVN_SET_##id,
    PVN_SETTINGS(X)
#undef X
        PVN_SETTINGS_LEN
} pvn_setting;

/* In the kept unit (ms, bytes, 0/1). o may be NULL: the default. */
int64_t pvn_setting_int(const provernet_options *o, pvn_setting s);
/* Any type, as set. Valid until the next set of it. o may be NULL. */
const char *pvn_setting_text(const provernet_options *o, pvn_setting s);
provernet_options *pvn_options_copy(const provernet_options *o);
/* "90s", "1h30m", "250ms" -> ms; "21.5GiB", "10MB", "0" -> bytes. */
bool pvn_parse_duration(const char *text, int64_t *ms);
bool pvn_parse_size(const char *text, int64_t *bytes);
/* Is `word` one of the comma separated words of `list`? */
bool pvn_list_has(const char *list, const char *word);
#endif
