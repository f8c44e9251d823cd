// SPDX-License-Identifier: MIT
//
// FriendlyARM mini2440: S3C2440A (ARM920T, 405 MHz), 64 MiB SDRAM, 240x320 LCD, DM9000, SD slot,
// NAND, 24C08. Memory map and interrupt numbers: S3C2440A User's Manual; wiring: the board's
// schematic as Linux's board file tells it. Two boards: its switch chooses what it starts from.
#include "base/bits.h"
#include "soc/board.h"

// clang-format off
#define PROPS(...) (const struct device_prop[]){__VA_ARGS__, {NULL, 0}}

static const struct board_ram ram[] = {
    // bank 6 decodes 128 MiB: boot loaders size memory by looking for the repetition
    {.name = "sdram", .base = 0x30000000, .bytes = 0x04000000, .decoded = 0x08000000, .main = true},
    {.name = "sram", .base = 0x40000000, .bytes = 0x1000},
    {.name = "steppingstone", .base = 0x00000000, .bytes = 0x1000, .alias_of = "sram"},
};

// The switch at NOR: the flash at 0, the boot memory only at its own address.
static const struct board_ram nor_ram[] = {
    {.name = "sdram", .base = 0x30000000, .bytes = 0x04000000, .decoded = 0x08000000, .main = true},
    {.name = "sram", .base = 0x40000000, .bytes = 0x1000},
    {.name = "nor", .base = 0x00000000, .bytes = 0x200000, .readonly = true, .written = "nor"},
};

static const struct board_oscillator oscillators[] = {{"fin", 12000000}};

#define DEVICES(boot_)                                                                             \
    {.name = "eth",   .class_name = "dm9000",       .base = 0x20000300}, \
    {.name = "memc",  .class_name = "s3c-memc",     .base = 0x48000000}, \
    {.name = "usbh",  .class_name = "s3c-ohci",     .base = 0x49000000}, \
    {.name = "intc",  .class_name = "s3c-intc",     .base = 0x4a000000}, \
    {.name = "dma",   .class_name = "s3c-dma",      .base = 0x4b000000}, \
    {.name = "clk",   .class_name = "s3c2440-clk",  .base = 0x4c000000}, \
    {.name = "lcd",   .class_name = "s3c-lcd",      .base = 0x4d000000}, \
    {.name = "nand",  .class_name = "s3c2440-nand", .base = 0x4e000000, .props = PROPS({"boot", boot_})}, \
    {.name = "camif", .class_name = "s3c-camif",    .base = 0x4f000000}, \
    {.name = "uart0", .class_name = "s3c2440-uart", .base = 0x50000000}, \
    {.name = "uart1", .class_name = "s3c2440-uart", .base = 0x50004000}, \
    {.name = "uart2", .class_name = "s3c2440-uart", .base = 0x50008000}, \
    {.name = "pwm",   .class_name = "s3c-pwm",      .base = 0x51000000}, \
    {.name = "usbd",  .class_name = "s3c-usbd",     .base = 0x52000140}, \
    {.name = "wdt",   .class_name = "s3c-wdt",      .base = 0x53000000}, \
    {.name = "iic",   .class_name = "s3c-iic",      .base = 0x54000000}, \
    {.name = "iis",   .class_name = "s3c-iis",      .base = 0x55000000}, \
    {.name = "gpio",  .class_name = "s3c2440-gpio", .base = 0x56000000}, \
    {.name = "rtc",   .class_name = "s3c-rtc",      .base = 0x57000040}, \
    {.name = "adc",   .class_name = "s3c-adc",      .base = 0x58000000}, \
    {.name = "spi",   .class_name = "s3c-spi",      .base = 0x59000000}, \
    {.name = "sdi",   .class_name = "s3c2440-sdi",  .base = 0x5a000000}, \
    {.name = "ac97",  .class_name = "s3c-ac97",     .base = 0x5b000000}, \
    {.name = "eeprom0", .class_name = "24c08-block", .base = 0x50, .parent = "iic"}, \
    {.name = "eeprom1", .class_name = "24c08-block", .base = 0x51, .parent = "iic"}, \
    {.name = "eeprom2", .class_name = "24c08-block", .base = 0x52, .parent = "iic"}, \
    {.name = "eeprom3", .class_name = "24c08-block", .base = 0x53, .parent = "iic"},

static const struct board_device devices[] = {DEVICES(1)};
static const struct board_device nor_devices[] = {
    {.name = "nor", .class_name = "nor-flash", .base = 0x00200000}, DEVICES(0)};

static const struct board_wire wires[] = {
    {"intc.irq", "cpu.irq"}, {"intc.fiq", "cpu.fiq"},
    {"gpio.eint0", "intc.0"}, {"gpio.eint1", "intc.1"}, {"gpio.eint2", "intc.2"}, {"gpio.eint3", "intc.3"},
    {"gpio.eint4_7", "intc.4"}, {"gpio.eint8_23", "intc.5"},
    {"rtc.tick", "intc.8"}, {"rtc.alarm", "intc.30"}, {"lcd.irq", "intc.16"}, {"sdi.irq", "intc.21"}, {"iic.irq", "intc.27"},
    {"pwm.irq0", "intc.10"}, {"pwm.irq1", "intc.11"}, {"pwm.irq2", "intc.12"}, {"pwm.irq3", "intc.13"}, {"pwm.irq4", "intc.14"},
    {"dma.irq0", "intc.17"}, {"dma.irq1", "intc.18"}, {"dma.irq2", "intc.19"}, {"dma.irq3", "intc.20"},
    // sub-sources stand from line 32
    {"uart0.rx", "intc.32"}, {"uart0.tx", "intc.33"}, {"uart0.err", "intc.34"},
    {"uart1.rx", "intc.35"}, {"uart1.tx", "intc.36"}, {"uart1.err", "intc.37"},
    {"uart2.rx", "intc.38"}, {"uart2.tx", "intc.39"}, {"uart2.err", "intc.40"},
    {"adc.tc", "intc.41"}, {"adc.adc", "intc.42"}, {"wdt.irq", "intc.45"},
    {"nand.irq", "intc.24"}, {"iis.tx", "dma.i2sout"}, {"iis.rx", "dma.i2sin"},
    // port F is lines 80.., port G 96..
    {"eth.irq", "gpio.87"}, {"sdi.cd", "gpio.104"}, {"sdi.dreq", "dma.sdi"},
};

static const struct board_level levels[] = { // keys, not pressed
    {"gpio.96", true}, {"gpio.99", true}, {"gpio.101", true}, {"gpio.102", true}, {"gpio.103", true}, {"gpio.107", true},
};

static const struct board_key keys[] = {
    {"K1", "gpio.96", false}, {"K2", "gpio.99", false}, {"K3", "gpio.101", false},
    {"K4", "gpio.102", false}, {"K5", "gpio.103", false}, {"K6", "gpio.107", false},
};

static const struct board_clock clocks[] = {
    {"clk.fin", "fin"}, {"adc.pclk", "clk.pclk"}, {"iis.pclk", "clk.pclk"}, {"pwm.pclk", "clk.pclk"}, {"wdt.pclk", "clk.pclk"}, {"lcd.hclk", "clk.hclk"},
};

// What the board's own firmware leaves: watchdog off, 405/101/50.6 MHz, pins of the serial ports,
// the SD slot, the bus and the LCD.
static const struct board_poke pokes[] = {
    {0x53000000, 0}, {0x4c000000, 0xffffff}, {0x4c000014, 5}, {0x4c000008, 0x38022}, {0x4c000004, 0x7f021},
    {0x4c00000c, 0x7fff0}, {0x56000000, 0x7fffff}, {0x56000010, 0x295551}, {0x56000018, 0x7ff},
    {0x56000020, 0xaaaaa6aa}, {0x56000030, 0xaaaaaaaa}, {0x56000040, 0xaaaaaaaa}, {0x56000050, 0x55aa},
    {0x56000060, 0x00150114}, {0x56000070, 0x0016faaa},
    {0x48000000, 0x221dd120}, {0x48000024, 0x9c03f4}, {0x48000028, 0xb2},
    {0x4e000000, 0x1230}, {0x4e000004, 3},
};
// clang-format on

// clang-format off
#define COMMON \
    .cpu = "arm920t", \
    .midr = 0x41129200, \
    .default_mips = 100, \
    .ram_default = 0x04000000, \
    .oscillators = oscillators, \
    .oscillator_count = ARRAY_LEN(oscillators), \
    .wires = wires, \
    .wire_count = ARRAY_LEN(wires), \
    .levels = levels, \
    .level_count = ARRAY_LEN(levels), \
    .keys = keys, \
    .key_count = ARRAY_LEN(keys), \
    .clocks = clocks, \
    .clock_count = ARRAY_LEN(clocks), \
    .hole = BUS_HOLE_ZERO, \
    .serials = (const char *const[]){"uart0", "uart1", "uart2", NULL}, \
    .nets = (const char *const[]){"eth", NULL}, \
    .displays = (const char *const[]){"lcd", NULL}, \
    .sounds = (const char *const[]){"iis", NULL}, \
    .rom = BOARD_ROM_MEMORY, \
    .handoff = BOARD_HANDOFF_ATAGS, \
    .machine_id = 1999, \
    .kernel_offset = 0x00008000, \
    .initrd_offset = 0x02000000, \
    .dtb_offset = 0x01f00000, \
    .pokes = pokes, \
    .poke_count = ARRAY_LEN(pokes)
// clang-format on

const struct board mini2440_board = {
    .name = "mini2440",
    .title = "FriendlyARM mini2440, starts from NAND",
    .ram = ram,
    .ram_count = ARRAY_LEN(ram),
    .devices = devices,
    .device_count = ARRAY_LEN(devices),
    .disks = (const char *const[]){"sdi", "nand", NULL},
    COMMON,
};

const struct board mini2440_nor_board = {
    .name = "mini2440-nor",
    .title = "FriendlyARM mini2440, starts from NOR",
    .ram = nor_ram,
    .ram_count = ARRAY_LEN(nor_ram),
    .devices = nor_devices,
    .device_count = ARRAY_LEN(nor_devices),
    .disks = (const char *const[]){"sdi", "nand", "nor", NULL},
    COMMON,
};
