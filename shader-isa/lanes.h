// SPDX-License-Identifier: MIT
//
// Arithmetic on vectors of lanes, the vocabulary of a2xx.def's result column. Included by a file
// that defines LANES_WIDE (lanes in one host vector: 4 or 8) and LANES_TARGET (an attribute that
// allows the host instructions); it may be included once a file. Denormals: the host's
// flush-to-zero mode is on while these run, so operands and results are zeros already where the
// host can do that.
//
// The transcendental functions are polynomials in double precision: within one unit in the last
// place of the exact result, and the same on every host.
#ifndef SHADER_ISA_LANES_H
#define SHADER_ISA_LANES_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "shader-isa/shader.h"

#ifndef LANES_WIDE
#define LANES_WIDE 4
#define LANES_TARGET
#endif

#define LANE_FN static inline LANES_TARGET __attribute__((always_inline, unused))

typedef float vf __attribute__((vector_size(4 * LANES_WIDE)));
typedef int32_t vi __attribute__((vector_size(4 * LANES_WIDE)));
typedef double vd __attribute__((vector_size(8 * LANES_WIDE)));
typedef int64_t vl __attribute__((vector_size(8 * LANES_WIDE)));
typedef float vf_mem __attribute__((vector_size(4 * LANES_WIDE), aligned(4), may_alias));

LANE_FN vf load(const float *p)
{
    return *(const vf_mem *)p;
}

LANE_FN void store(float *p, vf v)
{
    *(vf_mem *)p = v;
}

LANE_FN vf splat(float f)
{
    return f - (vf){0}; // -0.0 - 0.0 is -0.0
}

#define ZERO splat(0.0f)
#define ONE splat(1.0f)
#define HALF splat(0.5f)
#define FMAX splat(FLT_MAX)

LANE_FN vf sel(vi m, vf a, vf b)
{
    return (vf)((m & (vi)a) | (~m & (vi)b));
}
#define SEL sel
#define BOTH(p, q) ((p) & (q))
#define ANY4(p, q, r, s) ((p) | (q) | (r) | (s))
#define ONE_IF(m) ((vf)((m) & (vi)ONE))

// A product with a zero factor is +0, whatever the other factor is.
LANE_FN vf mul0(vf a, vf b)
{
    return (vf)(((a != ZERO) & (b != ZERO)) & (vi)(a * b));
}
#define MUL0 mul0

LANE_FN vf absolute(vf a)
{
    return (vf)((vi)a & 0x7fffffff);
}

LANE_FN vi is_finite(vf a)
{
    return absolute(a) <= FMAX;
}
#define FINITE is_finite

// Numbers of 2^23 and more, infinities and NaN are their own integers; the sign of zero is kept.
LANE_FN vf truncate(vf a)
{
    vi small = absolute(a) < splat(8388608.0f);
    vf t = __builtin_convertvector(__builtin_convertvector(sel(small, a, ZERO), vi), vf);
    t = (vf)((vi)t | ((vi)a & (int32_t)0x80000000));
    return sel(small, t, a);
}
#define TRUNC truncate

LANE_FN vf floor_of(vf a)
{
    vf t = truncate(a);
    return sel(t > a, t - ONE, t);
}
#define FLOOR floor_of

LANE_FN vf clamp_inf(vf a, vf limit) // infinities become the limit with their sign
{
    vf signed_limit = (vf)((vi)limit | ((vi)a & (int32_t)0x80000000));
    return sel(absolute(a) > FMAX, signed_limit, a);
}
#define CLAMP_INF clamp_inf

LANE_FN vf saturate(vf a)
{
    return sel(a > ZERO, sel(a < ONE, a, ONE), ZERO);
}

LANE_FN vf flush_denormals(vf v)
{
    vi tiny = ((vi)v & 0x7f800000) == 0;
    return (vf)((vi)v & (~tiny | INT32_MIN));
}

LANE_FN vf max4(vf x, vf y, vf z, vf w)
{
    return sel((x >= y) & (x >= z) & (x >= w), x, sel((y >= z) & (y >= w), y, sel(z >= w, z, w)));
}
#define MAX4 max4

LANE_FN vf square_root(vf a)
{
    float t[LANES_WIDE];
    store(t, a);
    for (int i = 0; i < LANES_WIDE; i++) {
        t[i] = __builtin_sqrtf(t[i]);
    }
    return load(t);
}
#define SQRT square_root

struct quad {
    vf x, y, z, w;
};
#define QUAD_RESULT(x, y, z, w) ((struct quad){x, y, z, w})

// (t, s, 2 * major axis, face); ties go to z, then y.
LANE_FN struct quad cube(vf x, vf y, vf z)
{
    vf ax = absolute(x), ay = absolute(y), az = absolute(z);
    vi by_z = (az >= ax) & (az >= ay);
    vi by_y = ~by_z & (ay >= ax);
    vi neg_x = x < ZERO, neg_y = y < ZERO, neg_z = z < ZERO;
    struct quad r;
    r.x = sel(by_y, sel(neg_y, -z, z), -y);
    r.y = sel(by_z, sel(neg_z, -x, x), sel(by_y, x, sel(neg_x, z, -z)));
    r.z = sel(by_z, z, sel(by_y, y, x)) * 2.0f;
    r.w = sel(by_z, sel(neg_z, splat(5), splat(4)),
              sel(by_y, sel(neg_y, splat(3), splat(2)), sel(neg_x, ONE, ZERO)));
    return r;
}
#define CUBE_RESULT cube

// ---- lane masks
// ----------------------------------------------------------------------------------

LANE_FN vi lane_bits(unsigned first) // bit of each lane of the host vector that starts at `first`
{
    vi v;
    for (int i = 0; i < LANES_WIDE; i++) {
        v[i] = 1 << (first + (unsigned)i);
    }
    return v;
}

LANE_FN uint32_t collect(vi mask, unsigned first)
{
    vi v = mask & lane_bits(first);
    uint32_t bits = 0;
    for (int i = 0; i < LANES_WIDE; i++) {
        bits |= (uint32_t)v[i];
    }
    return bits;
}

LANE_FN vi expand(uint32_t bits, unsigned first)
{
    vi v = lane_bits(first);
    return (v & (int32_t)bits) == v;
}

// ---- transcendental functions
// --------------------------------------------------------------------

#define TO_D(v) __builtin_convertvector(v, vd)
#define TO_F(v) __builtin_convertvector(v, vf)

// a + u * (b + u * (...)); macros, since a function of vectors this wide is not kept in registers.
#define POLY1(u, a) (a)
#define POLY2(u, a, ...) ((a) + (u)*POLY1(u, __VA_ARGS__))
#define POLY3(u, a, ...) ((a) + (u)*POLY2(u, __VA_ARGS__))
#define POLY4(u, a, ...) ((a) + (u)*POLY3(u, __VA_ARGS__))
#define POLY5(u, a, ...) ((a) + (u)*POLY4(u, __VA_ARGS__))
#define POLY6(u, a, ...) ((a) + (u)*POLY5(u, __VA_ARGS__))
#define POLY7(u, a, ...) ((a) + (u)*POLY6(u, __VA_ARGS__))
#define POLY8(u, a, ...) ((a) + (u)*POLY7(u, __VA_ARGS__))
#define POLY9(u, a, ...) ((a) + (u)*POLY8(u, __VA_ARGS__))

LANE_FN vf exp2_of(vf a)
{
    vf c = sel(a < splat(-160), splat(-160), sel(a > splat(160), splat(160), a)); // NaN stays
    c = sel(a == a, c, ZERO);
    vf whole = floor_of(c + HALF);
    vd f = TO_D(c - whole) * 0.693147180559945309;
    vd p = POLY9(f, 1.0, 1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040,
                 1.0 / 40320);
    vl scale = (__builtin_convertvector(__builtin_convertvector(whole, vi), vl) + 1023) << 52;
    return sel(a == a, TO_F(p * (vd)scale), a);
}
#define EXP2 exp2_of

LANE_FN vf log2_of(vf a)
{
    vi in = (a > ZERO) & is_finite(a); // the others are decided below
    vi b = (vi)sel(in, a, ONE);
    vi e = (b - 0x3f3504f3) >> 23; // mantissa from sqrt(1/2) to sqrt(2)
    vd m = TO_D((vf)(b - (e << 23)));
    vd t = (m - 1.0) / (m + 1.0);
    vd u = t * t;
    vd p = POLY7(u, 1.0, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13);
    vf r = TO_F(TO_D(e) + t * p * 2.88539008177792681);
    vf out = sel(a == ZERO, splat(-HUGE_VALF), sel(a < ZERO, splat(NAN), a)); // Inf and NaN stay
    return sel(in, r, out);
}
#define LOG2 log2_of

// Sine (shift 0) or cosine (shift 1): quadrant by pi/2 in two parts; large angles by the C library.
LANE_FN vf sine_like(vf a, int shift)
{
    vf c = sel(absolute(a) <= splat(1048576.0f), a, ZERO);
    vf q = floor_of(c * 0.636619772f + HALF);
    vd r = TO_D(c) - TO_D(q) * 1.57079632673412561417 - TO_D(q) * 6.07710050650619224932e-11;
    vd u = r * r;
    vf s = TO_F(r * POLY7(u, 1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800,
                          1.0 / 6227020800.0));
    vf k = TO_F(POLY7(u, 1.0, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800,
                      1.0 / 479001600));
    vi n = __builtin_convertvector(q, vi) + shift;
    vf v = sel((n & 1) != 0, k, s);
    v = (vf)((vi)v ^ ((n & 2) << 30));
    vi large = ~(absolute(a) <= splat(1048576.0f));
    if (__builtin_expect(collect(large, 0) != 0, 0)) {
        float in[LANES_WIDE], out[LANES_WIDE];
        store(in, a);
        store(out, v);
        for (int i = 0; i < LANES_WIDE; i++) {
            if (!(in[i] >= -1048576.0f && in[i] <= 1048576.0f)) {
                out[i] = shift ? cosf(in[i]) : sinf(in[i]);
            }
        }
        v = load(out);
    }
    return v;
}
#define SIN(a) sine_like(a, 0)
#define COS(a) sine_like(a, 1)

#endif
