// SPDX-License-Identifier: MIT
//
// The GLSL around translated shaders: the functions that shader-isa's text calls (constants, vertex
// and texture fetch), and a main() that does what the a2xx does outside its shaders: viewport
// variants, point size, ParamGen, alpha test, component swap, and the fourth corner of RECTLIST
// (geometry shader). What is fixed for a program is written into the text, the rest are uniforms.
#include "host-backends/gl/gl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "gpu-model/formats.h"

enum { VTE_XY_DIVIDED = 1, VTE_Z_DIVIDED = 2, VTE_W_NOT_INVERSE = 4 }; // bits 8..10 of the register

static void version(const struct gl_backend *be, FILE *f)
{
    fprintf(f, "#version %d core\n", be->caps.glsl);
    if (be->caps.glsl < 400) {
        fputs("#extension GL_ARB_gpu_shader5 : enable\n#extension GL_ARB_texture_query_lod : enable\n",
              f);
    }
}

// ---- uniform blocks ----------------------------------------------------------------------------

// Members of blocks are global names, so each stage has its own prefix: 'v' or 'p'.
static void data_block(FILE *f, const struct gl_stage_block *b, char stage, unsigned buffers)
{
    if (!buffers && !b->uses_flow && !b->const_count) {
        return;
    }
    fprintf(f, "layout(std140) uniform y_%cd {\n", stage);
    if (buffers) {
        fprintf(f, "    ivec4 y_buffer[%u];\n", buffers);
    }
    if (b->uses_flow) {
        fprintf(f, "    uvec4 y_%cbools[2];\n    ivec4 y_%cloops[32];\n", stage, stage);
    }
    if (b->const_count) {
        fprintf(f, "    vec4 y_%cc[%u];\n", stage, b->const_count);
    }
    fputs("};\n", f);
}

static void vertex_head(FILE *f)
{
    fputs("layout(std140) uniform y_vs {\n    vec4 y_pos_scale, y_pos_bias, y_view, y_point;\n"
          "    uvec4 y_first;\n};\n",
          f);
}

static void stage_functions(FILE *f, const struct gl_stage_block *b, char stage)
{
    if (b->const_count) {
        fprintf(f,
                "vec4 yamato_const(int i) { return uint(i) < %uu ? y_%cc[i] : vec4(0.0); }\n",
                b->const_count, stage);
    } else {
        fputs("vec4 yamato_const(int i) { return vec4(0.0); }\n", f);
    }
    if (b->uses_flow) {
        fprintf(f,
                "bool yamato_bool(int i) {\n"
                "    return (y_%cbools[(i >> 7) & 1][(i >> 5) & 3] >> uint(i & 31) & 1u) != 0u;\n}\n"
                "ivec3 yamato_loop(int i) { return y_%cloops[i & 31].xyz; }\n",
                stage, stage);
    } else {
        fputs("bool yamato_bool(int i) { return false; }\n"
              "ivec3 yamato_loop(int i) { return ivec3(0); }\n",
              f);
    }
}

// ---- vertex fetch ---------------------------------------------------------------------------------

static float pow2(int e)
{
    return ldexpf(1.0f, e);
}

static void fetch_attribute(FILE *f, unsigned n, const struct shader_vfetch *vf,
                            const struct gl_vfetch_plan *p)
{
    static const char *const fill[4] = {"%s.x, 0.0, 0.0, 0.0", "%s.xy, 0.0, 0.0", "%s.xyz, 0.0", "%s"};
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

static void vertex_fetches(FILE *f, const struct gl_program *prog, const struct shader_info *info)
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

// ---- texture fetch -----------------------------------------------------------------------------------

enum { OP_TFETCH = 1, OP_LOD = 17, OP_GRADIENTS = 18, OP_WEIGHTS = 19 };

static void sample_call(FILE *f, const struct shader_tfetch *t, unsigned dim, const char *sampler,
                        bool pixel)
{
    const char *grad = dim == DIM_3D || dim == DIM_CUBE ? "gh, gv" : "gh.xy, gv.xy";
    bool bias = t->lod_bias != 0 || t->use_reg_lod;

    fprintf(f, "    float lod = %s%.9e;\n", t->use_reg_lod ? "reg_lod + " : "", (double)t->lod_bias);
    if (t->use_reg_gradients) {
        fprintf(f, "    return textureGrad(%s, p, %s);\n}\n", sampler, grad);
    } else if (t->use_comp_lod && pixel) {
        fprintf(f, bias ? "    return texture(%s, p, lod);\n}\n" : "    return texture(%s, p);\n}\n",
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
            fputs("    return vec4(dFdx(coord.x), dFdy(coord.x), dFdx(coord.y), dFdy(coord.y));\n}\n",
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
        fprintf(f, "    return vec4(fract(p.xy * vec2(textureSize(%s, 0).xy) - 0.5), %s, 0.0);\n}\n",
                sampler, dim == DIM_3D ? "fract(p.z)" : "0.0");
        return;
    default:
        break;
    }
    fputs("    return vec4(0.0);\n}\n", f);
}

static void texture_fetches(const struct gl_backend *be, FILE *f, const struct gl_program *prog,
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

// ---- stages --------------------------------------------------------------------------------------------

static void interpolators(FILE *f, const struct gl_program *prog, const char *dir, const char *prefix,
                          const char *array)
{
    for (unsigned i = 0; i < prog->key.interpolators; i++) {
        fprintf(f, "%s%s vec4 %s%u%s;\n", prog->key.flat >> i & 1 ? "flat " : "", dir, prefix, i,
                array);
    }
}

static bool has_geometry(const struct gl_program_key *key)
{
    return key->shape != SHAPE_PLAIN;
}

static char *finish(FILE *f, char **text)
{
    if (fclose(f)) {
        free(*text);
        return NULL;
    }
    return *text;
}

char *gl_glsl_vertex(const struct gl_backend *be, const struct gl_program *prog,
                     const struct shader *vs, const char *body)
{
    const struct gl_program_key *key = &prog->key;
    const struct shader_info *info = shader_info(vs);
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f) {
        return NULL;
    }
    version(be, f);
    vertex_head(f);
    data_block(f, &prog->vs, 'v', prog->buffer_count);
    stage_functions(f, &prog->vs, 'v');
    vertex_fetches(f, prog, info);
    texture_fetches(be, f, prog, info, false);
    interpolators(f, prog, "out", has_geometry(key) ? "y_g" : "y_v", "");
    fputs(body, f);
    fputs("\nvoid main() {\n"
          "    vec4 p = vec4(0.0), m = vec4(0.0), o[16];\n"
          "    for (int i = 0; i < 16; i++) o[i] = vec4(0.0);\n"
          "    yamato_vs(float(uint(gl_VertexID) + y_first.x), p, m, o);\n",
          f);
    for (unsigned i = 0; i < key->interpolators; i++) {
        fprintf(f, info->export_mask >> i & 1 ? "    %s%u = o[%u];\n" : "    %s%u = vec4(0.0);\n",
                has_geometry(key) ? "y_g" : "y_v", i, i);
    }
    if (!(key->w_format & VTE_W_NOT_INVERSE)) {
        fputs("    p.w = 1.0 / p.w;\n", f);
    }
    if (key->w_format & VTE_XY_DIVIDED) {
        fputs("    p.xy *= p.w;\n", f);
    }
    if (key->w_format & VTE_Z_DIVIDED) {
        fputs("    p.z *= p.w;\n", f);
    }
    fputs("    p.xyz = p.xyz * y_pos_scale.xyz + y_pos_bias.xyz * p.w;\n", f);
    if (key->kind == KIND_POINT) { // centres in (p - size/2, p + size/2], as the software backend has it
        fputs("    p.xy += p.w / 256.0 / y_view.xy;\n", f);
    }
    fputs(key->point_size ? "    gl_PointSize = min(max(m.x, y_point.y), y_point.z);\n"
                          : "    gl_PointSize = y_point.x;\n",
          f);
    fputs("    gl_Position = p;\n}\n", f);
    return finish(f, &text);
}

static void rect_body(FILE *f, const struct gl_program *prog)
{
    fputs("layout(triangles) in;\nlayout(triangle_strip, max_vertices = 4) out;\n", f);
    interpolators(f, prog, "in", "y_g", "[]");
    interpolators(f, prog, "out", "y_v", "");
    // the corner is the vertex that faces the longest edge
    fputs("void main() {\n"
          "    vec2 s[3];\n"
          "    for (int i = 0; i < 3; i++)\n"
          "        s[i] = gl_in[i].gl_Position.xy / gl_in[i].gl_Position.w * y_view.xy;\n"
          "    float best = -1.0;\n    int c = 1;\n"
          "    for (int i = 0; i < 3; i++) {\n"
          "        vec2 e = s[(i + 1) % 3] - s[(i + 2) % 3];\n"
          "        if (dot(e, e) > best) { best = dot(e, e); c = i; }\n    }\n"
          "    int a = (c + 2) % 3, b = (c + 1) % 3;\n",
          f);
    static const char *const corner[] = {"c", "a", "b"};
    for (unsigned v = 0; v < 4; v++) {
        const char *k = v < 3 ? corner[v] : "";
        for (unsigned i = 0; i < prog->key.interpolators; i++) {
            if (v < 3) {
                fprintf(f, "    y_v%u = y_g%u[%s];\n", i, i, k);
            } else {
                fprintf(f, "    y_v%u = y_g%u[a] + y_g%u[b] - y_g%u[c];\n", i, i, i, i);
            }
        }
        if (v < 3) {
            fprintf(f, "    gl_Position = gl_in[%s].gl_Position;\n", k);
        } else {
            fputs("    gl_Position = gl_in[a].gl_Position + gl_in[b].gl_Position"
                  " - gl_in[c].gl_Position;\n",
                  f);
        }
        fputs("    EmitVertex();\n", f);
    }
    fputs("    EndPrimitive();\n}\n", f);
}

// Lines wider than the host's: a rectangle along the major axis' normal, as aliased lines are.
static void line_body(FILE *f, const struct gl_program *prog)
{
    fputs("layout(lines) in;\nlayout(triangle_strip, max_vertices = 4) out;\n", f);
    interpolators(f, prog, "in", "y_g", "[]");
    interpolators(f, prog, "out", "y_v", "");
    fputs("void main() {\n"
          "    vec4 p0 = gl_in[0].gl_Position, p1 = gl_in[1].gl_Position;\n"
          "    if (p0.w <= 0.0 || p1.w <= 0.0) return;\n"
          "    vec2 d = (p1.xy / p1.w - p0.xy / p0.w) * y_view.xy;\n"
          "    vec2 h = (abs(d.x) >= abs(d.y) ? vec2(0.0, y_point.w) : vec2(y_point.w, 0.0))"
          " * 0.5 / y_view.xy;\n",
          f);
    for (unsigned v = 0; v < 4; v++) {
        unsigned end = v / 2;
        for (unsigned i = 0; i < prog->key.interpolators; i++) {
            fprintf(f, "    y_v%u = y_g%u[%u];\n", i, i, end);
        }
        fprintf(f, "    gl_Position = vec4(p%u.xy %c h * p%u.w, p%u.zw);\n    EmitVertex();\n", end,
                v & 1 ? '+' : '-', end, end);
    }
    fputs("    EndPrimitive();\n}\n", f);
}

// Points larger than the host's. Their sprite coordinate travels with them.
static void point_body(FILE *f, const struct gl_program *prog)
{
    fputs("layout(points) in;\nlayout(triangle_strip, max_vertices = 4) out;\n"
          "out vec2 y_sprite;\n",
          f);
    interpolators(f, prog, "in", "y_g", "[]");
    interpolators(f, prog, "out", "y_v", "");
    fputs("void main() {\n"
          "    vec4 p = gl_in[0].gl_Position;\n"
          "    if (p.w <= 0.0 || (y_first.y != 0u && any(greaterThan(abs(p.xyz), p.www)))) return;\n"
          "    vec2 h = gl_in[0].gl_PointSize * 0.5 * p.w / y_view.xy;\n"
          "    for (int i = 0; i < 4; i++) {\n"
          "        y_sprite = vec2(i & 1, i >> 1);\n"
          "        gl_Position = vec4(p.xy + (y_sprite * 2.0 - 1.0) * h, p.zw);\n",
          f);
    for (unsigned i = 0; i < prog->key.interpolators; i++) {
        fprintf(f, "        y_v%u = y_g%u[0];\n", i, i);
    }
    fputs("        EmitVertex();\n    }\n    EndPrimitive();\n}\n", f);
}

char *gl_glsl_geometry(const struct gl_backend *be, const struct gl_program *prog)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f) {
        return NULL;
    }
    version(be, f);
    vertex_head(f);
    switch ((enum gl_shape)prog->key.shape) {
    case SHAPE_PLAIN:
        break;
    case SHAPE_RECT:
        rect_body(f, prog);
        break;
    case SHAPE_WIDE_LINE:
        line_body(f, prog);
        break;
    case SHAPE_BIG_POINT:
        point_body(f, prog);
        break;
    }
    return finish(f, &text);
}

// ParamGen: pixel position, place inside a point; signs tell back faces, points and lines.
static void param_gen(FILE *f, const struct gl_program_key *key)
{
    const char *sprite = key->shape == SHAPE_BIG_POINT ? "y_sprite" : "gl_PointCoord";
    fputs("    vec2 at = floor(gl_FragCoord.xy);\n", f);
    if (key->kind == KIND_TRIANGLE) { // -0 must come out at x = 0
        fputs("    if (!gl_FrontFacing) at.x = uintBitsToFloat(floatBitsToUint(at.x) ^ 0x80000000u);\n",
              f);
    }
    switch ((enum gl_kind)key->kind) {
    case KIND_POINT:
        fprintf(f, "    r[%u] = vec4(at.x, -at.y, %s);\n", key->param_gen - 1, sprite);
        break;
    case KIND_LINE:
        fprintf(f, "    r[%u] = vec4(at, uintBitsToFloat(0x80000000u), 0.0);\n", key->param_gen - 1);
        break;
    case KIND_TRIANGLE:
        fprintf(f, "    r[%u] = vec4(at, 0.0, 0.0);\n", key->param_gen - 1);
        break;
    }
}

static void alpha_test(FILE *f, unsigned func)
{
    static const char *const op[8] = {"false", "<", "==", "<=", ">", "!=", ">=", "true"};
    if (func == 0) {
        fputs("    discard;\n", f);
    } else if (func < 7) {
        fprintf(f, "    if (!(color.a %s y_alpha.x)) discard;\n", op[func]);
    }
}

// Ordered dither for targets of few bits (the matrix of the software backend), and with exact
// arithmetic rounding to their precision too, because hosts round each in their own way; blending
// comes after this, so that it must be left alone then.
static void quantise(FILE *f, const struct gl_program_key *key)
{
    const struct format_info *info = color_format_info(key->px);
    float max[4] = {0, 0, 0, 0};
    bool coarse = false;
    for (unsigned i = 0; info && info->kind == FORMAT_BITS && i < info->components; i++) {
        max[i] = (float)((1 << info->bits[i]) - 1);
        coarse |= info->bits[i] < 8;
    }
    bool round = key->exact && !key->blend;
    if (!coarse || (!key->dither && !round)) {
        return;
    }
    fprintf(f, "    const vec4 most = vec4(%.1f, %.1f, %.1f, %.1f);\n    color = clamp(color, 0.0, 1.0);\n",
            (double)max[0], (double)max[1], (double)max[2], (double)max[3] + (max[3] == 0));
    if (key->dither) {
        fputs("    const float m[16] = float[16](0.0, 8.0, 2.0, 10.0, 12.0, 4.0, 14.0, 6.0, 3.0, 11.0,"
              " 1.0, 9.0, 15.0, 7.0, 13.0, 5.0);\n"
              "    ivec2 cell = ivec2(gl_FragCoord.xy) & 3;\n"
              "    color += ((m[cell.y * 4 + cell.x] + 0.5) / 16.0 - 0.5) / most;\n",
              f);
    }
    if (round) {
        fputs("    color = floor(clamp(color, 0.0, 1.0) * most + 0.5) / most;\n", f);
    }
}

char *gl_glsl_pixel(const struct gl_backend *be, const struct gl_program *prog,
                    const struct shader *ps, const char *body)
{
    const struct gl_program_key *key = &prog->key;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f) {
        return NULL;
    }
    version(be, f);
    if (!ps) {
        fputs("void main() {}\n", f);
        return finish(f, &text);
    }
    const struct shader_info *info = shader_info(ps);
    fputs("layout(std140) uniform y_ps { vec4 y_alpha; };\n", f);
    data_block(f, &prog->ps, 'p', 0);
    stage_functions(f, &prog->ps, 'p');
    texture_fetches(be, f, prog, info, true);
    interpolators(f, prog, "in", "y_v", "");
    if (key->shape == SHAPE_BIG_POINT) {
        fputs("in vec2 y_sprite;\n", f);
    }
    fputs("layout(location = 0) out vec4 y_color;\n", f);
    fputs(body, f);
    fputs("\nvoid main() {\n    vec4 r[16], color = vec4(0.0);\n    float depth = gl_FragCoord.z;\n"
          "    for (int i = 0; i < 16; i++) r[i] = vec4(0.0);\n",
          f);
    for (unsigned i = 0; i < key->interpolators; i++) {
        fprintf(f, "    r[%u] = y_v%u;\n", i, i);
    }
    if (key->param_gen && key->param_gen <= 16) {
        param_gen(f, key);
    }
    fputs("    yamato_ps(r, color, depth);\n", f);
    alpha_test(f, key->alpha_func);
    uint8_t route[4];
    gl_pixel_route(key->px, key->swap, route);
    quantise(f, key);
    fprintf(f, "    y_color = color.%c%c%c%c;\n", "rgba"[route[0]], "rgba"[route[1]],
            "rgba"[route[2]], "rgba"[route[3]]);
    if (info->exports_depth) {
        fputs("    gl_FragDepth = depth;\n", f);
    }
    fputs("}\n", f);
    return finish(f, &text);
}
