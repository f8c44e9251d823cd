// SPDX-License-Identifier: MIT
//
// One vGPU's life: creation (the parts that touch the backend run on the engine's thread), reset,
// settings, statistics and the report for people.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "mdev/private.h"

static const struct vgpu_type *type_find(const char *name)
{
    const struct vgpu_type *t;
    for (unsigned i = 0; (t = vgpu_type_at(i)); i++) {
        if (!strcmp(t->name, name)) {
            return t;
        }
    }
    return NULL;
}

static int create_on_engine(void *arg, struct err *err)
{
    struct vgpu *vgpu = arg;
    struct mdev *mdev = vgpu->mdev;
    const struct gpu_context_config cc = {
        .mem = &vgpu->engine_mem.mem, .gmem_bytes = vgpu->profile->gmem_bytes, .log = vgpu->log,
        .scissor_br_inclusive = mdev->scissor_inclusive};
    struct gpu_config gc = {
        .profile = vgpu->profile, .mem = &vgpu->engine_mem.mem, .env = &vgpu->env, .log = vgpu->log,
        .scissor_br_inclusive = mdev->scissor_inclusive};

    vgpu->ctx = mdev->backend->ops->context_create(mdev->backend, &cc, err);
    if (!vgpu->ctx) {
        return -ENODEV;
    }
    gc.ctx = vgpu->ctx;
    vgpu->gpu = gpu_create(&gc, err);
    return vgpu->gpu ? 0 : -ENOMEM;
}

static int destroy_on_engine(void *arg, struct err *err)
{
    struct vgpu *vgpu = arg;
    (void)err;
    if (vgpu->gpu) {
        gpu_destroy(vgpu->gpu);
    }
    if (vgpu->ctx) {
        vgpu->mdev->backend->ops->context_destroy(vgpu->ctx);
    }
    return 0;
}

struct vgpu *vgpu_create(struct mdev *mdev, const struct vgpu_config *cfg, struct err *err)
{
    const struct vgpu_type *type = type_find(cfg->type);
    struct vgpu *vgpu;

    if (!type) {
        err_set(err, -EINVAL, "no vGPU type '%s' (see yamato mdev types)", cfg->type);
        return NULL;
    }
    vgpu = calloc(1, sizeof *vgpu);
    if (!vgpu) {
        err_set(err, -ENOMEM, "no memory for a vGPU");
        return NULL;
    }
    vgpu->mdev = mdev;
    vgpu->type = type;
    vgpu->profile = gpu_profile_find(type->profile);
    vgpu->client = cfg->client;
    vgpu->log = cfg->log ? cfg->log : mdev->log;
    vgpu->quota = VGPU_QUOTA_DEFAULT;
    vgpu->tail = &vgpu->head;
    vgpu->burst = 1;
    vgpu->env.ops = &engine_env_ops;
    atomic_store(&vgpu->epoch, 1);
    pthread_mutex_init(&vgpu->irq_lock, NULL);
    pthread_mutex_init(&vgpu->dma_lock, NULL);
    gmmu_init(&vgpu->client_mem, vgpu);
    gmmu_init(&vgpu->engine_mem, vgpu);
    snprintf(vgpu->name, sizeof vgpu->name, "%s", cfg->name ? cfg->name : type->name);

    pthread_mutex_lock(&mdev->lock);
    if (mdev->instances >= type->max_instances) {
        pthread_mutex_unlock(&mdev->lock);
        err_set(err, -ENOSPC, "no instance of %s is left (%u)", type->name, type->max_instances);
        vgpu_destroy(vgpu);
        return NULL;
    }
    mdev->instances++;
    sched_entity_init(&mdev->sched, &vgpu->sched, cfg->weight ? cfg->weight : type->weight);
    vgpu->next = mdev->vgpus;
    mdev->vgpus = vgpu;
    pthread_mutex_unlock(&mdev->lock);
    if (engine_call(mdev, create_on_engine, vgpu, err)) {
        vgpu_destroy(vgpu);
        return NULL;
    }
    return vgpu;
}

void vgpu_destroy(struct vgpu *vgpu)
{
    struct mdev *mdev;
    if (!vgpu) {
        return;
    }
    mdev = vgpu->mdev;
    vgpu_capture(vgpu, NULL, NULL);
    if (vgpu->gpu) {
        engine_cancel(vgpu);
    }
    irq_acknowledged(vgpu); // whatever still waits leaves the road
    pthread_mutex_lock(&mdev->lock);
    for (struct vgpu **p = &mdev->vgpus; *p; p = &(*p)->next) {
        if (*p == vgpu) {
            *p = vgpu->next;
            mdev->instances--;
            break;
        }
    }
    pthread_mutex_unlock(&mdev->lock);
    engine_call(mdev, destroy_on_engine, vgpu, NULL);
    for (unsigned i = 0; i < vgpu->nwindows; i++) {
        free(vgpu->windows[i].dirty);
    }
    gmmu_fini(&vgpu->client_mem);
    gmmu_fini(&vgpu->engine_mem);
    pthread_mutex_destroy(&vgpu->irq_lock);
    pthread_mutex_destroy(&vgpu->dma_lock);
    free(vgpu);
}

void vgpu_reset(struct vgpu *vgpu)
{
    engine_cancel(vgpu);
    vgpu->stats.resets++;
    vgpu->fetched = 0;
    vgpu->regs[REG_CP_RB_WPTR] = 0;
    atomic_store(&vgpu->rptr, 0);
    atomic_store(&vgpu->hung, false);
    atomic_store(&vgpu->cp_int_status, 0);
    atomic_store(&vgpu->mh_int_status, 0);
    irq_update(vgpu);
}

int vgpu_set_weight(struct vgpu *vgpu, unsigned weight)
{
    if (!weight || weight > 10000) {
        return -EINVAL;
    }
    pthread_mutex_lock(&vgpu->mdev->lock);
    sched_set_weight(&vgpu->mdev->sched, &vgpu->sched, weight);
    pthread_mutex_unlock(&vgpu->mdev->lock);
    return 0;
}

int vgpu_set_cap(struct vgpu *vgpu, unsigned thousandths)
{
    if (thousandths > SCHED_CAP_FULL) {
        return -EINVAL;
    }
    pthread_mutex_lock(&vgpu->mdev->lock);
    sched_set_cap(&vgpu->mdev->sched, &vgpu->sched, thousandths, host_ns());
    atomic_fetch_add(&vgpu->mdev->kicks, 1);
    pthread_cond_signal(&vgpu->mdev->wake); // may be the one that waits for its cap
    pthread_mutex_unlock(&vgpu->mdev->lock);
    return 0;
}

int vgpu_set_priority(struct vgpu *vgpu, const char *name)
{
    for (unsigned i = 0; i < SCHED_CLASS_COUNT; i++) {
        if (!strcmp(name, sched_class_names[i])) {
            pthread_mutex_lock(&vgpu->mdev->lock);
            sched_set_class(&vgpu->mdev->sched, &vgpu->sched, (enum sched_class)i);
            pthread_mutex_unlock(&vgpu->mdev->lock);
            return 0;
        }
    }
    return -EINVAL;
}

int vgpu_set_quota(struct vgpu *vgpu, uint64_t bytes)
{
    if (bytes < VGPU_QUOTA_MIN) {
        return -EINVAL;
    }
    pthread_mutex_lock(&vgpu->mdev->lock);
    vgpu->quota = bytes;
    pthread_mutex_unlock(&vgpu->mdev->lock);
    return 0;
}

void vgpu_settings(struct vgpu *vgpu, struct vgpu_settings *out)
{
    pthread_mutex_lock(&vgpu->mdev->lock);
    *out = (struct vgpu_settings){.weight = vgpu->sched.weight,
                                  .cap = vgpu->sched.cap,
                                  .priority = sched_class_names[vgpu->sched.cls],
                                  .quota = vgpu->quota};
    pthread_mutex_unlock(&vgpu->mdev->lock);
}

void vgpu_stats(struct vgpu *vgpu, struct vgpu_stats *out)
{
    *out = vgpu->stats;
}

const char *vgpu_name(const struct vgpu *vgpu)
{
    return vgpu->name;
}

void vgpu_listen(struct vgpu *vgpu, vgpu_listener_fn *fn, void *ctx)
{
    pthread_mutex_lock(&vgpu->mdev->lock);
    vgpu->listener_ctx = ctx;
    vgpu->listener = fn;
    pthread_mutex_unlock(&vgpu->mdev->lock);
}

static void report_unmodelled(void *ctx, uint32_t reg, const char *name, uint64_t writes)
{
    fprintf(ctx, "  not modelled: %-28s 0x%04x  %" PRIu64 " writes\n", name ? name : "?", reg,
            writes);
}

void vgpu_report(struct vgpu *vgpu, FILE *out)
{
    const struct vgpu_stats *s = &vgpu->stats;
    fprintf(out, "vGPU %s (%s): %" PRIu64 " submissions, %" PRIu64 " draws, %" PRIu64
                 " resolves, %" PRIu64 " refused, %" PRIu64 " faults, %" PRIu64 " hangs, %" PRIu64
                 " resets, %" PRIu64 " interrupts, engine %.3f s\n",
            vgpu->name, vgpu->type->name, s->submissions, s->draws, s->resolves, s->refused,
            s->faults, s->hangs, s->resets, s->irqs, (double)s->engine_ns / 1e9);
    if (vgpu->last_refusal[0]) {
        fprintf(out, "  last refusal: %s\n", vgpu->last_refusal);
    }
    for (unsigned i = 0; i < ARRAY_LEN(vgpu->reg_misses); i++) {
        if (vgpu->reg_misses[i]) {
            fprintf(out, "  unknown register 0x%04x: %" PRIu64 " accesses\n", vgpu->reg_miss_id[i],
                    vgpu->reg_misses[i]);
        }
    }
    gpu_unmodelled(vgpu->gpu, report_unmodelled, out);
}
