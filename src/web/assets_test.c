/* SPDX-License-Identifier: Apache-2.0 */
#include "web/assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void each_file_is_found_by_its_path_and_no_other(void **state)
{
    (void)state;
    assert_true(asset_count > 0);
    for (size_t i = 0; i < asset_count; i++) {
        const struct asset *asset = &asset_table[i];
        struct bytes path = bytes_text(asset->path);

        assert_ptr_equal(asset_find(path), asset);
        path.len--;
        assert_null(asset_find(path));
        if (i > 0)
            assert_true(strcmp(asset_table[i - 1].path, asset->path) < 0);
    }
    assert_null(asset_find(bytes_of("", 0)));
    assert_null(asset_find(bytes_text("/no/such/file")));
    assert_non_null(asset_find(bytes_text("/index.html")));
}

static void what_is_unpacked_has_the_length_that_was_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < asset_count; i++) {
        const struct asset *asset = &asset_table[i];
        uint8_t *plain = malloc(asset->plain_len + 1);

        assert_non_null(plain);
        assert_true(asset_unpack(asset, plain));
        if (strcmp(asset->path, "/index.html") == 0)
            assert_memory_equal(plain, "<!doctype html>", 15);
        free(plain);
    }
}

static void tags_and_types_can_be_put_into_a_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < asset_count; i++) {
        const struct asset *asset = &asset_table[i];
        size_t len = strlen(asset->etag);

        assert_true(len > 10 && asset->etag[0] == '"' && asset->etag[len - 1] == '"');
        assert_non_null(strchr(asset->content_type, '/'));
        assert_null(strpbrk(asset->content_type, "\r\n"));
        if (asset->is_hashed)
            assert_int_equal(strncmp(asset->path, "/assets/", 8), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_is_found_by_its_path_and_no_other),
        cmocka_unit_test(what_is_unpacked_has_the_length_that_was_said),
        cmocka_unit_test(tags_and_types_can_be_put_into_a_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
