// SPDX-License-Identifier: MIT
//
// The loop: run the CPU up to the next timer, fire timers, look at the host now and then. Slices
// end at instruction counts, never at host times, so that two runs of one machine are the same run.
#include "soc/machine_priv.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "mdev/vgpu.h"
#include "soc/vgpu_port.h"

#define MS 1000000ull
#define SLICE_MAX_NS (1 * MS)
#define HOST_POLL_NS (2 * MS)     // between looks at descriptors while busy
#define GPU_PATIENCE_NS (50 * MS) // virtual time that a busy guest may run ahead of its GPU
#define TURN_INSNS 10000          // of a core while others want to run too
#define TURN_REST 200             // of them once somebody has been woken
#define GPU_CREEP 8               // waiting for the GPU, virtual time runs at 1/8 of real time

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t host_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t host_cpu_now_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

const char *machine_exit_text(enum machine_exit why)
{
    switch (why) {
#define X(name, text)                                                                              \
    case MACHINE_EXIT_##name:                                                                      \
        return text;
        MACHINE_EXITS(X)
#undef X
    case MACHINE_EXIT_COUNT:
        break;
    }
    return "?";
}

// ---- what the guest says
// -----------------------------------------------------------------------------

static void stamp(struct machine *m, struct machine_marker *k)
{
    k->seen = true;
    k->guest_ns = machine_now(m);
    k->insns = machine_insns(m);
    k->host_ns = m->stats.host_ns + host_now_ns() - m->run_host_ns;
    k->host_cpu_ns = m->stats.host_cpu_ns + host_cpu_now_ns() - m->run_cpu_ns;
}

static bool ends_with(const char *text, size_t n, const char *what)
{
    size_t k = strlen(what);
    return k && n >= k && memcmp(text + n - k, what, k) == 0;
}

void machine_heard(void *ctx, uint8_t c)
{
    struct machine *m = ctx;
    size_t n;
    const char *text = serial_text(m->serials[0], &n);
    m->serial_hash = hash_bytes(m->serial_hash, &c, 1);
    for (unsigned i = 0; i < m->marker_count; i++) {
        if (!m->markers[i].seen && ends_with(text, n, m->markers[i].text)) {
            stamp(m, &m->markers[i]);
        }
    }
    if (m->stop_text && ends_with(text, n, m->stop_text)) {
        m->matched = true;
    }
    if (m->regex_on) {
        if (c == '\n' || m->line_len == sizeof m->line - 1) {
            m->line_len = 0;
        }
        if (c != '\n' && c != '\r') {
            m->line[m->line_len++] = (char)c;
            m->line[m->line_len] = 0;
            m->matched = m->matched || regexec(&m->regex, m->line, 0, NULL, 0) == 0;
        }
    }
    if (m->matched) {
        machine_interrupt(m);
    }
}

int machine_mark(struct machine *m, const char *text)
{
    if (m->marker_count == MACHINE_MARKERS) {
        return -ENOSPC;
    }
    m->markers[m->marker_count++] = (struct machine_marker){.text = text};
    return 0;
}

// ---- the host
// ----------------------------------------------------------------------------------------

bool machine_poll(struct machine *m, int timeout_ms)
{
    struct pollset set = {.timeout_ms = timeout_ms};
    uint64_t drain;
    pollset_add(&set, m->wake_fd, POLLIN);
    for (struct io_source *s = m->io; s; s = s->next) {
        s->ops->prepare(s, &set);
    }
    if (poll(set.fds, set.count, set.timeout_ms) < 0) {
        for (unsigned i = 0; i < set.count; i++) {
            set.fds[i].revents = 0;
        }
    }
    if (set.fds[0].revents && read(m->wake_fd, &drain, sizeof drain) < 0) {
        drain = 0;
    }
    for (struct io_source *s = m->io; s; s = s->next) {
        s->ops->dispatch(s, &set);
    }
    m->polled_ns = host_now_ns();
    return set.paced;
}

static void skip_to(struct machine *m, uint64_t when_ns)
{
    uint64_t now = machine_now(m);
    if (when_ns > now) {
        m->base_ns += when_ns - now;
        m->stats.skipped_ns += when_ns - now;
    }
}

// Waits in real time for at most `ns`, then moves virtual time on by what was waited, times
// num/den.
static void wait_real(struct machine *m, uint64_t ns, unsigned den)
{
    uint64_t start = host_now_ns(), now = machine_now(m), gone;
    int ms = ns > 100 * MS ? 100 : (int)((ns + MS - 1) / MS);
    machine_poll(m, ms);
    gone = (host_now_ns() - start) / den;
    skip_to(m, now + (gone < ns / den ? gone : ns / den));
}

static bool gpu_busy(struct machine *m)
{
    bool busy = vgpu_port_busy(m->board->gpu ? soc_device(m->soc, m->board->gpu) : NULL);
    if (!busy) {
        m->busy_since_ns = 0;
    } else if (!m->busy_since_ns) {
        m->busy_since_ns = machine_now(m);
    }
    return busy;
}

// The guest waits for an interrupt. False when nothing can ever wake it.
static bool idle(struct machine *m, uint64_t limit_ns)
{
    uint64_t now = machine_now(m), deadline = eventq_deadline(soc_events(m->soc));
    uint64_t until = deadline < limit_ns ? deadline : limit_ns, left = until - now;
    m->stats.idles++;
    if (until <= now) {
        return true;
    }
    if (gpu_busy(m)) {
        uint64_t start = host_now_ns();
        // one millisecond at a time: work may end without an interrupt
        wait_real(m, left < MS ? left * GPU_CREEP : MS, GPU_CREEP);
        m->stats.gpu_wait_ns += host_now_ns() - start;
        return true;
    }
    if (soc_async_pending(m->soc)) {
        return true; // its interrupt came after the last look: time must not jump over it
    }
    if (m->cfg.realtime || machine_poll(m, 0)) {
        wait_real(m, left, 1);
        return true;
    }
    if (until == EVENT_NEVER) {
        if (!m->io) {
            return false;
        }
        machine_poll(m, 100);
        return true;
    }
    skip_to(m, until);
    return true;
}

// Keeps a machine in real time from running ahead.
static void pace(struct machine *m)
{
    uint64_t guest = machine_now(m), host = host_now_ns(), ahead;
    if (!m->anchor_host_ns || host - m->anchor_host_ns > guest - m->anchor_guest_ns + 100 * MS) {
        m->anchor_host_ns = host; // far behind: forget what was lost
        m->anchor_guest_ns = guest;
        return;
    }
    ahead = guest - m->anchor_guest_ns;
    ahead = ahead > host - m->anchor_host_ns ? ahead - (host - m->anchor_host_ns) : 0;
    if (ahead > 2 * MS) {
        machine_poll(m, (int)(ahead / MS > 50 ? 50 : ahead / MS));
    }
}

// ---- the loop
// ----------------------------------------------------------------------------------------

static bool power_events(struct machine *m, enum machine_exit *why, struct err *err)
{
    if (m->off_wanted) {
        m->off_wanted = false;
        *why = MACHINE_EXIT_POWER_OFF;
        return true;
    }
    if (m->reset_wanted) {
        TRACE(m->cfg.log, exc, "reset: %s", m->power_who);
        if (m->cfg.no_reboot) {
            m->reset_wanted = false;
            *why = MACHINE_EXIT_RESET;
            return true;
        }
        if (machine_reset(m, err)) {
            *why = MACHINE_EXIT_ERROR;
            return true;
        }
    }
    return false;
}

// Gives the turn to the next core that is awake when this one's is over; returns how many are awake.
// Turns are counted in instructions, whatever else ends a slice, so that a run that was looked at or
// saved in the middle goes on as one that was not.
static unsigned next_turn(struct machine *m)
{
    unsigned awake = 0, next = m->core;
    for (unsigned k = m->cpu_count; k > 0; k--) {
        unsigned n = (m->core + k) % m->cpu_count;
        if (!cpu_sleeping(m->cpus[n])) {
            awake++;
            next = n;
        }
    }
    if (awake > m->awake && m->turn_left > TURN_REST) {
        m->turn_left = TURN_REST;
    }
    m->awake = awake;
    if (!m->turn_left || cpu_sleeping(m->cpu)) {
        machine_turn(m, next);
        m->turn_left = TURN_INSNS;
    }
    return awake;
}

static void slice(struct machine *m, uint64_t limit_ns, enum cpu_stop *stop)
{
    uint64_t now, end = eventq_deadline(soc_events(m->soc)), insns, before;
    unsigned awake = m->cpu_count > 1 ? next_turn(m) : 1;
    if (!awake) {
        *stop = CPU_STOP_WFI;
        return;
    }
    now = machine_now(m);
    end = end < now + SLICE_MAX_NS ? end : now + SLICE_MAX_NS;
    end = end < limit_ns ? end : limit_ns;
    m->slice_end_ns = end;
    // the first instruction count at which the clock shows `end`
    insns = m->base_insns + ((end - m->base_ns) * m->mips + 999) / 1000;
    insns = insns > machine_insns(m) ? insns - machine_insns(m) : 0;
    insns = awake > 1 && insns > m->turn_left ? m->turn_left : insns;
    m->stats.slices++;
    before = cpu_insns(m->cpu);
    *stop = insns ? cpu_run(m->cpu, insns) : CPU_STOP_BUDGET;
    if (awake > 1) {
        m->turn_left -= cpu_insns(m->cpu) - before;
    }
    if (*stop == CPU_STOP_WFI && m->cpu_count > 1) {
        *stop = CPU_STOP_BUDGET; // the next core may want to run
    }
    m->slice_end_ns = 0;
}

static bool over(struct machine *m, const struct machine_limits *l, uint64_t host_end,
                 enum machine_exit *why)
{
    if (atomic_exchange(&m->stop, false)) {
        *why = MACHINE_EXIT_QUIT;
    } else if (m->matched) {
        m->matched = false;
        *why = MACHINE_EXIT_MATCH;
    } else if (l && l->guest_ns && machine_now(m) >= l->guest_ns) {
        *why = MACHINE_EXIT_GUEST_LIMIT;
    } else if (host_end && host_now_ns() >= host_end) {
        *why = MACHINE_EXIT_HOST_LIMIT;
    } else {
        return false;
    }
    return true;
}

static enum machine_exit loop(struct machine *m, const struct machine_limits *l, struct err *err)
{
    uint64_t limit = l && l->guest_ns ? l->guest_ns : EVENT_NEVER;
    uint64_t host_end = l && l->host_ns ? host_now_ns() + l->host_ns : 0;
    enum machine_exit why;
    enum cpu_stop stop;

    for (;;) {
        soc_poll_async(m->soc);
        eventq_run(soc_events(m->soc), machine_now(m));
        if (power_events(m, &why, err) || over(m, l, host_end, &why)) {
            return why;
        }
        if (m->paused) {
            machine_poll(m, 100);
            continue;
        }
        if (m->gdb && machine_gdb_turn(m)) {
            continue;
        }
        slice(m, limit, &stop);
        switch (stop) {
        case CPU_STOP_WFI:
            if (!idle(m, limit)) {
                return MACHINE_EXIT_ASLEEP;
            }
            break;
        case CPU_STOP_BREAKPOINT:
        case CPU_STOP_WATCHPOINT:
            if (m->gdb && machine_gdb_stopped(m, stop)) {
                break;
            }
            if (!m->debug || !m->debug(m->debug_ctx, m, stop)) {
                return MACHINE_EXIT_DEBUG;
            }
            break;
        case CPU_STOP_BUDGET:
        case CPU_STOP_REQUEST:
            break;
        }
        if (gpu_busy(m) && machine_now(m) - m->busy_since_ns > GPU_PATIENCE_NS) {
            uint64_t start = host_now_ns();
            machine_poll(m, 4);
            m->stats.gpu_wait_ns += host_now_ns() - start;
        }
        if (m->io && host_now_ns() - m->polled_ns > HOST_POLL_NS) {
            machine_poll(m, 0);
        }
        if (m->cfg.realtime) {
            pace(m);
        }
    }
}

enum machine_exit machine_run(struct machine *m, const struct machine_limits *limits,
                              struct err *err)
{
    enum machine_exit why;
    m->stop_text = limits ? limits->stop_text : NULL;
    if (m->regex_on) {
        regfree(&m->regex);
        m->regex_on = false;
    }
    if (limits && limits->stop_regex) {
        if (regcomp(&m->regex, limits->stop_regex, REG_EXTENDED | REG_NOSUB)) {
            err_set(err, -EINVAL, "'%s' is not a regular expression", limits->stop_regex);
            return MACHINE_EXIT_ERROR;
        }
        m->regex_on = true;
    }
    m->matched = false;
    m->run_host_ns = host_now_ns();
    m->run_cpu_ns = host_cpu_now_ns();
    m->running = true;
    why = loop(m, limits, err);
    m->running = false;
    m->stats.host_ns += host_now_ns() - m->run_host_ns;
    m->stats.host_cpu_ns += host_cpu_now_ns() - m->run_cpu_ns;
    m->run_host_ns = host_now_ns();
    m->run_cpu_ns = host_cpu_now_ns();
    return why;
}
