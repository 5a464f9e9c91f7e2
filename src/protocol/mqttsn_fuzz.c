/* SPDX-License-Identifier: Apache-2.0 */
/* mqttsn_fuzz - MQTT-SN in datagrams, to which decode-as leads. */
#include "protocol/protocol_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct preferences preferences = preferences_default;

    preferences.n_rules = 1;
    preferences.rules[0] = (struct decode_rule) {
        .table = PORT_TABLE_UDP, .low = 1884, .high = 1884, .protocol = PROTOCOL_MQTTSN
    };
    return fuzz_datagrams_by(data, size, PORT_TABLE_UDP, 1884, &preferences);
}
