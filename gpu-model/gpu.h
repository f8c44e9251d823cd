// SPDX-License-Identifier: MIT
//
// The Adreno engine: command processor, register file, constants and shader store of ONE context.
// It turns a command stream plus guest memory into decoded draws (draw.h) for a backend. It knows no
// VM: rings, doorbells, page tables and interrupts lines are the mediator's, which hands it audited
// copies of command buffers.
#ifndef GPU_MODEL_GPU_H
#define GPU_MODEL_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gpu-model/draw.h"

struct gpu;

// ---- profiles: data, one row a chip -------------------------------------------------------------

struct gpu_profile {
    const char *name;       // "a200"
    uint32_t gpu_id;        // 200, 201, 205, 220, 225
    uint32_t gmem_bytes;
    uint8_t shader_profile; // enum shader_profile
    bool a20x;              // packet and initiator layout
    const char *compatible; // device tree compatible, "amd,imageon-200.0"
};
const struct gpu_profile *gpu_profile_find(const char *name);   // by name or "200"; NULL
const struct gpu_profile *gpu_profile_at(unsigned i);           // NULL past the end

// ---- the context --------------------------------------------------------------------------------

// What the engine calls while executing. Embed first in the owner.
struct gpu_env {
    const struct gpu_env_ops *ops;
};
struct gpu_env_ops {
    // Words of an indirect buffer: a copy made at audit time, or read from memory on replay.
    // NULL when it may not be executed.
    const uint32_t *(*ib)(struct gpu_env *env, uint32_t va, uint32_t ndw);
    // CP_INTERRUPT: bits as written (CP_INT_STATUS layout).
    void (*interrupt)(struct gpu_env *env, uint32_t bits);
    // A fence or timestamp reached memory (CP_EVENT_WRITE with address), after the write. Optional.
    void (*fence)(struct gpu_env *env, uint32_t va, uint32_t value);
    // Each decoded packet, before it runs (trace, capture, debugger). Optional.
    void (*packet)(struct gpu_env *env, unsigned depth, uint32_t va, const uint32_t *dw, uint32_t n);
    // Each draw/resolve/fill after it ran. Optional.
    void (*work)(struct gpu_env *env, const struct gpu_draw *draw, const struct gpu_resolve *res,
                 const struct gpu_fill *fill, enum gpu_result result);
};

struct gpu_config {
    const struct gpu_profile *profile;
    struct gpu_mem *mem;        // borrowed
    struct gpu_env *env;        // borrowed
    struct gpu_context *ctx;    // borrowed backend context; NULL decodes without drawing
    struct log *log;            // borrowed
    bool scissor_br_inclusive;  // compare aid, as in gpu_context_config: adds one to the window
                                // scissor's BR, so that backends get the finished rectangle
};

struct gpu *gpu_create(const struct gpu_config *cfg, struct err *err);
void gpu_destroy(struct gpu *gpu);
void gpu_reset(struct gpu *gpu);

// Says when the guest handed over what the next gpu_begin queues (host monotonic nanoseconds): what
// its processor wrote for it was written before. A backend that has looked at memory since need not
// look again. Without it every command buffer starts with a look.
void gpu_rang(struct gpu *gpu, uint64_t host_ns);
// Queues a command buffer (ring slice). The words are borrowed until the run is done. `va` is for
// messages only. -EBUSY while one is in progress.
int gpu_begin(struct gpu *gpu, uint32_t va, const uint32_t *dw, uint32_t ndw);

enum gpu_run {
    GPU_RUN_DONE,       // the command buffer ended
    GPU_RUN_MORE,       // budget spent, call again (state is at a packet boundary)
    GPU_RUN_ERROR,      // refused packet: gpu_error names it; the submission is dropped
    GPU_RUN_HANG,       // waits for something that can not happen, or a shader ran out of budget
};
// Runs until the end or until `draws` draws were issued (0: no limit). With a limit it also returns
// GPU_RUN_MORE after GPU_RUN_PACKETS packets, so that a stream without draws can be watched too.
#define GPU_RUN_PACKETS 1000000
enum gpu_run gpu_run(struct gpu *gpu, unsigned draws);

// The last refusal: packet name, address and reason, one line.
const char *gpu_error(const struct gpu *gpu);

// ---- registers ----------------------------------------------------------------------------------

// Register numbers are dword offsets; all of 0x0000..0x4fff exist as storage. Reads and writes by the
// mediator (MMIO); no side effects but storing, except where the table says so.
uint32_t gpu_reg_read(const struct gpu *gpu, uint32_t reg);
void gpu_reg_write(struct gpu *gpu, uint32_t reg, uint32_t val);

// The register table (a2xx_regs.def): the audit policy stands beside the name.
enum gpu_reg_class {
    GPU_REG_UNKNOWN,  // not in the database: counted, stored
    GPU_REG_STATE,    // context state a command stream may write freely
    GPU_REG_NOP,      // accepted from streams, no effect on the model
    GPU_REG_PRIV,     // kernel MMIO or ring only; an indirect buffer that writes it is refused
    GPU_REG_READONLY,
};
struct gpu_reg_info {
    uint32_t reg;
    const char *name;
    enum gpu_reg_class cls;
    bool modelled;    // has behaviour (directly or through a draw); else counted as not modelled
    const char *fields; // field layout text "BASE[0:11] SIZE[12:20]" for --dump and docs, or NULL
};
const struct gpu_reg_info *gpu_reg_info(uint32_t reg); // NULL when not in the database
const struct gpu_reg_info *gpu_reg_at(unsigned i);     // i-th row by number; NULL past the end

// Type-3 packets (pm4.def).
struct gpu_packet_info {
    uint8_t opcode;
    const char *name;
    uint16_t min_dwords, max_dwords; // payload
    bool ring_only;   // privileged: the kernel's ring only
    bool implemented; // else refused by name
    bool has_address; // payload carries a GPU address (audited)
    const char *fields; // payload layout, one dword a ';' part, syntax of gpu_reg_info.fields; or NULL
};
const struct gpu_packet_info *gpu_packet_info(uint8_t opcode);

// Accesses to registers without behaviour, for the report: calls fn for each nonzero count.
void gpu_unmodelled(const struct gpu *gpu,
                    void (*fn)(void *ctx, uint32_t reg, const char *name, uint64_t writes), void *ctx);

struct gpu_counters {
    uint64_t packets, dwords, draws, vertices, resolves, fills, ibs, fences, interrupts, errors,
        skipped_draws /* dummy and binning */;
};
void gpu_counters(const struct gpu *gpu, struct gpu_counters *out);

// ---- printing, save and restore -----------------------------------------------------------------

// Prints a command buffer decoded, following indirect buffers through env->ib, as Mesa's cffdump does.
void gpu_dump(const struct gpu_profile *profile, struct gpu_env *env, const uint32_t *dw, uint32_t ndw,
              uint32_t va, FILE *out);

// Only between submissions (a command buffer in progress is not saved; its words are borrowed). GMEM is
// included through the context's gmem ops. A failed restore leaves the context reset.
void gpu_save(struct gpu *gpu, struct snap_writer *w);
int gpu_restore(struct gpu *gpu, struct snap_reader *r, struct err *err);

#endif
