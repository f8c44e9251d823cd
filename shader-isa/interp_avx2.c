// SPDX-License-Identifier: MIT
//
// The interpreter once more, for hosts with AVX2: half as many instructions for the same results
// (no fused multiply-add is used, so they are the same bits). Elsewhere it is the plain build.
#include "shader-isa/interp.h"

#if defined(__x86_64__)
#define LANES_WIDE 8
#define LANES_TARGET __attribute__((target("avx2")))
#include "shader-isa/lanes.h"
#include "shader-isa/interp_run.inc"

LANES_TARGET enum shader_result interp_run_avx2(struct run *r)
{
    return run_program(r);
}
#else
enum shader_result interp_run_avx2(struct run *r)
{
    return interp_run_plain(r);
}
#endif
