// SPDX-License-Identifier: MIT
//
// The decoded draw: the one form that every rendering backend takes, and the ops table through which
// the engine calls down to one. gpu-model fills these structs from registers, constants and packets;
// a backend turns them into pixels in on-chip memory (GMEM/EDRAM) and, on a resolve, into guest
// memory. Register names in comments are those of the public a2xx register database.
//
// Everything pointed to is borrowed for the duration of the call.
#ifndef GPU_MODEL_DRAW_H
#define GPU_MODEL_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shader;
struct err;
struct log;
struct snap_writer;
struct snap_reader;

// ---- guest memory as the GPU addresses it -------------------------------------------------------

// Addresses are GPU virtual (after the vGPU's own translation table); nothing else is reachable.
// Implemented by the mediator (shadow page table) and by replay (captured buffers). Embed first.
struct gpu_mem {
    const struct gpu_mem_ops *ops;
};
struct gpu_mem_ops {
    // Copies n bytes; false when any byte is unmapped or not permitted (nothing is written then;
    // a failed read fills zeros). The implementation records the fault.
    bool (*read)(struct gpu_mem *mem, uint32_t va, void *dst, size_t n);
    bool (*write)(struct gpu_mem *mem, uint32_t va, const void *src, size_t n);
    // Host pointer to memory at va and how many bytes are contiguous from there (at most want);
    // NULL when unmapped. Read only. Valid until the call into the engine or backend returns.
    const uint8_t *(*span)(struct gpu_mem *mem, uint32_t va, size_t want, size_t *got);
    // A number that changes whenever the guest may have written [va, va + n) since the last time
    // the number was asked for; 0 means "cannot tell, hash the bytes". May be NULL.
    uint64_t (*generation)(struct gpu_mem *mem, uint32_t va, size_t n);
};

// ---- enumerations (values are the hardware's) ---------------------------------------------------

enum gpu_prim { // VGT draw initiator, as the a20x/a22x tables map it; normalised by gpu-model
    GPU_PRIM_POINTS, GPU_PRIM_LINES, GPU_PRIM_LINE_STRIP, GPU_PRIM_LINE_LOOP, GPU_PRIM_TRIANGLES,
    GPU_PRIM_TRIANGLE_FAN, GPU_PRIM_TRIANGLE_STRIP, GPU_PRIM_RECTS,
};
enum gpu_color_format { // RB_COLOR_INFO.FORMAT, a2xx_colorformatx
    COLORX_4_4_4_4 = 0, COLORX_1_5_5_5 = 1, COLORX_5_6_5 = 2, COLORX_8 = 3, COLORX_8_8 = 4,
    COLORX_8_8_8_8 = 5, COLORX_S8_8_8_8 = 6, COLORX_16_FLOAT = 7, COLORX_16_16_FLOAT = 8,
    COLORX_16_16_16_16_FLOAT = 9, COLORX_32_FLOAT = 10, COLORX_32_32_FLOAT = 11,
    COLORX_32_32_32_32_FLOAT = 12, COLORX_2_3_3 = 13, COLORX_8_8_8 = 14,
};
enum gpu_depth_format { DEPTHX_16 = 0, DEPTHX_24_8 = 1 }; // RB_DEPTH_INFO.DEPTH_FORMAT

struct gpu_rect {
    int32_t x0, y0, x1, y1; // half open
};

// ---- targets ------------------------------------------------------------------------------------

// Pixel (x, y) of a GMEM surface is at base + ((y * pitch + x) * samples + s) * bytes_per_pixel.
struct gpu_color_target {
    bool in_gmem;       // RB_COLOR_INFO.BASE below the GMEM size; else a GPU address ("sysmem")
    uint32_t base;      // bytes in GMEM, or GPU VA
    uint32_t pitch;     // pixels (RB_SURFACE_INFO.SURFACE_PITCH)
    uint8_t format;     // enum gpu_color_format
    uint8_t swap;       // RB_COLOR_INFO.SWAP: component order of the stored pixel, in GMEM and in
                        // memory alike (formats.h, color_pack); resolves and restores use 0, raw
    bool linear;        // memory targets: false = 32x32 tiled
    uint8_t samples;    // 1, 2 or 4 (RB_SURFACE_INFO.MSAA_SAMPLES)
};
struct gpu_depth_target {
    uint32_t base;      // bytes in GMEM
    uint8_t format;     // enum gpu_depth_format
};

// ---- fixed function state -----------------------------------------------------------------------

struct gpu_stencil_face {
    uint8_t func, fail, zpass, zfail; // adreno_compare_func, adreno_stencil_op
    uint8_t ref, mask, write_mask;
};

struct gpu_state {
    struct gpu_color_target color;
    struct gpu_depth_target depth;
    uint8_t mode;                    // RB_MODECONTROL: 4 colour+depth, 5 depth only, 6 copy

    // geometry (PA_CL_*, PA_SU_*)
    float vp_scale[3], vp_offset[3]; // PA_CL_VPORT_*
    uint32_t vte_cntl;               // PA_CL_VTE_CNTL: scale/offset enables, VTX_W0_FMT bit 10
    uint32_t clip_cntl;              // PA_CL_CLIP_CNTL: CLIP_DISABLE 16, DX_CLIP_SPACE_DEF 19
    float gb[4];                     // PA_CL_GB_{VERT_CLIP,VERT_DISC,HORZ_CLIP,HORZ_DISC}_ADJ
    bool pixel_center_half;          // PA_SU_VTX_CNTL bit 0: centres at .5 (OpenGL)
    uint8_t quant_bits;              // vertex snapping: fraction bits (4 = 1/16)
    bool cull_front, cull_back, front_cw;
    uint8_t poly_mode;               // 0 fill; 1 dual mode with front/back types below
    uint8_t poly_front, poly_back;   // 0 points, 1 lines, 2 triangles
    bool offset_front, offset_back, offset_para; // PA_SU_SC_MODE_CNTL POLY_OFFSET_*
    float offset_scale[2], offset_units[2];      // front, back, as written (slope in 1/16 units)
    bool provoking_last;
    bool face_kill;                  // FACE_KILL_ENABLE (binning pass): rasterise nothing
    float point_width, point_height; // full size in pixels
    float point_min, point_max;      // full size
    float line_width;                // full width in pixels
    uint32_t line_cntl, line_stipple;

    int32_t window_x, window_y;      // PA_SC_WINDOW_OFFSET, added to window coordinates
    struct gpu_rect scissor;         // intersection of screen and window scissors, target pixels
    uint32_t aa_mask;

    // per pixel (RB_*)
    bool z_enable, z_write, stencil_enable, stencil_two_sided, early_z;
    uint8_t z_func;
    struct gpu_stencil_face stencil[2];          // front, back (already resolved if one sided)
    bool alpha_test;
    uint8_t alpha_func;
    float alpha_ref;
    bool blend;                                   // !RB_COLORCONTROL.BLEND_DISABLE
    uint8_t blend_src, blend_op, blend_dst;       // adreno_rb_blend_factor, a2xx_rb_blend_opcode
    uint8_t blend_src_a, blend_op_a, blend_dst_a;
    float blend_color[4];
    uint8_t rop;                                  // 12 = copy
    uint8_t dither_mode, dither_type;
    uint8_t color_mask;                           // RB_COLOR_MASK: 1 r, 2 g, 4 b, 8 a

    // shader interface (SQ_*)
    bool param_gen;                  // SQ_PROGRAM_CNTL bit 18
    uint8_t param_gen_reg;           // SQ_CONTEXT_MISC.PARAM_GEN_POS
    uint8_t vs_export_count;         // interpolators
    uint8_t vs_export_mode;          // 2: point size written
    bool gen_index_vtx;              // bit 31
    uint8_t ps_temps, vs_temps;

    const uint32_t *regs;            // raw context registers, index = register - 0x2000, 0x400 of them
};

// ---- what a backend is asked to do --------------------------------------------------------------

struct gpu_draw {
    uint64_t serial;                 // draw number in this context
    enum gpu_prim prim;
    uint32_t count;                  // vertices/indices
    bool indexed;
    uint8_t index_bytes;             // 1, 2, 4
    uint32_t index_va, index_size;   // byte address and bytes available
    uint32_t index_offset;           // VGT_INDX_OFFSET, added to every index
    uint32_t index_min, index_max;   // VGT_MIN/MAX_VTX_INDX clamp
    const struct shader *vs, *ps;    // ps may be NULL (depth only, or nothing bound). Programs are
                                     // evicted and freed: key caches by shader_hash, not by pointer
    const float (*vs_alu)[4];        // constant windows (SQ_VS_CONST, SQ_PS_CONST)
    const float (*ps_alu)[4];
    unsigned vs_alu_count, ps_alu_count;
    const uint32_t *bools, *loops;   // 8 and 32 words
    const uint32_t *fetch;           // 192 words: 32 texture constants x 6 = 96 vertex constants x 2
    const struct gpu_state *state;
};

// Copies a rectangle of GMEM to guest memory ("resolve", EDRAM_COPY). Tile local source pixel (x, y)
// goes to destination pixel (x + dst_x, y + dst_y).
struct gpu_resolve {
    struct gpu_color_target src;     // format says how GMEM is read
    struct gpu_rect rect;            // tile local, already clipped to the scissor
    uint32_t dst_va, dst_pitch;      // byte address, pixels
    int32_t dst_x, dst_y;            // RB_COPY_DEST_OFFSET
    uint8_t dst_format;              // enum gpu_color_format
    uint8_t dst_swap, dst_endian;
    bool dst_linear;
    uint8_t write_mask;              // 1 r, 2 g, 4 b, 8 a
    uint8_t sample_select;           // a2xx_rb_copy_sample_select
    bool depth;                      // source is depth/stencil, raw bits
};

// Fill of on-chip memory recognised from the driver's fast clear; also clears by RECTLIST with
// RB_COPY_CONTROL clear bits on a22x.
struct gpu_fill {
    uint32_t base, bytes;            // GMEM range, whole dwords
    uint32_t value;                  // dword pattern
};

enum gpu_result {
    GPU_OK,
    GPU_BAD_SHADER,   // program missing or illegal
    GPU_BAD_STATE,    // a combination no hardware accepts
    GPU_TIMEOUT,      // shader budget exhausted
    GPU_MEM_FAULT,    // guest memory was unmapped
    GPU_HOST_ERROR,   // host API failed; message logged
};

// ---- backends -----------------------------------------------------------------------------------

// One rendering engine of the host (a GL context on its thread, or the software rasteriser), and
// contexts on it: one a vGPU, sharing nothing. All calls for one engine come from one thread at a
// time. Embed first.
struct gpu_backend {
    const struct gpu_backend_ops *ops;
};
struct gpu_context {
    struct gpu_backend *backend;
};

struct gpu_context_config {
    struct gpu_mem *mem;             // borrowed
    uint32_t gmem_bytes;
    struct log *log;                 // borrowed
    bool scissor_br_inclusive;       // compare aid: the window scissor's BR was read as inclusive.
                                     // gpu_state.scissor has it already (gpu_config of the engine)
};

struct gpu_backend_ops {
    const char *name;
    void (*destroy)(struct gpu_backend *be);
    // Makes the calling thread the engine's thread (GL make current). 0 or -errno.
    int (*bind_thread)(struct gpu_backend *be, struct err *err);

    struct gpu_context *(*context_create)(struct gpu_backend *be,
                                          const struct gpu_context_config *cfg, struct err *err);
    void (*context_destroy)(struct gpu_context *ctx);

    enum gpu_result (*draw)(struct gpu_context *ctx, const struct gpu_draw *draw);
    enum gpu_result (*resolve)(struct gpu_context *ctx, const struct gpu_resolve *res);
    enum gpu_result (*fill)(struct gpu_context *ctx, const struct gpu_fill *fill);
    // Everything issued so far is in guest memory on return.
    enum gpu_result (*flush)(struct gpu_context *ctx);
    // Memory changed behind the backend: the guest's processor had its turn (once a submission), or
    // the engine stored something that the next draw reads. What the backend itself writes (resolves,
    // memory targets) it must see without being told.
    void (*invalidate)(struct gpu_context *ctx);
    // Nothing changed but [va, va + bytes), where the engine stored something that the next draw
    // reads. May be NULL: then everything is invalidated.
    void (*wrote)(struct gpu_context *ctx, uint32_t va, uint64_t bytes);
    // Copies of on-chip memory, for debugging, snapshots and tests: exact GMEM layout.
    enum gpu_result (*gmem_read)(struct gpu_context *ctx, uint32_t base, void *dst, size_t n);
    enum gpu_result (*gmem_write)(struct gpu_context *ctx, uint32_t base, const void *src, size_t n);
};

#endif
