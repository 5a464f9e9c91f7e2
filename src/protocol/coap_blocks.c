/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/coap_blocks.h"

#include <stdlib.h>

#include "base/lru_table.h"
#include "protocol/dispatch.h"
#include "protocol/reassembly.h"

static const struct reassembly_limits limits = {
    .messages = COAP_TRANSFERS,
    .message_bytes = COAP_TRANSFER_BYTES,
    .total_bytes = COAP_TRANSFERS_BYTES,
    .age_ns = INT64_C(247000000000), /* RFC 7252 section 4.8.2: EXCHANGE_LIFETIME, for each block */
};

struct coap_blocks {
    struct reassembly *bytes;
    struct lru_table *transfers;    /* by the same key */
    struct coap_transfer completed; /* what the last coap_blocks_add handed out */
};

static void let_go(void *context, const void *key, void *value)
{
    (void)context;
    (void)key;
    free(((struct coap_transfer *)value)->blocks);
}

struct coap_blocks *coap_blocks_new(uint64_t hash_seed)
{
    const struct lru_table_options options = { .key_bytes = sizeof(struct reassembly_key),
                                               .value_bytes = sizeof(struct coap_transfer),
                                               .limit = COAP_TRANSFERS,
                                               .hash_seed = hash_seed,
                                               .let_go = let_go };
    struct coap_blocks *blocks = calloc(1, sizeof *blocks);

    if (blocks == NULL)
        return NULL;
    blocks->bytes = reassembly_new(&limits, hash_seed);
    blocks->transfers = lru_table_new(&options);
    if (blocks->bytes == NULL || blocks->transfers == NULL) {
        coap_blocks_free(blocks);
        return NULL;
    }
    return blocks;
}

void coap_blocks_free(struct coap_blocks *blocks)
{
    if (blocks == NULL)
        return;
    if (blocks->bytes)
        reassembly_free(blocks->bytes);
    if (blocks->transfers)
        lru_table_free(blocks->transfers);
    free(blocks->completed.blocks);
    free(blocks);
}

uint64_t coap_blocks_forgotten(const struct coap_blocks *blocks)
{
    return reassembly_evicted(blocks->bytes) + lru_table_forgotten(blocks->transfers);
}

static uint32_t hash_of(struct bytes bytes, uint32_t hash)
{
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ bytes.data[i]) * UINT32_C(0x01000193); /* FNV-1a */
    return hash;
}

/* Where a block of that offset is, or would go. */
static uint32_t place_of(const struct coap_transfer *transfer, uint32_t offset)
{
    uint32_t i = transfer->n_blocks; /* blocks come in order, nearly always */

    while (i > 0 && transfer->blocks[i - 1].offset >= offset)
        i--;
    return i;
}

/* False when a block of that offset was there: its bytes are not to be taken again. */
static bool note(struct coap_transfer *transfer, const struct coap_block_found *found, uint32_t offset)
{
    uint32_t first = place_of(transfer, offset), at = first;
    struct coap_block_seen seen = { .offset = offset,
                                    .frame = found->frame,
                                    .hash = hash_of(found->payload,
                                                    UINT32_C(0x811c9dc5) ^ (uint32_t)found->payload.len) };

    while (at < transfer->n_blocks && transfer->blocks[at].offset == offset)
        at++;
    seen.is_overlap = at > first;
    seen.is_conflict = seen.is_overlap && transfer->blocks[first].hash != seen.hash;
    if (transfer->n_blocks == COAP_TRANSFER_BLOCKS)
        return !seen.is_overlap;
    if (transfer->n_blocks == transfer->cap) {
        uint32_t cap = transfer->cap ? 2 * transfer->cap : 16;
        struct coap_block_seen *larger = realloc(transfer->blocks, cap * sizeof *larger);

        if (larger == NULL)
            return !seen.is_overlap;
        transfer->blocks = larger;
        transfer->cap = cap;
    }
    memmove(transfer->blocks + at + 1, transfer->blocks + at,
            (transfer->n_blocks - at) * sizeof *transfer->blocks);
    transfer->blocks[at] = seen;
    transfer->n_blocks++;
    return !seen.is_overlap;
}

bool coap_blocks_add(struct coap_blocks *blocks, const struct coap_block_found *found, struct bytes *whole,
                     const struct coap_transfer **transfer)
{
    const struct conversation_ends *ends = found->ends;
    unsigned exponent = found->block->size_exponent < 6 ? found->block->size_exponent : 6;
    uint64_t offset = (uint64_t)found->block->number << (exponent + 4); /* 7: blocks of 1024, RFC 8323 */
    struct reassembly_key key;
    struct coap_transfer *mine;
    uint32_t total = 0;

    memset(&key, 0, sizeof key); /* padding, too: hashed whole */
    key.source = ends->source;
    key.destination = ends->destination;
    key.source_port = ends->source_port;
    key.destination_port = ends->destination_port;
    key.protocol = IP_PROTOCOL_UDP;
    key.id = hash_of(found->uri, UINT32_C(0x811c9dc5));
    reassembly_release(blocks->bytes);
    if (offset + found->payload.len > COAP_TRANSFER_BYTES)
        return false;
    if (offset == 0 && !found->is_copy) {
        reassembly_drop(blocks->bytes, &key);
        lru_table_remove(blocks->transfers, &key);
    }
    mine = lru_table_put(blocks->transfers, &key, NULL);
    if (mine == NULL || !note(mine, found, (uint32_t)offset))
        return false;
    if (!found->block->has_more)
        total = (uint32_t)(offset + found->payload.len);
    if (reassembly_add(blocks->bytes, &key, found->ts_ns, (uint32_t)offset, found->payload, total, whole) !=
        REASSEMBLY_COMPLETE)
        return false;
    free(blocks->completed.blocks);
    blocks->completed = *mine;
    *mine = (struct coap_transfer) { 0 };
    lru_table_remove(blocks->transfers, &key);
    *transfer = &blocks->completed;
    return true;
}
