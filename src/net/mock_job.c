/* net/mock_job.c - a job's output without proving: a placeholder. */
#include "net/inside.h"
#include "prove/mock.h"

provernet_status provernet_job_mock(provernet_job *j, provernet_error *err)
{
    provernet_blob *out;
    provernet_status rc;
    pvn_buf b = { 0 };

    rc =
        pvn_mock_proof(&b, provernet_job_kind(j), provernet_job_params(j), err);
    if (rc == PROVERNET_OK)
        rc = provernet_job_output(j, &out, err);
    if (rc == PROVERNET_OK)
        rc = provernet_blob_write(out, b.data, b.len, err);
    pvn_buf_free(&b);
    return rc;
}
