// SPDX-License-Identifier: MIT
//
// What a board can tell of itself: the device list, registers by name, and snapshots, one section a
// device and one a memory. Memory is written as runs of pages that are not zero.
#include "soc/soc_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/snapshot.h"

enum { PAGE = 4096, DEVICE_VERSION = 1, RAM_VERSION = 1 };

void soc_report_devices(struct soc *soc, FILE *out)
{
    for (unsigned i = 0; i < soc->ram_count; i++) {
        const struct soc_ram *ram = &soc->rams[i];
        fprintf(out, "0x%08x %-12s %" PRIu64 " KiB%s\n", ram->row->base, ram->row->name,
                ram->bytes >> 10, ram->row->alias_of ? " (alias)" : "");
    }
    for (unsigned i = 0; i < soc->device_count; i++) {
        struct device *dev = soc->devices[i];
        if (dev->parent) {
            fprintf(out, "%s@%-*x %-12s %s: %s\n", dev->parent->name,
                    (int)(9 - strlen(dev->parent->name)), dev->base, dev->name, dev->cls->name,
                    dev->cls->doc);
        } else {
            fprintf(out, "0x%08x %-12s %s: %s\n", dev->base, dev->name, dev->cls->name,
                    dev->cls->doc);
        }
    }
}

static void report_block(struct reg_block *b, FILE *out)
{
    const struct reg_table *t = b->rf.table;
    for (unsigned r = 0; r < t->count; r++) {
        const struct reg_row *row = &t->rows[r];
        unsigned n = row->count ? row->count : 1;
        for (unsigned i = 0; i < n; i++) {
            uint32_t slot = b->rf.first_slot[r] + i;
            uint32_t off = row->offset + i * (row->stride ? row->stride : 4);
            char name[48];
            if (n > 8 && !b->rf.stats[slot].reads && !b->rf.stats[slot].writes) {
                continue; // untouched elements of long arrays
            }
            fprintf(out, "  %-6s +0x%05x %-20s 0x%08x  %" PRIu64 " reads %" PRIu64 " writes\n",
                    b->window->name, off, regfile_name(t, off, name, sizeof name),
                    b->rf.values[slot], b->rf.stats[slot].reads, b->rf.stats[slot].writes);
        }
    }
}

void soc_report_registers(struct soc *soc, struct device *dev, FILE *out)
{
    (void)soc;
    fprintf(out, "%s (%s) at 0x%08x\n", dev->name, dev->cls->name, dev->base);
    for (unsigned w = 0; w < dev->cls->window_count; w++) {
        if (dev->blocks[w].rf.table) {
            report_block(&dev->blocks[w], out);
        }
    }
    if (dev->cls->report) {
        dev->cls->report(dev, out);
    }
}

// ---- snapshots ---------------------------------------------------------------------------------

void device_save_event(struct snap_writer *w, const struct event *ev)
{
    snap_put_u64(w, ev->armed ? ev->when_ns : EVENT_NEVER);
}

void device_restore_event(struct device *dev, struct snap_reader *r, struct event *ev)
{
    uint64_t when = snap_get_u64(r);
    device_cancel(dev, ev);
    if (when != EVENT_NEVER) {
        device_arm(dev, ev, when);
    }
}

static void save_device(struct device *dev, struct snap_writer *w)
{
    char name[64];
    snprintf(name, sizeof name, "dev.%s", dev->name);
    snap_begin(w, name, DEVICE_VERSION + dev->cls->state_version * 0x100);
    for (unsigned i = 0; i < dev->cls->window_count; i++) {
        if (dev->blocks[i].rf.table) {
            regfile_save(&dev->blocks[i].rf, w);
        }
    }
    if (dev->cls->state) {
        snap_put_fields(w, dev->cls->state, dev);
    }
    for (unsigned i = 0; dev->cls->outputs && dev->cls->outputs[i]; i++) {
        snap_put_u32(w, dev->outs[i].level);
    }
    if (dev->cls->save) {
        dev->cls->save(dev, w);
    }
    snap_end(w);
}

static int restore_device(struct device *dev, struct snap_reader *r, struct err *err)
{
    char name[64];
    uint32_t version;
    int rc;
    snprintf(name, sizeof name, "dev.%s", dev->name);
    rc = snap_open(r, name, &version, err);
    if (rc) {
        return rc;
    }
    if (version != DEVICE_VERSION + dev->cls->state_version * 0x100) {
        return err_set(err, -EINVAL, "snapshot: section %s has version %u, not %u", name, version,
                       DEVICE_VERSION + dev->cls->state_version * 0x100);
    }
    for (unsigned i = 0; i < dev->cls->window_count; i++) {
        if (dev->blocks[i].rf.table) {
            rc = regfile_load(&dev->blocks[i].rf, r, err);
            if (rc) {
                return rc;
            }
        }
    }
    if (dev->cls->state) {
        rc = snap_get_fields(r, dev->cls->state, dev, err);
    }
    for (unsigned i = 0; !rc && dev->cls->outputs && dev->cls->outputs[i]; i++) {
        wire_set(&dev->outs[i], snap_get_u32(r) != 0);
    }
    if (!rc && dev->cls->restore) {
        rc = dev->cls->restore(dev, r, err);
    }
    return rc ? rc : snap_failed(r, err);
}

static bool page_is_zero(const uint8_t *p)
{
    return p[0] == 0 && memcmp(p, p + 1, PAGE - 1) == 0;
}

static void save_ram(const struct soc_ram *ram, struct snap_writer *w)
{
    char name[64];
    uint64_t at = 0;
    snprintf(name, sizeof name, "ram.%s", ram->row->name);
    snap_begin(w, name, RAM_VERSION);
    snap_put_u64(w, ram->bytes);
    while (at < ram->bytes) {
        uint64_t from, n;
        while (at < ram->bytes && page_is_zero(ram->host + at)) {
            at += PAGE;
        }
        from = at;
        while (at < ram->bytes && !page_is_zero(ram->host + at)) {
            at += PAGE;
        }
        n = at - from;
        if (n) {
            snap_put_u64(w, from);
            snap_put_u64(w, n);
            snap_put(w, ram->host + from, n);
        }
    }
    snap_put_u64(w, UINT64_MAX);
    snap_end(w);
}

static int restore_ram(const struct soc_ram *ram, struct snap_reader *r, struct err *err)
{
    char name[64];
    uint32_t version;
    uint64_t bytes;
    int rc;
    snprintf(name, sizeof name, "ram.%s", ram->row->name);
    rc = snap_open(r, name, &version, err);
    if (rc) {
        return rc;
    }
    bytes = snap_get_u64(r);
    if (version != RAM_VERSION || bytes != ram->bytes) {
        return err_set(err, -EINVAL,
                       "snapshot: memory %s has %" PRIu64 " bytes, the machine %" PRIu64,
                       ram->row->name, bytes, ram->bytes);
    }
    memset(ram->host, 0, ram->bytes);
    for (;;) {
        uint64_t from = snap_get_u64(r), n;
        if (snap_failed(r, err) || from == UINT64_MAX) {
            break;
        }
        n = snap_get_u64(r);
        if (from > ram->bytes || n > ram->bytes - from) {
            return err_set(err, -EINVAL, "snapshot: section %s has a run outside its memory", name);
        }
        rc = snap_get(r, ram->host + from, n, err);
        if (rc) {
            return rc;
        }
    }
    return snap_failed(r, err);
}

void soc_save(struct soc *soc, struct snap_writer *w)
{
    for (unsigned i = 0; i < soc->ram_count; i++) {
        if (!soc->rams[i].row->alias_of) {
            save_ram(&soc->rams[i], w);
        }
    }
    for (unsigned i = 0; i < soc->device_count; i++) {
        save_device(soc->devices[i], w);
    }
}

int soc_restore(struct soc *soc, struct snap_reader *r, struct err *err)
{
    int rc = 0;
    for (unsigned i = 0; i < soc->ram_count && !rc; i++) {
        if (!soc->rams[i].row->alias_of) {
            rc = restore_ram(&soc->rams[i], r, err);
        }
    }
    for (unsigned i = 0; i < soc->device_count && !rc; i++) {
        rc = restore_device(soc->devices[i], r, err);
    }
    return rc;
}
