// SPDX-License-Identifier: MIT
//
// NAND controller of the S3C2440 (User's Manual, "NAND Flash Controller") with one Samsung NAND
// chip (K9F1208, K9F1G08, K9F2G08, K9K8G08 data sheets). The chip follows from the image's size:
// pages of 512 or 2048 bytes, with or without their spare bytes in the file. Without an image there
// is a blank 64 MiB chip. Left out: 16-bit chips, soft and tight lock, ECC over spare bytes, busy
// times.
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/disk.h"

enum { NFCONF = 0x00, NFCONT = 0x04, NFCMD = 0x08, NFADDR = 0x0c };
// the second table begins behind the data register
enum { AFTER = 0x14, NFSTAT = 0x20, NFMECC0 = 0x2c, NFMECC1 = 0x30 };
enum { WIN_HEAD, WIN_DATA, WIN_TAIL };
enum { CONT_MODE = BIT(0), CONT_NCE = BIT(1), CONT_INIT_ECC = BIT(4), CONT_LOCK = BIT(5) };
enum { PAGE_MAX = 2048 + 64, ID_BYTES = 5, ADDRESSES = 5 };

struct nand_chip {
    uint32_t page, spare, pages, block; // bytes, bytes, number, pages a block
    uint8_t cycles, id[ID_BYTES];
};

static const struct nand_chip chips[] = {
    {512, 16, 131072, 32, 4, {0xec, 0x76, 0xa5, 0xc0, 0x00}},
    {2048, 64, 65536, 64, 4, {0xec, 0xf1, 0x00, 0x95, 0x40}},
    {2048, 64, 131072, 64, 5, {0xec, 0xda, 0x10, 0x95, 0x44}},
    {2048, 64, 524288, 64, 5, {0xec, 0xd3, 0x51, 0x95, 0x58}},
};

enum mode { IDLE, READ_ID, READ_STATUS, READ_DATA, PROGRAM };

struct s3c_nand {
    struct device dev;
    const struct nand_chip *chip;
    struct disk *disk, *own; // own: the blank chip's memory, bytes inverted
    bool has_spare;          // in the image
    uint8_t mode, cmd, pointer, addresses, at_id;
    uint8_t address[ADDRESSES];
    uint32_t row, column;
    uint32_t loaded; // the page in `data`, ~0 none
    uint8_t data[PAGE_MAX];
    // parity of the bytes that passed
    uint32_t ecc_at, ecc_odd, ecc_even;
    uint8_t ecc_column;
};

static struct s3c_nand *nand_of(struct device *dev)
{
    return container_of(dev, struct s3c_nand, dev);
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

static uint64_t place(const struct s3c_nand *n, uint32_t row)
{
    return (uint64_t)row * (n->chip->page + (n->has_spare ? n->chip->spare : 0));
}

static size_t stored(const struct s3c_nand *n)
{
    return n->chip->page + (n->has_spare ? n->chip->spare : 0);
}

static void load_page(struct s3c_nand *n, uint32_t row, uint8_t *buf)
{
    row %= n->chip->pages;
    memset(buf, 0xff, PAGE_MAX);
    if (disk_read(n->disk, place(n, row), buf, stored(n)) == 0 && n->own) {
        invert(buf, stored(n));
    }
}

static void store_page(struct s3c_nand *n, uint32_t row, uint8_t *buf)
{
    row %= n->chip->pages;
    if (n->own) {
        invert(buf, stored(n));
    }
    disk_write(n->disk, place(n, row), buf, stored(n)); // a write-protected image stays as it is
    n->loaded = ~0u;
}

static void program(struct s3c_nand *n)
{
    uint8_t old[PAGE_MAX];
    load_page(n, n->row, old);
    for (unsigned i = 0; i < PAGE_MAX; i++) { // cells only go from 1 to 0
        old[i] &= n->data[i];
    }
    store_page(n, n->row, old);
}

static void erase(struct s3c_nand *n)
{
    uint8_t blank[PAGE_MAX];
    uint32_t first = n->row - n->row % n->chip->block;
    for (uint32_t i = 0; i < n->chip->block; i++) {
        memset(blank, 0xff, sizeof blank);
        store_page(n, first + i, blank);
    }
}

// ---- the chip
// ------------------------------------------------------------------------------------

static void take_address(struct s3c_nand *n, uint8_t v)
{
    bool small = n->chip->page == 512, erasing = n->cmd == 0x60;
    unsigned columns = erasing ? 0 : small ? 1 : 2;
    if (n->addresses < ADDRESSES) {
        n->address[n->addresses++] = v;
    }
    n->column = n->row = 0;
    for (unsigned i = 0; i < n->addresses; i++) {
        if (i < columns) {
            n->column |= (uint32_t)n->address[i] << i * 8;
        } else {
            n->row |= (uint32_t)n->address[i] << (i - columns) * 8;
        }
    }
    if (small) {
        n->column += n->pointer == 0x01 ? 256 : n->pointer == 0x50 ? 512 : 0;
    }
    n->column %= PAGE_MAX;
}

// A change of column within the page at hand.
static void take_column(struct s3c_nand *n, uint8_t v)
{
    uint32_t row = n->row;
    if (n->addresses < 2) {
        n->address[n->addresses++] = v;
        n->column = n->address[0] | (n->addresses > 1 ? (uint32_t)n->address[1] << 8 : 0);
        n->column %= PAGE_MAX;
    }
    n->row = row;
}

static void command(struct s3c_nand *n, uint8_t cmd)
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
    case 0x30:
    case 0xe0:
        n->mode = READ_DATA;
        break;
    case 0x05:
    case 0x60:
        n->addresses = 0;
        break;
    case 0x85:
        n->addresses = 0;
        n->mode = PROGRAM;
        break;
    case 0x80:
        memset(n->data, 0xff, sizeof n->data);
        n->loaded = ~0u;
        n->addresses = 0;
        n->mode = PROGRAM;
        break;
    case 0x10:
        if (n->mode == PROGRAM) {
            program(n);
        }
        n->mode = IDLE;
        break;
    case 0xd0:
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
        break;
    }
}

static uint8_t chip_read(struct s3c_nand *n)
{
    uint32_t whole = n->chip->page + n->chip->spare;
    uint8_t v;
    switch (n->mode) {
    case READ_ID:
        v = n->at_id < ID_BYTES ? n->chip->id[n->at_id] : 0;
        n->at_id += n->at_id < ID_BYTES;
        return v;
    case READ_STATUS:
        return 0xc0; // ready, not protected
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
    if (n->column >= whole && n->chip->page == 512) { // small pages follow one another
        n->column = n->pointer == 0x50 ? 512 : 0;
        n->row = (n->row + 1) % n->chip->pages;
    } else if (n->column >= PAGE_MAX) {
        n->column = PAGE_MAX - 1;
    }
    return v;
}

static void chip_write(struct s3c_nand *n, uint8_t v)
{
    if (n->mode == PROGRAM && n->column < PAGE_MAX) {
        n->data[n->column++] = v;
    }
}

// ---- ECC: parities of bit numbers and byte numbers, each twice, inverted
// ----------------------------------------------------------------------------

static void ecc_pass(struct s3c_nand *n, uint8_t v)
{
    if (regfile_peek(device_regs(&n->dev, WIN_HEAD), NFCONT) & CONT_LOCK) {
        return;
    }
    n->ecc_column ^= v;
    if (__builtin_parity(v)) {
        n->ecc_odd ^= n->ecc_at;
        n->ecc_even ^= ~n->ecc_at;
    }
    n->ecc_at++;
}

static uint32_t ecc_code(const struct s3c_nand *n)
{
    static const uint8_t halves[6] = {0x55, 0xaa, 0x33, 0xcc, 0x0f, 0xf0};
    uint32_t lines = 0, columns = 0; // P8' at bit 0, P8 at bit 1, ...; P1' at bit 0 ...
    for (unsigned i = 0; i < 11; i++) {
        lines |= bit(n->ecc_even, i) << (i * 2) | bit(n->ecc_odd, i) << (i * 2 + 1);
    }
    for (unsigned i = 0; i < 6; i++) {
        columns |= (uint32_t)__builtin_parity(n->ecc_column & halves[i]) << i;
    }
    return ~((lines & 0xffff) | (bits(lines, 17, 16) | columns << 2) << 16 |
             bits(lines, 21, 18) << 24);
}

// ---- registers
// -----------------------------------------------------------------------------------

static bool selected(struct s3c_nand *n)
{
    uint32_t cont = regfile_peek(device_regs(&n->dev, WIN_HEAD), NFCONT);
    return (cont & CONT_MODE) && !(cont & CONT_NCE);
}

static void write_head(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct s3c_nand *n = nand_of(device_of(rf));
    struct regfile *tail = device_regs(&n->dev, WIN_TAIL);
    (void)i, (void)old;
    if (row->offset == NFCONT) {
        regfile_put(rf, row, 0, raw & 0x3763);
        if (raw & CONT_INIT_ECC) {
            n->ecc_at = n->ecc_odd = n->ecc_even = 0;
            n->ecc_column = 0;
        }
    } else if (selected(n) && row->offset == NFCMD) {
        command(n, (uint8_t)raw);
        regfile_poke(tail, NFSTAT - AFTER, regfile_peek(tail, NFSTAT - AFTER) | 4);
    } else if (selected(n) && row->offset == NFADDR) {
        if (n->cmd == 0x05 || n->cmd == 0x85) {
            take_column(n, (uint8_t)raw);
        } else {
            take_address(n, (uint8_t)raw);
        }
    }
}

static uint32_t read_stat(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_nand *n = nand_of(device_of(rf));
    uint32_t cont = regfile_peek(device_regs(&n->dev, WIN_HEAD), NFCONT);
    return regfile_get(rf, row, i) | 9 | (cont & CONT_NCE);
}

static uint32_t read_ecc(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row;
    return i ? ~0u : ecc_code(nand_of(device_of(rf)));
}

static bool read_data(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct s3c_nand *n = nand_of(dev);
    (void)off;
    *val = 0;
    for (unsigned i = 0; i < size && selected(n); i++) {
        uint8_t v = chip_read(n);
        ecc_pass(n, v);
        *val |= (uint64_t)v << i * 8;
    }
    return true;
}

static bool write_data(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct s3c_nand *n = nand_of(dev);
    (void)off;
    for (unsigned i = 0; i < size && selected(n); i++) {
        chip_write(n, (uint8_t)(val >> i * 8));
        ecc_pass(n, (uint8_t)(val >> i * 8));
    }
    return true;
}

// clang-format off
static const struct reg_row head_rows[] = {
    RW_MASK(NFCONF, "NFCONF", 0x1000, 0x3770),
    {.name = "NFCONT", .offset = NFCONT, .reset = 0x384, .writable = 0x3773, .write = write_head,
     .doc = "0 enable, 1 chip not selected, 4 InitECC, 5 main ECC lock, 6 spare ECC lock"},
    {.name = "NFCMD", .offset = NFCMD, .writable = 0xff, .write = write_head},
    {.name = "NFADDR", .offset = NFADDR, .writable = 0xff, .write = write_head},
};
static const struct reg_row tail_rows[] = {
    RW_ARRAY(0x14 - AFTER, "NFMECCD", 0, 2), RW(0x1c - AFTER, "NFSECCD", 0),
    {.name = "NFSTAT", .offset = NFSTAT - AFTER, .w1c = 4, .read = read_stat},
    RO_ARRAY(0x24 - AFTER, "NFESTAT", 0, 2),
    {.name = "NFMECC", .offset = NFMECC0 - AFTER, .count = 2, .read = read_ecc},
    RO(0x34 - AFTER, "NFSECC", ~0u), RW(0x38 - AFTER, "NFSBLK", 0), RW(0x3c - AFTER, "NFEBLK", 0),
};
// clang-format on
static const struct reg_table head_table = REG_TABLE("nand", head_rows, 0x10);
static const struct reg_table tail_table = REG_TABLE("nand", tail_rows, 0x40 - AFTER);
static const struct device_window windows[] = {
    [WIN_HEAD] = {.name = "", .regs = &head_table},
    [WIN_DATA] =
        {.name = "data", .offset = 0x10, .bytes = 4, .read = read_data, .write = write_data},
    [WIN_TAIL] = {.name = "", .offset = AFTER, .regs = &tail_table},
};

// ---- life
// ------------------------------------------------------------------------------------------

static void reset(struct device *dev)
{
    struct s3c_nand *n = nand_of(dev);
    n->mode = IDLE;
    n->cmd = n->pointer = n->addresses = n->at_id = 0;
    n->row = n->column = n->ecc_at = n->ecc_odd = n->ecc_even = 0;
    n->ecc_column = 0;
    n->loaded = ~0u;
    regfile_poke(device_regs(dev, WIN_HEAD), NFCONF,
                 0x1000 | (n->chip->page == 512 ? 0x8 : 0xc) | (n->chip->cycles == 5 ? 2 : 0));
    // the chip's first 4 KiB, as the controller brings them into the boot memory
    for (uint32_t at = 0; at < 4096; at += n->chip->page) {
        uint8_t page[PAGE_MAX];
        load_page(n, at / n->chip->page, page);
        device_dma_write(dev, 0x40000000u + at, page, n->chip->page);
    }
}

static int attach_disk(struct device *dev, struct disk *disk, struct err *err)
{
    struct s3c_nand *n = nand_of(dev);
    uint64_t bytes = disk_bytes(disk);
    for (unsigned i = 0; i < ARRAY_LEN(chips); i++) {
        const struct nand_chip *c = &chips[i];
        uint64_t plain = (uint64_t)c->page * c->pages,
                 whole = plain + (uint64_t)c->spare * c->pages;
        if (bytes == plain || bytes == whole) {
            n->chip = c;
            n->disk = disk;
            n->has_spare = bytes == whole;
            return 0;
        }
    }
    return err_set(err, -EINVAL,
                   "%s: %llu bytes are no NAND chip; there are 64, 128, 256 and 1024 MiB, with or "
                   "without spare bytes",
                   disk_name(disk), (unsigned long long)bytes);
}

static int realize(struct device *dev, struct err *err)
{
    struct s3c_nand *n = nand_of(dev);
    struct disk_config cfg = {.bytes = (uint64_t)(512 + 16) * chips[0].pages};
    if (n->chip) {
        return 0;
    }
    n->own = disk_open(&cfg, err);
    n->disk = n->own;
    n->chip = &chips[0];
    n->has_spare = true;
    return n->own ? 0 : -ENOMEM;
}

static void unrealize(struct device *dev)
{
    if (nand_of(dev)->own) {
        disk_close(nand_of(dev)->own);
    }
}

static void save(const struct device *dev, struct snap_writer *w)
{
    const struct s3c_nand *n = container_of(dev, const struct s3c_nand, dev);
    snap_put_u64(w, disk_bytes(n->disk));
    disk_save(n->disk, w);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct s3c_nand *n = nand_of(dev);
    if (n->addresses > ADDRESSES || n->column >= PAGE_MAX || n->at_id > ID_BYTES) {
        n->addresses = n->at_id = 0;
        n->column = 0;
    }
    if (snap_get_u64(r) != disk_bytes(n->disk)) {
        return err_set(err, -EINVAL, "%s: the snapshot has a chip of another size", dev->name);
    }
    return disk_restore(n->disk, r, err);
}

static const struct snap_field state[] = {SNAP_FIELD(struct s3c_nand, mode),
                                          SNAP_FIELD(struct s3c_nand, cmd),
                                          SNAP_FIELD(struct s3c_nand, pointer),
                                          SNAP_FIELD(struct s3c_nand, addresses),
                                          SNAP_FIELD(struct s3c_nand, at_id),
                                          SNAP_ARRAY(struct s3c_nand, address),
                                          SNAP_FIELD(struct s3c_nand, row),
                                          SNAP_FIELD(struct s3c_nand, column),
                                          SNAP_FIELD(struct s3c_nand, loaded),
                                          SNAP_ARRAY(struct s3c_nand, data),
                                          SNAP_FIELD(struct s3c_nand, ecc_at),
                                          SNAP_FIELD(struct s3c_nand, ecc_odd),
                                          SNAP_FIELD(struct s3c_nand, ecc_even),
                                          SNAP_FIELD(struct s3c_nand, ecc_column),
                                          SNAP_END};

const struct device_class s3c_nand_class = {
    .name = "s3c2440-nand",
    .doc = "NAND controller with its chip",
    .bytes = sizeof(struct s3c_nand),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .realize = realize,
    .reset = reset,
    .unrealize = unrealize,
    .attach_disk = attach_disk,
    .state = state,
    .save = save,
    .restore = restore,
};
