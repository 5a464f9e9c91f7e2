/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lru_table.h"

static void count_gone(void *context, const void *key, void *value)
{
    (void)key;
    *(uint64_t *)context += *(uint64_t *)value;
}

static void values_are_found_and_stay_where_they_are(void **unused)
{
    struct lru_table_options options = { .key_bytes = 4, .value_bytes = 8, .limit = 100000, .hash_seed = 7 };
    struct lru_table *table = lru_table_new(&options);
    uint64_t *first = NULL;
    bool is_new;

    (void)unused;
    for (uint32_t i = 0; i < 50000; i++) {
        uint64_t *value = lru_table_put(table, &i, &is_new);

        assert_true(is_new);
        assert_int_equal(*value, 0);
        *value = i;
        first = i ? first : value;
    }
    for (uint32_t i = 0; i < 50000; i++)
        assert_int_equal(*(uint64_t *)lru_table_find(table, &i), i);
    assert_ptr_equal(lru_table_put(table, &(uint32_t) { 0 }, &is_new), first);
    assert_false(is_new);
    assert_null(lru_table_find(table, &(uint32_t) { 50000 }));
    lru_table_remove(table, &(uint32_t) { 7 });
    assert_null(lru_table_find(table, &(uint32_t) { 7 }));
    assert_int_equal(lru_table_count(table), 49999);
    assert_int_equal(lru_table_forgotten(table), 0);
    lru_table_free(table);
}

static void the_least_recently_used_goes_first_and_is_counted(void **unused)
{
    uint64_t gone = 0;
    struct lru_table_options options = {
        .key_bytes = 4, .value_bytes = 8, .limit = 3, .let_go = count_gone, .context = &gone
    };
    struct lru_table *table = lru_table_new(&options);

    (void)unused;
    for (uint32_t i = 1; i <= 3; i++)
        *(uint64_t *)lru_table_put(table, &i, NULL) = i;
    lru_table_find(table, &(uint32_t) { 1 });
    *(uint64_t *)lru_table_put(table, &(uint32_t) { 4 }, NULL) = 100;
    assert_int_equal(gone, 2);
    assert_null(lru_table_find(table, &(uint32_t) { 2 }));
    assert_non_null(lru_table_find(table, &(uint32_t) { 1 }));
    assert_int_equal(lru_table_count(table), 3);
    assert_int_equal(lru_table_forgotten(table), 1);
    lru_table_free(table);
    assert_int_equal(gone, 2 + 1 + 3 + 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_and_stay_where_they_are),
        cmocka_unit_test(the_least_recently_used_goes_first_and_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
