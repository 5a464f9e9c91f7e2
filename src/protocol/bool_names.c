/* SPDX-License-Identifier: Apache-2.0 */
/* bool_names - what Wireshark calls the two values of booleans of several protocols. Those without are True
 * and False. */
#include "protocol/names.h"

const struct value_name set_names[] = { { 1, "Set" }, { 0, "Not set" }, { 0, NULL } };
const struct value_name yes_names[] = { { 1, "Yes" }, { 0, "No" }, { 0, NULL } };
const struct value_name egress_names[] = { { 1, "Egress" }, { 0, "Ingress" }, { 0, NULL } };

/* The bits of an Ethernet address: IEEE 802 section 8.2.2. */
const struct value_name lg_names[] = {
    { 1, "Locally administered address (this is NOT the factory default)" },
    { 0, "Globally unique address (factory default)" },
    { 0, NULL },
};
const struct value_name ig_names[] = {
    { 1, "Group address (multicast/broadcast)" },
    { 0, "Individual address (unicast)" },
    { 0, NULL },
};
