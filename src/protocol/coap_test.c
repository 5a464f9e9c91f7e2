/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/coap_blocks.h"
#include "protocol/coap_exchange.h"
#include "protocol/hex_test.h"

static const struct wire_end device = { 0x0a000001, 40000 }, other_device = { 0x0a000001, 40001 },
                             server = { 0x0a000002, 5683 }, other_server = { 0x0a000003, 5683 };

enum { SECOND = 1000000000 };

static struct dissect_state *memory;

static int remember_nothing(void **state)
{
    (void)state;
    dissect_state_free(memory);
    memory = dissect_state_new(7);
    return memory == NULL;
}

static int forget(void **state)
{
    (void)state;
    dissect_state_free(memory);
    memory = NULL;
    return 0;
}

static void ask(uint32_t number, int64_t seconds, const char *hex)
{
    hex_show_cut(memory, number, seconds * SECOND, device, server, hex, 0);
}

static void answer(uint32_t number, int64_t seconds, const char *hex)
{
    hex_show_cut(memory, number, seconds * SECOND, server, device, hex, 0);
}

static void a_request_shows_its_header_and_options(void **state)
{
    (void)state;
    ask(1, 0, "44 01 1234 a1a2a3a4 b4 74656d70 04 74657374 42 6c3d 21 28");
    HEX_CHECK({ "coap.version", "1" }, { "coap.type", "0" }, { "coap.token_len", "4" }, { "coap.code", "1" },
              { "coap.mid", "4660" }, { "coap.token", "<a1a2a3a4>" },
              { "coap.opt.name", "#1: Uri-Path,#2: Uri-Path,#3: Uri-Query,#4: Accept" },
              { "coap.opt.desc",
                "Type 11, Critical, Unsafe,Type 11, Critical, Unsafe,Type 15, Critical, Unsafe,"
                "Type 17, Critical, Safe" },
              { "coap.opt.delta", "11,0,4,2" }, { "coap.opt.length", "4,4,2,1" },
              { "coap.opt.uri_path", "temp,test" }, { "coap.opt.uri_path_recon", "/temp/test" },
              { "coap.opt.uri_query", "l=" }, { "coap.opt.accept", "application/link-format" },
              { "coap.payload", "" }, { "coap.opt.end_marker", "" }, { "coap.length", "" });
}

static void options_are_shown_by_what_they_hold(void **state)
{
    static const struct {
        const char *hex, *field, *values;
    } cases[] = {
        { "12 aabb", "coap.opt.if_match", "<aabb>" },
        { "33 3a3a31 d0 00", "coap.opt.uri_host", "::1" },
        { "33 3a3a31 42 1633 41 61", "coap.opt.uri_path_recon", "coap://[::1]:5683/a" },
        { "41 01", "coap.opt.etag", "<01>" },
        { "50", "coap.opt.name", "#1: If-None-Match" },
        { "61 01", "coap.opt.observe", "1" },
        { "60", "coap.opt.observe", "0" },
        { "c1 3c", "coap.opt.ctype", "application/cbor" },
        { "c2 ffff", "coap.opt.ctype", "Unknown Type 65535" },
        { "c0", "coap.opt.ctype", "text/plain; charset=utf-8" },
        { "d0 04", "coap.opt.accept", "(null)" },
        { "d1 01 3c", "coap.opt.max_age", "60" },
        { "d1 03 10", "coap.opt.hop_limit", "16" },
        { "d2 0a 0fae", "coap.opt.block_number", "250" },
        { "d2 0a 0fae", "coap.opt.block_mflag", "1" },
        { "d2 0a 0fae", "coap.opt.block_size", "6" },
        { "d2 2f 0500", "coap.opt.size1", "1280" },
        { "d1 ff aa", "coap.opt.unknown", "<aa>" },
        { "d1 ff aa", "coap.opt.name", "#1: Unknown Option (268)" },
        { "d1 ff aa", "coap.invalid_option_number", "+" },
        { "e1 06f3 aa", "coap.unknown_option_number", "+" }, /* 2048 */
        { "e1 06f3 aa", "coap.opt.delta_ext", "1779" },
        { "d0 0f", "coap.opt.desc", "Type 28, Elective, Safe, NoCacheKey" },
        { "bd 01 3132333435363738393a3b3c3d3e", "coap.opt.length_ext", "1" },
        { "59 010203040506070809", "coap.invalid_option_range", "+" }, /* If-None-Match is empty */
        { "f1 00", "coap.option_length_bad", "+" },
        { "1f 00", "coap.option_length_bad", "+" },
        { "b9 61", "coap.option_length_bad", "+" },
        { "b3 61ff62", "coap.opt.uri_path",
          "a\xef\xbf\xbd"
          "b" },
        { "95 19 05 02 c1c2", "coap.opt.object_security_piv", "<05>" },
        { "95 19 05 02 c1c2", "coap.opt.object_security_kid_context", "<c1c2>" },
        { "96 19 05 02 c1c2 07", "coap.opt.object_security_kid", "<07>" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char hex[256];

        snprintf(hex, sizeof hex, "40 01 0001 %s", cases[i].hex);
        ask(1, 0, hex);
        if (strcmp(hex_values(cases[i].field), cases[i].values) != 0)
            fail_msg("%s: %s is %s, not %s", cases[i].hex, cases[i].field, hex_values(cases[i].field),
                     cases[i].values);
    }
}

/* RFC 7252 section 5.4.3: a length outside an option's range. A number that nobody registered, or that RFC
 * 9175 did (Request-Tag, 292), breaks nothing. */
static void an_option_that_breaks_its_rules_is_malformed(void **state)
{
    static const struct {
        const char *hex;
        bool is_malformed;
    } cases[] = {
        { "30", true },          /* an empty Uri-Host */
        { "73 010203", true },   /* Uri-Port has two bytes at most */
        { "92 e000", true },     /* OSCORE: its reserved bits */
        { "1f 00", true },       /* a length that does not end */
        { "e1 0017 aa", false }, /* Request-Tag */
        { "d1 ff aa", false },   { "b1 61", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char hex[64];

        snprintf(hex, sizeof hex, "40 01 0001 %s", cases[i].hex);
        ask(1, 0, hex);
        if (!(hex_d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED)) == cases[i].is_malformed)
            fail_msg("%s", cases[i].hex);
    }
}

static void what_ends_too_early_is_malformed_and_what_the_capture_cut_is_not(void **state)
{
    static const char *const broken[] = {
        "", "40", "4001", "400100", "4201 0001 aa", "4001 0001 d0", "4001 0001 bd", "4001 0001 91 01"
    };

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        ask(1, 0, broken[i]);
        assert_true(hex_d.present & PROTOCOL_BIT(PROTOCOL_COAP));
        if (!(hex_d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED)))
            fail_msg("%s is taken for whole", broken[i]);
    }
    hex_show_cut(memory, 1, 0, device, server, "4001 0001 b4 74656d70 04 74657374", 2);
    assert_false(hex_d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED));
    assert_string_equal(hex_values("coap.opt.uri_path"), "temp");
}

static void tokens_may_be_longer_than_eight_bytes(void **state)
{
    (void)state;
    /* RFC 8974: 13 means 13 and a byte more, 14 means 269 and two more */
    ask(1, 0, "4d 01 0001 01 0102030405060708090a0b0c0d0e b4 74656d70");
    HEX_CHECK({ "coap.token_len", "13" }, { "coap.token", "<0102030405060708090a0b0c0d0e>" },
              { "coap.opt.uri_path", "temp" });
    answer(2, 0, "6d 45 0001 01 0102030405060708090a0b0c0d0e");
    HEX_CHECK({ "coap.response_to", "1" }, { "coap.opt.uri_path_recon", "/temp" });
    answer(3, 0, "6d 45 0001 01 0102030405060708090a0b0c0d0f");
    HEX_CHECK({ "coap.response_to", "" }, { "coap.opt.uri_path_recon", "" });
}

static void a_response_is_told_by_token_and_message_id(void **state)
{
    (void)state;
    ask(1, 1, "41 01 0001 07 b1 61");
    HEX_CHECK({ "coap.response_to", "" }, { "coap.opt.uri_path_recon", "/a" });
    answer(2, 3, "61 45 0001 07 ff 31");
    HEX_CHECK({ "coap.response_to", "1" }, { "coap.response_time", "2000000000" },
              { "coap.opt.uri_path_recon", "/a" });
    answer(3, 4, "41 45 0900 07 ff 32"); /* a notification: a message id of its own */
    HEX_CHECK({ "coap.response_to", "" }, { "coap.opt.uri_path_recon", "/a" }, { "coap.retransmitted", "" });
    answer(4, 5, "41 45 0900 07 ff 32");
    HEX_CHECK({ "coap.response_first_in", "3" }, { "coap.retransmitted", "+" });
    hex_show_cut(memory, 5, 0, other_server, device, "61 45 0001 07", 0);
    HEX_CHECK({ "coap.response_to", "" }, { "coap.opt.uri_path_recon", "" });
}

static void a_request_sent_again_is_told_until_its_message_id_may_be_used_again(void **state)
{
    (void)state;
    ask(1, 0, "41 01 0001 07 b1 61");
    ask(2, 2, "41 01 0001 07 b1 61");
    HEX_CHECK({ "coap.request_first_in", "1" }, { "coap.retransmitted", "+" }, { "coap.response_in", "" });
    answer(3, 3, "61 45 0001 07");
    ask(4, 4, "41 01 0001 07 b1 61");
    HEX_CHECK({ "coap.request_first_in", "1" }, { "coap.response_in", "3" });
    ask(5, 3600, "41 01 0001 07 b1 61"); /* RFC 7252 section 4.8.2: 247 s */
    HEX_CHECK({ "coap.request_first_in", "" }, { "coap.retransmitted", "" });
    answer(6, 3601, "61 45 0001 07");
    HEX_CHECK({ "coap.response_to", "5" });
}

static void a_token_used_again_stands_for_the_new_request(void **state)
{
    (void)state;
    ask(1, 0, "41 01 0001 07 b4 74656d70");
    answer(2, 0, "61 45 0001 07");
    ask(3, 9, "41 01 0002 07 b8 68756d6964697479");
    HEX_CHECK({ "coap.request_first_in", "" });
    answer(4, 9, "61 45 0002 07");
    HEX_CHECK({ "coap.opt.uri_path_recon", "/humidity" }, { "coap.response_to", "3" });
    ask(5, 10, "41 01 0001 07 b4 74656d70"); /* its first message id, after a restart: another request */
    HEX_CHECK({ "coap.request_first_in", "" });
}

static void one_token_to_two_servers_is_two_exchanges(void **state)
{
    (void)state;
    hex_show_cut(memory, 1, 0, device, server, "41 01 0001 07 b1 61", 0);
    hex_show_cut(memory, 2, 0, device, other_server, "41 01 0002 07 b1 62", 0);
    hex_show_cut(memory, 3, 0, server, device, "61 45 0001 07", 0);
    HEX_CHECK({ "coap.opt.uri_path_recon", "/a" }, { "coap.response_to", "1" });
    hex_show_cut(memory, 4, 0, other_server, device, "61 45 0002 07", 0);
    HEX_CHECK({ "coap.opt.uri_path_recon", "/b" }, { "coap.response_to", "2" });
}

static void a_request_to_many_is_answered_by_each(void **state)
{
    static const struct wire_end all = { 0xe00001bb, 5683 }; /* 224.0.1.187, All CoAP Nodes */

    (void)state;
    hex_show_cut(memory, 1, 0, device, all, "51 01 0001 07 b1 61", 0);
    hex_show_cut(memory, 2, 0, server, device, "51 45 0031 07", 0);
    HEX_CHECK({ "coap.opt.uri_path_recon", "/a" });
    hex_show_cut(memory, 3, 0, other_server, device, "51 45 0032 07", 0);
    HEX_CHECK({ "coap.opt.uri_path_recon", "/a" });
}

/* A segment of one connection that begins with sequence 1 each way. */
static void show_segment(uint32_t number, bool is_answer, uint32_t sequence, const char *hex)
{
    static struct demand demand;
    static struct wire frame;
    static struct packet packet;
    struct wire tcp = { 0 };

    wire_number(&tcp, is_answer ? 5683 : 40000, 2);
    wire_number(&tcp, is_answer ? 40000 : 5683, 2);
    wire_number(&tcp, sequence, 4);
    wire_number(&tcp, 1, 4);
    wire_number(&tcp, 0x5018ffff, 4);
    wire_number(&tcp, 0, 4);
    hex_put(&tcp, hex);
    wire_ethernet(&frame, 0x0800);
    wire_ipv4(&frame, IP_PROTOCOL_TCP, is_answer ? server.address : device.address,
              is_answer ? device.address : server.address, 1, 0, wire_bytes(&tcp));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, number * (int64_t)SECOND);
    packet.number = number;
    demand_init(&demand);
    demand_add_everything(&demand);
    demand_settle(&demand);
    dissection_init(&hex_d, &demand, memory, NULL);
    dissect(&hex_d, &packet);
}

static void streams_have_all_their_messages_shown(void **state)
{
    (void)state;
    show_segment(1, false, 1, "00 e1  51 01 07 b4 74656d70"); /* CSM, and a request */
    HEX_CHECK({ "coap.code", "225,1" }, { "coap.length", "2,8" }, { "coap.token_len", "0,1" },
              { "coap.opt.uri_path_recon", "/temp" }, { "coap.version", "" }, { "coap.mid", "" });
    show_segment(2, true, 1, "31 45 07 ff 32 31");
    HEX_CHECK({ "coap.response_to", "1" }, { "coap.response_time", "1000000000" },
              { "coap.opt.uri_path_recon", "/temp" }, { "data.data", "<3231>" });
    show_segment(3, false, 11, "21 01 07 b1 61"); /* the token again: the newest request is answered */
    HEX_CHECK({ "coap.retransmitted", "" });
    show_segment(4, true, 7, "01 45 07");
    HEX_CHECK({ "coap.response_to", "3" }, { "coap.opt.uri_path_recon", "/a" });
}

static void lengths_of_messages_in_streams_are_told_by_their_first_bytes(void **state)
{
    static const struct {
        const char *hex;
        uint32_t len;
    } cases[] = {
        { "00 e1", 2 },
        { "01 45 07", 3 },
        { "d0 00 45", 16 },                   /* 13 + one byte */
        { "e0 0001 45", 274 },                /* 269 + two */
        { "f0 00000002 45", 65813 },          /* 65805 + four */
        { "0d 45 01", 17 },                   /* RFC 8974: a token of 14 */
        { "f0 ffffffff 45", UINT32_MAX - 1 }, /* more than can be */
        { "", PDU_MORE },
        { "d0", PDU_MORE },
        { "e0 00", PDU_MORE },
        { "0d 45", PDU_MORE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire w = { 0 };

        hex_put(&w, cases[i].hex);
        assert_int_equal(protocols[PROTOCOL_COAP]->pdu_length(&hex_d, wire_bytes(&w)), cases[i].len);
    }
}

static void without_memory_each_message_stands_alone(void **state)
{
    (void)state;
    hex_show_cut(NULL, 1, 0, device, server, "41 01 0001 07 b1 61", 0);
    hex_show_cut(NULL, 2, 0, server, device, "61 45 0001 07 d1 0a 06 ff 31", 0); /* one block, all of it */
    HEX_CHECK({ "coap.response_to", "" }, { "coap.opt.uri_path_recon", "" }, { "data.data", "<31>" });
}

static void blocks_are_put_together_in_any_order(void **state)
{
    (void)state;
    ask(1, 0, "41 01 0001 07 b1 61");
    answer(2, 0, "61 45 0001 07 d1 0a 08 ff 30313233343536373839616263646566");
    HEX_CHECK({ "coap.block_length", "16" }, { "coap.payload", "" }, { "coap.blocks", "" },
              { "data.data", "" });
    answer(3, 0, "61 45 0003 07 d1 0a 20 ff 7a");
    HEX_CHECK({ "coap.blocks", "" });
    answer(4, 0, "61 45 0002 07 d1 0a 18 ff 30313233343536373839616263646566");
    HEX_CHECK({ "coap.block", "2,4,3" }, { "coap.block.count", "3" },
              { "coap.block.reassembled.length", "33" },
              { "coap.block_payload", "<30313233343536373839616263646566>" }, { "data.len", "33" },
              { "coap.payload",
                "Payload Content-Format: application/octet-stream (no Content-Format), Length: 3" });
}

static void a_block_sent_again_is_an_overlap(void **state)
{
    (void)state;
    ask(1, 0, "41 03 0001 07 b1 61 d1 03 08 ff 30313233343536373839616263646566");
    ask(2, 0, "41 03 0002 07 b1 61 d1 03 18 ff 30313233343536373839616263646566");
    ask(3, 1, "41 03 0002 07 b1 61 d1 03 18 ff 30313233343536373839616263646566");
    ask(4, 1, "41 03 0003 07 b1 61 d1 03 20 ff 7a");
    HEX_CHECK({ "coap.block", "1,2,3,4" }, { "coap.block.overlap", "1" },
              { "coap.block.overlap.conflicts", "" }, { "data.len", "33" });
}

static void transfers_at_the_same_time_are_kept_apart(void **state)
{
    (void)state;
    /* two devices behind one address */
    hex_show_cut(memory, 1, 0, device, server,
                 "41 03 0001 07 b1 61 d1 03 08 ff 61616161616161616161616161616161", 0);
    hex_show_cut(memory, 2, 0, other_device, server,
                 "41 03 0001 07 b1 61 d1 03 08 ff 62626262626262626262626262626262", 0);
    hex_show_cut(memory, 3, 0, device, server, "41 03 0002 07 b1 61 d1 03 10 ff 61", 0);
    HEX_CHECK({ "coap.block", "1,3" }, { "data.data", "<6161616161616161616161616161616161>" });
    hex_show_cut(memory, 4, 0, other_device, server, "41 03 0002 07 b1 61 d1 03 10 ff 62", 0);
    HEX_CHECK({ "coap.block", "2,4" }, { "data.data", "<6262626262626262626262626262626262>" });
    /* two resources of one device */
    ask(5, 0, "41 03 0003 08 b1 61 d1 03 08 ff 61616161616161616161616161616161");
    ask(6, 0, "41 03 0004 09 b1 62 d1 03 08 ff 62626262626262626262626262626262");
    ask(7, 0, "41 03 0005 08 b1 61 d1 03 10 ff 61");
    HEX_CHECK({ "coap.block", "5,7" }, { "data.data", "<6161616161616161616161616161616161>" });
}

static void the_size_of_blocks_may_change_within_a_transfer(void **state)
{
    (void)state;
    /* 32 bytes, then the server asks for 16: the third is number 2 of those */
    ask(1, 0,
        "41 03 0001 07 b1 61 d1 03 09 ff 6161616161616161616161616161616162626262626262626262626262626262");
    ask(2, 0, "41 03 0002 07 b1 61 d1 03 20 ff 63");
    HEX_CHECK({ "coap.block", "1,2" }, { "data.len", "33" });
}

static void the_other_block_option_says_nothing_of_the_payload(void **state)
{
    (void)state;
    ask(1, 0, "41 03 0001 07 b1 61 d1 03 20 ff 63");
    answer(2, 0, "61 44 0001 07 d1 0e 20 ff 6f6b"); /* Block1 in a response acknowledges */
    HEX_CHECK({ "coap.block_payload", "<6f6b>" }, { "data.data", "<6f6b>" }, { "coap.blocks", "" });
}

static void a_new_first_block_begins_anew(void **state)
{
    (void)state;
    ask(1, 0, "41 03 0001 07 b1 61 d1 03 08 ff 61616161616161616161616161616161");
    ask(2, 9, "41 03 0002 07 b1 61 d1 03 08 ff 62626262626262626262626262626262");
    ask(3, 9, "41 03 0003 07 b1 61 d1 03 10 ff 62");
    HEX_CHECK({ "coap.block", "2,3" }, { "data.data", "<6262626262626262626262626262626262>" });
}

static void what_is_remembered_is_bounded(void **state)
{
    static struct coap_options options;
    struct coap_exchanges *exchanges = coap_exchanges_new(1);
    struct conversation_ends ends = { .source_port = 1, .destination_port = 5683 };
    struct coap_match match;

    (void)state;
    for (uint32_t i = 0; i <= COAP_EXCHANGES; i++) {
        struct coap_message message = {
            .ends = &ends, .options = &options, .token = bytes_of(&i, sizeof i), .frame = i + 1, .code = 1
        };

        coap_exchange_look(exchanges, &message, &match);
        assert_true(match.is_known);
    }
    assert_int_equal(coap_exchanges_forgotten(exchanges), 1);
    coap_exchanges_free(exchanges);
}

static void a_content_format_names_who_reads_the_payload(void **state)
{
    static const struct {
        const char *options;
        enum protocol_id protocol;
    } cases[] = {
        { "c0 ff 41", PROTOCOL_TEXT_LINES },    { "c1 2a ff 41", PROTOCOL_DATA },
        { "c1 32 ff 7b7d", PROTOCOL_JSON },     { "c1 6e ff 5b5d", PROTOCOL_JSON },
        { "c1 3c ff 01", PROTOCOL_CBOR },       { "c1 70 ff 01", PROTOCOL_CBOR },
        { "c2 2d16 ff c00001", PROTOCOL_NONE }, { "c2 2d16 ff c000", PROTOCOL_LWM2MTLV },
        { "c2 2d17 ff 7b7d", PROTOCOL_JSON },   { "ff 41", PROTOCOL_DATA },
        { "c1 28 ff 3c", PROTOCOL_COAP }, /* link-format: Wireshark knows nobody */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char hex[128];

        if (cases[i].protocol == PROTOCOL_NONE)
            continue;
        snprintf(hex, sizeof hex, "40 02 0001 %s", cases[i].options);
        ask(1, 0, hex);
        if (hex_d.layers[hex_d.n_layers - 1].protocol != cases[i].protocol)
            fail_msg("%s is read as %s", cases[i].options,
                     protocols[hex_d.layers[hex_d.n_layers - 1].protocol]->name);
    }
    answer(2, 0, "60 84 0001 ff 6e6f"); /* RFC 7252 section 5.5.2: a diagnostic payload */
    HEX_CHECK({ "coap.payload_desc", "text/plain; charset=utf-8" });
    assert_true(hex_d.present & PROTOCOL_BIT(PROTOCOL_TEXT_LINES));
}

static void a_protected_message_says_with_which_key(void **state)
{
    (void)state;
    ask(1, 0, "41 02 0001 07 93 0905 aa ff 010203040506070809");
    HEX_CHECK({ "coap.opt.object_security_kid", "<aa>" }, { "coap.opt.object_security_piv", "<05>" },
              { "oscore.context_not_set", "+" }, { "data.len", "9" });
    answer(2, 0, "61 44 0001 07 90 ff 010203040506070809");
    HEX_CHECK({ "coap.oscore_kid", "<aa>" }, { "coap.oscore_piv", "<05>" },
              { "oscore.context_not_set", "+" });
    answer(3, 0, "61 44 0009 08 90 ff 010203040506070809");
    HEX_CHECK({ "oscore.partial_iv_not_found", "+" }, { "coap.oscore_kid", "" });
}

static void only_what_is_asked_for_is_looked_at(void **state)
{
    static struct demand demand;
    static struct wire frame;
    struct wire payload = { 0 };
    struct packet packet;

    (void)state;
    hex_put(&payload, "41 01 0001 07 b1 61 ff 41");
    wire_udp(&frame, device, server, wire_bytes(&payload));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 0);
    demand_init(&demand);
    demand_add_field(&demand, field_find("coap.code", 9));
    demand_settle(&demand);
    dissection_init(&hex_d, &demand, memory, NULL);
    dissect(&hex_d, &packet);
    assert_string_equal(hex_values("coap.code"), "1");
    assert_int_equal(hex_d.n_values, 1);
    assert_int_equal(hex_d.scratch_used, 0);
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, remember_nothing, forget)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_MEMORY(a_request_shows_its_header_and_options),
        WITH_MEMORY(options_are_shown_by_what_they_hold),
        WITH_MEMORY(an_option_that_breaks_its_rules_is_malformed),
        WITH_MEMORY(what_ends_too_early_is_malformed_and_what_the_capture_cut_is_not),
        WITH_MEMORY(tokens_may_be_longer_than_eight_bytes),
        WITH_MEMORY(a_response_is_told_by_token_and_message_id),
        WITH_MEMORY(a_request_sent_again_is_told_until_its_message_id_may_be_used_again),
        WITH_MEMORY(a_token_used_again_stands_for_the_new_request),
        WITH_MEMORY(one_token_to_two_servers_is_two_exchanges),
        WITH_MEMORY(a_request_to_many_is_answered_by_each),
        WITH_MEMORY(streams_have_all_their_messages_shown),
        cmocka_unit_test(lengths_of_messages_in_streams_are_told_by_their_first_bytes),
        WITH_MEMORY(without_memory_each_message_stands_alone),
        WITH_MEMORY(blocks_are_put_together_in_any_order),
        WITH_MEMORY(a_block_sent_again_is_an_overlap),
        WITH_MEMORY(transfers_at_the_same_time_are_kept_apart),
        WITH_MEMORY(the_size_of_blocks_may_change_within_a_transfer),
        WITH_MEMORY(the_other_block_option_says_nothing_of_the_payload),
        WITH_MEMORY(a_new_first_block_begins_anew),
        cmocka_unit_test(what_is_remembered_is_bounded),
        WITH_MEMORY(a_content_format_names_who_reads_the_payload),
        WITH_MEMORY(a_protected_message_says_with_which_key),
        WITH_MEMORY(only_what_is_asked_for_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
