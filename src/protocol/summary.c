/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary - finds out what a packet is about, and has its protocol say the sentence.
 *
 * Layers are of three kinds. Carriers (Ethernet, IP, TCP, tunnels) are the subject only while nothing is in
 * them. Speakers (CoAP, MQTT, DNS) are the subject of whoever carries them; several of one kind in a packet
 * (the PDUs of a segment, the records of a flight) make one sentence. Contents (JSON, certificates, data) are
 * what a speaker brought along, and never the subject. What an ICMP error quotes is not the packet's own.
 */
#include "base/ip_address.h"
#include "protocol/summary_sentence.h"

/* Fields of the ends, and of what tints a row whatever it is about. */
enum summary_field {
    ETH_SRC,
    ETH_DST,
    SLL_SRC,
    IP_SRC,
    IP_DST,
    IPV6_SRC,
    IPV6_DST,
    UDP_SRCPORT,
    UDP_DSTPORT,
    TCP_SRCPORT,
    TCP_DSTPORT,
    TCP_RESET,
    RETRANSMISSION,
    FAST_RETRANSMISSION,
    SPURIOUS_RETRANSMISSION,
    OUT_OF_ORDER,
    LOST_SEGMENT,
    ZERO_WINDOW,
    WINDOW_FULL,
    SUMMARY_FIELD_COUNT
};

static const char *const field_names[SUMMARY_FIELD_COUNT] = {
    [ETH_SRC] = "eth.src",
    [ETH_DST] = "eth.dst",
    [SLL_SRC] = "sll.src.eth",
    [IP_SRC] = "ip.src",
    [IP_DST] = "ip.dst",
    [IPV6_SRC] = "ipv6.src",
    [IPV6_DST] = "ipv6.dst",
    [UDP_SRCPORT] = "udp.srcport",
    [UDP_DSTPORT] = "udp.dstport",
    [TCP_SRCPORT] = "tcp.srcport",
    [TCP_DSTPORT] = "tcp.dstport",
    [TCP_RESET] = "tcp.flags.reset",
    [RETRANSMISSION] = "tcp.analysis.retransmission",
    [FAST_RETRANSMISSION] = "tcp.analysis.fast_retransmission",
    [SPURIOUS_RETRANSMISSION] = "tcp.analysis.spurious_retransmission",
    [OUT_OF_ORDER] = "tcp.analysis.out_of_order",
    [LOST_SEGMENT] = "tcp.analysis.lost_segment",
    [ZERO_WINDOW] = "tcp.analysis.zero_window",
    [WINDOW_FULL] = "tcp.analysis.window_full",
};

static const struct summary_trade ends = {
    .fields = field_names,
    .n_fields = SUMMARY_FIELD_COUNT,
};

#define NAMED_ONLY(name, text) static const struct summary_trade name = { .label = (text) }

NAMED_ONLY(frame_trade, "Frame");
NAMED_ONLY(ethernet_trade, "Ethernet");
NAMED_ONLY(vlan_trade, "VLAN");
NAMED_ONLY(qinq_trade, "802.1ad");
NAMED_ONLY(llc_trade, "LLC");
NAMED_ONLY(sll_trade, "SLL");
NAMED_ONLY(loopback_trade, "Loopback");
NAMED_ONLY(raw_trade, "Raw IP");
NAMED_ONLY(gre_trade, "GRE");
NAMED_ONLY(erspan_trade, "ERSPAN");
NAMED_ONLY(tzsp_trade, "TZSP");

static const struct summary_trade *const trades[PROTOCOL_COUNT] = {
    [PROTOCOL_NONE] = &ends,
    [PROTOCOL_FRAME] = &frame_trade,
    [PROTOCOL_ETHERNET] = &ethernet_trade,
    [PROTOCOL_VLAN] = &vlan_trade,
    [PROTOCOL_IEEE8021AD] = &qinq_trade,
    [PROTOCOL_LLC] = &llc_trade,
    [PROTOCOL_SLL] = &sll_trade,
    [PROTOCOL_NULL_LOOPBACK] = &loopback_trade,
    [PROTOCOL_RAW] = &raw_trade,
    [PROTOCOL_GRE] = &gre_trade,
    [PROTOCOL_ERSPAN] = &erspan_trade,
    [PROTOCOL_TZSP] = &tzsp_trade,
    [PROTOCOL_ARP] = &summary_arp,
    [PROTOCOL_IPV4] = &summary_ipv4,
    [PROTOCOL_IPV6] = &summary_ipv6,
    [PROTOCOL_ICMP] = &summary_icmp,
    [PROTOCOL_ICMPV6] = &summary_icmpv6,
    [PROTOCOL_IGMP] = &summary_igmp,
    [PROTOCOL_UDP] = &summary_udp,
    [PROTOCOL_TCP] = &summary_tcp,
    [PROTOCOL_VXLAN] = &summary_vxlan,
    [PROTOCOL_GENEVE] = &summary_geneve,
    [PROTOCOL_DTLS] = &summary_dtls,
    [PROTOCOL_TLS] = &summary_tls,
    [PROTOCOL_COAP] = &summary_coap,
    [PROTOCOL_OSCORE] = &summary_oscore,
    [PROTOCOL_MQTT] = &summary_mqtt,
    [PROTOCOL_MQTTSN] = &summary_mqttsn,
    [PROTOCOL_DNS] = &summary_dns,
    [PROTOCOL_MDNS] = &summary_mdns,
    [PROTOCOL_LLMNR] = &summary_llmnr,
    [PROTOCOL_HTTP] = &summary_http,
    [PROTOCOL_DHCP] = &summary_dhcp,
    [PROTOCOL_NTP] = &summary_ntp,
    [PROTOCOL_QUIC] = &summary_quic,
};

static const uint64_t speakers =
    PROTOCOL_BIT(PROTOCOL_DTLS) | PROTOCOL_BIT(PROTOCOL_TLS) | PROTOCOL_BIT(PROTOCOL_COAP) |
    PROTOCOL_BIT(PROTOCOL_OSCORE) | PROTOCOL_BIT(PROTOCOL_MQTT) | PROTOCOL_BIT(PROTOCOL_MQTTSN) |
    PROTOCOL_BIT(PROTOCOL_DNS) | PROTOCOL_BIT(PROTOCOL_MDNS) | PROTOCOL_BIT(PROTOCOL_LLMNR) |
    PROTOCOL_BIT(PROTOCOL_HTTP) | PROTOCOL_BIT(PROTOCOL_DHCP) | PROTOCOL_BIT(PROTOCOL_NTP) |
    PROTOCOL_BIT(PROTOCOL_QUIC);

static const uint64_t contents =
    PROTOCOL_BIT(PROTOCOL_DATA) | PROTOCOL_BIT(PROTOCOL_JSON) | PROTOCOL_BIT(PROTOCOL_CBOR) |
    PROTOCOL_BIT(PROTOCOL_TEXT_LINES) | PROTOCOL_BIT(PROTOCOL_LWM2MTLV) | PROTOCOL_BIT(PROTOCOL_X509SAT) |
    PROTOCOL_BIT(PROTOCOL_X509CE) | PROTOCOL_BIT(PROTOCOL_X509AF) | PROTOCOL_BIT(PROTOCOL_MALFORMED);

static const uint64_t networks = PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6);
static const uint64_t links = PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_SLL);
static const uint64_t transports = PROTOCOL_BIT(PROTOCOL_UDP) | PROTOCOL_BIT(PROTOCOL_TCP);
static const uint64_t quoting = PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6);

/* Most fields are the protocol's own: to look through all tables for each would be felt at every start. */
static uint16_t find_field(unsigned protocol, const char *name)
{
    const struct protocol *own = protocols[protocol];

    for (unsigned i = 0; own && i < own->n_fields; i++)
        if (own->fields[i].name && strcmp(own->fields[i].name, name) == 0)
            return FIELD_ID(protocol, i);
    return field_find(name, strlen(name));
}

void summarizer_init(struct summarizer *summarizer)
{
    uint16_t n = 0;

    *summarizer = (struct summarizer) { 0 };
    for (unsigned p = 0; p < PROTOCOL_COUNT; p++) {
        summarizer->first[p] = n;
        for (unsigned i = 0; trades[p] && i < trades[p]->n_fields; i++) {
            const char *name = trades[p]->fields[i];

            assert(n < SUMMARY_FIELDS_LIMIT);
            summarizer->ids[n++] = find_field(p, name);
        }
    }
}

void summarizer_demand(const struct summarizer *summarizer, struct demand *demand)
{
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        demand_add_protocol(demand, (enum protocol_id)p);
    for (size_t i = 0; i < SUMMARY_FIELDS_LIMIT; i++)
        if (summarizer->ids[i] != FIELD_ID_NONE)
            demand_add_field(demand, summarizer->ids[i]);
}

/* ---- what it is about ---- */

struct subject {
    uint32_t n_layers;    /* of the packet itself */
    uint32_t first, last; /* layers of the subject, others between them */
    bool is_oscore;
    uint8_t network, transport, link; /* innermost layers of the packet itself; LAYER_LIMIT: none */
};

static void find_subject(const struct dissection *d, struct subject *subject)
{
    *subject = (struct subject) { .network = LAYER_LIMIT, .transport = LAYER_LIMIT, .link = LAYER_LIMIT };
    for (uint32_t i = 0; i < d->n_layers; i++) {
        uint64_t bit = PROTOCOL_BIT(d->layers[i].protocol);
        uint8_t before = d->layers[subject->first].protocol;

        subject->n_layers = i + 1;
        if (bit & contents)
            continue;
        if (bit & networks) {
            subject->network = (uint8_t)i;
            subject->transport = LAYER_LIMIT;
        } else if (bit & transports) {
            subject->transport = (uint8_t)i;
        } else if (bit & links) {
            subject->link = (uint8_t)i;
            subject->network = subject->transport = LAYER_LIMIT;
        }
        if (bit & PROTOCOL_BIT(PROTOCOL_OSCORE) && before == PROTOCOL_COAP)
            subject->is_oscore = true;
        else if (bit & PROTOCOL_BIT(PROTOCOL_TLS) && before == PROTOCOL_QUIC)
            continue; /* QUIC's own hello */
        else if (bit & speakers && before == d->layers[i].protocol)
            subject->last = i;
        else
            subject->first = subject->last = i;
        if (bit & quoting)
            break;
    }
}

/* ---- the ends ---- */

static void put_end(const struct sentence *whole, const struct subject *subject, bool is_source, char *room)
{
    const struct dissection *d = whole->d;
    struct sentence end = *whole, *s = &end;
    struct buffer text = { .data = (uint8_t *)room,
                           .cap = SUMMARY_END_BYTES - 1,
                           .limit_bytes = SUMMARY_END_BYTES - 1 };
    bool is_v4 = subject->network < LAYER_LIMIT && d->layers[subject->network].protocol == PROTOCOL_IPV4;
    bool is_tcp = subject->transport < LAYER_LIMIT && d->layers[subject->transport].protocol == PROTOCOL_TCP;
    struct value value, port;
    bool has_port;

    s->text = &text;
    if (subject->network < LAYER_LIMIT) {
        has_port = subject->transport < LAYER_LIMIT &&
                   sentence_value_of(s, subject->transport,
                                     is_tcp ? (is_source ? TCP_SRCPORT : TCP_DSTPORT)
                                            : (is_source ? UDP_SRCPORT : UDP_DSTPORT),
                                     &port);
        if (sentence_value_of(s, subject->network,
                              is_v4 ? (is_source ? IP_SRC : IP_DST) : (is_source ? IPV6_SRC : IPV6_DST),
                              &value)) {
            sentence_put(s, has_port && !is_v4 ? "[" : "");
            sentence_put_value(s, &value);
            sentence_put(s, has_port && !is_v4 ? "]" : "");
            if (has_port) {
                sentence_put(s, ":");
                sentence_put_decimal(s, port.number);
            }
        }
    } else if (subject->link < LAYER_LIMIT) {
        bool is_ethernet = d->layers[subject->link].protocol == PROTOCOL_ETHERNET;

        if (is_ethernet ? sentence_value_of(s, subject->link, is_source ? ETH_SRC : ETH_DST, &value)
                        : is_source && sentence_value_of(s, subject->link, SLL_SRC, &value))
            sentence_put_value(s, &value);
    }
    room[text.len] = '\0';
}

/* ---- what tints a row ---- */

static enum summary_severity transport_severity(const struct sentence *s, const struct subject *subject)
{
    enum summary_severity severity = SUMMARY_GOOD;
    struct value value;

    if (subject->transport == LAYER_LIMIT || s->d->layers[subject->transport].protocol != PROTOCOL_TCP)
        return SUMMARY_GOOD;
    if (sentence_value_of(s, subject->transport, TCP_RESET, &value) && value.number)
        return SUMMARY_ERROR;
    for (uint32_t i = 0; i < s->d->n_values; i++)
        for (unsigned field = RETRANSMISSION; field <= WINDOW_FULL; field++)
            if (s->d->values[i].field == s->ids[field] && s->d->values[i].layer == subject->transport)
                severity = SUMMARY_WARNING;
    return severity;
}

static void put_faults(struct sentence *s)
{
    const struct dissection *d = s->d;
    bool has_fault = d->present & PROTOCOL_BIT(PROTOCOL_MALFORMED), is_malformed = false,
         is_truncated = false;

    for (uint32_t i = 0; i < d->n_layers; i++) {
        is_malformed = is_malformed || d->layers[i].result == DISSECT_MALFORMED;
        is_truncated = is_truncated || d->layers[i].result == DISSECT_TRUNCATED;
    }
    if (is_malformed) {
        sentence_put(s, "[Malformed Packet]");
        sentence_warn(s, SUMMARY_ERROR);
    } else if (is_truncated && d->packet->caplen < d->packet->len) {
        sentence_put(s, "[Packet size limited during capture]");
        sentence_warn(s, SUMMARY_WARNING);
    } else if (has_fault) { /* a field says that something is wrong, and the packet could be read: no words,
                               as in tshark */
        sentence_warn(s, SUMMARY_WARNING);
    }
}

/* ---- the sentence ---- */

static void put_layers(struct sentence *s, const struct summarizer *summarizer, uint32_t first, uint32_t last)
{
    const struct dissection *d = s->d;
    uint8_t protocol = d->layers[first].protocol;
    const struct summary_trade *trade = trades[protocol];

    s->label = trade && trade->label ? trade->label : protocols[protocol]->title;
    s->ids = summarizer->ids + summarizer->first[protocol];
    for (uint32_t i = first; trade && trade->put && i <= last; i++) {
        size_t start = s->text->len, begin;

        if (d->layers[i].protocol != protocol)
            continue;
        if (start > 0)
            sentence_put(s, ", ");
        begin = s->text->len;
        s->layer = i;
        trade->put(s);
        if (s->text->len == begin)
            s->text->len = start;
    }
}

static void put_sentence(struct sentence *s, const struct summarizer *summarizer,
                         const struct subject *subject)
{
    uint8_t protocol = s->d->layers[subject->first].protocol;

    put_layers(s, summarizer, subject->first, subject->last);
    /* A message that has only begun says nothing yet: its segment is told. */
    if (s->text->len == 0 && PROTOCOL_BIT(protocol) & speakers && subject->transport < LAYER_LIMIT)
        put_layers(s, summarizer, subject->transport, subject->transport);
    if (protocol == PROTOCOL_FRAME)
        sentence_printf(s, "link type %u, which is not understood", s->d->packet->linktype);
    if (subject->is_oscore)
        s->label = trades[PROTOCOL_OSCORE]->label;
}

void summarize(const struct summarizer *summarizer, const struct dissection *d,
               struct packet_summary *summary)
{
    static const char cut[] = "…";
    struct buffer text = { .data = (uint8_t *)summary->info,
                           .cap = SUMMARY_INFO_BYTES,
                           .limit_bytes = SUMMARY_INFO_BYTES };
    struct subject subject;
    struct sentence s = { .d = d, .ids = summarizer->ids + summarizer->first[PROTOCOL_NONE] };

    find_subject(d, &subject);
    s.severity = transport_severity(&s, &subject);
    put_end(&s, &subject, true, summary->source);
    put_end(&s, &subject, false, summary->destination);
    s.text = &text;
    s.network = subject.network < LAYER_LIMIT ? subject.network : UINT32_MAX;
    put_sentence(&s, summarizer, &subject);
    put_faults(&s);
    if (text.is_full) {
        memcpy(summary->info + text.len, cut, sizeof cut - 1);
        text.len += sizeof cut - 1;
    }
    summary->info[text.len] = '\0';
    summary->info_len = text.len;
    summary->protocol = s.label;
    summary->severity = s.severity;
}
