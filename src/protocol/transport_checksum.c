/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/transport_checksum.h"

#include "protocol/flow.h"

bool transport_checksum(const struct dissection *d, uint8_t ip_protocol, struct bytes segment, size_t at_byte,
                        uint16_t *expected)
{
    uint32_t sum = ip_protocol + (uint32_t)(segment.len >> 16) + (uint32_t)(segment.len & 0xffff);
    uint32_t i = d->n_layers;
    struct reader r;
    uint16_t found;

    while (i > 0 && d->layers[i - 1].protocol != PROTOCOL_IPV4 && d->layers[i - 1].protocol != PROTOCOL_IPV6)
        i--;
    if (i == 0)
        return false;
    if (d->layers[i - 1].protocol == PROTOCOL_IPV4) {
        if (d->layers[i - 1].header_len < 20)
            return false;
        sum = checksum_add(sum, bytes_of(d->layers[i - 1].data + 12, 8));
    } else {
        if (d->layers[i - 1].header_len < 40)
            return false;
        sum = checksum_add(sum, bytes_of(d->layers[i - 1].data + 8, 32));
    }
    r = reader_over(segment);
    if (!reader_skip(&r, at_byte) || !reader_u16(&r, &found))
        return false;
    /* Taken out again as its complement; at_byte is even. */
    sum = checksum_add(sum, segment) + (uint16_t)~found;
    *expected = (uint16_t)~checksum_fold(sum);
    return true;
}
