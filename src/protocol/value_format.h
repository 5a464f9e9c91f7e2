/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_format - one value as text, in the forms of Wireshark 4.0's -T fields: 0x0800, 02:00:5e:00:00:01,
 * "Nov 22, 2026 00:14:13.546744000 UTC". Knows types, not protocols: which digits a number gets is told by
 * its field's table.
 */
#pragma once

#include "base/buffer.h"
#include "protocol/dissection.h"

/* One value as tshark -T fields prints it. Times of FIELD_TIME: UTC. */
bool value_format(struct buffer *text, const struct value *value);

/* As value_format, but for is_local: FIELD_TIME in the local zone. */
bool value_format_zoned(struct buffer *text, const struct value *value, bool is_local);

/*
 * The same for files and pipes, whose readers expect what tshark writes: \b \t \n \f \r and bytes that are no
 * UTF-8 are escaped, other control characters are not.
 */
bool value_format_piped(struct buffer *text, const struct value *value, bool is_local);

/*
 * FIELD_STRING values are text of strangers: where a terminal might show them, all control characters and
 * bytes that are no UTF-8 are escaped. (tshark hands escape sequences to the terminal.)
 * value_format_raw leaves all of it, for those who escape by themselves (JSON).
 */
bool value_format_raw(struct buffer *text, const struct value *value, bool is_local);

/* "Aug  9, 2024 10:00:00.123456789 UTC" */
bool time_format(struct buffer *text, int64_t ts_ns, bool is_local);

bool hex_format(struct buffer *text, struct bytes bytes); /* "02005e" */
