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
