// SPDX-License-Identifier: MIT
//
// Private to gl/: the engine (one GL context), its guest contexts and what the files of this folder
// offer each other. Guest-derived objects (programs, textures, surfaces) belong to a gl_context:
// guests share the GL context and nothing else. Everything runs on the engine's thread.
//
// Conventions: row 0 of every GL image is the top row of the a2xx surface, window coordinates are
// used as they are (y down), nothing is ever flipped. A colour image holds the pixel's *fields*: its
// red is field x of the a2xx format, whatever RB_COLOR_INFO.SWAP says; shaders write through the
// swap. So the bytes of a readback are the bytes of GMEM, and a raw copy is a copy.
#ifndef HOST_BACKENDS_GL_GL_H
#define HOST_BACKENDS_GL_GL_H

#include <epoxy/gl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu-model/draw.h"
#include "host-backends/gl/egl.h"
#include "shader-isa/shader.h"

struct log;
struct err;
struct backend_config;

// ---- pixels (pixel.c) --------------------------------------------------------------------------

// Kinds of image: the colour formats by their own numbers, then depth.
enum { PX_D16 = 15, PX_D24S8 = 16, PX_COUNT = 17 };

struct gl_pixel {
    uint8_t bytes;         // in GMEM and in memory
    uint8_t fields;        // colour fields
    bool reversed;         // GL's red is the last field (2_3_3)
    bool normalised;       // unsigned normalised: clears by value are exact
    GLenum internal;       // 0: no such format
    GLenum format, type;   // transfer that gives the a2xx bytes
};
const struct gl_pixel *gl_pixel(unsigned px); // NULL when the number is no format

// Where a GL channel of an image gets its value from: index into (r, g, b, a) for each of GL's four
// channels under a component swap.
void gl_pixel_route(unsigned px, unsigned swap, uint8_t route[4]);

// ---- images and framebuffers (image.c) ------------------------------------------------------------

struct gl_image {
    GLuint tex;
    uint8_t px;
    uint32_t width, height;
};
// Undefined contents. False (logged) when the host refuses.
struct gl_backend;
bool gl_image_create(struct gl_backend *be, struct gl_image *img, unsigned px, uint32_t width,
                     uint32_t height);
void gl_image_destroy(struct gl_backend *be, struct gl_image *img);
// Rows of raw a2xx bytes, `stride_px` pixels apart in memory.
void gl_image_upload(struct gl_backend *be, const struct gl_image *img, const struct gpu_rect *r,
                     const void *data, uint32_t stride_px);
void gl_image_download(struct gl_backend *be, const struct gl_image *img, const struct gpu_rect *r,
                       void *data, uint32_t stride_px);
// Sets whole pixels to the low bits of `value` (normalised and depth kinds only).
void gl_image_clear(struct gl_backend *be, const struct gl_image *img, const struct gpu_rect *r,
                    uint32_t value);
// Copies a rectangle between images of one kind.
void gl_image_copy(struct gl_backend *be, const struct gl_image *src, int32_t sx, int32_t sy,
                   const struct gl_image *dst, int32_t dx, int32_t dy, uint32_t w, uint32_t h);
// Binds a framebuffer of the two (either may be NULL) for drawing and reading. False when incomplete.
bool gl_image_bind(struct gl_backend *be, const struct gl_image *color, const struct gl_image *depth);

// ---- streaming buffer (stream.c) ----------------------------------------------------------------

// One buffer object that vertices, indices and constants of draws are written into, once around.
struct gl_stream {
    GLuint buffer, texture; // texture: the same bytes as R32UI texels, 0 when not asked for
    uint8_t *map;           // persistent mapping, or a shadow that gl_stream_flush uploads
    bool persistent;
    size_t size, head, flushed;
    GLsync fence[4];        // one a quarter
    unsigned quarter;
    bool held;              // quarters from `hold` on hold data of draws not issued yet
    unsigned hold;
};
bool gl_stream_init(struct gl_backend *be, struct gl_stream *s, size_t size, bool texels);
void gl_stream_fini(struct gl_stream *s);
// Room for n bytes; *offset is where in the buffer. One allocation a draw, valid until that draw was
// issued: the next one may wrap, or replace the buffer by a larger one. NULL when n is too much.
void *gl_stream_alloc(struct gl_backend *be, struct gl_stream *s, size_t n, size_t align,
                      size_t *offset);
// True when room for n bytes can not be had while held data stay.
bool gl_stream_would_disturb(const struct gl_stream *s, size_t n, size_t align);
// Makes what was written visible to GL; before every draw.
void gl_stream_flush(struct gl_stream *s);

// ---- the engine -------------------------------------------------------------------------------------

struct gl_caps {
    int version, glsl; // 45, 450
    bool buffer_storage, copy_image, viewport_array, mirror_clamp, software;
    GLint max_texture, max_viewport, max_attribs, max_units, max_stage_units, ubo_align;
    GLint max_texels, max_ubo;
    float line_max, point_max, max_aniso;
};

enum { FBO_SLOTS = 64 };
struct gl_fbo {
    GLuint fbo, color, depth;
    uint64_t used;
};

struct gl_counters {
    uint64_t draws, passes, merged_tiles, programs, uploads, upload_bytes, downloads,
        download_bytes, vertex_bytes, view_evictions;
};

struct gl_backend {
    struct gpu_backend base;
    struct gl_egl egl;
    struct gl_caps caps;
    struct log *log; // borrowed
    bool exact;
    struct gl_fbo fbos[FBO_SLOTS];
    uint64_t fbo_clock;
    GLuint bound_fbo, read_fbo, scratch_fbo;
    struct gl_stream stream; // vertices, indices, constants
    struct gl_stream heads;  // what depends on the place of a draw
    struct gl_context *last; // whose work came last; others' records are finished first
    const struct gl_program *program; // in use
    bool failed;          // a GL error was seen since the last check
    struct gl_counters count;
};

// Looks for GL errors; true when there were none since the last look. Logs with `what`.
bool gl_check(struct gl_backend *be, const char *what);

// ---- programs (program.c, glsl.c) ---------------------------------------------------------------------

enum gl_shape { SHAPE_PLAIN, SHAPE_RECT, SHAPE_WIDE_LINE, SHAPE_BIG_POINT };
enum gl_kind { KIND_TRIANGLE, KIND_LINE, KIND_POINT };
// What a texture constant is: enum tex_dimension, and layers.
enum { DIM_1D, DIM_2D, DIM_3D, DIM_CUBE, DIM_STACK, DIM_COUNT };

enum { MAX_INTERPOLATORS = 16, MAX_VFETCH = 96, MAX_SAMPLERS = 32, MAX_BUFFERS = 96,
       MAX_ATTRIBS = 32, MAX_SOURCES = 8 };

// All that the text of a program depends on beyond the microcode.
struct gl_program_key {
    uint64_t vs_hash, ps_hash; // ps 0: none
    uint8_t shape;             // enum gl_shape
    uint8_t alpha_func;        // 7 (always): no test
    uint8_t swap, px;          // of the colour target
    uint8_t param_gen;         // register + 1, 0 when off
    uint8_t point_size;        // VS writes it
    uint8_t w_format;          // PA_CL_VTE_CNTL bits 10:8
    uint8_t exact;             // arithmetic as the ISA has it, to the last rule
    uint8_t interpolators;     // that reach the pixel shader
    uint16_t flat;             // of these, not interpolated
    uint8_t kind;              // enum gl_kind
    uint8_t dither;            // ordered dither to the target's precision
    uint8_t blend;             // for targets of few bits
    uint8_t zero[1];           // the key is compared as bytes
    uint8_t dims[32];          // of the texture constants that are fetched
};

// How one vertex fetch instruction gets its data.
struct gl_vfetch_plan {
    bool attribute;
    uint8_t location;       // attribute
    uint8_t size;           // components
    GLenum type;
    bool normalised;
    uint8_t buffer;         // index into gl_program.buffers
    uint8_t bytes, stride;
};
struct gl_vbuffer_plan {
    uint8_t constant;       // fetch constant
    bool whole;             // any index may be fetched
    bool texels;            // read through the texel buffer
};
struct gl_sampler_plan {
    uint8_t constant, dimension, mag, min, mip, aniso;
    bool pixel;             // stage
};

// A stage has two uniform blocks: a head that depends on where the draw goes, and this, std140.
struct gl_stage_block {
    uint32_t buffers, flow, consts, bytes; // byte offsets
    uint32_t const_count;
    bool uses_flow;         // booleans and loops
};

struct gl_program {
    struct gl_program *next;
    struct gl_program_key key;
    GLuint program;         // 0: could not be made; `why` was logged
    enum gpu_result failure;
    GLuint vao;
    unsigned vfetch_count, buffer_count, sampler_count;
    struct gl_vfetch_plan vfetch[MAX_VFETCH];
    struct gl_vbuffer_plan buffers[MAX_BUFFERS];
    struct gl_sampler_plan samplers[MAX_SAMPLERS];
    struct gl_stage_block vs, ps;
    uint64_t vs_used[8], ps_used[8]; // ALU constants named, bit n; all of the window when indexed
    bool reads_window;      // the pixel shader sees the pixel's position
    bool reads_texels;      // some vertex fetch goes through the texel buffer
    uint64_t used;
};

struct gl_context;
// The program for a draw, made when needed. NULL when it can not be (then *why tells the result).
struct gl_program *gl_program_get(struct gl_context *ctx, const struct gpu_draw *draw,
                                  const struct gl_program_key *key, enum gpu_result *why);
void gl_programs_destroy(struct gl_context *ctx);

// Decides attributes, buffers, samplers and block layouts of a program (plan.c). -ENOTSUP (named)
// when the host lacks units for it.
int gl_plan_make(const struct gl_backend *be, struct gl_program *prog, const struct shader *vs,
                 const char *vs_body, const struct shader *ps, const char *ps_body, struct err *err);

// Index of the sampler that a texture fetch uses, -1 when the plan has none for it.
int gl_plan_sampler(const struct gl_program *prog, const struct shader_tfetch *f, bool pixel);

// GLSL around the translated programs (glsl.c). malloc'ed text, NULL when out of memory. `ps` and
// its body may be NULL.
char *gl_glsl_vertex(const struct gl_backend *be, const struct gl_program *prog,
                     const struct shader *vs, const char *body);
char *gl_glsl_geometry(const struct gl_backend *be, const struct gl_program *prog);
char *gl_glsl_pixel(const struct gl_backend *be, const struct gl_program *prog,
                    const struct shader *ps, const char *body);

// Fixed parts of the uniform blocks, std140.
struct gl_vs_head {
    float pos_scale[4], pos_bias[4]; // clip position = export * scale + w * bias
    float view[4];                   // half the viewport's size, its centre
    float point[4];                  // default size, least, largest; line width
    uint32_t first[4];               // vertex index of GL vertex 0; 1: points clip by their centre
};
struct gl_ps_head {
    float alpha[4]; // reference
};

// ---- vertices (vertex.c) ---------------------------------------------------------------------------

struct gl_vertex_range {     // of one fetch constant
    uint32_t va, lo;         // buffer, first byte of it that is needed (dword aligned)
    uint32_t copy, bytes;    // bytes to copy from there, and with the zeros behind them
    uint8_t endian;
    size_t at;               // in the allocation
};
struct gl_vertices {
    bool indexed;            // draw with GL indices
    bool raw_indices;        // which are the guest's own bytes
    GLenum index_type;
    uint32_t count;
    uint32_t first;          // vertex index of GL vertex 0
    int32_t base_vertex;     // added by GL to its indices, so that GL vertices count from 0
    const uint8_t *indices;  // what to upload, in ctx->scratch
    size_t index_bytes, index_at;
    size_t bytes;            // of everything
    struct gl_vertex_range range[MAX_BUFFERS];
};
// Works out which vertices a draw uses and how much room its data take.
enum gpu_result gl_vertices_plan(struct gl_context *ctx, const struct gpu_draw *draw,
                                 const struct gl_program *prog, struct gl_vertices *v);
// Copies them to `dst`, which is at `offset` of the stream buffer. `texels` gets, for each buffer,
// {first texel - first dword, first dword, end}; `pointer` where each attribute begins.
void gl_vertices_load(struct gl_context *ctx, const struct gl_program *prog, const struct shader *vs,
                      const struct gl_vertices *v, uint8_t *dst, size_t offset,
                      int32_t (*texels)[4], size_t *pointer);

// ---- surfaces (surface.c) ---------------------------------------------------------------------------------

enum { MAX_SURFACES = 24 };
struct gl_surface {
    struct gl_image img;  // no texture: the slot is free. Pixel (x, y) of it is pixel (x, y) in memory
    uint32_t va, pitch;   // pixels
    uint8_t bpp;
    bool ahead;           // memory does not have it yet
    bool swizzle_set;
    uint8_t swizzle[4];   // of the texture
    uint64_t generation;  // of the memory when both were the same
    uint64_t version;     // changes with the contents
    uint64_t used;
};
// The surface at that place if it holds what memory should hold. NULL when there is none.
struct gl_surface *gl_surface_find(struct gl_context *ctx, uint32_t va, uint32_t pitch, unsigned bpp);
// The image becomes the surface at that place, ahead of memory. The caller gets an image in exchange
// (the surface's old one) or none.
struct gl_surface *gl_surface_put(struct gl_context *ctx, uint32_t va, uint32_t pitch,
                                  struct gl_image *img);
bool gl_surface_current(struct gl_context *ctx, struct gl_surface *s);
// Makes it sample with a swizzle. False when it was lost on the way.
bool gl_surface_swizzle(struct gl_context *ctx, struct gl_surface *s, const uint8_t swizzle[4],
                        unsigned components);
// Memory [va, va + bytes) is going to be read: what is ahead is written.
void gl_surfaces_sync(struct gl_context *ctx, uint32_t va, uint64_t bytes);
// It was written by other means (after a sync): surfaces there are worth nothing.
void gl_surfaces_wrote(struct gl_context *ctx, uint32_t va, uint64_t bytes);
void gl_surfaces_flush(struct gl_context *ctx);
void gl_surfaces_destroy(struct gl_context *ctx);

// ---- textures (texture.c) ----------------------------------------------------------------------------

struct gl_textures;
struct gl_textures *gl_textures_create(void);
void gl_textures_destroy(struct gl_context *ctx);
struct gl_texture;
struct gl_bound {
    GLuint tex, sampler;
    GLenum target;
    struct gl_texture *cached;   // one of these, or
    struct gl_surface *surface;
    uint64_t version;            // of the surface
};
// Finds, and loads where needed, what the program samples. Memory that is missing samples as zeros.
void gl_textures_prepare(struct gl_context *ctx, const struct gpu_draw *draw,
                         const struct gl_program *prog, struct gl_bound *bound);
// False when the memory behind one of them has changed since it was loaded.
bool gl_textures_current(struct gl_context *ctx, const struct gl_bound *bound, unsigned count);
// True when one of them lies (partly) in [va, va + bytes).
bool gl_textures_overlap(const struct gl_bound *bound, unsigned count, uint32_t va, uint64_t bytes);
// Contents may have changed: look again at the next use.
void gl_textures_distrust(struct gl_context *ctx);
// The same, for what lies in a range that the engine itself wrote.
void gl_textures_distrust_range(struct gl_context *ctx, uint32_t va, uint64_t bytes);

// ---- on-chip memory (gmem.c) ---------------------------------------------------------------------------

// An image that stands for a part of GMEM. `valid`: holds what GMEM holds; `dirty`: and ctx->gmem does
// not. At any moment each byte of GMEM is in ctx->gmem or in dirty views that agree on it.
struct gl_view {
    struct gl_view *next;
    struct gl_image img;
    uint32_t base, pitch, rows, bytes;
    uint8_t samples;
    bool valid, dirty;
    uint64_t used;
};
struct gl_view_want {
    uint32_t base, pitch, rows; // rows needed
    uint32_t limit;             // the view should end here at the latest
    uint8_t px, samples;
};
// A valid view for drawing (`write`) or reading. NULL when it does not fit GMEM or the host fails.
struct gl_view *gl_gmem_view(struct gl_context *ctx, const struct gl_view_want *want, bool write);
// Kind of the view at that place if there is one of the same pitch and pixel size, else `px`.
unsigned gl_gmem_kind(const struct gl_context *ctx, uint32_t base, uint32_t pitch, unsigned px);
void gl_gmem_fill(struct gl_context *ctx, uint32_t base, uint32_t bytes, uint32_t value);
// Raw bytes of sample 0 of a rectangle; pixels outside GMEM read 0.
void gl_gmem_read_rect(struct gl_context *ctx, uint32_t base, uint32_t pitch, unsigned bytes_pp,
                       unsigned samples, const struct gpu_rect *r, uint8_t *dst, uint32_t stride_px);
// Brings [base, base + n) of ctx->gmem up to date.
void gl_gmem_sync(struct gl_context *ctx, uint32_t base, uint32_t n);
// The bytes of [base, base + n) were written: views hold old data.
void gl_gmem_wrote(struct gl_context *ctx, uint32_t base, uint32_t n);
void gl_gmem_destroy(struct gl_context *ctx);

// ---- targets in memory (sysmem.c) ----------------------------------------------------------------------

// The one colour target in guest memory that is being drawn to.
struct gl_sysmem {
    bool active;
    struct gpu_color_target target;
    struct gl_image img;
    struct gpu_rect loaded; // pixels that were read from memory; written back as a whole
};
// The image of a memory target with at least `area` loaded. NULL when it can not be had.
const struct gl_image *gl_sysmem_target(struct gl_context *ctx, const struct gpu_color_target *t,
                                        const struct gpu_rect *area);
// Writes it back and forgets it. GPU_MEM_FAULT where memory was missing.
enum gpu_result gl_sysmem_flush(struct gl_context *ctx);

// ---- drawing (draw.c, state.c) ---------------------------------------------------------------------------

// A draw with everything taken from guest memory: programs made, data in the stream buffer, textures
// loaded. It can be issued on any images at any window offset until the stream buffer is used again.
struct gl_prepared {
    const struct gl_program *prog;
    enum gpu_prim prim;
    struct gpu_state state;      // regs is NULL
    struct gpu_rect window;      // window scissor without window offset
    struct gpu_rect screen;      // screen scissor
    bool shiftable;              // the scissor is window + offset cut to screen, the rest moves along
    bool wants_color, wants_depth;
    float tile[2];               // C64.xy of the pixel shader, when it uses that
    bool reads_tile;
    // in the stream buffer
    size_t vs_at, ps_at, index_at;
    bool indexed;
    GLenum index_type;
    uint32_t count, first;
    int32_t base_vertex;
    size_t pointer[MAX_ATTRIBS]; // of each attribute location
    struct gl_bound bound[MAX_SAMPLERS];
    // what was read, for comparing with a later draw
    struct gl_source {
        uint32_t va, bytes;
        uint64_t generation;
        size_t at;               // the copy in the stream buffer
        bool raw;                // which is byte for byte what memory held
    } source[MAX_SOURCES];
    unsigned source_count;       // MAX_SOURCES + 1: more than fit, not comparable
    size_t identity_bytes;
    const uint8_t *identity;     // see gl_identity; NULL when not comparable
};

// FACT: a20x drivers keep the tile's position in this constant of the pixel shader and add it to
// ParamGen's position, which is relative to the tile; nothing else tells a shader where it is.
enum { TILE_CONSTANT = 64 };

// Where a draw goes.
struct gl_bind {
    const struct gl_image *color, *depth; // either may be NULL
    int32_t window_x, window_y;           // window offset
    struct gpu_rect scissor;              // image pixels
    float tile_x, tile_y;                 // added to C64.xy of a pixel shader that reads its tile
};
// True when the draw can change nothing on any tile (binning pass, no target, empty).
bool gl_draw_is_nothing(const struct gpu_draw *draw);
// Fills `p`; not its identity. Errors are those of the draw op.
enum gpu_result gl_draw_prepare(struct gl_context *ctx, const struct gpu_draw *draw,
                                struct gl_prepared *p);
// Issues it.
enum gpu_result gl_draw_issue(struct gl_context *ctx, const struct gl_prepared *p,
                              const struct gl_bind *bind);
// Issues it on GMEM or memory as its state says, with this window offset and scissor.
enum gpu_result gl_draw_direct(struct gl_context *ctx, const struct gl_prepared *p, int32_t window_x,
                               int32_t window_y, const struct gpu_rect *scissor, int32_t tile_x,
                               int32_t tile_y);

// Everything that makes two draws the same but for memory contents and place: at most
// MAX_IDENTITY bytes to `out`. `tile` gets C64.xy of the pixel shader.
enum { MAX_IDENTITY = 32 << 10 };
size_t gl_identity(const struct gpu_draw *draw, const struct gl_program *prog, uint8_t *out,
                   float tile[2], bool *reads_tile);
// True when the draw would read the same data from the same memory as `p` did.
bool gl_sources_current(struct gl_context *ctx, const struct gl_prepared *p);

// ---- recorded passes (record.c, merge.c) ------------------------------------------------------------------

// The driver replays its draws once a tile. Work is therefore recorded: the first tile with all its
// data, later ones only compared with it. When something else comes, the tiles seen so far are run,
// as one where that is the same picture (merge.c), else one by one. See README.md.
enum { MAX_TILES = 1024, MAX_CMDS = 8192 };
enum gl_cmd_kind { CMD_FILL, CMD_DRAW, CMD_RESOLVE, CMD_RESTORE };
// A rectangle of memory copied raw into on-chip memory by a draw (restore.c).
struct gl_restore {
    uint32_t base, pitch;    // on chip
    uint8_t px;
    uint32_t va, src_pitch;  // memory, linear, of the same kind of pixel
    uint32_t src_width, src_height;
    struct gpu_rect rect;    // tile pixels that are written
    int32_t x, y;            // memory pixel that goes to tile pixel (0, 0)
};
// True when the draw is such a copy.
bool gl_restore_recognise(struct gl_context *ctx, const struct gpu_draw *draw, struct gl_restore *r);
enum gpu_result gl_restore_direct(struct gl_context *ctx, const struct gl_restore *r);
// Brings a rectangle of memory pixels into an image at (x, y).
void gl_restore_load(struct gl_context *ctx, const struct gl_restore *r, const struct gpu_rect *src,
                     const struct gl_image *img, int32_t x, int32_t y);

struct gl_cmd {
    enum gl_cmd_kind kind;
    union {
        struct gpu_fill fill;
        struct gpu_resolve res;
        struct gl_prepared *draw;
        struct gl_restore restore;
    };
};
struct gl_tile {
    int32_t x, y;           // surface position of the tile's pixel (0, 0)
    bool placed;            // x and y are known
    struct gpu_rect screen; // screen scissor of its draws
    bool has_screen;
    struct gpu_rect rect;   // resolved, tile pixels
    struct gpu_rect restored[2]; // of its restores, in order
    unsigned restores;
};
struct gl_record {
    struct gl_cmd *cmd;     // MAX_CMDS
    unsigned count;
    struct gl_block *blocks, *block; // what commands point to lives here until the record is done
    size_t block_used;
    struct gl_tile *tile;   // MAX_TILES
    unsigned tiles;         // the last one may be incomplete
    unsigned pos;           // commands of the last tile seen
    bool resolved;          // the last tile has seen a resolve
    bool plain;             // do not merge
    bool running;           // being executed
    uint8_t *identity;      // MAX_IDENTITY, for comparing
};
int gl_record_init(struct gl_context *ctx);
void gl_record_fini(struct gl_context *ctx);
enum gpu_result gl_record_draw(struct gl_context *ctx, const struct gpu_draw *draw);
enum gpu_result gl_record_fill(struct gl_context *ctx, const struct gpu_fill *fill);
enum gpu_result gl_record_resolve(struct gl_context *ctx, const struct gpu_resolve *res);
// Runs everything recorded.
enum gpu_result gl_record_finish(struct gl_context *ctx);

// True when the tiles recorded (all complete) can be drawn as one.
bool gl_merge_possible(struct gl_context *ctx);
enum gpu_result gl_merge_run(struct gl_context *ctx);
void gl_merge_destroy(struct gl_context *ctx);

struct gl_viewport {
    float x, y, w, h, n, f; // GL viewport and depth range
    float scale[3], bias[3]; // on clip coordinates, bias times w
    bool clamp_depth, clip;
};
void gl_viewport_map(const struct gl_backend *be, const struct gpu_state *st,
                     const struct gl_bind *bind, struct gl_viewport *vp);
// Everything fixed function but viewport and target.
void gl_state_apply(struct gl_backend *be, const struct gpu_state *st, enum gpu_prim prim,
                    const struct gl_bind *bind);

// ---- resolves (resolve.c) --------------------------------------------------------------------------------

enum gpu_result gl_resolve_direct(struct gl_context *ctx, const struct gpu_resolve *res);
// True when the resolve moves bytes without conversion (mask and byte order aside).
bool gl_resolve_is_copy(const struct gpu_resolve *res);
// Writes raw pixels of `src_format` to the destination of a resolve. `rect` says which source pixels
// `pixels` holds (stride in pixels).
enum gpu_result gl_resolve_store(struct gl_context *ctx, const struct gpu_resolve *res,
                                 const struct gpu_rect *rect, const uint8_t *pixels,
                                 uint32_t stride_px);

// ---- a guest's context -------------------------------------------------------------------------------------

enum gl_scratch_use {
    SCRATCH_GMEM, SCRATCH_RESOLVE, SCRATCH_ROW, SCRATCH_SYSMEM, SCRATCH_TEXTURE, SCRATCH_INDEX,
    SCRATCH_SURFACE, SCRATCH_RESTORE, SCRATCH_COUNT,
};

struct gl_context {
    struct gpu_context base;
    struct gl_backend *be;
    struct gpu_mem *mem; // borrowed
    struct log *log;     // borrowed
    bool scissor_br_inclusive;
    uint32_t gmem_bytes;
    uint8_t *gmem;
    struct gl_view *views;
    struct gl_sysmem sysmem;
    struct gl_record rec;
    struct gl_merge *merge;
    struct gl_surface surfaces[MAX_SURFACES];
    unsigned surfaces_ahead;
    uint64_t surface_versions;
    bool merging;         // tiles may be merged
    enum gpu_result late; // of work that was recorded; returned by the next flush
    struct gl_program *programs[256];
    unsigned program_count;
    struct gl_textures *textures;
    uint64_t clock;
    uint64_t rec_start;   // clock when the record began; what is used since is wanted by it
    struct gl_probe *probe; // restore.c
    struct {
        uint8_t *p;
        size_t bytes;
    } scratch[SCRATCH_COUNT];
};
// At least n bytes, contents lost; one buffer for each purpose, because these nest. NULL when out of
// memory.
void *gl_scratch(struct gl_context *ctx, enum gl_scratch_use use, size_t n);
// Reads guest memory; pages that are missing read zero (the owner of the memory records the fault).
void gl_mem_read(struct gl_context *ctx, uint32_t va, void *dst, size_t n);

static inline struct gl_context *gl_context_of(struct gpu_context *ctx)
{
    return (struct gl_context *)(void *)ctx; // base is first
}

static inline bool gl_rect_empty(const struct gpu_rect *r)
{
    return r->x0 >= r->x1 || r->y0 >= r->y1;
}

static inline struct gpu_rect gl_rect_cut(struct gpu_rect a, struct gpu_rect b)
{
    if (a.x0 < b.x0) {
        a.x0 = b.x0;
    }
    if (a.y0 < b.y0) {
        a.y0 = b.y0;
    }
    if (a.x1 > b.x1) {
        a.x1 = b.x1;
    }
    if (a.y1 > b.y1) {
        a.y1 = b.y1;
    }
    return a;
}

#endif
