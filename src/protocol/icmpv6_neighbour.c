/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/icmpv6.h"

enum {
    OPTION_SOURCE_LINK = 1,
    OPTION_TARGET_LINK = 2,
    OPTION_PREFIX = 3,
    OPTION_REDIRECTED = 4,
    OPTION_MTU = 5,
    OPTION_NONCE = 14,
    OPTION_ROUTE = 24,
    OPTION_DNS_SERVERS = 25,
    OPTION_PREF64 = 38,
};

static bool add_address(struct dissection *d, struct reader *r, unsigned field)
{
    struct bytes address;

    if (!reader_bytes(r, 16, &address))
        return false;
    dissection_add_bytes(d, ICMPV6_ID(field), address);
    return true;
}

static bool add_reserved(struct dissection *d, struct reader *r, size_t n)
{
    struct bytes bytes;

    if (!reader_bytes(r, n, &bytes))
        return false;
    dissection_add_bytes(d, ICMPV6_ID(ICMPV6_RESERVED), bytes);
    return true;
}

static bool add_u32(struct dissection *d, struct reader *r, unsigned field)
{
    uint32_t word;

    if (!reader_u32(r, &word))
        return false;
    dissection_add_number(d, ICMPV6_ID(field), word);
    return true;
}

/* RFC 4861 section 4.6.2 */
static bool add_prefix(struct dissection *d, struct reader *r)
{
    uint8_t length, flags;

    if (!reader_u8(r, &length) || !reader_u8(r, &flags))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_PREFIX_LENGTH), length);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_PREFIX_FLAG), flags);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_PREFIX_FLAG_L), flags >> 7);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_PREFIX_FLAG_A), flags >> 6 & 1);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_PREFIX_FLAG_R), flags >> 5 & 1);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_PREFIX_FLAG_RESERVED), flags & 31);
    return add_u32(d, r, ICMPV6_OPT_PREFIX_VALID) && add_u32(d, r, ICMPV6_OPT_PREFIX_PREFERRED) &&
           reader_skip(r, 4) && add_address(d, r, ICMPV6_OPT_PREFIX);
}

/* RFC 4191 section 2.3: as much of the prefix as its length needs */
static bool add_route(struct dissection *d, struct reader *r)
{
    uint8_t length, flags, *prefix;
    struct bytes bytes;

    if (!reader_u8(r, &length) || !reader_u8(r, &flags))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_PREFIX_LENGTH), length);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_ROUTE_FLAG), flags);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_ROUTE_PREFERENCE), flags >> 3 & 3);
    if (!add_u32(d, r, ICMPV6_OPT_ROUTE_LIFETIME))
        return false;
    bytes = reader_rest(r);
    if (bytes.len > 0 && bytes.len <= 16 && dissection_wants(d, PROTOCOL_ICMPV6, ICMPV6_OPT_PREFIX) &&
        (prefix = dissection_scratch(d, 16)) != NULL) {
        memcpy(prefix, bytes.data, bytes.len);
        dissection_add_bytes(d, ICMPV6_ID(ICMPV6_OPT_PREFIX), bytes_of(prefix, 16));
    }
    return true;
}

/* Of any link: six bytes of Ethernet's are shown, which is what is met in the field. */
static void add_link_address(struct dissection *d, uint8_t type, struct bytes address)
{
    address.len = 6;
    dissection_add_bytes(d, ICMPV6_ID(ICMPV6_OPT_LINKADDR), address);
    dissection_add_bytes(
        d, ICMPV6_ID(type == OPTION_SOURCE_LINK ? ICMPV6_OPT_SRC_LINKADDR : ICMPV6_OPT_TARGET_LINKADDR),
        address);
}

/* RFC 8781 section 4: a prefix of 96, 64, 56, 48, 40 or 32 bits, by its code. */
static bool add_nat64_prefix(struct dissection *d, struct reader *r)
{
    static const uint8_t prefix_bytes[] = { 12, 8, 7, 6, 5, 4 };
    uint16_t word;
    uint8_t code, *prefix;
    struct bytes bytes;

    if (!reader_u16(r, &word))
        return false;
    code = word & 7;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_PREF64_LIFETIME), word >> 3);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_PREF64_PLC), code);
    if (code >= sizeof prefix_bytes) {
        dissection_add_number(d, ICMPV6_ID(ICMPV6_INVALID_OPTION_LENGTH), 1);
        return true;
    }
    if (!reader_bytes(r, prefix_bytes[code], &bytes))
        return false;
    if (dissection_wants(d, PROTOCOL_ICMPV6, ICMPV6_OPT_PREF64_PREFIX) &&
        (prefix = dissection_scratch(d, 16)) != NULL) {
        memcpy(prefix, bytes.data, bytes.len);
        dissection_add_bytes(d, ICMPV6_ID(ICMPV6_OPT_PREF64_PREFIX), bytes_of(prefix, 16));
    }
    return true;
}

/* What an option holds behind type and length; r ends with it. */
static bool add_option(struct dissection *d, struct reader *r, uint8_t type)
{
    switch (type) {
    case OPTION_SOURCE_LINK:
    case OPTION_TARGET_LINK:
        add_link_address(d, type, reader_rest(r));
        return true;
    case OPTION_PREFIX:
        return add_prefix(d, r);
    case OPTION_MTU:
        return reader_skip(r, 2) && add_u32(d, r, ICMPV6_OPT_MTU);
    case OPTION_ROUTE:
        return add_route(d, r);
    case OPTION_NONCE:
        dissection_add_bytes(d, ICMPV6_ID(ICMPV6_OPT_NONCE), reader_rest(r));
        return true;
    case OPTION_DNS_SERVERS: /* RFC 8106 section 5.1 */
        if (!reader_skip(r, 2) || !add_u32(d, r, ICMPV6_OPT_RDNSS_LIFETIME))
            return false;
        while (reader_left(r) > 0)
            if (!add_address(d, r, ICMPV6_OPT_RDNSS))
                return false;
        return true;
    case OPTION_PREF64:
        return add_nat64_prefix(d, r);
    default:
        return true;
    }
}

/* quoted: becomes the packet in a redirected header (RFC 4861 section 4.6.3), if there is one. */
static bool add_options(struct dissection *d, struct reader *r, struct bytes *quoted)
{
    while (reader_left(r) > 0) {
        uint8_t type, length;
        struct bytes bytes;
        struct reader content;

        if (!reader_u8(r, &type) || !reader_u8(r, &length))
            return false;
        dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT), 1);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_TYPE), type);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_OPT_LENGTH), length);
        if (length == 0) { /* RFC 4861 section 4.6: the rest is not to be read */
            dissection_add_number(d, ICMPV6_ID(ICMPV6_INVALID_OPTION_LENGTH), 1);
            return true;
        }
        if (!reader_bytes(r, length * 8u - 2, &bytes))
            return false;
        content = reader_over(bytes);
        if (type == OPTION_REDIRECTED) {
            if (!reader_skip(&content, 6))
                return false;
            *quoted = reader_rest(&content);
        } else if (!add_option(d, &content, type)) {
            return false;
        }
    }
    return true;
}

/* RFC 4861 section 4.2 */
static bool add_router(struct dissection *d, struct reader *r)
{
    uint8_t hop_limit, flags;
    uint16_t lifetime;

    if (!reader_u8(r, &hop_limit))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_RA_HOP_LIMIT), hop_limit);
    if (!reader_u8(r, &flags))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_RA_FLAG), flags);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_RA_FLAG_M), flags >> 7);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_RA_FLAG_O), flags >> 6 & 1);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_RA_FLAG_H), flags >> 5 & 1);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_RA_FLAG_PRF), flags >> 3 & 3);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_RA_FLAG_P), flags >> 2 & 1);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_RA_FLAG_RSV), flags & 3);
    if (!reader_u16(r, &lifetime))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_RA_LIFETIME), lifetime);
    return add_u32(d, r, ICMPV6_RA_REACHABLE) && add_u32(d, r, ICMPV6_RA_RETRANS);
}

bool icmpv6_add_neighbour(struct dissection *d, struct reader *r, uint8_t type, struct bytes *quoted)
{
    uint32_t flags;

    *quoted = bytes_of(NULL, 0);
    switch (type) {
    case ICMPV6_ROUTER_SOLICIT:
        return add_reserved(d, r, 4) && add_options(d, r, quoted);
    case ICMPV6_ROUTER_ADVERT:
        return add_router(d, r) && add_options(d, r, quoted);
    case ICMPV6_NEIGHBOR_SOLICIT:
        return add_reserved(d, r, 4) && add_address(d, r, ICMPV6_NS_TARGET) && add_options(d, r, quoted);
    case ICMPV6_REDIRECT:
        return add_reserved(d, r, 4) && add_address(d, r, ICMPV6_RD_TARGET) &&
               add_address(d, r, ICMPV6_RD_DESTINATION) && add_options(d, r, quoted);
    default:
        if (!reader_u32(r, &flags))
            return false;
        dissection_add_number(d, ICMPV6_ID(ICMPV6_NA_FLAG), flags);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_NA_FLAG_R), flags >> 31);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_NA_FLAG_S), flags >> 30 & 1);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_NA_FLAG_O), flags >> 29 & 1);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_NA_FLAG_RSV), flags & 0x1fffffff);
        return add_address(d, r, ICMPV6_NA_TARGET) && add_options(d, r, quoted);
    }
}

/* ---- multicast listeners ---- */

/* RFC 3810 section 5.1, told from RFC 2710's by its length. */
static bool add_query2(struct dissection *d, struct reader *r)
{
    uint16_t code, n_sources;
    uint8_t flags, interval;
    uint32_t delay;

    if (!reader_u16(r, &code))
        return false;
    delay = code < 0x8000 ? code : ((code & 0x0fffu) | 0x1000) << ((code >> 12 & 7) + 3);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_MLD_CODE), delay & 0xffff);
    if (!add_reserved(d, r, 2) || !add_address(d, r, ICMPV6_MLD_ADDRESS) || !reader_u8(r, &flags))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_MLD_FLAG), flags);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_MLD_FLAG_S), flags >> 3 & 1);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_MLD_FLAG_QRV), flags & 7);
    dissection_add_number(d, ICMPV6_ID(ICMPV6_MLD_FLAG_RESERVED), flags >> 4);
    if (!reader_u8(r, &interval))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_MLD_QQI),
                          interval < 128 ? interval
                                         : ((interval & 15u) | 16) << ((interval >> 4 & 7) + 3) & 0xff);
    if (!reader_u16(r, &n_sources))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_MLD_NB_SOURCES), n_sources);
    for (uint32_t i = 0; i < n_sources; i++)
        if (!add_address(d, r, ICMPV6_MLD_SOURCE))
            return false;
    return true;
}

/* RFC 3810 section 5.2 */
static bool add_report2(struct dissection *d, struct reader *r)
{
    uint16_t n_records, n_sources;
    uint8_t type, aux_words;
    struct bytes aux;

    if (!add_reserved(d, r, 2) || !reader_u16(r, &n_records))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_MLDR_RECORDS), n_records);
    for (uint32_t i = 0; i < n_records; i++) {
        dissection_add_number(d, ICMPV6_ID(ICMPV6_MLDR_MAR), 1);
        if (!reader_u8(r, &type))
            return false;
        dissection_add_number(d, ICMPV6_ID(ICMPV6_MLDR_TYPE), type);
        if (!reader_u8(r, &aux_words))
            return false;
        dissection_add_number(d, ICMPV6_ID(ICMPV6_MLDR_AUX_LEN), aux_words);
        if (!reader_u16(r, &n_sources))
            return false;
        dissection_add_number(d, ICMPV6_ID(ICMPV6_MLDR_NB_SOURCES), n_sources);
        if (!add_address(d, r, ICMPV6_MLDR_ADDRESS))
            return false;
        for (uint32_t s = 0; s < n_sources; s++)
            if (!add_address(d, r, ICMPV6_MLDR_SOURCE))
                return false;
        if (aux_words == 0)
            continue;
        if (!reader_bytes(r, aux_words * 4u, &aux))
            return false;
        dissection_add_bytes(d, ICMPV6_ID(ICMPV6_MLDR_AUX), aux);
    }
    return true;
}

bool icmpv6_add_listener(struct dissection *d, struct reader *r, uint8_t type)
{
    enum { QUERY2_BYTES = 24 }; /* behind the checksum */
    uint16_t delay;

    if (type == ICMPV6_LISTENER_REPORT2)
        return add_report2(d, r);
    if (type == ICMPV6_LISTENER_QUERY && reader_left(r) >= QUERY2_BYTES)
        return add_query2(d, r);
    if (!reader_u16(r, &delay))
        return false;
    dissection_add_number(d, ICMPV6_ID(ICMPV6_MLD_DELAY), delay);
    return add_reserved(d, r, 2) && add_address(d, r, ICMPV6_MLD_ADDRESS);
}
