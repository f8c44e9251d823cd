// SPDX-License-Identifier: MIT
//
// Private to the room: the register numbers that code names. The table with everything is
// a2xx_regs.def; a test checks these names and numbers against it.
#ifndef GPU_MODEL_A2XX_REGS_H
#define GPU_MODEL_A2XX_REGS_H

#define A2XX_REGS(X)                                                                               \
    X(TC_CNTL_STATUS, 0x0e00)                                                                      \
    X(RB_SURFACE_INFO, 0x2000)                                                                     \
    X(RB_COLOR_INFO, 0x2001)                                                                       \
    X(RB_DEPTH_INFO, 0x2002)                                                                       \
    X(PA_SC_SCREEN_SCISSOR_TL, 0x200e)                                                             \
    X(PA_SC_SCREEN_SCISSOR_BR, 0x200f)                                                             \
    X(PA_SC_WINDOW_OFFSET, 0x2080)                                                                 \
    X(PA_SC_WINDOW_SCISSOR_TL, 0x2081)                                                             \
    X(PA_SC_WINDOW_SCISSOR_BR, 0x2082)                                                             \
    X(VGT_MAX_VTX_INDX, 0x2100)                                                                    \
    X(VGT_MIN_VTX_INDX, 0x2101)                                                                    \
    X(VGT_INDX_OFFSET, 0x2102)                                                                     \
    X(RB_COLOR_MASK, 0x2104)                                                                       \
    X(RB_BLEND_RED, 0x2105)                                                                        \
    X(RB_STENCILREFMASK_BF, 0x210c)                                                                \
    X(RB_STENCILREFMASK, 0x210d)                                                                   \
    X(RB_ALPHA_REF, 0x210e)                                                                        \
    X(PA_CL_VPORT_XSCALE, 0x210f)                                                                  \
    X(SQ_PROGRAM_CNTL, 0x2180)                                                                     \
    X(SQ_CONTEXT_MISC, 0x2181)                                                                     \
    X(RB_DEPTHCONTROL, 0x2200)                                                                     \
    X(RB_BLEND_CONTROL, 0x2201)                                                                    \
    X(RB_COLORCONTROL, 0x2202)                                                                     \
    X(PA_CL_CLIP_CNTL, 0x2204)                                                                     \
    X(PA_SU_SC_MODE_CNTL, 0x2205)                                                                  \
    X(PA_CL_VTE_CNTL, 0x2206)                                                                      \
    X(RB_MODECONTROL, 0x2208)                                                                      \
    X(A220_RB_LRZ_VSC_CONTROL, 0x2209)                                                             \
    X(CLEAR_COLOR, 0x220b)                                                                         \
    X(PA_SU_POINT_SIZE, 0x2280)                                                                    \
    X(PA_SU_POINT_MINMAX, 0x2281)                                                                  \
    X(PA_SU_LINE_CNTL, 0x2282)                                                                     \
    X(PA_SC_LINE_STIPPLE, 0x2283)                                                                  \
    X(PA_SC_LINE_CNTL, 0x2300)                                                                     \
    X(PA_SU_VTX_CNTL, 0x2302)                                                                      \
    X(PA_CL_GB_VERT_CLIP_ADJ, 0x2303)                                                              \
    X(SQ_VS_CONST, 0x2307)                                                                         \
    X(SQ_PS_CONST, 0x2308)                                                                         \
    X(PA_SC_AA_MASK, 0x2312)                                                                       \
    X(RB_COPY_CONTROL, 0x2318)                                                                     \
    X(RB_COPY_DEST_BASE, 0x2319)                                                                   \
    X(RB_COPY_DEST_PITCH, 0x231a)                                                                  \
    X(RB_COPY_DEST_INFO, 0x231b)                                                                   \
    X(RB_COPY_DEST_OFFSET, 0x231c)                                                                 \
    X(RB_DEPTH_CLEAR, 0x231d)                                                                      \
    X(PA_SU_POLY_OFFSET_FRONT_SCALE, 0x2380)                                                       \
    X(SQ_CONSTANT_0, 0x4000)                                                                       \
    X(SQ_FETCH_0, 0x4800)                                                                          \
    X(SQ_CF_BOOLEANS, 0x4900)                                                                      \
    X(SQ_CF_LOOP, 0x4908)

enum a2xx_reg {
#define X(name, number) REG_##name = number,
    A2XX_REGS(X)
#undef X
};

#endif
