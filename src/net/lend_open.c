/* net/lend_open.c - making a worker that lends its machine to a network, and
 * the news it tells. Includes lend.h, crypto/. */
#include "crypto/crypto.h"
#include "net/lend.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- news ---- */

void pvn_lend_tell(pvn_lend *l, int level, const char *event,
                   const uint8_t *id32, const char *fmt, ...)
{
    provernet_worker_news n = { .struct_size = sizeof n, .level = level };
    char hex[65];
    va_list ap;

    n.at_ms = pvn_now_ms(&l->w->env);
    snprintf(n.event, sizeof n.event, "%s", event);
    if (id32)
        snprintf(n.request, sizeof n.request, "0x%s", pvn_hex(hex, id32, 32));
    va_start(ap, fmt);
    vsnprintf(n.text, sizeof n.text, fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&l->w->lock);
    if (l->news_len == PVN_NEWS_MAX) {
        l->news_first = (l->news_first + 1) % PVN_NEWS_MAX;
        l->news_len--;
    }
    l->news[(l->news_first + l->news_len++) % PVN_NEWS_MAX] = n;
    pthread_mutex_unlock(&l->w->lock);
}

provernet_status provernet_worker_next_news(provernet_worker *w,
                                            provernet_worker_news *out)
{
    size_t size = out->struct_size;
    pvn_lend *l = w->lend;
    bool some;

    if (!l || size < sizeof(size_t))
        return PROVERNET_AGAIN;
    pthread_mutex_lock(&w->lock);
    some = l->news_len > 0;
    if (some) {
        memcpy(out, &l->news[l->news_first],
               size < sizeof *out ? size : sizeof *out);
        out->struct_size = size;
        l->news_first = (l->news_first + 1) % PVN_NEWS_MAX;
        l->news_len--;
    }
    pthread_mutex_unlock(&w->lock);
    return some ? PROVERNET_OK : PROVERNET_AGAIN;
}

/* ---- options ---- */

static provernet_status wrong(const char *setting, const char *value,
                              const char *want, provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                    "%s is \"%.80s\", expected %s", setting, value, want);
}

/* "2.50": digits and at most one point. */
static bool read_usd(const char *text, double *out)
{
    double v = 0, scale = 1;
    bool point = false;

    if (!*text || strlen(text) > 30 ||
        strspn(text, "0123456789.") != strlen(text))
        return false;
    for (; *text; text++) {
        if (*text == '.' && point)
            return false;
        if (*text == '.') {
            point = true;
            continue;
        }
        v = v * 10 + (*text - '0');
        scale *= point ? 10 : 1;
    }
    *out = v / scale;
    return *out > 0;
}

static provernet_status read_price(pvn_lend *l, const provernet_options *o,
                                   provernet_error *err)
{
    const char *bid = pvn_setting_text(o, PVN_SET_NETWORK_BID);
    const char *usd = pvn_setting_text(o, PVN_SET_NETWORK_USD_PER_HOUR);

    l->fixed_price = *bid != '\0';
    if (*bid && !pvn_ask_amount(bid, strlen(bid), &l->price))
        return wrong("network.bid", bid,
                     "a whole number of wei for one prover gas unit", err);
    if (*bid && l->price == UINT64_MAX)
        return wrong("network.bid", bid, "a number below 2^64", err);
    if (!*bid && !*usd)
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "neither network.bid nor network.usd_per_hour is set\n"
                        "help: say what this machine's work shall cost");
    if (!*bid && !read_usd(usd, &l->usd_per_hour))
        return wrong("network.usd_per_hour", usd,
                     "a number above 0 such as 1.50", err);
    return PROVERNET_OK;
}

static provernet_status read_names(pvn_lend *l, const provernet_options *o,
                                   provernet_error *err)
{
    const char *prover = pvn_setting_text(o, PVN_SET_NETWORK_PROVER);
    const char *domain = pvn_setting_text(o, PVN_SET_NETWORK_DOMAIN);

    l->named = *prover != '\0';
    if (*prover && !pvn_unhex(l->prover20, 20, prover, strlen(prover)))
        return wrong("network.prover", prover, "an address of 40 hex digits",
                     err);
    if (!pvn_unhex(l->domain32, 32, domain, strlen(domain)))
        return wrong("network.domain", domain, "64 hex digits", err);
    return PROVERNET_OK;
}

static provernet_status read_options(pvn_lend *l, const provernet_options *o,
                                     provernet_error *err)
{
    provernet_status rc = read_names(l, o, err);

    if (rc == PROVERNET_OK)
        rc = pvn_lend_memory_check(
            pvn_setting_text(o, PVN_SET_NETWORK_KIND_MEMORY), err);
    if (rc == PROVERNET_OK)
        rc = read_price(l, o, err);
    l->ca_file = pvn_setting_text(o, PVN_SET_NETWORK_CA_FILE);
    l->throughput = (double)pvn_setting_int(o, PVN_SET_NETWORK_THROUGHPUT);
    l->key_speed = (double)pvn_setting_int(o, PVN_SET_NETWORK_KEY_SPEED);
    l->margin = pvn_setting_int(o, PVN_SET_NETWORK_MARGIN);
    l->bids_max = (uint32_t)pvn_setting_int(o, PVN_SET_NETWORK_BIDS);
    l->poll_ms = pvn_setting_int(o, PVN_SET_NETWORK_POLL);
    return rc;
}

/* ---- opening ---- */

static provernet_status open_lend(provernet_worker *w, const char *url,
                                  provernet_error *err)
{
    pvn_lend *l = calloc(1, sizeof *l);
    provernet_status rc;

    if (!l)
        return pvn_nomem(err);
    l->w = w;
    pthread_mutex_init(&l->signing, NULL);
    w->lend = l;
    w->manner = &pvn_manner_network;
    provernet_key_address(w->key, l->signer20);
    rc = read_options(l, w->options, err);
    for (size_t i = 0; i < PVN_LEND_LINES && rc == PROVERNET_OK; i++)
        rc = pvn_grpc_new(&l->line[i], url, l->ca_file, &w->env, err);
    return rc;
}

provernet_status provernet_worker_lend(provernet_worker **out,
                                       const provernet_options *o,
                                       const provernet_key *k,
                                       provernet_error *err)
{
    const char *url = pvn_setting_text(o, PVN_SET_NETWORK_URL);
    provernet_worker *w;
    provernet_status rc;

    if (!out || !k)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "worker_lend needs a place for the worker and a key");
    *out = NULL;
    if (!*url)
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "network.url is not set\n"
                        "help: the network's address, https://HOST");
    w = pvn_worker_new(o);
    if (!w)
        return pvn_nomem(err);
    w->server = strdup(url);
    rc = w->server ? pvn_key_copy(&w->key, k, err) : pvn_nomem(err);
    if (rc == PROVERNET_OK)
        rc = open_lend(w, url, err);
    if (rc) {
        provernet_worker_close(w);
        return rc;
    }
    return pvn_worker_open(w, out, err);
}
