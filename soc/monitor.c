// SPDX-License-Identifier: MIT
//
// The monitor: a few words to look at and steer a machine while it runs, reached with Ctrl-a c on a
// "mon:stdio" line, or from a program through machine_monitor.
#include "soc/machine_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/png.h"
#include "soc/soc_input.h"

struct monitor_command {
    const char *words, *args, *help;
    void (*run)(struct machine *m, char *args, FILE *out);
};

static bool number(const char **s, uint64_t *v)
{
    char *end;
    while (**s == ' ') {
        (*s)++;
    }
    *v = strtoull(*s, &end, 0);
    if (end == *s) {
        return false;
    }
    *s = end;
    return true;
}

static void cmd_registers(struct machine *m, char *args, FILE *out)
{
    static const char *const names[] = {"r0", "r1", "r2",  "r3",  "r4",  "r5", "r6", "r7",
                                        "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc"};
    char text[96] = "";
    (void)args;
    for (unsigned i = 0; i < 16; i++) {
        fprintf(out, "%-3s %08x%s", names[i], cpu_get(m->cpu, (enum cpu_reg)(CPU_R0 + i)),
                i % 4 == 3 ? "\n" : "  ");
    }
    cpu_disassemble(m->cpu, cpu_get(m->cpu, CPU_PC), text, sizeof text);
    fprintf(out, "cpsr %08x  spsr %08x  next: %s\n", cpu_get(m->cpu, CPU_CPSR),
            cpu_get(m->cpu, CPU_SPSR), text);
}

static void cmd_unclaimed(struct machine *m, char *args, FILE *out)
{
    (void)args;
    machine_report_unclaimed(m, out);
}

static void cmd_irq(struct machine *m, char *args, FILE *out)
{
    (void)args;
    soc_report_irqs(m->soc, out);
}

static void cmd_devices(struct machine *m, char *args, FILE *out)
{
    (void)args;
    soc_report_devices(m->soc, out);
}

static void cmd_stats(struct machine *m, char *args, FILE *out)
{
    (void)args;
    machine_report(m, out);
}

static void cmd_device(struct machine *m, char *args, FILE *out)
{
    struct device *dev = soc_device(m->soc, args);
    if (dev) {
        soc_report_registers(m->soc, dev, out);
    } else {
        fprintf(out, "no device '%s'; see info devices\n", args);
    }
}

static void dump(struct machine *m, const char *args, FILE *out, bool physical)
{
    uint64_t at, n = 16;
    if (!number(&args, &at)) {
        fprintf(out, "which address?\n");
        return;
    }
    number(&args, &n);
    for (uint64_t i = 0; i < n && i < 4096; i++, at += 4) {
        uint64_t v = 0;
        uint8_t raw[4];
        bool ok = physical ? bus_read(soc_bus(m->soc), (uint32_t)at & ~3u, 4, &v) == CPU_BUS_OK
                           : cpu_read_virtual(m->cpu, (uint32_t)at, raw, 4) == 4;
        if (!physical && ok) {
            v = get_le32(raw);
        }
        if (i % 4 == 0) {
            fprintf(out, "%s%08x:", i ? "\n" : "", (uint32_t)at);
        }
        if (ok) {
            fprintf(out, " %08x", (uint32_t)v);
        } else {
            fprintf(out, " ????????");
        }
    }
    fputc('\n', out);
}

static void cmd_x(struct machine *m, char *args, FILE *out)
{
    dump(m, args, out, false);
}

static void cmd_xp(struct machine *m, char *args, FILE *out)
{
    dump(m, args, out, true);
}

static void cmd_list(struct machine *m, char *args, FILE *out)
{
    const char *p = args;
    uint64_t at = cpu_get(m->cpu, CPU_PC), n = 8;
    if (number(&p, &at)) {
        number(&p, &n);
    }
    for (uint64_t i = 0; i < n && i < 1000; i++) {
        char text[96];
        int bytes = cpu_disassemble(m->cpu, (uint32_t)at, text, sizeof text);
        fprintf(out, "%08x: %s\n", (uint32_t)at, bytes > 0 ? text : "?");
        at += bytes > 0 ? (unsigned)bytes : 4;
    }
}

static void report_err(int rc, const struct err *err, FILE *out)
{
    if (rc) {
        fprintf(out, "%s\n", err->msg);
    }
}

static void cmd_screendump(struct machine *m, char *args, FILE *out)
{
    struct err err = {0};
    report_err(machine_screendump(m, 0, args[0] ? args : "screen.png", &err), &err, out);
}

static void cmd_stop(struct machine *m, char *args, FILE *out)
{
    (void)args, (void)out;
    machine_pause(m, true);
}

static void cmd_cont(struct machine *m, char *args, FILE *out)
{
    (void)args, (void)out;
    machine_pause(m, false);
}

static void cmd_quit(struct machine *m, char *args, FILE *out)
{
    (void)args, (void)out;
    machine_stop(m);
}

static void cmd_reset(struct machine *m, char *args, FILE *out)
{
    (void)args, (void)out;
    m->power_who = "monitor";
    m->reset_wanted = true;
    machine_interrupt(m);
}

static void cmd_savevm(struct machine *m, char *args, FILE *out)
{
    struct err err = {0};
    report_err(machine_save(m, args, &err), &err, out);
}

static void cmd_loadvm(struct machine *m, char *args, FILE *out)
{
    struct err err = {0};
    report_err(machine_restore(m, args, &err), &err, out);
}

static void cmd_type(struct machine *m, char *args, FILE *out)
{
    (void)out;
    serial_type(m->serials[0], args, strlen(args));
    serial_type(m->serials[0], "\r", 1);
}

// "touch X Y" in pixels of the display, "touch up".
static void cmd_touch(struct machine *m, char *args, FILE *out)
{
    struct err err = {0};
    struct picture pic;
    unsigned x = 0, y = 0;
    bool down = sscanf(args, "%u %u", &x, &y) == 2;
    int rc = machine_screenshot(m, 0, &pic, &err);
    if (!rc) {
        x = x < pic.width ? x * 65535u / pic.width : 65535u;
        y = y < pic.height ? y * 65535u / pic.height : 65535u;
        rc = soc_pointer(m->soc, (uint16_t)x, (uint16_t)y, down, &err);
        picture_fini(&pic);
    }
    report_err(rc, &err, out);
}

static void cmd_key(struct machine *m, char *args, FILE *out)
{
    struct err err = {0};
    char name[32] = "", how[8] = "";
    int n = sscanf(args, "%31s %7s", name, how);
    if (n < 1 || (n == 2 && strcmp(how, "down") != 0 && strcmp(how, "up") != 0)) {
        fprintf(out, "key NAME down|up\n");
        return;
    }
    report_err(soc_key(m->soc, name, n < 2 || !strcmp(how, "down"), &err), &err, out);
}

static void cmd_help(struct machine *m, char *args, FILE *out);

static const struct monitor_command commands[] = {
    {"help", "", "this list", cmd_help},
    {"info registers", "", "core registers", cmd_registers},
    {"info devices", "", "memory map and devices", cmd_devices},
    {"info device", " NAME", "registers of a device by name", cmd_device},
    {"info irq", "", "levels of all wires", cmd_irq},
    {"info unclaimed", "", "registers that no model claims", cmd_unclaimed},
    {"info stats", "", "time, instructions, counters", cmd_stats},
    {"x", " ADDRESS [WORDS]", "memory as the guest sees it", cmd_x},
    {"xp", " ADDRESS [WORDS]", "physical memory and registers", cmd_xp},
    {"list", " [ADDRESS [N]]", "disassemble", cmd_list},
    {"screendump", " FILE.png", "the display's picture", cmd_screendump},
    {"type", " TEXT", "types a line into serial line 0", cmd_type},
    {"touch", " X Y|up", "puts the pen onto the display, lifts it", cmd_touch},
    {"key", " NAME down|up", "a key of the board (K1), or hid:N", cmd_key},
    {"stop", "", "pause the machine", cmd_stop},
    {"cont", "", "go on", cmd_cont},
    {"system_reset", "", "as the reset button", cmd_reset},
    {"savevm", " FILE", "save the machine", cmd_savevm},
    {"loadvm", " FILE", "restore the machine", cmd_loadvm},
    {"quit", "", "end the emulator", cmd_quit},
};

static void cmd_help(struct machine *m, char *args, FILE *out)
{
    (void)m, (void)args;
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        char left[48];
        snprintf(left, sizeof left, "%s%s", commands[i].words, commands[i].args);
        fprintf(out, "%-28s %s\n", left, commands[i].help);
    }
}

void machine_monitor(struct machine *m, const char *line, FILE *out)
{
    char buf[256];
    const struct monitor_command *best = NULL;
    size_t best_len = 0, n;
    while (*line == ' ') {
        line++;
    }
    snprintf(buf, sizeof buf, "%s", line);
    n = strlen(buf);
    while (n && (buf[n - 1] == ' ' || buf[n - 1] == '\n' || buf[n - 1] == '\r')) {
        buf[--n] = 0;
    }
    if (!n) {
        return;
    }
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        size_t k = strlen(commands[i].words);
        if (strncmp(buf, commands[i].words, k) == 0 && (!buf[k] || buf[k] == ' ') && k > best_len) {
            best = &commands[i];
            best_len = k;
        }
    }
    if (!best) {
        fprintf(out, "unknown command '%s'; try help\n", buf);
        return;
    }
    best->run(m, buf + best_len + strspn(buf + best_len, " "), out);
}

// ---- on a serial line
// ----------------------------------------------------------------------------------

static void say(struct machine *m, const char *text)
{
    for (unsigned i = 0; i < MACHINE_SERIALS && m->serials[i]; i++) {
        if (m->cfg.serials[i] && strcmp(m->cfg.serials[i], "mon:stdio") == 0) {
            for (const char *p = text; *p; p++) {
                if (*p == '\n') {
                    serial_print(m->serials[i], "\r", 1);
                }
                serial_print(m->serials[i], p, 1);
            }
        }
    }
}

void machine_monitor_enter(void *owner)
{
    struct machine *m = owner;
    m->monitor_len = 0;
    say(m, "\n(yamato) ");
}

void machine_monitor_key(void *owner, char c)
{
    struct machine *m = owner;
    char echo[2] = {c, 0}, *answer = NULL;
    size_t n = 0;
    FILE *out;
    if (c == 127 || c == 8) {
        if (m->monitor_len) {
            m->monitor_len--;
            say(m, "\b \b");
        }
        return;
    }
    if (c != '\r' && c != '\n') {
        if (m->monitor_len < sizeof m->monitor_line - 1 && (unsigned char)c >= ' ') {
            m->monitor_line[m->monitor_len++] = c;
            say(m, echo);
        }
        return;
    }
    m->monitor_line[m->monitor_len] = 0;
    m->monitor_len = 0;
    say(m, "\n");
    out = open_memstream(&answer, &n);
    if (out) {
        machine_monitor(m, m->monitor_line, out);
        fclose(out);
        say(m, answer);
        free(answer);
    }
    say(m, "(yamato) ");
}
