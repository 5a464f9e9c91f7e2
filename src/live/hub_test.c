/* SPDX-License-Identifier: Apache-2.0 */
/* hub_test - a recorder's tap on one side, viewers on the other. Packets are CoAP; what is asked is by port,
 * code and device. */
#include "live/hub.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/archive_fixture.h"
#include "live/row_frame.h"
#include "packet/pcapng_encode.h"
#include "pipeline/tap.h"
#include "pipeline/tap_encode.h"
#include "protocol/wire.h"

enum { WAIT_MS = 20000, VIEWERS = 64 };

struct viewer {
    struct hub_listener listener;
    struct hub_group *group;
    uint64_t next;                /* that joining answered */
    uint64_t n_rows, first, last; /* rows told, by number */
    uint64_t n_doubled, n_early, n_skipped;
    bool takes_all;                   /* every number matches: none may be missing */
    const struct shared_bytes *bytes; /* of the last frame */
    struct hub_count count;
    struct hub_gap gap;
    uint32_t n_gaps, n_states;
    enum hub_state state;
    uint64_t n_in_bars;
    char text[512]; /* of the last row */
    uint8_t marks;
};

struct world {
    char directory[64], where[96];
    struct interface_table interfaces;
    struct tap *tap;
    struct loop *loop;
    struct loop_timer timer;
    struct hub *hub;
    uint64_t n_sent;
    struct viewer viewers[VIEWERS];
};

/* ---- viewers ---- */

static void take_row(void *context, const struct row *row)
{
    struct viewer *viewer = context;

    if (row->number < viewer->next)
        viewer->n_early++;
    if (viewer->n_rows && row->number <= viewer->last)
        viewer->n_doubled++;
    if (viewer->n_rows == 0 && viewer->next == 0) /* who came before the first packet was told no number */
        viewer->next = row->number;
    if (viewer->takes_all && row->number != (viewer->n_rows ? viewer->last + 1 : viewer->next))
        viewer->n_skipped++;
    if (viewer->n_rows++ == 0)
        viewer->first = row->number;
    viewer->last = row->number;
    viewer->marks = row->marks;
    snprintf(viewer->text, sizeof viewer->text, "%llu %.*s %.*s [%.*s] %.*s: %.*s",
             (unsigned long long)row->number, (int)row->source.len, (const char *)row->source.data,
             (int)row->destination.len, (const char *)row->destination.data, (int)row->device.len,
             (const char *)row->device.data, (int)row->protocol.len, (const char *)row->protocol.data,
             (int)row->info.len, (const char *)row->info.data);
}

static void on_frame(void *context, struct shared_bytes *frame, uint32_t n_rows, uint64_t first,
                     uint64_t last)
{
    struct viewer *viewer = context;
    uint32_t view, flags;
    uint64_t n = viewer->n_rows;

    assert_true(first <= last);
    assert_true(row_frame_read(shared_bytes_view(frame), &view, &flags, take_row, viewer));
    assert_int_equal(viewer->n_rows - n, n_rows);
    assert_int_equal(view, 0);
    viewer->bytes = frame;
}

static void on_count(void *context, const struct hub_count *count)
{
    struct viewer *viewer = context;

    viewer->count = *count;
    assert_int_equal(count->n_matched, count->n_framed + count->n_tail);
}

static void on_bars(void *context, const struct hub_bar *bars, uint32_t n)
{
    struct viewer *viewer = context;

    for (uint32_t i = 0; i < n; i++)
        viewer->n_in_bars += bars[i].n;
}

static void on_gap(void *context, const struct hub_gap *gap)
{
    struct viewer *viewer = context;

    viewer->n_gaps++;
    viewer->gap = *gap;
}

static void on_state(void *context, enum hub_state state, const char *words)
{
    struct viewer *viewer = context;

    (void)words;
    viewer->n_states++;
    viewer->state = state;
}

static struct viewer *join(struct world *w, unsigned i, const char *filter, const char *device)
{
    struct viewer *viewer = &w->viewers[i];
    struct question question = { .filter = filter, .device = device, .scope = scope_of_all() };
    struct error error;

    *viewer = (struct viewer) { .takes_all = filter == NULL && device == NULL };
    viewer->listener = (struct hub_listener) { viewer, on_frame, on_count, on_bars, on_gap, on_state };
    viewer->group = hub_join(w->hub, &question, &viewer->listener, &viewer->next, &error);
    if (viewer->group == NULL)
        fail_msg("%s", error.text);
    return viewer;
}

static void leave(struct viewer *viewer)
{
    hub_leave(viewer->group, &viewer->listener);
    viewer->group = NULL;
}

/* ---- the world ---- */

static void on_timer(void *context)
{
    struct world *w = context;

    loop_stop(w->loop);
}

static void run_ms(struct world *w, int ms)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    loop_timer_set(w->loop, &w->timer,
                   (int64_t)time.tv_sec * 1000000000 + time.tv_nsec + ms * INT64_C(1000000));
    assert_true(loop_run(w->loop, &(struct error) { 0 }));
}

#define RUN_UNTIL(w, condition)                               \
    do {                                                      \
        int left_ms = WAIT_MS;                                \
        while (!(condition) && (left_ms -= 5) > 0)            \
            run_ms(w, 5);                                     \
        if (!(condition))                                     \
            fail_msg("line %d: it did not happen", __LINE__); \
    } while (0)

static void open_tap(struct world *w)
{
    struct error error = { 0 };

    w->tap = tap_new(&(struct tap_options) { .node = "node" }, &error);
    if (!w->tap || !tap_listen(w->tap, w->where, false, &error) || !tap_start(w->tap, &error))
        fail_msg("%s", error.text);
}

/* The tap knows of its reader: what is sent before, nobody is told. */
static bool is_read(const struct world *w)
{
    struct tap_status status;

    tap_glance(w->tap, &status);
    return status.n_readers > 0;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct interface interface = { .linktype = LINKTYPE_ETHERNET, .tsresol = 9, .name = "eth0" };
    struct hub_options options = { .node = "node", .tap = w->where, .hash_seed = 7 };
    struct error error;

    strcpy(w->directory, "/tmp/hub-test-XXXXXX");
    assert_non_null(mkdtemp(w->directory));
    snprintf(w->where, sizeof w->where, "unix:%s/tap", w->directory);
    interface_table_add(&w->interfaces, &interface, &error);
    open_tap(w);
    w->loop = loop_new(&error);
    assert_non_null(w->loop);
    w->timer.fire = on_timer;
    w->timer.context = w;
    assert_true(loop_timer_add(w->loop, &w->timer, &error));
    w->hub = hub_new(w->loop, &options, &error);
    if (w->hub == NULL)
        fail_msg("%s", error.text);
    RUN_UNTIL(w, hub_state(w->hub) == HUB_LIVE && is_read(w));
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < VIEWERS; i++)
        if (w->viewers[i].group)
            leave(&w->viewers[i]);
    hub_free(w->hub);
    loop_timer_remove(w->loop, &w->timer);
    loop_free(w->loop);
    if (w->tap)
        tap_close(w->tap);
    interface_table_clear(&w->interfaces);
    assert_int_equal(rmdir(w->directory), 0);
    free(w);
    return 0;
}

static struct packet datagram(struct wire *wire, bool is_back, uint16_t client, struct bytes payload,
                              uint64_t number)
{
    struct wire_end ends[2] = { { 0x0a000001, client }, { 0x0a000002, 5683 } };
    struct packet packet;

    wire_udp(wire, ends[is_back], ends[!is_back], payload);
    packet = wire_packet(wire, LINKTYPE_ETHERNET, INT64_C(1700000000000000000) + (int64_t)number * 1000000);
    packet.packet_id = number;
    return packet;
}

static void send_datagram(struct world *w, bool is_back, uint16_t client, const void *payload, size_t len,
                          uint64_t number)
{
    struct wire wire;
    struct packet packet = datagram(&wire, is_back, client, bytes_of(payload, len), number);

    tap_packet(w->tap, &packet, &w->interfaces);
}

/* CoAP CON GET, as many as said, each of port 40000 + number % 50. */
static void send_many(struct world *w, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t number = ++w->n_sent;
        uint8_t get[] = { 0x40, 0x01, (uint8_t)(number >> 8), (uint8_t)number };

        send_datagram(w, false, (uint16_t)(40000 + number % 50), get, sizeof get, number);
    }
    tap_flush(w->tap, &w->interfaces);
}

/* ---- */

static void a_packet_is_told_as_a_row(void **state)
{
    struct world *w = *state;
    struct viewer *viewer = join(w, 0, NULL, NULL);

    send_many(w, 3);
    RUN_UNTIL(w, viewer->n_rows == 3 && viewer->count.n_matched == 3);
    assert_string_equal(viewer->text, "3 10.0.0.1:40003 10.0.0.2:5683 [] CoAP: CON, MID:3, GET");
    assert_int_equal(viewer->count.n_framed, 3);
    assert_int_equal(viewer->count.through, 3);
    RUN_UNTIL(w, viewer->n_in_bars == 3);
    assert_int_equal(hub_end(w->hub), 4);
}

static void fifty_questions_each_get_what_they_asked_for(void **state)
{
    struct world *w = *state;
    struct hub_statistics statistics;

    for (unsigned i = 0; i < 50; i++) {
        char filter[64];

        snprintf(filter, sizeof filter, "udp.port == %u", 40000 + i);
        join(w, i, filter, NULL);
    }
    join(w, 50, NULL, NULL);
    send_many(w, 1000);
    for (unsigned i = 0; i < 50; i++) {
        RUN_UNTIL(w, w->viewers[i].n_rows == 20);
        RUN_UNTIL(w, w->viewers[i].count.n_seen == 1000);
        assert_int_equal(w->viewers[i].last % 50, i);
    }
    RUN_UNTIL(w, w->viewers[50].n_rows == 1000);
    assert_int_equal(w->viewers[50].n_skipped + w->viewers[50].n_doubled, 0);
    hub_statistics(w->hub, &statistics);
    assert_int_equal(statistics.n_groups, 51);
    assert_int_equal(statistics.n_packets, 1000);
    assert_int_equal(statistics.n_evaluations, 51000);
    assert_int_equal(statistics.n_rows, 2000);
}

static void who_asks_the_same_shares_its_frames(void **state)
{
    struct world *w = *state;
    struct viewer *a = join(w, 0, "coap", NULL), *b = join(w, 1, "coap", NULL);
    struct hub_statistics statistics;

    assert_ptr_equal(a->group, b->group);
    send_many(w, 1);
    RUN_UNTIL(w, a->n_rows == 1 && b->n_rows == 1);
    assert_ptr_equal(a->bytes, b->bytes);
    leave(a);
    send_many(w, 1);
    RUN_UNTIL(w, b->n_rows == 2);
    assert_int_equal(a->n_rows, 1);
    hub_statistics(w->hub, &statistics);
    assert_int_equal(statistics.n_frames, 2);
    assert_int_equal(statistics.n_listeners, 1);
}

/* Whoever comes whenever: the numbers from the one he was told on, each once. */
static void rows_begin_at_the_number_that_joining_answers(void **state)
{
    struct world *w = *state;
    unsigned n = 0;

    for (unsigned turn = 0; turn < 100; turn++) {
        if (turn % 2 == 0 && n < VIEWERS)
            join(w, n++, turn % 8 == 2 ? "udp" : NULL, NULL)->takes_all = true; /* some in other groups */
        send_many(w, 10);
        if (turn % 3 == 0)
            run_ms(w, 2);
        if (turn == 50) { /* nobody of that group is left, and it is asked anew */
            leave(&w->viewers[1]);
            join(w, 1, "udp", NULL)->takes_all = true;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        struct viewer *viewer = &w->viewers[i];

        RUN_UNTIL(w, viewer->last == w->n_sent);
        assert_int_equal(viewer->n_early, 0);
        assert_int_equal(viewer->n_doubled, 0);
        assert_int_equal(viewer->n_skipped, 0);
    }
}

static void who_stands_still_is_told_counts_and_goes_on_at_the_number_answered(void **state)
{
    struct world *w = *state;
    struct viewer *viewer = join(w, 0, NULL, NULL);
    struct viewer *other = join(w, 1, NULL, NULL);

    send_many(w, 10);
    RUN_UNTIL(w, viewer->n_rows == 10);
    hub_want_rows(viewer->group, &viewer->listener, false);
    send_many(w, 10);
    RUN_UNTIL(w, viewer->count.n_matched == 20 && other->n_rows == 20);
    assert_int_equal(viewer->n_rows, 10);
    hub_want_rows(other->group, &other->listener, false);
    send_many(w, 10);
    RUN_UNTIL(w, viewer->count.n_matched == 30);
    assert_int_equal(viewer->count.n_tail, 10);
    viewer->next = hub_want_rows(viewer->group, &viewer->listener, true);
    viewer->n_rows = 0;
    assert_int_equal(viewer->next, 31);
    send_many(w, 5);
    RUN_UNTIL(w, viewer->n_rows == 5);
    assert_int_equal(viewer->n_skipped + viewer->n_early, 0);
}

static void a_device_is_known_from_its_registration_on_and_asked_for_by_name(void **state)
{
    /* CON POST /rd?ep=sensor-7, and its 2.01 with a location */
    static const uint8_t request[] = "\x41\x02\x5d\x6d\x01\xb2rd\x4b"
                                     "ep=sensor-7";
    static const uint8_t answer[] = "\x61\x41\x5d\x6d\x01\x82rd\x02"
                                    "5a";
    static const uint8_t get[] = { 0x41, 0x01, 0x77, 0x78, 0x02 };
    struct world *w = *state;
    struct viewer *of_device = join(w, 0, NULL, "sensor-7"), *other = join(w, 1, NULL, "sensor-8");

    send_datagram(w, false, 40020, request, sizeof request - 1, 1);
    send_datagram(w, true, 40020, answer, sizeof answer - 1, 2);
    send_datagram(w, true, 40020, get, sizeof get, 3);
    send_datagram(w, true, 40021, get, sizeof get, 4);
    tap_flush(w->tap, &w->interfaces);
    RUN_UNTIL(w, of_device->count.n_seen == 4 && of_device->n_rows == 3);
    assert_string_equal(of_device->text,
                        "3 10.0.0.2:5683 10.0.0.1:40020 [sensor-7] CoAP: CON, MID:30584, GET, TKN:02");
    assert_int_equal(of_device->marks, ROW_TO_DEVICE);
    assert_int_equal(other->n_rows, 0);
}

static void numbers_that_are_missing_and_packets_without_one_are_gaps(void **state)
{
    static const uint8_t get[] = { 0x40, 0x01, 0x77, 0x78 };
    struct world *w = *state;
    struct viewer *viewer = join(w, 0, "coap", NULL);

    send_many(w, 2);
    RUN_UNTIL(w, viewer->n_rows == 2);
    w->n_sent += 5;
    send_many(w, 1);
    RUN_UNTIL(w, viewer->n_rows == 3);
    assert_int_equal(viewer->n_gaps, 1);
    assert_int_equal(viewer->gap.cause, HUB_GAP_VIEWER);
    assert_int_equal(viewer->gap.first, 3);
    assert_int_equal(viewer->gap.last, 7);
    assert_int_equal(viewer->gap.n, 5);
    send_datagram(w, false, 40000, get, sizeof get, 0);
    tap_flush(w->tap, &w->interfaces);
    RUN_UNTIL(w, viewer->n_gaps == 2);
    assert_int_equal(viewer->gap.cause, HUB_GAP_DISK);
    assert_int_equal(viewer->gap.n, 1);
    assert_int_equal(viewer->n_rows, 3);
}

static void a_recorder_that_comes_back_is_joined_again_and_the_pause_is_a_gap(void **state)
{
    struct world *w = *state;
    struct viewer *viewer = join(w, 0, NULL, NULL);

    send_many(w, 3);
    RUN_UNTIL(w, viewer->n_rows == 3);
    tap_close(w->tap);
    RUN_UNTIL(w, viewer->state == HUB_LOST);
    run_ms(w, 300);
    open_tap(w);
    RUN_UNTIL(w, viewer->state == HUB_LIVE && is_read(w));
    send_many(w, 3);
    RUN_UNTIL(w, viewer->n_rows == 6);
    assert_int_equal(viewer->n_skipped, 0);
    assert_int_equal(viewer->n_gaps, 1);
    assert_int_equal(viewer->gap.cause, HUB_GAP_STOPPED);
}

static void a_wrong_filter_or_one_beyond_the_link_is_refused(void **state)
{
    struct world *w = *state;
    struct hub_listener listener = { .context = w };
    struct question question = { .filter = "coap.codd == 1", .scope = scope_of_all() };
    uint64_t next;
    struct error error;

    assert_null(hub_join(w->hub, &question, &listener, &next, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.text, "coap.code"));
    question.filter = "coap.code == 1";
    question.scope.bytes = BYTES_NONE;
    assert_null(hub_join(w->hub, &question, &listener, &next, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
}

static void of_what_is_outside_of_the_scope_nothing_is_told_whatever_is_asked(void **state)
{
    struct world *w = *state;
    struct viewer *viewer = &w->viewers[0];
    struct question question = { .scope = scope_of_all() };
    struct error error;

    question.filter = "coap.mid == 51";
    question.scope.filter = "udp.port == 40001";
    question.scope.range.to_ns = INT64_C(1700000000000000000) + 60 * INT64_C(1000000);
    viewer->listener = (struct hub_listener) { viewer, on_frame, on_count, on_bars, on_gap, on_state };
    viewer->group = hub_join(w->hub, &question, &viewer->listener, &viewer->next, &error);
    assert_non_null(viewer->group);
    send_many(w, 200);
    RUN_UNTIL(w, viewer->count.n_seen == 2); /* 1 and 51; 101 and 151 are too late */
    run_ms(w, 600);
    assert_int_equal(viewer->count.n_seen, 2);
    assert_int_equal(viewer->count.through, 51);
    assert_int_equal(viewer->n_rows, 1);
    assert_int_equal(viewer->count.n_matched, 1);
    assert_int_equal(viewer->n_in_bars, 1);
}

/* ---- a tap that says what we like ---- */

static void put_get(struct world *w, struct buffer *out, uint64_t number)
{
    static const uint8_t get[] = { 0x40, 0x01, 0x77, 0x78 };
    struct wire wire;
    struct packet packet = datagram(&wire, false, 40000, bytes_of(get, sizeof get), number);

    tap_put_packet(out, &packet);
    w->n_sent++;
}

static void put_drops(struct buffer *out, uint64_t n_dropped, uint64_t n_lost)
{
    struct tap_statistics row = { .interface = 0, .n_received = 1000, .n_dropped = n_dropped };

    tap_put_statistics(out, &row, 1, 1, n_lost, 0, 1);
}

static void send_out(int fd, struct buffer *out)
{
    assert_int_equal(write(fd, out->data, out->len), (ssize_t)out->len);
    buffer_empty(out);
}

/* 5 were lost before anybody looked; 3 of the next ones lie between numbers, and 4 nobody has. */
static void what_statistics_tell_beyond_missing_numbers_the_capture_lost(void **state)
{
    struct world *w = *state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
    struct hub_options options = { .node = "node", .tap = w->where, .hash_seed = 7 };
    struct viewer *viewer;
    struct buffer out;
    struct error error;

    tap_close(w->tap);
    w->tap = NULL;
    hub_free(w->hub);
    strcpy(address.sun_path, w->where + strlen("unix:"));
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listening, 1), 0);
    w->hub = hub_new(w->loop, &options, &error);
    assert_non_null(w->hub);
    viewer = join(w, 0, "coap", NULL);
    fd = accept(listening, NULL, NULL);
    buffer_init(&out, 1 << 20);
    pcapng_put_section(&out, "test", "");
    pcapng_put_interface(&out, &w->interfaces.items[0]);
    put_get(w, &out, 1);
    put_drops(&out, 5, 0);
    put_get(w, &out, 2);
    send_out(fd, &out);
    RUN_UNTIL(w, viewer->n_rows == 2);
    run_ms(w, 50);
    assert_int_equal(viewer->n_gaps, 0);
    put_get(w, &out, 6);
    put_drops(&out, 9, 3);
    put_get(w, &out, 7);
    send_out(fd, &out);
    RUN_UNTIL(w, viewer->n_rows == 4 && viewer->n_gaps == 2);
    assert_int_equal(viewer->gap.cause, HUB_GAP_KERNEL);
    assert_int_equal(viewer->gap.n, 4);
    close(fd);
    close(listening);
    unlink(address.sun_path);
    buffer_clear(&out);
}

/* ---- without a tap ---- */

static void write_packets(struct segment_writer *writer, uint64_t first, uint64_t n)
{
    struct error error = { 0 };

    for (uint64_t number = first; number < first + n; number++) {
        static const uint8_t get[] = { 0x40, 0x01, 0x77, 0x78 };
        struct wire wire;
        struct packet packet = datagram(&wire, false, 40000, bytes_of(get, sizeof get), number);

        assert_true(segment_writer_add(writer, &packet, &error));
    }
    assert_true(segment_writer_flush(writer, &error));
}

static void without_a_tap_the_archive_is_told_as_it_grows(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct interface interface = { .linktype = LINKTYPE_ETHERNET, .tsresol = 9, .name = "eth0" };
    struct segment_options segment = { .directory = w->directory, .node = "node", .first_number = 100 };
    struct hub_options options = { .archive = w->directory, .node = "node", .hash_seed = 7 };
    struct segment_writer *writer;
    struct viewer *viewer;
    struct error error = { 0 };

    (void)state;
    fixture_directory(w->directory);
    interface_table_add(&w->interfaces, &interface, &error);
    writer = segment_writer_open(&segment, INT64_C(1700000000000000000), &w->interfaces, &error);
    assert_non_null(writer);
    write_packets(writer, 100, 5);
    w->loop = loop_new(&error);
    w->timer.fire = on_timer;
    w->timer.context = w;
    assert_true(loop_timer_add(w->loop, &w->timer, &error));
    w->hub = hub_new(w->loop, &options, &error);
    assert_non_null(w->hub);
    viewer = join(w, 0, NULL, NULL);
    assert_int_equal(viewer->next, 105);
    write_packets(writer, 105, 40);
    RUN_UNTIL(w, viewer->n_rows == 40 && hub_state(w->hub) == HUB_LIVE);
    write_packets(writer, 145, 1000);
    RUN_UNTIL(w, viewer->n_rows == 1040);
    assert_int_equal(viewer->n_skipped + viewer->n_early + viewer->n_doubled + viewer->n_gaps, 0);
    leave(viewer);
    hub_free(w->hub);
    loop_timer_remove(w->loop, &w->timer);
    loop_free(w->loop);
    assert_true(segment_writer_seal(writer, NULL, NULL, 0, NULL, &error));
    interface_table_clear(&w->interfaces);
    fixture_remove(w->directory);
    free(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_packet_is_told_as_a_row),
        TEST(fifty_questions_each_get_what_they_asked_for),
        TEST(who_asks_the_same_shares_its_frames),
        TEST(rows_begin_at_the_number_that_joining_answers),
        TEST(who_stands_still_is_told_counts_and_goes_on_at_the_number_answered),
        TEST(a_device_is_known_from_its_registration_on_and_asked_for_by_name),
        TEST(numbers_that_are_missing_and_packets_without_one_are_gaps),
        TEST(a_recorder_that_comes_back_is_joined_again_and_the_pause_is_a_gap),
        TEST(a_wrong_filter_or_one_beyond_the_link_is_refused),
        TEST(of_what_is_outside_of_the_scope_nothing_is_told_whatever_is_asked),
        TEST(what_statistics_tell_beyond_missing_numbers_the_capture_lost),
        cmocka_unit_test(without_a_tap_the_archive_is_told_as_it_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
