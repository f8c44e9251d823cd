// SPDX-License-Identifier: MIT
//
// The room's public face: life, memory, state, inspection and saved state of a CPU; see cpu.h. Running
// is in interp.c, breakpoints in debug.c.
#include "cpu/cpu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/snapshot.h"
#include "cpu/cluster.h"
#include "cpu/code.h"
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/jit/jit.h"
#include "cpu/mmu.h"
#include "cpu/models.h"
#include "cpu/psr.h"
#include "cpu/sysreg.h"
#ifdef CPU_HAS_DISASM
#include "cpu/disasm.h"
#endif

// ---- life --------------------------------------------------------------------------------------

const char *const *cpu_models(void)
{
    return model_names;
}

static enum cpu_bus_result no_read(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t *val)
{
    (void)bus;
    (void)pa;
    (void)size;
    *val = 0;
    return CPU_BUS_ABORT;
}

static enum cpu_bus_result no_write(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t val)
{
    (void)bus;
    (void)pa;
    (void)size;
    (void)val;
    return CPU_BUS_ABORT;
}

// Makes `c` a core of its peer's cluster, or the first of its own.
static int join_cluster(struct cpu *c, struct cpu *peer, struct err *err)
{
    struct cluster *k = peer ? peer->cluster : calloc(1, sizeof *k);
    if (!k) {
        return err_set(err, -ENOMEM, "out of memory");
    }
    if (k->count == CPU_CLUSTER_MAX) {
        return err_set(err, -EINVAL, "more than %d cores in a cluster", CPU_CLUSTER_MAX);
    }
    if (peer && peer->model != c->model) {
        return err_set(err, -EINVAL, "cores of one cluster are of one model");
    }
    k->cpu[k->count++] = c;
    c->cluster = k;
    return 0;
}

static int make_engine(struct cpu *c, const struct cpu_config *cfg, struct err *err)
{
    c->mmu = mmu_create();
    if (!c->mmu) {
        return err_set(err, -ENOMEM, "out of memory");
    }
    if (cfg->peer) {
        c->code = cfg->peer->code;
        c->jit = cfg->peer->jit;
        return 0;
    }
    c->code = code_create();
    if (!c->code) {
        return err_set(err, -ENOMEM, "out of memory");
    }
    if (cfg->engine == CPU_ENGINE_TRANSLATOR) {
        c->jit = jit_create(err);
        if (!c->jit) {
            return -ENOTSUP;
        }
        code_plain_slots(c->code);
    }
    return 0;
}

struct cpu *cpu_create(const struct cpu_config *cfg, struct err *err)
{
    static const struct cpu_bus nothing = {no_read, no_write};
    const struct cpu_model *model = model_find(cfg->model);
    if (!model) {
        char list[160] = "";
        for (const char *const *m = model_names; *m; m++) {
            size_t n = strlen(list);
            snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", *m);
        }
        err_set(err, -EINVAL, "no CPU model '%s' (there are %s)", cfg->model ? cfg->model : "",
                list);
        return NULL;
    }
    struct cpu *c = aligned_alloc(64, align_up(sizeof *c, 64));
    if (!c) {
        err_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    memset(c, 0, sizeof *c);
    c->model = model;
    c->features = model->features;
    c->midr = cfg->midr ? cfg->midr : model->midr;
    c->index = cfg->index;
    // The bus is only ever called through, never written.
    c->bus = cfg->bus ? cfg->bus : (struct cpu_bus *)(uintptr_t)&nothing;
    c->log = cfg->log;
    c->cbar = cfg->cbar ? cfg->cbar : model->cbar;
    if (join_cluster(c, cfg->peer, err) || make_engine(c, cfg, err)) {
        cpu_destroy(c);
        return NULL;
    }
    cpu_reset(c);
    return c;
}

void cpu_destroy(struct cpu *cpu)
{
    if (cpu) {
        struct cluster *k = cpu->cluster;
        mmu_destroy(cpu->mmu);
        if (k && k->count == 1) {
            code_destroy(cpu->code);
            jit_destroy(cpu->jit);
            free(k);
        } else if (k) {
            cluster_leave(k, cpu);
        }
        free(cpu->debug);
        free(cpu);
    }
}

void cpu_reset(struct cpu *c)
{
    memset(c->r, 0, sizeof c->r);
    memset(c->spsr, 0, sizeof c->spsr);
    memset(c->bank_sp, 0, sizeof c->bank_sp);
    memset(c->bank_lr, 0, sizeof c->bank_lr);
    memset(c->bank_r8_usr, 0, sizeof c->bank_r8_usr);
    memset(c->bank_r8_fiq, 0, sizeof c->bank_r8_fiq);
    memset(c->d, 0, sizeof c->d);
    c->fpscr_nzcv = c->fpscr_qc = c->fpscr_ctl = c->fpscr_exc = c->fpexc = 0;
    psr_set_flags(c, 0);
    c->q = c->ge = 0;
    c->mode = MODE_SVC;
    c->psr_i = c->psr_f = true;
    c->psr_a = ISA_HAS(c->features, V6);
    c->psr_e = c->psr_j = false;
    c->itstate = 0;
    c->excl_set = c->event = c->waiting = c->wfe_waiting = false;
    c->brk_skip = 1;
    sysreg_reset(c);
    c->thumb = c->cp15[CP15_SCTLR] & SCTLR_TE && c->model->arch >= 7;
    c->r[15] = c->cp15[CP15_SCTLR] & SCTLR_V ? 0xffff0000 : 0;
    mmu_flush_all(c);
    mmu_select(c);
    fp_update(c);
    atomic_store(&c->attention, ATTN_LINE);
}

// ---- memory ----------------------------------------------------------------------------------------

int cpu_map_ram(struct cpu *cpu, uint32_t pa, uint64_t bytes, void *host, unsigned flags,
                struct err *err)
{
    return mmu_map(cpu, pa, bytes, host, flags, err);
}

void cpu_unmap_ram(struct cpu *cpu, uint32_t pa, uint64_t bytes)
{
    mmu_unmap(cpu, pa, bytes);
    code_flush_later(cpu);
}

void cpu_ram_written(struct cpu *cpu, uint32_t pa, uint64_t bytes)
{
    while (bytes) {
        uint32_t off = pa & 0xfff;
        uint64_t n = 0x1000 - off < bytes ? 0x1000 - off : bytes;
        uint8_t *host = mmu_ram(cpu, pa - off, NULL);
        if (host && code_written(cpu, host, off, (unsigned)n)) {
            EACH_CORE(cpu, p)
            {
                atomic_fetch_or(&p->attention, ATTN_REFETCH);
            }
        }
        bytes -= n;
        if (n > 0xffffffffull - pa) {
            break;
        }
        pa += (uint32_t)n;
    }
}

// ---- running ---------------------------------------------------------------------------------------

uint64_t cpu_insns(const struct cpu *cpu)
{
    return cpu->insns_end - cpu->left;
}

void cpu_request_stop(struct cpu *cpu)
{
    atomic_fetch_or(&cpu->attention, ATTN_STOP);
}

bool cpu_sleeping(const struct cpu *cpu)
{
    return cpu->waiting && !cluster_wakes(cpu, atomic_load(&cpu->lines));
}

void cpu_set_line(struct cpu *cpu, enum cpu_line line, bool level)
{
    if ((unsigned)line >= CPU_LINE_COUNT) {
        return;
    }
    if (level) {
        atomic_fetch_or(&cpu->lines, 1u << line);
        atomic_fetch_or(&cpu->attention, ATTN_LINE);
    } else {
        atomic_fetch_and(&cpu->lines, ~(1u << line));
    }
}

// ---- state -----------------------------------------------------------------------------------------

uint32_t cpu_get(const struct cpu *c, enum cpu_reg reg)
{
    switch (reg) {
    case CPU_CPSR:
        return psr_get(c, c->itstate);
    case CPU_SPSR:
        return psr_has_spsr(c) ? c->spsr[psr_bank(c->mode)] : 0;
    case CPU_FPSCR:
        return c->fpscr_nzcv | c->fpscr_qc | c->fpscr_ctl | c->fpscr_exc;
    case CPU_FPEXC:
        return c->fpexc;
    default:
        // Inside a bus callback the PC is that of the instruction in progress.
        if (reg == CPU_PC && c->unwind && c->cur && c->left) {
            return insn_va(c, c->cur);
        }
        return (unsigned)reg < 16 ? c->r[reg] : 0;
    }
}

void cpu_set(struct cpu *c, enum cpu_reg reg, uint32_t val)
{
    switch (reg) {
    case CPU_CPSR:
        c->itstate = 0;
        psr_set(c, val, 0xffffffff);
        if (!c->thumb || !ISA_HAS(c->features, V6T2)) {
            c->itstate = 0;
        }
        break;
    case CPU_SPSR:
        if (psr_has_spsr(c)) {
            c->spsr[psr_bank(c->mode)] = val;
        }
        break;
    case CPU_FPSCR:
        c->fpscr_nzcv = val & 0xf0000000;
        c->fpscr_qc = val & 1u << 27;
        c->fpscr_ctl = val & 0x07f79f00;
        c->fpscr_exc = val & 0x9f;
        break;
    case CPU_FPEXC:
        c->fpexc = val & 0x40000000;
        fp_update(c);
        break;
    default:
        if ((unsigned)reg < 16) {
            c->r[reg] = val;
            if (reg == CPU_PC) {
                c->itstate = 0;
                c->brk_skip = 1;
            }
        }
        break;
    }
}

uint64_t cpu_get_d(const struct cpu *cpu, unsigned n)
{
    return n < 32 ? cpu->d[n] : 0;
}

void cpu_set_d(struct cpu *cpu, unsigned n, uint64_t val)
{
    if (n < 32) {
        cpu->d[n] = val;
    }
}

bool cpu_get_cp15(struct cpu *cpu, unsigned crn, unsigned opc1, unsigned crm, unsigned opc2,
                  uint32_t *val)
{
    int n = sysreg_find(cpu, 15, crn, opc1, crm, opc2);
    if (n < 0 || !(sysregs[n].access & SR_R)) {
        return false;
    }
    *val = sysregs[n].read ? sysregs[n].read(cpu, &sysregs[n]) : cpu->cp15[n];
    return true;
}

// ---- inspection --------------------------------------------------------------------------------------

bool cpu_translate(struct cpu *cpu, uint32_t va, enum cpu_access access, uint32_t *pa)
{
    struct xlat x;
    mmu_probe(cpu, va, access, cpu_privileged(cpu), &x);
    *pa = x.pa;
    return !x.fs;
}

// Runs over the pages of [va, va + n); `data` is read or written.
static size_t copy_virtual(struct cpu *c, uint32_t va, uint8_t *data, size_t n, bool write)
{
    size_t done = 0;
    while (done < n) {
        struct xlat x;
        const struct ram_window *win;
        // A debugger reads what any privilege may read.
        mmu_probe(c, va, CPU_READ, true, &x);
        uint8_t *host = x.fs ? NULL : mmu_ram(c, x.pa, &win);
        if (!host) {
            break;
        }
        size_t k = 0x400 - (va & 0x3ff);
        k = k < n - done ? k : n - done;
        if (write) {
            memcpy(host, data + done, k);
            cpu_ram_written(c, x.pa, k);
        } else {
            memcpy(data + done, host, k);
        }
        done += k;
        va += (uint32_t)k;
    }
    return done;
}

size_t cpu_read_virtual(struct cpu *cpu, uint32_t va, void *data, size_t n)
{
    return copy_virtual(cpu, va, data, n, false);
}

size_t cpu_write_virtual(struct cpu *cpu, uint32_t va, const void *data, size_t n)
{
    // Only read through when writing.
    return copy_virtual(cpu, va, (uint8_t *)(uintptr_t)data, n, true);
}

uint32_t cpu_stop_address(const struct cpu *cpu)
{
    return cpu->stop_address;
}

int cpu_disassemble(struct cpu *cpu, uint32_t va, char *buf, size_t n)
{
    uint8_t code[4] = {0};
    size_t got = cpu_read_virtual(cpu, va, code, 4);
    unsigned bytes = cpu->thumb ? 2 : 4;
    uint32_t raw = get_le32(code);
    enum isa_set set = ISA_A32;
    if (cpu->thumb) {
        set = ISA_T16;
        raw = get_le16(code);
        if (isa_t32_first((uint16_t)raw, cpu->features)) {
            set = ISA_T32;
            bytes = 4;
            raw = raw << 16 | get_le16(code + 2);
        }
    }
    if (got < bytes) {
        snprintf(buf, n, "(unreadable)");
        return (int)(cpu->thumb ? 2 : 4);
    }
#ifdef CPU_HAS_DISASM
    return (int)arm_disassemble(set, cpu->features, va == cpu->r[15] ? cpu->itstate : 0, va, raw,
                                buf, n);
#else
    const struct isa_row *row = isa_find(set, raw, cpu->features, NULL, NULL);
    snprintf(buf, n, "%0*" PRIx32 " %s", (int)bytes * 2, raw, row ? row->syntax : "undefined");
    return (int)bytes;
#endif
}

void cpu_counters(const struct cpu *cpu, struct cpu_counters *out)
{
    *out = cpu->counters;
    out->insns = cpu_insns(cpu);
}

// ---- saved state ---------------------------------------------------------------------------------------

// The architectural state in a form that does not depend on the engine.
struct flat {
    uint32_t r[16], cpsr, spsr[BANK_COUNT], bank_sp[BANK_COUNT], bank_lr[BANK_COUNT];
    uint32_t bank_r8_usr[5], bank_r8_fiq[5];
    uint32_t excl_set, excl_pa, excl_size, event, waiting, secure;
    uint64_t excl_val;
    uint64_t d[32];
    uint32_t fpscr, fpexc;
    uint32_t cp15[CP15_COUNT], cp15_other[CP15_COUNT];
    uint32_t lines;
    uint64_t insns;
};

static const struct snap_field flat_fields[] = {
    SNAP_ARRAY(struct flat, r),           SNAP_FIELD(struct flat, cpsr),
    SNAP_ARRAY(struct flat, spsr),        SNAP_ARRAY(struct flat, bank_sp),
    SNAP_ARRAY(struct flat, bank_lr),     SNAP_ARRAY(struct flat, bank_r8_usr),
    SNAP_ARRAY(struct flat, bank_r8_fiq), SNAP_FIELD(struct flat, excl_set),
    SNAP_FIELD(struct flat, excl_pa),     SNAP_FIELD(struct flat, excl_size),
    SNAP_FIELD(struct flat, event),       SNAP_FIELD(struct flat, waiting),
    SNAP_FIELD(struct flat, secure),      SNAP_ARRAY(struct flat, d),
    SNAP_FIELD(struct flat, excl_val),    SNAP_FIELD(struct flat, fpscr),
    SNAP_FIELD(struct flat, fpexc),
    SNAP_ARRAY(struct flat, cp15),        SNAP_ARRAY(struct flat, cp15_other),
    SNAP_FIELD(struct flat, lines),       SNAP_FIELD(struct flat, insns),
    SNAP_END,
};

static void flatten(const struct cpu *c, struct flat *f)
{
    memset(f, 0, sizeof *f);
    memcpy(f->r, c->r, sizeof f->r);
    f->cpsr = psr_get(c, c->itstate);
    memcpy(f->spsr, c->spsr, sizeof f->spsr);
    memcpy(f->bank_sp, c->bank_sp, sizeof f->bank_sp);
    memcpy(f->bank_lr, c->bank_lr, sizeof f->bank_lr);
    memcpy(f->bank_r8_usr, c->bank_r8_usr, sizeof f->bank_r8_usr);
    memcpy(f->bank_r8_fiq, c->bank_r8_fiq, sizeof f->bank_r8_fiq);
    // The copy of a live bank is stale: leave it out.
    enum cpu_bank b = psr_bank(c->mode);
    f->bank_sp[b] = f->bank_lr[b] = 0;
    memset(b == BANK_FIQ ? f->bank_r8_fiq : f->bank_r8_usr, 0, sizeof f->bank_r8_fiq);
    f->excl_set = c->excl_set;
    f->excl_pa = c->excl_set ? c->excl_pa : 0;
    f->excl_size = c->excl_set ? c->excl_size : 0;
    f->excl_val = c->excl_set ? c->excl_val : 0;
    f->event = c->event;
    f->waiting = (uint32_t)c->waiting | (uint32_t)c->wfe_waiting << 1;
    f->secure = c->secure;
    memcpy(f->d, c->d, sizeof f->d);
    f->fpscr = cpu_get(c, CPU_FPSCR);
    f->fpexc = c->fpexc;
    memcpy(f->cp15, c->cp15, sizeof f->cp15);
    memcpy(f->cp15_other, c->cp15_other, sizeof f->cp15_other);
    f->lines = atomic_load(&c->lines);
    f->insns = cpu_insns(c);
}

void cpu_save(const struct cpu *cpu, struct snap_writer *w)
{
    struct flat f;
    flatten(cpu, &f);
    char name[24];
    snprintf(name, sizeof name, "cpu%u", cpu->index);
    snap_begin(w, name, 1);
    snap_put_u32(w, cpu->midr);
    snap_put_u32(w, CP15_COUNT);
    snap_put_fields(w, flat_fields, &f);
    snap_end(w);
}

int cpu_restore(struct cpu *c, struct snap_reader *r, struct err *err)
{
    struct flat f;
    char name[24];
    uint32_t version;
    snprintf(name, sizeof name, "cpu%u", c->index);
    int rc = snap_open(r, name, &version, err);
    if (rc) {
        return rc;
    }
    uint32_t midr = snap_get_u32(r), rows = snap_get_u32(r);
    if (version != 1 || midr != c->midr || rows != CP15_COUNT) {
        return err_set(err, -EINVAL, "section %s is of another CPU (ID %08x, version %u)", name,
                       midr, version);
    }
    rc = snap_get_fields(r, flat_fields, &f, err);
    if (rc) {
        return rc;
    }
    if (!psr_mode_valid(c, f.cpsr & 0x1f)) {
        return err_set(err, -EINVAL, "section %s has no valid mode", name);
    }
    cpu_reset(c);
    memcpy(c->cp15, f.cp15, sizeof c->cp15);
    memcpy(c->cp15_other, f.cp15_other, sizeof c->cp15_other);
    c->secure = f.secure;
    c->mode = f.cpsr & 0x1f;
    memcpy(c->spsr, f.spsr, sizeof c->spsr);
    memcpy(c->bank_sp, f.bank_sp, sizeof c->bank_sp);
    memcpy(c->bank_lr, f.bank_lr, sizeof c->bank_lr);
    memcpy(c->bank_r8_usr, f.bank_r8_usr, sizeof c->bank_r8_usr);
    memcpy(c->bank_r8_fiq, f.bank_r8_fiq, sizeof c->bank_r8_fiq);
    memcpy(c->r, f.r, sizeof c->r);
    psr_set(c, f.cpsr, 0xffffffff);
    c->excl_set = f.excl_set;
    c->excl_pa = f.excl_pa;
    c->excl_size = f.excl_size;
    c->excl_val = f.excl_val;
    c->event = f.event;
    c->waiting = f.waiting & 1;
    c->wfe_waiting = f.waiting == 3;
    memcpy(c->d, f.d, sizeof c->d);
    cpu_set(c, CPU_FPSCR, f.fpscr);
    c->fpexc = f.fpexc;
    atomic_store(&c->lines, f.lines & ((1u << CPU_LINE_COUNT) - 1));
    c->insns_end = f.insns;
    c->left = 0;
    mmu_flush_all(c);
    code_flush_later(c);
    mmu_select(c);
    fp_update(c);
    atomic_store(&c->attention, ATTN_LINE);
    return 0;
}

uint64_t cpu_state_hash(const struct cpu *cpu)
{
    struct flat f;
    flatten(cpu, &f);
    f.lines = 0; // belongs to the machine
    return hash_bytes(HASH_INIT, &f, sizeof f);
}
