// SPDX-License-Identifier: MIT
//
// Two boards with the S3C2410 (ARM920T, 200 MHz). smdk2410: Samsung's evaluation board, 64 MiB SDRAM,
// 2 MiB NOR flash at 0, NAND, CS8900. ce-emulator: what Windows CE images for Microsoft's Device
// Emulator expect (public interface facts): the same blocks, 32 MiB NOR, extension memory, virtual
// devices inside the serial ports' space. Memory map and interrupts: S3C2410A User's Manual. Left out:
// PCMCIA, the PS/2 keyboard behind SPI.
#include "base/bits.h"
#include "soc/board.h"

// clang-format off
#define PROPS(...) (const struct device_prop[]){__VA_ARGS__, {NULL, 0}}

static const struct board_ram smdk_ram[] = {
    {.name = "sdram", .base = 0x30000000, .bytes = 0x04000000, .decoded = 0x08000000, .main = true},
    {.name = "sram", .base = 0x40000000, .bytes = 0x1000},
    {.name = "nor", .base = 0x00000000, .bytes = 0x200000, .readonly = true, .written = "nor"},
};
static const struct board_ram ce_ram[] = {
    {.name = "sdram", .base = 0x30000000, .bytes = 0x04000000, .main = true},
    {.name = "extension", .base = 0x34000000, .bytes = 0x0c000000, .main = true},
    {.name = "sram", .base = 0x40000000, .bytes = 0x1000},
    {.name = "nor", .base = 0x00000000, .bytes = 0x02000000, .readonly = true, .written = "nor"},
};

static const struct board_oscillator oscillators[] = {{"fin", 12000000}};

#define DEVICES \
    {.name = "eth",   .class_name = "cs8900",       .base = 0x19000300}, \
    {.name = "memc",  .class_name = "s3c-memc",     .base = 0x48000000}, \
    {.name = "usbh",  .class_name = "s3c-ohci",     .base = 0x49000000}, \
    {.name = "intc",  .class_name = "s3c-intc",     .base = 0x4a000000}, \
    {.name = "dma",   .class_name = "s3c-dma",      .base = 0x4b000000}, \
    {.name = "clk",   .class_name = "s3c2410-clk",  .base = 0x4c000000}, \
    {.name = "lcd",   .class_name = "s3c-lcd",      .base = 0x4d000000}, \
    {.name = "nand",  .class_name = "s3c2410-nand", .base = 0x4e000000, .props = PROPS({"boot", 0})}, \
    {.name = "uart0", .class_name = "s3c2410-uart", .base = 0x50000000}, \
    {.name = "uart1", .class_name = "s3c2410-uart", .base = 0x50004000}, \
    {.name = "uart2", .class_name = "s3c2410-uart", .base = 0x50008000}, \
    {.name = "pwm",   .class_name = "s3c-pwm",      .base = 0x51000000}, \
    {.name = "usbd",  .class_name = "s3c-usbd",     .base = 0x52000140}, \
    {.name = "wdt",   .class_name = "s3c-wdt",      .base = 0x53000000}, \
    {.name = "iic",   .class_name = "s3c-iic",      .base = 0x54000000}, \
    {.name = "iis",   .class_name = "s3c-iis",      .base = 0x55000000}, \
    {.name = "gpio",  .class_name = "s3c2440-gpio", .base = 0x56000000, .props = PROPS({"id", 0x32410002})}, \
    {.name = "rtc",   .class_name = "s3c-rtc",      .base = 0x57000040}, \
    {.name = "adc",   .class_name = "s3c-adc",      .base = 0x58000000}, \
    {.name = "spi",   .class_name = "s3c-spi",      .base = 0x59000000}, \
    {.name = "sdi",   .class_name = "s3c2410-sdi",  .base = 0x5a000000}

static const struct board_device smdk_devices[] = {
    {.name = "nor", .class_name = "nor-flash", .base = 0x00200000}, DEVICES,
};
static const struct board_device ce_devices[] = {
    {.name = "nor", .class_name = "nor-flash", .base = 0x02000000, .props = PROPS({"id", 0x225b})}, DEVICES,
    {.name = "virtual", .class_name = "ce-virtual", .base = 0x500f0000},
};

static const struct board_wire wires[] = {
    {"intc.irq", "cpu.irq"}, {"intc.fiq", "cpu.fiq"},
    {"gpio.eint0", "intc.0"}, {"gpio.eint1", "intc.1"}, {"gpio.eint2", "intc.2"}, {"gpio.eint3", "intc.3"},
    {"gpio.eint4_7", "intc.4"}, {"gpio.eint8_23", "intc.5"},
    {"rtc.tick", "intc.8"}, {"rtc.alarm", "intc.30"}, {"lcd.irq", "intc.16"}, {"sdi.irq", "intc.21"}, {"iic.irq", "intc.27"},
    {"wdt.irq", "intc.9"},
    {"pwm.irq0", "intc.10"}, {"pwm.irq1", "intc.11"}, {"pwm.irq2", "intc.12"}, {"pwm.irq3", "intc.13"}, {"pwm.irq4", "intc.14"},
    {"dma.irq0", "intc.17"}, {"dma.irq1", "intc.18"}, {"dma.irq2", "intc.19"}, {"dma.irq3", "intc.20"},
    {"uart0.rx", "intc.32"}, {"uart0.tx", "intc.33"}, {"uart0.err", "intc.34"},
    {"uart1.rx", "intc.35"}, {"uart1.tx", "intc.36"}, {"uart1.err", "intc.37"},
    {"uart2.rx", "intc.38"}, {"uart2.tx", "intc.39"}, {"uart2.err", "intc.40"},
    {"adc.tc", "intc.41"}, {"adc.adc", "intc.42"},
    {"iis.tx", "dma.i2sout"}, {"iis.rx", "dma.i2sin"}, {"sdi.dreq", "dma.sdi"},
    // port G is lines 96..: interrupt 9 is pin 1
    {"eth.irq", "gpio.97"},
};

static const struct board_clock clocks[] = {
    {"clk.fin", "fin"}, {"adc.pclk", "clk.pclk"}, {"iis.pclk", "clk.pclk"}, {"pwm.pclk", "clk.pclk"},
    {"wdt.pclk", "clk.pclk"}, {"lcd.hclk", "clk.hclk"},
};

// What a boot loader leaves: watchdog off, 202.8/101.4/50.7 MHz, pins of the serial ports and the LCD.
static const struct board_poke pokes[] = {
    {0x53000000, 0}, {0x4c000000, 0xffffff}, {0x4c000014, 3}, {0x4c000004, 0x5c040}, {0x4c000008, 0x28080},
    {0x56000020, 0xaaaaaaaa}, {0x56000030, 0xaaaaaaaa}, {0x56000070, 0x2afaaa},
    {0x48000000, 0x22111110}, {0x48000028, 0xb2},
};

#define COMMON \
    .cpu = "arm920t", \
    .midr = 0x41129200, \
    .default_mips = 100, \
    .ram_default = 0x04000000, \
    .oscillators = oscillators, \
    .oscillator_count = ARRAY_LEN(oscillators), \
    .wires = wires, \
    .wire_count = ARRAY_LEN(wires), \
    .clocks = clocks, \
    .clock_count = ARRAY_LEN(clocks), \
    .hole = BUS_HOLE_ZERO, \
    .disks = (const char *const[]){"sdi", "nand", "nor", NULL}, \
    .nets = (const char *const[]){"eth", NULL}, \
    .displays = (const char *const[]){"lcd", NULL}, \
    .sounds = (const char *const[]){"iis", NULL}, \
    .rom = BOARD_ROM_MEMORY, \
    .handoff = BOARD_HANDOFF_ATAGS, \
    .kernel_offset = 0x00008000, \
    .initrd_offset = 0x02000000, \
    .dtb_offset = 0x01f00000, \
    .pokes = pokes, \
    .poke_count = ARRAY_LEN(pokes)
// clang-format on

const struct board smdk2410_board = {
    .name = "smdk2410",
    .title = "Samsung SMDK2410, starts from NOR",
    .ram = smdk_ram,
    .ram_count = ARRAY_LEN(smdk_ram),
    .devices = smdk_devices,
    .device_count = ARRAY_LEN(smdk_devices),
    .serials = (const char *const[]){"uart0", "uart1", "uart2", NULL},
    .machine_id = 193,
    COMMON,
};

const struct board ce_emulator_board = {
    .name = "ce-emulator",
    .title = "S3C2410 as Windows CE's Device Emulator has it",
    .ram = ce_ram,
    .ram_count = ARRAY_LEN(ce_ram),
    .devices = ce_devices,
    .device_count = ARRAY_LEN(ce_devices),
    // Windows CE talks on its second port
    .serials = (const char *const[]){"uart1", "uart0", "uart2", NULL},
    COMMON,
};
