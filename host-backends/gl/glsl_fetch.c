// SPDX-License-Identifier: MIT
//
// The fetch functions that translated shaders call. Vertex fetches read GL attributes or decode
// dwords of the texel buffer, as the program's plan says; dwords outside of the buffer read zero.
// Texture fetches turn the ISA's coordinates, level of detail rules and offsets into GLSL's.
#include "host-backends/gl/glsl.h"

#include <math.h>

#include "base/bits.h"
#include "gpu-model/formats.h"

// ---- vertex fetch -------------------------------------------------------------------------------

static float pow2(int e)
{
    return ldexpf(1.0f, e);
}

static void fetch_attribute(FILE *f, unsigned n, const struct shader_vfetch *vf,
                            const struct gl_vfetch_plan *p)
{
    static const char *const fill[4] = {"%s.x, 0.0, 0.0, 0.0", "%s.xy, 0.0, 0.0", "%s.xyz, 0.0",
                                        "%s"};
    char name[16], value[64];
    snprintf(name, sizeof name, "y_a%u", p->location);
    snprintf(value, sizeof value, fill[(p->size - 1) & 3], name);
    fprintf(f, "vec4 yamato_vfetch%u(float index) { return vec4(%s)", n, value);
    if (vf->exp_adjust) {
        fprintf(f, " * %.9e", (double)pow2(vf->exp_adjust));
    }
    fputs("; }\n", f);
}

// Expression for component i of a fetch from its words w0, w1, ...
static void field_expr(FILE *f, const struct format_info *info, const struct shader_vfetch *vf,
                       unsigned i, unsigned at)
{
    unsigned n = info->bits[i], word = at / 32, shift = at % 32;
    if (info->kind == FORMAT_FLOAT) {
        if (n == 32) {
            fprintf(f, "uintBitsToFloat(w%u)", word);
        } else {
            fprintf(f, "y_half(w%u >> %uu)", word, shift);
        }
        return;
    }
    double max = n == 32 ? 4294967295.0 : (double)((1u << n) - 1);
    if (!vf->is_signed) {
        if (n == 32) {
            fprintf(f, "float(w%u)", word);
        } else {
            fprintf(f, "float(w%u >> %uu & %uu)", word, shift, (1u << n) - 1);
        }
        if (!vf->is_integer) {
            fprintf(f, " / %.9e", max);
        }
        return;
    }
    char raw[64];
    snprintf(raw, sizeof raw, "float(int(w%u << %uu) >> %u)", word, 32 - n - shift, 32 - n);
    if (vf->is_integer) {
        fputs(raw, f);
    } else if (vf->signed_rf || n == 1) {
        fprintf(f, "(2.0 * %s + 1.0) / %.9e", raw, max);
    } else {
        fprintf(f, "max(-1.0, %s / %.9e)", raw, (max - 1) / 2);
    }
}

static void fetch_texels(FILE *f, unsigned n, const struct shader_vfetch *vf,
                         const struct gl_vfetch_plan *p)
{
    const struct format_info *info = format_info(vf->format);
    bool aligned = vf->stride % 4 == 0 && vf->offset % 4 == 0;

    fprintf(f, "vec4 yamato_vfetch%u(float index) {\n", n);
    if (!p->bytes || !info) {
        fputs("    return vec4(0.0);\n}\n", f);
        return;
    }
    // hostile indices: out of range before they can wrap
    fprintf(f,
            "    float i = index >= 0.0 ? floor(index%s) : 0.0;\n"
            "    float far = i * %u.0 + %d.0;\n"
            "    if (!(far >= 0.0 && far < 1.0e9)) return vec4(0.0);\n"
            "    int a = int(i) * %u + %d;\n",
            vf->index_round ? " + 0.5" : "", vf->stride, vf->offset, vf->stride, vf->offset);
    for (unsigned w = 0; 4 * w < p->bytes; w++) {
        fprintf(f, "    uint w%u = %s(y_buffer[%u], a + %u);\n", w, aligned ? "y_word" : "y_bytes",
                p->buffer, 4 * w);
    }
    fputs("    return vec4(", f);
    for (unsigned i = 0, at = 0; i < 4; i++) {
        fputs(i ? ", " : "", f);
        if (i < info->components) {
            field_expr(f, info, vf, i, at);
            at += info->bits[i];
        } else {
            fputs("0.0", f);
        }
    }
    fprintf(f, ") * %.9e;\n}\n", (double)pow2(vf->exp_adjust));
}

void gl_glsl_vertex_fetches(FILE *f, const struct gl_program *prog, const struct shader_info *info)
{
    bool texels = false;
    for (unsigned i = 0; i < prog->vfetch_count; i++) {
        if (prog->vfetch[i].attribute) {
            fprintf(f, "layout(location = %u) in vec4 y_a%u;\n", prog->vfetch[i].location,
                    prog->vfetch[i].location);
        } else {
            texels = true;
        }
    }
    if (texels) {
        fputs("uniform usamplerBuffer y_words;\n"
              "uint y_word(ivec4 b, int at) {\n"
              "    int d = at >> 2;\n"
              "    return d >= b.y && d < b.z ? texelFetch(y_words, b.x + d).x : 0u;\n}\n"
              "uint y_bytes(ivec4 b, int at) {\n"
              "    uint lo = y_word(b, at), s = uint(at & 3) * 8u;\n"
              "    return s == 0u ? lo : lo >> s | y_word(b, at + 4) << (32u - s);\n}\n"
              "float y_half(uint h) {\n"
              "    uint m = h & 1023u, e = h >> 10 & 31u;\n"
              "    float v = e == 0u ? float(m) * 5.9604644775390625e-8\n"
              "        : uintBitsToFloat((e == 31u ? 255u : e + 112u) << 23 | m << 13);\n"
              "    return (h & 32768u) != 0u ? -v : v;\n}\n",
              f);
    }
    for (unsigned i = 0; i < prog->vfetch_count; i++) {
        if (prog->vfetch[i].attribute) {
            fetch_attribute(f, i, &info->vfetch[i], &prog->vfetch[i]);
        } else {
            fetch_texels(f, i, &info->vfetch[i], &prog->vfetch[i]);
        }
    }
}

// ---- texture fetch ------------------------------------------------------------------------------

enum { OP_TFETCH = 1, OP_LOD = 17, OP_GRADIENTS = 18, OP_WEIGHTS = 19 };

static void sample_call(FILE *f, const struct shader_tfetch *t, unsigned dim, const char *sampler,
                        bool pixel)
{
    const char *grad = dim == DIM_3D || dim == DIM_CUBE ? "gh, gv" : "gh.xy, gv.xy";
    bool bias = t->lod_bias != 0 || t->use_reg_lod;

    fprintf(f, "    float lod = %s%.9e;\n", t->use_reg_lod ? "reg_lod + " : "",
            (double)t->lod_bias);
    if (t->use_reg_gradients) {
        fprintf(f, "    return textureGrad(%s, p, %s);\n}\n", sampler, grad);
    } else if (t->use_comp_lod && pixel) {
        fprintf(f,
                bias ? "    return texture(%s, p, lod);\n}\n" : "    return texture(%s, p);\n}\n",
                sampler);
    } else {
        fprintf(f, "    return textureLod(%s, p, lod);\n}\n", sampler);
    }
}

// Declares p, what GLSL's sampling functions take.
static void texture_coordinate(FILE *f, const struct shader_tfetch *t, unsigned dim,
                               const char *sampler)
{
    static const char *const from[DIM_COUNT] = {
        [DIM_1D] = "vec2 p = vec2(coord.x, 0.5)",
        [DIM_2D] = "vec2 p = coord.xy",
        [DIM_3D] = "vec3 p = coord",
        [DIM_STACK] = "vec3 p = coord",
    };
    const float *o = t->offset;

    if (dim == DIM_CUBE) { // face coordinates back to a direction, just inside the face
        fputs("    vec2 c = clamp((coord.xy - 1.5) * 2.0, -1.0, 1.0) * 0.9999997;\n"
              "    int face = int(clamp(floor(coord.z + 0.5), 0.0, 5.0));\n"
              "    vec3 p = face == 0 ? vec3(1.0, -c.y, -c.x) : face == 1 ? vec3(-1.0, -c.y, c.x)\n"
              "        : face == 2 ? vec3(c.x, 1.0, c.y) : face == 3 ? vec3(c.x, -1.0, -c.y)\n"
              "        : face == 4 ? vec3(c.x, -c.y, 1.0) : vec3(-c.x, -c.y, -1.0);\n",
              f);
        return;
    }
    fprintf(f, "    %s;\n", from[dim]);
    if (t->denorm_coords) {
        fprintf(f, "    p.x /= float(textureSize(%s, 0).x);\n", sampler);
        if (dim != DIM_1D) {
            fprintf(f, "    p.y /= float(textureSize(%s, 0).y);\n", sampler);
        }
    }
    if (dim == DIM_STACK) { // a layer number
        if (!t->denorm_coords) {
            fprintf(f, "    p.z *= float(textureSize(%s, 0).z);\n", sampler);
        }
        fputs("    p.z = floor(p.z);\n", f);
    } else if (dim == DIM_3D && t->denorm_coords) {
        fprintf(f, "    p.z /= float(textureSize(%s, 0).z);\n", sampler);
    }
    if (o[0] != 0 || o[1] != 0) {
        fprintf(f, "    p.xy += vec2(%f, %f) / vec2(textureSize(%s, 0).xy);\n", (double)o[0],
                dim == DIM_1D ? 0.0 : (double)o[1], sampler);
    }
    if (dim == DIM_3D && o[2] != 0) {
        fprintf(f, "    p.z += %f / float(textureSize(%s, 0).z);\n", (double)o[2], sampler);
    }
}

static void texture_fetch(const struct gl_backend *be, FILE *f, const struct gl_program *prog,
                          unsigned n, const struct shader_tfetch *t, bool pixel)
{
    unsigned dim = prog->key.dims[t->constant & 31];
    char sampler[16];

    snprintf(sampler, sizeof sampler, "y_t%d", gl_plan_sampler(prog, t, pixel));
    fprintf(f, "vec4 yamato_tfetch%u(vec3 coord, float reg_lod, vec3 gh, vec3 gv) {\n", n);
    switch (t->opcode) {
    case OP_TFETCH:
        texture_coordinate(f, t, dim, sampler);
        sample_call(f, t, dim, sampler, pixel);
        return;
    case OP_LOD:
        if (pixel && be->caps.glsl >= 400) {
            texture_coordinate(f, t, dim, sampler);
            fprintf(f, "    return vec4(textureQueryLod(%s, p%s).y, 0.0, 0.0, 0.0);\n}\n", sampler,
                    dim == DIM_STACK ? ".xy" : "");
            return;
        }
        break;
    case OP_GRADIENTS:
        if (pixel) {
            fputs(
                "    return vec4(dFdx(coord.x), dFdy(coord.x), dFdx(coord.y), dFdy(coord.y));\n}\n",
                f);
            return;
        }
        break;
    case OP_WEIGHTS:
        if (dim == DIM_CUBE) {
            fprintf(f, "    vec2 p = coord.xy - 1.0;\n");
        } else {
            texture_coordinate(f, t, dim, sampler);
        }
        fprintf(f,
                "    return vec4(fract(p.xy * vec2(textureSize(%s, 0).xy) - 0.5), %s, 0.0);\n}\n",
                sampler, dim == DIM_3D ? "fract(p.z)" : "0.0");
        return;
    default:
        break;
    }
    fputs("    return vec4(0.0);\n}\n", f);
}

void gl_glsl_texture_fetches(const struct gl_backend *be, FILE *f, const struct gl_program *prog,
                             const struct shader_info *info, bool pixel)
{
    static const char *const type[DIM_COUNT] = {"sampler2D", "sampler2D", "sampler3D",
                                                "samplerCube", "sampler2DArray"};
    for (unsigned i = 0; i < prog->sampler_count; i++) {
        if (prog->samplers[i].pixel == pixel) {
            fprintf(f, "uniform %s y_t%u;\n", type[prog->samplers[i].dimension], i);
        }
    }
    for (unsigned i = 0; i < info->tfetch_count; i++) {
        texture_fetch(be, f, prog, i, &info->tfetch[i], pixel);
    }
}
