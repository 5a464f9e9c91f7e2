/* SPDX-License-Identifier: Apache-2.0 */
/* udp_fuzz - datagrams of a conversation to a port that nobody reads. */
#include "protocol/protocol_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_datagrams(data, size, PORT_TABLE_UDP, 9);
}
