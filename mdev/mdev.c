// SPDX-License-Identifier: MIT
//
// The mediator: one host engine, its thread, and the vGPUs that share it. Creation and destruction;
// everything else has a file of its own (private.h tells the road).
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "mdev/private.h"

static void init_locks(struct mdev *mdev)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&mdev->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&mdev->wake, &attr);
    pthread_cond_init(&mdev->done, &attr);
    pthread_condattr_destroy(&attr);
}

struct mdev *mdev_create(const struct mdev_config *cfg, struct err *err)
{
    struct mdev *mdev = calloc(1, sizeof *mdev);
    const struct backend_config bc = {
        .log = cfg->log, .threads = cfg->raster_threads, .device = cfg->gl_device};

    if (!mdev) {
        err_set(err, -ENOMEM, "no memory for the mediator");
        return NULL;
    }
    init_locks(mdev);
    mdev->log = cfg->log;
    mdev->synchronous = cfg->synchronous;
    mdev->unmediated = cfg->unmediated;
    mdev->scissor_inclusive = cfg->scissor_inclusive;
    sched_init(&mdev->sched);
    mdev->own_thread = cfg->raster_threads <= 1 && (!cfg->backend || strcmp(cfg->backend, "gl"));
    mdev->backend = backend_create(cfg->backend ? cfg->backend : "soft", &bc, err);
    if (!mdev->backend || engine_start(mdev, err)) {
        mdev_destroy(mdev);
        return NULL;
    }
    return mdev;
}

void mdev_destroy(struct mdev *mdev)
{
    struct workload *w, *next;
    if (!mdev) {
        return;
    }
    engine_stop(mdev);
    backend_destroy(mdev->backend);
    for (w = mdev->free_list; w; w = next) {
        next = w->next;
        free(w->words);
        free(w->works);
        free(w);
    }
    pthread_cond_destroy(&mdev->wake);
    pthread_cond_destroy(&mdev->done);
    pthread_mutex_destroy(&mdev->lock);
    free(mdev);
}
