/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dns_option.h"

#include "protocol/text_value.h"

enum dns_option_code { /* IANA "DNS EDNS0 Option Codes" */
                       OPTION_DAU = 5,
                       OPTION_DHU = 6,
                       OPTION_N3U = 7,
                       OPTION_CLIENT_SUBNET = 8,
                       OPTION_COOKIE = 10,
                       OPTION_TCP_KEEPALIVE = 11,
                       OPTION_PADDING = 12,
                       OPTION_CHAIN = 13,
                       OPTION_EXTENDED_ERROR = 15,
                       OPTION_CLIENT_SUBNET_DRAFT = 0x50fa, /* before RFC 7871 */
};

enum { COOKIE_CLIENT_BYTES = 8 }; /* RFC 7873 section 4 */

static void add_bytes(struct rdata *data, unsigned field, struct bytes bytes)
{
    dissection_add_bytes(data->message->d, DNS_FIELD(field), bytes);
}

static void add_each(struct rdata *data, unsigned field, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        dissection_add_number(data->message->d, DNS_FIELD(field), bytes.data[i]);
}

/* RFC 7871 section 6: as many bytes of the address as the mask needs. */
static bool client_subnet(struct rdata *data, struct bytes option)
{
    struct dissection *d = data->message->d;
    struct reader r = reader_over(option);
    uint64_t family;
    struct bytes part;
    uint8_t *address;
    size_t len;

    if (!dns_number(data->message, &r, 2, DNS_OPT_CLIENT_FAMILY, &family) ||
        !dns_number(data->message, &r, 1, DNS_OPT_CLIENT_NETMASK, NULL) ||
        !dns_number(data->message, &r, 1, DNS_OPT_CLIENT_SCOPE, NULL))
        return false;
    part = reader_rest(&r);
    if (part.len > 16) {
        dissection_add_number(d, DNS_FIELD(DNS_RR_OPT_BAD_LENGTH), 1);
        part.len = 16;
    }
    if (family != 1 && family != 2) {
        add_bytes(data, DNS_OPT_CLIENT_ADDR, reader_rest(&r));
        return true;
    }
    len = family == 1 ? 4 : 16;
    address = dissection_scratch(d, len);
    if (address == NULL)
        return true;
    memcpy(address, part.data, part.len < len ? part.len : len);
    add_bytes(data, family == 1 ? DNS_OPT_CLIENT_ADDR4 : DNS_OPT_CLIENT_ADDR6, bytes_of(address, len));
    return true;
}

static bool option_read(struct rdata *data, uint64_t code, struct bytes option)
{
    struct dissection *d = data->message->d;
    struct reader r = reader_over(option);
    struct bytes bytes;

    switch (code) {
    case OPTION_DAU:
        add_each(data, DNS_OPT_DAU, option);
        return true;
    case OPTION_DHU:
        add_each(data, DNS_OPT_DHU, option);
        return true;
    case OPTION_N3U:
        add_each(data, DNS_OPT_N3U, option);
        return true;
    case OPTION_CLIENT_SUBNET_DRAFT:
        dissection_add_number(d, DNS_FIELD(DNS_DEPR_OPC), 1);
        return client_subnet(data, option);
    case OPTION_CLIENT_SUBNET:
        return client_subnet(data, option);
    case OPTION_COOKIE:
        if (!reader_bytes(&r, COOKIE_CLIENT_BYTES, &bytes))
            return false;
        add_bytes(data, DNS_OPT_COOKIE_CLIENT, bytes);
        add_bytes(data, DNS_OPT_COOKIE_SERVER, reader_rest(&r));
        return true;
    case OPTION_TCP_KEEPALIVE:
        return option.len != 2 || dns_number(data->message, &r, 2, DNS_OPT_EDNS_TCP_KEEPALIVE_TIMEOUT, NULL);
    case OPTION_PADDING:
        add_bytes(data, DNS_OPT_PADDING, option);
        return true;
    case OPTION_CHAIN:
        if (option.len > 0 && dissection_wants(d, PROTOCOL_DNS, DNS_OPT_CHAIN_FQDN))
            add_bytes(data, DNS_OPT_CHAIN_FQDN, text_value_until_nul(text_value_ascii(d, option)));
        return true;
    case OPTION_EXTENDED_ERROR:
        if (option.len < 2)
            return true;
        if (!dns_number(data->message, &r, 2, DNS_OPT_EXT_ERROR_INFO_CODE, NULL))
            return false;
        if (option.len > 2 && dissection_wants(d, PROTOCOL_DNS, DNS_OPT_EXT_ERROR_EXTRA_TEXT))
            add_bytes(data, DNS_OPT_EXT_ERROR_EXTRA_TEXT, text_value_utf8(d, reader_rest(&r)));
        return true;
    default:
        return true;
    }
}

bool dns_options(struct rdata *data)
{
    while (rdata_left(data) > 0) {
        uint64_t code, len;
        struct bytes option;

        dissection_add_number(data->message->d, DNS_FIELD(DNS_OPT), 1);
        if (!dns_number(data->message, &data->r, 2, DNS_OPT_CODE, &code) ||
            !dns_number(data->message, &data->r, 2, DNS_OPT_LEN, &len) ||
            !reader_bytes(&data->r, len, &option))
            return false;
        add_bytes(data, DNS_OPT_DATA, option);
        if (!option_read(data, code, option))
            return false;
    }
    return true;
}
