/* SPDX-License-Identifier: Apache-2.0 */
/* The input as a certificate: whatever names are found in it lie within it. */
#include "device/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sighting seen;

    memset(&seen, 0, sizeof seen);
    identity_certificate(bytes_of(data, size), &seen);
    for (unsigned i = 0; i < seen.n_names; i++) {
        assert(seen.names[i].identity.data >= data);
        assert(seen.names[i].identity.data + seen.names[i].identity.len <= data + size);
    }
    return 0;
}
