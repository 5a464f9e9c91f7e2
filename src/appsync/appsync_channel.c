/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/appsync_channel.h"

#include <stdio.h>
#include <xxhash.h>

#include "base/reader.h"

enum { DEVICE_HASH_CHARS = 9 }; /* "-" and eight digits */

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Up to the next "/", which is taken off too. */
static bool take_segment(struct reader *r, struct bytes *segment)
{
    const uint8_t *begin = r->at;
    uint8_t c;

    while (reader_left(r) > 0 && *r->at != '/')
        if (!reader_u8(r, &c))
            return false;
    *segment = bytes_of(begin, (size_t)(r->at - begin));
    return reader_left(r) == 0 || reader_skip(r, 1);
}

static bool is_segment(struct bytes segment)
{
    if (segment.len == 0 || segment.len > APPSYNC_SEGMENT_BYTES || !is_letter_or_digit(segment.data[0]) ||
        !is_letter_or_digit(segment.data[segment.len - 1]))
        return false;
    for (size_t i = 0; i < segment.len; i++)
        if (!is_letter_or_digit(segment.data[i]) && segment.data[i] != '-')
            return false;
    return true;
}

static void add_segment(struct appsync_channel *channel, struct bytes segment)
{
    channel->text[channel->len++] = '/';
    memcpy(channel->text + channel->len, segment.data, segment.len);
    channel->len = (uint16_t)(channel->len + segment.len);
    channel->text[channel->len] = '\0';
}

bool appsync_channel_parse(struct bytes text, bool may_be_wild, struct appsync_channel *channel)
{
    struct reader r = reader_over(text);
    unsigned n = 0;

    memset(channel, 0, sizeof *channel);
    if (reader_left(&r) > 0 && *r.at == '/' && !reader_skip(&r, 1))
        return false;
    while (reader_left(&r) > 0) {
        struct bytes segment;

        if (channel->is_wild || n++ == APPSYNC_SEGMENTS || !take_segment(&r, &segment))
            return false;
        if (bytes_equal(segment, bytes_text("*")) && n > 1 && may_be_wild)
            channel->is_wild = true;
        else if (is_segment(segment))
            add_segment(channel, segment);
        else
            return false;
    }
    return n > 0;
}

static bool is_below(const struct appsync_channel *channel, const struct appsync_channel *prefix)
{
    return channel->len > prefix->len && memcmp(channel->text, prefix->text, prefix->len) == 0 &&
           channel->text[prefix->len] == '/';
}

static bool is_same(const struct appsync_channel *a, const struct appsync_channel *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

bool appsync_channel_matches(const struct appsync_channel *asked, const struct appsync_channel *published)
{
    return asked->is_wild ? is_below(published, asked) : is_same(asked, published);
}

bool appsync_channel_covers(const struct appsync_channel *outer, const struct appsync_channel *inner)
{
    if (!inner->is_wild)
        return appsync_channel_matches(outer, inner);
    return outer->is_wild && (is_same(outer, inner) || is_below(inner, outer));
}

void appsync_channel_of_device(struct bytes name, struct appsync_channel *channel)
{
    char segment[APPSYNC_SEGMENT_BYTES + 1];
    size_t len = 0;
    bool is_whole = name.len > 0 && name.len <= APPSYNC_SEGMENT_BYTES;

    for (size_t i = 0; i < name.len && i < APPSYNC_SEGMENT_BYTES - DEVICE_HASH_CHARS; i++) {
        bool fits = is_letter_or_digit(name.data[i]) || (name.data[i] == '-' && i > 0);

        is_whole &= fits;
        if (fits || len > 0) /* none at the beginning */
            segment[len++] = fits ? (char)name.data[i] : '-';
    }
    is_whole &= name.len <= APPSYNC_SEGMENT_BYTES - DEVICE_HASH_CHARS && len > 0 && segment[len - 1] != '-';
    if (!is_whole)
        len += (size_t)snprintf(segment + len, sizeof segment - len, "%s%08x", len > 0 ? "-" : "",
                                (unsigned)XXH3_64bits(name.data, name.len));
    memset(channel, 0, sizeof *channel);
    add_segment(channel, bytes_text("packets"));
    add_segment(channel, bytes_of(segment, len));
}
