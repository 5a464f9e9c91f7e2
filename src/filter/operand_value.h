/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operand_value - one value that a filter computes with, and how: in the kinds and widths that Wireshark has.
 */
#pragma once

#include "base/bytes.h"
#include "filter/tree.h"

enum operand_kind {
    OPERAND_UNSIGNED,
    OPERAND_SIGNED, /* also times; and what of unsigned numbers is negative once it is computed: 64 - 65 */
    OPERAND_REAL,
    OPERAND_BYTES, /* also addresses: the shorter is less */
    OPERAND_TEXT,  /* "abc" is less than "b" */
};

struct operand_value {
    uint8_t kind;
    bool is_wide;     /* computed in 64 bits, else in 32 */
    bool is_protocol; /* what follows a protocol's begin */
    uint16_t
        n_prefix_bits; /* of bytes: so many are compared, for 10.0.0.0/8 equals 10.1.2.3 on either side */
    union {
        uint64_t number; /* an int64_t of OPERAND_SIGNED */
        double real;
    };
    struct bytes bytes;
};

static inline struct operand_value operand_of_bytes(enum operand_kind kind, struct bytes bytes)
{
    return (struct operand_value) { .kind = (uint8_t)kind, .n_prefix_bits = UINT16_MAX, .bytes = bytes };
}

static inline bool operand_is_integer(const struct operand_value *value)
{
    return value->kind <= OPERAND_SIGNED;
}

static inline bool operand_is_bytes(const struct operand_value *value)
{
    return value->kind >= OPERAND_BYTES;
}

__extension__ typedef __int128 operand_number; /* what any integer fits, whatever its kind */

operand_number operand_number_of(const struct operand_value *value);

/*
 * As Wireshark computes: in the kind and width of the left operand; but what an unsigned subtraction takes
 * below zero is signed. False where there is no answer: division by zero, overflow, kinds that do not meet.
 */
bool operand_compute(enum operation operation, const struct operand_value *a, const struct operand_value *b,
                     struct operand_value *result);
bool operand_negate(struct operand_value *value);

/* False where there is no order: what is negative beside unsigned numbers, too large beside signed ones. */
bool operand_order(const struct operand_value *a, const struct operand_value *b, int *order);
