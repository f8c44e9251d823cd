// SPDX-License-Identifier: MIT
//
// A board on a bench: realized without a processor, driven through its bus as a driver would, with
// virtual time moved by hand. Shared by the device tests.
#ifndef TESTS_SOC_BENCH_H
#define TESTS_SOC_BENCH_H

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "cpu/cpu.h"
#include "soc/soc.h"

struct bench {
    struct soc_host host;
    struct soc *soc;
    bool line[CPU_LINE_COUNT];
    int powered; // soc_power events, 1 + enum soc_power of the last
};

static inline void bench_line(struct soc_host *host, unsigned line, bool level)
{
    container_of(host, struct bench, host)->line[line] = level;
}

static inline void bench_power(struct soc_host *host, enum soc_power what, const char *who)
{
    (void)who;
    container_of(host, struct bench, host)->powered = 1 + (int)what;
}

static inline void bench_make(struct bench *b, const char *board, uint64_t ram)
{
    static const struct soc_host_ops ops = {.cpu_line = bench_line, .power = bench_power};
    struct soc_config cfg = {.ram_bytes = ram, .host = &b->host};
    struct err err = {0};
    memset(b, 0, sizeof *b);
    b->host.ops = &ops;
    b->soc = soc_create(board_find(board), &cfg, &err);
    if (!b->soc) {
        fail_msg("%s", err.msg);
    }
}

static inline void bench_start(struct bench *b)
{
    struct err err = {0};
    if (soc_realize(b->soc, &err)) {
        fail_msg("%s", err.msg);
    }
}

static inline void bench_open(struct bench *b)
{
    bench_make(b, "imx53-qsb", 0);
    bench_start(b);
}

static inline void bench_close(struct bench *b)
{
    soc_destroy(b->soc);
}

static inline uint32_t rd(struct bench *b, uint32_t pa)
{
    uint64_t v;
    assert_int_equal(bus_read(soc_bus(b->soc), pa, 4, &v), CPU_BUS_OK);
    return (uint32_t)v;
}

static inline void wr(struct bench *b, uint32_t pa, uint32_t v)
{
    assert_int_equal(bus_write(soc_bus(b->soc), pa, 4, v), CPU_BUS_OK);
}

static inline void wait_ns(struct bench *b, uint64_t ns)
{
    soc_advance(b->soc, soc_now(b->soc) + ns);
}

// Applies what firmware would have set up (clock tree).
static inline void bench_firmware(struct bench *b)
{
    const struct board *board = soc_board(b->soc);
    for (unsigned i = 0; i < board->poke_count; i++) {
        wr(b, board->pokes[i].pa, board->pokes[i].value);
    }
}

#define MS 1000000u
enum { RAM = 0x70000000 };

#endif
