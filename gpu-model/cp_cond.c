// SPDX-License-Identifier: MIT
//
// Packets that no open driver of this generation emits, but whose layout public sources tell: the old
// kernel driver's conditional interrupt (CP_COND_EXEC), the packet database (CP_COND_WRITE,
// CP_MEM_TO_REG, CP_DRAW_INDX_2), and the same command processor's use in the Xenos (CP_IM_STORE,
// CP_EVENT_WRITE_SHD). What a source leaves open is refused by name.
#include <string.h>

#include "base/bits.h"
#include "gpu-model/internal.h"

enum { REG_PA_SC_VIZ_QUERY = 0x2293 };

bool cp_compare(uint32_t function, uint32_t got, uint32_t ref)
{
    switch (function) { // cp_cond_function
    case 0:
        return true;
    case 1:
        return got < ref;
    case 2:
        return got <= ref;
    case 3:
        return got == ref;
    case 4:
        return got != ref;
    case 5:
        return got >= ref;
    case 6:
        return got > ref;
    default:
        return false;
    }
}

static uint32_t read_word(struct gpu *gpu, uint32_t va)
{
    uint32_t v = 0;
    gpu->mem->ops->read(gpu->mem, va & ~3u, &v, 4);
    return v;
}

// {enable address >> 2, reference address >> 2, value, dwords}: the dwords that follow run only when
// the enable word is not zero and the value has reached the reference. They must be whole packets, so
// that what was audited is what runs.
void cp_cond_exec(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    struct cp_frame *f = &gpu->stack[gpu->depth - 1];
    uint32_t at = f->pos + n + 1, skip = p[3], end;
    if (skip > f->ndw - at) {
        cp_refuse(gpu, GPU_RUN_ERROR, "guards %u dwords, but the buffer ends after %u", skip,
                  f->ndw - at);
        return;
    }
    for (end = at; end < at + skip;) {
        uint32_t header = f->dw[end];
        uint32_t dwords = header >> 30 == 2 ? 1 : header >> 30 == 1 ? 3 : bits(header, 29, 16) + 2;
        if (dwords > at + skip - end) {
            cp_refuse(gpu, GPU_RUN_ERROR, "guards %u dwords, which end inside a packet", skip);
            return;
        }
        end += dwords;
    }
    if (!read_word(gpu, p[0] << 2) || p[2] < read_word(gpu, p[1] << 2)) {
        f->pos += skip;
    }
}

// {function | 16 poll memory | 256 write memory, poll, reference, mask, destination, value}
void cp_cond_write(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    uint32_t got = bit(p[0], 4) ? read_word(gpu, p[1]) : gpu_reg_read(gpu, p[1]);
    if (!cp_compare(bits(p[0], 2, 0), got & p[3], p[2])) {
        return;
    }
    if (bit(p[0], 8)) {
        cp_memory_store(gpu, p[4], p + 5, 1);
    } else {
        cp_reg_write(gpu, p[4], p[5]);
    }
}

// {register | count << 18, address}: dwords from memory to registers
void cp_mem_to_reg(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    uint32_t reg = bits(p[0], 17, 0), count = bits(p[0], 29, 18);
    count = count ? count : 1;
    if (reg >= GPU_REGS || count > GPU_REGS - reg) {
        cp_refuse(gpu, GPU_RUN_ERROR, "registers 0x%x..0x%x do not exist", reg, reg + count - 1);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!cp_reg_write(gpu, reg + i, read_word(gpu, p[1] + 4 * i))) {
            return;
        }
    }
}

// {address | stage, start << 16 | dwords}: the bound program to memory
void cp_im_store(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    uint32_t stage = p[0] & 3, ndw = bits(p[1], 15, 0), zero = 0;
    if (stage > 1) {
        cp_refuse(gpu, GPU_RUN_ERROR, "no shader stage %u", stage);
        return;
    }
    const struct shader_entry *e = gpu->bound[stage ? SHADER_PIXEL : SHADER_VERTEX];
    uint32_t have = e && e->ndw < ndw ? e->ndw : e ? ndw : 0;
    if (have) {
        cp_memory_store(gpu, p[0] & ~3u, e->dw, have);
    }
    for (uint32_t i = have; i < ndw && i < 3 * 512; i++) {
        cp_memory_store(gpu, (p[0] & ~3u) + 4 * i, &zero, 1);
    }
}

// {event, address, value}: a value after the shaders are done
void cp_event_write_shd(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    if (bit(p[0], 31)) {
        cp_refuse(gpu, GPU_RUN_ERROR, "the counter it would write is not modelled");
        return;
    }
    cp_event_write(gpu, p, n);
}

// Extents are not counted, everything passes: what a query guards is drawn.
void cp_viz_query(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)p, (void)n;
    gpu->unmodelled[REG_PA_SC_VIZ_QUERY]++;
}
