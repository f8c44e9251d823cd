// SPDX-License-Identifier: MIT
//
// What a board plays: a WAV file that grows with virtual time, and counters for tests.
#ifndef SOC_SOUND_H
#define SOC_SOUND_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct sound;

// `path` NULL: nothing is written, only counted. The file is stereo, 16 bits, at the rate of the first
// samples.
struct sound *sound_create(const char *path, struct err *err);
void sound_destroy(struct sound *s);
// `frames` pairs of left and right.
void sound_play(struct sound *s, const int16_t *pairs, size_t frames, uint32_t rate);

struct sound_counters {
    uint64_t frames, crossings; // crossings: of zero, upward, on the left
    uint32_t rate;
    int16_t low, high;
};
void sound_counters(const struct sound *s, struct sound_counters *out);

#endif
