// SPDX-License-Identifier: MIT
//
// An SD memory card behind any host controller: commands in, responses and data out. The controller
// moves the data; the card keeps the protocol's state.
#ifndef SOC_SD_CARD_H
#define SOC_SD_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk;
struct err;
struct log;
struct sd_card;
struct snap_reader;
struct snap_writer;

enum sd_response {
    SD_RESP_NONE,
    SD_RESP_48,  // resp[0] has the 32 bits of the content
    SD_RESP_136, // resp[0] = bits 127:96 ... resp[3] = bits 31:0 (CRC as 0)
};

enum sd_data { SD_DATA_NONE, SD_DATA_READ, SD_DATA_WRITE };

struct sd_reply {
    bool answered; // false: the card is silent (time-out)
    enum sd_response kind;
    uint32_t resp[4];
    enum sd_data data; // what follows
    bool busy;         // holds DAT0 low for a moment (R1b)
};

// `disk` is borrowed. Its size is rounded up to what a CSD can say; sectors past its end read 0.
struct sd_card *sd_card_create(struct disk *disk, struct log *log, struct err *err);
void sd_card_destroy(struct sd_card *card);
void sd_card_power_on(struct sd_card *card);

void sd_card_command(struct sd_card *card, unsigned index, uint32_t arg, struct sd_reply *reply);
// Data phase: reads zeros or drops bytes when no transfer is open. Any length at a time.
void sd_card_read(struct sd_card *card, void *buf, size_t n);
void sd_card_write(struct sd_card *card, const void *buf, size_t n);

void sd_card_save(const struct sd_card *card, struct snap_writer *w);
int sd_card_restore(struct sd_card *card, struct snap_reader *r, struct err *err);

#endif
