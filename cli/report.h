// SPDX-License-Identifier: MIT
//
// The self-contained HTML page of a run: pictures of every machine beside their references, what
// each submitted and where it waited, and the serial logs. No script, no network; pictures are
// inline.
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "mdev/profile.h"

struct report_vm {
    const char *name;      // as the profile's vGPU
    const char *what;      // one line: what ran in it
    const char *picture;   // PNG path or NULL
    const char *reference; // PNG path or NULL
    const char *reference_what;
    const char *serial; // log path or NULL
    const char *facts;  // text lines (boot time, instructions, renderer), or NULL
};

struct report_config {
    const char *title, *intro;
    const struct report_vm *vms;
    unsigned nvms;
    struct profile *profile; // may be NULL
};

int report_write(const char *path, const struct report_config *cfg, struct err *err);

#endif
