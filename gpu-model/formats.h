// SPDX-License-Identifier: MIT
//
// Formats and memory layouts: what every backend needs to read vertices and textures and to write
// pixels exactly as the a2xx does. The table is formats.def. Everything here is pure (no state, any
// thread) and total: any field values from a guest are accepted.
#ifndef GPU_MODEL_FORMATS_H
#define GPU_MODEL_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu-model/draw.h"

struct shader_vfetch;

// ---- surface formats (vertex and texture fetch) -------------------------------------------------

enum format_kind {
    FORMAT_BITS,  // packed fields: unsigned, signed or integer as the fetch says
    FORMAT_FLOAT, // IEEE half or single
    FORMAT_SNORM, // colour formats only: signed normalised fields
    FORMAT_BIT1, FORMAT_BIT1R, FORMAT_YUYV, FORMAT_UYVY, FORMAT_DXT1, FORMAT_DXT3, FORMAT_DXT5,
    FORMAT_DXT3A, FORMAT_DXT5A, FORMAT_DXN, FORMAT_CTX1, FORMAT_ATC, FORMAT_ATCA3, FORMAT_ATCA5,
    FORMAT_ETC1, FORMAT_ETCA3, FORMAT_ETCA5,
};

enum surface_format {
#define SURFACE(n, name, kind, bw, bh, bytes, comps, x, y, z, w) FMT_##name = n,
#include "gpu-model/formats.def"
#undef SURFACE
};

struct format_info {
    uint8_t number;
    const char *name;         // "FMT_8_8_8_8" or "COLORX_8_8_8_8"
    enum format_kind kind;
    uint8_t block_w, block_h; // texels a block
    uint8_t block_bytes;
    uint8_t components;
    uint8_t bits[4];          // field widths of x, y, z, w
};

// Row of a surface format (number 0..63); NULL for numbers the database does not have.
const struct format_info *format_info(unsigned number);

// How field values become numbers.
enum tex_sign { TEX_UNSIGNED, TEX_SIGNED, TEX_BIASED, TEX_GAMMA }; // sq_tex_sign
struct format_numeric {
    uint8_t sign[4];   // enum tex_sign of each component
    bool integer;      // field value as a number; else normalised
    bool signed_rf;    // signed normalised by (2v + 1) / (2^n - 1)
    int8_t exp_adjust; // result times 2^exp_adjust
};

// Decodes texel (x, y) of a block (x < block_w, y < block_h). `block` holds block_bytes bytes, already
// in GPU byte order (see endian_swap). Components that the format lacks repeat its last one (the
// fetch constant's swizzle normally replaces them).
void format_decode(const struct format_info *f, const uint8_t *block, unsigned x, unsigned y,
                   const struct format_numeric *num, float out[4]);

// Undoes a fetch constant's ENDIANNESS (0 none, 1 8in16, 2 8in32, 3 16in32) on n bytes in place.
void endian_swap(uint8_t *data, size_t n, unsigned endian);

float half_to_float(uint16_t h);
uint16_t float_to_half(float f); // round to nearest even

// ---- vertex fetch -------------------------------------------------------------------------------

// A vertex fetch constant (2 dwords).
struct vertex_buffer {
    uint32_t base;   // byte address
    uint32_t bytes;  // size
    uint8_t type;    // 3 vertex
    uint8_t endian;
};
void vertex_buffer_decode(const uint32_t dw[2], struct vertex_buffer *vb);

// Bytes that one fetch of this format reads; 0 when the format can not be fetched as a vertex.
unsigned vfetch_bytes(const struct shader_vfetch *f);

// Byte offset of vertex `index` from the buffer's base. False when it lies before the base or past 4 GiB.
bool vfetch_offset(const struct shader_vfetch *f, uint32_t index, uint32_t *offset);

// Decodes one attribute from `bytes` of which `avail` are inside the buffer; dwords outside read 0,
// missing components read 0. Before the destination swizzle.
void vfetch_decode(const struct shader_vfetch *f, const uint8_t *bytes, size_t avail, float out[4]);

// The fetch's numeric rules as struct format_numeric, for backends that translate.
void vfetch_numeric(const struct shader_vfetch *f, struct format_numeric *num);

// ---- textures -----------------------------------------------------------------------------------

enum tex_dimension { TEX_1D, TEX_2D, TEX_3D, TEX_CUBE };
enum tex_clamp { // sq_tex_clamp
    TEX_WRAP, TEX_MIRROR, TEX_CLAMP_LAST_TEXEL, TEX_MIRROR_ONCE_LAST_TEXEL, TEX_CLAMP_HALF_BORDER,
    TEX_MIRROR_ONCE_HALF_BORDER, TEX_CLAMP_BORDER, TEX_MIRROR_ONCE_BORDER,
};
enum tex_filter { TEX_POINT, TEX_BILINEAR, TEX_BASEMAP, TEX_KEEP }; // sq_tex_filter; 2 is for mips
enum tex_swizzle { TEX_X, TEX_Y, TEX_Z, TEX_W, TEX_ZERO, TEX_ONE };

#define TEX_LEVELS 14

struct texture_level {
    uint32_t va;                   // of slice 0
    uint32_t width, height, depth; // texels
    uint32_t pitch, rows;          // blocks, as laid out in memory
    uint32_t slice_bytes;          // distance between slices, faces or layers
    uint32_t bytes;                // of all slices together
};

// A texture fetch constant (6 dwords), decoded.
struct texture {
    const struct format_info *info; // NULL: no such format, every fetch reads 0
    uint8_t dimension;              // enum tex_dimension
    uint8_t type;                   // as written; drivers write 0 "invalid", do not refuse it
    uint32_t width, height, depth;  // texels of level 0; depth: 3D only, else 1
    uint32_t slices;                // at level 0: 3D depth, 6 faces, stacked layers, else 1
    bool stacked, tiled, packed_mips;
    uint8_t endian, request_size;
    struct format_numeric num;
    uint8_t swizzle[4];             // enum tex_swizzle, applied to what format_decode gives
    uint8_t clamp[3];               // enum tex_clamp of x, y, z
    bool clamp_policy_ogl;
    uint8_t mag, min, mip, aniso, vol_mag, vol_min; // enum tex_filter; aniso 0..5
    uint8_t min_level, max_level;   // max_level: last level that exists and may be sampled
    float lod_bias;                 // signed, in levels
    int8_t grad_exp_h, grad_exp_v;
    uint8_t border_color;           // 0 black, 1 white, 2, 3 YCbCr black
    bool border_size;
    struct texture_level level[TEX_LEVELS];
};

// Decodes a constant. False when info is NULL (out is still complete and safe to use).
bool texture_layout(const uint32_t dw[6], struct texture *out);

// GPU address of a block. Coordinates are in blocks and need not be inside: the caller clamps.
uint32_t texture_block_va(const struct texture *t, unsigned level, unsigned slice, uint32_t bx,
                          uint32_t by);

// Reads one texel (before the swizzle). x, y, slice beyond the level are clamped to its last texel.
// False (and zeros) where memory is not readable or the format unknown.
bool texture_texel(struct gpu_mem *mem, const struct texture *t, unsigned level, unsigned slice,
                   uint32_t x, uint32_t y, float out[4]);

// Applies the constant's swizzle. out may be in.
void texture_swizzle(const struct texture *t, const float in[4], float out[4]);

// True when unsigned normalised 8-bit RGBA holds every value of this texture exactly (so that a
// backend may cache it so).
bool texture_fits_rgba8(const struct texture *t);

// Decodes a slice of a level into rows of width texels: 4 floats or 4 bytes a texel (the latter only
// if texture_fits_rgba8), swizzle applied when `swizzled`. `stride` is bytes a row. False when some
// of the memory was not readable (those texels are 0).
bool texture_decode_float(struct gpu_mem *mem, const struct texture *t, unsigned level,
                          unsigned slice, bool swizzled, float *out, size_t stride);
bool texture_decode_rgba8(struct gpu_mem *mem, const struct texture *t, unsigned level,
                          unsigned slice, bool swizzled, uint8_t *out, size_t stride);

// Block offset inside a 32x32 macro tiled surface, in bytes; pitch in blocks, a multiple of 32.
uint32_t tiled_offset_2d(uint32_t x, uint32_t y, uint32_t pitch, unsigned block_bytes);
// The same for volumes (32x16x4 macro tiles); height in blocks, a multiple of 32.
uint32_t tiled_offset_3d(uint32_t x, uint32_t y, uint32_t z, uint32_t pitch, uint32_t height,
                         unsigned block_bytes);

// ---- colour formats (render targets, resolves) --------------------------------------------------

// Row of a colour format (enum gpu_color_format); NULL past the last.
const struct format_info *color_format_info(unsigned format);
// Bytes a pixel, 0 for unknown formats.
unsigned color_format_bytes(unsigned format);

// Packs red, green, blue, alpha into a pixel. SWAP orders the fields (0 x = red; 1 x = blue; 2 and 3
// the same with the field order reversed) wherever the surface lies: GMEM pixels are swapped too,
// and the driver's resolves then copy raw. Normalised fields round to nearest, NaN gives 0.
void color_pack(unsigned format, unsigned swap, const float rgba[4], uint8_t *px);
// The inverse. Components that the format lacks read 0, alpha 1.
void color_unpack(unsigned format, unsigned swap, const uint8_t *px, float rgba[4]);
// Bits of the pixel that RB_COLOR_MASK (1 r, 2 g, 4 b, 8 a) lets through, as bytes.
void color_mask_bytes(unsigned format, unsigned swap, unsigned mask, uint8_t bytes[16]);

// GPU address of pixel (x, y) in a linear or 32x32 tiled memory surface.
uint32_t color_pixel_va(uint32_t base, uint32_t pitch, unsigned bytes, bool linear, uint32_t x,
                        uint32_t y);

// Depth as stored: 24-bit (upper bits, stencil low) or 16-bit, round to nearest; NaN gives 0.
uint32_t depth_quantise(unsigned depth_format, double z);

#endif
