/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/demand.h"

void demand_init(struct demand *demand)
{
    memset(demand, 0, sizeof *demand);
}

void demand_add_protocol(struct demand *demand, enum protocol_id protocol)
{
    demand->protocols |= PROTOCOL_BIT(protocol);
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

void demand_merge(struct demand *demand, const struct demand *other)
{
    demand->protocols |= other->protocols;
    demand->is_whole |= other->is_whole;
    for (unsigned p = 0; p < PROTOCOL_COUNT; p++) {
        for (unsigned i = 0; i < 4; i++)
            demand->fields[p][i] |= other->fields[p][i];
    }
}

/* Express_walk adds no values: it may pass what has all its fields in demand at fixed places. */
static uint64_t express_protocols(const struct demand *demand)
{
    static const enum protocol_id known[] = { PROTOCOL_ETHERNET, PROTOCOL_IPV4, PROTOCOL_IPV6, PROTOCOL_UDP,
                                              PROTOCOL_VXLAN };
    uint64_t express = 0;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        bool has_added = false;

        for (unsigned f = 0; f < protocols[known[i]]->n_fields; f++) {
            const struct field *field = &protocols[known[i]]->fields[f];

            has_added |= demand_has_field(demand, known[i], f) && field->n_bits == 0 &&
                         field->any_of[0] == field->any_of[1];
        }
        if (!has_added)
            express |= PROTOCOL_BIT(known[i]);
    }
    return express;
}

void demand_settle(struct demand *demand)
{
    uint64_t before;

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
    /* Handshakes are told apart by the conversation they are in: dtls_handshake.c looks at the layers below.
     */
    if (demand->protocols & PROTOCOL_BIT(PROTOCOL_DTLS))
        demand->kept |=
            PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_UDP);
    if (demand->is_whole) {
        demand->passable = ~UINT64_C(0);
        demand->kept = ~UINT64_C(0);
    }
}
