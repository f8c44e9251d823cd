// SPDX-License-Identifier: MIT
//
// Data processing: every operation in every form of its second operand, as threaded bodies made from
// one formula each. Which form an encoding takes is settled by the prep functions; the rare uses of
// the PC in A32 go through exec_dp_generic, which evaluates the encoding.
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/models.h"
#include "cpu/ops.h"
#include "cpu/psr.h"

// ---- second operands: value b, shifter carry cy ---------------------------------------------------

enum form { IMM, IMMC, REG, LSL, LSR, ASR, ROR, RRX, RLSL, RLSR, RASR, RROR, FORMS };

#define B_IMM uint32_t b = i->imm, cy = c->cf; (void)cy;
#define B_IMMC uint32_t b = i->imm, cy = b >> 31; (void)cy;
#define B_REG uint32_t b = c->r[i->rm], cy = c->cf; (void)cy;
#define B_LSL uint32_t m = c->r[i->rm], b = m << i->rs, cy = m >> (32 - i->rs) & 1; (void)cy;
#define B_LSR uint32_t m = c->r[i->rm], b = (uint32_t)((uint64_t)m >> i->rs), cy = m >> (i->rs - 1) & 1; (void)cy;
#define B_ASR int32_t m = (int32_t)c->r[i->rm]; uint32_t b = (uint32_t)((int64_t)m >> i->rs), cy = (uint32_t)(m >> (i->rs - 1)) & 1; (void)cy;
#define B_ROR uint32_t m = c->r[i->rm], b = m >> i->rs | m << (32 - i->rs), cy = b >> 31; (void)cy;
#define B_RRX uint32_t m = c->r[i->rm], b = m >> 1 | c->cf << 31, cy = m & 1; (void)cy;
#define B_RLSL uint32_t s = c->r[i->rs] & 0xff, b = c->r[i->rm], cy = c->cf; shift_lsl(&b, &cy, s); (void)cy;
#define B_RLSR uint32_t s = c->r[i->rs] & 0xff, b = c->r[i->rm], cy = c->cf; shift_lsr(&b, &cy, s); (void)cy;
#define B_RASR uint32_t s = c->r[i->rs] & 0xff, b = c->r[i->rm], cy = c->cf; shift_asr(&b, &cy, s); (void)cy;
#define B_RROR uint32_t s = c->r[i->rs] & 0xff, b = c->r[i->rm], cy = c->cf; shift_ror(&b, &cy, s); (void)cy;

static inline void shift_lsl(uint32_t *v, uint32_t *cy, uint32_t s)
{
    if (s) {
        *cy = s <= 32 ? (uint32_t)((uint64_t)*v << s >> 32) & 1 : 0;
        *v = s < 32 ? *v << s : 0;
    }
}

static inline void shift_lsr(uint32_t *v, uint32_t *cy, uint32_t s)
{
    if (s) {
        *cy = s <= 32 ? *v >> (s - 1) & 1 : 0;
        *v = s < 32 ? *v >> s : 0;
    }
}

static inline void shift_asr(uint32_t *v, uint32_t *cy, uint32_t s)
{
    if (s) {
        if (s > 32) {
            s = 32;
        }
        *cy = (uint32_t)((int32_t)*v >> (s - 1)) & 1;
        *v = (uint32_t)((int64_t)(int32_t)*v >> s);
    }
}

static inline void shift_ror(uint32_t *v, uint32_t *cy, uint32_t s)
{
    if (s) {
        *v = ror32(*v, s);
        *cy = *v >> 31;
    }
}

// ---- operations --------------------------------------------------------------------------------------

// result and, for the S forms, flags
#define SET_NZ(x) (c->nf = c->zf = (x))
#define LOGIC(expr) uint32_t res = (expr);
#define LOGIC_FLAGS SET_NZ(res); c->cf = cy;
#define DO_AND(a, b) LOGIC(a & b)
#define DO_EOR(a, b) LOGIC(a ^ b)
#define DO_ORR(a, b) LOGIC(a | b)
#define DO_ORN(a, b) LOGIC(a | ~b)
#define DO_BIC(a, b) LOGIC(a & ~b)
#define DO_MOV(a, b) LOGIC(b)
#define DO_MVN(a, b) LOGIC(~b)
#define DO_ADD(a, b) uint32_t res = a + b;
#define DO_SUB(a, b) uint32_t res = a - b;
#define DO_RSB(a, b) uint32_t res = b - a;
#define DO_ADC(a, b) uint32_t ci = c->cf, res = a + b + ci; (void)ci;
#define DO_SBC(a, b) uint32_t ci = c->cf, res = a - b - !ci; (void)ci;
#define DO_RSC(a, b) uint32_t ci = c->cf, res = b - a - !ci; (void)ci;
#define FLAGS_AND LOGIC_FLAGS
#define FLAGS_EOR LOGIC_FLAGS
#define FLAGS_ORR LOGIC_FLAGS
#define FLAGS_ORN LOGIC_FLAGS
#define FLAGS_BIC LOGIC_FLAGS
#define FLAGS_MOV LOGIC_FLAGS
#define FLAGS_MVN LOGIC_FLAGS
#define FLAGS_ADD SET_NZ(res); c->cf = res < a; c->vf = (a ^ res) & (b ^ res);
#define FLAGS_SUB SET_NZ(res); c->cf = a >= b; c->vf = (a ^ b) & (a ^ res);
#define FLAGS_RSB SET_NZ(res); c->cf = b >= a; c->vf = (b ^ a) & (b ^ res);
#define FLAGS_ADC SET_NZ(res); c->cf = (uint32_t)(((uint64_t)a + b + ci) >> 32); c->vf = (a ^ res) & (b ^ res);
#define FLAGS_SBC SET_NZ(res); c->cf = ci ? a >= b : a > b; c->vf = (a ^ b) & (a ^ res);
#define FLAGS_RSC SET_NZ(res); c->cf = ci ? b >= a : b > a; c->vf = (b ^ a) & (b ^ res);

#define BODY(op, form, step)                                                                       \
    static next_insn op##_##form##_##step(OP_ARGS)                                                 \
    {                                                                                              \
        uint32_t a = c->r[i->rn];                                                                  \
        (void)a;                                                                                   \
        B_##form DO_##op(a, b) c->r[i->rd] = res;                                                  \
        NEXT(step);                                                                                \
    }                                                                                              \
    static next_insn op##S_##form##_##step(OP_ARGS)                                                \
    {                                                                                              \
        uint32_t a = c->r[i->rn];                                                                  \
        (void)a;                                                                                   \
        B_##form DO_##op(a, b) FLAGS_##op c->r[i->rd] = res;                                       \
        NEXT(step);                                                                                \
    }
#define COMPARE(name, op, form, step)                                                              \
    static next_insn name##_##form##_##step(OP_ARGS)                                               \
    {                                                                                              \
        uint32_t a = c->r[i->rn];                                                                  \
        B_##form DO_##op(a, b) FLAGS_##op NEXT(step);                                              \
    }

#define EACH_FORM(X, ...)                                                                          \
    X(__VA_ARGS__, IMM) X(__VA_ARGS__, IMMC) X(__VA_ARGS__, REG) X(__VA_ARGS__, LSL)               \
    X(__VA_ARGS__, LSR) X(__VA_ARGS__, ASR) X(__VA_ARGS__, ROR) X(__VA_ARGS__, RRX)                \
    X(__VA_ARGS__, RLSL) X(__VA_ARGS__, RLSR) X(__VA_ARGS__, RASR) X(__VA_ARGS__, RROR)

#define BODIES(op, form) BODY(op, form, 1) BODY(op, form, 2)
#define COMPARES(name, op, form) COMPARE(name, op, form, 1) COMPARE(name, op, form, 2)
#define OPS(X) X(AND) X(EOR) X(SUB) X(RSB) X(ADD) X(ADC) X(SBC) X(RSC) X(ORR) X(MOV) X(BIC) X(MVN) X(ORN)

// clang-format off
#define X(op) EACH_FORM(BODIES, op)
OPS(X)
#undef X
EACH_FORM(COMPARES, TST, AND)
EACH_FORM(COMPARES, TEQ, EOR)
EACH_FORM(COMPARES, CMP, SUB)
EACH_FORM(COMPARES, CMN, ADD)

static op_fn ADR_1, ADR_2, MOVT_1, MOVT_2;

enum alu {
#define X(op) ALU_##op,
    OPS(X)
#undef X
    ALU_TST, ALU_TEQ, ALU_CMP, ALU_CMN, ALU_COUNT
};

static op_fn *const table[ALU_COUNT][2][FORMS][2] = {
#define ENTRY(op, form) [form] = {op##_##form##_1, op##_##form##_2},
#define X(op) [ALU_##op] = {{EACH_FORM(ENTRY, op)}, {EACH_FORM(ENTRY, op##S)}},
    OPS(X)
#undef X
#define X(op) [ALU_##op] = {{EACH_FORM(ENTRY, op)}, {EACH_FORM(ENTRY, op)}},
    X(TST) X(TEQ) X(CMP) X(CMN)
#undef X
};
// clang-format on

_Static_assert((int)ALU_ORN == DP_ORN && (int)ALU_CMN == DP_CMN && (int)RROR == DP_RROR,
               "ops.h names the same numbers");

void ops_dp_describe(op_visit *visit, void *ctx)
{
    for (unsigned k = 0; k < ALU_COUNT * 2 * FORMS * 2; k++) {
        unsigned op = k / (2 * FORMS * 2), s = k / (FORMS * 2) % 2, form = k / 2 % FORMS;
        visit(ctx, table[op][s][form][k % 2],
              (struct op_desc){OPG_DP, (uint8_t)op, (uint8_t)form, s || op >= ALU_TST});
    }
    visit(ctx, ADR_1, (struct op_desc){.group = OPG_ADR});
    visit(ctx, ADR_2, (struct op_desc){.group = OPG_ADR});
    visit(ctx, MOVT_1, (struct op_desc){.group = OPG_MOVT});
    visit(ctx, MOVT_2, (struct op_desc){.group = OPG_MOVT});
}

static bool is_logic(enum alu op)
{
    return op == ALU_AND || op == ALU_EOR || op == ALU_ORR || op == ALU_ORN || op == ALU_BIC ||
           op == ALU_MOV || op == ALU_MVN || op == ALU_TST || op == ALU_TEQ;
}

static enum prep choose(struct decode *d, enum alu op, bool s, enum form form)
{
    d->op = table[op][s][form][d->i->wide];
    return PREP_OK;
}

// ---- prep: A32 -------------------------------------------------------------------------------------

static enum prep pc_form(struct decode *d, bool adr)
{
    (void)adr;
    d->op = NULL;
    return PREP_OK; // body.exec = exec_dp_generic
}

static void take_regs(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'm');
}

static bool uses_pc(const struct decode *d)
{
    return d->i->rd == 15 || d->i->rn == 15 || d->i->rm == 15;
}

static next_insn ADR_1(OP_ARGS)
{
    c->r[i->rd] = (insn_pc(c, i) & ~3u) + i->imm;
    NEXT(1);
}

static next_insn ADR_2(OP_ARGS)
{
    c->r[i->rd] = (insn_pc(c, i) & ~3u) + i->imm;
    NEXT(2);
}

static enum prep adr(struct decode *d, uint32_t imm)
{
    d->i->imm = imm;
    d->op = d->i->wide ? ADR_2 : ADR_1;
    return PREP_OK;
}

static enum prep a32_imm(struct decode *d, enum alu op, bool compare)
{
    uint32_t imm12 = fld(d, 'i'), rot = imm12 >> 8 << 1;
    bool s = compare || fld(d, 'S');
    take_regs(d);
    d->i->imm = ror32(imm12 & 0xff, rot);
    if (d->i->rn == 15 && d->i->rd != 15 && !s && (op == ALU_ADD || op == ALU_SUB)) {
        return adr(d, op == ALU_ADD ? d->i->imm : 0u - d->i->imm);
    }
    if (uses_pc(d)) {
        return pc_form(d, false);
    }
    return choose(d, op, s, s && rot && is_logic(op) ? IMMC : IMM);
}

// Form of a register shifted by an immediate; i->rs becomes the amount.
static enum form shift_form(struct decode *d, unsigned type, unsigned amount)
{
    switch (type) {
    case 0:
        d->i->rs = (uint8_t)amount;
        return amount ? LSL : REG;
    case 1:
        d->i->rs = (uint8_t)(amount ? amount : 32);
        return LSR;
    case 2:
        d->i->rs = (uint8_t)(amount ? amount : 32);
        return ASR;
    default:
        d->i->rs = (uint8_t)amount;
        return amount ? ROR : RRX;
    }
}

static enum prep a32_reg(struct decode *d, enum alu op, bool compare)
{
    take_regs(d);
    if (uses_pc(d)) {
        return pc_form(d, false);
    }
    return choose(d, op, compare || fld(d, 'S'), shift_form(d, fld(d, 't'), fld(d, 'i')));
}

static enum prep a32_rsr(struct decode *d, enum alu op, bool compare)
{
    take_regs(d);
    d->i->rs = (uint8_t)fld(d, 's');
    if (uses_pc(d) || d->i->rs == 15) {
        // UNPREDICTABLE; old cores read the PC as address + 12.
        return d->features & ISA_F(V6) ? PREP_UNDEF : pc_form(d, false);
    }
    return choose(d, op, compare || fld(d, 'S'), (enum form)(RLSL + fld(d, 't')));
}

// ---- prep: T32 --------------------------------------------------------------------------------------

static enum prep t32_imm(struct decode *d, enum alu op, bool compare)
{
    uint32_t imm12 = fld(d, 'i'), b = imm12 & 0xff;
    bool s = compare || fld(d, 'S'), rotated = false;
    take_regs(d);
    if (imm12 >> 10) {
        rotated = true;
        d->i->imm = ror32(0x80 | (imm12 & 0x7f), imm12 >> 7);
    } else {
        static const uint32_t spread[4] = {1, 0x00010001, 0x01000100, 0x01010101};
        d->i->imm = b * spread[imm12 >> 8 & 3];
    }
    if (uses_pc(d)) {
        return PREP_UNDEF;
    }
    return choose(d, op, s, s && rotated && is_logic(op) ? IMMC : IMM);
}

static enum prep t32_reg(struct decode *d, enum alu op, bool compare)
{
    take_regs(d);
    if (uses_pc(d)) {
        return PREP_UNDEF;
    }
    return choose(d, op, compare || fld(d, 'S'), shift_form(d, bits(d->raw, 5, 4), fld(d, 'j')));
}

#define PREPS(op, compare)                                                                         \
    enum prep prep_##op##_imm(struct decode *d)                                                    \
    {                                                                                              \
        return a32_imm(d, ALU_##op, compare);                                                      \
    }                                                                                              \
    enum prep prep_##op##_reg(struct decode *d)                                                    \
    {                                                                                              \
        return a32_reg(d, ALU_##op, compare);                                                      \
    }
#define PREPS_RSR(op, compare)                                                                     \
    enum prep prep_##op##_rsr(struct decode *d)                                                    \
    {                                                                                              \
        return a32_rsr(d, ALU_##op, compare);                                                      \
    }
#define PREPS_T32(op, compare)                                                                     \
    enum prep prep_##op##_timm(struct decode *d)                                                   \
    {                                                                                              \
        return t32_imm(d, ALU_##op, compare);                                                      \
    }                                                                                              \
    enum prep prep_##op##_treg(struct decode *d)                                                   \
    {                                                                                              \
        return t32_reg(d, ALU_##op, compare);                                                      \
    }
// clang-format off
#define A32_OPS(X) X(AND, false) X(EOR, false) X(SUB, false) X(RSB, false) X(ADD, false) X(ADC, false) \
    X(SBC, false) X(RSC, false) X(ORR, false) X(BIC, false) X(MVN, false) X(TST, true) X(TEQ, true) \
    X(CMP, true) X(CMN, true)
#define T32_OPS(X) X(AND, false) X(BIC, false) X(ORR, false) X(ORN, false) X(EOR, false) X(ADD, false) \
    X(ADC, false) X(SBC, false) X(SUB, false) X(RSB, false) X(TST, true) X(TEQ, true) X(CMN, true) \
    X(CMP, true) X(MOV, false) X(MVN, false)
A32_OPS(PREPS)
A32_OPS(PREPS_RSR)
PREPS(MOV, false)
T32_OPS(PREPS_T32)
// clang-format on

// MOV with a shift: fixed type in the picture.
#define PREP_SHIFT(name, type)                                                                     \
    enum prep prep_MOV_##name(struct decode *d)                                                    \
    {                                                                                              \
        take_regs(d);                                                                              \
        if (uses_pc(d)) {                                                                          \
            return pc_form(d, false);                                                              \
        }                                                                                          \
        return choose(d, ALU_MOV, fld(d, 'S'), shift_form(d, type, fld(d, 'i')));                  \
    }                                                                                              \
    enum prep prep_MOV_r##name(struct decode *d)                                                   \
    {                                                                                              \
        take_regs(d);                                                                              \
        d->i->rs = (uint8_t)fld(d, 's');                                                           \
        if (uses_pc(d) || d->i->rs == 15) {                                                        \
            return d->features & ISA_F(V6) ? PREP_UNDEF : pc_form(d, false);                       \
        }                                                                                          \
        return choose(d, ALU_MOV, fld(d, 'S'), (enum form)(RLSL + (type)));                        \
    }                                                                                              \
    enum prep prep_MOV_tr##name(struct decode *d)                                                  \
    {                                                                                              \
        d->i->rd = (uint8_t)fld(d, 'd');                                                           \
        d->i->rm = (uint8_t)fld(d, 'n');                                                           \
        d->i->rs = (uint8_t)fld(d, 'm');                                                           \
        if (uses_pc(d) || d->i->rs == 15) {                                                        \
            return PREP_UNDEF;                                                                     \
        }                                                                                          \
        return choose(d, ALU_MOV, fld(d, 'S'), (enum form)(RLSL + (type)));                        \
    }                                                                                              \
    enum prep prep_t_MOV_r##name(struct decode *d)                                                 \
    {                                                                                              \
        d->i->rd = d->i->rm = (uint8_t)fld(d, 'd');                                                \
        d->i->rs = (uint8_t)fld(d, 's');                                                           \
        return choose(d, ALU_MOV, !d->in_it, (enum form)(RLSL + (type)));                          \
    }
PREP_SHIFT(lsl, 0)
PREP_SHIFT(lsr, 1)
PREP_SHIFT(asr, 2)
PREP_SHIFT(ror, 3)

enum prep prep_MOV_rrx(struct decode *d)
{
    take_regs(d);
    return uses_pc(d) ? pc_form(d, false) : choose(d, ALU_MOV, fld(d, 'S'), RRX);
}

// ---- wide immediates -------------------------------------------------------------------------------------

enum prep prep_MOVW(struct decode *d)
{
    take_regs(d);
    d->i->imm = fld(d, 'i');
    return uses_pc(d) ? PREP_UNDEF : choose(d, ALU_MOV, false, IMM);
}

enum prep prep_tMOVW(struct decode *d)
{
    take_regs(d);
    d->i->imm = fld(d, 'j') << 12 | fld(d, 'i');
    return uses_pc(d) ? PREP_UNDEF : choose(d, ALU_MOV, false, IMM);
}

static next_insn MOVT_1(OP_ARGS)
{
    c->r[i->rd] = (c->r[i->rd] & 0xffff) | i->imm;
    NEXT(1);
}

static next_insn MOVT_2(OP_ARGS)
{
    c->r[i->rd] = (c->r[i->rd] & 0xffff) | i->imm;
    NEXT(2);
}

enum prep prep_MOVT(struct decode *d)
{
    take_regs(d);
    d->i->imm = fld(d, 'i') << 16;
    d->op = MOVT_1;
    return uses_pc(d) ? PREP_UNDEF : PREP_OK;
}

enum prep prep_tMOVT(struct decode *d)
{
    take_regs(d);
    d->i->imm = fld(d, 'j') << 28 | fld(d, 'i') << 16;
    d->op = MOVT_2;
    return uses_pc(d) ? PREP_UNDEF : PREP_OK;
}

enum prep prep_ADDW(struct decode *d)
{
    take_regs(d);
    d->i->imm = fld(d, 'i');
    return uses_pc(d) ? PREP_UNDEF : choose(d, ALU_ADD, false, IMM);
}

enum prep prep_SUBW(struct decode *d)
{
    take_regs(d);
    d->i->imm = fld(d, 'i');
    return uses_pc(d) ? PREP_UNDEF : choose(d, ALU_SUB, false, IMM);
}

enum prep prep_ADR_add(struct decode *d)
{
    take_regs(d);
    return uses_pc(d) ? PREP_UNDEF : adr(d, fld(d, 'i'));
}

enum prep prep_ADR_sub(struct decode *d)
{
    take_regs(d);
    return uses_pc(d) ? PREP_UNDEF : adr(d, 0u - fld(d, 'i'));
}

// ---- prep: T16 -----------------------------------------------------------------------------------------

#define T16_SHIFT(name, type)                                                                      \
    enum prep prep_t_MOV_##name(struct decode *d)                                                  \
    {                                                                                              \
        take_regs(d);                                                                              \
        return choose(d, ALU_MOV, !d->in_it, shift_form(d, type, fld(d, 'i')));                    \
    }
T16_SHIFT(lsl, 0)
T16_SHIFT(lsr, 1)
T16_SHIFT(asr, 2)

#define T16_PREP(name, op, flags, form, setup)                                                     \
    enum prep prep_t_##name(struct decode *d)                                                      \
    {                                                                                              \
        take_regs(d);                                                                              \
        d->i->imm = fld(d, 'i');                                                                   \
        setup;                                                                                     \
        return choose(d, ALU_##op, flags, form);                                                   \
    }
T16_PREP(MOVS_reg, MOV, !d->in_it, REG, (void)0)
T16_PREP(ADD_reg, ADD, !d->in_it, REG, (void)0)
T16_PREP(SUB_reg, SUB, !d->in_it, REG, (void)0)
T16_PREP(ADD_imm, ADD, !d->in_it, IMM, (void)0)
T16_PREP(SUB_imm, SUB, !d->in_it, IMM, (void)0)
T16_PREP(MOV_imm, MOV, !d->in_it, IMM, (void)0)
T16_PREP(CMP_imm, CMP, true, IMM, (void)0)
T16_PREP(ADD_imm8, ADD, !d->in_it, IMM, d->i->rn = d->i->rd)
T16_PREP(SUB_imm8, SUB, !d->in_it, IMM, d->i->rn = d->i->rd)
T16_PREP(RSB, RSB, !d->in_it, IMM, (void)0)
T16_PREP(ADD_sp, ADD, false, IMM, (d->i->rn = 13, d->i->imm *= 4))
T16_PREP(ADD_spsp, ADD, false, IMM, (d->i->rd = d->i->rn = 13, d->i->imm *= 4))
T16_PREP(SUB_spsp, SUB, false, IMM, (d->i->rd = d->i->rn = 13, d->i->imm *= 4))
T16_PREP(dp_AND, AND, !d->in_it, REG, d->i->rn = d->i->rd)
T16_PREP(dp_EOR, EOR, !d->in_it, REG, d->i->rn = d->i->rd)
T16_PREP(dp_ADC, ADC, !d->in_it, REG, d->i->rn = d->i->rd)
T16_PREP(dp_SBC, SBC, !d->in_it, REG, d->i->rn = d->i->rd)
T16_PREP(dp_ORR, ORR, !d->in_it, REG, d->i->rn = d->i->rd)
T16_PREP(dp_BIC, BIC, !d->in_it, REG, d->i->rn = d->i->rd)
T16_PREP(dp_MVN, MVN, !d->in_it, REG, (void)0)
T16_PREP(dp_TST, TST, true, REG, (void)0)
T16_PREP(dp_CMP, CMP, true, REG, (void)0)
T16_PREP(dp_CMN, CMN, true, REG, (void)0)

enum prep prep_t_ADR(struct decode *d)
{
    take_regs(d);
    return adr(d, fld(d, 'i') * 4);
}

// ADD, CMP, MOV with high registers; with the PC they stay plain bodies.
enum prep prep_t_hi(struct decode *d)
{
    take_regs(d);
    unsigned op = bits(d->raw, 9, 8);
    if (op == 0) {
        d->i->rn = d->i->rd;
    }
    if (uses_pc(d)) {
        return PREP_OK;
    }
    static const enum alu alus[3] = {ALU_ADD, ALU_CMP, ALU_MOV};
    return choose(d, alus[op], op == 1, REG);
}

static uint32_t reg_or_pc(const struct cpu *c, const struct insn *i, unsigned r)
{
    return r == 15 ? insn_pc(c, i) : c->r[r];
}

void exec_t_ADD_hi(struct cpu *c, const struct insn *i)
{
    uint32_t v = reg_or_pc(c, i, i->rn) + reg_or_pc(c, i, i->rm);
    if (i->rd == 15) {
        exec_branch_write(c, v);
    } else {
        c->r[i->rd] = v;
    }
}

void exec_t_MOV_hi(struct cpu *c, const struct insn *i)
{
    uint32_t v = reg_or_pc(c, i, i->rm);
    if (i->rd == 15) {
        exec_branch_write(c, v);
    } else {
        c->r[i->rd] = v;
    }
}

void exec_t_CMP_hi(struct cpu *c, const struct insn *i)
{
    uint32_t a = reg_or_pc(c, i, i->rn), b = reg_or_pc(c, i, i->rm), res = a - b;
    FLAGS_SUB
}

void exec_MOVT(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (c->r[i->rd] & 0xffff) | i->imm;
}

// ---- A32 with the PC somewhere -------------------------------------------------------------------------

void exec_dp_generic(struct cpu *c, const struct insn *i)
{
    uint32_t raw = i->raw, a, b, cy = c->cf, res;
    unsigned op = bits(raw, 24, 21);
    // With a register-specified shift, old cores have fetched one instruction more.
    uint32_t pc = insn_va(c, i) + 8;
    if (raw >> 25 & 1) {
        uint32_t rot = bits(raw, 11, 8) * 2;
        b = ror32(raw & 0xff, rot);
        cy = rot ? b >> 31 : cy;
    } else {
        unsigned type = bits(raw, 6, 5), n;
        if (raw >> 4 & 1) {
            pc += 4;
            n = (bits(raw, 11, 8) == 15 ? pc : c->r[bits(raw, 11, 8)]) & 0xff;
        } else {
            n = bits(raw, 11, 7);
        }
        b = (raw & 15) == 15 ? pc : c->r[raw & 15];
        if (!(raw >> 4 & 1) && !n && type) {
            if (type == 3) { // RRX
                uint32_t old = b;
                b = b >> 1 | c->cf << 31;
                cy = old & 1;
                n = 0;
                type = 4;
            } else {
                n = 32;
            }
        }
        switch (type) {
        case 0:
            shift_lsl(&b, &cy, n);
            break;
        case 1:
            shift_lsr(&b, &cy, n);
            break;
        case 2:
            shift_asr(&b, &cy, n);
            break;
        case 3:
            shift_ror(&b, &cy, n);
            break;
        }
    }
    a = bits(raw, 19, 16) == 15 ? pc : c->r[bits(raw, 19, 16)];
    uint32_t ci = c->cf, nf = c->nf, zf = c->zf, cf = c->cf, vf = c->vf;
    bool s = raw >> 20 & 1;
    switch (op) {
    case 0:
    case 8:
        res = a & b;
        LOGIC_FLAGS
        break;
    case 1:
    case 9:
        res = a ^ b;
        LOGIC_FLAGS
        break;
    case 2:
    case 10:
        res = a - b;
        FLAGS_SUB
        break;
    case 3:
        res = b - a;
        FLAGS_RSB
        break;
    case 4:
    case 11:
        res = a + b;
        FLAGS_ADD
        break;
    case 5:
        res = a + b + ci;
        FLAGS_ADC
        break;
    case 6:
        res = a - b - !ci;
        FLAGS_SBC
        break;
    case 7:
        res = b - a - !ci;
        FLAGS_RSC
        break;
    case 12:
        res = a | b;
        LOGIC_FLAGS
        break;
    case 13:
        res = b;
        LOGIC_FLAGS
        break;
    case 14:
        res = a & ~b;
        LOGIC_FLAGS
        break;
    default:
        res = ~b;
        LOGIC_FLAGS
        break;
    }
    unsigned rd = bits(raw, 15, 12);
    bool to_pc = rd == 15 && (op < 8 || op > 11);
    if (!s || to_pc) {
        c->nf = nf;
        c->zf = zf;
        c->cf = cf;
        c->vf = vf;
    }
    if (op >= 8 && op <= 11) {
        return;
    }
    if (!to_pc) {
        c->r[rd] = res;
    } else if (s) {
        exc_return(c, res);
    } else {
        exec_alu_pc(c, res);
    }
}
