// SPDX-License-Identifier: MIT
//
// Register blocks from tables. One row says everything about one register (or an array of them):
// name, offset, reset value, which bits software may write, which are write-one-to-clear, and the
// functions with side effects, if any. From the table come read/write dispatch, reset, trace names,
// save/restore, the access report and the scan test.
//
// Registers are 32-bit words at 4-byte offsets. Narrower accesses are merged into the word; a device
// with really narrow registers (16-bit WDOG) gives rows at its own offsets with `bytes` = 2 or 1.
#ifndef BASE_REGFILE_H
#define BASE_REGFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct regfile;
struct snap_writer;
struct snap_reader;
struct err;

struct reg_row {
    const char *name;   // data sheet name; "[n]" is added for arrays
    uint32_t offset;    // bytes from the block's base
    uint32_t reset;     // value after reset
    uint32_t writable;  // bits a write replaces (0: read only)
    uint32_t w1c;       // bits a written 1 clears
    uint16_t count;     // array length; 0 and 1 both mean one register
    uint16_t stride;    // bytes between array elements; 0 means 4
    uint8_t bytes;      // register width; 0 means 4
    // Optional hooks. `i` is the array index. A read hook returns the value seen (the stored value
    // is regfile_get); a write hook runs after the stored value was updated by the masks above and
    // gets the raw written word and the stored value from before.
    uint32_t (*read)(struct regfile *rf, const struct reg_row *row, unsigned i);
    void (*write)(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                  uint32_t old);
    const char *doc; // one line, for the generated documentation
};

struct reg_table {
    const char *name; // block name, e.g. "uart"
    const struct reg_row *rows;
    unsigned count;
    uint32_t span_bytes; // size of the block's window
};

struct reg_stats {
    uint64_t reads, writes;
};

// The live registers of one instance. Embed it first in the device struct.
struct regfile {
    const struct reg_table *table;
    uint32_t *values;        // one slot a register, in table order with arrays expanded
    struct reg_stats *stats; // same indices
    uint16_t *slot_of_word;  // span/4 entries: 1 + row number of the row covering that word, 0 none
    uint32_t *first_slot;    // per row
    uint32_t slots;
};

// Builds the lookup and resets all values. -ENOMEM, or -EINVAL naming overlapping rows.
int regfile_init(struct regfile *rf, const struct reg_table *table, struct err *err);
void regfile_fini(struct regfile *rf);
void regfile_reset(struct regfile *rf);

// Access of 1, 2, 4 (or 8, split) bytes at a byte offset. Returns false, reads 0 and drops writes
// when no row covers the offset: the caller reports it as unclaimed.
bool regfile_read(struct regfile *rf, uint32_t off, unsigned size, uint64_t *val);
bool regfile_write(struct regfile *rf, uint32_t off, unsigned size, uint64_t val);

// Stored values without hooks. The row must belong to the table.
uint32_t regfile_get(const struct regfile *rf, const struct reg_row *row, unsigned i);
void regfile_put(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t v);
// The same by byte offset: a device's own code uses its offset constants. 0 when no row is there.
uint32_t regfile_peek(const struct regfile *rf, uint32_t off);
void regfile_poke(struct regfile *rf, uint32_t off, uint32_t v);

// Name of the register at an offset into buf ("CR", "CCGR[3]", "+0x1f4" when no row is there).
const char *regfile_name(const struct reg_table *table, uint32_t off, char *buf, unsigned n);

void regfile_save(const struct regfile *rf, struct snap_writer *w);
int regfile_load(struct regfile *rf, struct snap_reader *r, struct err *err);

#endif
