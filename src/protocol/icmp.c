/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmp - RFC 792, and the messages of RFC 950 (masks), 1256 (routers), 1191 (MTU), 4884 (length of the
 * quotation). Errors quote the packet that caused them; its layers follow as layers of this packet, so that a
 * filter on an address finds what was said about it.
 */
#include "protocol/checksum.h"
#include "protocol/dispatch.h"
#include "protocol/icmp_echo.h"
#include "protocol/names.h"

enum {
    ICMP_TYPE,
    ICMP_CODE,
    ICMP_CHECKSUM,
    ICMP_CHECKSUM_STATUS,
    ICMP_CHECKSUM_BAD,
    ICMP_UNUSED,
    ICMP_IDENT,
    ICMP_IDENT_LE,
    ICMP_SEQ,
    ICMP_SEQ_LE,
    ICMP_MTU,
    ICMP_LENGTH,
    ICMP_LENGTH_ORIGINAL,
    ICMP_NUM_ADDRS,
    ICMP_ADDR_ENTRY_SIZE,
    ICMP_LIFETIME,
    ICMP_POINTER,
    ICMP_ROUTER_ADDRESS,
    ICMP_PREF_LEVEL,
    ICMP_ORIGINATE,
    ICMP_RECEIVE,
    ICMP_TRANSMIT,
    ICMP_ADDRESS_MASK,
    ICMP_REDIR_GW,
    ICMP_RESP_IN,
    ICMP_RESP_TO,
    ICMP_RESPTIME,
    ICMP_NO_RESP,
    ICMP_DATA_TIME,
    ICMP_DATA_TIME_RELATIVE,
    ICMP_EXT_ECHO_SEQ,
    ICMP_EXT_ECHO_REQ_RES,
    ICMP_EXT_ECHO_LOCAL,
    ICMP_EXT_ECHO_STATE,
    ICMP_EXT_ECHO_RSP_RES,
    ICMP_EXT_ECHO_ACTIVE,
    ICMP_EXT_ECHO_IPV4,
    ICMP_EXT_ECHO_IPV6,
};

enum {
    TYPE_ECHO_REPLY = 0,
    TYPE_UNREACHABLE = 3,
    TYPE_QUENCH = 4,
    TYPE_REDIRECT = 5,
    TYPE_ECHO = 8,
    TYPE_ROUTER = 9,
    TYPE_EXPIRED = 11,
    TYPE_PARAMETER = 12,
    TYPE_TIMESTAMP = 13,
    TYPE_TIMESTAMP_REPLY = 14,
    TYPE_INFORMATION = 15,
    TYPE_INFORMATION_REPLY = 16,
    TYPE_MASK = 17,
    TYPE_MASK_REPLY = 18,
    TYPE_EXTENDED_ECHO = 42,
    TYPE_EXTENDED_ECHO_REPLY = 43,
};

enum { ICMP_HEADER_BYTES = 8, CODE_FRAGMENTATION_NEEDED = 4 };

#define ICMP_ID(index) FIELD_ID(PROTOCOL_ICMP, index)

/* RFC 8335 section 3 */
static const struct value_name extended_state_names[] = {
    { 0, "Reserved" }, { 1, "Incomplete" }, { 2, "Reachable" }, { 3, "Stale" },
    { 4, "Delay" },    { 5, "Probe" },      { 6, "Failed" },    { 0, NULL },
};

static const struct field icmp_fields[] = {
    [ICMP_TYPE] = { "icmp.type", FIELD_UINT, .title = "Type", .at_bit = 0, .n_bits = 8 },
    [ICMP_CODE] = { "icmp.code", FIELD_UINT, .title = "Code", .at_bit = 8, .n_bits = 8 },
    [ICMP_CHECKSUM] = { "icmp.checksum", FIELD_UINT, FIELD_BASE_HEX, "Checksum", .at_bit = 16, .n_bits = 16 },
    [ICMP_CHECKSUM_STATUS] = { "icmp.checksum.status", FIELD_UINT, .title = "Checksum Status", .ft_bits = 8,
                               .needs_all = true, .names = checksum_status_names },
    [ICMP_CHECKSUM_BAD] = { "icmp.checksum_bad", FIELD_NONE, .title = "Bad checksum", .needs_all = true },
    [ICMP_UNUSED] = { "icmp.unused", FIELD_BYTES, .title = "Unused" },
    [ICMP_IDENT] = { "icmp.ident", FIELD_UINT, .title = "Identifier (BE)", .ft_bits = 16 },
    [ICMP_IDENT_LE] = { "icmp.ident_le", FIELD_UINT, .title = "Identifier (LE)", .ft_bits = 16 },
    [ICMP_SEQ] = { "icmp.seq", FIELD_UINT, .title = "Sequence Number (BE)", .ft_bits = 16 },
    [ICMP_SEQ_LE] = { "icmp.seq_le", FIELD_UINT, .title = "Sequence Number (LE)", .ft_bits = 16 },
    [ICMP_MTU] = { "icmp.mtu", FIELD_UINT, .title = "MTU of next hop", .ft_bits = 16 },
    [ICMP_LENGTH] = { "icmp.length", FIELD_UINT, .title = "Length", .ft_bits = 8 },
    [ICMP_LENGTH_ORIGINAL] = { "icmp.length.original_datagram", FIELD_UINT,
                               .title = "Length of original datagram", .ft_bits = 8 },
    [ICMP_NUM_ADDRS] = { "icmp.num_addrs", FIELD_UINT, .title = "Number of addresses", .ft_bits = 8 },
    [ICMP_ADDR_ENTRY_SIZE] = { "icmp.addr_entry_size", FIELD_UINT, .title = "Address entry size",
                               .ft_bits = 8 },
    [ICMP_LIFETIME] = { "icmp.lifetime", FIELD_UINT, .title = "Lifetime", .ft_bits = 16 },
    [ICMP_POINTER] = { "icmp.pointer", FIELD_UINT, .title = "Pointer", .ft_bits = 32 },
    [ICMP_ROUTER_ADDRESS] = { "icmp.router_address", FIELD_IPV4, .title = "Router address" },
    [ICMP_PREF_LEVEL] = { "icmp.pref_level", FIELD_INT, .title = "Preference level", .ft_bits = 32 },
    [ICMP_ORIGINATE] = { "icmp.originate_timestamp", FIELD_UINT, .title = "Originate Timestamp",
                         .ft_bits = 32 },
    [ICMP_RECEIVE] = { "icmp.receive_timestamp", FIELD_UINT, .title = "Receive Timestamp", .ft_bits = 32 },
    [ICMP_TRANSMIT] = { "icmp.transmit_timestamp", FIELD_UINT, .title = "Transmit Timestamp", .ft_bits = 32 },
    [ICMP_ADDRESS_MASK] = { "icmp.address_mask", FIELD_IPV4, .title = "Address Mask" },
    [ICMP_REDIR_GW] = { "icmp.redir_gw", FIELD_IPV4, .title = "Gateway Address" },
    [ICMP_RESP_IN] = { "icmp.resp_in", FIELD_FRAME, .title = "Response frame" },
    [ICMP_RESP_TO] = { "icmp.resp_to", FIELD_FRAME, .title = "Request frame", .needs_all = true,
                       .counts_packets = true },
    [ICMP_RESPTIME] = { "icmp.resptime", FIELD_DOUBLE, .title = "Response time", .needs_all = true },
    [ICMP_NO_RESP] = { "icmp.no_resp", FIELD_NONE, .title = "No response seen" },
    [ICMP_DATA_TIME] = { "icmp.data_time", FIELD_TIME, .title = "Timestamp from icmp data" },
    [ICMP_DATA_TIME_RELATIVE] = { "icmp.data_time_relative", FIELD_DURATION,
                                  .title = "Timestamp from icmp data (relative)" },
    [ICMP_EXT_ECHO_SEQ] = { "icmp.ext.echo.seq", FIELD_UINT, .title = "Sequence Number", .ft_bits = 8 },
    [ICMP_EXT_ECHO_REQ_RES] = { "icmp.ext.echo.req.res", FIELD_UINT, FIELD_BASE_HEX, "Reserved",
                                .ft_bits = 8 },
    [ICMP_EXT_ECHO_LOCAL] = { "icmp.ext.echo.req.local", FIELD_BOOL, .title = "Local bit",
                              .names = set_names },
    [ICMP_EXT_ECHO_STATE] = { "icmp.ext.echo.rsp.state", FIELD_UINT, .title = "State", .ft_bits = 8,
                              .names = extended_state_names },
    [ICMP_EXT_ECHO_RSP_RES] = { "icmp.ext.echo.rsp.res", FIELD_UINT, FIELD_BASE_HEX, "Reserved",
                                .ft_bits = 8 },
    [ICMP_EXT_ECHO_ACTIVE] = { "icmp.ext.echo.rsp.active", FIELD_BOOL, .title = "Active bit",
                               .names = set_names },
    [ICMP_EXT_ECHO_IPV4] = { "icmp.ext.echo.rsp.ipv4", FIELD_BOOL, .title = "IPv4 bit", .names = set_names },
    [ICMP_EXT_ECHO_IPV6] = { "icmp.ext.echo.rsp.ipv6", FIELD_BOOL, .title = "IPv6 bit", .names = set_names },
};

static uint16_t swap16(uint16_t number)
{
    return (uint16_t)(number << 8 | number >> 8);
}

static void add_identity(struct dissection *d, uint16_t ident, uint16_t seq)
{
    dissection_add_number(d, ICMP_ID(ICMP_IDENT), ident);
    dissection_add_number(d, ICMP_ID(ICMP_IDENT_LE), swap16(ident));
    dissection_add_number(d, ICMP_ID(ICMP_SEQ), seq);
    dissection_add_number(d, ICMP_ID(ICMP_SEQ_LE), swap16(seq));
}

/* RFC 8335 sections 2 and 3: sequence is of one byte, then come flags. */
static void add_extended_echo(struct dissection *d, uint8_t type, uint16_t ident, uint16_t second)
{
    unsigned flags = second & 0xffu;

    dissection_add_number(d, ICMP_ID(ICMP_IDENT), ident);
    dissection_add_number(d, ICMP_ID(ICMP_IDENT_LE), swap16(ident));
    dissection_add_number(d, ICMP_ID(ICMP_EXT_ECHO_SEQ), second >> 8);
    if (type == TYPE_EXTENDED_ECHO) {
        dissection_add_number(d, ICMP_ID(ICMP_EXT_ECHO_REQ_RES), flags >> 1);
        dissection_add_number(d, ICMP_ID(ICMP_EXT_ECHO_LOCAL), flags & 1);
        return;
    }
    dissection_add_number(d, ICMP_ID(ICMP_EXT_ECHO_STATE), flags >> 5);
    dissection_add_number(d, ICMP_ID(ICMP_EXT_ECHO_RSP_RES), flags >> 3 & 3);
    dissection_add_number(d, ICMP_ID(ICMP_EXT_ECHO_ACTIVE), flags >> 2 & 1);
    dissection_add_number(d, ICMP_ID(ICMP_EXT_ECHO_IPV4), flags >> 1 & 1);
    dissection_add_number(d, ICMP_ID(ICMP_EXT_ECHO_IPV6), flags & 1);
}

static bool is_identified(uint8_t type)
{
    return type == TYPE_ECHO || type == TYPE_ECHO_REPLY ||
           (type >= TYPE_TIMESTAMP && type <= TYPE_MASK_REPLY);
}

static void pair(struct dissection *d, bool is_reply, uint16_t checksum, uint16_t ident, uint16_t seq)
{
    struct icmp_echo echo = { .identifier = ident, .sequence = seq };
    uint64_t request;
    int64_t after_ns;

    if (!dissection_wants(d, PROTOCOL_ICMP, ICMP_RESP_TO) &&
        !dissection_wants(d, PROTOCOL_ICMP, ICMP_RESPTIME))
        return;
    if (!is_reply) {
        /* Its reply is the same but for the type: that makes eight hundred (hex) of a difference. */
        echo.checksum = (uint16_t)~checksum_fold((uint32_t)(uint16_t)~checksum + (uint16_t)~0x0800);
        icmp_echo_request(d, PROTOCOL_ICMP, &echo);
        return;
    }
    echo.checksum = checksum == 0xffff ? 0 : checksum;
    if (icmp_echo_reply(d, PROTOCOL_ICMP, &echo, &request, &after_ns)) {
        dissection_add_number(d, ICMP_ID(ICMP_RESP_TO), request);
        dissection_add_real(d, ICMP_ID(ICMP_RESPTIME), (double)after_ns / 1e6);
    }
}

/* A time that ping put into its data, in seconds and microseconds of either byte order: if it is of this day.
 */
static bool read_data_time(const struct dissection *d, const struct reader *r, int64_t *ns)
{
    enum { NS_PER_S = 1000000000, DAY_S = 24 * 3600, US_PER_S = 1000000 };
    int64_t now_s = d->packet->ts_ns / NS_PER_S;
    struct reader peek = *r;
    uint32_t seconds, micros;

    if (!reader_u32(&peek, &seconds) || !reader_u32(&peek, &micros))
        return false;
    for (int order = 0; order < 2; order++) {
        int64_t apart_s = (int64_t)seconds - now_s;

        if (apart_s < DAY_S && apart_s > -DAY_S && micros < US_PER_S) {
            *ns = (int64_t)seconds * NS_PER_S + (int64_t)micros * 1000;
            return true;
        }
        seconds = __builtin_bswap32(seconds);
        micros = __builtin_bswap32(micros);
    }
    return false;
}

static void add_echo_data(struct dissection *d, struct reader *r)
{
    uint32_t data_len = d->left_wire - ICMP_HEADER_BYTES;
    int64_t ns;

    if (read_data_time(d, r, &ns) && reader_skip(r, 8)) {
        dissection_add_number(d, ICMP_ID(ICMP_DATA_TIME), (uint64_t)ns);
        dissection_add_number(d, ICMP_ID(ICMP_DATA_TIME_RELATIVE), (uint64_t)(d->packet->ts_ns - ns));
        data_len -= 8;
    }
    dissection_next(d, r, PROTOCOL_DATA, data_len);
}

/* Members of the second word of the errors; words: the quotation's length (RFC 4884), 0 where it is not
 * given. */
static void add_error_word(struct dissection *d, const uint8_t *word, uint8_t type, uint8_t code)
{
    bool has_mtu = type == TYPE_UNREACHABLE && code == CODE_FRAGMENTATION_NEEDED;
    bool has_pointer = type == TYPE_PARAMETER;
    uint8_t words = word[1];

    if (type == TYPE_QUENCH)
        return;
    if (has_pointer)
        dissection_add_number(d, ICMP_ID(ICMP_POINTER), word[0]);
    if (words) {
        if (!has_pointer)
            dissection_add_bytes(d, ICMP_ID(ICMP_UNUSED), bytes_of(word, 1));
        dissection_add_number(d, ICMP_ID(ICMP_LENGTH), words);
        dissection_add_number(d, ICMP_ID(ICMP_LENGTH_ORIGINAL), words * 4u);
        if (!has_mtu)
            dissection_add_bytes(d, ICMP_ID(ICMP_UNUSED), bytes_of(word + 2, 2));
    } else if (has_pointer) {
        dissection_add_bytes(d, ICMP_ID(ICMP_UNUSED), bytes_of(word + 1, 3));
    } else {
        dissection_add_bytes(d, ICMP_ID(ICMP_UNUSED), bytes_of(word, has_mtu ? 2 : 4));
    }
    if (has_mtu)
        dissection_add_number(d, ICMP_ID(ICMP_MTU), (uint64_t)word[2] << 8 | word[3]);
}

/* The packet that an error quotes, as long as it can be told to be. */
static void quote(struct dissection *d, struct reader *r, uint8_t type, uint8_t words)
{
    uint32_t wire_len = d->left_wire - ICMP_HEADER_BYTES, len = wire_len;
    struct reader peek = *r;
    uint16_t total;
    uint8_t first, tos;

    if (reader_u8(&peek, &first) && reader_u8(&peek, &tos) && reader_u16(&peek, &total)) {
        if (type == TYPE_REDIRECT)
            len = (first & 15u) * 4 + 8;
        else if (words && type != TYPE_QUENCH && wire_len > words * 4u && total > words * 4u)
            len = ((first & 15u) + words) * 4;
    }
    if (wire_len > 0)
        dissection_next(d, r, PROTOCOL_IPV4, len < wire_len ? len : wire_len);
}

static bool add_routers(struct dissection *d, struct reader *r, unsigned n)
{
    struct bytes address;
    uint32_t level;

    for (unsigned i = 0; i < n; i++) {
        if (!reader_bytes(r, 4, &address))
            return false;
        dissection_add_bytes(d, ICMP_ID(ICMP_ROUTER_ADDRESS), address);
        if (!reader_u32(r, &level))
            return false;
        dissection_add_number(d, ICMP_ID(ICMP_PREF_LEVEL), (uint64_t)(int64_t)(int32_t)level);
    }
    return true;
}

static bool add_timestamps(struct dissection *d, struct reader *r)
{
    for (unsigned field = ICMP_ORIGINATE; field <= ICMP_TRANSMIT; field++) {
        uint32_t time;

        if (!reader_u32(r, &time))
            return false;
        dissection_add_number(d, ICMP_ID(field), time);
    }
    return true;
}

static enum dissect_result cut(const struct dissection *d, const struct reader *whole)
{
    return reader_left(whole) < d->left_wire ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
}

static enum dissect_result icmp_dissect(struct dissection *d, struct reader *r)
{
    enum { LEAST_BYTES = 6 }; /* Wireshark calls nothing shorter ICMP */
    bool is_quoted = icmp_is_quoted(d);
    struct reader whole = *r;
    unsigned status = CHECKSUM_UNVERIFIED;
    struct layer *layer;
    uint16_t checksum, first = 0, second;
    struct bytes bytes;
    uint8_t type, code;

    if (reader_left(r) < LEAST_BYTES)
        return dissection_cut(d, LEAST_BYTES);
    if (dissection_wants(d, PROTOCOL_ICMP, ICMP_CHECKSUM_STATUS) ||
        dissection_wants(d, PROTOCOL_ICMP, ICMP_CHECKSUM_BAD))
        status = icmp_checksum_status(d, &whole, 0, is_quoted);
    layer = dissection_push(d, PROTOCOL_ICMP, r, ICMP_HEADER_BYTES);
    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u8(r, &type) || !reader_u8(r, &code) || !reader_u16(r, &checksum))
        return dissection_cut(d, 4);
    dissection_add_number(d, ICMP_ID(ICMP_CHECKSUM_STATUS), status);
    if (status == CHECKSUM_BAD)
        dissection_add_number(d, ICMP_ID(ICMP_CHECKSUM_BAD), 1);
    if (!reader_u16(r, &first) || !reader_u16(r, &second)) {
        if (is_identified(type)) {
            dissection_add_number(d, ICMP_ID(ICMP_IDENT), first);
            dissection_add_number(d, ICMP_ID(ICMP_IDENT_LE), swap16(first));
        }
        return dissection_cut(d, ICMP_HEADER_BYTES);
    }
    switch (type) {
    case TYPE_ECHO:
    case TYPE_ECHO_REPLY:
        add_identity(d, first, second);
        if (!is_quoted)
            pair(d, type == TYPE_ECHO_REPLY, checksum, first, second);
        add_echo_data(d, r);
        break;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP_REPLY:
        add_identity(d, first, second);
        return add_timestamps(d, r) ? DISSECT_OK : cut(d, &whole);
    case TYPE_INFORMATION:
    case TYPE_INFORMATION_REPLY:
        add_identity(d, first, second);
        break;
    case TYPE_MASK:
    case TYPE_MASK_REPLY:
        add_identity(d, first, second);
        if (!reader_bytes(r, 4, &bytes))
            return cut(d, &whole);
        dissection_add_bytes(d, ICMP_ID(ICMP_ADDRESS_MASK), bytes);
        break;
    case TYPE_ROUTER:
        dissection_add_number(d, ICMP_ID(ICMP_NUM_ADDRS), first >> 8);
        dissection_add_number(d, ICMP_ID(ICMP_ADDR_ENTRY_SIZE), first & 0xff);
        dissection_add_number(d, ICMP_ID(ICMP_LIFETIME), second);
        if ((first & 0xff) == 2)
            return add_routers(d, r, first >> 8) ? DISSECT_OK : cut(d, &whole);
        dissection_next(d, r, PROTOCOL_DATA, d->left_wire - ICMP_HEADER_BYTES);
        break;
    case TYPE_UNREACHABLE:
    case TYPE_EXPIRED:
    case TYPE_PARAMETER:
    case TYPE_QUENCH:
        add_error_word(d, layer->data + 4, type, code);
        quote(d, r, type, (uint8_t)first);
        break;
    case TYPE_REDIRECT:
        dissection_add_bytes(d, ICMP_ID(ICMP_REDIR_GW), bytes_of(layer->data + 4, 4));
        quote(d, r, type, 0);
        break;
    case TYPE_EXTENDED_ECHO:
    case TYPE_EXTENDED_ECHO_REPLY:
        add_extended_echo(d, type, first, second);
        break;
    default:
        break;
    }
    return DISSECT_OK;
}

const struct protocol protocol_icmp = {
    .name = "icmp",
    .title = "Internet Control Message Protocol",
    .fields = icmp_fields,
    .n_fields = sizeof icmp_fields / sizeof icmp_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = icmp_dissect,
    .state_new = icmp_echo_new,
    .state_free = icmp_echo_free,
    .state_forgotten = icmp_echo_forgotten,
};
