/* tests/client/port.c - see port.h. A port is reserved by a name among the
 * kernel's abstract Unix sockets, which live as long as who bound them; it lies
 * outside of the range that outgoing connections get theirs from. */
#include "port.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOWEST = 10000, ENOUGH = 1000 };

/* The longer of the two stretches beside the range of connections. */
static void stretch(unsigned *from, unsigned *to)
{
    unsigned low = 32768, high = 60999;
    FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

    if (f && fscanf(f, "%u %u", &low, &high) != 2)
        low = 32768;
    if (f)
        fclose(f);
    *from = LOWEST;
    *to = low;
    if (low < LOWEST + ENOUGH && high < 65535) {
        *from = high + 1;
        *to = 65536;
    }
    if (*to <= *from) { /* all are for connections: as good as any */
        *from = LOWEST;
        *to = 32768;
    }
}

/* The socket is closed with the program. */
static bool reserve(unsigned port)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), n;

    n = snprintf(a.sun_path + 1, sizeof a.sun_path - 1,
                 "provernet-test-port-%u", port);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                                    (size_t)n)) == 0)
        return true;
    if (fd >= 0)
        close(fd);
    return false;
}

static bool unused(unsigned port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    bool ok = fd >= 0 &&
              setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
              bind(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
              listen(fd, 1) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

uint16_t tc_port(void)
{
    unsigned from, to, at;

    stretch(&from, &to);
    at = (unsigned)getpid() * 31 % (to - from);
    for (unsigned i = 0; i < to - from; i++) {
        unsigned port = from + (at + i) % (to - from);

        if (reserve(port) && unused(port))
            return (uint16_t)port;
    }
    fprintf(stderr, "there is no port between %u and %u\n", from, to);
    exit(EXIT_FAILURE);
}
