/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "filter/explain.h"
#include "filter/filter.h"
#include "filter/test_packet.h"

static void write_hint(const struct hint *hint, struct buffer *out)
{
    static const char *const words[] = { [HINT_ALL] = "all", [HINT_NONE] = "none" };
    char address[IP_ADDRESS_TEXT_BYTES];

    switch (hint->kind) {
    case HINT_AND:
    case HINT_OR:
        buffer_put_text(out, "(");
        write_hint(hint->left, out);
        buffer_put_text(out, hint->kind == HINT_AND ? " & " : " | ");
        write_hint(hint->right, out);
        buffer_put_text(out, ")");
        return;
    case HINT_PROTOCOL:
        buffer_put_text(out, hint->protocol == PROTOCOL_NONE ? "pieces" : protocols[hint->protocol]->name);
        return;
    case HINT_ADDRESS:
        buffer_printf(out, "%s/%u", ip_address_format(&hint->prefix.address, address), hint->prefix.n_bits);
        return;
    case HINT_PORT:
        buffer_printf(out, "port %u-%u", hint->port.low, hint->port.high);
        return;
    case HINT_IDENTITY:
        buffer_printf(out, "id %.*s", (int)hint->identity.len, (const char *)hint->identity.data);
        return;
    case HINT_IDENTITY_LIKE:
        buffer_printf(out, "id like %.*s", (int)hint->like.test->second->constant.bytes.len,
                      (const char *)hint->like.test->second->constant.bytes.data);
        return;
    case HINT_TIME:
        if (hint->time.from_ns != INT64_MIN)
            buffer_printf(out, "%lld", (long long)hint->time.from_ns);
        buffer_put_text(out, "..");
        if (hint->time.to_ns != INT64_MAX)
            buffer_printf(out, "%lld", (long long)hint->time.to_ns);
        return;
    default:
        buffer_put_text(out, words[hint->kind]);
        return;
    }
}

static void hints_say_what_must_be_there(void **state)
{
    static const struct {
        const char *filter, *hint;
    } cases[] = {
        { "udp", "udp" },
        { "frame", "all" },
        { "ip.src == 10.0.0.1", "10.0.0.1/32" },
        { "ip.src === 10.0.0.1", "10.0.0.1/32" },
        { "ip.addr == 10.1.0.0/16", "10.1.0.0/16" },
        { "ip.addr in {10.0.0.0/8, 192.0.2.1}", "(10.0.0.0/8 | 192.0.2.1/32)" },
        { "ip.addr in {10.0.0.4..10.0.0.7}", "10.0.0.4/30" },
        { "ip.addr != 10.0.0.1", "ip" },
        { "ip.addr ~= 10.0.0.1", "ip" },
        { "!(ip.addr == 10.0.0.1)", "all" },
        { "!(ip.addr != 10.0.0.1)", "all" },
        { "ip.src == ip.dst", "(ip & ip)" },
        { "ip.src#2 == 10.0.0.1", "10.0.0.1/32" },
        { "ip.src[0] == 10", "ip" },
        { "string(ip.src) == \"x\"", "ip" },
        { "ipv6.dst == 2001:db8::/32", "2001:db8::/32" },
        { "arp.src.proto_ipv4 == 10.0.0.1", "arp" },
        { "udp.port == 5683", "(udp & port 5683-5683)" },
        { "tcp.dstport > 1023", "(tcp & port 1024-65535)" },
        { "udp.port < 10", "(udp & port 0-9)" },
        { "udp.port in {1..5, 7}", "(udp & (port 1-5 | port 7-7))" },
        { "udp.port in {5..1}", "none" },
        { "udp.port < 0", "none" },
        { "udp.port > 65535 or arp", "arp" },
        { "udp.port + 1 == 5", "udp" },
        { "udp.port not in {1}", "all" },
        { "ip and udp or arp", "((ip & udp) | arp)" },
        { "ip and not udp", "ip" },
        { "ip or not udp", "all" },
        { "ip xor udp", "(ip | udp)" },
        { "ip xor udp xor not arp", "all" },
        { "not (ip xor udp)", "all" },
        { "not not ip", "ip" },
        { "not (not ip and not udp)", "(ip | udp)" },
        { "not (not ip or not udp)", "(ip & udp)" },
        { "not (ip or not udp)", "udp" },
        { "not (frame.time > \"1970-01-01 00:00:01 UTC\")", "..1000000000" },
        { "not (frame.time < \"1970-01-01 00:00:01 UTC\") and arp",
          "((1000000000.. | (-29000000000..1000000000 & pieces)) & arp)" },
        { "not (frame.time#2 > \"1970-01-01 00:00:01 UTC\")", "all" },
        { "not (frame.time_epoch == 1)", "all" },
        { "max(udp.port, tcp.port) == 1", "all" },
        { "max(udp.port) == 1", "udp" },
        { "dtls.handshake.identity == \"abc\"", "id abc" },
        { "dtls.handshake.identity in {\"abc\", \"d\"}", "(id abc | id d)" },
        { "dtls.handshake.identity != \"abc\"", "dtls" },
        { "dtls.handshake.identity contains \"abc\"", "(dtls & id like abc)" },
        { "all dtls.handshake.identity contains \"abc\" and ip", "((dtls & id like abc) & ip)" },
        { "not dtls.handshake.identity contains \"abc\"", "all" },
        { "dtls.handshake.identity[1:] contains \"abc\"", "dtls" },
        { "frame.time_epoch == 1700000000.5", "(1700000000500000000..1700000000500000000 | "
                                              "(1699999970500000000..1700000000500000000 & pieces))" },
        { "frame.time_epoch > 1", "(1000000001.. | (-28999999999..1000000001 & pieces))" },
        { "frame.time <= \"1970-01-01 00:00:01 UTC\"", "..1000000000" },
        { "frame.time_epoch in {1..2}", "(1000000000..2000000000 | (-29000000000..1000000000 & pieces))" },
        { "frame.time_epoch != 1", "all" },
        { "frame.number == 1", "all" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error;
        struct filter *filter = filter_compile(cases[i].filter, &error);
        struct buffer out;

        if (filter == NULL)
            fail_msg("%s", error.text);
        buffer_init(&out, 4096);
        write_hint(filter_hint(filter), &out);
        buffer_put_u8(&out, 0);
        if (strcmp((const char *)out.data, cases[i].hint) != 0)
            fail_msg("%s: %s instead of %s", cases[i].filter, (const char *)out.data, cases[i].hint);
        buffer_clear(&out);
        filter_free(filter);
    }
}

/* ---- a packet that matches never falls to its hint ---- */

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % n;
}

/* Few addresses and ports, so that filters and packets meet. */
static struct packet random_packet(struct test_packet *t, uint64_t *seed)
{
    unsigned n = random_below(seed, 3);
    struct packet packet;

    test_packet_init(t, "abc", 3);
    for (unsigned i = 0; i <= n; i++) {
        uint16_t source = (uint16_t)(10 + random_below(seed, 4)),
                 destination = (uint16_t)(10 + random_below(seed, 4));
        bool is_tunnel = i > 0, is_v6 = random_below(seed, 2),
             is_tcp = !is_tunnel && random_below(seed, 3) == 0;

        if (is_tunnel)
            test_vxlan(t, random_below(seed, 3));
        if (is_tcp)
            test_tcp(t, source, destination);
        else
            test_udp(t, source, is_tunnel ? 4789 : destination);
        if (is_v6)
            test_ipv6(t, is_tcp ? 6 : 17, random_below(seed, 4), random_below(seed, 4));
        else
            test_ipv4(t, is_tcp ? 6 : 17, 0x0a000000 + random_below(seed, 4),
                      0x0a000000 + random_below(seed, 4));
        if (random_below(seed, 4) == 0) {
            test_vlan(t, 5, is_v6 ? 0x86dd : 0x0800);
            test_ethernet(t, 0x8100);
        } else {
            test_ethernet(t, is_v6 ? 0x86dd : 0x0800);
        }
    }
    packet = test_packet_view(t);
    packet.ts_ns = (int64_t)random_below(seed, 8) * 1000000000;
    if (random_below(seed, 8) == 0)
        packet.caplen = random_below(seed, packet.caplen);
    return packet;
}

static void random_test(uint64_t *seed, char *out, size_t cap)
{
    static const char *const relations[] = { "==", "!=", "===", "~=", "<", ">", "<=", ">=" };
    const char *relation = relations[random_below(seed, 8)], *all = random_below(seed, 4) ? "" : "all ";
    static const char *const addresses[] = { "ip.src", "ip.dst", "ip.addr" };
    static const char *const addresses6[] = { "ipv6.src", "ipv6.dst", "ipv6.addr" };
    static const char *const ports[] = { "udp.port", "udp.srcport", "tcp.port", "tcp.dstport" };
    static const char *const protocol_names[] = { "ip",   "ipv6", "udp", "tcp", "vxlan",
                                                  "vlan", "arp",  "eth", "data" };
    uint32_t a = random_below(seed, 5), b = random_below(seed, 5);

    switch (random_below(seed, 10)) {
    case 0:
        snprintf(out, cap, "%s%s %s 10.0.0.%u", all, addresses[a % 3], relation, b);
        break;
    case 1:
        snprintf(out, cap, "%s%s %s 10.0.0.%u/%u", all, addresses[a % 3], relation, b, 30 + a % 3);
        break;
    case 2:
        snprintf(out, cap, "%s%s in {10.0.0.%u, 10.0.0.%u..10.0.0.3}", all, addresses[a % 3], a, b);
        break;
    case 3:
        snprintf(out, cap, "%s%s %s 2001:db8::%u", all, addresses6[a % 3], relation, b);
        break;
    case 4:
        snprintf(out, cap, "%s%s %s %u", all, ports[a % 4], relation, 9 + b);
        break;
    case 5:
        snprintf(out, cap, "%s%s in {%u..12, %u}", all, ports[a % 4], 9 + b, 9 + a);
        break;
    case 6:
        snprintf(out, cap, "%s", protocol_names[random_below(seed, 9)]);
        break;
    case 7:
        snprintf(out, cap, "frame.time_epoch %s %u", relation, b);
        break;
    case 8:
        snprintf(out, cap, "%s#%u %s 10.0.0.%u", addresses[a % 3], 1 + a % 2, relation, b);
        break;
    default:
        snprintf(out, cap, "max(udp.port, tcp.port) - %u %s %u", a, relation, 9 + b);
        break;
    }
}

static void random_filter(uint64_t *seed, unsigned depth, char *out, size_t cap)
{
    char left[1024], right[1024];

    if (depth == 0 || random_below(seed, 4) == 0) {
        random_test(seed, out, cap);
        return;
    }
    random_filter(seed, depth - 1, left, sizeof left / 2);
    random_filter(seed, depth - 1, right, sizeof right / 2);
    if (random_below(seed, 4) == 0)
        snprintf(out, cap, "!(%.900s)", left);
    else
        snprintf(out, cap, "(%.900s) %s (%.900s)", left, random_below(seed, 2) ? "and" : "or", right);
}

/* What an index that knew this packet alone would say. */
static bool hint_holds(const struct hint *hint, const struct dissection *d)
{
    switch (hint->kind) {
    case HINT_ALL:
        return true;
    case HINT_AND:
        return hint_holds(hint->left, d) && hint_holds(hint->right, d);
    case HINT_OR:
        return hint_holds(hint->left, d) || hint_holds(hint->right, d);
    case HINT_PROTOCOL:
        return d->present >> hint->protocol & 1;
    case HINT_TIME:
        return d->packet->ts_ns >= hint->time.from_ns && d->packet->ts_ns <= hint->time.to_ns;
    case HINT_ADDRESS:
        for (uint32_t i = 0; i < d->n_layers; i++) {
            const struct layer *layer = &d->layers[i];
            bool is_v4 = layer->protocol == PROTOCOL_IPV4;

            if (!is_v4 && layer->protocol != PROTOCOL_IPV6)
                continue;
            for (unsigned end = 0; end < 2; end++) {
                size_t n = is_v4 ? 4 : 16, at = (is_v4 ? 12 : 8) + end * n;
                struct ip_address address;

                if (at + n > layer->header_len)
                    continue;
                address = ip_address_of((struct bytes) { layer->data + at, n });
                if (ip_address_in_prefix(&address, &hint->prefix.address, hint->prefix.n_bits))
                    return true;
            }
        }
        return false;
    case HINT_PORT:
        for (uint32_t i = 0; i < d->n_layers; i++) {
            const struct layer *layer = &d->layers[i];

            if (layer->protocol != PROTOCOL_UDP && layer->protocol != PROTOCOL_TCP)
                continue;
            for (unsigned at = 0; at < 4 && at + 2 <= layer->header_len; at += 2) {
                unsigned port = (unsigned)layer->data[at] << 8 | layer->data[at + 1];

                if (port >= hint->port.low && port <= hint->port.high)
                    return true;
            }
        }
        return false;
    default:
        return false;
    }
}

static void a_packet_that_matches_never_falls_to_its_hint(void **state)
{
    static struct dissection d, whole;
    struct demand everything;
    uint64_t seed = 1;
    unsigned n_matches = 0, n_ruled_out = 0;

    (void)state;
    demand_init(&everything);
    demand_add_everything(&everything);
    demand_settle(&everything);
    for (unsigned i = 0; i < 20000; i++) {
        char text[2048];
        struct error error;
        struct filter *filter;

        random_filter(&seed, 3, text, sizeof text);
        filter = filter_compile(text, &error);
        if (filter == NULL)
            continue; /* cut where it became too long */
        for (unsigned k = 0; k < 8; k++) {
            struct test_packet t;
            struct packet packet = random_packet(&t, &seed);
            bool is_match, holds;

            dissection_init(&d, filter_demand(filter), NULL, NULL);
            dissect(&d, &packet);
            dissection_init(&whole, &everything, NULL, NULL);
            dissect(&whole, &packet);
            is_match = filter_match(filter, &d);
            if (is_match != filter_match(filter, &whole))
                fail_msg("%s answers differently when more is dissected", text);
            holds = hint_holds(filter_hint(filter), &whole);
            if (is_match && !holds)
                fail_msg("%s matches a packet its hint rules out", text);
            n_matches += is_match;
            n_ruled_out += !holds;
        }
        filter_free(filter);
    }
    /* A test that never meets either case would prove nothing. */
    assert_true(n_matches > 10000);
    assert_true(n_ruled_out > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hints_say_what_must_be_there),
        cmocka_unit_test(a_packet_that_matches_never_falls_to_its_hint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
