// SPDX-License-Identifier: MIT
//
// Virtual time: one queue of timers in integer nanoseconds. Devices schedule, nobody sleeps. Timers
// are embedded in their owners; the queue never allocates and equal deadlines fire in arming order,
// so two runs of one machine see the same sequence. Not thread safe: one queue, one thread.
#ifndef BASE_EVENTQ_H
#define BASE_EVENTQ_H

#include <stdbool.h>
#include <stdint.h>

#define EVENT_NEVER UINT64_MAX

struct event {
    void (*fire)(struct event *ev, uint64_t now_ns); // use container_of to find the owner
    uint64_t when_ns;
    uint64_t order; // arming order, breaks ties
    struct event *next, *prev;
    bool armed;
};

struct eventq {
    struct event head; // sorted list, sentinel
    uint64_t now_ns;   // current virtual time, never goes back
    uint64_t armings;
};

void eventq_init(struct eventq *q);

// Prepares a timer; it is not armed.
void event_init(struct event *ev, void (*fire)(struct event *ev, uint64_t now_ns));

// (Re)arms the timer for an absolute time; times in the past fire at the next eventq_run.
void event_arm(struct eventq *q, struct event *ev, uint64_t when_ns);
void event_cancel(struct eventq *q, struct event *ev);

// Deadline of the earliest timer, EVENT_NEVER when none is armed.
uint64_t eventq_deadline(const struct eventq *q);

// Moves time forward to now_ns, firing every timer due on the way, each at its own deadline.
void eventq_run(struct eventq *q, uint64_t now_ns);

#endif
