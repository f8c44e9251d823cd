// SPDX-License-Identifier: MIT
//
// The i.MX53 board as a platform: ties the small drivers together. The one static object of the
// library is here, since an interrupt has no argument.
#include "board.h"
#include "imx53.h"
#include "libc.h"

static struct board {
    struct platform plat;
    struct timer timer;
    struct a2_gpu *gpu;
    uint32_t stray; // interrupts of lines that nobody handles
    bool screen_on;
} board;

static uint32_t gpu_read(struct platform *plat, uint32_t reg)
{
    (void)plat;
    return read32(IMX53_GPU3D + reg * 4);
}

static void gpu_write(struct platform *plat, uint32_t reg, uint32_t value)
{
    (void)plat;
    write32(IMX53_GPU3D + reg * 4, value);
}

static uint32_t irq_mask(struct platform *plat)
{
    uint32_t psr;
    (void)plat;
    __asm__ volatile("mrs %0, cpsr\n\tcpsid i" : "=r"(psr) : : "memory");
    return psr & 0x80;
}

static void irq_restore(struct platform *plat, uint32_t old)
{
    (void)plat;
    if (!old) {
        __asm__ volatile("cpsie i" : : : "memory");
    }
}

static uint64_t now_us(struct platform *plat)
{
    uint32_t old = irq_mask(plat); // the interrupt handler does not read it, but may in a demo
    uint64_t us = timer_us(&board.timer);
    irq_restore(plat, old);
    return us;
}

static void barrier(struct platform *plat)
{
    (void)plat;
    __asm__ volatile("dsb" : : : "memory");
}

static void sleep_until(struct platform *plat, uint64_t until_us)
{
    (void)plat;
    timer_alarm(&board.timer, until_us);
    __asm__ volatile("dsb\n\twfi" : : : "memory"); // wakes though interrupts are masked
    timer_quiet();
}

static void put(struct platform *plat, char c)
{
    (void)plat;
    if (c == '\n') {
        uart_put('\r');
    }
    uart_put(c);
}

// Pictures of another size than the panel are copied into the middle of a frame of its size.
static void show(struct platform *plat, uint32_t pa, uint32_t width, uint32_t height,
                 uint32_t pitch_bytes)
{
    if (width != PANEL_WIDTH || height != PANEL_HEIGHT) {
        uint8_t *frame = (uint8_t *)(uintptr_t)IMX53_PANEL_FRAME;
        const uint8_t *from = (const uint8_t *)(uintptr_t)pa;
        uint8_t *to =
            frame + ((PANEL_HEIGHT - height) / 2 * PANEL_WIDTH + (PANEL_WIDTH - width) / 2) * 4;
        memset(frame, 0, PANEL_WIDTH * PANEL_HEIGHT * 4);
        for (uint32_t y = 0; y < height; y++) {
            memcpy(to + y * PANEL_WIDTH * 4, from + y * pitch_bytes, width * 4);
        }
        pa = IMX53_PANEL_FRAME;
        pitch_bytes = PANEL_WIDTH * 4;
    }
    barrier(plat);
    if (board.screen_on) {
        display_flip(pa, pitch_bytes);
    } else {
        display_init(pa, pitch_bytes);
        board.screen_on = true;
    }
}

static const struct platform_ops ops = {
    .gpu_read = gpu_read,
    .gpu_write = gpu_write,
    .now_us = now_us,
    .irq_mask = irq_mask,
    .irq_restore = irq_restore,
    .sleep = sleep_until,
    .barrier = barrier,
    .put = put,
    .show = show,
};

void board_irq(void)
{
    int line;
    while ((line = tzic_pending()) >= 0) {
        if (line == IRQ_GPU3D && board.gpu) {
            a2_irq(board.gpu);
        } else if (line == IRQ_GPT) {
            timer_quiet();
        } else {
            board.stray++;
            return; // it stays up; better to hear of a hang than to loop here
        }
    }
}

struct platform *board_platform(void)
{
    return &board.plat;
}

struct a2_memory board_memory(void)
{
    return (struct a2_memory){(uint8_t *)(uintptr_t)IMX53_POOL, IMX53_POOL, IMX53_POOL_BYTES};
}

void board_init(void)
{
    board.plat.ops = &ops;
    uart_init();
    timer_init(&board.timer);
    tzic_init();
    tzic_enable(IRQ_GPT);
    __asm__ volatile("cpsie i" : : : "memory");
}

void board_attach_gpu(struct a2_gpu *gpu)
{
    board.gpu = gpu;
    tzic_enable(IRQ_GPU3D);
}
