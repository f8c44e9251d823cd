// SPDX-License-Identifier: MIT
//
// The i.MX53 Quick Start Board as this library uses it: addresses and interrupt lines (i.MX53
// Reference Manual, "System Memory Map", "Interrupts"), register access, and the drivers of the
// small devices.
#ifndef BM_IMX53_H
#define BM_IMX53_H

#include <stdbool.h>
#include <stdint.h>

enum {
    IMX53_TZIC = 0x0fffc000,
    IMX53_IPU = 0x18000000,
    IMX53_GPU3D = 0x30000000,
    IMX53_WDOG1 = 0x53f98000,
    IMX53_GPT = 0x53fa0000,
    IMX53_UART1 = 0x53fbc000,
    IMX53_I2C1 = 0x63fc8000,
};

enum { IRQ_GPU3D = 12, IRQ_GPT = 39, IRQ_LINES = 128 };

// Memory for GPU buffers and pictures: behind everything the linker places.
enum { IMX53_POOL = 0x71000000, IMX53_POOL_BYTES = 32 << 20, IMX53_PANEL_FRAME = 0x73000000 };

static inline uint32_t read32(uint32_t pa)
{
    return *(volatile uint32_t *)(uintptr_t)pa;
}

static inline void write32(uint32_t pa, uint32_t v)
{
    *(volatile uint32_t *)(uintptr_t)pa = v;
}

static inline void write16(uint32_t pa, uint16_t v)
{
    *(volatile uint16_t *)(uintptr_t)pa = v;
}

static inline uint8_t read8(uint32_t pa)
{
    return *(volatile uint8_t *)(uintptr_t)pa;
}

static inline void write8(uint32_t pa, uint8_t v)
{
    *(volatile uint8_t *)(uintptr_t)pa = v;
}

// uart.c: UART1, 115200 baud, 8N1, sending only.
void uart_init(void);
void uart_put(char c);

// timer.c: microseconds from the GPT, and one alarm.
struct timer {
    uint32_t last;  // counter when it was last read
    uint64_t ticks; // since start
};
void timer_init(struct timer *t);
uint64_t timer_us(struct timer *t);                // call at least every two minutes
void timer_alarm(struct timer *t, uint64_t at_us); // raises IRQ_GPT then (or at once)
void timer_quiet(void);                            // takes the interrupt back

// tzic.c: the interrupt controller, every line as IRQ.
void tzic_init(void);
void tzic_enable(unsigned line);
int tzic_pending(void); // lowest pending line, or -1

// display.c: the IPU shows a frame of 32-bit pixels on the 800x480 panel at DI0.
enum { PANEL_WIDTH = 800, PANEL_HEIGHT = 480 };
void display_init(uint32_t frame_pa, uint32_t pitch_bytes);
void display_flip(uint32_t frame_pa, uint32_t pitch_bytes);

// power.c: switches the board off through its power management chip; if that is not there, resets
// it through the watchdog.
void power_off(void) __attribute__((noreturn));

#endif
