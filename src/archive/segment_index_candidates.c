/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which blocks a hint does not rule out. Every leaf adds bits, an OR adds both its sides into the same bits,
 * an AND meets two sets of their own. Whatever goes wrong on the way (damage, memory, depth) adds all bits:
 * more is read then, nothing is missed.
 */
#include <stdlib.h>

#include "archive/posting.h"
#include "archive/segment_index_map.h"

enum { HINT_DEPTH_LIMIT = 256 }; /* ANDs within ORs within ANDs; runs of one kind cost one */

/* ---- conversations ---- */

struct number_range { /* of addresses; low == high: none */
    uint32_t low, high;
};

/* How many of the sorted addresses come before the key's first n_bits, or with is_after, before or with them.
 */
static uint32_t count_before(struct bytes addresses, uint32_t n, unsigned width, const uint8_t *key,
                             unsigned n_bits, bool is_after)
{
    uint32_t low = 0, high = n;
    unsigned whole = n_bits / 8, rest = n_bits % 8;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *at = addresses.data + (size_t)middle * width;
        int order = whole ? memcmp(at, key, whole) : 0;

        if (order == 0 && rest)
            order = (at[whole] >> (8 - rest)) - (key[whole] >> (8 - rest));
        if (order < 0 || (order == 0 && is_after))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct number_range address_range(const struct segment_index *index, const struct ip_address *prefix,
                                         unsigned n_bits)
{
    unsigned width = prefix->family == 4 ? 4 : 16;
    struct bytes addresses, v4, v6;
    uint32_t n = prefix->family == 4 ? index->n4 : index->n6;
    uint32_t base = prefix->family == 4 ? 0 : index->n4;

    if ((prefix->family != 4 && prefix->family != 6) || n_bits > width * 8)
        return (struct number_range) { 0, 0 };
    if (!index_addresses(index, &v4, &v6))
        return (struct number_range) { 0, UINT32_MAX }; /* the callers have asked before */
    addresses = prefix->family == 4 ? v4 : v6;
    return (struct number_range) {
        base + count_before(addresses, n, width, prefix->bytes, n_bits, false),
        base + count_before(addresses, n, width, prefix->bytes, n_bits, true),
    };
}

static bool in_range(uint32_t number, struct number_range range)
{
    return number == INDEX_ADDRESS_ANY || (number >= range.low && number < range.high);
}

/* Adds the lists of all flows that the predicate takes, from first on. */
typedef bool flow_predicate(const struct flow_row *flow, const void *question);

/* flows: from index_flows and its like, whichever has what the predicate looks at. */
static bool add_flows(const struct segment_index *index, const struct flow_row *flows, uint32_t first,
                      flow_predicate *takes, const void *question, uint64_t *bits)
{
    for (uint32_t i = first; flows && i < index_flows_count(index); i++) {
        if (takes(&flows[i], question) && !index_add_posting(index, i, bits))
            return false;
    }
    return flows;
}

static bool flow_has_address(const struct flow_row *flow, const void *question)
{
    const struct number_range *range = question;

    return in_range(flow->low, *range) || in_range(flow->high, *range);
}

static bool flow_has_port(const struct flow_row *flow, const void *question)
{
    const struct hint *hint = question;

    return flow->any_port || (flow->port_low >= hint->port.low && flow->port_low <= hint->port.high) ||
           (flow->port_high >= hint->port.low && flow->port_high <= hint->port.high);
}

struct flow_question {
    const struct flow_key *key;
    struct number_range low, high;
};

static bool flow_is_of(const struct flow_row *flow, const void *question)
{
    const struct flow_question *q = question;
    uint8_t any_port = flow->any_port | q->key->any_port;

    if (flow->low == INDEX_ADDRESS_ANY && flow->high == INDEX_ADDRESS_ANY)
        return true;
    if (flow->protocol != q->key->protocol || !in_range(flow->low, q->low) || !in_range(flow->high, q->high))
        return false;
    if (any_port && flow->low == flow->high) /* ends of one address are told apart by the ports left out */
        return true;
    return (any_port & FLOW_ANY_PORT_LOW || flow->port_low == q->key->port_low) &&
           (any_port & FLOW_ANY_PORT_HIGH || flow->port_high == q->key->port_high);
}

static int compare_pair(const struct flow_row *flow, const struct flow_question *q)
{
    if (flow->low != q->low.low)
        return flow->low < q->low.low ? -1 : 1;
    return flow->high < q->high.low ? -1 : flow->high > q->high.low;
}

/* The first of the exact conversations whose addresses are not before those asked for; or, past them, the
 * first behind. */
static uint32_t first_of_pair(const struct segment_index *index, const struct flow_row *flows,
                              const struct flow_question *q, bool is_past)
{
    uint32_t low = 0, high = index->n_exact;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_pair(&flows[middle], q);

        if (order < 0 || (order == 0 && is_past))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool add_exact_flow(const struct segment_index *index, const struct flow_question *q, uint64_t *bits)
{
    const struct flow_row *flows = index_flow_addresses(index);
    uint32_t first, end;

    if (flows == NULL)
        return false;
    first = first_of_pair(index, flows, q, false);
    end = first_of_pair(index, flows, q, true);
    flows = index_flows_between(index, first, end);
    for (uint32_t i = first; flows && i < end; i++) {
        if (flows[i].protocol == q->key->protocol && flows[i].port_low == q->key->port_low &&
            flows[i].port_high == q->key->port_high)
            return index_add_posting(index, i, bits);
    }
    return flows;
}

static bool add_flow(const struct segment_index *index, const struct flow_key *key, uint64_t *bits)
{
    struct flow_question q = { .key = key };

    q.low = address_range(index, &key->low, ip_address_bits(&key->low));
    q.high = address_range(index, &key->high, ip_address_bits(&key->high));
    if (key->low.family == 0) /* a folded conversation's own key: any address */
        q.low = (struct number_range) { 0, INDEX_ADDRESS_ANY };
    if (key->high.family == 0)
        q.high = (struct number_range) { 0, INDEX_ADDRESS_ANY };
    if (key->low.family == 0 && key->high.family == 0) {
        struct number_range all = { 0, INDEX_ADDRESS_ANY };

        return add_flows(index, index_flow_addresses(index), 0, flow_has_address, &all, bits);
    }
    if (key->any_port || key->low.family == 0 || key->high.family == 0)
        return add_flows(index, index_flows(index), 0, flow_is_of, &q, bits);
    if (q.low.low != q.low.high && q.high.low != q.high.high && !add_exact_flow(index, &q, bits))
        return false;
    return add_flows(index, index_flows_between(index, index->n_exact, index_flows_count(index)),
                     index->n_exact, flow_is_of, &q, bits);
}

/* ---- the other leaves ---- */

static bool clear_bit_when(const struct segment_index *index, uint64_t *bits,
                           bool (*rules_out)(const struct segment_block *row, const void *question),
                           const void *question)
{
    struct segment_block row;

    for (uint32_t block = 0; block < index->n_blocks; block++) {
        if (!posting_has_bit(bits, block))
            continue;
        if (!segment_index_block(index, block, &row))
            return false;
        if (rules_out(&row, question))
            bits[block / 64] &= ~(UINT64_C(1) << (block % 64));
    }
    return true;
}

struct span {
    int64_t from_ns, to_ns;
};

static bool is_outside(const struct segment_block *row, const void *question)
{
    const struct span *span = question;

    return row->n_packets == 0 || row->max_ts_ns < span->from_ns || row->min_ts_ns > span->to_ns;
}

static bool lacks_protocol(const struct segment_block *row, const void *question)
{
    const uint64_t *wanted = question;

    return (row->protocols & *wanted) == 0;
}

static bool is_empty(const struct segment_block *row, const void *question)
{
    (void)question;
    return row->n_packets == 0;
}

struct identity_question {
    const struct segment_index *index;
    const struct hint *hint;
    uint64_t *bits;
};

static bool is_asked_for(const struct hint *hint, struct bytes identity)
{
    return hint->kind == HINT_IDENTITY_LIKE ? hint_takes_identity(hint, identity)
                                            : bytes_equal(identity, hint->identity);
}

static bool add_identity(void *context, enum identity_scheme scheme, struct bytes identity, uint64_t list)
{
    struct identity_question *q = context;

    if (!is_asked_for(q->hint, identity) && (scheme != IDENTITY_NONE || identity.len))
        return true;
    return index_add_posting(q->index, list, q->bits);
}

/* ---- the tree ---- */

static void add_candidates(const struct segment_index *index, const struct hint *hint, uint64_t *bits,
                           unsigned depth);

static uint64_t *bits_new(const struct segment_index *index)
{
    return calloc(posting_words(index->n_blocks) + 1, sizeof(uint64_t));
}

static bool add_and(const struct segment_index *index, const struct hint *hint, uint64_t *bits,
                    unsigned depth)
{
    uint64_t *left = bits_new(index), *right = bits_new(index);
    bool ok = left && right;

    if (ok) {
        add_candidates(index, hint->left, left, depth + 1);
        add_candidates(index, hint->right, right, depth + 1);
        for (size_t word = 0; word < posting_words(index->n_blocks); word++)
            bits[word] |= left[word] & right[word];
    }
    free(left);
    free(right);
    return ok;
}

/* The blocks of a leaf that is answered by taking blocks away: all, less those ruled out. */
static bool add_filtered(const struct segment_index *index, uint64_t *bits,
                         bool (*rules_out)(const struct segment_block *row, const void *question),
                         const void *question)
{
    uint64_t *own = bits_new(index);
    bool ok = own != NULL;

    if (ok) {
        posting_set_all(own, index->n_blocks);
        ok = clear_bit_when(index, own, rules_out, question);
        for (size_t word = 0; word < posting_words(index->n_blocks); word++)
            bits[word] |= own[word];
    }
    free(own);
    return ok;
}

static bool add_flow_span(const struct segment_index *index, const struct hint *hint, uint64_t *bits)
{
    struct span span = { hint->flow.from_ns, hint->flow.to_ns };
    uint64_t *own;
    bool ok;

    if (index->max_ts_ns < span.from_ns || index->min_ts_ns > span.to_ns)
        return true;
    own = bits_new(index);
    ok = own && add_flow(index, &hint->flow.key, own) && clear_bit_when(index, own, is_outside, &span);

    for (size_t word = 0; ok && word < posting_words(index->n_blocks); word++)
        bits[word] |= own[word];
    free(own);
    return ok;
}

static bool add_leaf(const struct segment_index *index, const struct hint *hint, uint64_t *bits,
                     unsigned depth)
{
    struct bytes v4, v6;

    switch (hint->kind) {
    case HINT_NONE:
        return true;
    case HINT_AND:
        return add_and(index, hint, bits, depth);
    case HINT_PROTOCOL: {
        uint64_t wanted = PROTOCOL_BIT(hint->protocol);

        return add_filtered(index, bits, lacks_protocol, &wanted);
    }
    case HINT_ADDRESS: {
        struct number_range range = address_range(index, &hint->prefix.address, hint->prefix.n_bits);

        return index_addresses(index, &v4, &v6) &&
               add_flows(index, index_flow_addresses(index), 0, flow_has_address, &range, bits);
    }
    case HINT_PORT:
        return add_flows(index, index_flows(index), 0, flow_has_port, hint, bits);
    case HINT_FLOW:
        return index_addresses(index, &v4, &v6) && add_flow_span(index, hint, bits);
    case HINT_IDENTITY:
    case HINT_IDENTITY_LIKE: {
        struct identity_question q = { index, hint, bits };

        return index_identities(index, add_identity, &q);
    }
    case HINT_TIME: {
        struct span span = { hint->time.from_ns, hint->time.to_ns };

        return add_filtered(index, bits, is_outside, &span);
    }
    case HINT_OR:
    case HINT_ALL:
        break;
    }
    return false;
}

static void add_candidates(const struct segment_index *index, const struct hint *hint, uint64_t *bits,
                           unsigned depth)
{
    bool ok = depth < HINT_DEPTH_LIMIT;

    /* A device's question is one long row of ORs, leaning to either side: walked, not recursed into. */
    while (ok && hint->kind == HINT_OR) {
        bool leans_left = hint->left->kind == HINT_OR && hint->right->kind != HINT_OR;

        add_candidates(index, leans_left ? hint->right : hint->left, bits, depth + 1);
        hint = leans_left ? hint->left : hint->right;
    }
    if (!ok || !add_leaf(index, hint, bits, depth))
        posting_set_all(bits, index->n_blocks);
}

uint32_t segment_index_candidates(const struct segment_index *index, const struct hint *hint, uint64_t *bits)
{
    memset(bits, 0, posting_words(index->n_blocks) * sizeof *bits);
    add_candidates(index, hint, bits, 0);
    if (!clear_bit_when(index, bits, is_empty, NULL))
        posting_set_all(bits, index->n_blocks);
    return posting_count(bits, index->n_blocks);
}
