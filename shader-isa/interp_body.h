// SPDX-License-Identifier: MIT
//
// The interpreter over a decoded program, compiled once for each host vector width (see lanes.h).
// Semantics: a2xx.def for results, docs/facts for the rest. Slots run in order; in one slot both
// operations read before either writes. Total: every path costs a step, addresses are checked.

// Positions are found by byte offsets from a base: the offsets are the decoder's, the base is the
// lanes' structure or a block of four components.
struct vector_io {
    char *d;
    const char *a, *b, *c;
    const int32_t *d_off, *a_off, *b_off, *c_off;
    unsigned mask;
};

struct side_effect {
    uint32_t bits;
    float address[SHADER_LANES];
};

// ---- operations, one function an opcode
// ----------------------------------------------------------

#define EFFECT_OF_NONE(eff, i)
#define EFFECT_OF_PRED(eff, i) e->bits |= collect((eff), i);
#define EFFECT_OF_KILL(eff, i) e->bits |= collect((eff), i);
#define EFFECT_OF_ADDR(eff, i) store(e->address + (i), (eff));

#define LANES_AT(base, k) ((const float *)(const void *)(io->base + io->base##_off[k]))
#define DST_AT(k) ((float *)(void *)(io->d + io->d_off[k]))
#define ALL_SOURCES(i)                                                                             \
    vf ax = load(LANES_AT(a, 0) + (i)), ay = load(LANES_AT(a, 1) + (i)),                           \
       az = load(LANES_AT(a, 2) + (i)), aw = load(LANES_AT(a, 3) + (i)),                           \
       bx = load(LANES_AT(b, 0) + (i)), by = load(LANES_AT(b, 1) + (i)),                           \
       bz = load(LANES_AT(b, 2) + (i)), bw = load(LANES_AT(b, 3) + (i)),                           \
       cx = load(LANES_AT(c, 0) + (i));                                                            \
    (void)ax, (void)ay, (void)az, (void)aw, (void)bx, (void)by, (void)bz, (void)bw, (void)cx

#define SHAPE_OF_MAP(result, effect_code)                                                          \
    for (unsigned k = 0; k < 4; k++) {                                                             \
        if (!(io->mask >> k & 1)) {                                                                \
            continue;                                                                              \
        }                                                                                          \
        float *d = DST_AT(k);                                                                      \
        const float *pa = LANES_AT(a, k), *pb = LANES_AT(b, k), *pc = LANES_AT(c, k);              \
        for (unsigned i = 0; i < SHADER_LANES; i += LANES_WIDE) {                                  \
            vf a = load(pa + i), b = load(pb + i), c = load(pc + i);                               \
            (void)a, (void)b, (void)c;                                                             \
            store(d + i, result);                                                                  \
        }                                                                                          \
    }
#define SHAPE_OF_ALL(result, effect_code)                                                          \
    for (unsigned i = 0; i < SHADER_LANES; i += LANES_WIDE) {                                      \
        ALL_SOURCES(i);                                                                            \
        vf value = result;                                                                         \
        effect_code;                                                                               \
        for (unsigned k = 0; k < 4; k++) {                                                         \
            if (io->mask >> k & 1) {                                                               \
                store(DST_AT(k) + i, value);                                                       \
            }                                                                                      \
        }                                                                                          \
    }
#define SHAPE_OF_QUAD(result, effect_code)                                                         \
    for (unsigned i = 0; i < SHADER_LANES; i += LANES_WIDE) {                                      \
        ALL_SOURCES(i);                                                                            \
        struct quad value = result;                                                                \
        vf q[4] = {value.x, value.y, value.z, value.w};                                            \
        for (unsigned k = 0; k < 4; k++) {                                                         \
            if (io->mask >> k & 1) {                                                               \
                store(DST_AT(k) + i, q[k]);                                                        \
            }                                                                                      \
        }                                                                                          \
    }
// MAP operations with an effect (maxa) compute it in a loop of their own.
#define MAP_EFFECT_NONE(eff)
#define MAP_EFFECT_ADDR(eff)                                                                       \
    for (unsigned i = 0; i < SHADER_LANES; i += LANES_WIDE) {                                      \
        vf aw = load(LANES_AT(a, 3) + i);                                                          \
        store(e->address + i, eff);                                                                \
    }
#define ALL_EFFECT_NONE(eff)
#define ALL_EFFECT_PRED(eff)
#define ALL_EFFECT_KILL(eff)
#define QUAD_EFFECT_NONE(eff)

#define ALU_VECTOR(number, xna, adreno, operands, m1, m2, m3, shape, effect, profiles, result,     \
                   eff, glsl, glsl_eff, doc)                                                       \
    static LANES_TARGET void vector_##number(const struct vector_io *io, struct side_effect *e)    \
    {                                                                                              \
        (void)e;                                                                                   \
        shape##_EFFECT_##effect(eff);                                                              \
        SHAPE_OF_##shape(result, EFFECT_OF_##effect(eff, i))                                       \
    }
#include "shader-isa/a2xx.def"

static LANES_TARGET void vector_mov(const struct vector_io *io, struct side_effect *e)
{
    (void)e;
    SHAPE_OF_MAP(a, )
}

#define ALU_SCALAR(number, xna, adreno, operands, reads_ps, effect, profiles, result, eff, glsl,   \
                   glsl_eff, doc)                                                                  \
    static LANES_TARGET void scalar_##number(float *d, const float *pa, const float *pb,           \
                                             const float *pps, struct side_effect *e)              \
    {                                                                                              \
        (void)e;                                                                                   \
        for (unsigned i = 0; i < SHADER_LANES; i += LANES_WIDE) {                                  \
            vf a = load(pa + i), b = load(pb + i), ps = load(pps + i);                             \
            (void)a, (void)b, (void)ps;                                                            \
            EFFECT_OF_##effect(eff, i);                                                            \
            store(d + i, result);                                                                  \
        }                                                                                          \
    }
#include "shader-isa/a2xx.def"

typedef void vector_fn(const struct vector_io *io, struct side_effect *e);
typedef void scalar_fn(float *d, const float *a, const float *b, const float *ps,
                       struct side_effect *e);

static vector_fn *const vector_fns[32] = {
#define ALU_VECTOR(number, xna, adreno, operands, m1, m2, m3, shape, effect, profiles, result,     \
                   eff, glsl, glsl_eff, doc)                                                       \
    [number] = vector_##number,
#include "shader-isa/a2xx.def"
    [VOP_MOV] = vector_mov,
};
static scalar_fn *const scalar_fns[64] = {
#define ALU_SCALAR(number, xna, adreno, operands, reads_ps, effect, profiles, result, eff, glsl,   \
                   glsl_eff, doc)                                                                  \
    [number] = scalar_##number,
#include "shader-isa/a2xx.def"
};

// ---- operands
// ------------------------------------------------------------------------------------

static int loop_address(const struct run *r)
{
    return r->al < -256 ? -256 : r->al > 256 ? 256 : r->al;
}

static const float *constant(const struct run *r, int index)
{
    static const float outside[4];
    return index >= 0 && (unsigned)index < r->env->alu_count ? r->env->alu[index] : outside;
}

static float signed_value(float f, unsigned sign)
{
    uint32_t v;
    memcpy(&v, &f, 4);
    v = (v & (sign & 1 ? 0x7fffffff : 0xffffffff)) ^ (sign & 2 ? 0x80000000 : 0);
    memcpy(&f, &v, 4);
    return f;
}

static LANES_TARGET void broadcast(float *buf, float f)
{
    vf v = splat(f);
    for (unsigned i = 0; i < SHADER_LANES; i += LANES_WIDE) {
        store(buf + i, v);
    }
}

// Builds an operand that is no unmodified temporary in buf, by component. Returns buf.
static LANES_TARGET const char *build_operand(struct run *r, const struct operand *o,
                                              float buf[4][SHADER_LANES])
{
    int index = o->index;
    const float *c = NULL;
    switch (o->kind) {
    case FROM_CONST_AL:
        index += loop_address(r);
        // fallthrough
    case FROM_CONST:
        c = constant(r, index);
        break;
    case FROM_CONST_A0:
        for (unsigned k = 0; k < 4; k++) {
            for (unsigned i = 0; i < SHADER_LANES && (o->comps >> k & 1); i++) {
                buf[k][i] = signed_value(constant(r, index + r->a0[i])[k], o->sign);
            }
        }
        return (const char *)buf;
    case FROM_TEMP_AL:
        index += loop_address(r);
        if (index < 0 || index >= SHADER_TEMPS) {
            c = constant(r, -1);
        }
        break;
    default:
        break;
    }
    if (c) {
        for (unsigned k = 0; k < 4; k++) {
            if (o->comps >> k & 1) {
                broadcast(buf[k], signed_value(c[k], o->sign));
            }
        }
        return (const char *)buf;
    }
    int32_t keep = o->sign & 1 ? 0x7fffffff : -1, flip = o->sign & 2 ? INT32_MIN : 0;
    for (unsigned k = 0; k < 4; k++) {
        const float *p = r->l->r[index][k];
        for (unsigned i = 0; i < SHADER_LANES && (o->comps >> k & 1); i += LANES_WIDE) {
            store(buf[k] + i, (vf)(((vi)load(p + i) & keep) ^ flip));
        }
    }
    return (const char *)buf;
}

// ---- results
// -------------------------------------------------------------------------------------

// Where an export register's components go; marks it as exported. `sink` for what does not exist.
static float (*export_target(struct run *r, const struct alu_op *o, uint32_t on))[SHADER_LANES]
{
    unsigned n = o->vdst;
    bool vs = r->sh->stage == SHADER_VERTEX;
    if (n < (vs ? 16u : 4u)) {
        r->l->exported |= 1u << n;
        return r->l->out[n];
    }
    if (vs && n == EXPORT_POSITION) {
        r->l->exported |= 1u << 30;
        return r->l->position;
    }
    if (vs && n == EXPORT_MISC) {
        r->l->exported |= 1u << 31;
        return r->l->misc;
    }
    if (!vs && n == EXPORT_DEPTH) {
        r->l->exported |= 1u << 29;
        return r->depth;
    }
    if (n >= EXPORT_EA && n <= EXPORT_EM4) {
        r->em_lanes[n - EXPORT_EA] |= on;
        return r->em[n - EXPORT_EA];
    }
    return r->sink;
}

static float (*temp_target(struct run *r, unsigned index, bool rel))[SHADER_LANES]
{
    int i = (int)index + (rel ? loop_address(r) : 0);
    return i >= 0 && i < SHADER_TEMPS ? r->l->r[i] : r->sink;
}

// Stores lanes with clamp, lane mask and (for exports) denormals flushed.
static LANES_TARGET void put(float *d, const float *s, bool clamp, bool flush, bool all,
                             uint32_t on)
{
    for (unsigned i = 0; i < SHADER_LANES; i += LANES_WIDE) {
        vf v = load(s + i);
        if (clamp) {
            v = saturate(v);
        }
        if (flush) {
            vi tiny = ((vi)v & 0x7f800000) == 0;
            v = (vf)((vi)v & (~tiny | (int32_t)0x80000000));
        }
        store(d + i, all ? v : sel(expand(on, i), v, load(d + i)));
    }
}

static void set_address(struct run *r, const float *v, uint32_t on)
{
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        if (on >> i & 1) {
            float f = v[i] >= -256.0f ? v[i] : -256.0f; // NaN too
            r->a0[i] = (int16_t)(f <= 255.0f ? f : 255.0f);
        }
    }
}

static void apply_effect(struct run *r, unsigned effect, const struct side_effect *e, uint32_t on)
{
    switch ((enum alu_effect)effect) {
    case EFFECT_NONE:
        break;
    case EFFECT_PRED:
        r->p0 = (r->p0 & ~on) | (e->bits & on);
        break;
    case EFFECT_KILL:
        if (r->sh->stage == SHADER_PIXEL) {
            r->l->killed |= e->bits & on;
        }
        break;
    case EFFECT_ADDR:
        set_address(r, e->address, on);
        break;
    }
}

// ---- slots
// ---------------------------------------------------------------------------------------

LANE_FN void run_vector(struct run *r, const struct alu_op *o, char *d, const int32_t *d_off,
                        struct side_effect *e)
{
    const char *lanes = (const char *)r->l;
    struct vector_io io = {d,
                           lanes,
                           lanes,
                           lanes,
                           d_off,
                           o->src[0].off,
                           o->src[1].off,
                           o->src[2].off,
                           o->writes.vector};
    if (!o->src[0].plain) {
        io.a = build_operand(r, &o->src[0], r->buf[0]);
    }
    if (!o->src[1].plain) {
        io.b = build_operand(r, &o->src[1], r->buf[1]);
    }
    if (!o->src[2].plain) {
        io.c = build_operand(r, &o->src[2], r->buf[2]);
    }
    vector_fns[o->vop](&io, e);
}

LANE_FN void run_scalar(struct run *r, const struct alu_op *o, float *result, struct side_effect *e)
{
    const char *a = (const char *)r->l, *b = a;
    if (!o->sa.plain) {
        a = build_operand(r, &o->sa, r->buf[0]);
    }
    if (!o->sb.plain) {
        b = build_operand(r, &o->sb, r->buf[1]);
    }
    scalar_fns[o->sop](result, (const float *)(const void *)(a + o->sa.off[0]),
                       (const float *)(const void *)(b + o->sb.off[0]), r->ps, e);
}

// Everything that a slot can do; `on` are the lanes that run it.
static LANES_TARGET void run_alu_long(struct run *r, const struct alu_op *o, uint32_t on)
{
    static const int32_t block[4] = {0, 4 * SHADER_LANES, 8 * SHADER_LANES, 12 * SHADER_LANES};
    bool all = on == r->active;
    struct side_effect ve, se;
    float scalar[SHADER_LANES], result[4][SHADER_LANES];
    ve.bits = se.bits = 0;
    r->illegal |= o->illegal;
    if (o->sop != SOP_NONE) {
        run_scalar(r, o, scalar, &se);
    }
    float(*target)[SHADER_LANES] =
        o->is_export ? export_target(r, o, on) : temp_target(r, o->vdst, o->vdst_rel);
    if (o->vop != VOP_NONE && o->direct && all) {
        run_vector(r, o, (char *)r->l, o->dst_off, &ve);
    } else if (o->vop != VOP_NONE) {
        run_vector(r, o, (char *)result, block, &ve);
        for (unsigned k = 0; k < 4; k++) {
            if (o->writes.vector >> k & 1) {
                put(target[k], result[k], o->vclamp, o->is_export, all, on);
            }
        }
    }
    if (o->writes.scalar && o->sop != SOP_NONE) {
        float(*starget)[SHADER_LANES] =
            o->is_export ? target : temp_target(r, o->sdst, o->sdst_rel);
        for (unsigned k = 0; k < 4; k++) {
            if (o->writes.scalar >> k & 1) {
                put(starget[k], scalar, o->sclamp, o->is_export, all, on);
            }
        }
    }
    for (unsigned k = 0; k < 4; k++) {
        if ((o->writes.one | o->writes.zero) >> k & 1) {
            float value[SHADER_LANES];
            broadcast(value, o->writes.one >> k & 1 ? 1.0f : 0.0f);
            put(target[k], value, false, false, all, on);
        }
    }
    if (o->vop < VOP_MOV) {
        apply_effect(r, isa_vector[o->vop].effect, &ve, on);
    }
    if (o->sop != SOP_NONE) {
        if (r->sh->reads_ps && o->sop != OP_RETAIN_PREV) {
            put(r->ps, scalar, false, false, all, on);
        }
        apply_effect(r, isa_scalar[o->sop].effect, &se, on);
    }
}

LANE_FN void run_alu(struct run *r, const struct alu_op *o)
{
    uint32_t on = r->active;
    if (o->predicated) {
        on &= o->condition ? r->p0 : ~r->p0;
        if (!on) {
            return;
        }
    }
    if (o->simple && on == r->active) {
        run_vector(r, o, (char *)r->l, o->dst_off, NULL);
    } else {
        run_alu_long(r, o, on);
    }
}

static LANES_TARGET void put_fetched(struct run *r, const struct fetch_op *o,
                                     float v[4][SHADER_LANES], uint32_t on)
{
    float(*target)[SHADER_LANES] = temp_target(r, o->dst, o->dst_rel);
    for (unsigned k = 0; k < 4; k++) {
        float value[SHADER_LANES];
        const float *s = value;
        switch (o->dst_swiz[k]) {
        case 7:
            continue;
        case 5:
            broadcast(value, 1.0f);
            break;
        case 4:
        case 6: // no meaning is known for 6
            broadcast(value, 0.0f);
            break;
        default:
            s = v[o->dst_swiz[k] & 3];
            break;
        }
        put(target[k], s, false, false, on == r->active, on);
    }
}

// Differences of the quad: xz across, yw down; the same for its four lanes.
static void quad_gradients(const struct run *r, float (*src)[SHADER_LANES], const uint8_t comp[3],
                           float v[4][SHADER_LANES])
{
    bool quads = r->sh->stage == SHADER_PIXEL;
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        unsigned q = i & ~3u;
        for (unsigned k = 0; k < 2; k++) {
            const float *s = src[comp[k]];
            v[2 * k][i] = quads ? s[q + 1] - s[q] : 0.0f;
            v[2 * k + 1][i] = quads ? s[q + 2] - s[q] : 0.0f;
        }
    }
}

static LANES_TARGET void fetch_vertex(struct run *r, const struct fetch_op *o,
                                      float (*src)[SHADER_LANES], uint32_t on)
{
    const struct shader_vfetch *f = &r->sh->vfetch[o->n];
    float v[4][SHADER_LANES] = {{0}};
    if (!f->mini) {
        vf bias = splat(f->index_round ? 0.5f : 0.0f);
        for (unsigned i = 0; i < SHADER_LANES; i += LANES_WIDE) {
            store(r->index + i, floor_of(load(src[o->src_comp[0]] + i) + bias));
        }
    }
    if (r->env->ops && r->env->ops->vfetch) {
        r->env->ops->vfetch(r->env, f, r->l->count, on, r->index, v);
    }
    put_fetched(r, o, v, on);
}

static LANES_TARGET void fetch_texture(struct run *r, const struct fetch_op *o,
                                       float (*src)[SHADER_LANES], uint32_t on)
{
    float coord[3][SHADER_LANES], v[4][SHADER_LANES] = {{0}};
    for (unsigned k = 0; k < 3; k++) {
        memcpy(coord[k], src[o->src_comp[k]], sizeof coord[k]);
    }
    if (r->env->ops && r->env->ops->tfetch) {
        r->env->ops->tfetch(r->env, &r->sh->tfetch[o->n], r->l->count, on,
                            (const float(*)[SHADER_LANES])coord, r->lod,
                            (const float(*)[SHADER_LANES])r->grad_h,
                            (const float(*)[SHADER_LANES])r->grad_v, v);
    }
    put_fetched(r, o, v, on);
}

static LANES_TARGET void run_fetch(struct run *r, const struct fetch_op *o)
{
    uint32_t on = r->active;
    if (o->predicated) {
        on &= o->condition ? r->p0 : ~r->p0;
    }
    if (!on) {
        return;
    }
    bool all = on == r->active;
    int index = o->src + (o->src_rel ? loop_address(r) : 0);
    float zeros[4][SHADER_LANES];
    float(*src)[SHADER_LANES] = zeros;
    if (index >= 0 && index < SHADER_TEMPS) {
        src = r->l->r[index];
    } else {
        memset(zeros, 0, sizeof zeros);
    }
    float v[4][SHADER_LANES];
    switch ((enum fetch_kind)o->kind) {
    case DO_ILLEGAL:
        r->illegal = true;
        break;
    case DO_VFETCH:
        fetch_vertex(r, o, src, on);
        break;
    case DO_TFETCH:
        fetch_texture(r, o, src, on);
        break;
    case DO_GRADIENTS:
        quad_gradients(r, src, o->src_comp, v);
        put_fetched(r, o, v, on);
        break;
    case DO_SET_LOD:
        put(r->lod, src[o->src_comp[0]], false, false, all, on);
        break;
    case DO_SET_GRAD_H:
    case DO_SET_GRAD_V:
        for (unsigned k = 0; k < 3; k++) {
            put(o->kind == DO_SET_GRAD_H ? r->grad_h[k] : r->grad_v[k], src[o->src_comp[k]], false,
                false, all, on);
        }
        break;
    }
}

// ---- control flow
// --------------------------------------------------------------------------------

// Ends a memory export burst: lanes that wrote an address give their data away.
static void flush_memexport(struct run *r)
{
    for (unsigned n = 1; n < 6; n++) {
        uint32_t on = r->em_lanes[n] & r->em_lanes[0];
        r->em_lanes[n] = 0;
        for (unsigned i = 0; i < SHADER_LANES && on >> i; i++) {
            if ((on >> i & 1) && r->env->ops && r->env->ops->memexport) {
                float ea[4], data[4];
                for (unsigned k = 0; k < 4; k++) {
                    ea[k] = r->em[0][k][i];
                    data[k] = r->em[n][k][i];
                }
                r->env->ops->memexport(r->env, i, ea, n - 1, data);
            }
        }
    }
    r->em_lanes[0] = 0;
}

static bool any_lane(const struct run *r, bool value)
{
    return r->active & (value ? r->p0 : ~r->p0);
}

static bool taken(const struct run *r, const struct cf_op *c)
{
    switch ((enum cf_condition)c->cond) {
    case COND_NONE:
    case COND_JUMP: // resolved by the decoder
        return true;
    case COND_BOOL:
        return c->condition ==
               (r->env->bools ? r->env->bools[c->index / 32] >> c->index % 32 & 1 : 0);
    case COND_PRED:
        // A forward jump skips what the other lanes may need: all must agree. Everything else runs
        // when any lane wants it.
        return c->op == CF_JUMP && !c->backward ? !any_lane(r, !c->condition)
                                                : any_lane(r, c->condition);
    }
    return true;
}

static bool start_loop(struct run *r, const struct cf_op *c)
{
    uint32_t k = r->env->loops ? r->env->loops[c->index] : 0;
    if (r->loops == SHADER_DEPTH) {
        r->illegal = true;
        return false;
    }
    unsigned d = r->loops;
    if (!c->repeat) {
        r->loop[d].al = (int)(k >> 8 & 0xff);
    }
    r->loop[d].step = (int8_t)(k >> 16);
    r->loop[d].count = k & 0xff;
    r->loop[d].iteration = 0;
    if (!r->loop[d].count) {
        return false;
    }
    r->loops++;
    r->al = r->loop[d].al;
    return true;
}

static bool loop_again(struct run *r, const struct cf_op *c)
{
    if (!r->loops) {
        return false;
    }
    unsigned d = r->loops - 1;
    r->loop[d].al += r->loop[d].step;
    r->loop[d].iteration++;
    bool leave =
        r->loop[d].iteration >= r->loop[d].count || (c->pred_break && !any_lane(r, !c->condition));
    if (leave) {
        r->loops--;
        r->al = r->loops ? r->loop[r->loops - 1].al : r->loop[d].al;
        return false;
    }
    r->al = r->loop[d].al;
    return true;
}

static LANES_TARGET void run_exec(struct run *r, const struct cf_op *c)
{
    const struct shader *sh = r->sh;
    for (unsigned k = 0; k < c->count; k++) {
        unsigned slot = c->address + k;
        if (slot >= sh->slots) {
            r->illegal = true;
            return;
        }
        if (shader_slot_is_fetch(c->sequence, k)) {
            run_fetch(r, &sh->fetch[slot]);
        } else {
            run_alu(r, &sh->alu[slot]);
        }
    }
    r->steps += c->count;
}

static LANES_TARGET enum shader_result run_program(struct run *r)
{
    const struct shader *sh = r->sh;
    unsigned pc = 0;
    bool timeout = false;
    for (;;) {
        if (pc >= sh->cf_count) {
            r->illegal = true; // ran off the end
            break;
        }
        if (r->steps++ >= r->max_steps) {
            timeout = true;
            break;
        }
        const struct cf_op *c = &sh->cf[pc++];
        bool go = taken(r, c);
        switch (c->op) {
        case CF_LOOP_START:
            pc = start_loop(r, c) ? pc : c->address;
            break;
        case CF_LOOP_END:
            pc = loop_again(r, c) ? c->address : pc;
            break;
        case CF_CALL:
            if (go && r->calls == SHADER_DEPTH) {
                r->illegal = true;
            } else if (go) {
                r->ret[r->calls++] = (uint16_t)pc;
                pc = c->address;
            }
            break;
        case CF_RETURN:
            pc = r->calls ? r->ret[--r->calls] : pc;
            break;
        case CF_JUMP:
            pc = go ? c->address : pc;
            break;
        case CF_ALLOC:
            if (sh->info.memexport) {
                flush_memexport(r);
            }
            break;
        default:
            if (isa_cf_is_exec(c->op) && go) {
                run_exec(r, c);
            }
            break;
        }
        if (c->ends && go) {
            break;
        }
    }
    if (sh->info.memexport) {
        flush_memexport(r);
    }
    return timeout ? SHADER_TIMEOUT : r->illegal ? SHADER_ILLEGAL : SHADER_OK;
}
