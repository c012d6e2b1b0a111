/* grpc_frame_fuzz.c - gRPC frames, timeouts and status messages of strangers.
 * parts: protocol */
#include "protocol/http/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const pvn_router nothing;
const pvn_router *const pvn_router_skins = &nothing;

static void frame(const uint8_t *data, size_t size)
{
    pvn_bytes message = { 0 };
    provernet_error err = { 0 };
    provernet_status s =
        pvn_grpc_message(pvn_bytes_of(data, size), 4096, &message, &err);

    if (s == PROVERNET_OK && (message.data != data + 5 ||
                              message.len != size - 5 || message.len > 4096))
        abort();
    if (s != PROVERNET_OK && (err.status != s || !err.message[0]))
        abort();
}

static void texts(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    pvn_buf b = { 0 };
    int64_t ms;

    if (!text)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    if (pvn_grpc_timeout(text, &ms) && (ms < 0 || strlen(text) > 9))
        abort();
    if (pvn_grpc_content(text) && strncmp(text, "application/grpc", 16) != 0)
        abort();
    if (pvn_grpc_escape(&b, text))
        for (size_t i = 0; i < b.len; i++)
            if (b.data[i] < 0x20 || b.data[i] > 0x7e)
                abort();
    pvn_buf_free(&b);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    frame(data, size);
    texts(data, size);
    return 0;
}
