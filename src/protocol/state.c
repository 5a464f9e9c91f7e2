/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/state.h"

#include <stdlib.h>

enum {
    ASSOCIATIONS = 1 << 14, /* sets of WAYS; 65 536 associations, 3 MiB */
    ENDS = 1 << 10,         /* likewise for the ends with connection ids */
    WAYS = 4,
};

static const struct reassembly_limits ip_limits = {
    .messages = 1024,
    .message_bytes = 65535, /* RFC 791: total length has 16 bits */
    .total_bytes = 16 << 20,
    .age_ns = INT64_C(30000000000), /* RFC 8200 section 4.5 gives up after 60 s, most stacks after 30 */
};

static const struct reassembly_limits handshake_limits = {
    .messages = 1024,
    .message_bytes = 1 << 16, /* the format allows 2^24; certificates chains fit, floods do not */
    .total_bytes = 16 << 20,
    .age_ns = INT64_C(120000000000), /* DTLS timers double up to 60 s: RFC 6347 section 4.2.4.1 */
};

struct cid_end {
    struct ip_address address;
    uint16_t port;
    uint8_t len; /* 0: the slot is free */
};

struct dissect_state {
    struct reassembly *ip;
    struct reassembly *handshakes;
    struct dtls_association *associations; /* ASSOCIATIONS sets of WAYS, newest first in each */
    struct cid_end *ends;                  /* ENDS sets of WAYS, likewise */
    uint64_t hash_seed;
    uint64_t n_packets;
    void *of[PROTOCOL_COUNT]; /* what each protocol remembers */
};

struct dissect_state *dissect_state_new(uint64_t hash_seed)
{
    struct dissect_state *state = calloc(1, sizeof *state);

    if (state == NULL)
        return NULL;
    state->hash_seed = hash_seed;
    state->ip = reassembly_new(&ip_limits, hash_seed);
    state->handshakes = reassembly_new(&handshake_limits, hash_seed);
    state->associations = calloc((size_t)ASSOCIATIONS * WAYS, sizeof *state->associations);
    state->ends = calloc((size_t)ENDS * WAYS, sizeof *state->ends);
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
    free(state->associations);
    free(state->ends);
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

static struct dtls_association *set_of(struct dissect_state *state, const struct flow_key *flow)
{
    uint64_t hash = flow_key_hash(flow, state->hash_seed);

    return &state->associations[(hash & (ASSOCIATIONS - 1)) * WAYS];
}

struct dtls_association *dissect_state_dtls(struct dissect_state *state, const struct flow_key *flow)
{
    struct dtls_association *set = set_of(state, flow);

    for (unsigned i = 0; i < WAYS; i++) {
        if (flow_key_equal(&set[i].flow, flow))
            return &set[i];
    }
    return NULL;
}

struct dtls_association *dissect_state_dtls_remember(struct dissect_state *state, const struct flow_key *flow)
{
    struct dtls_association *set = set_of(state, flow);
    struct dtls_association found = { .flow = *flow };
    unsigned i = 0;

    while (i < WAYS - 1 && !flow_key_equal(&set[i].flow, flow))
        i++;
    if (flow_key_equal(&set[i].flow, flow))
        found = set[i];
    memmove(set + 1, set, i * sizeof *set); /* the newest stands first, the oldest falls off */
    set[0] = found;
    return set;
}

static struct cid_end *ends_of(const struct dissect_state *state, const struct ip_address *address,
                               uint16_t port)
{
    struct flow_key end = { .low = *address, .port_low = port };

    return &state->ends[(flow_key_hash(&end, state->hash_seed) & (ENDS - 1)) * WAYS];
}

static bool is_end(const struct cid_end *end, const struct ip_address *address, uint16_t port)
{
    return end->len && end->port == port && ip_address_equal(&end->address, address);
}

uint8_t dissect_state_cid_len(const struct dissect_state *state, const struct ip_address *address,
                              uint16_t port)
{
    const struct cid_end *set = ends_of(state, address, port);

    for (unsigned i = 0; i < WAYS; i++) {
        if (is_end(&set[i], address, port))
            return set[i].len;
    }
    return 0;
}

void dissect_state_cid_learn(struct dissect_state *state, const struct ip_address *address, uint16_t port,
                             uint8_t len)
{
    struct cid_end *set = ends_of(state, address, port);
    unsigned i = 0;

    while (i < WAYS - 1 && !is_end(&set[i], address, port))
        i++;
    memmove(set + 1, set, i * sizeof *set);
    set[0] = (struct cid_end) { *address, port, len };
}

uint64_t dissect_state_evicted(const struct dissect_state *state)
{
    uint64_t n = reassembly_evicted(state->ip) + reassembly_evicted(state->handshakes);

    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        if (state->of[p] && protocols[p]->state_forgotten)
            n += protocols[p]->state_forgotten(state->of[p]);
    return n;
}
