// SPDX-License-Identifier: MIT
//
// Time from the general purpose timer (i.MX53 Reference Manual, "GPT"), which counts the 33.33 MHz
// peripheral clock freely; the count is widened in software.
#include "imx53.h"

enum {
    CR = IMX53_GPT + 0x00,
    PR = IMX53_GPT + 0x04,
    SR = IMX53_GPT + 0x08,
    IR = IMX53_GPT + 0x0c,
    OCR1 = IMX53_GPT + 0x10,
    CNT = IMX53_GPT + 0x24,
};
enum {
    CR_EN = 1 << 0,
    CR_ENMOD = 1 << 1,
    CR_CLKSRC_PER = 2 << 6,
    CR_FRR = 1 << 9,
    CR_SWR = 1 << 15
};
enum { OF1 = 1, MARGIN = 100 }; // ticks that setting an alarm takes at most

// 33.33 MHz: three microseconds are a hundred ticks.
static uint64_t ticks_of_us(uint64_t us)
{
    return us * 100 / 3;
}

void timer_init(struct timer *t)
{
    write32(CR, 0);
    write32(CR, CR_SWR);
    while (read32(CR) & CR_SWR) {
    }
    write32(PR, 0);
    write32(IR, 0);
    write32(SR, 0x3f);
    write32(CR, CR_EN | CR_ENMOD | CR_CLKSRC_PER | CR_FRR);
    t->last = read32(CNT);
    t->ticks = 0;
}

static uint64_t now(struct timer *t)
{
    uint32_t cnt = read32(CNT);
    t->ticks += cnt - t->last;
    t->last = cnt;
    return t->ticks;
}

uint64_t timer_us(struct timer *t)
{
    return now(t) * 3 / 100;
}

void timer_alarm(struct timer *t, uint64_t at_us)
{
    uint64_t at = ticks_of_us(at_us) + 100, current = now(t); // rounded up past the microsecond
    uint64_t left = at > current + MARGIN ? at - current : MARGIN;
    if (left > 0x40000000) {
        left = 0x40000000; // wakes early, looks again
    }
    write32(SR, OF1);
    write32(OCR1, t->last + (uint32_t)left);
    write32(IR, OF1);
}

void timer_quiet(void)
{
    write32(IR, 0);
    write32(SR, OF1);
}
