// SPDX-License-Identifier: MIT
//
// The TrustZone interrupt controller (i.MX53 Reference Manual, "TZIC"): every source non-secure, so
// that it arrives as IRQ, all of one priority.
#include "imx53.h"

enum {
    INTCNTL = IMX53_TZIC + 0x000,
    PRIOMASK = IMX53_TZIC + 0x00c,
    SYNCCTRL = IMX53_TZIC + 0x010,
    INTSEC = IMX53_TZIC + 0x080,
    ENSET = IMX53_TZIC + 0x100,
    ENCLEAR = IMX53_TZIC + 0x180,
    HIPND = IMX53_TZIC + 0xd80,
};
enum { WORDS = IRQ_LINES / 32 };

void tzic_init(void)
{
    write32(INTCNTL, 0x80010001); // on, for non-secure sources too
    write32(PRIOMASK, 0x1f);
    write32(SYNCCTRL, 2);
    for (unsigned i = 0; i < WORDS; i++) {
        write32(INTSEC + i * 4, 0xffffffff);
        write32(ENCLEAR + i * 4, 0xffffffff);
    }
}

void tzic_enable(unsigned line)
{
    write32(ENSET + line / 32 * 4, 1u << line % 32);
}

int tzic_pending(void)
{
    for (unsigned i = 0; i < WORDS; i++) {
        uint32_t pending = read32(HIPND + i * 4);
        if (pending) {
            return (int)(i * 32) + __builtin_ctz(pending);
        }
    }
    return -1;
}
