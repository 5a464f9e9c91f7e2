/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/state.h"

#include <stdlib.h>

#include "base/lru_table.h"

enum {
    ASSOCIATIONS = 1 << 14,
    ENDS = 1 << 12, /* with connection ids */
};

static const struct reassembly_limits ip_limits = {
    .messages = 1024,
    .message_bytes = 65535, /* RFC 791: total length has 16 bits */
    .total_bytes = 16 << 20,
    .age_ns = INT64_C(30000000000), /* RFC 8200 section 4.5 gives up after 60 s, most stacks after 30 */
    .keeps_length = true,           /* floods and attacks say two: the datagram is shown all the same */
};

static const struct reassembly_limits handshake_limits = {
    .messages = 1024,
    .message_bytes = 1 << 16, /* the format allows 2^24; certificates chains fit, floods do not */
    .total_bytes = 16 << 20,
    .age_ns = INT64_C(120000000000), /* DTLS timers double up to 60 s: RFC 6347 section 4.2.4.1 */
};

struct dissect_state {
    struct reassembly *ip;
    struct reassembly *handshakes;
    struct lru_table *associations; /* flow_key to tls_session */
    struct lru_table *ends;         /* flow_key with its low end only, to the length of its ids */
    uint64_t hash_seed;
    uint64_t n_packets;
    void *of[PROTOCOL_COUNT]; /* what each protocol remembers */
};

static struct lru_table *by_flow(size_t value_bytes, uint32_t limit, uint64_t hash_seed)
{
    return lru_table_new(&(struct lru_table_options) { .key_bytes = sizeof(struct flow_key),
                                                       .value_bytes = value_bytes,
                                                       .limit = limit,
                                                       .hash_seed = hash_seed });
}

struct dissect_state *dissect_state_new(uint64_t hash_seed)
{
    struct dissect_state *state = calloc(1, sizeof *state);

    if (state == NULL)
        return NULL;
    state->hash_seed = hash_seed;
    state->ip = reassembly_new(&ip_limits, hash_seed);
    state->handshakes = reassembly_new(&handshake_limits, hash_seed);
    state->associations = by_flow(sizeof(struct tls_session), ASSOCIATIONS, hash_seed);
    state->ends = by_flow(sizeof(uint8_t), ENDS, hash_seed);
    if (!state->ip || !state->handshakes || !state->associations || !state->ends) {
        dissect_state_free(state);
        return NULL;
    }
    return state;
}

void dissect_state_free(struct dissect_state *state)
{
    if (state == NULL)
        return;
    reassembly_free(state->ip);
    reassembly_free(state->handshakes);
    lru_table_free(state->associations);
    lru_table_free(state->ends);
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        if (state->of[p])
            protocols[p]->state_free(state->of[p]);
    free(state);
}

void *dissect_state_of(struct dissect_state *state, enum protocol_id protocol)
{
    if (state == NULL)
        return NULL;
    if (state->of[protocol] == NULL && protocols[protocol]->state_new)
        state->of[protocol] = protocols[protocol]->state_new(state->hash_seed);
    return state->of[protocol];
}

uint64_t dissect_state_packets(const struct dissect_state *state)
{
    return state->n_packets;
}

void dissect_state_begin(struct dissect_state *state)
{
    state->n_packets++;
    reassembly_release(state->ip);
    reassembly_release(state->handshakes);
}

struct reassembly *dissect_state_ip(struct dissect_state *state)
{
    return state->ip;
}

struct reassembly *dissect_state_handshakes(struct dissect_state *state)
{
    return state->handshakes;
}

struct tls_session *dissect_state_dtls(struct dissect_state *state, const struct flow_key *flow)
{
    return lru_table_find(state->associations, flow);
}

struct tls_session *dissect_state_dtls_remember(struct dissect_state *state, const struct flow_key *flow)
{
    return lru_table_put(state->associations, flow, NULL);
}

static struct flow_key end_key(const struct ip_address *address, uint16_t port)
{
    return (struct flow_key) { .low = *address, .port_low = port };
}

uint8_t dissect_state_cid_len(struct dissect_state *state, const struct ip_address *address, uint16_t port)
{
    struct flow_key end = end_key(address, port);
    const uint8_t *len = lru_table_find(state->ends, &end);

    return len ? *len : 0;
}

void dissect_state_cid_learn(struct dissect_state *state, const struct ip_address *address, uint16_t port,
                             uint8_t len)
{
    struct flow_key end = end_key(address, port);
    uint8_t *known = lru_table_put(state->ends, &end, NULL);

    if (known)
        *known = len;
}

uint64_t dissect_state_evicted(const struct dissect_state *state)
{
    uint64_t n = reassembly_evicted(state->ip) + reassembly_evicted(state->handshakes) +
                 lru_table_forgotten(state->associations) + lru_table_forgotten(state->ends);

    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        if (state->of[p] && protocols[p]->state_forgotten)
            n += protocols[p]->state_forgotten(state->of[p]);
    return n;
}
