/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dhcp_option.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "protocol/dhcp_fields.h"
#include "protocol/dhcp_option_types.h"
#include "protocol/dhcp_part.h"
#include "protocol/dhcp_vendor.h"
#include "protocol/text_value.h"

/* Pairs of addresses: RFC 2132 sections 4.3 and 5.8. */
static bool read_pairs(struct dhcp_message *message, struct bytes option, unsigned first, unsigned second)
{
    struct reader r = reader_over(option);

    while (reader_left(&r) >= 8)
        if (!dhcp_take_bytes(message, &r, 4, first) || !dhcp_take_bytes(message, &r, 4, second))
            return false;
    return reader_left(&r) == 0 || dhcp_bad_length(message);
}

enum { HARDWARE_ETHERNET = 1, HARDWARE_IEEE802 = 6 };

/* A hardware address as text: with colons where it is a MAC address. */
static void add_hardware(struct dhcp_message *message, unsigned field, uint32_t type, struct bytes address)
{
    static const char digits[] = "0123456789abcdef";
    bool is_mac = (type == HARDWARE_ETHERNET || type == HARDWARE_IEEE802) && address.len == 6;
    uint8_t *text;
    size_t len = 0;

    if (address.len == 0) {
        dhcp_add_bytes(message, field, bytes_text("<No address>"));
        return;
    }
    if (!dissection_wants(message->d, PROTOCOL_DHCP, field) ||
        (text = dissection_scratch(message->d, address.len * 3)) == NULL)
        return;
    for (size_t i = 0; i < address.len; i++) {
        if (is_mac && i > 0)
            text[len++] = ':';
        text[len++] = (uint8_t)digits[address.data[i] >> 4];
        text[len++] = (uint8_t)digits[address.data[i] & 15];
    }
    dhcp_add_bytes(message, field, bytes_of(text, len));
}

enum duid_type {
    DUID_LINK_LAYER_TIME = 1,
    DUID_ENTERPRISE = 2,
    DUID_LINK_LAYER = 3
}; /* RFC 8415 section 11 */

/* RFC 4361 section 6.1: an association's id, and who is the client for all protocols. */
static bool read_duid(struct dhcp_message *message, struct reader *r)
{
    uint64_t type, hardware;
    struct bytes iaid;

    if (!reader_skip(r, 1) || !reader_bytes(r, 4, &iaid))
        return false;
    add_hardware(message, DHCP_CLIENT_ID_IAID, 255, iaid);
    if (!dhcp_take_number(message, r, 2, DHCP_CLIENT_ID_DUID_TYPE, &type))
        return false;
    switch (type) {
    case DUID_LINK_LAYER_TIME:
        if (!dhcp_take_number(message, r, 2, DHCP_CLIENT_ID_DUID_LLT_HW_TYPE, &hardware) ||
            !dhcp_take_number(message, r, 4, DHCP_CLIENT_ID_TIME, NULL))
            return false;
        add_hardware(message, DHCP_CLIENT_ID_LINK_LAYER_ADDRESS, (uint32_t)hardware, reader_rest(r));
        return true;
    case DUID_ENTERPRISE:
        return dhcp_take_number(message, r, 4, DHCP_CLIENT_ID_ENTERPRISE_NUM, NULL) &&
               dhcp_take_bytes(message, r, reader_left(r), DHCP_CLIENT_ID);
    case DUID_LINK_LAYER:
        if (!dhcp_take_number(message, r, 2, DHCP_CLIENT_ID_DUID_LL_HW_TYPE, &hardware))
            return false;
        add_hardware(message, DHCP_CLIENT_ID_LINK_LAYER_ADDRESS, (uint32_t)hardware, reader_rest(r));
        return true;
    default:
        return true;
    }
}

static bool is_mac_id(struct bytes option)
{
    return option.len == 7 && (option.data[0] == HARDWARE_ETHERNET || option.data[0] == HARDWARE_IEEE802);
}

/* RFC 2132 section 9.14: a hardware address behind its type, or whatever else is the client's own. */
static bool read_client_id(struct dhcp_message *message, struct bytes option, bool has_more_forms)
{
    struct reader r = reader_over(option);
    uint8_t type = option.len ? option.data[0] : 0;

    if (is_mac_id(option))
        return dhcp_take_number(message, &r, 1, DHCP_HW_TYPE, NULL) &&
               dhcp_take_bytes(message, &r, 6, DHCP_HW_MAC_ADDR);
    if (option.len == 7 && type > 0 && type < 48) /* an address that has no name of its own here */
        return dhcp_take_number(message, &r, 1, DHCP_HW_TYPE, NULL);
    if (!has_more_forms || (option.len == 17 && type == 0)) /* a UUID: fields have no such type here */
        return true;
    if (type == 255)
        return read_duid(message, &r);
    if (type == 0 && option.len > 1)
        return dhcp_take_number(message, &r, 1, DHCP_CLIENT_ID_TYPE, NULL) &&
               dhcp_take_text(message, &r, reader_left(&r), DHCP_CLIENT_ID_UNDEF);
    return true;
}

/* RFC 3004 section 4; many clients send plain text instead. */
static bool read_user_class(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    size_t left = option.len;

    if (option.len < 2)
        return dhcp_bad_length(message);
    for (uint64_t n = 0; reader_left(&r) > 0; n++) {
        uint64_t len = *r.at;

        if (len >= left)
            return dhcp_take_text(message, &r, left < reader_left(&r) ? left : reader_left(&r),
                                  DHCP_OPTION_USER_CLASS_TEXT);
        dhcp_add_number(message, DHCP_OPTION_USER_CLASS, n);
        if (!dhcp_take_number(message, &r, 1, DHCP_OPTION_USER_CLASS_LENGTH, NULL))
            return false;
        if (len == 0)
            return dhcp_bad_length(message);
        if (!dhcp_take_bytes(message, &r, len, DHCP_OPTION_USER_CLASS_DATA))
            return false;
        left -= len + 1;
    }
    return true;
}

/* RFC 2610 section 3 */
static bool read_directory_agent(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    uint64_t value;

    if (!dhcp_take_number(message, &r, 1, DHCP_OPTION_SLP_DIRECTORY_AGENT_VALUE, &value))
        return dhcp_bad_length(message);
    if (value == 0x80 && !reader_skip(&r, 1))
        return true;
    return dhcp_take_each(message, &r, 4, DHCP_OPTION_SLP_DIRECTORY_AGENT_SLPDA_ADDRESS);
}

/* RFC 4702 section 2: the name in ASCII, or as DNS has it. */
static bool read_fqdn(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    uint64_t flags;

    if (option.len < 3)
        return dhcp_bad_length(message);
    if (!dhcp_take_number(message, &r, 1, DHCP_FQDN_FLAGS, &flags))
        return false;
    dhcp_add_number(message, DHCP_FQDN_MBZ, flags >> 4);
    dhcp_add_number(message, DHCP_FQDN_N, flags >> 3 & 1);
    dhcp_add_number(message, DHCP_FQDN_E, flags >> 2 & 1);
    dhcp_add_number(message, DHCP_FQDN_O, flags >> 1 & 1);
    dhcp_add_number(message, DHCP_FQDN_S, flags & 1);
    if (!dhcp_take_number(message, &r, 1, DHCP_FQDN_RCODE1, NULL) ||
        !dhcp_take_number(message, &r, 1, DHCP_FQDN_RCODE2, NULL))
        return false;
    if (reader_left(&r) == 0)
        return true;
    return flags & 4 ? dhcp_take_name(message, reader_rest(&r), &r, DHCP_FQDN_NAME)
                     : dhcp_take_text(message, &r, reader_left(&r), DHCP_FQDN_NAME);
}

enum { AUTHENTICATION_DELAYED = 1, AUTHENTICATION_HMAC_MD5 = 1, AUTHENTICATION_COUNTER = 0 };

/* RFC 3118 section 2 */
static bool read_authentication(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    uint64_t protocol, algorithm, replay;
    bool is_delayed;

    if (option.len < 11)
        return dhcp_bad_length(message);
    if (!dhcp_take_number(message, &r, 1, DHCP_OPTION_DHCP_AUTHENTICATION_PROTOCOL, &protocol))
        return false;
    is_delayed = protocol == AUTHENTICATION_DELAYED;
    if (!dhcp_take_number(message, &r, 1,
                          is_delayed ? DHCP_OPTION_DHCP_AUTHENTICATION_ALG_DELAY
                                     : DHCP_OPTION_DHCP_AUTHENTICATION_ALGORITHM,
                          &algorithm) ||
        !dhcp_take_number(message, &r, 1, DHCP_OPTION_DHCP_AUTHENTICATION_RDM, &replay))
        return false;
    if (!(replay == AUTHENTICATION_COUNTER
              ? dhcp_take_number(message, &r, 8, DHCP_OPTION_DHCP_AUTHENTICATION_RDM_REPLAY_DETECTION, NULL)
              : dhcp_take_text(message, &r, 8, DHCP_OPTION_DHCP_AUTHENTICATION_RDM_RDV)))
        return false;
    if (!is_delayed || algorithm != AUTHENTICATION_HMAC_MD5)
        return reader_left(&r) == 0 ||
               dhcp_take_text(message, &r, reader_left(&r), DHCP_OPTION_DHCP_AUTHENTICATION_INFORMATION);
    if (message->type == 1) /* a DHCPDISCOVER asks for it: section 5.1 */
        return true;
    if (reader_left(&r) < 20)
        return dhcp_bad_length(message);
    return dhcp_take_number(message, &r, 4, DHCP_OPTION_DHCP_AUTHENTICATION_SECRET_ID, NULL) &&
           dhcp_take_bytes(message, &r, 16, DHCP_OPTION_DHCP_AUTHENTICATION_HMAC_MD5_HASH);
}

/* RFC 4776 section 3.1 */
static bool read_civic_location(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    uint64_t len;

    if (option.len < 3)
        return true;
    if (!dhcp_take_number(message, &r, 1, DHCP_OPTION_CIVIC_LOCATION_WHAT, NULL) ||
        !dhcp_take_text(message, &r, 2, DHCP_OPTION_CIVIC_LOCATION_COUNTRY))
        return false;
    while (reader_left(&r) >= 2) {
        if (!dhcp_take_number(message, &r, 1, DHCP_OPTION_CIVIC_LOCATION_CA_TYPE, NULL) ||
            !dhcp_take_number(message, &r, 1, DHCP_OPTION_CIVIC_LOCATION_CA_LENGTH, &len))
            return false;
        if (len > reader_left(&r)) {
            dhcp_add_number(message, DHCP_OPTION_CIVIC_LOCATION_BAD_CATTYPE, 1);
            return true;
        }
        if (len > 0 && !dhcp_take_text(message, &r, len, DHCP_OPTION_CIVIC_LOCATION_CA_VALUE))
            return false;
    }
    return true;
}

/* RFC 2937 section 3: options in the order they are to be used. */
static bool read_name_services(struct dhcp_message *message, struct bytes option)
{
    static const struct {
        uint16_t code;
        const char *name;
    } known[] = {
        { 0, "Local naming information (e.g., an /etc/hosts file on a UNIX machine) (0)" },
        { 6, "Domain Name Server Option (6)" },
        { 41, "Network Information Servers Option (41)" },
        { 44, "NetBIOS over TCP/IP Name Server Option (44)" },
        { 65, "Network Information Service+ Servers Option (65)" },
    };
    struct reader r = reader_over(option);
    uint16_t code;

    if (option.len < 2 || option.len & 1)
        return dhcp_bad_length(message);
    while (reader_u16(&r, &code)) {
        const char *name = NULL;

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (known[i].code == code)
                name = known[i].name;
        if (name)
            dhcp_add_bytes(message, DHCP_OPTION_DHCP_NAME_SERVICE_SEARCH_OPTION, bytes_text(name));
        else
            dhcp_add_number(message, DHCP_OPTION_DHCP_NAME_SERVICE_INVALID, 1);
    }
    return true;
}

/* An option in pieces, RFC 3396: "1/2" for each, and where the whole is shown. True at the last piece. */
static bool is_last_piece(struct dhcp_message *message, uint16_t n, uint16_t *shown, unsigned each,
                          unsigned last)
{
    uint8_t *text;
    int len;

    ++*shown;
    if (n <= 1)
        return true;
    for (unsigned i = 0; i < 2; i++) {
        if (i == 1 && *shown == n)
            return true;
        text = dissection_scratch(message->d, 16);
        if (text == NULL)
            return false;
        len = snprintf((char *)text, 16, "%u/%u", i == 0 ? *shown : n, n);
        dhcp_add_bytes(message, i == 0 ? each : last, bytes_of(text, (size_t)len));
    }
    return false;
}

/* RFC 3397 section 2 */
static bool read_domain_search(struct dhcp_message *message)
{
    struct reader r = reader_over(message->domain_search);

    if (!is_last_piece(message, message->n_domain_search, &message->shown_domain_search,
                       DHCP_OPTION_DHCP_DNS_DOMAIN_SEARCH_LIST_RFC_3396_DETECTED,
                       DHCP_OPTION_DHCP_DNS_DOMAIN_SEARCH_LIST_REFER_LAST_OPTION))
        return true;
    while (reader_left(&r) > 0)
        if (!dhcp_take_name(message, message->domain_search, &r,
                            DHCP_OPTION_DHCP_DNS_DOMAIN_SEARCH_LIST_FQDN))
            return false;
    return true;
}

/* RFC 3361 section 3 */
static bool read_sip_servers(struct dhcp_message *message)
{
    struct reader r = reader_over(message->sip_servers);
    struct bytes names;
    uint64_t encoding;

    if (!is_last_piece(message, message->n_sip_servers, &message->shown_sip_servers,
                       DHCP_OPTION_SIP_SERVER_RFC_3396_DETECTED, DHCP_OPTION_SIP_SERVER_REFER_LAST_OPTION) ||
        message->sip_servers.len == 0)
        return true;
    if (!dhcp_take_number(message, &r, 1, DHCP_OPTION_SIP_SERVER_ENCODING, &encoding))
        return false;
    if (encoding > 1) {
        dhcp_add_number(message, DHCP_OPTION_SIP_SERVER_ADDRESS_ENCODING, 1);
        return true;
    }
    if (reader_left(&r) < (encoding == 0 ? 2 : 4) || (encoding == 1 && reader_left(&r) % 4))
        return dhcp_bad_length(message);
    if (encoding == 1)
        return dhcp_take_each(message, &r, 4, DHCP_OPTION_SIP_SERVER_ADDRESS);
    names = reader_rest(&r);
    while (reader_left(&r) > 0)
        if (!dhcp_take_name(message, names, &r, DHCP_OPTION_SIP_SERVER_NAME))
            return false;
    return true;
}

/* RFC 3442: a prefix as short as its length allows, and the router to it. */
static bool read_classless_routes(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    struct bytes route;

    if (option.len < 5)
        return dhcp_bad_length(message);
    while (reader_left(&r) > 0) {
        size_t prefix_len = *r.at, len = 1 + (prefix_len + 7) / 8 + 4;

        if (prefix_len > 32) {
            dhcp_add_number(message, DHCP_OPTION_CLASSLESS_STATIC_ROUTE_INVALID, 1);
            return true;
        }
        if (!reader_bytes(&r, len, &route))
            return false;
        dhcp_add_bytes(message, DHCP_OPTION_CLASSLESS_STATIC_ROUTE, route);
    }
    return true;
}

/* RFC 6731 section 4.3 */
static bool read_rdnss(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    uint8_t flags;

    if (option.len < 10 || !reader_u8(&r, &flags))
        return dhcp_bad_length(message);
    dhcp_add_number(message, DHCP_OPTION_RDNSS_RESERVED, flags >> 2);
    dhcp_add_number(message, DHCP_OPTION_RDNSS_PREFERENCE, flags & 3);
    return dhcp_take_bytes(message, &r, 4, DHCP_OPTION_RDNSS_PRIMARY_DNS) &&
           dhcp_take_bytes(message, &r, 4, DHCP_OPTION_RDNSS_SECONDARY_DNS) &&
           dhcp_take_name(message, reader_rest(&r), &r, DHCP_OPTION_RDNSS_DOMAIN);
}

/* Seconds as NTP counts them, in 32 bits: RFC 6926 section 6.2. */
static bool read_time(struct dhcp_message *message, struct bytes option, unsigned field)
{
    enum { SECONDS_1900_TO_1970 = 2208988800, SECONDS_1970_TO_2036 = 2085978496 };
    struct reader r = reader_over(option);
    uint32_t seconds;
    int64_t unix_seconds;

    if (option.len != 4 || !reader_u32(&r, &seconds))
        return dhcp_bad_length(message);
    unix_seconds =
        seconds >> 31 ? (int64_t)seconds - SECONDS_1900_TO_1970 : (int64_t)seconds + SECONDS_1970_TO_2036;
    dhcp_add_number(message, field, seconds ? (uint64_t)(unix_seconds * NS_PER_SECOND) : 0);
    return true;
}

/* RFC 7291 section 4 */
static bool read_pcp_servers(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    uint64_t len;

    if (option.len < 5)
        return dhcp_bad_length(message);
    while (reader_left(&r) >= 5) {
        if (!dhcp_take_number(message, &r, 1, DHCP_OPTION_PCP_LIST_LENGTH, &len))
            return false;
        for (uint64_t at = 1; len % 4 == 1 && at < len && reader_left(&r) >= 4; at += 4)
            if (!dhcp_take_bytes(message, &r, 4, DHCP_OPTION_PCP_SERVER))
                return false;
    }
    return true;
}

/* RFC 5969 section 7.1.1 */
static bool read_6rd(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);

    if (option.len < 22) {
        dhcp_add_number(message, DHCP_OPTION_6RD_MALFORMED, 1);
        return true;
    }
    return dhcp_take_number(message, &r, 1, DHCP_OPTION_6RD_IPV4_MASK_LEN, NULL) &&
           dhcp_take_number(message, &r, 1, DHCP_OPTION_6RD_PREFIX_LEN, NULL) &&
           dhcp_take_bytes(message, &r, 16, DHCP_OPTION_6RD_PREFIX) &&
           dhcp_take_each(message, &r, 4, DHCP_OPTION_6RD_BORDER_RELAY_IP);
}

/* Option 43 says what the class of option 60 makes of it; those that do are not told apart here. */
static bool is_vendor_known(const struct dhcp_message *message)
{
    static const char *const known[] = { "PXEClient", "AAPLBSDPC",    "docsis",
                                         "pktc",      "OpenCable2.0", "CableHome" };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (message->vendor_class.len >= strlen(known[i]) &&
            memcmp(message->vendor_class.data, known[i], strlen(known[i])) == 0)
            return true;
    return false;
}

bool dhcp_option_read(struct dhcp_message *message, uint8_t code, struct bytes option)
{
    struct reader r = reader_over(option);
    uint8_t type;

    switch (code) {
    case 21:
        return read_pairs(message, option, DHCP_OPTION_POLICY_FILTER_IP,
                          DHCP_OPTION_POLICY_FILTER_SUBNET_MASK);
    case 33:
        return read_pairs(message, option, DHCP_OPTION_STATIC_ROUTE_IP, DHCP_OPTION_STATIC_ROUTE_ROUTER);
    case 43:
        if (!is_vendor_known(message))
            dhcp_add_bytes(message, DHCP_OPTION_VENDOR_VALUE, option);
        return true;
    case DHCP_OPTION_MESSAGE_TYPE:
        return dhcp_take_number(message, &r, 1, DHCP_OPTION_DHCP, NULL);
    case 55:
        return dhcp_take_each(message, &r, 1, DHCP_OPTION_REQUEST_LIST_ITEM);
    case DHCP_OPTION_VENDOR_CLASS:
        dhcp_add_text(message, DHCP_OPTION_VENDOR_CLASS_ID, option);
        return true;
    case 61:
        return read_client_id(message, option, true);
    case 77:
        return read_user_class(message, option);
    case 78:
        return read_directory_agent(message, option);
    case 79:
        return dhcp_take_number(message, &r, 1, DHCP_OPTION_SLP_SERVICE_SCOPE_VALUE, NULL) &&
               dhcp_take_text(message, &r, reader_left(&r), DHCP_OPTION_SLP_SERVICE_SCOPE_STRING);
    case 81:
        return read_fqdn(message, option);
    case 82:
        return dhcp_read_agent_information(message, option);
    case 85:
        return dhcp_take_each(message, &r, 4, DHCP_OPTION_NOVELL_DSS_IP);
    case 90:
        return read_authentication(message, option);
    case 93:
        return dhcp_take_each(message, &r, 2, DHCP_OPTION_CLIENT_SYSTEM_ARCHITECTURE);
    case 94: /* RFC 4578 section 2.2 */
        if (!reader_u8(&r, &type))
            return false;
        return type != 1 || (dhcp_take_number(message, &r, 1, DHCP_CLIENT_NETWORK_ID_MAJOR, NULL) &&
                             dhcp_take_number(message, &r, 1, DHCP_CLIENT_NETWORK_ID_MINOR, NULL));
    case 97:
        return read_client_id(message, option, false);
    case 99:
        return read_civic_location(message, option);
    case 114:
    case 160:
        dhcp_add_text(message, DHCP_OPTION_CAPTIVE_PORTAL, option);
        return true;
    case 117:
        return read_name_services(message, option);
    case DHCP_OPTION_DOMAIN_SEARCH:
        return read_domain_search(message);
    case DHCP_OPTION_SIP_SERVERS:
        return read_sip_servers(message);
    case 121:
    case 249:
        return read_classless_routes(message, option);
    case 124:
        return dhcp_read_vendor_class(message, option);
    case 125:
        return dhcp_read_vendor_information(message, option);
    case 145:
        return dhcp_take_each(message, &r, 1, DHCP_OPTION_FORCERENEW_NONCE_ALGORITHM);
    case 146:
        return read_rdnss(message, option);
    case 151:
        if (!dhcp_take_number(message, &r, 1, DHCP_OPTION_BULK_LEASE_STATUS_CODE, NULL))
            return dhcp_bad_length(message);
        if (reader_left(&r) > 0 &&
            dissection_wants(message->d, PROTOCOL_DHCP, DHCP_OPTION_BULK_LEASE_STATUS_CODE_MESSAGE))
            dhcp_add_bytes(message, DHCP_OPTION_BULK_LEASE_STATUS_CODE_MESSAGE,
                           text_value_utf8(message->d, reader_rest(&r)));
        return true;
    case 152:
        return read_time(message, option, DHCP_OPTION_BULK_LEASE_BASE_TIME);
    case 154:
        return read_time(message, option, DHCP_OPTION_BULK_LEASE_QUERY_START_TIME);
    case 155:
        return read_time(message, option, DHCP_OPTION_BULK_LEASE_QUERY_END_TIME);
    case 158:
        return read_pcp_servers(message, option);
    case 159: /* RFC 7618 section 9 */
        if (option.len != 4)
            return dhcp_bad_length(message);
        return dhcp_take_number(message, &r, 1, DHCP_OPTION_PORTPARAMS_OFFSET, NULL) &&
               dhcp_take_number(message, &r, 1, DHCP_OPTION_PORTPARAMS_PSID_LENGTH, NULL) &&
               dhcp_take_bytes(message, &r, 2, DHCP_OPTION_PORTPARAMS_PSID);
    case 212:
        return read_6rd(message, option);
    default:
        return dhcp_read_typed(message, &dhcp_option_types[code], option);
    }
}
