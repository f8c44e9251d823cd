// SPDX-License-Identifier: MIT
//
// Saved state: a stream of named, versioned sections. Format (little endian): magic "YMTO", u32
// format version, then sections {u16 name length, name, u32 section version, u64 payload bytes,
// payload, u32 crc32 of the payload}. A reader refuses what it cannot read by section name. Plain
// state is described by field tables, so that saving, loading and hashing come from one row.
#ifndef BASE_SNAPSHOT_H
#define BASE_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

// One member of a state struct: integers and arrays of integers only (never pointers).
struct snap_field {
    const char *name;
    uint32_t offset, elem_bytes, count; // elem_bytes 1, 2, 4 or 8
};
#define SNAP_FIELD(type, m)                                                                        \
    {#m, offsetof(type, m), sizeof(((type *)0)->m), 1}
#define SNAP_ARRAY(type, m)                                                                        \
    {#m, offsetof(type, m), sizeof(((type *)0)->m[0]), sizeof(((type *)0)->m) / sizeof(((type *)0)->m[0])}
#define SNAP_END {0, 0, 0, 0}

struct snap_writer; // growing buffer
struct snap_reader; // borrowed buffer, bounds checked

struct snap_writer *snap_writer_create(void);
void snap_writer_destroy(struct snap_writer *w);
void snap_begin(struct snap_writer *w, const char *section, uint32_t version);
void snap_end(struct snap_writer *w);
void snap_put(struct snap_writer *w, const void *data, size_t n);
void snap_put_u32(struct snap_writer *w, uint32_t v);
void snap_put_u64(struct snap_writer *w, uint64_t v);
void snap_put_fields(struct snap_writer *w, const struct snap_field *table, const void *state);
// The bytes so far; borrowed until the next put. NULL with *n = 0 if memory ran out on the way.
const void *snap_bytes(const struct snap_writer *w, size_t *n);
// Writes the stream to a file through a temporary name; a full disk leaves the old file alone.
int snap_save(const struct snap_writer *w, const char *path, struct err *err);

// Checks magic, version, section structure and CRCs. `data` is borrowed until destroy.
struct snap_reader *snap_reader_create(const void *data, size_t n, struct err *err);
void snap_reader_destroy(struct snap_reader *r);
// Positions on a section by name; -ENOENT names it. *version is what the writer gave.
int snap_open(struct snap_reader *r, const char *section, uint32_t *version, struct err *err);
// Reads inside the open section; -EINVAL (named) past its end. After the first failure all fail.
int snap_get(struct snap_reader *r, void *data, size_t n, struct err *err);
uint32_t snap_get_u32(struct snap_reader *r); // 0 after a failure; check snap_failed
uint64_t snap_get_u64(struct snap_reader *r);
int snap_get_fields(struct snap_reader *r, const struct snap_field *table, void *state,
                    struct err *err);
int snap_failed(const struct snap_reader *r, struct err *err); // 0, or the first failure

#endif
