// SPDX-License-Identifier: MIT
//
// Draw state to context registers. Everything is written every time: a draw list runs once for each
// bin, and between two runs the resolve has changed most of it.
#include "state.h"

void a2_state_init(struct a2_state *s, uint32_t width, uint32_t height)
{
    const struct a2_rect all = {0, 0, (int32_t)width, (int32_t)height};
    *s = (struct a2_state){
        .viewport = all,
        .scissor = all,
        .z_far = 1,
        .depth_func = A2_FUNC_LESS,
        .src = A2_FACTOR_ONE,
        .dst = A2_FACTOR_ZERO,
        .op = A2_BLEND2_DST_PLUS_SRC,
        .src_alpha = A2_FACTOR_ONE,
        .dst_alpha = A2_FACTOR_ZERO,
        .op_alpha = A2_BLEND2_DST_PLUS_SRC,
        .color_mask = 15,
        .bin_offset = true,
    };
}

void a2_emit_viewport(struct pm4 *p, const struct a2_rect *r, float z_near, float z_far)
{
    const float half_w = (float)r->w / 2, half_h = (float)r->h / 2;
    const float v[6] = {half_w,
                        (float)r->x + half_w,
                        -half_h,
                        (float)r->y + half_h,
                        (z_far - z_near) / 2,
                        (z_far + z_near) / 2};
    pm4_reg_floats(p, A2_PA_CL_VPORT_XSCALE, v, 6);
}

static void emit_scissor(struct pm4 *p, const struct a2_state *s)
{
    const struct a2_rect *r = &s->scissor;
    const uint32_t v[2] = {
        A2_PA_SC_WINDOW_SCISSOR_TL_X(r->x) | A2_PA_SC_WINDOW_SCISSOR_TL_Y(r->y) |
            (s->bin_offset ? 0 : A2_PA_SC_WINDOW_SCISSOR_TL_WINDOW_OFFSET_DISABLE),
        A2_PA_SC_WINDOW_SCISSOR_BR_X(r->x + r->w) | A2_PA_SC_WINDOW_SCISSOR_BR_Y(r->y + r->h)};
    pm4_regs(p, A2_PA_SC_WINDOW_SCISSOR_TL, v, 2);
}

static void emit_geometry(struct pm4 *p, const struct a2_state *s)
{
    const float guard_band[4] = {1, 1, 1, 1};
    const uint32_t sizes[4] = {A2_PA_SU_POINT_SIZE_HEIGHT(8) | A2_PA_SU_POINT_SIZE_WIDTH(8),
                               A2_PA_SU_POINT_MINMAX_MIN(8) | A2_PA_SU_POINT_MINMAX_MAX(8),
                               A2_PA_SU_LINE_CNTL_WIDTH(8), 0};
    const uint32_t clip[2] = {
        A2_PA_CL_CLIP_CNTL_DX_CLIP_SPACE_DEF(A2_DXCLIP_OPENGL),
        (s->cull_front ? A2_PA_SU_SC_MODE_CNTL_CULL_FRONT : 0) |
            (s->cull_back ? A2_PA_SU_SC_MODE_CNTL_CULL_BACK : 0) |
            (s->front_clockwise ? A2_PA_SU_SC_MODE_CNTL_FACE : 0) |
            A2_PA_SU_SC_MODE_CNTL_FRONT_PTYPE(A2_PC_DRAW_TRIANGLES) |
            A2_PA_SU_SC_MODE_CNTL_BACK_PTYPE(A2_PC_DRAW_TRIANGLES) |
            (s->bin_offset ? A2_PA_SU_SC_MODE_CNTL_VTX_WINDOW_OFFSET_ENABLE : 0) |
            A2_PA_SU_SC_MODE_CNTL_PROVOKING_VTX_LAST};
    pm4_regs(p, A2_PA_CL_CLIP_CNTL, clip, 2);
    pm4_reg(p, A2_PA_CL_VTE_CNTL,
            A2_PA_CL_VTE_CNTL_VPORT_X_SCALE_ENA | A2_PA_CL_VTE_CNTL_VPORT_X_OFFSET_ENA |
                A2_PA_CL_VTE_CNTL_VPORT_Y_SCALE_ENA | A2_PA_CL_VTE_CNTL_VPORT_Y_OFFSET_ENA |
                A2_PA_CL_VTE_CNTL_VPORT_Z_SCALE_ENA | A2_PA_CL_VTE_CNTL_VPORT_Z_OFFSET_ENA |
                A2_PA_CL_VTE_CNTL_VTX_W0_FMT);
    pm4_regs(p, A2_PA_SU_POINT_SIZE, sizes, 4);
    pm4_reg(p, A2_PA_SU_VTX_CNTL,
            A2_PA_SU_VTX_CNTL_PIX_CENTER(A2_PIXCENTER_OGL) |
                A2_PA_SU_VTX_CNTL_ROUND_MODE(A2_TRUNCATE) |
                A2_PA_SU_VTX_CNTL_QUANT_MODE(A2_ONE_SIXTEENTH));
    pm4_reg_floats(p, A2_PA_CL_GB_VERT_CLIP_ADJ, guard_band, 4);
    pm4_reg(p, A2_PA_SC_AA_CONFIG, 0);
    pm4_reg(p, A2_PA_SC_AA_MASK, 0xffff);
    a2_emit_viewport(p, &s->viewport, s->z_near, s->z_far);
}

static void emit_pixel(struct pm4 *p, const struct a2_state *s)
{
    const uint32_t stencil[3] = {0, 0, 0}; // back, front, alpha reference
    const uint32_t constant[4] = {s->blend_color[0], s->blend_color[1], s->blend_color[2],
                                  s->blend_color[3]};
    pm4_regs(p, A2_RB_STENCILREFMASK_BF, stencil, 3);
    pm4_reg(p, A2_RB_DEPTHCONTROL,
            (s->depth_test || s->depth_write ? A2_RB_DEPTHCONTROL_Z_ENABLE : 0) |
                (s->depth_write ? A2_RB_DEPTHCONTROL_Z_WRITE_ENABLE : 0) |
                (s->depth_test ? A2_RB_DEPTHCONTROL_EARLY_Z_ENABLE : 0) |
                A2_RB_DEPTHCONTROL_ZFUNC(s->depth_test ? s->depth_func : A2_FUNC_ALWAYS));
    pm4_reg(p, A2_RB_COLORCONTROL,
            A2_RB_COLORCONTROL_ALPHA_FUNC(A2_FUNC_ALWAYS) |
                (s->blend ? 0 : A2_RB_COLORCONTROL_BLEND_DISABLE) |
                A2_RB_COLORCONTROL_ROP_CODE(12)); // copy
    pm4_reg(p, A2_RB_BLEND_CONTROL,
            A2_RB_BLEND_CONTROL_COLOR_SRCBLEND(s->src) | A2_RB_BLEND_CONTROL_COLOR_COMB_FCN(s->op) |
                A2_RB_BLEND_CONTROL_COLOR_DESTBLEND(s->dst) |
                A2_RB_BLEND_CONTROL_ALPHA_SRCBLEND(s->src_alpha) |
                A2_RB_BLEND_CONTROL_ALPHA_COMB_FCN(s->op_alpha) |
                A2_RB_BLEND_CONTROL_ALPHA_DESTBLEND(s->dst_alpha));
    pm4_regs(p, A2_RB_BLEND_RED, constant, 4);
    pm4_reg(p, A2_RB_COLOR_MASK, s->color_mask);
}

void a2_emit_state(struct pm4 *p, const struct a2_state *s)
{
    emit_scissor(p, s);
    emit_geometry(p, s);
    emit_pixel(p, s);
}
