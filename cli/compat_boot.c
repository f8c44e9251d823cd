// SPDX-License-Identifier: MIT
//
// The boot behind yamato compat: the machine runs in slices of guest time; between them the timeline is
// written, the screen looked at, stuck guests noticed. Everything hangs on guest time, so two runs give
// the same facts and the same event hash.
#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/png.h"
#include "cli/compat.h"
#include "cli/guest_symbols.h"
#include "soc/board.h"
#include "soc/machine.h"
#include "soc/serial.h"
#include "soc/sound.h"
#include "soc/stuck.h"

#define SLICE_NS 100000000u
enum { SAMPLES_MAX = 4096, SHOTS_MAX = 8, QUIET_SLICES = 30, LOOK_INSNS = 4000, LINES_MAX = 20000 };

struct act {
    char *wait, *command;
    uint64_t delay_ns, due_ns; // due 0: not seen yet
    bool done;
};

struct boot {
    const struct compat_opts *o;
    struct machine *m;
    struct log log;
    struct guest_symbols *symbols;
    struct sound *sound;
    struct quirks *quirks;
    struct soc_override overrides[64];
    struct act acts[64];
    char *names[64];
    unsigned act_count;
    json_t *samples, *lines, *shots, *stuck;
    char line[256];
    unsigned line_len, line_count, shot_count, quiet;
    uint64_t screen_hash, event_hash, said, reads;
    enum machine_exit why;
    uint32_t random;
    unsigned rewinds;
    bool failed;
    char path[1200];
};

static json_t *hex(uint64_t v, int digits)
{
    char text[24];
    snprintf(text, sizeof text, "0x%0*" PRIx64, digits, v);
    return json_string(text);
}

static void heard(void *ctx, uint8_t c)
{
    struct boot *b = ctx;
    b->said++;
    if (c != '\n' && b->line_len + 1 < sizeof b->line) {
        b->line[b->line_len++] = c >= ' ' && c <= '~' ? (char)c : c == '\r' ? ' ' : '.';
        return;
    }
    b->line[b->line_len] = 0;
    b->line_len = 0;
    if (b->line_count++ < LINES_MAX) {
        json_array_append_new(b->lines, json_pack("{s:f,s:s}", "t", (double)machine_now(b->m) / 1e9, "s", b->line));
    }
}

// ---- making the machine

static int disk_door(const struct board *board, const char *arg, struct machine_config *mc, struct err *err)
{
    const char *eq = strchr(arg, '=');
    char doors[96] = "";
    for (unsigned i = 0; eq && board->disks && board->disks[i] && i < MACHINE_DISKS; i++) {
        if (strlen(board->disks[i]) == (size_t)(eq - arg) && !strncmp(board->disks[i], arg, (size_t)(eq - arg))) {
            mc->disks[i] = eq + 1;
            return 0;
        }
    }
    for (unsigned i = 0; board->disks && board->disks[i]; i++) {
        strncat(doors, " ", sizeof doors - strlen(doors) - 1);
        strncat(doors, board->disks[i], sizeof doors - strlen(doors) - 1);
    }
    return err_set(err, -EINVAL, "--disk: '%s' is not DOOR=FILE; board %s has:%s", arg, board->name, doors);
}

static int parse_sets(struct boot *b, struct machine_config *mc, struct err *err)
{
    for (unsigned i = 0; i < b->o->sets.count; i++) {
        char *copy = strdup(b->o->sets.items[i]), *dot = copy ? strchr(copy, '.') : NULL;
        char *eq = dot ? strchr(dot, '=') : NULL;
        uint64_t v;
        b->names[i] = copy;
        if (!eq || !opts_number(eq + 1, &v)) {
            return err_set(err, -EINVAL, "--set: '%s' is not DEVICE.PROPERTY=NUMBER", b->o->sets.items[i]);
        }
        *dot = *eq = 0;
        b->overrides[i] = (struct soc_override){copy, dot + 1, (uint32_t)v};
    }
    mc->overrides = b->overrides;
    mc->override_count = b->o->sets.count;
    return 0;
}

// "TEXT+SECONDS=>COMMAND"
static int parse_acts(struct boot *b, struct err *err)
{
    for (unsigned i = 0; i < b->o->acts.count && i < 64; i++) {
        const char *arg = b->o->acts.items[i], *arrow = strstr(arg, "=>");
        struct act *a = &b->acts[i];
        char *plus, *end;
        if (!arrow) {
            return err_set(err, -EINVAL, "--do: '%s' is not TEXT+SECONDS=>COMMAND", arg);
        }
        a->wait = strndup(arg, (size_t)(arrow - arg));
        a->command = strdup(arrow + 2);
        plus = a->wait ? strrchr(a->wait, '+') : NULL;
        if (plus) {
            double s = strtod(plus + 1, &end);
            if (*end == 0 && end != plus + 1 && s >= 0 && s < 1e6) {
                a->delay_ns = (uint64_t)(s * 1e9);
                *plus = 0;
            }
        }
        b->act_count++;
    }
    return 0;
}

static int type_all(struct boot *b, struct err *err)
{
    for (unsigned i = 0; i < b->o->typed.count; i++) {
        const char *arg = b->o->typed.items[i], *arrow = strstr(arg, "=>");
        char *wait = arrow ? strndup(arg, (size_t)(arrow - arg)) : NULL;
        int rc = wait ? serial_script_add(machine_serial(b->m, 0), wait[0] ? wait : NULL, arrow + 2, err)
                      : err_set(err, -EINVAL, "--type: '%s' is not WAIT=>TEXT", arg);
        free(wait);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int attach_sound(struct boot *b, const struct board *board, struct err *err)
{
    struct device *dev = board->sounds ? soc_device(machine_soc(b->m), board->sounds[0]) : NULL;
    if (!dev || !dev->cls->attach_sound) {
        return b->o->sound ? err_set(err, -EINVAL, "board %s plays nothing", board->name) : 0;
    }
    b->sound = sound_create(b->o->sound, err);
    return b->sound ? dev->cls->attach_sound(dev, b->sound, err) : -1;
}

static int make(struct boot *b, struct err *err)
{
    const struct compat_opts *o = b->o;
    const struct board *board = board_find(o->board);
    struct machine_config mc = {.board = o->board, .kernel = o->image, .initrd = o->initrd, .dtb = o->dtb,
                                .append = o->append, .boot_rom = o->rom, .snapshot = true, .no_reboot = true,
                                .machine_id = (uint32_t)o->machine_id, .log = &b->log, .nets = {o->nic}};
    int rc = 0;
    mc.engine = o->engine && !strcmp(o->engine, "interpreter") ? CPU_ENGINE_INTERPRETER : CPU_ENGINE_TRANSLATOR;
    log_init(&b->log, stderr, o->board);
    for (unsigned i = 0; i < o->disks.count && !rc && board; i++) {
        rc = disk_door(board, o->disks.items[i], &mc, err);
    }
    rc = rc ? rc : parse_sets(b, &mc, err);
    rc = rc ? rc : parse_acts(b, err);
    if (rc) {
        return rc;
    }
    b->symbols = guest_symbols_load(o->symbols, err);
    b->m = b->symbols ? machine_create(&mc, err) : NULL;
    if (!b->m) {
        return -EINVAL;
    }
    if (o->quirk) {
        b->quirks = quirks_create(b->m);
        rc = b->quirks ? quirks_load(b->quirks, o->quirk, err) : -ENOMEM;
    }
    serial_listen(machine_serial(b->m, 0), heard, b);
    snprintf(b->path, sizeof b->path, "%s/serial.log", o->out);
    rc = rc ? rc : serial_log_to(machine_serial(b->m, 0), b->path, err);
    rc = rc ? rc : attach_sound(b, board, err);
    return rc ? rc : type_all(b, err);
}

// ---- between slices

static void look_at_screen(struct boot *b, bool last)
{
    struct picture pic;
    struct err err = {0};
    uint64_t h;
    char name[48];
    if (machine_screenshot(b->m, 0, &pic, &err)) {
        return;
    }
    h = hash_bytes(HASH_INIT, pic.rgba, (size_t)pic.width * pic.height * 4);
    if (h != b->screen_hash && (last || (b->shot_count < SHOTS_MAX && b->quiet >= 3))) {
        b->screen_hash = h;
        snprintf(name, sizeof name, "screen-%02u.png", b->shot_count++);
        snprintf(b->path, sizeof b->path, "%s/%s", b->o->out, name);
        if (!picture_save_png(&pic, b->path, &err)) {
            json_array_append_new(b->shots, json_pack("{s:f,s:s,s:i,s:i}", "t", (double)machine_now(b->m) / 1e9, "file",
                                                      name, "width", (int)pic.width, "height", (int)pic.height));
        }
    }
    b->event_hash = hash_bytes(b->event_hash, &h, sizeof h);
    picture_fini(&pic);
}

static void look_for_stuck(struct boot *b)
{
    struct stuck_report r;
    char pc[128];
    if (json_array_size(b->stuck) || !stuck_look(b->m, LOOK_INSNS, &r)) {
        return;
    }
    for (unsigned i = 0; i < r.count; i++) {
        guest_symbol(b->symbols, r.reads[i].pc, pc, sizeof pc);
        json_array_append_new(b->stuck,
                              json_pack("{s:s,s:o,s:o,s:s,s:i,s:f}", "register", r.reads[i].name, "address",
                                        hex(r.reads[i].pa, 8), "value", hex(r.reads[i].value, 8), "code", pc, "reads",
                                        (int)r.reads[i].count, "t", (double)machine_now(b->m) / 1e9));
    }
}

static void do_acts(struct boot *b)
{
    size_t n;
    const char *text = serial_text(machine_serial(b->m, 0), &n);
    for (unsigned i = 0; i < b->act_count; i++) {
        struct act *a = &b->acts[i];
        if (!a->due_ns && (!a->wait[0] || memmem(text, n, a->wait, strlen(a->wait)))) {
            a->due_ns = machine_now(b->m) + a->delay_ns + 1;
        }
        if (!a->done && a->due_ns && machine_now(b->m) >= a->due_ns) {
            char *answer = NULL;
            size_t len;
            FILE *f = open_memstream(&answer, &len);
            if (f) {
                machine_monitor(b->m, a->command, f);
                fclose(f);
                if (len) {
                    log_info(&b->log, "%s: %s", a->command, answer);
                }
                free(answer);
            }
            a->done = true;
        }
    }
}

static void sample(struct boot *b, uint64_t said)
{
    struct cpu_counters c;
    struct machine_stats s;
    uint64_t h = machine_hash(b->m);
    char pc[128];
    cpu_counters(machine_cpu(b->m), &c);
    machine_stats(b->m, &s);
    b->event_hash = hash_bytes(b->event_hash, &h, sizeof h);
    guest_symbol(b->symbols, cpu_get(machine_cpu(b->m), CPU_PC), pc, sizeof pc);
    if (json_array_size(b->samples) < SAMPLES_MAX) {
        json_array_append_new(b->samples,
                              json_pack("{s:f,s:I,s:I,s:I,s:I,s:I,s:s}", "t", (double)s.guest_ns / 1e9, "insns",
                                        (json_int_t)s.insns, "irqs", (json_int_t)c.irqs, "mmio",
                                        (json_int_t)(c.mmio_reads + c.mmio_writes), "aborts",
                                        (json_int_t)(c.data_aborts + c.prefetch_aborts), "chars", (json_int_t)said, "pc", pc));
    }
    b->quiet = b->said == said && said ? 0 : b->quiet;
}

static uint32_t next_random(struct boot *b)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 17;
    b->random ^= b->random << 5;
    return b->random;
}

// Somewhere inside this slice: save, run on, go back. False when that failed (told on stderr).
static bool rewind_once(struct boot *b, uint64_t end)
{
    uint64_t now = machine_now(b->m), left = end - now;
    struct machine_limits lim = {.guest_ns = now + 1 + next_random(b) % (left / 2 + 1)};
    struct err err = {0};
    bool ok;
    snprintf(b->path, sizeof b->path, "%s/snapshot", b->o->out);
    if (machine_run(b->m, &lim, &err) != MACHINE_EXIT_GUEST_LIMIT) {
        return true;
    }
    ok = !machine_save(b->m, b->path, &err);
    lim.guest_ns = machine_now(b->m) + 1 + next_random(b) % 200000000u;
    if (ok) {
        machine_run(b->m, &lim, &err);
        ok = !machine_restore(b->m, b->path, &err);
        b->rewinds++;
    }
    remove(b->path);
    if (!ok) {
        log_info(&b->log, "%s", err.msg);
    }
    return ok;
}

static void run(struct boot *b)
{
    uint64_t end = b->o->budget * 1000000000u, before = 0, chars = 0, insns = 0;
    for (;;) {
        struct machine_limits lim = {.guest_ns = machine_now(b->m) + SLICE_NS, .stop_text = b->o->until};
        struct err err = {0};
        struct machine_stats s;
        struct cpu_counters c;
        lim.guest_ns = lim.guest_ns < end ? lim.guest_ns : end;
        for (unsigned i = 0; i < 8 && b->rewinds < b->o->snapshots && lim.guest_ns - machine_now(b->m) > 1000; i++) {
            if (!rewind_once(b, lim.guest_ns)) {
                b->failed = true;
                return;
            }
        }
        b->why = machine_run(b->m, &lim, &err);
        sample(b, b->said);
        b->quiet = b->said == before ? b->quiet + 1 : 0;
        before = b->said;
        if (b->why != MACHINE_EXIT_GUEST_LIMIT || machine_now(b->m) >= end) {
            break;
        }
        do_acts(b);
        look_at_screen(b, false);
        machine_stats(b->m, &s);
        cpu_counters(machine_cpu(b->m), &c);
        // a guest that says nothing and never sleeps, for long: look closer
        if (b->quiet && b->quiet % QUIET_SLICES == 0 && chars == b->said && s.insns - insns > 10000000u) {
            look_for_stuck(b);
        }
        if (b->quiet % QUIET_SLICES == 0) {
            chars = b->said;
            insns = s.insns;
        }
    }
    look_at_screen(b, true);
}

// ---- the answer

static void add_unclaimed(struct boot *b, json_t *facts)
{
    struct bus *bus = soc_bus(machine_soc(b->m));
    json_t *list = json_array();
    for (unsigned i = 0; i < bus_unclaimed_count(bus); i++) {
        const struct bus_unclaimed *u = bus_unclaimed_at(bus, i);
        char pc[128];
        guest_symbol(b->symbols, u->pc, pc, sizeof pc);
        json_array_append_new(list, json_pack("{s:s,s:o,s:s,s:i,s:o,s:s,s:I,s:o}", "register", u->name, "address",
                                              hex(u->pa, 8), "direction", u->write ? "write" : "read", "bits",
                                              (int)u->size * 8, "pc", hex(u->pc, 8), "code", pc, "count",
                                              (json_int_t)u->count, "value", hex(u->value, 8)));
    }
    json_object_set_new(facts, "unclaimed", list);
}

// What each touched model says about itself: its first comment's "left out" is in its class's doc.
static const struct {
    const char *cls, *reg, *text;
} shortcuts[] = {
#define X(cls, reg, text) {cls, reg, text},
#include "cli/shortcuts.def"
#undef X
};

static void add_devices(struct boot *b, json_t *facts)
{
    struct soc *soc = machine_soc(b->m);
    json_t *list = json_array(), *cuts = json_array();
    struct device *dev;
    for (unsigned i = 0; (dev = soc_device_at(soc, i)); i++) {
        uint64_t reads = 0, writes = 0;
        for (unsigned w = 0; w < dev->cls->window_count; w++) {
            const struct regfile *rf = &dev->blocks[w].rf;
            if (!dev->cls->windows[w].regs) {
                continue;
            }
            for (unsigned r = 0; r < rf->table->count; r++) {
                const struct reg_row *row = &rf->table->rows[r];
                uint64_t rr = 0, ww = 0;
                for (unsigned n = 0; n < (row->count ? row->count : 1u); n++) {
                    rr += rf->stats[rf->first_slot[r] + n].reads;
                    ww += rf->stats[rf->first_slot[r] + n].writes;
                }
                reads += rr;
                writes += ww;
                for (unsigned k = 0; k < sizeof shortcuts / sizeof shortcuts[0]; k++) {
                    if (rr + ww && !strcmp(shortcuts[k].cls, dev->cls->name) && !strcmp(shortcuts[k].reg, row->name)) {
                        json_array_append_new(cuts, json_pack("{s:s,s:s,s:s,s:I,s:I}", "device", dev->name, "register",
                                                              row->name, "shortcut", shortcuts[k].text, "reads",
                                                              (json_int_t)rr, "writes", (json_int_t)ww));
                    }
                }
            }
        }
        if (reads + writes) {
            json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:I,s:I}", "device", dev->name, "class", dev->cls->name,
                                                  "model", dev->cls->doc, "reads", (json_int_t)reads, "writes",
                                                  (json_int_t)writes));
        }
    }
    json_object_set_new(facts, "devices", list);
    json_object_set_new(facts, "shortcuts", cuts);
}

static bool check(json_t *list, const char *name, bool ok, const char *detail)
{
    json_array_append_new(list, json_pack("{s:s,s:b,s:s}", "name", name, "ok", ok, "detail", detail));
    return ok;
}

static bool check_serial(struct boot *b, json_t *list)
{
    size_t n;
    const char *text = serial_text(machine_serial(b->m, 0), &n);
    bool all = true;
    for (unsigned i = 0; i < b->o->expects.count; i++) {
        char name[200];
        regex_t re;
        snprintf(name, sizeof name, "console says %s", b->o->expects.items[i]);
        if (regcomp(&re, b->o->expects.items[i], REG_EXTENDED | REG_NOSUB | REG_NEWLINE)) {
            all &= check(list, name, false, "not a regular expression");
            continue;
        }
        all &= check(list, name, regexec(&re, text, 0, NULL, 0) == 0, "the serial log has it, or not");
        regfree(&re);
    }
    return all;
}

static bool check_screen(struct boot *b, json_t *list)
{
    struct picture now = {0}, want = {0};
    struct picture_diff d = {0};
    struct err err = {0};
    char detail[400];
    int rc;
    if (!b->o->screen) {
        return true;
    }
    rc = machine_screenshot(b->m, 0, &now, &err);
    rc = rc ? rc : picture_load_png(&want, b->o->screen, &err);
    rc = rc ? rc : picture_compare(&now, &want, 8, 0, 0, 0, &d, &err);
    snprintf(detail, sizeof detail, "%s%u of %u pixels differ, %" PRIu64 " allowed", rc ? err.msg : "", d.differing,
             d.compared, b->o->tolerance);
    picture_fini(&now);
    picture_fini(&want);
    return check(list, "screen as expected", !rc && d.differing <= b->o->tolerance, detail);
}

static json_t *gather(struct boot *b, bool *passed)
{
    json_t *facts = json_object(), *checks = json_array();
    struct cpu_counters c;
    struct machine_stats s;
    bool ok = true;
    cpu_counters(machine_cpu(b->m), &c);
    machine_stats(b->m, &s);
    json_object_set_new(facts, "title", json_string(b->o->title ? b->o->title : b->o->board));
    json_object_set_new(facts, "board", json_string(b->o->board));
    json_object_set_new(facts, "image", json_string(b->o->image ? b->o->image : b->o->disks.count ? b->o->disks.items[0] : ""));
    json_object_set_new(facts, "append", json_string(b->o->append ? b->o->append : ""));
    json_object_set_new(facts, "ended", json_string(machine_exit_text(b->why)));
    json_object_set_new(facts, "guest seconds", json_real((double)s.guest_ns / 1e9));
    json_object_set_new(facts, "instructions", json_integer((json_int_t)s.insns));
    json_object_set_new(facts, "event hash", hex(b->event_hash, 16));
    json_object_set_new(facts, "counters",
                        json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "interrupts", (json_int_t)c.irqs, "fast interrupts",
                                  (json_int_t)c.fiqs, "data aborts", (json_int_t)c.data_aborts, "prefetch aborts",
                                  (json_int_t)c.prefetch_aborts, "undefined instructions", (json_int_t)c.undefs,
                                  "system calls", (json_int_t)c.svcs, "register reads", (json_int_t)c.mmio_reads,
                                  "register writes", (json_int_t)c.mmio_writes));
    if (b->sound) {
        struct sound_counters n;
        sound_counters(b->sound, &n);
        json_object_set_new(facts, "sound", json_pack("{s:I,s:i,s:I}", "frames", (json_int_t)n.frames, "rate", (int)n.rate,
                                                      "crossings", (json_int_t)n.crossings));
    }
    if (b->o->until) {
        ok &= check(checks, "awaited text seen", b->why == MACHINE_EXIT_MATCH, b->o->until);
    }
    ok &= check_serial(b, checks);
    ok &= check_screen(b, checks);
    if (b->o->snapshots) {
        char detail[64];
        snprintf(detail, sizeof detail, "%u of %" PRIu64, b->rewinds, b->o->snapshots);
        ok &= check(checks, "snapshots taken and restored", !b->failed && b->rewinds == b->o->snapshots, detail);
    }
    ok &= check(checks, "guest is not stuck", json_array_size(b->stuck) == 0, "no register is waited for in vain");
    json_object_set_new(facts, "checks", checks);
    json_object_set(facts, "samples", b->samples);
    json_object_set(facts, "lines", b->lines);
    json_object_set(facts, "screens", b->shots);
    json_object_set(facts, "stuck", b->stuck);
    add_unclaimed(b, facts);
    add_devices(b, facts);
    *passed = ok;
    return facts;
}

json_t *compat_boot(const struct compat_opts *o, bool *passed, struct err *err)
{
    struct boot *b = calloc(1, sizeof *b);
    json_t *facts = NULL;
    if (!b) {
        return NULL;
    }
    b->o = o;
    b->event_hash = HASH_INIT;
    b->random = 0x6d2b79f5u;
    b->samples = json_array();
    b->lines = json_array();
    b->shots = json_array();
    b->stuck = json_array();
    if (mkdir(o->out, 0777) && errno != EEXIST) {
        err_set(err, -errno, "%s: %s", o->out, strerror(errno));
    } else if (!make(b, err)) {
        run(b);
        facts = gather(b, passed);
    }
    quirks_destroy(b->quirks);
    machine_destroy(b->m);
    sound_destroy(b->sound);
    guest_symbols_free(b->symbols);
    for (unsigned i = 0; i < b->act_count; i++) {
        free(b->acts[i].wait);
        free(b->acts[i].command);
    }
    for (unsigned i = 0; i < 64; i++) {
        free(b->names[i]);
    }
    json_decref(b->samples);
    json_decref(b->lines);
    json_decref(b->shots);
    json_decref(b->stuck);
    free(b);
    return facts;
}
