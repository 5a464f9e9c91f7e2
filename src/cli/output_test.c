/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/output.h"

/* Ethernet, IPv4 198.51.100.1 -> .2, UDP 33311 -> 5684, a DTLS ServerHelloDone. */
static const uint8_t hello_done[] = {
    0x02, 0x00, 0x5e, 0x00, 0x01, 0x02, 0x02, 0x00, 0x5e, 0x00, 0x01, 0x01, 0x08, 0x00, 0x45, 0x00, 0x00,
    0x35, 0xb3, 0x6d, 0x40, 0x00, 0x40, 0x11, 0x32, 0x7d, 0xc6, 0x33, 0x64, 0x01, 0xc6, 0x33, 0x64, 0x02,
    0x82, 0x1f, 0x16, 0x34, 0x00, 0x21, 0xb1, 0x4e, 0x16, 0xfe, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x0c, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static const uint8_t arp_request[] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x5e, 0x00, 0x01, 0x01, 0x08, 0x06,
    0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x02, 0x00, 0x5e, 0x00, 0x01, 0x01,
    0x0a, 0x00, 0x08, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x08, 0x01,
};

#define TS_NS INT64_C(1722506400123456789) /* 2024-08-01 10:00:00 UTC */

static const struct packet packets[] = {
    { .ts_ns = TS_NS,
      .data = hello_done,
      .caplen = sizeof hello_done,
      .len = sizeof hello_done,
      .linktype = LINKTYPE_ETHERNET,
      .number = 1 },
    { .ts_ns = TS_NS - 789,
      .data = arp_request,
      .caplen = sizeof arp_request,
      .len = sizeof arp_request,
      .linktype = LINKTYPE_ETHERNET,
      .number = 2,
      .interface = 1 },
};

enum { WORDS = 8 };

struct printing {
    enum output_format format;
    const char *fields[WORDS];   /* -e */
    const char *settings[WORDS]; /* -E */
};

static uint32_t count(const char *const *words)
{
    uint32_t n = 0;

    while (n < WORDS && words[n])
        n++;
    return n;
}

/* What is printed of n packets, or NULL with *error. */
static char *printed(const struct printing *printing, uint32_t n, struct error *error)
{
    struct text_list fields = { (const char **)printing->fields, count(printing->fields) };
    struct text_list settings = { (const char **)printing->settings, count(printing->settings) };
    const struct output_options options = { .format = printing->format,
                                            .fields = &fields,
                                            .settings = &settings };
    struct interface interfaces[] = { { .name = "eth0" }, { .name = "a\tb\x1b[31m\"c\xff" } };
    const struct interface_table table = { .items = interfaces, .n = 2 };
    struct dissection *d = calloc(1, sizeof *d);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct output *output = output_new(&options, out, error);

    if (output) {
        dissection_init(d, output_demand(output), NULL, &table);
        assert_true(output_begin(output, error));
        for (uint32_t i = 0; i < n; i++) {
            dissect(d, &packets[i]);
            assert_true(output_packet(output, d, error));
        }
        assert_true(output_end(output, error));
    }
    fclose(out);
    free(d);
    if (output == NULL) {
        free(text);
        text = NULL;
    }
    output_free(output);
    return text;
}

static void assert_printed(const struct printing *printing, uint32_t n, const char *expected)
{
    struct error error;
    char *text = printed(printing, n, &error);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void packets_are_one_line_each_for_people(void **state)
{
    static const struct printing printing = { OUTPUT_TEXT };

    (void)state;
    assert_printed(
        &printing, 2,
        "    1 2024-08-01T10:00:00.123456789Z 198.51.100.1:33311    → 198.51.100.2:5684     DTLSv1.2    67 "
        "Server Hello Done\n"
        "    2 2024-08-01T10:00:00.123456Z 02:00:5e:00:01:01     → ff:ff:ff:ff:ff:ff     ARP         42 Who "
        "has "
        "10.0.8.1? Tell 10.0.8.100\n");
}

/* The expected lines are those of tshark 4.0.17. */
static void each_type_of_field_is_printed_as_tshark_prints_it(void **state)
{
    static const struct {
        const char *field, *value;
    } cases[] = {
        { "frame.number", "1" },
        { "frame.time", "Aug  1, 2024 10:00:00.123456789 UTC" },
        { "frame.time_epoch", "1722506400.123456789" },
        { "frame.time_relative", "0.000000000" },
        { "frame.protocols", "eth:ethertype:ip:udp:dtls" },
        { "frame.interface_name", "eth0" },
        { "eth.type", "0x0800" },
        { "eth.addr", "02:00:5e:00:01:02,02:00:5e:00:01:01" },
        { "ip.flags", "0x02" },
        { "ip.flags.df", "1" },
        { "ip.flags.mf", "0" },
        { "ip.id", "0xb36d" },
        { "ip.ttl", "64" },
        { "ip.src", "198.51.100.1" },
        { "udp.port", "33311,5684" },
        { "dtls.record.version", "0xfefd" },
        { "ipv6.src", "" },
        { "udp", "User Datagram Protocol, Src Port: 33311, Dst Port: 5684" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct printing printing = { OUTPUT_FIELDS, { cases[i].field }, { NULL } };
        char expected[128];

        snprintf(expected, sizeof expected, "%s\n", cases[i].value);
        assert_printed(&printing, 1, expected);
    }
}

static void settings_shape_the_columns(void **state)
{
    static const struct {
        struct printing printing;
        const char *expected;
    } cases[] = {
        { { OUTPUT_FIELDS, { "frame.number", "udp.port" }, { NULL } }, "1\t33311,5684\n2\t\n" },
        { { OUTPUT_FIELDS, { "frame.number", "udp.port" }, { "header=y", "separator=;" } },
          "frame.number;udp.port\n1;33311,5684\n2;\n" },
        { { OUTPUT_FIELDS, { "frame.number", "udp.port" }, { "separator=/s", "aggregator=/s" } },
          "1 33311 5684\n2 \n" },
        { { OUTPUT_FIELDS, { "udp.port" }, { "occurrence=f" } }, "33311\n\n" },
        { { OUTPUT_FIELDS, { "udp", "dtls" }, { NULL } },
          "User Datagram Protocol, Src Port: 33311, Dst Port: 5684\tdtls\n\t\n" },
        { { OUTPUT_FIELDS, { "ip", "arp" }, { "quote=d" } },
          "\"Internet Protocol Version 4, Src: 198.51.100.1, Dst: 198.51.100.2\"\t\n"
          "\t\"Address Resolution Protocol (request)\"\n" },
        { { OUTPUT_FIELDS, { "frame" }, { "separator=," } },
          "Frame 1: 67 bytes on wire (536 bits), 67 bytes captured (536 bits) on interface eth0, id 0\n"
          "Frame 2: 42 bytes on wire (336 bits), 42 bytes captured (336 bits) on interface "
          "a\\tb\x1b[31m\"c\\xff, id 1\n" },
        { { OUTPUT_FIELDS, { "udp.port" }, { "occurrence=l", "quote=d" } }, "\"5684\"\n\n" },
        { { OUTPUT_FIELDS, { "udp.port" }, { "quote=s", "bom=y" } }, "\xef\xbb\xbf'33311,5684'\n\n" },
        { { OUTPUT_FIELDS, { "frame.interface_name" }, { NULL } }, "eth0\na\\tb\x1b[31m\"c\\xff\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_printed(&cases[i].printing, 2, cases[i].expected);
}

static void json_has_the_shape_of_tshark(void **state)
{
    static const struct printing printing = { OUTPUT_JSON,
                                              { "frame.interface_name", "udp.port", "ipv6.src" },
                                              { NULL } };
    static const char expected[] = "[\n"
                                   "  {\n"
                                   "    \"_index\": \"packets-2024-08-01\",\n"
                                   "    \"_type\": \"doc\",\n"
                                   "    \"_score\": null,\n"
                                   "    \"_source\": {\n"
                                   "      \"layers\": {\n"
                                   "        \"frame.interface_name\": [\n"
                                   "          \"eth0\"\n"
                                   "        ],\n"
                                   "        \"udp.port\": [\n"
                                   "          \"33311\",\n"
                                   "          \"5684\"\n"
                                   "        ]\n"
                                   "      }\n"
                                   "    }\n"
                                   "  },\n"
                                   "  {\n"
                                   "    \"_index\": \"packets-2024-08-01\",\n"
                                   "    \"_type\": \"doc\",\n"
                                   "    \"_score\": null,\n"
                                   "    \"_source\": {\n"
                                   "      \"layers\": {\n"
                                   "        \"frame.interface_name\": [\n"
                                   "          \"a\\tb\\u001b[31m\\\"c\xef\xbf\xbd\"\n"
                                   "        ]\n"
                                   "      }\n"
                                   "    }\n"
                                   "  }\n"
                                   "]\n";

    (void)state;
    assert_printed(&printing, 2, expected);
    assert_printed(&printing, 0, "[]\n");
}

static void json_without_fields_holds_whole_layers(void **state)
{
    static const struct printing printing = { OUTPUT_JSON };
    struct error error;
    char *text = printed(&printing, 2, &error);

    (void)state;
    assert_non_null(strstr(text, "        \"ip\": {\n"));
    assert_non_null(strstr(text, "          \"ip.src\": \"198.51.100.1\""));
    assert_non_null(strstr(text, "        \"arp\": {\n"));
    assert_null(strstr(text, "ip.addr")); /* it stands for others, which are there */
    free(text);
}

static void wrong_fields_and_settings_are_named_with_a_way_out(void **state)
{
    static const struct {
        struct printing printing;
        const char *said;
    } cases[] = {
        { { OUTPUT_FIELDS, { "ip.scr" }, { NULL } }, "-e \"ip.scr\" is not a field; did you mean ip.src?" },
        { { OUTPUT_FIELDS, { "zebra.stripes.count" }, { NULL } },
          "-e \"zebra.stripes.count\" is not a field" },
        { { OUTPUT_FIELDS, { NULL }, { NULL } }, "-T fields wants at least one -e" },
        { { OUTPUT_TEXT, { "ip.src" }, { NULL } }, "-e wants -T fields or -T json" },
        { { OUTPUT_FIELDS, { "ip.src" }, { "head=y" } }, "did you mean header=?" },
        { { OUTPUT_FIELDS, { "ip.src" }, { "header" } }, "-E header= wants y or n" },
        { { OUTPUT_FIELDS, { "ip.src" }, { "header=" } }, "-E header= wants y or n" },
        { { OUTPUT_FIELDS, { "ip.src" }, { "quote=x" } }, "-E quote= wants d" },
        { { OUTPUT_FIELDS, { "ip.src" }, { "occurrence=" } }, "-E occurrence= wants f" },
        { { OUTPUT_FIELDS, { "ip.src" }, { "separator=" } }, "-E separator= wants" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = { 0 };

        assert_null(printed(&cases[i].printing, 0, &error));
        assert_int_equal(error.kind, ERROR_USAGE);
        if (strstr(error.text, cases[i].said) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_one_line_each_for_people),
        cmocka_unit_test(each_type_of_field_is_printed_as_tshark_prints_it),
        cmocka_unit_test(settings_shape_the_columns),
        cmocka_unit_test(json_has_the_shape_of_tshark),
        cmocka_unit_test(json_without_fields_holds_whole_layers),
        cmocka_unit_test(wrong_fields_and_settings_are_named_with_a_way_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
