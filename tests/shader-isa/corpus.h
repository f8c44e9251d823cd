// SPDX-License-Identifier: MIT
//
// Every shader of the command stream corpus, from the disassembly in Mesa's decode of each stream:
// text and words.
#ifndef TESTS_SHADER_ISA_CORPUS_H
#define TESTS_SHADER_ISA_CORPUS_H

#include <glob.h>

#include "tests/shader-isa/util.h"

static inline const char *shared(void)
{
    const char *dir = getenv("YAMATO_SHARED");
    return dir ? dir : "../shared";
}

// One disassembly listing as cffdump shows it, without the leading tabs, and its words.
struct listing {
    char text[1 << 16];
    size_t length;
    uint32_t dw[3 * 512];
    unsigned cf, slots;
};

static inline void listing_put_cf(struct listing *l, const unsigned h[3])
{
    uint64_t v = h[0] | (uint64_t)h[1] << 16 | (uint64_t)h[2] << 32;
    uint32_t *p = l->dw + 3 * (l->cf / 2);
    if (l->cf++ & 1) {
        p[1] |= (uint32_t)(v << 16);
        p[2] = (uint32_t)(v >> 16);
    } else {
        p[0] = (uint32_t)v;
        p[1] = (uint32_t)(v >> 32);
    }
}

static inline size_t listing_dwords(const struct listing *l)
{
    size_t slots = (l->cf + 1) / 2 > l->slots ? (l->cf + 1) / 2 : l->slots;
    return 3 * slots;
}

// Takes a line into the listing; false where the listing has ended.
static inline bool listing_take_line(struct listing *l, const char *line)
{
    unsigned a, h[3];
    uint32_t w[3];
    const char *p = line + strspn(line, "\t");
    if (p == line) {
        return false;
    }
    if (!strncmp(p, "    ", 4) && sscanf(p, " %4x %4x %4x ", &h[0], &h[1], &h[2]) == 3 &&
        p[8] == ' ') {
        listing_put_cf(l, h);
    } else if (sscanf(p, "%x: %x %x %x", &a, &w[0], &w[1], &w[2]) == 4 && a < 512) {
        memcpy(l->dw + 3 * a, w, 12);
        l->slots = a + 1 > l->slots ? a + 1 : l->slots;
    } else if (strncmp(p, "                          \t", 27) != 0) {
        return false;
    }
    size_t n = strlen(p);
    if (l->length + n < sizeof l->text - 1) {
        memcpy(l->text + l->length, p, n);
        l->length += n;
    }
    return true;
}

typedef void listing_fn(const struct listing *l, enum shader_stage stage, const char *path,
                        void *ctx);

// Calls fn for every shader; returns how many, or -1 where there is no shared data.
static inline int corpus_shaders(listing_fn *fn, void *ctx)
{
    char pattern[512];
    glob_t g;
    int shaders = 0;
    static struct listing l;
    snprintf(pattern, sizeof pattern, "%s/a2xx-corpus/*/*.txt.gz", shared());
    if (glob(pattern, 0, NULL, &g)) {
        return -1;
    }
    for (size_t i = 0; i < g.gl_pathc; i++) {
        char line[8192];
        int pipe;
        FILE *f = oracle_open(g.gl_pathv[i] + strlen(shared()) + 1, &pipe);
        assert_non_null(f);
        bool open = false;
        enum shader_stage stage = SHADER_VERTEX;
        while (fgets(line, sizeof line, f)) {
            bool vs = strstr(line, "vertex shader, start=") != NULL;
            if (open && !listing_take_line(&l, line)) {
                l.text[l.length] = 0;
                fn(&l, stage, g.gl_pathv[i], ctx);
                shaders++;
                open = false;
            }
            if (vs || strstr(line, "fragment shader, start=")) {
                memset(&l, 0, sizeof l);
                open = true;
                stage = vs ? SHADER_VERTEX : SHADER_PIXEL;
            }
        }
        oracle_close(f, pipe);
    }
    globfree(&g);
    return shaders;
}

#endif
