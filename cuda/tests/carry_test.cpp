/* cuda/tests/carry_test.cpp - the PTX of the carry chains, run by a small
 * interpreter of the few instructions they use, equals the C bodies. */
#include "../ff/carry.h"
#include "test.h"

using namespace pvn;

struct Ptx { /* registers %0 ... and the carry flag */
    uint32_t r[32];
    uint32_t cc;
};

static uint32_t operand(const Ptx &m, const char *text)
{
    return text[0] == '%' ? m.r[atoi(text + 1)] : (uint32_t)atoi(text);
}

/* One instruction: op[.lo|.hi][.cc].u32 d, a, b[, c] */
static void execute(Ptx &m, const char *name, char a[4][8])
{
    bool cc = strstr(name, ".cc") != nullptr;
    bool with_carry = strncmp(name, "addc", 4) == 0 ||
                      strncmp(name, "subc", 4) == 0 ||
                      strncmp(name, "madc", 4) == 0;
    uint32_t in = with_carry ? m.cc : 0, x = operand(m, a[1]);
    uint32_t y = operand(m, a[2]);
    uint64_t t;

    if (strncmp(name, "add", 3) == 0) {
        t = (uint64_t)x + y + in;
    } else if (strncmp(name, "sub", 3) == 0) {
        t = (uint64_t)x - y - in;
    } else {
        uint64_t p = (uint64_t)x * y;
        uint32_t half = strstr(name, ".hi") ? (uint32_t)(p >> 32) : (uint32_t)p;
        CHECK(strncmp(name, "mad", 3) == 0);
        t = (uint64_t)half + operand(m, a[3]) + in;
    }
    m.r[atoi(a[0] + 1)] = (uint32_t)t;
    if (cc)
        m.cc = (uint32_t)(t >> 32) & 1;
}

static void interpret(Ptx &m, const char *text)
{
    char name[24], a[4][8];
    int used;

    m.cc = 1; /* rubbish before the first instruction */
    for (;;) {
        int n = 0;
        while (*text == ' ')
            text++;
        if (!*text)
            return;
        CHECK(sscanf(text, "%23s%n", name, &used) == 1);
        text += used;
        do {
            while (*text == ' ')
                text++;
            CHECK(sscanf(text, "%7[^,;]%n", a[n++], &used) == 1);
            text += used;
        } while (*text++ == ',');
        execute(m, name, a);
    }
}

/* Edges half of the time. */
static uint32_t word(Random &r)
{
    static const uint32_t edges[] = { 0,           1,           0xffffffffu,
                                      0xfffffffeu, 0x80000000u, 0x7fffffffu };

    return r.next() & 1 ? edges[r.below(6)] : (uint32_t)r.next();
}

static void fill(Random &r, uint32_t *w, int n)
{
    for (int i = 0; i < n; i++)
        w[i] = word(r);
}

static void one_round(Random &r)
{
    uint32_t x[8], y[9], a[8], b[8], out[8], carry, top;
    Ptx m;

    fill(r, x, 8);
    fill(r, y, 9);
    fill(r, a, 8);
    fill(r, b, 8);

    memcpy(m.r + 9, a, 32);
    memcpy(m.r + 17, b, 32);
    interpret(m, PVN_PTX_ADD8);
    carry = add8(out, a, b);
    CHECK(memcmp(out, m.r, 32) == 0 && carry == m.r[8]);
    interpret(m, PVN_PTX_SUB8);
    carry = sub8(out, a, b);
    CHECK(memcmp(out, m.r, 32) == 0 && carry == m.r[8]);

    m.r[0] = x[0];
    memcpy(m.r + 1, y, 32);
    for (int i = 0; i < 4; i++)
        m.r[9 + i] = a[2 * i + 1];
    m.r[13] = b[0];
    interpret(m, PVN_PTX_SHIFT_ROW);
    memcpy(out, y, 32);
    top = x[0];
    shift_row(top, out, a, b[0]);
    CHECK(memcmp(out, m.r + 1, 32) == 0 && top == m.r[0]);

    memcpy(m.r, x, 32);
    m.r[8] = y[8];
    for (int i = 0; i < 4; i++)
        m.r[9 + i] = a[2 * i];
    interpret(m, PVN_PTX_EVEN_ROW);
    memcpy(out, x, 32);
    top = y[8];
    even_row(out, top, a, b[0]);
    CHECK(memcmp(out, m.r, 32) == 0 && top == m.r[8]);

    memcpy(m.r, y, 32);
    for (int i = 0; i < 4; i++)
        m.r[8 + i] = a[2 * i + 1];
    m.r[12] = b[0];
    interpret(m, PVN_PTX_ODD_ROW);
    memcpy(out, y, 32);
    odd_row(out, a, b[0]);
    CHECK(memcmp(out, m.r, 32) == 0);
}

int main(void)
{
    Random r = { 1 };

    for (int i = 0; i < 20000; i++)
        one_round(r);
    return finish("carry chains: PTX text against C, 20000 rounds");
}
