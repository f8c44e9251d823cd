// SPDX-License-Identifier: MIT
//
// The code buffer, the thunks between C and translated code, and the loop that finds blocks and
// connects them; see jit.h. The buffer is one memory file mapped twice, writable and executable, so
// that no page is ever both (W^X); on hosts that forbid executable shared mappings jit_create says
// -ENOTSUP and the interpreter remains. When the buffer is full, everything is dropped: decoded slots
// and code, as code.c does with its own cache.
#include "cpu/jit/jit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/jit/jit_int.h"
#include "cpu/jit/vec.h"
#include "cpu/mem.h"
#include "cpu/mmu.h"
#include "cpu/models.h"
#include "cpu/sysreg.h"
#include "cpu/vfp.h"

enum { CODE_BYTES = 64 << 20, ENTRIES = 2048 };

#define OFF(field) ((int32_t)offsetof(struct cpu, field))

// ---- what bodies mean ----------------------------------------------------------------------------

static unsigned map_slot(const struct jit *j, op_fn *body)
{
    uintptr_t v = (uintptr_t)body;
    unsigned k = (unsigned)((v * 0x9e3779b97f4a7c15ull) >> 52) & (ARRAY_LEN(j->map) - 1);
    while (j->map[k].body && j->map[k].body != body) {
        k = (k + 1) & (ARRAY_LEN(j->map) - 1);
    }
    return k;
}

static void map_add(void *ctx, op_fn *body, struct op_desc desc)
{
    struct jit *j = ctx;
    unsigned k = map_slot(j, body);
    j->map[k].body = body;
    j->map[k].desc = desc;
}

struct op_desc jit_describe(const struct jit *j, op_fn *body)
{
    unsigned k = map_slot(j, body);
    return j->map[k].body ? j->map[k].desc : (struct op_desc){.group = OPG_PLAIN};
}

// ---- slow paths --------------------------------------------------------------------------------------

static uint32_t load_slow(struct cpu *c, enum mem_op op, uint32_t va)
{
    switch (op) {
    case MO_LDRB:
        return (uint8_t)mem_load_slow(c, va, 1, MEM_ANY, false);
    case MO_LDRH:
        return (uint16_t)mem_load_slow(c, va, 2, MEM_ANY, false);
    case MO_LDRSB:
        return (uint32_t)(int8_t)mem_load_slow(c, va, 1, MEM_ANY, false);
    case MO_LDRSH:
        return (uint32_t)(int16_t)mem_load_slow(c, va, 2, MEM_ANY, false);
    default:
        return (uint32_t)mem_load_slow(c, va, 4, MEM_ANY, false);
    }
}

// The whole of a threaded load or store; arg: enum mem_op | enum mem_form << 8.
static void ldst(struct cpu *c, const struct insn *i, uint32_t arg)
{
    enum mem_op op = (enum mem_op)(arg & 0xff);
    enum mem_form form = (enum mem_form)(arg >> 8);
    uint32_t base = form == MF_LIT ? insn_pc(c, i) & ~3u : c->r[i->rn];
    uint32_t moved = form == MF_REG ? base + (c->r[i->rm] << i->rs) : base + i->imm;
    uint32_t va = form == MF_POST ? base : moved;
    bool wb = form == MF_PRE || form == MF_POST;
    if (op < MO_STR) {
        uint32_t v = load_slow(c, op, va);
        if (wb) {
            c->r[i->rn] = moved;
        }
        c->r[i->rd] = v;
        return;
    }
    unsigned size = op == MO_STR ? 4 : op == MO_STRH ? 2 : 1;
    uint32_t v = c->r[i->rd];
    mem_store_slow(c, va, size, size == 4 ? v : v & ((1u << 8 * size) - 1), MEM_ANY, false);
    if (wb) {
        c->r[i->rn] = moved;
    }
}

static void ldm(struct cpu *c, const struct insn *i, uint32_t arg)
{
    (void)arg;
    exec_ldm_generic(c, i);
}

static void stm(struct cpu *c, const struct insn *i, uint32_t arg)
{
    (void)arg;
    exec_stm_generic(c, i);
}

static void undef(struct cpu *c, const struct insn *i, uint32_t arg)
{
    (void)i;
    (void)arg;
    exc_undefined(c);
}

static void exec(struct cpu *c, const struct insn *i, uint32_t arg)
{
    (void)arg;
    i->body.exec(c, i);
}

// ---- thunks --------------------------------------------------------------------------------------------

static void move_guest(struct x86 *x, bool store)
{
    for (unsigned r = 0; r < 15; r++) {
        if (jit_host[r] != NO_REG) {
            if (store) {
                x_store(x, RBP, OFF(r) + 4 * (int32_t)r, jit_host[r]);
            } else {
                x_load(x, jit_host[r], RBP, OFF(r) + 4 * (int32_t)r);
            }
        }
    }
}

static uint32_t here(const struct jit *j, const struct x86 *x)
{
    return (uint32_t)(x->at - j->rw);
}

// c->jit_fp anew, in code: after a body that may have changed what it is made of.
static void compute_jit_fp(struct x86 *x)
{
    x_load8(x, RCX, RBP, OFF(neon_on));
    x_lea_idx(x, RCX, RCX, RCX, 0);
    x_load8(x, RAX, RBP, OFF(fp_on));
    x_alu(x, X_OR, RCX, RAX);
    x_alu_i(x, X_XOR, RCX, JFP_OFF | JFP_NEON_OFF);
    x_load(x, RAX, RBP, OFF(fpscr_exc));
    x_not(x, RAX);
    x_shift_i(x, X_SHR, RAX, 1);
    x_alu_i(x, X_AND, RAX, JFP_EXACT);
    x_alu(x, X_OR, RAX, RCX);
    x_load(x, RCX, RBP, OFF(fpscr_ctl));
    x_rorx(x, RDX, RCX, 20); // FZ
    x_alu_i(x, X_AND, RDX, JFP_FZ);
    x_alu(x, X_OR, RAX, RDX);
    x_test_i(x, RCX, JFP_CTL_BITS);
    x_setcc(x, CC_NE, RCX);
    x_lea_scaled(x, RCX, RCX, 2);
    x_alu(x, X_OR, RAX, RCX);
    x_store8(x, RBP, OFF(jit_fp), RAX);
}

static uint8_t jit_fp(const struct cpu *c)
{
    return (uint8_t)((c->fp_on ? 0 : JFP_OFF) | (c->neon_on ? 0 : JFP_NEON_OFF) |
                     (c->fpscr_ctl & JFP_CTL_BITS ? JFP_CTL : 0) |
                     (c->fpscr_ctl & FPSCR_FZ ? JFP_FZ : 0) |
                     (c->fpscr_exc & FPSCR_IXC ? 0 : JFP_EXACT));
}

// Guest registers that a C function may change.
static void move_volatile(struct x86 *x, bool store)
{
    for (unsigned r = 0; r < 15; r++) {
        unsigned h = jit_host[r];
        if (h == RSI || h == RDI || (h >= R8 && h <= R11)) {
            if (store) {
                x_store(x, RBP, OFF(r) + 4 * (int32_t)r, h);
            } else {
                x_load(x, h, RBP, OFF(r) + 4 * (int32_t)r);
            }
        }
    }
}

// A body that touches vector registers and flags of the FPSCR only, and returns.
static void vector_thunk(struct jit *j, struct x86 *x)
{
    j->call[JIT_FN_VECTOR] = here(j, x);
    move_volatile(x, true);
    x_mov64(x, RDI, RBP);
    x_mov64(x, RSI, RAX);
    x_alu64_i8(x, X_SUB, RSP, 8);
    x_call_mem(x, RSI, (int32_t)offsetof(struct insn, body));
    x_alu64_i8(x, X_ADD, RSP, 8);
    move_volatile(x, false);
    compute_jit_fp(x);
    x_ret(x);
}

static void make_thunks(struct jit *j)
{
    static const uint8_t saved[] = {RBX, RBP, R12, R13, R14, R15};
    struct x86 x = {j->rw};
    // Offset 0: what an empty entry leads to.
    x_mov_i(&x, RAX, JIT_RAW);
    j->exit_spill = here(j, &x);
    x_store64(&x, RBP, OFF(left), R15);
    move_guest(&x, true);
    uint32_t exit = here(j, &x);
    x_alu64_i8(&x, X_ADD, RSP, 8);
    for (unsigned k = ARRAY_LEN(saved); k--;) {
        x_pop(&x, saved[k]);
    }
    x_ret(&x);
    // ECX: offset in the page, EAX: reason
    j->exit_off = here(j, &x);
    x_alu_m(&x, X_ADD, RCX, RBP, OFF(page_va));
    x_store(&x, RBP, OFF(r) + 60, RCX);
    x_store8_i(&x, RBP, OFF(itstate), 0);
    x_fix(x_jmp(&x), j->rw + j->exit_spill);
    // (cpu, address of code)
    j->enter = here(j, &x);
    for (unsigned k = 0; k < ARRAY_LEN(saved); k++) {
        x_push(&x, saved[k]);
    }
    x_alu64_i8(&x, X_SUB, RSP, 8);
    x_mov64(&x, RBP, RDI);
    x_mov64(&x, RAX, RSI);
    x_load64(&x, R15, RBP, OFF(left));
    move_guest(&x, false);
    x_jmp_reg(&x, RAX);
    vector_thunk(j, &x);
    for (unsigned f = JIT_FN_EXEC; f < JIT_FN_COUNT; f++) {
        j->call[f] = here(j, &x);
        x_neg(&x, RCX);
        x_movsxd(&x, RCX, RCX);
        x_alu64(&x, X_ADD, RCX, R15);
        x_store64(&x, RBP, OFF(left), RCX);
        x_store64(&x, RBP, OFF(cur), RAX);
        move_guest(&x, true);
        x_mov64(&x, RDI, RBP);
        x_mov64(&x, RSI, RAX);
        x_alu64_i8(&x, X_SUB, RSP, 8);
        if (f == JIT_FN_EXEC) {
            x_call_mem(&x, RSI, (int32_t)offsetof(struct insn, body));
        } else {
            x_mov_i64(&x, RAX, (uint64_t)(uintptr_t)j->fn[f]);
            x_call_reg(&x, RAX);
        }
        x_alu64_i8(&x, X_ADD, RSP, 8);
        x_cmp8_mi(&x, RBP, OFF(redirect), 0);
        uint8_t *redirect = x_jcc8(&x, CC_NE);
        move_guest(&x, false);
        if (f == JIT_FN_EXEC) {
            compute_jit_fp(&x);
        }
        x_ret(&x);
        x_fix8(&x, redirect);
        x_store8_i(&x, RBP, OFF(redirect), 0);
        x_load64(&x, RCX, RBP, OFF(left));
        x_alu64_i8(&x, X_SUB, RCX, 1);
        x_store64(&x, RBP, OFF(left), RCX);
        x_alu64_i8(&x, X_ADD, RSP, 8); // the return address
        x_mov_i(&x, RAX, JIT_REDIRECT);
        x_fix(x_jmp(&x), j->rw + exit);
    }
    j->start = j->used = align_up(here(j, &x), 64);
}

// ---- life -----------------------------------------------------------------------------------------------

static int map_twice(struct jit *j, struct err *err)
{
    int fd = memfd_create("yamato-code", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, CODE_BYTES)) {
        int rc = err_set(err, -ENOMEM, "no memory for translated code");
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    void *rw = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void *rx = mmap(NULL, CODE_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    close(fd);
    if (rw == MAP_FAILED || rx == MAP_FAILED) {
        if (rw != MAP_FAILED) {
            munmap(rw, CODE_BYTES);
        }
        if (rx != MAP_FAILED) {
            munmap(rx, CODE_BYTES);
        }
        return err_set(err, -ENOTSUP, "the host forbids executable memory: use the interpreter");
    }
    j->rw = rw;
    j->rx = rx;
    j->size = CODE_BYTES;
    return 0;
}

int jit_unshare(struct jit *j)
{
    uint8_t *thunks = malloc(j->start);
    uint8_t *rw = j->rw, *rx = j->rx;
    struct err err;
    if (!thunks) {
        return -ENOMEM;
    }
    memcpy(thunks, rw, j->start); // the parent never writes these again
    if (map_twice(j, &err)) {
        free(thunks);
        return -ENOMEM;
    }
    // The new memory at the old places: nothing that points there has to change.
    void *w = mremap(j->rw, j->size, j->size, MREMAP_MAYMOVE | MREMAP_FIXED, rw);
    void *x = mremap(j->rx, j->size, j->size, MREMAP_MAYMOVE | MREMAP_FIXED, rx);
    j->rw = rw;
    j->rx = rx;
    if (w == MAP_FAILED || x == MAP_FAILED) {
        free(thunks);
        return -ENOMEM;
    }
    memcpy(j->rw, thunks, j->start);
    free(thunks);
    return 0;
}

// Rows with an emitter; the other vector rows have the interpreter's body, lightly called.
static void name_vectors(struct jit *j)
{
    static const struct vec_row call = {"", VK_CALL, {0}};
    for (unsigned r = 0; r < isa_row_count; r++) {
        const struct isa_row *row = &isa_rows[r];
        bool neon = row->feature == ISA_BIT_NEON || row->feature == ISA_BIT_NEON_FMA;
        bool vector = row->picture[0] == '1';
        for (unsigned k = 0; k < vec_row_count && (neon || row->feature == ISA_BIT_VFP2 ||
                                                   row->feature == ISA_BIT_VFP3 ||
                                                   row->feature == ISA_BIT_VFP4); k++) {
            if (!strcmp(row->name, vec_rows[k].row) && vector == (vec_rows[k].kind > VK_LAST_VFP)) {
                j->vec[r] = &vec_rows[k];
            }
        }
        if (neon && vector && !j->vec[r]) {
            j->vec[r] = &call;
        }
    }
}

void jit_perf_map(struct jit *j, FILE *out)
{
    j->perf = out;
}

struct jit *jit_create(struct err *err)
{
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("avx2") ||
        !__builtin_cpu_supports("fma")) {
        err_set(err, -ENOTSUP,
                "the translator needs a host with AVX2, BMI2 and FMA: use the interpreter");
        return NULL;
    }
    struct jit *j = calloc(1, sizeof *j);
    if (!j) {
        err_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    if (map_twice(j, err)) {
        free(j);
        return NULL;
    }
    ops_dp_describe(map_add, j);
    ops_mem_describe(map_add, j);
    ops_branch_describe(map_add, j);
    ops_mul_describe(map_add, j);
    ops_media_describe(map_add, j);
    map_add(j, op_nop_1, (struct op_desc){.group = OPG_NOP});
    map_add(j, op_nop_2, (struct op_desc){.group = OPG_NOP});
    name_vectors(j);
    j->fn[JIT_FN_EXEC] = exec;
    j->fn[JIT_FN_LDST] = ldst;
    j->fn[JIT_FN_LDM] = ldm;
    j->fn[JIT_FN_STM] = stm;
    j->fn[JIT_FN_UNDEF] = undef;
    make_thunks(j);
    return j;
#else
    err_set(err, -ENOTSUP, "no translator for this host: use the interpreter");
    return NULL;
#endif
}

void jit_destroy(struct jit *j)
{
    if (j) {
        munmap(j->rw, j->size);
        munmap(j->rx, j->size);
        free(j);
    }
}

// ---- pages ------------------------------------------------------------------------------------------------

bool jit_page_ready(struct code_page *p, bool thumb)
{
    if (!p->entry[thumb]) {
        p->entry[thumb] = calloc(ENTRIES, sizeof *p->entry[thumb]);
    }
    return p->entry[thumb];
}

void jit_page_drop(struct code_page *p)
{
    for (unsigned t = 0; t < 2; t++) {
        if (p->entry[t]) {
            memset(p->entry[t], 0, ENTRIES * sizeof *p->entry[t]);
        }
    }
}

void jit_page_free(struct code_page *p)
{
    free(p->entry[0]);
    free(p->entry[1]);
}

void jit_forget(struct jit *j)
{
    j->used = j->start;
    j->full = false;
    j->flushes++;
}

// ---- running ------------------------------------------------------------------------------------------------

static const struct insn *slot_here(struct cpu *c)
{
    return &c->page->slots[c->thumb][(c->r[15] & 0xfff) >> (2 - c->thumb)];
}

static void interpret(struct cpu *c, const struct insn *i)
{
    while (i) {
        i = i->fn(c, i, c->left);
    }
}

// One instruction in the interpreter; cpu_run's loop puts the budget together again.
static void step(struct cpu *c, const struct insn *i)
{
    c->step_rest = c->left - 1;
    c->insns_end -= c->step_rest;
    c->left = 1;
    interpret(c, i);
}

// The block at slot `i`, made if need be.
static uint32_t block_at(struct cpu *c, const struct insn *i)
{
    struct code_page *p = c->page;
    struct insn *slots = p->slots[c->thumb];
    // Instructions outside pages, and those that straddle two, are not in the array.
    if (!slots || !p->entry[c->thumb] ||
        (uintptr_t)i - (uintptr_t)slots >= (c->thumb ? T_SLOTS : A32_SLOTS) * sizeof *slots) {
        return 0;
    }
    uint32_t at = p->entry[c->thumb][i->off2];
    if (!at) {
        at = jit_translate(c, c->jit, i);
        p->entry[c->thumb][i->off2] = at;
    }
    return at;
}

void jit_run(struct cpu *c)
{
    struct jit *j = c->jit;
    uint64_t (*enter)(struct cpu *, const void *);
    const void *thunk = j->rx + j->enter;
    memcpy(&enter, &thunk, sizeof enter);
    // Whether unaligned accesses are checked is part of the code. It changes with the MMU and SCTLR.A;
    // mmu_fill keeps device memory out of the banks, where they always fault, while it is not.
    uint32_t sctlr = c->cp15[CP15_SCTLR];
    bool unaligned = c->model->arch >= 7 && sctlr & SCTLR_M && !(sctlr & SCTLR_A);
    if (unlikely(unaligned != c->jit_unaligned)) {
        c->jit_unaligned = unaligned;
        mmu_flush_all(c);
        code_flush_later(c);
    }
    const struct insn *i = code_enter(c);
    uint32_t site = 0;
    while (i) {
        uint32_t at = block_at(c, i);
        if (!at) {
            if (j->full) {
                c->r[15] = insn_va(c, i);
                c->itstate = (uint8_t)i->it;
                code_flush_later(c);
                j->full = false;
                return;
            }
            step(c, i);
            return;
        }
        if (site) {
            x_fix(j->rw + site, j->rw + at);
            site = 0;
        }
        c->jit_fp = jit_fp(c);
        uint64_t why = enter(c, j->rx + at);
        switch ((enum jit_exit)(why & 7)) {
        case JIT_RAW:
            c->thumb = c->r[15] & 1;
            c->r[15] &= c->thumb ? ~1u : ~3u;
            c->itstate = 0;
            return;
        case JIT_LEAVE:
            return;
        case JIT_BUDGET:
            interpret(c, slot_here(c));
            return;
        case JIT_CHAIN:
            site = (uint32_t)why >> 3;
            i = slot_here(c);
            break;
        case JIT_PAGE_END:
            c->itstate = c->thumb ? (uint8_t)c->page->slots[1][T_SLOTS].it : 0;
            i = op_lookup(c, c->left);
            break;
        case JIT_REDIRECT:
            i = op_lookup(c, c->left);
            break;
        case JIT_STEP:
            step(c, slot_here(c));
            return;
        }
    }
}
