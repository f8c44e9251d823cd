// SPDX-License-Identifier: MIT
//
// The address space behind the CPU's RAM windows: a sorted map of windows, each with something that
// answers there. Accesses that nothing claims are counted by device, register, program counter and
// direction, so that nobody debugs a silent hole; what the CPU sees then is the board's choice.
//
// Threads: one bus belongs to the machine's thread.
#ifndef SOC_BUS_H
#define SOC_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cpu/cpu.h"

struct err;
struct log;

// Something that answers in a window. Embed it and use container_of. `off` counts from the window's
// base and is aligned to `size` (1, 2, 4 or 8). Returns false when there is no such register: reads
// then give 0, writes are dropped, and the access is counted as unclaimed.
struct bus_target {
    const char *name; // borrowed; for traces and reports
    bool (*read)(struct bus_target *t, uint32_t off, unsigned size, uint64_t *val);
    bool (*write)(struct bus_target *t, uint32_t off, unsigned size, uint64_t val);
    // Name of the register at `off` into buf; returns buf. NULL: offsets are shown.
    const char *(*reg_name)(struct bus_target *t, uint32_t off, char *buf, unsigned n);
};

// What an access sees where no window is.
enum bus_hole {
    BUS_HOLE_ABORT, // external abort
    BUS_HOLE_ZERO,  // reads 0, ignores writes
};

// A range with its own rule for holes; the rest of the address space follows the board's default.
struct bus_hole_range {
    const char *name; // for the report, e.g. "aips1"
    uint32_t base, bytes;
    enum bus_hole policy;
};

struct bus;

struct bus_config {
    enum bus_hole hole;
    const struct bus_hole_range *ranges; // borrowed
    unsigned range_count;
    struct log *log;                // borrowed, may be NULL
    uint32_t (*pc)(void *pc_owner); // where the CPU is; NULL when there is none
    void *pc_owner;
};

struct bus *bus_create(const struct bus_config *cfg, struct err *err);
void bus_destroy(struct bus *bus);

// The CPU's side of the bus; valid as long as the bus.
struct cpu_bus *bus_cpu_port(struct bus *bus);

// Lets `t` (borrowed) answer in [base, base + bytes). -EEXIST names both when windows overlap.
int bus_map(struct bus *bus, uint32_t base, uint32_t bytes, struct bus_target *t, struct err *err);

// The same accesses that a CPU makes, e.g. from a loader, a monitor or a test.
enum cpu_bus_result bus_read(struct bus *bus, uint32_t pa, unsigned size, uint64_t *val);
enum cpu_bus_result bus_write(struct bus *bus, uint32_t pa, unsigned size, uint64_t val);

// ---- unclaimed accesses ------------------------------------------------------------------------

struct bus_unclaimed {
    char name[64];   // "uart1.+0x1c", "aips1 hole 0x53f94000", "0x00000044"
    uint32_t pa, pc; // pc of the first access from this place
    bool write;
    unsigned size;
    uint64_t count;
    uint64_t value; // last value written
};

// Number of different (address, PC, direction); the most frequent first after bus_unclaimed_sort.
unsigned bus_unclaimed_count(const struct bus *bus);
const struct bus_unclaimed *bus_unclaimed_at(const struct bus *bus, unsigned i);
// Prints the table, most frequent first; a line that says so when there is nothing.
void bus_unclaimed_report(struct bus *bus, FILE *out);
// A device that decodes registers itself tells of one it does not model.
void bus_note_unclaimed(struct bus *bus, uint32_t pa, unsigned size, bool write, uint64_t val);

// ---- listening ----------------------------------------------------------------------------------

// Sees every access after it was made (never those to RAM windows of the CPU). A tap may change the
// value that a read gives. Several are asked in the order of their coming.
struct bus_tap {
    void (*access)(struct bus_tap *tap, uint32_t pa, unsigned size, bool write, uint64_t *val);
    struct bus_tap *next;
};
void bus_tap_add(struct bus *bus, struct bus_tap *tap); // borrowed
void bus_tap_remove(struct bus *bus, struct bus_tap *tap);
// Name of the register at pa ("uart0.UTRSTAT", "nothing at 0x...") into buf; returns buf.
const char *bus_name(struct bus *bus, uint32_t pa, char *buf, unsigned n);

#endif
