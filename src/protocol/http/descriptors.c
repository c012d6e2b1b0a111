/* protocol/http/descriptors.c - finds files and symbols in FileDescriptorSets
 * of ours. Pure; reads the bytes in place. */
#include "protocol/http/http.h"
#include "protocol/http/pb.h"

/* Numbers of descriptor.proto. */
enum {
    SET_FILE = 1,
    FILE_NAME = 1,
    FILE_PACKAGE = 2,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    FILE_EXTENSION = 7,
    NAME = 1,
    MESSAGE_FIELD = 2,
    MESSAGE_NESTED = 3,
    MESSAGE_ENUM = 4,
    MESSAGE_EXTENSION = 6,
    MESSAGE_ONEOF = 8,
    ENUM_VALUE = 2,
    SERVICE_METHOD = 2
};

static pvn_bytes text_field(pvn_bytes msg, uint32_t number)
{
    pvn_pb_reader r = pvn_pb_read(msg);
    pvn_pb_field f;

    while (pvn_pb_next(&r, &f))
        if (f.number == number && f.wire == PVN_PB_LEN)
            return f.bytes;
    return pvn_bytes_of("", 0);
}

/* If `symbol` is `name` or begins with "name.", what comes after. */
static bool step_into(pvn_bytes symbol, pvn_bytes name, pvn_bytes *rest)
{
    if (symbol.len < name.len || memcmp(symbol.data, name.data, name.len) != 0)
        return false;
    *rest = pvn_bytes_of(symbol.data + name.len, symbol.len - name.len);
    if (rest->len == 0)
        return true;
    if (rest->data[0] != '.')
        return false;
    *rest = pvn_bytes_of(rest->data + 1, rest->len - 1);
    return rest->len > 0;
}

static bool named(pvn_bytes item, pvn_bytes symbol)
{
    return pvn_bytes_equal(text_field(item, NAME), symbol);
}

/* Is `symbol` an element `number` of this, or this itself? */
static bool element(pvn_bytes item, pvn_bytes symbol, uint32_t number)
{
    pvn_pb_reader r = pvn_pb_read(item);
    pvn_pb_field f;
    pvn_bytes rest;

    if (!step_into(symbol, text_field(item, NAME), &rest))
        return false;
    if (rest.len == 0)
        return true;
    while (pvn_pb_next(&r, &f))
        if (f.number == number && f.wire == PVN_PB_LEN && named(f.bytes, rest))
            return true;
    return false;
}

static bool message(pvn_bytes item, pvn_bytes symbol)
{
    pvn_pb_reader r = pvn_pb_read(item);
    pvn_pb_field f;
    pvn_bytes rest;

    if (!step_into(symbol, text_field(item, NAME), &rest))
        return false;
    if (rest.len == 0)
        return true;
    while (pvn_pb_next(&r, &f)) {
        if (f.wire != PVN_PB_LEN)
            continue;
        if (f.number == MESSAGE_NESTED && message(f.bytes, rest))
            return true;
        if (f.number == MESSAGE_ENUM && element(f.bytes, rest, ENUM_VALUE))
            return true;
        if ((f.number == MESSAGE_FIELD || f.number == MESSAGE_EXTENSION ||
             f.number == MESSAGE_ONEOF) &&
            named(f.bytes, rest))
            return true;
    }
    return false;
}

static bool declares(pvn_bytes file, pvn_bytes symbol)
{
    pvn_bytes package = text_field(file, FILE_PACKAGE), rest = symbol;
    pvn_pb_reader r = pvn_pb_read(file);
    pvn_pb_field f;

    if (package.len && (!step_into(symbol, package, &rest) || rest.len == 0))
        return false;
    while (pvn_pb_next(&r, &f)) {
        if (f.wire != PVN_PB_LEN)
            continue;
        if ((f.number == FILE_MESSAGE && message(f.bytes, rest)) ||
            (f.number == FILE_ENUM && element(f.bytes, rest, ENUM_VALUE)) ||
            (f.number == FILE_SERVICE &&
             element(f.bytes, rest, SERVICE_METHOD)) ||
            (f.number == FILE_EXTENSION && named(f.bytes, rest)))
            return true;
    }
    return false;
}

static bool named_file(pvn_bytes file, pvn_bytes name)
{
    return pvn_bytes_equal(text_field(file, FILE_NAME), name);
}

static bool find(const pvn_descriptors *d, pvn_bytes what,
                 bool (*fits)(pvn_bytes file, pvn_bytes what), pvn_bytes *file)
{
    for (size_t i = 0; i < d->len; i++) {
        pvn_pb_reader r = pvn_pb_read(d->set[i]);
        pvn_pb_field f;

        while (pvn_pb_next(&r, &f)) {
            if (f.number == SET_FILE && f.wire == PVN_PB_LEN &&
                fits(f.bytes, what)) {
                *file = f.bytes;
                return true;
            }
        }
    }
    return false;
}

bool pvn_descriptor_file(const pvn_descriptors *d, pvn_bytes name,
                         pvn_bytes *file)
{
    return find(d, name, named_file, file);
}

bool pvn_descriptor_symbol(const pvn_descriptors *d, pvn_bytes symbol,
                           pvn_bytes *file)
{
    return symbol.len > 0 && find(d, symbol, declares, file);
}
