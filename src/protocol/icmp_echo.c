/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/icmp_echo.h"

#include "base/lru_table.h"
#include "protocol/checksum.h"
#include "protocol/flow.h"
#include "protocol/state.h"

struct echo_key { /* hashed and compared whole */
    struct flow_key flow;
    struct icmp_echo echo;
    uint16_t zero;
};

static_assert(sizeof(struct echo_key) == sizeof(struct flow_key) + 8, "no hidden padding");

struct echo_request {
    uint64_t number;
    int64_t ts_ns;
    bool is_answered;
};

void *icmp_echo_new(uint64_t hash_seed)
{
    struct lru_table_options options = { .key_bytes = sizeof(struct echo_key),
                                         .value_bytes = sizeof(struct echo_request),
                                         .limit = ICMP_ECHO_REQUESTS,
                                         .hash_seed = hash_seed };

    return lru_table_new(&options);
}

void icmp_echo_free(void *state)
{
    lru_table_free(state);
}

uint64_t icmp_echo_forgotten(const void *state)
{
    return lru_table_forgotten(state);
}

static bool make_key(const struct dissection *d, const struct icmp_echo *echo, struct echo_key *key)
{
    struct conversation_ends ends;

    if (!dissection_ends(d, &ends))
        return false;
    *key = (struct echo_key) { .flow = ends.flow, .echo = *echo };
    return true;
}

void icmp_echo_request(struct dissection *d, enum protocol_id protocol, const struct icmp_echo *echo)
{
    void *table = d->state ? dissect_state_of(d->state, protocol) : NULL;
    struct echo_request *request;
    struct echo_key key;

    if (table == NULL || !make_key(d, echo, &key) || (request = lru_table_put(table, &key, NULL)) == NULL)
        return;
    *request = (struct echo_request) { .number = d->packet->number, .ts_ns = d->packet->ts_ns };
}

bool icmp_echo_reply(struct dissection *d, enum protocol_id protocol, const struct icmp_echo *echo,
                     uint64_t *number, int64_t *after_ns)
{
    void *table = d->state ? dissect_state_of(d->state, protocol) : NULL;
    struct echo_request *request;
    struct echo_key key;

    if (table == NULL || !make_key(d, echo, &key) || (request = lru_table_find(table, &key)) == NULL ||
        request->is_answered)
        return false;
    request->is_answered = true;
    *number = request->number;
    *after_ns = d->packet->ts_ns - request->ts_ns;
    return true;
}

const struct layer *icmp_ip_below(const struct dissection *d)
{
    for (uint32_t i = d->n_layers; i > 0; i--) {
        uint8_t protocol = d->layers[i - 1].protocol;

        if (protocol == PROTOCOL_IPV4 || protocol == PROTOCOL_IPV6)
            return &d->layers[i - 1];
    }
    return NULL;
}

unsigned icmp_checksum_status(const struct dissection *d, const struct reader *whole, uint32_t sum,
                              bool is_quoted)
{
    const struct layer *ip = icmp_ip_below(d);

    if (is_quoted || reader_left(whole) < d->left_wire || (ip && ip->fragment == FRAGMENT_FIRST))
        return CHECKSUM_UNVERIFIED;
    return checksum_fold(checksum_add(sum, reader_rest(whole))) == 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD;
}
