// SPDX-License-Identifier: MIT
//
// The memory of a replay: the capture's buffers, sorted by address. Buffers keep what the GPU wrote
// until the capture replaces them; a buffer that takes the place of older ones removes them.
#include "gpu-model/replay_mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"

#define BUFFERS_MAX (256u << 20) // bytes of all buffers together: the GPU address window

struct replay_bo {
    uint32_t va, bytes;
    uint8_t *data;
    uint64_t generation;
};

// The last buffer that begins at or before va, or NULL.
static int bo_index(const struct replay_mem *rm, uint32_t va)
{
    unsigned lo = 0, hi = rm->count;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (rm->bos[mid]->va <= va) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return (int)lo - 1;
}

static struct replay_bo *bo_find(struct replay_mem *rm, uint32_t va)
{
    struct replay_bo *bo = rm->last;
    if (bo && va >= bo->va && va - bo->va < bo->bytes) {
        return bo;
    }
    int i = bo_index(rm, va);
    if (i < 0 || va - rm->bos[i]->va >= rm->bos[i]->bytes) {
        return NULL;
    }
    return rm->last = rm->bos[i];
}

// Calls for each piece of [va, va + n) that lies in one buffer. False when some of it is unmapped.
static bool mem_copy(struct replay_mem *rm, uint32_t va, uint8_t *dst, const uint8_t *src, size_t n)
{
    while (n) {
        struct replay_bo *bo = bo_find(rm, va);
        if (!bo) {
            return false;
        }
        size_t at = va - bo->va, k = bo->bytes - at < n ? bo->bytes - at : n;
        if (dst) {
            memmove(dst, bo->data + at, k);
            dst += k;
        } else {
            memmove(bo->data + at, src, k);
            bo->generation = ++rm->generation;
            src += k;
        }
        va += (uint32_t)k;
        n -= k;
        if (n && !va) {
            return false; // past 4 GiB
        }
    }
    return true;
}

static bool mem_mapped(struct replay_mem *rm, uint32_t va, size_t n)
{
    while (n) {
        struct replay_bo *bo = bo_find(rm, va);
        if (!bo) {
            return false;
        }
        size_t k = bo->bytes - (va - bo->va);
        if (k >= n) {
            return true;
        }
        n -= k;
        va += (uint32_t)k;
    }
    return true;
}

static bool mem_read(struct gpu_mem *mem, uint32_t va, void *dst, size_t n)
{
    struct replay_mem *rm = container_of(mem, struct replay_mem, mem);
    if (!mem_copy(rm, va, dst, NULL, n)) {
        memset(dst, 0, n);
        return false;
    }
    return true;
}

static bool mem_write(struct gpu_mem *mem, uint32_t va, const void *src, size_t n)
{
    struct replay_mem *rm = container_of(mem, struct replay_mem, mem);
    return mem_mapped(rm, va, n) && mem_copy(rm, va, NULL, src, n);
}

static const uint8_t *mem_span(struct gpu_mem *mem, uint32_t va, size_t want, size_t *got)
{
    struct replay_mem *rm = container_of(mem, struct replay_mem, mem);
    struct replay_bo *bo = bo_find(rm, va);
    if (!bo) {
        *got = 0;
        return NULL;
    }
    *got = bo->bytes - (va - bo->va);
    *got = *got < want ? *got : want;
    return bo->data + (va - bo->va);
}

static uint64_t mem_generation(struct gpu_mem *mem, uint32_t va, size_t n)
{
    struct replay_mem *rm = container_of(mem, struct replay_mem, mem);
    struct replay_bo *bo = bo_find(rm, va);
    return bo && n <= bo->bytes - (va - bo->va) ? bo->generation : 0;
}

static const struct gpu_mem_ops mem_ops = {
    .read = mem_read, .write = mem_write, .span = mem_span, .generation = mem_generation};

static void bo_remove(struct replay_mem *rm, unsigned i)
{
    rm->bytes -= rm->bos[i]->bytes;
    free(rm->bos[i]->data);
    free(rm->bos[i]);
    memmove(&rm->bos[i], &rm->bos[i + 1], (rm->count - i - 1) * sizeof(rm->bos[0]));
    rm->count--;
    rm->last = NULL;
}

// The buffer of an address section: one that contains it, or a new one in place of those it
// overlaps. *fresh tells that it is new. NULL with err.
static struct replay_bo *bo_for_address(struct replay_mem *rm, uint32_t va, uint32_t bytes,
                                        bool *fresh, struct err *err)
{
    struct replay_bo *bo = bo_find(rm, va);
    *fresh = false;
    if (bo && bytes <= bo->bytes - (va - bo->va)) {
        return bo;
    }
    for (int i = bo_index(rm, va + bytes - 1); i >= 0; i--) {
        if (rm->bos[i]->va + (rm->bos[i]->bytes - 1) < va) {
            break;
        }
        bo_remove(rm, (unsigned)i);
    }
    if (rm->count == rm->room) {
        unsigned room = rm->room ? 2 * rm->room : 64;
        struct replay_bo **bos = realloc(rm->bos, room * sizeof(*bos));
        if (!bos) {
            err_set(err, -ENOMEM, "no memory for buffers");
            return NULL;
        }
        rm->bos = bos;
        rm->room = room;
    }
    bo = calloc(1, sizeof(*bo));
    if (!bo || rm->bytes + bytes > BUFFERS_MAX || !(bo->data = calloc(1, bytes))) {
        free(bo);
        err_set(err, -ENOMEM, "buffer of %u bytes at %08x: too much memory", bytes, va);
        return NULL;
    }
    bo->va = va;
    bo->bytes = bytes;
    bo->generation = ++rm->generation;
    unsigned at = (unsigned)(bo_index(rm, va) + 1);
    memmove(&rm->bos[at + 1], &rm->bos[at], (rm->count - at) * sizeof(rm->bos[0]));
    rm->bos[at] = bo;
    rm->count++;
    rm->bytes += bytes;
    *fresh = true;
    return bo;
}

void replay_mem_init(struct replay_mem *rm)
{
    memset(rm, 0, sizeof(*rm));
    rm->mem.ops = &mem_ops;
}

void replay_mem_fini(struct replay_mem *rm)
{
    while (rm->count) {
        bo_remove(rm, rm->count - 1);
    }
    free(rm->bos);
}

int replay_mem_load(struct replay_mem *rm, uint32_t va, uint32_t bytes, const uint8_t *data,
                    uint32_t n, bool changed, struct err *err)
{
    bool fresh;
    if (!bytes || va + (bytes - 1) < va) {
        return 0; // nothing, or past 4 GiB: not a2xx memory
    }
    struct replay_bo *bo = bo_for_address(rm, va, bytes, &fresh, err);
    if (!bo) {
        return -ENOMEM;
    }
    if (fresh || changed) {
        memcpy(bo->data + (va - bo->va), data, n < bytes ? n : bytes);
        bo->generation = ++rm->generation;
    }
    return 0;
}

const uint32_t *replay_mem_words(struct replay_mem *rm, uint32_t va, uint32_t ndw)
{
    struct replay_bo *bo = bo_find(rm, va);
    if (!bo || (va - bo->va) % 4 || 4 * (uint64_t)ndw > bo->bytes - (va - bo->va)) {
        return NULL;
    }
    return (const uint32_t *)(const void *)(bo->data + (va - bo->va));
}
