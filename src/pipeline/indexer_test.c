/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/indexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#include "archive/catalog.h"
#include "protocol/wire.h"

static const struct wire_end device = { 0x0a000001, 1000 }, server = { 0xc0000201, 5684 };

static const struct interface_table no_interfaces;

struct heard {
    char text[512];
};

static void on_binding(void *context, const struct binding *binding)
{
    struct heard *heard = context;
    size_t len = strlen(heard->text);

    snprintf(heard->text + len, sizeof heard->text - len, "%s %.*s %llu;",
             binding_reason_name(binding->reason), (int)binding->identity.len, binding->identity.data,
             (unsigned long long)binding->n_packets);
}

static struct indexer *indexer_heard_by(struct heard *heard)
{
    struct indexer *indexer = indexer_new(&no_interfaces, 1);

    heard->text[0] = '\0';
    indexer_listen(indexer, on_binding, heard);
    return indexer;
}

static void show(struct indexer *indexer, int64_t ts_ns, struct wire_end from, struct wire_end to,
                 const struct wire *payload)
{
    static struct wire frame;
    struct packet packet;

    wire_udp(&frame, from, to, wire_bytes(payload));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, ts_ns);
    indexer_packet(indexer, &packet, 0);
}

/* Four packets. */
static void show_handshake(struct indexer *indexer)
{
    struct wire payload = { 0 };

    wire_client_hello(&payload, 0, (struct wire_hello) { .random = 1 });
    show(indexer, 0, device, server, &payload);
    payload.len = 0;
    wire_server_hello(&payload, 1, 0xc0a8, (struct wire_hello) { .random = 2 });
    show(indexer, 1, server, device, &payload);
    payload.len = 0;
    wire_client_key_exchange(&payload, 2, "dev-1");
    wire_cipher_change(&payload);
    show(indexer, 2, device, server, &payload);
    payload.len = 0;
    wire_cipher_change(&payload);
    show(indexer, 3, server, device, &payload);
}

/* An ICMP error about what the server sent to the device, quoting all of it. */
static void show_error_about(struct indexer *indexer, const struct wire *payload)
{
    struct wire quoted, icmp = { 0 }, frame;
    struct packet packet;

    wire_udp(&quoted, server, device, wire_bytes(payload));
    wire_number(&icmp, UINT64_C(0x0303000000000000), 8);
    wire_put(&icmp, bytes_of(quoted.data + 14, quoted.len - 14));
    wire_ethernet(&frame, 0x0800);
    wire_ipv4(&frame, IP_PROTOCOL_ICMP, 0x0a0000fe, server.address, 2, 0, wire_bytes(&icmp));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 9);
    indexer_packet(indexer, &packet, 0);
}

static void packets_in_a_mirrors_wrapping_are_tracked_too(void **state)
{
    struct heard heard;
    struct indexer *indexer = indexer_heard_by(&heard);
    struct wire inner, payload = { 0 }, hello = { 0 };

    (void)state;
    wire_client_hello(&hello, 0, (struct wire_hello) { .random = 1 });
    wire_message(&hello, DTLS_CLIENT_KEY_EXCHANGE, 2,
                 &(struct wire) { .len = 7, .data = { 0, 5, 'd', 'e', 'v', '-', '1' } });
    wire_udp(&inner, device, server, wire_bytes(&hello));
    wire_number(&payload, UINT64_C(0x0800000000002a00), 8);
    wire_put(&payload, wire_bytes(&inner));
    show(indexer, 0, (struct wire_end) { 0x0a140110, 5000 }, (struct wire_end) { 0x0a140101, 4789 },
         &payload);
    indexer_end(indexer, true);
    assert_string_equal(heard.text, "attempt dev-1 1;");
    indexer_free(indexer);
}

static void what_an_icmp_error_quotes_nobody_says_now(void **state)
{
    struct heard heard;
    struct indexer *indexer = indexer_heard_by(&heard);
    struct wire payload = { 0 };

    (void)state;
    show_handshake(indexer);
    wire_client_hello(&payload, 0, (struct wire_hello) { .random = 9 });
    show_error_about(indexer, &payload);
    indexer_end(indexer, true);
    /* The error is about the device's packet and counts as one; the hello in it began nothing. */
    assert_string_equal(heard.text, "handshake dev-1 5;");
    assert_int_equal(indexer_tracker_counters(indexer)->n_handshakes, 1);
    indexer_free(indexer);
}

static void a_span_falls_into_the_segment_of_its_packets(void **state)
{
    struct heard heard;
    struct indexer *indexer = indexer_heard_by(&heard);
    struct wire payload = { 0 };

    (void)state;
    show_handshake(indexer);
    indexer_end(indexer, false);
    assert_string_equal(heard.text, "handshake dev-1 4;");
    indexer_begin(indexer, NULL);
    indexer_end(indexer, false); /* a segment without packets of the device */
    assert_string_equal(heard.text, "handshake dev-1 4;");
    wire_secret(&payload, DTLS_APPLICATION_RECORD, 1, (struct bytes) { 0 });
    show(indexer, 10, device, server, &payload);
    indexer_end(indexer, true);
    assert_string_equal(heard.text, "handshake dev-1 4;handshake dev-1 1;");
    indexer_free(indexer);
}

static void an_index_made_anew_knows_the_devices_of_the_segment_before(void **state)
{
    struct catalog_entry entries[2] = { 0 };
    struct catalog catalog = { entries, 2 };
    struct reindexer_holder holder = { .hash_seed = 1 };
    struct reindexer reindexer = reindexer_make(&holder);
    struct heard heard = { "" };
    struct wire payload = { 0 };

    (void)state;
    reindexer.follow(&holder, &catalog, 0);
    reindexer.begin(&holder, NULL, &no_interfaces);
    indexer_listen(holder.indexer, on_binding, &heard);
    show_handshake(holder.indexer);
    reindexer.finish(&holder);
    reindexer.follow(&holder, &catalog, 1);
    reindexer.begin(&holder, NULL, &no_interfaces);
    wire_secret(&payload, DTLS_APPLICATION_RECORD, 1, (struct bytes) { 0 });
    show(holder.indexer, 10, device, server, &payload);
    reindexer.finish(&holder);
    assert_string_equal(heard.text, "handshake dev-1 4;handshake dev-1 1;");
    reindexer_clear(&holder);
}

static void malformed_packets_and_lost_pieces_are_counted(void **state)
{
    struct heard heard;
    struct indexer *indexer = indexer_heard_by(&heard);
    struct wire frame;
    struct packet packet;

    (void)state;
    wire_ethernet(&frame, 0x0800);
    wire_ipv4(&frame, IP_PROTOCOL_UDP, 1, 2, 0, 0, bytes_text("short"));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 0);
    indexer_packet(indexer, &packet, 0);
    assert_int_equal(indexer_dissect_counters(indexer).n_malformed, 1);
    for (uint16_t id = 0; id < 1025; id++) { /* one more than are kept at once */
        wire_ethernet(&frame, 0x0800);
        wire_ipv4(&frame, IP_PROTOCOL_UDP, 1, 2, id, 0x2000, bytes_text("12345678"));
        packet = wire_packet(&frame, LINKTYPE_ETHERNET, 0);
        indexer_packet(indexer, &packet, 0);
    }
    assert_int_equal(indexer_dissect_counters(indexer).n_reassembly_evicted, 1);
    indexer_free(indexer);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_in_a_mirrors_wrapping_are_tracked_too),
        cmocka_unit_test(what_an_icmp_error_quotes_nobody_says_now),
        cmocka_unit_test(a_span_falls_into_the_segment_of_its_packets),
        cmocka_unit_test(an_index_made_anew_knows_the_devices_of_the_segment_before),
        cmocka_unit_test(malformed_packets_and_lost_pieces_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
