/* prove_zkey.c - prove a circom circuit from C: key and witness in, snarkjs's
 * JSON out. Public headers only. */
#include <provernet/provernet.h>

#include <stdio.h>
#include <stdlib.h>

static void *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *data = NULL;
    long size = 0;

    if (f && fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) > 0 &&
        fseek(f, 0, SEEK_SET) == 0)
        data = malloc((size_t)size);
    *len = data ? fread(data, 1, (size_t)size, f) : 0;
    if (f)
        fclose(f);
    return data;
}

int main(int argc, char **argv)
{
    provernet_groth16_info info = { .struct_size = sizeof info };
    provernet_error err = { .status = PROVERNET_OK };
    provernet_groth16_key *key = NULL;
    provernet_engine *engine = NULL;
    provernet_groth16_proof proof;
    provernet_span witness;
    provernet_status st;
    uint8_t *publics = NULL;
    char json[2048];
    size_t n, len;
    void *data;

    if (argc != 3) {
        fprintf(stderr, "usage: prove_zkey CIRCUIT.zkey WITNESS.wtns\n");
        return 2;
    }
    data = read_file(argv[2], &witness.len);
    witness.data = data;
    st = provernet_engine_open(&engine, "auto", NULL, &err);
    if (st == PROVERNET_OK)
        st = provernet_groth16_key_open(&key, engine, argv[1], NULL, &err);
    if (st == PROVERNET_OK) {
        provernet_groth16_key_info(key, &info);
        fprintf(stderr, "%llu wires, %llu bytes of memory for a proof\n",
                (unsigned long long)info.wires,
                (unsigned long long)info.host_bytes);
        publics = calloc((size_t)info.publics + 1, 32);
        st = publics ? provernet_groth16_prove(key, &proof, publics,
                                               (size_t)info.publics, &n,
                                               witness, NULL, &err)
                     : PROVERNET_ERR_NOMEM;
    }
    if (st == PROVERNET_OK)
        st = provernet_groth16_proof_to_json(&proof, json, sizeof json, &len);
    if (st == PROVERNET_OK)
        fwrite(json, 1, len, stdout);
    else
        fprintf(stderr, "%s: %s\n", provernet_status_name(st), err.message);
    provernet_groth16_key_free(key);
    provernet_engine_close(engine);
    free(publics);
    free(data);
    return provernet_status_exit(st);
}
