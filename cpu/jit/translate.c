// SPDX-License-Identifier: MIT
//
// One block of guest instructions to x86-64. A block starts at a slot of the current code page, runs
// over conditional branches, and ends at an unconditional one, at the page's end, or at a limit. The
// decoded slots say what to do (ops.h); what is not known here calls the interpreter's own body. Guest
// registers live in host registers throughout (jit_int.h). What each kind of instruction becomes is in
// the files beside this one; here is which instructions a block has and in what order things happen.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/jit/vec.h"
#include "cpu/models.h"

// ---- decoding and liveness -------------------------------------------------------------------------

static enum inlined known_exec(const struct tr *t, const struct insn *i)
{
    exec_fn *e = i->body.exec;
    bool v5t = ISA_HAS(t->c->features, V5T);
    if (e == exec_ldm_generic) {
        return i->imm & 0x8000 && v5t ? IN_LDM_PC : IN_CALL;
    }
    if (e == exec_ldst_generic) {
        bool load = (i->rs & LSG_KIND) < MO_STR;
        return i->rs & LSG_USER || i->rm == 15 || (i->rd == 15 && (!load || !v5t)) ? IN_CALL : IN_LDST;
    }
    if (e == exec_ldrd || e == exec_strd) {
        return t->c->model->arch < 6 ? IN_CALL : e == exec_ldrd ? IN_LDRD : IN_STRD;
    }
    if (e == exec_CLZ) {
        return IN_CLZ;
    }
    if (e == exec_REV) {
        return IN_REV;
    }
    if (e == exec_UXTB || e == exec_UXTH || e == exec_SXTB || e == exec_SXTH) {
        return IN_EXT;
    }
    return IN_CALL;
}

static bool never_falls(const struct insn *i)
{
    exec_fn *e = i->body.exec;
    return e == exec_SVC || e == exec_SUBS_PC_LR || e == exec_RFE || e == exec_TBB ||
           e == exec_TBH || e == exec_ldm_exc || (e == exec_ldm_generic && i->imm & 0x8000) ||
           (e == exec_ldst_generic && i->rd == 15 && (i->rs & LSG_KIND) < MO_STR) ||
           e == exec_BKPT || e == exec_WFI;
}

static uint16_t registers_set(const struct step *s)
{
    const struct insn *i = s->i;
    // vector rows keep D and Q numbers here: masked, and asked for in vfp.c only
    unsigned rd = 1u << (i->rd & 31), rn = 1u << (i->rn & 31);
    switch ((enum op_group)s->d.group) {
    case OPG_PLAIN:
        switch ((enum inlined)s->inlined) {
        case IN_LDST:
        case IN_STRD:
            return (uint16_t)(rd | rn);
        case IN_LDRD:
            return (uint16_t)(rd | rn | 1u << i->rm);
        case IN_LDM_PC:
            return (uint16_t)(i->imm | rn);
        case IN_CLZ:
        case IN_REV:
        case IN_EXT:
            return (uint16_t)rd;
        case IN_VFP:
        case IN_NEON:
        case IN_NEON_MEM:
            return tr_vec_sets(i, s->v);
        case IN_SMALL:
            return tr_small_sets(i, (enum small_op)s->small);
        default:
            return 0xffff;
        }
    case OPG_NOP:
        return 0;
    case OPG_DP:
        return (uint16_t)(s->d.op < DP_TST ? rd : 0);
    case OPG_LOAD:
        return (uint16_t)(rd | (s->d.form == MF_PRE || s->d.form == MF_POST ? rn : 0));
    case OPG_STORE:
        return (uint16_t)(s->d.form == MF_PRE || s->d.form == MF_POST ? rn : 0);
    case OPG_LDM:
        return (uint16_t)(i->imm | (i->rs ? rn : 0));
    case OPG_STM:
        return (uint16_t)(i->rs ? rn : 0);
    case OPG_BRANCH:
        return s->d.op == BR_BL_NEAR || s->d.op == BR_BL_FAR || s->d.op == BR_BLX_REG ||
                       s->d.op == BR_BLX_FAR
                   ? 1u << 14
                   : 0;
    case OPG_MUL:
        return (uint16_t)(rd | (s->d.op >= MU_UMULL ? 1u << i->rs : 0));
    case OPG_ADR:
    case OPG_MOVT:
    case OPG_EXT:
    case OPG_BFX:
        return (uint16_t)rd;
    }
    return 0xffff;
}

// Fills t->s[n]; false when the instruction must not be in a block.
static bool describe(struct tr *t, struct step *s, const struct insn *i)
{
    unsigned cond;
    *s = (struct step){.i = i};
    bool plain = insn_is_plain(i, &cond);
    s->cond = (uint8_t)cond;
    if (plain && t->j->vec[i->row]) {
        s->d.group = OPG_PLAIN;
        s->v = t->j->vec[i->row];
        s->inlined = s->v->kind <= VK_LAST_VFP ? IN_VFP : s->v->kind <= VK_LD_ALL ? IN_NEON_MEM : IN_NEON;
        s->writes = s->v->kind == VK_VMRS_FLAGS ? F_ALL : 0;
    } else if (plain) {
        s->d.group = OPG_PLAIN;
        s->inlined = (uint8_t)known_exec(t, i);
        s->small = s->inlined == IN_CALL ? (uint8_t)tr_small_op(t, i) : 0;
        s->inlined = s->small ? IN_SMALL : s->inlined;
        s->last = cond == 14 && (never_falls(i) || tr_small_branches(i, (enum small_op)s->small));
    } else {
        s->d = jit_describe(t->j, i->body.op);
        if (i->fn == op_undefined || i->body.op == op_undefined) {
            s->d.group = OPG_PLAIN;
            s->inlined = IN_UNDEF;
            s->last = cond == 14;
        } else if (s->d.group == OPG_PLAIN) {
            return false;
        }
    }
    s->reads = tr_cond_reads(cond);
    s->sets = registers_set(s);
    switch ((enum op_group)s->d.group) {
    case OPG_DP: {
        bool reg_shift = s->d.form >= DP_RLSL;
        if (s->d.op == DP_ADC || s->d.op == DP_SBC || s->d.op == DP_RSC || s->d.form == DP_RRX) {
            s->reads |= F_C;
        }
        if (s->d.s && tr_dp_is_logic(s->d.op)) {
            s->writes = F_NZ | (s->d.form == DP_IMM || s->d.form == DP_REG ? 0 : F_C);
            s->reads |= reg_shift ? F_C : 0;
        } else if (s->d.s) {
            s->writes = F_ALL;
        }
        break;
    }
    case OPG_MUL:
        s->writes = s->d.s ? F_NZ : 0;
        break;
    case OPG_BRANCH:
        s->leaves = true;
        if (s->d.op == BR_NEAR && s->d.form < 14) {
            s->reads |= tr_cond_reads(s->d.form);
            s->last = false;
        } else {
            s->last = cond == 14 && s->d.op < BR_CBZ_NEAR;
        }
        break;
    case OPG_PLAIN:
        s->leaves = s->inlined != IN_CLZ && s->inlined != IN_REV && s->inlined != IN_EXT &&
                    (s->inlined != IN_SMALL || tr_small_branches(i, (enum small_op)s->small));
        break;
    case OPG_LOAD:
    case OPG_STORE:
    case OPG_LDM:
    case OPG_STM:
        s->leaves = true;
        break;
    default:
        break;
    }
    return true;
}

static void decode_block(struct tr *t, const struct insn *start)
{
    struct cpu *c = t->c;
    struct insn *slots = t->page->slots[t->thumb];
    unsigned k = (unsigned)(start - slots), slots_end = t->thumb ? T_SLOTS : A32_SLOTS;
    bool branched = false;
    t->first = start->off2 * 2u;
    t->end = END_NEXT;
    while (t->count < JIT_BLOCK_INSNS) {
        if (k >= slots_end) {
            t->end = END_PAGE;
            break;
        }
        if (branched && t->page->entry[t->thumb][slots[k].off2]) {
            break; // the rest exists
        }
        if (slots[k].fn == op_decode && code_decode(c, &slots[k]) != &slots[k]) {
            t->end = END_STEP;
            break;
        }
        struct step *s = &t->s[t->count];
        if (!describe(t, s, &slots[k])) {
            t->end = END_STEP;
            break;
        }
        t->count++;
        branched |= s->d.group == OPG_BRANCH;
        k += t->thumb && slots[k].wide ? 2 : 1;
        if (s->last) {
            t->end = END_NONE;
            break;
        }
    }
    if (t->end == END_NEXT && k >= slots_end) {
        t->end = END_PAGE;
    }
    t->end_off = k << (t->thumb ? 1 : 2);
    uint8_t live = F_ALL;
    for (unsigned n = t->count; n--;) {
        struct step *s = &t->s[n];
        s->live = live;
        if (s->cond == 14 && !(s->d.group == OPG_DP && s->d.form >= DP_RLSL)) {
            live &= (uint8_t)~s->writes;
        } else if (s->cond == 14) {
            live &= (uint8_t)~(s->writes & ~F_C);
        }
        live |= s->reads;
        if (s->leaves) {
            live = F_ALL;
        }
    }
}

// ---- the block -----------------------------------------------------------------------------------------------

static void plain(struct tr *t, const struct step *s, unsigned n)
{
    const struct insn *i = s->i;
    struct x86 *x = &t->x;
    switch ((enum inlined)s->inlined) {
    case IN_LDM_PC:
        tr_multiple(t, s, n, false, JIT_FN_EXEC);
        break;
    case IN_LDST:
        tr_ldst_generic(t, s, n);
        break;
    case IN_LDRD:
    case IN_STRD:
        tr_dual(t, s, n, s->inlined == IN_STRD);
        break;
    case IN_CLZ:
        x_lzcnt(x, RAX, tr_src(t, i->rm, RAX));
        tr_put(t, i->rd, RAX);
        break;
    case IN_REV:
        tr_into(t, RAX, i->rm);
        x_bswap(x, RAX);
        tr_put(t, i->rd, RAX);
        break;
    case IN_EXT: {
        exec_fn *e = i->body.exec;
        tr_extend(t, i, e == exec_SXTB ? EX_SXTB : e == exec_SXTH ? EX_SXTH
                     : e == exec_UXTB ? EX_UXTB : EX_UXTH);
        break;
    }
    case IN_VFP:
        tr_vfp(t, s, n);
        break;
    case IN_NEON:
        tr_neon(t, s, n);
        break;
    case IN_NEON_MEM:
        tr_neon_mem(t, s, n);
        break;
    case IN_SMALL:
        tr_small(t, s, n);
        break;
    case IN_UNDEF:
        tr_call_insn(t, JIT_FN_UNDEF, i, n, 0);
        break;
    default:
        tr_call_insn(t, JIT_FN_EXEC, i, n, 0);
        t->fp_known = 0;
        break;
    }
}

// Stores pending flags that could not be had any more once `s` has run, or that it reads from memory.
// True when the host's flags became those of the pending operation.
static bool before(struct tr *t, const struct step *s, enum host_flags hf)
{
    struct pend *p = &t->pend;
    bool call = s->d.group == OPG_PLAIN && s->sets == 0xffff;
    bool to_pc = s->d.group == OPG_PLAIN &&
                 (s->inlined == IN_LDM_PC || (s->inlined == IN_LDST && s->i->rd == 15) ||
                  (s->inlined == IN_SMALL && tr_small_branches(s->i, (enum small_op)s->small)));
    bool lost = (p->a < 16 && s->sets >> p->a & 1) || (p->b < 16 && s->sets >> p->b & 1);
    bool maybe = s->writes && s->cond < 14;
    uint8_t need = 0;
    t->lost = false;
    if (!p->kind) {
        return false;
    }
    if (call || to_pc || maybe) {
        need = F_ALL;
    } else if (s->writes && s->writes != F_ALL) {
        need = (uint8_t)~s->writes & s->live;
    } else if (lost) {
        uint8_t still = s->leaves ? F_ALL : s->live & (uint8_t)~s->writes;
        if (still & p->dirty) {
            tr_stash(t, s->sets);
            lost = false;
        }
    }
    // Carry in comes from memory, unless the host still has it.
    if (s->d.group == OPG_DP && s->reads & F_C &&
        (s->cond < 14 || s->d.form > DP_REG || (hf != HF_ADD && hf != HF_SUB))) {
        need |= F_C;
    }
    if (s->d.group == OPG_PLAIN && s->inlined == IN_LDST) {
        need |= F_C; // an offset with RRX
    }
    bool settled = need & p->dirty;
    tr_settle(t, need);
    t->lost = lost || call || to_pc || maybe;
    return settled;
}

// A conditional MOV or MVN of a constant or register, or ADD or SUB of a constant, without a branch:
// which way a condition goes is often as good as random where compilers choose these. The host's
// flags stay.
static bool select_value(struct tr *t, const struct step *s, enum host_flags hf)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned op = s->d.op;
    bool imm = s->d.form == DP_IMM || s->d.form == DP_IMMC;
    bool mov = op == DP_MOV && (imm || s->d.form == DP_REG);
    bool add = (op == DP_ADD || op == DP_SUB) && imm;
    if (s->d.group != OPG_DP || s->d.s || !(mov || add || (op == DP_MVN && imm))) {
        return false;
    }
    enum x86_cc cc = tr_test_cond(t, s->cond, hf);
    unsigned from = RDX;
    if (add) {
        x_lea(x, RDX, tr_src(t, i->rn, RDX), (int32_t)(op == DP_ADD ? i->imm : 0u - i->imm));
    } else if (imm) {
        x_mov_i(x, RDX, op == DP_MOV ? i->imm : ~i->imm);
    } else {
        from = tr_src(t, i->rm, RDX);
    }
    if (jit_host[i->rd] != NO_REG) {
        x_cmov(x, cc, jit_host[i->rd], from);
    } else {
        x_load(x, RAX, RBP, REG(i->rd));
        x_cmov(x, cc, RAX, from);
        x_store(x, RBP, REG(i->rd), RAX);
    }
    if (t->lost) {
        t->pend = (struct pend){0};
    }
    return true;
}

static void body(struct tr *t, unsigned n, enum host_flags hf)
{
    const struct step *s = &t->s[n];
    const struct insn *i = s->i;
    switch ((enum op_group)s->d.group) {
    case OPG_PLAIN:
        plain(t, s, n);
        break;
    case OPG_NOP:
        break;
    case OPG_DP:
        tr_dp(t, s, s->cond < 14 ? HF_NONE : hf);
        break;
    case OPG_ADR:
        tr_page_plus(t, RAX, (tr_pc_off(t, i) & ~3u) + i->imm);
        tr_put(t, i->rd, RAX);
        break;
    case OPG_MOVT:
        tr_into(t, RAX, i->rd);
        x_extend(&t->x, W16U, RAX, RAX);
        x_alu_i(&t->x, X_OR, RAX, i->imm);
        tr_put(t, i->rd, RAX);
        break;
    case OPG_LOAD:
    case OPG_STORE:
        tr_ldst(t, s, n);
        break;
    case OPG_LDM:
        tr_multiple(t, s, n, false, JIT_FN_LDM);
        break;
    case OPG_STM:
        tr_multiple(t, s, n, true, JIT_FN_STM);
        break;
    case OPG_BRANCH:
        tr_branch(t, s, n, hf);
        break;
    case OPG_MUL:
        tr_mul(t, s);
        break;
    case OPG_EXT:
        tr_extend(t, i, (enum ext_op)s->d.op);
        break;
    case OPG_BFX:
        tr_bfx(t, s);
        break;
    }
}

// Instructions that can share one test of their condition: none changes flags.
static bool groupable(const struct step *s)
{
    return s->cond < 14 && !s->writes && s->d.group != OPG_BRANCH && s->d.group != OPG_NOP &&
           !(s->d.group == OPG_PLAIN && s->sets == 0xffff);
}

// Emits instruction n and those that share its condition; returns how many.
static unsigned emit(struct tr *t, unsigned n)
{
    const struct step *s = &t->s[n];
    enum host_flags hf = t->hf;
    unsigned group = 1;
    if (s->d.group == OPG_NOP) {
        return 1;
    }
    t->hf = HF_NONE;
    if (before(t, s, hf)) {
        hf = t->hf;
        t->hf = HF_NONE;
    }
    if (s->cond == 14) {
        if (t->lost) {
            t->pend = (struct pend){0};
        }
        body(t, n, hf);
        return 1;
    }
    if (select_value(t, s, hf)) {
        return 1;
    }
    bool lost = t->lost;
    uint8_t fp_known = t->fp_known;
    while (n + group < t->count && groupable(s) && groupable(&t->s[n + group]) &&
           t->s[n + group].cond == s->cond) {
        // What any of them needs stored is stored before the test.
        if (before(t, &t->s[n + group], hf)) {
            hf = t->hf;
        }
        lost |= t->lost;
        group++;
    }
    uint8_t *skip = x_jcc(&t->x, (enum x86_cc)(tr_test_cond(t, s->cond, hf) ^ 1));
    t->hf = HF_NONE;
    if (lost) { // not earlier: the condition may have needed it
        t->pend = (struct pend){0};
    }
    for (unsigned k = 0; k < group; k++) {
        body(t, n + k, HF_NONE);
    }
    x_fix(skip, t->x.at);
    t->hf = HF_NONE;
    t->fp_known &= fp_known;
    return group;
}

static void finish(struct tr *t)
{
    tr_settle(t, F_ALL);
    switch (t->end) {
    case END_NONE:
    case END_STEP:
        tr_spend(t, t->count);
        tr_cold_exit(t, x_jmp(&t->x), JIT_STEP, t->end_off, false);
        break;
    case END_NEXT:
        tr_spend(t, t->count);
        tr_go_near(t, t->end_off);
        break;
    case END_PAGE:
        if (t->thumb && t->page->slots[1][T_SLOTS].it) {
            tr_spend(t, t->count);
            tr_cold_exit(t, x_jmp(&t->x), JIT_PAGE_END, 0x1000, false);
        } else {
            tr_page_plus(t, RAX, 0x1000u + t->thumb);
            tr_taken_far(t, t->thumb, t->count);
        }
        break;
    }
}

static void emit_block(struct tr *t)
{
    x_alu64_i8(&t->x, X_CMP, R15, (int)t->count);
    tr_cold_exit(t, x_jcc(&t->x, CC_BE), JIT_BUDGET, t->first, false);
    for (unsigned n = 0; n < t->count;) {
        n += emit(t, n);
    }
    finish(t);
}

uint32_t jit_translate(struct cpu *c, struct jit *j, const struct insn *i)
{
    struct tr tr, *t = &tr;
    if (j->used + JIT_BLOCK_ROOM + JIT_BLOCK_INSNS * 512 > j->size) {
        j->full = true;
        return 0;
    }
    t->c = c;
    t->j = j;
    t->page = c->page;
    t->thumb = c->thumb;
    t->count = t->colds = 0;
    t->fp_known = 0;
    t->loops = 0;
    t->loop_head = NULL;
    t->hf = HF_NONE;
    t->pend = (struct pend){0};
    decode_block(t, i);
    if (!t->count) {
        return 0;
    }
    t->begin = align_up(j->used, 16);
    t->x.at = j->rw + t->begin;
    emit_block(t);
    if (t->loops) {
        t->loop_head = t->x.at;
        for (unsigned k = 0; k < t->loops; k++) {
            x_fix(t->loop_from[k], t->x.at);
        }
        t->pend = t->loop_pend;
        t->hf = HF_NONE;
        t->fp_known = 0;
        emit_block(t);
    }
    tr_emit_cold(t);
    j->used = (uint32_t)(t->x.at - j->rw);
    j->blocks++;
    if (j->perf) {
        fprintf(j->perf, "%" PRIxPTR " %x %s_%08x+%u\n", (uintptr_t)(j->rx + t->begin),
                j->used - t->begin, t->thumb ? "thumb" : "arm", insn_va(c, i), t->count);
    }
    j->bytes += j->used - t->begin;
    return t->begin;
}
