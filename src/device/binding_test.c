/* SPDX-License-Identifier: Apache-2.0 */
#include "device/binding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void an_identity_is_named_by_text_or_hex(void **state)
{
    static const struct {
        const char *identity, *text;
        bool is_named;
    } cases[] = {
        { "D:9ea1", "D:9ea1", true },
        { "D:9ea1", "dtls.psk=D:9ea1", true },
        { "D:9ea1", "44:3a:39:65:61:31", true },
        { "D:9ea1", "dtls.psk=44:3A:39:65:61:31", true },
        { "D:9ea1", "44-3a-39-65-61-31", true },
        { "D:9ea1", "44.3a.39.65.61.31", true },
        { "D:9ea1", "D:9ea", false },
        { "D:9ea1", "D:9ea12", false },
        { "D:9ea1", "d:9ea1", false },
        { "D:9ea1", "443a39656131", false }, /* without separators it is text */
        { "D:9ea1", "44:3a:39:65:61", false },
        { "D:9ea1", "44:3a:39:65:61:31:00", false },
        { "D:9ea1", "44:3a:39:65:61:3", false },
        { "D:9ea1", "44:3a:39:65:61:31x", false },
        { "D:9ea1", "", false },
        { "\1\2", "1:2", true }, /* single digits, as Wireshark takes them */
        { "\1\2", "01:02", true },
        { "\1", "01", false }, /* one byte is no list of bytes: the text "01" may be meant */
        { "01", "01", true },
        { "", "", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("'%s'\n", cases[i].text);
        assert_int_equal(identity_is_named(IDENTITY_DTLS_PSK, bytes_text(cases[i].identity), cases[i].text),
                         cases[i].is_named);
    }
    assert_true(identity_is_named(IDENTITY_DTLS_PSK, bytes_of((const uint8_t *)"a\0b", 3), "61:00:62"));
}

static void schemes_and_reasons_have_names(void **state)
{
    (void)state;
    assert_string_equal(identity_scheme_name(IDENTITY_DTLS_PSK), "dtls.psk");
    assert_null(identity_scheme_name((enum identity_scheme)99));
    assert_string_equal(binding_reason_name(BINDING_CID), "connection id");
    assert_string_equal(binding_reason_name((enum binding_reason)0), "unknown");
    assert_string_equal(binding_reason_name((enum binding_reason)99), "unknown");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_is_named_by_text_or_hex),
        cmocka_unit_test(schemes_and_reasons_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
