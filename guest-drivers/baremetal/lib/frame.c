// SPDX-License-Identifier: MIT
//
// Tiled rendering as the open a2xx driver does it: a walk over bins, each with window offset,
// scissor and destination offset; the recorded draws; a rectangle in copy mode that stores the bin.
// The fast clear is one rectangle with four samples a pixel, which fills colour and depth memory as
// raw words. Left out: hardware binning (every draw runs in every bin), keeping depth between
// frames, formats other than 8888 with 24-bit depth.
#include "frame.h"
#include "libc.h"
#include "shaders.gen.h"

// The page of small things: three zero indices; an image of context registers, of which the fast
// clear takes the scissor back; a rectangle's vertices; texture coordinates of the bin that is
// loaded.
enum { ZERO_AT = 0, CONTEXT_AT = 0x40, RECT_AT = 0x100, RECT_BYTES = 36, COORD_AT = 0x140 };
enum { COORD_BYTES = 24, SCISSOR_BR_AT = CONTEXT_AT + (A2_PA_SC_SCREEN_SCISSOR_BR - 0x2000) * 4 };
enum { BIN_ALIGN = 32, GMEM_ALIGN = 0x8000, MAIN_DWORDS = 8192, SUB_DWORDS = 1024 };
enum { FLUSHES = 12 }; // cache flush events after a draw, as stock drivers send
enum { SWAP_BGRA = 1 };

static uint32_t align(uint32_t v, uint32_t a)
{
    return (v + a - 1) / a * a;
}

// ---- surfaces
// ----------------------------------------------------------------------------------------

bool a2_surface_create(struct a2_gpu *gpu, uint32_t width, uint32_t height, struct a2_surface *s)
{
    s->width = width;
    s->height = height;
    s->pitch = align(width, 32);
    return a2_alloc(gpu, s->pitch * align(height, 32) * 4, A2_PTE_RW, &s->bo);
}

uint32_t a2_surface_crc(const struct a2_surface *s)
{
    uint32_t crc = 0;
    for (uint32_t y = 0; y < s->height; y++) {
        crc = bm_crc32(crc, s->bo.cpu + y * s->pitch * 4, s->width * 4);
    }
    return crc;
}

uint32_t a2_surface_pixel(const struct a2_surface *s, uint32_t x, uint32_t y)
{
    const uint8_t *p = s->bo.cpu + (y * s->pitch + x) * 4;
    return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

// ---- bins
// --------------------------------------------------------------------------------------------

static uint32_t color_bytes(const struct a2_bins *b)
{
    return b->w * b->h * 4;
}

struct a2_bins a2_bins_choose(uint32_t width, uint32_t height, bool depth, uint32_t gmem_bytes)
{
    struct a2_bins b = {.nx = 1, .ny = 1};
    for (;;) {
        b.w = align((width + b.nx - 1) / b.nx, BIN_ALIGN);
        b.h = align((height + b.ny - 1) / b.ny, BIN_ALIGN);
        b.depth_base = depth ? align(color_bytes(&b), GMEM_ALIGN) : 0;
        if (b.depth_base + color_bytes(&b) <= gmem_bytes ||
            (b.w == BIN_ALIGN && b.h == BIN_ALIGN)) {
            break;
        }
        if (b.w >= b.h) {
            b.nx++;
        } else {
            b.ny++;
        }
    }
    b.nx = (width + b.w - 1) / b.w; // rounding up may have made some superfluous
    b.ny = (height + b.h - 1) / b.h;
    return b;
}

// ---- pieces
// ------------------------------------------------------------------------------------------

static void emit_targets(struct pm4 *p, const struct a2_bins *b)
{
    const uint32_t v[3] = {
        A2_RB_SURFACE_INFO_SURFACE_PITCH(b->w),
        A2_RB_COLOR_INFO_FORMAT(A2_COLORX_8_8_8_8) | A2_RB_COLOR_INFO_SWAP(SWAP_BGRA),
        A2_RB_DEPTH_INFO_DEPTH_FORMAT(A2_DEPTHX_24_8) | A2_RB_DEPTH_INFO_DEPTH_BASE(b->depth_base)};
    pm4_regs(p, A2_RB_SURFACE_INFO, v, 3);
}

static void flush(struct pm4 *p)
{
    for (int i = 0; i < FLUSHES; i++) {
        pm4_event(p, A2_CACHE_FLUSH);
    }
}

static void draw_rect(struct a2_frame *f, struct pm4 *p)
{
    pm4_dummy_draw(p, f->gpu->solid.va + ZERO_AT);
    pm4_draw(p, A2_DI_PT_RECTLIST, 3);
    flush(p);
}

static void floats_of(uint32_t argb, float rgba[4])
{
    rgba[0] = (float)(argb >> 16 & 255) / 255;
    rgba[1] = (float)(argb >> 8 & 255) / 255;
    rgba[2] = (float)(argb & 255) / 255;
    rgba[3] = (float)(argb >> 24) / 255;
}

static void emit_solid(struct a2_frame *f, struct pm4 *p)
{
    a2_emit_vertices(p, 0, f->gpu->solid.va + RECT_AT, RECT_BYTES);
    a2_emit_programs(p, &solid_vs, &solid_ps);
}

// State of rectangles that are drawn in the bin's own coordinates.
static void emit_bin_state(struct a2_frame *f, struct pm4 *p)
{
    struct a2_state s;
    a2_state_init(&s, f->bins.w, f->bins.h);
    s.bin_offset = false;
    a2_emit_state(p, &s);
}

// ---- the start of all: what never changes
// -------------------------------------------------------------

static void emit_context(struct pm4 *p)
{
    static const struct {
        uint16_t reg;
        uint32_t value;
    } fixed[] = {
        // clang-format off
        {A2_RB_BC_CONTROL, A2_RB_BC_CONTROL_ACCUM_TIMEOUT_SELECT(3) |
                           A2_RB_BC_CONTROL_DISABLE_LZ_NULL_ZCMD_DROP |
                           A2_RB_BC_CONTROL_ENABLE_CRC_UPDATE |
                           A2_RB_BC_CONTROL_ACCUM_DATA_FIFO_LIMIT(8) |
                           A2_RB_BC_CONTROL_MEM_EXPORT_TIMEOUT_SELECT(3)},
        {A2_TP0_CHICKEN, 2},
        {A2_PA_SC_VIZ_QUERY, A2_PA_SC_VIZ_QUERY_VIZ_QUERY_ID(16)},
        {A2_VGT_VERTEX_REUSE_BLOCK_CNTL, 2},
        {A2_VGT_OUT_DEALLOC_CNTL, 2},
        {A2_SQ_VS_CONST, A2_SQ_VS_CONST_BASE(0x20) | A2_SQ_VS_CONST_SIZE(0x100)},
        {A2_SQ_PS_CONST, A2_SQ_PS_CONST_BASE(0x120) | A2_SQ_PS_CONST_SIZE(0xe0)},
        {A2_VGT_MAX_VTX_INDX, 0xffffffff},
        {A2_VGT_MIN_VTX_INDX, 0},
        {A2_VGT_INDX_OFFSET, 0},
        {A2_SQ_INTERPOLATOR_CNTL, 0xffffffff},
        {A2_PA_SC_LINE_CNTL, 0},
        {A2_PA_SC_WINDOW_OFFSET, 0},
        {A2_RB_MODECONTROL, A2_COLOR_DEPTH},
        {A2_RB_SAMPLE_POS, 0x88888888},
        {A2_RB_COLOR_DEST_MASK, 0xffffffff},
        {A2_SQ_WRAPPING_0, 0},
        {A2_SQ_WRAPPING_1, 0},
        {A2_VGT_CURRENT_BIN_ID_MIN, 0},
        {A2_VGT_CURRENT_BIN_ID_MAX, 0},
        // clang-format on
    };
    enum { BUSY = 0x5f601000 }; // units of RBBM_STATUS that must be idle
    for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        pm4_reg(p, fixed[i].reg, fixed[i].value);
    }
    pm4_put(p, PM4_TYPE3(A2_CP_INVALIDATE_STATE, 1));
    pm4_put(p, 0x7fff);
    pm4_put(p, PM4_TYPE3(A2_CP_SET_DRAW_INIT_FLAGS, 1));
    pm4_put(p, 0);
    pm4_wait_reg_eq(p, A2_RBBM_STATUS, 0, BUSY);
    pm4_reg(p, A2_SQ_INST_STORE_MANAGMENT, A2_SQ_INST_STORE_MANAGMENT_INST_BASE_PIX(0x180));
    pm4_put(p, PM4_TYPE3(A2_CP_INVALIDATE_STATE, 1));
    pm4_put(p, 0x300);
    pm4_put(p, PM4_TYPE3(A2_CP_SET_SHADER_BASES, 1));
    pm4_put(p, 0x80000180);
}

// ---- load and store of a bin
// ---------------------------------------------------------------------------

static void record_store(struct a2_frame *f)
{
    const struct a2_surface *t = f->cfg.target;
    struct pm4 *p = &f->store;
    pm4_reset(p);
    pm4_reg(p, A2_PA_SC_WINDOW_OFFSET, 0);
    emit_bin_state(f, p);
    emit_solid(f, p);
    pm4_reg(p, A2_RB_MODECONTROL, A2_EDRAM_COPY);
    pm4_reg(p, A2_RB_COLOR_INFO, A2_RB_COLOR_INFO_FORMAT(A2_COLORX_8_8_8_8)); // raw
    pm4_reg(p, A2_RB_COPY_CONTROL, 0);
    pm4_reg(p, A2_RB_COPY_DEST_BASE, t->bo.va);
    pm4_reg(p, A2_RB_COPY_DEST_PITCH, t->pitch / 32);
    pm4_reg(p, A2_RB_COPY_DEST_INFO,
            A2_RB_COPY_DEST_INFO_FORMAT(A2_COLORX_8_8_8_8) | A2_RB_COPY_DEST_INFO_LINEAR |
                A2_RB_COPY_DEST_INFO_WRITE_RED | A2_RB_COPY_DEST_INFO_WRITE_GREEN |
                A2_RB_COPY_DEST_INFO_WRITE_BLUE | A2_RB_COPY_DEST_INFO_WRITE_ALPHA);
    draw_rect(f, p);
    pm4_reg(p, A2_RB_MODECONTROL, A2_COLOR_DEPTH);
    emit_targets(p, &f->bins);
}

static void record_load(struct a2_frame *f)
{
    const struct a2_surface *t = f->cfg.target;
    const struct a2_texture picture = {
        .va = t->bo.va,
        .width = (uint16_t)t->width,
        .height = (uint16_t)t->height,
        .pitch = (uint16_t)t->pitch,
        .format = A2_FMT_8_8_8_8,
        .swizzle = {A2_SQ_TEX_X, A2_SQ_TEX_Y, A2_SQ_TEX_Z, A2_SQ_TEX_W},
        .filter = A2_SQ_TEX_FILTER_POINT,
        .clamp = A2_SQ_TEX_CLAMP_LAST_TEXEL,
    };
    struct pm4 *p = &f->load;
    pm4_reset(p);
    emit_bin_state(f, p);
    a2_emit_vertices(p, 0, f->gpu->solid.va + RECT_AT, RECT_BYTES);
    a2_emit_vertices(p, 1, f->gpu->solid.va + COORD_AT, COORD_BYTES);
    a2_emit_texture(p, 0, &picture);
    a2_emit_programs(p, &blit_vs, &texture_ps);
    pm4_reg(p, A2_RB_COLOR_INFO, A2_RB_COLOR_INFO_FORMAT(A2_COLORX_8_8_8_8)); // raw
    draw_rect(f, p);
    emit_targets(p, &f->bins);
}

// Texture coordinates of a bin's corners for the load.
static void write_coordinates(struct a2_frame *f, uint32_t x, uint32_t y)
{
    float w = (float)f->cfg.target->width, h = (float)f->cfg.target->height;
    float u0 = (float)x / w, u1 = (float)(x + f->bins.w) / w;
    float v0 = (float)y / h, v1 = (float)(y + f->bins.h) / h;
    const float coord[6] = {u0, v0, u1, v0, u0, v1}; // in the order of the rectangle's vertices
    uint32_t words[6];
    memcpy(words, coord, sizeof words);
    pm4_mem_write(&f->main, f->gpu->solid.va + COORD_AT, words, 6);
}

// ---- frames
// --------------------------------------------------------------------------------------------

bool a2_frame_create(struct a2_gpu *gpu, struct a2_frame *f, uint32_t draw_dwords)
{
    static const float rect[9] = {-1, 1, 0, 1, 1, 0, -1, -1, 0};
    memset(f, 0, sizeof *f);
    f->gpu = gpu;
    memcpy(gpu->solid.cpu + RECT_AT, rect, sizeof rect);
    return pm4_create(gpu, &f->main, MAIN_DWORDS) && pm4_create(gpu, &f->draw, draw_dwords) &&
           pm4_create(gpu, &f->load, SUB_DWORDS) && pm4_create(gpu, &f->store, SUB_DWORDS);
}

void a2_frame_begin(struct a2_frame *f, const struct a2_frame_config *cfg)
{
    uint32_t gmem = cfg->gmem_bytes && cfg->gmem_bytes < f->gpu->gmem_bytes ? cfg->gmem_bytes
                                                                            : f->gpu->gmem_bytes;
    if (f->seqno) {
        a2_wait(f->gpu, f->seqno, A2_WAIT_IRQ); // the buffers are about to be written again
    }
    f->cfg = *cfg;
    if (!cfg->area.w) {
        f->cfg.area =
            (struct a2_rect){0, 0, (int32_t)cfg->target->width, (int32_t)cfg->target->height};
    }
    f->bins = a2_bins_choose((uint32_t)f->cfg.area.w, (uint32_t)f->cfg.area.h, cfg->depth, gmem);
    pm4_reset(&f->main);
    pm4_reset(&f->draw);
}

void a2_frame_clear(struct a2_frame *f, uint32_t argb, float depth)
{
    struct pm4 *p = &f->draw;
    uint32_t bytes = color_bytes(&f->bins), second = f->bins.depth_base, stencil = 0;
    const struct a2_rect huge = {0, 0, 8192, 8192};
    float rgba[4];
    struct a2_state s;

    if (!second) {
        // colour alone: the depth half of the clear does the upper half, with the same bits
        bytes = second = align(bytes / 2, 4096);
        depth = (float)((double)(argb >> 8) / 16777215.0);
        stencil = argb & 255;
    }
    const uint32_t targets[3] = {
        A2_RB_SURFACE_INFO_SURFACE_PITCH(32) | A2_RB_SURFACE_INFO_MSAA_SAMPLES(2),
        A2_RB_COLOR_INFO_FORMAT(A2_COLORX_8_8_8_8) | A2_RB_COLOR_INFO_SWAP(SWAP_BGRA),
        A2_RB_DEPTH_INFO_DEPTH_FORMAT(A2_DEPTHX_24_8) | A2_RB_DEPTH_INFO_DEPTH_BASE(second)};
    const uint32_t refs[2] = {
        A2_RB_STENCILREFMASK_BF_STENCILREF(stencil) | A2_RB_STENCILREFMASK_BF_STENCILWRITEMASK(255),
        A2_RB_STENCILREFMASK_STENCILREF(stencil) | A2_RB_STENCILREFMASK_STENCILWRITEMASK(255)};

    floats_of(argb, rgba);
    a2_state_init(&s, 0x3fff, 0x3fff);
    s.viewport = huge;
    s.z_near = s.z_far = depth;
    s.bin_offset = false;
    a2_emit_state(p, &s);
    emit_solid(f, p);
    pm4_constants(p, A2_STAGE_PS, 0, rgba, 1);
    pm4_reg(p, A2_RB_DEPTHCONTROL,
            A2_RB_DEPTHCONTROL_STENCIL_ENABLE | A2_RB_DEPTHCONTROL_Z_ENABLE |
                A2_RB_DEPTHCONTROL_Z_WRITE_ENABLE | A2_RB_DEPTHCONTROL_EARLY_Z_ENABLE |
                A2_RB_DEPTHCONTROL_ZFUNC(A2_FUNC_ALWAYS) |
                A2_RB_DEPTHCONTROL_STENCILFUNC(A2_FUNC_ALWAYS) |
                A2_RB_DEPTHCONTROL_STENCILZPASS(A2_STENCIL_REPLACE));
    pm4_regs(p, A2_RB_STENCILREFMASK_BF, refs, 2);
    pm4_reg(p, A2_PA_SU_SC_MODE_CNTL,
            A2_PA_SU_SC_MODE_CNTL_FRONT_PTYPE(A2_PC_DRAW_TRIANGLES) |
                A2_PA_SU_SC_MODE_CNTL_BACK_PTYPE(A2_PC_DRAW_TRIANGLES) |
                A2_PA_SU_SC_MODE_CNTL_MSAA_ENABLE | A2_PA_SU_SC_MODE_CNTL_PROVOKING_VTX_LAST);
    pm4_reg(p, A2_PA_SC_AA_CONFIG, A2_PA_SC_AA_CONFIG_MSAA_NUM_SAMPLES(3));
    // 32 pixels of 4 samples of 4 bytes a line
    pm4_reg(p, A2_PA_SC_SCREEN_SCISSOR_BR,
            A2_PA_SC_SCREEN_SCISSOR_BR_X(32) | A2_PA_SC_SCREEN_SCISSOR_BR_Y(bytes / 512));
    pm4_regs(p, A2_RB_SURFACE_INFO, targets, 3);
    pm4_draw(p, A2_DI_PT_RECTLIST, 3); // without the dummy, as stock
    pm4_reg(p, A2_PA_SC_AA_CONFIG, 0);
    pm4_load_regs(p, f->gpu->solid.va + CONTEXT_AT, A2_PA_SC_SCREEN_SCISSOR_BR, 1);
    emit_targets(p, &f->bins);
    flush(p);
}

void a2_frame_fill(struct a2_frame *f, const struct a2_rect *r, uint32_t argb)
{
    struct a2_state s;
    float rgba[4];
    floats_of(argb, rgba);
    a2_state_init(&s, f->cfg.target->width, f->cfg.target->height);
    s.viewport = s.scissor = *r;
    a2_emit_state(&f->draw, &s);
    emit_solid(f, &f->draw);
    pm4_constants(&f->draw, A2_STAGE_PS, 0, rgba, 1);
    draw_rect(f, &f->draw);
}

void a2_frame_draw(struct a2_frame *f, uint32_t prim, uint32_t count)
{
    pm4_dummy_draw(&f->draw, f->gpu->solid.va + ZERO_AT);
    pm4_draw(&f->draw, prim, count);
    flush(&f->draw);
}

void a2_frame_draw_indexed(struct a2_frame *f, uint32_t prim, uint32_t count, uint32_t va,
                           uint32_t bytes)
{
    pm4_dummy_draw(&f->draw, f->gpu->solid.va + ZERO_AT);
    pm4_draw_indexed(&f->draw, prim, count, va, bytes);
    flush(&f->draw);
}

static void run_bin(struct a2_frame *f, uint32_t col, uint32_t row)
{
    const struct a2_rect *area = &f->cfg.area;
    struct pm4 *p = &f->main;
    uint32_t left = (uint32_t)area->w - col * f->bins.w, w = left < f->bins.w ? left : f->bins.w;
    uint32_t below = (uint32_t)area->h - row * f->bins.h, h = below < f->bins.h ? below : f->bins.h;
    uint32_t x = (uint32_t)area->x + col * f->bins.w, y = (uint32_t)area->y + row * f->bins.h;
    const uint32_t screen[2] = {0,
                                A2_PA_SC_SCREEN_SCISSOR_BR_X(w) | A2_PA_SC_SCREEN_SCISSOR_BR_Y(h)};

    emit_targets(p, &f->bins);
    pm4_regs(p, A2_PA_SC_SCREEN_SCISSOR_TL, screen, 2);
    if (f->cfg.load) {
        write_coordinates(f, x, y);
        pm4_call(p, &f->load);
    }
    pm4_reg(p, A2_PA_SC_WINDOW_OFFSET,
            A2_PA_SC_WINDOW_OFFSET_X(0u - x) | A2_PA_SC_WINDOW_OFFSET_Y(0u - y));
    pm4_mem_write(p, f->gpu->solid.va + SCISSOR_BR_AT, &screen[1], 1);
    pm4_reg(p, A2_RB_COPY_DEST_OFFSET, A2_RB_COPY_DEST_OFFSET_X(x) | A2_RB_COPY_DEST_OFFSET_Y(y));
    pm4_call(p, &f->draw);
    pm4_call(p, &f->store);
}

uint32_t a2_frame_end(struct a2_frame *f)
{
    record_store(f);
    if (f->cfg.load) {
        record_load(f);
    }
    emit_context(&f->main);
    for (uint32_t row = 0; row < f->bins.ny; row++) {
        for (uint32_t i = 0; i < f->bins.nx; i++) { // in an S: neighbours follow each other
            run_bin(f, row & 1 ? f->bins.nx - 1 - i : i, row);
        }
    }
    if (f->main.full) {
        bm_print(f->gpu->plat, "frame: a command buffer is too small\n");
        pm4_reset(&f->main);
        pm4_put(&f->main, PM4_TYPE2);
    }
    f->seqno = a2_submit(f->gpu, &f->main, f->cfg.submit);
    return f->seqno;
}
