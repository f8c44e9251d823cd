// SPDX-License-Identifier: MIT
//
// yamato isa: the shader ISA's tools (shader-isa/tool.h) as a command. `isa test` gets the host's GL as an
// engine where there is one.
#include <string.h>

#include "cli/cli.h"
#include "host-backends/isa/glsl_engine.h"
#include "shader-isa/tool.h"

static const struct opt_row rows[] = {OPTS_END};
static const struct opts_spec spec = {
    "yamato isa", "asm|disasm|check|run|glsl|test|doc [OPTION]... [FILE]",
    "The Adreno 2xx shader ISA: assemble, disassemble, check, run, translate, test.",
    "yamato isa SUBCOMMAND --help tells each one's options.", rows};

static int run(int argc, char **argv)
{
    struct shader_tool tool = {.out = stdout};
    struct shader_engine *gl = NULL;
    struct err err = {0};
    int status;

    if (argc > 1 && !strcmp(argv[1], "test") && !(gl = isa_gl_create(&err))) {
        fprintf(stderr, "yamato isa: engine gl is left out: %s\n", err.msg);
    }
    tool.engines = &gl;
    tool.engine_count = gl ? 1 : 0;
    status = shader_tool_main(argc, argv, &tool);
    isa_gl_destroy(gl);
    return status;
}

const struct cli_command cmd_isa = {"isa", "assemble, print, check, run and test shaders", &spec, run};
