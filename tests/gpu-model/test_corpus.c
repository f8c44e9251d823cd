// SPDX-License-Identifier: MIT
//
// Real command streams of the open driver (shared captures): every one decodes to the end without a
// refused packet, and prints exactly as Mesa's own decoder printed it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <cmocka.h>

#include "base/err.h"
#include "gpu-model/rd.h"
#include "tests/gpu-model/shared.h"

static void test_every_capture_decodes_without_a_refusal(void **state)
{
    (void)state;
    glob_t g;
    uint64_t packets = 0, fills = 0;
    unsigned files = 0;
    if (!shared_glob("corpus", "a2xx-corpus/*/*.rd.gz", &g)) {
        return;
    }
    for (size_t i = 0; i < g.gl_pathc; i++) {
        struct rd_replay_config cfg = {0};
        struct rd_replay_result res;
        struct err err = {0};
        if (rd_replay(g.gl_pathv[i], &cfg, &res, &err) < 0) {
            fail_msg("%s", err.msg);
        }
        if (res.error[0] || res.counters.errors) {
            fail_msg("%s: %s", g.gl_pathv[i], res.error);
        }
        if (!res.submits || !(res.draws + res.resolves)) {
            fail_msg("%s: %u submits, %u draws", g.gl_pathv[i], res.submits, res.draws);
        }
        files++;
        packets += res.counters.packets;
        fills += res.counters.fills;
    }
    printf("corpus: %u captures, %llu packets, %llu fast clears\n", files,
           (unsigned long long)packets, (unsigned long long)fills);
    assert_true(files > 0 && packets > 0 && fills > 0);
    globfree(&g);
}

// Next line without its newline; false at the end.
static bool next_line(const char **p, const char **line, size_t *len)
{
    const char *end;
    if (!**p) {
        return false;
    }
    end = strchr(*p, '\n');
    *line = *p;
    *len = end ? (size_t)(end - *p) : strlen(*p);
    *p = end ? end + 1 : *p + *len;
    return true;
}

static char *read_all(const char *path)
{
    gzFile gz = gzopen(path, "rb");
    size_t room = 1 << 20, n = 0;
    char *buf = malloc(room);
    for (int k; gz && buf && (k = gzread(gz, buf + n, (unsigned)(room - n - 1))) > 0;) {
        n += (size_t)k;
        if (room - n < 2) {
            room *= 2;
            buf = realloc(buf, room);
        }
    }
    if (gz) {
        gzclose(gz);
    }
    if (buf) {
        buf[n] = 0;
    }
    return buf;
}

static void test_dumps_equal_the_reference_decoder_line_by_line(void **state)
{
    (void)state;
    glob_t g;
    unsigned long lines = 0, files = 0;
    if (!shared_glob("dump", "a2xx-corpus/*/*.txt.gz", &g)) {
        return;
    }
    for (size_t i = 0; i < g.gl_pathc; i++) {
        const char *path = g.gl_pathv[i], *got, *want, *a, *b;
        char rd[600], *text = NULL;
        size_t n = 0, la, lb;
        struct rd_replay_config cfg = {.dump_as_cffdump = true};
        struct rd_replay_result res;
        snprintf(rd, sizeof(rd), "%.*s.rd.gz", (int)(strlen(path) - strlen(".txt.gz")), path);
        cfg.dump = open_memstream(&text, &n);
        assert_int_equal(rd_replay(rd, &cfg, &res, NULL), 0);
        fclose(cfg.dump);
        char *reference = read_all(path);
        assert_non_null(reference);
        got = text;
        want = reference;
        // the first line is the name of the file that was decoded
        assert_true(next_line(&got, &a, &la) && next_line(&want, &b, &lb));
        for (unsigned line = 2; next_line(&want, &b, &lb); line++) {
            bool more = next_line(&got, &a, &la);
            if (!more || la != lb || memcmp(a, b, la)) {
                fail_msg("%s line %u:\n  %.*s\nreference:\n  %.*s", rd, line, more ? (int)la : 0, a,
                         (int)lb, b);
            }
            lines++;
        }
        assert_int_equal(*got, 0);
        files++;
        free(reference);
        free(text);
    }
    printf("dump: %lu files, %lu lines equal\n", files, lines);
    assert_true(files > 0 && lines > 0);
    globfree(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_capture_decodes_without_a_refusal),
        cmocka_unit_test(test_dumps_equal_the_reference_decoder_line_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
