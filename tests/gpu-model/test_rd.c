// SPDX-License-Identifier: MIT
//
// Captures: what is written comes back, every truncation is an error that names the place, and a
// replay follows the rules for buffers.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "base/err.h"
#include "gpu-model/rd.h"
#include "tests/gpu-model/mock.h"

struct temp {
    char path[64];
};

static int setup(void **state)
{
    struct temp *t = calloc(1, sizeof(*t));
    snprintf(t->path, sizeof(t->path), "/tmp/yamato-rd-%d.rd.gz", (int)getpid());
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct temp *t = *state;
    unlink(t->path);
    free(t);
    return 0;
}

static void put_text(struct rd_writer *w, enum rd_section type, const char *text)
{
    rd_put(w, type, text, (uint32_t)strlen(text) + 1);
}

static void put_words(struct rd_writer *w, enum rd_section type, uint32_t a, uint32_t b, uint32_t c)
{
    uint8_t p[12];
    put_le32(p, a);
    put_le32(p + 4, b);
    put_le32(p + 8, c);
    rd_put(w, type, p, sizeof(p));
}

static void put_buffer(struct rd_writer *w, uint32_t va, const uint32_t *dw, uint32_t bytes,
                       int changed)
{
    char text[80];
    if (changed >= 0) {
        snprintf(text, sizeof(text), "bo iova=%08x size=%u gen=1 changed=%d flags=rw", va, bytes,
                 changed);
        put_text(w, RD_TEST, text);
    }
    put_words(w, RD_GPUADDR, va, bytes, 0);
    rd_put(w, RD_BUFFER_CONTENTS, dw, bytes);
}

// Two submits: the first adds 1 to a word of buffer B (through REG_TO_MEM with accumulate), the
// second again; B's contents come a second time with the given "changed".
static void write_capture(const char *path, int changed)
{
    uint32_t stream[64] = {0xc0012d00, 0x00040102, 1, 0xc0013e00, 0x80002102, 0x01002000};
    uint32_t data[64] = {5};
    uint32_t id = 200;
    struct rd_writer *w = rd_create(path, NULL);
    assert_non_null(w);
    put_text(w, RD_TEST, "made by a test");
    rd_put(w, RD_GPU_ID, &id, 4);
    put_text(w, RD_CMD, "submit 1");
    put_buffer(w, 0x01001000, stream, sizeof(stream), 1);
    put_buffer(w, 0x01002000, data, sizeof(data), 1);
    put_words(w, RD_CMDSTREAM_ADDR, 0x01001000, 6, 0);
    put_text(w, RD_CMD, "submit 2");
    put_buffer(w, 0x01002000, data, sizeof(data), changed);
    put_words(w, RD_CMDSTREAM_ADDR, 0x01001000, 6, 0);
    assert_int_equal(rd_write_close(w, NULL), 0);
}

static void test_sections_come_back_as_written(void **state)
{
    struct temp *t = *state;
    write_capture(t->path, 1);
    struct rd_reader *rd = rd_open(t->path, NULL);
    static const uint32_t types[] = {RD_TEST,
                                     RD_GPU_ID,
                                     RD_CMD,
                                     RD_TEST,
                                     RD_GPUADDR,
                                     RD_BUFFER_CONTENTS,
                                     RD_TEST,
                                     RD_GPUADDR,
                                     RD_BUFFER_CONTENTS,
                                     RD_CMDSTREAM_ADDR,
                                     RD_CMD,
                                     RD_TEST,
                                     RD_GPUADDR,
                                     RD_BUFFER_CONTENTS,
                                     RD_CMDSTREAM_ADDR};
    const uint8_t *data;
    uint32_t type, bytes;
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        assert_int_equal(rd_next(rd, &type, &data, &bytes, NULL), 1);
        assert_int_equal(type, types[i]);
        if (i == 0) {
            assert_string_equal((const char *)data, "made by a test");
        } else if (i == 8) {
            assert_int_equal(bytes, 256);
            assert_int_equal(get_le32(data), 5);
        }
    }
    assert_int_equal(rd_next(rd, &type, &data, &bytes, NULL), 0);
    rd_close(rd);
}

static void test_resynchronisation_marks_are_skipped(void **state)
{
    struct temp *t = *state;
    gzFile gz = gzopen(t->path, "wb");
    static const uint32_t words[] = {~0u, ~0u, RD_GPU_ID, 4, 200, ~0u, ~0u, RD_FLUSH, 0};
    gzwrite(gz, words, sizeof(words));
    gzclose(gz);
    struct rd_reader *rd = rd_open(t->path, NULL);
    const uint8_t *data;
    uint32_t type, bytes;
    assert_int_equal(rd_next(rd, &type, &data, &bytes, NULL), 1);
    assert_int_equal(type, RD_GPU_ID);
    assert_int_equal(rd_next(rd, &type, &data, &bytes, NULL), 1);
    assert_int_equal(type, RD_FLUSH);
    assert_int_equal(bytes, 0);
    assert_int_equal(rd_next(rd, &type, &data, &bytes, NULL), 0);
    rd_close(rd);
}

static void test_a_replay_counts_and_prints(void **state)
{
    struct temp *t = *state;
    struct rd_replay_config cfg = {0};
    struct rd_replay_result res;
    char *text = NULL;
    size_t n = 0;
    write_capture(t->path, 0);
    cfg.dump = open_memstream(&text, &n);
    assert_int_equal(rd_replay(t->path, &cfg, &res, NULL), 0);
    fclose(cfg.dump);
    assert_int_equal(res.submits, 2);
    assert_int_equal(res.gpu_id, 200);
    assert_int_equal(res.counters.packets, 2 * 3); // each: the call and two packets
    assert_string_equal(res.error, "");
    assert_non_null(strstr(text, "cmd: submit 2\n"));
    assert_non_null(strstr(text, "opcode: CP_REG_TO_MEM (3e) (3 dwords)"));
    free(text);
}

// A capture whose last submit loads a register from buffer B and waits for the value: it hangs when
// B holds something else.
static int replay_waiting_for(const char *path, int changed, uint32_t value)
{
    uint32_t stream[64] = {0xc0012d00, 0x00040102, 1, 0xc0013e00, 0x80002102, 0x01002000};
    uint32_t wait[64] = {
        0xc0022e00, 0x01002000 - 4 * 0x102, 0x00040102, 1, 0xc0035200, 0x2102, value, ~0u, 1};
    uint32_t data[64] = {5};
    struct rd_writer *w = rd_create(path, NULL);
    put_text(w, RD_CMD, "one");
    put_buffer(w, 0x01001000, stream, sizeof(stream), 1);
    put_buffer(w, 0x01002000, data, sizeof(data), 1);
    put_words(w, RD_CMDSTREAM_ADDR, 0x01001000, 6, 0);
    put_text(w, RD_CMD, "two");
    put_buffer(w, 0x01003000, wait, sizeof(wait), 1);
    put_buffer(w, 0x01002000, data, sizeof(data), changed);
    put_words(w, RD_CMDSTREAM_ADDR, 0x01003000, 9, 0);
    rd_write_close(w, NULL);
    struct rd_replay_config cfg = {.profile = gpu_profile_find("a200")};
    struct rd_replay_result res;
    assert_int_equal(rd_replay(path, &cfg, &res, NULL), 0);
    return res.error[0] ? -1 : 0;
}

static void test_changed_lines_decide_what_is_loaded(void **state)
{
    struct temp *t = *state;
    assert_int_equal(replay_waiting_for(t->path, 0, 6), 0);  // 5 + 1 stays
    assert_int_equal(replay_waiting_for(t->path, 1, 5), 0);  // loaded again
    assert_int_equal(replay_waiting_for(t->path, -1, 5), 0); // no line: always loaded
    assert_int_equal(replay_waiting_for(t->path, 0, 5), -1);
}

static void test_refused_submissions_do_not_stop_a_replay(void **state)
{
    struct temp *t = *state;
    uint32_t bad[2] = {0xc0002500, 0}, good[2] = {0xc0002600, 0};
    struct rd_writer *w = rd_create(t->path, NULL);
    put_text(w, RD_CMD, "one");
    put_buffer(w, 0x01001000, bad, sizeof(bad), 1);
    put_words(w, RD_CMDSTREAM_ADDR, 0x01001000, 2, 0);
    put_words(w, RD_CMDSTREAM_ADDR, 0x09000000, 2, 0); // nowhere
    put_text(w, RD_CMD, "two");
    put_buffer(w, 0x01001000, good, sizeof(good), 1);
    put_words(w, RD_CMDSTREAM_ADDR, 0x01001000, 2, 0);
    rd_write_close(w, NULL);
    struct rd_replay_config cfg = {0};
    struct rd_replay_result res;
    assert_int_equal(rd_replay(t->path, &cfg, &res, NULL), 0);
    assert_int_equal(res.submits, 2);
    assert_int_equal(res.counters.errors, 2);
    assert_non_null(strstr(res.error, "CP_SET_STATE"));
    assert_non_null(strstr(res.error, "submit 1"));
    cfg.stop_submit = 1;
    assert_int_equal(rd_replay(t->path, &cfg, &res, NULL), 0);
    assert_int_equal(res.submits, 1);
}

static void test_unknown_chips_and_files_are_errors(void **state)
{
    struct temp *t = *state;
    struct rd_replay_config cfg = {0};
    struct rd_replay_result res;
    struct err err = {0};
    uint32_t id = 630;
    struct rd_writer *w = rd_create(t->path, NULL);
    rd_put(w, RD_GPU_ID, &id, 4);
    rd_write_close(w, NULL);
    assert_int_equal(rd_replay(t->path, &cfg, &res, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "630"));
    assert_int_equal(rd_replay("/nonexistent/x.rd", &cfg, &res, &err), -ENOENT);
    assert_non_null(strstr(err.msg, "/nonexistent/x.rd"));
}

static void test_full_disks_are_reported(void **state)
{
    (void)state;
    struct err err = {0};
    static uint8_t noise[1 << 20];
    struct rd_writer *w = rd_create("/dev/full", &err);
    if (!w) { // no such device here
        return;
    }
    for (unsigned i = 0; i < sizeof(noise); i++) {
        noise[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    rd_put(w, RD_BUFFER_CONTENTS, noise, sizeof(noise));
    assert_true(rd_write_close(w, &err) < 0);
    assert_non_null(strstr(err.msg, "/dev/full"));
    assert_null(rd_create("/nonexistent/dir/x.rd", &err));
}

// Both plain and compressed, cut after every byte: the reader ends with sections it got whole, or
// says where the file stops; the replayer never does worse.
static void cut(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, n, f);
    fclose(f);
}

static void test_truncation_at_every_byte(void **state)
{
    struct temp *t = *state;
    uint8_t buf[8192];
    for (unsigned plain = 0; plain < 2; plain++) {
        struct err err;
        write_capture(t->path, 1);
        gzFile gz = plain ? gzopen(t->path, "rb") : NULL;
        FILE *f = plain ? NULL : fopen(t->path, "rb");
        size_t n = plain ? (size_t)gzread(gz, buf, sizeof(buf)) : fread(buf, 1, sizeof(buf), f);
        if (plain) {
            gzclose(gz);
        } else {
            fclose(f);
        }
        assert_in_range(n, 100, sizeof(buf) - 1);
        unsigned errors = 0;
        for (size_t k = 0; k < n; k++) {
            struct rd_replay_config cfg = {0};
            struct rd_replay_result res;
            cut(t->path, buf, k);
            memset(&err, 0, sizeof(err));
            int ret = rd_replay(t->path, &cfg, &res, &err);
            if (ret < 0) {
                errors++;
                assert_int_equal(ret, -EINVAL);
                assert_non_null(strstr(err.msg, "byte"));
            }
        }
        // only cuts between sections (and the empty file) read as an end
        assert_true(errors >= n - 16 - (plain ? 0 : 20));
    }
}

static void test_lying_lengths_cost_no_memory(void **state)
{
    struct temp *t = *state;
    struct err err = {0};
    static const uint32_t words[] = {RD_BUFFER_CONTENTS, 0x3fffffff, 1, 2};
    cut(t->path, (const uint8_t *)words, sizeof(words));
    struct rd_replay_config cfg = {0};
    struct rd_replay_result res;
    assert_int_equal(rd_replay(t->path, &cfg, &res, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "truncated"));
    static const uint32_t more[] = {RD_BUFFER_CONTENTS, 0xfffffff0, 1, 2};
    cut(t->path, (const uint8_t *)more, sizeof(more));
    assert_int_equal(rd_replay(t->path, &cfg, &res, &err), -EINVAL);
    // address sections that wrap around or ask for everything
    static const uint32_t wrap[] = {
        RD_GPUADDR, 12, 0xfffffff0, 0x100,      0, RD_BUFFER_CONTENTS, 4, 1,
        RD_GPUADDR, 12, 0,          0xffffffff, 0, RD_BUFFER_CONTENTS, 4, 1};
    cut(t->path, (const uint8_t *)wrap, sizeof(wrap));
    assert_int_equal(rd_replay(t->path, &cfg, &res, &err), -ENOMEM);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_sections_come_back_as_written),
        T(test_resynchronisation_marks_are_skipped),
        T(test_a_replay_counts_and_prints),
        T(test_changed_lines_decide_what_is_loaded),
        T(test_refused_submissions_do_not_stop_a_replay),
        T(test_unknown_chips_and_files_are_errors),
        T(test_full_disks_are_reported),
        T(test_truncation_at_every_byte),
        T(test_lying_lengths_cost_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
