/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser_operand - what stands on either side of a relation: fields and values, slices, functions,
 * arithmetic.
 */
#pragma once

#include "filter/parser_state.h"

/* Each is NULL with the error set where none stands. */

/* Everything: a + b[0:2] & {c * -d} */
struct node *parser_operand(struct parser *parser);

/* One part of it, with its sign: -d, {c * -d} */
struct node *parser_term(struct parser *parser);

/* What can be searched, sliced and put into a set: a field, a value or a function, with its slices. */
struct node *parser_entity(struct parser *parser);
