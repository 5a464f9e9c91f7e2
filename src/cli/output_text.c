/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_text - one line a packet for people: number, time, source and destination (of the innermost IP
 * layer), protocol (the innermost known), length, and what it is about, in the spirit of tshark's summary.
 *
 * Asks for fields by name, so that it needs nothing of a protocol's insides; a field that is not known yet is
 * simply not shown. Each protocol's sentence is a row of `sentences`.
 */
#include "base/ip_address.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cli/output_trade.h"
#include "protocol/value_format.h"

enum { ADDRESS_COLUMNS = 15, PROTOCOL_COLUMNS = 8 };

/* Every field a line may need. */
enum text_field {
    TEXT_ETH_SRC,
    TEXT_ETH_DST,
    TEXT_IP_SRC,
    TEXT_IP_DST,
    TEXT_IP_PROTO,
    TEXT_IP_ID,
    TEXT_IP_OFFSET,
    TEXT_IPV6_SRC,
    TEXT_IPV6_DST,
    TEXT_UDP_SRCPORT,
    TEXT_UDP_DSTPORT,
    TEXT_UDP_LENGTH,
    TEXT_TCP_SRCPORT,
    TEXT_TCP_DSTPORT,
    TEXT_TCP_FLAGS,
    TEXT_TCP_SEQ,
    TEXT_TCP_ACK,
    TEXT_TCP_LEN,
    TEXT_ICMP_TYPE,
    TEXT_ICMP_CODE,
    TEXT_ICMP_IDENT,
    TEXT_ICMP_SEQ,
    TEXT_ICMPV6_TYPE,
    TEXT_ICMPV6_IDENT,
    TEXT_ICMPV6_SEQ,
    TEXT_ICMPV6_NS_TARGET,
    TEXT_ICMPV6_NA_TARGET,
    TEXT_ARP_OPCODE,
    TEXT_ARP_SRC_MAC,
    TEXT_ARP_SRC_IPV4,
    TEXT_ARP_DST_IPV4,
    TEXT_VXLAN_VNI,
    TEXT_DTLS_CONTENT_TYPE,
    TEXT_DTLS_SPECIAL_TYPE,
    TEXT_DTLS_VERSION,
    TEXT_DTLS_CID,
    TEXT_DTLS_HANDSHAKE_TYPE,
    TEXT_DTLS_IDENTITY,
    TEXT_DTLS_ALERT_LEVEL,
    TEXT_DTLS_ALERT_DESC,
    TEXT_FIELD_COUNT
};

static const char *const field_names[TEXT_FIELD_COUNT] = {
    [TEXT_ETH_SRC] = "eth.src",
    [TEXT_ETH_DST] = "eth.dst",
    [TEXT_IP_SRC] = "ip.src",
    [TEXT_IP_DST] = "ip.dst",
    [TEXT_IP_PROTO] = "ip.proto",
    [TEXT_IP_ID] = "ip.id",
    [TEXT_IP_OFFSET] = "ip.frag_offset",
    [TEXT_IPV6_SRC] = "ipv6.src",
    [TEXT_IPV6_DST] = "ipv6.dst",
    [TEXT_UDP_SRCPORT] = "udp.srcport",
    [TEXT_UDP_DSTPORT] = "udp.dstport",
    [TEXT_UDP_LENGTH] = "udp.length",
    [TEXT_TCP_SRCPORT] = "tcp.srcport",
    [TEXT_TCP_DSTPORT] = "tcp.dstport",
    [TEXT_TCP_FLAGS] = "tcp.flags",
    [TEXT_TCP_SEQ] = "tcp.seq_raw",
    [TEXT_TCP_ACK] = "tcp.ack_raw",
    [TEXT_TCP_LEN] = "tcp.len",
    [TEXT_ICMP_TYPE] = "icmp.type",
    [TEXT_ICMP_CODE] = "icmp.code",
    [TEXT_ICMP_IDENT] = "icmp.ident",
    [TEXT_ICMP_SEQ] = "icmp.seq",
    [TEXT_ICMPV6_TYPE] = "icmpv6.type",
    [TEXT_ICMPV6_IDENT] = "icmpv6.echo.identifier",
    [TEXT_ICMPV6_SEQ] = "icmpv6.echo.sequence_number",
    [TEXT_ICMPV6_NS_TARGET] = "icmpv6.nd.ns.target_address",
    [TEXT_ICMPV6_NA_TARGET] = "icmpv6.nd.na.target_address",
    [TEXT_ARP_OPCODE] = "arp.opcode",
    [TEXT_ARP_SRC_MAC] = "arp.src.hw_mac",
    [TEXT_ARP_SRC_IPV4] = "arp.src.proto_ipv4",
    [TEXT_ARP_DST_IPV4] = "arp.dst.proto_ipv4",
    [TEXT_VXLAN_VNI] = "vxlan.vni",
    [TEXT_DTLS_CONTENT_TYPE] = "dtls.record.content_type",
    [TEXT_DTLS_SPECIAL_TYPE] = "dtls.record.special_type",
    [TEXT_DTLS_VERSION] = "dtls.record.version",
    [TEXT_DTLS_CID] = "dtls.record.connection_id",
    [TEXT_DTLS_HANDSHAKE_TYPE] = "dtls.handshake.type",
    [TEXT_DTLS_IDENTITY] = "dtls.handshake.identity",
    [TEXT_DTLS_ALERT_LEVEL] = "dtls.alert_message.level",
    [TEXT_DTLS_ALERT_DESC] = "dtls.alert_message.desc",
};

struct line {
    const struct dissection *d;
    struct buffer *text;
    const uint16_t *ids; /* by enum text_field */
    uint32_t n_layers;   /* of the packet itself: what an ICMP error quotes is not counted */
    uint32_t subject;    /* the innermost known layer */
};

static_assert((int)TEXT_FIELD_COUNT <= (int)OUTPUT_TEXT_FIELDS, "struct output has room for their numbers");

static void text_prepare(struct output *output)
{
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        demand_add_protocol(&output->demand, (enum protocol_id)p);
    for (size_t i = 0; i < TEXT_FIELD_COUNT; i++) {
        uint16_t id = field_find(field_names[i], strlen(field_names[i]));

        output->text_ids[i] = id;
        if (id != FIELD_ID_NONE)
            demand_add_field(&output->demand, id);
    }
}

/* ---- values of the line's layers ---- */

static bool value_at(const struct line *line, uint32_t layer, enum text_field field, struct value *value)
{
    return output_layer_value(line->d, layer, line->ids[field], value);
}

static bool number_at(const struct line *line, uint32_t layer, enum text_field field, uint64_t *number)
{
    struct value value;

    if (!value_at(line, layer, field, &value))
        return false;
    *number = value.number;
    return true;
}

static void put_value_at(const struct line *line, uint32_t layer, enum text_field field)
{
    struct value value;

    if (value_at(line, layer, field, &value))
        value_format(line->text, &value);
    else
        buffer_put_u8(line->text, '?');
}

static const char *named(const struct value *value)
{
    return field_value_name(field_of(value->field), value->number);
}

/* The innermost layer of a protocol, at most `below`; UINT32_MAX for none. */
static uint32_t innermost(const struct line *line, uint64_t mask, uint32_t below)
{
    for (uint32_t i = below; i-- > 0;)
        if (mask & PROTOCOL_BIT(line->d->layers[i].protocol))
            return i;
    return UINT32_MAX;
}

static void put_padding(struct buffer *text, size_t start, size_t columns)
{
    size_t taken = utf8_columns(bytes_of(text->data + start, text->len - start));

    for (; taken < columns; taken++)
        buffer_put_u8(text, ' ');
}

/* ---- what it is about, a function a protocol ---- */

static void put_ports(const struct line *line, enum text_field source, enum text_field destination,
                      uint64_t mask)
{
    uint32_t layer = innermost(line, mask, line->n_layers);

    if (layer == UINT32_MAX)
        return;
    put_value_at(line, layer, source);
    buffer_put_text(line->text, " → ");
    put_value_at(line, layer, destination);
}

static void udp_sentence(const struct line *line)
{
    uint64_t length;

    put_ports(line, TEXT_UDP_SRCPORT, TEXT_UDP_DSTPORT, PROTOCOL_BIT(PROTOCOL_UDP));
    if (number_at(line, line->subject, TEXT_UDP_LENGTH, &length) && length >= 8)
        buffer_printf(line->text, " Len=%u", (unsigned)length - 8);
}

static void tcp_sentence(const struct line *line)
{
    static const struct {
        unsigned bit;
        const char *name;
    } flags[] = { { 1, "FIN" },  { 2, "SYN" },  { 4, "RST" },  { 8, "PSH" },
                  { 16, "ACK" }, { 32, "URG" }, { 64, "ECE" }, { 128, "CWR" } };
    const char *between = "";
    uint64_t set, number;

    put_ports(line, TEXT_TCP_SRCPORT, TEXT_TCP_DSTPORT, PROTOCOL_BIT(PROTOCOL_TCP));
    if (number_at(line, line->subject, TEXT_TCP_FLAGS, &set)) {
        buffer_put_text(line->text, " [");
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
            if (set & flags[i].bit) {
                buffer_printf(line->text, "%s%s", between, flags[i].name);
                between = ", ";
            }
        buffer_put_text(line->text, "]");
        if (number_at(line, line->subject, TEXT_TCP_SEQ, &number))
            buffer_printf(line->text, " Seq=%u", (unsigned)number);
        if ((set & 16) && number_at(line, line->subject, TEXT_TCP_ACK, &number))
            buffer_printf(line->text, " Ack=%u", (unsigned)number);
    }
    if (number_at(line, line->subject, TEXT_TCP_LEN, &number))
        buffer_printf(line->text, " Len=%u", (unsigned)number);
}

/* Sentences for the messages that are met (RFC 792, RFC 4443, RFC 4861), as tshark words them. */
static const struct value_name icmp_words[] = {
    { 0, "Echo (ping) reply" },   { 3, "Destination unreachable" }, { 5, "Redirect" },
    { 8, "Echo (ping) request" }, { 11, "Time-to-live exceeded" },  { 12, "Parameter problem" },
    { 13, "Timestamp request" },  { 14, "Timestamp reply" },        { 0, NULL },
};

static const struct value_name icmpv6_words[] = {
    { 1, "Destination unreachable" },
    { 2, "Packet too big" },
    { 3, "Time exceeded" },
    { 4, "Parameter problem" },
    { 128, "Echo (ping) request" },
    { 129, "Echo (ping) reply" },
    { 130, "Multicast Listener Query" },
    { 131, "Multicast Listener Report" },
    { 133, "Router Solicitation" },
    { 134, "Router Advertisement" },
    { 135, "Neighbor Solicitation" },
    { 136, "Neighbor Advertisement" },
    { 137, "Redirect" },
    { 143, "Multicast Listener Report v2" },
    { 0, NULL },
};

static void put_word(const struct line *line, uint64_t type, const struct value_name *words)
{
    for (; words->name; words++)
        if (words->value == type) {
            buffer_put_text(line->text, words->name);
            return;
        }
    buffer_printf(line->text, "type %u", (unsigned)type);
}

static void put_type(const struct line *line, enum text_field field, const struct value_name *words)
{
    struct value type;

    if (!value_at(line, line->subject, field, &type))
        buffer_put_text(line->text, "message");
    else
        put_word(line, type.number, words);
}

static void put_echo(const struct line *line, enum text_field ident_field, enum text_field seq_field)
{
    uint64_t ident, seq;

    if (number_at(line, line->subject, ident_field, &ident) &&
        number_at(line, line->subject, seq_field, &seq))
        buffer_printf(line->text, " id=0x%04x, seq=%u", (unsigned)ident, (unsigned)seq);
}

static void icmp_sentence(const struct line *line)
{
    uint64_t type, code;

    put_type(line, TEXT_ICMP_TYPE, icmp_words);
    if (number_at(line, line->subject, TEXT_ICMP_TYPE, &type) && (type == 3 || type == 5 || type == 11) &&
        number_at(line, line->subject, TEXT_ICMP_CODE, &code))
        buffer_printf(line->text, ", code %u", (unsigned)code);
    put_echo(line, TEXT_ICMP_IDENT, TEXT_ICMP_SEQ);
}

static void icmpv6_sentence(const struct line *line)
{
    struct value target;

    put_type(line, TEXT_ICMPV6_TYPE, icmpv6_words);
    put_echo(line, TEXT_ICMPV6_IDENT, TEXT_ICMPV6_SEQ);
    if (value_at(line, line->subject, TEXT_ICMPV6_NS_TARGET, &target) ||
        value_at(line, line->subject, TEXT_ICMPV6_NA_TARGET, &target)) {
        buffer_put_text(line->text, " for ");
        value_format(line->text, &target);
    }
}

static void arp_sentence(const struct line *line)
{
    uint64_t opcode = 0;

    number_at(line, line->subject, TEXT_ARP_OPCODE, &opcode);
    if (opcode == 1) {
        buffer_put_text(line->text, "Who has ");
        put_value_at(line, line->subject, TEXT_ARP_DST_IPV4);
        buffer_put_text(line->text, "? Tell ");
        put_value_at(line, line->subject, TEXT_ARP_SRC_IPV4);
    } else if (opcode == 2) {
        put_value_at(line, line->subject, TEXT_ARP_SRC_IPV4);
        buffer_put_text(line->text, " is at ");
        put_value_at(line, line->subject, TEXT_ARP_SRC_MAC);
    } else {
        buffer_printf(line->text, "opcode %u", (unsigned)opcode);
    }
}

static void vxlan_sentence(const struct line *line)
{
    buffer_put_text(line->text, "VNI ");
    put_value_at(line, line->subject, TEXT_VXLAN_VNI);
}

/* RFC 6347 section 4.1 and RFC 9146 section 4: what a record says of itself. */
enum {
    CONTENT_CHANGE_CIPHER_SPEC = 20,
    CONTENT_ALERT,
    CONTENT_HANDSHAKE,
    CONTENT_APPLICATION_DATA,
    CONTENT_CID = 25
};

static const char *content_name(uint64_t type)
{
    switch (type) {
    case CONTENT_CHANGE_CIPHER_SPEC:
        return "Change Cipher Spec";
    case CONTENT_ALERT:
        return "Alert";
    case CONTENT_APPLICATION_DATA:
        return "Application Data";
    case CONTENT_CID:
        return "Connection ID"; /* the real type is encrypted */
    default:
        return "Unknown Record";
    }
}

static void put_item(const struct line *line, size_t start, const char *name)
{
    buffer_printf(line->text, "%s%s", line->text->len > start ? ", " : "", name);
}

static void put_identity(const struct line *line, struct bytes identity)
{
    buffer_put_text(line->text, " identity ");
    if (utf8_is_printable(identity))
        buffer_put(line->text, identity.data, identity.len);
    else
        hex_format(line->text, identity);
}

/* Records in their order; a handshake record by the messages in it. */
static void dtls_sentence(const struct line *line)
{
    const struct dissection *d = line->d;
    bool is_handshake_open = false; /* a handshake record none of whose messages was readable so far */
    size_t start;

    put_ports(line, TEXT_UDP_SRCPORT, TEXT_UDP_DSTPORT, PROTOCOL_BIT(PROTOCOL_UDP));
    buffer_put_u8(line->text, ' ');
    start = line->text->len;
    for (uint32_t i = 0; i < d->n_values; i++) {
        const struct value *value = &d->values[i];

        if (value->layer != line->subject)
            continue;
        if (value->field == line->ids[TEXT_DTLS_CONTENT_TYPE] ||
            value->field == line->ids[TEXT_DTLS_SPECIAL_TYPE]) {
            if (is_handshake_open)
                put_item(line, start, "Encrypted Handshake Message");
            is_handshake_open = value->number == CONTENT_HANDSHAKE;
            if (!is_handshake_open)
                put_item(line, start, content_name(value->number));
        } else if (value->field == line->ids[TEXT_DTLS_HANDSHAKE_TYPE]) {
            const char *name = named(value);

            is_handshake_open = false;
            put_item(line, start, name ? name : "Unknown Handshake");
        } else if (value->field == line->ids[TEXT_DTLS_CID]) {
            buffer_put_u8(line->text, ' ');
            hex_format(line->text, value->bytes);
        } else if (value->field == line->ids[TEXT_DTLS_IDENTITY]) {
            put_identity(line, value->bytes);
        } else if (value->field == line->ids[TEXT_DTLS_ALERT_LEVEL] ||
                   value->field == line->ids[TEXT_DTLS_ALERT_DESC]) {
            buffer_printf(line->text, " %s", named(value) ? named(value) : "unknown");
        }
    }
    if (is_handshake_open)
        put_item(line, start, "Encrypted Handshake Message");
}

static void ip_sentence(const struct line *line)
{
    const struct layer *layer = &line->d->layers[line->subject];
    uint64_t proto, offset = 0;

    if (layer->fragment == FRAGMENT_FIRST || layer->fragment == FRAGMENT_LATER)
        buffer_put_text(line->text, "Fragment, ");
    if (layer->protocol == PROTOCOL_IPV4 && number_at(line, line->subject, TEXT_IP_PROTO, &proto)) {
        const struct value value = { .field = line->ids[TEXT_IP_PROTO], .number = proto };

        buffer_printf(line->text, "protocol %u", (unsigned)proto);
        if (named(&value))
            buffer_printf(line->text, " (%s)", named(&value));
        if (layer->fragment == FRAGMENT_FIRST || layer->fragment == FRAGMENT_LATER) {
            number_at(line, line->subject, TEXT_IP_OFFSET, &offset);
            buffer_printf(line->text, ", offset %u, id ", (unsigned)offset);
            put_value_at(line, line->subject, TEXT_IP_ID);
        }
    } else {
        buffer_printf(line->text, "%u bytes", layer->payload_len);
    }
}

static const struct {
    const char *label; /* the protocol's column; NULL: its filter name */
    void (*put)(const struct line *line);
} sentences[PROTOCOL_COUNT] = {
    [PROTOCOL_FRAME] = { "frame", NULL },
    [PROTOCOL_ETHERNET] = { "Ethernet", NULL },
    [PROTOCOL_VLAN] = { "VLAN", NULL },
    [PROTOCOL_IEEE8021AD] = { "802.1ad", NULL },
    [PROTOCOL_LLC] = { "LLC", NULL },
    [PROTOCOL_SLL] = { "SLL", NULL },
    [PROTOCOL_NULL_LOOPBACK] = { "Loopback", NULL },
    [PROTOCOL_RAW] = { "Raw IP", NULL },
    [PROTOCOL_ARP] = { "ARP", arp_sentence },
    [PROTOCOL_IPV4] = { "IPv4", ip_sentence },
    [PROTOCOL_IPV6] = { "IPv6", ip_sentence },
    [PROTOCOL_ICMP] = { "ICMP", icmp_sentence },
    [PROTOCOL_ICMPV6] = { "ICMPv6", icmpv6_sentence },
    [PROTOCOL_UDP] = { "UDP", udp_sentence },
    [PROTOCOL_TCP] = { "TCP", tcp_sentence },
    [PROTOCOL_VXLAN] = { "VXLAN", vxlan_sentence },
    [PROTOCOL_DTLS] = { "DTLS", dtls_sentence },
};

/* "DTLSv1.2" once a record said so: RFC 6347 section 4.1. */
static const char *protocol_label(const struct line *line)
{
    uint8_t protocol = line->d->layers[line->subject].protocol;
    uint64_t version;

    if (protocol == PROTOCOL_DTLS && number_at(line, line->subject, TEXT_DTLS_VERSION, &version))
        return version == 0xfefd ? "DTLSv1.2" : version == 0xfeff ? "DTLSv1.0" : "DTLS";
    return sentences[protocol].label ? sentences[protocol].label : protocols[protocol]->name;
}

/* ---- the line ---- */

static void put_ends(const struct line *line)
{
    static const uint64_t ip = PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6);
    uint32_t layer = innermost(line, ip, line->n_layers);
    enum text_field source = TEXT_ETH_SRC, destination = TEXT_ETH_DST;
    size_t start = line->text->len;

    if (layer != UINT32_MAX) {
        bool is_v4 = line->d->layers[layer].protocol == PROTOCOL_IPV4;

        source = is_v4 ? TEXT_IP_SRC : TEXT_IPV6_SRC;
        destination = is_v4 ? TEXT_IP_DST : TEXT_IPV6_DST;
    } else {
        layer = innermost(line, PROTOCOL_BIT(PROTOCOL_ETHERNET), line->n_layers);
    }
    if (layer != UINT32_MAX)
        put_value_at(line, layer, source);
    put_padding(line->text, start, ADDRESS_COLUMNS);
    buffer_put_text(line->text, " → ");
    start = line->text->len;
    if (layer != UINT32_MAX)
        put_value_at(line, layer, destination);
    put_padding(line->text, start, ADDRESS_COLUMNS);
}

/* Microseconds, and nanoseconds where there are any. */
static void put_time(struct buffer *text, int64_t ts_ns, bool is_local)
{
    char stamp[TIMESTAMP_TEXT_BYTES];
    size_t digits = ts_ns % 1000 == 0 ? 26 : 29;

    timestamp_format(ts_ns, is_local, stamp);
    buffer_put(text, stamp, digits);
    buffer_put_text(text, stamp + 29);
}

static void find_subject(struct line *line)
{
    static const uint64_t quoting = PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6);
    const struct dissection *d = line->d;

    for (line->n_layers = 0; line->n_layers < d->n_layers; line->n_layers++)
        if (quoting & PROTOCOL_BIT(d->layers[line->n_layers].protocol)) {
            line->n_layers++;
            break;
        }
    line->subject = 0;
    for (uint32_t i = 0; i < line->n_layers; i++)
        if (d->layers[i].protocol != PROTOCOL_DATA)
            line->subject = i;
}

static bool text_begin(struct output *output)
{
    (void)output;
    return true;
}

static bool text_packet(struct output *output, const struct dissection *d)
{
    struct buffer *text = &output->text;
    struct line line = { .d = d, .text = text, .ids = output->text_ids };
    uint8_t result;
    size_t start;

    buffer_printf(text, "%5llu ", (unsigned long long)d->packet->number);
    put_time(text, d->packet->ts_ns, output->is_local);
    buffer_put_u8(text, ' ');
    find_subject(&line);
    if (line.subject == 0) /* nothing but the frame is known */
        return buffer_printf(text, "link type %u, which is not understood, %u bytes\n", d->packet->linktype,
                             d->packet->len);
    put_ends(&line);
    buffer_put_u8(text, ' ');
    start = text->len;
    buffer_put_text(text, protocol_label(&line));
    put_padding(text, start, PROTOCOL_COLUMNS);
    buffer_printf(text, " %5u ", d->packet->len);
    if (sentences[d->layers[line.subject].protocol].put)
        sentences[d->layers[line.subject].protocol].put(&line);
    result = d->layers[line.subject].result;
    if (result == DISSECT_TRUNCATED)
        buffer_put_text(text, " [cut short]");
    else if (result == DISSECT_MALFORMED)
        buffer_put_text(text, " [malformed]");
    return buffer_put_u8(text, '\n');
}

static bool text_end(struct output *output)
{
    (void)output;
    return true;
}

const struct output_trade output_trade_text = {
    .begin = text_begin,
    .packet = text_packet,
    .end = text_end,
    .prepare = text_prepare,
};
