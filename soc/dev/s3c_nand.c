// SPDX-License-Identifier: MIT
//
// NAND controller of the S3C2440 (User's Manual, "NAND Flash Controller") with one chip
// (nand_chip.c): command, address and data registers, hardware ECC and its error status, the
// ready/busy interrupt, and the copy of the first 4 KiB into the boot memory. Property "boot": 0 where
// the board starts from something else. Left out: 16-bit chips, soft and tight lock, busy times.
#include <string.h>

#include "base/snapshot.h"
#include "soc/dev/nand_ecc.h"
#include "soc/dev/rows.h"
#include "soc/dev/s3c_nand.h"

enum { NFCONF = 0x00, NFCONT = 0x04, NFCMD = 0x08, NFADDR = 0x0c };
// the second table begins behind the data register
enum { AFTER = 0x14, NFSTAT = 0x20, NFMECC0 = 0x2c, NFSECC = 0x34 };
enum { WIN_HEAD, WIN_DATA, WIN_TAIL };
enum { CONT_MODE = BIT(0), CONT_NCE = BIT(1), CONT_INIT_ECC = BIT(4), CONT_LOCK = BIT(5) };
enum { CONT_SPARE_LOCK = BIT(6), CONT_EDGE = BIT(8), CONT_IRQ = BIT(9) };
enum { STAT_READY = BIT(0), STAT_CHANGED = BIT(2) };

struct s3c_nand {
    struct device dev;
    struct nand_chip chip;
    struct nand_ecc ecc, spare; // of the bytes that passed
};

static struct s3c_nand *nand_of(struct device *dev)
{
    return container_of(dev, struct s3c_nand, dev);
}

static void pass(struct s3c_nand *n, uint8_t v)
{
    uint32_t cont = regfile_peek(device_regs(&n->dev, WIN_HEAD), NFCONT);
    if (!(cont & CONT_LOCK)) {
        nand_ecc_pass(&n->ecc, v);
    }
    if (!(cont & CONT_SPARE_LOCK)) {
        nand_ecc_pass(&n->spare, v);
    }
}

// ---- registers
// -----------------------------------------------------------------------------------

static bool selected(struct s3c_nand *n)
{
    uint32_t cont = regfile_peek(device_regs(&n->dev, WIN_HEAD), NFCONT);
    return (cont & CONT_MODE) && !(cont & CONT_NCE);
}

static void update_irq(struct s3c_nand *n)
{
    uint32_t cont = regfile_peek(device_regs(&n->dev, WIN_HEAD), NFCONT);
    uint32_t stat = regfile_peek(device_regs(&n->dev, WIN_TAIL), NFSTAT - AFTER);
    device_output(&n->dev, 0, (cont & CONT_IRQ) && (stat & STAT_CHANGED));
}

// The chip was busy and is ready again: no time passes for it.
static void was_busy(struct s3c_nand *n)
{
    struct regfile *tail = device_regs(&n->dev, WIN_TAIL);
    regfile_poke(tail, NFSTAT - AFTER, regfile_peek(tail, NFSTAT - AFTER) | STAT_CHANGED);
    update_irq(n);
}

static bool makes_busy(uint8_t cmd)
{
    return cmd == 0xff || cmd == 0x30 || cmd == 0x35 || cmd == 0x10 || cmd == 0xd0 || cmd == 0x03;
}

static void write_head(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct s3c_nand *n = nand_of(device_of(rf));
    (void)i, (void)old;
    if (row->offset == NFCONT) {
        regfile_put(rf, row, 0, raw & 0x3763);
        if (raw & CONT_INIT_ECC) {
            memset(&n->ecc, 0, sizeof n->ecc);
            memset(&n->spare, 0, sizeof n->spare);
        }
        update_irq(n);
    } else if (selected(n) && row->offset == NFCMD) {
        nand_chip_command(&n->chip, (uint8_t)raw);
        if (makes_busy((uint8_t)raw)) {
            was_busy(n);
        }
    } else if (selected(n) && row->offset == NFADDR) {
        nand_chip_address(&n->chip, (uint8_t)raw);
        if (n->chip.part->page == 512 && n->chip.addresses == n->chip.part->cycles) {
            was_busy(n); // small pages are read as soon as their address is whole
        }
    }
}

static uint32_t read_stat(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_nand *n = nand_of(device_of(rf));
    uint32_t cont = regfile_peek(device_regs(&n->dev, WIN_HEAD), NFCONT);
    return regfile_get(rf, row, i) | STAT_READY | (cont & CONT_NCE);
}

static void write_stat(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    (void)row, (void)i, (void)raw, (void)old;
    update_irq(nand_of(device_of(rf)));
}

static uint32_t read_ecc(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_nand *n = nand_of(device_of(rf));
    if (row->offset == NFSECC - AFTER) { // 32 spare bytes: lines up to P128, then the columns
        uint32_t v = nand_ecc_code(&n->spare);
        return 0xffff0000u | bits(v, 7, 0) | bits(v, 9, 8) << 8 | bits(v, 23, 18) << 10;
    }
    return i ? ~0u : nand_ecc_code(&n->ecc);
}

// What the stored code (put into NFMECCD by software) says about the bytes that passed.
static uint32_t read_estat(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_nand *n = nand_of(device_of(rf));
    uint32_t d0 = regfile_peek(rf, 0), d1 = regfile_peek(rf, 4), byte, bit_number, what;
    uint32_t stored = bits(d0, 7, 0) | bits(d0, 23, 16) << 8 | bits(d1, 7, 0) << 16 |
                      bits(d1, 23, 16) << 24;
    static const uint8_t kinds[] = {0, 1, 3, 2};
    (void)row;
    if (i) {
        return 0;
    }
    what = kinds[nand_ecc_compare(stored, nand_ecc_code(&n->ecc), &byte, &bit_number)];
    return what | bit_number << 4 | byte << 7;
}

static bool read_data(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct s3c_nand *n = nand_of(dev);
    (void)off;
    *val = 0;
    for (unsigned i = 0; i < size && selected(n); i++) {
        uint8_t v = nand_chip_read(&n->chip);
        pass(n, v);
        *val |= (uint64_t)v << i * 8;
    }
    return true;
}

static bool write_data(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct s3c_nand *n = nand_of(dev);
    (void)off;
    for (unsigned i = 0; i < size && selected(n); i++) {
        nand_chip_write(&n->chip, (uint8_t)(val >> i * 8));
        pass(n, (uint8_t)(val >> i * 8));
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
    {.name = "NFSTAT", .offset = NFSTAT - AFTER, .w1c = 4, .read = read_stat, .write = write_stat},
    {.name = "NFESTAT", .offset = 0x24 - AFTER, .count = 2, .read = read_estat},
    {.name = "NFMECC", .offset = NFMECC0 - AFTER, .count = 2, .read = read_ecc},
    {.name = "NFSECC", .offset = NFSECC - AFTER, .read = read_ecc}, RW(0x38 - AFTER, "NFSBLK", 0), RW(0x3c - AFTER, "NFEBLK", 0),
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
    const struct nand_part *part = n->chip.part;
    nand_chip_reset(&n->chip);
    memset(&n->ecc, 0, sizeof n->ecc);
    memset(&n->spare, 0, sizeof n->spare);
    // the pins: 512 or 2048 bytes a page; 3/4 or 4/5 address cycles
    regfile_poke(device_regs(dev, WIN_HEAD), NFCONF,
                 0x1000 | (part->page == 512 ? 0x4 : 0xc) |
                     (part->cycles == (part->page == 512 ? 4 : 5) ? 2 : 0));
    update_irq(n);
    s3c_nand_boot(dev, &n->chip);
}

void s3c_nand_boot(struct device *dev, struct nand_chip *chip)
{
    uint8_t page[NAND_PAGE_MAX];
    for (uint32_t at = 0; device_prop(dev, "boot") && at < 4096; at += chip->part->page) {
        nand_chip_page(chip, at / chip->part->page, page);
        device_dma_write(dev, 0x40000000u + at, page, chip->part->page);
    }
}

static int attach_disk(struct device *dev, struct disk *disk, struct err *err)
{
    return nand_chip_attach(&nand_of(dev)->chip, disk, err);
}

static int realize(struct device *dev, struct err *err)
{
    struct s3c_nand *n = nand_of(dev);
    return n->chip.part ? 0 : nand_chip_blank(&n->chip, err);
}

static void unrealize(struct device *dev)
{
    nand_chip_fini(&nand_of(dev)->chip);
}

static void save(const struct device *dev, struct snap_writer *w)
{
    nand_chip_save(&container_of(dev, const struct s3c_nand, dev)->chip, w);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    return nand_chip_restore(&nand_of(dev)->chip, r, dev->name, err);
}

static const struct snap_field state[] = {
    SNAP_FIELD(struct s3c_nand, ecc.at),     SNAP_FIELD(struct s3c_nand, ecc.odd),
    SNAP_FIELD(struct s3c_nand, ecc.even),   SNAP_FIELD(struct s3c_nand, ecc.column),
    SNAP_FIELD(struct s3c_nand, spare.at),   SNAP_FIELD(struct s3c_nand, spare.odd),
    SNAP_FIELD(struct s3c_nand, spare.even), SNAP_FIELD(struct s3c_nand, spare.column),
    SNAP_END};

static const struct device_prop props[] = {{"boot", 1}, {NULL, 0}};

const struct device_class s3c_nand_class = {
    .name = "s3c2440-nand",
    .doc = "NAND controller with its chip",
    .bytes = sizeof(struct s3c_nand),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .props = props,
    .outputs = (const char *const[]){"irq", NULL},
    .realize = realize,
    .reset = reset,
    .unrealize = unrealize,
    .attach_disk = attach_disk,
    .state = state,
    .state_version = 1,
    .save = save,
    .restore = restore,
};
