// SPDX-License-Identifier: MIT
//
// SDHC card (SD Physical Layer Simplified Specification 2.00 with the 3.01 switch function):
// identification, 4-bit bus, block reads and writes, high speed switch, erase. Sizes up to 2 GiB
// are SDHC too: every host driver since 2006 takes that. Left out: SPI mode, locking, UHS.
#include "soc/sd_card.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "soc/disk.h"

enum { BLOCK = 512, UNIT = 512 * 1024 };
enum sd_state { SD_IDLE, SD_READY, SD_IDENT, SD_STBY, SD_TRAN, SD_DATA, SD_RCV, SD_PRG, SD_DIS };
enum {
    ST_APP_CMD = BIT(5),
    ST_READY = BIT(8),
    ST_ILLEGAL = BIT(22),
    ST_WP_VIOLATION = BIT(26),
    ST_ERASE_PARAM = BIT(27),
    ST_OUT_OF_RANGE = BIT(31),
    ST_ERROR = BIT(19)
};
enum { OCR_VOLTAGES = 0x00ff8000, OCR_CCS = BIT(30) };
#define OCR_POWERED 0x80000000u

// Where the bytes of a data phase come from or go to.
enum sd_stream { STREAM_NONE, STREAM_BUFFER, STREAM_BLOCKS };

struct sd_card {
    struct disk *disk;
    struct log *log;
    uint64_t sectors;
    uint32_t status;                          // error bits until read
    uint32_t rca, erase_from, erase_to, left; // left: bytes of a single block or register
    uint64_t at;                              // byte position of block transfers
    uint8_t state, stream, app, multiple, written_any;
    uint32_t buffer_at;
    uint8_t buffer[64];
    uint32_t block_fill;
    uint8_t block[BLOCK];
};

static const struct snap_field fields[] = {SNAP_FIELD(struct sd_card, status),
                                           SNAP_FIELD(struct sd_card, rca),
                                           SNAP_FIELD(struct sd_card, erase_from),
                                           SNAP_FIELD(struct sd_card, erase_to),
                                           SNAP_FIELD(struct sd_card, left),
                                           SNAP_FIELD(struct sd_card, at),
                                           SNAP_FIELD(struct sd_card, state),
                                           SNAP_FIELD(struct sd_card, stream),
                                           SNAP_FIELD(struct sd_card, app),
                                           SNAP_FIELD(struct sd_card, multiple),
                                           SNAP_FIELD(struct sd_card, buffer_at),
                                           SNAP_ARRAY(struct sd_card, buffer),
                                           SNAP_FIELD(struct sd_card, block_fill),
                                           SNAP_ARRAY(struct sd_card, block),
                                           SNAP_END};

struct sd_card *sd_card_create(struct disk *disk, struct log *log, struct err *err)
{
    struct sd_card *c = calloc(1, sizeof *c);
    if (!c) {
        err_set(err, -ENOMEM, "SD card: no memory");
        return NULL;
    }
    c->disk = disk;
    c->log = log;
    c->sectors = align_up(disk_bytes(disk), UNIT) / BLOCK;
    if (!c->sectors || c->sectors / 1024 > 0x10000) { // C_SIZE up to 0xffff in SDHC (32 GiB)
        err_set(err, -EINVAL, "%s: an SDHC card has at most 32 GiB", disk_name(disk));
        free(c);
        return NULL;
    }
    return c;
}

void sd_card_destroy(struct sd_card *card)
{
    free(card);
}

void sd_card_power_on(struct sd_card *c)
{
    c->state = SD_IDLE;
    c->stream = STREAM_NONE;
    c->status = 0;
    c->app = 0;
    c->rca = 0;
}

// ---- registers
// -----------------------------------------------------------------------------------

static void put_bits(uint32_t r[4], unsigned hi, unsigned lo, uint32_t v)
{
    for (unsigned b = lo; b <= hi; b++, v >>= 1) {
        uint32_t *w = &r[3 - b / 32];
        *w = bits_put(*w, b % 32, b % 32, v & 1);
    }
}

static void cid(uint32_t r[4])
{
    memset(r, 0, 16);
    put_bits(r, 127, 120, 0x59);      // manufacturer
    put_bits(r, 119, 104, 0x4d54);    // "MT"
    put_bits(r, 103, 72, 0x59414d41); // "YAMA"
    put_bits(r, 71, 64, 0x54);        // "T"
    put_bits(r, 63, 56, 0x10);        // revision 1.0
    put_bits(r, 55, 24, 0x00000001);  // serial
    put_bits(r, 19, 8, 24 << 4 | 1);  // January 2024
    put_bits(r, 0, 0, 1);
}

static void csd(const struct sd_card *c, uint32_t r[4])
{
    memset(r, 0, 16);
    put_bits(r, 127, 126, 1);    // version 2
    put_bits(r, 119, 112, 0x0e); // TAAC
    put_bits(r, 103, 96, 0x32);  // 25 MHz
    put_bits(r, 95, 84, 0x5b5);  // classes
    put_bits(r, 83, 80, 9);      // 512-byte blocks
    put_bits(r, 69, 48, (uint32_t)(c->sectors / 1024) - 1);
    put_bits(r, 46, 46, 1); // erase by block
    put_bits(r, 45, 39, 0x7f);
    put_bits(r, 28, 26, 2);
    put_bits(r, 25, 22, 9);
    put_bits(r, 13, 12, disk_readonly(c->disk) ? 2 : 0); // permanent, temporary protection
    put_bits(r, 0, 0, 1);
}

static uint32_t card_status(struct sd_card *c)
{
    uint32_t v = c->status | ST_READY | (uint32_t)c->state << 9 | (c->app ? ST_APP_CMD : 0);
    c->status = 0;
    return v;
}

static void r1(struct sd_card *c, struct sd_reply *r)
{
    r->answered = true;
    r->kind = SD_RESP_48;
    r->resp[0] = card_status(c);
}

static void send_buffer(struct sd_card *c, struct sd_reply *r, unsigned n)
{
    r1(c, r);
    r->data = SD_DATA_READ;
    c->state = SD_DATA;
    c->stream = STREAM_BUFFER;
    c->buffer_at = 0;
    c->left = n;
}

static void scr(struct sd_card *c, struct sd_reply *r)
{
    memset(c->buffer, 0, sizeof c->buffer);
    c->buffer[0] = 0x02; // SCR 1.0, physical layer 2.00
    c->buffer[1] = 0x35; // erased bits 0, no security, 1- and 4-bit bus
    c->buffer[2] = 0x80; // physical layer 3.00
    send_buffer(c, r, 8);
}

static void switch_function(struct sd_card *c, uint32_t arg, struct sd_reply *r)
{
    unsigned want = arg & 0xf, got = want == 0xf ? 0 : want <= 1 ? want : 0xf;
    memset(c->buffer, 0, sizeof c->buffer);
    c->buffer[1] = 100; // mA
    for (unsigned g = 0; g < 6; g++) {
        c->buffer[2 + g * 2] = 0x80; // functions 15 and 0 of groups 6..1
        c->buffer[3 + g * 2] = 0x01;
    }
    c->buffer[13] = 0x03; // group 1: default and high speed
    c->buffer[16] = (uint8_t)got;
    send_buffer(c, r, 64);
}

// ---- transfers
// -----------------------------------------------------------------------------------

static void blocks(struct sd_card *c, struct sd_reply *r, uint32_t sector, bool write,
                   bool multiple)
{
    if (sector >= c->sectors) {
        c->status |= ST_OUT_OF_RANGE;
        r1(c, r);
        return;
    }
    if (write && disk_readonly(c->disk)) {
        c->status |= ST_WP_VIOLATION;
    }
    r1(c, r);
    r->data = write ? SD_DATA_WRITE : SD_DATA_READ;
    c->state = write ? SD_RCV : SD_DATA;
    c->stream = STREAM_BLOCKS;
    c->multiple = multiple;
    c->at = (uint64_t)sector * BLOCK;
    c->left = BLOCK;
    c->block_fill = 0;
}

static void end_transfer(struct sd_card *c)
{
    c->stream = STREAM_NONE;
    c->block_fill = 0;
    if (c->state == SD_DATA || c->state == SD_RCV) {
        c->state = SD_TRAN;
    }
}

static void read_block(struct sd_card *c)
{
    uint64_t have = disk_bytes(c->disk);
    memset(c->block, 0, BLOCK);
    if (c->at / BLOCK >= c->sectors) {
        c->status |= ST_OUT_OF_RANGE;
    } else if (c->at < have && disk_read(c->disk, c->at, c->block, BLOCK)) {
        c->status |= ST_ERROR;
    }
}

void sd_card_read(struct sd_card *c, void *buf, size_t n)
{
    uint8_t *out = buf;
    while (n) {
        size_t run;
        if (c->stream == STREAM_BUFFER) {
            run = c->left < n ? c->left : n;
            memcpy(out, c->buffer + c->buffer_at, run);
            c->buffer_at += (uint32_t)run;
        } else if (c->stream == STREAM_BLOCKS && c->state == SD_DATA) {
            if (c->left == BLOCK) {
                read_block(c);
            }
            run = c->left < n ? c->left : n;
            memcpy(out, c->block + (BLOCK - c->left), run);
        } else {
            memset(out, 0, n);
            return;
        }
        out += run;
        n -= run;
        c->left -= (uint32_t)run;
        if (!c->left && c->stream == STREAM_BLOCKS && c->multiple) {
            c->at += BLOCK;
            c->left = BLOCK;
        } else if (!c->left) {
            end_transfer(c);
        }
    }
}

static void write_block(struct sd_card *c)
{
    if (c->at / BLOCK >= c->sectors) {
        c->status |= ST_OUT_OF_RANGE;
    } else if (!disk_readonly(c->disk) && disk_write(c->disk, c->at, c->block, BLOCK)) {
        c->status |= ST_ERROR;
    }
}

void sd_card_write(struct sd_card *c, const void *buf, size_t n)
{
    const uint8_t *in = buf;
    while (n && c->stream == STREAM_BLOCKS && c->state == SD_RCV) {
        size_t run = BLOCK - c->block_fill;
        run = run < n ? run : n;
        memcpy(c->block + c->block_fill, in, run);
        c->block_fill += (uint32_t)run;
        in += run;
        n -= run;
        if (c->block_fill < BLOCK) {
            break;
        }
        write_block(c);
        c->block_fill = 0;
        c->at += BLOCK;
        if (!c->multiple) {
            end_transfer(c);
        }
    }
}

static void erase(struct sd_card *c)
{
    static const uint8_t zeros[BLOCK];
    if (c->erase_to < c->erase_from || c->erase_to >= c->sectors || disk_readonly(c->disk)) {
        c->status |= ST_ERASE_PARAM;
        return;
    }
    for (uint64_t s = c->erase_from; s <= c->erase_to && s * BLOCK < disk_bytes(c->disk); s++) {
        disk_write(c->disk, s * BLOCK, zeros, BLOCK);
    }
}

// ---- commands
// ------------------------------------------------------------------------------------

static void app_command(struct sd_card *c, unsigned index, uint32_t arg, struct sd_reply *r)
{
    switch (index) {
    case 6:  // SET_BUS_WIDTH
    case 42: // SET_CLR_CARD_DETECT
    case 23: // SET_WR_BLK_ERASE_COUNT
        r1(c, r);
        break;
    case 13: // SD_STATUS
        memset(c->buffer, 0, sizeof c->buffer);
        c->buffer[0] = 0x80; // 4-bit bus
        c->buffer[8] = 4;    // class 10
        c->buffer[10] = 0x90;
        send_buffer(c, r, 64);
        break;
    case 22: // SEND_NUM_WR_BLOCKS
        memset(c->buffer, 0, 4);
        send_buffer(c, r, 4);
        break;
    case 41: // SD_SEND_OP_COND: ready at once, but only when asked with voltages
        r->answered = true;
        r->kind = SD_RESP_48;
        r->resp[0] = OCR_VOLTAGES;
        if (arg & OCR_VOLTAGES) {
            r->resp[0] |= OCR_POWERED | OCR_CCS;
            c->state = SD_READY;
        }
        break;
    case 51:
        scr(c, r);
        break;
    default:
        c->status |= ST_ILLEGAL;
        break;
    }
}

static bool addressed(const struct sd_card *c, uint32_t arg)
{
    return arg >> 16 == c->rca;
}

static void command(struct sd_card *c, unsigned index, uint32_t arg, struct sd_reply *r)
{
    switch (index) {
    case 0: // GO_IDLE_STATE
        sd_card_power_on(c);
        r->answered = true;
        r->kind = SD_RESP_NONE;
        break;
    case 2: // ALL_SEND_CID
        if (c->state == SD_READY) {
            c->state = SD_IDENT;
            r->answered = true;
            r->kind = SD_RESP_136;
            cid(r->resp);
        }
        break;
    case 3: // SEND_RELATIVE_ADDR
        if (c->state == SD_IDENT || c->state == SD_STBY) {
            c->state = SD_STBY;
            c->rca = 0x4567;
            r->answered = true;
            r->kind = SD_RESP_48;
            r->resp[0] = c->rca << 16 | (card_status(c) & 0x1fff);
        }
        break;
    case 6:
        switch_function(c, arg, r);
        break;
    case 7: // SELECT_CARD
        if (addressed(c, arg)) {
            c->state = c->state == SD_STBY ? SD_TRAN : c->state;
            r1(c, r);
            r->busy = true;
        } else {
            c->state = SD_STBY;
            r->answered = true;
            r->kind = SD_RESP_NONE;
        }
        break;
    case 8: // SEND_IF_COND: 2.7-3.6 V
        if ((arg >> 8 & 0xf) == 1) {
            r->answered = true;
            r->kind = SD_RESP_48;
            r->resp[0] = arg & 0xfff;
        }
        break;
    case 9:
    case 10:
        if (addressed(c, arg)) {
            r->answered = true;
            r->kind = SD_RESP_136;
            if (index == 9) {
                csd(c, r->resp);
            } else {
                cid(r->resp);
            }
        }
        break;
    case 12: // STOP_TRANSMISSION
        end_transfer(c);
        r1(c, r);
        r->busy = true;
        break;
    case 13:
        if (addressed(c, arg)) {
            r1(c, r);
        }
        break;
    case 15: // GO_INACTIVE_STATE
        c->state = SD_DIS;
        r->answered = true;
        r->kind = SD_RESP_NONE;
        break;
    case 16: // SET_BLOCKLEN: fixed at 512
        r1(c, r);
        break;
    case 17:
    case 18:
        blocks(c, r, arg, false, index == 18);
        break;
    case 24:
    case 25:
        blocks(c, r, arg, true, index == 25);
        break;
    case 32:
        c->erase_from = arg;
        r1(c, r);
        break;
    case 33:
        c->erase_to = arg;
        r1(c, r);
        break;
    case 38:
        erase(c);
        r1(c, r);
        r->busy = true;
        break;
    case 55:
        if (addressed(c, arg)) {
            c->app = 1;
            r1(c, r);
        }
        break;
    default: // SDIO, MMC and reserved commands: silence
        c->status |= ST_ILLEGAL;
        break;
    }
}

void sd_card_command(struct sd_card *c, unsigned index, uint32_t arg, struct sd_reply *r)
{
    bool app = c->app;
    memset(r, 0, sizeof *r);
    if (c->state == SD_DIS) {
        return;
    }
    if (index != 55) {
        c->app = 0;
    }
    if (app && index != 55) {
        c->app = 1; // shows in the status of this response
        app_command(c, index, arg, r);
        c->app = 0;
    } else {
        command(c, index, arg, r);
    }
    TRACE(c->log, sd, "%sCMD%u arg 0x%08x -> %s 0x%08x", app ? "A" : "", index, arg,
          r->answered ? "ok" : "silence", r->resp[0]);
}

void sd_card_save(const struct sd_card *card, struct snap_writer *w)
{
    snap_put_fields(w, fields, card);
}

int sd_card_restore(struct sd_card *card, struct snap_reader *r, struct err *err)
{
    int rc = snap_get_fields(r, fields, card, err);
    if (!rc &&
        (card->buffer_at > sizeof card->buffer || card->left > BLOCK || card->block_fill >= BLOCK ||
         (card->stream == STREAM_BUFFER && card->left > sizeof card->buffer - card->buffer_at))) {
        rc = err_set(err, -EINVAL, "snapshot: SD card state is out of range");
    }
    return rc;
}
