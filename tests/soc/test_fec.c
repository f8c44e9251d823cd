// SPDX-License-Identifier: MIT
//
// The Ethernet controller with its PHY: descriptor rings as Linux lays them out, the address
// filter, back-pressure, hostile rings; and DHCP from the user-mode network.
#include "tests/soc/bench.h"

#include "soc/net.h"

enum { FEC = 0x63fec000, TX = RAM + 0x1000, RX = RAM + 0x2000, BUF = RAM + 0x10000 };
enum { TX_READY = 0x8000, RX_EMPTY = 0x8000, WRAP = 0x2000, LAST = 0x0800 };
enum { TXF = 1 << 27, RXF = 1 << 25, MII = 1 << 23, EBERR = 1 << 22 };

// A backend that keeps what the guest sends.
struct recorder {
    struct netdev base;
    uint8_t frame[NET_FRAME_MAX];
    size_t bytes;
    unsigned frames;
};

static void record(struct netdev *net, const uint8_t *frame, size_t n)
{
    struct recorder *r = container_of(net, struct recorder, base);
    memcpy(r->frame, frame, n);
    r->bytes = n;
    r->frames++;
}

static void forget(struct netdev *net)
{
    (void)net;
}

struct nic {
    struct bench b;
    struct recorder net;
    struct netdev *user;
};

static const struct netdev_ops recorder_ops = {"recorder", record, forget};

static void bd(struct nic *n, uint32_t at, uint16_t len, uint16_t ctl, uint32_t addr)
{
    wr(&n->b, at, len | (uint32_t)ctl << 16);
    wr(&n->b, at + 4, addr);
}

static void set_up(struct nic *n, struct netdev *net)
{
    struct device *dev;
    bench_make(&n->b, "imx53-qsb", 0);
    dev = soc_device(n->b.soc, "fec");
    assert_int_equal(dev->cls->attach_net(dev, net, NULL), 0);
    bench_start(&n->b);
    wr(&n->b, FEC + 0x24, 1);
    assert_int_equal(rd(&n->b, FEC + 0x24), 0xf0000000);
    wr(&n->b, FEC + 0xe4, 0x00049f01); // as U-Boot writes the address
    wr(&n->b, FEC + 0xe8, 0x53018808);
    wr(&n->b, FEC + 0x188, 0x7c0);
    wr(&n->b, FEC + 0x84, 0x05f20104);
    wr(&n->b, FEC + 0x180, RX);
    wr(&n->b, FEC + 0x184, TX);
    for (unsigned i = 0; i < 4; i++) {
        bd(n, RX + i * 8, 0, (uint16_t)(RX_EMPTY | (i == 3 ? WRAP : 0)), BUF + 0x1000 * i);
        bd(n, TX + i * 8, 0, i == 3 ? WRAP : 0, 0);
    }
    wr(&n->b, FEC + 0x24, 2);
    wr(&n->b, FEC + 0x10, 1 << 24);
}

static int open_nic(void **state)
{
    struct nic *n = calloc(1, sizeof *n);
    n->net.base.ops = &recorder_ops;
    set_up(n, &n->net.base);
    *state = n;
    return 0;
}

static int close_nic(void **state)
{
    struct nic *n = *state;
    bench_close(&n->b);
    free(n);
    return 0;
}

static uint16_t ctl(struct nic *n, uint32_t at)
{
    return (uint16_t)(rd(&n->b, at) >> 16);
}

static void test_phy_answers_and_others_do_not(void **state)
{
    struct nic *n = *state;
    wr(&n->b, FEC + 4, ~0u);
    wr(&n->b, FEC + 0x40, 0x600a0000); // PHY 0, register 2
    assert_int_equal(rd(&n->b, FEC + 4) & MII, MII);
    assert_int_equal(rd(&n->b, FEC + 0x40) & 0xffff, 0x0007);
    wr(&n->b, FEC + 0x40, 0x60060000);
    assert_int_equal(rd(&n->b, FEC + 0x40) & 0x24, 0x24); // link, negotiated
    wr(&n->b, FEC + 0x40, 0x608a0000);                    // PHY 1
    assert_int_equal(rd(&n->b, FEC + 0x40) & 0xffff, 0xffff);
    assert_int_equal(rd(&n->b, FEC + 0x308), 6); // gasket enabled and ready
}

static void test_sends_a_frame_from_two_buffers(void **state)
{
    struct nic *n = *state;
    uint8_t frame[100];
    for (unsigned i = 0; i < sizeof frame; i++) {
        frame[i] = (uint8_t)i;
    }
    soc_dma_write(n->b.soc, BUF, frame, 60);
    soc_dma_write(n->b.soc, BUF + 0x800, frame + 60, 40);
    bd(n, TX, 60, TX_READY, BUF);
    bd(n, TX + 8, 40, TX_READY | LAST, BUF + 0x800);
    wr(&n->b, FEC + 0x14, 1 << 24);
    assert_int_equal(n->net.frames, 1);
    assert_int_equal(n->net.bytes, 100);
    assert_memory_equal(n->net.frame, frame, 100);
    assert_int_equal(ctl(n, TX) & TX_READY, 0);
    assert_int_equal(rd(&n->b, FEC + 4) & TXF, TXF);
    assert_int_equal(rd(&n->b, FEC + 0x14), 0);
}

static void test_receives_for_its_address_and_broadcast_only(void **state)
{
    static const uint8_t mine[60] = {0x00, 0x04, 0x9f, 0x01, 0x53, 0x01, 1, 2, 3, 4, 5, 6, 8, 0};
    static const uint8_t other[60] = {0x00, 0x04, 0x9f, 0x01, 0x53, 0x02};
    static const uint8_t all[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t multi[60] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01};
    struct nic *n = *state;
    netdev_deliver(&n->net.base, other, sizeof other);
    netdev_deliver(&n->net.base, multi, sizeof multi);
    assert_int_equal(ctl(n, RX), RX_EMPTY);
    netdev_deliver(&n->net.base, mine, sizeof mine);
    assert_int_equal(ctl(n, RX), LAST);
    assert_int_equal(rd(&n->b, RX) & 0xffff, 64); // with the check sequence
    assert_int_equal(rd(&n->b, BUF), 0x019f0400);
    assert_int_equal(rd(&n->b, FEC + 4) & RXF, RXF);
    netdev_deliver(&n->net.base, all, sizeof all);
    assert_int_equal(ctl(n, RX + 8), LAST | 0x80);
    wr(&n->b, FEC + 0x124, ~0u); // group hash
    wr(&n->b, FEC + 0x120, ~0u);
    netdev_deliver(&n->net.base, multi, sizeof multi);
    assert_int_equal(ctl(n, RX + 16), LAST | 0x40);
}

static void test_full_ring_holds_frames_back(void **state)
{
    static const uint8_t all[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct nic *n = *state;
    for (unsigned i = 0; i < 6; i++) {
        netdev_deliver(&n->net.base, all, sizeof all);
    }
    assert_int_equal(n->net.base.queue.count, 2);
    for (unsigned i = 0; i < 4; i++) {
        bd(n, RX + i * 8, 0, (uint16_t)(RX_EMPTY | (i == 3 ? WRAP : 0)), BUF);
    }
    wr(&n->b, FEC + 0x10, 1 << 24);
    assert_int_equal(n->net.base.queue.count, 0);
    assert_int_equal(ctl(n, RX + 8) & RX_EMPTY, 0);
}

static void test_hostile_rings_do_no_harm(void **state)
{
    static const uint8_t all[1500] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct nic *n = *state;
    bd(n, TX, 0xffff, TX_READY, 0x50000000); // buffer where no memory is
    wr(&n->b, FEC + 0x14, 1);
    assert_int_equal(rd(&n->b, FEC + 4) & EBERR, EBERR);
    bd(n, TX, 0xffff, TX_READY | LAST | WRAP, BUF); // longer than a frame can be
    wr(&n->b, FEC + 0x14, 1);
    wr(&n->b, FEC + 0x24, 0);
    wr(&n->b, FEC + 0x184, 0x10000000); // rings where no memory is
    wr(&n->b, FEC + 0x180, 0x10000000);
    wr(&n->b, FEC + 0x24, 2);
    wr(&n->b, FEC + 0x14, 1);
    netdev_deliver(&n->net.base, all, sizeof all);
    wr(&n->b, FEC + 0x24, 0);
    wr(&n->b, FEC + 0x180, RX);
    wr(&n->b, FEC + 0x188, 0x10); // 16-byte buffers in a ring of four: never fits
    wr(&n->b, FEC + 0x24, 2);
    netdev_deliver(&n->net.base, all, sizeof all);
    assert_int_equal(n->net.base.queue.count, 0);
}

// A DHCP discover from the guest brings an offer back.
static void test_user_network_offers_an_address(void **state)
{
    struct netdev_config cfg = {.spec = "user"};
    struct nic *n = calloc(1, sizeof *n);
    struct netdev *user = netdev_create(&cfg, NULL);
    uint8_t f[342] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x04, 0x9f, 0x01, 0x53, 0x01,
                      0x08, 0x00, 0x45, 0x00, 0x01, 0x48, 0,    0,    0,    0,    64,   17};
    uint32_t sum = 0;
    (void)state;
    assert_non_null(user);
    set_up(n, user);
    memset(f + 30, 0xff, 4); // to 255.255.255.255
    for (unsigned i = 14; i < 34; i += 2) {
        sum += get_be16(f + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    f[24] = (uint8_t)(~sum >> 8);
    f[25] = (uint8_t)~sum;
    f[35] = 68;
    f[37] = 67;
    f[38] = 0x01;
    f[39] = 0x34;
    f[42] = f[43] = 1; // BOOTREQUEST, Ethernet
    f[44] = 6;
    f[46] = 0x12;
    memcpy(f + 70, f + 6, 6);
    memcpy(f + 278, (const uint8_t[]){0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255}, 8);
    soc_dma_write(n->b.soc, BUF + 0x8000, f, sizeof f);
    bd(n, TX, sizeof f, TX_READY | LAST, BUF + 0x8000);
    wr(&n->b, FEC + 0x14, 1);
    assert_int_equal(ctl(n, RX) & RX_EMPTY, 0);
    assert_int_equal(rd(&n->b, BUF + 56) >> 16 | (rd(&n->b, BUF + 60) & 0xffff) << 16,
                     0x0f02000a); // 10.0.2.15
    bench_close(&n->b);
    netdev_destroy(user);
    free(n);
}

static void test_unknown_backends_are_named(void **state)
{
    static const char *const wrong[] = {"tap",
                                        "user,magic",
                                        "user,hostfwd=tcp:1",
                                        "userx",
                                        "user,hostfwd=tcp::0-:0",
                                        "user,hostfwd=tcp::70000-:1"};
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        struct netdev_config cfg = {.spec = wrong[i]};
        struct err err = {0};
        assert_null(netdev_create(&cfg, &err));
        assert_non_null(strstr(err.msg, "network: "));
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_nic, close_nic)
    const struct CMUnitTest tests[] = {
        T(test_phy_answers_and_others_do_not),
        T(test_sends_a_frame_from_two_buffers),
        T(test_receives_for_its_address_and_broadcast_only),
        T(test_full_ring_holds_frames_back),
        T(test_hostile_rings_do_no_harm),
        cmocka_unit_test(test_user_network_offers_an_address),
        cmocka_unit_test(test_unknown_backends_are_named),
    };
    return cmocka_run_group_tests_name("Ethernet", tests, NULL, NULL);
}
