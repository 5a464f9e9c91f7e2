/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmpv6 - RFC 4443. Errors quote packets as in icmp.c; neighbour discovery and multicast listeners have a
 * file of their own, icmpv6_neighbour.c.
 */
#include "protocol/icmpv6.h"

#include "protocol/checksum.h"
#include "protocol/transport_checksum.h"
#include "protocol/dispatch.h"
#include "protocol/flow.h"
#include "protocol/icmp_echo.h"
#include "protocol/names.h"

enum { ICMPV6_HEADER_BYTES = 8 };

static const struct value_name type_names[] = {
    { 1, "Destination Unreachable" },
    { 2, "Packet Too Big" },
    { 3, "Time Exceeded" },
    { 4, "Parameter Problem" },
    { 100, "Private experimentation" },
    { 101, "Private experimentation" },
    { 127, "Reserved for expansion of ICMPv6 error messages" },
    { 128, "Echo (ping) request" },
    { 129, "Echo (ping) reply" },
    { 130, "Multicast Listener Query" },
    { 131, "Multicast Listener Report" },
    { 132, "Multicast Listener Done" },
    { 133, "Router Solicitation" },
    { 134, "Router Advertisement" },
    { 135, "Neighbor Solicitation" },
    { 136, "Neighbor Advertisement" },
    { 137, "Redirect" },
    { 138, "Router Renumbering" },
    { 139, "Node Information Query" },
    { 140, "Node Information Reply" },
    { 141, "Inverse Neighbor Discovery Solicitation" },
    { 142, "Inverse Neighbor Discovery Advertisement" },
    { 143, "Multicast Listener Report Message v2" },
    { 144, "Home Agent Address Discovery Request" },
    { 145, "Home Agent Address Discovery Reply" },
    { 146, "Mobile Prefix Solicitation" },
    { 147, "Mobile Prefix Advertisement" },
    { 148, "Certification Path Solicitation" },
    { 149, "Certification Path Advertisement" },
    { 150, "Experimental Mobility" },
    { 151, "Multicast Router Advertisement" },
    { 152, "Multicast Router Solicitation" },
    { 153, "Multicast Router Termination" },
    { 154, "FMIPv6" },
    { 155, "RPL Control" },
    { 156, "Locator Update" },
    { 157, "Duplicate Address Request" },
    { 158, "Duplicate Address Confirmation" },
    { 159, "MPL Control Message" },
    { 160, "Extended Echo request" },
    { 161, "Extended Echo reply" },
    { 200, "Private experimentation" },
    { 201, "Private experimentation" },
    { 255, "Reserved for expansion of ICMPv6 informational messages" },
    { 0, NULL },
};

static const struct value_name option_names[] = {
    { 1, "Source link-layer address" },
    { 2, "Target link-layer address" },
    { 3, "Prefix information" },
    { 4, "Redirected header" },
    { 5, "MTU" },
    { 6, "NBMA Shortcut Limit Option" },
    { 7, "Advertisement Interval" },
    { 8, "Home Agent Information" },
    { 9, "Source Address List" },
    { 10, "Target Address List" },
    { 11, "CGA" },
    { 12, "RSA Signature" },
    { 13, "Timestamp" },
    { 14, "Nonce" },
    { 15, "Trust Anchor" },
    { 16, "Certificate" },
    { 17, "IP Address/Prefix Option" },
    { 18, "New Router Prefix Information" },
    { 19, "Link-layer Address" },
    { 20, "Neighbor Advertisement Acknowledgment" },
    { 23, "MAP" },
    { 24, "Route Information" },
    { 25, "Recursive DNS Server" },
    { 26, "RA Flags Extension" },
    { 27, "Handover Key Request" },
    { 28, "Handover Key Reply" },
    { 29, "Handover Assist Information" },
    { 30, "Mobile Node Identifier Option" },
    { 31, "DNS Search List Option" },
    { 32, "Proxy Signature (PS)" },
    { 33, "Address Registration Option" },
    { 34, "6LoWPAN Context Option" },
    { 35, "Authoritative Border Router" },
    { 36, "6LoWPAN Capability Indication Option" },
    { 37, "DHCP Captive-Portal" },
    { 38, "PREF64 Option" },
    { 138, "CARD Request" },
    { 139, "CARD Reply" },
    { 253, "RFC3692-style Experiment 1" },
    { 254, "RFC3692-style Experiment 2" },
    { 0, NULL },
};

static const struct value_name preference_names[] = {
    { 0, "Medium" }, { 1, "High" }, { 2, "Reserved" }, { 3, "Low" }, { 0, NULL },
};

static const struct value_name record_names[] = {
    { 1, "Include" },
    { 2, "Exclude" },
    { 3, "Changed to include" },
    { 4, "Changed to exclude" },
    { 5, "Allow new sources" },
    { 6, "Block old sources" },
    { 0, NULL },
};

static const struct value_name lifetime_names[] = { { UINT32_MAX, "Infinity" }, { 0, NULL } };
static const struct value_name rdnss_lifetime_names[] = {
    { 0, "RDNSS address MUST no longer be used" },
    { UINT32_MAX, "Infinity" },
    { 0, NULL },
};

/* RFC 8781 section 4 */
static const struct value_name prefix_length_names[] = {
    { 0, "96 bits prefix length" },
    { 1, "64 bits prefix length" },
    { 2, "56 bits prefix length" },
    { 3, "48 bits prefix length" },
    { 4, "40 bits prefix length" },
    { 5, "32 bits prefix length" },
    { 0, NULL },
};

static const struct field icmpv6_fields[] = {
    [ICMPV6_TYPE] = { "icmpv6.type", FIELD_UINT, .title = "Type", .at_bit = 0, .n_bits = 8,
                      .names = type_names },
    [ICMPV6_CODE] = { "icmpv6.code", FIELD_UINT, .title = "Code", .at_bit = 8, .n_bits = 8 },
    [ICMPV6_CHECKSUM] = { "icmpv6.checksum", FIELD_UINT, FIELD_BASE_HEX, "Checksum", .at_bit = 16,
                          .n_bits = 16 },
    [ICMPV6_CHECKSUM_STATUS] = { "icmpv6.checksum.status", FIELD_UINT, .title = "Checksum Status",
                                 .ft_bits = 8, .needs_all = true, .names = checksum_status_names },
    [ICMPV6_CHECKSUM_BAD] = { "icmpv6.checksum_bad.expert", FIELD_NONE, .title = "Bad checksum",
                              .needs_all = true },
    [ICMPV6_RESERVED] = { "icmpv6.reserved", FIELD_BYTES, .title = "Reserved" },
    [ICMPV6_MTU] = { "icmpv6.mtu", FIELD_UINT, .title = "MTU", .ft_bits = 32 },
    [ICMPV6_POINTER] = { "icmpv6.pointer", FIELD_UINT, .title = "Pointer", .ft_bits = 32 },
    [ICMPV6_LENGTH] = { "icmpv6.length", FIELD_UINT, .title = "Length of original datagram", .ft_bits = 8 },
    [ICMPV6_IDENTIFIER] = { "icmpv6.echo.identifier", FIELD_UINT, FIELD_BASE_HEX, "Identifier",
                            .ft_bits = 16 },
    [ICMPV6_SEQUENCE] = { "icmpv6.echo.sequence_number", FIELD_UINT, .title = "Sequence", .ft_bits = 16 },
    [ICMPV6_RESP_IN] = { "icmpv6.resp_in", FIELD_FRAME, .title = "Response In" },
    [ICMPV6_RESP_TO] = { "icmpv6.resp_to", FIELD_FRAME, .title = "Response To", .needs_all = true,
                         .counts_packets = true },
    [ICMPV6_RESPTIME] = { "icmpv6.resptime", FIELD_DOUBLE, .title = "Response Time", .needs_all = true },
    [ICMPV6_NO_RESP] = { "icmpv6.no_resp", FIELD_NONE, .title = "No response seen" },
    [ICMPV6_MLD_DELAY] = { "icmpv6.mld.maximum_response_delay", FIELD_UINT,
                           .title = "Maximum Response Delay [ms]", .ft_bits = 16 },
    [ICMPV6_MLD_CODE] = { "icmpv6.mld.maximum_response_code", FIELD_UINT, .title = "Maximum Response Code",
                          .ft_bits = 16 },
    [ICMPV6_MLD_ADDRESS] = { "icmpv6.mld.multicast_address", FIELD_IPV6, .title = "Multicast Address" },
    [ICMPV6_MLD_FLAG] = { "icmpv6.mld.flag", FIELD_UINT, FIELD_BASE_HEX, "Flags", .ft_bits = 8 },
    [ICMPV6_MLD_FLAG_S] = { "icmpv6.mld.flag.s", FIELD_BOOL, .title = "Suppress Router-Side Processing" },
    [ICMPV6_MLD_FLAG_QRV] = { "icmpv6.mld.flag.qrv", FIELD_UINT,
                              .title = "QRV (Querier's Robustness Variable)", .ft_bits = 8 },
    [ICMPV6_MLD_FLAG_RESERVED] = { "icmpv6.mld.flag.reserved", FIELD_UINT, .title = "Reserved",
                                   .ft_bits = 8 },
    [ICMPV6_MLD_QQI] = { "icmpv6.mld.qqi", FIELD_UINT, .title = "QQIC (Querier's Query Interval Code)",
                         .ft_bits = 8 },
    [ICMPV6_MLD_NB_SOURCES] = { "icmpv6.mld.nb_sources", FIELD_UINT, .title = "Number of Sources",
                                .ft_bits = 16 },
    [ICMPV6_MLD_SOURCE] = { "icmpv6.mld.source_address", FIELD_IPV6, .title = "Source Address" },
    [ICMPV6_MLDR_RECORDS] = { "icmpv6.mldr.nb_mcast_records", FIELD_UINT,
                              .title = "Number of Multicast Address Records", .ft_bits = 16 },
    [ICMPV6_MLDR_MAR] = { "icmpv6.mldr.mar", FIELD_NONE, .title = "Multicast Address Record" },
    [ICMPV6_MLDR_TYPE] = { "icmpv6.mldr.mar.record_type", FIELD_UINT, .title = "Record Type", .ft_bits = 8,
                           .names = record_names },
    [ICMPV6_MLDR_AUX_LEN] = { "icmpv6.mldr.mar.aux_data_len", FIELD_UINT, .title = "Aux Data Len",
                              .ft_bits = 8 },
    [ICMPV6_MLDR_NB_SOURCES] = { "icmpv6.mldr.mar.nb_sources", FIELD_UINT, .title = "Number of Sources",
                                 .ft_bits = 16 },
    [ICMPV6_MLDR_ADDRESS] = { "icmpv6.mldr.mar.multicast_address", FIELD_IPV6, .title = "Multicast Address" },
    [ICMPV6_MLDR_SOURCE] = { "icmpv6.mldr.mar.source_address", FIELD_IPV6, .title = "Source Address" },
    [ICMPV6_MLDR_AUX] = { "icmpv6.mldr.mar.auxiliary_data", FIELD_BYTES, .title = "Auxiliary Data" },
    [ICMPV6_RA_HOP_LIMIT] = { "icmpv6.nd.ra.cur_hop_limit", FIELD_UINT, .title = "Cur hop limit",
                              .ft_bits = 8 },
    [ICMPV6_RA_FLAG] = { "icmpv6.nd.ra.flag", FIELD_UINT, FIELD_BASE_HEX, "Flags", .ft_bits = 8 },
    [ICMPV6_RA_FLAG_M] = { "icmpv6.nd.ra.flag.m", FIELD_BOOL, .title = "Managed address configuration",
                           .names = set_names },
    [ICMPV6_RA_FLAG_O] = { "icmpv6.nd.ra.flag.o", FIELD_BOOL, .title = "Other configuration",
                           .names = set_names },
    [ICMPV6_RA_FLAG_H] = { "icmpv6.nd.ra.flag.h", FIELD_BOOL, .title = "Home Agent", .names = set_names },
    [ICMPV6_RA_FLAG_PRF] = { "icmpv6.nd.ra.flag.prf", FIELD_UINT, .title = "Prf (Default Router Preference)",
                             .ft_bits = 8, .names = preference_names },
    [ICMPV6_RA_FLAG_P] = { "icmpv6.nd.ra.flag.p", FIELD_BOOL, .title = "Proxy", .names = set_names },
    [ICMPV6_RA_FLAG_RSV] = { "icmpv6.nd.ra.flag.rsv", FIELD_UINT, .title = "Reserved", .ft_bits = 8 },
    [ICMPV6_RA_LIFETIME] = { "icmpv6.nd.ra.router_lifetime", FIELD_UINT, .title = "Router lifetime (s)",
                             .ft_bits = 16 },
    [ICMPV6_RA_REACHABLE] = { "icmpv6.nd.ra.reachable_time", FIELD_UINT, .title = "Reachable time (ms)",
                              .ft_bits = 32 },
    [ICMPV6_RA_RETRANS] = { "icmpv6.nd.ra.retrans_timer", FIELD_UINT, .title = "Retrans timer (ms)",
                            .ft_bits = 32 },
    [ICMPV6_NS_TARGET] = { "icmpv6.nd.ns.target_address", FIELD_IPV6, .title = "Target Address" },
    [ICMPV6_NA_FLAG] = { "icmpv6.nd.na.flag", FIELD_UINT, FIELD_BASE_HEX, "Flags", .ft_bits = 32 },
    [ICMPV6_NA_FLAG_R] = { "icmpv6.nd.na.flag.r", FIELD_BOOL, .title = "Router", .names = set_names },
    [ICMPV6_NA_FLAG_S] = { "icmpv6.nd.na.flag.s", FIELD_BOOL, .title = "Solicited", .names = set_names },
    [ICMPV6_NA_FLAG_O] = { "icmpv6.nd.na.flag.o", FIELD_BOOL, .title = "Override", .names = set_names },
    [ICMPV6_NA_FLAG_RSV] = { "icmpv6.nd.na.flag.rsv", FIELD_UINT, .title = "Reserved", .ft_bits = 32 },
    [ICMPV6_NA_TARGET] = { "icmpv6.nd.na.target_address", FIELD_IPV6, .title = "Target Address" },
    [ICMPV6_RD_TARGET] = { "icmpv6.nd.rd.target_address", FIELD_IPV6, .title = "Target Address" },
    [ICMPV6_RD_DESTINATION] = { "icmpv6.rd.na.destination_address", FIELD_IPV6,
                                .title = "Destination Address" },
    [ICMPV6_OPT] = { "icmpv6.opt", FIELD_NONE, .title = "ICMPv6 Option" },
    [ICMPV6_OPT_TYPE] = { "icmpv6.opt.type", FIELD_UINT, .title = "Type", .ft_bits = 8,
                          .names = option_names },
    [ICMPV6_OPT_LENGTH] = { "icmpv6.opt.length", FIELD_UINT, .title = "Length", .ft_bits = 8 },
    [ICMPV6_OPT_LINKADDR] = { "icmpv6.opt.linkaddr", FIELD_ETHER, .title = "Link-layer address" },
    [ICMPV6_OPT_SRC_LINKADDR] = { "icmpv6.opt.src_linkaddr", FIELD_ETHER,
                                  .title = "Source Link-layer address" },
    [ICMPV6_OPT_TARGET_LINKADDR] = { "icmpv6.opt.target_linkaddr", FIELD_ETHER,
                                     .title = "Target Link-layer address" },
    [ICMPV6_OPT_PREFIX_LENGTH] = { "icmpv6.opt.prefix.length", FIELD_UINT, .title = "Prefix Length",
                                   .ft_bits = 8 },
    [ICMPV6_OPT_PREFIX_FLAG] = { "icmpv6.opt.prefix.flag", FIELD_UINT, FIELD_BASE_HEX, "Flag", .ft_bits = 8 },
    [ICMPV6_OPT_PREFIX_FLAG_L] = { "icmpv6.opt.prefix.flag.l", FIELD_BOOL, .title = "On-link flag(L)",
                                   .names = set_names },
    [ICMPV6_OPT_PREFIX_FLAG_A] = { "icmpv6.opt.prefix.flag.a", FIELD_BOOL,
                                   .title = "Autonomous address-configuration flag(A)", .names = set_names },
    [ICMPV6_OPT_PREFIX_FLAG_R] = { "icmpv6.opt.prefix.flag.r", FIELD_BOOL, .title = "Router address flag(R)",
                                   .names = set_names },
    [ICMPV6_OPT_PREFIX_FLAG_RESERVED] = { "icmpv6.opt.prefix.flag.reserved", FIELD_UINT, .title = "Reserved",
                                          .ft_bits = 8 },
    [ICMPV6_OPT_PREFIX_VALID] = { "icmpv6.opt.prefix.valid_lifetime", FIELD_UINT, .title = "Valid Lifetime",
                                  .ft_bits = 32, .names = lifetime_names },
    [ICMPV6_OPT_PREFIX_PREFERRED] = { "icmpv6.opt.prefix.preferred_lifetime", FIELD_UINT,
                                      .title = "Preferred Lifetime", .ft_bits = 32, .names = lifetime_names },
    [ICMPV6_OPT_PREFIX] = { "icmpv6.opt.prefix", FIELD_IPV6, .title = "Prefix" },
    [ICMPV6_OPT_ROUTE_FLAG] = { "icmpv6.opt.route_info.flag", FIELD_UINT, FIELD_BASE_HEX, "Flag",
                                .ft_bits = 8 },
    [ICMPV6_OPT_ROUTE_PREFERENCE] = { "icmpv6.opt.route_info.flag.route_preference", FIELD_UINT,
                                      .title = "Route Preference", .ft_bits = 8, .names = preference_names },
    [ICMPV6_OPT_ROUTE_LIFETIME] = { "icmpv6.opt.route_lifetime", FIELD_UINT, .title = "Route Lifetime",
                                    .ft_bits = 32, .names = lifetime_names },
    [ICMPV6_OPT_MTU] = { "icmpv6.opt.mtu", FIELD_UINT, .title = "MTU", .ft_bits = 32 },
    [ICMPV6_OPT_RDNSS_LIFETIME] = { "icmpv6.opt.rdnss.lifetime", FIELD_UINT, .title = "Lifetime",
                                    .ft_bits = 32, .names = rdnss_lifetime_names },
    [ICMPV6_OPT_RDNSS] = { "icmpv6.opt.rdnss", FIELD_IPV6, .title = "Recursive DNS Servers" },
    [ICMPV6_OPT_PREF64_LIFETIME] = { "icmpv6.opt.pref64.scaled_lifetime", FIELD_UINT,
                                     .title = "Scaled Lifetime", .ft_bits = 16 },
    [ICMPV6_OPT_PREF64_PLC] = { "icmpv6.opt.pref64.plc", FIELD_UINT, FIELD_BASE_HEX,
                                "PLC (Prefix Length Code)", .ft_bits = 16, .names = prefix_length_names },
    [ICMPV6_OPT_PREF64_PREFIX] = { "icmpv6.opt.pref64.prefix", FIELD_IPV6, .title = "Prefix" },
    [ICMPV6_INVALID_OPTION_LENGTH] = { "icmpv6.invalid_option_length", FIELD_NONE, .is_fault = true,
                                       .title = "Invalid Option Length" },
    [ICMPV6_OPT_NONCE] = { "icmpv6.opt.nonce", FIELD_BYTES, .title = "Nonce" },
};

static void pair(struct dissection *d, bool is_reply, uint16_t checksum, uint32_t word)
{
    struct icmp_echo echo = { .identifier = (uint16_t)(word >> 16), .sequence = (uint16_t)word };
    uint64_t request;
    int64_t after_ns;

    if (!dissection_wants(d, PROTOCOL_ICMPV6, ICMPV6_RESP_TO) &&
        !dissection_wants(d, PROTOCOL_ICMPV6, ICMPV6_RESPTIME))
        return;
    if (!is_reply) {
        echo.checksum = checksum == 0xffff ? 0 : checksum;
        icmp_echo_request(d, PROTOCOL_ICMPV6, &echo);
        return;
    }
    /* Its request is the same but for the type: that makes a hundred (hex) of a difference. */
    echo.checksum = (uint16_t)~checksum_fold((uint32_t)(uint16_t)~checksum + (uint16_t)~0x0100);
    if (icmp_echo_reply(d, PROTOCOL_ICMPV6, &echo, &request, &after_ns)) {
        dissection_add_number(d, ICMPV6_ID(ICMPV6_RESP_TO), request);
        dissection_add_real(d, ICMPV6_ID(ICMPV6_RESPTIME), (double)after_ns / 1e6);
    }
}

/* With the pseudo header of RFC 8200 section 8.1. */
static void add_checksum_status(struct dissection *d, const struct reader *whole, bool is_quoted)
{
    unsigned status = CHECKSUM_UNVERIFIED;
    uint8_t room[PSEUDO_ADDRESSES_BYTES];
    const struct layer *ip = icmp_ip_below(d);
    struct bytes addresses;

    if (!dissection_wants(d, PROTOCOL_ICMPV6, ICMPV6_CHECKSUM_STATUS) &&
        !dissection_wants(d, PROTOCOL_ICMPV6, ICMPV6_CHECKSUM_BAD))
        return;
    if (ip && pseudo_header_addresses(ip, room, &addresses)) {
        uint32_t sum = checksum_add(d->left_wire + IP_PROTOCOL_ICMPV6, addresses);

        status = icmp_checksum_status(d, whole, sum, is_quoted);
    }
    dissection_add_number(d, ICMPV6_ID(ICMPV6_CHECKSUM_STATUS), status);
    if (status == CHECKSUM_BAD)
        dissection_add_number(d, ICMPV6_ID(ICMPV6_CHECKSUM_BAD), 1);
}

/* False: it quotes nothing (RFC 4443 section 3: as much as fits). */
static bool add_error(struct dissection *d, struct reader *r, uint8_t type, const uint8_t *word)
{
    struct reader peek = *r;
    enum protocol_id next;
    uint8_t first;

    switch (type) {
    case ICMPV6_TOO_BIG:
    case ICMPV6_PARAMETER:
        dissection_add_number(d, ICMPV6_ID(type == ICMPV6_TOO_BIG ? ICMPV6_MTU : ICMPV6_POINTER),
                              (uint32_t)word[0] << 24 | (uint32_t)word[1] << 16 | (uint32_t)word[2] << 8 |
                                  word[3]);
        break;
    default:
        if (word[0]) /* RFC 4884: the quotation's length */
            dissection_add_number(d, ICMPV6_ID(ICMPV6_LENGTH), word[0]);
        dissection_add_bytes(d, ICMPV6_ID(ICMPV6_RESERVED), bytes_of(word + (word[0] != 0), word[0] ? 3 : 4));
    }
    if (d->left_wire <= ICMPV6_HEADER_BYTES)
        return false;
    next = reader_u8(&peek, &first) && first >> 4 != 6 ? PROTOCOL_DATA : PROTOCOL_IPV6;
    dissection_next(d, r, next, d->left_wire - ICMPV6_HEADER_BYTES);
    return true;
}

/*
 * Messages of which nothing else is read here: the reserved octets of routing for low-power networks (RFC
 * 6550 section 6; not of its secure messages), and of router renumbering (RFC 2894 section 3.1). body: behind
 * the checksum.
 */
static void add_reserved(struct dissection *d, struct reader body, uint8_t type, uint8_t code)
{
    static const uint8_t rpl_reserved_at[] = { 1, 7, 2 }; /* solicitation, information, advertisement */
    struct bytes bytes;

    if (type == ICMPV6_HOME_AGENT_REQUEST || type == ICMPV6_MOBILE_PREFIX_SOLICIT) {
        if (reader_skip(&body, 2) && reader_bytes(&body, 2, &bytes))
            dissection_add_bytes(d, ICMPV6_ID(ICMPV6_RESERVED), bytes);
        return;
    }
    if (type == ICMPV6_RPL) {
        if (code < sizeof rpl_reserved_at && reader_skip(&body, rpl_reserved_at[code]) &&
            reader_bytes(&body, 1, &bytes))
            dissection_add_bytes(d, ICMPV6_ID(ICMPV6_RESERVED), bytes);
        return;
    }
    if (!reader_skip(&body, 8) || !reader_bytes(&body, 4, &bytes))
        return;
    dissection_add_bytes(d, ICMPV6_ID(ICMPV6_RESERVED), bytes);
    if (code == 0 && reader_skip(&body, 6) &&
        reader_bytes(&body, 2, &bytes)) /* a command: the part that matches */
        dissection_add_bytes(d, ICMPV6_ID(ICMPV6_RESERVED), bytes);
}

static enum dissect_result icmpv6_dissect(struct dissection *d, struct reader *r)
{
    bool is_quoted = icmp_is_quoted(d);
    struct reader whole = *r, body;
    struct layer *layer;
    uint16_t checksum;
    uint8_t type, code;
    struct bytes quoted;
    uint32_t word;
    bool is_done = true;

    layer = dissection_push(d, PROTOCOL_ICMPV6, r, ICMPV6_HEADER_BYTES);
    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u8(r, &type) || !reader_u8(r, &code) || !reader_u16(r, &checksum))
        return dissection_cut(d, 4);
    add_checksum_status(d, &whole, is_quoted);
    body = *r;
    switch (type) {
    case ICMPV6_UNREACHABLE:
    case ICMPV6_TOO_BIG:
    case ICMPV6_EXCEEDED:
    case ICMPV6_PARAMETER:
        if (!reader_u32(r, &word))
            return dissection_cut(d, ICMPV6_HEADER_BYTES);
        is_done = add_error(d, r, type, layer->data + 4);
        break;
    case ICMPV6_ECHO:
    case ICMPV6_ECHO_REPLY:
        if (!reader_u32(r, &word))
            return dissection_cut(d, ICMPV6_HEADER_BYTES);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_IDENTIFIER), word >> 16);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_SEQUENCE), word & 0xffff);
        if (!is_quoted)
            pair(d, type == ICMPV6_ECHO_REPLY, checksum, word);
        dissection_next(d, r, PROTOCOL_DATA, d->left_wire - ICMPV6_HEADER_BYTES);
        break;
    case ICMPV6_EXTENDED_ECHO: /* RFC 8335: as an echo to there; the interface it asks about is not read */
    case ICMPV6_EXTENDED_ECHO_REPLY:
        if (!reader_u32(r, &word))
            return dissection_cut(d, ICMPV6_HEADER_BYTES);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_IDENTIFIER), word >> 16);
        break;
    case ICMPV6_LISTENER_QUERY:
    case ICMPV6_LISTENER_REPORT:
    case ICMPV6_LISTENER_DONE:
    case ICMPV6_LISTENER_REPORT2:
        is_done = icmpv6_add_listener(d, &body, type);
        break;
    case ICMPV6_ROUTER_SOLICIT:
    case ICMPV6_ROUTER_ADVERT:
    case ICMPV6_NEIGHBOR_SOLICIT:
    case ICMPV6_NEIGHBOR_ADVERT:
    case ICMPV6_REDIRECT:
        is_done = icmpv6_add_neighbour(d, &body, type, &quoted);
        if (quoted.len > 0) {
            *r = reader_over(quoted);
            dissection_next(d, r, PROTOCOL_IPV6, (uint32_t)quoted.len);
        }
        break;
    case ICMPV6_RENUMBERING:
    case ICMPV6_HOME_AGENT_REQUEST:
    case ICMPV6_MOBILE_PREFIX_SOLICIT:
    case ICMPV6_RPL:
        add_reserved(d, body, type, code);
        break;
    default:
        break;
    }
    if (!is_done)
        return reader_left(&whole) < d->left_wire ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    return DISSECT_OK;
}

const struct protocol protocol_icmpv6 = {
    .name = "icmpv6",
    .title = "Internet Control Message Protocol v6",
    .fields = icmpv6_fields,
    .n_fields = sizeof icmpv6_fields / sizeof icmpv6_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = icmpv6_dissect,
    .state_new = icmp_echo_new,
    .state_free = icmp_echo_free,
    .state_forgotten = icmp_echo_forgotten,
};
