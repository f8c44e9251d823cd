// SPDX-License-Identifier: MIT
//
// Textures in guest memory as GL textures, cached by fetch constant. Formats that GL has are
// uploaded as they lie in memory; tiled, swapped, compressed and odd ones are decoded by
// gpu-model/formats.h to RGBA8 where that is exact, else to float. Swizzles are GL's own, samplers
// are sampler objects.
//
// A cached texture is trusted until the guest may have written (gl_textures_distrust); then its
// bytes are looked at again at the next use: by the memory's generation number where it has one,
// else by a hash.
#include "host-backends/gl/gl.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/hash.h"
#include "base/log.h"
#include "gpu-model/formats.h"
#include "host-backends/gl/sampler.h"

enum { BUCKETS = 256, MAX_TEXTURES = 1024 };
#define MAX_TEXTURE_BYTES (512ull << 20)

struct native_format {
    uint8_t number; // enum surface_format
    GLenum internal, format, type;
};

// clang-format off
static const struct native_format natives[] = {
    {FMT_8_8_8_8,             GL_RGBA8,    GL_RGBA, GL_UNSIGNED_BYTE},
    {FMT_8_8_8_8_A,           GL_RGBA8,    GL_RGBA, GL_UNSIGNED_BYTE},
    {FMT_8,                   GL_R8,       GL_RED,  GL_UNSIGNED_BYTE},
    {FMT_8_A,                 GL_R8,       GL_RED,  GL_UNSIGNED_BYTE},
    {FMT_8_B,                 GL_R8,       GL_RED,  GL_UNSIGNED_BYTE},
    {FMT_8_8,                 GL_RG8,      GL_RG,   GL_UNSIGNED_BYTE},
    {FMT_5_6_5,               GL_RGB565,   GL_RGB,  GL_UNSIGNED_SHORT_5_6_5_REV},
    {FMT_1_5_5_5,             GL_RGB5_A1,  GL_RGBA, GL_UNSIGNED_SHORT_1_5_5_5_REV},
    {FMT_4_4_4_4,             GL_RGBA4,    GL_RGBA, GL_UNSIGNED_SHORT_4_4_4_4_REV},
    {FMT_2_10_10_10,          GL_RGB10_A2, GL_RGBA, GL_UNSIGNED_INT_2_10_10_10_REV},
    {FMT_16,                  GL_R16,      GL_RED,  GL_UNSIGNED_SHORT},
    {FMT_16_16,               GL_RG16,     GL_RG,   GL_UNSIGNED_SHORT},
    {FMT_16_16_16_16,         GL_RGBA16,   GL_RGBA, GL_UNSIGNED_SHORT},
    {FMT_16_FLOAT,            GL_R16F,     GL_RED,  GL_HALF_FLOAT},
    {FMT_16_16_FLOAT,         GL_RG16F,    GL_RG,   GL_HALF_FLOAT},
    {FMT_16_16_16_16_FLOAT,   GL_RGBA16F,  GL_RGBA, GL_HALF_FLOAT},
    {FMT_32_FLOAT,            GL_R32F,     GL_RED,  GL_FLOAT},
    {FMT_32_32_FLOAT,         GL_RG32F,    GL_RG,   GL_FLOAT},
    {FMT_32_32_32_32_FLOAT,   GL_RGBA32F,  GL_RGBA, GL_FLOAT},
};
// clang-format on

struct gl_texture {
    struct gl_texture *next;
    uint32_t key[6];
    uint8_t dimension; // DIM_*
    GLuint tex;
    GLenum target;
    uint32_t va[2];   // base level, further levels
    uint64_t size[2]; // bytes in guest memory
    uint64_t generation[2], hash;
    uint64_t checked; // epoch of the last look, 0 distrusted
    uint64_t used, gl_bytes;
    bool allocated;
};

struct gl_textures {
    struct gl_texture *bucket[BUCKETS];
    struct gl_samplers *samplers;
    unsigned count;
    uint64_t bytes;
    GLuint zero[DIM_COUNT]; // by dimension: reads 0
};

static GLenum target_of(unsigned dimension)
{
    static const GLenum targets[DIM_COUNT] = {GL_TEXTURE_2D, GL_TEXTURE_2D, GL_TEXTURE_3D,
                                              GL_TEXTURE_CUBE_MAP, GL_TEXTURE_2D_ARRAY};
    return targets[dimension];
}

struct gl_textures *gl_textures_create(void)
{
    struct gl_textures *ts = calloc(1, sizeof *ts);
    if (ts) {
        ts->samplers = gl_samplers_create();
    }
    if (ts && !ts->samplers) {
        free(ts);
        return NULL;
    }
    return ts;
}

static void texture_free(struct gl_textures *ts, struct gl_texture *t)
{
    glDeleteTextures(1, &t->tex);
    ts->bytes -= t->gl_bytes;
    ts->count--;
    free(t);
}

void gl_textures_destroy(struct gl_context *ctx)
{
    struct gl_textures *ts = ctx->textures;
    if (!ts) {
        return;
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        while (ts->bucket[i]) {
            struct gl_texture *t = ts->bucket[i];
            ts->bucket[i] = t->next;
            texture_free(ts, t);
        }
    }
    gl_samplers_destroy(ts->samplers);
    glDeleteTextures(DIM_COUNT, ts->zero);
    free(ts);
    ctx->textures = NULL;
}

void gl_textures_distrust(struct gl_context *ctx)
{
    ctx->epoch++;
}

void gl_textures_distrust_range(struct gl_context *ctx, uint32_t va, uint64_t bytes)
{
    struct gl_textures *ts = ctx->textures;
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (struct gl_texture *t = ts->bucket[i]; t; t = t->next) {
            for (unsigned k = 0; k < 2; k++) {
                if (va < t->va[k] + t->size[k] && t->va[k] < va + bytes) {
                    t->checked = 0;
                }
            }
        }
    }
}

// ---- contents -----------------------------------------------------------------------------------

// True when the bytes may differ from what was uploaded; notes what is there now.
static bool contents_changed(struct gl_context *ctx, struct gl_texture *t)
{
    struct gpu_mem *mem = ctx->mem;
    if (ctx->surfaces_ahead) {
        gl_surfaces_sync(ctx, t->va[0], t->size[0]);
        gl_surfaces_sync(ctx, t->va[1], t->size[1]);
    }
    bool known = mem->ops->generation != NULL, same = t->allocated;
    uint64_t gen[2] = {0, 0};

    for (unsigned k = 0; k < 2 && known; k++) {
        if (t->size[k]) {
            gen[k] = mem->ops->generation(mem, t->va[k], t->size[k]);
            known = gen[k] != 0;
            same &= gen[k] == t->generation[k];
        }
    }
    memcpy(t->generation, gen, sizeof gen);
    if (known && same) {
        return false;
    }
    uint64_t h = gl_hash_memory(ctx, HASH_INIT, t->va[0], t->size[0]);
    h = gl_hash_memory(ctx, h, t->va[1], t->size[1]);
    bool changed = !t->allocated || h != t->hash;
    t->hash = h;
    return changed;
}

static const struct native_format *native(const struct texture *t)
{
    if (t->tiled || t->endian || t->num.exp_adjust ||
        (t->num.integer && t->info->kind != FORMAT_FLOAT)) {
        return NULL;
    }
    for (unsigned i = 0; i < t->info->components; i++) {
        if (t->num.sign[i] != TEX_UNSIGNED && t->info->kind != FORMAT_FLOAT) {
            return NULL;
        }
    }
    for (unsigned i = 0; i < ARRAY_LEN(natives); i++) {
        if (natives[i].number == t->info->number) {
            return &natives[i];
        }
    }
    return NULL;
}

static unsigned level_slices(const struct gl_texture *t, const struct texture *lay, unsigned level)
{
    return t->dimension == DIM_3D      ? lay->level[level].depth
           : t->dimension == DIM_STACK ? lay->slices
           : t->dimension == DIM_CUBE  ? 6
                                       : 1;
}

// Calls GL for one slice of a level, allocating or replacing.
static void put_slice(const struct gl_texture *t, const struct texture *lay, unsigned level,
                      unsigned slice, const struct native_format *nf, const void *data,
                      uint32_t pitch)
{
    const struct texture_level *lv = &lay->level[level];
    GLsizei w = (GLsizei)lv->width, h = (GLsizei)lv->height;
    GLenum image =
        t->target == GL_TEXTURE_CUBE_MAP ? GL_TEXTURE_CUBE_MAP_POSITIVE_X + slice : t->target;

    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, (GLint)pitch);
    if (t->dimension == DIM_3D || t->dimension == DIM_STACK) {
        if (!t->allocated && slice == 0) {
            glTexImage3D(image, (GLint)level, (GLint)nf->internal, w, h,
                         (GLsizei)level_slices(t, lay, level), 0, nf->format, nf->type, NULL);
        }
        glTexSubImage3D(image, (GLint)level, 0, 0, (GLint)slice, w, h, 1, nf->format, nf->type,
                        data);
    } else if (!t->allocated) {
        glTexImage2D(image, (GLint)level, (GLint)nf->internal, w, h, 0, nf->format, nf->type, data);
    } else {
        glTexSubImage2D(image, (GLint)level, 0, 0, w, h, nf->format, nf->type, data);
    }
}

// Rows of a slice as they lie in memory.
static bool upload_native(struct gl_context *ctx, const struct gl_texture *t,
                          const struct texture *lay, unsigned level, unsigned slice,
                          const struct native_format *nf)
{
    const struct texture_level *lv = &lay->level[level];
    uint32_t va = texture_block_va(lay, level, slice, 0, 0);
    size_t n = ((size_t)lv->pitch * (lv->height - 1) + lv->width) * lay->info->block_bytes, got = 0;
    const uint8_t *p = ctx->mem->ops->span(ctx->mem, va, n, &got);

    if (!p || got < n) {
        uint8_t *copy = gl_scratch(ctx, SCRATCH_TEXTURE, n);
        if (!copy) {
            return false;
        }
        gl_mem_read(ctx, va, copy, n);
        p = copy;
    }
    put_slice(t, lay, level, slice, nf, p, lv->pitch);
    return true;
}

static bool upload_decoded(struct gl_context *ctx, const struct gl_texture *t,
                           const struct texture *lay, unsigned level, unsigned slice)
{
    static const struct native_format rgba8 = {0, GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE};
    static const struct native_format rgbaf = {0, GL_RGBA32F, GL_RGBA, GL_FLOAT};
    const struct texture_level *lv = &lay->level[level];
    bool small = texture_fits_rgba8(lay);
    size_t stride = (size_t)lv->width * (small ? 4 : 16);
    void *out = gl_scratch(ctx, SCRATCH_TEXTURE, stride * lv->height);

    if (!out) {
        return false;
    }
    if (small) {
        texture_decode_rgba8(ctx->mem, lay, level, slice, false, out, stride);
    } else {
        texture_decode_float(ctx->mem, lay, level, slice, false, out, stride);
    }
    put_slice(t, lay, level, slice, small ? &rgba8 : &rgbaf, out, lv->width);
    return true;
}

// The bound texture's swizzle; part of the key, so it never changes.
static void set_swizzle(const struct gl_texture *t, const struct texture *lay)
{
    static const GLint name[8] = {GL_RED,  GL_GREEN, GL_BLUE, GL_ALPHA,
                                  GL_ZERO, GL_ONE,   GL_ZERO, GL_ZERO};
    GLint swz[4];
    for (unsigned i = 0; i < 4; i++) {
        unsigned s = lay->swizzle[i] & 7;
        if (s < 4 && s >= lay->info->components) {
            s = lay->info->components - 1u; // the last component repeats
        }
        swz[i] = name[s];
    }
    glTexParameteriv(t->target, GL_TEXTURE_SWIZZLE_RGBA, swz);
}

static void upload(struct gl_context *ctx, struct gl_texture *t, const struct texture *lay)
{
    const struct native_format *nf = native(lay);
    uint64_t bytes = 0;

    glBindTexture(t->target, t->tex);
    for (unsigned level = 0; level <= lay->max_level; level++) {
        const struct texture_level *lv = &lay->level[level];
        unsigned slices = level_slices(t, lay, level);
        for (unsigned s = 0; s < slices; s++) {
            bool ok = nf ? upload_native(ctx, t, lay, level, s, nf)
                         : upload_decoded(ctx, t, lay, level, s);
            if (!ok) {
                return;
            }
        }
        bytes += (uint64_t)lv->width * lv->height * slices * (nf ? lay->info->block_bytes : 4);
    }
    if (!t->allocated) {
        glTexParameteri(t->target, GL_TEXTURE_BASE_LEVEL, 0);
        glTexParameteri(t->target, GL_TEXTURE_MAX_LEVEL, lay->max_level);
        set_swizzle(t, lay);
        t->allocated = true;
        t->gl_bytes = bytes;
        ctx->textures->bytes += bytes;
    }
    ctx->be->count.uploads++;
    ctx->be->count.upload_bytes += bytes;
}

// ---- the cache ----------------------------------------------------------------------------------

static void evict(struct gl_context *ctx)
{
    struct gl_textures *ts = ctx->textures;
    if (ts->count < MAX_TEXTURES && ts->bytes < MAX_TEXTURE_BYTES) {
        return;
    }
    for (unsigned i = 0; i < BUCKETS; i++) { // everything that the last draws did not use
        for (struct gl_texture **p = &ts->bucket[i]; *p;) {
            struct gl_texture *t = *p;
            if (t->used + MAX_SAMPLERS < ctx->clock && t->used < ctx->rec_start) {
                *p = t->next;
                texture_free(ts, t);
            } else {
                p = &t->next;
            }
        }
    }
}

// The bits of a fetch constant that decide about contents and layout.
static void make_key(const uint32_t dw[6], uint32_t key[6])
{
    static const uint32_t mask[6] = {
        0xffc003fc, // sign, pitch, tiled
        0xfffff4ff, // format, endian, stacked, base
        0xffffffff, // size
        0x0007ffff, // number format, swizzle, exponent
        0x000003c0, // last level
        0xfffffe00, // dimension, packed mips, mip address
    };
    for (unsigned i = 0; i < 6; i++) {
        key[i] = dw[i] & mask[i];
    }
}

static bool acceptable(const struct gl_context *ctx, const struct texture *lay, unsigned dimension)
{
    uint32_t max = (uint32_t)ctx->be->caps.max_texture;
    if (!lay->info || lay->width > max || lay->height > max || lay->depth > 512 ||
        (dimension == DIM_CUBE && lay->width != lay->height)) {
        return false;
    }
    return (uint64_t)lay->width * lay->height * lay->slices <= 64 << 20;
}

static struct gl_texture *find(struct gl_context *ctx, const uint32_t dw[6],
                               const struct texture *lay, unsigned dimension)
{
    struct gl_textures *ts = ctx->textures;
    uint32_t key[6];
    make_key(dw, key);
    uint64_t h = hash_bytes(HASH_INIT, key, sizeof key);
    struct gl_texture **slot = &ts->bucket[h % BUCKETS], *t;

    for (t = *slot; t; t = t->next) {
        if (t->dimension == dimension && !memcmp(t->key, key, sizeof key)) {
            return t;
        }
    }
    evict(ctx);
    t = calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    memcpy(t->key, key, sizeof key);
    t->dimension = (uint8_t)dimension;
    t->target = target_of(dimension);
    t->va[0] = lay->level[0].va;
    t->size[0] = lay->level[0].bytes;
    if (lay->max_level) {
        const struct texture_level *last = &lay->level[lay->max_level];
        t->va[1] = lay->level[1].va;
        t->size[1] = (uint32_t)(last->va + last->bytes - t->va[1]);
    }
    glGenTextures(1, &t->tex);
    t->next = *slot;
    *slot = t;
    ts->count++;
    return t;
}

static GLuint zero_texture(struct gl_textures *ts, unsigned dimension)
{
    static const uint8_t black[4] = {0, 0, 0, 0};
    GLenum target = target_of(dimension);
    if (ts->zero[dimension]) {
        return ts->zero[dimension];
    }
    glGenTextures(1, &ts->zero[dimension]);
    glBindTexture(target, ts->zero[dimension]);
    for (unsigned i = 0; i < (dimension == DIM_CUBE ? 6u : 1u); i++) {
        if (dimension == DIM_3D || dimension == DIM_STACK) {
            glTexImage3D(target, 0, GL_RGBA8, 1, 1, 1, 0, GL_RGBA, GL_UNSIGNED_BYTE, black);
        } else {
            glTexImage2D(dimension == DIM_CUBE ? GL_TEXTURE_CUBE_MAP_POSITIVE_X + i : target, 0,
                         GL_RGBA8, 1, 1, 0, GL_RGBA, GL_UNSIGNED_BYTE, black);
        }
    }
    glTexParameteri(target, GL_TEXTURE_MAX_LEVEL, 0);
    return ts->zero[dimension];
}

// ---- for draws ----------------------------------------------------------------------------------

static struct gl_texture *load(struct gl_context *ctx, const uint32_t dw[6],
                               const struct texture *lay, unsigned dimension)
{
    struct gl_texture *t = acceptable(ctx, lay, dimension) ? find(ctx, dw, lay, dimension) : NULL;
    if (!t) {
        return NULL;
    }
    if (t->checked != ctx->epoch) {
        if (contents_changed(ctx, t)) {
            if (t->used >= ctx->rec_start) {
                gl_record_finish(ctx); // recorded draws want the old contents
            }
            upload(ctx, t, lay);
        }
        t->checked = ctx->epoch;
    }
    t->used = ++ctx->clock;
    return t->allocated ? t : NULL;
}

// The surface that is this very texture, if there is one.
static struct gl_surface *find_surface(struct gl_context *ctx, const struct texture *lay,
                                       unsigned dimension)
{
    const struct native_format *nf = lay->info ? native(lay) : NULL;
    if (!nf || dimension != DIM_2D || lay->max_level || lay->info->block_w != 1) {
        return NULL;
    }
    struct gl_surface *s =
        gl_surface_find(ctx, lay->level[0].va, lay->level[0].pitch, lay->info->block_bytes);
    if (!s || s->img.width != lay->width || s->img.height != lay->height) {
        return NULL;
    }
    const struct gl_pixel *p = gl_pixel(s->img.px);
    if (p->internal != nf->internal || p->type != nf->type ||
        !gl_surface_swizzle(ctx, s, lay->swizzle, lay->info->components)) {
        return NULL;
    }
    s->used = ++ctx->clock;
    return s;
}

void gl_textures_prepare(struct gl_context *ctx, const struct gpu_draw *draw,
                         const struct gl_program *prog, struct gl_bound *bound)
{
    struct gl_textures *ts = ctx->textures;
    if (gl_samplers_full(ts->samplers)) {
        gl_record_finish(ctx); // recorded draws use them
        gl_samplers_empty(ts->samplers);
    }
    for (unsigned i = 0; i < prog->sampler_count; i++) {
        const struct gl_sampler_plan *plan = &prog->samplers[i];
        const uint32_t *dw = draw->fetch + 6 * plan->constant;
        struct texture lay;
        texture_layout(dw, &lay);
        bound[i] = (struct gl_bound){.surface = find_surface(ctx, &lay, plan->dimension)};
        if (bound[i].surface) {
            bound[i].tex = bound[i].surface->img.tex;
            bound[i].version = bound[i].surface->version;
        } else {
            bound[i].cached = load(ctx, dw, &lay, plan->dimension);
            bound[i].tex = bound[i].cached ? bound[i].cached->tex
                                           : zero_texture(ctx->textures, plan->dimension);
        }
        bound[i].target = target_of(plan->dimension);
        bound[i].sampler = gl_sampler_for(ctx->be, ts->samplers, plan, &lay);
    }
}

bool gl_textures_current(struct gl_context *ctx, const struct gl_bound *bound, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct gl_texture *t = bound[i].cached;
        struct gl_surface *s = bound[i].surface;
        if (s && (s->version != bound[i].version || !gl_surface_current(ctx, s))) {
            return false;
        }
        if (t && t->checked != ctx->epoch) {
            if (contents_changed(ctx, t)) {
                t->checked = 0;
                t->hash = ~t->hash; // loaded again when next wanted
                memset(t->generation, 0, sizeof t->generation);
                return false;
            }
            t->checked = ctx->epoch;
        }
    }
    return true;
}

bool gl_textures_overlap(const struct gl_bound *bound, unsigned count, uint32_t va, uint64_t bytes)
{
    for (unsigned i = 0; i < count; i++) {
        const struct gl_texture *t = bound[i].cached;
        const struct gl_surface *s = bound[i].surface;
        if (s && s->version == bound[i].version &&
            va < s->va + (uint64_t)s->pitch * s->img.height * s->bpp && s->va < va + bytes) {
            return true;
        }
        for (unsigned k = 0; t && k < 2; k++) {
            if (t->size[k] && va < t->va[k] + t->size[k] && t->va[k] < va + bytes) {
                return true;
            }
        }
    }
    return false;
}
