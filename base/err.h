// SPDX-License-Identifier: MIT
//
// Errors that people read. A function that can fail takes `struct err *` last and returns -errno or
// NULL; the message is written once, at the place that knows the name of the thing. NULL is allowed
// where the caller does not care. Guest mistakes are never errors of this kind.
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

struct err {
    int code;      // a negative errno value, 0 when nothing went wrong
    char msg[256]; // one line, says what failed and what to do about it
};

// Records `code` (negative errno) and a formatted message, truncated to fit. Returns `code`.
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// Puts "context: " in front of the message already recorded. Returns the code.
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
