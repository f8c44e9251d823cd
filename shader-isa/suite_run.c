// SPDX-License-Identifier: MIT
//
// Running suite cases: the interpreter as an engine, in each of its builds, and the comparison
// rule. NaN equals NaN, denormals equal zero; the engine says how far it may be off.
#include "shader-isa/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "shader-isa/interp.h"

// ---- the interpreter as an engine
// ----------------------------------------------------------------

static int interpret(const struct shader *sh, struct shader_batch *b, enum interp_build build,
                     struct err *err)
{
    struct shader_env env = {.alu = (const float(*)[4])b->consts,
                             .alu_count = 256,
                             .bools = b->bools,
                             .loops = b->loops};
    struct shader_lanes *l = calloc(1, sizeof *l);
    int rc = l ? 0 : err_set(err, -ENOMEM, "out of memory");
    for (unsigned first = 0; !rc && first < b->count; first += SHADER_LANES) {
        unsigned n = b->count - first < SHADER_LANES ? b->count - first : SHADER_LANES;
        l->count = n;
        l->active = BIT(n) - 1;
        memset(l->r, 0, sizeof l->r);
        for (unsigned i = 0; i < n; i++) {
            for (unsigned k = 0; k < 64; k++) {
                l->r[k / 4][k % 4][i] = b->in[k / 4][first + i][k % 4];
            }
        }
        enum shader_result res = interp_run_on(sh, &env, l, build);
        if (res != SHADER_OK) {
            rc = err_set(err, -EINVAL, "the interpreter says %s",
                         res == SHADER_TIMEOUT ? "timeout" : "illegal");
        }
        for (unsigned i = 0; i < n; i++) {
            for (unsigned k = 0; k < 4; k++) {
                b->out[first + i][k] = l->exported & 1 ? l->out[0][k][i] : 0.0f;
            }
            b->alive[first + i] = !(l->killed >> i & 1);
        }
    }
    free(l);
    return rc;
}

static int run_best(struct shader_engine *e, const struct shader *sh, struct shader_batch *b,
                    struct err *err)
{
    (void)e;
    return interpret(sh, b, interp_best(), err);
}

#define BUILD_ENGINE(name, build)                                                                  \
    static int name(struct shader_engine *e, const struct shader *sh, struct shader_batch *b,      \
                    struct err *err)                                                               \
    {                                                                                              \
        (void)e;                                                                                   \
        return interpret(sh, b, build, err);                                                       \
    }
BUILD_ENGINE(run_plain, INTERP_PLAIN)
BUILD_ENGINE(run_avx2, INTERP_AVX2)
BUILD_ENGINE(run_avx512, INTERP_AVX512)

void shader_engine_interpreter(struct shader_engine *engine)
{
    *engine = (struct shader_engine){.name = "interpreter", .signed_zero = true, .run = run_best};
}

bool shader_engine_build(struct shader_engine *engine, unsigned i)
{
    static const struct shader_engine builds[] = {
        [INTERP_PLAIN] = {.name = "plain", .signed_zero = true, .run = run_plain},
        [INTERP_AVX2] = {.name = "avx2", .signed_zero = true, .run = run_avx2},
        [INTERP_AVX512] = {.name = "avx512", .signed_zero = true, .run = run_avx512},
    };
    if (i > interp_best()) {
        return false;
    }
    *engine = builds[i];
    return true;
}

// ---- comparison
// ----------------------------------------------------------------------------------

static uint32_t flushed_bits(float f)
{
    uint32_t v = f32_to_bits(f);
    return v & 0x7f800000 ? v : v & 0x80000000;
}

static bool agrees(float got, float want, const struct shader_engine *e, bool transcendental)
{
    uint32_t g = flushed_bits(got), w = flushed_bits(want);
    if (g == w) {
        return true;
    }
    bool nan_g = (g & 0x7fffffff) > 0x7f800000, nan_w = (w & 0x7fffffff) > 0x7f800000;
    if (nan_g || nan_w) {
        return nan_g && nan_w;
    }
    int64_t x = g & 0x80000000 ? -(int64_t)(g & 0x7fffffff) : (int64_t)g;
    int64_t y = w & 0x80000000 ? -(int64_t)(w & 0x7fffffff) : (int64_t)w;
    if (x == y) {
        return !e->signed_zero;
    }
    int64_t ulps = x > y ? x - y : y - x;
    if (ulps <= (int64_t)e->ulps) {
        return true;
    }
    if (!transcendental || (g & 0x7fffffff) == 0x7f800000 || (w & 0x7fffffff) == 0x7f800000) {
        return false;
    }
    double scale = want < 0 ? -(double)want : want, d = (double)got - want;
    return (d < 0 ? -d : d) <= (double)e->transcendental * (scale < 1.0 ? 1.0 : scale);
}

static bool angle_too_large(const struct shader_engine *e, const struct suite_case *c,
                            const struct shader_batch *b, unsigned lane)
{
    if (!c->angle || e->max_angle == 0.0f) {
        return false;
    }
    for (unsigned k = 0; k < 4; k++) { // any that a modifier may select
        float r = b->in[2][lane][k];
        bool fine = r >= -e->max_angle && r <= e->max_angle;
        for (unsigned i = 8; i < 13 && fine; i++) {
            fine = b->consts[i][k] >= -e->max_angle && b->consts[i][k] <= e->max_angle;
        }
        if (!fine) {
            return true;
        }
    }
    return false;
}

static void compare(const struct suite_case *c, const struct shader_engine *e, unsigned batch,
                    const struct shader_batch *got, const struct shader_batch *want,
                    struct suite_result *r)
{
    for (unsigned i = 0; i < want->count; i++) {
        if (angle_too_large(e, c, want, i)) {
            continue;
        }
        bool same = got->alive[i] == want->alive[i];
        unsigned k = 0;
        for (; same && want->alive[i] && k < 4; k++) {
            same = agrees(got->out[i][k], want->out[i][k], e, c->transcendental);
            if (!same) {
                break;
            }
        }
        r->lanes++;
        if (!same && !r->wrong++) {
            const float *o = want->in[2][i];
            snprintf(r->message, sizeof r->message,
                     "batch %u lane %u: %c is %08x, the interpreter has %08x (alive %u, %u); "
                     "r2 = %08x %08x %08x %08x",
                     batch, i, "xyzw-"[k], f32_to_bits(got->out[i][k & 3]),
                     f32_to_bits(want->out[i][k & 3]), got -> alive[i], want -> alive[i],
                     f32_to_bits(o[0]), f32_to_bits(o[1]), f32_to_bits(o[2]), f32_to_bits(o[3]));
        }
    }
}

void suite_run(const struct suite_case *c, struct shader_engine *engine, struct suite_result *r)
{
    struct err err = {0};
    memset(r, 0, sizeof *r);
    struct shader *sh = shader_decode(c->dw, c->ndw, SHADER_PIXEL, SHADER_A20X, &err);
    struct shader_batch *want = malloc(sizeof *want), *got = malloc(sizeof *got);
    int rc = sh && want && got ? 0 : -EINVAL;
    for (unsigned i = 0; !rc && i < c->batches; i++) {
        suite_batch(c, i, want);
        *got = *want;
        rc = interpret(sh, want, interp_best(), &err);
        if (!rc) {
            rc = engine->run(engine, sh, got, &err);
        }
        if (!rc) {
            compare(c, engine, i, got, want, r);
        }
    }
    r->skipped = rc == -ENOTSUP;
    if (rc && !r->skipped) {
        r->wrong++;
        snprintf(r->message, sizeof r->message, "%s", err.msg[0] ? err.msg : "cannot run");
    }
    free(want);
    free(got);
    shader_destroy(sh);
}
