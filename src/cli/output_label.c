/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_label - one table of phrases. In a phrase {field} is a value as -e prints it, {field:} what the
 * value is called, {field*8} a number of bytes in bits, {field?yes|no} one of two words. What stands in
 * brackets is left out where a field in it is missing, and [field?…] where that one is missing or zero; where
 * another one is missing the layer has its protocol's name. The phrases are few and short, so they are read
 * each time anew.
 */
#include "cli/output_label.h"

#include <string.h>

#include "cli/output_trade.h"
#include "protocol/value_format.h"

struct phrase {
    enum protocol_id protocol;
    const char *needs; /* only where this field is; NULL: always. The first row that fits counts */
    const char *text;
};

static const struct phrase phrases[] = {
    { PROTOCOL_FRAME, NULL,
      "Frame {frame.number}: {frame.len} bytes on wire ({frame.len*8} bits), {frame.cap_len} bytes captured "
      "({frame.cap_len*8} bits)[frame.interface_name? on interface {frame.interface_name}, id "
      "{frame.interface_id}]" },
    { PROTOCOL_ETHERNET, NULL, "Ethernet II, Src: {eth.src}, Dst: {eth.dst}" },
    { PROTOCOL_VLAN, NULL, "802.1Q Virtual LAN, PRI: {vlan.priority}, DEI: {vlan.dei}, ID: {vlan.id}" },
    { PROTOCOL_IEEE8021AD, "ieee8021ad.cvid",
      "IEEE 802.1ad, S-VID: {ieee8021ad.svid}, C-VID: {ieee8021ad.cvid}" },
    { PROTOCOL_IEEE8021AD, NULL, "IEEE 802.1ad, ID: {ieee8021ad.id}" },
    { PROTOCOL_ARP, NULL, "Address Resolution Protocol ({arp.opcode:})" },
    { PROTOCOL_IPV4, NULL, "Internet Protocol Version 4, Src: {ip.src}, Dst: {ip.dst}" },
    { PROTOCOL_IPV6, NULL, "Internet Protocol Version 6, Src: {ipv6.src}, Dst: {ipv6.dst}" },
    { PROTOCOL_UDP, NULL, "User Datagram Protocol, Src Port: {udp.srcport}, Dst Port: {udp.dstport}" },
    { PROTOCOL_TCP, NULL,
      "Transmission Control Protocol, Src Port: {tcp.srcport}, Dst Port: {tcp.dstport}[, Seq: {tcp.seq}]"
      "[tcp.flags.ack?, Ack: {tcp.ack}][, Len: {tcp.len}]" },
    { PROTOCOL_GENEVE, NULL,
      "Generic Network Virtualization Encapsulation, VNI: {geneve.vni}[geneve.flags.oam?, OAM]" },
    { PROTOCOL_GRE, NULL, "Generic Routing Encapsulation ({gre.proto:})" },
    { PROTOCOL_ERSPAN, "erspan.version", "Encapsulated Remote Switch Packet ANalysis {erspan.version:}" },
    { PROTOCOL_ERSPAN, NULL, "Encapsulated Remote Switch Packet ANalysis Type I" },
    { PROTOCOL_SLL, "sll.ifindex", "Linux cooked capture v2" },
    { PROTOCOL_SLL, NULL, "Linux cooked capture v1" },
    { PROTOCOL_TZSP, NULL, "TZSP: {tzsp.encap:} " },
    { PROTOCOL_COAP, NULL,
      "Constrained Application Protocol[, {coap.type:}], {coap.code:}[, MID:{coap.mid}]" },
    { PROTOCOL_MQTT, NULL, "MQ Telemetry Transport Protocol, {mqtt.msgtype:}" },
    { PROTOCOL_DNS, NULL, "Domain Name System ({dns.flags.response?response|query})" },
    { PROTOCOL_MDNS, NULL, "Multicast Domain Name System ({dns.flags.response?response|query})" },
    { PROTOCOL_LLMNR, NULL, "Link-local Multicast Name Resolution ({dns.flags.response?response|query})" },
    { PROTOCOL_DHCP, NULL, "Dynamic Host Configuration Protocol ({dhcp.option.dhcp:})" },
    { PROTOCOL_NTP, NULL, "Network Time Protocol ({ntp.flags.vn:}, {ntp.flags.mode:})" },
    { PROTOCOL_DATA, NULL, "{data.data}" },
};

static size_t name_len(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.");
}

static void demand_name(struct demand *demand, const char *name)
{
    uint16_t field = field_find(name, name_len(name));

    if (field != FIELD_ID_NONE)
        demand_add_field(demand, field);
}

void output_label_demand(enum protocol_id protocol, struct demand *demand)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        if (phrases[i].protocol != protocol)
            continue;
        if (phrases[i].needs)
            demand_name(demand, phrases[i].needs);
        for (const char *at = phrases[i].text; (at = strpbrk(at, "{[")) != NULL; at++)
            demand_name(demand, at + 1);
    }
}

/* ---- one layer ---- */

struct phrasing {
    struct buffer *text;
    const struct dissection *d;
    uint32_t layer;
};

static bool value_of(const struct phrasing *phrasing, const char *name, struct value *value)
{
    return output_layer_value(phrasing->d, phrasing->layer, field_find(name, name_len(name)), value);
}

static bool is_set(const struct phrasing *phrasing, const char *name)
{
    struct value value;

    if (!value_of(phrasing, name, &value))
        return false;
    return value.type == FIELD_STRING ? value.bytes.len > 0 : value.number != 0;
}

static bool put_name(const struct phrasing *phrasing, const struct value *value)
{
    const struct value_name *name = field_of(value->field)->names;

    while (name && name->name && name->value != value->number)
        name++;
    return name && name->name ? buffer_put_text(phrasing->text, name->name)
                              : value_format_raw(phrasing->text, value, false);
}

/* What stands between braces, from open on. False: the field is missing. */
static bool put_place(const struct phrasing *phrasing, const char *open, const char *close)
{
    const char *form = open + 1 + name_len(open + 1), *bar;
    struct value value;

    if (!value_of(phrasing, open + 1, &value))
        return false;
    switch (*form) {
    case ':':
        return put_name(phrasing, &value);
    case '*':
        return buffer_printf(phrasing->text, "%llu", (unsigned long long)value.number * 8);
    case '?':
        bar = strchr(form, '|');
        return value.number ? buffer_put(phrasing->text, form + 1, (size_t)(bar - form - 1))
                            : buffer_put(phrasing->text, bar + 1, (size_t)(close - bar - 1));
    default:
        return value_format_piped(phrasing->text, &value, false);
    }
}

/* at: a part of a phrase without brackets, up to end. False: a field is missing. */
static bool put_part(const struct phrasing *phrasing, const char *at, const char *end)
{
    while (at < end) {
        const char *open = memchr(at, '{', (size_t)(end - at)), *close;

        if (open == NULL)
            return buffer_put(phrasing->text, at, (size_t)(end - at));
        close = strchr(open, '}');
        buffer_put(phrasing->text, at, (size_t)(open - at));
        if (!put_place(phrasing, open, close))
            return false;
        at = close + 1;
    }
    return true;
}

static void put_optional(const struct phrasing *phrasing, const char *at, const char *end)
{
    size_t condition_len = name_len(at), before = phrasing->text->len;

    if (at[condition_len] == '?') {
        if (!is_set(phrasing, at))
            return;
        at += condition_len + 1;
    }
    if (!put_part(phrasing, at, end))
        phrasing->text->len = before;
}

static bool put_phrase(const struct phrasing *phrasing, const char *at)
{
    while (*at) {
        const char *end = at + strcspn(at, "[");

        if (!put_part(phrasing, at, end))
            return false;
        if (*end == '\0')
            return true;
        at = strchr(end, ']') + 1;
        put_optional(phrasing, end + 1, at - 1);
    }
    return true;
}

bool output_label(struct buffer *text, const struct dissection *d, uint32_t layer)
{
    const struct phrasing phrasing = { text, d, layer };
    enum protocol_id protocol = d->layers[layer].protocol;
    size_t before = text->len;
    struct value value;

    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        if (phrases[i].protocol != protocol ||
            (phrases[i].needs && !value_of(&phrasing, phrases[i].needs, &value)))
            continue;
        if (put_phrase(&phrasing, phrases[i].text))
            return !text->is_full;
        text->len = before;
    }
    return buffer_put_text(text, protocols[protocol]->name);
}
