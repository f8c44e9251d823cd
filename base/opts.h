// SPDX-License-Identifier: MIT
//
// Command line options from one table: parsing, --help text, shell completion and the man page's
// option list all come from the same rows. Accepts --name VALUE, --name=VALUE, -name VALUE (QEMU's
// spelling) and one-letter forms; "--" ends options.
#ifndef BASE_OPTS_H
#define BASE_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

enum opt_kind {
    OPT_FLAG,   // bool
    OPT_STRING, // const char *
    OPT_UINT,   // uint64_t, decimal or 0x, with optional K/M/G suffix
    OPT_LIST,   // struct opt_list: may be given several times
    OPT_HEADING // a line in --help, no option
};

struct opt_list {
    const char *items[64];
    unsigned count;
};

struct opt_row {
    const char *name;    // long name without dashes; for OPT_HEADING the text
    const char *alias;   // other spellings, space separated, e.g. "m kernel-image", or NULL
    enum opt_kind kind;
    size_t offset;       // of the member in the options struct
    const char *value;   // value's name in help, e.g. "FILE"; NULL for flags
    const char *help;
    const char *choices; // "a|b|c" for completion and checking, or NULL
};
#define OPTS_END {0, 0, OPT_FLAG, 0, 0, 0, 0}

struct opts_spec {
    const char *command;  // "yamato run"
    const char *synopsis; // "[OPTION]... [FILE]"
    const char *summary;  // one line
    const char *details;  // paragraphs after the options, or NULL
    const struct opt_row *rows;
};

// Fills *opts from argv[1..]; arguments that are no options are kept in order in args[0..*nargs).
// Returns 0, 1 when --help was printed to stdout, or -EINVAL with a message that says what to do.
int opts_parse(const struct opts_spec *spec, void *opts, int argc, char **argv, const char **args,
               unsigned max_args, unsigned *nargs, struct err *err);
void opts_help(const struct opts_spec *spec, FILE *out);
// Option words for completion, one a line.
void opts_words(const struct opts_spec *spec, FILE *out);
// The spec as a troff man page section list.
void opts_man(const struct opts_spec *spec, FILE *out);
// "1G", "0x100", "64K" into bytes/number. False when it is not one.
bool opts_number(const char *s, uint64_t *v);

#endif
