/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp - nanoseconds since 1970 UTC to and from text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_SECOND INT64_C(1000000000)

enum { TIMESTAMP_TEXT_BYTES = 40 };

/* "2024-08-29T10:00:00.123456789Z"; with is_local the local zone's time and its offset "+02:00". */
const char *timestamp_format(int64_t ts_ns, bool is_local, char text[static TIMESTAMP_TEXT_BYTES]);

/*
 * RFC 3339, "2024-08-29 10:00[:00[.fraction]]", "2024-08-29", "10:00[:00]" (today), "thu 14:00" (the last one
 * not after now), seconds since 1970 ("1725000000.5"), "now", and relative "-15m" (s m h d w; counted from
 * now_ns). Times without a zone are UTC, with is_local the local zone. Answers false when the text is none of
 * these.
 */
bool timestamp_parse(const char *text, int64_t now_ns, bool is_local, int64_t *ts_ns);

/* A span: "250ms", "90s", "15m", "2h", "7d", "1h30m", or plain seconds "60", "0.5". Refuses negatives. */
bool duration_parse(const char *text, int64_t *duration_ns);

int64_t timestamp_now(void); /* CLOCK_REALTIME */
