// SPDX-License-Identifier: MIT
//
// System control registers: bits, lookup and side effects. Rows are in isa/cp15.def.
#ifndef CPU_SYSREG_H
#define CPU_SYSREG_H

#include "cpu/state.h"

enum {
    SCTLR_M = 1 << 0, SCTLR_A = 1 << 1, SCTLR_C = 1 << 2, SCTLR_B = 1 << 7, SCTLR_S = 1 << 8,
    SCTLR_R = 1 << 9, SCTLR_SW = 1 << 10, SCTLR_Z = 1 << 11, SCTLR_I = 1 << 12, SCTLR_V = 1 << 13,
    SCTLR_L4 = 1 << 15, SCTLR_U = 1 << 22, SCTLR_XP = 1 << 23, SCTLR_VE = 1 << 24,
    SCTLR_EE = 1 << 25, SCTLR_NMFI = 1 << 27, SCTLR_TRE = 1 << 28, SCTLR_AFE = 1 << 29,
    SCTLR_TE = 1 << 30,
};
enum { SCR_NS = 1, SCR_IRQ = 2, SCR_FIQ = 4, SCR_EA = 8, SCR_FW = 16, SCR_AW = 32, SCR_SCD = 128 };

struct sysreg;
typedef uint32_t sysreg_read_fn(struct cpu *c, const struct sysreg *r);
typedef void sysreg_write_fn(struct cpu *c, const struct sysreg *r, uint32_t val);

enum { // access
    SR_R = 1,      // privileged read
    SR_W = 2,      // privileged write
    SR_UR = 4,     // user read
    SR_UW = 8,     // user write
    SR_BANKED = 16, // one for each security state
    SR_SECURE = 32, // only in the secure state
};

struct sysreg {
    const char *name;
    uint8_t cp, crn, opc1, crm, opc2;
    uint8_t access;
    uint16_t models; // bit per family, SR_ON_*
    uint32_t reset, writable;
    sysreg_read_fn *read;   // NULL: stored value
    sysreg_write_fn *write; // NULL: stored value under `writable`
};

enum { // families of cores
    ON_V4 = 1,     // ARM920T
    ON_V5 = 2,     // ARM926
    ON_1136 = 4, ON_1176 = 8, ON_A8 = 16, ON_A9 = 32, ON_A15 = 64,
    ON_V6 = ON_1136 | ON_1176, ON_V7 = ON_A8 | ON_A9 | ON_A15, ON_MP = ON_A9 | ON_A15,
    ON_OLD = ON_V4 | ON_V5, ON_ALL = ON_OLD | ON_V6 | ON_V7,
    ON_TZ = ON_1176 | ON_V7, ON_V6UP = ON_V6 | ON_V7,
};

extern const struct sysreg sysregs[CP15_COUNT];

// Row number, or -1.
int sysreg_find(const struct cpu *c, unsigned cp, unsigned crn, unsigned opc1, unsigned crm,
                unsigned opc2);
void sysreg_reset(struct cpu *c);
// Swaps the banked registers when the security state changes.
void sysreg_world_switch(struct cpu *c, bool secure);

#endif
