/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/posting_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_BLOCKS = 3000, N_LISTS = 1000, N_WORDS = (N_BLOCKS + 63) / 64 };

struct lists {
    uint64_t bits[N_LISTS][N_WORDS];
};

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* Of all kinds: none, all, one block, bursts, a steady rhythm, sparse and dense ones. */
static struct lists *make_lists(void)
{
    struct lists *lists = calloc(1, sizeof *lists);
    uint64_t state = 42;

    assert_non_null(lists);
    for (uint32_t list = 0; list < N_LISTS; list++) {
        uint64_t *bits = lists->bits[list];
        uint32_t kind = list % 7, step = 1 + next_random(&state) % 300;

        if (kind == 1)
            posting_set_all(bits, N_BLOCKS);
        if (kind == 2)
            posting_set_bit(bits, next_random(&state) % N_BLOCKS);
        for (uint32_t block = next_random(&state) % 50; kind >= 3 && block < N_BLOCKS;) {
            posting_set_bit(bits, block);
            block += kind == 3   ? step
                     : kind == 4 ? 1 + (next_random(&state) % 20 == 0 ? 500 : 0)
                     : kind == 5 ? 1 + next_random(&state) % 3
                                 : 1 + next_random(&state) % 2000;
        }
    }
    return lists;
}

static void write_lists(const struct lists *lists, uint32_t n, struct buffer *section)
{
    struct posting_writer *writer = posting_writer_new(n, N_BLOCKS);
    struct column_writer columns;

    assert_non_null(writer);
    buffer_init(section, 16 << 20);
    assert_true(column_writer_init(&columns, section));
    for (uint32_t list = 0; list < n; list++)
        posting_writer_count(writer, lists->bits[list]);
    for (uint32_t list = 0; list < n; list++)
        posting_writer_put(writer, lists->bits[list]);
    assert_true(posting_writer_end(writer, &columns));
    column_writer_clear(&columns);
    posting_writer_free(writer);
}

static void check_list(struct posting_table *table, const struct lists *lists, uint32_t list)
{
    uint64_t bits[N_WORDS] = { 0 };

    assert_true(posting_table_add(table, list, bits));
    assert_memory_equal(bits, lists->bits[list], sizeof bits);
}

static void lists_come_back_in_any_order(void **unused)
{
    struct lists *lists = make_lists();
    struct posting_table *table;
    struct buffer section;
    uint64_t state = 7;

    (void)unused;
    write_lists(lists, N_LISTS, &section);
    table = posting_table_new(buffer_bytes(&section), N_BLOCKS);
    assert_non_null(table);
    assert_int_equal(posting_table_lists(table), N_LISTS);
    for (uint32_t list = 0; list < N_LISTS; list++)
        check_list(table, lists, list);
    for (uint32_t i = 0; i < 2 * N_LISTS; i++)
        check_list(table, lists, next_random(&state) % N_LISTS);
    posting_table_locate(table);
    for (uint32_t list = N_LISTS; list-- > 0;)
        check_list(table, lists, list);
    assert_false(posting_table_add(table, N_LISTS, lists->bits[0]));
    posting_table_free(table);
    buffer_clear(&section);
    free(lists);
}

static void no_lists_are_a_section_too(void **unused)
{
    struct posting_table *table;
    struct buffer section;

    (void)unused;
    write_lists(NULL, 0, &section);
    table = posting_table_new(buffer_bytes(&section), N_BLOCKS);
    assert_non_null(table);
    assert_int_equal(posting_table_lists(table), 0);
    posting_table_free(table);
    buffer_clear(&section);
}

/* Every byte changed, and every length: refused, or a list that sets bits of blocks that are there. */
static void damage_never_sets_a_block_that_is_not_there(void **unused)
{
    struct lists *lists = make_lists();
    struct buffer section;
    uint32_t n_refused = 0, n_lists = 20;

    (void)unused;
    write_lists(lists, n_lists, &section);
    for (size_t at = 0; at < 2 * section.len; at++) {
        size_t len = at < section.len ? section.len : at - section.len;
        uint8_t *copy = malloc(len + 1);
        struct posting_table *table;

        assert_non_null(copy);
        memcpy(copy, section.data, len);
        if (at < len)
            copy[at] ^= (uint8_t)(1u << at % 8);
        table = posting_table_new(bytes_of(copy, len), N_BLOCKS);
        n_refused += table == NULL;
        for (uint32_t list = 0; table && list < n_lists; list++) {
            uint64_t bits[N_WORDS + 1] = { 0 };

            n_refused += !posting_table_add(table, list, bits);
            assert_int_equal(bits[N_WORDS], 0);
            assert_int_equal(bits[N_WORDS - 1] >> (N_BLOCKS % 64), 0);
        }
        posting_table_free(table);
        free(copy);
    }
    assert_true(n_refused > section.len); /* every cut, at the least */
    buffer_clear(&section);
    free(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_come_back_in_any_order),
        cmocka_unit_test(no_lists_are_a_section_too),
        cmocka_unit_test(damage_never_sets_a_block_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
