// SPDX-License-Identifier: MIT
//
// What submissions are made of, while somebody listens: each draw, resolve, fill and fence with its
// time, buffer and tile, each buffer with its packets and calls, and which registers the guest
// touches how often. Costs nothing but a test of a pointer when nobody listens.
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "mdev/private.h"

void vgpu_listen_details(struct vgpu *vgpu, vgpu_details_fn *fn, void *ctx)
{
    vgpu_wait_idle(vgpu, UINT64_MAX / 4); // the engine reads these without the lock
    pthread_mutex_lock(&vgpu->mdev->lock);
    vgpu->details_ctx = ctx;
    vgpu->details = fn;
    vgpu->env.ops = fn ? &engine_env_ops_detailed : &engine_env_ops;
    pthread_mutex_unlock(&vgpu->mdev->lock);
}

void vgpu_delay(struct vgpu *vgpu, enum vgpu_stage stage, uint64_t ns)
{
    vgpu->delay_ns[stage] = ns;
}

// ---- on the engine
// ---------------------------------------------------------------------------------

void details_begin(struct vgpu *vgpu)
{
    vgpu->mark_ns = host_ns();
}

void details_ib(struct vgpu *vgpu, struct ib_copy *ib)
{
    ib->calls++;
    if (vgpu->depth + 1 < ARRAY_LEN(vgpu->ib_at)) {
        vgpu->ib_at[vgpu->depth + 1] = ib->va;
    }
}

static struct vgpu_work *next_work(struct workload *w)
{
    if (w->nworks == w->works_room) {
        uint32_t room = w->works_room ? w->works_room * 2 : 256;
        struct vgpu_work *p = room <= WORKS_MAX ? realloc(w->works, room * sizeof *p) : NULL;
        if (!p) {
            w->works_lost++;
            return NULL;
        }
        w->works = p;
        w->works_room = room;
    }
    return &w->works[w->nworks++];
}

static uint32_t clipped(uint64_t v)
{
    return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

void details_work(struct vgpu *vgpu, enum vgpu_work_kind kind, const struct gpu_draw *draw,
                  const struct gpu_resolve *res, const struct gpu_fill *fill)
{
    uint64_t now = host_ns();
    struct vgpu_work *k = next_work(vgpu->current);
    if (k) {
        *k = (struct vgpu_work){
            .start_ns = vgpu->mark_ns, .ns = clipped(now - vgpu->mark_ns), .kind = (uint8_t)kind};
        k->ib_va =
            vgpu->depth && vgpu->depth < ARRAY_LEN(vgpu->ib_at) ? vgpu->ib_at[vgpu->depth] : 0;
        if (draw) {
            k->prim = (uint8_t)draw->prim;
            k->count = draw->count;
            k->tile_x = (int16_t)draw->state->window_x;
            k->tile_y = (int16_t)draw->state->window_y;
        } else if (res) {
            k->count = clipped((uint64_t)(res->rect.x1 - res->rect.x0) *
                               (uint64_t)(res->rect.y1 - res->rect.y0));
            k->tile_x = (int16_t)-res->dst_x;
            k->tile_y = (int16_t)-res->dst_y;
        } else if (fill) {
            k->count = fill->bytes;
        }
    }
    vgpu->mark_ns = now;
}

void details_end(struct vgpu *vgpu, struct workload *w)
{
    struct vgpu_ib ibs[ARRAY_LEN(w->ibs)];
    struct vgpu_details d = {
        .works = w->works, .ibs = ibs, .nworks = w->nworks, .nibs = w->nibs, .lost = w->works_lost};
    for (unsigned i = 0; i < w->nibs; i++) {
        ibs[i] = (struct vgpu_ib){w->ibs[i].va, w->ibs[i].ndw, w->ibs[i].packets, w->ibs[i].calls};
    }
    vgpu->details(vgpu->details_ctx, vgpu, &w->sub, &d);
}

// ---- registers
// -------------------------------------------------------------------------------------

void vgpu_heat(struct vgpu *vgpu, struct vgpu_heat *heat)
{
    vgpu->heat = heat;
}

static struct vgpu_heat_reg *touched(struct vgpu_heat *h, uint32_t reg, uint64_t start_ns)
{
    struct vgpu_heat_reg *r = &h->regs[reg];
    h->accesses++;
    if (start_ns) {
        r->ns += (host_ns() - start_ns) * 16;
    }
    return r;
}

void heat_read(struct vgpu *vgpu, uint32_t reg, uint32_t value, uint64_t start_ns)
{
    struct vgpu_heat *h = vgpu->heat;
    struct vgpu_heat_reg *r = touched(h, reg, start_ns);
    r->reads++;
    if (h->last_reg == reg && h->last_value == value) {
        r->polls++;
        h->run++;
        r->longest = h->run > r->longest ? h->run : r->longest;
    } else {
        h->run = 0;
        h->last_reg = reg;
        h->last_value = value;
    }
}

void heat_write(struct vgpu *vgpu, uint32_t reg, bool same, uint64_t start_ns)
{
    struct vgpu_heat *h = vgpu->heat;
    struct vgpu_heat_reg *r = touched(h, reg, start_ns);
    r->writes++;
    r->same += same;
    h->last_reg = UINT32_MAX;
    h->run = 0;
}
