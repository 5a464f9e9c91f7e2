/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include "base/reader.h"

enum { PARAMETER_NAME_BYTES = 256 };

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character, decoded. */
static bool take_decoded(struct reader *r, bool plus_is_space, uint8_t *c)
{
    uint8_t high, low;

    if (!reader_u8(r, c))
        return false;
    if (*c == '+' && plus_is_space)
        *c = ' ';
    if (*c != '%')
        return true;
    if (!reader_u8(r, &high) || !reader_u8(r, &low) || hex_value(high) < 0 || hex_value(low) < 0)
        return false;
    *c = (uint8_t)(hex_value(high) << 4 | hex_value(low));
    return true;
}

static bool decode(struct bytes text, bool plus_is_space, struct buffer *out)
{
    struct reader r = reader_over(text);

    while (reader_left(&r) > 0) {
        uint8_t c;

        if (!take_decoded(&r, plus_is_space, &c) || !buffer_put_u8(out, c))
            return false;
    }
    return true;
}

bool url_decode(struct bytes text, struct buffer *out)
{
    return decode(text, false, out);
}

/* Takes what stands before separator off *rest; false when *rest was used up by the call before. */
static bool take_part(struct bytes *rest, uint8_t separator, struct bytes *part)
{
    const uint8_t *end;

    if (rest->data == NULL || rest->len == 0)
        return false;
    end = memchr(rest->data, separator, rest->len);
    *part = end ? bytes_of(rest->data, (size_t)(end - rest->data)) : *rest;
    *rest = end ? bytes_of(end + 1, rest->len - part->len - 1) : bytes_of(NULL, 0);
    return true;
}

bool url_segment_next(struct bytes *path, struct bytes *segment)
{
    const uint8_t *end;

    if (path->len == 0 || path->data[0] != '/')
        return false;
    end = memchr(path->data + 1, '/', path->len - 1);
    *segment = bytes_of(path->data + 1, end ? (size_t)(end - path->data) - 1 : path->len - 1);
    *path = bytes_of(path->data + 1 + segment->len, path->len - 1 - segment->len);
    return true;
}

static bool is_plain_segment(struct bytes segment)
{
    struct reader r = reader_over(segment);
    size_t n = 0, n_dots = 0;

    while (reader_left(&r) > 0) {
        uint8_t c;

        if (!take_decoded(&r, false, &c) || c < 0x20 || c == 0x7f || c == '/' || c == '\\')
            return false;
        n++;
        n_dots += c == '.';
    }
    return n != n_dots || n > 2 || n == 0;
}

bool url_path_is_plain(struct bytes path)
{
    struct bytes segment;

    if (path.len == 0 || path.data[0] != '/')
        return false;
    while (url_segment_next(&path, &segment))
        if (!is_plain_segment(segment) || (segment.len == 0 && path.len > 0))
            return false;
    return true;
}

bool url_query_next(struct bytes *query, struct bytes *name, struct bytes *value)
{
    struct bytes pair;

    while (take_part(query, '&', &pair)) {
        const uint8_t *equals = memchr(pair.data, '=', pair.len);

        if (pair.len == 0)
            continue;
        *name = equals ? bytes_of(pair.data, (size_t)(equals - pair.data)) : pair;
        *value = equals ? bytes_of(equals + 1, pair.len - name->len - 1) : bytes_of(NULL, 0);
        return true;
    }
    return false;
}

enum url_query url_query_find(struct bytes query, const char *wanted, struct buffer *out)
{
    struct bytes name, value, found = { NULL, 0 };
    bool is_found = false, is_malformed = false;
    struct buffer decoded;

    buffer_init(&decoded, PARAMETER_NAME_BYTES);
    while (url_query_next(&query, &name, &value)) {
        buffer_empty(&decoded);
        if (!decode(name, true, &decoded) || !bytes_equal(buffer_bytes(&decoded), bytes_text(wanted)))
            continue;
        is_malformed |= is_found;
        is_found = true;
        found = value;
    }
    buffer_clear(&decoded);
    if (!is_found)
        return URL_QUERY_ABSENT;
    if (is_malformed || !decode(found, true, out))
        return URL_QUERY_MALFORMED;
    return URL_QUERY_FOUND;
}

bool url_encode(struct bytes text, struct buffer *out)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool is_unreserved = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                             c == '-' || c == '.' || c == '_' || c == '~';
        char escaped[3] = { '%', digits[c >> 4], digits[c & 15] };

        if (is_unreserved ? !buffer_put_u8(out, c) : !buffer_put(out, escaped, sizeof escaped))
            return false;
    }
    return true;
}
