/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_writer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

enum { PRINTF_BYTES = 512 };

void json_writer_init(struct json_writer *json, struct buffer *out, enum json_writer_style style)
{
    *json = (struct json_writer) { .out = out, .style = style };
}

static void new_line(struct json_writer *json)
{
    if (json->style == JSON_WRITER_COMPACT)
        return;
    buffer_put_u8(json->out, '\n');
    for (uint32_t i = 0; i < json->depth; i++)
        buffer_put(json->out, "  ", 2);
}

/* What must stand before the next name, or the next value that has none. */
static void item_begin(struct json_writer *json)
{
    uint64_t bit = UINT64_C(1) << json->depth;

    if (json->is_named) {
        json->is_named = false;
        return;
    }
    if (json->depth == 0)
        return;
    if (json->has_items & bit)
        buffer_put_u8(json->out, ',');
    json->has_items |= bit;
    new_line(json);
}

static void nest(struct json_writer *json, bool is_object)
{
    uint64_t bit;

    assert(json->depth + 1 < JSON_WRITER_DEPTH_LIMIT);
    item_begin(json);
    buffer_put_u8(json->out, is_object ? '{' : '[');
    bit = UINT64_C(1) << ++json->depth;
    json->has_items &= ~bit;
    json->is_object = is_object ? json->is_object | bit : json->is_object & ~bit;
}

void json_writer_object(struct json_writer *json)
{
    nest(json, true);
}

void json_writer_array(struct json_writer *json)
{
    nest(json, false);
}

void json_writer_end(struct json_writer *json)
{
    uint64_t bit = UINT64_C(1) << json->depth;
    bool is_object = json->is_object & bit;

    assert(json->depth > 0 && !json->is_named);
    json->depth--;
    if (json->has_items & bit)
        new_line(json);
    buffer_put_u8(json->out, is_object ? '}' : ']');
}

static void put_quoted(struct buffer *out, struct bytes text)
{
    buffer_put_u8(out, '"');
    while (text.len > 0) {
        uint32_t character = 0;
        size_t len = utf8_first(text, &character);

        if (len == 0) {
            buffer_put_text(out, "\xef\xbf\xbd"); /* U+FFFD */
            len = 1;
        } else if (character == '"' || character == '\\') {
            const char escape[2] = { '\\', (char)character };

            buffer_put(out, escape, sizeof escape);
        } else if (character == '\n') {
            buffer_put(out, "\\n", 2);
        } else if (character == '\r') {
            buffer_put(out, "\\r", 2);
        } else if (character == '\t') {
            buffer_put(out, "\\t", 2);
        } else if (utf8_is_control(character)) {
            buffer_printf(out, "\\u%04x", (unsigned)character);
        } else {
            buffer_put(out, text.data, len);
        }
        text = bytes_of(text.data + len, text.len - len);
    }
    buffer_put_u8(out, '"');
}

void json_writer_name(struct json_writer *json, const char *name)
{
    assert(json->is_object >> json->depth & 1 && !json->is_named);
    item_begin(json);
    put_quoted(json->out, bytes_text(name));
    buffer_put_text(json->out, json->style == JSON_WRITER_COMPACT ? ":" : ": ");
    json->is_named = true;
}

static void value_begin(struct json_writer *json)
{
    assert(json->is_named || !(json->is_object >> json->depth & 1));
    item_begin(json);
}

void json_writer_text(struct json_writer *json, struct bytes text)
{
    value_begin(json);
    put_quoted(json->out, text);
}

void json_writer_string(struct json_writer *json, const char *text)
{
    if (text == NULL)
        json_writer_null(json);
    else
        json_writer_text(json, bytes_text(text));
}

void json_writer_number(struct json_writer *json, uint64_t number)
{
    value_begin(json);
    buffer_printf(json->out, "%llu", (unsigned long long)number);
}

void json_writer_named_number(struct json_writer *json, const char *name, uint64_t number)
{
    json_writer_name(json, name);
    json_writer_number(json, number);
}

void json_writer_signed(struct json_writer *json, int64_t number)
{
    value_begin(json);
    buffer_printf(json->out, "%lld", (long long)number);
}

/* Whatever the locale: a comma is no part of JSON's numbers. */
void json_writer_thousandths(struct json_writer *json, uint64_t thousandths)
{
    value_begin(json);
    buffer_printf(json->out, "%llu.%03u", (unsigned long long)(thousandths / 1000),
                  (unsigned)(thousandths % 1000));
}

void json_writer_json(struct json_writer *json, struct bytes text)
{
    value_begin(json);
    buffer_put(json->out, text.data, text.len);
}

void json_writer_null(struct json_writer *json)
{
    value_begin(json);
    buffer_put_text(json->out, "null");
}

void json_writer_bool(struct json_writer *json, bool is_true)
{
    value_begin(json);
    buffer_put_text(json->out, is_true ? "true" : "false");
}

void json_writer_printf(struct json_writer *json, const char *format, ...)
{
    char text[PRINTF_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_writer_string(json, text);
}
