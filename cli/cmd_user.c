// SPDX-License-Identifier: MIT
//
// yamato user: runs a Linux/ARM program on the CPU alone, its system calls carried out by the host.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "user/user.h"

struct user_opts {
    const char *root, *engine, *cpu, *argv0, *trace, *trace_what, *profile, *coverage, *perf;
    bool strace, quiet;
};

static const struct opt_row rows[] = {
    {"root", "L", OPT_STRING, offsetof(struct user_opts, root), "DIR",
     "look for absolute paths below DIR first (the program's interpreter and libraries)", NULL},
    {"engine", NULL, OPT_STRING, offsetof(struct user_opts, engine), "NAME", "how the CPU runs",
     "translator|interpreter"},
    {"cpu", NULL, OPT_STRING, offsetof(struct user_opts, cpu), "MODEL",
     "CPU model (default cortex-a9)", NULL},
    {"argv0", "0", OPT_STRING, offsetof(struct user_opts, argv0), "NAME",
     "name that the program finds in argv[0]", NULL},
    {"strace", NULL, OPT_FLAG, offsetof(struct user_opts, strace), NULL,
     "print each system call to stderr", NULL},
    {"quiet", NULL, OPT_FLAG, offsetof(struct user_opts, quiet), NULL,
     "say nothing about system calls that are not there", NULL},
    {"tools", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"trace", NULL, OPT_STRING, offsetof(struct user_opts, trace), "FILE",
     "write each instruction as it runs (- is stderr, %p in a name the process number)", NULL},
    {"trace-what", NULL, OPT_STRING, offsetof(struct user_opts, trace_what), "LIST",
     "of regs,branches,mem: changed registers, taken branches only, memory accesses", NULL},
    {"profile", NULL, OPT_STRING, offsetof(struct user_opts, profile), "FILE",
     "write where time went by function, and FILE.stacks for flame graphs", NULL},
    {"coverage", NULL, OPT_STRING, offsetof(struct user_opts, coverage), "FILE",
     "write which rows of the instruction tables ran", NULL},
    {"perf", NULL, OPT_STRING, offsetof(struct user_opts, perf), "KIND",
     "name translated code for the host's perf in /tmp/perf-PID.map", "map"},
    OPTS_END};

static const struct opts_spec spec = {
    "yamato user", "[OPTION]... PROGRAM [ARGUMENT]...", "Runs a Linux/ARM program.",
    "Options end at PROGRAM. The exit status is the program's, or 128 and the number of the signal\n"
    "that ended it. A program is trusted like a native one: this is no sandbox.", rows};

// Whether an option's word takes the next word as its value.
static bool takes_value(const char *word)
{
    const char *name = word + (word[1] == '-' ? 2 : 1);
    if (strchr(name, '=') || !strcmp(name, "help") || !strcmp(name, "h")) {
        return false;
    }
    for (const struct opt_row *r = rows; r->name; r++) {
        if (r->kind == OPT_FLAG && !strcmp(name, r->name)) {
            return false;
        }
    }
    return true;
}

// The index of PROGRAM: the first word that is neither an option nor an option's value.
static int program_at(int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (!strcmp(argv[i], "--")) {
            return i + 1 < argc ? i + 1 : argc;
        }
        i += takes_value(argv[i]);
    }
    return i < argc ? i : argc;
}

// A host without what the translator needs runs programs all the same.
static bool translator_works(void)
{
    struct err err;
    const struct cpu_config c = {.model = "cortex-a9", .engine = CPU_ENGINE_TRANSLATOR};
    struct cpu *cpu = cpu_create(&c, &err);
    cpu_destroy(cpu);
    return cpu;
}

static int run(int argc, char **argv)
{
    struct user_opts o = {0};
    struct err err = {0};
    const char *args[1];
    unsigned nargs;
    int status, at = program_at(argc, argv);

    if (!cli_parse(&spec, &o, at, argv, args, 1, &nargs, &status)) {
        return status;
    }
    if (at == argc) {
        err_set(&err, -1, "name a program (see yamato user --help)");
        return cli_fail("user", &err);
    }
    struct user_config cfg = {.root = o.root, .model = o.cpu, .strace = o.strace, .quiet = o.quiet,
                              .argv0 = o.argv0, .trace = o.trace, .trace_what = o.trace_what,
                              .profile = o.profile, .coverage = o.coverage, .perf = o.perf,
                              .engine = o.engine && !strcmp(o.engine, "interpreter")
                                            ? CPU_ENGINE_INTERPRETER : CPU_ENGINE_TRANSLATOR};
    if (!o.engine && !translator_works()) {
        cfg.engine = CPU_ENGINE_INTERPRETER;
    }
    user_run(&cfg, argv + at, environ, &err);
    return cli_fail("user", &err);
}

const struct cli_command cmd_user = {"user", "run a Linux/ARM program", &spec, run};
