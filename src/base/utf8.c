/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

size_t utf8_first(struct bytes bytes, uint32_t *character)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *at = bytes.data;
    uint32_t result;
    size_t len;

    if (bytes.len == 0)
        return 0;
    if (at[0] < 0x80) {
        *character = at[0];
        return 1;
    }
    len = at[0] >= 0xf0 && at[0] < 0xf8 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] >= 0xf8 || bytes.len < len)
        return 0;
    result = at[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        result = result << 6 | (at[i] & 0x3f);
    }
    if (result < least[len] || result > 0x10ffff || (result >= 0xd800 && result < 0xe000))
        return 0;
    *character = result;
    return len;
}

bool utf8_is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
           character == 0x2029;
}

bool utf8_is_printable(struct bytes bytes)
{
    if (bytes.len == 0)
        return false;
    while (bytes.len > 0) {
        uint32_t character;
        size_t len = utf8_first(bytes, &character);

        if (len == 0 || utf8_is_control(character))
            return false;
        bytes = bytes_of(bytes.data + len, bytes.len - len);
    }
    return true;
}

enum { ESCAPED_BYTES = 4 * 4 }; /* the longest character, all of its bytes escaped */

/* The first character as it may be shown; *taken: its bytes in the original. */
static size_t escape_first(struct bytes bytes, char shown[static ESCAPED_BYTES], size_t *taken)
{
    static const char letters[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\v'] = 'v', ['\f'] = 'f', ['\r'] = 'r'
    };
    static const char digits[] = "0123456789abcdef";
    uint32_t character = 0;
    size_t len = utf8_first(bytes, &character);

    *taken = len ? len : 1;
    if (len > 0 && !utf8_is_control(character)) {
        memcpy(shown, bytes.data, len);
        return len;
    }
    if (len == 1 && character < sizeof letters && letters[character]) {
        shown[0] = '\\';
        shown[1] = letters[character];
        return 2;
    }
    for (size_t i = 0; i < *taken; i++) {
        shown[4 * i] = '\\';
        shown[4 * i + 1] = 'x';
        shown[4 * i + 2] = digits[bytes.data[i] >> 4];
        shown[4 * i + 3] = digits[bytes.data[i] & 0xf];
    }
    return 4 * *taken;
}

bool utf8_put_escaped(struct buffer *buffer, struct bytes bytes)
{
    while (bytes.len > 0) {
        char shown[ESCAPED_BYTES];
        size_t taken, len = escape_first(bytes, shown, &taken);

        buffer_put(buffer, shown, len);
        bytes = bytes_of(bytes.data + taken, bytes.len - taken);
    }
    return !buffer->is_full;
}

const char *utf8_show(const char *text, char *room, size_t room_bytes)
{
    struct bytes bytes = bytes_text(text);
    size_t at = 0;

    while (bytes.len > 0) {
        char shown[ESCAPED_BYTES];
        size_t taken, len = escape_first(bytes, shown, &taken);

        if (len >= room_bytes - at)
            break;
        memcpy(room + at, shown, len);
        at += len;
        bytes = bytes_of(bytes.data + taken, bytes.len - taken);
    }
    room[at] = '\0';
    return room;
}

size_t utf8_columns(struct bytes bytes)
{
    size_t columns = 0;

    while (bytes.len > 0) {
        uint32_t character;
        size_t len = utf8_first(bytes, &character);

        len = len ? len : 1;
        columns++;
        bytes = bytes_of(bytes.data + len, bytes.len - len);
    }
    return columns;
}
