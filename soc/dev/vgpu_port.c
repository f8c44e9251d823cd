// SPDX-License-Identifier: MIT
//
// The GPU's place on a board: its register window and interrupt line, forwarded to a mediated device,
// which is handed the board's memory for DMA. The device is one of this process (mdev/vgpu.h) or a
// daemon's behind a vfio-user socket (mdev/vfio_user_client.h). Without a mediated device the window
// reads 0 and every access is reported as unclaimed; so it is while the daemon is away, unreported.
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "mdev/vfio_user_client.h"
#include "mdev/vgpu.h"
#include "soc/dev/rows.h"
#include "soc/soc.h"
#include "soc/vgpu_port.h"

enum { WINDOW_BYTES = 0x20000, CP_RB_WPTR = 0x01c5 * 4 };

struct vgpu_port {
    struct device dev;
    struct vgpu_client client;
    struct vgpu *vgpu;   // one of these two
    struct vfuc *remote;
    bool sync;           // remote: doorbells wait
    atomic_bool level; // as the mediator last said, from whatever thread
};

static struct vgpu_port *port_of(struct device *dev)
{
    return container_of(dev, struct vgpu_port, dev);
}

static void irq(struct vgpu_client *client, unsigned index, bool level)
{
    struct vgpu_port *p = container_of(client, struct vgpu_port, client);
    (void)index;
    atomic_store(&p->level, level);
    soc_wake_async(p->dev.soc);
}

static void poll(struct device *dev)
{
    device_output(dev, 0, atomic_load(&port_of(dev)->level));
}

static bool window_read(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct vgpu_port *p = port_of(dev);
    uint32_t word = 0;
    bool ok;
    if (p->remote) {
        uint64_t got = 0;
        vfuc_region_read(p->remote, off & ~3u, &got, size == 8 ? 8 : 4);
        *val = size == 8 ? got : got >> off % 4 * 8 & ((1ull << size * 8) - 1);
        return true;
    }
    if (!p->vgpu) {
        return false;
    }
    if (size == 8) {
        return vgpu_region_read(p->vgpu, VGPU_REGION_MMIO, off, val, 8) == 0;
    }
    ok = vgpu_region_read(p->vgpu, VGPU_REGION_MMIO, off & ~3u, &word, 4) == 0;
    *val = word >> off % 4 * 8 & (size == 4 ? ~0u : BIT(size * 8) - 1);
    return ok;
}

static bool window_write(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct vgpu_port *p = port_of(dev);
    uint32_t word = (uint32_t)val;
    bool ok;
    if ((!p->vgpu && !p->remote) || size < 4) { // the register bus has no byte lanes
        return false;
    }
    if (p->remote) {
        vfuc_region_write(p->remote, off, &val, size);
        if (p->sync && off == CP_RB_WPTR) {
            vfuc_settle(p->remote);
        }
        poll(dev);
        return true;
    }
    ok = size == 8 ? vgpu_region_write(p->vgpu, VGPU_REGION_MMIO, off, &val, 8) == 0
                   : vgpu_region_write(p->vgpu, VGPU_REGION_MMIO, off, &word, 4) == 0;
    poll(dev); // an acknowledge shows on the line at once
    return ok;
}

static const struct vgpu_client_ops client_ops = {.irq = irq};

// Memory at every address where the board decodes it: guests may use the repetitions too.
static int map_piece(struct vgpu_port *p, const struct soc_ram *ram, uint64_t gpa, uint64_t bytes,
                     struct err *err)
{
    const unsigned prot = VGPU_DMA_READ | VGPU_DMA_WRITE;
    return p->remote ? vfuc_dma_map(p->remote, gpa, bytes, ram->fd, 0, prot, err)
                     : vgpu_dma_map(p->vgpu, gpa, bytes, ram->host, prot, err);
}

static int map_memory(struct vgpu_port *p, struct err *err)
{
    struct soc *soc = p->dev.soc;
    for (unsigned i = 0; i < soc_ram_count(soc); i++) {
        const struct soc_ram *ram = soc_ram_at(soc, i);
        uint64_t span = ram->row->decoded > ram->bytes ? ram->row->decoded : ram->bytes;
        if (!ram->row->main) {
            continue;
        }
        for (uint64_t at = 0; at < span; at += ram->bytes) {
            uint64_t n = span - at < ram->bytes ? span - at : ram->bytes;
            int rc = map_piece(p, ram, ram->row->base + at, n, err);
            if (rc) {
                return rc;
            }
        }
    }
    return 0;
}

static int open_remote(struct vgpu_port *p, const char *what, struct err *err)
{
    static const char sync[] = ",sync";
    char path[128];
    size_t n = strlen(what), tail = strlen(sync);
    p->sync = n > tail && !strcmp(what + n - tail, sync);
    n -= p->sync ? tail : 0;
    if (n >= sizeof path) {
        return err_set(err, -ENAMETOOLONG, "%s: too long for a socket's path", what);
    }
    memcpy(path, what, n);
    path[n] = 0;
    p->remote = vfuc_open(path, &p->client, err);
    return p->remote ? 0 : -ENOTCONN;
}

static int attach_gpu(struct device *dev, struct mdev *mdev, const char *type, const char *name,
                      struct err *err)
{
    struct vgpu_port *p = port_of(dev);
    struct vgpu_config cfg = {
        .type = type, .name = name, .client = &p->client, .log = device_log(dev)};
    p->client.ops = &client_ops;
    if (!strncmp(type, VGPU_PORT_REMOTE, strlen(VGPU_PORT_REMOTE))) {
        open_remote(p, type + strlen(VGPU_PORT_REMOTE), err);
    } else if (mdev) {
        p->vgpu = vgpu_create(mdev, &cfg, err);
    } else {
        err_set(err, -EINVAL, "a %s needs a mediator", type);
    }
    return p->vgpu || p->remote ? map_memory(p, err) : -EINVAL;
}

static void unrealize(struct device *dev)
{
    if (port_of(dev)->vgpu) {
        vgpu_destroy(port_of(dev)->vgpu);
    }
    vfuc_close(port_of(dev)->remote);
}

static void reset(struct device *dev)
{
    if (port_of(dev)->vgpu) {
        vgpu_reset(port_of(dev)->vgpu);
        poll(dev);
    }
    if (port_of(dev)->remote) {
        vfuc_reset(port_of(dev)->remote);
    }
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct vgpu_port *p = port_of(dev);
    (void)r, (void)err;
    if (p->vgpu) {
        atomic_store(&p->level, vgpu_irq_level(p->vgpu, 0));
    }
    return 0;
}

static void report(struct device *dev, FILE *out)
{
    if (port_of(dev)->vgpu) {
        vgpu_report(port_of(dev)->vgpu, out);
    } else if (port_of(dev)->remote) {
        fprintf(out, "  a daemon's vGPU, %s, %u reconnections\n",
                vfuc_connected(port_of(dev)->remote) ? "connected" : "gone",
                vfuc_reconnects(port_of(dev)->remote));
    } else {
        fprintf(out, "  no GPU behind this window\n");
    }
}

struct vgpu *vgpu_port_vgpu(struct device *dev)
{
    return dev && dev->cls == &vgpu_port_class ? port_of(dev)->vgpu : NULL;
}

bool vgpu_port_busy(struct device *dev)
{
    const struct vgpu_port *p = dev && dev->cls == &vgpu_port_class ? port_of(dev) : NULL;
    return p && (p->vgpu ? vgpu_busy(p->vgpu) : p->remote && vfuc_busy(p->remote));
}

static const struct device_window windows[] = {
    {.name = "", .bytes = WINDOW_BYTES, .read = window_read, .write = window_write}};

const struct device_class vgpu_port_class = {
    .name = "vgpu-port",
    .doc = "window of the mediated GPU",
    .bytes = sizeof(struct vgpu_port),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .unrealize = unrealize,
    .reset = reset,
    .poll = poll,
    .attach_gpu = attach_gpu,
    .restore = restore,
    .report = report,
};
