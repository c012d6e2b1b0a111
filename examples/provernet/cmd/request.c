/* cmd/request.c - see request.h. */
#include "request.h"
#include "../cli/cli.h"
#include "../wire/http.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { ARTIFACT_MAX = 64 << 20 };

provernet_status request_circuit(struct circuit_request *r,
                                 const char *zkey_path, provernet_error *err)
{
    provernet_groth16_key *key = NULL;
    provernet_engine *engine = NULL;
    char *json = NULL;
    size_t len = 0;
    provernet_status st;

    st = provernet_engine_open(&engine, "cpu", NULL, err);
    if (st == PROVERNET_OK)
        st = provernet_groth16_key_open(&key, engine, zkey_path, NULL, err);
    if (st == PROVERNET_OK) {
        st = provernet_groth16_key_vk_json(key, NULL, 0, &len);
        json = malloc(len + 1);
        st = json ? provernet_groth16_key_vk_json(key, json, len + 1, &len)
                  : PROVERNET_ERR_NOMEM;
    }
    if (st == PROVERNET_OK)
        st = provernet_groth16_vk_parse(&r->vk, (provernet_span){ json, len },
                                        err);
    if (st == PROVERNET_OK) {
        provernet_groth16_vk_hash(r->vk, r->vk_hash32);
        st = provernet_groth16_vk_bytes(r->vk, NULL, 0, &r->vk_len);
        r->vk_bytes = malloc(r->vk_len + 1);
        st = r->vk_bytes ? provernet_groth16_vk_bytes(r->vk, r->vk_bytes,
                                                      r->vk_len, &r->vk_len)
                         : PROVERNET_ERR_NOMEM;
    }
    free(json);
    provernet_groth16_key_free(key);
    provernet_engine_close(engine);
    return st;
}

static provernet_status upload(struct circuit_request *r, int type,
                               const struct source *from, char *uri, size_t cap,
                               provernet_error *err)
{
    char url[1024];
    provernet_status st = succinct_artifact(&r->s, type, uri, url, cap, err);

    if (st != PROVERNET_OK)
        return st;
    return from->path ? http_put_file(url, from->path, err)
                      : http_put(url, from->data, from->len, err);
}

provernet_status request_send(struct circuit_request *r, const char *url,
                              const provernet_key *key,
                              const struct source *zkey,
                              const struct source *wtns, uint64_t deadline_s,
                              provernet_error *err)
{
    char uri[1024];
    provernet_status st = succinct_open(&r->s, url, key, err);

    if (st != PROVERNET_OK)
        return st;
    st = succinct_program(&r->s, r->vk_hash32, err);
    if (st == PROVERNET_ERR_NOT_FOUND) {
        r->registered = true;
        st = upload(r, SUCCINCT_PROGRAM, zkey, uri, sizeof uri, err);
        if (st == PROVERNET_OK)
            st = succinct_register(&r->s, r->vk_hash32, r->vk_bytes, r->vk_len,
                                   uri, err);
    }
    if (st == PROVERNET_OK)
        st = upload(r, SUCCINCT_STDIN, wtns, uri, sizeof uri, err);
    if (st == PROVERNET_OK)
        st = succinct_request(&r->s, r->id32, r->vk_hash32, uri, deadline_s,
                              err);
    return st;
}

provernet_status request_look(struct circuit_request *r,
                              struct succinct_status *out, provernet_error *err)
{
    provernet_status st = succinct_poll(&r->s, out, r->id32, err);

    if (st != PROVERNET_OK)
        return st;
    if (out->fulfillment == SUCCINCT_FULFILLED)
        return PROVERNET_OK;
    if (out->execution == 3)
        return set_error(err, PROVERNET_ERR_FAILED,
                         "the request failed: its input cannot be proved (the "
                         "witness does not fit the circuit)");
    if (out->fulfillment == SUCCINCT_UNFULFILLABLE)
        return set_error(err, PROVERNET_ERR_FAILED,
                         "the request failed\nhelp: provernet requests show ID "
                         "says why");
    if (out->deadline_s && (uint64_t)(wall_ms() / 1000) > out->deadline_s)
        return set_error(err, PROVERNET_ERR_EXPIRED,
                         "the deadline passed before a proof was made");
    return PROVERNET_AGAIN;
}

/* {"proof": {...}, "publicSignals": [...]} into r. */
static provernet_status parse(struct circuit_request *r, const void *text,
                              size_t len, provernet_error *err)
{
    json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    char *proof = json_dumps(json_object_get(o, "proof"), JSON_COMPACT);
    char *publics =
        json_dumps(json_object_get(o, "publicSignals"), JSON_COMPACT);
    size_t n = provernet_groth16_vk_publics(r->vk);
    provernet_status st = PROVERNET_ERR_FORMAT;

    r->publics = calloc(n + 1, 32);
    if (!proof || !publics || !r->publics)
        set_error(err, st,
                  "the proof artifact is not {\"proof\", "
                  "\"publicSignals\"}");
    else
        st = provernet_groth16_proof_from_json(
            &r->proof, (provernet_span){ proof, strlen(proof) }, err);
    if (st == PROVERNET_OK)
        st = provernet_groth16_publics_from_json(
            r->publics, n, &r->publics_len,
            (provernet_span){ publics, strlen(publics) }, err);
    free(proof);
    free(publics);
    json_decref(o);
    return st;
}

provernet_status request_fetch(struct circuit_request *r, const char *uri,
                               provernet_error *err)
{
    struct buffer body;
    provernet_status st = http_get(uri, &body, ARTIFACT_MAX, err);

    if (st != PROVERNET_OK)
        return st;
    r->artifact_len = body.len;
    st = parse(r, buffer_at(&body), body.len, err);
    buffer_free(&body);
    if (st == PROVERNET_OK)
        st = provernet_groth16_verify(r->vk, &r->proof, r->publics,
                                      r->publics_len, err);
    return st;
}

provernet_status request_write(const struct circuit_request *r, const char *dir,
                               provernet_error *err)
{
    char proof_path[4096], publics_path[4096], proof[4096], *publics;
    size_t proof_len, publics_len = 0;
    provernet_status st;

    if (!make_dirs(dir))
        return set_error(err, PROVERNET_ERR_IO, "cannot make %.150s: %s", dir,
                         strerror(errno));
    snprintf(proof_path, sizeof proof_path, "%s/proof.json", dir);
    snprintf(publics_path, sizeof publics_path, "%s/public.json", dir);
    st = provernet_groth16_proof_to_json(&r->proof, proof, sizeof proof,
                                         &proof_len);
    if (st != PROVERNET_OK)
        return st;
    st = provernet_groth16_publics_to_json(r->publics, r->publics_len, NULL, 0,
                                           &publics_len);
    publics = malloc(publics_len + 1);
    if (!publics)
        return PROVERNET_ERR_NOMEM;
    st = provernet_groth16_publics_to_json(r->publics, r->publics_len, publics,
                                           publics_len + 1, &publics_len);
    if (st == PROVERNET_OK) {
        struct output o[2] = { { proof_path, proof, proof_len },
                               { publics_path, publics, publics_len } };
        st = write_together(o, 2, err);
    }
    free(publics);
    return st;
}

void request_free(struct circuit_request *r)
{
    succinct_close(&r->s);
    provernet_groth16_vk_free(r->vk);
    free(r->vk_bytes);
    free(r->publics);
    *r = (struct circuit_request){ 0 };
}
