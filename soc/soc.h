// SPDX-License-Identifier: MIT
//
// A realized board without its processor: memory, bus, devices, wires, clocks, virtual time. The
// machine (machine.h) puts a CPU in front; tests drive it directly through the bus.
//
// Threads: one thread, except soc_wake_async.
#ifndef SOC_SOC_H
#define SOC_SOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/eventq.h"
#include "soc/board.h"

struct soc;
struct soc_host;

enum soc_power { SOC_POWER_OFF, SOC_POWER_RESET };

// What stands in front of the board. All functions may be NULL.
struct soc_host_ops {
    uint64_t (*now)(struct soc_host *host); // virtual ns; NULL: the event queue's time
    // A timer was armed for `when_ns`, perhaps before the end of what now runs.
    void (*armed)(struct soc_host *host, uint64_t when_ns);
    uint32_t (*pc)(struct soc_host *host);
    void (*ram_written)(struct soc_host *host, uint32_t pa, uint64_t bytes);
    // core * CPU_LINE_COUNT + enum cpu_line
    void (*cpu_line)(struct soc_host *host, unsigned line, bool level);
    unsigned (*core)(struct soc_host *host); // which core's access is in progress; NULL: the first's
    void (*wake)(struct soc_host *host); // from any thread: run devices' poll soon
    void (*power)(struct soc_host *host, enum soc_power what, const char *who);
};

struct soc_host {
    const struct soc_host_ops *ops;
};

// A property that the user sets instead of the board.
struct soc_override {
    const char *device, *prop;
    uint32_t value;
};

struct soc_config {
    uint64_t ram_bytes; // 0: the board's default
    unsigned cpus;      // cores; 0: one
    uint64_t epoch;     // calendar time at start, seconds since 1970; 0: 2024-01-01
    const struct soc_override *overrides; // borrowed
    unsigned override_count;
    struct log *log;       // borrowed, may be NULL
    struct soc_host *host; // borrowed, may be NULL
};

// Makes memory and instances of every row. -EINVAL names the row that is wrong (unknown class, name
// twice, windows that overlap, memory size that the board cannot have).
struct soc *soc_create(const struct board *board, const struct soc_config *cfg, struct err *err);
// Realizes the devices, connects wires and clocks, checks that nothing is left open, resets.
int soc_realize(struct soc *soc, struct err *err);
void soc_reset(struct soc *soc);
void soc_destroy(struct soc *soc);

const struct board *soc_board(const struct soc *soc);
unsigned soc_cores(const struct soc *soc);
unsigned soc_core(const struct soc *soc); // whose access is in progress
struct bus *soc_bus(struct soc *soc);
struct eventq *soc_events(struct soc *soc);
struct log *soc_log(const struct soc *soc);
uint64_t soc_now(const struct soc *soc);
// Calendar time (seconds since 1970) when the machine started.
uint64_t soc_epoch(const struct soc *soc);

// By instance name; NULL when there is none. By number, NULL past the last.
struct device *soc_device(struct soc *soc, const char *name);
struct device *soc_device_at(struct soc *soc, unsigned i);

// One piece of memory as the board placed it.
struct soc_ram {
    const struct board_ram *row;
    uint8_t *host;  // mapped, zeroed, shareable (memfd)
    uint64_t bytes; // fitted
    int fd;
};
unsigned soc_ram_count(const struct soc *soc);
const struct soc_ram *soc_ram_at(const struct soc *soc, unsigned i);
// Base of the first main memory and its size there.
uint32_t soc_main_ram(const struct soc *soc, uint64_t *bytes);

// Physical memory access by loaders and devices. -EFAULT when any byte is outside RAM.
int soc_dma_read(struct soc *soc, uint32_t pa, void *buf, size_t n);
int soc_dma_write(struct soc *soc, uint32_t pa, const void *buf, size_t n);

// A device asks for power off or reset.
void soc_power(struct soc *soc, enum soc_power what, const char *who);
// During a reset: whether a device asked for it (a watchdog), not the power button.
bool soc_reset_is_warm(const struct soc *soc);

// From any thread: some device has news; its poll function will run on the machine's thread.
void soc_wake_async(struct soc *soc);
void soc_poll_async(struct soc *soc);
bool soc_async_pending(const struct soc *soc); // woken, and not polled since

// Runs timers up to `now_ns` (tests and the machine's loop).
void soc_advance(struct soc *soc, uint64_t now_ns);

// What the display device of that name shows; errors as device_class.scanout, -ENOENT.
struct picture;
int soc_scanout(struct soc *soc, const char *name, struct picture *pic, struct err *err);

// Reports for people.
void soc_report_devices(struct soc *soc, FILE *out);
void soc_report_irqs(struct soc *soc, FILE *out);
void soc_report_registers(struct soc *soc, struct device *dev, FILE *out);

// Sections "dev.NAME" for every device and "ram.NAME" for memory.
void soc_save(struct soc *soc, struct snap_writer *w);
int soc_restore(struct soc *soc, struct snap_reader *r, struct err *err);

#endif
