/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fuzz targets of protocols that need a header or two before them and nothing else: one for each of
 * fuzz_frames (meson.build), which says by FUZZ_LAYER whose bytes the input is. As in protocol_fuzz.h it
 * becomes a few packets, each behind a length of two bytes whose top bit says the direction.
 */
#include <assert.h>

#include "protocol/protocol_fuzz.h"

enum { PACKETS = 64, LENGTH_MASK = 0x7ff };

/* What stands before the input, from the outside in; 0: nothing of that kind. */
static const struct frame {
    const char *layer;
    uint16_t linktype, ethertype;
    uint8_t ip_protocol;
    bool is_ipv6;
    uint16_t udp_port, tcp_port;
    const char *head;
    size_t head_len;
} frames[] = {
    { "ethernet", LINKTYPE_ETHERNET, 0, 0, false, 0, 0, "\2\0\0\0\0\1\2\0\0\0\0\2", 12 }, /* and LLC */
    { "vlan", LINKTYPE_ETHERNET, 0x8100, 0, false, 0, 0, "", 0 },
    { "ieee8021ad", LINKTYPE_ETHERNET, 0x88a8, 0, false, 0, 0, "", 0 },
    { "sll", LINKTYPE_LINUX_SLL, 0, 0, false, 0, 0, "", 0 },
    { "sll2", LINKTYPE_LINUX_SLL2, 0, 0, false, 0, 0, "", 0 },
    { "null", LINKTYPE_NULL, 0, 0, false, 0, 0, "", 0 },
    { "raw", LINKTYPE_RAW, 0, 0, false, 0, 0, "", 0 },
    { "arp", LINKTYPE_ETHERNET, 0x0806, 0, false, 0, 0, "", 0 },
    { "ipv4", LINKTYPE_ETHERNET, 0x0800, 0, false, 0, 0, "", 0 },
    { "ipv6", LINKTYPE_ETHERNET, 0x86dd, 0, false, 0, 0, "", 0 },
    { "icmp", LINKTYPE_ETHERNET, 0, IP_PROTOCOL_ICMP, false, 0, 0, "", 0 },
    { "igmp", LINKTYPE_ETHERNET, 0, 2, false, 0, 0, "", 0 },
    { "icmpv6", LINKTYPE_ETHERNET, 0, IP_PROTOCOL_ICMPV6, true, 0, 0, "", 0 },
    { "vxlan", LINKTYPE_ETHERNET, 0, 0, false, UDP_PORT_VXLAN, 0, "", 0 },
    { "erspan", LINKTYPE_ETHERNET, 0, IP_PROTOCOL_GRE, false, 0, 0, "\x10\0\x88\xbe\0\0\0\1", 8 },
    { "oscore", LINKTYPE_ETHERNET, 0, 0, false, 5683, 0, "\x44\2\0\1abcd", 8 }, /* its option comes next */
    { "mdns", LINKTYPE_ETHERNET, 0, 0, false, 5353, 0, "", 0 },
    { "llmnr", LINKTYPE_ETHERNET, 0, 0, false, 5355, 0, "", 0 },
    { "text_lines", LINKTYPE_ETHERNET, 0, 0, false, 0, 80,
      "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n", 45 },
    { "data", LINKTYPE_ETHERNET, 0, 0, false, 9, 0, "", 0 },
};

static const struct frame *frame_of(const char *layer)
{
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        if (strcmp(frames[i].layer, layer) == 0)
            return &frames[i];
    return NULL;
}

static void make_packet(struct wire *w, const struct frame *frame, bool is_back, struct bytes input)
{
    const struct wire_end client = { 0x0a000001, 40000 }, server = { 0x0a000002, frame->udp_port };
    uint32_t from = is_back ? 2 : 1, to = is_back ? 1 : 2;
    struct wire body = { 0 };

    wire_put(&body, bytes_of(frame->head, frame->head_len));
    wire_put(&body, input);
    w->len = 0;
    if (frame->tcp_port) {
        fuzz_segment(w, true, frame->tcp_port, 1, 1, wire_bytes(&body));
    } else if (frame->udp_port) {
        wire_udp(w, is_back ? server : client, is_back ? client : server, wire_bytes(&body));
    } else if (frame->ip_protocol) {
        wire_ethernet(w, frame->is_ipv6 ? 0x86dd : 0x0800);
        if (frame->is_ipv6)
            wire_ipv6(w, frame->ip_protocol, from, to, wire_bytes(&body));
        else
            wire_ipv4(w, frame->ip_protocol, 0x0a000000 + from, 0x0a000000 + to, 1, 0, wire_bytes(&body));
    } else {
        if (frame->ethertype)
            wire_ethernet(w, frame->ethertype);
        wire_put(w, wire_bytes(&body));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dissection d;
    const struct frame *frame = frame_of(FUZZ_LAYER);
    struct reader r = reader_over(bytes_of(data, size));
    struct dissect_state *state = dissect_state_new(1);
    uint16_t head;

    assert(frame);
    dissection_init(&d, fuzz_demand(), state, NULL);
    for (uint32_t number = 1; state && number <= PACKETS && reader_u16(&r, &head); number++) {
        size_t len = head & LENGTH_MASK;
        struct bytes input = { 0 };
        struct packet packet;
        struct wire w;

        if (!reader_bytes(&r, len < reader_left(&r) ? len : reader_left(&r), &input))
            break;
        make_packet(&w, frame, head >> 15, input);
        packet = wire_packet(&w, frame->linktype, INT64_C(1000000) * number);
        packet.number = number;
        dissect(&d, &packet);
        fuzz_read_all(&d);
    }
    dissect_state_free(state);
    return 0;
}
