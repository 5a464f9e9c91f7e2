/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol - the table of all protocols, and names looked up in it. Only compiling a filter or printing help
 * comes here, so a walk through the tables is fast enough and there is nothing to keep in step.
 */
#include "protocol/protocol.h"

#include "base/nearest.h"

#define X(id, name) extern const struct protocol protocol_##name;
PROTOCOL_LIST(X)
#undef X

const struct protocol *const protocols[PROTOCOL_COUNT] = {
#define X(id, name) [PROTOCOL_##id] = &protocol_##name,
    PROTOCOL_LIST(X)
#undef X
};

static bool is_name(const char *known, const char *name, size_t len)
{
    return known && strlen(known) == len && memcmp(known, name, len) == 0;
}

uint16_t field_find(const char *name, size_t len)
{
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        for (unsigned i = 0; i < protocols[p]->n_fields; i++) {
            if (is_name(protocols[p]->fields[i].name, name, len))
                return FIELD_ID(p, i);
        }
    }
    return FIELD_ID_NONE;
}

enum protocol_id protocol_find(const char *name, size_t len)
{
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        if (is_name(protocols[p]->name, name, len))
            return (enum protocol_id)p;
    }
    return PROTOCOL_NONE;
}

const char *field_nearest(const char *name, size_t len)
{
    struct nearest nearest;

    nearest_init(&nearest, name, len);
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        nearest_offer(&nearest, protocols[p]->name);
        for (unsigned i = 0; i < protocols[p]->n_fields; i++) {
            if (protocols[p]->fields[i].name)
                nearest_offer(&nearest, protocols[p]->fields[i].name);
        }
    }
    return nearest_name(&nearest);
}

unsigned field_width(const struct field *field)
{
    if (field->ft_bits)
        return field->ft_bits;
    if (field->n_bits == 0 || field->n_bits > 32)
        return field->n_bits ? 64 : 32;
    return (field->n_bits + 7u) / 8 * 8;
}

const char *field_value_name(const struct field *field, uint64_t value)
{
    if (field->names == NULL)
        return NULL;
    for (const struct value_name *known = field->names; known->name; known++) {
        if (known->value == value)
            return known->name;
    }
    return NULL;
}
