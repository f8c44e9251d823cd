// SPDX-License-Identifier: MIT
//
// The i.MX53's boot ROM as an SD card sees it (i.MX53 Reference Manual, "System Boot"): image
// vector table at byte 0x400, boot data, device configuration data (writes and checks), copy, jump.
// Left out: authentication, plug-ins, the secondary image.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "base/log.h"
#include "soc/bus.h"
#include "soc/disk.h"
#include "soc/load.h"

enum { IVT_AT = 0x400, IVT_BYTES = 32, DCD_MAX = 1768, IMAGE_MAX = 64 << 20 };
enum {
    TAG_IVT = 0xd1,
    TAG_DCD = 0xd2,
    CMD_WRITE = 0xcc,
    CMD_CHECK = 0xcf,
    CMD_NOP = 0xc0,
    CMD_UNLOCK = 0xb2
};

struct ivt {
    uint32_t entry, dcd, boot_data, self;
};

static int read_ivt(struct disk *disk, struct ivt *ivt, struct err *err)
{
    uint8_t d[IVT_BYTES];
    if (disk_read(disk, IVT_AT, d, sizeof d)) {
        return err_set(err, -EINVAL, "%s: too short for a boot image", disk_name(disk));
    }
    if (d[0] != TAG_IVT || get_be16(d + 1) != IVT_BYTES || (d[3] & 0xf0) != 0x40) {
        return err_set(err, -EINVAL,
                       "%s: no boot image: bytes at 0x400 are %02x %02x %02x %02x, "
                       "not an image vector table",
                       disk_name(disk), d[0], d[1], d[2], d[3]);
    }
    *ivt = (struct ivt){get_le32(d + 4), get_le32(d + 12), get_le32(d + 16), get_le32(d + 20)};
    return 0;
}

// One list of address/value pairs. `flags`: [2:0] bytes, bit 3 mask, bit 4 set.
static void dcd_write(struct soc *soc, const uint8_t *p, uint32_t n, uint8_t flags)
{
    unsigned size = flags & 7;
    for (uint32_t i = 0; i + 8 <= n; i += 8) {
        uint32_t pa = get_be32(p + i), v = get_be32(p + i + 4);
        uint64_t old = 0;
        if (flags & 8) {
            bus_read(soc_bus(soc), pa, size, &old);
            v = flags & 16 ? (uint32_t)old | v : (uint32_t)old & ~v;
        }
        bus_write(soc_bus(soc), pa, size, v);
    }
}

static int run_dcd(struct soc *soc, const uint8_t *d, uint32_t bytes, const char *name,
                   struct err *err)
{
    uint32_t at = 4;
    while (at + 4 <= bytes) {
        uint8_t cmd = d[at], flags = d[at + 3];
        uint32_t n = get_be16(d + at + 1);
        if (n < 4 || n > bytes - at) {
            return err_set(err, -EINVAL, "%s: boot image: command at DCD offset 0x%x has length %u",
                           name, at, n);
        }
        if (cmd == CMD_WRITE) {
            unsigned size = flags & 7;
            if (size != 1 && size != 2 && size != 4) {
                return err_set(err, -EINVAL, "%s: boot image: DCD write of %u bytes at offset 0x%x",
                               name, size, at);
            }
            dcd_write(soc, d + at + 4, n - 4, flags);
        } else if (cmd != CMD_CHECK && cmd != CMD_NOP && cmd != CMD_UNLOCK) {
            return err_set(err, -EINVAL,
                           "%s: boot image: unknown DCD command 0x%02x at offset 0x%x", name, cmd,
                           at);
        }
        at += n;
    }
    return 0;
}

static int load_dcd(struct soc *soc, struct disk *disk, const struct ivt *ivt, struct err *err)
{
    uint64_t off = (uint64_t)IVT_AT + (ivt->dcd - ivt->self);
    uint8_t head[4], *d;
    uint32_t bytes;
    int rc;
    if (!ivt->dcd) {
        return 0;
    }
    if (disk_read(disk, off, head, 4) || head[0] != TAG_DCD) {
        return err_set(err, -EINVAL, "%s: boot image: no DCD at byte 0x%llx", disk_name(disk),
                       (unsigned long long)off);
    }
    bytes = get_be16(head + 1);
    if (bytes < 4 || bytes > DCD_MAX) {
        return err_set(err, -EINVAL, "%s: boot image: DCD of %u bytes", disk_name(disk), bytes);
    }
    d = malloc(bytes);
    if (!d) {
        return err_set(err, -ENOMEM, "%s: no memory", disk_name(disk));
    }
    rc = disk_read(disk, off, d, bytes)
             ? err_set(err, -EINVAL, "%s: boot image: DCD is cut off", disk_name(disk))
             : run_dcd(soc, d, bytes, disk_name(disk), err);
    free(d);
    return rc;
}

static int copy_image(struct soc *soc, struct disk *disk, uint32_t start, uint32_t bytes,
                      struct err *err)
{
    uint8_t buf[4096];
    uint64_t have = disk_bytes(disk);
    for (uint32_t at = 0; at < bytes; at += sizeof buf) {
        uint32_t n = bytes - at < sizeof buf ? bytes - at : (uint32_t)sizeof buf;
        memset(buf, 0, sizeof buf);
        if (at < have && disk_read(disk, at, buf, have - at < n ? have - at : n)) {
            return err_set(err, -EIO, "%s: boot image: read error at byte 0x%x", disk_name(disk),
                           at);
        }
        if (soc_dma_write(soc, start + at, buf, n)) {
            return err_set(err, -EINVAL,
                           "%s: boot image wants 0x%x bytes at 0x%08x: no memory there",
                           disk_name(disk), bytes, start);
        }
    }
    return 0;
}

int boot_rom_imx(struct soc *soc, struct disk *disk, struct boot_entry *entry, struct err *err)
{
    const char *name = disk_name(disk);
    struct ivt ivt = {0};
    uint8_t bd[12];
    uint32_t start, bytes;
    int rc = read_ivt(disk, &ivt, err);
    if (rc) {
        return rc;
    }
    if (disk_read(disk, (uint64_t)IVT_AT + (ivt.boot_data - ivt.self), bd, sizeof bd)) {
        return err_set(err, -EINVAL, "%s: boot image: boot data is outside the card", name);
    }
    start = get_le32(bd);
    bytes = get_le32(bd + 4);
    if (get_le32(bd + 8) & 1) {
        return err_set(err, -ENOTSUP, "%s: boot image is a plug-in; these are not run", name);
    }
    if (!bytes || bytes > IMAGE_MAX || ivt.self - start != IVT_AT) {
        return err_set(err, -EINVAL,
                       "%s: boot image: 0x%x bytes at 0x%08x with its table at 0x%08x "
                       "make no sense",
                       name, bytes, start, ivt.self);
    }
    if (ivt.entry - start >= bytes) {
        return err_set(err, -EINVAL, "%s: boot image: entry 0x%08x is outside its 0x%x bytes", name,
                       ivt.entry, bytes);
    }
    if ((uint64_t)IVT_AT + IVT_BYTES + bytes / 2 > disk_bytes(disk)) {
        return err_set(err, -EINVAL, "%s: boot image of 0x%x bytes is cut off", name, bytes);
    }
    rc = load_dcd(soc, disk, &ivt, err);
    rc = rc ? rc : copy_image(soc, disk, start, bytes, err);
    memset(entry, 0, sizeof *entry);
    entry->pc = ivt.entry;
    entry->cpsr = 0x1d3;
    TRACE(soc_log(soc), image, "%s: boot image, 0x%x bytes at 0x%08x, entry 0x%08x", name, bytes,
          start, ivt.entry);
    return rc;
}
