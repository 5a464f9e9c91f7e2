/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/parser_operand.h"

#include "filter/ranges.h"

/* ---- slices and layers ---- */

static const struct range_list *parse_ranges(struct parser *parser, const struct token *token)
{
    struct range_list *list = arena_take(parser->arena, sizeof *list);

    if (list == NULL)
        return parser_fault(parser, token->span, "this filter needs too much memory");
    switch (ranges_parse(token->text, list)) {
    case RANGES_GOOD:
        return list;
    case RANGES_TOO_MANY:
        return parser_fault(parser, token->span, "these are too many pieces; 16 are the most");
    case RANGES_WRONG:
        break;
    }
    return parser_fault(parser, token->span,
                        "this is not a range; there are [i:length] [first-last] [i] [:length] [i:]");
}

/* Behind the #: a number, or a range in brackets. */
static const struct range_list *parse_layers(struct parser *parser)
{
    struct token token = parser->token;

    if (token.kind != TOKEN_RANGE && token.kind != TOKEN_WORD)
        return parser_unexpected(parser, "the number of a layer");
    parser_advance(parser);
    return parse_ranges(parser, &token);
}

/* ---- operands ---- */

static const struct {
    const char *name;
    enum function_id id;
} functions[] = {
    { "lower", FUNCTION_LOWER }, { "upper", FUNCTION_UPPER },   { "len", FUNCTION_LEN },
    { "count", FUNCTION_COUNT }, { "string", FUNCTION_STRING }, { "max", FUNCTION_MAX },
    { "min", FUNCTION_MIN },     { "abs", FUNCTION_ABS },
};

static struct node *parse_function(struct parser *parser, const struct token *name)
{
    struct node *node = parser_node(parser, NODE_FUNCTION, name->span), **last;
    size_t i = 0;

    if (node == NULL)
        return NULL;
    while (i < sizeof functions / sizeof *functions &&
           !bytes_equal(name->text, bytes_text(functions[i].name)))
        i++;
    if (i == sizeof functions / sizeof *functions) {
        fault_set(parser->error, parser->lexer.text, name->span,
                  "there are lower upper len count string max min abs", "\"%.*s\" is not a function",
                  name->text.len < 60 ? (int)name->text.len : 60, (const char *)name->text.data);
        return NULL;
    }
    node->function = functions[i].id;
    last = &node->first;
    do {
        *last = parser_operand(parser);
        if (*last == NULL)
            return NULL;
        if ((*last)->depth >= node->depth)
            node->depth = (*last)->depth + 1;
        last = &(*last)->next;
    } while (parser_accept(parser, TOKEN_COMMA));
    node->span = span_join(node->span, parser->token.span);
    if (!parser_expect(parser, TOKEN_PAREN_CLOSE, "\",\" or \")\""))
        return NULL;
    return node;
}

/* Behind the $: {field}, {field#layers} */
static struct node *parse_reference(struct parser *parser, struct span span)
{
    struct node *node;

    if (!parser_expect(parser, TOKEN_BRACE_OPEN, "\"{\" (a field reference is ${field})"))
        return NULL;
    if (parser->token.kind != TOKEN_WORD)
        return parser_unexpected(parser, "a field");
    node = parser_node(parser, NODE_WORD, parser->token.span);
    if (node == NULL)
        return NULL;
    node->text = parser->token.text;
    node->is_reference = true;
    parser_advance(parser);
    if (parser_accept(parser, TOKEN_HASH) && (node->layers = parse_layers(parser)) == NULL)
        return NULL;
    node->span = span_join(span, parser->token.span);
    return parser_expect(parser, TOKEN_BRACE_CLOSE, "\"}\"") ? node : NULL;
}

static struct node *parse_primary(struct parser *parser)
{
    struct token token = parser->token;
    struct node *node;

    switch (token.kind) {
    case TOKEN_DOLLAR:
        parser_advance(parser);
        return parse_reference(parser, token.span);
    case TOKEN_STRING:
    case TOKEN_CHAR:
        parser_advance(parser);
        node = parser_node(parser, token.kind == TOKEN_STRING ? NODE_STRING : NODE_CHAR, token.span);
        if (node == NULL)
            return NULL;
        node->text = token.text;
        node->number = token.number;
        return node;
    case TOKEN_WORD:
        parser_advance(parser);
        if (parser_accept(parser, TOKEN_PAREN_OPEN)) {
            if (!parser_enter(parser))
                return NULL;
            node = parse_function(parser, &token);
            parser->depth--;
            return node;
        }
        node = parser_node(parser, NODE_WORD, token.span);
        if (node)
            node->text = token.text;
        return node;
    default:
        return parser_unexpected(parser, "a field, a value or a function");
    }
}

struct node *parser_entity(struct parser *parser)
{
    struct node *node = parse_primary(parser);

    if (node && node->kind == NODE_WORD && parser->token.kind == TOKEN_HASH) {
        parser_advance(parser);
        node->layers = parse_layers(parser);
        if (node->layers == NULL)
            return NULL;
    }
    while (node && parser->token.kind == TOKEN_RANGE) {
        struct token token = parser->token;
        const struct range_list *ranges = parse_ranges(parser, &token);

        parser_advance(parser);
        if (ranges == NULL)
            return NULL;
        node = parser_node_over(parser, NODE_SLICE, node, NULL);
        if (node) {
            node->ranges = ranges;
            node->span = span_join(node->span, token.span);
        }
    }
    return node;
}

/* {sum} */
static struct node *parse_group(struct parser *parser)
{
    struct span span = parser->token.span;
    struct node *node;

    parser_advance(parser);
    if (!parser_enter(parser))
        return NULL;
    node = parser_operand(parser);
    parser->depth--;
    if (node)
        node->span = span_join(span, parser->token.span);
    return node && parser_expect(parser, TOKEN_BRACE_CLOSE, "\"}\"") ? node : NULL;
}

struct node *parser_term(struct parser *parser)
{
    struct span span = parser->token.span;
    struct node *node;

    if (parser->token.kind == TOKEN_BRACE_OPEN)
        return parse_group(parser);
    if (parser_accept(parser, TOKEN_PLUS))
        return parser_entity(parser);
    if (!parser_accept(parser, TOKEN_MINUS))
        return parser_entity(parser);
    if (!parser_enter(parser))
        return NULL;
    node = parser_node_over(parser, NODE_NEGATE, parser_term(parser), NULL);
    parser->depth--;
    if (node)
        node->span = span_join(span, node->span);
    return node;
}

static struct node *arith_over(struct parser *parser, enum operation operation, struct node *first,
                               struct node *second)
{
    struct node *node = second ? parser_node_over(parser, NODE_ARITH, first, second) : NULL;

    if (node)
        node->operation = operation;
    return node;
}

static struct node *parse_product(struct parser *parser)
{
    struct node *node = parser_term(parser);

    while (node) {
        if (parser_accept(parser, TOKEN_STAR))
            node = arith_over(parser, OPERATION_MULTIPLY, node, parser_term(parser));
        else if (parser_accept(parser, TOKEN_SLASH))
            node = arith_over(parser, OPERATION_DIVIDE, node, parser_term(parser));
        else if (parser_accept(parser, TOKEN_PERCENT))
            node = arith_over(parser, OPERATION_MODULO, node, parser_term(parser));
        else
            break;
    }
    return node;
}

static struct node *parse_sum(struct parser *parser)
{
    struct node *node = parse_product(parser);

    while (node) {
        if (parser_accept(parser, TOKEN_PLUS))
            node = arith_over(parser, OPERATION_ADD, node, parse_product(parser));
        else if (parser_accept(parser, TOKEN_MINUS))
            node = arith_over(parser, OPERATION_SUBTRACT, node, parse_product(parser));
        else
            break;
    }
    return node;
}

struct node *parser_operand(struct parser *parser)
{
    struct node *node = parse_sum(parser);

    while (node && parser_accept(parser, TOKEN_AMPERSAND))
        node = arith_over(parser, OPERATION_AND, node, parse_sum(parser));
    return node;
}
