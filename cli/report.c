// SPDX-License-Identifier: MIT
//
// Writes the HTML page of a run; see report.h. The profile's charts are in report_profile.c.
#include "cli/report.h"
#include "cli/report_profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"

#define SERIAL_TAIL (64u << 10)

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1180px;padding:0 1em;"
    "color:#1c2733;background:#fbfbf9}h1{font-size:1.6em}h2{margin-top:1.8em;border-bottom:1px "
    "solid "
    "#ccc}figure{display:inline-block;margin:0 1em 1em "
    "0;vertical-align:top}figcaption{font-size:13px;"
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
    fprintf(f,
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title><style>%s%s"
            "</style>\n<h1>%s</h1>\n<p>%s</p>\n",
            cfg->title, style, report_profile_style, cfg->title, cfg->intro ? cfg->intro : "");
    for (unsigned i = 0; i < cfg->nvms; i++) {
        put_vm(f, &cfg->vms[i]);
    }
    if (cfg->profile) {
        report_profile(f, cfg->profile);
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
