/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/text_value.h"

#include "base/utf8.h"

static const uint8_t replacement[] = { 0xef, 0xbf, 0xbd };

enum { REPLACEMENT_BYTES = sizeof replacement, ESCAPED_BYTES = 6 }; /* the longest escape: \u0000 */

struct bytes text_value_until_nul(struct bytes bytes)
{
    const uint8_t *nul = bytes.len ? memchr(bytes.data, 0, bytes.len) : NULL;

    return nul ? bytes_of(bytes.data, (size_t)(nul - bytes.data)) : bytes;
}

/* How many of the bytes from at on are ASCII, eight at a time. */
static size_t ascii_run(struct bytes bytes, size_t at)
{
    size_t first = at;

    while (at + 8 <= bytes.len) {
        uint64_t word;

        memcpy(&word, bytes.data + at, 8);
        if (word & UINT64_C(0x8080808080808080))
            break;
        at += 8;
    }
    while (at < bytes.len && bytes.data[at] < 0x80)
        at++;
    return at - first;
}

/* True when n bytes are how a character of some more bytes begins. */
static bool begins_well(const uint8_t *bytes, size_t n)
{
    uint8_t trial[4];
    uint32_t character;

    memcpy(trial, bytes, n);
    memset(trial + n, 0x80, sizeof trial - n);
    for (size_t len = n + 1; len <= sizeof trial; len++) {
        if (utf8_first(bytes_of(trial, len), &character) == len)
            return true;
    }
    return false;
}

/* How long the part is that is no character but began like one: at least a byte. */
static size_t broken_len(struct bytes bytes)
{
    size_t n = 1;

    while (n < 3 && n < bytes.len && begins_well(bytes.data, n + 1))
        n++;
    return n;
}

/* The length of the character at the front; 0 with the length of what is replaced in *broken. */
static size_t utf8_step(struct bytes bytes, size_t *broken)
{
    uint32_t character;
    size_t len = utf8_first(bytes, &character);

    if (len == 0)
        *broken = broken_len(bytes);
    return len;
}

static size_t ascii_step(struct bytes bytes, size_t *broken)
{
    *broken = 1;
    return bytes.data[0] < 0x80;
}

typedef size_t step_function(struct bytes bytes, size_t *broken);

/* Writes bytes to room, what is no text replaced; answers how much that is, or would be where room is NULL.
 */
static size_t mend(struct bytes bytes, step_function *step, uint8_t *room)
{
    size_t at = 0, n = 0;

    while (at < bytes.len) {
        size_t broken = 0, len = ascii_run(bytes, at);

        if (len == 0)
            len = step(bytes_of(bytes.data + at, bytes.len - at), &broken);
        if (len == 0) {
            if (room)
                memcpy(room + n, replacement, REPLACEMENT_BYTES);
            n += REPLACEMENT_BYTES;
            at += broken;
            continue;
        }
        if (room)
            memcpy(room + n, bytes.data + at, len);
        n += len;
        at += len;
    }
    return n;
}

static bool is_text(struct bytes bytes, step_function *step)
{
    size_t at = ascii_run(bytes, 0), broken;

    while (at < bytes.len) {
        size_t len = step(bytes_of(bytes.data + at, bytes.len - at), &broken);

        if (len == 0)
            return false;
        at += len;
        at += ascii_run(bytes, at);
    }
    return true;
}

static struct bytes as_text(struct dissection *d, struct bytes bytes, step_function *step)
{
    uint8_t *room;
    size_t n;

    if (is_text(bytes, step))
        return bytes;
    n = mend(bytes, step, NULL);
    room = dissection_scratch(d, n);
    if (room == NULL)
        return (struct bytes) { 0 };
    mend(bytes, step, room);
    return bytes_of(room, n);
}

struct bytes text_value_utf8(struct dissection *d, struct bytes bytes)
{
    return as_text(d, bytes, utf8_step);
}

struct bytes text_value_ascii(struct dissection *d, struct bytes bytes)
{
    return as_text(d, bytes, ascii_step);
}

/* ---- escapes ---- */

struct room {
    uint8_t *data;
    size_t len;
};

static void room_put(struct room *room, struct bytes bytes)
{
    memcpy(room->data + room->len, bytes.data, bytes.len);
    room->len += bytes.len;
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

static void put_escape(struct room *room, uint8_t byte)
{
    static const char letters[] = "abtnvfr"; /* 7 to 13 */
    uint8_t text[4] = { '\\', (uint8_t)('0' + (byte >> 6)), (uint8_t)('0' + (byte >> 3 & 7)),
                        (uint8_t)('0' + (byte & 7)) };

    if (byte >= 7 && byte <= 13) {
        text[1] = (uint8_t)letters[byte - 7];
        room_put(room, bytes_of(text, 2));
    } else {
        room_put(room, bytes_of(text, 4));
    }
}

static void put_hidden(struct room *room, uint32_t character)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t text[ESCAPED_BYTES] = { '\\', 'u' };

    for (unsigned i = 0; i < 4; i++)
        text[2 + i] = (uint8_t)digits[character >> (12 - 4 * i) & 15];
    room_put(room, bytes_of(text, ESCAPED_BYTES));
}

struct bytes text_value_escaped(struct dissection *d, struct bytes text)
{
    struct room room = { 0 };
    size_t plain = 0;

    while (plain < text.len && is_plain(text.data[plain]))
        plain++;
    if (plain == text.len)
        return text;
    room.data = dissection_scratch(d, text.len * ESCAPED_BYTES);
    if (room.data == NULL)
        return (struct bytes) { 0 };
    for (size_t at = 0, len; at < text.len; at += len) {
        struct bytes rest = bytes_of(text.data + at, text.len - at);
        uint32_t character;

        len = 1;
        if (is_plain(rest.data[0])) {
            room_put(&room, bytes_of(rest.data, 1));
        } else if (rest.data[0] < 0x80) {
            put_escape(&room, rest.data[0]);
        } else if ((len = utf8_first(rest, &character)) == 0) {
            len = broken_len(rest);
            room_put(&room, bytes_of(replacement, REPLACEMENT_BYTES));
        } else if (is_hidden(character)) {
            put_hidden(&room, character);
        } else {
            room_put(&room, bytes_of(rest.data, len));
        }
    }
    return bytes_of(room.data, room.len);
}

/* ---- putting together, and adding ---- */

struct bytes text_value_join(struct dissection *d, const struct bytes *parts, unsigned n_parts)
{
    size_t len = 0, at = 0;
    uint8_t *text;

    for (unsigned i = 0; i < n_parts; i++)
        len += parts[i].len;
    text = dissection_scratch(d, len);
    if (text == NULL)
        return (struct bytes) { 0 };
    for (unsigned i = 0; i < n_parts; i++) {
        if (parts[i].len)
            memcpy(text + at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    return bytes_of(text, len);
}

void text_add_utf8_slow(struct dissection *d, uint16_t field_id, struct bytes bytes)
{
    bytes = text_value_utf8(d, text_value_until_nul(bytes));
    if (bytes.data)
        dissection_add_bytes_slow(d, field_id, bytes);
}

void text_add_ascii_slow(struct dissection *d, uint16_t field_id, struct bytes bytes)
{
    bytes = text_value_ascii(d, text_value_until_nul(bytes));
    if (bytes.data)
        dissection_add_bytes_slow(d, field_id, bytes);
}
