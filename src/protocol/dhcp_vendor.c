/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dhcp_vendor.h"

#include "protocol/dhcp_fields.h"
#include "protocol/dhcp_part.h"

/* RFC 3925 section 3 */
bool dhcp_read_vendor_class(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    uint64_t len;

    if (option.len == 1) /* CableLabs' own */
        return dhcp_take_number(message, &r, 1, DHCP_OPTION_VI_CLASS_CL_ADDRESS_MODE, NULL);
    while (reader_left(&r) >= 5)
        if (!dhcp_take_number(message, &r, 4, DHCP_OPTION_VI_CLASS_ENTERPRISE, NULL) ||
            !dhcp_take_number(message, &r, 1, DHCP_OPTION_VI_CLASS_LENGTH, &len) ||
            !dhcp_take_text(message, &r, len, DHCP_OPTION_VI_CLASS_DATA))
            return false;
    return reader_left(&r) == 0 || dhcp_bad_length(message);
}

static bool read_vendor_suboptions(struct dhcp_message *message, struct reader *r)
{
    uint64_t len;

    while (reader_left(r) > 0) {
        if (!dhcp_take_number(message, r, 1, DHCP_VENDOR_SUBOPTION, NULL))
            return false;
        if (reader_left(r) == 0) {
            dhcp_add_number(message, DHCP_MISSING_SUBOPT_LENGTH, 1);
            return true;
        }
        if (!dhcp_take_number(message, r, 1, DHCP_OPTION_SUBOPTION_LENGTH, &len))
            return false;
        if (reader_left(r) < len) {
            dhcp_add_number(message, DHCP_MISSING_SUBOPT_VALUE, 1);
            return true;
        }
        if (!dhcp_take_bytes(message, r, len, DHCP_VENDOR_DATA))
            return false;
    }
    return true;
}

enum {
    ENTERPRISE_BROADBAND_FORUM = 3561,
    ENTERPRISE_CABLELABS = 4491
}; /* have suboptions that are not told apart */

/* The same, section 4. */
bool dhcp_read_vendor_information(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option), sub;
    uint64_t enterprise, len;

    while (reader_left(&r) >= 5) {
        if (!dhcp_take_number(message, &r, 4, DHCP_OPTION_VI_ENTERPRISE, &enterprise) ||
            !dhcp_take_number(message, &r, 1, DHCP_OPTION_VI_LENGTH, &len))
            return false;
        if (!reader_sub(&r, len, &sub)) {
            dhcp_add_number(message, DHCP_OPTION_ENTERPRISE_MALFORMED, 1);
            break;
        }
        if (enterprise != ENTERPRISE_BROADBAND_FORUM && enterprise != ENTERPRISE_CABLELABS &&
            !read_vendor_suboptions(message, &sub))
            return false;
    }
    return reader_left(&r) == 0 || dhcp_bad_length(message);
}

/* RFC 4243: as many enterprises as there are. */
static bool read_agent_vendor(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option), sub;
    uint64_t enterprise, len;

    while (reader_left(&r) > 0) {
        if (!dhcp_take_number(message, &r, 4, DHCP_OPTION_AGENT_INFORMATION_OPTION_VI_ENTERPRISE,
                              &enterprise) ||
            !dhcp_take_number(message, &r, 1, DHCP_OPTION_AGENT_INFORMATION_OPTION_VI_DATA_LENGTH, &len) ||
            !reader_sub(&r, len, &sub))
            return false;
        if (enterprise != ENTERPRISE_CABLELABS)
            dhcp_add_bytes(message, DHCP_OPTION_AGENT_INFORMATION_OPTION_VALUE, reader_rest(&sub));
    }
    return true;
}

static bool read_vrf(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);

    if (option.len == 1)
        return dhcp_take_number(message, &r, 1, DHCP_OPTION_AGENT_INFORMATION_OPTION_VRF_NAME_GLOBAL, NULL);
    if (option.len != 7)
        return dhcp_take_text(message, &r, option.len, DHCP_OPTION_AGENT_INFORMATION_OPTION_VRF_NAME);
    return dhcp_take_number(message, &r, 3, DHCP_OPTION_AGENT_INFORMATION_OPTION_VRF_NAME_VPN_ID_OUI, NULL) &&
           dhcp_take_number(message, &r, 4, DHCP_OPTION_AGENT_INFORMATION_OPTION_VRF_NAME_VPN_ID_INDEX, NULL);
}

/* What a relay put in: RFC 3046 section 2. */
bool dhcp_read_agent_information(struct dhcp_message *message, struct bytes option)
{
    struct reader r = reader_over(option);
    uint64_t code, len;
    struct bytes value;

    while (reader_left(&r) > 0) {
        bool is_read = true;

        if (reader_left(&r) == 1) {
            dhcp_add_number(message, DHCP_MISSING_SUBOPT_LENGTH, 1);
            return true;
        }
        if (!dhcp_take_number(message, &r, 1, DHCP_OPTION_AGENT_INFORMATION_OPTION_SUBOPTION, &code) ||
            !dhcp_take_number(message, &r, 1, DHCP_OPTION_SUBOPTION_LENGTH, &len))
            return false;
        if (!reader_bytes(&r, len, &value)) {
            dhcp_add_number(message, DHCP_MISSING_SUBOPT_VALUE, 1);
            return true;
        }
        dhcp_add_bytes(message, DHCP_OPTION_AGENT_INFORMATION_OPTION_VALUE, value);
        if (code == 9)
            is_read = read_agent_vendor(message, value);
        else if (code == 13)
            dhcp_add_bytes(message, DHCP_OPTION_AGENT_INFORMATION_OPTION_VALUE, (struct bytes) { 0 });
        else if (code == 16 && value.len == 6)
            dhcp_add_bytes(message, DHCP_OPTION_AGENT_INFORMATION_OPTION_ANI_AP_BSSID, value);
        else if (code == 19)
            dhcp_add_number(message, DHCP_OPTION_AGENT_INFORMATION_OPTION_SOURCE_PORT, 1);
        else if (code == 151)
            is_read = read_vrf(message, value);
        else
            is_read = dhcp_read_typed(message, &dhcp_agent_types[code], value);
        if (!is_read)
            return false;
    }
    return true;
}
