/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp_vendor - options of DHCP that carry options of others: of vendors (RFC 3925), and of the relay between
 * (RFC 3046). What single vendors put into theirs is not taken apart.
 *
 * They add what there is; false where it cannot be what it says.
 */
#pragma once

#include "protocol/dhcp_option.h"

bool dhcp_read_vendor_class(struct dhcp_message *message, struct bytes option);       /* 124 */
bool dhcp_read_vendor_information(struct dhcp_message *message, struct bytes option); /* 125 */
bool dhcp_read_agent_information(struct dhcp_message *message, struct bytes option);  /* 82 */
