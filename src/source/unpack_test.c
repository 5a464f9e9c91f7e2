/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <zlib.h>
#include <zstd.h>

#include "source/unpack.h"

/* Gives `step` bytes at a time, and every other time none yet. */
struct feed {
    struct bytes left;
    size_t step;
    bool is_slow, was_idle;
};

static enum unpack_result give(void *context, uint8_t *data, size_t cap, size_t *len, struct error *error)
{
    struct feed *feed = context;
    size_t n = feed->step < feed->left.len ? feed->step : feed->left.len;

    (void)error;
    feed->was_idle = feed->is_slow && !feed->was_idle;
    if (feed->was_idle)
        return UNPACK_IDLE;
    *len = n < cap ? n : cap;
    if (*len == 0)
        return UNPACK_END;
    memcpy(data, feed->left.data, *len);
    feed->left = (struct bytes) { feed->left.data + *len, feed->left.len - *len };
    return UNPACK_BYTES;
}

static enum unpack_result unpack_all(struct feed *feed, uint8_t *out, size_t cap, size_t *total,
                                     struct error *error)
{
    struct unpack *unpack = unpack_new(give, feed, error);
    enum unpack_result result = UNPACK_BYTES;

    assert_non_null(unpack);
    *total = 0;
    while (result == UNPACK_BYTES || result == UNPACK_IDLE) {
        size_t len = 0;

        result = unpack_read(unpack, out + *total, cap - *total < 777 ? cap - *total : 777, &len, error);
        if (result == UNPACK_BYTES) {
            assert_true(len > 0);
            *total += len;
        }
    }
    unpack_free(unpack);
    return result;
}

enum { PLAIN_BYTES = 20000 };

static void make_plain(uint8_t plain[static PLAIN_BYTES])
{
    for (size_t i = 0; i < PLAIN_BYTES; i++)
        plain[i] = (uint8_t)(i * i >> 7);
}

static size_t gzip(const uint8_t *plain, size_t len, uint8_t *out, size_t cap)
{
    z_stream z = {
        .next_in = (uint8_t *)(uintptr_t)plain, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)cap
    };

    deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return cap - z.avail_out;
}

static void bytes_in_any_steps_and_with_pauses_come_out_the_same(void **state)
{
    static uint8_t plain[PLAIN_BYTES], packed[4 * PLAIN_BYTES], out[2 * PLAIN_BYTES];
    static const size_t steps[] = { 1, 2, 7, 1000, 1 << 20 };

    (void)state;
    make_plain(plain);
    for (int kind = 0; kind < 3; kind++) {
        size_t len = kind == 0   ? gzip(plain, PLAIN_BYTES, packed, sizeof packed)
                     : kind == 1 ? ZSTD_compress(packed, sizeof packed, plain, PLAIN_BYTES, 1)
                                 : PLAIN_BYTES;

        for (size_t i = 0; i < 2 * sizeof steps / sizeof *steps; i++) {
            struct feed feed = { { kind == 2 ? plain : packed, len }, steps[i / 2], i % 2, false };
            struct error error = { 0 };
            size_t total;

            assert_int_equal(unpack_all(&feed, out, sizeof out, &total, &error), UNPACK_END);
            assert_int_equal(total, PLAIN_BYTES);
            assert_memory_equal(out, plain, PLAIN_BYTES);
        }
    }
}

static void what_follows_gzip_data_is_more_of_them_zeroes_or_damage(void **state)
{
    static uint8_t plain[PLAIN_BYTES], packed[4 * PLAIN_BYTES], out[2 * PLAIN_BYTES + 1];
    static const struct {
        const char *tail;
        size_t len;
        bool is_sound;
    } cases[] = {
        { "\0\0\0\0\0", 5, true }, { "tail", 4, false }, { "\0\x1f\x8b", 3, false }, { "\x1f\x8b", 2, false }
    };

    (void)state;
    make_plain(plain);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = gzip(plain, PLAIN_BYTES, packed, sizeof packed), total;
        struct feed feed = { .step = 100 };
        struct error error = { 0 };

        memcpy(packed + len, cases[i].tail, cases[i].len);
        feed.left = bytes_of(packed, len + cases[i].len);
        assert_int_equal(unpack_all(&feed, out, sizeof out, &total, &error),
                         cases[i].is_sound ? UNPACK_END : UNPACK_FAULT);
        assert_int_equal(total, PLAIN_BYTES);
        if (!cases[i].is_sound)
            assert_int_equal(error.kind, ERROR_DAMAGED);
    }
}

static void a_changed_byte_is_damage_or_found_by_the_checksum(void **state)
{
    static uint8_t plain[PLAIN_BYTES], packed[4 * PLAIN_BYTES], out[64 * PLAIN_BYTES];

    (void)state;
    make_plain(plain);
    for (size_t at = 20; at < 2000; at += 97) {
        size_t len = gzip(plain, PLAIN_BYTES, packed, sizeof packed), total;
        struct feed feed = { .left = { packed, len }, .step = 100 };
        struct error error = { 0 };

        packed[at < len - 8 ? at : len - 8] ^= 0x10;
        assert_int_equal(unpack_all(&feed, out, sizeof out, &total, &error), UNPACK_FAULT);
        assert_non_null(strstr(error.text, "offset "));
    }
}

static void packings_not_known_are_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *says;
    } cases[] = { { "\xfd"
                    "7zXZ\0....",
                    10, "xz -dc" },
                  { "BZh9....", 8, "bzip2 -dc" },
                  { "PK\3\4....", 8, "unzip -p" },
                  { "\2\x21\x4c\x18....", 8, "lz4 -dc" } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct feed feed = { .left = bytes_of(cases[i].bytes, cases[i].len), .step = 3 };
        struct error error = { 0 };
        uint8_t out[100];
        size_t total;

        assert_int_equal(unpack_all(&feed, out, sizeof out, &total, &error), UNPACK_FAULT);
        assert_int_equal(error.kind, ERROR_UNSUPPORTED);
        assert_non_null(strstr(error.text, cases[i].says));
    }
}

static void a_zstd_window_over_64_mib_is_refused_with_advice(void **state)
{
    static const struct {
        uint8_t window; /* RFC 8878 section 3.1.1.1.2: exponent over 1 KiB, then eighths */
        bool is_read;
    } cases[] = {
        { 0, true }, { 16 << 3, true }, { 16 << 3 | 1, false }, { 17 << 3, false }, { 0xff, false }
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* magic, no flags, window; one last raw block of two bytes */
        uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, cases[i].window, 2 << 3 | 1, 0, 0, 'o', 'k' };
        struct feed feed = { .left = bytes_of(frame, sizeof frame), .step = 100 };
        struct error error = { 0 };
        uint8_t out[100];
        size_t total;

        assert_int_equal(unpack_all(&feed, out, sizeof out, &total, &error),
                         cases[i].is_read ? UNPACK_END : UNPACK_FAULT);
        if (cases[i].is_read) {
            assert_int_equal(total, 2);
            assert_memory_equal(out, "ok", 2);
        } else {
            assert_int_equal(error.kind, ERROR_LIMIT);
            assert_non_null(strstr(error.text, "64 MiB"));
            assert_non_null(strstr(error.text, "zstd -d --long"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_in_any_steps_and_with_pauses_come_out_the_same),
        cmocka_unit_test(what_follows_gzip_data_is_more_of_them_zeroes_or_damage),
        cmocka_unit_test(a_changed_byte_is_damage_or_found_by_the_checksum),
        cmocka_unit_test(packings_not_known_are_named),
        cmocka_unit_test(a_zstd_window_over_64_mib_is_refused_with_advice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
