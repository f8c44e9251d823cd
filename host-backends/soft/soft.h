// SPDX-License-Identifier: MIT
//
// The software rasteriser's own header: the objects that its files share. The pipeline is
//
//   draw.c (indices, batches) -> vertex.c (vertex shader) -> assemble.c (primitives) -> clip.c
//   -> setup.c (snapping, planes, arena of primitives) -> raster.c (coverage, quads)
//   -> pixel.c (pixel shader in groups of four quads) -> depth.c, blend.c (targets)
//
// with texture.c beside pixel.c and resolve.c behind everything. Nothing here is global: a context
// owns its on-chip memory and all scratch space, and a draw allocates nothing.
#ifndef HOST_BACKENDS_SOFT_SOFT_H
#define HOST_BACKENDS_SOFT_SOFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu-model/draw.h"
#include "gpu-model/formats.h"
#include "shader-isa/shader.h"

#define SOFT_PARAMS 16  // interpolators
#define SOFT_THREADS 16 // most raster threads
#define SOFT_SAMPLES 4  // most samples a pixel
#define SOFT_VERTS 256  // vertices of one window of the index stream
#define SOFT_WINDOW 240 // indices of one window (room for carried vertices)
#define SOFT_QUADS (SHADER_LANES / 4)
#define SOFT_ARENA_BYTES (256 * 1024)
#define SOFT_COORD_LIMIT (1 << 20) // window coordinates beyond this many pixels are clipped away

struct soft_backend {
    struct gpu_backend base;
    struct log *log;
    unsigned threads;
    bool fine_snap;
};

// Clip planes of a draw: a bit each in `used`, window limits in normalised device coordinates.
struct soft_planes {
    unsigned used;
    bool dx;                // z from 0 to w, not from -w
    float limit_x, limit_y; // |x| <= limit * w
};

// A shaded vertex. `pos` is the position export; the rest is filled by soft_classify.
struct soft_vertex {
    float pos[4];
    uint8_t outcode; // planes that it lies outside of
    bool finite;
    bool projected; // win and oow are valid
    float misc[4];  // point size, edge flag, kill
    float win[3];   // window x, y, z
    float oow;      // 1 / w
    float param[SOFT_PARAMS][4];
};

// One primitive ready to be rasterised. Coordinates are fixed point with `quant_bits` fraction
// bits.
enum soft_shape { SOFT_TRIANGLE, SOFT_RECT, SOFT_LINE };
struct soft_edge {
    int64_t a, b, c; // a*x + b*y + c >= 0 inside; x, y fixed point; top-left rule folded into c
};
struct soft_prim {
    uint32_t bytes; // of this record in the arena, params included
    uint8_t shape;
    bool back;              // back facing
    bool affine;            // all w equal: no perspective division
    bool point, line;       // for ParamGen's sign bits
    int32_t x0, y0, x1, y1; // pixels to visit, half open, inside the scissor
    struct soft_edge edge[3];
    int32_t fx[2], fy[2]; // lines: end points, fixed point
    int32_t half_width;   // lines: half of the width, fixed point
    uint32_t stipple_phase;
    // barycentric coordinates of vertices 1 and 2: c[0]*(x-ox) + c[1]*(y-oy), x and y in pixels
    double ox, oy, b1[2], b2[2];
    double z[3]; // z0 (polygon offset included), z1-z0, z2-z0
    float oow[3];
    float size[2], origin[2]; // points: for sprite coordinates
    // followed by params: p0, p1-p0, p2-p0, each 4 floats
    float param[][3][4];
};

struct soft_texture; // texture.h
struct soft_pool;
struct soft_texcache;

// Four quads on their way through the pixel shader.
struct soft_quad {
    int32_t x, y;  // even coordinates of the top left pixel
    uint16_t mask; // bit pixel*4 + sample, alive
    bool back;
    bool depth_done;           // depth and stencil were tested (and written) early
    double z[4][SOFT_SAMPLES]; // [pixel][sample], window depth before clamping
};
struct soft_worker {
    struct soft_context *ctx;
    unsigned band, bands; // rows of blocks that it draws: number % bands == band
    struct soft_texcache *cache;
    enum gpu_result result;
    unsigned quads;
    struct soft_quad quad[SOFT_QUADS];
    uint64_t runs; // of the pixel shader
    struct shader_lanes lanes;
};

// What is derived from the state once a draw.
struct soft_pipe {
    const struct gpu_draw *draw;
    const struct gpu_state *st;
    const struct shader_info *vi, *pi;
    unsigned params; // interpolators carried
    unsigned samples;
    uint32_t sample_mask;                                   // AA mask cut to `samples`
    int32_t sample_x[SOFT_SAMPLES], sample_y[SOFT_SAMPLES]; // from the pixel centre, fixed point
    unsigned quant;     // fraction bits of fixed point window coordinates
    unsigned grid;      // fraction bits that vertices keep
    int32_t one;        // 1 << quant
    uint8_t round_mode; // of vertex snapping
    bool rasterise;     // else only vertices run, for what they export to memory
    bool stipple;       // lines are stippled
    struct gpu_rect scissor;
    struct soft_planes planes;
    struct gpu_rect clip; // scissor cut to the viewport, where the guard band clips to it
    double offset[2][2];  // polygon offset by face: slope factor, constant
    bool offset_on[2];
    // pixel
    const struct format_info *color; // NULL: no such format
    unsigned color_bytes, depth_bytes;
    bool color_on, depth_on, late, shade;
    uint8_t write_mask;
    bool blend, rop, dither;
    bool simple_8888;       // everything written, no odd operation, 8_8_8_8 in the usual orders
    bool reads_target;      // stored pixels depend on what was there
    uint8_t mask_bytes[16]; // bits of a pixel that RB_COLOR_MASK lets through
    uint32_t flat_mask;     // interpolators that are not interpolated
    uint64_t deadline_ns;   // host time after which the draw counts as hung
};

struct soft_context {
    struct gpu_context base;
    struct soft_backend *be;
    struct gpu_mem *mem;
    struct log *log;
    uint32_t gmem_bytes;
    uint8_t *gmem;
    bool faulted;          // a store to guest memory failed in this draw
    bool outside_reported; // a target outside on-chip memory was named once

    struct soft_pipe pipe;

    // vertex stage
    struct soft_vertex vert[SOFT_VERTS];
    unsigned verts;
    struct {
        uint32_t index;
        uint32_t stamp;
        uint16_t slot;
    } reuse[512];
    uint32_t stamp;
    struct soft_vertex clip_vert[32];
    struct shader_lanes vlanes;

    // set up primitives of the current draw
    uint8_t *arena;
    uint32_t arena_used;

    // textures of the current draw, by fetch constant
    struct soft_texture *tex;
    struct soft_worker *worker;                // the calling thread's, workers[0]
    struct soft_worker *workers[SOFT_THREADS]; // as many as the backend has threads
    unsigned worker_count;
    struct soft_pool *pool; // NULL with one worker
};

static inline struct soft_context *soft_context(struct gpu_context *ctx)
{
    return (struct soft_context *)(void *)ctx;
}

// ---- the stages -----------------------------------------------------------------------------

// draw.c: the whole draw.
enum gpu_result soft_draw(struct gpu_context *ctx, const struct gpu_draw *draw);
// True when the draw has used more host time than any honest one.
bool soft_overdue(const struct soft_context *ctx);

// vertex.c: runs the vertex shader for `n` vertices of the window starting at slot `first`; their
// indices are in `index`.
enum gpu_result soft_shade_vertices(struct soft_context *ctx, unsigned first, unsigned n,
                                    const uint32_t *index);
// Vertex fetch for either stage.
void soft_vertex_fetch(struct soft_context *ctx, const struct shader_vfetch *f, unsigned lanes,
                       uint32_t active, const float *index, float out[4][SHADER_LANES]);

// assemble.c: turns window slots into primitives.
struct soft_assembler {
    enum gpu_prim prim;
    uint64_t seen; // vertices pushed so far
    uint16_t v[3]; // held slots: [0] first (fan, loop) or oldest
    unsigned held;
    uint32_t stipple; // pixels of line stipple already used in this strip
};
void soft_assemble(struct soft_context *ctx, struct soft_assembler *as, unsigned slot);
void soft_assemble_end(struct soft_context *ctx, struct soft_assembler *as);

// clip.c: the planes of a draw; outcode and window position of a vertex, once; clips, projects and
// hands to setup.c. Vertices are not changed.
void soft_planes_init(struct soft_pipe *pipe);
void soft_classify(const struct soft_pipe *pipe, struct soft_vertex *v);
void soft_clip_triangle(struct soft_context *ctx, const struct soft_vertex *v0,
                        const struct soft_vertex *v1, const struct soft_vertex *v2,
                        unsigned provoke);
void soft_clip_line(struct soft_context *ctx, const struct soft_vertex *v0,
                    const struct soft_vertex *v1, unsigned provoke, uint32_t *stipple);
void soft_clip_point(struct soft_context *ctx, const struct soft_vertex *v);
void soft_clip_rect(struct soft_context *ctx, const struct soft_vertex *v0,
                    const struct soft_vertex *v1, const struct soft_vertex *v2);
// Viewport transform per PA_CL_VTE_CNTL. False when the result is no usable number.
bool soft_project(const struct gpu_state *st, struct soft_vertex *v);

// setup.c: projected primitives into the arena. `edges` tells which edges of a polygon mode
// triangle are real (bit i: edge from vertex i). `flat` is the provoking vertex.
void soft_setup_triangle(struct soft_context *ctx, const struct soft_vertex *v0,
                         const struct soft_vertex *v1, const struct soft_vertex *v2,
                         const struct soft_vertex *flat, unsigned edges, bool cull);
void soft_setup_line(struct soft_context *ctx, const struct soft_vertex *v0,
                     const struct soft_vertex *v1, const struct soft_vertex *flat, double offset,
                     bool back, uint32_t *stipple);
void soft_setup_point(struct soft_context *ctx, const struct soft_vertex *v, double offset,
                      bool back);

// pool.c: runs `work` on every worker at once, with bands dealt out, and waits for all.
typedef void soft_work_fn(struct soft_worker *w);
struct soft_pool *soft_pool_create(struct soft_context *ctx);
void soft_pool_destroy(struct soft_pool *pool);
void soft_pool_run(struct soft_pool *pool, soft_work_fn *work);
// Around guest memory ops in the raster stages, which know nothing of threads.
void soft_mem_lock(struct soft_context *ctx);
void soft_mem_unlock(struct soft_context *ctx);

// memexport.c: one exported element, from either stage.
void soft_memexport(struct soft_context *ctx, const float ea[4], unsigned n, const float data[4]);

// raster.c: draws everything in the arena and empties it.
void soft_raster(struct soft_context *ctx);

// pixel.c: a quad with coverage enters; flush runs what waits.
void soft_quad_add(struct soft_worker *w, const struct soft_prim *p, int32_t x, int32_t y,
                   unsigned mask);
void soft_quad_flush(struct soft_worker *w);

// depth.c: tests and writes depth and stencil of the living samples; returns the survivors.
unsigned soft_depth_test(struct soft_context *ctx, const struct soft_quad *q);
// blend.c: writes colours (component-major, four pixels from lane `lane`).
void soft_color_write(struct soft_context *ctx, const struct soft_quad *q,
                      const float color[4][SHADER_LANES], unsigned lane);
// The comparison functions of depth, stencil and alpha tests.
static inline bool soft_compare_f(unsigned func, float a, float b)
{
    return func == 7 || (func & 1 && a < b) || (func & 2 && a == b) || (func & 4 && a > b);
}
static inline bool soft_compare_u(unsigned func, uint32_t a, uint32_t b)
{
    return (func & 1 && a < b) || (func & 2 && a == b) || (func & 4 && a > b);
}

// resolve.c
enum gpu_result soft_resolve(struct gpu_context *ctx, const struct gpu_resolve *res);

#endif
