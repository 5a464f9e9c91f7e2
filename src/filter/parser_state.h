/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser_state - the token the parser looks at, the nodes it makes, and its faults: what parser.c and
 * parser_operand.c share.
 */
#pragma once

#include "filter/lexer.h"
#include "filter/tree.h"

struct parser {
    struct lexer lexer;
    struct token token; /* the one looked at */
    uint32_t depth;
    struct arena *arena;
    struct error *error;
};

void parser_advance(struct parser *parser);

/* Goes past the token if it is of that kind. */
bool parser_accept(struct parser *parser, enum token_kind kind);

/* The same; else a fault that says what was expected. */
bool parser_expect(struct parser *parser, enum token_kind kind, const char *expected);

/* Always NULL, with the error set. */
void *parser_fault(struct parser *parser, struct span span, const char *sentence);

/* Says what was expected instead of the token looked at; always NULL. */
void *parser_unexpected(struct parser *parser, const char *expected);

/* NULL without room. */
struct node *parser_node(struct parser *parser, enum node_kind kind, struct span span);

/* A node over one or two others; NULL when first is, or when it would be too deep to walk. */
struct node *parser_node_over(struct parser *parser, enum node_kind kind, struct node *first,
                              struct node *second);

/* Before each step deeper; parser->depth-- behind it. False with a fault when it is too deep. */
bool parser_enter(struct parser *parser);
