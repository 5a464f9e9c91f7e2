/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/reader.h"
#include "packet/pcapng_option.h"
#include "pipeline/tap_encode.h"
#include "source/openers.h"
#include "source/tap_address.h"

enum { WAIT_MS = 20000, PACKET_BYTES = 1000 };

struct world {
    char directory[64], where[96], named[112];
    struct interface_table interfaces;
    struct tap *tap;
    uint64_t n_sent;
};

static void add_interface(struct world *w, const char *name)
{
    struct interface interface = { .linktype = LINKTYPE_ETHERNET, .tsresol = 9 };
    struct error error;

    snprintf(interface.name, sizeof interface.name, "%s", name);
    interface_table_add(&w->interfaces, &interface, &error);
}

static void world_init(struct world *w, const struct tap_options *options)
{
    struct error error = { 0 };

    *w = (struct world) { .n_sent = 0 };
    strcpy(w->directory, "/tmp/tap-test-XXXXXX");
    assert_non_null(mkdtemp(w->directory));
    snprintf(w->where, sizeof w->where, "unix:%s/tap", w->directory);
    snprintf(w->named, sizeof w->named, "tap:%s", w->where);
    add_interface(w, "eth0");
    w->tap = tap_new(options, &error);
    assert_non_null(w->tap);
    if (!tap_listen(w->tap, w->where, false, &error) || !tap_start(w->tap, &error))
        fail_msg("%s", error.text);
}

static void world_clear(struct world *w)
{
    tap_close(w->tap);
    interface_table_clear(&w->interfaces);
    assert_int_equal(rmdir(w->directory), 0); /* the socket is gone too */
}

static void send_packets(struct world *w, uint64_t n, uint32_t interface)
{
    static uint8_t data[PACKET_BYTES];

    for (uint64_t i = 0; i < n; i++) {
        struct packet packet = { .ts_ns = 1,
                                 .data = data,
                                 .caplen = PACKET_BYTES,
                                 .len = PACKET_BYTES,
                                 .linktype = LINKTYPE_ETHERNET,
                                 .interface = interface,
                                 .packet_id = ++w->n_sent };

        memcpy(data, &w->n_sent, sizeof w->n_sent);
        tap_packet(w->tap, &packet, &w->interfaces);
    }
    tap_flush(w->tap, &w->interfaces);
}

static void wait_ms(int ms)
{
    poll(NULL, 0, ms);
}

/* Until the tap's thread knows of so many. */
static struct tap_status wait_for_readers(struct world *w, uint64_t n_connected)
{
    struct tap_status status;

    for (int left = WAIT_MS; left > 0; left -= 5) {
        tap_glance(w->tap, &status);
        if (status.n_connected + status.n_refused >= n_connected)
            return status;
        wait_ms(5);
    }
    fail_msg("no reader came");
    return status;
}

struct client {
    struct interface_table interfaces;
    struct source *source;
    struct batch batch;
    uint64_t n, last, n_missing;
};

static void connect_client(struct world *w, struct client *client)
{
    struct error error = { 0 };

    *client = (struct client) { .n = 0 };
    client->source = tap_source_open(w->named, &client->interfaces, &error);
    if (client->source == NULL)
        fail_msg("%s", error.text);
    assert_true(batch_init(&client->batch, 0));
}

/* Reads until it has the number, or, for 0, to the end; each packet is what its number says. */
static void read_to(struct client *client, uint64_t number)
{
    struct error error = { 0 };
    enum source_result result = SOURCE_IDLE;

    for (int idle = 0; (number == 0 || client->last < number) && idle < WAIT_MS / 100;) {
        result = source_next(client->source, &client->batch, 100, &error);
        if (result == SOURCE_END)
            break;
        if (result == SOURCE_FAULT)
            fail_msg("%s", error.text);
        idle += result == SOURCE_IDLE;
        for (uint32_t i = 0; i < client->batch.n; i++) {
            const struct packet *packet = &client->batch.packets[i];
            uint64_t told;

            memcpy(&told, packet->data, sizeof told);
            assert_int_equal(packet->packet_id, told);
            assert_true(told > client->last);
            if (client->n > 0)
                client->n_missing += told - client->last - 1;
            client->last = told;
            client->n++;
        }
    }
    if (number)
        assert_true(client->last >= number);
    else
        assert_int_equal(result, SOURCE_END);
}

static void disconnect(struct client *client)
{
    source_close(client->source);
    batch_clear(&client->batch);
    interface_table_clear(&client->interfaces);
}

static void readers_get_all_from_when_they_came_also_later_interfaces(void **state)
{
    struct client first, late;
    struct world w;

    (void)state;
    world_init(&w, &(struct tap_options) { .node = "n" });
    send_packets(&w, 1000, 0); /* nobody reads: they are gone */
    connect_client(&w, &first);
    wait_for_readers(&w, 1);
    send_packets(&w, 3000, 0);
    read_to(&first, 4000);
    assert_int_equal(first.n, 3000);
    add_interface(&w, "vxlan 10.0.0.1 vni 1");
    add_interface(&w, "vxlan 10.0.0.2 vni 1");
    send_packets(&w, 10, 2);
    connect_client(&w, &late);
    wait_for_readers(&w, 2);
    send_packets(&w, 10, 1);
    send_packets(&w, 1, 2);
    read_to(&late, 4021);
    read_to(&first, 4021);
    assert_in_range(late.n, 11, 21); /* what was on its way to the thread may come too */
    assert_int_equal(first.n, 3021);
    assert_int_equal(first.n_missing + late.n_missing, 0);
    assert_string_equal(late.interfaces.items[2].name, "vxlan 10.0.0.2 vni 1");
    assert_string_equal(first.interfaces.items[late.batch.packets[0].interface].name,
                        late.interfaces.items[late.batch.packets[0].interface].name);
    tap_close(w.tap); /* what was sent before the end arrives */
    w.tap = NULL;
    read_to(&first, 0);
    disconnect(&first);
    disconnect(&late);
    world_clear(&w);
}

static void a_slow_reader_loses_its_own_and_is_told(void **state)
{
    struct client fast, slow;
    struct tap_status status;
    struct world w;

    (void)state;
    world_init(&w, &(struct tap_options) { .node = "n", .queue_bytes = 1 << 20 });
    connect_client(&w, &fast);
    connect_client(&w, &slow);
    wait_for_readers(&w, 2);
    for (unsigned i = 0; i < 100; i++) { /* 10 MB */
        send_packets(&w, 100, 0);
        read_to(&fast, w.n_sent);
    }
    assert_int_equal(fast.n, 10000);
    assert_int_equal(fast.n_missing, 0);
    tap_glance(w.tap, &status);
    assert_int_equal(status.n_readers, 2);
    assert_true(status.readers[0].n_dropped + status.readers[1].n_dropped > 5000);
    assert_true(status.readers[0].n_dropped == 0 || status.readers[1].n_dropped == 0);
    assert_true(status.readers[0].n_queued_bytes + status.readers[1].n_queued_bytes <= (1 << 20) + 4096);
    while (slow.last < w.n_sent) { /* it wakes up */
        send_packets(&w, 1, 0);
        read_to(&fast, w.n_sent);
        read_to(&slow, slow.last + 1);
    }
    tap_close(w.tap);
    w.tap = NULL;
    read_to(&slow, 0);
    assert_true(slow.n < 6000);
    assert_int_equal(slow.source->stats.n_dropped_kernel, w.n_sent - slow.n);
    read_to(&fast, 0);
    assert_int_equal(fast.source->stats.n_dropped_kernel, 0);
    disconnect(&fast);
    disconnect(&slow);
    world_clear(&w);
}

static void what_was_lost_before_the_tap_is_told(void **state)
{
    struct client client;
    struct world w;

    (void)state;
    world_init(&w, &(struct tap_options) { .node = "n" });
    connect_client(&w, &client);
    wait_for_readers(&w, 1);
    send_packets(&w, 1, 0);
    tap_statistics(w.tap, &(struct tap_statistics) { .n_received = 20, .n_dropped = 12, .n_dropped_disk = 7 },
                   1);
    tap_close(w.tap);
    w.tap = NULL;
    read_to(&client, 0);
    assert_int_equal(client.source->stats.n_dropped_kernel, 19);
    disconnect(&client);
    world_clear(&w);
}

static void a_reader_that_takes_nothing_is_closed_and_too_many_are_refused(void **state)
{
    struct client stuck, other, third;
    struct tap_status status = { 0 };
    struct world w;

    (void)state;
    world_init(&w, &(struct tap_options) {
                       .node = "n", .queue_bytes = 1 << 18, .stall_ns = 300000000, .n_readers = 2 });
    connect_client(&w, &stuck);
    connect_client(&w, &other);
    connect_client(&w, &third);
    status = wait_for_readers(&w, 3);
    assert_int_equal(status.n_refused, 1);
    read_to(&third, 0); /* ended at once */
    for (int left = WAIT_MS; left > 0 && status.n_stalled == 0; left -= 10) {
        send_packets(&w, 100, 0);
        read_to(&other, w.n_sent);
        wait_ms(10);
        tap_glance(w.tap, &status);
    }
    assert_int_equal(status.n_stalled, 1);
    assert_int_equal(status.n_readers, 1);
    assert_true(status.n_dropped > 0); /* those of readers that are gone still count */
    assert_int_equal(other.n_missing, 0);
    disconnect(&stuck);
    disconnect(&other);
    disconnect(&third);
    world_clear(&w);
}

static void a_dead_socket_is_replaced_and_nothing_else(void **state)
{
    struct tap_options options = { .node = "n" };
    struct error error = { 0 };
    struct tap_address address;
    struct tap *second;
    struct stat status;
    struct world w;
    char file[96];
    int fd;

    (void)state;
    world_init(&w, &options);
    assert_int_equal(stat(w.where + 5, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    second = tap_new(&options, &error);
    assert_false(tap_listen(second, w.where, false, &error));
    assert_non_null(strstr(error.text, "listens there already"));
    tap_close(w.tap);
    w.tap = NULL;

    assert_true(tap_address_parse(w.where, &address, &error)); /* as a killed recorder leaves it */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, &address.socket.any, address.len), 0);
    close(fd);
    if (!tap_listen(second, w.where, false, &error))
        fail_msg("%s", error.text);

    snprintf(file, sizeof file, "unix:%s/file", w.directory);
    fd = open(file + 5, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    assert_false(tap_listen(second, file, false, &error));
    assert_non_null(strstr(error.text, "is no socket"));
    assert_int_equal(unlink(file + 5), 0);

    assert_false(tap_listen(second, "tcp:0.0.0.0:1", false, &error));
    assert_non_null(strstr(error.text, "--insecure-tap"));
    tap_close(second);
    world_clear(&w);
}

static void a_packet_has_its_recorders_number_and_keeps_its_other_options(void **state)
{
    static const size_t comment_lens[] = { 0, 40, 5000, 65500 };
    static const uint8_t data[5];

    (void)state;
    for (size_t c = 0; c < sizeof comment_lens / sizeof *comment_lens; c++) {
        size_t len = comment_lens[c], padded = (len + 3) & ~(size_t)3;
        uint8_t *options = calloc(1, padded + 16);
        struct packet packet = { .data = data, .caplen = 5, .len = 5, .packet_id = 77 };
        struct option_view option;
        struct buffer buffer;
        struct reader r;
        bool has_comment = false, has_id = false;

        memcpy(options, (uint8_t[]) { 5, 0, 8, 0, 9 }, 5); /* where it came from it was number 9 */
        memcpy(options + 12, (uint8_t[]) { 1, 0, (uint8_t)len, (uint8_t)(len >> 8) }, 4);
        packet.options = options;
        packet.options_len = (uint16_t)(len ? padded + 16 : 12);
        buffer_init(&buffer, 1 << 20);
        assert_true(tap_put_packet(&buffer, &packet));
        assert_true(buffer.len <= tap_packet_bytes(&packet));
        r = reader_over(bytes_of(buffer.data + 28 + 8, buffer.len - 28 - 8 - 4));
        while (next_option(&r, false, &option) == OPTION_NEXT) {
            has_comment |= option.code == 1 && option.value.len == len;
            if (option.code != 5)
                continue;
            assert_false(has_id);
            assert_int_equal(option.value.data[0], 77);
            has_id = true;
        }
        assert_true(has_id);
        assert_int_equal(has_comment, len > 0);
        buffer_clear(&buffer);
        free(options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_get_all_from_when_they_came_also_later_interfaces),
        cmocka_unit_test(a_slow_reader_loses_its_own_and_is_told),
        cmocka_unit_test(what_was_lost_before_the_tap_is_told),
        cmocka_unit_test(a_reader_that_takes_nothing_is_closed_and_too_many_are_refused),
        cmocka_unit_test(a_dead_socket_is_replaced_and_nothing_else),
        cmocka_unit_test(a_packet_has_its_recorders_number_and_keeps_its_other_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
