// SPDX-License-Identifier: MIT
//
// What all demos share.
#include "demo.h"

void demo_check(struct demo_run *run, bool ok, const char *what)
{
    if (!ok) {
        run->failed = true;
        bm_print(run->plat, "check failed: %s\n", what);
    }
}

static bool near(uint32_t a, uint32_t b)
{
    return a - b + 2 <= 4;
}

void demo_check_pixel(struct demo_run *run, const struct a2_surface *s, uint32_t x, uint32_t y,
                      uint32_t rgb)
{
    uint32_t got = a2_surface_pixel(s, x, y);
    for (unsigned i = 0; i < 24; i += 8) {
        if (!near(got >> i & 255, rgb >> i & 255)) {
            run->failed = true;
            bm_print(run->plat, "check failed: pixel %u,%u is %06x, not %06x\n", (unsigned)x,
                     (unsigned)y, (unsigned)got, (unsigned)rgb);
            return;
        }
    }
}

void demo_finish(struct demo_run *run, uint32_t seqno)
{
    demo_check(run, a2_wait(run->gpu, seqno, A2_WAIT_IRQ) == A2_OK,
               "the frame's fence did not come");
    run->plat->ops->show(run->plat, run->screen.bo.pa, run->screen.width, run->screen.height,
                         run->screen.pitch * 4);
}

struct a2_bo demo_data(struct demo_run *run, const void *data, uint32_t bytes)
{
    struct a2_bo bo = {0};
    if (a2_alloc(run->gpu, bytes, A2_PTE_READ, &bo)) {
        memcpy(bo.cpu, data, bytes);
    } else {
        demo_check(run, false, "no memory");
    }
    return bo;
}

bool demo_execute(const struct demo *demo, struct demo_run *run)
{
    run->failed = false;
    if (!a2_surface_create(run->gpu, demo->width, demo->height, &run->screen)) {
        bm_print(run->plat, "YAMATO-BM: %s FAIL no memory\n", demo->name);
        return false;
    }
    demo->run(run);
    demo_check(run, run->gpu->cp_errors == 0, "the command processor found an error");
    bm_print(run->plat, "YAMATO-BM: %s %s crc=%08x\n", demo->name, run->failed ? "FAIL" : "ok",
             (unsigned)a2_surface_crc(&run->screen));
    return !run->failed;
}
