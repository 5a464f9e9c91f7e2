/* SPDX-License-Identifier: Apache-2.0 */
/* What a user may type behind -o and -d. */
#include "protocol/preferences.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct preferences preferences = preferences_default;
    struct error error = { 0 };
    char text[512];
    size_t len = size < sizeof text ? size : sizeof text - 1;

    if (len > 0)
        memcpy(text, data, len);
    text[len] = 0;
    if (!preferences_set(&preferences, text, &error) && error.kind != ERROR_USAGE)
        __builtin_trap();
    if (!preferences_decode_as(&preferences, text, &error) && error.kind != ERROR_USAGE)
        __builtin_trap();
    return 0;
}
