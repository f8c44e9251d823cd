// SPDX-License-Identifier: MIT
//
// yamato unstick: boots an image, and where the guest spins on a register finds what it waits for.
// Writes the findings as rules that yamato compat loads (--quirk).
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "soc/board.h"
#include "soc/machine.h"
#include "soc/unstick.h"

struct unstick_opts {
    const char *board, *image, *initrd, *dtb, *append, *load, *until, *out, *rules;
    struct opt_list disks;
    uint64_t budget, memory, seed;
};
#define O(m) offsetof(struct unstick_opts, m)
static const struct opt_row rows[] = {
    {"board", "M", OPT_STRING, O(board), "NAME", "which board", NULL},
    {"image", "kernel", OPT_STRING, O(image), "FILE", "what to start", NULL},
    {"initrd", NULL, OPT_STRING, O(initrd), "FILE", "initial RAM disk", NULL},
    {"dtb", NULL, OPT_STRING, O(dtb), "FILE", "device tree blob", NULL},
    {"append", NULL, OPT_STRING, O(append), "TEXT", "kernel command line", NULL},
    {"disk", NULL, OPT_LIST, O(disks), "DOOR=FILE", "an image behind a door of the board", NULL},
    {"memory", "m", OPT_UINT, O(memory), "SIZE", "less memory makes trials faster", NULL},
    {"loadvm", NULL, OPT_STRING, O(load), "FILE", "begin at a saved machine", NULL},
    {"quirk", NULL, OPT_STRING, O(rules), "FILE", "rules to begin with", NULL},
    {"until", NULL, OPT_STRING, O(until), "TEXT", "all is well when the console says TEXT", NULL},
    {"budget", NULL, OPT_UINT, O(budget), "SECONDS", "of guest time (default 30)", NULL},
    {"seed", NULL, OPT_UINT, O(seed), "N", "of the random answers", NULL},
    {"out", "o", OPT_STRING, O(out), "FILE", "where the rules go (default stdout)", NULL},
    OPTS_END};
static const struct opts_spec spec = {
    "yamato unstick", "--board NAME --image FILE [OPTION]...",
    "Finds out what a guest that spins on a register waits for.",
    "From a snapshot at the spin, answers for the register are tried: bit by bit, pairs of bits, constants of\n"
    "the code, random values. What lets the guest go on is printed as a rule:\n"
    "  ADDRESS and=MASK or=MASK [xor=MASK] [pc=FIRST-LAST] [after=N] # how it was found\n"
    "Exit status 1 when a wall stays.",
    rows};

static int set_disks(const struct unstick_opts *o, struct machine_config *mc, struct err *err)
{
    const struct board *board = board_find(o->board);
    for (unsigned i = 0; i < o->disks.count && board; i++) {
        const char *arg = o->disks.items[i], *eq = strchr(arg, '=');
        bool found = false;
        for (unsigned d = 0; eq && board->disks && board->disks[d] && d < MACHINE_DISKS; d++) {
            if (strlen(board->disks[d]) == (size_t)(eq - arg) && !strncmp(arg, board->disks[d], (size_t)(eq - arg))) {
                mc->disks[d] = eq + 1;
                found = true;
            }
        }
        if (!found) {
            return err_set(err, -EINVAL, "--disk: '%s' is not DOOR=FILE of board %s", arg, o->board);
        }
    }
    return 0;
}

// What the rule's register is called.
static const char *name_of(const struct unstick_wall *w)
{
    for (unsigned i = 0; i < w->stuck.count; i++) {
        if (w->stuck.reads[i].pa == w->rule.pa) {
            return w->stuck.reads[i].name;
        }
    }
    return w->stuck.reads[0].name;
}

static void print_rules(const struct unstick_result *r, FILE *f)
{
    fprintf(f, "# rules for yamato --quirk\n");
    for (unsigned i = 0; i < r->count; i++) {
        const struct unstick_wall *w = &r->walls[i];
        char rule[160];
        if (w->solved) {
            quirks_print(&w->rule, rule, sizeof rule);
            fprintf(f, "%s # %s: %s (code at 0x%08x, %u trials)\n", rule, name_of(w), w->why,
                    w->stuck.pc_low, w->trials);
        } else {
            fprintf(f, "# unsolved: %s at 0x%08x reads 0x%x (code at 0x%08x, %u trials)\n", w->stuck.reads[0].name,
                    w->stuck.reads[0].pa, w->stuck.reads[0].value, w->stuck.pc_low, w->trials);
        }
    }
}

static int go(const struct unstick_opts *o, struct machine *m, struct err *err)
{
    char path[] = "/tmp/yamato-unstick-XXXXXX";
    int fd = mkstemp(path), rc;
    struct quirks *q = quirks_create(m);
    struct unstick_config cfg = {.guest_ns = o->budget * 1000000000u, .snapshot = path, .stop_text = o->until,
                                 .seed = (uint32_t)o->seed, .log = stderr};
    struct unstick_result r = {0};
    bool solved = true;
    FILE *f = stdout;
    rc = fd < 0 || !q ? err_set(err, -EIO, "no place for a snapshot") : 0;
    rc = rc || !o->rules ? rc : quirks_load(q, o->rules, err);
    rc = rc || !o->load ? rc : machine_restore(m, o->load, err);
    rc = rc ? rc : unstick(m, q, &cfg, &r, err);
    if (!rc && o->out) {
        f = fopen(o->out, "w");
        rc = f ? 0 : err_set(err, -errno, "%s: %s", o->out, strerror(errno));
    }
    if (!rc) {
        print_rules(&r, f);
    }
    if (f && f != stdout) {
        fclose(f);
    }
    for (unsigned i = 0; i < r.count; i++) {
        solved &= r.walls[i].solved;
    }
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    quirks_destroy(q);
    if (rc) {
        return cli_fail("unstick", err);
    }
    return solved && (!o->until || r.finished) ? EXIT_OK : EXIT_FAILED;
}

static int run_unstick(int argc, char **argv)
{
    struct unstick_opts o = {.budget = 30};
    const char *args[1];
    unsigned nargs;
    struct err err = {0};
    struct log log;
    struct machine *m;
    int status;
    if (!cli_parse(&spec, &o, argc, argv, args, 1, &nargs, &status)) {
        return status;
    }
    if (!o.board || nargs) {
        err_set(&err, -EINVAL, "--board NAME is needed, and nothing without an option");
        return cli_fail("unstick", &err);
    }
    log_init(&log, stderr, o.board);
    struct machine_config mc = {.board = o.board, .kernel = o.image, .initrd = o.initrd, .dtb = o.dtb,
                                .append = o.append, .ram_bytes = o.memory, .snapshot = true,
                                .no_reboot = true, .engine = CPU_ENGINE_TRANSLATOR, .log = &log};
    if (set_disks(&o, &mc, &err)) {
        return cli_fail("unstick", &err);
    }
    m = machine_create(&mc, &err);
    if (!m) {
        return cli_fail("unstick", &err);
    }
    status = go(&o, m, &err);
    machine_destroy(m);
    return status;
}

const struct cli_command cmd_unstick = {"unstick", "find what a guest that spins on a register waits for", &spec,
                                        run_unstick};
