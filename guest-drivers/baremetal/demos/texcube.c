// SPDX-License-Identifier: MIT
//
// A textured, depth-tested, spinning cube: several frames of many bins, indexed triangles, a matrix
// in constants, a bilinear texture. No culling: the depth test alone decides.
#include "texcube.h"
#include "demo.h"
#include "mat.h"

struct cube_vertex { // what cube.vs reads
    float position[3], texcoord[2];
    uint8_t light[4];
};

enum { VERTICES = 24, INDICES = 36 };

static void make_cube(struct cube_vertex v[VERTICES], uint16_t index[INDICES])
{
    for (unsigned face = 0; face < 6; face++) {
        unsigned axis = face / 2;
        for (unsigned corner = 0; corner < 4; corner++) {
            struct cube_vertex *p = &v[face * 4 + corner];
            p->position[axis] = face & 1 ? 1 : -1;
            p->position[(axis + 1) % 3] = corner & 1 ? 1 : -1;
            p->position[(axis + 2) % 3] = corner & 2 ? 1 : -1;
            p->texcoord[0] = corner & 1;
            p->texcoord[1] = corner >> 1;
            memcpy(p->light, texcube_light[face], 3);
            p->light[3] = 255;
        }
        static const uint8_t order[6] = {0, 1, 2, 2, 1, 3};
        for (unsigned i = 0; i < 6; i++) {
            index[face * 6 + i] = (uint16_t)(face * 4 + order[i]);
        }
    }
}

static struct a2_bo make_texture(struct demo_run *run)
{
    struct a2_bo bo;
    if (!a2_alloc(run->gpu, TEXCUBE_TEXELS * TEXCUBE_TEXELS * 4, A2_PTE_READ, &bo)) {
        demo_check(run, false, "no memory");
        return (struct a2_bo){0};
    }
    for (unsigned y = 0; y < TEXCUBE_TEXELS; y++) {
        for (unsigned x = 0; x < TEXCUBE_TEXELS; x++) {
            uint8_t *p = bo.cpu + (y * TEXCUBE_TEXELS + x) * 4;
            texcube_texel(x, y, p);
            p[3] = 255;
        }
    }
    return bo;
}

static struct mat matrix(unsigned frame)
{
    struct mat yaw = mat_rotate_y(texcube_yaw(frame)), pitch = mat_rotate_x(texcube_pitch(frame));
    struct mat away = mat_translate(0, 0, -TEXCUBE_DISTANCE);
    struct mat lens = mat_perspective(TEXCUBE_HALF_HEIGHT, (float)TEXCUBE_WIDTH / TEXCUBE_HEIGHT,
                                      TEXCUBE_NEAR, TEXCUBE_FAR);
    struct mat m = mat_mul(&pitch, &yaw);
    m = mat_mul(&away, &m);
    return mat_mul(&lens, &m);
}

static void run(struct demo_run *run)
{
    struct cube_vertex v[VERTICES];
    uint16_t index[INDICES];
    struct a2_frame frame;
    struct a2_state state;
    uint32_t last_crc = 0;

    make_cube(v, index);
    struct a2_bo vertices = demo_data(run, v, sizeof v),
                 indices = demo_data(run, index, sizeof index);
    struct a2_bo texels = make_texture(run);
    const struct a2_texture texture = {
        .va = texels.va,
        .width = TEXCUBE_TEXELS,
        .height = TEXCUBE_TEXELS,
        .pitch = TEXCUBE_TEXELS,
        .format = A2_FMT_8_8_8_8,
        .swizzle = {A2_SQ_TEX_X, A2_SQ_TEX_Y, A2_SQ_TEX_Z, A2_SQ_TEX_W},
        .filter = A2_SQ_TEX_FILTER_BILINEAR,
        .clamp = A2_SQ_TEX_CLAMP_LAST_TEXEL,
    };
    if (!a2_frame_create(run->gpu, &frame, 2048)) {
        demo_check(run, false, "no memory");
        return;
    }
    for (unsigned i = 0; i < TEXCUBE_FRAMES; i++) {
        struct mat m = matrix(i);
        a2_frame_begin(&frame, &(struct a2_frame_config){.target = &run->screen, .depth = true});
        a2_frame_clear(&frame, texcube_background, 1);
        a2_state_init(&state, run->screen.width, run->screen.height);
        state.depth_test = state.depth_write = true;
        a2_emit_state(&frame.draw, &state);
        a2_emit_programs(&frame.draw, &cube_vs, &cube_ps);
        a2_emit_vertices(&frame.draw, 0, vertices.va, sizeof v);
        a2_emit_texture(&frame.draw, 0, &texture);
        pm4_constants(&frame.draw, A2_STAGE_VS, 0, &m.c[0][0], 4);
        a2_frame_draw_indexed(&frame, A2_DI_PT_TRILIST, INDICES, indices.va, sizeof index);
        demo_finish(run, a2_frame_end(&frame));

        uint32_t crc = a2_surface_crc(&run->screen);
        demo_check(run, crc != last_crc, "the cube does not move");
        last_crc = crc;
    }
    demo_check_pixel(run, &run->screen, 4, 4, texcube_background & 0xffffff);
    demo_check(run, a2_surface_pixel(&run->screen, 400, 240) != (texcube_background & 0xffffff),
               "no cube in the middle");
}

const struct demo demo_texcube = {"texcube", TEXCUBE_WIDTH, TEXCUBE_HEIGHT, run};
