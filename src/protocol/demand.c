/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/demand.h"

/* Those that express_walk knows, and those of which a conversation is read. */
#define EXPRESS_PROTOCOLS                                                                          \
    (PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) | \
     PROTOCOL_BIT(PROTOCOL_UDP) | PROTOCOL_BIT(PROTOCOL_VXLAN))
#define FLOW_PROTOCOLS                                                                        \
    (PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_UDP) | \
     PROTOCOL_BIT(PROTOCOL_TCP))

void demand_init(struct demand *demand)
{
    memset(demand, 0, sizeof *demand);
}

void demand_add_protocol(struct demand *demand, enum protocol_id protocol)
{
    demand->protocols |= PROTOCOL_BIT(protocol);
    demand->is_whole |= protocol == PROTOCOL_MALFORMED; /* any layer may be */
}

static void add_bit(struct demand *demand, enum protocol_id protocol, unsigned index)
{
    demand->fields[protocol][index >> 6] |= UINT64_C(1) << (index & 63);
}

void demand_add_field(struct demand *demand, uint16_t field_id)
{
    enum protocol_id protocol = FIELD_PROTOCOL(field_id);
    const struct field *field = field_of(field_id);

    demand_add_protocol(demand, protocol);
    demand->protocols |= protocols[protocol]->lends_to | field->lends_to;
    if (field->any_of[0] != field->any_of[1]) {
        add_bit(demand, protocol, field->any_of[0]);
        add_bit(demand, protocol, field->any_of[1]);
    }
    add_bit(demand, protocol, FIELD_INDEX(field_id));
    demand->is_whole |= field->needs_all;
}

void demand_add_everything(struct demand *demand)
{
    memset(demand->fields, 0xff, sizeof demand->fields);
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        demand_add_protocol(demand, (enum protocol_id)p);
    demand->is_whole = true;
}

bool demand_equals(const struct demand *a, const struct demand *b)
{
    return a->protocols == b->protocols && a->passable == b->passable && a->kept == b->kept &&
           a->express == b->express && a->is_whole == b->is_whole &&
           memcmp(a->fields, b->fields, sizeof a->fields) == 0;
}

void demand_merge(struct demand *demand, const struct demand *other)
{
    demand->protocols |= other->protocols;
    demand->is_whole |= other->is_whole;
    for (unsigned p = 0; p < PROTOCOL_COUNT; p++) {
        for (unsigned i = 0; i < FIELDS_LIMIT / 64; i++)
            demand->fields[p][i] |= other->fields[p][i];
    }
}

/* Express_walk adds no values: it may pass what has all its fields in demand at fixed places. */
static uint64_t express_protocols(const struct demand *demand)
{
    uint64_t express = EXPRESS_PROTOCOLS;

    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        uint64_t has_added = 0; /* the protocol, and whom it lends what is added */

        for (unsigned f = 0; express >> p & 1 && f < protocols[p]->n_fields; f++) {
            const struct field *field = &protocols[p]->fields[f];

            if (demand_has_field(demand, (enum protocol_id)p, f) && field->n_bits == 0 &&
                field->any_of[0] == field->any_of[1])
                has_added |= PROTOCOL_BIT(p) | protocols[p]->lends_to | field->lends_to;
        }
        express &= ~has_added;
    }
    return express;
}

static bool has_field_of_flow(const struct demand *demand, enum protocol_id protocol)
{
    bool has = false;

    for (unsigned f = 0; f < protocols[protocol]->n_fields; f++)
        has |= protocols[protocol]->fields[f].needs_flow && demand_has_field(demand, protocol, f);
    return has;
}

/* Some values say by themselves that the packet is malformed: whoever asks whether it is asks for them. */
static void add_faults(struct demand *demand)
{
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        for (unsigned f = 0; f < protocols[p]->n_fields; f++)
            if (protocols[p]->fields[f].is_fault)
                add_bit(demand, (enum protocol_id)p, f);
}

void demand_settle(struct demand *demand)
{
    uint64_t before;

    if (demand->protocols & PROTOCOL_BIT(PROTOCOL_MALFORMED))
        add_faults(demand);
    demand->passable = demand->protocols;
    do {
        before = demand->passable;
        for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
            if (protocols[p]->may_carry & demand->passable)
                demand->passable |= PROTOCOL_BIT(p);
        }
    } while (demand->passable != before);
    demand->express = express_protocols(demand);
    demand->kept = demand->protocols;
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        if (!(demand->passable & PROTOCOL_BIT(p)))
            continue;
        if (!(EXPRESS_PROTOCOLS & PROTOCOL_BIT(p))) /* others may lie in it: dissection_aside */
            demand->kept |= PROTOCOL_BIT(p);
        /* It is understood by the conversation it is in (dissection_ends), or put together by it
         * (tcp_stream). */
        if (protocols[p]->needs_flow || protocols[p]->pdu_length ||
            has_field_of_flow(demand, (enum protocol_id)p))
            demand->kept |= FLOW_PROTOCOLS;
    }
    if (demand->is_whole) {
        demand->passable = ~UINT64_C(0);
        demand->kept = ~UINT64_C(0);
    }
    if (demand->passable &
        PROTOCOL_BIT(PROTOCOL_QUIC)) /* told by the conversation, which the walk keeps late */
        demand->express &= ~PROTOCOL_BIT(PROTOCOL_UDP);
}
