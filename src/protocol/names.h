/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names - registries that several protocols name their values by. Each ends with a NULL name.
 */
#pragma once

#include "protocol/protocol.h"

extern const struct value_name ethertype_names[];
extern const struct value_name gre_type_names[];
extern const struct value_name ip_protocol_names[];
extern const struct value_name dscp_names[];
extern const struct value_name ecn_names[];
extern const struct value_name hardware_names[];

/* Of booleans. */
extern const struct value_name set_names[];
extern const struct value_name yes_names[];
extern const struct value_name egress_names[];
extern const struct value_name lg_names[];
extern const struct value_name ig_names[];
/* Of what captures are of: Wireshark's WTAP_ENCAP_* (frame.encap_type). */
extern const struct value_name wtap_encap_names[];
