// SPDX-License-Identifier: MIT
//
// What the disassembler's files share, private to them: the line being written and the instruction.
#ifndef CPU_DISASM_INT_H
#define CPU_DISASM_INT_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/bits.h"
#include "cpu/disasm.h"

struct dis {
    char *buf; // terminated; cap 0 means nothing is stored
    size_t cap, len;
    unsigned flags;
    enum isa_set set; // as asked: A32, T16, T32
    const struct isa_row *row;
    uint32_t raw; // in the row's form
    uint32_t va;
    uint8_t itstate;
    bool unknown; // a tag found the operand impossible
};

void dis_put(struct dis *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// "#5", "#0x1f", "#-0x20", or decimal.
void dis_number(struct dis *d, int64_t v);
void dis_unsigned(struct dis *d, uint64_t v);

static inline uint32_t dis_field(const struct dis *d, char letter)
{
    return isa_field(d->row, d->raw, letter);
}

const char *dis_reg(unsigned n);
const char *dis_cond(unsigned cond); // "" for 14

// Tag handlers: true when the tag was theirs.
bool dis_integer_tag(struct dis *d, const char *tag, size_t n);
bool dis_simd_tag(struct dis *d, const char *tag, size_t n);
bool dis_later_tag(struct dis *d, const char *tag, size_t n);

// A row of a later architecture for this encoding (disasm_later.c); *form is the encoding as the row
// writes it. False when there is none.
struct later_row {
    struct isa_row row;
    char picture[33];
};
bool dis_later(enum isa_set set, uint32_t raw, struct later_row *out, uint32_t *form);

#endif
