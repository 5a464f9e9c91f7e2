/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/status_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct recorder_status status;
    struct error error;

    return status_parse(bytes_of(data, size), &status, &error) && status.n_sources > STATUS_SOURCES ? -1 : 0;
}
