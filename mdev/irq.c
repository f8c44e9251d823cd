// SPDX-License-Identifier: MIT
//
// The vGPU's one interrupt line: level = any enabled cause pending. Causes are set by the engine
// thread and acknowledged by the guest (client thread), so level changes are serialised here.
#include "mdev/private.h"

enum { MASTER_MH = 1 << 5, MASTER_CP = 1 << 30 };

uint32_t irq_master(const struct vgpu *vgpu)
{
    uint32_t m = 0;
    if (atomic_load(&vgpu->cp_int_status) & vgpu->regs[REG_CP_INT_CNTL]) {
        m |= MASTER_CP;
    }
    if (atomic_load(&vgpu->mh_int_status) & vgpu->regs[REG_MH_INTERRUPT_MASK]) {
        m |= MASTER_MH;
    }
    return m;
}

void irq_update(struct vgpu *vgpu)
{
    bool level;
    pthread_mutex_lock(&vgpu->irq_lock);
    level = irq_master(vgpu) != 0;
    if (level != atomic_load(&vgpu->irq_level)) {
        atomic_store(&vgpu->irq_level, level);
        vgpu->stats.irqs += level;
        if (vgpu->client) {
            vgpu->client->ops->irq(vgpu->client, 0, level);
        }
    }
    pthread_mutex_unlock(&vgpu->irq_lock);
}

void irq_raise(struct vgpu *vgpu, uint32_t cp_bits)
{
    atomic_fetch_or(&vgpu->cp_int_status, cp_bits);
    irq_update(vgpu);
}

void irq_fault(struct vgpu *vgpu, uint32_t va)
{
    vgpu->stats.faults++;
    if (!(atomic_fetch_or(&vgpu->mh_int_status, MH_INT_PAGE_FAULT) & MH_INT_PAGE_FAULT)) {
        atomic_store(&vgpu->page_fault, va & 0xfffff000u);
    }
    irq_update(vgpu);
}

bool vgpu_irq_level(struct vgpu *vgpu, unsigned index)
{
    return index == 0 && atomic_load(&vgpu->irq_level);
}

static void report(struct vgpu *vgpu, struct workload *w)
{
    if (vgpu->listener) {
        vgpu->listener(vgpu->listener_ctx, vgpu, &w->sub);
    }
    workload_free(vgpu->mdev, w);
}

// Submissions whose interrupt is up wait for the guest's acknowledge, the road's last stamp; at most
// one guest interrupt latency's worth of them. A guest that polls never acknowledges: the next
// completion then takes the earlier ones off the road.
void irq_completed(struct vgpu *vgpu, struct workload *w)
{
    struct workload *list;
    pthread_mutex_lock(&vgpu->irq_lock);
    list = vgpu->unacked;
    vgpu->unacked = NULL;
    if (w->irq_bits) {
        vgpu->unacked = w;
        w = NULL;
    }
    pthread_mutex_unlock(&vgpu->irq_lock);
    if (list) {
        report(vgpu, list);
    }
    if (w) {
        report(vgpu, w);
    }
}

void irq_acknowledged(struct vgpu *vgpu)
{
    struct workload *w;
    pthread_mutex_lock(&vgpu->irq_lock);
    w = vgpu->unacked;
    vgpu->unacked = NULL;
    pthread_mutex_unlock(&vgpu->irq_lock);
    if (w) {
        stage_stamp(vgpu, w, VGPU_STAGE_acknowledged);
        report(vgpu, w);
    }
}
