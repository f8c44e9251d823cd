// SPDX-License-Identifier: MIT
//
// Connects a board's wires and clocks by name and checks that nothing was forgotten: unknown names,
// clock inputs without a source, outputs called "irq" or "fiq" that go nowhere.
#include "soc/soc_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "cpu/cpu.h"

static void joined(struct wire_sink *sink, unsigned line, bool level)
{
    struct soc_wire *w = container_of(sink, struct soc_wire, sink);
    struct soc_join *j = w->join;
    bool was = j->high > 0;
    (void)line;
    if (w->level == level) {
        return;
    }
    w->level = level;
    j->high += level ? 1u : -1u;
    if (was != (j->high > 0)) {
        j->sink->set(j->sink, j->line, j->high > 0);
    }
}

// Splits "uart1.irq"; false when there is no dot or the device is too long a name.
static bool split(const char *path, char *dev, unsigned n, const char **port)
{
    const char *dot = strchr(path, '.');
    if (!dot || (size_t)(dot - path) >= n) {
        return false;
    }
    memcpy(dev, path, (size_t)(dot - path));
    dev[dot - path] = 0;
    *port = dot + 1;
    return true;
}

static int index_of(const char *const *names, const char *name)
{
    for (int i = 0; names && names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

int soc_find_input(struct soc *soc, const char *path, struct wire_sink **sink, unsigned *line,
                   struct err *err)
{
    static const char *const cpu_lines[] = {[CPU_LINE_IRQ] = "irq", [CPU_LINE_FIQ] = "fiq", NULL};
    char name[48];
    const char *port;
    struct device *dev;
    int at;
    if (!split(path, name, sizeof name, &port)) {
        return err_set(err, -EINVAL, "board %s: '%s' is not DEVICE.INPUT", soc->board->name, path);
    }
    if (strncmp(name, "cpu", 3) == 0 && strspn(name + 3, "01234567") == strlen(name + 3) &&
        strlen(name) <= 4) {
        at = index_of(cpu_lines, port);
        at = at < 0 ? at : at + (name[3] ? name[3] - '0' : 0) * CPU_LINE_COUNT;
        *sink = &soc->cpu;
    } else {
        dev = soc_device(soc, name);
        if (!dev) {
            return err_set(err, -EINVAL, "board %s: no device for input '%s'", soc->board->name,
                           path);
        }
        at = index_of(dev->cls->inputs, port);
        if (at < 0) {
            char *end;
            unsigned long n = strtoul(port, &end, 10);
            at = *port && !*end && n < dev->cls->input_count ? (int)n : -1;
        }
        *sink = &dev->in;
    }
    if (at < 0) {
        return err_set(err, -EINVAL, "board %s: there is no input '%s'", soc->board->name, path);
    }
    *line = (unsigned)at;
    return 0;
}

static int find_output(struct soc *soc, const char *path, struct wire **wire, struct err *err)
{
    char name[48];
    const char *port;
    struct device *dev;
    int at;
    if (!split(path, name, sizeof name, &port) || !(dev = soc_device(soc, name))) {
        return err_set(err, -EINVAL, "board %s: no device for output '%s'", soc->board->name, path);
    }
    at = index_of(dev->cls->outputs, port);
    if (at < 0) {
        return err_set(err, -EINVAL, "board %s: there is no output '%s'", soc->board->name, path);
    }
    *wire = &dev->outs[at];
    return 0;
}

static struct soc_join *join_of(struct soc *soc, struct wire_sink *sink, unsigned line)
{
    struct soc_join *j;
    for (unsigned i = 0; i < soc->join_count; i++) {
        if (soc->joins[i].sink == sink && soc->joins[i].line == line) {
            return &soc->joins[i];
        }
    }
    j = &soc->joins[soc->join_count++];
    j->sink = sink;
    j->line = line;
    return j;
}

static int connect_wires(struct soc *soc, struct err *err)
{
    const struct board *b = soc->board;
    int rc;
    soc->wires = calloc(b->wire_count + 1, sizeof *soc->wires);
    soc->joins = calloc(b->wire_count + b->level_count + 1, sizeof *soc->joins);
    if (!soc->wires || !soc->joins) {
        return err_set(err, -ENOMEM, "board %s: no memory", b->name);
    }
    for (unsigned i = 0; i < b->wire_count; i++) {
        struct soc_wire *w = &soc->wires[soc->wire_count];
        struct wire_sink *sink;
        struct wire *wire = NULL;
        unsigned line;
        rc = find_output(soc, b->wires[i].from, &wire, err);
        rc = rc ? rc : soc_find_input(soc, b->wires[i].to, &sink, &line, err);
        if (rc) {
            return rc;
        }
        if (wire->sink) {
            return err_set(err, -EINVAL, "board %s: output '%s' is connected twice", b->name,
                           b->wires[i].from);
        }
        soc->wire_count++;
        w->sink.set = joined;
        w->row = &b->wires[i];
        w->join = join_of(soc, sink, line);
        w->join->wired = true;
        wire_connect(wire, &w->sink, 0);
    }
    for (unsigned i = 0; i < b->level_count; i++) {
        struct wire_sink *sink;
        unsigned line;
        rc = soc_find_input(soc, b->levels[i].input, &sink, &line, err);
        if (rc) {
            return rc;
        }
        if (join_of(soc, sink, line)->wired) {
            return err_set(err, -EINVAL, "board %s: input '%s' has a wire and a fixed level",
                           b->name, b->levels[i].input);
        }
        sink->set(sink, line, b->levels[i].level);
    }
    return 0;
}

static int connect_clock(struct soc *soc, const struct board_clock *row, struct err *err)
{
    const struct board *b = soc->board;
    char name[48];
    const char *port;
    struct device *dev, *src;
    int in, out;

    if (!split(row->input, name, sizeof name, &port) || !(dev = soc_device(soc, name)) ||
        (in = index_of(dev->cls->clock_inputs, port)) < 0) {
        return err_set(err, -EINVAL, "board %s: there is no clock input '%s'", b->name, row->input);
    }
    for (unsigned i = 0; i < b->oscillator_count; i++) {
        if (strcmp(b->oscillators[i].name, row->source) == 0) {
            dev->clocks[in].hz = b->oscillators[i].hz;
            dev->clocks[in].output = 1; // connected
            return 0;
        }
    }
    if (!split(row->source, name, sizeof name, &port) || !(src = soc_device(soc, name)) ||
        (out = index_of(src->cls->clock_outputs, port)) < 0) {
        return err_set(err, -EINVAL, "board %s: '%s' wants clock '%s', which is not there", b->name,
                       row->input, row->source);
    }
    dev->clocks[in].source = src;
    dev->clocks[in].output = (unsigned)out;
    return 0;
}

static int check_open_ends(struct soc *soc, struct err *err)
{
    for (unsigned i = 0; i < soc->device_count; i++) {
        struct device *dev = soc->devices[i];
        for (unsigned n = 0; dev->cls->clock_inputs && dev->cls->clock_inputs[n]; n++) {
            if (!dev->clocks[n].source && !dev->clocks[n].output) {
                return err_set(err, -EINVAL, "board %s: clock input '%s.%s' has no source",
                               soc->board->name, dev->name, dev->cls->clock_inputs[n]);
            }
        }
        for (unsigned n = 0; dev->cls->outputs && dev->cls->outputs[n]; n++) {
            const char *o = dev->cls->outputs[n];
            if (!dev->outs[n].sink && (strncmp(o, "irq", 3) == 0 || strncmp(o, "fiq", 3) == 0)) {
                return err_set(err, -EINVAL, "board %s: output '%s.%s' is not connected",
                               soc->board->name, dev->name, o);
            }
        }
    }
    return 0;
}

int soc_connect(struct soc *soc, struct err *err)
{
    int rc = 0;
    for (unsigned i = 0; i < soc->board->clock_count && !rc; i++) {
        rc = connect_clock(soc, &soc->board->clocks[i], err);
    }
    rc = rc ? rc : connect_wires(soc, err);
    return rc ? rc : check_open_ends(soc, err);
}

void soc_report_irqs(struct soc *soc, FILE *out)
{
    fprintf(out, "%-6s %-24s %s\n", "level", "from", "to");
    for (unsigned i = 0; i < soc->wire_count; i++) {
        fprintf(out, "%-6s %-24s %s\n", soc->wires[i].level ? "high" : "low",
                soc->wires[i].row->from, soc->wires[i].row->to);
    }
    for (unsigned k = 0; k < soc->cpus && k < CPU_CLUSTER_MAX; k++) {
        const bool *level = soc->cpu_level + k * CPU_LINE_COUNT;
        fprintf(out, "cpu%u: irq %s, fiq %s\n", k, level[CPU_LINE_IRQ] ? "high" : "low",
                level[CPU_LINE_FIQ] ? "high" : "low");
    }
}
