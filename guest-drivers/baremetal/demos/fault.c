// SPDX-License-Identifier: MIT
//
// GPU page faults: vertices from an address where nothing is mapped, and a picture in memory that
// may only be read. Each must raise the MMU's interrupt with the page; after the first the GPU goes
// on, after the second the driver resets it.
#include "demo.h"
#include "halves.h"
#include "hang.h"

enum { FAULT_US = 200000 };

// Waits for the interrupt; fence and fault are two causes and may come in any order.
static void expect_fault(struct demo_run *run, uint32_t before, const char *access, uint32_t first,
                         uint32_t bytes)
{
    struct a2_gpu *gpu = run->gpu;
    uint64_t end = run->plat->ops->now_us(run->plat) + FAULT_US;
    while (gpu->faults == before && run->plat->ops->now_us(run->plat) < end) {
        uint32_t old = run->plat->ops->irq_mask(run->plat);
        if (gpu->faults == before) {
            run->plat->ops->sleep(run->plat, end);
        }
        run->plat->ops->irq_restore(run->plat, old);
    }
    demo_check(run, gpu->faults == before + 1, "one fault should be reported");
    demo_check(run, gpu->fault_status & A2_MH_INTERRUPT_MASK_MMU_PAGE_FAULT,
               "the fault should be a page fault");
    demo_check(run, gpu->fault_page - first < bytes, "the fault's page");
    bm_print(run->plat, "%s fault: %s, page %08x\n", access, a2_fault_name(gpu->fault_status),
             (unsigned)gpu->fault_page);
}

static void read_fault(struct demo_run *run, struct a2_frame *frame)
{
    uint32_t nowhere = a2_unmapped_va(run->gpu, A2_PAGE_BYTES), before = run->gpu->faults;
    struct a2_state s;
    a2_frame_begin(frame, &(struct a2_frame_config){.target = &run->screen});
    a2_state_init(&s, run->screen.width, run->screen.height);
    a2_emit_state(&frame->draw, &s);
    a2_emit_programs(&frame->draw, &color_vs, &color_ps);
    a2_emit_vertices(&frame->draw, 0, nowhere, 48);
    a2_frame_draw(frame, A2_DI_PT_TRILIST, 3);
    demo_finish(run, a2_frame_end(frame));
    expect_fault(run, before, "read", nowhere, A2_PAGE_BYTES);
}

static void write_fault(struct demo_run *run, struct a2_frame *frame)
{
    struct a2_surface fixed;
    uint32_t before = run->gpu->faults;
    if (!a2_surface_create(run->gpu, 64, 64, &fixed)) {
        demo_check(run, false, "no memory");
        return;
    }
    a2_protect(run->gpu, &fixed.bo, A2_PTE_READ);
    a2_wait(run->gpu, halves_submit(run, frame, &fixed, hang_before), A2_WAIT_IRQ);
    expect_fault(run, before, "write", fixed.bo.va, fixed.bo.bytes);
    demo_check_pixel(run, &fixed, 10, 10, 0); // nothing was written
}

static void run(struct demo_run *run)
{
    struct a2_frame frame;
    if (!a2_frame_create(run->gpu, &frame, 1024)) {
        demo_check(run, false, "no memory");
        return;
    }
    read_fault(run, &frame);
    halves_draw(run, &frame, hang_before);
    write_fault(run, &frame);
    demo_check(run, a2_recover(run->gpu), "the GPU did not start again");
    halves_draw(run, &frame, fault_after);
}

const struct demo demo_fault = {"fault", HANG_WIDTH, HANG_HEIGHT, run};
