// SPDX-License-Identifier: MIT
//
// Options of yamato run; see run_opts.h. QEMU's spellings are aliases in the same rows.
#include "cli/run_opts.h"

#include <string.h>

#include "base/err.h"
#include "cli/cli.h"

#define VM(m) offsetof(struct run_all, common.m)
#define ALL(m) offsetof(struct run_all, m)

static const struct opt_row rows[] = {
    {"Machine", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"board", "M machine", OPT_STRING, VM(board), "NAME", "which board (default imx53-qsb)", NULL},
    {"cpu", NULL, OPT_STRING, VM(cpu), "MODEL", "another processor than the board's", NULL},
    {"cpus", "smp", OPT_UINT, VM(cpus), "N", "cores of the processor (default 1)", NULL},
    {"engine", "accel", OPT_STRING, VM(engine), "E", "how the processor runs (default translator; the interpreter is the reference)",
     "interpreter|translator|tcg"},
    {"memory", "m", OPT_UINT, VM(ram), "SIZE", "memory, e.g. 512M or (plain) megabytes", NULL},
    {"kernel", NULL, OPT_STRING, VM(kernel), "FILE", "zImage, uImage, Image or ELF to start", NULL},
    {"initrd", NULL, OPT_STRING, VM(initrd), "FILE", "initial RAM disk", NULL},
    {"dtb", NULL, OPT_STRING, VM(dtb), "FILE", "device tree blob", NULL},
    {"append", NULL, OPT_STRING, VM(append), "TEXT", "kernel command line", NULL},
    {"machine-id", NULL, OPT_UINT, VM(machine_id), "N", "another machine id than the board's (kernels without device tree)", NULL},
    {"sd", NULL, OPT_STRING, VM(sd), "IMAGE", "SD card image (raw)", NULL},
    {"disk", NULL, OPT_LIST, VM(disks), "DOOR=FILE", "an image behind a door of the board (sdi, nand, nor ...)", NULL},
    {"drive", NULL, OPT_LIST, VM(drives), "file=IMAGE,...", "as QEMU's; format=raw only", NULL},
    {"boot", NULL, OPT_STRING, VM(boot), "HOW", "rom: the boot ROM's way from the SD card", "rom|straight"},
    {"snapshot", NULL, OPT_FLAG, VM(snapshot), NULL, "writes to images are forgotten at the end", NULL},
    {"nic", "net", OPT_LIST, VM(nics), "user[,...]|none", "network behind the board's Ethernet", NULL},
    {"no-reboot", NULL, OPT_FLAG, VM(no_reboot), NULL, "a reset of the guest ends the run", NULL},
    {"Console and display", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"serial", NULL, OPT_LIST, VM(serials), "WHERE",
     "mon:stdio, stdio, file:PATH, pty, unix:PATH, tcp:..., null; once for each line", NULL},
    {"serial-log", NULL, OPT_STRING, VM(serial_log), "FILE", "also write the first line here", NULL},
    {"nographic", NULL, OPT_FLAG, VM(nographic), NULL, "same as --serial mon:stdio", NULL},
    {"display", NULL, OPT_STRING, VM(display), "NAME", "none (windows are not built yet)", "none"},
    {"type", NULL, OPT_LIST, VM(typed), "WAIT=>TEXT",
     "when the console says WAIT type TEXT (\\n is Enter)", NULL},
    {"screenshot", NULL, OPT_STRING, VM(screenshot), "X.png", "the panel at the end", NULL},
    {"screenshot-at", NULL, OPT_LIST, VM(shots), "TEXT+S=>X.png",
     "the panel S guest seconds after the console said TEXT", NULL},
    {"reference", NULL, OPT_STRING, VM(reference), "X.png",
     "a picture to show beside ours in the report", NULL},
    {"Limits", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"until", NULL, OPT_STRING, VM(until), "TEXT", "end when the console says TEXT", NULL},
    {"guest-seconds", NULL, OPT_UINT, VM(guest_seconds), "N", "end after N seconds of guest time", NULL},
    {"host-seconds", NULL, OPT_UINT, VM(host_seconds), "N", "end after N seconds of host time", NULL},
    {"realtime", NULL, OPT_FLAG, VM(realtime), NULL, "guest time keeps to the host's clock", NULL},
    {"mips", NULL, OPT_UINT, VM(mips), "N", "guest instructions in a guest microsecond", NULL},
    {"GPU", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"backend", NULL, OPT_STRING, ALL(backend), "NAME", "where draws run (default soft)",
     "soft|gl|null"},
    {"gl-device", NULL, OPT_STRING, ALL(gl_device), "DEV", "gl: llvmpipe, gpu or a render node", NULL},
    {"gpu", NULL, OPT_STRING, VM(gpu), "TYPE", "vGPU type (default yamato-a200), vfio-user:SOCKET, none", NULL},
    {"gpu-id", NULL, OPT_UINT, VM(gpu_id), "N", "chip by number instead: 200, 201, 205, 220 or 225", NULL},
    {"scissor-inclusive", NULL, OPT_FLAG, ALL(scissor_inclusive), NULL,
     "compare aid: read the window scissor's bottom right as inclusive, which undoes a driver bug", NULL},
    {"weight", NULL, OPT_UINT, VM(weight), "N", "share of the engine (default 100)", NULL},
    {"capture", NULL, OPT_STRING, VM(capture), "X.rd[.gz]", "record every submission", NULL},
    {"raster-threads", NULL, OPT_UINT, ALL(raster_threads), "N", "soft: threads", NULL},
    {"deterministic", NULL, OPT_FLAG, ALL(deterministic), NULL,
     "the same image gives the same run (doorbells wait for the engine)", NULL},
    {"unmediated", NULL, OPT_FLAG, ALL(unmediated), NULL,
     "skip copy and audit, to measure what they cost", NULL},
    {"Looking and debugging", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"gdb", NULL, OPT_STRING, VM(gdb_at), "tcp::PORT|unix:PATH", "GDB stub", NULL},
    {"gdb-default", "s", OPT_FLAG, VM(gdb), NULL, "same as --gdb tcp::1234", NULL},
    {"paused", "S", OPT_FLAG, VM(paused), NULL, "wait for the debugger before the first instruction", NULL},
    {"trace", "d", OPT_STRING, VM(trace), "CH,...", "trace channels to stderr (help lists them)", NULL},
    {"unclaimed", NULL, OPT_FLAG, VM(unclaimed), NULL,
     "at the end list every register touched that no model claims", NULL},
    {"loadvm", NULL, OPT_STRING, VM(load), "FILE", "continue from a saved machine", NULL},
    {"hash", NULL, OPT_FLAG, ALL(hash), NULL,
     "at the end print a hash of processor, time and console (equal for equal runs)", NULL},
    {"stats", NULL, OPT_FLAG, ALL(stats), NULL, "counters at the end", NULL},
    {"report", NULL, OPT_STRING, ALL(report), "X.html", "page with pictures and submission profile", NULL},
    {"profile-json", NULL, OPT_STRING, ALL(profile_json), "FILE", "profile summary", NULL},
    {"profile-csv", NULL, OPT_STRING, ALL(profile_csv), "FILE", "every submission", NULL},
    {"profile-trace", NULL, OPT_STRING, ALL(profile_trace), "FILE", "Chrome/Perfetto trace", NULL},
    OPTS_END};

const struct opts_spec run_spec = {
    "yamato run", "[OPTION]... [--vm NAME [OPTION]...]...",
    "Runs one or more virtual machines that share one GPU engine.",
    "Several machines: '--vm NAME' starts the next; options before the first hold for all.\n"
    "With one machine the console is this terminal; Ctrl-a h lists its keys.\n\n"
    "Examples:\n"
    "  yamato run --kernel vmlinuz --dtb imx53-qsb.dtb --initrd initramfs.cpio.gz \\\n"
    "             --append 'console=ttymxc0,115200' --nographic\n"
    "  yamato run --boot rom --sd sd.img --snapshot --nographic\n"
    "  yamato run --backend gl --report two.html --sd sd.img --snapshot --boot rom --vm a --vm b",
    rows};

static bool parse_part(struct run_all *all, int argc, char **argv, int *status)
{
    const char *args[1];
    unsigned nargs;
    if (!cli_parse(&run_spec, all, argc, argv, args, 1, &nargs, status)) {
        return false;
    }
    if (nargs) {
        fprintf(stderr, "yamato run: what is '%s'? (kernel images need --kernel, cards --sd)\n",
                args[0]);
        *status = EXIT_USAGE;
        return false;
    }
    return true;
}

bool run_parse(struct run_config *cfg, int argc, char **argv, int *status)
{
    int start = 1, at = 1;
    struct run_vm common;

    memset(cfg, 0, sizeof *cfg);
    cfg->all.common.board = "imx53-qsb";
    cfg->all.common.gpu = RUN_GPU_DEFAULT;
    cfg->all.backend = "soft";
    while (at < argc && strcmp(argv[at], "--vm") != 0) {
        at++;
    }
    if (!parse_part(&cfg->all, at, argv, status)) {
        return false;
    }
    common = cfg->all.common;
    while (at < argc) {
        char *head = argv[at + 1];
        if (at + 1 >= argc || head[0] == '-') {
            fprintf(stderr, "yamato run: --vm needs a name\n");
            *status = EXIT_USAGE;
            return false;
        }
        if (cfg->nvms == RUN_VMS_MAX) {
            fprintf(stderr, "yamato run: more than %u machines\n", RUN_VMS_MAX);
            *status = EXIT_USAGE;
            return false;
        }
        start = at + 1;
        at = start + 1;
        while (at < argc && strcmp(argv[at], "--vm") != 0) {
            at++;
        }
        cfg->all.common = common;
        if (!parse_part(&cfg->all, at - start, argv + start, status)) {
            return false;
        }
        cfg->vms[cfg->nvms] = cfg->all.common;
        cfg->vms[cfg->nvms++].name = head;
    }
    if (!cfg->nvms) {
        cfg->vms[cfg->nvms++] = common;
    }
    return true;
}
