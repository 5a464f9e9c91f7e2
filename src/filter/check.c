/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/check.h"

#include <ctype.h>

#include "filter/check_operand.h"

/* The left side of a comparison: never a literal. */
static bool first_resolve(struct check *check, struct node *node)
{
    if (check_is_literal(check, node) || node->kind == NODE_CONSTANT) {
        if (node->kind == NODE_WORD)
            return check_unknown_name(check, node);
        return check_fault(check, node->span, "a field or function must stand on the left side");
    }
    return check_operand(check, node, NULL);
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

    if (first->type != FIELD_STRING && !check_is_bytes(first->type))
        return fault_set(check->literal.error, check->literal.text, first->span, NULL,
                         "%.*s is %s, \"contains\" needs text or bytes", check_shown(first),
                         check_source(check, first), type_text(first->type));
    if (check_is_literal(check, second)) {
        struct expected expected = { first->type == FIELD_STRING ? FIELD_STRING : FIELD_BYTES, 0, NULL };

        if (first->type == FIELD_ETHER && second->kind != NODE_WORD)
            return check_fault(check, second->span, "an Ethernet address contains bytes (02:00), not text");
        if (!check_literal(check, second, expected, false))
            return false;
        mark_searched(first);
        return first->type != FIELD_ETHER || second->constant.bytes.len <= 6 ||
               check_fault(check, second->span, "an Ethernet address has six bytes");
    }
    if (!check_operand(check, second, NULL))
        return false;
    if (second->kind != NODE_SLICE) { /* which is looked for in the header's bytes */
        mark_searched(first);
        mark_searched(second);
    }
    return check_operands_compare(first, second) || check_incompatible(check, first, second);
}

static bool matches_resolve(struct check *check, struct node *node)
{
    struct node *first = node->first, *second = node->second;
    char message[200];

    if (first->type != FIELD_STRING && !check_is_bytes(first->type))
        return fault_set(check->literal.error, check->literal.text, first->span,
                         "string(...) makes text of numbers and addresses",
                         "%.*s is %s, \"matches\" needs text or bytes", check_shown(first),
                         check_source(check, first), type_text(first->type));
    mark_searched(first);
    if (second->kind != NODE_STRING)
        return check_fault(check, second->span, "\"matches\" needs a pattern in double quotes");
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
        return check_fault(check, node->first->span, "this field has no value, it can only be there or not");
    return check_second(check, node->first, node->second);
}

static bool element_resolve(struct check *check, const struct node *first, struct node *element)
{
    if (element->kind == NODE_SLICE || element->kind == NODE_ARITH)
        return check_fault(check, element->span, "a set holds values and fields, nothing sliced or computed");
    return check_second(check, first, element);
}

static bool set_resolve(struct check *check, struct node *node)
{
    if (!first_resolve(check, node->first))
        return false;
    if ((node->first->kind != NODE_FIELD && node->first->kind != NODE_PROTOCOL) || node->first->is_reference)
        return check_fault(check, node->first->span, "only a field can be looked up in a set");
    if (node->first->type == FIELD_NONE)
        return check_fault(check, node->first->span, "this field has no value, it can only be there or not");
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

    if (check_is_literal(check, operand) && operand->kind != NODE_WORD)
        return check_fault(check, operand->span, "this is neither a field nor a protocol");
    if (operand->kind == NODE_FUNCTION)
        return check_fault(check, operand->span,
                           "a function has a value to compare; it is not there or absent");
    if (operand->is_reference)
        return check_fault(check, operand->span,
                           "a reference is a value to compare with; it is not there or absent");
    return check_operand(check, operand, NULL);
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
            return check_fault(check, node->span, "this filter needs too much memory");
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
        return check_fault(check, node->span, "this is not a test");
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
