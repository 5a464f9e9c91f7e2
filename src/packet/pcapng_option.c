/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/pcapng_option.h"

#include <endian.h>

enum {
    OPT_CUSTOM_TEXT = 2988,
    OPT_CUSTOM_BYTES = 2989,
    OPT_CUSTOM_TEXT_NOCOPY = 19372,
    OPT_CUSTOM_BYTES_NOCOPY = 19373
};

/* Options whose value begins with a number: of so many bytes. All others are text or bytes as they lie. */
static size_t number_at_start(uint32_t block_type, uint16_t code)
{
    static const struct {
        uint16_t code;
        uint8_t n_bytes;
    } packet_options[] = {
        { 2, 4 }, /* epb_flags */
        { 4, 8 }, /* epb_dropcount */
        { 5, 8 }, /* epb_packetid */
        { 6, 4 }, /* epb_queue */
    };

    switch (code) {
    case OPT_CUSTOM_TEXT:
    case OPT_CUSTOM_BYTES:
    case OPT_CUSTOM_TEXT_NOCOPY:
    case OPT_CUSTOM_BYTES_NOCOPY:
        return 4; /* the private enterprise number */
    default:
        break;
    }
    if (block_type != BLOCK_PACKET && block_type != BLOCK_OLD_PACKET)
        return 0;
    for (size_t i = 0; i < sizeof packet_options / sizeof *packet_options; i++) {
        if (packet_options[i].code == code)
            return packet_options[i].n_bytes;
    }
    return 0;
}

static uint8_t *store_u16(uint8_t *at, uint16_t value)
{
    uint16_t little = htole16(value);

    memcpy(at, &little, sizeof little);
    return at + sizeof little;
}

uint8_t *pcapng_store_option(uint8_t *at, uint32_t block_type, const struct option_view *option)
{
    size_t len = option->value.len, padding = -len & 3, n = number_at_start(block_type, option->code);

    at = store_u16(at, option->code);
    at = store_u16(at, (uint16_t)len);
    if (len == 0)
        return at;
    memcpy(at, option->value.data, len);
    if (n <= len) {
        for (size_t i = 0; i < n; i++)
            at[i] = option->value.data[n - 1 - i];
    }
    memset(at + len, 0, padding);
    return at + len + padding;
}
