// SPDX-License-Identifier: MIT
//
// What a device is. A class is a const table: register windows, wires, clocks, properties and a few
// functions. An instance embeds `struct device` first and is made by the board (board.h) from rows.
// Adding a device: one file in soc/dev with its class, one line in soc/dev/classes.def.
//
// Order of life: create (memory zeroed, properties known), attach (backends), realize (may fail),
// wire, reset, run, reset ..., unrealize. Reset never fails and never allocates.
#ifndef SOC_DEVICE_H
#define SOC_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bits.h"
#include "base/eventq.h"
#include "base/regfile.h"
#include "base/wire.h"
#include "soc/bus.h"

struct device;
struct disk;
struct err;
struct i2c_slave_ops;
struct log;
struct mdev;
struct netdev;
struct picture;
struct serial;
struct snap_field;
struct snap_reader;
struct snap_writer;
struct soc;
struct sound;

// ---- the class ---------------------------------------------------------------------------------

// A number that a board may give an instance, and its default.
struct device_prop {
    const char *name;
    uint32_t value;
};

// One part of the device's address range. Either a register table, or two functions.
struct device_window {
    const char *name;             // "" when the device has only one
    uint32_t offset;              // from the instance's base address
    uint32_t bytes;               // size; 0: the table's span
    const struct reg_table *regs; // or NULL and both functions:
    bool (*read)(struct device *dev, uint32_t off, unsigned size, uint64_t *val);
    bool (*write)(struct device *dev, uint32_t off, unsigned size, uint64_t val);
};

struct device_class {
    const char *name; // "imx-uart"
    const char *doc;  // one line
    size_t bytes;     // size of the instance struct
    const struct device_window *windows;
    unsigned window_count;

    const struct device_prop *props;  // ends with a NULL name; may be NULL
    const char *const *outputs;       // output wires, ends with NULL
    const char *const *inputs;        // input lines by name, ends with NULL; or
    unsigned input_count;             // that many numbered ones
    const char *const *clock_inputs;  // ends with NULL
    const char *const *clock_outputs; // ends with NULL

    int (*realize)(struct device *dev, struct err *err);
    void (*reset)(struct device *dev);     // after the registers have their reset values
    void (*unrealize)(struct device *dev); // frees what realize and attach made
    void (*input)(struct device *dev, unsigned line, bool level);
    uint64_t (*clock_hz)(struct device *dev, unsigned output);
    void (*clocks_changed)(struct device *dev); // some clock of the machine changed
    void (*poll)(struct device *dev);           // after soc_wake_async, on the machine's thread

    // Doors to the outside; NULL when the class has no such door. The backend is borrowed.
    int (*attach_serial)(struct device *dev, struct serial *serial, struct err *err);
    int (*attach_disk)(struct device *dev, struct disk *disk, struct err *err);
    int (*attach_net)(struct device *dev, struct netdev *net, struct err *err);
    int (*attach_sound)(struct device *dev, struct sound *sound, struct err *err);
    // Puts a vGPU of `type` behind the device's window; `name` is for people.
    int (*attach_gpu)(struct device *dev, struct mdev *mdev, const char *type, const char *name,
                      struct err *err);
    // The picture that the display shows now into *pic (to be released with picture_fini). -ENODATA
    // when it is dark.
    int (*scanout)(struct device *dev, struct picture *pic, struct err *err);

    // What a person does: a pointer or pen at a place of the display (0..65535 from its left and top
    // edge), a key by its USB HID usage number. True when the device took it.
    bool (*pointer)(struct device *dev, uint16_t x, uint16_t y, bool down);
    bool (*key)(struct device *dev, uint8_t usage, bool down);

    const struct i2c_slave_ops *i2c; // the class sits on an I2C bus

    // State beside registers: a field table, and functions for what it cannot say.
    const struct snap_field *state;
    uint32_t state_version;
    void (*save)(const struct device *dev, struct snap_writer *w);
    int (*restore)(struct device *dev, struct snap_reader *r, struct err *err);
    void (*report)(struct device *dev, FILE *out); // for people; NULL: registers only
};

// ---- the instance ------------------------------------------------------------------------------

struct reg_block {
    struct bus_target target;
    struct regfile rf; // only where the window has a table
    struct device *dev;
    const struct device_window *window;
};

struct clock_input {
    struct device *source; // NULL: `hz` is fixed
    unsigned output;
    uint64_t hz;
};

struct device {
    const struct device_class *cls;
    const char *name; // "uart1"
    struct soc *soc;
    struct device *parent;           // the bus that it sits on (I2C), or NULL
    uint32_t base;                   // bus address, or address on the parent
    const struct device_prop *props; // the board's, may be NULL
    struct reg_block *blocks;        // one a window
    struct wire *outs;               // one an output
    struct clock_input *clocks;      // one a clock input
    struct wire_sink in;
};

// The device whose register has a hook running.
static inline struct device *device_of(struct regfile *rf)
{
    return container_of(rf, struct reg_block, rf)->dev;
}

static inline struct regfile *device_regs(struct device *dev, unsigned window)
{
    return &dev->blocks[window].rf;
}

// Value of a property: the board's, else the class's default.
uint32_t device_prop(const struct device *dev, const char *name);

static inline void device_output(struct device *dev, unsigned output, bool level)
{
    wire_set(&dev->outs[output], level);
}

// Frequency of a clock input now; 0 when it is off.
uint64_t device_clock_hz(const struct device *dev, unsigned input);
// A provider's rates changed: everybody with clocks_changed is told.
void device_clocks_changed(struct device *dev);

// Cores of the processor, and which of them accesses the device now.
unsigned device_cores(const struct device *dev);
unsigned device_core(const struct device *dev);

// Virtual time in ns.
uint64_t device_now(const struct device *dev);
void device_arm(struct device *dev, struct event *ev, uint64_t when_ns);
void device_cancel(struct device *dev, struct event *ev);
// Timers in a snapshot.
void device_save_event(struct snap_writer *w, const struct event *ev);
void device_restore_event(struct device *dev, struct snap_reader *r, struct event *ev);

// Memory as a bus master sees it: RAM windows only. -EFAULT (nothing or part done) outside them.
int device_dma_read(struct device *dev, uint32_t pa, void *buf, size_t n);
int device_dma_write(struct device *dev, uint32_t pa, const void *buf, size_t n);
// One access by a bus master to whatever answers at pa: memory or a register of another device.
bool device_bus_read(struct device *dev, uint32_t pa, unsigned size, uint64_t *val);
bool device_bus_write(struct device *dev, uint32_t pa, unsigned size, uint64_t val);

struct log *device_log(const struct device *dev);

// The next slave on this bus at `addr`, or NULL.
struct device *device_child(struct device *dev, uint32_t addr);

// ---- arithmetic that every timer needs
// -----------------------------------------------------------

// Ticks of a clock in a span, rounded down; ns that n ticks take, rounded up. hz is not 0.
static inline uint64_t ticks_of_ns(uint64_t ns, uint64_t hz)
{
    return ns / 1000000000u * hz + ns % 1000000000u * hz / 1000000000u;
}

static inline uint64_t ns_of_ticks(uint64_t n, uint64_t hz)
{
    return n / hz * 1000000000u + (n % hz * 1000000000u + hz - 1) / hz;
}

#endif
