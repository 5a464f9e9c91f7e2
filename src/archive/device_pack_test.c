/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "archive/device_pack.h"

static const struct device_span spans_made[] = {
    { { 192, 0, 2, 1, 0, 7 },
      6,
      BINDING_HANDSHAKE,
      CONFIDENCE_STRONG,
      1,
      1725000000123456000,
      5000,
      10,
      1000,
      7 },
    { { 192, 0, 2, 1, 0, 7 }, 6, BINDING_CID, CONFIDENCE_PROBABLE, 1, 1725000000923456000, 0, 1, 1, 7 },
    { { 192, 0, 2, 1, 0, 8 }, 6, BINDING_CID, CONFIDENCE_WEAK, 2, 1725000000023456000, 1000, 2, 3, 6 },
    { { 0x20, 1, 0xd, 0xb8 }, 18, 200, 9, INT64_MAX, -1725000000000000000, 1000, UINT64_MAX, 0, UINT64_MAX },
    { { 0 }, 2, 15, 0, 0, 0, 0, 0, 0, 0 },
};

enum { N_SPANS = sizeof spans_made / sizeof *spans_made };

static void expect_spans_back(const struct device_span *items, uint32_t n, size_t most_bytes)
{
    struct device_spans made = { 0 }, read = { 0 };
    struct buffer blob;

    for (uint32_t i = 0; i < n; i++)
        *device_spans_add(&made) = items[i];
    buffer_init(&blob, 1 << 16);
    assert_true(device_spans_encode(&made, &blob));
    assert_true(blob.len <= most_bytes);
    assert_true(device_spans_decode(buffer_bytes(&blob), &read));
    assert_int_equal(read.n, n);
    for (uint32_t i = 0; i < n; i++)
        assert_memory_equal(&read.items[i], &items[i], sizeof items[i]);
    for (size_t cut = 0; cut < blob.len; cut++) /* whatever it says then: within its bytes */
        (void)device_spans_decode(bytes_of(blob.data, cut), &read);
    buffer_clear(&blob);
    free(made.items);
    free(read.items);
}

static void spans_come_back_as_they_were_put_whatever_their_unit(void **state)
{
    struct device_span odd[N_SPANS];

    (void)state;
    expect_spans_back(spans_made, 2, 36);
    expect_spans_back(spans_made, N_SPANS, 200);
    memcpy(odd, spans_made, sizeof odd);
    odd[2].lasted_ns = 1001; /* so that the unit is a nanosecond */
    expect_spans_back(odd, N_SPANS, 200);
    expect_spans_back(odd, 0, 1);
}

static void keys_come_back_as_they_were_put(void **state)
{
    static const struct device_key made[] = {
        { INT64_MIN + 1, 3, 9, 640, { (const uint8_t *)"cid", 3 } },
        { -5, 1, UINT64_MAX, 64, { NULL, 0 } },
        { -5, 2, 7, -64, { NULL, 0 } },
        { INT64_MAX, 1, 7, 1725000000 / 64 * 64, { NULL, 0 } },
    };
    struct device_keys read = { 0 };
    struct buffer blob;

    (void)state;
    buffer_init(&blob, 1 << 16);
    assert_true(device_keys_encode(made, 4, INT64_MIN, &blob));
    assert_true(device_keys_decode(buffer_bytes(&blob), INT64_MIN, &read));
    assert_int_equal(read.n, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(read.items[i].hash, made[i].hash);
        assert_int_equal(read.items[i].identity, made[i].identity);
        assert_int_equal(read.items[i].session, made[i].session);
        assert_int_equal(read.items[i].seen_s, made[i].seen_s);
        assert_true(bytes_equal(read.items[i].cid_to_client, made[i].cid_to_client));
    }
    for (size_t cut = 0; cut < blob.len; cut++)
        (void)device_keys_decode(bytes_of(blob.data, cut), INT64_MIN, &read);
    buffer_clear(&blob);
    free(read.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_come_back_as_they_were_put_whatever_their_unit),
        cmocka_unit_test(keys_come_back_as_they_were_put),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
