/* SPDX-License-Identifier: Apache-2.0 */
#include "source/vxlan_datagram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#define ADDRESSES "\x02\0\0\0\0\1\x02\0\0\0\0\2"
#define BYTES(text)                               \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

static void only_a_datagram_with_the_i_flag_and_a_frame_is_taken(void **state)
{
    static const struct {
        const char *name;
        struct bytes payload;
        bool is_taken;
        uint32_t vni;
    } cases[] = {
        { "frame", BYTES("\x08\0\0\0\0\0\x2a\0" ADDRESSES "\x08\x06"), true, 42 },
        { "highest VNI", BYTES("\x08\0\0\0\xff\xff\xff\0" ADDRESSES "\x08\x06"), true, 0xffffff },
        { "reserved bits set", BYTES("\xff\1\2\3\0\1\0\xff" ADDRESSES "\x08\x06"), true, 256 },
        { "without I", BYTES("\x00\0\0\0\0\0\x2a\0" ADDRESSES "\x08\x06"), false, 0 },
        { "inner header cut", BYTES("\x08\0\0\0\0\0\x2a\0" ADDRESSES "\x08"), false, 0 },
        { "header cut", BYTES("\x08\0\0\0\0\0\x2a"), false, 0 },
        { "empty", BYTES(""), false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes frame = { 0 };
        uint32_t vni = 0;

        print_message("%s\n", cases[i].name);
        assert_int_equal(vxlan_datagram_parse(cases[i].payload, &vni, &frame), cases[i].is_taken);
        assert_int_equal(vni, cases[i].vni);
        if (cases[i].is_taken) {
            assert_int_equal(frame.len, cases[i].payload.len - VXLAN_HEADER_BYTES);
            assert_ptr_equal(frame.data, cases[i].payload.data + VXLAN_HEADER_BYTES);
        }
    }
}

static void a_written_header_is_read_back(void **state)
{
    uint8_t payload[VXLAN_HEADER_BYTES + 14] = { 0 };
    struct bytes frame;
    uint32_t vni;

    (void)state;
    vxlan_header_write(0x123456, payload);
    assert_true(vxlan_datagram_parse(bytes_of(payload, sizeof payload), &vni, &frame));
    assert_int_equal(vni, 0x123456);
}

static void the_original_length_comes_from_the_inner_ip_header(void **state)
{
    static const struct {
        const char *name;
        struct bytes frame;
        uint32_t len;
    } cases[] = {
        { "IPv4 cut", BYTES(ADDRESSES "\x08\x00\x45\0\x05\xdc"), 1514 },
        { "IPv4 whole", BYTES(ADDRESSES "\x08\x00\x45\0\0\x06\1\2"), 20 },
        { "IPv4 with Ethernet padding", BYTES(ADDRESSES "\x08\x00\x45\0\0\x05\1\2"), 20 },
        { "IPv4, length left to the card", BYTES(ADDRESSES "\x08\x00\x45\0\0\0\1\2"), 20 },
        { "IPv4, length cut off", BYTES(ADDRESSES "\x08\x00\x45\0\x05"), 17 },
        { "IPv4 behind a VLAN tag", BYTES(ADDRESSES "\x81\x00\0\x2a\x08\x00\x45\0\x05\xdc"), 1518 },
        { "IPv4 behind two tags", BYTES(ADDRESSES "\x88\xa8\0\1\x81\x00\0\2\x08\x00\x45\0\x05\xdc"), 1522 },
        { "tag cut off", BYTES(ADDRESSES "\x81\x00\0\x2a\x08"), 17 },
        { "tags without end",
          BYTES(ADDRESSES "\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x08\0\x45\0\x05\xdc"), 38 },
        { "IPv6 cut", BYTES(ADDRESSES "\x86\xdd\x60\0\0\0\x05\xb4\x11\x40"), 1514 },
        { "IPv6 jumbogram", BYTES(ADDRESSES "\x86\xdd\x60\0\0\0\0\0\0\x40"), 22 },
        { "version is not the type's", BYTES(ADDRESSES "\x86\xdd\x45\0\x05\xdc\x05\xb4"), 20 },
        { "ARP", BYTES(ADDRESSES "\x08\x06\0\1\x08\0"), 18 },
        { "shorter than Ethernet", BYTES(ADDRESSES), 12 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(ethernet_frame_len(cases[i].frame), cases[i].len);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_datagram_with_the_i_flag_and_a_frame_is_taken),
        cmocka_unit_test(a_written_header_is_read_back),
        cmocka_unit_test(the_original_length_comes_from_the_inner_ip_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
