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
    pvn_bytes sig;

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
    sig = pvn_bin(m->signature);
    if (pvn_signer_known(pvn_call_node(c), sig, signer20))
        return true;
    pvn_eip191(digest, signed_text, sizeof signed_text - 1);
    if (pvn_signature_open(sig, digest, signer20, err) != PROVERNET_OK) {
        pvn_call_fail_with(c, err);
        return false;
    }
    pvn_signer_learn(pvn_call_node(c), sig, signer20);
    return true;
}

/* Nothing is written: the address says all that the upload has to know. */
pvn_next pvn_succinct_create_artifact_begin(pvn_call *c)
{
    pvn_node *n = pvn_call_node(c);
    Artifact__CreateArtifactResponse m =
        ARTIFACT__CREATE_ARTIFACT_RESPONSE__INIT;
    int64_t type, ends;
    provernet_id id;
    uint8_t signer[20];
    const char *base, *uri, *url = NULL;

    if (!open_request(c, &type, signer))
        return PVN_ANSWER;
    base = pvn_call_base_url(c, false);
    if (!base)
        return pvn_call_fail(c, PROVERNET_ERR_INVALID,
                             "the host dialled is not usable in an artifact "
                             "URL\nhelp: set http.public_url");
    if (pvn_node_takes_new(n, pvn_call_error(c)) != PROVERNET_OK)
        return pvn_call_fail_with(c, pvn_call_error(c));
    ends =
        pvn_now_ms(pvn_node_env(n)) + pvn_node_rules(n)->artifact_issued_ttl_ms;
    pvn_artifact_id_new(c, &id);
    uri = pvn_artifact_url(c, base, "", type, &id);
    if (uri)
        url = pvn_artifact_upload_url(c, uri, type, &id, signer, ends);
    if (!url)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a URL");
    m.artifact_uri = (char *)uri;
    m.artifact_presigned_url = (char *)url;
    return pvn_pb_reply(c, &m.base);
}
