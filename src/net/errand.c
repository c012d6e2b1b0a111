/* net/errand.c - see errand.h. libcurl, one handle, nothing kept. */
#include "net/errand.h"
#include "net/fetch.h"
#include <curl/curl.h>

enum { CONNECT_MS = 2000, WHOLE_MS = 4000 };

static size_t drop(char *data, size_t one, size_t len, void *user)
{
    (void)data;
    (void)user;
    return one * len;
}

static provernet_status judge(long status, const char *url,
                              provernet_error *err)
{
    if (status >= 200 && status < 300)
        return PROVERNET_OK;
    return pvn_fail(err,
                    status == 404 ? PROVERNET_ERR_NOT_FOUND
                                  : PROVERNET_ERR_UNAVAILABLE,
                    0, "DELETE %s was answered %ld", url, status);
}

provernet_status pvn_net_delete(const char *url, provernet_error *err)
{
    long status = 0;
    CURLcode rc;
    CURL *h;

    pvn_fetch_start();
    h = curl_easy_init();
    if (!h)
        return pvn_nomem(err);
    curl_easy_setopt(h, CURLOPT_URL, url);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(h, CURLOPT_PROTOCOLS,
                     (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, "DELETE");
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, drop);
    rc = curl_easy_perform(h);
    if (rc == CURLE_OK)
        curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(h);
    if (rc != CURLE_OK)
        return pvn_fail(err, PROVERNET_ERR_CONNECT, 0, "DELETE %s: %s", url,
                        curl_easy_strerror(rc));
    return judge(status, url, err);
}
