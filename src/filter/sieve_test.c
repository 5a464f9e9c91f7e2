/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sieve against no sieve: over streams of packets of all shapes, in which any byte may be wrong and any
 * end cut off, every filter must find the same frames, whatever else is in demand, and leave the same behind.
 *
 * With TAPDECK_TEST_CAPTURES=DIR, the captures named in DIR/index.tsv too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "filter/sieve.h"
#include "protocol/shape.h"
#include "protocol/state.h"
#include "protocol/wire.h"
#include "source/openers.h"

enum { STREAM_PACKETS = 600, STREAMS = 40 };

static const char *const filters[] = {
    "ip.addr == 10.0.0.1",
    "ip.src == 10.0.0.0/30",
    "ip.dst != 10.0.0.2",
    "ip.addr != 10.0.0.1",
    "not ip.addr == 10.0.0.1",
    "!(ip.src == 10.0.0.1 or udp.port == 5684)",
    "ipv6.addr == 2001:db8::1",
    "ipv6.src in {2001:db8::/64} and udp",
    "ip.src in {10.0.0.1, 10.0.0.4..10.0.0.9, 192.168.0.0/16}",
    "udp.port == 5684",
    "udp.srcport > 40000 and not dtls",
    "udp.length < 20",
    "tcp",
    "tcp.port == 1883 or udp.dstport == 4789",
    "vxlan.vni == 42",
    "vxlan.vni > 40 and vxlan.vni < 43 and ip.src == 10.0.0.1",
    "eth.addr == 02:00:5e:00:00:01",
    "eth.type == 0x86dd",
    "dtls",
    "not dtls",
    "dtls.handshake.length > 20",
    "dtls.handshake.identity",
    "dtls.handshake.identity == \"dev-1\"",
    "dtls.handshake.identity contains \"dev\"",
    "dtls.handshake.type == 1 and ip.src == 10.0.0.1",
    "dtls.handshake.ciphersuite == 0xc0a8",
    "dtls.record.content_type == 23",
    "dtls.connection_id",
    "dtls.handshake.cookie",
    "not dtls.handshake.identity and ip.dst == 10.0.0.2",
    "icmp or arp",
    "frame.len > 150",
    "frame.number < 9 or ip.addr == 10.0.0.1",
    "frame.cap_len == 60 and udp",
    "data",
    "ip.ttl == 64",
    "ip#2 == 10.0.0.1",
    "ip.src#2 == 10.0.0.1",
    "ip.src == ip.dst",
    "ip[9] == 17",
    "ip.version == 4 and ip.flags.df == 1",
    "udp contains \"dev\"",
    "coap or mqtt or dns",
    "all ip.ttl == 64",
};

/* What may be asked for beside the filter. */
enum output { OUTPUT_NOTHING, OUTPUT_IDENTITY, OUTPUT_ALL, N_OUTPUTS };

static uint32_t number(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

/* ---- a stream ---- */

static void put_payload(struct wire *w, uint64_t *seed)
{
    const struct bytes cid = bytes_text("cid-77"), none = { 0 };
    struct wire body = { 0 };

    switch (number(seed, 14)) {
    case 0:
        wire_client_hello(w, 0, (struct wire_hello) { .random = 9, .has_cid = true });
        break;
    case 1:
        wire_server_hello(w, 1, number(seed, 2) ? 0xc0a8 : 0xc02b,
                          (struct wire_hello) { .has_cid = number(seed, 2), .cid = cid });
        break;
    case 2:
        wire_client_key_exchange(w, 2, number(seed, 2) ? "dev-1" : "dev-2");
        wire_cipher_change(w);
        wire_secret(w, DTLS_HANDSHAKE_RECORD, 0, none);
        break;
    case 3: /* in two fragments, maybe one of them in this datagram */
        wire_identity(&body, "dev-1");
        if (number(seed, 2))
            wire_fragment(w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&body), 0, 4);
        else
            wire_fragment(w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&body), 4, body.len - 4);
        break;
    case 4:
        wire_number(&body, 0xfefd, 2);
        wire_short_string(&body, bytes_text("cookie"));
        wire_message(w, DTLS_HELLO_VERIFY_REQUEST, 0, &body);
        break;
    case 5:
    case 6:
        wire_secret(w, DTLS_APPLICATION_RECORD, number(seed, 100), none);
        break;
    case 7:
        wire_secret(w, DTLS_APPLICATION_RECORD, number(seed, 100), cid);
        if (number(seed, 2))
            wire_client_key_exchange(w, 2, "dev-1");
        break;
    case 8:
        wire_put(w, bytes_of("\x40\x01\x12\x34\xb5hello", 10));
        break;
    case 9:
        wire_put(w, bytes_text("{\"dev\": 1}"));
        break;
    case 10:
        break;
    default:
        wire_fill(w, (uint8_t)number(seed, 256), number(seed, 80));
        break;
    }
}

static uint16_t some_port(uint64_t *seed)
{
    static const uint16_t ports[] = {
        5684, 5684, 5684, 40000, 40001, 53, 5683, 4789, 6081, 1883, 4700, 50000
    };

    return ports[number(seed, sizeof ports / sizeof *ports)];
}

/* IP and what it carries, behind what is there. */
static void put_ip(struct wire *w, bool is_ipv6, uint64_t *seed)
{
    static const uint8_t others[] = { IP_PROTOCOL_ICMP, IP_PROTOCOL_IPV4, IP_PROTOCOL_GRE, 50 };
    static const uint16_t fragments[16] = { [1] = 0x2000, [2] = 3, [3] = 0x4000, [4] = 0x8000 };
    const uint32_t base = is_ipv6 ? 0 : 0x0a000000;
    struct wire payload = { 0 }, carried = { 0 };
    uint8_t protocol = IP_PROTOCOL_UDP;

    put_payload(&payload, seed);
    switch (number(seed, 6)) {
    case 0:
        protocol = IP_PROTOCOL_TCP;
        wire_number(&carried, some_port(seed), 2);
        wire_number(&carried, some_port(seed), 2);
        wire_number(&carried, 0, 8);
        wire_number(&carried, 0x5018, 2);
        wire_number(&carried, 0, 6);
        break;
    case 1:
        if (number(seed, 3) == 0) {
            protocol = others[number(seed, sizeof others)];
            break;
        } /* fall through */
    default:
        wire_udp_header(&carried, some_port(seed), some_port(seed), payload.len);
        break;
    }
    wire_put(&carried, wire_bytes(&payload));
    if (is_ipv6)
        wire_ipv6(w, protocol, base + number(seed, 4), base + number(seed, 4), wire_bytes(&carried));
    else
        wire_ipv4(w, protocol, base + number(seed, 4), base + number(seed, 4), (uint16_t)number(seed, 3),
                  fragments[number(seed, 16)], wire_bytes(&carried));
}

static void put_frame(struct wire *w, uint64_t *seed)
{
    bool is_ipv6 = number(seed, 4) == 0;

    wire_number(w, UINT64_C(0x02005e000001), 6);
    wire_number(w, UINT64_C(0x02005e000002) + number(seed, 2), 6);
    if (number(seed, 12) == 0)
        wire_number(w, 0x81000007, 4);
    wire_number(w, is_ipv6 ? 0x86dd : 0x0800, 2);
    put_ip(w, is_ipv6, seed);
    wire_fill(w, 0, number(seed, 3) ? 0 : number(seed, 20)); /* padding */
}

static void make_frame(struct wire *w, uint64_t *seed)
{
    w->len = 0;
    if (number(seed, 3)) {
        bool is_ipv6 = number(seed, 4) == 0;
        struct wire inner = { 0 }, udp = { 0 };

        put_frame(&inner, seed);
        wire_udp_header(&udp, number(seed, 8) ? 0xc000 : some_port(seed), 4789, 8 + inner.len);
        wire_number(&udp, 0x0800000000002a00 + (number(seed, 2) << 8), 8);
        wire_put(&udp, wire_bytes(&inner));
        wire_ethernet(w, is_ipv6 ? 0x86dd : 0x0800);
        if (is_ipv6)
            wire_ipv6(w, IP_PROTOCOL_UDP, 7, 8, wire_bytes(&udp));
        else
            wire_ipv4(w, IP_PROTOCOL_UDP, 0x0a140101, 0x0a140909, 1, 0, wire_bytes(&udp));
    } else {
        put_frame(w, seed);
    }
    if (number(seed, 4) == 0 && w->len > 0)
        w->data[number(seed, (uint32_t)w->len)] = (uint8_t)number(seed, 256);
    if (number(seed, 4) == 0) /* lengths and versions are where it matters */
        w->data[12 + number(seed, w->len < 92 ? (uint32_t)w->len - 12 : 80)] ^=
            (uint8_t)(1u << number(seed, 8));
}

struct stream {
    uint32_t n;
    struct packet packets[STREAM_PACKETS];
};

static struct stream *make_stream(uint64_t seed)
{
    struct stream *stream = calloc(1, sizeof *stream);
    static struct wire w;

    assert_non_null(stream);
    while (stream->n < STREAM_PACKETS) {
        struct packet *packet = &stream->packets[stream->n++];
        uint8_t *exact;

        make_frame(&w, &seed);
        *packet = wire_packet(&w, LINKTYPE_ETHERNET, (int64_t)stream->n * 1000000);
        packet->number = stream->n;
        if (number(&seed, 8) == 0)
            packet->caplen = number(&seed, packet->len + 1);
        exact = malloc(packet->caplen ? packet->caplen : 1); /* so that the sanitizer sees a step too far */
        assert_non_null(exact);
        memcpy(exact, w.data, packet->caplen);
        packet->data = exact;
    }
    return stream;
}

static void free_stream(struct stream *stream)
{
    for (uint32_t i = 0; i < stream->n; i++)
        free((void *)(uintptr_t)stream->packets[i].data);
    free(stream);
}

/* ---- the two roads ---- */

struct question {
    struct filter *filter;
    struct demand demand;
    struct sieve *sieve;
    struct preferences preferences;
};

static void ask(struct question *question, const char *text, enum output output, bool has_rules)
{
    struct error error;

    question->filter = filter_compile(text, &error);
    if (question->filter == NULL)
        fail_msg("%s: %s", text, error.text);
    demand_init(&question->demand);
    demand_merge(&question->demand, filter_demand(question->filter));
    if (output == OUTPUT_IDENTITY)
        demand_add_field(&question->demand, DTLS_ID(DTLS_HANDSHAKE_IDENTITY));
    if (output == OUTPUT_ALL)
        demand_add_everything(&question->demand);
    demand_settle(&question->demand);
    question->preferences = preferences_default;
    if (has_rules) {
        question->preferences.n_rules = 1;
        question->preferences.rules[0] = (struct decode_rule) { PORT_TABLE_UDP, 40000, 40001, PROTOCOL_DTLS };
    }
    question->sieve = sieve_new(question->filter, &question->demand, &question->preferences);
}

static void forget(struct question *question)
{
    sieve_free(question->sieve);
    filter_free(question->filter);
}

static bool look(const struct question *question, struct dissection *d, const struct packet *packet)
{
    dissect(d, packet);
    return filter_match(question->filter, d);
}

static struct dissection *road(const struct question *question)
{
    struct dissection *d = malloc(sizeof *d);

    assert_non_null(d);
    dissection_init(d, &question->demand, dissect_state_new(7), NULL);
    d->preferences = &question->preferences;
    return d;
}

static void end_road(struct dissection *d)
{
    dissect_state_free(d->state);
    free(d);
}

static bool collect(void *context, const struct value *value)
{
    uint64_t *sum = context;

    for (size_t i = 0; i < value->bytes.len; i++)
        *sum = *sum * 31 + value->bytes.data[i];
    *sum = *sum * 31 + value->bytes.len + 1;
    return true;
}

/* What depends on the packets before. */
static uint64_t identities(const struct question *question, const struct dissection *d)
{
    uint64_t sum = 0;

    if (demand_has_field(&question->demand, PROTOCOL_DTLS, DTLS_HANDSHAKE_IDENTITY))
        dissection_values(d, DTLS_ID(DTLS_HANDSHAKE_IDENTITY), collect, &sum);
    return sum;
}

static uint32_t assert_same(const struct question *question, const char *text, struct dissection *whole,
                            struct dissection *sifted, const struct packet *packet)
{
    bool is_match = look(question, whole, packet), is_kept;

    is_kept = packet->number == 1 || question->sieve == NULL || sieve_keeps(question->sieve, packet);
    if (is_kept ? look(question, sifted, packet) != is_match : is_match)
        fail_msg("%s: packet %u: %s", text, (unsigned)packet->number, is_match ? "lost" : "too many");
    if (is_match)
        assert_int_equal(identities(question, whole), identities(question, sifted));
    return !is_kept;
}

static void whatever_the_filter_a_sieve_loses_nothing(void **state)
{
    uint32_t n_passed = 0;

    (void)state;
    for (uint32_t s = 0; s < STREAMS; s++) {
        struct stream *stream = make_stream(s + 1);

        for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
            struct question question;
            struct dissection *whole, *sifted;

            ask(&question, filters[f], s % N_OUTPUTS, s % 7 == 0);
            whole = road(&question);
            sifted = road(&question);
            for (uint32_t i = 0; i < stream->n; i++)
                n_passed += assert_same(&question, filters[f], whole, sifted, &stream->packets[i]);
            end_road(whole);
            end_road(sifted);
            forget(&question);
        }
        free_stream(stream);
    }
    assert_true(n_passed > STREAMS * STREAM_PACKETS); /* it does pass over some */
}

/* Handshakes on the same ports, one after the other, in pieces, given up, and told apart by what came before.
 */
static void within_one_conversation_a_sieve_loses_nothing(void **state)
{
    enum { DATAGRAMS = 4000, TYPE_AT = 13 /* of a handshake message, behind its record's header */ };
    static const char *const texts[] = { "dtls.handshake.identity == \"dev-1\"",
                                         "dtls.handshake.identity == \"dev-1\" and ip.src == 10.0.0.1",
                                         "dtls.handshake.identity == \"dev-1\" or dtls.handshake.type == 1",
                                         "dtls.handshake.identity contains \"dev\"",
                                         "not dtls.handshake.identity == \"dev-1\"",
                                         "dtls.handshake.identity_len == 5" };
    const struct wire_end client = { 0x0a000001, 40000 }, server = { 0x0a000002, 5684 };
    uint32_t n_passed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct question question;
        struct dissection *whole, *sifted;
        uint64_t seed = i;

        ask(&question, texts[i], i % 2 ? OUTPUT_IDENTITY : OUTPUT_NOTHING, false);
        whole = road(&question);
        sifted = road(&question);
        for (uint32_t n = 1; n <= DATAGRAMS; n++) {
            struct wire payload = { 0 }, frame;
            struct packet packet;
            bool is_up;

            do {
                payload.len = 0;
                put_payload(&payload, &seed);
            } while (payload.len == 0);
            is_up =
                payload.data[0] != DTLS_HANDSHAKE_RECORD || payload.len < 14 || payload.data[13] % 15 != 2;
            wire_udp(&frame, is_up ? client : server, is_up ? server : client, wire_bytes(&payload));
            packet = wire_packet(&frame, LINKTYPE_ETHERNET, n * 1000000);
            packet.number = n;
            n_passed += assert_same(&question, texts[i], whole, sifted, &packet);
        }
        end_road(whole);
        end_road(sifted);
        forget(&question);
    }
    assert_true(n_passed > DATAGRAMS);
}

static void a_datagram_that_only_its_connection_names_is_kept(void **state)
{
    static const char initial[] = "\xc0\0\0\0\1\4abcd\4efgh\0\x10................";
    static const char later[] = "\x40"
                                "efgh................";
    static const char *const texts[] = { "quic", "quic.dcid == 65:66:67:68 && quic.short",
                                         "quic.spin_bit == 0" };
    const struct wire_end client = { 0x0a000001, 40000 }, server = { 0x0a000002, 9999 };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct packet packets[2];
        struct question question;
        struct wire frames[2];
        struct dissection *d;

        ask(&question, texts[i], OUTPUT_NOTHING, false);
        d = road(&question);
        wire_udp(&frames[0], client, server, bytes_of(initial, sizeof initial - 1));
        wire_udp(&frames[1], server, client, bytes_of(later, sizeof later - 1));
        packets[0] = wire_packet(&frames[0], LINKTYPE_ETHERNET, 1);
        packets[1] = wire_packet(&frames[1], LINKTYPE_ETHERNET, 2);
        look(&question, d, &packets[0]);
        assert_true(look(&question, d, &packets[1]));
        assert_true(question.sieve == NULL || sieve_keeps(question.sieve, &packets[1]));
        end_road(d);
        forget(&question);
    }
}

static void assert_same_flow(const struct dissection *d, const struct shape *shape,
                             const struct packet_glance *glance)
{
    const bool has_udp = shape->innermost_udp != 0;
    struct flow_key flow, at_glance;
    bool is_forward;

    if (has_udp && d->n_layers > shape->n_layers + 1 &&
        d->layers[shape->n_layers + 1].protocol == PROTOCOL_VXLAN)
        return;
    assert_true(dissection_flow(d, shape->n_layers - (has_udp ? 1 : 0), &flow, &is_forward));
    if (!shape_flow(shape, glance, &at_glance)) {
        assert_true(!has_udp && glance->caplen - shape->header_bytes < 4);
        return;
    }
    assert_memory_equal(&at_glance, &flow, sizeof flow);
}

static bool assert_same_tunnel(const struct dissection *d, const struct shape *shape,
                               const struct packet_glance *glance)
{
    enum { VXLAN_LAYER = 4 }; /* behind the frame, Ethernet, IP and UDP */
    const struct layer *layer = &d->layers[VXLAN_LAYER];
    struct bytes vxlan;
    uint32_t wire_len;

    if (!shape_tunnel(shape, glance, &vxlan, &wire_len)) {
        assert_true(shape->n_layers < VXLAN_LAYER);
        return false;
    }
    assert_int_equal(layer->protocol, PROTOCOL_VXLAN);
    assert_ptr_equal(vxlan.data, layer->data);
    assert_int_equal(vxlan.len, layer->header_len + layer->payload_caplen);
    assert_int_equal(wire_len, layer->header_len + layer->payload_len);
    return true;
}

/* Shapes: the layers that dissect() finds begin with the shape's, and go on with what follows. */
static void a_packet_of_a_shape_has_its_layers(void **state)
{
    static struct dissection d;
    struct shape shapes[SHAPES];
    struct demand demand;
    uint32_t n_fits = 0, n_tunnels = 0;

    (void)state;
    shapes_make(shapes);
    demand_init(&demand);
    demand_add_everything(&demand);
    demand_settle(&demand);
    for (uint32_t s = 0; s < STREAMS; s++) {
        struct stream *stream = make_stream(1000 + s);

        for (uint32_t i = 0; i < stream->n; i++) {
            const struct packet *packet = &stream->packets[i];
            struct packet_glance glance = { packet->data, packet->caplen, packet->len };
            const struct shape *shape = shape_of(shapes, &glance);
            struct reader payload;
            uint32_t wire_len;

            if (shape == NULL)
                continue;
            n_fits++;
            dissection_init(&d, &demand, NULL, NULL);
            dissect(&d, packet);
            assert_true(d.n_layers > shape->n_layers); /* the frame is one */
            for (uint32_t l = 0; l < shape->n_layers; l++) {
                assert_int_equal(d.layers[l + 1].protocol, shape->layers[l].protocol);
                assert_ptr_equal(d.layers[l + 1].data, packet->data + shape->layers[l].at);
                assert_int_equal(d.layers[l + 1].header_len, shape->layers[l].header_bytes);
                assert_int_equal(d.layers[l + 1].fragment, FRAGMENT_NO);
            }
            shape_payload(shape, &glance, &payload, &wire_len);
            assert_int_equal(d.layers[shape->n_layers].payload_len, wire_len);
            assert_int_equal(d.layers[shape->n_layers].payload_caplen, reader_left(&payload));
            if (shape->innermost_udp == 0)
                assert_int_equal(d.layers[shape->n_layers + 1].protocol, PROTOCOL_TCP);
            assert_same_flow(&d, shape, &glance);
            n_tunnels += assert_same_tunnel(&d, shape, &glance);
        }
        free_stream(stream);
    }
    assert_true(n_fits > STREAMS * STREAM_PACKETS / 4);
    assert_true(n_tunnels > 0 && n_tunnels < n_fits);
}

static void hold_against_capture(const char *path, const char *text, enum output output)
{
    struct interface_table interfaces = { 0 };
    struct error error;
    struct source *source = pcap_file_open(path, &interfaces, &error);
    struct question question;
    struct dissection *whole, *sifted;
    struct batch batch;

    if (source == NULL)
        return;
    assert_true(batch_init(&batch, BATCH_BYTES));
    ask(&question, text, output, false);
    whole = road(&question);
    sifted = road(&question);
    while (source_next(source, &batch, 0, &error) == SOURCE_PACKETS)
        for (uint32_t i = 0; i < batch.n; i++)
            assert_same(&question, text, whole, sifted, &batch.packets[i]);
    end_road(whole);
    end_road(sifted);
    forget(&question);
    batch_clear(&batch);
    source_close(source);
    interface_table_clear(&interfaces);
}

static void over_real_captures_a_sieve_loses_nothing(void **state)
{
    const char *folder = getenv("TAPDECK_TEST_CAPTURES");
    char path[8192], line[4096];
    FILE *index;

    (void)state;
    if (folder == NULL)
        skip();
    snprintf(path, sizeof path, "%s/index.tsv", folder);
    index = fopen(path, "r");
    assert_non_null(index);
    while (fgets(line, sizeof line, index)) {
        line[strcspn(line, "\t\n")] = '\0';
        snprintf(path, sizeof path, "%s/%s", folder, line);
        for (size_t f = 0; f < sizeof filters / sizeof *filters; f += 3)
            hold_against_capture(path, filters[(f + strlen(line)) % (sizeof filters / sizeof *filters)],
                                 (enum output)(f % N_OUTPUTS));
    }
    fclose(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_that_only_its_connection_names_is_kept),
        cmocka_unit_test(a_packet_of_a_shape_has_its_layers),
        cmocka_unit_test(whatever_the_filter_a_sieve_loses_nothing),
        cmocka_unit_test(within_one_conversation_a_sieve_loses_nothing),
        cmocka_unit_test(over_real_captures_a_sieve_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
