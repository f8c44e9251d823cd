// SPDX-License-Identifier: MIT
//
// System instructions: status registers, exceptions and their returns, coprocessor access, hints and
// barriers (ARM DDI 0406C B9).
#include "cpu/cluster.h"
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/mem.h"
#include "cpu/mmu_int.h"
#include "cpu/models.h"
#include "cpu/psr.h"
#include "cpu/sysreg.h"

// ---- MRS, MSR ---------------------------------------------------------------------------------------

void exec_MRS(struct cpu *c, const struct insn *i)
{
    bool spsr = i->raw >> (c->thumb ? 20 : 22) & 1;
    if (spsr) {
        if (!psr_has_spsr(c)) {
            exc_undefined(c); // UNPREDICTABLE
        }
        c->r[i->rd] = c->spsr[psr_bank(c->mode)];
        return;
    }
    uint32_t v = psr_get(c, 0);
    if (ISA_HAS(c->features, V6)) {
        v &= 0xf8ff03df; // execution state, but for E, reads as zero
    }
    c->r[i->rd] = v;
}

// Byte lanes of the field mask.
static uint32_t lanes(unsigned fields)
{
    return (fields & 1 ? 0xff : 0) | (fields & 2 ? 0xff00 : 0) | (fields & 4 ? 0xff0000 : 0) |
           (fields & 8 ? 0xff000000 : 0);
}

static void write_psr(struct cpu *c, const struct insn *i, uint32_t val)
{
    uint32_t mask = lanes(i->rm);
    if (i->rs) { // SPSR
        if (!psr_has_spsr(c)) {
            exc_undefined(c); // UNPREDICTABLE
        }
        uint32_t *s = &c->spsr[psr_bank(c->mode)];
        mask &= ISA_HAS(c->features, V6) ? 0xff0fffff : 0xf80000ff; // reserved bits stay
        *s = (*s & ~mask) | (val & mask);
        return;
    }
    uint32_t user = 0xf0000000;
    if (ISA_HAS(c->features, V5TE)) {
        user |= 1u << PSR_Q;
    }
    if (ISA_HAS(c->features, V6)) {
        user |= 0xf << PSR_GE | 1u << PSR_E;
    }
    uint32_t priv = user | 1u << PSR_I | 1u << PSR_F | 0x1f;
    if (ISA_HAS(c->features, V6)) {
        priv |= 1u << PSR_A;
    }
    mask &= cpu_privileged(c) ? priv : user;
    if (c->cp15[CP15_SCTLR] & SCTLR_NMFI && val >> PSR_F & 1) {
        mask &= ~(1u << PSR_F);
    }
    if (!c->secure) { // monitor mode is out of reach; masks by SCR
        if (!(c->cp15[CP15_SCR] & SCR_AW)) {
            mask &= ~(1u << PSR_A);
        }
        if (!(c->cp15[CP15_SCR] & SCR_FW)) {
            mask &= ~(1u << PSR_F);
        }
        if ((val & 0x1f) == MODE_MON) {
            mask &= ~0x1fu;
        }
    }
    psr_set(c, val, mask);
    if (mask & 0xff) {
        exec_resync(c, i);
    }
}

// rn: register; rm: field mask; rs: SPSR
enum prep prep_msr_reg(struct decode *d)
{
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'k');
    d->i->rs = (uint8_t)fld(d, 'R');
    return d->i->rn == 15 ? PREP_UNDEF : PREP_OK;
}

enum prep prep_msr_imm(struct decode *d)
{
    uint32_t imm12 = fld(d, 'i');
    d->i->imm = ror32(imm12 & 0xff, imm12 >> 8 << 1);
    d->i->rm = (uint8_t)fld(d, 'k');
    d->i->rs = (uint8_t)fld(d, 'R');
    return PREP_OK;
}

void exec_MSR_reg(struct cpu *c, const struct insn *i)
{
    write_psr(c, i, c->r[i->rn]);
}

void exec_MSR_imm(struct cpu *c, const struct insn *i)
{
    write_psr(c, i, i->imm);
}

// Banked registers: SYSm in rm, SPSR in rs, register in rd. rn: mode, imm: register number or 16.
enum prep prep_banked(struct decode *d)
{
    static const uint8_t modes[32] = {
        [0x08] = MODE_FIQ, [0x10] = MODE_IRQ, [0x12] = MODE_SVC, [0x14] = MODE_ABT,
        [0x16] = MODE_UND, [0x1c] = MODE_MON,
    };
    // The letter gathers m<3:0>:m<4> in the picture's order; the manual's number is m<4>:m<3:0>.
    unsigned m5 = fld(d, 'm'), sysm = m5 >> 1 | (m5 & 1) << 4;
    bool spsr = fld(d, 'R');
    d->i->rd = (uint8_t)(d->row->exec == exec_MRS_banked ? fld(d, 'd') : fld(d, 'n'));
    d->i->rs = spsr;
    if (d->i->rd == 15) {
        return PREP_UNDEF;
    }
    if (spsr) {
        unsigned m = sysm == 0x0e ? MODE_FIQ : modes[sysm & 0x1f];
        d->i->rn = (uint8_t)m;
        d->i->imm = 16;
        return m ? PREP_OK : PREP_UNDEF;
    }
    if (sysm < 7) { // r8_usr .. lr_usr
        d->i->rn = MODE_USR;
        d->i->imm = sysm + 8;
        return PREP_OK;
    }
    if (sysm >= 8 && sysm <= 14) {
        d->i->rn = MODE_FIQ;
        d->i->imm = sysm;
        return PREP_OK;
    }
    unsigned m = modes[sysm & 0x1e];
    d->i->rn = (uint8_t)m;
    d->i->imm = sysm & 1 ? 13 : 14;
    return sysm >= 0x10 && m ? PREP_OK : PREP_UNDEF;
}

static uint32_t *banked_register(struct cpu *c, const struct insn *i)
{
    enum cpu_bank b = psr_bank(i->rn), now = psr_bank(c->mode);
    if (!cpu_privileged(c) || (i->rn == MODE_MON && !c->secure)) {
        exc_undefined(c); // UNPREDICTABLE
    }
    if (i->imm == 16) {
        return &c->spsr[b];
    }
    if (i->imm <= 12) {
        bool fiq = i->rn == MODE_FIQ;
        return (now == BANK_FIQ) == fiq ? &c->r[i->imm]
               : fiq                    ? &c->bank_r8_fiq[i->imm - 8]
                                        : &c->bank_r8_usr[i->imm - 8];
    }
    if (b == now) {
        return &c->r[i->imm];
    }
    return i->imm == 13 ? &c->bank_sp[b] : &c->bank_lr[b];
}

void exec_MRS_banked(struct cpu *c, const struct insn *i)
{
    c->r[i->rd] = *banked_register(c, i);
}

void exec_MSR_banked(struct cpu *c, const struct insn *i)
{
    *banked_register(c, i) = c->r[i->rd];
}

// ---- CPS, SETEND -----------------------------------------------------------------------------------------

// rm: imod; rn: bits A I F; rs: mode, 0 when it stays
enum prep prep_cps(struct decode *d)
{
    unsigned imod = fld(d, 'o'), change = fld(d, 'M');
    d->i->rm = (uint8_t)imod;
    d->i->rn = (uint8_t)(fld(d, 'A') << 2 | fld(d, 'I') << 1 | fld(d, 'F'));
    d->i->rs = (uint8_t)(change ? fld(d, 'm') : 0);
    // imod 01, or nothing to do, is UNPREDICTABLE (in T32, imod 00 without M is a hint).
    return imod == 1 ? PREP_UNDEF : PREP_OK;
}

enum prep prep_t_cps(struct decode *d)
{
    d->i->rm = (uint8_t)(2 | fld(d, 'M'));
    d->i->rn = (uint8_t)(fld(d, 'A') << 2 | fld(d, 'I') << 1 | fld(d, 'F'));
    return PREP_OK;
}

void exec_CPS(struct cpu *c, const struct insn *i)
{
    if (!cpu_privileged(c)) {
        return;
    }
    uint32_t mask = 0, val = 0;
    if (i->rm & 2) {
        mask = (uint32_t)i->rn << 6;
        val = i->rm & 1 ? mask : 0;
    }
    if (i->rs) {
        mask |= 0x1f;
        val |= i->rs;
        if (i->rs == MODE_MON && !c->secure) {
            mask &= ~0x1fu;
        }
    }
    if (c->cp15[CP15_SCTLR] & SCTLR_NMFI && val >> PSR_F & 1) {
        mask &= ~(1u << PSR_F);
    }
    psr_set(c, val, mask);
    exec_resync(c, i);
}

void exec_SETEND(struct cpu *c, const struct insn *i)
{
    bool e = i->raw >> (c->thumb ? 3 : 9) & 1;
    psr_set(c, (uint32_t)e << PSR_E, 1u << PSR_E);
}

// ---- exceptions and returns -------------------------------------------------------------------------------

static void finish_exception(struct cpu *c)
{
    uint8_t it = c->itstate;
    exec_branch(c, c->r[15]);
    c->itstate = it;
}

void exec_SVC(struct cpu *c, const struct insn *i)
{
    c->counters.svcs++;
    c->itstate = it_advance(i->it);
    exc_enter(c, EXC_SVC, insn_va(c, i));
    finish_exception(c);
}

void exec_SMC(struct cpu *c, const struct insn *i)
{
    if (!cpu_privileged(c) || (c->cp15[CP15_SCR] & SCR_SCD && !c->secure)) {
        exc_undefined(c);
    }
    c->itstate = it_advance(i->it);
    exc_enter(c, EXC_SMC, insn_va(c, i));
    finish_exception(c);
}

void exec_BKPT(struct cpu *c, const struct insn *i)
{
    // Without halting debug: a prefetch abort with the debug status.
    c->itstate = (uint8_t)i->it;
    exc_prefetch_abort(c, insn_va(c, i), insn_va(c, i), FS_DEBUG, 0);
}

void exec_ERET(struct cpu *c, const struct insn *i)
{
    (void)i;
    if (!psr_has_spsr(c)) {
        exc_undefined(c);
    }
    exc_return(c, c->r[14]);
}

void exec_SUBS_PC_LR(struct cpu *c, const struct insn *i)
{
    if (!psr_has_spsr(c)) {
        exc_undefined(c); // UNPREDICTABLE
    }
    exc_return(c, c->r[i->rn] - i->imm);
}

// rs: P, U, W in bits 0..2; rm: mode (SRS), rn: base (RFE). T32: bit 24 tells increment after.
static enum prep stack_form(struct decode *d)
{
    if (d->set == ISA_A32) {
        d->i->rs = (uint8_t)(fld(d, 'P') | fld(d, 'U') << 1 | fld(d, 'W') << 2);
    } else {
        bool ia = d->raw >> 24 & 1;
        d->i->rs = (uint8_t)((ia ? 2u : 1u) | fld(d, 'W') << 2);
    }
    return PREP_OK;
}

enum prep prep_srs(struct decode *d)
{
    d->i->rm = (uint8_t)fld(d, 'm');
    return stack_form(d);
}

enum prep prep_rfe(struct decode *d)
{
    d->i->rn = (uint8_t)fld(d, 'n');
    return d->i->rn == 15 ? PREP_UNDEF : stack_form(d);
}

static uint32_t two_words(uint32_t base, unsigned form)
{
    bool p = form & 1, u = form & 2;
    return u ? base + (p ? 4 : 0) : base - (p ? 8 : 4);
}

void exec_SRS(struct cpu *c, const struct insn *i)
{
    if (!psr_has_spsr(c) || !psr_mode_valid(c, i->rm) || (i->rm == MODE_MON && !c->secure)) {
        exc_undefined(c); // UNPREDICTABLE
    }
    enum cpu_bank b = psr_bank(i->rm);
    bool own = b == psr_bank(c->mode);
    uint32_t base = own ? c->r[13] : c->bank_sp[b], va = two_words(base, i->rs);
    mem_probe_write(c, va, 8);
    mem_st32ALIGNED(c, va, c->r[14]);
    mem_st32ALIGNED(c, va + 4, c->spsr[psr_bank(c->mode)]);
    if (i->rs & 4) {
        base = i->rs & 2 ? base + 8 : base - 8;
        if (own) {
            c->r[13] = base;
        } else {
            c->bank_sp[b] = base;
        }
    }
}

void exec_RFE(struct cpu *c, const struct insn *i)
{
    if (!cpu_privileged(c)) {
        exc_undefined(c); // UNPREDICTABLE
    }
    uint32_t base = c->r[i->rn], va = two_words(base, i->rs);
    uint32_t to = mem_ld32ALIGNED(c, va), psr = mem_ld32ALIGNED(c, va + 4);
    if (i->rs & 4) {
        c->r[i->rn] = i->rs & 2 ? base + 8 : base - 8;
    }
    exc_return_psr(c, to, psr);
}

// ---- hints, barriers ------------------------------------------------------------------------------------------

void exec_WFI(struct cpu *c, const struct insn *i)
{
    (void)i;
    exec_wait(c);
}

// A core alone never waits for events: nobody else sends one, and a NOP is allowed.
void exec_WFE(struct cpu *c, const struct insn *i)
{
    if (c->event || !cluster_shared(c)) {
        c->event = false;
        return;
    }
    exec_resync(c, i);
    c->wfe_waiting = true;
    if (cluster_wakes(c, atomic_load(&c->lines))) {
        c->wfe_waiting = false;
        return;
    }
    c->waiting = true;
    atomic_fetch_or(&c->attention, ATTN_WAIT);
}

void exec_SEV(struct cpu *c, const struct insn *i)
{
    (void)i;
    cluster_send_event(c);
}

// The one order that x86 does not keep by itself: a store before a load.
void exec_barrier(struct cpu *c, const struct insn *i)
{
    (void)c;
    (void)i;
    atomic_thread_fence(memory_order_seq_cst);
}

void exec_ISB(struct cpu *c, const struct insn *i)
{
    exec_resync(c, i);
}

// ---- coprocessors 14 and 15 ----------------------------------------------------------------------------------

// imm: register row
enum prep prep_mcr(struct decode *d)
{
    unsigned p = fld(d, 'p');
    d->i->rd = (uint8_t)fld(d, 'd');
    if (p != 15 && p != 14) {
        return PREP_UNDEF;
    }
    int row = sysreg_find(d->cpu, p, fld(d, 'n'), fld(d, 'o'), fld(d, 'm'), fld(d, 'q'));
    if (row < 0) {
        return PREP_UNDEF;
    }
    d->i->imm = (uint32_t)row;
    return PREP_OK;
}

static bool allowed(const struct cpu *c, const struct sysreg *r, bool write)
{
    if (r->access & SR_SECURE && !c->secure) {
        return false;
    }
    if (cpu_privileged(c)) {
        return r->access & (write ? SR_W : SR_R);
    }
    if (r->cp == 15 && r->crn == 9 && !(c->cp15[CP15_PMUSERENR] & 1)) {
        return false;
    }
    return r->access & (write ? SR_UW : SR_UR);
}

void exec_MRC(struct cpu *c, const struct insn *i)
{
    const struct sysreg *r = &sysregs[i->imm];
    if (!allowed(c, r, false)) {
        // Reading a write-only operation on old cores gives nothing useful; v7 says UNDEFINED.
        if (c->model->arch >= 6 || !cpu_privileged(c)) {
            exc_undefined(c);
        }
        c->r[i->rd & 15] = 0;
        return;
    }
    uint32_t v = r->read ? r->read(c, r) : c->cp15[i->imm];
    if (i->rd == 15) {
        psr_set_flags(c, v);
    } else {
        c->r[i->rd] = v;
    }
}

void exec_MCR(struct cpu *c, const struct insn *i)
{
    const struct sysreg *r = &sysregs[i->imm];
    if (!allowed(c, r, true)) {
        if (c->model->arch >= 6 || !cpu_privileged(c)) {
            exc_undefined(c);
        }
        return;
    }
    uint32_t v = i->rd == 15 ? insn_pc(c, i) : c->r[i->rd];
    if (r->write) {
        r->write(c, r, v);
    } else {
        c->cp15[i->imm] = (c->cp15[i->imm] & ~r->writable) | (v & r->writable);
    }
}

// ARMv6 block cache operations are NOPs; nothing else is allocated.
enum prep prep_mcrr(struct decode *d)
{
    return fld(d, 'p') == 15 ? PREP_OK : PREP_UNDEF;
}

void exec_MCRR(struct cpu *c, const struct insn *i)
{
    (void)i;
    if (c->model->arch != 6 || !cpu_privileged(c)) {
        exc_undefined(c);
    }
}

void exec_MRRC(struct cpu *c, const struct insn *i)
{
    (void)i;
    exc_undefined(c);
}

// ---- reading thread registers, threaded -----------------------------------------------------------

static next_insn MRC_1(OP_ARGS)
{
    c->r[i->rd] = c->cp15[i->imm];
    NEXT(1);
}

static next_insn MRC_2(OP_ARGS)
{
    c->r[i->rd] = c->cp15[i->imm];
    NEXT(2);
}

// Plain storage that any mode may read needs no checks.
op_fn *ops_sys_special(const struct insn *i)
{
    if (i->body.exec != exec_MRC || i->rd == 15) {
        return NULL;
    }
    const struct sysreg *r = &sysregs[i->imm];
    if (r->read || !(r->access & SR_UR) || r->access & SR_SECURE || r->crn == 9) {
        return NULL;
    }
    return i->wide ? MRC_2 : MRC_1;
}
