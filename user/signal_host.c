// SPDX-License-Identifier: MIT
//
// The host's side of signals. The host's mask of a thread is the program's, so the host decides what
// may arrive and where; the handler only notes the signal and stops the CPU. A handler has no argument
// of ours: it finds its thread at the beginning of the stack it runs on, which the kernel names in the
// context it passes. Calls to the kernel that may wait go through a few instructions of assembly, which
// the handler can tell from the rest: a signal that arrives after the last look and before the
// kernel was entered makes them return instead of wait. The C library keeps two signal numbers for
// itself, which programs use too: so the kernel is asked directly.
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "user/process.h"

enum { STACK_SIZE = 128 << 10 };

#define SYNCHRONOUS                                                                                \
    (1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGILL - 1) | 1ull << (SIGFPE - 1) |   \
     1ull << (SIGTRAP - 1))

// struct sigaction as the kernel has it.
struct kernel_action {
    void *handler;
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

#if defined(__x86_64__)

// long user_safe_call(const _Atomic uint32_t *ready, long nr, a, b, c, d, on the stack: e, f)
__asm__(".text\n"
        ".globl user_safe_call, user_safe_begin, user_safe_end, user_safe_away, user_restorer\n"
        ".hidden user_safe_call, user_safe_begin, user_safe_end, user_safe_away, user_restorer\n"
        ".type user_safe_call, @function\n"
        "user_safe_call:\n"
        "    pushq %rbx\n"
        "    movq %rdi, %rbx\n"
        "    movq %rsi, %rax\n"
        "    movq %rdx, %rdi\n"
        "    movq %rcx, %rsi\n"
        "    movq %r8, %rdx\n"
        "    movq %r9, %r10\n"
        "    movq 16(%rsp), %r8\n"
        "    movq 24(%rsp), %r9\n"
        "user_safe_begin:\n"
        "    cmpl $0, (%rbx)\n"
        "    jne user_safe_away\n"
        "    syscall\n"
        "user_safe_end:\n"
        "    popq %rbx\n"
        "    ret\n"
        "user_safe_away:\n"
        "    movq $-512, %rax\n"
        "    popq %rbx\n"
        "    ret\n"
        ".size user_safe_call, . - user_safe_call\n"
        "user_restorer:\n"
        "    movq $15, %rax\n"
        "    syscall\n");

long user_safe_call(const _Atomic uint32_t *ready, long nr, long a, long b, long c, long d, long e,
                    long f);
extern const char user_safe_begin[], user_safe_end[], user_safe_away[];
void user_restorer(void);
enum { KERNEL_RESTORER = 0x04000000 };

static void turn_away(ucontext_t *u)
{
    greg_t *pc = &u->uc_mcontext.gregs[REG_RIP];
    if ((uintptr_t)*pc >= (uintptr_t)user_safe_begin && (uintptr_t)*pc < (uintptr_t)user_safe_end) {
        *pc = (greg_t)(uintptr_t)user_safe_away;
    }
}

long safe_call(struct thread *t, long nr, long a, long b, long c, long d, long e, long f)
{
    return user_safe_call(&t->ready, nr, a, b, c, d, e, f);
}

#else // other hosts: a signal in the last moment before a waiting call is seen after it

enum { KERNEL_RESTORER = 0 };
static void user_restorer(void) {}
static void turn_away(ucontext_t *u) { (void)u; }

long safe_call(struct thread *t, long nr, long a, long b, long c, long d, long e, long f)
{
    if (t->ready) {
        return -SAFE_RESTART;
    }
    long rc = syscall(nr, a, b, c, d, e, f);
    return rc < 0 ? -errno : rc;
}

#endif

static long host_action(int sig, const struct kernel_action *a, struct kernel_action *old)
{
    return syscall(SYS_rt_sigaction, sig, a, old, sizeof(uint64_t));
}

static void on_signal(int sig, siginfo_t *si, void *context)
{
    ucontext_t *u = context;
    struct thread *t = u->uc_stack.ss_sp ? *(struct thread **)u->uc_stack.ss_sp : NULL;
    uint64_t bit = 1ull << (sig - 1), all = ~SYNCHRONOUS;
    if (SYNCHRONOUS & bit && si->si_code > 0) {
        uintptr_t at = (uintptr_t)si->si_addr;
        if (t && t->fault && at - (uintptr_t)t->p->base < TASK_END) {
            siglongjmp(*t->fault, 1);
        }
        // Our own fault, or a map beyond its file's end: die of it.
        const struct kernel_action dfl = {.handler = SIG_DFL, .flags = KERNEL_RESTORER,
                                          .restorer = user_restorer};
        host_action(sig, &dfl, NULL);
        return;
    }
    if (!t) {
        return;
    }
    t->info[sig] = *si;
    atomic_fetch_or(&t->noted, bit);
    if (!(t->blocked & bit)) {
        atomic_store(&t->ready, 1);
        cpu_request_stop(t->cpu);
        turn_away(u);
    }
    // Nothing else arrives before this one is delivered, so one note a signal is enough.
    memcpy(&u->uc_sigmask, &all, sizeof all);
}

void signal_host_mask(uint64_t mask)
{
    mask &= ~SYNCHRONOUS;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
}

void signal_all_blocked(void)
{
    signal_host_mask(~0ull);
}

void signal_host_action(int sig, const struct guest_action *a)
{
    struct kernel_action k = {.handler = a->handler ? (void *)SIG_IGN : (void *)SIG_DFL,
                              .flags = KERNEL_RESTORER | (a->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT)),
                              .restorer = user_restorer, .mask = ~0ull};
    if (a->handler > 1 || SYNCHRONOUS >> (sig - 1) & 1) {
        void (*fn)(int, siginfo_t *, void *) = on_signal;
        memcpy(&k.handler, &fn, sizeof fn);
        k.flags |= SA_SIGINFO | SA_ONSTACK;
    }
    host_action(sig, &k, NULL);
}

void signal_init(struct process *p, struct thread *first)
{
    uint64_t mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof mask);
    for (int s = 1; s <= GUEST_SIGNALS; s++) {
        struct kernel_action k;
        if (!host_action(s, NULL, &k) && k.handler == (void *)SIG_IGN) {
            p->act[s].handler = 1;
        } else if (SYNCHRONOUS >> (s - 1) & 1) {
            signal_host_action(s, &p->act[s]);
        }
    }
    signal_set_blocked(first, mask);
}

int signal_thread_begin(struct thread *t)
{
    t->sigstack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (t->sigstack == MAP_FAILED) {
        t->sigstack = NULL;
        return -ENOMEM;
    }
    *(struct thread **)t->sigstack = t;
    const stack_t ss = {.ss_sp = t->sigstack, .ss_size = STACK_SIZE};
    return sigaltstack(&ss, &t->old_sigstack) ? -errno : 0;
}

void signal_thread_end(struct thread *t)
{
    if (t->sigstack) {
        sigaltstack(&t->old_sigstack, NULL);
        munmap(t->sigstack, STACK_SIZE);
        t->sigstack = NULL;
    }
}
