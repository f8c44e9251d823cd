// SPDX-License-Identifier: MIT
//
// The insides of a realized board, shared by soc*.c only.
#ifndef SOC_SOC_PRIV_H
#define SOC_SOC_PRIV_H

#include <stdatomic.h>

#include "soc/soc.h"

// Several wires may drive one input: the input is high while any of them is.
struct soc_join {
    struct wire_sink *sink;
    unsigned line;
    unsigned high;
    bool wired;
};

struct soc_wire {
    struct wire_sink sink; // what the wire is connected to
    struct soc_join *join;
    const struct board_wire *row;
    bool level;
};

// Memory as the bus sees it: what the CPU does not map directly, monitors and overlap checks.
struct soc_ram_window {
    struct bus_target target;
    const struct soc_ram *ram;
    struct soc *soc;
};

struct soc {
    const struct board *board;
    struct log *log;
    struct soc_host *host;
    uint64_t epoch;
    const struct soc_override *overrides;
    unsigned override_count;
    struct bus *bus;
    struct eventq events;
    struct device **devices; // in row order
    unsigned device_count;
    struct soc_ram *rams;
    struct soc_ram_window *windows;
    unsigned ram_count;
    uint64_t ram_bytes;
    struct soc_join *joins;
    unsigned join_count;
    struct soc_wire *wires;
    unsigned wire_count;
    unsigned cpus;
    struct wire_sink cpu;
    bool cpu_level[CPU_CLUSTER_MAX * CPU_LINE_COUNT];
    atomic_bool async;
    bool realized, warm;
};

// Inputs and outputs by the names of the board's rows.
int soc_connect(struct soc *soc, struct err *err);

// The place behind the name of an input ("gpio.96"); -EINVAL names what is wrong.
int soc_find_input(struct soc *soc, const char *path, struct wire_sink **sink, unsigned *line,
                   struct err *err);

int soc_ram_create(struct soc *soc, uint64_t bytes, struct err *err);
void soc_ram_destroy(struct soc *soc);

#endif
