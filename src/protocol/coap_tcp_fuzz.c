/* SPDX-License-Identifier: Apache-2.0 */
/* Segments of one CoAP connection: RFC 8323. */
#include "protocol/protocol_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_datagrams(data, size, PORT_TABLE_TCP, 5683);
}
