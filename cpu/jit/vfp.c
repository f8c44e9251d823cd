// SPDX-License-Identifier: MIT
//
// VFP in line, on the host's scalar SSE. Exact because a result is only kept when host and guest cannot
// differ in it: the guest rounds to nearest without flush-to-zero, default NaN or vectors, IXC is set
// already (so no flag can change), and the result is normal and clear of the smallest exponent, or a
// zero that is exact. Everything else goes to the interpreter's body, whole instruction (vfp.c). What
// the CPU's floating-point state allows is one byte, c->jit_fp, kept by the thunks.
#include "cpu/isa.h"
#include "cpu/jit/vec.h"
#include "cpu/jit/x86_vec.h"
#include "cpu/vfp.h"

#define S(n_) (OFF(d) + 4 * (int32_t)(n_))
#define D(n_) (OFF(d) + 8 * (int32_t)(n_))

static int32_t at(unsigned reg, bool dbl)
{
    return dbl ? D(reg) : S(reg);
}

// Off to the whole body when a bit of `mask` is set in c->jit_fp.
static void require(struct tr *t, unsigned n, uint8_t mask, struct cold *k)
{
    (void)n;
    x_test8_mi(&t->x, RBP, OFF(jit_fp), mask);
    k->from[k->from[0] ? 1 : 0] = x_jcc(&t->x, CC_NE);
}

void tr_vec_enabled(struct tr *t, unsigned n, uint8_t mask)
{
    if (!(t->fp_known & mask)) {
        struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
        require(t, n, mask, k);
        k->back = t->x.at; // never taken: the body does not return
        t->fp_known |= mask;
    }
}

// Result in xmm0: off unless it is normal with an exponent of 2 or more, finite. What a zero means is
// `zero`, looked at in cold code: a zero of the operands at za and zb, for a product.
static void check_result(struct tr *t, unsigned n, unsigned xmm, bool dbl, enum zero_rule zero,
                         int32_t za, int32_t zb, struct cold **done)
{
    struct x86 *x = &t->x;
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    v_rr(x, V_MOVD_FROM | (dbl ? VOP_W : 0), xmm, 0, RAX);
    if (dbl) {
        x_lea64_idx(x, RCX, RAX, RAX);
        x_mov_i64(x, RDX, 0ull - 0x0040000000000000ull);
        x_alu64(x, X_ADD, RDX, RCX);
        x_shift64_i(x, X_SHR, RDX, 48);
        x_alu_i(x, X_CMP, RDX, 0xffa0);
    } else {
        x_lea_idx(x, RCX, RAX, RAX, 0);
        x_lea(x, RDX, RCX, -0x02000000);
        x_alu_i(x, X_CMP, RDX, 0xff000000u - 0x02000000u);
    }
    k->from[0] = x_jcc(x, CC_AE);
    k->zero = (uint8_t)zero;
    k->dbl = dbl;
    k->za = za;
    k->zb = zb;
    k->resume = x->at;
    *done = k;
}

struct cold *tr_vec_closer(struct tr *t, unsigned n, enum jit_fn fn, uint8_t mask)
{
    struct cold *k = tr_cold_fn(t, NULL, fn, n, 0);
    x_test8_mi(&t->x, RBP, OFF(jit_fp), mask);
    k->from[0] = x_jcc(&t->x, CC_NE);
    k->closer = mask;
    k->resume = t->x.at;
    return k;
}

static void flushed(struct cold *k, int32_t place, bool dbl)
{
    k->operand[k->operands++] = place;
    k->dbl = dbl;
}

static void arith(struct tr *t, const struct step *s, unsigned n, enum vec_kind op, bool dbl)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    int32_t d = at(i->rd, dbl), a = at(i->rn, dbl), b = at(i->rm, dbl);
    unsigned load = dbl ? V_MOVSD : V_MOVSS;
    struct cold *k[4] = {tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0), NULL, NULL, NULL};
    require(t, n, JFP_OFF | JFP_CTL, k[0]);
    bool negate = false;
    switch (op) {
    case VK_VADD:
    case VK_VSUB:
        v_rm(x, load, 0, 0, RBP, a);
        v_rm(x, v_sd(op == VK_VADD ? V_ADDSS : V_SUBSS, dbl), 0, 0, RBP, b);
        check_result(t, n, 0, dbl, ZERO_EXACT, 0, 0, &k[1]);
        break;
    case VK_VMUL:
    case VK_VNMUL:
        v_rm(x, load, 0, 0, RBP, a);
        v_rm(x, v_sd(V_MULSS, dbl), 0, 0, RBP, b);
        check_result(t, n, 0, dbl, ZERO_FACTOR, a, b, &k[1]);
        negate = op == VK_VNMUL;
        break;
    case VK_VDIV:
        v_rm(x, load, 0, 0, RBP, a);
        v_rm(x, v_sd(V_DIVSS, dbl), 0, 0, RBP, b);
        check_result(t, n, 0, dbl, ZERO_NONE, 0, 0, &k[1]);
        break;
    case VK_VSQRT:
        v_rm(x, load, 0, 0, RBP, b);
        v_rr(x, v_sd(V_SQRTSS, dbl), 0, 0, 0);
        check_result(t, n, 0, dbl, ZERO_NONE, 0, 0, &k[1]);
        break;
    case VK_VMLA:
    case VK_VMLS:
    case VK_VNMLA:
    case VK_VNMLS:
        v_rm(x, load, 1, 0, RBP, a);
        v_rm(x, v_sd(V_MULSS, dbl), 1, 1, RBP, b);
        check_result(t, n, 1, dbl, ZERO_FACTOR, a, b, &k[1]);
        if (op == VK_VNMLS) { // p - d
            v_rm(x, v_sd(V_SUBSS, dbl), 0, 1, RBP, d);
        } else {
            v_rm(x, load, 0, 0, RBP, d);
            v_rr(x, v_sd(op == VK_VMLS ? V_SUBSS : V_ADDSS, dbl), 0, 0, 1);
        }
        // -d - p is -(d + p) unless it is a zero.
        check_result(t, n, 0, dbl, op == VK_VNMLA ? ZERO_NONE : ZERO_EXACT, 0, 0, &k[2]);
        negate = op == VK_VNMLA;
        break;
    default: { // fused
        unsigned f = op == VK_VFMA    ? V_FMADD231SS
                     : op == VK_VFMS  ? V_FNMADD231SS
                     : op == VK_VFNMA ? V_FNMSUB231SS
                                      : V_FMSUB231SS;
        v_rm(x, load, 0, 0, RBP, d);
        v_rm(x, load, 1, 0, RBP, a);
        v_rm(x, v_sd(f, dbl), 0, 1, RBP, b);
        check_result(t, n, 0, dbl, ZERO_NONE, 0, 0, &k[1]);
        break;
    }
    }
    k[3] = tr_vec_closer(t, n, JIT_FN_EXEC, JFP_EXACT | JFP_FZ);
    flushed(k[3], b, dbl);
    if (op != VK_VSQRT) {
        flushed(k[3], a, dbl);
    }
    if (op >= VK_VMLA) {
        flushed(k[3], d, dbl);
    }
    if (negate && dbl) {
        x_btc64(x, RAX, 63);
        x_store64(x, RBP, d, RAX);
    } else if (negate) {
        x_alu_i(x, X_XOR, RAX, 0x80000000u);
        x_store(x, RBP, d, RAX);
    } else {
        v_rm(x, dbl ? V_MOVSD_ST : V_MOVSS_ST, 0, 0, RBP, d);
    }
    for (unsigned c = 0; c < 4; c++) {
        if (k[c]) {
            k[c]->back = x->at;
        }
    }
}

// Moves that short vectors concern.
static void move(struct tr *t, const struct step *s, unsigned n, enum vec_kind op, bool dbl)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    require(t, n, JFP_OFF | JFP_CTL, k);
    int32_t d = at(i->rd, dbl), m = at(i->rm, dbl);
    if (op == VK_VMOV_IMM && dbl) {
        x_mov_i64(x, RAX, vfp_expand_imm64(i->imm));
        x_store64(x, RBP, d, RAX);
    } else if (op == VK_VMOV_IMM) {
        x_store_i(x, RBP, d, vfp_expand_imm32(i->imm));
    } else if (dbl) {
        x_load64(x, RAX, RBP, m);
        if (op == VK_VNEG) {
            x_btc64(x, RAX, 63);
        } else if (op == VK_VABS) {
            x_btr64(x, RAX, 63);
        }
        x_store64(x, RBP, d, RAX);
    } else {
        x_load(x, RAX, RBP, m);
        if (op != VK_VMOV) {
            x_alu_i(x, op == VK_VNEG ? X_XOR : X_AND, RAX, op == VK_VNEG ? 0x80000000u : 0x7fffffffu);
        }
        x_store(x, RBP, d, RAX);
    }
    k->back = x->at;
}

static void compare(struct tr *t, const struct step *s, unsigned n, bool zero, bool dbl)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    require(t, n, JFP_OFF | JFP_CTL, k);
    v_rm(x, dbl ? V_MOVSD : V_MOVSS, 0, 0, RBP, at(i->rd, dbl));
    if (zero) {
        v_rr(x, V_PXOR, 1, 1, 1);
        v_rr(x, dbl ? V_UCOMISD : V_UCOMISS, 0, 0, 1);
    } else {
        v_rm(x, dbl ? V_UCOMISD : V_UCOMISS, 0, 0, RBP, at(i->rm, dbl));
    }
    k->from[1] = x_jcc(x, CC_P);
    x_mov_i(x, RAX, 2u << 28);
    x_mov_i(x, RCX, 6u << 28);
    x_mov_i(x, RDX, 8u << 28);
    x_cmov(x, CC_E, RAX, RCX);
    x_cmov(x, CC_B, RAX, RDX);
    struct cold *closer = tr_vec_closer(t, n, JIT_FN_EXEC, JFP_FZ);
    flushed(closer, at(i->rd, dbl), dbl);
    if (!zero) {
        flushed(closer, at(i->rm, dbl), dbl);
    }
    x_store(x, RBP, OFF(fpscr_nzcv), RAX);
    closer->back = k->back = x->at;
}

// Conversions between formats and integers; the names say destination and source.
static void convert(struct tr *t, const struct step *s, unsigned n, enum vec_kind op)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0), *k2 = NULL, *k3 = NULL;
    switch (op) {
    case VK_F64_F32:
        require(t, n, JFP_OFF | JFP_CTL, k);
        v_rm(x, V_MOVSS, 0, 0, RBP, S(i->rm));
        v_rr(x, V_UCOMISS, 0, 0, 0);
        k->from[1] = x_jcc(x, CC_P);
        v_rr(x, V_CVTSS2SD, 0, 0, 0);
        k3 = tr_vec_closer(t, n, JIT_FN_EXEC, JFP_FZ);
        flushed(k3, S(i->rm), false);
        v_rm(x, V_MOVSD_ST, 0, 0, RBP, D(i->rd));
        break;
    case VK_F32_F64:
        require(t, n, JFP_OFF | JFP_CTL, k);
        v_rm(x, V_MOVSD, 0, 0, RBP, D(i->rm));
        v_rr(x, V_CVTSD2SS, 0, 0, 0);
        check_result(t, n, 0, false, ZERO_NONE, 0, 0, &k2);
        k3 = tr_vec_closer(t, n, JIT_FN_EXEC, JFP_EXACT | JFP_FZ);
        flushed(k3, D(i->rm), true);
        x_store(x, RBP, S(i->rd), RAX);
        k2->back = x->at;
        break;
    case VK_F64_S32:
    case VK_F64_U32:
    case VK_F32_S32:
    case VK_F32_U32: {
        bool dbl = op == VK_F64_S32 || op == VK_F64_U32, wide = op == VK_F64_U32 || op == VK_F32_U32;
        require(t, n, dbl ? JFP_OFF : JFP_OFF | JFP_CTL, k);
        x_load(x, RAX, RBP, S(i->rm));
        v_rr(x, V_PXOR, 0, 0, 0); // the rest of the register is not waited for
        v_rr(x, (dbl ? V_CVTSI2SD : V_CVTSI2SS) | (wide ? VOP_W : 0), 0, 0, RAX);
        k3 = dbl ? NULL : tr_vec_closer(t, n, JIT_FN_EXEC, JFP_EXACT);
        v_rm(x, dbl ? V_MOVSD_ST : V_MOVSS_ST, 0, 0, RBP, at(i->rd, dbl));
        break;
    }
    default: {
        bool dbl = op == VK_S32_F64 || op == VK_U32_F64, wide = op == VK_U32_F64 || op == VK_U32_F32;
        require(t, n, JFP_OFF | JFP_CTL, k);
        v_rm(x, (dbl ? V_CVTTSD2SI : V_CVTTSS2SI) | VOP_W, RAX, 0, RBP, at(i->rm, dbl));
        if (wide) {
            x_mov(x, RCX, RAX);
        } else {
            x_movsxd(x, RCX, RAX);
        }
        x_alu64(x, X_CMP, RCX, RAX);
        k->from[1] = x_jcc(x, CC_NE);
        k3 = tr_vec_closer(t, n, JIT_FN_EXEC, JFP_EXACT | JFP_FZ);
        flushed(k3, at(i->rm, dbl), dbl);
        x_store(x, RBP, S(i->rd), RAX);
        break;
    }
    }
    if (k3) {
        k3->back = x->at;
    }
    k->back = x->at;
}

static void core_move(struct tr *t, const struct step *s, unsigned n, enum vec_kind op)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    bool neon = op != VK_TO_S && op != VK_FROM_S && op != VK_TO_32 && op != VK_FROM_32 &&
                (op < VK_TO_SS || op > VK_FROM_D);
    tr_vec_enabled(t, n, neon ? JFP_NEON_OFF : JFP_OFF);
    unsigned r = i->rd;
    switch (op) {
    case VK_TO_S:
        x_store(x, RBP, S(i->rn), tr_src(t, r, RAX));
        break;
    case VK_FROM_S:
        x_load(x, RAX, RBP, S(i->rn));
        tr_put(t, r, RAX);
        break;
    case VK_TO_8:
        x_store8(x, RBP, D(i->rn) + (int32_t)i->imm, tr_src(t, r, RAX));
        break;
    case VK_TO_16:
        tr_into(t, RAX, r);
        x_store16(x, RBP, D(i->rn) + 2 * (int32_t)i->imm, RAX);
        break;
    case VK_TO_32:
        x_store(x, RBP, D(i->rn) + 4 * (int32_t)i->imm, tr_src(t, r, RAX));
        break;
    case VK_FROM_8:
        x_load_ext(x, i->rm ? W8U : W8S, RAX, RBP, D(i->rn) + (int32_t)i->imm);
        tr_put(t, r, RAX);
        break;
    case VK_FROM_16:
        x_load_ext(x, i->rm ? W16U : W16S, RAX, RBP, D(i->rn) + 2 * (int32_t)i->imm);
        tr_put(t, r, RAX);
        break;
    case VK_FROM_32:
        x_load(x, RAX, RBP, D(i->rn) + 4 * (int32_t)i->imm);
        tr_put(t, r, RAX);
        break;
    case VK_DUP_8:
    case VK_DUP_16:
    case VK_DUP_32:
        v_rr(x, V_MOVD_TO, 0, 0, tr_src(t, r, RAX));
        v_rr(x, op == VK_DUP_8 ? V_PBROADCASTB : op == VK_DUP_16 ? V_PBROADCASTW : V_PBROADCASTD, 0,
             0, 0);
        v_rm(x, i->rm ? V_MOVUPS_ST : V_MOVQ_ST, 0, 0, RBP, D(i->rn));
        break;
    case VK_TO_SS:
        x_store(x, RBP, S(i->rm), tr_src(t, r, RAX));
        x_store(x, RBP, S(i->rm) + 4, tr_src(t, i->rn, RAX));
        break;
    case VK_FROM_SS:
    case VK_FROM_D: {
        int32_t from = op == VK_FROM_D ? D(i->rm) : S(i->rm);
        x_load(x, RAX, RBP, from);
        x_load(x, RCX, RBP, from + 4);
        tr_put(t, r, RAX);
        tr_put(t, i->rn, RCX);
        break;
    }
    default: // VK_TO_D: one store, so that a load of the whole finds it
        tr_into(t, RAX, r);
        tr_into(t, RCX, i->rn);
        x_shift64_i(x, X_SHL, RCX, 32);
        x_alu64(x, X_OR, RCX, RAX);
        x_store64(x, RBP, D(i->rm), RCX);
        break;
    }
}

static void flags(struct tr *t, unsigned n)
{
    struct x86 *x = &t->x;
    tr_vec_enabled(t, n, JFP_OFF);
    x_load(x, RAX, RBP, OFF(fpscr_nzcv));
    x_store(x, RBP, OFF(nf), RAX);
    x_rorx(x, RCX, RAX, 29);
    x_alu_i(x, X_AND, RCX, 1);
    x_store(x, RBP, OFF(cf), RCX);
    x_lea_scaled(x, RCX, RAX, 3);
    x_store(x, RBP, OFF(vf), RCX);
    x_not(x, RAX);
    x_alu_i(x, X_AND, RAX, 1u << 30);
    x_store(x, RBP, OFF(zf), RAX);
    t->pend = (struct pend){0};
}

static void base(struct tr *t, const struct insn *i, uint32_t off)
{
    if (i->rn == 15) {
        tr_page_plus(t, RAX, (tr_pc_off(t, i) & ~3u) + off);
        return;
    }
    tr_base_plus(t, i->rn, off);
}

static void single(struct tr *t, const struct step *s, unsigned n, enum vec_kind op)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    bool dbl = op == VK_VLDR_D || op == VK_VSTR_D, store = op == VK_VSTR_S || op == VK_VSTR_D;
    tr_vec_enabled(t, n, JFP_OFF);
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    base(t, i, i->imm);
    tr_probe(t, store, 4, dbl ? 8 : 4, k);
    enum x86_width w = dbl ? W64 : W32;
    if (store) {
        dbl ? x_load64(x, RDX, RBP, D(i->rd)) : x_load(x, RDX, RBP, S(i->rd));
        x_store_idx(x, w, RCX, RAX, RDX);
    } else {
        x_load_idx(x, w, RDX, RCX, RAX);
        dbl ? x_store64(x, RBP, D(i->rd), RDX) : x_store(x, RBP, S(i->rd), RDX);
    }
    k->back = x->at;
}

// From host memory at [from + fd] to [to + td].
static void copy(struct x86 *x, unsigned to, int32_t td, unsigned from, int32_t fd, unsigned words)
{
    for (; words >= 4; words -= 4, td += 16, fd += 16) {
        v_rm(x, V_MOVUPS, 0, 0, from, fd);
        v_rm(x, V_MOVUPS_ST, 0, 0, to, td);
    }
    for (; words >= 2; words -= 2, td += 8, fd += 8) {
        x_load64(x, RDX, from, fd);
        x_store64(x, to, td, RDX);
    }
    if (words) {
        x_load(x, RDX, from, fd);
        x_store(x, to, td, RDX);
    }
}

// As vfp_mem.c keeps them: rd first single, rm words, rs 1 writeback, 2 downwards.
static void run(struct tr *t, const struct step *s, unsigned n, bool store)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    uint32_t move_by = i->rs & 2 ? 0u - i->imm : i->imm;
    tr_vec_enabled(t, n, JFP_OFF);
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    base(t, i, i->rs & 2 ? move_by : 0);
    tr_probe(t, store, 4, 4u * i->rm, k);
    x_alu64(x, X_ADD, RCX, RAX);
    if (store) {
        copy(x, RCX, 0, RBP, S(i->rd), i->rm);
    } else {
        copy(x, RBP, S(i->rd), RCX, 0, i->rm);
    }
    if (i->rs & 1) {
        tr_move_base(t, i->rn, move_by);
    }
    k->back = x->at;
}

bool tr_vfp(struct tr *t, const struct step *s, unsigned n)
{
    const struct vec_row *v = s->v;
    enum vec_kind op = (enum vec_kind)v->kind;
    bool dbl = v->op[0];
    if (op <= VK_LAST_ARITH) {
        arith(t, s, n, op, dbl);
    } else if (op <= VK_VABS) {
        move(t, s, n, op, dbl);
    } else if (op <= VK_VCMPZ) {
        compare(t, s, n, op == VK_VCMPZ, dbl);
    } else if (op <= VK_U32_F64) {
        convert(t, s, n, op);
    } else if (op <= VK_TO_D) {
        core_move(t, s, n, op);
    } else if (op == VK_VMRS_FLAGS) {
        flags(t, n);
    } else if (op <= VK_VSTR_D) {
        single(t, s, n, op);
    } else if (op <= VK_VSTM) {
        run(t, s, n, op == VK_VSTM);
    } else {
        return false;
    }
    return true;
}

uint16_t tr_vec_sets(const struct insn *i, const struct vec_row *v)
{
    switch ((enum vec_kind)v->kind) {
    case VK_FROM_S:
    case VK_FROM_8:
    case VK_FROM_16:
    case VK_FROM_32:
        return (uint16_t)(1u << i->rd);
    case VK_FROM_SS:
    case VK_FROM_D:
        return (uint16_t)(1u << i->rd | 1u << i->rn);
    case VK_VLDM:
    case VK_VSTM:
        return i->rs & 1 ? (uint16_t)(1u << i->rn) : 0;
    case VK_LD_MULTI:
    case VK_ST_MULTI:
    case VK_LD_LANE:
    case VK_ST_LANE:
    case VK_LD_ALL:
        return i->rm != 15 ? (uint16_t)(1u << i->rn) : 0;
    default:
        return 0;
    }
}
