// SPDX-License-Identifier: MIT
//
// The stub's own state, private to gdb*.c.
#ifndef CPU_GDB_INT_H
#define CPU_GDB_INT_H

#include <stdint.h>

#include "cpu/gdb.h"

enum {
    GDB_PACKET_MAX = 0x4000,              // longest payload either way
    GDB_OUT_MAX = 4 * GDB_PACKET_MAX,     // unsent bytes before a debugger counts as dead
    GDB_BREAKS = 64,
    GDB_WATCHES = 16,
};

struct gdb_watch {
    uint32_t va, bytes;
    char type; // '2' write, '3' read, '4' access
    bool used;
};

struct gdb {
    struct gdb_config cfg;
    int fd; // -1 when nobody is connected

    // ---- framing (gdb.c) ----
    enum { FRAME_IDLE, FRAME_DATA, FRAME_SUM1, FRAME_SUM2 } frame;
    char in[GDB_PACKET_MAX + 1]; // payload being received, terminated when complete
    size_t in_len;
    bool in_escape, in_overflow;
    uint8_t in_sum;
    unsigned in_given; // checksum digits
    bool no_ack;
    char out[GDB_OUT_MAX];
    size_t out_len;
    char last[2 * GDB_PACKET_MAX + 8]; // framed packet sent last, for a negative acknowledge
    size_t last_len;

    // ---- session (gdb_packet.c) ----
    enum gdb_action action;
    bool waiting_stop; // the debugger resumed the target and waits for a stop reply
    unsigned step_cpu, current; // current: cpu of 'g', 'm' and the like
    bool swbreak, hwbreak;      // the debugger understands these stop reasons
    char stop_reply[96];
    bool stepping_over; // one silent step off a breakpoint
    bool step_after;    // the debugger asked for that step
    uint32_t breaks[GDB_BREAKS];
    bool break_used[GDB_BREAKS];
    struct gdb_watch watches[GDB_WATCHES];
};

// Queues one packet (payload, binary allowed).
void gdb_send(struct gdb *g, const char *payload, size_t n);

// One complete, valid packet in g->in[g->in_len]. (gdb_packet.c)
void gdb_packet(struct gdb *g);
void gdb_interrupted(struct gdb *g); // Ctrl-C
void gdb_attached(struct gdb *g);    // a debugger has connected
void gdb_release(struct gdb *g);     // it has gone: no breakpoints, running

// ---- registers and description (gdb_target.c) ----
unsigned gdb_reg_count(const struct gdb *g);
// Number of the n-th register of a 'g' packet, and its bytes (4, 8 or 16; 0: no such register).
unsigned gdb_reg_number(const struct gdb *g, unsigned nth);
unsigned gdb_reg_bytes(const struct gdb *g, unsigned number);
// The register's bytes, little endian, as many as gdb_reg_bytes says.
void gdb_reg_read(const struct gdb *g, const struct cpu *cpu, unsigned number, uint8_t raw[16]);
void gdb_reg_write(const struct gdb *g, struct cpu *cpu, unsigned number, const uint8_t raw[16]);
// The target description; returns its length. Writes at most n bytes with the terminator.
size_t gdb_target_xml(const struct gdb *g, char *buf, size_t n);

#endif
