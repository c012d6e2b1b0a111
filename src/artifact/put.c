/* artifact/put.c - one upload: hashed, measured and written while it streams
 * in; named only when it is whole and on disk.
 *
 * Includes base/, OpenSSL (SHA-256) and zstd. */
#include "artifact/store_dir.h"
#include "base/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { /* facts.encoding: the values of artifacts.encoding */
       ENCODED_RAW = 0,
       ENCODED_ZSTD = 1
};
enum {
    GATHER_BYTES = 65536, /* small pieces are gathered up to this */
    DIRECT_BYTES = 32768  /* larger ones are written as they come */
};

static const uint8_t zstd_magic[4] = { 0x28, 0xb5, 0x2f, 0xfd };

/* Is the body exactly one zstd frame? */
typedef enum coding {
    UNKNOWN, /* fewer than four bytes yet, all as in the magic */
    NO,
    SO_FAR, /* decodes up to here */
    WHOLE   /* the frame has ended; another byte makes it NO */
} coding;

struct pvn_put {
    pvn_store *store;
    EVP_MD_CTX *stored_hash, *raw_hash; /* raw: while coding >= SO_FAR */
    pvn_measure *measure;
    coding coding;
    uint64_t bytes, raw_bytes;
    pvn_buf buf; /* inline content, or what is not in the file yet */
    int fd;      /* -1: no file */
    char *temp;  /* its name, until it has a better one */
    uint64_t written;
    bool ended, kept;
    provernet_error failed; /* status: after it nothing is accepted */
    uint8_t stored_digest32[32];
};

static provernet_status fail_put(pvn_put *p, const provernet_error *e,
                                 provernet_error *err)
{
    p->failed = *e;
    return pvn_error_copy(err, e);
}

static bool hash_start(pvn_store *s, EVP_MD_CTX **ctx)
{
    *ctx = EVP_MD_CTX_new();
    return *ctx && EVP_DigestInit_ex(*ctx, s->sha256, NULL) == 1;
}

provernet_status pvn_put_open(pvn_store *s, pvn_put **out, provernet_error *err)
{
    pvn_put *p = calloc(1, sizeof *p);

    *out = NULL;
    if (!p)
        return pvn_nomem(err);
    p->store = s;
    p->fd = -1;
    if (!hash_start(s, &p->stored_hash)) {
        pvn_put_close(p);
        return pvn_nomem(err);
    }
    *out = p;
    return PROVERNET_OK;
}

/* ---- measuring ---- */

static void stop_measuring(pvn_put *p)
{
    p->coding = NO;
    pvn_measure_give(p->store, p->measure);
    p->measure = NULL;
    EVP_MD_CTX_free(p->raw_hash);
    p->raw_hash = NULL;
}

static provernet_status check_raw(const pvn_put *p, provernet_error *err)
{
    if (p->raw_bytes > p->store->bytes_max)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "the zstd data decodes to more than %llu bytes "
                        "(artifact.size_max)",
                        (unsigned long long)p->store->bytes_max);
    if (p->raw_bytes > PVN_ZSTD_RATIO_FROM &&
        p->raw_bytes / PVN_ZSTD_RATIO_MAX > p->bytes)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "%llu bytes of zstd data decode to %llu bytes or more: "
                        "more than %d times (limit of compressed uploads)\n"
                        "help: upload it uncompressed",
                        (unsigned long long)p->bytes,
                        (unsigned long long)p->raw_bytes, PVN_ZSTD_RATIO_MAX);
    return PROVERNET_OK;
}

/* Decode data and throw the result away but for its hash and length. What
 * does not decode is no error: it is stored as it is. */
static provernet_status measure(pvn_put *p, const uint8_t *data, size_t len,
                                provernet_error *err)
{
    ZSTD_inBuffer in = { data, len, 0 };
    provernet_status s;

    for (;;) {
        ZSTD_outBuffer out = { p->measure->out, ZSTD_DStreamOutSize(), 0 };
        size_t rc = ZSTD_decompressStream(p->measure->zstd, &out, &in);

        if (ZSTD_isError(rc)) {
            bool nomem = ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation;

            stop_measuring(p);
            return nomem ? pvn_nomem(err) : PROVERNET_OK;
        }
        if (EVP_DigestUpdate(p->raw_hash, out.dst, out.pos) != 1)
            return pvn_nomem(err);
        p->raw_bytes += out.pos;
        if ((s = check_raw(p, err)) != 0)
            return s;
        if (rc == 0) {
            p->coding = WHOLE;
            if (in.pos < in.size)
                stop_measuring(p);
            return PROVERNET_OK;
        }
        if (in.pos == in.size && out.pos < out.size)
            return PROVERNET_OK;
    }
}

static provernet_status look(pvn_put *p, const uint8_t *data, size_t len,
                             provernet_error *err)
{
    /* p->bytes counts data already */
    uint64_t before = p->bytes - len;
    provernet_status s;

    if (p->coding == UNKNOWN) {
        for (size_t i = 0; i < len && before + i < sizeof zstd_magic; i++)
            if (data[i] != zstd_magic[before + i]) {
                p->coding = NO;
                return PROVERNET_OK;
            }
        if (p->bytes < sizeof zstd_magic)
            return PROVERNET_OK;
        p->measure = pvn_measure_take(p->store);
        if (!p->measure || !hash_start(p->store, &p->raw_hash))
            return pvn_nomem(err);
        p->coding = SO_FAR;
        if (before && (s = measure(p, zstd_magic, (size_t)before, err)) != 0)
            return s;
    } else if (p->coding == WHOLE && len) {
        stop_measuring(p);
    }
    return p->coding == SO_FAR ? measure(p, data, len, err) : PROVERNET_OK;
}

/* ---- writing ---- */

static provernet_status write_out(pvn_put *p, const uint8_t *data, size_t len,
                                  provernet_error *err)
{
    const pvn_files *f = &p->store->env.files;

    while (len > 0) {
        ssize_t n = f->pwrite(f->user, p->fd, data, len, p->written);

        if (n == -EINTR)
            continue;
        if (n <= 0)
            return pvn_store_fail(err, n < 0 ? (int)n : -EIO, "write", p->temp);
        data += n;
        len -= (size_t)n;
        p->written += (uint64_t)n;
    }
    return PROVERNET_OK;
}

static provernet_status flush(pvn_put *p, provernet_error *err)
{
    provernet_status s = write_out(p, p->buf.data, p->buf.len, err);

    if (!s)
        p->buf.len = 0;
    return s;
}

static provernet_status open_temp(pvn_put *p, provernet_error *err)
{
    const pvn_files *f = &p->store->env.files;
    char *path = pvn_store_temp(p->store);
    int fd;

    if (!path)
        return pvn_nomem(err);
    fd = f->open(f->user, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        provernet_status s = pvn_store_fail(err, fd, "make", path);

        free(path);
        return s;
    }
    p->fd = fd;
    p->temp = path;
    return PROVERNET_OK;
}

static provernet_status put_bytes(pvn_put *p, const uint8_t *data, size_t len,
                                  provernet_error *err)
{
    provernet_status s;

    if (p->fd < 0 && p->bytes > p->store->inline_max &&
        (s = open_temp(p, err)) != 0)
        return s;
    if (p->fd >= 0 &&
        (len >= DIRECT_BYTES || p->buf.len + len > GATHER_BYTES)) {
        if ((s = flush(p, err)) != 0)
            return s;
        if (len >= DIRECT_BYTES)
            return write_out(p, data, len, err);
    }
    return pvn_buf_add(&p->buf, data, len) ? PROVERNET_OK : pvn_nomem(err);
}

provernet_status pvn_put_write(pvn_put *p, const void *data, size_t len,
                               provernet_error *err)
{
    provernet_error e = { 0 };

    if (p->failed.status)
        return pvn_error_copy(err, &p->failed);
    if (p->ended)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the upload has ended already");
    if (len == 0)
        return PROVERNET_OK;
    if (len > p->store->bytes_max || p->bytes > p->store->bytes_max - len) {
        pvn_fail(&e, PROVERNET_ERR_LIMIT, 0,
                 "the artifact is larger than %llu bytes (artifact.size_max)",
                 (unsigned long long)p->store->bytes_max);
        return fail_put(p, &e, err);
    }
    p->bytes += len;
    if (EVP_DigestUpdate(p->stored_hash, data, len) != 1)
        pvn_nomem(&e);
    else if ((p->coding == NO || look(p, data, len, &e) == 0))
        put_bytes(p, data, len, &e);
    return e.status ? fail_put(p, &e, err) : PROVERNET_OK;
}

provernet_status pvn_put_end(pvn_put *p, pvn_facts *facts, provernet_error *err)
{
    provernet_error e = { 0 };
    bool coded = p->coding == WHOLE;

    if (p->failed.status)
        return pvn_error_copy(err, &p->failed);
    if (p->ended)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the upload has ended already");
    memset(facts, 0, sizeof *facts);
    if (EVP_DigestFinal_ex(p->stored_hash, p->stored_digest32, NULL) != 1 ||
        (coded &&
         EVP_DigestFinal_ex(p->raw_hash, facts->digest32, NULL) != 1)) {
        pvn_nomem(&e);
        return fail_put(p, &e, err);
    }
    if (!coded)
        memcpy(facts->digest32, p->stored_digest32, 32);
    facts->bytes = p->bytes;
    facts->raw_bytes = coded ? p->raw_bytes : p->bytes;
    facts->encoding = coded ? ENCODED_ZSTD : ENCODED_RAW;
    if (p->fd < 0)
        facts->content = p->buf.len ? p->buf.data : (const uint8_t *)"";
    p->ended = true;
    stop_measuring(p); /* the decoder goes back before the disk is waited for */
    return PROVERNET_OK;
}

/* ---- keeping ---- */

/* Does the file hold the bytes that were uploaded? */
static provernet_status same_file(pvn_put *p, const provernet_id *id,
                                  bool *same, provernet_error *err)
{
    const pvn_files *f = &p->store->env.files;
    uint8_t digest32[32];
    uint64_t bytes, at = 0;
    EVP_MD_CTX *hash = NULL;
    uint8_t *block;
    provernet_status s;
    int fd;

    *same = false;
    s = pvn_store_open_file(p->store, id, &fd, &bytes, err);
    if (s == PROVERNET_ERR_NOT_FOUND)
        return PROVERNET_OK;
    if (s)
        return s;
    block = malloc(GATHER_BYTES);
    if (!block || !hash_start(p->store, &hash))
        s = pvn_nomem(err);
    while (!s && bytes == p->bytes && at < bytes) {
        ssize_t n = f->pread(f->user, fd, block, GATHER_BYTES, at);

        if (n == -EINTR)
            continue;
        if (n <= 0)
            s = pvn_store_fail(err, n < 0 ? (int)n : -EIO, "read a file in",
                               p->store->dir);
        else if (EVP_DigestUpdate(hash, block, (size_t)n) != 1)
            s = pvn_nomem(err);
        else
            at += (uint64_t)n;
    }
    if (!s && bytes == p->bytes &&
        EVP_DigestFinal_ex(hash, digest32, NULL) == 1)
        *same = memcmp(digest32, p->stored_digest32, 32) == 0;
    EVP_MD_CTX_free(hash);
    free(block);
    f->close(f->user, fd);
    return s;
}

static bool before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec
                                  : a->tv_nsec < b->tv_nsec;
}

/* Give the file its name, unless another upload of this run has it: two
 * uploads to one id must not end with the row of one and the bytes of the
 * other. A file of an earlier run that no row knows gives way (the caller
 * asked the row before). *taken: the name was given to another. */
static provernet_status give_name(pvn_put *p, const char *path, bool *taken,
                                  provernet_error *err)
{
    const pvn_files *f = &p->store->env.files;
    struct stat info;
    int rc = 0;

    pthread_mutex_lock(&p->store->lock);
    *taken =
        stat(path, &info) == 0 && !before(&info.st_mtim, &p->store->opened);
    if (!*taken)
        rc = f->rename(f->user, p->temp, path);
    pthread_mutex_unlock(&p->store->lock);
    if (rc < 0)
        return pvn_store_fail(err, rc, "rename to", path);
    if (!*taken) {
        free(p->temp);
        p->temp = NULL;
    }
    return PROVERNET_OK;
}

static provernet_status settle(pvn_put *p, const provernet_id *id,
                               const char *path, provernet_error *err)
{
    const pvn_files *f = &p->store->env.files;
    bool taken, same;
    provernet_status s = give_name(p, path, &taken, err);

    if (!s && taken) {
        if ((s = same_file(p, id, &same, err)) != 0)
            return s;
        if (!same)
            return pvn_fail(err, PROVERNET_ERR_EXISTS, 0,
                            "artifact %s was uploaded already with other "
                            "bytes",
                            strrchr(path, '/') + 1);
    }
    if (s || (s = pvn_store_sync_dir(p->store, id, err)) == 0)
        return s;
    if (!taken) /* nobody may find what might not last */
        f->unlink(f->user, path);
    return s;
}

provernet_status pvn_put_keep(pvn_put *p, const provernet_id *id,
                              provernet_error *err)
{
    const pvn_files *f = &p->store->env.files;
    provernet_error e = { 0 };
    char *path;
    int rc;

    if (p->failed.status)
        return pvn_error_copy(err, &p->failed);
    if (!p->ended)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the upload has not ended yet");
    if (p->fd < 0 || p->kept)
        return PROVERNET_OK;
    path = pvn_store_path(p->store, id);
    if (!path)
        return pvn_nomem(err);
    if (flush(p, &e) == 0) {
        rc = f->fsync(f->user, p->fd);
        if (rc < 0)
            pvn_store_fail(&e, rc, "sync", p->temp);
        else
            settle(p, id, path, &e);
    }
    free(path);
    if (e.status)
        return fail_put(p, &e, err);
    p->kept = true;
    return PROVERNET_OK;
}

void pvn_put_close(pvn_put *p)
{
    const pvn_files *f;

    if (!p)
        return;
    f = &p->store->env.files;
    if (p->fd >= 0)
        f->close(f->user, p->fd);
    if (p->temp)
        f->unlink(f->user, p->temp);
    free(p->temp);
    pvn_measure_give(p->store, p->measure);
    EVP_MD_CTX_free(p->stored_hash);
    EVP_MD_CTX_free(p->raw_hash);
    pvn_buf_free(&p->buf);
    free(p);
}
