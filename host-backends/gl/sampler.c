// SPDX-License-Identifier: MIT
//
// Sampler objects: the filter and wrap fields of fetch constants and instructions in GL's words,
// one object a combination.
#include "host-backends/gl/sampler.h"

#include <stdlib.h>
#include <string.h>

#include "gpu-model/formats.h"

enum { MAX_GL_SAMPLERS = 256 };

struct gl_sampler {
    struct {
        uint8_t clamp[3], mag, min, mip, aniso, border, min_level, max_level, zero[2];
        float lod_bias;
    } key;
    GLuint sampler;
};

struct gl_samplers {
    struct gl_sampler slot[MAX_GL_SAMPLERS];
    unsigned count;
};

struct gl_samplers *gl_samplers_create(void)
{
    return calloc(1, sizeof(struct gl_samplers));
}

void gl_samplers_empty(struct gl_samplers *ts)
{
    for (unsigned i = 0; i < ts->count; i++) {
        glDeleteSamplers(1, &ts->slot[i].sampler);
    }
    ts->count = 0;
}

void gl_samplers_destroy(struct gl_samplers *ts)
{
    if (ts) {
        gl_samplers_empty(ts);
        free(ts);
    }
}

bool gl_samplers_full(const struct gl_samplers *ts)
{
    return ts->count + MAX_SAMPLERS > MAX_GL_SAMPLERS;
}

static GLint wrap_mode(const struct gl_backend *be, unsigned clamp)
{
    switch ((enum tex_clamp)(clamp & 7)) {
    case TEX_WRAP:
        return GL_REPEAT;
    case TEX_MIRROR:
        return GL_MIRRORED_REPEAT;
    case TEX_CLAMP_LAST_TEXEL:
        return GL_CLAMP_TO_EDGE;
    case TEX_MIRROR_ONCE_LAST_TEXEL:
    case TEX_MIRROR_ONCE_HALF_BORDER:
    case TEX_MIRROR_ONCE_BORDER:
        return be->caps.mirror_clamp ? GL_MIRROR_CLAMP_TO_EDGE : GL_MIRRORED_REPEAT;
    case TEX_CLAMP_HALF_BORDER: // between the two; core GL has no such mode
    case TEX_CLAMP_BORDER:
        return GL_CLAMP_TO_BORDER;
    }
    return GL_REPEAT;
}

// Mesa's software rasteriser compiles samplers; where a texture has no mips to choose from, the
// filters differ and there is anisotropy, it gives LLVM a product of a vector and a scalar, which ends
// the process there (22.3). Whether there are mips is the texture's to say, so anisotropy yields
// wherever the filters differ.
static bool may_be_anisotropic(const struct gl_backend *be, const struct gl_sampler *s)
{
    return be->caps.max_aniso > 1 && !(be->caps.software && s->key.mag != s->key.min);
}

static void sampler_setup(const struct gl_backend *be, struct gl_sampler *s)
{
    static const GLint min_filter[2][3] = {
        {GL_NEAREST_MIPMAP_NEAREST, GL_NEAREST_MIPMAP_LINEAR, GL_NEAREST},
        {GL_LINEAR_MIPMAP_NEAREST, GL_LINEAR_MIPMAP_LINEAR, GL_LINEAR},
    };
    static const float border[4][4] = {{0, 0, 0, 0}, {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}};
    static const GLenum wrap[3] = {GL_TEXTURE_WRAP_S, GL_TEXTURE_WRAP_T, GL_TEXTURE_WRAP_R};

    glGenSamplers(1, &s->sampler);
    for (unsigned i = 0; i < 3; i++) {
        glSamplerParameteri(s->sampler, wrap[i], wrap_mode(be, s->key.clamp[i]));
    }
    glSamplerParameteri(s->sampler, GL_TEXTURE_MAG_FILTER, s->key.mag ? GL_LINEAR : GL_NEAREST);
    glSamplerParameteri(s->sampler, GL_TEXTURE_MIN_FILTER, min_filter[s->key.min != 0][s->key.mip]);
    glSamplerParameterf(s->sampler, GL_TEXTURE_LOD_BIAS, s->key.lod_bias);
    glSamplerParameterf(s->sampler, GL_TEXTURE_MIN_LOD,
                        s->key.min_level ? (float)s->key.min_level : -1000.0f);
    glSamplerParameterf(s->sampler, GL_TEXTURE_MAX_LOD, (float)s->key.max_level);
    glSamplerParameterfv(s->sampler, GL_TEXTURE_BORDER_COLOR, border[s->key.border & 3]);
    if (s->key.aniso > 1 && may_be_anisotropic(be, s)) {
        float n = (float)(1 << (s->key.aniso - 1));
        glSamplerParameterf(s->sampler, GL_TEXTURE_MAX_ANISOTROPY_EXT,
                            n < be->caps.max_aniso ? n : be->caps.max_aniso);
    }
}

GLuint gl_sampler_for(const struct gl_backend *be, struct gl_samplers *ts,
                      const struct gl_sampler_plan *plan, const struct texture *lay)
{
    struct gl_sampler want;

    memset(&want, 0, sizeof want);
    unsigned mag = plan->mag == TEX_KEEP ? lay->mag : plan->mag;
    unsigned min = plan->min == TEX_KEEP ? lay->min : plan->min;
    unsigned mip = plan->mip == TEX_KEEP ? lay->mip : plan->mip;
    memcpy(want.key.clamp, lay->clamp, sizeof want.key.clamp);
    if (plan->dimension == DIM_1D) {
        want.key.clamp[1] = TEX_CLAMP_LAST_TEXEL;
    }
    want.key.mag = mag == TEX_BILINEAR;
    want.key.min = min == TEX_BILINEAR;
    want.key.mip = (uint8_t)(mip > TEX_BASEMAP || lay->max_level == 0 ? TEX_BASEMAP : mip);
    want.key.aniso = plan->aniso == 7 ? lay->aniso : plan->aniso;
    want.key.aniso = want.key.aniso > 5 ? 5 : want.key.aniso;
    want.key.border = lay->border_color;
    want.key.min_level = lay->min_level;
    want.key.max_level = lay->max_level;
    want.key.lod_bias = lay->lod_bias;
    if (want.key.mip == TEX_BASEMAP && lay->min_level) { // without mips: the first level that may be sampled
        want.key.mip = TEX_POINT;
        want.key.max_level = lay->min_level;
    }
    for (unsigned i = 0; i < ts->count; i++) {
        if (!memcmp(&ts->slot[i].key, &want.key, sizeof want.key)) {
            return ts->slot[i].sampler;
        }
    }
    sampler_setup(be, &want);
    ts->slot[ts->count++] = want;
    return want.sampler;
}
