/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filter/lexer.h"

/* Tokens of text, one letter or sign each; '?' for a fault. */
static void tokens_of(const char *text, char *out, size_t cap)
{
    static const char letters[] = {
        [TOKEN_WORD] = 'w',        [TOKEN_STRING] = 's',      [TOKEN_CHAR] = 'c',
        [TOKEN_PAREN_OPEN] = '(',  [TOKEN_PAREN_CLOSE] = ')', [TOKEN_BRACE_OPEN] = '{',
        [TOKEN_BRACE_CLOSE] = '}', [TOKEN_RANGE] = 'r',       [TOKEN_COMMA] = ',',
        [TOKEN_DOTDOT] = ':',      [TOKEN_HASH] = '#',        [TOKEN_PLUS] = '+',
        [TOKEN_MINUS] = '-',       [TOKEN_STAR] = '*',        [TOKEN_SLASH] = '/',
        [TOKEN_PERCENT] = '%',     [TOKEN_AMPERSAND] = '&',   [TOKEN_EQ] = '=',
        [TOKEN_ALL_EQ] = 'E',      [TOKEN_NE] = 'n',          [TOKEN_ANY_NE] = 'N',
        [TOKEN_GT] = '>',          [TOKEN_GE] = 'G',          [TOKEN_LT] = '<',
        [TOKEN_LE] = 'L',          [TOKEN_CONTAINS] = 'C',    [TOKEN_MATCHES] = 'M',
        [TOKEN_IN] = 'I',          [TOKEN_AND] = 'A',         [TOKEN_OR] = 'O',
        [TOKEN_XOR] = 'X',         [TOKEN_DOLLAR] = '$',      [TOKEN_NOT] = '!',
        [TOKEN_ANY] = 'y',         [TOKEN_ALL] = 'l',         [TOKEN_FAULT] = '?',
    };
    struct arena arena;
    struct error error = { 0 };
    struct lexer lexer;
    size_t n = 0;

    arena_init(&arena, 1 << 16);
    lexer_init(&lexer, bytes_text(text), &arena, &error);
    while (n + 1 < cap) {
        struct token token = lexer_next(&lexer);

        if (token.kind == TOKEN_END)
            break;
        out[n++] = letters[token.kind];
        if (token.kind == TOKEN_FAULT)
            break;
    }
    out[n] = '\0';
    arena_clear(&arena);
}

static void every_spelling_becomes_its_token(void **state)
{
    static const struct {
        const char *text, *tokens;
    } cases[] = {
        { "", "" },
        { "ip.src == 10.0.0.1", "w=w" },
        { "ip.src==10.0.0.0/8", "w=w" },
        { "a eq b ne c gt d ge e lt f le g", "w=wnw>wGw<wLw" },
        { "a==b===c!=d!==e~=f>g>=h<i<=j", "w=wEwnwNwNw>wGw<wLw" },
        { "any_eq all_ne all_eq any_ne", "=nEN" },
        { "and && or || not ! any all in contains matches ~", "AAOO!!ylICMM" },
        { "AND OR", "ww" },
        { "{1..3, 5}", "{w:w,w}" },
        { "{10.0.0.1..10.0.0.9}", "{w:w}" },
        { "{10 .. 10.5}", "{w:w}" },
        { "2001:db8::/32 ::1", "ww" },
        { "02-00-5e", "w" },
        { "a - b", "w-w" },
        { "a -1", "w-w" },
        { "a-1", "w" },
        { "a+1*2/3%4&5", "w+w*w/w%w&w" },
        { "a bitwise_and b", "w&w" },
        { "\"a\\\"b\" r\"a\\d\" 'x' '\\n'", "sscc" },
        { "x[0:3]#[1-2]", "wr#r" },
        { "a(b)", "w(w)" },
        { "\"open", "?" },
        { "\"\\q\"", "?" },
        { "'ab'", "?" },
        { "''", "?" },
        { "x[0", "w?" },
        { "a = b", "w?" },
        { "${ip.src}", "${w}" },
        { "a xor b ^^ c", "wXwXw" },
        { "a ^ b", "w?" },
        { "a | b", "w?" },
        { "a @b", "w?" },
        { "a:b", "ww" },
        { "0a:1b:c", "ww" },
        { ":0a:1b :5", "ww" },
        { "10.0.0.0/8/2", "w/w" },
        { "10/8", "w/w" },
        { "fe80::1/64 ::ffff:10.0.0.1", "ww" },
        { "1.5e-3 2024-08-29", "ww" },
        { "1.", "w?" },
        { "a:", "w?" },
        { "x#1-2", "w#w-w" },
        { "x# 1", "w#?" },
        { "'\\u00e4' '\\x7f'", "cc" },
        { "\"\\u0041\"", "?" },
        { "'\t'", "?" },
    };
    char tokens[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tokens_of(cases[i].text, tokens, sizeof tokens);
        if (strcmp(tokens, cases[i].tokens) != 0)
            fail_msg("%s: %s instead of %s", cases[i].text, tokens, cases[i].tokens);
    }
}

static void escapes_become_the_bytes_they_stand_for(void **state)
{
    static const struct {
        const char *text, *bytes;
        size_t len;
    } cases[] = {
        { "\"plain\"", "plain", 5 },
        { "\"\\x48EAD\"", "HEAD", 4 },
        { "\"\\110EAD\"", "HEAD", 4 },
        { "\"\\0\\x00\"", "\0\0", 2 },
        { "\"\\t\\\\\\\"\\'\"", "\t\\\"'", 4 },
        { "\"\\u00e4\"", "\xc3\xa4", 2 },
        { "\"\\U0001F600\"", "\xf0\x9f\x98\x80", 4 },
        { "r\"\\d\\\"x\"", "\\d\\\"x", 5 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        struct error error = { 0 };
        struct lexer lexer;
        struct token token;

        arena_init(&arena, 1 << 16);
        lexer_init(&lexer, bytes_text(cases[i].text), &arena, &error);
        token = lexer_next(&lexer);
        assert_int_equal(token.kind, TOKEN_STRING);
        assert_int_equal(token.text.len, cases[i].len);
        assert_memory_equal(token.text.data, cases[i].bytes, cases[i].len);
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_becomes_its_token),
        cmocka_unit_test(escapes_become_the_bytes_they_stand_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
