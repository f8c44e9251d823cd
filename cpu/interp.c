// SPDX-License-Identifier: MIT
//
// The interpreter's loop and the bodies that are not instructions: leaving, decoding, page ends,
// condition tests, and the bridge to plain bodies. cpu_run is the only place that takes interrupts
// and stops; threaded code comes back here by returning NULL with r[15], itstate and left set.
#include "cpu/interp.h"

#include "base/log.h"
#include "cpu/cluster.h"
#include "cpu/code.h"
#include "cpu/debug.h"
#include "cpu/exc.h"
#include "cpu/jit/jit.h"
#include "cpu/mmu.h"
#include "cpu/ops.h"

next_insn op_leave(OP_ARGS)
{
    c->r[15] = insn_va(c, i);
    c->itstate = (uint8_t)i->it;
    c->left = n;
    return NULL;
}

next_insn op_page_end(OP_ARGS)
{
    c->r[15] = insn_va(c, i);
    c->itstate = (uint8_t)i->it;
    return op_lookup(c, n);
}

next_insn op_lookup(struct cpu *c, uint64_t n)
{
    uint32_t to = c->r[15];
    const struct fetch_entry *f = &c->ftlb[fetch_index(to, c->thumb)];
    c->left = n;
    if (f->tag != ((to & ~0xfffu) | c->thumb) || !n || c->itstate || c->stop_pending ||
        atomic_load_explicit(&c->attention, memory_order_relaxed)) {
        return NULL;
    }
    c->page_va = to & ~0xfffu;
    c->page = f->page;
    return f->slots + ((to & 0xfff) >> (2 - c->thumb));
}

// Slots of a page are writable by their owner, the cache; bodies see them const.
next_insn op_decode(OP_ARGS)
{
    struct insn *slot = (struct insn *)(uintptr_t)i;
    c->left = n;
    return code_decode(c, slot);
}

next_insn op_undefined(OP_ARGS)
{
    c->cur = i;
    c->left = n;
    exc_undefined(c);
}

next_insn op_nop_1(OP_ARGS)
{
    NEXT(1);
}

next_insn op_nop_2(OP_ARGS)
{
    NEXT(2);
}

// ---- plain bodies -------------------------------------------------------------------------------

static next_insn op_redirect(struct cpu *c, uint64_t n)
{
    c->redirect = false;
    return op_lookup(c, n);
}

#define EXEC_THEN_NEXT(step)                                                                       \
    do {                                                                                           \
        c->cur = i;                                                                                \
        c->left = n;                                                                               \
        i->body.exec(c, i);                                                                        \
        if (unlikely(c->redirect)) {                                                               \
            return op_redirect(c, n - 1);                                                          \
        }                                                                                          \
        NEXT(step);                                                                                \
    } while (0)

static next_insn exec_AL_1(OP_ARGS)
{
    EXEC_THEN_NEXT(1);
}

static next_insn exec_AL_2(OP_ARGS)
{
    EXEC_THEN_NEXT(2);
}

// ---- conditions -----------------------------------------------------------------------------------

#define X(num, name)                                                                               \
    static next_insn cond_##name##_1(OP_ARGS)                                                      \
    {                                                                                              \
        if (COND_##name) {                                                                         \
            TAIL i->body.op(c, i, n);                                                              \
        }                                                                                          \
        NEXT(1);                                                                                   \
    }                                                                                              \
    static next_insn cond_##name##_2(OP_ARGS)                                                      \
    {                                                                                              \
        if (COND_##name) {                                                                         \
            TAIL i->body.op(c, i, n);                                                              \
        }                                                                                          \
        NEXT(2);                                                                                   \
    }                                                                                              \
    static next_insn exec_##name##_1(OP_ARGS)                                                      \
    {                                                                                              \
        if (COND_##name) {                                                                         \
            EXEC_THEN_NEXT(1);                                                                     \
        }                                                                                          \
        NEXT(1);                                                                                   \
    }                                                                                              \
    static next_insn exec_##name##_2(OP_ARGS)                                                      \
    {                                                                                              \
        if (COND_##name) {                                                                         \
            EXEC_THEN_NEXT(2);                                                                     \
        }                                                                                          \
        NEXT(2);                                                                                   \
    }
CONDITIONS(X)
#undef X

static op_fn *const conditional[2][2][14] = {
#define X(num, name) cond_##name##_1,
    {{CONDITIONS(X)},
#undef X
#define X(num, name) cond_##name##_2,
     {CONDITIONS(X)}},
#undef X
#define X(num, name) exec_##name##_1,
    {{CONDITIONS(X)},
#undef X
#define X(num, name) exec_##name##_2,
     {CONDITIONS(X)}},
#undef X
};

bool insn_is_plain(const struct insn *i, unsigned *cond)
{
    for (unsigned plain = 0; plain < 2; plain++) {
        for (*cond = 0; *cond < 14; ++*cond) {
            if (i->fn == conditional[plain][i->wide][*cond]) {
                return plain;
            }
        }
    }
    return i->fn == exec_AL_1 || i->fn == exec_AL_2;
}

void insn_bind(struct insn *i, op_fn *op, unsigned cond)
{
    if (op) {
        i->body.op = op;
    }
    if (cond < 14) {
        i->fn = conditional[!op][i->wide][cond];
    } else {
        i->fn = op ? op : i->wide ? exec_AL_2 : exec_AL_1;
    }
}

// ---- the loop --------------------------------------------------------------------------------------

// Handles c->attention; true when cpu_run must return c->stop.
static bool attend(struct cpu *c)
{
    unsigned why = atomic_exchange(&c->attention, 0);
    if (why & ATTN_STOP) {
        c->stop = CPU_STOP_REQUEST;
        // Lines that rose meanwhile are looked at again by the next run.
        atomic_fetch_or(&c->attention, ATTN_LINE);
        return true;
    }
    unsigned lines = atomic_load(&c->lines);
    if (c->waiting && cluster_wakes(c, lines)) {
        c->waiting = c->wfe_waiting = false;
    }
    if (lines) {
        exc_take_interrupt(c, lines);
    }
    return false;
}

// Runs from r[15] until something makes the threaded code return. Kept apart from cpu_run so that
// no local of that function lives across setjmp.
static void run_chain(struct cpu *c)
{
    next_insn i = code_enter(c);
    while (i) {
        i = i->fn(c, i, c->left);
    }
}

static void step_begin(struct cpu *c)
{
    c->step_rest = c->left - 1;
    c->insns_end -= c->step_rest;
    c->left = 1;
}

static void step_end(struct cpu *c)
{
    c->left += c->step_rest;
    c->insns_end += c->step_rest;
    c->step_rest = 0;
}

static void run_loop(struct cpu *c)
{
    for (;;) {
        step_end(c);
        if (atomic_load_explicit(&c->attention, memory_order_relaxed) && attend(c)) {
            return;
        }
        if (c->stop_pending) {
            c->stop_pending = false;
            return;
        }
        if (c->waiting) {
            c->stop = CPU_STOP_WFI;
            return;
        }
        if (!c->left) {
            c->stop = CPU_STOP_BUDGET;
            return;
        }
        if (unlikely(c->debug || log_on(c->log, LOG_exec))) {
            if (debug_before(c)) {
                return;
            }
            step_begin(c);
        } else if (c->jit) {
            jit_run(c);
            continue;
        }
        run_chain(c);
    }
}

enum cpu_stop cpu_run(struct cpu *c, uint64_t max_insns)
{
    jmp_buf env;
    c->left = max_insns;
    c->insns_end += max_insns;
    c->step_rest = 0;
    c->unwind = &env;
    (void)_setjmp(env); // faults come back here with everything in *c
    run_loop(c);
    c->unwind = NULL;
    c->insns_end -= c->left;
    c->left = 0;
    return c->stop;
}

void cpu_unwind(struct cpu *c)
{
    c->left--;
    c->redirect = false;
    _longjmp(*c->unwind, 1);
}
