/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexer - a filter's text to tokens.
 *
 * Knows Wireshark's spellings (4.0's, and the xor of later ones) and nothing of fields: a word (word.h) is
 * a name, a number, an address or a time, and which of these only the check can say, for "10.0" may be any.
 * A minus needs a space before it, for names may have one.
 */
#pragma once

#include "filter/arena.h"
#include "filter/fault.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_STRING, /* text: unescaped */
    TOKEN_CHAR,   /* number: its value */
    TOKEN_PAREN_OPEN,
    TOKEN_PAREN_CLOSE,
    TOKEN_BRACE_OPEN,
    TOKEN_BRACE_CLOSE,
    TOKEN_RANGE, /* text: what stands between [ and ] */
    TOKEN_COMMA,
    TOKEN_DOTDOT,
    TOKEN_HASH,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_STAR,
    TOKEN_SLASH,
    TOKEN_PERCENT,
    TOKEN_AMPERSAND,
    TOKEN_DOLLAR,
    TOKEN_EQ,
    TOKEN_ALL_EQ,
    TOKEN_NE,
    TOKEN_ANY_NE,
    TOKEN_GT,
    TOKEN_GE,
    TOKEN_LT,
    TOKEN_LE,
    TOKEN_CONTAINS,
    TOKEN_MATCHES,
    TOKEN_IN,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_XOR,
    TOKEN_NOT,
    TOKEN_ANY,
    TOKEN_ALL,
    TOKEN_FAULT, /* *error is set */
};

struct token {
    enum token_kind kind;
    struct span span;
    struct bytes text;
    uint32_t number;
    bool is_raw; /* of a string: r"..." */
};

struct lexer {
    struct bytes text;
    size_t at;
    bool is_behind_hash;
    struct arena *arena; /* unescaped strings live here */
    struct error *error;
};

void lexer_init(struct lexer *lexer, struct bytes text, struct arena *arena, struct error *error);
struct token lexer_next(struct lexer *lexer);
