/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp_option - one option of a DHCP message, RFC 2132 and its many followers: a table for those that are a
 * number, a text or addresses, code for those with parts of their own.
 */
#pragma once

#include "protocol/dissection.h"

enum { /* options that the code itself acts on */
       DHCP_OPTION_PAD = 0,
       DHCP_OPTION_OVERLOADED = 52,
       DHCP_OPTION_MESSAGE_TYPE = 53,
       DHCP_OPTION_VENDOR_CLASS = 60,
       DHCP_OPTION_DOMAIN_SEARCH = 119,
       DHCP_OPTION_SIP_SERVERS = 120,
       DHCP_OPTION_END_OF_ALL = 255,
};

enum { DHCP_OVERLOADS_FILE = 1, DHCP_OVERLOADS_SERVER = 2 }; /* RFC 2132 section 9.3 */

/* What is known of a message before its options are shown. */
struct dhcp_message {
    struct dissection *d;
    struct bytes bytes; /* all of it, as far as captured */
    uint8_t overload;   /* mask of DHCP_OVERLOADS_* */
    uint8_t type;       /* 0: BOOTP, no option says */
    struct bytes vendor_class;
    struct bytes domain_search;              /* option 119, all its pieces together (RFC 3396) */
    struct bytes sip_servers;                /* option 120, likewise */
    uint16_t n_domain_search, n_sip_servers; /* pieces; and how many were shown */
    uint16_t shown_domain_search, shown_sip_servers;
};

/* Adds what an option holds; false where it cannot be what it says. */
bool dhcp_option_read(struct dhcp_message *message, uint8_t code, struct bytes option);
