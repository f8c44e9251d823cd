// SPDX-License-Identifier: MIT
//
// yamato isa: the shader ISA's tools (shader-isa/tool.h) as a command.
#include "cli/cli.h"
#include "shader-isa/tool.h"

static const struct opt_row rows[] = {OPTS_END};
static const struct opts_spec spec = {
    "yamato isa", "asm|disasm|check|run|glsl|test|doc [OPTION]... [FILE]",
    "The Adreno 2xx shader ISA: assemble, disassemble, check, run, translate, test.",
    "yamato isa SUBCOMMAND --help tells each one's options.", rows};

static int run(int argc, char **argv)
{
    const struct shader_tool tool = {.out = stdout};
    return shader_tool_main(argc, argv, &tool);
}

const struct cli_command cmd_isa = {"isa", "assemble, print, check, run and test shaders", &spec, run};
