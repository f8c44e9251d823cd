// SPDX-License-Identifier: MIT
//
// The translator's door for the rest of the CPU. Blocks of guest instructions become x86-64 code that
// is found through the same code pages and fetch banks as the interpreter's slots: each code page has,
// beside an instruction set's slots, an array with the place of the code that starts at each halfword
// (0: none yet). Whatever drops decoded slots drops the page's code.
//
// Agreement with the interpreter is exact, the instruction count included: attention is looked at
// after taken branches and at page ends only; a block does not begin unless the budget covers all of
// it, and the interpreter runs the rest.
#ifndef CPU_JIT_JIT_H
#define CPU_JIT_JIT_H

#include "cpu/code.h"
#include "cpu/state.h"

struct err;

// Needs an x86-64 host with AVX2, BMI2, FMA and LZCNT. NULL with -ENOTSUP or -ENOMEM in *err otherwise.
struct jit *jit_create(struct err *err);
void jit_destroy(struct jit *jit);
// In the child of fork(): a code buffer of its own, without code. The caller forgets decoded slots.
// 0 or -ENOMEM, after which the CPU may only be destroyed.
int jit_unshare(struct jit *jit);
// Names of blocks from now on go to `out`, borrowed, or nowhere (NULL).
void jit_perf_map(struct jit *jit, FILE *out);

// Runs from r[15] until the loop of cpu_run has to look (as the interpreter's own chain does).
void jit_run(struct cpu *c);

// Arrays for a code page; false when the host is out of memory.
bool jit_page_ready(struct code_page *p, bool thumb);
// Decoded instructions of the page changed: forget its code.
void jit_page_drop(struct code_page *p);
void jit_page_free(struct code_page *p);
// All slots are gone: the code that points at them too. Only between instructions.
void jit_forget(struct jit *jit);

#endif
