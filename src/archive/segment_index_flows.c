/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From blocks to the conversations in them, and from conversations to all their blocks: what an answer needs
 * of earlier packets is found by it.
 */
#include <stdlib.h>

#include "archive/posting.h"
#include "archive/segment_index_map.h"
#include "protocol/dispatch.h"

enum { HINT_DEPTH_LIMIT = 256 };

/* Packets that belong to several conversations at once: what is true of one of them may be asked of another.
 */
#define SEVERAL_CONVERSATIONS                                                                    \
    (PROTOCOL_BIT(PROTOCOL_VXLAN) | PROTOCOL_BIT(PROTOCOL_GENEVE) | PROTOCOL_BIT(PROTOCOL_GRE) | \
     PROTOCOL_BIT(PROTOCOL_ERSPAN) | PROTOCOL_BIT(PROTOCOL_TZSP))

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

bool segment_index_flows_in(const struct segment_index *index, const uint64_t *bits, const struct hint *hint,
                            flow_function *function, void *context)
{
    size_t n_words = posting_words(index->n_blocks);
    uint64_t *own = calloc(n_words + 1, sizeof *own);
    bool takes_all = has_several(index, bits);
    const struct flow_row *flows = index_flows(index);
    bool ok = own && flows;

    for (uint32_t i = 0; ok && i < index_flows_count(index); i++) {
        struct flow_key key;
        bool is_in = false;

        ok = index_flow_key(index, &flows[i], &key);
        if (!ok || !(takes_all || flow_may_answer(&key, hint, 0)))
            continue;
        memset(own, 0, n_words * sizeof *own);
        ok = index_add_posting(index, i, own);
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
    const struct flow_row *flows = index_flows(index);

    for (uint32_t i = 0; flows && i < index_flows_count(index); i++) {
        struct flow_key key;

        if (!index_flow_key(index, &flows[i], &key) ||
            (is_wanted(context, &key) && !index_add_posting(index, i, bits)))
            return false;
    }
    return flows;
}
