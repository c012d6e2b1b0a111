/* wire/http.c - see http.h. */
#include "http.h"
#include "../cli/cli.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ERROR_TEXT_MAX = 4096 };

struct transfer {
    CURL *curl;
    struct buffer answer;
    size_t max;
    FILE *to, *from; /* may be NULL */
    const uint8_t *data;
    size_t data_len;
    bool full;
};

static size_t on_answer(char *p, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    long status = 0;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->to && status < 300)
        return fwrite(p, 1, size * n, t->to);
    if (t->answer.len + size * n > (status < 300 ? t->max : ERROR_TEXT_MAX)) {
        if (status >= 300)
            return size * n; /* enough of the server's words */
        t->full = true;
        return 0;
    }
    return buffer_append(&t->answer, p, size * n) == 0 ? size * n : 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    size_t len = size * n;

    if (t->from)
        return fread(p, 1, len, t->from);
    if (len > t->data_len)
        len = t->data_len;
    memcpy(p, t->data, len);
    t->data += len;
    t->data_len -= len;
    return len;
}

static provernet_status from_http(long status)
{
    switch (status) {
    case 400:
        return PROVERNET_ERR_INVALID;
    case 401:
        return PROVERNET_ERR_SIGNATURE;
    case 403:
        return PROVERNET_ERR_PERMISSION;
    case 404:
        return PROVERNET_ERR_NOT_FOUND;
    case 409:
        return PROVERNET_ERR_STATE;
    case 413:
    case 429:
        return PROVERNET_ERR_LIMIT;
    case 507:
        return PROVERNET_ERR_SPACE;
    case 408:
    case 504:
        return PROVERNET_ERR_TIMEOUT;
    case 503:
        return PROVERNET_ERR_UNAVAILABLE;
    default:
        return PROVERNET_ERR_INTERNAL;
    }
}

/* {"code","message","help"} if it is that, else the status alone. */
static provernet_status refused(const struct transfer *t, const char *url,
                                long status, provernet_error *err)
{
    json_t *o =
        json_loadb((const char *)buffer_at(&t->answer), t->answer.len, 0, NULL);
    const char *message = json_string_value(json_object_get(o, "message"));
    const char *code = json_string_value(json_object_get(o, "code"));
    provernet_status st = from_http(status);

    if (code)
        (void)!provernet_status_find(code, &st);
    set_error(err, st, "%.120s%s(HTTP %ld at %.90s)", message ? message : "",
              message ? "\n" : "the server refused ", status, url);
    if (err)
        err->cause = (int32_t)status;
    json_decref(o);
    return st;
}

static provernet_status run(struct transfer *t, const char *url,
                            const char *method, int64_t body_len,
                            provernet_error *err)
{
    static bool ready;
    const char *roots = getenv("SSL_CERT_FILE"); /* as OpenSSL reads it */
    char why[CURL_ERROR_SIZE] = "";
    provernet_status st = PROVERNET_OK;
    long status = 0;
    CURLcode rc;

    if (!ready) /* commands use one thread for this */
        ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    t->curl = curl_easy_init();
    if (!t->curl)
        return set_error(err, PROVERNET_ERR_NOMEM, "out of memory");
    curl_easy_setopt(t->curl, CURLOPT_URL, url);
    curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    if (roots && *roots)
        curl_easy_setopt(t->curl, CURLOPT_CAINFO, roots);
    curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT_MS, 15000L);
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    if (!strcmp(method, "PUT")) {
        curl_easy_setopt(t->curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(t->curl, CURLOPT_READFUNCTION, on_body);
        curl_easy_setopt(t->curl, CURLOPT_READDATA, t);
        curl_easy_setopt(t->curl, CURLOPT_INFILESIZE_LARGE,
                         (curl_off_t)body_len);
    } else if (!strcmp(method, "POST")) {
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, "");
    }
    rc = curl_easy_perform(t->curl);
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->full)
        st = set_error(err, PROVERNET_ERR_LIMIT,
                       "the answer is above %zu bytes", t->max);
    else if (status >= 300)
        st = refused(t, url, status, err);
    else if (rc != CURLE_OK)
        st = set_error(err,
                       rc == CURLE_WRITE_ERROR          ? PROVERNET_ERR_IO
                       : rc == CURLE_OPERATION_TIMEDOUT ? PROVERNET_ERR_TIMEOUT
                                                        : PROVERNET_ERR_CONNECT,
                       "%s %.100s: %.110s", method, url,
                       *why ? why : curl_easy_strerror(rc));
    curl_easy_cleanup(t->curl);
    return st;
}

provernet_status http_put(const char *url, const void *data, size_t len,
                          provernet_error *err)
{
    struct transfer t = { .data = data, .data_len = len, .max = 65536 };
    provernet_status st = run(&t, url, "PUT", (int64_t)len, err);

    buffer_free(&t.answer);
    return st;
}

provernet_status http_put_file(const char *url, const char *path,
                               provernet_error *err)
{
    struct transfer t = { .from = fopen(path, "rbe"), .max = 65536 };
    struct stat s;
    provernet_status st;

    if (!t.from || fstat(fileno(t.from), &s) != 0) {
        st = set_error(
            err, errno == ENOENT ? PROVERNET_ERR_NOT_FOUND : PROVERNET_ERR_IO,
            "cannot read %.150s: %s", path, strerror(errno));
        if (t.from)
            fclose(t.from);
        return st;
    }
    st = run(&t, url, "PUT", (int64_t)s.st_size, err);
    fclose(t.from);
    buffer_free(&t.answer);
    return st;
}

provernet_status http_get(const char *url, struct buffer *out, size_t max,
                          provernet_error *err)
{
    struct transfer t = { .max = max };
    provernet_status st = run(&t, url, "GET", 0, err);

    *out = t.answer;
    if (st != PROVERNET_OK)
        buffer_free(out);
    return st;
}

provernet_status http_post(const char *url, struct buffer *out,
                           provernet_error *err)
{
    struct transfer t = { .max = 1 << 20 };
    provernet_status st = run(&t, url, "POST", 0, err);

    *out = t.answer;
    if (st != PROVERNET_OK)
        buffer_free(out);
    return st;
}

provernet_status http_get_file(const char *url, const char *path,
                               provernet_error *err)
{
    struct transfer t = { .max = 65536 };
    char temp[4200];
    provernet_status st;
    int fd;

    if (!strcmp(path, "-")) {
        t.to = stdout;
        st = run(&t, url, "GET", 0, err);
        buffer_free(&t.answer);
        return st;
    }
    snprintf(temp, sizeof temp, "%.4090s.XXXXXX", path);
    fd = mkostemp(temp, O_CLOEXEC);
    t.to = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!t.to)
        return set_error(err, PROVERNET_ERR_IO, "cannot write %.150s: %s", path,
                         strerror(errno));
    st = run(&t, url, "GET", 0, err);
    if ((fflush(t.to) != 0 || fsync(fd) != 0) && st == PROVERNET_OK)
        st = set_error(err, PROVERNET_ERR_IO, "cannot write %.150s: %s", path,
                       strerror(errno));
    fclose(t.to);
    if (st == PROVERNET_OK && rename(temp, path) != 0)
        st = set_error(err, PROVERNET_ERR_IO, "cannot write %.150s: %s", path,
                       strerror(errno));
    if (st != PROVERNET_OK)
        unlink(temp);
    buffer_free(&t.answer);
    return st;
}
