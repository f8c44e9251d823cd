// SPDX-License-Identifier: MIT
//
// Makes the devices of a board's rows, runs their order of life, and gives them time, clocks and a
// bus. Wires are in soc_wires.c, memory in soc_ram.c, reports and snapshots in soc_state.c.
#include "soc/soc_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"

static bool block_read(struct bus_target *t, uint32_t off, unsigned size, uint64_t *val)
{
    struct reg_block *b = container_of(t, struct reg_block, target);
    return regfile_read(&b->rf, off, size, val);
}

static bool block_write(struct bus_target *t, uint32_t off, unsigned size, uint64_t val)
{
    struct reg_block *b = container_of(t, struct reg_block, target);
    return regfile_write(&b->rf, off, size, val);
}

static const char *block_reg_name(struct bus_target *t, uint32_t off, char *buf, unsigned n)
{
    struct reg_block *b = container_of(t, struct reg_block, target);
    char reg[48];
    if (!b->window->name[0]) {
        return regfile_name(b->rf.table, off, buf, n);
    }
    snprintf(buf, n, "%s.%s", b->window->name, regfile_name(b->rf.table, off, reg, sizeof reg));
    return buf;
}

static bool raw_read(struct bus_target *t, uint32_t off, unsigned size, uint64_t *val)
{
    struct reg_block *b = container_of(t, struct reg_block, target);
    return b->window->read(b->dev, off, size, val);
}

static bool raw_write(struct bus_target *t, uint32_t off, unsigned size, uint64_t val)
{
    struct reg_block *b = container_of(t, struct reg_block, target);
    return b->window->write(b->dev, off, size, val);
}

static uint32_t host_pc(void *owner)
{
    struct soc *soc = owner;
    return soc->host && soc->host->ops->pc ? soc->host->ops->pc(soc->host) : 0;
}

static void cpu_line(struct wire_sink *sink, unsigned line, bool level)
{
    struct soc *soc = container_of(sink, struct soc, cpu);
    soc->cpu_level[line] = level;
    if (soc->host && soc->host->ops->cpu_line) {
        soc->host->ops->cpu_line(soc->host, line, level);
    }
}

static void device_in(struct wire_sink *sink, unsigned line, bool level)
{
    struct device *dev = container_of(sink, struct device, in);
    if (dev->cls->input) {
        dev->cls->input(dev, line, level);
    }
}

static unsigned name_count(const char *const *names)
{
    unsigned n = 0;
    while (names && names[n]) {
        n++;
    }
    return n;
}

// ---- instances ---------------------------------------------------------------------------------

static int check_props(const struct device *dev, struct err *err)
{
    for (const struct device_prop *p = dev->props; p && p->name; p++) {
        const struct device_prop *q = dev->cls->props;
        while (q && q->name && strcmp(q->name, p->name) != 0) {
            q++;
        }
        if (!q || !q->name) {
            return err_set(err, -EINVAL, "%s: a %s has no property '%s'", dev->name, dev->cls->name,
                           p->name);
        }
    }
    return 0;
}

static int make_blocks(struct device *dev, struct err *err)
{
    const struct device_class *cls = dev->cls;
    dev->blocks = calloc(cls->window_count + 1, sizeof *dev->blocks);
    if (!dev->blocks) {
        return err_set(err, -ENOMEM, "%s: no memory", dev->name);
    }
    for (unsigned i = 0; i < cls->window_count; i++) {
        struct reg_block *b = &dev->blocks[i];
        const struct device_window *w = &cls->windows[i];
        uint32_t bytes = w->bytes;
        int rc;
        b->dev = dev;
        b->window = w;
        b->target.name = dev->name;
        if (w->regs) {
            rc = regfile_init(&b->rf, w->regs, err);
            if (rc) {
                return rc;
            }
            b->target.read = block_read;
            b->target.write = block_write;
            b->target.reg_name = block_reg_name;
            bytes = bytes ? bytes : w->regs->span_bytes;
        } else {
            b->target.read = raw_read;
            b->target.write = raw_write;
        }
        rc = bus_map(dev->soc->bus, dev->base + w->offset, bytes, &b->target, err);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static void device_free(struct device *dev)
{
    if (!dev) {
        return;
    }
    if (dev->cls->unrealize) {
        dev->cls->unrealize(dev);
    }
    for (unsigned i = 0; dev->blocks && i < dev->cls->window_count; i++) {
        if (dev->blocks[i].rf.table) {
            regfile_fini(&dev->blocks[i].rf);
        }
    }
    free(dev->blocks);
    free(dev->outs);
    free(dev->clocks);
    free(dev);
}

static int make_device(struct soc *soc, const struct board_device *row, struct err *err)
{
    const struct device_class *cls = device_class_find(row->class_name);
    unsigned outs;
    struct device *dev;
    int rc;

    if (!cls) {
        return err_set(err, -EINVAL, "board %s: %s is of unknown class '%s'", soc->board->name,
                       row->name, row->class_name);
    }
    if (soc_device(soc, row->name)) {
        return err_set(err, -EINVAL, "board %s: two devices are called '%s'", soc->board->name,
                       row->name);
    }
    outs = name_count(cls->outputs);
    dev = calloc(1, cls->bytes);
    if (!dev) {
        return err_set(err, -ENOMEM, "%s: no memory", row->name);
    }
    dev->cls = cls;
    dev->name = row->name;
    dev->soc = soc;
    dev->base = row->base;
    dev->props = row->props;
    dev->in.set = device_in;
    soc->devices[soc->device_count++] = dev;
    dev->outs = calloc(outs + 1, sizeof *dev->outs);
    dev->clocks = calloc(name_count(cls->clock_inputs) + 1, sizeof *dev->clocks);
    if (!dev->outs || !dev->clocks) {
        return err_set(err, -ENOMEM, "%s: no memory", row->name);
    }
    for (unsigned i = 0; i < outs; i++) {
        dev->outs[i].name = cls->outputs[i];
    }
    if (row->parent) {
        dev->parent = soc_device(soc, row->parent);
        if (!dev->parent) {
            return err_set(err, -EINVAL, "board %s: %s sits on '%s', which is not there (yet)",
                           soc->board->name, row->name, row->parent);
        }
    }
    rc = check_props(dev, err);
    return rc ? rc : make_blocks(dev, err);
}

struct soc *soc_create(const struct board *board, const struct soc_config *cfg, struct err *err)
{
    struct soc *soc = calloc(1, sizeof *soc);
    struct bus_config bus = {.hole = board->hole,
                             .ranges = board->holes,
                             .range_count = board->hole_count,
                             .log = cfg->log,
                             .pc = host_pc,
                             .pc_owner = soc};
    if (!soc) {
        err_set(err, -ENOMEM, "board %s: no memory", board->name);
        return NULL;
    }
    soc->board = board;
    soc->log = cfg->log;
    soc->host = cfg->host;
    soc->cpus = cfg->cpus ? cfg->cpus : 1;
    soc->epoch = cfg->epoch ? cfg->epoch : 1704067200; // 2024-01-01
    soc->overrides = cfg->overrides;
    soc->override_count = cfg->override_count;
    soc->cpu.set = cpu_line;
    eventq_init(&soc->events);
    soc->devices = calloc(board->device_count + 1, sizeof *soc->devices);
    soc->bus = bus_create(&bus, err);
    if (!soc->devices || !soc->bus) {
        err_set(err, -ENOMEM, "board %s: no memory", board->name);
        goto fail;
    }
    if (soc_ram_create(soc, cfg->ram_bytes ? cfg->ram_bytes : board->ram_default, err)) {
        goto fail;
    }
    for (unsigned i = 0; i < board->device_count; i++) {
        if (make_device(soc, &board->devices[i], err)) {
            goto fail;
        }
    }
    return soc;

fail:
    soc_destroy(soc);
    return NULL;
}

int soc_realize(struct soc *soc, struct err *err)
{
    int rc = 0;
    for (unsigned i = 0; i < soc->device_count && !rc; i++) {
        struct device *dev = soc->devices[i];
        rc = dev->cls->realize ? dev->cls->realize(dev, err) : 0;
    }
    rc = rc ? rc : soc_connect(soc, err);
    if (!rc) {
        soc->realized = true;
        soc_reset(soc);
    }
    return rc;
}

void soc_reset(struct soc *soc)
{
    for (unsigned i = 0; i < soc->device_count; i++) {
        struct device *dev = soc->devices[i];
        for (unsigned w = 0; w < dev->cls->window_count; w++) {
            if (dev->blocks[w].rf.table) {
                regfile_reset(&dev->blocks[w].rf);
            }
        }
    }
    for (unsigned i = 0; i < soc->device_count; i++) {
        if (soc->devices[i]->cls->reset) {
            soc->devices[i]->cls->reset(soc->devices[i]);
        }
    }
    for (unsigned i = 0; i < soc->device_count; i++) {
        if (soc->devices[i]->cls->clocks_changed) {
            soc->devices[i]->cls->clocks_changed(soc->devices[i]);
        }
    }
    soc->warm = false;
}

void soc_destroy(struct soc *soc)
{
    if (!soc) {
        return;
    }
    // devices made last may use those made first
    for (unsigned i = soc->device_count; i-- > 0;) {
        device_free(soc->devices[i]);
    }
    free(soc->devices);
    free(soc->joins);
    free(soc->wires);
    bus_destroy(soc->bus);
    soc_ram_destroy(soc);
    free(soc);
}

// ---- small accessors ---------------------------------------------------------------------------

const struct board *soc_board(const struct soc *soc)
{
    return soc->board;
}

unsigned soc_cores(const struct soc *soc)
{
    return soc->cpus;
}

unsigned soc_core(const struct soc *soc)
{
    return soc->host && soc->host->ops->core ? soc->host->ops->core(soc->host) : 0;
}

struct bus *soc_bus(struct soc *soc)
{
    return soc->bus;
}

struct eventq *soc_events(struct soc *soc)
{
    return &soc->events;
}

struct log *soc_log(const struct soc *soc)
{
    return soc->log;
}

uint64_t soc_now(const struct soc *soc)
{
    return soc->host && soc->host->ops->now ? soc->host->ops->now(soc->host) : soc->events.now_ns;
}

uint64_t soc_epoch(const struct soc *soc)
{
    return soc->epoch;
}

struct device *soc_device(struct soc *soc, const char *name)
{
    for (unsigned i = 0; i < soc->device_count; i++) {
        if (strcmp(soc->devices[i]->name, name) == 0) {
            return soc->devices[i];
        }
    }
    return NULL;
}

struct device *soc_device_at(struct soc *soc, unsigned i)
{
    return i < soc->device_count ? soc->devices[i] : NULL;
}

bool soc_reset_is_warm(const struct soc *soc)
{
    return soc->warm;
}

void soc_power(struct soc *soc, enum soc_power what, const char *who)
{
    soc->warm = what == SOC_POWER_RESET;
    if (soc->host && soc->host->ops->power) {
        soc->host->ops->power(soc->host, what, who);
    }
}

void soc_wake_async(struct soc *soc)
{
    atomic_store(&soc->async, true);
    if (soc->host && soc->host->ops->wake) {
        soc->host->ops->wake(soc->host);
    }
}

bool soc_async_pending(const struct soc *soc)
{
    return atomic_load(&soc->async);
}

void soc_poll_async(struct soc *soc)
{
    if (!atomic_exchange(&soc->async, false)) {
        return;
    }
    for (unsigned i = 0; i < soc->device_count; i++) {
        if (soc->devices[i]->cls->poll) {
            soc->devices[i]->cls->poll(soc->devices[i]);
        }
    }
}

void soc_advance(struct soc *soc, uint64_t now_ns)
{
    eventq_run(&soc->events, now_ns);
}

int soc_scanout(struct soc *soc, const char *name, struct picture *pic, struct err *err)
{
    struct device *dev = soc_device(soc, name);
    if (!dev || !dev->cls->scanout) {
        return err_set(err, -ENOENT, "no display '%s'", name);
    }
    return dev->cls->scanout(dev, pic, err);
}

// ---- what devices ask for ----------------------------------------------------------------------

uint32_t device_prop(const struct device *dev, const char *name)
{
    for (unsigned i = 0; i < dev->soc->override_count; i++) {
        const struct soc_override *o = &dev->soc->overrides[i];
        if (strcmp(o->device, dev->name) == 0 && strcmp(o->prop, name) == 0) {
            return o->value;
        }
    }
    for (const struct device_prop *p = dev->props; p && p->name; p++) {
        if (strcmp(p->name, name) == 0) {
            return p->value;
        }
    }
    for (const struct device_prop *p = dev->cls->props; p && p->name; p++) {
        if (strcmp(p->name, name) == 0) {
            return p->value;
        }
    }
    return 0;
}

uint64_t device_clock_hz(const struct device *dev, unsigned input)
{
    const struct clock_input *c = &dev->clocks[input];
    return c->source ? c->source->cls->clock_hz(c->source, c->output) : c->hz;
}

void device_clocks_changed(struct device *dev)
{
    struct soc *soc = dev->soc;
    for (unsigned i = 0; i < soc->device_count; i++) {
        if (soc->devices[i]->cls->clocks_changed) {
            soc->devices[i]->cls->clocks_changed(soc->devices[i]);
        }
    }
}

unsigned device_cores(const struct device *dev)
{
    return dev->soc->cpus;
}

unsigned device_core(const struct device *dev)
{
    return soc_core(dev->soc);
}

uint64_t device_now(const struct device *dev)
{
    return soc_now(dev->soc);
}

void device_arm(struct device *dev, struct event *ev, uint64_t when_ns)
{
    struct soc *soc = dev->soc;
    event_arm(&soc->events, ev, when_ns);
    if (soc->host && soc->host->ops->armed) {
        soc->host->ops->armed(soc->host, when_ns);
    }
}

void device_cancel(struct device *dev, struct event *ev)
{
    event_cancel(&dev->soc->events, ev);
}

int device_dma_read(struct device *dev, uint32_t pa, void *buf, size_t n)
{
    return soc_dma_read(dev->soc, pa, buf, n);
}

int device_dma_write(struct device *dev, uint32_t pa, const void *buf, size_t n)
{
    return soc_dma_write(dev->soc, pa, buf, n);
}

struct log *device_log(const struct device *dev)
{
    return dev->soc->log;
}

struct device *device_child(struct device *dev, uint32_t addr)
{
    struct soc *soc = dev->soc;
    for (unsigned i = 0; i < soc->device_count; i++) {
        if (soc->devices[i]->parent == dev && soc->devices[i]->base == addr) {
            return soc->devices[i];
        }
    }
    return NULL;
}
