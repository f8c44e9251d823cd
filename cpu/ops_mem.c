// SPDX-License-Identifier: MIT
//
// Loads and stores. The common addressing forms are threaded bodies written once and compiled twice:
// the fast copy does the access in line and jumps to the slow copy, which runs the same instruction
// through mem.h's complete accessors, whenever the bank has no entry. The rest is plain bodies.
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/mem.h"
#include "cpu/models.h"
#include "cpu/ops.h"
#include "cpu/psr.h"
#include "cpu/sysreg.h"

// ---- one formula, two copies -----------------------------------------------------------------------

#define FAST_LD(type, bits, v, va)                                                                 \
    do {                                                                                           \
        const struct tlb_entry *e_ = tlb_at(c, va);                                                \
        if (unlikely(((va) & TLB_MASK(bits / 8)) != e_->rtag)) {                                   \
            TAIL slow(c, i, n);                                                                    \
        }                                                                                          \
        type t_;                                                                                   \
        memcpy(&t_, (const void *)(e_->addend + (va)), sizeof t_);                                 \
        (v) = t_;                                                                                  \
    } while (0)
#define FAST_ST(type, bits, v, va)                                                                 \
    do {                                                                                           \
        const struct tlb_entry *e_ = tlb_at(c, va);                                                \
        if (unlikely(((va) & TLB_MASK(bits / 8)) != e_->wtag)) {                                   \
            TAIL slow(c, i, n);                                                                    \
        }                                                                                          \
        type t_ = (type)(v);                                                                       \
        memcpy((void *)(e_->addend + (va)), &t_, sizeof t_);                                       \
    } while (0)
#define SLOW_LD(type, bits, v, va) (v) = (type)mem_load_slow(c, va, bits / 8, MEM_ANY, false)
#define SLOW_ST(type, bits, v, va) mem_store_slow(c, va, bits / 8, (type)(v), MEM_ANY, false)

#define NEXT_SLOW(step)                                                                            \
    do {                                                                                           \
        if (unlikely(c->redirect)) {                                                               \
            c->redirect = false;                                                                   \
            return op_lookup(c, n - 1);                                                            \
        }                                                                                          \
        NEXT(step);                                                                                \
    } while (0)

// The signed forms load a narrower type; `reg` is what the register gets.
#define LD_LDR(M, v, va) M##_LD(uint32_t, 32, v, va)
#define LD_LDRB(M, v, va) M##_LD(uint8_t, 8, v, va)
#define LD_LDRH(M, v, va) M##_LD(uint16_t, 16, v, va)
#define LD_LDRSB(M, v, va) M##_LD(int8_t, 8, v, va)
#define LD_LDRSH(M, v, va) M##_LD(int16_t, 16, v, va)
#define ST_STR(M, v, va) M##_ST(uint32_t, 32, v, va)
#define ST_STRB(M, v, va) M##_ST(uint8_t, 8, v, va)
#define ST_STRH(M, v, va) M##_ST(uint16_t, 16, v, va)

#define LOAD_OFF(op, M) uint32_t va = c->r[i->rn] + i->imm; int32_t v; LD_##op(M, v, va); c->r[i->rd] = (uint32_t)v;
#define LOAD_REG(op, M) uint32_t va = c->r[i->rn] + (c->r[i->rm] << i->rs); int32_t v; LD_##op(M, v, va); c->r[i->rd] = (uint32_t)v;
#define LOAD_LIT(op, M) uint32_t va = (insn_pc(c, i) & ~3u) + i->imm; int32_t v; LD_##op(M, v, va); c->r[i->rd] = (uint32_t)v;
#define LOAD_PRE(op, M) uint32_t va = c->r[i->rn] + i->imm; int32_t v; LD_##op(M, v, va); c->r[i->rn] = va; c->r[i->rd] = (uint32_t)v;
#define LOAD_POST(op, M) uint32_t va = c->r[i->rn]; int32_t v; LD_##op(M, v, va); c->r[i->rn] = va + i->imm; c->r[i->rd] = (uint32_t)v;
#define STORE_OFF(op, M) uint32_t va = c->r[i->rn] + i->imm; ST_##op(M, c->r[i->rd], va);
#define STORE_REG(op, M) uint32_t va = c->r[i->rn] + (c->r[i->rm] << i->rs); ST_##op(M, c->r[i->rd], va);
#define STORE_PRE(op, M) uint32_t va = c->r[i->rn] + i->imm; ST_##op(M, c->r[i->rd], va); c->r[i->rn] = va;
#define STORE_POST(op, M) uint32_t va = c->r[i->rn]; ST_##op(M, c->r[i->rd], va); c->r[i->rn] = va + i->imm;

#define MEM_BODY(kind, op, form, step)                                                             \
    static COLD next_insn op##_##form##_slow_##step(OP_ARGS)                                       \
    {                                                                                              \
        c->cur = i;                                                                                \
        c->left = n;                                                                               \
        kind##_##form(op, SLOW) NEXT_SLOW(step);                                                   \
    }                                                                                              \
    static next_insn op##_##form##_##step(OP_ARGS)                                                 \
    {                                                                                              \
        op_fn *const slow = op##_##form##_slow_##step;                                             \
        kind##_##form(op, FAST) NEXT(step);                                                        \
    }
#define MEM_BODIES(kind, op, form) MEM_BODY(kind, op, form, 1) MEM_BODY(kind, op, form, 2)
#define LOADS(X) X(LDR) X(LDRB) X(LDRH) X(LDRSB) X(LDRSH)
#define STORES(X) X(STR) X(STRB) X(STRH)

// clang-format off
#define X(op) MEM_BODIES(LOAD, op, OFF) MEM_BODIES(LOAD, op, REG) MEM_BODIES(LOAD, op, LIT) \
    MEM_BODIES(LOAD, op, PRE) MEM_BODIES(LOAD, op, POST)
LOADS(X)
#undef X
#define X(op) MEM_BODIES(STORE, op, OFF) MEM_BODIES(STORE, op, REG) MEM_BODIES(STORE, op, PRE) \
    MEM_BODIES(STORE, op, POST)
STORES(X)
#undef X

enum kind {
#define X(op) K_##op,
    LOADS(X) STORES(X)
#undef X
    KINDS
};
enum form { F_OFF, F_REG, F_LIT, F_PRE, F_POST, FORMS };

static op_fn *const table[KINDS][FORMS][2] = {
#define PAIR(op, form) [F_##form] = {op##_##form##_1, op##_##form##_2},
#define X(op) [K_##op] = {PAIR(op, OFF) PAIR(op, REG) PAIR(op, LIT) PAIR(op, PRE) PAIR(op, POST)},
    LOADS(X)
#undef X
#define X(op) [K_##op] = {PAIR(op, OFF) PAIR(op, REG) PAIR(op, PRE) PAIR(op, POST)},
    STORES(X)
#undef X
};
// clang-format on

static bool is_load(enum kind k)
{
    return k < K_STR;
}

// ---- the general case as a plain body -------------------------------------------------------------

// i->rs for exec_ldst_generic
enum {
    G_KIND = 7, G_USER = 8, G_PRE = 16, G_WB = 32, G_SUB = 64, G_REG = 128
};

static uint32_t load_kind(struct cpu *c, enum kind k, uint32_t va, bool user)
{
    switch (k) {
    case K_LDR:
        return (uint32_t)mem_load_slow(c, va, 4, MEM_ANY, user);
    case K_LDRB:
        return (uint32_t)mem_load_slow(c, va, 1, MEM_ANY, user);
    case K_LDRH:
        return (uint32_t)mem_load_slow(c, va, 2, MEM_ANY, user);
    case K_LDRSB:
        return (uint32_t)(int8_t)mem_load_slow(c, va, 1, MEM_ANY, user);
    case K_LDRSH:
        return (uint32_t)(int16_t)mem_load_slow(c, va, 2, MEM_ANY, user);
    case K_STR:
    case K_STRB:
    case K_STRH:
    case KINDS:
        break;
    }
    return 0;
}

static uint32_t shifted(const struct cpu *c, uint32_t v, unsigned type, unsigned n)
{
    switch (type) {
    case 0:
        return v << n;
    case 1:
        return n ? v >> n : 0;
    case 2:
        return (uint32_t)((int32_t)v >> (n ? n : 31));
    default:
        return n ? ror32(v, n) : v >> 1 | c->cf << 31;
    }
}

void exec_ldst_generic(struct cpu *c, const struct insn *i)
{
    enum kind k = (enum kind)(i->rs & G_KIND);
    uint32_t off = i->rs & G_REG ? shifted(c, c->r[i->rm], i->imm >> 8, i->imm & 31) : i->imm;
    uint32_t base = i->rn == 15 ? insn_pc(c, i) & ~3u : c->r[i->rn];
    uint32_t moved = i->rs & G_SUB ? base - off : base + off;
    uint32_t va = i->rs & G_PRE ? moved : base;
    bool user = i->rs & G_USER;
    if (is_load(k)) {
        uint32_t v = load_kind(c, k, va, user);
        if (i->rs & G_WB) {
            c->r[i->rn] = moved;
        }
        if (i->rd == 15) {
            exec_load_pc(c, v);
        } else {
            c->r[i->rd] = v;
        }
        return;
    }
    uint32_t v = i->rd != 15 ? c->r[i->rd]
                             : insn_pc(c, i) + (c->model->quirks & MODEL_STR_PC_12 ? 4 : 0);
    mem_store_slow(c, va, k == K_STR ? 4 : k == K_STRH ? 2 : 1, v, MEM_ANY, user);
    if (i->rs & G_WB) {
        c->r[i->rn] = moved;
    }
}

// ---- prep -------------------------------------------------------------------------------------------

static enum prep generic(struct decode *d, enum kind k, unsigned flags)
{
    d->i->rs = (uint8_t)(k | flags);
    d->op = NULL;
    return PREP_OK;
}

static enum prep threaded(struct decode *d, enum kind k, enum form f)
{
    d->op = table[k][f][d->i->wide];
    return PREP_OK;
}

static void take_regs(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'm');
}

// P, U, W and an immediate.
static enum prep imm_form(struct decode *d, enum kind k)
{
    bool p = fld(d, 'P'), u = fld(d, 'U'), w = fld(d, 'W');
    take_regs(d);
    d->i->imm = fld(d, 'i');
    bool wb = !p || w;
    if (wb && d->i->rn == 15) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    if (d->i->rd == 15 && k != K_LDR && (k != K_STR || d->set == ISA_T32)) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    if (d->i->rd == 15 || (d->i->rn == 15 && !is_load(k))) {
        return generic(d, k, (p ? G_PRE : 0) | (wb ? G_WB : 0) | (u ? 0 : G_SUB));
    }
    if (!u) {
        d->i->imm = 0u - d->i->imm;
    }
    if (d->i->rn == 15) {
        return threaded(d, k, F_LIT);
    }
    return threaded(d, k, !p ? F_POST : w ? F_PRE : F_OFF);
}

// P, U, W and a register, shifted for words and bytes (fields i, t).
static enum prep reg_form(struct decode *d, enum kind k)
{
    bool p = fld(d, 'P'), u = fld(d, 'U'), w = fld(d, 'W');
    unsigned n = fld(d, 'i'), t = fld(d, 't');
    take_regs(d);
    bool wb = !p || w;
    if (d->i->rm == 15 || (wb && d->i->rn == 15) || (d->i->rd == 15 && k != K_LDR && k != K_STR)) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    if (!wb && u && t == 0 && d->i->rd != 15 && d->i->rn != 15) {
        d->i->rs = (uint8_t)n;
        return threaded(d, k, F_REG);
    }
    d->i->imm = t << 8 | n;
    return generic(d, k, G_REG | (p ? G_PRE : 0) | (wb ? G_WB : 0) | (u ? 0 : G_SUB));
}

// Immediate forms split over two fields are gathered already: one prep serves all.
#define PREPS_A32(op)                                                                              \
    enum prep prep_##op##_imm(struct decode *d)                                                    \
    {                                                                                              \
        return imm_form(d, K_##op);                                                                \
    }                                                                                              \
    enum prep prep_##op##_reg(struct decode *d)                                                    \
    {                                                                                              \
        return reg_form(d, K_##op);                                                                \
    }
LOADS(PREPS_A32)
STORES(PREPS_A32)

// LDRT and its kind: post-indexed in A32, user permissions.
enum prep prep_ldst_t(struct decode *d)
{
    enum kind k;
    bool load = d->raw >> 20 & 1;
    bool word = d->raw >> 26 & 1;
    bool reg = word ? d->raw >> 25 & 1 : !(d->raw >> 22 & 1);
    if (word) {
        k = d->raw >> 22 & 1 ? (load ? K_LDRB : K_STRB) : load ? K_LDR : K_STR;
    } else {
        static const enum kind kinds[4] = {K_LDR, K_LDRH, K_LDRSB, K_LDRSH};
        k = load ? kinds[bits(d->raw, 6, 5)] : K_STRH;
    }
    take_regs(d);
    if (d->i->rd == 15 || d->i->rn == 15 || (reg && d->i->rm == 15)) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    d->i->imm = reg ? fld(d, 't') << 8 | fld(d, 'i') : fld(d, 'i');
    return generic(d, k, G_USER | G_WB | (reg ? G_REG : 0) | (fld(d, 'U') ? 0 : G_SUB));
}

// ---- prep: T32 ----------------------------------------------------------------------------------------

static enum prep t32_off(struct decode *d, enum kind k, uint32_t imm)
{
    take_regs(d);
    d->i->imm = imm;
    if (d->i->rd == 15 && k != K_LDR) {
        return PREP_UNDEF; // LDRB and so on are hints, in rows of their own; stores UNPREDICTABLE
    }
    if (d->i->rn == 15 && !is_load(k)) {
        return PREP_UNDEF;
    }
    if (d->i->rd == 15) {
        return generic(d, k, G_PRE);
    }
    return threaded(d, k, d->i->rn == 15 ? F_LIT : F_OFF);
}

#define PREPS_T32(op)                                                                              \
    enum prep prep_T32_##op##_imm12(struct decode *d)                                              \
    {                                                                                              \
        return t32_off(d, K_##op, fld(d, 'i'));                                                    \
    }                                                                                              \
    enum prep prep_T32_##op##_imm8(struct decode *d)                                               \
    {                                                                                              \
        if (fld(d, 'n') == 15) {                                                                   \
            return PREP_NEXT; /* a literal */                                                      \
        }                                                                                          \
        if (!fld(d, 'P') && !fld(d, 'W')) {                                                        \
            return PREP_UNDEF;                                                                     \
        }                                                                                          \
        return imm_form(d, K_##op);                                                                \
    }                                                                                              \
    enum prep prep_T32_##op##_reg(struct decode *d)                                                \
    {                                                                                              \
        take_regs(d);                                                                              \
        if (d->i->rn == 15) {                                                                      \
            return PREP_NEXT; /* a literal */                                                      \
        }                                                                                          \
        if (d->i->rm == 15 || (d->i->rd == 15 && K_##op != K_LDR)) {                               \
            return PREP_UNDEF;                                                                     \
        }                                                                                          \
        if (d->i->rd == 15) {                                                                      \
            d->i->imm = fld(d, 'j');                                                               \
            return generic(d, K_##op, G_PRE | G_REG);                                              \
        }                                                                                          \
        d->i->rs = (uint8_t)fld(d, 'j');                                                           \
        return threaded(d, K_##op, F_REG);                                                         \
    }
LOADS(PREPS_T32)
STORES(PREPS_T32)

static enum prep t32_lit(struct decode *d, enum kind k)
{
    take_regs(d);
    d->i->rn = 15;
    d->i->imm = fld(d, 'U') ? fld(d, 'i') : 0u - fld(d, 'i');
    if (d->i->rd == 15) {
        return k == K_LDR ? generic(d, k, G_PRE) : PREP_UNDEF;
    }
    return threaded(d, k, F_LIT);
}

#define PREPS_LIT(op)                                                                              \
    enum prep prep_T32_##op##_lit(struct decode *d)                                                \
    {                                                                                              \
        return t32_lit(d, K_##op);                                                                 \
    }
LOADS(PREPS_LIT)

enum prep prep_T32_ldst_t(struct decode *d)
{
    static const enum kind kinds[2][2][4] = {
        {{K_STRB, K_STRH, K_STR, KINDS}, {K_LDRB, K_LDRH, K_LDR, KINDS}},
        {{KINDS, KINDS, KINDS, KINDS}, {K_LDRSB, K_LDRSH, KINDS, KINDS}},
    };
    enum kind k = kinds[d->raw >> 24 & 1][d->raw >> 20 & 1][bits(d->raw, 22, 21)];
    take_regs(d);
    d->i->imm = fld(d, 'i');
    if (d->i->rn == 15) {
        return PREP_NEXT; // a literal
    }
    if (k == KINDS || d->i->rd == 15) {
        return PREP_UNDEF;
    }
    return generic(d, k, G_USER | G_PRE);
}

// ---- prep: T16 ---------------------------------------------------------------------------------------------

#define PREPS_T16_REG(op)                                                                          \
    enum prep prep_t_##op##_reg(struct decode *d)                                                  \
    {                                                                                              \
        take_regs(d);                                                                              \
        return threaded(d, K_##op, F_REG);                                                         \
    }
LOADS(PREPS_T16_REG)
STORES(PREPS_T16_REG)
#define PREP_T16_IMM(op, scale)                                                                    \
    enum prep prep_t_##op##_imm(struct decode *d)                                                  \
    {                                                                                              \
        take_regs(d);                                                                              \
        d->i->imm = fld(d, 'i') * (scale);                                                         \
        return threaded(d, K_##op, F_OFF);                                                         \
    }
PREP_T16_IMM(LDR, 4)
PREP_T16_IMM(STR, 4)
PREP_T16_IMM(LDRH, 2)
PREP_T16_IMM(STRH, 2)
PREP_T16_IMM(LDRB, 1)
PREP_T16_IMM(STRB, 1)

enum prep prep_t_LDR_sp(struct decode *d)
{
    take_regs(d);
    d->i->rn = 13;
    d->i->imm = fld(d, 'i') * 4;
    return threaded(d, K_LDR, F_OFF);
}

enum prep prep_t_STR_sp(struct decode *d)
{
    take_regs(d);
    d->i->rn = 13;
    d->i->imm = fld(d, 'i') * 4;
    return threaded(d, K_STR, F_OFF);
}

enum prep prep_t_LDR_lit(struct decode *d)
{
    take_regs(d);
    d->i->imm = fld(d, 'i') * 4;
    return threaded(d, K_LDR, F_LIT);
}

// ---- LDRD, STRD ----------------------------------------------------------------------------------------

// rd, rm: the pair; rs flags as above; A32 register form: imm unused, offset register in imm.
enum prep prep_ldrd_imm(struct decode *d)
{
    bool p = fld(d, 'P'), w = fld(d, 'W');
    take_regs(d);
    if (d->i->rd & 1 || d->i->rd == 14 || (!p && w) || ((!p || w) && d->i->rn == 15)) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    d->i->rm = d->i->rd + 1;
    d->i->imm = fld(d, 'i');
    d->i->rs = (uint8_t)((p ? G_PRE : 0) | (!p || w ? G_WB : 0) | (fld(d, 'U') ? 0 : G_SUB));
    return PREP_OK;
}

enum prep prep_ldrd_reg(struct decode *d)
{
    unsigned rm = fld(d, 'm');
    enum prep p = prep_ldrd_imm(d);
    d->i->imm = rm;
    d->i->rs |= G_REG;
    return rm == 15 ? PREP_UNDEF : p;
}

enum prep prep_t_ldrd(struct decode *d)
{
    bool p = fld(d, 'P'), w = fld(d, 'W');
    take_regs(d);
    d->i->rm = (uint8_t)fld(d, 'e');
    d->i->imm = fld(d, 'i') * 4;
    d->i->rs = (uint8_t)((p ? G_PRE : 0) | (!p || w ? G_WB : 0) | (fld(d, 'U') ? 0 : G_SUB));
    if (!p && !w) {
        return PREP_UNDEF; // other rows own what is allocated there
    }
    bool load = d->raw >> 20 & 1;
    if (d->i->rd == 15 || d->i->rm == 15 || (load && d->i->rd == d->i->rm) ||
        (d->i->rn == 15 && (!load || w || !p))) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    return PREP_OK;
}

static uint32_t dual_address(struct cpu *c, const struct insn *i, uint32_t *moved)
{
    uint32_t base = i->rn == 15 ? insn_pc(c, i) & ~3u : c->r[i->rn];
    uint32_t off = i->rs & G_REG ? c->r[i->imm] : i->imm;
    *moved = i->rs & G_SUB ? base - off : base + off;
    uint32_t va = i->rs & G_PRE ? *moved : base;
    if (va & 7 && c->model->arch < 6) {
        va &= ~7u; // UNPREDICTABLE before ARMv6
    }
    return va;
}

void exec_ldrd(struct cpu *c, const struct insn *i)
{
    uint32_t moved, va = dual_address(c, i, &moved);
    uint32_t lo = mem_ld32ALIGNED(c, va), hi = mem_ld32ALIGNED(c, va + 4);
    if (i->rs & G_WB) {
        c->r[i->rn] = moved;
    }
    c->r[i->rd] = lo;
    c->r[i->rm] = hi;
}

void exec_strd(struct cpu *c, const struct insn *i)
{
    uint32_t moved, va = dual_address(c, i, &moved);
    uint32_t lo = c->r[i->rd], hi = c->r[i->rm];
    if ((va & 0xfff) > 0xff8) {
        mem_require_aligned(c, va, 4, true);
        mem_probe_write(c, va, 8);
    }
    mem_st32ALIGNED(c, va, lo);
    mem_st32ALIGNED(c, va + 4, hi);
    if (i->rs & G_WB) {
        c->r[i->rn] = moved;
    }
}

// ---- LDM, STM -----------------------------------------------------------------------------------------

// imm: list; rm: first address - base; rs: writeback delta (both signed bytes); rd: registers.
// A delta of 0 means no writeback. With ^ (exec_*_user, exc) the list may be empty of writeback.

static enum prep multiple(struct decode *d, uint32_t list, bool up, bool before, bool wb, bool load)
{
    unsigned count = (unsigned)__builtin_popcount(list);
    int bytes = 4 * (int)count;
    d->i->rd = (uint8_t)count;
    d->i->imm = list;
    d->i->rm = (uint8_t)(up ? (before ? 4 : 0) : before ? -bytes : -bytes + 4);
    d->i->rs = (uint8_t)(wb ? (up ? bytes : -bytes) : 0);
    if (!list || d->i->rn == 15) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    (void)load;
    return PREP_OK;
}

static op_fn LDM_1, LDM_2, STM_1, STM_2;

_Static_assert((int)K_STRH == MO_STRH && (int)F_POST == MF_POST && (int)G_REG == LSG_REG &&
                   (int)G_WB == LSG_WB,
               "ops.h names the same numbers");

void ops_mem_describe(op_visit *visit, void *ctx)
{
    for (unsigned k = 0; k < KINDS * FORMS * 2; k++) {
        unsigned op = k / (FORMS * 2), form = k / 2 % FORMS;
        if (table[op][form][k % 2]) {
            visit(ctx, table[op][form][k % 2],
                  (struct op_desc){is_load((enum kind)op) ? OPG_LOAD : OPG_STORE, (uint8_t)op,
                                   (uint8_t)form, false});
        }
    }
    visit(ctx, LDM_1, (struct op_desc){.group = OPG_LDM});
    visit(ctx, LDM_2, (struct op_desc){.group = OPG_LDM});
    visit(ctx, STM_1, (struct op_desc){.group = OPG_STM});
    visit(ctx, STM_2, (struct op_desc){.group = OPG_STM});
}

// The threaded bodies cover everything without the PC; stores of the PC and loads into it are plain.
static enum prep multiple_body(struct decode *d, enum prep p, bool load)
{
    if (p == PREP_OK && !(d->i->imm & 0x8000)) {
        d->op = load ? d->i->wide ? LDM_2 : LDM_1 : d->i->wide ? STM_2 : STM_1;
    }
    return p;
}

enum prep prep_ldm(struct decode *d)
{
    bool load = d->raw >> 20 & 1;
    d->i->rn = (uint8_t)bits(d->raw, 19, 16);
    return multiple_body(d, multiple(d, d->raw & 0xffff, d->raw >> 23 & 1, d->raw >> 24 & 1,
                                     d->raw >> 21 & 1, load), load);
}

enum prep prep_ldm_sys(struct decode *d)
{
    d->i->rn = (uint8_t)bits(d->raw, 19, 16);
    return multiple(d, d->raw & 0xffff, d->raw >> 23 & 1, d->raw >> 24 & 1, d->raw >> 21 & 1,
                    d->raw >> 20 & 1);
}

enum prep prep_ldm_exc(struct decode *d)
{
    return prep_ldm_sys(d);
}

enum prep prep_t_ldm(struct decode *d)
{
    uint32_t list = d->raw & 0xffff;
    bool load = d->raw >> 20 & 1, db = d->raw >> 24 & 1, wb = d->raw >> 21 & 1;
    d->i->rn = (uint8_t)bits(d->raw, 19, 16);
    // One register, the SP, the PC stored, LR and PC together, the base with writeback: UNPREDICTABLE.
    if (list & 0x2000 || (!load && list & 0x8000) || (list & 0xc000) == 0xc000 ||
        __builtin_popcount(list) < 2 || (wb && list >> d->i->rn & 1)) {
        return PREP_UNDEF;
    }
    return multiple_body(d, multiple(d, list, !db, db, wb, load), load);
}

enum prep prep_t_STM(struct decode *d)
{
    d->i->rn = (uint8_t)fld(d, 'n');
    return multiple_body(d, multiple(d, fld(d, 'l'), true, false, true, false), false);
}

enum prep prep_t_LDM(struct decode *d)
{
    uint32_t list = fld(d, 'l');
    d->i->rn = (uint8_t)fld(d, 'n');
    return multiple_body(d, multiple(d, list, true, false, !(list >> d->i->rn & 1), true), true);
}

enum prep prep_t_PUSH(struct decode *d)
{
    d->i->rn = 13;
    return multiple_body(d, multiple(d, fld(d, 'l') | fld(d, 'M') << 14, false, true, true, false), false);
}

enum prep prep_t_POP(struct decode *d)
{
    d->i->rn = 13;
    return multiple_body(d, multiple(d, fld(d, 'l') | fld(d, 'P') << 15, true, false, true, true), true);
}

// Loads the list into v[]; nothing changes when it faults.
static void load_list(struct cpu *c, const struct insn *i, uint32_t *v)
{
    uint32_t va = c->r[i->rn] + (uint32_t)(int8_t)i->rm;
    for (unsigned k = 0; k < i->rd; k++) {
        v[k] = mem_ld32ALIGNED(c, va + 4 * k);
    }
}

void exec_ldm_generic(struct cpu *c, const struct insn *i)
{
    uint32_t v[16], base = c->r[i->rn];
    load_list(c, i, v);
    if (i->rs) {
        c->r[i->rn] = base + (uint32_t)(int8_t)i->rs;
    }
    unsigned k = 0;
    for (uint32_t list = i->imm & 0x7fff; list; list &= list - 1) {
        c->r[__builtin_ctz(list)] = v[k++];
    }
    if (i->imm & 0x8000) {
        exec_load_pc(c, v[k]);
    }
}

static uint32_t stored_pc(const struct cpu *c, const struct insn *i)
{
    return insn_pc(c, i) + (c->model->quirks & MODEL_STR_PC_12 ? 4 : 0);
}

void exec_stm_generic(struct cpu *c, const struct insn *i)
{
    uint32_t base = c->r[i->rn], va = base + (uint32_t)(int8_t)i->rm;
    if (!(va & 3)) { // otherwise the first store settles what unaligned means here
        mem_probe_write(c, va, 4u * i->rd);
    }
    for (uint32_t list = i->imm; list; list &= list - 1) {
        unsigned r = (unsigned)__builtin_ctz(list);
        mem_st32ALIGNED(c, va, r == 15 ? stored_pc(c, i) : c->r[r]);
        va += 4;
    }
    if (i->rs) {
        c->r[i->rn] = base + (uint32_t)(int8_t)i->rs;
    }
}

static COLD next_insn LDM_slow(OP_ARGS)
{
    c->cur = i;
    c->left = n;
    exec_ldm_generic(c, i);
    if (i->wide) {
        NEXT_SLOW(2);
    }
    NEXT_SLOW(1);
}

static COLD next_insn STM_slow(OP_ARGS)
{
    c->cur = i;
    c->left = n;
    exec_stm_generic(c, i);
    if (i->wide) {
        NEXT_SLOW(2);
    }
    NEXT_SLOW(1);
}

// Within one page and aligned, through one bank entry.
#define LDM_BODY(step)                                                                             \
    static next_insn LDM_##step(OP_ARGS)                                                           \
    {                                                                                              \
        uint32_t base = c->r[i->rn], va = base + (uint32_t)(int8_t)i->rm;                          \
        const struct tlb_entry *e = tlb_at(c, va);                                                 \
        if (unlikely((va & TLB_MASK(4)) != e->rtag || (va & 0xfff) + 4u * i->rd > 0x1000)) {       \
            TAIL LDM_slow(c, i, n);                                                                \
        }                                                                                          \
        const uint8_t *p = (const uint8_t *)(e->addend + va);                                      \
        c->r[i->rn] = base + (uint32_t)(int8_t)i->rs;                                              \
        uint32_t list = i->imm;                                                                    \
        do {                                                                                       \
            memcpy(&c->r[__builtin_ctz(list)], p, 4);                                              \
            p += 4;                                                                                \
            list &= list - 1;                                                                      \
        } while (list);                                                                            \
        NEXT(step);                                                                                \
    }                                                                                              \
    static next_insn STM_##step(OP_ARGS)                                                           \
    {                                                                                              \
        uint32_t base = c->r[i->rn], va = base + (uint32_t)(int8_t)i->rm;                          \
        const struct tlb_entry *e = tlb_at(c, va);                                                 \
        if (unlikely((va & TLB_MASK(4)) != e->wtag || (va & 0xfff) + 4u * i->rd > 0x1000)) {       \
            TAIL STM_slow(c, i, n);                                                                \
        }                                                                                          \
        uint8_t *p = (uint8_t *)(e->addend + va);                                                  \
        uint32_t list = i->imm;                                                                    \
        do {                                                                                       \
            memcpy(p, &c->r[__builtin_ctz(list)], 4);                                              \
            p += 4;                                                                                \
            list &= list - 1;                                                                      \
        } while (list);                                                                            \
        c->r[i->rn] = base + (uint32_t)(int8_t)i->rs;                                              \
        NEXT(step);                                                                                \
    }
LDM_BODY(1)
LDM_BODY(2)

// Function return: POP {..., PC}.
static next_insn LDM_PC(OP_ARGS)
{
    uint32_t base = c->r[i->rn], va = base + (uint32_t)(int8_t)i->rm;
    const struct tlb_entry *e = tlb_at(c, va);
    if (unlikely((va & TLB_MASK(4)) != e->rtag || (va & 0xfff) + 4u * i->rd > 0x1000)) {
        TAIL LDM_slow(c, i, n);
    }
    const uint8_t *p = (const uint8_t *)(e->addend + va);
    c->r[i->rn] = base + (uint32_t)(int8_t)i->rs;
    for (uint32_t list = i->imm & 0x7fff; list; list &= list - 1) {
        memcpy(&c->r[__builtin_ctz(list)], p, 4);
        p += 4;
    }
    uint32_t to;
    memcpy(&to, p, 4);
    c->thumb = to & 1;
    to &= c->thumb ? ~1u : ~3u;
    BRANCH_FAR(to);
}

// LDR PC, [Rn, #imm] without writeback: jump tables, PLT entries.
static COLD next_insn LDR_PC_slow(OP_ARGS)
{
    c->cur = i;
    c->left = n;
    exec_ldst_generic(c, i);
    NEXT_SLOW(1);
}

static next_insn LDR_PC(OP_ARGS)
{
    op_fn *const slow = LDR_PC_slow;
    uint32_t base = i->rn == 15 ? insn_pc(c, i) & ~3u : c->r[i->rn], to;
    uint32_t va = i->rs & G_SUB ? base - i->imm : base + i->imm;
    FAST_LD(uint32_t, 32, to, va);
    c->thumb = to & 1;
    to &= c->thumb ? ~1u : ~3u;
    BRANCH_FAR(to);
}

op_fn *ops_mem_special(const struct cpu *c, const struct insn *i)
{
    if (!ISA_HAS(c->features, V5T)) {
        return NULL;
    }
    if (i->body.exec == exec_ldm_generic && i->imm & 0x8000) {
        return LDM_PC;
    }
    if (i->body.exec == exec_ldst_generic && i->rd == 15 &&
        (i->rs & ~(unsigned)G_SUB) == (G_PRE | (unsigned)K_LDR)) {
        return LDR_PC;
    }
    return NULL;
}

// With ^: user-mode registers, or exception return when the PC is in the list.
void exec_ldm_user(struct cpu *c, const struct insn *i)
{
    uint32_t v[16], base = c->r[i->rn];
    load_list(c, i, v);
    unsigned k = 0;
    if (i->rs) {
        c->r[i->rn] = base + (uint32_t)(int8_t)i->rs;
    }
    for (uint32_t list = i->imm; list; list &= list - 1) {
        psr_set_user_reg(c, (unsigned)__builtin_ctz(list), v[k++]);
    }
}

void exec_stm_user(struct cpu *c, const struct insn *i)
{
    uint32_t base = c->r[i->rn], va = base + (uint32_t)(int8_t)i->rm;
    mem_probe_write(c, va, 4u * i->rd);
    for (uint32_t list = i->imm; list; list &= list - 1) {
        unsigned r = (unsigned)__builtin_ctz(list);
        mem_st32ALIGNED(c, va, r == 15 ? stored_pc(c, i) : psr_user_reg(c, r));
        va += 4;
    }
    if (i->rs) {
        c->r[i->rn] = base + (uint32_t)(int8_t)i->rs;
    }
}

void exec_ldm_exc(struct cpu *c, const struct insn *i)
{
    uint32_t v[16], base = c->r[i->rn];
    load_list(c, i, v);
    if (i->rs) {
        c->r[i->rn] = base + (uint32_t)(int8_t)i->rs;
    }
    unsigned k = 0;
    for (uint32_t list = i->imm & 0x7fff; list; list &= list - 1) {
        c->r[__builtin_ctz(list)] = v[k++];
    }
    exc_return(c, v[k]);
}

// ---- synchronisation --------------------------------------------------------------------------------------

// The monitor holds one physical address and the value that was loaded. A store exclusive succeeds when
// the monitor is set for the same address and memory still holds that value; in RAM it is one
// compare-and-swap of the host's, so that other cores and threads see it whole. A different size is
// UNPREDICTABLE and compares the zero-extended value. Exception returns clear the monitor.
static void load_exclusive(struct cpu *c, const struct insn *i, unsigned size, uint64_t *v)
{
    uint32_t va = c->r[i->rn] + i->imm;
    mem_require_aligned(c, va, size, false);
    if (size == 8) {
        if (c->psr_e) { // words in order, each turned
            uint64_t lo = mem_ld32ALIGNED(c, va);
            *v = lo | (uint64_t)mem_ld32ALIGNED(c, va + 4) << 32;
        } else {
            *v = mem_load_slow(c, va, 8, MEM_ALIGNED, false);
        }
    } else {
        *v = mem_load_slow(c, va, size, MEM_ALIGNED, false);
    }
    c->excl_pa = mem_physical(c, va, false);
    c->excl_size = size;
    c->excl_val = *v;
    c->excl_set = true;
}

static bool store_exclusive(struct cpu *c, const struct insn *i, unsigned size, uint64_t v)
{
    uint32_t va = c->r[i->rn] + i->imm;
    mem_require_aligned(c, va, size, true);
    bool pass = c->excl_set && c->excl_pa == mem_physical(c, va, true);
    c->excl_set = false;
    if (!pass) {
        return false;
    }
    return mem_store_exclusive(c, va, size, c->excl_val, v);
}

// rd: result or Rt; rm: value; rs: second register of a pair; imm: offset
enum prep prep_ldrex(struct decode *d)
{
    take_regs(d);
    bool dual = d->row->exec == exec_LDREXD;
    d->i->imm = fld(d, 'i') * 4;
    d->i->rs = (uint8_t)(d->set == ISA_A32 ? d->i->rd + 1 : (int)fld(d, 'e'));
    if (d->i->rd == 15 || d->i->rn == 15 ||
        (dual && (d->i->rs == 15 || d->i->rs == d->i->rd || (d->set == ISA_A32 && d->i->rd & 1)))) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    return PREP_OK;
}

enum prep prep_strex(struct decode *d)
{
    take_regs(d);
    bool dual = d->row->exec == exec_STREXD;
    d->i->imm = fld(d, 'i') * 4;
    d->i->rs = (uint8_t)(d->set == ISA_A32 ? d->i->rm + 1 : (int)fld(d, 'e'));
    if (d->i->rd == 15 || d->i->rn == 15 || d->i->rm == 15 || d->i->rd == d->i->rn ||
        d->i->rd == d->i->rm || (dual && (d->i->rs == 15 || d->i->rs == d->i->rd ||
        (d->set == ISA_A32 && d->i->rm & 1)))) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    return PREP_OK;
}

#define EXCLUSIVE(suffix, size)                                                                    \
    void exec_LDREX##suffix(struct cpu *c, const struct insn *i)                                   \
    {                                                                                              \
        uint64_t v;                                                                                \
        load_exclusive(c, i, size, &v);                                                            \
        c->r[i->rd] = (uint32_t)v;                                                                 \
        if (size == 8) {                                                                           \
            c->r[i->rs] = (uint32_t)(v >> 32);                                                     \
        }                                                                                          \
    }                                                                                              \
    void exec_STREX##suffix(struct cpu *c, const struct insn *i)                                   \
    {                                                                                              \
        uint64_t v = c->r[i->rm];                                                                  \
        if (size == 8) {                                                                           \
            v |= (uint64_t)c->r[i->rs] << 32;                                                      \
        }                                                                                          \
        bool done = store_exclusive(c, i, size, v);                                                \
        c->r[i->rd] = !done;                                                                       \
    }
EXCLUSIVE(, 4)
EXCLUSIVE(B, 1)
EXCLUSIVE(H, 2)
EXCLUSIVE(D, 8)

void exec_CLREX(struct cpu *c, const struct insn *i)
{
    (void)i;
    c->excl_set = false;
}

void exec_SWP(struct cpu *c, const struct insn *i)
{
    // UNDEFINED on ARMv7 unless SCTLR.SW.
    if (c->model->arch >= 7 && !(c->cp15[CP15_SCTLR] & SCTLR_SW)) {
        exc_undefined(c);
    }
    uint32_t va = c->r[i->rn], v = c->r[i->rm];
    if (c->model->arch >= 7 || (c->model->arch == 6 && c->cp15[CP15_SCTLR] & SCTLR_U)) {
        mem_require_aligned(c, va, 4, true);
    }
    if (!(va & 3)) {
        c->r[i->rd] = mem_exchange(c, va, 4, v);
        return;
    }
    uint32_t old = (uint32_t)mem_load_slow(c, va, 4, MEM_ANY, false);
    mem_store_slow(c, va, 4, v, MEM_ANY, false);
    c->r[i->rd] = old;
}

void exec_SWPB(struct cpu *c, const struct insn *i)
{
    if (c->model->arch >= 7 && !(c->cp15[CP15_SCTLR] & SCTLR_SW)) {
        exc_undefined(c);
    }
    c->r[i->rd] = mem_exchange(c, c->r[i->rn], 1, c->r[i->rm]);
}
