// SPDX-License-Identifier: MIT
//
// Shared between mmu.c (banks, L2, RAM windows) and walk.c (translation tables).
#ifndef CPU_MMU_INT_H
#define CPU_MMU_INT_H

#include "cpu/mmu.h"

// What a walk found for one 4 KiB (or 1 KiB) piece.
struct walk {
    uint32_t pa;     // of the piece
    uint8_t fs;      // walk ended in this fault; 0 otherwise
    uint8_t domain;
    uint8_t perm;    // PERM_*
    bool page;       // fault codes for second-level descriptors
    bool global, device;
    bool fine;       // 1 KiB granularity
    bool large;      // mapped by more than 4 KiB
    uint8_t attrs;
};

enum { PERM_PR = 1, PERM_PW = 2, PERM_UR = 4, PERM_UW = 8, PERM_XN = 16 };

enum {
    FS_ALIGN = 0x01, FS_ACCESS_SECTION = 0x03, FS_ICACHE = 0x04, FS_TRANS_SECTION = 0x05,
    FS_ACCESS_PAGE = 0x06, FS_TRANS_PAGE = 0x07, FS_EXTERNAL = 0x08, FS_DOMAIN_SECTION = 0x09,
    FS_EXTERNAL_PAGE = 0x0a, FS_DOMAIN_PAGE = 0x0b, FS_WALK_EXTERNAL_1 = 0x0c,
    FS_PERM_SECTION = 0x0d, FS_WALK_EXTERNAL_2 = 0x0e, FS_PERM_PAGE = 0x0f, FS_DEBUG = 0x02,
};

// Walks the tables for a modified virtual address. `bus`: may read tables through the bus.
void mmu_walk(struct cpu *c, uint32_t mva, bool bus, struct walk *w);

#endif
