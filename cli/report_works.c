// SPDX-License-Identifier: MIT
//
// What a profile's submissions are made of, as inline SVG and tables: a flame graph by vGPU,
// context, buffer and work, the largest buffers, tiles, and registers.
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cli/report_profile.h"

enum { WIDTH = REPORT_WIDTH, LANE = REPORT_LANE };

// ---- flame graph
// -----------------------------------------------------------------------------------

static int by_path(const void *a, const void *b)
{
    const struct profile_leaf *x = *(const struct profile_leaf *const *)a;
    const struct profile_leaf *y = *(const struct profile_leaf *const *)b;
    const uint32_t kx[] = {x->key.vgpu, x->key.context, x->key.ib_va,
                           x->key.kind, x->key.prim,    x->key.count};
    const uint32_t ky[] = {y->key.vgpu, y->key.context, y->key.ib_va,
                           y->key.kind, y->key.prim,    y->key.count};
    for (unsigned i = 0; i < ARRAY_LEN(kx); i++) {
        if (kx[i] != ky[i]) {
            return kx[i] < ky[i] ? -1 : 1;
        }
    }
    return 0;
}

enum { LEVELS = 4 };

static bool same_to(const struct profile_leaf *a, const struct profile_leaf *b, unsigned level)
{
    return a->key.vgpu == b->key.vgpu && (level < 1 || a->key.context == b->key.context) &&
           (level < 2 || a->key.ib_va == b->key.ib_va) && level < 3;
}

static void leaf_label(const struct profile *p, const struct profile_leaf *l, unsigned level,
                       char *buf, size_t n)
{
    static const char *const prims[] = {
        [1] = "points", [2] = "lines", [3] = "line strip", [4] = "triangles",
        [5] = "fan",    [6] = "strip", [8] = "rectangles"};
    const char *prim =
        l->key.prim < ARRAY_LEN(prims) && prims[l->key.prim] ? prims[l->key.prim] : "primitives";
    if (level == 0) {
        snprintf(buf, n, "%s", profile_vgpu_name(p, l->key.vgpu));
    } else if (level == 1) {
        snprintf(buf, n, "context 0x%08x", l->key.context);
    } else if (level == 2 && l->key.ib_va) {
        snprintf(buf, n, "IB 0x%08x", l->key.ib_va);
    } else if (level == 2) {
        snprintf(buf, n, "ring");
    } else if (l->key.kind == VGPU_WORK_draw) {
        snprintf(buf, n, "draw %u %s", l->key.count, prim);
    } else {
        snprintf(buf, n, "%s", profile_work_name(l->key.kind));
    }
}

void report_flame(FILE *f, struct profile *p)
{
    const struct profile_leaf **v, *l;
    unsigned n = 0;
    uint64_t all = 0;
    while (profile_leaf_at(p, n)) {
        n++;
    }
    v = n ? malloc(n * sizeof *v) : NULL;
    if (!v) {
        return;
    }
    for (unsigned i = 0; (l = profile_leaf_at(p, i)); i++) {
        v[i] = l;
        all += l->ns;
    }
    qsort(v, n, sizeof *v, by_path);
    fputs("<h2>Flame graph</h2><p class=\"n\">Engine time by vGPU, context (the guest's page "
          "table), command "
          "buffer and work; widths are time.</p>",
          f);
    report_svg(f, LEVELS * LANE + 4);
    for (unsigned level = 0; level < LEVELS; level++) {
        double x = 0;
        for (unsigned i = 0; i < n;) {
            uint64_t ns = 0, calls = 0;
            unsigned k = i;
            char label[96], t[32];
            double w;
            do {
                ns += v[k]->ns;
                calls += v[k]->calls;
                k++;
            } while (k < n && same_to(v[i], v[k], level));
            w = (double)ns / (double)(all ? all : 1) * WIDTH;
            leaf_label(p, v[i], level, label, sizeof label);
            if (w >= 0.3) {
                fprintf(f,
                        "<g><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" fill=\"%s\" "
                        "fill-opacity=\"%.2f\" "
                        "stroke=\"#fff\" stroke-width=\".5\"><title>",
                        x, level * LANE, w, LANE - 1, report_colour(v[i]->key.vgpu),
                        0.95 - 0.2 * level);
                report_text(f, label);
                fprintf(f, ": %s, %.2f %%, %llu times</title></rect>",
                        report_time((double)ns, t, sizeof t),
                        100.0 * (double)ns / (double)(all ? all : 1), (unsigned long long)calls);
                if (w > 7.0 * (double)strlen(label) + 8) {
                    fprintf(f, "<text x=\"%.1f\" y=\"%u\" pointer-events=\"none\"%s>", x + 4,
                            level * LANE + 15, level < 2 ? " style=\"fill:#fff\"" : "");
                    report_text(f, label);
                    fputs("</text>", f);
                }
                fputs("</g>", f);
            }
            x += w;
            i = k;
        }
    }
    fputs("</svg>\n", f);
    free(v);
}

// ---- buffers, tiles, registers
// -------------------------------------------------------------------------

static int by_packets(const void *a, const void *b)
{
    const struct profile_ib *x = *(const struct profile_ib *const *)a,
                            *y = *(const struct profile_ib *const *)b;
    return x->dwords < y->dwords ? 1 : x->dwords > y->dwords ? -1 : 0;
}

static void put_ibs(FILE *f, struct profile *p)
{
    const struct profile_ib **v;
    unsigned n = 0;
    while (profile_ib_at(p, n)) {
        n++;
    }
    v = n ? malloc(n * sizeof *v) : NULL;
    if (!v) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        v[i] = profile_ib_at(p, i);
    }
    qsort(v, n, sizeof *v, by_packets);
    fprintf(
        f,
        "<h2>Command buffers</h2><p class=\"n\">The largest of %u.</p><table><tr><th>vGPU<th>buffer"
        "<th>submissions<th>calls a submission<th>dwords<th>packets<th>packets a buffer</tr>\n",
        n);
    for (unsigned i = 0; i < n && i < 15; i++) {
        double subs = (double)(v[i]->submissions ? v[i]->submissions : 1);
        fputs("<tr><td>", f);
        report_text(f, profile_vgpu_name(p, v[i]->key.vgpu));
        fprintf(f, "<td>0x%08x<td>%llu<td>%.1f<td>%llu<td>%llu<td>%.1f</tr>\n", v[i]->key.va,
                (unsigned long long)v[i]->submissions, (double)v[i]->calls / subs,
                (unsigned long long)v[i]->dwords, (unsigned long long)v[i]->packets,
                (double)v[i]->packets / subs);
    }
    fputs("</table>\n", f);
    free(v);
}

static void put_tiles_of(FILE *f, struct profile *p, unsigned vgpu)
{
    const struct profile_tile *t;
    uint64_t top = 0;
    int32_t xmax = 1, ymax = 1, w = 4096, h = 4096;
    unsigned n = 0;
    double scale;
    for (unsigned i = 0; (t = profile_tile_at(p, i)); i++) {
        if (t->key.vgpu == vgpu && t->key.x >= 0 && t->key.y >= 0 && t->key.x < 4096 &&
            t->key.y < 4096) {
            top = t->ns > top ? t->ns : top;
            xmax = t->key.x > xmax ? t->key.x : xmax;
            ymax = t->key.y > ymax ? t->key.y : ymax;
            w = t->key.x && t->key.x < w ? t->key.x
                                         : w; // the second column begins where the first ends
            h = t->key.y && t->key.y < h ? t->key.y : h;
            n++;
        }
    }
    if (n < 2) {
        return;
    }
    w = w < 4096 ? w : 64;
    h = h < 4096 ? h : 64;
    scale = 300.0 / (double)(xmax + w > ymax + h ? xmax + w : ymax + h);
    fputs("<figure>", f);
    fprintf(f, "<svg width=\"%.0f\" height=\"%.0f\">", (xmax + w) * scale, (ymax + h) * scale);
    for (unsigned i = 0; (t = profile_tile_at(p, i)); i++) {
        if (t->key.vgpu == vgpu && t->key.x >= 0 && t->key.y >= 0 && t->key.x < 4096 &&
            t->key.y < 4096) {
            char s[32];
            fprintf(
                f,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" "
                "fill-opacity=\"%.2f\" "
                "stroke=\"#fff\"><title>tile %d,%d: %llu draws, %llu resolves, %s</title></rect>",
                t->key.x * scale, t->key.y * scale, w * scale, h * scale, report_colour(vgpu),
                0.1 + 0.9 * (double)t->ns / (double)top, t->key.x, t->key.y,
                (unsigned long long)t->draws, (unsigned long long)t->resolves,
                report_time((double)t->ns, s, sizeof s));
        }
    }
    fputs("</svg><figcaption>", f);
    report_text(f, profile_vgpu_name(p, vgpu));
    fprintf(f, ": %u tiles, darker is longer</figcaption></figure>\n", n);
}

static void put_tiles(FILE *f, struct profile *p)
{
    if (profile_tile_at(p, 0)) {
        fputs("<h2>Tiles</h2><p class=\"n\">Engine time by the window offset of draws and "
              "resolves.</p>",
              f);
        for (unsigned i = 0; i < profile_vgpu_count(p); i++) {
            put_tiles_of(f, p, i);
        }
    }
}

static void put_registers(FILE *f, struct profile *p)
{
    struct profile_reg r[12];
    for (unsigned v = 0; v < profile_vgpu_count(p); v++) {
        unsigned n = profile_registers(p, v, r, ARRAY_LEN(r));
        if (!n) {
            continue;
        }
        fputs("<h2>Registers of ", f);
        report_text(f, profile_vgpu_name(p, v));
        fputs("</h2><table><tr><th>register<th>reads<th>writes<th>of the same value<th>ns an "
              "access<th>longest "
              "poll<th></tr>\n",
              f);
        for (unsigned i = 0; i < n; i++) {
            const struct vgpu_heat_reg *h = &r[i].heat;
            fprintf(f, "<tr><td>%s 0x%04x<td>%llu<td>%llu<td>%llu<td>%.0f<td>%llu<td>%s</tr>\n",
                    r[i].name[0] ? r[i].name : "?", r[i].reg, (unsigned long long)h->reads,
                    (unsigned long long)h->writes, (unsigned long long)h->same,
                    (double)h->ns / (double)(h->reads + h->writes), (unsigned long long)h->longest,
                    h->longest >= PROFILE_SPIN ? "<span class=\"warn\">the guest spins here</span>"
                                               : "");
        }
        fputs("</table>\n", f);
    }
}

void report_works(FILE *f, struct profile *p)
{
    put_ibs(f, p);
    put_tiles(f, p);
    put_registers(f, p);
}
