/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/check_operand.h"

#include <stdio.h>

bool check_fault(struct check *check, struct span span, const char *sentence)
{
    return fault_set(check->literal.error, check->literal.text, span, NULL, "%s", sentence);
}

int check_shown(const struct node *node)
{
    return node->span.len < 60 ? (int)node->span.len : 60;
}

const char *check_source(const struct check *check, const struct node *node)
{
    return (const char *)check->literal.text.data + node->span.at;
}

bool check_unknown_name(struct check *check, const struct node *node)
{
    const char *near = field_nearest((const char *)node->text.data, node->text.len);
    const uint8_t *minus = memchr(node->text.data, '-', node->text.len);
    char advice[100];

    check->outside->has_unknown = true;
    if (minus && field_find((const char *)node->text.data, (size_t)(minus - node->text.data)))
        snprintf(advice, sizeof advice, "to subtract, put a space before the \"-\"");
    else if (near)
        snprintf(advice, sizeof advice, "did you mean %s?", near);
    return fault_set(check->literal.error, check->literal.text, node->span, minus || near ? advice : NULL,
                     "\"%.*s\" is not a field or protocol", check_shown(node), check_source(check, node));
}

/* Turns a word that names a field or protocol into it. A leading dot says it must be one. */
static bool check_name(struct check *check, struct node *node)
{
    const char *name = (const char *)node->text.data;
    size_t len = node->text.len;

    if (len > 1 && *name == '.') {
        name++;
        len--;
    }
    node->field = field_find(name, len);
    if (node->field != FIELD_ID_NONE) {
        const struct field *field = field_of(node->field);

        node->kind = NODE_FIELD;
        node->type = field->type;
        node->protocol = FIELD_PROTOCOL(node->field);
        if (field->any_of[0] != field->any_of[1]) /* as wide as its members */
            field = field_of(FIELD_ID(node->protocol, field->any_of[0]));
        node->n_bits = (uint8_t)field_width(field);
        if (!node->is_reference)
            demand_add_field(check->demand, node->field);
        return true;
    }
    node->protocol = protocol_find(name, len);
    if (node->protocol == PROTOCOL_NONE)
        return false;
    if (node->is_reference)
        return check_fault(check, node->span, "a reference is to a field, not to a protocol");
    node->kind = NODE_PROTOCOL;
    node->type = FIELD_BYTES;
    demand_add_protocol(check->demand, node->protocol);
    return true;
}

bool check_is_literal(struct check *check, struct node *node)
{
    bool is_first;

    switch (node->kind) {
    case NODE_WORD:
        return !check_name(check, node) && !node->is_reference && node->layers == NULL;
    case NODE_STRING:
    case NODE_CHAR:
        return true;
    case NODE_NEGATE:
        return check_is_literal(check, node->first);
    case NODE_ARITH:
        is_first = check_is_literal(check, node->first); /* and both, so that both names are resolved */
        return check_is_literal(check, node->second) && is_first;
    default:
        return false;
    }
}

/* Arithmetic is of the type of what stands leftmost in it. */
static const struct node *entity_of(const struct node *node)
{
    while (node->kind == NODE_ARITH || node->kind == NODE_NEGATE)
        node = node->first;
    return node;
}

static struct expected expected_of(const struct node *node)
{
    const struct node *entity = entity_of(node);

    return (struct expected) { entity->type, entity->n_bits,
                               entity->kind == NODE_FIELD ? field_of(entity->field) : NULL };
}

bool check_is_bytes(enum field_type type)
{
    return type == FIELD_BYTES || type == FIELD_ETHER;
}

static bool is_address(enum field_type type)
{
    return type == FIELD_IPV4 || type == FIELD_IPV6 || type == FIELD_ETHER;
}

static bool is_sliceable(enum field_type type)
{
    return check_is_bytes(type) || is_address(type) || type == FIELD_STRING;
}

static bool is_protocol(const struct node *node)
{
    while (node->kind == NODE_FUNCTION && (node->function == FUNCTION_MAX || node->function == FUNCTION_MIN))
        node = node->first;
    return node->kind == NODE_PROTOCOL;
}

static bool is_computed(const struct node *node)
{
    return node->kind == NODE_ARITH || node->kind == NODE_NEGATE;
}

/* Booleans, dates and texts are not computed with; a time span is added and subtracted. */
static bool operation_allowed(struct check *check, const struct node *node, const struct node *operand)
{
    enum field_type type = operand->type;
    bool is_allowed = type_is_integer(type);

    switch (node->operation) {
    case OPERATION_AND:
        is_allowed = is_allowed || is_address(type) || (type == FIELD_BYTES && !is_protocol(operand));
        break;
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
        is_allowed = is_allowed || type == FIELD_DURATION || type == FIELD_DOUBLE;
        break;
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
        is_allowed = is_allowed || type == FIELD_DOUBLE;
        break;
    case OPERATION_MODULO:
        break;
    }
    if (is_allowed)
        return true;
    return fault_set(check->literal.error, check->literal.text, operand->span, NULL,
                     "%s does not take part in \"%s\"", is_protocol(operand) ? "a protocol" : type_text(type),
                     operation_text(node->operation));
}

static bool is_plain_literal(struct check *check, const struct node *node)
{
    return (node->kind != NODE_STRING && node->kind != NODE_CHAR) ||
           check_fault(check, node->span, "a quoted text is not computed with");
}

bool check_literal(struct check *check, struct node *node, struct expected expected, bool is_negative)
{
    struct expected unnamed = { expected.type, expected.n_bits, NULL };

    switch (node->kind) {
    case NODE_NEGATE:
        if (!is_plain_literal(check, node->first) ||
            !check_literal(check, node->first, unnamed, !is_negative))
            return false;
        node->kind = NODE_CONSTANT;
        node->type = node->first->type;
        node->n_bits = node->first->n_bits;
        node->constant = node->first->constant;
        node->is_negative = node->first->is_negative;
        return true;
    case NODE_ARITH:
        if (is_negative)
            return check_fault(check, node->span, "a sum of values cannot be negated; subtract it from 0");
        if (!is_plain_literal(check, node->first) || !is_plain_literal(check, node->second) ||
            !check_literal(check, node->first, unnamed, false) ||
            !operation_allowed(check, node, node->first) ||
            !check_literal(check, node->second, unnamed, false))
            return false;
        node->type = expected.type;
        node->n_bits = expected.n_bits;
        return true;
    default:
        if (node->kind == NODE_WORD && *node->text.data == '.') /* which says that it is a field */
            return check_unknown_name(check, node);
        node->n_bits = expected.n_bits;
        return literal_resolve(&check->literal, node, expected.type, expected.n_bits, expected.field,
                               is_negative);
    }
}

static bool types_meet(const struct node *a, const struct node *b)
{
    if (is_protocol(a) || is_protocol(b))
        return is_protocol(a) && is_protocol(b);
    if (a->type == b->type || (check_is_bytes(a->type) && check_is_bytes(b->type)))
        return true;
    return type_is_integer(a->type) && (type_is_integer(b->type) || b->type == FIELD_BOOL);
}

/* The same, but what has bytes is compared by them with a slice. */
bool check_operands_compare(const struct node *first, const struct node *second)
{
    if (second->kind == NODE_SLICE)
        return is_sliceable(entity_of(first)->type);
    if (entity_of(first)->kind == NODE_SLICE && !is_computed(second))
        return is_sliceable(second->type);
    return types_meet(entity_of(first), entity_of(second));
}

static const char *what_it_is(const struct node *node)
{
    return is_protocol(node) ? "a protocol" : type_text(node->type);
}

bool check_incompatible(struct check *check, const struct node *a, const struct node *b)
{
    return fault_set(check->literal.error, check->literal.text, b->span, NULL,
                     "%.*s is %s, %.*s is %s: they cannot be compared", check_shown(b),
                     check_source(check, b), what_it_is(b), check_shown(a), check_source(check, a),
                     what_it_is(a));
}

bool check_second(struct check *check, const struct node *first, struct node *second)
{
    struct expected expected = expected_of(first);

    if (check_is_literal(check, second))
        return check_literal(check, second, expected, false);
    if (!check_operand(check, second, &expected))
        return false;
    return check_operands_compare(first, second) || check_incompatible(check, first, second);
}

/* A part of arithmetic. A literal is as wide as what it is computed or compared with, for so it is computed;
 * names of values are not computed with. */
static bool term_resolve(struct check *check, struct node *term, const struct expected *expected)
{
    if (!check_is_literal(check, term))
        return check_operand(check, term, expected);
    if (expected == NULL)
        return check_fault(check, term->span, "a value stands where a field or function must begin");
    return is_plain_literal(check, term) &&
           check_literal(check, term, (struct expected) { expected->type, expected->n_bits, NULL }, false);
}

static bool arith_resolve(struct check *check, struct node *node, const struct expected *expected)
{
    struct node *first = node->first, *second = node->second;
    struct expected wanted;

    /* so that both names are resolved, whichever is wrong */
    check_is_literal(check, second);
    if (!term_resolve(check, first, expected) || !operation_allowed(check, node, entity_of(first)))
        return false;
    wanted = expected_of(first);
    if (!term_resolve(check, second, &wanted) || !operation_allowed(check, node, entity_of(second)))
        return false;
    if (!types_meet(entity_of(first), entity_of(second)))
        return check_incompatible(check, first, second);
    node->type = first->type;
    node->n_bits = first->n_bits;
    return true;
}

/* Arguments of most functions are fields; max, min and abs also take what is computed, and values. */
static bool argument_resolve(struct check *check, const struct node *function, struct node *argument,
                             const struct expected *expected)
{
    bool takes_computed = function->function == FUNCTION_MAX || function->function == FUNCTION_MIN ||
                          function->function == FUNCTION_ABS;

    if (check_is_literal(check, argument)) {
        if (takes_computed && expected && (argument->kind == NODE_WORD || is_computed(argument)))
            return check_literal(check, argument,
                                 (struct expected) { expected->type, expected->n_bits, NULL }, false);
        if (argument->kind == NODE_WORD)
            return check_unknown_name(check, argument);
        return check_fault(check, argument->span, "a function takes fields, not values");
    }
    if (!check_operand(check, argument, expected))
        return false;
    if (argument->is_reference ? takes_computed && function->function != FUNCTION_ABS
                               : argument->kind == NODE_FIELD || argument->kind == NODE_PROTOCOL)
        return true;
    if (takes_computed && argument->kind != NODE_SLICE)
        return true;
    return fault_set(check->literal.error, check->literal.text, argument->span, NULL,
                     takes_computed ? "%s() does not take slices" : "%s() takes a field",
                     function_text(function->function));
}

static bool function_resolve(struct check *check, struct node *node, const struct expected *expected)
{
    const char *name = function_text(node->function);
    bool takes_many = node->function == FUNCTION_MAX || node->function == FUNCTION_MIN;
    struct expected first;

    for (struct node *argument = node->first; argument; argument = argument->next) {
        enum field_type type;
        bool is_good = true;

        if (!argument_resolve(check, node, argument, expected))
            return false;
        type = argument->type;
        node->n_bits = 32;
        switch (node->function) {
        case FUNCTION_LOWER:
        case FUNCTION_UPPER:
            is_good = type == FIELD_STRING;
            node->type = FIELD_STRING;
            break;
        case FUNCTION_LEN:
        case FUNCTION_COUNT:
            node->type = FIELD_UINT;
            break;
        case FUNCTION_STRING:
            is_good = type_is_integer(type) || type == FIELD_DOUBLE || is_address(type);
            node->type = FIELD_STRING;
            break;
        case FUNCTION_MAX:
        case FUNCTION_MIN:
            if (argument != node->first &&
                (node->first->type != type ||
                 (type_is_integer(type) && node->first->n_bits != argument->n_bits) ||
                 (is_protocol(node->first) != is_protocol(argument) && argument->kind != NODE_CONSTANT)))
                return check_incompatible(check, node->first, argument);
            is_good = type != FIELD_NONE;
            node->type = node->first->type;
            node->n_bits = node->first->n_bits;
            first = expected_of(node->first);
            expected = &first;
            break;
        case FUNCTION_ABS:
            is_good =
                type_is_integer(type) || type == FIELD_DOUBLE || type == FIELD_DURATION || type == FIELD_BOOL;
            node->type = type;
            node->n_bits = argument->n_bits;
            break;
        }
        if (!is_good)
            return fault_set(check->literal.error, check->literal.text, argument->span, NULL,
                             "%s() does not take %s", name, what_it_is(argument));
        if (argument != node->first && !takes_many)
            return fault_set(check->literal.error, check->literal.text, argument->span, NULL,
                             "%s() takes one argument", name);
    }
    return true;
}

static bool slice_resolve(struct check *check, struct node *node)
{
    struct node *sliced = node->first;

    if (check_is_literal(check, sliced) && sliced->kind != NODE_WORD)
        return check_fault(check, sliced->span, "only a field can be sliced, not a value");
    if (!check_operand(check, sliced, NULL))
        return false;
    if (sliced->is_reference || is_computed(sliced))
        return check_fault(check, sliced->span,
                           "only a field, a protocol or a function's value can be sliced");
    if (!is_sliceable(sliced->type))
        return fault_set(check->literal.error, check->literal.text, sliced->span, NULL,
                         "%.*s is %s and cannot be sliced", check_shown(sliced), check_source(check, sliced),
                         type_text(sliced->type));
    node->type = FIELD_BYTES;
    return true;
}

bool check_operand(struct check *check, struct node *node, const struct expected *expected)
{
    switch (node->kind) {
    case NODE_FIELD:
    case NODE_PROTOCOL:
    case NODE_CONSTANT:
        return true;
    case NODE_WORD:
        return check_name(check, node) || check_unknown_name(check, node);
    case NODE_NEGATE:
        if (!check_operand(check, node->first, expected))
            return false;
        node->type = node->first->type;
        node->n_bits = node->first->n_bits;
        if (type_is_integer(node->type) || node->type == FIELD_DOUBLE || node->type == FIELD_DURATION)
            return true;
        return fault_set(check->literal.error, check->literal.text, node->span, NULL, "%s has no opposite",
                         what_it_is(node->first));
    case NODE_ARITH:
        return arith_resolve(check, node, expected);
    case NODE_SLICE:
        return slice_resolve(check, node);
    case NODE_FUNCTION:
        return function_resolve(check, node, expected);
    default:
        return check_fault(check, node->span,
                           "a value stands where a field, protocol or function is expected");
    }
}
