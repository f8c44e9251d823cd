// SPDX-License-Identifier: MIT
//
// The a2xx/Xenos shader ISA as a library: the contract of this room. Microcode is decoded once into
// a program; a program can be printed (two dialects), checked, run, or translated to GLSL. The one
// opcode table is a2xx.def; README.md says where public sources disagree and what is taken.
//
// A program is immutable after decoding and may be shared by threads.
#ifndef SHADER_ISA_SHADER_H
#define SHADER_ISA_SHADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct shader; // decoded program, opaque

enum shader_stage { SHADER_VERTEX, SHADER_PIXEL };
enum shader_profile { SHADER_A20X, SHADER_A22X, SHADER_XENOS };
enum shader_dialect { SHADER_DIALECT_FREEDRENO, SHADER_DIALECT_XNA };

// Decodes `ndw` little endian dwords (host numbers). Never fails on strange opcodes (they decode as
// illegal and are reported by shader_check); fails on sizes that are no program (-EINVAL, named).
struct shader *shader_decode(const uint32_t *dw, size_t ndw, enum shader_stage stage,
                             enum shader_profile profile, struct err *err);
void shader_destroy(struct shader *sh);

uint64_t shader_hash(const struct shader *sh); // of the microcode and the stage
enum shader_stage shader_stage(const struct shader *sh);

// ---- printing, assembling, checking ------------------------------------------------------------

void shader_print(const struct shader *sh, enum shader_dialect dialect, FILE *out);
// Assembles freedreno-dialect text. *dw is malloc'ed (caller frees). -EINVAL gives line and column.
int shader_assemble(const char *text, enum shader_stage stage, uint32_t **dw, size_t *ndw,
                    struct err *err);
// Runs the validator's rules; calls `report` for each finding. Returns how many were errors.
typedef void shader_report_fn(void *ctx, unsigned slot, bool is_error, const char *rule,
                              const char *text);
unsigned shader_check(const struct shader *sh, shader_report_fn *report, void *ctx);

// ---- what a program uses (for binding and translation) ------------------------------------------

struct shader_vfetch {
    uint16_t slot;    // instruction slot
    uint8_t constant; // fetch constant number 0..95 (const_index * 3 + const_sel)
    uint8_t format;   // surface format number
    bool is_signed, is_integer, signed_rf; // signed_rf: (2v+1)/(2^n-1) rule
    int8_t exp_adjust;
    uint8_t stride;           // raw field (Adreno: bytes; Xenos: dwords)
    int32_t offset;           // raw field (Adreno: bytes; Xenos: dwords)
    uint8_t dst, dst_swiz[4]; // 0-3 xyzw, 4 zero, 5 one, 7 keep
    uint8_t src;              // register holding the index
    uint8_t src_comp;         // component of it
    bool index_is_vertex;     // the index register still holds the untouched input r0.x here
    bool predicated, pred_condition, dst_rel, src_rel, mini, index_round;
};
struct shader_tfetch {
    uint16_t slot;
    uint8_t opcode;    // fetch opcode number: 1 tfetch, 16 getBCF, 17 getCompTexLOD, 19
                       // getWeights; getGradients and set* use no texture and are not listed
    uint8_t constant;  // texture fetch constant number 0..31
    uint8_t dimension; // 0 1D, 1 2D, 2 3D, 3 cube
    uint8_t src_swiz[3], dst, dst_swiz[4];
    bool denorm_coords, use_comp_lod, use_reg_lod, use_reg_gradients;
    uint8_t mag, min, mip, aniso; // 3 (7 for aniso): from the constant
    float lod_bias, offset[3];
};
struct shader_info {
    unsigned slots, cf_count, alu_count, fetch_count;
    unsigned temps; // highest temporary + 1
    unsigned vfetch_count, tfetch_count;
    const struct shader_vfetch *vfetch; // borrowed, program order
    const struct shader_tfetch *tfetch;
    uint32_t export_mask; // VS: interpolators 0..15; PS: colours 0..3
    bool exports_position, exports_misc /* point size etc., 63 */, exports_depth, memexport, kills;
    bool uses_loops, uses_calls, uses_rel_const, uses_rel_temp, illegal;
    uint32_t alu_const_max;      // highest directly addressed ALU constant + 1 (window relative)
    uint32_t alu_const_used[16]; // bitmap of 512 directly addressed constants
};
const struct shader_info *shader_info(const struct shader *sh);

// ---- running -----------------------------------------------------------------------------------

// Lanes run together under one control flow, as the hardware's vectors do; predicates, kills and
// addresses are per lane. Pixel lanes come in quads: lanes 4q..4q+3 are (x,y) (x+1,y) (x,y+1)
// (x+1,y+1); lanes outside the primitive are helpers.
#define SHADER_LANES 16
#define SHADER_TEMPS 64

struct shader_lanes {
    unsigned count;                         // lanes in use, 1..SHADER_LANES
    uint32_t active;                        // mask of lanes that exist (incl. helpers)
    float r[SHADER_TEMPS][4][SHADER_LANES]; // in: inputs; component-major for SIMD
    // results
    float out[16][4][SHADER_LANES];  // VS interpolators 0..15; PS colours 0..3
    float position[4][SHADER_LANES]; // VS export 62
    float misc[4][SHADER_LANES];     // VS export 63
    float depth[SHADER_LANES];       // PS export 61
    uint32_t killed;                 // lanes discarded
    // bit n: out[n] written; 29 depth; 30 position; 31 misc. Registers that the program can export
    // but did not are 0; the others are left alone.
    uint32_t exported;
};

struct shader_env;
struct shader_env_ops {
    // Vertex fetch for each active lane: `index` already rounded to integers as the ISA says;
    // returns the four decoded components before the destination swizzle.
    void (*vfetch)(struct shader_env *env, const struct shader_vfetch *f, unsigned lanes,
                   uint32_t active, const float *index, float out[4][SHADER_LANES]);
    // Texture fetch of any kind (tfetch, getCompTexLOD, ...): coordinates by component, LOD
    // register and gradients as set before. Returns components before the destination swizzle.
    void (*tfetch)(struct shader_env *env, const struct shader_tfetch *f, unsigned lanes,
                   uint32_t active, const float coord[3][SHADER_LANES], const float *reg_lod,
                   const float grad_h[3][SHADER_LANES], const float grad_v[3][SHADER_LANES],
                   float out[4][SHADER_LANES]);
    // Memory export eM0..4 with address eA, optional (NULL ignores them).
    void (*memexport)(struct shader_env *env, unsigned lane, const float ea[4], unsigned n,
                      const float data[4]);
};
struct shader_env {
    const struct shader_env_ops *ops;
    const float (*alu)[4]; // window of ALU constants, borrowed; entry 0 is the stage's C0
    unsigned alu_count;    // entries; reads outside give 0.0
    const uint32_t *bools; // 8 words, 256 bits; NULL reads 0
    const uint32_t *loops; // 32 loop constants; NULL reads 0
    unsigned max_steps;    // instruction budget per call; 0 means 65536
};

enum shader_result { SHADER_OK, SHADER_TIMEOUT, SHADER_ILLEGAL };

// Runs the program for all lanes. Total: any microcode ends within the budget without touching
// memory outside the arguments. Registers hold what the caller left in r; p0, a0, aL and ps start
// at 0. Denormal operands are zeros and results that are denormal become zeros; the callbacks are
// called in that mode of the host's floating point unit. SHADER_ILLEGAL: ran to an end, but met
// something that means nothing (it was skipped).
enum shader_result shader_run(const struct shader *sh, struct shader_env *env,
                              struct shader_lanes *lanes);

// ---- GLSL --------------------------------------------------------------------------------------

// Translates to a GLSL function body with fixed interface names; the backend wraps it. The text:
//   VS: void yamato_vs(in float index, out vec4 position, out vec4 misc, out vec4 o[16])
//   PS: void yamato_ps(inout vec4 r_in[16] /* inputs r0.. */, out vec4 color0, out float depth)
// and uses what the backend declares:
//   vec4 yamato_const(int i)                 ALU constant window (i may be out of range)
//   vec4 yamato_vfetch<N>(float index)       N-th entry of shader_info.vfetch
//   vec4 yamato_tfetch<N>(vec3 coord, float reg_lod, vec3 gh, vec3 gv)   N-th of .tfetch
//   bool yamato_bool(int i); ivec3 yamato_loop(int i) // count, start, step
// Helper functions for the ISA's arithmetic rules are emitted once, guarded by names yamato_*.
// *text is malloc'ed (caller frees). -ENOTSUP names what cannot be translated.
struct shader_glsl_options {
    bool exact;        // zero-times-anything rule, denormal flush and clamps in full (slower)
    bool kill_discard; // PS: kills become discard at the end
};
int shader_to_glsl(const struct shader *sh, const struct shader_glsl_options *opt, char **text,
                   struct err *err);

#endif
