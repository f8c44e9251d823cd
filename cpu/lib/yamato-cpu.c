// SPDX-License-Identifier: MIT
//
// The library's front; see yamato-cpu.h. The CPU runs with its MMU on behind an identity map of sections
// of normal memory, because with the MMU off every unaligned access would fault on ARMv7; the table is in
// the last MiB, where nothing of the caller's can be. Exceptions are caught before they are entered.
#include "cpu/lib/yamato-cpu.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "cpu/mmu.h"
#include "cpu/models.h"
#include "cpu/state.h"
#include "cpu/sysreg.h"
#include "cpu/tools.h"

enum { TABLE_BYTES = 0x4000, MAPS = 12, PAGE_BYTES = 4096 };
#define LIBRARY_VA 0xfff00000u

struct map {
    uint32_t addr;
    uint64_t bytes;
    void *own; // ours to free
};

struct ycpu {
    struct cpu_bus bus;
    struct cpu *cpu;
    uint8_t *table;
    struct map map[MAPS];
    unsigned maps;
    struct ycpu_hooks hooks;
    uint32_t stop_address;
    struct err err;
};

// ---- life --------------------------------------------------------------------------------------------

static enum cpu_bus_result bus_read(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t *val)
{
    struct ycpu *y = container_of(bus, struct ycpu, bus);
    uint32_t v = 0;
    *val = 0;
    if (!y->hooks.load || y->hooks.load(y->hooks.user, y, pa, size, &v)) {
        return CPU_BUS_ABORT;
    }
    *val = v;
    return CPU_BUS_OK;
}

static enum cpu_bus_result bus_write(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t val)
{
    struct ycpu *y = container_of(bus, struct ycpu, bus);
    if (!y->hooks.store || y->hooks.store(y->hooks.user, y, pa, size, (uint32_t)val)) {
        return CPU_BUS_ABORT;
    }
    return CPU_BUS_OK;
}

int ycpu_version(void)
{
    return YCPU_VERSION;
}

const char *const *ycpu_models(void)
{
    return cpu_models();
}

// Every section is itself: full access, normal memory, domain 0 as a client.
static int start(struct ycpu *y)
{
    struct cpu *c = y->cpu;
    uint32_t section = 3 << 10 | 0xe | (c->model->arch < 6 ? 0x10 : 0); // that bit is XN from ARMv6 on
    for (uint32_t k = 0; k < 4096; k++) {
        put_le32(y->table + 4 * k, k << 20 | section);
    }
    int rc = cpu_map_ram(c, LIBRARY_VA, TABLE_BYTES, y->table, CPU_RAM_READONLY, &y->err);
    if (rc) {
        return rc;
    }
    c->cp15[CP15_TTBR0] = LIBRARY_VA;
    c->cp15[CP15_DACR] = 1;
    c->cp15[CP15_SCTLR] |= SCTLR_M;
    c->cp15[CP15_SCTLR] &= ~(uint32_t)(SCTLR_A | SCTLR_TRE);
    if (c->model->arch == 6) {
        c->cp15[CP15_SCTLR] |= SCTLR_U | SCTLR_XP;
    }
    c->cp15[CP15_CPACR] |= 0xf << 20;
    cpu_set(c, CPU_FPEXC, 1u << 30);
    mmu_flush_all(c);
    cpu_set(c, CPU_CPSR, MODE_SYS | 0x1c0);
    cpu_set(c, CPU_PC, 0);
    cpu_catch(c, true);
    return 0;
}

int ycpu_create(const char *model, enum ycpu_engine engine, struct ycpu **out)
{
    if (!out) {
        return -EINVAL;
    }
    *out = NULL;
    struct ycpu *y = model ? calloc(1, sizeof *y) : NULL;
    if (!y) {
        return model ? -ENOMEM : -EINVAL;
    }
    y->bus = (struct cpu_bus){bus_read, bus_write};
    struct cpu_config cc = {.model = model, .bus = &y->bus,
                            .engine = engine == YCPU_INTERPRETER ? CPU_ENGINE_INTERPRETER
                                                                 : CPU_ENGINE_TRANSLATOR};
    y->cpu = cpu_create(&cc, &y->err);
    if (!y->cpu && engine == YCPU_ANY && y->err.code == -ENOTSUP) {
        cc.engine = CPU_ENGINE_INTERPRETER;
        y->cpu = cpu_create(&cc, &y->err);
    }
    int rc = y->cpu ? 0 : y->err.code;
    if (!rc) {
        y->table = aligned_alloc(PAGE_BYTES, TABLE_BYTES);
        rc = y->table ? start(y) : -ENOMEM;
    }
    if (rc) {
        ycpu_destroy(y);
        return rc;
    }
    y->err = (struct err){0};
    *out = y;
    return 0;
}

void ycpu_destroy(struct ycpu *y)
{
    if (y) {
        cpu_destroy(y->cpu);
        for (unsigned k = 0; k < y->maps; k++) {
            if (y->map[k].own) {
                munmap(y->map[k].own, y->map[k].bytes);
            }
        }
        free(y->table);
        free(y);
    }
}

const char *ycpu_error(const struct ycpu *y)
{
    return y ? y->err.msg : "no CPU";
}

// ---- memory ------------------------------------------------------------------------------------------

int ycpu_map(struct ycpu *y, uint32_t addr, uint64_t bytes, void *host, unsigned flags)
{
    if (!y) {
        return -EINVAL;
    }
    if (addr >= LIBRARY_VA || bytes > LIBRARY_VA - (uint64_t)addr || flags & ~(unsigned)YCPU_READONLY ||
        !bytes || bytes & (PAGE_BYTES - 1) || addr & (PAGE_BYTES - 1)) {
        return err_set(&y->err, -EINVAL, "no memory of %#llx bytes can be at %#x",
                       (unsigned long long)bytes, addr);
    }
    if (y->maps == MAPS) {
        return err_set(&y->err, -EINVAL, "more than %d pieces of memory", MAPS);
    }
    void *own = NULL;
    if (!host) {
        own = host = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (own == MAP_FAILED) {
            return err_set(&y->err, -ENOMEM, "out of memory");
        }
    }
    int rc = cpu_map_ram(y->cpu, addr, bytes, host, flags & YCPU_READONLY ? CPU_RAM_READONLY : 0,
                         &y->err);
    if (rc) {
        if (own) {
            munmap(own, bytes);
        }
        return rc;
    }
    y->map[y->maps++] = (struct map){addr, bytes, own};
    return 0;
}

int ycpu_unmap(struct ycpu *y, uint32_t addr, uint64_t bytes)
{
    if (!y) {
        return -EINVAL;
    }
    for (unsigned k = 0; k < y->maps; k++) {
        struct map m = y->map[k];
        if (m.addr == addr && m.bytes == bytes) {
            cpu_unmap_ram(y->cpu, addr, bytes);
            y->map[k] = y->map[--y->maps];
            if (m.own) {
                munmap(m.own, m.bytes);
            }
            return 0;
        }
    }
    return err_set(&y->err, -ENOENT, "no memory was mapped at %#x like that", addr);
}

size_t ycpu_read(struct ycpu *y, uint32_t addr, void *data, size_t n)
{
    return y && data ? cpu_read_virtual(y->cpu, addr, data, n) : 0;
}

size_t ycpu_write(struct ycpu *y, uint32_t addr, const void *data, size_t n)
{
    if (!y || !data || addr >= LIBRARY_VA) {
        return 0;
    }
    return cpu_write_virtual(y->cpu, addr, data, n < LIBRARY_VA - addr ? n : LIBRARY_VA - addr);
}

void ycpu_changed(struct ycpu *y, uint32_t addr, uint64_t n)
{
    if (y) {
        cpu_ram_written(y->cpu, addr, n);
    }
}

// ---- hooks and running ---------------------------------------------------------------------------------

void ycpu_set_hooks(struct ycpu *y, const struct ycpu_hooks *hooks)
{
    if (y) {
        y->hooks = hooks ? *hooks : (struct ycpu_hooks){0};
    }
}

// The number in the SVC before the PC.
static uint32_t svc_number(struct ycpu *y)
{
    uint8_t code[4] = {0};
    uint32_t pc = cpu_get(y->cpu, CPU_PC);
    if (cpu_get(y->cpu, CPU_CPSR) & 0x20) {
        cpu_read_virtual(y->cpu, pc - 2, code, 2);
        return code[0];
    }
    cpu_read_virtual(y->cpu, pc - 4, code, 4);
    return get_le32(code) & 0xffffff;
}

// Asks the hook for what was caught. True when the run goes on; else *why.
static bool handle(struct ycpu *y, const struct cpu_caught *e, enum ycpu_stop *why)
{
    const struct ycpu_hooks *h = &y->hooks;
    y->stop_address = e->address;
    switch (e->kind) {
    case CPU_CAUGHT_SVC:
        y->stop_address = svc_number(y);
        *why = YCPU_SVC;
        return h->svc && !h->svc(h->user, y, y->stop_address);
    case CPU_CAUGHT_UNDEFINED:
        *why = YCPU_UNDEFINED;
        return h->undefined && !h->undefined(h->user, y, e->address);
    case CPU_CAUGHT_FETCH:
        *why = e->breakpoint ? YCPU_UNDEFINED : YCPU_ABORT;
        if (e->breakpoint) {
            return h->undefined && !h->undefined(h->user, y, e->address);
        }
        return h->abort && !h->abort(h->user, y, e->address, 0, 1);
    case CPU_CAUGHT_DATA:
        *why = YCPU_ABORT;
        return h->abort && !h->abort(h->user, y, e->address, e->write, 0);
    }
    return false;
}

enum ycpu_stop ycpu_run(struct ycpu *y, uint64_t max_insns)
{
    if (!y) {
        return YCPU_BAD;
    }
    uint64_t end = cpu_insns(y->cpu) + max_insns;
    end = end < max_insns ? UINT64_MAX : end;
    for (;;) {
        uint64_t now = cpu_insns(y->cpu);
        struct cpu_caught caught;
        enum ycpu_stop why = YCPU_BUDGET;
        if (now >= end) {
            return YCPU_BUDGET;
        }
        enum cpu_stop stop = cpu_run(y->cpu, end - now);
        if (cpu_caught(y->cpu, &caught)) {
            if (!handle(y, &caught, &why)) {
                return why;
            }
            continue;
        }
        switch (stop) {
        case CPU_STOP_WFI:
            return YCPU_WAIT;
        case CPU_STOP_BUDGET:
            break;
        case CPU_STOP_REQUEST:
        case CPU_STOP_BREAKPOINT:
        case CPU_STOP_WATCHPOINT:
            return YCPU_STOPPED;
        }
    }
}

void ycpu_stop(struct ycpu *y)
{
    if (y) {
        cpu_request_stop(y->cpu);
    }
}

uint64_t ycpu_count(const struct ycpu *y)
{
    return y ? cpu_insns(y->cpu) : 0;
}

uint32_t ycpu_stop_address(const struct ycpu *y)
{
    return y ? y->stop_address : 0;
}

// ---- state -------------------------------------------------------------------------------------------

uint32_t ycpu_get(const struct ycpu *y, enum ycpu_reg reg)
{
    if (!y || (unsigned)reg >= YCPU_REGS) {
        return 0;
    }
    return cpu_get(y->cpu, reg == YCPU_CPSR ? CPU_CPSR : reg == YCPU_FPSCR ? CPU_FPSCR
                                                                       : (enum cpu_reg)reg);
}

int ycpu_set(struct ycpu *y, enum ycpu_reg reg, uint32_t val)
{
    if (!y || (unsigned)reg >= YCPU_REGS) {
        return -EINVAL;
    }
    if (reg == YCPU_PC) {
        uint32_t psr = cpu_get(y->cpu, CPU_CPSR) & ~0x0600fc20u;
        if (val & 1 && !ISA_HAS(y->cpu->features, V4T)) {
            return err_set(&y->err, -EINVAL, "this model has no Thumb");
        }
        cpu_set(y->cpu, CPU_CPSR, psr | (val & 1 ? 0x20 : 0));
        cpu_set(y->cpu, CPU_PC, val & (val & 1 ? ~1u : ~3u));
        return 0;
    }
    if (reg == YCPU_CPSR) {
        // The mode stays: its registers are those that the caller sees.
        val = (val & ~0x1fu) | (cpu_get(y->cpu, CPU_CPSR) & 0x1f);
        cpu_set(y->cpu, CPU_CPSR, val);
        return 0;
    }
    cpu_set(y->cpu, reg == YCPU_FPSCR ? CPU_FPSCR : (enum cpu_reg)reg, val);
    return 0;
}

uint64_t ycpu_get_d(const struct ycpu *y, unsigned n)
{
    return y ? cpu_get_d(y->cpu, n) : 0;
}

int ycpu_set_d(struct ycpu *y, unsigned n, uint64_t val)
{
    if (!y || n > 31) {
        return -EINVAL;
    }
    cpu_set_d(y->cpu, n, val);
    return 0;
}

int ycpu_disassemble(struct ycpu *y, uint32_t addr, char *text, size_t n)
{
    uint8_t code[4];
    if (!y || !text || !n) {
        return 0;
    }
    text[0] = 0;
    if (cpu_read_virtual(y->cpu, addr, code, y->cpu->thumb ? 2 : 4) < (y->cpu->thumb ? 2 : 4)) {
        return 0;
    }
    return cpu_disassemble(y->cpu, addr, text, n);
}
