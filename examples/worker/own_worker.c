/* own_worker.c - a worker with a prover of one's own: take jobs of a kind that
 * only we know, report progress, hand in the result. Public headers only. */
#include <provernet/provernet.h>

#include <stdio.h>
#include <string.h>

/* Stands for a prover: the Keccak-256 of program and input, which proves
 * nothing but shows how bytes come and go. */
static provernet_status digest(provernet_blob *b, uint8_t out32[32],
                               provernet_error *err)
{
    static uint8_t bytes[1 << 20];
    size_t got = 0;
    provernet_status st =
        provernet_blob_read(b, bytes, sizeof bytes, &got, 0, err);

    if (st == PROVERNET_END)
        st = PROVERNET_OK; /* an empty blob */
    provernet_keccak256(out32, bytes, got);
    return st;
}

static provernet_status my_prove(provernet_job *j, provernet_error *err)
{
    provernet_blob *program, *input, *out;
    uint8_t both64[64];
    provernet_status st;

    st = provernet_job_input(j, 0, &program, err);
    if (st == PROVERNET_OK)
        st = provernet_job_input(j, 1, &input, err);
    if (st == PROVERNET_OK)
        st = digest(program, both64, err);
    if (st == PROVERNET_OK)
        st = provernet_job_alive(j, 500, "second half");
    if (st == PROVERNET_OK)
        st = digest(input, both64 + 32, err);
    if (st == PROVERNET_OK)
        st = provernet_job_output(j, &out, err);
    if (st == PROVERNET_OK)
        st = provernet_blob_write(out, both64, sizeof both64, err);
    return st;
}

int main(int argc, char **argv)
{
    provernet_options *o = provernet_options_new();
    provernet_error err = { .status = PROVERNET_OK };
    provernet_worker *w = NULL;
    provernet_key *k = NULL;
    provernet_job *j;
    provernet_status st;

    if (argc != 3 || !o) {
        fprintf(stderr, "usage: own_worker HOST:PORT KEYFILE\n");
        return 2;
    }
    st = provernet_options_set(o, "worker.server", argv[1], &err);
    if (st == PROVERNET_OK)
        st = provernet_options_set(o, "worker.kinds", "mine/digest@1", &err);
    if (st == PROVERNET_OK)
        st = provernet_key_read(&k, argv[2], &err);
    if (st == PROVERNET_OK)
        st = provernet_worker_dial(&w, o, k, &err);
    while (st == PROVERNET_OK) {
        st = provernet_worker_next(w, &j, -1, &err); /* connects again itself */
        if (st != PROVERNET_OK)
            break;
        if (my_prove(j, &err) == PROVERNET_OK)
            st = provernet_job_done(j, &err);
        else
            st = provernet_job_fail(j, PROVERNET_BLAME_ATTEMPT, err.message,
                                    NULL);
        if (st != PROVERNET_OK) /* this job was lost; the next may not be */
            fprintf(stderr, "%s: %s\n", provernet_status_name(st), err.message);
        st = PROVERNET_OK;
    }
    if (st != PROVERNET_END)
        fprintf(stderr, "%s: %s\n", provernet_status_name(st), err.message);
    provernet_worker_close(w);
    provernet_key_free(k);
    provernet_options_free(o);
    return st == PROVERNET_END ? 0 : provernet_status_exit(st);
}
