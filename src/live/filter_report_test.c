/* SPDX-License-Identifier: Apache-2.0 */
#include "live/filter_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

static struct filter_report report_of(const char *text, enum bytes_level level)
{
    struct filter_report report;

    filter_report_make(text, level, &report, NULL, NULL);
    return report;
}

static void a_misspelt_field_is_marked_and_the_one_that_was_meant_is_told(void **state)
{
    struct filter_report report = report_of("udp && coap.cod == 1", BYTES_FULL);

    (void)state;
    assert_int_equal(report.state, FILTER_ERROR);
    assert_true(report.has_place);
    assert_int_equal(report.column, 7);
    assert_int_equal(report.length, 8);
    assert_string_equal(report.suggestion, "coap.code");
    assert_null(strchr(report.text, '\n'));
}

static void columns_count_as_browsers_do(void **state)
{
    /* Two bytes and one unit, four bytes and two units. */
    struct filter_report report =
        report_of("mqtt.topic == \"\xc3\xa4\xf0\x9f\x98\x80\" && nosuch", BYTES_FULL);

    (void)state;
    assert_int_equal(report.state, FILTER_ERROR);
    assert_int_equal(report.column, 23);
    assert_int_equal(report.length, 6);
}

static void what_is_missing_behind_the_end_has_a_place_too(void **state)
{
    struct filter_report report = report_of("udp &&", BYTES_FULL);

    (void)state;
    assert_int_equal(report.state, FILTER_ERROR);
    assert_true(report.has_place);
    assert_true(report.length > 0);
}

static void a_filter_that_can_hardly_be_meant_is_a_warning(void **state)
{
    struct filter_report report = report_of("tcp.flags.syn", BYTES_FULL);

    (void)state;
    assert_int_equal(report.state, FILTER_WARNING);
    assert_int_equal(report.n_warnings, 1);
    assert_true(report.text[0] != '\0');
}

static void nothing_is_a_good_filter(void **state)
{
    (void)state;
    assert_int_equal(report_of("", BYTES_NONE).state, FILTER_OK);
    assert_int_equal(report_of("  \t", BYTES_NONE).state, FILTER_OK);
    assert_int_equal(report_of(NULL, BYTES_NONE).state, FILTER_OK);
}

static void what_a_link_does_not_cover_is_said(void **state)
{
    struct filter_report report = report_of("coap.code == 69", BYTES_HEADERS);

    (void)state;
    assert_int_equal(report.state, FILTER_ERROR);
    assert_false(report.is_covered);
    assert_int_equal(report.column, 0);
    assert_int_equal(report.length, 9);
    assert_true(report_of("udp.port == 5683", BYTES_HEADERS).is_covered);
}

static void keep_name(void *context, const char *name)
{
    char *names = context;

    strcat(names, name);
    strcat(names, " ");
}

static void each_field_it_names_is_told_once(void **state)
{
    struct filter_report report;
    char names[256] = "";

    (void)state;
    filter_report_make("coap && udp.port in {1, 2} && (coap.code == 1 || coap.code == 2)", BYTES_FULL,
                       &report, keep_name, names);
    assert_string_equal(names, "coap udp.port coap.code ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_misspelt_field_is_marked_and_the_one_that_was_meant_is_told),
        cmocka_unit_test(columns_count_as_browsers_do),
        cmocka_unit_test(what_is_missing_behind_the_end_has_a_place_too),
        cmocka_unit_test(a_filter_that_can_hardly_be_meant_is_a_warning),
        cmocka_unit_test(nothing_is_a_good_filter),
        cmocka_unit_test(what_a_link_does_not_cover_is_said),
        cmocka_unit_test(each_field_it_names_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
