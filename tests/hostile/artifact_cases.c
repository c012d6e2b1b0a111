/* tests/hostile/artifact_cases.c - uploads and downloads by those who should
 * not, or not so. The server of these tests has a quota of 64 MiB. */
#include "hostile.h"
#include "patience.h"
#include <dirent.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool create(int type, char *uri, char *url)
{
    uint8_t sig[65];
    tc_buf m = { 0 };
    tc_reply r;
    const uint8_t *p;
    size_t len;
    bool ok = false;

    (void)!provernet_sign(user.key, sig, "create_artifact", 15, NULL);
    tc_bytes(&m, 1, sig, 65);
    tc_u64(&m, 2, (uint64_t)type);
    tc_call(&user.conn, "/artifact.ArtifactStore/CreateArtifact", m.data, m.len,
            &r);
    if (r.msg && tc_get_bytes(r.msg, r.msg_len, 1, 0, &p, &len) && len < 512) {
        memcpy(uri, p, len);
        uri[len] = '\0';
        ok = tc_get_bytes(r.msg, r.msg_len, 2, 0, &p, &len) && len < 512;
        if (ok) {
            memcpy(url, p, len);
            url[len] = '\0';
        }
    }
    tc_free(&m);
    tc_reply_free(&r);
    return ok;
}

static int status_of(const char *method, const char *url, const void *body,
                     size_t len)
{
    tc_http h;
    int status = tc_http_url(method, url, body, len, &h) ? h.status : -1;

    tc_http_free(&h);
    return status;
}

static size_t files_below(const char *dir)
{
    char path[1024];
    DIR *d = opendir(dir);
    struct dirent *e;
    size_t n = 0;

    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        n += e->d_type == DT_DIR ? files_below(path) : 1;
    }
    if (d)
        closedir(d);
    return n;
}

static void types(void)
{
    char uri[512], url[512];

    for (int type = 0; type < 12; type++) {
        bool known = type >= 1 && type <= 7;

        EXPECT("artifact types", create(type, uri, url), known,
               type == 4 || type == 5 || type == 6 ? 0 : known);
    }
}

static void tickets(void)
{
    char uri[512], url[512], other_uri[512], other[512], forged[1100];
    char *t;

    create(2, uri, url);
    create(2, other_uri, other);
    EXPECT("GET before it is stored", status_of("GET", uri, "", 0), 404, 409);
    t = strchr(url, '?');
    if (t) {
        snprintf(forged, sizeof forged, "%.*s", (int)(t - url), url);
        EXPECT("PUT without a ticket", status_of("PUT", forged, "x", 1), 403);
        snprintf(forged, sizeof forged, "%.*s%s", (int)(t - url), url,
                 strchr(other, '?'));
        EXPECT("PUT with another's ticket", status_of("PUT", forged, "x", 1),
               403);
        snprintf(forged, sizeof forged, "%s", url);
        for (size_t i = strlen(forged) - 1, n = 0; n < 24; i--, n++) {
            char was = forged[i];

            forged[i] = was == '0' ? '1' : '0';
            EXPECT("PUT with a forged ticket", status_of("PUT", forged, "x", 1),
                   403);
            forged[i] = was;
        }
    }
    EXPECT("PUT", status_of("PUT", url, "bytes", 5), 200, 201, 204);
    EXPECT("the same PUT again", status_of("PUT", url, "bytes", 5), 200, 201,
           204);
    EXPECT("PUT of other bytes", status_of("PUT", url, "other", 5), 409);
    EXPECT("PUT of no bytes", status_of("PUT", url, "", 0), 409);
    EXPECT("POST", status_of("POST", uri, "bytes", 5), 403, 405, 409);
    EXPECT("DELETE", status_of("DELETE", url, "", 0), 403, 405);
    EXPECT("GET", status_of("GET", uri, "", 0), 200);
    EXPECT("HEAD", status_of("HEAD", uri, "", 0), 200);
}

static void names(void)
{
    static const char *const tail[] = {
        "/artifacts",
        "/artifacts/",
        "/artifacts/stdin",
        "/artifacts/stdin/",
        "/artifacts/stdin/zz",
        "/artifacts/stdin/0123456789abcdef",
        "/artifacts/stdin/00000000000000000000000000000000",
        "/artifacts/stdin/ffffffffffffffffffffffffffffffff",
        "/artifacts/nosuch/ffffffffffffffffffffffffffffffff",
        "/artifacts/stdin/FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF/x",
        "/artifacts/stdin/fffffffffffffffffffffffffffffffff",
    };
    char url[600];

    for (size_t i = 0; i < sizeof tail / sizeof tail[0]; i++) {
        snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server.port,
                 tail[i]);
        EXPECT(tail[i], status_of("GET", url, "", 0), 400, 404, 405);
        EXPECT(tail[i], status_of("PUT", url, "x", 1), 400, 403, 404, 405);
    }
}

static int send_head(const char *url, const char *fields)
{
    char host[64], text[2048];
    unsigned port;
    int at = 0, fd;

    sscanf(url, "http://%63[^:/]:%u%n", host, &port, &at);
    fd = tc_dial(host, (uint16_t)port);
    snprintf(text, sizeof text, "PUT %s HTTP/1.1\r\nHost: x\r\n%s\r\n",
             url + at, fields);
    tc_send(fd, text, strlen(text));
    return fd;
}

static int answer(int fd)
{
    char head[13] = "";
    int status = -1;

    if (tc_recv(fd, head, 12))
        status = atoi(head + 9);
    close(fd);
    return status;
}

static void quota(void)
{
    char uri[512], url[512];
    uint8_t *big = malloc(80u << 20);

    memset(big, 3, 80u << 20);
    create(2, uri, url);
    EXPECT("a length above the quota",
           answer(send_head(url, "Content-Length: 99999999999\r\n")), 413, 507);
    EXPECT("80 MiB into 64 MiB", status_of("PUT", url, big, 80u << 20), 413,
           507, -1);
    EXPECT("it is not there", status_of("GET", uri, "", 0), 404, 409);
    EXPECT("something small still fits", status_of("PUT", url, "x", 1), 200,
           201, 204);
    free(big);
}

static void interrupted(void)
{
    char uri[512], url[512], dir[128];
    static uint8_t part[1 << 20];
    size_t before, after;
    int64_t until = 0;
    int fd;

    snprintf(dir, sizeof dir, "%s", server.dir);
    before = files_below(dir);
    for (int i = 0; i < 5; i++) {
        create(2, uri, url);
        fd = send_head(url, "Content-Length: 4000000\r\n");
        tc_send(fd, part, sizeof part);
        shutdown(fd, SHUT_RDWR);
        close(fd);
        EXPECT("an upload that breaks off", 0, 0);
        EXPECT("is not there", status_of("GET", uri, "", 0), 404, 409);
    }
    do
        after = files_below(dir);
    while (after > before && patient(&until)); /* the server notices */
    EXPECT("and leaves no file", after <= before, 1);
    EXPECT("and can be sent again", status_of("PUT", url, part, sizeof part),
           200, 201, 204);
}

static void slow_bodies(void)
{
    enum { N = 100 };
    int fd[N];
    char uri[512], url[512];

    for (int i = 0; i < N; i++) {
        create(2, uri, url);
        fd[i] = send_head(url, "Content-Length: 1000000\r\n");
        tc_send(fd[i], "a", 1);
    }
    EXPECT("100 uploads that crawl", 0, 0);
    for (int i = 0; i < N; i++)
        close(fd[i]);
}

static void ranges(void)
{
    static const struct {
        const char *range;
        int want, or_else;
    } list[] = { { "bytes=0-1", 206, 206 },
                 { "bytes=2-", 206, 206 },
                 { "bytes=-2", 206, 206 },
                 { "bytes=9-", 416, 416 },
                 { "bytes=3-1", 200, 416 },
                 { "bytes=a-b", 200, 416 },
                 { "lines=1-2", 200, 416 },
                 { "bytes=0-0,2-2", 200, 206 },
                 { "bytes=-", 200, 416 },
                 { "bytes=-0", 416, 200 },
                 { "bytes=0-99999999999999999999999", 200, 416 } };
    char uri[512], url[512], text[1024], host[64];
    unsigned port;
    int at = 0;

    create(2, uri, url);
    status_of("PUT", url, "hello", 5);
    sscanf(uri, "http://%63[^:/]:%u%n", host, &port, &at);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        int fd = tc_dial(host, (uint16_t)port), status;

        snprintf(text, sizeof text,
                 "GET %s HTTP/1.1\r\nHost: x\r\nRange: %s\r\n\r\n", uri + at,
                 list[i].range);
        tc_send(fd, text, strlen(text));
        status = answer(fd);
        EXPECT(list[i].range, status, list[i].want, list[i].or_else, 206);
    }
}

/* A small frame that claims to hold 4 GiB, and one that really holds much. */
static void zstd_bombs(void)
{
    static const uint8_t claims[] = { 0x28, 0xb5, 0x2f, 0xfd, 0xa4, 0,
                                      0,    0,    0,    1,    0,    0 };
    char uri[512], url[512];

    create(2, uri, url);
    EXPECT("a zstd head without its frame",
           status_of("PUT", url, claims, sizeof claims), 200, 201, 204);
    EXPECT("is given back", status_of("GET", uri, "", 0), 200);
}

static void private_ones(void)
{
    char uri[512], url[512];
    char *t;

    create(7, uri, url);
    EXPECT("a private input goes up", status_of("PUT", url, "secret", 6), 200,
           201, 204);
    EXPECT("but not down", status_of("GET", uri, "", 0), 403, 404);
    t = strchr(url, '?');
    if (t) {
        char with[1100];

        snprintf(with, sizeof with, "%s%s", uri, t);
        EXPECT("nor with the ticket for the upload",
               status_of("GET", with, "", 0), 403, 404);
    }
}

void artifact_cases(void)
{
    types();
    tickets();
    names();
    quota();
    interrupted();
    slow_bodies();
    ranges();
    zstd_bombs();
    private_ones();
}
