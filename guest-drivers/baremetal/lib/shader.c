// SPDX-License-Identifier: MIT
//
// Programs and fetch constants. Layout of the texture constant: public register database
// (A2XX_SQ_TEX). Left out: mip maps, volumes, cubes, relocatable shader memory (programs are loaded
// with every draw list, as the open driver does).
#include "shader.h"

enum { VERTEX_SLOTS_AT = 20 * 6, VERTEX_TYPE = 3, NO_REGISTERS = 0x80 };

// Highest register in use, as SQ_PROGRAM_CNTL wants it.
static uint32_t top(const struct a2_shader *sh)
{
    return sh->temps ? sh->temps - 1u : NO_REGISTERS;
}

void a2_emit_programs(struct pm4 *p, const struct a2_shader *vs, const struct a2_shader *ps)
{
    uint32_t params = vs->exports ? vs->exports - 1u : 0;
    uint32_t mode = vs->misc ? A2_POSITION_2_VECTORS_SPRITE : A2_POSITION_1_VECTOR;
    pm4_program(p, A2_STAGE_VS, vs->words, vs->dwords);
    pm4_program(p, A2_STAGE_PS, ps->words, ps->dwords);
    pm4_reg(p, A2_SQ_CONTEXT_MISC,
            A2_SQ_CONTEXT_MISC_SC_OUTPUT_SCREEN_XY |
                A2_SQ_CONTEXT_MISC_SC_SAMPLE_CNTL(A2_CENTERS_ONLY));
    pm4_reg(p, A2_SQ_PROGRAM_CNTL,
            A2_SQ_PROGRAM_CNTL_VS_REGS(top(vs)) | A2_SQ_PROGRAM_CNTL_PS_REGS(top(ps)) |
                A2_SQ_PROGRAM_CNTL_VS_RESOURCE | A2_SQ_PROGRAM_CNTL_PS_RESOURCE |
                A2_SQ_PROGRAM_CNTL_VS_EXPORT_COUNT(params) |
                A2_SQ_PROGRAM_CNTL_VS_EXPORT_MODE(mode) |
                A2_SQ_PROGRAM_CNTL_PS_EXPORT_MODE(2)); // one colour
}

void a2_emit_vertices(struct pm4 *p, unsigned slot, uint32_t va, uint32_t bytes)
{
    const uint32_t dw[2] = {va | VERTEX_TYPE, bytes};
    pm4_fetch(p, VERTEX_SLOTS_AT + 2 * slot, dw, 2);
    pm4_reg(p, A2_VGT_INDX_OFFSET, 0);
    pm4_reg(p, A2_TC_CNTL_STATUS, A2_TC_CNTL_STATUS_L2_INVALIDATE);
}

void a2_emit_texture(struct pm4 *p, unsigned n, const struct a2_texture *t)
{
    uint32_t clamp = t->clamp;
    const uint32_t dw[6] = {
        A2_SQ_TEX_TYPE_2 | clamp << 10 | clamp << 13 | clamp << 16 | (uint32_t)t->pitch / 32 << 22,
        t->format | A2_SQ_TEX_CLAMP_POLICY_OGL << 11 | (t->va & 0xfffff000),
        (t->width - 1u) | (t->height - 1u) << 13,
        (uint32_t)t->swizzle[0] << 1 | (uint32_t)t->swizzle[1] << 4 | (uint32_t)t->swizzle[2] << 7 |
            (uint32_t)t->swizzle[3] << 10 | (uint32_t)t->filter << 19 | (uint32_t)t->filter << 21 |
            A2_SQ_TEX_FILTER_BASEMAP << 23,
        0,
        A2_SQ_TEX_DIMENSION_2D << 9,
    };
    pm4_fetch(p, 6 * n, dw, 6);
}
