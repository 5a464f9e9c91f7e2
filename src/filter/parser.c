/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/parser.h"

#include <ctype.h>

#include "filter/lexer.h"

struct parser {
    struct lexer lexer;
    struct token token; /* the one looked at */
    uint32_t depth;
    struct arena *arena;
    struct error *error;
};

static struct node *parse_or(struct parser *parser);
static struct node *parse_operand(struct parser *parser);

static void advance(struct parser *parser)
{
    parser->token = lexer_next(&parser->lexer);
}

static bool accept(struct parser *parser, enum token_kind kind)
{
    if (parser->token.kind != kind)
        return false;
    advance(parser);
    return true;
}

static void *fault(struct parser *parser, struct span span, const char *sentence)
{
    fault_set(parser->error, parser->lexer.text, span, NULL, "%s", sentence);
    return NULL;
}

/* Says what was expected instead of the token looked at. */
static void *unexpected(struct parser *parser, const char *expected)
{
    const struct token *token = &parser->token;

    if (token->kind == TOKEN_END)
        fault_set(parser->error, parser->lexer.text, token->span, NULL,
                  "the filter ends where %s is expected", expected);
    else if (token->kind != TOKEN_FAULT)
        fault_set(parser->error, parser->lexer.text, token->span, NULL,
                  "\"%.*s\" stands where %s is expected", token->span.len < 60 ? (int)token->span.len : 60,
                  (const char *)parser->lexer.text.data + token->span.at, expected);
    return NULL;
}

static bool expect(struct parser *parser, enum token_kind kind, const char *expected)
{
    if (accept(parser, kind))
        return true;
    unexpected(parser, expected);
    return false;
}

static struct node *node_new(struct parser *parser, enum node_kind kind, struct span span)
{
    struct node *node = arena_take(parser->arena, sizeof *node);

    if (node == NULL)
        return fault(parser, span, "this filter needs too much memory");
    node->kind = kind;
    node->span = span;
    return node;
}

/* A node over one or two others; refused when it would be too deep to walk. */
static struct node *node_over(struct parser *parser, enum node_kind kind, struct node *first,
                              struct node *second)
{
    struct node *node;

    if (first == NULL)
        return NULL;
    node = node_new(parser, kind, second ? span_join(first->span, second->span) : first->span);
    if (node == NULL)
        return NULL;
    node->first = first;
    node->second = second;
    node->depth = first->depth + 1;
    if (second && second->depth >= node->depth)
        node->depth = second->depth + 1;
    if (node->depth > FILTER_DEPTH)
        return fault(parser, node->span, "this is nested too deep");
    return node;
}

static bool enter(struct parser *parser)
{
    if (parser->depth == FILTER_DEPTH) {
        fault(parser, parser->token.span, "this is nested too deep");
        return false;
    }
    parser->depth++;
    return true;
}

/* ---- slices and layers ---- */

struct range_text {
    const uint8_t *at, *end;
};

static void skip_space(struct range_text *text)
{
    while (text->at < text->end && isspace(*text->at))
        text->at++;
}

static bool range_sign(struct range_text *text, char sign)
{
    skip_space(text);
    if (text->at == text->end || *text->at != (uint8_t)sign)
        return false;
    text->at++;
    return true;
}

static bool range_number(struct range_text *text, int32_t *number)
{
    bool is_negative = range_sign(text, '-');
    const uint8_t *from;
    int64_t value = 0;

    skip_space(text);
    from = text->at;
    for (; text->at < text->end && isdigit(*text->at); text->at++) {
        value = value * 10 + (*text->at - '0');
        if (value > INT32_MAX)
            return false;
    }
    if (text->at == from)
        return false;
    *number = (int32_t)(is_negative ? -value : value);
    return true;
}

/* i:j  i-j  i  :j  i: */
static bool range_piece(struct range_text *text, struct range_piece *piece)
{
    *piece = (struct range_piece) { 0 };
    if (range_sign(text, ':')) {
        piece->has_length = true;
        return range_number(text, &piece->to) && piece->to > 0;
    }
    if (!range_number(text, &piece->from))
        return false;
    if (range_sign(text, ':')) {
        piece->has_length = true;
        if (range_number(text, &piece->to))
            return piece->to > 0;
        piece->is_open = true;
        return true;
    }
    if (range_sign(text, '-')) {
        if (!range_number(text, &piece->to))
            return false;
        return (piece->from < 0) == (piece->to < 0) && piece->from < piece->to;
    }
    piece->to = piece->from;
    return true;
}

static const struct range_list *parse_ranges(struct parser *parser, const struct token *token)
{
    struct range_text text = { token->text.data, token->text.data + token->text.len };
    struct range_list *list = arena_take(parser->arena, sizeof *list);

    if (list == NULL)
        return fault(parser, token->span, "this filter needs too much memory");
    do {
        if (list->n == FILTER_RANGES)
            return fault(parser, token->span, "these are too many pieces; 16 are the most");
        if (!range_piece(&text, &list->pieces[list->n++]))
            return fault(parser, token->span,
                         "this is not a range; there are [i:length] [first-last] [i] [:length] [i:]");
    } while (range_sign(&text, ','));
    skip_space(&text);
    if (text.at != text.end)
        return fault(parser, token->span,
                     "this is not a range; there are [i:length] [first-last] [i] [:length] [i:]");
    return list;
}

/* Behind the #: a number, or a range in brackets. */
static const struct range_list *parse_layers(struct parser *parser)
{
    struct token token = parser->token;

    if (token.kind != TOKEN_RANGE && token.kind != TOKEN_WORD)
        return unexpected(parser, "the number of a layer");
    advance(parser);
    if (token.kind == TOKEN_WORD)
        for (size_t i = 0; i < token.text.len; i++)
            if (!isdigit(token.text.data[i]))
                return fault(parser, token.span, "a layer is a number, or a range as in #[1-2]");
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
    struct node *node = node_new(parser, NODE_FUNCTION, name->span), **last;
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
        *last = parse_operand(parser);
        if (*last == NULL)
            return NULL;
        if ((*last)->depth >= node->depth)
            node->depth = (*last)->depth + 1;
        last = &(*last)->next;
    } while (accept(parser, TOKEN_COMMA));
    node->span = span_join(node->span, parser->token.span);
    if (!expect(parser, TOKEN_PAREN_CLOSE, "\",\" or \")\""))
        return NULL;
    return node;
}

/* Behind the $: {field}, {field#layers} */
static struct node *parse_reference(struct parser *parser, struct span span)
{
    struct node *node;

    if (!expect(parser, TOKEN_BRACE_OPEN, "\"{\" (a field reference is ${field})"))
        return NULL;
    if (parser->token.kind != TOKEN_WORD)
        return unexpected(parser, "a field");
    node = node_new(parser, NODE_WORD, parser->token.span);
    if (node == NULL)
        return NULL;
    node->text = parser->token.text;
    node->is_reference = true;
    advance(parser);
    if (accept(parser, TOKEN_HASH) && (node->layers = parse_layers(parser)) == NULL)
        return NULL;
    node->span = span_join(span, parser->token.span);
    return expect(parser, TOKEN_BRACE_CLOSE, "\"}\"") ? node : NULL;
}

static struct node *parse_primary(struct parser *parser)
{
    struct token token = parser->token;
    struct node *node;

    switch (token.kind) {
    case TOKEN_BRACE_OPEN:
        advance(parser);
        if (!enter(parser))
            return NULL;
        node = parse_operand(parser);
        parser->depth--;
        if (node)
            node->span = span_join(token.span, parser->token.span);
        if (node == NULL || !expect(parser, TOKEN_BRACE_CLOSE, "\"}\""))
            return NULL;
        return node;
    case TOKEN_DOLLAR:
        advance(parser);
        return parse_reference(parser, token.span);
    case TOKEN_STRING:
    case TOKEN_CHAR:
        advance(parser);
        node = node_new(parser, token.kind == TOKEN_STRING ? NODE_STRING : NODE_CHAR, token.span);
        if (node == NULL)
            return NULL;
        node->text = token.text;
        node->number = token.number;
        return node;
    case TOKEN_WORD:
        advance(parser);
        if (accept(parser, TOKEN_PAREN_OPEN)) {
            if (!enter(parser))
                return NULL;
            node = parse_function(parser, &token);
            parser->depth--;
            return node;
        }
        node = node_new(parser, NODE_WORD, token.span);
        if (node)
            node->text = token.text;
        return node;
    default:
        return unexpected(parser, "a field, a value or a function");
    }
}

static struct node *parse_postfix(struct parser *parser)
{
    struct node *node = parse_primary(parser);

    if (node && node->kind == NODE_WORD && parser->token.kind == TOKEN_HASH) {
        advance(parser);
        node->layers = parse_layers(parser);
        if (node->layers == NULL)
            return NULL;
    }
    while (node && parser->token.kind == TOKEN_RANGE) {
        struct token token = parser->token;
        const struct range_list *ranges = parse_ranges(parser, &token);

        advance(parser);
        if (ranges == NULL)
            return NULL;
        node = node_over(parser, NODE_SLICE, node, NULL);
        if (node) {
            node->ranges = ranges;
            node->span = span_join(node->span, token.span);
        }
    }
    return node;
}

static struct node *parse_unary(struct parser *parser)
{
    struct span span = parser->token.span;
    struct node *node;

    if (accept(parser, TOKEN_PLUS))
        return parse_postfix(parser);
    if (!accept(parser, TOKEN_MINUS))
        return parse_postfix(parser);
    if (!enter(parser))
        return NULL;
    node = node_over(parser, NODE_NEGATE, parse_unary(parser), NULL);
    parser->depth--;
    if (node)
        node->span = span_join(span, node->span);
    return node;
}

static struct node *arith_over(struct parser *parser, enum operation operation, struct node *first,
                               struct node *second)
{
    struct node *node = second ? node_over(parser, NODE_ARITH, first, second) : NULL;

    if (node)
        node->operation = operation;
    return node;
}

static struct node *parse_product(struct parser *parser)
{
    struct node *node = parse_unary(parser);

    while (node) {
        if (accept(parser, TOKEN_STAR))
            node = arith_over(parser, OPERATION_MULTIPLY, node, parse_unary(parser));
        else if (accept(parser, TOKEN_SLASH))
            node = arith_over(parser, OPERATION_DIVIDE, node, parse_unary(parser));
        else if (accept(parser, TOKEN_PERCENT))
            node = arith_over(parser, OPERATION_MODULO, node, parse_unary(parser));
        else
            break;
    }
    return node;
}

static struct node *parse_sum(struct parser *parser)
{
    struct node *node = parse_product(parser);

    while (node) {
        if (accept(parser, TOKEN_PLUS))
            node = arith_over(parser, OPERATION_ADD, node, parse_product(parser));
        else if (accept(parser, TOKEN_MINUS))
            node = arith_over(parser, OPERATION_SUBTRACT, node, parse_product(parser));
        else
            break;
    }
    return node;
}

static struct node *parse_operand(struct parser *parser)
{
    struct node *node = parse_sum(parser);

    while (node && accept(parser, TOKEN_AMPERSAND))
        node = arith_over(parser, OPERATION_AND, node, parse_sum(parser));
    return node;
}

/* ---- tests ---- */

/* Behind "in": {1, 3..5, ...} */
static struct node *parse_set(struct parser *parser, struct node *operand)
{
    struct node *node = node_over(parser, NODE_IN, operand, NULL), **last;

    if (node == NULL || !expect(parser, TOKEN_BRACE_OPEN, "a set {...}"))
        return NULL;
    last = &node->second;
    do {
        struct node *element = parse_operand(parser);

        if (element && accept(parser, TOKEN_DOTDOT)) {
            struct node *high = parse_operand(parser);

            element = high ? node_over(parser, NODE_RANGE, element, high) : NULL;
        }
        if (element == NULL)
            return NULL;
        *last = element;
        last = &element->next;
    } while (accept(parser, TOKEN_COMMA));
    node->span = span_join(node->span, parser->token.span);
    return expect(parser, TOKEN_BRACE_CLOSE, "\",\", \"..\" or \"}\"") ? node : NULL;
}

static bool relation_of(enum token_kind kind, enum relation *relation, enum quantifier *quantifier)
{
    static const struct {
        enum token_kind kind;
        enum relation relation;
        enum quantifier quantifier;
    } relations[] = {
        { TOKEN_EQ, RELATION_EQ, QUANTIFIER_ANY },
        { TOKEN_ALL_EQ, RELATION_EQ, QUANTIFIER_ALL },
        { TOKEN_NE, RELATION_NE, QUANTIFIER_ALL },
        { TOKEN_ANY_NE, RELATION_NE, QUANTIFIER_ANY },
        { TOKEN_GT, RELATION_GT, QUANTIFIER_ANY },
        { TOKEN_GE, RELATION_GE, QUANTIFIER_ANY },
        { TOKEN_LT, RELATION_LT, QUANTIFIER_ANY },
        { TOKEN_LE, RELATION_LE, QUANTIFIER_ANY },
        { TOKEN_CONTAINS, RELATION_CONTAINS, QUANTIFIER_ANY },
        { TOKEN_MATCHES, RELATION_MATCHES, QUANTIFIER_ANY },
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
    struct node *node = node_over(parser, kind, first, NULL);

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
    fault(parser, part->span, "this is nested too deep");
    return false;
}

static struct node *parse_test(struct parser *parser)
{
    bool has_all = parser->token.kind == TOKEN_ALL, has_any = parser->token.kind == TOKEN_ANY;
    struct span from = parser->token.span;
    struct node *operand, *result = NULL, *last = NULL;

    if (has_all || has_any)
        advance(parser);
    operand = parse_operand(parser);
    if (operand == NULL)
        return NULL;
    if (parser->token.kind == TOKEN_IN || parser->token.kind == TOKEN_NOT) {
        struct span span = parser->token.span;
        bool is_negated = accept(parser, TOKEN_NOT);

        if (parser->token.kind != TOKEN_IN) {
            parser->token.kind = TOKEN_NOT;
            parser->token.span = span;
            return unexpected(parser, "\"and\", \"or\" or an operator");
        }
        advance(parser);
        result = parse_set(parser, operand);
        if (result) {
            result->quantifier = has_all ? QUANTIFIER_ALL : QUANTIFIER_ANY;
            result->span = span_join(from, result->span);
            result->has_not = is_negated;
        }
        return is_negated ? node_over(parser, NODE_NOT, result, NULL) : result;
    }
    for (;;) { /* a < b < c is a < b and b < c */
        enum relation relation;
        enum quantifier quantifier;
        struct node *right, *test;

        if (!relation_of(parser->token.kind, &relation, &quantifier))
            break;
        advance(parser);
        right = parse_operand(parser);
        test = right ? node_over(parser, NODE_COMPARE, operand, right) : NULL;
        if (test == NULL)
            return NULL;
        test->relation = relation;
        test->quantifier = has_all ? QUANTIFIER_ALL : has_any ? QUANTIFIER_ANY : quantifier;
        if (result == NULL)
            test->span = span_join(from, test->span);
        operand = right;
        if (result == NULL) {
            result = last = test;
        } else {
            if (last == result)
                result = list_of(parser, NODE_AND, last);
            if (result == NULL || !list_add(parser, result, &last, test))
                return NULL;
        }
    }
    if (result)
        return result;
    if (has_all || has_any)
        return unexpected(parser, "an operator (after \"any\" or \"all\" stands a comparison)");
    return node_over(parser, NODE_EXISTS, operand, NULL);
}

static struct node *parse_not(struct parser *parser)
{
    struct span span = parser->token.span;
    struct node *node;

    if (!enter(parser))
        return NULL;
    if (accept(parser, TOKEN_NOT)) {
        node = node_over(parser, NODE_NOT, parse_not(parser), NULL);
        if (node)
            node->span = span_join(span, node->span);
    } else if (accept(parser, TOKEN_PAREN_OPEN)) {
        node = parse_or(parser);
        if (node && !expect(parser, TOKEN_PAREN_CLOSE, "\"and\", \"or\" or \")\""))
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
    while (list && accept(parser, sign))
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
    advance(&parser);
    node = parse_or(&parser);
    if (node && parser.token.kind != TOKEN_END)
        return unexpected(&parser, "\"and\", \"or\" or an operator");
    return error->kind == ERROR_NONE ? node : NULL;
}
