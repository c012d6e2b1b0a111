/* protocol/succinct/verify.c - Verifier.VerifyProof: is this a proof? Judged
 * in C where the kind can be. Includes succinct.h, prove/. */
#include "protocol/succinct/succinct.h"
#include "protocol/http/judge.h"
#include "prove/sp1_wrap.h"
#include "proto/verifier.pb-c.h"
#include <stdlib.h>

/* The kind whose circuits are verified by their own key. */
#define CIRCUIT "groth16/bn254@1"

typedef struct check {
    const Verifier__VerifyProofRequest *m;
    char kind[PVN_VERSION_MAX + 16];
    const pvn_kind *how;
    bool valid;
    provernet_error err; /* of the crew */
} check;

/* "sp1-v6.1.0" and a mode -> "sp1/groth16@6"; a kind's own name is itself. */
static bool choose(pvn_call *c, check *k)
{
    unsigned major = pvn_circuit_major(k->m->version);
    const char *mode = pvn_mode_name(k->m->mode);

    if (strlen(k->m->version) > PVN_VERSION_MAX) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "version has %zu bytes, the limit is %d",
                      strlen(k->m->version), PVN_VERSION_MAX);
        return false;
    }
    if (!mode) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "mode is %d, expected 1 (CORE) to 4 (GROTH16)",
                      (int)k->m->mode);
        return false;
    }
    if (major)
        snprintf(k->kind, sizeof k->kind, "sp1/%s@%u", mode, major);
    else
        snprintf(k->kind, sizeof k->kind, "%s", k->m->version);
    k->how = pvn_kind_find(k->kind);
    if (!major && !k->how) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "version is \"%.40s\", expected \"sp1-v\" and a number, "
                      "or \"" CIRCUIT "\"",
                      k->m->version);
        return false;
    }
    if (k->how && k->how->verify)
        return true;
    pvn_call_fail(c, PROVERNET_ERR_STATE,
                  "proofs of %s are verified by workers only\nhelp: verify it "
                  "with the SDK",
                  k->kind);
    return false;
}

static bool check_lengths(pvn_call *c, const check *k)
{
    const Verifier__VerifyProofRequest *m = k->m;
    bool sp1 = strncmp(k->kind, "sp1/", 4) == 0;

    /* An SP1 program is known by its hash here, as everywhere on this wire. */
    if (sp1 && !pvn_field_len(c, "vkey (the vk_hash)", m->vkey, PVN_VK_HASH))
        return false;
    if (m->_public_values_hash_case &&
        !pvn_field_len(c, "public_values_hash", m->public_values_hash, 32))
        return false;
    if (!sp1 && m->_public_values_hash_case) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "public_values_hash: proofs of %s carry their public "
                      "signals themselves",
                      k->kind);
        return false;
    }
    return true;
}

/* The digest of the public values that the proof carries: it commits to them,
 * which was verified. */
static bool values_match(const check *k)
{
    return !k->m->_public_values_hash_case ||
           pvn_sp1_wrap_values(pvn_bin(k->m->proof),
                               pvn_circuit_major(k->m->version),
                               k->m->public_values_hash.data);
}

/* On the crew: a pairing takes milliseconds. */
static void judge(pvn_call *c)
{
    check *k = pvn_call_kept(c, 1);
    pvn_bytes vkey = pvn_bin(k->m->vkey);
    pvn_claim claim = { .kind = k->kind,
                        .program_vk = vkey,
                        .program_name = vkey,
                        .sp1 = pvn_judge_keys(pvn_call_node(c)) };
    provernet_status s = k->how->verify(&claim, pvn_bin(k->m->proof), &k->err);

    k->err.status = s;
    k->valid = s == PROVERNET_OK && values_match(k);
}

pvn_next pvn_succinct_verify_begin(pvn_call *c)
{
    check *k = pvn_arena_alloc(pvn_call_arena(c), sizeof *k);

    if (!k)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    pvn_call_keep(c, 1, k);
    k->m = pvn_pb_unpack(c, &verifier__verify_proof_request__descriptor,
                         pvn_call_message(c));
    if (!k->m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!choose(c, k) || !check_lengths(c, k))
        return PVN_ANSWER;
    pvn_call_crew(c, judge);
    return PVN_CREW;
}

/* What is no proof at all is not a valid one; what we cannot judge is said. */
pvn_next pvn_succinct_verify_resume(pvn_call *c)
{
    const check *k = pvn_call_kept(c, 1);
    Verifier__VerifyProofResponse m = VERIFIER__VERIFY_PROOF_RESPONSE__INIT;

    switch (k->err.status) {
    case PROVERNET_OK:
    case PROVERNET_ERR_PROOF_INVALID:
    case PROVERNET_ERR_FORMAT:
        m.valid = k->valid;
        return pvn_pb_reply(c, &m.base);
    case PROVERNET_ERR_UNSUPPORTED:
        return pvn_call_fail(c, PROVERNET_ERR_STATE, "%s", k->err.message);
    default:
        return pvn_call_fail_with(c, &k->err);
    }
}
