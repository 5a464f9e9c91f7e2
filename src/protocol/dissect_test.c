/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dissection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/flow.h"
#include "protocol/state.h"
#include "protocol/wire.h"

#define ETHERNET(type) "\2\0\x5e\0\0\2\2\0\x5e\0\0\1" type
#define FRAME(text)                               \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }
/* 192.0.2.1 to 192.0.2.2; the protocol and the length are the caller's */
#define IPV4(len, protocol) "\x45\0\0" len "\x12\x34\x40\0\x40" protocol "\xab\xcd\xc0\0\2\1\xc0\0\2\2"
#define UDP(len) "\x04\0\x27\x0f\0" len "\0\0" /* 1024 to 9999 */
#define IPV6_ADDRESSES "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2"

static struct demand everything;
static struct dissection d; /* large: not on the stack */

static void dissect_bytes(struct dissect_state *state, struct bytes bytes, uint32_t len, uint16_t linktype)
{
    static struct packet packet;

    packet = (struct packet) { .ts_ns = 1000,
                               .data = bytes.data,
                               .caplen = (uint32_t)bytes.len,
                               .len = len,
                               .linktype = linktype,
                               .number = 1 };
    dissection_init(&d, &everything, state, NULL);
    dissect(&d, &packet);
}

struct text {
    char text[2048];
    size_t len;
};

static bool append_value(void *context, const struct value *value)
{
    struct text *t = context;
    const struct field *field = field_of(value->field);

    t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%s", t->len ? "," : "");
    switch (field->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
    case FIELD_BYTES:
    case FIELD_STRING:
        for (size_t i = 0; i < value->bytes.len; i++)
            t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len,
                                       field->type == FIELD_STRING ? "%c" : "%02x", value->bytes.data[i]);
        break;
    default:
        t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%llu",
                                   (unsigned long long)value->number);
    }
    return true;
}

/* All values of a field, addresses and bytes in hex. */
static const char *values_of(const char *name)
{
    static struct text t;
    uint16_t id = field_find(name, strlen(name));

    if (id == FIELD_ID_NONE)
        fail_msg("no field %s", name);
    t.len = 0;
    t.text[0] = '\0';
    dissection_values(&d, id, append_value, &t);
    return t.text;
}

static const struct sample {
    const char *name;
    struct bytes frame;
    uint16_t linktype;
    const char *protocols;
    struct {
        const char *field, *values;
    } expected[12];
} samples[] = {
    { "UDP in IPv4",
      FRAME(ETHERNET("\x08\0") IPV4("\x1f", "\x11") UDP("\x0b") "abc"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:udp:data",
      { { "eth.dst", "02005e000002" },
        { "eth.src", "02005e000001" },
        { "eth.type", "2048" },
        { "ip.src", "c0000201" },
        { "ip.addr", "c0000201,c0000202" },
        { "ip.flags.df", "1" },
        { "ip.hdr_len", "20" },
        { "ip.ttl", "64" },
        { "udp.port", "1024,9999" },
        { "udp.length", "11" },
        { "udp.payload", "616263" },
        { "data.len", "3" } } },
    { "Ethernet's padding is no payload",
      FRAME(ETHERNET("\x08\0") IPV4("\x1f", "\x11") UDP("\x0b") "abc\0\0\0\0\0\0"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:udp:data",
      { { "udp.payload", "616263" },
        { "frame.len", "51" },
        { "eth.trailer", "000000000000" },
        { "eth.padding", "" } } },
    { "a short frame, filled up by zeros",
      FRAME(ETHERNET("\x08\0") IPV4("\x1f", "\x11") UDP("\x0b") "abc\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0xy"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:udp:data",
      { { "frame.len", "62" },
        { "eth.padding", "000000000000000000000000000000" },
        { "eth.trailer", "7879" },
        { "eth.fcs", "" } } },
    { "a frame of 64 bytes, whose last four are its check sequence",
      FRAME(ETHERNET("\x08\0") IPV4("\x1f", "\x11") UDP("\x0b") "abc\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:udp:data",
      { { "frame.len", "64" },
        { "eth.padding", "000000000000000000000000000000" },
        { "eth.trailer", "" },
        { "eth.fcs", "16909060" } } },
    { "IP options",
      FRAME("\x46\0\0\x20\0\1\0\0\x40\x11\0\0\xc0\0\2\1\xc0\0\2\2\x94\4\0\0\x04\0\x27\x0f\0\x08\0\0"),
      LINKTYPE_RAW,
      "raw:ip:udp",
      { { "ip.hdr_len", "24" }, { "udp.dstport", "9999" }, { "udp.payload", "" }, { "data.len", "" } } },
    { "TCP with options",
      FRAME(ETHERNET("\x08\0") IPV4("\x31", "\x06") "\x07\x5b\xc0\0\0\0\0\5\0\0\0\6\x60\x18\1\0\xab\xcd\0\0"
                                                    "\1\1\1\1hello"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:tcp:mqtt",
      { { "tcp.srcport", "1883" },
        { "tcp.seq_raw", "5" },
        { "tcp.ack_raw", "6" },
        { "tcp.hdr_len", "24" },
        { "tcp.flags", "24" },
        { "tcp.flags.push", "1" },
        { "tcp.flags.syn", "0" },
        { "tcp.window_size_value", "256" },
        { "tcp.len", "5" },
        { "tcp.payload", "68656c6c6f" } } },
    { "IPv6 with extension headers",
      FRAME(ETHERNET("\x86\xdd") "\x60\1\x23\x45\0\x1a\0\x3f" IPV6_ADDRESSES "\x3c\0\1\4\0\0\0\0"
                                 "\x11\0\1\4\0\0\0\0" UDP("\x0a") "xy"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ipv6:udp:data",
      { { "ipv6.flow", "74565" },
        { "ipv6.plen", "26" },
        { "ipv6.nxt", "0" },
        { "ipv6.hlim", "63" },
        { "ipv6.src", "20010db8000000000000000000000001" },
        { "udp.payload", "7879" } } },
    { "an atomic fragment is a whole packet",
      FRAME("\x60\0\0\0\0\x12\x2c\x3f" IPV6_ADDRESSES "\x11\0\0\0\0\0\0\7" UDP("\x0a") "xy"),
      LINKTYPE_IPV6,
      "ipv6:udp:data",
      { { "ipv6.fraghdr.offset", "0" },
        { "ipv6.fraghdr.more", "0" },
        { "ipv6.fraghdr.ident", "7" },
        { "ipv6.fraghdr.nxt", "17" },
        { "udp.payload", "7879" } } },
    { "IPv4 behind an authentication header",
      FRAME(IPV4("\x36", "\x33") "\x11\4\0\0\0\0\0\1\0\0\0\2twelve bytes" UDP("\x0a") "xy"),
      LINKTYPE_IPV4,
      "ip:udp:data",
      { { "ip.proto", "51" }, { "ip.hdr_len", "20" }, { "udp.payload", "7879" } } },
    { "IPv6 in IPv4",
      FRAME(IPV4("\x46", "\x29") "\x60\0\0\0\0\x0a\x11\x3f" IPV6_ADDRESSES UDP("\x0a") "xy"),
      LINKTYPE_IPV4,
      "ip:ipv6:udp:data",
      { { "ip.src", "c0000201" }, { "ipv6.nxt", "17" } } },
    { "two VLAN tags",
      FRAME(ETHERNET("\x81\0") "\x20\x64\x81\0\x10\7\x08\6"
                               "\0\1\x08\0\6\4\0\1\2\0\x5e\0\0\1\xc0\0\2\1\0\0\0\0"
                               "\0\0\xc0\0\2\2"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:vlan:ethertype:vlan:ethertype:arp",
      { { "vlan.id", "100,7" },
        { "vlan.priority", "1,0" },
        { "vlan.dei", "0,1" },
        { "vlan.etype", "33024,2054" },
        { "arp.opcode", "1" },
        { "arp.src.hw_mac", "02005e000001" },
        { "arp.src.proto_ipv4", "c0000201" },
        { "arp.dst.proto_ipv4", "c0000202" } } },
    { "ARP of Ethernet for another protocol",
      FRAME(ETHERNET("\x08\6") "\0\1\x5d\0\6\4\0\1\2\0\x5e\0\0\1\xc0\0\2\1\0\0\0\0\0\0\xc0\0\2\2"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:arp",
      { { "arp.src.hw_mac", "02005e000001" },
        { "arp.src.proto_ipv4", "" },
        { "arp.dst.hw_mac", "000000000000" },
        { "arp.dst.proto_ipv4", "" } } },
    { "a provider's tag around a customer's",
      FRAME(ETHERNET("\x88\xa8") "\x30\x64\x81\0\0\7\x08\0" IPV4("\x1f", "\x11") UDP("\x0b") "abc"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ieee8021ad:ethertype:vlan:ethertype:ip:udp:data",
      { { "ieee8021ad.id", "100" },
        { "ieee8021ad.dei", "1" },
        { "ieee8021ad.priority", "1" },
        { "ieee8021ad.svid", "" },
        { "vlan.id", "7" } } },
    { "two provider's tags are one layer",
      FRAME(ETHERNET("\x88\xa8") "\0\x64\x88\xa8\0\7\x08\0" IPV4("\x1f", "\x11") UDP("\x0b") "abc"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ieee8021ad:ethertype:ip:udp:data",
      { { "ieee8021ad.id", "" }, { "ieee8021ad.svid", "100" }, { "ieee8021ad.cvid", "7" } } },
    { "IP behind LLC and SNAP",
      FRAME(ETHERNET("\0\x27") "\xaa\xaa\3\0\0\0\x08\0" IPV4("\x1f", "\x11") UDP("\x0b") "abc"
                                                                                         "trailer"),
      LINKTYPE_ETHERNET,
      "eth:llc:ip:udp:data",
      { { "eth.len", "39" },
        { "eth.type", "" },
        { "llc.dsap", "170" },
        { "llc.control", "3" },
        { "llc.type", "2048" },
        { "udp.payload", "616263" } } },
    { "what LLC carries and nobody here reads has a name",
      FRAME(ETHERNET("\0\6") "\x42\x42\3abc"
                             "padding"),
      LINKTYPE_ETHERNET,
      "eth:llc:stp",
      { { "llc.ssap", "66" }, { "data.data", "" } } },
    { "what SNAP carries of Cisco's",
      FRAME(ETHERNET("\0\x0a") "\xaa\xaa\3\0\0\x0c\x20\0ab"),
      LINKTYPE_ETHERNET,
      "eth:llc:cdp",
      { { "data.data", "" } } },
    { "a numbered LLC frame of nobody's",
      FRAME(ETHERNET("\0\5") "\2\2\2\1x"),
      LINKTYPE_ETHERNET,
      "eth:llc:data",
      { { "llc.control", "258" }, { "data.data", "78" } } },
    { "an EtherType, an IP protocol and ports that nobody here reads",
      FRAME(ETHERNET("\x88\xcc") "abc"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:lldp",
      { { "data.data", "" } } },
    { "IGMP",
      FRAME(IPV4("\x1c", "\2") "\x11\0\0\0\0\0\0\0"),
      LINKTYPE_IPV4,
      "ip:igmp",
      { { "data.data", "" } } },
    { "SNMP",
      FRAME(IPV4("\x1f", "\x11") "\0\xa1\xc0\0\0\x0b\0\0abc"),
      LINKTYPE_IPV4,
      "ip:udp:snmp",
      { { "udp.payload", "616263" }, { "data.data", "" } } },
    { "SSH",
      FRAME(IPV4("\x2b", "\6") "\0\x16\xc0\0\0\0\0\5\0\0\0\6\x50\x18\1\0\xab\xcd\0\0SSH"),
      LINKTYPE_IPV4,
      "ip:tcp:ssh",
      { { "tcp.payload", "535348" }, { "data.data", "" } } },
    { "CoAP from a port that is another protocol's",
      FRAME(IPV4("\x20", "\x11") "\0\xa1\x16\x33\0\x0c\0\0\x40\1\0\1"),
      LINKTYPE_IPV4,
      "ip:udp:coap",
      { { "coap.mid", "1" } } },
    { "a link type that nobody here reads", FRAME("\0\0\x08\0abc"), 105, "wlan", { { "data.data", "" } } },
    { "what stands behind the UDP length is payload, and not what it carries",
      FRAME(IPV4("\x20", "\x11") UDP("\x0b") "abcd"),
      LINKTYPE_IPV4,
      "ip:udp:data",
      { { "udp.payload", "61626364" }, { "data.data", "616263" } } },
    { "Ethernet in IP",
      FRAME(IPV4("\x24", "\x8f") ETHERNET("\x88\xb5") "ab"),
      LINKTYPE_IPV4,
      "ip:eth:ethertype:data",
      { { "eth.type", "34997" } } },
    { "IPX without LLC", FRAME(ETHERNET("\0\4") "\xff\xff\0\4"), LINKTYPE_ETHERNET, "eth:data", { { 0 } } },
    { "neither length nor type",
      FRAME(ETHERNET("\5\xff") "abcd"),
      LINKTYPE_ETHERNET,
      "eth:data",
      { { "eth.len", "" }, { "eth.type", "" } } },
    { "an unreachable port quotes the packet",
      FRAME(ETHERNET("\x08\0") IPV4("\x38", "\x01") "\3\3\xab\xcd\0\0\0\0" IPV4("\x64", "\x11") UDP("\x50")),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:icmp:ip:udp",
      { { "icmp.type", "3" },
        { "icmp.code", "3" },
        { "icmp.mtu", "" },
        { "ip.len", "56,100" },
        { "udp.dstport", "9999" } } },
    { "fragmentation needed tells the MTU",
      FRAME(IPV4("\x38", "\x01") "\3\4\xab\xcd\0\0\5\x78" IPV4("\x64", "\x11") UDP("\x50")),
      LINKTYPE_IPV4,
      "ip:icmp:ip:udp",
      { { "icmp.mtu", "1400" } } },
    { "ping",
      FRAME(IPV4("\x1e", "\x01") "\x08\0\xab\xcd\0\7\0\x09xy"),
      LINKTYPE_IPV4,
      "ip:icmp:data",
      { { "icmp.ident", "7" }, { "icmp.seq", "9" }, { "data.data", "7879" } } },
    { "an interface that answers an extended echo",
      FRAME(IPV4("\x1c", "\x01") "\x2b\0\xab\xcd\0\x20\x1a\x66"),
      LINKTYPE_IPV4,
      "ip:icmp",
      { { "icmp.ident", "32" },
        { "icmp.ext.echo.seq", "26" },
        { "icmp.ext.echo.rsp.state", "3" },
        { "icmp.ext.echo.rsp.active", "1" },
        { "icmp.ext.echo.rsp.ipv6", "0" },
        { "icmp.ext.echo.req.local", "" } } },
    { "packet too big in IPv6",
      FRAME("\x60\0\0\0\0\x38\x3a\x3f" IPV6_ADDRESSES "\2\0\xab\xcd\0\0\5\0"
            "\x60\0\0\0\0\x64\x11\x3f" IPV6_ADDRESSES UDP("\x64")),
      LINKTYPE_IPV6,
      "ipv6:icmpv6:ipv6:udp",
      { { "icmpv6.type", "2" }, { "icmpv6.mtu", "1280" }, { "udp.length", "100" } } },
    { "neighbour solicitation",
      FRAME("\x60\0\0\0\0\x18\x3a\xff" IPV6_ADDRESSES "\x87\0\xab\xcd\0\0\0\0"
            "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2"),
      LINKTYPE_IPV6,
      "ipv6:icmpv6",
      { { "icmpv6.nd.ns.target_address", "20010db8000000000000000000000002" },
        { "icmpv6.nd.na.target_address", "" } } },
    { "the NAT64 prefix in a router's advertisement",
      FRAME("\x60\0\0\0\0\x20\x3a\xff" IPV6_ADDRESSES "\x86\0\xab\xcd\x40\0\7\x08\0\0\0\0\0\0\0\0"
            "\x26\2\0\x10\0\x64\xff\x9b\0\0\0\0\0\0\0\0"),
      LINKTYPE_IPV6,
      "ipv6:icmpv6",
      { { "icmpv6.opt.pref64.scaled_lifetime", "2" },
        { "icmpv6.opt.pref64.plc", "0" },
        { "icmpv6.opt.pref64.prefix", "0064ff9b000000000000000000000000" },
        { "icmpv6.invalid_option_length", "" } } },
    { "a mirrored frame",
      FRAME(IPV4("\x51", "\x11") "\xab\xcd\x12\xb5\0\x3d\0\0"
                                 "\x08\0\0\0\0\0\x2a\0" ETHERNET("\x08\0") IPV4("\x1f", "\x11")
                                     UDP("\x0b") "abc"),
      LINKTYPE_IPV4,
      "ip:udp:vxlan:eth:ethertype:ip:udp:data",
      { { "vxlan.vni", "42" },
        { "vxlan.flag_i", "1" },
        { "vxlan.flags", "2048" },
        { "udp.port", "43981,4789,1024,9999" },
        { "eth.type", "2048" } } },
    { "cooked",
      FRAME("\0\4\0\1\0\6\2\0\x5e\0\0\1\0\0\x08\0" IPV4("\x1f", "\x11") UDP("\x0b") "abc"),
      LINKTYPE_LINUX_SLL,
      "sll:ethertype:ip:udp:data",
      { { "sll.pkttype", "4" },
        { "sll.hatype", "1" },
        { "sll.halen", "6" },
        { "sll.src.eth", "02005e000001" },
        { "sll.etype", "2048" },
        { "sll.ifindex", "" } } },
    { "cooked, version 2",
      FRAME("\x86\xdd\0\0\0\0\0\3\3\4\1\0\0\0\0\0\0\0\0\0"
            "\x60\0\0\0\0\x0a\x11\x3f" IPV6_ADDRESSES UDP("\x0a") "xy"),
      LINKTYPE_LINUX_SLL2,
      "sll:ethertype:ipv6:udp:data",
      { { "sll.pkttype", "1" },
        { "sll.hatype", "772" },
        { "sll.halen", "0" },
        { "sll.src.eth", "" },
        { "sll.unused", "0000000000000000" },
        { "sll.etype", "34525" },
        { "sll.ifindex", "3" } } },
    { "loopback of a little-endian host",
      FRAME("\2\0\0\0" IPV4("\x1f", "\x11") UDP("\x0b") "abc"),
      LINKTYPE_NULL,
      "null:ip:udp:data",
      { { "null.family", "2" } } },
    { "loopback in network order",
      FRAME("\0\0\0\x1e\x60\0\0\0\0\x0a\x11\x3f" IPV6_ADDRESSES UDP("\x0a") "xy"),
      LINKTYPE_LOOP,
      "null:ipv6:udp:data",
      { { "null.family", "30" } } },
    { "a frame in GENEVE with an option",
      FRAME(ETHERNET("\x08\0")
                IPV4("\x3e", "\x11") "\xc0\0\x17\xc1\0\x2a\0\0"
                                     "\2\x40\x65\x58\0\0\x2a\0\1\2\x80\1wxyz" ETHERNET("\x88\xb5") "abcd"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:udp:geneve:eth:ethertype:data",
      { { "geneve.vni", "42" },
        { "geneve.flags.critical", "1" },
        { "geneve.option.class", "258" },
        { "geneve.option.type.critical", "1" },
        { "geneve.option.unknown.data", "7778797a" } } },
    { "a mirrored frame in ERSPAN type II",
      FRAME(ETHERNET("\x08\0") IPV4("\x36", "\x2f") "\x10\0\x88\xbe\0\0\0\7"
                                                    "\x10\x64\x58\x2a\0\0\0\5" ETHERNET("\x88\xb5") "abcd"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:gre:erspan:eth:ethertype:data",
      { { "gre.sequence_number", "7" },
        { "erspan.version", "1" },
        { "erspan.vlan", "100" },
        { "erspan.cos", "2" },
        { "erspan.encap", "3" },
        { "erspan.spanid", "42" },
        { "erspan.index", "5" } } },
    { "ERSPAN type I has no header",
      FRAME(ETHERNET("\x08\0") IPV4("\x2a", "\x2f") "\0\0\x88\xbe" ETHERNET("\x88\xb5") "abcd"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:gre:erspan:eth:ethertype:data",
      { { "gre.flags.sequence_number", "0" }, { "erspan.version", "" } } },
    { "a mirrored frame in TZSP",
      FRAME(ETHERNET("\x08\0") IPV4("\x36", "\x11") "\xc0\0\x90\x90\0\x22\0\0"
                                                    "\1\0\0\1\x0c\1\x16\1" ETHERNET("\x88\xb5") "abcd"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:ip:udp:tzsp:eth:ethertype:data",
      { { "tzsp.encap", "1" }, { "tzsp.wlan.rate", "22" }, { "tzsp.option_length", "1" } } },
    { "a type nobody knows",
      FRAME(ETHERNET("\x88\xb5") "abc"),
      LINKTYPE_ETHERNET,
      "eth:ethertype:data",
      { { "data.data", "616263" } } },
    { "a link type nobody knows", FRAME("abc"), 147, "data", { { "data.len", "3" } } },
};

static void every_protocol_is_read_as_its_document_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const struct sample *sample = &samples[i];

        print_message("%s\n", sample->name);
        dissect_bytes(NULL, sample->frame, (uint32_t)sample->frame.len, sample->linktype);
        assert_string_equal(values_of("frame.protocols"), sample->protocols);
        for (size_t e = 0; e < sizeof sample->expected / sizeof *sample->expected; e++) {
            if (sample->expected[e].field == NULL)
                break;
            print_message("    %s\n", sample->expected[e].field);
            assert_string_equal(values_of(sample->expected[e].field), sample->expected[e].values);
        }
        assert_int_equal(d.counters.n_malformed, 0);
        for (uint32_t l = 0; l + 1 < d.n_layers; l++)
            assert_int_equal(d.layers[l].result, DISSECT_OK);
    }
}

static bool counts(const struct value *value)
{
    enum protocol_id protocol = FIELD_PROTOCOL(value->field);
    const char *name = field_of(value->field)->name;
    bool is_behind = strncmp(name, "eth.padding", 11) == 0 || strcmp(name, "eth.trailer") == 0 ||
                     strncmp(name, "eth.fcs", 7) == 0;

    /* What is cut may be too short to be told from data, and its checksum is not looked at; the frame's own
     * values are about the frame; a trailer is told before what it stands behind. */
    return protocol != PROTOCOL_FRAME && protocol != PROTOCOL_DATA && !is_behind &&
           strstr(name, ".checksum") == NULL;
}

/* What was found in the cut packet is what was found first in the whole one; d holds the former. */
static void assert_prefix(const struct dissection *whole)
{
    uint32_t w = 0;

    for (uint32_t i = 0; i < d.n_values; i++) {
        const struct value *value = &d.values[i], *same;

        if (!counts(value))
            continue;
        while (w < whole->n_values && !counts(&whole->values[w]))
            w++;
        assert_true(w < whole->n_values);
        same = &whole->values[w++];
        assert_int_equal(value->field, same->field);
        assert_int_equal(value->layer, same->layer);
        switch (field_of(value->field)->type) {
        case FIELD_IPV4:
        case FIELD_IPV6:
        case FIELD_ETHER:
        case FIELD_BYTES:
        case FIELD_STRING:
            assert_true(value->bytes.len <= same->bytes.len);
            if (value->bytes.len)
                assert_memory_equal(value->bytes.data, same->bytes.data, value->bytes.len);
            break;
        default:
            assert_int_equal(value->number, same->number);
        }
    }
    for (uint32_t i = 0; i < d.n_layers; i++) {
        if (d.layers[i].protocol == PROTOCOL_DATA)
            break;
        assert_true(i < whole->n_layers);
        assert_int_equal(d.layers[i].protocol, whole->layers[i].protocol);
        assert_true(d.layers[i].header_len <= whole->layers[i].header_len);
    }
    assert_true(d.counters.n_malformed <= whole->counters.n_malformed);
}

static void cut_at_every_length(struct bytes frame, uint16_t linktype)
{
    static struct dissection whole;

    dissect_bytes(NULL, frame, (uint32_t)frame.len, linktype);
    whole = d;
    for (size_t len = 0; len < frame.len; len++) {
        uint8_t *cut = malloc(len ? len : 1); /* of its own, so that reading beyond it is found out */

        if (len)
            memcpy(cut, frame.data, len);
        dissect_bytes(NULL, bytes_of(cut, len), (uint32_t)frame.len, linktype);
        assert_prefix(&whole);
        free(cut);
    }
}

static void a_cut_packet_shows_what_comes_before_the_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        print_message("%s\n", samples[i].name);
        cut_at_every_length(samples[i].frame, samples[i].linktype);
    }
}

static void a_cut_handshake_shows_what_comes_before_the_cut(void **state)
{
    const struct wire_end device = { 0x0a000001, 40000 }, server = { 0x0a000002, 5684 };
    struct wire payload, frame;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        payload.len = 0;
        if (i == 0) {
            wire_client_hello(&payload, 0,
                              (struct wire_hello) { .random = 7,
                                                    .session_id = bytes_text("session"),
                                                    .cookie = bytes_text("cookie"),
                                                    .has_cid = true,
                                                    .cid = bytes_text("cid") });
        } else if (i == 1) {
            wire_server_hello(&payload, 1, 0xc0a8, (struct wire_hello) { .random = 8, .has_cid = true });
            wire_message(&payload, DTLS_SERVER_HELLO_DONE, 2, &(struct wire) { 0 });
        } else {
            wire_client_key_exchange(&payload, 2, "an identity");
            wire_cipher_change(&payload);
            wire_secret(&payload, DTLS_HANDSHAKE_RECORD, 0, (struct bytes) { 0 });
        }
        wire_udp(&frame, device, server, wire_bytes(&payload));
        cut_at_every_length(wire_bytes(&frame), LINKTYPE_ETHERNET);
    }
}

static void an_ipv4_header_that_cannot_be_is_bogus_and_not_malformed(void **state)
{
    static const struct {
        struct bytes packet;
        const char *field;
        bool has_source;
    } cases[] = {
        { FRAME("\x55\0\0\x14\0\1\0\0\x40\x11\0\0\xc0\0\2\1\xc0\0\2\2"), "ip.bogus_ip_version", false },
        { FRAME("\x44\0\0\x14\0\1\0\0\x40\x11\0\0\xc0\0\2\1\xc0\0\2\2"), "ip.bogus_header_length", false },
        { FRAME("\x45\0\0\x13\0\1\0\0\x40\x11\0\0\xc0\0\2\1\xc0\0\2\2"), "ip.bogus_ip_length", false },
        { FRAME("\x45\0\0\xff\0\1\0\0\x40\xfe\0\0\xc0\0\2\1\xc0\0\2\2"), "ip.bogus_ip_length", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dissect_bytes(NULL, cases[i].packet, (uint32_t)cases[i].packet.len, LINKTYPE_IPV4);
        assert_int_equal(d.counters.n_malformed, 0);
        assert_string_not_equal(values_of(cases[i].field), "");
        assert_int_equal(strlen(values_of("ip.src")) > 0, cases[i].has_source);
    }
}

static void what_the_sender_broke_is_malformed_and_counted(void **state)
{
    static const struct {
        const char *name;
        struct bytes packet;
        uint16_t linktype;
        const char *protocols;
    } cases[] = {
        { "IPv4 ends in its header", FRAME("\x45\0\0\x14\0\1"), LINKTYPE_IPV4, "ip" },
        { "UDP shorter than its header", FRAME(IPV4("\x1c", "\x11") UDP("\x07")), LINKTYPE_IPV4, "ip:udp" },
        { "UDP ends in its header", FRAME(IPV4("\x18", "\x11") "\x04\0\x27\x0f"), LINKTYPE_IPV4, "ip:udp" },
        { "TCP header beyond the packet",
          FRAME(IPV4("\x28", "\x06") "\x07\x5b\xc0\0\0\0\0\5\0\0\0\6\xf0\x18\1\0\xab\xcd\0\0"), LINKTYPE_IPV4,
          "ip:tcp" },
        { "AH beyond the packet", FRAME(IPV4("\x16", "\x33") "\x11\4"), LINKTYPE_IPV4, "ip" },
        { "17 extension headers",
          FRAME("\x60\0\0\0\0\x88\x3c\x3f" IPV6_ADDRESSES
                "\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0"
                "\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0"
                "\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0"
                "\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\x11\0\1\4\0\0\0\0"),
          LINKTYPE_IPV6, "ipv6" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].name);
        dissect_bytes(NULL, cases[i].packet, (uint32_t)cases[i].packet.len, cases[i].linktype);
        assert_string_equal(values_of("frame.protocols"), cases[i].protocols);
        assert_int_equal(d.counters.n_malformed, 1);
        assert_int_equal(d.layers[d.n_layers - 1].result, DISSECT_MALFORMED);
    }
}

static void without_its_version_ipv6_is_data(void **state)
{
    struct bytes frame = FRAME(ETHERNET("\x86\xdd") "\x50\1\x23\x45\0\0\x3b\x3f" IPV6_ADDRESSES);

    (void)state;
    dissect_bytes(NULL, frame, (uint32_t)frame.len, LINKTYPE_ETHERNET);
    assert_string_equal(values_of("frame.protocols"), "eth:ethertype:data");
    assert_string_equal(values_of("ipv6.plen"), "");
}

static void some_values_say_by_themselves_that_a_packet_is_malformed(void **state)
{
    struct demand demand;
    struct packet packet = { .linktype = LINKTYPE_IPV4 };
    struct bytes long_udp = FRAME(IPV4("\x1f", "\x11") UDP("\xff") "abc");
    struct bytes good_udp = FRAME(IPV4("\x1f", "\x11") UDP("\x0b") "abc");

    (void)state;
    demand_init(&demand);
    demand_add_protocol(&demand, PROTOCOL_MALFORMED);
    demand_settle(&demand);
    dissection_init(&d, &demand, NULL, NULL);
    packet.data = long_udp.data;
    packet.len = packet.caplen = (uint32_t)long_udp.len;
    dissect(&d, &packet);
    assert_true(d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED));
    packet.data = good_udp.data;
    packet.len = packet.caplen = (uint32_t)good_udp.len;
    dissect(&d, &packet);
    assert_false(d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED));
}

static void layers_without_end_are_left_alone_and_counted(void **state)
{
    struct wire inner = { 0 }, outer = { 0 };

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        outer.len = 0;
        wire_ipv4(&outer, IP_PROTOCOL_IPV4, 1, 2, 0, 0, wire_bytes(&inner));
        inner = outer;
    }
    dissect_bytes(NULL, wire_bytes(&inner), (uint32_t)inner.len, LINKTYPE_IPV4);
    assert_int_equal(d.n_layers, LAYER_LIMIT);
    assert_int_equal(d.counters.n_layers_cut, 1);
    assert_int_equal(d.counters.n_malformed, 0);
}

static void values_without_end_are_left_out_and_counted(void **state)
{
    const struct wire_end device = { 0x0a000001, 40000 }, server = { 0x0a000002, 5684 };
    struct wire payload = { 0 }, frame;

    (void)state;
    while (payload.len < 7000)
        wire_cipher_change(&payload);
    wire_udp(&frame, device, server, wire_bytes(&payload));
    dissect_bytes(NULL, wire_bytes(&frame), (uint32_t)frame.len, LINKTYPE_ETHERNET);
    assert_true(d.n_values > DISSECTION_VALUES); /* the frame's own are there all the same */
    assert_true(d.n_values <= DISSECTION_VALUES + DISSECTION_FRAME_VALUES);
    assert_string_equal(values_of("frame.protocols"), "eth:ethertype:ip:udp:dtls");
    assert_true(d.counters.n_values_cut > 0);
}

static bool stop_at_once(void *context, const struct value *value)
{
    (void)value;
    ++*(unsigned *)context;
    return false;
}

static void a_walk_over_values_ends_when_told_to(void **state)
{
    unsigned n = 0;

    (void)state;
    dissect_bytes(NULL, samples[0].frame, (uint32_t)samples[0].frame.len, LINKTYPE_ETHERNET);
    dissection_values(&d, field_find("ip.addr", 7), stop_at_once, &n);
    assert_int_equal(n, 1);
}

static void only_what_is_in_demand_is_looked_for(void **state)
{
    struct demand demand;
    struct packet packet = { .data = samples[0].frame.data,
                             .caplen = (uint32_t)samples[0].frame.len,
                             .len = (uint32_t)samples[0].frame.len,
                             .linktype = LINKTYPE_ETHERNET };

    (void)state;
    demand_init(&demand);
    demand_add_field(&demand, field_find("ip.src", 6));
    demand_settle(&demand);
    dissection_init(&d, &demand, NULL, NULL);
    dissect(&d, &packet);
    assert_int_equal(d.n_values, 0); /* ip.src lies in the header: nobody stores it */
    assert_int_equal(d.present >> PROTOCOL_DATA & 1, 0);
    assert_string_equal(values_of("ip.src"), "c0000201");
}

/* One wire packet of n bytes of UDP payload, as IPv4 fragments of 16 bytes each; answers how many. */
static unsigned fragment_udp(struct wire *fragments, uint16_t n)
{
    struct wire datagram = { 0 };
    unsigned count = 0;

    wire_udp_header(&datagram, 1024, 9999, n);
    wire_fill(&datagram, 'x', n);
    for (size_t at = 0; at < datagram.len; at += 16) {
        size_t len = datagram.len - at < 16 ? datagram.len - at : 16;
        uint16_t word = (uint16_t)((at + len < datagram.len ? 0x2000u : 0u) | at / 8);

        fragments[count].len = 0;
        wire_ipv4(&fragments[count++], IP_PROTOCOL_UDP, 0xc0000201, 0xc0000202, 77, word,
                  bytes_of(datagram.data + at, len));
    }
    return count;
}

static void the_fragment_that_completes_a_datagram_shows_it(void **state)
{
    static const unsigned orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 }, { 2, 0, 1 } };
    static struct wire fragments[3];

    (void)state;
    assert_int_equal(fragment_udp(fragments, 40), 3);
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        struct dissect_state *s = dissect_state_new(1);

        for (unsigned i = 0; i < 3; i++) {
            const struct wire *w = &fragments[orders[o][i]];

            dissect_bytes(s, wire_bytes(w), (uint32_t)w->len, LINKTYPE_IPV4);
            assert_string_equal(values_of("frame.protocols"), i < 2 ? "ip:data" : "ip:udp:data");
            assert_string_equal(values_of("ip.reassembled.length"), i < 2 ? "" : "48");
            assert_string_equal(values_of("udp.port"), i < 2 ? "" : "1024,9999");
        }
        dissect_state_free(s);
    }
}

static void fragments_that_overlap_are_told(void **state)
{
    static const struct {
        bool is_altered; /* the piece sent twice */
        const char *pieces, *overlap, *conflict, *error;
    } cases[] = {
        { false, "1,2,3,4", "1", "", "" },
        { true, "1,3,4", "1", "1", "2" },
    };
    static struct wire fragments[3];

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct dissect_state *s = dissect_state_new(1);
        static const unsigned order[] = { 0, 0, 1, 2 };

        fragment_udp(fragments, 40);
        for (unsigned i = 0; i < 4; i++) {
            struct wire piece = fragments[order[i]];
            struct packet packet;

            if (i == 1 && cases[c].is_altered)
                piece.data[piece.len - 1] ^= 1;
            packet = (struct packet) { .data = piece.data,
                                       .caplen = (uint32_t)piece.len,
                                       .len = (uint32_t)piece.len,
                                       .linktype = LINKTYPE_IPV4,
                                       .number = i + 1 };
            dissection_init(&d, &everything, s, NULL);
            dissect(&d, &packet);
        }
        assert_string_equal(values_of("ip.fragment"), cases[c].pieces);
        assert_string_equal(values_of("ip.fragment.overlap"), cases[c].overlap);
        assert_string_equal(values_of("ip.fragment.overlap.conflict"), cases[c].conflict);
        assert_string_equal(values_of("ip.fragment.error"), cases[c].error);
        dissect_state_free(s);
    }
}

struct crossing_piece {
    uint32_t offset, len;
    uint8_t fill;
    bool is_last;
};

static void the_piece_that_begins_first_wins_whatever_came_first(void **state)
{
    static const struct {
        const char *name;
        struct crossing_piece pieces[4];
        unsigned n;
        const char *payload, *fragment, *error, *conflict;
    } cases[] = {
        { "swallowed",
          { { 0, 16, 1, false }, { 8, 8, 2, false }, { 16, 8, 3, true } },
          3,
          "01010101010101010303030303030303",
          "1,3",
          "2",
          "1" },
        { "swallowed, and before",
          { { 8, 8, 2, false }, { 0, 16, 1, false }, { 16, 8, 3, true } },
          3,
          "01010101010101010303030303030303",
          "2,3",
          "1",
          "1" },
        { "partly",
          { { 8, 16, 2, false }, { 0, 16, 1, false }, { 24, 8, 3, true } },
          3,
          "010101010101010102020202020202020303030303030303",
          "2,3",
          "1",
          "1" },
        { "two that begin together",
          { { 0, 8, 1, false }, { 0, 16, 2, false }, { 16, 8, 3, true } },
          3,
          "02020202020202020303030303030303",
          "1,2,3",
          "",
          "" },
        { "two ends",
          { { 16, 8, 3, true }, { 24, 8, 4, true }, { 0, 16, 1, false } },
          3,
          "01010101010101010303030303030303",
          "3,1",
          "2",
          "" },
        { "behind the end",
          { { 0, 8, 1, false }, { 32, 8, 9, false }, { 8, 16, 2, true } },
          3,
          "02020202020202020202020202020202",
          "1,3",
          "2",
          "" },
        { "longer than the end",
          { { 0, 32, 1, false }, { 16, 8, 1, true } },
          2,
          "01010101010101010101010101010101",
          "2",
          "1",
          "" },
    };

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct dissect_state *s = dissect_state_new(1);

        print_message("%s\n", cases[c].name);
        for (unsigned i = 0; i < cases[c].n; i++) {
            const struct crossing_piece *piece = &cases[c].pieces[i];
            struct wire datagram = { 0 }, packet = { 0 };
            struct bytes bytes;

            if (piece->offset == 0)
                wire_udp_header(&datagram, 1024, 9999, 16);
            wire_fill(&datagram, piece->fill, piece->len - datagram.len);
            bytes = wire_bytes(&datagram);
            wire_ipv4(&packet, IP_PROTOCOL_UDP, 0xc0000201, 0xc0000202, 77,
                      (uint16_t)(piece->offset / 8 | (piece->is_last ? 0 : 0x2000)), bytes);
            dissection_init(&d, &everything, s, NULL);
            dissect(&d, &(struct packet) { .data = packet.data,
                                           .caplen = (uint32_t)packet.len,
                                           .len = (uint32_t)packet.len,
                                           .linktype = LINKTYPE_IPV4,
                                           .number = i + 1 });
        }
        assert_string_equal(values_of("udp.payload"), cases[c].payload);
        assert_string_equal(values_of("ip.fragment"), cases[c].fragment);
        assert_string_equal(values_of("ip.fragment.error"), cases[c].error);
        assert_string_equal(values_of("ip.fragment.overlap.conflict"), cases[c].conflict);
        dissect_state_free(s);
    }
}

static void the_zero_length_of_segmentation_offload_is_read_as_all_there_is(void **state)
{
    struct wire datagram = { 0 }, packet = { 0 };

    (void)state;
    wire_udp_header(&datagram, 1024, 9999, 12);
    wire_fill(&datagram, 'x', 12);
    wire_ipv4(&packet, IP_PROTOCOL_UDP, 0xc0000201, 0xc0000202, 77, 0, wire_bytes(&datagram));
    dissect_bytes(NULL, wire_bytes(&packet), (uint32_t)packet.len, LINKTYPE_IPV4);
    assert_string_equal(values_of("ip.len"), "40");
    packet.data[2] = packet.data[3] = 0;
    dissect_bytes(NULL, wire_bytes(&packet), (uint32_t)packet.len, LINKTYPE_IPV4);
    assert_string_equal(values_of("ip.len"), "40");
}

static void without_state_the_first_fragment_shows_the_ports(void **state)
{
    static struct wire fragments[3];

    (void)state;
    fragment_udp(fragments, 40);
    dissect_bytes(NULL, wire_bytes(&fragments[0]), (uint32_t)fragments[0].len, LINKTYPE_IPV4);
    assert_string_equal(values_of("udp.port"), "1024,9999");
    dissect_bytes(NULL, wire_bytes(&fragments[1]), (uint32_t)fragments[1].len, LINKTYPE_IPV4);
    assert_string_equal(values_of("udp.port"), "");
}

static void a_fragment_cut_by_the_capture_is_not_put_together(void **state)
{
    static struct wire fragments[3];
    struct dissect_state *s = dissect_state_new(1);

    (void)state;
    fragment_udp(fragments, 40);
    dissect_bytes(s, bytes_of(fragments[0].data, fragments[0].len - 1), (uint32_t)fragments[0].len,
                  LINKTYPE_IPV4);
    assert_string_equal(values_of("udp.port"), "1024,9999");
    for (unsigned i = 1; i < 3; i++) {
        dissect_bytes(s, wire_bytes(&fragments[i]), (uint32_t)fragments[i].len, LINKTYPE_IPV4);
        assert_string_equal(values_of("frame.protocols"), "ip:data");
    }
    dissect_state_free(s);
}

static void pieces_of_pieces_are_data_in_ipv6(void **state)
{
    struct dissect_state *s = dissect_state_new(1);
    struct wire inner = { 0 }, piece = { 0 }, packet = { 0 };

    (void)state;
    wire_number(&inner, UINT64_C(0x1100000100000009), 8); /* a fragment header inside the fragments */
    wire_fill(&inner, 'x', 8);
    for (unsigned i = 0; i < 2; i++) {
        piece.len = packet.len = 0;
        wire_number(&piece, i == 0 ? UINT64_C(0x2c00000100000008) : UINT64_C(0x2c00000800000008), 8);
        wire_put(&piece, bytes_of(inner.data + 8 * i, 8));
        wire_ipv6(&packet, 44, 1, 2, wire_bytes(&piece));
        dissect_bytes(s, wire_bytes(&packet), (uint32_t)packet.len, LINKTYPE_IPV6);
    }
    assert_string_equal(values_of("frame.protocols"), "ipv6:data");
    assert_string_equal(values_of("ipv6.reassembled.length"), "16");
    dissect_state_free(s);
}

static void a_mirrors_source_port_names_no_conversation(void **state)
{
    struct flow_key key;
    bool is_forward;
    const struct sample *mirrored = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        if (strcmp(samples[i].name, "a mirrored frame") == 0)
            mirrored = &samples[i];
    }
    assert_non_null(mirrored);
    dissect_bytes(NULL, mirrored->frame, (uint32_t)mirrored->frame.len, mirrored->linktype);
    assert_true(dissection_flow(&d, 1, &key, &is_forward));
    assert_true(is_forward);
    assert_int_equal(key.port_low, 0);
    assert_int_equal(key.port_high, 4789);
    assert_int_equal(key.any_port, FLOW_ANY_PORT_LOW);
    assert_true(dissection_flow(&d, 5, &key, &is_forward));
    assert_int_equal(key.port_low, 1024);
    assert_int_equal(key.any_port, FLOW_ANY_NONE);
    assert_false(dissection_flow(&d, 2, &key, &is_forward)); /* UDP is no IP layer */
}

static void the_tables_hold_no_name_twice_and_nothing_out_of_place(void **state)
{
    (void)state;
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        const struct protocol *protocol = protocols[p];

        assert_int_equal(protocol_find(protocol->name, strlen(protocol->name)), p);
        assert_true(protocol->n_fields <= FIELDS_LIMIT);
        for (unsigned i = 0; i < protocol->n_fields; i++) {
            const struct field *field = &protocol->fields[i];

            print_message("%s\n", field->name);
            assert_int_equal(field_find(field->name, strlen(field->name)), FIELD_ID(p, i));
            assert_true(strncmp(field->name, protocol->name, strlen(protocol->name)) == 0);
            assert_int_equal(field->name[strlen(protocol->name)], '.');
            assert_non_null(field->title);
            assert_true(field->any_of[0] < protocol->n_fields && field->any_of[1] < protocol->n_fields);
            /* header_bits gathers the bytes of a number in one word */
            if (field->type == FIELD_UINT || field->type == FIELD_BOOL)
                assert_true(field->n_bits == 0 || field->at_bit % 8 + field->n_bits <= 64);
            else
                assert_true(field->at_bit % 8 == 0 && field->n_bits % 8 == 0);
            assert_true(field_width(field) >= field->n_bits || field->type != FIELD_UINT);
        }
    }
}

static int prepare(void **state)
{
    (void)state;
    demand_init(&everything);
    demand_add_everything(&everything);
    demand_settle(&everything);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_protocol_is_read_as_its_document_says),
        cmocka_unit_test(a_cut_packet_shows_what_comes_before_the_cut),
        cmocka_unit_test(a_cut_handshake_shows_what_comes_before_the_cut),
        cmocka_unit_test(an_ipv4_header_that_cannot_be_is_bogus_and_not_malformed),
        cmocka_unit_test(what_the_sender_broke_is_malformed_and_counted),
        cmocka_unit_test(without_its_version_ipv6_is_data),
        cmocka_unit_test(some_values_say_by_themselves_that_a_packet_is_malformed),
        cmocka_unit_test(layers_without_end_are_left_alone_and_counted),
        cmocka_unit_test(values_without_end_are_left_out_and_counted),
        cmocka_unit_test(a_walk_over_values_ends_when_told_to),
        cmocka_unit_test(only_what_is_in_demand_is_looked_for),
        cmocka_unit_test(the_fragment_that_completes_a_datagram_shows_it),
        cmocka_unit_test(fragments_that_overlap_are_told),
        cmocka_unit_test(the_piece_that_begins_first_wins_whatever_came_first),
        cmocka_unit_test(the_zero_length_of_segmentation_offload_is_read_as_all_there_is),
        cmocka_unit_test(without_state_the_first_fragment_shows_the_ports),
        cmocka_unit_test(a_fragment_cut_by_the_capture_is_not_put_together),
        cmocka_unit_test(pieces_of_pieces_are_data_in_ipv6),
        cmocka_unit_test(a_mirrors_source_port_names_no_conversation),
        cmocka_unit_test(the_tables_hold_no_name_twice_and_nothing_out_of_place),
    };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
