// SPDX-License-Identifier: MIT
//
// Look-up in the register and packet tables (a2xx_regs.def, pm4.def).
#include <string.h>

#include "base/bits.h"
#include "gpu-model/internal.h"

static const struct reg_range {
    struct gpu_reg_info info;
    uint32_t count;
} regs[] = {
#define REG(reg, n, name, cls, modelled, fields)                                                   \
    {{reg, name, GPU_REG_##cls, modelled, sizeof(fields) > 1 ? fields : NULL}, n},
#include "gpu-model/a2xx_regs.def"
#undef REG
};

const struct gpu_reg_info *gpu_reg_info(uint32_t reg)
{
    unsigned lo = 0, hi = ARRAY_LEN(regs);
    while (hi - lo > 1) {
        unsigned mid = (lo + hi) / 2;
        if (regs[mid].info.reg <= reg) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return reg >= regs[lo].info.reg && reg - regs[lo].info.reg < regs[lo].count ? &regs[lo].info
                                                                                : NULL;
}

const struct gpu_reg_info *gpu_reg_at(unsigned i)
{
    return i < ARRAY_LEN(regs) ? &regs[i].info : NULL;
}

void regs_flags(uint8_t flags[GPU_REGS])
{
    for (unsigned i = 0; i < ARRAY_LEN(regs); i++) {
        const struct gpu_reg_info *info = &regs[i].info;
        unsigned f = (info->modelled ? REG_F_MODELLED : 0u) |
                     (info->cls == GPU_REG_PRIV ? REG_F_REFUSE_IB : 0u) |
                     (info->cls == GPU_REG_READONLY ? REG_F_READONLY : 0u);
        memset(flags + info->reg, (int)f, regs[i].count);
    }
}

static const struct gpu_packet_info packets[128] = {
#define PM4(op, name, min, max, ring, impl, addr, handler, fields)                                 \
    [op] = {op, name, min, max, ring, impl, addr, sizeof(fields) > 1 ? fields : NULL},
#include "gpu-model/pm4.def"
#undef PM4
};

const struct gpu_packet_info *gpu_packet_info(uint8_t opcode)
{
    return opcode < ARRAY_LEN(packets) && packets[opcode].name ? &packets[opcode] : NULL;
}
