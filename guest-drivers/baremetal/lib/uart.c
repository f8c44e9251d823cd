// SPDX-License-Identifier: MIT
//
// UART1 for output (i.MX53 Reference Manual, "UART"): polled, 115200 baud from the 66.67 MHz that
// the board's firmware gives it. Left out: receiving.
#include "imx53.h"

enum {
    UTXD = IMX53_UART1 + 0x40,
    UCR1 = IMX53_UART1 + 0x80,
    UCR2 = IMX53_UART1 + 0x84,
    UCR3 = IMX53_UART1 + 0x88,
    UCR4 = IMX53_UART1 + 0x8c,
    UFCR = IMX53_UART1 + 0x90,
    UBIR = IMX53_UART1 + 0xa4,
    UBMR = IMX53_UART1 + 0xa8,
    UTS = IMX53_UART1 + 0xb4,
};
enum { UCR1_UARTEN = 1 << 0 };
enum {
    UCR2_SRST = 1 << 0,
    UCR2_RXEN = 1 << 1,
    UCR2_TXEN = 1 << 2,
    UCR2_WS = 1 << 5,
    UCR2_IRTS = 1 << 14
};
enum { UCR3_RXDMUXSEL = 1 << 2 | 0x700 };
enum { UFCR_TXTL_RXTL = 2 << 10 | 1, UFCR_RFDIV_2 = 4 << 7 };
enum { UTS_TXFULL = 1 << 4, UTS_TXEMPTY = 1 << 6 };

void uart_init(void)
{
    write32(UCR1, 0);
    write32(UCR2, 0); // resets
    while (!(read32(UCR2) & UCR2_SRST)) {
    }
    write32(UCR3, UCR3_RXDMUXSEL);
    write32(UCR4, 0x8000);
    write32(UFCR, UFCR_TXTL_RXTL | UFCR_RFDIV_2);
    // baud = reference / 16 * (UBIR + 1) / (UBMR + 1) with a reference of 33.3 MHz
    write32(UBIR, 0x0f);
    write32(UBMR, 33333333 / 2 / 57600);
    write32(UCR2, UCR2_SRST | UCR2_RXEN | UCR2_TXEN | UCR2_WS | UCR2_IRTS);
    write32(UCR1, UCR1_UARTEN);
}

void uart_put(char c)
{
    while (read32(UTS) & UTS_TXFULL) {
    }
    write32(UTXD, (uint8_t)c);
}
