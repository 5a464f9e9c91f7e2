/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M TLV. */
#include "protocol/coap_payload_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_coap_payload(data, size, 11542);
}
