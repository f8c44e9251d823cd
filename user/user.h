// SPDX-License-Identifier: MIT
//
// Runs one Linux/ARM EABI program: its contract for the command line. The program's address space
// is a reserved region of the host, its threads are host threads, its system calls are carried out by
// the host's kernel with the structures converted. A program is trusted as much as a native one: this
// is no sandbox.
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
    bool quiet;             // say nothing about system calls that are not there
    // Tools, each a file name or NULL; %p in it is the process number.
    const char *trace;      // instructions as they run
    const char *trace_what; // "regs,branches,mem", NULL: regs
    const char *profile;    // time by function of the program, and FILE.stacks
    const char *coverage;   // encodings executed, by row of the instruction tables; interprets
    const char *perf;       // "map": /tmp/perf-PID.map names translated code for the host's perf
};

// Loads `argv[0]` and runs it with the host's stdin, stdout and stderr. `argv` and `envp` end with NULL
// and are borrowed. As execve does, it only returns when the program cannot be started: a negative
// errno with a message. Otherwise the host process ends as the program does, with its status or by its
// signal.
int user_run(const struct user_config *cfg, char **argv, char **envp, struct err *err);

#endif
