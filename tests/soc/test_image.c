// SPDX-License-Identifier: MIT
//
// Image files: Windows CE records, flat images and ROM headers, NBH, NAND dumps; and NOR flash driven by
// its command set. Damage at any byte is refused by name, never a crash.
#include "tests/soc/bench.h"

#include "soc/disk.h"
#include "soc/image_ce.h"
#include "soc/image_nand.h"
#include "soc/image_nbh.h"
#include "soc/load.h"

enum { BASE = 0x80030000u, FLAT = 0x400, TOC_AT = 0x100, E32_AT = 0x200, NAME_AT = 0x240 };

// A flat image: branch, ECEC, a ROM header with one module and one file.
static void make_flat(uint8_t *d)
{
    memset(d, 0, FLAT);
    put_le32(d, 0xea00003e);
    put_le32(d + 0x40, 0x43454345);
    put_le32(d + 0x44, BASE + TOC_AT);
    put_le32(d + 0x48, TOC_AT);
    put_le32(d + TOC_AT + 8, BASE);
    put_le32(d + TOC_AT + 12, BASE + FLAT);
    put_le32(d + TOC_AT + 16, 1);          // modules
    put_le32(d + TOC_AT + 20, 0x80080000); // RAM
    put_le32(d + TOC_AT + 28, 0x80100000);
    put_le32(d + TOC_AT + 48, 1); // files
    put_le16(d + TOC_AT + 68, 0x1c2);
    put_le32(d + TOC_AT + 84 + 12, 0x1234); // module's size
    put_le32(d + TOC_AT + 84 + 16, BASE + NAME_AT);
    put_le32(d + TOC_AT + 84 + 20, BASE + E32_AT);
    put_le32(d + E32_AT + 4, 0xbc4);
    put_le32(d + E32_AT + 8, BASE);
    memcpy(d + NAME_AT, "nk.exe", 7);
    put_le32(d + TOC_AT + 84 + 32 + 12, 100);
    put_le32(d + TOC_AT + 84 + 32 + 16, 60);
    put_le32(d + TOC_AT + 84 + 32 + 20, BASE + NAME_AT + 16);
    memcpy(d + NAME_AT + 16, "boot.rgs", 9);
}

static size_t put_record(uint8_t *d, uint32_t va, const uint8_t *data, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += data[i];
    }
    put_le32(d, va);
    put_le32(d + 4, n);
    put_le32(d + 8, sum);
    memcpy(d + 12, data, n);
    return 12 + n;
}

static size_t make_records(uint8_t *d)
{
    uint8_t flat[FLAT], zero[4] = {1, 2, 3, 4};
    size_t at = 15;
    make_flat(flat);
    memcpy(d, "B000FF\n", 7);
    put_le32(d + 7, BASE);
    put_le32(d + 11, FLAT);
    at += put_record(d + at, 0, zero, 4); // data at address 0 does not end the file
    at += put_record(d + at, BASE, flat, 0x100);
    at += put_record(d + at, BASE + 0x100, flat + 0x100, FLAT - 0x100);
    put_le32(d + at, 0);
    put_le32(d + at + 4, BASE + 0xbc4);
    put_le32(d + at + 8, 0);
    return at + 12;
}

static void test_records_tell_what_they_hold(void **state)
{
    uint8_t d[4096];
    struct blob b = {d, make_records(d), "nk.bin"};
    struct ce_image img;
    struct ce_module m;
    struct ce_file f;
    struct err err = {0};
    (void)state;
    assert_true(ce_is_records(&b));
    if (ce_parse(&b, &img, &err)) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(img.count, 3);
    assert_int_equal(img.records[0].va, 0);
    assert_int_equal(img.entry, BASE + 0xbc4);
    assert_int_equal(img.bad_sums, 0);
    assert_true(img.has_rom);
    assert_int_equal(img.rom.at, BASE + TOC_AT);
    assert_true(ce_module_at(&img, 0, &m));
    assert_string_equal(m.name, "nk.exe");
    assert_int_equal(m.entry, BASE + 0xbc4);
    assert_false(ce_module_at(&img, 1, &m));
    assert_true(ce_file_at(&img, 0, &f));
    assert_string_equal(f.name, "boot.rgs");
    assert_int_equal(f.stored, 60);
    assert_int_equal(ce_physical(&img, BASE), 0x30030000);
    ce_free(&img);
}

static void test_records_and_flat_image_agree(void **state)
{
    uint8_t d[4096], flat[FLAT], copy[FLAT];
    struct blob b = {d, make_records(d), "nk.bin"}, n = {flat, FLAT, "nk.nb0"};
    struct ce_image img;
    struct err err = {0};
    (void)state;
    make_flat(flat);
    assert_true(ce_is_flat(&n));
    assert_int_equal(ce_parse(&b, &img, &err), 0);
    assert_true(ce_read(&img, BASE, copy, FLAT));
    assert_memory_equal(copy, flat, FLAT);
    ce_free(&img);
    put_le32(flat + 0x48, 0xdeadbeef); // old images have no offset there
    assert_int_equal(ce_parse(&n, &img, &err), 0);
    assert_int_equal(img.start, BASE);
    assert_true(img.has_rom);
    ce_free(&img);
}

static void test_damaged_records_are_refused_by_offset(void **state)
{
    uint8_t d[4096];
    size_t n = make_records(d);
    (void)state;
    for (size_t cut = 7; cut < n; cut++) {
        uint8_t *exact = malloc(cut); // so that a sanitizer sees the end
        struct blob b = {exact, cut, "nk.bin"};
        struct ce_image img;
        struct err err = {0};
        memcpy(exact, d, cut);
        assert_int_equal(ce_parse(&b, &img, &err), -22);
        assert_non_null(strstr(err.msg, "nk.bin"));
        ce_free(&img);
        free(exact);
    }
    for (size_t at = 0; at < n; at++) {
        struct blob b = {d, n, "nk.bin"};
        struct ce_image img;
        struct err err = {0};
        d[at] ^= 0x80;
        if (ce_is_records(&b)) {
            ce_parse(&b, &img, &err); // whatever it says, it comes back
            ce_free(&img);
        }
        d[at] ^= 0x80;
    }
}

static size_t make_nbh(uint8_t *d)
{
    uint8_t payload[0x210] = {0};
    size_t at = 23;
    for (unsigned i = 0; i < 8; i++) {
        put_le32(payload + i * 4, (uint32_t)"HTCIMAGE"[i]);
    }
    memcpy(payload + 0x20, "PB8110000", 9);
    put_le32(payload + 0x40, 0x400);
    put_le32(payload + 0xc0, 0x200);
    put_le32(payload + 0x140, 0x10);
    memcpy(payload + 0x1f0, "WWE", 3);
    memcpy(d, "R000FF\nXDA-Developers! ", 23);
    for (size_t off = 0; off < sizeof payload; off += 0x108) {
        put_le32(d + at, 0x108);
        put_le32(d + at + 4, 8);
        d[at + 8] = 1;
        memcpy(d + at + 9, payload + off, 0x108);
        at += 9 + 0x108 + 8;
    }
    put_le32(d + at, 0);
    put_le32(d + at + 4, 8);
    d[at + 8] = 2;
    return at + 9;
}

static void test_nbh_sections_are_found(void **state)
{
    uint8_t d[2048] = {0};
    struct blob b = {d, make_nbh(d), "leo.nbh"};
    struct nbh_image img;
    struct err err = {0};
    (void)state;
    if (nbh_parse(&b, &img, &err)) {
        fail_msg("%s", err.msg);
    }
    assert_string_equal(img.device, "PB8110000");
    assert_string_equal(img.language, "WWE");
    assert_int_equal(img.blocks, 2);
    assert_int_equal(img.count, 1);
    assert_int_equal(img.sections[0].type, 0x400);
    nbh_free(&img);
    for (size_t cut = 0; cut < b.bytes - 9; cut++) {
        struct blob c = {d, cut, "leo.nbh"};
        assert_int_equal(nbh_parse(&c, &img, &err), -22);
        nbh_free(&img);
    }
}

static void test_nand_images_carry_codes_that_find_damage(void **state)
{
    struct nand_image img;
    struct nand_facts f;
    struct err err = {0};
    uint8_t data[1500];
    (void)state;
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    assert_int_equal(nand_image_create(&img, "K9F1208", &err), 0);
    assert_int_equal(nand_image_put(&img, 100, data, 10, "x", &err), -22);
    assert_int_equal(nand_image_put(&img, 64 << 20, data, 10, "x", &err), -22);
    assert_int_equal(nand_image_put(&img, 1024, data, sizeof data, "x", &err), 0);
    struct blob b = {img.data, img.bytes, "nand"};
    assert_true(nand_image_look(&b, &f));
    assert_int_equal(f.good, 3);
    assert_int_equal(f.blank, 131072 - 3);
    img.data[528 * 3 + 17] ^= 4;
    assert_true(nand_image_look(&b, &f));
    assert_int_equal(f.fixable, 1);
    img.data[528 * 3 + 18] ^= 1;
    assert_true(nand_image_look(&b, &f));
    assert_int_equal(f.bad, 1);
    assert_int_equal(f.first_bad, 3);
    nand_image_free(&img);
    assert_int_equal(nand_image_create(&img, "none", &err), -22);
    assert_non_null(strstr(err.msg, "K9F1208"));
}

// ---- NOR
// ------------------------------------------------------------------------------------------

static void nor(struct bench *b, uint32_t word, uint16_t v)
{
    bus_write(soc_bus(b->soc), word * 2, 2, v);
}

static uint16_t nor_word(struct bench *b, uint32_t word)
{
    uint64_t v = 0;
    bus_read(soc_bus(b->soc), word * 2, 2, &v);
    return (uint16_t)v;
}

static void unlock(struct bench *b, uint16_t cmd)
{
    nor(b, 0x555, 0xaa);
    nor(b, 0x2aa, 0x55);
    nor(b, 0x555, cmd);
}

static void test_nor_tells_who_it_is_and_keeps_data(void **state)
{
    struct bench b;
    (void)state;
    bench_make(&b, "mini2440-nor", 0);
    bench_start(&b);
    assert_int_equal(nor_word(&b, 0), 0xffff);
    unlock(&b, 0x90);
    assert_int_equal(nor_word(&b, 0), 0x0001);
    assert_int_equal(nor_word(&b, 1), 0x2249);
    nor(&b, 0, 0xf0);
    nor(&b, 0x55, 0x98);
    assert_int_equal(nor_word(&b, 0x10), 'Q');
    assert_int_equal(nor_word(&b, 0x27), 21);
    nor(&b, 0, 0xf0);
    assert_int_equal(nor_word(&b, 0x10), 0xffff);
    unlock(&b, 0xa0);
    nor(&b, 0x1234, 0x1234);
    unlock(&b, 0xa0);
    nor(&b, 0x1234, 0xff0f); // bits only fall
    assert_int_equal(nor_word(&b, 0x1234), 0x1204);
    unlock(&b, 0xa0);
    nor(&b, 0x8000, 0); // the next sector
    unlock(&b, 0x80);
    nor(&b, 0x555, 0xaa);
    nor(&b, 0x2aa, 0x55);
    nor(&b, 0x1234, 0x30);
    assert_int_equal(nor_word(&b, 0x1234), 0xffff);
    assert_int_equal(nor_word(&b, 0x8000), 0);
    unlock(&b, 0x20); // bypass
    nor(&b, 0, 0xa0);
    nor(&b, 0x100, 0x5aa5);
    nor(&b, 0, 0x90);
    nor(&b, 0, 0x00);
    assert_int_equal(nor_word(&b, 0x100), 0x5aa5);
    soc_reset(b.soc);
    assert_int_equal(nor_word(&b, 0x100), 0x5aa5); // what flash is for
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_tell_what_they_hold),
        cmocka_unit_test(test_records_and_flat_image_agree),
        cmocka_unit_test(test_damaged_records_are_refused_by_offset),
        cmocka_unit_test(test_nbh_sections_are_found),
        cmocka_unit_test(test_nand_images_carry_codes_that_find_damage),
        cmocka_unit_test(test_nor_tells_who_it_is_and_keeps_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
