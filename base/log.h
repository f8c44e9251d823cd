// SPDX-License-Identifier: MIT
//
// Messages for people and named trace channels for debugging. A log is an object that a machine, a
// mediator or a tool owns and passes down; nothing here is global. Channels that are off cost one
// predictable branch. Writing is thread safe (one line, one write).
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;

// name, what it shows
#define LOG_CHANNELS(X)                                                                            \
    X(exec, "every instruction executed")                                                          \
    X(exc, "CPU exceptions, mode and MMU changes")                                                 \
    X(mmu, "page table walks and faults")                                                          \
    X(mmio, "device register accesses by name")                                                    \
    X(irq, "interrupt lines")                                                                      \
    X(dma, "device accesses to memory")                                                            \
    X(sd, "SD card commands")                                                                      \
    X(net, "network frames")                                                                       \
    X(i2c, "I2C transfers")                                                                        \
    X(ipu, "display scanout")                                                                      \
    X(vgpu, "mediator: regions, submissions, audit verdicts")                                      \
    X(sched, "mediator: scheduling decisions")                                                     \
    X(pm4, "command processor packets")                                                            \
    X(draw, "decoded draws and resolves")                                                          \
    X(shader, "shader decode and translation")                                                     \
    X(gl, "host GL calls of note")                                                                 \
    X(jit, "translator blocks")                                                                    \
    X(image, "loaders")

enum log_channel {
#define X(name, help) LOG_##name,
    LOG_CHANNELS(X)
#undef X
        LOG_CHANNEL_COUNT
};

struct log {
    FILE *out;              // borrowed; NULL is silent
    char who[32];           // identity put before each line, e.g. the machine's name
    uint64_t channels;      // bit per enum log_channel
    bool quiet;             // suppress log_info
    uint64_t (*now)(const struct log *log); // virtual time in ns for trace lines, or NULL
};

// Sets up a log on `out` with no channel on.
void log_init(struct log *log, FILE *out, const char *who);

// Turns on the channels named in a comma separated list ("all" for all). -EINVAL names the wrong one.
int log_enable(struct log *log, const char *list, struct err *err);

// Prints the list of channels with their help text, for --trace help.
void log_list_channels(FILE *out);

static inline bool log_on(const struct log *log, enum log_channel ch)
{
    return __builtin_expect(log != NULL && (log->channels >> ch & 1), 0);
}

void log_trace(const struct log *log, enum log_channel ch, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
// For people: facts worth knowing, and things that are wrong but survivable. `log` may be NULL.
void log_info(const struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define TRACE(log, ch, ...)                                                                        \
    do {                                                                                           \
        if (log_on((log), LOG_##ch)) {                                                             \
            log_trace((log), LOG_##ch, __VA_ARGS__);                                               \
        }                                                                                          \
    } while (0)

#endif
