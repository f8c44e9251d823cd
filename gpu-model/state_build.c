// SPDX-License-Identifier: MIT
//
// Context registers to struct gpu_state. Field positions: a2xx_regs.def. Sizes of points and lines
// are half sizes in 12.4 fixed point on the hardware and full sizes here.
#include <string.h>

#include "base/bits.h"
#include "gpu-model/internal.h"

static int32_t clampi(int32_t v, int32_t lo, int32_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static void build_targets(const struct gpu *gpu, struct gpu_state *st)
{
    uint32_t surface = gpu->regs[REG_RB_SURFACE_INFO], color = gpu->regs[REG_RB_COLOR_INFO];
    uint32_t depth = gpu->regs[REG_RB_DEPTH_INFO];
    static const uint8_t samples[4] = {1, 2, 4, 4};

    st->color.base = color & 0xfffff000;
    st->color.in_gmem = st->color.base < gpu->profile->gmem_bytes;
    st->color.pitch = bits(surface, 13, 0);
    st->color.samples = samples[bits(surface, 15, 14)];
    st->color.format = (uint8_t)bits(color, 3, 0);
    st->color.swap = (uint8_t)bits(color, 10, 9);
    st->color.linear = bit(color, 6);
    st->depth.base = depth & 0xfffff000;
    st->depth.format = (uint8_t)bit(depth, 0);
    st->mode = (uint8_t)bits(gpu->regs[REG_RB_MODECONTROL], 2, 0);
}

// Intersection of the screen scissor (target pixels) and the window scissor (window pixels, moved
// by the window offset unless its TL says not to). BRs are exclusive.
static void build_scissor(const struct gpu *gpu, struct gpu_state *st)
{
    uint32_t off = gpu->regs[REG_PA_SC_WINDOW_OFFSET];
    uint32_t stl = gpu->regs[REG_PA_SC_SCREEN_SCISSOR_TL],
             sbr = gpu->regs[REG_PA_SC_SCREEN_SCISSOR_BR];
    uint32_t wtl = gpu->regs[REG_PA_SC_WINDOW_SCISSOR_TL],
             wbr = gpu->regs[REG_PA_SC_WINDOW_SCISSOR_BR];
    int32_t ox = sign_extend(bits(off, 14, 0), 15), oy = sign_extend(bits(off, 30, 16), 15);
    bool moves = bit(gpu->regs[REG_PA_SU_SC_MODE_CNTL], 16); // VTX_WINDOW_OFFSET_ENABLE
    int32_t one = gpu->cfg.scissor_br_inclusive;

    if (bit(off, 31)) { // DISABLE
        ox = oy = 0;
    }
    st->window_x = moves ? ox : 0;
    st->window_y = moves ? oy : 0;
    if (bit(wtl, 31)) {
        ox = oy = 0;
    }
    struct gpu_rect w = {(int32_t)bits(wtl, 14, 0) + ox, (int32_t)bits(wtl, 30, 16) + oy,
                         (int32_t)bits(wbr, 14, 0) + ox + one,
                         (int32_t)bits(wbr, 30, 16) + oy + one};
    struct gpu_rect s = {(int32_t)bits(stl, 14, 0), (int32_t)bits(stl, 30, 16),
                         (int32_t)bits(sbr, 14, 0), (int32_t)bits(sbr, 30, 16)};
    st->scissor.x0 = clampi(w.x0, s.x0, s.x1);
    st->scissor.y0 = clampi(w.y0, s.y0, s.y1);
    st->scissor.x1 = clampi(w.x1, st->scissor.x0, s.x1);
    st->scissor.y1 = clampi(w.y1, st->scissor.y0, s.y1);
    if (s.x1 <= s.x0 || s.y1 <= s.y0) {
        memset(&st->scissor, 0, sizeof(st->scissor));
    }
}

static void build_geometry(const struct gpu *gpu, struct gpu_state *st)
{
    static const uint8_t fraction[8] = {4, 3, 2,  1,
                                        0, 8, 10, 12}; // QUANT_MODE: 1/16 .. 1, 1/256 ..
    const uint32_t *r = gpu->regs;
    uint32_t mode = r[REG_PA_SU_SC_MODE_CNTL], vtx = r[REG_PA_SU_VTX_CNTL];
    uint32_t size = r[REG_PA_SU_POINT_SIZE], minmax = r[REG_PA_SU_POINT_MINMAX];

    for (unsigned i = 0; i < 3; i++) {
        st->vp_scale[i] = f32_from_bits(r[REG_PA_CL_VPORT_XSCALE + 2 * i]);
        st->vp_offset[i] = f32_from_bits(r[REG_PA_CL_VPORT_XSCALE + 2 * i + 1]);
    }
    for (unsigned i = 0; i < 4; i++) {
        st->gb[i] = f32_from_bits(r[REG_PA_CL_GB_VERT_CLIP_ADJ + i]);
    }
    st->vte_cntl = r[REG_PA_CL_VTE_CNTL];
    st->clip_cntl = r[REG_PA_CL_CLIP_CNTL];
    st->pixel_center_half = bit(vtx, 0);
    st->quant_bits = fraction[bits(vtx, 9, 7)];
    st->cull_front = bit(mode, 0);
    st->cull_back = bit(mode, 1);
    st->front_cw = bit(mode, 2);
    st->poly_mode = (uint8_t)bits(mode, 4, 3);
    st->poly_front = (uint8_t)bits(mode, 7, 5);
    st->poly_back = (uint8_t)bits(mode, 10, 8);
    st->offset_front = bit(mode, 11);
    st->offset_back = bit(mode, 12);
    st->offset_para = bit(mode, 13);
    for (unsigned i = 0; i < 2; i++) {
        st->offset_scale[i] = f32_from_bits(r[REG_PA_SU_POLY_OFFSET_FRONT_SCALE + 2 * i]);
        st->offset_units[i] = f32_from_bits(r[REG_PA_SU_POLY_OFFSET_FRONT_SCALE + 2 * i + 1]);
    }
    st->provoking_last = bit(mode, 19);
    st->face_kill = bit(mode, 30);
    st->point_height = (float)bits(size, 15, 0) / 8;
    st->point_width = (float)bits(size, 31, 16) / 8;
    st->point_min = (float)bits(minmax, 15, 0) / 8;
    st->point_max = (float)bits(minmax, 31, 16) / 8;
    st->line_width = (float)bits(r[REG_PA_SU_LINE_CNTL], 15, 0) / 8;
    st->line_cntl = r[REG_PA_SC_LINE_CNTL];
    st->line_stipple = bit(mode, 18) ? r[REG_PA_SC_LINE_STIPPLE] : 0;
}

static void build_stencil_face(struct gpu_stencil_face *f, uint32_t control, unsigned at,
                               uint32_t refmask)
{
    f->func = (uint8_t)(control >> at & 7);
    f->fail = (uint8_t)(control >> (at + 3) & 7);
    f->zpass = (uint8_t)(control >> (at + 6) & 7);
    f->zfail = (uint8_t)(control >> (at + 9) & 7);
    f->ref = (uint8_t)bits(refmask, 7, 0);
    f->mask = (uint8_t)bits(refmask, 15, 8);
    f->write_mask = (uint8_t)bits(refmask, 23, 16);
}

static void build_pixel(const struct gpu *gpu, struct gpu_state *st)
{
    const uint32_t *r = gpu->regs;
    uint32_t depth = r[REG_RB_DEPTHCONTROL], blend = r[REG_RB_BLEND_CONTROL];
    uint32_t color = r[REG_RB_COLORCONTROL];

    st->stencil_enable = bit(depth, 0);
    st->z_enable = bit(depth, 1);
    st->z_write = bit(depth, 2);
    st->early_z = bit(depth, 3);
    st->z_func = (uint8_t)bits(depth, 6, 4);
    st->stencil_two_sided = bit(depth, 7);
    build_stencil_face(&st->stencil[0], depth, 8, r[REG_RB_STENCILREFMASK]);
    if (st->stencil_two_sided) {
        build_stencil_face(&st->stencil[1], depth, 20, r[REG_RB_STENCILREFMASK_BF]);
    } else {
        st->stencil[1] = st->stencil[0];
    }
    st->alpha_func = (uint8_t)bits(color, 2, 0);
    st->alpha_test = bit(color, 3);
    st->alpha_ref = f32_from_bits(r[REG_RB_ALPHA_REF]);
    st->blend = !bit(color, 5);
    st->blend_src = (uint8_t)bits(blend, 4, 0);
    st->blend_op = (uint8_t)bits(blend, 7, 5);
    st->blend_dst = (uint8_t)bits(blend, 12, 8);
    st->blend_src_a = (uint8_t)bits(blend, 20, 16);
    st->blend_op_a = (uint8_t)bits(blend, 23, 21);
    st->blend_dst_a = (uint8_t)bits(blend, 28, 24);
    for (unsigned i = 0; i < 4; i++) {
        st->blend_color[i] = (float)(r[REG_RB_BLEND_RED + i] & 0xff) / 255;
    }
    st->rop = (uint8_t)bits(color, 11, 8);
    st->dither_mode = (uint8_t)bits(color, 13, 12);
    st->dither_type = (uint8_t)bits(color, 15, 14);
    st->color_mask = (uint8_t)bits(r[REG_RB_COLOR_MASK], 3, 0);
    st->aa_mask = r[REG_PA_SC_AA_MASK];
}

static void build_shader_interface(const struct gpu *gpu, struct gpu_state *st)
{
    uint32_t cntl = gpu->regs[REG_SQ_PROGRAM_CNTL], misc = gpu->regs[REG_SQ_CONTEXT_MISC];
    // the register counts name the highest register; bit 7 means none at all
    st->vs_temps = bit(cntl, 7) ? 0 : (uint8_t)(bits(cntl, 5, 0) + 1);
    st->ps_temps = bit(cntl, 15) ? 0 : (uint8_t)(bits(cntl, 13, 8) + 1);
    st->param_gen = bit(cntl, 18);
    st->param_gen_reg = (uint8_t)bits(misc, 13, 8);
    st->vs_export_count = (uint8_t)(bits(cntl, 23, 20) + 1);
    st->vs_export_mode = (uint8_t)bits(cntl, 26, 24);
    st->gen_index_vtx = bit(cntl, 31);
    st->regs = &gpu->regs[GPU_CONTEXT_REGS];
}

void state_build(struct gpu *gpu, struct gpu_state *st)
{
    build_targets(gpu, st);
    build_scissor(gpu, st);
    build_geometry(gpu, st);
    build_pixel(gpu, st);
    build_shader_interface(gpu, st);
}
