// SPDX-License-Identifier: MIT
//
// Preloaded into a guest's glmark2-es2-drm: connectors keep only the mode of the size in ONEMODE
// ("320x240"), since that program takes the largest one whatever is asked of it. Declares the two
// structures of libdrm's public interface that it touches (xf86drmMode.h), so no armhf libdrm is needed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct mode {
    uint32_t clock;
    uint16_t hdisplay, htiming[4], vdisplay, vtiming[4];
    uint32_t vrefresh, flags, type;
    char name[32];
};
struct connector {
    uint32_t id, encoder, type, type_id, connection, mm[2], subpixel;
    int count_modes;
    struct mode *modes;
};

struct connector *drmModeGetConnector(int fd, uint32_t id)
{
    struct connector *(*real)(int, uint32_t) =
        (struct connector * (*)(int, uint32_t)) dlsym(RTLD_NEXT, "drmModeGetConnector");
    struct connector *c = real ? real(fd, id) : NULL;
    const char *want = getenv("ONEMODE");
    unsigned w, h;
    if (!c || !want || sscanf(want, "%ux%u", &w, &h) != 2) {
        return c;
    }
    for (int i = 0; i < c->count_modes; i++) {
        if (c->modes[i].hdisplay == w && c->modes[i].vdisplay == h) {
            c->modes[0] = c->modes[i];
            c->count_modes = 1;
        }
    }
    return c;
}
