// SPDX-License-Identifier: MIT
//
// CPU models as data, private to this room: identification registers, features, reset values. One
// row a model in models.def.
#ifndef CPU_MODELS_H
#define CPU_MODELS_H

#include <stdint.h>

struct cpu_model {
    const char *name;
    uint64_t features; // ISA_* bits
    uint8_t arch;      // 4, 5, 6, 7
    uint32_t midr, ctr, tcmtr, tlbtr, mpidr;
    uint32_t id_pfr[2], id_dfr0, id_afr0, id_mmfr[4], id_isar[6];
    uint32_t clidr, ccsidr[3];
    uint32_t fpsid, mvfr0, mvfr1;
    uint32_t sctlr_reset, sctlr_writable;
    uint32_t actlr_reset;
    uint32_t pmcr; // c9,c12,0 implementer, id, counters
    uint32_t dbgdidr;
    uint32_t cbar;   // peripheral base
    uint32_t quirks; // MODEL_*
    uint16_t family; // one ON_* bit: which rows of isa/cp15.def
};

enum {
    MODEL_STR_PC_12 = 1,    // STR of the PC stores address + 12
    MODEL_FCSE = 2,
    MODEL_NO_IFSR = 4,      // prefetch aborts leave the fault registers alone
    MODEL_SUBPAGES = 8,     // v4/v5 page tables (also v6 with XP = 0)
    MODEL_V6_TABLES = 16,
    MODEL_FETCH_AHEAD = 32, // instructions already fetched survive an MMU switch
    MODEL_MP = 64,
    MODEL_EXT_SMALL = 128, // extended small pages in ARMv5 tables (XScale)
    MODEL_V4_MSR_T = 256,
};

// NULL when there is none of that name.
const struct cpu_model *model_find(const char *name);
// Null-terminated.
extern const char *const model_names[];

#endif
