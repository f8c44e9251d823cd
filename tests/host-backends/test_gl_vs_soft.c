// SPDX-License-Identifier: MIT
//
// Captured frames on both backends, against each other. The reference pictures of the corpus cannot
// tell a fault of one backend from a habit of the renderer that drew them; here the software
// rasteriser is the truth. The rule is the corpus': channels within 2/255, but for pixels on edges,
// of which there may be at most 0.5 %; the rows of `habits` say where the host's GL may differ
// more.
//
// Options: --all (every capture), --exact (exact arithmetic in shaders), a substring of names.
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/png.h"
#include "gpu-model/rd.h"
#include "host-backends/backend.h"

static const struct {
    const char *pattern;
    double share; // of pixels that may differ, anywhere
    const char *why;
} habits[] = {
    {"*/mipmap.*", 0.5, "the host's own level of detail"},
    {"*/dither.*", 0.16, "the host's rounding to 565"},
    {"*/fbo565.*", 0.14, "the host's rounding to 565"},
    {"*/fbofmt.*", 0.03, "the host's rounding to 565"},
    {"apps/glmark2-jellyfish.*", 0.005, "sums of many blended layers"},
    {"*/cube.*.800x600.*", 0.01, "point sampling on texel borders"},
    {"*/texfmt.*.800x600.*", 0.03, "point sampling on texel borders"},
    {"*/texupload.*", 0.05, "point sampling on texel borders"},
    {"*/polymode.*", 0.01, "lines of outlined polygons, ties"},
};

struct tally {
    unsigned ran, equal, close, edges, off, refused;
    double ms[2];
};

static unsigned delta(const uint8_t *a, const uint8_t *b)
{
    unsigned worst = 0;
    for (unsigned c = 0; c < 3; c++) {
        unsigned d = (unsigned)abs(a[c] - b[c]);
        worst = d > worst ? d : worst;
    }
    return worst;
}

static bool on_edge(const struct picture *p, uint32_t x, uint32_t y)
{
    const uint8_t *me = p->rgba + 4 * ((size_t)y * p->width + x);
    for (uint32_t j = y ? y - 1 : 0; j <= y + 1 && j < p->height; j++) {
        for (uint32_t i = x ? x - 1 : 0; i <= x + 1 && i < p->width; i++) {
            if (delta(me, p->rgba + 4 * ((size_t)j * p->width + i)) > 2) {
                return true;
            }
        }
    }
    return false;
}

static void compare(const char *name, const struct picture *a, const struct picture *b,
                    struct tally *t)
{
    unsigned differing = 0, inside = 0, worst = 0, pixels = a->width * a->height;
    double share = 0.005;
    const char *why = "";
    for (uint32_t y = 0; y < a->height; y++) {
        for (uint32_t x = 0; x < a->width; x++) {
            size_t at = 4 * ((size_t)y * a->width + x);
            unsigned d = delta(a->rgba + at, b->rgba + at);
            worst = d > worst ? d : worst;
            if (d > 2) {
                differing++;
                inside += !on_edge(a, x, y) && !on_edge(b, x, y);
            }
        }
    }
    for (unsigned i = 0; i < ARRAY_LEN(habits); i++) {
        if (!fnmatch(habits[i].pattern, name, 0)) {
            share = habits[i].share;
            why = habits[i].why;
        }
    }
    bool ok = differing <= share * pixels && (!inside || *why);
    t->equal += worst == 0;
    t->close += worst && worst <= 2;
    t->edges += worst > 2 && ok;
    t->off += !ok;
    if (worst > 2) {
        printf("%-60s %s %6u differ (%u inside), max %u %s\n", name, ok ? "edges" : "DIFFERS",
               differing, inside, worst, why);
    }
}

static void run_one(const char *dir, const char *file, struct gpu_backend *const be[2],
                    struct tally *t)
{
    struct rd_replay_result res[2] = {0};
    char path[1024], name[512];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    snprintf(name, sizeof name, "%s/%s", strrchr(dir, '/') + 1, file);
    for (unsigned i = 0; i < 2; i++) {
        struct err err = {0};
        const struct rd_replay_config cfg = {.backend = be[i]};
        if (rd_replay(path, &cfg, &res[i], &err)) {
            printf("%s: %s\n", path, err.msg);
            t->refused++;
        }
        t->ms[i] += (double)res[i].engine_ns / 1e6;
    }
    if (res[0].pic.rgba && res[1].pic.rgba && res[0].pic.width == res[1].pic.width &&
        res[0].pic.height == res[1].pic.height) {
        t->ran++;
        compare(name, &res[0].pic, &res[1].pic, t);
    } else if (res[0].pic.rgba || res[1].pic.rgba) {
        printf("%s: the backends do not agree on what the picture is\n", name);
        t->off++;
    }
    picture_fini(&res[0].pic);
    picture_fini(&res[1].pic);
}

int main(int argc, char **argv)
{
    static const char *const folders[] = {"a2test", "apps", "gl21", "piglit", "armhf-debian"};
    struct err err = {0};
    struct tally t = {0};
    const char *shared = getenv("YAMATO_SHARED"), *filter = "";
    bool all = getenv("YAMATO_LONG") != NULL;
    struct backend_config cfg = {.fine_snap = true};

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--all")) {
            all = true;
        } else if (!strcmp(argv[i], "--exact")) {
            cfg.exact = true;
        } else {
            filter = argv[i];
        }
    }
    struct gpu_backend *be[2] = {backend_create("soft", &cfg, &err),
                                 backend_create("gl", &cfg, &err)};
    if (!be[1] || be[1]->ops->bind_thread(be[1], &err)) {
        printf("SKIP test_gl_vs_soft: %s\n", err.msg);
        return getenv("CI") ? 1 : 0;
    }
    for (unsigned f = 0; f < ARRAY_LEN(folders); f++) {
        char dir[600];
        struct dirent **list = NULL;
        snprintf(dir, sizeof dir, "%s/a2xx-corpus/%s", shared ? shared : "../shared", folders[f]);
        int n = scandir(dir, &list, NULL, alphasort);
        for (int i = 0; i < n; i++) {
            const char *name = list[i]->d_name;
            // in CI the tiled and the binned streams, one size
            bool small =
                f ? f != 1
                  : strstr(name, ".a200.256x192.default") || strstr(name, ".a200.800x600.default");
            if (strstr(name, ".rd.gz") && strstr(name, filter) && (all || small || *filter)) {
                run_one(dir, name, be, &t);
            }
            free(list[i]);
        }
        free(list);
    }
    backend_destroy(be[0]);
    backend_destroy(be[1]);
    if (!t.ran) {
        printf("SKIP test_gl_vs_soft: no shared data (0 rows)\n");
        return getenv("CI") ? 1 : 0;
    }
    printf("gl against soft: %u captures: equal %u, within 2/255 %u, edges only %u, differing %u, "
           "refused %u; soft %.0f ms, gl %.0f ms\n",
           t.ran, t.equal, t.close, t.edges, t.off, t.refused, t.ms[0], t.ms[1]);
    return t.off || t.refused ? 1 : 0;
}
