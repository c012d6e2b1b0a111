/* protocol/http/artifacts.h - how artifacts are named in URLs, and their raw
 * bytes.
 *
 * <base>/artifacts/<type>/<id>         PUT; GET gives raw bytes
 * <base>/artifacts/raw/<type>/<id>     GET: decoded, whatever was uploaded
 * <base>/artifacts/stored/<type>/<id>  GET: exactly the bytes uploaded
 * A ticket (?t=) is needed to PUT and to GET what is private. The id is the
 * last segment, always: clients and provers use it as the name. */
#ifndef PVN_PROTOCOL_HTTP_ARTIFACTS_H
#define PVN_PROTOCOL_HTTP_ARTIFACTS_H
#include "protocol/route.h"

/* "program", "stdin", ...; NULL: not a type. */
const char *pvn_artifact_type_name(int64_t type);
bool pvn_artifact_type_find(const char *name, size_t len, int64_t *type);
/* Private artifacts need a ticket to be read. */
static inline bool pvn_artifact_private(int64_t type)
{
    return type == PVN_TYPE_PRIVATE_STDIN;
}

/* base + "/artifacts/" + space ("", "raw/", "stored/") + type + "/" + id. In
 * the call's arena; NULL: no memory. */
const char *pvn_artifact_url(pvn_call *c, const char *base, const char *space,
                             int64_t type, const provernet_id *id);
/* The same with a ticket for `verb`. */
const char *pvn_artifact_ticket_url(pvn_call *c, const char *url,
                                    const char *verb, const provernet_id *id,
                                    int64_t expires_ms);
/* An address to PUT new bytes to: no row is made before they come, so the
 * ticket names type and owner too (?o= owner). NULL: no memory. */
const char *pvn_artifact_upload_url(pvn_call *c, const char *url, int64_t type,
                                    const provernet_id *id,
                                    const uint8_t owner20[20],
                                    int64_t expires_ms);
/* The verb of such a ticket. */
enum { PVN_UPLOAD_VERB = 72 };
char *pvn_artifact_upload_verb(char out[PVN_UPLOAD_VERB], int64_t type,
                               const uint8_t owner20[20]);
/* A new id that pvn_artifact_id_ours knows again while artifact.issued_ttl
 * lasts. */
void pvn_artifact_id_new(pvn_call *c, provernet_id *id);
bool pvn_artifact_id_ours(pvn_call *c, const provernet_id *id);
/* The id in the last segment of a URI of ours. false: it is none. */
bool pvn_artifact_uri_id(const char *uri, provernet_id *id);

/* The raw bytes of a stored artifact, at any offset; cheap in order, from the
 * start again when it goes back in a compressed one. One thread at a time. */
typedef struct pvn_raw pvn_raw;
provernet_status pvn_raw_open(pvn_raw **out, pvn_node *n, const pvn_artifact *a,
                              provernet_error *err);
/* pvn_read_fn. All len bytes, or ERR_FORMAT (end), ERR_IO, ERR_CORRUPT. */
provernet_status pvn_raw_read(void *raw, void *buf, size_t len, uint64_t offset,
                              provernet_error *err);
void pvn_raw_close(pvn_raw *r); /* NULL is allowed */
#endif
