// SPDX-License-Identifier: MIT
//
// yamato compat: boots an image the same way every time and writes what it needs and does: JUnit XML,
// a self-contained HTML page, facts as JSON; and a page that compares two runs.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/compat.h"

#define O(m) offsetof(struct compat_opts, m)
static const struct opt_row rows[] = {
    {"board", "M", OPT_STRING, O(board), "NAME", "which board", NULL},
    {"image", "kernel", OPT_STRING, O(image), "FILE", "what to start; without it, what the board's media hold", NULL},
    {"disk", NULL, OPT_LIST, O(disks), "DOOR=FILE", "an image behind a door of the board (sdi, nand, nor, usb ...)", NULL},
    {"initrd", NULL, OPT_STRING, O(initrd), "FILE", "initial RAM disk", NULL},
    {"dtb", NULL, OPT_STRING, O(dtb), "FILE", "device tree blob", NULL},
    {"append", NULL, OPT_STRING, O(append), "TEXT", "kernel command line", NULL},
    {"machine-id", NULL, OPT_UINT, O(machine_id), "N", "another machine id than the board's", NULL},
    {"rom", NULL, OPT_FLAG, O(rom), NULL, "start as the boot ROM does, also with --image", NULL},
    {"nic", NULL, OPT_STRING, O(nic), "user[,...]", "network (the run is then not deterministic)", NULL},
    {"set", NULL, OPT_LIST, O(sets), "DEVICE.PROP=N", "a property of a device", NULL},
    {"engine", NULL, OPT_STRING, O(engine), "E", "translator (default) or interpreter", "interpreter|translator"},
    {"quirk", NULL, OPT_STRING, O(quirk), "FILE", "rules that answer reads (see yamato unstick)", NULL},
    {"What to do", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"type", NULL, OPT_LIST, O(typed), "WAIT=>TEXT", "when the console says WAIT type TEXT", NULL},
    {"do", NULL, OPT_LIST, O(acts), "WAIT+S=>COMMAND", "S guest seconds after the console said WAIT run a monitor "
     "command (touch X Y, touch up, key K1 down, savevm FILE)", NULL},
    {"until", NULL, OPT_STRING, O(until), "TEXT", "end when the console says TEXT", NULL},
    {"budget", NULL, OPT_UINT, O(budget), "SECONDS", "of guest time (default 60)", NULL},
    {"snapshots", NULL, OPT_UINT, O(snapshots), "N", "at N random points save, run on, restore; the events must stay "
     "the same as without", NULL},
    {"What to expect", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"expect-serial", NULL, OPT_LIST, O(expects), "RE", "the console says this (several times)", NULL},
    {"expect-screen", NULL, OPT_STRING, O(screen), "PNG", "the last picture is this one", NULL},
    {"tolerance", NULL, OPT_UINT, O(tolerance), "PIXELS", "that may differ (default 0)", NULL},
    {"Answers", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"out", "o", OPT_STRING, O(out), "DIR", "report.html, junit.xml, facts.json, serial.log, screens (default compat)", NULL},
    {"title", NULL, OPT_STRING, O(title), "TEXT", "of the page", NULL},
    {"symbols", NULL, OPT_STRING, O(symbols), "System.map", "names for the guest's code", NULL},
    {"sound", NULL, OPT_STRING, O(sound), "X.wav", "what the board plays", NULL},
    {"compare", NULL, OPT_STRING, O(other), "DIR", "compare DIR (an earlier --out) with --out; boots nothing", NULL},
    OPTS_END};
static const struct opts_spec spec = {
    "yamato compat", "--board NAME [--image FILE] [OPTION]...",
    "Boots an image deterministically and reports what it needs and whether it behaves.",
    "Exit status 0 when all expectations held, 1 when not. Equal inputs give equal event hashes.\n\n"
    "Example: yamato compat --board mini2440 --image zImage --initrd initramfs.cpio.gz \\\n"
    "             --append 'console=ttySAC0,115200' --until '/ # ' --expect-serial 'user space is up' --out report",
    rows};

static json_t *load_facts(const char *dir, struct err *err)
{
    char path[1200];
    json_error_t je;
    json_t *j;
    snprintf(path, sizeof path, "%s/facts.json", dir);
    j = json_load_file(path, 0, &je);
    if (!j) {
        err_set(err, -EINVAL, "%s: %s (line %d)", path, je.text, je.line);
    }
    return j;
}

static int compare(const struct compat_opts *o, struct err *err)
{
    json_t *a = load_facts(o->other, err), *b = a ? load_facts(o->out, err) : NULL;
    char path[1200];
    int rc = -EINVAL;
    bool same = false;
    snprintf(path, sizeof path, "%s/compare.html", o->out);
    if (a && b) {
        same = json_equal(json_object_get(a, "event hash"), json_object_get(b, "event hash"));
        rc = compat_write_comparison(a, b, o->other, o->out, path, err);
    }
    json_decref(a);
    json_decref(b);
    if (rc) {
        return cli_fail("compat", err);
    }
    printf("%s: %s\n", path, same ? "the runs are the same" : "the runs differ");
    return same ? EXIT_OK : EXIT_FAILED;
}

static void tell(const json_t *facts)
{
    const json_t *check;
    size_t i;
    json_array_foreach(json_object_get(facts, "checks"), i, check) {
        printf("%s %s\n", json_is_true(json_object_get(check, "ok")) ? "ok    " : "FAILED",
               json_string_value(json_object_get(check, "name")));
    }
    json_array_foreach(json_object_get(facts, "stuck"), i, check) {
        printf("waits for %s at %s\n", json_string_value(json_object_get(check, "register")),
               json_string_value(json_object_get(check, "code")));
    }
    printf("%s after %.3f s of guest time, %zu unclaimed registers, events %s\n",
           json_string_value(json_object_get(facts, "ended")), json_real_value(json_object_get(facts, "guest seconds")),
           json_array_size(json_object_get(facts, "unclaimed")),
           json_string_value(json_object_get(facts, "event hash")));
}

static int run_compat(int argc, char **argv)
{
    struct compat_opts o = {.budget = 60, .out = "compat"};
    const char *args[1];
    char path[1200];
    unsigned nargs;
    struct err err = {0};
    json_t *facts;
    bool passed = false;
    int status, rc;
    if (!cli_parse(&spec, &o, argc, argv, args, 1, &nargs, &status)) {
        return status;
    }
    if (nargs) {
        err_set(&err, -EINVAL, "what is '%s'? (images need --image)", args[0]);
        return cli_fail("compat", &err);
    }
    if (o.other) {
        return compare(&o, &err);
    }
    if (!o.board) {
        err_set(&err, -EINVAL, "--board NAME is needed");
        return cli_fail("compat", &err);
    }
    facts = compat_boot(&o, &passed, &err);
    if (!facts) {
        return cli_fail("compat", &err);
    }
    snprintf(path, sizeof path, "%s/facts.json", o.out);
    rc = json_dump_file(facts, path, JSON_INDENT(1) | JSON_SORT_KEYS) ? err_set(&err, -EIO, "%s: cannot write", path) : 0;
    snprintf(path, sizeof path, "%s/junit.xml", o.out);
    rc = rc ? rc : compat_write_junit(facts, path, &err);
    snprintf(path, sizeof path, "%s/report.html", o.out);
    rc = rc ? rc : compat_write_html(facts, o.out, path, &err);
    tell(facts);
    json_decref(facts);
    if (rc) {
        return cli_fail("compat", &err);
    }
    return passed ? EXIT_OK : EXIT_FAILED;
}

const struct cli_command cmd_compat = {"compat", "report what an image needs of a board", &spec, run_compat};
