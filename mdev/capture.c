// SPDX-License-Identifier: MIT
//
// Captures in freedreno's .rd format, taken at the doorbell, on the client thread, before anything of
// the submission executes: the chip, every mapped page that changed since the last submission, then
// the submission's top-level indirect buffers. Mesa's cffdump and this project's replay read them.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/hash.h"
#include "gpu-model/rd.h"
#include "mdev/private.h"

#define RUN_PAGES_MAX 256u

struct capture {
    struct rd_writer *rd;
    uint64_t *hashes; // one a page of the 4 GiB space, 0 unseen
    unsigned submits;
};

int vgpu_capture(struct vgpu *vgpu, const char *path, struct err *err)
{
    struct capture *c = vgpu->capture;
    uint32_t id = vgpu->profile->gpu_id;
    int rc = 0;

    if (c) {
        vgpu->capture = NULL;
        rc = rd_write_close(c->rd, err);
        free(c->hashes);
        free(c);
    }
    if (!path || rc) {
        return rc;
    }
    c = calloc(1, sizeof *c);
    if (!c || !(c->hashes = calloc(VA_PAGES, sizeof *c->hashes))) {
        free(c);
        return err_set(err, -ENOMEM, "no memory for a capture");
    }
    c->rd = rd_create(path, err);
    if (!c->rd) {
        free(c->hashes);
        free(c);
        return err && err->code ? err->code : -EIO;
    }
    rd_put(c->rd, RD_GPU_ID, &id, 4);
    vgpu->capture = c;
    return 0;
}

static bool page_at(struct vgpu *vgpu, uint32_t va, uint8_t *page)
{
    struct gpu_mem *mem = &vgpu->client_mem.mem;
    uint32_t fault;
    bool write, ok = mem->ops->read(mem, va, page, PAGE_BYTES);
    gmmu_clear_fault(&vgpu->client_mem, &fault, &write);
    return ok;
}

static void put_run(struct vgpu *vgpu, uint32_t va, uint32_t bytes, const uint8_t *data)
{
    struct capture *c = vgpu->capture;
    uint32_t addr[3] = {va, bytes, 0};
    char note[128];
    int n = snprintf(note, sizeof note, "bo iova=%08x size=%x gen=%u changed=1 flags=rw gem=0", va,
                     bytes, c->submits);
    rd_put(c->rd, RD_TEST, note, (uint32_t)n + 1);
    rd_put(c->rd, RD_GPUADDR, addr, sizeof addr);
    rd_put(c->rd, RD_BUFFER_CONTENTS, data, bytes);
}

static void put_memory(struct vgpu *vgpu)
{
    struct capture *c = vgpu->capture;
    uint32_t range = vgpu->regs[REG_MH_MMU_VA_RANGE];
    uint64_t base = range & 0xfffff000u, end = base + ((uint64_t)(range & 0xfff) << 16);
    uint8_t *run = malloc((size_t)RUN_PAGES_MAX * PAGE_BYTES);
    uint32_t run_va = 0, pages = 0;

    if (!run) {
        return;
    }
    for (uint64_t va = base; va < end && va < 1ull << 32; va += PAGE_BYTES) {
        uint8_t *page = run + (size_t)pages * PAGE_BYTES;
        bool take = page_at(vgpu, (uint32_t)va, page);
        if (take) {
            uint64_t h = hash_bytes(HASH_INIT, page, PAGE_BYTES) | 1;
            take = h != c->hashes[va >> PAGE_SHIFT];
            c->hashes[va >> PAGE_SHIFT] = h;
        }
        if (take && !pages++) {
            run_va = (uint32_t)va;
        }
        if (pages && (!take || pages == RUN_PAGES_MAX)) {
            put_run(vgpu, run_va, pages * PAGE_BYTES, run);
            pages = 0;
        }
    }
    if (pages) {
        put_run(vgpu, run_va, pages * PAGE_BYTES, run);
    }
    free(run);
}

void capture_submission(struct vgpu *vgpu, const struct workload *w)
{
    struct capture *c = vgpu->capture;
    char text[64];
    bool first = true;

    for (uint32_t at = 0; at + 2 < w->ring_ndw; at++) {
        uint32_t op = bits(w->words[at], 15, 8);
        if (w->words[at] >> 30 == 3 && (op == 0x37 || op == 0x3f)) {
            uint32_t cmd[3] = {w->words[at + 1], w->words[at + 2], 0};
            if (first) {
                int n = snprintf(text, sizeof text, "%s/%u: submit", vgpu->name, c->submits);
                rd_put(c->rd, RD_CMD, text, (uint32_t)n + 1);
                put_memory(vgpu);
                first = false;
            }
            rd_put(c->rd, RD_CMDSTREAM_ADDR, cmd, sizeof cmd);
            at += 2;
        }
    }
    c->submits += !first;
}
