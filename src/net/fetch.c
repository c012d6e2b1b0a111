/* net/fetch.c - see fetch.h. libcurl, one handle for each transfer. */
#include "net/fetch.h"
#include "net/local.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 6, WAIT_MS = 500, CONNECT_MS = 10000, STALL_S = 60 };

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

void pvn_fetch_start(void)
{
    pthread_once(&curl_once, start_curl);
}

provernet_status pvn_file_digest(const char *path, uint8_t digest32[32],
                                 uint64_t *bytes, provernet_error *err)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *chunk = malloc(1 << 16);
    ssize_t n = -1;
    bool ok;

    *bytes = 0;
    ok = md && fd >= 0 && chunk && EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    while (ok && (n = read(fd, chunk, 1 << 16)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        ok = n > 0 && EVP_DigestUpdate(md, chunk, (size_t)n);
        *bytes += n > 0 ? (uint64_t)n : 0;
    }
    ok = ok && EVP_DigestFinal_ex(md, digest32, NULL);
    EVP_MD_CTX_free(md);
    free(chunk);
    if (fd >= 0)
        close(fd);
    if (!ok)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot read %s: %s",
                        path, strerror(errno));
    return PROVERNET_OK;
}

typedef struct transfer {
    provernet_worker *w;
    provernet_job *job; /* its cancelling ends the transfer; or NULL */
    char *etag;         /* where to put the tag (80 bytes), or NULL */
    uint64_t whole;     /* of a part: length of the whole; 0: not told */
    int fd;
    uint64_t at, max; /* GET: file position, end; PUT: position, length */
    pvn_bytes memory; /* PUT from memory when fd < 0 */
    bool overflow;
    int io_errno;
} transfer;

static size_t take(char *data, size_t one, size_t len, void *user)
{
    transfer *t = user;

    (void)one;
    if (len > t->max - t->at) {
        t->overflow = true;
        return 0;
    }
    for (size_t done = 0; done < len;) {
        ssize_t n =
            pwrite(t->fd, data + done, len - done, (off_t)(t->at + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            t->io_errno = errno;
            return 0;
        }
        done += (size_t)n;
    }
    t->at += len;
    return len;
}

static size_t give(char *data, size_t one, size_t cap, void *user)
{
    transfer *t = user;
    size_t len = one * cap;
    ssize_t n;

    if (len > t->max - t->at)
        len = (size_t)(t->max - t->at);
    if (t->fd < 0) {
        if (len)
            memcpy(data, t->memory.data + t->at, len);
        t->at += len;
        return len;
    }
    n = pread(t->fd, data, len, (off_t)t->at);
    if (n < 0)
        return CURL_READFUNC_ABORT;
    t->at += (uint64_t)n;
    return (size_t)n;
}

static size_t drop_body(char *data, size_t one, size_t len, void *user)
{
    (void)data;
    (void)one;
    (void)user;
    return len;
}

static int going_on(void *user, curl_off_t a, curl_off_t b, curl_off_t c,
                    curl_off_t d)
{
    const transfer *t = user;
    bool closing;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    pthread_mutex_lock(&t->w->lock);
    closing = t->w->closing || (!t->job && t->w->stopping);
    pthread_mutex_unlock(&t->w->lock);
    return closing || (t->job && atomic_load(&t->job->cancelled));
}

static CURL *handle_of(transfer *t, const char *url, provernet_error *err)
{
    CURL *h;

    pvn_fetch_start();
    h = curl_easy_init();
    if (!h) {
        pvn_nomem(err);
        return NULL;
    }
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, going_on);
    curl_easy_setopt(h, CURLOPT_XFERINFODATA, t);
    return h;
}

static CURL *handle_for(transfer *t, const char *path, provernet_error *err)
{
    const char *server = t->w->server;
    size_t len = strlen(server) + strlen(path) + 8;
    char *url = malloc(len);
    CURL *h;

    if (!url) {
        pvn_nomem(err);
        return NULL;
    }
    snprintf(url, len, "http://%s%s", server, path);
    h = handle_of(t, url, err);
    free(url);
    return h;
}

static provernet_status result(CURL *h, CURLcode rc, const transfer *t,
                               const char *what, provernet_error *err)
{
    long http = 0;

    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &http);
    if (rc == CURLE_ABORTED_BY_CALLBACK)
        return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                        "%s was cancelled with its job", what);
    if (t->io_errno)
        return pvn_fail(
            err, t->io_errno == ENOSPC ? PROVERNET_ERR_SPACE : PROVERNET_ERR_IO,
            t->io_errno, "%s: %s", what, strerror(t->io_errno));
    if (t->overflow)
        return pvn_fail(err, PROVERNET_ERR_CORRUPT, 0,
                        "%s: more bytes came than the server announced", what);
    if (rc == CURLE_OK && http >= 200 && http < 300)
        return PROVERNET_OK;
    if (rc == CURLE_OK || rc == CURLE_HTTP_RETURNED_ERROR)
        return pvn_fail(err,
                        http == 404 || http == 410   ? PROVERNET_ERR_NOT_FOUND
                        : http == 401 || http == 403 ? PROVERNET_ERR_PERMISSION
                        : http == 507                ? PROVERNET_ERR_SPACE
                                                     : PROVERNET_ERR_CONNECT,
                        (int)http, "%s: the server answered %ld", what, http);
    return pvn_fail(err, PROVERNET_ERR_CONNECT, (int)rc, "%s: %s", what,
                    curl_easy_strerror(rc));
}

/* One GET from where the file ends. */
static provernet_status get_rest(transfer *t, const char *path,
                                 provernet_error *err)
{
    CURL *h = handle_for(t, path, err);
    provernet_status s;
    CURLcode rc;

    if (!h)
        return PROVERNET_ERR_NOMEM;
    curl_easy_setopt(h, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, t);
    if (t->at)
        curl_easy_setopt(h, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->at);
    rc = curl_easy_perform(h);
    if (rc == CURLE_RANGE_ERROR || rc == CURLE_BAD_DOWNLOAD_RESUME)
        t->at = 0; /* it cannot go on in the middle: from the start then */
    s = result(h, rc, t, "fetching an input", err);
    curl_easy_cleanup(h);
    return s;
}

static bool worth_again(provernet_status s)
{
    return s == PROVERNET_ERR_CONNECT || s == PROVERNET_ERR_TIMEOUT;
}

static provernet_status get_all(transfer *t, const char *path,
                                provernet_error *err)
{
    provernet_status s = PROVERNET_OK;

    for (int i = 0; i < TRIES && t->at < t->max; i++) {
        if (i && !pvn_worker_pause(t->w, WAIT_MS << i))
            return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                            "the worker is closing");
        s = get_rest(t, path, err);
        if (s && !worth_again(s))
            return s;
    }
    if (t->at < t->max && s == PROVERNET_OK)
        return pvn_fail(err, PROVERNET_ERR_CORRUPT, 0,
                        "an input has %llu bytes, announced were %llu",
                        (unsigned long long)t->at, (unsigned long long)t->max);
    return t->at < t->max ? s : PROVERNET_OK;
}

provernet_status pvn_fetch(provernet_job *j, const char *path, const char *part,
                           uint64_t bytes, const uint8_t digest32[32],
                           provernet_error *err)
{
    transfer t = { .w = j->w, .job = j, .max = bytes };
    uint8_t digest[32];
    provernet_status s;
    struct stat st;

    t.fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (t.fd < 0)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot make %s: %s",
                        part, strerror(errno));
    if (fstat(t.fd, &st) == 0 && (uint64_t)st.st_size < bytes)
        t.at = (uint64_t)st.st_size;
    s = get_all(&t, path, err);
    close(t.fd);
    if (s == PROVERNET_OK)
        s = pvn_file_digest(part, digest, &t.at, err);
    if (s)
        return s;
    if (memcmp(digest, digest32, 32) != 0) {
        unlink(part);
        return pvn_fail(err, PROVERNET_ERR_CORRUPT, 0,
                        "an input was damaged on its way: its SHA-256 is not "
                        "the announced one");
    }
    return PROVERNET_OK;
}

static provernet_status put_once(transfer *t, const char *path,
                                 provernet_error *err)
{
    CURL *h = handle_for(t, path, err);
    provernet_status s;

    if (!h)
        return PROVERNET_ERR_NOMEM;
    t->at = 0;
    curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(h, CURLOPT_READDATA, t);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, drop_body);
    curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->max);
    s = result(h, curl_easy_perform(h), t, "sending an output", err);
    curl_easy_cleanup(h);
    return s;
}

/* In the node's own process there is no HTTP between. */
static provernet_status put_local(provernet_job *j, const char *path,
                                  transfer *t, provernet_error *err)
{
    return pvn_local_put(j->w->node, path, t->fd, t->memory, t->max, err);
}

provernet_status pvn_put_output(provernet_job *j, const char *path,
                                provernet_blob *blob, provernet_error *err)
{
    transfer t = { .w = j->w, .job = j };
    provernet_status s = PROVERNET_ERR_CONNECT;

    pvn_blob_output_bytes(blob, &t.memory, &t.fd, &t.max);
    if (j->w->node)
        return put_local(j, path, &t, err);
    for (int i = 0; i < TRIES && worth_again(s); i++) {
        if (i && !pvn_worker_pause(j->w, WAIT_MS << i))
            return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                            "the worker is closing");
        s = put_once(&t, path, err);
    }
    return s;
}

/* ---- any URL: of a network, not of our server ---- */

static size_t take_head(char *line, size_t one, size_t len, void *user)
{
    static const char tag[] = "etag:", range[] = "content-range: bytes ";
    transfer *t = user;
    char text[160] = { 0 };
    const char *at;

    (void)one;
    memcpy(text, line, len < sizeof text ? len : sizeof text - 1);
    text[strcspn(text, "\r\n")] = '\0';
    if (t->etag && strncasecmp(text, tag, sizeof tag - 1) == 0)
        snprintf(t->etag, PVN_ETAG_MAX, "%.79s",
                 text + sizeof tag - 1 + strspn(text + sizeof tag - 1, " \t"));
    at = strncasecmp(text, range, sizeof range - 1) == 0 ? strchr(text, '/')
                                                         : NULL;
    if (at && at[1] >= '0' && at[1] <= '9')
        t->whole = strtoull(at + 1, NULL, 10);
    return len;
}

/* A server that knows no ranges would send it all. */
static size_t one_byte(char *data, size_t one, size_t len, void *user)
{
    (void)data;
    (void)one;
    (void)user;
    return len <= 1 ? len : 0;
}

static CURL *foreign_handle(transfer *t, const char *url, const char *ca_file,
                            provernet_error *err)
{
    CURL *h = handle_of(t, url, err);

    if (!h)
        return NULL;
        /* The address is a stranger's: no file://, no gopher://. */
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(h, CURLOPT_PROTOCOLS,
                     (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS,
                     (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(h, CURLOPT_MAXREDIRS, 5L);
    if (*ca_file) /* beside the system's directory of certificates */
        curl_easy_setopt(h, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(h, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, t);
    return h;
}

/* What a status means for a transfer: 408, 425, 429 and the 500s pass. */
static provernet_status foreign_result(CURL *h, CURLcode rc, const transfer *t,
                                       provernet_error *err)
{
    provernet_status s;
    long http = 0;

    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &http);
    if (t->overflow)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "an input is larger than %llu bytes",
                        (unsigned long long)t->max);
    s = result(h, rc, t, "fetching an input", err);
    if (s == PROVERNET_ERR_CONNECT && http >= 400 && http < 500 &&
        http != 408 && http != 425 && http != 429)
        return pvn_fail(err, PROVERNET_ERR_NOT_FOUND, (int)http,
                        "fetching an input: the server answered %ld", http);
    if (s == PROVERNET_ERR_CONNECT && rc == CURLE_UNSUPPORTED_PROTOCOL)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "the network gives an address that is neither http nor "
                        "https");
    return s;
}

static provernet_status foreign_get(transfer *t, const char *url,
                                    const char *ca_file, provernet_error *err)
{
    CURL *h = foreign_handle(t, url, ca_file, err);
    provernet_status s;
    CURLcode rc;

    if (!h)
        return PROVERNET_ERR_NOMEM;
    if (t->at)
        curl_easy_setopt(h, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->at);
    rc = curl_easy_perform(h);
    if (rc == CURLE_RANGE_ERROR || rc == CURLE_BAD_DOWNLOAD_RESUME)
        t->at = 0;
    s = foreign_result(h, rc, t, err);
    curl_easy_cleanup(h);
    return s;
}

provernet_status pvn_fetch_url(provernet_job *j, const char *url,
                               const char *ca_file, const char *path,
                               uint64_t max, char etag[PVN_ETAG_MAX],
                               provernet_error *err)
{
    transfer t = { .w = j->w, .job = j, .max = max, .etag = etag };
    provernet_status s = PROVERNET_ERR_CONNECT;

    etag[0] = '\0';
    t.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (t.fd < 0)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot make %s: %s",
                        path, strerror(errno));
    for (int i = 0; i < TRIES && worth_again(s); i++) {
        if (i && !pvn_worker_pause(j->w, WAIT_MS << i)) {
            s = pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                         "the worker is closing");
            break;
        }
        s = foreign_get(&t, url, ca_file, err);
    }
    /* Started afresh: what an earlier try left behind its end goes. */
    if (s == PROVERNET_OK && ftruncate(t.fd, (off_t)t.at) != 0)
        s = pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot cut %s", path);
    close(t.fd);
    return s;
}

provernet_status pvn_fetch_length(provernet_worker *w, const char *url,
                                  const char *ca_file, uint64_t *bytes,
                                  provernet_error *err)
{
    transfer t = { .w = w, .fd = -1 };
    curl_off_t length = -1;
    provernet_status s;
    CURL *h;

    *bytes = 0;
    h = foreign_handle(&t, url, ca_file, err);
    if (!h)
        return PROVERNET_ERR_NOMEM;
    curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    s = foreign_result(h, curl_easy_perform(h), &t, err);
    if (s == PROVERNET_OK)
        curl_easy_getinfo(h, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (s == PROVERNET_ERR_PERMISSION || s == PROVERNET_ERR_NOT_FOUND ||
        (s == PROVERNET_OK && length < 0)) {
        /* An address signed for GET alone: one byte of it tells as well. */
        curl_easy_setopt(h, CURLOPT_NOBODY, 0L);
        curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(h, CURLOPT_RANGE, "0-0");
        curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, one_byte);
        s = foreign_result(h, curl_easy_perform(h), &t, err);
        length = s == PROVERNET_OK && t.whole ? (curl_off_t)t.whole : -1;
    }
    curl_easy_cleanup(h);
    if (s == PROVERNET_OK && length < 0)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "the length of an input is not told");
    *bytes = s == PROVERNET_OK ? (uint64_t)length : 0;
    return s;
}
