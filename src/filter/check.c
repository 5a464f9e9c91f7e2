/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/check.h"

#include <stdio.h>

#include "filter/literal.h"

struct check {
    struct literal_context literal;
    struct demand *demand;
    struct regex_list *regexes;
};

/* What a literal is read as: the type, and the field whose width and value names hold. */
struct expected {
    enum field_type type;
    const struct field *field;
};

static bool fault(struct check *check, struct span span, const char *sentence)
{
    return fault_set(check->literal.error, check->literal.text, span, NULL, "%s", sentence);
}

static int shown(const struct node *node)
{
    return node->span.len < 60 ? (int)node->span.len : 60;
}

static const char *source(const struct check *check, const struct node *node)
{
    return (const char *)check->literal.text.data + node->span.at;
}

static bool unknown_name(struct check *check, const struct node *node)
{
    const char *near = field_nearest((const char *)node->text.data, node->text.len);
    const uint8_t *minus = memchr(node->text.data, '-', node->text.len);
    char advice[100];

    if (minus && field_find((const char *)node->text.data, (size_t)(minus - node->text.data)))
        snprintf(advice, sizeof advice, "to subtract, put a space before the \"-\"");
    else if (near)
        snprintf(advice, sizeof advice, "did you mean %s?", near);
    return fault_set(check->literal.error, check->literal.text, node->span, minus || near ? advice : NULL,
                     "\"%.*s\" is not a field or protocol", shown(node), source(check, node));
}

/* Turns a word that names a field or protocol into it. A leading dot says it must be one. */
static bool name_resolve(struct check *check, struct node *node)
{
    const char *name = (const char *)node->text.data;
    size_t len = node->text.len;

    if (len > 1 && *name == '.') {
        name++;
        len--;
    }
    node->field = field_find(name, len);
    if (node->field != FIELD_ID_NONE) {
        node->kind = NODE_FIELD;
        node->type = field_of(node->field)->type;
        node->protocol = FIELD_PROTOCOL(node->field);
        demand_add_field(check->demand, node->field);
        return true;
    }
    node->protocol = protocol_find(name, len);
    if (node->protocol == PROTOCOL_NONE)
        return false;
    node->kind = NODE_PROTOCOL;
    node->type = FIELD_BYTES;
    demand_add_protocol(check->demand, node->protocol);
    return true;
}

/* True for what has no type of its own. Names are resolved on the way. */
static bool is_literal(struct check *check, struct node *node)
{
    bool is_first;

    switch (node->kind) {
    case NODE_WORD:
        return !name_resolve(check, node);
    case NODE_STRING:
    case NODE_CHAR:
        return true;
    case NODE_NEGATE:
        return is_literal(check, node->first);
    case NODE_ARITH:
        is_first = is_literal(check, node->first); /* and both, so that both names are resolved */
        return is_literal(check, node->second) && is_first;
    default:
        return false;
    }
}

static bool operand_resolve(struct check *check, struct node *node);

static struct expected expected_of(const struct node *node)
{
    switch (node->kind) {
    case NODE_FIELD: {
        const struct field *field = field_of(node->field);

        if (field->any_of[0] != field->any_of[1] && field->names == NULL) /* as wide as its members */
            field = field_of(FIELD_ID(node->protocol, field->any_of[0]));
        return (struct expected) { node->type, field };
    }
    default:
        return (struct expected) { node->type, NULL };
    }
}

static bool operation_allowed(struct check *check, const struct node *node, enum field_type type)
{
    bool is_allowed = node->operation == OPERATION_AND
                          ? type == FIELD_UINT || type == FIELD_FRAME || type == FIELD_BYTES ||
                                type == FIELD_IPV4 || type == FIELD_IPV6 || type == FIELD_ETHER
                          : type == FIELD_UINT || type == FIELD_FRAME || type_is_signed(type);

    if (type_is_signed(type) && node->operation != OPERATION_ADD && node->operation != OPERATION_SUBTRACT)
        is_allowed = false;
    if (is_allowed)
        return true;
    return fault_set(check->literal.error, check->literal.text, node->first->span, NULL,
                     "%s does not take part in \"%s\"", type_text(type), operation_text(node->operation));
}

/* Reads a literal, or a sum of literals, as what it is compared with. */
static bool literal_as(struct check *check, struct node *node, struct expected expected, bool is_negative)
{
    switch (node->kind) {
    case NODE_NEGATE:
        if (!literal_as(check, node->first, expected, !is_negative))
            return false;
        node->kind = NODE_CONSTANT;
        node->type = node->first->type;
        node->constant = node->first->constant;
        return true;
    case NODE_ARITH:
        if (is_negative)
            return fault(check, node->span, "a sum of values cannot be negated; subtract it from 0");
        if (!operation_allowed(check, node, expected.type) ||
            !literal_as(check, node->first, expected, false) ||
            !literal_as(check, node->second, expected, false))
            return false;
        node->type = expected.type;
        return true;
    default:
        return literal_resolve(&check->literal, node, expected.type, expected.field, is_negative);
    }
}

static bool is_bytes_like(enum field_type type)
{
    return type == FIELD_BYTES || type == FIELD_ETHER;
}

static bool types_compare(enum field_type a, enum field_type b)
{
    if (a == b)
        return true;
    if (is_bytes_like(a) && is_bytes_like(b))
        return true;
    return type_is_number(a) && type_is_number(b) && type_is_signed(a) == type_is_signed(b);
}

static bool incompatible(struct check *check, const struct node *a, const struct node *b)
{
    return fault_set(check->literal.error, check->literal.text, b->span, NULL,
                     "%.*s is %s, %.*s is %s: they cannot be compared", shown(b), source(check, b),
                     type_text(b->type), shown(a), source(check, a), type_text(a->type));
}

/* Resolves the right side of something against its left one, which is resolved. */
static bool second_resolve(struct check *check, const struct node *first, struct node *second)
{
    if (is_literal(check, second))
        return literal_as(check, second, expected_of(first), false);
    if (!operand_resolve(check, second))
        return false;
    return types_compare(first->type, second->type) || incompatible(check, first, second);
}

static bool arith_resolve(struct check *check, struct node *node)
{
    struct node *known = node->first, *other = node->second;
    struct expected expected;

    if (is_literal(check, node->first)) {
        known = node->second;
        other = node->first;
    }
    if (!operand_resolve(check, known) || !operation_allowed(check, node, known->type))
        return false;
    expected = expected_of(known);
    if (is_literal(check, other)) {
        expected.field = NULL; /* a computed value need not fit the field */
        if (!literal_as(check, other, expected, false))
            return false;
    } else if (!operand_resolve(check, other) || !operation_allowed(check, node, other->type)) {
        return false;
    } else if (!types_compare(known->type, other->type)) {
        return incompatible(check, known, other);
    }
    node->type = known->type;
    return true;
}

/* Arguments are fields and what is made of fields: a literal alone has no type. */
static bool function_resolve(struct check *check, struct node *node)
{
    const char *name = function_text(node->function);
    bool takes_many = node->function == FUNCTION_MAX || node->function == FUNCTION_MIN;

    for (struct node *argument = node->first; argument; argument = argument->next) {
        enum field_type type;
        bool is_good = true;

        if (is_literal(check, argument)) {
            if (argument->kind == NODE_WORD)
                return unknown_name(check, argument);
            return fault(check, argument->span, "a function takes fields, not values");
        }
        if (!operand_resolve(check, argument))
            return false;
        type = argument->type;
        switch (node->function) {
        case FUNCTION_LOWER:
        case FUNCTION_UPPER:
            is_good = type == FIELD_STRING;
            node->type = FIELD_STRING;
            break;
        case FUNCTION_LEN:
            is_good = type == FIELD_STRING || is_bytes_like(type);
            node->type = FIELD_UINT;
            break;
        case FUNCTION_COUNT:
            is_good = argument->kind == NODE_FIELD || argument->kind == NODE_PROTOCOL;
            node->type = FIELD_UINT;
            break;
        case FUNCTION_STRING:
            is_good = type_is_number(type) || type == FIELD_IPV4 || type == FIELD_IPV6 || type == FIELD_ETHER;
            is_good = is_good && type != FIELD_TIME;
            node->type = FIELD_STRING;
            break;
        case FUNCTION_MAX:
        case FUNCTION_MIN:
            if (argument != node->first && !types_compare(node->first->type, type))
                return incompatible(check, node->first, argument);
            is_good = type != FIELD_NONE;
            node->type = node->first->type;
            break;
        case FUNCTION_ABS:
            is_good = type == FIELD_UINT || type_is_signed(type);
            node->type = type;
            break;
        }
        if (!is_good)
            return fault_set(check->literal.error, check->literal.text, argument->span, NULL,
                             "%s() does not take %s", name, type_text(type));
        if (argument != node->first && !takes_many)
            return fault_set(check->literal.error, check->literal.text, argument->span, NULL,
                             "%s() takes one argument", name);
    }
    return true;
}

/* Gives an operand that is no literal its type. */
static bool operand_resolve(struct check *check, struct node *node)
{
    switch (node->kind) {
    case NODE_FIELD:
    case NODE_PROTOCOL:
    case NODE_CONSTANT:
        return true;
    case NODE_WORD:
        return name_resolve(check, node) || unknown_name(check, node);
    case NODE_NEGATE:
        if (!operand_resolve(check, node->first))
            return false;
        node->type = node->first->type;
        if (type_is_signed(node->type))
            return true;
        return fault_set(check->literal.error, check->literal.text, node->span, NULL, "%s is never negative",
                         type_text(node->type));
    case NODE_ARITH:
        return arith_resolve(check, node);
    case NODE_SLICE:
        if (is_literal(check, node->first) && node->first->kind != NODE_WORD)
            return fault(check, node->first->span, "only a field can be sliced, not a value");
        if (!operand_resolve(check, node->first))
            return false;
        if (type_is_number(node->first->type) || node->first->type == FIELD_NONE)
            return fault_set(check->literal.error, check->literal.text, node->first->span, NULL,
                             "%.*s is %s and cannot be sliced", shown(node->first),
                             source(check, node->first), type_text(node->first->type));
        node->type = FIELD_BYTES;
        return true;
    case NODE_FUNCTION:
        return function_resolve(check, node);
    default:
        return fault(check, node->span, "a value stands where a field, protocol or function is expected");
    }
}

/* The left side of a comparison: never a literal. */
static bool first_resolve(struct check *check, struct node *node)
{
    if (is_literal(check, node) || node->kind == NODE_CONSTANT) {
        if (node->kind == NODE_WORD)
            return unknown_name(check, node);
        return fault(check, node->span, "a field or function must stand on the left side");
    }
    return operand_resolve(check, node);
}

static bool contains_resolve(struct check *check, struct node *node)
{
    struct node *first = node->first, *second = node->second;

    if (first->type != FIELD_STRING && !is_bytes_like(first->type))
        return fault_set(check->literal.error, check->literal.text, first->span, NULL,
                         "%.*s is %s, \"contains\" needs text or bytes", shown(first), source(check, first),
                         type_text(first->type));
    if (is_literal(check, second)) {
        struct expected expected = { first->type == FIELD_STRING ? FIELD_STRING : FIELD_BYTES, NULL };

        return literal_as(check, second, expected, false);
    }
    if (!operand_resolve(check, second))
        return false;
    return types_compare(first->type, second->type) || incompatible(check, first, second);
}

static bool matches_resolve(struct check *check, struct node *node)
{
    struct node *first = node->first, *second = node->second;
    char message[200];

    if (first->type != FIELD_STRING && first->type != FIELD_BYTES)
        return fault_set(check->literal.error, check->literal.text, first->span,
                         "string(...) makes text of numbers and addresses",
                         "%.*s is %s, \"matches\" needs text or bytes", shown(first), source(check, first),
                         type_text(first->type));
    if (second->kind != NODE_STRING)
        return second->kind == NODE_CONSTANT ||
               fault(check, second->span, "\"matches\" needs a pattern in double quotes");
    second->regex = regex_compile(check->regexes, second->text, message, sizeof message);
    if (second->regex == NULL)
        return fault_set(check->literal.error, check->literal.text, second->span, NULL,
                         "this pattern is wrong: %s", message);
    second->kind = NODE_CONSTANT;
    second->type = FIELD_STRING;
    second->constant.bytes = second->text;
    return true;
}

static bool compare_resolve(struct check *check, struct node *node)
{
    if (!first_resolve(check, node->first))
        return false;
    node->first->is_searched = node->relation == RELATION_CONTAINS || node->relation == RELATION_MATCHES;
    if (node->relation == RELATION_CONTAINS)
        return contains_resolve(check, node);
    if (node->relation == RELATION_MATCHES)
        return matches_resolve(check, node);
    if (node->first->type == FIELD_NONE)
        return fault(check, node->first->span, "this field has no value, it can only be there or not");
    return second_resolve(check, node->first, node->second);
}

static bool set_resolve(struct check *check, struct node *node)
{
    if (!first_resolve(check, node->first))
        return false;
    for (struct node *element = node->second; element; element = element->next) {
        if (element->kind == NODE_RANGE) {
            if (!second_resolve(check, node->first, element->first) ||
                !second_resolve(check, node->first, element->second))
                return false;
        } else if (!second_resolve(check, node->first, element)) {
            return false;
        }
    }
    return true;
}

static bool exists_resolve(struct check *check, struct node *node)
{
    struct node *operand = node->first;

    if (is_literal(check, operand) && operand->kind != NODE_WORD)
        return fault(check, operand->span, "this is neither a field nor a protocol");
    if (operand->kind == NODE_FUNCTION)
        return fault(check, operand->span, "a function has a value to compare; it is not there or absent");
    return operand_resolve(check, operand);
}

static bool test_resolve(struct check *check, struct node *node)
{
    switch (node->kind) {
    case NODE_AND:
    case NODE_OR:
    case NODE_NOT:
        for (struct node *part = node->first; part; part = part->next)
            if (!test_resolve(check, part))
                return false;
        return true;
    case NODE_EXISTS:
        return exists_resolve(check, node);
    case NODE_COMPARE:
        return compare_resolve(check, node);
    case NODE_IN:
        return set_resolve(check, node);
    default:
        return fault(check, node->span, "this is not a test");
    }
}

bool check_tree(struct node *root, struct bytes text, struct arena *arena, struct demand *demand,
                struct regex_list *regexes, struct error *error)
{
    struct check check = { { text, arena, error }, demand, regexes };

    return test_resolve(&check, root);
}
