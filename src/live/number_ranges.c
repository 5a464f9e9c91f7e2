/* SPDX-License-Identifier: Apache-2.0 */
#include "live/number_ranges.h"

#include <string.h>

#include "base/bytes.h"
#include "base/reader.h"

bool number_ranges_add(struct number_ranges *set, uint64_t first, uint64_t last, struct error *error)
{
    uint32_t at = 0, end;

    if (first == 0 || last < first || last > NUMBER_RANGES_MOST)
        return error_set(
            error, ERROR_USAGE,
            "%llu-%llu are no packets: numbers begin with 1, and the last is not below the first",
            (unsigned long long)first, (unsigned long long)last);
    while (at < set->n && set->ranges[at].last + 1 < first)
        at++;
    for (end = at; end < set->n && set->ranges[end].first <= last + 1; end++) {
        first = set->ranges[end].first < first ? set->ranges[end].first : first;
        last = set->ranges[end].last > last ? set->ranges[end].last : last;
    }
    if (end == at && set->n == NUMBER_RANGES_LIMIT)
        return error_set(error, ERROR_USAGE,
                         "more than %d ranges of packets: share a filter, a device or a time instead",
                         NUMBER_RANGES_LIMIT);
    memmove(&set->ranges[at + 1], &set->ranges[end], (set->n - end) * sizeof *set->ranges);
    set->ranges[at] = (struct number_range) { first, last };
    set->n = set->n - (end - at) + 1;
    return true;
}

/* The next byte if it lies between these two: taken. */
static bool take_between(struct reader *r, uint8_t least, uint8_t most, uint8_t *byte)
{
    struct reader ahead = *r;

    if (!reader_u8(&ahead, byte) || *byte < least || *byte > most)
        return false;
    *r = ahead;
    return true;
}

static bool read_number(struct reader *r, uint64_t *number)
{
    uint8_t digit;
    bool is_any = false;

    *number = 0;
    while (*number <= NUMBER_RANGES_MOST && take_between(r, '0', '9', &digit)) {
        *number = *number * 10 + (uint64_t)(digit - '0');
        is_any = true;
    }
    return is_any && *number <= NUMBER_RANGES_MOST;
}

static bool skip_sign(struct reader *r, uint8_t sign)
{
    uint8_t taken;

    return take_between(r, sign, sign, &taken);
}

static void skip_blanks(struct reader *r)
{
    while (skip_sign(r, ' ')) {
    }
}

bool number_ranges_parse(const char *text, struct number_ranges *set, struct error *error)
{
    struct reader r = reader_over(bytes_text(text));
    struct number_ranges found = { 0 };

    do {
        uint64_t first, last;

        skip_blanks(&r);
        if (!read_number(&r, &first))
            break;
        last = first;
        if (skip_sign(&r, '-') && !read_number(&r, &last))
            break;
        skip_blanks(&r);
        if (!number_ranges_add(&found, first, last, error))
            return false;
        if (reader_left(&r) == 0) {
            *set = found;
            return true;
        }
    } while (skip_sign(&r, ','));
    return error_set(error, ERROR_USAGE, "\"%.60s\" are no packet numbers; write 100-120,130", text);
}

void number_ranges_put(struct buffer *out, const struct number_ranges *set)
{
    for (uint32_t i = 0; i < set->n; i++) {
        const struct number_range *range = &set->ranges[i];

        buffer_printf(out, "%s%llu", i ? "," : "", (unsigned long long)range->first);
        if (range->last > range->first)
            buffer_printf(out, "-%llu", (unsigned long long)range->last);
    }
}

struct number_ranges number_ranges_of_none(void)
{
    return (struct number_ranges) { .n = 1 }; /* 0 is nobody's number */
}

bool number_ranges_equal(const struct number_ranges *a, const struct number_ranges *b)
{
    bool is_equal = a->n == b->n;

    for (uint32_t i = 0; is_equal && i < a->n; i++)
        is_equal = a->ranges[i].first == b->ranges[i].first && a->ranges[i].last == b->ranges[i].last;
    return is_equal;
}

bool number_ranges_from(const struct number_ranges *set, uint64_t number, uint64_t *first, uint64_t *last)
{
    *first = number;
    *last = UINT64_MAX;
    for (uint32_t i = 0; i < set->n; i++) {
        if (set->ranges[i].last < number)
            continue;
        *first = set->ranges[i].first > number ? set->ranges[i].first : number;
        *last = set->ranges[i].last;
        return true;
    }
    return set->n == 0;
}

bool number_ranges_has(const struct number_ranges *set, uint64_t number)
{
    uint64_t first, last;

    return number_ranges_from(set, number, &first, &last) && first == number;
}
