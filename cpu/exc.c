// SPDX-License-Identifier: MIT
//
// Exception entry (ARM DDI 0406C B1.8): vectors, link addresses, masks, fault registers, and the
// security extensions' routing to monitor mode.
#include "cpu/exc.h"

#include "base/log.h"
#include "cpu/interp.h"
#include "cpu/mmu_int.h"
#include "cpu/models.h"
#include "cpu/psr.h"
#include "cpu/sysreg.h"

static const struct {
    const char *name;
    uint8_t mode, vector;
    uint8_t lr_arm, lr_thumb; // link register = preferred return address + this
    bool mask_f, mask_a;
} kinds[] = {
    [EXC_RESET] = {"reset", MODE_SVC, 0x00, 0, 0, true, true},
    [EXC_UNDEF] = {"undefined instruction", MODE_UND, 0x04, 4, 2, false, false},
    [EXC_SVC] = {"supervisor call", MODE_SVC, 0x08, 4, 2, false, false},
    [EXC_PREFETCH_ABORT] = {"prefetch abort", MODE_ABT, 0x0c, 4, 4, false, true},
    [EXC_DATA_ABORT] = {"data abort", MODE_ABT, 0x10, 8, 8, false, true},
    [EXC_HVC] = {"hypervisor call", MODE_HYP, 0x14, 4, 4, false, true},
    [EXC_IRQ] = {"IRQ", MODE_IRQ, 0x18, 4, 4, false, true},
    [EXC_FIQ] = {"FIQ", MODE_FIQ, 0x1c, 4, 4, true, true},
    [EXC_SMC] = {"secure monitor call", MODE_MON, 0x08, 4, 4, true, true},
};

static uint32_t vector_base(const struct cpu *c, bool to_monitor)
{
    if (to_monitor) {
        return c->cp15[CP15_MVBAR];
    }
    if (c->cp15[CP15_SCTLR] & SCTLR_V) {
        return 0xffff0000;
    }
    return ISA_HAS(c->features, SEC) ? c->cp15[CP15_VBAR] : 0;
}

// For programs around the CPU: it stops as it was before the instruction, or behind an SVC.
static void caught(struct cpu *c, enum exc_kind kind, uint32_t ret)
{
    c->caught = (uint8_t)(1 + kind);
    c->r[15] = ret + (kind == EXC_SVC ? kinds[kind].lr_arm >> c->thumb : 0);
    c->stop = CPU_STOP_REQUEST;
    c->stop_pending = true;
}

void exc_enter(struct cpu *c, enum exc_kind kind, uint32_t ret)
{
    if (unlikely(c->catching) && kind != EXC_IRQ && kind != EXC_FIQ) {
        caught(c, kind, ret);
        return;
    }
    bool to_monitor = kind == EXC_SMC;
    if (ISA_HAS(c->features, SEC)) {
        uint32_t scr = c->cp15[CP15_SCR];
        to_monitor |= (kind == EXC_IRQ && scr & SCR_IRQ) || (kind == EXC_FIQ && scr & SCR_FIQ);
    }
    uint32_t psr = psr_get(c, c->itstate);
    uint32_t lr = ret + (c->thumb ? kinds[kind].lr_thumb : kinds[kind].lr_arm);
    TRACE(c->log, exc, "%s at %08x cpsr %08x lr %08x", kinds[kind].name, ret, psr, lr);
    if (c->mode == MODE_MON) {
        c->cp15[CP15_SCR] &= ~(uint32_t)SCR_NS;
    }
    uint32_t base = vector_base(c, to_monitor);
    psr_set_mode(c, to_monitor ? MODE_MON : kinds[kind].mode);
    c->spsr[psr_bank(c->mode)] = psr;
    c->r[14] = lr;
    c->psr_i = true;
    if (kinds[kind].mask_f || to_monitor) {
        c->psr_f = true;
    }
    if (kinds[kind].mask_a || to_monitor) {
        c->psr_a = ISA_HAS(c->features, V6);
    }
    c->thumb = c->cp15[CP15_SCTLR] & SCTLR_TE && c->model->arch >= 7;
    bool ee = c->cp15[CP15_SCTLR] & SCTLR_EE && c->model->arch >= 6;
    if (ee != c->psr_e) {
        c->psr_e = ee;
        mmu_select(c);
    }
    c->itstate = 0;
    c->psr_j = false;
    c->r[15] = base + kinds[kind].vector;
}

void exc_undefined(struct cpu *c)
{
    c->counters.undefs++;
    c->itstate = (uint8_t)c->cur->it;
    exc_enter(c, EXC_UNDEF, insn_va(c, c->cur));
    cpu_unwind(c);
}

// Fault status register value; the fifth status bit and WnR exist from ARMv6 on.
static uint32_t fsr(const struct cpu *c, unsigned fs, unsigned domain, bool write)
{
    uint32_t v = (fs & 0xf) | domain << 4;
    if (c->model->arch >= 6) {
        v |= (fs >> 4 & 1) << 10 | (uint32_t)write << 11;
    }
    return v;
}

// Second-level translation and domain faults know their domain; the others report what the walk had.
static unsigned shown_domain(unsigned fs, unsigned domain)
{
    return fs == FS_ALIGN || fs == FS_TRANS_SECTION || fs == FS_WALK_EXTERNAL_1 ? 0 : domain;
}

void exc_data_abort(struct cpu *c, uint32_t va, unsigned fs, unsigned domain, bool write)
{
    c->counters.data_aborts++;
    c->cp15[CP15_DFSR] = fsr(c, fs, shown_domain(fs, domain), write);
    // The modified address where the fast context switch extension exists.
    c->cp15[CP15_DFAR] = va & 0xfe000000 ? va : va | (c->cp15[CP15_FCSEIDR] & 0xfe000000);
    TRACE(c->log, mmu, "data abort %s %08x fs %02x domain %u", write ? "write" : "read", va, fs,
          domain);
    c->itstate = (uint8_t)c->cur->it;
    exc_enter(c, EXC_DATA_ABORT, insn_va(c, c->cur));
    cpu_unwind(c);
}

void exc_prefetch_abort(struct cpu *c, uint32_t pc, uint32_t va, unsigned fs, unsigned domain)
{
    c->counters.prefetch_aborts++;
    if (!(c->model->quirks & MODEL_NO_IFSR)) {
        c->cp15[CP15_IFSR] = fsr(c, fs, c->model->arch >= 7 ? 0 : shown_domain(fs, domain), false);
        c->cp15[CP15_IFAR] = va;
    }
    TRACE(c->log, mmu, "prefetch abort %08x fs %02x", va, fs);
    exc_enter(c, EXC_PREFETCH_ABORT, pc);
    cpu_unwind(c);
}

void exc_take_interrupt(struct cpu *c, unsigned lines)
{
    bool fiq = lines >> CPU_LINE_FIQ & 1, irq = lines >> CPU_LINE_IRQ & 1;
    // In the non-secure state with routing to monitor, masks do not hold interrupts back.
    uint32_t scr = ISA_HAS(c->features, SEC) ? c->cp15[CP15_SCR] : 0;
    bool fiq_open = !c->psr_f || (!c->secure && scr & SCR_FIQ && !(scr & SCR_FW));
    if (fiq && fiq_open) {
        c->counters.fiqs++;
        exc_enter(c, EXC_FIQ, c->r[15]);
    } else if (irq && !c->psr_i) {
        c->counters.irqs++;
        exc_enter(c, EXC_IRQ, c->r[15]);
    }
}

void exc_return_psr(struct cpu *c, uint32_t to, uint32_t psr)
{
    TRACE(c->log, exc, "return to %08x cpsr %08x", to, psr);
    c->excl_set = false;
    psr_set(c, psr, 0xffffffff);
    if (!ISA_HAS(c->features, V6T2)) {
        c->itstate = 0;
    }
    uint8_t it = c->thumb ? c->itstate : 0;
    exec_branch(c, to & (c->thumb ? ~1u : ~3u));
    c->itstate = it;
}

void exc_return(struct cpu *c, uint32_t to)
{
    exc_return_psr(c, to, psr_has_spsr(c) ? c->spsr[psr_bank(c->mode)] : psr_get(c, 0));
}
