// SPDX-License-Identifier: MIT
//
// Entry point of the yamato command: finds the subcommand by name; prints the list, the man page and
// the shell completion from the same table.
#include <string.h>

#include "cli/cli.h"

#ifndef YAMATO_VERSION
#define YAMATO_VERSION "0.1"
#endif

static int run_man(int argc, char **argv);
static int run_completion(int argc, char **argv);

static const struct opt_row no_rows[] = {OPTS_END};
static const struct opts_spec man_spec = {"yamato man", "", "Prints the manual page (troff).",
                                          NULL, no_rows};
static const struct opts_spec completion_spec = {
    "yamato completion", "", "Prints bash completion code.",
    "Install: yamato completion > /etc/bash_completion.d/yamato", no_rows};
const struct cli_command cmd_man = {"man", "print the manual page", &man_spec, run_man};
const struct cli_command cmd_completion = {"completion", "print bash completion", &completion_spec,
                                           run_completion};

static const struct cli_command *const commands[] = {
    &cmd_run,  &cmd_replay, &cmd_gpu_debug, &cmd_isa,        &cmd_arm, &cmd_user, &cmd_compare,
    &cmd_mdev, &cmd_profile, &cmd_image, &cmd_compat, &cmd_unstick, &cmd_man,    &cmd_completion, NULL};

int cli_fail(const char *command, const struct err *err)
{
    fprintf(stderr, "yamato %s: %s\n", command, err->msg);
    return EXIT_USAGE;
}

bool cli_parse(const struct opts_spec *spec, void *opts, int argc, char **argv, const char **args,
               unsigned max_args, unsigned *nargs, int *status)
{
    struct err err = {0};
    int rc = opts_parse(spec, opts, argc, argv, args, max_args, nargs, &err);
    if (rc < 0) {
        fprintf(stderr, "%s: %s\n", spec->command, err.msg);
        *status = EXIT_USAGE;
    } else {
        *status = EXIT_OK;
    }
    return rc == 0;
}

static int run_man(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf(".TH YAMATO 1\n.SH NAME\nyamato \\- ARM SoC emulation with a mediated Adreno 2xx GPU\n"
           ".SH SYNOPSIS\n.B yamato\nCOMMAND [OPTION]...\n.SH COMMANDS\n");
    for (unsigned i = 0; commands[i]; i++) {
        opts_man(commands[i]->spec, stdout);
    }
    printf(".SH EXIT STATUS\n0 when all went well; 1 when the work was done and its answer is no; 2 "
           "for wrong arguments or unreadable input.\n");
    return EXIT_OK;
}

static int run_completion(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("_yamato() {\n  local cur=${COMP_WORDS[COMP_CWORD]} words\n  if [ \"$COMP_CWORD\" = 1 ]; "
           "then words='");
    for (unsigned i = 0; commands[i]; i++) {
        printf("%s ", commands[i]->name);
    }
    printf("--help --version'\n  else case ${COMP_WORDS[1]} in\n");
    for (unsigned i = 0; commands[i]; i++) {
        printf("  %s) words='", commands[i]->name);
        opts_words(commands[i]->spec, stdout);
        printf("' ;;\n");
    }
    printf("  esac; fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\") $(compgen -f -- "
           "\"$cur\"))\n}\ncomplete -o filenames -F _yamato yamato\n");
    return EXIT_OK;
}

static void usage(FILE *out)
{
    fprintf(out, "Usage: yamato COMMAND [OPTION]...\n"
                 "ARM SoC emulation with a mediated Adreno 2xx GPU.\n\nCommands:\n");
    for (unsigned i = 0; commands[i]; i++) {
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    }
    fprintf(out, "\nyamato COMMAND --help tells more. 'make demo' shows everything at work.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        usage(stdout);
        return EXIT_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("yamato " YAMATO_VERSION);
        return EXIT_OK;
    }
    for (unsigned i = 0; commands[i]; i++) {
        if (!strcmp(argv[1], commands[i]->name)) {
            return commands[i]->run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "yamato: no command '%s' (see yamato --help)\n", argv[1]);
    return EXIT_USAGE;
}
