// SPDX-License-Identifier: MIT
//
// The few x86-64 encodings that the translator uses (Intel SDM volume 2), private to cpu/jit. All
// arithmetic is 32 bits wide unless a name says 64; memory operands are [base + disp] or
// [base + index]. Nothing here knows the guest.
#ifndef CPU_JIT_X86_H
#define CPU_JIT_X86_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum x86_reg {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NO_REG
};

// The /n of the immediate group, times 8 the opcode of the register forms.
enum x86_alu { X_ADD, X_OR, X_ADC, X_SBB, X_AND, X_SUB, X_XOR, X_CMP };
enum x86_shift { X_ROL, X_ROR, X_RCL, X_RCR, X_SHL, X_SHR, X_SAR = 7 };
enum x86_cc {
    CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE,
    CC_LE, CC_G
};

// Output: `at` moves on; the caller guarantees room.
struct x86 {
    uint8_t *at;
};

static inline void x_b(struct x86 *x, unsigned b)
{
    *x->at++ = (uint8_t)b;
}

static inline void x_d(struct x86 *x, uint32_t v)
{
    memcpy(x->at, &v, 4);
    x->at += 4;
}

static inline void x_q(struct x86 *x, uint64_t v)
{
    memcpy(x->at, &v, 8);
    x->at += 8;
}

// REX prefix; `byte`: a byte register that needs one to be SIL, DIL and so on.
static inline void x_rex(struct x86 *x, bool w, unsigned reg, unsigned index, unsigned base,
                         bool byte)
{
    unsigned rex = (unsigned)w << 3 | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (base >> 3 & 1);
    if (rex || byte) {
        x_b(x, 0x40 | rex);
    }
}

static inline void x_modrm_rr(struct x86 *x, unsigned reg, unsigned rm)
{
    x_b(x, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static inline void x_modrm_mem(struct x86 *x, unsigned reg, unsigned base, int32_t disp)
{
    bool small = disp >= -128 && disp < 128;
    unsigned mod = !disp && (base & 7) != RBP ? 0 : small ? 1 : 2;
    x_b(x, mod << 6 | (reg & 7) << 3 | (base & 7));
    if ((base & 7) == RSP) {
        x_b(x, 0x24);
    }
    if (mod == 1) {
        x_b(x, (uint8_t)disp);
    } else if (mod == 2) {
        x_d(x, (uint32_t)disp);
    }
}

// [base + index << scale + disp8], base not RBP or R13 unless disp given as 8 bits
static inline void x_modrm_sib(struct x86 *x, unsigned reg, unsigned base, unsigned index,
                               unsigned scale)
{
    bool need = (base & 7) == RBP;
    x_b(x, (need ? 0x44 : 0x04) | (reg & 7) << 3);
    x_b(x, scale << 6 | (index & 7) << 3 | (base & 7));
    if (need) {
        x_b(x, 0);
    }
}

// ---- moves -----------------------------------------------------------------------------------

static inline void x_mov(struct x86 *x, unsigned dst, unsigned src)
{
    if (dst != src) {
        x_rex(x, false, src, 0, dst, false);
        x_b(x, 0x89);
        x_modrm_rr(x, src, dst);
    }
}

static inline void x_mov64(struct x86 *x, unsigned dst, unsigned src)
{
    x_rex(x, true, src, 0, dst, false);
    x_b(x, 0x89);
    x_modrm_rr(x, src, dst);
}

// Keeps the flags, also for 0.
static inline void x_mov_i(struct x86 *x, unsigned dst, uint32_t imm)
{
    x_rex(x, false, 0, 0, dst, false);
    x_b(x, 0xb8 | (dst & 7));
    x_d(x, imm);
}

static inline void x_mov_i64(struct x86 *x, unsigned dst, uint64_t imm)
{
    if (imm <= UINT32_MAX) {
        x_mov_i(x, dst, (uint32_t)imm);
        return;
    }
    x_rex(x, true, 0, 0, dst, false);
    x_b(x, 0xb8 | (dst & 7));
    x_q(x, imm);
}

static inline void x_load(struct x86 *x, unsigned dst, unsigned base, int32_t disp)
{
    x_rex(x, false, dst, 0, base, false);
    x_b(x, 0x8b);
    x_modrm_mem(x, dst, base, disp);
}

static inline void x_load64(struct x86 *x, unsigned dst, unsigned base, int32_t disp)
{
    x_rex(x, true, dst, 0, base, false);
    x_b(x, 0x8b);
    x_modrm_mem(x, dst, base, disp);
}

// zero-extended byte
static inline void x_load8(struct x86 *x, unsigned dst, unsigned base, int32_t disp)
{
    x_rex(x, false, dst, 0, base, false);
    x_b(x, 0x0f);
    x_b(x, 0xb6);
    x_modrm_mem(x, dst, base, disp);
}

static inline void x_store(struct x86 *x, unsigned base, int32_t disp, unsigned src)
{
    x_rex(x, false, src, 0, base, false);
    x_b(x, 0x89);
    x_modrm_mem(x, src, base, disp);
}

static inline void x_store64(struct x86 *x, unsigned base, int32_t disp, unsigned src)
{
    x_rex(x, true, src, 0, base, false);
    x_b(x, 0x89);
    x_modrm_mem(x, src, base, disp);
}

static inline void x_store8(struct x86 *x, unsigned base, int32_t disp, unsigned src)
{
    x_rex(x, false, src, 0, base, src >= RSP);
    x_b(x, 0x88);
    x_modrm_mem(x, src, base, disp);
}

static inline void x_store_i(struct x86 *x, unsigned base, int32_t disp, uint32_t imm)
{
    x_rex(x, false, 0, 0, base, false);
    x_b(x, 0xc7);
    x_modrm_mem(x, 0, base, disp);
    x_d(x, imm);
}

static inline void x_store8_i(struct x86 *x, unsigned base, int32_t disp, uint8_t imm)
{
    x_rex(x, false, 0, 0, base, false);
    x_b(x, 0xc6);
    x_modrm_mem(x, 0, base, disp);
    x_b(x, imm);
}

enum x86_width { W8U, W16U, W8S, W16S, W32, W64 };

static inline void x_store16(struct x86 *x, unsigned base, int32_t disp, unsigned src)
{
    x_b(x, 0x66);
    x_store(x, base, disp, src);
}

// dst = [base + disp] extended from 8 or 16 bits
static inline void x_load_ext(struct x86 *x, enum x86_width w, unsigned dst, unsigned base,
                              int32_t disp)
{
    static const uint8_t op[4] = {0xb6, 0xb7, 0xbe, 0xbf};
    x_rex(x, false, dst, 0, base, false);
    x_b(x, 0x0f);
    x_b(x, op[w]);
    x_modrm_mem(x, dst, base, disp);
}

// dst = [base + index], extended to 32 bits
static inline void x_load_idx(struct x86 *x, enum x86_width w, unsigned dst, unsigned base,
                              unsigned index)
{
    static const uint8_t op[4] = {0xb6, 0xb7, 0xbe, 0xbf};
    x_rex(x, w == W64, dst, index, base, false);
    if (w < W32) {
        x_b(x, 0x0f);
        x_b(x, op[w]);
    } else {
        x_b(x, 0x8b);
    }
    x_modrm_sib(x, dst, base, index, 0);
}

static inline void x_store_idx(struct x86 *x, enum x86_width w, unsigned base, unsigned index,
                               unsigned src)
{
    if (w == W16U) {
        x_b(x, 0x66);
    }
    x_rex(x, w == W64, src, index, base, w == W8U && src >= RSP);
    x_b(x, w == W8U ? 0x88 : 0x89);
    x_modrm_sib(x, src, base, index, 0);
}

// dst = src extended from 8 or 16 bits
static inline void x_extend(struct x86 *x, enum x86_width w, unsigned dst, unsigned src)
{
    static const uint8_t op[4] = {0xb6, 0xb7, 0xbe, 0xbf};
    x_rex(x, false, dst, 0, src, (w == W8U || w == W8S) && src >= RSP);
    x_b(x, 0x0f);
    x_b(x, op[w]);
    x_modrm_rr(x, dst, src);
}

static inline void x_movsxd(struct x86 *x, unsigned dst, unsigned src)
{
    x_rex(x, true, dst, 0, src, false);
    x_b(x, 0x63);
    x_modrm_rr(x, dst, src);
}

// ---- arithmetic ------------------------------------------------------------------------------

static inline void x_alu(struct x86 *x, enum x86_alu op, unsigned dst, unsigned src)
{
    x_rex(x, false, src, 0, dst, false);
    x_b(x, (unsigned)op << 3 | 1);
    x_modrm_rr(x, src, dst);
}

static inline void x_alu_i(struct x86 *x, enum x86_alu op, unsigned dst, uint32_t imm)
{
    int32_t v = (int32_t)imm;
    x_rex(x, false, 0, 0, dst, false);
    if (v >= -128 && v < 128) {
        x_b(x, 0x83);
        x_modrm_rr(x, op, dst);
        x_b(x, imm);
    } else {
        x_b(x, 0x81);
        x_modrm_rr(x, op, dst);
        x_d(x, imm);
    }
}

static inline void x_alu64_i8(struct x86 *x, enum x86_alu op, unsigned dst, int imm)
{
    x_rex(x, true, 0, 0, dst, false);
    if (imm >= -128 && imm < 128) {
        x_b(x, 0x83);
        x_modrm_rr(x, op, dst);
        x_b(x, (uint8_t)imm);
    } else {
        x_b(x, 0x81);
        x_modrm_rr(x, op, dst);
        x_d(x, (uint32_t)imm);
    }
}

// dst op= [base + disp]
static inline void x_alu_m(struct x86 *x, enum x86_alu op, unsigned dst, unsigned base, int32_t disp)
{
    x_rex(x, false, dst, 0, base, false);
    x_b(x, (unsigned)op << 3 | 3);
    x_modrm_mem(x, dst, base, disp);
}

static inline void x_alu64_m(struct x86 *x, enum x86_alu op, unsigned dst, unsigned base,
                             int32_t disp)
{
    x_rex(x, true, dst, 0, base, false);
    x_b(x, (unsigned)op << 3 | 3);
    x_modrm_mem(x, dst, base, disp);
}

static inline void x_cmp_mi(struct x86 *x, unsigned base, int32_t disp, int8_t imm)
{
    x_rex(x, false, 0, 0, base, false);
    x_b(x, 0x83);
    x_modrm_mem(x, X_CMP, base, disp);
    x_b(x, (uint8_t)imm);
}

static inline void x_cmp8_mi(struct x86 *x, unsigned base, int32_t disp, int8_t imm)
{
    x_rex(x, false, 0, 0, base, false);
    x_b(x, 0x80);
    x_modrm_mem(x, X_CMP, base, disp);
    x_b(x, (uint8_t)imm);
}

// test byte [base + disp], imm
static inline void x_test8_mi(struct x86 *x, unsigned base, int32_t disp, uint8_t imm)
{
    x_rex(x, false, 0, 0, base, false);
    x_b(x, 0xf6);
    x_modrm_mem(x, 0, base, disp);
    x_b(x, imm);
}

static inline void x_test(struct x86 *x, unsigned a, unsigned b)
{
    x_rex(x, false, b, 0, a, false);
    x_b(x, 0x85);
    x_modrm_rr(x, b, a);
}

static inline void x_test64(struct x86 *x, unsigned a, unsigned b)
{
    x_rex(x, true, b, 0, a, false);
    x_b(x, 0x85);
    x_modrm_rr(x, b, a);
}

static inline void x_test_i(struct x86 *x, unsigned a, uint32_t imm)
{
    x_rex(x, false, 0, 0, a, false);
    x_b(x, 0xf7);
    x_modrm_rr(x, 0, a);
    x_d(x, imm);
}

static inline void x_not(struct x86 *x, unsigned r)
{
    x_rex(x, false, 0, 0, r, false);
    x_b(x, 0xf7);
    x_modrm_rr(x, 2, r);
}

static inline void x_neg(struct x86 *x, unsigned r)
{
    x_rex(x, false, 0, 0, r, false);
    x_b(x, 0xf7);
    x_modrm_rr(x, 3, r);
}

static inline void x_shift_i(struct x86 *x, enum x86_shift op, unsigned r, unsigned n)
{
    x_rex(x, false, 0, 0, r, false);
    x_b(x, 0xc1);
    x_modrm_rr(x, op, r);
    x_b(x, n);
}

static inline void x_shift64_i(struct x86 *x, enum x86_shift op, unsigned r, unsigned n)
{
    x_rex(x, true, 0, 0, r, false);
    x_b(x, 0xc1);
    x_modrm_rr(x, op, r);
    x_b(x, n);
}

static inline void x_shift_cl(struct x86 *x, enum x86_shift op, unsigned r, bool w)
{
    x_rex(x, w, 0, 0, r, false);
    x_b(x, 0xd3);
    x_modrm_rr(x, op, r);
}

// BMI2: leaves the flags alone
static inline void x_rorx(struct x86 *x, unsigned dst, unsigned src, unsigned n)
{
    x_b(x, 0xc4);
    x_b(x, (dst < 8 ? 0x80u : 0) | 0x40 | (src < 8 ? 0x20u : 0) | 3);
    x_b(x, 0x7b);
    x_b(x, 0xf0);
    x_modrm_rr(x, dst, src);
    x_b(x, n);
}

static inline void x_imul(struct x86 *x, unsigned dst, unsigned src)
{
    x_rex(x, false, dst, 0, src, false);
    x_b(x, 0x0f);
    x_b(x, 0xaf);
    x_modrm_rr(x, dst, src);
}

static inline void x_imul_i(struct x86 *x, unsigned dst, unsigned src, uint32_t imm)
{
    x_rex(x, false, dst, 0, src, false);
    x_b(x, 0x69);
    x_modrm_rr(x, dst, src);
    x_d(x, imm);
}

// BMI2: the low bits of src to where mask has bits. Registers below R8 only.
static inline void x_pdep(struct x86 *x, unsigned dst, unsigned src, unsigned mask)
{
    x_b(x, 0xc4);
    x_b(x, 0xe2);
    x_b(x, (~src & 15) << 3 | 3);
    x_b(x, 0xf5);
    x_modrm_rr(x, dst, mask);
}

static inline void x_imul64(struct x86 *x, unsigned dst, unsigned src)
{
    x_rex(x, true, dst, 0, src, false);
    x_b(x, 0x0f);
    x_b(x, 0xaf);
    x_modrm_rr(x, dst, src);
}

static inline void x_alu64(struct x86 *x, enum x86_alu op, unsigned dst, unsigned src)
{
    x_rex(x, true, src, 0, dst, false);
    x_b(x, (unsigned)op << 3 | 1);
    x_modrm_rr(x, src, dst);
}

static inline void x_lzcnt(struct x86 *x, unsigned dst, unsigned src)
{
    x_b(x, 0xf3);
    x_rex(x, false, dst, 0, src, false);
    x_b(x, 0x0f);
    x_b(x, 0xbd);
    x_modrm_rr(x, dst, src);
}

static inline void x_bswap(struct x86 *x, unsigned r)
{
    x_rex(x, false, 0, 0, r, false);
    x_b(x, 0x0f);
    x_b(x, 0xc8 | (r & 7));
}

// dst = base + disp
static inline void x_lea(struct x86 *x, unsigned dst, unsigned base, int32_t disp)
{
    x_rex(x, false, dst, 0, base, false);
    x_b(x, 0x8d);
    x_modrm_mem(x, dst, base, disp);
}

static inline void x_lea64(struct x86 *x, unsigned dst, unsigned base, int32_t disp)
{
    x_rex(x, true, dst, 0, base, false);
    x_b(x, 0x8d);
    x_modrm_mem(x, dst, base, disp);
}

// dst = base + index, 64 bits wide
static inline void x_lea64_idx(struct x86 *x, unsigned dst, unsigned base, unsigned index)
{
    x_rex(x, true, dst, index, base, false);
    x_b(x, 0x8d);
    x_modrm_sib(x, dst, base, index, 0);
}

// dst = src << scale, keeping the flags; scale 0 to 3
static inline void x_lea_scaled(struct x86 *x, unsigned dst, unsigned src, unsigned scale)
{
    x_rex(x, false, dst, src, 0, false);
    x_b(x, 0x8d);
    x_b(x, 0x04 | (dst & 7) << 3);
    x_b(x, scale << 6 | (src & 7) << 3 | RBP);
    x_d(x, 0);
}

// Complements (BTC) or clears (BTR) a bit of 64.
static inline void x_btc64(struct x86 *x, unsigned r, unsigned n)
{
    x_rex(x, true, 0, 0, r, false);
    x_b(x, 0x0f);
    x_b(x, 0xba);
    x_modrm_rr(x, 7, r);
    x_b(x, n);
}

static inline void x_btr64(struct x86 *x, unsigned r, unsigned n)
{
    x_rex(x, true, 0, 0, r, false);
    x_b(x, 0x0f);
    x_b(x, 0xba);
    x_modrm_rr(x, 6, r);
    x_b(x, n);
}

// dst = base + (index << scale)
static inline void x_lea_idx(struct x86 *x, unsigned dst, unsigned base, unsigned index,
                             unsigned scale)
{
    x_rex(x, false, dst, index, base, false);
    x_b(x, 0x8d);
    x_modrm_sib(x, dst, base, index, scale);
}

static inline void x_setcc(struct x86 *x, enum x86_cc cc, unsigned r)
{
    x_rex(x, false, 0, 0, r, r >= RSP);
    x_b(x, 0x0f);
    x_b(x, 0x90 | (unsigned)cc);
    x_modrm_rr(x, 0, r);
}

static inline void x_setcc_m(struct x86 *x, enum x86_cc cc, unsigned base, int32_t disp)
{
    x_rex(x, false, 0, 0, base, false);
    x_b(x, 0x0f);
    x_b(x, 0x90 | (unsigned)cc);
    x_modrm_mem(x, 0, base, disp);
}

static inline void x_cmov(struct x86 *x, enum x86_cc cc, unsigned dst, unsigned src)
{
    x_rex(x, false, dst, 0, src, false);
    x_b(x, 0x0f);
    x_b(x, 0x40 | (unsigned)cc);
    x_modrm_rr(x, dst, src);
}

static inline void x_bt64_i(struct x86 *x, unsigned r, unsigned bit)
{
    x_rex(x, true, 0, 0, r, false);
    x_b(x, 0x0f);
    x_b(x, 0xba);
    x_modrm_rr(x, 4, r);
    x_b(x, bit);
}

static inline void x_cmc(struct x86 *x)
{
    x_b(x, 0xf5);
}

// ---- control ---------------------------------------------------------------------------------

// Jumps return the place of their 32-bit displacement, for x_fix.
static inline uint8_t *x_jcc(struct x86 *x, enum x86_cc cc)
{
    x_b(x, 0x0f);
    x_b(x, 0x80 | (unsigned)cc);
    x_d(x, 0);
    return x->at - 4;
}

static inline uint8_t *x_jmp(struct x86 *x)
{
    x_b(x, 0xe9);
    x_d(x, 0);
    return x->at - 4;
}

static inline uint8_t *x_call(struct x86 *x)
{
    x_b(x, 0xe8);
    x_d(x, 0);
    return x->at - 4;
}

// Short forward jump: x_fix8 when the target is reached.
static inline uint8_t *x_jcc8(struct x86 *x, enum x86_cc cc)
{
    x_b(x, 0x70 | (unsigned)cc);
    x_b(x, 0);
    return x->at - 1;
}

static inline void x_fix8(struct x86 *x, uint8_t *place)
{
    *place = (uint8_t)(x->at - place - 1);
}

static inline void x_fix(uint8_t *place, const uint8_t *target)
{
    int32_t rel = (int32_t)(target - (place + 4));
    memcpy(place, &rel, 4);
}

static inline void x_jmp_reg(struct x86 *x, unsigned r)
{
    x_rex(x, false, 0, 0, r, false);
    x_b(x, 0xff);
    x_modrm_rr(x, 4, r);
}

static inline void x_call_mem(struct x86 *x, unsigned base, int32_t disp)
{
    x_rex(x, false, 0, 0, base, false);
    x_b(x, 0xff);
    x_modrm_mem(x, 2, base, disp);
}

static inline void x_call_reg(struct x86 *x, unsigned r)
{
    x_rex(x, false, 0, 0, r, false);
    x_b(x, 0xff);
    x_modrm_rr(x, 2, r);
}

static inline void x_push(struct x86 *x, unsigned r)
{
    x_rex(x, false, 0, 0, r, false);
    x_b(x, 0x50 | (r & 7));
}

static inline void x_pop(struct x86 *x, unsigned r)
{
    x_rex(x, false, 0, 0, r, false);
    x_b(x, 0x58 | (r & 7));
}

static inline void x_ret(struct x86 *x)
{
    x_b(x, 0xc3);
}

#endif
