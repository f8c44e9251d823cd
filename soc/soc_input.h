// SPDX-License-Identifier: MIT
//
// What a person does to a board: the pointer or pen, keys and switches.
#ifndef SOC_SOC_INPUT_H
#define SOC_SOC_INPUT_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct soc;

// Pointer as device_class.pointer; -ENODEV when nothing takes it. A key is one of the board's ("K1"),
// else "hid:N" with a USB usage number; -ENOENT names what there is.
int soc_pointer(struct soc *soc, uint16_t x, uint16_t y, bool down, struct err *err);
int soc_key(struct soc *soc, const char *name, bool down, struct err *err);

#endif
