/* SPDX-License-Identifier: Apache-2.0 */
/*
 * igmp - who wants to hear which group: RFC 1112 (version 1), 2236 (2), 3376 (3), RFC 988 (0), and the
 * multicast traceroute of draft-ietf-idmr-traceroute-ipm. The versions are told apart by type and length: RFC
 * 3376 section 7.1. Types of other protocols that borrow the number (DVMRP, PIM version 1, ...) are left
 * alone.
 */
#include "protocol/checksum.h"
#include "protocol/dispatch.h"
#include "protocol/dissection.h"

enum {
    IGMP_TYPE,
    IGMP_RESERVED,
    IGMP_VERSION,
    IGMP_GROUP_TYPE,
    IGMP_REPLY,
    IGMP_REPLY_PENDING,
    IGMP_CHECKSUM,
    IGMP_CHECKSUM_STATUS,
    IGMP_BAD_CHECKSUM,
    IGMP_IDENTIFIER,
    IGMP_ACCESS_KEY,
    IGMP_MAX_RESP,
    IGMP_MAX_RESP_EXP,
    IGMP_MAX_RESP_MANT,
    IGMP_S,
    IGMP_QRV,
    IGMP_QQIC,
    IGMP_NUM_SRC,
    IGMP_SADDR,
    IGMP_NUM_GRP_RECS,
    IGMP_RECORD_TYPE,
    IGMP_AUX_DATA_LEN,
    IGMP_MADDR,
    IGMP_AUX_DATA,
    IGMP_DATA,
    IGMP_MTRACE_MAX_HOPS,
    IGMP_MTRACE_SADDR,
    IGMP_MTRACE_RADDR,
    IGMP_MTRACE_RSPADDR,
    IGMP_MTRACE_RESP_TTL,
    IGMP_MTRACE_Q_ID,
    IGMP_MTRACE_Q_ARRIVAL,
    IGMP_MTRACE_Q_INADDR,
    IGMP_MTRACE_Q_OUTADDR,
    IGMP_MTRACE_Q_PREVRTR,
    IGMP_MTRACE_Q_INPKT,
    IGMP_MTRACE_Q_OUTPKT,
    IGMP_MTRACE_Q_TOTAL,
    IGMP_MTRACE_Q_RTG_PROTO,
    IGMP_MTRACE_Q_FWD_TTL,
    IGMP_MTRACE_Q_MBZ,
    IGMP_MTRACE_Q_S,
    IGMP_MTRACE_Q_SRC_MASK,
    IGMP_MTRACE_Q_FWD_CODE,
};

enum {
    TYPE_V0_CREATE_REQUEST = 0x01,
    TYPE_V0_CONFIRM_REPLY = 0x08,
    TYPE_QUERY = 0x11,
    TYPE_V1_REPORT = 0x12,
    TYPE_DVMRP = 0x13,
    TYPE_PIM1 = 0x14,
    TYPE_V2_REPORT = 0x16,
    TYPE_LEAVE = 0x17,
    TYPE_TRACEROUTE_RESPONSE = 0x1e,
    TYPE_TRACEROUTE = 0x1f,
    TYPE_V3_REPORT = 0x22,
    TYPE_MSNIP = 0x23,       /* draft-ietf-magma-msnip: to 0x25 */
    TYPE_MRDISC_LAST = 0x26, /* RFC 4286's former numbers: from 0x24 */
    TYPE_IGAP = 0x40,        /* draft-hayashi-igap: to 0x42 */
    TYPE_IGAP_LAST = 0x42,
    TYPE_RGMP = 0xfc, /* RFC 3488: to 0xff */
};

enum { V1_BYTES = 8, V0_BYTES = 20, V3_QUERY_BYTES = 12, TRACEROUTE_BLOCK_BYTES = 32 };

#define IGMP_ID(index) FIELD_ID(PROTOCOL_IGMP, index)

static const struct value_name type_names[] = {
    { 0x01, "Create Group Request" },  { 0x02, "Create Group Reply" },
    { 0x03, "Join Group Request" },    { 0x04, "Join Group Reply" },
    { 0x05, "Leave Group Request" },   { 0x06, "Leave Group Reply" },
    { 0x07, "Confirm Group Request" }, { 0x08, "Confirm Group Reply" },
    { 0x11, "Membership Query" },      { 0x12, "Membership Report" },
    { 0x13, "DVMRP Protocol" },        { 0x14, "PIM Routing Message" },
    { 0x16, "Membership Report" },     { 0x17, "Leave Group" },
    { 0x1e, "Traceroute Response" },   { 0x1f, "Traceroute Query or Request" },
    { 0x22, "Membership Report" },     { 0, NULL },
};

static const struct value_name group_type_names[] = {
    { 0, "Public Group" },
    { 1, "Private Group" },
    { 0, NULL },
};

static const struct value_name reply_names[] = {
    { 0, "Request Granted" },
    { 1, "Request Denied, No Resources" },
    { 2, "Request Denied, Invalid Code" },
    { 3, "Request Denied, Invalid Group" },
    { 4, "Request Denied, Invalid Key" },
    { 0, NULL },
};

static const struct value_name suppress_names[] = {
    { 1, "SUPPRESS router side processing" },
    { 0, "Do not suppress router side processing" },
    { 0, NULL },
};

/* RFC 3376 section 4.2.12 */
static const struct value_name record_type_names[] = {
    { 1, "Mode Is Include" },
    { 2, "Mode Is Exclude" },
    { 3, "Change To Include Mode" },
    { 4, "Change To Exclude Mode" },
    { 5, "Allow New Sources" },
    { 6, "Block Old Sources" },
    { 0, NULL },
};

static const struct value_name routing_names[] = {
    { 1, "DVMRP" },
    { 2, "MOSPF" },
    { 3, "PIM" },
    { 4, "CBT" },
    { 5, "PIM using special routing table" },
    { 6, "PIM using a static route" },
    { 7, "DVMRP using a static route" },
    { 8, "PIM using MBGP (aka BGP4+) route" },
    { 9, "CBT using special routing table" },
    { 10, "CBT using a static route" },
    { 11, "PIM using state created by Assert processing" },
    { 0, NULL },
};

static const struct value_name forwarding_names[] = {
    { 0x00, "NO_ERROR" },   { 0x01, "WRONG_IF" },   { 0x02, "PRUNE_SENT" },     { 0x03, "PRUNE_RCVD" },
    { 0x04, "SCOPED" },     { 0x05, "NO_ROUTE" },   { 0x06, "WRONG_LAST_HOP" }, { 0x07, "NOT_FORWARDING" },
    { 0x08, "REACHED_RP" }, { 0x09, "RPF_IF" },     { 0x0a, "NO_MULTICAST" },   { 0x0b, "INFO_HIDDEN" },
    { 0x81, "NO_SPACE" },   { 0x82, "OLD_ROUTER" }, { 0x83, "ADMIN_PROHIB" },   { 0, NULL },
};

static const struct field igmp_fields[] = {
    [IGMP_TYPE] = { "igmp.type", FIELD_UINT, FIELD_BASE_HEX, "Type", .at_bit = 0, .n_bits = 8,
                    .names = type_names },
    [IGMP_RESERVED] = { "igmp.reserved", FIELD_BYTES, .title = "Reserved" },
    [IGMP_VERSION] = { "igmp.version", FIELD_UINT, .title = "IGMP Version", .ft_bits = 8 },
    [IGMP_GROUP_TYPE] = { "igmp.group_type", FIELD_UINT, .title = "Type Of Group", .ft_bits = 8,
                          .names = group_type_names },
    [IGMP_REPLY] = { "igmp.reply", FIELD_UINT, .title = "Reply", .ft_bits = 8, .names = reply_names },
    [IGMP_REPLY_PENDING] = { "igmp.reply.pending", FIELD_UINT, .title = "Reply Pending", .ft_bits = 8 },
    [IGMP_CHECKSUM] = { "igmp.checksum", FIELD_UINT, FIELD_BASE_HEX, "Checksum", .ft_bits = 16 },
    [IGMP_CHECKSUM_STATUS] = { "igmp.checksum.status", FIELD_UINT, .title = "Checksum Status", .ft_bits = 8,
                               .names = checksum_status_names },
    [IGMP_BAD_CHECKSUM] = { "igmp.bad_checksum", FIELD_NONE, .title = "Bad checksum" },
    [IGMP_IDENTIFIER] = { "igmp.identifier", FIELD_UINT, .title = "Identifier", .ft_bits = 32 },
    [IGMP_ACCESS_KEY] = { "igmp.access_key", FIELD_BYTES, .title = "Access Key" },
    [IGMP_MAX_RESP] = { "igmp.max_resp", FIELD_UINT, .title = "Max Resp Time", .ft_bits = 8 },
    [IGMP_MAX_RESP_EXP] = { "igmp.max_resp.exp", FIELD_UINT, FIELD_BASE_HEX, "Exponent", .ft_bits = 8 },
    [IGMP_MAX_RESP_MANT] = { "igmp.max_resp.mant", FIELD_UINT, FIELD_BASE_HEX, "Mantissa", .ft_bits = 8 },
    [IGMP_S] = { "igmp.s", FIELD_BOOL, .title = "S", .names = suppress_names },
    [IGMP_QRV] = { "igmp.qrv", FIELD_UINT, .title = "QRV", .ft_bits = 8 },
    [IGMP_QQIC] = { "igmp.qqic", FIELD_UINT, .title = "QQIC", .ft_bits = 8 },
    [IGMP_NUM_SRC] = { "igmp.num_src", FIELD_UINT, .title = "Num Src", .ft_bits = 16 },
    [IGMP_SADDR] = { "igmp.saddr", FIELD_IPV4, .title = "Source Address" },
    [IGMP_NUM_GRP_RECS] = { "igmp.num_grp_recs", FIELD_UINT, .title = "Num Group Records", .ft_bits = 16 },
    [IGMP_RECORD_TYPE] = { "igmp.record_type", FIELD_UINT, .title = "Record Type", .ft_bits = 8,
                           .names = record_type_names },
    [IGMP_AUX_DATA_LEN] = { "igmp.aux_data_len", FIELD_UINT, .title = "Aux Data Len", .ft_bits = 8 },
    [IGMP_MADDR] = { "igmp.maddr", FIELD_IPV4, .title = "Multicast Address" },
    [IGMP_AUX_DATA] = { "igmp.aux_data", FIELD_BYTES, .title = "Aux Data" },
    [IGMP_DATA] = { "igmp.data", FIELD_BYTES, .title = "Data" },
    [IGMP_MTRACE_MAX_HOPS] = { "igmp.mtrace.max_hops", FIELD_UINT, .title = "# hops", .ft_bits = 8 },
    [IGMP_MTRACE_SADDR] = { "igmp.mtrace.saddr", FIELD_IPV4, .title = "Source Address" },
    [IGMP_MTRACE_RADDR] = { "igmp.mtrace.raddr", FIELD_IPV4, .title = "Receiver Address" },
    [IGMP_MTRACE_RSPADDR] = { "igmp.mtrace.rspaddr", FIELD_IPV4, .title = "Response Address" },
    [IGMP_MTRACE_RESP_TTL] = { "igmp.mtrace.resp_ttl", FIELD_UINT, .title = "Response TTL", .ft_bits = 8 },
    [IGMP_MTRACE_Q_ID] = { "igmp.mtrace.q_id", FIELD_UINT, .title = "Query ID", .ft_bits = 24 },
    [IGMP_MTRACE_Q_ARRIVAL] = { "igmp.mtrace.q_arrival", FIELD_UINT, .title = "Query Arrival",
                                .ft_bits = 32 },
    [IGMP_MTRACE_Q_INADDR] = { "igmp.mtrace.q_inaddr", FIELD_IPV4, .title = "In itf addr" },
    [IGMP_MTRACE_Q_OUTADDR] = { "igmp.mtrace.q_outaddr", FIELD_IPV4, .title = "Out itf addr" },
    [IGMP_MTRACE_Q_PREVRTR] = { "igmp.mtrace.q_prevrtr", FIELD_IPV4, .title = "Previous rtr addr" },
    [IGMP_MTRACE_Q_INPKT] = { "igmp.mtrace.q_inpkt", FIELD_UINT, .title = "In pkts", .ft_bits = 32 },
    [IGMP_MTRACE_Q_OUTPKT] = { "igmp.mtrace.q_outpkt", FIELD_UINT, .title = "Out pkts", .ft_bits = 32 },
    [IGMP_MTRACE_Q_TOTAL] = { "igmp.mtrace.q_total", FIELD_UINT, .title = "S,G pkt count", .ft_bits = 32 },
    [IGMP_MTRACE_Q_RTG_PROTO] = { "igmp.mtrace.q_rtg_proto", FIELD_UINT, .title = "Rtg Protocol",
                                  .ft_bits = 8, .names = routing_names },
    [IGMP_MTRACE_Q_FWD_TTL] = { "igmp.mtrace.q_fwd_ttl", FIELD_UINT, .title = "FwdTTL", .ft_bits = 8 },
    [IGMP_MTRACE_Q_MBZ] = { "igmp.mtrace.q_mbz", FIELD_UINT, FIELD_BASE_HEX, "MBZ", .ft_bits = 8 },
    [IGMP_MTRACE_Q_S] = { "igmp.mtrace.q_s", FIELD_UINT, FIELD_BASE_HEX, "S", .ft_bits = 8 },
    [IGMP_MTRACE_Q_SRC_MASK] = { "igmp.mtrace.q_src_mask", FIELD_UINT, FIELD_BASE_HEX, "Src Mask",
                                 .ft_bits = 8 },
    [IGMP_MTRACE_Q_FWD_CODE] = { "igmp.mtrace.q_fwd_code", FIELD_UINT, FIELD_BASE_HEX, "Forwarding Code",
                                 .ft_bits = 8, .names = forwarding_names },
};

static bool add_bytes(struct dissection *d, struct reader *r, unsigned field, size_t n)
{
    struct bytes bytes;

    if (!reader_bytes(r, n, &bytes))
        return false;
    dissection_add_bytes(d, IGMP_ID(field), bytes);
    return true;
}

/* Of n bytes. */
static bool add_number(struct dissection *d, struct reader *r, unsigned field, unsigned n)
{
    uint64_t number = 0;
    uint8_t byte;

    if (reader_left(r) < n)
        return false;
    while (n-- > 0 && reader_u8(r, &byte))
        number = number << 8 | byte;
    dissection_add_number(d, IGMP_ID(field), number);
    return true;
}

static bool add_sources(struct dissection *d, struct reader *r, unsigned n)
{
    while (n-- > 0)
        if (!add_bytes(d, r, IGMP_SADDR, 4))
            return false;
    return true;
}

/*
 * The checksum at *r, of the first covered bytes of the message (0: of all). Unverified where they are not
 * all there, and in a first fragment.
 */
static bool add_checksum(struct dissection *d, struct reader *r, uint32_t covered)
{
    const struct layer *layer = d->top, *ip = layer > d->layers ? layer - 1 : NULL;
    struct bytes message = bytes_of(layer->data, (size_t)(r->end - layer->data));
    unsigned status = CHECKSUM_UNVERIFIED;

    if (!add_number(d, r, IGMP_CHECKSUM, 2))
        return false;
    if (covered == 0)
        covered = d->left_wire;
    if (message.len >= covered && !(ip && ip->fragment == FRAGMENT_FIRST)) {
        uint32_t sum = checksum_add(0, bytes_of(message.data, covered));

        status = checksum_fold(sum) == 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD;
    }
    dissection_add_number(d, IGMP_ID(IGMP_CHECKSUM_STATUS), status);
    if (status == CHECKSUM_BAD)
        dissection_add_number(d, IGMP_ID(IGMP_BAD_CHECKSUM), 1);
    return true;
}

/* RFC 988: to its end, as much as is there. */
static bool add_v0(struct dissection *d, struct reader *r, uint8_t type)
{
    uint8_t code;

    dissection_add_number(d, IGMP_ID(IGMP_VERSION), 0);
    if (!reader_u8(r, &code))
        return false;
    if (type == TYPE_V0_CREATE_REQUEST)
        dissection_add_number(d, IGMP_ID(IGMP_GROUP_TYPE), code);
    else if (type % 2 == 0)
        dissection_add_number(d, IGMP_ID(code < 5 ? IGMP_REPLY : IGMP_REPLY_PENDING), code);
    return add_checksum(d, r, V0_BYTES) && add_number(d, r, IGMP_IDENTIFIER, 4) &&
           add_bytes(d, r, IGMP_MADDR, 4) && add_bytes(d, r, IGMP_ACCESS_KEY, 8);
}

static bool add_v1(struct dissection *d, struct reader *r)
{
    dissection_add_number(d, IGMP_ID(IGMP_VERSION), 1);
    return add_bytes(d, r, IGMP_RESERVED, 1) && add_checksum(d, r, V1_BYTES) &&
           add_bytes(d, r, IGMP_MADDR, 4);
}

static bool add_v2(struct dissection *d, struct reader *r)
{
    dissection_add_number(d, IGMP_ID(IGMP_VERSION), 2);
    return add_number(d, r, IGMP_MAX_RESP, 1) && add_checksum(d, r, V1_BYTES) &&
           add_bytes(d, r, IGMP_MADDR, 4);
}

/* RFC 3376 section 4.1 */
static bool add_v3_query(struct dissection *d, struct reader *r)
{
    struct reader peek = *r;
    uint16_t n_sources;
    uint8_t code, flags;

    dissection_add_number(d, IGMP_ID(IGMP_VERSION), 3);
    if (!reader_skip(&peek, 9) || !reader_u16(&peek, &n_sources) || !reader_u8(r, &code))
        return false;
    if (code & 0x80) { /* a float, section 4.1.1; Wireshark's type holds its low byte only */
        uint32_t tenths = ((code & 0xfu) | 0x10) << ((code >> 4 & 7) + 3);

        dissection_add_number(d, IGMP_ID(IGMP_MAX_RESP), tenths);
        dissection_add_number(d, IGMP_ID(IGMP_MAX_RESP_EXP), code >> 4 & 7);
        dissection_add_number(d, IGMP_ID(IGMP_MAX_RESP_MANT), code & 0xf);
    } else {
        dissection_add_number(d, IGMP_ID(IGMP_MAX_RESP), code);
    }
    if (!add_checksum(d, r, 0) || !add_bytes(d, r, IGMP_MADDR, 4) || !reader_u8(r, &flags))
        return false;
    dissection_add_number(d, IGMP_ID(IGMP_S), flags >> 3 & 1);
    dissection_add_number(d, IGMP_ID(IGMP_QRV), flags & 7);
    return add_number(d, r, IGMP_QQIC, 1) && add_number(d, r, IGMP_NUM_SRC, 2) &&
           add_sources(d, r, n_sources);
}

/* Section 4.2.4 */
static bool add_group_record(struct dissection *d, struct reader *r)
{
    uint8_t aux_words;
    uint16_t n_sources;
    struct reader peek = *r;

    if (!reader_skip(&peek, 1) || !reader_u8(&peek, &aux_words) || !reader_u16(&peek, &n_sources) ||
        reader_left(&peek) < 4)
        aux_words = 0, n_sources = 0; /* what there is of it is added all the same */
    return add_number(d, r, IGMP_RECORD_TYPE, 1) && add_number(d, r, IGMP_AUX_DATA_LEN, 1) &&
           add_number(d, r, IGMP_NUM_SRC, 2) && add_bytes(d, r, IGMP_MADDR, 4) &&
           add_sources(d, r, n_sources) && (aux_words == 0 || add_bytes(d, r, IGMP_AUX_DATA, aux_words * 4u));
}

/* Section 4.2 */
static bool add_v3_report(struct dissection *d, struct reader *r)
{
    uint16_t n_records;

    dissection_add_number(d, IGMP_ID(IGMP_VERSION), 3);
    if (!add_bytes(d, r, IGMP_RESERVED, 1) || !add_checksum(d, r, 0) || !add_bytes(d, r, IGMP_RESERVED, 2) ||
        !reader_u16(r, &n_records))
        return false;
    dissection_add_number(d, IGMP_ID(IGMP_NUM_GRP_RECS), n_records);
    while (n_records-- > 0)
        if (!add_group_record(d, r))
            return false;
    return true;
}

static bool add_traceroute_block(struct dissection *d, struct reader *r)
{
    uint8_t bits;

    if (!add_number(d, r, IGMP_MTRACE_Q_ARRIVAL, 4) || !add_bytes(d, r, IGMP_MTRACE_Q_INADDR, 4) ||
        !add_bytes(d, r, IGMP_MTRACE_Q_OUTADDR, 4) || !add_bytes(d, r, IGMP_MTRACE_Q_PREVRTR, 4) ||
        !add_number(d, r, IGMP_MTRACE_Q_INPKT, 4) || !add_number(d, r, IGMP_MTRACE_Q_OUTPKT, 4) ||
        !add_number(d, r, IGMP_MTRACE_Q_TOTAL, 4) || !add_number(d, r, IGMP_MTRACE_Q_RTG_PROTO, 1) ||
        !add_number(d, r, IGMP_MTRACE_Q_FWD_TTL, 1) || !reader_u8(r, &bits))
        return false;
    dissection_add_number(d, IGMP_ID(IGMP_MTRACE_Q_MBZ), bits >> 7);
    dissection_add_number(d, IGMP_ID(IGMP_MTRACE_Q_S), bits >> 6 & 1);
    dissection_add_number(d, IGMP_ID(IGMP_MTRACE_Q_SRC_MASK), bits & 0x3f);
    return add_number(d, r, IGMP_MTRACE_Q_FWD_CODE, 1);
}

/* wire_left: bytes of the message on the wire, from *r on. */
static bool add_traceroute(struct dissection *d, struct reader *r, uint32_t wire_left)
{
    enum { HEADER_BYTES = 23 }; /* behind the type */

    if (!add_number(d, r, IGMP_MTRACE_MAX_HOPS, 1) || !add_checksum(d, r, 0) ||
        !add_bytes(d, r, IGMP_MADDR, 4) || !add_bytes(d, r, IGMP_MTRACE_SADDR, 4) ||
        !add_bytes(d, r, IGMP_MTRACE_RADDR, 4) || !add_bytes(d, r, IGMP_MTRACE_RSPADDR, 4) ||
        !add_number(d, r, IGMP_MTRACE_RESP_TTL, 1) || !add_number(d, r, IGMP_MTRACE_Q_ID, 3))
        return false;
    for (wire_left -= HEADER_BYTES; wire_left >= TRACEROUTE_BLOCK_BYTES; wire_left -= TRACEROUTE_BLOCK_BYTES)
        if (!add_traceroute_block(d, r))
            return false;
    return true;
}

static bool is_of_others(uint8_t type)
{
    return type == TYPE_DVMRP || type == TYPE_PIM1 || (type >= TYPE_MSNIP && type <= TYPE_MRDISC_LAST) ||
           (type >= TYPE_IGAP && type <= TYPE_IGAP_LAST) || type >= TYPE_RGMP;
}

/* What follows the type. False: it is not all there. */
static bool add_message(struct dissection *d, struct reader *r, uint8_t type)
{
    struct reader peek = *r;
    uint8_t second;

    switch (type) {
    case TYPE_QUERY:
        if (d->left_wire >= V3_QUERY_BYTES)
            return add_v3_query(d, r);
        if (!reader_u8(&peek, &second))
            return false;
        return second ? add_v2(d, r) : add_v1(d, r);
    case TYPE_V1_REPORT:
        return add_v1(d, r);
    case TYPE_V2_REPORT:
    case TYPE_LEAVE:
        return add_v2(d, r);
    case TYPE_V3_REPORT:
        return add_v3_report(d, r);
    case TYPE_TRACEROUTE:
    case TYPE_TRACEROUTE_RESPONSE:
        return add_traceroute(d, r, d->left_wire - 1);
    default:
        if (type >= TYPE_V0_CREATE_REQUEST && type <= TYPE_V0_CONFIRM_REPLY)
            return add_v0(d, r, type);
        return add_bytes(d, r, IGMP_DATA, reader_left(r));
    }
}

static enum dissect_result igmp_dissect(struct dissection *d, struct reader *r)
{
    bool is_cut = reader_left(r) < d->left_wire;
    struct reader peek = *r;
    uint8_t type;

    if (!reader_u8(&peek, &type))
        return is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    if (is_of_others(type))
        return DISSECT_OK;
    if (dissection_push(d, PROTOCOL_IGMP, r, (uint32_t)reader_left(r)) == NULL)
        return DISSECT_OK;
    *r = peek;
    if (!add_message(d, r, type))
        return is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    return DISSECT_OK;
}

const struct protocol protocol_igmp = {
    .name = "igmp",
    .title = "Internet Group Management Protocol",
    .fields = igmp_fields,
    .n_fields = sizeof igmp_fields / sizeof igmp_fields[0],
    .dissect = igmp_dissect,
};
