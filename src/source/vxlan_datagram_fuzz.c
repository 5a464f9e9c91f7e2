/* SPDX-License-Identifier: Apache-2.0 */
#include "source/vxlan_datagram.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes frame;
    uint32_t vni;

    if (size > 65535 || !vxlan_datagram_parse(bytes_of(data, size), &vni, &frame))
        return 0;
    if (vni >= VXLAN_VNI_LIMIT || frame.data + frame.len != data + size ||
        ethernet_frame_len(frame) < frame.len)
        abort();
    return 0;
}
