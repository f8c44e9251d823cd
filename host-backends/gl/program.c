// SPDX-License-Identifier: MIT
//
// The program cache of a guest's context: a decoded shader pair plus the few bits of state that are
// compiled in, to a linked GL program with its plan. Failures are cached too, so that a program
// that can not be made is logged once and costs nothing afterwards.
#include "host-backends/gl/gl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"

enum { MAX_PROGRAMS = 2048 };

static GLuint compile(struct gl_context *ctx, GLenum stage, const char *text)
{
    GLuint sh = glCreateShader(stage);
    GLint ok = 0;

    TRACE(ctx->log, shader, "GLSL %s\n%s",
          stage == GL_VERTEX_SHADER     ? "vertex"
          : stage == GL_FRAGMENT_SHADER ? "pixel"
                                        : "geometry",
          text);
    glShaderSource(sh, 1, &text, NULL);
    glCompileShader(sh);
    glGetShaderiv(sh, GL_COMPILE_STATUS, &ok);
    if (!ok) {
        char msg[512] = "";
        glGetShaderInfoLog(sh, sizeof msg, NULL, msg);
        log_warn(ctx->log, "gl: a translated shader does not compile: %s", msg);
        glDeleteShader(sh);
        return 0;
    }
    return sh;
}

// Attaches the stage's text to the program and frees it.
static bool attach(struct gl_context *ctx, GLuint program, GLenum stage, char *text)
{
    GLuint sh = text ? compile(ctx, stage, text) : 0;
    free(text);
    if (!sh) {
        return false;
    }
    glAttachShader(program, sh);
    glDeleteShader(sh); // lives with the program
    return true;
}

static void set_bindings(struct gl_backend *be, struct gl_program *p)
{
    static const char *const blocks[] = {"y_vs", "y_ps", "y_vd", "y_pd"};
    char name[16];

    for (unsigned i = 0; i < ARRAY_LEN(blocks); i++) {
        GLuint index = glGetUniformBlockIndex(p->program, blocks[i]);
        if (index != GL_INVALID_INDEX) {
            glUniformBlockBinding(p->program, index, i);
        }
    }
    glUseProgram(p->program);
    be->program = NULL;
    glUniform1i(glGetUniformLocation(p->program, "y_words"), MAX_SAMPLERS);
    for (unsigned i = 0; i < p->sampler_count; i++) {
        snprintf(name, sizeof name, "y_t%u", i);
        glUniform1i(glGetUniformLocation(p->program, name), (GLint)i);
    }
    glGenVertexArrays(1, &p->vao);
    glBindVertexArray(p->vao);
    for (unsigned i = 0; i < p->vfetch_count; i++) {
        if (p->vfetch[i].attribute) {
            glEnableVertexAttribArray(p->vfetch[i].location);
        }
    }
}

static bool link_program(struct gl_context *ctx, struct gl_program *p, const struct gpu_draw *draw,
                         const char *vs_body, const char *ps_body)
{
    const struct gl_backend *be = ctx->be;
    GLint ok = 0;

    p->program = glCreateProgram();
    if (attach(ctx, p->program, GL_VERTEX_SHADER, gl_glsl_vertex(be, p, draw->vs, vs_body)) &&
        (p->key.shape == SHAPE_PLAIN ||
         attach(ctx, p->program, GL_GEOMETRY_SHADER, gl_glsl_geometry(be, p))) &&
        attach(ctx, p->program, GL_FRAGMENT_SHADER, gl_glsl_pixel(be, p, draw->ps, ps_body))) {
        glLinkProgram(p->program);
        glGetProgramiv(p->program, GL_LINK_STATUS, &ok);
        if (!ok) {
            char msg[512] = "";
            glGetProgramInfoLog(p->program, sizeof msg, NULL, msg);
            log_warn(ctx->log, "gl: a translated program does not link: %s", msg);
        }
    }
    if (!ok) {
        glDeleteProgram(p->program);
        p->program = 0;
        return false;
    }
    set_bindings(ctx->be, p);
    return true;
}

static void note_constants(const struct shader_info *info, uint64_t used[8])
{
    for (unsigned i = 0; i < 512; i++) {
        if (info->uses_rel_const || info->alu_const_used[i / 32] >> (i % 32) & 1) {
            used[i / 64] |= 1ull << (i % 64);
        }
    }
}

static void build(struct gl_context *ctx, struct gl_program *p, const struct gpu_draw *draw)
{
    struct err err = {0};
    struct shader_glsl_options opt = {.exact = p->key.exact, .kill_discard = true};
    char *vs = NULL, *ps = NULL;

    p->failure = GPU_BAD_SHADER;
    ctx->be->count.programs++;
    if (shader_to_glsl(draw->vs, &opt, &vs, &err) ||
        (draw->ps && shader_to_glsl(draw->ps, &opt, &ps, &err)) ||
        gl_plan_make(ctx->be, p, draw->vs, vs, draw->ps, ps, &err)) {
        log_warn(ctx->log, "gl: no GLSL for the shader pair %016llx %016llx: %s",
                 (unsigned long long)p->key.vs_hash, (unsigned long long)p->key.ps_hash, err.msg);
    } else if (!link_program(ctx, p, draw, vs, ps)) {
        p->failure = GPU_HOST_ERROR;
    } else {
        p->reads_window = p->key.param_gen != 0;
        p->vs_loops = strstr(vs, "for (") != NULL;
        p->ps_loops = ps && strstr(ps, "for (");
        note_constants(shader_info(draw->vs), p->vs_used);
        if (draw->ps) {
            note_constants(shader_info(draw->ps), p->ps_used);
        }
    }
    free(vs);
    free(ps);
    gl_check(ctx->be, "program");
}

static void program_free(struct gl_backend *be, struct gl_program *p)
{
    be->program = be->program == p ? NULL : be->program;
    if (p->program) {
        glDeleteProgram(p->program);
        glDeleteVertexArrays(1, &p->vao);
    }
    free(p);
}

void gl_programs_destroy(struct gl_context *ctx)
{
    for (unsigned i = 0; i < ARRAY_LEN(ctx->programs); i++) {
        while (ctx->programs[i]) {
            struct gl_program *p = ctx->programs[i];
            ctx->programs[i] = p->next;
            program_free(ctx->be, p);
        }
    }
    ctx->program_count = 0;
}

struct gl_program *gl_program_get(struct gl_context *ctx, const struct gpu_draw *draw,
                                  const struct gl_program_key *key, enum gpu_result *why)
{
    uint64_t h = hash_bytes(HASH_INIT, key, sizeof *key);
    struct gl_program **slot = &ctx->programs[h % ARRAY_LEN(ctx->programs)], *p;

    for (p = *slot; p; p = p->next) {
        if (!memcmp(&p->key, key, sizeof *key)) {
            break;
        }
    }
    if (!p) {
        if (ctx->program_count >= MAX_PROGRAMS) { // a guest that makes shaders without end
            gl_record_finish(ctx);
            gl_programs_destroy(ctx);
        }
        p = calloc(1, sizeof *p);
        if (!p) {
            *why = GPU_HOST_ERROR;
            return NULL;
        }
        p->key = *key;
        build(ctx, p, draw);
        p->next = *slot;
        *slot = p;
        ctx->program_count++;
    }
    if (!p->program) {
        *why = p->failure;
        return NULL;
    }
    return p;
}
