// SPDX-License-Identifier: MIT
//
// Finds guests that spin on a device register: the same few places of code, the same reads with the same
// answers, no stores to devices, nothing said. And rules that answer such reads ("quirks").
#ifndef SOC_STUCK_H
#define SOC_STUCK_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct machine;
struct quirks;

// One read that the guest waits for.
struct stuck_read {
    uint32_t pa, pc, value;
    unsigned size;
    uint32_t count;
    char name[96];
};
enum { STUCK_READS = 8 };
struct stuck_report {
    struct stuck_read reads[STUCK_READS]; // the most frequent first
    unsigned count;
    uint32_t pc_low, pc_high; // where the code runs
    unsigned loops;           // different program counters seen
};

// Runs `insns` instructions one at a time and looks. True when the guest spins on device reads whose
// answers never change; *out tells which.
bool stuck_look(struct machine *m, unsigned insns, struct stuck_report *out);

// One rule: what a read of a register gives. Text form, one a line:
//   ADDRESS and=MASK or=MASK [xor=MASK] [pc=FIRST-LAST] [after=N] # text
// Reads give ((value & and) | or) ^ (xor on every second read); `after` lets N reads pass first.
struct quirk {
    uint32_t pa, and, or, xor, pc_first, pc_last, after;
    uint64_t hits;
};

// Rules stand between the bus and the CPU. -EINVAL names file and line.
struct quirks *quirks_create(struct machine *m);
int quirks_load(struct quirks *q, const char *path, struct err *err);
int quirks_parse(const char *line, struct quirk *out);
void quirks_print(const struct quirk *k, char *buf, unsigned n);
// Puts a rule in place of the one for the same address; NULL `k` removes all.
int quirks_set(struct quirks *q, const struct quirk *k);
const struct quirk *quirks_at(const struct quirks *q, unsigned i); // NULL past the end
void quirks_destroy(struct quirks *q);

#endif
