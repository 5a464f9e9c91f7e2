/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch - up to some hundred packets handed over at once. The batch (or the window or ring behind it)
 * owns the packets' bytes until it is released or filled again; everything downstream borrows until then.
 */
#pragma once

#include "packet/packet.h"

enum { BATCH_PACKETS = 512, BATCH_BYTES = 1 << 19 };

struct batch {
    struct packet *packets; /* room for BATCH_PACKETS */
    uint32_t n;
    uint8_t *data; /* cap_bytes of own storage for sources that copy; NULL for those that lend */
    size_t used_bytes;
    size_t cap_bytes;
    void *loan; /* what a lending source wants back (source_release); NULL: nothing. The source's to set */
};

bool batch_init(struct batch *batch, size_t cap_bytes); /* false without memory */
void batch_clear(struct batch *batch);
void batch_empty(struct batch *batch); /* no packets, storage kept */
