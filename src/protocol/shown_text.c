/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/shown_text.h"

#include "base/utf8.h"

enum {
    REPLACEMENT_BYTES = 3,
    ESCAPED_BYTES = 6
}; /* U+FFFD in UTF-8; the longest escape of one byte: \u0000 */

static const uint8_t replacement[REPLACEMENT_BYTES] = { 0xef, 0xbf, 0xbd };

struct shown {
    uint8_t *data;
    size_t len;
};

static void shown_put(struct shown *shown, struct bytes bytes)
{
    memcpy(shown->data + shown->len, bytes.data, bytes.len);
    shown->len += bytes.len;
}

static size_t ascii_run(struct bytes text)
{
    size_t n = 0;

    while (n < text.len && text.data[n] < 0x80)
        n++;
    return n;
}

struct bytes shown_ascii(struct dissection *d, struct bytes text)
{
    size_t plain = ascii_run(text), n = 0;
    struct shown shown = { 0 };

    if (plain == text.len)
        return text;
    for (size_t i = plain; i < text.len; i++)
        n += text.data[i] >= 0x80;
    shown.data = dissection_scratch(d, text.len + n * (REPLACEMENT_BYTES - 1));
    if (shown.data == NULL)
        return (struct bytes) { 0 };
    for (size_t i = 0; i < text.len; i++)
        shown_put(&shown, text.data[i] < 0x80 ? bytes_of(text.data + i, 1)
                                              : bytes_of(replacement, REPLACEMENT_BYTES));
    return bytes_of(shown.data, shown.len);
}

/* How much of a character that is not well-formed goes for one: as far as it could have become one. */
static size_t subpart_len(struct bytes text)
{
    uint8_t first = text.data[0];
    size_t whole = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2, n = 1;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

    if (first < 0xc2 || first > 0xf4)
        return 1;
    while (n < whole && n < text.len && text.data[n] >= low && text.data[n] <= high) {
        low = 0x80;
        high = 0xbf;
        n++;
    }
    return n;
}

static struct bytes bytes_from(struct bytes bytes, size_t n)
{
    return bytes_of(bytes.data + n, bytes.len - n);
}

struct bytes shown_utf8(struct dissection *d, struct bytes text)
{
    struct shown shown = { 0 };
    size_t well_formed = ascii_run(text);
    uint32_t character;
    size_t len;

    while (well_formed < text.len && (len = utf8_first(bytes_from(text, well_formed), &character)) > 0)
        well_formed += len;
    if (well_formed == text.len)
        return text;
    shown.data = dissection_scratch(d, text.len * REPLACEMENT_BYTES);
    if (shown.data == NULL)
        return (struct bytes) { 0 };
    for (size_t at = 0; at < text.len; at += len) {
        struct bytes rest = bytes_from(text, at);

        len = utf8_first(rest, &character);
        shown_put(&shown, len ? bytes_of(rest.data, len) : bytes_of(replacement, REPLACEMENT_BYTES));
        if (len == 0)
            len = subpart_len(rest);
    }
    return bytes_of(shown.data, shown.len);
}

struct bytes shown_until_nul(struct bytes text)
{
    const uint8_t *nul = text.len ? memchr(text.data, 0, text.len) : NULL;

    return nul ? bytes_of(text.data, (size_t)(nul - text.data)) : text;
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

/* Characters that no printer shows: C1, and Unicode's category Cf. */
static bool is_hidden(uint32_t character)
{
    return (character >= 0x80 && character < 0xa0) || character == 0xad ||
           (character >= 0x600 && character <= 0x605) || character == 0x61c || character == 0x6dd ||
           character == 0x70f || character == 0x180e || (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x202a && character <= 0x202e) || (character >= 0x2060 && character <= 0x206f) ||
           character == 0xfeff || (character >= 0xfff9 && character <= 0xfffb);
}

static void put_escape(struct shown *shown, uint8_t byte)
{
    static const char letters[] = "abtnvfr"; /* 7 to 13 */
    uint8_t text[4] = { '\\', (uint8_t)('0' + (byte >> 6)), (uint8_t)('0' + (byte >> 3 & 7)),
                        (uint8_t)('0' + (byte & 7)) };

    if (byte >= 7 && byte <= 13) {
        text[1] = (uint8_t)letters[byte - 7];
        shown_put(shown, bytes_of(text, 2));
    } else {
        shown_put(shown, bytes_of(text, 4));
    }
}

static void put_hidden(struct shown *shown, uint32_t character)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t text[ESCAPED_BYTES] = { '\\', 'u' };

    for (unsigned i = 0; i < 4; i++)
        text[2 + i] = (uint8_t)digits[character >> (12 - 4 * i) & 15];
    shown_put(shown, bytes_of(text, ESCAPED_BYTES));
}

struct bytes shown_escaped(struct dissection *d, struct bytes text)
{
    struct shown shown = { 0 };
    size_t plain = 0;

    while (plain < text.len && is_plain(text.data[plain]))
        plain++;
    if (plain == text.len)
        return text;
    shown.data = dissection_scratch(d, text.len * ESCAPED_BYTES);
    if (shown.data == NULL)
        return (struct bytes) { 0 };
    for (size_t at = 0, len; at < text.len; at += len) {
        struct bytes rest = bytes_from(text, at);
        uint32_t character;

        len = 1;
        if (is_plain(rest.data[0]))
            shown_put(&shown, bytes_of(rest.data, 1));
        else if (rest.data[0] < 0x80)
            put_escape(&shown, rest.data[0]);
        else if ((len = utf8_first(rest, &character)) == 0)
            shown_put(&shown, bytes_of(replacement, REPLACEMENT_BYTES)), len = subpart_len(rest);
        else if (is_hidden(character))
            put_hidden(&shown, character);
        else
            shown_put(&shown, bytes_of(rest.data, len));
    }
    return bytes_of(shown.data, shown.len);
}
