/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow table: rows packed against the one before, in chunks that can be found; and by it, from blocks to
 * the conversations in them, and from conversations to all their blocks: what an answer needs of earlier
 * packets is found by it.
 */
#include "archive/posting.h"

#include <stdlib.h>

#include "archive/segment_index_map.h"
#include "protocol/dispatch.h"

enum { HINT_DEPTH_LIMIT = 256 };

/* Packets that belong to several conversations at once: what is true of one of them may be asked of another.
 */
#define SEVERAL_CONVERSATIONS                                                                    \
    (PROTOCOL_BIT(PROTOCOL_VXLAN) | PROTOCOL_BIT(PROTOCOL_GENEVE) | PROTOCOL_BIT(PROTOCOL_GRE) | \
     PROTOCOL_BIT(PROTOCOL_ERSPAN) | PROTOCOL_BIT(PROTOCOL_TZSP))

/* ---- rows ---- */

static bool read_chunk(const struct segment_index *index, uint32_t chunk, uint32_t *low, uint32_t *high,
                       uint32_t *offset, uint32_t *posting)
{
    struct reader r = reader_over(index->flow_chunks);

    return reader_skip(&r, (size_t)chunk * INDEX_FLOW_CHUNK_BYTES) && reader_u32le(&r, low) &&
           reader_u32le(&r, high) && reader_u32le(&r, offset) && reader_u32le(&r, posting);
}

bool index_flow_chunk(const struct segment_index *index, uint32_t chunk, uint32_t *low, uint32_t *high)
{
    uint32_t offset, posting;

    return read_chunk(index, chunk, low, high, &offset, &posting);
}

static bool enter_chunk(struct index_flow_cursor *cursor)
{
    uint32_t offset;

    memset(&cursor->at, 0, sizeof cursor->at);
    cursor->postings_len = 0;
    cursor->rest = reader_over(cursor->index->flows);
    return read_chunk(cursor->index, cursor->number / INDEX_FLOW_CHUNK_ROWS, &cursor->at.low,
                      &cursor->at.high, &offset, &cursor->at.posting) &&
           reader_skip(&cursor->rest, offset);
}

/* What is not as before follows the first byte. */
static bool read_protocol(struct reader *r, uint8_t head, struct index_flow *flow)
{
    switch (head & INDEX_FLOW_PROTOCOL) {
    case INDEX_FLOW_UDP:
        flow->protocol = IP_PROTOCOL_UDP;
        return true;
    case INDEX_FLOW_TCP:
        flow->protocol = IP_PROTOCOL_TCP;
        return true;
    case INDEX_FLOW_OTHER:
        return reader_u8(r, &flow->protocol);
    default:
        return true;
    }
}

static bool read_ends(struct reader *r, uint8_t head, struct index_flow *flow)
{
    uint64_t low = 0, high = 0;

    if (!(head & INDEX_FLOW_SAME_LOW) && !reader_varint(r, &low))
        return false;
    if (!(head & INDEX_FLOW_SAME_HIGH) && !reader_varint(r, &high))
        return false;
    if (!(head & INDEX_FLOW_SAME_HIGH))
        flow->high = (uint32_t)high + (head & INDEX_FLOW_SAME_LOW ? flow->high : 0);
    flow->low += (uint32_t)low;
    return true;
}

bool index_flow_next(struct index_flow_cursor *cursor, struct index_flow *flow)
{
    struct index_flow *at = &cursor->at;
    uint64_t postings_len;
    uint8_t head;

    if (cursor->number >= (uint64_t)cursor->index->n_exact + cursor->index->n_folded ||
        (cursor->number % INDEX_FLOW_CHUNK_ROWS == 0 && !enter_chunk(cursor)) ||
        !reader_u8(&cursor->rest, &head) || !read_protocol(&cursor->rest, head, at) ||
        !read_ends(&cursor->rest, head, at) ||
        (!(head & INDEX_FLOW_SAME_PORT_LOW) && !reader_u16le(&cursor->rest, &at->port_low)) ||
        (!(head & INDEX_FLOW_SAME_PORT_HIGH) && !reader_u16le(&cursor->rest, &at->port_high)) ||
        !reader_varint(&cursor->rest, &postings_len))
        return false;
    at->any_port = head >> INDEX_FLOW_ANY_PORT_SHIFT;
    at->posting += (uint32_t)cursor->postings_len;
    cursor->postings_len = postings_len;
    cursor->number++;
    *flow = *at;
    return true;
}

bool index_flow_begin(const struct segment_index *index, uint32_t first, struct index_flow_cursor *cursor)
{
    struct index_flow flow;

    *cursor = (struct index_flow_cursor) { .index = index,
                                           .number = first / INDEX_FLOW_CHUNK_ROWS * INDEX_FLOW_CHUNK_ROWS };
    while (cursor->number < first) {
        if (!index_flow_next(cursor, &flow))
            return false;
    }
    return true;
}

bool index_flow_read(const struct segment_index *index, uint32_t number, struct index_flow *flow)
{
    struct index_flow_cursor cursor;

    return index_flow_begin(index, number, &cursor) && index_flow_next(&cursor, flow);
}

/* ---- conversations of blocks, blocks of conversations ---- */

static bool end_may_be(const struct ip_address *end, const struct hint *hint)
{
    return end->family == 0 || ip_address_in_prefix(end, &hint->prefix.address, hint->prefix.n_bits);
}

static bool flow_may_answer(const struct flow_key *key, const struct hint *hint, unsigned depth)
{
    if (depth == HINT_DEPTH_LIMIT)
        return true;
    switch (hint->kind) {
    case HINT_AND:
        return flow_may_answer(key, hint->left, depth + 1) && flow_may_answer(key, hint->right, depth + 1);
    case HINT_OR:
        return flow_may_answer(key, hint->left, depth + 1) || flow_may_answer(key, hint->right, depth + 1);
    case HINT_ADDRESS:
        return end_may_be(&key->low, hint) || end_may_be(&key->high, hint);
    case HINT_PORT:
        return key->any_port || (key->port_low >= hint->port.low && key->port_low <= hint->port.high) ||
               (key->port_high >= hint->port.low && key->port_high <= hint->port.high);
    case HINT_FLOW:
        return key->any_port || hint->flow.key.any_port || flow_key_equal(key, &hint->flow.key);
    case HINT_PROTOCOL:
        if (hint->protocol == PROTOCOL_TCP)
            return key->protocol == IP_PROTOCOL_TCP;
        if (hint->protocol == PROTOCOL_UDP || hint->protocol == PROTOCOL_DTLS)
            return key->protocol == IP_PROTOCOL_UDP;
        return true;
    default:
        return true;
    }
}

static bool has_several(const struct segment_index *index, const uint64_t *bits)
{
    struct segment_block row;

    for (uint32_t block = 0; block < index->n_blocks; block++) {
        if (posting_has_bit(bits, block) &&
            (!segment_index_block(index, block, &row) || row.protocols & SEVERAL_CONVERSATIONS))
            return true;
    }
    return false;
}

static bool read_posting(const struct segment_index *index, const struct index_flow *flow, uint64_t *own)
{
    struct reader list;

    memset(own, 0, posting_words(index->n_blocks) * sizeof *own);
    return index_posting(index, flow->posting, &list) && posting_decode(list, own, index->n_blocks);
}

bool segment_index_flows_in(const struct segment_index *index, const uint64_t *bits, const struct hint *hint,
                            flow_function *function, void *context)
{
    size_t n_words = posting_words(index->n_blocks);
    uint64_t *own = calloc(n_words + 1, sizeof *own);
    bool takes_all = has_several(index, bits);
    struct index_flow_cursor cursor;
    bool ok = own && index_flow_begin(index, 0, &cursor);

    for (uint32_t i = 0; ok && i < index->n_exact + index->n_folded; i++) {
        struct index_flow flow;
        struct flow_key key;
        bool is_in = false;

        ok = index_flow_next(&cursor, &flow) && index_flow_key(index, &flow, &key);
        if (!ok || !(takes_all || flow_may_answer(&key, hint, 0)))
            continue;
        ok = read_posting(index, &flow, own);
        for (size_t word = 0; ok && word < n_words && !is_in; word++)
            is_in = own[word] & bits[word];
        ok = ok && (!is_in || function(context, &key));
    }
    free(own);
    return ok;
}

bool segment_index_blocks_of(const struct segment_index *index, flow_test *is_wanted, void *context,
                             uint64_t *bits)
{
    struct index_flow_cursor cursor;

    if (!index_flow_begin(index, 0, &cursor))
        return false;
    for (uint32_t i = 0; i < index->n_exact + index->n_folded; i++) {
        struct index_flow flow;
        struct flow_key key;
        struct reader list;

        if (!index_flow_next(&cursor, &flow) || !index_flow_key(index, &flow, &key))
            return false;
        if (is_wanted(context, &key) &&
            (!index_posting(index, flow.posting, &list) || !posting_decode(list, bits, index->n_blocks)))
            return false;
    }
    return true;
}
