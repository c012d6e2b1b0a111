/* base/error.c - see error.h. */
#include "base/error.h"
#include <stdio.h>
#include <string.h>

/* vsnprintf cuts anywhere; drop an incomplete UTF-8 sequence at the end. */
static void trim_utf8(char *text, size_t len)
{
    size_t start = len;

    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    start--;
    unsigned char lead = (unsigned char)text[start];
    size_t need = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead >= 0x80 && len - start < need)
        text[start] = '\0';
}

provernet_status pvn_vfail(provernet_error *err, provernet_status s, int cause,
                           const char *fmt, va_list ap)
{
    int n;

    if (!err)
        return s;
    err->status = s;
    err->cause = cause;
    n = vsnprintf(err->message, sizeof err->message, fmt, ap);
    if (n < 0)
        err->message[0] = '\0';
    else if ((size_t)n >= sizeof err->message)
        trim_utf8(err->message, sizeof err->message - 1);
    return s;
}

provernet_status pvn_fail(provernet_error *err, provernet_status s, int cause,
                          const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    pvn_vfail(err, s, cause, fmt, ap);
    va_end(ap);
    return s;
}

provernet_status pvn_nomem(provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_NOMEM, 0, "out of memory");
}

provernet_status pvn_error_copy(provernet_error *to,
                                const provernet_error *from)
{
    if (to && to != from)
        *to = *from;
    return from->status;
}
