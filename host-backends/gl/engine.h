// SPDX-License-Identifier: MIT
//
// Private to gl/: the engine (one GL context on one thread) and what it works with: images,
// framebuffers, streaming buffers. Nothing here belongs to a guest.
//
// Conventions: row 0 of every GL image is the top row of the a2xx surface, window coordinates are
// used as they are (y down), nothing is ever flipped. A colour image holds the pixel's *fields*:
// its red is field x of the a2xx format, whatever RB_COLOR_INFO.SWAP says; shaders write through
// the swap. So the bytes of a readback are the bytes of GMEM, and a raw copy is a copy.
#ifndef HOST_BACKENDS_GL_ENGINE_H
#define HOST_BACKENDS_GL_ENGINE_H

#include <epoxy/gl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu-model/draw.h"
#include "host-backends/gl/egl.h"

struct log;
struct gl_context;
struct gl_program;

// ---- rectangles --------------------------------------------------------------------------------

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

// ---- pixels (pixel.c) ---------------------------------------------------------------------------

// Kinds of image: the colour formats by their own numbers, then depth.
enum { PX_D16 = 15, PX_D24S8 = 16, PX_COUNT = 17 };

struct gl_pixel {
    uint8_t bytes;       // in GMEM and in memory
    uint8_t fields;      // colour fields
    bool reversed;       // GL's red is the last field (2_3_3)
    bool normalised;     // unsigned normalised: clears by value are exact
    GLenum internal;     // 0: no such format
    GLenum format, type; // transfer that gives the a2xx bytes
};
const struct gl_pixel *gl_pixel(unsigned px); // NULL when the number is no format

// Where a GL channel of an image gets its value from: index into (r, g, b, a) for each of GL's four
// channels under a component swap.
void gl_pixel_route(unsigned px, unsigned swap, uint8_t route[4]);

// ---- images and framebuffers (image.c) ----------------------------------------------------------

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
// The same for one of depth and stencil, or both.
void gl_image_clear_depth(struct gl_backend *be, const struct gl_image *img,
                          const struct gpu_rect *r, uint32_t value, bool depth, bool stencil);
// Copies a rectangle between images of one kind.
void gl_image_copy(struct gl_backend *be, const struct gl_image *src, int32_t sx, int32_t sy,
                   const struct gl_image *dst, int32_t dx, int32_t dy, uint32_t w, uint32_t h);
// Binds a framebuffer of the two (either may be NULL) for drawing and reading. False when
// incomplete.
bool gl_image_bind(struct gl_backend *be, const struct gl_image *color,
                   const struct gl_image *depth);

// ---- streaming buffer (stream.c) ----------------------------------------------------------------

// One buffer object that vertices, indices and constants of draws are written into, once around.
struct gl_stream {
    GLuint buffer, texture; // texture: the same bytes as R32UI texels, 0 when not asked for
    uint8_t *map;           // persistent mapping, or a shadow that gl_stream_flush uploads
    bool persistent;
    size_t size, head, flushed;
    GLsync fence[4]; // one a quarter
    unsigned quarter;
    bool held; // quarters from `hold` on hold data of draws not issued yet
    unsigned hold;
};
bool gl_stream_init(struct gl_backend *be, struct gl_stream *s, size_t size, bool texels);
void gl_stream_fini(struct gl_stream *s);
// Room for n bytes; *offset is where in the buffer. One allocation a draw, valid until that draw
// was issued: the next one may wrap, or replace the buffer by a larger one. NULL when n is too
// much.
void *gl_stream_alloc(struct gl_backend *be, struct gl_stream *s, size_t n, size_t align,
                      size_t *offset);
// True when room for n bytes can not be had while held data stay.
bool gl_stream_would_disturb(const struct gl_stream *s, size_t n, size_t align);
// Makes what was written visible to GL; before every draw.
void gl_stream_flush(struct gl_stream *s);

// ---- the engine ---------------------------------------------------------------------------------

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
    struct gl_stream stream;          // vertices, indices, constants
    struct gl_stream heads;           // what depends on the place of a draw
    struct gl_context *last;          // whose work came last; others' records are finished first
    const struct gl_program *program; // in use
    bool failed;                      // a GL error was seen since the last check
    struct gl_counters count;
};

// Looks for GL errors; true when there were none since the last look. Logs with `what`.
bool gl_check(struct gl_backend *be, const char *what);

#endif
