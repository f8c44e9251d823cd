// SPDX-License-Identifier: MIT
//
// The vGPU as a driver sees it: ring, fences, interrupts, faults, resets, and what is refused by name.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/snapshot.h"
#include "tests/mdev/guest.h"

static struct mdev *new_mdev(bool synchronous)
{
    struct err err = {0};
    struct mdev_config cfg = {.backend = "null", .synchronous = synchronous};
    struct mdev *m = mdev_create(&cfg, &err);
    if (!m) {
        print_error("%s\n", err.msg);
    }
    assert_non_null(m);
    return m;
}

static int setup(void **state)
{
    struct guest *g = malloc(sizeof *g);
    guest_open(g, new_mdev(false), "vm0");
    *state = g;
    return 0;
}

static int teardown(void **state)
{
    struct guest *g = *state;
    struct mdev *m = g->mdev;
    guest_close(g);
    mdev_destroy(m);
    free(g);
    return 0;
}

static void test_submission_stores_fence_and_raises_interrupt(void **state)
{
    struct guest *g = *state;
    const uint32_t nop[] = {0x80000000u, 0x80000000u};
    assert_true(guest_run(g, nop, 2));
    assert_int_equal(atomic_load(&g->irqs), 1);
    assert_int_equal(guest_read(g, 0x1c4), g->wptr);
    assert_int_equal(guest_read(g, 0x5d0) >> 31, 0);
    assert_int_equal(guest_read(g, 0x3b7), 1u << 30);
    assert_int_equal(guest_read(g, 0x1f3), 0x80000000u);
    guest_write(g, 0x1f4, 0x80000000u);
    assert_int_equal(guest_read(g, 0x3b7), 0);
    assert_false(vgpu_irq_level(g->vgpu, 0));
    assert_int_equal(guest_read(g, 0x57a), g->seqno);
}

static void test_ring_wraps_at_its_size(void **state)
{
    struct guest *g = *state;
    const uint32_t nop[] = {0x80000000u};
    for (int i = 0; i < 3000; i++) { // 12 dwords each: several times round 8192
        assert_true(guest_run(g, nop, 1));
        guest_write(g, 0x1f4, ~0u);
    }
    assert_int_equal(guest_read(g, 0x1c4), g->wptr);
}

static struct vgpu_stats stats_of(struct guest *g)
{
    struct vgpu_stats s;
    vgpu_stats(g->vgpu, &s);
    return s;
}

static char *report_of(struct guest *g)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    vgpu_report(g->vgpu, f);
    fclose(f);
    return text;
}

// A refused buffer fails by name; the fence behind it still comes and the VM goes on.
static void expect_refused(struct guest *g, const uint32_t *dw, uint32_t n, const char *why)
{
    uint64_t before = stats_of(g).refused;
    const uint32_t nop[] = {0x80000000u};
    char *text;
    assert_true(guest_run(g, dw, n));
    assert_true(stats_of(g).refused > before);
    text = report_of(g);
    if (!strstr(text, why)) {
        print_error("expected '%s' in: %s\n", why, text);
    }
    assert_non_null(strstr(text, why));
    free(text);
    assert_true(guest_run(g, nop, 1));
}

static void test_unknown_opcode_is_refused_by_name(void **state)
{
    const uint32_t dw[] = {pm4_type3(0x7f, 1), 0};
    expect_refused(*state, dw, 2, "0x7f");
}

static void test_type1_packet_is_refused(void **state)
{
    const uint32_t dw[] = {0x40000000u, 1, 2};
    expect_refused(*state, dw, 3, "type 1");
}

static void test_packet_past_its_buffer_is_refused(void **state)
{
    const uint32_t dw[] = {pm4_type3(0x2d, 100), 0x40000};
    expect_refused(*state, dw, 2, "does not end inside");
}

static void test_wrong_payload_length_is_refused(void **state)
{
    const uint32_t dw[] = {pm4_type3(0x3d, 1), HEAP_VA};
    expect_refused(*state, dw, 2, "CP_MEM_WRITE");
}

static void test_privileged_packet_in_a_buffer_is_refused(void **state)
{
    const uint32_t dw[] = {pm4_type3(0x5f, 1), 0};
    expect_refused(*state, dw, 2, "privileged");
}

static void test_privileged_register_in_a_buffer_is_refused(void **state)
{
    const uint32_t dw[] = {0x0042, 0x12345678}; // MH_MMU_PT_BASE
    expect_refused(*state, dw, 2, "MH_MMU_PT_BASE");
}

static void test_register_past_the_file_is_refused(void **state)
{
    const uint32_t dw[] = {0x7ff0 | 1 << 16, 0, 0};
    expect_refused(*state, dw, 3, "past the register file");
}

static void test_constants_past_their_file_are_refused(void **state)
{
    const uint32_t dw[] = {pm4_type3(0x2d, 3), 0x000107ff, 1, 2};
    expect_refused(*state, dw, 4, "past their file");
}

static void test_nested_buffers_are_bounded(void **state)
{
    struct guest *g = *state;
    const uint32_t self[] = {pm4_type3(0x37, 2), HEAP_VA + 64, 4, 0x80000000u};
    uint8_t *at = guest_va(g, HEAP_VA + 64);
    for (int i = 0; i < 4; i++) { // HEAP -> +64 -> +128 -> +192: deeper than two
        put_le32(at + i * 64, pm4_type3(0x37, 2));
        put_le32(at + i * 64 + 4, HEAP_VA + 128 + (uint32_t)i * 64);
        put_le32(at + i * 64 + 8, 4);
        put_le32(at + i * 64 + 12, 0x80000000u);
    }
    expect_refused(g, self, 4, "nested deeper");
}

static void test_buffer_that_calls_itself_ends(void **state)
{
    struct guest *g = *state;
    const uint32_t self[] = {pm4_type3(0x37, 2), HEAP_VA, 4, 0x80000000u};
    guest_run(g, self, 4); // refused or bounded; what matters is that it ends
    assert_true(vgpu_wait_idle(g->vgpu, 1000000000ull));
}

static void test_empty_buffer_is_refused(void **state)
{
    const uint32_t dw[] = {pm4_type3(0x37, 2), HEAP_VA + 64, 0};
    expect_refused(*state, dw, 3, "0 dwords");
}

static void test_too_many_buffers_are_refused(void **state)
{
    uint32_t dw[65 * 3];
    for (uint32_t i = 0; i < 65; i++) {
        dw[i * 3] = pm4_type3(0x37, 2);
        dw[i * 3 + 1] = HEAP_VA + 0x1000 + i * 4;
        dw[i * 3 + 2] = 1;
    }
    struct guest *g = *state;
    memset(guest_va(g, HEAP_VA + 0x1000), 0, 0x200);
    for (uint32_t i = 0; i < 128; i++) {
        put_le32(guest_va(g, HEAP_VA + 0x1000) + i * 4, 0x80000000u);
    }
    expect_refused(g, dw, 65 * 3, "indirect buffers");
}

static void test_buffer_outside_memory_is_refused(void **state)
{
    const uint32_t dw[] = {pm4_type3(0x37, 2), VA_BASE + MAPPED_PAGES * 4096, 4};
    expect_refused(*state, dw, 3, "not readable memory");
}

static void test_overlong_submission_is_refused(void **state)
{
    // seven buffers of 256 Ki dwords overlap in the mapped megabytes but are copied one by one
    uint32_t dw[24 * 3];
    for (uint32_t i = 0; i < 24; i++) {
        dw[i * 3] = pm4_type3(0x37, 2);
        dw[i * 3 + 1] = HEAP_VA + 0x10000 + i * 4;
        dw[i * 3 + 2] = 0x40000;
    }
    struct guest *g = *state;
    for (uint32_t i = 0; i < 0x40000 + 64; i++) {
        put_le32(guest_va(g, HEAP_VA + 0x10000) + i * 4, 0x80000000u);
    }
    expect_refused(g, dw, 24 * 3, "longer than");
}

static void test_write_to_unmapped_memory_is_refused(void **state)
{
    const uint32_t dw[] = {pm4_type3(0x3d, 2), VA_BASE + MAPPED_PAGES * 4096, 0xdeadbeef};
    expect_refused(*state, dw, 3, "not writable");
}

static void test_write_to_read_only_page_is_refused(void **state)
{
    struct guest *g = *state;
    const uint32_t dw[] = {pm4_type3(0x3d, 2), HEAP_VA + 0x2000, 0xdeadbeef};
    uint32_t page = (HEAP_VA + 0x2000 - VA_BASE) >> 12;
    put_le32(g->ram + PT_OFF + page * 4, (RAM_GPA + POOL_OFF + page * 4096) | 2);
    guest_write(g, 0x45, 3);
    expect_refused(g, dw, 3, "not writable");
    assert_int_equal(get_le32(guest_va(g, HEAP_VA + 0x2000)), 0);
}

static void test_read_of_unmapped_memory_is_refused(void **state)
{
    const uint32_t dw[] = {pm4_type3(0x2e, 3), VA_BASE + MAPPED_PAGES * 4096, 0x4000f, 1};
    expect_refused(*state, dw, 4, "not readable");
}

static void test_page_outside_the_grant_is_out_of_reach(void **state)
{
    // the guest's own table may name any physical page; only what the board handed over is reachable
    struct guest *g = *state;
    const uint32_t dw[] = {pm4_type3(0x3d, 2), HEAP_VA + 0x3000, 0xdeadbeef};
    uint32_t page = (HEAP_VA + 0x3000 - VA_BASE) >> 12;
    put_le32(g->ram + PT_OFF + page * 4, (RAM_GPA + RAM_BYTES) | 3);
    guest_write(g, 0x45, 3);
    expect_refused(g, dw, 3, "not writable");
}

static void test_translation_is_forgotten_only_on_invalidate(void **state)
{
    struct guest *g = *state;
    const uint32_t dw[] = {pm4_type3(0x3d, 2), HEAP_VA + 0x4000, 0x11111111};
    uint32_t page = (HEAP_VA + 0x4000 - VA_BASE) >> 12;
    assert_true(guest_run(g, dw, 3));
    assert_int_equal(get_le32(guest_va(g, HEAP_VA + 0x4000)), 0x11111111);
    // remap to the last RAM page and invalidate
    put_le32(g->ram + PT_OFF + page * 4, (RAM_GPA + RAM_BYTES - 4096) | 3);
    guest_write(g, 0x45, 3);
    put_le32(guest_va(g, HEAP_VA + 0x4000), 0);
    assert_true(guest_run(g, dw, 3));
    assert_int_equal(get_le32(g->ram + RAM_BYTES - 4096), 0x11111111);
    assert_int_equal(get_le32(guest_va(g, HEAP_VA + 0x4000)), 0);
}

static void test_ring_at_unmapped_memory_faults_and_recovers(void **state)
{
    struct guest *g = *state;
    const uint32_t nop[] = {0x80000000u};
    guest_write(g, 0x1c0, 0x0f000000);
    guest_write(g, 0x1c5, 16);
    assert_int_equal(guest_read(g, 0xa43) & 4, 4);
    assert_int_equal(guest_read(g, 0x43), 0x0f000000);
    assert_int_equal(guest_read(g, 0x5d0) >> 31, 1); // stands still as hardware would
    guest_init_hw(g);
    assert_true(guest_run(g, nop, 1));
}

static void test_write_pointer_outside_the_ring_is_refused(void **state)
{
    struct guest *g = *state;
    const uint32_t nop[] = {0x80000000u};
    guest_write(g, 0x1c5, 0x7fffffff);
    assert_int_equal(stats_of(g).refused, 1);
    assert_true(guest_run(g, nop, 1));
}

static void test_endless_wait_hangs_this_vgpu_until_reset(void **state)
{
    struct guest *g = *state;
    const uint32_t wait[] = {pm4_type3(0x52, 4), 0x5d0, 1, 1, 1}; // RBBM_STATUS bit 0 never set so
    const uint32_t nop[] = {0x80000000u};
    assert_false(guest_run(g, wait, 5));
    assert_int_equal(guest_read(g, 0x5d0) >> 31, 1);
    assert_int_equal(stats_of(g).hangs, 1);
    guest_init_hw(g);
    assert_true(guest_run(g, nop, 1));
}

static void test_work_behind_a_hang_stands_still(void **state)
{
    struct guest *g = *state;
    const uint32_t wait[] = {pm4_type3(0x52, 4), 0x5d0, 1, 1, 1};
    const uint32_t nop[] = {0x80000000u};
    for (int i = 0; i < 5; i++) {
        put_le32(guest_va(g, HEAP_VA) + i * 4, wait[i]);
    }
    guest_put_ib(g, HEAP_VA, 5);
    guest_kick(g);
    guest_put_fence(g); // a second doorbell, queued behind or refused: never executed
    guest_kick(g);
    vgpu_wait_idle(g->vgpu, 1000000000ull);
    assert_false(guest_fenced(g));
    guest_init_hw(g);
    assert_true(guest_run(g, nop, 1));
    assert_true(guest_fenced(g));
}

static void test_any_value_in_any_register_is_survived(void **state)
{
    struct guest *g = *state;
    uint32_t x = 12345;
    const uint32_t nop[] = {0x80000000u};
    for (uint32_t reg = 0; reg < 0x8000; reg++) {
        x = x * 1664525u + 1013904223u;
        guest_write(g, reg, reg & 1 ? x : ~0u);
        (void)guest_read(g, reg);
    }
    guest_init_hw(g);
    assert_true(guest_run(g, nop, 1));
}

static void test_accesses_outside_the_window_are_refused(void **state)
{
    struct guest *g = *state;
    uint32_t v = 0;
    assert_int_equal(vgpu_region_read(g->vgpu, 0, 0x20000, &v, 4), -EINVAL);
    assert_int_equal(vgpu_region_write(g->vgpu, 0, 2, &v, 4), -EINVAL);
    assert_int_equal(vgpu_region_read(g->vgpu, 1, 0, &v, 4), -EINVAL);
    assert_int_equal(vgpu_region_read(g->vgpu, 0, UINT64_MAX - 3, &v, 4), -EINVAL);
}

static void test_two_vgpus_share_one_engine(void **state)
{
    struct guest *a = *state, b;
    const uint32_t nop[] = {0x80000000u};
    guest_open(&b, a->mdev, "vm1");
    for (int i = 0; i < 50; i++) {
        assert_true(guest_run(a, nop, 1));
        assert_true(guest_run(&b, nop, 1));
    }
    // one hangs, the other goes on
    const uint32_t wait[] = {pm4_type3(0x52, 4), 0x5d0, 1, 1, 1};
    assert_false(guest_run(a, wait, 5));
    assert_true(guest_run(&b, nop, 1));
    guest_close(&b);
}

static void stamps(void *ctx, struct vgpu *vgpu, const struct vgpu_submission *sub)
{
    (void)vgpu;
    *(struct vgpu_submission *)ctx = *sub;
}

static void test_every_stage_is_stamped_in_order(void **state)
{
    struct guest *g = *state;
    const uint32_t nop[] = {0x80000000u};
    struct vgpu_submission sub = {0};
    vgpu_listen(g->vgpu, stamps, &sub);
    assert_true(guest_run(g, nop, 1));
    guest_write(g, 0x1f4, ~0u);
    assert_true(sub.id != 0);
    for (int i = 0; i < VGPU_STAGE_COUNT; i++) {
        assert_true(sub.stamp_ns[i] != 0);
    }
    assert_true(sub.stamp_ns[VGPU_STAGE_doorbell] <= sub.stamp_ns[VGPU_STAGE_copied]);
    assert_true(sub.stamp_ns[VGPU_STAGE_copied] <= sub.stamp_ns[VGPU_STAGE_audited]);
    assert_true(sub.stamp_ns[VGPU_STAGE_audited] <= sub.stamp_ns[VGPU_STAGE_queued]);
    assert_true(sub.stamp_ns[VGPU_STAGE_queued] <= sub.stamp_ns[VGPU_STAGE_started]);
    assert_true(sub.stamp_ns[VGPU_STAGE_started] <= sub.stamp_ns[VGPU_STAGE_executed]);
    assert_true(sub.stamp_ns[VGPU_STAGE_interrupted] <= sub.stamp_ns[VGPU_STAGE_acknowledged]);
    assert_int_equal(sub.seqno, g->seqno);
    vgpu_listen(g->vgpu, NULL, NULL);
}

static void test_saved_state_continues_elsewhere(void **state)
{
    struct guest *a = *state, b;
    const uint32_t nop[] = {0x80000000u};
    struct snap_writer *w = snap_writer_create();
    struct snap_reader *r;
    struct mdev *other = new_mdev(true);
    size_t n;
    const void *bytes;

    assert_true(guest_run(a, nop, 1));
    assert_int_equal(vgpu_save(a->vgpu, w, NULL), 0);
    bytes = snap_bytes(w, &n);
    guest_open(&b, other, "copy");
    memcpy(b.ram, a->ram, RAM_BYTES);
    r = snap_reader_create(bytes, n, NULL);
    assert_non_null(r);
    assert_int_equal(vgpu_restore(b.vgpu, r, NULL), 0);
    b.wptr = a->wptr;
    b.seqno = a->seqno;
    assert_true(vgpu_irq_level(b.vgpu, 0)); // the interrupt that was pending still is
    assert_true(guest_run(&b, nop, 1));
    assert_int_equal(guest_read(&b, 0x1c4), b.wptr);
    snap_reader_destroy(r);
    snap_writer_destroy(w);
    guest_close(&b);
    mdev_destroy(other);
}

static void test_instances_are_counted(void **state)
{
    struct guest *g = *state;
    const struct vgpu_type *t = vgpu_type_at(0);
    unsigned before = mdev_available_instances(g->mdev, t);
    struct guest b;
    guest_open(&b, g->mdev, "x");
    assert_int_equal(mdev_available_instances(g->mdev, t), before - 1);
    guest_close(&b);
    assert_int_equal(mdev_available_instances(g->mdev, t), before);
}

static void test_a_submission_above_the_quota_is_refused(void **state)
{
    static uint32_t dw[20000];
    struct guest *g = *state;
    struct vgpu_settings set;
    for (unsigned i = 0; i < ARRAY_LEN(dw); i++) {
        dw[i] = 0x80000000u;
    }
    assert_int_equal(vgpu_set_quota(g->vgpu, 1), -EINVAL);
    assert_int_equal(vgpu_set_quota(g->vgpu, VGPU_QUOTA_MIN), 0);
    vgpu_settings(g->vgpu, &set);
    assert_int_equal(set.quota, VGPU_QUOTA_MIN);
    expect_refused(g, dw, ARRAY_LEN(dw), "quota");
    assert_int_equal(vgpu_set_quota(g->vgpu, VGPU_QUOTA_DEFAULT), 0);
    assert_true(guest_run(g, dw, ARRAY_LEN(dw)));
}

static void test_a_flood_waits_for_room(void **state)
{
    struct guest *g = *state;
    assert_int_equal(vgpu_set_quota(g->vgpu, VGPU_QUOTA_MIN), 0);
    for (unsigned i = 0; i < 2000; i++) { // each holds a few kilobytes
        guest_put_fence(g);
        guest_kick(g);
    }
    assert_true(vgpu_wait_idle(g->vgpu, 60000000000ull));
    assert_true(guest_fenced(g));
    assert_int_equal(stats_of(g).refused, 0);
}

static void test_settings_are_checked_and_kept(void **state)
{
    struct guest *g = *state;
    struct vgpu_settings set;
    assert_int_equal(vgpu_set_weight(g->vgpu, 0), -EINVAL);
    assert_int_equal(vgpu_set_cap(g->vgpu, 1001), -EINVAL);
    assert_int_equal(vgpu_set_priority(g->vgpu, "urgent"), -EINVAL);
    assert_int_equal(vgpu_set_weight(g->vgpu, 300), 0);
    assert_int_equal(vgpu_set_cap(g->vgpu, 250), 0);
    assert_int_equal(vgpu_set_priority(g->vgpu, "high"), 0);
    vgpu_settings(g->vgpu, &set);
    assert_int_equal(set.weight, 300);
    assert_int_equal(set.cap, 250);
    assert_string_equal(set.priority, "high");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_submission_stores_fence_and_raises_interrupt),
        T(test_ring_wraps_at_its_size),
        T(test_unknown_opcode_is_refused_by_name),
        T(test_type1_packet_is_refused),
        T(test_packet_past_its_buffer_is_refused),
        T(test_wrong_payload_length_is_refused),
        T(test_privileged_packet_in_a_buffer_is_refused),
        T(test_privileged_register_in_a_buffer_is_refused),
        T(test_register_past_the_file_is_refused),
        T(test_constants_past_their_file_are_refused),
        T(test_nested_buffers_are_bounded),
        T(test_buffer_that_calls_itself_ends),
        T(test_empty_buffer_is_refused),
        T(test_too_many_buffers_are_refused),
        T(test_buffer_outside_memory_is_refused),
        T(test_overlong_submission_is_refused),
        T(test_write_to_unmapped_memory_is_refused),
        T(test_write_to_read_only_page_is_refused),
        T(test_read_of_unmapped_memory_is_refused),
        T(test_page_outside_the_grant_is_out_of_reach),
        T(test_translation_is_forgotten_only_on_invalidate),
        T(test_ring_at_unmapped_memory_faults_and_recovers),
        T(test_write_pointer_outside_the_ring_is_refused),
        T(test_endless_wait_hangs_this_vgpu_until_reset),
        T(test_work_behind_a_hang_stands_still),
        T(test_any_value_in_any_register_is_survived),
        T(test_accesses_outside_the_window_are_refused),
        T(test_two_vgpus_share_one_engine),
        T(test_every_stage_is_stamped_in_order),
        T(test_saved_state_continues_elsewhere),
        T(test_instances_are_counted),
        T(test_a_submission_above_the_quota_is_refused), T(test_a_flood_waits_for_room),
        T(test_settings_are_checked_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
