// SPDX-License-Identifier: MIT
//
// Media instructions and the small change of the integer set: parallel arithmetic, packing,
// extension, saturation, bit fields, reversal (ARM DDI 0406C A4.4).
#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/ops.h"

static uint32_t join(uint32_t hi, uint32_t lo)
{
    return hi << 16 | (lo & 0xffff);
}

// ---- parallel addition and subtraction -------------------------------------------------------------
//
// lane(): what becomes of one lane's exact result of `width` bits, and its GE bits.

enum style { PLAIN_S, PLAIN_U, SAT_S, SAT_U, HALVE };

static uint32_t lane(int32_t v, unsigned width, enum style style, bool subtract, bool *ge)
{
    int32_t top = 1 << width;
    switch (style) {
    case PLAIN_S:
        *ge = v >= 0;
        break;
    case PLAIN_U:
        *ge = subtract ? v >= 0 : v >= top;
        break;
    case SAT_S:
        v = v >= top / 2 ? top / 2 - 1 : v < -top / 2 ? -top / 2 : v;
        break;
    case SAT_U:
        v = v >= top ? top - 1 : v < 0 ? 0 : v;
        break;
    case HALVE:
        v >>= 1;
        break;
    }
    return (uint32_t)v & ((uint32_t)top - 1);
}

static int32_t part(uint32_t v, unsigned width, unsigned lane_, bool is_signed)
{
    v >>= width * lane_;
    return width == 8 ? (is_signed ? (int8_t)v : (uint8_t)v) : is_signed ? (int16_t)v : (uint16_t)v;
}

static void halves(struct cpu *c, const struct insn *i, bool sg, enum style st, bool exchange,
                   bool sub_lo, bool sub_hi)
{
    uint32_t n = c->r[i->rn], m = exchange ? ror32(c->r[i->rm], 16) : c->r[i->rm];
    bool ge0 = false, ge1 = false;
    int32_t lo = part(m, 16, 0, sg), hi = part(m, 16, 1, sg);
    uint32_t a = lane(part(n, 16, 0, sg) + (sub_lo ? -lo : lo), 16, st, sub_lo, &ge0);
    uint32_t b = lane(part(n, 16, 1, sg) + (sub_hi ? -hi : hi), 16, st, sub_hi, &ge1);
    c->r[i->rd] = join(b, a);
    if (st == PLAIN_S || st == PLAIN_U) {
        c->ge = (ge0 ? 3u : 0) | (ge1 ? 12u : 0);
    }
}

static void bytes(struct cpu *c, const struct insn *i, bool sg, enum style st, bool subtract)
{
    uint32_t n = c->r[i->rn], m = c->r[i->rm], v = 0, ges = 0;
    for (unsigned k = 0; k < 4; k++) {
        bool ge = false;
        int32_t b = part(m, 8, k, sg);
        v |= lane(part(n, 8, k, sg) + (subtract ? -b : b), 8, st, subtract, &ge) << (8 * k);
        ges |= (uint32_t)ge << k;
    }
    c->r[i->rd] = v;
    if (st == PLAIN_S || st == PLAIN_U) {
        c->ge = ges;
    }
}

#define PARALLEL(prefix, sg, st)                                                                   \
    void exec_##prefix##ADD16(struct cpu *c, const struct insn *i)                                 \
    {                                                                                              \
        halves(c, i, sg, st, false, false, false);                                                 \
    }                                                                                              \
    void exec_##prefix##SUB16(struct cpu *c, const struct insn *i)                                 \
    {                                                                                              \
        halves(c, i, sg, st, false, true, true);                                                   \
    }                                                                                              \
    void exec_##prefix##ASX(struct cpu *c, const struct insn *i)                                   \
    {                                                                                              \
        halves(c, i, sg, st, true, true, false);                                                   \
    }                                                                                              \
    void exec_##prefix##SAX(struct cpu *c, const struct insn *i)                                   \
    {                                                                                              \
        halves(c, i, sg, st, true, false, true);                                                   \
    }                                                                                              \
    void exec_##prefix##ADD8(struct cpu *c, const struct insn *i)                                  \
    {                                                                                              \
        bytes(c, i, sg, st, false);                                                                \
    }                                                                                              \
    void exec_##prefix##SUB8(struct cpu *c, const struct insn *i)                                  \
    {                                                                                              \
        bytes(c, i, sg, st, true);                                                                 \
    }
PARALLEL(S, true, PLAIN_S)
PARALLEL(U, false, PLAIN_U)
PARALLEL(Q, true, SAT_S)
PARALLEL(UQ, false, SAT_U)
PARALLEL(SH, true, HALVE)
PARALLEL(UH, false, HALVE)

void exec_SEL(struct cpu *c, const struct insn *i)
{
    static const uint32_t mask[16] = {
        0x00000000, 0x000000ff, 0x0000ff00, 0x0000ffff, 0x00ff0000, 0x00ff00ff,
        0x00ffff00, 0x00ffffff, 0xff000000, 0xff0000ff, 0xff00ff00, 0xff00ffff,
        0xffff0000, 0xffff00ff, 0xffffff00, 0xffffffff,
    };
    uint32_t m = mask[c->ge & 15];
    c->r[i->rd] = (c->r[i->rn] & m) | (c->r[i->rm] & ~m);
}

// ---- packing ---------------------------------------------------------------------------------------------

// imm: shift amount; rs: 1 for PKHTB
enum prep prep_pkh(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'm');
    d->i->rs = (uint8_t)fld(d, 'T');
    d->i->imm = d->set == ISA_A32 ? fld(d, 'i') : fld(d, 'j');
    return d->i->rd == 15 || d->i->rn == 15 || d->i->rm == 15 ? PREP_UNDEF : PREP_OK;
}

void exec_PKH(struct cpu *c, const struct insn *i)
{
    uint32_t n = c->r[i->rn], m = c->r[i->rm];
    if (i->rs) {
        uint32_t s = (uint32_t)((int32_t)m >> (i->imm ? i->imm : 31));
        c->r[i->rd] = (n & 0xffff0000) | (s & 0xffff);
    } else {
        c->r[i->rd] = (m << i->imm & 0xffff0000) | (n & 0xffff);
    }
}

// ---- extension ------------------------------------------------------------------------------------------

#define EXT_BODY(name, expr, step)                                                                 \
    static next_insn name##_##step(OP_ARGS)                                                        \
    {                                                                                              \
        uint32_t v = c->r[i->rm];                                                                  \
        c->r[i->rd] = (uint32_t)(expr);                                                            \
        NEXT(step);                                                                                \
    }
#define EXT_BODIES(name, expr) EXT_BODY(name, expr, 1) EXT_BODY(name, expr, 2)
EXT_BODIES(SXTB, (int8_t)v)
EXT_BODIES(SXTH, (int16_t)v)
EXT_BODIES(UXTB, (uint8_t)v)
EXT_BODIES(UXTH, (uint16_t)v)

// imm: rotation in bits
enum prep prep_ext(struct decode *d)
{
    static const struct {
        exec_fn *exec;
        op_fn *op[2];
    } plain[] = {
        {exec_SXTB, {SXTB_1, SXTB_2}},
        {exec_SXTH, {SXTH_1, SXTH_2}},
        {exec_UXTB, {UXTB_1, UXTB_2}},
        {exec_UXTH, {UXTH_1, UXTH_2}},
    };
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'm');
    d->i->imm = fld(d, 'r') * 8;
    if (d->i->rd == 15 || d->i->rm == 15 || d->i->rn == 15) {
        return PREP_UNDEF;
    }
    for (unsigned k = 0; k < ARRAY_LEN(plain); k++) {
        if (d->row->exec == plain[k].exec && !d->i->imm) {
            d->op = plain[k].op[d->i->wide];
        }
    }
    return PREP_OK;
}

#define ROTATED ror32(c->r[i->rm], i->imm)

void exec_SXTB(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint32_t)(int8_t)ROTATED;
}

void exec_SXTH(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint32_t)(int16_t)ROTATED;
}

void exec_UXTB(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint8_t)ROTATED;
}

void exec_UXTH(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint16_t)ROTATED;
}

void exec_SXTAB(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = c->r[i->rn] + (uint32_t)(int8_t)ROTATED;
}

void exec_SXTAH(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = c->r[i->rn] + (uint32_t)(int16_t)ROTATED;
}

void exec_UXTAB(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = c->r[i->rn] + (uint8_t)ROTATED;
}

void exec_UXTAH(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = c->r[i->rn] + (uint16_t)ROTATED;
}

void exec_SXTB16(struct cpu *c, const struct insn *i)
{
    uint32_t v = ROTATED;
    c->r[i->rd] = join((uint32_t)(int8_t)(v >> 16), (uint32_t)(int8_t)v);
}

void exec_UXTB16(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = ROTATED & 0x00ff00ff;
}

void exec_SXTAB16(struct cpu *c, const struct insn *i)
{
    uint32_t v = ROTATED, n = c->r[i->rn];
    c->r[i->rd] = join((n >> 16) + (uint32_t)(int8_t)(v >> 16), n + (uint32_t)(int8_t)v);
}

void exec_UXTAB16(struct cpu *c, const struct insn *i)
{
    uint32_t v = ROTATED, n = c->r[i->rn];
    c->r[i->rd] = join((n >> 16) + (uint8_t)(v >> 16), n + (uint8_t)v);
}

// ---- saturation ----------------------------------------------------------------------------------------

// imm: shift amount, rs: 1 for ASR; rm: the saturation operand as encoded
enum prep prep_sat(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'i');
    d->i->rs = (uint8_t)fld(d, 't');
    d->i->imm = fld(d, 'j');
    if (d->i->rs && !d->i->imm) {
        if (d->set == ISA_T32) {
            return PREP_NEXT; // that is SSAT16 or USAT16
        }
        d->i->imm = 32;
    }
    return d->i->rd == 15 || d->i->rn == 15 ? PREP_UNDEF : PREP_OK;
}

static int32_t sat_operand(const struct cpu *c, const struct insn *i)
{
    int32_t v = (int32_t)c->r[i->rn];
    return i->rs ? (int32_t)((int64_t)v >> i->imm) : (int32_t)((uint32_t)v << i->imm);
}

static uint32_t sat_s(struct cpu *c, int32_t v, unsigned width)
{
    int32_t max = (int32_t)((1u << (width - 1)) - 1);
    if (v > max) {
        c->q = 1;
        return (uint32_t)max;
    }
    if (v < -max - 1) {
        c->q = 1;
        return (uint32_t)(-max - 1);
    }
    return (uint32_t)v;
}

static uint32_t sat_u(struct cpu *c, int32_t v, unsigned width)
{
    int32_t max = (int32_t)((1u << width) - 1);
    if (v > max) {
        c->q = 1;
        return (uint32_t)max;
    }
    if (v < 0) {
        c->q = 1;
        return 0;
    }
    return (uint32_t)v;
}

void exec_SSAT(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = sat_s(c, sat_operand(c, i), i->rm + 1u);
}

void exec_USAT(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = sat_u(c, sat_operand(c, i), i->rm);
}

void exec_SSAT16(struct cpu *c, const struct insn *i)
{
    uint32_t n = c->r[i->rn];
    uint32_t lo = sat_s(c, (int16_t)n, (i->rm & 15) + 1u);
    c->r[i->rd] = join(sat_s(c, (int16_t)(n >> 16), (i->rm & 15) + 1u), lo);
}

void exec_USAT16(struct cpu *c, const struct insn *i)
{
    uint32_t n = c->r[i->rn];
    uint32_t lo = sat_u(c, (int16_t)n, i->rm & 15);
    c->r[i->rd] = join(sat_u(c, (int16_t)(n >> 16), i->rm & 15), lo);
}

// ---- bit fields ----------------------------------------------------------------------------------------

#define BFX_BODY(name, expr, step)                                                                 \
    static next_insn name##_##step(OP_ARGS)                                                        \
    {                                                                                              \
        uint32_t v = c->r[i->rn];                                                                  \
        c->r[i->rd] = (uint32_t)(expr);                                                            \
        NEXT(step);                                                                                \
    }
BFX_BODY(UBFX, v << i->rs >> i->rm, 1)
BFX_BODY(UBFX, v << i->rs >> i->rm, 2)
BFX_BODY(SBFX, (int32_t)(v << i->rs) >> i->rm, 1)
BFX_BODY(SBFX, (int32_t)(v << i->rs) >> i->rm, 2)

void ops_media_describe(op_visit *visit, void *ctx)
{
    static const struct {
        op_fn *body[2];
        uint8_t group, op;
    } rows[] = {
        {{SXTB_1, SXTB_2}, OPG_EXT, EX_SXTB}, {{SXTH_1, SXTH_2}, OPG_EXT, EX_SXTH},
        {{UXTB_1, UXTB_2}, OPG_EXT, EX_UXTB}, {{UXTH_1, UXTH_2}, OPG_EXT, EX_UXTH},
        {{UBFX_1, UBFX_2}, OPG_BFX, 0},       {{SBFX_1, SBFX_2}, OPG_BFX, 1},
    };
    for (unsigned k = 0; k < 2 * ARRAY_LEN(rows); k++) {
        visit(ctx, rows[k / 2].body[k % 2],
              (struct op_desc){rows[k / 2].group, rows[k / 2].op, 0, false});
    }
}

// rs: left shift, rm: right shift; a field past bit 31 goes the plain way
enum prep prep_bfx(struct decode *d)
{
    unsigned lsb = fld(d, 'j'), width = fld(d, 'w') + 1;
    bool is_signed = d->row->exec == exec_SBFX;
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rs = (uint8_t)lsb;
    d->i->rm = (uint8_t)width;
    if (d->i->rd == 15 || d->i->rn == 15) {
        return PREP_UNDEF;
    }
    if (lsb + width <= 32) {
        d->i->rs = (uint8_t)(32 - lsb - width);
        d->i->rm = (uint8_t)(32 - width);
        d->op = is_signed ? d->i->wide ? SBFX_2 : SBFX_1 : d->i->wide ? UBFX_2 : UBFX_1;
    }
    return PREP_OK;
}

void exec_UBFX(struct cpu *c, const struct insn *i)
{
    uint32_t v = c->r[i->rn] >> i->rs;
    c->r[i->rd] = i->rm == 32 ? v : v & ((1u << i->rm) - 1);
}

void exec_SBFX(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint32_t)sign_extend(c->r[i->rn] >> i->rs, i->rm);
}

// imm: mask in place; rs: lsb
enum prep prep_bfi(struct decode *d)
{
    unsigned lsb = fld(d, 'j'), msb = fld(d, 'w');
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rs = (uint8_t)lsb;
    if (msb >= lsb) {
        d->i->imm = (msb - lsb == 31 ? ~0u : (1u << (msb - lsb + 1)) - 1) << lsb;
    }
    return d->i->rd == 15 || d->i->rn == 15 ? PREP_UNDEF : PREP_OK;
}

void exec_BFI(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (c->r[i->rd] & ~i->imm) | (c->r[i->rn] << i->rs & i->imm);
}

void exec_BFC(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] &= ~i->imm;
}

// ---- reversal, counting ---------------------------------------------------------------------------------

void exec_REV(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = __builtin_bswap32(c->r[i->rm]);
}

void exec_REV16(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = ror32(__builtin_bswap32(c->r[i->rm]), 16);
}

void exec_REVSH(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint32_t)(int16_t)__builtin_bswap16((uint16_t)c->r[i->rm]);
}

void exec_RBIT(struct cpu *c, const struct insn *i)
{
    uint32_t v = c->r[i->rm];
    v = (v >> 1 & 0x55555555) | (v & 0x55555555) << 1;
    v = (v >> 2 & 0x33333333) | (v & 0x33333333) << 2;
    v = (v >> 4 & 0x0f0f0f0f) | (v & 0x0f0f0f0f) << 4;
    c->r[i->rd] = __builtin_bswap32(v);
}

void exec_CLZ(struct cpu *c, const struct insn *i)
{
    uint32_t v = c->r[i->rm];
    c->r[i->rd] = v ? (uint32_t)__builtin_clz(v) : 32;
}

// ---- checksums (ARMv8) ------------------------------------------------------------------------------

// rs: bytes; imm: reflected polynomial
enum prep prep_crc(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'm');
    bool a32 = d->set == ISA_A32;
    d->i->rs = (uint8_t)(1u << (a32 ? bits(d->raw, 22, 21) : bits(d->raw, 5, 4)));
    d->i->imm = d->raw >> (a32 ? 9 : 20) & 1 ? 0x82f63b78 : 0xedb88320;
    return d->i->rd == 15 || d->i->rn == 15 || d->i->rm == 15 ? PREP_UNDEF
                                                                               : PREP_OK;
}

void exec_CRC32(struct cpu *c, const struct insn *i)
{
    uint32_t crc = c->r[i->rn] ^ (c->r[i->rm] & (i->rs == 4 ? ~0u : (1u << (8 * i->rs)) - 1));
    for (unsigned k = 0; k < 8u * i->rs; k++) {
        crc = crc >> 1 ^ (crc & 1 ? i->imm : 0);
    }
    c->r[i->rd] = crc;
}
