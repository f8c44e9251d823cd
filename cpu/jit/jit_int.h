// SPDX-License-Identifier: MIT
//
// Shared between jit.c (buffer, thunks, running) and translate.c (blocks).
#ifndef CPU_JIT_JIT_INT_H
#define CPU_JIT_JIT_INT_H

#include "cpu/jit/jit.h"
#include "cpu/jit/x86.h"
#include "cpu/ops.h"

// While translated code runs: RBP is the CPU, R15 the budget left before the block, and these hold
// guest registers. RAX, RCX, RDX are free. r8..r12 stay in memory.
static const uint8_t jit_host[16] = {RBX, RSI,    RDI,    R8,     R9,     R10, R11, R12,
                                     NO_REG, NO_REG, NO_REG, NO_REG, NO_REG, R13, R14, NO_REG};

// Why translated code returned, in bits 2:0; with JIT_CHAIN the place of the jump to patch above.
enum jit_exit {
    JIT_RAW,      // branched to r[15] with the T bit in bit 0: look it up
    JIT_LEAVE,    // at r[15]: attention
    JIT_BUDGET,   // at r[15]: fewer instructions may run than the block has
    JIT_CHAIN,    // at r[15] in the same page: find or make the block, connect it
    JIT_REDIRECT, // a body changed the PC: as op_lookup
    JIT_PAGE_END, // at r[15], the next page
    JIT_STEP,     // at r[15]: an instruction for the interpreter
};

// Calls out of blocks that the thunks know, as COLD_FN's function.
enum jit_fn { JIT_FN_VECTOR, JIT_FN_EXEC, JIT_FN_LDST, JIT_FN_LDM, JIT_FN_STM, JIT_FN_UNDEF, JIT_FN_COUNT };
typedef void jit_helper(struct cpu *c, const struct insn *i, uint32_t arg);

struct jit {
    uint8_t *rw, *rx; // the same memory: written through one view, run through the other
    uint32_t size, used, start; // start: behind the thunks
    uint32_t enter, exit_off, exit_spill;
    uint32_t call[JIT_FN_COUNT]; // thunks: RAX the instruction, ECX how many ran before, EDX arg
    jit_helper *fn[JIT_FN_COUNT];
    const struct vec_row *vec[2048]; // by row of the instruction tables: vec.h
    FILE *perf; // borrowed: names of blocks for perf, or NULL
    bool full; // drop everything at the next chance
    uint64_t blocks, bytes, flushes;
    struct {
        op_fn *body;
        struct op_desc desc;
    } map[4096]; // open addressing
};

// Bytes that one block may need at most.
enum { JIT_BLOCK_INSNS = 40, JIT_LOOP_INSNS = 30, JIT_BLOCK_ROOM = JIT_BLOCK_INSNS * 1280 };

struct op_desc jit_describe(const struct jit *j, op_fn *body);

// Translates the block that starts at slot `i` of the current page. 0: the interpreter must take
// this instruction.
uint32_t jit_translate(struct cpu *c, struct jit *j, const struct insn *i);

#endif
