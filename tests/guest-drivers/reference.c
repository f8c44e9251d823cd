// SPDX-License-Identifier: MIT
//
// Reference pictures of the bare-metal demos. Rectangles are filled, triangles are barycentric, the
// cube is found by a ray through each pixel's centre.
#include "tests/guest-drivers/reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"

#include "bins.h"
#include "blend.h"
#include "clear.h"
#include "fence_storm.h"
#include "hang.h"
#include "texcube.h"
#include "triangle.h"

static uint8_t to_byte(double v)
{
    return (uint8_t)lrint(fmin(fmax(v, 0), 1) * 255);
}

static void put(struct picture *pic, int x, int y, const uint8_t rgb[3])
{
    uint8_t *p = pic->rgba + ((size_t)y * pic->width + (size_t)x) * 4;
    memcpy(p, rgb, 3);
    p[3] = 255;
}

static void fill(struct picture *pic, int x, int y, int w, int h, uint32_t argb)
{
    const uint8_t rgb[3] = {(uint8_t)(argb >> 16), (uint8_t)(argb >> 8), (uint8_t)argb};
    for (int j = y; j < y + h; j++) {
        for (int i = x; i < x + w; i++) {
            put(pic, i, j, rgb);
        }
    }
}

static void fill_all(struct picture *pic, uint32_t argb)
{
    fill(pic, 0, 0, (int)pic->width, (int)pic->height, argb);
}

// ---- triangles
// -----------------------------------------------------------------------------------------

struct corner {
    double x, y, z; // window: y downwards
    double rgb[3];  // 0..1
};

static double cross(const struct corner *a, const struct corner *b, double x, double y)
{
    return (b->x - a->x) * (y - a->y) - (b->y - a->y) * (x - a->x);
}

// A pixel on an edge belongs to the triangle whose top or left edge it is (positive orientation).
static bool inside(double e, const struct corner *a, const struct corner *b)
{
    return e > 0 || (e == 0 && ((a->y == b->y && b->x > a->x) || b->y < a->y));
}

// `depth` may be NULL: no test.
static void triangle(struct picture *pic, double *depth, const struct corner *c)
{
    struct corner v[3] = {c[0], c[1], c[2]};
    double area = cross(&v[0], &v[1], v[2].x, v[2].y);
    if (area < 0) {
        v[1] = c[2];
        v[2] = c[1];
        area = -area;
    }
    for (int y = 0; y < (int)pic->height; y++) {
        for (int x = 0; x < (int)pic->width; x++) {
            double px = x + 0.5, py = y + 0.5, w[3], z = 0;
            uint8_t rgb[3];
            bool in = area > 0;
            for (int i = 0; i < 3; i++) {
                const struct corner *a = &v[(i + 1) % 3], *b = &v[(i + 2) % 3];
                w[i] = cross(a, b, px, py);
                in = in && inside(w[i], a, b);
                w[i] /= area;
                z += w[i] * v[i].z;
            }
            if (!in || (depth && z >= depth[y * (int)pic->width + x])) {
                continue;
            }
            if (depth) {
                depth[y * (int)pic->width + x] = z;
            }
            for (int k = 0; k < 3; k++) {
                rgb[k] = to_byte(w[0] * v[0].rgb[k] + w[1] * v[1].rgb[k] + w[2] * v[2].rgb[k]);
            }
            put(pic, x, y, rgb);
        }
    }
}

static void draw_triangle(struct picture *pic)
{
    struct corner c[3];
    for (int i = 0; i < 3; i++) {
        const struct color_vertex *v = &triangle_vertices[i];
        c[i].x = (1 + (double)v->position[0]) * pic->width / 2;
        c[i].y = (1 - (double)v->position[1]) * pic->height / 2;
        c[i].z = 0;
        for (int k = 0; k < 3; k++) {
            c[i].rgb[k] = v->color[k] / 255.0;
        }
    }
    fill_all(pic, triangle_background);
    triangle(pic, NULL, c);
}

static void draw_bins(struct picture *pic)
{
    double *depth = malloc(sizeof *depth * pic->width * pic->height);
    uint32_t random = BINS_SEED;
    fill_all(pic, bins_background);
    for (uint32_t i = 0; depth && i < pic->width * pic->height; i++) {
        depth[i] = 1;
    }
    for (int i = 0; depth && i < BINS_TRIANGLES; i++) {
        struct bins_corner b[3];
        struct corner c[3];
        bins_triangle(&random, b);
        for (int k = 0; k < 3; k++) {
            c[k] = (struct corner){b[k].x / 16.0,
                                   b[k].y / 16.0,
                                   b[k].z / 1000.0,
                                   {b[k].rgb[0] / 255.0, b[k].rgb[1] / 255.0, b[k].rgb[2] / 255.0}};
        }
        triangle(pic, depth, c);
    }
    free(depth);
}

// ---- the cube
// ------------------------------------------------------------------------------------------

static void cube_color(const double p[3], int face, uint8_t rgb[3])
{
    int axis = face / 2;
    double tx = (p[(axis + 1) % 3] + 1) / 2 * TEXCUBE_TEXELS - 0.5;
    double ty = (p[(axis + 2) % 3] + 1) / 2 * TEXCUBE_TEXELS - 0.5;
    double fx = tx - floor(tx), fy = ty - floor(ty), sum[3] = {0};
    for (int j = 0; j < 2; j++) {
        for (int i = 0; i < 2; i++) {
            int x = (int)fmin(fmax(floor(tx) + i, 0), TEXCUBE_TEXELS - 1);
            int y = (int)fmin(fmax(floor(ty) + j, 0), TEXCUBE_TEXELS - 1);
            uint8_t texel[3];
            texcube_texel((unsigned)x, (unsigned)y, texel);
            for (int k = 0; k < 3; k++) {
                sum[k] += texel[k] * (i ? fx : 1 - fx) * (j ? fy : 1 - fy);
            }
        }
    }
    for (int k = 0; k < 3; k++) {
        rgb[k] = to_byte(sum[k] / 255 * texcube_light[face][k] / 255);
    }
}

// From eye space to the cube's own: undoes the rotation about x, then y.
static void to_object(const double eye[3], double yaw, double pitch, double obj[3])
{
    double y = cos(pitch) * eye[1] + sin(pitch) * eye[2];
    double z = -sin(pitch) * eye[1] + cos(pitch) * eye[2];
    obj[0] = cos(yaw) * eye[0] - sin(yaw) * z;
    obj[1] = y;
    obj[2] = sin(yaw) * eye[0] + cos(yaw) * z;
}

static void draw_texcube(struct picture *pic)
{
    const unsigned last = TEXCUBE_FRAMES - 1;
    double yaw = (double)texcube_yaw(last), pitch = (double)texcube_pitch(last);
    double aspect = (double)pic->width / pic->height, half = (double)TEXCUBE_HALF_HEIGHT;
    const double camera[3] = {0, 0, (double)TEXCUBE_DISTANCE};
    double from[3];

    fill_all(pic, texcube_background);
    to_object(camera, yaw, pitch, from);
    for (int y = 0; y < (int)pic->height; y++) {
        for (int x = 0; x < (int)pic->width; x++) {
            const double ray[3] = {((x + 0.5) / pic->width * 2 - 1) * half * aspect,
                                   (1 - (y + 0.5) / pic->height * 2) * half, -1};
            double dir[3], enter = -1e30, leave = 1e30, p[3];
            uint8_t rgb[3];
            int face = 0;
            to_object(ray, yaw, pitch, dir);
            for (int i = 0; i < 3; i++) {
                double a = (-1 - from[i]) / dir[i], b = (1 - from[i]) / dir[i];
                if (fmin(a, b) > enter) {
                    enter = fmin(a, b);
                    face = 2 * i + (b < a); // entered through the positive side
                }
                leave = fmin(leave, fmax(a, b));
            }
            if (enter >= leave) {
                continue;
            }
            for (int i = 0; i < 3; i++) {
                p[i] = from[i] + enter * dir[i];
            }
            cube_color(p, face, rgb);
            put(pic, x, y, rgb);
        }
    }
}

// ---- rectangles
// ----------------------------------------------------------------------------------------

static void draw_clear(struct picture *pic)
{
    fill_all(pic, clear_scene.background);
    for (int i = 0; i < CLEAR_RECTS; i++) {
        fill(pic, clear_scene.rects[i].x, clear_scene.rects[i].y, clear_scene.rects[i].w,
             clear_scene.rects[i].h, clear_scene.rects[i].argb);
    }
}

static double blended(enum blend_kind kind, double s, double sa, double d)
{
    double k = BLEND_CONSTANT_ALPHA / 255.0;
    switch (kind) {
    case BLEND_OVER:
        return s * sa + d * (1 - sa);
    case BLEND_ADD:
        return s + d;
    case BLEND_MULTIPLY:
        return s * d;
    case BLEND_SCREEN:
        return s + d * (1 - s);
    case BLEND_SUBTRACT:
        return s - d;
    case BLEND_REVERSE:
        return d - s;
    case BLEND_MIN:
        return fmin(s, d);
    case BLEND_MAX:
        return fmax(s, d);
    case BLEND_CONSTANT:
        return s * k + d * (1 - k);
    }
    return 0;
}

static void draw_blend(struct picture *pic)
{
    for (int i = 0; i < BLEND_STRIPES; i++) {
        fill(pic, 0, i * BLEND_STRIPE_HEIGHT, BLEND_WIDTH, BLEND_STRIPE_HEIGHT, blend_stripes[i]);
    }
    for (int i = 0; i < BLEND_COLUMNS; i++) {
        for (int y = 20; y < 460; y++) {
            uint32_t d = blend_stripes[y / BLEND_STRIPE_HEIGHT];
            uint8_t rgb[3];
            for (int k = 0; k < 3; k++) {
                rgb[k] =
                    to_byte(blended((enum blend_kind)i, blend_source[k] / 255.0,
                                    blend_source[3] / 255.0, (d >> (16 - 8 * k) & 255) / 255.0));
            }
            if (i == BLEND_CONSTANT) {
                rgb[1] = (uint8_t)(d >> 8); // not written
            }
            for (int x = 0; x < BLEND_COLUMN_WIDTH; x++) {
                put(pic, blend_column_x(i) + x, y, rgb);
            }
        }
    }
}

static void draw_storm(struct picture *pic)
{
    for (uint32_t i = 0; i < STORM_SUBMISSIONS; i++) {
        fill(pic, (int)(i % STORM_CELLS) * STORM_CELL, (int)(i / STORM_CELLS) * STORM_CELL,
             STORM_CELL, STORM_CELL, storm_color(i));
    }
}

static void halves(struct picture *pic, const uint32_t color[2])
{
    fill_all(pic, color[0]);
    fill(pic, HANG_WIDTH / 2, 0, HANG_WIDTH / 2, HANG_HEIGHT, color[1]);
}

static void draw_hang(struct picture *pic)
{
    halves(pic, hang_after);
}

static void draw_fault(struct picture *pic)
{
    halves(pic, fault_after);
}

// ---- the list
// ------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    uint32_t width, height;
    void (*draw)(struct picture *pic);
} rows[] = {
    {"clear", CLEAR_WIDTH, CLEAR_HEIGHT, draw_clear},
    {"triangle", TRIANGLE_WIDTH, TRIANGLE_HEIGHT, draw_triangle},
    {"texcube", TEXCUBE_WIDTH, TEXCUBE_HEIGHT, draw_texcube},
    {"bins", BINS_WIDTH, BINS_HEIGHT, draw_bins},
    {"blend", BLEND_WIDTH, BLEND_HEIGHT, draw_blend},
    {"fence_storm", STORM_CELLS *STORM_CELL, STORM_CELLS *STORM_CELL, draw_storm},
    {"hang", HANG_WIDTH, HANG_HEIGHT, draw_hang},
    {"fault", HANG_WIDTH, HANG_HEIGHT, draw_fault},
};

bool reference_draw(const char *name, struct picture *pic)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!strcmp(rows[i].name, name) &&
            !picture_init(pic, rows[i].width, rows[i].height, NULL)) {
            rows[i].draw(pic);
            return true;
        }
    }
    return false;
}

bool reference_matches(const char *name, const struct picture *pic)
{
    struct picture_diff diff = {0};
    struct picture ref;
    struct err err = {0};
    bool ok;
    if (!reference_draw(name, &ref)) {
        printf("%s: no reference picture\n", name);
        return false;
    }
    ok = !picture_compare(pic, &ref, 2, 0, 0, 0, &diff, &err);
    if (!ok) {
        printf("%s: %s\n", name, err.msg);
    }
    ok = ok && diff.differing * 200ull <= diff.compared;
    printf("%s: %u of %u pixels differ from the reference (largest difference %u)%s\n", name,
           diff.differing, diff.compared, diff.max_delta, ok ? "" : ": too many");
    picture_fini(&ref);
    return ok;
}
