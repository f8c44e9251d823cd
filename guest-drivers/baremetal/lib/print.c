// SPDX-License-Identifier: MIT
//
// Formatted output on the platform's console: the handful of conversions that demos need.
#include "libc.h"

static void put_text(struct platform *plat, const char *s)
{
    while (*s) {
        plat->ops->put(plat, *s++);
    }
}

static void put_number(struct platform *plat, uint32_t v, unsigned base, unsigned width, char pad)
{
    char text[33];
    unsigned n = 0;
    do {
        text[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    while (n < width && n < sizeof text - 1) {
        text[n++] = pad;
    }
    while (n) {
        plat->ops->put(plat, text[--n]);
    }
}

void bm_vprint(struct platform *plat, const char *fmt, va_list ap)
{
    for (; *fmt; fmt++) {
        char pad = ' ';
        unsigned width = 0;
        if (*fmt != '%') {
            plat->ops->put(plat, *fmt);
            continue;
        }
        fmt++;
        if (*fmt == '0') {
            pad = '0';
        }
        while (*fmt >= '0' && *fmt <= '9') {
            width = width * 10 + (unsigned)(*fmt++ - '0');
        }
        switch (*fmt) {
        case 's':
            put_text(plat, va_arg(ap, const char *));
            break;
        case 'c':
            plat->ops->put(plat, (char)va_arg(ap, int));
            break;
        case 'd': {
            int v = va_arg(ap, int);
            if (v < 0) {
                plat->ops->put(plat, '-');
            }
            put_number(plat, v < 0 ? 0u - (uint32_t)v : (uint32_t)v, 10, width, pad);
            break;
        }
        case 'u':
            put_number(plat, va_arg(ap, unsigned), 10, width, pad);
            break;
        case 'x':
            put_number(plat, va_arg(ap, unsigned), 16, width, pad);
            break;
        case '\0':
            return;
        default:
            plat->ops->put(plat, *fmt);
            break;
        }
    }
}

void bm_print(struct platform *plat, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bm_vprint(plat, fmt, ap);
    va_end(ap);
}
