// SPDX-License-Identifier: MIT
//
// Multiplies, divides and saturating arithmetic (ARM DDI 0406C A4.4.3, A4.4.8).
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/ops.h"

// Registers d n m a, upper half e in rd..rs as each family documents. 15 is UNPREDICTABLE everywhere
// but as the accumulator that the pictures exclude: UNDEFINED.

#define SET_NZ(x) (c->nf = c->zf = (x))

#define MUL_BODY(name, expr, step)                                                                 \
    static next_insn name##_##step(OP_ARGS)                                                        \
    {                                                                                              \
        c->r[i->rd] = (expr);                                                                      \
        NEXT(step);                                                                                \
    }                                                                                              \
    static next_insn name##S_##step(OP_ARGS)                                                       \
    {                                                                                              \
        uint32_t res = (expr);                                                                     \
        c->r[i->rd] = res;                                                                         \
        SET_NZ(res);                                                                               \
        NEXT(step);                                                                                \
    }
MUL_BODY(MUL, c->r[i->rn] * c->r[i->rm], 1)
MUL_BODY(MUL, c->r[i->rn] * c->r[i->rm], 2)
MUL_BODY(MLA, c->r[i->rn] * c->r[i->rm] + c->r[i->rs], 1)
MUL_BODY(MLA, c->r[i->rn] * c->r[i->rm] + c->r[i->rs], 2)

static next_insn MLS_1(OP_ARGS)
{
    c->r[i->rd] = c->r[i->rs] - c->r[i->rn] * c->r[i->rm];
    NEXT(1);
}

static next_insn MLS_2(OP_ARGS)
{
    c->r[i->rd] = c->r[i->rs] - c->r[i->rn] * c->r[i->rm];
    NEXT(2);
}

static bool take(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'm');
    d->i->rs = (uint8_t)fld(d, 'a');
    return d->i->rd != 15 && d->i->rn != 15 && d->i->rm != 15 && d->i->rs != 15;
}

static enum prep choose(struct decode *d, op_fn *narrow, op_fn *wide)
{
    d->op = d->i->wide ? wide : narrow;
    return PREP_OK;
}

enum prep prep_mul(struct decode *d)
{
    if (!take(d)) {
        return PREP_UNDEF;
    }
    return fld(d, 'S') ? choose(d, MULS_1, MULS_2) : choose(d, MUL_1, MUL_2);
}

enum prep prep_mla(struct decode *d)
{
    if (!take(d)) {
        return PREP_UNDEF;
    }
    return fld(d, 'S') ? choose(d, MLAS_1, MLAS_2) : choose(d, MLA_1, MLA_2);
}

enum prep prep_mls(struct decode *d)
{
    return take(d) ? choose(d, MLS_1, MLS_2) : PREP_UNDEF;
}

enum prep prep_t_MUL(struct decode *d)
{
    d->i->rd = d->i->rm = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    return d->in_it ? choose(d, MUL_1, MUL_1) : choose(d, MULS_1, MULS_1);
}

// d n m a, and in imm: bit 0 N (top half of Rn), 1 M (top half of Rm), 2 X (swap), 3 R (round).
enum prep prep_mul4(struct decode *d)
{
    d->i->imm = fld(d, 'N') | fld(d, 'M') << 1 | fld(d, 'X') << 2 | fld(d, 'R') << 3;
    return take(d) ? PREP_OK : PREP_UNDEF;
}

// RdLo in rd, RdHi in rs; imm bits as above and 4 S.
static op_fn UMULL_1, UMULL_2, SMULL_1, SMULL_2, UMLAL_1, UMLAL_2;

enum prep prep_mull(struct decode *d)
{
    d->i->imm = fld(d, 'N') | fld(d, 'M') << 1 | fld(d, 'X') << 2 | fld(d, 'S') << 4;
    bool ok = take(d);
    d->i->rs = (uint8_t)fld(d, 'e');
    if (!ok || d->i->rs == 15 || d->i->rs == d->i->rd) {
        return PREP_UNDEF; // UNPREDICTABLE
    }
    if (!fld(d, 'S')) {
        if (d->row->exec == exec_UMULL) {
            return choose(d, UMULL_1, UMULL_2);
        }
        if (d->row->exec == exec_SMULL) {
            return choose(d, SMULL_1, SMULL_2);
        }
        if (d->row->exec == exec_UMLAL) {
            return choose(d, UMLAL_1, UMLAL_2);
        }
    }
    return PREP_OK;
}

#define LONG_BODY(name, expr, step)                                                                \
    static next_insn name##_##step(OP_ARGS)                                                        \
    {                                                                                              \
        uint64_t v = (uint64_t)(expr);                                                             \
        c->r[i->rd] = (uint32_t)v;                                                                 \
        c->r[i->rs] = (uint32_t)(v >> 32);                                                         \
        NEXT(step);                                                                                \
    }
#define U64_PRODUCT ((uint64_t)c->r[i->rn] * c->r[i->rm])
#define S64_PRODUCT ((int64_t)(int32_t)c->r[i->rn] * (int32_t)c->r[i->rm])
LONG_BODY(UMULL, U64_PRODUCT, 1)
LONG_BODY(UMULL, U64_PRODUCT, 2)
LONG_BODY(SMULL, S64_PRODUCT, 1)
LONG_BODY(SMULL, S64_PRODUCT, 2)
LONG_BODY(UMLAL, U64_PRODUCT + (c->r[i->rd] | (uint64_t)c->r[i->rs] << 32), 1)
LONG_BODY(UMLAL, U64_PRODUCT + (c->r[i->rd] | (uint64_t)c->r[i->rs] << 32), 2)

void ops_mul_describe(op_visit *visit, void *ctx)
{
    static const struct {
        op_fn *body[2];
        uint8_t op;
        bool s;
    } rows[] = {
        {{MUL_1, MUL_2}, MU_MUL, false},       {{MULS_1, MULS_2}, MU_MUL, true},
        {{MLA_1, MLA_2}, MU_MLA, false},       {{MLAS_1, MLAS_2}, MU_MLA, true},
        {{MLS_1, MLS_2}, MU_MLS, false},       {{UMULL_1, UMULL_2}, MU_UMULL, false},
        {{SMULL_1, SMULL_2}, MU_SMULL, false}, {{UMLAL_1, UMLAL_2}, MU_UMLAL, false},
    };
    for (unsigned k = 0; k < 2 * ARRAY_LEN(rows); k++) {
        visit(ctx, rows[k / 2].body[k % 2],
              (struct op_desc){OPG_MUL, rows[k / 2].op, 0, rows[k / 2].s});
    }
}

// ---- long multiplies ----------------------------------------------------------------------------------

static uint64_t pair(const struct cpu *c, const struct insn *i)
{
    return c->r[i->rd] | (uint64_t)c->r[i->rs] << 32;
}

static void put_pair(struct cpu *c, const struct insn *i, uint64_t v)
{
    c->r[i->rd] = (uint32_t)v;
    c->r[i->rs] = (uint32_t)(v >> 32);
    if (i->imm & 16) {
        c->nf = (uint32_t)(v >> 32);
        c->zf = v != 0;
    }
}

void exec_UMULL(struct cpu *c, const struct insn *i)
{
    put_pair(c, i, U64_PRODUCT);
}

void exec_UMLAL(struct cpu *c, const struct insn *i)
{
    put_pair(c, i, pair(c, i) + U64_PRODUCT);
}

void exec_SMULL(struct cpu *c, const struct insn *i)
{
    put_pair(c, i, (uint64_t)S64_PRODUCT);
}

void exec_SMLAL(struct cpu *c, const struct insn *i)
{
    put_pair(c, i, pair(c, i) + (uint64_t)S64_PRODUCT);
}

void exec_UMAAL(struct cpu *c, const struct insn *i)
{
    put_pair(c, i, U64_PRODUCT + c->r[i->rd] + c->r[i->rs]);
}

// ---- halfword and dual multiplies ---------------------------------------------------------------------------

static int32_t half(uint32_t v, bool top)
{
    return (int16_t)(top ? v >> 16 : v);
}

// Adds with Q on signed overflow, without saturating.
static uint32_t add_q(struct cpu *c, int64_t a, int64_t b)
{
    int64_t sum = a + b;
    if (sum != (int32_t)sum) {
        c->q = 1;
    }
    return (uint32_t)sum;
}

void exec_SMLAxy(struct cpu *c, const struct insn *i)
{
    int32_t p = half(c->r[i->rn], i->imm & 1) * half(c->r[i->rm], i->imm & 2);
    c->r[i->rd] = add_q(c, p, (int32_t)c->r[i->rs]);
}

void exec_SMULxy(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint32_t)(half(c->r[i->rn], i->imm & 1) * half(c->r[i->rm], i->imm & 2));
}

static int32_t wide_product(const struct cpu *c, const struct insn *i)
{
    return (int32_t)(((int64_t)(int32_t)c->r[i->rn] * half(c->r[i->rm], i->imm & 2)) >> 16);
}

void exec_SMLAWy(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = add_q(c, wide_product(c, i), (int32_t)c->r[i->rs]);
}

void exec_SMULWy(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint32_t)wide_product(c, i);
}

void exec_SMLALxy(struct cpu *c, const struct insn *i)
{
    int64_t p = half(c->r[i->rn], i->imm & 1) * half(c->r[i->rm], i->imm & 2);
    put_pair(c, i, pair(c, i) + (uint64_t)p);
}

static uint32_t second(const struct cpu *c, const struct insn *i)
{
    uint32_t m = c->r[i->rm];
    return i->imm & 4 ? ror32(m, 16) : m;
}

static int64_t dual(const struct cpu *c, const struct insn *i, bool subtract)
{
    uint32_t n = c->r[i->rn], m = second(c, i);
    int64_t lo = (int64_t)half(n, false) * half(m, false);
    int64_t hi = (int64_t)half(n, true) * half(m, true);
    return subtract ? lo - hi : lo + hi;
}

void exec_SMUAD(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = add_q(c, dual(c, i, false), 0);
}

void exec_SMLAD(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = add_q(c, dual(c, i, false), (int32_t)c->r[i->rs]);
}

void exec_SMUSD(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint32_t)dual(c, i, true);
}

void exec_SMLSD(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = add_q(c, dual(c, i, true), (int32_t)c->r[i->rs]);
}

void exec_SMLALD(struct cpu *c, const struct insn *i)
{
    put_pair(c, i, pair(c, i) + (uint64_t)dual(c, i, false));
}

void exec_SMLSLD(struct cpu *c, const struct insn *i)
{
    put_pair(c, i, pair(c, i) + (uint64_t)dual(c, i, true));
}

static uint32_t most_significant(const struct insn *i, uint64_t v)
{
    return (uint32_t)((v + (i->imm & 8 ? 0x80000000u : 0)) >> 32);
}

void exec_SMMUL(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = most_significant(i, (uint64_t)S64_PRODUCT);
}

void exec_SMMLA(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = most_significant(i, ((uint64_t)c->r[i->rs] << 32) + (uint64_t)S64_PRODUCT);
}

void exec_SMMLS(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = most_significant(i, ((uint64_t)c->r[i->rs] << 32) - (uint64_t)S64_PRODUCT);
}

void exec_SDIV(struct cpu *c, const struct insn *i)
{
    int32_t a = (int32_t)c->r[i->rn], b = (int32_t)c->r[i->rm];
    c->r[i->rd] = b == 0 ? 0 : b == -1 ? 0u - (uint32_t)a : (uint32_t)(a / b);
}

void exec_UDIV(struct cpu *c, const struct insn *i)
{
    uint32_t b = c->r[i->rm];
    c->r[i->rd] = b ? c->r[i->rn] / b : 0;
}

static uint32_t abs_differences(const struct cpu *c, const struct insn *i)
{
    uint32_t n = c->r[i->rn], m = c->r[i->rm], sum = 0;
    for (unsigned k = 0; k < 32; k += 8) {
        int d = (int)(n >> k & 0xff) - (int)(m >> k & 0xff);
        sum += (uint32_t)(d < 0 ? -d : d);
    }
    return sum;
}

void exec_USAD8(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = abs_differences(c, i);
}

void exec_USADA8(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = abs_differences(c, i) + c->r[i->rs];
}

// ---- saturating addition ------------------------------------------------------------------------------

static int32_t saturate(struct cpu *c, int64_t v)
{
    if (v > INT32_MAX) {
        c->q = 1;
        return INT32_MAX;
    }
    if (v < INT32_MIN) {
        c->q = 1;
        return INT32_MIN;
    }
    return (int32_t)v;
}

#define S(r_) ((int64_t)(int32_t)c->r[i->r_])

void exec_QADD(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint32_t)saturate(c, S(rm) + S(rn));
}

void exec_QSUB(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = (uint32_t)saturate(c, S(rm) - S(rn));
}

void exec_QDADD(struct cpu *c, const struct insn *i)
{
    int64_t d = saturate(c, 2 * S(rn));
    c->r[i->rd] = (uint32_t)saturate(c, S(rm) + d);
}

void exec_QDSUB(struct cpu *c, const struct insn *i)
{
    int64_t d = saturate(c, 2 * S(rn));
    c->r[i->rd] = (uint32_t)saturate(c, S(rm) - d);
}
