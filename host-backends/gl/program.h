// SPDX-License-Identifier: MIT
//
// Private to gl/: programs made of shader pairs, the plan of each (where its data come from), and
// vertices.
#ifndef HOST_BACKENDS_GL_PROGRAM_H
#define HOST_BACKENDS_GL_PROGRAM_H

#include "host-backends/gl/engine.h"
#include "shader-isa/shader.h"

struct err;

// ---- programs (program.c, glsl.c) ---------------------------------------------------------------

enum gl_shape { SHAPE_PLAIN, SHAPE_RECT, SHAPE_WIDE_LINE, SHAPE_BIG_POINT };
enum gl_kind { KIND_TRIANGLE, KIND_LINE, KIND_POINT };
// What a texture constant is: enum tex_dimension, and layers.
enum { DIM_1D, DIM_2D, DIM_3D, DIM_CUBE, DIM_STACK, DIM_COUNT };

enum {
    MAX_INTERPOLATORS = 16,
    MAX_VFETCH = 96,
    MAX_SAMPLERS = 32,
    MAX_BUFFERS = 96,
    MAX_ATTRIBS = 32,
    MAX_SOURCES = 24
};

// All that the text of a program depends on beyond the microcode.
struct gl_program_key {
    uint64_t vs_hash, ps_hash; // ps 0: none
    uint8_t shape;             // enum gl_shape
    uint8_t alpha_func;        // 7 (always): no test
    uint8_t swap, px;          // of the colour target
    uint8_t param_gen;         // register + 1, 0 when off
    uint8_t point_size;        // VS writes it
    uint8_t w_format;          // PA_CL_VTE_CNTL bits 10:8
    uint8_t exact;             // arithmetic as the ISA has it, to the last rule
    uint8_t interpolators;     // that reach the pixel shader
    uint16_t flat;             // of these, not interpolated
    uint8_t kind;              // enum gl_kind
    uint8_t dither;            // ordered dither to the target's precision
    uint8_t blend;             // for targets of few bits
    uint8_t zero[1];           // the key is compared as bytes
    uint8_t dims[32];          // of the texture constants that are fetched
};

// How one vertex fetch instruction gets its data.
struct gl_vfetch_plan {
    bool attribute;
    uint8_t location; // attribute
    uint8_t size;     // components
    GLenum type;
    bool normalised;
    uint8_t buffer; // index into gl_program.buffers
    uint8_t bytes, stride;
};
struct gl_vbuffer_plan {
    uint8_t constant; // fetch constant
    bool whole;       // any index may be fetched
    bool texels;      // read through the texel buffer
};
struct gl_sampler_plan {
    uint8_t constant, dimension, mag, min, mip, aniso;
    bool pixel; // stage
};

// A stage has two uniform blocks: a head that depends on where the draw goes, and this, std140.
struct gl_stage_block {
    uint32_t buffers, flow, consts, bytes; // byte offsets
    uint32_t const_count;
    bool uses_flow; // booleans and loops
};

struct gl_program {
    struct gl_program *next;
    struct gl_program_key key;
    GLuint program; // 0: could not be made; `why` was logged
    enum gpu_result failure;
    GLuint vao;
    unsigned vfetch_count, buffer_count, sampler_count;
    struct gl_vfetch_plan vfetch[MAX_VFETCH];
    struct gl_vbuffer_plan buffers[MAX_BUFFERS];
    struct gl_sampler_plan samplers[MAX_SAMPLERS];
    struct gl_stage_block vs, ps;
    uint64_t vs_used[8], ps_used[8]; // ALU constants named, bit n; all of the window when indexed
    bool reads_window;               // the pixel shader sees the pixel's position
    bool vs_loops, ps_loops;         // may run for long
    bool reads_texels;               // some vertex fetch goes through the texel buffer
    uint64_t used;
};

// The program for a draw, made when needed. NULL when it can not be (then *why tells the result).
struct gl_program *gl_program_get(struct gl_context *ctx, const struct gpu_draw *draw,
                                  const struct gl_program_key *key, enum gpu_result *why);
void gl_programs_destroy(struct gl_context *ctx);

// Decides attributes, buffers, samplers and block layouts of a program (plan.c). -ENOTSUP (named)
// when the host lacks units for it.
int gl_plan_make(const struct gl_backend *be, struct gl_program *prog, const struct shader *vs,
                 const char *vs_body, const struct shader *ps, const char *ps_body,
                 struct err *err);

// Index of the sampler that a texture fetch uses, -1 when the plan has none for it.
int gl_plan_sampler(const struct gl_program *prog, const struct shader_tfetch *f, bool pixel);

// GLSL around the translated programs (glsl.c). malloc'ed text, NULL when out of memory. `ps` and
// its body may be NULL.
char *gl_glsl_vertex(const struct gl_backend *be, const struct gl_program *prog,
                     const struct shader *vs, const char *body);
char *gl_glsl_geometry(const struct gl_backend *be, const struct gl_program *prog);
char *gl_glsl_pixel(const struct gl_backend *be, const struct gl_program *prog,
                    const struct shader *ps, const char *body);

// Fixed parts of the uniform blocks, std140.
struct gl_vs_head {
    float pos_scale[4], pos_bias[4]; // clip position = export * scale + w * bias
    float view[4];                   // half the viewport's size, its centre
    float point[4];                  // default size, least, largest; line width
    uint32_t first[4];               // vertex index of GL vertex 0; 1: points clip by their centre
};
struct gl_ps_head {
    float alpha[4]; // reference
};

// ---- vertices (vertex.c) ------------------------------------------------------------------------

struct gl_vertex_range {  // of one fetch constant
    uint32_t va, lo;      // buffer, first byte of it that is needed (dword aligned)
    uint32_t copy, bytes; // bytes to copy from there, and with the zeros behind them
    uint8_t endian;
    size_t at; // in the allocation
};
struct gl_vertices {
    bool indexed;     // draw with GL indices
    bool raw_indices; // which are the guest's own bytes
    GLenum index_type;
    uint32_t count;
    uint32_t first;         // vertex index of GL vertex 0
    int32_t base_vertex;    // added by GL to its indices, so that GL vertices count from 0
    const uint8_t *indices; // what to upload, in ctx->scratch
    size_t index_bytes, index_at;
    size_t bytes; // of everything
    struct gl_vertex_range range[MAX_BUFFERS];
};
// Works out which vertices a draw uses and how much room its data take.
enum gpu_result gl_vertices_plan(struct gl_context *ctx, const struct gpu_draw *draw,
                                 const struct gl_program *prog, struct gl_vertices *v);
// Copies them to `dst`, which is at `offset` of the stream buffer. `texels` gets, for each buffer,
// {first texel - first dword, first dword, end}; `pointer` where each attribute begins.
void gl_vertices_load(struct gl_context *ctx, const struct gl_program *prog,
                      const struct shader *vs, const struct gl_vertices *v, uint8_t *dst,
                      size_t offset, int32_t (*texels)[4], size_t *pointer);

#endif
