// SPDX-License-Identifier: MIT
//
// Address translation, private to this room. Three levels:
//   banks   direct-mapped host-pointer tables for the in-line paths (mem.h, interp.h). One bank a
//           context: privilege, DACR, ASID, FCSE PID. Changing any of these switches a pointer.
//   L2      set-associative, holds what a table walk found (domain and permissions included), tagged
//           by ASID or global. It serves every bank.
//   walk    the translation tables in memory, ARMv4/v5 and ARMv6/v7 formats.
#ifndef CPU_MMU_H
#define CPU_MMU_H

#include "cpu/mem.h"
#include "cpu/state.h"

struct mmu;
struct err;

struct mmu *mmu_create(void);
void mmu_destroy(struct mmu *mmu);

// Points c->tlb and c->ftlb at the bank of the current context. After changes of mode, DACR, ASID,
// FCSE PID, CPSR.E.
void mmu_select(struct cpu *c);

void mmu_flush_all(struct cpu *c);
void mmu_flush_mva(struct cpu *c, uint32_t mva, int asid); // asid -1: any
void mmu_flush_asid(struct cpu *c, unsigned asid);

// What translation says about one address.
struct xlat {
    uint32_t pa;
    uint8_t fs;     // 0, or the fault status
    uint8_t domain; // of the descriptor, for the fault status register
    bool device;    // strongly ordered or device memory
    bool fine;      // valid for this 1 KiB only
    uint8_t attrs;  // TEX, C, B, S for PAR: bits 4:0 = S TEX[0] C B outer
};
void mmu_translate(struct cpu *c, uint32_t va, enum cpu_access access, bool priv, struct xlat *x);

// The same, never touching counters, caches or the bus.
void mmu_probe(struct cpu *c, uint32_t va, enum cpu_access access, bool priv, struct xlat *x);

// Puts a translation into the current bank, if `host` (of the 4 KiB page) is RAM.
void mmu_fill(struct cpu *c, uint32_t va, const struct xlat *x, enum cpu_access access);

// Host page for fetching at va, NULL when it is not RAM; raises a prefetch abort. *whole: the
// translation holds for the whole 4 KiB.
uint8_t *mmu_fetch_page(struct cpu *c, uint32_t va, bool *whole);

// Write paths into this host page must become slow: it holds decoded code now.
void mmu_protect(struct cpu *c, const uint8_t *host_page);
// Drops all pointers to code pages from the banks.
void mmu_forget_code(struct cpu *c);

// ---- physical memory -------------------------------------------------------------------------------

struct ram_window {
    uint32_t pa;
    uint64_t bytes;
    uint8_t *host;
    unsigned flags;
};

// Host address of a physical address, or NULL. *win may be NULL.
uint8_t *mmu_ram(const struct cpu *c, uint32_t pa, const struct ram_window **win);
int mmu_map(struct cpu *c, uint32_t pa, uint64_t bytes, void *host, unsigned flags,
            struct err *err);
void mmu_unmap(struct cpu *c, uint32_t pa, uint64_t bytes);

#endif
