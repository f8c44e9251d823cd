// SPDX-License-Identifier: MIT
//
// Memory that a client gave no descriptor for: the device reaches it by messages (DMA_READ, DMA_WRITE).
// The engine must never wait for a client, so it works on a shadow: a doorbell first fetches the GPU's
// page table and every page that it makes readable, then rings; when the work is done, what it changed
// is written back, and only then do fence, read pointer, idle status and interrupt show. Commands of the
// client go on being served meanwhile, as its VMM may need their replies to serve ours. One request is
// under way at a time; a client that answers none for five seconds loses its connection.
//
// Slow by design: it is the way of last resort (QEMU without share=on). Bytes that the guest changes
// within 64 bytes of what the GPU writes, while it does, may be lost.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/bits.h"
#include "base/checked.h"
#include "mdev/vfio_user_priv.h"

enum {
    REG_MH_MMU_CONFIG = 0x0040,
    REG_MH_MMU_VA_RANGE = 0x0041,
    REG_MH_MMU_PT_BASE = 0x0042,
    REG_MH_MMU_INVALIDATE = 0x0045,
    REG_CP_RB_BASE = 0x01c0,
    REG_CP_RB_CNTL = 0x01c1,
    REG_CP_RB_RPTR = 0x01c4,
    REG_CP_RB_WPTR = 0x01c5,
    REG_MASTER_INT_SIGNAL = 0x03b7,
    REG_RBBM_SOFT_RESET = 0x003c,
    REG_RBBM_STATUS = 0x05d0,
    MMU_ENABLE = 1,
    PTE_WRITE = 1,
    PTE_READ = 2,
    PAGE = 4096,
    CHUNK = 64 << 10,      // bytes of one request: QEMU sends no reply that its socket cannot take at once
    FETCH_MAX = 64 << 20,  // bytes of one doorbell
    GAP = 64,              // unchanged bytes that are written with changed ones around them
};
#define PATIENCE_NS 5000000000ull

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint32_t reg(struct vfu *v, uint32_t r)
{
    uint8_t word[4] = {0};
    vgpu_region_read(v->vgpu, VGPU_REGION_MMIO, r * 4ull, word, sizeof word);
    return get_le32(word);
}

// The window without descriptor that holds these bytes, or NULL.
static struct vfu_map *window(struct vfu *v, uint64_t gpa, uint64_t bytes)
{
    for (unsigned i = 0; i < v->nmaps; i++) {
        struct vfu_map *m = &v->maps[i];
        if (m->base && gpa >= m->gpa && range_ok(gpa - m->gpa, bytes, m->bytes)) {
            return m;
        }
    }
    return NULL;
}

int vfu_remote_map(struct vfu *v, struct vfu_map *m)
{
    const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    m->hva = mmap(NULL, (size_t)m->bytes, prot, flags, -1, 0);
    m->base = m->hva == MAP_FAILED ? MAP_FAILED : mmap(NULL, (size_t)m->bytes, prot, flags, -1, 0);
    if (m->base == MAP_FAILED) {
        if (m->hva != MAP_FAILED) {
            munmap(m->hva, (size_t)m->bytes);
        }
        m->hva = m->base = NULL;
        return -ENOMEM;
    }
    v->remote.windows++;
    return 0;
}

void vfu_remote_unmap(struct vfu *v, struct vfu_map *m)
{
    vfu_remote_abort(v);
    munmap(m->base, (size_t)m->bytes);
    m->base = NULL;
    v->remote.windows--;
}

static void set_holding(struct vfu *v, bool on)
{
    pthread_mutex_lock(&v->irq_lock);
    v->holding = on;
    if (!on && v->level) {
        vfu_raise(v);
    }
    pthread_mutex_unlock(&v->irq_lock);
}

void vfu_remote_abort(struct vfu *v)
{
    struct vfu_remote *r = &v->remote;
    free(r->runs);
    r->runs = NULL;
    r->nruns = r->room = 0;
    r->waiting = r->again = false;
    if (r->phase != VFU_REMOTE_IDLE) {
        r->phase = VFU_REMOTE_IDLE;
        set_holding(v, false);
    }
}

// ---- what to fetch -------------------------------------------------------------------------------------

static bool add_run(struct vfu *v, uint64_t gpa, uint32_t bytes, bool writable)
{
    struct vfu_remote *r = &v->remote;
    struct vfu_run *last = r->nruns ? &r->runs[r->nruns - 1] : NULL;
    if (!window(v, gpa, bytes)) {
        return true; // shared memory, or none: nothing to fetch
    }
    r->total += bytes;
    if (r->total > FETCH_MAX) {
        return false;
    }
    if (last && last->gpa + last->bytes == gpa && last->writable == writable &&
        last->bytes + bytes <= CHUNK && window(v, last->gpa, last->bytes + bytes)) {
        last->bytes += bytes;
        return true;
    }
    if (r->nruns == r->room) {
        unsigned room = r->room ? r->room * 2 : 64;
        struct vfu_run *p = realloc(r->runs, room * sizeof *p);
        if (!p) {
            return false;
        }
        r->runs = p;
        r->room = room;
    }
    r->runs[r->nruns++] = (struct vfu_run){gpa, bytes, writable};
    return true;
}

static void restart_runs(struct vfu_remote *r, enum vfu_remote_phase phase)
{
    r->phase = phase;
    r->nruns = r->at = 0;
    r->total = 0;
}

static bool plan_table(struct vfu *v)
{
    uint64_t base = reg(v, REG_MH_MMU_PT_BASE) & ~(uint64_t)3;
    uint32_t bytes = (reg(v, REG_MH_MMU_VA_RANGE) & 0xfff) << 16 >> 12 << 2;
    restart_runs(&v->remote, VFU_REMOTE_TABLE);
    if (!(reg(v, REG_MH_MMU_CONFIG) & MMU_ENABLE)) {
        return true;
    }
    for (uint32_t at = 0; at < bytes; at += PAGE) {
        uint32_t n = bytes - at < PAGE ? bytes - at : PAGE;
        if (!add_run(v, base + at, n, false)) {
            return false;
        }
    }
    return true;
}

// The table is in the shadow, or in shared memory.
static bool plan_pages(struct vfu *v)
{
    uint64_t base = reg(v, REG_MH_MMU_PT_BASE) & ~(uint64_t)3;
    uint32_t n = (reg(v, REG_MH_MMU_VA_RANGE) & 0xfff) << 16 >> 12;
    restart_runs(&v->remote, VFU_REMOTE_PAGES);
    if (!(reg(v, REG_MH_MMU_CONFIG) & MMU_ENABLE)) {
        return true; // addresses are physical: only shared memory is reachable so
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct vfu_map *m = NULL;
        uint64_t at = base + i * 4ull;
        uint32_t pte;
        for (unsigned k = 0; !m && k < v->nmaps; k++) {
            m = v->maps[k].hva && at >= v->maps[k].gpa && range_ok(at - v->maps[k].gpa, 4, v->maps[k].bytes)
                    ? &v->maps[k]
                    : NULL;
        }
        if (!m) {
            continue;
        }
        pte = get_le32((const uint8_t *)m->hva + (at - m->gpa));
        if (pte & (PTE_READ | PTE_WRITE) && !add_run(v, pte & ~(uint64_t)(PAGE - 1), PAGE, pte & PTE_WRITE)) {
            return false;
        }
    }
    return true;
}

// ---- requests ------------------------------------------------------------------------------------------

static void ask(struct vfu *v, uint16_t command, uint64_t gpa, uint32_t bytes, const void *data)
{
    struct vfu_remote *r = &v->remote;
    const uint64_t req[2] = {gpa, bytes};
    struct vfu_header h = {++r->id, command, 0, VFU_TYPE_COMMAND, 0};
    uint8_t *out;
    v->out_n = 0;
    v->out_failed = false;
    out = vfu_reply(v, sizeof req + (data ? bytes : 0));
    if (!out) {
        vfu_remote_abort(v);
        return;
    }
    memcpy(out, req, sizeof req);
    if (data) {
        memcpy(out + sizeof req, data, bytes);
    }
    h.size = (uint32_t)(VFU_HEADER_BYTES + v->out_n);
    memcpy(v->out, &h, sizeof h);
    v->out_at = 0;
    v->out_left = h.size;
    r->waiting = true;
    r->command = command;
    r->gpa = gpa;
    r->bytes = bytes;
    r->asked_ns = now_ns();
}

// The next piece that the GPU changed, from byte `from` of the run. Its length, 0 when none is left.
static uint32_t changed(struct vfu *v, const struct vfu_run *run, uint32_t from, uint32_t *at)
{
    const struct vfu_map *m = window(v, run->gpa, run->bytes);
    const uint8_t *now, *old;
    uint32_t end;
    if (!m) {
        return 0;
    }
    now = (const uint8_t *)m->hva + (run->gpa - m->gpa);
    old = (const uint8_t *)m->base + (run->gpa - m->gpa);
    while (from < run->bytes && !memcmp(now + from, old + from, 4)) {
        from += 4;
    }
    *at = from;
    for (end = from; from < run->bytes && from - end < GAP; from += 4) {
        if (memcmp(now + from, old + from, 4) != 0) {
            end = from + 4;
        }
    }
    return end - *at;
}

static bool write_next(struct vfu *v)
{
    struct vfu_remote *r = &v->remote;
    for (; r->at < r->nruns; r->at++, r->back = 0) {
        const struct vfu_run *run = &r->runs[r->at];
        uint32_t at, n = run->writable ? changed(v, run, r->back, &at) : 0;
        if (n) {
            const struct vfu_map *m = window(v, run->gpa, run->bytes);
            uint64_t off = run->gpa + at - m->gpa;
            memcpy((uint8_t *)m->base + off, (const uint8_t *)m->hva + off, n);
            r->back = at + n;
            ask(v, VFU_DMA_WRITE, run->gpa + at, n, (const uint8_t *)m->base + off);
            return true;
        }
    }
    return false;
}

static void give_up(struct vfu *v, const char *why)
{
    log_warn(v->log, "%s: memory by messages: %s", vgpu_name(v->vgpu), why);
    vfu_remote_abort(v);
}

static void ring_bell(struct vfu *v)
{
    static const uint8_t all[4] = {3};
    uint8_t word[4];
    put_le32(word, v->remote.wptr);
    v->remote.phase = VFU_REMOTE_RUN;
    // the table in the shadow is a new one, whatever was read of it before
    vgpu_region_write(v->vgpu, VGPU_REGION_MMIO, REG_MH_MMU_INVALIDATE * 4ull, all, sizeof all);
    vgpu_region_write(v->vgpu, VGPU_REGION_MMIO, REG_CP_RB_WPTR * 4ull, word, sizeof word);
}

static void start(struct vfu *v, uint32_t wptr)
{
    v->remote.wptr = wptr;
    v->remote.rptr = reg(v, REG_CP_RB_RPTR);
    set_holding(v, true);
    if (!plan_table(v)) {
        give_up(v, "the page table is too large");
    }
}

int vfu_remote_next(struct vfu *v)
{
    struct vfu_remote *r = &v->remote;
    while (r->phase != VFU_REMOTE_IDLE && !v->out_left) {
        if (r->waiting) {
            return now_ns() - r->asked_ns > PATIENCE_NS ? -ENOTCONN : 0;
        }
        switch (r->phase) {
        case VFU_REMOTE_IDLE:
            break;
        case VFU_REMOTE_TABLE:
        case VFU_REMOTE_PAGES:
            if (r->at < r->nruns) {
                ask(v, VFU_DMA_READ, r->runs[r->at].gpa, r->runs[r->at].bytes, NULL);
            } else if (r->phase == VFU_REMOTE_PAGES) {
                ring_bell(v);
            } else if (!plan_pages(v)) {
                give_up(v, "more than 64 MiB are mapped");
            }
            break;
        case VFU_REMOTE_RUN:
            if (vgpu_busy(v->vgpu)) {
                return 0;
            }
            r->phase = VFU_REMOTE_BACK;
            r->at = r->back = 0;
            break;
        case VFU_REMOTE_BACK:
            if (!write_next(v)) {
                r->phase = VFU_REMOTE_IDLE;
                set_holding(v, false);
                if (r->again) {
                    r->again = false;
                    start(v, r->again_wptr);
                }
            }
            break;
        }
    }
    return 0;
}

void vfu_remote_reply(struct vfu *v, const struct vfu_header *h, const uint8_t *data, size_t n)
{
    struct vfu_remote *r = &v->remote;
    struct vfu_map *m;
    if (!r->waiting || h->id != r->id || h->command != r->command) {
        return; // to a request of an earlier doorbell
    }
    r->waiting = false;
    if (h->flags & VFU_ERROR) {
        give_up(v, "the client refused an access");
        return;
    }
    if (r->command == VFU_DMA_WRITE) {
        return;
    }
    m = window(v, r->gpa, r->bytes);
    if (!m || n != 16 + (size_t)r->bytes) {
        give_up(v, "a reply of the wrong size");
        return;
    }
    memcpy((uint8_t *)m->hva + (r->gpa - m->gpa), data + 16, r->bytes);
    memcpy((uint8_t *)m->base + (r->gpa - m->gpa), data + 16, r->bytes);
    r->at++;
}

bool vfu_remote_write(struct vfu *v, uint64_t off, uint32_t value)
{
    struct vfu_remote *r = &v->remote;
    switch (off / 4) {
    case REG_CP_RB_WPTR:
        if (r->phase == VFU_REMOTE_IDLE) {
            start(v, value);
        } else if (r->phase < VFU_REMOTE_RUN) {
            r->wptr = value;
        } else {
            r->again = true;
            r->again_wptr = value;
        }
        return true;
    case REG_RBBM_SOFT_RESET:
    case REG_CP_RB_BASE:
    case REG_CP_RB_CNTL:
        vfu_remote_abort(v);
        return false;
    default:
        return false;
    }
}

uint32_t vfu_remote_read(struct vfu *v, uint64_t off, uint32_t value)
{
    if (!v->holding) {
        return value;
    }
    switch (off / 4) {
    case REG_CP_RB_RPTR:
        return v->remote.rptr;
    case REG_RBBM_STATUS:
        return value | 1u << 31;
    case REG_MASTER_INT_SIGNAL:
        return 0;
    default:
        return value;
    }
}
