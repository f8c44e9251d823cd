// SPDX-License-Identifier: MIT
//
// Saving and restoring a context: registers and constants, the two bound programs as microcode, and
// on-chip memory. The shader store, counters of unmodelled registers and everything derived from
// registers is rebuilt. A command buffer in progress is not saved: its words are borrowed, the
// owner saves when the engine is idle.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/snapshot.h"
#include "gpu-model/internal.h"

#define SECTION "gpu"
#define VERSION 1u
#define PROGRAM_MAX 0x4000u // dwords, as a packet's payload

static const struct snap_field fields[] = {
    SNAP_FIELD(struct gpu, protected_mode),
    SNAP_FIELD(struct gpu, serial),
    SNAP_FIELD(struct gpu, counters.packets),
    SNAP_FIELD(struct gpu, counters.dwords),
    SNAP_FIELD(struct gpu, counters.draws),
    SNAP_FIELD(struct gpu, counters.vertices),
    SNAP_FIELD(struct gpu, counters.resolves),
    SNAP_FIELD(struct gpu, counters.fills),
    SNAP_FIELD(struct gpu, counters.ibs),
    SNAP_FIELD(struct gpu, counters.fences),
    SNAP_FIELD(struct gpu, counters.interrupts),
    SNAP_FIELD(struct gpu, counters.errors),
    SNAP_FIELD(struct gpu, counters.skipped_draws),
    SNAP_ARRAY(struct gpu, regs),
    SNAP_END,
};

void gpu_save(struct gpu *gpu, struct snap_writer *w)
{
    uint32_t gmem = gpu->ctx ? gpu->profile->gmem_bytes : 0;
    uint8_t *bytes = gmem ? malloc(gmem) : NULL;

    snap_begin(w, SECTION, VERSION);
    snap_put_u32(w, gpu->profile->gpu_id);
    snap_put_fields(w, fields, gpu);
    for (unsigned stage = 0; stage < 2; stage++) {
        const struct shader_entry *e = gpu->bound[stage];
        snap_put_u32(w, e ? e->ndw : 0);
        if (e) {
            snap_put(w, e->dw, e->ndw * sizeof(*e->dw));
        }
    }
    if (!bytes || gpu->ctx->backend->ops->gmem_read(gpu->ctx, 0, bytes, gmem) != GPU_OK) {
        gmem = 0;
    }
    snap_put_u32(w, gmem);
    if (gmem) {
        snap_put(w, bytes, gmem);
    }
    snap_end(w);
    free(bytes);
}

static int restore_program(struct gpu *gpu, enum shader_stage stage, struct snap_reader *r,
                           struct err *err)
{
    uint32_t ndw = snap_get_u32(r);
    if (ndw > PROGRAM_MAX) {
        return err_set(err, -EINVAL, "gpu: saved program of %u dwords", ndw);
    }
    if (!ndw) {
        return 0;
    }
    uint32_t *dw = malloc(ndw * sizeof(*dw));
    if (!dw) {
        return err_set(err, -ENOMEM, "gpu: no memory");
    }
    int ret = snap_get(r, dw, ndw * sizeof(*dw), err);
    if (ret == 0 && !shader_store_bind(gpu, stage, dw, ndw)) {
        ret = err_set(err, -ENOMEM, "gpu: no memory");
    }
    free(dw);
    return ret;
}

static int restore_gmem(struct gpu *gpu, struct snap_reader *r, struct err *err)
{
    uint32_t n = snap_get_u32(r);
    if (!n) {
        return snap_failed(r, err);
    }
    if (n != gpu->profile->gmem_bytes) {
        return err_set(err, -EINVAL, "gpu: saved on-chip memory has %u bytes, %s has %u", n,
                       gpu->profile->name, gpu->profile->gmem_bytes);
    }
    uint8_t *bytes = malloc(n);
    if (!bytes) {
        return err_set(err, -ENOMEM, "gpu: no memory");
    }
    int ret = snap_get(r, bytes, n, err);
    if (ret == 0 && gpu->ctx &&
        gpu->ctx->backend->ops->gmem_write(gpu->ctx, 0, bytes, n) != GPU_OK) {
        ret = err_set(err, -EIO, "gpu: the backend refused on-chip memory");
    }
    free(bytes);
    return ret;
}

int gpu_restore(struct gpu *gpu, struct snap_reader *r, struct err *err)
{
    uint32_t version;
    int ret = snap_open(r, SECTION, &version, err);
    if (ret < 0) {
        return ret;
    }
    if (version != VERSION) {
        return err_set(err, -EINVAL, "gpu: saved state of version %u, this is %u", version,
                       VERSION);
    }
    gpu_reset(gpu);
    uint32_t id = snap_get_u32(r);
    if (snap_failed(r, NULL) == 0 && id != gpu->profile->gpu_id) {
        return err_set(err, -EINVAL, "gpu: saved state of chip %u, this is %u", id,
                       gpu->profile->gpu_id);
    }
    ret = snap_get_fields(r, fields, gpu, err);
    for (unsigned stage = 0; ret == 0 && stage < 2; stage++) {
        ret = restore_program(gpu, (enum shader_stage)stage, r, err);
    }
    if (ret == 0) {
        ret = restore_gmem(gpu, r, err);
    }
    if (ret < 0) {
        gpu_reset(gpu);
    }
    return ret;
}
