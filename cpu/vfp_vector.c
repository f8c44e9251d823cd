// SPDX-License-Identifier: MIT
//
// VFP short vectors (ARM DDI 0406C appendix D11): with FPSCR.LEN not 0, an operation whose
// destination is outside the first bank runs LEN + 1 times; registers step by STRIDE and wrap inside
// their bank of eight singles or four doubles. A second operand in the first bank is a scalar.
// STRIDE 1 and 2 (UNPREDICTABLE) step by one.
#include "cpu/vfp.h"
#include "cpu/models.h"

void vfp_require_vectors(struct cpu *c)
{
    // MVFR0[27:24] tells; cores without MVFR0 (VFPv2) always have them.
    if (c->model->mvfr0 && !(c->model->mvfr0 >> 24 & 15)) {
        exc_undefined(c);
    }
}

struct steps {
    unsigned count, stride, bank;
};

static struct steps vector_steps(const struct cpu *c, unsigned bank, unsigned rd)
{
    // Doubles D16..D19 are a scalar bank of their own.
    bool scalar = bank == 8 ? rd < 8 : (rd & 12) == 0;
    unsigned len = ((c->fpscr_ctl & FPSCR_LEN) >> 16) + 1;
    unsigned stride = (c->fpscr_ctl & FPSCR_STRIDE) == FPSCR_STRIDE ? 2 : 1;
    return (struct steps){scalar ? 1 : len, stride, bank};
}

static unsigned vector_next(const struct steps *s, unsigned r)
{
    return (r & ~(s->bank - 1)) | ((r + s->stride) & (s->bank - 1));
}

void vfp_vector32(struct cpu *c, const struct insn *i, vfp_op32 *op)
{
    vfp_require_vectors(c);
    struct steps steps = vector_steps(c, 8, i->rd);
    unsigned rd = i->rd, rn = i->rn, rm = i->rm;
    struct fp_env env = vfp_env(c);
    uint32_t *s = vfp_s(c);
    for (unsigned k = 0; k < steps.count; k++) {
        s[rd] = op(&env, s[rd], s[rn], s[rm]);
        rd = vector_next(&steps, rd);
        rn = vector_next(&steps, rn);
        rm = i->rm < 8 ? rm : vector_next(&steps, rm);
    }
    vfp_env_done(c, &env);
}

void vfp_vector64(struct cpu *c, const struct insn *i, vfp_op64 *op)
{
    vfp_require_vectors(c);
    struct steps steps = vector_steps(c, 4, i->rd);
    unsigned rd = i->rd, rn = i->rn, rm = i->rm;
    struct fp_env env = vfp_env(c);
    for (unsigned k = 0; k < steps.count; k++) {
        c->d[rd] = op(&env, c->d[rd], c->d[rn], c->d[rm]);
        rd = vector_next(&steps, rd);
        rn = vector_next(&steps, rn);
        rm = (i->rm & 12) == 0 ? rm : vector_next(&steps, rm);
    }
    vfp_env_done(c, &env);
}
