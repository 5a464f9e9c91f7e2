/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - writes JSON (RFC 8259) into a buffer as it goes: no tree, no allocation but the buffer's.
 *
 *   json_init(&json, &buffer, JSON_INDENTED);
 *   json_object(&json);
 *   json_name(&json, "packets");
 *   json_number(&json, 17);
 *   json_end(&json);
 *
 * What is written is valid JSON whatever the bytes: text that is no UTF-8 gets U+FFFD for each wrong byte.
 * The buffer may be emptied between any two calls (streaming). Asserts that names and ends fit together:
 * those are ours.
 */
#pragma once

#include "base/buffer.h"

enum json_style { JSON_COMPACT, JSON_INDENTED };

enum { JSON_DEPTH_LIMIT = 64 };

struct json {
    struct buffer *out;
    enum json_style style;
    uint32_t depth;
    uint64_t is_object; /* a bit for each depth: an object, else an array */
    uint64_t has_items; /* likewise: something stands in it already */
    bool is_named;      /* a name stands there and waits for its value */
};

void json_init(struct json *json, struct buffer *out, enum json_style style);

void json_object(struct json *json);
void json_array(struct json *json);
void json_end(struct json *json); /* of the innermost object or array */

void json_name(struct json *json, const char *name);
void json_text(struct json *json, struct bytes text);
void json_string(struct json *json, const char *text); /* NULL: null */
void json_number(struct json *json, uint64_t number);
void json_signed(struct json *json, int64_t number);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
__attribute__((format(printf, 2, 3))) void json_printf(struct json *json, const char *format,
                                                       ...); /* a string */
