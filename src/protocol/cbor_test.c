/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/hex_test.h"

static const struct wire_end device = { 0x0a000001, 40000 }, server = { 0x0a000002, 5683 };

static void show(const char *item)
{
    char hex[1024];

    snprintf(hex, sizeof hex, "40 02 0001 c1 3c ff %s", item);
    hex_show_cut(NULL, 1, 0, device, server, hex, 0);
}

/* RFC 8949 appendix A. */
static void items_are_read_by_their_type(void **state)
{
    static const struct {
        const char *item, *field, *values;
    } cases[] = {
        { "17", "cbor.type.uint", "23" },
        { "1818", "cbor.type.uint", "24" },
        { "1b000000e8d4a51000", "cbor.type.uint", "1000000000000" },
        { "3863", "cbor.type.nint", "-100" },
        { "3903e7", "cbor.type.nint", "-1000" },
        { "29", "cbor.type.nint", "9" }, /* -10, compared by its five bits */
        { "f93c00", "cbor.type.float16", "1" },
        { "f90001", "cbor.type.float16", "5.96046e-08" },
        { "f9c400", "cbor.type.float16", "-4" },
        { "fa47c35000", "cbor.type.float32", "100000" },
        { "fb3ff199999999999a", "cbor.type.float64", "1.1" },
        { "f5", "cbor.type.simple_data", "21" },
        { "f8ff", "cbor.type.simple_data", "255" },
        { "c11a514b67b0", "cbor.type.tag", "1" },
        { "4401020304", "cbor.type.bytestring", "<01020304>" },
        { "6449455446", "cbor.type.textstring", "IETF" },
        { "8301820203820405", "cbor.type.uint", "1,2,3,4,5" },
        { "8301820203820405", "cbor.item.items", "3,2,2" },
        { "a26161016162820203", "cbor.item.pairs", "2" },
        { "5f42010243030405ff", "cbor.type.bytestring", "<0102>,<030405>" },
        { "7f657374726561646d696e67ff", "cbor.type.textstring", "strea,ming" },
        { "9f018202039f0405ffff", "cbor.type.uint", "1,2,3,4,5" },
        { "bf61610161629f0203ffff", "cbor.item.float_simple_type", "31,31" },
        { "81a1616161", "cbor.item.major_type", "4,5,3,3" },
        { "1c", "cbor.invalid_minor_type", "+" },
        { "5f6161ff", "cbor.invalid_element", "+" },
        { "5b00000000ffffffff", "cbor.too_long_length", "+" },
        { "8181818181818181815f4101ff", "cbor.max_recursion_depth_reached", "+" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        show(cases[i].item);
        if (strcmp(hex_values(cases[i].field), cases[i].values) != 0)
            fail_msg("%s: %s is %s, not %s", cases[i].item, cases[i].field, hex_values(cases[i].field),
                     cases[i].values);
    }
}

static void an_item_that_ends_too_early_is_malformed(void **state)
{
    static const char *const broken[] = {
        "18", "1b00", "62 61", "82 01", "a1 01", "9f 01", "5f", "c1", "fb00"
    };

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        show(broken[i]);
        if (!(hex_d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED)))
            fail_msg("%s is taken for whole", broken[i]);
    }
    show("01 02 03"); /* one item; what is behind it is not looked at */
    HEX_CHECK({ "cbor.type.uint", "1" });
    assert_int_equal(hex_d.layers[hex_d.n_layers - 1].header_len, 1);
}

static void nesting_is_bounded(void **state)
{
    char item[2048] = "";

    (void)state;
    for (unsigned i = 0; i < 400; i++)
        strcat(item, "81");
    snprintf(item + strlen(item), sizeof item - strlen(item), "01");
    {
        struct wire payload = { 0 };
        static char hex[2200];

        snprintf(hex, sizeof hex, "40 02 0001 c1 3c ff %s", item);
        hex_put(&payload, hex);
        hex_show_cut(NULL, 1, 0, device, server, hex, 0);
    }
    assert_true(hex_d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_read_by_their_type),
        cmocka_unit_test(an_item_that_ends_too_early_is_malformed),
        cmocka_unit_test(nesting_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
