// SPDX-License-Identifier: MIT
//
// Loaded programs. The driver reloads its shaders before almost every draw and once a tile, so a
// load is a hash, a compare and a pointer; decoding happens once. The table is bounded: a stream
// that loads ever new programs evicts the least recently used, never the two that are bound.
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "gpu-model/internal.h"

#define WAYS 8 // slots that one hash may use

static void entry_free(struct shader_entry *e)
{
    shader_destroy(e->sh);
    free(e->dw);
    memset(e, 0, sizeof(*e));
}

static bool entry_is(const struct shader_entry *e, uint64_t hash, enum shader_stage stage,
                     const uint32_t *dw, uint32_t ndw)
{
    return e->dw && e->hash == hash && e->stage == stage && e->ndw == ndw &&
           !memcmp(e->dw, dw, ndw * sizeof(*dw));
}

static struct shader_entry *entry_load(struct gpu *gpu, struct shader_entry *set,
                                       enum shader_stage stage, const uint32_t *dw, uint32_t ndw)
{
    struct shader_entry *e = NULL;
    for (unsigned i = 0; i < WAYS; i++) {
        if (&set[i] != gpu->bound[0] && &set[i] != gpu->bound[1] && (!e || set[i].used < e->used)) {
            e = &set[i];
        }
    }
    entry_free(e);
    e->dw = malloc(ndw ? ndw * sizeof(*dw) : 1);
    if (!e->dw) {
        return NULL;
    }
    memcpy(e->dw, dw, ndw * sizeof(*dw));
    e->ndw = ndw;
    e->stage = stage;
    struct err err = {0};
    e->sh =
        shader_decode(e->dw, ndw, stage, (enum shader_profile)gpu->profile->shader_profile, &err);
    if (!e->sh) {
        TRACE(gpu->log, shader, "program of %u dwords: %s", ndw, err.msg);
    }
    return e;
}

bool shader_store_bind(struct gpu *gpu, enum shader_stage stage, const uint32_t *dw, uint32_t ndw)
{
    struct shader_cache *c = &gpu->shaders;
    const struct shader_entry *now = gpu->bound[stage];
    uint64_t hash = hash_bytes(HASH_INIT + stage, dw, ndw * sizeof(*dw));

    if (now && entry_is(now, hash, stage, dw, ndw)) {
        c->hits++;
        return true;
    }
    struct shader_entry *set = &c->slots[hash % (SHADER_CACHE_SLOTS / WAYS) * WAYS];
    struct shader_entry *e = NULL;
    for (unsigned i = 0; i < WAYS && !e; i++) {
        e = entry_is(&set[i], hash, stage, dw, ndw) ? &set[i] : NULL;
    }
    if (e) {
        c->hits++;
    } else {
        c->misses++;
        e = entry_load(gpu, set, stage, dw, ndw);
        if (!e) {
            return false;
        }
        e->hash = hash;
    }
    e->used = ++c->clock;
    gpu->bound[stage] = e;
    return true;
}

void shader_store_clear(struct gpu *gpu)
{
    gpu->bound[0] = gpu->bound[1] = NULL;
    for (unsigned i = 0; i < SHADER_CACHE_SLOTS; i++) {
        entry_free(&gpu->shaders.slots[i]);
    }
}
