/* node/blob.h - blobs that are not (yet) artifacts of this node: inputs and
 * outputs of a worker's job. provernet_blob_read and its neighbours pass the
 * call on. */
#ifndef PVN_NODE_BLOB_H
#define PVN_NODE_BLOB_H
#include <provernet/artifact.h>

typedef struct pvn_blob_ops {
    provernet_status (*write)(provernet_blob *b, const void *data, size_t len,
                              provernet_error *err);
    provernet_status (*read)(provernet_blob *b, void *buf, size_t cap,
                             size_t *got, uint64_t offset,
                             provernet_error *err);
    uint64_t (*len)(const provernet_blob *b);
    void (*close)(provernet_blob *b);
} pvn_blob_ops;

/* First member of whatever is passed as a provernet_blob. Such a blob is not
 * committed by provernet_blob_commit. */
typedef struct pvn_blob_head {
    const pvn_blob_ops *ops;
} pvn_blob_head;
#endif
