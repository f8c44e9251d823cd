// SPDX-License-Identifier: MIT
//
// Running a capture through the engine. Buffers keep what the GPU wrote in them; a capture's
// contents are loaded only where it says that the CPU changed them (text section "bo ... changed=1"
// before the address; captures without such lines load always). A submit's command streams run in
// order, each as an IB1 called from a ring of one packet, so that the audit level is that of user
// space.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "gpu-model/dump.h"
#include "gpu-model/formats.h"
#include "gpu-model/internal.h"
#include "gpu-model/rd.h"
#include "gpu-model/replay_mem.h"

#define SURFACES 32 // that one submit may write and still have their extent known

// What a picture would be taken of.
struct replay_surface {
    uint32_t va, pitch; // va 0: none
    unsigned format, swap;
    bool linear;
    uint32_t width, height;
};

struct replay {
    struct replay_mem memory;
    struct gpu_env env;
    const struct rd_replay_config *cfg;
    struct rd_replay_result *res;
    const struct gpu_profile *profile;
    struct gpu *gpu;
    struct gpu_context *ctx;
    struct gpu_dumper *dumper;

    uint32_t addr_va, addr_bytes;
    bool addr_valid, changed, in_submit;
    unsigned submit_work;
    unsigned gmem_swap;                   // component order of the pixels in GMEM
    struct replay_surface seen[SURFACES]; // of this submit; depth and colour alternate tile by tile
    unsigned seen_count;
    const struct replay_surface *now; // the one written last
    struct replay_surface last_surface;
};

// ---- what the engine calls
// ---------------------------------------------------------------------------------

static const uint32_t *env_ib(struct gpu_env *env, uint32_t va, uint32_t ndw)
{
    struct replay *rp = container_of(env, struct replay, env);
    return replay_mem_words(&rp->memory, va, ndw);
}

static void env_interrupt(struct gpu_env *env, uint32_t bits_)
{
    struct replay *rp = container_of(env, struct replay, env);
    struct gpu_env *l = rp->cfg->listener;
    if (l && l->ops->interrupt) {
        l->ops->interrupt(l, bits_);
    }
}

static void env_fence(struct gpu_env *env, uint32_t va, uint32_t value)
{
    struct replay *rp = container_of(env, struct replay, env);
    struct gpu_env *l = rp->cfg->listener;
    if (l && l->ops->fence) {
        l->ops->fence(l, va, value);
    }
}

// The order of a picture's components is that of the colour target as rendering last set it up; a
// resolve copies raw and a tile may see nothing but a fill.
static void note_target(struct replay *rp, const uint32_t *dw, uint32_t n)
{
    uint32_t first = n > 2 ? dw[1] - 0x00040000 : 2;
    if (bits(dw[0], 15, 8) != 0x2d || dw[0] >> 30 != 3 || first > 1 || n <= 3 - first) {
        return; // not CP_SET_CONSTANT over RB_COLOR_INFO
    }
    uint32_t surface = first ? gpu_reg_read(rp->gpu, REG_RB_SURFACE_INFO) : dw[2];
    if (gpu_reg_read(rp->gpu, REG_RB_MODECONTROL) != 6 && !bits(surface, 15, 14)) {
        rp->gmem_swap = bits(dw[3 - first], 10, 9);
    }
}

static void env_packet(struct gpu_env *env, unsigned depth, uint32_t va, const uint32_t *dw,
                       uint32_t n)
{
    struct replay *rp = container_of(env, struct replay, env);
    struct gpu_env *l = rp->cfg->listener;
    note_target(rp, dw, n);
    if (depth && l && l->ops->packet) {
        l->ops->packet(l, depth, va, dw, n);
    }
}

// The entry of a surface in this submit.
static struct replay_surface *surface_at(struct replay *rp, uint32_t va, uint32_t pitch)
{
    unsigned i = 0;
    while (i < rp->seen_count && (rp->seen[i].va != va || rp->seen[i].pitch != pitch)) {
        i++;
    }
    if (i == SURFACES) {
        i = rp->seen_count = 0;
    }
    if (i == rp->seen_count) {
        rp->seen_count++;
        rp->seen[i] = (struct replay_surface){.va = va, .pitch = pitch};
    }
    rp->now = &rp->seen[i];
    return &rp->seen[i];
}

static void grow(struct replay_surface *s, uint32_t width, uint32_t height)
{
    s->width = width > s->width ? width : s->width;
    s->height = height > s->height ? height : s->height;
}

static void see_draw(struct replay *rp, const struct gpu_draw *d)
{
    const struct gpu_color_target *c = &d->state->color;
    if (!c->in_gmem) {
        uint32_t br = d->state->regs[REG_PA_SC_SCREEN_SCISSOR_BR - GPU_CONTEXT_REGS];
        struct replay_surface *s = surface_at(rp, c->base, c->pitch);
        s->format = c->format;
        s->swap = c->swap;
        s->linear = c->linear;
        grow(s, bits(br, 14, 0), bits(br, 30, 16));
    }
}

static void see_resolve(struct replay *rp, const struct gpu_resolve *r)
{
    struct replay_surface *s = surface_at(rp, r->dst_va, r->dst_pitch);
    s->format = r->dst_format;
    s->linear = r->dst_linear;
    // the copy is raw when neither side swaps: then the pixels are in the order they were drawn in
    s->swap = r->src.swap || r->dst_swap ? r->dst_swap : rp->gmem_swap;
    grow(s, (uint32_t)(r->rect.x1 + r->dst_x), (uint32_t)(r->rect.y1 + r->dst_y));
}

static void env_work(struct gpu_env *env, const struct gpu_draw *draw,
                     const struct gpu_resolve *resolve, const struct gpu_fill *fill,
                     enum gpu_result result)
{
    struct replay *rp = container_of(env, struct replay, env);
    struct gpu_env *l = rp->cfg->listener;
    rp->submit_work++;
    if (draw) {
        rp->res->draws++;
        see_draw(rp, draw);
    }
    if (resolve) {
        rp->res->resolves++;
        see_resolve(rp, resolve);
    }
    if (l && l->ops->work) {
        l->ops->work(l, draw, resolve, fill, result);
    }
}

static const struct gpu_env_ops env_ops = {.ib = env_ib,
                                           .interrupt = env_interrupt,
                                           .fence = env_fence,
                                           .packet = env_packet,
                                           .work = env_work};

// ---- sections
// ------------------------------------------------------------------------------------------------

static int engine_start(struct replay *rp, uint32_t gpu_id, struct err *err)
{
    const struct rd_replay_config *cfg = rp->cfg;
    char name[16];
    snprintf(name, sizeof(name), "%u", gpu_id);
    rp->profile = cfg->profile ? cfg->profile : gpu_profile_find(name);
    if (!rp->profile) {
        return err_set(err, -EINVAL, "capture of GPU %u, which no profile describes", gpu_id);
    }
    rp->res->gpu_id = gpu_id ? gpu_id : rp->profile->gpu_id;
    if (cfg->backend) {
        struct gpu_context_config cc = {&rp->memory.mem, rp->profile->gmem_bytes, cfg->log,
                                        cfg->scissor_br_inclusive};
        if (cfg->backend->ops->bind_thread) {
            int ret = cfg->backend->ops->bind_thread(cfg->backend, err);
            if (ret < 0) {
                return ret;
            }
        }
        rp->ctx = cfg->backend->ops->context_create(cfg->backend, &cc, err);
        if (!rp->ctx) {
            return err && err->code ? err->code : -ENOMEM;
        }
    }
    struct gpu_config gc = {rp->profile, &rp->memory.mem, &rp->env,
                            rp->ctx,     cfg->log,        cfg->scissor_br_inclusive};
    rp->gpu = gpu_create(&gc, err);
    if (!rp->gpu) {
        return -ENOMEM;
    }
    if (cfg->dump) {
        rp->dumper = gpu_dumper_create(rp->profile, &rp->env, &rp->memory.mem, cfg->dump,
                                       cfg->dump_as_cffdump);
        if (!rp->dumper) {
            return err_set(err, -ENOMEM, "no memory");
        }
    }
    return 0;
}

static void submit_end(struct replay *rp)
{
    if (rp->submit_work && rp->now) {
        rp->last_surface = *rp->now;
    }
    rp->in_submit = false;
}

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int run_stream(struct replay *rp, uint32_t va, uint32_t ndw, struct err *err)
{
    uint32_t ring[3] = {0xc0013700, va, ndw & 0xfffff}; // CP_INDIRECT_BUFFER_PFD
    if (!rp->gpu) {
        int ret = engine_start(rp, 200, err);
        if (ret < 0) {
            return ret;
        }
    }
    if (!rp->in_submit) {
        rp->in_submit = true;
        rp->submit_work = 0;
        rp->seen_count = 0;
        rp->now = NULL;
        rp->res->submits++;
    }
    if (rp->dumper) {
        const uint32_t *dw = env_ib(&rp->env, va, ndw);
        fprintf(rp->cfg->dump,
                "############################################################\n"
                "cmdstream: %u dwords\n",
                ndw);
        if (dw) {
            gpu_dumper_stream(rp->dumper, va, dw, ndw);
        }
        fprintf(rp->cfg->dump,
                "############################################################\n"
                "vertices: %d\n",
                (int)gpu_dumper_vertices(rp->dumper));
    }
    uint64_t start = now_ns();
    gpu_begin(rp->gpu, 0, ring, ARRAY_LEN(ring));
    enum gpu_run how = gpu_run(rp->gpu, 0);
    rp->res->engine_ns += now_ns() - start;
    if (how != GPU_RUN_DONE && !rp->res->error[0]) {
        snprintf(rp->res->error, sizeof(rp->res->error), "submit %u: %.230s", rp->res->submits,
                 gpu_error(rp->gpu));
    }
    return 0;
}

static void note_text(struct replay *rp, const char *text)
{
    const char *p = strstr(text, " changed=");
    if (!strncmp(text, "bo ", 3) && p) {
        rp->changed = p[9] != '0';
    }
    if (rp->cfg->dump) {
        fprintf(rp->cfg->dump, "test: %s\n", text);
    }
}

static int section(struct replay *rp, uint32_t type, const uint8_t *data, uint32_t bytes,
                   struct err *err)
{
    FILE *dump = rp->cfg->dump;
    switch (type) {
    case RD_TEST:
        note_text(rp, (const char *)data);
        break;
    case RD_CMD:
        submit_end(rp);
        if (rp->cfg->stop_submit && rp->res->submits >= rp->cfg->stop_submit) {
            return 1;
        }
        if (dump) {
            fprintf(dump, "cmd: %s\n", (const char *)data);
        }
        break;
    case RD_GPUADDR:
        rp->addr_valid = bytes >= 8 && (bytes < 12 || !get_le32(data + 8));
        if (rp->addr_valid) {
            rp->addr_va = get_le32(data);
            rp->addr_bytes = get_le32(data + 4);
        }
        break;
    case RD_BUFFER_CONTENTS: {
        bool changed = rp->changed;
        rp->changed = true; // unless the next buffer says otherwise
        return rp->addr_valid ? replay_mem_load(&rp->memory, rp->addr_va, rp->addr_bytes, data,
                                                bytes, changed, err)
                              : 0;
    }
    case RD_CMDSTREAM_ADDR:
        if (bytes >= 8 && (bytes < 12 || !get_le32(data + 8))) {
            return run_stream(rp, get_le32(data), get_le32(data + 4), err);
        }
        break;
    case RD_GPU_ID:
    case RD_CHIP_ID:
        if (!rp->gpu && bytes >= 4) {
            uint32_t id = get_le32(data);
            if (type == RD_CHIP_ID) { // core.major.minor.patch, a byte each
                id = (id >> 24) * 100 + (id >> 16 & 0xff) * 10 + (id >> 8 & 0xff);
            }
            if (dump) {
                fprintf(dump, "gpu_id: %u\n", id);
            }
            return engine_start(rp, id, err);
        }
        break;
    default:
        break; // sections of other tools
    }
    return 0;
}

// ---- the picture
// ---------------------------------------------------------------------------------------------

static int take_picture(struct replay *rp, struct err *err)
{
    const struct replay_surface *s = &rp->last_surface;
    struct rd_replay_result *res = rp->res;
    const struct format_info *f = color_format_info(s->format);

    if (!s->va || !f) {
        return 0;
    }
    snprintf(res->surface, sizeof(res->surface), "%08x %ux%u pitch %u %s%s%s", s->va, s->width,
             s->height, s->pitch, f->name, s->swap ? " swapped" : "", s->linear ? "" : " tiled");
    if (!rp->ctx || !s->width || !s->height || s->width > 8192 || s->height > 8192) {
        return 0;
    }
    rp->ctx->backend->ops->flush(rp->ctx);
    int ret = picture_init(&res->pic, s->width, s->height, err);
    if (ret < 0) {
        return ret;
    }
    for (uint32_t y = 0; y < s->height; y++) {
        for (uint32_t x = 0; x < s->width; x++) {
            uint8_t px[16], *out = res->pic.rgba + 4 * ((size_t)y * s->width + x);
            float rgba[4];
            rp->memory.mem.ops->read(
                &rp->memory.mem, color_pixel_va(s->va, s->pitch, f->block_bytes, s->linear, x, y),
                px, f->block_bytes);
            color_unpack(s->format, s->swap, px, rgba);
            color_pack(COLORX_8_8_8_8, 0, rgba, out);
        }
    }
    return 0;
}

static void replay_fini(struct replay *rp)
{
    gpu_dumper_destroy(rp->dumper);
    gpu_destroy(rp->gpu);
    if (rp->ctx) {
        rp->ctx->backend->ops->context_destroy(rp->ctx);
    }
    replay_mem_fini(&rp->memory);
}

int rd_replay(const char *path, const struct rd_replay_config *cfg, struct rd_replay_result *res,
              struct err *err)
{
    struct replay rp = {.env = {&env_ops}, .cfg = cfg, .res = res, .changed = true};
    struct err local = {0};
    const uint8_t *data;
    uint32_t type, bytes;
    int ret;

    memset(res, 0, sizeof(*res));
    replay_mem_init(&rp.memory);
    err = err ? err : &local;
    struct rd_reader *rd = rd_open(path, err);
    if (!rd) {
        replay_mem_fini(&rp.memory);
        return err->code;
    }
    if (cfg->dump) {
        const char *base = strrchr(path, '/');
        base = base ? base + 1 : path;
        size_t len = strlen(base);
        len -= len > 3 && !strcmp(base + len - 3, ".gz") ? 3 : 0;
        fprintf(cfg->dump, "Reading %.*s...\n", (int)len, base);
    }
    while ((ret = rd_next(rd, &type, &data, &bytes, err)) > 0) {
        ret = section(&rp, type, data, bytes, err);
        if (ret) {
            break;
        }
    }
    submit_end(&rp);
    rd_close(rd);
    if (ret >= 0) {
        ret = take_picture(&rp, err);
    }
    if (rp.gpu) {
        gpu_counters(rp.gpu, &res->counters);
    }
    replay_fini(&rp);
    return ret < 0 ? ret : 0;
}
