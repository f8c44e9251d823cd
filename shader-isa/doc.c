// SPDX-License-Identifier: MIT
//
// The ISA's reference in markdown, from the tables.
#include "shader-isa/check.h"
#include "shader-isa/isa.h"
#include "shader-isa/tool.h"

static const char *profiles(unsigned set)
{
    static const char *const names[8] = {"none",  "a20x",       "a22x",       "a20x a22x",
                                         "Xenos", "a20x Xenos", "a22x Xenos", "all"};
    return names[set & 7];
}

static const char *effect(unsigned e)
{
    static const char *const names[] = {"", "sets p0", "discards", "sets a0"};
    return names[e & 3];
}

// Text inside a table cell.
static void cell(FILE *out, const char *text)
{
    for (; *text; text++) {
        fputs(*text == '|' ? "\\|" : (char[]){*text, 0}, out);
    }
}

static void vector_opcodes(FILE *out)
{
    fputs("## Vector opcodes\n\n"
          "| # | XNA | Adreno | operands | result | effect | profiles | meaning |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
          out);
    for (unsigned i = 0; i < 32; i++) {
        const struct vector_info *v = &isa_vector[i];
        if (!v->xna) {
            fprintf(out, "| %u | - | - | | | | | reserved |\n", i);
            continue;
        }
        fprintf(out, "| %u | `%s` | `%s` | %u | `", i, v->xna, v->adreno, v->operands);
        cell(out, v->semantics);
        fprintf(out, "` | %s | %s | ", effect(v->effect), profiles(v->profiles));
        cell(out, v->doc);
        fputs(" |\n", out);
    }
}

static void scalar_opcodes(FILE *out)
{
    static const char *const operands[] = {"-", "a", "a, b", "c.a, r.b"};
    fputs("\n## Scalar opcodes\n\n"
          "a is the W position of source 3, b its X position, ps the scalar result before.\n\n"
          "| # | XNA | Adreno | operands | result | effect | profiles | meaning |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
          out);
    for (unsigned i = 0; i < 64; i++) {
        const struct scalar_info *s = &isa_scalar[i];
        if (!s->xna) {
            fprintf(out, "| %u | - | - | | | | | reserved |\n", i);
            continue;
        }
        fprintf(out, "| %u | `%s` | `%s` | %s%s | `", i, s->xna, s->adreno, operands[s->operands],
                s->reads_ps ? ", ps" : "");
        cell(out, s->semantics);
        fprintf(out, "` | %s | %s | ", effect(s->effect), profiles(s->profiles));
        cell(out, s->doc);
        fputs(" |\n", out);
    }
}

static void fields(FILE *out, const char *title, const struct field_info *row)
{
    fprintf(out, "\n### %s\n\n| field | dword | bits | meaning |\n| --- | --- | --- | --- |\n",
            title);
    for (; row->name; row++) {
        fprintf(out, "| %s | %u | %u:%u | ", row->name, row->dword, row->hi, row->lo);
        cell(out, row->doc);
        fputs(" |\n", out);
    }
}

static void control_flow(FILE *out)
{
    static const char *const forms[] = {"NOP", "EXEC", "LOOP", "JUMP", "ALLOC"};
    fputs("\n## Control flow\n\n| # | XNA | Adreno | form | profiles | meaning |\n"
          "| --- | --- | --- | --- | --- | --- |\n",
          out);
    for (unsigned i = 0; i < 16; i++) {
        const struct cf_info *c = &isa_cf[i];
        fprintf(out, "| %u | `%s` | `%s` | %s | %s | %s |\n", i, c->xna, c->adreno, forms[c->form],
                profiles(c->profiles), c->doc);
    }
    for (unsigned i = 0; i < 5; i++) {
        char title[64];
        snprintf(title, sizeof title, "Fields of the %s form (bits of the 48)", forms[i]);
        fields(out, title, isa_cf_fields[i]);
    }
}

static void fetches(FILE *out)
{
    fputs("\n## Fetches\n\n| # | XNA | Adreno | profiles | meaning |\n"
          "| --- | --- | --- | --- | --- |\n",
          out);
    for (unsigned i = 0; i < 32; i++) {
        const struct fetch_info *f = &isa_fetch[i];
        if (f->xna) {
            fprintf(out, "| %u | `%s%s` | `%s` | %s | %s |\n", i, f->xna,
                    f->by_dimension ? "{1D,2D,3D,Cube}" : "", f->adreno, profiles(f->profiles),
                    f->doc);
        }
    }
    fields(out, "Vertex fetch fields", isa_vfetch_fields);
    fields(out, "Texture fetch fields", isa_tfetch_fields);
    fputs("\n### Vertex formats\n\n| # | name | components | profiles |\n"
          "| --- | --- | --- | --- |\n",
          out);
    for (unsigned i = 0; i < 64; i++) {
        if (isa_format[i].name) {
            fprintf(out, "| %u | %s | %u | %s |\n", i, isa_format[i].name, isa_format[i].components,
                    profiles(isa_format[i].profiles));
        }
    }
}

void shader_document(FILE *out)
{
    fputs("# The a2xx shader ISA\n\n"
          "Generated from `shader-isa/a2xx.def`, `cf.def`, `fetch.def` and `check.def`.\n\n",
          out);
    vector_opcodes(out);
    scalar_opcodes(out);
    fields(out, "ALU slot fields", isa_alu_fields);
    control_flow(out);
    fetches(out);
    fputs("\n## Rules of `isa check`\n\n| rule | kind | meaning |\n| --- | --- | --- |\n", out);
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        fprintf(out, "| %s | %s | %s |\n", check_rules[i].name,
                check_rules[i].is_error ? "error" : "warning", check_rules[i].doc);
    }
}
