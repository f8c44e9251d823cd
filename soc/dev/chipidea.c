// SPDX-License-Identifier: MIT
//
// ChipIdea USB controller as in the i.MX family (i.MX53 Reference Manual, "USBOH3"; EHCI 1.0 for
// the host registers): identification, start and stop, one port with nothing plugged in. The
// schedules are not walked: without a device there is nothing to transfer.
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum {
    USBCMD = 0x140,
    USBSTS = 0x144,
    USBINTR = 0x148,
    FRINDEX = 0x14c,
    PORTSC = 0x184,
    OTGSC = 0x1a4,
    USBMODE = 0x1a8,
    ENDPTFLUSH = 0x1b4
};
enum { CMD_RS = BIT(0), CMD_RST = BIT(1), CMD_PSE = BIT(4), CMD_ASE = BIT(5), CMD_IAA = BIT(6) };
enum { STS_IAA = BIT(5), STS_HCH = BIT(12), STS_PSS = BIT(14), STS_ASS = BIT(15) };
enum { PORT_PR = BIT(8), PORT_PP = BIT(12) };

static void update_irq(struct device *dev)
{
    struct regfile *rf = device_regs(dev, 0);
    device_output(dev, 0, regfile_peek(rf, USBSTS) & regfile_peek(rf, USBINTR) & 0x030f01ff);
}

static void write_cmd(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    uint32_t sts;
    (void)i, (void)old;
    if (raw & CMD_RST) {
        regfile_reset(rf);
        update_irq(device_of(rf));
        return;
    }
    sts = regfile_peek(rf, USBSTS) & ~(uint32_t)(STS_HCH | STS_PSS | STS_ASS);
    if (raw & CMD_RS) {
        sts |= (raw & CMD_PSE ? STS_PSS : 0u) | (raw & CMD_ASE ? STS_ASS : 0u);
    } else {
        sts |= STS_HCH;
    }
    if (raw & CMD_IAA) { // nothing in the asynchronous list: the doorbell answers at once
        sts |= STS_IAA;
        regfile_put(rf, row, 0, raw & ~(uint32_t)CMD_IAA);
    }
    regfile_poke(rf, USBSTS, sts);
    update_irq(device_of(rf));
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    (void)old, (void)raw;
    if (row->offset == PORTSC) { // a port reset without a device ends by itself
        regfile_put(rf, row, i, regfile_get(rf, row, i) & ~(uint32_t)PORT_PR);
    } else if (row->offset == ENDPTFLUSH) {
        regfile_put(rf, row, i, 0);
    }
    update_irq(device_of(rf));
}

// 8 kHz microframes while running.
static uint32_t read_frindex(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row, (void)i;
    return regfile_peek(rf, USBCMD) & CMD_RS
               ? (uint32_t)(device_now(device_of(rf)) / 125000) & 0x3fff
               : 0;
}

// clang-format off
static const struct reg_row rows[] = {
    RO(0x000, "ID", 0xe241fa05), RO(0x004, "HWGENERAL", 0x00000015), RO(0x008, "HWHOST", 0x10020001),
    RO(0x00c, "HWDEVICE", 0x0000000f), RO(0x010, "HWTXBUF", 0x80070b08), RO(0x014, "HWRXBUF", 0x00000a08),
    RW_ARRAY(0x080, "GPTIMER", 0, 4), RW(0x090, "SBUSCFG", 0),
    RO(0x100, "CAPLENGTH", 0x01000040), RO(0x104, "HCSPARAMS", 0x00010011),
    RO(0x108, "HCCPARAMS", 0x00000006), RO(0x120, "DCIVERSION", 1), RO(0x124, "DCCPARAMS", 0x00000188),
    {.name = "USBCMD", .offset = USBCMD, .reset = 0x00080000, .writable = 0x00ffeb7f, .write = write_cmd},
    {.name = "USBSTS", .offset = USBSTS, .reset = STS_HCH, .w1c = 0x030f01ff, .write = write_any},
    {.name = "USBINTR", .offset = USBINTR, .writable = ~0u, .write = write_any},
    {.name = "FRINDEX", .offset = FRINDEX, .read = read_frindex},
    RW(0x154, "PERIODICLISTBASE", 0), RW(0x158, "ASYNCLISTADDR", 0), RW(0x15c, "TTCTRL", 0),
    RW(0x160, "BURSTSIZE", 0x1010), RW(0x164, "TXFILLTUNING", 0), RW(0x170, "ULPIVIEW", 0x08000000),
    RW(0x178, "ENDPTNAK", 0), RW(0x17c, "ENDPTNAKEN", 0), RO(0x180, "CONFIGFLAG", 1),
    {.name = "PORTSC1", .offset = PORTSC, .reset = 0x10000004, .writable = 0xfffff1c4, .w1c = 0x2a,
     .write = write_any},
    {.name = "OTGSC", .offset = OTGSC, .reset = 0x00001120, .writable = 0x7f0000fb, .w1c = 0x007f0000},
    {.name = "USBMODE", .offset = USBMODE, .writable = 0x3f},
    RW(0x1ac, "ENDPTSETUPSTAT", 0), RW(0x1b0, "ENDPTPRIME", 0),
    {.name = "ENDPTFLUSH", .offset = ENDPTFLUSH, .writable = ~0u, .write = write_any},
    RO(0x1b8, "ENDPTSTAT", 0), W1C(0x1bc, "ENDPTCOMPLETE", 0, ~0u), RW_ARRAY(0x1c0, "ENDPTCTRL", 0, 8),
};
// clang-format on
static const struct reg_table table = REG_TABLE("usb", rows, 0x200);
static const struct device_window windows[] = {WINDOW(table)};

const struct device_class chipidea_class = {
    .name = "chipidea",
    .doc = "USB controller, nothing plugged in",
    .bytes = sizeof(struct device),
    .windows = windows,
    .window_count = 1,
    .outputs = (const char *const[]){"irq", NULL},
    .reset = update_irq,
};
