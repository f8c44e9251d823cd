// SPDX-License-Identifier: MIT
//
// One running program, private to this room: address space (space.c), CPU and traps (process.c),
// threads (thread.c), loading (load.c), signals (signal*.c), system calls (sys*.c).
//
// A thread of the program is a thread of the host with a CPU of its own: decoded and translated code
// is never shared, so nothing about it needs a lock. What one thread does to the address space or to
// code is told to the others while none of them is inside its CPU (world_stop).
#ifndef USER_PROCESS_H
#define USER_PROCESS_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "cpu/isa.h"
#include "user/user.h"

// The layout that the program sees; everything at and above TASK_END faults.
enum {
    PAGE = 4096,
    NULL_END = 0x10000,   // never given out without MAP_FIXED
};
#define MMAP_TOP 0xb0000000u
#define STACK_TOP 0xbf000000u
#define STACK_BYTES (8u << 20)
#define TASK_END 0xc0000000u
#define TABLE_PA 0xf0000000u // translation tables, 4 MiB of second level behind the first
#define VECTORS 0xffff0000u  // each thread has a page of its own here

// Flags of a page of the program.
enum { PG_R = 1, PG_W = 2, PG_X = 4, PG_USED = 8, PG_SHARED = 16 };

enum { GUEST_SIGNALS = 64 };

struct guest_action {
    uint32_t handler, flags, restorer;
    uint64_t mask;
};

struct process;

struct thread {
    struct cpu_bus bus;
    struct process *p;
    struct thread *next;
    struct cpu *cpu;
    uint8_t *vectors;         // this thread's page at VECTORS
    pid_t tid;
    bool live;                // false: its CPU waits for the next thread
    uint32_t tls, clear_tid, robust;
    _Atomic uint32_t in_cpu;  // inside cpu_run: others may not touch `cpu`
    _Atomic bool stale;       // the CPU must see new translations and the thread register
    // Signals: signal.c.
    _Atomic uint64_t blocked; // bit n - 1: signal n
    uint64_t saved_mask;      // what to go back to after a call with a mask of its own
    bool mask_saved;
    _Atomic uint64_t noted;   // arrived from the host, not yet delivered
    _Atomic uint32_t ready;   // one of them is not blocked: calls must not begin to wait
    siginfo_t info[GUEST_SIGNALS + 1];
    void *sigstack;           // the host handler's stack; begins with a pointer to this
    stack_t old_sigstack;
    uint32_t alt_sp, alt_size, alt_flags;
    bool restart;             // the call that EINTR ended may be started again after a handler
    bool once;                // it may not, this time
    uint32_t orig_r0;
    sigjmp_buf *fault;        // where a fault on the program's memory inside a call goes
    struct tools *tools;      // tools.c, NULL when no tool is on
};

struct process {
    const struct user_config *cfg;
    uint64_t features;        // ISA_* of the CPU model
    bool v6;
    uint8_t *base;            // host address of the program's address 0
    _Atomic uint8_t *pages;   // PG_* of each page
    pthread_mutex_t lock;     // the address space, the list of threads, the actions
    pthread_cond_t changed;   // a thread ended, or began
    struct thread *threads;
    atomic_uint live;
    _Atomic uint32_t stopping; // nobody may enter its CPU
    uint32_t brk_start, brk, mmap_next;
    uint32_t entry, sp, phdr, phnum, interp_base, prog_entry;
    uint32_t auxv, auxv_bytes;
    struct guest_action act[GUEST_SIGNALS + 1];
    char exe[4096];           // host path of the program
    char *cmdline;            // arguments, each with its 0
    size_t cmdline_bytes;
    struct tools_shared *tools; // tools.c, NULL when no tool is on
    atomic_ullong unknown_calls;
    _Atomic uint8_t told[64]; // bit per system call already named as missing
};

static inline unsigned page_flags(const struct process *p, uint32_t va)
{
    return atomic_load_explicit(&p->pages[va >> 12], memory_order_relaxed);
}

static inline bool page_ok(const struct process *p, uint32_t va)
{
    return va < TASK_END && page_flags(p, va) & PG_USED;
}

// ---- space.c -------------------------------------------------------------------------------------
// All of these that change the space take p->lock themselves; `t` is the caller's thread, NULL while
// the program is being loaded.

// Reserves the region and writes the fixed part of the tables. 0 or a negative errno.
int space_init(struct process *p);
void space_fini(struct process *p);
// mmap for the program: flags are Linux's, `off` in bytes. The address, or a negative errno.
int64_t space_map(struct process *p, struct thread *t, uint32_t va, uint32_t bytes, int prot,
                  int flags, int fd, uint64_t off);
int space_unmap(struct process *p, struct thread *t, uint32_t va, uint32_t bytes);
int space_protect(struct process *p, struct thread *t, uint32_t va, uint32_t bytes, int prot);
int64_t space_remap(struct process *p, struct thread *t, uint32_t va, uint32_t old_bytes,
                    uint32_t new_bytes, int flags, uint32_t to);
uint32_t space_brk(struct process *p, struct thread *t, uint32_t want);
// Attaches System V shared memory: the address or a negative errno.
int64_t space_attach(struct process *p, struct thread *t, int id, uint32_t va, uint32_t bytes,
                     int flags);
// Host pointer to [va, va + n) when the program may read (write) all of it, else NULL. n may be 0.
void *space_ptr(struct thread *t, uint32_t va, uint64_t n, bool write);
// A string of the program, or NULL when it is not terminated within its memory.
const char *space_str(struct thread *t, uint32_t va);
// We wrote to the program's memory, or it says that it wrote code: every CPU forgets what it decoded
// from there.
void space_written(struct thread *t, uint32_t va, uint64_t n);

// ---- load.c --------------------------------------------------------------------------------------

int load_program(struct process *p, char **argv, char **envp, struct err *err);
// Where an absolute path of the program is on the host: below the root when it is there.
const char *host_path(const struct process *p, const char *path, char *buf, size_t n);
// Platform names of the CPU: what uname says, and AT_PLATFORM.
const char *user_machine(const struct process *p);
const char *user_platform(const struct process *p);
uint32_t hwcaps(const struct process *p);
uint32_t hwcaps2(const struct process *p);

// ---- process.c -----------------------------------------------------------------------------------

// Starts a CPU for `t`. 0 or a negative errno with a message.
int thread_boot(struct thread *t, struct err *err);
// Brings translations and the thread register up to date. False when the CPU did not come back from
// the code that does it: the thread cannot go on.
bool thread_sync(struct thread *t);
// Runs the thread to its end.
_Noreturn void thread_loop(struct thread *t);
// Ends the host process as the program ends.
_Noreturn void process_exit(struct process *p, int status);
_Noreturn void process_die(struct process *p, int sig);

// ---- thread.c ------------------------------------------------------------------------------------

// A thread with a CPU, not running. NULL with a message.
struct thread *thread_new(struct process *p, struct err *err);
void threads_fini(struct process *p);
// Starts a copy of `t`: the new thread's number, or a negative errno.
int64_t thread_spawn(struct thread *t, uint32_t flags, uint32_t sp, uint32_t parent_tid,
                     uint32_t tls, uint32_t child_tid);
// The calling thread ends: robust futexes, the clear-tid word; the last one ends the process.
_Noreturn void thread_exit(struct thread *t, int status);
// In the child of fork: the other threads are gone.
int threads_forked(struct thread *t);
// Around every cpu_run.
void cpu_begin(struct thread *t);
void cpu_end(struct thread *t);
// Between these, with p->lock held, no other thread is inside its CPU. `self` may be NULL.
void world_stop(struct process *p, const struct thread *self);
void world_go(struct process *p);

// ---- signal.c, signal_host.c ---------------------------------------------------------------------

void signal_init(struct process *p, struct thread *first);
// The calling host thread is `t` now: its stack for handlers and its mask; and the end of that.
int signal_thread_begin(struct thread *t);
void signal_thread_end(struct thread *t);
void signal_host_action(int sig, const struct guest_action *a);
void signal_host_mask(uint64_t mask);
void signal_all_blocked(void);
// Sets the thread's mask, and whether something is ready now.
void signal_set_blocked(struct thread *t, uint64_t mask);
// A mask for the time of one waiting call.
void signal_mask_for_call(struct thread *t, uint64_t mask);
// Delivers what has arrived.
void signal_deliver(struct thread *t);
// A fault of the program itself.
void signal_fault(struct thread *t, int sig, int code, uint32_t addr);
void signal_return(struct thread *t, bool rt);
int32_t signal_action(struct thread *t, int sig, uint32_t act, uint32_t old, uint32_t set_size);
int32_t signal_mask(struct thread *t, int how, uint32_t set, uint32_t old, uint32_t set_size);
int32_t signal_altstack(struct thread *t, uint32_t ss, uint32_t old);
// The host's siginfo in the program's form, 128 bytes, and back.
void signal_info_out(uint8_t to[128], const siginfo_t *si);
void signal_info_in(siginfo_t *si, const uint8_t from[128]);
// One noted signal of `set` taken away without a handler: its number, or 0.
int signal_take(struct thread *t, uint64_t set, siginfo_t *si);

// A host system call that does not begin when a signal is ready, so that none is slept over:
// -ERESTART (the program's call is done again after the handler), or what the kernel says, a negated
// errno included.
enum { SAFE_RESTART = 512 };
long safe_call(struct thread *t, long nr, long a, long b, long c, long d, long e, long f);

// ---- sys.c, exec.c, proc.c -----------------------------------------------------------------------

// Carries out the call in R7 with R0-R6, result in R0.
void sys_call(struct thread *t);
// A file that shows this program where the host's shows us: a descriptor, a negative errno, or
// PROC_NONE when the path is none of these.
enum { PROC_NONE = -100000 };
int proc_open(struct thread *t, const char *path, int flags);
bool proc_is_exe(const char *path);

#endif
