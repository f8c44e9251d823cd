// SPDX-License-Identifier: MIT
//
// Many bins, the last ones partial, with depth: a picture of odd size in a quarter of the on-chip
// memory. The same scene again in as few bins as fit must give the same picture.
#include "bins.h"
#include "demo.h"
#include "triangle.h"

static struct a2_bo make_triangles(struct demo_run *run)
{
    static struct color_vertex v[BINS_TRIANGLES * 3];
    uint32_t random = BINS_SEED;
    for (unsigned i = 0; i < BINS_TRIANGLES; i++) {
        struct bins_corner corner[3];
        bins_triangle(&random, corner);
        for (unsigned k = 0; k < 3; k++) {
            struct color_vertex *p = &v[i * 3 + k];
            p->position[0] = (float)corner[k].x / (8.0f * BINS_WIDTH) - 1;
            p->position[1] = 1 - (float)corner[k].y / (8.0f * BINS_HEIGHT);
            p->position[2] = (float)corner[k].z / 500 - 1;
            memcpy(p->color, corner[k].rgb, 3);
            p->color[3] = 255;
        }
    }
    return demo_data(run, v, sizeof v);
}

static void draw(struct demo_run *run, struct a2_frame *frame, const struct a2_bo *vertices,
                 uint32_t gmem_bytes)
{
    struct a2_state state;
    a2_frame_begin(frame, &(struct a2_frame_config){
                              .target = &run->screen, .depth = true, .gmem_bytes = gmem_bytes});
    bm_print(run->plat, "%u x %u bins of %u x %u\n", (unsigned)frame->bins.nx,
             (unsigned)frame->bins.ny, (unsigned)frame->bins.w, (unsigned)frame->bins.h);
    a2_frame_clear(frame, bins_background, 1);
    a2_state_init(&state, run->screen.width, run->screen.height);
    state.depth_test = state.depth_write = true;
    a2_emit_state(&frame->draw, &state);
    a2_emit_programs(&frame->draw, &color_vs, &color_ps);
    a2_emit_vertices(&frame->draw, 0, vertices->va, vertices->bytes);
    a2_frame_draw(frame, A2_DI_PT_TRILIST, BINS_TRIANGLES * 3);
    demo_finish(run, a2_frame_end(frame));
}

// A bin's edge may move a vertex by a rounding error of the rasteriser, so a few pixels may differ.
static bool nearly_equal(const struct a2_surface *s, const struct a2_bo *copy)
{
    const uint32_t *a = (const uint32_t *)(const void *)s->bo.cpu;
    const uint32_t *b = (const uint32_t *)(const void *)copy->cpu;
    uint32_t differ = 0;
    for (uint32_t y = 0; y < s->height; y++) {
        for (uint32_t x = 0; x < s->width; x++) {
            differ += a[y * s->pitch + x] != b[y * s->pitch + x];
        }
    }
    return differ <= s->width * s->height / 1000;
}

static void run(struct demo_run *run)
{
    struct a2_bo vertices = make_triangles(run);
    struct a2_frame frame;
    struct a2_bo few;

    if (!a2_frame_create(run->gpu, &frame, 1024)) {
        demo_check(run, false, "no memory");
        return;
    }
    draw(run, &frame, &vertices, 0);
    few = demo_data(run, run->screen.bo.cpu, run->screen.bo.bytes);
    memset(run->screen.bo.cpu, 0, run->screen.bo.bytes);
    draw(run, &frame, &vertices, BINS_GMEM_BYTES);
    demo_check(run, frame.bins.nx * frame.bins.ny >= 12, "there should be many bins");
    demo_check(run, !few.cpu || nearly_equal(&run->screen, &few),
               "the picture depends on the bins");
}

const struct demo demo_bins = {"bins", BINS_WIDTH, BINS_HEIGHT, run};
