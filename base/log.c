// SPDX-License-Identifier: MIT
//
// Logs and trace channels; see log.h. A line is formatted into one buffer and written with one
// fwrite, which stdio locks, so that lines of several machines do not mix.
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"

static const struct {
    const char *name, *help;
} channels[LOG_CHANNEL_COUNT] = {
#define X(name, help) {#name, help},
    LOG_CHANNELS(X)
#undef X
};

void log_init(struct log *log, FILE *out, const char *who)
{
    memset(log, 0, sizeof *log);
    log->out = out;
    snprintf(log->who, sizeof log->who, "%s", who ? who : "yamato");
}

int log_enable(struct log *log, const char *list, struct err *err)
{
    while (*list) {
        size_t n = strcspn(list, ",");
        unsigned i;
        if (n == 3 && !memcmp(list, "all", 3)) {
            log->channels = ~0ull;
        } else if (n) {
            for (i = 0; i < LOG_CHANNEL_COUNT; i++) {
                if (strlen(channels[i].name) == n && !memcmp(channels[i].name, list, n)) {
                    break;
                }
            }
            if (i == LOG_CHANNEL_COUNT) {
                return err_set(err, -EINVAL, "no trace channel '%.*s' (see --trace help)", (int)n,
                               list);
            }
            log->channels |= 1ull << i;
        }
        list += n + (list[n] == ',');
    }
    return 0;
}

void log_list_channels(FILE *out)
{
    for (size_t i = 0; i < ARRAY_LEN(channels); i++) {
        fprintf(out, "  %-8s %s\n", channels[i].name, channels[i].help);
    }
}

static void put_line(const struct log *log, const char *prefix, const char *fmt, va_list ap)
{
    char line[1024];
    int n = snprintf(line, sizeof line, "%s: %s", log->who, prefix);
    int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
    size_t len = (size_t)n + (m < 0 ? 0 : (size_t)m);
    if (len > sizeof line - 2) {
        len = sizeof line - 2;
    }
    line[len++] = '\n';
    fwrite(line, 1, len, log->out);
}

void log_trace(const struct log *log, enum log_channel ch, const char *fmt, ...)
{
    char prefix[48];
    va_list ap;
    if (!log || !log->out) {
        return;
    }
    if (log->now) {
        snprintf(prefix, sizeof prefix, "%" PRIu64 " %s: ", log->now(log), channels[ch].name);
    } else {
        snprintf(prefix, sizeof prefix, "%s: ", channels[ch].name);
    }
    va_start(ap, fmt);
    put_line(log, prefix, fmt, ap);
    va_end(ap);
}

void log_info(const struct log *log, const char *fmt, ...)
{
    va_list ap;
    if (!log || !log->out || log->quiet) {
        return;
    }
    va_start(ap, fmt);
    put_line(log, "", fmt, ap);
    va_end(ap);
}

void log_warn(const struct log *log, const char *fmt, ...)
{
    va_list ap;
    if (!log || !log->out) {
        return;
    }
    va_start(ap, fmt);
    put_line(log, "warning: ", fmt, ap);
    va_end(ap);
}
