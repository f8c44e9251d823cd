// SPDX-License-Identifier: MIT
//
// Random command streams that are plausible enough to draw: state that mostly makes sense, programs that
// are mutations of real ones, draws, copies, and now and then any packet with any payload. Runs a given
// number of packets on a backend and says how many were drawn, refused and ended as hangs. It finds what
// sanitizers and timeouts find; built with them by `make storm`.
//
// usage: storm BACKEND PACKETS [SEED [v]]
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "gpu-model/gpu.h"
#include "host-backends/backend.h"

// The host's GL driver leaks when it is unloaded.
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

#define BASE 0x01000000u
#define MAPPED (1u << 20)
#define IB (BASE + MAPPED - 0x10000u) // streams are at the end of memory
#define IB_DWORDS 0x3f00u
#define STREAM 200 // packets of one stream

struct storm {
    struct gpu_mem mem;
    struct gpu_env env;
    struct gpu_backend *backend;
    struct gpu_context *ctx;
    struct gpu *gpu;
    uint64_t seed, refused, hangs;
    uint64_t programs_every; // a new program every so many program packets; the others repeat
    uint64_t program_packets;
    uint32_t program[2][24];
    unsigned n; // dwords of the stream
    uint8_t *data;
    bool a20x;
    bool tell; // print what was refused
};

static uint32_t rnd(struct storm *s)
{
    s->seed ^= s->seed << 13;
    s->seed ^= s->seed >> 7;
    s->seed ^= s->seed << 17;
    return (uint32_t)(s->seed * 0x2545f4914f6cdd1dull >> 32);
}

static bool inside(uint32_t va, size_t n)
{
    return va >= BASE && n <= MAPPED && va - BASE <= MAPPED - n;
}

static bool storm_read(struct gpu_mem *mem, uint32_t va, void *dst, size_t n)
{
    struct storm *s = container_of(mem, struct storm, mem);
    memset(dst, 0, n);
    if (inside(va, n)) {
        memcpy(dst, s->data + (va - BASE), n);
    }
    return inside(va, n);
}

static bool storm_write(struct gpu_mem *mem, uint32_t va, const void *src, size_t n)
{
    struct storm *s = container_of(mem, struct storm, mem);
    if (inside(va, n) && va + n <= IB) { // a stream does not rewrite itself
        memmove(s->data + (va - BASE), src, n);
    }
    return inside(va, n);
}

static const uint8_t *storm_span(struct gpu_mem *mem, uint32_t va, size_t want, size_t *got)
{
    struct storm *s = container_of(mem, struct storm, mem);
    *got = 0;
    if (!inside(va, 1)) {
        return NULL;
    }
    *got = MAPPED - (va - BASE) < want ? MAPPED - (va - BASE) : want;
    return s->data + (va - BASE);
}

static const uint32_t *storm_ib(struct gpu_env *env, uint32_t va, uint32_t ndw)
{
    struct storm *s = container_of(env, struct storm, env);
    return va % 4 == 0 && inside(va, 4 * (size_t)ndw)
               ? (const uint32_t *)(const void *)(s->data + (va - BASE))
               : NULL;
}

static const struct gpu_mem_ops mem_ops = {
    .read = storm_read, .write = storm_write, .span = storm_span};
static const struct gpu_env_ops env_ops = {.ib = storm_ib};

// ---- making streams -----------------------------------------------------------------------------

static void put(struct storm *s, uint32_t word)
{
    if (s->n < IB_DWORDS) {
        put_le32(s->data + (IB - BASE) + 4 * s->n++, word);
    }
}

static void put_t3(struct storm *s, unsigned op, unsigned n)
{
    put(s, 0xc0000000u | (n - 1) << 16 | op << 8);
}

static void put_reg(struct storm *s, uint32_t reg, uint32_t value)
{
    put_t3(s, 0x2d, 2);
    put(s, 0x00040000 | (reg - 0x2000));
    put(s, value);
}

// Two vertex fetches, position = r1 * C1 + C0 (w 1), interpolator = r2; sample texture 0 there, export.
#define VS_DWORDS 24
#define PS_DWORDS 12
static const uint32_t plain_vs[VS_DWORDS] = {
    0x00072003, 0x10051000, 0x10000002, 0x00000000, 0x1006c200, 0x10000000, 0x00000000, 0x1007c400,
    0x20000000, 0x19481000, 0x00392e88, 0x0000000c, 0x13480000, 0x40252fc8, 0x00000008, 0x14870101,
    0x0000006c, 0x81010103, 0x000f803e, 0x00000000, 0x80010000, 0x00038000, 0x0000000a, 0x8b000202};
static const uint32_t plain_ps[PS_DWORDS] = {0x00031002, 0x00001000, 0xc4000000, 0x00021003,
                                             0x00002000, 0x00000000, 0x90000001, 0x1ffff688,
                                             0x00000002, 0x000f8000, 0x00000000, 0xc2000000};

static void put_program(struct storm *s, unsigned stage)
{
    unsigned n = stage ? PS_DWORDS : VS_DWORDS;
    uint32_t *dw = s->program[stage];
    if (s->program_packets++ % s->programs_every == 0) {
        memcpy(dw, stage ? plain_ps : plain_vs, 4 * n);
        for (unsigned flips = rnd(s) & 1 ? 0 : rnd(s) % 6; flips; flips--) {
            dw[rnd(s) % n] ^= rnd(s) & 1 ? 1u << (rnd(s) & 31) : rnd(s);
        }
    }
    put_t3(s, 0x2b, n + 2);
    put(s, stage);
    put(s, n);
    for (unsigned i = 0; i < n; i++) {
        put(s, dw[i]);
    }
}

static void put_sane_state(struct storm *s)
{
    static const float half[6] = {32, 32, 16, 16, 0.5f, 0.5f};
    put_reg(s, 0x2000, 32);                               // RB_SURFACE_INFO: pitch
    put_reg(s, 0x2001, 5);                                // RB_COLOR_INFO: 8_8_8_8 at 0
    put_reg(s, 0x2002, 0x10000 | 1);                      // RB_DEPTH_INFO
    put_reg(s, 0x200e, 0);                                // screen scissor
    put_reg(s, 0x200f, 32 | 32 << 16);
    put_reg(s, 0x2081, 0x80000000);                       // window scissor, no offset
    put_reg(s, 0x2082, 32 | 32 << 16);
    put_reg(s, 0x2104, 15);                               // colour mask
    put_reg(s, 0x2206, 0x43f);
    put_reg(s, 0x2208, 4);
    put_reg(s, 0x2302, 1);
    put_reg(s, 0x2307, 0x00100020);
    put_reg(s, 0x2308, 0x000e0120);
    for (unsigned i = 0; i < 6; i++) {
        put_reg(s, 0x210f + i, f32_to_bits(half[i]));
    }
    put_program(s, 0);
    put_program(s, 1);
}

static void put_fetch(struct storm *s)
{
    static const uint8_t slots[] = {0x00, 0x78, 0x7a, 0x9c};
    unsigned slot = rnd(s) % 4 ? slots[rnd(s) & 3] : rnd(s) % 186;
    put_t3(s, 0x2d, 7);
    put(s, 0x00010000 | slot);
    put(s, rnd(s) & 1 ? (BASE + (rnd(s) & 0xffffc)) | 3 : rnd(s));
    put(s, rnd(s) & 1 ? rnd(s) & 0x3ffc : (BASE + (rnd(s) & 0xff000)) | (rnd(s) & 0xfff));
    for (unsigned i = 0; i < 4; i++) {
        put(s, rnd(s) & (i == 0 ? 0x003fe01f : ~0u));
    }
}

static void put_draw(struct storm *s)
{
    uint32_t prim = 1 + rnd(s) % 9, count = rnd(s) % 32;
    bool indexed = rnd(s) & 1;
    put_t3(s, 0x22, (indexed ? 4 : 2) + !s->a20x);
    put(s, 0);
    put(s, (s->a20x ? count << 16 : 0) | (indexed ? 0 : 0x80) | (rnd(s) & 0x2800) | prim);
    if (!s->a20x) {
        put(s, count);
    }
    if (indexed) {
        put(s, BASE + (rnd(s) & 0xffffe));
        put(s, rnd(s) & 0xff);
    }
}

static void put_any(struct storm *s)
{
    unsigned op = rnd(s) & 127, n = 1 + rnd(s) % 6;
    const struct gpu_packet_info *info = gpu_packet_info((uint8_t)op);
    if (info && info->max_dwords < 16) {
        n = info->max_dwords;
    }
    put_t3(s, op, n);
    while (n--) {
        put(s, rnd(s) & 1 ? BASE + (rnd(s) & 0xffffc) : rnd(s) & 1 ? rnd(s) & 15 : rnd(s));
    }
}

static void make_stream(struct storm *s)
{
    s->n = 0;
    put_sane_state(s);
    for (unsigned i = 0; i < STREAM; i++) {
        uint32_t kind = rnd(s) % 128;
        if (kind < 40) {
            put_reg(s, 0x2000 + (rnd(s) & 0x3ff), rnd(s) & 1 ? rnd(s) : rnd(s) & 63);
        } else if (kind < 50) {
            put_sane_state(s);
        } else if (kind < 90) {
            put_draw(s);
        } else if (kind < 110) {
            put_fetch(s);
        } else if (kind < 116) {
            put_program(s, rnd(s) & 1);
        } else if (kind < 122) { // a copy
            put_reg(s, 0x2319, BASE + (rnd(s) & 0xff000));
            put_reg(s, 0x2208, 6);
            put_draw(s);
            put_reg(s, 0x2208, 4);
        } else if (kind == 127) {
            put_any(s);
        } else {
            put_t3(s, 0x46, 1);
            put(s, 6);
        }
    }
}

// ---- running ------------------------------------------------------------------------------------

static bool engine_start(struct storm *s, unsigned chip, struct log *log)
{
    const struct gpu_profile *profile = gpu_profile_at(chip % 5);
    struct err err = {0};
    s->a20x = profile->a20x;
    const struct gpu_context_config cc = {.mem = &s->mem, .gmem_bytes = profile->gmem_bytes, .log = log};
    s->ctx = s->backend->ops->context_create(s->backend, &cc, &err);
    const struct gpu_config gc = {
        .profile = profile, .mem = &s->mem, .env = &s->env, .ctx = s->ctx, .log = log};
    s->gpu = s->ctx ? gpu_create(&gc, &err) : NULL;
    return s->gpu != NULL;
}

static void engine_stop(struct storm *s)
{
    gpu_destroy(s->gpu);
    s->backend->ops->context_destroy(s->ctx);
}

static void run_stream(struct storm *s)
{
    const uint32_t ring[3] = {0xc0013700, IB, s->n};
    gpu_begin(s->gpu, 0, ring, 3);
    switch (gpu_run(s->gpu, 0)) {
    case GPU_RUN_ERROR:
        s->refused++;
        if (s->tell) {
            puts(gpu_error(s->gpu));
        }
        break;
    case GPU_RUN_HANG: // as the mediator: the context starts anew
        s->hangs++;
        gpu_reset(s->gpu);
        break;
    default:
        break;
    }
    s->backend->ops->flush(s->ctx);
}

int main(int argc, char **argv)
{
    struct storm s = {.mem = {&mem_ops}, .env = {&env_ops}};
    struct gpu_counters c;
    struct err err = {0};
    struct log log;
    uint64_t done = 0, draws = 0, goal = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    double worst = 0;

    log_init(&log, NULL, "storm");
    const struct backend_config bc = {.log = &log};
    s.backend = backend_create(argc > 1 ? argv[1] : "soft", &bc, &err);
    if (!s.backend || (s.backend->ops->bind_thread && s.backend->ops->bind_thread(s.backend, &err))) {
        fprintf(stderr, "storm: %s\n", err.msg);
        return 2;
    }
    s.programs_every = argc > 1 && !strcmp(argv[1], "gl") ? 16 : 1; // the host's compiler is slow
    s.seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 20261121;
    s.tell = argc > 4;
    s.data = malloc(MAPPED);
    for (unsigned i = 0; s.data && i < MAPPED; i += 4) { // small floats, so that vertices are near
        put_le32(s.data + i, f32_to_bits((float)(int32_t)(rnd(&s) & 0xff) / 64.0f - 2.0f));
    }
    for (unsigned chip = 0; s.data && done < goal; chip++) {
        if (!engine_start(&s, chip, &log)) {
            fprintf(stderr, "storm: no context\n");
            return 2;
        }
        for (unsigned i = 0; i < 50; i++) {
            struct timespec a, b;
            make_stream(&s);
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
            run_stream(&s);
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
            double t = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
            worst = t > worst ? t : worst;
        }
        gpu_counters(s.gpu, &c);
        done += c.packets;
        draws += c.draws;
        engine_stop(&s);
    }
    free(s.data);
    backend_destroy(s.backend);
    printf("storm: %" PRIu64 " packets, %" PRIu64 " draws; %" PRIu64 " streams refused, %" PRIu64
           " ended as hangs; the slowest stream took %.2f s of CPU\n", done, draws, s.refused, s.hangs, worst);
    return 0;
}
