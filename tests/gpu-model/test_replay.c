// SPDX-License-Identifier: MIT
//
// A replay with a backend: pictures, listeners, printing. The backend here knows fills and raw
// resolves, enough for a capture that clears two tiles and copies them out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "gpu-model/formats.h"
#include "gpu-model/rd.h"
#include "tests/gpu-model/mock.h"

#define STREAM_VA 0x01010000u
#define VERTEX_VA MOCK_BASE
#define SURFACE_VA 0x01020000u
#define DEPTH_VA 0x01040000u

// ---- a backend of words
// --------------------------------------------------------------------------

struct tiny {
    struct gpu_backend be;
    struct gpu_context ctx;
    struct gpu_mem *mem;
    uint32_t gmem[(256 << 10) / 4];
    unsigned draws, contexts;
};

static struct tiny *tiny_of(struct gpu_context *ctx)
{
    return container_of(ctx, struct tiny, ctx);
}

static struct gpu_context *tiny_create(struct gpu_backend *be, const struct gpu_context_config *cfg,
                                       struct err *err)
{
    struct tiny *t = container_of(be, struct tiny, be);
    (void)err;
    t->mem = cfg->mem;
    t->ctx.backend = be;
    t->contexts++;
    return &t->ctx;
}

static void tiny_destroy(struct gpu_context *ctx)
{
    tiny_of(ctx)->contexts--;
}

static enum gpu_result tiny_draw(struct gpu_context *ctx, const struct gpu_draw *draw)
{
    (void)draw;
    tiny_of(ctx)->draws++;
    return GPU_OK;
}

static enum gpu_result tiny_fill(struct gpu_context *ctx, const struct gpu_fill *fill)
{
    for (uint32_t i = 0; i < fill->bytes / 4; i++) {
        tiny_of(ctx)->gmem[fill->base / 4 + i] = fill->value;
    }
    return GPU_OK;
}

static enum gpu_result tiny_resolve(struct gpu_context *ctx, const struct gpu_resolve *r)
{
    struct tiny *t = tiny_of(ctx);
    for (int32_t y = r->rect.y0; y < r->rect.y1; y++) {
        for (int32_t x = r->rect.x0; x < r->rect.x1; x++) {
            uint32_t px = t->gmem[r->src.base / 4 + (uint32_t)y * r->src.pitch + (uint32_t)x];
            t->mem->ops->write(t->mem,
                               color_pixel_va(r->dst_va, r->dst_pitch, 4, r->dst_linear,
                                              (uint32_t)(x + r->dst_x), (uint32_t)(y + r->dst_y)),
                               &px, 4);
        }
    }
    return GPU_OK;
}

static enum gpu_result tiny_flush(struct gpu_context *ctx)
{
    (void)ctx;
    return GPU_OK;
}

static void tiny_invalidate(struct gpu_context *ctx)
{
    (void)ctx;
}

static int tiny_bind(struct gpu_backend *be, struct err *err)
{
    (void)be, (void)err;
    return 0;
}

static const struct gpu_backend_ops tiny_ops = {.name = "tiny",
                                                .bind_thread = tiny_bind,
                                                .context_create = tiny_create,
                                                .context_destroy = tiny_destroy,
                                                .draw = tiny_draw,
                                                .fill = tiny_fill,
                                                .resolve = tiny_resolve,
                                                .flush = tiny_flush,
                                                .invalidate = tiny_invalidate};

// ---- a capture
// ------------------------------------------------------------------------------------

static void put_fast_clear(struct stream *s, uint32_t color)
{
    static const uint32_t regs[][2] = {
        {0x2208, 4},          {0x2081, 0},
        {0x2082, 0x3fff3fff}, {0x2200, 0x877f},
        {0x2202, 0xc27},      {0x2205, 0x88240},
        {0x2312, 0xffff},     {0x2104, 15},
        {0x200e, 0},          {0x200f, 8 << 16 | 32},
        {0x2000, 0x8020},     {0x2001, 5},
        {0x2002, 0x1001},     {0x2113, 0},
        {0x2114, 0},          {0x210d, 0xffff0000},
    };
    for (unsigned i = 0; i < ARRAY_LEN(regs); i++) {
        put_reg(s, regs[i][0], regs[i][1]);
    }
    put_float(s, 0x210f, 4096);
    put_float(s, 0x2110, 4096);
    put_float(s, 0x2111, 4096);
    put_float(s, 0x2112, 4096);
    put_t3(s, 0x2d, 5);
    put(s, 0x480);
    for (unsigned i = 0; i < 4; i++) {
        put(s, f32_to_bits((float)(color >> (8 * i) & 0xff) / 255.0f));
    }
    put_rect_draw(s);
}

// Copies a 32x16 tile to x of the surface (and a depth surface first, as the driver does).
static void put_tile_copy(struct stream *s, uint32_t x)
{
    put_float(s, 0x210f, 16);
    put_float(s, 0x2110, 16);
    put_float(s, 0x2111, 8);
    put_float(s, 0x2112, 8);
    put_reg(s, 0x200f, 16 << 16 | 32);
    put_reg(s, 0x2208, 6);
    put_reg(s, 0x2000, 32);
    put_reg(s, 0x231c, x);
    for (unsigned depth = 2; depth-- > 0;) {
        put_reg(s, 0x2001, 5 | depth << 12);
        put_t3(s, 0x2d, 5);
        put(s, 0x00040318);
        put(s, 0);
        put(s, depth ? DEPTH_VA : SURFACE_VA);
        put(s, 2);
        put(s, 0x0003c000 | 5 << 4 | 1 << 3);
        put_rect_draw(s);
    }
    put_reg(s, 0x2208, 4);
}

static void put_two(struct rd_writer *w, enum rd_section type, uint32_t a, uint32_t b)
{
    uint8_t p[12] = {0};
    put_le32(p, a);
    put_le32(p + 4, b);
    rd_put(w, type, p, sizeof(p));
}

static void put_bo(struct rd_writer *w, uint32_t va, const void *data, uint32_t bytes)
{
    put_two(w, RD_GPUADDR, va, bytes);
    rd_put(w, RD_BUFFER_CONTENTS, data, bytes);
}

// Two tiles side by side, red and green, of a surface whose pixels are in the given order.
static void write_two_tiles(const char *path, uint32_t swap)
{
    struct mock *m = mock_create("a200", false); // its memory holds the vertices
    struct stream s = {.n = 0};
    static uint32_t zero[(64 << 10) / 4];
    uint64_t chip = 0x02000000;
    put_rect_setup(m, &s, 8192, 8192);
    for (uint32_t tile = 0; tile < 2; tile++) {
        put_fast_clear(&s, tile ? 0xff00ff00 : swap ? 0xffff0000 : 0xff0000ff);
        put_reg(&s, 0x2000, 32);
        put_reg(&s, 0x2001, 5 | swap << 9);
        put_tile_copy(&s, tile * 32);
    }
    struct rd_writer *w = rd_create(path, NULL);
    rd_put(w, RD_CHIP_ID, &chip, 8);
    rd_put(w, RD_CMD, "submit 1", 9);
    put_bo(w, VERTEX_VA, m->data, 4096);
    put_bo(w, SURFACE_VA, zero, sizeof(zero));
    put_bo(w, DEPTH_VA, zero, sizeof(zero));
    put_bo(w, STREAM_VA, s.dw, s.n * 4);
    put_two(w, RD_CMDSTREAM_ADDR, STREAM_VA, s.n);
    // a submit that draws nothing does not change what the picture is
    static const uint32_t fence[4] = {0xc0024600, 4, SURFACE_VA + 0xf000, 7};
    rd_put(w, RD_CMD, "submit 2", 9);
    put_bo(w, STREAM_VA, fence, sizeof(fence));
    put_two(w, RD_CMDSTREAM_ADDR, STREAM_VA, 4);
    assert_int_equal(rd_write_close(w, NULL), 0);
    mock_destroy(m);
}

struct ear {
    struct gpu_env env;
    unsigned packets, works, fences;
};

static void ear_packet(struct gpu_env *env, unsigned depth, uint32_t va, const uint32_t *dw,
                       uint32_t n)
{
    (void)va, (void)dw, (void)n;
    assert_int_equal(depth, 1);
    container_of(env, struct ear, env)->packets++;
}

static void ear_work(struct gpu_env *env, const struct gpu_draw *d, const struct gpu_resolve *r,
                     const struct gpu_fill *f, enum gpu_result result)
{
    (void)d, (void)r, (void)f;
    assert_int_equal(result, GPU_OK);
    container_of(env, struct ear, env)->works++;
}

static void ear_fence(struct gpu_env *env, uint32_t va, uint32_t value)
{
    assert_int_equal(va, SURFACE_VA + 0xf000);
    assert_int_equal(value, 7);
    container_of(env, struct ear, env)->fences++;
}

static const struct gpu_env_ops ear_ops = {
    .packet = ear_packet, .work = ear_work, .fence = ear_fence};

static void test_the_picture_is_the_last_surface(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof(path), "/tmp/yamato-replay-%d.rd", (int)getpid());
    for (uint32_t swap = 0; swap < 2; swap++) {
        struct tiny *t = calloc(1, sizeof(*t));
        struct ear ear = {.env = {&ear_ops}};
        struct rd_replay_config cfg = {.backend = &t->be, .listener = &ear.env};
        struct rd_replay_result res;
        struct err err = {0};
        t->be.ops = &tiny_ops;
        write_two_tiles(path, swap);
        if (rd_replay(path, &cfg, &res, &err) < 0) {
            fail_msg("%s", err.msg);
        }
        assert_string_equal(res.error, "");
        assert_int_equal(res.gpu_id, 200);
        assert_int_equal(res.submits, 2);
        assert_int_equal(res.resolves, 4);
        assert_int_equal(t->draws, 0);
        assert_int_equal(t->contexts, 0);
        assert_int_equal(ear.works, 4 + 4); // two fills a clear, two resolves a tile
        assert_int_equal(ear.fences, 1);
        assert_true(ear.packets > 60);
        assert_int_equal(res.pic.width, 64);
        assert_int_equal(res.pic.height, 16);
        const uint8_t *red = res.pic.rgba, *green = res.pic.rgba + 4 * (15 * 64 + 63);
        assert_memory_equal(red, ((uint8_t[]){255, 0, 0, 255}), 4);
        assert_memory_equal(green, ((uint8_t[]){0, 255, 0, 255}), 4);
        assert_non_null(strstr(res.surface, "64x16"));
        picture_fini(&res.pic);
        free(t);
    }
    unlink(path);
}

// ---- printing
// -------------------------------------------------------------------------------------

static void assert_dump(const char *profile, const uint32_t *dw, uint32_t n, const char *line)
{
    struct mock *m = mock_create(profile, false);
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    gpu_dump(gpu_profile_find(profile), &m->env, dw, n, 0x1000, f);
    fclose(f);
    if (!strstr(text, line)) {
        fail_msg("no \"%s\" in:\n%s", line, text);
    }
    free(text);
    mock_destroy(m);
}

#define DUMPS(profile, line, ...)                                                                  \
    assert_dump(profile, (const uint32_t[]){__VA_ARGS__},                                          \
                sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), line)

static void test_packets_print(void **state)
{
    (void)state;
    DUMPS("a200", "t0\t\twrite RB_COLOR_MASK (2104)\n", 0x2104, 15);
    DUMPS("a200", "write RB_COLOR_MASK (same register)", 0x00018000 | 0x2104, 15, 14);
    DUMPS("a200", "\t\t\t0x2f00: 00000001\n", 0x2f00, 1);
    DUMPS("a200", "t2\t\tnop\n", 0x80000000);
    DUMPS("a200", "bad type! 40000000", 0x40000000);
    DUMPS("a200", "ends outside", 0xc0052d00, 1);
    DUMPS("a200", "num_indices:   3\n", 0xc0012200, 0, 0x00030084);
    DUMPS("a220", "num_indices:   70000\n", 0xc0022200, 0, 0x84, 70000);
    DUMPS("a200", "idx_size:      6\n", 0xc0032200, 0, 0x00030004, 0x1000, 6);
    DUMPS("a220", "idx_size:      8\n", 0xc0042200, 0, 4, 3, 0x1000, 8);
    DUMPS("a200", "rmw (CP_SCRATCH_REG7 & 0x000000ff) | 0x00000001)", 0xc0022100, 0x57f, 0xff, 1);
    DUMPS("a200", "set bool const 0003", 0xc0012d00, 0x00020003, 1);
    DUMPS("a200", "set loop const 0004", 0xc0012d00, 0x00030004, 1);
    DUMPS("a200", "VGT_INDX_OFFSET = 00000002 + VGT_MIN_VTX_INDX (00000000)", 0xc0022d00,
          0x80040102, 0x2101, 2);
    DUMPS("a200", "base register: CP_PERFCOUNTER_LO", 0xc0013e00, 0x446, 0x1000);
    DUMPS("a200", "opcode: (null) (7f) (2 dwords)", 0xc0007f00, 0);
    DUMPS("a200", "<unknown> shader", 0xc0022b00, 5, 1, 0);
    DUMPS("a200", "event CACHE_FLUSH_TS", 0xc0024600, 4, 0x1000, 1);
}

static void test_endless_buffers_end_in_print(void **state)
{
    (void)state;
    struct mock *m = mock_create("a200", false);
    uint32_t ib[3 * 1200];
    for (unsigned i = 0; i < 1200; i++) {
        ib[3 * i] = 0xc0013700;
        ib[3 * i + 1] = MOCK_BASE;
        ib[3 * i + 2] = 3 * 1200;
    }
    mock_place(m, 0, ib, 3 * 1200);
    FILE *null = fopen("/dev/null", "w");
    assert_non_null(null);
    gpu_dump(gpu_profile_find("a200"), &m->env, ib, 3 * 1200, MOCK_BASE, null);
    fclose(null);
    mock_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_picture_is_the_last_surface),
        cmocka_unit_test(test_packets_print),
        cmocka_unit_test(test_endless_buffers_end_in_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
