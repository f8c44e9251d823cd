// SPDX-License-Identifier: MIT
//
// The end of a program that went wrong: names the exception, prints the registers and stops the
// board.
#include "board.h"
#include "imx53.h"
#include "libc.h"

struct registers {
    uint32_t r[13], sp, lr, pc, psr;
};

void exception_report(unsigned kind, const struct registers *regs);

static uint32_t fault_register(unsigned which)
{
    uint32_t v = 0;
    switch (which) {
    case 0:
        __asm__ volatile("mrc p15, 0, %0, c5, c0, 0" : "=r"(v)); // DFSR
        break;
    case 1:
        __asm__ volatile("mrc p15, 0, %0, c6, c0, 0" : "=r"(v)); // DFAR
        break;
    case 2:
        __asm__ volatile("mrc p15, 0, %0, c5, c0, 1" : "=r"(v)); // IFSR
        break;
    case 3:
        __asm__ volatile("mrc p15, 0, %0, c6, c0, 2" : "=r"(v)); // IFAR
        break;
    }
    return v;
}

// Called from the vectors (start.S).
void exception_report(unsigned kind, const struct registers *regs)
{
    static const char *const names[] = {"undefined instruction", "supervisor call",
                                        "prefetch abort", "data abort", "fast interrupt"};
    struct platform *plat = board_platform();
    bm_print(plat, "\nEXCEPTION: %s at %08x\n", kind < 5 ? names[kind] : "?", (unsigned)regs->pc);
    for (unsigned i = 0; i < 13; i++) {
        bm_print(plat, "r%u=%08x%c", i, (unsigned)regs->r[i], i % 4 == 3 ? '\n' : ' ');
    }
    bm_print(plat, "sp=%08x lr=%08x psr=%08x\n", (unsigned)regs->sp, (unsigned)regs->lr,
             (unsigned)regs->psr);
    bm_print(plat, "DFSR=%08x DFAR=%08x IFSR=%08x IFAR=%08x\n", (unsigned)fault_register(0),
             (unsigned)fault_register(1), (unsigned)fault_register(2), (unsigned)fault_register(3));
    bm_print(plat, "YAMATO-BM: exception FAIL\n");
    power_off();
}
