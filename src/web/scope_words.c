/* SPDX-License-Identifier: Apache-2.0 */
#include "web/scope_words.h"

#include "base/timestamp.h"
#include "base/utf8.h"

static const char *const level_words[] = {
    [BYTES_NONE] = "addresses and summary",
    [BYTES_HEADERS] = "decoded, without bytes",
    [BYTES_FULL] = "with all bytes",
};

/* "2026-11-22 14:00:00 UTC": to the second, because nobody shares from a nanosecond on. */
static void put_time(struct buffer *out, int64_t ts_ns, bool is_local)
{
    char text[TIMESTAMP_TEXT_BYTES];

    timestamp_format(ts_ns, is_local, text);
    buffer_put(out, text, 10);
    buffer_put_u8(out, ' ');
    buffer_put(out, text + 11, 8);
    buffer_put_text(out, is_local ? text + 29 : " UTC");
}

static void put_range(struct buffer *out, const struct time_range *range, bool is_local)
{
    bool has_from = range->from_ns != INT64_MIN, has_to = range->to_ns != INT64_MAX;

    if (has_from) {
        buffer_put_text(out, has_to ? " from " : " since ");
        put_time(out, range->from_ns, is_local);
    }
    if (has_to) {
        buffer_put_text(out, has_from ? " to " : " up to ");
        put_time(out, range->to_ns, is_local);
    }
}

void scope_put_words(struct buffer *out, const struct scope *scope, bool is_local)
{
    bool is_all = scope_is_of_numbers_and_times(scope) && scope->numbers.n == 0;

    buffer_put_text(out, is_all ? "all packets" : "packets");
    if (scope->numbers.n) {
        buffer_put_u8(out, ' ');
        number_ranges_put(out, &scope->numbers);
    }
    if (scope->device) {
        buffer_put_text(out, " of device ");
        utf8_put_escaped(out, bytes_text(scope->device));
    }
    if (scope->source) {
        buffer_put_text(out, " seen by ");
        utf8_put_escaped(out, bytes_text(scope->source));
    }
    if (scope->filter) {
        buffer_put_text(out, " that match ");
        utf8_put_escaped(out, bytes_text(scope->filter));
    }
    put_range(out, &scope->range, is_local);
    buffer_printf(out, ", %s", level_words[scope->bytes]);
}
