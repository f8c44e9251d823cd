// SPDX-License-Identifier: MIT
//
// The CPU of a program and what happens when it leaves user mode. The exception vectors are real
// code in a page at 0xffff0000: each stores to an address without RAM, whose bus handler notes the
// vector and stops the CPU; the host then reads the banked LR and SPSR, acts, and puts the CPU back
// into user mode. The helpers that Linux promises at the end of that page
// (Documentation/arch/arm/kernel_user_helpers.rst) are here too: before ARMv6 they trap.
#include "user/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

enum { MODE_USER = 0x10, STUB_BOOT = 0x100, STUB_SYNC = 0x180 };
enum { KUSER_CMPXCHG64 = 0xf60, KUSER_BARRIER = 0xfa0, KUSER_CMPXCHG = 0xfc0, KUSER_TLS = 0xfe0 };
#define MASKED 0x1c0u // A, I, F

struct patch {
    uint16_t at;
    uint16_t v6; // 0: every model, 4: before ARMv6, 6: ARMv6K and later
    uint32_t word;
};

static const struct patch code[] = {
    // vectors: str lr, [sp, #4 * trap]; sp is banked and holds TRAP_PA
    {0x04, 0, 0xe58de004}, {0x08, 0, 0xe58de008}, {0x0c, 0, 0xe58de00c}, {0x10, 0, 0xe58de010},
    // boot: r0 TTBR0, r1 DACR, r2 SCTLR, r3 CPACR, r4 TRAP_PA
    {STUB_BOOT + 0x00, 0, 0xee020f10},  // mcr p15, 0, r0, c2, c0, 0
    {STUB_BOOT + 0x04, 0, 0xee031f10},  // mcr p15, 0, r1, c3, c0, 0
    {STUB_BOOT + 0x08, 6, 0xee013f50},  // mcr p15, 0, r3, c1, c0, 2
    {STUB_BOOT + 0x0c, 0, 0xee012f10},  // mcr p15, 0, r2, c1, c0, 0
    {STUB_BOOT + 0x10, 0, 0xe1a00000},  // nop
    {STUB_BOOT + 0x14, 0, 0xe1a00000},  // nop
    {STUB_BOOT + 0x18, 0, 0xe5844014},  // str r4, [r4, #4 * TRAP_STUB]
    {STUB_BOOT + 0x1c, 0, 0xeafffffe},  // b .
    // sync: r0 TLS, r1 TRAP_PA
    {STUB_SYNC + 0x00, 6, 0xee0d0f70},  // mcr p15, 0, r0, c13, c0, 3
    {STUB_SYNC + 0x04, 0, 0xee080f17},  // mcr p15, 0, r0, c8, c7, 0
    {STUB_SYNC + 0x08, 0, 0xe1a00000},  // nop
    {STUB_SYNC + 0x0c, 0, 0xe5811014},  // str r1, [r1, #4 * TRAP_STUB]
    {STUB_SYNC + 0x10, 0, 0xeafffffe},  // b .
    // helpers; the traps are found by their address
    {KUSER_CMPXCHG64, 0, 0xef000000}, {KUSER_CMPXCHG64 + 4, 0, 0xe12fff1e},
    {KUSER_BARRIER, 0, 0xe12fff1e},
    {KUSER_CMPXCHG, 0, 0xef000000}, {KUSER_CMPXCHG + 4, 0, 0xe12fff1e},
    {KUSER_TLS, 0, 0xe59f0008}, {KUSER_TLS + 4, 0, 0xe12fff1e}, // ldr r0, [pc, #8]; bx lr
    {0xffc, 0, 5}, // version
};

static enum cpu_bus_result trap_read(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t *val)
{
    (void)bus, (void)pa, (void)size;
    *val = 0;
    return CPU_BUS_ABORT;
}

static enum cpu_bus_result trap_write(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t val)
{
    struct process *p = container_of(bus, struct process, bus);
    (void)size, (void)val;
    if (pa < TRAP_PA || pa > TRAP_PA + 4 * TRAP_STUB) {
        return CPU_BUS_ABORT;
    }
    p->trap = (enum trap)((pa - TRAP_PA) / 4);
    cpu_request_stop(p->cpu);
    return CPU_BUS_OK;
}

static void run_stub(struct process *p, uint32_t at)
{
    cpu_set(p->cpu, CPU_CPSR, 0x13 | MASKED);
    cpu_set(p->cpu, CPU_PC, VECTORS + at);
    p->trap = TRAP_NONE;
    for (unsigned k = 0; k < 16 && p->trap != TRAP_STUB; k++) {
        cpu_run(p->cpu, 100);
    }
}

void process_sync(struct process *p)
{
    uint32_t r0 = cpu_get(p->cpu, CPU_R0), r1 = cpu_get(p->cpu, CPU_R1);
    uint32_t pc = cpu_get(p->cpu, CPU_PC), cpsr = cpu_get(p->cpu, CPU_CPSR);
    put_le32(p->base + VECTORS + 0xff0, p->tls);
    cpu_set(p->cpu, CPU_R0, p->tls);
    cpu_set(p->cpu, CPU_R1, TRAP_PA);
    run_stub(p, STUB_SYNC);
    cpu_set(p->cpu, CPU_R0, r0);
    cpu_set(p->cpu, CPU_R1, r1);
    cpu_set(p->cpu, CPU_PC, pc);
    cpu_set(p->cpu, CPU_CPSR, cpsr);
    p->stale_tlb = false;
}

static int boot(struct process *p, struct err *err)
{
    static const uint8_t modes[] = {0x1b, 0x13, 0x17}; // undefined, supervisor, abort
    struct cpu_config cc = {.model = p->cfg->model, .engine = p->cfg->engine, .bus = &p->bus};
    bool v6 = !strstr(p->cfg->model, "arm9"), old = !v6;
    uint32_t sctlr = 0;
    p->bus = (struct cpu_bus){trap_read, trap_write};
    p->cpu = cpu_create(&cc, err);
    if (!p->cpu) {
        return err->code;
    }
    int rc = cpu_map_ram(p->cpu, 0, TRAP_PA, p->base, 0, err);
    if (!rc) {
        rc = cpu_map_ram(p->cpu, VECTORS, 0x10000, p->base + VECTORS, 0, err);
    }
    if (rc) {
        return rc;
    }
    for (size_t k = 0; k < ARRAY_LEN(code); k++) {
        put_le32(p->base + VECTORS + code[k].at, code[k].v6 == 6 && old ? 0xe1a00000 : code[k].word);
    }
    for (size_t k = 0; k < ARRAY_LEN(modes); k++) {
        cpu_set(p->cpu, CPU_CPSR, modes[k] | MASKED);
        cpu_set(p->cpu, CPU_SP, TRAP_PA);
    }
    cpu_get_cp15(p->cpu, 1, 0, 0, 0, &sctlr);
    // M, C, Z, I, V; U and XP (fixed on v7) for the v6 unaligned accesses and page format.
    sctlr |= 1 | 4 | 1u << 11 | 1u << 12 | 1u << 13 | (v6 ? 1u << 22 | 1u << 23 : 0);
    sctlr &= ~(2u | 1u << 28 | 1u << 29); // no alignment checks, TEX remap or access flag
    cpu_set(p->cpu, CPU_CPSR, 0x13 | MASKED);
    cpu_set(p->cpu, CPU_R0, TABLE_PA);
    cpu_set(p->cpu, CPU_R1, 1);
    cpu_set(p->cpu, CPU_R2, sctlr);
    cpu_set(p->cpu, CPU_R3, 0xf << 20);
    cpu_set(p->cpu, CPU_R4, TRAP_PA);
    run_stub(p, STUB_BOOT);
    if (p->trap != TRAP_STUB) {
        return err_set(err, -EINVAL, "the CPU model '%s' did not start", p->cfg->model);
    }
    cpu_set(p->cpu, CPU_FPEXC, 1u << 30);
    process_sync(p);
    return 0;
}

// The helpers that trap: compare r0 with [r2], store r1; r0 = 0 and C set when done.
static bool kuser_call(struct process *p, uint32_t pc)
{
    uint32_t r2 = cpu_get(p->cpu, CPU_R2), lr = cpu_get(p->cpu, CPU_LR);
    size_t n = pc == VECTORS + KUSER_CMPXCHG64 + 4 ? 8 : 4;
    if (pc != VECTORS + KUSER_CMPXCHG + 4 && n != 8) {
        return false;
    }
    uint32_t r0 = cpu_get(p->cpu, CPU_R0), r1 = cpu_get(p->cpu, CPU_R1);
    uint8_t *mem = space_ptr(p, r2, n, true);
    const uint8_t *from = n == 8 ? space_ptr(p, r0, 8, false) : NULL;
    const uint8_t *to = n == 8 ? space_ptr(p, r1, 8, false) : NULL;
    if (!mem || (n == 8 && (!from || !to))) {
        cpu_set(p->cpu, CPU_PC, lr & ~1u);
        signal_fault(p, SIGSEGV, SEGV_MAPERR, r2);
        return true;
    }
    bool same = n == 8 ? !memcmp(mem, from, 8) : get_le32(mem) == r0;
    if (same && n == 8) {
        memcpy(mem, to, 8);
    } else if (same) {
        put_le32(mem, r1);
    }
    cpu_set(p->cpu, CPU_R0, !same);
    uint32_t cpsr = cpu_get(p->cpu, CPU_CPSR) & ~(1u << 29);
    cpu_set(p->cpu, CPU_CPSR, cpsr | (uint32_t)same << 29);
    return true;
}

static void handle_trap(struct process *p)
{
    struct cpu *c = p->cpu;
    uint32_t lr = cpu_get(c, CPU_LR), psr = cpu_get(c, CPU_SPSR), addr = 0, fs = 0;
    bool thumb = psr & 0x20;
    enum trap trap = p->trap;
    uint32_t back = trap == TRAP_SVC ? 0 : trap == TRAP_UNDEF ? (thumb ? 2 : 4)
                    : trap == TRAP_PREFETCH ? 4 : 8;
    p->trap = TRAP_NONE;
    cpu_set(c, CPU_PC, lr - back);
    cpu_set(c, CPU_CPSR, (psr & ~0x1fu) | MODE_USER);
    switch (trap) {
    case TRAP_SVC:
        if (!kuser_call(p, lr)) {
            sys_call(p);
        }
        break;
    case TRAP_UNDEF:
        signal_fault(p, SIGILL, ILL_ILLOPC, lr - back);
        break;
    case TRAP_PREFETCH:
        cpu_get_cp15(c, 5, 0, 0, 1, &fs);
        if ((fs & 0x40f) == 2) {
            signal_fault(p, SIGTRAP, TRAP_BRKPT, lr - back);
        } else {
            signal_fault(p, SIGSEGV, page_ok(p, lr - back) ? SEGV_ACCERR : SEGV_MAPERR, lr - back);
        }
        break;
    default:
        cpu_get_cp15(c, 6, 0, 0, 0, &addr);
        cpu_get_cp15(c, 5, 0, 0, 0, &fs);
        if ((fs & 0x40f) == 1) {
            signal_fault(p, SIGBUS, BUS_ADRALN, addr);
        } else {
            signal_fault(p, SIGSEGV, page_ok(p, addr) ? SEGV_ACCERR : SEGV_MAPERR, addr);
        }
        break;
    }
    if (p->stale_tlb) {
        process_sync(p);
    }
}

int user_run(const struct user_config *cfg, char **argv, char **envp, int *status, struct err *err)
{
    struct user_config own = *cfg;
    struct process *p = calloc(1, sizeof *p);
    if (!p) {
        return err_set(err, -ENOMEM, "out of memory");
    }
    own.model = own.model ? own.model : "cortex-a9";
    p->cfg = &own;
    int rc = space_init(p);
    if (rc) {
        err_set(err, rc, "cannot reserve 4 GiB of address space: %s", strerror(-rc));
    } else {
        rc = boot(p, err);
    }
    if (!rc) {
        rc = load_program(p, argv, envp, err);
    }
    if (!rc) {
        process_sync(p);
        signal_init(p);
        cpu_set(p->cpu, CPU_PC, p->entry & ~1u);
        cpu_set(p->cpu, CPU_CPSR, MODE_USER | (p->entry & 1 ? 0x20 : 0));
        for (unsigned k = 0; k < 15; k++) {
            cpu_set(p->cpu, (enum cpu_reg)(CPU_R0 + k), 0);
        }
        cpu_set(p->cpu, CPU_SP, p->sp);
        while (!p->done) {
            cpu_run(p->cpu, 1ull << 40);
            if (p->trap != TRAP_NONE) {
                handle_trap(p);
            }
            if (!p->done) {
                signal_deliver(p);
            }
        }
        *status = p->status;
    }
    cpu_destroy(p->cpu);
    space_fini(p);
    free(p);
    return rc;
}
