/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/hex_test.h"
#include "protocol/lwm2m_objects.h"

static const struct wire_end device = { 0x0a000001, 40000 }, server = { 0x0a000002, 5683 };

/* A PUT to /object/instance with these values. */
static void show(const char *path, const char *tlv)
{
    char hex[1024];

    snprintf(hex, sizeof hex, "40 03 0001 %s 12 2d16 ff %s", path, tlv);
    hex_show_cut(NULL, 1, 0, device, server, hex, 0);
}

#define PATH_3_0 "b1 33 01 30"
#define PATH_6_0 "b1 36 01 30"
#define PATH_9999_0 "b4 39393939 01 30"
#define PATH_3_0_6 "b1 33 01 30 01 36"

static void resources_are_called_what_their_object_says(void **state)
{
    (void)state;
    show(PATH_3_0, "c3 00 414d45 c1 09 5f 86 07 41 00 05 41 01 07 c4 0d 5182428f");
    HEX_CHECK({ "lwm2mtlv.object_name", "Device" },
              { "lwm2mtlv.resource_name", "Manufacturer,Battery Level,Power Source Voltage,Current Time" },
              { "lwm2mtlv.resource.manufacturer", "AME" }, { "lwm2mtlv.resource.battery_level", "95" },
              { "lwm2mtlv.resource.power_source_voltage", "5,7" },
              { "lwm2mtlv.resource.current_time", "1367491215000000000" },
              { "lwm2mtlv.identifier", "0,9,7,0,1,13" }, { "lwm2mtlv.type.type", "3,3,2,1,1,3" },
              { "lwm2mtlv.type.length", "3,1,6,1,1,4" }, { "lwm2mtlv.resource", "+,+,+" },
              { "lwm2mtlv.resource_array", "+" }, { "lwm2mtlv.resource_instance", "+,+" },
              { "lwm2mtlv.value.string", "" });
}

static void values_of_unknown_objects_are_shown_as_all_they_may_be(void **state)
{
    (void)state;
    show(PATH_9999_0, "c1 00 01 c2 01 fffe c4 02 41ac0000 c8 03 08 4035800000000000 c2 04 4869");
    HEX_CHECK({ "lwm2mtlv.object_name", "" }, { "lwm2mtlv.resource_name", "" },
              { "lwm2mtlv.value.boolean", "1" },
              { "lwm2mtlv.value.integer", "1,-2,1101791232,4626744929681408000,18537" },
              { "lwm2mtlv.value.float", "21.5" }, { "lwm2mtlv.value.double", "21.5" },
              { "lwm2mtlv.value.string", "A\xef\xbf\xbd,Hi" }, { "lwm2mtlv.length", "8" },
              { "lwm2mtlv.type.ignored", "0" });
}

static void numbers_come_in_several_lengths(void **state)
{
    (void)state;
    show(PATH_6_0, "c4 00 41ac0000 c8 01 08 4035800000000000");
    HEX_CHECK({ "lwm2mtlv.resource.latitude", "21.5" }, { "lwm2mtlv.resource.longitude", "21.5" });
    show(PATH_3_0, "c3 09 fffffe");
    HEX_CHECK({ "lwm2mtlv.resource.battery_level", "-2" });
}

static void a_path_down_to_a_resource_names_its_instances(void **state)
{
    (void)state;
    show(PATH_3_0_6, "41 00 01 41 01 05");
    HEX_CHECK({ "lwm2mtlv.resource.available_power_sources", "1,5" });
}

static void elements_longer_than_what_they_lie_in_are_malformed(void **state)
{
    static const char *const broken[] = {
        "c0", "e0 00", "c8 00", "d8 00 0000", "c3 00 4142", "83 00 41 00", "08 00 04 c3 00 414243"
    };

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        show(PATH_3_0, broken[i]);
        if (!(hex_d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED)))
            fail_msg("%s is taken for whole", broken[i]);
    }
}

static void nesting_is_bounded(void **state)
{
    char tlv[256] = "";

    (void)state;
    for (unsigned i = 20; i-- > 0;)
        snprintf(tlv + strlen(tlv), sizeof tlv - strlen(tlv), "0800%02x", 3 * i);
    show(PATH_3_0, tlv);
    assert_true(hex_d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED));
}

static void every_resource_is_in_the_table_once(void **state)
{
    unsigned n = 0;

    (void)state;
    for (uint32_t object = 0; object < 32; object++)
        for (uint32_t resource = 0; resource < 64; resource++)
            n += lwm2m_resource_find(object, resource) != NULL;
    assert_int_equal(n, 113);
    assert_string_equal(lwm2m_resource_find(1, 0)->name, "Short Server ID");
    assert_null(lwm2m_resource_find(3, 99));
    assert_null(lwm2m_object_name(3303));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_are_called_what_their_object_says),
        cmocka_unit_test(values_of_unknown_objects_are_shown_as_all_they_may_be),
        cmocka_unit_test(numbers_come_in_several_lengths),
        cmocka_unit_test(a_path_down_to_a_resource_names_its_instances),
        cmocka_unit_test(elements_longer_than_what_they_lie_in_are_malformed),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(every_resource_is_in_the_table_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
