// SPDX-License-Identifier: MIT
//
// Runs one Linux/ARM EABI program: its contract for the command line. The program's address space
// is a reserved region of the host, its system calls are carried out by the host's kernel with the
// structures converted. A program is trusted as much as a native one: this is no sandbox.
#ifndef USER_USER_H
#define USER_USER_H

#include <stdbool.h>

#include "cpu/cpu.h"

struct err;

struct user_config {
    const char *root;       // prefix tried first for absolute paths (interpreter, libraries), or NULL
    const char *model;      // CPU model, NULL for the default
    enum cpu_engine engine;
    const char *argv0;      // what the program finds as argv[0], NULL: argv[0]
    bool strace;            // print each system call to stderr
};

// Loads `argv[0]` and runs it to its end with the host's stdin, stdout and stderr. `argv` and `envp`
// end with NULL and are borrowed. Sets *status as a shell would see it (128 + n after signal n).
// Returns 0, or a negative errno with a message when the program cannot be started.
int user_run(const struct user_config *cfg, char **argv, char **envp, int *status, struct err *err);

#endif
