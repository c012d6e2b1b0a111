/* crypto/key.c - secret keys: in locked memory, wiped, never in a message. */
#include "crypto/crypto.h"
#include "crypto/secp.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct provernet_key {
    uint8_t *secret32; /* sodium_malloc */
    uint8_t address20[20];
};

void provernet_key_free(provernet_key *k)
{
    if (!k)
        return;
    sodium_free(k->secret32);
    free(k);
}

static provernet_status fill(provernet_key *k, const pvn_secp *s,
                             const uint8_t secret32[32], provernet_error *err)
{
    secp256k1_pubkey pub;

    if (secret32)
        memcpy(k->secret32, secret32, 32);
    else /* secrets come from libsodium, never from a test's environment */
        do
            randombytes_buf(k->secret32, 32);
        while (!s->ec_seckey_verify(s->ctx, k->secret32));
    if (!s->ec_pubkey_create(s->ctx, &pub, k->secret32))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the secret is zero or not below the group order");
    pvn_address_of(k->address20, s, &pub);
    return PROVERNET_OK;
}

provernet_status provernet_key_new(provernet_key **out,
                                   const uint8_t secret32[32],
                                   provernet_error *err)
{
    const pvn_secp *s = pvn_secp_get(err);
    provernet_key *k;
    provernet_status rc;

    *out = NULL;
    if (!s)
        return PROVERNET_ERR_UNAVAILABLE;
    k = calloc(1, sizeof *k);
    if (k)
        k->secret32 = sodium_malloc(32);
    if (!k || !k->secret32) {
        free(k);
        return pvn_nomem(err);
    }
    rc = fill(k, s, secret32, err);
    if (rc) {
        provernet_key_free(k);
        return rc;
    }
    *out = k;
    return PROVERNET_OK;
}

void provernet_key_address(const provernet_key *k, uint8_t addr20[20])
{
    memcpy(addr20, k->address20, 20);
}

static provernet_status check_file(int fd, const char *path,
                                   provernet_error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "%s: %s", path,
                        strerror(errno));
    if (!S_ISREG(st.st_mode))
        return pvn_fail(err, PROVERNET_ERR_KEY_FILE, 0,
                        "%s is not a regular file", path);
    if (st.st_mode & 077)
        return pvn_fail(err, PROVERNET_ERR_KEY_FILE, 0,
                        "%s can be read by others (mode %03o)\nhelp: chmod 600 "
                        "%s",
                        path, st.st_mode & 0777, path);
    return PROVERNET_OK;
}

static size_t trim(const char *text, size_t len)
{
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    return len;
}

static provernet_status read_open(provernet_key **out, int fd, const char *path,
                                  provernet_error *err)
{
    char text[80];
    uint8_t secret[32];
    ssize_t n;
    provernet_status rc = check_file(fd, path, err);

    if (rc)
        return rc;
    n = read(fd, text, sizeof text);
    if (n < 0)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "%s: %s", path,
                        strerror(errno));
    if (!pvn_unhex(secret, sizeof secret, text, trim(text, (size_t)n)))
        rc = pvn_fail(err, PROVERNET_ERR_KEY_FILE, 0,
                      "%s does not hold a key: expected 64 hex digits", path);
    else
        rc = provernet_key_new(out, secret, err);
    sodium_memzero(text, sizeof text);
    sodium_memzero(secret, sizeof secret);
    return rc;
}

provernet_status provernet_key_read(provernet_key **out, const char *path,
                                    provernet_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    provernet_status rc;

    *out = NULL;
    if (fd < 0)
        return pvn_fail(
            err, errno == ENOENT ? PROVERNET_ERR_NOT_FOUND : PROVERNET_ERR_IO,
            errno, "cannot read key file %s: %s", path, strerror(errno));
    rc = read_open(out, fd, path, err);
    close(fd);
    return rc;
}

provernet_status provernet_key_write(const provernet_key *k, const char *path,
                                     provernet_error *err)
{
    char text[66];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written;

    if (fd < 0)
        return pvn_fail(
            err, errno == EEXIST ? PROVERNET_ERR_EXISTS : PROVERNET_ERR_IO,
            errno, "cannot make key file %s: %s", path, strerror(errno));
    pvn_hex(text, k->secret32, 32);
    text[64] = '\n';
    written = write(fd, text, 65) == 65 && fsync(fd) == 0;
    sodium_memzero(text, sizeof text);
    if (close(fd) < 0 || !written) {
        int cause = errno;

        unlink(path);
        return pvn_fail(err, PROVERNET_ERR_IO, cause,
                        "cannot write key file %s: %s", path, strerror(cause));
    }
    return PROVERNET_OK;
}

provernet_status pvn_sign_digest(const provernet_key *k, uint8_t sig65[65],
                                 const uint8_t digest32[32],
                                 provernet_error *err)
{
    const pvn_secp *s = pvn_secp_get(err);
    secp256k1_ecdsa_recoverable_signature sig;
    int v;

    if (!s)
        return PROVERNET_ERR_UNAVAILABLE;
    if (!s->ecdsa_sign_recoverable(s->ctx, &sig, digest32, k->secret32, NULL,
                                   NULL))
        return pvn_fail(err, PROVERNET_ERR_INTERNAL, 0, "signing failed");
    s->ecdsa_recoverable_signature_serialize_compact(s->ctx, sig65, &v, &sig);
    sig65[64] = (uint8_t)(27 + v);
    return PROVERNET_OK;
}

provernet_status provernet_sign(const provernet_key *k, uint8_t sig65[65],
                                const void *msg, size_t len,
                                provernet_error *err)
{
    uint8_t digest[32];

    if (!k || !sig65 || (!msg && len))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "sign needs a key, a place for the signature and a "
                        "message");
    pvn_eip191(digest, msg, len);
    return pvn_sign_digest(k, sig65, digest, err);
}

provernet_status pvn_key_copy(provernet_key **out, const provernet_key *k,
                              provernet_error *err)
{
    return provernet_key_new(out, k->secret32, err);
}
