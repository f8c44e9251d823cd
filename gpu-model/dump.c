// SPDX-License-Identifier: MIT
//
// Prints command streams in the layout of Mesa's cffdump, line for line, so that the two can be
// compared with diff. cffdump (22.3) misreads a few things on this generation; with `as_cffdump`
// they are misread here too and every line is equal, without it they are right:
//  - the draw count of a20x chips (it takes the dword behind the initiator) and the vertex total;
//  - after a type-2 packet it moves on by the length of the packet before, and loses packets.
// The format shown for buffer constants is address bits in both: vertex formats are in the shader.
#include "gpu-model/dump.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "gpu-model/fields.h"
#include "gpu-model/formats.h"
#include "gpu-model/internal.h"

#define DUMP_PACKETS (1u << 20) // of one stream: buffers that call each other over and over end

static void commands(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t n,
                     unsigned level);

// ---- packets
// -------------------------------------------------------------------------------------------------

struct packet {
    const struct gpu_packet_info *info;
    uint32_t va;        // of the payload
    const uint32_t *dw; // payload
    uint32_t n;
    uint32_t next; // the dword behind the packet
};

// Payload dword, or what lies behind.
static uint32_t arg(const struct packet *p, uint32_t i)
{
    return i < p->n ? p->dw[i] : i == p->n ? p->next : 0;
}

static void texture_constant(struct gpu_dumper *d, const struct packet *p, uint32_t index,
                             unsigned level)
{
    static const char *const filter[4] = {"point", "bilinear", "bicubic", "?"};
    static const char *const clamp[4] = {"wrap", "mirror", "clamp-last-texel", "?"};
    static const char swizzle[] = "xyzw01??";
    uint32_t t0 = arg(p, 1), t1 = arg(p, 2), t2 = arg(p, 3), t3 = arg(p, 4), t5 = arg(p, 6);
    const struct format_info *f = format_info(t1 & 15);
    const char *in = dump_tabs(level + 1);

    fprintf(d->out, "%sset texture const %04x\n", dump_tabs(level), index);
    fprintf(d->out, "%sclamp x/y/z: %s/%s/%s\n", in, clamp[bits(t0, 11, 10)],
            clamp[bits(t0, 14, 13)], clamp[bits(t0, 17, 16)]);
    fprintf(d->out, "%sfilter min/mag: %s/%s\n", in, filter[bits(t3, 22, 21)],
            filter[bits(t3, 20, 19)]);
    fprintf(d->out, "%sswizzle: %c%c%c%c\n", in, swizzle[bits(t3, 3, 1)], swizzle[bits(t3, 6, 4)],
            swizzle[bits(t3, 9, 7)], swizzle[bits(t3, 12, 10)]);
    fprintf(d->out, "%saddr=%08x (flags=%03x), size=%ux%u, pitch=%u, format=%s\n", in, t1 & ~0xfffu,
            t1 & 0xfff, bits(t2, 12, 0) + 1, bits(t2, 25, 13) + 1, bits(t0, 31, 22) << 5,
            f ? f->name : "(null)");
    fprintf(d->out, "%smipaddr=%08x (flags=%03x)\n", in, t5 & ~0xfffu, t5 & 0xfff);
}

static void buffer_constants(struct gpu_dumper *d, const struct packet *p, uint32_t index,
                             unsigned level)
{
    fprintf(d->out, "%sset shader const %04x\n", dump_tabs(level), index);
    for (uint32_t i = 1; i < p->n;) {
        uint32_t word = arg(p, i++), va = word & ~15u, dw[64];
        const struct format_info *f = format_info(word & 15);
        if (!dump_read(d, va, dw, ARRAY_LEN(dw))) {
            continue;
        }
        uint32_t bytes = arg(p, i++), n = (uint32_t)(((uint64_t)bytes + 3) / 4);
        uint32_t shown = n < ARRAY_LEN(dw) ? n : (uint32_t)ARRAY_LEN(dw);
        fprintf(d->out, "%saddr=%08x, size=%d, format=%s\n", dump_tabs(level + 1), va, (int)bytes,
                f ? f->name : "(null)");
        dump_hex(d, va, dw, shown, level + 1);
        if (n > shown) {
            fprintf(d->out, "%s\t\t...\n", dump_tabs(level + 1));
        }
        dump_floats(d, va, dw, shown, level + 1);
        if (n > shown) {
            fprintf(d->out, "%s\t\t...\n", dump_tabs(level + 1));
        }
    }
}

static void set_constant(struct gpu_dumper *d, const struct packet *p, unsigned level)
{
    uint32_t index = bits(p->dw[0], 15, 0);
    char buf[16];
    switch (bits(p->dw[0], 19, 16)) {
    case 0:
        dump_floats(d, p->va + 4, p->dw + 1, p->n - 1, level + 1);
        break;
    case 1:
        (index < 0x78 ? texture_constant : buffer_constants)(d, p, index, level);
        break;
    case 2:
        fprintf(d->out, "%sset bool const %04x\n", dump_tabs(level), index);
        break;
    case 3:
        fprintf(d->out, "%sset loop const %04x\n", dump_tabs(level), index);
        break;
    case 4:
        if (p->dw[0] >> 31 && p->n == 3 && p->dw[1] < DUMP_REGS) {
            uint32_t sum = p->dw[2] + d->value[p->dw[1]];
            fprintf(d->out, "%s%s = %08x + ", dump_tabs(level), dump_reg_name(index + 0x2000, buf),
                    p->dw[2]);
            fprintf(d->out, "%s (%08x)\n", dump_reg_name(p->dw[1], buf), d->value[p->dw[1]]);
            dump_registers(d, index + 0x2000, 1, &sum, 1, level + 1);
        } else {
            dump_registers(d, index + 0x2000, 1, p->dw + 1, p->n - 1, level + 1);
        }
        break;
    default:
        break;
    }
}

static void im_load_immediate(struct gpu_dumper *d, const struct packet *p, unsigned level)
{
    static const char *const stage[3] = {"vertex", "fragment", "<unknown>"};
    uint32_t which = p->dw[0] < 2 ? p->dw[0] : 2;
    char *text = NULL;
    size_t size = 0;

    fprintf(d->out, "%s%s shader, start=%04x, size=%04x\n", dump_tabs(level), stage[which],
            bits(p->dw[1], 31, 16), bits(p->dw[1], 15, 0));
    struct shader *sh =
        shader_decode(p->dw + 2, p->n - 2, which == 1 ? SHADER_PIXEL : SHADER_VERTEX,
                      (enum shader_profile)d->profile->shader_profile, NULL);
    FILE *mem = sh ? open_memstream(&text, &size) : NULL;
    if (mem) {
        shader_print(sh, SHADER_DIALECT_FREEDRENO, mem);
        fclose(mem);
        for (char *line = text, *end; line && *line; line = end) {
            end = strchr(line, '\n');
            end = end ? end + 1 : line + strlen(line);
            fprintf(d->out, "%s%.*s", dump_tabs(level + 2), (int)(end - line), line);
        }
    }
    free(text);
    shader_destroy(sh);
}

// Index buffer: address at payload dword `at`, size behind it.
static void indices(struct gpu_dumper *d, const struct packet *p, unsigned level, uint32_t at_dw)
{
    static const unsigned size_bytes[4] = {2, 4, 1, 4}; // bits 11 (32 bit) and 13 (8 bit)
    uint32_t va = arg(p, at_dw), bytes = arg(p, at_dw + 1);
    unsigned n = size_bytes[bit(p->dw[1], 11) | bit(p->dw[1], 13) << 1];
    uint32_t first;

    fprintf(d->out, "%sgpuaddr:       %08x\n", dump_tabs(level), va);
    fprintf(d->out, "%sidx_size:      %d\n", dump_tabs(level), (int)bytes);
    if (!dump_read(d, va, &first, 1)) {
        return;
    }
    bytes = bytes < 1u << 20 ? bytes : 1u << 20;
    uint32_t *dw = calloc(bytes / 4 + 1, 4);
    if (!dw) {
        return;
    }
    dump_read(d, va, dw, bytes / 4 + 1);
    fprintf(d->out, "%sidxs:         ", dump_tabs(level));
    for (uint32_t i = 0; i < bytes / n; i++) {
        const uint8_t *at = (const uint8_t *)dw + i * n;
        fprintf(d->out, " %u", n == 1 ? at[0] : n == 2 ? get_le16(at) : get_le32(at));
    }
    fputc('\n', d->out);
    dump_hex(d, va, dw, bytes / 4, level + 1);
    free(dw);
}

static const char *or_null(const char *s)
{
    return s ? s : "(null)";
}

static void draw_indx(struct gpu_dumper *d, const struct packet *p, unsigned level)
{
    uint32_t prim = p->dw[1] & 31, source = bits(p->dw[1], 7, 6);
    uint32_t count = d->profile->a20x && !d->as_cffdump ? bits(p->dw[1], 31, 16) : arg(p, 2);
    fprintf(d->out, "%sdraw:          %d\n", dump_tabs(level), d->draws[d->ib]++);
    fprintf(d->out, "%sprim_type:     %s (%u)\n", dump_tabs(level),
            or_null(enum_name("pc_di_primtype", 14, prim)), prim);
    fprintf(d->out, "%ssource_select: %s (%u)\n", dump_tabs(level),
            or_null(enum_name("pc_di_src_sel", 13, source)), source);
    fprintf(d->out, "%snum_indices:   %d\n", dump_tabs(level), (int)count);
    d->vertices += count;
    if (d->as_cffdump ? p->n == 5 : p->n >= 4) {
        indices(d, p, level, d->as_cffdump ? 3 : p->n - 2);
    }
    if (count) {
        dump_summary(d, level);
    }
    d->needs_wfi = true;
}

static void indirect_buffer(struct gpu_dumper *d, const struct packet *p, unsigned level)
{
    fprintf(d->out, "%sibaddr:%08x\n", dump_tabs(level), p->dw[0]);
    fprintf(d->out, "%sibsize:%08x\n", dump_tabs(level), p->dw[1]);
    const uint32_t *dw = NULL;
    if (d->ib + 1 < DUMP_DEPTH && p->dw[1] && p->dw[1] <= 0xfffff) {
        dw = d->env->ops->ib(d->env, p->dw[0], p->dw[1]);
    }
    if (dw) {
        d->ib++;
        commands(d, p->dw[0], dw, p->dw[1], level);
        d->ib--;
    }
}

static void payload(struct gpu_dumper *d, const struct packet *p, unsigned level)
{
    const char *part = p->info->fields;
    for (uint32_t i = 0; part && i < p->n; i++) {
        const char *end = strchr(part, ';');
        fputs(dump_tabs(level), d->out);
        fields_print(part, end, p->dw[i], d->out);
        fputc('\n', d->out);
        part = end ? end + 1 : NULL;
    }
}

static void type3(struct gpu_dumper *d, const struct packet *p, unsigned level)
{
    char buf[16];
    switch (p->info->opcode) {
    case 0x21: // CP_REG_RMW
        fprintf(d->out, "%srmw (%s & 0x%08x) | 0x%08x)\n", dump_tabs(level),
                dump_reg_name(bits(p->dw[0], 15, 0), buf), arg(p, 1), arg(p, 2));
        break;
    case 0x22: // CP_DRAW_INDX
        if (p->n >= 2) {
            draw_indx(d, p, level);
        }
        break;
    case 0x26: // CP_WAIT_FOR_IDLE
        d->needs_wfi = false;
        break;
    case 0x2b: // CP_IM_LOAD_IMMEDIATE
        if (p->n > 2) {
            im_load_immediate(d, p, level);
        }
        break;
    case 0x2d: // CP_SET_CONSTANT
        set_constant(d, p, level);
        break;
    case 0x37: // CP_INDIRECT_BUFFER_PFD
    case 0x3f: // CP_INDIRECT_BUFFER
        if (p->n == 2) {
            indirect_buffer(d, p, level);
        }
        break;
    case 0x3d: // CP_MEM_WRITE
        fprintf(d->out, "%sgpuaddr:%08x\n", dump_tabs(level), p->dw[0]);
        dump_floats(d, p->va + 4, p->dw + 1, p->n - 1, level + 1);
        break;
    case 0x3e: // CP_REG_TO_MEM
        fprintf(d->out, "%sbase register: %s\n", dump_tabs(level),
                dump_reg_name(bits(p->dw[0], 15, 0), buf));
        break;
    case 0x46: // CP_EVENT_WRITE
        fprintf(d->out, "%sevent %s\n", dump_tabs(level),
                or_null(enum_name("vgt_event_type", 14, p->dw[0])));
        break;
    default:
        break;
    }
}

static void packet(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t n, uint32_t next,
                   unsigned level)
{
    uint32_t header = dw[0];
    char buf[16];
    if (header >> 30 == 0) {
        uint32_t reg = bits(header, 14, 0);
        bool same = bit(header, 15); // all words to one register; cffdump counts up all the same
        fprintf(d->out, "t0%swrite %s%s (%04x)\n", dump_tabs(level + 1), dump_reg_name(reg, buf),
                same ? " (same register)" : "", reg);
        dump_registers(d, reg, d->as_cffdump || !same, dw + 1, n, level + 2);
    } else {
        struct packet p = {gpu_packet_info((uint8_t)bits(header, 15, 8)), va + 4, dw + 1, n, next};
        fprintf(d->out, "t3\t%sopcode: %s (%02x) (%u dwords)\n", dump_tabs(level),
                p.info ? p.info->name : "(null)", bits(header, 15, 8), n + 1);
        if (p.info) {
            payload(d, &p, level + 2);
            type3(d, &p, level + 1);
        }
    }
    dump_hex(d, va, dw, n + 1, level + 1);
}

// A packet that ends outside its buffer: cffdump goes on reading in the memory behind.
static void packet_outside(struct gpu_dumper *d, uint32_t va, uint32_t header, uint32_t n, int left,
                           unsigned level)
{
    uint32_t *dw = d->as_cffdump ? calloc(n + 1, sizeof(*dw)) : NULL;
    if (dw && dump_read(d, va, dw, n + 1)) {
        packet(d, va, dw, n, 0, level);
        fprintf(d->out, "**** this ain't right!! dwords_left=%d\n", left - (int)n);
    } else {
        fprintf(d->out, "packet %08x ends outside its buffer\n", header);
    }
    free(dw);
}

static void commands(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t ndw,
                     unsigned level)
{
    uint32_t pos = 0, step = 1;

    d->draws[d->ib] = 0;
    while (pos < ndw) {
        uint32_t header = dw[pos], n = bits(header, 29, 16) + 1, left = ndw - pos - 1;
        if (++d->packets > DUMP_PACKETS) {
            return;
        }
        if (header >> 30 == 2) {
            fprintf(d->out, "t2%snop\n", dump_tabs(level + 1));
            pos += d->as_cffdump ? step : 1;
            continue;
        }
        if (header >> 30 == 1) {
            fprintf(d->out, "bad type! %08x\n", header);
            return;
        }
        if (n > left) {
            packet_outside(d, va + 4 * pos, header, n, (int)left, level);
            return;
        }
        packet(d, va + 4 * pos, dw + pos, n, n < left ? dw[pos + n + 1] : 0, level);
        step = n + 1;
        pos += step;
    }
}

struct gpu_dumper *gpu_dumper_create(const struct gpu_profile *profile, struct gpu_env *env,
                                     struct gpu_mem *mem, FILE *out, bool as_cffdump)
{
    struct gpu_dumper *d = calloc(1, sizeof(*d));
    if (d) {
        d->profile = profile;
        d->env = env;
        d->mem = mem;
        d->out = out;
        d->as_cffdump = as_cffdump;
    }
    return d;
}

void gpu_dumper_destroy(struct gpu_dumper *d)
{
    free(d);
}

void gpu_dumper_stream(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t ndw)
{
    d->packets = 0;
    commands(d, va, dw, ndw, 0);
    if (d->packets > DUMP_PACKETS) {
        fprintf(d->out, "stopped after %u packets\n", DUMP_PACKETS);
    }
}

unsigned gpu_dumper_vertices(const struct gpu_dumper *d)
{
    return d->as_cffdump ? 0 : d->vertices;
}

void gpu_dump(const struct gpu_profile *profile, struct gpu_env *env, const uint32_t *dw,
              uint32_t ndw, uint32_t va, FILE *out)
{
    struct gpu_dumper *d = gpu_dumper_create(profile, env, NULL, out, false);
    if (d) {
        gpu_dumper_stream(d, va, dw, ndw);
        gpu_dumper_destroy(d);
    }
}
