// SPDX-License-Identifier: MIT
//
// NOR flash with the AMD command set on a 16-bit bus (Am29LV160D and S29AL016 data sheets, CFI 1.0):
// program, sector and chip erase, autoselect, CFI query, unlock bypass. The array is a memory row of the
// board, which names this device as the one that gets stores; code runs from it at full speed. While
// identification or CFI data shows, it stands in the first bytes of every sector instead of the
// array's. Property "base": address of the row. Left out: times, suspend, sector protection.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/disk.h"
#include "soc/soc.h"

enum { SHOWN = 512, SMALL_SECTORS = 4, SECTOR = 65536, SECTORS_MAX = 1024 };
enum state { ARRAY, UNLOCK1, UNLOCK2, PROGRAM, ERASE, ERASE1, ERASE2, BYPASS, BYPASS_PROGRAM, BYPASS_END };

struct nor {
    struct device dev;
    struct disk *disk;
    uint8_t *hidden; // what the shown data covers: SHOWN bytes a sector
    uint8_t state, bypass, shown;
    uint32_t bytes, base;
};

static struct nor *nor_of(struct device *dev)
{
    return container_of(dev, struct nor, dev);
}

// Boot sectors at the bottom: 16, 8, 8 and 32 KiB, then 64 KiB each.
static const uint32_t small[SMALL_SECTORS] = {16384, 8192, 8192, 32768};

static uint32_t sector_count(const struct nor *f)
{
    return f->bytes / SECTOR + SMALL_SECTORS - 1;
}

static uint32_t sector_start(uint32_t n, uint32_t *bytes)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < SMALL_SECTORS; i++) {
        *bytes = small[i];
        if (i == n) {
            return at;
        }
        at += small[i];
    }
    *bytes = SECTOR;
    return (n - SMALL_SECTORS + 1) * SECTOR;
}

// ---- identification and CFI
// ----------------------------------------------------------------------------

static void cfi_words(const struct nor *f, uint16_t *w)
{
    static const uint8_t query[] = {
        'Q', 'R', 'Y', 2, 0, 0x40, 0, 0, 0, 0, 0,        // 0x10: command set 2, its table at 0x40
        0x27, 0x36, 0, 0, 4, 0, 0xa, 0, 5, 0, 4, 0,      // 0x1b: volts, times
        0, 2, 0, 0, 0, 4,                                // 0x27: size, x8/x16, no buffer, 4 regions
        0, 0, 0x40, 0, 1, 0, 0x20, 0, 0, 0, 0x80, 0};    // 0x2d: 16 KiB, 2 x 8 KiB, 32 KiB
    static const uint8_t primary[] = {'P', 'R', 'I', '1', '1', 0, 2, 1, 1, 4, 0, 0, 0, 0xb5, 0xc5, 2};
    uint32_t big = f->bytes / SECTOR - 2;
    for (unsigned i = 0; i < sizeof query; i++) {
        w[0x10 + i] = query[i];
    }
    w[0x27] = (uint16_t)__builtin_ctz(f->bytes);
    w[0x39] = big & 0xff;
    w[0x3a] = (uint16_t)(big >> 8);
    w[0x3b] = 0;
    w[0x3c] = 1;
    for (unsigned i = 0; i < sizeof primary; i++) {
        w[0x40 + i] = primary[i];
    }
}

// Exchanges the array's first bytes of every sector with the data that shows instead.
static void show(struct nor *f, bool cfi)
{
    uint16_t w[SHOWN / 2] = {0};
    uint8_t bytes[SHOWN];
    if (f->shown) {
        return;
    }
    if (cfi) {
        cfi_words(f, w);
    } else {
        w[0] = (uint16_t)device_prop(&f->dev, "maker");
        w[1] = (uint16_t)device_prop(&f->dev, "id");
    }
    for (unsigned i = 0; i < SHOWN / 2; i++) {
        put_le16(bytes + i * 2, w[i]);
    }
    for (uint32_t n = 0; n < sector_count(f); n++) {
        uint32_t size, at = sector_start(n, &size);
        device_dma_read(&f->dev, f->base + at, f->hidden + n * SHOWN, SHOWN);
        device_dma_write(&f->dev, f->base + at, bytes, SHOWN);
    }
    f->shown = 1;
}

static void hide(struct nor *f)
{
    for (uint32_t n = 0; f->shown && n < sector_count(f); n++) {
        uint32_t size, at = sector_start(n, &size);
        device_dma_write(&f->dev, f->base + at, f->hidden + n * SHOWN, SHOWN);
    }
    f->shown = 0;
}

// ---- the array
// -----------------------------------------------------------------------------------

static void keep(struct nor *f, uint32_t off, const void *data, uint32_t n)
{
    device_dma_write(&f->dev, f->base + off, data, n);
    if (f->disk && off < disk_bytes(f->disk)) {
        uint64_t room = disk_bytes(f->disk) - off;
        disk_write(f->disk, off, data, n < room ? n : room);
    }
}

static void program(struct nor *f, uint32_t off, uint16_t v)
{
    uint8_t b[2];
    device_dma_read(&f->dev, f->base + off, b, 2);
    b[0] &= (uint8_t)v;
    b[1] &= (uint8_t)(v >> 8);
    keep(f, off, b, 2);
}

static void erase(struct nor *f, uint32_t off, bool all)
{
    static const uint8_t blank[8192] = {[0 ... 8191] = 0xff};
    for (uint32_t n = 0; n < sector_count(f); n++) {
        uint32_t size, at = sector_start(n, &size);
        for (uint32_t i = 0; (all || off - at < size) && i < size; i += sizeof blank) {
            keep(f, at + i, blank, sizeof blank);
        }
    }
}

// One 16-bit store. Commands are decoded by the low eleven address lines.
static void store(struct nor *f, uint32_t off, uint16_t v)
{
    uint32_t at = off >> 1 & 0x7ff;
    uint8_t cmd = (uint8_t)v, home = f->bypass ? BYPASS : ARRAY;
    if (cmd == 0xf0 && f->state != PROGRAM && f->state != BYPASS_PROGRAM) {
        hide(f);
        f->state = home;
        return;
    }
    switch (f->state) {
    case ARRAY:
        if (cmd == 0x98 && (at & 0xff) == 0x55) {
            show(f, true);
        } else if (cmd == 0xaa && at == 0x555) {
            f->state = UNLOCK1;
        }
        break;
    case UNLOCK1:
        f->state = cmd == 0x55 && at == 0x2aa ? UNLOCK2 : ARRAY;
        break;
    case UNLOCK2:
        f->state = ARRAY;
        if (at != 0x555) {
            break;
        }
        if (cmd == 0x90) {
            hide(f);
            show(f, false);
        } else if (cmd == 0x98) {
            show(f, true);
        } else if (cmd == 0xa0) {
            f->state = PROGRAM;
        } else if (cmd == 0x80) {
            f->state = ERASE;
        } else if (cmd == 0x20) {
            f->bypass = 1;
            f->state = BYPASS;
        }
        break;
    case PROGRAM:
    case BYPASS_PROGRAM:
        hide(f);
        program(f, off, v);
        f->state = home;
        break;
    case ERASE:
        f->state = cmd == 0xaa && at == 0x555 ? ERASE1 : ARRAY;
        break;
    case ERASE1:
        f->state = cmd == 0x55 && at == 0x2aa ? ERASE2 : ARRAY;
        break;
    case ERASE2:
        hide(f);
        if (cmd == 0x30 || (cmd == 0x10 && at == 0x555)) {
            erase(f, off, cmd == 0x10);
        }
        // further sectors may follow without a new unlock, as long as nothing else comes
        f->state = cmd == 0x30 ? ERASE2 : ARRAY;
        if (cmd == 0xaa && at == 0x555) {
            f->state = UNLOCK1;
        }
        break;
    case BYPASS:
        f->state = cmd == 0xa0 ? BYPASS_PROGRAM : cmd == 0x90 ? BYPASS_END : BYPASS;
        break;
    case BYPASS_END:
        f->bypass = cmd != 0x00;
        f->state = f->bypass ? BYPASS : ARRAY;
        break;
    default:
        f->state = ARRAY;
        break;
    }
}

static bool mirror_read(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    uint8_t b[8] = {0};
    device_dma_read(dev, nor_of(dev)->base + off % nor_of(dev)->bytes, b, size);
    *val = get_le32(b) | (uint64_t)get_le32(b + 4) << 32;
    return true;
}

static bool mirror_write(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct nor *f = nor_of(dev);
    off %= f->bytes;
    if (size == 1) {
        store(f, off & ~1u, (uint16_t)(off & 1 ? val << 8 | 0xff : 0xff00 | val));
    }
    for (unsigned i = 0; i + 1 < size; i += 2) {
        store(f, off + i, (uint16_t)(val >> i * 8));
    }
    return true;
}

static const struct device_prop props[] = {{"maker", 0x0001}, {"id", 0x2249}, {"base", 0}, {NULL, 0}};
static const struct device_window windows[] = {
    {.name = "", .bytes = 0x200000, .read = mirror_read, .write = mirror_write}};

static int attach_disk(struct device *dev, struct disk *disk, struct err *err)
{
    (void)err;
    nor_of(dev)->disk = disk;
    return 0;
}

static int realize(struct device *dev, struct err *err)
{
    struct nor *f = nor_of(dev);
    uint64_t image = f->disk ? disk_bytes(f->disk) : 0;
    uint8_t buf[65536];
    f->base = device_prop(dev, "base");
    for (unsigned i = 0; i < soc_ram_count(dev->soc); i++) {
        const struct soc_ram *ram = soc_ram_at(dev->soc, i);
        if (ram->row->written && strcmp(ram->row->written, dev->name) == 0) {
            f->bytes = (uint32_t)ram->bytes;
        }
    }
    if (f->bytes < 2 * SECTOR || (f->bytes & (f->bytes - 1)) || sector_count(f) > SECTORS_MAX) {
        return err_set(err, -EINVAL, "%s: no memory row of the board belongs to it", dev->name);
    }
    if (image > f->bytes) {
        return err_set(err, -EINVAL, "%s: %llu bytes are more than the flash's %u",
                       disk_name(f->disk), (unsigned long long)image, f->bytes);
    }
    f->hidden = calloc(sector_count(f), SHOWN);
    if (!f->hidden) {
        return err_set(err, -ENOMEM, "%s: no memory", dev->name);
    }
    for (uint32_t at = 0; at < f->bytes; at += sizeof buf) {
        uint64_t n = at < image ? image - at : 0;
        n = n < sizeof buf ? n : sizeof buf;
        memset(buf, 0xff, sizeof buf);
        if (n && disk_read(f->disk, at, buf, n)) {
            return err_set(err, -EIO, "%s: could not be read", disk_name(f->disk));
        }
        device_dma_write(dev, f->base + at, buf, sizeof buf);
    }
    return 0;
}

static void reset(struct device *dev)
{
    hide(nor_of(dev));
    nor_of(dev)->state = ARRAY;
    nor_of(dev)->bypass = 0;
}

static void unrealize(struct device *dev)
{
    free(nor_of(dev)->hidden);
}

static void save(const struct device *dev, struct snap_writer *w)
{
    const struct nor *f = container_of(dev, const struct nor, dev);
    snap_put_u32(w, f->bytes);
    snap_put(w, f->hidden, (size_t)sector_count(f) * SHOWN);
    snap_put_u32(w, f->disk != NULL);
    if (f->disk) {
        disk_save(f->disk, w);
    }
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct nor *f = nor_of(dev);
    int rc;
    if (snap_get_u32(r) != f->bytes) {
        return err_set(err, -EINVAL, "%s: the snapshot has a flash of another size", dev->name);
    }
    rc = snap_get(r, f->hidden, (size_t)sector_count(f) * SHOWN, err);
    if (!rc && snap_get_u32(r) != (f->disk != NULL)) {
        rc = err_set(err, -EINVAL, "%s: the snapshot and this machine differ in the image", dev->name);
    }
    if (!rc && f->disk) {
        rc = disk_restore(f->disk, r, err);
    }
    f->state = f->state <= BYPASS_END ? f->state : ARRAY;
    return rc ? rc : snap_failed(r, err);
}

static const struct snap_field state[] = {SNAP_FIELD(struct nor, state),
                                          SNAP_FIELD(struct nor, bypass),
                                          SNAP_FIELD(struct nor, shown), SNAP_END};

const struct device_class nor_flash_class = {
    .name = "nor-flash",
    .doc = "NOR flash, AMD commands, 16 bits",
    .bytes = sizeof(struct nor),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .props = props,
    .realize = realize,
    .reset = reset,
    .unrealize = unrealize,
    .attach_disk = attach_disk,
    .state = state,
    .save = save,
    .restore = restore,
};
