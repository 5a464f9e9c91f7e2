/* SPDX-License-Identifier: Apache-2.0 */
/* The blobs of a devices.db that somebody else made. */
#include <stdlib.h>

#include "archive/device_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct device_spans spans = { 0 };
    struct device_keys keys = { 0 };

    (void)device_spans_decode(bytes_of(data, size), &spans);
    (void)device_keys_decode(bytes_of(data, size), 0, &keys);
    free(spans.items);
    free(keys.items);
    return 0;
}
