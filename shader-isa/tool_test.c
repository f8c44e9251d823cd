// SPDX-License-Identifier: MIT
//
// `yamato isa test`: the conformance suite on every engine, and its reports: a summary, JUnit XML
// for batch systems, and an HTML table of opcodes by modifiers.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "shader-isa/suite.h"
#include "shader-isa/tool_cmd.h"

#define MAX_ENGINES 8

struct test_opts {
    const char *engine, *filter, *junit, *html, *shard;
    bool list, verbose;
};

static const struct opt_row test_rows[] = {
    {"engine", "e", OPT_STRING, offsetof(struct test_opts, engine), "NAME",
     "only this engine (default: all that there are; --list names them)", NULL},
    {"filter", "k", OPT_STRING, offsetof(struct test_opts, filter), "TEXT",
     "only cases whose name contains the text", NULL},
    {"shard", NULL, OPT_STRING, offsetof(struct test_opts, shard), "I/N",
     "only the I-th of N equal parts, I from 1", NULL},
    {"junit", NULL, OPT_STRING, offsetof(struct test_opts, junit), "FILE", "write JUnit XML", NULL},
    {"html", NULL, OPT_STRING, offsetof(struct test_opts, html), "FILE",
     "write a table of opcodes and modifiers", NULL},
    {"list", NULL, OPT_FLAG, offsetof(struct test_opts, list), NULL, "name engines and cases only",
     NULL},
    {"verbose", "v", OPT_FLAG, offsetof(struct test_opts, verbose), NULL, "name every case", NULL},
    OPTS_END};
static const struct opts_spec test_spec = {
    "yamato isa test", "[OPTION]...",
    "Runs the conformance suite: every opcode and modifier over special values.",
    "Each case runs on the interpreter and on each engine; results are compared within the "
    "engine's rule. Exit status 1 when a case fails.",
    test_rows};

struct outcome {
    struct suite_case c;
    struct suite_result r[MAX_ENGINES];
};

struct session {
    struct shader_engine *engine[MAX_ENGINES];
    unsigned engines;
    struct outcome *outcome;
    unsigned count, room;
};

static bool parse_shard(const char *text, unsigned *i, unsigned *n)
{
    *i = 1;
    *n = 1;
    char rest;
    return !text || (sscanf(text, "%u/%u%c", i, n, &rest) == 2 && *i >= 1 && *i <= *n);
}

// ---- reports
// -------------------------------------------------------------------------------------

static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*text < 32 ? ' ' : *text, out);
            break;
        }
    }
}

static void totals(const struct session *s, unsigned e, unsigned *run, unsigned *failed,
                   unsigned *skipped, unsigned *lanes)
{
    *run = *failed = *skipped = *lanes = 0;
    for (unsigned i = 0; i < s->count; i++) {
        const struct suite_result *r = &s->outcome[i].r[e];
        *run += 1;
        *failed += r->wrong != 0;
        *skipped += r->skipped;
        *lanes += r->lanes;
    }
}

static void write_junit(FILE *out, const struct session *s)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
    for (unsigned e = 0; e < s->engines; e++) {
        unsigned run, failed, skipped, lanes;
        totals(s, e, &run, &failed, &skipped, &lanes);
        fputs("  <testsuite name=\"isa.", out);
        put_escaped(out, s->engine[e]->name);
        fprintf(out, "\" tests=\"%u\" failures=\"%u\" skipped=\"%u\">\n", run, failed, skipped);
        for (unsigned i = 0; i < s->count; i++) {
            const struct suite_result *r = &s->outcome[i].r[e];
            fputs("    <testcase classname=\"isa.", out);
            put_escaped(out, s->engine[e]->name);
            fputs("\" name=\"", out);
            put_escaped(out, s->outcome[i].c.name);
            if (!r->wrong && !r->skipped) {
                fputs("\"/>\n", out);
                continue;
            }
            fputs("\">", out);
            if (r->skipped) {
                fputs("<skipped/>", out);
            } else {
                fprintf(out, "<failure message=\"%u of %u lanes differ\">", r->wrong, r->lanes);
                put_escaped(out, r->message);
                fputs("</failure>", out);
            }
            fputs("</testcase>\n", out);
        }
        fputs("  </testsuite>\n", out);
    }
    fputs("</testsuites>\n", out);
}

static const struct outcome *find(const struct session *s, const char *row, unsigned column)
{
    for (unsigned i = 0; i < s->count; i++) {
        const struct suite_case *c = &s->outcome[i].c;
        if (c->column == column && !strcmp(c->row, row)) {
            return &s->outcome[i];
        }
    }
    return NULL;
}

static void html_cell(FILE *out, const struct session *s, const struct outcome *o)
{
    if (!o) {
        fputs("<td></td>", out);
        return;
    }
    unsigned wrong = 0, skipped = 0;
    for (unsigned e = 0; e < s->engines; e++) {
        wrong += o->r[e].wrong;
        skipped += o->r[e].skipped;
    }
    fprintf(out, "<td class=\"%s\" title=\"", wrong ? "bad" : skipped ? "skip" : "ok");
    for (unsigned e = 0; e < s->engines; e++) {
        put_escaped(out, s->engine[e]->name);
        fprintf(out, ": %u lanes, %u differ. ", o->r[e].lanes, o->r[e].wrong);
        put_escaped(out, o->r[e].message);
        fputs("&#10;", out);
    }
    fprintf(out, "\">%u</td>", o->r[0].lanes);
}

static void write_html(FILE *out, const struct session *s)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<title>a2xx ISA conformance</title>\n<style>\n"
          "body{font:14px sans-serif}table{border-collapse:collapse}\n"
          "td,th{border:1px solid #ccc;padding:1px 5px;text-align:right}th{background:#eee}\n"
          "th.row{text-align:left}.ok{background:#cfc}.bad{background:#f99}.skip{background:#eee}\n"
          "</style></head><body>\n<h1>a2xx ISA conformance</h1>\n<ul>\n",
          out);
    for (unsigned e = 0; e < s->engines; e++) {
        unsigned run, failed, skipped, lanes;
        totals(s, e, &run, &failed, &skipped, &lanes);
        fputs("<li>", out);
        put_escaped(out, s->engine[e]->name);
        fprintf(out, ": %u cases, %u failed, %u skipped, %u lanes compared</li>\n", run, failed,
                skipped, lanes);
    }
    fputs("</ul>\n<p>Lanes compared for each opcode and modifier; the tip of a cell tells the "
          "engines.</p>\n<table><tr><th></th>",
          out);
    for (unsigned k = 0; k < SUITE_COLUMN_COUNT; k++) {
        fprintf(out, "<th title=\"%s\">%s</th>", suite_column_doc(k), suite_column_name(k));
    }
    fputs("<th>flow</th></tr>\n", out);
    const char *last = "";
    for (unsigned i = 0; i < s->count; i++) {
        const char *row = s->outcome[i].c.row;
        if (!strcmp(row, last)) {
            continue;
        }
        last = row;
        fputs("<tr><th class=\"row\">", out);
        put_escaped(out, row);
        fputs("</th>", out);
        for (unsigned k = 0; k <= SUITE_FLOW; k++) {
            if (k != SUITE_COLUMN_COUNT) {
                html_cell(out, s, find(s, row, k));
            }
        }
        fputs("</tr>\n", out);
    }
    fputs("</table></body></html>\n", out);
}

static int report(const struct shader_tool *tool, const struct session *s, const char *path,
                  void (*write)(FILE *out, const struct session *s), struct err *err)
{
    if (!path) {
        return 0;
    }
    FILE *out = tool_create(tool, path, err);
    if (!out) {
        return -EINVAL;
    }
    write(out, s);
    return tool_close(tool, out, path, err);
}

// ---- running
// -------------------------------------------------------------------------------------

static int list(const struct shader_tool *tool, const struct session *s)
{
    struct suite_case c;
    for (unsigned e = 0; e < s->engines; e++) {
        fprintf(tool->out, "engine %s\n", s->engine[e]->name);
    }
    for (unsigned i = 0; suite_case(i, &c); i++) {
        fprintf(tool->out, "%s\n", c.name);
    }
    return TOOL_OK;
}

static struct outcome *add_outcome(struct session *s)
{
    if (s->count == s->room) {
        unsigned room = s->room ? 2 * s->room : 256;
        struct outcome *o = realloc(s->outcome, room * sizeof *o);
        if (!o) {
            return NULL;
        }
        s->outcome = o;
        s->room = room;
    }
    return &s->outcome[s->count++];
}

static int run_cases(const struct shader_tool *tool, struct session *s, const struct test_opts *o,
                     unsigned part, unsigned parts, struct err *err)
{
    struct suite_case c;
    for (unsigned i = 0, matching = 0; suite_case(i, &c); i++) {
        if ((o->filter && !strstr(c.name, o->filter)) || matching++ % parts != part - 1) {
            continue;
        }
        struct outcome *out = add_outcome(s);
        if (!out) {
            return err_set(err, -ENOMEM, "out of memory");
        }
        out->c = c;
        for (unsigned e = 0; e < s->engines; e++) {
            struct suite_result *r = &out->r[e];
            suite_run(&c, s->engine[e], r);
            if (r->wrong || o->verbose) {
                fprintf(tool->out, "%s %s on %s: %u of %u lanes differ%s%s\n",
                        r->wrong     ? "FAIL"
                        : r->skipped ? "SKIP"
                                     : "ok",
                        c.name, s->engine[e]->name, r->wrong, r->lanes, r->wrong ? ": " : "",
                        r->wrong ? r->message : "");
            }
        }
    }
    return 0;
}

static int pick_engines(const struct shader_tool *tool, const struct test_opts *o,
                        struct session *s, struct shader_engine own[4], struct err *err)
{
    struct shader_engine *all[MAX_ENGINES] = {&own[0]};
    unsigned count = 1;
    shader_engine_interpreter(&own[0]);
    while (count < 4 && shader_engine_build(&own[count], count - 1)) {
        all[count] = &own[count];
        count++;
    }
    for (unsigned i = 0; i < tool->engine_count && count < MAX_ENGINES; i++) {
        all[count++] = tool->engines[i];
    }
    for (unsigned i = 0; i < count; i++) {
        if (!o->engine || !strcmp(o->engine, all[i]->name)) {
            s->engine[s->engines++] = all[i];
        }
    }
    return s->engines ? 0 : err_set(err, -EINVAL, "no engine '%s'; --list names them", o->engine);
}

static int run_test(int argc, char **argv, const struct shader_tool *tool)
{
    struct test_opts o = {0};
    struct session s = {.count = 0};
    struct shader_engine own[4];
    unsigned none, part, parts, bad = 0;
    int status;
    struct err err = {0};
    if (!tool_parse(&test_spec, &o, argc, argv, NULL, 0, &none, &status)) {
        return status;
    }
    if (!parse_shard(o.shard, &part, &parts)) {
        err_set(&err, -EINVAL, "--shard %s: expected I/N with I from 1 to N", o.shard);
        return tool_fail(&test_spec, &err);
    }
    if (pick_engines(tool, &o, &s, own, &err)) {
        return tool_fail(&test_spec, &err);
    }
    if (o.list) {
        return list(tool, &s);
    }
    int rc = run_cases(tool, &s, &o, part, parts, &err);
    for (unsigned e = 0; !rc && e < s.engines; e++) {
        unsigned run, failed, skipped, lanes;
        totals(&s, e, &run, &failed, &skipped, &lanes);
        fprintf(tool->out, "%s: %u cases, %u failed, %u skipped, %u lanes\n", s.engine[e]->name,
                run, failed, skipped, lanes);
        bad += failed;
    }
    if (!rc && !s.count) {
        rc = err_set(&err, -EINVAL, "no case matches");
    }
    rc = rc ? rc : report(tool, &s, o.junit, write_junit, &err);
    rc = rc ? rc : report(tool, &s, o.html, write_html, &err);
    free(s.outcome);
    return rc ? tool_fail(&test_spec, &err) : bad ? TOOL_NO : TOOL_OK;
}

const struct tool_command tool_test = {"test", &test_spec, run_test};
