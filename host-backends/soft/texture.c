// SPDX-License-Identifier: MIT
//
// Texture filtering: level of detail, wrapping, point and linear filters, mip maps, cube faces,
// layers and volumes, and the fetch instructions that only compute (LOD, gradients, weights, border
// fraction).
//
// The level of detail is log2 of the largest coordinate change, in texels, between neighbours of a
// quad along either axis. Cube faces are not blended into each other. Anisotropic filters fall back
// to what the other filter fields say.

#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "host-backends/soft/texture.h"

enum { OP_FETCH = 1, OP_BCF = 16, OP_COMP_LOD = 17, OP_GRADIENTS = 18, OP_WEIGHTS = 19 };

struct sampler {
    struct soft_worker *w;
    const struct texture *t;
    const struct shader_tfetch *f;
    unsigned constant;
    unsigned mag, min, mip;
    unsigned vol_mag, vol_min;
    float border[4];
};

// ---- coordinates ----------------------------------------------------------------------------

struct axis {
    int32_t i[2]; // texels, -1 for border
    float weight; // of i[1]
};

static int32_t wrap_index(unsigned mode, int32_t i, int32_t n)
{
    if ((uint32_t)i < (uint32_t)n) {
        return i; // inside, whatever the mode
    }
    switch (mode) {
    case TEX_WRAP: {
        int32_t m = i % n;
        return m < 0 ? m + n : m;
    }
    case TEX_MIRROR: {
        int32_t m = i % (2 * n);
        m = m < 0 ? m + 2 * n : m;
        return m < n ? m : 2 * n - 1 - m;
    }
    case TEX_MIRROR_ONCE_LAST_TEXEL:
        i = i < 0 ? -1 - i : i;
        return i < n ? i : n - 1;
    case TEX_CLAMP_HALF_BORDER:
    case TEX_CLAMP_BORDER:
        return i < 0 || i >= n ? -1 : i;
    case TEX_MIRROR_ONCE_HALF_BORDER:
    case TEX_MIRROR_ONCE_BORDER:
        i = i < 0 ? -1 - i : i;
        return i < n ? i : -1;
    default: // clamp to the last texel
        return i < 0 ? 0 : i < n ? i : n - 1;
    }
}

// Greatest integer not above u; |u| is far below 2^31.
static int32_t floor_int(float u)
{
    int32_t i = (int32_t)u;
    return i - ((float)i > u);
}

// One coordinate in texels of its level to one or two texel numbers.
static inline void resolve_axis(struct axis *a, unsigned mode, float u, int32_t n, bool linear)
{
    a->weight = 0.0f;
    float size = (float)n;
    if (!(fabsf(u) < 4194304.0f)) { // also NaN and infinities
        bool repeats = mode == TEX_WRAP || mode == TEX_MIRROR;
        u = !repeats      ? u > 0.0f   ? 4194304.0f
                            : u < 0.0f ? -4194304.0f
                                       : 0.0f
            : isfinite(u) ? fmodf(u, 2.0f * size)
                          : 0.0f;
    }
    if (mode == TEX_CLAMP_HALF_BORDER) {
        u = u < 0.0f ? 0.0f : u < size ? u : size;
        mode = linear ? mode : TEX_CLAMP_LAST_TEXEL;
    } else if (mode == TEX_MIRROR_ONCE_HALF_BORDER) {
        u = u < -size ? -size : u < size ? u : size;
        mode = linear ? mode : TEX_MIRROR_ONCE_LAST_TEXEL;
    }
    if (!linear) {
        a->i[0] = a->i[1] = wrap_index(mode, floor_int(u), n);
        return;
    }
    int32_t base = floor_int(u - 0.5f);
    a->weight = u - 0.5f - (float)base;
    a->i[0] = wrap_index(mode, base, n);
    a->i[1] = wrap_index(mode, base + 1, n);
}

// ---- filtering ------------------------------------------------------------------------------

static const float *texel(const struct sampler *s, unsigned level, int32_t slice, int32_t x,
                          int32_t y)
{
    if (x < 0 || y < 0 || slice < 0) {
        return s->border;
    }
    const float(*tile)[4] =
        soft_tile(s->w, s->constant, level, (unsigned)slice, (uint32_t)x >> 2, (uint32_t)y >> 2);
    return tile[4 * (y & 3) + (x & 3)];
}

static inline void sample_slice(const struct sampler *s, unsigned level, int32_t slice,
                                const struct axis *u, const struct axis *v, bool linear,
                                float out[4])
{
    float t[4][4];
    if (!linear) {
        memcpy(out, texel(s, level, slice, u->i[0], v->i[0]), sizeof(t[0]));
        return;
    }
    if (slice >= 0 && u->i[0] >> 2 == u->i[1] >> 2 && v->i[0] >> 2 == v->i[1] >> 2 &&
        (u->i[0] | u->i[1] | v->i[0] | v->i[1]) >= 0) { // all in one tile
        uint32_t x = (uint32_t)u->i[0], y = (uint32_t)v->i[0];
        const float(*tile)[4] =
            soft_tile(s->w, s->constant, level, (unsigned)slice, x >> 2, y >> 2);
        for (unsigned k = 0; k < 4; k++) {
            memcpy(t[k], tile[4 * (v->i[k >> 1] & 3) + (u->i[k & 1] & 3)], sizeof(t[k]));
        }
    } else { // copies, because the next lookup may replace the tile
        for (unsigned k = 0; k < 4; k++) {
            memcpy(t[k], texel(s, level, slice, u->i[k & 1], v->i[k >> 1]), sizeof(t[k]));
        }
    }
    for (unsigned c = 0; c < 4; c++) {
        float top = t[0][c] + u->weight * (t[1][c] - t[0][c]);
        float bottom = t[2][c] + u->weight * (t[3][c] - t[2][c]);
        out[c] = top + v->weight * (bottom - top);
    }
}

// The third coordinate: cube face, layer, or depth with its own filter.
static void slices(const struct sampler *s, struct axis *a, unsigned level, float r, bool linear)
{
    const struct texture *t = s->t;
    a->i[0] = a->i[1] = 0;
    a->weight = 0.0f;
    if (t->dimension == TEX_CUBE) {
        int32_t face = r >= 0.0f && r < 6.0f ? (int32_t)(r + 0.5f) : 0;
        a->i[0] = a->i[1] = face > 5 ? 5 : face;
    } else if (t->dimension == TEX_3D || t->stacked) {
        int32_t n = (int32_t)(t->dimension == TEX_3D ? t->level[level].depth : t->slices);
        n = n < 1 ? 1 : n;
        float w = s->f->denorm_coords ? r : r * (float)n;
        resolve_axis(a, t->clamp[2], w + s->f->offset[2], n, linear);
    }
}

static void sample_level(const struct sampler *s, unsigned level, const float coord[3],
                         bool magnify, float out[4])
{
    const struct texture *t = s->t;
    const struct texture_level *lv = &t->level[level];
    bool linear = (magnify ? s->mag : s->min) == TEX_BILINEAR;
    bool vol = (magnify ? s->vol_mag : s->vol_min) == TEX_BILINEAR;
    float x = coord[0], y = coord[1];
    if (t->dimension == TEX_CUBE) { // arrives in [1, 2)
        x -= 1.0f;
        y -= 1.0f;
    }
    if (s->f->denorm_coords) {
        x = x * (float)lv->width / (float)t->width;
        y = y * (float)lv->height / (float)t->height;
    } else {
        x *= (float)lv->width;
        y *= (float)lv->height;
    }
    struct axis u, v, r;
    resolve_axis(&u, t->clamp[0], x + s->f->offset[0], (int32_t)lv->width, linear);
    if (t->dimension == TEX_1D) {
        v.i[0] = v.i[1] = 0;
        v.weight = 0.0f;
    } else {
        resolve_axis(&v, t->clamp[1], y + s->f->offset[1], (int32_t)lv->height, linear);
    }
    slices(s, &r, level, coord[2], vol);
    sample_slice(s, level, r.i[0], &u, &v, linear, out);
    if (r.weight > 0.0f) {
        float far[4];
        sample_slice(s, level, r.i[1], &u, &v, linear, far);
        for (unsigned c = 0; c < 4; c++) {
            out[c] += r.weight * (far[c] - out[c]);
        }
    }
}

static void sample(const struct sampler *s, const float coord[3], float lod, float out[4])
{
    const struct texture *t = s->t;
    float lo = (float)t->min_level, hi = (float)t->max_level;
    bool magnify = !(lod > 0.0f);
    lod = lod > lo ? lod : lo; // NaN too
    lod = lod < hi ? lod : hi;
    if (s->mip == TEX_BASEMAP) { // the first level that may be sampled, whatever the level of detail
        sample_level(s, t->min_level, coord, magnify, out);
        return;
    }
    if (s->mip != TEX_BILINEAR) {
        sample_level(s, (unsigned)ceilf(lod - 0.5f), coord, magnify, out);
        return;
    }
    unsigned level = (unsigned)lod;
    float weight = lod - (float)level;
    sample_level(s, level, coord, magnify, out);
    if (weight > 0.0f) {
        float next[4];
        sample_level(s, level + 1, coord, magnify, next);
        for (unsigned c = 0; c < 4; c++) {
            out[c] += weight * (next[c] - out[c]);
        }
    }
}

// ---- level of detail ------------------------------------------------------------------------

// Differences of the quad's coordinates, unscaled. For cubes only between pixels of one face.
static void differences(const struct sampler *s, const float coord[3][SHADER_LANES], unsigned base,
                        float dx[3], float dy[3])
{
    unsigned rx = base, ry = base; // where the pairs start
    if (s->t->dimension == TEX_CUBE) {
        const float *face = &coord[2][base];
        rx = face[0] == face[1] || face[2] != face[3] ? base : base + 2;
        ry = face[0] == face[2] || face[1] != face[3] ? base : base + 1;
    }
    for (unsigned c = 0; c < 3; c++) {
        dx[c] = coord[c][rx + 1] - coord[c][rx];
        dy[c] = coord[c][ry + 2] - coord[c][ry];
    }
    if (s->t->dimension == TEX_CUBE) {
        if (coord[2][rx + 1] != coord[2][rx]) {
            dx[0] = dx[1] = 0.0f;
        }
        if (coord[2][ry + 2] != coord[2][ry]) {
            dy[0] = dy[1] = 0.0f;
        }
    }
}

static float computed_lod(const struct sampler *s, const float dx[3], const float dy[3])
{
    const struct texture *t = s->t;
    float scale[3] = {(float)t->width, (float)t->height,
                      t->dimension == TEX_3D ? (float)t->depth : 0.0f};
    float h = ldexpf(1.0f, t->grad_exp_h), v = ldexpf(1.0f, t->grad_exp_v), rho = 0.0f;
    if (t->dimension == TEX_1D) {
        scale[1] = 0.0f;
    }
    for (unsigned c = 0; c < 3; c++) {
        float k = s->f->denorm_coords && scale[c] > 0.0f ? 1.0f : scale[c];
        float a = fabsf(dx[c]) * k * h, b = fabsf(dy[c]) * k * v;
        rho = a > rho ? a : rho;
        rho = b > rho ? b : rho;
    }
    return rho > 1e-30f ? log2f(rho) : -100.0f;
}

// ---- the instruction ------------------------------------------------------------------------

static void border_color(const struct texture *t, float out[4])
{
    float v = t->border_color == 1 ? 1.0f : 0.0f;
    const float c[4] = {v, v, v, v};
    memcpy(out, c, sizeof(c));
}

// Border fraction: how much of the filter's footprint lies outside.
static float border_fraction(const struct sampler *s, const float coord[3])
{
    const struct texture *t = s->t;
    float inside = 1.0f;
    for (unsigned c = 0; c < (t->dimension == TEX_1D ? 1u : 2u); c++) {
        int32_t n = (int32_t)(c ? t->height : t->width);
        float u = s->f->denorm_coords ? coord[c] : coord[c] * (float)n;
        struct axis a;
        resolve_axis(&a, t->clamp[c], u + s->f->offset[c], n, s->min == TEX_BILINEAR);
        inside *= (a.i[0] < 0 ? 0.0f : 1.0f - a.weight) + (a.i[1] < 0 ? 0.0f : a.weight);
    }
    return 1.0f - inside;
}

static void weights(const struct sampler *s, const float coord[3], float lod, float out[4])
{
    const struct texture *t = s->t;
    const float size[3] = {(float)t->width, (float)t->height, (float)t->slices};
    for (unsigned c = 0; c < 3; c++) {
        float u = (s->f->denorm_coords ? coord[c] : coord[c] * size[c]) + s->f->offset[c] - 0.5f;
        out[c] = isfinite(u) ? u - floorf(u) : 0.0f;
    }
    out[3] = lod > 0.0f && lod < 15.0f ? lod - floorf(lod) : 0.0f;
}

// False when every level of detail gives the same texels.
static bool lod_matters(const struct sampler *s)
{
    const struct texture *t = s->t;
    bool one_level = s->mip == TEX_BASEMAP || t->max_level == 0;
    bool one_filter = s->mag == s->min && s->vol_mag == s->vol_min;
    return !one_level || !one_filter || s->f->opcode != OP_FETCH;
}

static unsigned choose(unsigned instruction, unsigned constant)
{
    return instruction == TEX_KEEP ? constant : instruction;
}

// The usual case without detours: one flat image, the same filter near and far, one level.
static void fetch_flat(const struct sampler *s, unsigned lanes, uint32_t active,
                       const float coord[3][SHADER_LANES], float out[4][SHADER_LANES])
{
    const struct texture *t = s->t;
    bool linear = s->mag == TEX_BILINEAR, denorm = s->f->denorm_coords;
    float scale_x = denorm ? 1.0f : (float)t->width, scale_y = denorm ? 1.0f : (float)t->height;
    for (unsigned l = 0; l < lanes; l++) {
        struct axis u, v;
        float c[4];
        if (!(active >> l & 1)) {
            continue;
        }
        resolve_axis(&u, t->clamp[0], coord[0][l] * scale_x + s->f->offset[0], (int32_t)t->width,
                     linear);
        resolve_axis(&v, t->clamp[1], coord[1][l] * scale_y + s->f->offset[1], (int32_t)t->height,
                     linear);
        sample_slice(s, 0, 0, &u, &v, linear, c);
        for (unsigned k = 0; k < 4; k++) {
            out[k][l] = c[k];
        }
    }
}

void soft_texture_fetch(struct soft_worker *w, const struct shader_tfetch *f, unsigned lanes,
                        uint32_t active, bool pixel, const float coord[3][SHADER_LANES],
                        const float *reg_lod, const float grad_h[3][SHADER_LANES],
                        const float grad_v[3][SHADER_LANES], float out[4][SHADER_LANES])
{
    struct sampler s = {.w = w, .f = f, .constant = f->constant % SOFT_TEXTURES};
    const struct texture *t = s.t = &w->ctx->tex[s.constant].t;
    s.mag = choose(f->mag, t->mag);
    s.min = choose(f->min, t->min);
    s.mip = choose(f->mip, t->mip);
    s.vol_mag = t->vol_mag;
    s.vol_min = t->vol_min;
    border_color(t, s.border);
    float constant_lod = t->lod_bias + f->lod_bias;
    bool need_lod = lod_matters(&s);
    if (!need_lod && t->info && t->dimension == TEX_2D && !t->stacked && !t->min_level) {
        fetch_flat(&s, lanes, active, coord, out);
        return;
    }

    for (unsigned base = 0; base < lanes; base += 4) {
        float dx[3] = {0}, dy[3] = {0}, quad_lod = -100.0f;
        bool quad = need_lod && pixel && base + 4 <= lanes;
        if (!(active >> base & 15)) {
            continue;
        }
        if (quad) {
            differences(&s, coord, base, dx, dy);
            quad_lod = computed_lod(&s, dx, dy);
        }
        for (unsigned l = base; l < base + 4 && l < lanes; l++) {
            const float c[3] = {coord[0][l], coord[1][l], coord[2][l]};
            float v[4] = {0}, lod = quad_lod;
            if (f->use_reg_gradients && grad_h && grad_v) {
                const float gh[3] = {grad_h[0][l], grad_h[1][l], grad_h[2][l]};
                const float gv[3] = {grad_v[0][l], grad_v[1][l], grad_v[2][l]};
                lod = computed_lod(&s, gh, gv);
            }
            float total = (f->use_comp_lod ? lod : 0.0f) + constant_lod +
                          (f->use_reg_lod && reg_lod ? reg_lod[l] : 0.0f);
            if (!(active >> l & 1)) {
                continue;
            }
            switch (f->opcode) {
            case OP_BCF:
                v[0] = t->info ? border_fraction(&s, c) : 0.0f;
                break;
            case OP_COMP_LOD:
                v[0] = lod;
                break;
            case OP_GRADIENTS:
                v[0] = dx[0];
                v[1] = dy[0];
                v[2] = dx[1];
                v[3] = dy[1];
                break;
            case OP_WEIGHTS:
                weights(&s, c, total, v);
                break;
            default:
                if (t->info) {
                    sample(&s, c, total, v);
                }
                break;
            }
            for (unsigned k = 0; k < 4; k++) {
                out[k][l] = v[k];
            }
        }
    }
}
