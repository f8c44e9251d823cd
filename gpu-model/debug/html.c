// SPDX-License-Identifier: MIT
//
// A frame as one page: pictures are data in it, lists fold without scripts.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "gpu-model/debug/priv.h"

#define MAX_PACKETS_SHOWN 20000u

struct page {
    struct debug_visit visit;
    struct gpu_debug *session;
    FILE *out;
    unsigned pictures; // left
    struct err *err;
    int rc;
};

static void put_text(FILE *out, const char *text)
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
        default:
            fputc(*text, out);
            break;
        }
    }
}

static void put_base64(FILE *out, FILE *in)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t b[3];
    size_t n;
    while ((n = fread(b, 1, 3, in)) > 0) {
        uint32_t v = (uint32_t)b[0] << 16 | (n > 1 ? (uint32_t)b[1] << 8 : 0) | (n > 2 ? b[2] : 0);
        fputc(digits[v >> 18], out);
        fputc(digits[v >> 12 & 63], out);
        fputc(n > 1 ? digits[v >> 6 & 63] : '=', out);
        fputc(n > 2 ? digits[v & 63] : '=', out);
    }
}

static int put_picture(struct page *p, const struct picture *pic, const char *caption)
{
    const char *tmp = getenv("TMPDIR");
    char path[512];
    int fd, rc;
    FILE *in;
    snprintf(path, sizeof path, "%s/yamato-frame-XXXXXX", tmp ? tmp : "/tmp");
    fd = mkstemp(path);
    if (fd < 0) {
        return err_set(p->err, -errno, "%s: %s", path, strerror(errno));
    }
    close(fd);
    rc = picture_save_png(pic, path, p->err);
    in = rc ? NULL : fopen(path, "rb");
    if (in) {
        fprintf(p->out, "<figure><img src=\"data:image/png;base64,");
        put_base64(p->out, in);
        fprintf(p->out, "\" alt=\"%s\"><figcaption>%s, %" PRIu32 "x%" PRIu32 "</figcaption></figure>\n",
                caption, caption, pic->width, pic->height);
        fclose(in);
    }
    unlink(path);
    return rc;
}

// Text of a function that prints, escaped.
static void put_printed(struct page *p, void (*print)(const struct debug_place *p, FILE *out),
                        const struct debug_place *place)
{
    char *text = NULL;
    size_t bytes;
    FILE *mem = open_memstream(&text, &bytes);
    if (!mem) {
        return;
    }
    print(place, mem);
    fclose(mem);
    fputs("<pre>", p->out);
    put_text(p->out, text);
    fputs("</pre>\n", p->out);
    free(text);
}

static void print_registers(const struct debug_place *place, FILE *out)
{
    debug_show_registers(place->draw->state->regs, NULL, out);
}

static void put_work_line(struct page *p, unsigned number)
{
    char *text = NULL;
    size_t bytes;
    FILE *mem = open_memstream(&text, &bytes);
    if (mem) {
        debug_show_work(p->session, number, mem);
        fclose(mem);
        text[strcspn(text, "\n")] = 0;
        put_text(p->out, text);
        free(text);
    }
}

static void put_pictures(struct page *p, const struct debug_place *place)
{
    struct picture pic;
    struct err none = {0};
    char caption[32];
    uint32_t used = place->draw ? debug_textures_used(place->draw) : 0;
    if (!p->pictures || place->fill) {
        return;
    }
    p->pictures--;
    for (int depth = 0; depth < (place->draw ? 2 : 1); depth++) {
        if (!debug_picture_target(place, depth, &pic, &none)) {
            p->rc = p->rc ? p->rc : put_picture(p, &pic, depth ? "depth" : "colour after");
            picture_fini(&pic);
        }
    }
    for (unsigned i = 0; i < 32; i++) {
        if (used >> i & 1 && !debug_picture_texture(place, i, &pic, &none)) {
            snprintf(caption, sizeof caption, "texture %u", i);
            p->rc = p->rc ? p->rc : put_picture(p, &pic, caption);
            picture_fini(&pic);
        }
    }
}

static void on_work(struct debug_visit *visit, const struct debug_place *place)
{
    struct page *p = container_of(visit, struct page, visit);
    const struct debug_work *w = &p->session->work[place->work - 1];
    if (place->work > p->session->work_count) {
        return;
    }
    fprintf(p->out, "<details id=\"w%u\"><summary>", place->work);
    put_work_line(p, place->work);
    fputs("</summary>\n", p->out);
    put_pictures(p, place);
    if (place->draw) {
        fprintf(p->out, "<p>programs <a href=\"#p%016" PRIx64 "\">vs %08" PRIx32 "</a> "
                        "<a href=\"#p%016" PRIx64 "\">ps %08" PRIx32 "</a></p>\n",
                w->vs, (uint32_t)w->vs, w->ps, (uint32_t)w->ps);
        put_printed(p, debug_show_draw, place);
        fputs("<details><summary>registers</summary>\n", p->out);
        put_printed(p, print_registers, place);
        fputs("</details>\n", p->out);
    }
    fputs("</details>\n", p->out);
}

static void put_programs(struct page *p)
{
    const struct gpu_debug *d = p->session;
    fputs("<h2>Programs</h2>\n", p->out);
    for (unsigned i = 0; i < d->program_count; i++) {
        const struct debug_program *g = &d->programs[i];
        fprintf(p->out, "<details id=\"p%016" PRIx64 "\"><summary>%s %08" PRIx32 "</summary><div class=\"two\"><pre>",
                g->hash, g->stage == SHADER_VERTEX ? "vertex" : "pixel", (uint32_t)g->hash);
        put_text(p->out, g->text);
        fputs("</pre><pre>", p->out);
        put_text(p->out, g->glsl ? g->glsl : "not translatable");
        fputs("</pre></div></details>\n", p->out);
    }
}

static void put_packets(struct page *p)
{
    const struct gpu_debug *d = p->session;
    unsigned work = 0, n = d->packet_count < MAX_PACKETS_SHOWN ? d->packet_count : MAX_PACKETS_SHOWN;
    fprintf(p->out, "<h2>Packets</h2>\n<details><summary>%u of %u</summary><pre>", n, d->packet_count);
    for (unsigned i = 1; i <= n; i++) {
        debug_show_packet(d, i, p->out); // names of the tables: nothing to escape
        while (work < d->packets[i - 1].work) {
            work++;
            fprintf(p->out, "<a href=\"#w%u\">", work);
            put_work_line(p, work);
            fputs("</a>\n", p->out);
        }
    }
    fputs("</pre></details>\n", p->out);
}

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>a2xx frame</title>\n<style>\n"
    "body{font:14px sans-serif;margin:1em}pre{font-size:12px;background:#f4f4f4;padding:.5em;overflow:auto}\n"
    "summary{font:12px monospace;cursor:pointer}details details{margin-left:1em}\n"
    "figure{display:inline-block;margin:.3em;vertical-align:top}figcaption{font-size:11px;color:#555}\n"
    "img{max-width:420px;border:1px solid #999;image-rendering:pixelated;background:#fff}\n"
    ".two{display:grid;grid-template-columns:1fr 1fr;gap:.5em}details[open]>summary{font-weight:bold}\n"
    "</style></head><body>\n";

int gpu_debug_html(struct gpu_debug *d, const char *path, unsigned pictures, struct err *err)
{
    FILE *out = fopen(path, "w");
    struct page p = {.visit = {.after = on_work}, .session = d, .out = out, .pictures = pictures, .err = err};
    const char *base = strrchr(d->cfg.path, '/');
    int rc;
    if (!out) {
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    fputs(head, out);
    fputs("<h1>", out);
    put_text(out, base ? base + 1 : d->cfg.path);
    fprintf(out, "</h1>\n<p>a%" PRIu32 ", %u submissions, %u packets, %u draws and copies. ", d->result.gpu_id,
            d->result.submits, d->packet_count, d->work_count);
    put_text(out, d->result.surface);
    put_text(out, d->result.error);
    fputs("</p>\n", out);
    if (d->result.pic.rgba) {
        p.rc = put_picture(&p, &d->result.pic, "frame");
    }
    fputs("<h2>Draws, resolves, fills</h2>\n", out);
    rc = debug_replay(d, &p.visit, err);
    put_programs(&p);
    put_packets(&p);
    fputs("</body></html>\n", out);
    rc = rc ? rc : p.rc;
    if (fclose(out) && !rc) {
        rc = err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    return rc;
}
