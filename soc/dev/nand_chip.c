// SPDX-License-Identifier: MIT
//
// Samsung NAND chips (K9F1208, K9F1G08, K9F2G08, K9K8G08 data sheets): small and large pages, random
// data in and out, copy-back, erase, status. Cells only go from 1 to 0 until their block is erased.
// Left out: busy times, 16-bit chips, cache programs, bad blocks from the factory.
#include "soc/dev/nand_chip.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "soc/disk.h"

enum mode { IDLE, READ_ID, READ_STATUS, READ_DATA, PROGRAM };
enum { STATUS_READY = 0x40, STATUS_OPEN = 0x80, STATUS_FAIL = 0x01 }; // open: not write protected

static const struct nand_part parts[] = {
    {"K9F1208", 512, 16, 131072, 32, 4, {0xec, 0x76, 0xa5, 0xc0, 0x00}},
    {"K9F1G08", 2048, 64, 65536, 64, 4, {0xec, 0xf1, 0x00, 0x95, 0x40}},
    {"K9F2G08", 2048, 64, 131072, 64, 5, {0xec, 0xda, 0x10, 0x95, 0x44}},
    {"K9K8G08", 2048, 64, 524288, 64, 5, {0xec, 0xd3, 0x51, 0x95, 0x58}},
    {0},
};

const struct nand_part *nand_parts(void)
{
    return parts;
}

const struct nand_part *nand_part_of(uint64_t bytes, bool *has_spare)
{
    for (const struct nand_part *p = parts; p->name; p++) {
        uint64_t plain = (uint64_t)p->page * p->pages;
        uint64_t whole = plain + (uint64_t)p->spare * p->pages;
        if (bytes == plain || bytes == whole) {
            *has_spare = bytes == whole;
            return p;
        }
    }
    return NULL;
}

int nand_chip_attach(struct nand_chip *n, struct disk *disk, struct err *err)
{
    n->part = nand_part_of(disk_bytes(disk), &n->has_spare);
    n->disk = disk;
    return n->part ? 0
                   : err_set(err, -EINVAL,
                             "%s: %llu bytes are no NAND chip; there are 64, 128, 256 and 1024 MiB, "
                             "with or without spare bytes",
                             disk_name(disk), (unsigned long long)disk_bytes(disk));
}

int nand_chip_blank(struct nand_chip *n, struct err *err)
{
    struct disk_config cfg = {.bytes = (uint64_t)(parts[0].page + parts[0].spare) * parts[0].pages};
    n->own = disk_open(&cfg, err);
    n->disk = n->own;
    n->part = &parts[0];
    n->has_spare = true;
    return n->own ? 0 : -ENOMEM;
}

void nand_chip_fini(struct nand_chip *n)
{
    if (n->own) {
        disk_close(n->own);
    }
}

void nand_chip_reset(struct nand_chip *n)
{
    n->mode = IDLE;
    n->cmd = n->pointer = n->addresses = n->at_id = n->failed = 0;
    n->row = n->column = 0;
    n->loaded = ~0u;
}

// ---- pages of the medium
// -----------------------------------------------------------------------------

static void invert(uint8_t *p, size_t n)
{
    while (n--) {
        *p = (uint8_t) ~*p;
        p++;
    }
}

static size_t stored(const struct nand_chip *n)
{
    return n->part->page + (n->has_spare ? n->part->spare : 0);
}

static void load_page(struct nand_chip *n, uint32_t row, uint8_t *buf)
{
    row %= n->part->pages;
    memset(buf, 0xff, NAND_PAGE_MAX);
    if (disk_read(n->disk, (uint64_t)row * stored(n), buf, stored(n)) == 0 && n->own) {
        invert(buf, stored(n));
    }
}

static void store_page(struct nand_chip *n, uint32_t row, uint8_t *buf)
{
    row %= n->part->pages;
    if (n->own) {
        invert(buf, stored(n));
    }
    // an image that is write protected stays as it is, and the chip says so
    n->failed |= disk_write(n->disk, (uint64_t)row * stored(n), buf, stored(n)) != 0;
    n->loaded = ~0u;
}

void nand_chip_page(struct nand_chip *n, uint32_t row, uint8_t *buf)
{
    uint8_t page[NAND_PAGE_MAX];
    load_page(n, row, page);
    memcpy(buf, page, n->part->page);
}

static void program(struct nand_chip *n)
{
    uint8_t old[NAND_PAGE_MAX];
    load_page(n, n->row, old);
    for (unsigned i = 0; i < NAND_PAGE_MAX; i++) {
        old[i] &= n->data[i];
    }
    store_page(n, n->row, old);
}

static void erase(struct nand_chip *n)
{
    uint8_t blank[NAND_PAGE_MAX];
    uint32_t first = n->row - n->row % n->part->block;
    for (uint32_t i = 0; i < n->part->block; i++) {
        memset(blank, 0xff, sizeof blank);
        store_page(n, first + i, blank);
    }
}

// ---- cycles
// ------------------------------------------------------------------------------------

static bool changes_column(const struct nand_chip *n)
{
    return n->part->page > 512 && (n->cmd == 0x05 || n->cmd == 0x85);
}

void nand_chip_address(struct nand_chip *n, uint8_t v)
{
    bool small = n->part->page == 512, erasing = n->cmd == 0x60;
    unsigned columns = erasing ? 0 : small ? 1 : 2;
    uint32_t row = n->row;
    if (n->addresses >= NAND_ADDRESSES || (changes_column(n) && n->addresses >= NAND_ADDRESSES)) {
        return;
    }
    n->address[n->addresses++] = v;
    n->column = n->row = 0;
    for (unsigned i = 0; i < n->addresses; i++) {
        if (i < columns) {
            n->column |= (uint32_t)n->address[i] << i * 8;
        } else {
            n->row |= (uint32_t)n->address[i] << (i - columns) * 8;
        }
    }
    if (changes_column(n) && n->addresses <= columns) {
        n->row = row; // only the column, so far
    }
    if (small && !erasing) {
        n->column += n->pointer == 0x01 ? 256 : n->pointer == 0x50 ? 512 : 0;
    }
    n->column %= NAND_PAGE_MAX;
}

static void begin_program(struct nand_chip *n)
{
    memset(n->data, 0xff, sizeof n->data);
    n->loaded = ~0u;
    n->addresses = 0;
    n->mode = PROGRAM;
}

void nand_chip_command(struct nand_chip *n, uint8_t cmd)
{
    uint8_t before = n->cmd;
    n->cmd = cmd;
    switch (cmd) {
    case 0x00:
    case 0x01:
    case 0x50:
        n->pointer = cmd;
        n->mode = READ_DATA;
        n->addresses = 0;
        break;
    case 0x30: // the address is whole
    case 0xe0:
        n->mode = READ_DATA;
        break;
    case 0x35: // read for copy back: the page stays in the register
    case 0x03:
        load_page(n, n->row, n->data);
        n->loaded = n->row;
        n->mode = READ_DATA;
        break;
    case 0x05:
    case 0x60:
        n->addresses = 0;
        break;
    case 0x8a:
        n->addresses = 0;
        n->mode = PROGRAM;
        break;
    case 0x85: // random data in; after a read for copy back, its destination
        n->addresses = 0;
        n->mode = PROGRAM;
        break;
    case 0x80:
        begin_program(n);
        break;
    case 0x10:
        n->failed = 0;
        if (n->mode == PROGRAM) {
            program(n);
        }
        n->mode = IDLE;
        break;
    case 0xd0:
        n->failed = 0;
        if (before == 0x60) {
            erase(n);
        }
        n->mode = IDLE;
        break;
    case 0x70:
        n->mode = READ_STATUS;
        break;
    case 0x90:
        n->mode = READ_ID;
        n->at_id = 0;
        n->addresses = 0;
        break;
    default: // 0xff and what nobody knows
        n->mode = IDLE;
        n->pointer = 0;
        n->failed = 0;
        break;
    }
}

uint8_t nand_chip_read(struct nand_chip *n)
{
    uint32_t whole = n->part->page + n->part->spare;
    uint8_t v;
    switch (n->mode) {
    case READ_ID:
        v = n->at_id < NAND_ID_BYTES ? n->part->id[n->at_id] : 0;
        n->at_id += n->at_id < NAND_ID_BYTES;
        return v;
    case READ_STATUS:
        return (uint8_t)(STATUS_READY | STATUS_OPEN | (n->failed ? STATUS_FAIL : 0));
    case READ_DATA:
        break;
    default:
        return 0xff;
    }
    if (n->loaded != n->row) {
        load_page(n, n->row, n->data);
        n->loaded = n->row;
    }
    v = n->column < whole ? n->data[n->column] : 0xff;
    n->column++;
    if (n->column >= whole && n->part->page == 512) { // small pages follow one another
        n->column = n->pointer == 0x50 ? 512 : 0;
        n->row = (n->row + 1) % n->part->pages;
    } else if (n->column >= NAND_PAGE_MAX) {
        n->column = NAND_PAGE_MAX - 1;
    }
    return v;
}

void nand_chip_write(struct nand_chip *n, uint8_t v)
{
    if (n->mode == PROGRAM && n->column < n->part->page + n->part->spare) {
        n->data[n->column++] = v;
    }
}

// ---- snapshots
// ------------------------------------------------------------------------------------

static const struct snap_field state[] = {
    SNAP_FIELD(struct nand_chip, mode),      SNAP_FIELD(struct nand_chip, cmd),
    SNAP_FIELD(struct nand_chip, pointer),   SNAP_FIELD(struct nand_chip, addresses),
    SNAP_FIELD(struct nand_chip, at_id),     SNAP_FIELD(struct nand_chip, failed),
    SNAP_ARRAY(struct nand_chip, address),   SNAP_FIELD(struct nand_chip, row),
    SNAP_FIELD(struct nand_chip, column),    SNAP_FIELD(struct nand_chip, loaded),
    SNAP_ARRAY(struct nand_chip, data),      SNAP_END};

void nand_chip_save(const struct nand_chip *n, struct snap_writer *w)
{
    snap_put_u64(w, disk_bytes(n->disk));
    snap_put_fields(w, state, n);
    disk_save(n->disk, w);
}

int nand_chip_restore(struct nand_chip *n, struct snap_reader *r, const char *who, struct err *err)
{
    int rc;
    if (snap_get_u64(r) != disk_bytes(n->disk)) {
        return err_set(err, -EINVAL, "%s: the snapshot has a chip of another size", who);
    }
    rc = snap_get_fields(r, state, n, err);
    if (rc) {
        return rc;
    }
    if (n->addresses > NAND_ADDRESSES || n->column >= NAND_PAGE_MAX || n->at_id > NAND_ID_BYTES) {
        n->addresses = n->at_id = 0;
        n->column = 0;
    }
    return disk_restore(n->disk, r, err);
}
