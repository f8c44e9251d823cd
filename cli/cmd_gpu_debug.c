// SPDX-License-Identifier: MIT
//
// yamato gpu-debug: the frame debugger (gpu-model/debug) as a command. Commands come from the command
// line (-e), else from standard input.
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "gpu-model/debug/debug.h"
#include "host-backends/backend.h"

struct debug_opts {
    const char *backend, *chip, *html, *pixel, *device;
    struct opt_list lines;
    bool inclusive;
    uint64_t pictures;
};

static const struct opt_row rows[] = {
    {"backend", NULL, OPT_STRING, offsetof(struct debug_opts, backend), "NAME",
     "where draws run (default soft)", "soft|gl"},
    {"execute", "e", OPT_LIST, offsetof(struct debug_opts, lines), "COMMAND",
     "run this command instead of reading them; may be repeated", NULL},
    {"pixel", NULL, OPT_STRING, offsetof(struct debug_opts, pixel), "X,Y",
     "tell which draws touched this pixel, and what each did", NULL},
    {"html", NULL, OPT_STRING, offsetof(struct debug_opts, html), "X.html",
     "write the frame as one page", NULL},
    {"pictures", NULL, OPT_UINT, offsetof(struct debug_opts, pictures), "N",
     "how many draws of the page get pictures (default 200)", NULL},
    {"chip", NULL, OPT_STRING, offsetof(struct debug_opts, chip), "NAME",
     "chip profile instead of the capture's", NULL},
    {"scissor-inclusive", NULL, OPT_FLAG, offsetof(struct debug_opts, inclusive), NULL,
     "read the window scissor's bottom right as inclusive", NULL},
    {"gl-device", NULL, OPT_STRING, offsetof(struct debug_opts, device), "DEV", "gl: which EGL device", NULL},
    OPTS_END};

static const struct opts_spec spec = {
    "yamato gpu-debug", "[OPTION]... FILE.rd[.gz]",
    "Steps through a captured frame: packets, draws, state, programs, textures, on-chip memory.",
    "The command 'help' lists the commands. Exit status 1 when one of them was refused.\n"
    "Examples:\n"
    "  yamato gpu-debug cube.rd.gz\n"
    "  yamato gpu-debug -e 'goto draw 7' -e state -e 'gmem after.png' cube.rd.gz\n"
    "  yamato gpu-debug --pixel 120,80 cube.rd.gz\n"
    "  yamato gpu-debug --html cube.html cube.rd.gz",
    rows};

static int run_lines(struct gpu_debug *d)
{
    char line[600];
    bool prompt = isatty(0);
    int status = EXIT_OK;
    for (;;) {
        if (prompt) {
            fputs("(gpu) ", stdout);
            fflush(stdout);
        }
        if (!fgets(line, sizeof line, stdin)) {
            return status;
        }
        switch (gpu_debug_command(d, line, stdout)) {
        case GPU_DEBUG_QUIT:
            return status;
        case GPU_DEBUG_BAD:
            status = EXIT_FAILED;
            break;
        default:
            break;
        }
    }
}

static int run_session(struct gpu_debug *d, const struct debug_opts *o)
{
    char line[64];
    struct err err = {0};
    int status = EXIT_OK;
    for (unsigned i = 0; i < o->lines.count; i++) {
        if (gpu_debug_command(d, o->lines.items[i], stdout) == GPU_DEBUG_BAD) {
            status = EXIT_FAILED;
        }
    }
    if (o->pixel) {
        snprintf(line, sizeof line, "pixel %.40s", o->pixel);
        status = gpu_debug_command(d, line, stdout) == GPU_DEBUG_BAD ? EXIT_FAILED : status;
    }
    if (o->html && gpu_debug_html(d, o->html, (unsigned)o->pictures, &err)) {
        status = cli_fail("gpu-debug", &err);
    }
    return o->lines.count || o->pixel || o->html ? status : run_lines(d);
}

static int run(int argc, char **argv)
{
    struct debug_opts o = {.backend = "soft", .pictures = 200};
    struct gpu_debug_config cfg = {0};
    struct gpu_debug *d = NULL;
    struct err err = {0};
    struct log log;
    const char *args[1];
    unsigned nargs;
    int status;

    if (!cli_parse(&spec, &o, argc, argv, args, 1, &nargs, &status)) {
        return status;
    }
    log_init(&log, stderr, "gpu-debug");
    if (nargs != 1) {
        err_set(&err, -1, "name one capture (see yamato gpu-debug --help)");
        return cli_fail("gpu-debug", &err);
    }
    if (o.chip && !(cfg.profile = gpu_profile_find(o.chip))) {
        err_set(&err, -1, "no chip '%s' (a200, a201, a205, a220, a225)", o.chip);
        return cli_fail("gpu-debug", &err);
    }
    const struct backend_config bc = {.log = &log, .device = o.device};
    cfg.path = args[0];
    cfg.log = &log;
    cfg.scissor_br_inclusive = o.inclusive;
    cfg.backend = backend_create(o.backend, &bc, &err);
    if (!cfg.backend ||
        (cfg.backend->ops->bind_thread && cfg.backend->ops->bind_thread(cfg.backend, &err)) ||
        !(d = gpu_debug_open(&cfg, &err))) {
        status = cli_fail("gpu-debug", &err);
    } else {
        status = run_session(d, &o);
    }
    gpu_debug_close(d);
    backend_destroy(cfg.backend);
    return status;
}

const struct cli_command cmd_gpu_debug = {
    "gpu-debug", "step through a captured frame, draw by draw", &spec, run};
