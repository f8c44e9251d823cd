// SPDX-License-Identifier: MIT
//
// Moves between core and extension registers, and the VFP system registers (ARM DDI 0406C A8.8.339-
// 346, B9.3). The PC as a core operand is UNPREDICTABLE and taken as UNDEFINED. FPINST and FPINST2
// of the old subarchitecture read as zero before ARMv7 and are UNDEFINED from there on.
#include "cpu/vfp.h"
#include "cpu/isa_protos.h"
#include "cpu/models.h"

// ---- singles, doubles, lanes -----------------------------------------------------------------------

enum prep prep_vfp_core_s(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 't');
    d->i->rn = vfp_single(d, 'n', 'N');
    return d->i->rd == 15 ? PREP_UNDEF : PREP_OK;
}

void exec_vmov_to_s(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    vfp_s(c)[i->rn] = c->r[i->rd];
}

void exec_vmov_from_s(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    c->r[i->rd] = vfp_s(c)[i->rn];
}

enum prep prep_vfp_core_lane(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 't');
    d->i->rn = vfp_double(d, 'n', 'N');
    d->i->imm = fld(d, 'i');
    d->i->rm = (uint8_t)fld(d, 'U');
    return d->i->rd == 15 || !vfp_has_double(d, d->i->rn) ? PREP_UNDEF : PREP_OK;
}

void exec_vmov_to_8(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    ((uint8_t *)&c->d[i->rn])[i->imm] = (uint8_t)c->r[i->rd];
}

void exec_vmov_to_16(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    ((uint16_t *)&c->d[i->rn])[i->imm] = (uint16_t)c->r[i->rd];
}

void exec_vmov_to_32(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    ((uint32_t *)&c->d[i->rn])[i->imm] = c->r[i->rd];
}

void exec_vmov_from_8(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    uint8_t v = ((uint8_t *)&c->d[i->rn])[i->imm];
    c->r[i->rd] = i->rm ? v : (uint32_t)(int8_t)v;
}

void exec_vmov_from_16(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    uint16_t v = ((uint16_t *)&c->d[i->rn])[i->imm];
    c->r[i->rd] = i->rm ? v : (uint32_t)(int16_t)v;
}

void exec_vmov_from_32(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    c->r[i->rd] = ((uint32_t *)&c->d[i->rn])[i->imm];
}

enum prep prep_vfp_dup(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 't');
    d->i->rn = vfp_double(d, 'n', 'N');
    d->i->rm = (uint8_t)fld(d, 'Q');
    return d->i->rd == 15 || (d->i->rm && d->i->rn & 1) ? PREP_UNDEF : PREP_OK;
}

static void dup_lanes(struct cpu *c, const struct insn *i, uint64_t lanes)
{
    neon_require(c);
    c->d[i->rn] = lanes;
    if (i->rm) {
        c->d[i->rn + 1] = lanes;
    }
}

void exec_vdup_core_8(struct cpu *c, const struct insn *i)
{
    dup_lanes(c, i, (uint8_t)c->r[i->rd] * 0x0101010101010101ull);
}

void exec_vdup_core_16(struct cpu *c, const struct insn *i)
{
    dup_lanes(c, i, (uint16_t)c->r[i->rd] * 0x0001000100010001ull);
}

void exec_vdup_core_32(struct cpu *c, const struct insn *i)
{
    dup_lanes(c, i, c->r[i->rd] * 0x0000000100000001ull);
}

// ---- pairs -----------------------------------------------------------------------------------------

static enum prep core_pair(struct decode *d, bool to_core)
{
    d->i->rd = (uint8_t)fld(d, 't');
    d->i->rn = (uint8_t)fld(d, 'u');
    if (d->i->rd == 15 || d->i->rn == 15 || (to_core && d->i->rd == d->i->rn)) {
        return PREP_UNDEF;
    }
    return PREP_OK;
}

enum prep prep_vfp_core_ss(struct decode *d)
{
    d->i->rm = vfp_single(d, 'm', 'M');
    return d->i->rm == 31 ? PREP_UNDEF : core_pair(d, d->raw >> 20 & 1);
}

enum prep prep_vfp_core_d(struct decode *d)
{
    d->i->rm = vfp_double(d, 'm', 'M');
    return vfp_has_double(d, d->i->rm) ? core_pair(d, d->raw >> 20 & 1) : PREP_UNDEF;
}

void exec_vmov_to_ss(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    vfp_s(c)[i->rm] = c->r[i->rd];
    vfp_s(c)[i->rm + 1] = c->r[i->rn];
}

void exec_vmov_from_ss(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    c->r[i->rd] = vfp_s(c)[i->rm];
    c->r[i->rn] = vfp_s(c)[i->rm + 1];
}

void exec_vmov_to_d(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    c->d[i->rm] = c->r[i->rd] | (uint64_t)c->r[i->rn] << 32;
}

void exec_vmov_from_d(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    uint64_t v = c->d[i->rm];
    c->r[i->rd] = (uint32_t)v;
    c->r[i->rn] = (uint32_t)(v >> 32);
}

// ---- system registers ------------------------------------------------------------------------------

enum fp_sysreg {
    FP_FPSID = 0, FP_FPSCR = 1, FP_MVFR1 = 6, FP_MVFR0 = 7, FP_FPEXC = 8, FP_FPINST = 9,
    FP_FPINST2 = 10,
};

uint32_t vfp_get_fpscr(const struct cpu *c)
{
    return c->fpscr_nzcv | c->fpscr_qc | c->fpscr_ctl | c->fpscr_exc;
}

void vfp_set_fpscr(struct cpu *c, uint32_t v)
{
    uint32_t ctl = FPSCR_DN | FPSCR_FZ | FPSCR_RMODE | FPSCR_STRIDE | FPSCR_LEN;
    ctl |= ISA_HAS(c->features, FP16) ? FPSCR_AHP : 0;
    ctl |= ISA_HAS(c->features, VFP3) ? 0 : FPSCR_TRAPS;
    c->fpscr_nzcv = v & 0xf0000000u;
    c->fpscr_qc = ISA_HAS(c->features, NEON) ? v & FPSCR_QC : 0;
    c->fpscr_ctl = v & ctl;
    c->fpscr_exc = v & FPSCR_FLAGS;
}

static void exec_vmrs_fpscr(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    c->r[i->rd] = vfp_get_fpscr(c);
}

static void exec_vmsr_fpscr(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    vfp_set_fpscr(c, c->r[i->rd]);
}

void exec_vmrs_flags(struct cpu *c, const struct insn *i)
{
    (void)i;
    fp_require(c);
    uint32_t nzcv = c->fpscr_nzcv;
    c->nf = nzcv;
    c->zf = ~nzcv & BIT(PSR_Z);
    c->cf = bit(nzcv, PSR_C);
    c->vf = nzcv << (31 - PSR_V);
}

// The registers behind privilege. FPEXC, FPSID and MVFRn answer while FPEXC.EN is 0.
static void require_system(struct cpu *c)
{
    if (!cpu_privileged(c) || !fp_sysreg_ok(c)) {
        exc_undefined(c);
    }
}

static void exec_vmrs_system(struct cpu *c, const struct insn *i)
{
    require_system(c);
    uint32_t v = 0;
    switch (i->rn) {
    case FP_FPSID:
        v = c->model->fpsid;
        break;
    case FP_MVFR0:
        v = c->model->mvfr0;
        break;
    case FP_MVFR1:
        v = c->model->mvfr1;
        break;
    case FP_FPEXC:
        v = c->fpexc;
        break;
    default: // FPINST, FPINST2
        break;
    }
    c->r[i->rd] = v;
}

static void exec_vmsr_system(struct cpu *c, const struct insn *i)
{
    require_system(c);
    if (i->rn == FP_FPEXC) {
        c->fpexc = c->r[i->rd] & FPEXC_EN; // no exception is ever pending
        fp_update(c);
    }
}

static bool sysreg_exists(const struct decode *d, unsigned reg)
{
    switch (reg) {
    case FP_FPSID:
    case FP_FPSCR:
    case FP_FPEXC:
        return true;
    case FP_MVFR0:
    case FP_MVFR1:
        return ISA_HAS(d->features, V6);
    case FP_FPINST:
    case FP_FPINST2:
        return !ISA_HAS(d->features, VFP3);
    default:
        return false;
    }
}

static enum prep system_move(struct decode *d, exec_fn *fpscr, exec_fn *other)
{
    unsigned reg = fld(d, 'r');
    d->i->rd = (uint8_t)fld(d, 't');
    d->i->rn = (uint8_t)reg;
    d->i->body.exec = reg == FP_FPSCR ? fpscr : other;
    return d->i->rd == 15 || !sysreg_exists(d, reg) ? PREP_UNDEF : PREP_OK;
}

enum prep prep_vfp_vmrs(struct decode *d)
{
    return system_move(d, exec_vmrs_fpscr, exec_vmrs_system);
}

enum prep prep_vfp_vmsr(struct decode *d)
{
    return system_move(d, exec_vmsr_fpscr, exec_vmsr_system);
}
