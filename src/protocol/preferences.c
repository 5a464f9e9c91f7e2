/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/preferences.h"

/* As tshark 4.0 has them. */
const struct preferences preferences_default = {
    .ip_defragment = true,
    .ipv6_defragment = true,
    .tcp_desegment = true,
    .tcp_analyze = true,
    .tcp_relative = true,
    .tls_desegment_records = true,
    .tls_desegment_app_data = true,
};

enum protocol_id preferences_decoded(const struct preferences *preferences, enum port_table table,
                                     uint16_t port)
{
    for (uint16_t i = preferences->n_rules; i-- > 0;) {
        const struct decode_rule *rule = &preferences->rules[i];

        if (rule->table == table && rule->low <= port && port <= rule->high)
            return rule->protocol;
    }
    return PROTOCOL_NONE;
}
