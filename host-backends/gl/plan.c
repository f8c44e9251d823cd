// SPDX-License-Identifier: MIT
//
// The plan of a program: which vertex fetches become GL vertex attributes (those that read the
// plain vertex index in a format GL knows) and which read a texel buffer with the decoding in GLSL,
// which sampler each texture fetch uses, and where things lie in the uniform blocks. Depends on the
// microcode only, never on a draw.
#include "host-backends/gl/gl.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "gpu-model/formats.h"

struct attr_type {
    uint8_t format; // enum surface_format
    uint8_t size;
    GLenum uns, sig; // GL types for unsigned and signed fields
};

static const struct attr_type attr_types[] = {
    {FMT_8, 1, GL_UNSIGNED_BYTE, GL_BYTE},
    {FMT_8_8, 2, GL_UNSIGNED_BYTE, GL_BYTE},
    {FMT_8_8_8, 3, GL_UNSIGNED_BYTE, GL_BYTE},
    {FMT_8_8_8_8, 4, GL_UNSIGNED_BYTE, GL_BYTE},
    {FMT_16, 1, GL_UNSIGNED_SHORT, GL_SHORT},
    {FMT_16_16, 2, GL_UNSIGNED_SHORT, GL_SHORT},
    {FMT_16_16_16_16, 4, GL_UNSIGNED_SHORT, GL_SHORT},
    {FMT_2_10_10_10, 4, GL_UNSIGNED_INT_2_10_10_10_REV, GL_INT_2_10_10_10_REV},
    {FMT_16_FLOAT, 1, GL_HALF_FLOAT, GL_HALF_FLOAT},
    {FMT_16_16_FLOAT, 2, GL_HALF_FLOAT, GL_HALF_FLOAT},
    {FMT_16_16_16_16_FLOAT, 4, GL_HALF_FLOAT, GL_HALF_FLOAT},
    {FMT_32, 1, GL_UNSIGNED_INT, GL_INT},
    {FMT_32_32, 2, GL_UNSIGNED_INT, GL_INT},
    {FMT_32_32_32_32, 4, GL_UNSIGNED_INT, GL_INT},
    {FMT_32_FLOAT, 1, GL_FLOAT, GL_FLOAT},
    {FMT_32_32_FLOAT, 2, GL_FLOAT, GL_FLOAT},
    {FMT_32_32_32_FLOAT, 3, GL_FLOAT, GL_FLOAT},
    {FMT_32_32_32_32_FLOAT, 4, GL_FLOAT, GL_FLOAT},
};

// Bytes a component, for alignment.
static unsigned type_bytes(GLenum type)
{
    switch (type) {
    case GL_BYTE:
    case GL_UNSIGNED_BYTE:
        return 1;
    case GL_SHORT:
    case GL_UNSIGNED_SHORT:
    case GL_HALF_FLOAT:
        return 2;
    default:
        return 4;
    }
}

static bool is_float(GLenum type)
{
    return type == GL_FLOAT || type == GL_HALF_FLOAT;
}

// Can GL's own vertex fetch do it exactly?
static bool as_attribute(const struct gl_backend *be, const struct shader_vfetch *f,
                         struct gl_vfetch_plan *p)
{
    if (!f->index_is_vertex || f->src_rel || !f->stride || f->offset < 0) {
        return false;
    }
    for (unsigned i = 0; i < sizeof attr_types / sizeof attr_types[0]; i++) {
        const struct attr_type *t = &attr_types[i];
        if (t->format != f->format) {
            continue;
        }
        p->type = f->is_signed ? t->sig : t->uns;
        p->size = t->size;
        p->normalised = !f->is_integer && !is_float(p->type);
        unsigned align = type_bytes(p->type);
        if (f->stride % align || f->offset % (int32_t)align) {
            return false;
        }
        // signed normalised: GL before 4.2 had the (2v + 1) rule, the ISA has a bit for it
        return !(p->normalised && f->is_signed && (f->signed_rf || be->caps.version < 42));
    }
    return false;
}

static unsigned buffer_slot(struct gl_program *prog, unsigned constant)
{
    for (unsigned i = 0; i < prog->buffer_count; i++) {
        if (prog->buffers[i].constant == constant) {
            return i;
        }
    }
    prog->buffers[prog->buffer_count] = (struct gl_vbuffer_plan){.constant = (uint8_t)constant};
    return prog->buffer_count++;
}

static int plan_vfetches(const struct gl_backend *be, struct gl_program *prog,
                         const struct shader_info *info, struct err *err)
{
    int attrs = 0;
    if (info->vfetch_count > MAX_VFETCH) {
        return err_set(err, -ENOTSUP, "%u vertex fetches, at most %u", info->vfetch_count,
                       MAX_VFETCH);
    }
    prog->vfetch_count = info->vfetch_count;
    for (unsigned i = 0; i < info->vfetch_count; i++) {
        const struct shader_vfetch *f = &info->vfetch[i];
        struct gl_vfetch_plan *p = &prog->vfetch[i];
        p->bytes = (uint8_t)vfetch_bytes(f);
        p->buffer = (uint8_t)buffer_slot(prog, f->constant < 96 ? f->constant : 95);
        struct gl_vbuffer_plan *b = &prog->buffers[p->buffer];
        if (attrs < be->caps.max_attribs && attrs < MAX_ATTRIBS && as_attribute(be, f, p)) {
            p->attribute = true;
            p->location = (uint8_t)attrs++;
            p->stride = f->stride;
        } else {
            b->texels = prog->reads_texels = true;
            b->whole |= !f->index_is_vertex || f->src_rel;
        }
    }
    return 0;
}

static int plan_samplers(const struct gl_backend *be, struct gl_program *prog,
                         const struct shader_info *info, bool pixel, struct err *err)
{
    unsigned stage = 0;
    for (unsigned i = 0; i < info->tfetch_count; i++) {
        const struct shader_tfetch *f = &info->tfetch[i];
        if (gl_plan_sampler(prog, f, pixel) >= 0) {
            continue;
        }
        if (prog->sampler_count >= MAX_SAMPLERS || stage >= (unsigned)be->caps.max_stage_units) {
            return err_set(err, -ENOTSUP, "more texture samplers than the host has");
        }
        stage++;
        prog->samplers[prog->sampler_count++] = (struct gl_sampler_plan){
            .constant = f->constant & 31,
            .dimension = prog->key.dims[f->constant & 31],
            .mag = f->mag,
            .min = f->min,
            .mip = f->mip,
            .aniso = f->aniso,
            .pixel = pixel,
        };
    }
    return 0;
}

int gl_plan_sampler(const struct gl_program *prog, const struct shader_tfetch *f, bool pixel)
{
    for (unsigned i = 0; i < prog->sampler_count; i++) {
        const struct gl_sampler_plan *s = &prog->samplers[i];
        if (s->constant == (f->constant & 31) && s->mag == f->mag && s->min == f->min &&
            s->mip == f->mip && s->aniso == f->aniso && s->pixel == pixel) {
            return (int)i;
        }
    }
    return -1;
}

static void plan_block(struct gl_stage_block *b, const struct shader_info *info, const char *body,
                       unsigned buffers)
{
    b->uses_flow = strstr(body, "yamato_bool(") || strstr(body, "yamato_loop(");
    b->const_count = info->uses_rel_const ? 512 : info->alu_const_max;
    b->const_count = b->const_count > 512 ? 512 : b->const_count;
    b->buffers = 0;
    b->flow = b->buffers + 16 * buffers;
    b->consts = b->flow + (b->uses_flow ? 16 * (2 + 32) : 0);
    b->bytes = b->consts + 16 * b->const_count;
    b->bytes = b->bytes ? b->bytes : 16;
}

int gl_plan_make(const struct gl_backend *be, struct gl_program *prog, const struct shader *vs,
                 const char *vs_body, const struct shader *ps, const char *ps_body, struct err *err)
{
    const struct shader_info *vi = shader_info(vs), *pi = ps ? shader_info(ps) : NULL;
    int rc = plan_vfetches(be, prog, vi, err);
    if (!rc) {
        rc = plan_samplers(be, prog, vi, false, err);
    }
    if (!rc && pi) {
        rc = plan_samplers(be, prog, pi, true, err);
    }
    if (rc) {
        return rc;
    }
    plan_block(&prog->vs, vi, vs_body, prog->buffer_count);
    if (pi) {
        plan_block(&prog->ps, pi, ps_body, 0);
    } else {
        prog->ps.bytes = 16;
    }
    if ((int)prog->vs.bytes > be->caps.max_ubo || (int)prog->ps.bytes > be->caps.max_ubo) {
        return err_set(err, -ENOTSUP, "constants do not fit a uniform block of %d bytes",
                       be->caps.max_ubo);
    }
    return 0;
}
