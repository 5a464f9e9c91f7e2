/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/payload_text.h"

#include "base/utf8.h"

static const uint8_t replacement[3] = { 0xef, 0xbf, 0xbd }; /* U+FFFD */

static struct bytes before_nul(struct bytes bytes)
{
    const uint8_t *nul = bytes.len ? memchr(bytes.data, 0, bytes.len) : NULL;

    return nul ? bytes_of(bytes.data, (size_t)(nul - bytes.data)) : bytes;
}

struct bytes payload_text_ascii(struct dissection *d, struct bytes bytes)
{
    uint8_t *text;
    size_t n_high = 0, len = 0;

    bytes = before_nul(bytes);
    for (size_t i = 0; i < bytes.len; i++)
        n_high += bytes.data[i] >> 7;
    if (n_high == 0)
        return bytes;
    text = dissection_scratch(d, bytes.len + n_high * (sizeof replacement - 1));
    if (text == NULL)
        return (struct bytes) { 0 };
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] < 0x80) {
            text[len++] = bytes.data[i];
        } else {
            memcpy(text + len, replacement, sizeof replacement);
            len += sizeof replacement;
        }
    }
    return bytes_of(text, len);
}

/* How many bytes at the start of something ill-formed one U+FFFD stands for: what could have begun a
 * character. */
static size_t broken_len(struct bytes bytes)
{
    uint8_t lead = bytes.data[0];
    size_t wanted = lead >= 0xc2 && lead < 0xe0   ? 2
                    : lead >= 0xe0 && lead < 0xf0 ? 3
                    : lead >= 0xf0 && lead < 0xf5 ? 4
                                                  : 1;
    uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    size_t len = 1;

    while (len < wanted && len < bytes.len && bytes.data[len] >= least && bytes.data[len] <= most) {
        len++;
        least = 0x80;
        most = 0xbf;
    }
    return len;
}

/* Length of the text that bytes become; written to text when that is not NULL. */
static size_t replace_broken(struct bytes bytes, uint8_t *text)
{
    size_t len = 0;

    while (bytes.len > 0) {
        uint32_t character;
        size_t n = utf8_first(bytes, &character);
        size_t used = n > 0 ? n : broken_len(bytes);

        if (n > 0 && text)
            memcpy(text + len, bytes.data, n);
        else if (text)
            memcpy(text + len, replacement, sizeof replacement);
        len += n > 0 ? n : sizeof replacement;
        bytes = bytes_of(bytes.data + used, bytes.len - used);
    }
    return len;
}

static bool is_well_formed(struct bytes bytes)
{
    while (bytes.len > 0) {
        uint32_t character;
        size_t n = utf8_first(bytes, &character);

        if (n == 0)
            return false;
        bytes = bytes_of(bytes.data + n, bytes.len - n);
    }
    return true;
}

struct bytes payload_text_utf8(struct dissection *d, struct bytes bytes)
{
    uint8_t *text;
    size_t len;

    bytes = before_nul(bytes);
    if (is_well_formed(bytes))
        return bytes;
    len = replace_broken(bytes, NULL);
    text = dissection_scratch(d, len);
    if (text == NULL)
        return (struct bytes) { 0 };
    replace_broken(bytes, text);
    return bytes_of(text, len);
}

struct bytes payload_text_join(struct dissection *d, const struct bytes *parts, unsigned n_parts)
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
