/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/lexer.h"

#include <ctype.h>

#include "filter/word.h"

void lexer_init(struct lexer *lexer, struct bytes text, struct arena *arena, struct error *error)
{
    *lexer = (struct lexer) { .text = text, .arena = arena, .error = error };
}

/* Zero behind the end, which no filter contains. */
static char char_at(const struct lexer *lexer, size_t at)
{
    return at < lexer->text.len ? (char)lexer->text.data[at] : '\0';
}

static struct span span_from(const struct lexer *lexer, size_t from)
{
    return (struct span) { (uint32_t)from, (uint32_t)(lexer->at - from) };
}

static const struct {
    const char *text;
    enum token_kind kind;
} signs[] = {
    /* a sign before those it begins with */
    { "===", TOKEN_ALL_EQ },  { "!==", TOKEN_ANY_NE },    { "==", TOKEN_EQ },          { "!=", TOKEN_NE },
    { "~=", TOKEN_ANY_NE },   { ">=", TOKEN_GE },         { "<=", TOKEN_LE },          { "&&", TOKEN_AND },
    { "||", TOKEN_OR },       { "..", TOKEN_DOTDOT },     { ">", TOKEN_GT },           { "<", TOKEN_LT },
    { "!", TOKEN_NOT },       { "~", TOKEN_MATCHES },     { "(", TOKEN_PAREN_OPEN },   { ")", TOKEN_PAREN_CLOSE },
    { "{", TOKEN_BRACE_OPEN }, { "}", TOKEN_BRACE_CLOSE }, { ",", TOKEN_COMMA },        { "#", TOKEN_HASH },
    { "+", TOKEN_PLUS },      { "-", TOKEN_MINUS },       { "*", TOKEN_STAR },         { "/", TOKEN_SLASH },
    { "%", TOKEN_PERCENT },   { "&", TOKEN_AMPERSAND },    { "^^", TOKEN_XOR },         { "$", TOKEN_DOLLAR },
}, keywords[] = {
    { "eq", TOKEN_EQ },         { "any_eq", TOKEN_EQ },       { "ne", TOKEN_NE },   { "all_ne", TOKEN_NE },
    { "all_eq", TOKEN_ALL_EQ }, { "any_ne", TOKEN_ANY_NE },   { "gt", TOKEN_GT },   { "ge", TOKEN_GE },
    { "lt", TOKEN_LT },         { "le", TOKEN_LE },           { "in", TOKEN_IN },   { "and", TOKEN_AND },
    { "or", TOKEN_OR },         { "xor", TOKEN_XOR },         { "not", TOKEN_NOT },         { "any", TOKEN_ANY }, { "all", TOKEN_ALL },
    { "contains", TOKEN_CONTAINS }, { "matches", TOKEN_MATCHES }, { "bitwise_and", TOKEN_AMPERSAND },
};

#define N_OF(array) (sizeof(array) / sizeof *(array))

static struct token fault_token(struct lexer *lexer, struct span span, const char *advice,
                                const char *sentence)
{
    fault_set(lexer->error, lexer->text, span, advice, "%s", sentence);
    return (struct token) { .kind = TOKEN_FAULT, .span = span };
}

static struct token word_token(struct lexer *lexer, size_t len)
{
    size_t from = lexer->at;
    struct token token = { .kind = TOKEN_WORD };

    lexer->at += len;
    token.span = span_from(lexer, from);
    token.text = (struct bytes) { lexer->text.data + from, len };
    for (size_t i = 0; i < N_OF(keywords); i++)
        if (bytes_equal(token.text, bytes_text(keywords[i].text)))
            token.kind = keywords[i].kind;
    return token;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As in C, what can be written by itself has no \u: letters, digits, control characters. */
static bool is_universal_name(uint32_t code)
{
    if (code < 0xa0)
        return code == '$' || code == '@' || code == '`';
    return code <= 0x10ffff && (code < 0xd800 || code >= 0xe000);
}

static size_t utf8_encode(uint32_t code, uint8_t out[4])
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}

/* Reads at most n_max digits of a base; how many there were. */
static size_t digits(struct lexer *lexer, size_t n_max, uint32_t base, uint32_t *value)
{
    size_t n = 0;

    *value = 0;
    for (; n < n_max; n++, lexer->at++) {
        int digit = hex_digit(char_at(lexer, lexer->at));

        if (digit < 0 || (uint32_t)digit >= base)
            break;
        *value = *value * base + (uint32_t)digit;
    }
    return n;
}

/* Behind a backslash: writes what the escape stands for; zero when there is no such escape. */
static size_t escape(struct lexer *lexer, uint8_t out[4])
{
    static const char names[] = "abfnrtv\\\"'", values[] = "\a\b\f\n\r\t\v\\\"'";
    char c = char_at(lexer, lexer->at);
    const char *name = c ? strchr(names, c) : NULL;
    uint32_t value;

    if (name) {
        lexer->at++;
        out[0] = (uint8_t)values[name - names];
        return 1;
    }
    if (c >= '0' && c <= '7') {
        if (digits(lexer, 3, 8, &value) == 0 || value > 0xff)
            return 0;
        out[0] = (uint8_t)value;
        return 1;
    }
    lexer->at++;
    if (c == 'x') {
        if (digits(lexer, 2, 16, &value) == 0)
            return 0;
        out[0] = (uint8_t)value;
        return 1;
    }
    if (c == 'u' || c == 'U') {
        size_t n = c == 'u' ? 4 : 8;

        if (digits(lexer, n, 16, &value) != n || !is_universal_name(value))
            return 0;
        return utf8_encode(value, out);
    }
    return 0;
}

/* The code of '\u00e4', which the string it would stand for has in two bytes. */
static bool universal_character(const struct lexer *lexer, struct span quoted, uint32_t *code)
{
    struct lexer inside = *lexer;
    size_t n = char_at(lexer, quoted.at + 2) == 'u' ? 4 : 8;

    inside.at = quoted.at + 3;
    return char_at(lexer, quoted.at + 1) == '\\' && quoted.len == n + 4 && digits(&inside, n, 16, code) == n;
}

/* A string or a character constant; the lexer stands at its first quote. */
static struct token quoted_token(struct lexer *lexer, size_t from, char quote, bool is_raw)
{
    uint8_t *out = arena_take(lexer->arena, lexer->text.len - lexer->at + 4);
    size_t n = 0;
    struct token token = { .kind = TOKEN_STRING, .is_raw = is_raw };

    if (out == NULL)
        return fault_token(lexer, span_from(lexer, from), NULL, "this filter needs too much memory");
    for (lexer->at++; char_at(lexer, lexer->at) != quote;) {
        char c = char_at(lexer, lexer->at);
        size_t escape_at = lexer->at, n_out;

        if (lexer->at >= lexer->text.len)
            return fault_token(lexer, span_from(lexer, from), NULL,
                               quote == '"' ? "this string has no closing double quote"
                                            : "this character constant has no closing quote");
        lexer->at++;
        if (c != '\\') {
            if (quote == '\'' && !isprint((unsigned char)c))
                return fault_token(lexer, span_from(lexer, escape_at), "as a number it may: '\\x0a'",
                                   "this cannot stand in a character constant");
            out[n++] = (uint8_t)c;
            continue;
        }
        if (is_raw) { /* the backslash stays, also before a quote that does not close */
            out[n++] = (uint8_t)c;
            if (lexer->at < lexer->text.len)
                out[n++] = lexer->text.data[lexer->at++];
            continue;
        }
        n_out = escape(lexer, out + n);
        if (n_out == 0)
            return fault_token(lexer, span_from(lexer, escape_at),
                               "a backslash itself is written \\\\, or use a raw string: r\"...\"",
                               "this is not a known escape sequence");
        n += n_out;
    }
    lexer->at++;
    token.span = span_from(lexer, from);
    token.text = (struct bytes) { out, n };
    if (quote == '\'') {
        token.number = out[0];
        if (n != 1 && !universal_character(lexer, token.span, &token.number))
            return fault_token(lexer, token.span, NULL, "a character constant holds exactly one character");
        token.kind = TOKEN_CHAR;
    }
    return token;
}

/* A slice or a range of layers is kept as text, for inside it "-" and ":" mean something else. */
static struct token range_token(struct lexer *lexer)
{
    size_t from = lexer->at;
    struct token token = { .kind = TOKEN_RANGE };

    while (char_at(lexer, lexer->at) != ']') {
        if (lexer->at >= lexer->text.len)
            return fault_token(lexer, span_from(lexer, from), NULL, "this [ has no closing ]");
        lexer->at++;
    }
    token.text = (struct bytes) { lexer->text.data + from + 1, lexer->at - from - 1 };
    lexer->at++;
    token.span = span_from(lexer, from);
    return token;
}

/* Behind a "#": digits, or the range's bracket, at once. */
static struct token layer_token(struct lexer *lexer)
{
    size_t from = lexer->at;

    while (isdigit((unsigned char)char_at(lexer, lexer->at)))
        lexer->at++;
    if (lexer->at > from)
        return (struct token) { .kind = TOKEN_WORD,
                                .span = span_from(lexer, from),
                                .text = { lexer->text.data + from, lexer->at - from } };
    if (char_at(lexer, from) == '[')
        return range_token(lexer);
    return fault_token(lexer, (struct span) { (uint32_t)from, 1 }, NULL,
                       "a layer is a number, or a range as in #[1-2]");
}

struct token lexer_next(struct lexer *lexer)
{
    size_t from, len;
    char c, next;

    if (lexer->is_behind_hash) {
        lexer->is_behind_hash = false;
        return layer_token(lexer);
    }
    while (lexer->at < lexer->text.len && isspace(lexer->text.data[lexer->at]))
        lexer->at++;
    from = lexer->at;
    if (from >= lexer->text.len)
        return (struct token) { .kind = TOKEN_END, .span = { (uint32_t)from, 1 } };
    c = char_at(lexer, from);
    next = char_at(lexer, from + 1);

    if (c == '"' || c == '\'')
        return quoted_token(lexer, from, c, false);
    if ((c == 'r' || c == 'R') && next == '"') {
        lexer->at++;
        return quoted_token(lexer, from, '"', true);
    }
    if (c == '[')
        return range_token(lexer);
    len = word_length((struct bytes) { lexer->text.data + from, lexer->text.len - from });
    if (len > 0)
        return word_token(lexer, len);
    for (size_t i = 0; i < N_OF(signs); i++) {
        len = strlen(signs[i].text);
        if (len <= lexer->text.len - from && memcmp(lexer->text.data + from, signs[i].text, len) == 0) {
            lexer->at += len;
            lexer->is_behind_hash = signs[i].kind == TOKEN_HASH;
            return (struct token) { .kind = signs[i].kind,
                                    .span = span_from(lexer, from),
                                    .text = { lexer->text.data + from, len } };
        }
    }
    lexer->at++;
    while (lexer->at < lexer->text.len && (lexer->text.data[lexer->at] & 0xc0) == 0x80)
        lexer->at++;
    if (c == '=')
        return fault_token(lexer, span_from(lexer, from), "equal is written ==", "\"=\" is not an operator");
    if (c == ':' || c == '.')
        return fault_token(lexer, span_from(lexer, from), "bytes are pairs of digits: 0a:1b, 0a1b",
                           "this stands neither in a name, nor between bytes, nor in an address");
    return fault_token(lexer, span_from(lexer, from), NULL, "this character means nothing in a filter");
}
