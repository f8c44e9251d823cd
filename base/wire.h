// SPDX-License-Identifier: MIT
//
// A wire: one digital line with a name and one listener (interrupt request, reset, card detect).
// A device embeds its output wires; a board connects each to an input by name. Level semantics; the
// listener is called on every change, and once when connected.
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>

struct wire;

struct wire_sink {
    void (*set)(struct wire_sink *sink, unsigned line, bool level);
};

struct wire {
    const char *name;       // e.g. "uart1.irq"; borrowed
    struct wire_sink *sink; // borrowed; NULL while unconnected
    unsigned line;          // which input of the sink
    bool level;
};

static inline void wire_connect(struct wire *w, struct wire_sink *sink, unsigned line)
{
    w->sink = sink;
    w->line = line;
    if (sink) {
        sink->set(sink, line, w->level);
    }
}

static inline void wire_set(struct wire *w, bool level)
{
    if (w->level != level) {
        w->level = level;
        if (w->sink) {
            w->sink->set(w->sink, w->line, level);
        }
    }
}

#endif
