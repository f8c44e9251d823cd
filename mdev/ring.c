// SPDX-License-Identifier: MIT
//
// From the guest's ring to a submission of our own: everything between the last fetch and the write
// pointer is copied once, so that whatever the guest writes afterwards changes nothing. Packets that
// are not complete yet stay in the ring.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "mdev/private.h"

#define KEEP_DWORDS (64u << 10)

uint64_t host_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void stage_delay(uint64_t ns)
{
    uint64_t end = host_ns() + ns;
    while (host_ns() < end) {
    }
}

struct workload *workload_new(struct mdev *mdev)
{
    struct workload *w;
    pthread_mutex_lock(&mdev->lock);
    w = mdev->free_list;
    if (w) {
        mdev->free_list = w->next;
    }
    pthread_mutex_unlock(&mdev->lock);
    if (!w) {
        return calloc(1, sizeof *w);
    }
    uint32_t *words = w->words, room = w->room;
    memset(w, 0, offsetof(struct workload, ibs));
    w->words = words;
    w->room = room;
    w->nibs = 0;
    w->began = w->ring_refused = false;
    w->nworks = w->works_lost = 0;
    w->irq_bits = 0;
    return w;
}

void workload_free(struct mdev *mdev, struct workload *w)
{
    if (w->room > KEEP_DWORDS) { // what one guest once needed is not kept for ever
        free(w->words);
        w->words = NULL;
        w->room = 0;
    }
    pthread_mutex_lock(&mdev->lock);
    w->next = mdev->free_list;
    mdev->free_list = w;
    pthread_mutex_unlock(&mdev->lock);
}

void ring_refuse(struct vgpu *vgpu, const char *fmt, ...)
{
    va_list ap;
    uint64_t now = host_ns();
    va_start(ap, fmt);
    vsnprintf(vgpu->last_refusal, sizeof vgpu->last_refusal, fmt, ap);
    va_end(ap);
    vgpu->stats.refused++;
    // a guest that misbehaves all the time must not fill the log: one line a second
    if (now - vgpu->last_warned_ns > 1000000000u) {
        vgpu->last_warned_ns = now;
        log_warn(vgpu->log, "%s: refused: %s", vgpu->name, vgpu->last_refusal);
    }
}

// Ring size in dwords from CP_RB_CNTL.BUFSZ (log2 of quadwords).
static uint32_t ring_dwords(const struct vgpu *vgpu)
{
    uint32_t log2q = bits(vgpu->regs[REG_CP_RB_CNTL], 5, 0);
    return log2q <= 20 ? 2u << log2q : 0;
}

// How many of n words form complete packets.
static uint32_t whole_packets(const uint32_t *dw, uint32_t n)
{
    uint32_t at = 0;
    while (at < n) {
        uint32_t type = dw[at] >> 30, len = 1;
        if (type == 0 || type == 3) {
            len = 1 + bits(dw[at], 29, 16) + 1;
        } else if (type == 1) {
            len = 3;
        }
        if (len > n - at) {
            break;
        }
        at += len;
    }
    return at;
}

struct workload *ring_fetch(struct vgpu *vgpu, uint32_t wptr)
{
    uint32_t size = ring_dwords(vgpu), base = vgpu->regs[REG_CP_RB_BASE], n, first;
    struct gpu_mem *mem = &vgpu->client_mem.mem;
    struct workload *w;

    if (!size || wptr >= size || vgpu->fetched >= size) {
        ring_refuse(vgpu, "CP_RB_WPTR 0x%x outside a ring of 0x%x dwords", wptr, size);
        return NULL;
    }
    n = (wptr - vgpu->fetched) & (size - 1);
    if (!n) {
        return NULL;
    }
    w = workload_new(vgpu->mdev);
    if (!w) {
        return NULL;
    }
    if (w->room < n) {
        uint32_t *p = realloc(w->words, (size_t)n * 4);
        if (!p) {
            workload_free(vgpu->mdev, w);
            return NULL;
        }
        w->words = p;
        w->room = n;
    }
    first = size - vgpu->fetched < n ? size - vgpu->fetched : n;
    if (!mem->ops->read(mem, base + vgpu->fetched * 4, w->words, (size_t)first * 4) ||
        (n > first && !mem->ops->read(mem, base, w->words + first, (size_t)(n - first) * 4))) {
        uint32_t va;
        bool write;
        gmmu_clear_fault(&vgpu->client_mem, &va, &write);
        ring_refuse(vgpu, "the ring at 0x%08x is not readable memory (page 0x%08x)", base, va);
        irq_fault(vgpu, va);
        atomic_store(&vgpu->hung, true); // as hardware: it never gets past this; a reset does
        workload_free(vgpu->mdev, w);
        return NULL;
    }
    n = whole_packets(w->words, n);
    if (!n) {
        workload_free(vgpu->mdev, w);
        return NULL;
    }
    vgpu->fetched = (vgpu->fetched + n) & (size - 1);
    w->used = w->ring_ndw = n;
    w->ring_end = vgpu->fetched;
    w->sub.dwords = n;
    stage_stamp(vgpu, w, VGPU_STAGE_copied);
    return w;
}
