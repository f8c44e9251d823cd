// SPDX-License-Identifier: MIT
//
// A small driver around machine.h for booting images by hand, from scripts and in benches. Exit
// status 0 when the awaited text was seen (or none was asked for), 1 otherwise.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/opts.h"
#include "mdev/vgpu.h"
#include "soc/machine.h"
#include "soc/serial.h"

struct options {
    const char *board, *kernel, *initrd, *dtb, *append, *sd, *serial, *net, *trace, *stop, *regex;
    const char *screendump, *gpu, *log, *save, *restore, *gdb;
    uint64_t ram, mips, guest_s, host_s;
    bool paused, write, rom, unclaimed, realtime, no_reboot, devices, sync;
    struct opt_list marks, expect, monitor;
};

// clang-format off
#define ROW(name_, alias_, kind_, member_, value_, help_) \
    {name_, alias_, kind_, offsetof(struct options, member_), value_, help_, NULL}
static const struct opt_row rows[] = {
    ROW("board", "M", OPT_STRING, board, "NAME", "board (imx53-qsb)"),
    ROW("kernel", NULL, OPT_STRING, kernel, "FILE", "kernel to start"),
    ROW("initrd", NULL, OPT_STRING, initrd, "FILE", "initial RAM disk"),
    ROW("dtb", NULL, OPT_STRING, dtb, "FILE", "device tree"),
    ROW("append", NULL, OPT_STRING, append, "TEXT", "kernel command line"),
    ROW("sd", NULL, OPT_STRING, sd, "FILE", "card image"),
    ROW("write", NULL, OPT_FLAG, write, NULL, "keep writes to the card"),
    ROW("rom", NULL, OPT_FLAG, rom, NULL, "boot from the card"),
    ROW("ram", "m", OPT_UINT, ram, "BYTES", "memory"),
    ROW("mips", NULL, OPT_UINT, mips, "N", "instructions a microsecond"),
    ROW("serial", NULL, OPT_STRING, serial, "BACKEND", "serial line 0 (stdio)"),
    ROW("log", NULL, OPT_STRING, log, "FILE", "copy of what serial line 0 says"),
    ROW("net", NULL, OPT_STRING, net, "BACKEND", "network (null)"),
    ROW("gpu", NULL, OPT_STRING, gpu, "BACKEND", "GPU backend (soft, gl, null)"),
    ROW("sync", NULL, OPT_FLAG, sync, NULL, "GPU works inside the doorbell"),
    ROW("trace", NULL, OPT_STRING, trace, "LIST", "trace channels"),
    ROW("guest-seconds", NULL, OPT_UINT, guest_s, "N", "end after N virtual seconds"),
    ROW("host-seconds", NULL, OPT_UINT, host_s, "N", "end after N real seconds"),
    ROW("stop", NULL, OPT_STRING, stop, "TEXT", "end when the guest says TEXT"),
    ROW("stop-regex", NULL, OPT_STRING, regex, "RE", "end when a line matches"),
    ROW("mark", NULL, OPT_LIST, marks, "TEXT", "time stamp when the guest says TEXT"),
    ROW("expect", NULL, OPT_LIST, expect, "TEXT=>TEXT", "wait for the one, type the other"),
    ROW("screendump", NULL, OPT_STRING, screendump, "FILE", "picture at the end"),
    ROW("monitor", NULL, OPT_LIST, monitor, "COMMAND", "monitor commands at the end"),
    ROW("save", NULL, OPT_STRING, save, "FILE", "snapshot at the end"),
    ROW("restore", NULL, OPT_STRING, restore, "FILE", "start from a snapshot"),
    ROW("gdb", NULL, OPT_STRING, gdb, "tcp::PORT", "GDB stub"),
    ROW("paused", "S", OPT_FLAG, paused, NULL, "start stopped"),
    ROW("unclaimed", NULL, OPT_FLAG, unclaimed, NULL, "report registers without a model"),
    ROW("devices", NULL, OPT_FLAG, devices, NULL, "list the board and end"),
    ROW("realtime", NULL, OPT_FLAG, realtime, NULL, "keep to the host's clock"),
    ROW("no-reboot", NULL, OPT_FLAG, no_reboot, NULL, "end at a reset"),
    OPTS_END};
// clang-format on
static const struct opts_spec spec = {"bootrun", "[OPTION]...", "boots a machine", NULL, rows};

static struct machine *running; // for the signal handler only

static void on_signal(int sig)
{
    (void)sig;
    if (running) {
        machine_stop(running);
    }
}

static int fail(const struct err *err)
{
    fprintf(stderr, "bootrun: %s\n", err->msg);
    return 1;
}

static int add_expectations(struct machine *m, const struct options *o, struct err *err)
{
    int rc = 0;
    for (unsigned i = 0; i < o->expect.count && !rc; i++) {
        char *text = strdup(o->expect.items[i]), *arrow = NULL;
        for (char *at = text; at && (at = strstr(at, "=>")); at += 2) {
            arrow = at; // the last one: U-Boot's prompt has one too
        }
        if (!arrow) {
            free(text);
            return err_set(err, -1, "--expect wants TEXT=>TEXT");
        }
        *arrow = 0;
        rc = serial_script_add(machine_serial(m, 0), text, arrow + 2, err);
        free(text);
    }
    return rc;
}

static int finish(struct machine *m, const struct options *o, enum machine_exit why,
                  struct err *err)
{
    int rc = 0;
    fprintf(stderr, "\nbootrun: %s\n",
            why == MACHINE_EXIT_ERROR ? err->msg : machine_exit_text(why));
    machine_report(m, stderr);
    fprintf(stderr, "hash %016" PRIx64 "\n", machine_hash(m));
    for (unsigned i = 0; i < o->monitor.count; i++) {
        machine_monitor(m, o->monitor.items[i], stderr);
    }
    if (o->unclaimed) {
        machine_report_unclaimed(m, stderr);
    }
    if (o->screendump) {
        rc = machine_screendump(m, 0, o->screendump, err);
    }
    if (!rc && o->save) {
        rc = machine_save(m, o->save, err);
    }
    if (rc) {
        return fail(err);
    }
    return (o->stop || o->regex) && why != MACHINE_EXIT_MATCH;
}

int main(int argc, char **argv)
{
    struct options o = {.board = "imx53-qsb", .serial = "mon:stdio"};
    struct err err = {0};
    struct log log;
    const char *args[1];
    unsigned nargs;
    struct mdev *mdev = NULL;
    int rc = opts_parse(&spec, &o, argc, argv, args, 1, &nargs, &err);
    if (rc) {
        return rc > 0 ? 0 : fail(&err);
    }
    log_init(&log, stderr, o.board);
    if (o.trace && log_enable(&log, o.trace, &err)) {
        return fail(&err);
    }
    if (o.gpu) {
        struct mdev_config mc = {.backend = o.gpu, .synchronous = o.sync, .log = &log};
        mdev = mdev_create(&mc, &err);
        if (!mdev) {
            return fail(&err);
        }
    }
    struct machine_config mc = {.board = o.board,
                                .ram_bytes = o.ram,
                                .mips = (unsigned)o.mips,
                                .kernel = o.kernel,
                                .initrd = o.initrd,
                                .dtb = o.dtb,
                                .append = o.append,
                                .boot_rom = o.rom,
                                .disks = {o.sd},
                                .snapshot = !o.write,
                                .serials = {o.serial},
                                .nets = {o.net},
                                .mdev = mdev,
                                .gpu_type = mdev ? vgpu_type_at(0)->name : NULL,
                                .gdb = o.gdb,
                                .paused = o.paused,
                                .realtime = o.realtime,
                                .no_reboot = o.no_reboot,
                                .log = &log};
    struct machine_limits limits = {.guest_ns = o.guest_s * 1000000000u,
                                    .host_ns = o.host_s * 1000000000u,
                                    .stop_text = o.stop,
                                    .stop_regex = o.regex};
    struct machine *m = machine_create(&mc, &err);
    if (!m) {
        return fail(&err);
    }
    if (o.devices) {
        soc_report_devices(machine_soc(m), stdout);
        machine_destroy(m);
        return 0;
    }
    for (unsigned i = 0; i < o.marks.count; i++) {
        machine_mark(m, o.marks.items[i]);
    }
    if ((o.log && serial_log_to(machine_serial(m, 0), o.log, &err)) ||
        add_expectations(m, &o, &err) || (o.restore && machine_restore(m, o.restore, &err))) {
        return fail(&err);
    }
    running = m;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    rc = finish(m, &o, machine_run(m, &limits, &err), &err);
    running = NULL;
    machine_destroy(m);
    mdev_destroy(mdev);
    return rc;
}
