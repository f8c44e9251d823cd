// SPDX-License-Identifier: MIT
//
// Migration of the device through vfio-user: the states of VFIO's migration protocol (with pre-copy; no
// peer-to-peer, as the device reaches no other), the state as a stream, and the exact log of pages that
// the device wrote. The stream begins with 16 bytes that say whose state follows, which may be read in
// PRE_COPY so that a target that cannot take it says so while the machine still runs; then comes a
// snapshot (base/snapshot.h). Memory, the bulk, is the client's to copy by the log.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "mdev/vfio_user_priv.h"

enum { INCOMING_MAX = 64 << 20, BITMAP_MAX = VFU_XFER_MAX, PAGE = 4096 };
enum { IDENT_BYTES = 16, IDENT_VERSION = 1 };
#define IDLE_NS 3000000000ull // less than a client's patience of 5 s

// ---- states ----------------------------------------------------------------------------------------

// Whose state: magic, version, PCI vendor and device, nothing yet.
static void ident(const struct vfu *v, uint8_t out[IDENT_BYTES])
{
    static const char magic[] = "YVFU";
    memset(out, 0, IDENT_BYTES);
    memcpy(out, magic, 4);
    put_le32(out + 4, IDENT_VERSION);
    memcpy(out + 8, v->pci.config, 4);
}

static void drop_streams(struct vfu *v)
{
    snap_writer_destroy(v->saved);
    v->saved = NULL;
    v->saved_at = 0;
    free(v->incoming);
    v->incoming = NULL;
    v->incoming_n = v->incoming_room = 0;
}

void vfu_mig_reset(struct vfu *v)
{
    if (v->saved || v->incoming) {
        drop_streams(v);
    }
    if (v->vgpu && v->state != VFU_STATE_RUNNING && v->state != VFU_STATE_PRE_COPY) {
        vgpu_resume(v->vgpu);
    }
    v->state = VFU_STATE_RUNNING;
}

static int to_nothing(struct vfu *v)
{
    drop_streams(v);
    return 0;
}

// Work that has not begun waits in the guest's ring. Memory by messages must be back before.
static int to_stopped(struct vfu *v)
{
    if (v->remote.phase != VFU_REMOTE_IDLE) {
        return -EBUSY;
    }
    if (!vgpu_pause(v->vgpu, IDLE_NS)) {
        vgpu_resume(v->vgpu);
        return -EBUSY;
    }
    return 0;
}

static int to_running(struct vfu *v)
{
    drop_streams(v);
    vgpu_resume(v->vgpu);
    return 0;
}

static int to_pre_copy(struct vfu *v)
{
    drop_streams(v);
    return 0;
}

static int save_all(struct vfu *v, struct snap_writer *w, struct err *err)
{
    size_t n;
    int rc;
    snap_begin(w, "pci", 1);
    snap_put(w, v->pci.config, sizeof v->pci.config);
    snap_put(w, v->pci.msix, sizeof v->pci.msix);
    snap_end(w);
    rc = vgpu_save(v->vgpu, w, err);
    return rc || snap_bytes(w, &n) ? rc : err_set(err, -ENOMEM, "no memory for the state");
}

static int to_saving(struct vfu *v)
{
    struct snap_writer *w = snap_writer_create();
    struct err err = {0};
    int rc = w ? save_all(v, w, &err) : -ENOMEM;
    if (rc) {
        snap_writer_destroy(w);
        return rc;
    }
    v->saved = w; // what was read in PRE_COPY is not read again: saved_at stays
    return 0;
}

static int stop_to_saving(struct vfu *v)
{
    v->saved_at = 0;
    return to_saving(v);
}

static int pre_copy_to_saving(struct vfu *v)
{
    int rc = to_stopped(v);
    return rc ? rc : to_saving(v);
}

static int restore_pci(struct vfu *v, struct snap_reader *r, struct err *err)
{
    struct pci_function in = v->pci;
    uint32_t version;
    int rc = snap_open(r, "pci", &version, err);
    if (!rc && version != 1) {
        rc = err_set(err, -EINVAL, "PCI state version %u", version);
    }
    if (!rc) {
        rc = snap_get(r, in.config, sizeof in.config, err);
    }
    if (!rc) {
        rc = snap_get(r, in.msix, sizeof in.msix, err);
    }
    if (!rc && memcmp(in.config, v->pci.config, 4)) {
        rc = err_set(err, -EINVAL, "state of another PCI device");
    }
    if (!rc) {
        pci_config_write(&v->pci, 0, in.config, sizeof in.config); // only what may be written
        memcpy(v->pci.msix, in.msix, 16);
        memcpy(v->pci.msix + PCI_BELL_ADDRESS, in.msix + PCI_BELL_ADDRESS, 8);
    }
    return rc;
}

static int load_all(struct vfu *v, const void *data, size_t n, struct err *err)
{
    struct snap_reader *r = snap_reader_create(data, n, err);
    int rc = r ? restore_pci(v, r, err) : -EINVAL;
    if (!rc) {
        rc = vgpu_restore(v->vgpu, r, err);
    }
    if (r) {
        snap_reader_destroy(r);
    }
    return rc;
}

static int from_resuming(struct vfu *v)
{
    struct err err = {0};
    int rc = v->incoming_n < IDENT_BYTES
                 ? err_set(&err, -EINVAL, "the stream is cut short")
                 : load_all(v, v->incoming + IDENT_BYTES, v->incoming_n - IDENT_BYTES, &err);
    if (rc) {
        log_warn(v->log, "%s: cannot resume: %s", vgpu_name(v->vgpu), err.msg);
    }
    drop_streams(v);
    return rc ? -EINVAL : 0;
}

// The arcs.
static const struct {
    uint8_t from, to;
    int (*fn)(struct vfu *v);
} arcs[] = {
    {VFU_STATE_RUNNING, VFU_STATE_STOP, to_stopped},
    {VFU_STATE_STOP, VFU_STATE_RUNNING, to_running},
    {VFU_STATE_RUNNING, VFU_STATE_PRE_COPY, to_pre_copy},
    {VFU_STATE_PRE_COPY, VFU_STATE_RUNNING, to_nothing},
    {VFU_STATE_PRE_COPY, VFU_STATE_STOP_COPY, pre_copy_to_saving},
    {VFU_STATE_STOP, VFU_STATE_STOP_COPY, stop_to_saving},
    {VFU_STATE_STOP_COPY, VFU_STATE_STOP, to_nothing},
    {VFU_STATE_STOP, VFU_STATE_RESUMING, to_nothing},
    {VFU_STATE_RESUMING, VFU_STATE_STOP, from_resuming},
};

// Where to go first where there is no arc: the shortest way that saves nothing on the way.
static uint32_t hop(uint32_t from, uint32_t to)
{
    for (unsigned i = 0; i < ARRAY_LEN(arcs); i++) {
        if (arcs[i].from == from && arcs[i].to == to) {
            return to;
        }
    }
    switch (from) {
    case VFU_STATE_PRE_COPY:
        return VFU_STATE_RUNNING;
    case VFU_STATE_STOP:
        return VFU_STATE_RUNNING; // to PRE_COPY
    case VFU_STATE_STOP_COPY:
        return to == VFU_STATE_PRE_COPY ? VFU_STATE_COUNT : VFU_STATE_STOP;
    default:
        return VFU_STATE_STOP; // from RUNNING and RESUMING
    }
}

static int step_to(struct vfu *v, uint32_t to)
{
    for (unsigned i = 0; i < ARRAY_LEN(arcs); i++) {
        if (arcs[i].from == v->state && arcs[i].to == to) {
            int rc = arcs[i].fn(v);
            if (!rc) {
                v->state = to;
            } else if (v->state == VFU_STATE_RESUMING) {
                v->state = VFU_STATE_ERROR; // half restored: only a reset helps
            }
            return rc;
        }
    }
    return -EINVAL;
}

static bool is_state(uint32_t s)
{
    return (s > VFU_STATE_ERROR && s <= VFU_STATE_RESUMING) || s == VFU_STATE_PRE_COPY;
}

static int change_state(struct vfu *v, uint32_t to)
{
    int rc = 0;
    if (!is_state(to) || v->state == VFU_STATE_ERROR) {
        return -EINVAL;
    }
    while (!rc && v->state != to) {
        rc = step_to(v, hop(v->state, to));
    }
    return rc;
}

// ---- features --------------------------------------------------------------------------------------

static int get_migration(struct vfu *v, const uint8_t *data, size_t n)
{
    const uint64_t flags = VFU_MIGRATION_STOP_COPY | VFU_MIGRATION_PRE_COPY;
    void *out = vfu_reply(v, sizeof flags);
    (void)data, (void)n;
    if (out) {
        memcpy(out, &flags, sizeof flags);
    }
    return 0;
}

static int reply_state(struct vfu *v)
{
    const struct vfu_device_state s = {v->state, -1};
    void *out = vfu_reply(v, sizeof s);
    if (out) {
        memcpy(out, &s, sizeof s);
    }
    return 0;
}

static int get_state(struct vfu *v, const uint8_t *data, size_t n)
{
    (void)data, (void)n;
    return reply_state(v);
}

static int set_state(struct vfu *v, const uint8_t *data, size_t n)
{
    struct vfu_device_state s;
    int rc;
    (void)n;
    memcpy(&s, data, sizeof s);
    rc = change_state(v, s.state);
    return rc ? rc : reply_state(v);
}

static bool page_size_ok(uint64_t page)
{
    return page >= 4096 && page <= 1u << 30 && !(page & (page - 1));
}

static int log_start(struct vfu *v, const uint8_t *data, size_t n)
{
    struct vfu_log_start s;
    memcpy(&s, data, sizeof s);
    if (v->logging || !page_size_ok(s.page_size) ||
        n - sizeof s != (uint64_t)s.ranges * sizeof(struct vfu_range)) {
        return -EINVAL;
    }
    for (uint32_t i = 0; i < s.ranges; i++) {
        struct vfu_range r;
        uint64_t end;
        memcpy(&r, data + sizeof s + i * sizeof r, sizeof r);
        if (!r.length || ckd_add(&end, r.iova, r.length - 1)) {
            return -EINVAL;
        }
    }
    v->logging = !vgpu_dirty_start(v->vgpu); // whole, whatever the ranges
    return v->logging ? 0 : -ENOMEM;
}

static int log_stop(struct vfu *v, const uint8_t *data, size_t n)
{
    (void)data, (void)n;
    if (!v->logging) {
        return -EINVAL;
    }
    vfu_log_end(v);
    return 0;
}

void vfu_log_end(struct vfu *v)
{
    if (v->logging) {
        vgpu_dirty_stop(v->vgpu);
        v->logging = false;
    }
}

static int log_report(struct vfu *v, const uint8_t *data, size_t n)
{
    struct vfu_log_report q;
    uint64_t end, pages, bytes, small;
    uint8_t *out, *written;
    int rc;
    (void)n;

    memcpy(&q, data, sizeof q);
    if (!v->logging || !q.length || q.iova & (PAGE - 1) || !page_size_ok(q.page_size) ||
        ckd_add(&end, q.iova, q.length) || ckd_add(&end, end, PAGE)) {
        return -EINVAL;
    }
    small = (q.length - 1) / PAGE + 1;
    pages = (q.length - 1) / q.page_size + 1;
    bytes = (pages - 1) / 64 * 8 + 8;
    if (bytes > BITMAP_MAX || small > (uint64_t)BITMAP_MAX * 8) {
        return -EINVAL;
    }
    out = vfu_reply(v, sizeof q + bytes);
    written = calloc(1, small / 8 + 1);
    if (!out || !written) {
        free(written);
        return -ENOMEM;
    }
    memcpy(out, &q, sizeof q);
    out += sizeof q;
    rc = vgpu_dirty_read(v->vgpu, q.iova, small * PAGE, written);
    for (uint64_t i = 0; !rc && i < small; i++) {
        if (written[i / 8] >> i % 8 & 1) {
            uint64_t p = i * PAGE / q.page_size;
            out[p / 8] |= (uint8_t)(1u << p % 8);
        }
    }
    free(written);
    return rc;
}

typedef int feature_fn(struct vfu *v, const uint8_t *data, size_t n);
static const struct {
    uint32_t id;
    uint32_t get_bytes, set_bytes; // data of the request, at least
    uint32_t get_reply;            // room that the client must have
    feature_fn *get, *set;
    bool more;                     // SET may carry more
} features[] = {
    {VFU_FEATURE_MIGRATION, 0, 0, 8, get_migration, NULL, false},
    {VFU_FEATURE_STATE, 0, sizeof(struct vfu_device_state), sizeof(struct vfu_device_state),
     get_state, set_state, false},
    {VFU_FEATURE_LOG_START, 0, sizeof(struct vfu_log_start), 0, NULL, log_start, true},
    {VFU_FEATURE_LOG_STOP, 0, 0, 0, NULL, log_stop, false},
    {VFU_FEATURE_LOG_REPORT, sizeof(struct vfu_log_report), 0, sizeof(struct vfu_log_report),
     log_report, NULL, false},
};

int vfu_cmd_feature(struct vfu *v, const struct vfu_msg *m)
{
    const uint32_t op = VFU_FEATURE_GET | VFU_FEATURE_SET;
    struct vfu_feature f;
    const uint8_t *data = m->data + sizeof f;
    size_t n = m->n - sizeof f;
    void *out;

    memcpy(&f, m->data, sizeof f);
    if (f.argsz < sizeof f ||
        (f.flags & ~(uint32_t)(VFU_FEATURE_MASK | VFU_FEATURE_PROBE)) & ~op) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < ARRAY_LEN(features); i++) {
        bool get = f.flags & VFU_FEATURE_GET, set = f.flags & VFU_FEATURE_SET;
        int rc;
        if (features[i].id != (f.flags & VFU_FEATURE_MASK)) {
            continue;
        }
        if ((get && !features[i].get) || (set && !features[i].set) || (!get && !set)) {
            return -EINVAL;
        }
        out = vfu_reply(v, sizeof f);
        if (!out) {
            return -ENOMEM;
        }
        memcpy(out, &f, sizeof f);
        if (f.flags & VFU_FEATURE_PROBE) {
            return 0;
        }
        if (get == set || (get && f.argsz - sizeof f < features[i].get_reply) ||
            (get && n != features[i].get_bytes) || (set && n < features[i].set_bytes) ||
            (set && !features[i].more && n != features[i].set_bytes)) {
            return -EINVAL;
        }
        rc = get ? features[i].get(v, data, n) : features[i].set(v, data, n);
        if (!rc && get && v->out_n > f.argsz) {
            return -EINVAL;
        }
        if (!rc && !v->out_failed) {
            uint32_t size = (uint32_t)v->out_n;
            memcpy(v->out + VFU_HEADER_BYTES, &size, sizeof size);
        }
        return rc;
    }
    return -ENOTSUP;
}

// ---- the stream ------------------------------------------------------------------------------------

// The stream's bytes from `at`: at most `n`, copied to `out`; how many. In PRE_COPY only its first part.
static uint32_t stream_read(struct vfu *v, size_t at, uint8_t *out, uint32_t n)
{
    uint8_t id[IDENT_BYTES];
    const uint8_t *snap = NULL;
    size_t bytes = 0;
    uint32_t got = 0;
    ident(v, id);
    if (v->saved) {
        snap = snap_bytes(v->saved, &bytes);
    }
    while (got < n && at + got < IDENT_BYTES) {
        out[got] = id[at + got];
        got++;
    }
    if (got < n && at + got - IDENT_BYTES < bytes) {
        size_t from = at + got - IDENT_BYTES, take = bytes - from < n - got ? bytes - from : n - got;
        memcpy(out + got, snap + from, take);
        got += (uint32_t)take;
    }
    return got;
}

int vfu_cmd_mig_read(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_mig_data d;
    uint8_t *out;

    memcpy(&d, m->data, sizeof d);
    if (d.argsz < sizeof d || d.argsz - sizeof d < d.size || d.size > v->xfer_max ||
        (v->state != VFU_STATE_PRE_COPY && (v->state != VFU_STATE_STOP_COPY || !v->saved))) {
        return -EINVAL;
    }
    out = vfu_reply(v, sizeof d + d.size);
    if (!out) {
        return -ENOMEM;
    }
    d.size = stream_read(v, v->saved_at, out + sizeof d, d.size);
    v->out_n = sizeof d + d.size;
    v->saved_at += d.size;
    d.argsz = (uint32_t)sizeof d + d.size;
    memcpy(out, &d, sizeof d);
    return 0;
}

int vfu_cmd_mig_write(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_mig_data d;
    uint8_t id[IDENT_BYTES];
    memcpy(&d, m->data, sizeof d);
    if (d.size != m->n - sizeof d || d.argsz < m->n || d.size > v->xfer_max ||
        v->state != VFU_STATE_RESUMING) {
        return -EINVAL;
    }
    if (v->incoming_n + d.size > INCOMING_MAX) {
        return -EFBIG;
    }
    if (v->incoming_n + d.size > v->incoming_room) {
        size_t room = (v->incoming_n + d.size) * 2;
        uint8_t *p = realloc(v->incoming, room);
        if (!p) {
            return -ENOMEM;
        }
        v->incoming = p;
        v->incoming_room = room;
    }
    if (d.size) {
        memcpy(v->incoming + v->incoming_n, m->data + sizeof d, d.size);
        v->incoming_n += d.size;
    }
    ident(v, id);
    if (v->incoming_n >= IDENT_BYTES && memcmp(v->incoming, id, IDENT_BYTES) != 0) {
        return -EINVAL; // another device's: said before the machine stops at the other end
    }
    return 0;
}

// ---- the same to a file ----------------------------------------------------------------------------

static int be_still(struct vfu *v, struct err *err)
{
    if (v->state != VFU_STATE_RUNNING) {
        return err_set(err, -EBUSY, "%s: is being migrated", vgpu_name(v->vgpu));
    }
    if (!vgpu_wait_idle(v->vgpu, IDLE_NS)) {
        return err_set(err, -EBUSY, "%s: its work does not end", vgpu_name(v->vgpu));
    }
    return 0;
}

int vfu_save(struct vfu *v, const char *path, struct err *err)
{
    struct snap_writer *w;
    int rc = be_still(v, err);
    if (rc) {
        return rc;
    }
    w = snap_writer_create();
    rc = w ? save_all(v, w, err) : err_set(err, -ENOMEM, "no memory for the state");
    if (!rc) {
        rc = snap_save(w, path, err);
    }
    snap_writer_destroy(w);
    return rc;
}

int vfu_load(struct vfu *v, const char *path, struct err *err)
{
    int rc = be_still(v, err);
    uint8_t *data;
    FILE *f;
    size_t n;
    if (rc) {
        return rc;
    }
    f = fopen(path, "rbe");
    data = f ? malloc(INCOMING_MAX) : NULL;
    if (!data) {
        rc = err_set(err, f ? -ENOMEM : -errno, "%s: %s", path, strerror(f ? ENOMEM : errno));
    } else {
        n = fread(data, 1, INCOMING_MAX, f);
        rc = ferror(f) ? err_set(err, -EIO, "%s: cannot be read", path) : load_all(v, data, n, err);
    }
    if (f) {
        fclose(f);
    }
    free(data);
    return rc;
}
