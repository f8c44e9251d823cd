// SPDX-License-Identifier: MIT
//
// Saved state streams; see snapshot.h for the format.
#include "base/snapshot.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"

#define SNAP_FORMAT 1u

struct snap_writer {
    uint8_t *data;
    size_t used, room;
    size_t payload; // start of the open section's payload, 0 when none is open
    bool failed;
};

struct snap_reader {
    const uint8_t *data;
    size_t size;
    size_t at, end; // inside the open section
    char section[64];
    struct err first;
};

struct snap_writer *snap_writer_create(void)
{
    struct snap_writer *w = calloc(1, sizeof *w);
    if (w) {
        snap_put(w, "YMTO", 4);
        snap_put_u32(w, SNAP_FORMAT);
    }
    return w;
}

void snap_writer_destroy(struct snap_writer *w)
{
    if (w) {
        free(w->data);
        free(w);
    }
}

void snap_put(struct snap_writer *w, const void *data, size_t n)
{
    if (w->failed) {
        return;
    }
    if (n > w->room - w->used) {
        size_t room = w->room ? w->room : 4096;
        uint8_t *p;
        while (room - w->used < n) {
            if (ckd_mul(&room, room, (size_t)2)) {
                w->failed = true;
                return;
            }
        }
        p = realloc(w->data, room);
        if (!p) {
            w->failed = true;
            return;
        }
        w->data = p;
        w->room = room;
    }
    if (n) {
        memcpy(w->data + w->used, data, n);
        w->used += n;
    }
}

void snap_put_u32(struct snap_writer *w, uint32_t v)
{
    uint8_t b[4];
    put_le32(b, v);
    snap_put(w, b, sizeof b);
}

void snap_put_u64(struct snap_writer *w, uint64_t v)
{
    uint8_t b[8];
    put_le64(b, v);
    snap_put(w, b, sizeof b);
}

void snap_begin(struct snap_writer *w, const char *section, uint32_t version)
{
    uint8_t b[2];
    size_t n = strlen(section);
    put_le16(b, (uint16_t)n);
    snap_put(w, b, 2);
    snap_put(w, section, n);
    snap_put_u32(w, version);
    snap_put_u64(w, 0);
    w->payload = w->used;
}

void snap_end(struct snap_writer *w)
{
    if (!w->failed && w->payload) {
        size_t n = w->used - w->payload;
        put_le64(w->data + w->payload - 8, n);
        snap_put_u32(w, (uint32_t)crc32_z(0, w->data + w->payload, n));
    }
    w->payload = 0;
}

void snap_put_fields(struct snap_writer *w, const struct snap_field *table, const void *state)
{
    for (; table->name; table++) {
        const uint8_t *p = (const uint8_t *)state + table->offset;
        for (uint32_t i = 0; i < table->count; i++, p += table->elem_bytes) {
            uint64_t v = 0;
            uint8_t b[8];
            memcpy(&v, p, table->elem_bytes); // little endian hosts only, as the field sizes are
            put_le64(b, v);
            snap_put(w, b, table->elem_bytes);
        }
    }
}

const void *snap_bytes(const struct snap_writer *w, size_t *n)
{
    *n = w->failed ? 0 : w->used;
    return w->failed ? NULL : w->data;
}

int snap_save(const struct snap_writer *w, const char *path, struct err *err)
{
    char tmp[4096];
    FILE *f;
    bool ok;

    if (w->failed) {
        return err_set(err, -ENOMEM, "%s: no memory for the snapshot", path);
    }
    if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp) {
        return err_set(err, -ENAMETOOLONG, "%s: name too long", path);
    }
    f = fopen(tmp, "wb");
    if (!f) {
        return err_set(err, -errno, "%s: %s", tmp, strerror(errno));
    }
    ok = fwrite(w->data, 1, w->used, f) == w->used;
    ok = fclose(f) == 0 && ok;
    if (!ok || rename(tmp, path) != 0) {
        int e = errno ? errno : EIO;
        unlink(tmp);
        return err_set(err, -e, "%s: %s", path, strerror(e));
    }
    return 0;
}

// Header of the section at `at`: fills name, payload range; false when it does not fit.
static bool section_at(const struct snap_reader *r, size_t at, const uint8_t **name, size_t *name_n,
                       uint32_t *version, size_t *payload, size_t *n)
{
    uint64_t len;
    if (!range_ok(at, 2, r->size)) {
        return false;
    }
    *name_n = get_le16(r->data + at);
    if (!range_ok(at + 2, *name_n + 12, r->size)) {
        return false;
    }
    *name = r->data + at + 2;
    *version = get_le32(r->data + at + 2 + *name_n);
    len = get_le64(r->data + at + 6 + *name_n);
    *payload = at + 14 + *name_n;
    if (len > SIZE_MAX - 4 || !range_ok(*payload, len + 4, r->size)) {
        return false;
    }
    *n = (size_t)len;
    return true;
}

struct snap_reader *snap_reader_create(const void *data, size_t n, struct err *err)
{
    struct snap_reader *r = calloc(1, sizeof *r);
    size_t at = 8;
    if (!r) {
        err_set(err, -ENOMEM, "no memory to read a snapshot");
        return NULL;
    }
    r->data = data;
    r->size = n;
    if (n < 8 || memcmp(data, "YMTO", 4) != 0) {
        err_set(err, -EINVAL, "not a Yamato snapshot (no YMTO magic)");
        goto bad;
    }
    if (get_le32(r->data + 4) != SNAP_FORMAT) {
        err_set(err, -EINVAL, "snapshot format %u, this version reads %u", get_le32(r->data + 4),
                SNAP_FORMAT);
        goto bad;
    }
    while (at < n) {
        const uint8_t *name;
        size_t name_n, payload, len;
        uint32_t version;
        if (!section_at(r, at, &name, &name_n, &version, &payload, &len)) {
            err_set(err, -EINVAL, "snapshot is truncated at byte %zu", at);
            goto bad;
        }
        if (get_le32(r->data + payload + len) != (uint32_t)crc32_z(0, r->data + payload, len)) {
            err_set(err, -EINVAL, "snapshot section '%.*s' is damaged (checksum)", (int)name_n,
                    (const char *)name);
            goto bad;
        }
        at = payload + len + 4;
    }
    return r;
bad:
    free(r);
    return NULL;
}

void snap_reader_destroy(struct snap_reader *r)
{
    free(r);
}

int snap_open(struct snap_reader *r, const char *section, uint32_t *version, struct err *err)
{
    size_t at = 8, name_n, payload, len;
    const uint8_t *name;
    uint32_t v;

    snprintf(r->section, sizeof r->section, "%s", section);
    while (at < r->size && section_at(r, at, &name, &name_n, &v, &payload, &len)) {
        if (name_n == strlen(section) && !memcmp(name, section, name_n)) {
            r->at = payload;
            r->end = payload + len;
            if (version) {
                *version = v;
            }
            return 0;
        }
        at = payload + len + 4;
    }
    r->at = r->end = 0;
    return err_set(err, -ENOENT, "snapshot has no section '%s'", section);
}

int snap_get(struct snap_reader *r, void *data, size_t n, struct err *err)
{
    if (!r->first.code && n > r->end - r->at) {
        err_set(&r->first, -EINVAL, "snapshot section '%s' is too short", r->section);
    }
    if (r->first.code) {
        memset(data, 0, n);
        return err_set(err, r->first.code, "%s", r->first.msg);
    }
    if (n) {
        memcpy(data, r->data + r->at, n);
        r->at += n;
    }
    return 0;
}

uint32_t snap_get_u32(struct snap_reader *r)
{
    uint8_t b[4];
    return snap_get(r, b, 4, NULL) ? 0 : get_le32(b);
}

uint64_t snap_get_u64(struct snap_reader *r)
{
    uint8_t b[8];
    return snap_get(r, b, 8, NULL) ? 0 : get_le64(b);
}

int snap_get_fields(struct snap_reader *r, const struct snap_field *table, void *state,
                    struct err *err)
{
    for (; table->name; table++) {
        int rc = snap_get(r, (uint8_t *)state + table->offset,
                          (size_t)table->elem_bytes * table->count, err);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

int snap_failed(const struct snap_reader *r, struct err *err)
{
    return r->first.code ? err_set(err, r->first.code, "%s", r->first.msg) : 0;
}
