/* cfg/settings.h - every setting of library and server: one list, four places.
 *
 * First wins: flag, environment, file, built-in default. The library's
 * settings come from provernet_options_describe; the server's own stand here.
 * Includes the public headers. */
#ifndef CFG_SETTINGS_H
#define CFG_SETTINGS_H
#include <provernet/node.h>

#include <stdbool.h>

/* The server's own. X(name, type, min, max, default, live, sentence) */
#define SERVER_SETTINGS(X)                                                     \
    X("server.listen", TEXT, 0, 0, "127.0.0.1:9000", 0,                        \
      "addresses to serve on, HOST:PORT, comma separated; port 0: a free one") \
    X("server.tls_cert", TEXT, 0, 0, "", 0,                                    \
      "certificate chain (PEM); empty: no TLS")                                \
    X("server.tls_key", TEXT, 0, 0, "", 0, "private key (PEM)")                \
    X("server.loops", INT, 0, 64, "0", 0,                                      \
      "threads that serve connections; 0: one, or two from four cores on")     \
    X("server.max_connections", INT, 1, 1000000, "16384", 0,                   \
      "open connections; more wait to be accepted")                            \
    X("server.max_streams", INT, 1, 100000, "256", 0,                          \
      "calls at the same time on one HTTP/2 connection")                       \
    X("server.header_bytes", SIZE, 1024, 65536, "64KiB", 0,                    \
      "largest head of a call")                                                \
    X("server.head_timeout", MS, 100, 3600000, "10s", 0,                       \
      "time for a TLS handshake or the head of a call")                        \
    X("server.body_timeout", MS, 100, 86400000, "30s", 0,                      \
      "time before server.body_min_rate counts")                               \
    X("server.body_min_rate", SIZE, 0, 1073741824, "1KiB", 0,                  \
      "bytes per second that a request body must bring")                       \
    X("server.idle_timeout", MS, 1000, 86400000, "30m", 0,                     \
      "HTTP/2 connections without a call are closed after this")               \
    X("server.keep_alive", MS, 100, 86400000, "75s", 0,                        \
      "HTTP/1.1 connections without a call are closed after this")             \
    X("server.write_timeout", MS, 1000, 86400000, "60s", 0,                    \
      "a peer that reads nothing for so long is dropped")                      \
    X("server.drain", MS, 0, 86400000, "10m", 1,                               \
      "after SIGTERM, time for running proofs to finish")                      \
    X("server.worker", BOOL, 0, 1, "true", 0, "prove in this process too")     \
    X("worker.device", TEXT, 0, 0, "auto", 0,                                  \
      "devices that prove: cpu, cuda:0, sp1-gpu:0 (a GPU server of SP1, or "   \
      "sp1-gpu:PATH of its socket), several by commas, or auto")               \
    X("log.format", TEXT, 0, 0, "auto", 1,                                     \
      "text, json, or auto: text on a terminal")                               \
    X("client.url", TEXT, 0, 0, "http://127.0.0.1:9000", 0,                    \
      "server that client commands talk to")                                   \
    X("client.key_file", TEXT, 0, 0, "", 0,                                    \
      "key that signs requests; empty: the key file in the configuration "     \
      "directory")

enum setting_type { TEXT, INT, MS, SIZE, BOOL };
enum setting_origin { BY_DEFAULT, BY_FILE, BY_ENVIRONMENT, BY_FLAG };

struct setting {
    char *name, *def, *text;
    enum setting_type type;
    int64_t min, max;
    bool live, library;
};

struct config;

/* NULL: no memory. */
struct config *config_new(void);
void config_free(struct config *c);
size_t config_len(const struct config *c);
const struct setting *config_setting(const struct config *c, size_t i);
/* The index, or -1. */
long config_find(const struct config *c, const char *name);

/* Set one; where: "provernet.toml:12", "PROVERNET_...", "--listen". A lower
 * origin never replaces a higher one. ERR_CONFIG. */
PROVERNET_MUST_USE provernet_status
config_set(struct config *c, const char *name, const char *value,
           enum setting_origin origin, const char *where, provernet_error *err);
/* Read a file; ERR_NOT_FOUND, ERR_IO, ERR_CONFIG ("file:line: ..."). */
PROVERNET_MUST_USE provernet_status config_file(struct config *c,
                                                const char *path,
                                                provernet_error *err);
/* The same from memory; `name` stands in messages. */
PROVERNET_MUST_USE provernet_status config_text(struct config *c,
                                                const char *name,
                                                const char *text, size_t len,
                                                provernet_error *err);
/* PROVERNET_* and the compatible names. */
PROVERNET_MUST_USE provernet_status config_environment(struct config *c,
                                                       provernet_error *err);
/* Where the file is looked for: flag, PROVERNET_CONFIG, the user's, /etc.
 * NULL: there is none. *must: it was named, so it has to exist. */
const char *config_path(const char *flag, char *buf, size_t cap, bool *must);

const char *config_get(const struct config *c, const char *name);
int64_t config_number(const struct config *c, const char *name);
bool config_is_set(const struct config *c, const char *name);
const char *config_where(const struct config *c, size_t i);
enum setting_origin config_origin(const struct config *c, size_t i);
/* The library's part. The caller frees it. NULL: *err says why. */
provernet_options *config_options(const struct config *c, provernet_error *err);

/* "whole number, 1 to 100, default 3" */
void setting_form(const struct setting *s, char *buf, size_t cap);
/* PROVERNET_QUEUE_MAX_ATTEMPTS */
void setting_environment(const struct setting *s, char *buf, size_t cap);
/* The known word nearest to `word`, or NULL if none is near. */
const char *nearest(const char *word, const char *const *words, size_t n);
/* $XDG_DATA_HOME/provernet, ~/.local/share/provernet, /var/lib/provernet. */
void default_data_dir(char *buf, size_t cap);
/* $XDG_CONFIG_HOME/provernet, ~/.config/provernet, /etc/provernet. */
void default_config_dir(char *buf, size_t cap);
#endif
