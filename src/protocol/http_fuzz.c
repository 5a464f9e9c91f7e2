/* SPDX-License-Identifier: Apache-2.0 */
/* http_fuzz - HTTP in both directions of a connection. */
#include "protocol/protocol_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_datagrams(data, size, PORT_TABLE_TCP, 80);
}
