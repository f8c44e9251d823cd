// SPDX-License-Identifier: MIT
//
// The GLSL around translated shaders: constants and flow control values, and a main() that does
// what the a2xx does outside its shaders: viewport variants, point size, ParamGen, alpha test,
// component swap, and the fourth corner of RECTLIST (geometry shader). What is fixed for a program
// is written into the text, the rest are uniforms. Fetches are in glsl_fetch.c.
#include "host-backends/gl/glsl.h"

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
        fputs("#extension GL_ARB_gpu_shader5 : enable\n#extension GL_ARB_texture_query_lod : "
              "enable\n",
              f);
    }
}

// ---- uniform blocks -----------------------------------------------------------------------------

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
        fprintf(f, "vec4 yamato_const(int i) { return uint(i) < %uu ? y_%cc[i] : vec4(0.0); }\n",
                b->const_count, stage);
    } else {
        fputs("vec4 yamato_const(int i) { return vec4(0.0); }\n", f);
    }
    if (b->uses_flow) {
        fprintf(
            f,
            "bool yamato_bool(int i) {\n"
            "    return (y_%cbools[(i >> 7) & 1][(i >> 5) & 3] >> uint(i & 31) & 1u) != 0u;\n}\n"
            "int y_budget = 65536;\n" // of iterations; an honest program has far fewer
            "ivec3 yamato_loop(int i) {\n"
            "    ivec3 k = y_%cloops[i & 31].xyz;\n"
            "    k.x = min(k.x, y_budget);\n    y_budget -= k.x;\n    return k;\n}\n",
            stage, stage);
    } else {
        fputs("bool yamato_bool(int i) { return false; }\n"
              "ivec3 yamato_loop(int i) { return ivec3(0); }\n",
              f);
    }
}

// ---- stages -------------------------------------------------------------------------------------

static void interpolators(FILE *f, const struct gl_program *prog, const char *dir,
                          const char *prefix, const char *array)
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
    gl_glsl_vertex_fetches(f, prog, info);
    gl_glsl_texture_fetches(be, f, prog, info, false);
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
    if (key->kind ==
        KIND_POINT) { // centres in (p - size/2, p + size/2], as the software backend has it
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
    fputs(
        "void main() {\n"
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
        fputs("    if (!gl_FrontFacing) at.x = uintBitsToFloat(floatBitsToUint(at.x) ^ "
              "0x80000000u);\n",
              f);
    }
    switch ((enum gl_kind)key->kind) {
    case KIND_POINT:
        fprintf(f, "    r[%u] = vec4(at.x, -at.y, %s);\n", key->param_gen - 1, sprite);
        break;
    case KIND_LINE:
        fprintf(f, "    r[%u] = vec4(at, uintBitsToFloat(0x80000000u), 0.0);\n",
                key->param_gen - 1);
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
    fprintf(f,
            "    const vec4 most = vec4(%.1f, %.1f, %.1f, %.1f);\n    color = clamp(color, 0.0, "
            "1.0);\n",
            (double)max[0], (double)max[1], (double)max[2], (double)max[3] + (max[3] == 0));
    if (key->dither) {
        fputs("    const float m[16] = float[16](0.0, 8.0, 2.0, 10.0, 12.0, 4.0, 14.0, 6.0, 3.0, "
              "11.0,"
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
    gl_glsl_texture_fetches(be, f, prog, info, true);
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
