/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree - a filter as the parser read it and, once checked, as it is meant.
 *
 * One struct for all nodes: they are few, and a union of a dozen shapes would be longer than what it saves.
 * "and" and "or" hold any number of parts in a list, so that a thousand of them in a row are one level deep.
 */
#pragma once

#include "filter/fault.h"
#include "protocol/protocol.h"

enum {
    FILTER_TEXT_BYTES = 1 << 16,  /* a filter may be this long */
    FILTER_ARENA_BYTES = 1 << 24, /* and its tree and program this big */
    FILTER_DEPTH = 200,           /* nesting */
    FILTER_RANGES = 16,           /* pieces in one slice or layer range */
};

enum node_kind {
    /* tests */
    NODE_AND, /* first, then next of each */
    NODE_OR,
    NODE_XOR,      /* true when an odd number of the parts is */
    NODE_NOT,      /* first */
    NODE_EXISTS,   /* first: an operand */
    NODE_COMPARE,  /* first relation second */
    NODE_IN,       /* first in second: NODE_RANGE or operands, by next */
    NODE_EXTERNAL, /* the test of that text, which another program answers; number: which of them */
    /* operands */
    NODE_WORD,     /* not yet known what it is: text */
    NODE_STRING,   /* text */
    NODE_CHAR,     /* number */
    NODE_RANGE,    /* first..second, in sets only */
    NODE_NEGATE,   /* -first */
    NODE_ARITH,    /* first operation second */
    NODE_SLICE,    /* first[ranges] */
    NODE_FUNCTION, /* function(first, next...) */
    /* operands, checked */
    NODE_FIELD,
    NODE_PROTOCOL,
    NODE_CONSTANT,
};

enum relation {
    RELATION_EQ,
    RELATION_NE,
    RELATION_GT,
    RELATION_GE,
    RELATION_LT,
    RELATION_LE,
    RELATION_CONTAINS,
    RELATION_MATCHES,
};

enum quantifier { QUANTIFIER_ANY, QUANTIFIER_ALL };

enum operation {
    OPERATION_ADD,
    OPERATION_SUBTRACT,
    OPERATION_MULTIPLY,
    OPERATION_DIVIDE,
    OPERATION_MODULO,
    OPERATION_AND
};

enum function_id {
    FUNCTION_LOWER,
    FUNCTION_UPPER,
    FUNCTION_LEN,
    FUNCTION_COUNT,
    FUNCTION_STRING,
    FUNCTION_MAX,
    FUNCTION_MIN,
    FUNCTION_ABS,
};

/* A piece of a slice or of the layers meant: from..to, both included; negative ones count from the end. */
struct range_piece {
    int32_t from;
    int32_t to;
    bool has_length; /* to is a length */
    bool is_open;    /* up to the end; to means nothing */
};

struct range_list {
    uint32_t n;
    struct range_piece pieces[FILTER_RANGES];
};

__extension__ typedef unsigned __int128 wide; /* an IPv6 address as a number */

/*
 * What a constant is compared by. Numbers, booleans, times, IPv4 and Ethernet addresses lie in low..high as
 * keys (key_of_signed for times), an IPv6 address as 128 bits; a prefix is the range of its addresses, and
 * anything else has low == high. Bytes and strings lie in bytes, floating-point numbers in real.
 */
struct constant {
    wide low, high;
    double real;
    struct bytes bytes;
};

struct regex;

struct node {
    enum node_kind kind;
    enum relation relation;
    enum quantifier quantifier;
    enum operation operation;
    enum function_id function;
    uint32_t depth;
    struct span span;
    struct node *first, *second, *next;
    struct bytes text;
    uint64_t number;
    const struct range_list *ranges; /* of a slice */
    const struct range_list *layers; /* of a field: #; NULL for all */
    /* set by the check */
    enum field_type type; /* of an operand; a protocol is FIELD_BYTES */
    uint8_t n_bits;       /* of a number: as wide as Wireshark's type, which it is computed in */
    uint16_t field;
    enum protocol_id protocol;
    bool has_not;             /* a NODE_IN under the NODE_NOT of "not in": its span has the "not" */
    bool has_idle_quantifier; /* of a chain (NODE_AND) or "not in" (NODE_NOT): "all" or "any" stands before it
                               */
    bool is_reference;        /* ${field}: of the selected packet; there is none, so it has no values */
    bool is_negative;         /* a constant below zero among unsigned numbers, as an int64_t */
    bool is_searched; /* a protocol under "contains" or "matches" reaches to the end of what it carries */
    struct constant constant;
    const struct regex *regex; /* of a constant that is a pattern */
};

/* What can be negative is so shifted that it orders as unsigned numbers do. */
static inline uint64_t key_of_signed(uint64_t value)
{
    return value ^ UINT64_C(0x8000000000000000);
}

static inline bool type_is_time(enum field_type type)
{
    return type == FIELD_TIME || type == FIELD_DURATION;
}

static inline bool type_is_signed(enum field_type type)
{
    return type == FIELD_INT || type_is_time(type);
}

static inline bool type_is_integer(enum field_type type)
{
    return type == FIELD_UINT || type == FIELD_FRAME || type == FIELD_INT;
}

/* A test put together of others, which lie in first and its next. */
static inline bool node_is_row(const struct node *node)
{
    return node->kind <= NODE_NOT;
}

const char *relation_text(enum relation relation, enum quantifier quantifier);
const char *operation_text(enum operation operation);
const char *function_text(enum function_id function);
const char *type_text(enum field_type type);
