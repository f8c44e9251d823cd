// SPDX-License-Identifier: MIT
//
// See image_nand.h.
#include "soc/image_nand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "soc/dev/nand_ecc.h"

enum { BOOT_MAGIC = 0x31544259 };

static unsigned chunk_of(const struct nand_part *p)
{
    return p->page == 512 ? 512 : 256;
}

static unsigned code_at(const struct nand_part *p, unsigned chunk)
{
    return (p->page == 512 ? 0 : 40) + chunk * 3;
}

void boot_table_put(const struct boot_table *t, uint8_t out[BOOT_TABLE_BYTES])
{
    memset(out, 0, BOOT_TABLE_BYTES);
    put_le32(out, BOOT_MAGIC);
    put_le32(out + 4, t->machine);
    put_le32(out + 8, t->kernel);
    put_le32(out + 12, t->kernel_bytes);
    put_le32(out + 16, t->initrd);
    put_le32(out + 20, t->initrd_bytes);
    strncpy((char *)out + 32, t->text ? t->text : "", BOOT_TEXT_MAX);
}

int nand_image_create(struct nand_image *img, const char *part, struct err *err)
{
    char names[80] = "";
    memset(img, 0, sizeof *img);
    for (const struct nand_part *p = nand_parts(); p->name; p++) {
        if (strcmp(p->name, part) == 0) {
            img->part = p;
        }
        strncat(names, " ", sizeof names - strlen(names) - 1);
        strncat(names, p->name, sizeof names - strlen(names) - 1);
    }
    if (!img->part) {
        return err_set(err, -EINVAL, "there is no NAND chip '%s'; there are:%s", part, names);
    }
    img->bytes = (uint64_t)(img->part->page + img->part->spare) * img->part->pages;
    img->data = malloc(img->bytes);
    if (!img->data) {
        return err_set(err, -ENOMEM, "no memory for %llu bytes", (unsigned long long)img->bytes);
    }
    memset(img->data, 0xff, img->bytes);
    return 0;
}

void nand_image_free(struct nand_image *img)
{
    free(img->data);
    memset(img, 0, sizeof *img);
}

static bool is_blank(const uint8_t *p, size_t n)
{
    while (n && *p == 0xff) {
        p++;
        n--;
    }
    return n == 0;
}

static void code_page(const struct nand_part *p, uint8_t *page)
{
    for (unsigned i = 0; i * chunk_of(p) < p->page; i++) {
        nand_ecc_of(page + i * chunk_of(p), chunk_of(p), page + p->page + code_at(p, i));
    }
}

int nand_image_put(struct nand_image *img, uint64_t offset, const uint8_t *data, size_t n,
                   const char *name, struct err *err)
{
    const struct nand_part *p = img->part;
    uint64_t room = (uint64_t)p->page * p->pages;
    if (offset % p->page) {
        return err_set(err, -EINVAL, "%s: offset 0x%llx is not at a page of %u bytes", name,
                       (unsigned long long)offset, p->page);
    }
    if (offset > room || n > room - offset) {
        return err_set(err, -EINVAL, "%s: %zu bytes at 0x%llx do not fit into %s", name, n,
                       (unsigned long long)offset, p->name);
    }
    for (uint64_t page = offset / p->page; n; page++) {
        uint8_t *to = img->data + page * (p->page + p->spare);
        size_t take = n < p->page ? n : p->page;
        memcpy(to, data, take);
        if (!is_blank(to, p->page)) {
            code_page(p, to);
        }
        data += take;
        n -= take;
    }
    return 0;
}

// ---- looking at dumps
// --------------------------------------------------------------------------------

static void look_at_page(const uint8_t *page, uint64_t number, struct nand_facts *f)
{
    const struct nand_part *p = f->part;
    bool bad = false, fixable = false, coded = false;
    if (is_blank(page, p->page)) {
        f->blank++;
        return;
    }
    for (unsigned i = 0; i * chunk_of(p) < p->page; i++) {
        const uint8_t *c = page + p->page + code_at(p, i);
        uint32_t stored = c[0] | (uint32_t)c[1] << 8 | (uint32_t)c[2] << 16, byte, n;
        uint8_t now[3];
        if (stored == 0xffffff) {
            continue;
        }
        coded = true;
        nand_ecc_of(page + i * chunk_of(p), chunk_of(p), now);
        switch (nand_ecc_compare(stored, now[0] | (uint32_t)now[1] << 8 | (uint32_t)now[2] << 16,
                                 &byte, &n)) {
        case NAND_ECC_GOOD:
            break;
        case NAND_ECC_FIXED:
        case NAND_ECC_CODE:
            fixable = true;
            break;
        case NAND_ECC_BAD:
            bad = true;
            break;
        }
    }
    f->plain += !coded;
    f->coded += coded;
    f->good += coded && !bad && !fixable;
    f->fixable += !bad && fixable;
    if (bad) {
        f->first_bad = f->bad ? f->first_bad : number;
        f->bad++;
    }
}

const uint8_t *nand_image_page(const struct blob *b, const struct nand_facts *f, uint64_t page)
{
    return b->data + page * (f->part->page + (f->has_spare ? f->part->spare : 0));
}

bool nand_image_look(const struct blob *b, struct nand_facts *out)
{
    memset(out, 0, sizeof *out);
    out->part = nand_part_of(b->bytes, &out->has_spare);
    if (!out->part || !out->has_spare) {
        return out->part != NULL;
    }
    for (uint64_t page = 0; page < out->part->pages; page++) {
        const uint8_t *at = nand_image_page(b, out, page);
        look_at_page(at, page, out);
        if (page % out->part->block == 0 && at[out->part->page + (out->part->page == 512 ? 5 : 0)] == 0) {
            out->bad_blocks++;
        }
    }
    return true;
}
