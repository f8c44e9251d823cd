// SPDX-License-Identifier: MIT
//
// yamato profile: pages and comparisons from the CSV files that yamato run --profile-csv writes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/report.h"
#include "mdev/profile.h"

struct profile_opts {
    const char *output, *fail, *title;
    struct opt_list machines;
};

static const struct opt_row rows[] = {
    {"output", "o", OPT_STRING, offsetof(struct profile_opts, output), "FILE",
     "report: the page (default profile.html)", NULL},
    {"title", NULL, OPT_STRING, offsetof(struct profile_opts, title), "TEXT", "report: its title", NULL},
    {"machine", NULL, OPT_LIST, offsetof(struct profile_opts, machines),
     "NAME,PANEL.png[,REFERENCE.png[,SERIAL.log]]", "report: a machine's panel, and what belongs to it",
     NULL},
    {"fail-above", NULL, OPT_STRING, offsetof(struct profile_opts, fail), "PERCENT",
     "compare: exit status 1 when a stage is slower by more, with the whole interval above 0",
     NULL},
    OPTS_END};

static const struct opts_spec spec = {
    "yamato profile", "report RUN.csv | compare A.csv B.csv",
    "Makes a page of a run's submissions, or compares two runs stage by stage.",
    "Medians with 95 % confidence intervals by bootstrap; * marks those that differ.", rows};

static struct profile *load(const char *path, struct err *err)
{
    struct profile *p = profile_create(0);
    if (p && profile_load_csv(p, path, err)) {
        profile_destroy(p);
        p = NULL;
    }
    return p;
}

enum { MACHINES = 16, PARTS = 4 };

// NAME,PANEL[,REFERENCE[,SERIAL]] into its parts, cut in `text`, which they point into.
static bool machine_parts(char *text, struct report_vm *vm)
{
    const char *part[PARTS] = {0};
    unsigned n = 0;
    for (char *p = text; p && n < PARTS; p = *p ? p : NULL) {
        part[n++] = p;
        p += strcspn(p, ",");
        if (*p) {
            *p++ = 0;
        }
    }
    *vm = (struct report_vm){.name = part[0], .picture = part[1], .reference = part[2],
                             .reference_what = "the same program on llvmpipe", .serial = part[3]};
    return n > 1 && part[0][0] && part[1][0];
}

static int report(const char *path, const struct profile_opts *o)
{
    struct err err = {0};
    struct report_vm vms[MACHINES];
    char text[MACHINES][1024];
    unsigned n = o->machines.count < MACHINES ? o->machines.count : MACHINES;
    struct profile *p = load(path, &err);
    const struct report_config rc = {.title = o->title ? o->title : "Yamato profile",
                                     .intro = "Command submission, stage by stage.",
                                     .vms = vms, .nvms = n, .profile = p};
    int status = EXIT_OK;
    for (unsigned i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "%s", o->machines.items[i]);
        if (!machine_parts(text[i], &vms[i])) {
            err_set(&err, -1, "--machine: '%s' is not NAME,PANEL.png[,REFERENCE.png[,SERIAL.log]]",
                    o->machines.items[i]);
            profile_destroy(p);
            return cli_fail("profile", &err);
        }
    }
    if (!p || report_write(o->output ? o->output : "profile.html", &rc, &err)) {
        status = cli_fail("profile", &err);
    }
    profile_destroy(p);
    return status;
}

static int compare(const char *a, const char *b, const struct profile_opts *o)
{
    struct err err = {0};
    struct profile *pa = load(a, &err), *pb = pa ? load(b, &err) : NULL;
    struct profile_delta d[PROFILE_DELTAS];
    double limit = o->fail ? strtod(o->fail, NULL) / 100 : 0;
    int status = EXIT_OK;
    if (!pa || !pb || profile_compare(pa, pb, d)) {
        profile_destroy(pa);
        profile_destroy(pb);
        return cli_fail("profile", &err);
    }
    printf("%-8s %9s %9s %12s %12s %9s  %s\n", "stage", "of A", "of B", "A us", "B us", "change",
           "95 % interval");
    for (unsigned i = 0; i < PROFILE_DELTAS; i++) {
        printf("%-8s %9llu %9llu %12.2f %12.2f %+8.1f%%  %+.1f%% .. %+.1f%% %s\n", d[i].what,
               (unsigned long long)d[i].na, (unsigned long long)d[i].nb, d[i].a_ns / 1e3,
               d[i].b_ns / 1e3, 100 * d[i].change, 100 * d[i].low, 100 * d[i].high,
               d[i].differs ? "*" : "");
        if (o->fail && d[i].low > 0 && d[i].change > limit) {
            status = EXIT_FAILED;
        }
    }
    profile_destroy(pa);
    profile_destroy(pb);
    return status;
}

static int run(int argc, char **argv)
{
    struct profile_opts o = {0};
    struct err err = {0};
    const char *args[3];
    unsigned n;
    int status;
    if (!cli_parse(&spec, &o, argc, argv, args, 3, &n, &status)) {
        return status;
    }
    if (n == 2 && !strcmp(args[0], "report")) {
        return report(args[1], &o);
    }
    if (n == 3 && !strcmp(args[0], "compare")) {
        return compare(args[1], args[2], &o);
    }
    err_set(&err, -1, "say report RUN.csv or compare A.csv B.csv (see yamato profile --help)");
    return cli_fail("profile", &err);
}

const struct cli_command cmd_profile = {"profile", "page of a run's submissions; compare two runs",
                                        &spec, run};
