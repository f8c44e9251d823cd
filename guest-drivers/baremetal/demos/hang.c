// SPDX-License-Identifier: MIT
//
// A command stream that waits for what never comes. The driver notices by the clock, resets the
// core, starts it again and draws; what was submitted behind the hang is lost and says so.
#include "hang.h"
#include "demo.h"
#include "halves.h"

static void run(struct demo_run *run)
{
    struct a2_frame frame, behind;
    struct pm4 endless;
    uint32_t stuck, queued;
    uint64_t start;

    if (!a2_frame_create(run->gpu, &frame, 1024) || !a2_frame_create(run->gpu, &behind, 1024) ||
        !pm4_create(run->gpu, &endless, 64)) {
        demo_check(run, false, "no memory");
        return;
    }
    halves_draw(run, &frame, hang_before);

    // the scratch register holds the submission's number, never this
    pm4_wait_reg_eq(&endless, A2_CP_SCRATCH_REG2, 0xdeadbeef, 0xffffffff);
    stuck = a2_submit(run->gpu, &endless, 0);
    start = run->plat->ops->now_us(run->plat);
    demo_check(run, a2_wait(run->gpu, stuck, A2_WAIT_IRQ) == A2_HUNG, "no hang was noticed");
    bm_print(run->plat, "hang after %u ms, RBBM_STATUS %08x\n",
             (unsigned)((uint32_t)(run->plat->ops->now_us(run->plat) - start) / 1000),
             (unsigned)a2_read(run->gpu, A2_RBBM_STATUS));
    demo_check(run, a2_read(run->gpu, A2_RBBM_STATUS) & A2_RBBM_STATUS_GUI_ACTIVE,
               "a hung GPU should be busy");
    queued = halves_submit(run, &behind, &run->screen, hang_after);
    demo_check(run, a2_wait(run->gpu, queued, A2_WAIT_POLL) == A2_HUNG,
               "work behind the hang was done");
    demo_check_pixel(run, &run->screen, 200, 100, hang_before[0] & 0xffffff);

    demo_check(run, a2_recover(run->gpu), "the GPU did not start again");
    demo_check(run, a2_wait(run->gpu, stuck, A2_WAIT_POLL) == A2_LOST, "the hang should be lost");
    demo_check(run, a2_wait(run->gpu, queued, A2_WAIT_POLL) == A2_LOST,
               "work behind the hang should be lost");
    halves_draw(run, &frame, hang_after);
}

const struct demo demo_hang = {"hang", HANG_WIDTH, HANG_HEIGHT, run};
