// SPDX-License-Identifier: MIT
//
// The end: a shutdown order to the DA9053 power management chip (register CONTROL_B) over I2C1, and
// if nobody answers there, a reset by the watchdog (i.MX53 Reference Manual, "I2C", "WDOG").
#include "imx53.h"

enum {
    IFDR = IMX53_I2C1 + 0x04,
    I2CR = IMX53_I2C1 + 0x08,
    I2SR = IMX53_I2C1 + 0x0c,
    I2DR = IMX53_I2C1 + 0x10,
};
enum { I2CR_IEN = 1 << 7, I2CR_MSTA = 1 << 5, I2CR_MTX = 1 << 4 };
enum { I2SR_IBB = 1 << 5, I2SR_IIF = 1 << 1, I2SR_RXAK = 1 << 0 };
enum {
    DA9053 = 0x48,
    CONTROL_B = 0x0f,
    CONTROL_B_SHUTDOWN = 1 << 7,
    CONTROL_B_WRITE_MODE = 1 << 5
};
enum { WCR = IMX53_WDOG1, PATIENCE = 1000000 };

static bool wait_for(uint8_t bit)
{
    for (int i = 0; i < PATIENCE; i++) {
        if (read8(I2SR) & bit) {
            return true;
        }
    }
    return false;
}

static bool send(uint8_t byte)
{
    write8(I2SR, 0);
    write8(I2DR, byte);
    return wait_for(I2SR_IIF) && !(read8(I2SR) & I2SR_RXAK);
}

void power_off(void)
{
    write8(I2CR, 0);
    write8(IFDR, 0x35); // slow enough for everybody
    write8(I2SR, 0);
    write8(I2CR, I2CR_IEN);
    write8(I2CR, I2CR_IEN | I2CR_MSTA | I2CR_MTX);
    if (wait_for(I2SR_IBB) && send(DA9053 << 1) && send(CONTROL_B)) {
        send(CONTROL_B_SHUTDOWN | CONTROL_B_WRITE_MODE);
    }
    write8(I2CR, I2CR_IEN); // stop
    for (volatile int i = 0; i < PATIENCE; i++) {
    }
    write16(WCR, 1 << 2); // software reset: both request bits low
    for (;;) {
    }
}
