/* protocol/succinct/json.c - the text that MessageFormat JSON signs: the body
 * as compact JSON, fields in the order of the schema. Includes succinct.h.
 *
 * It is what serde_json writes for the published messages: byte fields are
 * arrays of numbers, enums numbers, an absent optional is null. */
#include "protocol/succinct/succinct.h"
#include <stdlib.h>

/* Not in the published schema: written only when they are there. */
static bool is_later(const ProtobufCMessageDescriptor *type, uint32_t number)
{
    return (type == &types__fail_fulfillment_request_body__descriptor &&
            number == 4) ||
           (type == &types__execute_proof_request_body__descriptor &&
            number == 11) ||
           (type == &types__set_terms_signature_request_body__descriptor &&
            number == 2);
}

/* ",255" for each byte, written by hand: there may be a million of them. */
static void put_bytes(pvn_buf *b, const ProtobufCBinaryData *v)
{
    pvn_buf_text(b, "[");
    for (size_t i = 0; i < v->len; i++) {
        uint8_t byte = v->data[i];
        char out[4], *at = out + sizeof out;

        do
            *--at = (char)('0' + byte % 10);
        while ((byte /= 10) != 0);
        if (i > 0)
            *--at = ',';
        pvn_buf_add(b, at, (size_t)(out + sizeof out - at));
    }
    pvn_buf_text(b, "]");
}

/* Only what JSON demands is escaped. */
static void put_text(pvn_buf *b, const char *text)
{
    static const char plain[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";

    pvn_buf_text(b, "\"");
    for (; text && *text; text++) {
        const char *special = strchr(plain, *text);

        if (special)
            pvn_buf_format(b, "\\%c", names[special - plain]);
        else if ((unsigned char)*text < 0x20)
            pvn_buf_format(b, "\\u%04x", (unsigned)*text);
        else
            pvn_buf_add(b, text, 1);
    }
    pvn_buf_text(b, "\"");
}

static bool put_value(pvn_buf *b, const ProtobufCFieldDescriptor *f,
                      const void *at)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT64:
        pvn_buf_format(b, "%llu", (unsigned long long)*(const uint64_t *)at);
        return true;
    case PROTOBUF_C_TYPE_UINT32:
        pvn_buf_format(b, "%u", (unsigned)*(const uint32_t *)at);
        return true;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        pvn_buf_format(b, "%d", (int)*(const int32_t *)at);
        return true;
    case PROTOBUF_C_TYPE_BOOL:
        pvn_buf_text(b, *(const protobuf_c_boolean *)at ? "true" : "false");
        return true;
    case PROTOBUF_C_TYPE_STRING:
        put_text(b, *(const char *const *)at);
        return true;
    case PROTOBUF_C_TYPE_BYTES:
        put_bytes(b, at);
        return true;
    default: /* a message or a fraction: never seen signed like this */
        return false;
    }
}

static bool put_repeated(pvn_buf *b, const ProtobufCFieldDescriptor *f,
                         const uint8_t *m)
{
    size_t n = *(const size_t *)(const void *)(m + f->quantifier_offset);
    const ProtobufCBinaryData *const *item = (const void *)(m + f->offset);

    if (f->type != PROTOBUF_C_TYPE_BYTES)
        return false;
    pvn_buf_text(b, "[");
    for (size_t i = 0; i < n; i++) {
        pvn_buf_text(b, i ? "," : "");
        put_bytes(b, &(*item)[i]);
    }
    pvn_buf_text(b, "]");
    return true;
}

static bool put_field(pvn_buf *b, const ProtobufCFieldDescriptor *f,
                      const uint8_t *m, bool absent)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return put_repeated(b, f, m);
    if (absent) {
        pvn_buf_text(b, "null");
        return true;
    }
    return put_value(b, f, m + f->offset);
}

/* An optional field that is not set, or a message that is not there. */
static bool is_absent(const ProtobufCFieldDescriptor *f, const uint8_t *m)
{
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)(const void *)(m + f->quantifier_offset) !=
               f->id;
    return f->type == PROTOBUF_C_TYPE_MESSAGE &&
           *(const void *const *)(const void *)(m + f->offset) == NULL;
}

static bool is_empty(const ProtobufCFieldDescriptor *f, const uint8_t *m)
{
    return is_absent(f, m) ||
           (f->type == PROTOBUF_C_TYPE_BYTES &&
            ((const ProtobufCBinaryData *)(const void *)(m + f->offset))->len ==
                0);
}

provernet_status pvn_json_signed(pvn_buf *out, const ProtobufCMessage *m,
                                 provernet_error *err)
{
    const ProtobufCMessageDescriptor *type = m->descriptor;
    const uint8_t *at = (const void *)m;
    const char *comma = "{";

    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];

        if (is_later(type, f->id) && is_empty(f, at))
            continue;
        pvn_buf_format(out, "%s\"%s\":", comma, f->name);
        comma = ",";
        if (!put_field(out, f, at, is_absent(f, at)))
            return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                            "format: %s cannot be signed as JSON (2)\nhelp: "
                            "sign the encoded body, format BINARY (1)",
                            f->name);
    }
    pvn_buf_text(out, *comma == '{' ? "{}" : "}");
    return out->failed ? pvn_nomem(err) : PROVERNET_OK;
}
