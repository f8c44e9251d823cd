// SPDX-License-Identifier: MIT
//
// The yamato command: one file a subcommand, one row each in main.c's table. From the row come the
// command list of --help, the man page and the shell completion.
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/opts.h"

struct cli_command {
    const char *name;
    const char *summary;
    const struct opts_spec *spec; // NULL for commands with subcommands of their own
    int (*run)(int argc, char **argv); // argv[0] is the command; returns the exit status
};

// Exit statuses, the same for every command.
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1, // the work was done and its answer is "no" (guest failed, pictures differ)
    EXIT_USAGE = 2,  // wrong arguments or unreadable input; stderr says what to do
};

// Prints "yamato NAME: message" to stderr and returns EXIT_USAGE.
int cli_fail(const char *command, const struct err *err);

// Parses with the spec; true when the command should go on, else *status is the exit status.
bool cli_parse(const struct opts_spec *spec, void *opts, int argc, char **argv, const char **args,
               unsigned max_args, unsigned *nargs, int *status);



extern const struct cli_command cmd_run, cmd_replay, cmd_gpu_debug, cmd_isa, cmd_arm, cmd_user, cmd_compare, cmd_mdev,
    cmd_profile, cmd_image, cmd_compat, cmd_unstick, cmd_man, cmd_completion;

#endif
