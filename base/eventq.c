// SPDX-License-Identifier: MIT
//
// The virtual time queue; see eventq.h. A sorted list: machines have tens of timers and nearly all
// armings are near the front.
#include "base/eventq.h"

#include <stddef.h>

void eventq_init(struct eventq *q)
{
    *q = (struct eventq){.now_ns = 0};
    q->head.next = q->head.prev = &q->head;
    q->head.when_ns = EVENT_NEVER;
}

void event_init(struct event *ev, void (*fire)(struct event *ev, uint64_t now_ns))
{
    *ev = (struct event){.fire = fire, .when_ns = EVENT_NEVER};
}

void event_cancel(struct eventq *q, struct event *ev)
{
    (void)q;
    if (ev->armed) {
        ev->prev->next = ev->next;
        ev->next->prev = ev->prev;
        ev->armed = false;
        ev->when_ns = EVENT_NEVER;
    }
}

void event_arm(struct eventq *q, struct event *ev, uint64_t when_ns)
{
    struct event *at;

    event_cancel(q, ev);
    ev->when_ns = when_ns;
    ev->order = q->armings++;
    at = q->head.next;
    while (at != &q->head && at->when_ns <= when_ns) {
        at = at->next;
    }
    ev->next = at;
    ev->prev = at->prev;
    at->prev->next = ev;
    at->prev = ev;
    ev->armed = true;
}

uint64_t eventq_deadline(const struct eventq *q)
{
    return q->head.next == &q->head ? EVENT_NEVER : q->head.next->when_ns;
}

void eventq_run(struct eventq *q, uint64_t now_ns)
{
    while (q->head.next != &q->head && q->head.next->when_ns <= now_ns) {
        struct event *ev = q->head.next;
        uint64_t when = ev->when_ns;
        event_cancel(q, ev);
        if (when > q->now_ns) {
            q->now_ns = when;
        }
        ev->fire(ev, q->now_ns);
    }
    if (now_ns > q->now_ns && now_ns != EVENT_NEVER) {
        q->now_ns = now_ns;
    }
}
