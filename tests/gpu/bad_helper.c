/* tests/gpu/bad_helper.c - a helper process that behaves badly, as the name of
 * the folder it was started in says: FOLDER/provernet-gpu-helper FOLDER/... */
#include <libgen.h>
#include <provernet_gpu_wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static pvn_wire_say say;

static void tell(size_t len)
{
    char room[sizeof say + 100] = { 0 };

    memcpy(room, &say, sizeof say);
    if (send(PVN_WIRE_SOCKET, room, len, MSG_NOSIGNAL) < 0)
        exit(9);
}

int main(int argc, char **argv)
{
    const char *mode;
    pvn_wire_ask ask;

    if (argc != 3)
        return 2;
    mode = basename(dirname(argv[1]));
    say.head = (pvn_wire_head){ PVN_WIRE_MAGIC, PVN_WIRE_VERSION,
                                PVN_WIRE_HELLO, sizeof say, 0 };
    say.devices = 1;
    say.abi = PROVERNET_GPU_ABI;
    if (!strcmp(mode, "ends"))
        return 5;
    if (!strcmp(mode, "crashes"))
        __builtin_trap();
    if (!strcmp(mode, "short"))
        tell(10);
    if (!strcmp(mode, "long"))
        tell(sizeof say + 100);
    if (!strcmp(mode, "magic"))
        say.head.magic ^= 1;
    if (!strcmp(mode, "version"))
        say.head.version++;
    if (!strcmp(mode, "type"))
        say.head.type++;
    if (!strcmp(mode, "serial"))
        say.head.serial++;
    if (!strcmp(mode, "status"))
        say.status = 77;
    if (!strcmp(mode, "text"))
        memset(say.message, 'x', sizeof say.message);
    if (!strcmp(mode, "devices"))
        say.devices = 0;
    tell(sizeof say);
    if (!strcmp(mode, "twice")) /* an answer nobody asked for */
        tell(sizeof say);
    while (recv(PVN_WIRE_SOCKET, &ask, sizeof ask, 0) == sizeof ask) {
        if (!strcmp(mode, "later"))
            return 0;
        say.head.type = ask.head.type;
        say.head.serial = ask.head.serial + !strcmp(mode, "behind");
        tell(sizeof say);
    }
    return 0;
}
