// SPDX-License-Identifier: MIT
//
// `yamato isa`: the command table, programs from files, and the commands that print something about
// one program.
#include "shader-isa/tool_cmd.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "shader-isa/program.h"

#define MAX_FILE (1u << 20)

static const struct tool_command *const commands[] = {
    &tool_asm, &tool_disasm, &tool_check, &tool_run, &tool_glsl, &tool_test, &tool_doc,
};

const struct opts_spec *shader_tool_spec(unsigned i)
{
    return i < ARRAY_LEN(commands) ? commands[i]->spec : NULL;
}

static void usage(FILE *out)
{
    fputs("Usage: yamato isa COMMAND [OPTION]... [FILE]\n"
          "The a2xx/Xenos shader ISA: programs are read as assembler text, hexadecimal words or "
          "binary.\n\n",
          out);
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->spec->summary);
    }
    fputs("\nyamato isa COMMAND --help tells the options.\n", out);
}

int shader_tool_main(int argc, char **argv, const struct shader_tool *tool)
{
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        usage(argc < 2 ? stderr : tool->out);
        return argc < 2 ? TOOL_USAGE : TOOL_OK;
    }
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        if (!strcmp(argv[1], commands[i]->name)) {
            return commands[i]->run(argc - 1, argv + 1, tool);
        }
    }
    fprintf(stderr, "yamato isa: no command '%s'; try yamato isa --help\n", argv[1]);
    return TOOL_USAGE;
}

// ---- shared
// --------------------------------------------------------------------------------------

bool tool_parse(const struct opts_spec *spec, void *opts, int argc, char **argv, const char **args,
                unsigned max_args, unsigned *nargs, int *status)
{
    struct err err = {0};
    int rc = opts_parse(spec, opts, argc, argv, args, max_args, nargs, &err);
    *status = rc < 0 ? tool_fail(spec, &err) : TOOL_OK;
    return rc == 0;
}

int tool_fail(const struct opts_spec *spec, const struct err *err)
{
    fprintf(stderr, "%s: %s\n", spec->command, err->msg);
    return TOOL_USAGE;
}

FILE *tool_create(const struct shader_tool *tool, const char *path, struct err *err)
{
    if (!path || !strcmp(path, "-")) {
        return tool->out;
    }
    FILE *f = fopen(path, "wb");
    if (!f) {
        err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    return f;
}

int tool_close(const struct shader_tool *tool, FILE *f, const char *path, struct err *err)
{
    if (f == tool->out) {
        return fflush(f) ? err_set(err, -errno, "output: %s", strerror(errno)) : 0;
    }
    return fclose(f) ? err_set(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

static char *read_all(const char *path, size_t *n, struct err *err)
{
    bool in = !strcmp(path, "-");
    FILE *f = in ? stdin : fopen(path, "rb");
    char *text = f ? malloc(MAX_FILE + 1) : NULL;
    if (!text) {
        err_set(err, -errno, "%s: %s", path, strerror(errno));
    } else {
        *n = fread(text, 1, MAX_FILE, f);
        text[*n] = 0;
        if (ferror(f) || *n == MAX_FILE) {
            err_set(err, -EINVAL, "%s: cannot be read, or is over %u bytes", path, MAX_FILE);
            free(text);
            text = NULL;
        }
    }
    if (f && !in) {
        fclose(f);
    }
    return text;
}

// Words in hexadecimal, eight digits each, separated by blanks: how many; 0 when it is something
// else.
static size_t hex_words(const char *text, uint32_t *dw)
{
    size_t n = 0;
    for (;;) {
        while (isspace((unsigned char)*text)) {
            text++;
        }
        if (!*text) {
            return n;
        }
        unsigned digits = 0;
        uint32_t v = 0;
        for (; isxdigit((unsigned char)*text); text++, digits++) {
            int c = *text;
            v = v << 4 | (uint32_t)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
        }
        if (digits != 8 || (*text && !isspace((unsigned char)*text))) {
            return 0;
        }
        dw[n++] = v;
    }
}

static bool is_text(const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isprint((unsigned char)data[i]) && !isspace((unsigned char)data[i])) {
            return false;
        }
    }
    return n != 0;
}

static enum shader_stage stage_of(const char *path, const struct input_opts *in)
{
    if (in->stage) {
        return !strcmp(in->stage, "vs") ? SHADER_VERTEX : SHADER_PIXEL;
    }
    return strstr(path, ".vs") ? SHADER_VERTEX : SHADER_PIXEL;
}

int tool_load_words(const char *path, const struct input_opts *in, enum shader_stage *stage,
                    uint32_t **dw, size_t *ndw, struct err *err)
{
    size_t n;
    char *data = read_all(path, &n, err);
    *stage = stage_of(path, in);
    *dw = NULL;
    if (!data) {
        return -EINVAL;
    }
    int rc = 0;
    uint32_t *words = malloc(n + 16);
    if (!words) {
        rc = err_set(err, -ENOMEM, "out of memory");
    } else if (is_text(data, n)) {
        *ndw = hex_words(data, words);
        if (*ndw) {
            *dw = words;
            words = NULL;
        } else {
            rc = shader_assemble(data, *stage, dw, ndw, err);
            if (rc) {
                err_prefix(err, "%s", path);
            }
        }
    } else if (n % 4) {
        rc = err_set(err, -EINVAL, "%s: %zu bytes are no whole words", path, n);
    } else {
        for (size_t i = 0; i < n / 4; i++) {
            words[i] = in->big_endian ? get_be32(data + 4 * i) : get_le32(data + 4 * i);
        }
        *dw = words;
        *ndw = n / 4;
        words = NULL;
    }
    free(words);
    free(data);
    return rc;
}

struct shader *tool_load(const char *path, const struct input_opts *in, struct err *err)
{
    enum shader_stage stage;
    uint32_t *dw;
    size_t ndw;
    if (tool_load_words(path, in, &stage, &dw, &ndw, err)) {
        return NULL;
    }
    enum shader_profile profile = !in->profile || !strcmp(in->profile, "a20x") ? SHADER_A20X
                                  : !strcmp(in->profile, "a22x")               ? SHADER_A22X
                                                                               : SHADER_XENOS;
    struct shader *sh = shader_decode(dw, ndw, stage, profile, err);
    free(dw);
    return sh;
}

// ---- asm
// -----------------------------------------------------------------------------------------

struct asm_opts {
    struct input_opts in;
    const char *out, *format;
};

static const struct opt_row asm_rows[] = {
    {"out", "o", OPT_STRING, offsetof(struct asm_opts, out), "FILE",
     "where the words go (default: standard output)", NULL},
    {"format", "f", OPT_STRING, offsetof(struct asm_opts, format), "FMT",
     "hexadecimal text or little endian binary (default hex)", "hex|bin"},
    INPUT_ROWS(asm_opts),
    OPTS_END};
static const struct opts_spec asm_spec = {
    "yamato isa asm", "[OPTION]... FILE", "Assembles a program in the freedreno dialect.",
    "Disassemblies assemble as well: raw words at the start of a line supply the bits that the "
    "dialect cannot show. Fields without words in the dialect are set by {field=value} at the end "
    "of a line; `yamato isa doc` lists the fields.",
    asm_rows};

static int run_asm(int argc, char **argv, const struct shader_tool *tool)
{
    struct asm_opts o = {0};
    const char *file;
    unsigned files;
    int status;
    struct err err = {0};
    enum shader_stage stage;
    uint32_t *dw;
    size_t ndw;
    if (!tool_parse(&asm_spec, &o, argc, argv, &file, 1, &files, &status)) {
        return status;
    }
    if (tool_load_words(files ? file : "-", &o.in, &stage, &dw, &ndw, &err)) {
        return tool_fail(&asm_spec, &err);
    }
    FILE *out = tool_create(tool, o.out, &err);
    for (size_t i = 0; out && i < ndw; i++) {
        if (o.format && !strcmp(o.format, "bin")) {
            uint8_t b[4];
            put_le32(b, dw[i]);
            fwrite(b, 1, 4, out);
        } else {
            fprintf(out, "%08x%c", dw[i], i % 3 == 2 ? '\n' : ' ');
        }
    }
    free(dw);
    return out && !tool_close(tool, out, o.out, &err) ? TOOL_OK : tool_fail(&asm_spec, &err);
}

const struct tool_command tool_asm = {"asm", &asm_spec, run_asm};

// ---- disasm
// --------------------------------------------------------------------------------------

struct disasm_opts {
    struct input_opts in;
    const char *dialect;
};

static const struct opt_row disasm_rows[] = {
    {"dialect", "d", OPT_STRING, offsetof(struct disasm_opts, dialect), "NAME",
     "freedreno, as Mesa's cffdump prints; or xna, as Xenia prints (default: by profile)",
     "freedreno|xna"},
    INPUT_ROWS(disasm_opts),
    OPTS_END};
static const struct opts_spec disasm_spec = {"yamato isa disasm", "[OPTION]... FILE",
                                             "Prints a program in one of two dialects.", NULL,
                                             disasm_rows};

static int run_disasm(int argc, char **argv, const struct shader_tool *tool)
{
    struct disasm_opts o = {0};
    const char *file;
    unsigned files;
    int status;
    struct err err = {0};
    if (!tool_parse(&disasm_spec, &o, argc, argv, &file, 1, &files, &status)) {
        return status;
    }
    struct shader *sh = tool_load(files ? file : "-", &o.in, &err);
    if (!sh) {
        return tool_fail(&disasm_spec, &err);
    }
    bool xna = o.dialect ? !strcmp(o.dialect, "xna") : sh->profile == SHADER_XENOS;
    shader_print(sh, xna ? SHADER_DIALECT_XNA : SHADER_DIALECT_FREEDRENO, tool->out);
    shader_destroy(sh);
    return TOOL_OK;
}

const struct tool_command tool_disasm = {"disasm", &disasm_spec, run_disasm};

// ---- check
// ---------------------------------------------------------------------------------------

struct check_opts {
    struct input_opts in;
    bool quiet;
};

static const struct opt_row check_rows[] = {
    {"quiet", "q", OPT_FLAG, offsetof(struct check_opts, quiet), NULL, "errors only", NULL},
    INPUT_ROWS(check_opts),
    OPTS_END};
static const struct opts_spec check_spec = {
    "yamato isa check", "[OPTION]... FILE", "Checks a program against the rules of the ISA.",
    "Exit status 1 when there are errors. `yamato isa doc` lists the rules.", check_rows};

struct check_print {
    FILE *out;
    bool quiet;
    unsigned warnings;
};

static void print_finding(void *ctx, unsigned slot, bool is_error, const char *rule,
                          const char *text)
{
    struct check_print *p = ctx;
    p->warnings += !is_error;
    if (is_error || !p->quiet) {
        fprintf(p->out, "slot %u: %s: %s (%s)\n", slot, is_error ? "error" : "warning", text, rule);
    }
}

static int run_check(int argc, char **argv, const struct shader_tool *tool)
{
    struct check_opts o = {0};
    const char *file;
    unsigned files;
    int status;
    struct err err = {0};
    if (!tool_parse(&check_spec, &o, argc, argv, &file, 1, &files, &status)) {
        return status;
    }
    struct shader *sh = tool_load(files ? file : "-", &o.in, &err);
    if (!sh) {
        return tool_fail(&check_spec, &err);
    }
    struct check_print p = {tool->out, o.quiet, 0};
    unsigned errors = shader_check(sh, print_finding, &p);
    if (!o.quiet) {
        const struct shader_info *i = shader_info(sh);
        fprintf(tool->out,
                "%u slots, %u control flow, %u ALU, %u fetches, %u registers: %u errors, %u "
                "warnings\n",
                i->slots, i->cf_count, i->alu_count, i->fetch_count, i->temps, errors, p.warnings);
    }
    shader_destroy(sh);
    return errors ? TOOL_NO : TOOL_OK;
}

const struct tool_command tool_check = {"check", &check_spec, run_check};

// ---- glsl
// ----------------------------------------------------------------------------------------

struct glsl_opts {
    struct input_opts in;
    bool exact, keep;
};

static const struct opt_row glsl_rows[] = {
    {"exact", NULL, OPT_FLAG, offsetof(struct glsl_opts, exact), NULL,
     "the ISA's rules for zeros, denormals and NaN in full (slower)", NULL},
    {"keep-killed", NULL, OPT_FLAG, offsetof(struct glsl_opts, keep), NULL,
     "no discard for killed pixels", NULL},
    INPUT_ROWS(glsl_opts),
    OPTS_END};
static const struct opts_spec glsl_spec = {"yamato isa glsl", "[OPTION]... FILE",
                                           "Translates a program to a GLSL function.", NULL,
                                           glsl_rows};

static int run_glsl(int argc, char **argv, const struct shader_tool *tool)
{
    struct glsl_opts o = {0};
    const char *file;
    unsigned files;
    int status;
    struct err err = {0};
    if (!tool_parse(&glsl_spec, &o, argc, argv, &file, 1, &files, &status)) {
        return status;
    }
    struct shader *sh = tool_load(files ? file : "-", &o.in, &err);
    char *text = NULL;
    struct shader_glsl_options opt = {.exact = o.exact, .kill_discard = !o.keep};
    if (!sh || shader_to_glsl(sh, &opt, &text, &err)) {
        shader_destroy(sh);
        return tool_fail(&glsl_spec, &err);
    }
    fputs(text, tool->out);
    free(text);
    shader_destroy(sh);
    return TOOL_OK;
}

const struct tool_command tool_glsl = {"glsl", &glsl_spec, run_glsl};

// ---- doc
// -----------------------------------------------------------------------------------------

static const struct opt_row doc_rows[] = {OPTS_END};
static const struct opts_spec doc_spec = {
    "yamato isa doc", "", "Prints the ISA's reference in markdown.", NULL, doc_rows};

static int run_doc(int argc, char **argv, const struct shader_tool *tool)
{
    unsigned none;
    int status, unused = 0;
    if (!tool_parse(&doc_spec, &unused, argc, argv, NULL, 0, &none, &status)) {
        return status;
    }
    shader_document(tool->out);
    return TOOL_OK;
}

const struct tool_command tool_doc = {"doc", &doc_spec, run_doc};
