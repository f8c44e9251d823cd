// SPDX-License-Identifier: MIT
//
// The scheduler's promises, proved on virtual time: the policy module runs an engine that exists
// only as a loop, for thousands of synthetic vGPUs with random jobs. Jobs are streams of draws that
// cannot be interrupted, as on the engine; no clock is read, so each run of this test is the same.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "mdev/sched.h"

#define US 1000ull
#define MS 1000000ull
#define SEC 1000000000ull
#define WINDOW (100 * MS)
enum { WINDOWS_MAX = 100, VMS_MAX = 4096, WAITS_MAX = 200000 };

struct vm {
    struct sched_entity e;
    // its work: jobs of random length made of draws of random length, then a pause
    uint64_t job_min, job_max, draw_min, draw_max, pause_min, pause_max;
    uint64_t next_ns; // when the next job arrives
    uint64_t left;    // of the job
    uint64_t arrived_ns;
    bool waiting; // has not started since it arrived
    uint64_t used[WINDOWS_MAX + 1], total, jobs;
    uint64_t *waits;
    unsigned nwaits;
};

struct sim {
    struct sched s;
    struct vm *vms;
    unsigned n;
    uint64_t now, idle_wanted; // engine idle although somebody had work and no cap
    uint64_t busy, seed, switches;
    uint64_t switch_ns; // what changing the guest costs
};

static uint64_t rnd(struct sim *m)
{
    m->seed ^= m->seed << 13;
    m->seed ^= m->seed >> 7;
    m->seed ^= m->seed << 17;
    return m->seed;
}

static uint64_t between(struct sim *m, uint64_t a, uint64_t b)
{
    return a + (b > a ? rnd(m) % (b - a + 1) : 0);
}

static struct sim *sim_new(unsigned n, uint64_t seed)
{
    struct sim *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->vms = calloc(n, sizeof *m->vms);
    assert_non_null(m->vms);
    m->n = n;
    m->seed = seed * 2654435761u + 88172645463325252ull;
    sched_init(&m->s);
    for (unsigned i = 0; i < n; i++) {
        struct vm *v = &m->vms[i];
        sched_entity_init(&m->s, &v->e, 0);
        // always busy; jobs of 0.1 to 8 ms, draws of 10 us to 0.4 ms
        *v = (struct vm){.e = v->e,
                         .job_min = 100 * US,
                         .job_max = 8 * MS,
                         .draw_min = 10 * US,
                         .draw_max = 400 * US};
    }
    return m;
}

static void sim_free(struct sim *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        free(m->vms[i].waits);
    }
    free(m->vms);
    free(m);
}

static void watch_waits(struct vm *v)
{
    v->waits = calloc(WAITS_MAX, sizeof *v->waits);
    assert_non_null(v->waits);
}

static void arrivals(struct sim *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        struct vm *v = &m->vms[i];
        if (!v->left && v->next_ns <= m->now) {
            v->left = between(m, v->job_min, v->job_max);
            v->arrived_ns = v->next_ns;
            v->next_ns = UINT64_MAX;
            v->waiting = true;
            sched_wake(&m->s, &v->e, m->now);
        }
    }
}

static uint64_t next_arrival(const struct sim *m)
{
    uint64_t t = UINT64_MAX;
    for (unsigned i = 0; i < m->n; i++) {
        if (!m->vms[i].left && m->vms[i].next_ns < t) {
            t = m->vms[i].next_ns;
        }
    }
    return t;
}

// Runs one vGPU until its slice is over, its job done, or somebody preempts.
static void run_slice(struct sim *m, struct vm *v, uint64_t slice)
{
    uint64_t start = m->now, ran = 0;
    if (v->waiting) {
        v->waiting = false;
        if (v->waits && v->nwaits < WAITS_MAX) {
            v->waits[v->nwaits++] = m->now - v->arrived_ns;
        }
    }
    do {
        uint64_t draw = between(m, v->draw_min, v->draw_max);
        draw = draw < v->left ? draw : v->left;
        v->left -= draw;
        ran += draw;
        m->now += draw;
        arrivals(m);
    } while (v->left && ran < slice && !sched_preempts(&m->s, &v->e));
    for (uint64_t at = start; at < m->now;) { // by window
        uint64_t w = at / WINDOW, end = (w + 1) * WINDOW < m->now ? (w + 1) * WINDOW : m->now;
        v->used[w < WINDOWS_MAX ? w : WINDOWS_MAX] += end - at;
        at = end;
    }
    v->total += ran;
    m->busy += ran;
    sched_charge(&m->s, &v->e, ran, m->now);
    if (!v->left) {
        v->jobs++;
        sched_sleep(&m->s, &v->e);
        v->next_ns = m->now + between(m, v->pause_min, v->pause_max);
    }
}

static void sim_run(struct sim *m, uint64_t until)
{
    struct vm *last = NULL;
    while (m->now < until) {
        uint64_t slice = 0, t, c;
        struct sched_entity *e;
        arrivals(m);
        e = sched_pick(&m->s, m->now, &slice);
        if (e) {
            struct vm *v = container_of(e, struct vm, e);
            m->switches += v != last;
            m->now += v != last ? m->switch_ns : 0;
            last = v;
            run_slice(m, v, slice);
            continue;
        }
        t = next_arrival(m);
        c = sched_next_ns(&m->s);
        for (unsigned i = 0; i < m->n; i++) {
            if (m->vms[i].left && !m->vms[i].e.cap) {
                m->idle_wanted++;
            }
        }
        t = c < t ? c : t;
        assert_true(t > m->now); // else nobody would ever run again
        m->now = t < until ? t : until;
    }
}

static double jain(const double *x, unsigned n)
{
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < n; i++) {
        sum += x[i];
        squares += x[i] * x[i];
    }
    return squares > 0 ? sum * sum / (n * squares) : 1;
}

// The worst index over all spans of `windows` windows, leaving out the last, cut one.
static double worst_jain(const struct sim *m, unsigned windows, uint64_t until)
{
    double worst = 1, x[64];
    assert_true(m->n <= 64);
    for (unsigned w = 0; (uint64_t)(w + windows) * WINDOW <= until; w++) {
        for (unsigned i = 0; i < m->n; i++) {
            x[i] = 0;
            for (unsigned k = 0; k < windows; k++) {
                x[i] += (double)m->vms[i].used[w + k];
            }
        }
        double j = jain(x, m->n);
        worst = j < worst ? j : worst;
    }
    return worst;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t quantile(struct vm *v, double q)
{
    assert_true(v->nwaits > 20);
    qsort(v->waits, v->nwaits, sizeof *v->waits, by_value);
    return v->waits[(unsigned)((v->nwaits - 1) * q)];
}

// ---- fairness
// ----------------------------------------------------------------------------------------

static void test_equal_machines_get_equal_shares(void **state)
{
    static const unsigned counts[] = {2, 4, 8, 16};
    (void)state;
    for (unsigned c = 0; c < ARRAY_LEN(counts); c++) {
        double second = 1, tenth = 1;
        for (unsigned seed = 1; seed <= 10; seed++) {
            struct sim *m = sim_new(counts[c], seed);
            double a, b;
            sim_run(m, 5 * SEC);
            a = worst_jain(m, 10, 5 * SEC);
            b = worst_jain(m, 1, 5 * SEC);
            second = a < second ? a : second;
            tenth = b < tenth ? b : tenth;
            assert_true(m->busy > 5 * SEC * 999 / 1000);
            sim_free(m);
        }
        print_message(
            "[ NUMBERS  ] %2u equal machines: worst Jain index %.4f a second, %.4f in 100 ms\n",
            counts[c], second, tenth);
        assert_true(second >= 0.995);
        assert_true(tenth >= (counts[c] <= 8 ? 0.97 : 0.95));
    }
}

static double worst_share(const uint32_t *weight, unsigned n, uint64_t until, unsigned seed)
{
    struct sim *m = sim_new(n, seed);
    double sum = 0, all = 0, worst = 0;
    for (unsigned i = 0; i < n; i++) {
        sched_set_weight(&m->s, &m->vms[i].e, weight[i]);
        sum += weight[i];
    }
    sim_run(m, until);
    for (unsigned i = 0; i < n; i++) {
        all += (double)m->vms[i].total;
    }
    for (unsigned i = 0; i < n; i++) {
        double off = (double)m->vms[i].total / all / (weight[i] / sum) - 1;
        worst = off > worst ? off : -off > worst ? -off : worst;
    }
    sim_free(m);
    return worst;
}

static void test_shares_follow_weights(void **state)
{
    static const uint32_t steps[] = {100, 200, 400, 800}, wild[] = {1, 10, 100, 1000};
    (void)state;
    double worst = 0, w;
    for (unsigned seed = 1; seed <= 20; seed++) {
        w = worst_share(steps, ARRAY_LEN(steps), 2 * SEC, seed);
        worst = w > worst ? w : worst;
    }
    print_message("[ NUMBERS  ] weights 1:2:4:8: shares off by %.2f %% at worst in 2 s\n",
                  100 * worst);
    assert_true(worst <= 0.02);
    w = worst_share(wild, ARRAY_LEN(wild), 9 * SEC, 7);
    print_message("[ NUMBERS  ] weights 1:10:100:1000: off by %.2f %% in 9 s\n", 100 * w);
    assert_true(w <= 0.3); // a slice is a fifth of the smallest share
}

static void test_job_sizes_do_not_change_the_share(void **state)
{
    struct sim *m = sim_new(4, 5);
    (void)state;
    m->vms[0].job_min = m->vms[0].job_max = 50 * US; // many small ones, fed at once
    m->vms[1].job_min = m->vms[1].job_max = 50 * MS;
    m->vms[2].draw_min = m->vms[2].draw_max = 5 * MS; // long draws
    m->vms[2].job_min = m->vms[2].job_max = 20 * MS;
    sim_run(m, 10 * SEC);
    for (unsigned i = 0; i < 4; i++) {
        assert_in_range(m->vms[i].total, 2425 * MS, 2575 * MS);
    }
    sim_free(m);
}

static void test_a_new_weight_counts_within_100_ms(void **state)
{
    struct sim *m = sim_new(2, 3);
    (void)state;
    sim_run(m, SEC);
    sched_set_weight(&m->s, &m->vms[0].e, 300);
    sim_run(m, SEC + 2 * WINDOW);
    assert_in_range(m->vms[0].used[11], 70 * MS, 80 * MS);
    sim_free(m);
}

// ---- work conservation
// ---------------------------------------------------------------------------------

static void test_a_lone_busy_machine_has_the_engine(void **state)
{
    struct sim *m = sim_new(65, 9);
    (void)state;
    for (unsigned i = 1; i < 65; i++) {
        m->vms[i].next_ns = UINT64_MAX; // idle for ever
    }
    sched_set_weight(&m->s, &m->vms[0].e, 1);
    sim_run(m, 5 * SEC);
    assert_true(m->vms[0].total >= 5 * SEC * 99 / 100);
    assert_int_equal(m->idle_wanted, 0);
    sim_free(m);
}

static void test_the_engine_never_idles_while_somebody_has_work(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct sim *m = sim_new(16, seed);
        for (unsigned i = 0; i < m->n; i++) {
            m->vms[i].pause_max = between(m, 0, 60 * MS);
            sched_set_weight(&m->s, &m->vms[i].e, (uint32_t)between(m, 1, 1000));
            sched_set_class(&m->s, &m->vms[i].e, (enum sched_class)(i % SCHED_CLASS_COUNT));
        }
        sim_run(m, 3 * SEC);
        assert_int_equal(m->idle_wanted, 0);
        sim_free(m);
    }
}

static void test_sleeping_earns_no_credit(void **state)
{
    struct sim *m = sim_new(4, 4);
    (void)state;
    m->vms[0].next_ns = 5 * SEC; // comes late and takes no more than its share
    sim_run(m, 6 * SEC);
    for (unsigned w = 51; w < 60; w++) {
        assert_in_range(m->vms[0].used[w], 20 * MS, 30 * MS);
    }
    sim_free(m);
}

static void test_debt_does_not_vanish_by_sleeping(void **state)
{
    struct sim *m = sim_new(3, 8);
    (void)state;
    // one long uninterruptible draw, a nap of a microsecond, again
    m->vms[0].job_min = m->vms[0].job_max = m->vms[0].draw_min = m->vms[0].draw_max = 20 * MS;
    m->vms[0].pause_min = m->vms[0].pause_max = US;
    sim_run(m, 10 * SEC);
    assert_in_range(m->vms[0].total, 3150 * MS, 3500 * MS);
    sim_free(m);
}

// ---- caps
// ----------------------------------------------------------------------------------------------

static void test_no_window_sees_more_than_the_cap_and_a_slice(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct sim *m = sim_new(4, seed);
        sched_set_cap(&m->s, &m->vms[0].e, 100, 0);
        for (unsigned i = 1; i < 4; i++) {
            m->vms[i].pause_max =
                between(m, 0, 40 * MS); // sometimes it would have the engine alone
        }
        sim_run(m, 5 * SEC);
        for (unsigned w = 0; w < 50; w++) {
            // 10 ms, one slice of 2 ms, and the draw that was running
            assert_in_range(m->vms[0].used[w], 0, 12400 * US);
        }
        assert_in_range(m->vms[0].total, 480 * MS, 510 * MS);
        sim_free(m);
    }
}

static void test_what_a_cap_leaves_goes_to_the_others(void **state)
{
    struct sim *m = sim_new(3, 2);
    (void)state;
    sched_set_cap(&m->s, &m->vms[0].e, 200, 0);
    sim_run(m, 5 * SEC);
    assert_true(m->busy > 5 * SEC * 999 / 1000);
    assert_in_range(m->vms[0].total, 950 * MS, 1010 * MS);
    assert_in_range(m->vms[1].total, 1950 * MS, 2050 * MS);
    sched_set_cap(&m->s, &m->vms[0].e, 0, m->now);
    sim_run(m, 6 * SEC);
    assert_in_range(m->vms[0].used[55], 28 * MS, 39 * MS);
    sim_free(m);
}

// ---- latency
// -------------------------------------------------------------------------------------------

static void test_high_priority_waits_for_a_draw(void **state)
{
    struct sim *m = sim_new(8, 6);
    struct vm *v = &m->vms[0];
    uint64_t p99;
    (void)state;
    sched_set_class(&m->s, &v->e, SCHED_high);
    v->job_min = 100 * US;
    v->job_max = 900 * US; // on average a twentieth of the engine
    v->pause_min = 5 * MS;
    v->pause_max = 15 * MS;
    watch_waits(v);
    for (unsigned i = 1; i < 8; i++) {
        m->vms[i].job_min = m->vms[i].job_max = 50 * MS;
        m->vms[i].draw_max = 1 * MS;
    }
    sim_run(m, 9 * SEC);
    p99 = quantile(v, 0.99);
    print_message(
        "[ NUMBERS  ] high beside 7 with 50 ms jobs: wait p50 %.2f ms, p99 %.2f ms, max %.2f ms\n",
        (double)quantile(v, 0.5) / 1e6, (double)p99 / 1e6, (double)quantile(v, 1) / 1e6);
    assert_true(p99 <= 2 * MS);
    assert_true(quantile(v, 1) <= 3 * MS);
    sim_free(m);
}

static void test_a_greedy_high_priority_gets_its_share_and_no_more(void **state)
{
    struct sim *m = sim_new(8, 12);
    (void)state;
    sched_set_class(&m->s, &m->vms[0].e, SCHED_high);
    sim_run(m, 8 * SEC);
    for (unsigned i = 0; i < 8; i++) {
        assert_in_range(m->vms[i].total, 970 * MS, 1030 * MS);
    }
    assert_true(worst_jain(m, 10, 8 * SEC) >= 0.99);
    sim_free(m);
}

static void test_everybody_waits_a_bounded_time(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 10; seed++) {
        struct sim *m = sim_new(8, seed);
        for (unsigned i = 0; i < 8; i++) {
            sched_set_class(&m->s, &m->vms[i].e, (enum sched_class)(i % SCHED_CLASS_COUNT));
            m->vms[i].pause_max = 20 * MS;
            watch_waits(&m->vms[i]);
        }
        sim_run(m, 5 * SEC);
        for (unsigned i = 0; i < 8; i++) {
            // a slice and a draw of every other one, and its own debt of a slice at an eighth
            assert_true(quantile(&m->vms[i], 1) <= 7 * (4400 * US) + 8 * 4400 * US);
        }
        sim_free(m);
    }
}

// ---- many
// ----------------------------------------------------------------------------------------------

static void test_thousands_of_vgpus(void **state)
{
    struct sim *m = sim_new(VMS_MAX, 77);
    uint64_t least = UINT64_MAX, most = 0;
    (void)state;
    for (unsigned i = 0; i < m->n; i++) {
        struct vm *v = &m->vms[i];
        v->job_min = 20 * US;
        v->job_max = 2 * MS;
        v->pause_max = i % 16 ? 3600 * SEC : 0; // one of sixteen is always busy
        v->next_ns = i % 16 ? between(m, 0, 10 * SEC) : 0;
    }
    sim_run(m, 5 * SEC);
    assert_int_equal(m->idle_wanted, 0);
    assert_true(m->busy > 5 * SEC * 99 / 100);
    for (unsigned i = 0; i < m->n; i += 16) {
        least = m->vms[i].total < least ? m->vms[i].total : least;
        most = m->vms[i].total > most ? m->vms[i].total : most;
    }
    print_message("[ NUMBERS  ] %u vGPUs, 256 always busy: each got %.1f to %.1f ms of 5 s\n", m->n,
                  (double)least / 1e6, (double)most / 1e6);
    assert_true(most - least <= 3 * 2400 * US);
    sim_free(m);
}

static void test_the_same_seed_gives_the_same_run(void **state)
{
    uint64_t total[2][16], switches[2];
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct sim *m = sim_new(16, 31);
        for (unsigned i = 0; i < 16; i++) {
            m->vms[i].pause_max = 10 * MS;
        }
        sim_run(m, 2 * SEC);
        for (unsigned i = 0; i < 16; i++) {
            total[k][i] = m->vms[i].total;
        }
        switches[k] = m->switches;
        sim_free(m);
    }
    assert_memory_equal(total[0], total[1], sizeof total[0]);
    assert_int_equal(switches[0], switches[1]);
}

static void test_changing_guests_costs_little(void **state)
{
    struct sim *one = sim_new(1, 1), *eight = sim_new(8, 1);
    double ratio;
    (void)state;
    one->switch_ns = eight->switch_ns = 100 * US; // a dear context switch
    sim_run(one, 3 * SEC);
    sim_run(eight, 3 * SEC);
    ratio = (double)eight->busy / (double)one->busy;
    print_message(
        "[ NUMBERS  ] 8 machines with 0.1 ms a switch: %.1f %% of one machine's throughput\n",
        100 * ratio);
    assert_true(ratio >= 0.9);
    sim_free(one);
    sim_free(eight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_machines_get_equal_shares),
        cmocka_unit_test(test_shares_follow_weights),
        cmocka_unit_test(test_job_sizes_do_not_change_the_share),
        cmocka_unit_test(test_a_new_weight_counts_within_100_ms),
        cmocka_unit_test(test_a_lone_busy_machine_has_the_engine),
        cmocka_unit_test(test_the_engine_never_idles_while_somebody_has_work),
        cmocka_unit_test(test_sleeping_earns_no_credit),
        cmocka_unit_test(test_debt_does_not_vanish_by_sleeping),
        cmocka_unit_test(test_no_window_sees_more_than_the_cap_and_a_slice),
        cmocka_unit_test(test_what_a_cap_leaves_goes_to_the_others),
        cmocka_unit_test(test_high_priority_waits_for_a_draw),
        cmocka_unit_test(test_a_greedy_high_priority_gets_its_share_and_no_more),
        cmocka_unit_test(test_everybody_waits_a_bounded_time),
        cmocka_unit_test(test_thousands_of_vgpus),
        cmocka_unit_test(test_the_same_seed_gives_the_same_run),
        cmocka_unit_test(test_changing_guests_costs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
