// SPDX-License-Identifier: MIT
//
// A device's counters, in one table: the control socket's stats and the text that Prometheus reads
// (exposition format 0.0.4) come from it. A device that is busy answers with what was last seen.
#include <inttypes.h>

#include "base/bits.h"
#include "mdev/daemon_priv.h"

unsigned daemon_counters(struct daemon_device *dev, struct daemon_counter out[DAEMON_COUNTERS])
{
    if (!daemon_lock(dev, 20, NULL)) {
        vfu_stats(dev->vfu, &dev->stats);
        vgpu_stats(vfu_vgpu(dev->vfu), &dev->gstats);
        daemon_unlock(dev);
    }
    const struct vgpu_stats *g = &dev->gstats;
    const struct vfu_stats *s = &dev->stats;
    const struct daemon_counter rows[] = {
        {"submissions", "command submissions", false, g->submissions},
        {"refused", "submissions that the audit or the engine refused", false, g->refused},
        {"draws", "draws executed", false, g->draws},
        {"resolves", "resolves executed", false, g->resolves},
        {"faults", "GPU page faults", false, g->faults},
        {"hangs", "hangs", false, g->hangs},
        {"resets", "device resets", false, g->resets},
        {"irqs", "interrupts raised", false, g->irqs},
        {"mmio_reads", "register reads", false, g->mmio_reads},
        {"mmio_writes", "register writes", false, g->mmio_writes},
        {"engine_ns", "time on the engine in ns", false, g->engine_ns},
        {"wait_ns", "time waited for the engine in ns", false, g->wait_ns},
        {"messages", "vfio-user messages", false, s->messages},
        {"errors", "vfio-user messages answered with an error", false, s->errors},
        {"attaches", "clients so far", false, s->attaches},
        {"bytes_in", "bytes received from clients", false, s->bytes_in},
        {"bytes_out", "bytes sent to clients", false, s->bytes_out},
        {"dma_maps", "memory windows of the client", true, s->dma_maps},
    };
    _Static_assert(ARRAY_LEN(rows) <= DAEMON_COUNTERS, "room for every counter");
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        out[i] = rows[i];
    }
    return ARRAY_LEN(rows);
}

static void instances(struct daemon *d, FILE *out)
{
    const struct vgpu_type *t;
    fprintf(out, "# HELP yamato_available_instances devices of a type that can still be created\n"
                 "# TYPE yamato_available_instances gauge\n");
    for (unsigned i = 0; (t = vgpu_type_at(i)); i++) {
        fprintf(out, "yamato_available_instances{type=\"%s\"} %u\n", t->name,
                mdev_available_instances(d->cfg.mdev, t));
    }
}

void daemon_metrics(struct daemon *d, FILE *out)
{
    static const struct daemon_counter attached = {"attached", "whether a client is there", true, 0};
    struct daemon_counter all[DAEMON_DEVICES][DAEMON_COUNTERS + 1];
    unsigned n = 0;
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        struct daemon_device *dev = d->devices[i];
        if (dev && !atomic_load(&dev->stop)) {
            n = daemon_counters(dev, all[i]);
            all[i][n] = attached;
            all[i][n++].value = atomic_load(&dev->attached);
        }
    }
    instances(d, out);
    for (unsigned c = 0; c < n; c++) {
        bool named = false;
        for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
            const struct daemon_device *dev = d->devices[i];
            const char *tail;
            if (!dev || atomic_load(&dev->stop)) {
                continue;
            }
            tail = all[i][c].gauge ? "" : "_total";
            if (!named) {
                fprintf(out, "# HELP yamato_vgpu_%s%s %s\n# TYPE yamato_vgpu_%s%s %s\n", all[i][c].name,
                        tail, all[i][c].help, all[i][c].name, tail,
                        all[i][c].gauge ? "gauge" : "counter");
                named = true;
            }
            fprintf(out, "yamato_vgpu_%s%s{vgpu=\"%s\",type=\"%s\"} %" PRIu64 "\n", all[i][c].name, tail,
                    dev->name, dev->type->name, all[i][c].value);
        }
    }
}
