/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demand - what somebody wants to know of packets: protocols and fields. A packet is dissected no deeper, and
 * no field is added, than its demand says.
 */
#pragma once

#include "protocol/protocol.h"

struct demand {
    uint64_t protocols; /* wanted: their presence or a field of theirs */
    uint64_t passable;  /* wanted, or on the way to a wanted one; set by demand_settle */
    uint64_t kept;      /* those whose layers are kept: wanted ones, and those they are understood by */
    uint64_t express;   /* those that express_walk may pass: no field of theirs must be added */
    uint64_t fields[PROTOCOL_COUNT][FIELDS_LIMIT / 64]; /* a bit a field */
    bool is_whole; /* every layer there is, wanted or not (frame.protocols, JSON) */
};

void demand_init(struct demand *demand);
void demand_add_protocol(struct demand *demand, enum protocol_id protocol);
void demand_add_field(struct demand *demand, uint16_t field_id); /* an any_of field adds its members */
void demand_add_everything(struct demand *demand);
void demand_merge(struct demand *demand, const struct demand *other);

bool demand_equals(const struct demand *a, const struct demand *b);

/* Computes what must be passed through; call once after the last add. */
void demand_settle(struct demand *demand);

static inline bool demand_has_field(const struct demand *demand, enum protocol_id protocol, unsigned field)
{
    return demand->fields[protocol][field >> 6] >> (field & 63) & 1;
}
