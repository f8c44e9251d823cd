// SPDX-License-Identifier: MIT
//
// The board's memory: one memfd a row, so that another process can be handed exactly this memory,
// and bounds-checked copies for loaders and bus masters. A row's bytes repeat through its decoded
// range as they do behind a chip select.
#include "soc/soc_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"

static int map_row(struct soc_ram *ram, const struct board_ram *row, uint64_t bytes,
                   struct err *err)
{
    void *p;
    ram->row = row;
    ram->bytes = bytes;
    ram->fd = memfd_create(row->name, MFD_CLOEXEC);
    if (ram->fd < 0 || ftruncate(ram->fd, (off_t)bytes)) {
        return err_set(err, -errno, "memory %s: %llu bytes: %s", row->name,
                       (unsigned long long)bytes, strerror(errno));
    }
    p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, ram->fd, 0);
    if (p == MAP_FAILED) {
        return err_set(err, -errno, "memory %s: %llu bytes: %s", row->name,
                       (unsigned long long)bytes, strerror(errno));
    }
    ram->host = p;
    return 0;
}

static const struct soc_ram *find_row(const struct soc *soc, const char *name)
{
    for (unsigned i = 0; i < soc->ram_count; i++) {
        if (strcmp(soc->rams[i].row->name, name) == 0) {
            return &soc->rams[i];
        }
    }
    return NULL;
}

static bool window_read(struct bus_target *t, uint32_t off, unsigned size, uint64_t *val)
{
    const struct soc_ram *ram = container_of(t, struct soc_ram_window, target)->ram;
    memcpy(val, ram->host + off % ram->bytes, size);
    return true;
}

static bool window_write(struct bus_target *t, uint32_t off, unsigned size, uint64_t val)
{
    struct soc_ram_window *w = container_of(t, struct soc_ram_window, target);
    const struct soc_ram *ram = w->ram;
    if (ram->row->readonly) {
        struct device *dev = ram->row->written ? soc_device(w->soc, ram->row->written) : NULL;
        return dev && dev->blocks[0].target.write(&dev->blocks[0].target, off % (uint32_t)ram->bytes,
                                                  size, val);
    }
    memcpy(ram->host + off % ram->bytes, &val, size);
    return true;
}

static int map_windows(struct soc *soc, struct err *err)
{
    int rc = 0;
    soc->windows = calloc(soc->ram_count + 1, sizeof *soc->windows);
    if (!soc->windows) {
        return err_set(err, -ENOMEM, "board %s: no memory", soc->board->name);
    }
    for (unsigned i = 0; i < soc->ram_count && !rc; i++) {
        struct soc_ram_window *w = &soc->windows[i];
        const struct soc_ram *ram = &soc->rams[i];
        uint64_t span = ram->row->decoded > ram->bytes ? ram->row->decoded : ram->bytes;
        w->ram = ram;
        w->soc = soc;
        w->target = (struct bus_target){ram->row->name, window_read, window_write, NULL};
        rc = bus_map(soc->bus, ram->row->base, (uint32_t)span, &w->target, err);
    }
    return rc;
}

int soc_ram_create(struct soc *soc, uint64_t bytes, struct err *err)
{
    const struct board *b = soc->board;
    uint64_t left = bytes, most = 0;

    soc->rams = calloc(b->ram_count + 1, sizeof *soc->rams);
    if (!soc->rams) {
        return err_set(err, -ENOMEM, "board %s: no memory", b->name);
    }
    if (bytes & 0xfffff) {
        return err_set(err, -EINVAL, "memory size must be a multiple of 1 MiB");
    }
    for (unsigned i = 0; i < b->ram_count; i++) {
        const struct board_ram *row = &b->ram[i];
        struct soc_ram *ram = &soc->rams[soc->ram_count];
        uint64_t n = row->bytes;
        int rc;
        if (row->alias_of) {
            const struct soc_ram *of = find_row(soc, row->alias_of);
            if (!of) {
                return err_set(err, -EINVAL, "board %s: memory %s repeats '%s', which is not there",
                               b->name, row->name, row->alias_of);
            }
            *ram = (struct soc_ram){row, of->host, of->bytes, -1};
            soc->ram_count++;
            continue;
        }
        if (row->main) {
            most += row->bytes;
            n = left < n ? left : n;
            left -= n;
        }
        if (!n) {
            continue;
        }
        soc->ram_count++;
        rc = map_row(ram, row, n, err);
        if (rc) {
            return rc;
        }
    }
    if (left || bytes < 0x100000) {
        return err_set(err, -EINVAL, "board %s takes 1 to %llu MiB of memory, not %llu", b->name,
                       (unsigned long long)(most >> 20), (unsigned long long)(bytes >> 20));
    }
    soc->ram_bytes = bytes;
    return map_windows(soc, err);
}

void soc_ram_destroy(struct soc *soc)
{
    for (unsigned i = 0; i < soc->ram_count; i++) {
        struct soc_ram *ram = &soc->rams[i];
        if (ram->row->alias_of) {
            continue;
        }
        if (ram->host) {
            munmap(ram->host, ram->bytes);
        }
        if (ram->fd >= 0) {
            close(ram->fd);
        }
    }
    free(soc->rams);
    free(soc->windows);
}

unsigned soc_ram_count(const struct soc *soc)
{
    return soc->ram_count;
}

const struct soc_ram *soc_ram_at(const struct soc *soc, unsigned i)
{
    return i < soc->ram_count ? &soc->rams[i] : NULL;
}

uint32_t soc_main_ram(const struct soc *soc, uint64_t *bytes)
{
    for (unsigned i = 0; i < soc->ram_count; i++) {
        if (soc->rams[i].row->main) {
            *bytes = soc->rams[i].bytes;
            return soc->rams[i].row->base;
        }
    }
    *bytes = 0;
    return 0;
}

// Memory at pa: pointer and how many bytes follow without a break.
static uint8_t *at(const struct soc *soc, uint32_t pa, size_t *run)
{
    for (unsigned i = 0; i < soc->ram_count; i++) {
        const struct soc_ram *ram = &soc->rams[i];
        uint64_t span = ram->row->decoded > ram->bytes ? ram->row->decoded : ram->bytes;
        uint64_t off;
        if (pa < ram->row->base || pa - ram->row->base >= span) {
            continue;
        }
        off = (pa - ram->row->base) % ram->bytes;
        *run = ram->bytes - off;
        return ram->host + off;
    }
    return NULL;
}

int soc_dma_read(struct soc *soc, uint32_t pa, void *buf, size_t n)
{
    uint8_t *out = buf;
    while (n) {
        size_t run;
        const uint8_t *p = at(soc, pa, &run);
        if (!p) {
            return -EFAULT;
        }
        run = run < n ? run : n;
        memcpy(out, p, run);
        out += run;
        n -= run;
        pa += (uint32_t)run;
    }
    return 0;
}

int soc_dma_write(struct soc *soc, uint32_t pa, const void *buf, size_t n)
{
    const uint8_t *in = buf;
    while (n) {
        size_t run;
        uint8_t *p = at(soc, pa, &run);
        if (!p) {
            return -EFAULT;
        }
        run = run < n ? run : n;
        memcpy(p, in, run);
        if (soc->host && soc->host->ops->ram_written) {
            soc->host->ops->ram_written(soc->host, pa, run);
        }
        in += run;
        n -= run;
        pa += (uint32_t)run;
    }
    return 0;
}
