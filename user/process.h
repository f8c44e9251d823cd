// SPDX-License-Identifier: MIT
//
// One running program, private to this room: address space (space.c), CPU and traps (process.c),
// loading (load.c), signals (signal.c), system calls (sys*.c).
#ifndef USER_PROCESS_H
#define USER_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "cpu/cpu.h"
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
#define TRAP_PA 0xfffe0000u  // no RAM: a store here tells us which vector ran
#define VECTORS 0xffff0000u

// Flags of a page of the program.
enum { PG_R = 1, PG_W = 2, PG_X = 4, PG_USED = 8, PG_SHARED = 16 };

enum trap { TRAP_NONE, TRAP_UNDEF, TRAP_SVC, TRAP_PREFETCH, TRAP_DATA, TRAP_STUB };

enum { GUEST_SIGNALS = 64 };

struct guest_action {
    uint32_t handler, flags, restorer;
    uint64_t mask;
};

struct process {
    struct cpu_bus bus;
    const struct user_config *cfg;
    struct cpu *cpu;
    uint8_t *base;            // host address of the program's address 0
    uint8_t *pages;           // PG_* of each page
    bool stale_tlb;           // permissions were taken away: flush before going back
    enum trap trap;
    uint32_t tls;
    uint32_t brk_start, brk, mmap_next;
    uint32_t entry, sp, phdr, phnum, interp_base, prog_entry;
    struct guest_action act[GUEST_SIGNALS + 1];
    uint64_t blocked;         // bit n - 1: signal n
    uint32_t alt_sp, alt_size;
    bool restart;             // the call in progress may be started again after a handler
    uint32_t orig_r0;
    char exe[4096];           // host path of the program
    bool done;
    int status;
};

static inline bool page_ok(const struct process *p, uint32_t va)
{
    return va < TASK_END && p->pages[va >> 12] & PG_USED;
}

// ---- space.c -------------------------------------------------------------------------------------

// Reserves the region and writes the fixed part of the tables. 0 or a negative errno.
int space_init(struct process *p);
void space_fini(struct process *p);
// mmap for the program: flags are Linux's, `off` in bytes. The address, or a negative errno.
int64_t space_map(struct process *p, uint32_t va, uint32_t bytes, int prot, int flags, int fd,
                  uint64_t off);
int space_unmap(struct process *p, uint32_t va, uint32_t bytes);
int space_protect(struct process *p, uint32_t va, uint32_t bytes, int prot);
int64_t space_remap(struct process *p, uint32_t va, uint32_t old_bytes, uint32_t new_bytes,
                    int flags, uint32_t to);
uint32_t space_brk(struct process *p, uint32_t want);
// Host pointer to [va, va + n) when the program may read (write) all of it, else NULL. n may be 0.
void *space_ptr(struct process *p, uint32_t va, uint64_t n, bool write);
// A string of the program, or NULL when it is not terminated within its memory.
const char *space_str(struct process *p, uint32_t va);
// We wrote to the program's memory: forget code decoded from it.
void space_written(struct process *p, uint32_t va, uint64_t n);

// ---- load.c --------------------------------------------------------------------------------------

int load_program(struct process *p, char **argv, char **envp, struct err *err);
// Where an absolute path of the program is on the host: below the root when it is there.
const char *host_path(const struct process *p, const char *path, char *buf, size_t n);

// ---- process.c -----------------------------------------------------------------------------------

// Runs a privileged stub: sets the TLS register, flushes the TLB.
void process_sync(struct process *p);

// ---- signal.c ------------------------------------------------------------------------------------

void signal_init(struct process *p);
// Delivers what has arrived.
void signal_deliver(struct process *p);
// A fault of the program itself.
void signal_fault(struct process *p, int sig, int code, uint32_t addr);
void signal_return(struct process *p, bool rt);
int32_t signal_action(struct process *p, int sig, uint32_t act, uint32_t old, uint32_t set_size);
int32_t signal_mask(struct process *p, int how, uint32_t set, uint32_t old, uint32_t set_size);
bool signal_pending(const struct process *p);

// ---- sys.c ---------------------------------------------------------------------------------------

// Carries out the call in R7 with R0-R6, result in R0.
void sys_call(struct process *p);

#endif
