// SPDX-License-Identifier: MIT
//
// What the files of `yamato isa` share. Private to this room.
#ifndef SHADER_ISA_TOOL_CMD_H
#define SHADER_ISA_TOOL_CMD_H

#include <stddef.h>

#include "base/err.h"
#include "base/opts.h"
#include "shader-isa/tool.h"

enum { TOOL_OK = 0, TOOL_NO = 1, TOOL_USAGE = 2 };

struct tool_command {
    const char *name;
    const struct opts_spec *spec;
    int (*run)(int argc, char **argv, const struct shader_tool *tool);
};
extern const struct tool_command tool_asm, tool_disasm, tool_check, tool_glsl, tool_doc, tool_run,
    tool_test;

// Options that all commands with an input file have; put first in the options struct.
struct input_opts {
    const char *stage, *profile;
    bool big_endian;
};
#define INPUT_ROWS(type)                                                                           \
    {"stage",    "s",                                                                              \
     OPT_STRING, offsetof(struct type, in.stage),                                                  \
     "STAGE",    "vertex or pixel program (default: by .vs or .fs in the name, else pixel)",       \
     "vs|fs|ps"},                                                                                  \
        {"profile",        "p",                                                                    \
         OPT_STRING,       offsetof(struct type, in.profile),                                      \
         "NAME",           "hardware (default a20x)",                                              \
         "a20x|a22x|xenos"},                                                                       \
    {                                                                                              \
        "big-endian", NULL, OPT_FLAG, offsetof(struct type, in.big_endian), NULL,                  \
            "binary input has big endian words, as Xenos memory", NULL                             \
    }

// Parses; returns true when the command should go on, else *status is the exit status.
bool tool_parse(const struct opts_spec *spec, void *opts, int argc, char **argv, const char **args,
                unsigned max_args, unsigned *nargs, int *status);
// Prints "command: message" to stderr; returns TOOL_USAGE.
int tool_fail(const struct opts_spec *spec, const struct err *err);

// Reads a program from a file ("-": stdin): assembler text, words in hexadecimal, or binary. dw is
// malloc'ed. -errno with a message.
int tool_load_words(const char *path, const struct input_opts *in, enum shader_stage *stage,
                    uint32_t **dw, size_t *ndw, struct err *err);
// The same, decoded.
struct shader *tool_load(const char *path, const struct input_opts *in, struct err *err);
// Opens a file for writing, NULL path or "-" is tool->out; tool_close keeps tool->out open and
// reports a full disk.
FILE *tool_create(const struct shader_tool *tool, const char *path, struct err *err);
int tool_close(const struct shader_tool *tool, FILE *f, const char *path, struct err *err);

#endif
