/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/buffer.h"
#include "filter/parser.h"

/* A tree with every part in parentheses. */
static void write_tree(const struct node *node, struct buffer *out)
{
    const char *sign = "?";

    switch (node->kind) {
    case NODE_WORD:
    case NODE_STRING:
        buffer_put(out, node->text.data, node->text.len);
        return;
    case NODE_AND:
    case NODE_OR:
    case NODE_XOR:
        buffer_put_text(out, node->kind == NODE_AND ? "(and" : node->kind == NODE_OR ? "(or" : "(xor");
        for (const struct node *part = node->first; part; part = part->next) {
            buffer_put_text(out, " ");
            write_tree(part, out);
        }
        buffer_put_text(out, ")");
        return;
    case NODE_NOT:
    case NODE_EXISTS:
    case NODE_NEGATE:
    case NODE_SLICE:
        buffer_put_text(out, node->kind == NODE_NOT      ? "(not "
                             : node->kind == NODE_EXISTS ? "(has "
                             : node->kind == NODE_NEGATE ? "(- "
                                                         : "(slice ");
        write_tree(node->first, out);
        buffer_put_text(out, ")");
        return;
    case NODE_COMPARE:
        sign = relation_text(node->relation, node->quantifier);
        break;
    case NODE_ARITH:
        sign = operation_text(node->operation);
        break;
    case NODE_RANGE:
        sign = "..";
        break;
    case NODE_IN:
    case NODE_FUNCTION:
        buffer_printf(out, "(%s", node->kind == NODE_IN ? "in " : function_text(node->function));
        if (node->kind == NODE_IN)
            write_tree(node->first, out);
        for (const struct node *part = node->kind == NODE_IN ? node->second : node->first; part;
             part = part->next) {
            buffer_put_text(out, " ");
            write_tree(part, out);
        }
        buffer_put_text(out, ")");
        return;
    default:
        break;
    }
    buffer_printf(out, "(%s ", sign);
    write_tree(node->first, out);
    buffer_put_text(out, " ");
    write_tree(node->second, out);
    buffer_put_text(out, ")");
}

static void precedence_is_wiresharks(void **state)
{
    static const struct {
        const char *text, *tree;
    } cases[] = {
        { "a", "(has a)" },
        { "a or b and c", "(or (has a) (and (has b) (has c)))" },
        { "a && b || c && d", "(or (and (has a) (has b)) (and (has c) (has d)))" },
        { "a and b and c", "(and (has a) (has b) (has c))" },
        { "(a or b) and c", "(and (or (has a) (has b)) (has c))" },
        { "not a and b", "(and (not (has a)) (has b))" },
        { "!a == 1 || b", "(or (not (== a 1)) (has b))" },
        { "not not a", "(not (not (has a)))" },
        { "a in {1, 2..3}", "(in a 1 (.. 2 3))" },
        { "a not in {1}", "(not (in a 1))" },
        { "a & 1 == 2", "(== (& a 1) 2)" },
        { "a + 1 & 3 * 2", "(has (& (+ a 1) (* 3 2)))" },
        { "a == {b + 1} * 2", "(== a (* (+ b 1) 2))" },
        { "a - b - c == 1", "(== (- (- a b) c) 1)" },
        { "a > -1", "(> a (- 1))" },
        { "1 < a < 3", "(and (< 1 a) (< a 3))" },
        { "all a > 1", "(all > a 1)" },
        { "any a != 1", "(!== a 1)" },
        { "a != 1", "(!= a 1)" },
        { "a ~= 1", "(!== a 1)" },
        { "a === 1", "(=== a 1)" },
        { "a[0:3] == b[1,2-3,4:]", "(== (slice a) (slice b))" },
        { "a#2 == 1", "(== a 1)" },
        { "max(a, b + 1) == len(c)", "(== (max a (+ b 1)) (len c))" },
        { "a or b xor c and d ^^ e", "(or (has a) (xor (has b) (and (has c) (has d)) (has e)))" },
        { "${a} == ${b#2}", "(== a b)" },
        { "a contains \"x\" or a matches \"y\"", "(or (contains a x) (matches a y))" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        struct error error = { 0 };
        struct buffer out;
        struct node *root;

        arena_init(&arena, FILTER_ARENA_BYTES);
        buffer_init(&out, 4096);
        root = parser_parse(bytes_text(cases[i].text), &arena, &error);
        if (root == NULL)
            fail_msg("%s: %s", cases[i].text, error.text);
        write_tree(root, &out);
        buffer_put_u8(&out, 0);
        assert_string_equal((const char *)out.data, cases[i].tree);
        buffer_clear(&out);
        arena_clear(&arena);
    }
}

static bool parses(const char *text)
{
    struct arena arena;
    struct error error = { 0 };
    bool is_good;

    arena_init(&arena, FILTER_ARENA_BYTES);
    is_good = parser_parse(bytes_text(text), &arena, &error) != NULL;
    assert_int_equal(is_good, error.kind == ERROR_NONE);
    arena_clear(&arena);
    return is_good;
}

static void what_wireshark_refuses_is_refused(void **state)
{
    static const char *const cases[] = {
        "",         "a and",   "and a",      "a and and b", "a b",       "(a",       "a)",
        "()",       "a in {}", "a in {1 2}", "a in 1",      "a == (1)",  "(a) == 1", "a not == 1",
        "a ==",     "== 1",    "all a",      "any a",       "a == 1..3", "f(",       "foo(a)",
        "a[]",      "a[0:0]",  "a[3-1]",     "a[0:-1]",     "a[x]",      "a#",       "a# 1x",
        "a#x == 1", "{a",      "a == {1",    "a xor",       "a[1:2",     "len()",    "a[99999999999]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (parses(cases[i]))
            fail_msg("%s was accepted", cases[i]);
}

static void nesting_has_a_bound_and_a_long_row_has_none(void **state)
{
    enum { N = 5000 };
    char *text = malloc(8 * N);

    (void)state;
    memset(text, '(', N);
    text[N] = '\0';
    assert_false(parses(text));
    memset(text, '!', N);
    memcpy(text + N, "a", 2);
    assert_false(parses(text));
    text[0] = '\0';
    for (int i = 0; i < N; i++)
        memcpy(text + 5 * i, "a or ", 6);
    memcpy(text + 5 * N, "a", 2);
    assert_true(parses(text));
    for (int i = 0; i < N; i++)
        memcpy(text + 2 * i, "a+", 3);
    memcpy(text + 2 * N, "a", 2);
    assert_false(parses(text));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precedence_is_wiresharks),
        cmocka_unit_test(what_wireshark_refuses_is_refused),
        cmocka_unit_test(nesting_has_a_bound_and_a_long_row_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
