/* protocol/http/pb.c - see pb.h. Includes base/ and protobuf-c. */
#include "protocol/http/pb.h"

static bool read_varint(pvn_pb_reader *r, uint64_t *v)
{
    uint64_t sum = 0;

    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        uint8_t byte = *r->at++;

        if (shift == 63 && byte > 1)
            return false;
        sum |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *v = sum;
            return true;
        }
    }
    return false;
}

static bool read_fixed(pvn_pb_reader *r, size_t len, uint64_t *v)
{
    if ((size_t)(r->end - r->at) < len)
        return false;
    *v = len == 8 ? pvn_get_u64le(r->at) : pvn_get_u32le(r->at);
    r->at += len;
    return true;
}

static bool read_value(pvn_pb_reader *r, pvn_pb_field *f)
{
    uint64_t len;

    switch (f->wire) {
    case PVN_PB_VARINT:
        return read_varint(r, &f->value);
    case PVN_PB_I64:
        return read_fixed(r, 8, &f->value);
    case PVN_PB_I32:
        return read_fixed(r, 4, &f->value);
    case PVN_PB_LEN:
        if (!read_varint(r, &len) || len > (uint64_t)(r->end - r->at))
            return false;
        f->bytes = pvn_bytes_of(r->at, (size_t)len);
        r->at += len;
        return true;
    default:
        return false;
    }
}

bool pvn_pb_next(pvn_pb_reader *r, pvn_pb_field *f)
{
    uint64_t tag;

    if (r->at == r->end || r->bad)
        return false;
    if (!read_varint(r, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
        r->bad = true;
        return false;
    }
    f->number = (uint32_t)(tag >> 3);
    f->wire = (int)(tag & 7);
    f->value = 0;
    f->bytes = pvn_bytes_of(NULL, 0);
    r->bad = !read_value(r, f);
    return !r->bad;
}

/* Bytes of the sequence that starts at s, 0 if it is not one. */
static size_t utf8_sequence(const uint8_t *s, size_t len)
{
    uint32_t point;
    size_t n;

    if (s[0] < 0x80)
        return 1;
    n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
        return 0;
    point = s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (s[i] & 0x3fu);
    }
    if (n == 3 && (point < 0x800 || (point >= 0xd800 && point < 0xe000)))
        return 0;
    return n == 4 && (point < 0x10000 || point > 0x10ffff) ? 0 : n;
}

bool pvn_utf8_valid(const uint8_t *s, size_t len)
{
    while (len > 0) {
        size_t n = utf8_sequence(s, len);

        if (n == 0)
            return false;
        s += n;
        len -= n;
    }
    return true;
}

/* The wire type a field of ours must have. */
static int wire_of(const ProtobufCFieldDescriptor *fd)
{
    switch (fd->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PVN_PB_LEN;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PVN_PB_I64;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PVN_PB_I32;
    default:
        return PVN_PB_VARINT;
    }
}

static provernet_status check(const ProtobufCMessageDescriptor *type,
                              pvn_bytes bytes, int depth, provernet_error *err);

static provernet_status check_field(const ProtobufCFieldDescriptor *fd,
                                    const pvn_pb_field *f, int depth,
                                    provernet_error *err)
{
    int wire = wire_of(fd);
    bool packed = fd->label == PROTOBUF_C_LABEL_REPEATED &&
                  f->wire == PVN_PB_LEN && wire != PVN_PB_LEN;

    if (f->wire != wire && !packed)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "field %u (%s) has wire type %d, expected %d",
                        f->number, fd->name, f->wire, wire);
    if (fd->type == PROTOBUF_C_TYPE_MESSAGE)
        return check(fd->descriptor, f->bytes, depth + 1, err);
    if (fd->type != PROTOBUF_C_TYPE_STRING || f->bytes.len == 0)
        return PROVERNET_OK;
    if (memchr(f->bytes.data, 0, f->bytes.len))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "field %u (%s) has a NUL in its text", f->number,
                        fd->name);
    if (!pvn_utf8_valid(f->bytes.data, f->bytes.len))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "field %u (%s) is not valid UTF-8", f->number,
                        fd->name);
    return PROVERNET_OK;
}

/* Recursion follows our descriptors only and ends at PVN_PB_DEPTH. */
static provernet_status check(const ProtobufCMessageDescriptor *type,
                              pvn_bytes bytes, int depth, provernet_error *err)
{
    pvn_pb_reader r = pvn_pb_read(bytes);
    pvn_pb_field f;

    if (depth > PVN_PB_DEPTH)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "messages are nested deeper than %d", PVN_PB_DEPTH);
    while (pvn_pb_next(&r, &f)) {
        const ProtobufCFieldDescriptor *fd =
            protobuf_c_message_descriptor_get_field(type, f.number);
        provernet_status s =
            fd ? check_field(fd, &f, depth, err) : PROVERNET_OK;

        if (s != PROVERNET_OK)
            return s;
    }
    if (r.bad)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the bytes are not a %s message: malformed %zu bytes "
                        "before the end of %zu",
                        type->short_name, (size_t)(r.end - r.at), bytes.len);
    return PROVERNET_OK;
}

provernet_status pvn_pb_check(const ProtobufCMessageDescriptor *type,
                              pvn_bytes bytes, provernet_error *err)
{
    return check(type, bytes, 0, err);
}

typedef struct budget {
    pvn_arena *arena;
    size_t left;
    bool exceeded;
} budget;

static void *budget_alloc(void *user, size_t size)
{
    budget *b = user;
    void *p;

    if (size > b->left) {
        b->exceeded = true;
        return NULL;
    }
    p = pvn_arena_alloc(b->arena, size);
    if (p)
        b->left -= size;
    return p;
}

static void budget_free(void *user, void *p)
{
    (void)user; /* the arena frees all at once */
    (void)p;
}

ProtobufCMessage *pvn_pb_unpack_into(pvn_arena *a,
                                     const ProtobufCMessageDescriptor *type,
                                     pvn_bytes bytes, provernet_error *err)
{
    static const uint8_t none[1];
    budget b = { a, 65536, false };
    ProtobufCAllocator allocator = { budget_alloc, budget_free, &b };
    ProtobufCMessage *msg;

    if (pvn_pb_check(type, bytes, err) != PROVERNET_OK)
        return NULL;
    if (bytes.len < (SIZE_MAX - b.left) / 8)
        b.left += bytes.len * 8;
    msg = protobuf_c_message_unpack(type, &allocator, bytes.len,
                                    bytes.data ? bytes.data : none);
    if (msg)
        return msg;
    if (b.exceeded)
        pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                 "a %s message of %zu bytes unpacks to more than 8 times its "
                 "size",
                 type->short_name, bytes.len);
    else
        pvn_fail(err, PROVERNET_ERR_FORMAT, 0, "the bytes are not a %s message",
                 type->short_name);
    return NULL;
}

void *pvn_pb_unpack(pvn_call *c, const ProtobufCMessageDescriptor *type,
                    pvn_bytes bytes)
{
    return pvn_pb_unpack_into(pvn_call_arena(c), type, bytes,
                              pvn_call_error(c));
}

pvn_next pvn_pb_reply(pvn_call *c, const ProtobufCMessage *msg)
{
    size_t len = protobuf_c_message_get_packed_size(msg);
    uint8_t *bytes = pvn_arena_alloc(pvn_call_arena(c), len);

    if (!bytes)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM,
                             "no memory for an answer of %zu bytes", len);
    protobuf_c_message_pack(msg, bytes);
    pvn_call_reply(c, bytes, len);
    return PVN_ANSWER;
}

void pvn_pb_put_varint(pvn_buf *b, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;

    do {
        bytes[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        v >>= 7;
    } while (v);
    pvn_buf_add(b, bytes, n);
}

void pvn_pb_put_uint(pvn_buf *b, uint32_t field, uint64_t v)
{
    pvn_pb_put_varint(b, (uint64_t)field << 3 | PVN_PB_VARINT);
    pvn_pb_put_varint(b, v);
}

void pvn_pb_put_bytes(pvn_buf *b, uint32_t field, const void *data, size_t len)
{
    pvn_pb_put_varint(b, (uint64_t)field << 3 | PVN_PB_LEN);
    pvn_pb_put_varint(b, len);
    pvn_buf_add(b, data, len);
}
