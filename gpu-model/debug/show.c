// SPDX-License-Identifier: MIT
//
// Packets, work and state as text.
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "gpu-model/a2xx_regs.h"
#include "gpu-model/debug/priv.h"
#include "gpu-model/fields.h"
#include "gpu-model/formats.h"

static const char *const prims[] = {"points",    "lines",        "line strip",     "line loop",
                                    "triangles", "triangle fan", "triangle strip", "rectangles"};
static const char *const results[] = {"ok",      "bad shader",   "bad state",
                                      "timeout", "memory fault", "host error"};
static const char *const compares[] = {"never",   "less",      "equal",         "less or equal",
                                       "greater", "not equal", "greater or equal", "always"};

#define CONTEXT_FIRST 0x2000u

static void put_packet_name(uint32_t header, FILE *out)
{
    const struct gpu_packet_info *info = gpu_packet_info((uint8_t)bits(header, 15, 8));
    if (header >> 30 == 3) {
        fprintf(out, "%s", info ? info->name : "unknown packet");
    } else if (header >> 30 == 0) {
        const struct gpu_reg_info *r = gpu_reg_info(bits(header, 14, 0));
        fprintf(out, "write %s", r ? r->name : "registers");
    } else {
        fprintf(out, "type %u", header >> 30);
    }
}

void debug_show_packet(const struct gpu_debug *d, unsigned number, FILE *out)
{
    const struct debug_packet *p = &d->packets[number - 1];
    fprintf(out, "packet %u  %*s%08" PRIx32 ": ", number, 2 * (p->depth - 1), "", p->va);
    put_packet_name(p->header, out);
    fprintf(out, ", %" PRIu32 " dwords\n", p->dwords);
}

static void put_register(uint32_t reg, uint32_t value, FILE *out)
{
    const struct gpu_reg_info *r = gpu_reg_info(reg);
    if (r) {
        fprintf(out, "    %s = ", r->name);
        fields_print(r->fields, NULL, value, out);
        fputc('\n', out);
    } else {
        fprintf(out, "    0x%04" PRIx32 " = 0x%" PRIx32 "\n", reg, value);
    }
}

static void put_constants(const uint32_t *dw, uint32_t n, FILE *out)
{
    static const char *const space[] = {"ALU constant", "fetch constant", "boolean", "loop"};
    uint32_t type = bits(dw[1], 19, 16), index = bits(dw[1], 15, 0);
    for (uint32_t i = 2; i < n; i++, index++) {
        if (type == 4) {
            put_register(CONTEXT_FIRST + index, dw[i], out);
        } else if (type == 0) {
            fprintf(out, "    C%" PRIu32 ".%c = %g\n", index / 4, "xyzw"[index & 3],
                    (double)f32_from_bits(dw[i]));
        } else {
            fprintf(out, "    %s dword %" PRIu32 " = 0x%08" PRIx32 "\n",
                    type < ARRAY_LEN(space) ? space[type] : "?", index, dw[i]);
        }
    }
}

void debug_show_payload(const uint32_t *dw, uint32_t n, FILE *out)
{
    const struct gpu_packet_info *info = gpu_packet_info((uint8_t)bits(dw[0], 15, 8));
    const char *layout = info ? info->fields : NULL;
    if (dw[0] >> 30 == 0) {
        for (uint32_t i = 1, reg = bits(dw[0], 14, 0); i < n; i++) {
            put_register(reg, dw[i], out);
            reg += bit(dw[0], 15) ? 0 : 1;
        }
        return;
    }
    if (dw[0] >> 30 == 3 && bits(dw[0], 15, 8) == 0x2d && n > 1) {
        put_constants(dw, n, out);
        return;
    }
    for (uint32_t i = 1; i < n; i++) {
        const char *end = layout ? strchr(layout, ';') : NULL;
        fprintf(out, "    %08" PRIx32, dw[i]);
        if (layout && *layout) {
            fputs("  ", out);
            fields_print(layout, end, dw[i], out);
        }
        fputc('\n', out);
        layout = end ? end + 1 : layout ? layout + strlen(layout) : NULL;
    }
}

static void put_rect(const struct gpu_rect *r, FILE *out)
{
    fprintf(out, "%" PRId32 ",%" PRId32 "..%" PRId32 ",%" PRId32, r->x0, r->y0, r->x1, r->y1);
}

static void put_color(const struct gpu_color_target *c, FILE *out)
{
    const struct format_info *f = color_format_info(c->format);
    fprintf(out, "%s 0x%" PRIx32 " pitch %" PRIu32 " %s", c->in_gmem ? "GMEM" : "memory", c->base,
            c->pitch, f ? f->name : "unknown format");
    if (c->samples > 1) {
        fprintf(out, " x%u", c->samples);
    }
}

void debug_show_work(const struct gpu_debug *d, unsigned number, FILE *out)
{
    const struct debug_work *w = &d->work[number - 1];
    fprintf(out, "%u  submit %" PRIu32 " packet %" PRIu32 "  ", number, w->submit, w->packet);
    switch (w->kind) {
    case DEBUG_DRAW:
        fprintf(out, "draw %s, %" PRIu32 " %s, ", prims[w->prim & 7], w->count,
                w->indexed ? "indices" : "vertices");
        put_color(&w->color, out);
        fputs(", scissor ", out);
        put_rect(&w->scissor, out);
        fprintf(out, ", window %+" PRId32 "%+" PRId32 ", vs %08" PRIx32 " ps %08" PRIx32, w->window_x,
                w->window_y, (uint32_t)w->vs, (uint32_t)w->ps);
        break;
    case DEBUG_RESOLVE:
        fputs("resolve ", out);
        put_color(&w->color, out);
        fputs(" ", out);
        put_rect(&w->scissor, out);
        fprintf(out, " to 0x%" PRIx32 " at %" PRId32 ",%" PRId32, w->dst_va, -w->window_x,
                -w->window_y);
        break;
    default:
        fprintf(out, "fill GMEM 0x%" PRIx32 " +0x%" PRIx32 " with %08" PRIx32, w->base, w->bytes,
                w->value);
        break;
    }
    fprintf(out, "%s%s\n", w->result ? ": " : "",
            w->result ? results[w->result < ARRAY_LEN(results) ? w->result : 5] : "");
}

void debug_show_registers(const uint32_t *context, const char *match, FILE *out)
{
    const struct gpu_reg_info *r;
    for (unsigned i = 0; (r = gpu_reg_at(i)); i++) {
        if (r->reg >= CONTEXT_FIRST && r->reg < CONTEXT_FIRST + 0x400 &&
            (!match || strstr(r->name, match))) {
            put_register(r->reg, context[r->reg - CONTEXT_FIRST], out);
        }
    }
}

static void show_stencil(const struct gpu_state *s, FILE *out)
{
    for (unsigned i = 0; i < (s->stencil_two_sided ? 2u : 1u); i++) {
        const struct gpu_stencil_face *f = &s->stencil[i];
        fprintf(out, "  stencil %s: %s, reference %u mask %02x write %02x\n", i ? "back" : "front",
                compares[f->func & 7], f->ref, f->mask, f->write_mask);
    }
}

static void show_vertex_buffers(const struct gpu_draw *d, FILE *out)
{
    const struct shader_info *info = d->vs ? shader_info(d->vs) : NULL;
    for (unsigned i = 0; info && i < info->vfetch_count; i++) {
        const struct shader_vfetch *f = &info->vfetch[i];
        const struct format_info *fi = format_info(f->format);
        struct vertex_buffer vb;
        vertex_buffer_decode(&d->fetch[2 * f->constant], &vb);
        fprintf(out, "  attribute r%u: buffer %u at 0x%" PRIx32 " (%" PRIu32 " bytes), offset %" PRId32
                     " stride %u, %s\n",
                f->dst, f->constant, vb.base, vb.bytes, f->offset, f->stride,
                fi ? fi->name : "unknown format");
    }
}

void debug_show_draw(const struct debug_place *p, FILE *out)
{
    const struct gpu_draw *d = p->draw;
    const struct gpu_state *s = d->state;
    fprintf(out, "  target: ");
    put_color(&s->color, out);
    fprintf(out, ", mask %x\n  scissor: ", s->color_mask);
    put_rect(&s->scissor, out);
    fprintf(out, ", window offset %" PRId32 ",%" PRId32 "\n", s->window_x, s->window_y);
    fprintf(out, "  viewport: scale %g %g %g offset %g %g %g\n", (double)s->vp_scale[0],
            (double)s->vp_scale[1], (double)s->vp_scale[2], (double)s->vp_offset[0],
            (double)s->vp_offset[1], (double)s->vp_offset[2]);
    fprintf(out, "  depth: %s, %swritten, GMEM 0x%" PRIx32 "\n",
            s->z_enable ? compares[s->z_func & 7] : "off", s->z_write ? "" : "not ", s->depth.base);
    if (s->stencil_enable) {
        show_stencil(s, out);
    }
    if (s->alpha_test) {
        fprintf(out, "  alpha test: %s %g\n", compares[s->alpha_func & 7], (double)s->alpha_ref);
    }
    fprintf(out, "  blend: %s\n", s->blend ? "on" : "off");
    if (d->indexed) {
        fprintf(out, "  indices: 0x%" PRIx32 ", %u bytes each\n", d->index_va, d->index_bytes);
    }
    show_vertex_buffers(d, out);
    debug_show_textures(p, out);
}

void debug_show_textures(const struct debug_place *p, FILE *out)
{
    static const char *const dimension[] = {"1D", "2D", "3D", "cube"};
    uint32_t used = debug_textures_used(p->draw);
    for (unsigned i = 0; i < 32; i++) {
        struct texture t;
        if (!(used >> i & 1)) {
            continue;
        }
        bool known = texture_layout(&p->draw->fetch[6 * i], &t);
        fprintf(out, "  texture %u: %s %" PRIu32 "x%" PRIu32 " %s at 0x%" PRIx32 ", levels %u..%u%s\n", i,
                dimension[t.dimension & 3], t.width, t.height,
                known ? t.info->name : "unknown format", t.level[0].va, t.min_level, t.max_level,
                t.tiled ? ", tiled" : "");
    }
}
