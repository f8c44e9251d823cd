// SPDX-License-Identifier: MIT
//
// Freescale i.MX53 Quick Start Board (MCIMX53-START): i.MX535 at 1 GHz, 1 GiB DDR3 in two banks,
// DA9053 PMIC, SD card slots, LAN8720, VGA through the TV encoder or a parallel LCD panel. Memory
// map and interrupt numbers: i.MX53 Reference Manual, chapters "System memory map" and
// "Interrupts". Not fitted here: what nothing was seen to touch (SAHARA, VPU, SCC, SPDIF, PATA).
#include "base/bits.h"
#include "soc/board.h"

// clang-format off
#define PROPS(...) (const struct device_prop[]){__VA_ARGS__, {NULL, 0}}

static const struct board_ram ram[] = {
    // each chip select decodes 1 GiB: boot loaders size memory by looking for the repetition
    {.name = "ddr0", .base = 0x70000000, .bytes = 0x20000000, .decoded = 0x40000000, .main = true},
    {.name = "ddr1", .base = 0xb0000000, .bytes = 0x20000000, .decoded = 0x40000000, .main = true},
    {.name = "ocram", .base = 0xf8000000, .bytes = 0x20000},
};

static const struct board_oscillator oscillators[] = {
    {"osc", 24000000}, {"ckil", 32768}, {"ckih1", 22579200},
};

static const struct board_device devices[] = {
    {.name = "rom",     .class_name = "imx53-rom",    .base = 0x00000000},
    {.name = "tzic",    .class_name = "imx-tzic",     .base = 0x0fffc000},
    {.name = "sata",    .class_name = "imx-sata",     .base = 0x10000000},
    {.name = "ipu",     .class_name = "imx-ipu",      .base = 0x18000000},
    {.name = "gpu3d",   .class_name = "vgpu-port",    .base = 0x30000000},
    {.name = "esdhc1",  .class_name = "imx-esdhc",    .base = 0x50004000},
    {.name = "esdhc2",  .class_name = "imx-esdhc",    .base = 0x50008000},
    {.name = "uart3",   .class_name = "imx-uart",     .base = 0x5000c000},
    {.name = "ecspi1",  .class_name = "imx-ecspi",    .base = 0x50010000},
    {.name = "ssi2",    .class_name = "imx-ssi",      .base = 0x50014000},
    {.name = "esdhc3",  .class_name = "imx-esdhc",    .base = 0x50020000, .props = PROPS({"version", 3})},
    {.name = "esdhc4",  .class_name = "imx-esdhc",    .base = 0x50024000},
    {.name = "aipstz1", .class_name = "imx-aipstz",   .base = 0x53f00000},
    {.name = "usbotg",  .class_name = "chipidea",     .base = 0x53f80000},
    {.name = "usbh1",   .class_name = "chipidea",     .base = 0x53f80200},
    {.name = "usbh2",   .class_name = "chipidea",     .base = 0x53f80400},
    {.name = "usbh3",   .class_name = "chipidea",     .base = 0x53f80600},
    {.name = "usbmisc", .class_name = "imx-usbmisc",  .base = 0x53f80800},
    {.name = "gpio1",   .class_name = "imx-gpio",     .base = 0x53f84000},
    {.name = "gpio2",   .class_name = "imx-gpio",     .base = 0x53f88000},
    {.name = "gpio3",   .class_name = "imx-gpio",     .base = 0x53f8c000},
    {.name = "gpio4",   .class_name = "imx-gpio",     .base = 0x53f90000},
    {.name = "kpp",     .class_name = "imx-kpp",      .base = 0x53f94000},
    {.name = "wdog1",   .class_name = "imx-wdog",     .base = 0x53f98000},
    {.name = "wdog2",   .class_name = "imx-wdog",     .base = 0x53f9c000},
    {.name = "gpt",     .class_name = "imx-gpt",      .base = 0x53fa0000},
    {.name = "srtc",    .class_name = "imx-srtc",     .base = 0x53fa4000},
    {.name = "iomuxc",  .class_name = "imx53-iomuxc", .base = 0x53fa8000},
    {.name = "epit1",   .class_name = "imx-epit",     .base = 0x53fac000},
    {.name = "epit2",   .class_name = "imx-epit",     .base = 0x53fb0000},
    {.name = "pwm1",    .class_name = "imx-pwm",      .base = 0x53fb4000},
    {.name = "pwm2",    .class_name = "imx-pwm",      .base = 0x53fb8000},
    {.name = "uart1",   .class_name = "imx-uart",     .base = 0x53fbc000},
    {.name = "uart2",   .class_name = "imx-uart",     .base = 0x53fc0000},
    {.name = "can1",    .class_name = "imx-can",      .base = 0x53fc8000},
    {.name = "can2",    .class_name = "imx-can",      .base = 0x53fcc000},
    {.name = "src",     .class_name = "imx-src",      .base = 0x53fd0000},
    {.name = "ccm",     .class_name = "imx53-ccm",    .base = 0x53fd4000},
    {.name = "gpc",     .class_name = "imx-gpc",      .base = 0x53fd8000},
    {.name = "gpio5",   .class_name = "imx-gpio",     .base = 0x53fdc000},
    {.name = "gpio6",   .class_name = "imx-gpio",     .base = 0x53fe0000},
    {.name = "gpio7",   .class_name = "imx-gpio",     .base = 0x53fe4000},
    {.name = "i2c3",    .class_name = "imx-i2c",      .base = 0x53fec000},
    {.name = "uart4",   .class_name = "imx-uart",     .base = 0x53ff0000},
    {.name = "aipstz2", .class_name = "imx-aipstz",   .base = 0x63f00000},
    {.name = "pll1",    .class_name = "imx-pll",      .base = 0x63f80000},
    {.name = "pll2",    .class_name = "imx-pll",      .base = 0x63f84000},
    {.name = "pll3",    .class_name = "imx-pll",      .base = 0x63f88000},
    {.name = "pll4",    .class_name = "imx-pll",      .base = 0x63f8c000},
    {.name = "uart5",   .class_name = "imx-uart",     .base = 0x63f90000},
    // silicon 2.1; MAC address 00:04:9f:01:53:01
    {.name = "iim",     .class_name = "imx-iim",      .base = 0x63f98000,
     .props = PROPS({"silicon", 3}, {"mac_hi", 0x0004}, {"mac_lo", 0x9f015301})},
    {.name = "armplat", .class_name = "imx-armplat",  .base = 0x63fa0000},
    {.name = "owire",   .class_name = "imx-owire",    .base = 0x63fa4000},
    {.name = "ecspi2",  .class_name = "imx-ecspi",    .base = 0x63fac000},
    {.name = "sdma",    .class_name = "imx-sdma",     .base = 0x63fb0000},
    {.name = "i2c2",    .class_name = "imx-i2c",      .base = 0x63fc4000},
    {.name = "i2c1",    .class_name = "imx-i2c",      .base = 0x63fc8000},
    {.name = "ssi1",    .class_name = "imx-ssi",      .base = 0x63fcc000},
    {.name = "audmux",  .class_name = "imx-audmux",   .base = 0x63fd0000},
    {.name = "m4if",    .class_name = "imx-m4if",     .base = 0x63fd8000},
    {.name = "esdctl",  .class_name = "imx-esdctl",   .base = 0x63fd9000},
    {.name = "weim",    .class_name = "imx-weim",     .base = 0x63fda000},
    {.name = "nfc",     .class_name = "imx-nfc",      .base = 0x63fdb000},
    {.name = "ssi3",    .class_name = "imx-ssi",      .base = 0x63fe8000},
    {.name = "fec",     .class_name = "imx-fec",      .base = 0x63fec000},
    {.name = "tve",     .class_name = "imx-tve",      .base = 0x63ff0000},

    {.name = "pmic",    .class_name = "da9053",       .base = 0x48, .parent = "i2c1"},
    {.name = "accel",   .class_name = "mma8450",      .base = 0x1c, .parent = "i2c1"},
    {.name = "codec",   .class_name = "sgtl5000",     .base = 0x0a, .parent = "i2c2"},
    {.name = "ddc",     .class_name = "edid",         .base = 0x50, .parent = "i2c2"},
};

static const struct board_wire wires[] = {
    {"tzic.irq", "cpu.irq"}, {"tzic.fiq", "cpu.fiq"},
    {"esdhc1.irq", "tzic.1"}, {"esdhc2.irq", "tzic.2"}, {"esdhc3.irq", "tzic.3"}, {"esdhc4.irq", "tzic.4"},
    {"sdma.irq", "tzic.6"}, {"ipu.irq_err", "tzic.10"}, {"ipu.irq_sync", "tzic.11"}, {"gpu3d.irq", "tzic.12"}, {"uart4.irq", "tzic.13"},
    {"usbh1.irq", "tzic.14"}, {"usbh2.irq", "tzic.16"}, {"usbh3.irq", "tzic.17"}, {"usbotg.irq", "tzic.18"},
    {"uart1.irq", "tzic.31"}, {"uart2.irq", "tzic.32"}, {"uart3.irq", "tzic.33"},
    {"gpt.irq", "tzic.39"}, {"epit1.irq", "tzic.40"}, {"epit2.irq", "tzic.41"},
    {"gpio1.irq_lo", "tzic.50"}, {"gpio1.irq_hi", "tzic.51"}, {"gpio2.irq_lo", "tzic.52"}, {"gpio2.irq_hi", "tzic.53"},
    {"gpio3.irq_lo", "tzic.54"}, {"gpio3.irq_hi", "tzic.55"}, {"gpio4.irq_lo", "tzic.56"}, {"gpio4.irq_hi", "tzic.57"},
    {"wdog1.irq", "tzic.58"}, {"wdog2.irq", "tzic.59"},
    {"i2c1.irq", "tzic.62"}, {"i2c2.irq", "tzic.63"}, {"i2c3.irq", "tzic.64"},
    {"uart5.irq", "tzic.86"}, {"fec.irq", "tzic.87"},
    {"gpio5.irq_lo", "tzic.103"}, {"gpio5.irq_hi", "tzic.104"}, {"gpio6.irq_lo", "tzic.105"}, {"gpio6.irq_hi", "tzic.106"},
    {"gpio7.irq_lo", "tzic.107"}, {"gpio7.irq_hi", "tzic.108"},
    {"esdhc1.cd", "gpio3.13"}, {"esdhc3.cd", "gpio3.11"}, // low: card present
    {"pmic.nirq", "gpio7.11"},
};

static const struct board_level levels[] = {
    {"gpio1.8", true}, {"gpio2.14", true}, {"gpio2.15", true}, // keys, not pressed
};

static const struct board_clock clocks[] = {
    {"pll1.ref", "osc"}, {"pll2.ref", "osc"}, {"pll3.ref", "osc"}, {"pll4.ref", "osc"},
    {"ccm.pll1", "pll1.out"}, {"ccm.pll2", "pll2.out"}, {"ccm.pll3", "pll3.out"}, {"ccm.pll4", "pll4.out"},
    {"ccm.osc", "osc"}, {"ccm.ckil", "ckil"}, {"ccm.ckih1", "ckih1"},
    {"ccm.tve_di", "tve.di"}, {"tve.tve", "ccm.tve"},
    {"ipu.hsp", "ccm.ipu"}, {"ipu.di0", "ccm.di0"}, {"ipu.di1", "ccm.di1"},
    {"gpt.ipg", "ccm.ipg"}, {"gpt.per", "ccm.per"}, {"gpt.32k", "ckil"}, {"gpt.osc", "osc"},
    {"epit1.ipg", "ccm.ipg"}, {"epit1.per", "ccm.per"}, {"epit1.32k", "ckil"},
    {"epit2.ipg", "ccm.ipg"}, {"epit2.per", "ccm.per"}, {"epit2.32k", "ckil"},
};

// Peripheral windows answer everywhere; outside them nothing does.
static const struct bus_hole_range holes[] = {
    {"spba", 0x50000000, 0x00040000, BUS_HOLE_ZERO},
    {"aips1", 0x53f00000, 0x00100000, BUS_HOLE_ZERO},
    {"aips2", 0x63f00000, 0x00100000, BUS_HOLE_ZERO},
    {"ipu", 0x18000000, 0x08000000, BUS_HOLE_ZERO},
    {"gpu2d", 0x20000000, 0x10000000, BUS_HOLE_ZERO},
    {"cs1", 0xb0000000, 0x40000000, BUS_HOLE_ZERO}, // boards with one bank of memory
    {"nfc buffer", 0xf7ff0000, 0x00010000, BUS_HOLE_ZERO},
};

// What the board's own firmware leaves in the clock tree (U-Boot 2023.01, mx53loco): PLLs at 1000,
// 400, 216 and 455 MHz, buses from PLL2, UARTs from PLL2, all gates on.
#define PLL(base, op, mfd, mfn) \
    {(base) + 0x00, 0x1232}, {(base) + 0x08, (op)}, {(base) + 0x1c, (op)}, {(base) + 0x0c, (mfd)}, \
    {(base) + 0x20, (mfd)}, {(base) + 0x10, (mfn)}, {(base) + 0x24, (mfn)}
static const struct board_poke pokes[] = {
    PLL(0x63f80000, 0xa0, 0xb, 5), PLL(0x63f84000, 0x81, 2, 1),
    PLL(0x63f88000, 0x62, 3, 3), PLL(0x63f8c000, 0x91, 0x2f, 0x17),
    {0x53fd4014, 0x00888945}, {0x53fd4018, 0x00016154}, {0x53fd401c, 0x01000000},
    {0x53fd4024, 0x0000000a}, {0x53fd4010, 0}, {0x53fd400c, 0}, {0x53fd4060, 0x000a00f0},
    {0x63fa0014, 0x124},
    {0x53f00000, 0x77777777}, {0x53f00004, 0x77777777}, {0x63f00000, 0x77777777}, {0x63f00004, 0x77777777},
    {0x63f9980c, 4}, // fuse shadow: SATA reference clock
};
// clang-format on

const struct board imx53_qsb_board = {
    .name = "imx53-qsb",
    .title = "Freescale i.MX53 Quick Start Board",
    .cpu = "cortex-a8",
    .midr = 0x412fc085,
    .default_mips = 100,
    .ram_default = 0x40000000,
    .ram = ram,
    .ram_count = ARRAY_LEN(ram),
    .oscillators = oscillators,
    .oscillator_count = ARRAY_LEN(oscillators),
    .devices = devices,
    .device_count = ARRAY_LEN(devices),
    .wires = wires,
    .wire_count = ARRAY_LEN(wires),
    .levels = levels,
    .level_count = ARRAY_LEN(levels),
    .clocks = clocks,
    .clock_count = ARRAY_LEN(clocks),
    .hole = BUS_HOLE_ABORT,
    .holes = holes,
    .hole_count = ARRAY_LEN(holes),
    .serials = (const char *const[]){"uart1", "uart2", "uart3", "uart4", "uart5", NULL},
    .disks = (const char *const[]){"esdhc1", "esdhc3", "esdhc2", "esdhc4", NULL},
    .nets = (const char *const[]){"fec", NULL},
    .displays = (const char *const[]){"ipu", NULL},
    .gpu = "gpu3d",
    .rom = BOARD_ROM_IMX,
    .rom_disk = "esdhc1",
    .handoff = BOARD_HANDOFF_DTB,
    .kernel_offset = 0x02000000,
    .initrd_offset = 0x08000000,
    .dtb_offset = 0x07f00000,
    .pokes = pokes,
    .poke_count = ARRAY_LEN(pokes),
};
