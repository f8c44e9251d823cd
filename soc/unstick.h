// SPDX-License-Identifier: MIT
//
// Learns register bits without a manual: from a snapshot of a guest that spins on a register, tries
// answers for that register and keeps the simplest one that lets the guest go on, as a rule (stuck.h).
#ifndef SOC_UNSTICK_H
#define SOC_UNSTICK_H

#include <stdint.h>
#include <stdio.h>

#include "soc/stuck.h"

struct err;
struct machine;

struct unstick_config {
    uint64_t guest_ns;    // how long to look for walls, in virtual time from now
    unsigned rounds;      // walls to pass at most; 0: 16
    const char *snapshot; // file to use for snapshots (overwritten)
    const char *stop_text; // the console's word that all is well; NULL: until the time is over
    uint32_t seed;        // of the random answers
    FILE *log;            // what is tried, for people; may be NULL
};

struct unstick_wall {
    struct stuck_report stuck;
    struct quirk rule;
    bool solved;
    unsigned trials;
    char why[64]; // "bit 4 set", "bits 3:2 = 2", "value 0x... from the code"
};
enum { UNSTICK_WALLS = 16 };
struct unstick_result {
    struct unstick_wall walls[UNSTICK_WALLS];
    unsigned count;
    bool finished; // stop_text was said
};

// Runs the machine, which must be at a point that can be saved. Rules found stay in `q`. Returns 0, or
// the error of saving and restoring; an unsolved wall is no error.
int unstick(struct machine *m, struct quirks *q, const struct unstick_config *cfg,
            struct unstick_result *out, struct err *err);

#endif
