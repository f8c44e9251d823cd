// SPDX-License-Identifier: MIT
//
// Signals of the program. The host's mask is the program's, so the host decides what may arrive; its
// handler only notes the signal and stops the CPU, and the frame of Linux/ARM (struct ucontext,
// struct vfp_sigframe of arch/arm/include/uapi/asm) is built between two instructions. Numbers and
// flags are the same on x86. Left out: signals that arrive between the last look and a blocking
// call wait until that call returns.
#include "user/process.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum {
    FRAME_INFO = 128, UC_REGS = 32, UC_MASK = 104, UC_VFP = 232, UC_BYTES = 744,
    RETURN_CODE = 0x200, VFP_MAGIC = 0x56465001, VFP_BYTES = 288,
};
#define SYNCHRONOUS                                                                                \
    (1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGILL - 1) | 1ull << (SIGFPE - 1) |   \
     1ull << (SIGTRAP - 1))

// A signal handler has no argument of ours: the one process that runs in this host process.
static struct {
    struct process *p;
    _Atomic uint64_t pending;
    siginfo_t info[GUEST_SIGNALS + 1];
} host;

static void on_signal(int sig, siginfo_t *si, void *uc)
{
    (void)uc;
    if (SYNCHRONOUS >> (sig - 1) & 1 && si->si_code > 0) {
        signal(sig, SIG_DFL); // our own fault, or a map beyond its file's end: die of it
        return;
    }
    host.info[sig] = *si;
    atomic_fetch_or(&host.pending, 1ull << (sig - 1));
    cpu_request_stop(host.p->cpu);
}

static void set_host_mask(uint64_t mask)
{
    sigset_t set;
    sigemptyset(&set);
    for (int s = 1; s <= GUEST_SIGNALS; s++) {
        if (mask >> (s - 1) & 1 && !(SYNCHRONOUS >> (s - 1) & 1)) {
            sigaddset(&set, s);
        }
    }
    sigprocmask(SIG_SETMASK, &set, NULL);
}

void signal_init(struct process *p)
{
    sigset_t set;
    host.p = p;
    put_le32(p->base + VECTORS + RETURN_CODE, 0xe3a07077); // mov r7, #sigreturn; svc
    put_le32(p->base + VECTORS + RETURN_CODE + 4, 0xef000000);
    put_le32(p->base + VECTORS + RETURN_CODE + 8, 0xe3a070ad); // mov r7, #rt_sigreturn; svc
    put_le32(p->base + VECTORS + RETURN_CODE + 12, 0xef000000);
    sigprocmask(SIG_SETMASK, NULL, &set);
    for (int s = 1; s <= GUEST_SIGNALS; s++) {
        struct sigaction sa;
        p->blocked |= (uint64_t)(sigismember(&set, s) == 1) << (s - 1);
        if (!sigaction(s, NULL, &sa) && sa.sa_handler == SIG_IGN) {
            p->act[s].handler = 1;
        }
    }
}

bool signal_pending(const struct process *p)
{
    (void)p;
    return atomic_load(&host.pending) != 0;
}

static void die(struct process *p, int sig)
{
    p->done = true;
    p->status = 128 + sig;
}

static void deliver(struct process *p, int sig, const uint8_t info[FRAME_INFO], uint32_t addr)
{
    struct guest_action *act = &p->act[sig];
    struct cpu *c = p->cpu;
    uint32_t cpsr = cpu_get(c, CPU_CPSR), pc = cpu_get(c, CPU_PC), sp = cpu_get(c, CPU_SP);
    if (p->restart && act->flags & SA_RESTART) {
        pc -= cpsr & 0x20 ? 2 : 4;
        cpu_set(c, CPU_R0, p->orig_r0);
    }
    p->restart = false;
    if (act->flags & SA_ONSTACK && p->alt_size && sp - p->alt_sp > p->alt_size) {
        sp = p->alt_sp + p->alt_size;
    }
    bool rt = act->flags & SA_SIGINFO;
    uint32_t info_bytes = rt ? FRAME_INFO : 0;
    sp = (sp - info_bytes - UC_BYTES) & ~7u;
    uint8_t *f = space_ptr(p, sp, info_bytes + UC_BYTES, true);
    if (!f) {
        die(p, SIGSEGV);
        return;
    }
    memset(f, 0, info_bytes + UC_BYTES);
    memcpy(f, info, info_bytes);
    uint8_t *uc = f + info_bytes;
    put_le32(uc + 8, p->alt_sp);
    put_le32(uc + 16, p->alt_size);
    for (unsigned k = 0; k < 15; k++) {
        put_le32(uc + UC_REGS + 4 * k, cpu_get(c, (enum cpu_reg)(CPU_R0 + k)));
    }
    put_le32(uc + UC_REGS + 60, pc);
    put_le32(uc + UC_REGS + 64, cpsr);
    put_le32(uc + UC_REGS + 68, addr);
    put_le64(uc + UC_MASK, p->blocked);
    put_le32(uc + UC_VFP, VFP_MAGIC);
    put_le32(uc + UC_VFP + 4, VFP_BYTES);
    for (unsigned k = 0; k < 32; k++) {
        put_le64(uc + UC_VFP + 8 + 8 * k, cpu_get_d(c, k));
    }
    put_le32(uc + UC_VFP + 264, cpu_get(c, CPU_FPSCR));
    p->blocked |= act->mask | (act->flags & SA_NODEFER ? 0 : 1ull << (sig - 1));
    set_host_mask(p->blocked);
    uint32_t handler = act->handler;
    if (act->flags & SA_RESETHAND) {
        act->handler = 0;
    }
    cpu_set(c, CPU_R0, (uint32_t)sig);
    if (rt) {
        cpu_set(c, CPU_R1, sp);
        cpu_set(c, CPU_R2, sp + FRAME_INFO);
    }
    cpu_set(c, CPU_SP, sp);
    cpu_set(c, CPU_LR, act->flags & 0x04000000 ? act->restorer
                                               : VECTORS + RETURN_CODE + (rt ? 8u : 0u));
    cpu_set(c, CPU_PC, handler & ~1u);
    cpu_set(c, CPU_CPSR, (cpsr & ~0x0600fc20u) | (handler & 1 ? 0x20 : 0));
}

void signal_deliver(struct process *p)
{
    uint64_t pending;
    while (!p->done && (pending = atomic_load(&host.pending))) {
        int sig = __builtin_ctzll(pending) + 1;
        atomic_fetch_and(&host.pending, ~(1ull << (sig - 1)));
        uint8_t info[FRAME_INFO] = {0};
        const siginfo_t *si = &host.info[sig];
        put_le32(info, (uint32_t)sig);
        put_le32(info + 8, (uint32_t)si->si_code);
        put_le32(info + 12, (uint32_t)si->si_pid);
        put_le32(info + 16, si->si_uid);
        put_le32(info + 20, (uint32_t)si->si_status);
        if (p->act[sig].handler > 1) {
            deliver(p, sig, info, 0);
        }
    }
    p->restart = false;
}

void signal_fault(struct process *p, int sig, int code, uint32_t addr)
{
    uint8_t info[FRAME_INFO] = {0};
    if (p->act[sig].handler <= 1 || p->blocked >> (sig - 1) & 1) {
        die(p, sig);
        return;
    }
    put_le32(info, (uint32_t)sig);
    put_le32(info + 8, (uint32_t)code);
    put_le32(info + 12, addr);
    deliver(p, sig, info, addr);
}

void signal_return(struct process *p, bool rt)
{
    struct cpu *c = p->cpu;
    uint32_t sp = cpu_get(c, CPU_SP) + (rt ? FRAME_INFO : 0);
    const uint8_t *uc = space_ptr(p, sp, UC_BYTES, false);
    if (!uc) {
        die(p, SIGSEGV);
        return;
    }
    for (unsigned k = 0; k < 15; k++) {
        cpu_set(c, (enum cpu_reg)(CPU_R0 + k), get_le32(uc + UC_REGS + 4 * k));
    }
    if (get_le32(uc + UC_VFP) == VFP_MAGIC) {
        for (unsigned k = 0; k < 32; k++) {
            cpu_set_d(c, k, get_le64(uc + UC_VFP + 8 + 8 * k));
        }
        cpu_set(c, CPU_FPSCR, get_le32(uc + UC_VFP + 264));
    }
    p->blocked = get_le64(uc + UC_MASK);
    set_host_mask(p->blocked);
    cpu_set(c, CPU_PC, get_le32(uc + UC_REGS + 60));
    cpu_set(c, CPU_CPSR, (get_le32(uc + UC_REGS + 64) & 0xfe0ffe20) | 0x10);
}

int32_t signal_action(struct process *p, int sig, uint32_t act, uint32_t old, uint32_t set_size)
{
    if (sig < 1 || sig > GUEST_SIGNALS || set_size != 8 || sig == SIGKILL || sig == SIGSTOP) {
        return -EINVAL;
    }
    struct guest_action *a = &p->act[sig], was = *a;
    if (act) {
        const uint8_t *g = space_ptr(p, act, 20, false);
        if (!g) {
            return -EFAULT;
        }
        *a = (struct guest_action){get_le32(g), get_le32(g + 4), get_le32(g + 8), get_le64(g + 12)};
        struct sigaction sa = {.sa_flags = (int)(a->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT))};
        sigfillset(&sa.sa_mask);
        if (a->handler > 1) {
            sa.sa_flags |= SA_SIGINFO;
            sa.sa_sigaction = on_signal;
        } else {
            sa.sa_handler = a->handler ? SIG_IGN : SIG_DFL;
        }
        sigaction(sig, &sa, NULL); // fails for the C library's own, which stay as they are
    }
    if (old) {
        uint8_t *g = space_ptr(p, old, 20, true);
        if (!g) {
            return -EFAULT;
        }
        put_le32(g, was.handler);
        put_le32(g + 4, was.flags);
        put_le32(g + 8, was.restorer);
        put_le64(g + 12, was.mask);
    }
    return 0;
}

int32_t signal_mask(struct process *p, int how, uint32_t set, uint32_t old, uint32_t set_size)
{
    const uint8_t *s = set ? space_ptr(p, set, 8, false) : NULL;
    uint8_t *o = old ? space_ptr(p, old, 8, true) : NULL;
    uint64_t was = p->blocked;
    if (set_size != 8 || (set && (how < 0 || how > 2))) {
        return -EINVAL;
    }
    if ((set && !s) || (old && !o)) {
        return -EFAULT;
    }
    if (s) {
        uint64_t m = get_le64(s) & ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
        p->blocked = how == SIG_BLOCK ? was | m : how == SIG_UNBLOCK ? was & ~m : m;
        set_host_mask(p->blocked);
    }
    if (o) {
        put_le64(o, was);
    }
    return 0;
}
