// SPDX-License-Identifier: MIT
//
// Packet writers. Payloads: public PM4 database and what the open a2xx drivers emit. A buffer that
// is full stays as it is and says so; the words that did not fit are dropped.
#include "pm4.h"
#include "gpu.h"
#include "libc.h"

enum { CONTEXT_REGS = 0x2000, CONST_ALU = 0 << 16, CONST_FETCH = 1 << 16, CONST_REG = 4 << 16 };

// Where each stage's window of ALU constants begins, in vectors (SQ_VS_CONST, SQ_PS_CONST).
static const uint32_t window[] = {[A2_STAGE_VS] = 0x20, [A2_STAGE_PS] = 0x120};

bool pm4_create(struct a2_gpu *gpu, struct pm4 *p, uint32_t dwords)
{
    struct a2_bo bo;
    if (!a2_alloc(gpu, dwords * 4, A2_PTE_RW, &bo)) {
        return false;
    }
    *p = (struct pm4){.dw = (uint32_t *)(void *)bo.cpu, .va = bo.va, .room = bo.bytes / 4};
    return true;
}

void pm4_reset(struct pm4 *p)
{
    p->n = 0;
    p->full = false;
}

void pm4_put(struct pm4 *p, uint32_t word)
{
    if (p->n == p->room) {
        p->full = true;
        return;
    }
    p->dw[p->n++] = word;
}

static void put_words(struct pm4 *p, const void *v, uint32_t n)
{
    if (n > p->room - p->n) {
        p->full = true;
        return;
    }
    memcpy(p->dw + p->n, v, n * 4);
    p->n += n;
}

static void constants(struct pm4 *p, uint32_t index, const void *v, uint32_t n)
{
    pm4_put(p, PM4_TYPE3(A2_CP_SET_CONSTANT, n + 1));
    pm4_put(p, index);
    put_words(p, v, n);
}

void pm4_regs(struct pm4 *p, uint32_t reg, const uint32_t *values, uint32_t n)
{
    if (reg >= CONTEXT_REGS) {
        constants(p, CONST_REG | (reg - CONTEXT_REGS), values, n);
    } else {
        pm4_put(p, PM4_TYPE0(reg, n));
        put_words(p, values, n);
    }
}

void pm4_reg(struct pm4 *p, uint32_t reg, uint32_t value)
{
    pm4_regs(p, reg, &value, 1);
}

void pm4_reg_floats(struct pm4 *p, uint32_t reg, const float *values, uint32_t n)
{
    constants(p, CONST_REG | (reg - CONTEXT_REGS), values, n);
}

void pm4_load_regs(struct pm4 *p, uint32_t va, uint32_t reg, uint32_t n)
{
    pm4_put(p, PM4_TYPE3(A2_CP_LOAD_CONSTANT_CONTEXT, 3));
    pm4_put(p, va);
    pm4_put(p, CONST_REG | (reg - CONTEXT_REGS));
    pm4_put(p, n);
}

void pm4_constants(struct pm4 *p, enum a2_stage stage, uint32_t first, const float *v, uint32_t n)
{
    constants(p, CONST_ALU | (window[stage] + first) * 4, v, n * 4);
}

void pm4_fetch(struct pm4 *p, uint32_t dword, const uint32_t *v, uint32_t n)
{
    constants(p, CONST_FETCH | dword, v, n);
}

void pm4_program(struct pm4 *p, enum a2_stage stage, const uint32_t *words, uint32_t n)
{
    pm4_put(p, PM4_TYPE3(A2_CP_IM_LOAD_IMMEDIATE, n + 2));
    pm4_put(p, stage);
    pm4_put(p, n);
    put_words(p, words, n);
}

// Draw initiator of the a20x: primitive, index source, 16-bit indices, count in the upper half.
static uint32_t initiator(uint32_t prim, uint32_t source, uint32_t count)
{
    return prim | source << 6 | count << 16;
}

void pm4_draw(struct pm4 *p, uint32_t prim, uint32_t count)
{
    pm4_put(p, PM4_TYPE3(A2_CP_DRAW_INDX, 2));
    pm4_put(p, 0);
    pm4_put(p, initiator(prim, A2_DI_SRC_SEL_AUTO_INDEX, count));
}

void pm4_draw_indexed(struct pm4 *p, uint32_t prim, uint32_t count, uint32_t va, uint32_t bytes)
{
    pm4_put(p, PM4_TYPE3(A2_CP_DRAW_INDX, 4));
    pm4_put(p, 0);
    pm4_put(p, initiator(prim, A2_DI_SRC_SEL_DMA, count));
    pm4_put(p, va);
    pm4_put(p, bytes);
}

void pm4_dummy_draw(struct pm4 *p, uint32_t zero_va)
{
    enum { CULL = 1 << 14 | 1 << 15 }; // pre-fetch and group culling by bin data
    pm4_put(p, PM4_TYPE3(A2_CP_DRAW_INDX_BIN, 6));
    pm4_put(p, 0);
    pm4_put(p, initiator(A2_DI_PT_TRILIST, A2_DI_SRC_SEL_DMA, 3) | CULL);
    pm4_put(p, 0);
    pm4_put(p, 3);
    pm4_put(p, zero_va);
    pm4_put(p, 6);
}

void pm4_call(struct pm4 *p, const struct pm4 *sub)
{
    p->full = p->full || sub->full;
    pm4_put(p, PM4_TYPE3(A2_CP_INDIRECT_BUFFER_PFD, 2));
    pm4_put(p, sub->va);
    pm4_put(p, sub->n);
    pm4_put(p, PM4_TYPE2);
}

void pm4_mem_write(struct pm4 *p, uint32_t va, const uint32_t *v, uint32_t n)
{
    pm4_put(p, PM4_TYPE3(A2_CP_MEM_WRITE, n + 1));
    pm4_put(p, va);
    put_words(p, v, n);
}

void pm4_event(struct pm4 *p, uint32_t event)
{
    pm4_put(p, PM4_TYPE3(A2_CP_EVENT_WRITE, 1));
    pm4_put(p, event);
}

void pm4_fence(struct pm4 *p, uint32_t va, uint32_t value)
{
    pm4_put(p, PM4_TYPE3(A2_CP_EVENT_WRITE, 3));
    pm4_put(p, A2_CACHE_FLUSH_TS);
    pm4_put(p, va);
    pm4_put(p, value);
}

void pm4_wait_for_idle(struct pm4 *p)
{
    pm4_put(p, PM4_TYPE3(A2_CP_WAIT_FOR_IDLE, 1));
    pm4_put(p, 0);
}

void pm4_wait_reg_eq(struct pm4 *p, uint32_t reg, uint32_t value, uint32_t mask)
{
    pm4_put(p, PM4_TYPE3(A2_CP_WAIT_REG_EQ, 4));
    pm4_put(p, reg);
    pm4_put(p, value);
    pm4_put(p, mask);
    pm4_put(p, 1);
}
