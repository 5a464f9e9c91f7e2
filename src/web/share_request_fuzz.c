/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share_request_fuzz - what somebody wishes to share, as JSON. What is taken says so in its own words again:
 * its numbers' spelling is read as the same set, and no range that was written is lost.
 */
#include <assert.h>
#include <stdlib.h>

#include "web/share_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_numbers(const json_t *wanted, const struct number_ranges *numbers)
{
    struct number_ranges again;
    struct buffer text;
    struct error error;
    const json_t *range;
    size_t i;

    assert(numbers->n > 0);
    buffer_init(&text, NUMBER_RANGES_TEXT_BYTES + 1);
    number_ranges_put(&text, numbers);
    buffer_put_u8(&text, 0);
    assert(!text.is_full && number_ranges_parse((const char *)text.data, &again, &error));
    assert(number_ranges_equal(numbers, &again));
    buffer_clear(&text);
    json_array_foreach(wanted, i, range)
    {
        assert(number_ranges_has(numbers, (uint64_t)json_integer_value(json_array_get(range, 0))));
        assert(number_ranges_has(numbers, (uint64_t)json_integer_value(json_array_get(range, 1))));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *body = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *numbers = json_object_get(body, "numbers");
    struct error error;
    struct link link;

    if (share_request_read(body, "ann", &link, &error)) {
        link_check(&link, 0, &error);
        if (numbers && !json_is_null(numbers))
            check_numbers(numbers, &link.scope.numbers);
        else
            assert(link.scope.numbers.n == 0);
    }
    link_clear(&link);
    json_decref(body);
    return 0;
}
