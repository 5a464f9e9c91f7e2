/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dissected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MESSAGE(text) bytes_of((text), sizeof(text) - 1)
#define ZEROS8 "\0\0\0\0\0\0\0\0"
/* Version 4; root delay 1 s, dispersion 1/2 s, reference 192.0.2.1; the last time is 1970-01-01 00:00:01.5 */
#define HEADER(mode, stratum) \
    mode stratum "\6\xec\0\1\0\0\0\0\x80\0\xc0\0\2\1" ZEROS8 ZEROS8 ZEROS8 "\x83\xaa\x7e\x81\x80\0\0\0"
#define MAC20 "\0\0\0\1" ZEROS8 ZEROS8

static struct dissected dissected;

static void every_mode_shows_its_fields(void **state)
{
    const struct {
        const char *what;
        struct bytes message;
        bool is_malformed;
        struct {
            const char *field, *values;
        } expected[7];
    } cases[] = {
        { "a client's request",
          MESSAGE(HEADER("\x23", "\2")),
          false,
          { { "ntp.flags", "35" },
            { "ntp.flags.mode", "3" },
            { "ntp.stratum", "2" },
            { "ntp.precision", "236" },
            { "ntp.rootdelay", "65536" },
            { "ntp.refid", "c0000201" },
            { "ntp.xmt", "1500000000" } } },
        { "no time", MESSAGE(HEADER("\x23", "\2")), false, { { "ntp.org", "0" }, { "ntp.mac", "" } } },
        { "a MAC",
          MESSAGE(HEADER("\x24", "\1") MAC20),
          false,
          { { "ntp.keyid", "00000001" },
            { "ntp.mac", "00000000000000000000000000000000" },
            { "ntp.ext", "" } } },
        { "an extension and a MAC",
          MESSAGE(HEADER("\x24", "\1") "\1\4\0\x10" ZEROS8 "abcd" MAC20),
          false,
          { { "ntp.ext", "1" },
            { "ntp.ext.type", "260" },
            { "ntp.ext.length", "16" },
            { "ntp.ext.value", "000000000000000061626364" },
            { "ntp.keyid", "00000001" } } },
        { "an extension of odd length",
          MESSAGE(HEADER("\x24", "\1") "\1\4\0\x12" ZEROS8 "abcdef" MAC20),
          false,
          { { "ntp.ext.invalid_length", "1" }, { "ntp.ext.value", "" }, { "ntp.keyid", "" } } },
        { "a NAK", MESSAGE(HEADER("\x24", "\1") "\0\0\0\0"), false, { { "ntp.keyid", "00000000" } } },
        { "too short", MESSAGE("\x23\2\6"), true, { { "ntp.ppoll", "6" }, { "ntp.precision", "" } } },
        { "empty", MESSAGE(""), true, { { "ntp.flags", "" } } },
        { "control: what associations there are",
          MESSAGE("\x16\x81\0\1\6\x15\0\0\0\0\0\4\x12\x34\x96\x14"),
          false,
          { { "ntp.ctrl.flags2.opcode", "1" },
            { "ntp.ctrl.sys_status.clksrc", "6" },
            { "ntp.ctrl.peer_status.selection", "6" },
            { "ntp.ctrl.associd", "0,4660" },
            { "ntp.ctrl.item", "1" } } },
        { "control: a signed request",
          MESSAGE("\x16\x08\0\1\0\0\0\0\0\0\0\2xy\0\0" MAC20),
          false,
          { { "ntp.ctrl.configuration", "xy" }, { "ntp.padding", "0000" }, { "ntp.key_index", "1" } } },
        { "private: a monitor list",
          MESSAGE("\x97\0\3\x14\0\1\0\x20" ZEROS8 ZEROS8 "\xc0\0\2\7\0\x7b\3\4" ZEROS8),
          false,
          { { "ntp.priv.reqcode", "20" },
            { "ntp.priv.numitems", "1" },
            { "ntp.priv.monlist.remote_address", "c0000207" },
            { "ntp.priv.monlist.port", "123" } } },
        { "private: more items than there are",
          MESSAGE("\x97\0\3\0\0\2\0\4abcd"),
          true,
          { { "ntp.stratum", "" } } },
    };

    (void)state;
    dissected_init(&dissected);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dissected_udp(&dissected, false, 40000, 123, cases[i].message, 0, 0);
        print_message("%s\n", cases[i].what);
        assert_int_equal(dissected.d.present >> PROTOCOL_MALFORMED & 1, cases[i].is_malformed);
        for (size_t e = 0; e < 7 && cases[i].expected[e].field; e++) {
            print_message("  %s\n", cases[i].expected[e].field);
            assert_string_equal(dissected_values(&dissected, cases[i].expected[e].field),
                                cases[i].expected[e].values);
        }
    }
    dissected_clear(&dissected);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mode_shows_its_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
