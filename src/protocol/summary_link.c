/* SPDX-License-Identifier: Apache-2.0 */
/* summary_link - sentences of what lies beside or below IP: ARP (RFC 826) and the tunnels that carry frames.
 */
#include "protocol/summary_sentence.h"

enum { OPCODE, SRC_MAC, SRC_IPV4, DST_MAC, DST_IPV4 };

static const char *const arp_field_names[] = {
    [OPCODE] = "arp.opcode",      [SRC_MAC] = "arp.src.hw_mac",      [SRC_IPV4] = "arp.src.proto_ipv4",
    [DST_MAC] = "arp.dst.hw_mac", [DST_IPV4] = "arp.dst.proto_ipv4",
};

static void put_arp(struct sentence *s)
{
    uint64_t opcode = 0;
    struct value src, dst;

    sentence_number(s, OPCODE, &opcode);
    if (opcode != 1 && opcode != 2) {
        sentence_printf(s, "Opcode %u", (unsigned)opcode);
        return;
    }
    if (sentence_value(s, SRC_IPV4, &src) && sentence_value(s, DST_IPV4, &dst) &&
        bytes_equal(src.bytes, dst.bytes)) { /* RFC 5227 section 3 */
        sentence_put(s, opcode == 1 ? "ARP Announcement for " : "Gratuitous ARP for ");
        sentence_put_field(s, SRC_IPV4);
        sentence_put(s, opcode == 1 ? "" : " (Reply)");
    } else if (opcode == 1) {
        sentence_put(s, "Who has ");
        sentence_put_field(s, DST_IPV4);
        sentence_put(s, "? Tell ");
        sentence_put_field(s, SRC_IPV4);
    } else {
        sentence_put_field(s, SRC_IPV4);
        sentence_put(s, " is at ");
        sentence_put_field(s, SRC_MAC);
    }
}

const struct summary_trade summary_arp = {
    .label = "ARP",
    .fields = arp_field_names,
    .n_fields = sizeof arp_field_names / sizeof *arp_field_names,
    .put = put_arp,
};

/* A tunnel with nothing in it that is understood: which network it is of. */
static void put_vni(struct sentence *s)
{
    sentence_put(s, "VNI ");
    sentence_put_field(s, 0);
}

static const char *const vxlan_field_names[] = { "vxlan.vni" };

const struct summary_trade summary_vxlan = {
    .label = "VXLAN",
    .fields = vxlan_field_names,
    .n_fields = 1,
    .put = put_vni,
};

static const char *const geneve_field_names[] = { "geneve.vni" };

const struct summary_trade summary_geneve = {
    .label = "Geneve",
    .fields = geneve_field_names,
    .n_fields = 1,
    .put = put_vni,
};
