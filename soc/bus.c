// SPDX-License-Identifier: MIT
//
// The bus of bus.h: a sorted array of windows with a direct-mapped cache of 256-byte chunks in
// front (polling loops hit one or two registers), and a hash table of unclaimed accesses. The table
// is bounded: a guest that touches everything cannot make the host's memory grow.
#include "soc/bus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"

enum { CACHE_SLOTS = 256, UNCLAIMED_MAX = 4096, UNCLAIMED_HASH = 8192 };

struct bus_region {
    uint32_t base, last; // inclusive
    struct bus_target *target;
};

struct bus_cache {
    uint32_t chunk; // pa >> 8
    const struct bus_region *region;
};

struct bus {
    struct cpu_bus port;
    struct bus_config cfg;
    struct bus_region *regions;
    unsigned count, room;
    struct bus_cache cache[CACHE_SLOTS];
    struct bus_unclaimed *unclaimed;
    unsigned unclaimed_count;
    uint16_t hash[UNCLAIMED_HASH]; // 1 + index, 0 empty
    uint64_t unclaimed_lost;
    struct bus_tap *taps;
};

static enum cpu_bus_result port_read(struct cpu_bus *port, uint32_t pa, unsigned size,
                                     uint64_t *val)
{
    return bus_read(container_of(port, struct bus, port), pa, size, val);
}

static enum cpu_bus_result port_write(struct cpu_bus *port, uint32_t pa, unsigned size,
                                      uint64_t val)
{
    return bus_write(container_of(port, struct bus, port), pa, size, val);
}

struct bus *bus_create(const struct bus_config *cfg, struct err *err)
{
    struct bus *bus = calloc(1, sizeof *bus);
    if (bus) {
        bus->cfg = *cfg;
        bus->port.read = port_read;
        bus->port.write = port_write;
        bus->unclaimed = calloc(UNCLAIMED_MAX, sizeof *bus->unclaimed);
    }
    if (!bus || !bus->unclaimed) {
        err_set(err, -ENOMEM, "bus: no memory");
        bus_destroy(bus);
        return NULL;
    }
    return bus;
}

void bus_destroy(struct bus *bus)
{
    if (bus) {
        free(bus->regions);
        free(bus->unclaimed);
        free(bus);
    }
}

struct cpu_bus *bus_cpu_port(struct bus *bus)
{
    return &bus->port;
}

int bus_map(struct bus *bus, uint32_t base, uint32_t bytes, struct bus_target *t, struct err *err)
{
    uint32_t last = base + (bytes - 1);
    unsigned at = 0;
    if (!bytes || last < base) {
        return err_set(err, -EINVAL, "bus: window of %s at 0x%08x has %u bytes", t->name, base,
                       bytes);
    }
    while (at < bus->count && bus->regions[at].last < base) {
        at++;
    }
    if (at < bus->count && bus->regions[at].base <= last) {
        return err_set(err, -EEXIST, "bus: %s at 0x%08x overlaps %s at 0x%08x", t->name, base,
                       bus->regions[at].target->name, bus->regions[at].base);
    }
    if (bus->count == bus->room) {
        unsigned room = bus->room ? bus->room * 2 : 64;
        struct bus_region *grown = realloc(bus->regions, room * sizeof *grown);
        if (!grown) {
            return err_set(err, -ENOMEM, "bus: no memory");
        }
        bus->regions = grown;
        bus->room = room;
    }
    memmove(&bus->regions[at + 1], &bus->regions[at], (bus->count - at) * sizeof *bus->regions);
    bus->regions[at] = (struct bus_region){base, last, t};
    bus->count++;
    memset(bus->cache, 0, sizeof bus->cache);
    return 0;
}

static const struct bus_region *search(const struct bus *bus, uint32_t pa)
{
    unsigned lo = 0, hi = bus->count;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (bus->regions[mid].last < pa) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < bus->count && bus->regions[lo].base <= pa ? &bus->regions[lo] : NULL;
}

static const struct bus_region *find(struct bus *bus, uint32_t pa)
{
    struct bus_cache *c = &bus->cache[(pa >> 8 ^ pa >> 16) % CACHE_SLOTS];
    const struct bus_region *r = c->region;
    if (r && c->chunk == pa >> 8) {
        return r;
    }
    r = search(bus, pa);
    // only chunks that belong to one window altogether may be remembered
    if (r && r->base <= (pa & ~0xffu) && r->last >= (pa | 0xff)) {
        c->chunk = pa >> 8;
        c->region = r;
    }
    return r;
}

static const struct bus_hole_range *hole_range(const struct bus *bus, uint32_t pa)
{
    for (unsigned i = 0; i < bus->cfg.range_count; i++) {
        const struct bus_hole_range *h = &bus->cfg.ranges[i];
        if (pa >= h->base && pa - h->base < h->bytes) {
            return h;
        }
    }
    return NULL;
}

static void name_of(struct bus *bus, uint32_t pa, char *buf, unsigned n)
{
    const struct bus_region *r = find(bus, pa);
    const struct bus_hole_range *h;
    char reg[48];
    if (r) {
        uint32_t off = pa - r->base;
        if (r->target->reg_name) {
            snprintf(buf, n, "%s.%s", r->target->name,
                     r->target->reg_name(r->target, off, reg, sizeof reg));
        } else {
            snprintf(buf, n, "%s.+0x%x", r->target->name, off);
        }
        return;
    }
    h = hole_range(bus, pa);
    snprintf(buf, n, "%s 0x%08x", h ? h->name : "nothing at", pa);
}

void bus_note_unclaimed(struct bus *bus, uint32_t pa, unsigned size, bool write, uint64_t val)
{
    uint32_t pc = bus->cfg.pc ? bus->cfg.pc(bus->cfg.pc_owner) : 0;
    uint32_t h = (pa * 0x9e3779b1u ^ pc * 0x85ebca6bu ^ (uint32_t)write * 0x27d4eb2fu) >> 7;
    struct bus_unclaimed *u;

    for (;; h++) {
        unsigned i = bus->hash[h % UNCLAIMED_HASH];
        if (!i) {
            break;
        }
        u = &bus->unclaimed[i - 1];
        if (u->pa == pa && u->pc == pc && u->write == write) {
            u->count++;
            u->value = write ? val : u->value;
            return;
        }
    }
    if (bus->unclaimed_count == UNCLAIMED_MAX) {
        bus->unclaimed_lost++;
        return;
    }
    u = &bus->unclaimed[bus->unclaimed_count++];
    bus->hash[h % UNCLAIMED_HASH] = (uint16_t)bus->unclaimed_count;
    name_of(bus, pa, u->name, sizeof u->name);
    u->pa = pa;
    u->pc = pc;
    u->write = write;
    u->size = size;
    u->count = 1;
    u->value = write ? val : 0;
}

static void trace(struct bus *bus, uint32_t pa, unsigned size, bool write, uint64_t val,
                  const char *what)
{
    char name[96];
    name_of(bus, pa, name, sizeof name);
    TRACE(bus->cfg.log, mmio, "%s%u %s %s 0x%" PRIx64 "%s pc 0x%08x", write ? "w" : "r", size * 8,
          name, write ? "=" : "->", val, what, bus->cfg.pc ? bus->cfg.pc(bus->cfg.pc_owner) : 0);
}

// Nothing at this address.
static enum cpu_bus_result hole(struct bus *bus, uint32_t pa, unsigned size, bool write,
                                uint64_t val)
{
    const struct bus_hole_range *h = hole_range(bus, pa);
    enum bus_hole policy = h ? h->policy : bus->cfg.hole;
    bus_note_unclaimed(bus, pa, size, write, val);
    if (log_on(bus->cfg.log, LOG_mmio)) {
        trace(bus, pa, size, write, val, policy == BUS_HOLE_ABORT ? " (abort)" : " (hole)");
    }
    return policy == BUS_HOLE_ABORT ? CPU_BUS_ABORT : CPU_BUS_OK;
}

void bus_tap_add(struct bus *bus, struct bus_tap *tap)
{
    struct bus_tap **at = &bus->taps;
    while (*at) {
        at = &(*at)->next;
    }
    tap->next = NULL;
    *at = tap;
}

void bus_tap_remove(struct bus *bus, struct bus_tap *tap)
{
    for (struct bus_tap **at = &bus->taps; *at; at = &(*at)->next) {
        if (*at == tap) {
            *at = tap->next;
            return;
        }
    }
}

const char *bus_name(struct bus *bus, uint32_t pa, char *buf, unsigned n)
{
    name_of(bus, pa, buf, n);
    return buf;
}

static void tell(struct bus *bus, uint32_t pa, unsigned size, bool write, uint64_t *val)
{
    for (struct bus_tap *t = bus->taps, *next; t; t = next) {
        next = t->next;
        t->access(t, pa, size, write, val);
    }
}

enum cpu_bus_result bus_read(struct bus *bus, uint32_t pa, unsigned size, uint64_t *val)
{
    const struct bus_region *r = find(bus, pa);
    bool known;
    *val = 0;
    if (!r) {
        enum cpu_bus_result rc = hole(bus, pa, size, false, 0);
        if (bus->taps) {
            tell(bus, pa, size, false, val);
        }
        return rc;
    }
    known = r->target->read(r->target, pa - r->base, size, val);
    if (!known) {
        *val = 0;
        bus_note_unclaimed(bus, pa, size, false, 0);
    }
    if (log_on(bus->cfg.log, LOG_mmio)) {
        trace(bus, pa, size, false, *val, known ? "" : " (unclaimed)");
    }
    if (bus->taps) {
        tell(bus, pa, size, false, val);
    }
    return CPU_BUS_OK;
}

enum cpu_bus_result bus_write(struct bus *bus, uint32_t pa, unsigned size, uint64_t val)
{
    const struct bus_region *r = find(bus, pa);
    bool known;
    if (!r) {
        return hole(bus, pa, size, true, val);
    }
    if (log_on(bus->cfg.log, LOG_mmio)) {
        trace(bus, pa, size, true, val, "");
    }
    known = r->target->write(r->target, pa - r->base, size, val);
    if (!known) {
        bus_note_unclaimed(bus, pa, size, true, val);
    }
    if (bus->taps) {
        tell(bus, pa, size, true, &val);
    }
    return CPU_BUS_OK;
}

unsigned bus_unclaimed_count(const struct bus *bus)
{
    return bus->unclaimed_count;
}

const struct bus_unclaimed *bus_unclaimed_at(const struct bus *bus, unsigned i)
{
    return i < bus->unclaimed_count ? &bus->unclaimed[i] : NULL;
}

static int by_count(const void *a, const void *b)
{
    const struct bus_unclaimed *const *x = a, *const *y = b;
    if ((*x)->count != (*y)->count) {
        return (*x)->count < (*y)->count ? 1 : -1;
    }
    return (*x)->pa < (*y)->pa ? -1 : (*x)->pa > (*y)->pa;
}

void bus_unclaimed_report(struct bus *bus, FILE *out)
{
    const struct bus_unclaimed **order = calloc(bus->unclaimed_count + 1, sizeof *order);
    if (!order) {
        return;
    }
    for (unsigned i = 0; i < bus->unclaimed_count; i++) {
        order[i] = &bus->unclaimed[i];
    }
    qsort(order, bus->unclaimed_count, sizeof *order, by_count);
    if (!bus->unclaimed_count) {
        fprintf(out, "every access was claimed by a model\n");
    } else {
        fprintf(out, "%10s  %-4s %-36s %-10s %s\n", "count", "dir", "register", "pc", "last value");
    }
    for (unsigned i = 0; i < bus->unclaimed_count; i++) {
        const struct bus_unclaimed *u = order[i];
        fprintf(out, "%10" PRIu64 "  %s%-3u %-36s 0x%08x", u->count, u->write ? "w" : "r",
                u->size * 8, u->name, u->pc);
        if (u->write) {
            fprintf(out, " 0x%" PRIx64, u->value);
        }
        fputc('\n', out);
    }
    if (bus->unclaimed_lost) {
        fprintf(out, "and %" PRIu64 " accesses at further places\n", bus->unclaimed_lost);
    }
    free(order);
}
