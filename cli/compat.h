// SPDX-License-Identifier: MIT
//
// What yamato compat gathers while a guest boots, and the pages that it writes from it.
#ifndef CLI_COMPAT_H
#define CLI_COMPAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/opts.h"

struct err;
struct machine;

struct compat_opts {
    const char *board, *image, *initrd, *dtb, *append, *nic, *until, *screen, *out, *symbols, *sound,
        *engine, *other, *title, *quirk;
    struct opt_list disks, expects, typed, acts, sets;
    uint64_t budget, tolerance, snapshots, machine_id;
    bool rom, snapshot;
};

// Boots, watches, checks. The facts as JSON (owned by the caller), NULL on errors. Pictures and the
// serial log go to o->out. *passed tells whether all expectations held.
json_t *compat_boot(const struct compat_opts *o, bool *passed, struct err *err);

// Pages from facts: self-contained HTML, JUnit XML. `dir` holds the pictures.
int compat_write_html(const json_t *facts, const char *dir, const char *path, struct err *err);
int compat_write_junit(const json_t *facts, const char *path, struct err *err);
// Two runs side by side.
int compat_write_comparison(const json_t *a, const json_t *b, const char *dir_a, const char *dir_b,
                            const char *path, struct err *err);

#endif
