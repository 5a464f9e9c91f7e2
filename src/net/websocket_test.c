/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/websocket.h"
#include "net/websocket_frame.h"

/* A client's frame, its mask 11 22 33 44: first byte, then a length as given, then the payload. */
static void put_masked(struct buffer *out, uint8_t first, const char *payload, size_t len)
{
    static const uint8_t mask[4] = { 0x11, 0x22, 0x33, 0x44 };

    buffer_put_u8(out, first);
    if (len < 126) {
        buffer_put_u8(out, (uint8_t)(0x80 | len));
    } else {
        buffer_put_u8(out, 0x80 | 126);
        buffer_put_u8(out, (uint8_t)(len >> 8));
        buffer_put_u8(out, (uint8_t)len);
    }
    buffer_put(out, mask, 4);
    for (size_t i = 0; i < len; i++)
        buffer_put_u8(out, (uint8_t)payload[i] ^ mask[i & 3]);
}

/* "text hello", "binary …", "ping …", "pong …", "close 1000 reason", "failed 1002": a line each. */
static void play(struct bytes input, size_t step, enum websocket_role role,
                 struct websocket_inflater *inflater, struct buffer *told)
{
    struct websocket ws;

    websocket_init(&ws, role, 64, inflater);
    for (size_t at = 0; at < input.len; at += step) {
        size_t n = input.len - at < step ? input.len - at : step;
        uint8_t *piece = malloc(n);
        enum websocket_event event;
        struct reader r;

        memcpy(piece, input.data + at, n);
        r = reader_over(bytes_of(piece, n));
        while ((event = websocket_next(&ws, &r)) != WEBSOCKET_EVENT_MORE) {
            static const char *const names[] = {
                [WEBSOCKET_EVENT_PING] = "ping ",
                [WEBSOCKET_EVENT_PONG] = "pong ",
                [WEBSOCKET_EVENT_CLOSE] = "close ",
                [WEBSOCKET_EVENT_FAILED] = "failed ",
            };

            buffer_put_text(told, event != WEBSOCKET_EVENT_MESSAGE ? names[event]
                                  : ws.opcode == WEBSOCKET_TEXT    ? "text "
                                                                   : "binary ");
            if (event == WEBSOCKET_EVENT_CLOSE || event == WEBSOCKET_EVENT_FAILED)
                buffer_printf(told, "%u", ws.close_code);
            if (event == WEBSOCKET_EVENT_CLOSE && ws.payload.len)
                buffer_put_u8(told, ' ');
            buffer_put(told, ws.payload.data, ws.payload.len);
            buffer_put_u8(told, '\n');
        }
        assert_int_equal(reader_left(&r), 0);
        free(piece);
    }
    buffer_put_u8(told, 0);
    websocket_clear(&ws);
}

static void assert_plays(struct bytes input, enum websocket_role role, struct websocket_inflater *inflater,
                         const char *expected)
{
    static const size_t steps[] = { 1, 2, 5, 13, 65536 };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct buffer told;

        buffer_init(&told, 1 << 20);
        play(input, steps[i], role, inflater, &told);
        assert_string_equal((const char *)told.data, expected);
        buffer_clear(&told);
    }
}

struct frame {
    uint8_t first;
    const char *payload;
    size_t len; /* 0: of the text */
};

static void messages_control_frames_and_fragments_are_understood(void **state)
{
    static const struct {
        struct frame frames[6];
        const char *expected;
    } cases[] = {
        { { { 0x81, "hello" } }, "text hello\n" },
        { { { 0x82, "\xff\x01", 2 } }, "binary \xff\x01\n" },
        { { { 0x81, "" } }, "text \n" },
        { { { 0x01, "he" }, { 0x00, "l" }, { 0x80, "lo" } }, "text hello\n" },
        { { { 0x01, "" }, { 0x00, "" }, { 0x80, "" } }, "text \n" },
        { { { 0x01, "he" }, { 0x89, "now" }, { 0x8a, "" }, { 0x80, "llo" }, { 0x81, "x" } },
          "ping now\npong \ntext hello\ntext x\n" },
        /* a character in two fragments */
        { { { 0x01, "\xe2\x86" }, { 0x80, "\x92" } }, "text \xe2\x86\x92\n" },
        { { { 0x88, "" } }, "close 1005\n" },
        { { { 0x88, "\x03\xe8", 2 }, { 0x81, "late" } }, "close 1000\n" },
        { { { 0x88,
              "\x0f\xa0"
              "bye",
              5 } },
          "close 4000 bye\n" },
        { { { 0x01, "he" }, { 0x88, "\x03\xe9", 2 } }, "close 1001\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer input;

        buffer_init(&input, 4096);
        for (const struct frame *frame = cases[i].frames; frame->payload; frame++)
            put_masked(&input, frame->first, frame->payload,
                       frame->len ? frame->len : strlen(frame->payload));
        assert_plays(buffer_bytes(&input), WEBSOCKET_SERVER, NULL, cases[i].expected);
        buffer_clear(&input);
    }
}

static void what_the_rfc_forbids_ends_with_its_close_code(void **state)
{
    static const struct {
        struct frame frames[3];
        const char *expected;
    } cases[] = {
        { { { 0xc1, "x" } }, "failed 1002\n" }, /* RSV1, nothing was agreed on */
        { { { 0xa1, "x" } }, "failed 1002\n" },
        { { { 0x91, "x" } }, "failed 1002\n" },
        { { { 0x83, "x" } }, "failed 1002\n" },
        { { { 0x8b, "x" } }, "failed 1002\n" },
        { { { 0x80, "x" } }, "failed 1002\n" }, /* continuation of nothing */
        { { { 0x01, "x" }, { 0x81, "y" } }, "failed 1002\n" },
        { { { 0x81, "x" }, { 0x80, "y" } }, "text x\nfailed 1002\n" },
        { { { 0x09, "x" } }, "failed 1002\n" }, /* fragmented ping */
        { { { 0x88, "\x03", 1 } }, "failed 1002\n" },
        { { { 0x88, "\x03\xe7", 2 } }, "failed 1002\n" }, /* 999 */
        { { { 0x88, "\x03\xec", 2 } }, "failed 1002\n" }, /* 1004 */
        { { { 0x88, "\x03\xed", 2 } }, "failed 1002\n" }, /* 1005 */
        { { { 0x88, "\x03\xee", 2 } }, "failed 1002\n" }, /* 1006 */
        { { { 0x88, "\x03\xf7", 2 } }, "failed 1002\n" }, /* 1015 */
        { { { 0x88, "\x07\xd0", 2 } }, "failed 1002\n" }, /* 2000 */
        { { { 0x88, "\x13\x88", 2 } }, "failed 1002\n" }, /* 5000 */
        { { { 0x88, "\x03\xe8\xff", 3 } }, "failed 1007\n" },
        { { { 0x81, "\xc0\xaf", 2 } }, "failed 1007\n" },     /* overlong */
        { { { 0x81, "\xed\xa0\x80", 3 } }, "failed 1007\n" }, /* surrogate */
        { { { 0x81, "\xf4\x90\x80\x80", 4 } }, "failed 1007\n" },
        { { { 0x81, "12345678abc\xe2\x86", 13 } }, "failed 1007\n" },
        { { { 0x01, "ok" }, { 0x80, "\xff", 1 } }, "failed 1007\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer input;

        buffer_init(&input, 4096);
        for (const struct frame *frame = cases[i].frames; frame->payload; frame++)
            put_masked(&input, frame->first, frame->payload,
                       frame->len ? frame->len : strlen(frame->payload));
        put_masked(&input, 0x81, "never told", 10);
        assert_plays(buffer_bytes(&input), WEBSOCKET_SERVER, NULL, cases[i].expected);
        buffer_clear(&input);
    }
}

static void bad_heads_are_refused_before_their_payload_comes(void **state)
{
    static const struct {
        enum websocket_role role;
        const char *bytes;
        size_t len;
        const char *expected;
    } cases[] = {
        { WEBSOCKET_SERVER, "\x81\x01x", 3, "failed 1002\n" },         /* not masked */
        { WEBSOCKET_CLIENT, "\x81\x81\0\0\0\0x", 7, "failed 1002\n" }, /* masked */
        { WEBSOCKET_CLIENT, "\x81\x7e\0\x7d", 4, "failed 1002\n" },    /* 125 in 16 bits */
        { WEBSOCKET_CLIENT, "\x82\x7f\0\0\0\0\0\0\xff\xff", 10, "failed 1002\n" },
        { WEBSOCKET_CLIENT, "\x82\x7f\x80\0\0\0\0\0\0\0", 10, "failed 1002\n" },
        { WEBSOCKET_CLIENT, "\x89\x7e\0\x7e", 4, "failed 1002\n" }, /* ping of 126 */
        { WEBSOCKET_CLIENT, "\x82\x7f\0\0\0\0\xff\xff\xff\xff", 10, "failed 1009\n" },
        { WEBSOCKET_CLIENT, "\x82\x41", 2, "failed 1009\n" },           /* 65 of 64 */
        { WEBSOCKET_CLIENT, "\x02\x02xx\x80\x3f", 6, "failed 1009\n" }, /* 2 + 63 */
        { WEBSOCKET_CLIENT, "\x02\x02xx\x80\x01y\x81\x01z", 10, "binary xxy\ntext z\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_plays(bytes_of(cases[i].bytes, cases[i].len), cases[i].role, NULL, cases[i].expected);
}

static void our_frames_are_read_back_whatever_their_length(void **state)
{
    static const size_t lengths[] = { 0, 1, 125, 126, 127, 65535, 65536, 70000 };
    static const uint8_t mask[4] = { 0xde, 0xad, 0xbe, 0xef };
    uint8_t *payload = malloc(70000);

    (void)state;
    for (size_t i = 0; i < 70000; i++)
        payload[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths * 2; i++) {
        struct bytes expected = bytes_of(payload, lengths[i / 2]);
        bool is_masked = i & 1;
        struct shared_bytes *frame = is_masked ? websocket_frame_masked_new(WEBSOCKET_BINARY, expected, mask)
                                               : websocket_frame_new(WEBSOCKET_BINARY, expected);
        struct shared_bytes *head = websocket_frame_head_new(WEBSOCKET_BINARY, expected.len);
        struct reader r = reader_over(shared_bytes_view(frame));
        struct websocket ws;

        websocket_init(&ws, is_masked ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT, 70000, NULL);
        assert_int_equal(websocket_next(&ws, &r), WEBSOCKET_EVENT_MESSAGE);
        assert_true(bytes_equal(ws.payload, expected));
        if (!is_masked)
            assert_memory_equal(head->data, frame->data, head->len);
        websocket_clear(&ws);
        shared_bytes_release(frame);
        shared_bytes_release(head);
    }
    free(payload);
}

static void deflated_messages_stand_alone(void **state)
{
    static const char text[] = "{\"a\":1} {\"a\":1} {\"a\":1} {\"a\":1} {\"a\":1} {\"a\":1}";
    struct error error;
    struct websocket_deflater *deflater = websocket_deflater_new(1, &error);
    struct websocket_inflater *inflater = websocket_inflater_new(&error);
    struct shared_bytes *frame = websocket_frame_new_deflated(WEBSOCKET_TEXT, bytes_text(text), deflater);
    struct shared_bytes *again = websocket_frame_new_deflated(WEBSOCKET_TEXT, bytes_text(text), deflater);
    struct shared_bytes *small = websocket_frame_new_deflated(WEBSOCKET_TEXT, bytes_text("xyz"), deflater);
    struct buffer input;
    char expected[256];

    (void)state;
    assert_int_equal(frame->data[0], 0xc1);
    assert_true(frame->len < sizeof text);
    assert_true(bytes_equal(shared_bytes_view(frame), shared_bytes_view(again)));
    assert_int_equal(small->data[0], 0x81);
    buffer_init(&input, 4096);
    buffer_put(&input, frame->data, frame->len);
    buffer_put(&input, small->data, small->len);
    buffer_put(&input, again->data, again->len);
    snprintf(expected, sizeof expected, "text %s\ntext xyz\ntext %s\n", text, text);
    assert_plays(buffer_bytes(&input), WEBSOCKET_CLIENT, inflater, expected);
    buffer_clear(&input);
    shared_bytes_release(frame);
    shared_bytes_release(again);
    shared_bytes_release(small);
    websocket_deflater_free(deflater);
    websocket_inflater_free(inflater);
}

/* RFC 7692 section 7.2.3 */
static void the_examples_of_rfc_7692_are_inflated_and_damage_is_not(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *expected;
    } cases[] = {
        { "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", 9, "text Hello\n" },
        { "\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00", 11, "text Hello\n" },
        { "\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 13, "text Hello\n" },
        { "\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 10, "text Hello\n" },
        { "\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 15, "text Hello\n" },
        { "\xc1\x01\x00", 3, "text \n" },
        { "\xc1\x02\xff\xff", 4, "failed 1007\n" },
        { "\xc1\x04\xf2\x48\xcd\xc9", 6, "failed 1007\n" },
        { "\x41\x03\xf2\x48\xcd\xc0\x04\xc9\xc9\x07\x00", 11, "failed 1002\n" },
        { "\xc9\x00", 2, "failed 1002\n" },
    };
    struct error error;
    struct websocket_inflater *inflater = websocket_inflater_new(&error);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_plays(bytes_of(cases[i].bytes, cases[i].len), WEBSOCKET_CLIENT, inflater, cases[i].expected);
    websocket_inflater_free(inflater);
}

static void a_small_message_that_inflates_past_the_limit_is_refused(void **state)
{
    static const uint8_t zeros[65];
    struct error error;
    struct websocket_deflater *deflater = websocket_deflater_new(9, &error);
    struct websocket_inflater *inflater = websocket_inflater_new(&error);

    (void)state;
    for (size_t len = 64; len <= 65; len++) {
        struct shared_bytes *frame =
            websocket_frame_new_deflated(WEBSOCKET_BINARY, bytes_of(zeros, len), deflater);
        struct reader r = reader_over(shared_bytes_view(frame));
        struct websocket ws;

        websocket_init(&ws, WEBSOCKET_CLIENT, 64, inflater);
        assert_int_equal(websocket_next(&ws, &r),
                         len == 64 ? WEBSOCKET_EVENT_MESSAGE : WEBSOCKET_EVENT_FAILED);
        assert_int_equal(ws.close_code, len == 64 ? 0 : WEBSOCKET_CLOSE_TOO_BIG);
        websocket_clear(&ws);
        shared_bytes_release(frame);
    }
    websocket_deflater_free(deflater);
    websocket_inflater_free(inflater);
}

static void a_close_reason_is_cut_between_characters(void **state)
{
    char reason[200] = "";
    struct shared_bytes *frame;

    (void)state;
    memset(reason, 'x', 122);
    strcat(reason, "ü and more");
    frame = websocket_frame_close_new(1008, reason);
    assert_int_equal(frame->len, 2 + 2 + 122);
    assert_memory_equal(frame->data, "\x88\x7c\x03\xf0xxx", 7);
    shared_bytes_release(frame);
    frame = websocket_frame_close_new(WEBSOCKET_CLOSE_NO_CODE, "");
    assert_int_equal(frame->len, 2);
    shared_bytes_release(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_control_frames_and_fragments_are_understood),
        cmocka_unit_test(what_the_rfc_forbids_ends_with_its_close_code),
        cmocka_unit_test(bad_heads_are_refused_before_their_payload_comes),
        cmocka_unit_test(our_frames_are_read_back_whatever_their_length),
        cmocka_unit_test(deflated_messages_stand_alone),
        cmocka_unit_test(the_examples_of_rfc_7692_are_inflated_and_damage_is_not),
        cmocka_unit_test(a_small_message_that_inflates_past_the_limit_is_refused),
        cmocka_unit_test(a_close_reason_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
