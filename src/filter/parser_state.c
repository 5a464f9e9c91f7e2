/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/parser_state.h"

void parser_advance(struct parser *parser)
{
    parser->token = lexer_next(&parser->lexer);
}

bool parser_accept(struct parser *parser, enum token_kind kind)
{
    if (parser->token.kind != kind)
        return false;
    parser_advance(parser);
    return true;
}

void *parser_fault(struct parser *parser, struct span span, const char *sentence)
{
    fault_set(parser->error, parser->lexer.text, span, NULL, "%s", sentence);
    return NULL;
}

void *parser_unexpected(struct parser *parser, const char *expected)
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

bool parser_expect(struct parser *parser, enum token_kind kind, const char *expected)
{
    if (parser_accept(parser, kind))
        return true;
    parser_unexpected(parser, expected);
    return false;
}

struct node *parser_node(struct parser *parser, enum node_kind kind, struct span span)
{
    struct node *node = arena_take(parser->arena, sizeof *node);

    if (node == NULL)
        return parser_fault(parser, span, "this filter needs too much memory");
    node->kind = kind;
    node->span = span;
    return node;
}

struct node *parser_node_over(struct parser *parser, enum node_kind kind, struct node *first,
                              struct node *second)
{
    struct node *node;

    if (first == NULL)
        return NULL;
    node = parser_node(parser, kind, second ? span_join(first->span, second->span) : first->span);
    if (node == NULL)
        return NULL;
    node->first = first;
    node->second = second;
    node->depth = first->depth + 1;
    if (second && second->depth >= node->depth)
        node->depth = second->depth + 1;
    if (node->depth > FILTER_DEPTH)
        return parser_fault(parser, node->span, "this is nested too deep");
    return node;
}

bool parser_enter(struct parser *parser)
{
    if (parser->depth == FILTER_DEPTH) {
        parser_fault(parser, parser->token.span, "this is nested too deep");
        return false;
    }
    parser->depth++;
    return true;
}
