// SPDX-License-Identifier: MIT
//
// Advanced SIMD integer operations in line, on host vectors. Registers stay in the CPU's state: operands
// are loaded, results stored, D registers as the low half of a host register whose high half is zero.
// xmm0 has the result, 1 and 2 the operands, 3 the old destination, 4 to 7 are scratch. Rows without an
// emitter here call the interpreter's body, which touches nothing but vector registers.
#include "cpu/isa.h"
#include "cpu/jit/vec.h"
#include "cpu/jit/x86_vec.h"
#include "cpu/vfp.h"

#define D(n_) (OFF(d) + 8 * (int32_t)(n_))
enum { R, N, M, OLD, T4, T5, T6, T7 };

struct form {
    bool q, u;
    unsigned size;
};

static void ld(struct x86 *x, unsigned xmm, unsigned reg, bool q)
{
    v_rm(x, q ? V_MOVUPS : V_MOVQ, xmm, 0, RBP, D(reg));
}

static void st(struct x86 *x, unsigned reg, bool q, unsigned xmm)
{
    v_rm(x, q ? V_MOVUPS_ST : V_MOVQ_ST, xmm, 0, RBP, D(reg));
}

static void load3(struct x86 *x, const struct insn *i, bool q)
{
    ld(x, N, i->rn, q);
    ld(x, M, i->rm, q);
}

// Every 8, 16, 32 or 64 bits of xmm = v.
static void fill(struct x86 *x, unsigned xmm, unsigned size, uint64_t v)
{
    static const uint16_t broadcast[4] = {V_PBROADCASTB, V_PBROADCASTW, V_PBROADCASTD, V_PBROADCASTQ};
    if (size == 3) {
        x_mov_i64(x, RAX, v);
    } else {
        x_mov_i(x, RAX, (uint32_t)v);
    }
    v_rr(x, V_MOVD_TO | (size == 3 ? VOP_W : 0), xmm, 0, RAX);
    v_rr(x, broadcast[size], xmm, 0, xmm);
}

static void op3(struct x86 *x, unsigned op, unsigned dst, unsigned a, unsigned b)
{
    v_rr(x, op, dst, a, b);
}

static void mul(struct x86 *x, unsigned size, unsigned dst, unsigned a, unsigned b)
{
    if (size == 1 || size == 2) {
        op3(x, size == 1 ? V_PMULLW : V_PMULLD, dst, a, b);
        return;
    }
    // bytes: odd ones by words, even ones cut to size
    v_shift(x, V_SHW, V_SRL, T4, a, 8);
    v_shift(x, V_SHW, V_SRL, T5, b, 8);
    op3(x, V_PMULLW, T4, T4, T5);
    v_shift(x, V_SHW, V_SLL, T4, T4, 8);
    op3(x, V_PMULLW, T5, a, b);
    v_shift(x, V_SHW, V_SLL, T5, T5, 8);
    v_shift(x, V_SHW, V_SRL, T5, T5, 8);
    op3(x, V_POR, dst, T4, T5);
}

static const uint16_t padd[4] = {V_PADDB, V_PADDW, V_PADDD, V_PADDQ};
static const uint16_t psub[4] = {V_PSUBB, V_PSUBW, V_PSUBD, V_PSUBQ};
static const uint16_t pcmpeq[3] = {V_PCMPEQB, V_PCMPEQW, V_PCMPEQD};
static const uint16_t pmax[2][3] = {{V_PMAXSB, V_PMAXSW, V_PMAXSD}, {V_PMAXUB, V_PMAXUW, V_PMAXUD}};
static const uint16_t pmin[2][3] = {{V_PMINSB, V_PMINSW, V_PMINSD}, {V_PMINUB, V_PMINUW, V_PMINUD}};
static const uint16_t pmovx[2][3] = {{V_PMOVSXBW, V_PMOVSXWD, V_PMOVSXDQ},
                                     {V_PMOVZXBW, V_PMOVZXWD, V_PMOVZXDQ}};
static const uint16_t shift_op[4] = {0, V_SHW, V_SHD, V_SHQ};

static void invert(struct x86 *x, unsigned xmm)
{
    v_ones(x, T7);
    op3(x, V_PXOR, xmm, xmm, T7);
}

// QC if R is not what xmm T4 holds
static void note_saturation(struct x86 *x)
{
    op3(x, V_PXOR, T4, T4, R);
    v_rr(x, V_PTEST, T4, 0, T4);
    uint8_t *none = x_jcc8(x, CC_E);
    x_store_i(x, RBP, OFF(fpscr_qc), FPSCR_QC);
    x_fix8(x, none);
}

static void same_width(struct tr *t, const struct step *s, struct form f)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    const struct vec_row *v = s->v;
    unsigned op = v->op[f.u * 4 + f.size];
    load3(x, i, f.q);
    switch ((enum vec_kind)v->kind) {
    case VK_3:
        op3(x, op, R, N, M);
        break;
    case VK_3SWAP:
        op3(x, op, R, M, N);
        break;
    case VK_RHADD:
        op3(x, f.size ? V_PAVGW : V_PAVGB, R, N, M);
        break;
    case VK_ORN:
        invert(x, M);
        op3(x, V_POR, R, N, M);
        break;
    case VK_BSL: // (n & d) | (m & ~d)
        ld(x, OLD, i->rd, f.q);
        op3(x, V_PAND, T4, N, OLD);
        op3(x, V_PANDN, T5, OLD, M);
        op3(x, V_POR, R, T4, T5);
        break;
    case VK_BIT: // (n & m) | (d & ~m)
        ld(x, OLD, i->rd, f.q);
        op3(x, V_PAND, T4, N, M);
        op3(x, V_PANDN, T5, M, OLD);
        op3(x, V_POR, R, T4, T5);
        break;
    case VK_BIF: // (d & m) | (n & ~m)
        ld(x, OLD, i->rd, f.q);
        op3(x, V_PAND, T4, OLD, M);
        op3(x, V_PANDN, T5, M, N);
        op3(x, V_POR, R, T4, T5);
        break;
    case VK_GT_U: // signed compares have an instruction
        if (!f.u) {
            op3(x, op, R, N, M);
            break;
        }
        op3(x, pmax[1][f.size], T4, N, M);
        op3(x, pcmpeq[f.size], R, T4, M);
        invert(x, R);
        break;
    case VK_GE:
        op3(x, pmax[f.u][f.size], T4, N, M);
        op3(x, pcmpeq[f.size], R, T4, N);
        break;
    case VK_TST:
        op3(x, V_PAND, R, N, M);
        op3(x, V_PXOR, T4, T4, T4);
        op3(x, pcmpeq[f.size], R, R, T4);
        invert(x, R);
        break;
    case VK_MUL:
        mul(x, f.size, R, N, M);
        break;
    case VK_MLA:
    case VK_MLS:
        mul(x, f.size, R, N, M);
        ld(x, OLD, i->rd, f.q);
        op3(x, (v->kind == VK_MLA ? padd : psub)[f.size], R, OLD, R);
        break;
    case VK_SAT: {
        bool add = op == V_PADDSB || op == V_PADDSW || op == V_PADDUSB || op == V_PADDUSW;
        op3(x, op, R, N, M);
        op3(x, (add ? padd : psub)[f.size], T4, N, M);
        note_saturation(x);
        break;
    }
    default: // VK_ABD, VK_ABA
        op3(x, pmax[f.u][f.size], R, N, M);
        op3(x, pmin[f.u][f.size], T4, N, M);
        op3(x, psub[f.size], R, R, T4);
        if (v->kind == VK_ABA) {
            ld(x, OLD, i->rd, f.q);
            op3(x, padd[f.size], R, OLD, R);
        }
        break;
    }
    st(x, i->rd, f.q, R);
}

// Even and odd lanes of xmm N (16 bytes) packed into the low halves of T4 and T5.
static void even_odd(struct x86 *x, unsigned size)
{
    if (size == 2) {
        v_rri(x, V_PSHUFD, T4, 0, N, 0x08);
        v_rri(x, V_PSHUFD, T5, 0, N, 0x0d);
        return;
    }
    unsigned sh = size ? V_SHD : V_SHW, n = size ? 16 : 8, pack = size ? V_PACKUSDW : V_PACKUSWB;
    v_shift(x, sh, V_SLL, T4, N, n);
    v_shift(x, sh, V_SRL, T4, T4, n);
    v_shift(x, sh, V_SRL, T5, N, n);
    op3(x, pack, T4, T4, T4);
    op3(x, pack, T5, T5, T5);
}

static void pairwise(struct tr *t, const struct step *s, struct form f)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    ld(x, N, i->rn, false);
    v_rm(x, V_MOVHPS, N, N, RBP, D(i->rm));
    even_odd(x, f.size);
    op3(x, s->v->op[f.u * 4 + f.size], R, T4, T5);
    st(x, i->rd, false, R);
}

// The product of N and M, whose lanes are widened already; to twice `size`.
static void wide_mul(struct x86 *x, struct form f)
{
    op3(x, f.size == 0 ? V_PMULLW : f.size == 1 ? V_PMULLD : f.u ? V_PMULUDQ : V_PMULDQ, R, N, M);
}

static void widening(struct tr *t, const struct step *s, struct form f)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned kind = s->v->kind, ext = pmovx[f.u][f.size], sub = s->v->op[0];
    if (kind == VK_ADDW) {
        ld(x, N, i->rn, true);
    } else {
        v_rm(x, ext, N, 0, RBP, D(i->rn));
    }
    v_rm(x, ext, M, 0, RBP, D(i->rm));
    if (kind == VK_ADDL || kind == VK_ADDW) {
        op3(x, (sub ? psub : padd)[f.size + 1], R, N, M);
    } else {
        wide_mul(x, f);
        if (kind != VK_MULL) {
            ld(x, OLD, i->rd, true);
            op3(x, (kind == VK_MLAL ? padd : psub)[f.size + 1], R, OLD, R);
        }
    }
    st(x, i->rd, true, R);
}

// The low halves of the lanes of xmm N, `size` being the narrow one, into R.
static void narrow(struct x86 *x, unsigned size)
{
    if (size == 2) {
        v_rri(x, V_PSHUFD, R, 0, N, 0x08);
        return;
    }
    unsigned sh = size ? V_SHD : V_SHW, n = size ? 16 : 8;
    v_shift(x, sh, V_SLL, N, N, n);
    v_shift(x, sh, V_SRL, N, N, n);
    op3(x, size ? V_PACKUSDW : V_PACKUSWB, R, N, N);
}

// Shifts by an immediate: f.size from the leading one of L:imm6, as the decoder took it.
static void shift(struct tr *t, const struct step *s, struct form f)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned kind = s->v->kind, n = i->imm, sh = shift_op[f.size], bits = 8u << f.size;
    bool arith = !f.u && kind != VK_SRI;
    ld(x, M, i->rm, f.q);
    if (kind == VK_SHL || kind == VK_SLI) {
        v_shift(x, sh, V_SLL, R, M, n);
    } else if (kind == VK_RSHR || kind == VK_RSRA) { // one less, then half of it and the last bit
        v_shift(x, sh, arith ? V_SRA : V_SRL, M, M, n - 1);
        v_shift(x, sh, arith ? V_SRA : V_SRL, R, M, 1);
        v_shift(x, sh, V_SLL, M, M, bits - 1);
        v_shift(x, sh, V_SRL, M, M, bits - 1);
        op3(x, padd[f.size], R, R, M);
    } else {
        v_shift(x, sh, arith ? V_SRA : V_SRL, R, M, n);
    }
    if (kind == VK_SRA || kind == VK_RSRA) {
        ld(x, OLD, i->rd, f.q);
        op3(x, padd[f.size], R, OLD, R);
    } else if (kind == VK_SLI || kind == VK_SRI) { // keep what the shifted value does not cover
        unsigned keep = bits - n;
        v_rm(x, f.q ? V_MOVUPS : V_MOVQ, OLD, 0, RBP, D(i->rd));
        v_shift(x, sh, kind == VK_SLI ? V_SLL : V_SRL, OLD, OLD, keep);
        v_shift(x, sh, kind == VK_SLI ? V_SRL : V_SLL, OLD, OLD, keep);
        op3(x, V_POR, R, R, OLD);
    }
    st(x, i->rd, f.q, R);
}

// Bytes have no shifts: by words, with the bits of the neighbour masked.
static void shift_bytes(struct tr *t, const struct step *s, struct form f)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned kind = s->v->kind, n = i->imm;
    bool left = kind == VK_SHL;
    ld(x, M, i->rm, f.q);
    if (n == 8) { // right only
        op3(x, V_PXOR, R, R, R);
    } else {
        v_shift(x, V_SHW, left ? V_SLL : V_SRL, R, M, n);
        fill(x, T4, 0, left ? 0xff << n & 0xff : 0xff >> n);
        op3(x, V_PAND, R, R, T4);
    }
    if (!left && !f.u) { // put the sign in front
        if (n == 8) {
            op3(x, V_PCMPGTB, R, R, M);
        } else {
            fill(x, T4, 0, 0x80u >> n);
            op3(x, V_PXOR, R, R, T4);
            op3(x, V_PSUBB, R, R, T4);
        }
    }
    if (kind == VK_SRA) {
        ld(x, OLD, i->rd, f.q);
        op3(x, V_PADDB, R, OLD, R);
    }
    st(x, i->rd, f.q, R);
}

static void narrowing(struct tr *t, const struct step *s, struct form f)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    ld(x, N, i->rm, true);
    if (s->v->kind == VK_QMOVN) { // signed lanes to signed or unsigned ones
        unsigned to_unsigned = s->v->op[0];
        op3(x, f.size ? (to_unsigned ? V_PACKUSDW : V_PACKSSDW)
                      : (to_unsigned ? V_PACKUSWB : V_PACKSSWB), R, N, N);
        v_rr(x, pmovx[to_unsigned][f.size], T4, 0, R);
        op3(x, V_PXOR, T4, T4, N);
        v_rr(x, V_PTEST, T4, 0, T4);
        uint8_t *none = x_jcc8(x, CC_E);
        x_store_i(x, RBP, OFF(fpscr_qc), FPSCR_QC);
        x_fix8(x, none);
    } else {
        if (s->v->kind == VK_SHRN) {
            v_shift(x, shift_op[f.size + 1], V_SRL, N, N, i->imm);
        }
        narrow(x, f.size);
    }
    st(x, i->rd, false, R);
}

static void reverse(struct tr *t, const struct step *s, struct form f)
{
    struct x86 *x = &t->x;
    unsigned bytes = s->v->kind == VK_REV64 ? 8 : s->v->kind == VK_REV32 ? 4 : 2;
    unsigned element = 1u << f.size;
    uint64_t lo = 0, hi = 0;
    for (unsigned k = 0; k < 16; k++) {
        // elements swap within a group, bytes inside an element stay
        uint64_t from = ((k ^ (bytes - 1)) & ~(element - 1)) | (k & (element - 1));
        if (k < 8) {
            lo |= from << 8 * k;
        } else {
            hi |= from << 8 * (k - 8);
        }
    }
    x_mov_i64(x, RAX, lo);
    v_rr(x, V_MOVD_TO | VOP_W, T4, 0, RAX);
    x_mov_i64(x, RAX, hi);
    v_rri(x, V_PINSRQ, T4, T4, RAX, 1);
    ld(x, M, s->i->rm, f.q);
    op3(x, V_PSHUFB, R, M, T4);
    st(x, s->i->rd, f.q, R);
}

// VZIP, VUZP, VTRN of two different registers, D and M.
static void exchange(struct tr *t, const struct step *s, struct form f)
{
    static const uint16_t low[3] = {V_PUNPCKLBW, V_PUNPCKLWD, V_PUNPCKLDQ};
    static const uint16_t high[3] = {V_PUNPCKHBW, V_PUNPCKHWD, V_PUNPCKHDQ};
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned kind = s->v->kind, second = T5;
    ld(x, N, i->rd, f.q);
    ld(x, M, i->rm, f.q);
    if (kind == VK_SWP) {
        v_rr(x, V_MOVUPS, R, 0, M);
        second = N;
    } else if (kind == VK_ZIP && f.q) {
        op3(x, low[f.size], R, N, M);
        op3(x, high[f.size], T5, N, M);
    } else if (kind == VK_ZIP) {
        op3(x, low[f.size], R, N, M);
        v_rri(x, V_PSHUFD, T5, 0, R, 0x0e);
    } else if (kind == VK_UZP) {
        unsigned pack = f.size ? V_PACKUSDW : V_PACKUSWB, sh = f.size ? V_SHD : V_SHW;
        unsigned n = f.size ? 16 : 8;
        if (!f.q) {
            op3(x, V_PUNPCKLQDQ, N, N, M);
            even_odd(x, f.size);
            v_rr(x, V_MOVUPS, R, 0, T4);
        } else if (f.size == 2) {
            v_rri(x, V_SHUFPS, R, N, M, 0x88);
            v_rri(x, V_SHUFPS, T5, N, M, 0xdd);
        } else {
            v_shift(x, sh, V_SRL, T4, N, n);
            v_shift(x, sh, V_SRL, T5, M, n);
            op3(x, pack, T5, T4, T5);
            v_shift(x, sh, V_SLL, N, N, n);
            v_shift(x, sh, V_SRL, N, N, n);
            v_shift(x, sh, V_SLL, M, M, n);
            v_shift(x, sh, V_SRL, M, M, n);
            op3(x, pack, R, N, M);
        }
    } else {
        unsigned sh = shift_op[f.size + 1], n = 8u << f.size, mask = f.size == 2 ? 0xcc : 0xaa;
        v_shift(x, sh, V_SLL, T4, M, n);
        v_shift(x, sh, V_SRL, T5, N, n);
        if (f.size) {
            v_rri(x, V_PBLENDW, R, N, T4, mask);
            v_rri(x, V_PBLENDW, T5, T5, M, mask);
        } else {
            fill(x, T6, 1, 0x00ff);
            op3(x, V_PAND, N, N, T6);
            op3(x, V_POR, R, N, T4);
            op3(x, V_PANDN, M, T6, M);
            op3(x, V_POR, T5, T5, M);
        }
    }
    st(x, i->rd, f.q, R);
    st(x, i->rm, f.q, second);
}

static void one_operand(struct tr *t, const struct step *s, struct form f)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned op = s->v->op[f.size];
    ld(x, M, i->rm, f.q);
    switch ((enum vec_kind)s->v->kind) {
    case VK_MVN:
        invert(x, M);
        v_rr(x, V_MOVUPS, R, 0, M);
        break;
    case VK_NEG:
        op3(x, V_PXOR, R, R, R);
        op3(x, psub[f.size], R, R, M);
        break;
    case VK_ABS:
        v_rr(x, op, R, 0, M);
        break;
    case VK_NEG_F:
    case VK_ABS_F:
        v_ones(x, T4);
        if (s->v->kind == VK_NEG_F) {
            v_shift(x, V_SHD, V_SLL, T4, T4, 31);
            op3(x, V_PXOR, R, M, T4);
        } else {
            v_shift(x, V_SHD, V_SRL, T4, T4, 1);
            op3(x, V_PAND, R, M, T4);
        }
        break;
    default: // VK_CMPZ: op[4]: operands exchanged, op[5]: inverted
        op3(x, V_PXOR, T4, T4, T4);
        if (s->v->op[4]) {
            op3(x, op, R, T4, M);
        } else {
            op3(x, op, R, M, T4);
        }
        if (s->v->op[5]) {
            invert(x, R);
        }
        break;
    }
    st(x, i->rd, f.q, R);
}

static void extract(struct tr *t, const struct insn *i, bool q)
{
    struct x86 *x = &t->x;
    ld(x, N, i->rn, q);
    if (q) {
        ld(x, M, i->rm, true);
        v_rri(x, V_PALIGNR, R, M, N, i->imm);
    } else {
        v_rm(x, V_MOVHPS, N, N, RBP, D(i->rm));
        v_shift(x, V_SHQ, V_SRLDQ, R, N, i->imm);
    }
    st(x, i->rd, q, R);
}

static void duplicate(struct tr *t, const struct insn *i, bool q)
{
    static const uint16_t op[3] = {V_PBROADCASTB, V_PBROADCASTW, V_PBROADCASTD};
    unsigned size = (unsigned)__builtin_ctz(i->raw >> 16 & 15);
    v_rm(&t->x, op[size], R, 0, RBP, D(i->rm) + (int32_t)(i->imm << size));
    st(&t->x, i->rd, q, R);
}

// Modified immediates, as neon_misc.c's preparation chooses them.
static void immediate(struct tr *t, const struct insn *i)
{
    struct x86 *x = &t->x;
    unsigned op = i->raw >> 5 & 1, cmode = i->raw >> 8 & 15;
    bool q = i->rs;
    uint64_t v = i->imm | (uint64_t)i->imm << 32;
    if (op && cmode == 14) {
        v = 0;
        for (unsigned k = 0; k < 8; k++) {
            v |= i->imm >> k & 1 ? 0xffull << 8 * k : 0;
        }
        op = 0;
    }
    if (cmode < 12 && cmode & 1) {
        fill(x, T4, 3, v);
        ld(x, OLD, i->rd, q);
        op ? op3(x, V_PANDN, R, T4, OLD) : op3(x, V_POR, R, OLD, T4);
    } else if (!v && !op) {
        op3(x, V_PXOR, R, R, R);
    } else {
        fill(x, R, 3, op ? ~v : v);
    }
    st(x, i->rd, q, R);
}

static void lane_mul(struct tr *t, const struct step *s, struct form f)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned kind = s->v->kind;
    v_rm(x, f.size == 1 ? V_PBROADCASTW : V_PBROADCASTD, M, 0, RBP,
         D(i->rm) + (int32_t)(i->rs << f.size));
    ld(x, N, i->rn, f.q);
    mul(x, f.size, R, N, M);
    if (kind != VK_MUL_LANE) {
        ld(x, OLD, i->rd, f.q);
        op3(x, (kind == VK_MLA_LANE ? padd : psub)[f.size], R, OLD, R);
    }
    st(x, i->rd, f.q, R);
}

void tr_neon(struct tr *t, const struct step *s, unsigned n)
{
    const struct insn *i = s->i;
    const struct isa_row *row = &isa_rows[i->row];
    struct form f = {isa_field(row, i->raw, 'Q') & 1, isa_field(row, i->raw, 'U') & 1,
                     isa_field(row, i->raw, 's') & 3};
    unsigned kind = s->v->kind;
    tr_vec_enabled(t, n, JFP_NEON_OFF);
    if (kind >= VK_SHR && kind <= VK_RSRA) {
        unsigned imm = isa_field(row, i->raw, 'L') << 6 | isa_field(row, i->raw, 'i');
        f.size = imm >= 64 ? 3 : imm >= 32 ? 2 : imm >= 16 ? 1 : 0;
        bool ok = f.size || kind == VK_SHR || kind == VK_SRA || kind == VK_SHL;
        bool wide_sign = f.size == 3 && !f.u && kind != VK_SHL && kind != VK_SLI && kind != VK_SRI;
        if (!ok || wide_sign) {
            kind = VK_CALL;
        } else if (!f.size) {
            shift_bytes(t, s, f);
            return;
        } else {
            shift(t, s, f);
            return;
        }
    }
    switch ((enum vec_kind)kind) {
    case VK_3: case VK_3SWAP: case VK_ORN: case VK_BSL: case VK_BIT: case VK_BIF: case VK_GT_U:
    case VK_GE: case VK_TST: case VK_MUL: case VK_MLA: case VK_MLS: case VK_SAT: case VK_ABD:
    case VK_ABA: case VK_RHADD:
        if ((kind == VK_3 || kind == VK_SAT || kind == VK_RHADD) && !s->v->op[f.u * 4 + f.size]) {
            break;
        }
        same_width(t, s, f);
        return;
    case VK_PAIR:
        pairwise(t, s, f);
        return;
    case VK_ADDL: case VK_ADDW: case VK_MULL: case VK_MLAL: case VK_MLSL:
        widening(t, s, f);
        return;
    case VK_MOVL:
    case VK_SHLL: {
        unsigned imm = isa_field(row, i->raw, 'i');
        f.size = kind == VK_SHLL ? (imm >= 32 ? 2 : imm >= 16 ? 1 : 0) : s->v->op[0];
        v_rm(&t->x, pmovx[f.u][f.size], R, 0, RBP, D(i->rm));
        if (kind == VK_SHLL && i->imm) {
            v_shift(&t->x, shift_op[f.size + 1], V_SLL, R, R, i->imm);
        }
        st(&t->x, i->rd, true, R);
        return;
    }
    case VK_SHRN: {
        unsigned imm = isa_field(row, i->raw, 'i');
        f.size = imm >= 32 ? 2 : imm >= 16 ? 1 : 0;
        narrowing(t, s, f);
        return;
    }
    case VK_MOVN:
        narrowing(t, s, f);
        return;
    case VK_QMOVN:
        if (f.size > 1 || (s->v->op[1] && f.u)) {
            break;
        }
        narrowing(t, s, f);
        return;
    case VK_MVN: case VK_NEG: case VK_ABS: case VK_NEG_F: case VK_ABS_F: case VK_CMPZ:
        one_operand(t, s, f);
        return;
    case VK_EXT:
        extract(t, i, f.q);
        return;
    case VK_DUP:
        duplicate(t, i, f.q);
        return;
    case VK_REV64: case VK_REV32: case VK_REV16:
        reverse(t, s, f);
        return;
    case VK_ZIP: case VK_UZP: case VK_TRN: case VK_SWP:
        if (i->rd == i->rm || (!f.q && f.size == 2 && kind != VK_TRN && kind != VK_SWP)) {
            break;
        }
        exchange(t, s, f);
        return;
    case VK_IMM:
        immediate(t, i);
        return;
    case VK_MUL_LANE: case VK_MLA_LANE: case VK_MLS_LANE:
        lane_mul(t, s, f);
        return;
    default:
        if (kind >= VK_FADD && tr_neon_fp(t, s, n)) {
            return;
        }
        break;
    }
    tr_call_insn(t, JIT_FN_VECTOR, i, n, 0);
}
