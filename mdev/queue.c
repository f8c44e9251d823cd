// SPDX-License-Identifier: MIT
//
// Between the guest's thread and the engine's: submissions into a vGPU's queue and out of it again
// (reset, pause, room), calls to the engine's thread, and waiting for either.
#include <errno.h>
#include <time.h>

#include "base/bits.h"
#include "mdev/private.h"

// Something for the engine's thread to look at. Lock held.
void queue_kick(struct mdev *mdev)
{
    atomic_fetch_add(&mdev->kicks, 1);
    pthread_cond_signal(&mdev->wake);
}

// Nothing of it can run: its queue is empty, or its ring stands still. Lock held.
void queue_settle(struct vgpu *vgpu)
{
    if ((!vgpu->head && !vgpu->current) || atomic_load(&vgpu->hung) ||
        (vgpu->paused && !vgpu->current)) {
        sched_sleep(&vgpu->mdev->sched, &vgpu->sched);
    }
}

static struct workload *drop_all(struct vgpu *vgpu) // lock held
{
    struct workload *list = vgpu->head;
    if (vgpu->current) {
        vgpu->current->next = list;
        list = vgpu->current;
        vgpu->current = NULL;
    }
    vgpu->head = NULL;
    vgpu->tail = &vgpu->head;
    vgpu->copied = 0;
    return list;
}

static void free_list(struct mdev *mdev, struct workload *w) // lock held
{
    while (w) {
        struct workload *next = w->next;
        w->next = mdev->free_list;
        mdev->free_list = w;
        w = next;
    }
}

void queue_drop(struct vgpu *vgpu)
{
    free_list(vgpu->mdev, drop_all(vgpu));
}

int engine_call(struct mdev *mdev, int (*fn)(void *arg, struct err *err), void *arg,
                struct err *err)
{
    struct mdev_call c = {.fn = fn, .arg = arg, .err = err};
    pthread_mutex_lock(&mdev->lock);
    atomic_store(&mdev->preempt, true);
    c.next = mdev->calls;
    mdev->calls = &c;
    queue_kick(mdev);
    while (!c.done) {
        pthread_cond_wait(&mdev->done, &mdev->lock);
    }
    pthread_mutex_unlock(&mdev->lock);
    return c.rc;
}

void engine_submit(struct vgpu *vgpu, struct workload *w)
{
    struct mdev *mdev = vgpu->mdev;
    uint64_t now;

    w->next = NULL;
    atomic_fetch_add(&vgpu->inflight, 1);
    pthread_mutex_lock(&mdev->lock);
    w->sub.id = ++mdev->next_id;
    now = stage_stamp(vgpu, w, VGPU_STAGE_queued);
    *vgpu->tail = w;
    vgpu->tail = &w->next;
    vgpu->copied += workload_bytes(w);
    if (!atomic_load(&vgpu->hung)) {
        sched_wake(&mdev->sched, &vgpu->sched, now);
        if (mdev->running && sched_preempts(&mdev->sched, &mdev->running->sched)) {
            atomic_store(&mdev->preempt, true);
        }
    }
    queue_kick(mdev);
    while (mdev->synchronous && atomic_load(&vgpu->inflight)) {
        pthread_cond_wait(&mdev->done, &mdev->lock);
    }
    pthread_mutex_unlock(&mdev->lock);
}

static bool wait_done(struct mdev *mdev, uint64_t end_ns) // false: too late. Lock held
{
    struct timespec ts = {(time_t)(end_ns / 1000000000u), (long)(end_ns % 1000000000u)};
    return pthread_cond_timedwait(&mdev->done, &mdev->lock, &ts) != ETIMEDOUT;
}

bool engine_pause(struct vgpu *vgpu, uint64_t timeout_ns)
{
    struct mdev *mdev = vgpu->mdev;
    uint64_t end = host_ns() + timeout_ns;
    bool still;

    pthread_mutex_lock(&mdev->lock);
    vgpu->paused = true;
    mdev->urgent = vgpu;
    atomic_store(&mdev->preempt, true);
    queue_settle(vgpu);
    queue_kick(mdev);
    while ((vgpu->current || mdev->running == vgpu) && wait_done(mdev, end)) {
    }
    still = !vgpu->current && mdev->running != vgpu;
    mdev->urgent = NULL;
    if (still) {
        queue_drop(vgpu);
        atomic_store(&vgpu->inflight, 0);
    }
    pthread_mutex_unlock(&mdev->lock);
    return still;
}

void engine_resume(struct vgpu *vgpu)
{
    struct mdev *mdev = vgpu->mdev;
    pthread_mutex_lock(&mdev->lock);
    vgpu->paused = false;
    if (vgpu->head) { // a pause that came too late left them
        sched_wake(&mdev->sched, &vgpu->sched, host_ns());
        queue_kick(mdev);
    }
    pthread_mutex_unlock(&mdev->lock);
}

void engine_wait_room(struct vgpu *vgpu)
{
    struct mdev *mdev = vgpu->mdev;
    pthread_mutex_lock(&mdev->lock);
    while (vgpu->copied > vgpu->quota && vgpu->sched.wants) {
        pthread_cond_wait(&mdev->done, &mdev->lock);
    }
    pthread_mutex_unlock(&mdev->lock);
}

void engine_cancel(struct vgpu *vgpu)
{
    struct mdev *mdev = vgpu->mdev;
    pthread_mutex_lock(&mdev->lock);
    if (!vgpu->head && !vgpu->current && mdev->running != vgpu && !atomic_load(&vgpu->touched)) {
        atomic_store(&vgpu->inflight, 0);
        pthread_mutex_unlock(&mdev->lock);
        return; // a driver that starts resets many times over
    }
    __atomic_store_n(&vgpu->cancel, true, __ATOMIC_RELAXED);
    atomic_store(&mdev->preempt, true);
    queue_kick(mdev);
    while (vgpu->cancel) {
        pthread_cond_wait(&mdev->done, &mdev->lock);
    }
    pthread_mutex_unlock(&mdev->lock);
}

bool vgpu_busy(struct vgpu *vgpu)
{
    return atomic_load(&vgpu->inflight) != 0;
}

bool vgpu_wait_idle(struct vgpu *vgpu, uint64_t timeout_ns)
{
    struct mdev *mdev = vgpu->mdev;
    uint64_t end = host_ns() + timeout_ns;
    bool idle;
    pthread_mutex_lock(&mdev->lock);
    while (!(idle = atomic_load(&vgpu->inflight) == 0)) {
        struct timespec ts = {(time_t)(end / 1000000000u), (long)(end % 1000000000u)};
        if (pthread_cond_timedwait(&mdev->done, &mdev->lock, &ts) == ETIMEDOUT) {
            idle = atomic_load(&vgpu->inflight) == 0;
            break;
        }
    }
    pthread_mutex_unlock(&mdev->lock);
    return idle;
}
