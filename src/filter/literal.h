/* SPDX-License-Identifier: Apache-2.0 */
/*
 * literal - what a word, a quoted string or a character constant is worth for a field of some type. The same
 * "10" is ten for a port, one byte 0x10 for a payload and a fault for an address.
 */
#pragma once

#include "filter/arena.h"
#include "filter/tree.h"

struct literal_context {
    struct bytes text; /* of the filter, for faults */
    struct arena *arena;
    struct error *error;
};

/*
 * Makes a NODE_CONSTANT of a NODE_WORD, NODE_STRING or NODE_CHAR. n_bits: how wide a number may be; field
 * gives the names of values, NULL where none are taken.
 */
bool literal_resolve(const struct literal_context *context, struct node *node, enum field_type type,
                     unsigned n_bits, const struct field *field, bool is_negative);
