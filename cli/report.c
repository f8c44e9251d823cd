// SPDX-License-Identifier: MIT
//
// Writes the HTML page of a run; see report.h. Charts are SVG drawn here: engine occupancy over time,
// stacked by vGPU, and a log-scale histogram for each stage.
#include "cli/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"

#define BINS 240u
#define SERIAL_TAIL (64u << 10)

static const char *const colours[] = {"#2a6f97", "#e07a1f", "#4a8f3c", "#a23b72",
                                      "#7a5cc0", "#b0a030", "#3aa6a0", "#c0504d"};

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1180px;padding:0 1em;"
    "color:#1c2733;background:#fbfbf9}h1{font-size:1.6em}h2{margin-top:1.8em;border-bottom:1px solid "
    "#ccc}figure{display:inline-block;margin:0 1em 1em 0;vertical-align:top}figcaption{font-size:13px;"
    "color:#555}img{max-width:540px;border:1px solid #999;background:#000;image-rendering:auto}"
    "table{border-collapse:collapse;margin:.6em 0}td,th{padding:.15em .7em;text-align:right;"
    "border-bottom:1px solid #e2e2dc;font-variant-numeric:tabular-nums}th{background:#eef}"
    "td:first-child,th:first-child,td:last-child{text-align:left}"
    "pre{background:#10161d;color:#d6e2ee;padding:1em;overflow:auto;max-height:28em;font-size:12px}"
    "svg{background:#fff;border:1px solid #ddd}.k{display:inline-block;width:.8em;height:.8em;"
    "margin:0 .3em 0 1em}";

static void put_text(FILE *f, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        switch (c) {
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
            if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f)) {
                fputc(c, f);
            } else if (c != '\r') {
                fprintf(f, "&#%u;", c >= 0x20 ? c : 0xb7u);
            }
        }
    }
}

static void put_base64(FILE *f, const char *path)
{
    static const char map[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    FILE *in = fopen(path, "rb");
    unsigned char b[3];
    size_t n;
    if (!in) {
        return;
    }
    while ((n = fread(b, 1, 3, in)) > 0) {
        uint32_t v = (uint32_t)b[0] << 16 | (n > 1 ? (uint32_t)b[1] << 8 : 0) | (n > 2 ? b[2] : 0);
        fputc(map[v >> 18 & 63], f);
        fputc(map[v >> 12 & 63], f);
        fputc(n > 1 ? map[v >> 6 & 63] : '=', f);
        fputc(n > 2 ? map[v & 63] : '=', f);
    }
    fclose(in);
}

static void put_figure(FILE *f, const char *path, const char *caption)
{
    if (!path || access(path, R_OK) != 0) {
        return;
    }
    fputs("<figure><img alt=\"", f);
    put_text(f, caption, strlen(caption));
    fputs("\" src=\"data:image/png;base64,", f);
    put_base64(f, path);
    fputs("\"><figcaption>", f);
    put_text(f, caption, strlen(caption));
    fputs("</figcaption></figure>\n", f);
}

static void put_serial(FILE *f, const char *path)
{
    FILE *in = path ? fopen(path, "rb") : NULL;
    char *buf;
    size_t n;
    if (!in) {
        return;
    }
    buf = malloc(SERIAL_TAIL);
    if (buf) {
        if (fseek(in, -(long)SERIAL_TAIL, SEEK_END) != 0) {
            rewind(in);
        }
        n = fread(buf, 1, SERIAL_TAIL, in);
        fputs("<details><summary>Serial log (end)</summary><pre>", f);
        put_text(f, buf, n);
        fputs("</pre></details>\n", f);
        free(buf);
    }
    fclose(in);
}

static void put_vm(FILE *f, const struct report_vm *vm)
{
    fputs("<h2>", f);
    put_text(f, vm->name, strlen(vm->name));
    fputs("</h2><p>", f);
    if (vm->what) {
        put_text(f, vm->what, strlen(vm->what));
    }
    fputs("</p>\n", f);
    put_figure(f, vm->picture, "the machine's panel");
    put_figure(f, vm->reference, vm->reference_what ? vm->reference_what : "reference");
    if (vm->facts) {
        fputs("<pre>", f);
        put_text(f, vm->facts, strlen(vm->facts));
        fputs("</pre>\n", f);
    }
    put_serial(f, vm->serial);
}

static void put_histogram(FILE *f, const struct profile_dist *d, const char *colour)
{
    uint64_t top = 1;
    for (unsigned i = 0; i < ARRAY_LEN(d->log2_hist); i++) {
        top = d->log2_hist[i] > top ? d->log2_hist[i] : top;
    }
    fprintf(f, "<svg width=\"170\" height=\"26\" viewBox=\"8 0 28 26\" preserveAspectRatio=\"none\">");
    for (unsigned i = 8; i < 36; i++) { // 256 ns .. 64 s
        double h = 25.0 * (double)d->log2_hist[i] / (double)top;
        if (d->log2_hist[i]) {
            fprintf(f,
                    "<rect x=\"%u\" y=\"%.1f\" width=\".9\" height=\"%.1f\" fill=\"%s\"><title>%llu at "
                    "%.1f us</title></rect>",
                    i, 26 - (h < 1 ? 1 : h), h < 1 ? 1 : h, colour,
                    (unsigned long long)d->log2_hist[i], (double)(1ull << i) / 1e3);
        }
    }
    fputs("</svg>", f);
}

static void put_stages(FILE *f, struct profile *p)
{
    struct profile_vgpu s;
    fputs("<h2>Where each submission spent its time</h2>\n", f);
    for (unsigned i = 0; i < profile_vgpu_count(p); i++) {
        const char *colour = colours[i % ARRAY_LEN(colours)];
        if (profile_summary(p, i, &s)) {
            continue;
        }
        fprintf(f, "<h3><span class=\"k\" style=\"background:%s\"></span>", colour);
        put_text(f, s.name, strlen(s.name));
        fprintf(f,
                "</h3><p>%llu submissions (%llu refused), %llu draws, %llu resolves, %llu packets; "
                "engine %.3f s, share %.1f&nbsp;%%.</p><table><tr><th>stage<th>p50 us<th>p90<th>p99"
                "<th>max<th>256 ns &hellip; 64 s<th>what</tr>\n",
                (unsigned long long)s.submissions, (unsigned long long)s.refused,
                (unsigned long long)s.draws, (unsigned long long)s.resolves,
                (unsigned long long)s.packets, (double)s.engine_ns / 1e9, s.engine_share * 100);
        for (unsigned k = 0; k < PROFILE_SPAN_COUNT; k++) {
            const struct profile_dist *d = &s.span[k];
            fprintf(f, "<tr><td>%s<td>%.1f<td>%.1f<td>%.1f<td>%.1f<td>", profile_span_name(k),
                    (double)d->p50_ns / 1e3, (double)d->p90_ns / 1e3, (double)d->p99_ns / 1e3,
                    (double)d->max_ns / 1e3);
            put_histogram(f, d, colour);
            fprintf(f, "<td>%s</tr>\n", profile_span_help(k));
        }
        fputs("</table>\n", f);
    }
    if (profile_dropped(p)) {
        fprintf(f, "<p>%llu submissions were not recorded (limit reached).</p>\n",
                (unsigned long long)profile_dropped(p));
    }
}

// Engine occupancy over the run: for each time bin the part of it each vGPU held the engine.
static void put_occupancy(FILE *f, struct profile *p)
{
    unsigned n = profile_vgpu_count(p), who;
    double *busy = calloc((size_t)n * BINS + 1, sizeof *busy);
    uint64_t t0 = UINT64_MAX, t1 = 0;
    const struct vgpu_submission *s;

    if (!busy || !n) {
        free(busy);
        return;
    }
    for (uint64_t i = 0; (s = profile_record(p, i, &who)); i++) {
        uint64_t a = s->stamp_ns[VGPU_STAGE_doorbell], b = s->stamp_ns[VGPU_STAGE_executed];
        t0 = a && a < t0 ? a : t0;
        t1 = b > t1 ? b : t1;
    }
    if (t1 <= t0) {
        free(busy);
        return;
    }
    for (uint64_t i = 0; (s = profile_record(p, i, &who)); i++) {
        uint64_t a = s->stamp_ns[VGPU_STAGE_started];
        if (a && who < n) { // engine_ns placed at its start: preempted parts smear into later bins
            unsigned bin = (unsigned)((double)(a - t0) / (double)(t1 - t0) * (BINS - 1));
            busy[who * BINS + bin] += (double)s->engine_ns;
        }
    }
    fprintf(f, "<h2>Engine occupancy over %.1f s</h2><svg width=\"1100\" height=\"160\" viewBox=\"0 0 "
               "%u 100\" preserveAspectRatio=\"none\">",
            (double)(t1 - t0) / 1e9, BINS);
    for (unsigned b = 0; b < BINS; b++) {
        double y = 100;
        for (unsigned v = 0; v < n; v++) {
            double h = busy[v * BINS + b] * 100 * BINS / (double)(t1 - t0);
            h = h < y ? h : y;
            if (h > 0.05) {
                fprintf(f, "<rect x=\"%u\" y=\"%.2f\" width=\"1\" height=\"%.2f\" fill=\"%s\"/>", b,
                        y - h, h, colours[v % ARRAY_LEN(colours)]);
            }
            y -= h;
        }
    }
    fputs("</svg><p>", f);
    for (unsigned v = 0; v < n; v++) {
        struct profile_vgpu sum;
        if (profile_summary(p, v, &sum) == 0) {
            fprintf(f, "<span class=\"k\" style=\"background:%s\"></span>",
                    colours[v % ARRAY_LEN(colours)]);
            put_text(f, sum.name, strlen(sum.name));
        }
    }
    fputs("</p>\n", f);
    free(busy);
}

int report_write(const char *path, const struct report_config *cfg, struct err *err)
{
    char tmp[4096];
    FILE *f;
    bool bad;

    if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp) {
        return err_set(err, -ENAMETOOLONG, "%s: name too long", path);
    }
    f = fopen(tmp, "w");
    if (!f) {
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    fprintf(f, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title><style>%s"
               "</style>\n<h1>%s</h1>\n<p>%s</p>\n",
            cfg->title, style, cfg->title, cfg->intro ? cfg->intro : "");
    for (unsigned i = 0; i < cfg->nvms; i++) {
        put_vm(f, &cfg->vms[i]);
    }
    if (cfg->profile) {
        put_occupancy(f, cfg->profile);
        put_stages(f, cfg->profile);
    }
    fputs("</html>\n", f);
    bad = ferror(f) != 0;
    bad = fclose(f) != 0 || bad;
    if (bad || rename(tmp, path) != 0) {
        int e = errno ? errno : EIO;
        unlink(tmp);
        return err_set(err, -e, "%s: %s", path, strerror(e));
    }
    return 0;
}
