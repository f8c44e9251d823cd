// SPDX-License-Identifier: MIT
//
// The GPU's window on the board: registers go to the mediated device and come back, its interrupt
// comes out of the board's line, memory is reachable at every address it repeats at; an empty
// window is reported.
#include "tests/soc/bench.h"

#include "mdev/vgpu.h"
#include "soc/vgpu_port.h"

enum {
    GPU = 0x30000000,
    SCRATCH_REG2 = 0x57a,
    RBBM_STATUS = 0x5d0,
    RBBM_CNTL = 0x3b,
    TZIC = 0x0fffc000
};

struct rig {
    struct bench b;
    struct mdev *mdev;
    struct device *port;
};

static int open_rig(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    struct mdev_config mc = {.backend = "null", .synchronous = true};
    struct err err = {0};
    bench_make(&r->b, "imx53-qsb", 0);
    r->mdev = mdev_create(&mc, &err);
    if (!r->mdev) {
        fail_msg("%s", err.msg);
    }
    r->port = soc_device(r->b.soc, "gpu3d");
    if (r->port->cls->attach_gpu(r->port, r->mdev, vgpu_type_at(0)->name, "test", &err)) {
        fail_msg("%s", err.msg);
    }
    bench_start(&r->b);
    *state = r;
    return 0;
}

static int close_rig(void **state)
{
    struct rig *r = *state;
    bench_close(&r->b);
    mdev_destroy(r->mdev);
    free(r);
    return 0;
}

static void test_registers_reach_the_mediated_device(void **state)
{
    struct rig *r = *state;
    uint64_t v;
    wr(&r->b, GPU + RBBM_CNTL * 4, 0x4442);
    assert_int_equal(rd(&r->b, GPU + RBBM_CNTL * 4), 0x4442);
    assert_int_equal(bus_read(soc_bus(r->b.soc), GPU + RBBM_CNTL * 4 + 1, 1, &v), CPU_BUS_OK);
    assert_int_equal(v, 0x44);
    assert_int_equal(rd(&r->b, GPU + RBBM_STATUS * 4) & BIT(31), 0); // idle
    assert_non_null(vgpu_port_vgpu(r->port));
    assert_null(vgpu_port_vgpu(soc_device(r->b.soc, "uart1")));
}

static void test_memory_is_mapped_at_its_repetitions(void **state)
{
    static const uint64_t places[] = {0x70000000, 0x90000000, 0xb0000000, 0xd0000000};
    struct rig *r = *state;
    struct vgpu *vgpu = vgpu_port_vgpu(r->port);
    for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
        assert_int_equal(vgpu_dma_unmap(vgpu, places[i], 0x20000000), 0);
    }
}

// The mediator's callback may come from any thread: the line moves when the machine's thread looks.
static void test_interrupt_comes_out_of_the_line(void **state)
{
    struct rig *r = *state;
    r->port->cls->poll(r->port);
    assert_false(r->port->outs[0].level);
    wr(&r->b, GPU + 0x3b4 * 4, 1);          // RBBM_INT_CNTL: read error
    wr(&r->b, GPU + 0x1f2 * 4, 0xcf800000); // CP_INT_CNTL
    soc_wake_async(r->b.soc);
    soc_poll_async(r->b.soc);
    assert_int_equal(r->port->outs[0].level, vgpu_irq_level(vgpu_port_vgpu(r->port), 0));
}

static void test_empty_window_is_reported(void **state)
{
    struct bench b;
    (void)state;
    bench_open(&b);
    assert_int_equal(rd(&b, GPU + RBBM_STATUS * 4), 0);
    wr(&b, GPU + 0x114, 3);
    assert_int_equal(bus_unclaimed_count(soc_bus(b.soc)), 2);
    assert_string_equal(bus_unclaimed_at(soc_bus(b.soc), 1)->name, "gpu3d.+0x114");
    bench_close(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        T(test_registers_reach_the_mediated_device),
        T(test_memory_is_mapped_at_its_repetitions),
        T(test_interrupt_comes_out_of_the_line),
        cmocka_unit_test(test_empty_window_is_reported),
    };
    return cmocka_run_group_tests_name("GPU window", tests, NULL, NULL);
}
