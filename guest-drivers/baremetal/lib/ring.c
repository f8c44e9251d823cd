// SPDX-License-Identifier: MIT
//
// The ring: 32 KiB that the command processor reads round and round. A submission is a call of one
// buffer and the tail that the open kernel driver writes: scratch register, wait for idle, fence
// store after a cache flush, interrupt. Fences are a word of memory that counts submissions.
#include "gpu.h"
#include "libc.h"
#include "pm4.h"

enum { RING_DWORDS = 8192, TAIL_DWORDS = 16, ME_INIT_DWORDS = 18 };
enum { INIT_US = 1000000 };

static void put(struct a2_gpu *gpu, uint32_t word)
{
    uint32_t *dw = (uint32_t *)(void *)gpu->ring.cpu;
    dw[gpu->wptr] = word;
    gpu->wptr = (gpu->wptr + 1) % RING_DWORDS;
}

static void kick(struct a2_gpu *gpu)
{
    gpu->plat->ops->barrier(gpu->plat);
    a2_write(gpu, A2_CP_RB_WPTR, gpu->wptr);
}

// Free words; one stays free, so that full and empty differ.
static uint32_t room(struct a2_gpu *gpu)
{
    return (a2_read(gpu, A2_CP_RB_RPTR) - gpu->wptr - 1) % RING_DWORDS;
}

static uint32_t fence_value(const struct a2_gpu *gpu)
{
    return *(const volatile uint32_t *)(const void *)gpu->fence.cpu;
}

void a2_ring_start(struct a2_gpu *gpu)
{
    gpu->wptr = 0;
    // sizes are logarithms of quadwords: 2^12 in the ring, fetched 2^2 at a time
    a2_write(gpu, A2_CP_RB_CNTL,
             A2_CP_RB_CNTL_BUFSZ(12) | A2_CP_RB_CNTL_BLKSZ(2) | A2_CP_RB_CNTL_NO_UPDATE);
    a2_write(gpu, A2_CP_RB_BASE, gpu->ring.va);
}

// First words after a start: which registers the micro engine shadows, and where shaders begin.
bool a2_ring_init(struct a2_gpu *gpu)
{
    static const uint16_t shadowed[] = {A2_RB_SURFACE_INFO,  A2_PA_SC_WINDOW_OFFSET,
                                        A2_VGT_MAX_VTX_INDX, A2_SQ_PROGRAM_CNTL,
                                        A2_RB_DEPTHCONTROL,  A2_PA_SU_POINT_SIZE,
                                        A2_PA_SC_LINE_CNTL,  A2_PA_SU_POLY_OFFSET_FRONT_SCALE};
    put(gpu, PM4_TYPE3(A2_CP_ME_INIT, ME_INIT_DWORDS));
    put(gpu, 0x3ff);
    put(gpu, 0);
    put(gpu, 0);
    for (unsigned i = 0; i < sizeof shadowed / sizeof *shadowed; i++) {
        put(gpu, shadowed[i] - 0x2000u);
    }
    put(gpu, 0x80000180); // vertex shaders from 0, pixel shaders from slot 0x180
    put(gpu, 1);
    put(gpu, 0);
    put(gpu, 0);
    put(gpu, 0x200001f2);
    put(gpu, 0);
    put(gpu, 0);
    put(gpu, PM4_TYPE3(A2_CP_SET_PROTECTED_MODE, 1));
    put(gpu, 1);
    kick(gpu);
    return a2_idle(gpu) == A2_OK;
}

uint32_t a2_submit(struct a2_gpu *gpu, const struct pm4 *cmd, unsigned flags)
{
    uint64_t end = gpu->plat->ops->now_us(gpu->plat) + A2_HANG_US;
    while (room(gpu) < TAIL_DWORDS && gpu->plat->ops->now_us(gpu->plat) < end) {
    }
    gpu->seqno++;
    if (room(gpu) < TAIL_DWORDS) {
        return gpu->seqno; // hangs: never fenced
    }
    put(gpu, PM4_TYPE3(A2_CP_INDIRECT_BUFFER_PFD, 2));
    put(gpu, cmd->va);
    put(gpu, cmd->n);
    put(gpu, PM4_TYPE2);
    put(gpu, PM4_TYPE0(A2_CP_SCRATCH_REG2, 1));
    put(gpu, gpu->seqno);
    put(gpu, PM4_TYPE3(A2_CP_WAIT_FOR_IDLE, 1));
    put(gpu, 0);
    put(gpu, PM4_TYPE3(A2_CP_EVENT_WRITE, 3));
    put(gpu, A2_CACHE_FLUSH_TS);
    put(gpu, gpu->fence.va);
    put(gpu, gpu->seqno);
    if (!(flags & A2_SUBMIT_QUIET)) {
        put(gpu, PM4_TYPE3(A2_CP_INTERRUPT, 1));
        put(gpu, A2_CP_INT_CNTL_RB_INT_MASK);
    }
    kick(gpu);
    return gpu->seqno;
}

bool a2_passed(const struct a2_gpu *gpu, uint32_t seqno)
{
    return (int32_t)(fence_value(gpu) - seqno) >= 0;
}

enum a2_status a2_wait(struct a2_gpu *gpu, uint32_t seqno, enum a2_wait_how how)
{
    const struct platform_ops *ops = gpu->plat->ops;
    uint32_t last = fence_value(gpu);
    uint64_t end = ops->now_us(gpu->plat) + A2_HANG_US;

    while (!a2_passed(gpu, seqno)) {
        uint32_t old;
        if (fence_value(gpu) != last) {
            last = fence_value(gpu);
            end = ops->now_us(gpu->plat) + A2_HANG_US;
        } else if (ops->now_us(gpu->plat) >= end) {
            return A2_HUNG;
        }
        if (how == A2_WAIT_POLL) {
            continue;
        }
        old = ops->irq_mask(gpu->plat);
        if (!a2_passed(gpu, seqno)) {
            ops->sleep(gpu->plat, end);
        }
        ops->irq_restore(gpu->plat, old);
    }
    ops->barrier(gpu->plat);
    return (int32_t)(gpu->lost_seqno - seqno) >= 0 && gpu->resets ? A2_LOST : A2_OK;
}

enum a2_status a2_idle(struct a2_gpu *gpu)
{
    uint64_t end = gpu->plat->ops->now_us(gpu->plat) + INIT_US;
    while (a2_read(gpu, A2_CP_RB_RPTR) != gpu->wptr ||
           a2_read(gpu, A2_RBBM_STATUS) & A2_RBBM_STATUS_GUI_ACTIVE) {
        if (gpu->plat->ops->now_us(gpu->plat) >= end) {
            return A2_HUNG;
        }
    }
    return A2_OK;
}
