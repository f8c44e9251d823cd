// SPDX-License-Identifier: MIT
//
// Signals of the program: the frames of Linux/ARM (struct ucontext, struct vfp_sigframe of
// arch/arm/include/uapi/asm) built between two instructions, and their way back. Numbers and flags
// are the same on x86. What arrives from the host is noted by signal_host.c.
#include "user/process.h"

#include <errno.h>
#include <string.h>

#include "user/tools.h"

enum {
    FRAME_INFO = 128, UC_REGS = 32, UC_MASK = 104, UC_VFP = 232, UC_BYTES = 744, FRAME_CODE = 16,
    RETURN_CODE = 0x200, VFP_MAGIC = 0x56465001, VFP_BYTES = 288, MINIMUM_STACK = 2048,
};
#define FLAG_RESTORER 0x04000000u
#define FLAG_AUTODISARM 0x80000000u

static uint64_t bit_of(int sig)
{
    return 1ull << (sig - 1);
}

// ---- masks ---------------------------------------------------------------------------------------

static void look(struct thread *t)
{
    bool ready = (t->noted & ~t->blocked) != 0;
    atomic_store(&t->ready, ready);
    if (ready) {
        cpu_request_stop(t->cpu);
    }
}

void signal_set_blocked(struct thread *t, uint64_t mask)
{
    t->blocked = mask & ~(bit_of(SIGKILL) | bit_of(SIGSTOP));
    look(t);
    signal_host_mask(t->blocked);
}

void signal_mask_for_call(struct thread *t, uint64_t mask)
{
    t->saved_mask = t->blocked;
    t->mask_saved = true;
    signal_set_blocked(t, mask);
}

int32_t signal_mask(struct thread *t, int how, uint32_t set, uint32_t old, uint32_t set_size)
{
    const uint8_t *s = set ? space_ptr(t, set, 8, false) : NULL;
    uint8_t *o = old ? space_ptr(t, old, 8, true) : NULL;
    uint64_t was = t->blocked;
    if (set_size != 8 || (set && (how < 0 || how > 2))) {
        return -EINVAL;
    }
    if ((set && !s) || (old && !o)) {
        return -EFAULT;
    }
    if (s) {
        uint64_t m = get_le64(s);
        signal_set_blocked(t, how == SIG_BLOCK ? was | m : how == SIG_UNBLOCK ? was & ~m : m);
    }
    if (o) {
        put_le64(o, was);
    }
    return 0;
}

// ---- siginfo: the members move because pointers shrink ---------------------------------------------

enum { HOST_FIELDS = 16, GUEST_FIELDS = 12 };
enum layout { LAY_KILL, LAY_CHILD, LAY_FAULT, LAY_POLL };

static enum layout layout_of(int sig, int code)
{
    if (code <= 0 || code == SI_KERNEL) {
        return code == SI_SIGIO ? LAY_POLL : LAY_KILL;
    }
    switch (sig) {
    case SIGCHLD:
        return LAY_CHILD;
    case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE: case SIGTRAP:
        return LAY_FAULT;
    case SIGPOLL:
        return LAY_POLL;
    default:
        return LAY_KILL;
    }
}

void signal_info_out(uint8_t to[128], const siginfo_t *si)
{
    const uint8_t *h = (const uint8_t *)si + HOST_FIELDS;
    uint8_t *g = to + GUEST_FIELDS;
    memset(to, 0, 128);
    put_le32(to, (uint32_t)si->si_signo);
    put_le32(to + 4, (uint32_t)si->si_errno);
    put_le32(to + 8, (uint32_t)si->si_code);
    put_le32(g, get_le32(h)); // pid, timer, address, band
    put_le32(g + 4, get_le32(h + 4)); // uid, overrun
    switch (layout_of(si->si_signo, si->si_code)) {
    case LAY_KILL:
        put_le32(g + 8, get_le32(h + 8));
        break;
    case LAY_CHILD:
        put_le32(g + 8, (uint32_t)si->si_status);
        put_le32(g + 12, (uint32_t)si->si_utime);
        put_le32(g + 16, (uint32_t)si->si_stime);
        break;
    case LAY_FAULT:
        break;
    case LAY_POLL:
        put_le32(g + 4, get_le32(h + 8));
        break;
    }
}

void signal_info_in(siginfo_t *si, const uint8_t from[128])
{
    uint8_t *h = (uint8_t *)si + HOST_FIELDS;
    memset(si, 0, sizeof *si);
    si->si_signo = (int)get_le32(from);
    si->si_errno = (int)get_le32(from + 4);
    si->si_code = (int)get_le32(from + 8);
    memcpy(h, from + GUEST_FIELDS, 12); // pid, uid, value
}

// ---- frames --------------------------------------------------------------------------------------

static bool on_altstack(const struct thread *t, uint32_t sp)
{
    return !(t->alt_flags & FLAG_AUTODISARM) && t->alt_size && sp - t->alt_sp - 1 < t->alt_size;
}

static void put_registers(struct thread *t, uint8_t *uc, uint32_t pc, uint32_t cpsr, uint32_t addr)
{
    struct cpu *c = t->cpu;
    for (unsigned k = 0; k < 15; k++) {
        put_le32(uc + UC_REGS + 4 * k, cpu_get(c, (enum cpu_reg)(CPU_R0 + k)));
    }
    put_le32(uc + UC_REGS + 60, pc);
    put_le32(uc + UC_REGS + 64, cpsr);
    put_le32(uc + UC_REGS + 68, addr);
    if (ISA_HAS(t->p->features, VFP2)) {
        put_le32(uc + UC_VFP, VFP_MAGIC);
        put_le32(uc + UC_VFP + 4, VFP_BYTES);
        for (unsigned k = 0; k < 32; k++) {
            put_le64(uc + UC_VFP + 8 + 8 * k, cpu_get_d(c, k));
        }
        put_le32(uc + UC_VFP + 264, cpu_get(c, CPU_FPSCR));
    }
}

static void deliver(struct thread *t, int sig, const uint8_t info[FRAME_INFO], uint32_t addr)
{
    struct process *p = t->p;
    struct cpu *c = t->cpu;
    pthread_mutex_lock(&p->lock);
    struct guest_action act = p->act[sig];
    if (act.flags & SA_RESETHAND) {
        p->act[sig].handler = 0;
        signal_host_action(sig, &p->act[sig]);
    }
    pthread_mutex_unlock(&p->lock);
    uint32_t cpsr = cpu_get(c, CPU_CPSR), pc = cpu_get(c, CPU_PC), sp = cpu_get(c, CPU_SP);
    if (t->restart && act.flags & SA_RESTART) {
        pc -= cpsr & 0x20 ? 2 : 4;
        cpu_set(c, CPU_R0, t->orig_r0);
    }
    t->restart = false;
    bool on = on_altstack(t, sp), rt = act.flags & SA_SIGINFO;
    if (act.flags & SA_ONSTACK && t->alt_size && !on) {
        sp = t->alt_sp + t->alt_size;
    }
    uint32_t info_bytes = rt ? FRAME_INFO : 0, bytes = info_bytes + UC_BYTES + FRAME_CODE;
    sp = (sp - bytes) & ~7u;
    uint8_t *f = space_ptr(t, sp, bytes, true);
    if (!f) {
        process_die(p, SIGSEGV);
    }
    memset(f, 0, bytes);
    memcpy(f, info, info_bytes);
    uint8_t *uc = f + info_bytes;
    put_le32(uc + 8, t->alt_sp);
    put_le32(uc + 12, t->alt_flags | (!t->alt_size ? SS_DISABLE : on ? SS_ONSTACK : 0u));
    put_le32(uc + 16, t->alt_size);
    put_registers(t, uc, pc, cpsr, addr);
    put_le64(uc + UC_MASK, t->mask_saved ? t->saved_mask : t->blocked);
    t->mask_saved = false;
    if (t->alt_flags & FLAG_AUTODISARM) {
        t->alt_sp = t->alt_size = t->alt_flags = 0;
    }
    t->blocked |= act.mask | (act.flags & SA_NODEFER ? 0 : bit_of(sig));
    t->blocked &= ~(bit_of(SIGKILL) | bit_of(SIGSTOP));
    cpu_set(c, CPU_R0, (uint32_t)sig);
    if (rt) {
        cpu_set(c, CPU_R1, sp);
        cpu_set(c, CPU_R2, sp + FRAME_INFO);
    }
    cpu_set(c, CPU_SP, sp);
    cpu_set(c, CPU_LR, act.flags & FLAG_RESTORER ? act.restorer
                                                 : VECTORS + RETURN_CODE + (rt ? 8u : 0u));
    cpu_set(c, CPU_CPSR, (cpsr & ~0x0600fe20u) | (act.handler & 1 ? 0x20 : 0));
    cpu_set(c, CPU_PC, act.handler & ~1u);
}

static uint32_t handler_of(struct process *p, int sig)
{
    pthread_mutex_lock(&p->lock);
    uint32_t handler = p->act[sig].handler;
    pthread_mutex_unlock(&p->lock);
    return handler;
}

static bool ignored_by_default(int sig)
{
    return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}

int signal_take(struct thread *t, uint64_t set, siginfo_t *si)
{
    uint64_t have = t->noted & set;
    if (!have) {
        return 0;
    }
    int sig = __builtin_ctzll(have) + 1;
    *si = t->info[sig];
    atomic_fetch_and(&t->noted, ~bit_of(sig));
    return sig;
}

void signal_deliver(struct thread *t)
{
    siginfo_t si;
    int sig;
    bool any = false;
    if (!t->ready && !t->mask_saved) {
        t->restart = false;
        return;
    }
    // The handler blocks everything at the host until here: `noted` only shrinks.
    while ((sig = signal_take(t, ~t->blocked, &si))) {
        uint8_t info[FRAME_INFO];
        any = true;
        signal_info_out(info, &si);
        uint32_t handler = handler_of(t->p, sig);
        if (handler > 1) {
            deliver(t, sig, info, 0);
        } else if (!handler && !ignored_by_default(sig)) {
            process_die(t->p, sig);
        }
    }
    t->restart = false;
    if (t->mask_saved) {
        t->mask_saved = false;
        t->blocked = t->saved_mask;
        any = true;
    }
    if (any) {
        signal_set_blocked(t, t->blocked);
        if (t->ready) {
            signal_deliver(t);
        }
    }
}

void signal_fault(struct thread *t, int sig, int code, uint32_t addr)
{
    uint8_t info[FRAME_INFO] = {0};
    if (handler_of(t->p, sig) <= 1 || t->blocked & bit_of(sig)) {
        tools_fault(t, sig, addr);
        process_die(t->p, sig);
    }
    put_le32(info, (uint32_t)sig);
    put_le32(info + 8, (uint32_t)code);
    put_le32(info + 12, addr);
    deliver(t, sig, info, addr);
    signal_set_blocked(t, t->blocked);
}

void signal_return(struct thread *t, bool rt)
{
    struct cpu *c = t->cpu;
    uint32_t sp = cpu_get(c, CPU_SP) + (rt ? FRAME_INFO : 0);
    const uint8_t *uc = sp & 7 ? NULL : space_ptr(t, sp, UC_BYTES, false);
    if (!uc) {
        signal_fault(t, SIGSEGV, SEGV_MAPERR, sp);
        return;
    }
    cpu_set(c, CPU_CPSR, (get_le32(uc + UC_REGS + 64) & 0xfe0ffe20) | 0x10);
    for (unsigned k = 0; k < 16; k++) {
        cpu_set(c, (enum cpu_reg)(CPU_R0 + k), get_le32(uc + UC_REGS + 4 * k));
    }
    // Setting the PC starts outside IT blocks: put that part back.
    cpu_set(c, CPU_CPSR, (get_le32(uc + UC_REGS + 64) & 0xfe0ffe20) | 0x10);
    if (get_le32(uc + UC_VFP) == VFP_MAGIC) {
        for (unsigned k = 0; k < 32; k++) {
            cpu_set_d(c, k, get_le64(uc + UC_VFP + 8 + 8 * k));
        }
        cpu_set(c, CPU_FPSCR, get_le32(uc + UC_VFP + 264));
    }
    if (rt) {
        uint32_t flags = get_le32(uc + 12);
        if (!on_altstack(t, cpu_get(c, CPU_SP))) {
            t->alt_sp = flags & SS_DISABLE ? 0 : get_le32(uc + 8);
            t->alt_size = flags & SS_DISABLE ? 0 : get_le32(uc + 16);
            t->alt_flags = flags & FLAG_AUTODISARM;
        }
    }
    signal_set_blocked(t, get_le64(uc + UC_MASK));
}

// ---- calls ---------------------------------------------------------------------------------------

int32_t signal_action(struct thread *t, int sig, uint32_t act, uint32_t old, uint32_t set_size)
{
    struct process *p = t->p;
    const uint8_t *g = act ? space_ptr(t, act, 20, false) : NULL;
    uint8_t *o = old ? space_ptr(t, old, 20, true) : NULL;
    if (sig < 1 || sig > GUEST_SIGNALS || set_size != 8 || (act && (sig == SIGKILL || sig == SIGSTOP))) {
        return -EINVAL;
    }
    if ((act && !g) || (old && !o)) {
        return -EFAULT;
    }
    pthread_mutex_lock(&p->lock);
    struct guest_action *a = &p->act[sig], was = *a;
    if (g) {
        *a = (struct guest_action){get_le32(g), get_le32(g + 4), get_le32(g + 8), get_le64(g + 12)};
        signal_host_action(sig, a);
    }
    pthread_mutex_unlock(&p->lock);
    if (o) {
        put_le32(o, was.handler);
        put_le32(o + 4, was.flags);
        put_le32(o + 8, was.restorer);
        put_le64(o + 12, was.mask);
    }
    return 0;
}

int32_t signal_altstack(struct thread *t, uint32_t ss, uint32_t old)
{
    const uint8_t *s = ss ? space_ptr(t, ss, 12, false) : NULL;
    uint8_t *o = old ? space_ptr(t, old, 12, true) : NULL;
    bool on = on_altstack(t, cpu_get(t->cpu, CPU_SP));
    uint8_t was[12];
    if ((ss && !s) || (old && !o)) {
        return -EFAULT;
    }
    put_le32(was, t->alt_sp);
    put_le32(was + 4, t->alt_flags | (!t->alt_size ? SS_DISABLE : on ? SS_ONSTACK : 0u));
    put_le32(was + 8, t->alt_size);
    if (s) {
        uint32_t flags = get_le32(s + 4), mode = flags & ~FLAG_AUTODISARM;
        if (on) {
            return -EPERM;
        }
        if (mode != SS_DISABLE && mode != SS_ONSTACK && mode) {
            return -EINVAL;
        }
        if (mode != SS_DISABLE && get_le32(s + 8) < MINIMUM_STACK) {
            return -ENOMEM;
        }
        bool off = mode == SS_DISABLE;
        t->alt_sp = off ? 0 : get_le32(s);
        t->alt_size = off ? 0 : get_le32(s + 8);
        t->alt_flags = off ? 0 : flags & FLAG_AUTODISARM;
    }
    if (o) {
        memcpy(o, was, 12);
    }
    return 0;
}
