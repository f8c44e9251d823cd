// SPDX-License-Identifier: MIT
//
// ARM and Thumb instructions as UAL text, from the syntax column of the instruction tables
// (isa/*.def) and, for what later architectures added, from isa/later.def, which is text only.
// The text is that of LLVM: lower case, aliases where LLVM prefers them, constants above 9 in
// hexadecimal unless asked otherwise.
//
// Template language of the syntax column. Text is copied in lower case; `{X}` puts the letter x when
// field X is 1; `<tag>` is replaced:
//   <c> condition of the instruction, or of its place in an IT block     <k> condition in field k
//   <Rx> <Rx+1> core register in field x (any letter; Rt, Ru, Re ... alike)
//   <Sx> <Dx> <Qx> <Vx> extension register from fields x and X (single x:X, double X:x, quad half of
//       it; V is D or Q as field Q says); <Sx1> the single after it; <Dm[x]> scalar of a by-lane row
//   <#i> constant in field i; <#i+1> <#i*4> arithmetic on it; <#ji> fields j:i
//   {s} "s" outside IT blocks (T16)      {!} "!" when field W is 1      {N} "n" when field o is 1
// The other tags are listed with their functions in disasm_int.c and disasm_simd.c.
#ifndef CPU_DISASM_H
#define CPU_DISASM_H

#include <stddef.h>
#include <stdint.h>

#include "cpu/isa.h"

enum {
    DISASM_DECIMAL = 1, // constants in decimal
    DISASM_OFFSETS = 2, // branch targets relative to the PC as read, not absolute
    DISASM_LATER = 4,   // also ARMv8 and later additions
};

// Writes one line, always terminated, to buf[n]. `set` is ISA_A32, ISA_T16 or ISA_T32 with
// raw = first halfword << 16 | second; `features` are ISA_* bits; `itstate` is CPSR.IT at the
// instruction (0 outside IT blocks). An encoding that is no instruction gives "<unknown>". Returns
// the instruction's bytes, 2 or 4.
unsigned arm_disassemble(enum isa_set set, uint64_t features, uint8_t itstate, uint32_t va,
                         uint32_t raw, char *buf, size_t n);
unsigned arm_disassemble_as(enum isa_set set, uint64_t features, uint8_t itstate, uint32_t va,
                            uint32_t raw, unsigned flags, char *buf, size_t n);

// The same from memory bytes (little endian instructions), for listings: finds the length in Thumb
// state itself and keeps *itstate (start with 0; NULL outside IT blocks) up to date. Returns the
// bytes used, 0 when fewer than one instruction is left.
unsigned arm_disassemble_bytes(bool thumb, uint64_t features, uint8_t *itstate, uint32_t va,
                               const uint8_t *bytes, size_t left, unsigned flags, char *buf,
                               size_t n);

// ISA_* bits of a model by name, or of every row when `model` is NULL; 0 when there is no such model.
uint64_t arm_model_features(const char *model);

#endif
