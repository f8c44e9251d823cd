// SPDX-License-Identifier: MIT
//
// Private to the debugger. A session keeps an index of the capture (packets and work: draws, resolves,
// fills, numbered from 1) and replays it with a visitor to look at one place.
#ifndef GPU_MODEL_DEBUG_PRIV_H
#define GPU_MODEL_DEBUG_PRIV_H

#include "base/png.h"
#include "gpu-model/debug/debug.h"
#include "gpu-model/rd.h"
#include "shader-isa/shader.h"

struct debug_packet {
    uint32_t submit, va, header, dwords;
    uint8_t depth;
    uint32_t work; // number of the last work before or at this packet
};

enum debug_kind { DEBUG_DRAW, DEBUG_RESOLVE, DEBUG_FILL };
struct debug_work {
    enum debug_kind kind;
    uint32_t submit, packet; // packet: the one that caused it
    enum gpu_result result;
    // draws
    enum gpu_prim prim;
    uint32_t count;
    bool indexed;
    uint64_t vs, ps; // hashes, 0: none
    struct gpu_color_target color;
    struct gpu_rect scissor; // resolves: the rectangle
    int32_t window_x, window_y;
    uint32_t dst_va, base, bytes, value; // resolves; fills
};

struct debug_program {
    uint64_t hash;
    enum shader_stage stage;
    char *text, *glsl; // disassembly; NULL glsl: not translatable
};

// What the session's backend shows a visitor.
struct debug_place {
    struct gpu_context *ctx; // the real backend's
    struct gpu_mem *mem;
    uint32_t gmem_bytes;
    unsigned work;              // number of this work
    const struct gpu_draw *draw; // one of the three
    const struct gpu_resolve *resolve;
    const struct gpu_fill *fill;
};
struct debug_visit {
    void (*before)(struct debug_visit *v, const struct debug_place *p);
    void (*after)(struct debug_visit *v, const struct debug_place *p);
    void (*packet)(struct debug_visit *v, unsigned number, const uint32_t *dw, uint32_t n);
    bool done; // set by a callback: nothing more needs to run
};

struct debug_context {
    struct gpu_context ctx;
    struct gpu_context *inner;
    struct gpu_mem *mem;
    uint32_t gmem_bytes;
};

struct gpu_debug {
    struct gpu_debug_config cfg;
    struct gpu_backend wrap;
    struct gpu_env listener;
    struct debug_packet *packets;
    struct debug_work *work;
    struct debug_program *programs;
    unsigned packet_count, packet_room, work_count, work_room, program_count, program_room;
    bool recording, failed;
    struct debug_visit *visit;
    unsigned seen_packets, seen_work, submit;
    struct rd_replay_result result; // of the recording; its picture is the frame
    unsigned at_packet, at_work;    // position: number of the last one done, 0: none
};

// Replays with the visitor. 0 or -errno.
int debug_replay(struct gpu_debug *d, struct debug_visit *visit, struct err *err);

// ---- show.c: text ------------------------------------------------------------------------------

void debug_show_packet(const struct gpu_debug *d, unsigned number, FILE *out);
// The packet's payload decoded.
void debug_show_payload(const uint32_t *dw, uint32_t n, FILE *out);
void debug_show_work(const struct gpu_debug *d, unsigned number, FILE *out);
// Context registers with a value or a name, decoded; `match` may be NULL.
void debug_show_registers(const uint32_t *context, const char *match, FILE *out);
void debug_show_draw(const struct debug_place *p, FILE *out);
void debug_show_textures(const struct debug_place *p, FILE *out);

// ---- picture.c: what memory holds, as pictures ---------------------------------------------------

// The colour (or depth) target of a draw as far as its scissor reaches. -errno: nothing to show.
int debug_picture_target(const struct debug_place *p, bool depth, struct picture *pic,
                         struct err *err);
// Level 0 of a texture; faces of a cube and layers one under the other.
int debug_picture_texture(const struct debug_place *p, unsigned constant, struct picture *pic,
                          struct err *err);
// Bit n: texture constant n is used by the draw's programs.
uint32_t debug_textures_used(const struct gpu_draw *draw);

// ---- pixel.c -----------------------------------------------------------------------------------

// Which work touched a pixel, one line each. Returns how many lines.
int debug_pixel(struct gpu_debug *d, int x, int y, FILE *out, struct err *err);

#endif
