/* SPDX-License-Identifier: Apache-2.0 */
#include "source/openers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "source/vxlan_datagram.h"

enum { PORT = 47890 };

/* A mirror on loopback: sends from an address of its own. */
struct mirror {
    int fd;
};

static struct mirror mirror_open(int family, const char *from, const char *to)
{
    struct mirror mirror = { socket(family, SOCK_DGRAM, 0) };

    assert_true(mirror.fd >= 0);
    if (family == AF_INET) {
        struct sockaddr_in here = { .sin_family = AF_INET }, there = { .sin_family = AF_INET };

        inet_pton(AF_INET, from, &here.sin_addr);
        inet_pton(AF_INET, to, &there.sin_addr);
        there.sin_port = htons(PORT);
        assert_int_equal(bind(mirror.fd, (struct sockaddr *)&here, sizeof here), 0);
        assert_int_equal(connect(mirror.fd, (struct sockaddr *)&there, sizeof there), 0);
    } else {
        struct sockaddr_in6 there = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };

        inet_pton(AF_INET6, to, &there.sin6_addr);
        assert_int_equal(connect(mirror.fd, (struct sockaddr *)&there, sizeof there), 0);
    }
    return mirror;
}

/* An IPv4 frame of which caplen bytes are sent, its header saying len. */
static void mirror_send(struct mirror *mirror, uint32_t vni, uint16_t len, size_t caplen)
{
    static uint8_t payload[65536];

    vxlan_header_write(vni, payload);
    memset(payload + 8, 0xee, caplen);
    memcpy(payload + 8 + 12, "\x08\x00\x45\x00", 4);
    payload[8 + 16] = (uint8_t)((len - 14) >> 8);
    payload[8 + 17] = (uint8_t)(len - 14);
    assert_int_equal(send(mirror->fd, payload, caplen + 8, 0), caplen + 8);
}

struct heard {
    struct source *source;
    struct interface_table interfaces;
    struct batch batch;
};

static bool heard_open(struct heard *heard, const struct vxlan_listener_options *options)
{
    struct error error = { 0 };

    *heard = (struct heard) { 0 };
    assert_true(batch_init(&heard->batch, BATCH_BYTES));
    heard->source = vxlan_listener_open(options, &heard->interfaces, &error);
    if (heard->source == NULL)
        print_message("%s\n", error.text);
    return heard->source;
}

static void heard_close(struct heard *heard)
{
    source_close(heard->source);
    batch_clear(&heard->batch);
    interface_table_clear(&heard->interfaces);
}

static enum source_result hear(struct heard *heard, int timeout_ms)
{
    struct error error = { 0 };

    return source_next(heard->source, &heard->batch, timeout_ms, &error);
}

static const char *interface_name(const struct heard *heard, uint32_t i)
{
    return heard->interfaces.items[heard->batch.packets[i].interface].name;
}

static void frames_are_told_apart_by_outer_source_and_vni(void **state)
{
    struct vxlan_listener_options options = { .port = PORT };
    struct mirror a, b;
    struct heard heard;
    int64_t before_ns = timestamp_now();

    (void)state;
    assert_true(heard_open(&heard, &options));
    assert_string_equal(heard.source->name, "vxlan [::]:47890");
    a = mirror_open(AF_INET, "127.0.0.2", "127.0.0.1");
    b = mirror_open(AF_INET6, NULL, "::1");
    mirror_send(&a, 42, 100, 100);
    mirror_send(&a, 43, 100, 100);
    mirror_send(&b, 42, 100, 100);
    mirror_send(&a, 42, 200, 200);
    assert_int_equal(hear(&heard, 1000), SOURCE_PACKETS);
    assert_int_equal(heard.batch.n, 4);
    assert_int_equal(heard.interfaces.n, 3);
    assert_string_equal(interface_name(&heard, 0), "vxlan 127.0.0.2 vni 42");
    assert_string_equal(interface_name(&heard, 1), "vxlan 127.0.0.2 vni 43");
    assert_string_equal(interface_name(&heard, 2), "vxlan ::1 vni 42");
    assert_string_equal(interface_name(&heard, 3), "vxlan 127.0.0.2 vni 42");
    assert_int_equal(heard.batch.packets[3].caplen, 200);
    assert_int_equal(heard.batch.packets[3].len, 200);
    assert_int_equal(heard.batch.packets[3].data[199], 0xee);
    assert_true(heard.batch.packets[0].ts_ns >= before_ns && heard.batch.packets[3].ts_ns <= timestamp_now());
    assert_int_equal(hear(&heard, 1), SOURCE_IDLE);
    close(a.fd);
    close(b.fd);
    heard_close(&heard);
}

static void one_address_can_be_listened_at(void **state)
{
    struct vxlan_listener_options v4 = { .address = "127.0.0.1", .port = PORT };
    struct vxlan_listener_options wrong = { .address = "localhost.", .port = PORT };
    struct mirror mirror;
    struct heard heard;
    struct error error = { 0 };
    struct interface_table none = { 0 };

    (void)state;
    assert_true(heard_open(&heard, &v4));
    assert_string_equal(heard.source->name, "vxlan 127.0.0.1:47890");
    assert_null(vxlan_listener_open(&v4, &none, &error));
    assert_non_null(strstr(error.text, "taken"));
    mirror = mirror_open(AF_INET, "127.0.0.1", "127.0.0.1");
    mirror_send(&mirror, 1, 64, 64);
    assert_int_equal(hear(&heard, 1000), SOURCE_PACKETS);
    close(mirror.fd);
    heard_close(&heard);
    assert_null(vxlan_listener_open(&wrong, &none, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
}

static void a_frame_the_mirror_cut_has_its_original_length(void **state)
{
    struct vxlan_listener_options options = { .port = PORT };
    struct mirror mirror;
    struct heard heard;

    (void)state;
    assert_true(heard_open(&heard, &options));
    mirror = mirror_open(AF_INET, "127.0.0.1", "127.0.0.1");
    mirror_send(&mirror, 1, 1514, 128);
    assert_int_equal(hear(&heard, 1000), SOURCE_PACKETS);
    assert_int_equal(heard.batch.packets[0].caplen, 128);
    assert_int_equal(heard.batch.packets[0].len, 1514);
    assert_int_equal(heard.source->stats.n_truncated_mirror, 1);
    close(mirror.fd);
    heard_close(&heard);
}

static void what_is_no_mirrored_frame_is_refused_and_counted(void **state)
{
    struct vxlan_listener_options options = { .port = PORT };
    struct mirror mirror;
    struct heard heard;

    (void)state;
    assert_true(heard_open(&heard, &options));
    mirror = mirror_open(AF_INET, "127.0.0.1", "127.0.0.1");
    assert_int_equal(send(mirror.fd, "hello", 5, 0), 5);
    assert_int_equal(send(mirror.fd, "", 0, 0), 0);
    assert_int_equal(hear(&heard, 100), SOURCE_IDLE);
    assert_int_equal(heard.source->stats.n_refused, 2);
    close(mirror.fd);
    heard_close(&heard);
}

static void the_inner_frame_is_filtered_and_cut(void **state)
{
    struct vxlan_listener_options options = { .port = PORT, .filter = "greater 150", .snaplen = 60 };
    struct mirror mirror;
    struct heard heard;

    (void)state;
    assert_true(heard_open(&heard, &options));
    mirror = mirror_open(AF_INET, "127.0.0.1", "127.0.0.1");
    mirror_send(&mirror, 1, 100, 100);
    mirror_send(&mirror, 1, 200, 200);
    assert_int_equal(hear(&heard, 1000), SOURCE_PACKETS);
    assert_int_equal(heard.batch.n, 1);
    assert_int_equal(heard.batch.packets[0].caplen, 60);
    assert_int_equal(heard.batch.packets[0].len, 200);
    assert_int_equal(heard.interfaces.items[0].snaplen, 60);
    assert_string_equal(heard.interfaces.items[0].filter, "greater 150");
    close(mirror.fd);
    heard_close(&heard);
}

static void a_burst_of_a_segmenting_sender_is_taken_apart(void **state)
{
    enum { RUN = 600, FRAME = 92 }; /* more than one batch has room for */
    struct vxlan_listener_options options = { .port = PORT };
    int segment_bytes = FRAME + VXLAN_HEADER_BYTES;
    struct mirror mirror;
    struct heard heard;
    static uint8_t run[RUN * (FRAME + VXLAN_HEADER_BYTES)];
    uint32_t n = 0;

    (void)state;
    assert_true(heard_open(&heard, &options));
    mirror = mirror_open(AF_INET, "127.0.0.1", "127.0.0.1");
    if (setsockopt(mirror.fd, SOL_UDP, UDP_SEGMENT, &segment_bytes, sizeof segment_bytes) != 0)
        skip(); /* Linux before 4.18 */
    for (uint32_t i = 0; i < RUN; i++)
        vxlan_header_write(i, run + (size_t)i * (FRAME + VXLAN_HEADER_BYTES));
    for (uint32_t sent = 0; sent < RUN; sent += 60) {
        size_t len = 60 * (FRAME + VXLAN_HEADER_BYTES) - (sent == 540 ? 10 : 0); /* the last one is shorter */

        assert_int_equal(send(mirror.fd, run + (size_t)sent * (FRAME + VXLAN_HEADER_BYTES), len, 0), len);
    }
    while (n < RUN && hear(&heard, 1000) == SOURCE_PACKETS)
        for (uint32_t i = 0; i < heard.batch.n; i++, n++) {
            char name[64];

            snprintf(name, sizeof name, "vxlan 127.0.0.1 vni %u", n);
            assert_string_equal(interface_name(&heard, i), name);
            assert_int_equal(heard.batch.packets[i].caplen, n == RUN - 1 ? FRAME - 10 : FRAME);
        }
    assert_int_equal(n, RUN);
    close(mirror.fd);
    heard_close(&heard);
}

static void long_frames_fill_several_batches_and_none_is_lost(void **state)
{
    struct vxlan_listener_options options = { .port = PORT };
    struct mirror mirror;
    struct heard heard;
    uint32_t n = 0, n_batches = 0;

    (void)state;
    assert_true(heard_open(&heard, &options));
    mirror = mirror_open(AF_INET, "127.0.0.1", "127.0.0.1");
    for (int i = 0; i < 20; i++)
        mirror_send(&mirror, 1, 60000, 60000);
    for (; n < 20 && hear(&heard, 1000) == SOURCE_PACKETS; n_batches++)
        n += heard.batch.n;
    assert_int_equal(n, 20);
    assert_true(n_batches >= 3);
    close(mirror.fd);
    heard_close(&heard);
}

static void a_stream_of_senders_ends_up_in_a_bounded_number_of_interfaces(void **state)
{
    struct vxlan_listener_options options = { .port = PORT };
    struct mirror mirror;
    struct heard heard;
    uint32_t n = 0;

    (void)state;
    assert_true(heard_open(&heard, &options));
    mirror = mirror_open(AF_INET, "127.0.0.1", "127.0.0.1");
    for (uint32_t vni = 0; vni < 5000; vni++) {
        mirror_send(&mirror, vni, 64, 64);
        if (vni % 50 == 49)
            while (n <= vni && hear(&heard, 1000) == SOURCE_PACKETS)
                n += heard.batch.n;
    }
    assert_int_equal(n, 5000);
    assert_int_equal(heard.interfaces.n, 4097);
    assert_string_equal(heard.interfaces.items[4096].name, "vxlan other");
    assert_string_equal(interface_name(&heard, 0), "vxlan other");
    close(mirror.fd);
    heard_close(&heard);
}

static void what_the_socket_has_no_room_for_is_counted(void **state)
{
    struct vxlan_listener_options options = { .port = PORT, .receive_bytes = 65536 };
    struct mirror mirror;
    struct heard heard;
    uint32_t n = 0;

    (void)state;
    assert_true(heard_open(&heard, &options));
    mirror = mirror_open(AF_INET, "127.0.0.1", "127.0.0.1");
    for (int i = 0; i < 1000; i++)
        mirror_send(&mirror, 1, 1000, 1000);
    while (hear(&heard, 50) == SOURCE_PACKETS)
        n += heard.batch.n;
    assert_true(n < 1000);
    assert_int_equal(n + heard.source->stats.n_dropped_kernel, 1000);
    close(mirror.fd);
    heard_close(&heard);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_told_apart_by_outer_source_and_vni),
        cmocka_unit_test(one_address_can_be_listened_at),
        cmocka_unit_test(a_frame_the_mirror_cut_has_its_original_length),
        cmocka_unit_test(what_is_no_mirrored_frame_is_refused_and_counted),
        cmocka_unit_test(the_inner_frame_is_filtered_and_cut),
        cmocka_unit_test(a_burst_of_a_segmenting_sender_is_taken_apart),
        cmocka_unit_test(long_frames_fill_several_batches_and_none_is_lost),
        cmocka_unit_test(a_stream_of_senders_ends_up_in_a_bounded_number_of_interfaces),
        cmocka_unit_test(what_the_socket_has_no_room_for_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
