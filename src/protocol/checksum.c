/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/checksum.h"

const struct value_name checksum_status_names[] = {
    { CHECKSUM_BAD, "Bad" },
    { CHECKSUM_GOOD, "Good" },
    { CHECKSUM_UNVERIFIED, "Unverified" },
    { CHECKSUM_NOT_PRESENT, "Not present" },
    { CHECKSUM_ILLEGAL, "Illegal" },
    { 0, NULL },
};

uint16_t checksum_fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

uint32_t checksum_add(uint32_t sum, struct bytes bytes)
{
    uint64_t wide = sum;
    size_t i = 0;

    for (; i + 2 <= bytes.len; i += 2)
        wide += (uint32_t)bytes.data[i] << 8 | bytes.data[i + 1];
    if (i < bytes.len)
        wide += (uint32_t)bytes.data[i] << 8;
    while (wide >> 16)
        wide = (wide & 0xffff) + (wide >> 16);
    return (uint32_t)wide;
}
