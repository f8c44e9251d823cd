// SPDX-License-Identifier: MIT
//
// The decoded form of one instruction, private to this room. An instruction is decoded once, when it
// is first executed, into one slot of its code page (code.h); afterwards only `fn` is called.
// Conditions, register numbers, immediates and the choice of a specialised body are settled then.
#ifndef CPU_INSN_H
#define CPU_INSN_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct insn;
struct isa_row;

// A threaded body: runs `i`, then continues with the next instruction. `n` counts the instructions
// that may still run, `i` included. Only interp*.c has such bodies (they need the NEXT macros).
typedef const struct insn *op_fn(struct cpu *c, const struct insn *i, uint64_t n);

// A plain body: does what the instruction does and returns; the dispatcher moves on. The condition
// has already passed. Faults and undefined instructions do not return (exc.h). Rule for precise
// aborts: perform every memory access before the first write to a register that the instruction
// would have to undo. c->cur == i.
typedef void exec_fn(struct cpu *c, const struct insn *i);

struct insn {
    op_fn *fn; // dispatcher entry: a body or a condition test; set by the decoder alone
    union {
        op_fn *op;
        exec_fn *exec;
    } body;
    uint32_t raw; // encoding: A32 word; T16 halfword; T32 first halfword in bits 31:16.
                  // VFP and NEON in T32 are rewritten to their A32 form.
    uint32_t imm; // whatever the row's prep function wants
    uint8_t rd, rn, rm, rs; // likewise: register numbers or small operands
    uint32_t off2 : 12; // offset in the page in halfwords: use insn_va() and insn_pc()
    uint32_t it : 8;   // CPSR.IT when this instruction starts (0 outside IT blocks)
    uint32_t wide : 1; // a 32-bit Thumb instruction (two slots)
    uint32_t row : 11; // index into isa_rows
};

_Static_assert(sizeof(struct insn) == 32, "two slots a cache line");

// ---- decoding ----------------------------------------------------------------------------------

enum prep {
    PREP_OK,
    PREP_UNDEF, // the encoding is UNDEFINED
    PREP_NEXT,  // "SEE ...": another row with fewer fixed bits may match
};

// What a prep function works on. Field letters are those of the row's picture; a letter that the
// picture lacks reads 0. A letter in several places is gathered, most significant bit first.
struct decode {
    uint32_t f[64]; // use fld()
    uint32_t raw;
    const struct isa_row *row;
    struct insn *i;    // out: rd rn rm rs imm, body.exec (preset to the row's exec)
    uint64_t features; // ISA_* bits of the model
    const struct cpu *cpu;
    op_fn *op;         // out (integer rows): a threaded body instead of body.exec
    uint8_t set;       // enum isa_set of the row
    uint8_t cond;      // 14 when unconditional
    bool in_it;        // inside an IT block
    bool last_in_it;
    bool alone;        // not in a code page: branches may not go to neighbouring slots
};

static inline uint32_t fld(const struct decode *d, char letter)
{
    return d->f[letter & 63];
}

typedef enum prep prep_fn(struct decode *d);

#endif
