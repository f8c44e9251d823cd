// SPDX-License-Identifier: MIT
//
// Charts of a profile's submissions as inline SVG: overview, occupancy, a timeline of the busiest
// moment, histograms of the stages, and who waited for whom. What submissions are made of is in
// report_works.c. No script: everything that can be asked is in titles that the browser shows.
#include "cli/report_profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

enum { WIDTH = REPORT_WIDTH, BINS = 240, LANE = REPORT_LANE, LINE_MAX_SUBS = 4000 };

const char report_profile_style[] =
    ".tiles{display:flex;flex-wrap:wrap;gap:.8em;margin:1em 0}.tiles "
    "div{background:#fff;border:1px solid "
    "#ddd;padding:.5em 1em;min-width:8em}.tiles b{display:block;font-size:1.35em;font-weight:600}"
    ".tiles span{color:#555;font-size:13px}.warn{color:#a40;font-weight:600}svg text{font:11px "
    "system-ui,sans-serif;fill:#1c2733}.n{color:#777;font-size:13px}";

static const char *const colours[] = {"#2a6f97", "#e07a1f", "#4a8f3c", "#a23b72",
                                      "#7a5cc0", "#b0a030", "#3aa6a0", "#c0504d"};

const char *report_colour(unsigned n)
{
    return colours[n % ARRAY_LEN(colours)];
}

void report_text(FILE *f, const char *s)
{
    for (; *s; s++) {
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
            fputc((unsigned char)*s < 0x20 ? ' ' : *s, f);
        }
    }
}

void report_svg(FILE *f, unsigned height)
{
    fprintf(f, "<svg width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\">", WIDTH, height, WIDTH,
            height);
}

const char *report_time(double ns, char *buf, size_t n)
{
    if (ns < 1e3) {
        snprintf(buf, n, "%.0f ns", ns);
    } else if (ns < 1e6) {
        snprintf(buf, n, "%.1f µs", ns / 1e3);
    } else if (ns < 1e9) {
        snprintf(buf, n, "%.2f ms", ns / 1e6);
    } else {
        snprintf(buf, n, "%.2f s", ns / 1e9);
    }
    return buf;
}

// ---- overview
// --------------------------------------------------------------------------------------

static void put_tile(FILE *f, const char *value, const char *what)
{
    fprintf(f, "<div><b>%s</b><span>%s</span></div>", value, what);
}

static void put_overview(FILE *f, struct profile *p, const struct profile_sharing *s)
{
    struct profile_vgpu *v = malloc(sizeof *v);
    uint64_t subs = 0, draws = 0, refused = 0;
    char text[64], t[32];
    for (unsigned i = 0; v && i < profile_vgpu_count(p); i++) {
        if (profile_summary(p, i, v) == 0) {
            subs += v->submissions;
            draws += v->draws;
            refused += v->refused;
        }
    }
    free(v);
    fputs("<h2>Overview</h2><div class=\"tiles\">", f);
    put_tile(f, report_time((double)s->span_ns, t, sizeof t), "first doorbell to last fence");
    snprintf(text, sizeof text, "%.1f&nbsp;%%",
             s->span_ns ? 100.0 * (double)s->busy_ns / (double)s->span_ns : 0);
    put_tile(f, text, "engine at work");
    snprintf(text, sizeof text, "%llu", (unsigned long long)subs);
    put_tile(f, text, "submissions");
    snprintf(text, sizeof text, "%llu", (unsigned long long)draws);
    put_tile(f, text, "draws");
    snprintf(text, sizeof text, "%llu", (unsigned long long)refused);
    put_tile(f, text, "refused or failed");
    snprintf(text, sizeof text, "%llu", (unsigned long long)s->preemptions);
    put_tile(f, text, "preemptions");
    put_tile(f, report_time((double)s->bubble_ns, t, sizeof t),
             "engine idle though work was queued");
    snprintf(text, sizeof text, "%.3f", s->jain_median);
    put_tile(f, text, "Jain index in 100 ms, median");
    fputs("</div>\n", f);
}

static void put_legend(FILE *f, struct profile *p)
{
    fputs("<p>", f);
    for (unsigned v = 0; v < profile_vgpu_count(p); v++) {
        fprintf(f, "<span class=\"k\" style=\"background:%s\"></span>", report_colour(v));
        report_text(f, profile_vgpu_name(p, v));
    }
    fputs("</p>\n", f);
}

// ---- over time
// -------------------------------------------------------------------------------------

struct range {
    uint64_t t0, t1;
};

static struct range whole(const struct profile *p)
{
    struct range r = {UINT64_MAX, 0};
    const struct vgpu_submission *s;
    unsigned who;
    for (uint64_t i = 0; (s = profile_record(p, i, &who)); i++) {
        uint64_t a = s->stamp_ns[VGPU_STAGE_doorbell], b = s->stamp_ns[VGPU_STAGE_executed];
        r.t0 = a && a < r.t0 ? a : r.t0;
        r.t1 = b > r.t1 ? b : r.t1;
    }
    return r;
}

// A submission's engine time spread over [started, executed).
static void spread(double *busy, unsigned n, const struct range *r, const struct vgpu_submission *s,
                   unsigned who)
{
    uint64_t a = s->stamp_ns[VGPU_STAGE_started], b = s->stamp_ns[VGPU_STAGE_executed];
    double per = (double)(r->t1 - r->t0) / BINS, share;
    if (!a || b <= a || who >= n) {
        return;
    }
    share = (double)s->engine_ns / (double)(b - a);
    for (double at = (double)(a - r->t0), end = (double)(b - r->t0); at < end;) {
        unsigned bin = (unsigned)(at / per);
        double next = ((double)bin + 1) * per;
        next = next < end ? next : end;
        if (bin >= BINS || next <= at) {
            break;
        }
        busy[who * BINS + bin] += (next - at) * share;
        at = next;
    }
}

static void put_occupancy(FILE *f, struct profile *p)
{
    unsigned n = profile_vgpu_count(p), who;
    double *busy = calloc((size_t)n * BINS + 1, sizeof *busy);
    struct range r = whole(p);
    const struct vgpu_submission *s;
    if (!busy || r.t1 <= r.t0) {
        free(busy);
        return;
    }
    for (uint64_t i = 0; (s = profile_record(p, i, &who)); i++) {
        spread(busy, n, &r, s, who);
    }
    fprintf(f,
            "<h2>Engine over %.2f s</h2><svg width=\"%d\" height=\"150\" viewBox=\"0 0 %d 100\" "
            "preserveAspectRatio=\"none\">",
            (double)(r.t1 - r.t0) / 1e9, WIDTH, BINS);
    for (unsigned b = 0; b < BINS; b++) {
        double y = 100;
        for (unsigned v = 0; v < n; v++) {
            double h = busy[v * BINS + b] * 100 * BINS / (double)(r.t1 - r.t0);
            h = h < y ? h : y;
            if (h > 0.05) {
                fprintf(f, "<rect x=\"%u\" y=\"%.2f\" width=\"1\" height=\"%.2f\" fill=\"%s\"/>", b,
                        y - h, h, report_colour(v));
            }
            y -= h;
        }
    }
    fputs("</svg>", f);
    put_legend(f, p);
    free(busy);
}

// The 100 ms in which the engine did most: every submission's wait and run, a lane a vGPU.
static struct range busiest(const struct profile *p, const struct range *all)
{
    struct range best = {all->t0, 0};
    uint64_t windows = (all->t1 - all->t0) / 100000000u + 1, top = 0;
    uint64_t *sum = windows < 10000000 ? calloc(windows, sizeof *sum) : NULL;
    const struct vgpu_submission *s;
    unsigned who;
    for (uint64_t i = 0; sum && (s = profile_record(p, i, &who)); i++) {
        uint64_t a = s->stamp_ns[VGPU_STAGE_started];
        if (a >= all->t0 && a < all->t1) {
            sum[(a - all->t0) / 100000000u] += s->engine_ns;
        }
    }
    for (uint64_t w = 0; sum && w < windows; w++) {
        if (sum[w] > top) {
            top = sum[w];
            best.t0 = all->t0 + w * 100000000u;
        }
    }
    free(sum);
    for (uint64_t i = 0, first = UINT64_MAX; (s = profile_record(p, i, &who));
         i++) { // begins with its first one
        uint64_t a = s->stamp_ns[VGPU_STAGE_started];
        if (a >= best.t0 && a < first && a < best.t0 + 100000000u) {
            first = a;
            best.t1 = a > all->t0 + 2000000u ? a - 2000000u : all->t0;
        }
    }
    best.t0 = best.t1 > best.t0 ? best.t1 : best.t0;
    best.t1 = best.t0 + 100000000u < all->t1 ? best.t0 + 100000000u : all->t1;
    return best;
}

static void put_bar(FILE *f, const struct range *r, uint64_t a, uint64_t b, double y, double h,
                    const char *colour, double opacity, const struct vgpu_submission *s,
                    const char *what)
{
    double scale = (WIDTH - 120) / (double)(r->t1 - r->t0), x, w;
    char t[32];
    a = a > r->t0 ? a : r->t0;
    b = b < r->t1 ? b : r->t1;
    if (b <= a) {
        return;
    }
    x = 110 + (double)(a - r->t0) * scale;
    w = (double)(b - a) * scale;
    fprintf(f,
            "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"%s\" "
            "fill-opacity=\"%.2f\"><title>"
            "#%llu %s %s, %u draws, %u dwords</title></rect>",
            x, y, w < 0.4 ? 0.4 : w, h, colour, opacity, (unsigned long long)s->id, what,
            report_time((double)(b - a), t, sizeof t), s->draws, s->dwords);
}

static void put_timeline(FILE *f, struct profile *p)
{
    struct range all = whole(p), r;
    unsigned n = profile_vgpu_count(p), who, shown = 0, lanes = n < 16 ? n : 16;
    const struct vgpu_submission *s;
    if (all.t1 <= all.t0 || !n) {
        return;
    }
    r = busiest(p, &all);
    fprintf(f,
            "<h2>Timeline of the busiest %.1f ms</h2><p class=\"n\">%.3f s after the start. Light: "
            "waiting in "
            "the queue; full: on the engine; thin line: audit on the guest's own thread.</p>",
            (double)(r.t1 - r.t0) / 1e6, (double)(r.t0 - all.t0) / 1e9);
    report_svg(f, lanes * LANE + 24);
    for (unsigned v = 0; v < lanes; v++) {
        fprintf(f, "<text x=\"4\" y=\"%u\">", v * LANE + 15);
        report_text(f, profile_vgpu_name(p, v));
        fputs("</text>", f);
    }
    for (unsigned ms = 0; ms <= 10; ms++) {
        double x = 110 + (WIDTH - 120) * ms / 10.0;
        fprintf(f,
                "<line x1=\"%.0f\" y1=\"0\" x2=\"%.0f\" y2=\"%u\" stroke=\"#eee\"/><text "
                "x=\"%.0f\" y=\"%u\">%.0f "
                "ms</text>",
                x, x, lanes * LANE + 4, x - 30, lanes * LANE + 18,
                (double)(r.t1 - r.t0) / 1e7 * ms);
    }
    for (uint64_t i = 0; (s = profile_record(p, i, &who)) && shown < LINE_MAX_SUBS; i++) {
        const uint64_t *t = s->stamp_ns;
        double y = who * LANE + 2.0;
        if (who >= lanes || t[VGPU_STAGE_executed] < r.t0 || t[VGPU_STAGE_doorbell] > r.t1) {
            continue;
        }
        put_bar(f, &r, t[VGPU_STAGE_doorbell], t[VGPU_STAGE_audited], y + 16, 2, "#444", 1, s,
                "audit");
        put_bar(f, &r, t[VGPU_STAGE_queued], t[VGPU_STAGE_started], y + 5, 5, report_colour(who),
                0.25, s, "waited");
        put_bar(f, &r, t[VGPU_STAGE_started], t[VGPU_STAGE_executed], y, 15, report_colour(who),
                0.85, s, "ran");
        shown++;
    }
    fputs("</svg>\n", f);
}

// ---- stages
// ----------------------------------------------------------------------------------------

static void put_histogram(FILE *f, const struct profile_dist *d, const char *colour)
{
    uint64_t top = 1;
    for (unsigned i = 0; i < ARRAY_LEN(d->log2_hist); i++) {
        top = d->log2_hist[i] > top ? d->log2_hist[i] : top;
    }
    fputs("<svg width=\"190\" height=\"26\" viewBox=\"6 0 30 26\" preserveAspectRatio=\"none\">",
          f);
    for (unsigned i = 6; i < 36; i++) { // 64 ns .. 64 s
        double h = 25.0 * (double)d->log2_hist[i] / (double)top;
        char t[32];
        if (d->log2_hist[i]) {
            fprintf(f,
                    "<rect x=\"%u\" y=\"%.1f\" width=\".9\" height=\"%.1f\" "
                    "fill=\"%s\"><title>%llu from "
                    "%s</title></rect>",
                    i, 26 - (h < 1 ? 1 : h), h < 1 ? 1 : h, colour,
                    (unsigned long long)d->log2_hist[i],
                    report_time((double)(1ull << i), t, sizeof t));
        }
    }
    fputs("</svg>", f);
}

static void put_stages(FILE *f, struct profile *p)
{
    struct profile_vgpu *s = malloc(sizeof *s);
    fputs("<h2>Where each submission spent its time</h2>\n", f);
    for (unsigned i = 0; s && i < profile_vgpu_count(p); i++) {
        if (profile_summary(p, i, s)) {
            continue;
        }
        fprintf(f, "<h3><span class=\"k\" style=\"background:%s\"></span>", report_colour(i));
        report_text(f, s->name);
        fprintf(f,
                "</h3><p>%llu submissions (%llu refused), %llu draws, %llu resolves, %llu packets; "
                "engine "
                "%.3f s, share %.1f&nbsp;%%.</p><table><tr><th>stage<th>p50 us<th>p90<th>p99<th>max"
                "<th>64 ns &hellip; 64 s<th>what</tr>\n",
                (unsigned long long)s->submissions, (unsigned long long)s->refused,
                (unsigned long long)s->draws, (unsigned long long)s->resolves,
                (unsigned long long)s->packets, (double)s->engine_ns / 1e9, s->engine_share * 100);
        for (unsigned k = 0; k < PROFILE_SPAN_COUNT; k++) {
            const struct profile_dist *d = &s->span[k];
            fprintf(f, "<tr><td>%s<td>%.1f<td>%.1f<td>%.1f<td>%.1f<td>", profile_span_name(k),
                    (double)d->p50_ns / 1e3, (double)d->p90_ns / 1e3, (double)d->p99_ns / 1e3,
                    (double)d->max_ns / 1e3);
            put_histogram(f, d, report_colour(i));
            fprintf(f, "<td>%s</tr>\n", profile_span_help(k));
        }
        fputs("</table>\n", f);
    }
    free(s);
    if (profile_dropped(p) || profile_lost(p)) {
        fprintf(f,
                "<p class=\"warn\">%llu submissions were not recorded, %llu works not summed up "
                "(limits "
                "reached).</p>\n",
                (unsigned long long)profile_dropped(p), (unsigned long long)profile_lost(p));
    }
}

// ---- sharing
// ---------------------------------------------------------------------------------------

static void put_waits(FILE *f, struct profile *p, const struct profile_sharing *s)
{
    char t[32];
    if (s->vgpus < 2) {
        return;
    }
    fprintf(
        f,
        "<h2>Who waited for whom</h2><p class=\"n\">Engine time of the column's vGPU while the "
        "row's was "
        "queued. Jain index in windows of 100 ms in which at least two wanted the engine all the "
        "time: median %.4f, worst %.4f.</p><table><tr><th>waiting",
        s->jain_median, s->jain_worst);
    for (unsigned k = 0; k < s->vgpus; k++) {
        fputs("<th>", f);
        report_text(f, profile_vgpu_name(p, k));
    }
    fputs("</tr>\n", f);
    for (unsigned i = 0; i < s->vgpus; i++) {
        fputs("<tr><td>", f);
        report_text(f, profile_vgpu_name(p, i));
        for (unsigned k = 0; k < s->vgpus; k++) {
            fprintf(f, "<td>%s",
                    s->waited_for[i][k] ? report_time((double)s->waited_for[i][k], t, sizeof t)
                                        : "-");
        }
        fputs("</tr>\n", f);
    }
    fputs("</table>\n", f);
}

void report_profile(FILE *f, struct profile *p)
{
    struct profile_sharing *s = malloc(sizeof *s);
    bool shares = s && profile_share(p, s) == 0;
    if (shares) {
        put_overview(f, p, s);
    }
    put_occupancy(f, p);
    put_timeline(f, p);
    report_flame(f, p);
    put_stages(f, p);
    if (shares) {
        put_waits(f, p, s);
    }
    report_works(f, p);
    free(s);
}
