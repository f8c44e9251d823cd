// SPDX-License-Identifier: MIT
//
// The interpreter for hosts with AVX-512: the 16 lanes are one host vector.
#include "shader-isa/interp.h"

#if defined(__x86_64__)
#define LANES_WIDE 16
#define LANES_TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))
#include "shader-isa/lanes.h"
#include "shader-isa/interp_run.inc"

LANES_TARGET enum shader_result interp_run_avx512(struct run *r)
{
    return run_program(r);
}
#else
enum shader_result interp_run_avx512(struct run *r)
{
    return interp_run_plain(r);
}
#endif
