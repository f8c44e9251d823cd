// SPDX-License-Identifier: MIT
//
// Command buffers: one function a packet, with the payloads that the open drivers emit. Registers,
// packets and values have their data sheet names in a2xx_regs.gen.h.
#ifndef BM_PM4_H
#define BM_PM4_H

#include <stdbool.h>
#include <stdint.h>

#include "a2xx_regs.gen.h"

struct a2_gpu;

#define PM4_TYPE0(reg, n) (((uint32_t)(n)-1) << 16 | (uint32_t)(reg))
#define PM4_TYPE2 0x80000000u
#define PM4_TYPE3(op, n) (0xc0000000u | ((uint32_t)(n)-1) << 16 | (uint32_t)(op) << 8)

struct pm4 {
    uint32_t *dw;     // where the processor writes it
    uint32_t va;      // where the GPU reads it
    uint32_t n, room; // dwords written and available
    bool full;        // something did not fit: the buffer must not be submitted
};

// Memory for a buffer of so many dwords. False when there is none.
bool pm4_create(struct a2_gpu *gpu, struct pm4 *p, uint32_t dwords);
void pm4_reset(struct pm4 *p);

void pm4_put(struct pm4 *p, uint32_t word);

// Registers, by whatever packet reaches them; a run writes neighbours.
void pm4_reg(struct pm4 *p, uint32_t reg, uint32_t value);
void pm4_regs(struct pm4 *p, uint32_t reg, const uint32_t *values, uint32_t n);
void pm4_reg_floats(struct pm4 *p, uint32_t reg, const float *values, uint32_t n);
// Context registers from memory: register `reg` lies at va + 4 * (reg - 0x2000).
void pm4_load_regs(struct pm4 *p, uint32_t va, uint32_t reg, uint32_t n);

// Constants. ALU constants are vectors of four floats, numbered as the stage's shader does.
enum a2_stage { A2_STAGE_VS, A2_STAGE_PS };
void pm4_constants(struct pm4 *p, enum a2_stage stage, uint32_t first, const float *v, uint32_t n);
void pm4_fetch(struct pm4 *p, uint32_t dword, const uint32_t *v, uint32_t n);
void pm4_program(struct pm4 *p, enum a2_stage stage, const uint32_t *words, uint32_t n);

// Draws. prim: A2_DI_PT_*. Indices are 16 bits wide.
void pm4_draw(struct pm4 *p, uint32_t prim, uint32_t count);
void pm4_draw_indexed(struct pm4 *p, uint32_t prim, uint32_t count, uint32_t va, uint32_t bytes);
// The workaround that stock drivers put before every draw of this chip: a triangle of three times
// index 0 (zero_va: three zero 16-bit words), with bin culling on.
void pm4_dummy_draw(struct pm4 *p, uint32_t zero_va);

// Calls another buffer.
void pm4_call(struct pm4 *p, const struct pm4 *sub);

void pm4_mem_write(struct pm4 *p, uint32_t va, const uint32_t *v, uint32_t n);
void pm4_event(struct pm4 *p, uint32_t event);
void pm4_fence(struct pm4 *p, uint32_t va, uint32_t value);
void pm4_wait_for_idle(struct pm4 *p);
void pm4_wait_reg_eq(struct pm4 *p, uint32_t reg, uint32_t value, uint32_t mask);

#endif
