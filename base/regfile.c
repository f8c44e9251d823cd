// SPDX-License-Identifier: MIT
//
// Executes register tables; see regfile.h. Lookup is one array access per word, so that hot
// registers cost no search. Registers narrower than a word share the word's entry: the row that
// starts at the exact byte is found by a short scan.
#include "base/regfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/snapshot.h"

static unsigned row_count(const struct reg_row *row)
{
    return row->count ? row->count : 1;
}

static unsigned row_stride(const struct reg_row *row)
{
    return row->stride ? row->stride : 4;
}

static unsigned row_bytes(const struct reg_row *row)
{
    return row->bytes ? row->bytes : 4;
}

static bool row_covers(const struct reg_row *row, uint32_t off, unsigned *index)
{
    uint32_t rel, i;
    if (off < row->offset) {
        return false;
    }
    rel = off - row->offset;
    i = rel / row_stride(row);
    if (i >= row_count(row) || rel % row_stride(row) >= row_bytes(row)) {
        return false;
    }
    *index = i;
    return true;
}

// Row covering a byte offset, or NULL. First guess by word, then (narrow registers) a scan.
static const struct reg_row *find_row(const struct regfile *rf, uint32_t off, unsigned *index)
{
    const struct reg_table *t = rf->table;
    unsigned guess;
    if (off >= t->span_bytes) {
        return NULL;
    }
    guess = rf->slot_of_word[off / 4];
    if (!guess) {
        return NULL;
    }
    for (unsigned n = guess - 1; n < t->count; n++) {
        if (row_covers(&t->rows[n], off, index)) {
            return &t->rows[n];
        }
        if (t->rows[n].offset > off) {
            break;
        }
    }
    return NULL;
}

int regfile_init(struct regfile *rf, const struct reg_table *table, struct err *err)
{
    uint32_t words = (table->span_bytes + 3) / 4;
    uint8_t *seen;

    memset(rf, 0, sizeof *rf);
    rf->table = table;
    rf->first_slot = calloc(table->count + 1, sizeof *rf->first_slot);
    rf->slot_of_word = calloc(words + 1, sizeof *rf->slot_of_word);
    seen = calloc(table->span_bytes + 1, 1);
    if (!rf->first_slot || !rf->slot_of_word || !seen) {
        goto oom;
    }
    for (unsigned n = 0; n < table->count; n++) {
        const struct reg_row *row = &table->rows[n];
        rf->first_slot[n] = rf->slots;
        rf->slots += row_count(row);
        if (n && row->offset < table->rows[n - 1].offset) {
            err_set(err, -EINVAL, "%s: register %s is out of order in its table", table->name,
                    row->name);
            goto bad;
        }
        for (unsigned i = 0; i < row_count(row); i++) {
            uint32_t off = row->offset + i * row_stride(row);
            for (unsigned b = 0; b < row_bytes(row); b++) {
                if (off + b >= table->span_bytes || seen[off + b]) {
                    err_set(err, -EINVAL, "%s: register %s[%u] overlaps or is outside the window",
                            table->name, row->name, i);
                    goto bad;
                }
                seen[off + b] = 1;
            }
            // the lowest row that starts in this word: find_row scans up from it
            if (!rf->slot_of_word[off / 4]) {
                rf->slot_of_word[off / 4] = (uint16_t)(n + 1);
            }
        }
    }
    rf->values = calloc(rf->slots + 1, sizeof *rf->values);
    rf->stats = calloc(rf->slots + 1, sizeof *rf->stats);
    if (!rf->values || !rf->stats) {
        goto oom;
    }
    free(seen);
    regfile_reset(rf);
    return 0;

oom:
    err_set(err, -ENOMEM, "%s: no memory for registers", table->name);
    free(seen);
    regfile_fini(rf);
    return -ENOMEM;
bad:
    free(seen);
    regfile_fini(rf);
    return -EINVAL;
}

void regfile_fini(struct regfile *rf)
{
    free(rf->values);
    free(rf->stats);
    free(rf->slot_of_word);
    free(rf->first_slot);
    memset(rf, 0, sizeof *rf);
}

void regfile_reset(struct regfile *rf)
{
    for (unsigned n = 0; n < rf->table->count; n++) {
        for (unsigned i = 0; i < row_count(&rf->table->rows[n]); i++) {
            rf->values[rf->first_slot[n] + i] = rf->table->rows[n].reset;
        }
    }
}

static uint32_t slot_of(const struct regfile *rf, const struct reg_row *row, unsigned i)
{
    return rf->first_slot[row - rf->table->rows] + i;
}

uint32_t regfile_get(const struct regfile *rf, const struct reg_row *row, unsigned i)
{
    return rf->values[slot_of(rf, row, i)];
}

void regfile_put(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t v)
{
    rf->values[slot_of(rf, row, i)] = v;
}

uint32_t regfile_peek(const struct regfile *rf, uint32_t off)
{
    unsigned i;
    const struct reg_row *row = find_row(rf, off, &i);
    return row ? regfile_get(rf, row, i) : 0;
}

void regfile_poke(struct regfile *rf, uint32_t off, uint32_t v)
{
    unsigned i;
    const struct reg_row *row = find_row(rf, off, &i);
    if (row) {
        regfile_put(rf, row, i, v);
    }
}

static uint32_t read_row(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    uint32_t slot = slot_of(rf, row, i);
    rf->stats[slot].reads++;
    return row->read ? row->read(rf, row, i) : rf->values[slot];
}

static void write_row(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t val,
                      uint32_t lanes)
{
    uint32_t slot = slot_of(rf, row, i);
    uint32_t old = rf->values[slot];
    uint32_t mask = row->writable & lanes;
    rf->stats[slot].writes++;
    rf->values[slot] = ((old & ~mask) | (val & mask)) & ~(val & row->w1c & lanes);
    if (row->write) {
        // bytes not written keep what software would read back, but never clear flags
        uint32_t raw = (val & lanes) | (old & ~lanes & ~row->w1c);
        row->write(rf, row, i, raw, old);
    }
}

static uint32_t ones(unsigned bytes)
{
    return bytes >= 4 ? ~0u : (1u << bytes * 8) - 1;
}

bool regfile_read(struct regfile *rf, uint32_t off, unsigned size, uint64_t *val)
{
    bool any = false;
    uint64_t v = 0;
    for (unsigned at = 0; at < size;) {
        unsigned i, in, take;
        const struct reg_row *row = find_row(rf, off + at, &i);
        if (!row) {
            at++;
            continue;
        }
        in = off + at - (row->offset + i * row_stride(row));
        take = row_bytes(row) - in;
        if (take > size - at) {
            take = size - at;
        }
        v |= (uint64_t)(read_row(rf, row, i) >> in * 8 & ones(take)) << at * 8;
        any = true;
        at += take;
    }
    *val = v;
    return any;
}

bool regfile_write(struct regfile *rf, uint32_t off, unsigned size, uint64_t val)
{
    bool any = false;
    for (unsigned at = 0; at < size;) {
        unsigned i, in, take;
        const struct reg_row *row = find_row(rf, off + at, &i);
        if (!row) {
            at++;
            continue;
        }
        in = off + at - (row->offset + i * row_stride(row));
        take = row_bytes(row) - in;
        if (take > size - at) {
            take = size - at;
        }
        write_row(rf, row, i, (uint32_t)(val >> at * 8) << in * 8, ones(take) << in * 8);
        any = true;
        at += take;
    }
    return any;
}

const char *regfile_name(const struct reg_table *table, uint32_t off, char *buf, unsigned n)
{
    for (unsigned r = 0; r < table->count; r++) {
        unsigned i;
        if (row_covers(&table->rows[r], off, &i)) {
            if (row_count(&table->rows[r]) > 1) {
                snprintf(buf, n, "%s[%u]", table->rows[r].name, i);
            } else {
                snprintf(buf, n, "%s", table->rows[r].name);
            }
            return buf;
        }
    }
    snprintf(buf, n, "+0x%x", off);
    return buf;
}

void regfile_save(const struct regfile *rf, struct snap_writer *w)
{
    snap_put_u32(w, rf->slots);
    for (uint32_t i = 0; i < rf->slots; i++) {
        snap_put_u32(w, rf->values[i]);
    }
}

int regfile_load(struct regfile *rf, struct snap_reader *r, struct err *err)
{
    uint32_t n = snap_get_u32(r);
    if (snap_failed(r, err)) {
        return -EINVAL;
    }
    if (n != rf->slots) {
        return err_set(err, -EINVAL, "%s: snapshot has %u registers, this version has %u",
                       rf->table->name, n, rf->slots);
    }
    for (uint32_t i = 0; i < n; i++) {
        rf->values[i] = snap_get_u32(r);
    }
    return snap_failed(r, err);
}
