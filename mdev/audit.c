// SPDX-License-Identifier: MIT
//
// The command audit. Every buffer that a submission reaches is copied, then every packet of the
// copy is checked before anything executes: known, complete, not privileged, every address through
// the vGPU's own translation. What executes later is the copy, so the guest cannot change it after
// the verdict. A buffer that is refused turns into NOPs: its submission fails by name, the fences
// around it still complete, and the VM goes on. Data reached at execution (vertices, textures,
// resolves) is bounded there by the same translation.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "mdev/private.h"

#define IB_DEPTH_MAX 2u
#define IB_DWORDS_MAX (1u << 20)
#define TOTAL_DWORDS_MAX (4u << 20)
#define REG_FILE_END 0x5000u
#define NOP_PACKET 0x80000000u

enum audit_rule {
#define RULE(name, text) RULE_##name,
#include "mdev/audit_rules.def"
#undef RULE
};

// Mutation builds leave one rule out: -DAUDIT_WITHOUT=RULE_name.
#ifdef AUDIT_WITHOUT
#define RULE_ON(name) ((int)RULE_##name != (int)(AUDIT_WITHOUT))
#else
#define RULE_ON(name) true
#endif

enum {
    PM4_REG_RMW = 0x21,
    PM4_DRAW_INDX = 0x22,
    PM4_IM_LOAD_IMMEDIATE = 0x2b,
    PM4_SET_CONSTANT = 0x2d,
    PM4_LOAD_CONSTANT_CONTEXT = 0x2e,
    PM4_DRAW_INDX_BIN = 0x34,
    PM4_INDIRECT_BUFFER_PFD = 0x37,
    PM4_INDIRECT_BUFFER_PFE = 0x3f,
    PM4_MEM_WRITE = 0x3d,
    PM4_REG_TO_MEM = 0x3e,
    PM4_EVENT_WRITE = 0x46,
};

struct audit {
    struct vgpu *vgpu;
    struct workload *w;
    unsigned depth;
    char *why;
    size_t why_n;
};

#define REFUSE(a, ...) (snprintf((a)->why, (a)->why_n, __VA_ARGS__), (a)->why)

static bool reachable(struct audit *a, uint32_t va, uint64_t bytes, unsigned prot)
{
    uint32_t fault;
    bool write, ok = gmmu_reachable(&a->vgpu->client_mem, va, bytes, prot);
    gmmu_clear_fault(&a->vgpu->client_mem, &fault, &write); // a verdict, not a GPU fault
    return ok;
}

static const char *check_registers(struct audit *a, uint32_t reg, uint32_t n)
{
    if (RULE_ON(register_range) && (reg >= REG_FILE_END || n > REG_FILE_END - reg)) {
        return REFUSE(a, "registers 0x%04x+%u are past the register file", reg, n);
    }
    if (a->depth == 0) {
        return NULL;
    }
    for (uint32_t i = 0; RULE_ON(register_class) && i < n && reg + i < REG_FILE_END; i++) {
        const struct gpu_reg_info *info = gpu_reg_info(reg + i);
        if (!info || info->cls == GPU_REG_PRIV || info->cls == GPU_REG_READONLY ||
            info->cls == GPU_REG_UNKNOWN) {
            return REFUSE(a, "register %s (0x%04x) may not be written by an indirect buffer",
                          info ? info->name : "unknown", reg + i);
        }
    }
    return NULL;
}

// SET_CONSTANT and LOAD_CONSTANT_CONTEXT share one index word: type in 23:16, dword index below.
static const char *check_constants(struct audit *a, uint32_t word, uint32_t n)
{
    static const struct {
        const char *name;
        uint32_t limit;
    } files[] = {{"ALU", 512 * 4}, {"fetch", 192}, {"bool", 8}, {"loop", 32}};
    uint32_t type = bits(word, 23, 16), index = bits(word, 15, 0);
    if (type == 4) {
        return check_registers(a, 0x2000 + index, n);
    }
    if (RULE_ON(constant_range) &&
        (type >= ARRAY_LEN(files) || index > files[type].limit || n > files[type].limit - index)) {
        return REFUSE(a, "constants type %u index %u+%u are past their file", type, index, n);
    }
    return NULL;
}

static const char *check_ib(struct audit *a, uint32_t va, uint32_t ndw, bool *refused)
{
    struct workload *w = a->w;
    struct gpu_mem *mem = &a->vgpu->client_mem.mem;
    struct ib_copy *ib;
    const char *why;
    uint32_t fault, packets, at;
    bool write;

    for (unsigned i = 0; i < w->nibs; i++) { // the same buffer called again, e.g. once per tile
        if (w->ibs[i].va == va && w->ibs[i].ndw == ndw) {
            *refused = w->ibs[i].refused;
            return NULL;
        }
    }
    if (RULE_ON(ib_depth) && a->depth >= IB_DEPTH_MAX) {
        return REFUSE(a, "indirect buffer 0x%08x nested deeper than %u", va, IB_DEPTH_MAX);
    }
    if ((RULE_ON(ib_count) && w->nibs >= IBS_MAX) || w->nibs == ARRAY_LEN(w->ibs)) {
        return REFUSE(a, "more than %u indirect buffers", IBS_MAX);
    }
    if (RULE_ON(ib_length) && (!ndw || ndw > IB_DWORDS_MAX)) {
        return REFUSE(a, "indirect buffer 0x%08x has %u dwords", va, ndw);
    }
    if (RULE_ON(total_length) && ndw > TOTAL_DWORDS_MAX - w->used) {
        return REFUSE(a, "submission is longer than %u dwords", TOTAL_DWORDS_MAX);
    }
    if (RULE_ON(quota) && ((uint64_t)w->used + ndw) * 4 > a->vgpu->quota) {
        return REFUSE(a, "submission needs more than the quota of %llu bytes",
                      (unsigned long long)a->vgpu->quota);
    }
    if (ndw > w->room - w->used) {
        uint32_t room = w->room * 2 > w->used + ndw ? w->room * 2 : w->used + ndw;
        uint32_t *p = realloc(w->words, (size_t)room * 4);
        if (!p) {
            return REFUSE(a, "no host memory for an indirect buffer of %u dwords", ndw);
        }
        w->words = p;
        w->room = room;
    }
    if (!mem->ops->read(mem, va, w->words + w->used, (size_t)ndw * 4) && RULE_ON(ib_memory)) {
        gmmu_clear_fault(&a->vgpu->client_mem, &fault, &write);
        return REFUSE(a, "indirect buffer 0x%08x+%u is not readable memory", va, ndw);
    }
    ib = &w->ibs[w->nibs++];
    *ib = (struct ib_copy){.va = va, .ndw = ndw, .first = w->used};
    at = (uint32_t)(ib - w->ibs);
    w->used += ndw;
    w->sub.dwords += ndw;
    w->sub.ibs++;
    packets = w->sub.packets;
    why = audit_buffer(a->vgpu, w, ib->first, ndw, a->depth + 1, a->why, a->why_n);
    w->ibs[at].packets = w->sub.packets - packets;
    if (why) {
        char text[200];
        snprintf(text, sizeof text, "%s", why);
        ring_refuse(a->vgpu, "indirect buffer 0x%08x: %s", va, text);
        ib->refused = true;
        w->sub.verdict = -EPERM;
    }
    *refused = ib->refused;
    return NULL;
}

static const char *check_memory(struct audit *a, const char *what, uint32_t va, uint64_t bytes,
                                unsigned prot)
{
    bool writes = prot == VGPU_DMA_WRITE;
    if (writes ? !RULE_ON(write_memory) : !RULE_ON(read_memory)) {
        return NULL;
    }
    if (!reachable(a, va, bytes, prot)) {
        return REFUSE(a, "%s: 0x%08x+0x%llx is not %s", what, va, (unsigned long long)bytes,
                      writes ? "writable" : "readable");
    }
    return NULL;
}

// `at` indexes the payload in the arena: check_ib may move the arena.
static const char *check_type3(struct audit *a, uint32_t at, uint32_t op, uint32_t n, bool *nop)
{
    const struct gpu_packet_info *info = gpu_packet_info((uint8_t)op);
    const uint32_t *p = a->w->words + at;
    const char *name = info ? info->name : "unknown";

    if (RULE_ON(known_opcode) && (!info || !info->implemented)) {
        return REFUSE(a, "packet %s (0x%02x) is not implemented", name, op);
    }
    if (RULE_ON(opcode_length) && info && (n < info->min_dwords || n > info->max_dwords)) {
        return REFUSE(a, "%s with %u dwords (%u..%u)", name, n, info->min_dwords, info->max_dwords);
    }
    if (RULE_ON(ring_only) && info && info->ring_only && a->depth) {
        return REFUSE(a, "%s is privileged", name);
    }
    switch (op) {
    case PM4_INDIRECT_BUFFER_PFD:
    case PM4_INDIRECT_BUFFER_PFE: {
        const char *why = n >= 2 ? check_ib(a, p[0], p[1], nop) : NULL;
        if (why && a->depth == 0) { // the kernel's own packets around it are good: skip the call
            ring_refuse(a->vgpu, "ring: %s", why);
            a->w->sub.verdict = -EPERM;
            *nop = true;
            why = NULL;
        }
        return why;
    }
    case PM4_SET_CONSTANT:
        return n ? check_constants(a, p[0], n - 1) : NULL;
    case PM4_LOAD_CONSTANT_CONTEXT: {
        const char *why;
        if (n < 3) {
            return NULL;
        }
        why = check_constants(a, p[1], p[2] & 0xfff);
        return why ? why
                   : check_memory(a, name, p[0] + 4 * bits(p[1], 15, 0), 4ull * (p[2] & 0xfff),
                                  VGPU_DMA_READ);
    }
    case PM4_MEM_WRITE:
        return n ? check_memory(a, name, p[0] & ~3u, 4ull * (n - 1), VGPU_DMA_WRITE) : NULL;
    case PM4_REG_TO_MEM: {
        uint32_t count = n ? bits(p[0], 29, 18) : 0;
        return n >= 2
                   ? check_memory(a, name, p[1] & ~3u, 4ull * (count ? count : 1), VGPU_DMA_WRITE)
                   : NULL;
    }
    case PM4_REG_RMW:
        return n ? check_registers(a, bits(p[0], 15, 0), 1) : NULL;
    case PM4_EVENT_WRITE:
        return n >= 3 ? check_memory(a, name, p[1] & ~3u, 4, VGPU_DMA_WRITE) : NULL;
    default:
        return NULL;
    }
}

const char *audit_buffer(struct vgpu *vgpu, struct workload *w, uint32_t first, uint32_t ndw,
                         unsigned depth, char *why, size_t why_n)
{
    struct audit a = {vgpu, w, depth, why, why_n};
    uint32_t at = 0;

    while (at < ndw) {
        uint32_t header = w->words[first + at], type = header >> 30, n = 0;
        const char *bad = NULL;
        bool nop = false;
        if (type == 0 || type == 3) {
            n = bits(header, 29, 16) + 1;
            if (n > ndw - at - 1) {
                // never read past the copy, whatever rules are built in
                return RULE_ON(packet_length)
                           ? REFUSE(&a, "packet 0x%08x does not end inside its buffer", header)
                           : NULL;
            }
        }
        w->sub.packets++;
        if (type == 0) {
            uint32_t reg = bits(header, 14, 0);
            bad = check_registers(&a, reg, header & 0x8000 ? 1 : n);
        } else if (type == 1) {
            if (RULE_ON(type1)) {
                bad = REFUSE(&a, "type 1 packet 0x%08x", header);
            }
        } else if (type == 3) {
            bad = check_type3(&a, first + at + 1, bits(header, 15, 8), n, &nop);
        }
        if (bad) {
            return bad;
        }
        if (nop) { // call of a refused buffer
            for (uint32_t i = 0; i <= n; i++) {
                w->words[first + at + i] = NOP_PACKET;
            }
        }
        at += 1 + n;
    }
    return NULL;
}

int audit_workload(struct vgpu *vgpu, struct workload *w)
{
    char why[200];
    const char *bad;

    if (vgpu->mdev->unmediated) {
        return 0;
    }
    bad = audit_buffer(vgpu, w, 0, w->ring_ndw, 0, why, sizeof why);
    if (bad) {
        ring_refuse(vgpu, "ring: %s", bad);
        w->ring_refused = true;
        return -EPERM;
    }
    return w->sub.verdict;
}
