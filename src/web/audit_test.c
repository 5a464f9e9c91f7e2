/* SPDX-License-Identifier: Apache-2.0 */
#include "web/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "archive/archive_fixture.h"
#include "base/ip_address.h"

static const char *text_of(const json_t *audit, size_t line, const char *name)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(audit, "lines"), line), name));
}

static void lines_are_read_newest_first_page_by_page(void **state)
{
    struct ip_address source;
    struct access access = { .kind = ACCESS_LINK, .link = "abc", .person = "p-1", .source = &source };
    char directory[64];
    struct audit *audit;
    struct error error;
    json_t *json;

    (void)state;
    fixture_directory(directory);
    assert_true(ip_address_parse("10.1.2.3", &source));
    audit = audit_new(directory, &error);
    assert_non_null(audit);
    for (int i = 0; i < 5; i++)
        audit_add(audit, &access, "Ann", "view", "line %d\nof \"%s\"", i, "coap");
    json = audit_json(audit, 0, 3, &error);
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "lines")), 3);
    assert_string_equal(text_of(json, 0, "words"), "line 4\\nof \"coap\"");
    assert_string_equal(text_of(json, 0, "address"), "10.1.2.3");
    assert_string_equal(text_of(json, 0, "link"), "abc");
    assert_string_equal(json_string_value(json_object_get(json, "next")), "3");
    json_decref(json);
    audit_free(audit);
    audit = audit_new(directory, &error); /* a restart forgets nothing */
    json = audit_json(audit, 3, 3, &error);
    assert_int_equal(json_array_size(json_object_get(json, "lines")), 2);
    assert_string_equal(text_of(json, 1, "words"), "line 0\\nof \"coap\"");
    assert_true(json_is_null(json_object_get(json, "next")));
    assert_int_equal(audit_lost(audit), 0);
    json_decref(json);
    audit_free(audit);
    fixture_remove(directory);
}

static void without_a_log_nothing_is_written(void **state)
{
    struct access access = { 0 };

    (void)state;
    audit_add(NULL, &access, NULL, "view", "x");
    assert_int_equal(audit_lost(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_newest_first_page_by_page),
        cmocka_unit_test(without_a_log_nothing_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
