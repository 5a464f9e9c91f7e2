/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coap_blocks - puts the blocks of RFC 7959 together. A transfer is told by its two ends, its direction and
 * the path it is about: two devices behind one address, or two transfers of one device, do not get mixed up.
 *
 * A block lies where its number and size say, so that a size agreed on in the middle of a transfer (section
 * 2.4) does no harm. The first block begins a transfer anew. The bytes are kept by protocol/reassembly.
 */
#pragma once

#include "protocol/coap_option.h"
#include "protocol/flow.h"

enum {
    COAP_TRANSFERS = 1024,           /* under way at once */
    COAP_TRANSFER_BLOCKS = 1024,     /* remembered of each; DISSECTION_VALUES shows no more */
    COAP_TRANSFER_BYTES = 1 << 20,   /* the longest one put together */
    COAP_TRANSFERS_BYTES = 16 << 20, /* of all of them */
};

struct coap_blocks;

struct coap_blocks *coap_blocks_new(uint64_t hash_seed); /* NULL without memory */
void coap_blocks_free(struct coap_blocks *blocks);
uint64_t coap_blocks_forgotten(const struct coap_blocks *blocks);

struct coap_block_seen {
    uint32_t offset;
    uint32_t frame;
    uint32_t hash; /* of its bytes and their number, to tell a copy from a contradiction */
    bool is_overlap, is_conflict;
};

struct coap_transfer {
    uint32_t n_blocks, cap;
    struct coap_block_seen *blocks; /* by offset */
};

struct coap_block_found {
    const struct conversation_ends *ends;
    struct bytes uri; /* what the transfer is about; empty when not known */
    const struct coap_block *block;
    struct bytes payload;
    int64_t ts_ns;
    uint32_t frame;
    bool is_copy; /* a message sent before: begins nothing anew */
};

/*
 * Takes a block. True when it completes the transfer: *whole is its payload and *transfer its blocks, both
 * borrowed until the next call.
 */
bool coap_blocks_add(struct coap_blocks *blocks, const struct coap_block_found *found, struct bytes *whole,
                     const struct coap_transfer **transfer);
