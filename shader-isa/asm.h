// SPDX-License-Identifier: MIT
//
// The assembler's parts: text (asm_text.c), slots (asm_slot.c), control flow and layout (asm.c).
// Private to this room.
#ifndef SHADER_ISA_ASM_H
#define SHADER_ISA_ASM_H

#include <stddef.h>

#include "base/err.h"
#include "shader-isa/program.h"

// One line of source, read from left to right. After the first error everything fails quietly.
struct asm_line {
    const char *start, *p, *end; // end: before a comment or the line feed
    unsigned number;
    struct err *err;
    bool failed;
};

// Records an error at the current position. Returns false.
bool asm_fail(struct asm_line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void asm_skip_blanks(struct asm_line *l);
bool asm_at_end(struct asm_line *l);
// Accepts `text` (as a whole word where it is one); false and nothing consumed otherwise.
bool asm_accept(struct asm_line *l, const char *text);
bool asm_expect(struct asm_line *l, const char *text);
// A word of letters, digits and underscores into buf; false where none starts here.
bool asm_word(struct asm_line *l, char *buf, size_t size);
bool asm_number(struct asm_line *l, uint32_t limit, uint32_t *value);
// "(number)" after an accepted name.
bool asm_parenthesised(struct asm_line *l, uint32_t limit, uint32_t *value);

// Sets fields of `dw` from "{name=value, ...}" if one follows; rows end with name NULL.
bool asm_annotation(struct asm_line *l, const struct field_info *rows, uint32_t dw[3]);

struct asm_slot {
    uint32_t dw[3], raw[3]; // raw: the words that the line gave, if has_raw
    bool fetch, sync, has_raw;
    unsigned line;
};

// The part of a line after "ALU:" or "FETCH:"; `index` is the slot's number in the program.
bool asm_alu(struct asm_line *l, struct asm_slot *s);
bool asm_fetch(struct asm_line *l, struct asm_slot *s, unsigned index);
// A scalar operation, on the line after its slot's or at the end of it. False where none starts.
bool asm_is_scalar(struct asm_line *l);
bool asm_scalar(struct asm_line *l, struct asm_slot *s);
// After the last line of a slot: the text must agree with raw words.
bool asm_slot_done(struct asm_line *l, const struct asm_slot *s);

#endif
