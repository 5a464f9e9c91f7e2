/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/json.h"

#include "protocol/hex_test.h"

static const struct wire_end device = { 0x0a000001, 40000 }, server = { 0x0a000002, 5683 };

/* As the payload of a CoAP message that says what it is. */
static void show(const char *text)
{
    char hex[2048] = "40 02 0001 c1 32 ff ";

    for (size_t i = 0; text[i]; i++)
        snprintf(hex + strlen(hex), sizeof hex - strlen(hex), "%02x", (unsigned char)text[i]);
    hex_show_cut(NULL, 1, 0, device, server, hex, 0);
}

static void values_have_keys_and_paths(void **state)
{
    (void)state;
    show("{\"a\": {\"b\": [1, \"x\", null]}, \"c\": true, \"d\": {}}");
    HEX_CHECK({ "json.object", "+,+,+" }, { "json.array", "+" }, { "json.member", "a,b,c,d" },
              { "json.key", "b,a,c,d" }, { "json.path", "/a/b,/a,/c,/d" },
              { "json.path_with_value", "/a/b/[]:1,/a/b/[]:x,/a/b/[]:null,/c:true" },
              { "json.member_with_value", "[]:1,[]:x,[]:null,c:true" }, { "json.value.string", "x" },
              { "json.value.number", "1" }, { "json.value.null", "+" }, { "json.value.true", "+" },
              { "json.value.false", "" });
}

static void strings_are_shown_as_they_are_meant(void **state)
{
    static const struct {
        const char *text, *value;
    } cases[] = {
        { "[\"a\\n\\t\\\"\\\\\\/\"]", "a\n\t\"\\/" },
        { "[\"caf\\u00e9\"]", "caf\xc3\xa9" },
        { "[\"caf\xc3\xa9!\"]", "caf\xc3\xa9!" },
        { "[\"\\ud83d\\ude00 \"]", "\xf0\x9f\x98\x80 " },
        { "[\"\\ud83d.\"]", "\xef\xbf\xbd." },
        { "[\"\\ude00.\"]", "\xef\xbf\xbd." },
        { "[\"\\u0007.\"]", "." },
        { "[\"\"]", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        show(cases[i].text);
        if (strcmp(hex_values("json.value.string"), cases[i].value) != 0)
            fail_msg("%s is shown as %s", cases[i].text, hex_values("json.value.string"));
    }
}

static void numbers_are_what_the_rfc_allows(void **state)
{
    (void)state;
    show("[0, -1, 1.5, 2e9, -3.25E-1]");
    HEX_CHECK({ "json.value.number", "0,-1,1.5,2e9,-3.25E-1" });
}

static void what_is_no_json_is_text(void **state)
{
    static const char *const others[] = { "hello", "{\"a\": 1", "[1,]", "{\"a\" 1}", "{a: 1}",
                                          "[01]",  "[\"\\x\"]", "[1}",  "\"alone\"", "[\"\\u12\"]" };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        show(others[i]);
        if (hex_d.layers[hex_d.n_layers - 1].protocol != PROTOCOL_TEXT_LINES ||
            strcmp(hex_values("json.array"), "") != 0)
            fail_msg("%s is taken for JSON", others[i]);
        assert_false(json_is_likely(bytes_text(others[i])));
    }
    show("{\"a\":1} {\"b\":2}\nand more");
    HEX_CHECK({ "json.member", "a,b" });
    assert_int_equal(hex_d.layers[hex_d.n_layers - 1].protocol, PROTOCOL_TEXT_LINES);
    assert_int_equal(hex_d.layers[hex_d.n_layers - 1].header_len, 8);
    assert_true(json_is_likely(bytes_text(" {\"a\":1} \n")));
}

static void datagrams_of_one_port_are_looked_into(void **state)
{
    static const struct wire_end dropbox = { 0x0a0000ff, 17500 }, others = { 0x0a0000ff, 17501 };

    (void)state;
    hex_show_cut(NULL, 1, 0, device, dropbox, "7b2261223a317d", 0);
    HEX_CHECK({ "json.path_with_value", "/a:1" });
    hex_show_cut(NULL, 1, 0, device, dropbox, "7b2261223a31", 0);
    HEX_CHECK({ "json.object", "" });
    hex_show_cut(NULL, 1, 0, device, others, "7b2261223a317d", 0);
    HEX_CHECK({ "json.object", "" }, { "data.len", "7" });
}

static void nesting_is_bounded(void **state)
{
    char text[256] = "";

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        strcat(text, "[");
    for (unsigned i = 0; i < 20; i++)
        strcat(text, "]");
    assert_true(json_is_likely(bytes_text(text)));
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    text[200] = '\0';
    assert_false(json_is_likely(bytes_text(text)));
    show(text);
    HEX_CHECK({ "json.array", "" });
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_keys_and_paths),
        cmocka_unit_test(strings_are_shown_as_they_are_meant),
        cmocka_unit_test(numbers_are_what_the_rfc_allows),
        cmocka_unit_test(what_is_no_json_is_text),
        cmocka_unit_test(datagrams_of_one_port_are_looked_into),
        cmocka_unit_test(nesting_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
