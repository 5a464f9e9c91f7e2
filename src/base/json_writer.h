/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer - writes JSON (RFC 8259) into a buffer as it goes: no tree, no allocation but the buffer's.
 *
 *   json_writer_init(&json, &buffer, JSON_WRITER_INDENTED);
 *   json_writer_object(&json);
 *   json_writer_name(&json, "packets");
 *   json_writer_number(&json, 17);
 *   json_writer_end(&json);
 *
 * The names are long because jansson, which reads JSON here, has taken the short ones.
 *
 * What is written is valid JSON whatever the bytes: text that is no UTF-8 gets U+FFFD for each wrong byte.
 * The buffer may be emptied between any two calls (streaming). Asserts that names and ends fit together:
 * those are ours.
 */
#pragma once

#include "base/buffer.h"

enum json_writer_style { JSON_WRITER_COMPACT, JSON_WRITER_INDENTED };

enum { JSON_WRITER_DEPTH_LIMIT = 64 };

struct json_writer {
    struct buffer *out;
    enum json_writer_style style;
    uint32_t depth;
    uint64_t is_object; /* a bit for each depth: an object, else an array */
    uint64_t has_items; /* likewise: something stands in it already */
    bool is_named;      /* a name stands there and waits for its value */
};

void json_writer_init(struct json_writer *json, struct buffer *out, enum json_writer_style style);

void json_writer_object(struct json_writer *json);
void json_writer_array(struct json_writer *json);
void json_writer_end(struct json_writer *json); /* of the innermost object or array */

void json_writer_name(struct json_writer *json, const char *name);
void json_writer_text(struct json_writer *json, struct bytes text);
void json_writer_string(struct json_writer *json, const char *text); /* NULL: null */
void json_writer_number(struct json_writer *json, uint64_t number);
void json_writer_named_number(struct json_writer *json, const char *name,
                              uint64_t number); /* with its name */
void json_writer_signed(struct json_writer *json, int64_t number);
void json_writer_thousandths(struct json_writer *json, uint64_t thousandths); /* 1500: 1.500 */
void json_writer_json(struct json_writer *json, struct bytes text); /* a whole value that is JSON already */
void json_writer_null(struct json_writer *json);
void json_writer_bool(struct json_writer *json, bool is_true);
__attribute__((format(printf, 2, 3))) void json_writer_printf(struct json_writer *json, const char *format,
                                                              ...); /* a string */
