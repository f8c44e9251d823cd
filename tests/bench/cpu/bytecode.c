// SPDX-License-Identifier: MIT
//
// A little stack machine: one indirect branch an instruction.
#include "kernel.h"

enum { PUSH, ADD, XOR, DUP, SWAP, DEC, JNZ, END };

static uint32_t work(unsigned n)
{
    static const uint8_t code[] = {PUSH, 5, SWAP, DUP, PUSH, 3, ADD, XOR, PUSH, 77, XOR,
                                   DEC, JNZ, 2, END};
    static const void *const go[] = {&&push, &&add, &&xor, &&dup, &&swap, &&dec, &&jnz, &&end};
    uint32_t st[16] = {1, 2}, *sp = st + 2, count = n * 100000;
    const uint8_t *pc = code;
#define NEXT goto *go[*pc++]
    NEXT;
push:
    *sp++ = *pc++;
    NEXT;
add:
    sp--;
    sp[-1] += sp[0];
    NEXT;
xor:
    sp--;
    sp[-1] ^= sp[0] * 5;
    NEXT;
dup:
    sp[0] = sp[-1];
    sp++;
    NEXT;
swap: {
    uint32_t t = sp[-1];
    sp[-1] = sp[-2];
    sp[-2] = t;
    NEXT;
}
dec:
    count--;
    NEXT;
jnz:
    pc = count ? code + *pc : pc + 1;
    NEXT;
end:
    return sp[-1];
}
