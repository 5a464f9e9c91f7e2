/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/transport_checksum.h"

#include "protocol/flow.h"

const struct value_name checksum_status_names[] = {
    { CHECKSUM_BAD, "Bad" },
    { CHECKSUM_GOOD, "Good" },
    { CHECKSUM_UNVERIFIED, "Unverified" },
    { CHECKSUM_NOT_PRESENT, "Not present" },
    { CHECKSUM_ILLEGAL, "Illegal" },
    { 0, NULL },
};

static uint64_t sum_of(struct bytes bytes)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < bytes.len; i++)
        sum += i % 2 ? bytes.data[i] : (uint64_t)bytes.data[i] << 8;
    return sum;
}

bool transport_checksum(const struct dissection *d, uint8_t ip_protocol, struct bytes segment, size_t at_byte,
                        uint16_t *expected)
{
    uint64_t sum = ip_protocol + (segment.len >> 16) + (segment.len & 0xffff);
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
        sum += sum_of(bytes_of(d->layers[i - 1].data + 12, 8));
    } else {
        if (d->layers[i - 1].header_len < 40)
            return false;
        sum += sum_of(bytes_of(d->layers[i - 1].data + 8, 32));
    }
    r = reader_over(segment);
    if (!reader_skip(&r, at_byte) || !reader_u16(&r, &found))
        return false;
    sum += sum_of(segment) - found; /* at_byte is even */
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    *expected = (uint16_t)~sum;
    return true;
}
