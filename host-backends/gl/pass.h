// SPDX-License-Identifier: MIT
//
// Private to gl/: draws taken out of the guest's memory (prepared), and passes: what is recorded of
// them, compared, merged and run. See README.md.
#ifndef HOST_BACKENDS_GL_PASS_H
#define HOST_BACKENDS_GL_PASS_H

#include "host-backends/gl/program.h"

// ---- drawing (prepare.c, draw.c, state.c) -------------------------------------------------------

// What a draw samples (texture.c): a texture, a surface, or neither.
struct gl_surface;
struct gl_texture;
struct gl_bound {
    GLuint tex, sampler;
    GLenum target;
    struct gl_texture *cached; // one of these, or
    struct gl_surface *surface;
    uint64_t version; // of the surface
};

// A draw with everything taken from guest memory: programs made, data in the stream buffer,
// textures loaded. It can be issued on any images at any window offset until the stream buffer is
// used again.
struct gl_prepared {
    const struct gl_program *prog;
    enum gpu_prim prim;
    struct gpu_state state; // regs is NULL
    struct gpu_rect window; // window scissor without window offset
    struct gpu_rect screen; // screen scissor
    bool shiftable;         // the scissor is window + offset cut to screen, the rest moves along
    bool wants_color, wants_depth;
    float tile[2]; // C64.xy of the pixel shader, when it uses that
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
        size_t at; // the copy in the stream buffer
        bool raw;  // which is byte for byte what memory held
    } source[MAX_SOURCES];
    uint64_t epoch;        // ctx->epoch + ctx->stores then
    unsigned source_count; // MAX_SOURCES + 1: more than fit, not comparable
    size_t identity_bytes;
    const uint8_t *identity; // see gl_identity; NULL when not comparable
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
enum gpu_result gl_draw_direct(struct gl_context *ctx, const struct gl_prepared *p,
                               int32_t window_x, int32_t window_y, const struct gpu_rect *scissor,
                               int32_t tile_x, int32_t tile_y);

// Everything that makes two draws the same but for memory contents and place: at most
// MAX_IDENTITY bytes to `out`. `tile` gets C64.xy of the pixel shader.
enum { MAX_IDENTITY = 32 << 10 };
size_t gl_identity(const struct gpu_draw *draw, const struct gl_program *prog, uint8_t *out,
                   float tile[2], bool *reads_tile);
// True when the draw would read the same data from the same memory as `p` did.
bool gl_sources_current(struct gl_context *ctx, const struct gl_prepared *p);

// ---- recorded passes (record.c, merge.c) --------------------------------------------------------

// The driver replays its draws once a tile. Work is therefore recorded: the first tile with all its
// data, later ones only compared with it. When something else comes, the tiles seen so far are run,
// as one where that is the same picture (merge.c), else one by one. See README.md.
enum { MAX_TILES = 1024, MAX_CMDS = 8192, MAX_AREAS = 8 };
enum gl_cmd_kind { CMD_FILL, CMD_DRAW, CMD_RESOLVE, CMD_RESTORE, CMD_CLEAR };
// A rectangle of memory copied raw into on-chip memory by a draw (restore.c).
struct gl_restore {
    uint32_t base, pitch; // on chip
    uint8_t px;
    uint32_t va, src_pitch; // memory, linear, of the same kind of pixel
    uint32_t src_width, src_height;
    struct gpu_rect rect; // tile pixels that are written
    int32_t x, y;         // memory pixel that goes to tile pixel (0, 0)
};
// True when the draw is such a copy.
bool gl_restore_recognise(struct gl_context *ctx, const struct gpu_draw *draw,
                          struct gl_restore *r);
enum gpu_result gl_restore_direct(struct gl_context *ctx, const struct gl_restore *r);
// Brings a rectangle of memory pixels into an image at (x, y).
void gl_restore_load(struct gl_context *ctx, const struct gl_restore *r, const struct gpu_rect *src,
                     const struct gl_image *img, int32_t x, int32_t y);

// A tile cleared by a draw (clear.c). Compared as bytes but for rect: no padding that is not set.
struct gl_clear {
    uint32_t base, pitch, value; // colour
    uint32_t depth_base, depth_value;
    uint8_t px, depth_px;
    bool color, depth, stencil; // what is cleared
    struct gpu_rect rect;       // tile pixels
};
// True when the draw is one that covers all of its scissor.
bool gl_clear_recognise(struct gl_context *ctx, const struct gpu_draw *d, struct gl_clear *c);
enum gpu_result gl_clear_direct(struct gl_context *ctx, const struct gl_clear *c);
// Clears a rectangle of images; either may be NULL.
void gl_clear_images(struct gl_context *ctx, const struct gl_clear *c, const struct gpu_rect *rect,
                     const struct gl_image *color, const struct gl_image *depth);

struct gl_cmd {
    enum gl_cmd_kind kind;
    union {
        struct gpu_fill fill;
        struct gpu_resolve res;
        struct gl_prepared *draw;
        struct gl_restore restore;
        struct gl_clear clear;
    };
    uint64_t rows; // of a resolve: the surface was expected to have, when feedback was looked for
};
struct gl_tile {
    int32_t x, y;           // surface position of the tile's pixel (0, 0)
    bool placed;            // x and y are known
    struct gpu_rect screen; // screen scissor of its draws
    bool has_screen;
    struct gpu_rect rect;            // resolved, tile pixels
    struct gpu_rect area[MAX_AREAS]; // of its restores and clears, in order
    unsigned areas;
};
struct gl_record {
    struct gl_cmd *cmd; // MAX_CMDS
    unsigned count;
    struct gl_block *blocks, *block; // what commands point to lives here until the record is done
    size_t block_used;
    struct gl_tile *tile; // MAX_TILES
    unsigned tiles;       // the last one may be incomplete
    unsigned pos;         // commands of the last tile seen
    bool resolved;        // the last tile has seen a resolve
    bool plain;           // do not merge
    bool running;         // being executed
    uint8_t *identity;    // MAX_IDENTITY, for comparing
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
    float x, y, w, h, n, f;  // GL viewport and depth range
    float scale[3], bias[3]; // on clip coordinates, bias times w
    bool clamp_depth, clip;
};
void gl_viewport_map(const struct gl_backend *be, const struct gpu_state *st,
                     const struct gl_bind *bind, struct gl_viewport *vp);
// Everything fixed function but viewport and target.
void gl_state_apply(struct gl_backend *be, const struct gpu_state *st, enum gpu_prim prim,
                    const struct gl_bind *bind);

#endif
