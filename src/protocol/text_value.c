/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/text_value.h"

#include "base/utf8.h"

static const uint8_t replacement[] = { 0xef, 0xbf, 0xbd };

enum { REPLACEMENT_BYTES = sizeof replacement };

/* Up to the first NUL. */
static struct bytes ended(struct bytes bytes)
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

static void add(struct dissection *d, uint16_t field_id, struct bytes bytes, step_function *step)
{
    bytes = ended(bytes);
    if (!is_text(bytes, step)) {
        size_t n = mend(bytes, step, NULL);
        uint8_t *room = dissection_scratch(d, n);

        if (room == NULL)
            return;
        mend(bytes, step, room);
        bytes = bytes_of(room, n);
    }
    dissection_add_bytes_slow(d, field_id, bytes);
}

void text_add_utf8_slow(struct dissection *d, uint16_t field_id, struct bytes bytes)
{
    add(d, field_id, bytes, utf8_step);
}

void text_add_ascii_slow(struct dissection *d, uint16_t field_id, struct bytes bytes)
{
    add(d, field_id, bytes, ascii_step);
}
