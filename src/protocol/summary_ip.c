/* SPDX-License-Identifier: Apache-2.0 */
/* summary_ip - sentences of packets of which nothing above IP is known: pieces of datagrams, and protocols
 * that nobody here reads. */
#include "protocol/summary_sentence.h"

static bool is_piece(const struct sentence *s)
{
    uint8_t fragment = s->d->layers[s->layer].fragment;

    return fragment == FRAGMENT_FIRST || fragment == FRAGMENT_LATER;
}

static void put_protocol(struct sentence *s, const struct value *protocol)
{
    const char *name = sentence_name(protocol);

    if (name)
        sentence_printf(s, "%.40s ", name);
    sentence_put_decimal(s, protocol->number);
}

enum { IP_PROTO, IP_ID, IP_OFFSET };

static const char *const ipv4_field_names[] = {
    [IP_PROTO] = "ip.proto",
    [IP_ID] = "ip.id",
    [IP_OFFSET] = "ip.frag_offset",
};

static void put_ipv4(struct sentence *s)
{
    struct value protocol;
    uint64_t offset = 0, id = 0;

    if (!sentence_value(s, IP_PROTO, &protocol))
        return;
    if (!is_piece(s)) {
        sentence_put(s, "protocol ");
        put_protocol(s, &protocol);
        return;
    }
    sentence_number(s, IP_OFFSET, &offset);
    sentence_number(s, IP_ID, &id);
    sentence_put(s, "Fragmented IP protocol (proto=");
    put_protocol(s, &protocol);
    sentence_printf(s, ", off=%u, ID=%04x)", 8 * (unsigned)offset, (unsigned)id);
}

const struct summary_trade summary_ipv4 = {
    .label = "IPv4",
    .fields = ipv4_field_names,
    .n_fields = sizeof ipv4_field_names / sizeof *ipv4_field_names,
    .put = put_ipv4,
};

enum { NXT, OFFSET, MORE, IDENT, IPV6_NXT };

static const char *const ipv6_field_names[] = {
    [NXT] = "ipv6.fraghdr.nxt",     [OFFSET] = "ipv6.fraghdr.offset", [MORE] = "ipv6.fraghdr.more",
    [IDENT] = "ipv6.fraghdr.ident", [IPV6_NXT] = "ipv6.nxt",
};

static void put_ipv6(struct sentence *s)
{
    struct value next;
    uint64_t offset = 0, more = 0, ident = 0, carried = 0;

    if (is_piece(s) && sentence_number(s, IDENT, &ident)) {
        sentence_number(s, OFFSET, &offset);
        sentence_number(s, MORE, &more);
        sentence_number(s, NXT, &carried);
        sentence_printf(s, "IPv6 fragment (off=%u more=%c ident=0x%08x nxt=%u)", 8 * (unsigned)offset,
                        more ? 'y' : 'n', (unsigned)ident, (unsigned)carried);
    } else if (sentence_value(s, IPV6_NXT, &next)) {
        sentence_put(s, "next header ");
        put_protocol(s, &next);
    }
}

const struct summary_trade summary_ipv6 = {
    .label = "IPv6",
    .fields = ipv6_field_names,
    .n_fields = sizeof ipv6_field_names / sizeof *ipv6_field_names,
    .put = put_ipv6,
};
