// SPDX-License-Identifier: MIT
//
// Architectural and engine state of one CPU, private to this room. The first cache lines hold what
// the threaded bodies touch. Flags are kept apart, in the form that arithmetic produces them, and
// the CPSR is put together only when read (psr.h).
#ifndef CPU_STATE_H
#define CPU_STATE_H

#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "cpu/insn.h"
#include "cpu/isa.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

enum cpu_mode {
    MODE_USR = 0x10, MODE_FIQ = 0x11, MODE_IRQ = 0x12, MODE_SVC = 0x13, MODE_MON = 0x16,
    MODE_ABT = 0x17, MODE_HYP = 0x1a, MODE_UND = 0x1b, MODE_SYS = 0x1f,
};

// Banks of r13, r14 and SPSR.
enum cpu_bank {
    BANK_USR, BANK_FIQ, BANK_IRQ, BANK_SVC, BANK_MON, BANK_ABT, BANK_HYP, BANK_UND, BANK_COUNT
};

enum {
    PSR_N = 31, PSR_Z = 30, PSR_C = 29, PSR_V = 28, PSR_Q = 27, PSR_J = 24, PSR_GE = 16,
    PSR_E = 9, PSR_A = 8, PSR_I = 7, PSR_F = 6, PSR_T = 5,
};

// Storage numbers of the system registers: one a row of isa/cp15.def.
enum cp15_reg {
#define CP15(name, ...) CP15_##name,
#include "cpu/isa/cp15.def"
#undef CP15
    CP15_COUNT
};

// Reasons to leave straight-line execution at the next opportunity.
enum {
    ATTN_STOP = 1,    // cpu_request_stop
    ATTN_LINE = 2,    // an interrupt line or a mask bit changed
    ATTN_REFETCH = 4, // translation or code changed: look the PC up again
    ATTN_WAIT = 8,    // WFI, or a debugger's stop
};

struct cluster;
struct code_page;
struct code_cache;
struct cpu_model;
struct mmu;
struct debug;

// One entry of a fast translation bank (mmu.h): tags hold the page of `va`, or TLB_NONE.
struct tlb_entry {
    uint32_t rtag, wtag;
    uintptr_t addend; // host address = addend + va
};

// One entry of a fetch bank: `tag` is the page of the address with the T bit in bit 0.
struct fetch_entry {
    uint32_t tag;
    const struct insn *slots;
    struct code_page *page;
    const uint32_t *entry; // of the translator, when there is one (jit/jit.h)
};

struct cpu {
    // ---- touched by every instruction ----
    uint32_t r[16]; // r[15] is only valid while stopped, and in bodies that ask for it
    uint32_t nf;    // N is bit 31
    uint32_t zf;    // Z is set when this is 0
    uint32_t cf;    // 0 or 1
    uint32_t vf;    // V is bit 31
    uint32_t page_va;         // virtual address of the running code page (1 KiB aligned)
    atomic_uint attention;    // ATTN_*: something to do at the next taken branch
    struct tlb_entry *tlb;    // current bank for loads and stores
    uint32_t tlb_mask;        // of its entries, in bytes
    // Where nearly all of the physical address space is one piece of host memory (a program without a
    // machine), only addresses that map to themselves there enter the banks: their host address is
    // flat + va. 0: not so.
    uintptr_t flat;
    struct fetch_entry *ftlb; // current bank for taken branches
    const struct insn *cur;   // instruction in progress, for plain bodies and slow paths
    uint64_t left;            // instructions still allowed, `cur` included (set before slow paths)
    uint64_t insns_end;       // insns executed = insns_end - left
    struct code_page *page;   // running code page
    bool thumb;
    bool fp_on;               // VFP/NEON may execute now (see fp_update)
    bool neon_on;
    uint8_t mode;             // enum cpu_mode
    bool redirect;            // a plain body changed the PC (r[15], itstate): continue there
    uint32_t q;               // sticky saturation: 0 or 1
    uint32_t ge;              // GE[3:0]

    // ---- the rest of the core ----
    uint8_t itstate; // valid while stopped or at an entry; otherwise in cur->it
    bool psr_a, psr_i, psr_f, psr_e, psr_j;
    uint32_t spsr[BANK_COUNT];     // SPSR of the current mode lives here too
    uint32_t bank_sp[BANK_COUNT];  // of the modes that are not current
    uint32_t bank_lr[BANK_COUNT];
    uint32_t bank_r8_usr[5], bank_r8_fiq[5];
    bool excl_set;
    uint32_t excl_pa; // tag of the monitored granule
    uint32_t excl_size;
    uint64_t excl_val; // what was loaded
    bool event;       // WFE event register
    bool waiting;     // in WFI or WFE
    bool wfe_waiting; // in WFE
    bool secure;  // SCR.NS == 0 or monitor mode

    // ---- VFP and NEON (owned by vfp*.c, neon*.c) ----
    // S registers are halves of D0..D15, Q registers pairs of D: little endian lanes.
    uint64_t d[32];
    uint32_t fpscr_nzcv; // bits 31:28
    uint32_t fpscr_qc;   // 0 or 1<<27
    uint32_t fpscr_ctl;  // AHP DN FZ RMode Stride Len and trap enables, in place
    uint32_t fpscr_exc;  // cumulative exception bits IOC..IXC, IDC, in place
    uint32_t fpexc;

    // ---- system ----
    uint32_t cp15[CP15_COUNT];
    uint32_t cp15_other[CP15_COUNT]; // banked registers of the other security state
    const struct cpu_model *model;
    uint64_t features; // ISA_* bits
    uint32_t midr, cbar;
    unsigned index;
    struct cluster *cluster; // never NULL

    // ---- engine ----
    jmp_buf *unwind; // set while running: where faults go
    uint64_t step_rest;   // instructions set aside while single stepping
    uint32_t brk_skip;    // breakpoint address to step over once, bit 0 set: none
    struct mmu *mmu;
    struct code_cache *code;
    struct jit *jit;     // the translator, or NULL
    bool jit_unaligned;  // translated code takes unaligned accesses as they come
    uint8_t jit_fp;      // what keeps floating point from running in line (jit/vec.h)
    uint32_t jit_spare[2]; // translated code: operands of pending flags
    uint32_t jit_moved;  // translated code's one spill: a base register to write back
    struct debug *debug; // breakpoints and watchpoints; NULL while there are none
    uint8_t *coverage;   // a byte per row of isa_rows, or NULL (tools.h)
    bool catching;       // exceptions of instructions stop the run instead of being entered (tools.h)
    uint8_t caught;      // 0, or 1 + enum exc_kind
    struct cpu_bus *bus;
    struct log *log;
    atomic_uint lines; // bit per enum cpu_line
    enum cpu_stop stop;
    bool stop_pending; // a plain body wants cpu_run to return `stop` after this instruction
    uint32_t stop_address;
    struct cpu_counters counters;
};

// The value of the PC as an operand of `i`.
static inline uint32_t insn_va(const struct cpu *c, const struct insn *i)
{
    return c->page_va + (uint32_t)(i->off2 << 1);
}

static inline uint32_t insn_pc(const struct cpu *c, const struct insn *i)
{
    return c->page_va + (uint32_t)(i->off2 << 1) + (c->thumb ? 4 : 8);
}

static inline bool cpu_privileged(const struct cpu *c)
{
    return c->mode != MODE_USR;
}

// Recomputes fp_on and neon_on from CPACR, FPEXC, NSACR and the mode (system.c).
void fp_update(struct cpu *c);

#endif
