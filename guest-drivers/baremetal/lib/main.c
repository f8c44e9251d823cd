// SPDX-License-Identifier: MIT
//
// An image's main program: starts the board and the GPU, runs its demo, switches off. DEMO is the
// demo's symbol, set by the build.
#include "board.h"
#include "demo.h"
#include "imx53.h"

extern const struct demo DEMO;
int main(void);

int main(void)
{
    static struct a2_gpu gpu;
    struct platform *plat;
    struct a2_memory mem;
    struct demo_run run = {0};
    uint64_t start;

    board_init();
    plat = board_platform();
    mem = board_memory();
    bm_print(plat, "\nYAMATO-BM: %s starts\n", DEMO.name);
    board_attach_gpu(&gpu);
    if (!a2_init(&gpu, plat, &mem, NULL)) {
        bm_print(plat, "YAMATO-BM: %s FAIL the GPU does not start\n", DEMO.name);
        power_off();
    }
    run.plat = plat;
    run.gpu = &gpu;
    start = plat->ops->now_us(plat);
    demo_execute(&DEMO, &run);
    bm_print(plat, "%u ms, %u interrupts\n",
             (unsigned)((uint32_t)(plat->ops->now_us(plat) - start) / 1000), (unsigned)gpu.irqs);
    // leave the last picture on the panel for two of its frames
    start = plat->ops->now_us(plat);
    while (plat->ops->now_us(plat) < start + 40000) {
    }
    power_off();
}
