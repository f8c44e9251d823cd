// SPDX-License-Identifier: MIT
//
// Privileged code of ours that does not come to its end: an instruction that the model lacks. It is an
// error, or the end of the thread, and never runs on into what lies behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/user/inside.h"

static void every_model_starts(void **state)
{
    (void)state;
    for (const char *const *m = cpu_models(); *m; m++) {
        for (int e = 0; e < 2; e++) {
            struct inside *r = inside_make(*m, (enum cpu_engine)e, true);
            r->t->tls = 0x1234;
            assert_true(thread_sync(r->t));
            assert_int_equal(get_le32(r->t->vectors + 0xff0), 0x1234);
            inside_drop(r);
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
            struct inside *r = inside_make("cortex-a9", (enum cpu_engine)e, true);
            put_le32(r->t->vectors + 0x180, bad[k]);
            cpu_ram_written(r->t->cpu, VECTORS, PAGE);
            assert_false(thread_sync(r->t));
            inside_drop(r);
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
