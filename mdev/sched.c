// SPDX-License-Identifier: MIT
//
// Who runs next: weighted fair queueing on virtual time. Each vGPU's virtual time advances by the
// engine time it used divided by its weight; the runnable one furthest behind goes next. A vGPU that
// wakes up starts at the floor of those running, so sleeping earns no credit; a lone one never waits.
#include "mdev/private.h"

struct vgpu *sched_pick(struct mdev *mdev)
{
    struct vgpu *best = NULL;
    for (struct vgpu *v = mdev->vgpus; v; v = v->next) {
        // a hung ring stands still until the guest resets it
        if ((v->head || v->current) && !v->cancel && !atomic_load(&v->hung) && (!best || v->vtime_ns < best->vtime_ns)) {
            best = v;
        }
    }
    if (best && best->vtime_ns > mdev->vclock_ns) {
        mdev->vclock_ns = best->vtime_ns;
    }
    return best;
}

void sched_wakeup(struct mdev *mdev, struct vgpu *vgpu)
{
    if (vgpu->vtime_ns < mdev->vclock_ns) {
        vgpu->vtime_ns = mdev->vclock_ns;
    }
}

void sched_charge(struct mdev *mdev, struct vgpu *vgpu, uint64_t ns)
{
    (void)mdev;
    vgpu->vtime_ns += ns * 100 / (vgpu->weight ? vgpu->weight : 1);
    vgpu->stats.engine_ns += ns;
}
