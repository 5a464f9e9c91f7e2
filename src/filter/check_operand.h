/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_operand - gives what stands on either side of a relation its type: names become fields, literals
 * become constants of the type of what they stand beside.
 *
 * What is compared with what follows Wireshark: the left side has a type, and the right side is read as that;
 * arithmetic is of the type of what stands leftmost in it.
 */
#pragma once

#include "filter/check.h"
#include "filter/literal.h"

struct check {
    struct literal_context literal;
    struct demand *demand;
    struct regex_list *regexes;
    struct check_outside *outside;
};

/* What a literal is read as: the type and its width, and the field whose value names hold. */
struct expected {
    enum field_type type;
    uint8_t n_bits;
    const struct field *field;
};

/* Sets the error; always false. */
bool check_fault(struct check *check, struct span span, const char *sentence);
bool check_unknown_name(struct check *check, const struct node *node);
bool check_incompatible(struct check *check, const struct node *a, const struct node *b);

/* What a node is in the filter's text, for "%.*s". */
int check_shown(const struct node *node);
const char *check_source(const struct check *check, const struct node *node);

/* True for what has no type of its own. Names are resolved on the way. */
bool check_is_literal(struct check *check, struct node *node);

/* Reads a literal, or a sum of literals, as what it is compared with. */
bool check_literal(struct check *check, struct node *node, struct expected expected, bool is_negative);

/* Gives an operand that is no literal its type. expected: what literals in it are, beside another; or NULL.
 */
bool check_operand(struct check *check, struct node *node, const struct expected *expected);

/* Resolves the right side of something against its left one, which is resolved. */
bool check_second(struct check *check, const struct node *first, struct node *second);

/* Whether the two, resolved, have values that are ordered: the same type, or bytes on both sides. */
bool check_operands_compare(const struct node *first, const struct node *second);

bool check_is_bytes(enum field_type type);
