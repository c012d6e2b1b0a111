/* prove/gpu_answer.c - judging what a helper process says, see gpu_link.h. */
#include "prove/gpu_link.h"

/* Ended inside its room, without what would spoil a line of a log. */
static bool tidy(char *text, size_t room)
{
    size_t len = strnlen(text, room);

    if (len == room)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] >= 0x7f)
            text[i] = '?';
    return true;
}

static bool known(int32_t status)
{
    switch (status) {
    case PROVERNET_GPU_OK:
    case PROVERNET_GPU_INVALID:
    case PROVERNET_GPU_NOMEM:
    case PROVERNET_GPU_CANCELLED:
    case PROVERNET_GPU_UNSUPPORTED:
    case PROVERNET_GPU_MEMORY:
    case PROVERNET_GPU_ERROR:
    case PROVERNET_GPU_LOST:
    case PROVERNET_GPU_NO_DEVICE:
        return true;
    default:
        return false;
    }
}

/* Sizes that can be added up. */
static bool sane(const provernet_gpu_needs *n)
{
    const uint64_t most = (uint64_t)1 << 56;

    for (int i = 0; i < PROVERNET_GPU_FORMS; i++)
        if (n->form[i].resident > most || n->form[i].scratch > most ||
            n->form[i].bus > most)
            return false;
    return n->spare <= most && n->bus_rate <= most;
}

bool pvn_gpu_answer_read(pvn_wire_say *out, const uint8_t *data, size_t len,
                         unsigned type, uint32_t serial)
{
    if (len != sizeof *out)
        return false;
    memcpy(out, data, sizeof *out);
    return out->head.magic == PVN_WIRE_MAGIC &&
           out->head.version == PVN_WIRE_VERSION &&
           out->head.bytes == sizeof *out && out->head.type == type &&
           out->head.serial == serial && known(out->status) &&
           out->devices < 4096 && sane(&out->needs) &&
           (type != PVN_WIRE_HELLO || out->status || out->devices > 0) &&
           (type != PVN_WIRE_LOAD || out->status || out->key != 0) &&
           tidy(out->message, sizeof out->message) &&
           tidy(out->info.name, sizeof out->info.name);
}
