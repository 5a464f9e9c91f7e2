/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "appsync/appsync_event.h"
#include "protocol/dissected.h"

static struct summarizer summarizer;

static int set_up(void **state)
{
    struct dissected *dissected = calloc(1, sizeof *dissected);

    summarizer_init(&summarizer);
    demand_init(&dissected->demand);
    demand_add_everything(&dissected->demand);
    demand_settle(&dissected->demand);
    dissected->state = dissect_state_new(1);
    dissection_init(&dissected->d, &dissected->demand, dissected->state, NULL);
    *state = dissected;
    return 0;
}

static int tear_down(void **state)
{
    dissected_clear(*state);
    free(*state);
    return 0;
}

static json_t *event_of(struct dissected *dissected, const char *device, bool has_fields, bool has_data)
{
    struct packet_summary summary;
    struct appsync_event_parts parts = { &dissected->d, &summary, bytes_text(device), has_fields, has_data };
    struct buffer out;
    json_error_t fault;
    json_t *event;

    summarize(&summarizer, &dissected->d, &summary);
    buffer_init(&out, 1 << 20);
    assert_true(appsync_event_put(&out, &parts));
    event = json_loadb((const char *)out.data, out.len, 0, &fault);
    if (event == NULL)
        fail_msg("%s: %.*s", fault.text, (int)out.len, (const char *)out.data);
    buffer_clear(&out);
    return event;
}

static const char *text_of(const json_t *event, const char *name)
{
    return json_string_value(json_object_get(event, name));
}

static const json_t *layer_named(const json_t *event, const char *name)
{
    json_t *layers = json_object_get(event, "layers");

    for (size_t i = 0; i < json_array_size(layers); i++)
        if (strcmp(text_of(json_array_get(layers, i), "name"), name) == 0)
            return json_array_get(layers, i);
    return NULL;
}

static const char *value_labelled(const json_t *layer, const char *label)
{
    json_t *fields = json_object_get(layer, "fields");

    for (size_t i = 0; i < json_array_size(fields); i++)
        if (strcmp(text_of(json_array_get(fields, i), "label"), label) == 0)
            return text_of(json_array_get(fields, i), "value");
    return NULL;
}

/* CON, GET, MID 0x7d34, token aa, /t */
static const uint8_t get_t[] = { 0x41, 0x01, 0x7d, 0x34, 0xaa, 0xb1, 't' };

static void a_packet_is_an_event_of_the_example_s_shape(void **state)
{
    struct dissected *dissected = *state;
    json_t *event;

    dissected_udp(dissected, false, 40020, 5683, bytes_of(get_t, sizeof get_t), 1000, 0);
    event = event_of(dissected, "sensor-1", true, true);
    assert_string_equal(text_of(event, "protocol"), "udp");
    assert_string_equal(text_of(event, "note"), "CoAP");
    assert_string_equal(text_of(event, "device"), "sensor-1");
    assert_int_equal(json_integer_value(json_object_get(event, "sourcePort")), 40020);
    assert_int_equal(json_integer_value(json_object_get(event, "destinationPort")), 5683);
    assert_int_equal(json_integer_value(json_object_get(event, "lengthBytes")), sizeof get_t);
    assert_int_equal(strlen(text_of(event, "capturedAt")), 33); /* seven digits and +00:00 */
    assert_string_equal(text_of(event, "capturedAt") + 27, "+00:00");
    assert_true(strlen(text_of(event, "sourceIp")) > 6);
    assert_non_null(layer_named(event, "IPv4"));
    assert_string_equal(value_labelled(layer_named(event, "UDP"), "Source Port"), "40020");
    assert_string_equal(value_labelled(layer_named(event, "Data"), "Hex Dump"), "0000  41 01 7d 34 aa b1 74");
    assert_string_equal(value_labelled(layer_named(event, "Data"), "Text View"), "0000  A.}4..t");
    json_decref(event);
}

static void more_than_256_bytes_are_said_to_be_there(void **state)
{
    struct dissected *dissected = *state;
    uint8_t payload[300] = { 0 };
    const char *dump;
    json_t *event;

    dissected_udp(dissected, false, 40020, 9, bytes_of(payload, sizeof payload), 1000, 0);
    event = event_of(dissected, "", true, true);
    dump = value_labelled(layer_named(event, "Data"), "Hex Dump");
    assert_non_null(strstr(dump, "\n00f0  "));
    assert_null(strstr(dump, "\n0100  "));
    assert_non_null(strstr(dump, "\n... (44 more bytes)"));
    assert_true(json_is_null(json_object_get(event, "device")));
    json_decref(event);
}

static void a_reader_who_may_not_see_bytes_gets_none(void **state)
{
    struct dissected *dissected = *state;
    json_t *event;

    dissected_udp(dissected, false, 40020, 5683, bytes_of(get_t, sizeof get_t), 1000, 0);
    event = event_of(dissected, "", false, false);
    assert_null(layer_named(event, "Data"));
    assert_int_equal(json_array_size(json_object_get(layer_named(event, "UDP"), "fields")), 0);
    json_decref(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_packet_is_an_event_of_the_example_s_shape, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_256_bytes_are_said_to_be_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_who_may_not_see_bytes_gets_none, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
