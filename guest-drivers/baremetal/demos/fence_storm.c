// SPDX-License-Identifier: MIT
//
// Hundreds of small submissions, a few always in flight: the ring wraps, every second one ends with
// an interrupt, and each leaves its number in memory. Fences must come in order and none may be
// missed.
#include "fence_storm.h"
#include "demo.h"

enum { IN_FLIGHT = 8 };

static void submit(struct demo_run *run, struct a2_frame *f, const struct a2_bo *log, uint32_t i)
{
    const int32_t x = (int32_t)(i % STORM_CELLS) * STORM_CELL;
    const int32_t y = (int32_t)(i / STORM_CELLS) * STORM_CELL;
    const uint32_t number = i + 1;
    a2_frame_begin(f, &(struct a2_frame_config){.target = &run->screen,
                                                .area = {x, y, STORM_CELL, STORM_CELL},
                                                .submit = i & 1 ? 0 : A2_SUBMIT_QUIET});
    a2_frame_clear(f, storm_color(i), 1);
    pm4_mem_write(&f->draw, log->va + 4 * i, &number, 1);
    a2_frame_end(f);
}

static void run(struct demo_run *run)
{
    struct a2_frame frames[IN_FLIGHT];
    struct a2_bo log;
    uint32_t first = run->gpu->seqno, interrupts = run->gpu->rb_irqs, wrong = 0, before = 0;

    if (!a2_alloc(run->gpu, STORM_SUBMISSIONS * 4, A2_PTE_RW, &log)) {
        demo_check(run, false, "no memory");
        return;
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        if (!a2_frame_create(run->gpu, &frames[i], 1024)) {
            demo_check(run, false, "no memory");
            return;
        }
    }
    for (uint32_t i = 0; i < STORM_SUBMISSIONS; i++) {
        uint32_t fence = *(volatile uint32_t *)(void *)run->gpu->fence.cpu;
        wrong += fence < before;
        before = fence;
        submit(run, &frames[i % IN_FLIGHT], &log, i);
    }
    demo_finish(run, run->gpu->seqno);
    demo_check(run, wrong == 0, "a fence went backwards");
    demo_check(run, run->gpu->seqno - first == STORM_SUBMISSIONS, "submissions are missing");
    for (uint32_t i = 0; i < STORM_SUBMISSIONS; i++) {
        wrong += ((const uint32_t *)(const void *)log.cpu)[i] != i + 1;
    }
    demo_check(run, wrong == 0, "a submission left no number");
    demo_check(run, a2_idle(run->gpu) == A2_OK, "the GPU is not idle");
    interrupts = run->gpu->rb_irqs - interrupts;
    demo_check(run, interrupts > 0 && interrupts <= STORM_SUBMISSIONS / 2,
               "the number of interrupts");
    bm_print(run->plat, "%u submissions, %u interrupts\n", (unsigned)STORM_SUBMISSIONS,
             (unsigned)interrupts);
}

const struct demo demo_fence_storm = {"fence_storm", STORM_CELLS *STORM_CELL,
                                      STORM_CELLS *STORM_CELL, run};
