// SPDX-License-Identifier: MIT
//
// The CPU of a thread and what happens when its instructions raise exceptions: they are caught before
// they are entered, so the CPU never leaves user mode but for two pieces of privileged code of ours,
// which set up translation and the thread register and end with an SVC. They lie in a page at
// 0xffff0000, with the helpers that Linux promises at its end
// (Documentation/arch/arm/kernel_user_helpers.rst): compare and exchange trap. The page is the thread's
// own, as the thread register's copy in it is.
#include "user/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/disasm.h"
#include "cpu/tools.h"
#include "user/tools.h"

enum { MODE_USER = 0x10, STUB_BOOT = 0x100, STUB_SYNC = 0x180, RETURN_CODE = 0x200 };
enum { BOOT_END = STUB_BOOT + 0x1c, SYNC_END = STUB_SYNC + 0x10 };
enum { KUSER_CMPXCHG64 = 0xf60, KUSER_BARRIER = 0xfa0, KUSER_CMPXCHG = 0xfc0, KUSER_TLS = 0xfe0 };
#define MASKED 0x1c0u // A, I, F

struct patch {
    uint16_t at;
    uint16_t v6; // 0: every model, 6: ARMv6 and later
    uint32_t word;
};

static const struct patch code[] = {
    // boot: r0 TTBR0, r1 DACR, r2 SCTLR, r3 CPACR
    {STUB_BOOT + 0x00, 0, 0xee020f10},  // mcr p15, 0, r0, c2, c0, 0
    {STUB_BOOT + 0x04, 0, 0xee031f10},  // mcr p15, 0, r1, c3, c0, 0
    {STUB_BOOT + 0x08, 6, 0xee013f50},  // mcr p15, 0, r3, c1, c0, 2
    {STUB_BOOT + 0x0c, 0, 0xee012f10},  // mcr p15, 0, r2, c1, c0, 0
    {STUB_BOOT + 0x10, 0, 0xe1a00000},  // nop
    {STUB_BOOT + 0x14, 0, 0xe1a00000},  // nop
    {STUB_BOOT + 0x18, 0, 0xef000000},  // svc
    {STUB_BOOT + 0x1c, 0, 0xeafffffe},  // b .
    // sync: r0 TLS
    {STUB_SYNC + 0x00, 6, 0xee0d0f70},  // mcr p15, 0, r0, c13, c0, 3
    {STUB_SYNC + 0x04, 0, 0xee080f17},  // mcr p15, 0, r0, c8, c7, 0
    {STUB_SYNC + 0x08, 0, 0xe1a00000},  // nop
    {STUB_SYNC + 0x0c, 0, 0xef000000},  // svc
    {STUB_SYNC + 0x10, 0, 0xeafffffe},  // b .
    // what a handler without a restorer returns to
    {RETURN_CODE, 0, 0xe3a07077}, {RETURN_CODE + 4, 0, 0xef000000},     // sigreturn
    {RETURN_CODE + 8, 0, 0xe3a070ad}, {RETURN_CODE + 12, 0, 0xef000000}, // rt_sigreturn
    // helpers; the traps are found by their address
    {KUSER_CMPXCHG64, 0, 0xef000000}, {KUSER_CMPXCHG64 + 4, 0, 0xe12fff1e},
    {KUSER_BARRIER, 0, 0xe12fff1e},
    {KUSER_CMPXCHG, 0, 0xef000000}, {KUSER_CMPXCHG + 4, 0, 0xe12fff1e},
    {KUSER_TLS, 0, 0xe59f0008}, {KUSER_TLS + 4, 0, 0xe12fff1e}, // ldr r0, [pc, #8]; bx lr
    {0xffc, 0, 5}, // version
};

// Every page that the tables name is memory.
static enum cpu_bus_result no_read(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t *val)
{
    (void)bus, (void)pa, (void)size;
    *val = 0;
    return CPU_BUS_ABORT;
}

static enum cpu_bus_result no_write(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t val)
{
    (void)bus, (void)pa, (void)size, (void)val;
    return CPU_BUS_ABORT;
}

// Runs privileged code of ours. False, with the CPU unfit to go on, when it does not come to its end:
// it raised something else (an instruction that this model lacks) or lost its way.
static bool run_stub(struct thread *t, uint32_t at, uint32_t end)
{
    struct cpu_caught what;
    bool came = false;
    cpu_set(t->cpu, CPU_CPSR, 0x13 | MASKED);
    cpu_set(t->cpu, CPU_PC, VECTORS + at);
    for (unsigned k = 0; k < 16 && !came; k++) {
        cpu_run(t->cpu, 100);
        came = cpu_caught(t->cpu, &what);
    }
    return came && what.kind == CPU_CAUGHT_SVC && what.address == VECTORS + end;
}

bool thread_sync(struct thread *t)
{
    struct cpu *c = t->cpu;
    uint32_t r0 = cpu_get(c, CPU_R0), pc = cpu_get(c, CPU_PC), cpsr = cpu_get(c, CPU_CPSR);
    put_le32(t->vectors + 0xff0, t->tls);
    cpu_set(c, CPU_R0, t->tls);
    bool came = run_stub(t, STUB_SYNC, SYNC_END);
    cpu_set(c, CPU_R0, r0);
    cpu_set(c, CPU_CPSR, cpsr & ~0x0600fc00u);
    cpu_set(c, CPU_PC, pc);
    cpu_set(c, CPU_CPSR, cpsr);
    return came;
}

int thread_boot(struct thread *t, struct err *err)
{
    struct process *p = t->p;
    const char *model = p->cfg->model;
    struct cpu_config cc = {.model = model, .engine = p->cfg->engine, .bus = &t->bus};
    uint32_t sctlr = 0;
    t->bus = (struct cpu_bus){no_read, no_write};
    t->cpu = cpu_create(&cc, err);
    if (!t->cpu) {
        return err->code;
    }
    int rc = cpu_map_ram(t->cpu, 0, VECTORS, p->base, 0, err);
    if (!rc) {
        rc = cpu_map_ram(t->cpu, VECTORS, PAGE, t->vectors, CPU_RAM_READONLY, err);
    }
    if (rc) {
        return rc;
    }
    for (size_t k = 0; k < ARRAY_LEN(code); k++) {
        put_le32(t->vectors + code[k].at, code[k].v6 && !p->v6 ? 0xe1a00000 : code[k].word);
    }
    cpu_catch(t->cpu, true);
    cpu_get_cp15(t->cpu, 1, 0, 0, 0, &sctlr);
    // M, C, Z, I, V; U and XP (fixed on v7) for the v6 unaligned accesses and page format.
    sctlr |= 1 | 4 | 1u << 11 | 1u << 12 | 1u << 13 | (p->v6 ? 1u << 22 | 1u << 23 : 0);
    sctlr &= ~(2u | 1u << 28 | 1u << 29); // no alignment checks, TEX remap or access flag
    cpu_set(t->cpu, CPU_CPSR, 0x13 | MASKED);
    cpu_set(t->cpu, CPU_R0, TABLE_PA);
    cpu_set(t->cpu, CPU_R1, 1);
    cpu_set(t->cpu, CPU_R2, sctlr);
    cpu_set(t->cpu, CPU_R3, 0xf << 20);
    if (!run_stub(t, STUB_BOOT, BOOT_END) || !thread_sync(t)) {
        return err_set(err, -EINVAL, "the CPU model '%s' did not come through its start-up code",
                       model);
    }
    cpu_set(t->cpu, CPU_FPEXC, 1u << 30);
    return 0;
}

// The helpers that trap: compare r0 with [r2], store r1; r0 = 0 and C set when done.
static bool kuser_call(struct thread *t, uint32_t pc)
{
    struct cpu *c = t->cpu;
    uint32_t r2 = cpu_get(c, CPU_R2), lr = cpu_get(c, CPU_LR);
    size_t n = pc == VECTORS + KUSER_CMPXCHG64 + 4 ? 8 : 4;
    if (pc != VECTORS + KUSER_CMPXCHG + 4 && n != 8) {
        return false;
    }
    uint32_t r0 = cpu_get(c, CPU_R0), r1 = cpu_get(c, CPU_R1);
    uint8_t *mem = r2 & (n - 1) ? NULL : space_ptr(t, r2, n, true);
    const uint8_t *from = n == 8 ? space_ptr(t, r0, 8, false) : NULL;
    const uint8_t *to = n == 8 ? space_ptr(t, r1, 8, false) : NULL;
    if (!mem || (n == 8 && (!from || !to))) {
        cpu_set(c, CPU_PC, lr & ~1u);
        signal_fault(t, SIGSEGV, SEGV_MAPERR, r2);
        return true;
    }
    bool same;
    if (n == 8) {
        uint64_t old = get_le64(from);
        same = __atomic_compare_exchange_n((uint64_t *)(void *)mem, &old, get_le64(to), false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    } else {
        same = __atomic_compare_exchange_n((uint32_t *)(void *)mem, &r0, r1, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    cpu_set(c, CPU_R0, !same);
    uint32_t cpsr = cpu_get(c, CPU_CPSR) & ~(1u << 29);
    cpu_set(c, CPU_CPSR, cpsr | (uint32_t)same << 29);
    return true;
}

// BKPT, and what the programs' compilers and debuggers use for it.
static bool is_breakpoint(struct thread *t, uint32_t pc, bool thumb)
{
    const uint8_t *at = space_ptr(t, pc, thumb ? 2 : 4, false);
    if (!at) {
        return false;
    }
    return thumb ? get_le16(at) == 0xde01 : (get_le32(at) & 0x0fffffff) == 0x07f001f0;
}

static void handle(struct thread *t, const struct cpu_caught *e)
{
    struct cpu *c = t->cpu;
    uint32_t at = e->address, fs = 0;
    int why = page_ok(t->p, at) ? SEGV_ACCERR : SEGV_MAPERR;
    switch (e->kind) {
    case CPU_CAUGHT_SVC:
        if (!kuser_call(t, at)) {
            sys_call(t);
        }
        break;
    case CPU_CAUGHT_UNDEFINED:
        if (is_breakpoint(t, at, cpu_get(c, CPU_CPSR) & 0x20)) {
            signal_fault(t, SIGTRAP, TRAP_BRKPT, at);
        } else {
            signal_fault(t, SIGILL, ILL_ILLOPC, at);
        }
        break;
    case CPU_CAUGHT_FETCH:
        if (e->breakpoint) {
            signal_fault(t, SIGTRAP, TRAP_BRKPT, at);
        } else {
            signal_fault(t, SIGSEGV, why, at);
        }
        break;
    case CPU_CAUGHT_DATA:
        cpu_get_cp15(c, 5, 0, 0, 0, &fs);
        if ((fs & 0x40f) == 1) {
            signal_fault(t, SIGBUS, BUS_ADRALN, at);
        } else {
            signal_fault(t, SIGSEGV, why, at);
        }
        break;
    }
}

void thread_loop(struct thread *t)
{
    struct cpu_caught what;
    for (;;) {
        signal_deliver(t);
        cpu_begin(t);
        if (t->tools) {
            tools_run(t);
        } else {
            cpu_run(t->cpu, 1ull << 40);
        }
        cpu_end(t);
        if (cpu_caught(t->cpu, &what)) {
            handle(t, &what);
        }
    }
}

void process_exit(struct process *p, int status)
{
    tools_finish(p);
    _exit(status);
}

void process_die(struct process *p, int sig)
{
    struct rlimit none = {0, 0};
    sigset_t set;
    tools_finish(p);
    setrlimit(RLIMIT_CORE, &none); // a picture of us would not help
    signal(sig, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, sig);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), sig);
    _exit(128 + sig);
}

static int start(struct process *p, char **argv, char **envp, struct err *err)
{
    int rc = space_init(p);
    if (rc) {
        return err_set(err, rc, "cannot reserve 4 GiB of address space: %s", strerror(-rc));
    }
    struct thread *t = thread_new(p, err);
    if (!t) {
        return err->code;
    }
    rc = load_program(p, argv, envp, err);
    if (!rc) {
        rc = tools_start(p, err);
    }
    if (!rc) {
        rc = signal_thread_begin(t);
        if (rc) {
            err_set(err, rc, "no memory for a signal stack");
        }
    }
    if (rc) {
        return rc;
    }
    t->tid = getpid();
    t->live = true;
    p->live = 1;
    signal_init(p, t);
    cpu_set(t->cpu, CPU_CPSR, MODE_USER | (p->entry & 1 ? 0x20 : 0));
    cpu_set(t->cpu, CPU_PC, p->entry & ~1u);
    for (unsigned k = 0; k < 15; k++) {
        cpu_set(t->cpu, (enum cpu_reg)(CPU_R0 + k), 0);
    }
    cpu_set(t->cpu, CPU_SP, p->sp);
    tools_thread(t);
    thread_loop(t);
}

int user_run(const struct user_config *cfg, char **argv, char **envp, struct err *err)
{
    struct user_config own = *cfg;
    struct process *p = calloc(1, sizeof *p);
    if (!p) {
        return err_set(err, -ENOMEM, "out of memory");
    }
    own.model = own.model ? own.model : "cortex-a9";
    own.engine = own.coverage ? CPU_ENGINE_INTERPRETER : own.engine;
    p->cfg = &own;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->features = arm_model_features(own.model);
    p->v6 = ISA_HAS(p->features, V6);
    int rc = start(p, argv, envp, err);
    tools_free(p);
    threads_fini(p);
    space_fini(p);
    free(p->cmdline);
    free(p);
    return rc;
}
