/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <zlib.h>

#include "base/buffer.h"
#include "source/unpack_ahead.h"

enum { RAW_BYTES = 5 << 20 };

static uint8_t raw[RAW_BYTES], got[RAW_BYTES + 1];

/* Gives odd pieces, and now and then none yet. */
struct feed {
    struct bytes left;
    unsigned n_calls;
};

static enum unpack_result give(void *context, uint8_t *data, size_t cap, size_t *len, struct error *error)
{
    struct feed *feed = context;

    (void)error;
    if (++feed->n_calls % 5 == 0)
        return UNPACK_IDLE;
    *len = feed->left.len < 7777 ? feed->left.len : 7777;
    *len = *len < cap ? *len : cap;
    if (*len == 0)
        return UNPACK_END;
    memcpy(data, feed->left.data, *len);
    feed->left = (struct bytes) { feed->left.data + *len, feed->left.len - *len };
    return UNPACK_BYTES;
}

static size_t pack(uint8_t *out, size_t cap)
{
    z_stream z = { 0 };
    unsigned seed = 3;
    size_t len;

    for (size_t i = 0; i < RAW_BYTES; i++) {
        seed = seed * 1103515245 + 12345;
        raw[i] = (uint8_t)(seed >> 16 & 15);
    }
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = raw;
    z.avail_in = RAW_BYTES;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    len = z.total_out;
    deflateEnd(&z);
    return len;
}

static enum unpack_result read_all(struct bytes packed, size_t most, size_t *n, struct error *error)
{
    struct feed feed = { .left = packed };
    struct unpack *unpack = unpack_new(give, &feed, error);
    struct unpack_ahead *ahead = unpack_ahead_open(unpack);
    enum unpack_result result = UNPACK_BYTES;
    size_t len;

    assert_non_null(ahead);
    *n = 0;
    while (*n < most &&
           (result = unpack_ahead_read(ahead, got + *n, 100003 < sizeof got - *n ? 100003 : sizeof got - *n,
                                       &len, error)) == UNPACK_BYTES)
        *n += len;
    unpack_ahead_close(ahead);
    unpack_free(unpack);
    return result;
}

static uint8_t packed[RAW_BYTES + 4096];

static void all_bytes_come_in_their_order_and_then_the_end(void **state)
{
    size_t len = pack(packed, sizeof packed), n;
    struct error error;

    (void)state;
    assert_int_equal(read_all((struct bytes) { packed, len }, SIZE_MAX, &n, &error), UNPACK_END);
    assert_int_equal(n, RAW_BYTES);
    assert_memory_equal(got, raw, RAW_BYTES);
}

static void what_precedes_a_cut_comes_before_the_fault(void **state)
{
    size_t len = pack(packed, sizeof packed), n;
    struct error error;

    (void)state;
    assert_int_equal(read_all((struct bytes) { packed, len / 2 }, SIZE_MAX, &n, &error), UNPACK_FAULT);
    assert_int_equal(error.kind, ERROR_DAMAGED);
    assert_true(n > RAW_BYTES / 4);
    assert_memory_equal(got, raw, n);
}

static void closing_in_the_middle_waits_for_nobody(void **state)
{
    size_t len = pack(packed, sizeof packed), n;
    struct error error;

    (void)state;
    for (size_t most = 0; most < 3; most++)
        assert_int_equal(read_all((struct bytes) { packed, len }, most, &n, &error), UNPACK_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_come_in_their_order_and_then_the_end),
        cmocka_unit_test(what_precedes_a_cut_comes_before_the_fault),
        cmocka_unit_test(closing_in_the_middle_waits_for_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
