// SPDX-License-Identifier: MIT
//
// shader_run: prepares the state of a run, puts the host's floating point into flush-to-zero mode,
// and runs the build of the interpreter that suits the host. The modelled unit flushes denormal
// operands; results that are denormal are flushed here as well, when they are written or exported.
#include "shader-isa/interp.h"

#define LANES_WIDE 4
#define LANES_TARGET
#include "shader-isa/lanes.h"
#include "shader-isa/interp_run.inc"

#if defined(__SSE2__)
#include <xmmintrin.h>
#define FLUSH_BITS 0x8040u // FTZ and DAZ
static unsigned flush_begin(void)
{
    unsigned old = _mm_getcsr();
    _mm_setcsr((old | FLUSH_BITS | 0x1f80) & ~0x6000u); // round to nearest, exceptions masked
    return old;
}
static void flush_end(unsigned old)
{
    _mm_setcsr(old);
}
#elif defined(__aarch64__)
static unsigned flush_begin(void)
{
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" : : "r"((old | 1u << 24) & ~(3ull << 22)));
    return (unsigned)old;
}
static void flush_end(unsigned old)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)old));
}
#else // denormals stay; nothing but the last bits of tiny numbers depends on it
static unsigned flush_begin(void)
{
    return 0;
}
static void flush_end(unsigned old)
{
    (void)old;
}
#endif

enum interp_build interp_best(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
        return INTERP_AVX512;
    }
    return __builtin_cpu_supports("avx2") ? INTERP_AVX2 : INTERP_PLAIN;
#else
    return INTERP_PLAIN;
#endif
}

enum shader_result interp_run_plain(struct run *r)
{
    return run_program(r);
}

enum shader_result shader_run(const struct shader *sh, struct shader_env *env,
                              struct shader_lanes *lanes)
{
    return interp_run_on(sh, env, lanes, interp_best());
}

enum shader_result interp_run_on(const struct shader *sh, struct shader_env *env,
                                 struct shader_lanes *lanes, enum interp_build build)
{
    struct run r;
    r.sh = sh;
    r.env = env;
    r.l = lanes;
    r.active = lanes->active & 0xffff;
    r.p0 = 0;
    r.illegal = false;
    r.steps = 0;
    r.max_steps = env->max_steps ? env->max_steps : 65536;
    r.al = 0;
    r.loops = r.calls = 0;
    if (sh->info.uses_loops) {
        memset(r.loop, 0, sizeof r.loop);
    }
    if (sh->reads_ps || sh->info.uses_rel_const) {
        memset(r.ps, 0, sizeof r.ps);
        memset(r.a0, 0, sizeof r.a0);
    }
    if (sh->info.illegal || sh->info.uses_rel_temp) {
        memset(r.sink, 0, sizeof r.sink);
    }
    if (sh->info.fetch_count) {
        memset(r.index, 0, sizeof r.index);
        memset(r.lod, 0, sizeof r.lod);
        memset(r.grad_h, 0, sizeof r.grad_h);
        memset(r.grad_v, 0, sizeof r.grad_v);
    }
    if (sh->info.memexport) {
        memset(r.em, 0, sizeof r.em);
        memset(r.em_lanes, 0, sizeof r.em_lanes);
    }
    lanes->killed = 0;
    lanes->exported = 0;
    for (unsigned i = 0; i < 16; i++) {
        if (sh->info.export_mask >> i & 1) {
            memset(lanes->out[i], 0, sizeof lanes->out[i]);
        }
    }
    if (sh->info.exports_position) {
        memset(lanes->position, 0, sizeof lanes->position);
    }
    if (sh->info.exports_misc) {
        memset(lanes->misc, 0, sizeof lanes->misc);
    }
    if (sh->info.exports_depth) {
        memset(r.depth, 0, sizeof r.depth);
    }

    unsigned old = flush_begin();
    enum shader_result result = build == INTERP_AVX512 ? interp_run_avx512(&r)
                                : build == INTERP_AVX2 ? interp_run_avx2(&r)
                                                       : interp_run_plain(&r);
    flush_end(old);

    if (lanes->exported >> 29 & 1) {
        memcpy(lanes->depth, r.depth[0], sizeof lanes->depth);
    }
    return result;
}
