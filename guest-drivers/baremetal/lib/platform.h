// SPDX-License-Identifier: MIT
//
// What the GPU library needs from the machine it runs on: register access, time, interrupts, a line
// of text, a screen. board.c is the i.MX53 board; the host's tests are another (the same library
// drives a mediated device in process). Embed struct platform first.
#ifndef BM_PLATFORM_H
#define BM_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

struct platform {
    const struct platform_ops *ops;
};

struct platform_ops {
    // GPU registers by number (dword offset in the window).
    uint32_t (*gpu_read)(struct platform *plat, uint32_t reg);
    void (*gpu_write)(struct platform *plat, uint32_t reg, uint32_t value);
    // Microseconds since start.
    uint64_t (*now_us)(struct platform *plat);
    // Masks interrupts and returns what irq_restore needs to undo it.
    uint32_t (*irq_mask)(struct platform *plat);
    void (*irq_restore)(struct platform *plat, uint32_t old);
    // With interrupts masked: waits until one is pending or until_us has come. The caller unmasks
    // and looks again.
    void (*sleep)(struct platform *plat, uint64_t until_us);
    // Stores done so far are visible to the GPU; its stores are visible to loads that follow.
    void (*barrier)(struct platform *plat);
    // One character for people.
    void (*put)(struct platform *plat, char c);
    // Shows a picture in memory (32 bits a pixel: blue, green, red, unused) on the screen.
    void (*show)(struct platform *plat, uint32_t pa, uint32_t width, uint32_t height,
                 uint32_t pitch_bytes);
};

#endif
