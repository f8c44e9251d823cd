// SPDX-License-Identifier: MIT
//
// Raw disk images with a copy-on-write overlay: written clusters of 64 KiB live in memory, the rest
// comes from the file. A truncated image is found by its own partition table before the guest finds
// it as a corrupt file system.
#include "soc/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "base/snapshot.h"

enum { SECTOR = 512, CLUSTER = 65536 };

struct disk {
    char *name;
    int fd; // -1: nothing behind the overlay
    bool readonly, overlay;
    uint64_t bytes;
    uint8_t **clusters; // of the overlay; NULL entries come from the file
    uint64_t cluster_count;
    struct disk_counters counters;
};

static int file_read(const struct disk *d, uint64_t off, void *buf, size_t n)
{
    uint8_t *out = buf;
    while (n) {
        ssize_t got = d->fd < 0 ? 0 : pread(d->fd, out, n, (off_t)off);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -EIO;
        }
        if (got == 0) { // past the end of the file
            memset(out, 0, n);
            return 0;
        }
        out += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

static int file_write(const struct disk *d, uint64_t off, const void *buf, size_t n)
{
    const uint8_t *in = buf;
    while (n) {
        ssize_t put = pwrite(d->fd, in, n, (off_t)off);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return -EIO;
        }
        in += put;
        off += (uint64_t)put;
        n -= (size_t)put;
    }
    return 0;
}

// A classic partition table tells how long the image should be.
static int check_partitions(const struct disk *d, struct err *err)
{
    uint8_t mbr[SECTOR];
    if (d->bytes < SECTOR || file_read(d, 0, mbr, SECTOR) || get_le16(mbr + 510) != 0xaa55) {
        return 0;
    }
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *e = mbr + 446 + i * 16;
        uint64_t end = ((uint64_t)get_le32(e + 8) + get_le32(e + 12)) * SECTOR;
        if ((e[0] & 0x7f) || e[4] == 0xee) {
            return 0; // a boot sector of a file system, or a GPT's placeholder
        }
        if (e[4] && end > d->bytes) {
            return err_set(err, -EINVAL,
                           "%s: image is truncated: partition %u ends at byte %llu, file has %llu",
                           d->name, i + 1, (unsigned long long)end, (unsigned long long)d->bytes);
        }
    }
    return 0;
}

static int open_file(struct disk *d, const struct disk_config *cfg, struct err *err)
{
    bool write = !cfg->snapshot && !cfg->readonly;
    struct stat st;
    d->fd = open(cfg->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (d->fd < 0) {
        return err_set(err, -errno, "%s: %s", cfg->path, strerror(errno));
    }
    if (fstat(d->fd, &st)) {
        return err_set(err, -errno, "%s: %s", cfg->path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        return err_set(err, -EINVAL, "%s: not a disk image", cfg->path);
    }
    d->bytes = (uint64_t)lseek(d->fd, 0, SEEK_END);
    if (!d->bytes || d->bytes % SECTOR) {
        return err_set(err, -EINVAL, "%s: %llu bytes is not a whole number of 512-byte sectors",
                       cfg->path, (unsigned long long)d->bytes);
    }
    if (flock(d->fd, (write ? LOCK_EX : LOCK_SH) | LOCK_NB) && errno == EWOULDBLOCK) {
        return err_set(err, -EBUSY, "%s: in use by another machine; try --snapshot", cfg->path);
    }
    return check_partitions(d, err);
}

struct disk *disk_open(const struct disk_config *cfg, struct err *err)
{
    struct disk *d = calloc(1, sizeof *d);
    if (!d) {
        err_set(err, -ENOMEM, "disk: no memory");
        return NULL;
    }
    d->fd = -1;
    d->name = strdup(cfg->path ? cfg->path : "empty disk");
    d->readonly = cfg->readonly;
    d->overlay = cfg->snapshot || !cfg->path;
    d->bytes = cfg->bytes;
    if (!d->name || (cfg->path && open_file(d, cfg, err))) {
        goto fail;
    }
    if (!cfg->path && (!d->bytes || d->bytes % SECTOR)) {
        err_set(err, -EINVAL, "empty disk: %llu bytes is not a whole number of 512-byte sectors",
                (unsigned long long)d->bytes);
        goto fail;
    }
    d->cluster_count = (d->bytes + CLUSTER - 1) / CLUSTER;
    if (d->overlay) {
        d->clusters = calloc(d->cluster_count, sizeof *d->clusters);
        if (!d->clusters) {
            err_set(err, -ENOMEM, "%s: no memory for the overlay", d->name);
            goto fail;
        }
    }
    return d;

fail:
    disk_close(d);
    return NULL;
}

void disk_close(struct disk *d)
{
    if (!d) {
        return;
    }
    for (uint64_t i = 0; d->clusters && i < d->cluster_count; i++) {
        free(d->clusters[i]);
    }
    free(d->clusters);
    if (d->fd >= 0) {
        close(d->fd);
    }
    free(d->name);
    free(d);
}

uint64_t disk_bytes(const struct disk *d)
{
    return d->bytes;
}

bool disk_readonly(const struct disk *d)
{
    return d->readonly;
}

const char *disk_name(const struct disk *d)
{
    return d->name;
}

int disk_read(struct disk *d, uint64_t off, void *buf, size_t n)
{
    uint8_t *out = buf;
    if (!range_ok(off, n, d->bytes)) {
        return -EINVAL;
    }
    d->counters.reads++;
    d->counters.read_bytes += n;
    if (!d->overlay) {
        return file_read(d, off, buf, n);
    }
    while (n) {
        size_t in = off % CLUSTER, run = CLUSTER - in;
        const uint8_t *c = d->clusters[off / CLUSTER];
        run = run < n ? run : n;
        if (c) {
            memcpy(out, c + in, run);
        } else if (file_read(d, off, out, run)) {
            return -EIO;
        }
        out += run;
        off += run;
        n -= run;
    }
    return 0;
}

static uint8_t *own_cluster(struct disk *d, uint64_t i)
{
    uint8_t *c = d->clusters[i];
    if (!c) {
        c = malloc(CLUSTER);
        if (c && file_read(d, i * CLUSTER, c, CLUSTER)) {
            free(c);
            c = NULL;
        }
        d->clusters[i] = c;
    }
    return c;
}

int disk_write(struct disk *d, uint64_t off, const void *buf, size_t n)
{
    const uint8_t *in = buf;
    if (!range_ok(off, n, d->bytes)) {
        return -EINVAL;
    }
    if (d->readonly) {
        return -EROFS;
    }
    d->counters.writes++;
    d->counters.written_bytes += n;
    if (!d->overlay) {
        return file_write(d, off, buf, n);
    }
    while (n) {
        size_t at = off % CLUSTER, run = CLUSTER - at;
        uint8_t *c = own_cluster(d, off / CLUSTER);
        if (!c) {
            return -EIO;
        }
        run = run < n ? run : n;
        memcpy(c + at, in, run);
        in += run;
        off += run;
        n -= run;
    }
    return 0;
}

int disk_flush(struct disk *d)
{
    return d->fd >= 0 && !d->overlay && fdatasync(d->fd) ? -EIO : 0;
}

void disk_counters(const struct disk *d, struct disk_counters *out)
{
    *out = d->counters;
}

void disk_save(const struct disk *d, struct snap_writer *w)
{
    snap_put_u64(w, d->bytes);
    for (uint64_t i = 0; d->clusters && i < d->cluster_count; i++) {
        if (d->clusters[i]) {
            snap_put_u64(w, i);
            snap_put(w, d->clusters[i], CLUSTER);
        }
    }
    snap_put_u64(w, UINT64_MAX);
}

int disk_restore(struct disk *d, struct snap_reader *r, struct err *err)
{
    uint64_t bytes = snap_get_u64(r);
    if (bytes != d->bytes) {
        return err_set(err, -EINVAL, "snapshot: disk %s had %llu bytes, now %llu", d->name,
                       (unsigned long long)bytes, (unsigned long long)d->bytes);
    }
    for (uint64_t i = 0; d->clusters && i < d->cluster_count; i++) {
        free(d->clusters[i]);
        d->clusters[i] = NULL;
    }
    for (;;) {
        uint64_t i = snap_get_u64(r);
        int rc = snap_failed(r, err);
        if (rc || i == UINT64_MAX) {
            return rc;
        }
        if (!d->clusters || i >= d->cluster_count) {
            return err_set(err, -EINVAL, "snapshot: disk %s has no cluster %llu to restore",
                           d->name, (unsigned long long)i);
        }
        d->clusters[i] = malloc(CLUSTER);
        if (!d->clusters[i]) {
            return err_set(err, -ENOMEM, "%s: no memory for the overlay", d->name);
        }
        rc = snap_get(r, d->clusters[i], CLUSTER, err);
        if (rc) {
            return rc;
        }
    }
}
