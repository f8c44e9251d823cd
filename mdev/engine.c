// SPDX-License-Identifier: MIT
//
// The host engine's thread: takes the submission that the scheduler picked, runs it in slices that
// end at draw boundaries, and completes it. Everything that touches the backend happens here, since
// a GL context belongs to one thread. In synchronous mode the doorbell waits for its completion, so
// that guest and engine never run at the same time.
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "mdev/private.h"

#define BURST_MAX 64u
#define LOOK_NS 100000u           // between two looks at the clock, about
#define SCHED_URGENT_NS 10000000u // slice of a submission whose end somebody waits for
#define SPIN_MAX_NS 200000u       // how long to look for work before sleeping

static inline void spin_hint(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static const uint32_t *env_ib(struct gpu_env *env, uint32_t va, uint32_t ndw)
{
    struct vgpu *vgpu = container_of(env, struct vgpu, env);
    const struct workload *w = vgpu->current;
    for (unsigned i = 0; i < w->nibs; i++) {
        if (w->ibs[i].va == va && w->ibs[i].ndw == ndw && !w->ibs[i].refused) {
            if (vgpu->details) {
                details_ib(vgpu, &vgpu->current->ibs[i]);
            }
            return w->words + w->ibs[i].first;
        }
    }
    if (vgpu->mdev->unmediated) {
        size_t got;
        const uint8_t *p =
            vgpu->engine_mem.mem.ops->span(&vgpu->engine_mem.mem, va, (size_t)ndw * 4, &got);
        return got == (size_t)ndw * 4 && !((uintptr_t)p & 3) ? (const uint32_t *)(const void *)p
                                                             : NULL;
    }
    return NULL;
}

static void env_interrupt(struct gpu_env *env, uint32_t bits_)
{
    struct vgpu *vgpu = container_of(env, struct vgpu, env);
    // raised when the submission completes: the guest must find RPTR and fences in place
    vgpu->current->irq_bits |= bits_;
}

static void env_fence(struct gpu_env *env, uint32_t va, uint32_t value)
{
    struct vgpu *vgpu = container_of(env, struct vgpu, env);
    (void)va;
    vgpu->current->sub.seqno = value;
    if (vgpu->details) {
        details_work(vgpu, VGPU_WORK_fence, NULL, NULL, NULL);
    }
}

static void env_work(struct gpu_env *env, const struct gpu_draw *draw,
                     const struct gpu_resolve *res, const struct gpu_fill *fill,
                     enum gpu_result result)
{
    struct vgpu *vgpu = container_of(env, struct vgpu, env);
    if (vgpu->details) {
        details_work(vgpu,
                     draw  ? VGPU_WORK_draw
                     : res ? VGPU_WORK_resolve
                           : VGPU_WORK_fill,
                     draw, res, fill);
    }
    if (draw) {
        vgpu->current->sub.draws++;
        vgpu->stats.draws++;
    } else if (res) {
        vgpu->current->sub.resolves++;
        vgpu->stats.resolves++;
    }
    if (result == GPU_MEM_FAULT) {
        vgpu->current->sub.verdict = -EFAULT;
    }
}

static void env_packet(struct gpu_env *env, unsigned depth, uint32_t va, const uint32_t *dw,
                       uint32_t n)
{
    (void)va, (void)dw, (void)n;
    container_of(env, struct vgpu, env)->depth = depth;
}

const struct gpu_env_ops engine_env_ops_detailed = {.ib = env_ib,
                                                    .interrupt = env_interrupt,
                                                    .fence = env_fence,
                                                    .work = env_work,
                                                    .packet = env_packet};
const struct gpu_env_ops engine_env_ops = {
    .ib = env_ib, .interrupt = env_interrupt, .fence = env_fence, .work = env_work};

static void complete(struct vgpu *vgpu, struct workload *w)
{
    uint32_t fault_va;
    bool write;

    if (gmmu_clear_fault(&vgpu->engine_mem, &fault_va, &write)) {
        ring_refuse(vgpu, "%s fault at GPU address 0x%08x", write ? "write" : "read", fault_va);
        irq_fault(vgpu, fault_va);
    }
    atomic_store(&vgpu->rptr, w->ring_end);
    stage_stamp(vgpu, w, VGPU_STAGE_fenced);
    if (vgpu->details) {
        details_end(vgpu, w);
    }
    if (w->irq_bits) {
        stage_stamp(vgpu, w, VGPU_STAGE_interrupted);
    }
    uint32_t irq_bits = w->irq_bits;
    irq_completed(vgpu, w); // before the line goes up: the acknowledge may come at once
    if (irq_bits) {
        irq_raise(vgpu, irq_bits);
    }
    atomic_fetch_sub(&vgpu->inflight, 1); // last: idle means that the interrupt is up as well
}

// Time of this thread alone: what the host gave to others meanwhile is no guest's fault.
static uint64_t thread_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

// Draws between two looks at the clock: few where draws are long, many where they are short.
static void fit_burst(struct vgpu *vgpu, uint64_t ns)
{
    if (ns > 2 * LOOK_NS) {
        vgpu->burst = vgpu->burst > 1 ? vgpu->burst / 2 : 1;
    } else if (ns < LOOK_NS / 2) {
        vgpu->burst = vgpu->burst < BURST_MAX ? vgpu->burst * 2 : BURST_MAX;
    }
}

// One slice of one vGPU. Called without the lock; vgpu->current is the engine's. `exact`: others
// compete, so what it is charged matters.
static void run_slice(struct vgpu *vgpu, uint64_t slice_ns, bool exact)
{
    struct mdev *mdev = vgpu->mdev;
    struct workload *w = vgpu->current;
    uint64_t start = host_ns(), end = start, before, used;
    uint64_t cpu = exact && mdev->own_thread ? thread_ns() : 0;
    enum gpu_run r;

    if (!w->began) {
        w->began = true;
        start = before = end = stage_stamp(vgpu, w, VGPU_STAGE_started);
        vgpu->stats.wait_ns += start - w->sub.stamp_ns[VGPU_STAGE_queued];
        if (w->ring_refused) {
            r = GPU_RUN_ERROR;
            goto ran;
        }
        gpu_rang(vgpu->gpu, w->sub.stamp_ns[VGPU_STAGE_doorbell]);
        gpu_begin(vgpu->gpu, vgpu->regs[REG_CP_RB_BASE], w->words, w->ring_ndw);
    }
    if (vgpu->details) {
        details_begin(vgpu);
    }
    do {
        before = end;
        r = gpu_run(vgpu->gpu, vgpu->burst);
        end = host_ns();
        fit_burst(vgpu, end - before);
    } while (r == GPU_RUN_MORE && end - start < slice_ns &&
             !atomic_load_explicit(&mdev->preempt, memory_order_relaxed) &&
             !__atomic_load_n(&vgpu->cancel, __ATOMIC_RELAXED));
ran:
    end = host_ns();
    w->sub.engine_ns += end - start;
    w->sub.slices++;
    used = cpu ? thread_ns() - cpu : end - start;
    vgpu->stats.engine_ns += used;
    pthread_mutex_lock(&mdev->lock);
    sched_charge(&mdev->sched, &vgpu->sched, used, end);
    if (r != GPU_RUN_MORE) {
        vgpu->current = NULL;
        vgpu->copied -= workload_bytes(w);
    }
    pthread_mutex_unlock(&mdev->lock);
    switch (r) {
    case GPU_RUN_MORE:
        break;
    case GPU_RUN_DONE:
        stage_stamp(vgpu, w, VGPU_STAGE_executed);
        complete(vgpu, w);
        break;
    case GPU_RUN_ERROR:
        if (!w->ring_refused) {
            ring_refuse(vgpu, "%s", gpu_error(vgpu->gpu));
        }
        w->sub.verdict = w->sub.verdict ? w->sub.verdict : -EINVAL;
        w->irq_bits |= CP_INT_OPCODE_ERROR;
        stage_stamp(vgpu, w, VGPU_STAGE_executed);
        complete(vgpu, w);
        break;
    case GPU_RUN_HANG:
        // as hardware: the ring stands still until the guest's own watchdog resets the core
        ring_refuse(vgpu, "hang: %s", gpu_error(vgpu->gpu));
        vgpu->stats.hangs++;
        w->sub.verdict = -ETIMEDOUT;
        // nothing of this vGPU runs any more: idle for those who wait, busy for the guest
        atomic_store(&vgpu->hung, true);
        atomic_store(&vgpu->inflight, 0);
        w->irq_bits = 0;
        irq_completed(vgpu, w);
        break;
    }
}

// A backend may have put off what the one before recorded until another comes: done now, at its
// cost. Lock held on entry and exit.
static void settle_left(struct mdev *mdev, struct vgpu *next)
{
    struct vgpu *left = mdev->left;
    uint64_t start;
    mdev->left = NULL;
    if (!left || left == next || mdev->own_thread) {
        return;
    }
    pthread_mutex_unlock(&mdev->lock);
    start = host_ns();
    mdev->backend->ops->invalidate(next->ctx);
    start = host_ns() - start;
    left->stats.engine_ns += start;
    pthread_mutex_lock(&mdev->lock);
    sched_charge(&mdev->sched, &left->sched, start, host_ns());
}

// Picks and runs one slice. False when there is nothing to do. Lock held on entry and exit.
static bool engine_step(struct mdev *mdev)
{
    uint64_t slice_ns;
    struct vgpu *vgpu = mdev->urgent;
    struct sched_entity *e;
    bool exact;
    if (vgpu && vgpu->current && !vgpu->cancel) { // somebody waits for its end
        e = &vgpu->sched;
        slice_ns = SCHED_URGENT_NS;
    } else {
        e = sched_pick(&mdev->sched, host_ns(), &slice_ns);
        if (!e) {
            return false;
        }
        vgpu = container_of(e, struct vgpu, sched);
    }
    if (!vgpu->current) {
        vgpu->current = vgpu->head;
        vgpu->head = vgpu->current->next;
        if (!vgpu->head) {
            vgpu->tail = &vgpu->head;
        }
    }
    mdev->running = vgpu;
    atomic_store(&vgpu->touched, true);
    atomic_store(&mdev->preempt, vgpu != mdev->urgent && sched_preempts(&mdev->sched, e));
    settle_left(mdev, vgpu);
    exact = sched_contended(&mdev->sched, e);
    pthread_mutex_unlock(&mdev->lock);
    run_slice(vgpu, slice_ns, exact);
    pthread_mutex_lock(&mdev->lock);
    mdev->running = NULL;
    mdev->left = vgpu->current ? vgpu : NULL;
    queue_settle(vgpu);
    pthread_cond_broadcast(&mdev->done);
    return true;
}

// Looks for work for a moment before sleeping: a guest that submits again at once is served without
// a wake-up by the host's kernel. The moment grows while that succeeds and shrinks to nothing while
// not.
static void wait_for_work(struct mdev *mdev)
{
    uint64_t start = host_ns(), next = sched_next_ns(&mdev->sched);
    unsigned seen = atomic_load(&mdev->kicks);
    if (mdev->spin_ns && next == UINT64_MAX) {
        pthread_mutex_unlock(&mdev->lock);
        while (atomic_load(&mdev->kicks) == seen && host_ns() - start < mdev->spin_ns) {
            for (unsigned i = 0; i < 32 && atomic_load(&mdev->kicks) == seen; i++) {
                spin_hint();
            }
        }
        pthread_mutex_lock(&mdev->lock);
        if (atomic_load(&mdev->kicks) != seen) {
            return;
        }
    }
    if (next == UINT64_MAX) {
        pthread_cond_wait(&mdev->wake, &mdev->lock);
    } else {
        struct timespec ts = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)};
        pthread_cond_timedwait(&mdev->wake, &mdev->lock, &ts);
    }
    mdev->spin_ns = host_ns() - start < SPIN_MAX_NS ? SPIN_MAX_NS : mdev->spin_ns / 2;
    mdev->spin_ns = mdev->spin_ns < 2000 ? 0 : mdev->spin_ns;
}

static void drop_cancelled(struct mdev *mdev)
{
    for (struct vgpu *v = mdev->vgpus; v; v = v->next) {
        if (!v->cancel) {
            continue;
        }
        queue_drop(v);
        mdev->left = mdev->left == v ? NULL : mdev->left;
        gpu_reset(v->gpu);
        atomic_store(&v->touched, false);
        sched_sleep(&mdev->sched, &v->sched);
        atomic_store(&v->inflight, 0);
        v->cancel = false;
        pthread_cond_broadcast(&mdev->done);
    }
}

static void run_calls(struct mdev *mdev)
{
    while (mdev->calls) {
        struct mdev_call *c = mdev->calls;
        mdev->calls = c->next;
        pthread_mutex_unlock(&mdev->lock);
        c->rc = c->fn(c->arg, c->err);
        pthread_mutex_lock(&mdev->lock);
        c->done = true;
        pthread_cond_broadcast(&mdev->done);
    }
}

static void *engine_thread(void *arg)
{
    struct mdev *mdev = arg;
    struct err err;
    if (mdev->backend->ops->bind_thread && mdev->backend->ops->bind_thread(mdev->backend, &err)) {
        log_warn(mdev->log, "engine: %s", err.msg);
    }
    pthread_mutex_lock(&mdev->lock);
    while (!mdev->stop) {
        run_calls(mdev);
        drop_cancelled(mdev);
        if (!engine_step(mdev) && !mdev->calls && !mdev->stop) {
            wait_for_work(mdev);
        }
    }
    pthread_mutex_unlock(&mdev->lock);
    return NULL;
}

int engine_start(struct mdev *mdev, struct err *err)
{
    int rc = pthread_create(&mdev->worker, NULL, engine_thread, mdev);
    if (rc) {
        return err_set(err, -rc, "cannot start the engine's thread: %s", strerror(rc));
    }
    mdev->worker_started = true;
    return 0;
}

void engine_stop(struct mdev *mdev)
{
    if (mdev->worker_started) {
        pthread_mutex_lock(&mdev->lock);
        mdev->stop = true;
        queue_kick(mdev);
        pthread_mutex_unlock(&mdev->lock);
        pthread_join(mdev->worker, NULL);
        mdev->worker_started = false;
    }
}
