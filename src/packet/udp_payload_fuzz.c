/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/udp_payload.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t linktypes[] = { LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2,
                                          LINKTYPE_RAW, LINKTYPE_NULL };
    struct udp_payload payload;

    if (size == 0)
        return 0;
    if (udp_payload_find(bytes_of(data + 1, size - 1), linktypes[data[0] % 5], &payload) &&
        (payload.bytes.data < data || payload.bytes.data + payload.bytes.len > data + size))
        abort();
    return 0;
}
