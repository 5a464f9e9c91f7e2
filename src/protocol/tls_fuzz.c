/* SPDX-License-Identifier: Apache-2.0 */
/* Records of TLS, both ways, in the stream of one connection; seeds: tests/captures' streams. */
#include "protocol/protocol_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_datagrams(data, size, PORT_TABLE_TCP, 443);
}
