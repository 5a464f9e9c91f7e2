/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/parser.h"

#include "filter/lexer.h"
#include "filter/ranges.h"

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

static const struct range_list *parse_ranges(struct parser *parser, const struct token *token)
{
    struct range_list *list = arena_take(parser->arena, sizeof *list);

    if (list == NULL)
        return fault(parser, token->span, "this filter needs too much memory");
    switch (ranges_parse(token->text, list)) {
    case RANGES_GOOD:
        return list;
    case RANGES_TOO_MANY:
        return fault(parser, token->span, "these are too many pieces; 16 are the most");
    case RANGES_WRONG:
        break;
    }
    return fault(parser, token->span,
                 "this is not a range; there are [i:length] [first-last] [i] [:length] [i:]");
}

/* Behind the #: a number, or a range in brackets. */
static const struct range_list *parse_layers(struct parser *parser)
{
    struct token token = parser->token;

    if (token.kind != TOKEN_RANGE && token.kind != TOKEN_WORD)
        return unexpected(parser, "the number of a layer");
    advance(parser);
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

/* What can be searched, sliced and put into a set: a field, a value or a function, with its slices. */
static struct node *parse_entity(struct parser *parser)
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

/* {sum} */
static struct node *parse_group(struct parser *parser)
{
    struct span span = parser->token.span;
    struct node *node;

    advance(parser);
    if (!enter(parser))
        return NULL;
    node = parse_operand(parser);
    parser->depth--;
    if (node)
        node->span = span_join(span, parser->token.span);
    return node && expect(parser, TOKEN_BRACE_CLOSE, "\"}\"") ? node : NULL;
}

static struct node *parse_unary(struct parser *parser)
{
    struct span span = parser->token.span;
    struct node *node;

    if (parser->token.kind == TOKEN_BRACE_OPEN)
        return parse_group(parser);
    if (accept(parser, TOKEN_PLUS))
        return parse_entity(parser);
    if (!accept(parser, TOKEN_MINUS))
        return parse_entity(parser);
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

static struct node *parse_element(struct parser *parser)
{
    if (parser->token.kind == TOKEN_BRACE_OPEN)
        return unexpected(parser, "a field or a value");
    return parse_unary(parser);
}

/* Behind "in": {1, 3..5, ...} */
static struct node *parse_set(struct parser *parser, struct node *operand)
{
    struct node *node = node_over(parser, NODE_IN, operand, NULL), **last;

    if (node == NULL || !expect(parser, TOKEN_BRACE_OPEN, "a set {...}"))
        return NULL;
    last = &node->second;
    do {
        struct node *element = parse_element(parser);

        if (element && accept(parser, TOKEN_DOTDOT)) {
            struct node *high = parse_element(parser);

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
        advance(parser);
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
    bool is_negated = accept(parser, TOKEN_NOT);
    struct node *node;

    if (!accept(parser, TOKEN_IN)) {
        parser->token = token;
        return unexpected(parser, "\"and\", \"or\" or an operator");
    }
    node = parse_set(parser, operand);
    if (node == NULL)
        return NULL;
    node->quantifier = is_negated ? QUANTIFIER_ANY : quantified->quantifier;
    node->span = span_join(quantified->from, node->span);
    node->has_not = is_negated;
    if (!is_negated)
        return node;
    node = node_over(parser, NODE_NOT, node, NULL);
    if (node)
        node->has_idle_quantifier = quantified->is_given;
    return node;
}

static struct node *parse_search(struct parser *parser, const struct quantified *quantified,
                                 struct node *operand)
{
    enum relation relation = parser->token.kind == TOKEN_CONTAINS ? RELATION_CONTAINS : RELATION_MATCHES;
    struct node *node, *right;

    advance(parser);
    right = parse_entity(parser);
    node = right ? node_over(parser, NODE_COMPARE, operand, right) : NULL;
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

        advance(parser);
        right = parse_operand(parser);
        test = right ? node_over(parser, NODE_COMPARE, operand, right) : NULL;
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
    struct node *operand = parse_operand(parser);
    enum token_kind kind = parser->token.kind;

    if (operand == NULL)
        return NULL;
    if (kind == TOKEN_IN || kind == TOKEN_NOT || kind == TOKEN_CONTAINS || kind == TOKEN_MATCHES) {
        if (!is_entity || operand->kind == NODE_ARITH)
            return fault(
                parser, operand->span,
                "what is computed cannot be searched or looked up in a set, only a field, a slice or a "
                "function");
        return kind == TOKEN_IN || kind == TOKEN_NOT ? parse_membership(parser, &quantified, operand)
                                                     : parse_search(parser, &quantified, operand);
    }
    if (relation_of(kind, &(enum relation) { 0 }, &(enum quantifier) { 0 }))
        return parse_comparisons(parser, &quantified, operand);
    if (quantified.is_given)
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
