// SPDX-License-Identifier: MIT
//
// Reading and writing freedreno captures (.rd, plain or gzip): sections {u32 type, u32 bytes,
// payload}, little endian, as Mesa's tools read and the msm kernel driver writes them. A pair of
// all-ones words is a resynchronisation mark and skipped. Payloads are read piece by piece, so that
// a lying length costs no more memory than the file has bytes.
#include "gpu-model/rd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bits.h"
#include "base/err.h"

#define PIECE (1u << 20)
#define SECTION_MAX (1u << 30)

struct rd_reader {
    gzFile gz;
    char *path;
    uint64_t offset; // of the next byte, uncompressed
    uint8_t *buf;
    uint32_t room;
};

struct rd_reader *rd_open(const char *path, struct err *err)
{
    struct rd_reader *rd = calloc(1, sizeof(*rd));
    if (!rd || !(rd->path = strdup(path))) {
        free(rd);
        err_set(err, -ENOMEM, "%s: no memory", path);
        return NULL;
    }
    errno = 0;
    rd->gz = gzopen(path, "rb");
    if (!rd->gz) {
        int e = errno ? errno : ENOMEM;
        err_set(err, -e, "%s: %s", path, strerror(e));
        rd_close(rd);
        return NULL;
    }
    gzbuffer(rd->gz, 256 << 10);
    return rd;
}

void rd_close(struct rd_reader *rd)
{
    if (rd) {
        if (rd->gz) {
            gzclose(rd->gz);
        }
        free(rd->buf);
        free(rd->path);
        free(rd);
    }
}

// Reads up to n bytes. Fewer: the file ends there. Negative: damaged.
static int64_t read_some(struct rd_reader *rd, void *dst, uint32_t n, struct err *err)
{
    uint32_t got = 0;
    while (got < n) {
        int k = gzread(rd->gz, (uint8_t *)dst + got, n - got);
        if (k < 0) {
            int code;
            const char *why = gzerror(rd->gz, &code);
            return err_set(err, code == Z_ERRNO ? -EIO : -EINVAL, "%s: damaged at byte %llu: %s",
                           rd->path, (unsigned long long)(rd->offset + got), why);
        }
        if (k == 0) {
            break;
        }
        got += (uint32_t)k;
    }
    rd->offset += got;
    if (got < n) { // a gzip stream that stops early reads as an end
        int code = Z_OK;
        gzerror(rd->gz, &code);
        if (code != Z_OK && code != Z_STREAM_END) {
            return err_set(err, -EINVAL, "%s: truncated at byte %llu", rd->path,
                           (unsigned long long)rd->offset);
        }
    }
    return got;
}

static int truncated(struct rd_reader *rd, const char *what, struct err *err)
{
    return err_set(err, -EINVAL, "%s: truncated at byte %llu, inside %s", rd->path,
                   (unsigned long long)rd->offset, what);
}

int rd_next(struct rd_reader *rd, uint32_t *type, const uint8_t **data, uint32_t *bytes,
            struct err *err)
{
    uint8_t head[8];
    uint32_t n, done = 0;

    do {
        int64_t got = read_some(rd, head, sizeof(head), err);
        if (got < 0) {
            return (int)got;
        }
        if (got == 0) {
            return 0;
        }
        if (got < (int64_t)sizeof(head)) {
            return truncated(rd, "a section header", err);
        }
        *type = get_le32(head);
        n = get_le32(head + 4);
    } while (*type == ~0u && n == ~0u);
    if (n > SECTION_MAX) {
        return err_set(err, -EINVAL, "%s: section of %u bytes at byte %llu is no capture", rd->path,
                       n, (unsigned long long)(rd->offset - 8));
    }
    while (done < n || !rd->buf) {
        uint32_t want = n - done < PIECE ? n - done : PIECE;
        if (rd->room < done + want + 1) {
            uint32_t room = done + want + 1 > 2 * rd->room ? done + want + 1 : 2 * rd->room;
            uint8_t *buf = realloc(rd->buf, room);
            if (!buf) {
                return err_set(err, -ENOMEM, "%s: no memory for a section of %u bytes", rd->path,
                               n);
            }
            rd->buf = buf;
            rd->room = room;
        }
        int64_t got = read_some(rd, rd->buf + done, want, err);
        if (got < 0) {
            return (int)got;
        }
        if (got < (int64_t)want) {
            return truncated(rd, "a section", err);
        }
        done += want;
    }
    rd->buf[n] = 0; // texts are used as strings
    *data = rd->buf;
    *bytes = n;
    return 1;
}

// ---- writing
// ------------------------------------------------------------------------------------------------

struct rd_writer {
    gzFile gz;
    char *path;
    bool failed;
};

struct rd_writer *rd_create(const char *path, struct err *err)
{
    size_t len = strlen(path);
    bool compress = len > 3 && !strcmp(path + len - 3, ".gz");
    struct rd_writer *w = calloc(1, sizeof(*w));
    if (!w || !(w->path = strdup(path))) {
        free(w);
        err_set(err, -ENOMEM, "%s: no memory", path);
        return NULL;
    }
    errno = 0;
    w->gz = gzopen(path, compress ? "wb6" : "wbT");
    if (!w->gz) {
        int e = errno ? errno : ENOMEM;
        err_set(err, -e, "%s: %s", path, strerror(e));
        free(w->path);
        free(w);
        return NULL;
    }
    return w;
}

void rd_put(struct rd_writer *w, enum rd_section type, const void *data, uint32_t bytes)
{
    uint8_t head[8];
    put_le32(head, (uint32_t)type);
    put_le32(head + 4, bytes);
    if (w->failed) {
        return;
    }
    w->failed = gzwrite(w->gz, head, sizeof(head)) != (int)sizeof(head) ||
                (bytes && (bytes > INT32_MAX || gzwrite(w->gz, data, bytes) != (int)bytes));
}

int rd_write_close(struct rd_writer *w, struct err *err)
{
    int ret = 0;
    errno = 0;
    int code = gzclose(w->gz);
    if (w->failed || code != Z_OK) {
        int e = errno ? errno : EIO;
        ret = err_set(err, -e, "%s: writing failed: %s", w->path, strerror(e));
    }
    free(w->path);
    free(w);
    return ret;
}
