/* SPDX-License-Identifier: Apache-2.0 */
#include "web/pin_comments.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "web/pins.h"

enum { COMMENT_LIMIT_BYTES = 32 << 10 };

static bool any(void *context, const char *source, uint64_t number, int64_t *ts_ns, struct error *error)
{
    (void)context;
    (void)source;
    (void)number;
    (void)error;
    if (*ts_ns == PIN_TIME_UNKNOWN)
        *ts_ns = 0;
    return true;
}

static const char *text_of(json_t *json, const char *member)
{
    const char *text = json_string_value(json_object_get(json, member));

    return text ? text : "";
}

static void put_saying(struct buffer *out, json_t *json)
{
    char when[TIMESTAMP_TEXT_BYTES];
    const char *name = text_of(json, "name");
    int64_t created_ns = strtoll(text_of(json, "created_ns"), NULL, 10);

    buffer_printf(out, "%s, %.19sZ: ", name[0] ? name : "somebody",
                  timestamp_format(created_ns, false, when));
    buffer_put_text(out, text_of(json, "text"));
}

static char *comment_of(json_t *pin)
{
    struct buffer text;
    json_t *reply;
    size_t i;

    buffer_init(&text, COMMENT_LIMIT_BYTES);
    put_saying(&text, pin);
    if (json_is_true(json_object_get(pin, "resolved")))
        buffer_put_text(&text, " (resolved)");
    json_array_foreach(json_object_get(pin, "replies"), i, reply)
    {
        buffer_put_u8(&text, '\n');
        put_saying(&text, reply);
    }
    text.is_full = false; /* replies beyond the limit are left out */
    if (!buffer_put_u8(&text, 0)) {
        buffer_clear(&text);
        return NULL;
    }
    return (char *)text.data;
}

static int by_number(const void *left, const void *right)
{
    const struct export_comment *a = left, *b = right;

    return (a->number > b->number) - (a->number < b->number);
}

void pin_comments_load(const char *directory, const char *source, struct pin_comments *pins)
{
    const struct pins_cover cover = { any, NULL };
    struct error ignored;
    json_t *list = pins_list(directory, &cover, source, &ignored), *pin;
    size_t i;

    *pins = (struct pin_comments) { 0 };
    if (json_array_size(list) > 0)
        pins->comments = calloc(json_array_size(list), sizeof *pins->comments);
    json_array_foreach(list, i, pin)
    {
        char *text = pins->comments ? comment_of(pin) : NULL;

        if (text)
            pins->comments[pins->n++] =
                (struct export_comment) { (uint64_t)json_integer_value(json_object_get(pin, "number")),
                                          text };
    }
    json_decref(list);
    if (pins->n)
        qsort(pins->comments, pins->n, sizeof *pins->comments, by_number);
}

void pin_comments_clear(struct pin_comments *pins)
{
    for (uint32_t i = 0; i < pins->n; i++)
        free((void *)(uintptr_t)pins->comments[i].text);
    free(pins->comments);
    *pins = (struct pin_comments) { 0 };
}
