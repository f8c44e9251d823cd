// SPDX-License-Identifier: MIT
//
// Not a demo of the GPU: reads from an address where the board has nothing. The data abort must be
// reported with its registers, and the board must stop. The test looks for that.
#include "demo.h"

static void run(struct demo_run *run)
{
    volatile const uint32_t *nothing = (volatile const uint32_t *)(uintptr_t)0xfffe0000u;
    bm_print(run->plat, "reading from nowhere\n");
    demo_check(run, *nothing != *nothing, "the read came back");
}

const struct demo demo_trap = {"trap", 32, 32, run};
