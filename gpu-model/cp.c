// SPDX-License-Identifier: MIT
//
// The command processor's fetch and dispatch: packets of types 0 to 3, two levels of indirect
// buffers, resumable at every packet boundary. Packet formats: the public PM4 database and what the
// open driver and kernel emit. The prefetch parser's run-ahead is not modelled: packets take effect
// in order.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "gpu-model/internal.h"

static pm4_handler *const handlers[128] = {
#define PM4(op, name, min, max, ring, impl, addr, handler, fields) [op] = cp_##handler,
#include "gpu-model/pm4.def"
#undef PM4
};

static const char *packet_name(uint32_t header, char *buf, size_t n)
{
    const struct gpu_packet_info *info = gpu_packet_info((uint8_t)bits(header, 15, 8));
    if (header >> 30 == 3) {
        if (info) {
            return info->name;
        }
        snprintf(buf, n, "packet 0x%02x", bits(header, 15, 8));
    } else {
        snprintf(buf, n, "type %u packet", header >> 30);
    }
    return buf;
}

void cp_refuse(struct gpu *gpu, enum gpu_run how, const char *fmt, ...)
{
    static const char *const level[GPU_IB_DEPTH] = {"ring", "IB1", "IB2"};
    const struct cp_frame *f = &gpu->stack[gpu->depth - 1];
    char name[32], text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    snprintf(gpu->error, sizeof(gpu->error), "%s at %08x (%s): %s",
             packet_name(f->dw[f->pos], name, sizeof(name)), f->va + f->pos * 4,
             level[gpu->depth - 1], text);
    gpu->stop = how;
    gpu->counters.errors++;
}

void cp_memory_written(struct gpu *gpu, uint32_t va, size_t n)
{
    struct gpu_written add = {va, va + (uint64_t)n}, *w = gpu->written;
    unsigned i = 0;
    while (i < gpu->written_count && (add.start > w[i].end || add.end < w[i].start)) {
        i++;
    }
    if (i == ARRAY_LEN(gpu->written)) {
        i--; // grows over what lies between
    } else if (i == gpu->written_count) {
        gpu->written_count++;
        w[i] = add;
    }
    w[i].start = add.start < w[i].start ? add.start : w[i].start;
    w[i].end = add.end > w[i].end ? add.end : w[i].end;
}

// ---- registers
// --------------------------------------------------------------------------------------------

bool cp_reg_write(struct gpu *gpu, uint32_t reg, uint32_t val)
{
    if (reg >= GPU_REGS) {
        cp_refuse(gpu, GPU_RUN_ERROR, "register 0x%04x does not exist", reg);
        return false;
    }
    uint8_t flags = gpu->reg_flags[reg];
    if (flags != REG_F_MODELLED) {
        if (flags & REG_F_REFUSE_IB && gpu->depth > 1) {
            cp_refuse(gpu, GPU_RUN_ERROR, "writes the privileged register %s (0x%04x)",
                      gpu_reg_info(reg)->name, reg);
            return false;
        }
        if (!(flags & REG_F_MODELLED)) {
            gpu->unmodelled[reg]++;
        }
        if (flags & REG_F_READONLY) {
            return true;
        }
    }
    gpu->regs[reg] = val;
    gpu->state_dirty = true;
    return true;
}

static void type0(struct gpu *gpu, uint32_t header, const uint32_t *p, uint32_t n)
{
    uint32_t reg = bits(header, 14, 0), step = bit(header, 15) ? 0 : 1;
    for (uint32_t i = 0; i < n; i++, reg += step) {
        if (!cp_reg_write(gpu, reg, p[i])) {
            return;
        }
    }
}

// ---- packets
// -----------------------------------------------------------------------------------------------

static void type3(struct gpu *gpu, uint32_t header, const uint32_t *p, uint32_t n)
{
    uint8_t op = (uint8_t)bits(header, 15, 8);
    const struct gpu_packet_info *info = gpu_packet_info(op);
    if (!info) {
        cp_refuse(gpu, GPU_RUN_ERROR, "no such packet");
    } else if (!info->implemented) {
        cp_refuse(gpu, GPU_RUN_ERROR, "not implemented");
    } else if (n < info->min_dwords || n > info->max_dwords) {
        cp_refuse(gpu, GPU_RUN_ERROR, "%u payload dwords, expected %u to %u", n, info->min_dwords,
                  info->max_dwords);
    } else if (info->ring_only && gpu->depth > 1) {
        cp_refuse(gpu, GPU_RUN_ERROR, "privileged, allowed in the ring only");
    } else {
        handlers[op](gpu, p, n);
    }
}

// Executes the packet at the current position. The position moves on unless the packet was refused.
static void step(struct gpu *gpu)
{
    struct cp_frame *f = &gpu->stack[gpu->depth - 1];
    uint32_t header = f->dw[f->pos], left = f->ndw - f->pos - 1, n = 0;
    const uint32_t *p = f->dw + f->pos + 1;

    switch (header >> 30) {
    case 0:
    case 3:
        n = bits(header, 29, 16) + 1;
        break;
    case 1:
        n = 2;
        break;
    default:
        break; // type 2: one dword of nothing
    }
    if (n > left) {
        cp_refuse(gpu, GPU_RUN_ERROR, "%u payload dwords, but the buffer ends after %u", n, left);
        return;
    }
    gpu->counters.packets++;
    gpu->counters.dwords += n + 1;
    if (gpu->env->ops->packet) {
        gpu->env->ops->packet(gpu->env, gpu->depth - 1, f->va + f->pos * 4, p - 1, n + 1);
    }
    TRACE(gpu->log, pm4, "%u %08x: %08x +%u", gpu->depth - 1, f->va + f->pos * 4, header, n);
    switch (header >> 30) {
    case 0:
        type0(gpu, header, p, n);
        break;
    case 1:
        if (cp_reg_write(gpu, bits(header, 10, 0), p[0])) {
            cp_reg_write(gpu, bits(header, 21, 11), p[1]);
        }
        break;
    case 3:
        type3(gpu, header, p, n);
        break;
    default:
        break;
    }
    if (gpu->stop == GPU_RUN_DONE) {
        f->pos += n + 1;
    }
}

void cp_indirect_buffer(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    uint32_t va = p[0], ndw = p[1] & 0xfffff;
    if (gpu->depth == GPU_IB_DEPTH) {
        cp_refuse(gpu, GPU_RUN_ERROR, "indirect buffers nest deeper than two levels");
        return;
    }
    gpu->counters.ibs++;
    if (!ndw) {
        return;
    }
    const uint32_t *dw = gpu->env->ops->ib(gpu->env, va, ndw);
    if (!dw) {
        cp_refuse(gpu, GPU_RUN_ERROR, "indirect buffer at %08x, %u dwords, may not be executed", va,
                  ndw);
        return;
    }
    gpu->stack[gpu->depth++] = (struct cp_frame){va, dw, ndw, 0};
}

void gpu_rang(struct gpu *gpu, uint64_t host_ns)
{
    gpu->rang_ns = host_ns;
}

int gpu_begin(struct gpu *gpu, uint32_t va, const uint32_t *dw, uint32_t ndw)
{
    if (gpu->depth) {
        return -EBUSY;
    }
    gpu->error[0] = 0;
    // the guest's CPU had its turn, unless it rang before memory was looked at last
    gpu->memory_dirty |= !gpu->rang_ns || gpu->rang_ns >= gpu->looked_ns;
    gpu->rang_ns = 0;
    if (ndw) {
        gpu->stack[0] = (struct cp_frame){va, dw, ndw, 0};
        gpu->depth = 1;
    }
    return 0;
}

enum gpu_run gpu_run(struct gpu *gpu, unsigned draws)
{
    uint64_t stop_packets = draws ? gpu->counters.packets + GPU_RUN_PACKETS : UINT64_MAX;
    uint64_t stop_serial = draws ? gpu->serial + draws : UINT64_MAX;

    gpu->stop = GPU_RUN_DONE;
    while (gpu->depth) {
        struct cp_frame *f = &gpu->stack[gpu->depth - 1];
        if (f->pos >= f->ndw) {
            gpu->depth--;
            continue;
        }
        if (gpu->serial >= stop_serial || gpu->counters.packets >= stop_packets) {
            return GPU_RUN_MORE;
        }
        step(gpu);
        if (gpu->stop != GPU_RUN_DONE) {
            gpu->depth = 0; // the submission is dropped
            return gpu->stop;
        }
    }
    return GPU_RUN_DONE;
}
