// SPDX-License-Identifier: MIT
//
// Boards are data: which CPU, which memory, which devices at which addresses, which wires and
// clocks between them, how it starts. Adding a board: one file of tables in soc/boards and one line
// in soc/boards.def. Everything is checked when a board is realized (soc.h).
#ifndef SOC_BOARD_H
#define SOC_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "soc/bus.h"
#include "soc/device.h"

// Direct memory. The bytes repeat through the decoded range, as a chip select does.
struct board_ram {
    const char *name;
    uint32_t base;
    uint32_t bytes;   // largest size; main memory is filled up to the machine's size in row order
    uint64_t decoded; // bytes of address space; 0: as many as the memory has
    bool main;        // counts as the machine's memory size
    bool readonly;    // for the CPU
    const char *written; // readonly: stores go to that device's first window (flash commands)
    const char *alias_of; // the same memory as that row, seen here too
};

// One instance. `base` is a bus address, or the address on `parent`.
struct board_device {
    const char *name, *class_name;
    uint32_t base;
    const char *parent;              // NULL: on the main bus
    const struct device_prop *props; // ends with a NULL name; may be NULL
};

struct board_wire {
    // "uart1.irq" -> "tzic.31"; "cpu.irq" and "cpu.fiq" are the processor's, "cpu1.irq" its second
    // core's
    const char *from, *to;
};

// Level of an input that no wire drives.
struct board_level {
    const char *input; // "gpio1.8"
    bool level;
};

// A key or switch by the name printed on the board.
struct board_key {
    const char *name, *input; // "K1", "gpio.96"
    bool pressed;             // level of the input while it is pressed
};

struct board_clock {
    const char *input;  // "gpt.per"
    const char *source; // "ccm.per", or the name of an oscillator
};

struct board_oscillator {
    const char *name;
    uint64_t hz;
};

// A store that firmware would have done before a kernel starts (straight boot).
struct board_poke {
    uint32_t pa, value;
};

// What a boot loader or boot ROM is; machine.c and boot_*.c know how each is done.
enum board_rom {
    BOARD_ROM_NONE,
    BOARD_ROM_IMX,    // image vector table on the card (i.MX35/51/53)
    BOARD_ROM_MEMORY, // none: the CPU starts at address 0, in what a device put there
};

enum board_handoff {
    BOARD_HANDOFF_DTB,   // r0 = 0, r1 = ~0, r2 = device tree
    BOARD_HANDOFF_ATAGS, // r0 = 0, r1 = machine id, r2 = tag list
};

struct board {
    const char *name, *title;
    const char *cpu;       // model of cpu/cpu.h
    uint32_t midr;         // stepping, 0: the model's
    unsigned cpus;         // cores that it may have; 0: one
    uint32_t cbar;         // the cores' private peripherals; 0: the model's
    uint32_t secondary_pc; // where cores but the first start (straight boot)
    unsigned default_mips; // virtual instructions per microsecond
    uint32_t ram_default;  // bytes
    const struct board_ram *ram;
    unsigned ram_count;
    const struct board_oscillator *oscillators;
    unsigned oscillator_count;
    const struct board_device *devices;
    unsigned device_count;
    const struct board_wire *wires;
    unsigned wire_count;
    const struct board_level *levels;
    unsigned level_count;
    const struct board_key *keys;
    unsigned key_count;
    const struct board_clock *clocks;
    unsigned clock_count;
    enum bus_hole hole;
    const struct bus_hole_range *holes;
    unsigned hole_count;
    // Doors, in the order of the user's options; end with NULL.
    const char *const *serials, *const *disks, *const *nets, *const *displays,
        *const *sounds;
    const char *gpu; // the device that a vGPU sits behind, or NULL

    enum board_rom rom;
    const char *rom_disk; // disk door that the boot ROM reads by default
    enum board_handoff handoff;
    uint32_t machine_id;                               // for ATAGs
    uint32_t kernel_offset, initrd_offset, dtb_offset; // from the first main memory, straight boot
    const struct board_poke *pokes;
    unsigned poke_count;
};

// Null-terminated list of all boards; NULL when there is none of that name.
const struct board *const *board_list(void);
const struct board *board_find(const char *name);

// The class of that name, or NULL; all classes, NULL-terminated.
const struct device_class *device_class_find(const char *name);
const struct device_class *const *device_classes(void);

#endif
