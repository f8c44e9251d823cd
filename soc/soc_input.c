// SPDX-License-Identifier: MIT
//
// What a person does to the board: the pointer goes to the first device that takes one, keys by name
// change the level of an input, keyboards take USB usage numbers. And single accesses by bus masters.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "soc/soc_input.h"
#include "soc/soc_priv.h"

int soc_pointer(struct soc *soc, uint16_t x, uint16_t y, bool down, struct err *err)
{
    for (unsigned i = 0; i < soc->device_count; i++) {
        struct device *dev = soc->devices[i];
        if (dev->cls->pointer && dev->cls->pointer(dev, x, y, down)) {
            return 0;
        }
    }
    return err_set(err, -ENODEV, "board %s: nothing takes a pointer", soc->board->name);
}

static int hid_key(struct soc *soc, const char *number, bool down, struct err *err)
{
    char *end;
    unsigned long usage = strtoul(number, &end, 0);
    if (!*number || *end || usage > 255) {
        return err_set(err, -EINVAL, "'%s' is not a usage number (0..255)", number);
    }
    for (unsigned i = 0; i < soc->device_count; i++) {
        struct device *dev = soc->devices[i];
        if (dev->cls->key && dev->cls->key(dev, (uint8_t)usage, down)) {
            return 0;
        }
    }
    return err_set(err, -ENODEV, "board %s: nothing takes keys", soc->board->name);
}

int soc_key(struct soc *soc, const char *name, bool down, struct err *err)
{
    const struct board *b = soc->board;
    char names[160] = "";
    if (!strncmp(name, "hid:", 4)) {
        return hid_key(soc, name + 4, down, err);
    }
    for (unsigned i = 0; i < b->key_count; i++) {
        struct wire_sink *sink;
        unsigned line;
        if (strcmp(b->keys[i].name, name) == 0) {
            int rc = soc_find_input(soc, b->keys[i].input, &sink, &line, err);
            if (!rc) {
                sink->set(sink, line, b->keys[i].pressed == down);
            }
            return rc;
        }
        strncat(names, " ", sizeof names - strlen(names) - 1);
        strncat(names, b->keys[i].name, sizeof names - strlen(names) - 1);
    }
    return err_set(err, -ENOENT, "board %s has no key '%s'; there are:%s hid:N", b->name, name,
                   names[0] ? names : "");
}

bool device_bus_read(struct device *dev, uint32_t pa, unsigned size, uint64_t *val)
{
    return bus_read(dev->soc->bus, pa, size, val) == CPU_BUS_OK;
}

bool device_bus_write(struct device *dev, uint32_t pa, unsigned size, uint64_t val)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(val >> i * 8);
    }
    // memory through the door that forgets decoded code
    return soc_dma_write(dev->soc, pa, bytes, size) == 0 ||
           bus_write(dev->soc->bus, pa, size, val) == CPU_BUS_OK;
}
