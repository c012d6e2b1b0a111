/* net/input.c - inputs of a job: bytes that came along, files of the node's
 * store, or files fetched into the cache. */
#include "net/fetch.h"
#include "net/inside.h"
#include "net/local.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void pvn_input_free(provernet_job *j, pvn_net_input *in)
{
    provernet_blob_close(in->blob);
    pvn_cached_give(j->w->cache, in->cached);
    if (in->fd >= 0)
        close(in->fd);
    if (in->temporary && in->path)
        unlink(in->path);
    free(in->path);
}

static bool came_along(const pvn_wire_input *in)
{
    return in->_content_case ==
               PROVERNET__WORKER__V1__INPUT___CONTENT_CONTENT ||
           in->raw_bytes == 0;
}

static provernet_status write_along(provernet_job *j, pvn_net_input *in,
                                    const pvn_wire_input *wire,
                                    provernet_error *err)
{
    int fd;
    bool ok;

    in->path = pvn_cache_temporary(j->w->cache, err);
    if (!in->path)
        return PROVERNET_ERR_IO;
    in->temporary = true;
    fd = open(in->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ok = fd >= 0 && (wire->content.len == 0 ||
                     write(fd, wire->content.data, wire->content.len) ==
                         (ssize_t)wire->content.len);
    if (fd >= 0)
        close(fd);
    if (!ok)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot write %s: %s",
                        in->path, strerror(errno));
    return PROVERNET_OK;
}

/* The store's own file under a name, while its descriptor is open. */
static provernet_status local_path(provernet_job *j, pvn_net_input *in,
                                   const pvn_wire_input *wire,
                                   provernet_error *err)
{
    provernet_status rc;
    provernet_id id;

    if (!pvn_wire_id(wire->id, &id))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0, "an input has no id");
    in->path = pvn_cache_temporary(j->w->cache, err);
    if (!in->path)
        return PROVERNET_ERR_IO;
    rc = pvn_local_file(j->w->node, &id, &in->fd, in->path, err);
    in->temporary = in->fd < 0;
    if (rc == PROVERNET_OK && in->fd >= 0) {
        free(in->path);
        in->path = malloc(40);
        if (!in->path)
            return pvn_nomem(err);
        snprintf(in->path, 40, "/proc/self/fd/%d", in->fd);
    }
    return rc;
}

/* Programs are kept: the next job has them at once. */
static provernet_status fetch_program(provernet_job *j, pvn_net_input *in,
                                      const pvn_wire_input *wire,
                                      provernet_error *err)
{
    provernet_status rc;
    char *part;

    in->cached = pvn_cache_find(j->w->cache, wire->digest.data);
    if (!in->cached) {
        part = pvn_cache_part(j->w->cache, wire->digest.data, err);
        if (!part)
            return PROVERNET_ERR_IO;
        rc = pvn_fetch(j, wire->path, part, wire->raw_bytes, wire->digest.data,
                       err);
        if (rc == PROVERNET_OK)
            rc = pvn_cache_keep(j->w->cache, &in->cached, part,
                                wire->digest.data, err);
        if (rc)
            unlink(part);
        free(part);
        if (rc)
            return rc;
    }
    in->path = strdup(pvn_cached_path(in->cached));
    return in->path ? PROVERNET_OK : pvn_nomem(err);
}

static provernet_status fetch_input(provernet_job *j, pvn_net_input *in,
                                    const pvn_wire_input *wire,
                                    provernet_error *err)
{
    in->path = pvn_cache_temporary(j->w->cache, err);
    if (!in->path)
        return PROVERNET_ERR_IO;
    in->temporary = true;
    return pvn_fetch(j, wire->path, in->path, wire->raw_bytes,
                     wire->digest.data, err);
}

static provernet_status make_path(provernet_job *j, size_t i,
                                  provernet_error *err)
{
    const pvn_wire_input *wire = j->lease->input[i];
    pvn_net_input *in = &j->input[i];

    if (in->path)
        return PROVERNET_OK;
    if (j->w->manner->fetch)
        return j->w->manner->fetch(j, i, in, err);
    if (came_along(wire))
        return write_along(j, in, wire, err);
    if (j->w->node)
        return local_path(j, in, wire, err);
    if (wire->digest.len != 32)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the server gave no digest of input %zu", i);
    return i == 0 ? fetch_program(j, in, wire, err)
                  : fetch_input(j, in, wire, err);
}

/* A half-made path must not be taken for a whole one. */
static void forget_path(provernet_job *j, size_t i)
{
    provernet_blob *blob = j->input[i].blob;

    j->input[i].blob = NULL;
    pvn_input_free(j, &j->input[i]);
    j->input[i] = (pvn_net_input){ .blob = blob, .fd = -1 };
}

provernet_status provernet_job_input_file(provernet_job *j, size_t i,
                                          const char **path,
                                          uint8_t digest32[32],
                                          provernet_error *err)
{
    provernet_status rc;

    *path = NULL;
    if (i >= j->lease->n_input)
        return PROVERNET_END;
    rc = make_path(j, i, err);
    if (rc) {
        forget_path(j, i);
        return rc;
    }
    *path = j->input[i].path;
    if (digest32) {
        memset(digest32, 0, 32);
        if (j->w->manner->fetch)
            memcpy(digest32, j->input[i].digest32, 32);
        else if (j->lease->input[i]->digest.len == 32)
            memcpy(digest32, j->lease->input[i]->digest.data, 32);
    }
    return PROVERNET_OK;
}

provernet_status provernet_job_input(provernet_job *j, size_t i,
                                     provernet_blob **out, provernet_error *err)
{
    const pvn_wire_input *wire;
    const char *path;
    provernet_status rc;
    int fd;

    *out = NULL;
    if (i >= j->lease->n_input)
        return PROVERNET_END;
    *out = j->input[i].blob;
    if (*out)
        return PROVERNET_OK;
    wire = j->lease->input[i];
    if (!j->w->manner->fetch && came_along(wire)) {
        *out = pvn_blob_memory(wire->content.data, wire->content.len);
    } else {
        rc = provernet_job_input_file(j, i, &path, NULL, err);
        if (rc)
            return rc;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot open %s: %s",
                            path, strerror(errno));
        *out = pvn_blob_file(&j->w->env, fd,
                             j->w->manner->fetch ? j->input[i].bytes
                                                 : wire->raw_bytes);
        if (!*out)
            close(fd);
    }
    j->input[i].blob = *out;
    return *out ? PROVERNET_OK : pvn_nomem(err);
}
