// SPDX-License-Identifier: MIT
//
// What submissions are made of, summed up as it comes: by buffer and kind of work, by buffer, by
// tile, by register. Tables are bounded; what does not fit is counted as lost, never silently.
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/hash.h"
#include "gpu-model/gpu.h"
#include "mdev/profile_priv.h"

enum { ROWS_MAX = 1 << 16, SLOTS = 1 << 17, WORKS_KEPT = 1 << 18 };

static const char *const work_names[VGPU_WORK_COUNT] = {
#define X(name) #name,
    VGPU_WORKS(X)
#undef X
};

const char *profile_work_name(unsigned kind)
{
    return kind < VGPU_WORK_COUNT ? work_names[kind] : "?";
}

// ---- tables
// ----------------------------------------------------------------------------------------

static void *row_of(struct table *t, const void *key, size_t key_bytes, size_t row_bytes)
{
    uint32_t at = (uint32_t)hash_bytes(HASH_INIT, key, key_bytes) % SLOTS;
    uint8_t *row;
    if (!t->slots && !(t->slots = calloc(SLOTS, sizeof *t->slots))) {
        return NULL;
    }
    while (t->slots[at]) {
        row = t->rows + (size_t)(t->slots[at] - 1) * row_bytes;
        if (!memcmp(row, key, key_bytes)) {
            return row;
        }
        at = (at + 1) % SLOTS;
    }
    if (t->used == t->room) {
        uint32_t room = t->room ? t->room * 2 : 256;
        uint8_t *p = room <= ROWS_MAX ? realloc(t->rows, (size_t)room * row_bytes) : NULL;
        if (!p) {
            return NULL;
        }
        t->rows = p;
        t->room = room;
    }
    row = t->rows + (size_t)t->used * row_bytes;
    memset(row, 0, row_bytes);
    memcpy(row, key, key_bytes);
    t->slots[at] = ++t->used;
    return row;
}

static void table_free(struct table *t)
{
    free(t->rows);
    free(t->slots);
}

void profile_tables_free(struct profile *p)
{
    table_free(&p->leaves);
    table_free(&p->ibs);
    table_free(&p->tiles);
    free(p->works);
}

const struct profile_leaf *profile_leaf_at(const struct profile *p, unsigned i)
{
    return i < p->leaves.used ? (const struct profile_leaf *)(const void *)p->leaves.rows + i
                              : NULL;
}

const struct profile_ib *profile_ib_at(const struct profile *p, unsigned i)
{
    return i < p->ibs.used ? (const struct profile_ib *)(const void *)p->ibs.rows + i : NULL;
}

const struct profile_tile *profile_tile_at(const struct profile *p, unsigned i)
{
    return i < p->tiles.used ? (const struct profile_tile *)(const void *)p->tiles.rows + i : NULL;
}

uint64_t profile_lost(const struct profile *p)
{
    return p->lost;
}

// ---- as it comes
// -----------------------------------------------------------------------------------

static void add_work(struct profile *p, uint32_t who, const struct vgpu_submission *sub,
                     const struct vgpu_work *k)
{
    const struct profile_leaf_key lk = {
        who, sub->context, k->ib_va, k->kind, k->prim, k->kind == VGPU_WORK_draw ? k->count : 0};
    const struct profile_tile_key tk = {who, -k->tile_x, -k->tile_y};
    struct profile_leaf *leaf = row_of(&p->leaves, &lk, sizeof lk, sizeof *leaf);
    if (leaf) {
        leaf->calls++;
        leaf->ns += k->ns;
    } else {
        p->lost++;
    }
    if (k->kind == VGPU_WORK_draw || k->kind == VGPU_WORK_resolve) {
        struct profile_tile *tile = row_of(&p->tiles, &tk, sizeof tk, sizeof *tile);
        if (tile) {
            tile->draws += k->kind == VGPU_WORK_draw;
            tile->resolves += k->kind == VGPU_WORK_resolve;
            tile->pixels += k->kind == VGPU_WORK_resolve ? k->count : 0;
            tile->ns += k->ns;
        } else {
            p->lost++;
        }
    }
}

static void keep_works(struct profile *p, uint32_t who, uint64_t id, const struct vgpu_details *d)
{
    for (uint32_t i = 0; i < d->nworks && p->nworks < WORKS_KEPT; i++) {
        if (p->nworks == p->works_room) {
            uint32_t room = p->works_room ? p->works_room * 2 : 1024;
            struct kept_work *k = realloc(p->works, room * sizeof *k);
            if (!k) {
                return;
            }
            p->works = k;
            p->works_room = room;
        }
        p->works[p->nworks++] = (struct kept_work){who, id, d->works[i]};
    }
}

void profile_details(void *ctx, struct vgpu *vgpu, const struct vgpu_submission *sub,
                     const struct vgpu_details *d)
{
    struct profile *p = ctx;
    uint32_t who;
    pthread_mutex_lock(&p->lock);
    who = profile_index(p, vgpu);
    for (uint32_t i = 0; i < d->nworks; i++) {
        add_work(p, who, sub, &d->works[i]);
    }
    for (uint32_t i = 0; i < d->nibs; i++) {
        const struct profile_ib_key key = {who, sub->context, d->ibs[i].va};
        struct profile_ib *ib = row_of(&p->ibs, &key, sizeof key, sizeof *ib);
        if (ib) {
            ib->submissions++;
            ib->calls += d->ibs[i].calls;
            ib->dwords += d->ibs[i].dwords;
            ib->packets += d->ibs[i].packets;
        } else {
            p->lost++;
        }
    }
    p->lost += d->lost;
    keep_works(p, who, sub->id, d);
    pthread_mutex_unlock(&p->lock);
}

// ---- registers
// -------------------------------------------------------------------------------------

static int by_accesses(const void *a, const void *b)
{
    const struct vgpu_heat_reg *x = &((const struct profile_reg *)a)->heat;
    const struct vgpu_heat_reg *y = &((const struct profile_reg *)b)->heat;
    uint64_t m = x->reads + x->writes, n = y->reads + y->writes;
    return m < n ? 1 : m > n ? -1 : 0;
}

unsigned profile_registers(const struct profile *p, unsigned vgpu, struct profile_reg *out,
                           unsigned n)
{
    const struct vgpu_heat *h = vgpu < p->nvgpus ? p->vgpus[vgpu].heat : NULL;
    struct profile_reg *all;
    unsigned k = 0;
    if (!h || !(all = calloc(ARRAY_LEN(h->regs), sizeof *all))) {
        return 0;
    }
    for (uint32_t r = 0; r < ARRAY_LEN(h->regs); r++) {
        if (h->regs[r].reads || h->regs[r].writes) {
            const struct gpu_reg_info *info = gpu_reg_info(r);
            all[k++] = (struct profile_reg){r, info ? info->name : "", h->regs[r]};
        }
    }
    qsort(all, k, sizeof *all, by_accesses);
    k = k < n ? k : n;
    memcpy(out, all, k * sizeof *all);
    free(all);
    return k;
}
