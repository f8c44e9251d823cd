// SPDX-License-Identifier: MIT
//
// What a slave on an I2C bus does. The controller finds it by address (device_child) and calls
// these as the bytes go over the wire.
#ifndef SOC_I2C_H
#define SOC_I2C_H

#include <stdbool.h>
#include <stdint.h>

struct device;

struct i2c_slave_ops {
    // START or repeated START with this slave's address; `read` is the direction bit.
    void (*start)(struct device *dev, bool read);
    bool (*send)(struct device *dev, uint8_t byte); // from the master; true acknowledges
    uint8_t (*recv)(struct device *dev);            // to the master
    void (*stop)(struct device *dev);
};

#endif
