/* protocol/succinct/artifact.c - ArtifactStore.CreateArtifact: an id and the
 * address to PUT its bytes to. Includes succinct.h, http/artifacts.h, crypto/.
 */
#include "protocol/succinct/succinct.h"
#include "crypto/crypto.h"
#include "base/settings.h"
#include "proto/artifact.pb-c.h"
#include "protocol/http/artifacts.h"

static const char signed_text[] = "create_artifact";

enum { LAST_TYPE = 7 };

/* One signature authorises this for ever: it tells who, no more. */
static bool open_request(pvn_call *c, int64_t *type, uint8_t signer20[20])
{
    const Artifact__CreateArtifactRequest *m = pvn_pb_unpack(
        c, &artifact__create_artifact_request__descriptor, pvn_call_message(c));
    provernet_error *err = pvn_call_error(c);
    uint8_t digest[32];

    if (!m) {
        pvn_call_fail_with(c, err);
        return false;
    }
    *type = (int64_t)m->artifact_type;
    if (*type < 1 || *type > LAST_TYPE) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "artifact_type is %lld, expected 1 (PROGRAM) to %d "
                      "(PRIVATE_STDIN)",
                      (long long)*type, LAST_TYPE);
        return false;
    }
    pvn_eip191(digest, signed_text, sizeof signed_text - 1);
    if (pvn_signature_open(pvn_bin(m->signature), digest, signer20, err) ==
        PROVERNET_OK)
        return true;
    pvn_call_fail_with(c, err);
    return false;
}

pvn_next pvn_succinct_create_artifact_begin(pvn_call *c)
{
    uint8_t signer[20];
    int64_t type;
    pvn_op *op;

    if (!open_request(c, &type, signer))
        return PVN_ANSWER;
    if (!pvn_call_base_url(c, false))
        return pvn_call_fail(c, PROVERNET_ERR_INVALID,
                             "the host dialled is not usable in an artifact "
                             "URL\nhelp: set http.public_url");
    op = pvn_succinct_op(c, PVN_OP_ARTIFACT_ISSUE);
    if (!op)
        return PVN_ANSWER;
    pvn_id_new(pvn_node_env(pvn_call_node(c)), &op->u.artifact_issue.id);
    op->u.artifact_issue.type = type;
    memcpy(op->u.artifact_issue.owner20, signer, sizeof signer);
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_succinct_create_artifact_resume(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    pvn_node *n = pvn_call_node(c);
    Artifact__CreateArtifactResponse m =
        ARTIFACT__CREATE_ARTIFACT_RESPONSE__INIT;
    int64_t ends =
        pvn_now_ms(pvn_node_env(n)) + pvn_node_rules(n)->artifact_issued_ttl_ms;
    const char *uri, *url = NULL;

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    uri = pvn_artifact_url(c, pvn_call_base_url(c, false), "",
                           op->u.artifact_issue.type, &op->u.artifact_issue.id);
    if (uri)
        url = pvn_artifact_ticket_url(c, uri, "put", &op->u.artifact_issue.id,
                                      ends);
    if (!url)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a URL");
    m.artifact_uri = (char *)uri;
    m.artifact_presigned_url = (char *)url;
    return pvn_pb_reply(c, &m.base);
}
