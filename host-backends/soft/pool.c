// SPDX-License-Identifier: MIT
//
// Raster threads of a context. The screen is dealt out in rows of blocks, so that every pixel
// belongs to one worker, which sees the primitives in order: pictures do not depend on how many
// there are. The calling thread is worker 0. Threads start with the first work that is worth
// sharing.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "host-backends/soft/soft.h"
#include "host-backends/soft/texture.h"

struct soft_pool {
    struct soft_context *ctx;
    soft_work_fn *work;
    pthread_mutex_t lock, mem;
    pthread_cond_t start, done;
    pthread_t thread[SOFT_THREADS];
    unsigned threads; // running, without the caller
    unsigned turn;    // counts pieces of work
    unsigned busy;
    bool started, quit;
};

struct start {
    struct soft_pool *pool;
    unsigned index;
};

static void *thread_main(void *arg)
{
    struct start *st = arg;
    struct soft_pool *pool = st->pool;
    struct soft_worker *w = pool->ctx->workers[st->index];
    unsigned turn = 0;
    free(st);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (turn == pool->turn && !pool->quit) {
            pthread_cond_wait(&pool->start, &pool->lock);
        }
        if (pool->quit) {
            break;
        }
        turn = pool->turn;
        pthread_mutex_unlock(&pool->lock);
        pool->work(w);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0) {
            pthread_cond_signal(&pool->done);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct soft_pool *soft_pool_create(struct soft_context *ctx)
{
    struct soft_pool *pool = calloc(1, sizeof(*pool));
    if (pool) {
        pool->ctx = ctx;
        pthread_mutex_init(&pool->lock, NULL);
        pthread_mutex_init(&pool->mem, NULL);
        pthread_cond_init(&pool->start, NULL);
        pthread_cond_init(&pool->done, NULL);
    }
    return pool;
}

void soft_pool_destroy(struct soft_pool *pool)
{
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->threads; i++) {
        pthread_join(pool->thread[i], NULL);
    }
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->start);
    pthread_mutex_destroy(&pool->mem);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

// Starts the threads; with fewer than wished the work is dealt to fewer workers.
static void start_threads(struct soft_pool *pool)
{
    pool->started = true;
    for (unsigned i = 1; i < pool->ctx->worker_count; i++) {
        struct start *st = malloc(sizeof(*st));
        if (st) {
            *st = (struct start){pool, i};
        }
        if (!st || pthread_create(&pool->thread[pool->threads], NULL, thread_main, st)) {
            free(st);
            log_warn(pool->ctx->log, "soft: only %u of %u raster threads could be started", i,
                     pool->ctx->worker_count);
            break;
        }
        pool->threads++;
    }
}

void soft_pool_run(struct soft_pool *pool, soft_work_fn *work)
{
    struct soft_context *ctx = pool->ctx;
    if (!pool->started) {
        start_threads(pool);
    }
    unsigned n = pool->threads + 1;
    for (unsigned i = 0; i < n; i++) {
        ctx->workers[i]->band = i;
        ctx->workers[i]->bands = n;
        ctx->workers[i]->result = ctx->worker->result;
        ctx->workers[i]->quads = 0;
    }
    pthread_mutex_lock(&pool->lock);
    pool->work = work;
    pool->busy = pool->threads;
    pool->turn++;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->lock);
    work(ctx->worker);
    pthread_mutex_lock(&pool->lock);
    while (pool->busy) {
        pthread_cond_wait(&pool->done, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 1; i < n && ctx->worker->result == GPU_OK; i++) {
        ctx->worker->result = ctx->workers[i]->result;
    }
    ctx->worker->band = 0;
    ctx->worker->bands = 1;
}

void soft_mem_lock(struct soft_context *ctx)
{
    if (ctx->pool) {
        pthread_mutex_lock(&ctx->pool->mem);
    }
}

void soft_mem_unlock(struct soft_context *ctx)
{
    if (ctx->pool) {
        pthread_mutex_unlock(&ctx->pool->mem);
    }
}
