// SPDX-License-Identifier: MIT
//
// Private to the room: the engine's state. One struct gpu is one context; nothing is shared.
#ifndef GPU_MODEL_INTERNAL_H
#define GPU_MODEL_INTERNAL_H

#include "gpu-model/a2xx_regs.h"
#include "gpu-model/gpu.h"
#include "shader-isa/shader.h"

#define GPU_REGS 0x5000         // registers that exist
#define GPU_CONTEXT_REGS 0x2000 // first context register
#define GPU_IB_DEPTH 3          // ring, IB1, IB2
#define GPU_ALU_CONSTANTS 512
#define GPU_FETCH_DWORDS 192

// Register attribute bits, from the table, for the write path.
enum { REG_F_MODELLED = 1, REG_F_REFUSE_IB = 2, REG_F_READONLY = 4 };

// A loaded program: microcode and its decoded form. Kept in a table by hash, oldest use evicted.
#define SHADER_CACHE_SLOTS 256
struct shader_entry {
    uint64_t hash, used;
    enum shader_stage stage;
    uint32_t ndw;
    uint32_t *dw;      // owned copy, compared on every hit
    struct shader *sh; // NULL: illegal program
};
struct shader_cache {
    struct shader_entry slots[SHADER_CACHE_SLOTS];
    uint64_t clock, hits, misses;
};

struct cp_frame {
    uint32_t va;
    const uint32_t *dw; // borrowed
    uint32_t ndw, pos;
};

struct gpu {
    struct gpu_config cfg;
    const struct gpu_profile *profile;
    struct gpu_mem *mem;
    struct gpu_env *env;
    struct gpu_context *ctx; // may be NULL
    struct log *log;

    struct cp_frame stack[GPU_IB_DEPTH];
    unsigned depth;         // frames in use; 0: idle
    uint8_t protected_mode; // as saved
    bool memory_dirty;      // a new submission began: the backend must look at memory again
    uint64_t rang_ns;     // of the command buffer to come, 0: not known
    uint64_t looked_ns;   // when the backend was last told to look at memory again
    // memory that the engine stored to since the backend looked; few ranges, so that a fence here and
    // a word there do not look like everything in between
    struct gpu_written {
        uint64_t start, end;
    } written[4];
    unsigned written_count;
    bool state_dirty; // a context register changed since `state` was built
    char error[256];
    enum gpu_run stop; // set by a handler that ends the run

    struct shader_cache shaders;
    const struct shader_entry *bound[2]; // by enum shader_stage
    struct shader *clear_ps;             // a22x clears: writes constant 0

    struct gpu_state state;
    struct gpu_draw draw;
    uint64_t serial;
    struct gpu_counters counters;

    uint32_t regs[GPU_REGS];
    uint8_t reg_flags[GPU_REGS];
    uint64_t unmodelled[GPU_REGS];
    struct shader_lanes lanes; // scratch for running a rectangle's vertices
};

// ---- cp.c: one file for fetching and dispatch; handlers in cp_packets.c and draw_build.c
// -------------

typedef void pm4_handler(struct gpu *gpu, const uint32_t *p, uint32_t n);

// Ends the run with a refusal. The message names the packet at the current position.
void cp_refuse(struct gpu *gpu, enum gpu_run how, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
// A register write from the stream, by the table's policy. False: refused.
bool cp_reg_write(struct gpu *gpu, uint32_t reg, uint32_t val);
// Stores dwords and tells draws; a page that is not mapped is the memory owner's fault report.
void cp_memory_store(struct gpu *gpu, uint32_t va, const uint32_t *v, uint32_t n);
// cp_cond_function of the packet database.
bool cp_compare(uint32_t function, uint32_t got, uint32_t ref);
// The engine stored n bytes: draws that read them must see them.
void cp_memory_written(struct gpu *gpu, uint32_t va, size_t n);

#define PM4(op, name, min, max, ring, impl, addr, handler, fields) pm4_handler cp_##handler;
#include "gpu-model/pm4.def"
#undef PM4

// ---- regs.c
// ------------------------------------------------------------------------------------------------

// Fills REG_F_ bits of every register from the table; registers that are not in it get 0.
void regs_flags(uint8_t flags[GPU_REGS]);

// ---- shader_store.c
// ------------------------------------------------------------------------------------

// Binds a program by microcode. False when memory ran out.
bool shader_store_bind(struct gpu *gpu, enum shader_stage stage, const uint32_t *dw, uint32_t ndw);
void shader_store_clear(struct gpu *gpu);
static inline const struct shader *gpu_shader(const struct gpu *gpu, enum shader_stage stage)
{
    return gpu->bound[stage] ? gpu->bound[stage]->sh : NULL;
}

// ---- state_build.c: registers to struct gpu_state
// ----------------------------------------------------

void state_build(struct gpu *gpu, struct gpu_state *st);

// ---- rect.c: what a RECTLIST covers
// --------------------------------------------------------------------

// Runs the vertex program for the draw's three vertices and returns the covered pixels, clipped to
// the scissor. False when that is not an axis aligned rectangle or the program failed.
bool rect_from_draw(struct gpu *gpu, const struct gpu_draw *draw, struct gpu_rect *out);
// Colour that a pixel program without inputs and textures gives. False when it has any.
bool rect_constant_color(struct gpu *gpu, const struct gpu_draw *draw, float rgba[4]);

// ---- clear.c: driver fast clears
// -------------------------------------------------------------------------

// Recognises the a20x fast clear; fills has room for two. Returns how many, 0: it is an ordinary
// draw.
unsigned clear_recognise(struct gpu *gpu, const struct gpu_draw *draw, struct gpu_fill fills[2]);
// a22x: the clear value comes from registers. Rewrites the draw (and its state copy) to give it.
bool clear_a22x(struct gpu *gpu, struct gpu_draw *draw, struct gpu_state *st, float color[4]);

#endif
