// SPDX-License-Identifier: MIT
//
// The vfio-user server, message by message: what each command answers, which errors each malformed
// one gets, what happens to descriptors and on disconnect, and a whole guest driven through it.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "tests/mdev/guest.h"
#include "tests/mdev/vfu_client.h"

static int setup_raw(void **state)
{
    struct err err = {0};
    const struct mdev_config cfg = {.backend = "null", .synchronous = true};
    struct vc *c = malloc(sizeof *c);
    struct mdev *m = mdev_create(&cfg, &err);
    assert_non_null(m);
    vc_open(c, m);
    *state = c;
    return 0;
}

static int setup(void **state)
{
    setup_raw(state);
    assert_int_equal(vc_version(*state, 0, 0, VC_PROPOSAL), 0);
    return 0;
}

static int teardown(void **state)
{
    struct vc *c = *state;
    vc_close(c);
    mdev_destroy(c->mdev);
    free(c);
    return 0;
}

static unsigned open_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;
    while (readdir(d)) {
        n++;
    }
    closedir(d);
    return n;
}

// ---- version ---------------------------------------------------------------------------------------

static void test_version_reply_is_a_subset_and_no_longer(void **state)
{
    struct vc *c = *state;
    struct vfu_version ver;
    const char *json = (const char *)c->data + sizeof ver;
    assert_int_equal(vc_version(c, 0, 0, "{\"capabilities\":{\"max_msg_fds\":8,\"odd\":1}}"), 0);
    memcpy(&ver, c->data, sizeof ver);
    assert_int_equal(ver.major, 0);
    assert_int_equal(ver.minor, 0); // never above the client's
    assert_int_equal(c->data[c->n - 1], 0);
    assert_string_equal(json, "{\"capabilities\":{\"max_msg_fds\":8}}");
}

static void test_version_of_the_usual_client_fits_its_buffer(void **state)
{
    struct vc *c = *state;
    assert_int_equal(vc_version(c, 0, 0, VC_PROPOSAL), 0);
    assert_true(c->reply.size <= VFU_HEADER_BYTES + 4 + sizeof VC_PROPOSAL);
    assert_non_null(strstr((char *)c->data + 4, "\"write_multiple\":true"));
    assert_non_null(strstr((char *)c->data + 4, "\"max_dma_maps\":32"));
}

static void test_version_without_capabilities_uses_defaults(void **state)
{
    struct vc *c = *state;
    assert_int_equal(vc_version(c, 0, 5, NULL), 0);
    assert_int_equal(c->n, 4);
    assert_int_equal(c->data[2], 1);
    assert_int_equal(vc_read(c, VFU_REGION_CONFIG, 0, 4), 0);
}

static void test_malformed_versions_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "{", "[]", "1", "{\"capabilities\":3}", "{\"capabilities\":{\"max_msg_fds\":\"x\"}}",
        "{\"capabilities\":{\"max_data_xfer_size\":-1}}", "{\"capabilities\":{\"write_multiple\":7}}"};
    struct vc *c = *state;
    const struct vfu_version ver = {0, 0};
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(vc_version(c, 0, 0, bad[i]), EINVAL);
    }
    assert_int_equal(vc_version(c, 1, 0, NULL), EINVAL);
    assert_int_equal(vc_call2(c, VFU_VERSION, &ver, 4, "{}", 2, NULL, 0), EINVAL); // no NUL
    assert_int_equal(vc_call(c, VFU_VERSION, &ver, 3), EINVAL);
    assert_int_equal(vc_read(c, VFU_REGION_CONFIG, 0, 4), EINVAL); // still not negotiated
    assert_int_equal(vc_version(c, 0, 0, NULL), 0);
    assert_int_equal(vc_version(c, 0, 0, NULL), EINVAL); // once
}

static void test_agreed_transfer_size_holds(void **state)
{
    struct vc *c = *state;
    assert_int_equal(vc_version(c, 0, 0, "{\"capabilities\":{\"max_data_xfer_size\":64}}"), 0);
    assert_int_equal(vc_read(c, VFU_REGION_CONFIG, 0, 64), 0);
    assert_int_equal(vc_read(c, VFU_REGION_CONFIG, 0, 65), EINVAL);
}

// ---- framing ---------------------------------------------------------------------------------------

static void test_unknown_commands_are_refused(void **state)
{
    static const uint16_t unknown[] = {0, 11, 12, 14, 19, 255, 65535};
    for (unsigned i = 0; i < ARRAY_LEN(unknown); i++) {
        assert_int_equal(vc_call(*state, unknown[i], NULL, 0), ENOTSUP);
    }
}

static void test_wrong_payload_sizes_are_refused(void **state)
{
    static const struct {
        uint16_t command;
        size_t right;
    } rows[] = {{VFU_DMA_MAP, 32}, {VFU_DMA_UNMAP, 24}, {VFU_DEVICE_GET_INFO, 16},
                {VFU_GET_REGION_INFO, 32}, {VFU_GET_REGION_IO_FDS, 16}, {VFU_GET_IRQ_INFO, 16},
                {VFU_SET_IRQS, 20}, {VFU_REGION_READ, 16}, {VFU_DEVICE_RESET, 0},
                {VFU_REGION_WRITE, 16}, {VFU_REGION_WRITE_MULTI, 8}, {VFU_DEVICE_FEATURE, 8},
                {VFU_MIG_DATA_READ, 8}, {VFU_MIG_DATA_WRITE, 8}};
    uint8_t zero[64] = {0};
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].right) {
            assert_int_equal(vc_call(*state, rows[i].command, zero, rows[i].right - 1), EINVAL);
            assert_int_equal(vc_call(*state, rows[i].command, zero, 0), EINVAL);
        }
        assert_int_equal(vc_call(*state, rows[i].command, zero, rows[i].right + 3), EINVAL);
    }
}

static void test_no_reply_means_none(void **state)
{
    struct vc *c = *state;
    const struct vfu_region_access a = {0x578 * 4, 0, 4};
    const uint32_t v = 0x1234;
    vc_send(c, VFU_REGION_WRITE, VFU_NO_REPLY, &a, sizeof a, &v, 4, NULL, 0);
    vc_send(c, VFU_REGION_WRITE, VFU_NO_REPLY, &a, sizeof a, NULL, 0, NULL, 0); // an error, too
    vc_pump(c);
    assert_false(vc_take(c));
    assert_int_equal(vc_read(c, 7, 0, 4), 0);
}

static void test_pipelined_messages_are_answered_in_order(void **state)
{
    struct vc *c = *state;
    const struct vfu_region_access a = {0, VFU_REGION_CONFIG, 4};
    uint16_t first = (uint16_t)(c->id + 1);
    for (int i = 0; i < 10; i++) {
        vc_send(c, VFU_REGION_READ, 0, &a, sizeof a, NULL, 0, NULL, 0);
    }
    vc_pump(c);
    for (int i = 0; i < 10; i++) {
        assert_true(vc_take(c));
        assert_int_equal(c->reply.id, (uint16_t)(first + i));
    }
}

static void test_message_in_pieces_is_put_together(void **state)
{
    struct vc *c = *state;
    struct {
        struct vfu_header h;
        struct vfu_region_access a;
    } m = {{77, VFU_REGION_READ, sizeof m, 0, 0}, {0, VFU_REGION_CONFIG, 4}};
    for (size_t i = 0; i < sizeof m; i++) {
        assert_false(vc_take(c));
        vc_send_raw(c, (uint8_t *)&m + i, 1, NULL, 0);
        assert_int_equal(vc_pump(c), 0);
    }
    assert_true(vc_take(c));
    assert_int_equal(c->reply.id, 77);
}

static void test_reply_flood_blocks_reading_not_the_server(void **state)
{
    struct vc *c = *state;
    const struct vfu_region_access a = {0, VFU_REGION_BAR0, 65536};
    unsigned replies = 0;
    for (int i = 0; i < 64; i++) { // 4 MiB of replies: more than the socket holds
        vc_send(c, VFU_REGION_READ, 0, &a, sizeof a, NULL, 0, NULL, 0);
    }
    assert_int_equal(vc_pump(c), 0);
    while (vc_take(c)) {
        assert_int_equal(c->n, sizeof a + 65536);
        replies++;
        vc_pump(c);
    }
    assert_int_equal(replies, 64);
}

static void test_oversized_message_is_refused_and_skipped(void **state)
{
    struct vc *c = *state;
    struct vfu_header h = {9, VFU_REGION_WRITE, VFU_MSG_MAX + 1, 0, 0};
    uint8_t junk[4096];
    size_t left = h.size - sizeof h;
    memset(junk, 0xee, sizeof junk);
    vc_send_raw(c, &h, sizeof h, NULL, 0);
    vc_pump(c);
    assert_true(vc_take(c));
    assert_int_equal(c->reply.error, EINVAL);
    while (left) {
        size_t n = left < sizeof junk ? left : sizeof junk;
        vc_send_raw(c, junk, n, NULL, 0);
        vc_pump(c);
        left -= n;
    }
    assert_int_equal(vc_read(c, VFU_REGION_CONFIG, 0, 4), 0);
}

static void test_impossible_size_loses_the_connection(void **state)
{
    struct vc *c = *state;
    struct vfu_header h = {9, VFU_REGION_READ, 15, 0, 0};
    vc_send_raw(c, &h, sizeof h, NULL, 0);
    assert_int_equal(vc_pump(c), -ENOTCONN);
    assert_false(vfu_attached(c->v));
    assert_int_equal(vfu_step(c->v), -ENOTCONN);
}

static void test_replies_and_odd_types_are_harmless(void **state)
{
    struct vc *c = *state;
    struct vfu_header h = {9, VFU_DMA_READ, sizeof h, VFU_TYPE_REPLY, 0};
    vc_send_raw(c, &h, sizeof h, NULL, 0);
    assert_int_equal(vc_pump(c), 0);
    assert_false(vc_take(c));
    h.flags = 5;
    vc_send_raw(c, &h, sizeof h, NULL, 0);
    vc_pump(c);
    assert_true(vc_take(c));
    assert_int_equal(c->reply.error, EINVAL);
}

static void test_unwanted_descriptors_are_closed(void **state)
{
    struct vc *c = *state;
    int fds[24];
    unsigned before = open_fds();
    const struct vfu_region_access a = {0, VFU_REGION_CONFIG, 4};
    const struct vfu_dma_map m = {sizeof m, 3, 0, 0, 4096};
    for (unsigned i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = vc_memfd(4096);
    }
    assert_int_equal(vc_call2(c, VFU_REGION_READ, &a, sizeof a, NULL, 0, fds, 3), EINVAL);
    assert_int_equal(vc_call2(c, VFU_DMA_MAP, &m, sizeof m, NULL, 0, fds, 2), EINVAL);
    assert_int_equal(vc_call2(c, VFU_DMA_MAP, &m, sizeof m, NULL, 0, fds, 24), EINVAL);
    assert_int_equal(vc_call2(c, 99, NULL, 0, NULL, 0, fds, 1), ENOTSUP);
    for (unsigned i = 0; i < ARRAY_LEN(fds); i++) {
        close(fds[i]);
    }
    assert_int_equal(open_fds(), before);
}

// ---- information -----------------------------------------------------------------------------------

static void test_device_is_a_resettable_pci_function(void **state)
{
    struct vc *c = *state;
    struct vfu_device_info i = {16, 0, 0, 0};
    assert_int_equal(vc_call(c, VFU_DEVICE_GET_INFO, &i, sizeof i), 0);
    memcpy(&i, c->data, sizeof i);
    assert_int_equal(i.argsz, 16);
    assert_int_equal(i.flags, VFU_DEVICE_PCI | VFU_DEVICE_RESETS);
    assert_true(i.regions >= 8 && i.regions <= 100);
    assert_true(i.irqs >= 3 && i.irqs <= 50);
    i.argsz = 15;
    assert_int_equal(vc_call(c, VFU_DEVICE_GET_INFO, &i, sizeof i), EINVAL);
}

static void test_region_sizes_are_powers_of_two(void **state)
{
    static const uint64_t bytes[VFU_REGION_COUNT] = {[0] = 128 << 10, [1] = 4096, [7] = 256};
    struct vc *c = *state;
    for (uint32_t k = 0; k < VFU_REGION_COUNT; k++) {
        struct vfu_region_info i = {32, 0, k, 0, 0, 0};
        assert_int_equal(vc_call(c, VFU_GET_REGION_INFO, &i, sizeof i), 0);
        memcpy(&i, c->data, sizeof i);
        assert_int_equal(i.size, bytes[k]);
        assert_int_equal(i.flags, bytes[k] ? 3 : 0);
        assert_int_equal(i.index, k);
    }
    assert_int_equal(vc_call(c, VFU_GET_REGION_INFO,
                             &(struct vfu_region_info){32, 0, VFU_REGION_COUNT, 0, 0, 0}, 32), EINVAL);
    assert_int_equal(vc_call(c, VFU_GET_REGION_INFO, &(struct vfu_region_info){31, 0, 0, 0, 0, 0}, 32),
                     EINVAL);
}

static int io_fds(struct vc *c, uint32_t argsz, uint32_t flags, uint32_t index, uint32_t count)
{
    const struct vfu_region_io_fds io = {argsz, flags, index, count};
    return vc_call(c, VFU_GET_REGION_IO_FDS, &io, sizeof io);
}

static void test_only_the_bell_has_an_io_descriptor(void **state)
{
    struct vc *c = *state;
    for (uint32_t i = 0; i < VFU_REGION_COUNT; i++) {
        assert_int_equal(io_fds(c, 16, 0, i, 0), 0);
        assert_int_equal(c->n, 16);
        assert_int_equal(get_le32(c->data + 12), i == 1); // how many there are
        assert_int_equal(get_le32(c->data), i == 1 ? 56 : 16);
    }
    assert_int_equal(vfu_bell_fd(c->v), -1); // nobody took it
    assert_int_equal(io_fds(c, 15, 0, 0, 0), EINVAL);
    assert_int_equal(io_fds(c, 16, 1, 0, 0), EINVAL);
    assert_int_equal(io_fds(c, 16, 0, VFU_REGION_COUNT, 0), EINVAL);
    assert_int_equal(io_fds(c, 16, 0, 0, 1), EINVAL);
}

static void test_interrupt_information(void **state)
{
    static const uint32_t flags[] = {7, 0, 9, 9, 9}, count[] = {1, 0, 1, 1, 1};
    struct vc *c = *state;
    for (uint32_t k = 0; k < VFU_IRQ_COUNT; k++) {
        struct vfu_irq_info i = {16, 0, k, 0};
        assert_int_equal(vc_call(c, VFU_GET_IRQ_INFO, &i, sizeof i), 0);
        memcpy(&i, c->data, sizeof i);
        assert_int_equal(i.flags, flags[k]);
        assert_int_equal(i.count, count[k]);
    }
    assert_int_equal(vc_call(c, VFU_GET_IRQ_INFO, &(struct vfu_irq_info){16, 0, 5, 0}, 16), EINVAL);
    assert_int_equal(vc_call(c, VFU_GET_IRQ_INFO, &(struct vfu_irq_info){8, 0, 0, 0}, 16), EINVAL);
}

// ---- regions ---------------------------------------------------------------------------------------

static void test_configuration_space(void **state)
{
    struct vc *c = *state;
    const uint32_t ones = ~0u;
    const uint8_t *cfg = c->data + 16;
    assert_int_equal(vc_read(c, 7, 0, 256), 0);
    assert_int_equal(c->n, 16 + 256);
    assert_int_equal(get_le16(cfg), 0x1234);
    assert_int_equal(get_le16(cfg + 2), 0xa200);
    assert_int_equal(get_le16(cfg + 10), 0x0302);
    assert_int_equal(cfg[0x34], 0x40);
    assert_int_equal(cfg[0x3d], 1);
    assert_int_equal(cfg[0x40], 0x11);
    assert_int_equal(get_le32(cfg + 0x44), 1);
    assert_int_equal(get_le32(cfg + 0x48), 0x801);
    assert_int_equal(vc_write(c, 7, 0x10, &ones, 4), 0);
    assert_int_equal(vc_write(c, 7, 0x18, &ones, 4), 0);
    assert_int_equal(vc_write(c, 7, 0, &ones, 4), 0);
    assert_int_equal(vc_read(c, 7, 0, 64), 0);
    assert_int_equal(get_le32(cfg + 0x10), 0xfffe0000u);
    assert_int_equal(get_le32(cfg + 0x18), 0);
    assert_int_equal(get_le16(cfg), 0x1234);
}

static void test_accesses_outside_regions_are_refused(void **state)
{
    struct vc *c = *state;
    uint8_t b[8] = {0};
    assert_int_equal(vc_read(c, 7, 256, 1), EINVAL);
    assert_int_equal(vc_read(c, 7, 253, 4), EINVAL);
    assert_int_equal(vc_read(c, 7, UINT64_MAX - 1, 4), EINVAL);
    assert_int_equal(vc_read(c, 0, 128 << 10, 4), EINVAL);
    assert_int_equal(vc_read(c, 0, 0, 0), EINVAL);
    assert_int_equal(vc_read(c, 0, 0, ~0u), EINVAL);
    assert_int_equal(vc_read(c, 2, 0, 4), EINVAL);
    assert_int_equal(vc_read(c, 8, 0, 4), EINVAL);
    assert_int_equal(vc_read(c, 9, 0, 4), EINVAL);
    assert_int_equal(vc_read(c, ~0u, 0, 4), EINVAL);
    assert_int_equal(vc_write(c, 7, 255, b, 2), EINVAL);
    assert_int_equal(vc_write(c, 0, 2, b, 4), EINVAL);
    assert_int_equal(vc_write(c, 0, 0, b, 2), EINVAL);
    assert_int_equal(vc_write(c, 0, (128 << 10) - 4, b, 8), EINVAL);
    assert_int_equal(vc_write(c, 1, 4095, b, 2), EINVAL);
}

static void test_register_window_reads_and_writes(void **state)
{
    struct vc *c = *state;
    assert_int_equal(vc_write_reg(c, 0x1c0, 0x12345000), 0);
    assert_int_equal(c->n, 16);
    assert_int_equal(vc_read(c, 0, 0x1c0 * 4, 4), 0);
    assert_int_equal(get_le32(c->data + 16), 0x12345000);
    assert_int_equal(vc_read(c, 0, 0x1c0 * 4 + 1, 2), 0); // bytes of the word
    assert_int_equal(get_le16(c->data + 16), 0x3450);
}

static void test_msix_table_keeps_and_pending_bits_do_not(void **state)
{
    struct vc *c = *state;
    const uint32_t v = 0xfee01000u;
    assert_int_equal(vc_write(c, 1, 0, &v, 4), 0);
    assert_int_equal(vc_write(c, 1, 0x800, &v, 4), 0);
    assert_int_equal(vc_read(c, 1, 0, 4), 0);
    assert_int_equal(get_le32(c->data + 16), v);
    assert_int_equal(vc_read(c, 1, 0x800, 8), 0);
    assert_int_equal(get_le64(c->data + 16), 0);
}

static void test_several_writes_in_one_message(void **state)
{
    struct vc *c = *state;
    struct vfu_write_multi w[2] = {{0x1c0 * 4, 0, 4, {0, 0x10}}, {0x3c, 7, 1, {9}}};
    uint64_t n = 2;
    assert_int_equal(vc_call2(c, VFU_REGION_WRITE_MULTI, &n, 8, w, sizeof w, NULL, 0), 0);
    assert_int_equal(get_le64(c->data), 2);
    vc_read(c, 0, 0x1c0 * 4, 4);
    assert_int_equal(get_le32(c->data + 16), 0x1000);
    vc_read(c, 7, 0x3c, 1);
    assert_int_equal(c->data[16], 9);
    n = 3;
    assert_int_equal(vc_call2(c, VFU_REGION_WRITE_MULTI, &n, 8, w, sizeof w, NULL, 0), EINVAL);
    n = 0x0aaaaaaaaaaaaaacull; // times 24 wraps round to 32
    assert_int_equal(vc_call2(c, VFU_REGION_WRITE_MULTI, &n, 8, w, sizeof w, NULL, 0), EINVAL);
    n = 2;
    w[0].count = 9;
    assert_int_equal(vc_call2(c, VFU_REGION_WRITE_MULTI, &n, 8, w, sizeof w, NULL, 0), EINVAL);
}

// ---- memory ----------------------------------------------------------------------------------------

static void test_dma_maps_and_unmaps_exactly(void **state)
{
    struct vc *c = *state;
    int fd = vc_memfd(1 << 20);
    const struct vfu_dma_unmap half = {24, 0, RAM_GPA, 4096}, all = {24, 0, RAM_GPA, 1 << 20};
    assert_int_equal(vc_map(c, RAM_GPA, 1 << 20, fd), 0);
    assert_int_equal(c->n, 0);
    assert_int_equal(vc_map(c, RAM_GPA + 4096, 4096, fd), EEXIST);
    assert_int_equal(vc_map(c, RAM_GPA - 4096, 8192, -1), EEXIST);
    assert_int_equal(vc_call(c, VFU_DMA_UNMAP, &half, sizeof half), ENOENT);
    assert_int_equal(vc_call(c, VFU_DMA_UNMAP, &all, sizeof all), 0);
    assert_int_equal(c->n, 24);
    assert_memory_equal(c->data, &all, sizeof all);
    assert_int_equal(vc_call(c, VFU_DMA_UNMAP, &all, sizeof all), ENOENT);
    assert_int_equal(vc_map(c, RAM_GPA, 4096, -1), 0); // a ROM: no descriptor
    assert_int_equal(vc_map(c, 0, 4096, fd), 0);
    assert_int_equal(vc_call(c, VFU_DMA_UNMAP, &(struct vfu_dma_unmap){24, 2, 0, 4096}, 24), EINVAL);
    assert_int_equal(vc_call(c, VFU_DMA_UNMAP, &(struct vfu_dma_unmap){24, 2, 0, 0}, 24), 0);
    assert_int_equal(vc_map(c, RAM_GPA, 1 << 20, fd), 0);
    close(fd);
}

static void test_impossible_windows_are_refused(void **state)
{
    static const struct vfu_dma_map bad[] = {
        {31, 3, 0, 0, 4096}, {32, 0, 0, 0, 4096}, {32, 16, 0, 0, 4096}, {32, 3, 0, 0, 0},
        {32, 3, 0, 1, 4096}, {32, 3, 0, 0, 4095}, {32, 3, 1, 0, 4096},
        {32, 3, 0, UINT64_MAX - 4095, 8192}, {32, 3, 1 << 20, 0, 4096}, {32, 3, 0, 0, 2 << 20},
        {32, 3, UINT64_MAX - 4095, 0, 4096}};
    struct vc *c = *state;
    int fd = vc_memfd(1 << 20), pipes[2];
    unsigned before;
    assert_int_equal(pipe(pipes), 0);
    before = open_fds();
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(vc_call2(c, VFU_DMA_MAP, &bad[i], 32, NULL, 0, &fd, 1), EINVAL);
    }
    assert_int_equal(vc_map(c, 0, 4096, pipes[0]), EINVAL); // cannot be mapped
    assert_int_equal(vc_call(c, VFU_DMA_UNMAP, &(struct vfu_dma_unmap){23, 0, 0, 4096}, 24), EINVAL);
    assert_int_equal(vc_call(c, VFU_DMA_UNMAP, &(struct vfu_dma_unmap){24, 4, 0, 4096}, 24), EINVAL);
    assert_int_equal(open_fds(), before);
    close(fd), close(pipes[0]), close(pipes[1]);
}

static void test_table_of_windows_is_finite(void **state)
{
    struct vc *c = *state;
    uint64_t i = 0;
    int rc;
    while (!(rc = vc_map(c, i << 20, 4096, -1)) && i < 100000) {
        i++;
    }
    assert_int_equal(rc, ENOSPC);
    assert_int_equal(i, 32); // what the negotiation said
}

// ---- interrupts ------------------------------------------------------------------------------------

static bool fired(int fd)
{
    uint64_t n;
    return read(fd, &n, sizeof n) == (ssize_t)sizeof n;
}

static void raise_mh(struct vc *c) // a page fault: the ring points nowhere
{
    vc_write_reg(c, 0xa42, 7);
    vc_write_reg(c, 0x1c0, 0xdead0000);
    vc_write_reg(c, 0x1c1, 0x0800020c);
    vc_write_reg(c, 0x41, 0x01000fff);
    vc_write_reg(c, 0x40, 0x01555551);
    vc_write_reg(c, 0x1f6, 0);
    vc_write_reg(c, 0x1c5, 16);
}

static void test_loopback_triggers_reach_the_eventfd(void **state)
{
    struct vc *c = *state;
    const uint8_t yes = 1, no = 0;
    const struct vfu_irq_set s = {20, VFU_SET_BOOL | VFU_SET_TRIGGER, VFU_IRQ_MSIX, 0, 1};
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_int_equal(vc_irqs(c, VFU_IRQ_MSIX, VFU_SET_EVENTFD | VFU_SET_TRIGGER, 0, 1, fd), 0);
    assert_int_equal(vc_irqs(c, VFU_IRQ_MSIX, VFU_SET_NONE | VFU_SET_TRIGGER, 0, 1, -1), 0);
    assert_true(fired(fd));
    assert_int_equal(vc_call2(c, VFU_SET_IRQS, &s, sizeof s, &no, 1, NULL, 0), 0);
    assert_false(fired(fd));
    assert_int_equal(vc_call2(c, VFU_SET_IRQS, &s, sizeof s, &yes, 1, NULL, 0), 0);
    assert_true(fired(fd));
    assert_int_equal(vc_irqs(c, VFU_IRQ_MSIX, VFU_SET_NONE | VFU_SET_TRIGGER, 0, 0, -1), 0); // off
    assert_int_equal(vc_irqs(c, VFU_IRQ_MSIX, VFU_SET_NONE | VFU_SET_TRIGGER, 0, 1, -1), 0);
    assert_false(fired(fd));
    close(fd);
}

static void test_intx_masks_itself_until_unmasked(void **state)
{
    struct vc *c = *state;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_int_equal(vc_irqs(c, VFU_IRQ_INTX, VFU_SET_EVENTFD | VFU_SET_TRIGGER, 0, 1, fd), 0);
    raise_mh(c);
    assert_true(vgpu_irq_level(vfu_vgpu(c->v), 0));
    assert_true(fired(fd));
    assert_int_equal(vc_irqs(c, VFU_IRQ_INTX, VFU_SET_NONE | VFU_SET_UNMASK, 0, 1, -1), 0);
    assert_true(fired(fd)); // still high
    assert_int_equal(vc_write_reg(c, 0xa44, 7), 0);
    assert_int_equal(vc_irqs(c, VFU_IRQ_INTX, VFU_SET_NONE | VFU_SET_UNMASK, 0, 1, -1), 0);
    assert_false(fired(fd));
    assert_int_equal(vc_irqs(c, VFU_IRQ_INTX, VFU_SET_NONE | VFU_SET_MASK, 0, 1, -1), 0);
    raise_mh(c);
    assert_false(fired(fd));
    close(fd);
}

static void test_malformed_interrupt_setups_are_refused(void **state)
{
    static const struct vfu_irq_set bad[] = {
        {19, 33, 0, 0, 1}, {20, 0, 0, 0, 1}, {20, 1, 0, 0, 1}, {20, 32, 0, 0, 1}, {20, 3 | 32, 0, 0, 1},
        {20, 1 | 48, 0, 0, 1}, {20, 64 | 33, 0, 0, 1}, {20, 33, 5, 0, 1}, {20, 33, 0, 1, 1},
        {20, 33, 0, 0, 2}, {20, 33, 0, ~0u, 2}, {20, 33, 1, 0, 1}, {20, 36, 0, 0, 0},
        {20, 34, 0, 0, 1}, {20, 1 | 8, 2, 0, 1}, {20, 4 | 8, 0, 0, 1}, {20, 33, 0, 1, 0}};
    struct vc *c = *state;
    unsigned before = open_fds();
    int pipes[2], fd[2] = {eventfd(0, EFD_CLOEXEC), vc_memfd(4096)};
    const struct vfu_irq_set s = {20, VFU_SET_EVENTFD | VFU_SET_TRIGGER, 0, 0, 1};
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(vc_call(c, VFU_SET_IRQS, &bad[i], 20), EINVAL);
    }
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(vc_call2(c, VFU_SET_IRQS, &s, 20, NULL, 0, fd, 2), EINVAL);
    assert_int_equal(vc_irqs(c, 0, s.flags, 0, 1, pipes[1]), EINVAL); // could block the engine
    assert_int_equal(vc_irqs(c, 0, s.flags, 0, 1, fd[1]), EINVAL);
    assert_int_equal(vc_irqs(c, 0, VFU_SET_NONE | VFU_SET_TRIGGER, 0, 1, fd[0]), EINVAL);
    close(fd[0]), close(fd[1]), close(pipes[0]), close(pipes[1]);
    assert_int_equal(open_fds(), before);
}

// ---- a guest ---------------------------------------------------------------------------------------

struct remote {
    struct vc *c;
    uint8_t *ram;
    int irq;
};

// The same road as guest.h's driver, through the socket. False when the fence did not come.
static bool remote_submit(struct remote *r, uint32_t seqno)
{
    uint32_t dw[] = {0x057a, seqno, pm4_type3(0x46, 3), 4, FENCE_VA, seqno, pm4_type3(0x40, 1),
                     0x80000000u};
    uint8_t *pool = r->ram + POOL_OFF;
    vc_read(r->c, 0, 0x1c5 * 4, 4);
    uint32_t at = get_le32(r->c->data + 16);
    for (uint32_t i = 0; i < ARRAY_LEN(dw); i++) {
        put_le32(pool + (at + i) * 4, dw[i]);
    }
    vc_write_reg(r->c, 0x1c5, at + (uint32_t)ARRAY_LEN(dw));
    return get_le32(pool + 0x8000) == seqno;
}

static void remote_map(struct remote *r, struct vc *c)
{
    int fd = vc_memfd(RAM_BYTES);
    r->c = c;
    r->ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(r->ram != MAP_FAILED);
    for (uint32_t i = 0; i < MAPPED_PAGES; i++) {
        put_le32(r->ram + PT_OFF + i * 4, (RAM_GPA + POOL_OFF + i * 4096) | 3);
    }
    assert_int_equal(vc_map(c, RAM_GPA, RAM_BYTES, fd), 0);
    close(fd);
    r->irq = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_int_equal(vc_irqs(c, VFU_IRQ_MSIX, VFU_SET_EVENTFD | VFU_SET_TRIGGER, 0, 1, r->irq), 0);
}

static void remote_init(struct remote *r)
{
    static const uint32_t regs[][2] = {
        {0x1f6, 1u << 28}, {0x3c, ~0u}, {0x3c, 0}, {0x41, 0x01000fff}, {0x42, RAM_GPA + PT_OFF},
        {0x40, 0x01555551}, {0x45, 3}, {0x1f2, 0xcf800000}, {0xa42, 7}, {0x1c1, 0x0800020c},
        {0x1c0, RING_VA}, {0x1f6, 0}};
    for (unsigned i = 0; i < ARRAY_LEN(regs); i++) {
        assert_int_equal(vc_write_reg(r->c, regs[i][0], regs[i][1]), 0);
    }
}

static void remote_close(struct remote *r)
{
    munmap(r->ram, RAM_BYTES);
    close(r->irq);
}

static void test_guest_submits_fences_and_is_interrupted(void **state)
{
    struct remote r;
    remote_map(&r, *state);
    remote_init(&r);
    for (uint32_t i = 1; i < 50; i++) {
        assert_true(remote_submit(&r, i));
        assert_true(fired(r.irq));
        vc_write_reg(r.c, 0x1f4, ~0u);
    }
    assert_int_equal(vc_call(r.c, VFU_DEVICE_RESET, NULL, 0), 0);
    remote_init(&r);
    assert_true(remote_submit(&r, 99));
    remote_close(&r);
}

// Takes the reply to GET_REGION_IO_FDS with its descriptor.
static int take_bell(struct vc *c)
{
    const struct vfu_region_io_fds io = {56, 0, 1, 0};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    uint8_t reply[72];
    struct iovec iov = {reply, sizeof reply};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                        .msg_controllen = sizeof control};
    int fd;
    vc_send(c, VFU_GET_REGION_IO_FDS, 0, &io, sizeof io, NULL, 0, NULL, 0);
    vc_pump(c);
    assert_int_equal(recvmsg(c->sock, &mh, MSG_CMSG_CLOEXEC), sizeof reply);
    assert_int_equal(get_le64(reply + 32), 0xc00);
    assert_int_equal(get_le64(reply + 40), 4);
    assert_non_null(CMSG_FIRSTHDR(&mh));
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof fd);
    return fd;
}

static void test_bell_reads_the_write_pointer_from_memory(void **state)
{
    struct vc *c = *state;
    const uint64_t at = RAM_GPA + 0x80000, one = 1;
    struct remote r;
    int bell;
    remote_map(&r, c);
    remote_init(&r);
    bell = take_bell(c);
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t dw[] = {0x057a, i + 1, pm4_type3(0x46, 3), 4, FENCE_VA, i + 1, pm4_type3(0x40, 1),
                         0x80000000u};
        uint64_t where = i < 4 ? at : i == 4 ? 0x1000 : UINT64_MAX - 3; // memory that is not there
        for (uint32_t k = 0; k < ARRAY_LEN(dw); k++) {
            put_le32(r.ram + POOL_OFF + (i * 8 + k) * 4, dw[k]);
        }
        put_le32(r.ram + 0x80000, (i + 1) * 8);
        assert_int_equal(vc_write(c, 1, 0xc08, &where, 8), 0);
        if (i & 1) {
            assert_int_equal(vc_write(c, 1, 0xc00, &one, 4), 0); // as a message
        } else {
            assert_int_equal(write(bell, &one, 8), 8);
            vfu_bell(c->v);
        }
        assert_int_equal(get_le32(r.ram + POOL_OFF + 0x8000), i < 4 ? i + 1 : 4);
    }
    close(bell);
    remote_close(&r);
}

static void test_disconnect_keeps_state_and_frees_what_was_lent(void **state)
{
    struct vc *c = *state;
    struct remote r;
    unsigned before = open_fds();
    struct vfu_stats s;
    remote_map(&r, c);
    remote_init(&r);
    assert_true(remote_submit(&r, 1));
    close(c->sock);
    assert_int_equal(vc_pump(c), -ENOTCONN);
    vfu_stats(c->v, &s);
    assert_int_equal(s.dma_maps, 0);
    remote_close(&r);
    assert_int_equal(open_fds(), before - 2); // both ends of the connection are gone, too
    vc_connect(c);
    assert_int_equal(vc_read(c, 7, 0, 4), EINVAL); // a new client negotiates anew
    assert_int_equal(vc_version(c, 0, 0, VC_PROPOSAL), 0);
    assert_int_equal(vc_read(c, 0, 0x1c0 * 4, 4), 0);
    assert_int_equal(get_le32(c->data + 16), RING_VA);
}

static void test_one_client_at_a_time(void **state)
{
    struct vc *c = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(vfu_attach(c->v, pair[0]), -EBUSY);
    close(pair[0]), close(pair[1]);
}

// ---- migration -------------------------------------------------------------------------------------

static int set_state(struct vc *c, uint32_t to)
{
    const struct vfu_device_state s = {to, -1};
    return vc_feature(c, VFU_FEATURE_STATE | VFU_FEATURE_SET, 16, &s, sizeof s);
}

static uint32_t get_state(struct vc *c)
{
    assert_int_equal(vc_feature(c, VFU_FEATURE_STATE | VFU_FEATURE_GET, 16, NULL, 0), 0);
    return get_le32(c->data + 8);
}

static void test_features_are_probed_and_refused_by_the_table(void **state)
{
    struct vc *c = *state;
    const uint32_t probe = VFU_FEATURE_PROBE, get = VFU_FEATURE_GET, set = VFU_FEATURE_SET;
    assert_int_equal(vc_feature(c, probe | get | 1, 8, NULL, 0), 0);
    assert_int_equal(vc_feature(c, probe | get | set | 2, 8, NULL, 0), 0);
    assert_int_equal(vc_feature(c, probe | set | 1, 8, NULL, 0), EINVAL);
    assert_int_equal(vc_feature(c, probe | set | 6, 8, NULL, 0), 0);
    assert_int_equal(vc_feature(c, probe | get | 3, 8, NULL, 0), ENOTSUP);
    assert_int_equal(vc_feature(c, get | 1, 16, NULL, 0), 0);
    assert_int_equal(get_le64(c->data + 8), VFU_MIGRATION_STOP_COPY | VFU_MIGRATION_PRE_COPY);
    assert_int_equal(vc_feature(c, get | 1, 15, NULL, 0), EINVAL);
    assert_int_equal(vc_feature(c, get | set | 2, 16, NULL, 0), EINVAL);
    assert_int_equal(vc_feature(c, 1, 16, NULL, 0), EINVAL);
    assert_int_equal(vc_feature(c, get | 1u << 20 | 1, 16, NULL, 0), EINVAL);
    assert_int_equal(vc_feature(c, get | 1, 7, NULL, 0), EINVAL);
    assert_int_equal(vc_feature(c, set | 2, 16, "abc", 3), EINVAL);
}

static void test_every_pair_of_states(void **state)
{
    struct vc *c = *state;
    static const uint32_t states[] = {VFU_STATE_STOP, VFU_STATE_RUNNING, VFU_STATE_STOP_COPY,
                                      VFU_STATE_RESUMING, VFU_STATE_PRE_COPY};
    for (unsigned from = 0; from < ARRAY_LEN(states); from++) {
        for (uint32_t to = 0; to < 10; to++) {
            bool known = (to >= VFU_STATE_STOP && to <= VFU_STATE_RESUMING) || to == VFU_STATE_PRE_COPY;
            bool valid = known && !(states[from] == VFU_STATE_STOP_COPY && to == VFU_STATE_PRE_COPY);
            // leaving RESUMING without a state is an error that only a reset ends
            bool hollow = states[from] == VFU_STATE_RESUMING && valid && to != VFU_STATE_RESUMING;
            assert_int_equal(vc_call(c, VFU_DEVICE_RESET, NULL, 0), 0);
            assert_int_equal(set_state(c, states[from]), 0);
            assert_int_equal(set_state(c, to), valid && !hollow ? 0 : EINVAL);
            assert_int_equal(get_state(c), hollow ? VFU_STATE_ERROR : valid ? to : states[from]);
            if (hollow) {
                assert_int_equal(set_state(c, VFU_STATE_RUNNING), EINVAL);
            }
        }
    }
}

static void test_stopped_device_refuses_register_writes(void **state)
{
    struct vc *c = *state;
    assert_int_equal(set_state(c, VFU_STATE_STOP), 0);
    assert_int_equal(vc_write_reg(c, 0x1c0, 1), EBUSY);
    assert_int_equal(vc_read(c, 0, 0, 4), 0);
    assert_int_equal(set_state(c, VFU_STATE_RUNNING), 0);
    assert_int_equal(vc_write_reg(c, 0x1c0, 1), 0);
}

static void test_device_migrates_to_another(void **state)
{
    struct vc *c = *state, *d = malloc(sizeof *d);
    struct remote r, moved;
    struct vfu_mig_data ask = {8 + 5000, 5000};
    uint32_t got;

    vc_open(d, c->mdev);
    assert_int_equal(vc_version(d, 0, 0, VC_PROPOSAL), 0);
    remote_map(&r, c);
    remote_init(&r);
    assert_true(remote_submit(&r, 7));
    remote_map(&moved, d);
    memcpy(moved.ram, r.ram, RAM_BYTES);
    assert_int_equal(vc_call(c, VFU_MIG_DATA_READ, &ask, sizeof ask), EINVAL); // running
    assert_int_equal(set_state(c, VFU_STATE_STOP_COPY), 0);
    assert_int_equal(set_state(d, VFU_STATE_RESUMING), 0);
    do {
        struct vfu_mig_data give;
        assert_int_equal(vc_call(c, VFU_MIG_DATA_READ, &ask, sizeof ask), 0);
        got = get_le32(c->data + 4);
        give = (struct vfu_mig_data){8 + got, got};
        assert_int_equal(vc_call2(d, VFU_MIG_DATA_WRITE, &give, 8, c->data + 8, got, NULL, 0), 0);
    } while (got == ask.size);
    assert_int_equal(set_state(d, VFU_STATE_RUNNING), 0);
    assert_int_equal(get_state(d), VFU_STATE_RUNNING);
    assert_true(fired(moved.irq)); // the interrupt that was pending came along
    assert_true(remote_submit(&moved, 8));
    ask.size = 5001;
    assert_int_equal(vc_call(c, VFU_MIG_DATA_READ, &ask, sizeof ask), EINVAL);
    remote_close(&moved);
    remote_close(&r);
    vc_close(d);
    free(d);
}

// What is read before the machine stops is not read again, and the target refuses another's at once.
static void test_pre_copy_tells_whose_state_it_is(void **state)
{
    struct vc *c = *state, *d = malloc(sizeof *d);
    struct remote r, moved;
    struct vfu_mig_data ask = {8 + 5000, 5000}, give;
    uint32_t got, n = 0;

    vc_open(d, c->mdev);
    assert_int_equal(vc_version(d, 0, 0, VC_PROPOSAL), 0);
    remote_map(&r, c);
    remote_init(&r);
    assert_int_equal(set_state(c, VFU_STATE_PRE_COPY), 0);
    assert_int_equal(set_state(d, VFU_STATE_RESUMING), 0);
    assert_int_equal(vc_call(c, VFU_MIG_DATA_READ, &ask, sizeof ask), 0);
    got = get_le32(c->data + 4);
    assert_int_equal(got, 16);
    give = (struct vfu_mig_data){8 + got, got};
    c->data[8 + 8] ^= 1;
    assert_int_equal(vc_call2(d, VFU_MIG_DATA_WRITE, &give, 8, c->data + 8, got, NULL, 0), EINVAL);
    c->data[8 + 8] ^= 1;
    assert_int_equal(vc_call(d, VFU_DEVICE_RESET, NULL, 0), 0);
    assert_int_equal(set_state(d, VFU_STATE_RESUMING), 0);
    assert_int_equal(vc_call2(d, VFU_MIG_DATA_WRITE, &give, 8, c->data + 8, got, NULL, 0), 0);
    assert_int_equal(vc_call(c, VFU_MIG_DATA_READ, &ask, sizeof ask), 0);
    assert_int_equal(get_le32(c->data + 4), 0); // nothing more before it stops
    assert_true(remote_submit(&r, 3));          // and it does run
    remote_map(&moved, d);
    assert_int_equal(set_state(c, VFU_STATE_STOP_COPY), 0);
    memcpy(moved.ram, r.ram, RAM_BYTES);
    do {
        assert_int_equal(vc_call(c, VFU_MIG_DATA_READ, &ask, sizeof ask), 0);
        got = get_le32(c->data + 4);
        n += got;
        give = (struct vfu_mig_data){8 + got, got};
        assert_int_equal(vc_call2(d, VFU_MIG_DATA_WRITE, &give, 8, c->data + 8, got, NULL, 0), 0);
    } while (got == ask.size);
    assert_true(n > 16);
    assert_int_equal(set_state(d, VFU_STATE_RUNNING), 0);
    assert_true(remote_submit(&moved, 4));
    assert_int_equal(set_state(c, VFU_STATE_RUNNING), 0); // the other end may fail: the source goes on
    assert_true(remote_submit(&r, 4));
    remote_close(&moved);
    remote_close(&r);
    vc_close(d);
    free(d);
}

static void test_broken_state_is_refused(void **state)
{
    struct vc *c = *state;
    const struct vfu_mig_data give = {12, 4}, lie = {12, 5};
    assert_int_equal(vc_call2(c, VFU_MIG_DATA_WRITE, &give, 8, "YMTO", 4, NULL, 0), EINVAL);
    assert_int_equal(set_state(c, VFU_STATE_RESUMING), 0);
    assert_int_equal(vc_call2(c, VFU_MIG_DATA_WRITE, &lie, 8, "YMTO", 4, NULL, 0), EINVAL);
    assert_int_equal(vc_call2(c, VFU_MIG_DATA_WRITE, &give, 8, "YMTO", 4, NULL, 0), 0);
    assert_int_equal(set_state(c, VFU_STATE_STOP), EINVAL);
    assert_int_equal(get_state(c), VFU_STATE_ERROR);
    assert_int_equal(vc_call(c, VFU_DEVICE_RESET, NULL, 0), 0);
    assert_int_equal(get_state(c), VFU_STATE_RUNNING);
}

static const uint8_t *dirty(struct vc *c, uint64_t at, uint64_t bytes, uint64_t page)
{
    const struct vfu_log_report q = {at, bytes, page};
    assert_int_equal(vc_feature(c, VFU_FEATURE_LOG_REPORT | VFU_FEATURE_GET, 1 << 20, &q, 24), 0);
    return c->data + 8 + 24;
}

// The oracle is memory itself: a page counts as written when, and only when, its bytes changed.
static void test_dirty_log_is_exact(void **state)
{
    struct vc *c = *state;
    const struct vfu_log_start s = {4096, 0, 0}, wrong = {4095, 0, 0};
    struct vfu_log_report q = {RAM_GPA, RAM_BYTES, 4096};
    const uint32_t start = VFU_FEATURE_LOG_START | VFU_FEATURE_SET,
                   stop = VFU_FEATURE_LOG_STOP | VFU_FEATURE_SET,
                   report = VFU_FEATURE_LOG_REPORT | VFU_FEATURE_GET;
    uint8_t *before = malloc(RAM_BYTES);
    unsigned written = 0;
    struct remote r;
    remote_map(&r, c);
    remote_init(&r);
    assert_int_equal(vc_feature(c, report, 4096, &q, sizeof q), EINVAL); // not started
    assert_int_equal(vc_feature(c, start, 8, &wrong, sizeof wrong), EINVAL);
    assert_int_equal(vc_feature(c, start, 8, &s, sizeof s), 0);
    assert_int_equal(vc_feature(c, start, 8, &s, sizeof s), EINVAL);
    for (uint32_t seqno = 5; seqno < 8; seqno++) {
        const uint8_t *map;
        assert_true(remote_submit(&r, seqno)); // the ring is the processor's doing
        memcpy(before, r.ram, RAM_BYTES);
        put_le32(before + POOL_OFF + 0x8000, seqno - 1); // as it was before the fence
        map = dirty(c, RAM_GPA, RAM_BYTES, 4096);
        for (uint32_t p = 0; p < RAM_BYTES / 4096; p++) {
            bool changed = memcmp(before + p * 4096, r.ram + p * 4096, 4096) != 0;
            assert_int_equal(map[p / 8] >> p % 8 & 1, changed);
            written += changed;
        }
        map = dirty(c, RAM_GPA, RAM_BYTES, 4096);
        for (uint32_t p = 0; p < RAM_BYTES / 4096 / 8; p++) {
            assert_int_equal(map[p], 0); // read and cleared
        }
    }
    assert_int_equal(written, 3);
    assert_true(remote_submit(&r, 9));
    assert_int_equal(dirty(c, RAM_GPA - (1 << 20), 4 << 20, 1 << 20)[0], 1 << 2); // larger pages
    assert_true(remote_submit(&r, 10));
    assert_int_equal(dirty(c, RAM_GPA + POOL_OFF, 8 * 4096, 4096)[0], 0);
    assert_int_equal(dirty(c, RAM_GPA + POOL_OFF + 0x8000, 4096, 4096)[0], 1);
    q.length = UINT64_MAX;
    assert_int_equal(vc_feature(c, report, ~0u, &q, sizeof q), EINVAL);
    q = (struct vfu_log_report){0, 1ull << 60, 4096};
    assert_int_equal(vc_feature(c, report, ~0u, &q, sizeof q), EINVAL);
    q = (struct vfu_log_report){RAM_GPA + 1, 4096, 4096};
    assert_int_equal(vc_feature(c, report, ~0u, &q, sizeof q), EINVAL);
    assert_int_equal(vc_feature(c, report, 30, &q, sizeof q), EINVAL);
    assert_int_equal(vc_feature(c, stop, 8, NULL, 0), 0);
    assert_int_equal(vc_feature(c, stop, 8, NULL, 0), EINVAL);
    remote_close(&r);
    free(before);
}

// ---- memory by messages ----------------------------------------------------------------------------

struct private { // a client whose memory the server cannot map
    struct vc *c;
    uint8_t *ram;
    int irq;
    unsigned reads, writes;
    bool refuse, silent, cut; // misbehaviour
};

static void private_open(struct private *p, struct vc *c)
{
    struct remote r = {.c = c};
    *p = (struct private){.c = c, .ram = calloc(1, RAM_BYTES)};
    for (uint32_t i = 0; i < MAPPED_PAGES; i++) {
        put_le32(p->ram + PT_OFF + i * 4, (RAM_GPA + POOL_OFF + i * 4096) | 3);
    }
    assert_int_equal(vc_map(c, RAM_GPA, RAM_BYTES, -1), 0);
    p->irq = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_int_equal(vc_irqs(c, VFU_IRQ_MSIX, VFU_SET_EVENTFD | VFU_SET_TRIGGER, 0, 1, p->irq), 0);
    remote_init(&r);
}

static void private_close(struct private *p)
{
    free(p->ram);
    close(p->irq);
}

// Answers one request of the server; false when there is none.
static bool private_serve(struct private *p)
{
    struct vc *c = p->c;
    uint8_t *msg;
    uint64_t gpa, n;
    struct vfu_header h;
    if (!vc_take(c)) {
        return false;
    }
    h = c->reply;
    assert_int_equal(h.flags & VFU_TYPE_MASK, VFU_TYPE_COMMAND);
    gpa = get_le64(c->data);
    n = get_le64(c->data + 8);
    assert_true(gpa >= RAM_GPA && gpa + n <= RAM_GPA + RAM_BYTES);
    if (p->silent) {
        return true;
    }
    msg = calloc(1, 32 + n);
    memcpy(msg + 16, c->data, 16);
    h.flags = VFU_TYPE_REPLY | (p->refuse ? VFU_ERROR : 0);
    h.error = p->refuse ? EFAULT : 0;
    h.size = 32;
    if (h.command == VFU_DMA_READ) {
        p->reads++;
        h.size += p->cut ? (uint32_t)n / 2 : (uint32_t)n;
        memcpy(msg + 32, p->ram + (gpa - RAM_GPA), n);
    } else {
        assert_int_equal(h.command, VFU_DMA_WRITE);
        assert_int_equal(c->n, 16 + n);
        p->writes++;
        memcpy(p->ram + (gpa - RAM_GPA), c->data + 16, n);
    }
    if (p->refuse) {
        h.size = 16;
    }
    memcpy(msg, &h, sizeof h);
    vc_send_raw(c, msg, h.size, NULL, 0);
    free(msg);
    return true;
}

// Serves until the server asks no more, and steps it when it says that it is due.
static void private_run(struct private *p)
{
    for (unsigned quiet = 0; quiet < 50;) {
        vc_pump(p->c);
        quiet = private_serve(p) ? 0 : quiet + 1;
        if (vfu_timeout_ms(p->c->v) < 0 && quiet) {
            return;
        }
    }
}

// The doorbell without waiting for its reply, as it comes among requests.
static void private_submit(struct private *p, uint32_t at, uint32_t seqno)
{
    uint32_t dw[] = {0x057a, seqno, pm4_type3(0x46, 3), 4, FENCE_VA, seqno, pm4_type3(0x40, 1),
                     0x80000000u};
    const struct vfu_region_access a = {0x1c5 * 4, VFU_REGION_BAR0, 4};
    uint32_t wptr = at + (uint32_t)ARRAY_LEN(dw);
    for (uint32_t i = 0; i < ARRAY_LEN(dw); i++) {
        put_le32(p->ram + POOL_OFF + (at + i) * 4, dw[i]);
    }
    vc_send(p->c, VFU_REGION_WRITE, VFU_NO_REPLY, &a, sizeof a, &wptr, 4, NULL, 0);
}

static void test_memory_by_messages(void **state)
{
    struct private p;
    private_open(&p, *state);
    for (uint32_t i = 0; i < 10; i++) {
        private_submit(&p, i * 8, i + 1);
        private_run(&p);
        assert_int_equal(get_le32(p.ram + POOL_OFF + 0x8000), i + 1);
        assert_true(fired(p.irq));
        assert_int_equal(vc_read(p.c, 0, 0x1c4 * 4, 4), 0);
        assert_int_equal(get_le32(p.c->data + 16), (i + 1) * 8);
        vc_write_reg(p.c, 0x1f4, ~0u);
    }
    assert_true(p.reads >= 20); // table and pages, each time
    assert_int_equal(p.writes, 10);
    private_close(&p);
}

// Until memory is written back nothing of the work shows: not its read pointer, not its interrupt.
static void test_work_shows_after_its_memory(void **state)
{
    struct private p;
    private_open(&p, *state);
    private_submit(&p, 0, 1);
    while (vc_pump(p.c) >= 0 && private_serve(&p) && !p.writes) {
        const struct vfu_region_access a = {0x5d0 * 4, VFU_REGION_BAR0, 4};
        assert_false(fired(p.irq));
        vc_send(p.c, VFU_REGION_READ, VFU_TYPE_COMMAND, &a, sizeof a, NULL, 0, NULL, 0);
        vc_pump(p.c);
        do {
            assert_true(vc_take(p.c));
            if ((p.c->reply.flags & VFU_TYPE_MASK) == VFU_TYPE_COMMAND) { // its next request, first
                struct vfu_header h = p.c->reply;
                uint64_t gpa = get_le64(p.c->data), n = get_le64(p.c->data + 8);
                uint8_t *msg = calloc(1, 32 + n);
                h.flags = VFU_TYPE_REPLY;
                h.size = (uint32_t)(32 + (h.command == VFU_DMA_READ ? n : 0));
                memcpy(msg, &h, 16);
                memcpy(msg + 16, p.c->data, 16);
                if (h.command == VFU_DMA_READ) {
                    memcpy(msg + 32, p.ram + (gpa - RAM_GPA), n);
                } else {
                    memcpy(p.ram + (gpa - RAM_GPA), p.c->data + 16, n);
                    p.writes++;
                }
                vc_send_raw(p.c, msg, h.size, NULL, 0);
                free(msg);
            }
        } while (p.c->reply.command != VFU_REGION_READ);
        assert_true(get_le32(p.c->data + 16) >> 31); // busy
    }
    private_run(&p);
    assert_int_equal(get_le32(p.ram + POOL_OFF + 0x8000), 1);
    assert_true(fired(p.irq));
    private_close(&p);
}

static void test_memory_by_messages_refused(void **state)
{
    struct private p;
    private_open(&p, *state);
    for (unsigned how = 0; how < 2; how++) {
        p.refuse = how == 0;
        p.cut = how == 1;
        private_submit(&p, 0, 1);
        private_run(&p);
        assert_int_equal(vfu_timeout_ms(p.c->v), -1); // given up, and served on
        assert_false(fired(p.irq));
        p.refuse = p.cut = false;
    }
    private_submit(&p, 0, 2);
    private_run(&p);
    assert_int_equal(get_le32(p.ram + POOL_OFF + 0x8000), 2);
    p.silent = true; // a client that does not answer: unmapping and reset end the wait
    private_submit(&p, 8, 3);
    private_run(&p);
    assert_true(vfu_timeout_ms(p.c->v) > 0);
    assert_int_equal(vc_call(p.c, VFU_DEVICE_RESET, NULL, 0), 0);
    assert_int_equal(vfu_timeout_ms(p.c->v), -1);
    private_close(&p);
}

// A message read too far by guess: the next one's bytes and descriptors are the next one's.
static void test_short_message_between_accesses(void **state)
{
    struct vc *c = *state;
    const struct vfu_region_access a = {0, VFU_REGION_CONFIG, 4};
    const struct vfu_dma_map m = {sizeof m, VFU_DMA_R | VFU_DMA_W, 0, 0x1000, 0x1000};
    int fd = vc_memfd(0x1000);
    struct vfu_stats s;
    for (unsigned i = 0; i < 4; i++) {
        vc_send(c, VFU_REGION_READ, 0, &a, sizeof a, NULL, 0, NULL, 0);
        vc_pump(c);
        vc_send(c, VFU_DEVICE_RESET, 0, NULL, 0, NULL, 0, NULL, 0);
        vc_send(c, VFU_DMA_MAP, 0, &m, sizeof m, NULL, 0, &fd, 1);
        vc_pump(c);
        for (unsigned k = 0; k < 3; k++) {
            assert_true(vc_take(c));
            assert_int_equal(c->reply.flags & VFU_ERROR, 0);
        }
        vfu_stats(c->v, &s);
        assert_int_equal(s.dma_maps, 1);
        const struct vfu_dma_unmap u = {sizeof u, 0, 0x1000, 0x1000};
        assert_int_equal(vc_call(c, VFU_DMA_UNMAP, &u, sizeof u), 0);
    }
    close(fd);
}

#define RAW(t) cmocka_unit_test_setup_teardown(t, setup_raw, teardown)
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RAW(test_version_reply_is_a_subset_and_no_longer),
        RAW(test_version_of_the_usual_client_fits_its_buffer),
        RAW(test_version_without_capabilities_uses_defaults),
        RAW(test_malformed_versions_are_refused),
        RAW(test_agreed_transfer_size_holds),
        T(test_unknown_commands_are_refused),
        T(test_wrong_payload_sizes_are_refused),
        T(test_no_reply_means_none),
        T(test_pipelined_messages_are_answered_in_order),
        T(test_message_in_pieces_is_put_together),
        T(test_reply_flood_blocks_reading_not_the_server),
        T(test_oversized_message_is_refused_and_skipped),
        T(test_impossible_size_loses_the_connection),
        T(test_replies_and_odd_types_are_harmless),
        T(test_unwanted_descriptors_are_closed),
        T(test_device_is_a_resettable_pci_function),
        T(test_region_sizes_are_powers_of_two),
        T(test_only_the_bell_has_an_io_descriptor),
        T(test_interrupt_information),
        T(test_configuration_space),
        T(test_accesses_outside_regions_are_refused),
        T(test_register_window_reads_and_writes),
        T(test_msix_table_keeps_and_pending_bits_do_not),
        T(test_several_writes_in_one_message),
        T(test_dma_maps_and_unmaps_exactly),
        T(test_impossible_windows_are_refused),
        T(test_table_of_windows_is_finite),
        T(test_loopback_triggers_reach_the_eventfd),
        T(test_intx_masks_itself_until_unmasked),
        T(test_malformed_interrupt_setups_are_refused),
        T(test_guest_submits_fences_and_is_interrupted),
        T(test_bell_reads_the_write_pointer_from_memory),
        T(test_disconnect_keeps_state_and_frees_what_was_lent),
        T(test_one_client_at_a_time),
        T(test_features_are_probed_and_refused_by_the_table),
        T(test_every_pair_of_states),
        T(test_stopped_device_refuses_register_writes),
        T(test_device_migrates_to_another),
        T(test_broken_state_is_refused),
        T(test_pre_copy_tells_whose_state_it_is),
        T(test_dirty_log_is_exact),
        T(test_memory_by_messages),
        T(test_work_shows_after_its_memory),
        T(test_memory_by_messages_refused),
        T(test_short_message_between_accesses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
