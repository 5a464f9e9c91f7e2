/* SPDX-License-Identifier: Apache-2.0 */
/* mqtt_fuzz - MQTT in a TCP conversation; the first byte says which version to take it for at first. */
#include "protocol/protocol_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct preferences preferences = preferences_default;

    if (size == 0)
        return 0;
    preferences.mqtt_default_version = data[0] % 6;
    return fuzz_datagrams_by(data + 1, size - 1, PORT_TABLE_TCP, 1883, &preferences);
}
