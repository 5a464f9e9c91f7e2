/* SPDX-License-Identifier: Apache-2.0 */
/* GRE behind its UDP port, and ERSPAN in it. */
#include "protocol/protocol_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_datagrams(data, size, PORT_TABLE_UDP, 4754);
}
