// SPDX-License-Identifier: MIT
//
// SATA host of the i.MX53: AHCI 1.1 with one port and no drive, so that probing ends with "link
// down" (AHCI 1.1 specification; i.MX53 Reference Manual, "SATA", for the PHY's control window).
#include "soc/dev/rows.h"

enum { CAP = 0x00, GHC = 0x04, PI = 0x0c, PCMD = 0x118, PHYCR = 0x178, PHYSR = 0x17c };
enum { GHC_HR = BIT(0), CMD_ST = BIT(0), CMD_FRE = BIT(4), CMD_FR = BIT(14), CMD_CR = BIT(15) };
enum { PHYCR_STROBES = 0xf0000, PHYSR_ACK = BIT(18) };

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    uint32_t v = regfile_get(rf, row, i);
    (void)old;
    switch (row->offset) {
    case GHC:
        if (raw & GHC_HR) {
            uint32_t cap = regfile_peek(rf, CAP), pi = regfile_peek(rf, PI);
            regfile_reset(rf); // what firmware wrote stays
            regfile_poke(rf, CAP, cap);
            regfile_poke(rf, PI, pi);
            v = 0;
        }
        regfile_put(rf, row, i, v & ~(uint32_t)GHC_HR);
        break;
    case PCMD: // engines start and stop at once
        v &= ~(uint32_t)(CMD_CR | CMD_FR);
        v |= (v & CMD_ST ? CMD_CR : 0u) | (v & CMD_FRE ? CMD_FR : 0u);
        regfile_put(rf, row, i, v);
        break;
    case PHYCR:
        regfile_poke(rf, PHYSR, raw & PHYCR_STROBES ? PHYSR_ACK : 0);
        break;
    default:
        break;
    }
}

// clang-format off
static const struct reg_row rows[] = {
    RW(CAP, "CAP", 0x40000000), // S64A clear, SNCQ set, one port, one slot
    {.name = "GHC", .offset = GHC, .writable = 0x80000003, .write = write_any},
    W1C(0x08, "IS", 0, ~0u),
    RW(PI, "PI", 0),
    RO(0x10, "VS", 0x00010100),
    RW(0x14, "CCC_CTL", 0), RW(0x18, "CCC_PORTS", 0), RO(0x1c, "EM_LOC", 0), RO(0x20, "EM_CTL", 0),
    RO(0x24, "CAP2", 0), RO(0x28, "BOHC", 0),
    RW_ARRAY(0xa0, "VENDOR", 0, 8), RW_ARRAY(0xc0, "BIST", 0, 8),
    RW(0xe0, "TIMER1MS", 100000), RO(0xe8, "GPARAM1", 0), RO(0xec, "GPARAM2", 0),
    RO(0xf0, "PPARAM", 0), RW(0xf4, "TESTR", 0), RO(0xf8, "VERSION", 0), RO(0xfc, "ID", 0),
    RW(0x100, "P0CLB", 0), RW(0x104, "P0CLBU", 0), RW(0x108, "P0FB", 0), RW(0x10c, "P0FBU", 0),
    W1C(0x110, "P0IS", 0, ~0u), RW(0x114, "P0IE", 0),
    {.name = "P0CMD", .offset = PCMD, .reset = 0x00000004, .writable = 0xff000f1f, .write = write_any},
    RO(0x120, "P0TFD", 0x7f), RO(0x124, "P0SIG", ~0u), RO(0x128, "P0SSTS", 0), RW(0x12c, "P0SCTL", 0),
    W1C(0x130, "P0SERR", 0, ~0u), RW(0x134, "P0SACT", 0), RO(0x138, "P0CI", 0), W1C(0x13c, "P0SNTF", 0, 0xffff),
    RW(0x170, "P0DMACR", 0),
    {.name = "P0PHYCR", .offset = PHYCR, .writable = ~0u, .write = write_any},
    RO(PHYSR, "P0PHYSR", 0),
};
// clang-format on
static const struct reg_table table = REG_TABLE("sata", rows, 0x180);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x1000}};

const struct device_class imx_sata_class = {
    .name = "imx-sata",
    .doc = "AHCI host without a drive",
    .bytes = sizeof(struct device),
    .windows = windows,
    .window_count = 1,
};
