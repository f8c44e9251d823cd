// SPDX-License-Identifier: MIT
//
// A vGPU's saved state: mediator registers, ring position, interrupt causes, then the engine's
// context (gpu_save, with GMEM). Guest memory is the client's. Only when idle.
#include <errno.h>

#include "base/bits.h"
#include "base/snapshot.h"
#include "mdev/private.h"

#define STATE_VERSION 1u

struct save_call {
    struct vgpu *vgpu;
    struct snap_writer *w;
    struct snap_reader *r;
};

static int save_on_engine(void *arg, struct err *err)
{
    struct save_call *c = arg;
    (void)err;
    gpu_save(c->vgpu->gpu, c->w);
    return 0;
}

int vgpu_save(struct vgpu *vgpu, struct snap_writer *w, struct err *err)
{
    struct save_call c = {vgpu, w, NULL};
    if (vgpu_busy(vgpu)) {
        return err_set(err, -EBUSY, "%s: submissions are still running", vgpu->name);
    }
    snap_begin(w, "vgpu", STATE_VERSION);
    snap_put_u32(w, vgpu->profile->gpu_id);
    snap_put_u32(w, vgpu->fetched);
    snap_put_u32(w, atomic_load(&vgpu->rptr));
    snap_put_u32(w, atomic_load(&vgpu->cp_int_status));
    snap_put_u32(w, atomic_load(&vgpu->mh_int_status));
    snap_put_u32(w, atomic_load(&vgpu->page_fault));
    snap_put_u32(w, atomic_load(&vgpu->hung));
    for (uint32_t i = 0; i < VGPU_REGS; i++) {
        snap_put_u32(w, vgpu->regs[i]);
    }
    snap_end(w);
    return engine_call(vgpu->mdev, save_on_engine, &c, err);
}

static int restore_on_engine(void *arg, struct err *err)
{
    struct save_call *c = arg;
    return gpu_restore(c->vgpu->gpu, c->r, err);
}

int vgpu_restore(struct vgpu *vgpu, struct snap_reader *r, struct err *err)
{
    struct save_call c = {vgpu, NULL, r};
    uint32_t version, id;
    int rc = snap_open(r, "vgpu", &version, err);

    if (rc) {
        return rc;
    }
    if (version != STATE_VERSION) {
        return err_set(err, -EINVAL, "vGPU state version %u, this version reads %u", version,
                       STATE_VERSION);
    }
    id = snap_get_u32(r);
    if (id != vgpu->profile->gpu_id) {
        return err_set(err, -EINVAL, "vGPU state of an a%u does not fit an a%u", id,
                       vgpu->profile->gpu_id);
    }
    engine_cancel(vgpu);
    vgpu->fetched = snap_get_u32(r);
    atomic_store(&vgpu->rptr, snap_get_u32(r));
    atomic_store(&vgpu->cp_int_status, snap_get_u32(r));
    atomic_store(&vgpu->mh_int_status, snap_get_u32(r));
    atomic_store(&vgpu->page_fault, snap_get_u32(r));
    atomic_store(&vgpu->hung, snap_get_u32(r) != 0);
    for (uint32_t i = 0; i < VGPU_REGS; i++) {
        vgpu->regs[i] = snap_get_u32(r);
    }
    rc = snap_failed(r, err);
    if (!rc) {
        rc = engine_call(vgpu->mdev, restore_on_engine, &c, err);
    }
    atomic_store(&vgpu->touched, true);
    atomic_fetch_add(&vgpu->epoch, 1);
    irq_update(vgpu);
    return rc;
}
