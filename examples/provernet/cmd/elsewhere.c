/* cmd/elsewhere.c - the commands that `provernet` does not carry: they need a
 * server, a database or a network, whose thirty libraries take longer to load
 * than a small proof takes to make. provernetd, the whole program, lies in the
 * same directory and takes over with the same arguments. */
#include "../cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char whole[] = "provernetd";

/* The path of the whole program, beside this one. */
static bool beside(char *path, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", path, cap);
    char *slash;

    if (n <= 0 || (size_t)n >= cap)
        return false;
    path[n] = '\0';
    slash = strrchr(path, '/');
    if (!slash || (size_t)(slash + 1 - path) + sizeof whole > cap)
        return false;
    memcpy(slash + 1, whole, sizeof whole);
    return true;
}

static int elsewhere(struct invocation *v)
{
    char path[4096];

    if (!beside(path, sizeof path))
        return complain(PROVERNET_ERR_IO,
                        "cannot tell where this program lies: %s\nhelp: /proc "
                        "must be mounted; or start %s itself",
                        strerror(errno), whole);
    execv(path, v->argv); /* keeps the name provernet */
    return complain(PROVERNET_ERR_IO,
                    "%s is the work of %s: %s: %s\nhelp: both programs belong "
                    "in one directory; install them together",
                    v->command->name, whole, path, strerror(errno));
}

int cmd_serve(struct invocation *v)
{
    return elsewhere(v);
}

int cmd_worker(struct invocation *v)
{
    return elsewhere(v);
}

int cmd_submit(struct invocation *v)
{
    return elsewhere(v);
}

int cmd_requests(struct invocation *v)
{
    return elsewhere(v);
}

int cmd_artifacts(struct invocation *v)
{
    return elsewhere(v);
}

int cmd_demo(struct invocation *v)
{
    return elsewhere(v);
}

int cmd_doctor(struct invocation *v)
{
    return elsewhere(v);
}
