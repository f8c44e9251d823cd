// SPDX-License-Identifier: MIT
//
// Branches. A direct branch inside the page becomes pointer arithmetic on slots; every other one goes
// through the bank's fetch entries.
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/mem.h"
#include "cpu/ops.h"

// ---- bodies -----------------------------------------------------------------------------------------

// imm: slots (near) or bytes from the PC operand (far)
static next_insn B_near(OP_ARGS)
{
    BRANCH_NEAR(i->imm);
}

static next_insn B_far(OP_ARGS)
{
    BRANCH_FAR(insn_pc(c, i) + i->imm);
}

#define X(num, name)                                                                               \
    static next_insn B_near_##name##_1(OP_ARGS)                                                    \
    {                                                                                              \
        if (COND_##name) {                                                                         \
            BRANCH_NEAR(i->imm);                                                                   \
        }                                                                                          \
        NEXT(1);                                                                                   \
    }                                                                                              \
    static next_insn B_near_##name##_2(OP_ARGS)                                                    \
    {                                                                                              \
        if (COND_##name) {                                                                         \
            BRANCH_NEAR(i->imm);                                                                   \
        }                                                                                          \
        NEXT(2);                                                                                   \
    }
CONDITIONS(X)
#undef X

static op_fn *const B_near_if[2][14] = {
#define X(num, name) B_near_##name##_1,
    {CONDITIONS(X)},
#undef X
#define X(num, name) B_near_##name##_2,
    {CONDITIONS(X)},
#undef X
};

static next_insn BL_near_a32(OP_ARGS)
{
    c->r[14] = insn_va(c, i) + 4;
    BRANCH_NEAR(i->imm);
}

static next_insn BL_far_a32(OP_ARGS)
{
    c->r[14] = insn_va(c, i) + 4;
    BRANCH_FAR(insn_va(c, i) + 8 + i->imm);
}

static next_insn BL_near_t32(OP_ARGS)
{
    c->r[14] = (insn_va(c, i) + 4) | 1;
    BRANCH_NEAR(i->imm);
}

static next_insn BL_far_t32(OP_ARGS)
{
    c->r[14] = (insn_va(c, i) + 4) | 1;
    BRANCH_FAR(insn_va(c, i) + 4 + i->imm);
}

static next_insn BX_reg(OP_ARGS)
{
    uint32_t to = c->r[i->rm];
    c->thumb = to & 1;
    to &= c->thumb ? ~1u : ~3u;
    BRANCH_FAR(to);
}

static next_insn BX_pc(OP_ARGS)
{
    uint32_t to = insn_pc(c, i);
    c->thumb = false;
    BRANCH_FAR(to & ~3u);
}

static next_insn BLX_reg(OP_ARGS)
{
    uint32_t to = c->r[i->rm];
    c->r[14] = c->thumb ? (insn_va(c, i) + 2) | 1 : insn_va(c, i) + 4;
    c->thumb = to & 1;
    to &= c->thumb ? ~1u : ~3u;
    BRANCH_FAR(to);
}

static next_insn BLX_far(OP_ARGS)
{
    uint32_t to;
    if (c->thumb) {
        c->r[14] = (insn_va(c, i) + 4) | 1;
        to = (insn_pc(c, i) & ~3u) + i->imm;
        c->thumb = false;
    } else {
        c->r[14] = insn_va(c, i) + 4;
        to = insn_pc(c, i) + i->imm;
        c->thumb = true;
    }
    BRANCH_FAR(to);
}

static next_insn CBZ_near(OP_ARGS)
{
    if (!c->r[i->rn]) {
        BRANCH_NEAR(i->imm);
    }
    NEXT(1);
}

static next_insn CBNZ_near(OP_ARGS)
{
    if (c->r[i->rn]) {
        BRANCH_NEAR(i->imm);
    }
    NEXT(1);
}

static next_insn CBZ_far(OP_ARGS)
{
    if (!c->r[i->rn]) {
        BRANCH_FAR(insn_va(c, i) + 4 + i->imm);
    }
    NEXT(1);
}

static next_insn CBNZ_far(OP_ARGS)
{
    if (c->r[i->rn]) {
        BRANCH_FAR(insn_va(c, i) + 4 + i->imm);
    }
    NEXT(1);
}

void ops_branch_describe(op_visit *visit, void *ctx)
{
    static const struct {
        op_fn *body;
        uint8_t op;
    } rows[] = {
        {B_near, BR_NEAR},           {B_far, BR_FAR},
        {BL_near_a32, BR_BL_NEAR},   {BL_far_a32, BR_BL_FAR},
        {BL_near_t32, BR_BL_NEAR},   {BL_far_t32, BR_BL_FAR},
        {BX_reg, BR_BX},             {BX_pc, BR_BX_PC},
        {BLX_reg, BR_BLX_REG},       {BLX_far, BR_BLX_FAR},
        {CBZ_near, BR_CBZ_NEAR},     {CBNZ_near, BR_CBNZ_NEAR},
        {CBZ_far, BR_CBZ_FAR},       {CBNZ_far, BR_CBNZ_FAR},
    };
    for (unsigned k = 0; k < ARRAY_LEN(rows); k++) {
        visit(ctx, rows[k].body, (struct op_desc){OPG_BRANCH, rows[k].op, 14, false});
    }
    for (unsigned k = 0; k < 28; k++) {
        visit(ctx, B_near_if[k / 14][k % 14],
              (struct op_desc){OPG_BRANCH, BR_NEAR, (uint8_t)(k % 14), false});
    }
}

// ---- prep ----------------------------------------------------------------------------------------------

// True when the target lies in this page: i->imm becomes a slot distance.
static bool near(struct decode *d, int32_t offset)
{
    bool thumb = d->set != ISA_A32;
    int32_t delta = offset + (thumb ? 4 : 8), to = (int32_t)d->i->off2 * 2 + delta;
    d->i->imm = (uint32_t)offset;
    if (d->alone || to < 0 || to >= 0x1000) {
        return false;
    }
    d->i->imm = (uint32_t)(delta >> (thumb ? 1 : 2));
    return true;
}

static enum prep branch(struct decode *d, int32_t offset)
{
    if (near(d, offset)) {
        if (d->cond < 14) {
            d->op = B_near_if[d->i->wide][d->cond];
            d->cond = 14; // tested by the body
        } else {
            d->op = B_near;
        }
    } else {
        d->op = B_far;
    }
    return PREP_OK;
}

enum prep prep_B(struct decode *d)
{
    return branch(d, sign_extend(fld(d, 'i') << 2, 26));
}

enum prep prep_BL(struct decode *d)
{
    d->op = near(d, sign_extend(fld(d, 'i') << 2, 26)) ? BL_near_a32 : BL_far_a32;
    return PREP_OK;
}

enum prep prep_BLX_imm(struct decode *d)
{
    d->i->imm = (uint32_t)sign_extend(fld(d, 'i') << 2, 26) | fld(d, 'H') << 1;
    d->op = BLX_far;
    return PREP_OK;
}

enum prep prep_BX(struct decode *d)
{
    d->i->rm = (uint8_t)fld(d, 'm');
    d->op = d->i->rm == 15 ? BX_pc : BX_reg;
    return PREP_OK;
}

enum prep prep_BLX_reg(struct decode *d)
{
    d->i->rm = (uint8_t)fld(d, 'm');
    d->op = BLX_reg;
    return d->i->rm == 15 ? PREP_UNDEF : PREP_OK; // UNPREDICTABLE
}

// Inside an IT block branches other than the last are UNPREDICTABLE: they are taken all the same.
enum prep prep_t_B(struct decode *d)
{
    return branch(d, sign_extend(fld(d, 'i') << 1, 12));
}

enum prep prep_t_Bcond(struct decode *d)
{
    d->cond = (uint8_t)fld(d, 'k');
    return branch(d, sign_extend(fld(d, 'i') << 1, 9));
}

enum prep prep_tBcond(struct decode *d)
{
    uint32_t s = fld(d, 'S'), k = fld(d, 'k');
    if (k >= 14) {
        return PREP_UNDEF;
    }
    d->cond = (uint8_t)k;
    uint32_t v = s << 20 | fld(d, 'K') << 19 | fld(d, 'J') << 18 | fld(d, 'i') << 12 |
                 fld(d, 'j') << 1;
    return branch(d, sign_extend(v, 21));
}

// imm = S:I1:I2:imm10:imm11:0, I = not (J eor S); the picture's J is J1, K is J2.
static int32_t long_offset(const struct decode *d)
{
    uint32_t s = fld(d, 'S'), i1 = !(fld(d, 'J') ^ s), i2 = !(fld(d, 'K') ^ s);
    uint32_t v = s << 24 | i1 << 23 | i2 << 22 | fld(d, 'i') << 12 | fld(d, 'j') << 1;
    return sign_extend(v, 25);
}

enum prep prep_tB(struct decode *d)
{
    return branch(d, long_offset(d));
}

enum prep prep_tBL(struct decode *d)
{
    d->op = near(d, long_offset(d)) ? BL_near_t32 : BL_far_t32;
    return PREP_OK;
}

enum prep prep_tBLX(struct decode *d)
{
    // The picture ends in 0 for H, so field j is imm10L.
    uint32_t s = fld(d, 'S'), i1 = !(fld(d, 'J') ^ s), i2 = !(fld(d, 'K') ^ s);
    uint32_t v = s << 24 | i1 << 23 | i2 << 22 | fld(d, 'i') << 12 | fld(d, 'j') << 2;
    d->i->imm = (uint32_t)sign_extend(v, 25);
    d->op = BLX_far;
    return PREP_OK;
}

enum prep prep_t_CBZ(struct decode *d)
{
    bool nonzero = d->raw >> 11 & 1;
    d->i->rn = (uint8_t)fld(d, 'n');
    // i is gathered from bit 9 and bits 7:3.
    bool close = near(d, (int32_t)(fld(d, 'i') << 1));
    d->op = close ? (nonzero ? CBNZ_near : CBZ_near) : nonzero ? CBNZ_far : CBZ_far;
    return PREP_OK;
}

void exec_BLX_imm(struct cpu *c, const struct insn *i)
{
    (void)i;
    exc_undefined(c); // prep always gives a threaded body
}

// ---- table branches ---------------------------------------------------------------------------------------

static uint32_t table_base(const struct cpu *c, const struct insn *i)
{
    return i->rn == 15 ? insn_pc(c, i) : c->r[i->rn];
}

void exec_TBB(struct cpu *c, const struct insn *i)
{
    uint32_t v = mem_ld8ANY(c, table_base(c, i) + c->r[i->rm]);
    exec_branch(c, insn_pc(c, i) + 2 * v);
}

void exec_TBH(struct cpu *c, const struct insn *i)
{
    uint32_t v = mem_ld16ANY(c, table_base(c, i) + 2 * c->r[i->rm]);
    exec_branch(c, insn_pc(c, i) + 2 * v);
}

// ---- BL and BLX as two 16-bit instructions ------------------------------------------------------------------

enum prep prep_t_bl_prefix(struct decode *d)
{
    d->i->imm = (uint32_t)sign_extend(fld(d, 'i') << 12, 23);
    return ISA_HAS(d->features, V6T2) ? PREP_UNDEF : PREP_OK;
}

enum prep prep_t_bl_suffix(struct decode *d)
{
    d->i->imm = fld(d, 'i') << 1;
    return ISA_HAS(d->features, V6T2) ? PREP_UNDEF : PREP_OK;
}

void exec_t_BL_prefix(struct cpu *c, const struct insn *i)
{
    c->r[14] = insn_pc(c, i) + i->imm;
}

void exec_t_BL_suffix(struct cpu *c, const struct insn *i)
{
    uint32_t to = c->r[14] + i->imm;
    c->r[14] = (insn_va(c, i) + 2) | 1;
    exec_branch(c, to & ~1u);
}

void exec_t_BLX_suffix(struct cpu *c, const struct insn *i)
{
    uint32_t to = c->r[14] + i->imm;
    c->r[14] = (insn_va(c, i) + 2) | 1;
    c->thumb = false;
    exec_branch(c, to & ~3u);
}
