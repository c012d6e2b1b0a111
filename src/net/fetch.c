/* net/fetch.c - see fetch.h. libcurl, one handle for each transfer. */
#include "net/fetch.h"
#include "net/local.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 6, WAIT_MS = 500, CONNECT_MS = 10000, STALL_S = 60 };

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
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
    provernet_job *job;
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
    pthread_mutex_lock(&t->job->w->lock);
    closing = t->job->w->closing;
    pthread_mutex_unlock(&t->job->w->lock);
    return closing || atomic_load(&t->job->cancelled);
}

static CURL *handle_for(transfer *t, const char *path, provernet_error *err)
{
    const char *server = t->job->w->server;
    size_t len = strlen(server) + strlen(path) + 8;
    char *url = malloc(len);
    CURL *h;

    pthread_once(&curl_once, start_curl);
    h = curl_easy_init();
    if (!url || !h) {
        free(url);
        curl_easy_cleanup(h);
        pvn_nomem(err);
        return NULL;
    }
    snprintf(url, len, "http://%s%s", server, path);
    curl_easy_setopt(h, CURLOPT_URL, url);
    free(url);
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
        if (i && !pvn_worker_pause(t->job->w, WAIT_MS << i))
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
    transfer t = { .job = j, .max = bytes };
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
    transfer t = { .job = j };
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
