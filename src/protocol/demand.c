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
    if (demand->is_whole)
        demand->passable = ~UINT64_C(0);
}
