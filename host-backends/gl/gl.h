// SPDX-License-Identifier: MIT
//
// Private to gl/: a guest's context and what belongs to it: on-chip memory, surfaces and textures.
// Guests share the engine (engine.h) and nothing else.
#ifndef HOST_BACKENDS_GL_GL_H
#define HOST_BACKENDS_GL_GL_H

#include "host-backends/gl/pass.h"

struct log;

// ---- on-chip memory (gmem.c) --------------------------------------------------------------------

// An image that stands for a part of GMEM. `valid`: holds what GMEM holds; `dirty`: and ctx->gmem
// does not. At any moment each byte of GMEM is in ctx->gmem or in dirty views that agree on it.
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
                       unsigned samples, const struct gpu_rect *r, uint8_t *dst,
                       uint32_t stride_px);
// Brings [base, base + n) of ctx->gmem up to date.
void gl_gmem_sync(struct gl_context *ctx, uint32_t base, uint32_t n);
// The bytes of [base, base + n) were written: views hold old data.
void gl_gmem_wrote(struct gl_context *ctx, uint32_t base, uint32_t n);
void gl_gmem_destroy(struct gl_context *ctx);

// ---- targets in memory (sysmem.c) ---------------------------------------------------------------

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

// ---- surfaces (surface.c) -----------------------------------------------------------------------

enum { MAX_SURFACES = 24 };
struct gl_surface {
    struct gl_image
        img; // no texture: the slot is free. Pixel (x, y) of it is pixel (x, y) in memory
    uint32_t va, pitch; // pixels
    uint8_t bpp;
    bool ahead; // memory does not have it yet
    bool swizzle_set;
    uint8_t swizzle[4];  // of the texture
    uint64_t generation; // of the memory when both were the same
    uint64_t hash;       // without generations: of what was written there, 0 unknown
    uint64_t epoch;      // when memory was last found to be that
    uint64_t version;    // changes with the contents
    uint64_t used;
};
enum { MAX_WANTED = 16 };
// The surface at that place if it holds what memory should hold. NULL when there is none.
struct gl_surface *gl_surface_find(struct gl_context *ctx, uint32_t va, uint32_t pitch,
                                   unsigned bpp);
// The image becomes the surface at that place, ahead of memory. The caller gets an image in
// exchange (the surface's old one) or none.
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
// Memory there may have changed: kept surfaces are compared with it again.
void gl_surfaces_distrust_range(struct gl_context *ctx, uint32_t va, uint64_t bytes);
void gl_surfaces_flush(struct gl_context *ctx);
void gl_surfaces_destroy(struct gl_context *ctx);

// ---- contents of memory (contents.c) ------------------------------------------------------------

// Hashes memory, holes too; and bytes as if they lay at va.
uint64_t gl_hash_memory(struct gl_context *ctx, uint64_t h, uint32_t va, uint64_t n);
uint64_t gl_hash_at(uint64_t h, uint32_t va, const void *data, size_t n);

// ---- textures (texture.c) -----------------------------------------------------------------------

struct gl_textures;
struct gl_textures *gl_textures_create(void);
void gl_textures_destroy(struct gl_context *ctx);
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

// ---- resolves (resolve.c) -----------------------------------------------------------------------

enum gpu_result gl_resolve_direct(struct gl_context *ctx, const struct gpu_resolve *res);
// True when the resolve moves bytes without conversion (mask and byte order aside).
bool gl_resolve_is_copy(const struct gpu_resolve *res);
// Writes raw pixels of `src_format` to the destination of a resolve. `rect` says which source
// pixels `pixels` holds (stride in pixels).
enum gpu_result gl_resolve_store(struct gl_context *ctx, const struct gpu_resolve *res,
                                 const struct gpu_rect *rect, const uint8_t *pixels,
                                 uint32_t stride_px);

// ---- a guest's context --------------------------------------------------------------------------

enum gl_scratch_use {
    SCRATCH_GMEM,
    SCRATCH_RESOLVE,
    SCRATCH_ROW,
    SCRATCH_SYSMEM,
    SCRATCH_TEXTURE,
    SCRATCH_INDEX,
    SCRATCH_SURFACE,
    SCRATCH_RESTORE,
    SCRATCH_COUNT,
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
    uint32_t wanted[MAX_WANTED]; // surfaces that were asked for
    unsigned wanted_next;
    uint64_t surface_versions;
    bool merging;         // tiles may be merged
    enum gpu_result late; // of work that was recorded; returned by the next flush
    struct gl_program *programs[256];
    unsigned program_count;
    struct gl_textures *textures;
    uint64_t epoch; // counts invalidations: what was read in an older one is looked at again
    uint64_t stores; // and stores of the engine to memory that draws read
    uint64_t clock;
    uint64_t rec_start;     // clock when the record began; what is used since is wanted by it
    struct gl_probe *probe; // restore.c
    struct {
        uint8_t *p;
        size_t bytes;
    } scratch[SCRATCH_COUNT];
};
// At least n bytes, contents lost; one buffer for each purpose, because these nest. NULL when out
// of memory.
void *gl_scratch(struct gl_context *ctx, enum gl_scratch_use use, size_t n);
// Reads guest memory; pages that are missing read zero (the owner of the memory records the fault).
void gl_mem_read(struct gl_context *ctx, uint32_t va, void *dst, size_t n);

static inline struct gl_context *gl_context_of(struct gpu_context *ctx)
{
    return (struct gl_context *)(void *)ctx; // base is first
}

#endif
