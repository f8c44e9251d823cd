// SPDX-License-Identifier: MIT
//
// Private to the room: the decoder behind gpu_dump, which keeps register values between streams.
#ifndef GPU_MODEL_DUMP_H
#define GPU_MODEL_DUMP_H

#include "gpu-model/gpu.h"

#define DUMP_REGS 0x7fff
#define DUMP_DEPTH 3 // ring, IB1, IB2

struct gpu_dumper {
    const struct gpu_profile *profile;
    struct gpu_env *env;
    struct gpu_mem *mem; // may be NULL
    FILE *out;
    bool as_cffdump;
    unsigned ib;
    int draws[DUMP_DEPTH];
    int draw_count;
    unsigned vertices, packets;
    bool needs_wfi; // a draw was issued and no idle wait since
    uint32_t value[DUMP_REGS], last[DUMP_REGS];
    bool written[DUMP_REGS], rewritten[DUMP_REGS];
};

// ---- dump_text.c: used by dump.c ---------------------------------------------------------------

const char *dump_tabs(unsigned level); // level + 1 of them
// Reads up to n dwords of memory; false when not even the first byte is there. What is missing
// reads 0.
bool dump_read(struct gpu_dumper *d, uint32_t va, uint32_t *dw, uint32_t n);
void dump_hex(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t n, unsigned level);
void dump_floats(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t n, unsigned level);
const char *dump_reg_name(uint32_t reg, char buf[16]);
// Notes and prints n register writes, register numbers going up by `step`.
void dump_registers(struct gpu_dumper *d, uint32_t reg, uint32_t step, const uint32_t *dw,
                    uint32_t n, unsigned level);
// Prints the registers written since the last draw.
void dump_summary(struct gpu_dumper *d, unsigned level);

// ---- dump.c
// ----------------------------------------------------------------------------------------

// `mem` gives the contents of vertex buffers and may be NULL. `as_cffdump`: misread what cffdump
// misreads (dump.c). NULL when memory ran out.
struct gpu_dumper *gpu_dumper_create(const struct gpu_profile *profile, struct gpu_env *env,
                                     struct gpu_mem *mem, FILE *out, bool as_cffdump);
void gpu_dumper_destroy(struct gpu_dumper *d);
// Prints one command stream, following indirect buffers.
void gpu_dumper_stream(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t ndw);
// Vertices drawn so far.
unsigned gpu_dumper_vertices(const struct gpu_dumper *d);

#endif
