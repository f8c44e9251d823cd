// SPDX-License-Identifier: MIT
//
// A client's memory: windows with a descriptor are mapped here and handed to the vGPU; writable ones
// without are reached by messages (vfio_user_remote.c); read-only ones without (ROMs) are remembered, so
// that they can be unmapped, and stay out of the device's reach: what it does there faults.
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "base/err.h"
#include "mdev/vfio_user_priv.h"

enum { PAGE = 4096 };

// Only memory whose end is known may be mapped: a store past a file's end is a signal.
static int map_fd(int fd, const struct vfu_dma_map *map, void **hva)
{
    int prot = (map->flags & VFU_DMA_R ? PROT_READ : 0) | (map->flags & VFU_DMA_W ? PROT_WRITE : 0);
    struct stat st;

    if (fstat(fd, &st) < 0) {
        return -errno;
    }
    if (!S_ISREG(st.st_mode) || st.st_size < 0 ||
        !range_ok(map->offset, map->size, (uint64_t)st.st_size)) {
        return -EINVAL;
    }
    *hva = mmap(NULL, (size_t)map->size, prot, MAP_SHARED | MAP_NORESERVE, fd, (off_t)map->offset);
    return *hva == MAP_FAILED ? -errno : 0;
}

static void release(struct vfu *v, struct vfu_map *row)
{
    if (row->base) {
        vfu_remote_unmap(v, row);
    }
    munmap(row->hva, (size_t)row->bytes);
}

int vfu_cmd_dma_map(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_dma_map map;
    struct vfu_map row = {0};
    uint64_t end;
    int rc = 0;

    memcpy(&map, m->data, sizeof map);
    if (map.argsz < sizeof map || (map.flags & ~(uint32_t)VFU_DMA_FLAGS) ||
        !(map.flags & (VFU_DMA_R | VFU_DMA_W)) || !map.size ||
        ((map.addr | map.size | map.offset) & (PAGE - 1)) || ckd_add(&end, map.addr, map.size)) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < v->nmaps; i++) {
        if (map.addr < v->maps[i].gpa + v->maps[i].bytes && v->maps[i].gpa < end) {
            return -EEXIST;
        }
    }
    if (v->nmaps == VFU_MAPS_MAX) {
        return -ENOSPC;
    }
    row = (struct vfu_map){.gpa = map.addr, .bytes = map.size,
                           .writable = (map.flags & VFU_DMA_W) != 0};
    if (m->nfds) {
        rc = map_fd(m->fds[0], &map, &row.hva);
    } else if (row.writable) {
        rc = vfu_remote_map(v, &row);
    }
    if (!rc && row.hva) {
        rc = vgpu_dma_map(v->vgpu, map.addr, map.size, row.hva,
                          (map.flags & VFU_DMA_R ? VGPU_DMA_READ : 0u) |
                              (map.flags & VFU_DMA_W ? VGPU_DMA_WRITE : 0u),
                          NULL);
        if (rc) {
            release(v, &row);
        }
    }
    if (!rc) {
        v->maps[v->nmaps++] = row;
    }
    return rc;
}

static void unmap(struct vfu *v, unsigned i)
{
    struct vfu_map *row = &v->maps[i];
    if (row->hva) {
        vgpu_dma_unmap(v->vgpu, row->gpa, row->bytes); // first: waits until nobody uses it
        release(v, row);
    }
    *row = v->maps[--v->nmaps];
}

void vfu_unmap_all(struct vfu *v)
{
    while (v->nmaps) {
        unmap(v, v->nmaps - 1);
    }
}

int vfu_cmd_dma_unmap(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_dma_unmap req;
    void *out;
    int rc = -ENOENT;

    memcpy(&req, m->data, sizeof req);
    if (req.argsz < sizeof req || (req.flags & ~(uint32_t)VFU_UNMAP_ALL)) {
        return -EINVAL;
    }
    if (req.flags & VFU_UNMAP_ALL) {
        if (req.addr || req.size) {
            return -EINVAL;
        }
        vfu_unmap_all(v);
        rc = 0;
    }
    for (unsigned i = 0; rc && i < v->nmaps; i++) {
        if (v->maps[i].gpa == req.addr && v->maps[i].bytes == req.size) {
            unmap(v, i);
            rc = 0;
        }
    }
    out = rc ? NULL : vfu_reply(v, sizeof req);
    if (out) {
        memcpy(out, &req, sizeof req);
    }
    return rc;
}
