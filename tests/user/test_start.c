// SPDX-License-Identifier: MIT
//
// Privileged code of ours that does not come to its end: an instruction that the model lacks. It is an
// error, or the end of the thread, and never runs on into what lies behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "cpu/disasm.h"
#include "user/process.h"

struct rig {
    struct user_config cfg;
    struct process p;
    struct thread *t;
};

static struct rig *make(const char *model, enum cpu_engine engine)
{
    struct rig *r = calloc(1, sizeof *r);
    struct err err = {0};
    r->cfg = (struct user_config){.model = model, .engine = engine};
    r->p.cfg = &r->cfg;
    r->p.features = arm_model_features(model);
    r->p.v6 = ISA_HAS(r->p.features, V6);
    pthread_mutex_init(&r->p.lock, NULL);
    assert_int_equal(space_init(&r->p), 0);
    r->t = thread_new(&r->p, &err);
    if (!r->t) {
        fail_msg("%s: %s", model, err.msg);
    }
    return r;
}

static void drop(struct rig *r)
{
    threads_fini(&r->p);
    space_fini(&r->p);
    free(r);
}

static void every_model_starts(void **state)
{
    (void)state;
    for (const char *const *m = cpu_models(); *m; m++) {
        for (int e = 0; e < 2; e++) {
            struct rig *r = make(*m, (enum cpu_engine)e);
            r->t->tls = 0x1234;
            assert_true(thread_sync(r->t));
            assert_int_equal(get_le32(r->t->vectors + 0xff0), 0x1234);
            drop(r);
        }
    }
}

// What the stub's first instruction becomes, each of them another way to lose the way.
static void a_stub_that_traps_is_an_error(void **state)
{
    static const uint32_t bad[] = {
        0xe7f000f0, // undefined
        0xef000000, // svc
        0xe5900000, // ldr from address 0: not there
        0xe3a0f000, // mov pc, #0: not there
        0xeafffffe, // b .
    };
    (void)state;
    for (int e = 0; e < 2; e++) {
        for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
            struct rig *r = make("cortex-a9", (enum cpu_engine)e);
            put_le32(r->t->vectors + 0x180, bad[k]);
            cpu_ram_written(r->t->cpu, VECTORS, PAGE);
            assert_false(thread_sync(r->t));
            drop(r);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_starts),
        cmocka_unit_test(a_stub_that_traps_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
