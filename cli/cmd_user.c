// SPDX-License-Identifier: MIT
//
// yamato user: runs a Linux/ARM program on the CPU alone, its system calls carried out by the host.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "user/user.h"

struct user_opts {
    const char *root, *engine, *cpu, *argv0;
    bool strace;
};

static const struct opt_row rows[] = {
    {"root", "L", OPT_STRING, offsetof(struct user_opts, root), "DIR",
     "look for absolute paths below DIR first (the program's interpreter and libraries)", NULL},
    {"engine", NULL, OPT_STRING, offsetof(struct user_opts, engine), "NAME", "how the CPU runs",
     "interpreter|translator"},
    {"cpu", NULL, OPT_STRING, offsetof(struct user_opts, cpu), "MODEL",
     "CPU model (default cortex-a9)", NULL},
    {"argv0", "0", OPT_STRING, offsetof(struct user_opts, argv0), "NAME",
     "name that the program finds in argv[0]", NULL},
    {"strace", NULL, OPT_FLAG, offsetof(struct user_opts, strace), NULL,
     "print each system call to stderr", NULL},
    OPTS_END};

static const struct opts_spec spec = {
    "yamato user", "[OPTION]... PROGRAM [ARGUMENT]...", "Runs a Linux/ARM program.",
    "Options end at PROGRAM. The exit status is the program's, or 128 and the number of the signal\n"
    "that ended it. A program is trusted like a native one: this is no sandbox.", rows};

// The index of PROGRAM: the first word that is neither an option nor an option's value.
static int program_at(int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        const char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1);
        if (!strcmp(argv[i], "--")) {
            return i + 1;
        }
        if (!strchr(name, '=') && strcmp(name, "strace") && strcmp(name, "help") &&
            strcmp(name, "h")) {
            i++;
        }
    }
    return i < argc ? i : argc;
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
    struct user_config cfg = {.root = o.root, .model = o.cpu, .strace = o.strace,
                              .argv0 = o.argv0,
                              .engine = o.engine && !strcmp(o.engine, "translator")
                                            ? CPU_ENGINE_TRANSLATOR : CPU_ENGINE_INTERPRETER};
    return user_run(&cfg, argv + at, environ, &status, &err) ? cli_fail("user", &err) : status;
}

const struct cli_command cmd_user = {"user", "run a Linux/ARM program", &spec, run};
