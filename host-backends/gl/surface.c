// SPDX-License-Identifier: MIT
//
// Surfaces in guest memory that the host GPU still holds. A resolve of merged tiles does not go to
// memory at once: its image is kept, textures that name the same memory sample it, a restore takes
// it back, and the flush (or anybody who reads the memory in another way) writes it out. After that
// the image stays good for as long as the memory's generation number says that nobody has written
// there. Without such numbers what is written is hashed, if somebody wanted the surface before, and
// memory compared with that once an epoch.
#include "host-backends/gl/gl.h"

#include <string.h>

#include "base/bits.h"
#include "base/hash.h"

#define MAX_SURFACE_BYTES (256ull << 20)

static uint64_t surface_bytes(const struct gl_surface *s)
{
    return (uint64_t)s->pitch * s->img.height * s->bpp;
}

static uint64_t generation(struct gl_context *ctx, const struct gl_surface *s)
{
    struct gpu_mem *mem = ctx->mem;
    return mem->ops->generation ? mem->ops->generation(mem, s->va, surface_bytes(s)) : 0;
}

static bool overlaps(const struct gl_surface *s, uint32_t va, uint64_t bytes)
{
    return s->img.tex && va < s->va + surface_bytes(s) && s->va < va + bytes;
}

static void forget(struct gl_context *ctx, struct gl_surface *s)
{
    if (s->used >= ctx->rec_start) {
        gl_record_finish(ctx); // a recorded draw samples it
    }
    if (s->ahead) {
        ctx->surfaces_ahead--;
    }
    gl_image_destroy(ctx->be, &s->img);
    memset(s, 0, sizeof *s);
}

// Surfaces that were wanted when nothing was known about their memory.
static bool is_wanted(const struct gl_context *ctx, uint32_t va)
{
    for (unsigned i = 0; i < MAX_WANTED; i++) {
        if (ctx->wanted[i] == va) {
            return true;
        }
    }
    return false;
}

static void note_wanted(struct gl_context *ctx, uint32_t va)
{
    if (!is_wanted(ctx, va)) {
        ctx->wanted[ctx->wanted_next++ % MAX_WANTED] = va;
    }
}

static uint64_t hash_rows(struct gl_context *ctx, const struct gl_surface *s, const uint8_t *data)
{
    size_t n = (size_t)s->img.width * s->bpp;
    uint64_t h = HASH_INIT;
    for (uint32_t y = 0; y < s->img.height; y++) {
        uint32_t va = s->va + y * s->pitch * s->bpp;
        h = data ? gl_hash_at(h, va, data + y * n, n) : gl_hash_memory(ctx, h, va, n);
    }
    return h | 1;
}

static void write_back(struct gl_context *ctx, struct gl_surface *s)
{
    uint32_t w = s->img.width, h = s->img.height;
    struct gpu_rect all = {0, 0, (int32_t)w, (int32_t)h};
    struct gpu_mem *mem = ctx->mem;
    bool whole = w == s->pitch, ok = true;
    uint8_t *buf = gl_scratch(ctx, SCRATCH_SURFACE, (size_t)w * h * s->bpp);

    s->ahead = false;
    ctx->surfaces_ahead--;
    if (!buf) {
        ctx->late = GPU_HOST_ERROR;
        return;
    }
    gl_image_download(ctx->be, &s->img, &all, buf, w);
    if (whole) {
        ok = mem->ops->write(mem, s->va, buf, (size_t)w * h * s->bpp);
    }
    for (uint32_t y = 0; y < h && (!whole || !ok); y++) {
        ok &= mem->ops->write(mem, s->va + y * s->pitch * s->bpp, buf + (size_t)y * w * s->bpp,
                              (size_t)w * s->bpp);
    }
    if (!ok && ctx->late == GPU_OK) {
        ctx->late = GPU_MEM_FAULT;
    }
    s->generation = generation(ctx, s);
    s->hash = !s->generation && is_wanted(ctx, s->va) ? hash_rows(ctx, s, buf) : 0;
    s->epoch = ctx->epoch;
    gl_textures_distrust_range(ctx, s->va, surface_bytes(s));
}

void gl_surfaces_sync(struct gl_context *ctx, uint32_t va, uint64_t bytes)
{
    for (unsigned i = 0; ctx->surfaces_ahead && i < MAX_SURFACES; i++) {
        if (ctx->surfaces[i].ahead && overlaps(&ctx->surfaces[i], va, bytes)) {
            write_back(ctx, &ctx->surfaces[i]);
        }
    }
}

void gl_surfaces_wrote(struct gl_context *ctx, uint32_t va, uint64_t bytes)
{
    for (unsigned i = 0; i < MAX_SURFACES; i++) {
        if (overlaps(&ctx->surfaces[i], va, bytes)) {
            forget(ctx, &ctx->surfaces[i]);
        }
    }
}

void gl_surfaces_distrust_range(struct gl_context *ctx, uint32_t va, uint64_t bytes)
{
    for (unsigned i = 0; i < MAX_SURFACES; i++) {
        if (overlaps(&ctx->surfaces[i], va, bytes)) {
            ctx->surfaces[i].epoch = 0;
        }
    }
}

void gl_surfaces_flush(struct gl_context *ctx)
{
    gl_surfaces_sync(ctx, 0, UINT64_MAX / 2);
}

void gl_surfaces_destroy(struct gl_context *ctx)
{
    for (unsigned i = 0; i < MAX_SURFACES; i++) {
        gl_image_destroy(ctx->be, &ctx->surfaces[i].img);
    }
}

static bool memory_is_the_same(struct gl_context *ctx, struct gl_surface *s)
{
    if (s->generation) {
        return generation(ctx, s) == s->generation;
    }
    if (!s->hash) {
        note_wanted(ctx, s->va);
        return false;
    }
    if (s->epoch != ctx->epoch && hash_rows(ctx, s, NULL) == s->hash) {
        s->epoch = ctx->epoch;
    }
    return s->epoch == ctx->epoch;
}

bool gl_surface_current(struct gl_context *ctx, struct gl_surface *s)
{
    if (!s->img.tex) {
        return false;
    }
    if (!s->ahead && !memory_is_the_same(ctx, s)) {
        forget(ctx, s);
        return false;
    }
    return true;
}

struct gl_surface *gl_surface_find(struct gl_context *ctx, uint32_t va, uint32_t pitch,
                                   unsigned bpp)
{
    for (unsigned i = 0; i < MAX_SURFACES; i++) {
        struct gl_surface *s = &ctx->surfaces[i];
        if (s->img.tex && s->va == va && s->pitch == pitch && s->bpp == bpp) {
            return gl_surface_current(ctx, s) ? s : NULL;
        }
    }
    return NULL;
}

static void evict(struct gl_context *ctx, struct gl_surface *s)
{
    if (s->ahead) {
        write_back(ctx, s);
    }
    forget(ctx, s);
}

// Keeps the images of all surfaces within bounds.
static void trim(struct gl_context *ctx)
{
    for (;;) {
        struct gl_surface *oldest = NULL;
        uint64_t bytes = 0;
        for (unsigned i = 0; i < MAX_SURFACES; i++) {
            struct gl_surface *s = &ctx->surfaces[i];
            if (s->img.tex) {
                bytes += (uint64_t)s->img.width * s->img.height * s->bpp;
                oldest = !oldest || s->used < oldest->used ? s : oldest;
            }
        }
        if (bytes <= MAX_SURFACE_BYTES) {
            return;
        }
        evict(ctx, oldest);
    }
}

struct gl_surface *gl_surface_put(struct gl_context *ctx, uint32_t va, uint32_t pitch,
                                  struct gl_image *img)
{
    struct gl_surface *s = NULL, *oldest = &ctx->surfaces[0];
    struct gl_surface want = {
        .va = va, .pitch = pitch, .bpp = gl_pixel(img->px)->bytes, .img = *img};
    uint64_t bytes = surface_bytes(&want);

    for (unsigned i = 0; i < MAX_SURFACES; i++) {
        struct gl_surface *o = &ctx->surfaces[i];
        bool same = o->img.tex && o->va == va && o->pitch == pitch && o->img.px == img->px &&
                    o->img.width == img->width && o->img.height == img->height;
        if (same) {
            s = o;
        } else if (overlaps(o, va, bytes)) {
            evict(ctx, o); // parts of it may stay
        }
        if (o->used < oldest->used) {
            oldest = o;
        }
    }
    if (s) { // the old image goes back to the caller
        struct gl_image old = s->img;
        s->img = *img;
        *img = old;
    } else {
        s = oldest;
        if (s->img.tex) {
            evict(ctx, s);
        }
        trim(ctx);
        *s = want;
        memset(img, 0, sizeof *img);
    }
    if (!s->ahead) {
        s->ahead = true;
        ctx->surfaces_ahead++;
    }
    s->swizzle_set = false;
    s->version = ++ctx->surface_versions;
    s->used = ++ctx->clock;
    gl_textures_distrust_range(ctx, va, bytes);
    return s;
}

bool gl_surface_swizzle(struct gl_context *ctx, struct gl_surface *s, const uint8_t swizzle[4],
                        unsigned components)
{
    static const GLint name[8] = {GL_RED,  GL_GREEN, GL_BLUE, GL_ALPHA,
                                  GL_ZERO, GL_ONE,   GL_ZERO, GL_ZERO};
    GLint swz[4];
    if (s->swizzle_set && !memcmp(s->swizzle, swizzle, 4)) {
        return true;
    }
    if (s->swizzle_set && s->used >= ctx->rec_start) {
        gl_record_finish(ctx); // recorded draws want it the other way
    }
    for (unsigned i = 0; i < 4; i++) {
        unsigned c = swizzle[i] & 7;
        swz[i] = name[c < 4 && c >= components ? components - 1 : c];
    }
    glBindTexture(GL_TEXTURE_2D, s->img.tex);
    glTexParameteriv(GL_TEXTURE_2D, GL_TEXTURE_SWIZZLE_RGBA, swz);
    memcpy(s->swizzle, swizzle, 4);
    s->swizzle_set = true;
    return gl_surface_current(ctx, s);
}
