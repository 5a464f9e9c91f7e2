/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/transport_checksum.h"

#include "protocol/flow.h"

enum { IPV4_ADDRESSES_AT = 12, IPV6_ADDRESSES_AT = 8 };

bool transport_checksum(const struct dissection *d, uint8_t ip_protocol, struct bytes segment, size_t at_byte,
                        uint16_t *expected)
{
    uint32_t sum = ip_protocol + (uint32_t)(segment.len >> 16) + (uint32_t)(segment.len & 0xffff);
    uint32_t i = d->n_layers;
    struct reader below, r;
    struct bytes addresses;
    uint16_t found;
    bool is_ipv4;

    while (i > 0 && d->layers[i - 1].protocol != PROTOCOL_IPV4 && d->layers[i - 1].protocol != PROTOCOL_IPV6)
        i--;
    if (i == 0)
        return false;
    is_ipv4 = d->layers[i - 1].protocol == PROTOCOL_IPV4;
    below = reader_over(bytes_of(d->layers[i - 1].data, d->layers[i - 1].header_len));
    r = reader_over(segment);
    if (!reader_skip(&below, is_ipv4 ? IPV4_ADDRESSES_AT : IPV6_ADDRESSES_AT) ||
        !reader_bytes(&below, is_ipv4 ? 8 : 32, &addresses) || !reader_skip(&r, at_byte) ||
        !reader_u16(&r, &found))
        return false;
    sum = checksum_fold(checksum_add(checksum_add(sum, addresses), segment));
    *expected = (uint16_t)~checksum_fold(sum + (uint16_t)~found); /* without what stands there: RFC 1624 */
    return true;
}
