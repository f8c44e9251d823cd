// SPDX-License-Identifier: MIT
//
// Blocks of the i.MX53 that software sets up and that need no behaviour here: pads and
// multiplexers, bus bridges, memory controllers, audio multiplexer, and serial interfaces without
// anything behind them. Registers keep what is written. Names from the i.MX53 Reference Manual.
#include "soc/dev/rows.h"

#define PLAIN_CLASS(sym_, name_, doc_, rows_, span_, bytes_)                                       \
    static const struct reg_table sym_##_table = REG_TABLE(name_, rows_, span_);                   \
    static const struct device_window sym_##_windows[] = {                                         \
        {.name = "", .regs = &sym_##_table, .bytes = (bytes_)}};                                   \
    const struct device_class sym_##_class = {                                                     \
        .name = name_,                                                                             \
        .doc = doc_,                                                                               \
        .bytes = sizeof(struct device),                                                            \
        .windows = sym_##_windows,                                                                 \
        .window_count = 1,                                                                         \
    }

// clang-format off
static const struct reg_row iomuxc_rows[] = {
    RW_ARRAY(0x000, "GPR", 0, 3),
    RO_ARRAY(0x00c, "OBSMUX", 0, 5),
    RW_ARRAY(0x020, "MUX_CTL", 0, (0x348 - 0x020) / 4),
    RW_ARRAY(0x348, "PAD_CTL", 0, (0x734 - 0x348) / 4),
    RW_ARRAY(0x734, "SELECT_INPUT", 0, (0x8a8 - 0x734) / 4),
};
static const struct reg_row aipstz_rows[] = {
    RW(0x00, "MPR0", 0x77000000),
    RW(0x04, "MPR1", 0),
    RW_ARRAY(0x40, "OPACR", 0x44444444, 5),
};
static const struct reg_row m4if_rows[] = {
    RW_ARRAY(0x00, "PSM", 0, 2),
    RW_ARRAY(0x08, "REG", 0, (0x180 - 0x08) / 4),
};
static const struct reg_row esdctl_rows[] = {
    RW(0x00, "ESDCTL", 0), RW(0x04, "ESDPDC", 0x30012), RW(0x08, "ESDOTC", 0x12272000),
    RW_ARRAY(0x0c, "ESDCFG", 0, 3), RW(0x18, "ESDMISC", 0x1600),
    {.name = "ESDSCR", .offset = 0x1c, .writable = ~0u, .doc = "14 CON_ACK follows 15 CON_REQ"},
    RW(0x20, "ESDREF", 0xc000), RW_ARRAY(0x24, "REG", 0, (0x40 - 0x24) / 4),
    RW_ARRAY(0x40, "ZQ", 0, (0x100 - 0x40) / 4),
};
static const struct reg_row weim_rows[] = { RW_ARRAY(0x00, "CS", 0, 0xa8 / 4) };
static const struct reg_row armplat_rows[] = {
    RO(0x00, "PVID", 0), RW(0x04, "GPC", 0), RO(0x08, "PIC", 0), RW(0x0c, "LPC", 0),
    RW(0x10, "NEON_LPC", 0), RW(0x14, "ICGC", 0), RW(0x18, "AMC", 0), RW(0x20, "NMC", 0),
    RW(0x24, "NMS", 0),
};
static const struct reg_row gpc_rows[] = {
    RW(0x000, "CNTR", 0), RW(0x004, "PGR", 0), RW(0x008, "VCR", 0), RW(0x00c, "ALL_PU", 0),
    RW(0x010, "NEON", 0), RW_ARRAY(0x220, "GPU_PG", 0, 4), RW_ARRAY(0x240, "VPU_PG", 0, 4),
    RW_ARRAY(0x260, "EMPGC", 0, 4), RW_ARRAY(0x280, "NEON_SRPG", 0, 4),
    RW_ARRAY(0x2a0, "ARM_SRPG", 0, 4), RW_ARRAY(0x2c0, "EMPGC0_SRPG", 0, 4),
    RW_ARRAY(0x2d0, "EMPGC1_SRPG", 0, 4),
};
static const struct reg_row ssi_rows[] = {
    RW_ARRAY(0x00, "STX", 0, 2), RO_ARRAY(0x08, "SRX", 0, 2), RW(0x10, "SCR", 0),
    W1C(0x14, "SISR", 0x00003003, 0x3ffc0f00), RW(0x18, "SIER", 0x00003003),
    RW(0x1c, "STCR", 0x200), RW(0x20, "SRCR", 0x200), RW(0x24, "STCCR", 0x40000),
    RW(0x28, "SRCCR", 0x40000), RW(0x2c, "SFCSR", 0x810081), RW(0x30, "STR", 0), RW(0x34, "SOR", 0),
    RW(0x38, "SACNT", 0), RW(0x3c, "SACADD", 0), RW(0x40, "SACDAT", 0), RW(0x44, "SATAG", 0),
    RW(0x48, "STMSK", 0), RW(0x4c, "SRMSK", 0), RO(0x50, "SACCST", 0), RW(0x54, "SACCEN", 0),
    RW(0x58, "SACCDIS", 0),
};
static const struct reg_row audmux_rows[] = {
    RW_STRIDE(0x00, "PTCR", 0, 7, 8), RW_STRIDE(0x04, "PDCR", 0, 7, 8), RW(0x38, "CNMCR", 0),
};
static const struct reg_row kpp_rows[] = {
    RW16(0x0, "KPCR", 0),
    {.name = "KPSR", .offset = 0x2, .reset = 0x400, .writable = 0x0300, .w1c = 3, .bytes = 2},
    RW16(0x4, "KDDR", 0), RW16(0x6, "KPDR", 0),
};
static const struct reg_row owire_rows[] = {
    RW16(0x0, "CONTROL", 0), RW16(0x2, "TIME_DIVIDER", 0), RW16(0x4, "RESET", 0),
    RW16(0x6, "COMMAND", 0), RW16(0x8, "TX_RX", 0), RW16(0xa, "INTERRUPT", 0),
    RW16(0xc, "INTERRUPT_EN", 0),
};
static const struct reg_row usbmisc_rows[] = {
    RW(0x00, "USB_CTRL", 0), RW(0x04, "OTG_MIRROR", 0), RW(0x08, "PHY_CTRL_0", 0),
    RW(0x0c, "PHY_CTRL_1", 0), RW(0x10, "USB_CTRL_1", 0), RW(0x14, "UH2_CTRL", 0),
    RW(0x18, "UH3_CTRL", 0), RW_ARRAY(0x1c, "REG", 0, 2), RW(0x24, "CLKONOFF_CTRL", 0),
};
static const struct reg_row ecspi_rows[] = {
    RO(0x00, "RXDATA", 0), RW(0x04, "TXDATA", 0), RW(0x08, "CONREG", 0), RW(0x0c, "CONFIGREG", 0),
    RW(0x10, "INTREG", 0), RW(0x14, "DMAREG", 0), W1C(0x18, "STATREG", 3, 0xc0),
    RW(0x1c, "PERIODREG", 0), RW(0x20, "TESTREG", 0),
};
static const struct reg_row can_rows[] = {
    RW(0x00, "MCR", 0xd890000f), RW(0x04, "CTRL", 0), RW(0x08, "TIMER", 0),
    RW_ARRAY(0x10, "RXMASK", ~0u, 3), RW(0x1c, "ECR", 0), W1C(0x20, "ESR", 0, 7),
    RW_ARRAY(0x24, "IMASK", 0, 2), W1C(0x2c, "IFLAG2", 0, ~0u), W1C(0x30, "IFLAG1", 0, ~0u),
    RW_ARRAY(0x80, "MB", 0, 256), RW_ARRAY(0x880, "RXIMR", 0, 64),
};
static const struct reg_row nfc_rows[] = { RW_ARRAY(0x00, "REG", 0, 0x3c / 4) };
// clang-format on

PLAIN_CLASS(imx53_iomuxc, "imx53-iomuxc", "pads and pin multiplexers", iomuxc_rows, 0x8a8, 0x4000);
PLAIN_CLASS(imx_aipstz, "imx-aipstz", "peripheral bus bridge", aipstz_rows, 0x60, 0x60);
PLAIN_CLASS(imx_m4if, "imx-m4if", "memory arbiter", m4if_rows, 0x180, 0x1000);
PLAIN_CLASS(imx_esdctl, "imx-esdctl", "DDR controller", esdctl_rows, 0x100, 0x1000);
PLAIN_CLASS(imx_weim, "imx-weim", "external bus interface", weim_rows, 0xa8, 0x1000);
PLAIN_CLASS(imx_armplat, "imx-armplat", "ARM platform control", armplat_rows, 0x28, 0x4000);
PLAIN_CLASS(imx_gpc, "imx-gpc", "power controller", gpc_rows, 0x2e0, 0x4000);
PLAIN_CLASS(imx_ssi, "imx-ssi", "synchronous serial (audio), nothing connected", ssi_rows, 0x5c,
            0x4000);
PLAIN_CLASS(imx_audmux, "imx-audmux", "audio multiplexer", audmux_rows, 0x3c, 0x4000);
PLAIN_CLASS(imx_kpp, "imx-kpp", "keypad port, no keys", kpp_rows, 0x8, 0x4000);
PLAIN_CLASS(imx_owire, "imx-owire", "1-wire, nothing connected", owire_rows, 0xe, 0x4000);
PLAIN_CLASS(imx_usbmisc, "imx-usbmisc", "USB glue", usbmisc_rows, 0x28, 0x200);
PLAIN_CLASS(imx_ecspi, "imx-ecspi", "SPI, nothing connected", ecspi_rows, 0x24, 0x4000);
PLAIN_CLASS(imx_can, "imx-can", "CAN, nothing connected", can_rows, 0x980, 0x4000);
PLAIN_CLASS(imx_nfc, "imx-nfc", "NAND controller, no NAND", nfc_rows, 0x3c, 0x1000);

// ---- PWM: software reset ends at once
// --------------------------------------------------------------

static void write_pwmcr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                        uint32_t old)
{
    (void)i, (void)old;
    regfile_put(rf, row, 0, raw & BIT(3) ? 0 : raw);
}

// clang-format off
static const struct reg_row pwm_rows[] = {
    {.name = "PWMCR", .offset = 0x00, .writable = 0x0fffffff, .write = write_pwmcr},
    W1C(0x04, "PWMSR", 8, 0x78),
    RW(0x08, "PWMIR", 0), RW(0x0c, "PWMSAR", 0), RW(0x10, "PWMPR", 0xfffe), RO(0x14, "PWMCNR", 0),
};
// clang-format on
PLAIN_CLASS(imx_pwm, "imx-pwm", "pulse width modulator", pwm_rows, 0x18, 0x4000);

// ---- boot ROM: only its version word is ever read by software
// ------------------------------------

static const struct reg_row rom_rows[] = {
    RO_ARRAY(0x00, "VECTORS", 0, 18),
    RO(0x48, "ROM_SI_REV", 0x21), // silicon 2.1
    RO_ARRAY(0x4c, "ROM", 0, (0x100 - 0x4c) / 4),
};
PLAIN_CLASS(imx53_rom, "imx53-rom", "boot ROM's version word", rom_rows, 0x100, 0x10000);
