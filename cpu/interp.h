// SPDX-License-Identifier: MIT
//
// Threaded dispatch, for the interpreter's own files only. A body ends with NEXT or one of the GO
// macros, which in an optimised build is a jump to the next body: the guest's instruction sequence
// is the host's chain of indirect jumps, and `n`, the budget, stays in a register. Without
// optimisation, or under a sanitizer, bodies return the next instruction to the loop in cpu_run,
// which is also what rare bodies always do.
#ifndef CPU_INTERP_H
#define CPU_INTERP_H

#include "cpu/state.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer) ||             \
    __has_feature(thread_sanitizer)
#define CPU_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CPU_SANITIZED 1
#endif
#if defined(__OPTIMIZE__) && !defined(CPU_SANITIZED)
#define CPU_THREADED 1
#else
#define CPU_THREADED 0
#endif

#if defined(__clang__) && CPU_THREADED
#define TAIL __attribute__((musttail)) return
#else
#define TAIL return
#endif

// The rare way out of a body: kept out of line, so that the body needs no stack frame.
#define COLD __attribute__((noinline, cold))

#if defined(__GNUC__) && !defined(__clang__)
// Packing four flags into one vector store costs more than four stores.
#pragma GCC optimize("no-tree-slp-vectorize")
#endif

typedef const struct insn *next_insn;
#define OP_ARGS struct cpu *c, const struct insn *i, uint64_t n

// Stops before `i` with n instructions left: the caller of cpu_run's loop finds out why.
next_insn op_leave(OP_ARGS);
// Continues at c->r[15] in the state c->thumb, c->itstate.
next_insn op_lookup(struct cpu *c, uint64_t n);

#if CPU_THREADED
#define DISPATCH(t) TAIL (t)->fn(c, (t), n)
#else
#define DISPATCH(t)                                                                                \
    do {                                                                                           \
        c->left = n;                                                                               \
        return (t);                                                                                \
    } while (0)
#endif

// To the instruction `step` slots on.
#define NEXT(step)                                                                                 \
    do {                                                                                           \
        n--;                                                                                       \
        i += (step);                                                                               \
        if (unlikely(n == 0)) {                                                                    \
            TAIL op_leave(c, i, n);                                                                \
        }                                                                                          \
        DISPATCH(i);                                                                               \
    } while (0)

// A taken branch to slot i + delta of the same page.
#define BRANCH_NEAR(delta)                                                                         \
    do {                                                                                           \
        n--;                                                                                       \
        i += (int32_t)(delta);                                                                     \
        if (unlikely(n == 0 || atomic_load_explicit(&c->attention, memory_order_relaxed))) {       \
            TAIL op_leave(c, i, n);                                                                \
        }                                                                                          \
        DISPATCH(i);                                                                               \
    } while (0)

// Pages of A32 code, then pages of Thumb code: one page may have both.
enum { FETCH_PAGES = 128, FETCH_ENTRIES = 2 * FETCH_PAGES };

static inline unsigned fetch_index(uint32_t va, bool thumb)
{
    return (va >> 12 & (FETCH_PAGES - 1)) + (thumb ? FETCH_PAGES : 0);
}

// A taken branch to a virtual address in the state c->thumb.
#define BRANCH_FAR(va_)                                                                            \
    do {                                                                                           \
        uint32_t to_ = (va_);                                                                      \
        const struct fetch_entry *f_ = &c->ftlb[fetch_index(to_, c->thumb)];                       \
        n--;                                                                                       \
        if (unlikely(f_->tag != ((to_ & ~0xfffu) | c->thumb) || n == 0 ||                          \
                     atomic_load_explicit(&c->attention, memory_order_relaxed))) {                 \
            c->r[15] = to_;                                                                        \
            c->itstate = 0;                                                                        \
            c->left = n;                                                                           \
            return NULL;                                                                           \
        }                                                                                          \
        c->page_va = to_ & ~0xfffu;                                                                \
        c->page = f_->page;                                                                        \
        i = f_->slots + ((to_ & 0xfff) >> (2 - c->thumb));                                         \
        DISPATCH(i);                                                                               \
    } while (0)

// Conditions on the split flags.
#define COND_EQ (c->zf == 0)
#define COND_NE (c->zf != 0)
#define COND_CS (c->cf != 0)
#define COND_CC (c->cf == 0)
#define COND_MI ((int32_t)c->nf < 0)
#define COND_PL ((int32_t)c->nf >= 0)
#define COND_VS ((int32_t)c->vf < 0)
#define COND_VC ((int32_t)c->vf >= 0)
#define COND_HI (c->cf && c->zf)
#define COND_LS (!(c->cf && c->zf))
#define COND_GE ((int32_t)(c->nf ^ c->vf) >= 0)
#define COND_LT ((int32_t)(c->nf ^ c->vf) < 0)
#define COND_GT (c->zf && (int32_t)(c->nf ^ c->vf) >= 0)
#define COND_LE (!(c->zf && (int32_t)(c->nf ^ c->vf) >= 0))
#define CONDITIONS(X)                                                                              \
    X(0, EQ) X(1, NE) X(2, CS) X(3, CC) X(4, MI) X(5, PL) X(6, VS) X(7, VC) X(8, HI) X(9, LS)      \
    X(10, GE) X(11, LT) X(12, GT) X(13, LE)

// ---- for plain bodies -------------------------------------------------------------------------

static inline uint8_t it_advance(uint32_t it)
{
    return (uint8_t)((it & 7) ? (it & 0xe0) | (it << 1 & 0x1f) : 0);
}

// Continue at va in the current state once the body returns.
static inline void exec_branch(struct cpu *c, uint32_t va)
{
    c->r[15] = va;
    c->itstate = 0;
    c->redirect = true;
}

// Continue with the next instruction, but look it up again.
static inline void exec_resync(struct cpu *c, const struct insn *i)
{
    c->r[15] = insn_va(c, i) + (c->thumb && !i->wide ? 2 : 4);
    c->itstate = it_advance(i->it);
    c->redirect = true;
}

// Wait for interrupt after c->cur.
static inline void exec_wait(struct cpu *c)
{
    exec_resync(c, c->cur);
    if (!atomic_load(&c->lines)) {
        c->waiting = true;
        atomic_fetch_or(&c->attention, ATTN_WAIT);
    }
}

static inline bool exec_condition(const struct cpu *c, unsigned cond)
{
    switch (cond) {
#define X(num, name)                                                                               \
    case num:                                                                                      \
        return COND_##name;
        CONDITIONS(X)
#undef X
    }
    return true;
}

// Interworking branch (BX, loads on v5 and later): bit 0 selects Thumb.
static inline void exec_bx(struct cpu *c, uint32_t to)
{
    c->thumb = to & 1;
    exec_branch(c, to & (c->thumb ? ~1u : ~3u));
}

// Branch without change of state.
static inline void exec_branch_write(struct cpu *c, uint32_t to)
{
    exec_branch(c, to & (c->thumb ? ~1u : ~3u));
}

// A loaded PC: interworks on ARMv5T and later.
static inline void exec_load_pc(struct cpu *c, uint32_t to)
{
    if (ISA_HAS(c->features, V5T)) {
        exec_bx(c, to);
    } else {
        exec_branch_write(c, to);
    }
}

// A PC computed by a data processing instruction in A32: interworks on ARMv7.
static inline void exec_alu_pc(struct cpu *c, uint32_t to)
{
    if (!c->thumb && ISA_HAS(c->features, V7)) {
        exec_bx(c, to);
    } else {
        exec_branch_write(c, to);
    }
}

// ---- decoder's choice of fn (interp.c) -----------------------------------------------------------

// Sets i->fn for a threaded body (op) or for i->body.exec (op == NULL), under a condition.
void insn_bind(struct insn *i, op_fn *op, unsigned cond);
op_fn op_decode;   // slot not decoded yet
op_fn op_page_end; // sentinel behind the last slot
op_fn op_undefined;
op_fn op_nop_1, op_nop_2;
// A threaded body for an unconditional plain one, or NULL.
op_fn *ops_mem_special(const struct cpu *c, const struct insn *i);
op_fn *ops_sys_special(const struct insn *i);
#define OP_NOP(d) ((d)->i->wide ? op_nop_2 : op_nop_1)

#endif
