// SPDX-License-Identifier: MIT
//
// ARM Versatile Express: motherboard V2M-P1 with the CoreTile CA9x4 (ARM DUI 0447, DUI 0448): up
// to four Cortex-A9, memory map as in the legacy mapping of that tile and in Linux's
// vexpress-v2p-ca9 device tree. Not fitted: the alias of memory at address 0, PCI Express, USB
// devices, boot from flash.
#include "base/bits.h"
#include "soc/board.h"

// clang-format off
static const struct board_ram ram[] = {
    {.name = "ddr", .base = 0x60000000, .bytes = 0x40000000, .main = true},
    {.name = "sram", .base = 0x48000000, .bytes = 0x02000000},
    {.name = "vram", .base = 0x4c000000, .bytes = 0x00800000},
};

static const struct board_oscillator oscillators[] = {{"refclk1m", 1000000}, {"periphclk", 100000000}, {"tcref", 66670000}};

static const struct board_device devices[] = {
    {.name = "sysreg", .class_name = "vexpress-sysreg", .base = 0x10000000},
    {.name = "sysctl", .class_name = "sp810",           .base = 0x10001000},
    {.name = "i2c1",   .class_name = "versatile-i2c",   .base = 0x10002000},
    {.name = "aaci",   .class_name = "pl041",           .base = 0x10004000},
    {.name = "mmci",   .class_name = "pl181",           .base = 0x10005000},
    {.name = "kmi0",   .class_name = "pl050",           .base = 0x10006000},
    {.name = "kmi1",   .class_name = "pl050",           .base = 0x10007000},
    {.name = "uart0",  .class_name = "pl011",           .base = 0x10009000},
    {.name = "uart1",  .class_name = "pl011",           .base = 0x1000a000},
    {.name = "uart2",  .class_name = "pl011",           .base = 0x1000b000},
    {.name = "uart3",  .class_name = "pl011",           .base = 0x1000c000},
    {.name = "wdt",    .class_name = "sp805",           .base = 0x1000f000},
    {.name = "timer01", .class_name = "sp804",          .base = 0x10011000},
    {.name = "timer23", .class_name = "sp804",          .base = 0x10012000},
    {.name = "i2c0",   .class_name = "versatile-i2c",   .base = 0x10016000},
    {.name = "rtc",    .class_name = "pl031",           .base = 0x10017000},
    {.name = "cf",     .class_name = "compact-flash",   .base = 0x1001a000},
    {.name = "clcd0",  .class_name = "pl111",           .base = 0x1001f000},
    {.name = "clcd1",  .class_name = "pl111",           .base = 0x10020000},
    {.name = "dmc",    .class_name = "pl341",           .base = 0x100e0000},
    {.name = "smc",    .class_name = "pl354",           .base = 0x100e1000},
    {.name = "timer45", .class_name = "sp804",          .base = 0x100e4000},
    {.name = "wdt1",   .class_name = "sp805",           .base = 0x100e5000},
    {.name = "scu",    .class_name = "a9-scu",          .base = 0x1e000000},
    {.name = "gic",    .class_name = "arm-gic",         .base = 0x1e000000},
    {.name = "gtimer", .class_name = "a9-global-timer", .base = 0x1e000200},
    {.name = "ptimer", .class_name = "a9-timers",       .base = 0x1e000600},
    {.name = "l2",     .class_name = "l2c-310",         .base = 0x1e00a000},
    {.name = "flash0", .class_name = "erased-flash",    .base = 0x40000000},
    {.name = "flash1", .class_name = "erased-flash",    .base = 0x44000000},
    {.name = "eth",    .class_name = "lan9118",         .base = 0x4e000000},
    {.name = "usb",    .class_name = "isp1761",         .base = 0x4f000000},
};

// Private interrupts of core k stand from line 64 + 16 k - 16 + ID: global timer 27, private timer 29,
// its watchdog 30.
#define PRIVATE(k, gt, pt, wd) \
    {"gic.core" #k, "cpu" #k ".irq"}, {"gtimer.core" #k, "gic." #gt}, {"ptimer.timer" #k, "gic." #pt}, {"ptimer.wdt" #k, "gic." #wd}
static const struct board_wire wires[] = {
    PRIVATE(0, 75, 77, 78), PRIVATE(1, 91, 93, 94), PRIVATE(2, 107, 109, 110), PRIVATE(3, 123, 125, 126),
    {"timer01.any", "gic.2"}, {"timer23.any", "gic.3"}, {"timer45.timer1", "gic.48"}, {"timer45.timer2", "gic.49"},
    {"uart0.irq", "gic.5"}, {"uart1.irq", "gic.6"}, {"uart2.irq", "gic.7"}, {"uart3.irq", "gic.8"},
    {"mmci.irq0", "gic.9"}, {"mmci.irq1", "gic.10"}, {"mmci.card", "sysreg.card"}, {"mmci.protected", "sysreg.protected"},
    {"clcd0.irq", "gic.14"}, {"clcd1.irq", "gic.44"}, {"eth.irq", "gic.15"},
};

static const struct board_clock clocks[] = {
    {"timer01.timclk1", "refclk1m"}, {"timer01.timclk2", "refclk1m"}, {"timer23.timclk1", "refclk1m"}, {"timer23.timclk2", "refclk1m"},
    {"timer45.timclk1", "tcref"}, {"timer45.timclk2", "tcref"}, {"gtimer.periphclk", "periphclk"}, {"ptimer.periphclk", "periphclk"},
};

static const struct bus_hole_range holes[] = {
    {"motherboard", 0x10000000, 0x00020000, BUS_HOLE_ZERO},
    {"tile", 0x10020000, 0x000e0000, BUS_HOLE_ZERO},
    {"private", 0x1e000000, 0x00010000, BUS_HOLE_ZERO},
};

// Where the secondary cores wait, as the board's firmware does it: each turns its interrupt interface
// on and sleeps until SYS_FLAGS holds an address to go to.
static const struct board_poke pokes[] = {
    {0x48000000, 0xe59f0024}, // ldr r0, =CPU interface
    {0x48000004, 0xe3a01001}, {0x48000008, 0xe5801000}, // control = 1
    {0x4800000c, 0xe3a010ff}, {0x48000010, 0xe5801004}, // all priorities
    {0x48000014, 0xe59f0014}, // ldr r0, =SYS_FLAGS
    {0x48000018, 0xe320f003}, // wfi
    {0x4800001c, 0xe5901000}, {0x48000020, 0xe3510000}, {0x48000024, 0x0afffffb}, // until it is not 0
    {0x48000028, 0xe12fff11}, // bx r1
    {0x4800002c, 0x1e000100}, {0x48000030, 0x10000030},
};
// clang-format on

const struct board vexpress_a9_board = {
    .name = "vexpress-a9",
    .title = "ARM Versatile Express, CoreTile Cortex-A9x4",
    .cpu = "cortex-a9",
    .cpus = 4,
    .cbar = 0x1e000000,
    .secondary_pc = 0x48000000,
    .default_mips = 1000,
    .ram_default = 0x20000000,
    .ram = ram,
    .ram_count = ARRAY_LEN(ram),
    .oscillators = oscillators,
    .oscillator_count = ARRAY_LEN(oscillators),
    .devices = devices,
    .device_count = ARRAY_LEN(devices),
    .wires = wires,
    .wire_count = ARRAY_LEN(wires),
    .clocks = clocks,
    .clock_count = ARRAY_LEN(clocks),
    .hole = BUS_HOLE_ABORT,
    .holes = holes,
    .hole_count = ARRAY_LEN(holes),
    .serials = (const char *const[]){"uart0", "uart1", "uart2", "uart3", NULL},
    .disks = (const char *const[]){"mmci", NULL},
    .nets = (const char *const[]){"eth", NULL},
    .displays = (const char *const[]){"clcd0", "clcd1", NULL},
    .rom = BOARD_ROM_NONE,
    .handoff = BOARD_HANDOFF_DTB,
    .kernel_offset = 0x00010000,
    .initrd_offset = 0x08000000,
    .dtb_offset = 0x07f00000,
    .pokes = pokes,
    .poke_count = ARRAY_LEN(pokes),
};
