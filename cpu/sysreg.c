// SPDX-License-Identifier: MIT
//
// System registers: the table of isa/cp15.def, lookup, reset, and the side effects of reading and
// writing. Caches are not modelled, so their maintenance does nothing; the performance cycle counter
// counts instructions.
#include "cpu/sysreg.h"

#include "base/log.h"
#include "cpu/cluster.h"
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/mmu_int.h"
#include "cpu/models.h"

// ---- identification ---------------------------------------------------------------------------

static uint32_t rd_id(struct cpu *c, const struct sysreg *r)
{
    const struct cpu_model *m = c->model;
    unsigned n = (unsigned)(r - sysregs);
    if (n >= CP15_ID_ISAR0 && n <= CP15_ID_ISAR5) {
        return m->id_isar[n - CP15_ID_ISAR0];
    }
    if (n >= CP15_ID_MMFR0 && n <= CP15_ID_MMFR3) {
        return m->id_mmfr[n - CP15_ID_MMFR0];
    }
    switch (n) {
    case CP15_MIDR:
    case CP15_MIDR_4:
    case CP15_MIDR_7:
        return c->midr;
    case CP15_CTR:
        return m->ctr;
    case CP15_TCMTR:
        return m->tcmtr;
    case CP15_TLBTR:
        return m->tlbtr;
    case CP15_MPIDR:
        return m->mpidr + (m->quirks & MODEL_MP ? c->index : 0);
    case CP15_ID_PFR0:
    case CP15_ID_PFR1:
        return m->id_pfr[n - CP15_ID_PFR0];
    case CP15_ID_DFR0:
        return m->id_dfr0;
    case CP15_ID_AFR0:
        return m->id_afr0;
    case CP15_CLIDR:
        return m->clidr;
    case CP15_DBGDIDR:
        return m->dbgdidr;
    case CP15_A9_CBAR:
    case CP15_A15_CBAR:
        return c->cbar;
    default:
        return 0;
    }
}

static uint32_t rd_ccsidr(struct cpu *c, const struct sysreg *r)
{
    (void)r;
    uint32_t sel = c->cp15[CP15_CSSELR];
    if (sel >= 4) {
        return 0;
    }
    return sel == 2 ? c->model->ccsidr[2] : sel == 3 ? 0 : c->model->ccsidr[sel];
}

static uint32_t rd_l2ctlr(struct cpu *c, const struct sysreg *r)
{
    (void)r;
    return (c->cp15[CP15_L2CTLR] & 0x00ffffff) | (uint32_t)(c->cluster->count - 1) << 24;
}

static uint32_t rd_isr(struct cpu *c, const struct sysreg *r)
{
    (void)r;
    unsigned lines = atomic_load(&c->lines);
    return (lines >> CPU_LINE_IRQ & 1) << 7 | (lines >> CPU_LINE_FIQ & 1) << 6;
}

// ---- control ------------------------------------------------------------------------------------

static void wr_sctlr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    uint32_t old = c->cp15[CP15_SCTLR], w = c->model->sctlr_writable;
    uint32_t now = (old & ~w) | (val & w);
    c->cp15[CP15_SCTLR] = now;
    uint32_t meaning = SCTLR_M | SCTLR_B | SCTLR_S | SCTLR_R | SCTLR_XP | SCTLR_EE | SCTLR_TRE |
                       SCTLR_AFE;
    if ((old ^ now) & SCTLR_A) {
        atomic_fetch_or(&c->attention, ATTN_REFETCH); // for jit_run
    }
    if ((old ^ now) & meaning) {
        TRACE(c->log, exc, "SCTLR %08x -> %08x", old, now);
        // Instructions already fetched go on with the old translation: the lookup happens at the
        // next taken branch or barrier (old boot code jumps off its flat page this way).
        mmu_flush_all(c);
        mmu_select(c);
    }
}

static void wr_cpacr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    if (c->model->arch >= 7 && !(val >> 20 & 0xf)) {
        val &= ~0xc0000000u;
    }
    uint32_t keep = 0x00f00000 | (c->model->mvfr1 ? 0xc0000000 : 0);
    c->cp15[CP15_CPACR] = val & (c->model->fpsid ? keep : 0);
    fp_update(c);
}

static void wr_scr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    c->cp15[CP15_SCR] = val & 0x3f;
    if (c->mode != MODE_MON) {
        sysreg_world_switch(c, !(val & SCR_NS));
    }
    atomic_fetch_or(&c->attention, ATTN_LINE | ATTN_REFETCH);
}

static void wr_nsacr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    if (c->secure) {
        c->cp15[CP15_NSACR] = val & 0xfffff;
        fp_update(c);
    }
}

// Another bank: go through it for the next instruction, or, where cores fetch ahead, after the next
// taken branch.
static void context_changed(struct cpu *c)
{
    if (c->model->quirks & MODEL_FETCH_AHEAD) {
        atomic_fetch_or(&c->attention, ATTN_REFETCH);
    } else {
        exec_resync(c, c->cur);
    }
}

// ---- translation ----------------------------------------------------------------------------------

static void wr_ttbr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    // TLB entries survive a new table base; the guest flushes or changes the ASID.
    c->cp15[r - sysregs] = val;
}

static void wr_ttbcr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    if ((c->cp15[r - sysregs] ^ val) & 0x37) {
        c->cp15[r - sysregs] = val & (ISA_HAS(c->features, SEC) ? 0x37 : 7);
        mmu_flush_all(c);
    }
}

static void wr_dacr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    if (c->cp15[r - sysregs] != val) {
        c->cp15[r - sysregs] = val;
        mmu_select(c);
        context_changed(c);
    }
}

static void wr_fcse(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    if (c->model->quirks & MODEL_FCSE) {
        c->cp15[r - sysregs] = val & 0xfe000000;
        mmu_select(c);
        context_changed(c);
    }
}

static void wr_contextidr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    uint32_t old = c->cp15[r - sysregs];
    c->cp15[r - sysregs] = val;
    if ((old ^ val) & 0xff) {
        mmu_select(c);
        context_changed(c);
    }
}

static void wr_remap(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    if (c->cp15[r - sysregs] != val) {
        c->cp15[r - sysregs] = val;
        mmu_flush_all(c);
    }
}

static void wr_tlbiall(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    (void)val;
    mmu_flush_all(c);
}

static uint32_t fcse(const struct cpu *c, uint32_t mva)
{
    // ARMv4/v5 take a modified address already; only addresses below 32 MiB go through the PID.
    return mva & 0xfe000000 ? mva : mva | (c->cp15[CP15_FCSEIDR] & 0xfe000000);
}

static void wr_tlbimva(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    mmu_flush_mva(c, fcse(c, val & 0xfffff000), c->model->arch >= 6 ? (int)(val & 0xff) : -1);
}

static void wr_tlbimvaa(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    mmu_flush_mva(c, fcse(c, val & 0xfffff000), -1);
}

static void wr_tlbiasid(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    mmu_flush_asid(c, val & 0xff);
}

// The inner shareable forms reach every core.
#define BROADCAST(name)                                                                            \
    static void name##_is(struct cpu *c, const struct sysreg *r, uint32_t val)                     \
    {                                                                                              \
        EACH_CORE(c, p)                                                                            \
        {                                                                                          \
            name(p, r, val);                                                                       \
        }                                                                                          \
    }
BROADCAST(wr_tlbiall)
BROADCAST(wr_tlbimva)
BROADCAST(wr_tlbimvaa)
BROADCAST(wr_tlbiasid)

static void wr_ats(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    static const enum cpu_access access[2] = {CPU_READ, CPU_WRITE};
    struct xlat x;
    mmu_translate(c, val, access[r->opc2 & 1], !(r->opc2 & 2), &x);
    if (x.fs) {
        c->cp15[CP15_PAR] = 1 | (x.fs & 0xfu) << 1 | (uint32_t)(x.fs >> 4 & 1) << 5;
        return;
    }
    // Memory attributes as the descriptor has them: inner from C, B; shareability from S.
    unsigned tex = x.attrs >> 2 & 7, cb = x.attrs & 3;
    unsigned inner = x.device ? (tex || cb ? 3 : 1) : cb == 3 ? 7 : cb == 2 ? 6 : cb == 1 ? 5 : 0;
    c->cp15[CP15_PAR] = (x.pa & 0xfffff000) | inner << 4 | (uint32_t)(x.attrs >> 5 & 1) << 7 |
                        (uint32_t)!c->secure << 9;
}

// ---- operations -----------------------------------------------------------------------------------

static void wr_nop(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)c;
    (void)r;
    (void)val;
}

static void wr_fence(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)c;
    (void)r;
    (void)val;
    atomic_thread_fence(memory_order_seq_cst);
}

static void wr_isb(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    (void)val;
    exec_resync(c, c->cur);
}

static void wr_wfi(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    (void)val;
    exec_wait(c);
}

// ARM926 "test and clean": r15 as destination gets the flags, Z set says that nothing is dirty.
static uint32_t rd_test_clean(struct cpu *c, const struct sysreg *r)
{
    (void)c;
    (void)r;
    return 1u << 30;
}

// ---- performance monitors (cycles = instructions) ----------------------------------------------------

static unsigned pm_counters(const struct cpu *c)
{
    return c->model->pmcr >> 11 & 31;
}

static uint32_t pm_mask(const struct cpu *c)
{
    return 0x80000000u | ((1u << pm_counters(c)) - 1);
}

static uint32_t now(const struct cpu *c)
{
    return (uint32_t)(cpu_insns(c) >> (c->cp15[CP15_PMCR] & 8 ? 6 : 0));
}

static bool pm_cycles_on(const struct cpu *c)
{
    return c->cp15[CP15_PMCR] & 1 && c->cp15[CP15_PMCNTENSET] >> 31;
}

// PMCCNTR is stored as an offset from the clock while it runs and as a value while it stands.
static uint32_t pm_cycles(const struct cpu *c)
{
    return c->cp15[CP15_PMCCNTR] + (pm_cycles_on(c) ? now(c) : 0);
}

static void pm_set_cycles(struct cpu *c, uint32_t val)
{
    c->cp15[CP15_PMCCNTR] = val - (pm_cycles_on(c) ? now(c) : 0);
}

static uint32_t rd_pmccntr(struct cpu *c, const struct sysreg *r)
{
    if (c->model->arch == 6) {
        return c->cp15[r - sysregs] + (uint32_t)cpu_insns(c);
    }
    return pm_cycles(c);
}

static void wr_pmccntr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    if (c->model->arch == 6) {
        c->cp15[r - sysregs] = val - (uint32_t)cpu_insns(c);
    } else {
        pm_set_cycles(c, val);
    }
}

static uint32_t rd_pmcr(struct cpu *c, const struct sysreg *r)
{
    return (c->model->pmcr & 0xffffff00) | (c->cp15[r - sysregs] & 0x39);
}

static void wr_pmcr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    uint32_t cycles = val & 4 ? 0 : pm_cycles(c);
    c->cp15[r - sysregs] = val & 0x39;
    pm_set_cycles(c, cycles);
    if (val & 2) {
        for (unsigned k = 0; k < 6; k++) {
            c->cp15[CP15_PM_COUNTER0 + k] = 0;
        }
    }
}

static const uint16_t pm_storage[] = {CP15_PMCNTENSET, CP15_PMINTENSET};

static uint32_t rd_pm_set(struct cpu *c, const struct sysreg *r)
{
    return c->cp15[pm_storage[r->crm == 14]];
}

static void wr_pm_set(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    uint32_t cycles = pm_cycles(c);
    c->cp15[pm_storage[r->crm == 14]] |= val & pm_mask(c);
    pm_set_cycles(c, cycles);
}

static void wr_pm_clear(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    uint32_t cycles = pm_cycles(c);
    c->cp15[pm_storage[r->crm == 14]] &= ~val;
    pm_set_cycles(c, cycles);
}

static void wr_pm_ovsr(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    c->cp15[r - sysregs] &= ~val;
}

static void wr_pm_swinc(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    (void)r;
    for (unsigned k = 0; k < pm_counters(c) && k < 6; k++) {
        if (val >> k & 1 && c->cp15[CP15_PM_TYPE0 + k] == 0) {
            c->cp15[CP15_PM_COUNTER0 + k]++;
        }
    }
}

// Event counters keep what is written; no event but software increment is counted.
static uint32_t rd_pm_event(struct cpu *c, const struct sysreg *r)
{
    unsigned k = c->cp15[CP15_PMSELR] & 31;
    if (k >= pm_counters(c) || k >= 6) {
        return 0;
    }
    return c->cp15[(r->opc2 == 1 ? CP15_PM_TYPE0 : CP15_PM_COUNTER0) + k];
}

static void wr_pm_event(struct cpu *c, const struct sysreg *r, uint32_t val)
{
    unsigned k = c->cp15[CP15_PMSELR] & 31;
    if (k < pm_counters(c) && k < 6) {
        c->cp15[(r->opc2 == 1 ? CP15_PM_TYPE0 : CP15_PM_COUNTER0) + k] =
            r->opc2 == 1 ? val & 0xff : val;
    }
}

// ---- the table -------------------------------------------------------------------------------------

const struct sysreg sysregs[CP15_COUNT] = {
#define CP15(name, cp, crn, opc1, crm, opc2, models, access, reset, writable, read, write)         \
    {#name, cp, crn, opc1, crm, opc2, access, models, reset, writable, read, write},
#include "cpu/isa/cp15.def"
#undef CP15
};

int sysreg_find(const struct cpu *c, unsigned cp, unsigned crn, unsigned opc1, unsigned crm,
                unsigned opc2)
{
    for (unsigned n = 0; n < CP15_COUNT; n++) {
        const struct sysreg *r = &sysregs[n];
        if (r->models & c->model->family && r->cp == cp && r->crn == crn && r->opc1 == opc1 &&
            r->crm == crm && r->opc2 == opc2) {
            return (int)n;
        }
    }
    if (cp != 15) {
        return -1;
    }
    // Old cores decode little: any other opcode 2 of c0 reads the main ID, cache operations are many.
    if (crn == 0 && crm == 0 && opc1 == 0 && c->model->arch <= 6) {
        return CP15_MIDR;
    }
    if (crn == 7 && c->model->arch <= 6 && opc1 == 0) {
        return CP15_ICIALLU;
    }
    // CPUID space of ARMv7 not allocated reads 0.
    if (crn == 0 && opc1 == 0 && crm >= 3 && crm <= 7 && c->model->arch >= 7) {
        return CP15_REVIDR;
    }
    return -1;
}

void sysreg_reset(struct cpu *c)
{
    for (unsigned n = 0; n < CP15_COUNT; n++) {
        c->cp15[n] = c->cp15_other[n] = sysregs[n].reset;
    }
    c->cp15[CP15_SCTLR] = c->cp15_other[CP15_SCTLR] = c->model->sctlr_reset;
    c->cp15[CP15_ACTLR] = c->model->actlr_reset;
    c->secure = true;
}

void sysreg_world_switch(struct cpu *c, bool secure)
{
    if (secure == c->secure) {
        return;
    }
    c->secure = secure;
    for (unsigned n = 0; n < CP15_COUNT; n++) {
        if (sysregs[n].access & SR_BANKED) {
            uint32_t t = c->cp15[n];
            c->cp15[n] = c->cp15_other[n];
            c->cp15_other[n] = t;
        }
    }
    // Descriptors are not tagged with the security state.
    mmu_flush_all(c);
    mmu_select(c);
    fp_update(c);
}

// ---- VFP and NEON enables ------------------------------------------------------------------------------

static bool coprocessor_open(const struct cpu *c)
{
    if (!c->model->fpsid) {
        return false;
    }
    if (c->model->arch < 6) {
        return true; // no CPACR
    }
    if (!c->secure && (c->cp15[CP15_NSACR] >> 10 & 3) != 3) {
        return false;
    }
    unsigned cp10 = c->cp15[CP15_CPACR] >> 20 & 3;
    return cp10 == 3 || (cp10 == 1 && cpu_privileged(c));
}

bool fp_sysreg_ok(const struct cpu *c)
{
    return coprocessor_open(c);
}

void fp_update(struct cpu *c)
{
    c->fp_on = coprocessor_open(c) && c->fpexc >> 30 & 1;
    bool disabled = c->cp15[CP15_CPACR] >> 31 || (!c->secure && c->cp15[CP15_NSACR] >> 15 & 1);
    c->neon_on = c->fp_on && ISA_HAS(c->features, NEON) && !disabled;
}
