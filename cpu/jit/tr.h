// SPDX-License-Identifier: MIT
//
// The translation of one block in progress, private to cpu/jit: what translate.c keeps about it, and
// what the files that translate one kind of instruction offer each other.
#ifndef CPU_JIT_TR_H
#define CPU_JIT_TR_H

#include <stddef.h>

#include "cpu/code.h"
#include "cpu/jit/jit_int.h"
#include "cpu/mem.h"

#define OFF(field) ((int32_t)offsetof(struct cpu, field))
#define REG(n_) (OFF(r) + 4 * (int32_t)(n_))

enum { F_NZ = 1, F_C = 2, F_V = 4, F_ALL = 7 };

// What an exec body is, where it is translated in line.
enum inlined {
    IN_CALL, // not
    IN_LDM_PC, IN_LDST, IN_LDRD, IN_STRD, IN_CLZ, IN_REV, IN_EXT, IN_BFI, IN_MOV_PC, IN_UNDEF, IN_VFP,
    IN_NEON, IN_NEON_MEM, IN_SMALL
};

// What small.c knows.
enum small_op {
    SM_NONE, SM_UADD8, SM_USUB8, SM_UQADD8, SM_UQSUB8, SM_UQADD16, SM_UQSUB16, SM_QADD8, SM_QSUB8,
    SM_QADD16, SM_QSUB16, SM_SEL, SM_SMLAXY, SM_SMULXY, SM_SMLAL, SM_UMAAL, SM_SXTAB, SM_SXTAH,
    SM_UXTAB, SM_UXTAH, SM_UXTB16, SM_BFI, SM_BFC, SM_PKH, SM_REV16, SM_REVSH, SM_T_ADD, SM_T_MOV,
    SM_DP, SM_TBB, SM_TBH
};

// Flags that have been computed but not stored: how to compute them again from guest registers that
// still hold what they held. They are stored when the registers are about to change, when the block
// is left, and in cold code; most are overwritten before that.
enum pend_kind {
    PEND_NONE,
    PEND_SUB,  // a - b
    PEND_ADD,  // a + b
    PEND_AND,  // a & b: N and Z
    PEND_EOR,  // a ^ b: N and Z
    PEND_RES,  // a: N and Z
    PEND_SUBR, // a is the result of x - b
    PEND_ADDR, // a is the result of x + b
};

enum { PEND_SLOT = 32 };

struct pend {
    uint8_t kind, dirty; // dirty: F_* that memory does not have
    uint8_t a, b;        // guest registers; b == 16: imm; from PEND_SLOT on: c->jit_spare
    uint32_t imm;
};

struct vec_row;

struct step {
    const struct insn *i;
    const struct vec_row *v; // of IN_VFP and so on (vec.h)
    struct op_desc d;
    uint8_t cond, inlined, small; // small: enum small_op
    uint8_t reads, writes, live; // F_*; live: seen behind this instruction
    uint16_t sets;               // guest registers it may change
    bool leaves;                 // may leave the block, so that all flags must be there
    bool last;
};

enum cold_kind {
    COLD_FN,   // call a thunk for the whole instruction, go on at `back`
    COLD_EXIT, // leave with a reason at a page offset
};

// When a floating-point result of 0 is right as it stands.
enum zero_rule { ZERO_NONE, ZERO_EXACT, ZERO_FACTOR };

struct cold {
    uint8_t kind, fn;
    uint8_t zero;   // enum zero_rule: go on at `resume`; RCX is twice the result
    bool dbl;
    uint8_t closer; // JFP_* bits to look closer at before going on at `resume`
    uint8_t operands;
    int32_t operand[3]; // places
    int32_t za, zb; // places of the factors
    uint8_t *resume;
    uint8_t before; // instructions of the block before this one
    uint8_t exit;   // enum jit_exit
    uint8_t *from[2];
    uint8_t *back;
    const struct insn *i;
    uint32_t arg; // or the page offset
    struct pend pend; // flags to store first
    bool is_site; // from[0] is a jump to patch when the target exists
};

// What the host's flags hold.
enum host_flags { HF_NONE, HF_SUB, HF_ADD, HF_LOGIC };

struct tr {
    struct x86 x;
    struct cpu *c;
    struct jit *j;
    struct code_page *page;
    bool thumb;
    unsigned count, colds;
    enum host_flags hf;
    struct pend pend;
    uint8_t fp_known; // JFP_*_OFF bits known to be clear here
    bool lost; // the instruction in progress changes what t->pend needs
    struct step s[JIT_BLOCK_INSNS];
    struct cold cold[JIT_BLOCK_INSNS * 10];
    uint32_t begin;   // place of the block
    // Branches back to the block's first instruction with flags pending go to a second copy of it that
    // starts with them pending, so that a loop need not store flags in every round.
    struct pend loop_pend;
    uint8_t *loop_from[4];
    unsigned loops;
    uint8_t *loop_head; // of the second copy, while that is made
    unsigned first;   // page offset of the first instruction
    unsigned end_off; // page offset behind the last
    enum { END_NONE, END_NEXT, END_PAGE, END_STEP } end;
};

// ---- flags.c: registers, flags, conditions ---------------------------------------------------------

// The host register that holds guest register r, loaded into `scratch` when it lives in memory.
unsigned tr_src(struct tr *t, unsigned r, unsigned scratch);
void tr_into(struct tr *t, unsigned host, unsigned r);
void tr_put(struct tr *t, unsigned r, unsigned host);
void tr_put_imm(struct tr *t, unsigned r, uint32_t v);
// host = page_va + v
void tr_page_plus(struct tr *t, unsigned host, uint32_t v);
uint32_t tr_pc_off(const struct tr *t, const struct insn *i);
uint8_t tr_cond_reads(unsigned cond);
// Stores the flags of a result in RAX; the host's flags are those of the operation and stay.
void tr_store_flags(struct tr *t, enum host_flags hf, uint8_t live);
// Stores `which` of the flags; leaves t->pend to the caller.
void tr_store_pend(struct tr *t, const struct pend *p, uint8_t which);
void tr_settle(struct tr *t, uint8_t which);
// The registers in `sets` are about to change: keeps what t->pend needs of them. The host's flags stay.
void tr_stash(struct tr *t, uint16_t sets);
// Leaves the condition in the host's flags; returns how to test for "passes". hf: what they hold, then
// t->hf.
enum x86_cc tr_test_cond(struct tr *t, unsigned cond, enum host_flags hf);

// ---- leave.c: cold code, exits, branches -------------------------------------------------------------

void tr_cold_exit(struct tr *t, uint8_t *from, enum jit_exit why, uint32_t off, bool is_site);
struct cold *tr_cold_fn(struct tr *t, uint8_t *from, enum jit_fn fn, unsigned n, uint32_t arg);
void tr_call_insn(struct tr *t, enum jit_fn fn, const struct insn *i, unsigned before, uint32_t arg);
void tr_emit_cold(struct tr *t);
void tr_spend(struct tr *t, unsigned n);
// To the code for page offset `off`, now or when it exists.
void tr_go_near(struct tr *t, unsigned off);
// A branch to EAX, whose bit 0 is the T bit. `state`: 0, 1, or -1 when only bit 0 tells.
void tr_taken_far(struct tr *t, int state, unsigned ran);
void tr_branch(struct tr *t, const struct step *s, unsigned n, enum host_flags hf);

// ---- integer.c ---------------------------------------------------------------------------------------

bool tr_dp_is_logic(unsigned op);
void tr_dp(struct tr *t, const struct step *s, enum host_flags hf);
void tr_mul(struct tr *t, const struct step *s);
void tr_bfx(struct tr *t, const struct step *s);
void tr_extend(struct tr *t, const struct insn *i, enum ext_op op);

// ---- small.c -----------------------------------------------------------------------------------------

enum small_op tr_small_op(const struct tr *t, const struct insn *i);
bool tr_small_branches(const struct insn *i, enum small_op op);
uint16_t tr_small_sets(const struct insn *i, enum small_op op);
void tr_small(struct tr *t, const struct step *s, unsigned n);

// ---- memory.c ----------------------------------------------------------------------------------------

// With the address in RAX: RCX = addend of its page, or off to cold code. `bytes` > size: they must
// not cross the page's end. `size` is the alignment that the address must have.
void tr_probe(struct tr *t, bool write, unsigned size, unsigned bytes, struct cold *k);
// RAX = rn + imm; rn += imm
void tr_base_plus(struct tr *t, unsigned rn, uint32_t imm);
void tr_move_base(struct tr *t, unsigned rn, uint32_t imm);
void tr_ldst(struct tr *t, const struct step *s, unsigned n);
void tr_ldst_generic(struct tr *t, const struct step *s, unsigned n);
void tr_dual(struct tr *t, const struct step *s, unsigned n, bool store);
void tr_multiple(struct tr *t, const struct step *s, unsigned n, bool store, enum jit_fn slow);

#endif
