/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/recorder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/catalog.h"
#include "archive/segment_index.h"
#include "base/timestamp.h"
#include "pipeline/indexer.h"
#include "protocol/wire.h"

#define HOUR_NS (3600 * NS_PER_SECOND)
#define DAY_NS (INT64_C(1724889600) * NS_PER_SECOND) /* 2024-08-29T00:00:00Z */

static const struct wire_end device = { 0x0a000001, 1000 }, server = { 0xc0000201, 5684 };

struct world {
    char directory[64];
    struct interface_table interfaces;
    struct recorder_options options;
    struct recorder *recorder;
};

static void world_open(struct world *w)
{
    struct error error = { 0 };

    w->recorder = recorder_open(&w->options, &w->interfaces, &error);
    if (w->recorder == NULL)
        fail_msg("%s", error.text);
}

static void world_init(struct world *w)
{
    static const struct interface first = { .linktype = LINKTYPE_ETHERNET, .name = "eth0", .tsresol = 9 };
    struct error error;

    memset(w, 0, sizeof *w);
    strcpy(w->directory, "/tmp/recorder-test-XXXXXX");
    assert_non_null(mkdtemp(w->directory));
    interface_table_add(&w->interfaces, &first, &error);
    w->options.segment.directory = w->directory;
    w->options.segment.node = "n";
}

static void world_close(struct world *w)
{
    struct error error = { 0 };

    if (!recorder_finish(w->recorder, &error))
        fail_msg("%s", error.text);
    recorder_close(w->recorder);
    w->recorder = NULL;
}

static void world_clear(struct world *w)
{
    DIR *dir = opendir(w->directory);
    struct dirent *entry;
    char path[512];

    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s", w->directory, entry->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(w->directory);
    interface_table_clear(&w->interfaces);
}

static void record(struct world *w, int64_t ts_ns, struct wire_end from, struct wire_end to,
                   const struct wire *payload)
{
    static struct wire frame;
    struct packet packet;

    wire_udp(&frame, from, to, wire_bytes(payload));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, ts_ns);
    recorder_packet(w->recorder, &packet);
}

static void record_noise(struct world *w, int64_t ts_ns)
{
    static uint32_t seed = 1;
    struct wire payload = { 0 };

    for (unsigned i = 0; i < 250; i++) { /* so that it stays its size when packed */
        seed = seed * 1103515245 + 12345;
        wire_number(&payload, seed >> 4, 4);
    }
    record(w, ts_ns, device, (struct wire_end) { 0xc0000202, 9 }, &payload);
}

static uint32_t n_segments(const struct world *w)
{
    struct catalog catalog = { 0 };
    struct error error;
    uint32_t n;

    assert_true(catalog_load(&catalog, w->directory, &error));
    n = catalog.n;
    catalog_clear(&catalog);
    return n;
}

static void the_clock_begins_a_new_segment_at_whole_multiples(void **state)
{
    static const int64_t minutes[] = { 50, 59, 60, 61, 119, 240 };
    struct world w;

    (void)state;
    world_init(&w);
    w.options.rotate_ns = HOUR_NS;
    world_open(&w);
    for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++)
        record_noise(&w, DAY_NS + minutes[i] * 60 * NS_PER_SECOND);
    assert_int_equal(recorder_counters(w.recorder)->n_segments, 2);
    assert_int_equal(recorder_counters(w.recorder)->n_packets, 6);
    world_close(&w);
    assert_int_equal(n_segments(&w), 3); /* 0:50-0:59, 1:00-1:59, 4:00 */
    world_clear(&w);
}

static void what_is_stored_is_what_lies_on_the_disk(void **state)
{
    struct recorder_counters counters;
    struct catalog catalog;
    struct error error;
    uint64_t bytes = 0;
    struct world w;

    (void)state;
    world_init(&w);
    world_open(&w);
    for (int i = 0; i < 3; i++) { /* fewer than a block: written by the seal */
        record_noise(&w, DAY_NS + i);
        assert_true(recorder_seal(w.recorder, &error));
    }
    counters = *recorder_counters(w.recorder);
    assert_true(catalog_load(&catalog, w.directory, &error));
    for (uint32_t i = 0; i < catalog.n; i++)
        bytes += catalog.entries[i].stored_bytes + catalog.entries[i].index_bytes;
    catalog_clear(&catalog);
    assert_int_equal(counters.n_stored_bytes, bytes);
    world_close(&w);
    world_clear(&w);
}

static void time_that_passes_without_packets_seals_a_segment_too(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.options.rotate_ns = HOUR_NS;
    world_open(&w);
    record_noise(&w, DAY_NS);
    recorder_tick(w.recorder, DAY_NS + HOUR_NS - 1);
    assert_string_not_equal(recorder_counters(w.recorder)->segment, "");
    recorder_tick(w.recorder, DAY_NS + HOUR_NS);
    assert_string_equal(recorder_counters(w.recorder)->segment, "");
    assert_int_equal(recorder_counters(w.recorder)->n_segments, 1);
    world_close(&w);
    assert_int_equal(n_segments(&w), 1); /* an empty one is not written */
    world_clear(&w);
}

static void a_segment_that_is_large_enough_is_sealed(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.options.rotate_bytes = 20000;
    w.options.segment.block_bytes = 4096;
    world_open(&w);
    for (int i = 0; i < 100; i++)
        record_noise(&w, DAY_NS + i);
    assert_in_range(recorder_counters(w.recorder)->n_segments, 3, 6); /* of about 100 kB */
    world_close(&w);
    world_clear(&w);
}

static void the_oldest_segments_make_room_for_the_budget(void **state)
{
    const struct recorder_counters *counters;
    struct world w;

    (void)state;
    world_init(&w);
    w.options.rotate_bytes = 20000;
    w.options.segment.block_bytes = 4096;
    w.options.retention.keep_bytes = 60000;
    world_open(&w);
    for (int i = 0; i < 300; i++)
        record_noise(&w, DAY_NS + i);
    counters = recorder_counters(w.recorder);
    assert_true(counters->n_deleted > 5);
    assert_true(counters->n_deleted_bytes > 100000);
    world_close(&w);
    assert_in_range(n_segments(&w), 1, 4);
    world_clear(&w);
}

struct listing {
    char text[1024];
    uint64_t last_session;
};

static bool list_binding(void *context, const struct binding *binding)
{
    struct listing *listing = context;
    size_t len = strlen(listing->text);

    snprintf(listing->text + len, sizeof listing->text - len, "%s %.*s %llu;",
             binding_reason_name(binding->reason), (int)binding->identity.len, binding->identity.data,
             (unsigned long long)binding->n_packets);
    return true;
}

/* The bindings of all segments. */
static const char *bindings_of(const struct world *w)
{
    static struct listing listing;
    struct catalog catalog = { 0 };
    struct error error;

    memset(&listing, 0, sizeof listing);
    assert_true(catalog_load(&catalog, w->directory, &error));
    for (uint32_t i = 0; i < catalog.n; i++) {
        struct segment_index *index = segment_index_open(catalog.entries[i].index_path, &error);

        assert_non_null(index);
        segment_index_bindings(index, list_binding, &listing);
        segment_index_close(index);
    }
    catalog_clear(&catalog);
    return listing.text;
}

/* The first half of a handshake with a connection id, three packets, or all of its four. */
static void record_handshake(struct world *w, int64_t ts_ns, bool is_whole)
{
    const struct wire_hello hello = { .random = 1, .has_cid = true },
                            answer = { .random = 2, .has_cid = true, .cid = bytes_text("12345678") };
    struct wire payload = { 0 };

    wire_client_hello(&payload, 0, hello);
    record(w, ts_ns, device, server, &payload);
    payload.len = 0;
    wire_server_hello(&payload, 1, 0xc0a8, answer);
    record(w, ts_ns + 1, server, device, &payload);
    payload.len = 0;
    wire_client_key_exchange(&payload, 2, "dev-1");
    wire_cipher_change(&payload);
    record(w, ts_ns + 2, device, server, &payload);
    payload.len = 0;
    wire_cipher_change(&payload);
    if (is_whole)
        record(w, ts_ns + 3, server, device, &payload);
}

static void what_is_under_way_at_the_end_is_an_attempt(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_open(&w);
    record_handshake(&w, DAY_NS, false);
    world_close(&w);
    assert_string_equal(bindings_of(&w), "attempt dev-1 3;");
    world_clear(&w);
}

static void a_rotation_does_not_end_what_is_under_way(void **state)
{
    struct wire payload = { 0 };
    struct world w;

    (void)state;
    world_init(&w);
    world_open(&w);
    record_handshake(&w, DAY_NS, false);
    recorder_rotate(w.recorder);
    wire_cipher_change(&payload);
    record(&w, DAY_NS + NS_PER_SECOND, server, device, &payload);
    world_close(&w);
    assert_string_equal(bindings_of(&w), "handshake dev-1 4;");
    world_clear(&w);
}

static void a_session_is_known_to_the_next_run(void **state)
{
    struct wire payload = { 0 };
    struct world w;

    (void)state;
    world_init(&w);
    world_open(&w);
    record_handshake(&w, DAY_NS, true);
    world_close(&w);
    world_open(&w);
    wire_secret(&payload, DTLS_APPLICATION_RECORD, 7, bytes_text("12345678"));
    record(&w, DAY_NS + HOUR_NS, (struct wire_end) { 0x0a000009, 4000 }, server, &payload);
    world_close(&w);
    assert_string_equal(bindings_of(&w), "handshake dev-1 4;connection id dev-1 1;");
    world_clear(&w);
}

static void a_mirrored_frame_is_recorded_as_it_was(void **state)
{
    struct wire inner, payload = { 0 };
    struct world w;

    (void)state;
    world_init(&w);
    w.options.wants_decap = true;
    world_open(&w);
    wire_udp(&inner, device, server, bytes_text("hello"));
    wire_number(&payload, UINT64_C(0x0800000000002a00), 8);
    wire_put(&payload, bytes_of(inner.data, inner.len - 3)); /* the mirror cut it */
    record(&w, DAY_NS, (struct wire_end) { 0x0a140110, 5000 }, (struct wire_end) { 0x0a140101, 4789 },
           &payload);
    assert_int_equal(recorder_counters(w.recorder)->n_bytes, inner.len - 3);
    assert_int_equal(recorder_counters(w.recorder)->n_truncated_mirror, 1);
    assert_int_equal(w.interfaces.n, 2);
    world_close(&w);
    world_clear(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_begins_a_new_segment_at_whole_multiples),
        cmocka_unit_test(what_is_stored_is_what_lies_on_the_disk),
        cmocka_unit_test(time_that_passes_without_packets_seals_a_segment_too),
        cmocka_unit_test(a_segment_that_is_large_enough_is_sealed),
        cmocka_unit_test(the_oldest_segments_make_room_for_the_budget),
        cmocka_unit_test(what_is_under_way_at_the_end_is_an_attempt),
        cmocka_unit_test(a_rotation_does_not_end_what_is_under_way),
        cmocka_unit_test(a_session_is_known_to_the_next_run),
        cmocka_unit_test(a_mirrored_frame_is_recorded_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
