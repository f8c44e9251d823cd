// SPDX-License-Identifier: MIT
//
// Between a serial line (serial.c) and its host backends (serial_host.c).
#ifndef SOC_SERIAL_PRIV_H
#define SOC_SERIAL_PRIV_H

#include <stdio.h>

#include "soc/serial.h"

enum { SERIAL_RX_ROOM = 65536, SERIAL_TEXT_MAX = 1 << 20, SERIAL_LISTENERS = 8 };

struct serial_backend;
struct serial_backend_ops {
    void (*send)(struct serial_backend *b, const void *data, size_t n);
    void (*prepare)(struct serial_backend *b, struct pollset *set);
    void (*dispatch)(struct serial_backend *b, const struct pollset *set);
    void (*destroy)(struct serial_backend *b);
};
struct serial_backend {
    const struct serial_backend_ops *ops;
    struct serial *serial;
};

// NULL with *err untouched for specs without a host side ("null", "mem").
int serial_backend_open(const char *spec, struct serial *s, struct serial_backend **out, bool *keys,
                        struct err *err);
// Characters from the host's side, before keys are looked at.
void serial_from_host(struct serial *s, const char *data, size_t n);
// How many characters the line can take now.
size_t serial_room(const struct serial *s);

#endif
