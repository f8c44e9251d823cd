// SPDX-License-Identifier: MIT
//
// WAV files (RIFF, PCM): the header is written again with the real length at the end.
#include "soc/sound.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"

enum { HEADER = 44, FRAME = 4 };

struct sound {
    FILE *file;
    struct sound_counters n;
    int16_t last;
};

static void write_header(struct sound *s)
{
    uint8_t h[HEADER] = "RIFF____WAVEfmt \20___\1_\2_";
    uint64_t data = s->n.frames * FRAME;
    uint32_t bytes = data < 0xffffff00u ? (uint32_t)data : 0xffffff00u;
    put_le32(h + 4, bytes + HEADER - 8);
    put_le32(h + 16, 16);
    put_le16(h + 20, 1);
    put_le16(h + 22, 2);
    put_le32(h + 24, s->n.rate);
    put_le32(h + 28, s->n.rate * FRAME);
    put_le16(h + 32, FRAME);
    put_le16(h + 34, 16);
    memcpy(h + 36, "data", 4);
    put_le32(h + 40, bytes);
    rewind(s->file);
    fwrite(h, 1, HEADER, s->file);
}

struct sound *sound_create(const char *path, struct err *err)
{
    struct sound *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(err, -ENOMEM, "sound: no memory");
        return NULL;
    }
    if (path) {
        s->file = fopen(path, "wb");
        if (!s->file) {
            err_set(err, -errno, "%s: %s", path, strerror(errno));
            free(s);
            return NULL;
        }
        write_header(s);
    }
    return s;
}

void sound_destroy(struct sound *s)
{
    if (s && s->file) {
        write_header(s);
        fclose(s->file);
    }
    free(s);
}

void sound_play(struct sound *s, const int16_t *pairs, size_t frames, uint32_t rate)
{
    s->n.rate = s->n.rate ? s->n.rate : rate;
    for (size_t i = 0; i < frames; i++) {
        int16_t v = pairs[i * 2];
        uint8_t b[FRAME];
        s->n.low = v < s->n.low ? v : s->n.low;
        s->n.high = v > s->n.high ? v : s->n.high;
        s->n.crossings += s->last < 0 && v >= 0;
        s->last = v;
        if (s->file) {
            put_le16(b, (uint16_t)v);
            put_le16(b + 2, (uint16_t)pairs[i * 2 + 1]);
            fwrite(b, 1, FRAME, s->file);
        }
    }
    s->n.frames += frames;
}

void sound_counters(const struct sound *s, struct sound_counters *out)
{
    *out = s->n;
}
