// SPDX-License-Identifier: MIT
//
// VEX-encoded 128-bit and scalar instructions (Intel SDM volume 2), private to cpu/jit. An operation is
// one number: W in bit 15, opcode map in bits 14:12, the implied prefix in bits 9:8 (0 none, 1 66,
// 2 F3, 3 F2), the opcode below. Sources and destinations follow Intel's order.
#ifndef CPU_JIT_X86_VEC_H
#define CPU_JIT_X86_VEC_H

#include "cpu/jit/x86.h"

#define VOP(map, pp, opcode) ((map) << 12 | (pp) << 8 | (opcode))
#define VOP_W 0x8000

enum x86_vop {
    V_MOVSS = VOP(1, 2, 0x10), V_MOVSD = VOP(1, 3, 0x10), V_MOVSS_ST = VOP(1, 2, 0x11),
    V_MOVSD_ST = VOP(1, 3, 0x11), V_MOVUPS = VOP(1, 0, 0x10), V_MOVUPS_ST = VOP(1, 0, 0x11),
    V_MOVQ = VOP(1, 2, 0x7e), V_MOVQ_ST = VOP(1, 1, 0xd6), V_MOVHPS = VOP(1, 0, 0x16),
    V_MOVHPS_ST = VOP(1, 0, 0x17),
    V_MOVD_TO = VOP(1, 1, 0x6e), V_MOVD_FROM = VOP(1, 1, 0x7e), // with VOP_W: 64 bits
    V_PINSRQ = VOP(3, 1, 0x22) | VOP_W,
    // single and double differ in the prefix: add V_SD to get the scalar double, V_PS the packed single
    V_ADDSS = VOP(1, 2, 0x58), V_MULSS = VOP(1, 2, 0x59), V_SUBSS = VOP(1, 2, 0x5c),
    V_DIVSS = VOP(1, 2, 0x5e), V_SQRTSS = VOP(1, 2, 0x51),
    V_ADDPS = VOP(1, 0, 0x58), V_MULPS = VOP(1, 0, 0x59), V_SUBPS = VOP(1, 0, 0x5c),
    V_UCOMISS = VOP(1, 0, 0x2e), V_UCOMISD = VOP(1, 1, 0x2e),
    V_CVTSS2SD = VOP(1, 2, 0x5a), V_CVTSD2SS = VOP(1, 3, 0x5a),
    V_CVTSI2SS = VOP(1, 2, 0x2a), V_CVTSI2SD = VOP(1, 3, 0x2a), // with VOP_W: from 64 bits
    V_CVTTSS2SI = VOP(1, 2, 0x2c), V_CVTTSD2SI = VOP(1, 3, 0x2c),
    V_CVTDQ2PS = VOP(1, 0, 0x5b), V_CVTTPS2DQ = VOP(1, 2, 0x5b),
    V_CMPPS = VOP(1, 0, 0xc2), V_MAXPS = VOP(1, 0, 0x5f), V_MINPS = VOP(1, 0, 0x5d),
    V_SHUFPS = VOP(1, 0, 0xc6),
    V_FMADD231SS = VOP(2, 1, 0xb9), V_FNMADD231SS = VOP(2, 1, 0xbd), V_FMSUB231SS = VOP(2, 1, 0xbb),
    V_FNMSUB231SS = VOP(2, 1, 0xbf), // with VOP_W: double
    V_FMADD231PS = VOP(2, 1, 0xb8), V_FNMADD231PS = VOP(2, 1, 0xbc),
    V_PAND = VOP(1, 1, 0xdb), V_PANDN = VOP(1, 1, 0xdf), V_POR = VOP(1, 1, 0xeb),
    V_PXOR = VOP(1, 1, 0xef), V_PTEST = VOP(2, 1, 0x17), V_PMOVMSKB = VOP(1, 1, 0xd7),
    V_PADDB = VOP(1, 1, 0xfc), V_PADDW = VOP(1, 1, 0xfd), V_PADDD = VOP(1, 1, 0xfe),
    V_PADDQ = VOP(1, 1, 0xd4), V_PSUBB = VOP(1, 1, 0xf8), V_PSUBW = VOP(1, 1, 0xf9),
    V_PSUBD = VOP(1, 1, 0xfa), V_PSUBQ = VOP(1, 1, 0xfb),
    V_PADDSB = VOP(1, 1, 0xec), V_PADDSW = VOP(1, 1, 0xed), V_PADDUSB = VOP(1, 1, 0xdc),
    V_PADDUSW = VOP(1, 1, 0xdd), V_PSUBSB = VOP(1, 1, 0xe8), V_PSUBSW = VOP(1, 1, 0xe9),
    V_PSUBUSB = VOP(1, 1, 0xd8), V_PSUBUSW = VOP(1, 1, 0xd9),
    V_PCMPEQB = VOP(1, 1, 0x74), V_PCMPEQW = VOP(1, 1, 0x75), V_PCMPEQD = VOP(1, 1, 0x76),
    V_PCMPGTB = VOP(1, 1, 0x64), V_PCMPGTW = VOP(1, 1, 0x65), V_PCMPGTD = VOP(1, 1, 0x66),
    V_PMAXSB = VOP(2, 1, 0x3c), V_PMAXSW = VOP(1, 1, 0xee), V_PMAXSD = VOP(2, 1, 0x3d),
    V_PMAXUB = VOP(1, 1, 0xde), V_PMAXUW = VOP(2, 1, 0x3e), V_PMAXUD = VOP(2, 1, 0x3f),
    V_PMINSB = VOP(2, 1, 0x38), V_PMINSW = VOP(1, 1, 0xea), V_PMINSD = VOP(2, 1, 0x39),
    V_PMINUB = VOP(1, 1, 0xda), V_PMINUW = VOP(2, 1, 0x3a), V_PMINUD = VOP(2, 1, 0x3b),
    V_PMULLW = VOP(1, 1, 0xd5), V_PMULLD = VOP(2, 1, 0x40), V_PMULUDQ = VOP(1, 1, 0xf4),
    V_PMULDQ = VOP(2, 1, 0x28), V_PAVGB = VOP(1, 1, 0xe0), V_PAVGW = VOP(1, 1, 0xe3),
    V_PABSB = VOP(2, 1, 0x1c), V_PABSW = VOP(2, 1, 0x1d), V_PABSD = VOP(2, 1, 0x1e),
    V_PMOVSXBW = VOP(2, 1, 0x20), V_PMOVSXWD = VOP(2, 1, 0x23), V_PMOVSXDQ = VOP(2, 1, 0x25),
    V_PMOVZXBW = VOP(2, 1, 0x30), V_PMOVZXWD = VOP(2, 1, 0x33), V_PMOVZXDQ = VOP(2, 1, 0x35),
    V_PACKUSWB = VOP(1, 1, 0x67), V_PACKSSWB = VOP(1, 1, 0x63), V_PACKUSDW = VOP(2, 1, 0x2b),
    V_PACKSSDW = VOP(1, 1, 0x6b),
    V_PUNPCKLBW = VOP(1, 1, 0x60), V_PUNPCKLWD = VOP(1, 1, 0x61), V_PUNPCKLDQ = VOP(1, 1, 0x62),
    V_PUNPCKHBW = VOP(1, 1, 0x68), V_PUNPCKHWD = VOP(1, 1, 0x69), V_PUNPCKHDQ = VOP(1, 1, 0x6a),
    V_PUNPCKLQDQ = VOP(1, 1, 0x6c), V_PUNPCKHQDQ = VOP(1, 1, 0x6d),
    V_PSHUFB = VOP(2, 1, 0x00), V_PSHUFD = VOP(1, 1, 0x70), V_PALIGNR = VOP(3, 1, 0x0f),
    V_PBLENDW = VOP(3, 1, 0x0e),
    V_PBROADCASTB = VOP(2, 1, 0x78), V_PBROADCASTW = VOP(2, 1, 0x79),
    V_PBROADCASTD = VOP(2, 1, 0x58), V_PBROADCASTQ = VOP(2, 1, 0x59),
    V_MXCSR = VOP(1, 0, 0xae), // register field 2 loads, 3 stores
    // shifts by an immediate: the /n beside the opcode goes into the register field
    V_SHW = VOP(1, 1, 0x71), V_SHD = VOP(1, 1, 0x72), V_SHQ = VOP(1, 1, 0x73),
};
enum { V_SRL = 2, V_SRA = 4, V_SLL = 6, V_SRLDQ = 3, V_SLLDQ = 7 };

// The scalar double form of a scalar single arithmetic operation.
static inline unsigned v_sd(unsigned op, bool dbl)
{
    return dbl ? (op & 0x7000) == 0x1000 ? op | 0x100u : op | VOP_W : op;
}

static inline void v_prefix(struct x86 *x, unsigned op, unsigned reg, unsigned src1, unsigned rm,
                            unsigned index)
{
    unsigned map = op >> 12 & 7, pp = op >> 8 & 3;
    x_b(x, 0xc4);
    x_b(x, (reg < 8 ? 0x80u : 0) | (index < 8 ? 0x40u : 0) | (rm < 8 ? 0x20u : 0) | map);
    x_b(x, (op & VOP_W ? 0x80u : 0) | (~src1 & 15) << 3 | pp);
    x_b(x, op & 0xff);
}

// Registers only: op reg, src1, rm. Operations of two operands take src1 = 0.
static inline void v_rr(struct x86 *x, unsigned op, unsigned reg, unsigned src1, unsigned rm)
{
    v_prefix(x, op, reg, src1, rm, 0);
    x_modrm_rr(x, reg, rm);
}

static inline void v_rri(struct x86 *x, unsigned op, unsigned reg, unsigned src1, unsigned rm,
                         unsigned imm)
{
    v_rr(x, op, reg, src1, rm);
    x_b(x, imm);
}

// The last operand in memory.
static inline void v_rm(struct x86 *x, unsigned op, unsigned reg, unsigned src1, unsigned base,
                        int32_t disp)
{
    v_prefix(x, op, reg, src1, base, 0);
    x_modrm_mem(x, reg, base, disp);
}

// [base + index]
static inline void v_rx(struct x86 *x, unsigned op, unsigned reg, unsigned base, unsigned index)
{
    v_prefix(x, op, reg, 0, base, index);
    x_modrm_sib(x, reg, base, index, 0);
}

// dst = src shifted by an immediate: V_SHW, V_SHD or V_SHQ with V_SRL and so on
static inline void v_shift(struct x86 *x, unsigned op, unsigned how, unsigned dst, unsigned src,
                           unsigned n)
{
    v_prefix(x, op, 0, dst, src, 0);
    x_modrm_rr(x, how, src);
    x_b(x, n);
}

// dst = all ones
static inline void v_ones(struct x86 *x, unsigned dst)
{
    v_rr(x, V_PCMPEQD, dst, dst, dst);
}

#endif
