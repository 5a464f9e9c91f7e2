/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_dhcp - DHCP over IPv4 (RFC 2131): hardware address, client id (option 61) and host name (option
 * 12) of a client, and the address that a server let it have, for how long.
 */
#include "device/identity.h"

enum {
    FIELD_TRANSACTION,
    FIELD_HARDWARE,
    FIELD_CLIENT_ADDRESS,
    FIELD_YOUR_ADDRESS,
    FIELD_OPTION,
    FIELD_VALUE,
    SERVER_PORT = 67,
    CLIENT_PORT = 68,
    OPTION_HOST_NAME = 12, /* RFC 2132 */
    OPTION_LEASE_TIME = 51,
    OPTION_MESSAGE_TYPE = 53,
    OPTION_CLIENT_ID = 61,
    TYPE_ACK = 5, /* RFC 2132 section 9.6 */
    TYPE_RELEASE = 7,
};

#define SECOND_NS INT64_C(1000000000)

static bool dhcp_is_mine(const struct glance *glance)
{
    return (glance->source_port == SERVER_PORT || glance->source_port == CLIENT_PORT) &&
           (glance->destination_port == SERVER_PORT || glance->destination_port == CLIENT_PORT);
}

static void dhcp_glance(struct glance *glance)
{
    glance->is_news = true;
}

static void take_option(struct sighting *seen, unsigned option, struct bytes value, uint8_t *type)
{
    struct reader r = reader_over(value);
    uint32_t seconds;

    switch (option) {
    case OPTION_HOST_NAME:
        if (value.len > 0)
            sighting_name(seen, IDENTITY_DHCP_HOST_NAME, value);
        break;
    case OPTION_CLIENT_ID:
        if (value.len > 0)
            sighting_name(seen, IDENTITY_DHCP_CLIENT_ID, value);
        break;
    case OPTION_MESSAGE_TYPE:
        if (!reader_u8(&r, type))
            *type = 0;
        break;
    case OPTION_LEASE_TIME:
        if (reader_u32(&r, &seconds))
            seen->lease_ns = seconds == UINT32_MAX ? INT64_MAX : (int64_t)seconds * SECOND_NS;
        break;
    default:
        break;
    }
}

static void dhcp_look(const struct look *look, struct sighting *seen)
{
    struct bytes client = { 0 }, yours = { 0 };
    uint64_t transaction = 0, option = 0;
    const struct value *value;
    bool has_hardware = false;
    uint8_t type = 0;
    unsigned field;

    for (uint32_t at = 0; look_next(look, &at, &field, &value);) {
        switch (field) {
        case FIELD_TRANSACTION:
            transaction = value->number;
            break;
        case FIELD_HARDWARE:
            if (!has_hardware) { /* of the head; a client id may spell one, too */
                sighting_name(seen, IDENTITY_MAC, value->bytes);
                seen->instance = identity_hash(value->bytes, transaction);
            }
            has_hardware = true;
            break;
        case FIELD_CLIENT_ADDRESS:
            client = value->bytes;
            break;
        case FIELD_YOUR_ADDRESS:
            yours = value->bytes;
            break;
        case FIELD_OPTION:
            option = value->number;
            break;
        case FIELD_VALUE:
            take_option(seen, (unsigned)option, value->bytes, &type);
            break;
        default:
            break;
        }
    }
    if (!has_hardware)
        return;
    seen->steps = SEEN_MOMENT;
    seen->is_plain = true;
    seen->reason = BINDING_REQUEST;
    if (type == TYPE_ACK && yours.len == 4) {
        seen->leased = ip_address_of(yours);
    } else if (type == TYPE_RELEASE && client.len == 4) {
        seen->leased = ip_address_of(client);
        seen->lease_ns = -1;
    }
}

static const char *const fields[] = {
    [FIELD_TRANSACTION] = "dhcp.id",
    [FIELD_HARDWARE] = "dhcp.hw.mac_addr",
    [FIELD_CLIENT_ADDRESS] = "dhcp.ip.client",
    [FIELD_YOUR_ADDRESS] = "dhcp.ip.your",
    [FIELD_OPTION] = "dhcp.option.type",
    [FIELD_VALUE] = "dhcp.option.value",
    NULL,
};

const struct identity_source identity_dhcp = {
    .protocol = PROTOCOL_DHCP,
    .ip_protocol = 17,
    .fields = fields,
    .is_mine = dhcp_is_mine,
    .glance = dhcp_glance,
    .look = dhcp_look,
};
