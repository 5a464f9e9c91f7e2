/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program - a checked tree as a compact array of tests with jumps.
 *
 * Each instruction is one test and says where to go when it holds and when it does not; "and", "or" and "not"
 * are nothing but these jumps, so there is no stack, and what cannot change the answer is not looked at.
 * Comparisons of fields with constants, which most filters consist of, have an instruction each by the kind
 * of value; everything computed goes the long way of OP_GENERAL (operand.h).
 */
#pragma once

#include <stdatomic.h>

#include "filter/arena.h"
#include "filter/tree.h"

struct dissection;

enum op {
    OP_PRESENT,    /* a protocol is there: any of mask */
    OP_BITS_RANGE, /* a value of up to 64 bits at a fixed place lies in low..low+span */
    OP_BITS_SET,   /* the same for one of several ranges */
    OP_BITS_EXISTS,
    OP_NUMBER_SET, /* a number found by the dissector lies in one of the ranges */
    OP_WIDE_SET,   /* an IPv6 address at a fixed place */
    OP_BYTES_SET,  /* bytes or text equal to one of the constants, or ordered against one */
    OP_EXISTS,     /* a field has a value */
    OP_GENERAL,    /* anything else */
    OP_EXTERNAL,   /* what only another program knows: asked beforehand (external.h) */
};

enum { OPERAND_LISTS = 200 }; /* lists of values that one operand may need at once */

enum { INSTRUCTION_PLACES = 2 };

#define PROGRAM_TRUE UINT32_MAX
#define PROGRAM_FALSE (UINT32_MAX - 1)

/*
 * Where values of up to 64 bits lie in a header: the big-endian word of the eight bytes at load_at, shifted,
 * masked. The word ends where the value does whenever the header is long enough before it, so that having the
 * value means having the word.
 */
struct place {
    uint64_t mask;
    uint32_t load_at;
    uint32_t end_byte; /* the header must reach so far */
    uint8_t shift;
    bool zero_is_all; /* struct field's */
};

struct number_range {
    uint64_t low, high;
};

struct wide_range {
    wide low, high;
};

/* Steps of a computed operand, in postfix order. */
enum step_kind {
    STEP_FIELD,
    STEP_PROTOCOL,
    STEP_CONSTANT,
    STEP_NEGATE,
    STEP_ARITH,
    STEP_SLICE,
    STEP_FUNCTION
};

struct step {
    enum step_kind kind;
    uint32_t n_arguments; /* of a function */
    const struct node *node;
};

struct steps {
    const struct step *items;
    uint32_t n;
};

/* One thing a computed left side is compared with: a value, or low..high of a set. */
struct general_right {
    struct steps low, high; /* high.n == 0: no range */
};

struct general {
    struct steps left;
    const struct general_right *rights; /* one, or the elements of a set; none: existence */
    uint32_t n_rights;
    bool is_set; /* "in" */
    enum relation relation;
};

struct instruction {
    uint8_t op;
    uint8_t protocol; /* whose layers are looked at */
    bool is_all;      /* every value must agree (and there must be one), else one suffices */
    bool is_negated;  /* agree means: outside the set */
    bool is_denied;   /* it stands under an odd number of "not" */
    uint8_t n_places;
    bool has_fixed;             /* one of the fields lies at a fixed place of its header */
    uint32_t on_true, on_false; /* the next instruction, PROGRAM_TRUE or PROGRAM_FALSE */
    uint64_t mask; /* OP_PRESENT; else the protocols without which it is false; OP_GENERAL: 0 if unknown */
    struct place places[INSTRUCTION_PLACES];
    uint16_t fields[INSTRUCTION_PLACES]; /* for values that are not at fixed places */
    enum relation relation;              /* OP_BYTES_SET: EQ with any, or an order with the only one */
    uint64_t low, span;
    uint32_t n_set;
    uint32_t external; /* which of the filter's external tests */
    union {
        const struct number_range *numbers; /* sorted, disjoint */
        const struct wide_range *wides;
        const struct bytes *texts; /* sorted */
        const struct general *general;
    };
};

/* What was left undone for want of room, by all threads that run the program. */
struct program_limits {
    _Atomic uint64_t n_operands_cut; /* OPERAND_VALUES, OPERAND_SCRATCH */
    _Atomic uint64_t n_patterns_cut; /* a pattern's share of work or memory: counted as no match */
};

struct external_answers;

struct program {
    struct instruction *instructions;
    uint32_t n;
    uint32_t entry;
    bool is_mixed; /* a test may count either way (xor), or is answered elsewhere: nothing can be sieved */
    struct program_limits *limits;
    const struct external_answers *answers; /* of OP_EXTERNAL; NULL: no to all */
};

/* All of it in arena. False with *error set when there is no room. */
bool program_compile(struct program *program, const struct node *root, struct arena *arena,
                     struct error *error);

static inline bool program_has_number(const struct instruction *test, uint64_t key)
{
    uint32_t low = 0, high = test->n_set;

    while (low < high) { /* the last range that begins at or before key */
        uint32_t middle = low + (high - low) / 2;

        if (test->numbers[middle].low <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && key <= test->numbers[low - 1].high;
}

static inline bool program_has_wide(const struct instruction *test, wide key)
{
    uint32_t low = 0, high = test->n_set;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (test->wides[middle].low <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && key <= test->wides[low - 1].high;
}

/* Runs it. */
bool program_match(const struct program *program, const struct dissection *d);

/* The same while the external tests are unanswered: what the answer is whatever they say, or that it depends.
 */
enum program_verdict { PROGRAM_NEVER, PROGRAM_ALWAYS, PROGRAM_DEPENDS };
enum program_verdict program_judge(const struct program *program, const struct dissection *d);
