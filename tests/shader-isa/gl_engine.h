// SPDX-License-Identifier: MIT
//
// Runs translated programs on the host's GL (EGL without a surface): pixel programs on a row of
// pixels whose inputs come from a float texture, vertex programs on points. Used to compare the
// GLSL translation with the interpreter. Fetches are stand-ins that both sides compute alike.
#ifndef TESTS_SHADER_ISA_GL_ENGINE_H
#define TESTS_SHADER_ISA_GL_ENGINE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <epoxy/egl.h>
#include <epoxy/gl.h>

#include "shader-isa/shader.h"

#define ENGINE_LANES 256 // invocations of one run
#define ENGINE_REGS 16
#define ENGINE_CONSTS 256

struct gl_engine {
    EGLDisplay dpy;
    EGLContext ctx;
    GLuint input, target[3], fbo, vao;
    GLuint program; // of the last run, kept while the shader stays the same
    uint64_t hash;
    bool exact;
};

struct engine_data {
    float in[ENGINE_REGS][ENGINE_LANES][4]; // pixel programs: r0..r15; vertex: r0.x = index
    float consts[ENGINE_CONSTS][4];
    uint32_t bools[8];
    uint32_t loops[32];
    float out[3][ENGINE_LANES][4]; // pixel: colour, (depth, alive); vertex: o[0], position, misc
};

static inline bool engine_open(struct gl_engine *e)
{
    setenv("EGL_PLATFORM", "surfaceless", 0);
    e->dpy = eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL);
    if (!e->dpy || !eglInitialize(e->dpy, NULL, NULL)) {
        return false;
    }
    eglBindAPI(EGL_OPENGL_ES_API);
    static const EGLint attribs[] = {EGL_CONTEXT_CLIENT_VERSION, 3, EGL_NONE};
    e->ctx = eglCreateContext(e->dpy, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attribs);
    if (!e->ctx || !eglMakeCurrent(e->dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, e->ctx)) {
        return false;
    }
    glGenTextures(1, &e->input);
    glGenTextures(3, e->target);
    glGenFramebuffers(1, &e->fbo);
    glGenVertexArrays(1, &e->vao);
    glBindVertexArray(e->vao);
    glBindFramebuffer(GL_FRAMEBUFFER, e->fbo);
    GLenum buffers[3];
    for (int i = 0; i < 3; i++) {
        glBindTexture(GL_TEXTURE_2D, e->target[i]);
        glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA32F, ENGINE_LANES, 1);
        buffers[i] = GL_COLOR_ATTACHMENT0 + (GLenum)i;
        glFramebufferTexture2D(GL_FRAMEBUFFER, buffers[i], GL_TEXTURE_2D, e->target[i], 0);
    }
    glDrawBuffers(3, buffers);
    glBindTexture(GL_TEXTURE_2D, e->input);
    glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA32F, ENGINE_LANES, ENGINE_REGS);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glViewport(0, 0, ENGINE_LANES, 1);
    return glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
}

static inline void engine_close(struct gl_engine *e)
{
    if (e->ctx) {
        eglMakeCurrent(e->dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        eglDestroyContext(e->dpy, e->ctx);
        eglTerminate(e->dpy);
    }
}

static inline GLuint engine_stage(GLenum type, const char *const *parts, int n)
{
    GLuint s = glCreateShader(type);
    glShaderSource(s, n, parts, NULL);
    glCompileShader(s);
    GLint ok;
    glGetShaderiv(s, GL_COMPILE_STATUS, &ok);
    if (!ok) {
        char log[2048];
        glGetShaderInfoLog(s, sizeof log, NULL, log);
        printf("GLSL: %s\n", log);
        for (int i = 1; i < n; i++) {
            printf("%s\n", parts[i]);
        }
        glDeleteShader(s);
        return 0;
    }
    return s;
}

static const char engine_head[] = "#version 300 es\n"
                                  "precision highp float;\n"
                                  "precision highp int;\n"
                                  "uniform highp sampler2D inputs;\n"
                                  "uniform vec4 consts[256];\n"
                                  "uniform highp uvec4 bools[2];\n"
                                  "uniform highp uvec4 loops[8];\n"
                                  "vec4 yamato_const(int i)\n"
                                  "{\n"
                                  "    return i < 0 || i >= 256 ? vec4(0.0) : consts[i];\n"
                                  "}\n"
                                  "bool yamato_bool(int i)\n"
                                  "{\n"
                                  "    uint w = bools[i >> 7][(i >> 5) & 3];\n"
                                  "    return ((w >> uint(i & 31)) & 1u) != 0u;\n"
                                  "}\n"
                                  "ivec3 yamato_loop(int i)\n"
                                  "{\n"
                                  "    int w = int(loops[i >> 2][i & 3]);\n"
                                  "    int s = (w << 8) >> 24;\n"
                                  "    return ivec3(w & 255, (w >> 8) & 255, s);\n"
                                  "}\n";

static const char engine_ps_tail[] =
    "layout(location = 0) out vec4 out0;\n"
    "layout(location = 1) out vec4 out1;\n"
    "layout(location = 2) out vec4 out2;\n"
    "void main()\n"
    "{\n"
    "    vec4 r[16];\n"
    "    vec4 c;\n"
    "    float d;\n"
    "    for (int i = 0; i < 16; i++) {\n"
    "        r[i] = texelFetch(inputs, ivec2(int(gl_FragCoord.x), i), 0);\n"
    "    }\n"
    "    yamato_ps(r, c, d);\n"
    "    out0 = c;\n"
    "    out1 = vec4(d, 1.0, 0.0, 0.0);\n"
    "    out2 = vec4(0.0);\n"
    "}\n";

static const char engine_vs_tail[] =
    "flat out vec4 v0;\n"
    "flat out vec4 v1;\n"
    "flat out vec4 v2;\n"
    "void main()\n"
    "{\n"
    "    vec4 position, misc, o[16];\n"
    "    yamato_vs(texelFetch(inputs, ivec2(gl_VertexID, 0), 0).x, position, misc, o);\n"
    "    v0 = o[0];\n"
    "    v1 = position;\n"
    "    v2 = misc;\n"
    "    gl_PointSize = 1.0;\n"
    "    gl_Position = vec4((float(gl_VertexID) + 0.5) / 128.0 - 1.0, 0.0, 0.0, 1.0);\n"
    "}\n";

static const char engine_plain_vs[] =
    "#version 300 es\n"
    "void main()\n"
    "{\n"
    "    vec2 p = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0;\n"
    "    gl_Position = vec4(p, 0.0, 1.0);\n"
    "}\n";

static const char engine_plain_fs[] = "#version 300 es\n"
                                      "precision highp float;\n"
                                      "flat in vec4 v0;\n"
                                      "flat in vec4 v1;\n"
                                      "flat in vec4 v2;\n"
                                      "layout(location = 0) out vec4 out0;\n"
                                      "layout(location = 1) out vec4 out1;\n"
                                      "layout(location = 2) out vec4 out2;\n"
                                      "void main() { out0 = v0; out1 = v1; out2 = v2; }\n";

// Stand-ins for the fetches; the interpreter's side is engine_vfetch and engine_tfetch.
static inline void engine_fetch_text(const struct shader_info *info, char *text, size_t size)
{
    size_t n = 0;
    text[0] = 0;
    for (unsigned i = 0; i < info->vfetch_count && n + 200 < size; i++) {
        n += (size_t)snprintf(text + n, size - n,
                              "vec4 yamato_vfetch%u(float i) { return vec4(i, i + 1.0, i * 0.5, "
                              "%u.0); }\n",
                              i, info->vfetch[i].constant);
    }
    for (unsigned i = 0; i < info->tfetch_count && n + 200 < size; i++) {
        n += (size_t)snprintf(text + n, size - n,
                              "vec4 yamato_tfetch%u(vec3 c, float l, vec3 h, vec3 v) { return "
                              "vec4(c.x, c.y, c.z + l, h.x - v.z + %u.0); }\n",
                              i, info->tfetch[i].constant);
    }
}

static inline void engine_vfetch(struct shader_env *env, const struct shader_vfetch *f,
                                 unsigned lanes, uint32_t active, const float *index,
                                 float out[4][SHADER_LANES])
{
    (void)env, (void)lanes, (void)active;
    for (int i = 0; i < SHADER_LANES; i++) {
        out[0][i] = index[i];
        out[1][i] = index[i] + 1.0f;
        out[2][i] = index[i] * 0.5f;
        out[3][i] = f->constant;
    }
}

static inline void engine_tfetch(struct shader_env *env, const struct shader_tfetch *f,
                                 unsigned lanes, uint32_t active,
                                 const float coord[3][SHADER_LANES], const float *reg_lod,
                                 const float grad_h[3][SHADER_LANES],
                                 const float grad_v[3][SHADER_LANES], float out[4][SHADER_LANES])
{
    (void)env, (void)lanes, (void)active;
    for (int i = 0; i < SHADER_LANES; i++) {
        out[0][i] = coord[0][i];
        out[1][i] = coord[1][i];
        out[2][i] = coord[2][i] + reg_lod[i];
        out[3][i] = grad_h[0][i] - grad_v[2][i] + f->constant;
    }
}

static const struct shader_env_ops engine_ops = {.vfetch = engine_vfetch, .tfetch = engine_tfetch};

// Translates and links; 0 when it is refused, or GL said no (printed).
static inline GLuint engine_link(const struct shader *sh, bool exact)
{
    bool ps = shader_stage(sh) == SHADER_PIXEL;
    struct shader_glsl_options opt = {.exact = exact, .kill_discard = true};
    char *text, fetches[16384];
    if (shader_to_glsl(sh, &opt, &text, NULL)) {
        return 0;
    }
    engine_fetch_text(shader_info(sh), fetches, sizeof fetches);
    const char *plain[] = {ps ? engine_plain_vs : engine_plain_fs};
    const char *parts[] = {engine_head, fetches, text, ps ? engine_ps_tail : engine_vs_tail};
    GLuint a = engine_stage(ps ? GL_FRAGMENT_SHADER : GL_VERTEX_SHADER, parts, 4);
    GLuint b = engine_stage(ps ? GL_VERTEX_SHADER : GL_FRAGMENT_SHADER, plain, 1);
    free(text);
    if (!a || !b) {
        return 0;
    }
    GLuint p = glCreateProgram();
    glAttachShader(p, a);
    glAttachShader(p, b);
    glLinkProgram(p);
    glDeleteShader(a);
    glDeleteShader(b);
    GLint ok;
    glGetProgramiv(p, GL_LINK_STATUS, &ok);
    if (!ok) {
        char log[2048];
        glGetProgramInfoLog(p, sizeof log, NULL, log);
        printf("GLSL link: %s\n", log);
        glDeleteProgram(p);
        return 0;
    }
    return p;
}

// Runs a program for all lanes. False: it cannot be translated.
static inline bool engine_run(struct gl_engine *e, const struct shader *sh, bool exact,
                              struct engine_data *d)
{
    bool ps = shader_stage(sh) == SHADER_PIXEL;
    if (!e->program || e->hash != shader_hash(sh) || e->exact != exact) {
        glDeleteProgram(e->program);
        e->program = engine_link(sh, exact);
        e->hash = shader_hash(sh);
        e->exact = exact;
    }
    if (!e->program) {
        return false;
    }
    GLuint p = e->program;
    glUseProgram(p);
    glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, ENGINE_LANES, ENGINE_REGS, GL_RGBA, GL_FLOAT, d->in);
    glUniform4fv(glGetUniformLocation(p, "consts"), ENGINE_CONSTS, &d->consts[0][0]);
    glUniform4uiv(glGetUniformLocation(p, "bools"), 2, d->bools);
    glUniform4uiv(glGetUniformLocation(p, "loops"), 8, d->loops);
    glClearColor(0, 0, 0, 0);
    glClear(GL_COLOR_BUFFER_BIT);
    glDrawArrays(ps ? GL_TRIANGLES : GL_POINTS, 0, ps ? 3 : ENGINE_LANES);
    for (int i = 0; i < 3; i++) {
        glReadBuffer(GL_COLOR_ATTACHMENT0 + (GLenum)i);
        glReadPixels(0, 0, ENGINE_LANES, 1, GL_RGBA, GL_FLOAT, d->out[i]);
    }
    return glGetError() == GL_NO_ERROR;
}

// The same on the interpreter.
static inline enum shader_result engine_interpret(const struct shader *sh, struct engine_data *d)
{
    struct shader_env env = {.ops = &engine_ops,
                             .alu = (const float(*)[4])d->consts,
                             .alu_count = ENGINE_CONSTS,
                             .bools = d->bools,
                             .loops = d->loops,
                             .max_steps = 1u << 20};
    bool ps = shader_stage(sh) == SHADER_PIXEL;
    const struct shader_info *info = shader_info(sh);
    enum shader_result worst = SHADER_OK;
    struct shader_lanes *l = malloc(sizeof *l);
    for (int first = 0; first < ENGINE_LANES && l; first += SHADER_LANES) {
        memset(l, 0, sizeof *l);
        l->count = SHADER_LANES;
        l->active = 0xffff;
        for (int r = 0; r < (ps ? ENGINE_REGS : 1); r++) {
            for (int k = 0; k < (ps ? 4 : 1); k++) {
                for (int i = 0; i < SHADER_LANES; i++) {
                    l->r[r][k][i] = d->in[r][first + i][k];
                }
            }
        }
        enum shader_result res = shader_run(sh, &env, l);
        worst = res > worst ? res : worst;
        for (int i = 0; i < SHADER_LANES; i++) {
            for (int k = 0; k < 4; k++) {
                float *o = &d->out[0][first + i][k], *p = &d->out[1][first + i][k],
                      *m = &d->out[2][first + i][k];
                bool dead = ps && (l->killed >> i & 1);
                *o = (info->export_mask & 1) && !dead ? l->out[0][k][i] : 0;
                *p = ps                       ? (dead || k > 1         ? 0
                                                 : k == 1              ? 1
                                                 : info->exports_depth ? l->depth[i]
                                                                       : 0)
                     : info->exports_position ? l->position[k][i]
                                              : 0;
                *m = !ps && info->exports_misc ? l->misc[k][i] : 0;
            }
        }
    }
    free(l);
    return worst;
}

#endif
