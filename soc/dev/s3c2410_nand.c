// SPDX-License-Identifier: MIT
//
// NAND controller of the S3C2410 (User's Manual, "NAND Flash Controller"): small pages only, one
// configuration register with enable, chip select and ECC reset. The chip is nand_chip.c. Left out: busy
// times.
#include <string.h>

#include "base/snapshot.h"
#include "soc/dev/nand_ecc.h"
#include "soc/dev/rows.h"
#include "soc/dev/s3c_nand.h"

enum { NFCONF = 0x00, NFCMD = 0x04, NFADDR = 0x08 };
enum { WIN_HEAD, WIN_DATA, WIN_TAIL, AFTER = 0x10 };
enum { CONF_ON = BIT(15), CONF_INIT_ECC = BIT(12), CONF_NCE = BIT(11) };

struct s3c2410_nand {
    struct device dev;
    struct nand_chip chip;
    struct nand_ecc ecc;
};

static struct s3c2410_nand *nand_of(struct device *dev)
{
    return container_of(dev, struct s3c2410_nand, dev);
}

static bool selected(struct s3c2410_nand *n)
{
    uint32_t conf = regfile_peek(device_regs(&n->dev, WIN_HEAD), NFCONF);
    return (conf & CONF_ON) && !(conf & CONF_NCE);
}

static void write_head(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct s3c2410_nand *n = nand_of(device_of(rf));
    (void)i, (void)old;
    if (row->offset == NFCONF) {
        regfile_put(rf, row, 0, raw & 0xcf77);
        if (raw & CONF_INIT_ECC) {
            memset(&n->ecc, 0, sizeof n->ecc);
        }
    } else if (selected(n) && row->offset == NFCMD) {
        nand_chip_command(&n->chip, (uint8_t)raw);
    } else if (selected(n)) {
        nand_chip_address(&n->chip, (uint8_t)raw);
    }
}

static uint32_t read_ecc(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row, (void)i;
    return nand_ecc_code(&nand_of(device_of(rf))->ecc) & 0xffffff;
}

static bool read_data(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct s3c2410_nand *n = nand_of(dev);
    uint8_t v = selected(n) ? nand_chip_read(&n->chip) : 0;
    (void)off, (void)size; // the register is eight bits wide
    nand_ecc_pass(&n->ecc, v);
    *val = v;
    return true;
}

static bool write_data(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct s3c2410_nand *n = nand_of(dev);
    (void)off, (void)size;
    if (selected(n)) {
        nand_chip_write(&n->chip, (uint8_t)val);
        nand_ecc_pass(&n->ecc, (uint8_t)val);
    }
    return true;
}

// clang-format off
static const struct reg_row head_rows[] = {
    {.name = "NFCONF", .offset = NFCONF, .writable = 0xff77, .write = write_head,
     .doc = "15 enable, 12 initialize ECC, 11 chip not selected, [10:8] TACLS, [6:4] TWRPH0, [2:0] TWRPH1"},
    {.name = "NFCMD", .offset = NFCMD, .writable = 0xff, .write = write_head},
    {.name = "NFADDR", .offset = NFADDR, .writable = 0xff, .write = write_head},
};
static const struct reg_row tail_rows[] = {
    RO(0x10 - AFTER, "NFSTAT", 1),
    {.name = "NFECC", .offset = 0x14 - AFTER, .read = read_ecc},
};
// clang-format on
static const struct reg_table head_table = REG_TABLE("nand", head_rows, 0x0c);
static const struct reg_table tail_table = REG_TABLE("nand", tail_rows, 0x18 - AFTER);
static const struct device_window windows[] = {
    [WIN_HEAD] = {.name = "", .regs = &head_table},
    [WIN_DATA] =
        {.name = "data", .offset = 0x0c, .bytes = 4, .read = read_data, .write = write_data},
    [WIN_TAIL] = {.name = "", .offset = AFTER, .regs = &tail_table},
};

static void reset(struct device *dev)
{
    struct s3c2410_nand *n = nand_of(dev);
    nand_chip_reset(&n->chip);
    memset(&n->ecc, 0, sizeof n->ecc);
    s3c_nand_boot(dev, &n->chip);
}

static int attach_disk(struct device *dev, struct disk *disk, struct err *err)
{
    return nand_chip_attach(&nand_of(dev)->chip, disk, err);
}

static int realize(struct device *dev, struct err *err)
{
    struct s3c2410_nand *n = nand_of(dev);
    return n->chip.part ? 0 : nand_chip_blank(&n->chip, err);
}

static void unrealize(struct device *dev)
{
    nand_chip_fini(&nand_of(dev)->chip);
}

static void save(const struct device *dev, struct snap_writer *w)
{
    nand_chip_save(&container_of(dev, const struct s3c2410_nand, dev)->chip, w);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    return nand_chip_restore(&nand_of(dev)->chip, r, dev->name, err);
}

static const struct device_prop props[] = {{"boot", 1}, {NULL, 0}};
static const struct snap_field state[] = {
    SNAP_FIELD(struct s3c2410_nand, ecc.at), SNAP_FIELD(struct s3c2410_nand, ecc.odd),
    SNAP_FIELD(struct s3c2410_nand, ecc.even), SNAP_FIELD(struct s3c2410_nand, ecc.column), SNAP_END};

const struct device_class s3c2410_nand_class = {
    .name = "s3c2410-nand",
    .doc = "NAND controller with its chip",
    .bytes = sizeof(struct s3c2410_nand),
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
