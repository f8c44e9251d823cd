// SPDX-License-Identifier: MIT
//
// The trapped register window. A few registers are the mediator's own (ring, interrupts, GPU MMU,
// reset, idle status); all others are storage, and those that the engine's context state needs are
// passed on. What the stock kernel driver does with each: a2xx_gpu.c, msm_gpummu.c.
#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "mdev/private.h"

int vgpu_region_info(struct vgpu *vgpu, unsigned index, struct vgpu_region_info *info)
{
    (void)vgpu;
    if (index != VGPU_REGION_MMIO) {
        return -EINVAL;
    }
    info->size = VGPU_REGS * 4;
    info->flags = 3;
    return 0;
}

static uint32_t rbbm_status(const struct vgpu *vgpu)
{
    // GUI_ACTIVE while anything is between doorbell and fence, and for ever on a hung ring;
    // CMDFIFO_AVAIL reads a full credit
    bool busy = atomic_load(&vgpu->inflight) != 0 || atomic_load(&vgpu->hung);
    return 0x10 | (busy ? 1u << 31 : 0);
}

static void note_unknown(struct vgpu *vgpu, uint32_t reg)
{
    for (unsigned i = 0; i < ARRAY_LEN(vgpu->reg_misses); i++) {
        if (!vgpu->reg_misses[i] || vgpu->reg_miss_id[i] == reg) {
            vgpu->reg_miss_id[i] = reg;
            vgpu->reg_misses[i]++;
            return;
        }
    }
}

static uint32_t reg_read(struct vgpu *vgpu, uint32_t reg)
{
    switch (reg) {
    case REG_CP_RB_RPTR:
        return atomic_load(&vgpu->rptr);
    case REG_CP_INT_STATUS:
        return atomic_load(&vgpu->cp_int_status);
    case REG_MH_INTERRUPT_STATUS:
        return atomic_load(&vgpu->mh_int_status);
    case REG_MH_MMU_PAGE_FAULT:
        return atomic_load(&vgpu->page_fault);
    case REG_MASTER_INT_SIGNAL:
        return irq_master(vgpu);
    case REG_RBBM_STATUS:
        return rbbm_status(vgpu);
    case REG_RBBM_INT_STATUS:
        return 0;
    default:
        if (reg >= 0x0578 && reg <= 0x057f) { // CP_SCRATCH: written by the stream
            return gpu_reg_read(vgpu->gpu, reg);
        }
        if (!gpu_reg_info(reg)) {
            note_unknown(vgpu, reg);
        }
        return vgpu->regs[reg];
    }
}

static void doorbell(struct vgpu *vgpu, uint32_t wptr)
{
    uint64_t now = host_ns();
    struct workload *w;

    vgpu->regs[REG_CP_RB_WPTR] = wptr;
    if (vgpu->regs[REG_CP_ME_CNTL] & CP_ME_HALT || atomic_load(&vgpu->hung)) {
        return;
    }
    engine_wait_room(vgpu);
    w = ring_fetch(vgpu, wptr);
    if (!w) {
        return;
    }
    w->sub.stamp_ns[VGPU_STAGE_doorbell] = now;
    w->sub.verdict = audit_workload(vgpu, w);
    w->sub.context = vgpu->regs[REG_MH_MMU_PT_BASE];
    stage_stamp(vgpu, w, VGPU_STAGE_audited);
    vgpu->stats.submissions++;
    if (vgpu->capture) {
        capture_submission(vgpu, w);
    }
    engine_submit(vgpu, w);
}

bool vgpu_pause(struct vgpu *vgpu, uint64_t timeout_ns)
{
    if (!engine_pause(vgpu, timeout_ns)) {
        return false;
    }
    vgpu->fetched = atomic_load(&vgpu->rptr); // what had not begun is in the ring still
    return true;
}

void vgpu_resume(struct vgpu *vgpu)
{
    engine_resume(vgpu);
    if (vgpu->fetched != vgpu->regs[REG_CP_RB_WPTR]) {
        doorbell(vgpu, vgpu->regs[REG_CP_RB_WPTR]);
    }
}

static void ring_restart(struct vgpu *vgpu)
{
    engine_cancel(vgpu);
    vgpu->fetched = 0;
    atomic_store(&vgpu->rptr, 0);
    vgpu->regs[REG_CP_RB_WPTR] = 0;
}

static void reg_write(struct vgpu *vgpu, uint32_t reg, uint32_t val)
{
    switch (reg) {
    case REG_CP_RB_WPTR:
        doorbell(vgpu, val);
        return;
    case REG_CP_INT_ACK:
        atomic_fetch_and(&vgpu->cp_int_status, ~val);
        irq_update(vgpu);
        irq_acknowledged(vgpu);
        return;
    case REG_MH_INTERRUPT_CLEAR:
        atomic_fetch_and(&vgpu->mh_int_status, ~val);
        irq_update(vgpu);
        return;
    case REG_MH_MMU_INVALIDATE:
        atomic_fetch_add(&vgpu->epoch, 1);
        return;
    case REG_RBBM_SOFT_RESET:
        vgpu->regs[reg] = val;
        if (val) {
            vgpu_reset(vgpu);
        }
        return;
    case REG_CP_RB_CNTL:
    case REG_CP_RB_BASE:
        vgpu->regs[reg] = val;
        ring_restart(vgpu);
        return;
    case REG_MH_MMU_CONFIG:
    case REG_MH_MMU_VA_RANGE:
    case REG_MH_MMU_PT_BASE:
        vgpu->regs[reg] = val;
        atomic_fetch_add(&vgpu->epoch, 1);
        return;
    case REG_CP_INT_CNTL:
    case REG_MH_INTERRUPT_MASK:
        vgpu->regs[reg] = val;
        irq_update(vgpu);
        return;
    case REG_CP_ME_CNTL:
        vgpu->regs[reg] = val;
        if (!(val & CP_ME_HALT) && vgpu->fetched != vgpu->regs[REG_CP_RB_WPTR]) {
            doorbell(vgpu, vgpu->regs[REG_CP_RB_WPTR]);
        }
        return;
    case REG_CP_ME_RAM_DATA:
    case REG_CP_PFP_UCODE_DATA:
        return; // microcode: PM4 is executed natively
    default: {
        const struct gpu_reg_info *info = gpu_reg_info(reg);
        vgpu->regs[reg] = val;
        if (!info) {
            note_unknown(vgpu, reg);
        } else if (info->cls == GPU_REG_STATE) {
            // context state through the window (the driver does it only while idle)
            vgpu_wait_idle(vgpu, 1000000000ull);
            atomic_store(&vgpu->touched, true);
            gpu_reg_write(vgpu->gpu, reg, val);
        }
    }
    }
}

static bool access_ok(unsigned index, uint64_t off, size_t n)
{
    return index == VGPU_REGION_MMIO && (n == 4 || n == 8) && !(off & 3) &&
           off <= VGPU_REGS * 4ull - n;
}

int vgpu_region_read(struct vgpu *vgpu, unsigned index, uint64_t off, void *buf, size_t n)
{
    if (!access_ok(index, off, n)) {
        return -EINVAL;
    }
    for (size_t i = 0; i < n; i += 4) {
        uint32_t reg = (uint32_t)((off + i) / 4);
        uint64_t start = heat_start(vgpu);
        uint32_t v = reg_read(vgpu, reg);
        vgpu->stats.mmio_reads++;
        if (vgpu->heat) {
            heat_read(vgpu, reg, v, start);
        }
        put_le32((uint8_t *)buf + i, v);
        if (log_on(vgpu->log, LOG_vgpu)) {
            const struct gpu_reg_info *info = gpu_reg_info(reg);
            TRACE(vgpu->log, vgpu, "read  %s(0x%04x) = 0x%08x", info ? info->name : "?", reg, v);
        }
    }
    return 0;
}

int vgpu_region_write(struct vgpu *vgpu, unsigned index, uint64_t off, const void *buf, size_t n)
{
    if (!access_ok(index, off, n)) {
        return -EINVAL;
    }
    for (size_t i = 0; i < n; i += 4) {
        uint32_t reg = (uint32_t)((off + i) / 4);
        uint32_t v = get_le32((const uint8_t *)buf + i);
        vgpu->stats.mmio_writes++;
        if (log_on(vgpu->log, LOG_vgpu)) {
            const struct gpu_reg_info *info = gpu_reg_info(reg);
            TRACE(vgpu->log, vgpu, "write %s(0x%04x) = 0x%08x", info ? info->name : "?", reg, v);
        }
        if (vgpu->heat) {
            bool same = vgpu->regs[reg] == v;
            uint64_t start = heat_start(vgpu);
            reg_write(vgpu, reg, v);
            heat_write(vgpu, reg, same, start);
        } else {
            reg_write(vgpu, reg, v);
        }
    }
    return 0;
}
