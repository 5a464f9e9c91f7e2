/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/parser.h"

#include "filter/parser_operand.h"

static struct node *parse_or(struct parser *parser);

static struct node *parse_element(struct parser *parser)
{
    if (parser->token.kind == TOKEN_BRACE_OPEN)
        return parser_unexpected(parser, "a field or a value");
    return parser_term(parser);
}

/* Behind "in": {1, 3..5, ...} */
static struct node *parse_set(struct parser *parser, struct node *operand)
{
    struct node *node = parser_node_over(parser, NODE_IN, operand, NULL), **last;

    if (node == NULL || !parser_expect(parser, TOKEN_BRACE_OPEN, "a set {...}"))
        return NULL;
    last = &node->second;
    do {
        struct node *element = parse_element(parser);

        if (element && parser_accept(parser, TOKEN_DOTDOT)) {
            struct node *high = parse_element(parser);

            element = high ? parser_node_over(parser, NODE_RANGE, element, high) : NULL;
        }
        if (element == NULL)
            return NULL;
        *last = element;
        last = &element->next;
    } while (parser_accept(parser, TOKEN_COMMA));
    node->span = span_join(node->span, parser->token.span);
    return parser_expect(parser, TOKEN_BRACE_CLOSE, "\",\", \"..\" or \"}\"") ? node : NULL;
}

/* Of what compares; what searches is parse_search's. */
static bool relation_of(enum token_kind kind, enum relation *relation, enum quantifier *quantifier)
{
    static const struct {
        enum token_kind kind;
        enum relation relation;
        enum quantifier quantifier;
    } relations[] = {
        { TOKEN_EQ, RELATION_EQ, QUANTIFIER_ANY }, { TOKEN_ALL_EQ, RELATION_EQ, QUANTIFIER_ALL },
        { TOKEN_NE, RELATION_NE, QUANTIFIER_ALL }, { TOKEN_ANY_NE, RELATION_NE, QUANTIFIER_ANY },
        { TOKEN_GT, RELATION_GT, QUANTIFIER_ANY }, { TOKEN_GE, RELATION_GE, QUANTIFIER_ANY },
        { TOKEN_LT, RELATION_LT, QUANTIFIER_ANY }, { TOKEN_LE, RELATION_LE, QUANTIFIER_ANY },
    };

    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
        if (relations[i].kind == kind) {
            *relation = relations[i].relation;
            *quantifier = relations[i].quantifier;
            return true;
        }
    return false;
}

static struct node *list_of(struct parser *parser, enum node_kind kind, struct node *first)
{
    struct node *node = parser_node_over(parser, kind, first, NULL);

    return node;
}

static bool list_add(struct parser *parser, struct node *list, struct node **last, struct node *part)
{
    if (part == NULL)
        return false;
    (*last)->next = part;
    *last = part;
    list->span = span_join(list->span, part->span);
    if (part->depth >= list->depth)
        list->depth = part->depth + 1;
    if (list->depth <= FILTER_DEPTH)
        return true;
    parser_fault(parser, part->span, "this is nested too deep");
    return false;
}

/* "all" and "any", which stand before a test; without one each relation has its own. */
struct quantified {
    bool is_given;
    enum quantifier quantifier;
    struct span from; /* where the test begins, with it */
};

static struct quantified parse_quantifier(struct parser *parser)
{
    struct quantified quantified = { .from = parser->token.span };

    quantified.is_given = parser->token.kind == TOKEN_ALL || parser->token.kind == TOKEN_ANY;
    if (parser->token.kind == TOKEN_ALL)
        quantified.quantifier = QUANTIFIER_ALL;
    if (quantified.is_given)
        parser_advance(parser);
    return quantified;
}

/*
 * operand in {...}, operand not in {...}: the latter is "not any operand in {...}" whatever stands before it,
 * as in Wireshark.
 */
static struct node *parse_membership(struct parser *parser, const struct quantified *quantified,
                                     struct node *operand)
{
    struct token token = parser->token;
    bool is_negated = parser_accept(parser, TOKEN_NOT);
    struct node *node;

    if (!parser_accept(parser, TOKEN_IN)) {
        parser->token = token;
        return parser_unexpected(parser, "\"and\", \"or\" or an operator");
    }
    node = parse_set(parser, operand);
    if (node == NULL)
        return NULL;
    node->quantifier = is_negated ? QUANTIFIER_ANY : quantified->quantifier;
    node->span = span_join(quantified->from, node->span);
    node->has_not = is_negated;
    if (!is_negated)
        return node;
    node = parser_node_over(parser, NODE_NOT, node, NULL);
    if (node)
        node->has_idle_quantifier = quantified->is_given;
    return node;
}

static struct node *parse_search(struct parser *parser, const struct quantified *quantified,
                                 struct node *operand)
{
    enum relation relation = parser->token.kind == TOKEN_CONTAINS ? RELATION_CONTAINS : RELATION_MATCHES;
    struct node *node, *right;

    parser_advance(parser);
    right = parser_entity(parser);
    node = right ? parser_node_over(parser, NODE_COMPARE, operand, right) : NULL;
    if (node == NULL)
        return NULL;
    node->relation = relation;
    node->quantifier = quantified->quantifier;
    node->span = span_join(quantified->from, node->span);
    return node;
}

/* a < b; and a < b < c, which is a < b and b < c. There "all" and "any" say nothing, as in Wireshark. */
static struct node *parse_comparisons(struct parser *parser, const struct quantified *quantified,
                                      struct node *operand)
{
    struct node *result = NULL, *last = NULL;
    enum relation relation;
    enum quantifier quantifier;

    while (relation_of(parser->token.kind, &relation, &quantifier)) {
        struct node *right, *test;

        parser_advance(parser);
        right = parser_operand(parser);
        test = right ? parser_node_over(parser, NODE_COMPARE, operand, right) : NULL;
        if (test == NULL)
            return NULL;
        test->relation = relation;
        test->quantifier = quantifier;
        if (result == NULL) {
            test->span = span_join(quantified->from, test->span);
            result = last = test;
        } else {
            if (last == result)
                result = list_of(parser, NODE_AND, last);
            if (result == NULL || !list_add(parser, result, &last, test))
                return NULL;
        }
        operand = right;
    }
    if (!quantified->is_given)
        return result;
    if (result->kind == NODE_COMPARE)
        result->quantifier = quantified->quantifier;
    else
        result->has_idle_quantifier = true;
    return result;
}

static struct node *parse_test(struct parser *parser)
{
    struct quantified quantified = parse_quantifier(parser);
    /* what begins with a sign or a brace is computed: compared, not searched or looked up */
    bool is_entity = parser->token.kind != TOKEN_BRACE_OPEN && parser->token.kind != TOKEN_PLUS &&
                     parser->token.kind != TOKEN_MINUS;
    struct node *operand = parser_operand(parser);
    enum token_kind kind = parser->token.kind;

    if (operand == NULL)
        return NULL;
    if (kind == TOKEN_IN || kind == TOKEN_NOT || kind == TOKEN_CONTAINS || kind == TOKEN_MATCHES) {
        if (!is_entity || operand->kind == NODE_ARITH)
            return parser_fault(
                parser, operand->span,
                "what is computed cannot be searched or looked up in a set, only a field, a slice or a "
                "function");
        return kind == TOKEN_IN || kind == TOKEN_NOT ? parse_membership(parser, &quantified, operand)
                                                     : parse_search(parser, &quantified, operand);
    }
    if (relation_of(kind, &(enum relation) { 0 }, &(enum quantifier) { 0 }))
        return parse_comparisons(parser, &quantified, operand);
    if (quantified.is_given)
        return parser_unexpected(parser, "an operator (after \"any\" or \"all\" stands a comparison)");
    return parser_node_over(parser, NODE_EXISTS, operand, NULL);
}

static struct node *parse_not(struct parser *parser)
{
    struct span span = parser->token.span;
    struct node *node;

    if (!parser_enter(parser))
        return NULL;
    if (parser_accept(parser, TOKEN_NOT)) {
        node = parser_node_over(parser, NODE_NOT, parse_not(parser), NULL);
        if (node)
            node->span = span_join(span, node->span);
    } else if (parser_accept(parser, TOKEN_PAREN_OPEN)) {
        node = parse_or(parser);
        if (node && !parser_expect(parser, TOKEN_PAREN_CLOSE, "\"and\", \"or\" or \")\""))
            node = NULL;
    } else {
        node = parse_test(parser);
    }
    parser->depth--;
    return node;
}

/* One level of "and" or "or": parts in a row become one list. */
static struct node *parse_row(struct parser *parser, enum token_kind sign, enum node_kind kind,
                              struct node *(*parse_part)(struct parser *))
{
    struct node *first = parse_part(parser), *list, *last = first;

    if (first == NULL || parser->token.kind != sign)
        return first;
    list = list_of(parser, kind, first);
    while (list && parser_accept(parser, sign))
        if (!list_add(parser, list, &last, parse_part(parser)))
            return NULL;
    return list;
}

static struct node *parse_and(struct parser *parser)
{
    return parse_row(parser, TOKEN_AND, NODE_AND, parse_not);
}

static struct node *parse_xor(struct parser *parser)
{
    return parse_row(parser, TOKEN_XOR, NODE_XOR, parse_and);
}

static struct node *parse_or(struct parser *parser)
{
    return parse_row(parser, TOKEN_OR, NODE_OR, parse_xor);
}

struct node *parser_parse(struct bytes text, struct arena *arena, struct error *error)
{
    struct parser parser = { .arena = arena, .error = error };
    struct node *node;

    lexer_init(&parser.lexer, text, arena, error);
    parser_advance(&parser);
    node = parse_or(&parser);
    if (node && parser.token.kind != TOKEN_END)
        return parser_unexpected(&parser, "\"and\", \"or\" or an operator");
    return error->kind == ERROR_NONE ? node : NULL;
}
