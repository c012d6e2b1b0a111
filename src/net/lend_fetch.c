/* net/lend_fetch.c - inputs of a network's job. Includes lend.h, net/fetch.h,
 * artifact/, prove/kinds.h.
 *
 * A network tells no digests. What comes is checked by what it must be: a
 * circuit has the verification key that its hash names; our own servers name
 * the digest in the etag. */
#include "artifact/store.h"
#include "net/fetch.h"
#include "net/lend.h"
#include "prove/kinds.h"
#include "state/rows.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, SIZE_KEPT_MS = 3600000, LEARN_BYTES = 1 << 20 };
#define INPUT_MAX ((uint64_t)1 << 40)

/* ---- zstd ---- */

static provernet_status decode(int in, int out, uint64_t in_bytes,
                               provernet_error *err)
{
    uint64_t cap = in_bytes * PVN_ZSTD_RATIO_MAX + PVN_ZSTD_RATIO_FROM;
    uint8_t *buf = malloc(2 * CHUNK);
    pvn_decoder *d = NULL;
    provernet_status rc = buf ? pvn_decoder_open(&d, err) : pvn_nomem(err);
    uint64_t total = 0;
    bool done = false;
    ssize_t n = 0;

    while (rc == PROVERNET_OK && !done) {
        size_t at = 0;

        n = read(in, buf, CHUNK);
        if (n <= 0)
            break;
        while (rc == PROVERNET_OK && !done) {
            size_t used = 0, got = 0;

            rc = pvn_decoder_step(d, buf + at, (size_t)n - at, &used,
                                  buf + CHUNK, CHUNK, &got, &done, err);
            at += used;
            total += got;
            if (rc == PROVERNET_OK && total > cap)
                rc = pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                              "a compressed input grows beyond reason");
            if (rc == PROVERNET_OK && got &&
                write(out, buf + CHUNK, got) != (ssize_t)got)
                rc = pvn_fail(err,
                              errno == ENOSPC ? PROVERNET_ERR_SPACE
                                              : PROVERNET_ERR_IO,
                              errno, "cannot write an input");
            if (at == (size_t)n && got < CHUNK)
                break;
        }
    }
    pvn_decoder_close(d);
    free(buf);
    if (rc == PROVERNET_OK && !done)
        return pvn_fail(err, PROVERNET_ERR_CORRUPT, 0,
                        "a compressed input is cut off");
    return rc;
}

/* Inputs come as clients uploaded them, or decoded: the first bytes tell. A
 * raw one that began so would be 4 GiB long. */
static provernet_status unpack(const char *path, provernet_error *err)
{
    static const uint8_t magic[4] = { 0x28, 0xb5, 0x2f, 0xfd };
    int in = open(path, O_RDONLY | O_CLOEXEC), out;
    provernet_status rc;
    uint8_t head[4];
    struct stat st;
    char raw[4200];

    if (in < 0 || fstat(in, &st) != 0)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot open %s", path);
    if (pread(in, head, 4, 0) != 4 || memcmp(head, magic, 4) != 0) {
        close(in);
        return PROVERNET_OK;
    }
    snprintf(raw, sizeof raw, "%s.raw", path);
    out = open(raw, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    rc = out < 0 ? pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot make %s", raw)
                 : decode(in, out, (uint64_t)st.st_size, err);
    close(in);
    if (out >= 0)
        close(out);
    if (rc == PROVERNET_OK && rename(raw, path) != 0)
        rc = pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot rename %s", raw);
    if (rc)
        unlink(raw);
    return rc;
}

/* ---- checking ---- */

/* "64 hex digits" in quotes is what our servers name the decoded bytes. */
static bool etag_fits(const char *url, const char *etag,
                      const uint8_t digest32[32])
{
    uint8_t want[32];

    if (!strstr(url, "/artifacts/") || strlen(etag) != 66 || etag[0] != '"' ||
        etag[65] != '"' || !pvn_unhex(want, 32, etag + 1, 64))
        return true;
    return memcmp(want, digest32, 32) == 0;
}

provernet_status pvn_lend_read_fd(void *user, void *buf, size_t len,
                                  uint64_t offset, provernet_error *err)
{
    int fd = *(const int *)user;
    uint8_t *p = buf;

    while (len) {
        ssize_t n = pread(fd, p, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return pvn_fail(err, PROVERNET_ERR_IO, n ? errno : EIO,
                            "cannot read a program");
        p += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return PROVERNET_OK;
}

/* Is it the circuit that the request names? */
static provernet_status check_circuit(provernet_job *j, const char *path,
                                      uint64_t bytes, provernet_error *err)
{
    const uint8_t *vk_hash32 = j->lease->input[0]->id.data;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    provernet_status rc;

    if (fd < 0)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot open %s", path);
    rc = pvn_circuit_check(pvn_lend_read_fd, &fd, bytes, pvn_bytes_of(NULL, 0),
                           vk_hash32, err);
    close(fd);
    if (rc == PROVERNET_ERR_MISMATCH || rc == PROVERNET_ERR_FORMAT)
        j->refusal = PVN_NET_KEY_MISMATCH;
    return rc;
}

/* ---- fetching ---- */

typedef struct stdin_ask {
    const uint8_t *id32;
} stdin_ask;

static void stdin_body(pvn_buf *b, uint64_t nonce, const void *what)
{
    pvn_ask_stdin_uri(b, nonce, ((const stdin_ask *)what)->id32);
}

/* Where the input lies: a private one's address is asked for, signed. */
static provernet_status address_of(provernet_job *j, size_t i, pvn_arena *a,
                                   const char **url, provernet_error *err)
{
    const pvn_wire_input *wire = j->lease->input[i];
    stdin_ask ask = { pvn_lend_request_of(j) };
    pvn_buf answer = { 0 };
    provernet_status rc;

    *url = wire->path;
    if (wire->type != PVN_TYPE_PRIVATE_STDIN)
        return PROVERNET_OK;
    rc = pvn_lend_signed(
        j->w->lend, PVN_LEND_SEND, PVN_ASK_PATH("GetStdinUri"), stdin_body,
        &ask, pvn_now_ms(&j->w->env) + pvn_job_left(j), &answer, NULL, err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_stdin_uri(a, pvn_bytes_of(answer.data, answer.len), url,
                                err);
    pvn_buf_free(&answer);
    return rc;
}

/* An address may have run out: the network gives a new one. */
static provernet_status fresh_address(provernet_job *j, size_t i, pvn_arena *a,
                                      const char **url, provernet_error *err)
{
    const char *old = *url;
    pvn_heard_request r;
    provernet_status rc;

    if (j->lease->input[i]->type == PVN_TYPE_PRIVATE_STDIN)
        return address_of(j, i, a, url, err);
    rc = pvn_lend_details(j->w->lend, PVN_LEND_SEND, pvn_lend_request_of(j), a,
                          &r, err);
    if (rc)
        return rc;
    *url = i == 0 ? r.program_url : r.stdin_url;
    if (!**url || strcmp(*url, old) == 0)
        return pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0,
                        "%s is not to be had from the network",
                        i == 0 ? "the program" : "the input");
    return PROVERNET_OK;
}

/* Into `path`, decoded, with digest and length in *in. */
static provernet_status fetch_to(provernet_job *j, size_t i, const char *path,
                                 pvn_net_input *in, provernet_error *err)
{
    const char *ca = j->w->lend->ca_file, *url = "";
    int64_t began = pvn_now_ms(&j->w->env);
    provernet_error why = { 0 };
    char etag[PVN_ETAG_MAX];
    pvn_arena a = { 0 };
    provernet_status rc;

    rc = address_of(j, i, &a, &url, err);
    if (rc == PROVERNET_OK) {
        rc = pvn_fetch_url(j, url, ca, path, INPUT_MAX, etag, &why);
        if ((rc == PROVERNET_ERR_NOT_FOUND || rc == PROVERNET_ERR_PERMISSION) &&
            fresh_address(j, i, &a, &url, NULL) == PROVERNET_OK)
            rc = pvn_fetch_url(j, url, ca, path, INPUT_MAX, etag, &why);
        if (rc)
            pvn_error_copy(err, &why);
    }
    if (rc == PROVERNET_OK)
        rc = unpack(path, err);
    if (rc == PROVERNET_OK)
        rc = pvn_file_digest(path, in->digest32, &in->bytes, err);
    if (rc == PROVERNET_OK && !etag_fits(url, etag, in->digest32))
        rc = pvn_fail(err, PROVERNET_ERR_CORRUPT, 0,
                      "an input was damaged on its way: its SHA-256 is not "
                      "the one that the server names");
    if (rc == PROVERNET_OK && in->bytes >= LEARN_BYTES) {
        int64_t ms = pvn_now_ms(&j->w->env) - began;
        double speed = (double)in->bytes * 1000 / (double)(ms > 0 ? ms : 1);

        pthread_mutex_lock(&j->w->lock);
        j->w->lend->load_speed = speed;
        pthread_mutex_unlock(&j->w->lock);
    }
    pvn_arena_free(&a);
    return rc;
}

static provernet_status fetch_program(provernet_job *j, pvn_net_input *in,
                                      provernet_error *err)
{
    const uint8_t *key32 = j->lease->input[0]->digest.data;
    pvn_cache *c = j->w->cache;
    pvn_program_size s = { .fetched = true };
    const pvn_kind *kind = pvn_kind_find(j->lease->kind);
    provernet_status rc;
    char *part;

    memcpy(s.key32, key32, 32);
    in->cached = pvn_cache_find(c, key32);
    if (in->cached) {
        if (pvn_lend_size(j->w->lend, key32, &s) && s.fetched) {
            memcpy(in->digest32, s.digest32, 32);
            in->bytes = s.bytes;
            return PROVERNET_OK;
        }
        rc = pvn_file_digest(pvn_cached_path(in->cached), in->digest32,
                             &in->bytes, err);
    } else {
        part = pvn_cache_part(c, key32, err);
        if (!part)
            return PROVERNET_ERR_IO;
        rc = fetch_to(j, 0, part, in, err);
        if (rc == PROVERNET_OK && kind && kind->memory)
            rc = check_circuit(j, part, in->bytes, err);
        if (rc == PROVERNET_OK)
            rc = pvn_cache_keep(c, &in->cached, part, key32, err);
        if (rc)
            unlink(part);
        free(part);
    }
    if (rc)
        return rc;
    s.fetched = true;
    s.bytes = in->bytes;
    s.until_ms = pvn_now_ms(&j->w->env) + SIZE_KEPT_MS;
    memcpy(s.digest32, in->digest32, 32);
    pvn_lend_size_keep(j->w->lend, &s);
    return PROVERNET_OK;
}

provernet_status pvn_lend_fetch(provernet_job *j, size_t i, pvn_net_input *in,
                                provernet_error *err)
{
    provernet_status rc;

    if (i == 0) {
        rc = fetch_program(j, in, err);
        if (rc)
            return rc;
        in->path = strdup(pvn_cached_path(in->cached));
    } else {
        in->path = pvn_cache_temporary(j->w->cache, err);
        if (!in->path)
            return PROVERNET_ERR_IO;
        in->temporary = true;
        rc = fetch_to(j, i, in->path, in, err);
        if (rc)
            return rc;
    }
    j->fetched_ms = pvn_now_ms(&j->w->env);
    return in->path ? PROVERNET_OK : pvn_nomem(err);
}
