/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipv4_option - options of an IPv4 header (RFC 791 section 3.1, IANA's list): type, length, members. Security
 * options and Quick-Start are named, and their content left alone: nobody filters for it in the field.
 */
#include "protocol/ipv4.h"

enum {
    OPTION_EOL = 0,
    OPTION_NOP = 1,
    OPTION_RECORD_ROUTE = 7,
    OPTION_MTU_PROBE = 11,
    OPTION_MTU_REPLY = 12,
    OPTION_TIMESTAMP = 68,
    OPTION_TRACEROUTE = 82,
    OPTION_LOOSE_ROUTE = 131,
    OPTION_STREAM_ID = 136,
    OPTION_STRICT_ROUTE = 137,
    OPTION_ROUTER_ALERT = 148,
    OPTION_BROADCAST = 149,
};

/* presence: 0 for none. len: what the option must have; 0: any. */
static const struct option {
    uint8_t type, presence, len;
} options_known[] = {
    { OPTION_EOL, IPV4_OPTIONS_EOL, 0 },
    { OPTION_NOP, IPV4_OPTIONS_NOP, 0 },
    { OPTION_RECORD_ROUTE, IPV4_OPTIONS_RECORD_ROUTE, 0 },
    { OPTION_MTU_PROBE, IPV4_OPTIONS_MTU_PROBE, 4 },
    { OPTION_MTU_REPLY, IPV4_OPTIONS_MTU_REPLY, 4 },
    { 25, IPV4_OPTIONS_QS, 8 },
    { OPTION_TIMESTAMP, IPV4_OPTIONS_TIMESTAMP, 0 },
    { OPTION_TRACEROUTE, IPV4_OPTIONS_TRACEROUTE, 12 },
    { 130, IPV4_OPTIONS_SECURITY, 0 },
    { OPTION_LOOSE_ROUTE, IPV4_OPTIONS_ROUTE, 0 },
    { 133, IPV4_OPTIONS_EXT_SECURITY, 0 },
    { 134, 0, 0 }, /* CIPSO */
    { OPTION_STREAM_ID, IPV4_OPTIONS_SID, 4 },
    { OPTION_STRICT_ROUTE, IPV4_OPTIONS_SOURCE_ROUTE, 0 },
    { OPTION_ROUTER_ALERT, IPV4_OPTIONS_ROUTERALERT, 4 },
    { OPTION_BROADCAST, IPV4_OPTIONS_SDB, 0 },
};

static void add_presence(struct dissection *d, const struct option *option)
{
    if (option->presence)
        dissection_add_number(d, IPV4_ID_OF(option->presence), 1);
}

static void add_type(struct dissection *d, uint8_t type)
{
    dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_TYPE), type);
    dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_TYPE_COPY), type >> 7);
    dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_TYPE_CLASS), type >> 5 & 3);
    dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_TYPE_NUMBER), type & 31);
}

static bool add_word(struct dissection *d, struct reader *r, unsigned field)
{
    uint16_t word;

    if (!reader_u16(r, &word))
        return false;
    dissection_add_number(d, IPV4_ID_OF(field), word);
    return true;
}

static bool add_record_route(struct dissection *d, struct reader *r, uint8_t option_len)
{
    struct bytes address;
    uint8_t pointer;

    if (!reader_u8(r, &pointer))
        return false;
    dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_PTR), pointer);
    if (pointer < 4 || pointer & 3) {
        dissection_add_number(
            d, IPV4_ID_OF(pointer < 4 ? IPV4_OPT_PTR_BEFORE_ADDRESS : IPV4_OPT_PTR_MIDDLE_ADDRESS), 1);
        return true;
    }
    for (unsigned at = 4; reader_bytes(r, 4, &address); at += 4) { /* counted from one, as the pointer does */
        bool is_recorded = pointer > option_len || at < pointer;

        dissection_add_bytes(d, IPV4_ID_OF(is_recorded ? IPV4_REC_RT : IPV4_EMPTY_RT), address);
        ipv4_add_host(d, is_recorded ? IPV4_REC_RT_HOST : IPV4_EMPTY_RT_HOST, address);
    }
    return true;
}

static bool add_timestamps(struct dissection *d, struct reader *r)
{
    enum { FLAG_ADDRESSES = 1, FLAG_PRESPECIFIED = 3 };
    uint8_t pointer, flags;

    if (!reader_u8(r, &pointer))
        return false;
    dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_PTR), pointer);
    if (!reader_u8(r, &flags))
        return false;
    dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_OVERFLOW), flags >> 4);
    dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_FLAG), flags & 15);
    for (;;) {
        bool has_address = (flags & 15) == FLAG_ADDRESSES || (flags & 15) == FLAG_PRESPECIFIED;
        struct bytes address;
        uint32_t time;

        if (reader_left(r) < (has_address ? 8u : 4u))
            return true;
        if (has_address && reader_bytes(r, 4, &address))
            dissection_add_bytes(d, IPV4_ID_OF(IPV4_OPT_TIME_STAMP_ADDR), address);
        if (reader_u32(r, &time))
            dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_TIME_STAMP), time);
    }
}

/* What a known option holds behind its length. */
static bool add_members(struct dissection *d, struct reader *r, uint8_t type, uint8_t option_len)
{
    struct bytes bytes;
    uint8_t pointer;

    switch (type) {
    case OPTION_RECORD_ROUTE:
        return add_record_route(d, r, option_len);
    case OPTION_TIMESTAMP:
        return add_timestamps(d, r);
    case OPTION_LOOSE_ROUTE:
    case OPTION_STRICT_ROUTE:
        if (!reader_u8(r, &pointer))
            return false;
        dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_PTR), pointer);
        return true;
    case OPTION_MTU_PROBE:
    case OPTION_MTU_REPLY:
        return add_word(d, r, IPV4_OPT_MTU);
    case OPTION_STREAM_ID:
        return add_word(d, r, IPV4_OPT_SID);
    case OPTION_ROUTER_ALERT:
        return add_word(d, r, IPV4_OPT_RA);
    case OPTION_TRACEROUTE:
        if (!add_word(d, r, IPV4_OPT_ID_NUMBER) || !add_word(d, r, IPV4_OPT_OHC) ||
            !add_word(d, r, IPV4_OPT_RHC) || !reader_bytes(r, 4, &bytes))
            return false;
        dissection_add_bytes(d, IPV4_ID_OF(IPV4_OPT_ORIGINATOR), bytes);
        return true;
    case OPTION_BROADCAST:
        while (reader_bytes(r, 4, &bytes))
            dissection_add_bytes(d, IPV4_ID_OF(IPV4_OPT_ADDR), bytes);
        if (reader_left(r) > 0)
            dissection_add_bytes(d, IPV4_ID_OF(IPV4_OPT_PADDING), reader_rest(r));
        return true;
    default:
        return true;
    }
}

static const struct option *find_option(uint8_t type)
{
    for (size_t i = 0; i < sizeof options_known / sizeof options_known[0]; i++)
        if (options_known[i].type == type)
            return &options_known[i];
    return NULL;
}

bool ipv4_add_options(struct dissection *d, struct bytes options)
{
    struct reader r = reader_over(options), content;
    uint8_t type, len;

    while (reader_u8(&r, &type)) {
        const struct option *known = find_option(type);
        struct bytes bytes;

        if (type == OPTION_EOL || type == OPTION_NOP) {
            add_presence(d, known);
            add_type(d, type);
            if (type == OPTION_EOL)
                return true;
            continue;
        }
        if (!reader_u8(&r, &len) || len < 2 || !reader_bytes(&r, len - 2u, &bytes)) {
            dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_LEN_INVALID), 1);
            return true;
        }
        if (known == NULL)
            continue;
        add_presence(d, known);
        add_type(d, type);
        dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_LEN), len);
        if (known->len && known->len != len)
            dissection_add_number(d, IPV4_ID_OF(IPV4_OPT_LEN_INVALID), 1);
        content = reader_over(bytes);
        if (!add_members(d, &content, type, len))
            return false;
    }
    return true;
}
