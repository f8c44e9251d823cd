// SPDX-License-Identifier: MIT
//
// Storage behind cards and drives: a raw image file, read only or written through, with an optional
// copy-on-write overlay in memory so that the file stays as it is.
#ifndef SOC_DISK_H
#define SOC_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk;
struct err;
struct snap_reader;
struct snap_writer;

struct disk_config {
    const char *path; // NULL: an empty medium of `bytes`, in memory
    bool snapshot;    // writes go to memory, the file is opened read only
    bool readonly;    // the guest cannot write
    uint64_t bytes;   // for path == NULL
};

// Refuses by name: files that are no whole number of 512-byte sectors, and images whose partition
// table reaches past their end (a truncated copy). -EBUSY when another machine writes to the file.
struct disk *disk_open(const struct disk_config *cfg, struct err *err);
void disk_close(struct disk *disk);

uint64_t disk_bytes(const struct disk *disk);
bool disk_readonly(const struct disk *disk);
const char *disk_name(const struct disk *disk);

// Whole range or error (-EINVAL outside the medium, -EIO). Reads of never written overlay parts
// come from the file.
int disk_read(struct disk *disk, uint64_t off, void *buf, size_t n);
int disk_write(struct disk *disk, uint64_t off, const void *buf, size_t n);
int disk_flush(struct disk *disk);

struct disk_counters {
    uint64_t reads, writes, read_bytes, written_bytes;
};
void disk_counters(const struct disk *disk, struct disk_counters *out);

// The overlay (not the file) in a snapshot; the section is the caller's.
void disk_save(const struct disk *disk, struct snap_writer *w);
int disk_restore(struct disk *disk, struct snap_reader *r, struct err *err);

#endif
