/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/ranges.h"

#include <ctype.h>

struct range_text {
    const uint8_t *at, *end;
};

static void skip_space(struct range_text *text)
{
    while (text->at < text->end && isspace(*text->at))
        text->at++;
}

static bool accept(struct range_text *text, char sign)
{
    if (text->at == text->end || *text->at != (uint8_t)sign)
        return false;
    text->at++;
    return true;
}

static unsigned digit_of(uint8_t c)
{
    return isdigit(c) ? c - (unsigned)'0' : isxdigit(c) ? (unsigned)tolower(c) - 'a' + 10 : 99;
}

static bool number_parse(struct range_text *text, int32_t *number)
{
    unsigned base = 10;
    int64_t value = 0;
    bool is_negative;

    skip_space(text);
    is_negative = accept(text, '-');
    if (!is_negative)
        accept(text, '+');
    if (text->at == text->end || !isdigit(*text->at))
        return false;
    if (*text->at == '0') {
        base = 8;
        if (text->end - text->at > 2 && (text->at[1] | 0x20) == 'x' && isxdigit(text->at[2])) {
            base = 16;
            text->at += 2;
        }
    }
    for (; text->at < text->end && digit_of(*text->at) < base; text->at++) {
        value = value * base + digit_of(*text->at);
        if (value > INT32_MAX)
            return false;
    }
    *number = (int32_t)(is_negative ? -value : value);
    return true;
}

static bool piece_end(const struct range_text *text)
{
    return text->at == text->end || *text->at == ',';
}

/* i:j  i-j  i  :j  i: */
static bool piece_parse(struct range_text *text, struct range_piece *piece)
{
    *piece = (struct range_piece) { 0 };
    if (!piece_end(text) && *text->at != ':') {
        if (!number_parse(text, &piece->from))
            return false;
        skip_space(text);
        piece->to = piece->from;
    }
    if (accept(text, ':')) {
        piece->has_length = true;
        piece->is_open = piece_end(text);
        if (!piece->is_open && (!number_parse(text, &piece->to) || piece->to <= 0))
            return false;
    } else if (accept(text, '-')) {
        if (!number_parse(text, &piece->to) || (piece->from < 0 && piece->to > 0) || piece->from >= piece->to)
            return false;
    }
    skip_space(text);
    return piece_end(text);
}

enum ranges_result ranges_parse(struct bytes text, struct range_list *list)
{
    struct range_text at = { text.data, text.data + text.len };

    list->n = 0;
    do {
        if (list->n == FILTER_RANGES)
            return RANGES_TOO_MANY;
        if (piece_end(&at) || !piece_parse(&at, &list->pieces[list->n++]))
            return RANGES_WRONG;
    } while (accept(&at, ','));
    return RANGES_GOOD;
}
