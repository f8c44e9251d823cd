// SPDX-License-Identifier: MIT
//
// Blocks of the S3C2440 that software sets up and that have nothing behind them on this board, or
// whose behaviour nobody needs yet: memory controller, SPI, AC97, camera interface, USB host
// and device (User's Manual, chapters of those names; OpenHCI 1.0a). The USB host resets at once
// and has two empty ports.
#include "soc/dev/rows.h"

#define PLAIN_CLASS(sym_, name_, doc_, rows_, span_)                                               \
    static const struct reg_table sym_##_table = REG_TABLE(name_, rows_, span_);                   \
    static const struct device_window sym_##_windows[] = {                                         \
        {.name = "", .regs = &sym_##_table, .bytes = 0}};                                          \
    const struct device_class sym_##_class = {                                                     \
        .name = name_,                                                                             \
        .doc = doc_,                                                                               \
        .bytes = sizeof(struct device),                                                            \
        .windows = sym_##_windows,                                                                 \
        .window_count = 1,                                                                         \
    }

static void write_hccommand(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                            uint32_t old)
{
    (void)i, (void)raw, (void)old;
    regfile_put(rf, row, 0, 0); // reset, list filled: done
}

static uint32_t read_fmnumber(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row, (void)i;
    return (uint32_t)(device_now(device_of(rf)) / 1000000u) & 0xffff;
}

// clang-format off
static const struct reg_row memc_rows[] = {
    RW(0x00, "BWSCON", 0), RW_ARRAY(0x04, "BANKCON", 0x700, 6), RW_ARRAY(0x1c, "BANKCON6_", 0x18008, 2),
    RW(0x24, "REFRESH", 0xac0000), RW(0x28, "BANKSIZE", 0), RW_ARRAY(0x2c, "MRSRB", 0, 2),
};
static const struct reg_row spi_rows[] = {
    RW_STRIDE(0x00, "SPCON", 0, 2, 0x20), {.name = "SPSTA", .offset = 0x04, .reset = 1, .count = 2, .stride = 0x20},
    RW_STRIDE(0x08, "SPPIN", 2, 2, 0x20), RW_STRIDE(0x0c, "SPPRE", 0, 2, 0x20),
    RW_STRIDE(0x10, "SPTDAT", 0, 2, 0x20), {.name = "SPRDAT", .offset = 0x14, .reset = 0xff, .count = 2, .stride = 0x20},
};
static const struct reg_row ac97_rows[] = {
    RW(0x00, "AC_GLBCTRL", 0), RO(0x04, "AC_GLBSTAT", 1), RW(0x08, "AC_CODEC_CMD", 0),
    RO(0x0c, "AC_CODEC_STAT", 0), RO(0x10, "AC_PCMADDR", 0), RO(0x14, "AC_MICADDR", 0),
    RW_ARRAY(0x18, "AC_DATA", 0, 2),
};
static const struct reg_row camif_rows[] = { RW_ARRAY(0x00, "CI", 0, 0xa0 / 4) };
static const struct reg_row usbd_rows[] = {
    RW_MASK(0x00, "FUNC_ADDR", 0, 0xff), RW_MASK(0x04, "PWR", 0, 0xff), W1C(0x08, "EP_INT", 0, 0x1f),
    W1C(0x18, "USB_INT", 0, 7), RW_MASK(0x1c, "EP_INT_EN", 0xff, 0x1f), RW_MASK(0x2c, "USB_INT_EN", 4, 7),
    RO_ARRAY(0x30, "FRAME_NUM", 0, 2), RW_MASK(0x38, "INDEX", 0, 0xff), RW_MASK(0x40, "MAXP", 1, 0xff),
    RW_MASK(0x44, "EP0_CSR", 0, 0), RW_MASK(0x48, "IN_CSR2", 0x20, 0xff), RW_MASK(0x50, "OUT_CSR1", 0, 0),
    RW_MASK(0x54, "OUT_CSR2", 0, 0xff), RO_ARRAY(0x58, "OUT_FIFO_CNT", 0, 2),
    RW_MASK(0x80, "EP0_FIFO", 0, 0), RO_ARRAY(0x84, "EP_FIFO", 0, 4), RW_ARRAY(0xc0, "DMA", 0, 0x30 / 4),
};
static const struct reg_row ohci_rows[] = {
    RO(0x00, "HcRevision", 0x10), RW_MASK(0x04, "HcControl", 0, 0x7ff),
    {.name = "HcCommandStatus", .offset = 0x08, .writable = 0xf, .write = write_hccommand},
    W1C(0x0c, "HcInterruptStatus", 0, ~0u), RW(0x10, "HcInterruptEnable", 0), RW(0x14, "HcInterruptDisable", 0),
    RW(0x18, "HcHCCA", 0), RO(0x1c, "HcPeriodCurrentED", 0), RW_ARRAY(0x20, "HcED", 0, 4), RO(0x30, "HcDoneHead", 0),
    RW(0x34, "HcFmInterval", 0x2edf), RO(0x38, "HcFmRemaining", 0),
    {.name = "HcFmNumber", .offset = 0x3c, .read = read_fmnumber}, RW(0x40, "HcPeriodicStart", 0),
    RW(0x44, "HcLSThreshold", 0x628), RW(0x48, "HcRhDescriptorA", 0x01000202), RW(0x4c, "HcRhDescriptorB", 0),
    RW_MASK(0x50, "HcRhStatus", 0, 0), {.name = "HcRhPortStatus", .offset = 0x54, .reset = 0x100, .count = 2},
};
// clang-format on

PLAIN_CLASS(s3c_memc, "s3c-memc", "memory controller", memc_rows, 0x34);
PLAIN_CLASS(s3c_spi, "s3c-spi", "two SPI ports, nothing connected", spi_rows, 0x38);
PLAIN_CLASS(s3c_ac97, "s3c-ac97", "AC97, no codec", ac97_rows, 0x20);
PLAIN_CLASS(s3c_camif, "s3c-camif", "camera interface, no camera", camif_rows, 0xa0);
PLAIN_CLASS(s3c_usbd, "s3c-usbd", "USB device, no cable", usbd_rows, 0xf0);
PLAIN_CLASS(s3c_ohci, "s3c-ohci", "USB host, empty ports", ohci_rows, 0x5c);
