// SPDX-License-Identifier: MIT
//
// One block of guest instructions to x86-64. A block starts at a slot of the current code page, runs
// over conditional branches, and ends at an unconditional one, at the page's end, or at a limit. The
// decoded slots say what to do (ops.h); what is not known here calls the interpreter's own body. Guest
// registers live in host registers throughout (jit_int.h). Flags go to the CPU's split form, but only
// those that something can see before they are written again: a following instruction, or any place
// where the block may be left. A condition right behind the instruction that sets its flags is tested
// on the host's flags.
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cpu/code.h"
#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/jit/jit_int.h"
#include "cpu/mem.h"
#include "cpu/models.h"

#define OFF(field) ((int32_t)offsetof(struct cpu, field))
#define REG(n_) (OFF(r) + 4 * (int32_t)(n_))

enum { F_NZ = 1, F_C = 2, F_V = 4, F_ALL = 7 };

// What an exec body is, where it is translated in line.
enum inlined {
    IN_CALL, // not
    IN_LDM_PC, IN_LDST, IN_LDRD, IN_STRD, IN_CLZ, IN_REV, IN_EXT, IN_BFI, IN_MOV_PC, IN_UNDEF
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

struct pend {
    uint8_t kind, dirty; // dirty: F_* that memory does not have
    uint8_t a, b;        // guest registers; b == 16: imm
    uint32_t imm;
};

struct step {
    const struct insn *i;
    struct op_desc d;
    uint8_t cond, inlined;
    uint8_t reads, writes, live; // F_*; live: seen behind this instruction
    uint16_t sets;               // guest registers it may change
    bool leaves;                 // may leave the block, so that all flags must be there
    bool last;
};

enum cold_kind {
    COLD_FN,   // call a thunk for the whole instruction, go on at `back`
    COLD_EXIT, // leave with a reason at a page offset
};

struct cold {
    uint8_t kind, fn;
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
    bool lost; // the instruction in progress changes what t->pend needs
    struct step s[JIT_BLOCK_INSNS];
    struct cold cold[JIT_BLOCK_INSNS * 4];
    uint32_t begin;   // place of the block
    unsigned first;   // page offset of the first instruction
    unsigned end_off; // page offset behind the last
    enum { END_NONE, END_NEXT, END_PAGE, END_STEP } end;
};

// ---- decoding and liveness -------------------------------------------------------------------------

static uint8_t cond_reads(unsigned cond)
{
    static const uint8_t reads[16] = {
        F_NZ, F_NZ, F_C, F_C, F_NZ, F_NZ, F_V, F_V, F_C | F_NZ, F_C | F_NZ, F_NZ | F_V, F_NZ | F_V,
        F_NZ | F_V, F_NZ | F_V, 0, 0};
    return reads[cond & 15];
}

static bool dp_is_logic(unsigned op)
{
    return op == DP_AND || op == DP_EOR || op == DP_ORR || op == DP_ORN || op == DP_BIC ||
           op == DP_MOV || op == DP_MVN || op == DP_TST || op == DP_TEQ;
}

static enum inlined known_exec(const struct tr *t, const struct insn *i)
{
    exec_fn *e = i->body.exec;
    bool v5t = ISA_HAS(t->c->features, V5T);
    if (e == exec_ldm_generic) {
        return i->imm & 0x8000 && v5t ? IN_LDM_PC : IN_CALL;
    }
    if (e == exec_ldst_generic) {
        bool load = (i->rs & LSG_KIND) < MO_STR;
        return i->rs & LSG_USER || i->rm == 15 || (i->rd == 15 && (!load || !v5t)) ? IN_CALL : IN_LDST;
    }
    if (e == exec_ldrd || e == exec_strd) {
        return t->c->model->arch < 6 ? IN_CALL : e == exec_ldrd ? IN_LDRD : IN_STRD;
    }
    if (e == exec_CLZ) {
        return IN_CLZ;
    }
    if (e == exec_REV) {
        return IN_REV;
    }
    if (e == exec_UXTB || e == exec_UXTH || e == exec_SXTB || e == exec_SXTH) {
        return IN_EXT;
    }
    return IN_CALL;
}

static bool never_falls(const struct insn *i)
{
    exec_fn *e = i->body.exec;
    return e == exec_SVC || e == exec_SUBS_PC_LR || e == exec_RFE || e == exec_TBB ||
           e == exec_TBH || e == exec_ldm_exc || (e == exec_ldm_generic && i->imm & 0x8000) ||
           (e == exec_ldst_generic && i->rd == 15 && (i->rs & LSG_KIND) < MO_STR) ||
           e == exec_BKPT || e == exec_WFI;
}

static uint16_t registers_set(const struct step *s)
{
    const struct insn *i = s->i;
    // vector rows keep D and Q numbers here: masked, and not asked for below
    unsigned rd = 1u << (i->rd & 31), rn = 1u << (i->rn & 31);
    switch ((enum op_group)s->d.group) {
    case OPG_PLAIN:
        switch ((enum inlined)s->inlined) {
        case IN_LDST:
        case IN_STRD:
            return (uint16_t)(rd | rn);
        case IN_LDRD:
            return (uint16_t)(rd | rn | 1u << i->rm);
        case IN_LDM_PC:
            return (uint16_t)(i->imm | rn);
        case IN_CLZ:
        case IN_REV:
        case IN_EXT:
            return (uint16_t)rd;
        default:
            return 0xffff;
        }
    case OPG_NOP:
        return 0;
    case OPG_DP:
        return (uint16_t)(s->d.op < DP_TST ? rd : 0);
    case OPG_LOAD:
        return (uint16_t)(rd | (s->d.form == MF_PRE || s->d.form == MF_POST ? rn : 0));
    case OPG_STORE:
        return (uint16_t)(s->d.form == MF_PRE || s->d.form == MF_POST ? rn : 0);
    case OPG_LDM:
        return (uint16_t)(i->imm | (i->rs ? rn : 0));
    case OPG_STM:
        return (uint16_t)(i->rs ? rn : 0);
    case OPG_BRANCH:
        return s->d.op == BR_BL_NEAR || s->d.op == BR_BL_FAR || s->d.op == BR_BLX_REG ||
                       s->d.op == BR_BLX_FAR
                   ? 1u << 14
                   : 0;
    case OPG_MUL:
        return (uint16_t)(rd | (s->d.op >= MU_UMULL ? 1u << i->rs : 0));
    case OPG_ADR:
    case OPG_MOVT:
    case OPG_EXT:
    case OPG_BFX:
        return (uint16_t)rd;
    }
    return 0xffff;
}

// Fills t->s[n]; false when the instruction must not be in a block.
static bool describe(struct tr *t, struct step *s, const struct insn *i)
{
    unsigned cond;
    *s = (struct step){.i = i};
    bool plain = insn_is_plain(i, &cond);
    s->cond = (uint8_t)cond;
    if (plain) {
        s->d.group = OPG_PLAIN;
        s->inlined = (uint8_t)known_exec(t, i);
        s->last = cond == 14 && never_falls(i);
    } else {
        s->d = jit_describe(t->j, i->body.op);
        if (i->fn == op_undefined || i->body.op == op_undefined) {
            s->d.group = OPG_PLAIN;
            s->inlined = IN_UNDEF;
            s->last = cond == 14;
        } else if (s->d.group == OPG_PLAIN) {
            return false;
        }
    }
    s->reads = cond_reads(cond);
    s->sets = registers_set(s);
    switch ((enum op_group)s->d.group) {
    case OPG_DP: {
        bool reg_shift = s->d.form >= DP_RLSL;
        if (s->d.op == DP_ADC || s->d.op == DP_SBC || s->d.op == DP_RSC || s->d.form == DP_RRX) {
            s->reads |= F_C;
        }
        if (s->d.s && dp_is_logic(s->d.op)) {
            s->writes = F_NZ | (s->d.form == DP_IMM || s->d.form == DP_REG ? 0 : F_C);
            s->reads |= reg_shift ? F_C : 0;
        } else if (s->d.s) {
            s->writes = F_ALL;
        }
        break;
    }
    case OPG_MUL:
        s->writes = s->d.s ? F_NZ : 0;
        break;
    case OPG_BRANCH:
        s->leaves = true;
        if (s->d.op == BR_NEAR && s->d.form < 14) {
            s->reads |= cond_reads(s->d.form);
            s->last = false;
        } else {
            s->last = cond == 14 && s->d.op < BR_CBZ_NEAR;
        }
        break;
    case OPG_PLAIN:
        s->leaves = s->inlined != IN_CLZ && s->inlined != IN_REV && s->inlined != IN_EXT;
        break;
    case OPG_LOAD:
    case OPG_STORE:
    case OPG_LDM:
    case OPG_STM:
        s->leaves = true;
        break;
    default:
        break;
    }
    return true;
}

static void decode_block(struct tr *t, const struct insn *start)
{
    struct cpu *c = t->c;
    struct insn *slots = t->page->slots[t->thumb];
    unsigned k = (unsigned)(start - slots), slots_end = t->thumb ? T_SLOTS : A32_SLOTS;
    bool branched = false;
    t->first = start->off2 * 2u;
    t->end = END_NEXT;
    while (t->count < JIT_BLOCK_INSNS) {
        if (k >= slots_end) {
            t->end = END_PAGE;
            break;
        }
        if (branched && t->page->entry[t->thumb][slots[k].off2]) {
            break; // the rest exists
        }
        if (slots[k].fn == op_decode && code_decode(c, &slots[k]) != &slots[k]) {
            t->end = END_STEP;
            break;
        }
        struct step *s = &t->s[t->count];
        if (!describe(t, s, &slots[k])) {
            t->end = END_STEP;
            break;
        }
        t->count++;
        branched |= s->d.group == OPG_BRANCH;
        k += t->thumb && slots[k].wide ? 2 : 1;
        if (s->last) {
            t->end = END_NONE;
            break;
        }
    }
    if (t->end == END_NEXT && k >= slots_end) {
        t->end = END_PAGE;
    }
    t->end_off = k << (t->thumb ? 1 : 2);
    uint8_t live = F_ALL;
    for (unsigned n = t->count; n--;) {
        struct step *s = &t->s[n];
        s->live = live;
        if (s->cond == 14 && !(s->d.group == OPG_DP && s->d.form >= DP_RLSL)) {
            live &= (uint8_t)~s->writes;
        } else if (s->cond == 14) {
            live &= (uint8_t)~(s->writes & ~F_C);
        }
        live |= s->reads;
        if (s->leaves) {
            live = F_ALL;
        }
    }
}

// ---- registers ------------------------------------------------------------------------------------------

// The host register that holds guest register r, loaded into `scratch` when it lives in memory.
static unsigned src(struct tr *t, unsigned r, unsigned scratch)
{
    if (jit_host[r] != NO_REG) {
        return jit_host[r];
    }
    x_load(&t->x, scratch, RBP, REG(r));
    return scratch;
}

static void into(struct tr *t, unsigned host, unsigned r)
{
    if (jit_host[r] != NO_REG) {
        x_mov(&t->x, host, jit_host[r]);
    } else {
        x_load(&t->x, host, RBP, REG(r));
    }
}

static void put(struct tr *t, unsigned r, unsigned host)
{
    if (jit_host[r] != NO_REG) {
        x_mov(&t->x, jit_host[r], host);
    } else {
        x_store(&t->x, RBP, REG(r), host);
    }
}

static void put_imm(struct tr *t, unsigned r, uint32_t v)
{
    if (jit_host[r] != NO_REG) {
        x_mov_i(&t->x, jit_host[r], v);
    } else {
        x_store_i(&t->x, RBP, REG(r), v);
    }
}

// host = page_va + v
static void page_plus(struct tr *t, unsigned host, uint32_t v)
{
    x_load(&t->x, host, RBP, OFF(page_va));
    if (v) {
        x_alu_i(&t->x, X_ADD, host, v);
    }
}

static uint32_t pc_off(const struct tr *t, const struct insn *i)
{
    return (uint32_t)i->off2 * 2 + (t->thumb ? 4 : 8);
}

// Stores the flags of a result in RAX; the host's flags are those of the operation and stay.
static void store_flags(struct tr *t, enum host_flags hf, uint8_t live)
{
    struct x86 *x = &t->x;
    if (live & F_NZ) {
        x_store(x, RBP, OFF(nf), RAX);
        x_store(x, RBP, OFF(zf), RAX);
    }
    if (hf != HF_LOGIC) {
        if (live & F_C) {
            x_setcc_m(x, hf == HF_SUB ? CC_AE : CC_B, RBP, OFF(cf));
        }
        if (live & F_V) {
            x_setcc(x, CC_O, RCX);
            x_rorx(x, RCX, RCX, 1);
            x_store(x, RBP, OFF(vf), RCX);
        }
    }
    t->hf = hf;
}

static const uint8_t pend_flags[] = {[PEND_SUB] = HF_SUB,   [PEND_ADD] = HF_ADD,
                                     [PEND_AND] = HF_LOGIC, [PEND_EOR] = HF_LOGIC,
                                     [PEND_RES] = HF_LOGIC, [PEND_SUBR] = HF_SUB,
                                     [PEND_ADDR] = HF_ADD};

static void alu_b(struct tr *t, enum x86_alu op, unsigned dst, const struct pend *p)
{
    if (p->b == 16) {
        x_alu_i(&t->x, op, dst, p->imm);
    } else {
        x_alu(&t->x, op, dst, src(t, p->b, RCX));
    }
}

// Leaves the flags of `p` in the host's flags; with `result`, the result in RAX.
static enum host_flags compute_pend(struct tr *t, const struct pend *p, bool result)
{
    struct x86 *x = &t->x;
    switch ((enum pend_kind)p->kind) {
    case PEND_NONE:
        return HF_NONE;
    case PEND_SUB:
        if (!result) {
            alu_b(t, X_CMP, src(t, p->a, RAX), p);
            break;
        }
        into(t, RAX, p->a);
        alu_b(t, X_SUB, RAX, p);
        break;
    case PEND_ADD:
    case PEND_AND:
    case PEND_EOR:
        into(t, RAX, p->a);
        alu_b(t, p->kind == PEND_ADD ? X_ADD : p->kind == PEND_AND ? X_AND : X_XOR, RAX, p);
        break;
    case PEND_RES:
        if (!result) {
            unsigned r = src(t, p->a, RAX);
            x_test(x, r, r);
            break;
        }
        into(t, RAX, p->a);
        x_test(x, RAX, RAX);
        break;
    case PEND_SUBR:
        into(t, RAX, p->a);
        alu_b(t, X_ADD, RAX, p);
        alu_b(t, X_SUB, RAX, p);
        break;
    case PEND_ADDR:
        into(t, RAX, p->a);
        alu_b(t, X_SUB, RAX, p);
        alu_b(t, X_ADD, RAX, p);
        break;
    }
    return (enum host_flags)pend_flags[p->kind];
}

// Stores `which` of the flags; leaves t->pend to the caller.
static void store_pend(struct tr *t, const struct pend *p, uint8_t which)
{
    if (which) {
        enum host_flags hf = compute_pend(t, p, true);
        store_flags(t, hf, which);
    }
}

static void settle(struct tr *t, uint8_t which)
{
    which &= t->pend.dirty;
    store_pend(t, &t->pend, which);
    t->pend.dirty &= (uint8_t)~which;
}

// ---- cold code -----------------------------------------------------------------------------------------

static struct cold *cold(struct tr *t, enum cold_kind kind, uint8_t *from)
{
    struct cold *k = &t->cold[t->colds++];
    *k = (struct cold){.kind = (uint8_t)kind, .from = {from, NULL}, .pend = t->pend};
    return k;
}

static void cold_exit(struct tr *t, uint8_t *from, enum jit_exit why, uint32_t off, bool is_site)
{
    struct cold *k = cold(t, COLD_EXIT, from);
    k->exit = (uint8_t)why;
    k->arg = off & 0xffff;
    k->is_site = is_site;
}

static struct cold *cold_fn(struct tr *t, uint8_t *from, enum jit_fn fn, unsigned n, uint32_t arg)
{
    struct cold *k = cold(t, COLD_FN, from);
    k->fn = (uint8_t)fn;
    k->before = (uint8_t)n;
    k->i = t->s[n].i;
    k->arg = arg;
    return k;
}

static void call_insn(struct tr *t, enum jit_fn fn, const struct insn *i, unsigned before,
                      uint32_t arg)
{
    x_mov_i64(&t->x, RAX, (uint64_t)(uintptr_t)i);
    x_mov_i(&t->x, RCX, before);
    x_mov_i(&t->x, RDX, arg);
    x_fix(x_call(&t->x), t->j->rw + t->j->call[fn]);
}

static void emit_cold(struct tr *t)
{
    for (unsigned n = 0; n < t->colds; n++) {
        struct cold *k = &t->cold[n];
        for (unsigned f = 0; f < 2; f++) {
            if (k->from[f]) {
                x_fix(k->from[f], t->x.at);
            }
        }
        store_pend(t, &k->pend, k->pend.dirty);
        if (k->kind == COLD_FN) {
            call_insn(t, (enum jit_fn)k->fn, k->i, k->before, k->arg);
            x_fix(x_jmp(&t->x), k->back);
            continue;
        }
        uint32_t site = k->is_site ? (uint32_t)(k->from[0] - t->j->rw) : 0;
        x_mov_i(&t->x, RCX, k->arg);
        x_mov_i(&t->x, RAX, site << 3 | k->exit);
        x_fix(x_jmp(&t->x), t->j->rw + t->j->exit_off);
    }
}

// ---- leaving --------------------------------------------------------------------------------------------

static void spend(struct tr *t, unsigned n)
{
    x_alu64_i8(&t->x, X_SUB, R15, (int)n);
}

// To the code for page offset `off`, now or when it exists. n instructions have run.
static void go_near(struct tr *t, unsigned off)
{
    uint8_t *from = x_jmp(&t->x);
    uint32_t at = t->page->entry[t->thumb][off >> 1];
    if (off == t->first) {
        x_fix(from, t->j->rw + t->begin);
    } else if (at) {
        x_fix(from, t->j->rw + at);
    } else {
        cold_exit(t, from, JIT_CHAIN, off, true);
    }
}

static void taken_near(struct tr *t, unsigned off, unsigned ran)
{
    struct pend pend = t->pend;
    enum host_flags hf = t->hf;
    settle(t, F_ALL);
    spend(t, ran);
    x_cmp_mi(&t->x, RBP, OFF(attention), 0);
    cold_exit(t, x_jcc(&t->x, CC_NE), JIT_LEAVE, off, false);
    go_near(t, off);
    t->pend = pend; // as it is when the branch is not taken
    t->hf = hf;
}

// A branch to EAX, whose bit 0 is the T bit. `state`: 0, 1, or -1 when only bit 0 tells.
static void taken_far(struct tr *t, int state, unsigned ran)
{
    struct x86 *x = &t->x;
    const uint8_t *miss = t->j->rw;
    spend(t, ran);
    x_cmp_mi(x, RBP, OFF(attention), 0);
    x_store(x, RBP, OFF(r) + 60, RAX);
    x_fix(x_jcc(x, CC_NE), miss);
    if (state < 0) {
        x_mov(x, RCX, RAX);
        x_alu_i(x, X_AND, RCX, 1);
        x_store8(x, RBP, OFF(thumb), RCX);
    } else if (state != t->thumb) {
        x_store8_i(x, RBP, OFF(thumb), (uint8_t)state);
    }
    _Static_assert(sizeof(struct fetch_entry) == 32, "index by shift");
    x_rorx(x, RCX, RAX, 7);
    x_alu_i(x, X_AND, RCX, (FETCH_ENTRIES - 1) << 5);
    x_alu64_m(x, X_ADD, RCX, RBP, OFF(ftlb));
    x_mov(x, RDX, RAX);
    x_alu_i(x, X_AND, RDX, 0xfffff001);
    x_alu_m(x, X_CMP, RDX, RCX, 0);
    x_fix(x_jcc(x, CC_NE), miss);
    x_alu_i(x, X_AND, RDX, 0xfffffffe);
    x_store(x, RBP, OFF(page_va), RDX);
    x_load64(x, RDX, RCX, (int32_t)offsetof(struct fetch_entry, page));
    x_store64(x, RBP, OFF(page), RDX);
    x_load64(x, RCX, RCX, (int32_t)offsetof(struct fetch_entry, entry));
    x_alu_i(x, X_AND, RAX, 0xffe);
    // mov eax, [rcx + rax * 2]
    x_b(x, 0x8b);
    x_b(x, 0x04);
    x_b(x, 0x41);
    // lea rdx, [rip + start of the buffer]
    x_b(x, 0x48);
    x_b(x, 0x8d);
    x_b(x, 0x15);
    x_d(x, 0);
    x_fix(x->at - 4, t->j->rw);
    x_alu64(x, X_ADD, RAX, RDX);
    x_jmp_reg(x, RAX);
}

// ---- flags and conditions ------------------------------------------------------------------------------

// Leaves the condition in the host's flags; returns how to test for "passes". hf: what they hold, then
// t->hf.
static enum x86_cc test_cond(struct tr *t, unsigned cond, enum host_flags hf)
{
    static const uint8_t direct[14] = {CC_E, CC_NE, CC_AE, CC_B, CC_S, CC_NS, CC_O,
                                       CC_NO, CC_A, CC_BE, CC_GE, CC_L, CC_G, CC_LE};
    struct x86 *x = &t->x;
    if (hf == HF_NONE && t->pend.kind) {
        enum host_flags kind = (enum host_flags)pend_flags[t->pend.kind];
        if (kind == HF_SUB || (kind == HF_ADD && cond != 8 && cond != 9) || cond < 2 || cond == 4 ||
            cond == 5) {
            hf = compute_pend(t, &t->pend, false);
        }
    }
    t->hf = hf;
    if (hf == HF_SUB) {
        return (enum x86_cc)direct[cond];
    }
    if (hf == HF_ADD && cond != 8 && cond != 9) {
        return cond == 2 ? CC_B : cond == 3 ? CC_AE : (enum x86_cc)direct[cond];
    }
    if (hf == HF_LOGIC && (cond < 2 || cond == 4 || cond == 5)) {
        return (enum x86_cc)direct[cond];
    }
    settle(t, cond_reads(cond));
    t->hf = HF_NONE;
    switch (cond) {
    case 0:
    case 1:
        x_cmp_mi(x, RBP, OFF(zf), 0);
        return cond ? CC_NE : CC_E;
    case 2:
    case 3:
        x_cmp8_mi(x, RBP, OFF(cf), 0);
        return cond == 2 ? CC_NE : CC_E;
    case 4:
    case 5:
        x_cmp_mi(x, RBP, OFF(nf), 0);
        return cond == 4 ? CC_S : CC_NS;
    case 6:
    case 7:
        x_cmp_mi(x, RBP, OFF(vf), 0);
        return cond == 6 ? CC_S : CC_NS;
    case 8:
    case 9:
        x_load8(x, RAX, RBP, OFF(cf));
        x_neg(x, RAX);
        x_load(x, RCX, RBP, OFF(zf));
        x_test(x, RAX, RCX);
        return cond == 8 ? CC_NE : CC_E;
    case 10:
    case 11:
        x_load(x, RAX, RBP, OFF(nf));
        x_alu_m(x, X_XOR, RAX, RBP, OFF(vf));
        return cond == 10 ? CC_NS : CC_S;
    default:
        x_load(x, RAX, RBP, OFF(nf));
        x_alu_m(x, X_XOR, RAX, RBP, OFF(vf));
        x_shift_i(x, X_SAR, RAX, 31);
        x_not(x, RAX);
        x_alu_m(x, X_AND, RAX, RBP, OFF(zf));
        return cond == 12 ? CC_NE : CC_E;
    }
}

// ---- data processing --------------------------------------------------------------------------------------

static void shift_by_register(struct tr *t, const struct insn *i, unsigned type, bool want_c)
{
    struct x86 *x = &t->x;
    static const enum x86_shift ops[4] = {X_SHL, X_SHR, X_SAR, X_ROR};
    into(t, RCX, i->rs);
    x_extend(x, W8U, RCX, RCX);
    into(t, RDX, i->rm);
    if (!want_c) {
        if (type == 2) {
            x_mov_i(x, RAX, 31);
            x_alu(x, X_CMP, RCX, RAX);
            x_cmov(x, CC_A, RCX, RAX);
        }
        x_shift_cl(x, ops[type], RDX, false);
        if (type < 2) {
            x_alu_i(x, X_CMP, RCX, 32);
            x_alu(x, X_SBB, RAX, RAX);
            x_alu(x, X_AND, RDX, RAX);
        }
        return;
    }
    // The last bit shifted out stays reachable in 64 bits.
    if (type != 3) {
        x_mov_i(x, RAX, 33);
        x_alu(x, X_CMP, RCX, RAX);
        x_cmov(x, CC_A, RCX, RAX);
    }
    if (type == 2) {
        x_movsxd(x, RDX, RDX);
    }
    if (type == 1 || type == 2) {
        x_shift64_i(x, X_SHL, RDX, 1);
    }
    x_shift_cl(x, ops[type], RDX, type != 3);
    x_test(x, RCX, RCX);
    uint8_t *none = x_jcc8(x, CC_E);
    x_bt64_i(x, RDX, type == 0 ? 32 : type == 3 ? 31 : 0);
    x_setcc_m(x, CC_B, RBP, OFF(cf));
    x_fix8(x, none);
    if (type == 1 || type == 2) {
        x_shift64_i(x, type == 1 ? X_SHR : X_SAR, RDX, 1);
    }
}

// The second operand in a host register (RCX or RDX when computed); stores the shifter's carry.
static unsigned operand2(struct tr *t, const struct insn *i, enum dp_form form, bool want_c)
{
    struct x86 *x = &t->x;
    static const enum x86_shift ops[4] = {X_SHL, X_SHR, X_SAR, X_ROR};
    switch (form) {
    case DP_IMM:
    case DP_IMMC:
    case DP_REG:
        return src(t, i->rm, RCX);
    case DP_LSL:
    case DP_LSR:
    case DP_ASR:
    case DP_ROR:
        into(t, RCX, i->rm);
        if (i->rs == 32) {
            if (want_c) {
                x_bt64_i(x, RCX, 31);
                x_setcc_m(x, CC_B, RBP, OFF(cf));
            }
            if (form == DP_ASR) {
                x_shift_i(x, X_SAR, RCX, 31);
            } else {
                x_mov_i(x, RCX, 0);
            }
            return RCX;
        }
        x_shift_i(x, ops[form - DP_LSL], RCX, i->rs);
        break;
    case DP_RRX:
        into(t, RCX, i->rm);
        x_cmp8_mi(x, RBP, OFF(cf), 1);
        x_cmc(x);
        x_shift_i(x, X_RCR, RCX, 1);
        break;
    default:
        shift_by_register(t, i, form - DP_RLSL, want_c);
        return RDX;
    }
    if (want_c) {
        x_setcc_m(x, CC_B, RBP, OFF(cf));
    }
    return RCX;
}

// How to get the flags of `s` later, if that is possible.
static struct pend defer(const struct step *s, uint8_t flags)
{
    const struct insn *i = s->i;
    bool is_imm = s->d.form == DP_IMM || s->d.form == DP_IMMC;
    struct pend p = {.dirty = flags, .a = i->rn, .b = is_imm ? 16 : i->rm, .imm = i->imm};
    bool simple = is_imm || s->d.form == DP_REG;
    switch ((enum dp_op)s->d.op) {
    case DP_CMP:
    case DP_CMN:
    case DP_TST:
    case DP_TEQ:
        p.kind = !simple               ? PEND_NONE
                 : s->d.op == DP_CMP   ? PEND_SUB
                 : s->d.op == DP_CMN   ? PEND_ADD
                 : s->d.op == DP_TST   ? PEND_AND
                                       : PEND_EOR;
        break;
    case DP_SUB:
    case DP_ADD: {
        bool sub = s->d.op == DP_SUB;
        if (!simple || (!is_imm && i->rd == i->rm)) {
            break;
        }
        if (i->rd != i->rn) {
            p.kind = sub ? PEND_SUB : PEND_ADD;
        } else {
            p.kind = sub ? PEND_SUBR : PEND_ADDR;
        }
        break;
    }
    case DP_AND:
    case DP_EOR:
    case DP_ORR:
    case DP_ORN:
    case DP_BIC:
    case DP_MOV:
    case DP_MVN:
        p.kind = PEND_RES;
        p.a = i->rd;
        p.b = 16;
        break;
    default:
        break;
    }
    return p.kind ? p : (struct pend){0};
}

static void dp_body(struct tr *t, const struct step *s, enum host_flags hf, struct pend *later)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned op = s->d.op, form = s->d.form, dst = RAX;
    bool logic = dp_is_logic(op), is_imm = form == DP_IMM || form == DP_IMMC;
    bool store = op < DP_TST;
    uint8_t want = s->d.s ? s->live & s->writes : 0;
    bool want_c = s->d.s && logic && s->live & F_C && form != DP_IMM && form != DP_REG;
    if (!store && !want) {
        return; // flags nobody sees
    }
    if (want_c && form == DP_IMMC) {
        x_store_i(x, RBP, OFF(cf), i->imm >> 31);
        want_c = false;
    }
    unsigned b = is_imm ? (unsigned)NO_REG : operand2(t, i, (enum dp_form)form, want_c);
    uint8_t flags = want & (logic ? F_NZ : F_ALL);
    if (flags && s->cond == 14) {
        *later = defer(s, flags);
        if (later->kind) {
            flags = 0;
            if (!store) {
                return;
            }
        }
    }
    bool host_rd = store && jit_host[i->rd] != NO_REG;
    if (op == DP_MOV || op == DP_MVN) {
        if (is_imm) {
            uint32_t v = op == DP_MOV ? i->imm : ~i->imm;
            if (flags) {
                x_mov_i(x, RAX, v);
                x_store(x, RBP, OFF(nf), RAX);
                x_store(x, RBP, OFF(zf), RAX);
            }
            put_imm(t, i->rd, v);
            return;
        }
        if (op == DP_MVN) {
            unsigned to = host_rd ? jit_host[i->rd] : RAX;
            x_mov(x, to, b);
            x_not(x, to);
            b = to;
        }
        if (flags) {
            if (b != RAX) {
                x_mov(x, RAX, b);
            }
            x_test(x, RAX, RAX);
            store_flags(t, HF_LOGIC, flags);
        }
        put(t, i->rd, b);
        return;
    }
    static const uint8_t alu[17] = {
        [DP_AND] = X_AND, [DP_EOR] = X_XOR, [DP_SUB] = X_SUB, [DP_RSB] = X_SUB, [DP_ADD] = X_ADD,
        [DP_ADC] = X_ADC, [DP_SBC] = X_SBB, [DP_RSC] = X_SBB, [DP_ORR] = X_OR, [DP_BIC] = X_AND,
        [DP_ORN] = X_OR, [DP_TST] = X_AND, [DP_TEQ] = X_XOR, [DP_CMP] = X_SUB, [DP_CMN] = X_ADD};
    bool reverse = op == DP_RSB || op == DP_RSC;
    bool invert = op == DP_BIC || op == DP_ORN;
    bool carry = op == DP_ADC || op == DP_SBC || op == DP_RSC;
    uint32_t imm = invert ? ~i->imm : i->imm;
    // Without flags, additions have a shorter way.
    if (!flags && !later->kind && host_rd && (op == DP_ADD || op == DP_SUB) && is_imm) {
        x_lea(x, jit_host[i->rd], src(t, i->rn, RAX), (int32_t)(op == DP_ADD ? imm : 0u - imm));
        return;
    }
    if (!flags && !later->kind && host_rd && op == DP_ADD) {
        x_lea_idx(x, jit_host[i->rd], src(t, i->rn, RAX), b, 0);
        return;
    }
    if (!flags && !reverse && host_rd && (is_imm || b != jit_host[i->rd])) {
        dst = jit_host[i->rd];
    }
    if (invert && !is_imm) {
        if (b != RCX && b != RDX) {
            x_mov(x, RCX, b);
            b = RCX;
        }
        x_not(x, b);
    }
    if (reverse) {
        if (is_imm) {
            x_mov_i(x, RAX, imm);
        } else {
            x_mov(x, RAX, b);
        }
        b = src(t, i->rn, b == RCX ? RDX : RCX);
    } else {
        into(t, dst, i->rn);
    }
    if (carry && (hf == HF_ADD || hf == HF_SUB) && (is_imm || form == DP_REG)) {
        // The host's carry is still that of the instruction before.
        if ((hf == HF_ADD) != (op == DP_ADC)) {
            x_cmc(x);
        }
    } else if (carry) {
        // Bytes only: cf is written as a byte, and a wider load would wait for the store.
        x_cmp8_mi(x, RBP, OFF(cf), 1);
        if (op == DP_ADC) {
            x_cmc(x);
        }
    }
    if (is_imm && !reverse) {
        x_alu_i(x, (enum x86_alu)alu[op], dst, imm);
    } else {
        x_alu(x, (enum x86_alu)alu[op], dst, b);
    }
    bool sub = alu[op] == X_SUB || alu[op] == X_SBB;
    enum host_flags set = logic ? HF_LOGIC : sub ? HF_SUB : HF_ADD;
    if (flags) {
        store_flags(t, set, flags);
    } else if (later->kind) {
        t->hf = set;
    }
    if (store && dst == RAX) {
        put(t, i->rd, RAX);
    }
}

static void dp(struct tr *t, const struct step *s, enum host_flags hf)
{
    struct pend later = {0};
    dp_body(t, s, hf, &later);
    if (s->writes) {
        t->pend = later;
    }
}

// ---- multiplies and the small change -----------------------------------------------------------------------

static void mul(struct tr *t, const struct step *s)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    switch ((enum mul_op)s->d.op) {
    case MU_MUL:
    case MU_MLA:
        into(t, RAX, i->rn);
        x_imul(x, RAX, src(t, i->rm, RCX));
        if (s->d.op == MU_MLA) {
            x_alu(x, X_ADD, RAX, src(t, i->rs, RCX));
        }
        put(t, i->rd, RAX);
        if (s->d.s && s->live & F_NZ) {
            x_test(x, RAX, RAX);
            store_flags(t, HF_LOGIC, F_NZ);
        }
        if (s->d.s) {
            t->pend = (struct pend){0};
        }
        break;
    case MU_MLS:
        into(t, RCX, i->rn);
        x_imul(x, RCX, src(t, i->rm, RAX));
        into(t, RAX, i->rs);
        x_alu(x, X_SUB, RAX, RCX);
        put(t, i->rd, RAX);
        break;
    case MU_UMULL:
    case MU_SMULL:
    case MU_UMLAL:
        into(t, RAX, i->rn);
        into(t, RCX, i->rm);
        if (s->d.op == MU_SMULL) {
            x_movsxd(x, RAX, RAX);
            x_movsxd(x, RCX, RCX);
        }
        x_imul64(x, RAX, RCX);
        if (s->d.op == MU_UMLAL) {
            into(t, RCX, i->rs);
            x_shift64_i(x, X_SHL, RCX, 32);
            into(t, RDX, i->rd);
            x_alu64(x, X_OR, RCX, RDX);
            x_alu64(x, X_ADD, RAX, RCX);
        }
        put(t, i->rd, RAX);
        x_shift64_i(x, X_SHR, RAX, 32);
        put(t, i->rs, RAX);
        break;
    }
}

static void bfx(struct tr *t, const struct step *s)
{
    const struct insn *i = s->i;
    into(t, RAX, i->rn);
    if (i->rs) {
        x_shift_i(&t->x, X_SHL, RAX, i->rs);
    }
    if (i->rm) {
        x_shift_i(&t->x, s->d.op ? X_SAR : X_SHR, RAX, i->rm);
    }
    put(t, i->rd, RAX);
}

static void extend(struct tr *t, const struct insn *i, enum ext_op op)
{
    static const enum x86_width w[4] = {W8S, W16S, W8U, W16U};
    unsigned from = src(t, i->rm, RAX);
    if (i->imm) {
        x_mov(&t->x, RAX, from);
        x_shift_i(&t->x, X_ROR, RAX, i->imm);
        from = RAX;
    }
    unsigned to = jit_host[i->rd] != NO_REG ? jit_host[i->rd] : RAX;
    x_extend(&t->x, w[op], to, from);
    if (to == RAX) {
        put(t, i->rd, RAX);
    }
}

// ---- memory ------------------------------------------------------------------------------------------------

// With the address in RAX: RCX = addend of its page, or off to cold code. `bytes` > size: they must
// not cross the page's end.
static void probe(struct tr *t, bool write, unsigned size, unsigned bytes, struct cold *k)
{
    struct x86 *x = &t->x;
    _Static_assert(sizeof(struct tlb_entry) == 16 && TLB_PAGE == 12, "index by shift");
    x_rorx(x, RCX, RAX, 8);
    x_alu_i(x, X_AND, RCX, (TLB_ENTRIES - 1) << 4);
    x_alu64_m(x, X_ADD, RCX, RBP, OFF(tlb));
    x_mov(x, RDX, RAX);
    x_alu_i(x, X_AND, RDX, TLB_MASK(size));
    x_alu_m(x, X_CMP, RDX, RCX, write ? 4 : 0);
    k->from[0] = x_jcc(x, CC_NE);
    if (bytes > size) {
        x_mov(x, RDX, RAX);
        x_alu_i(x, X_AND, RDX, 0xfff);
        x_alu_i(x, X_CMP, RDX, 0x1000 - bytes);
        k->from[1] = x_jcc(x, CC_A);
    }
    x_load64(x, RCX, RCX, 8);
}

static const enum x86_width load_width[] = {W32, W8U, W16U, W8S, W16S, W32, W8U, W16U};
static const uint8_t op_size[] = {4, 1, 2, 1, 2, 4, 1, 2};

// RAX = rn + imm
static void base_plus(struct tr *t, unsigned rn, uint32_t imm)
{
    if (jit_host[rn] != NO_REG && imm) {
        x_lea(&t->x, RAX, jit_host[rn], (int32_t)imm);
        return;
    }
    into(t, RAX, rn);
    if (imm) {
        x_alu_i(&t->x, X_ADD, RAX, imm);
    }
}

// rn += imm
static void move_base(struct tr *t, unsigned rn, uint32_t imm)
{
    if (jit_host[rn] != NO_REG) {
        x_alu_i(&t->x, X_ADD, jit_host[rn], imm);
    } else {
        x_load(&t->x, RDX, RBP, REG(rn));
        x_alu_i(&t->x, X_ADD, RDX, imm);
        x_store(&t->x, RBP, REG(rn), RDX);
    }
}

static void ldst(struct tr *t, const struct step *s, unsigned n)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    enum mem_op op = (enum mem_op)s->d.op;
    enum mem_form form = (enum mem_form)s->d.form;
    bool store = op >= MO_STR;
    struct cold *k = cold_fn(t, NULL, JIT_FN_LDST, n, (uint32_t)op | (uint32_t)form << 8);
    switch (form) {
    case MF_OFF:
    case MF_PRE:
        base_plus(t, i->rn, i->imm);
        break;
    case MF_POST:
        into(t, RAX, i->rn);
        break;
    case MF_REG:
        into(t, RAX, i->rm);
        if (i->rs) {
            x_shift_i(x, X_SHL, RAX, i->rs);
        }
        x_alu(x, X_ADD, RAX, src(t, i->rn, RCX));
        break;
    case MF_LIT:
        page_plus(t, RAX, (pc_off(t, i) & ~3u) + i->imm);
        break;
    }
    probe(t, store, op_size[op], 0, k);
    if (store) {
        x_store_idx(x, load_width[op], RCX, RAX, src(t, i->rd, RDX));
        if (form == MF_PRE) {
            put(t, i->rn, RAX);
        } else if (form == MF_POST) {
            move_base(t, i->rn, i->imm);
        }
    } else {
        bool wb = form == MF_PRE || form == MF_POST;
        unsigned to = jit_host[i->rd] != NO_REG && !(wb && i->rn == i->rd) ? jit_host[i->rd] : RDX;
        x_load_idx(x, load_width[op], to, RCX, RAX);
        if (form == MF_PRE) {
            put(t, i->rn, RAX);
        } else if (form == MF_POST) {
            x_alu_i(x, X_ADD, RAX, i->imm);
            put(t, i->rn, RAX);
        }
        if (to == RDX) {
            put(t, i->rd, RDX);
        }
    }
    k->back = x->at;
}

// exec_ldst_generic: shifted and subtracted offsets, and loads of the PC.
static void ldst_generic(struct tr *t, const struct step *s, unsigned n)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    enum mem_op op = (enum mem_op)(i->rs & LSG_KIND);
    bool store = op >= MO_STR, reg = i->rs & LSG_REG, sub = i->rs & LSG_SUB;
    bool pre = i->rs & LSG_PRE, wb = i->rs & LSG_WB;
    struct cold *k = cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    if (reg) {
        unsigned type = i->imm >> 8, amount = i->imm & 31;
        into(t, RDX, i->rm);
        if (type == 0 && amount) {
            x_shift_i(x, X_SHL, RDX, amount);
        } else if (type == 1) {
            if (amount) {
                x_shift_i(x, X_SHR, RDX, amount);
            } else {
                x_mov_i(x, RDX, 0);
            }
        } else if (type == 2) {
            x_shift_i(x, X_SAR, RDX, amount ? amount : 31);
        } else if (type == 3 && amount) {
            x_shift_i(x, X_ROR, RDX, amount);
        } else if (type == 3) {
            x_cmp8_mi(x, RBP, OFF(cf), 1);
            x_cmc(x);
            x_shift_i(x, X_RCR, RDX, 1);
        }
    } else {
        x_mov_i(x, RDX, i->imm);
    }
    if (i->rn == 15) {
        page_plus(t, RAX, pc_off(t, i) & ~3u);
    } else {
        into(t, RAX, i->rn);
    }
    // RDX becomes the moved base, RAX the address.
    if (sub) {
        x_neg(x, RDX);
    }
    x_alu(x, X_ADD, RDX, RAX);
    if (pre) {
        x_mov(x, RAX, RDX);
    }
    if (wb && !pre) {
        x_store(x, RBP, OFF(jit_moved), RDX);
    }
    probe(t, store, op_size[op], 0, k);
    if (store) {
        x_store_idx(x, load_width[op], RCX, RAX, src(t, i->rd, RDX));
    } else {
        x_load_idx(x, load_width[op], RDX, RCX, RAX);
    }
    if (wb) {
        if (!pre) {
            x_load(x, RAX, RBP, OFF(jit_moved));
        }
        put(t, i->rn, RAX);
    }
    if (!store && i->rd == 15) {
        x_mov(x, RAX, RDX);
        taken_far(t, -1, n + 1);
    } else if (!store) {
        put(t, i->rd, RDX);
    }
    k->back = x->at;
}

static void dual(struct tr *t, const struct step *s, unsigned n, bool store)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    bool pre = i->rs & LSG_PRE, wb = i->rs & LSG_WB;
    struct cold *k = cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    if (i->rs & LSG_REG) {
        into(t, RDX, i->imm);
    } else {
        x_mov_i(x, RDX, i->imm);
    }
    if (i->rn == 15) {
        page_plus(t, RAX, pc_off(t, i) & ~3u);
    } else {
        into(t, RAX, i->rn);
    }
    if (i->rs & LSG_SUB) {
        x_neg(x, RDX);
    }
    x_alu(x, X_ADD, RDX, RAX);
    if (pre) {
        x_mov(x, RAX, RDX);
    }
    if (wb) {
        x_store(x, RBP, OFF(jit_moved), RDX);
    }
    probe(t, store, 4, 8, k);
    x_alu64(x, X_ADD, RCX, RAX);
    if (store) {
        x_store(x, RCX, 0, src(t, i->rd, RDX));
        x_store(x, RCX, 4, src(t, i->rm, RDX));
    } else {
        x_load(x, RDX, RCX, 0);
        x_load(x, RCX, RCX, 4);
    }
    if (wb) {
        x_load(x, RAX, RBP, OFF(jit_moved));
        put(t, i->rn, RAX);
    }
    if (!store) {
        put(t, i->rd, RDX);
        put(t, i->rm, RCX);
    }
    k->back = x->at;
}

static void multiple(struct tr *t, const struct step *s, unsigned n, bool store, enum jit_fn slow)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    struct cold *k = cold_fn(t, NULL, slow, n, 0);
    base_plus(t, i->rn, (uint32_t)(int8_t)i->rm);
    probe(t, store, 4, 4u * i->rd, k);
    x_alu64(x, X_ADD, RCX, RAX);
    uint32_t wb = (uint32_t)(int8_t)i->rs;
    if (!store && wb) {
        move_base(t, i->rn, wb);
    }
    int32_t at = 0;
    for (uint32_t list = i->imm & 0x7fff; list; list &= list - 1, at += 4) {
        unsigned r = (unsigned)__builtin_ctz(list);
        if (store) {
            x_store(x, RCX, at, src(t, r, RDX));
        } else if (jit_host[r] != NO_REG) {
            x_load(x, jit_host[r], RCX, at);
        } else {
            x_load(x, RDX, RCX, at);
            x_store(x, RBP, REG(r), RDX);
        }
    }
    if (store && wb) {
        move_base(t, i->rn, wb);
    }
    if (!store && i->imm & 0x8000) {
        x_load(x, RAX, RCX, at);
        taken_far(t, -1, n + 1);
    }
    k->back = x->at;
}

// ---- branches -----------------------------------------------------------------------------------------------

static void branch(struct tr *t, const struct step *s, unsigned n, enum host_flags hf)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    uint32_t off = i->off2 * 2u, pc = pc_off(t, i);
    unsigned near = (off + (i->imm << (t->thumb ? 1 : 2))) & 0xffff;
    unsigned ran = n + 1, T = t->thumb;
    uint8_t *over;
    struct pend pend = t->pend; // as it is when the branch is not taken
    bool far = s->d.op != BR_NEAR && s->d.op != BR_BL_NEAR && s->d.op < BR_CBZ_NEAR;
    if (far) {
        settle(t, F_ALL);
    }
    switch ((enum branch_op)s->d.op) {
    case BR_NEAR:
        if (s->d.form == 14) {
            taken_near(t, near, ran);
            break;
        }
        t->hf = hf;
        over = x_jcc8(x, (enum x86_cc)(test_cond(t, s->d.form, hf) ^ 1));
        pend = t->pend;
        taken_near(t, near, ran);
        x_fix8(x, over);
        break;
    case BR_FAR:
        page_plus(t, RAX, pc + i->imm + T);
        taken_far(t, (int)T, ran);
        break;
    case BR_BL_NEAR:
        page_plus(t, R14, off + 4 + T);
        taken_near(t, near, ran);
        break;
    case BR_BL_FAR:
        page_plus(t, R14, off + 4 + T);
        page_plus(t, RAX, pc + i->imm + T);
        taken_far(t, (int)T, ran);
        break;
    case BR_BX:
        into(t, RAX, i->rm);
        taken_far(t, -1, ran);
        break;
    case BR_BX_PC:
        page_plus(t, RAX, pc & ~3u);
        taken_far(t, 0, ran);
        break;
    case BR_BLX_REG:
        into(t, RAX, i->rm);
        page_plus(t, R14, off + (T ? 3 : 4));
        taken_far(t, -1, ran);
        break;
    case BR_BLX_FAR:
        page_plus(t, R14, off + 4 + T);
        page_plus(t, RAX, T ? (pc & ~3u) + i->imm : pc + i->imm + 1);
        taken_far(t, !T, ran);
        break;
    case BR_CBZ_NEAR:
    case BR_CBNZ_NEAR: {
        unsigned r = src(t, i->rn, RAX);
        x_test(x, r, r);
        over = x_jcc8(x, s->d.op == BR_CBZ_NEAR ? CC_NE : CC_E);
        taken_near(t, near, ran);
        x_fix8(x, over);
        break;
    }
    case BR_CBZ_FAR:
    case BR_CBNZ_FAR: {
        unsigned r = src(t, i->rn, RAX);
        x_test(x, r, r);
        over = x_jcc(x, s->d.op == BR_CBZ_FAR ? CC_NE : CC_E);
        settle(t, F_ALL);
        page_plus(t, RAX, off + 4 + i->imm + T);
        taken_far(t, (int)T, ran);
        x_fix(over, x->at);
        break;
    }
    }
    t->pend = pend;
}

// ---- the block -----------------------------------------------------------------------------------------------

static void plain(struct tr *t, const struct step *s, unsigned n)
{
    const struct insn *i = s->i;
    struct x86 *x = &t->x;
    switch ((enum inlined)s->inlined) {
    case IN_LDM_PC:
        multiple(t, s, n, false, JIT_FN_EXEC);
        break;
    case IN_LDST:
        ldst_generic(t, s, n);
        break;
    case IN_LDRD:
    case IN_STRD:
        dual(t, s, n, s->inlined == IN_STRD);
        break;
    case IN_CLZ:
        x_lzcnt(x, RAX, src(t, i->rm, RAX));
        put(t, i->rd, RAX);
        break;
    case IN_REV:
        into(t, RAX, i->rm);
        x_bswap(x, RAX);
        put(t, i->rd, RAX);
        break;
    case IN_EXT: {
        exec_fn *e = i->body.exec;
        extend(t, i, e == exec_SXTB ? EX_SXTB : e == exec_SXTH ? EX_SXTH
                     : e == exec_UXTB ? EX_UXTB : EX_UXTH);
        break;
    }
    case IN_UNDEF:
        call_insn(t, JIT_FN_UNDEF, i, n, 0);
        break;
    default:
        call_insn(t, JIT_FN_EXEC, i, n, 0);
        break;
    }
}

// Stores pending flags that could not be had any more once `s` has run, or that it reads from memory.
// True when the host's flags became those of the pending operation.
static bool before(struct tr *t, const struct step *s, enum host_flags hf)
{
    struct pend *p = &t->pend;
    bool call = s->d.group == OPG_PLAIN && s->sets == 0xffff;
    bool to_pc = s->d.group == OPG_PLAIN &&
                 (s->inlined == IN_LDM_PC || (s->inlined == IN_LDST && s->i->rd == 15));
    bool lost = s->sets >> p->a & 1 || (p->b < 16 && s->sets >> p->b & 1);
    bool maybe = s->writes && s->cond < 14;
    uint8_t need = 0;
    t->lost = false;
    if (!p->kind) {
        return false;
    }
    if (call || to_pc || maybe) {
        need = F_ALL;
    } else if (s->writes && s->writes != F_ALL) {
        need = (uint8_t)~s->writes & s->live;
    } else if (lost) {
        need = s->leaves ? F_ALL : s->live & (uint8_t)~s->writes;
    }
    // Carry in comes from memory, unless the host still has it.
    if (s->d.group == OPG_DP && s->reads & F_C &&
        (s->cond < 14 || s->d.form > DP_REG || (hf != HF_ADD && hf != HF_SUB))) {
        need |= F_C;
    }
    if (s->d.group == OPG_PLAIN && s->inlined == IN_LDST) {
        need |= F_C; // an offset with RRX
    }
    bool settled = need & p->dirty;
    settle(t, need);
    t->lost = lost || call || to_pc || maybe;
    return settled;
}

// A conditional MOV or MVN of a constant or register, or ADD or SUB of a constant, without a branch:
// which way a condition goes is often as good as random where compilers choose these. The host's
// flags stay.
static bool select_value(struct tr *t, const struct step *s, enum host_flags hf)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned op = s->d.op;
    bool imm = s->d.form == DP_IMM || s->d.form == DP_IMMC;
    bool mov = op == DP_MOV && (imm || s->d.form == DP_REG);
    bool add = (op == DP_ADD || op == DP_SUB) && imm;
    if (s->d.group != OPG_DP || s->d.s || !(mov || add || (op == DP_MVN && imm))) {
        return false;
    }
    enum x86_cc cc = test_cond(t, s->cond, hf);
    unsigned from = RDX;
    if (add) {
        x_lea(x, RDX, src(t, i->rn, RDX), (int32_t)(op == DP_ADD ? i->imm : 0u - i->imm));
    } else if (imm) {
        x_mov_i(x, RDX, op == DP_MOV ? i->imm : ~i->imm);
    } else {
        from = src(t, i->rm, RDX);
    }
    if (jit_host[i->rd] != NO_REG) {
        x_cmov(x, cc, jit_host[i->rd], from);
    } else {
        x_load(x, RAX, RBP, REG(i->rd));
        x_cmov(x, cc, RAX, from);
        x_store(x, RBP, REG(i->rd), RAX);
    }
    if (t->lost) {
        t->pend = (struct pend){0};
    }
    return true;
}

static void one(struct tr *t, unsigned n)
{
    const struct step *s = &t->s[n];
    const struct insn *i = s->i;
    enum host_flags hf = t->hf;
    t->hf = HF_NONE;
    uint8_t *skip = NULL;
    if (s->d.group == OPG_NOP) {
        t->hf = hf;
        return;
    }
    if (before(t, s, hf)) {
        hf = t->hf;
        t->hf = HF_NONE;
    }
    if (s->cond < 14 && select_value(t, s, hf)) {
        return;
    }
    if (s->cond < 14) {
        skip = x_jcc(&t->x, (enum x86_cc)(test_cond(t, s->cond, hf) ^ 1));
        t->hf = HF_NONE;
    }
    if (t->lost) { // not earlier: the condition may have needed it
        t->pend = (struct pend){0};
    }
    switch ((enum op_group)s->d.group) {
    case OPG_PLAIN:
        plain(t, s, n);
        break;
    case OPG_NOP:
        break;
    case OPG_DP:
        dp(t, s, s->cond < 14 ? HF_NONE : hf);
        break;
    case OPG_ADR:
        page_plus(t, RAX, (pc_off(t, i) & ~3u) + i->imm);
        put(t, i->rd, RAX);
        break;
    case OPG_MOVT:
        into(t, RAX, i->rd);
        x_extend(&t->x, W16U, RAX, RAX);
        x_alu_i(&t->x, X_OR, RAX, i->imm);
        put(t, i->rd, RAX);
        break;
    case OPG_LOAD:
    case OPG_STORE:
        ldst(t, s, n);
        break;
    case OPG_LDM:
        multiple(t, s, n, false, JIT_FN_LDM);
        break;
    case OPG_STM:
        multiple(t, s, n, true, JIT_FN_STM);
        break;
    case OPG_BRANCH:
        branch(t, s, n, hf);
        break;
    case OPG_MUL:
        mul(t, s);
        break;
    case OPG_EXT:
        extend(t, i, (enum ext_op)s->d.op);
        break;
    case OPG_BFX:
        bfx(t, s);
        break;
    }
    if (skip) {
        x_fix(skip, t->x.at);
        t->hf = HF_NONE;
    }
}

static void finish(struct tr *t)
{
    settle(t, F_ALL);
    switch (t->end) {
    case END_NONE:
    case END_STEP:
        spend(t, t->count);
        cold_exit(t, x_jmp(&t->x), JIT_STEP, t->end_off, false);
        break;
    case END_NEXT:
        spend(t, t->count);
        go_near(t, t->end_off);
        break;
    case END_PAGE:
        if (t->thumb && t->page->slots[1][T_SLOTS].it) {
            spend(t, t->count);
            cold_exit(t, x_jmp(&t->x), JIT_PAGE_END, 0x1000, false);
        } else {
            page_plus(t, RAX, 0x1000u + t->thumb);
            taken_far(t, t->thumb, t->count);
        }
        break;
    }
}

uint32_t jit_translate(struct cpu *c, struct jit *j, const struct insn *i)
{
    struct tr tr, *t = &tr;
    if (j->used + JIT_BLOCK_ROOM + JIT_BLOCK_INSNS * 256 > j->size) {
        j->full = true;
        return 0;
    }
    t->c = c;
    t->j = j;
    t->page = c->page;
    t->thumb = c->thumb;
    t->count = t->colds = 0;
    t->hf = HF_NONE;
    t->pend = (struct pend){0};
    decode_block(t, i);
    if (!t->count) {
        return 0;
    }
    t->begin = align_up(j->used, 16);
    t->x.at = j->rw + t->begin;
    x_alu64_i8(&t->x, X_CMP, R15, (int)t->count);
    cold_exit(t, x_jcc(&t->x, CC_BE), JIT_BUDGET, t->first, false);
    for (unsigned n = 0; n < t->count; n++) {
        one(t, n);
    }
    finish(t);
    emit_cold(t);
    j->used = (uint32_t)(t->x.at - j->rw);
    j->blocks++;
    if (j->perf) {
        fprintf(j->perf, "%" PRIxPTR " %x %s_%08x+%u\n", (uintptr_t)(j->rx + t->begin),
                j->used - t->begin, t->thumb ? "thumb" : "arm", insn_va(c, i), t->count);
    }
    j->bytes += j->used - t->begin;
    return t->begin;
}
