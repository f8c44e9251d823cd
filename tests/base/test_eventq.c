// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/bits.h"
#include "base/eventq.h"

struct probe {
    struct event ev;
    uint64_t fired_at;
    unsigned order;
};
static unsigned fired;

static void fire(struct event *ev, uint64_t now)
{
    struct probe *p = container_of(ev, struct probe, ev);
    p->fired_at = now;
    p->order = ++fired;
}

static void test_timers_fire_in_time_order_at_their_deadline(void **state)
{
    struct eventq q;
    struct probe a, b;
    (void)state;
    fired = 0;
    eventq_init(&q);
    event_init(&a.ev, fire);
    event_init(&b.ev, fire);
    event_arm(&q, &a.ev, 200);
    event_arm(&q, &b.ev, 100);
    assert_int_equal(eventq_deadline(&q), 100);
    eventq_run(&q, 500);
    assert_int_equal(b.fired_at, 100);
    assert_int_equal(a.fired_at, 200);
    assert_int_equal(b.order, 1);
    assert_int_equal(q.now_ns, 500);
    assert_true(eventq_deadline(&q) == EVENT_NEVER);
}

static void test_equal_deadlines_fire_in_arming_order(void **state)
{
    struct eventq q;
    struct probe a, b;
    (void)state;
    fired = 0;
    eventq_init(&q);
    event_init(&a.ev, fire);
    event_init(&b.ev, fire);
    event_arm(&q, &b.ev, 7);
    event_arm(&q, &a.ev, 7);
    eventq_run(&q, 7);
    assert_int_equal(b.order, 1);
    assert_int_equal(a.order, 2);
}

static void test_cancelled_timer_stays_quiet(void **state)
{
    struct eventq q;
    struct probe a;
    (void)state;
    fired = 0;
    eventq_init(&q);
    event_init(&a.ev, fire);
    event_arm(&q, &a.ev, 7);
    event_cancel(&q, &a.ev);
    eventq_run(&q, 100);
    assert_int_equal(fired, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_fire_in_time_order_at_their_deadline),
        cmocka_unit_test(test_equal_deadlines_fire_in_arming_order),
        cmocka_unit_test(test_cancelled_timer_stays_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
