/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time_range.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"

#define TIME_FORMS "write 2024-08-29T10:00:00Z, '2024-08-29 10:00', 10:00, 'thu 14:00', -15m or now"

/* "15:00", "15:00:30.5Z": begins with hours and minutes, so it names no day. */
static bool is_time_of_day(const char *text)
{
    return strlen(text) >= 5 && text[2] == ':';
}

static bool to_parse(const char *to, int64_t from_ns, int64_t now_ns, bool is_local, int64_t *to_ns)
{
    char spelt[TIMESTAMP_TEXT_BYTES];
    char text[TIMESTAMP_TEXT_BYTES + 64];

    if (from_ns == INT64_MIN || !is_time_of_day(to))
        return timestamp_parse(to, now_ns, is_local, to_ns);

    /* That hour on the day of --from; if it is over by then, on the next day. */
    timestamp_format(from_ns, is_local, spelt);
    snprintf(text, sizeof text, "%.10sT%.60s", spelt, to);
    if (!timestamp_parse(text, now_ns, is_local, to_ns))
        return false;
    if (*to_ns < from_ns) {
        timestamp_format(from_ns + 86400 * NS_PER_SECOND, is_local, spelt);
        snprintf(text, sizeof text, "%.10sT%.60s", spelt, to);
        return timestamp_parse(text, now_ns, is_local, to_ns);
    }
    return true;
}

bool time_range_parse(const char *from, const char *to, int64_t now_ns, bool is_local,
                      struct time_range *range, struct error *error)
{
    struct time_range parsed = { INT64_MIN, INT64_MAX };

    if (from && !timestamp_parse(from, now_ns, is_local, &parsed.from_ns))
        return error_set(error, ERROR_USAGE, "--from \"%s\" is not a time; " TIME_FORMS, from);
    if (to && !to_parse(to, parsed.from_ns, now_ns, is_local, &parsed.to_ns))
        return error_set(error, ERROR_USAGE, "--to \"%s\" is not a time; " TIME_FORMS, to);
    if (parsed.to_ns < parsed.from_ns) {
        char from_text[TIMESTAMP_TEXT_BYTES], to_text[TIMESTAMP_TEXT_BYTES];

        return error_set(error, ERROR_USAGE, "--to (%s) lies before --from (%s)",
                         timestamp_format(parsed.to_ns, is_local, to_text),
                         timestamp_format(parsed.from_ns, is_local, from_text));
    }
    *range = parsed;
    return true;
}
