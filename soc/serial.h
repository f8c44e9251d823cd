// SPDX-License-Identifier: MIT
//
// A serial line: a device on one side, a backend of the host on the other, listeners and scripts on
// the wire. Backends by name: stdio (with Ctrl-a keys), file, null, pty, unix and tcp sockets, and
// memory for tests.
//
// Threads: the machine's thread only.
#ifndef SOC_SERIAL_H
#define SOC_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "soc/hostio.h"

struct err;
struct serial;

// ---- the device's side
// ---------------------------------------------------------------------------

// Embed it in the UART; `received` is called when characters wait that it may take.
struct serial_client {
    void (*received)(struct serial_client *client);
};
void serial_connect(struct serial *s, struct serial_client *client);
// The guest sends one character.
void serial_send(struct serial *s, uint8_t c);
// Takes up to n waiting characters; returns how many.
size_t serial_take(struct serial *s, void *buf, size_t n);
size_t serial_waiting(const struct serial *s);

// ---- the host's side
// -----------------------------------------------------------------------------

// What the Ctrl-a keys do. Functions may be NULL. `monitor` is true while typing goes there.
struct serial_keys {
    void (*quit)(void *owner);
    void (*input)(void *owner, char c); // a character for the monitor
    void (*enter)(void *owner);         // the monitor got the keyboard
    void *owner;
};

// `spec`: "null", "stdio" (no keys), "mon:stdio", "file:PATH", "pty", "unix:PATH",
// "tcp:HOST:PORT" (connect), "tcp-listen:[HOST:]PORT", "unix-listen:PATH", "mem".
// QEMU's "tcp:HOST:PORT,server,nowait" and "unix:PATH,server" work too. -EINVAL names the forms. The terminal is put into raw mode while a stdio line exists.
struct serial *serial_create(const char *spec, const char *name, struct err *err);
void serial_destroy(struct serial *s);
const char *serial_name(const struct serial *s);
void serial_set_keys(struct serial *s, const struct serial_keys *keys);

// Text from the emulator itself (the monitor) to whoever watches this line.
void serial_print(struct serial *s, const char *text, size_t n);

// Types into the guest. Waits in the line's buffer; returns what fitted.
size_t serial_type(struct serial *s, const void *data, size_t n);

// Everything that the guest has sent since creation (the last `serial_log_bytes` of it), for tests
// and stop conditions. Borrowed, zero-terminated.
const char *serial_text(const struct serial *s, size_t *n);

// Called for every character the guest sends. Up to 8 listeners.
typedef void serial_listener_fn(void *ctx, uint8_t c);
int serial_listen(struct serial *s, serial_listener_fn *fn, void *ctx);

// Also writes everything the guest sends to this file (truncated first).
int serial_log_to(struct serial *s, const char *path, struct err *err);

// The line's host descriptors, or NULL when it has none.
struct io_source *serial_io(struct serial *s);

// ---- scripts
// ---------------------------------------------------------------------------------------

// "wait for TEXT, then type TEXT", in order. Both are copied. A step without `expect` types at once
// when its turn comes. Escapes \n \r \t \\ \xNN are understood in `send`.
int serial_script_add(struct serial *s, const char *expect, const char *send, struct err *err);
// Steps not yet done.
unsigned serial_script_left(const struct serial *s);

#endif
