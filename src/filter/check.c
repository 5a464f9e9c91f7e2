/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/check.h"

#include <ctype.h>
#include <stdio.h>

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

    check->outside->has_unknown = true;
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
        return fault(check, node->span, "a reference is to a field, not to a protocol");
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
        return !name_resolve(check, node) && !node->is_reference;
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

static bool operand_resolve(struct check *check, struct node *node, const struct expected *expected);

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

static bool is_bytes_like(enum field_type type)
{
    return type == FIELD_BYTES || type == FIELD_ETHER;
}

static bool is_address(enum field_type type)
{
    return type == FIELD_IPV4 || type == FIELD_IPV6 || type == FIELD_ETHER;
}

static bool is_sliceable(enum field_type type)
{
    return is_bytes_like(type) || is_address(type) || type == FIELD_STRING;
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
           fault(check, node->span, "a quoted text is not computed with");
}

/* Reads a literal, or a sum of literals, as what it is compared with. */
static bool literal_as(struct check *check, struct node *node, struct expected expected, bool is_negative)
{
    struct expected unnamed = { expected.type, expected.n_bits, NULL };

    switch (node->kind) {
    case NODE_NEGATE:
        if (!is_plain_literal(check, node->first) || !literal_as(check, node->first, unnamed, !is_negative))
            return false;
        node->kind = NODE_CONSTANT;
        node->type = node->first->type;
        node->n_bits = node->first->n_bits;
        node->constant = node->first->constant;
        node->is_negative = node->first->is_negative;
        return true;
    case NODE_ARITH:
        if (is_negative)
            return fault(check, node->span, "a sum of values cannot be negated; subtract it from 0");
        if (!is_plain_literal(check, node->first) || !is_plain_literal(check, node->second) ||
            !literal_as(check, node->first, unnamed, false) || !operation_allowed(check, node, node->first) ||
            !literal_as(check, node->second, unnamed, false))
            return false;
        node->type = expected.type;
        node->n_bits = expected.n_bits;
        return true;
    default:
        if (node->kind == NODE_WORD && *node->text.data == '.') /* which says that it is a field */
            return unknown_name(check, node);
        node->n_bits = expected.n_bits;
        return literal_resolve(&check->literal, node, expected.type, expected.n_bits, expected.field,
                               is_negative);
    }
}

static bool types_meet(const struct node *a, const struct node *b)
{
    if (is_protocol(a) || is_protocol(b))
        return is_protocol(a) && is_protocol(b);
    if (a->type == b->type || (is_bytes_like(a->type) && is_bytes_like(b->type)))
        return true;
    return type_is_integer(a->type) && (type_is_integer(b->type) || b->type == FIELD_BOOL);
}

/* The same, but what has bytes is compared by them with a slice. */
static bool operands_compare(const struct node *first, const struct node *second)
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

static bool incompatible(struct check *check, const struct node *a, const struct node *b)
{
    return fault_set(check->literal.error, check->literal.text, b->span, NULL,
                     "%.*s is %s, %.*s is %s: they cannot be compared", shown(b), source(check, b),
                     what_it_is(b), shown(a), source(check, a), what_it_is(a));
}

/* Resolves the right side of something against its left one, which is resolved. */
static bool second_resolve(struct check *check, const struct node *first, struct node *second)
{
    struct expected expected = expected_of(first);

    if (is_literal(check, second))
        return literal_as(check, second, expected, false);
    if (!operand_resolve(check, second, &expected))
        return false;
    return operands_compare(first, second) || incompatible(check, first, second);
}

/* A part of arithmetic. A literal is as wide as what it is computed or compared with, for so it is computed;
 * names of values are not computed with. */
static bool term_resolve(struct check *check, struct node *term, const struct expected *expected)
{
    if (!is_literal(check, term))
        return operand_resolve(check, term, expected);
    if (expected == NULL)
        return fault(check, term->span, "a value stands where a field or function must begin");
    return is_plain_literal(check, term) &&
           literal_as(check, term, (struct expected) { expected->type, expected->n_bits, NULL }, false);
}

static bool arith_resolve(struct check *check, struct node *node, const struct expected *expected)
{
    struct node *first = node->first, *second = node->second;
    struct expected wanted;

    /* so that both names are resolved, whichever is wrong */
    is_literal(check, second);
    if (!term_resolve(check, first, expected) || !operation_allowed(check, node, entity_of(first)))
        return false;
    wanted = expected_of(first);
    if (!term_resolve(check, second, &wanted) || !operation_allowed(check, node, entity_of(second)))
        return false;
    if (!types_meet(entity_of(first), entity_of(second)))
        return incompatible(check, first, second);
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

    if (is_literal(check, argument)) {
        if (takes_computed && expected && (argument->kind == NODE_WORD || is_computed(argument)))
            return literal_as(check, argument, (struct expected) { expected->type, expected->n_bits, NULL },
                              false);
        if (argument->kind == NODE_WORD)
            return unknown_name(check, argument);
        return fault(check, argument->span, "a function takes fields, not values");
    }
    if (!operand_resolve(check, argument, expected))
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
                return incompatible(check, node->first, argument);
            is_good = type != FIELD_NONE;
            node->type = node->first->type;
            node->n_bits = node->first->n_bits;
            first = expected_of(node->first);
            expected = &first;
            break;
        case FUNCTION_ABS:
            is_good = type_is_integer(type) || type == FIELD_DOUBLE || type == FIELD_DURATION ||
                      type == FIELD_BOOL;
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

    if (is_literal(check, sliced) && sliced->kind != NODE_WORD)
        return fault(check, sliced->span, "only a field can be sliced, not a value");
    if (!operand_resolve(check, sliced, NULL))
        return false;
    if (sliced->is_reference || is_computed(sliced))
        return fault(check, sliced->span, "only a field, a protocol or a function's value can be sliced");
    if (!is_sliceable(sliced->type))
        return fault_set(check->literal.error, check->literal.text, sliced->span, NULL,
                         "%.*s is %s and cannot be sliced", shown(sliced), source(check, sliced),
                         type_text(sliced->type));
    node->type = FIELD_BYTES;
    return true;
}

/* Gives an operand that is no literal its type. expected: what literals in it are, beside another; or NULL.
 */
static bool operand_resolve(struct check *check, struct node *node, const struct expected *expected)
{
    switch (node->kind) {
    case NODE_FIELD:
    case NODE_PROTOCOL:
    case NODE_CONSTANT:
        return true;
    case NODE_WORD:
        return name_resolve(check, node) || unknown_name(check, node);
    case NODE_NEGATE:
        if (!operand_resolve(check, node->first, expected))
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
    return operand_resolve(check, node, NULL);
}

/* Searched, a protocol reaches beyond its header. */
static void mark_searched(struct node *node)
{
    node->is_searched = node->kind == NODE_PROTOCOL;
    for (struct node *argument = node->kind == NODE_FUNCTION ? node->first : NULL; argument;
         argument = argument->next)
        mark_searched(argument);
}

static bool contains_resolve(struct check *check, struct node *node)
{
    struct node *first = node->first, *second = node->second;

    if (first->type != FIELD_STRING && !is_bytes_like(first->type))
        return fault_set(check->literal.error, check->literal.text, first->span, NULL,
                         "%.*s is %s, \"contains\" needs text or bytes", shown(first), source(check, first),
                         type_text(first->type));
    if (is_literal(check, second)) {
        struct expected expected = { first->type == FIELD_STRING ? FIELD_STRING : FIELD_BYTES, 0, NULL };

        if (first->type == FIELD_ETHER && second->kind != NODE_WORD)
            return fault(check, second->span, "an Ethernet address contains bytes (02:00), not text");
        if (!literal_as(check, second, expected, false))
            return false;
        mark_searched(first);
        return first->type != FIELD_ETHER || second->constant.bytes.len <= 6 ||
               fault(check, second->span, "an Ethernet address has six bytes");
    }
    if (!operand_resolve(check, second, NULL))
        return false;
    if (second->kind != NODE_SLICE) { /* which is looked for in the header's bytes */
        mark_searched(first);
        mark_searched(second);
    }
    return operands_compare(first, second) || incompatible(check, first, second);
}

static bool matches_resolve(struct check *check, struct node *node)
{
    struct node *first = node->first, *second = node->second;
    char message[200];

    if (first->type != FIELD_STRING && !is_bytes_like(first->type))
        return fault_set(check->literal.error, check->literal.text, first->span,
                         "string(...) makes text of numbers and addresses",
                         "%.*s is %s, \"matches\" needs text or bytes", shown(first), source(check, first),
                         type_text(first->type));
    mark_searched(first);
    if (second->kind != NODE_STRING)
        return fault(check, second->span, "\"matches\" needs a pattern in double quotes");
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
    if (node->relation == RELATION_CONTAINS)
        return contains_resolve(check, node);
    if (node->relation == RELATION_MATCHES)
        return matches_resolve(check, node);
    if (node->first->type == FIELD_NONE)
        return fault(check, node->first->span, "this field has no value, it can only be there or not");
    return second_resolve(check, node->first, node->second);
}

static bool element_resolve(struct check *check, const struct node *first, struct node *element)
{
    if (element->kind == NODE_SLICE || element->kind == NODE_ARITH)
        return fault(check, element->span, "a set holds values and fields, nothing sliced or computed");
    return second_resolve(check, first, element);
}

static bool set_resolve(struct check *check, struct node *node)
{
    if (!first_resolve(check, node->first))
        return false;
    if ((node->first->kind != NODE_FIELD && node->first->kind != NODE_PROTOCOL) || node->first->is_reference)
        return fault(check, node->first->span, "only a field can be looked up in a set");
    if (node->first->type == FIELD_NONE)
        return fault(check, node->first->span, "this field has no value, it can only be there or not");
    for (struct node *element = node->second; element; element = element->next) {
        if (element->kind == NODE_RANGE) {
            if (!element_resolve(check, node->first, element->first) ||
                !element_resolve(check, node->first, element->second))
                return false;
        } else if (!element_resolve(check, node->first, element)) {
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
    if (operand->is_reference)
        return fault(check, operand->span,
                     "a reference is a value to compare with; it is not there or absent");
    return operand_resolve(check, operand, NULL);
}

/* ---- tests that only others understand ---- */

enum { NAME_BYTES = 128 }; /* of a field; Wireshark's longest has some 90 */

/* Whether a word that is no name here is one outside. Numbers and addresses are not asked about. */
static bool is_outside_name(struct check *check, const struct node *word)
{
    char name[NAME_BYTES];
    size_t len = word->text.len;

    if (len >= sizeof name || !(isalpha(word->text.data[0]) || word->text.data[0] == '_'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum(word->text.data[i]) && strchr("_.-", word->text.data[i]) == NULL)
            return false;
    memcpy(name, word->text.data, len);
    name[len] = '\0';
    return check->outside->knows(check->outside->context, name);
}

static bool has_outside_name(struct check *check, const struct node *node)
{
    for (; node; node = node->next)
        if (node->kind == NODE_WORD
                ? is_outside_name(check, node)
                : has_outside_name(check, node->first) || has_outside_name(check, node->second))
            return true;
    return false;
}

/* A test that is wrong here only for a name that is known outside is handed over as it is written. */
static bool outside_resolve(struct check *check, struct node *node)
{
    struct check_outside *outside = check->outside;
    char *text;

    if (outside->knows == NULL ||
        (!has_outside_name(check, node->first) && !has_outside_name(check, node->second)))
        return false;
    if (outside->n_tests == EXTERNAL_TESTS)
        return false;
    text = arena_take(check->literal.arena, node->span.len + 1u);
    if (text == NULL)
        return false;
    memcpy(text, check->literal.text.data + node->span.at, node->span.len);
    outside->has_unknown = true;
    *check->literal.error = (struct error) { 0 };
    if (node->has_not) { /* its text says so: undo the "not" above it */
        struct node *test = arena_take(check->literal.arena, sizeof *test);

        if (test == NULL)
            return fault(check, node->span, "this filter needs too much memory");
        test->span = node->span;
        test->depth = node->depth;
        node->kind = NODE_NOT;
        node->first = test;
        node->second = NULL;
        node = test;
    }
    node->kind = NODE_EXTERNAL;
    node->first = node->second = NULL;
    node->number = outside->n_tests;
    outside->tests[outside->n_tests++] = text;
    return true;
}

static bool leaf_resolve(struct check *check, struct node *node)
{
    switch (node->kind) {
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

static bool test_resolve(struct check *check, struct node *node)
{
    switch (node->kind) {
    case NODE_AND:
    case NODE_OR:
    case NODE_XOR:
    case NODE_NOT:
        for (struct node *part = node->first; part; part = part->next)
            if (!test_resolve(check, part))
                return false;
        return true;
    default:
        return leaf_resolve(check, node) || outside_resolve(check, node);
    }
}

bool check_tree(struct node *root, struct bytes text, struct arena *arena, struct demand *demand,
                struct regex_list *regexes, struct check_outside *outside, struct error *error)
{
    struct check check = { { text, arena, error }, demand, regexes, outside };

    return test_resolve(&check, root);
}
