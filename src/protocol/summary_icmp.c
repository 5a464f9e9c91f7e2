/* SPDX-License-Identifier: Apache-2.0 */
/* summary_icmp - sentences of ICMP (RFC 792), ICMPv6 (RFC 4443, 4861) and IGMP (RFC 2236, 3376), as tshark
 * words them. */
#include "protocol/summary_sentence.h"

static const char *word_of(const struct value_name *words, uint64_t number)
{
    for (; words->name; words++)
        if (words->value == number)
            return words->name;
    return NULL;
}

static void put_word(struct sentence *s, const struct value_name *words, uint64_t number)
{
    const char *word = word_of(words, number);

    if (word)
        sentence_put(s, word);
    else
        sentence_printf(s, "Type %u", (unsigned)number);
}

/* ---- ICMP ---- */

enum { TYPE, CODE, IDENT, SEQ, SEQ_LE, REQUEST_FRAME, TTL, REDIRECT_GATEWAY };

static const char *const icmp_field_names[] = {
    [TYPE] = "icmp.type",     [CODE] = "icmp.code",
    [IDENT] = "icmp.ident",   [SEQ] = "icmp.seq",
    [SEQ_LE] = "icmp.seq_le", [REQUEST_FRAME] = "icmp.resp_to",
    [TTL] = "ip.ttl",         [REDIRECT_GATEWAY] = "icmp.redir_gw",
};

static const struct value_name icmp_words[] = {
    { 0, "Echo (ping) reply   " },
    { 3, "Destination unreachable" },
    { 4, "Source quench (flow control)" },
    { 5, "Redirect" },
    { 8, "Echo (ping) request " },
    { 9, "Mobile IP Advertisement" },
    { 10, "Router solicitation" },
    { 11, "Time-to-live exceeded" },
    { 12, "Parameter problem" },
    { 13, "Timestamp request" },
    { 14, "Timestamp reply" },
    { 17, "Address mask request" },
    { 18, "Address mask reply" },
    { 0, NULL },
};

static const struct value_name unreachable_words[] = {
    { 0, "Network unreachable" },
    { 1, "Host unreachable" },
    { 2, "Protocol unreachable" },
    { 3, "Port unreachable" },
    { 4, "Fragmentation needed" },
    { 5, "Source route failed" },
    { 6, "Destination network unknown" },
    { 7, "Destination host unknown" },
    { 9, "Network administratively prohibited" },
    { 10, "Host administratively prohibited" },
    { 11, "Network unreachable for TOS" },
    { 12, "Host unreachable for TOS" },
    { 13, "Communication administratively filtered" },
    { 0, NULL },
};

static const struct value_name exceeded_words[] = {
    { 0, "Time to live exceeded in transit" },
    { 1, "Fragment reassembly time exceeded" },
    { 0, NULL },
};

static const struct value_name redirect_words[] = {
    { 0, "Redirect for network" },
    { 1, "Redirect for host" },
    { 2, "Redirect for TOS and network" },
    { 3, "Redirect for TOS and host" },
    { 0, NULL },
};

static void put_code(struct sentence *s, const struct value_name *words)
{
    uint64_t code;
    const char *word;

    if (!sentence_number(s, CODE, &code))
        return;
    word = word_of(words, code);
    if (word)
        sentence_printf(s, " (%s)", word);
    else
        sentence_printf(s, " (code %u)", (unsigned)code);
}

static void put_request_frame(struct sentence *s, unsigned field)
{
    uint64_t frame;

    if (sentence_number(s, field, &frame))
        sentence_printf(s, " (request in %llu)", (unsigned long long)frame);
}

static void put_icmp(struct sentence *s)
{
    uint64_t type = 0, ident = 0, seq = 0, seq_le = 0;
    struct value ttl;

    if (!sentence_number(s, TYPE, &type))
        return;
    put_word(s, icmp_words, type);
    if (type == 3 || type == 11 || type == 12 || type == 4)
        sentence_warn(s, SUMMARY_ERROR);
    if (type == 3 || type == 5 || type == 11)
        put_code(s, type == 3 ? unreachable_words : type == 5 ? redirect_words : exceeded_words);
    if ((type == 0 || type == 8) && sentence_number(s, IDENT, &ident) && sentence_number(s, SEQ, &seq)) {
        sentence_number(s, SEQ_LE, &seq_le);
        sentence_printf(s, " id=0x%04x, seq=%u/%u", (unsigned)ident, (unsigned)seq, (unsigned)seq_le);
        if (sentence_value_of(s, s->network, TTL, &ttl))
            sentence_printf(s, ", ttl=%u", (unsigned)ttl.number);
        put_request_frame(s, REQUEST_FRAME);
    }
}

const struct summary_trade summary_icmp = {
    .label = "ICMP",
    .fields = icmp_field_names,
    .n_fields = sizeof icmp_field_names / sizeof *icmp_field_names,
    .put = put_icmp,
};

/* ---- ICMPv6 ---- */

enum {
    V6_TYPE,
    V6_CODE,
    V6_IDENT,
    V6_SEQ,
    V6_REQUEST_FRAME,
    V6_HOP_LIMIT,
    NS_TARGET,
    NA_TARGET,
    LINK_ADDRESS,
    NA_R,
    NA_S,
    NA_O
};

static const char *const icmpv6_field_names[] = {
    [V6_TYPE] = "icmpv6.type",
    [V6_CODE] = "icmpv6.code",
    [V6_IDENT] = "icmpv6.echo.identifier",
    [V6_SEQ] = "icmpv6.echo.sequence_number",
    [V6_REQUEST_FRAME] = "icmpv6.resp_to",
    [V6_HOP_LIMIT] = "ipv6.hlim",
    [NS_TARGET] = "icmpv6.nd.ns.target_address",
    [NA_TARGET] = "icmpv6.nd.na.target_address",
    [LINK_ADDRESS] = "icmpv6.opt.linkaddr",
    [NA_R] = "icmpv6.nd.na.flag.r",
    [NA_S] = "icmpv6.nd.na.flag.s",
    [NA_O] = "icmpv6.nd.na.flag.o",
};

static const struct value_name icmpv6_words[] = {
    { 1, "Destination Unreachable" },
    { 2, "Packet Too Big" },
    { 3, "Time Exceeded" },
    { 4, "Parameter Problem" },
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
    { 143, "Multicast Listener Report Message v2" },
    { 0, NULL },
};

static const struct value_name v6_unreachable_words[] = {
    { 0, "no route to destination" },
    { 1, "Administratively prohibited" },
    { 2, "Beyond scope of source address" },
    { 3, "Address unreachable" },
    { 4, "Port unreachable" },
    { 5, "Source address failed ingress/egress policy" },
    { 6, "Reject route to destination" },
    { 0, NULL },
};

static const struct value_name v6_exceeded_words[] = {
    { 0, "hop limit exceeded in transit" },
    { 1, "fragment reassembly time exceeded" },
    { 0, NULL },
};

static void put_link_address(struct sentence *s, const char *before)
{
    if (sentence_has(s, LINK_ADDRESS)) {
        sentence_put(s, before);
        sentence_put_field(s, LINK_ADDRESS);
    }
}

static void put_advertisement_flags(struct sentence *s)
{
    static const struct {
        unsigned field;
        const char *word;
    } flags[] = { { NA_R, "rtr" }, { NA_S, "sol" }, { NA_O, "ovr" } };
    const char *between = " (";
    uint64_t is_set;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (sentence_number(s, flags[i].field, &is_set) && is_set) {
            sentence_put(s, between);
            sentence_put(s, flags[i].word);
            between = ", ";
        }
    if (between[0] == ',')
        sentence_put(s, ")");
}

static void put_icmpv6(struct sentence *s)
{
    uint64_t type = 0, ident = 0, seq = 0;
    struct value hop_limit;

    if (!sentence_number(s, V6_TYPE, &type))
        return;
    put_word(s, icmpv6_words, type);
    if (type < 128)
        sentence_warn(s, SUMMARY_ERROR);
    switch (type) {
    case 1:
        put_code(s, v6_unreachable_words);
        break;
    case 3:
        put_code(s, v6_exceeded_words);
        break;
    case 128:
    case 129:
        sentence_number(s, V6_IDENT, &ident);
        sentence_number(s, V6_SEQ, &seq);
        sentence_printf(s, " id=0x%04x, seq=%u", (unsigned)ident, (unsigned)seq);
        if (sentence_value_of(s, s->network, V6_HOP_LIMIT, &hop_limit))
            sentence_printf(s, ", hop limit=%u", (unsigned)hop_limit.number);
        put_request_frame(s, V6_REQUEST_FRAME);
        break;
    case 133:
    case 134:
        put_link_address(s, " from ");
        break;
    case 135:
        sentence_put(s, " for ");
        sentence_put_field(s, NS_TARGET);
        put_link_address(s, " from ");
        break;
    case 136:
        sentence_put(s, " ");
        sentence_put_field(s, NA_TARGET);
        put_advertisement_flags(s);
        put_link_address(s, " is at ");
        break;
    default:
        break;
    }
}

const struct summary_trade summary_icmpv6 = {
    .label = "ICMPv6",
    .fields = icmpv6_field_names,
    .n_fields = sizeof icmpv6_field_names / sizeof *icmpv6_field_names,
    .put = put_icmpv6,
};

/* ---- IGMP ---- */

enum { GROUP_TYPE, VERSION, GROUP, RECORD_TYPE, N_SOURCES, SOURCE, IGMP_FIELDS };

static const char *const igmp_field_names[] = {
    [GROUP_TYPE] = "igmp.type",         [VERSION] = "igmp.version",   [GROUP] = "igmp.maddr",
    [RECORD_TYPE] = "igmp.record_type", [N_SOURCES] = "igmp.num_src", [SOURCE] = "igmp.saddr",
};

enum {
    IGMP_QUERY = 0x11,
    IGMP_V1_REPORT = 0x12,
    IGMP_V2_REPORT = 0x16,
    IGMP_LEAVE = 0x17,
    IGMP_V3_REPORT = 0x22
};

/* RFC 3376 section 4.2.12: what a record without sources means, and one with. */
static void put_group(struct sentence *s, const struct value *record_type, uint64_t n_sources,
                      const struct value *group)
{
    static const char *const with_sources[] = {
        "", "is include", "is exclude", "join", "leave all but", "new source", "block source"
    };
    uint64_t type = record_type->number;

    sentence_put(s, " / ");
    if (n_sources == 0 && type >= 1 && type <= 4) { /* nothing included, or nothing excluded */
        sentence_put(s, type % 2 ? "Leave group " : "Join group ");
        sentence_put_value(s, group);
        sentence_put(s, type % 2 ? "" : " for any sources");
        return;
    }
    sentence_put(s, "Group ");
    sentence_put_value(s, group);
    sentence_printf(s, ", %s {",
                    type < sizeof with_sources / sizeof *with_sources ? with_sources[type] : "?");
}

static void put_report(struct sentence *s)
{
    struct value record_type = { 0 };
    uint64_t n_sources = 0, n_left = 0;

    sentence_put(s, "Membership Report");
    for (uint32_t i = 0; i < s->d->n_values && !s->text->is_full; i++) {
        const struct value *value = &s->d->values[i];

        switch (sentence_field_at(s, i, IGMP_FIELDS)) {
        case RECORD_TYPE:
            record_type = *value;
            break;
        case N_SOURCES:
            n_sources = n_left = value->number;
            break;
        case GROUP:
            put_group(s, &record_type, n_sources, value);
            if (n_sources == 0 && (record_type.number < 1 || record_type.number > 4))
                sentence_put(s, "}");
            break;
        case SOURCE:
            if (n_left == 0)
                break;
            sentence_put_value(s, value);
            sentence_put(s, --n_left ? ", " : "}");
            break;
        default:
            break;
        }
    }
}

static void put_igmp(struct sentence *s)
{
    uint64_t type = 0, version = 0;
    struct value group;

    sentence_number(s, GROUP_TYPE, &type);
    if (sentence_number(s, VERSION, &version))
        s->label = version == 3 ? "IGMPv3" : version == 2 ? "IGMPv2" : version == 1 ? "IGMPv1" : "IGMP";
    switch (type) {
    case IGMP_QUERY:
        sentence_put(s, "Membership Query");
        if (!sentence_value(s, GROUP, &group) || group.bytes.len != 4 ||
            memcmp(group.bytes.data, "\0\0\0\0", 4) == 0) {
            sentence_put(s, ", general");
        } else {
            sentence_put(s, ", specific for group ");
            sentence_put_value(s, &group);
        }
        break;
    case IGMP_V3_REPORT:
        put_report(s);
        break;
    case IGMP_V1_REPORT:
    case IGMP_V2_REPORT:
        sentence_put(s, "Membership Report group ");
        sentence_put_field(s, GROUP);
        break;
    case IGMP_LEAVE:
        sentence_put(s, "Leave Group ");
        sentence_put_field(s, GROUP);
        break;
    default:
        sentence_printf(s, "Type 0x%02x", (unsigned)type);
        break;
    }
}

const struct summary_trade summary_igmp = {
    .label = "IGMP",
    .fields = igmp_field_names,
    .n_fields = IGMP_FIELDS,
    .put = put_igmp,
};
