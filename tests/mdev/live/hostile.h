// SPDX-License-Identifier: MIT
//
// What a hostile machine does to its vGPU: classes of attacks, one row each, that write a command
// stream (or touch registers) at random from a seed. The oracle is the caller's.
#ifndef TESTS_MDEV_HOSTILE_H
#define TESTS_MDEV_HOSTILE_H

#include "tests/mdev/live/live.h"

struct attacker {
    struct live_vm vm;
    struct a2_bo heap;     // its own memory: readable and writable
    struct a2_bo readonly; // readable for its GPU: must not change
    struct a2_bo dark;     // its own, but not mapped for the GPU
    uint64_t seed;
};

uint32_t hostile_roll(struct attacker *a, uint32_t n); // 0..n-1
uint32_t hostile_word(struct attacker *a);
// A GPU address where it may not write (or nothing is), the nastier the likelier.
uint32_t hostile_target(struct attacker *a);

struct hostile_class {
    const char *name;
    void (*attack)(struct attacker *a);
};
const struct hostile_class *hostile_class_at(unsigned i); // NULL past the end
const struct hostile_class *hostile_draw_at(unsigned i);  // those that draw; the last of the above

// One indirect buffer of n words at the heap's start, submitted with the kernel's tail. Returns at
// once in a synchronous mediator when it is done.
void hostile_submit(struct attacker *a, const uint32_t *dw, uint32_t n);
bool hostile_open(struct attacker *a, struct mdev *mdev, const struct live_scene *scene);

#endif
