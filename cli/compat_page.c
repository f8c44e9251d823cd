// SPDX-License-Identifier: MIT
//
// The pages of yamato compat: one HTML file without outside parts (pictures inline), JUnit XML, and the
// comparison of two runs.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/compat.h"
#include "soc/load.h"

static const char style[] =
    "body{font:15px/1.45 sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}"
    "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse;margin:.5em 0}"
    "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left;vertical-align:top}th{background:#f2f2f2}"
    "code,pre{font:12px/1.35 monospace}pre{background:#f7f7f7;padding:.7em;max-height:30em;overflow:auto}"
    ".ok{color:#176f2c}.bad{color:#b00020}figure{display:inline-block;margin:.4em}figcaption{font-size:.85em}"
    "img{max-width:24em;image-rendering:pixelated;border:1px solid #999}.diff{background:#fff3c4}";

static void put_text(FILE *f, const char *s)
{
    for (; s && *s; s++) {
        switch (*s) {
        case '<':
            fputs("&lt;", f);
            break;
        case '>':
            fputs("&gt;", f);
            break;
        case '&':
            fputs("&amp;", f);
            break;
        case '"':
            fputs("&quot;", f);
            break;
        default:
            fputc(*s, f);
        }
    }
}

static const char *text_of(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static double real_of(const json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

static void put_value(FILE *f, const json_t *v)
{
    if (json_is_string(v)) {
        put_text(f, json_string_value(v));
    } else if (json_is_integer(v)) {
        fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    } else if (json_is_real(v)) {
        fprintf(f, "%.3f", json_real_value(v));
    } else if (json_is_boolean(v)) {
        fputs(json_is_true(v) ? "yes" : "no", f);
    }
}

// An array of equal objects as a table; `columns` ends with NULL.
static void put_table(FILE *f, const json_t *list, const char *const *columns, const char *nothing)
{
    const json_t *row;
    size_t i;
    if (!json_array_size(list)) {
        fprintf(f, "<p>%s</p>\n", nothing);
        return;
    }
    fputs("<table><tr>", f);
    for (unsigned c = 0; columns[c]; c++) {
        fprintf(f, "<th>%s</th>", columns[c]);
    }
    fputs("</tr>\n", f);
    json_array_foreach(list, i, row) {
        fputs("<tr>", f);
        for (unsigned c = 0; columns[c]; c++) {
            fputs("<td>", f);
            put_value(f, json_object_get(row, columns[c]));
            fputs("</td>", f);
        }
        fputs("</tr>\n", f);
    }
    fputs("</table>\n", f);
}

static void put_picture(FILE *f, const char *dir, const char *name)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char path[1200];
    struct blob b;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (blob_load(&b, path, 16 << 20, NULL)) {
        fputs("<p>(no picture)</p>", f);
        return;
    }
    fputs("<img alt=\"screen\" src=\"data:image/png;base64,", f);
    for (size_t i = 0; i < b.bytes; i += 3) {
        unsigned left = b.bytes - i < 3 ? (unsigned)(b.bytes - i) : 3;
        unsigned v = (unsigned)b.data[i] << 16 | (left > 1 ? (unsigned)b.data[i + 1] << 8 : 0) |
                     (left > 2 ? b.data[i + 2] : 0u);
        fputc(digits[v >> 18], f);
        fputc(digits[v >> 12 & 63], f);
        fputc(left > 1 ? digits[v >> 6 & 63] : '=', f);
        fputc(left > 2 ? digits[v & 63] : '=', f);
    }
    fputs("\">", f);
    blob_free(&b);
}

static void put_screens(FILE *f, const json_t *facts, const char *dir)
{
    const json_t *shot;
    size_t i;
    json_array_foreach(json_object_get(facts, "screens"), i, shot) {
        fputs("<figure>", f);
        put_picture(f, dir, text_of(shot, "file"));
        fprintf(f, "<figcaption>%.1f s</figcaption></figure>\n", real_of(shot, "t"));
    }
    if (!json_array_size(json_object_get(facts, "screens"))) {
        fputs("<p>The display was dark.</p>\n", f);
    }
}

// Four curves over guest time, each scaled to its own largest step.
static void put_timeline(FILE *f, const json_t *facts)
{
    static const struct {
        const char *key, *name, *colour;
    } curves[] = {{"insns", "instructions", "#4466cc"}, {"irqs", "interrupts", "#cc7722"},
                  {"mmio", "register accesses", "#228833"}, {"chars", "characters", "#aa3377"}};
    const json_t *samples = json_object_get(facts, "samples"), *s;
    size_t n = json_array_size(samples), i;
    double end = n ? real_of(json_array_get(samples, n - 1), "t") : 0;
    if (n < 2 || end <= 0) {
        return;
    }
    fputs("<svg viewBox=\"0 0 1000 220\" width=\"100%\" role=\"img\">", f);
    for (unsigned c = 0; c < 4; c++) {
        double most = 1, before = 0;
        json_array_foreach(samples, i, s) {
            double v = real_of(s, curves[c].key);
            most = v - before > most ? v - before : most;
            before = v;
        }
        before = 0;
        fprintf(f, "<text x=\"4\" y=\"%u\" font-size=\"12\" fill=\"%s\">%s</text><polyline fill=\"none\" stroke=\"%s\" points=\"",
                c * 54 + 12, curves[c].colour, curves[c].name, curves[c].colour);
        json_array_foreach(samples, i, s) {
            double v = real_of(s, curves[c].key);
            fprintf(f, "%.1f,%.1f ", real_of(s, "t") / end * 1000, c * 54 + 50 - (v - before) / most * 34);
            before = v;
        }
        fputs("\"/>", f);
    }
    fprintf(f, "</svg><p>0 to %.1f s of guest time, each curve by its largest step of 0.1 s</p>\n", end);
}

static void put_log(FILE *f, const json_t *facts)
{
    const json_t *line;
    size_t i;
    fputs("<pre>", f);
    json_array_foreach(json_object_get(facts, "lines"), i, line) {
        fprintf(f, "%9.3f  ", real_of(line, "t"));
        put_text(f, text_of(line, "s"));
        fputc('\n', f);
    }
    fputs("</pre>\n", f);
}

static FILE *open_page(const char *path, const char *title, struct err *err)
{
    FILE *f = fopen(path, "w");
    if (!f) {
        err_set(err, -errno, "%s: %s", path, strerror(errno));
        return NULL;
    }
    fputs("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>", f);
    put_text(f, title);
    fprintf(f, "</title><style>%s</style>\n<h1>", style);
    put_text(f, title);
    fputs("</h1>\n", f);
    return f;
}

static int close_page(FILE *f, const char *path, struct err *err)
{
    fputs("</html>\n", f);
    return fclose(f) ? err_set(err, -EIO, "%s: %s", path, strerror(errno)) : 0;
}

static void put_pairs(FILE *f, const json_t *object)
{
    const char *key;
    json_t *v;
    fputs("<table>", f);
    json_object_foreach((json_t *)(uintptr_t)object, key, v) {
        fprintf(f, "<tr><th>%s</th><td>", key);
        put_value(f, v);
        fputs("</td></tr>\n", f);
    }
    fputs("</table>\n", f);
}

int compat_write_html(const json_t *facts, const char *dir, const char *path, struct err *err)
{
    static const char *const head[] = {"board", "image", "append", "ended", "guest seconds", "instructions",
                                       "event hash", NULL};
    static const char *const unclaimed[] = {"register", "address", "direction", "bits", "pc", "code", "count",
                                            "value", NULL};
    static const char *const devices[] = {"device", "model", "reads", "writes", NULL};
    static const char *const cuts[] = {"device", "register", "shortcut", "reads", "writes", NULL};
    static const char *const stuck[] = {"register", "address", "value", "code", "reads", "t", NULL};
    const json_t *check;
    size_t i;
    FILE *f = open_page(path, text_of(facts, "title"), err);
    if (!f) {
        return -EIO;
    }
    fputs("<table>", f);
    for (unsigned k = 0; head[k]; k++) {
        fprintf(f, "<tr><th>%s</th><td>", head[k]);
        put_value(f, json_object_get(facts, head[k]));
        fputs("</td></tr>\n", f);
    }
    fputs("</table>\n<h2>Expectations</h2><ul>", f);
    json_array_foreach(json_object_get(facts, "checks"), i, check) {
        bool ok = json_is_true(json_object_get(check, "ok"));
        fprintf(f, "<li class=\"%s\">%s ", ok ? "ok" : "bad", ok ? "held:" : "FAILED:");
        put_text(f, text_of(check, "name"));
        fputs(" <small>(", f);
        put_text(f, text_of(check, "detail"));
        fputs(")</small></li>\n", f);
    }
    fputs("</ul>\n<h2>Time</h2>\n", f);
    put_timeline(f, facts);
    fputs("<h2>Screens</h2>\n", f);
    put_screens(f, facts, dir);
    fputs("<h2>Waited for in vain</h2>\n", f);
    put_table(f, json_object_get(facts, "stuck"), stuck, "Nothing: the guest never spun on a register.");
    fputs("<h2>Registers that no model claims</h2>\n", f);
    put_table(f, json_object_get(facts, "unclaimed"), unclaimed, "None: every access was claimed by a model.");
    fputs("<h2>Shortcuts of models that the guest touched</h2>\n", f);
    put_table(f, json_object_get(facts, "shortcuts"), cuts, "None.");
    fputs("<h2>Devices used</h2>\n", f);
    put_table(f, json_object_get(facts, "devices"), devices, "None.");
    fputs("<h2>Interrupts and exceptions</h2>\n", f);
    put_pairs(f, json_object_get(facts, "counters"));
    fputs("<h2>Console</h2>\n", f);
    put_log(f, facts);
    return close_page(f, path, err);
}

int compat_write_junit(const json_t *facts, const char *path, struct err *err)
{
    const json_t *checks = json_object_get(facts, "checks"), *check;
    size_t i, failed = 0;
    FILE *f = fopen(path, "w");
    if (!f) {
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    json_array_foreach(checks, i, check) {
        failed += !json_is_true(json_object_get(check, "ok"));
    }
    fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"compat.");
    put_text(f, text_of(facts, "board"));
    fprintf(f, "\" tests=\"%zu\" failures=\"%zu\" time=\"%.3f\">\n", json_array_size(checks), failed,
            real_of(facts, "guest seconds"));
    json_array_foreach(checks, i, check) {
        fputs("  <testcase name=\"", f);
        put_text(f, text_of(check, "name"));
        if (json_is_true(json_object_get(check, "ok"))) {
            fputs("\"/>\n", f);
        } else {
            fputs("\"><failure message=\"", f);
            put_text(f, text_of(check, "detail"));
            fputs("\"/></testcase>\n", f);
        }
    }
    fputs("</testsuite>\n", f);
    return fclose(f) ? err_set(err, -EIO, "%s: %s", path, strerror(errno)) : 0;
}

// ---- two runs

// The console's text without time stamps, which differ between machines.
static const char *bare(const char *line)
{
    const char *end = line[0] == '[' ? strchr(line, ']') : NULL;
    return end ? end + 1 : line;
}

static bool has_line(const json_t *facts, const char *line)
{
    const json_t *l;
    size_t i;
    json_array_foreach(json_object_get(facts, "lines"), i, l) {
        if (strcmp(bare(text_of(l, "s")), bare(line)) == 0) {
            return true;
        }
    }
    return false;
}

static void put_only(FILE *f, const json_t *a, const json_t *b)
{
    const json_t *l;
    size_t i;
    unsigned n = 0;
    fputs("<pre>", f);
    json_array_foreach(json_object_get(a, "lines"), i, l) {
        if (!has_line(b, text_of(l, "s"))) {
            put_text(f, text_of(l, "s"));
            fputc('\n', f);
            n++;
        }
    }
    fputs(n ? "</pre>\n" : "</pre><p>Nothing.</p>\n", f);
}

int compat_write_comparison(const json_t *a, const json_t *b, const char *dir_a, const char *dir_b,
                            const char *path, struct err *err)
{
    static const char *const rows[] = {"title", "board", "image", "append", "ended", "guest seconds",
                                       "instructions", "event hash", NULL};
    const char *key;
    json_t *v;
    FILE *f = open_page(path, "Two runs compared", err);
    if (!f) {
        return -EIO;
    }
    fputs("<table><tr><th></th><th>first</th><th>second</th></tr>\n", f);
    for (unsigned k = 0; rows[k]; k++) {
        const json_t *x = json_object_get(a, rows[k]), *y = json_object_get(b, rows[k]);
        fprintf(f, "<tr%s><th>%s</th><td>", json_equal(x, y) ? "" : " class=\"diff\"", rows[k]);
        put_value(f, x);
        fputs("</td><td>", f);
        put_value(f, y);
        fputs("</td></tr>\n", f);
    }
    json_object_foreach(json_object_get(a, "counters"), key, v) {
        const json_t *y = json_object_get(json_object_get(b, "counters"), key);
        fprintf(f, "<tr%s><th>%s</th><td>", json_equal(v, y) ? "" : " class=\"diff\"", key);
        put_value(f, v);
        fputs("</td><td>", f);
        put_value(f, y);
        fputs("</td></tr>\n", f);
    }
    fputs("</table>\n<h2>Said only in the first</h2>", f);
    put_only(f, a, b);
    fputs("<h2>Said only in the second</h2>", f);
    put_only(f, b, a);
    fputs("<h2>Screens of the first</h2>", f);
    put_screens(f, a, dir_a);
    fputs("<h2>Screens of the second</h2>", f);
    put_screens(f, b, dir_b);
    return close_page(f, path, err);
}
