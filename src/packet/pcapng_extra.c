/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/pcapng_extra.h"

#include <endian.h>

#include "packet/pcapng_option.h"

/* Appends what a little-endian file would hold; false: damage. Room is the buffer's to refuse. */
static bool put_options(struct buffer *buffer, struct reader *r, bool is_big, uint32_t block_type)
{
    enum pcapng_option_result result;
    struct option_view option;

    while ((result = next_option(r, is_big, &option)) == OPTION_NEXT) {
        uint8_t *room = buffer_room(buffer, option_bytes(&option));

        if (room)
            buffer->len += (size_t)(pcapng_store_option(room, block_type, &option) - room);
    }
    return result == OPTION_END && (buffer_put_u32le(buffer, 0) || buffer->is_full);
}

static bool put_secrets(struct buffer *buffer, struct reader *body, bool is_big)
{
    struct bytes secrets;
    uint32_t type, len;

    if (!read_u32(body, is_big, &type) || !read_u32(body, is_big, &len) || !reader_bytes(body, len, &secrets))
        return false;
    buffer_put_u32le(buffer, type);
    buffer_put_u32le(buffer, len);
    buffer_put(buffer, secrets.data, secrets.len);
    for (size_t padding = -secrets.len & 3; padding > 0; padding--)
        buffer_put_u8(buffer, 0);
    if (reader_left(body) < 4)
        return true;
    return reader_skip(body, -secrets.len & 3) && put_options(buffer, body, is_big, BLOCK_SECRETS);
}

/* Records are laid out as options are, and ended as they are; options follow them. */
static bool put_names(struct buffer *buffer, struct reader *body, bool is_big)
{
    bool has_records = put_options(buffer, body, is_big, BLOCK_NAMES);

    return has_records && put_options(buffer, body, is_big, BLOCK_NAMES);
}

bool pcapng_extra_keep(struct buffer *extra, uint32_t type, struct reader body, bool is_big,
                       uint64_t *n_dropped, struct error *error)
{
    size_t start = extra->len;
    uint32_t length;
    bool is_sound;

    buffer_put_u32le(extra, type);
    buffer_put_u32le(extra, 0);
    is_sound = type == BLOCK_SECRETS ? put_secrets(extra, &body, is_big) : put_names(extra, &body, is_big);
    length = htole32((uint32_t)(extra->len - start + 4));
    buffer_put(extra, &length, sizeof length);
    if (!is_sound || extra->is_full) {
        extra->len = start;
        extra->is_full = false;
        *n_dropped += is_sound;
        return is_sound || error_set(error, ERROR_DAMAGED, "%s block is shorter than what it holds",
                                     type == BLOCK_SECRETS ? "decryption secrets" : "name resolution");
    }
    memcpy(extra->data + start + 4, &length, sizeof length);
    return true;
}
