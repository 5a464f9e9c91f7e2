/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp_option_types - which options of DHCP (and suboptions of what relays put in) are but a number, a text
 * or addresses, and of which field: RFC 2132 and its many followers.
 */
#pragma once

#include "protocol/protocol.h"

enum dhcp_option_kind {
    DHCP_KIND_OTHER,
    DHCP_KIND_IPV4,
    DHCP_KIND_IPV4S,
    DHCP_KIND_TEXT,
    DHCP_KIND_U8,
    DHCP_KIND_U16,
    DHCP_KIND_U16S,
    DHCP_KIND_U32,
    DHCP_KIND_S32,
    DHCP_KIND_BYTES
};

struct dhcp_option_type {
    uint8_t kind; /* enum dhcp_option_kind */
    uint16_t field;
};

extern const struct dhcp_option_type dhcp_option_types[256]; /* by option */
extern const struct dhcp_option_type dhcp_agent_types[256];  /* by suboption of option 82 */
