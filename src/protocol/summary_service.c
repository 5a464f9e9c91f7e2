/* SPDX-License-Identifier: Apache-2.0 */
/* summary_service - what devices ask of their network: DHCP (RFC 2131), with the name a device gives itself
 * and the address it is given, and NTP (RFC 5905). */
#include "protocol/summary_sentence.h"

enum { BOOTP_TYPE, MESSAGE, TRANSACTION, HOST_NAME, YOUR_ADDRESS };

static const char *const dhcp_field_names[] = {
    [BOOTP_TYPE] = "dhcp.type",           [MESSAGE] = "dhcp.option.dhcp",  [TRANSACTION] = "dhcp.id",
    [HOST_NAME] = "dhcp.option.hostname", [YOUR_ADDRESS] = "dhcp.ip.your",
};

enum { DHCP_DECLINE = 4, DHCP_NAK = 6 };

static void put_dhcp(struct sentence *s)
{
    struct value value;
    const char *name;
    uint64_t transaction = 0, type;

    if (sentence_value(s, MESSAGE, &value)) {
        name = sentence_name(&value);
        sentence_printf(s, "DHCP %-8.20s", name ? name : "message");
        if (value.number == DHCP_DECLINE || value.number == DHCP_NAK)
            sentence_warn(s, SUMMARY_ERROR);
    } else {
        sentence_put(s, sentence_number(s, BOOTP_TYPE, &type) && type == 2 ? "Boot Reply" : "Boot Request");
    }
    if (sentence_number(s, TRANSACTION, &transaction))
        sentence_printf(s, " - Transaction ID 0x%x", (unsigned)transaction);
    if (sentence_value(s, YOUR_ADDRESS, &value) && value.bytes.len == 4 &&
        memcmp(value.bytes.data, "\0\0\0\0", 4) != 0) {
        sentence_put(s, ", address ");
        sentence_put_value(s, &value);
    }
    if (sentence_value(s, HOST_NAME, &value)) {
        sentence_put(s, ", host name ");
        sentence_put_text(s, value.bytes);
    }
}

const struct summary_trade summary_dhcp = {
    .label = "DHCP",
    .fields = dhcp_field_names,
    .n_fields = sizeof dhcp_field_names / sizeof *dhcp_field_names,
    .put = put_dhcp,
};

enum { NTP_VERSION, NTP_MODE };

static const char *const ntp_field_names[] = {
    [NTP_VERSION] = "ntp.flags.vn", [NTP_MODE] = "ntp.flags.mode"
};

static void put_ntp(struct sentence *s)
{
    uint64_t version;

    if (sentence_number(s, NTP_VERSION, &version))
        sentence_printf(s, "NTP Version %u, ", (unsigned)version);
    sentence_put_named(s, NTP_MODE, "mode");
}

const struct summary_trade summary_ntp = {
    .label = "NTP",
    .fields = ntp_field_names,
    .n_fields = sizeof ntp_field_names / sizeof *ntp_field_names,
    .put = put_ntp,
};
